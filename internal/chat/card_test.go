package chat

import (
	"strings"
	"testing"
)

func TestCardCheck(t *testing.T) {
	button := func(verb string) Controls { return Controls{Button{Label: "Go", Verb: verb}} }
	cases := []struct {
		name string
		card Card
		says string // empty: nothing is wrong
	}{
		{"plain", Card{Title: "t", Blocks: []Block{Text("x"), button("v")}}, ""},
		{"every kind of link", Card{Title: "t", Blocks: []Block{
			Facts{{Label: "a", Link: "https://example.org/x"}, {Label: "b", Link: "tel:116111"}, {Label: "c", Link: "sms:85258"}, {Label: "d", Link: "mailto:a@example.org"}},
			Section{Facts: []Fact{{Label: "e", Link: "http://127.0.0.1:8086/#general"}}},
		}}, ""},
		{"no title", Card{Blocks: []Block{Text("x")}}, "title is empty"},
		{"an empty text", Card{Title: "t", Blocks: []Block{Text(" ")}}, "text is empty"},
		{"an empty row", Card{Title: "t", Blocks: []Block{Controls{}}}, "0 controls"},
		{"a long verb", Card{Title: "t", Blocks: []Block{button(strings.Repeat("v", 96))}}, "longer than 95"},
		{"too much text", Card{Title: "t", Blocks: []Block{Text(strings.Repeat("x", 4001))}}, "of at most 4000"},
		{"a script in a fact", Card{Title: "t", Blocks: []Block{Facts{{Label: "a", Link: "javascript:alert(1)"}}}}, "safe to open"},
		{"a script in a section", Card{Title: "t", Blocks: []Block{Section{Facts: []Fact{{Label: "a", Link: "data:text/html,x"}}}}}, "safe to open"},
		{"a button to nowhere", Card{Title: "t", Blocks: []Block{Controls{LinkButton{Label: "l", URL: "/relative"}}}}, "safe to open"},
		{"an empty select", Card{Title: "t", Blocks: []Block{Controls{Select{Label: "s"}}}}, "0 options"},
	}
	for _, c := range cases {
		err := c.card.Check()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.says)
		}
	}
}

func TestFormCheck(t *testing.T) {
	line := Field{Name: "a", Label: "A", Kind: Line}
	cases := []struct {
		name string
		form Form
		says string
	}{
		{"plain", Form{Title: "t", Fields: []Field{line}}, ""},
		{"a choice", Form{Title: "t", Fields: []Field{{Name: "a", Kind: Choice, Options: []Option{{Label: "x", Value: "x"}}}}}, ""},
		{"pickers", Form{Title: "t", Fields: []Field{{Name: "a", Kind: Room}, {Name: "b", Kind: People}, {Name: "c", Kind: Line},
			{Name: "d", Kind: Line}, {Name: "e", Kind: Line}, {Name: "f", Kind: Line}}}, ""},
		{"no title", Form{Fields: []Field{line}}, "title has 0"},
		{"a long title", Form{Title: strings.Repeat("é", 46), Fields: []Field{line}}, "title has 46"},
		{"no fields", Form{Title: "t"}, "0 fields"},
		{"six fields", Form{Title: "t", Fields: make([]Field, 6)}, "6 fields"},
		{"the same name twice", Form{Title: "t", Fields: []Field{line, line}}, "used twice"},
		{"an unknown kind", Form{Title: "t", Fields: []Field{{Name: "a", Kind: "file"}}}, "unknown kind"},
		{"a choice of nothing", Form{Title: "t", Fields: []Field{{Name: "a", Kind: Choice}}}, "0 options"},
		{"a long verb", Form{Verb: strings.Repeat("v", 96), Title: "t", Fields: []Field{line}}, "longer than 95"},
	}
	for _, c := range cases {
		err := c.form.Check()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.says)
		}
	}
}
