package app_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/app"
	"github.com/waymark-bot/waymark/internal/chat"
)

// configured is the configuration of these variables, and of a file where one
// is named.
func configured(t testing.TB, file string, environ ...string) config.Config {
	t.Helper()
	cfg, err := config.Load(config.Options{File: file, Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// serve runs the whole bot in this process, over the given platforms or else
// the configured ones, until it is stopped or the test ends.
func serve(t testing.TB, cfg config.Config, platforms ...chat.Platform) (stop func()) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx, cancel := context.WithCancel(context.Background())
	db, err := app.OpenDatabase(ctx, cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	if len(platforms) == 0 {
		if platforms, err = app.Platforms(ctx, cfg, db, log); err != nil {
			_ = db.Close()
			t.Fatal(err)
		}
	}
	bot, err := app.New(cfg, db, platforms, log)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- bot.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the bot ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}
