package discord

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

func TestEveryKindOfMessageIsRead(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	voice, forum := s.club.Voice("lounge"), s.club.Forum("questions")
	s.start()
	kim := s.club.Member("Kim")
	n := 0
	next := func() chat.Message {
		t.Helper()
		n++
		s.until("the next message", func() bool { return len(s.h.texts()) >= n })
		return noted(s.h, &s.h.messages)[n-1]
	}
	want := func(what, text string) chat.Message {
		t.Helper()
		m := next()
		if m.Text != text {
			t.Errorf("%s: the handler reads %q, want %q", what, m.Text, text)
		}
		if m.Author.ID == "" || m.ID == "" || m.Place.ID == "" || m.Time.IsZero() || !strings.HasPrefix(m.Link, s.f.URL()+"channels/") {
			t.Errorf("%s: the handler gets %+v", what, m)
		}
		return m
	}

	plain := s.ana.Say(s.general, "hi "+kim.Mention()+" in <#"+s.general.ID+"> <:wave:12345> <@&"+s.mods.ID+"> a<b")
	m := want("mentions", "hi @Kim in #general :wave: @Moderators a<b")
	if !slices.Equal(m.Mentions, []chat.PersonID{chat.PersonID(kim.ID)}) {
		t.Errorf("it names %v", m.Mentions)
	}

	kim.Say(s.general, "hello Ana", discordtest.ReplyTo(plain))
	if m := want("a reply", "hello Ana"); m.ReplyTo != chat.PersonID(s.ana.ID) {
		t.Errorf("it answers %q", m.ReplyTo)
	}

	s.ana.Say(s.general, "vote", discordtest.WithPoll("Where do we meet?", "Here", "There"))
	want("a poll", "vote\nWhere do we meet?\nHere\nThere")

	s.ana.Say(s.general, "look", discordtest.Forwarding(plain))
	m = next()
	if !strings.Contains(m.Text, "a<b") || !strings.HasPrefix(m.Text, "look") || m.ReplyTo != "" || m.Author.ID != chat.PersonID(s.ana.ID) {
		t.Errorf("a forward: %+v", m)
	}

	s.ana.Say(voice, "in the lounge")
	want("the text of a voice channel", "in the lounge")

	post, first := kim.Post(forum, "A title", "and a post")
	m = want("a forum post", "A title\nand a post")
	if m.Place.Parent != chat.PlaceID(forum.ID) || m.Place.Name != "A title" {
		t.Errorf("it is in %+v", m.Place)
	}
	if got, err := s.d.Fetch(t.Context(), m.Ref()); err != nil || got.Text != "A title\nand a post" || got.ID != chat.MessageID(first.ID) {
		t.Errorf("fetched: %+v, %v", got, err)
	}
	s.ana.Say(post, "an answer")
	want("an answer in a forum", "an answer")
	post.Rename("Another title")
	if m := want("a new title", "Another title"); !m.Edited || m.Author.ID != chat.PersonID(kim.ID) {
		t.Errorf("a new title: %+v", m)
	}

	thread := s.ana.StartThread(plain, "A thread's name")
	if m := want("the name of a thread", "A thread's name"); m.Place.ID != chat.PlaceID(thread.ID) || m.Author.ID != chat.PersonID(s.ana.ID) {
		t.Errorf("the name of a thread: %+v", m)
	}
	if got, err := s.d.Fetch(t.Context(), noted(s.h, &s.h.messages)[n-1].Ref()); err != nil || got.Text != "A thread's name" {
		t.Errorf("fetched: %+v, %v", got, err)
	}

	s.general.Webhook("Relay", "from elsewhere", discordtest.WithEmbeds(
		map[string]any{"type": "rich", "title": "Top", "description": "Middle", "fields": []any{map[string]any{"name": "N", "value": "V"}}, "footer": map[string]any{"text": "End"}},
		map[string]any{"type": "link", "title": "A preview", "provider": map[string]any{"name": "Site"}},
	))
	m = want("a webhook", "from elsewhere\nTop\nMiddle\nN\nV\nEnd")
	if !m.Author.Bot || m.Author.Name != "Relay" {
		t.Errorf("a webhook is %+v", m.Author)
	}

	s.ana.Say(s.general, "see https://example.org", discordtest.WithEmbeds(map[string]any{"type": "rich", "title": "Not her words"}))
	want("a preview", "see https://example.org")

	other := s.f.OtherBot("Helper")
	s.club.Join(other)
	other.Say(s.general, "", discordtest.WithComponents(
		`[{"type":17,"components":[{"type":10,"content":"In a box"},{"type":9,"components":[{"type":10,"content":"beside"}],"accessory":{"type":2,"style":5,"label":"Go","url":"https://example.org"}},{"type":1,"components":[{"type":3,"custom_id":"x","placeholder":"Pick","options":[{"label":"One","value":"1"}]}]}]},
		  {"type":99,"title":"Unknown","nested":{"deep":[{"text":"still read"}]}}]`))
	m = next()
	for _, w := range []string{"In a box", "beside", "Go", "Pick", "One", "Unknown", "still read"} {
		if !strings.Contains(m.Text, w) {
			t.Errorf("components: %q is not in %q", w, m.Text)
		}
	}
	if !m.Author.Bot || m.Author.ID != chat.PersonID(other.ID) {
		t.Errorf("another bot is %+v", m.Author)
	}

	s.ana.Say(s.general, "and this", discordtest.WithComponents(`[{"type":20,"custom_id":5,"label":["odd"]}]`))
	if m := want("a component that no library knows", "and this"); m.Author.Name != "Ana" {
		t.Errorf("its author is %+v", m.Author)
	}

	edited := s.ana.Say(s.general, "first words")
	want("before an edit", "first words")
	s.ana.Edit(edited, "other words")
	if m := want("an edit", "other words"); !m.Edited {
		t.Error("an edit is not marked as one")
	}
	plain.Unfurl(map[string]any{"type": "link", "title": "x", "url": "https://example.org"})

	s.ana.Direct("just us")
	if m := want("a direct message", "just us"); !m.Place.Direct || m.Place.Server != "" || !strings.Contains(m.Link, "/@me/") {
		t.Errorf("a direct message is in %+v, %s", m.Place, m.Link)
	}
	s.ana.Say(s.general, "the last")
	want("the last", "the last")
}

func TestThreadsThatAreNotKnownAreLookedUp(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	thread := s.ana.Thread(s.general, "old", false)
	s.start()
	s.d.cache.change(toID(s.server()), func(g *guild) { g.dropChannel(toID(chat.PlaceID(thread.ID))) })
	s.ana.Say(thread, "in an old thread")
	s.heard("in an old thread")
	if m := noted(s.h, &s.h.messages)[0]; m.Place.Parent != chat.PlaceID(s.general.ID) || m.Place.Name != "old" {
		t.Errorf("it is in %+v", m.Place)
	}
}

func TestAMessageWithoutItsAuthorIsReadAgain(t *testing.T) {
	s := running(t)
	m := s.ana.Say(s.general, "whose is it?")
	s.heard("whose is it?")
	s.f.Dispatch(s.club.ID, "MESSAGE_CREATE", map[string]any{"id": m.ID, "channel_id": s.general.ID, "guild_id": s.club.ID, "content": "whose is it?"})
	s.heard("whose is it?", "whose is it?")
	if a := noted(s.h, &s.h.messages)[1].Author; a.Name != "Ana" {
		t.Errorf("it is by %+v", a)
	}
}

func TestOddFieldsDoNotLoseAMessage(t *testing.T) {
	for name, raw := range map[string]string{
		"odd lists":      `{"id":"1","channel_id":"2","guild_id":"3","content":"words","author":{"id":"4","username":"A"},"mentions":7,"embeds":"x","components":{"a":1},"poll":[],"attachments":3,"message_snapshots":{},"type":"zero","flags":"f"}`,
		"odd author":     `{"id":"1","channel_id":"2","content":"words","author":{"id":4,"username":["A"],"global_name":3}}`,
		"numbers as ids": `{"id":1,"channel_id":2,"content":"words","author":{"id":4}}`,
		"deep":           `{"id":"1","channel_id":"2","content":"words","author":{"id":"4"},"components":` + strings.Repeat(`[{"components":`, 400) + `[]` + strings.Repeat(`}]`, 400) + `}`,
	} {
		m, ok := readMessage([]byte(raw))
		if !ok {
			t.Errorf("%s: it was not read", name)
			continue
		}
		got := m.message("https://discord.com/", chat.Place{}, "", lookup{})
		if !strings.HasPrefix(got.Text, "words") || got.Author.ID != "4" {
			t.Errorf("%s: it was read as %+v", name, got)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add("MESSAGE_CREATE", `{"id":"1","channel_id":"2","guild_id":"3","content":"<@4> <#2>","author":{"id":"4","username":"A"},"components":[{"type":20}],"poll":{"question":{"text":"q"}}}`)
	f.Add("MESSAGE_UPDATE", `{"id":"1","channel_id":"2","edited_timestamp":"x","message_snapshots":[{"message":{"content":"x"}}]}`)
	f.Add("INTERACTION_CREATE", `{"id":"9","token":"t","type":5,"data":{"custom_id":"1:ab","components":[{"type":18,"component":{"custom_id":"x","values":["y"]}}]}}`)
	f.Add("GUILD_CREATE", `{"id":"3","roles":[{"id":"3","permissions":"1024"}],"channels":[{"id":"2","type":0,"permission_overwrites":[{"id":"3","type":0,"deny":"1024"}]}],"threads":[{"id":"5","type":11,"parent_id":"2"}]}`)
	f.Add("THREAD_UPDATE", `{"id":"5","guild_id":"3","type":11,"parent_id":"2","name":"n","owner_id":"4"}`)
	f.Add("THREAD_LIST_SYNC", `{"guild_id":"3","channel_ids":["2"],"threads":[{"id":"6","type":11}]}`)
	f.Add("GUILD_DELETE", `{"id":"3"}`)

	f.Add("CHANNEL_DELETE", `{"id":"2","guild_id":"3"}`)
	f.Add("AUTO_MODERATION_ACTION_EXECUTION", `{"guild_id":"3","user_id":"4","rule_id":"5","action":{"type":1}}`)
	f.Fuzz(func(t *testing.T, kind, raw string) {
		d, err := New(Options{Token: "abc", BaseURL: "http://127.0.0.1:1/"})
		if err != nil {
			t.Fatal(err)
		}
		d.time.request, d.time.answerBy, d.time.answerUntil = 1, 1, 1
		d.time.retry = backoff{first: 1, most: 1}
		h := &recorder{}
		in := newIntake(t.Context(), d, h)
		in.event(frame{Type: "GUILD_CREATE", Data: []byte(`{"id":"3","channels":[{"id":"2","type":0}]}`)})
		in.event(frame{Type: kind, Data: []byte(raw)})
		in.ready([]byte(raw), time.Time{})
		if f, err := readFrame([]byte(raw)); err == nil {
			in.event(f)
		}
		in.finish(0, func() {})
		for _, m := range noted(h, &h.messages) {
			if !utf8.ValidString(m.Text) || m.ID == "" {
				t.Fatalf("handed over %+v", m)
			}
		}
		if _, err := json.Marshal(noted(h, &h.messages)); err != nil {
			t.Fatal(err)
		}
	})
}
