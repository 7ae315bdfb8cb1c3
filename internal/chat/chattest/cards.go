package chattest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

func postIsSeen(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	card := helpCard()
	at, err := p.Post(t.Context(), chat.Post{Server: s.Server, Place: s.Public, Card: card, Notify: true, Key: "k1"})
	s.must(err)
	quiet := s.post(p, s.Public, alertCard("Quiet"), "k2")
	for _, who := range []chat.PersonID{s.Ana, s.Ben, s.Mod} {
		x := s.untilReads(who, s.Public, card.Title)
		if x.Text != card.PlainText() {
			t.Errorf("%s reads\n%s\nwant\n%s", who, x.Text, card.PlainText())
		}
		if x.ID != at.ID || x.Private || !x.Called {
			t.Errorf("%s sees %+v, want message %s, shared, calling", who, x, at.ID)
		}
		if x := s.untilReads(who, s.Public, "Quiet"); x.Called || x.ID != quiet.ID {
			t.Errorf("%s sees %+v, want message %s without a call", who, x, quiet.ID)
		}
	}
	s.post(p, s.Staff, alertCard("For staff"), "k3")
	s.untilReads(s.Mod, s.Staff, "For staff")
	if _, ok := s.reads(s.Ana, s.Staff, "For staff"); ok {
		t.Error("a member reads the staff room")
	}
}

func underHangsBelow(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	first := s.post(p, s.Staff, alertCard("A case"), "k1")
	_, err := p.Post(t.Context(), chat.Post{Server: s.Server, Place: s.Staff, Under: first.ID, Card: alertCard("One more sign"), Key: "k2"})
	s.must(err)
	if x := s.untilReads(s.Mod, s.Staff, "One more sign"); x.Under != first.ID {
		t.Errorf("it hangs below %q, want %q", x.Under, first.ID)
	}
}

func keyPostsOnce(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	first := s.post(p, s.Staff, alertCard("Once"), "the-key")
	again := s.post(s.Platform(), s.Staff, alertCard("Once"), "the-key")
	if first != again {
		t.Errorf("the second post is %+v, want %+v", again, first)
	}
	other := s.post(p, s.Staff, alertCard("Twice"), "another-key")
	if other == first {
		t.Error("another key wrote nothing")
	}
	if n := s.count(s.Mod, s.Staff, "Once"); n != 1 {
		t.Errorf("staff see it %d times, want once", n)
	}
}

func (s *scene) count(who chat.PersonID, in chat.PlaceID, title string) int {
	n := 0
	for _, x := range s.Sees(who, in) {
		if strings.HasPrefix(x.Text, title) {
			n++
		}
	}
	return n
}

func lostAnswerPostsOnce(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	s.Trouble(Trouble{Lost: true})
	send := chat.Post{Server: s.Server, Place: s.Staff, Card: alertCard("Once"), Key: "the-key"}
	if _, err := p.Post(t.Context(), send); err == nil || chat.IsPermanent(err) {
		t.Fatalf("a post without an answer gave %v, want an error that can be tried again", err)
	}
	_, err := p.Post(t.Context(), send)
	s.must(err)
	if n := s.count(s.Mod, s.Staff, "Once"); n != 1 {
		t.Errorf("staff see it %d times, want once", n)
	}
}

func updateTurns(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	at := s.post(p, s.Staff, alertCard("Open"), "k")
	s.must(p.Update(t.Context(), at, alertCard("Taken")))
	x := s.untilReads(s.Mod, s.Staff, "Taken")
	if _, still := s.reads(s.Mod, s.Staff, "Open"); still || x.ID != at.ID {
		t.Errorf("the card did not turn in place: %+v", s.Sees(s.Mod, s.Staff))
	}
}

func directIsPrivate(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	place, err := p.Direct(t.Context(), s.Server, s.Mod)
	s.must(err)
	if !place.Direct || place.Server != s.Server {
		t.Errorf("the place is %+v, want a direct one", place)
	}
	s.post(p, place.ID, alertCard("For you"), "k")
	s.untilReads(s.Mod, place.ID, "For you")
	for _, who := range []chat.PersonID{s.Ana, s.Ben} {
		if len(s.Sees(who, place.ID)) != 0 {
			t.Errorf("%s reads what was sent to %s alone", who, s.Mod)
		}
	}
	if _, err := p.Direct(t.Context(), s.Server, "nobody-here"); !chat.IsPermanent(err) {
		t.Errorf("a direct place for nobody gave %v", err)
	}
}

func answerIsPrivate(t *testing.T, s *scene) {
	h := &handler{}
	s.start(h)
	s.Use(s.Ana, s.Public, "ask", map[string]string{"question": "is this <b>ok</b>?"})
	x := s.untilReads(s.Ana, s.Public, "Here is help")
	card := helpCard()
	if !x.Private || x.Text != card.PlainText() {
		t.Errorf("Ana sees %+v, want the card for her alone", x)
	}
	for _, who := range []chat.PersonID{s.Ben, s.Mod} {
		if _, ok := s.reads(who, s.Public, "Here is help"); ok {
			t.Errorf("%s sees what Ana asked for", who)
		}
	}
	c := seen(h, &h.commands)[0]
	if c.Name != "ask" || c.Arg("question") != "is this <b>ok</b>?" || c.Person.ID != s.Ana || c.Person.Name != s.Name || c.Place.ID != s.Public || c.Place.Server != s.Server {
		t.Errorf("the handler got %+v", c)
	}
}

func buttons(t *testing.T, s *scene) {
	h := &handler{onAction: func(a chat.Action) (chat.Answer, error) {
		switch a.Verb {
		case "next":
			return chat.Turn(chat.Card{Title: "The next one", Blocks: []chat.Block{chat.Controls{chat.Button{Label: "More", Verb: "more"}, chat.Button{Label: "Hide", Verb: "hide"}}}}), nil
		case "more":
			return chat.Show(chat.Card{Title: "Below it"}), nil
		case "hide":
			return chat.Answer{Hide: true}, nil
		}
		return chat.Answer{}, fmt.Errorf("unknown verb %q", a.Verb)
	}}
	s.start(h)
	s.Use(s.Ana, s.Public, "learn", nil)
	s.untilReads(s.Ana, s.Public, "Here is help")
	s.Press(s.Ana, s.Public, "Next")
	s.untilReads(s.Ana, s.Public, "The next one")
	if _, still := s.reads(s.Ana, s.Public, "Here is help"); still {
		t.Error("the first card was not replaced")
	}
	a := seen(h, &h.actions)[0]
	if a.Arg != "2" || a.Value != "" || a.Person.ID != s.Ana || a.Place.ID != s.Public || a.Message.ID != "" {
		t.Errorf("the handler got %+v, want argument 2 and no message", a)
	}
	s.Press(s.Ana, s.Public, "More")
	s.untilReads(s.Ana, s.Public, "Below it")
	s.Press(s.Ana, s.Public, "Hide")
	s.until("the answer is hidden", func() bool { _, ok := s.reads(s.Ana, s.Public, "The next one"); return !ok })
	if _, ok := s.reads(s.Ana, s.Public, "Below it"); !ok {
		t.Error("Hide took another answer away too")
	}
}

func selects(t *testing.T, s *scene) {
	h := &handler{onAction: func(a chat.Action) (chat.Answer, error) {
		return chat.Turn(chat.Card{Title: "You chose " + a.Value}), nil
	}}
	s.start(h)
	s.Use(s.Ana, s.Public, "learn", nil)
	s.untilReads(s.Ana, s.Public, "Here is help")
	s.Choose(s.Ana, s.Public, "Region", "there")
	s.untilReads(s.Ana, s.Public, "You chose there")
	if a := seen(h, &h.actions)[0]; a.Verb != "region" || a.Arg != "r" || a.Value != "there" {
		t.Errorf("the handler got %+v", a)
	}
}

func sharedButton(t *testing.T, s *scene) {
	h := &handler{onAction: func(chat.Action) (chat.Answer, error) {
		return chat.Show(chat.Card{Title: "It is yours"}), nil
	}}
	p, _ := s.start(h)
	at := s.post(p, s.Staff, alertCard("A case"), "k")
	s.Press(s.Mod, s.Staff, "I'm on it")
	x := s.untilReads(s.Mod, s.Staff, "It is yours")
	if !x.Private {
		t.Error("the answer to a press was shown to all")
	}
	if a := seen(h, &h.actions)[0]; a.Verb != "case.take" || a.Arg != "7" || a.Message != at || a.Person.ID != s.Mod {
		t.Errorf("the handler got %+v, want case.take 7 at %+v", a, at)
	}
	if _, ok := s.reads(s.Mod, s.Staff, "A case"); !ok {
		t.Error("the shared card went away")
	}
}

func reportForm() *chat.Form {
	return &chat.Form{Verb: "report", Arg: "x", Title: "Tell staff", Intro: "Only staff read this.", Submit: "Send", Fields: []chat.Field{
		{Name: "what", Label: "What happened?", Kind: chat.Paragraph, Required: true, MaxLen: 1000},
		{Name: "name", Label: "Show my name?", Kind: chat.Choice, Options: []chat.Option{{Label: "Yes", Value: "yes"}, {Label: "No", Value: "no"}}},
	}}
}

func formRoundTrip(t *testing.T, s *scene) {
	h := &handler{
		onCommand: func(chat.Command) (chat.Answer, error) { return chat.Answer{Form: reportForm()}, nil },
		onSubmit:  func(chat.Submission) (chat.Answer, error) { return chat.Show(chat.Card{Title: "Staff have it"}), nil },
	}
	s.start(h)
	s.Use(s.Ana, s.Public, "report", nil)
	s.until("the form opens", func() bool { return s.Form(s.Ana) != nil })
	if f := s.Form(s.Ana); f.Title != "Tell staff" || len(f.Fields) != 2 || f.Fields[0].Label != "What happened?" {
		t.Errorf("Ana sees the form %+v", f)
	}
	if s.Form(s.Ben) != nil {
		t.Error("the form opened for somebody else")
	}
	s.Submit(s.Ana, map[string]string{"what": "line one\nline <two>", "name": "no"})
	if x := s.untilReads(s.Ana, s.Public, "Staff have it"); !x.Private {
		t.Error("the receipt was shown to all")
	}
	f := seen(h, &h.forms)[0]
	if f.Form != "report" || f.Arg != "x" || f.Value("what") != "line one\nline <two>" || f.Value("name") != "no" || f.Person.ID != s.Ana || f.Place.ID != s.Public {
		t.Errorf("the handler got %+v", f)
	}
}

func messageCommand(t *testing.T, s *scene) {
	h := &handler{}
	s.start(h)
	id := s.Say(s.Ben, s.Public, "not nice")
	s.UseOn(s.Ana, s.Public, "Report to staff", id)
	s.untilReads(s.Ana, s.Public, "Here is help")
	c := seen(h, &h.commands)[0]
	if c.About == nil || c.About.ID != id || c.About.Text != "not nice" || c.About.Author.ID != s.Ben || c.Person.ID != s.Ana || c.Name != "Report to staff" {
		t.Errorf("the handler got %+v", c)
	}
}

func completion(t *testing.T, s *scene) {
	w, ok := s.World.(Completer)
	if !ok {
		if s.Traits.Completes {
			t.Error("the platform completes options, but its World cannot")
		}
		t.Skip("this platform completes no options")
	}
	s.start(&handler{})
	got := w.Complete(s.Ana, s.Public, "learn", "topic", "se")
	if want := []chat.Option{{Label: "About topic se", Value: "v"}}; !slices.Equal(got, want) {
		t.Errorf("offered %+v, want %+v", got, want)
	}
}

func failureIsTold(_ *testing.T, s *scene) {
	s.start(&handler{onCommand: func(chat.Command) (chat.Answer, error) { return chat.Answer{}, errNotNow }})
	s.Use(s.Ana, s.Public, "learn", nil)
	s.until("Ana is told that it failed", func() bool {
		return slices.ContainsFunc(s.Sees(s.Ana, s.Public), func(x Sight) bool { return x.Failed && x.Private })
	})
}

func usesHaveIDs(t *testing.T, s *scene) {
	h := &handler{}
	s.start(h)
	s.Use(s.Ana, s.Public, "learn", nil)
	s.Use(s.Ana, s.Public, "learn", nil)
	s.until("both arrive", func() bool { return len(seen(h, &h.commands)) == 2 })
	got := seen(h, &h.commands)
	if got[0].ID == "" || got[0].ID == got[1].ID {
		t.Errorf("the ids are %q and %q", got[0].ID, got[1].ID)
	}
}

func accessSaysWho(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	everybody := []chat.PersonID{s.Ana, s.Ben, s.Mod}
	look := func(place chat.PlaceID) chat.Access {
		a, err := p.Access(t.Context(), s.Server, place, s.Rule, everybody)
		s.must(err)
		return a
	}
	if a := look(s.Staff); a.Others != "" || !slices.Equal(a.Readers, []chat.PersonID{s.Mod}) {
		t.Errorf("the staff room: %+v, want staff alone", a)
	}
	if a := look(s.Public); a.Others == "" || len(a.Readers) != 3 {
		t.Errorf("the public channel: %+v, want others, and all three", a)
	}
	direct, err := p.Direct(t.Context(), s.Server, s.Mod)
	s.must(err)
	if a := look(direct.ID); a.Others != "" || !slices.Equal(a.Readers, []chat.PersonID{s.Mod}) {
		t.Errorf("a direct place: %+v, want that person alone", a)
	}
	s.LetIn(s.Ben)
	if a := look(s.Staff); a.Others == "" || !slices.Contains(a.Readers, s.Ben) {
		t.Errorf("the staff room with a member in it: %+v, want to be told", a)
	}
}

func staffAreKnown(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	for who, want := range map[chat.PersonID]bool{s.Ana: false, s.Ben: false, s.Mod: true, "nobody-here": false} {
		for _, rule := range []chat.StaffRule{s.Rule, {Place: s.Staff}} {
			got, err := p.IsStaff(t.Context(), s.Server, who, rule)
			s.must(err)
			if got != want {
				t.Errorf("%s is staff by %+v: %v, want %v", who, rule, got, want)
			}
		}
	}
}

func fetchReadsNow(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	id := s.Say(s.Ana, s.Public, "first words")
	s.Edit(s.Ana, s.Public, id, "other words")
	m, err := p.Fetch(t.Context(), chat.MessageRef{Server: s.Server, Place: s.Public, ID: id})
	s.must(err)
	if m.Text != "other words" || m.Author.ID != s.Ana || m.Place.ID != s.Public || m.ID != id {
		t.Errorf("fetched %+v", m)
	}
}

func goneIsGone(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	id := s.Say(s.Ana, s.Public, "never mind")
	at := chat.MessageRef{Server: s.Server, Place: s.Public, ID: id}
	s.Delete(s.Ana, s.Public, id)
	if _, err := p.Fetch(t.Context(), at); !chat.IsGone(err) {
		t.Errorf("fetching a deleted message gave %v", err)
	}
	if err := p.Update(t.Context(), at, helpCard()); !chat.IsGone(err) {
		t.Errorf("updating a deleted message gave %v", err)
	}
	if _, err := p.Post(t.Context(), chat.Post{Server: s.Server, Place: "no-such-place", Card: helpCard(), Key: "k"}); !chat.IsPermanent(err) {
		t.Errorf("posting nowhere gave %v", err)
	}
}

func afterLists(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	before := time.Now().Add(-time.Second)
	var ids []chat.MessageID
	for i := range 5 {
		ids = append(ids, s.Say(s.Ana, s.Other, fmt.Sprint("line ", i)))
	}
	list := func(after chat.MessageID, since time.Time, limit int) []chat.MessageID {
		got, err := p.After(t.Context(), s.Server, s.Other, after, since, limit)
		s.must(err)
		var out []chat.MessageID
		for _, m := range got {
			out = append(out, m.ID)
		}
		return out
	}
	if got := list(ids[1], time.Time{}, 10); !slices.Equal(got, ids[2:]) {
		t.Errorf("after the second: %v, want %v", got, ids[2:])
	}
	if got := list(ids[0], time.Time{}, 2); !slices.Equal(got, ids[1:3]) {
		t.Errorf("two after the first: %v, want %v", got, ids[1:3])
	}
	if got := list("", before, 10); !slices.Equal(got, ids) {
		t.Errorf("since a moment ago: %v, want %v", got, ids)
	}
	s.Delete(s.Ana, s.Other, ids[2])
	if got := list(ids[2], time.Time{}, 10); !slices.Equal(got, ids[3:]) {
		t.Errorf("after a deleted one: %v, want %v", got, ids[3:])
	}
	if got := list(ids[4], time.Time{}, 10); len(got) != 0 {
		t.Errorf("after the last: %v, want none", got)
	}
}

func placesAreListed(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	got, err := p.Places(t.Context(), s.Server)
	s.must(err)
	for _, want := range []chat.PlaceID{s.Public, s.Other, s.Staff} {
		if !slices.ContainsFunc(got, func(x chat.Place) bool { return x.ID == want && x.Server == s.Server && x.Name != "" }) {
			t.Errorf("%q is not among %+v", want, got)
		}
	}
	if slices.ContainsFunc(got, func(x chat.Place) bool { return x.Direct }) {
		t.Error("a direct conversation is listed as a place of the community")
	}
}

func errorsSay(t *testing.T, s *scene) {
	p, _ := s.start(&handler{})
	cases := []struct {
		name      string
		trouble   Trouble
		permanent bool
		after     time.Duration
	}{
		{"busy", Trouble{Busy: 7 * time.Second}, false, 7 * time.Second},
		{"broken", Trouble{Broken: true}, false, 0},
		{"barred", Trouble{Barred: true}, true, 0},
	}
	for _, c := range cases {
		s.Trouble(c.trouble)
		_, err := p.Post(t.Context(), chat.Post{Server: s.Server, Place: s.Staff, Card: alertCard("No"), Key: "k" + c.name})
		var e *chat.Error
		if !errors.As(err, &e) {
			t.Fatalf("%s: got %v, want a *chat.Error", c.name, err)
		}
		if chat.IsPermanent(err) != c.permanent || chat.RetryAfter(err) != c.after || chat.IsGone(err) {
			t.Errorf("%s: permanent %v, after %v, gone %v: %v", c.name, chat.IsPermanent(err), chat.RetryAfter(err), chat.IsGone(err), err)
		}
	}
	if n := len(s.Sees(s.Mod, s.Staff)); n != 0 {
		t.Errorf("staff see %d cards of sends that failed", n)
	}
	s.post(p, s.Staff, alertCard("Yes"), "kyes")
	s.untilReads(s.Mod, s.Staff, "Yes")
}
