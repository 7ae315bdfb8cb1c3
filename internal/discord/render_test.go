package discord

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what Discord is sent with testdata/<name>.golden.json.
func golden(t *testing.T, name string, v any) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (make it with -update)", err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%s is not as it was:\n%s", file, b.String())
	}
}

func cards() map[string]chat.Card {
	contact := func(name, phone string) chat.Section {
		return chat.Section{Title: name, Text: "Free, day and night.", Facts: []chat.Fact{
			{Label: "Call", Value: phone, Link: "tel:" + strings.ReplaceAll(phone, " ", "")},
			{Label: "Write", Value: "Send a text", Link: "sms:5550100"},
			{Label: "Page", Value: "example.org", Link: "https://example.org/help_(young)_people"},
			{Label: "Checked", Value: "1 March 2026"},
		}}
	}
	return map[string]chat.Card{
		"help": {
			Title: "Somebody to talk to", Tone: chat.Calm, Footer: "Only you can see this.\nChecked in March 2026.",
			Blocks: []chat.Block{
				chat.Text("You did nothing wrong.\n\nThese people listen."),
				contact("A helpline", "555 0100"), contact("Another one", "555 0101"),
				chat.Controls{
					chat.Select{Label: "Where are you?", Verb: "support.region", Arg: "x", Chosen: "here", Options: []chat.Option{
						{Label: "Here", Value: "here", Hint: "This country"}, {Label: "There", Value: "there"}}},
				},
				chat.Controls{
					chat.Button{Label: "Next", Verb: "support.next", Arg: "2", Style: chat.Primary},
					chat.LinkButton{Label: "Open the page", URL: "https://example.org/"},
					chat.LinkButton{Label: "Call now", URL: "tel:5550100"},
					chat.Button{Label: "Hide", Verb: "hide"},
				},
			},
		},
		"alert": {
			Title: "Case 12: now", Tone: chat.Strong, Footer: "Seen by staff alone.",
			Blocks: []chat.Block{
				chat.Facts{{Label: "From", Value: "Robin"}, {Label: "To", Value: "Alex"}, {Label: "Where", Value: "#general"},
					{Label: "Message", Value: "Open it", Link: "https://discord.com/channels/1/2/3"}},
				chat.List{Title: "Why", Items: []string{"Asks to keep a secret.", "Asks to move to another app."}},
				chat.List{Title: "What to do", Ordered: true, Items: []string{"Read it.", "Do not reply in public."}},
				chat.Controls{
					chat.Button{Label: "I'm on it", Verb: "case.take", Arg: "01HZX", Style: chat.Primary},
					chat.Button{Label: "Show message", Verb: "case.show", Arg: "01HZX"},
					chat.Button{Label: "False alarm", Verb: "case.falsealarm", Arg: "01HZX"},
					chat.Button{Label: "Close", Verb: "case.close", Arg: "01HZX", Style: chat.Danger},
				},
			},
		},
		"urgent": {Title: "Case 13: immediate danger", Tone: chat.Urgent, Blocks: []chat.Block{chat.Text("Call the emergency number first.")}},
		"notice": {Title: "Case 14: today", Tone: chat.Notice, Blocks: []chat.Block{chat.Text("When you have a moment.")}},
		"done":   {Title: "Case 12: closed", Tone: chat.Done, Blocks: []chat.Block{chat.Facts{{Label: "Status", Value: "Closed by Morgan: acted"}}}},
		"quote": {
			Title: "What was written", Tone: chat.Notice,
			Blocks: []chat.Block{chat.Quote("do **not** tell @everyone <@1> \n# see https://example.com/x_y ||hidden|| `code`\n1. one")},
		},
		"hostile": {
			Title: "*Robin* <@&99> @here", Tone: chat.Notice, Footer: "-# small\n# large",
			Blocks: []chat.Block{
				chat.Text("@everyone [look](https://example.com) <#5> https://example.org/a_b_c *x* _y_ ~~z~~ ||w||\n> q\n- l\n3) three\n```js\n```"),
				chat.Facts{{Label: "**Name**", Value: "\u202eniboR\nnew line", Link: "https://example.org/?a=(b)&c=<d>"}},
				chat.Controls{
					chat.Button{Label: "Same", Verb: "v", Arg: "a"}, chat.Button{Label: "Same", Verb: "v", Arg: "a"},
					chat.Button{Label: "Odd: verb", Verb: "12:x", Arg: "3:y"},
				},
			},
		},
	}
}

func TestCardsAsDiscordShowsThem(t *testing.T) {
	for name, c := range cards() {
		t.Run(name, func(t *testing.T) {
			if err := c.Check(); err != nil {
				t.Fatal(err)
			}
			out, dropped := render(c)
			if dropped != 0 {
				t.Errorf("%d controls were left out", dropped)
			}
			golden(t, name, out)
		})
	}
}

func TestFormAsDiscordShowsIt(t *testing.T) {
	f := chat.Form{
		Verb: "report", Arg: "x", Title: "Tell staff", Intro: "Only staff read this.",
		Fields: []chat.Field{
			{Name: "what", Label: "What happened?", Hint: "As much as you like", Kind: chat.Paragraph, Required: true, MaxLen: 1000},
			{Name: "name", Label: "May staff see your name?", Kind: chat.Choice, Required: true, Value: "no",
				Options: []chat.Option{{Label: "Yes", Value: "yes"}, {Label: "No", Value: "no", Hint: "Staff then cannot write back"}}},
			{Name: "where", Label: "A label that is much longer than Discord lets it be", Kind: chat.Line, Value: "here"},
		},
	}
	golden(t, "form", modal(f))
	for len(f.Fields) < chat.MaxFields {
		f.Fields = append(f.Fields, chat.Field{Name: "f" + strconv.Itoa(len(f.Fields)), Label: "More", Kind: chat.Line})
	}
	if n := len(modal(f).Components); n != maxModalParts {
		t.Errorf("five fields and an introduction take %d parts, of at most %d", n, maxModalParts)
	}
}

func TestVerbAndArgumentComeBack(t *testing.T) {
	p := painter{ids: map[string]int{}}
	for _, pair := range [][2]string{{"case.take", "01H"}, {"", ""}, {"a:b", "c:d"}, {"12:x", ""}, {strings.Repeat("v", 40), strings.Repeat("a", 55)}, {"é", "ü"}} {
		for range 3 {
			s := p.customID(pair[0], pair[1])
			verb, arg, ok := readCustomID(s)
			if !ok || verb != pair[0] || arg != pair[1] {
				t.Errorf("%q came back as %q and %q", pair, verb, arg)
			}
			if len(s) > maxCustomID {
				t.Errorf("%q is longer than Discord takes", s)
			}
		}
	}
	for _, s := range []string{"", "x", "9:short", "-1:x", "a", ":x", "99999999999999999999:x"} {
		if _, _, ok := readCustomID(s); ok {
			t.Errorf("%q was taken for one of ours", s)
		}
	}
}

// withinLimits says what in a rendered card Discord would refuse.
func withinLimits(out []component) []string {
	var bad []string
	if n := textLength(out); n > maxText {
		bad = append(bad, "text of "+strconv.Itoa(n))
	}
	if n := count(out); n > maxComponents {
		bad = append(bad, strconv.Itoa(n)+" components")
	}
	seen := map[string]bool{}
	var walk func(list []component)
	walk = func(list []component) {
		for _, c := range list {
			switch {
			case c.Type == typeText && strings.TrimSpace(c.Content) == "":
				bad = append(bad, "an empty text")
			case c.Type == typeRow && (len(c.Components) == 0 || len(c.Components) > maxRow):
				bad = append(bad, "a row of "+strconv.Itoa(len(c.Components)))
			case c.Type == typeButton && (c.Label == "" || utf8.RuneCountInString(c.Label) > maxButtonLabel):
				bad = append(bad, "a button label")
			case c.Type == typeSelect && (len(c.Options) == 0 || len(c.Options) > maxChoices):
				bad = append(bad, "a select of "+strconv.Itoa(len(c.Options)))
			}
			if c.CustomID != "" && (seen[c.CustomID] || len(c.CustomID) > maxCustomID) {
				bad = append(bad, "the custom id "+c.CustomID)
			}
			seen[c.CustomID] = true
			for _, o := range c.Options {
				if o.Label == "" || o.Value == "" || utf8.RuneCountInString(o.Label) > maxOptionText || utf8.RuneCountInString(o.Value) > maxOptionText {
					bad = append(bad, "an option")
				}
			}
			walk(c.Components)
		}
	}
	walk(out)
	return bad
}

func TestEveryCardThatPassesFits(t *testing.T) {
	marks := strings.Repeat("*_`|<@", 650)
	var facts chat.Facts
	for i := range 180 {
		facts = append(facts, chat.Fact{Label: "Label " + strconv.Itoa(i), Value: "*value*", Link: "https://example.org/" + strings.Repeat("x", 60)})
	}
	var rows []chat.Block
	for i := range chat.MaxRows {
		rows = append(rows, chat.Controls{
			chat.Button{Label: "One", Verb: "v", Arg: strconv.Itoa(i)}, chat.Button{Label: "Two", Verb: "w", Arg: strconv.Itoa(i)},
			chat.Select{Label: "Three", Verb: "s", Options: []chat.Option{{Label: "", Value: "none"}, {Label: "a", Value: "a"}, {Label: "again", Value: "b"}}},
		})
	}
	var sections []chat.Block
	for i := range 30 {
		sections = append(sections, chat.Section{Title: "Section " + strconv.Itoa(i), Text: "Text"})
	}
	for name, c := range map[string]chat.Card{
		"marks":    {Title: "Marks", Blocks: []chat.Block{chat.Text(marks)}},
		"quoted":   {Title: "Marks", Blocks: []chat.Block{chat.Quote(strings.Repeat(">\n", 900))}},
		"facts":    {Title: "Facts", Blocks: []chat.Block{facts}},
		"rows":     {Title: "Rows", Blocks: rows},
		"sections": {Title: "Sections", Blocks: sections, Footer: "End"},
		"blank":    {Title: "\u200b\u202e", Blocks: []chat.Block{chat.Text("\u202e"), chat.Facts{}, chat.Section{}}},
		"footer":   {Title: "T", Footer: strings.Repeat("a\n", 1900)},
	} {
		if err := c.Check(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out, dropped := render(c)
		if bad := withinLimits(out); len(bad) > 0 {
			t.Errorf("%s: Discord refuses %v", name, bad)
		}
		if dropped > 0 {
			t.Errorf("%s: %d controls were left out", name, dropped)
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Title", "text", "**label**", "value", "https://example.org", "quote", "footer", "verb", "arg")
	f.Add("# \\", "@everyone <@1>", "", "", "tel:1", "> ", "-# ", "", "")
	f.Fuzz(func(t *testing.T, title, text, label, value, link, quote, footer, verb, arg string) {
		c := chat.Card{Title: title, Footer: footer, Blocks: []chat.Block{
			chat.Text(text), chat.Quote(quote), chat.Facts{{Label: label, Value: value, Link: link}},
			chat.List{Title: label, Items: []string{value, text}}, chat.Section{Title: title, Text: text},
			chat.Controls{chat.Button{Label: label, Verb: verb, Arg: arg}, chat.LinkButton{Label: label, URL: link},
				chat.Select{Label: label, Verb: verb, Arg: arg, Options: []chat.Option{{Label: label, Value: "v"}}}},
		}}
		valid := !slices.ContainsFunc([]string{title, text, label, value, quote, footer, verb, arg}, func(s string) bool { return !utf8.ValidString(s) })
		if c.Check() != nil || !valid {
			return
		}
		out, _ := render(c)
		if bad := withinLimits(out); len(bad) > 0 {
			t.Fatalf("Discord refuses %v", bad)
		}
		for _, box := range out {
			for _, p := range box.Components {
				if strings.Contains(p.Content, "@everyone") || strings.Contains(p.Content, "@here") {
					t.Fatalf("a mention stands: %q", p.Content)
				}
			}
		}
		if b := out[0].Components; len(b) == 0 {
			t.Fatal("nothing is shown")
		}
	})
}
