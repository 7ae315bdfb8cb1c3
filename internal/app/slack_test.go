package app_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/slack"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
	"github.com/waymark-bot/waymark/internal/store"
)

func (s *school) alert() slacktest.Message {
	s.t.Helper()
	return s.f.AwaitMessage(s.staff, func(m slacktest.Message) bool { return m.Has("Case 1: ") })
}

func TestSlackFromHelpToClosedCase(t *testing.T) {
	inBothModes(t, func(t *testing.T, s *school) {
		s.start()
		help := s.ana.Slash(s.general, "/waymark support").Reply()
		if !help.Has("999", "0800 1111") {
			t.Errorf("help has no numbers: %s", help.Text())
		}
		if n := len(s.older.Private()); n != 0 {
			t.Errorf("another member sees %d private answers", n)
		}
		s.ana.Press(help, "Hide")
		s.f.AwaitHidden(help)

		s.older.Say(s.general, worrying)
		card := s.alert()
		if !card.Has("Older", "Do not contact, warn or expose") || card.Has(marker) {
			t.Errorf("the card reads: %s", card.Text())
		}
		s.mo.Press(card, "I'm on it")
		s.f.Await("the card says who is on it", func() bool { return card.Now().Has("Mo is on it") })
		s.mo.Press(card.Now(), "Show message")
		shown := s.f.AwaitPrivate(s.mo, func(m slacktest.Message) bool { return m.Has("The message behind case 1") })
		if !shown.Has(marker) {
			t.Errorf("the message is not shown: %s", shown.Text())
		}
		s.older.Say(s.general, "this is our little secret, don't tell your parents")
		s.f.AwaitReply(card, func(m slacktest.Message) bool { return m.Has("new sign") })

		s.mo.Press(card.Now(), "Close")
		ask := s.f.AwaitPrivate(s.mo, func(m slacktest.Message) bool { return m.Has("How did case 1 end?") })
		s.mo.Press(ask, "We acted on it")
		s.f.Await("the card says how it ended", func() bool { return card.Now().Has("Closed by Mo") })
		if n := len(s.older.Directs()) + len(s.ana.Directs()); n != 0 {
			t.Errorf("members got %d direct messages", n)
		}
	})
}

func TestSlackRoomMadePublic(t *testing.T) {
	s := newSchool(t)
	s.start()
	s.staff.MakePublic()
	s.older.Say(s.general, worrying)
	card := s.f.AwaitDirect(s.lead, func(m slacktest.Message) bool { return m.Has("Case 1: ") })
	if !card.Has("the staff room can also be read by") {
		t.Errorf("the lead is not told why: %s", card.Text())
	}
	if n := len(s.staff.ByBot()); n != 0 {
		t.Errorf("%d messages stand where everybody can read them", n)
	}
}

func TestSlackMarksPeopleOfElsewhere(t *testing.T) {
	s := newSchool(t)
	other := s.f.Workspace("Valley School", slacktest.NotInstalled)
	pat, gil := other.Member("Pat"), s.w.Member("Gil", slacktest.Guest)
	s.start()
	s.general.Join(gil)
	gil.Say(s.general, worrying)
	card := s.alert()
	if !card.Has("Gil (a guest)", "#general") || card.Has("shared with") {
		t.Errorf("the card about a guest reads: %s", card.Text())
	}
	s.general.Connect(other, pat)
	pat.Say(s.general, worrying)
	card = s.f.AwaitMessage(s.staff, func(m slacktest.Message) bool { return m.Has("Case 2: ") })
	const from, where = "Pat (of another organisation)", "#general (shared with another organisation)"
	if !card.Has(from, where) {
		t.Errorf("the card about somebody of another organisation reads: %s", card.Text())
	}
	s.mo.Press(card, "Show message")
	shown := s.f.AwaitPrivate(s.mo, func(m slacktest.Message) bool { return m.Has("The message behind case 2") })
	if !shown.Has(from, where, marker) {
		t.Errorf("the message is shown as: %s", shown.Text())
	}
}

func TestSlackCatchesUp(t *testing.T) {
	inBothModes(t, func(t *testing.T, s *school) {
		s.start()
		s.stop()
		s.older.Say(s.general, worrying)
		s.start()
		s.alert()
		if n := len(s.staff.ByBot()); n != 1 {
			t.Errorf("%d cards stand in the staff room, want 1", n)
		}
	})
}

func TestSlackSetUpByTyping(t *testing.T) {
	s := newSchool(t)
	s.start()
	line := "/waymark staff setup room:<#" + s.staff.ID + "|staff> lead:<@" + s.mo.ID + "> region:Scotland"
	answer := s.mo.Slash(s.staff, line).Reply()
	for _, words := range []string{"private: only staff can read it", "Mo", "Lead", "Scotland"} {
		if !answer.Has(words) {
			t.Errorf("the set-up does not say %q: %s", words, answer.Text())
		}
	}
	s.mo.Slash(s.staff, "/waymark staff test").Reply()
	s.f.AwaitMessage(s.staff, func(m slacktest.Message) bool { return m.Has("this is a test") })
	if answer := s.ana.Slash(s.general, "/waymark staff cases").Reply(); !answer.Has("This is for staff") {
		t.Errorf("a member gets %s", answer.Text())
	}
}

func TestSlackGentleWord(t *testing.T) {
	s := newSchool(t)
	s.start()
	s.mo.Slash(s.staff, "/waymark staff setup note:on").Reply()
	s.ana.Say(s.general, "my dad hits me")
	note := s.f.AwaitPrivate(s.ana, func(m slacktest.Message) bool { return m.Has("You did the right thing") })
	if !note.Has("not your fault", "999", "0800 1111") {
		t.Errorf("the note reads: %s", note.Text())
	}
	if n := len(s.older.Private()) + len(s.mo.Sees(s.general)); n != 1 { // the message itself
		t.Errorf("others see %d messages", n)
	}
	s.older.Say(s.general, worrying)
	s.f.AwaitMessages(s.staff, 2)
	if n := len(s.older.Private()); n != 0 {
		t.Errorf("somebody who threatens got %d notes", n)
	}
}

func TestSlackHome(t *testing.T) {
	inBothModes(t, func(t *testing.T, s *school) {
		s.start()
		s.older.Say(s.general, worrying)
		s.alert()
		s.ana.OpenHome()
		s.f.AwaitHome(s.ana, func(v slacktest.View) bool { return !strings.Contains(v.Text(), "Case 1") && v.Text() != "" })
		s.mo.OpenHome()
		s.f.AwaitHome(s.mo, func(v slacktest.View) bool { return strings.Contains(v.Text(), "Case 1") })
	})
}

func TestSlackLetsTheBotIntoChannels(t *testing.T) {
	s := newSchool(t)
	games, trips := s.w.Public("games", s.ana, slacktest.WithoutBot), s.w.Public("trips", s.ana, slacktest.WithoutBot)
	s.w.Private("teachers", s.lead)
	s.start()
	state := s.mo.Slash(s.staff, "/waymark staff status").Reply()
	if !state.Has("#games: the bot is not in it", "#trips: the bot is not in it", "Private channels that the bot was not invited to", "are invisible to it") ||
		state.Has("teachers") {
		t.Errorf("the state reads: %s", state.Text())
	}
	answer := s.mo.Choose(state, "Let the bot into one of them", trips.ID).Reply()
	if !answer.Has("The bot is in 1 channel more now", "#trips") {
		t.Errorf("the answer reads: %s", answer.Text())
	}
	s.w.Revoke("channels:join")
	answer = s.mo.Press(state, "Let the bot into all 2").Reply()
	if !answer.Has("could not join", "1 channel is left", "lacks the scope channels:join", "waymark slack manifest") {
		t.Errorf("without the scope: %s", answer.Text())
	}
	s.w.Grant("channels:join")
	if answer = s.mo.Press(state, "Let the bot into all 2").Reply(); !answer.Has("1 channel more", "#games") || answer.Has("left") {
		t.Errorf("the answer reads: %s", answer.Text())
	}
	if state = s.mo.Slash(s.staff, "/waymark staff status").Reply(); !state.Has("nothing: all channels can be read", "invisible") {
		t.Errorf("the state reads: %s", state.Text())
	}
	s.older.Say(games, worrying)
	s.alert()
	s.stop()
	db, err := store.Open(t.Context(), filepath.Join(s.dir, "waymark.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var said []string
	err = db.Read(t.Context(), func(tx *store.Tx) error {
		all, err := tx.Audit(t.Context(), "slack", chat.ServerID(s.w.ID), "", 0)
		for _, e := range all {
			if e.Action == "join" {
				said = append(said, e.ActorName+" "+e.Detail)
			}
		}
		return err
	})
	if want := []string{"Mo #games", "Mo #games", "Mo #trips"}; err != nil || !slices.Equal(said, want) {
		t.Errorf("the history says %q, want %q; %v", said, want, err)
	}
}

// A member who sends the press of a button that they never saw.
func TestSlackMembersLetTheBotIntoNothing(t *testing.T) {
	s := newSchool(t)
	trips := s.w.Public("trips", s.ana, slacktest.WithoutBot)
	s.start()
	state := s.mo.Slash(s.staff, "/waymark staff status").Reply()
	all, _ := state.Button("Let the bot into it")
	help := s.ana.Slash(s.general, "/waymark help").Reply()
	answer := s.ana.PressID(help, all.ActionID, "").Reply()
	if !answer.Has("This is for staff") || slices.Contains(trips.Members(), s.w.BotID()) {
		t.Errorf("a member gets %s", answer.Text())
	}
}

func TestSlackSetUpByForm(t *testing.T) {
	inBothModes(t, setUpByForm)
}

func setUpByForm(t *testing.T, s *school) {
	s.unset = true
	admin := s.w.Member("Head", slacktest.Admin)
	s.staff.Join(admin)
	mods := s.w.Group("mods", s.mo, s.lead)
	gil := s.w.Member("Gil", slacktest.Guest)
	s.start()

	s.ana.OpenHome()
	if v := s.f.AwaitHome(s.ana, nil); v.Has("Set up") {
		t.Errorf("a member is offered the set-up: %s", v.Text())
	}
	admin.OpenHome()
	home := s.f.AwaitHome(admin, func(v slacktest.View) bool { return v.Has("not set up yet", "[Set up]") })
	form := admin.Press(home, "Set up").View()
	for label, value := range map[string]string{"Region": "UK", "Tell staff from": "medium", "Who is staff": "none", "Language": "en",
		"Kind note to somebody who asks for help": "off", "Staff channel": "", "Safeguarding leads": ""} {
		i := slices.IndexFunc(form.Fields, func(f slacktest.Field) bool { return f.Label == label })
		if i < 0 || form.Fields[i].Value != value {
			t.Errorf("%s: %+v, want %q", label, form.Fields, value)
		}
	}

	wrong := func(says string, values map[string]string) {
		t.Helper()
		all := map[string]string{"Staff channel": s.staff.ID, "Safeguarding leads": s.lead.ID, "Region": "Scotland"}
		for k, v := range values {
			all[k] = v
		}
		admin.Submit(all).AwaitAnswered()
		v := s.f.AwaitModal(admin, func(v slacktest.View) bool { return len(v.Errors) > 0 })
		if !v.Has(says) {
			t.Errorf("the form does not say %q: %v", says, v.Errors)
		}
	}
	wrong("everyone in the workspace", map[string]string{"Staff channel": s.general.ID})
	wrong("The bot is not in this channel", map[string]string{"Staff channel": s.w.Private("teachers", admin).ID})
	wrong("Gil (a guest) is not a full member", map[string]string{"Safeguarding leads": s.lead.ID + "," + gil.ID})
	wrong("cannot be told directly", map[string]string{"Safeguarding leads": s.w.OtherApp("Quiz").ID})
	wrong("can also be read by Head", map[string]string{"Who is staff": mods.ID})
	s.staff.Leave(admin)

	admin.Submit(map[string]string{
		"Staff channel": s.staff.ID, "Safeguarding leads": s.lead.ID + "," + s.mo.ID, "Region": "Scotland", "Who is staff": mods.ID,
		"Tell staff from": "high", "Kind note to somebody who asks for help": "on",
	})
	saved := s.f.AwaitModal(admin, func(v slacktest.View) bool { return v.Has("Saved: ") })
	for _, words := range []string{"the staff room", "the leads", "the staff role", "the region", "from when staff are told", "the kind note",
		"private: only staff can read it", "Lead, Mo", "Scotland"} {
		if !saved.Has(words) {
			t.Errorf("the answer does not say %q: %s", words, saved.Text())
		}
	}
	if saved.Has("the language") {
		t.Errorf("what was not changed is said to be: %s", saved.Text())
	}
	s.f.AwaitHome(admin, func(v slacktest.View) bool { return !v.Has("Set up") }) // now the group is staff

	state := s.mo.Slash(s.staff, "/waymark staff status").Reply()
	if !state.Has("Please look now", "Scotland") {
		t.Errorf("the state reads: %s", state.Text())
	}
	s.mo.OpenHome()
	home = s.f.AwaitHome(s.mo, func(v slacktest.View) bool { return v.Has("[Set up]") && !v.Has("not set up yet") })
	form = s.mo.Press(home, "Set up").View()
	if f := form.Fields; f[0].Value != s.staff.ID || f[1].Value != s.lead.ID+","+s.mo.ID || f[2].Value != mods.ID {
		t.Errorf("the form holds %+v", f)
	}
	s.mo.Submit(nil)
	if v := s.f.AwaitModal(s.mo, func(v slacktest.View) bool { return v.Has("What to do") || v.Has("Staff room") }); v.Has("Saved") {
		t.Errorf("nothing was changed, and it says %s", v.Text())
	}
}

// Whatever people call themselves and write, a card names nobody; only staff
// are called, and only in their room.
func TestSlackNotifiesStaffAlone(t *testing.T) {
	s := newSchool(t)
	mods := s.w.Group("mods", s.mo, s.lead)
	s.start()
	s.older.Rename("<!here> <@" + s.ana.ID + "> @everyone")
	s.older.Say(s.general, s.ana.Mention()+" <!channel> "+worrying)
	first := s.alert()
	if !first.Has("<!here> <@"+s.ana.ID+"> @everyone", "Ana") {
		t.Errorf("the card does not say who it is about: %s", first.Text())
	}
	s.mo.Press(first, "Show message")
	shown := s.f.AwaitPrivate(s.mo, func(m slacktest.Message) bool { return m.Has("The message behind case 1") })
	if !shown.Has("@Ana @channel send me") {
		t.Errorf("the message is shown as %s", shown.Text())
	}
	s.older.Say(s.general, "this is our little secret, don't tell your parents", slacktest.InThread(s.general.Messages()[0]))
	s.f.AwaitReply(first, func(m slacktest.Message) bool { return m.Has("Case 1") })
	s.ana.Slash(s.general, "/waymark ask <!channel> "+s.mo.Mention()+" is this safe?").Reply()
	s.mo.Slash(s.staff, "/waymark staff setup role:"+mods.Mention()).Reply()
	s.mo.Slash(s.staff, "/waymark staff test").Reply()
	test := s.f.AwaitMessage(s.staff, func(m slacktest.Message) bool { return m.Has("this is a test") })
	s.staff.MakePublic()
	s.ana.Say(s.general, worrying)
	direct := s.f.AwaitDirect(s.lead, func(m slacktest.Message) bool { return m.Has("Case 3: ") })

	if got := first.Pings(); !slices.Equal(got, []string{"channel"}) {
		t.Errorf("the card calls %v, want the staff channel", got)
	}
	if got := test.Pings(); !slices.Equal(got, []string{mods.ID}) {
		t.Errorf("with a group, the card calls %v, want the group", got)
	}
	for _, m := range append(s.staff.ByBot(), direct, shown) {
		got := m.Pings()
		if m.TS != first.TS && m.TS != test.TS && len(got) != 0 {
			t.Errorf("%v are called by: %s", got, m.Text())
		}
		for _, who := range got {
			if who[0] == 'U' {
				t.Errorf("a person is called by: %s", m.Text())
			}
		}
	}
	if got := s.general.ByBot(); len(got) != 0 {
		t.Errorf("the bot wrote where everybody reads: %s", got[0].Text())
	}
	for _, p := range []*slacktest.Person{s.ana, s.older} {
		if n := len(p.Directs()); n != 0 {
			t.Errorf("%s got %d direct messages", p.Name, n)
		}
	}
}

// What was caught up with may still be delivered, under another event id.
func TestSlackLateEventCountsOnce(t *testing.T) {
	s := newSchoolIn(t, slack.HTTPMode)
	s.start()
	said := s.older.Say(s.general, worrying)
	card := s.alert()
	at := "http://" + s.listen + slack.EventsPath
	for range 2 { // each with an id of its own
		if p := s.f.SendSigned(at, "application/json", s.f.EventBody(said)); p.Status != 200 {
			t.Fatalf("the late event was answered %d", p.Status)
		}
	}
	s.stop()
	s.start()
	s.ana.Say(s.general, worrying)
	s.f.AwaitMessage(s.staff, func(m slacktest.Message) bool { return m.Has("Case 2: ") })
	if n, below := len(s.staff.ByBot()), len(card.Replies()); n != 2 || below != 0 {
		t.Errorf("staff see %d cards and %d notes below the first, want one for each person", n, below)
	}
}

// The staff channel is archived and one of two leads has left.
func TestSlackStaffRoomIsGone(t *testing.T) {
	s := newSchool(t)
	s.start()
	second := s.w.Member("Second")
	s.mo.Slash(s.staff, "/waymark staff setup lead:"+second.Mention()).Reply()
	s.older.Say(s.general, worrying)
	s.alert()
	s.staff.Archive(true)
	s.lead.Deactivate()
	s.ana.Say(s.general, worrying)
	card := s.f.AwaitDirect(second, func(m slacktest.Message) bool { return m.Has("Case 2: ") })
	if !card.Has("the staff room cannot be reached") {
		t.Errorf("the lead is not told why: %s", card.Text())
	}
	second.Press(card, "I'm on it")
	s.f.Await("the card says who is on it", func() bool { return card.Now().Has("Second is on it") })
}
