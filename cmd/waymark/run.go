package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/app"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/playground"
)

func runCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "run",
		Short: "Connect to what is configured and serve until stopped",
		Args:  exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(config.Options{File: file, Environ: os.Environ()})
			if err != nil {
				return err
			}
			platforms, err := platformsOf(cfg)
			if err != nil {
				return err
			}
			bot, err := app.New(c.Context(), cfg, platforms, newLog(c.ErrOrStderr(), cfg.Log))
			if err != nil {
				return err
			}
			return bot.Run(c.Context())
		},
	}
	c.Flags().StringVar(&file, "config", "", "the configuration `file` (default: "+config.DefaultFile+" where it is there)")
	return c
}

// platformsOf are the platforms that the configuration connects to.
func platformsOf(cfg config.Config) ([]chat.Platform, error) {
	for key, set := range map[string]bool{"discord.token": cfg.Discord.Token != "", "slack.bot_token": cfg.Slack.BotToken != ""} {
		if set {
			return nil, fmt.Errorf("%s is set, but this version cannot connect to that platform yet; `waymark demo` shows the whole bot", key)
		}
	}
	if cfg.Playground.URL == "" {
		return nil, errors.New("there is nothing to connect to: set discord.token, or slack.bot_token and slack.app_token; " +
			"or try `waymark demo`, which needs no account")
	}
	return []chat.Platform{playground.NewClient(cfg.Playground.URL, cfg.Playground.Token.Reveal())}, nil
}
