package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/discord"
)

func discordCommand() *cobra.Command {
	c := &cobra.Command{Use: "discord", Short: "Help with setting up Discord", Args: exactly(0)}
	c.AddCommand(discordInvite())
	return c
}

func discordInvite() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "invite",
		Short: "Print the link that lets the bot into a server, with the least permissions",
		Args:  exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(config.Options{File: file, Environ: os.Environ()})
			if err != nil {
				return err
			}
			if cfg.Discord.Token == "" {
				return errors.New("discord.token is not set: copy it from the developer portal (Bot, Reset Token)")
			}
			d, err := discord.New(discord.Options{Token: discord.Secret(cfg.Discord.Token.Reveal()), BaseURL: cfg.Discord.BaseURL})
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context(), 15*time.Second)
			defer cancel()
			link, err := d.Invite(ctx)
			if err != nil {
				return fmt.Errorf("find the invite link: %w", err)
			}
			fmt.Fprintln(c.OutOrStdout(), link)
			return nil
		},
	}
	c.Flags().StringVar(&file, "config", "", "the configuration `file` (default: "+config.DefaultFile+" where it is there)")
	return c
}
