package slack

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

func leaf(title string, buttons ...string) chat.Card {
	c := chat.Card{Title: title, Tone: chat.Calm}
	var row chat.Controls
	for _, b := range buttons {
		row = append(row, chat.Button{Label: b, Verb: strings.ToLower(b)})
	}
	if row != nil {
		c.Blocks = []chat.Block{row}
	}
	return c
}

// help answers every command with a page that has all that can be pressed.
func (b *bot) help() {
	b.onCommand = func(_ context.Context, c chat.Command) (chat.Answer, error) {
		return chat.Show(leaf("Page of "+c.Name, "Turn", "More", "Form", "Hide", "Fail")), nil
	}
	b.onAction = func(a chat.Action) (chat.Answer, error) {
		switch a.Verb {
		case "turn":
			return chat.Turn(leaf("Turned", "Hide")), nil
		case "more":
			return chat.Show(leaf("One more", "Turn", "Hide")), nil
		case "form":
			return chat.Answer{Form: &chat.Form{Verb: "f", Title: "A form", Submit: "Send", Fields: []chat.Field{{Name: "a", Label: "A", Kind: chat.Line}}}}, nil
		case "hide":
			return chat.Answer{Hide: true}, nil
		}
		return chat.Answer{}, errors.New("no")
	}
}

func TestTheHomeTab(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	b.help()
	ana := b.team.Member("Ana")
	b.run()
	b.f.AwaitConnected(1)
	ana.OpenMessages()
	ana.OpenHome()
	home := func(words string) slacktest.View {
		t.Helper()
		return b.f.AwaitHome(ana, func(v slacktest.View) bool { return v.Has(words) })
	}
	v := home("Page of home")
	if c := b.commands[0]; c.Name != "home" || c.Person.ID != chat.PersonID(ana.ID) || c.Person.Name != "Ana" || c.Place.Server != b.server() || !c.Place.Direct || c.ID == "" {
		t.Errorf("the handler got %+v", c)
	}
	if len(b.commands) != 1 {
		t.Errorf("the handler was asked %d times, want once: for the Home tab", len(b.commands))
	}

	w := ana.Press(v, "More").View()
	if !w.Has("One more") {
		t.Errorf("the window shows %s", w.Text())
	}
	w = ana.Press(w, "Turn").View()
	if !w.Has("Turned") {
		t.Errorf("the window turned to %s", w.Text())
	}
	if w = ana.Press(w, "Hide").View(); !w.Has("Hidden") || w.Has("Turned") {
		t.Errorf("what was hidden still shows: %s", w.Text())
	}
	ana.CloseView(true)
	if w = ana.Press(v, "Form").View(); w.Title != "A form" {
		t.Errorf("the form is %s", w.Text())
	}
	ana.CloseView(true)
	ana.Press(v, "Turn")
	v = home("Turned")
	ana.Press(v, "Hide")
	v = home("Page of home")
	if w = ana.Press(v, "Fail").View(); !w.Has(tryAgain) {
		t.Errorf("after a failure the window shows %s", w.Text())
	}
	if n := len(ana.Directs()) + len(ana.Private()); n != 0 {
		t.Errorf("%d messages were written besides", n)
	}
}

func TestAHomeTabThatNobodyFillsStaysAsItIs(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	ana := b.team.Member("Ana")
	b.run()
	b.f.AwaitConnected(1)
	ana.OpenHome()
	b.f.Await("the handler is asked", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return len(b.commands) == 1 })
	b.f.AwaitSettled()
	if n := b.f.Count("views.publish"); n != 0 {
		t.Errorf("the tab was written %d times", n)
	}
}

func TestAFormThatComesTooLateHasAButton(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	b.help()
	quickly := b.onAction
	ana, general := b.team.Member("Ana"), b.team.Public("general")
	b.run()
	b.f.AwaitConnected(1)
	m := ana.Slash(general, "/waymark help").Reply()
	normal := b.time.trigger
	b.time.trigger = -1
	late := ana.Press(m, "Form").Reply()
	if _, ok := late.Button("A form"); !ok {
		t.Fatalf("the late form shows as %s", late.Text())
	}
	b.time.trigger = normal
	b.onAction = quickly
	if v := ana.Press(late, "A form").View(); v.Title != "A form" {
		t.Errorf("the button opened %s", v.Text())
	}
}

// staffForm holds what only some platforms can show.
var staffForm = chat.Form{Verb: "set", Arg: "up", Title: "Set up", Submit: "Save", Fields: []chat.Field{
	{Name: "room", Label: "Room", Kind: chat.Room, Required: true},
	{Name: "leads", Label: "Leads", Kind: chat.People, Required: true},
	{Name: "region", Label: "Region", Kind: chat.Choice, Required: true, Value: "here", Options: []chat.Option{{Label: "Here", Value: "here"}, {Label: "There", Value: "there"}}},
}}

func TestWhatIsWrongWithAFormIsShownInIt(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	ana, ben := b.team.Member("Ana"), b.team.Member("Ben")
	general, staff := b.team.Public("general"), b.team.Private("staff", ana)
	b.onCommand = func(context.Context, chat.Command) (chat.Answer, error) { return chat.Answer{Form: &staffForm}, nil }
	slow := make(chan struct{})
	b.onSubmit = func(s chat.Submission) (chat.Answer, error) {
		wrong := leaf("Not saved: too public")
		switch {
		case s.Form != "set" || s.Arg != "up" || s.Value("leads") != ana.ID+" "+ben.ID:
			t.Errorf("the handler got %+v", s)
		case s.Value("region") == "there":
			<-slow
		case s.Value("room") == staff.ID:
			return chat.Show(leaf("Saved")), nil
		}
		return chat.Answer{Card: &wrong, Wrong: map[string]string{"room": "too public", "elsewhere": "not in the form"}}, nil
	}
	b.run()
	b.f.AwaitConnected(1)
	ana.Slash(general, "/waymark x").View()
	leads := ana.ID + "," + ben.ID
	ana.Submit(map[string]string{"Room": general.ID, "Leads": leads}).AwaitAnswered()
	v := b.f.AwaitModal(ana, func(v slacktest.View) bool { return len(v.Errors) > 0 })
	if v.Errors["room"] != "too public" || len(v.Errors) != 1 || len(ana.Private()) != 0 {
		t.Errorf("the window says %v, beside it stand %d answers", v.Errors, len(ana.Private()))
	}
	if m := ana.Submit(map[string]string{"Room": staff.ID, "Leads": leads}).Reply(); !m.Has("Saved") {
		t.Errorf("the answer reads %s", m.Text())
	}
	b.f.AwaitNoModal(ana)

	b.time.form = 20 * time.Millisecond
	ana.Slash(general, "/waymark x").View()
	late := ana.Submit(map[string]string{"Room": general.ID, "Leads": leads, "Region": "there"})
	b.f.AwaitNoModal(ana)
	close(slow)
	if m := late.Reply(); !m.Has("Not saved: too public") {
		t.Errorf("what comes too late for the window reads %s", m.Text())
	}
}

func TestAnswersReachThePersonWhereverTheyAsk(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	b.help()
	ana, lee := b.team.Member("Ana"), b.team.Member("Lee")
	elsewhere := b.team.Private("elsewhere", ana, lee) // the bot is not in it
	b.run()
	b.f.AwaitConnected(1)
	m := ana.Slash(elsewhere, "/waymark").Reply()
	if !m.Private || m.ChannelID != elsewhere.ID || !m.Has("Page of help") {
		t.Errorf("Ana reads %s", m.Text())
	}
	// The address that came with it is not Slack's, and the bot cannot write
	// there otherwise: a direct message it is.
	m = ana.Slash(elsewhere, "/waymark", slacktest.AnswerAt("https://hooks.slack.com.example.org/x")).Reply()
	if m.ChannelID != ana.DirectChannel().ID || !m.Has("Page of help") {
		t.Errorf("Ana reads %s in %s", m.Text(), m.ChannelID)
	}
	if len(lee.Private()) != 0 || len(elsewhere.ByBot()) != 0 {
		t.Error("somebody else read it")
	}
}

func TestAnswersGoToSlackAlone(t *testing.T) {
	s, err := New(Options{BotToken: "xoxb-1", AppToken: "xapp-1", BaseURL: "http://127.0.0.1:9000/api/"})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"https://hooks.slack.com/commands/T1/2/3": true, "https://HOOKS.slack.com/x": true, "https://hooks.slack-gov.com/x": true,
		"http://127.0.0.1:9000/answer/1": true, "http://127.0.0.1:9001/answer/1": false, "https://127.0.0.1:9000/x": false,
		"http://hooks.slack.com/x": false, "https://hooks.slack.com:8443/x": false, "https://hooks.slack.com@example.org/x": false,
		"https://me@hooks.slack.com/x": false, "https://hooks.slack.com.example.org/": false, "https://example.org/hooks.slack.com": false,
		"https://evil.slack.com/x": false, "": false, "://": false, "//hooks.slack.com/x": false,
	} {
		if got := s.trusted(address); got != want {
			t.Errorf("%s: trusted %v, want %v", address, got, want)
		}
	}
}

func TestANervousPressCountsOnce(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	b.help()
	ana, general := b.team.Member("Ana"), b.team.Public("general")
	b.run()
	b.f.AwaitConnected(1)
	m := ana.Slash(general, "/waymark", slacktest.Twice()).Reply()
	ana.Press(m, "Turn", slacktest.Twice())
	b.f.Await("the page turns", func() bool { return m.Now().Has("Turned") })
	b.f.AwaitSettled()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.commands) != 1 || len(b.actions) != 1 {
		t.Errorf("the handler got %d commands and %d actions, want one of each", len(b.commands), len(b.actions))
	}
}

func TestAWhisperIsSeenByOne(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	ana, ben, general := b.team.Member("Ana"), b.team.Member("Ben"), b.team.Public("general")
	b.run()
	b.f.AwaitConnected(1)
	first := ana.Say(general, "hello")
	reply := ana.Say(general, "below", slacktest.InThread(first))
	at := chat.MessageRef{Server: b.server(), Place: placeID(general.ID, first.TS), ID: chat.MessageID(reply.TS)}
	if err := b.Whisper(t.Context(), at, chat.PersonID(ana.ID), leaf("Where to get help")); err != nil {
		t.Fatal(err)
	}
	m := b.f.AwaitPrivate(ana, nil)
	if !m.Has("Where to get help") || m.ThreadTS != first.TS {
		t.Errorf("Ana reads %s below %q", m.Text(), m.ThreadTS)
	}
	if len(ben.Private()) != 0 {
		t.Error("Ben reads it too")
	}
}

func TestWatching(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	ana, ben := b.team.Member("Ana"), b.team.Member("Ben")
	app := b.team.OtherApp("Quiz")
	general := b.team.Public("general")
	b.run()
	b.f.AwaitConnected(1)
	first := ana.Say(general, "first")
	ben.Say(general, "below", slacktest.InThread(first))
	ben.Say(general, "below and beside", slacktest.InThread(first), slacktest.Broadcast())
	ana.Say(general, "only in blocks", slacktest.OnlyBlocks(""))
	ana.Say(general, "", slacktest.Attachments(`[{"text":"only attached"}]`))
	ana.Say(general, "look", slacktest.Files(slacktest.File{Name: "me.png", Title: "a title", Comment: "a comment"}))
	ana.Say(general, "waves", slacktest.Me())
	general.Join(app)
	app.Say(general, "a question")
	edit := ana.Say(general, "see https://example.org")
	edit.Unfurl("A title that nobody wrote")
	ana.Edit(edit, "changed")
	ana.Delete(edit)
	want := []string{"first", "below", "below and beside", "only in blocks", "only attached", "look\na title\nme.png\na comment", "waves", "a question",
		"see https://example.org", "changed"}
	b.f.Await("all arrive", func() bool { return len(b.texts()) >= len(want) })
	b.f.AwaitSettled()
	if got := b.texts(); !slices.Equal(got, want) {
		t.Fatalf("the handler took\n%q, want\n%q", got, want)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	thread := placeID(general.ID, first.TS)
	for _, i := range []int{1, 2} {
		if m := b.messages[i]; m.Place.ID != thread || m.Place.Parent != chat.PlaceID(general.ID) || m.ReplyTo != chat.PersonID(ana.ID) || m.Place.Name != "general" {
			t.Errorf("%q is in %+v and answers %q", m.Text, m.Place, m.ReplyTo)
		}
	}
	if m := b.messages[7]; !m.Author.Bot || m.Author.Name == "" {
		t.Errorf("the program is %+v", m.Author)
	}
	if m := b.messages[9]; !m.Edited || m.ID != chat.MessageID(edit.TS) {
		t.Errorf("the edit is %+v", m)
	}
	if len(b.deleted) != 1 || b.deleted[0].ID != chat.MessageID(edit.TS) {
		t.Errorf("deleted %+v", b.deleted)
	}
}

func TestCatchingUpReadsThreadsToo(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	ana, ben := b.team.Member("Ana"), b.team.Member("Ben")
	general := b.team.Public("general")
	old := ana.Say(general, "long ago")
	general.Messages()
	quiet := ana.Say(general, "a quiet thread")
	ben.Say(general, "answered before", slacktest.InThread(quiet))
	mark := ana.Say(general, "the last that was read")
	var want []string
	for _, say := range []struct {
		text   string
		extras []slacktest.Extra
	}{{"one", nil}, {"below the old one", []slacktest.Extra{slacktest.InThread(old)}}, {"two", nil},
		{"beside too", []slacktest.Extra{slacktest.InThread(old), slacktest.Broadcast()}}, {"three", nil}} {
		ben.Say(general, say.text, say.extras...)
		want = append(want, say.text)
	}
	b.f.FailNext(1, "conversations.replies", slacktest.Limited(time.Second)) // waited for
	var got []string
	last := chat.MessageID(mark.TS)
	for {
		page, err := b.After(t.Context(), b.server(), chat.PlaceID(general.ID), last, time.Time{}, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			got = append(got, m.Text)
			last = m.ID
		}
		if len(page) < 2 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("after the mark: %q, want %q", got, want)
	}
	if n := b.f.Count("conversations.history"); n > 2 {
		t.Errorf("the history was read %d times, want once and once more for what came meanwhile", n)
	}
	in, err := b.After(t.Context(), b.server(), placeID(general.ID, old.TS), "", mark.Time, 10)
	if err != nil || len(in) != 2 || in[0].Place.ID != placeID(general.ID, old.TS) || in[0].ReplyTo != chat.PersonID(ana.ID) {
		t.Errorf("in the thread: %+v %v", in, err)
	}
}

func TestWhatIsNotRead(t *testing.T) {
	b := newBot(t, slacktest.Options{Manifest: manifest(t, ManifestOptions{})})
	b.team.Public("general")
	away := b.team.Public("away", slacktest.WithoutBot)
	b.team.Private("secret")
	b.run()
	b.f.AwaitConnected(1)
	got, err := b.Uncovered(t.Context(), b.server())
	if err != nil || len(got) != 1 || got[0].Place.ID != chat.PlaceID(away.ID) || got[0].Place.Name != "away" || got[0].Why != "join" {
		t.Fatalf("not read: %+v %v", got, err)
	}
	if err := b.Join(t.Context(), b.server(), got[0].Place.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Uncovered(t.Context(), b.server()); err != nil || len(got) != 0 {
		t.Errorf("after joining: %+v %v", got, err)
	}
	if got, err := b.Servers(t.Context()); err != nil || !slices.Equal(got, []chat.ServerID{b.server()}) {
		t.Errorf("the servers are %v %v", got, err)
	}
}

func TestPlacesWithoutTheScopesThatCanBeLeftOut(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	general, staff := b.team.Public("general"), b.team.Private("staff", slacktest.WithBot)
	b.run()
	b.f.AwaitConnected(1)
	for _, left := range []struct {
		scope string
		want  []string
	}{{"mpim:read", []string{general.ID, staff.ID}}, {"groups:read", []string{general.ID}}} {
		b.team.Revoke(left.scope)
		var got []string
		places, err := b.Places(t.Context(), b.server())
		for _, p := range places {
			got = append(got, string(p.ID))
		}
		if err != nil || !slices.Equal(got, left.want) {
			t.Errorf("without %s: %v %v, want %v", left.scope, got, err, left.want)
		}
	}
	b.team.Revoke("channels:read")
	if _, err := b.Places(t.Context(), b.server()); err == nil || !strings.Contains(err.Error(), "channels:read") {
		t.Errorf("without any: %v", err)
	}
}

func TestTheManifest(t *testing.T) {
	least := manifest(t, ManifestOptions{NoPrivate: true, NoGroupDirect: true, NoJoin: true, NoUserGroups: true})
	for _, scope := range []string{"groups:", "mpim:", "channels:join", "usergroups:", "admin", "files:", "chat:write.public"} {
		if strings.Contains(least, scope) {
			t.Errorf("the least manifest asks for %s", scope)
		}
	}
	golden(t, "manifest", manifest(t, ManifestOptions{}))
	for _, o := range []ManifestOptions{{Mode: HTTPMode}, {Mode: HTTPMode, Address: "http://example.org"}, {Mode: "pigeon"}} {
		if _, err := Manifest(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestOptionsSayAllThatIsWrong(t *testing.T) {
	_, err := New(Options{BotToken: "xapp-123", AppToken: "xoxb-4 5", BaseURL: "slack.com"})
	for _, want := range []string{"bot token does not begin with xoxb-", "app token holds characters", "no address"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if err != nil && (strings.Contains(err.Error(), "123") || strings.Contains(err.Error(), "4 5")) {
		t.Errorf("it tells a secret: %v", err)
	}
}
