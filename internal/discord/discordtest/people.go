package discordtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Extra is something that goes with what a person writes.
type Extra func(f *Fake, m *message)

// ReplyTo makes the message an answer to another.
func ReplyTo(to Message) Extra {
	return func(_ *Fake, m *message) { m.kind, m.replyTo = typeReply, to.m }
}

// Attached adds files by name. There is nothing behind their addresses.
func Attached(names ...string) Extra {
	return func(_ *Fake, m *message) { m.attachments = append(m.attachments, names...) }
}

// WithEmbeds adds embeds, each something that marshals to an embed.
func WithEmbeds(embeds ...any) Extra {
	return func(_ *Fake, m *message) { m.embeds = marshal(embeds) }
}

// WithComponents sets the message's components: a raw JSON list, so that also
// kinds that no library knows can be sent.
func WithComponents(list string) Extra {
	return func(f *Fake, m *message) {
		if !json.Valid([]byte(list)) {
			f.t.Fatalf("the components are no JSON: %s", list)
		}
		m.components = json.RawMessage(list)
	}
}

// WithFlags sets flags of the message, with Discord's values.
func WithFlags(flags int) Extra {
	return func(_ *Fake, m *message) { m.flags |= flags }
}

// WithPoll adds a poll.
func WithPoll(question string, answers ...string) Extra {
	return func(f *Fake, m *message) {
		list := []any{}
		for i, a := range answers {
			list = append(list, map[string]any{"answer_id": i + 1, "poll_media": map[string]any{"text": a}})
		}
		m.poll = marshal(map[string]any{
			"question": map[string]any{"text": question}, "answers": list, "allow_multiselect": false, "layout_type": 1,
			"expiry":  stamp(f.opt.Now().Add(24 * time.Hour)),
			"results": map[string]any{"is_finalized": false, "answer_counts": []any{}},
		})
	}
}

// Forwarding passes another message on: a snapshot of it, without its author.
func Forwarding(of Message) Extra {
	return func(f *Fake, m *message) {
		from := f.wire(of.m)
		m.replyTo, m.flags = of.m, m.flags|flagForwarded
		m.snapshots = marshal([]any{map[string]any{"message": map[string]any{
			"type": from.Type, "content": from.Content, "embeds": from.Embeds, "attachments": from.Attachments,
			"timestamp": from.Timestamp, "edited_timestamp": from.EditedTimestamp, "flags": from.Flags,
			"mentions": from.Mentions, "mention_roles": from.MentionRoles, "components": from.Components,
		}}})
	}
}

// Mention is how a message names a person.
func (p *Person) Mention() string { return "<@" + p.ID + ">" }

// Say writes into a channel or thread. Where auto-moderation blocks it, the
// Message that is returned has no ID.
func (p *Person) Say(c *Channel, text string, extras ...Extra) Message {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	s := c.state()
	if s.deleted || s.kind == kindForum || !f.maySend(p.ID, s) {
		f.t.Fatalf("%s cannot write in %s", p.Name, s.name)
	}
	m := &message{channel: s, author: f.users[p.ID], content: text}
	for _, x := range extras {
		x(f, m)
	}
	f.mention(m, nil)
	if f.moderate(m) {
		return f.view(m)
	}
	f.add(m)
	return f.view(m)
}

// Direct writes to the bot alone.
func (p *Person) Direct(text string, extras ...Extra) Message {
	f := p.f
	f.mu.Lock()
	defer f.mu.Unlock()
	m := &message{channel: f.direct(f.users[p.ID]), author: f.users[p.ID], content: text}
	for _, x := range extras {
		x(f, m)
	}
	f.mention(m, nil)
	f.add(m)
	return f.view(m)
}

// direct finds or makes the conversation between a person and the bot.
func (f *Fake) direct(u *user) *channel {
	if u.direct == nil {
		u.direct = &channel{id: f.ids.next(), kind: kindDirect, recipient: u, created: f.opt.Now()}
		f.channels[u.direct.id] = u.direct
	}
	return u.direct
}

// DirectChannel is the conversation between a person and the bot.
func (p *Person) DirectChannel() *Channel {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	return p.f.handle(p.f.direct(p.f.users[p.ID]))
}

// Edit changes what a person wrote.
func (p *Person) Edit(m Message, text string) Message {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if m.m.author.id != p.ID || m.m.deleted {
		f.t.Fatalf("%s cannot edit that message", p.Name)
	}
	before := m.m.content
	m.m.content = text
	f.mention(m.m, nil)
	if f.moderate(m.m) {
		m.m.content = before
		f.mention(m.m, nil)
		return f.view(m.m)
	}
	m.m.edited, m.m.changes = f.opt.Now(), m.m.changes+1
	f.tellMessage("MESSAGE_UPDATE", m.m)
	f.wake()
	return f.view(m.m)
}

// Unfurl adds embeds to a message as Discord does for links: an update that
// is no edit.
func (m Message) Unfurl(embeds ...any) {
	f := m.f
	f.mu.Lock()
	defer f.mu.Unlock()
	m.m.embeds = marshal(embeds)
	f.tellMessage("MESSAGE_UPDATE", m.m)
	f.wake()
}

// Delete takes a message away, one's own or, with the right, another's.
func (p *Person) Delete(m Message) {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if m.m.author.id != p.ID && !f.permissions(p.ID, m.m.channel).has(ManageMessages) {
		f.t.Fatalf("%s cannot delete that message", p.Name)
	}
	f.removeMessage(m.m)
}

// DeleteMany takes several messages of one channel away in one step.
func (c *Channel) DeleteMany(list ...Message) {
	f := c.f
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	for _, m := range list {
		m.m.deleted = true
		ids = append(ids, m.ID)
	}
	s := c.state()
	s.messages = slices.DeleteFunc(s.messages, func(m *message) bool { return m.deleted })
	if f.sees(f.bot.id, s) {
		f.tell(event{name: "MESSAGE_DELETE_BULK", guild: c.GuildID, intent: GuildMessages,
			data: map[string]any{"ids": ids, "channel_id": c.ID, "guild_id": c.GuildID}})
	}
	f.wake()
}

// Webhook writes into the channel as a webhook with that name.
func (c *Channel) Webhook(name, text string, extras ...Extra) Message {
	f := c.f
	f.mu.Lock()
	defer f.mu.Unlock()
	id := f.ids.next()
	m := &message{channel: c.state(), author: &user{id: id, name: name, bot: true}, webhook: id, content: text}
	for _, x := range extras {
		x(f, m)
	}
	f.mention(m, nil)
	f.add(m)
	return f.view(m)
}

// StartThread starts a public thread on a message.
func (p *Person) StartThread(on Message, name string) *Channel {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.permissions(p.ID, on.m.channel).has(CreatePublicThreads) || on.m.thread != nil {
		f.t.Fatalf("%s cannot start a thread there", p.Name)
	}
	return f.handle(f.startThread(on.m, f.users[p.ID], name))
}

// Thread starts a thread in a channel, public or private. Those given are
// added to it.
func (p *Person) Thread(in *Channel, name string, private bool, with ...*Person) *Channel {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	kind := kindPublicThread
	if private {
		kind = kindPrivateThread
	}
	t := f.newThread(in.state(), f.ids.next(), kind, f.users[p.ID], name)
	for _, x := range with {
		t.threadMembers = append(t.threadMembers, x.ID)
	}
	f.tellThread(t)
	if !private {
		f.add(&message{channel: in.state(), author: f.users[p.ID], kind: typeThreadCreated, content: name,
			flags: flagHasThread, thread: t})
	}
	f.wake()
	return f.handle(t)
}

// AddToThread lets somebody, or the bot, into a thread.
func (c *Channel) AddToThread(id string) {
	f := c.f
	f.mu.Lock()
	defer f.mu.Unlock()
	s := c.state()
	if contains(s.threadMembers, id) {
		return
	}
	s.threadMembers = append(s.threadMembers, id)
	if id == f.bot.id {
		f.tellChannel("THREAD_CREATE", s)
	}
	f.wake()
}

// Post opens a post in a forum: a thread whose first message has its id.
func (p *Person) Post(forum *Channel, title, text string, extras ...Extra) (*Channel, Message) {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	s := forum.state()
	if s.kind != kindForum || !f.maySend(p.ID, s) {
		f.t.Fatalf("%s cannot post in %s", p.Name, s.name)
	}
	t := f.newThread(s, f.ids.next(), kindPublicThread, f.users[p.ID], title)
	f.tellThread(t)
	m := &message{id: t.id, time: f.opt.Now(), channel: t, author: f.users[p.ID], content: text}
	for _, x := range extras {
		x(f, m)
	}
	f.mention(m, nil)
	f.addWithID(m)
	return f.handle(t), f.view(m)
}

func (f *Fake) newThread(parent *channel, id string, kind int, owner *user, name string) *channel {
	t := &channel{id: id, name: name, kind: kind, guild: parent.guild, parent: parent, owner: owner.id,
		threadMembers: []string{owner.id}, created: f.opt.Now()}
	f.channels[id] = t
	parent.guild.threads = append(parent.guild.threads, t)
	return t
}

func (f *Fake) startThread(on *message, owner *user, name string) *channel {
	t := f.newThread(on.channel, on.id, kindPublicThread, owner, name)
	on.thread, on.flags = t, on.flags|flagHasThread
	f.tellThread(t)
	f.tellMessage("MESSAGE_UPDATE", on)
	f.add(&message{channel: t, author: on.author, kind: typeThreadStarter, replyTo: on})
	return t
}

func (f *Fake) tellThread(t *channel) {
	if !f.sees(f.bot.id, t) {
		return
	}
	f.tell(event{name: "THREAD_CREATE", guild: t.guildID(), intent: Guilds, data: struct {
		channelJSON
		New bool `json:"newly_created"`
	}{t.json(), true}})
}

// CanSee says whether a person can see a channel or thread.
func (p *Person) CanSee(c *Channel) bool {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	return p.f.sees(p.ID, c.state())
}

// Sees lists what a person sees in a channel, oldest first: nothing where they
// cannot see it, and their own private answers after the messages.
func (p *Person) Sees(c *Channel) []Message {
	f := p.f
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Message
	s := c.state()
	if !f.sees(p.ID, s) && !f.users[p.ID].installs {
		return nil
	}
	if f.sees(p.ID, s) {
		for _, m := range s.messages {
			out = append(out, f.view(m))
		}
	}
	for _, m := range f.privateFor(p.ID) {
		if m.channel == s && !m.deleted {
			out = append(out, f.view(m))
		}
	}
	return out
}

// Messages are all that is in the channel, oldest first, without private
// answers.
func (c *Channel) Messages() []Message {
	f := c.f
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Message
	for _, m := range c.state().messages {
		out = append(out, f.view(m))
	}
	return out
}

// ByBot are the bot's messages in the channel, oldest first.
func (c *Channel) ByBot() []Message {
	return slices.DeleteFunc(c.Messages(), func(m Message) bool { return m.Author != c.f.appID })
}

// Directs are the bot's direct messages to a person, oldest first.
func (p *Person) Directs() []Message { return p.DirectChannel().ByBot() }

// AwaitMessage waits for a message of the bot's in a channel that is as asked,
// and gives the newest such one. A nil ok takes any.
func (f *Fake) AwaitMessage(in *Channel, ok func(Message) bool) Message {
	f.t.Helper()
	var found Message
	f.Await("the bot writes in "+in.Name()+" what is asked for", func() bool {
		for _, m := range slices.Backward(in.ByBot()) {
			if ok == nil || ok(m) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// AwaitMessages waits until the bot wrote n messages into a channel.
func (f *Fake) AwaitMessages(in *Channel, n int) []Message {
	f.t.Helper()
	f.Await(fmt.Sprintf("the bot wrote %d messages in %s", n, in.Name()), func() bool { return len(in.ByBot()) >= n })
	return in.ByBot()
}

// AwaitDirect waits for a direct message of the bot's to a person that is as
// asked. A nil ok takes any.
func (f *Fake) AwaitDirect(to *Person, ok func(Message) bool) Message {
	f.t.Helper()
	return f.AwaitMessage(to.DirectChannel(), ok)
}

// AwaitThread waits for a thread on a message.
func (f *Fake) AwaitThread(on Message) *Channel {
	f.t.Helper()
	var t *Channel
	f.Await("a thread hangs on the message", func() bool { t = on.Thread(); return t != nil })
	return t
}
