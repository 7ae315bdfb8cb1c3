package discord

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// known gives a place from what is known without asking, and the title of the
// post that a message opens.
func (d *Discord) known(server, at, message id) (place chat.Place, title string, ok bool) {
	place = chat.Place{Server: server.server(), ID: at.place()}
	if _, direct := d.direct.personOf(at); direct || server == 0 {
		place.Direct = true
		return place, "", true
	}
	d.cache.read(server, func(g *guild) {
		c, found := g.channel(at)
		if !found {
			return
		}
		place, ok = g.place(c), true
		if message == at && c.kind.thread() && g.root(c).kind.forum() {
			title = c.name
		}
	})
	return place, title, ok
}

func (g *guild) place(c channel) chat.Place {
	p := chat.Place{Server: g.id.server(), ID: c.id.place(), Name: c.name}
	if c.kind.thread() {
		p.Parent = c.parent.place()
	}
	return p
}

// place gives a place, and asks Discord where it is not known, as with a
// thread that was archived.
func (d *Discord) place(ctx context.Context, server, at, message id) (chat.Place, string, error) {
	if p, title, ok := d.known(server, at, message); ok {
		return p, title, nil
	}
	raw, err := d.channel(ctx, at)
	if err != nil {
		return chat.Place{}, "", err
	}
	p := chat.Place{Server: server.server(), ID: at.place(), Name: raw.Name, Direct: raw.Kind == kindDM}
	if raw.Kind.thread() {
		p.Parent = raw.Parent.place()
	}
	if raw.Guild == server {
		d.cache.change(server, func(g *guild) { g.setChannel(raw) })
	}
	_, title, _ := d.known(server, at, message)
	return p, title, nil
}

func (d *Discord) channel(ctx context.Context, at id) (rawChannel, error) {
	var raw rawChannel
	if at == 0 {
		return raw, nowhere("look up place")
	}
	err := d.get(ctx, "look up place", "channels/"+at.String(), "", &raw)
	if err == nil && raw.ID != at {
		err = &chat.Error{Op: "look up place", Err: errors.New("the answer is about something else")}
	}
	return raw, err
}

// nowhere is the error for ids that are none of Discord's.
func nowhere(op string) error {
	return &chat.Error{Op: op, Gone: true, Err: errors.New("there is no such thing at Discord")}
}

func (d *Discord) lookup(server id) lookup {
	return lookup{
		channel: func(at id) (name string) {
			d.cache.read(server, func(g *guild) { c, _ := g.channel(at); name = c.name })
			return name
		},
		role: func(at id) (name string) {
			d.cache.read(server, func(g *guild) { r, _ := g.role(at); name = r.name })
			return name
		},
	}
}

// view is a server with its roles and channels, as it is now: from the cache
// while the server's events come in, else from Discord.
func (d *Discord) view(ctx context.Context, server id) (guild, error) {
	if server == 0 {
		return guild{}, &chat.Error{Op: "look up server", Gone: true, Err: errors.New("there is no server")}
	}
	if d.shards.of(server) {
		if g, ok := d.cache.snapshot(server); ok {
			return g, nil
		}
	}
	return d.ask(ctx, server)
}

func (d *Discord) ask(ctx context.Context, server id) (guild, error) {
	const op = "look up server"
	at := "guilds/" + server.String()
	var raw rawGuild
	if err := d.get(ctx, op, at, "", &raw); err != nil {
		return guild{}, err
	}
	if err := d.get(ctx, op, at+"/channels", "", &raw.Channels); err != nil {
		return guild{}, err
	}
	var active struct {
		Threads []rawChannel `json:"threads"`
	}
	if err := d.get(ctx, op, at+"/threads/active", "", &active); err != nil {
		return guild{}, err
	}
	raw.ID, raw.Threads = server, active.Threads
	g := newGuild(raw, 0)
	me, err := d.self(ctx)
	if err != nil {
		return guild{}, err
	}
	m, err := d.member(ctx, server, me)
	if err != nil {
		return guild{}, err
	}
	g.mine = m.roles
	return *g, nil
}

// member looks up somebody in a server.
func (d *Discord) member(ctx context.Context, server, person id) (member, error) {
	k := memberKey{server, person}
	if m, ok := d.members.get(k, d.time.member); ok {
		return m, nil
	}
	if person == 0 {
		return member{left: true}, nil
	}
	var raw rawMember
	err := d.get(ctx, "look up person", "guilds/"+server.String()+"/members/"+person.String(),
		"guilds/"+server.String()+"/members", &raw)
	var m member
	switch {
	case err == nil:
		m = member{roles: raw.Roles, nick: raw.Nick}
		if raw.User != nil {
			m.user = *raw.User
		}
	case chat.IsGone(err) && codeOf(err) != codeUnknownGuild:
		m = member{left: true}
	default:
		return member{}, err
	}
	d.members.put(k, m)
	return m, nil
}

// Direct finds the direct conversation with a person. It is there even where
// the person lets nobody write to them: then Post says so.
func (d *Discord) Direct(ctx context.Context, server chat.ServerID, person chat.PersonID) (chat.Place, error) {
	who := toID(person)
	if who == 0 {
		return chat.Place{}, nowhere("find direct place")
	}
	if c, ok := d.direct.placeOf(who); ok {
		return chat.Place{Server: server, ID: c.place(), Direct: true}, nil
	}
	var raw rawChannel
	err := d.do(ctx, request{
		op: "find direct place", method: http.MethodPost, path: "users/@me/channels", in: map[string]string{"recipient_id": who.String()},
	}, &raw)
	if err != nil {
		return chat.Place{}, err
	}
	d.direct.note(raw.ID, who)
	return chat.Place{Server: server, ID: raw.ID.place(), Direct: true}, nil
}

// Fetch reads one message as it is now. The title of a thread, which comes as
// a message with the thread's own id, is read from the thread.
func (d *Discord) Fetch(ctx context.Context, at chat.MessageRef) (chat.Message, error) {
	server, place, message := toID(at.Server), toID(at.Place), toID(at.ID)
	if place == 0 || message == 0 {
		return chat.Message{}, nowhere("read message")
	}
	var raw rawMessage
	err := d.get(ctx, "read message", "channels/"+place.String()+"/messages/"+message.String(),
		"channels/"+place.String()+"/messages/one", &raw)
	if chat.IsGone(err) && place == message && codeOf(err) != codeUnknownChannel {
		return d.threadTitle(ctx, server, place, err)
	}
	if err != nil {
		return chat.Message{}, err
	}
	where, title, err := d.place(ctx, server, place, message)
	if err != nil {
		return chat.Message{}, err
	}
	return raw.message(d.base, where, title, d.lookup(server)), nil
}

func (d *Discord) threadTitle(ctx context.Context, server, at id, missing error) (chat.Message, error) {
	raw, err := d.channel(ctx, at)
	if err != nil {
		return chat.Message{}, err
	}
	if !raw.Kind.thread() || raw.Name == "" {
		return chat.Message{}, missing
	}
	place := chat.Place{Server: server.server(), ID: at.place(), Name: raw.Name, Parent: raw.Parent.place()}
	return chat.Message{
		ID: at.message(), Place: place, Author: chat.Person{ID: raw.Owner.person()}, Text: raw.Name,
		Time: at.time(), Link: openLink(d.base, place, at),
	}, nil
}

// pageSize is how many messages Discord gives at once.
const pageSize = 100

// After lists what came after a message or a time, oldest first. The bot's own
// messages are not among them.
func (d *Discord) After(ctx context.Context, server chat.ServerID, place chat.PlaceID, after chat.MessageID, since time.Time, limit int) ([]chat.Message, error) {
	out := []chat.Message{}
	at, from := toID(place), toID(after)
	if after == "" {
		from = idAt(since)
	}
	where, _, err := d.place(ctx, toID(server), at, 0)
	if err != nil {
		return nil, err
	}
	look := d.lookup(toID(server))
	for limit > 0 {
		page := min(limit, pageSize)
		var got []rawMessage
		path := "channels/" + at.String() + "/messages"
		if err := d.get(ctx, "list messages", path+"?limit="+strconv.Itoa(page)+"&after="+queryID(from), path+"/list", &got); err != nil {
			return nil, err
		}
		slices.SortFunc(got, func(a, b rawMessage) int { return byID(channel{id: a.ID}, channel{id: b.ID}) })
		for i := range got {
			m := &got[i]
			from = max(from, m.ID)
			_, title, _ := d.known(toID(server), at, m.ID)
			msg := m.message(d.base, where, title, look)
			if m.worthReading(msg.Text) && (m.Author == nil || uint64(m.Author.ID) != d.me.Load()) {
				out = append(out, msg)
				limit--
			}
		}
		if len(got) < page {
			break
		}
	}
	return out, nil
}

// queryID writes an id as Discord wants it in a query, where none is 0.
func queryID(i id) string { return strconv.FormatUint(uint64(i), 10) }

// Places lists the channels and active threads in which the bot can read.
// Latest is as of when the server came: what was written later came as events.
// Where some of those were lost, it is not told.
func (d *Discord) Places(ctx context.Context, server chat.ServerID) ([]chat.Place, error) {
	g, err := d.view(ctx, toID(server))
	if err != nil {
		return nil, err
	}
	var out []chat.Place
	for _, c := range g.channels {
		if c.kind.messages() && g.in(c, id(d.me.Load()), g.mine).has(permView) {
			p := g.place(c)
			if c.last != 0 && !g.stale {
				p.Latest = c.last.time()
			}
			out = append(out, p)
		}
	}
	return out, nil
}

// Servers lists the servers in which the bot is now, so that those can be
// found from which it was removed while it did not run.
func (d *Discord) Servers(ctx context.Context) ([]chat.ServerID, error) {
	var out []chat.ServerID
	var after id
	for {
		var got []struct {
			ID id `json:"id"`
		}
		if err := d.get(ctx, "list servers", "users/@me/guilds?limit=200&after="+queryID(after), "users/@me/guilds", &got); err != nil {
			return nil, err
		}
		for _, g := range got {
			out = append(out, g.ID.server())
			after = max(after, g.ID)
		}
		if len(got) < 200 {
			return out, nil
		}
	}
}

// Person says what somebody is called now, in the server or, where they are
// not in it, at Discord.
func (d *Discord) Person(ctx context.Context, server chat.ServerID, person chat.PersonID) (chat.Person, error) {
	who := toID(person)
	if server != "" {
		m, err := d.member(ctx, toID(server), who)
		if err != nil {
			return chat.Person{}, err
		}
		if !m.left && m.name() != "" {
			return chat.Person{ID: person, Name: m.name(), Bot: m.user.Bot}, nil
		}
	}
	var u rawUser
	if err := d.get(ctx, "look up person", "users/"+who.String(), "users", &u); err != nil {
		return chat.Person{}, err
	}
	return chat.Person{ID: person, Name: displayName("", u), Bot: u.Bot}, nil
}
