package alert

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/wording"
	"github.com/waymark-bot/waymark/responses"
)

// The verbs of a case's buttons. Their argument is the case's id.
const (
	VerbShow       = "case.show"
	VerbTake       = "case.take"
	VerbClose      = "case.close"
	VerbActed      = "case.acted"
	VerbNoAction   = "case.noaction"
	VerbFalseAlarm = "case.falsealarm"
	VerbReopen     = "case.reopen"
	VerbCase       = "case.card"
)

// maxWhy is how many reasons a card gives before it only counts the rest.
const maxWhy = 4

// Card is what staff see of a case. reason says why it did not go to the staff
// room, "" where it did. It holds nothing of what anybody wrote.
func (s *Sender) Card(c cases.Case, signs []cases.Sign, set cases.Settings, reason string) chat.Card {
	card := chat.Card{Title: s.title(c), Tone: tone(c), Footer: s.texts.Say("staff.card.footer")}
	add := func(b chat.Block) { card.Blocks = append(card.Blocks, b) }
	if reason != "" {
		add(chat.Text(s.texts.Say("staff.card.direct", "reason", reason)))
	}
	switch c.Kind {
	case cases.ByTest:
		add(chat.Text(s.texts.Say("staff.card.testbody")))
	case cases.ByReport:
		add(chat.Text(s.texts.Say("staff.card.reportbody")))
	}
	add(s.facts(c))
	if why := s.reasons(signs); len(why) > 0 {
		add(chat.List{Title: s.texts.Say("staff.card.why"), Items: why})
	}
	if c.State != cases.Closed && c.Kind != cases.ByTest {
		add(chat.List{Title: s.texts.Say("staff.card.steps"), Ordered: true, Items: s.steps(c, set)})
		if f := s.contacts(c, set); len(f) > 0 {
			who := chat.Section{Title: s.texts.Say("staff.card.contacts"), Facts: f}
			if region(set) == responses.Unknown {
				who.Text = s.texts.Say("staff.card.noregion", "command", chat.Typed(s.platforms[c.Platform], "safeguarding setup"))
			}
			add(who)
		}
	}
	for _, row := range s.controls(c) {
		add(row)
	}
	return card
}

func (s *Sender) title(c cases.Case) string {
	switch c.Kind {
	case cases.ByTest:
		return s.texts.Say("staff.card.test", "number", c.Number)
	case cases.ByReport:
		return s.texts.Say("staff.card.report", "number", c.Number)
	}
	return s.texts.Say("staff.card.title", "number", c.Number, "severity", s.texts.Say("staff.severity."+c.Severity.String()))
}

func tone(c cases.Case) chat.Tone {
	switch {
	case c.State == cases.Closed:
		return chat.Done
	case c.Kind == cases.ByTest:
		return chat.Calm
	case c.Severity >= detect.Urgent:
		return chat.Urgent
	case c.Severity == detect.High:
		return chat.Strong
	}
	return chat.Notice
}

func (s *Sender) facts(c cases.Case) chat.Facts {
	var f chat.Facts
	add := func(label, value string) { f = append(f, chat.Fact{Label: s.texts.Say(label), Value: value}) }
	if c.Kind == cases.BySignals {
		add("staff.card.from", c.AuthorName)
		to := c.AddressedName
		if c.Addressed == "" {
			to = s.texts.Say("staff.card.nobody")
		}
		add("staff.card.to", to)
		names := make([]string, len(c.Categories))
		for i, k := range c.Categories {
			names[i] = s.texts.Say("staff.category." + string(k))
		}
		add("staff.card.signs", strings.Join(names, "; "))
	}
	if c.Kind == cases.ByReport && c.Author != "" {
		add("staff.card.about", c.AuthorName)
	}
	if c.PlaceName != "" {
		add("staff.card.where", s.Place(c.PlaceName))
	}
	add("staff.card.when", When(c.UpdatedAt))
	add("staff.card.status", s.Status(c))
	return f
}

// Place is what a channel is called where staff read it.
func (s *Sender) Place(name string) string { return "#" + name }

// Status says in words where a case stands.
func (s *Sender) Status(c cases.Case) string {
	switch c.State {
	case cases.Acknowledged:
		return s.texts.Say("staff.status.acknowledged", "name", c.TakerName)
	case cases.Closed:
		return s.texts.Say("staff.status.closed", "name", c.TakerName, "outcome", s.texts.Say("staff.outcome."+string(c.Outcome)))
	}
	return s.texts.Say("staff.status.open")
}

// reasons says why, newest first, each reason once.
func (s *Sender) reasons(signs []cases.Sign) []string {
	var out []string
	seen := map[string]bool{}
	for i := len(signs) - 1; i >= 0; i-- {
		why := s.reason(signs[i])
		if !seen[why] {
			seen[why] = true
			out = append(out, why)
		}
	}
	if rest := len(out) - maxWhy; rest > 0 {
		out = append(out[:maxWhy], s.texts.Count("staff.card.more", rest))
	}
	return out
}

// reason is the rule's own sentence. A rule that staff removed since leaves
// the name of its category.
func (s *Sender) reason(g cases.Sign) string {
	if r, ok := s.why(g.Rule); ok {
		return r.Why
	}
	if wording.IsPhrase(g.Rule) {
		// What was read a moment ago is held ready, as a rule; an alert does not
		// wait long for the database.
		ctx, cancel := context.WithTimeout(context.Background(), markWithin)
		defer cancel()
		if p, ok := s.o.Phrase(ctx, servers.Key{Platform: g.Platform, Server: g.Server}, g.Rule); ok {
			return s.texts.Say("staff.words.why", "phrase", p)
		}
	}
	return s.texts.Say("staff.category." + string(g.Category))
}

// group is the set of steps for a category, the gravest first.
var group = []struct {
	steps      string
	categories []detect.Category
}{
	{"crisis", []detect.Category{detect.SelfHarm}},
	{"blackmail", []detect.Category{detect.Threat}},
	{"disclosure", []detect.Category{detect.DisclosureAbuse, detect.DisclosureCoercion, detect.DisclosureImage}},
	{"meeting", []detect.Category{detect.MeetUp}},
	{"images", []detect.Category{detect.ImageAbuse}},
	{"sexual", []detect.Category{detect.ImageRequest, detect.SexualTalk}},
}

func (s *Sender) steps(c cases.Case, set cases.Settings) []string {
	out := []string{s.texts.Say("staff.steps.danger", "emergency", s.Emergency(set))}
	out = append(out, s.texts.List("staff.steps."+stepsFor(c))...)
	always := "always"
	switch {
	case c.Kind == cases.ByReport:
		always = "reportalways"
	case c.Help():
		always = "helpalways"
	}
	return append(out, s.texts.List("staff.steps."+always)...)
}

func stepsFor(c cases.Case) string {
	if c.Kind == cases.ByReport {
		return "report"
	}
	for _, g := range group {
		for _, k := range g.categories {
			for _, has := range c.Categories {
				if has == k {
					return g.steps
				}
			}
		}
	}
	return "conversation"
}

// Emergency is the number to call first, in words where no region is set.
func (s *Sender) Emergency(set cases.Settings) string {
	if e, ok := s.texts.Emergency(region(set)); ok && len(e.Phones) > 0 {
		return e.Phones[0].Number
	}
	return s.texts.Say("staff.emergency.unknown")
}

func region(set cases.Settings) responses.Region {
	r, _ := responses.ParseRegion(set.Region)
	return r
}

// contacts are who can help staff with this case, with their check dates.
func (s *Sender) contacts(c cases.Case, set cases.Settings) []chat.Fact {
	need := responses.Report
	if c.Help() && stepsFor(c) == "crisis" {
		need = responses.Crisis
	}
	var out []chat.Fact
	for _, k := range s.texts.Contacts(responses.Query{Region: region(set), Need: need, Who: responses.Worker, Platform: c.Platform}) {
		if k.Emergency {
			continue // it is the first step already
		}
		if f, ok := s.contact(k); ok {
			out = append(out, f)
		}
		if len(out) == 2 {
			break
		}
	}
	return out
}

func (s *Sender) contact(k responses.Contact) (chat.Fact, bool) {
	f := chat.Fact{Label: k.Name}
	switch {
	case len(k.Phones) > 0:
		f.Value, f.Link = k.Phones[0].Number, "tel:"+k.Phones[0].Dial()
	case k.URL != "":
		f.Value, f.Link = k.URL, k.URL
	default:
		return f, false
	}
	f.Value = s.texts.Say("staff.card.checked", "text", f.Value, "date", Day(k.Checked))
	return f, true
}

func (s *Sender) controls(c cases.Case) []chat.Controls {
	button := func(key, verb string, style chat.Style) chat.Button {
		return chat.Button{Label: s.texts.Say(key), Verb: verb, Arg: c.ID, Style: style}
	}
	var row chat.Controls
	if c.Message != "" {
		row = append(row, button("staff.button.show", VerbShow, ""))
	}
	if c.State == cases.Open {
		row = append(row, button("staff.button.take", VerbTake, chat.Primary))
	}
	if c.State != cases.Closed {
		row = append(row, button("staff.button.false", VerbFalseAlarm, ""), button("staff.button.close", VerbClose, ""))
	}
	if c.Link != "" {
		row = append(row, chat.LinkButton{Label: s.texts.Say("staff.button.open"), URL: c.Link})
	}
	if len(row) == 0 {
		return nil
	}
	return []chat.Controls{row}
}

// movedCard takes the place of a card in a room that is no longer private.
func (s *Sender) movedCard(c cases.Case, reason string) chat.Card {
	return chat.Card{
		Title: s.texts.Say("staff.card.movedtitle", "number", c.Number), Tone: chat.Calm,
		Blocks: []chat.Block{chat.Text(s.texts.Say("staff.card.moved", "number", c.Number, "reason", reason))},
	}
}

// noteCard is the line below a card about what is new.
func (s *Sender) noteCard(c cases.Case, signs []cases.Sign, j job) chat.Card {
	var fresh []cases.Sign
	for _, g := range signs {
		for _, id := range j.New {
			if g.ID == id {
				fresh = append(fresh, g)
			}
		}
	}
	card := chat.Card{Title: s.texts.Say("staff.note.title", "number", c.Number), Tone: tone(c)}
	if j.Rose {
		card.Title = s.texts.Say("staff.note.rose", "number", c.Number, "severity", s.texts.Say("staff.severity."+c.Severity.String()))
	}
	if len(fresh) == 0 {
		return card
	}
	last := fresh[len(fresh)-1]
	if last.Place == c.Place {
		last.PlaceName = c.PlaceName // with its mark
	}
	card.Blocks = []chat.Block{
		chat.List{Title: s.texts.Say("staff.note.where", "place", s.Place(last.PlaceName), "when", When(last.At)), Items: s.reasons(fresh)},
	}
	return card
}

// wordsCard is what a member wrote, as it stands.
func (s *Sender) wordsCard(c cases.Case, w Words) chat.Card {
	who := s.texts.Say("staff.note.anonymous")
	if w.Name != "" {
		who = s.texts.Say("staff.note.named", "name", w.Name)
	}
	var written chat.Block = chat.Quote(w.Text)
	if w.Text == "" {
		written = chat.Text(s.texts.Say("staff.note.nowords"))
	}
	return chat.Card{
		Title:  s.texts.Say("staff.note.report", "number", c.Number),
		Tone:   chat.Notice,
		Blocks: []chat.Block{written, chat.Text(who)},
	}
}

// When writes a moment so that nobody has to guess the zone.
func When(t time.Time) string { return t.UTC().Format("Mon 2 Jan 2006, 15:04 UTC") }

// Day writes a date given as YYYY-MM-DD in words.
func Day(iso string) string {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return fmt.Sprint(iso)
	}
	return t.Format("2 January 2006")
}
