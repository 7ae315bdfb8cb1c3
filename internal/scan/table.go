package scan

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/transcript"
	"github.com/waymark-bot/waymark/internal/watch"
)

// table gathers what would have been cases, one for each author and person
// addressed as staff would see them, and says them at the end: who would have
// been the cause of an alert, where, when and why. It rates nobody.
type table struct {
	out      *bufio.Writer
	rules    *detect.Detector
	showText bool

	messages, signed int
	cases            map[[2]chat.PersonID]*finding
	names            map[chat.PersonID]string
}

// finding is what would have been one case.
type finding struct {
	author, addressed chat.PersonID
	severity          detect.Severity
	first             transcript.Entry
	messages          int
	whys              []string
	texts             []string
}

func newTable(w io.Writer, rules *detect.Detector, showText bool) *table {
	return &table{out: bufio.NewWriter(w), rules: rules, showText: showText,
		cases: map[[2]chat.PersonID]*finding{}, names: map[chat.PersonID]string{}}
}

// maxNames bounds how many people's names are remembered; the others go by
// their ids.
const maxNames = 200_000

func (t *table) Message(e transcript.Entry, v watch.Verdict) error {
	t.messages++
	m := e.Message
	if m.Author.Name != "" && len(t.names) < maxNames {
		t.names[m.Author.ID] = m.Author.Name
	}
	if len(v.Signals) > 0 {
		t.signed++
	}
	if v.Alert {
		t.add(e, v)
	}
	return nil
}

func (t *table) add(e transcript.Entry, v watch.Verdict) {
	key := [2]chat.PersonID{e.Message.Author.ID, v.Addressed}
	f := t.cases[key]
	if f == nil {
		f = &finding{author: key[0], addressed: key[1], first: e}
		f.first.Message.Text = ""
		t.cases[key] = f
	}
	f.messages++
	f.severity = max(f.severity, v.Severity, v.Total)
	for _, s := range v.Signals {
		why := string(s.Category)
		if rule, ok := t.rules.Rule(s.Rule); ok {
			why += ": " + rule.Why
		}
		if !slices.Contains(f.whys, why) {
			f.whys = append(f.whys, why)
		}
	}
	if t.showText {
		f.texts = append(f.texts, shorten(e.Message.Text, 160))
	}
}

func (t *table) Flush() error { return nil } // all is said at the end

func (t *table) End() error {
	found := make([]*finding, 0, len(t.cases))
	for _, f := range t.cases {
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b *finding) int {
		return cmp.Or(cmp.Compare(b.severity, a.severity), a.first.Message.Time.Compare(b.first.Message.Time),
			cmp.Compare(a.author, b.author), cmp.Compare(a.addressed, b.addressed))
	})
	for _, f := range found {
		t.write(f)
	}
	fmt.Fprintf(t.out, "%s read, %s with a warning sign, %s\n", counted(t.messages, "message", "messages"),
		counted(t.signed, "message", "messages"), counted(len(found), "alert to staff", "alerts to staff"))
	if err := t.out.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// urgency says a severity in words, as the contract explains them.
var urgency = map[detect.Severity]string{
	detect.Low: "adds up", detect.Medium: "should be seen today", detect.High: "should be seen now", detect.Urgent: "immediate danger",
}

func (t *table) write(f *finding) {
	m := f.first.Message
	fmt.Fprintf(t.out, "%s: %s\n", strings.ToUpper(f.severity.String()), urgency[f.severity])
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(t.out, "  %-7s%s\n", label, text)
		}
	}
	who := t.name(f.author)
	if to := t.name(f.addressed); to != "" && to != transcript.UnknownAuthor {
		who += ", to " + to
	}
	line("who", who)
	line("where", place(m.Place))
	if f.first.Timed {
		line("when", m.Time.Format(time.DateTime+" MST"))
	}
	what := "message " + clean(strings.Trim(string(f.first.ID), `"`))
	if f.messages > 1 {
		what += fmt.Sprintf(" and %d later", f.messages-1)
	}
	line("what", what)
	line("", m.Link)
	for _, why := range f.whys {
		line("why", clean(why))
	}
	for _, text := range f.texts {
		line("text", text)
	}
	fmt.Fprintln(t.out)
}

func (t *table) name(id chat.PersonID) string {
	if name := t.names[id]; name != "" {
		return clean(name)
	}
	return clean(string(id))
}

func place(p chat.Place) string {
	if p.Name == "" {
		return clean(string(p.ID))
	}
	return "#" + clean(p.Name)
}

// clean takes out what could steer a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return ' '
	}, s)
}

func shorten(s string, runes int) string {
	r := []rune(clean(s))
	if len(r) <= runes {
		return string(r)
	}
	return string(r[:runes-1]) + "…"
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
