package app_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/slack"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
	"github.com/waymark-bot/waymark/responses"
)

var updateSlack = flag.Bool("update-slack", false, "write testdata/slack anew")

// gallery collects what people see on Slack. Everything in it was taken by the
// fake, which holds blocks against the schema of Slack's own types and against
// Slack's lengths.
type gallery struct {
	*school
	left map[string]bool // golden files that nothing was compared with yet
}

func newGallery(s *school) *gallery {
	s.t.Helper()
	g := &gallery{s, map[string]bool{}}
	files, err := filepath.Glob(filepath.Join("testdata", "slack", "*.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range files {
		g.left[f] = true
	}
	return g
}

// changing are the pieces that differ from run to run.
var changing = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`[0-9a-v]{20}"`), `ID"`},
	{regexp.MustCompile(`([A-Z])0WM[0-9A-Z]{7}`), "${1}ID"},
	{regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC`), "WHEN"},
	{regexp.MustCompile(`/p\d{16}`), "/pTIME"},
	{regexp.MustCompile(`\b\d{10}\.\d{6}\b`), "TIME"},
	// How old the contacts are depends on the day.
	{regexp.MustCompile(`"(all \d+ contacts were checked|\d+ contacts that members)[^"]*"`), `"AGE"`},
}

// hang compares something that somebody sees with its golden file.
func (g *gallery) hang(name string, seen any) {
	g.t.Helper()
	var parts any
	raw, err := json.Marshal(seen)
	if err == nil {
		err = json.Unmarshal(raw, &parts)
	}
	if err != nil {
		g.t.Fatal(err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(asSent(parts)); err != nil {
		g.t.Fatal(err)
	}
	got := b.Bytes()
	for _, c := range changing {
		got = c.find.ReplaceAll(got, []byte(c.put))
	}
	file := filepath.Join("testdata", "slack", name+".json")
	delete(g.left, file)
	if *updateSlack {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			g.t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			g.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		g.t.Errorf("%s is not as it was (go test ./internal/app -run TestSlackGallery -update-slack writes it anew): %v\n%s", file, err, got)
	}
}

// asSent leaves out what Slack adds to blocks that it is sent.
func asSent(node any) any {
	switch node := node.(type) {
	case []any:
		for i := range node {
			node[i] = asSent(node[i])
		}
	case map[string]any:
		if node["type"] != "input" {
			delete(node, "block_id")
		}
		for k, v := range node {
			node[k] = asSent(v)
		}
	}
	return node
}

func (g *gallery) message(name string, m slacktest.Message) {
	g.t.Helper()
	g.hang(name, m.Now().Blocks)
}

func (g *gallery) view(name string, v slacktest.View) {
	g.t.Helper()
	g.hang(name, map[string]any{"title": v.Title, "submit": v.Submit, "callback_id": v.CallbackID, "blocks": v.Blocks, "errors": v.Errors})
}

// slash shows what somebody gets to see for a command.
func (g *gallery) slash(name string, who *slacktest.Person, in *slacktest.Channel, line string) slacktest.Message {
	g.t.Helper()
	m := who.Slash(in, "/waymark "+line).Reply()
	g.message(name, m)
	return m
}

// settled is the state, once all that waited is delivered.
func (g *gallery) settled() slacktest.Message {
	g.t.Helper()
	for range 100 {
		if m := g.mo.Slash(g.staff, "/waymark staff status").Reply(); m.Has("nothing is waiting") {
			return m
		}
	}
	g.t.Fatal("something still waits to be delivered")
	return slacktest.Message{}
}

func having(words ...string) func(slacktest.Message) bool {
	return func(m slacktest.Message) bool { return m.Has(words...) }
}

func TestSlackGallery(t *testing.T) {
	s := newSchoolIn(t, slack.SocketMode, func(o *slacktest.Options) { o.Unlimited = true })
	s.unset = true
	g := newGallery(s)
	admin := s.w.Member("Head", slacktest.Admin)
	s.w.Public("games", s.ana, slacktest.WithoutBot)
	s.start()
	g.members()
	g.setUp(admin)
	g.alerts()
	g.cases()
	g.elsewhere()
	for file := range g.left {
		t.Errorf("nothing looks like %s any more; remove it", file)
	}
}

// members shows what anybody can ask for.
func (g *gallery) members() {
	s := g.school
	g.slash("help", s.ana, s.general, "help")
	learn := g.slash("learn", s.ana, s.general, "learn")
	options := learn.Selects()[0].Values
	g.slash("learn-topic", s.ana, s.general, "learn "+options[0])
	g.slash("ask", s.ana, s.general, "ask what is grooming?")
	g.slash("ask-crisis", s.ana, s.general, "ask i want to hurt myself")
	g.slash("ask-nothing", s.ana, s.general, "ask what is the capital of France")
	g.slash("support", s.ana, s.general, "support")
	g.slash("support-scotland", s.ana, s.general, "support region:Scotland who:parent need:image")
	g.slash("privacy", s.ana, s.general, "privacy")
	g.slash("unknown", s.ana, s.general, "nonsense")
	g.slash("not-for-members", s.ana, s.general, "staff cases")
	s.ana.OpenHome()
	g.view("home-member", s.f.AwaitHome(s.ana, nil))
	g.view("report-form", s.ana.Slash(s.general, "/waymark report").View())
	s.ana.CloseView(true)
}

// setUp shows the way from nothing to a test alert.
func (g *gallery) setUp(admin *slacktest.Person) {
	s := g.school
	g.slash("setup-nothing", admin, s.general, "staff setup")
	admin.OpenHome()
	home := s.f.AwaitHome(admin, nil)
	g.view("home-unset", home)
	g.view("setup-form", admin.Press(home, "Set up").View())
	values := map[string]string{"Staff channel": s.general.ID, "Safeguarding leads": s.lead.ID, "Region": "UK",
		"Kind note to somebody who asks for help": "on"}
	admin.Submit(values).AwaitAnswered()
	g.view("setup-wrong", s.f.AwaitModal(admin, func(v slacktest.View) bool { return len(v.Errors) > 0 }))
	values["Staff channel"] = s.staff.ID
	admin.Submit(values)
	g.view("setup-saved", s.f.AwaitModal(admin, func(v slacktest.View) bool { return v.Has("Saved: ") }))
	admin.CloseView(true)
	g.slash("test", s.mo, s.staff, "staff test")
	g.message("test-alert", s.f.AwaitMessage(s.staff, having("this is a test")))
	g.message("status", g.settled())
	s.mo.Slash(s.staff, "/waymark staff pause 2").Reply()
	g.message("notice", s.f.AwaitMessage(s.staff, having("Waymark was changed here")))
	g.slash("pause", s.mo, s.staff, "staff pause 0")
	g.slash("cases-none", s.mo, s.staff, "staff cases")
}

// cases shows what members tell staff, from the form to the end. What the
// detector finds is in alerts: it learns, and this gallery should not change
// with it.
func (g *gallery) cases() {
	s := g.school
	form := s.ana.Slash(s.general, "/waymark report").View()
	g.message("report-receipt", s.ana.Submit(filled(form)).Reply())
	report := s.f.AwaitMessage(s.staff, having("Case 2: "))
	g.message("report", report)
	g.message("report-words", s.f.AwaitReply(report, having("unkind")))

	said := s.older.Say(s.general, "look at this")
	form = s.ana.Shortcut(said, "report-to-staff").View()
	g.view("report-message-form", form)
	s.ana.Submit(filled(form)).Reply()
	card := s.f.AwaitMessage(s.staff, having("Case 3: "))
	g.message("report-message", card)
	g.settled()
	s.mo.OpenHome()
	g.view("home-staff", s.f.AwaitHome(s.mo, func(v slacktest.View) bool { return v.Has("Case 3: ") }))
	g.slash("cases", s.mo, s.staff, "staff cases")
	g.slash("case", s.mo, s.staff, "staff case 2")
	g.message("taken-answer", s.mo.Press(card, "I'm on it").Reply())
	s.f.Await("the card says who is on it", func() bool { return card.Now().Has("Mo is on it") })
	g.message("report-taken", card)
	g.message("show-message", s.mo.Press(card.Now(), "Show message").Reply())
	ask := s.mo.Press(card.Now(), "Close").Reply()
	g.message("close", ask)
	s.mo.Press(ask, "We acted on it")
	s.f.Await("the card says how it ended", func() bool { return card.Now().Has("Closed by Mo") && ask.Now().Has("Undo") })
	g.message("close-answer", ask)
	g.message("report-closed", card)

	s.ana.Say(s.general, "my dad hits me")
	g.message("gentle-word", s.f.AwaitPrivate(s.ana, having("It is not your fault", "Only you can see this note")))
}

// filled answers a form, with words and the first of each choice.
func filled(form slacktest.View) map[string]string {
	values := map[string]string{}
	for _, f := range form.Fields {
		switch {
		case len(f.Values) == 0:
			values[f.Label] = "somebody is unkind to me"
		case f.Value == "":
			values[f.Label] = f.Values[0]
		}
	}
	return values
}

// elsewhere shows other organisations, and a room that is not staff's alone
// any more.
func (g *gallery) elsewhere() {
	s := g.school
	other := s.f.Workspace("Valley School", slacktest.NotInstalled)
	pat := other.Member("Pat")
	s.general.Connect(other, pat)
	said := pat.Say(s.general, "look at that")
	s.ana.Submit(filled(s.ana.Shortcut(said, "report-to-staff").View())).Reply()
	card := s.f.AwaitMessage(s.staff, having("Pat (of another organisation)"))
	g.message("report-elsewhere", card)
	g.settled()
	s.staff.MakePublic()
	g.message("status-open", g.settled())
	s.ana.Submit(filled(s.ana.Slash(s.general, "/waymark report").View())).Reply()
	g.message("report-lead", s.f.AwaitDirect(s.lead, having("a member told us something")))
	s.lead.Press(s.lead.Directs()[0], "I'm on it")
	s.mo.Press(card, "False alarm")
	s.f.Await("the card in the open room is emptied", func() bool { return card.Now().Has("has moved") })
	g.message("report-moved", card)
}

// alerts shows the cards of what the detector may find.
func (g *gallery) alerts() {
	g.t.Helper()
	texts, err := responses.Load()
	if err != nil {
		g.t.Fatal(err)
	}
	p, err := slack.New(slack.Options{BotToken: slack.Secret(g.w.Token()), AppToken: slack.Secret(g.f.AppToken()), BaseURL: g.f.URL()})
	if err != nil {
		g.t.Fatal(err)
	}
	why := func(rule string) (detect.Rule, bool) {
		return detect.Rule{ID: rule, Why: "Why " + rule + " worries us"}, true
	}
	sender := alert.New(nil, nil, map[string]chat.Platform{"slack": p}, texts, why, nil, alert.Options{})
	for name, c := range map[string]struct {
		category detect.Category
		severity detect.Severity
		set      cases.Settings
		reason   string
		do       func(cases.Case) (cases.Case, error)
	}{
		"alert-medium": {detect.MovePrivate, detect.Medium, cases.Settings{Region: "UK"}, "", nil},
		"alert-high":   {detect.ImageRequest, detect.High, cases.Settings{Region: "UK"}, "", nil},
		"alert-urgent": {detect.Threat, detect.Urgent, cases.Settings{Region: "Scotland"}, "", nil},
		"alert-help":   {detect.SelfHarm, detect.Urgent, cases.Settings{Region: "UK"}, "", nil},
		"alert-lead":   {detect.MeetUp, detect.High, cases.Settings{}, "the staff room can also be read by everyone", nil},
		"alert-taken": {detect.Threat, detect.Urgent, cases.Settings{Region: "UK"}, "", func(c cases.Case) (cases.Case, error) {
			return c.Take(chat.Person{ID: "U1", Name: "Mo"}, c.OpenedAt)
		}},
		"alert-closed": {detect.Threat, detect.Urgent, cases.Settings{Region: "UK"}, "", func(c cases.Case) (cases.Case, error) {
			return c.Close(chat.Person{ID: "U1", Name: "Mo"}, cases.NoAction, c.OpenedAt)
		}},
	} {
		at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		k := cases.Case{
			ID: "c1", Number: 7, Platform: "slack", Server: chat.ServerID(g.w.ID), Kind: cases.BySignals, Severity: c.severity,
			Author: chat.PersonID(g.older.ID), AuthorName: "Older", Addressed: chat.PersonID(g.ana.ID), Categories: []detect.Category{c.category},
			Place: chat.PlaceID(g.general.ID), PlaceName: "general", Message: "1.000001", Link: "https://school.slack.com/archives/C1/p1000001",
			State: cases.Open, OpenedAt: at, UpdatedAt: at,
		}
		if c.do != nil {
			if k, err = c.do(k); err != nil {
				g.t.Fatal(err)
			}
		}
		signs := []cases.Sign{{ID: "1", Rule: "this", Category: c.category, At: at}, {ID: "2", Rule: "that", Category: c.category, At: at}}
		card := sender.Card(sender.Named(g.t.Context(), k), signs, c.set, c.reason)
		ref, err := p.Post(g.t.Context(), chat.Post{Server: k.Server, Place: chat.PlaceID(g.staff.ID), Card: card, Notify: true})
		if err != nil {
			g.t.Fatal(err)
		}
		g.message(name, g.f.AwaitMessage(g.staff, func(m slacktest.Message) bool { return m.TS == string(ref.ID) }))
	}
}
