package discord

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/chat/chattest"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

func TestConformance(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.World { return newWorld(t) })
}

// tryAgain is what a person sees where the handler failed.
const tryAgain = "Please try again"

// quick makes an adapter for a fake, with short waits.
func quick(t testing.TB, f *discordtest.Fake, change ...func(*Options)) *Discord {
	t.Helper()
	o := Options{Token: Secret(f.Token()), BaseURL: f.URL(), TryAgain: chat.Card{Title: tryAgain}}
	for _, c := range change {
		c(&o)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	d.time.backoff = backoff{first: 5 * time.Millisecond, most: 50 * time.Millisecond}
	d.time.retry = backoff{first: 2 * time.Millisecond, most: 20 * time.Millisecond}
	d.time.invalidMin, d.time.invalidMax = 5*time.Millisecond, 10*time.Millisecond
	d.time.grace = 300 * time.Millisecond
	d.time.identify = time.Millisecond
	d.time.member = 0
	d.guard.unlimited = true
	t.Cleanup(d.rest.Client.CloseIdleConnections)
	return d
}

// world is a server at the fake for the conformance suite.
type world struct {
	t      *testing.T
	f      *discordtest.Fake
	club   *discordtest.Guild
	mods   *discordtest.Role
	people map[chat.PersonID]*discordtest.Person
	places map[chat.PlaceID]*discordtest.Channel
	cast   chattest.Cast

	mu    sync.Mutex
	bot   *Discord
	up    bool
	asked map[chat.PersonID]*discordtest.Asked
	said  map[chat.MessageID]discordtest.Message
}

var _ chattest.Completer = (*world)(nil)

func newWorld(t *testing.T) *world {
	f := discordtest.New(t, discordtest.Options{IdentifyEvery: -1})
	w := &world{
		t: t, f: f, club: f.Guild("Youth club"), people: map[chat.PersonID]*discordtest.Person{},
		places: map[chat.PlaceID]*discordtest.Channel{}, asked: map[chat.PersonID]*discordtest.Asked{},
		said: map[chat.MessageID]discordtest.Message{},
	}
	w.mods = w.club.Role("Moderators", discordtest.ModerateMembers)
	public, other := w.club.Text("general"), w.club.Text("gaming")
	staff := w.club.Text("staff", discordtest.Only(w.mods, w.club.BotRole()))
	ana, ben, mod := w.club.Member("Ana"), w.club.Member("Ben"), w.club.Member("Mo", w.mods)
	thread := ben.Thread(public, "fractions", false)
	for _, p := range []*discordtest.Person{ana, ben, mod} {
		w.people[chat.PersonID(p.ID)] = p
		w.places[chat.PlaceID(p.DirectChannel().ID)] = p.DirectChannel()
	}
	for _, c := range []*discordtest.Channel{public, other, staff, thread} {
		w.places[chat.PlaceID(c.ID)] = c
	}
	w.cast = chattest.Cast{
		Server: chat.ServerID(w.club.ID), Public: chat.PlaceID(public.ID), Other: chat.PlaceID(other.ID),
		Thread: chat.PlaceID(thread.ID), Staff: chat.PlaceID(staff.ID),
		Rule: chat.StaffRule{Place: chat.PlaceID(staff.ID), Role: w.mods.ID},
		Ana:  chat.PersonID(ana.ID), Ben: chat.PersonID(ben.ID), Mod: chat.PersonID(mod.ID), Name: "Ana",
		Traits: chattest.Traits{Completes: true}, LongOne: 2000,
	}
	return w
}

func (w *world) Platform() chat.Platform {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bot == nil {
		w.up = false
	}
	w.bot = quick(w.t, w.f)
	return w.bot
}

func (w *world) Cast() chattest.Cast { return w.cast }

// ready waits for the first connection: what was written before it is history.
func (w *world) ready() {
	w.t.Helper()
	w.mu.Lock()
	up := w.up
	w.up = true
	w.mu.Unlock()
	if !up {
		w.f.AwaitConnected(1)
	}
}

func (w *world) place(in chat.PlaceID) *discordtest.Channel {
	w.t.Helper()
	c := w.places[in]
	if c == nil {
		w.t.Fatalf("there is no place %q", in)
	}
	return c
}

func (w *world) keep(m discordtest.Message) chat.MessageID {
	w.said[chat.MessageID(m.ID)] = m
	return chat.MessageID(m.ID)
}

func (w *world) Say(who chat.PersonID, in chat.PlaceID, text string) chat.MessageID {
	w.t.Helper()
	w.ready()
	if p := w.people[who]; p.DirectChannel().ID == string(in) {
		return w.keep(p.Direct(text))
	}
	return w.keep(w.people[who].Say(w.place(in), text))
}

func (w *world) Reply(who chat.PersonID, in chat.PlaceID, text string, to chat.MessageID) chat.MessageID {
	w.t.Helper()
	w.ready()
	return w.keep(w.people[who].Say(w.place(in), text, discordtest.ReplyTo(w.said[to])))
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
	var options []any
	for k, v := range args {
		options = append(options, discordtest.With(k, v))
	}
	w.asked[who] = w.people[who].Slash(w.place(in), command, options...)
}

func (w *world) UseOn(who chat.PersonID, _ chat.PlaceID, command string, about chat.MessageID) {
	w.t.Helper()
	w.ready()
	w.asked[who] = w.people[who].OnMessage(w.said[about], command)
}

func (w *world) Complete(who chat.PersonID, in chat.PlaceID, command, option, typed string) []chat.Option {
	w.t.Helper()
	w.ready()
	names, values := w.people[who].Type(w.place(in), command, option, typed).Choices()
	var out []chat.Option
	for i := range names {
		out = append(out, chat.Option{Label: names[i], Value: values[i]})
	}
	return out
}

func (w *world) Press(who chat.PersonID, in chat.PlaceID, label string) {
	w.t.Helper()
	w.ready()
	m := w.newest(who, in, func(m discordtest.Message) bool { _, ok := m.Button(label); return ok })
	w.asked[who] = w.people[who].Press(m, label)
}

func (w *world) Choose(who chat.PersonID, in chat.PlaceID, label, value string) {
	w.t.Helper()
	w.ready()
	m := w.newest(who, in, func(m discordtest.Message) bool {
		return slices.ContainsFunc(m.Selects(), func(s discordtest.Select) bool { return s.Placeholder == label })
	})
	w.asked[who] = w.people[who].Choose(m, label, value)
}

func (w *world) newest(who chat.PersonID, in chat.PlaceID, ok func(discordtest.Message) bool) discordtest.Message {
	w.t.Helper()
	list := w.sees(who, in)
	for _, m := range slices.Backward(list) {
		if ok(m) {
			return m
		}
	}
	w.t.Fatal("there is nothing of that kind to press")
	return discordtest.Message{}
}

// sees lists the bot's messages in a place, those in the threads below it, and
// the person's private answers there, oldest first.
func (w *world) sees(who chat.PersonID, in chat.PlaceID) []discordtest.Message {
	w.t.Helper()
	p := w.people[who]
	if p == nil {
		return nil
	}
	c := w.place(in)
	list := p.Sees(c)
	for _, t := range c.Threads() {
		list = append(list, p.Sees(t)...)
	}
	list = slices.DeleteFunc(list, func(m discordtest.Message) bool {
		return m.Author != w.f.BotID() || (m.Components == nil && !m.Thinking)
	})
	slices.SortStableFunc(list, func(a, b discordtest.Message) int {
		return cmp.Compare(toID(chat.MessageID(a.ID)), toID(chat.MessageID(b.ID)))
	})
	return list
}

func (w *world) Sees(who chat.PersonID, in chat.PlaceID) []chattest.Sight {
	w.t.Helper()
	var out []chattest.Sight
	for _, m := range w.sees(who, in) {
		s := chattest.Sight{Text: plainText(w.t, m.Components), Private: m.Private, Waiting: m.Thinking, Called: m.Flags&flagSilent == 0}
		if !m.Private {
			s.ID = chat.MessageID(m.ID)
		}
		if m.ChannelID != string(in) {
			s.Under = chat.MessageID(m.ChannelID)
		}
		s.Failed = s.Text == tryAgain
		out = append(out, s)
	}
	return out
}

func (w *world) Form(who chat.PersonID) *chat.Form {
	w.t.Helper()
	a := w.asked[who]
	if a == nil || a.Kind() != replyModal {
		return nil
	}
	m := a.Modal()
	f := &chat.Form{Title: m.Title}
	for _, x := range m.Fields {
		f.Fields = append(f.Fields, chat.Field{Name: x.CustomID, Label: x.Label})
	}
	return f
}

func (w *world) Submit(who chat.PersonID, values map[string]string) {
	w.t.Helper()
	w.asked[who] = w.asked[who].Fill(values)
}

func (w *world) LetIn(who chat.PersonID) {
	w.t.Helper()
	w.place(w.cast.Staff).SetOverwrites(discordtest.Only(w.mods, w.club.BotRole(), w.people[who]))
	w.f.Await("the bot is told", func() bool {
		g, _ := w.bot.cache.snapshot(toID(w.cast.Server))
		c, _ := g.channel(toID(w.cast.Staff))
		return slices.ContainsFunc(c.overwrites, func(o overwrite) bool { return o.id == toID(who) })
	})
}

func (w *world) Cut() { w.f.Drop(0) }

func (w *world) Trouble(x chattest.Trouble) {
	// As if the pause that was asked for before were over.
	w.bot.rest.Ratelimiter = discordgo.NewRatelimiter()
	var fault discordtest.Fault
	switch {
	case x.Busy > 0:
		fault = discordtest.Limited(x.Busy)
	case x.Broken:
		fault = discordtest.Failing(http.StatusInternalServerError)
	case x.Barred:
		fault = discordtest.Fault{Status: http.StatusForbidden, Code: 50013, Message: "Missing Permissions"}
	case x.Lost:
		fault = discordtest.Fault{Lost: true}
	}
	w.f.FailNext(1, discordtest.OpPost, fault)
}

var (
	testLabel = regexp.MustCompile(`(?m)^\*\*(.*?):\*\* `)
	testBold  = regexp.MustCompile(`(?m)^\*\*(.*)\*\*$`)
	testLink  = regexp.MustCompile(`\[(.*?)\]\(<.*?>\)`)
)

// plainText reads a rendered card as a person would, in the form of
// chat.Card.PlainText.
func plainText(t testing.TB, raw json.RawMessage) string {
	t.Helper()
	var list []component
	if len(raw) == 0 {
		return ""
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, box := range list {
		for _, c := range box.Components {
			if c.Type == typeText {
				texts = append(texts, c.Content)
			}
		}
	}
	s := strings.Join(texts, "\n\n")
	s = testLabel.ReplaceAllString(s, "$1: ")
	s = testBold.ReplaceAllString(s, "$1")
	s = testLink.ReplaceAllString(s, "$1")
	s = strings.NewReplacer("### ", "", "-# ", "").Replace(s)
	s = strings.ReplaceAll(s, "\u200b", "")
	return regexp.MustCompile(`\\(.)`).ReplaceAllString(s, "$1")
}
