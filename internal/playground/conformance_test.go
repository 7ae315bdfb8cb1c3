package playground

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/chat/chattest"
)

func TestConformance(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.World { return newWorld(t) })
}

// world is a playground for the conformance suite: people act as the page
// does for them, and the bot comes over HTTP.
type world struct {
	t         *testing.T
	s         *Server
	url       string
	mu        sync.Mutex
	trouble   *chattest.Trouble
	submitted map[string]bool
}

var _ chattest.Completer = (*world)(nil)

const testToken = "a-token-for-tests"

func newWorld(t *testing.T) *world {
	s := NewServer(Options{Token: testToken, NoHistory: true})
	web := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); web.CloseClientConnections(); web.Close() })
	w := &world{t: t, s: s, url: web.URL, submitted: map[string]bool{}}
	s.Intercept(w.interfere)
	return w
}

func (w *world) Platform() chat.Platform {
	c := NewClient(w.url, testToken)
	c.backoff = backoff{first: time.Millisecond, most: 50 * time.Millisecond}
	c.grace = 300 * time.Millisecond
	return c
}

func (w *world) Cast() chattest.Cast {
	return chattest.Cast{
		Server: "playground", Public: "general", Other: "gaming", Thread: "thread-fractions", Staff: "staff-room",
		Rule: chat.StaffRule{Place: "staff-room", Role: "staff"},
		Ana:  "robin", Ben: "alex", Mod: "morgan", Name: "Robin",
		Traits: chattest.Traits{Remembers: true, Completes: true}, LongOne: MaxText,
	}
}

func (w *world) as(who chat.PersonID) *Visitor {
	w.t.Helper()
	v, err := w.s.As(who)
	if err != nil {
		w.t.Fatal(err)
	}
	v.Tab = "tab-" + string(who)
	return v
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) Say(who chat.PersonID, in chat.PlaceID, text string) chat.MessageID {
	return w.Reply(who, in, text, "")
}

func (w *world) Reply(who chat.PersonID, in chat.PlaceID, text string, to chat.MessageID) chat.MessageID {
	w.t.Helper()
	id, err := w.as(who).Say(in, text, to)
	w.must(err)
	return id
}

func (w *world) Edit(who chat.PersonID, in chat.PlaceID, id chat.MessageID, text string) {
	w.t.Helper()
	w.must(w.as(who).Edit(in, id, text))
}

func (w *world) Delete(who chat.PersonID, in chat.PlaceID, id chat.MessageID) {
	w.t.Helper()
	w.must(w.as(who).Delete(in, id))
}

func (w *world) Mention(of chat.PersonID) string { return "@" + w.s.person(of).Name }

func (w *world) Use(who chat.PersonID, in chat.PlaceID, command string, args map[string]string) {
	w.t.Helper()
	_, err := w.as(who).Command(in, command, args)
	w.must(err)
}

func (w *world) UseOn(who chat.PersonID, in chat.PlaceID, command string, about chat.MessageID) {
	w.t.Helper()
	_, err := w.as(who).MessageCommand(in, command, about)
	w.must(err)
}

func (w *world) Press(who chat.PersonID, in chat.PlaceID, label string) {
	w.t.Helper()
	w.press(who, in, label, "")
}

func (w *world) Choose(who chat.PersonID, in chat.PlaceID, label, value string) {
	w.t.Helper()
	w.press(who, in, label, value)
}

// press finds the newest control with a label among the cards that the person
// sees, and uses it.
func (w *world) press(who chat.PersonID, in chat.PlaceID, label, value string) {
	w.t.Helper()
	v := w.as(who)
	state := w.s.view(v.me)
	var found *Press
	newest := uint64(0)
	try := func(n uint64, card *cardJSON, at Press) {
		if card == nil || n < newest {
			return
		}
		for _, b := range card.Blocks {
			for _, k := range b.Controls {
				if k.Label == label && k.Type != "link" {
					at.Verb, at.Arg = k.Verb, k.Arg
					found, newest = &at, n
				}
			}
		}
	}
	for _, m := range state.Messages {
		if m.Place == in {
			try(m.N, m.Card, Press{Place: in, Message: m.ID, Value: value})
		}
	}
	for _, p := range state.Private {
		if p.Place == in {
			try(p.N, p.Card, Press{Place: in, Private: p.ID, Value: value})
		}
	}
	if found == nil {
		w.t.Fatalf("%s sees no %q in %s", who, label, in)
	}
	_, err := v.Press(*found)
	w.must(err)
}

// opened finds the newest form that is open in the person's tab.
func (w *world) opened(who chat.PersonID) *openForm {
	v := w.as(who)
	entries, _, _, _ := w.s.since(v.me, w.s.start)
	for _, e := range slices.Backward(entries) {
		var outcome struct {
			Tab  string
			Form *openForm
		}
		if e.kind == "interaction" && json.Unmarshal(e.data, &outcome) == nil && outcome.Form != nil &&
			outcome.Tab == v.Tab && !w.submitted[outcome.Form.ID] {
			return outcome.Form
		}
	}
	return nil
}

func (w *world) Form(who chat.PersonID) *chat.Form {
	w.t.Helper()
	o := w.opened(who)
	if o == nil {
		return nil
	}
	f, err := o.form()
	w.must(err)
	return &f
}

func (w *world) Submit(who chat.PersonID, values map[string]string) {
	w.t.Helper()
	o := w.opened(who)
	if o == nil {
		w.t.Fatalf("no form is open for %s", who)
	}
	_, err := w.as(who).Submit(o.ID, values)
	w.must(err)
	w.submitted[o.ID] = true
}

func (w *world) Complete(who chat.PersonID, in chat.PlaceID, command, option, typed string) []chat.Option {
	w.t.Helper()
	got, err := w.as(who).Complete(w.t.Context(), in, command, nil, option, typed)
	w.must(err)
	return got
}

func (w *world) Sees(who chat.PersonID, in chat.PlaceID) []chattest.Sight {
	w.t.Helper()
	text := func(c *cardJSON) string {
		if c == nil {
			return ""
		}
		card, err := c.card()
		w.must(err)
		return card.PlainText()
	}
	var out []chattest.Sight
	state := w.s.view(w.as(who).me)
	for _, m := range state.Messages {
		if m.Place == in && m.Card != nil {
			out = append(out, chattest.Sight{ID: m.ID, Text: text(m.Card), Under: m.Under, Called: m.Notify})
		}
	}
	for _, p := range state.Private {
		if p.Place == in {
			out = append(out, chattest.Sight{
				Text: text(p.Card), Private: true, Waiting: p.State == stateWaiting,
				Failed: p.State == stateFailed || p.State == stateLate,
			})
		}
	}
	return out
}

func (w *world) LetIn(who chat.PersonID) {
	w.t.Helper()
	if who != newcomerID {
		w.t.Fatalf("only %s can be let in by mistake", newcomerID)
	}
	w.must(w.s.SetStaffRoom(WithNewcomer))
}

func (w *world) Cut() { w.s.Disconnect() }

func (w *world) Trouble(x chattest.Trouble) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble = &x
}

func (w *world) interfere(op Op, _ *http.Request) Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.trouble
	if x == nil || op != OpPost && op != OpUpdate {
		return Fault{}
	}
	w.trouble = nil
	switch {
	case x.Busy > 0:
		return Fault{Status: http.StatusTooManyRequests, RetryAfter: x.Busy}
	case x.Broken:
		return Fault{Status: http.StatusBadGateway}
	case x.Barred:
		return Fault{Status: http.StatusForbidden}
	}
	return Fault{Lost: x.Lost}
}
