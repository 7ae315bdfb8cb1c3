package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/scan"
	"github.com/waymark-bot/waymark/internal/transcript"
	"github.com/waymark-bot/waymark/internal/watch"
)

func scanCommand() *cobra.Command {
	var file, format string
	var text bool
	c := &cobra.Command{
		Use:   "scan [FILE|-]",
		Short: "Run the detector over messages from a file and say what would alert staff",
		Long: `The file holds JSON lines {"id","channel","author","ts","text"} (all but text
optional), plain text (a message a line), a Slack export (folder or zip), or is
a JSON file of DiscordChatExporter. A message without an author counts as
written by somebody of its own, one without a time as a minute after the last.
The rules and languages are those of the configuration.`,
		Args: between(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(scan.Formats(), format) {
				return usageError{fmt.Errorf("--format takes %s", strings.Join(scan.Formats(), " or "))}
			}
			cfg, err := config.Load(config.Options{File: file, Environ: os.Environ()})
			if err != nil {
				return err
			}
			lexicon, err := detect.Load(cfg.Rules()...)
			if err != nil {
				return fmt.Errorf("load the rules: %w", err)
			}
			rules := detect.New(lexicon)
			out := scan.NewReport(format, c.OutOrStdout(), rules, text)
			return untilStopped(c.Context(), func() error {
				return scanFile(c, args, watch.NewStream(rules, detect.None), out)
			})
		},
	}
	c.Flags().StringVar(&file, "config", "", "the configuration `file` (default: "+config.DefaultFile+" where it is there)")
	c.Flags().StringVar(&format, "format", "table", "`table` for people, jsonl for programs")
	c.Flags().BoolVar(&text, "show-text", false, "let the table show what was written, too")
	return c
}

func scanFile(c *cobra.Command, args []string, stream *watch.Stream, out scan.Report) error {
	path := "-"
	if len(args) == 1 {
		path = args[0]
	} else if isTerminal(c.InOrStdin()) {
		return usageError{errors.New("name a file to scan, or - for what is typed here")}
	}
	src, err := transcript.Open(path, c.InOrStdin())
	if err != nil {
		return err
	}
	defer src.Close()
	// Lines for programs would run into the bar where both go to the terminal.
	draw := c.Flag("format").Value.String() == "table" || !isTerminal(c.OutOrStdout())
	return scan.Run(src, stream, out, newProgress(c.ErrOrStderr(), src, draw))
}
