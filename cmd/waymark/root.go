package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// rootCommand gathers the subcommands. Whatever is wrong with flags, arguments
// or a command's name is a usageError.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "waymark",
		Short:         "A safeguarding bot: explains online harm, points to help, and tells staff when words worry",
		Version:       versionText(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE:          func(*cobra.Command, []string) error { return nil }, // Args always refuses before it
	}
	root.SuggestionsMinimumDistance = 2
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(demoCommand(), initCommand(), doctorCommand(), runCommand(), scanCommand(), askCommand(), supportCommand(), signpostsCommand(),
		exportCommand(), discordCommand(), slackCommand(), versionCommand())
	return root
}

// noSuchCommand says what to do instead.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError{errors.New("say what to do: demo, init, doctor, run, scan, ask, support, signposts, export, discord, slack or version")}
	}
	hint := ""
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = ", did you mean " + strings.Join(near, " or ") + "?"
	}
	return usageError{fmt.Errorf("there is no command %q%s", args[0], hint)}
}

// exactly takes n arguments and no others.
func exactly(n int) cobra.PositionalArgs { return between(n, n) }

// between takes from least to most arguments.
func between(least, most int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > most {
			return usageError{fmt.Errorf("%q is one argument too many", args[most])}
		}
		if len(args) < least {
			return usageError{errors.New("an argument is missing")}
		}
		return nil
	}
}
