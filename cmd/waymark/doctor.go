package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/app"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/doctor"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

func doctorCommand() *cobra.Command {
	var file string
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check everything that is configured, and say what to do about what is not well",
		Long: `Each line is ok, look (it works, but have a look) or mend (it does not work
until that is done). It posts nothing and can be used while Waymark runs. The
exit status is 1 where something must be mended.`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			texts, err := responses.Load()
			if err != nil {
				return err
			}
			quiet := newLog(c.ErrOrStderr(), config.Log{Level: 100}) // the report says it all
			report := doctor.Examine(c.Context(), doctor.Options{
				File: file, Environ: os.Environ(), Texts: texts,
				Connect: func(cfg config.Config, db *store.DB) ([]chat.Platform, error) {
					return app.Platforms(c.Context(), cfg, db, quiet)
				},
			})
			if asJSON {
				err = report.JSON(c.OutOrStdout())
			} else {
				err = report.Print(c.OutOrStdout(), texts, isTerminal(c.OutOrStdout()) && os.Getenv("NO_COLOR") == "")
			}
			if err == nil && report.Count(doctor.Mend) > 0 {
				err = errors.New("something must be mended")
			}
			return err
		},
	}
	c.Flags().StringVar(&file, "config", "", "the configuration `file` (default: "+config.DefaultFile+" where it is there)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
