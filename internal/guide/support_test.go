package guide

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

func counsellor() responses.Contact {
	return responses.Contact{ID: "a", Own: true, Name: "School counsellor", Where: "Room 12", Hours: "Mondays", Checked: "2026-11-23"}
}

func council() responses.Contact {
	return responses.Contact{ID: "b", Own: true, Name: "Town council", AdultsOnly: true, Phones: []responses.Phone{{Number: "01632 960 001"}}, Checked: "2026-11-23"}
}

// sections are the titles of a card's contacts, in order.
func sections(c chat.Card) []string {
	var out []string
	for _, b := range c.Blocks {
		if s, ok := b.(chat.Section); ok {
			out = append(out, s.Title)
		}
	}
	return out
}

// A server's own contacts come first, but never before the emergency number
// where a life may be at stake, and a child is not shown one for adults.
func TestAServersOwnContactsComeFirst(t *testing.T) {
	g := newGuide(t)
	for _, region := range []string{"UK", "US", ""} {
		s := Server{Region: region, Contacts: []responses.Contact{counsellor(), council()}}
		for _, n := range responses.Needs() {
			for _, w := range responses.People() {
				card := *send(t, g, s, command("support", "need", string(n), "who", string(w))).Card
				names := sections(card)
				at := 0
				if region != "" && (n == responses.Danger || n == responses.Crisis || n == responses.Missing) {
					at = 1
				}
				where := fmt.Sprintf("%q, %s, %s", region, n, w)
				if names[at] != "School counsellor" || at == 1 && names[0] != "Emergency services" {
					t.Errorf("%s: the contacts are %v", where, names)
				}
				if (names[at+1] == "Town council") != (w != responses.Child) || slices.Contains(names, "Town council") != (w != responses.Child) {
					t.Errorf("%s: the contacts are %v", where, names)
				}
				if len(names) < 4 && region != "" {
					t.Errorf("%s: only %v are left", where, names)
				}
				if !strings.Contains(card.PlainText(), "The staff here chose this contact.\nWhere: Room 12\nOpen: Mondays\nChecked: 23 November 2026") {
					t.Errorf("%s: it does not say whose contact it is:\n%s", where, card.PlainText())
				}
			}
		}
	}
}

// Help in a crisis names them too, after the emergency number.
func TestAServersOwnContactsAreInHelpNow(t *testing.T) {
	g := newGuide(t)
	s := Server{Region: "UK", Contacts: []responses.Contact{counsellor(), council()}}
	for _, card := range []chat.Card{*press(t, g, s, verbHelp, "child", "").Card, g.Ask("I don't want to be here any more", s).Card} {
		if names := sections(card); len(names) < 3 || names[0] != "Emergency services" || names[1] != "School counsellor" || slices.Contains(names, "Town council") {
			t.Errorf("%s: the contacts are %v", card.Title, names)
		}
	}
}
