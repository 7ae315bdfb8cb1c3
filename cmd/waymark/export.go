package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/desk"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
)

func exportCommand() *cobra.Command {
	var file, platform, server, format string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write one server's cases, settings and history, for its staff",
		Long: `Writes a line for each case, sign, setting and line of the history that is kept
of one server. There is nothing in it of what members wrote, but names, times
and links: give it to that server's staff alone. The bot may be running.`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if format != desk.CSV && format != desk.JSONL {
				return usageError{errors.New("--format takes csv or jsonl")}
			}
			if platform == "" || server == "" {
				return usageError{errors.New("name the server with --platform and --server")}
			}
			cfg, err := config.Load(config.Options{File: file, Environ: os.Environ()})
			if err != nil {
				return err
			}
			lines, err := exportLines(c.Context(), cfg, servers.Key{Platform: platform, Server: chat.ServerID(server)})
			if err != nil {
				return err
			}
			return desk.WriteExport(c.OutOrStdout(), lines, format)
		},
	}
	c.Flags().StringVar(&file, "config", "", "the configuration `file` (default: "+config.DefaultFile+" where it is there)")
	c.Flags().StringVar(&platform, "platform", "", "discord or slack")
	c.Flags().StringVar(&server, "server", "", "the `id` of the server or workspace")
	c.Flags().StringVar(&format, "format", desk.CSV, "csv for a spreadsheet, `jsonl` for programs")
	return c
}

func exportLines(ctx context.Context, cfg config.Config, k servers.Key) (lines []desk.Line, err error) {
	db, err := store.OpenToRead(ctx, cfg.Database.URL.Reveal(), store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.Read(ctx, func(tx *store.Tx) error {
		known, err := tx.KnownServers(ctx, k.Platform)
		if err != nil {
			return err
		}
		for _, s := range known {
			if s == k.Server {
				lines, err = desk.Export(ctx, tx, k, true, "")
				return err
			}
		}
		return fmt.Errorf("nothing is kept of the server %s on %s; kept are %q", k.Server, k.Platform, known)
	})
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return lines, nil
}
