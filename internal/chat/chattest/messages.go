package chattest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
)

func messageArrivesWhole(t *testing.T, s *scene) {
	h := &handler{}
	s.start(h)
	before := time.Now().Add(-time.Minute)
	id := s.Say(s.Ana, s.Public, "hello there")
	m := s.gets(h, 1)[0]
	if m.ID != id || m.Text != "hello there" || m.Edited {
		t.Errorf("got message %q %q (edited %v), want %q %q", m.ID, m.Text, m.Edited, id, "hello there")
	}
	if m.Author.ID != s.Ana || m.Author.Name != s.Name || m.Author.Bot {
		t.Errorf("the author is %+v", m.Author)
	}
	if m.Place.ID != s.Public || m.Place.Server != s.Server || m.Place.Name == "" || m.Place.Direct || m.Place.Parent != "" {
		t.Errorf("the place is %+v", m.Place)
	}
	if m.Time.Before(before) || m.Time.After(time.Now().Add(time.Minute)) {
		t.Errorf("the time is %v", m.Time)
	}
	if !strings.HasPrefix(m.Link, "http") {
		t.Errorf("the link %q opens nothing", m.Link)
	}
	if m.ReplyTo != "" || len(m.Mentions) != 0 {
		t.Errorf("it answers %q and names %v, but should nobody", m.ReplyTo, m.Mentions)
	}
}

func threadNamesItsChannel(t *testing.T, s *scene) {
	h := &handler{}
	s.start(h)
	s.Say(s.Ana, s.Thread, "in a thread")
	m := s.gets(h, 1)[0]
	if m.Place.ID != s.Thread || m.Place.Parent == "" || m.Place.Root() != m.Place.Parent {
		t.Errorf("the place is %+v, want the thread with its channel", m.Place)
	}
}

func replyAndMention(t *testing.T, s *scene) {
	h := &handler{}
	s.start(h)
	first := s.Say(s.Ana, s.Public, "who is there?")
	s.Reply(s.Ben, s.Public, "me", first)
	s.Say(s.Ana, s.Public, "hi "+s.Mention(s.Ben)+" and "+s.Mention(s.Mod))
	got := s.gets(h, 3)
	if got[1].ReplyTo != s.Ana {
		t.Errorf("the reply answers %q, want %q", got[1].ReplyTo, s.Ana)
	}
	named := slices.Clone(got[2].Mentions)
	slices.Sort(named)
	want := []chat.PersonID{s.Ben, s.Mod}
	slices.Sort(want)
	if !slices.Equal(named, want) {
		t.Errorf("it names %v, want %v", named, want)
	}
}

func editComesAgain(t *testing.T, s *scene) {
	h := &handler{}
	s.start(h)
	id := s.Say(s.Ana, s.Public, "first words")
	s.gets(h, 1)
	s.Edit(s.Ana, s.Public, id, "other words")
	m := s.gets(h, 2)[1]
	if m.ID != id || !m.Edited || m.Text != "other words" {
		t.Errorf("got %q (edited %v) of %q", m.Text, m.Edited, m.ID)
	}
}

func deletionArrives(t *testing.T, s *scene) {
	h := &handler{}
	s.start(h)
	id := s.Say(s.Ana, s.Public, "never mind")
	s.Delete(s.Ana, s.Public, id)
	s.until("the deletion arrives", func() bool { return len(seen(h, &h.deleted)) == 1 })
	want := chat.MessageRef{Server: s.Server, Place: s.Public, ID: id}
	if got := seen(h, &h.deleted)[0]; got != want {
		t.Errorf("deleted %+v, want %+v", got, want)
	}
}

func directMessage(t *testing.T, s *scene) {
	h := &handler{}
	p, _ := s.start(h)
	place, err := p.Direct(t.Context(), s.Server, s.Ana)
	s.must(err)
	s.Say(s.Ana, place.ID, "just us")
	if m := s.gets(h, 1)[0]; !m.Place.Direct || m.Place.ID != place.ID {
		t.Errorf("the place is %+v, want the direct one", m.Place)
	}
}

func oddTexts(t *testing.T, s *scene) {
	texts := []string{
		"<script>alert(1)</script> <b>bold</b> & \"quotes\" 'single'",
		"*stars* _lines_ ~waves~ `ticks` ||bars|| [a](https://example.org) # heading",
		"two\nlines\n\nand a gap",
		"zero\u200bwidth, a\u0301ccent, ﬁ, ＦＵＬＬ, 𝒻𝒶𝓃𝒸𝓎",
		"right to left: שלום مرحبا",
		"👩‍👩‍👧‍👦🏳️‍🌈🇬🇧 " + strings.Repeat("😀", 100),
		"{\"json\": [1,2]} \\ \\n %s %d ${x} {{y}}",
		"\u202edetrevni\u202c",
		strings.Repeat("a", s.LongOne),
		strings.Repeat("é", s.LongOne),
	}
	h := &handler{}
	s.start(h)
	for _, text := range texts {
		s.Say(s.Ana, s.Public, text)
	}
	for i, m := range s.gets(h, len(texts)) {
		if m.Text != texts[i] {
			t.Errorf("said %.60q, the handler got %.60q", texts[i], m.Text)
		}
		if !utf8.ValidString(m.Text) {
			t.Errorf("%.60q is not valid UTF-8", m.Text)
		}
	}
}

func orderIsKept(t *testing.T, s *scene) {
	h := &handler{}
	s.start(h)
	const n = 60
	for i := range n {
		s.Say(s.Ana, s.Public, fmt.Sprint("line ", i))
	}
	for i, m := range s.gets(h, n) {
		if want := fmt.Sprint("line ", i); m.Text != want {
			t.Fatalf("number %d is %q, want %q", i, m.Text, want)
		}
	}
}

func refusedComesAgain(t *testing.T, s *scene) {
	var refusals atomic.Int32
	h := &handler{onMessage: func(_ context.Context, m chat.Message) error {
		if m.Text == "first" && refusals.Add(1) <= 2 {
			return errNotNow
		}
		return nil
	}}
	s.start(h)
	s.Say(s.Ana, s.Public, "first")
	s.Say(s.Ana, s.Public, "second")
	got := s.gets(h, 2)
	if got[0].Text != "first" || got[1].Text != "second" || len(got) != 2 {
		t.Errorf("taken: %q, %q, and %d more; want first, second", got[0].Text, got[1].Text, len(got)-2)
	}
	if n := refusals.Load(); n != 3 {
		t.Errorf("the first was handed over %d times, want 3", n)
	}
}

func cutWhileHandling(t *testing.T, s *scene) {
	entered, release := make(chan struct{}, 10), make(chan struct{})
	h := &handler{onMessage: func(ctx context.Context, m chat.Message) error {
		if m.Text != "slow" {
			return nil
		}
		entered <- struct{}{}
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
	s.start(h)
	s.Say(s.Ana, s.Public, "slow")
	<-entered
	s.Cut()
	s.Say(s.Ana, s.Public, "after")
	close(release)
	s.until("both messages are taken", func() bool {
		var slow, after bool
		for _, m := range seen(h, &h.messages) {
			slow, after = slow || m.Text == "slow", after || m.Text == "after"
		}
		return slow && after
	})
}

func cutWhileIdle(_ *testing.T, s *scene) {
	h := &handler{}
	s.start(h)
	s.Say(s.Ana, s.Public, "before")
	s.gets(h, 1)
	s.Cut()
	s.Say(s.Ana, s.Public, "meanwhile")
	s.Say(s.Ben, s.Other, "elsewhere")
	s.gets(h, 3)
}

func restart(t *testing.T, s *scene) {
	if !s.Traits.Remembers {
		t.Skip("this platform keeps no events for a program that ended")
	}
	entered := make(chan struct{}, 10)
	dying := &handler{onMessage: func(ctx context.Context, _ chat.Message) error {
		entered <- struct{}{}
		<-ctx.Done() // the program ends while it is at work
		return ctx.Err()
	}}
	p := s.Platform()
	ctx, kill := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, dying) }()
	s.Say(s.Ana, s.Public, "do not lose me")
	<-entered
	kill()
	<-done
	h := &handler{}
	s.start(h)
	if m := s.gets(h, 1)[0]; m.Text != "do not lose me" {
		t.Errorf("the next program got %q", m.Text)
	}
}

func placesSideBySide(_ *testing.T, s *scene) {
	release := make(chan struct{})
	defer close(release)
	h := &handler{onMessage: func(ctx context.Context, m chat.Message) error {
		if m.Text == "stuck" {
			select {
			case <-release:
			case <-ctx.Done():
			}
		}
		return nil
	}}
	s.start(h)
	s.Say(s.Ana, s.Public, "stuck")
	s.Say(s.Ben, s.Other, "free")
	s.until("the other place goes on", func() bool {
		return slices.ContainsFunc(seen(h, &h.messages), func(m chat.Message) bool { return m.Text == "free" })
	})
}

func helpDoesNotWait(_ *testing.T, s *scene) {
	release := make(chan struct{})
	defer close(release)
	h := &handler{onMessage: func(ctx context.Context, _ chat.Message) error {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	}}
	s.start(h)
	s.Say(s.Ana, s.Public, "stuck")
	s.Use(s.Ana, s.Public, "learn", nil)
	s.untilReads(s.Ana, s.Public, "Here is help")
}

func contextEnds(t *testing.T, s *scene) {
	finished := make(chan struct{})
	entered := make(chan struct{})
	h := &handler{onMessage: func(context.Context, chat.Message) error {
		close(entered)
		<-finished
		return nil
	}}
	p := s.Platform()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, h) }()
	s.Say(s.Ana, s.Public, "the last one")
	<-entered
	cancel()
	close(finished)
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Run gave %v, want nil", err)
		}
	case <-time.After(patience):
		t.Error("Run did not end")
	}
	if got := seen(h, &h.messages); len(got) != 1 {
		t.Errorf("the handler at work was not waited for: %d messages taken", len(got))
	}
}
