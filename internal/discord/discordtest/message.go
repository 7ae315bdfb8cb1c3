package discordtest

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Message flags and types, with Discord's values.
const (
	flagEphemeral     = 1 << 6
	flagThinking      = 1 << 7
	flagHasThread     = 1 << 5
	flagForwarded     = 1 << 14
	flagComponentsV2  = 1 << 15
	typeDefault       = 0
	typeThreadCreated = 18
	typeReply         = 19
	typeChatCommand   = 20
	typeThreadStarter = 21
	typeMenuCommand   = 23
	typeAutoMod       = 24
)

// message is one message. Ephemeral ones hang on their interaction and are in
// no channel's list.
type message struct {
	id          string
	channel     *channel
	author      *user
	webhook     string
	content     string
	time        time.Time
	edited      time.Time
	kind        int
	flags       int
	embeds      json.RawMessage
	components  json.RawMessage
	poll        json.RawMessage
	snapshots   json.RawMessage
	attachments []string
	replyTo     *message
	nonce       string
	thread      *channel
	asked       *interaction
	private     *user // who alone sees it
	pings       []string
	mentions    []string
	deleted     bool
	changes     int
}

func (m *message) v2() bool { return m.flags&flagComponentsV2 != 0 }

// messageJSON is a message on the wire.
type messageJSON struct {
	ID              string          `json:"id"`
	ChannelID       string          `json:"channel_id"`
	GuildID         string          `json:"guild_id,omitempty"`
	Type            int             `json:"type"`
	Content         string          `json:"content"`
	Timestamp       string          `json:"timestamp"`
	EditedTimestamp *string         `json:"edited_timestamp"`
	Author          map[string]any  `json:"author"`
	Member          map[string]any  `json:"member,omitempty"`
	Mentions        []any           `json:"mentions"`
	MentionRoles    []string        `json:"mention_roles"`
	MentionEveryone bool            `json:"mention_everyone"`
	Attachments     []any           `json:"attachments"`
	Embeds          json.RawMessage `json:"embeds"`
	Components      json.RawMessage `json:"components"`
	Poll            json.RawMessage `json:"poll,omitempty"`
	Snapshots       json.RawMessage `json:"message_snapshots,omitempty"`
	Reference       map[string]any  `json:"message_reference,omitempty"`
	Referenced      *messageJSON    `json:"referenced_message,omitempty"`
	WebhookID       string          `json:"webhook_id,omitempty"`
	ApplicationID   string          `json:"application_id,omitempty"`
	Metadata        map[string]any  `json:"interaction_metadata,omitempty"`
	Thread          *channelJSON    `json:"thread,omitempty"`
	Nonce           string          `json:"nonce,omitempty"`
	Flags           int             `json:"flags"`
	Pinned          bool            `json:"pinned"`
	TTS             bool            `json:"tts"`
}

var emptyList = json.RawMessage("[]")

func orEmpty(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return emptyList
	}
	return raw
}

// wire is a message as REST gives it. The caller holds the lock.
func (f *Fake) wire(m *message) messageJSON {
	out := messageJSON{
		ID: m.id, ChannelID: m.channel.id, Type: m.kind, Content: m.content, Timestamp: stamp(m.time),
		Author: m.author.json(), Embeds: orEmpty(m.embeds), Components: orEmpty(m.components), Poll: m.poll,
		Snapshots: m.snapshots, WebhookID: m.webhook, Flags: m.flags, Nonce: m.nonce,
		Mentions: []any{}, MentionRoles: []string{}, Attachments: []any{},
	}
	if m.webhook != "" {
		out.Author = map[string]any{"id": m.webhook, "username": m.author.name, "discriminator": "0000", "bot": true,
			"avatar": nil, "global_name": nil, "public_flags": 0, "flags": 0, "primary_guild": nil}
	}
	if !m.edited.IsZero() {
		s := stamp(m.edited)
		out.EditedTimestamp = &s
	}
	for _, id := range m.mentions {
		switch {
		case id == "everyone":
			out.MentionEveryone = true
		case f.users[id] != nil:
			out.Mentions = append(out.Mentions, f.users[id].json())
		default:
			out.MentionRoles = append(out.MentionRoles, id)
		}
	}
	for i, name := range m.attachments {
		out.Attachments = append(out.Attachments, map[string]any{
			"id": m.id, "filename": name, "size": 1024 + i, "content_type": "application/octet-stream",
			"url":       "https://cdn.discordapp.com/attachments/" + m.channel.id + "/" + m.id + "/" + name,
			"proxy_url": "https://media.discordapp.net/attachments/" + m.channel.id + "/" + m.id + "/" + name,
		})
	}
	if m.author == f.bot {
		out.ApplicationID = f.appID
	}
	if m.asked != nil {
		out.Metadata = m.asked.metadata()
	}
	if m.thread != nil && !m.thread.deleted {
		t := m.thread.json()
		out.Thread = &t
	}
	f.wireReference(m, &out)
	return out
}

func (f *Fake) wireReference(m *message, out *messageJSON) {
	if m.replyTo == nil {
		return
	}
	out.Reference = map[string]any{"type": 0, "channel_id": m.replyTo.channel.id, "message_id": m.replyTo.id}
	if g := m.replyTo.channel.guildID(); g != "" {
		out.Reference["guild_id"] = g
	}
	if m.snapshots != nil {
		out.Reference["type"] = 1
		return
	}
	if !m.replyTo.deleted && m.replyTo.replyTo != m {
		inner := f.wire(m.replyTo)
		inner.Referenced, inner.Reference = nil, nil
		out.Referenced = &inner
	}
}

// bare takes away what an application without the message content intent does
// not get.
func (j messageJSON) bare() messageJSON {
	j.Content, j.Embeds, j.Components, j.Attachments, j.Poll = "", emptyList, emptyList, []any{}, nil
	if j.Snapshots != nil {
		j.Snapshots = emptyList
	}
	if j.Referenced != nil {
		inner := j.Referenced.bare()
		j.Referenced = &inner
	}
	return j
}

// readsAnyway says whether the bot reads a message without the message content
// intent: its own, one in a direct conversation, one that mentions it.
func (f *Fake) readsAnyway(m *message) bool {
	return m.author == f.bot || m.channel.guild == nil || contains(m.mentions, f.bot.id)
}

// rest is a message as the bot gets it by REST.
func (f *Fake) rest(m *message) messageJSON {
	j := f.wire(m)
	j.Nonce = ""
	if f.withheld&MessageContent != 0 && !f.readsAnyway(m) {
		return j.bare()
	}
	return j
}

// tellMessage queues MESSAGE_CREATE or MESSAGE_UPDATE, where the bot can see
// the channel.
func (f *Fake) tellMessage(name string, m *message) {
	c := m.channel
	if !f.sees(f.bot.id, c) || m.private != nil {
		return
	}
	j := f.wire(m)
	j.GuildID = c.guildID()
	intent := GuildMessages
	if c.guild == nil {
		intent = DirectMessages
	} else if mem := c.guild.members[m.author.id]; mem != nil && m.webhook == "" {
		j.Member = mem.json(false)
	}
	e := event{name: name, guild: c.guildID(), intent: intent, data: j}
	if !f.readsAnyway(m) {
		e.bare = j.bare()
	}
	f.tell(e)
}

// add puts a new message into its channel and tells of it.
func (f *Fake) add(m *message) {
	if m.id == "" {
		m.id, m.time = f.ids.next(), f.opt.Now()
	}
	f.addWithID(m)
}

func (f *Fake) addWithID(m *message) {
	c := m.channel
	if m.private == nil {
		c.insert(m)
	}
	if c.isThread() {
		if !contains(c.threadMembers, m.author.id) {
			c.threadMembers = append(c.threadMembers, m.author.id)
		}
		if c.archived && !c.locked {
			c.archived = false
			f.tellChannel("THREAD_UPDATE", c)
		}
	}
	f.tellMessage("MESSAGE_CREATE", m)
	f.wake()
}

func (f *Fake) removeMessage(m *message) {
	m.deleted = true
	c := m.channel
	c.messages = slices.DeleteFunc(c.messages, func(x *message) bool { return x == m })
	if m.private == nil && f.sees(f.bot.id, c) {
		intent := GuildMessages
		data := map[string]any{"id": m.id, "channel_id": c.id}
		if c.guild == nil {
			intent = DirectMessages
		} else {
			data["guild_id"] = c.guild.id
		}
		f.tell(event{name: "MESSAGE_DELETE", guild: c.guildID(), intent: intent, data: data})
	}
	f.wake()
}

// insert keeps the messages in the order of their ids.
func (c *channel) insert(m *message) {
	at := len(c.messages)
	for at > 0 && number(c.messages[at-1].id) > number(m.id) {
		at--
	}
	c.messages = slices.Insert(c.messages, at, m)
}

func (c *channel) find(id string) *message {
	i, ok := slices.BinarySearchFunc(c.messages, number(id), func(m *message, n uint64) int {
		switch x := number(m.id); {
		case x < n:
			return -1
		case x > n:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return c.messages[i]
}

var (
	mentionUser = regexp.MustCompile(`<@!?(\d+)>`)
	mentionRole = regexp.MustCompile(`<@&(\d+)>`)
)

// mentionRules is allowed_mentions; nil allows everything.
type mentionRules struct {
	Parse   []string `json:"parse"`
	Users   []string `json:"users"`
	Roles   []string `json:"roles"`
	Replied bool     `json:"replied_user"`
}

func (r *mentionRules) allows(kind, id string, listed []string) bool {
	return r == nil || contains(r.Parse, kind) || contains(listed, id)
}

// mention works out whom a message names, and whom of them it notifies: those
// that allowed_mentions lets through, and roles and everyone only where the
// author may.
func (f *Fake) mention(m *message, rules *mentionRules) {
	text := m.content
	if m.v2() {
		text = visibleText("", nil, m.components)
	}
	m.mentions, m.pings = nil, nil
	var users, roles []string
	if rules != nil {
		users, roles = rules.Users, rules.Roles
	}
	may := f.permissions(m.author.id, m.channel).has(MentionEveryone)
	for _, hit := range mentionUser.FindAllStringSubmatch(text, -1) {
		if id := hit[1]; f.users[id] != nil && rules.allows("users", id, users) && !contains(m.mentions, id) {
			m.mentions = append(m.mentions, id)
			if f.sees(id, m.channel) {
				m.pings = append(m.pings, id)
			}
		}
	}
	for _, hit := range mentionRole.FindAllStringSubmatch(text, -1) {
		id := hit[1]
		if g := m.channel.guild; g == nil || g.roles[id] == nil || !rules.allows("roles", id, roles) || contains(m.mentions, id) {
			continue
		}
		m.mentions = append(m.mentions, id)
		if may || m.channel.guild.roles[id].mentionable {
			m.pings = append(m.pings, id)
		}
	}
	if strings.Contains(text, "@everyone") || strings.Contains(text, "@here") {
		if may && rules.allows("everyone", "", nil) {
			m.mentions, m.pings = append(m.mentions, "everyone"), append(m.pings, "everyone")
		}
	}
	if m.replyTo != nil && m.snapshots == nil && (rules == nil || rules.Replied) && !contains(m.mentions, m.replyTo.author.id) {
		m.mentions = append(m.mentions, m.replyTo.author.id)
		m.pings = append(m.pings, m.replyTo.author.id)
	}
}

// Message is a message as somebody sees it, a picture of that moment.
type Message struct {
	f *Fake
	m *message
	// ID, ChannelID and GuildID are snowflakes; GuildID is empty in a direct
	// conversation.
	ID, ChannelID, GuildID string
	// Author is the id of who wrote it, AuthorName what they are called.
	Author, AuthorName string
	Content            string
	Time               time.Time
	Edited             bool
	// Embeds and Components are JSON lists as the bot sent them.
	Embeds, Components json.RawMessage
	// Type and Flags have Discord's values.
	Type, Flags int
	// ReplyTo is the id of the message that this one answers.
	ReplyTo string
	// Nonce is what the bot sent along.
	Nonce string
	// Pings are those whom the message notifies: ids of people and roles, or
	// "everyone".
	Pings []string
	// Private is set for an ephemeral answer.
	Private bool
	// Thinking is set while a deferred answer is not there yet.
	Thinking bool
	// Deleted is set where the message is gone.
	Deleted bool
	// Changes counts how often the bot or a person changed it.
	Changes int
}

func (f *Fake) view(m *message) Message {
	out := Message{
		f: f, m: m, ID: m.id, ChannelID: m.channel.id, GuildID: m.channel.guildID(), Author: m.author.id,
		AuthorName: m.author.name, Content: m.content, Time: m.time, Edited: !m.edited.IsZero(),
		Embeds: orEmpty(m.embeds), Components: orEmpty(m.components), Type: m.kind, Flags: m.flags, Nonce: m.nonce,
		Pings: slices.Clone(m.pings), Private: m.private != nil, Thinking: m.flags&flagThinking != 0,
		Deleted: m.deleted, Changes: m.changes,
	}
	if m.replyTo != nil {
		out.ReplyTo = m.replyTo.id
	}
	return out
}

// Now is the message as it is at this moment.
func (m Message) Now() Message {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	return m.f.view(m.m)
}

// JSON is the message as the bot would read it by REST.
func (m Message) JSON() json.RawMessage {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	return marshal(m.f.wire(m.m))
}

// Channel is where the message is.
func (m Message) Channel() *Channel {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	return m.f.handle(m.m.channel)
}

// Thread is the thread that hangs on the message, nil where there is none.
func (m Message) Thread() *Channel {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	if t := m.m.thread; t != nil && !t.deleted {
		return m.f.handle(t)
	}
	return nil
}

// Text is all that a reader sees: content, embeds, text displays, the labels
// of buttons in brackets.
func (m Message) Text() string { return visibleText(m.Content, m.Embeds, m.Components) }

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

// V2 says whether the message is made of Components V2.
func (m Message) V2() bool { return m.Flags&flagComponentsV2 != 0 }

func visibleText(content string, embeds, components json.RawMessage) string {
	var lines []string
	add := func(v any) {
		if s, ok := v.(string); ok && s != "" {
			lines = append(lines, s)
		}
	}
	add(content)
	for _, e := range objects(embeds) {
		add(e["title"])
		add(e["description"])
		fields, _ := e["fields"].([]any)
		for _, x := range fields {
			if field, ok := x.(map[string]any); ok {
				add(field["name"])
				add(field["value"])
			}
		}
		if author, ok := e["author"].(map[string]any); ok {
			add(author["name"])
		}
		if footer, ok := e["footer"].(map[string]any); ok {
			add(footer["text"])
		}
	}
	walkComponents(components, func(c map[string]any) {
		switch kindOf(c) {
		case 10:
			add(c["content"])
		case 2:
			if label, ok := c["label"].(string); ok {
				lines = append(lines, "["+label+"]")
			}
		case 3, 5, 6, 7, 8:
			add(c["placeholder"])
		}
	})
	return strings.Join(lines, "\n")
}

func objects(raw json.RawMessage) []map[string]any {
	var list []map[string]any
	_ = json.Unmarshal(raw, &list)
	return list
}

func kindOf(c map[string]any) int {
	n, _ := c["type"].(float64)
	return int(n)
}

// walkComponents visits components depth first, accessories after their
// section's texts.
func walkComponents(raw json.RawMessage, visit func(c map[string]any)) {
	var list []any
	if json.Unmarshal(raw, &list) == nil {
		walkList(list, visit)
	}
}

func walkList(list []any, visit func(c map[string]any)) {
	for _, x := range list {
		c, ok := x.(map[string]any)
		if !ok {
			continue
		}
		visit(c)
		if inner, ok := c["components"].([]any); ok {
			walkList(inner, visit)
		}
		for _, part := range []string{"accessory", "component"} {
			if inner, ok := c[part].(map[string]any); ok {
				walkList([]any{inner}, visit)
			}
		}
	}
}

// stored gives components as Discord keeps them: each with an id, and with
// what was left out.
func stored(raw json.RawMessage) json.RawMessage {
	var list []any
	if json.Unmarshal(raw, &list) != nil {
		return raw
	}
	n := 0.0
	walkList(list, func(c map[string]any) {
		n++
		dropNulls(c)
		orElse(c, "id", n)
		switch kindOf(c) {
		case 3, 5, 6, 7, 8:
			orElse(c, "min_values", 1)
			orElse(c, "max_values", 1)
		case 14:
			orElse(c, "spacing", 1)
			orElse(c, "divider", true)
		case 17:
			orElse(c, "accent_color", nil)
			orElse(c, "spoiler", false)
		}
	})
	return marshal(list)
}

// storedEmbeds does the same for embeds.
func storedEmbeds(raw json.RawMessage) json.RawMessage {
	list := objects(raw)
	if len(list) == 0 {
		return emptyList
	}
	for _, e := range list {
		dropNulls(e)
		orElse(e, "type", "rich")
		fields, _ := e["fields"].([]any)
		for _, x := range fields {
			if field, ok := x.(map[string]any); ok {
				orElse(field, "inline", false)
			}
		}
	}
	return marshal(list)
}

func dropNulls(m map[string]any) {
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
}

func orElse(m map[string]any, name string, v any) {
	if _, ok := m[name]; !ok {
		m[name] = v
	}
}

// Button is a button of a message.
type Button struct {
	Label, CustomID, URL string
	Style                int
	Disabled             bool
}

// Select is a select of a message.
type Select struct {
	CustomID, Placeholder string
	Labels, Values        []string
	Type                  int
	Disabled              bool
}

// Buttons are the message's buttons in reading order.
func (m Message) Buttons() []Button {
	var out []Button
	walkComponents(m.Components, func(c map[string]any) {
		if kindOf(c) == 2 {
			var b struct {
				Label    string `json:"label"`
				CustomID string `json:"custom_id"`
				URL      string `json:"url"`
				Style    int    `json:"style"`
				Disabled bool   `json:"disabled"`
			}
			_ = json.Unmarshal(marshal(c), &b)
			out = append(out, Button(b))
		}
	})
	return out
}

// Button finds a button by its label.
func (m Message) Button(label string) (Button, bool) {
	for _, b := range m.Buttons() {
		if b.Label == label {
			return b, true
		}
	}
	return Button{}, false
}

// Selects are the message's selects in reading order.
func (m Message) Selects() []Select {
	var out []Select
	walkComponents(m.Components, func(c map[string]any) {
		if k := kindOf(c); k == 3 || k >= 5 && k <= 8 {
			out = append(out, selectOf(c))
		}
	})
	return out
}

func selectOf(c map[string]any) Select {
	s := Select{Type: kindOf(c)}
	s.CustomID, _ = c["custom_id"].(string)
	s.Placeholder, _ = c["placeholder"].(string)
	s.Disabled, _ = c["disabled"].(bool)
	options, _ := c["options"].([]any)
	for _, x := range options {
		if o, ok := x.(map[string]any); ok {
			label, _ := o["label"].(string)
			value, _ := o["value"].(string)
			s.Labels, s.Values = append(s.Labels, label), append(s.Values, value)
		}
	}
	return s
}
