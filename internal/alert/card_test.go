package alert

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/responses"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func sender(t *testing.T) *Sender {
	t.Helper()
	texts, err := responses.Load()
	if err != nil {
		t.Fatal(err)
	}
	why := func(id string) (detect.Rule, bool) {
		if id == "removed" {
			return detect.Rule{}, false
		}
		return detect.Rule{ID: id, Why: "Why " + id + " worries us"}, true
	}
	return New(nil, nil, nil, texts, why, nil, Options{Now: func() time.Time { return noon }})
}

func about(category detect.Category, severity detect.Severity) (cases.Case, []cases.Sign) {
	c := cases.Case{
		ID: "c1", Number: 7, Platform: "discord", Server: "s", Kind: cases.BySignals,
		Author: "p1", AuthorName: "Sasha", Addressed: "p2", AddressedName: "Kit",
		Severity: severity, Categories: []detect.Category{category},
		Place: "general", PlaceName: "general", Message: "m1", Link: "https://example.org/m1",
		State: cases.Open, OpenedAt: noon, UpdatedAt: noon,
	}
	return c, []cases.Sign{
		{ID: "1", Rule: "removed", Category: category, Message: "m0", At: noon},
		{ID: "2", Rule: "rule-a", Category: category, Message: "m1", At: noon},
		{ID: "3", Rule: "rule-a", Category: category, Message: "m1", At: noon},
	}
}

// Each golden file is what staff read of one kind of case.
func TestCards(t *testing.T) {
	s := sender(t)
	uk := cases.Settings{Region: "UK"}
	taken := func(c cases.Case) cases.Case {
		c, err := c.Take(chat.Person{ID: "mo", Name: "Mo"}, noon)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	type row struct {
		name   string
		c      cases.Case
		signs  []cases.Sign
		set    cases.Settings
		reason string
	}
	var rows []row
	for _, k := range detect.Categories() {
		c, signs := about(k, detect.High)
		rows = append(rows, row{string(k), c, signs, uk, ""})
	}
	c, signs := about(detect.Threat, detect.Urgent)
	rows = append(rows,
		row{"no-region", c, signs, cases.Settings{}, ""},
		row{"us", c, signs, cases.Settings{Region: "US"}, ""},
		row{"northern-ireland", c, signs, cases.Settings{Region: "Northern Ireland"}, ""},
		row{"to-the-leads", c, signs, uk, "the staff room can also be read by everyone"},
		row{"taken", taken(c), signs, uk, ""})
	closed, err := taken(c).Close(chat.Person{ID: "mo", Name: "Mo"}, cases.Acted, noon)
	if err != nil {
		t.Fatal(err)
	}
	nobody := c
	nobody.Addressed, nobody.AddressedName = "", ""
	rows = append(rows, row{"closed", closed, signs, uk, ""}, row{"nobody", nobody, signs, uk, ""},
		row{"test", cases.Case{ID: "c", Number: 1, Kind: cases.ByTest, State: cases.Open, UpdatedAt: noon}, nil, uk, ""},
		row{"report", cases.Case{ID: "c", Number: 2, Kind: cases.ByReport, Severity: detect.High, State: cases.Open, UpdatedAt: noon,
			Categories: []detect.Category{detect.Report}}, nil, uk, ""})
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			card := s.Card(r.c, r.signs, r.set, r.reason)
			if err := card.Check(); err != nil {
				t.Error(err)
			}
			golden(t, r.name, card)
		})
	}
}

func golden(t *testing.T, name string, card chat.Card) {
	t.Helper()
	got := string(card.Tone) + "\n" + card.PlainText() + "\n"
	for _, b := range card.Blocks {
		if row, ok := b.(chat.Controls); ok {
			for _, k := range row {
				switch k := k.(type) {
				case chat.Button:
					got += "[" + k.Label + "] " + k.Verb + " " + k.Arg + "\n"
				case chat.LinkButton:
					got += "[" + k.Label + "] " + k.URL + "\n"
				}
			}
		}
	}
	file := filepath.Join("testdata", name+".golden.txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the card reads\n%s\nwant\n%s", got, want)
	}
}

// visited is a platform on which p1 is a guest, p2 an outsider, and the general
// channel is shared.
type visited struct {
	chat.Platform
	err error
}

func (v visited) Standing(_ context.Context, _ chat.ServerID, p chat.PersonID) (chat.Standing, error) {
	return map[chat.PersonID]chat.Standing{"p1": chat.Guest, "p2": chat.Outsider}[p], v.err
}

func (v visited) Shared(_ context.Context, _ chat.ServerID, p chat.PlaceID) (bool, error) {
	return p == "general", v.err
}

func TestPeopleOfElsewhereAreMarked(t *testing.T) {
	s := sender(t)
	c, signs := about(detect.GiftOffer, detect.High)
	s.platforms = map[string]chat.Platform{"discord": visited{}}
	golden(t, "of-elsewhere", s.Card(s.Named(t.Context(), c), signs, cases.Settings{Region: "UK"}, ""))
	signs[2].Place, signs[2].PlaceName = "general", "general"
	note := s.noteCard(s.Named(t.Context(), c), signs, job{New: []string{"3"}})
	if !strings.Contains(note.PlainText(), "#general (shared with another organisation)") {
		t.Errorf("the note reads %s", note.PlainText())
	}
	s.platforms["discord"] = visited{err: errors.New("not now")}
	if got := s.Named(t.Context(), c); !reflect.DeepEqual(got, c) {
		t.Errorf("where nobody can tell, the case reads %+v", got)
	}
}

// Advice comes in the order that the guidance gives: danger first.
func TestDangerIsTheFirstStepEverywhere(t *testing.T) {
	s := sender(t)
	for _, k := range append(detect.Categories(), detect.Report) {
		c, signs := about(k, detect.Medium)
		for _, region := range responses.Regions() {
			card := s.Card(c, signs, cases.Settings{Region: string(region)}, "")
			for _, b := range card.Blocks {
				if l, ok := b.(chat.List); ok && l.Ordered && !strings.Contains(l.Items[0], "in danger now") {
					t.Errorf("%s in %s: the first step is %q", k, region, l.Items[0])
				}
			}
		}
	}
}

func TestAKeyIsShortAndSetsPostsApart(t *testing.T) {
	row := "d4n0lq7v9jkc73f8a0bg"
	a, b := key(row, "staff-room"), key(row, "n"+"staff-room")
	if a == b || len(a) > 25 || len(b) > 25 || a != key(row, "staff-room") {
		t.Errorf("keys %q and %q", a, b)
	}
}

func TestASealOpensWithItsOwnKeyAlone(t *testing.T) {
	first, second := make([]byte, 32), make([]byte, 32)
	second[0] = 1
	one, err := NewSeal(first)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewSeal(second)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := one.Close(Words{Text: "something private", Name: "Kit"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(sealed), "private") || strings.Contains(string(sealed), "Kit") {
		t.Error("what was written can be read without the key")
	}
	if plain, err := one.open(sealed); err != nil || !strings.Contains(string(plain), "something private") {
		t.Errorf("opened: %q, %v", plain, err)
	}
	if _, err := other.open(sealed); err == nil || !strings.Contains(err.Error(), "secret_key") {
		t.Errorf("another key gives %v", err)
	}
}

// Staff and the note beside a message speak the language of the server. What no
// native reader reviewed says so.
func TestCardsAreInTheServersLanguage(t *testing.T) {
	set := cases.Settings{Region: "UK", Language: "es"}
	c, _ := about(detect.DisclosureAbuse, detect.High)
	card := sender(t).In(set).gentleCard(c, set)
	text := card.PlainText()
	for _, want := range []string{"Hiciste bien en decirlo", "No es tu culpa", "999", "0800 1111", "ha revisado aún"} {
		if !strings.Contains(text, want) {
			t.Errorf("the note does not say %q:\n%s", want, text)
		}
	}
	if card.Language != "es" {
		t.Errorf("the note is in %q", card.Language)
	}
	if english := sender(t).In(cases.Settings{}).gentleCard(c, cases.Settings{}); english.Title != "You did the right thing by saying it" {
		t.Errorf("without a language it is %q", english.Title)
	}
}
