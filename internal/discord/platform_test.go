package discord

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

func (s *scene) access(place *discordtest.Channel, rule chat.StaffRule, people ...*discordtest.Person) chat.Access {
	s.Helper()
	var ids []chat.PersonID
	for _, p := range people {
		ids = append(ids, chat.PersonID(p.ID))
	}
	a, err := s.d.Access(s.Context(), s.server(), chat.PlaceID(place.ID), rule, ids)
	if err != nil {
		s.Fatal(err)
	}
	return a
}

func TestWhoCanReadAChannel(t *testing.T) {
	s := newScene(t, discordtest.Options{GlobalLimit: -1})
	helpers := s.club.Role("Helpers")
	admins := s.club.Role("Admins", discordtest.Administrator)
	boss, kim := s.club.Member("Boss", admins), s.club.Member("Kim", helpers)
	owner := s.club.Owner()
	only := func(name string, who ...discordtest.Subject) *discordtest.Channel {
		return s.club.Text(name, discordtest.Only(append(who, s.club.BotRole(), s.mods)...))
	}
	both, person, mod := only("both", helpers), only("person", kim), only("mod", s.mo)
	forum := s.club.Forum("posts", discordtest.Only(s.mods, s.club.BotRole()))
	thread, _ := s.mo.Post(forum, "Staff talk", "words")
	away := s.f.Person("Away")
	check := func(t *testing.T) {
		for _, c := range []struct {
			place   *discordtest.Channel
			rule    chat.StaffRule
			others  string
			readers []*discordtest.Person
		}{
			{s.staff, s.rule(), "", []*discordtest.Person{boss, s.mo, owner}},
			{s.staff, chat.StaffRule{}, "", []*discordtest.Person{boss, s.mo, owner}},
			{s.general, s.rule(), "everyone", []*discordtest.Person{boss, s.mo, owner, s.ana, kim}},
			{both, s.rule(), "the role Helpers", []*discordtest.Person{boss, s.mo, owner, kim}},
			{person, s.rule(), "Kim", []*discordtest.Person{boss, s.mo, owner, kim}},
			{mod, s.rule(), "", []*discordtest.Person{boss, s.mo, owner}},
			{thread, s.rule(), "", []*discordtest.Person{boss, s.mo, owner}},
			{both, chat.StaffRule{Role: helpers.ID}, "the role Moderators", []*discordtest.Person{boss, s.mo, owner, kim}},
			{s.staff, chat.StaffRule{Role: "123"}, "", []*discordtest.Person{boss, s.mo, owner}}, // a role that was deleted
		} {
			a := s.access(c.place, c.rule, boss, s.mo, owner, s.ana, kim, away)
			var want []chat.PersonID
			for _, p := range c.readers {
				want = append(want, chat.PersonID(p.ID))
			}
			if a.Others != c.others || !slices.Equal(a.Readers, want) {
				t.Errorf("%s by %+v: others %q, readers %v; want %q, %v", c.place.Name(), c.rule, a.Others, a.Readers, c.others, want)
			}
		}
		for who, want := range map[*discordtest.Person]bool{boss: false, s.mo: true, s.ana: false, kim: false, away: false} {
			if got, err := s.d.IsStaff(t.Context(), s.server(), chat.PersonID(who.ID), s.rule()); err != nil || got != want {
				t.Errorf("%s is staff by role: %v (%v), want %v", who.Name, got, err, want)
			}
		}
		for who, want := range map[*discordtest.Person]bool{boss: true, s.mo: true, owner: true, kim: false} {
			if got, err := s.d.IsStaff(t.Context(), s.server(), chat.PersonID(who.ID), chat.StaffRule{Place: chat.PlaceID(s.staff.ID)}); err != nil || got != want {
				t.Errorf("%s is staff by rights: %v (%v), want %v", who.Name, got, err, want)
			}
		}
	}
	t.Run("asking Discord", check)
	s.start()
	t.Run("from what the gateway told", check)
}

func TestAStaffRoomThatChanges(t *testing.T) {
	s := running(t)
	if a := s.access(s.staff, s.rule(), s.ana); a.Others != "" || len(a.Readers) != 0 {
		t.Fatalf("at first: %+v", a)
	}
	s.staff.SetOverwrites()
	s.until("it is open to everyone", func() bool { return s.access(s.staff, s.rule(), s.ana).Others == "everyone" })
	if a := s.access(s.staff, s.rule(), s.ana); !slices.Equal(a.Readers, []chat.PersonID{chat.PersonID(s.ana.ID)}) {
		t.Errorf("Ana is not among the readers: %+v", a)
	}
	s.staff.SetOverwrites(discordtest.Only(s.mods))
	s.until("the bot may not write there", func() bool { _, err := s.post(s.staff, "k"); return chat.IsPermanent(err) })
	s.club.SetRoles(s.mo)
	if ok, err := s.d.IsStaff(t.Context(), s.server(), chat.PersonID(s.mo.ID), s.rule()); ok || err != nil {
		t.Errorf("without the role Mo is staff: %v (%v)", ok, err)
	}
	s.club.Leave(s.mo)
	if ok, err := s.d.IsStaff(t.Context(), s.server(), chat.PersonID(s.mo.ID), chat.StaffRule{}); ok || err != nil {
		t.Errorf("after leaving Mo is staff: %v (%v)", ok, err)
	}
	if p, err := s.d.Person(t.Context(), s.server(), chat.PersonID(s.mo.ID)); err != nil || p.Name != "Mo" {
		t.Errorf("after leaving Mo is %+v (%v)", p, err)
	}
	s.staff.Delete()
	s.until("it is gone", func() bool {
		_, err := s.d.Access(t.Context(), s.server(), chat.PlaceID(s.staff.ID), s.rule(), nil)
		return chat.IsGone(err)
	})
	if _, err := s.post(s.staff, "k2"); !chat.IsGone(err) {
		t.Errorf("posting there gave %v", err)
	}
	if _, err := s.d.Person(t.Context(), s.server(), "12345"); !chat.IsGone(err) {
		t.Errorf("nobody is %v", err)
	}
}

func TestOnlyStaffAreNotified(t *testing.T) {
	s := running(t)
	s.club.BotRole().Grant(discordtest.BotByDefault | discordtest.MentionEveryone) // or the role can be mentioned
	s.access(s.staff, s.rule())
	card := chat.Card{Title: "@everyone <@" + s.ana.ID + ">", Blocks: []chat.Block{chat.Text("@here <@&" + s.club.Everyone().ID + ">")}}
	for i, notify := range []bool{true, false} {
		_, err := s.d.Post(t.Context(), chat.Post{Server: s.server(), Place: chat.PlaceID(s.staff.ID), Card: card, Notify: notify, Role: s.mods.ID, Key: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
	}
	got := s.f.AwaitMessages(s.staff, 2)
	if !slices.Equal(got[0].Pings, []string{s.mods.ID}) || got[0].Flags&flagSilent != 0 {
		t.Errorf("a loud card notifies %v (flags %d), want the staff role", got[0].Pings, got[0].Flags)
	}
	if len(got[1].Pings) != 0 || got[1].Flags&flagSilent == 0 {
		t.Errorf("a quiet card notifies %v (flags %d)", got[1].Pings, got[1].Flags)
	}
	if got[0].Nonce != "0" || !got[0].V2() {
		t.Errorf("the card has the nonce %q", got[0].Nonce)
	}
}

func (s *scene) under(p chat.Post) chat.MessageRef {
	s.Helper()
	p.Server, p.Card = s.server(), simpleCard("One more sign")
	at, err := s.d.Post(s.Context(), p)
	if err != nil {
		s.Fatal(err)
	}
	return at
}

func TestLaterNotesHangInOneThread(t *testing.T) {
	s := running(t)
	card := s.mustPost(s.staff, "k")
	first := s.under(chat.Post{Place: card.Place, Under: card.ID, Key: "a"})
	second := s.under(chat.Post{Place: card.Place, Under: card.ID, Key: "b"})
	if first.Place != second.Place || first.Place == card.Place {
		t.Errorf("they are in %s and %s", first.Place, second.Place)
	}
	if n := s.f.Count(discordtest.OpThread); n != 1 {
		t.Errorf("the thread was opened %d times", n)
	}
	thread := s.f.AwaitMessages(s.staff, 1)[0].Thread()
	if thread.Name() != "One more sign" {
		t.Errorf("the thread is called %q", thread.Name())
	}

	// After a restart the thread is found again, also from the archive.
	thread.Archive(true)
	old := s.d
	s.d = quick(t, s.f)
	third := s.under(chat.Post{Place: card.Place, Under: card.ID, Key: "c"})
	if third.Place != first.Place {
		t.Errorf("after a restart it hangs in %s, want %s", third.Place, first.Place)
	}
	if err := s.d.Update(t.Context(), third, simpleCard("Changed")); err != nil {
		t.Error(err)
	}
	thread.Archive(true)
	if err := s.d.Update(t.Context(), third, simpleCard("Changed again")); err != nil {
		t.Errorf("updating a card in the archive gave %v", err)
	}
	s.d = old
}

func TestWithoutThreadsNotesAnswerTheCard(t *testing.T) {
	s := running(t)
	for _, r := range []*discordtest.Role{s.club.Everyone(), s.club.BotRole()} {
		r.Grant(discordtest.ViewChannel | discordtest.SendMessages | discordtest.ReadMessageHistory)
	}
	card := s.mustPost(s.staff, "k")
	at := s.under(chat.Post{Place: card.Place, Under: card.ID, Key: "a"})
	if at.Place != card.Place {
		t.Errorf("it is in %s", at.Place)
	}
	if m := s.f.AwaitMessages(s.staff, 2)[1]; m.ReplyTo != string(card.ID) {
		t.Errorf("it answers %q, want the card", m.ReplyTo)
	}
	dm, err := s.d.Direct(t.Context(), s.server(), chat.PersonID(s.mo.ID))
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.d.Post(t.Context(), chat.Post{Server: s.server(), Place: dm.ID, Card: simpleCard("For you"), Key: "d"})
	if err != nil {
		t.Fatal(err)
	}
	s.under(chat.Post{Place: dm.ID, Under: first.ID, Key: "e"})
	if m := s.mo.Directs()[1]; m.ReplyTo != string(first.ID) {
		t.Errorf("the note to a lead answers %q", m.ReplyTo)
	}
	s.mo.RefuseDirect(true)
	if _, err := s.d.Post(t.Context(), chat.Post{Server: s.server(), Place: dm.ID, Card: simpleCard("For you"), Key: "f"}); !chat.IsPermanent(err) {
		t.Errorf("a person who takes no direct messages gave %v", err)
	}
}

func TestHistoryIsReadInPages(t *testing.T) {
	s := running(t)
	var first chat.MessageID
	for i := range 230 {
		m := s.ana.Say(s.general, fmt.Sprint(i))
		if i == 0 {
			first = chat.MessageID(m.ID)
		}
	}
	s.mustPost(s.general, "k") // the bot's own are left out
	got, err := s.d.After(t.Context(), s.server(), chat.PlaceID(s.general.ID), first, time.Time{}, 1000)
	if err != nil || len(got) != 229 || got[0].Text != "1" || got[228].Text != "229" {
		t.Fatalf("read %d messages (%v)", len(got), err)
	}
	if !slices.IsSortedFunc(got, func(a, b chat.Message) int { return strings.Compare(string(a.ID), string(b.ID)) }) {
		t.Error("they are not in order")
	}
	if m := got[0]; m.Place.Name != "general" || m.Author.Name != "Ana" || m.Place.Server != s.server() {
		t.Errorf("one is %+v", m)
	}
	if got, err := s.d.After(t.Context(), s.server(), chat.PlaceID(s.general.ID), first, time.Time{}, 150); err != nil || len(got) != 150 {
		t.Errorf("with a limit of 150 it gave %d (%v)", len(got), err)
	}
	hidden := s.club.Text("hidden", discordtest.Only(s.mods))
	if _, err := s.d.After(t.Context(), s.server(), chat.PlaceID(hidden.ID), "", time.Time{}, 10); !chat.IsPermanent(err) {
		t.Errorf("a hidden channel gave %v", err)
	}
}

func TestWhatTheBotCannotSee(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	hidden := s.club.Text("hidden", discordtest.Only(s.mods))
	noHistory := s.club.Text("short memory", []discordtest.Overwrite{discordtest.Deny(s.club.Everyone(), discordtest.ReadMessageHistory), discordtest.Deny(s.club.BotRole(), discordtest.ReadMessageHistory)})
	thread := s.ana.Thread(s.general, "talk", false)
	s.start()
	seen, err := s.d.Uncovered(t.Context(), s.server())
	if err != nil {
		t.Fatal(err)
	}
	why := map[chat.PlaceID]string{}
	for _, u := range seen {
		why[u.Place.ID] = u.Why
	}
	for place, want := range map[string]string{hidden.ID: lackView, noHistory.ID: lackHistory, s.general.ID: "", "": lackThreads} {
		if why[chat.PlaceID(place)] != want {
			t.Errorf("place %q: %q, want %q", place, why[chat.PlaceID(place)], want)
		}
	}
	places, err := s.d.Places(t.Context(), s.server())
	if err != nil {
		t.Fatal(err)
	}
	in := func(c *discordtest.Channel) bool {
		return slices.ContainsFunc(places, func(p chat.Place) bool { return p.ID == chat.PlaceID(c.ID) })
	}
	if in(hidden) || !in(s.general) || !in(thread) || !in(s.staff) {
		t.Errorf("the bot reads %+v", places)
	}
}

func TestWhatTheBotLacksInTheStaffRoom(t *testing.T) {
	s := running(t)
	lacks := func(c *discordtest.Channel) []string {
		t.Helper()
		got, err := s.d.Lacks(t.Context(), s.server(), chat.PlaceID(c.ID), s.rule())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := lacks(s.staff); !slices.Equal(got, []string{lackMention}) {
		t.Errorf("after the invitation it lacks %q, want the mention alone", got)
	}
	s.club.BotRole().Grant(discordtest.BotByDefault | discordtest.MentionEveryone)
	s.until("the mention is granted", func() bool { return len(lacks(s.staff)) == 0 })
	hidden := s.club.Text("hidden", discordtest.Only(s.mods))
	s.until("the channel is known", func() bool { _, _, ok := s.d.known(toID(s.server()), toID(chat.PlaceID(hidden.ID)), 0); return ok })
	if got := lacks(hidden); len(got) != 6 || got[0] != lackView {
		t.Errorf("in a hidden channel it lacks %q", got)
	}
	if _, err := s.d.Lacks(t.Context(), s.server(), "1", s.rule()); !chat.IsGone(err) {
		t.Errorf("no channel gave %v", err)
	}
}

func TestTheInviteAsksForLittle(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	link, err := s.d.Invite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("client_id") != s.f.BotID() || q.Get("scope") != "bot applications.commands" {
		t.Errorf("the link is %s", link)
	}
	if got := bits(toID(chat.PlaceID(q.Get("permissions")))); got != permView|permSend|permHistory|permOpenThreads|permSendInThreads {
		t.Errorf("it asks for %b", got)
	}
	offline, err := New(Options{Token: "MTIzNDU2Nzg5MDEyMzQ1Njc4.x.y", BaseURL: "http://127.0.0.1:1/"})
	if err != nil {
		t.Fatal(err)
	}
	if link, err := offline.Invite(t.Context()); err != nil || !strings.Contains(link, "client_id=123456789012345678") {
		t.Errorf("without a network: %s, %v", link, err)
	}
}
