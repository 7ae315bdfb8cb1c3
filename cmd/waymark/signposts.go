package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/internal/review"
	"github.com/waymark-bot/waymark/responses"
)

func signpostsCommand() *cobra.Command {
	c := &cobra.Command{Use: "signposts", Short: "Look after the contacts that members are shown", Args: exactly(0)}
	c.AddCommand(reviewCommand())
	return c
}

func reviewCommand() *cobra.Command {
	var w review.Wish
	var a review.Answer
	var region string
	var right, list bool
	c := &cobra.Command{
		Use:   "review",
		Short: "Check the contacts one by one, and keep who checked what and when",
		Long: `On a terminal it shows each contact with the pages to look at, and asks whether
all of it is right. It keeps every answer at once and goes on where you stopped.
Waymark reads ` + responses.CheckFile + ` beside its configuration when it starts.
Without a terminal, --contact with --right or --wrong keeps one answer.`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := reviewFlags(&w, a, region, right); err != nil {
				return usageError{err}
			}
			texts, err := responses.Load()
			if err != nil {
				return err
			}
			err = runReview(c, w, a, texts, list)
			var wrong review.WrongFlags
			if errors.As(err, &wrong) {
				return usageError{err}
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&w.File, "file", responses.CheckFile, "the `file` of checks that is read and written")
	f.StringVar(&w.By, "by", "", "your `initials`")
	f.StringVar(&region, "region", "", "only what is shown there: "+oneOf(responses.Regions()))
	f.BoolVar(&w.All, "all", false, "also what was checked within the last 90 days")
	f.BoolVar(&list, "list", false, "list when each contact was checked, and ask nothing")
	f.StringVar(&a.Contact, "contact", "", "keep an answer about the contact with this `id`, and ask nothing")
	f.BoolVar(&right, "right", false, "with --contact: all of it is right")
	f.StringVar(&a.Wrong, "wrong", "", "with --contact: `what` is wrong")
	f.StringVar(&a.On, "on", "", "with --contact: the `day` of the check (default today)")
	return c
}

// reviewFlags says what is wrong with the flags.
func reviewFlags(w *review.Wish, a review.Answer, region string, right bool) error {
	r, ok := responses.ParseRegion(region)
	switch {
	case !ok:
		return fmt.Errorf("--region %q is none of: %s", region, oneOf(responses.Regions()))
	case a.Contact == "" && (right || a.Wrong != "" || a.On != ""):
		return errors.New("--right, --wrong and --on need --contact")
	case a.Contact != "" && right == (a.Wrong != ""):
		return errors.New("--contact needs --right or --wrong, and not both")
	}
	if region != "" {
		w.Region = r
	}
	return nil
}

func runReview(c *cobra.Command, w review.Wish, a review.Answer, texts *responses.Texts, list bool) error {
	r, err := review.New(w, texts)
	if err != nil {
		return err
	}
	switch {
	case list:
		return r.List(c.OutOrStdout())
	case a.Contact != "":
		err = r.Keep(a)
	case isTerminal(c.InOrStdin()) && isTerminal(c.ErrOrStderr()):
		err = r.Walk(c.Context(), c.InOrStdin(), c.ErrOrStderr())
	default:
		return usageError{errors.New("this is no terminal to ask on: use --contact with --right or --wrong, or --list")}
	}
	if err == nil {
		_, err = fmt.Fprintln(c.OutOrStdout(), r.Done())
	}
	return err
}
