package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/internal/slack"
)

func slackCommand() *cobra.Command {
	c := &cobra.Command{Use: "slack", Short: "Help with setting up Slack", Args: exactly(0)}
	c.AddCommand(slackManifest())
	return c
}

func slackManifest() *cobra.Command {
	var o slack.ManifestOptions
	c := &cobra.Command{
		Use:   "manifest",
		Short: "Print the app manifest to paste at api.slack.com/apps, with the least rights",
		Args:  exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Address != "" {
				o.Mode = slack.HTTPMode
			}
			out, err := slack.Manifest(o)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s\n", out)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&o.Name, "name", "", "the app's `name` (default: Waymark)")
	f.StringVar(&o.Address, "address", "", "the https `address` at which Slack reaches the bot, for slack.mode http (default: Socket Mode, which needs none)")
	f.BoolVar(&o.Many, "many", false, "with --address: for several workspaces, which install the bot by themselves")
	f.BoolVar(&o.NoPrivate, "no-private", false, "without private channels; alerts then go to the leads by direct message")
	f.BoolVar(&o.NoGroupDirect, "no-group-messages", false, "without group direct messages that the bot is added to")
	f.BoolVar(&o.NoJoin, "no-join", false, "without joining public channels when staff ask for it")
	f.BoolVar(&o.NoUserGroups, "no-user-groups", false, "without user groups as staff; staff are then the members of the staff channel")
	return c
}
