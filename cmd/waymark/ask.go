package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-bot/waymark/internal/guide"
	"github.com/waymark-bot/waymark/responses"
)

// asked is the output of ask --json.
type asked struct {
	Topics []foundTopic `json:"topics"`
	Crisis bool         `json:"crisis"`
	Answer string       `json:"answer"`
}

// foundTopic is a topic in the output of ask --json.
type foundTopic struct {
	ID    string  `json:"id"`
	Title string  `json:"title"`
	Score float64 `json:"score"`
}

func askCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "ask QUESTION",
		Short: "Answer a question from the topics, or say that there is no answer",
		RunE: func(c *cobra.Command, args []string) error {
			question := strings.Join(args, " ")
			if strings.TrimSpace(question) == "" {
				return usageError{errors.New("write the question behind ask")}
			}
			texts, err := responses.Load()
			if err != nil {
				return err
			}
			g := guide.New(texts)
			a := g.Ask(question, guide.Server{})
			if !asJSON {
				_, err := fmt.Fprintln(c.OutOrStdout(), a.Card.PlainText())
				return err
			}
			out := asked{Topics: []foundTopic{}, Crisis: a.Crisis(), Answer: a.Card.PlainText()}
			for _, h := range a.Topics {
				t, _ := texts.Topic(h.ID)
				out.Topics = append(out.Topics, foundTopic{ID: h.ID, Title: t.Title, Score: h.Score})
			}
			return json.NewEncoder(c.OutOrStdout()).Encode(out)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
