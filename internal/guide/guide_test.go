package guide

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

func command(name string, args ...string) chat.Command {
	c := chat.Command{ID: "c1", Name: name, Args: map[string]string{}, Person: chat.Person{ID: "p1", Name: "Sam"},
		Place: chat.Place{Server: "s1", ID: "games", Name: "games"}, Time: time.Unix(0, 0)}
	for i := 0; i+1 < len(args); i += 2 {
		c.Args[args[i]] = args[i+1]
	}
	return c
}

func send(t *testing.T, g *Guide, s Server, c chat.Command) chat.Answer {
	t.Helper()
	a, ok, err := g.Command(context.Background(), c, s)
	if err != nil || !ok {
		t.Fatalf("/%s: handled %v, %v", c.Name, ok, err)
	}
	return a
}

// press answers a button or a choice.
func press(t *testing.T, g *Guide, s Server, verb, arg, value string) chat.Answer {
	t.Helper()
	a, ok, err := g.Action(context.Background(), chat.Action{ID: "a1", Verb: verb, Arg: arg, Value: value,
		Person: chat.Person{ID: "p1", Name: "Sam"}, Place: chat.Place{Server: "s1", ID: "games"}}, s)
	if err != nil || !ok {
		t.Fatalf("%s %q %q: handled %v, %v", verb, arg, value, ok, err)
	}
	return a
}

// controls lists everything to press on a card.
func controls(c chat.Card) []chat.Control {
	var out []chat.Control
	for _, b := range c.Blocks {
		if row, ok := b.(chat.Controls); ok {
			out = append(out, row...)
		}
	}
	return out
}

func hasButton(c chat.Card, verb string) bool {
	for _, k := range controls(c) {
		if b, ok := k.(chat.Button); ok && b.Verb == verb {
			return true
		}
	}
	return false
}

// Somebody presses everything that can be pressed, from every command on, and
// every card that comes can be shown, hidden, and leads to help.
func TestEverythingThatCanBePressedWorks(t *testing.T) {
	g := newGuide(t)
	// Every choice of every select is tried on one server, the first on the other.
	for _, tried := range []struct {
		s       Server
		choices int
	}{
		{Server{ID: "s1", Platform: "playground", Region: "UK", Contacts: []responses.Contact{counsellor(), council()}}, chat.MaxOptions},
		{Server{ID: "s1", Platform: "slack"}, 1},
	} {
		s, choices := tried.s, tried.choices
		seen := map[string]bool{}
		var visit func(where string, a chat.Answer)
		visit = func(where string, a chat.Answer) {
			if a.Form != nil {
				checkForm(t, *a.Form)
				return
			}
			if a.Card == nil {
				if !a.Hide {
					t.Errorf("%s: an empty answer", where)
				}
				return
			}
			checkCard(t, where, *a.Card)
			for _, k := range controls(*a.Card) {
				switch k := k.(type) {
				case chat.Button:
					if id := k.Verb + " " + k.Arg; !seen[id] {
						seen[id] = true
						visit(id, press(t, g, s, k.Verb, k.Arg, ""))
					}
				case chat.Select:
					for _, o := range k.Options[:min(choices, len(k.Options))] {
						if id := k.Verb + " " + k.Arg + " " + o.Value; !seen[id] {
							seen[id] = true
							visit(id, press(t, g, s, k.Verb, k.Arg, o.Value))
						}
					}
				}
			}
		}
		for _, c := range []chat.Command{command("learn"), command("learn", "topic", "who-does-it"), command("support"),
			command("privacy"), command("help"), command("report"), command("quiz"), command("ask", "question", "is it my fault"),
			command("ask", "question", "he is blackmailing me"), command("ask", "question", "how do I bake bread"),
			command("ask", "question", ""), command("learn", "topic", "nonsense")} {
			visit("/"+c.Name, send(t, g, s, c))
		}
		t.Logf("%s: %d things pressed", s.Platform, len(seen))
	}
}

func checkCard(t *testing.T, where string, c chat.Card) {
	t.Helper()
	if err := c.Check(); err != nil {
		t.Errorf("%s: %v", where, err)
	}
	if !hasButton(c, verbHide) {
		t.Errorf("%s: there is no way to hide it", where)
	}
	if text := c.PlainText(); strings.Contains(text, "[ui.") || strings.Contains(text, "{") || strings.Contains(text, "[]") {
		t.Errorf("%s: a text is missing: %s", where, text)
	}
	if c.Tone != chat.Calm {
		t.Errorf("%s: the tone is %s", where, c.Tone)
	}
	for _, k := range controls(c) {
		if sel, ok := k.(chat.Select); ok && strings.TrimSpace(sel.Label) == "" {
			t.Errorf("%s: a choice without a label", where)
		}
	}
}

func checkForm(t *testing.T, f chat.Form) {
	t.Helper()
	if utf8.RuneCountInString(f.Title) > chat.MaxFormTitle || len(f.Fields) > chat.MaxFields || len(f.Verb)+len(f.Arg) > chat.MaxVerbArg {
		t.Errorf("the form %q is too large", f.Title)
	}
	if !strings.Contains(f.Intro, "bot") {
		t.Errorf("the form does not say that it is a bot: %s", f.Intro)
	}
}

func TestEveryTopicLeadsToHelp(t *testing.T) {
	g := newGuide(t)
	for _, topic := range g.texts.Topics() {
		for _, a := range responses.Audiences() {
			for _, verb := range []string{verbTopic, verbMore} {
				card := *press(t, g, Server{}, verb, topic.ID+" "+string(a), "").Card
				if !hasButton(card, verbHelp) {
					t.Errorf("%s for %s: no way to help", topic.ID, a)
				}
				if !strings.Contains(card.Footer, topic.Source) || !strings.Contains(card.Footer, "23 November 2026") {
					t.Errorf("%s for %s: the footer is %q", topic.ID, a, card.Footer)
				}
			}
		}
	}
}

func TestWhatAYoungPersonSeesFirst(t *testing.T) {
	g := newGuide(t)
	card := *send(t, g, Server{Region: "UK"}, command("ask", "question", "hes got my nudes and wants money")).Card
	inOrder(t, card.PlainText(), "You did the right thing by asking. It is not your fault.", "not in trouble for asking for help",
		"danger right now", "999", "Tell an adult you trust", "0800 1111", "Do not pay", "Stop replying", "Keep the messages",
		"Do not save, screenshot or send any nude picture", "Then block", "CEOP")
}

func TestAnUnknownRegionShowsNoNumber(t *testing.T) {
	g := newGuide(t)
	for _, c := range []chat.Command{command("support"), command("support", "need", "danger"), command("ask", "question", "i want to die")} {
		text := send(t, g, Server{Platform: "playground"}, c).Card.PlainText()
		inOrder(t, text, "Call your local emergency number", "childhelplineinternational.org", "findahelpline.com")
		if strings.Contains(text, "Call: ") {
			t.Errorf("/%s shows a number: %s", c.Name, text)
		}
	}
}

func TestSupportTakesWhatIsChosen(t *testing.T) {
	g := newGuide(t)
	card := send(t, g, Server{Region: "US"}, command("support", "need", "image", "region", "Ireland", "who", "parent")).Card
	inOrder(t, card.PlainText(), "999", "Hotline.ie", "Take It Down")
	card = press(t, g, Server{Region: "US"}, verbRegion, "talk|Ireland|child", "Australia").Card
	inOrder(t, card.PlainText(), "000", "Kids Helpline")
	card = press(t, g, Server{Region: "US"}, verbWho, "image|UK|child", "adult").Card
	inOrder(t, card.PlainText(), "999", "0345 6000 459")
	if text := press(t, g, Server{Region: "US"}, verbAll, "image|UK|child", "").Card.PlainText(); strings.Contains(text, "0345 6000 459") {
		t.Errorf("a child is shown a service for adults: %s", text)
	}
}

func inOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	at := 0
	for _, p := range parts {
		i := strings.Index(text[at:], p)
		if i < 0 {
			t.Fatalf("%q is missing, or out of order, in:\n%s", p, text)
		}
		at += i
	}
}

// desk is a staff room that keeps what it is told.
type desk struct {
	got []Report
	err error
}

func (d *desk) Report(_ context.Context, r Report) (string, error) {
	if d.err != nil {
		return "", d.err
	}
	d.got = append(d.got, r)
	return "17", nil
}

func submit(t *testing.T, g *Guide, s Server, arg string, values map[string]string) chat.Card {
	t.Helper()
	a, ok, err := g.Submit(context.Background(), chat.Submission{ID: "f1", Form: verbReport, Arg: arg, Values: values,
		Person: chat.Person{ID: "p1", Name: "Sam"}, Place: chat.Place{Server: "s1", ID: "games", Name: "games"}}, s)
	if err != nil || !ok || a.Card == nil {
		t.Fatalf("the form was answered with %+v, %v, %v", a, ok, err)
	}
	checkCard(t, "the answer to a report", *a.Card)
	return *a.Card
}

func TestAReportByNameAndWithout(t *testing.T) {
	g, d := newGuide(t), &desk{}
	s := Server{ID: "s1", Region: "UK", Reporter: d}
	card := submit(t, g, s, "", map[string]string{"text": " something happened ", "who": "lead", "name": "none"})
	if r := d.got[0]; r.By != (chat.Person{}) || r.Text != "something happened" || !r.LeadsOnly || r.ID != "f1" || r.Server != "s1" {
		t.Errorf("staff got %+v", r)
	}
	inOrder(t, card.PlainText(), "Thank you", "not your fault", "Only the safeguarding lead", "will not see your name", "Your number: 17", "999")
	card = submit(t, g, s, "", map[string]string{"text": "again", "who": "all", "name": "shown"})
	if r := d.got[1]; r.By.Name != "Sam" || r.LeadsOnly || r.About != nil {
		t.Errorf("staff got %+v", r)
	}
	inOrder(t, card.PlainText(), "The staff of this community", "They will see your name")
}

func TestANameIsGivenOnlyWhereItWasChosen(t *testing.T) {
	g, d := newGuide(t), &desk{}
	submit(t, g, Server{ID: "s1", Reporter: d}, "", map[string]string{"text": "x"})
	if d.got[0].By != (chat.Person{}) {
		t.Errorf("a name was given that nobody chose to give: %+v", d.got[0].By)
	}
}

func TestAReportAboutAMessage(t *testing.T) {
	g, d := newGuide(t), &desk{}
	c := command("Report to staff")
	c.About = &chat.Message{ID: "1234567890123456789", Author: chat.Person{ID: "2234567890123456789", Name: "Alex | the  ünlikely name of somebody who likes long names"},
		Place: chat.Place{Server: "s1", ID: "3234567890123456789"}, Text: "the words"}
	form := send(t, g, Server{}, c).Form
	checkForm(t, *form)
	if strings.Contains(fmt.Sprint(form), "the words") {
		t.Error("the form carries the message's words")
	}
	submit(t, g, Server{Reporter: d}, form.Arg, map[string]string{"who": "all", "name": "none"})
	m := d.got[0].About
	if m == nil || m.ID != c.About.ID || m.Author.ID != c.About.Author.ID || m.Place.ID != c.About.Place.ID || m.Place.Server != "s1" ||
		!strings.HasPrefix(m.Author.Name, "Alex | the") {
		t.Errorf("staff are told about %+v", m)
	}
}

func TestAReportThatFailsIsNotLostSilently(t *testing.T) {
	g := newGuide(t)
	for err, want := range map[error]string{
		errors.New("disk full"): "Please try again later", ErrNobody: "Nobody here is set up", ErrNoLead: "no safeguarding lead"} {
		card := submit(t, g, Server{Region: "UK", Reporter: &desk{err: err}}, "", map[string]string{"text": "my words", "who": "all"})
		inOrder(t, card.PlainText(), "This was not sent", want, "my words", "999", "0800 1111")
		if strings.Contains(card.PlainText(), "disk") || !hasButton(card, verbOpen) {
			t.Errorf("%v: %s", err, card.PlainText())
		}
	}
	inOrder(t, submit(t, g, Server{Region: "UK"}, "", map[string]string{"text": "my words"}).PlainText(), "Nobody here is set up", "my words")
	inOrder(t, submit(t, g, Server{Region: "UK", Reporter: &desk{}}, "", map[string]string{"text": " "}).PlainText(), "no words in it")
	inOrder(t, submit(t, g, Server{Reporter: &desk{err: ErrTwice}}, "", map[string]string{"text": "x"}).PlainText(), "Thank you")
}

func TestALongReportStillFitsACard(t *testing.T) {
	g := newGuide(t)
	text := strings.Repeat("é😀 ", 400_000)
	card := submit(t, g, Server{Region: "Northern Ireland", Reporter: &desk{err: errors.New("no")}}, "", map[string]string{"text": text})
	if err := card.Check(); err != nil {
		t.Error(err)
	}
}

func TestPrivacySaysHowLong(t *testing.T) {
	g := newGuide(t)
	inOrder(t, send(t, g, Server{KeepDays: 90}, command("privacy")).Card.PlainText(), "I am a bot", "I never keep the words", "erased 90 days after")
	inOrder(t, send(t, g, Server{}, command("privacy")).Card.PlainText(), "Ask staff how long")
}

func TestCompletionOffersTopics(t *testing.T) {
	g := newGuide(t)
	for typed, want := range map[string]string{"": "what-is-cse", "fault": "not-your-fault", "police": "what-is-being-done", "polcie": "how-police-investigate"} {
		list, err := g.Complete(context.Background(), command("learn"), "topic", typed, Server{})
		if err != nil || len(list) == 0 || len(list) > chat.MaxOptions {
			t.Errorf("%q: %v, %v", typed, list, err)
			continue
		}
		if typed != "police" && list[0].Value != want {
			t.Errorf("%q: %v", typed, list)
		}
	}
}

func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	g := newGuide(t)
	if _, ok, _ := g.Command(context.Background(), command("safeguarding setup"), Server{}); ok {
		t.Error("a command of the desk's was taken")
	}
	if _, ok, _ := g.Action(context.Background(), chat.Action{Verb: "case.take"}, Server{}); ok {
		t.Error("a button of the desk's was taken")
	}
	if _, ok, _ := g.Submit(context.Background(), chat.Submission{Form: "case.close"}, Server{}); ok {
		t.Error("a form of the desk's was taken")
	}
}

func TestCommandsCanBeRegistered(t *testing.T) {
	for _, c := range newGuide(t).Commands() {
		if n := utf8.RuneCountInString(c.Description); n == 0 || n > 100 {
			t.Errorf("/%s: a description of %d characters", c.Name, n)
		}
		for _, o := range c.Options {
			if n := utf8.RuneCountInString(o.Description); n == 0 || n > 100 || len(o.Choices) > chat.MaxOptions {
				t.Errorf("/%s %s: %d characters, %d choices", c.Name, o.Name, n, len(o.Choices))
			}
		}
	}
}

func FuzzAsk(f *testing.F) {
	g := newGuide(f)
	for _, s := range []string{"", "is it my fault", "\xff\xfe", "😀😀😀", "<script>", strings.Repeat("a", 3000), "u u u", "'''", "ﬀ ﷺ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		a := g.Ask(q, Server{Platform: "playground", Region: "UK"})
		if err := a.Card.Check(); err != nil {
			t.Errorf("%q: %v", q, err)
		}
		if text := a.Card.PlainText(); !utf8.ValidString(text) {
			t.Errorf("%q: the answer is no valid text", q)
		}
	})
}

func FuzzReportForm(f *testing.F) {
	g := newGuide(f)
	f.Add("", "words", "all", "none")
	f.Add("a|b|c|d", "\xff", "lead", "shown")
	f.Add("|||", "", "", "")
	f.Fuzz(func(t *testing.T, arg, text, who, name string) {
		s := Server{Reporter: &desk{err: errors.New("no")}, Platform: "playground"}
		a, _, err := g.Submit(context.Background(), chat.Submission{Form: verbReport, Arg: arg,
			Values: map[string]string{"text": text, "who": who, "name": name}}, s)
		if err != nil || a.Card == nil || !utf8.ValidString(a.Card.PlainText()) || a.Card.Check() != nil {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// FuzzVerbs presses buttons that nobody drew.
func FuzzVerbs(f *testing.F) {
	g := newGuide(f)
	for _, v := range []string{verbTopic, verbMore, verbNeed, verbHelp, verbOpen} {
		f.Add(v, "a b", "c")
	}
	f.Fuzz(func(t *testing.T, verb, arg, value string) {
		a, _, err := g.Action(context.Background(), chat.Action{Verb: verb, Arg: arg, Value: value}, Server{Platform: "playground"})
		if err != nil || a.Card != nil && a.Card.Check() != nil {
			t.Errorf("%q %q %q: %v", verb, arg, value, a.Card.Check())
		}
	})
}

func BenchmarkNew(b *testing.B) {
	texts, err := responses.Load()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		New(texts).index()
	}
}

func BenchmarkAsk(b *testing.B) {
	g := newGuide(b)
	for b.Loop() {
		g.Ask("can police find someone with a fake acount", Server{Region: "UK"})
	}
}
