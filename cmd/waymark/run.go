package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/app"
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
			log := newLog(c.ErrOrStderr(), cfg.Log)
			db, err := app.OpenDatabase(c.Context(), cfg, log)
			if err != nil {
				return err
			}
			platforms, err := app.Platforms(c.Context(), cfg, db, log)
			if err != nil {
				return errors.Join(err, db.Close())
			}
			bot, err := app.New(cfg, db, platforms, log)
			if err != nil {
				return err
			}
			return bot.Run(c.Context())
		},
	}
	c.Flags().StringVar(&file, "config", "", "the configuration `file` (default: "+config.DefaultFile+" where it is there)")
	return c
}
