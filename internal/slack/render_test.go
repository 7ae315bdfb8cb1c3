package slack

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

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what Slack is sent with testdata/<name>.golden.json.
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
				chat.Controls{chat.Select{Label: "Where are you?", Verb: "support.region", Arg: "x", Chosen: "here", Options: []chat.Option{
					{Label: "Here", Value: "here", Hint: "This country"}, {Label: "There", Value: "there"}}}},
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
					{Label: "Message", Value: "Open it", Link: "https://example.slack.com/archives/C1/p1"}},
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
		"quote": {Title: "What was written", Tone: chat.Notice,
			Blocks: []chat.Block{chat.Quote("do *not* tell <!channel> <@U1> \n> see https://example.com/x_y `code`\n1. one")}},
		"hostile": {
			Title: "*Robin* <!here> :wave: " + strings.Repeat("long ", 40), Tone: chat.Notice, Footer: "<!everyone> _small_",
			Blocks: []chat.Block{
				chat.Text("<!channel> @here <https://example.com|look> <#C5> *x* _y_ ~z~ &lt;b&gt;\n> q\n```js\n```"),
				chat.Facts{{Label: "*Name*", Value: "\u202eniboR\nnew line", Link: "https://example.org/?a=(b)&c=<d>"}},
				chat.Controls{
					chat.Button{Label: "Same", Verb: "v", Arg: "a"}, chat.Button{Label: "Same", Verb: "v", Arg: "a"},
					chat.Button{Label: "Odd: verb", Verb: "12:x", Arg: "3:y"},
				},
			},
		},
	}
}

func TestCardsAsSlackShowsThem(t *testing.T) {
	for name, c := range cards() {
		t.Run(name, func(t *testing.T) {
			if err := c.Check(); err != nil {
				t.Fatal(err)
			}
			out := render(c, maxMessageBlocks)
			golden(t, name, out)
			raw, err := json.Marshal(out)
			if err != nil {
				t.Fatal(err)
			}
			if name == "help" || name == "alert" || name == "done" {
				for _, line := range strings.Split(c.PlainText(), "\n") {
					if !strings.Contains(plainText(t, raw), line) {
						t.Errorf("a reader misses %q", line)
					}
				}
			}
			for _, ping := range []string{`"broadcast"`, `"user"`, `"usergroup"`, `"mrkdwn"`} {
				if strings.Contains(string(raw), ping) {
					t.Errorf("the card holds %s, which could name somebody", ping)
				}
			}
		})
	}
}

func testAdapter(t testing.TB) *Slack {
	t.Helper()
	s, err := New(Options{BotToken: "xoxb-1", AppToken: "xapp-1", SigningSecret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWindowsAsSlackShowsThem(t *testing.T) {
	f := chat.Form{
		Verb: "report", Arg: "x", Title: "Tell staff what happened to you", Intro: "Only staff read this.", Submit: "Send",
		Fields: []chat.Field{
			{Name: "what", Label: "What happened?", Hint: "As much as you like", Kind: chat.Paragraph, Required: true, MaxLen: 1000},
			{Name: "name", Label: "May staff see your name?", Kind: chat.Choice, Required: true, Value: "no",
				Options: []chat.Option{{Label: "Yes", Value: "yes"}, {Label: "No", Value: "no", Hint: "Staff then cannot write back"}}},
			{Name: "about", Label: "What is it about?", Kind: chat.Choice, Options: []chat.Option{{Label: "A message", Value: "m"}, {Label: "A person", Value: "p"}}},
			{Name: "where", Label: "Where?", Kind: chat.Line, Value: "here"},
		},
	}
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	golden(t, "form", formView(f, `{"c":"C1"}`))
	if err := staffForm.Check(); err != nil {
		t.Fatal(err)
	}
	picks := staffForm
	picks.Fields = slices.Clone(picks.Fields)
	picks.Fields[0].Value, picks.Fields[1].Value = "C1", "U1 U2"
	golden(t, "picks", formView(picks, `{"h":true}`))
	golden(t, "window", cardView(cards()["help"], `{"c":"C1"}`))
	golden(t, "home", slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: render(cards()["alert"], maxViewBlocks)}})
}

func TestVerbAndArgumentComeBack(t *testing.T) {
	p := painter{ids: map[string]int{}}
	seen := map[string]bool{}
	for _, pair := range [][2]string{{"case.take", "01H"}, {"", ""}, {"a:b", "c:d"}, {"12:x", ""}, {strings.Repeat("v", 40), strings.Repeat("a", 55)}, {"é", "ü"}} {
		for range 60 {
			id := p.actionID(pair[0], pair[1])
			verb, arg, ok := readActionID(id)
			if !ok || verb != pair[0] || arg != pair[1] {
				t.Errorf("%q came back as %q and %q", pair, verb, arg)
			}
			if len(id) > maxActionID || seen[id] {
				t.Errorf("%q is too long, or was there before", id)
			}
			seen[id] = true
		}
	}
	for _, s := range []string{"", "x", "link", "alink", "9:short", "-1:x", ":x", "99999999999999999999:x"} {
		if _, _, ok := readActionID(s); ok {
			t.Errorf("%q was taken for one of ours", s)
		}
	}
}

// withinLimits says what in rendered blocks Slack would refuse.
func withinLimits(t testing.TB, out []slack.Block, most int) (bad []string) {
	t.Helper()
	if len(out) > most {
		bad = append(bad, strconv.Itoa(len(out))+" blocks")
	}
	raw, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	var tree []any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	bounds := map[string]int{"header": maxHeader, "button": maxButtonText, "placeholder": maxPlaceholder, "option": maxOptionText}
	var walk func(node any, in string)
	walk = func(node any, in string) {
		switch node := node.(type) {
		case []any:
			for _, n := range node {
				walk(n, in)
			}
		case map[string]any:
			kind, _ := node["type"].(string)
			if s, ok := node["text"].(string); ok && (s == "" || kind == "plain_text" && bounds[in] > 0 && utf8.RuneCountInString(s) > bounds[in]) {
				bad = append(bad, "a text in "+in)
			}
			if e, ok := node["elements"].([]any); ok && (len(e) == 0 || kind == "actions" && len(e) > 25) {
				bad = append(bad, kind+" of "+strconv.Itoa(len(e)))
			}
			if id, ok := node["action_id"].(string); ok {
				if ids[id] || id == "" || len(id) > maxActionID {
					bad = append(bad, "the action id "+id)
				}
				ids[id] = true
			}
			if v, ok := node["value"].(string); ok && (v == "" || utf8.RuneCountInString(v) > maxOptionValue) {
				bad = append(bad, "an option's value")
			}
			for k, v := range node {
				switch {
				case k == "placeholder":
					walk(v, k)
				case k == "options" || k == "initial_option":
					walk(v, "option")
				case kind == "header" || kind == "button":
					walk(v, kind)
				default:
					walk(v, in)
				}
			}
		}
	}
	walk(tree, "")
	return bad
}

func TestEveryCardThatPassesFits(t *testing.T) {
	var facts chat.Facts
	for i := range 180 {
		facts = append(facts, chat.Fact{Label: "Label " + strconv.Itoa(i), Value: "*value*", Link: "https://example.org/" + strings.Repeat("x", 60)})
	}
	row := func(i int) chat.Controls {
		return chat.Controls{
			chat.Button{Label: "One", Verb: "v", Arg: strconv.Itoa(i)}, chat.Button{Label: "Two", Verb: "w", Arg: "same"},
			chat.Select{Label: "Three", Verb: "s", Options: []chat.Option{{Value: strings.Repeat("é", 100)}, {Label: strings.Repeat("a", 100), Value: "a", Hint: strings.Repeat("h", 200)}}},
		}
	}
	var rows, mixed, sections []chat.Block
	for i := range 60 {
		if i < chat.MaxRows {
			rows = append(rows, row(i))
			mixed = append(mixed, row(i))
		}
		mixed = append(mixed, chat.Text("Text "+strconv.Itoa(i)))
		sections = append(sections, chat.Section{Title: "Section " + strconv.Itoa(i), Text: "Text"})
	}
	for name, c := range map[string]chat.Card{
		"marks":    {Title: "Marks", Blocks: []chat.Block{chat.Text(strings.Repeat("*_`~<&>", 550))}},
		"quoted":   {Title: "Marks", Blocks: []chat.Block{chat.Quote(strings.Repeat(">\n", 900))}},
		"facts":    {Title: "Facts", Blocks: []chat.Block{facts}},
		"rows":     {Title: "Rows", Blocks: rows},
		"mixed":    {Title: "Mixed", Blocks: mixed, Footer: "End"},
		"sections": {Title: "Sections", Blocks: sections, Footer: "End"},
		"blank":    {Title: "\u200e\u202e", Blocks: []chat.Block{chat.Text("\u202e"), chat.Facts{}, chat.Section{}, chat.List{Items: []string{""}}}},
		"footer":   {Title: "T", Footer: strings.Repeat("a\n", 1900)},
		"title":    {Title: strings.Repeat("é", 3900)},
	} {
		if err := c.Check(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, most := range []int{maxMessageBlocks, maxViewBlocks} {
			out := render(c, most)
			if bad := withinLimits(t, out, most); len(bad) > 0 {
				t.Errorf("%s: Slack refuses %v", name, bad)
			}
			if got := asRead(t, out); name != "blank" && !strings.Contains(got, c.Footer) {
				t.Errorf("%s: the end is missing", name)
			}
		}
	}
}

func asRead(t testing.TB, out []slack.Block) string {
	t.Helper()
	raw, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return plainText(t, raw)
}

func FuzzRender(f *testing.F) {
	f.Add("Title", "text", "**label**", "value", "https://example.org", "quote", "footer", "verb", "arg")
	f.Add("# \\", "<!channel> <@U1>", "", "", "tel:1", "> ", "-# ", "", "")
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
		out := render(c, maxMessageBlocks)
		if bad := withinLimits(t, out, maxMessageBlocks); len(bad) > 0 {
			t.Fatalf("Slack refuses %v", bad)
		}
	})
}
