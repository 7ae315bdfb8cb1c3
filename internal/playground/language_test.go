package playground

import (
	"net/http"
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
)

// The bot is told what the browser asks for, and what it answers with carries
// its language and direction to the page, which sets them on the card.
func TestAnAnswerKeepsItsLanguage(t *testing.T) {
	s := newServer(t, Options{})
	asked := make(chan string, 1)
	runBot(t, s, answers{command: func(c chat.Command) (chat.Answer, error) {
		asked <- c.Person.Locale
		return chat.Show(chat.Card{Title: "אבא", Language: "qaa", RightToLeft: true}), nil
	}})
	const wish = "cy-GB,cy;q=0.9,en;q=0.5"
	status, body := visit(t, s, "command", args{"as": "robin", "place": "general", "name": "learn"},
		func(r *http.Request) { r.Header.Set("Accept-Language", wish) })
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if got := <-asked; got != wish {
		t.Errorf("the bot is told %q", got)
	}
	until(t, "the answer is there", func() bool {
		got := privates(s, "robin")
		return len(got) == 1 && got[0].State == stateShown
	})
	if c := privates(s, "robin")[0].Card; c.Lang != "qaa" || !c.RTL {
		t.Errorf("the page gets the language %q, from right to left: %v", c.Lang, c.RTL)
	}
	for _, m := range s.view(s.person("robin")).Messages {
		if strings.Contains(m.Text, wish) {
			t.Error("the language was written down in a message")
		}
	}
}
