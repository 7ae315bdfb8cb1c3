package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord"
	"github.com/waymark-bot/waymark/internal/guide"
	"github.com/waymark-bot/waymark/internal/playground"
	"github.com/waymark-bot/waymark/internal/slack"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// ErrNothing means that the configuration names nothing to connect to.
var ErrNothing = errors.New("there is nothing to connect to: set discord.token, or slack.bot_token and slack.app_token; " +
	"or try `waymark demo`, which needs no account")

// Platforms makes the platforms that the configuration names. They do not
// connect yet. The database is that of their tokens, where they are kept there.
func Platforms(ctx context.Context, cfg config.Config, db *store.DB, log *slog.Logger) ([]chat.Platform, error) {
	var out []chat.Platform
	if cfg.Discord.Token != "" {
		d, err := connectDiscord(cfg.Discord, log)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	if cfg.Slack.Used() {
		s, err := connectSlack(ctx, cfg, db, log)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
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
		Token: discord.Secret(cfg.Token.Reveal()), BaseURL: cfg.BaseURL, Logger: log, TryAgain: tryAgain(texts),
		AutoMod: cfg.AutoMod, Translate: guide.Translate(texts),
	})
	if err != nil {
		return nil, fmt.Errorf("connect to Discord: %w", err)
	}
	return d, nil
}

func connectSlack(ctx context.Context, cfg config.Config, db *store.DB, log *slog.Logger) (*slack.Slack, error) {
	texts, err := responses.Load()
	if err != nil {
		return nil, err
	}
	o := slack.Options{
		BotToken: slack.Secret(cfg.Slack.BotToken.Reveal()), AppToken: slack.Secret(cfg.Slack.AppToken.Reveal()),
		SigningSecret: slack.Secret(cfg.Slack.SigningSecret.Reveal()), Mode: slack.Mode(cfg.Slack.Mode), BaseURL: cfg.Slack.BaseURL,
		Logger: log, TryAgain: tryAgain(texts),
		Hidden: chat.Card{Title: texts.Say("staff.hidden"), Tone: chat.Calm},
	}
	if cfg.Slack.Many() {
		if o.Installations, err = openInstallations(ctx, cfg, db); err != nil {
			return nil, fmt.Errorf("open the tokens of Slack's workspaces: %w", err)
		}
		o.OAuth = slack.OAuth{ClientID: cfg.Slack.ClientID, ClientSecret: slack.Secret(cfg.Slack.ClientSecret.Reveal()),
			Address: cfg.Slack.Address, Workspaces: cfg.Slack.Workspaces}
	}
	s, err := slack.New(o)
	if err != nil {
		return nil, fmt.Errorf("connect to Slack: %w", err)
	}
	return s, nil
}

// tryAgain is shown where a platform gets no answer out of us.
func tryAgain(texts *responses.Texts) chat.Card {
	return chat.Card{Title: texts.Say("staff.tryagain.title"), Tone: chat.Calm,
		Blocks: []chat.Block{chat.Text(texts.Say("staff.tryagain.body"))}}
}
