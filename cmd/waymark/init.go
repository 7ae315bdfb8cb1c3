package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/firstrun"
	"github.com/waymark-bot/waymark/responses"
)

func initCommand() *cobra.Command {
	var w firstrun.Wish
	c := &cobra.Command{
		Use:   "init",
		Short: "Write a first configuration, by asking a few questions",
		Long: `On a terminal it asks for whatever the flags do not say. Secrets are never
shown; they are written to files beside the configuration, for their owner alone.`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			texts, err := responses.Load()
			if err != nil {
				return err
			}
			asks := isTerminal(c.InOrStdin()) && isTerminal(c.ErrOrStderr())
			done, err := firstrun.Run(c.Context(), w, texts, c.InOrStdin(), c.ErrOrStderr(), asks)
			var wrong firstrun.WrongFlags
			if errors.As(err, &wrong) {
				return usageError{err}
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.OutOrStdout(), done)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&w.Platform, "platform", "", "`discord, slack or both`")
	f.StringVar(&w.Region, "region", "", "where the members are: "+strings.Join(config.Regions(), ", "))
	f.StringVar(&w.Database, "database", "", "an SQLite `file`, or a postgres:// URL (default waymark.db beside the configuration)")
	f.StringVar(&w.SlackMode, "slack-mode", config.SocketMode, "how Slack's events arrive: socket or http")
	f.StringVar(&w.Dir, "dir", ".", "the `folder` that all is written to")
	f.BoolVar(&w.Force, "force", false, "replace what is there")
	for _, t := range firstrun.Secrets() {
		from := w.Source(t)
		f.StringVar(&from.File, t.Name+"-file", "", "the `file` that holds "+t.Key)
		f.StringVar(&from.Variable, t.Name+"-env", "", "the environment `variable` that holds "+t.Key)
	}
	return c
}
