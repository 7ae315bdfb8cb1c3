package slacktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// message is one message, or one private answer. Guarded by Fake.mu.
type message struct {
	ch       *channel
	user     *user // nil for an old-fashioned integration
	ts       string
	thread   string // ts of the first message of the thread; empty for none
	bcast    bool   // a reply that is shown in the channel too
	subtype  string
	text     string // with Slack's escapes
	blocks   []any
	attached []any
	files    []any
	botID    string
	appID    string
	username string
	metadata map[string]any
	clientID string // client_msg_id
	editor   string
	editedAt string
	inviter  string
	extra    map[string]any
	gone     bool
	changes  int

	kids    []*message // its replies, also those that are gone
	private *user      // who alone sees it
	seq     int        // when it came, or last changed for its reader
}

// Message is a message as somebody sees it, a picture of that moment.
type Message struct {
	// TS is its timestamp, which with the channel is its id.
	TS string
	// ChannelID is the channel's id, WorkspaceID that of the workspace.
	ChannelID, WorkspaceID string
	// Author is the id of who wrote it, AuthorName what they are called.
	Author, AuthorName string
	// Raw is the text as it went over the wire, with Slack's escapes: what
	// notifications show, and what readers see where there are no blocks.
	Raw  string
	Time time.Time
	// ThreadTS is the timestamp of the thread's first message, empty outside.
	ThreadTS string
	// Broadcast is set for a reply that is shown in the channel too.
	Broadcast bool
	Subtype   string
	// Blocks and Attachments are JSON lists.
	Blocks, Attachments json.RawMessage
	// Metadata is what the app sent along, null where nothing.
	Metadata json.RawMessage
	// Private is set for what one person alone sees.
	Private bool
	// Edited is set for what was changed.
	Edited bool
	// Deleted is set where the message is gone.
	Deleted bool
	// Changes counts how often it was changed.
	Changes int

	f *Fake
	m *message
}

func (f *Fake) view(m *message) Message {
	out := Message{
		TS: m.ts, ChannelID: m.ch.id, WorkspaceID: m.ch.ws.id, Raw: m.text, Time: TimeOf(m.ts), ThreadTS: m.thread, Broadcast: m.bcast,
		Subtype: m.subtype, Blocks: marshal(list(m.blocks)), Attachments: marshal(list(m.attached)), Metadata: marshal(m.metadata),
		Private: m.private != nil, Edited: m.editedAt != "", Deleted: m.gone, Changes: m.changes, f: f, m: m,
	}
	if m.user != nil {
		out.Author, out.AuthorName = m.user.id, m.user.real
	} else {
		out.AuthorName = m.username
	}
	return out
}

// Now is the message as it is at this moment.
func (m Message) Now() Message {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	return m.f.view(m.m)
}

// Channel is where the message is.
func (m Message) Channel() *Channel { return &Channel{f: m.f, ID: m.ChannelID} }

// Replies are what hangs below the message, oldest first.
func (m Message) Replies() []Message {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	var out []Message
	for _, x := range m.m.replies() {
		out = append(out, m.f.view(x))
	}
	return out
}

// Link is the message's address in Slack's own clients.
func (m Message) Link() string {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	return m.m.permalink()
}

// JSON is the message as the Web API would give it, with its metadata.
func (m Message) JSON() json.RawMessage {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	return marshal(m.m.json(true))
}

// Text is all that a reader sees: the blocks where there are some, else the
// text; attachments and files; the labels of buttons in brackets. Links stand
// as their label, people and channels by their names.
func (m Message) Text() string {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	return m.f.visible(m.m.text, m.m.blocks, m.m.attached, m.m.files)
}

// Fallback is what notifications and screen readers say.
func (m Message) Fallback() string {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	return m.f.plain(m.m.text)
}

// Has says whether a reader sees all of these words.
func (m Message) Has(words ...string) bool {
	text := m.Text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// Buttons are the message's buttons in reading order.
func (m Message) Buttons() []Button { return buttonsIn(decode(m.Blocks)) }

// Button finds a button by its label.
func (m Message) Button(label string) (Button, bool) { return findButton(m.Buttons(), label) }

// Selects are what one can choose from, in reading order.
func (m Message) Selects() []Select { return selectsIn(decode(m.Blocks)) }

// Pings are those whom the message notifies by naming them: "U…", "S…",
// "here", "channel" or "everyone". A private answer notifies nobody.
func (m Message) Pings() []string {
	if m.Private {
		return nil
	}
	var out []string
	look := func(s string) {
		for _, x := range mention.FindAllStringSubmatch(s, -1) {
			who := x[1]
			if who[0] == '@' {
				who = who[1:]
			} else if who[0] == '#' {
				continue
			} else {
				who = strings.TrimPrefix(who[1:], "subteam^")
			}
			who, _, _ = strings.Cut(who, "|")
			if !slices.Contains(out, who) {
				out = append(out, who)
			}
		}
	}
	look(m.Raw)
	walk(decode(m.Blocks), func(x map[string]any) {
		switch str(x, "type") {
		case "mrkdwn":
			look(str(x, "text"))
		case "user":
			look("<@" + str(x, "user_id") + ">")
		case "usergroup":
			look("<!subteam^" + str(x, "usergroup_id") + ">")
		case "broadcast":
			look("<!" + str(x, "range") + ">")
		}
	})
	return out
}

func (m *message) replies() []*message {
	return slices.DeleteFunc(slices.Clone(m.kids), func(x *message) bool { return x.gone || x.private != nil })
}

// keep puts a message at the end of its channel, and below its first message.
func (m *message) keep() {
	m.ch.messages = append(m.ch.messages, m)
	if root := m.ch.find(m.thread); m.thread != "" && root != nil {
		root.kids = append(root.kids, m)
	}
}

func (c *channel) find(ts string) *message {
	i, ok := slices.BinarySearchFunc(c.messages, ts, func(m *message, ts string) int {
		a, _ := micros(m.ts)
		b, _ := micros(ts)
		return int(min(1, max(-1, a-b)))
	})
	if !ok || c.messages[i].gone {
		return nil
	}
	return c.messages[i]
}

func (m *message) permalink() string {
	out := fmt.Sprintf("https://%s.slack.com/archives/%s/p%s", m.ch.ws.domain, m.ch.id, strings.Replace(m.ts, ".", "", 1))
	if m.thread != "" && m.thread != m.ts {
		out += "?thread_ts=" + m.thread + "&cid=" + m.ch.id
	}
	return out
}

// json is the message as the Web API and events have it.
func (m *message) json(metadata bool) map[string]any {
	out := map[string]any{"type": "message", "ts": m.ts, "text": m.text}
	if m.subtype != "" {
		out["subtype"] = m.subtype
	}
	if m.user != nil {
		out["user"] = m.user.id
		out["team"] = m.user.ws.id
		if m.user.ws != m.ch.ws {
			out["user_team"], out["source_team"] = m.user.ws.id, m.user.ws.id
		}
	}
	if m.botID != "" {
		out["bot_id"] = m.botID
		if m.user != nil {
			out["app_id"] = m.appID
			out["bot_profile"] = map[string]any{"id": m.botID, "app_id": m.appID, "name": m.user.real, "deleted": false,
				"updated": 1700000000, "team_id": m.ch.ws.id, "icons": map[string]any{}}
		}
	}
	set := func(name string, v string) {
		if v != "" {
			out[name] = v
		}
	}
	set("username", m.username)
	set("client_msg_id", m.clientID)
	set("inviter", m.inviter)
	if len(m.blocks) > 0 {
		out["blocks"] = m.blocks
	}
	if len(m.attached) > 0 {
		out["attachments"] = m.attached
	}
	if len(m.files) > 0 {
		out["files"], out["upload"] = m.files, false
	}
	if m.editedAt != "" {
		out["edited"] = map[string]any{"user": m.editor, "ts": m.editedAt}
	}
	if metadata && m.metadata != nil {
		out["metadata"] = m.metadata
	}
	maps.Copy(out, m.extra)
	m.threadJSON(out)
	return out
}

func (m *message) threadJSON(out map[string]any) {
	if m.thread != "" {
		out["thread_ts"] = m.thread
		if root := m.ch.find(m.thread); root != nil {
			if root.user != nil {
				out["parent_user_id"] = root.user.id
			}
			if m.bcast {
				out["root"] = root.json(false)
			}
		}
		return
	}
	replies := m.replies()
	if len(replies) == 0 {
		return
	}
	var users []string
	for _, r := range replies {
		if r.user != nil && !slices.Contains(users, r.user.id) {
			users = append(users, r.user.id)
		}
	}
	maps.Copy(out, map[string]any{
		"thread_ts": m.ts, "reply_count": len(replies), "reply_users": list(users), "reply_users_count": len(users),
		"latest_reply": replies[len(replies)-1].ts, "is_locked": false, "subscribed": false,
	})
}

// add puts a message into its channel and tells the app. The caller holds the
// lock.
func (f *Fake) add(m *message) {
	m.ts = f.ts()
	m.seq = f.seq()
	if m.user != nil && m.user.bot {
		m.botID, m.appID = m.user.botID, m.user.appID
	}
	m.keep()
	f.tellMessage(m)
	f.wake()
}

// tellMessage sends the event of a new message.
func (f *Fake) tellMessage(m *message) {
	ev := m.json(false)
	delete(ev, "metadata")
	ev["channel"], ev["event_ts"] = m.ch.id, m.ts
	f.messageEvent(m.ch, ev)
}

func (f *Fake) messageEvent(c *channel, ev map[string]any) {
	ev["channel_type"] = c.kind()
	if c.kind() == "im" && c.archived {
		return
	}
	f.event(c.ws, c, "message", ev)
}

// edit changes a message and tells the app, as Slack does for edits, unfurled
// links and updates by apps.
func (f *Fake) edit(m *message, by *user, change func()) {
	before := m.json(false)
	change()
	m.changes++
	m.seq = f.seq()
	now := f.ts()
	if by != nil {
		m.editor, m.editedAt = by.id, now
	}
	f.messageEvent(m.ch, map[string]any{
		"subtype": "message_changed", "hidden": true, "channel": m.ch.id, "ts": now, "event_ts": now,
		"message": m.json(false), "previous_message": before,
	})
	f.wake()
}

// remove takes a message away. The first message of a thread with replies
// leaves a tombstone, as Slack does.
func (f *Fake) remove(m *message) {
	if len(m.replies()) > 0 {
		f.edit(m, nil, func() {
			m.subtype, m.text, m.blocks, m.attached, m.files = "tombstone", "This message was deleted.", nil, nil, nil
			m.extra = map[string]any{"hidden": true}
			m.user, m.botID, m.metadata = f.slackbot(m.ch.ws), "", nil
		})
		return
	}
	before := m.json(false)
	m.gone = true
	m.seq = f.seq()
	now := f.ts()
	f.messageEvent(m.ch, map[string]any{
		"subtype": "message_deleted", "hidden": true, "channel": m.ch.id, "ts": now, "event_ts": now,
		"deleted_ts": m.ts, "previous_message": before,
	})
	f.wake()
}

func (f *Fake) slackbot(w *workspace) *user {
	if u := f.users["USLACKBOT"]; u != nil {
		return u
	}
	u := &user{id: "USLACKBOT", name: "slackbot", real: "Slackbot", ws: w}
	f.users[u.id] = u
	return u
}

var (
	mention  = regexp.MustCompile(`<([@#!][A-Za-z0-9^|_-]+)>`)
	address  = regexp.MustCompile(`https?://[^\s<>|()]+[^\s<>|().,;:!?'"]`)
	wireLink = regexp.MustCompile(`<((?:https?|mailto|tel|sms):[^|>]*)(?:\|([^>]*))?>`)
)

// typed turns what a person types into the text and the blocks that Slack
// makes of it: &, < and > escaped, addresses in angle brackets.
func typed(s string) (text string, blocks []any) {
	var elements []any
	plain := func(s string) {
		if s == "" {
			return
		}
		at := 0
		for _, x := range address.FindAllStringIndex(s, -1) {
			if x[0] > at {
				text += escape(s[at:x[0]])
				elements = append(elements, map[string]any{"type": "text", "text": s[at:x[0]]})
			}
			text += "<" + escape(s[x[0]:x[1]]) + ">"
			elements = append(elements, map[string]any{"type": "link", "url": s[x[0]:x[1]]})
			at = x[1]
		}
		if at < len(s) {
			text += escape(s[at:])
			elements = append(elements, map[string]any{"type": "text", "text": s[at:]})
		}
	}
	at := 0
	for _, x := range mention.FindAllStringSubmatchIndex(s, -1) {
		what := s[x[2]:x[3]]
		var el map[string]any
		switch {
		case what[0] == '@' && strings.HasPrefix(what[1:], "U"):
			el = map[string]any{"type": "user", "user_id": what[1:]}
		case what[0] == '#' && strings.HasPrefix(what[1:], "C"):
			el = map[string]any{"type": "channel", "channel_id": what[1:]}
		case strings.HasPrefix(what, "!subteam^"):
			el = map[string]any{"type": "usergroup", "usergroup_id": what[9:]}
		case what == "!here" || what == "!channel" || what == "!everyone":
			el = map[string]any{"type": "broadcast", "range": what[1:]}
		default:
			continue
		}
		plain(s[at:x[0]])
		text += s[x[0]:x[1]]
		elements = append(elements, el)
		at = x[1]
	}
	plain(s[at:])
	if len(elements) == 0 {
		return text, nil
	}
	return text, []any{map[string]any{"type": "rich_text", "block_id": "rt", "elements": []any{
		map[string]any{"type": "rich_text_section", "elements": elements}}}}
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// plain is a text as a reader sees it: links by their label, people by their
// name, escapes undone. The caller holds the lock.
func (f *Fake) plain(s string) string {
	s = wireLink.ReplaceAllStringFunc(s, func(x string) string {
		m := wireLink.FindStringSubmatch(x)
		if m[2] != "" {
			return m[2]
		}
		return m[1]
	})
	s = mention.ReplaceAllStringFunc(s, func(x string) string {
		id, label, _ := strings.Cut(x[2:len(x)-1], "|")
		switch {
		case label != "":
			return x[1:2] + label
		case x[1] == '@' && f.users[id] != nil:
			return "@" + f.users[id].real
		case x[1] == '#' && f.channels[id] != nil:
			return "#" + f.channels[id].name
		}
		return strings.NewReplacer("<", "", ">", "", "!", "@", "subteam^", "").Replace(x)
	})
	return unescape(s)
}

// visible is all that a reader sees. The caller holds the lock.
func (f *Fake) visible(text string, blocks, attached, files []any) string {
	var lines []string
	add := func(s string) {
		if s != "" {
			lines = append(lines, s)
		}
	}
	if len(blocks) > 0 {
		f.readBlocks(blocks, add)
	} else {
		add(f.plain(text))
	}
	for _, a := range attached {
		a, _ := a.(map[string]any)
		if inner, ok := a["blocks"].([]any); ok {
			f.readBlocks(inner, add)
		}
		for _, k := range []string{"pretext", "author_name", "title", "text", "footer"} {
			add(f.plain(str(a, k)))
		}
		fields, _ := a["fields"].([]any)
		for _, x := range fields {
			x, _ := x.(map[string]any)
			add(f.plain(str(x, "title")))
			add(f.plain(str(x, "value")))
		}
	}
	for _, x := range files {
		x, _ := x.(map[string]any)
		add(str(x, "title"))
	}
	return strings.Join(lines, "\n")
}

// readBlocks reads out blocks, in order.
func (f *Fake) readBlocks(blocks []any, add func(string)) {
	words := func(v any) string {
		m, _ := v.(map[string]any)
		if str(m, "type") == "mrkdwn" {
			return f.plain(str(m, "text"))
		}
		return str(m, "text")
	}
	for _, b := range blocks {
		b, _ := b.(map[string]any)
		switch str(b, "type") {
		case "rich_text":
			add(f.richText(b))
		case "context":
			for _, e := range items(b, "elements") {
				add(words(e))
			}
		case "actions":
			for _, e := range items(b, "elements") {
				add(elementWords(e))
			}
		case "markdown":
			add(str(b, "text"))
		case "input":
			add(words(b["label"]))
			if hint := words(b["hint"]); hint != "" {
				add(hint)
			}
			el, _ := b["element"].(map[string]any)
			if el != nil {
				add(elementWords(el))
			}
		default:
			add(words(b["text"]))
			for _, x := range items(b, "fields") {
				add(words(x))
			}
			add(words(b["title"]))
			if el, ok := b["accessory"].(map[string]any); ok {
				add(elementWords(el))
			}
		}
	}
}

func elementWords(el map[string]any) string {
	if str(el, "type") == "button" {
		t, _ := el["text"].(map[string]any)
		return "[" + str(t, "text") + "]"
	}
	if p, ok := el["placeholder"].(map[string]any); ok {
		return "[" + str(p, "text") + "]"
	}
	return ""
}

func (f *Fake) richText(b map[string]any) string {
	var out strings.Builder
	var read func(list []map[string]any)
	read = func(list []map[string]any) {
		for _, e := range list {
			switch str(e, "type") {
			case "text":
				out.WriteString(str(e, "text"))
			case "link":
				if t := str(e, "text"); t != "" {
					out.WriteString(t)
				} else {
					out.WriteString(str(e, "url"))
				}
			case "user":
				out.WriteString(f.plain("<@" + str(e, "user_id") + ">"))
			case "channel":
				out.WriteString(f.plain("<#" + str(e, "channel_id") + ">"))
			case "usergroup":
				out.WriteString("@" + str(e, "usergroup_id"))
			case "broadcast":
				out.WriteString("@" + str(e, "range"))
			case "emoji":
				out.WriteString(":" + str(e, "name") + ":")
			default:
				if out.Len() > 0 {
					out.WriteString("\n")
				}
				read(items(e, "elements"))
			}
		}
	}
	read(items(b, "elements"))
	return out.String()
}

// Button is something to press.
type Button struct {
	Label, ActionID, BlockID, Value, URL, Style string
}

// Select is something to choose from: a select, a menu, radio buttons or
// checkboxes.
type Select struct {
	// Kind is Slack's name of it: "static_select", "users_select".
	Kind, ActionID, BlockID string
	// Label is the label of the input, or else the placeholder.
	Label string
	// Labels and Values are the options.
	Labels, Values []string
	// Chosen is the value chosen at first, empty for none.
	Chosen string
}

func buttonsIn(blocks []any) []Button {
	var out []Button
	eachElement(blocks, func(block, el map[string]any) {
		if str(el, "type") == "button" {
			t, _ := el["text"].(map[string]any)
			out = append(out, Button{Label: str(t, "text"), ActionID: str(el, "action_id"), BlockID: str(block, "block_id"),
				Value: str(el, "value"), URL: str(el, "url"), Style: str(el, "style")})
		}
	})
	return out
}

func findButton(list []Button, label string) (Button, bool) {
	for _, b := range list {
		if b.Label == label {
			return b, true
		}
	}
	return Button{}, false
}

func selectsIn(blocks []any) []Select {
	var out []Select
	eachElement(blocks, func(block, el map[string]any) {
		kind := str(el, "type")
		if !strings.HasSuffix(kind, "_select") && kind != "overflow" && kind != "radio_buttons" && kind != "checkboxes" {
			return
		}
		s := Select{Kind: kind, ActionID: str(el, "action_id"), BlockID: str(block, "block_id")}
		if label, ok := block["label"].(map[string]any); ok {
			s.Label = str(label, "text")
		} else if p, ok := el["placeholder"].(map[string]any); ok {
			s.Label = str(p, "text")
		}
		for _, o := range optionsOf(el) {
			t, _ := o["text"].(map[string]any)
			s.Labels, s.Values = append(s.Labels, str(t, "text")), append(s.Values, str(o, "value"))
		}
		if first, ok := el["initial_option"].(map[string]any); ok {
			s.Chosen = str(first, "value")
		}
		for _, k := range []string{"initial_user", "initial_conversation", "initial_channel"} {
			if v := str(el, k); v != "" {
				s.Chosen = v
			}
		}
		out = append(out, s)
	})
	return out
}

func optionsOf(el map[string]any) []map[string]any {
	out := items(el, "options")
	for _, g := range items(el, "option_groups") {
		out = append(out, items(g, "options")...)
	}
	return out
}

// eachElement visits every interactive element with its block, in order.
func eachElement(blocks []any, visit func(block, el map[string]any)) {
	for _, b := range blocks {
		b, _ := b.(map[string]any)
		for _, el := range items(b, "elements") {
			visit(b, el)
		}
		for _, name := range []string{"accessory", "element"} {
			if el, ok := b[name].(map[string]any); ok {
				visit(b, el)
			}
		}
	}
}

// walk visits every object in a value.
func walk(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			walk(x, visit)
		}
	case map[string]any:
		visit(v)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			walk(v[k], visit)
		}
	}
}

func str(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

func items(m map[string]any, name string) []map[string]any {
	raw, _ := m[name].([]any)
	var out []map[string]any
	for _, x := range raw {
		if o, ok := x.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

func marshal(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only what JSON gave us or what we made of plain values
	}
	return b
}

func decode(raw json.RawMessage) []any {
	var out []any
	_ = json.Unmarshal(raw, &out)
	return out
}

// copied is a deep copy of a JSON value.
func copied[T any](v T) T {
	var out T
	_ = json.Unmarshal(marshal(v), &out)
	return out
}
