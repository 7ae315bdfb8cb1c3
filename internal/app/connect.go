package app

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord"
	"github.com/waymark-bot/waymark/internal/playground"
	"github.com/waymark-bot/waymark/responses"
)

// ErrNothing means that the configuration names nothing to connect to.
var ErrNothing = errors.New("there is nothing to connect to: set discord.token, or WAYMARK_DISCORD_TOKEN; " +
	"or try `waymark demo`, which needs no account")

// Platforms makes the platforms that the configuration names. They do not
// connect yet.
func Platforms(cfg config.Config, log *slog.Logger) ([]chat.Platform, error) {
	var out []chat.Platform
	if cfg.Slack.BotToken != "" {
		return nil, errors.New("slack.bot_token is set, but this version cannot connect to Slack yet; " +
			"unset it, or try `waymark demo`, which shows the whole bot")
	}
	if cfg.Discord.Token != "" {
		d, err := connectDiscord(cfg.Discord, log)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	if cfg.Playground.URL != "" {
		out = append(out, playground.NewClient(cfg.Playground.URL, cfg.Playground.Token.Reveal()))
	}
	if len(out) == 0 {
		return nil, ErrNothing
	}
	return out, nil
}

func connectDiscord(cfg config.Discord, log *slog.Logger) (*discord.Discord, error) {
	texts, err := responses.Load()
	if err != nil {
		return nil, err
	}
	d, err := discord.New(discord.Options{
		Token: discord.Secret(cfg.Token.Reveal()), BaseURL: cfg.BaseURL, Logger: log,
		TryAgain: chat.Card{Title: texts.Say("staff.tryagain.title"), Tone: chat.Calm,
			Blocks: []chat.Block{chat.Text(texts.Say("staff.tryagain.body"))}},
	})
	if err != nil {
		return nil, fmt.Errorf("connect to Discord: %w", err)
	}
	return d, nil
}
