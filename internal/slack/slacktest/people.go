package slacktest

import (
	"fmt"
	"slices"
)

// Extra is something that goes with what a person writes.
type Extra func(f *Fake, m *message)

// InThread writes below another message.
func InThread(of Message) Extra {
	return func(_ *Fake, m *message) {
		m.thread = of.m.ts
		if of.m.thread != "" {
			m.thread = of.m.thread
		}
	}
}

// Broadcast shows a reply in the channel too.
func Broadcast() Extra {
	return func(_ *Fake, m *message) { m.bcast, m.subtype = true, "thread_broadcast" }
}

// Me writes with /me.
func Me() Extra {
	return func(_ *Fake, m *message) { m.subtype, m.blocks = "me_message", nil }
}

// OnlyBlocks takes the text away, so that the words stand in blocks alone: a
// JSON list, or where it is empty those that Slack made of the text.
func OnlyBlocks(list string) Extra {
	return func(f *Fake, m *message) {
		m.text = ""
		if list != "" {
			m.blocks = decode([]byte(list))
		}
	}
}

// Attachments adds attachments: a JSON list.
func Attachments(list string) Extra {
	return func(_ *Fake, m *message) { m.attached = append(m.attached, decode([]byte(list))...) }
}

// File is a file that somebody shares. There is nothing behind its address.
type File struct {
	Name, Title string
	// Comment is the old-fashioned first comment on a file.
	Comment string
}

// Files shares files, with the text as the words beside them.
func Files(files ...File) Extra {
	return func(f *Fake, m *message) {
		m.subtype = "file_share"
		for _, x := range files {
			id := f.id("F")
			file := map[string]any{
				"id": id, "created": f.opt.Now().Unix(), "timestamp": f.opt.Now().Unix(), "name": x.Name, "title": x.Title,
				"mimetype": "application/octet-stream", "filetype": "binary", "pretty_type": "Binary", "user": m.user.id, "size": 1000,
				"mode": "hosted", "is_external": false, "is_public": !m.ch.private, "file_access": "visible",
				"url_private": "https://files.example.org/" + id, "permalink": "https://files.example.org/" + id,
			}
			if x.Title == "" {
				file["title"] = x.Name
			}
			if x.Comment != "" {
				file["initial_comment"] = map[string]any{"id": f.id("Fc"), "created": f.opt.Now().Unix(), "timestamp": f.opt.Now().Unix(),
					"user": m.user.id, "comment": escape(x.Comment)}
			}
			m.files = append(m.files, file)
		}
	}
}

// AsWebhook writes as an old-fashioned integration: bot_message, with a name
// and without a user.
func AsWebhook(name string) Extra {
	return func(f *Fake, m *message) {
		m.subtype, m.username, m.botID, m.user = "bot_message", name, f.id("B"), nil
	}
}

// Say writes into a channel. Full members join public channels first; into a
// private one only its members can write. Text is as typed: & and < are
// escaped as Slack does, addresses are marked.
func (p *Person) Say(c *Channel, text string, extras ...Extra) Message {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	u, s := p.state(), c.state()
	if why := u.cannotWrite(s); why != "" {
		f.t.Fatalf("%s cannot write into %s: %s", p.Name, s.name, why)
	}
	if !s.has(u.id) {
		f.join(s, u, nil)
	}
	m := &message{ch: s, user: u}
	m.text, m.blocks = typed(text)
	if u.bot {
		m.botID, m.appID = u.botID, u.appID
	} else {
		f.lastID++
		m.clientID = fmt.Sprintf("%08x-1111-4000-8000-%012x", f.lastID, f.lastID)
	}
	for _, x := range extras {
		x(f, m)
	}
	f.add(m)
	return f.view(m)
}

func (u *user) cannotWrite(c *channel) string {
	switch {
	case u.deleted:
		return "the account is deactivated"
	case c.gone || c.archived:
		return "the channel is archived"
	case !c.has(u.id) && !u.reads(c):
		return "not a member"
	}
	return ""
}

// Direct writes to the app alone.
func (p *Person) Direct(text string, extras ...Extra) Message {
	p.f.t.Helper()
	return p.Say(p.DirectChannel(), text, extras...)
}

// Edit changes what a person wrote.
func (p *Person) Edit(m Message, text string) Message {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	u := p.state()
	if m.m.gone || m.m.user != u {
		f.t.Fatalf("%s cannot edit that message", p.Name)
	}
	f.edit(m.m, u, func() { m.m.text, m.m.blocks = typed(text) })
	return f.view(m.m)
}

// Unfurl adds an attachment as Slack does for links: a message_changed event
// that is no edit.
func (m Message) Unfurl(title string) {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	m.f.edit(m.m, nil, func() {
		m.m.attached = append(m.m.attached, map[string]any{"id": 1, "title": title, "from_url": "https://example.org/", "fallback": title})
	})
}

// Delete takes a message away, one's own or, as an admin, another's.
func (p *Person) Delete(m Message) {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	u := p.state()
	if m.m.gone || m.m.user != u && !u.is(Admin) && !u.is(Owner) {
		f.t.Fatalf("%s cannot delete that message", p.Name)
	}
	f.remove(m.m)
}

// Sees lists what a person sees in a channel, oldest first, replies included:
// nothing where they cannot read it, except their own private answers.
func (p *Person) Sees(c *Channel) []Message {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	u, s := p.state(), c.state()
	var out []Message
	for _, m := range s.messages {
		if m.gone || m.private == nil && !u.reads(s) || m.private != nil && m.private != u {
			continue
		}
		out = append(out, p.f.view(m))
	}
	return out
}

// Private lists the private answers that a person has on their screen, oldest
// first, in all channels. Hidden ones are not there any more.
func (p *Person) Private() []Message {
	return slices.DeleteFunc(p.AllPrivate(), func(m Message) bool { return m.Deleted })
}

// AllPrivate lists the private answers that a person ever got, also those
// that were hidden.
func (p *Person) AllPrivate() []Message {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	var out []*message
	for _, c := range p.f.channels {
		for _, m := range c.messages {
			if m.private != nil && m.private.id == p.ID {
				out = append(out, m)
			}
		}
	}
	slices.SortFunc(out, func(a, b *message) int { return int(min(1, max(-1, number(a.ts)-number(b.ts)))) })
	views := make([]Message, len(out))
	for i, m := range out {
		views[i] = p.f.view(m)
	}
	return views
}

func number(ts string) int64 {
	n, _ := micros(ts)
	return n
}

// Directs are the app's direct messages to a person, oldest first.
func (p *Person) Directs() []Message { return p.DirectChannel().ByBot() }

// Messages are all that is in the channel, oldest first, replies included,
// without private answers.
func (c *Channel) Messages() []Message {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	var out []Message
	for _, m := range c.state().messages {
		if !m.gone && m.private == nil {
			out = append(out, c.f.view(m))
		}
	}
	return out
}

// ByBot are the app's messages in the channel, oldest first, without private
// answers.
func (c *Channel) ByBot() []Message {
	c.f.mu.Lock()
	w := c.state().ws
	own := ""
	if w.bot != nil {
		own = w.bot.id
	}
	c.f.mu.Unlock()
	return slices.DeleteFunc(c.Messages(), func(m Message) bool {
		return m.Author != own || m.Subtype == "channel_join" || m.Subtype == "channel_leave"
	})
}

// AwaitMessage waits for a message of the app's in a channel that is as asked,
// and gives the newest such one. A nil ok takes any.
func (f *Fake) AwaitMessage(in *Channel, ok func(Message) bool) Message {
	f.t.Helper()
	var found Message
	f.Await(fmt.Sprintf("the app writes into %s%s", in.Name(), in.ID), func() bool { return newest(in.ByBot(), ok, &found) })
	return found
}

// AwaitMessages waits until the app wrote n messages into a channel.
func (f *Fake) AwaitMessages(in *Channel, n int) []Message {
	f.t.Helper()
	f.Await(fmt.Sprintf("the app wrote %d messages into %s", n, in.Name()), func() bool { return len(in.ByBot()) >= n })
	return in.ByBot()
}

// AwaitDirect waits for a direct message of the app's to a person that is as
// asked. A nil ok takes any.
func (f *Fake) AwaitDirect(to *Person, ok func(Message) bool) Message {
	f.t.Helper()
	var found Message
	f.Await("the app writes to "+to.Name, func() bool { return newest(to.Directs(), ok, &found) })
	return found
}

// AwaitReply waits for a message of the app's below another that is as asked.
// A nil ok takes any.
func (f *Fake) AwaitReply(below Message, ok func(Message) bool) Message {
	f.t.Helper()
	var found Message
	f.Await("the app writes below the message", func() bool { return newest(below.Replies(), ok, &found) })
	return found
}

// AwaitPrivate waits for a private answer on somebody's screen that is as
// asked. A nil ok takes any.
func (f *Fake) AwaitPrivate(to *Person, ok func(Message) bool) Message {
	f.t.Helper()
	var found Message
	f.Await(to.Name+" sees a private answer", func() bool { return newest(to.Private(), ok, &found) })
	return found
}

// AwaitHidden waits until a message is gone from its reader's screen.
func (f *Fake) AwaitHidden(m Message) {
	f.t.Helper()
	f.Await("the message is gone", func() bool { return m.Now().Deleted })
}

func newest(list []Message, ok func(Message) bool, found *Message) bool {
	for _, m := range slices.Backward(list) {
		if ok == nil || ok(m) {
			*found = m
			return true
		}
	}
	return false
}
