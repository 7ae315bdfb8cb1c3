package slacktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// trigger lets the app open one view, for three seconds. Guarded by Fake.mu.
type trigger struct {
	user *user
	at   time.Time
	used bool
	ask  *Asked
}

// triggerAlive is how long a trigger works.
const triggerAlive = 3 * time.Second

// Asked is something that a person asked of the app, on its way: a command, a
// shortcut, a press, a choice, a filled-in view.
type Asked struct {
	f *Fake
	p *Person
	// What is the kind: slash_commands, block_actions, view_submission, ….
	What string
	// TriggerID and ResponseURL are what the app got; the latter is empty
	// where there is none.
	TriggerID, ResponseURL string

	seq      int
	at       time.Time
	ackedAt  time.Time
	acked    bool
	ack      json.RawMessage
	failed   string
	channel  *channel
	thread   string
	view     *view
	replaces *message // what an answer by response_url can replace
}

// Way changes how something that a person asks reaches the app.
type Way func(*asking)

type asking struct {
	responseURL string
	times       int
}

// AnswerAt gives the app another response_url, which may be at a foreign host.
func AnswerAt(address string) Way { return func(a *asking) { a.responseURL = address } }

// Twice delivers it two times, as a nervous network does. Each has its own
// envelope; trigger and answer address are the same.
func Twice() Way { return func(a *asking) { a.times = 2 } }

// Shown is something with buttons and selects: a Message or a View.
type Shown interface {
	shown() (blocks []any, m *message, v *view)
}

func (m Message) shown() ([]any, *message, *view) { return m.m.blocks, m.m, nil }

// ask sends something to the app. The caller holds the lock.
func (f *Fake) ask(a *Asked, kind string, payload map[string]any, ways []Way) *Asked {
	way := asking{times: 1}
	for _, w := range ways {
		w(&way)
	}
	u := a.p.state()
	a.seq, a.at = f.seq(), time.Now()
	f.lastID++
	a.TriggerID = fmt.Sprintf("%d.%d.%032x", 1000000000000+f.lastID, 2000000000000, f.lastID)
	f.triggers[a.TriggerID] = &trigger{user: u, at: f.opt.Now(), ask: a}
	payload["trigger_id"] = a.TriggerID
	if a.channel != nil {
		a.ResponseURL = f.answerAddress(a, kind)
		if way.responseURL != "" {
			a.ResponseURL = way.responseURL
		}
		payload["response_url"] = a.ResponseURL
	}
	payload = copied(payload) // what it is made of may change
	f.asked = append(f.asked, a)
	for range way.times {
		f.start(&delivery{f: f, what: a.What, kind: kind, team: u.ws.id, payload: payload, asked: a, lane: a.TriggerID})
	}
	return a
}

// team is the workspace with the app that somebody acts in: their own, or the
// host of the channel.
func actsIn(u *user, c *channel) *workspace {
	if c != nil {
		return c.ws
	}
	return u.ws
}

// Slash types a slash command into a channel, whether the bot is in it or not:
// Slash(general, "/waymark support").
func (p *Person) Slash(in *Channel, line string, ways ...Way) *Asked {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	u, c := p.state(), in.state()
	if !u.reads(c) {
		f.t.Fatalf("%s cannot be in %s", p.Name, c.name)
	}
	name, text, _ := strings.Cut(line, " ")
	if !f.hasCommand(name) || !c.ws.installed || u.ws != c.ws {
		f.t.Fatalf("%s knows no command %q", c.ws.name, name)
	}
	a := &Asked{f: f, p: p, What: kindCommand, channel: c}
	return f.ask(a, kindCommand, map[string]any{
		"token": f.app.verification, "team_id": c.ws.id, "team_domain": c.ws.domain, "channel_id": c.id, "channel_name": c.shownName(),
		"user_id": u.id, "user_name": u.name, "command": name, "text": f.slashText(text), "api_app_id": f.app.id,
		"is_enterprise_install": "false",
	}, ways)
}

// slashText is what Slack makes of the words behind a command: escaped; people,
// channels and addresses are marked only where the manifest asks for it.
func (f *Fake) slashText(s string) string {
	if m := f.app.manifest; m != nil && len(m.Features.SlashCommands) > 0 && m.Features.SlashCommands[0].ShouldEscape {
		text, _ := typed(s)
		return strings.TrimSpace(text)
	}
	named := mention.ReplaceAllStringFunc(s, f.plain)
	return strings.TrimSpace(escape(named))
}

func (c *channel) shownName() string {
	switch {
	case c.im != nil:
		return "directmessage"
	case c.private:
		return "privategroup"
	}
	return c.name
}

func (f *Fake) common(u *user, c *channel) map[string]any {
	w := actsIn(u, c)
	return map[string]any{
		"team": map[string]any{"id": w.id, "domain": w.domain}, "enterprise": nil, "is_enterprise_install": false,
		"user":       map[string]any{"id": u.id, "username": u.name, "name": u.name, "team_id": u.ws.id},
		"api_app_id": f.app.id, "token": f.app.verification,
	}
}

// Shortcut uses a message shortcut on a message, whether the bot is in that
// channel or not.
func (p *Person) Shortcut(m Message, callbackID string, ways ...Way) *Asked {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	u, c := p.state(), m.m.ch
	if !u.reads(c) || m.m.private != nil || m.m.gone {
		f.t.Fatalf("%s cannot use a shortcut on that message", p.Name)
	}
	if !f.hasShortcut("message", callbackID) {
		f.t.Fatalf("there is no message shortcut %q", callbackID)
	}
	a := &Asked{f: f, p: p, What: "message_action", channel: c, thread: m.m.thread}
	return f.ask(a, kindInteractive, merged(f.common(u, c), map[string]any{
		"type": "message_action", "callback_id": callbackID, "action_ts": f.ts(), "message_ts": m.m.ts,
		"channel": map[string]any{"id": c.id, "name": c.shownName()}, "message": m.m.json(false),
	}), ways)
}

// GlobalShortcut uses a shortcut from anywhere.
func (p *Person) GlobalShortcut(callbackID string, ways ...Way) *Asked {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.hasShortcut("global", callbackID) {
		f.t.Fatalf("there is no shortcut %q", callbackID)
	}
	a := &Asked{f: f, p: p, What: "shortcut"}
	return f.ask(a, kindInteractive, merged(f.common(p.state(), nil), map[string]any{
		"type": "shortcut", "callback_id": callbackID, "action_ts": f.ts()}), ways)
}

// Press presses the button with this label in a message or a view. It ends the
// test where there is no such button, or where the person cannot see it.
func (p *Person) Press(on Shown, label string, ways ...Way) *Asked {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	blocks, m, v := on.shown()
	b, ok := findButton(buttonsIn(blocks), label)
	f.mu.Unlock()
	if !ok {
		f.t.Fatalf("there is no button %q in: %s", label, f.read(blocks))
	}
	return p.act(m, v, map[string]any{"type": "button", "action_id": b.ActionID, "block_id": b.BlockID, "value": b.Value}, ways)
}

// PressID presses a button by its action id with a value, also one that is
// not (or no longer) there: clients can send anything.
func (p *Person) PressID(on Shown, actionID, value string, ways ...Way) *Asked {
	p.f.t.Helper()
	p.f.mu.Lock()
	_, m, v := on.shown()
	p.f.mu.Unlock()
	return p.act(m, v, map[string]any{"type": "button", "action_id": actionID, "block_id": "old", "value": value}, ways)
}

// Choose chooses in the select (or menu, radio buttons, checkboxes) with this
// label, placeholder or action id: a value, a label of an option, or the id of
// somebody or something.
func (p *Person) Choose(on Shown, which string, values ...string) *Asked {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	blocks, m, v := on.shown()
	var action, option map[string]any
	why := fmt.Sprintf("there is no select %q", which)
	eachElement(blocks, func(block, el map[string]any) {
		if action != nil || !answersTo(block, el, which) {
			return
		}
		chosen, err := choose(el, values)
		if err != nil {
			why = err.Error()
			return
		}
		action, option = map[string]any{"type": str(el, "type"), "action_id": str(el, "action_id"), "block_id": str(block, "block_id")}, chosen
		if v != nil {
			v.set(str(block, "block_id"), str(el, "action_id"), merged(map[string]any{"type": str(el, "type")}, chosen))
		}
	})
	f.mu.Unlock()
	if action == nil {
		f.t.Fatalf("%s in: %s", why, f.read(blocks))
	}
	maps.Copy(action, option)
	return p.act(m, v, action, nil)
}

func (f *Fake) read(blocks []any) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.visible("", blocks, nil, nil)
}

// answersTo says whether an element is the one that somebody means.
func answersTo(block, el map[string]any, which string) bool {
	text := func(m map[string]any, name string) string {
		t, _ := m[name].(map[string]any)
		return str(t, "text")
	}
	if str(el, "type") == "button" {
		return false
	}
	return which == str(el, "action_id") || which == str(block, "block_id") || which == text(block, "label") || which == text(el, "placeholder")
}

// choose is what an element says once these are chosen.
func choose(el map[string]any, values []string) (map[string]any, error) {
	kind := str(el, "type")
	byID := map[string]string{"users": "user", "conversations": "conversation", "channels": "channel"}
	if multi, name := strings.HasPrefix(kind, "multi_"), strings.TrimSuffix(strings.TrimPrefix(kind, "multi_"), "_select"); byID[name] != "" {
		if multi {
			return map[string]any{"selected_" + name: values}, nil
		}
		if len(values) == 0 {
			return map[string]any{"selected_" + byID[name]: nil}, nil
		}
		return map[string]any{"selected_" + byID[name]: values[0]}, nil
	}
	switch kind {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		return map[string]any{"value": values[0]}, nil
	case "datepicker":
		return map[string]any{"selected_date": values[0]}, nil
	case "timepicker":
		return map[string]any{"selected_time": values[0]}, nil
	}
	var chosen []any
	for _, v := range values {
		i := slices.IndexFunc(optionsOf(el), func(o map[string]any) bool {
			t, _ := o["text"].(map[string]any)
			return str(o, "value") == v || str(t, "text") == v
		})
		if i < 0 {
			if kind == "external_select" {
				chosen = append(chosen, map[string]any{"value": v, "text": map[string]any{"type": "plain_text", "text": v, "emoji": true}})
				continue
			}
			return nil, fmt.Errorf("there is no option %q", v)
		}
		chosen = append(chosen, optionsOf(el)[i])
	}
	if kind == "checkboxes" || strings.HasPrefix(kind, "multi_") {
		return map[string]any{"selected_options": list(chosen)}, nil
	}
	if len(chosen) == 0 {
		return map[string]any{"selected_option": nil}, nil
	}
	return map[string]any{"selected_option": chosen[0]}, nil
}

// act sends block_actions.
func (p *Person) act(m *message, v *view, action map[string]any, ways []Way) *Asked {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	u := p.state()
	action["action_ts"] = f.ts()
	a := &Asked{f: f, p: p, What: "block_actions", view: v}
	payload := map[string]any{"type": "block_actions", "actions": []any{action}}
	if v != nil {
		if v.user != u || v.gone {
			f.t.Fatalf("%s does not have that view open", p.Name)
		}
		payload["container"] = map[string]any{"type": "view", "view_id": v.id}
		payload["view"] = v.json()
		return f.ask(a, kindInteractive, merged(f.common(u, nil), payload), ways)
	}
	if m.gone || m.private != nil && m.private != u || m.private == nil && !u.reads(m.ch) {
		f.t.Fatalf("%s does not see that message", p.Name)
	}
	a.channel, a.thread, a.replaces = m.ch, m.thread, m
	container := map[string]any{"type": "message", "message_ts": m.ts, "channel_id": m.ch.id, "is_ephemeral": m.private != nil}
	if m.thread != "" {
		container["thread_ts"] = m.thread
	}
	payload["container"] = container
	payload["channel"] = map[string]any{"id": m.ch.id, "name": m.ch.shownName()}
	payload["state"] = map[string]any{"values": map[string]any{}}
	if m.private == nil {
		payload["message"] = m.json(false)
	}
	return f.ask(a, kindInteractive, merged(f.common(u, m.ch), payload), ways)
}

// Suggest types into an external select and gives the labels and values that
// the app offers.
func (p *Person) Suggest(on Shown, which, typed string) (labels, values []string) {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	blocks, m, v := on.shown()
	u := p.state()
	var payload map[string]any
	eachElement(blocks, func(block, el map[string]any) {
		if payload == nil && answersTo(block, el, which) {
			payload = map[string]any{"type": "block_suggestion", "action_id": str(el, "action_id"), "block_id": str(block, "block_id"), "value": typed}
		}
	})
	if payload == nil {
		f.mu.Unlock()
		f.t.Fatalf("there is no select %q", which)
	}
	a := &Asked{f: f, p: p, What: "block_suggestion"}
	if v != nil {
		payload["container"], payload["view"] = map[string]any{"type": "view", "view_id": v.id}, v.json()
	} else {
		payload["container"] = map[string]any{"type": "message", "message_ts": m.ts, "channel_id": m.ch.id, "is_ephemeral": m.private != nil}
		payload["channel"] = map[string]any{"id": m.ch.id, "name": m.ch.shownName()}
	}
	f.ask(a, kindInteractive, merged(f.common(u, nil), payload), nil)
	f.mu.Unlock()
	a.AwaitAnswered()
	f.mu.Lock()
	defer f.mu.Unlock()
	var got map[string]any
	_ = json.Unmarshal(a.ack, &got)
	for _, o := range optionsOf(got) {
		t, _ := o["text"].(map[string]any)
		labels, values = append(labels, str(t, "text")), append(values, str(o, "value"))
	}
	return labels, values
}

// OpenHome opens the app's Home tab. The app is told by app_home_opened and
// shows something by views.publish.
func (p *Person) OpenHome() {
	f := p.f
	f.mu.Lock()
	defer f.mu.Unlock()
	u := p.state()
	f.homeOpened(u, "home")
}

// OpenMessages opens the app's Messages tab.
func (p *Person) OpenMessages() {
	f := p.f
	f.mu.Lock()
	defer f.mu.Unlock()
	f.homeOpened(p.state(), "messages")
}

func (f *Fake) homeOpened(u *user, tab string) {
	c := f.direct(u.ws, u)
	ev := map[string]any{"user": u.id, "channel": c.id, "tab": tab}
	if tab == "home" && u.home != nil {
		ev["view"] = u.home.json()
	}
	f.event(u.ws, nil, "app_home_opened", ev)
}

// acknowledge is the app's acknowledgement. The caller holds the lock.
func (a *Asked) acknowledge(payload json.RawMessage) {
	if a.acked {
		return
	}
	a.acked, a.ackedAt, a.ack = true, time.Now(), payload
	empty := len(payload) == 0 || string(payload) == "null" || string(payload) == "{}" || string(payload) == `""`
	switch a.What {
	case kindCommand:
		if !empty {
			a.f.commandAnswer(a, payload)
		}
	case "view_submission":
		a.f.submitted(a, payload, empty)
	case "block_suggestion":
		a.f.checkOptions(payload)
	default:
		if !empty {
			a.f.violation("%s was acknowledged with %.80s; Slack does nothing with it", a.What, payload)
		}
	}
}

// fail is that no acknowledgement came.
func (a *Asked) fail(reason string) {
	if !a.acked && a.failed == "" {
		a.failed = reason
		a.f.wake()
	}
}

// Answered says whether the app acknowledged it.
func (a *Asked) Answered() bool {
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	return a.acked
}

// Unanswered counts what people asked and the app has not acknowledged, or
// failed to in time.
func (f *Fake) Unanswered() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, a := range f.asked {
		if !a.acked {
			n++
		}
	}
	return n
}

// Failed is why the person was told that the app did not respond; empty where
// they were not.
func (a *Asked) Failed() string {
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	return a.failed
}

// Took is how long the acknowledgement took.
func (a *Asked) Took() time.Duration {
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	return a.ackedAt.Sub(a.at)
}

// AwaitAnswered waits for the acknowledgement, and ends the test where the
// person is told that the app did not respond.
func (a *Asked) AwaitAnswered() {
	a.f.t.Helper()
	a.f.Await("the app acknowledges "+a.What, func() bool { return a.Answered() || a.Failed() != "" })
	if why := a.Failed(); why != "" {
		a.f.t.Fatalf("the app did not respond to %s: %s", a.What, why)
	}
}

// AwaitFailed waits until the person is told that the app did not respond.
func (a *Asked) AwaitFailed() string {
	a.f.t.Helper()
	a.f.Await("the app fails to acknowledge "+a.What, func() bool { return a.Failed() != "" })
	return a.Failed()
}

// Reply waits for what the person gets to see as an answer: a private answer
// that is new or was changed since, or a direct message of the app's.
func (a *Asked) Reply() Message {
	a.f.t.Helper()
	var found Message
	a.f.Await("the app answers "+a.What+" with a message", func() bool {
		a.f.mu.Lock()
		defer a.f.mu.Unlock()
		m := a.f.shownSince(a.p.state(), a.seq)
		if m != nil {
			found = a.f.view(m)
		}
		return m != nil || a.failed != ""
	})
	if why := a.Failed(); why != "" {
		a.f.t.Fatalf("the app did not respond to %s: %s", a.What, why)
	}
	return found
}

// shownSince is the first thing that somebody alone got to see after a moment.
func (f *Fake) shownSince(u *user, seq int) *message {
	var first *message
	for _, c := range f.channels {
		for _, m := range c.messages {
			mine := m.private == u || c.im == u && m.user != nil && m.user == c.ws.bot
			if mine && !m.gone && m.seq > seq && (first == nil || m.seq < first.seq) {
				first = m
			}
		}
	}
	return first
}

// View waits for a view that the app opened, pushed or changed as the answer.
func (a *Asked) View() View {
	a.f.t.Helper()
	var found View
	a.f.Await("the app answers "+a.What+" with a view", func() bool {
		a.f.mu.Lock()
		defer a.f.mu.Unlock()
		u := a.p.state()
		if n := len(u.modals); n > 0 && u.modals[n-1].seq > a.seq {
			found = a.f.viewOf(u.modals[n-1])
			return true
		}
		return a.failed != ""
	})
	if why := a.Failed(); why != "" {
		a.f.t.Fatalf("the app did not respond to %s: %s", a.What, why)
	}
	return found
}
