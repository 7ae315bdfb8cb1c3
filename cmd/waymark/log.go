package main

import (
	"io"
	"log/slog"

	"github.com/waymark-bot/waymark/config"
)

// newLog makes the program's log. It holds ids and causes, never message text.
func newLog(w io.Writer, c config.Log) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
