package slack

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/chat/chattest"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

func TestConformance(t *testing.T) {
	for _, mode := range []Mode{SocketMode, HTTPMode} {
		t.Run(string(mode), func(t *testing.T) {
			chattest.Run(t, func(t *testing.T) chattest.World { return newWorld(t, mode) })
		})
	}
}

// tryAgain is what a person sees where the handler failed.
const tryAgain = "Please try again"

// quick makes an adapter for a fake, with short waits.
func quick(t testing.TB, f *slacktest.Fake, token string, change ...func(*Options)) *Slack {
	t.Helper()
	o := Options{
		BotToken: Secret(token), AppToken: Secret(f.AppToken()), SigningSecret: Secret(f.SigningSecret()), BaseURL: f.URL(),
		TryAgain: chat.Card{Title: tryAgain}, Hidden: chat.Card{Title: "Hidden"},
	}
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.time.backoff = backoff{first: 5 * time.Millisecond, most: 50 * time.Millisecond}
	s.time.retry = backoff{first: 2 * time.Millisecond, most: 20 * time.Millisecond}
	s.time.event = 800 * time.Millisecond
	s.time.grace = 300 * time.Millisecond
	s.time.member, s.time.naming = 0, 0
	t.Cleanup(s.http.CloseIdleConnections)
	return s
}

// world is a workspace at the fake for the conformance suite.
type world struct {
	t      *testing.T
	f      *slacktest.Fake
	school *slacktest.Workspace
	people map[chat.PersonID]*slacktest.Person
	places map[chat.PlaceID]*slacktest.Channel
	root   slacktest.Message
	cast   chattest.Cast

	mode Mode
	mu   sync.Mutex
	bot  *Slack
	up   bool
	said map[chat.MessageID]slacktest.Message
}

// manifest is what somebody pastes who sets up the app.
func manifest(t testing.TB, o ManifestOptions) string {
	t.Helper()
	raw, err := Manifest(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func newWorld(t *testing.T, mode Mode) *world {
	f := slacktest.New(t, slacktest.Options{
		Unlimited: true, AckWithin: time.Second, Manifest: manifest(t, ManifestOptions{Mode: mode, Address: "https://bot.example.org"}),
	})
	w := &world{
		t: t, f: f, mode: mode, school: f.Workspace("Hill School"), people: map[chat.PersonID]*slacktest.Person{},
		places: map[chat.PlaceID]*slacktest.Channel{}, said: map[chat.MessageID]slacktest.Message{},
	}
	ana, ben, mod := w.school.Member("Ana"), w.school.Member("Ben"), w.school.Member("Mo")
	public, other := w.school.Public("general"), w.school.Public("gaming")
	staff := w.school.Private("staff", mod, slacktest.WithBot)
	mods := w.school.Group("mods", mod)
	public.RemoveBot()
	w.root = ben.Say(public, "fractions") // nobody tells the bot of it
	public.InviteBot()
	thread := placeID(public.ID, w.root.TS)
	for _, p := range []*slacktest.Person{ana, ben, mod} {
		w.people[chat.PersonID(p.ID)] = p
	}
	for _, c := range []*slacktest.Channel{public, other, staff} {
		w.places[chat.PlaceID(c.ID)] = c
	}
	w.places[thread] = public
	w.cast = chattest.Cast{
		Server: chat.ServerID(w.school.ID), Public: chat.PlaceID(public.ID), Other: chat.PlaceID(other.ID), Thread: thread,
		Staff: chat.PlaceID(staff.ID), Rule: chat.StaffRule{Place: chat.PlaceID(staff.ID), Role: mods.ID},
		Ana: chat.PersonID(ana.ID), Ben: chat.PersonID(ben.ID), Mod: chat.PersonID(mod.ID), Name: "Ana",
		Traits: chattest.Traits{Remembers: true}, LongOne: 4000,
	}
	return w
}

func (w *world) Platform() chat.Platform {
	bot := quick(w.t, w.f, w.school.Token(), func(o *Options) { o.Mode = w.mode })
	first := w.current() == nil
	w.mu.Lock()
	w.bot = bot
	w.mu.Unlock()
	if first && w.mode == HTTPMode {
		listen(w.t, w.f, func() http.Handler { return w.current().Handler() })
	}
	return bot
}

func (w *world) current() *Slack {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bot
}

// listen has the fake send its requests to a handler.
func listen(t testing.TB, f *slacktest.Fake, h func() http.Handler) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	at := server.URL + EventsPath
	f.PostTo(slacktest.Endpoints{Events: at, Interactivity: at, Commands: at})
	return at
}

func (w *world) Cast() chattest.Cast { return w.cast }

// ready waits for the first connection: what people ask for reaches nobody
// before it.
func (w *world) ready() {
	w.t.Helper()
	w.mu.Lock()
	up := w.up
	w.up = true
	w.mu.Unlock()
	switch {
	case up:
	case w.mode == HTTPMode:
		w.f.Await("the bot runs", func() bool { return w.current().in.Load() != nil })
	default:
		w.f.AwaitConnected(1)
	}
}

func (w *world) place(in chat.PlaceID) *slacktest.Channel {
	w.t.Helper()
	if c := w.places[in]; c != nil {
		return c
	}
	for _, p := range w.people {
		if c := p.DirectChannel(); c.ID == string(in) {
			return c
		}
	}
	w.t.Fatalf("there is no place %q", in)
	return nil
}

func (w *world) keep(m slacktest.Message) chat.MessageID {
	w.said[chat.MessageID(m.TS)] = m
	return chat.MessageID(m.TS)
}

func (w *world) Say(who chat.PersonID, in chat.PlaceID, text string) chat.MessageID {
	w.t.Helper()
	w.ready()
	if in == w.cast.Thread {
		return w.keep(w.people[who].Say(w.place(in), text, slacktest.InThread(w.root)))
	}
	return w.keep(w.people[who].Say(w.place(in), text))
}

func (w *world) Reply(who chat.PersonID, in chat.PlaceID, text string, to chat.MessageID) chat.MessageID {
	w.t.Helper()
	w.ready()
	return w.keep(w.people[who].Say(w.place(in), text, slacktest.InThread(w.said[to])))
}

func (w *world) Edit(who chat.PersonID, _ chat.PlaceID, id chat.MessageID, text string) {
	w.t.Helper()
	w.people[who].Edit(w.said[id], text)
}

func (w *world) Delete(who chat.PersonID, _ chat.PlaceID, id chat.MessageID) {
	w.t.Helper()
	w.people[who].Delete(w.said[id])
}

func (w *world) Mention(of chat.PersonID) string { return w.people[of].Mention() }

func (w *world) Use(who chat.PersonID, in chat.PlaceID, command string, args map[string]string) {
	w.t.Helper()
	w.ready()
	line := "/waymark " + command
	for _, v := range args {
		line += " " + v
	}
	w.people[who].Slash(w.place(in), line)
}

func (w *world) UseOn(who chat.PersonID, _ chat.PlaceID, command string, about chat.MessageID) {
	w.t.Helper()
	w.ready()
	w.people[who].Shortcut(w.said[about], callbackID(command))
}

func (w *world) Press(who chat.PersonID, in chat.PlaceID, label string) {
	w.t.Helper()
	w.ready()
	m := w.newest(who, in, func(m slacktest.Message) bool { _, ok := m.Button(label); return ok })
	w.people[who].Press(m, label)
}

func (w *world) Choose(who chat.PersonID, in chat.PlaceID, label, value string) {
	w.t.Helper()
	w.ready()
	m := w.newest(who, in, func(m slacktest.Message) bool { return len(m.Selects()) > 0 })
	w.people[who].Choose(m, label, value)
}

func (w *world) newest(who chat.PersonID, in chat.PlaceID, ok func(slacktest.Message) bool) slacktest.Message {
	w.t.Helper()
	for _, m := range slices.Backward(w.sees(who, in)) {
		if ok(m) {
			return m
		}
	}
	w.t.Fatal("there is nothing of that kind to press")
	return slacktest.Message{}
}

func (w *world) sees(who chat.PersonID, in chat.PlaceID) []slacktest.Message {
	w.t.Helper()
	return slices.DeleteFunc(w.people[who].Sees(w.place(in)), func(m slacktest.Message) bool { return m.Author != w.school.BotID() || len(m.Blocks) <= 2 })
}

func (w *world) Sees(who chat.PersonID, in chat.PlaceID) []chattest.Sight {
	w.t.Helper()
	var out []chattest.Sight
	for _, m := range w.sees(who, in) {
		s := chattest.Sight{Text: plainText(w.t, m.Blocks), Private: m.Private, Called: slices.Contains(m.Pings(), "channel")}
		if !m.Private {
			s.ID = chat.MessageID(m.TS)
		}
		if m.ThreadTS != m.TS {
			s.Under = chat.MessageID(m.ThreadTS)
		}
		s.Failed = s.Text == tryAgain
		out = append(out, s)
	}
	return out
}

func (w *world) Form(who chat.PersonID) *chat.Form {
	w.t.Helper()
	v, ok := w.people[who].Modal()
	if !ok {
		return nil
	}
	f := &chat.Form{Title: v.Title}
	for _, x := range v.Fields {
		f.Fields = append(f.Fields, chat.Field{Name: x.ActionID, Label: x.Label})
	}
	return f
}

func (w *world) Submit(who chat.PersonID, values map[string]string) {
	w.t.Helper()
	w.people[who].Submit(values)
}

func (w *world) LetIn(who chat.PersonID) { w.place(w.cast.Staff).Join(w.people[who]) }

func (w *world) Cut() { w.f.Drop() }

func (w *world) Trouble(x chattest.Trouble) {
	var fault slacktest.Fault
	switch {
	case x.Busy > 0:
		fault = slacktest.Limited(x.Busy)
	case x.Broken:
		fault = slacktest.Failing(http.StatusInternalServerError)
	case x.Barred:
		fault = slacktest.Refusing("restricted_action")
	case x.Lost:
		fault = slacktest.Fault{Lost: true}
	}
	w.f.FailNext(1, "chat.postMessage", fault)
}
