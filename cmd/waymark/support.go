package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/internal/guide"
	"github.com/waymark-bot/waymark/responses"
)

// supported is the output of support --json.
type supported struct {
	Region   responses.Region `json:"region"`
	Channels []channel        `json:"channels"`
}

// channel is a contact in the output of support --json.
type channel struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Phone   string `json:"phone"`
	Text    string `json:"text"`
	URL     string `json:"url"`
	Hours   string `json:"hours"`
	Checked string `json:"checked"`
}

func supportCommand() *cobra.Command {
	var asJSON bool
	var region, who, need string
	c := &cobra.Command{
		Use:   "support",
		Short: "List who can help, best first",
		Args:  exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			q, err := parseQuery(region, who, need)
			if err != nil {
				return err
			}
			texts, err := responses.Load()
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(supported{q.Region, channels(texts.Contacts(q))})
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), guide.New(texts).Support(q).PlainText())
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&region, "region", string(responses.Unknown), "where help is needed: "+oneOf(responses.Regions()))
	c.Flags().StringVar(&who, "who", string(responses.Child), "for whom: "+oneOf(responses.People()))
	c.Flags().StringVar(&need, "need", string(responses.Talk), "what for: "+oneOf(responses.Needs()))
	return c
}

func parseQuery(region, who, need string) (q responses.Query, err error) {
	var ok bool
	if q.Region, ok = responses.ParseRegion(region); !ok {
		return q, usageError{fmt.Errorf("--region %q is none of: %s", region, oneOf(responses.Regions()))}
	}
	if q.Who, ok = responses.ParseWho(who); !ok {
		return q, usageError{fmt.Errorf("--who %q is none of: %s", who, oneOf(responses.People()))}
	}
	if q.Need, ok = responses.ParseNeed(need); !ok {
		return q, usageError{fmt.Errorf("--need %q is none of: %s", need, oneOf(responses.Needs()))}
	}
	return q, nil
}

// channels puts contacts into the shape of the output; what is not known is "".
func channels(contacts []responses.Contact) []channel {
	out := []channel{}
	for _, c := range contacts {
		ch := channel{ID: c.ID, Name: c.Name, URL: c.URL, Hours: c.Hours, Checked: c.Checked}
		var phones []string
		for _, p := range c.Phones {
			if p.Label != "" {
				phones = append(phones, p.Number+" ("+p.Label+")")
				continue
			}
			phones = append(phones, p.Number)
		}
		ch.Phone = strings.Join(phones, "; ")
		if c.Text != nil {
			ch.Text = c.Text.Say
		}
		out = append(out, ch)
	}
	return out
}

func oneOf[T ~string](values []T) string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}
