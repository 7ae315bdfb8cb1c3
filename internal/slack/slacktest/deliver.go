package slacktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// delivery is something on its way to the app: an event, which comes again
// until it is acknowledged, or an interaction, which comes once. Guarded by
// Fake.mu.
type delivery struct {
	f       *Fake
	what    string // for people: "message", "/waymark help"
	kind    string // the envelope's type
	team    string
	lane    string // in HTTP mode, deliveries of one lane wait for each other
	payload map[string]any
	attempt int
	reason  string // why it comes again
	asked   *Asked // nil for an event

	envelope string // of the attempt under way, empty between attempts
	socket   *socket
	timer    *time.Timer
	over     bool
}

// The envelope types.
const (
	kindEvent       = "events_api"
	kindInteractive = "interactive"
	kindCommand     = "slash_commands"
)

func (d *delivery) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
}

// Delivered is one event or interaction as it went to the app.
type Delivered struct {
	// Kind is events_api, interactive or slash_commands; What says it for
	// people: "message", "block_actions".
	Kind, What string
	// Attempt counts from 0.
	Attempt int
	// Payload is the JSON that the app got.
	Payload json.RawMessage
}

// subscribed says whether the app gets an event in a workspace: whether it
// asked for it, and has the scope. c is the channel it is about, nil for none.
func (f *Fake) subscribed(w *workspace, c *channel, name string) bool {
	if !w.installed && name != "tokens_revoked" && name != "app_uninstalled" {
		return false
	}
	key := name
	if name == "message" {
		key = "message." + map[string]string{"channel": "channels", "group": "groups", "im": "im"}[c.kind()]
	}
	if f.app.manifest != nil && !slices.Contains(f.app.manifest.events(), key) {
		return false
	}
	if need := eventScope(key, c); need != "" && !slices.Contains(w.scopes, need) {
		return false
	}
	if c == nil || w.bot == nil || c.has(w.bot.id) {
		return true
	}
	// Of public channels that the bot is not in, it hears what happens to
	// them, but not who says what.
	return !c.private && name != "message" && name != "member_joined_channel" && name != "member_left_channel"
}

// eventScope is the scope that an event needs.
func eventScope(key string, c *channel) string {
	switch key {
	case "message.channels":
		return "channels:history"
	case "message.groups":
		return "groups:history"
	case "message.im":
		return "im:history"
	case "member_joined_channel", "member_left_channel", "channel_shared", "channel_unshared":
		if c != nil && c.private {
			return "groups:read"
		}
		return "channels:read"
	case "channel_archive", "channel_unarchive", "channel_rename", "channel_deleted", "channel_created", "channel_left":
		return "channels:read"
	case "group_archive", "group_unarchive", "group_rename", "group_deleted", "group_left":
		return "groups:read"
	case "user_change", "team_join":
		return "users:read"
	case "subteam_created", "subteam_updated", "subteam_members_changed":
		return "usergroups:read"
	}
	return ""
}

// event tells the app that something happened, if it hears of such things.
// Before the app was connected for the first time there is nobody to tell: a
// test builds its world then. The caller holds the lock.
func (f *Fake) event(w *workspace, c *channel, name string, ev map[string]any) {
	if (f.posts.on() || f.sockets.opened > 0) && f.subscribed(w, c, name) {
		f.sendEvent(w, c, name, ev)
	}
}

func (f *Fake) sendEvent(w *workspace, c *channel, name string, ev map[string]any) {
	now := f.opt.Now()
	ev = copied(ev)
	ev["type"] = name
	if ev["event_ts"] == nil {
		ev["event_ts"] = f.ts()
	}
	lane := w.id
	if c != nil {
		lane = c.id
	}
	bot := map[string]any{"enterprise_id": nil, "team_id": w.id, "user_id": "", "is_bot": true, "is_enterprise_install": false}
	if w.bot != nil {
		bot["user_id"] = w.bot.id
	}
	payload := map[string]any{
		"token": f.app.verification, "team_id": w.id, "context_team_id": w.id, "context_enterprise_id": nil, "api_app_id": f.app.id,
		"event": ev, "type": "event_callback", "event_id": f.id("Ev"), "event_time": now.Unix(),
		"authorizations": []any{bot}, "is_ext_shared_channel": c != nil && len(c.connected) > 0,
		"event_context": "4-" + f.id("X"),
	}
	f.start(&delivery{f: f, what: name, kind: kindEvent, team: w.id, lane: lane, payload: payload})
}

// Dispatch sends a raw event, whatever the app is subscribed to: for events
// that the fake has no method for. The event is a JSON object with a type.
func (w *Workspace) Dispatch(event map[string]any) {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	w.f.sendEvent(w.state(), nil, str(event, "type"), event)
}

func (f *Fake) start(d *delivery) {
	f.pending = append(f.pending, d)
	f.try(d)
}

// try makes one attempt. The caller holds the lock.
func (f *Fake) try(d *delivery) {
	if d.over || d.envelope != "" || f.ended() {
		return
	}
	d.stop()
	if f.posts.on() {
		f.post(d)
		return
	}
	s := f.sockets.pick()
	if s == nil {
		f.failed(d, "no_connection")
		return
	}
	d.envelope, d.socket = f.envelopeID(), s
	f.sockets.sent[d.envelope] = d
	out := map[string]any{"type": d.kind, "envelope_id": d.envelope, "payload": d.payload, "accepts_response_payload": d.kind != kindEvent}
	if d.kind == kindEvent {
		out["retry_attempt"], out["retry_reason"] = d.attempt, d.reason
	}
	envelope := d.envelope
	f.noteAttempt(d)
	s.send(marshal(out))
	d.timer = time.AfterFunc(f.opt.AckWithin, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if d.envelope == envelope {
			f.failed(d, "timeout")
		}
	})
	f.wake()
}

// noteAttempt keeps what goes to the app, the last 10,000 attempts.
func (f *Fake) noteAttempt(d *delivery) {
	if len(f.sockets.log) >= maxLog {
		f.sockets.log = slices.Delete(f.sockets.log, 0, maxLog/10)
	}
	f.sockets.log = append(f.sockets.log, d.delivered())
}

func (d *delivery) delivered() Delivered {
	return Delivered{Kind: d.kind, What: d.what, Attempt: d.attempt, Payload: marshal(d.payload)}
}

func (f *Fake) envelopeID() string {
	f.lastID++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", f.lastID, f.lastID)
}

// failed ends an attempt that nobody acknowledged in time. The caller holds
// the lock.
func (f *Fake) failed(d *delivery, reason string) {
	d.stop()
	d.envelope, d.socket = "", nil
	if d.over {
		return
	}
	defer f.wake()
	if d.asked != nil {
		f.finish(d)
		d.asked.fail(reason)
		return
	}
	if d.attempt >= len(f.opt.Retries) {
		f.finish(d)
		f.lost++
		return
	}
	wait := f.opt.Retries[d.attempt]
	d.attempt++
	d.reason = reason
	d.timer = time.AfterFunc(wait, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.try(d)
	})
}

// acknowledged ends a delivery. The caller holds the lock, which is given up
// for a moment at the end.
func (f *Fake) acknowledged(d *delivery, payload json.RawMessage) {
	f.finish(d)
	if d.asked != nil {
		d.asked.acknowledge(payload)
	}
	f.wake()
	if tell := f.onAck; tell != nil {
		what := d.delivered()
		f.mu.Unlock()
		tell(what)
		f.mu.Lock()
	}
}

// OnAcknowledged sets what is called right after each acknowledgement, before
// the next one is read from that socket; nil for nothing. It may block, or end
// the program that is tested.
func (f *Fake) OnAcknowledged(tell func(Delivered)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onAck = tell
}

func (f *Fake) finish(d *delivery) {
	d.stop()
	d.over, d.envelope, d.socket = true, "", nil
	f.pending = slices.DeleteFunc(f.pending, func(x *delivery) bool { return x == d })
}

func (f *Fake) ended() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// Pending counts the events and interactions that are on their way, or wait
// to be delivered again.
func (f *Fake) Pending() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.pending)
}

// Lost counts the events that Slack gave up to deliver.
func (f *Fake) Lost() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}

// AwaitSettled waits until nothing is on its way any more: everything was
// acknowledged or lost.
func (f *Fake) AwaitSettled() {
	f.t.Helper()
	f.Await("everything is acknowledged", func() bool { return f.Pending() == 0 })
}

// Redeliver delivers again, at once, all events that nobody acknowledged yet,
// also those whose acknowledgement may still come, as Slack does when it is in
// doubt. It gives how many.
func (f *Fake) Redeliver() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, d := range slices.Clone(f.pending) {
		if d.asked != nil {
			continue
		}
		n++
		d.stop()
		d.envelope, d.socket = "", nil
		d.attempt++
		d.reason = "timeout"
		f.try(d)
	}
	return n
}

// Repeat delivers an event a second time although the app acknowledged it, as
// Slack sometimes does: the n-th last one of that type, counted from 1. Its
// event id is the same. It ends the test where there was none.
func (f *Fake) Repeat(what string, nth int) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range slices.Backward(f.sockets.log) {
		if x.Kind != kindEvent || x.What != what || x.Attempt != 0 {
			continue
		}
		if nth--; nth > 0 {
			continue
		}
		var payload map[string]any
		_ = json.Unmarshal(x.Payload, &payload)
		d := &delivery{f: f, what: what, kind: kindEvent, team: str(payload, "team_id"), payload: payload, attempt: min(1, len(f.opt.Retries)), reason: "timeout"}
		f.start(d)
		return
	}
	f.t.Fatalf("there was no event %q to repeat", what)
}

// Deliveries are all attempts so far, oldest first.
func (f *Fake) Deliveries() []Delivered {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sockets.log)
}

// Attempts counts how often events or interactions of one kind ("message",
// "block_actions") were delivered.
func (f *Fake) Attempts(what string) int {
	n := 0
	for _, x := range f.Deliveries() {
		if x.What == what {
			n++
		}
	}
	return n
}

func merged(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
