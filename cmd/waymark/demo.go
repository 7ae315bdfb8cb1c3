package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/app"
)

func demoCommand() *cobra.Command {
	var d app.Demo
	c := &cobra.Command{
		Use:   "demo",
		Short: "Try the whole bot in the browser, with no account, token or network",
		Args:  exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			d.Log = newLog(c.ErrOrStderr(), config.Log{Level: slog.LevelWarn})
			d.Ready = func(url string) {
				fmt.Fprintf(c.OutOrStdout(), "Waymark is ready: open %s in a browser. Ctrl-C ends it.\n", url)
				if d.Data == "" {
					fmt.Fprintln(c.OutOrStdout(), "Nothing is kept after it ends; --data DIR keeps the cases.")
				}
			}
			return d.Run(c.Context())
		},
	}
	c.Flags().StringVar(&d.Listen, "listen", "127.0.0.1:8086", "the `address` on which the page is served")
	c.Flags().StringVar(&d.Data, "data", "", "the `folder` in which the database is kept; without it nothing is kept")
	return c
}
