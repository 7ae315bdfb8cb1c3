package discord

import (
	"slices"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// event takes one dispatch of the gateway. It runs in the shard's own
// goroutine, so that the order of what it puts into the lanes is the gateway's.
func (in *intake) event(f frame) {
	switch f.Type {
	case "MESSAGE_CREATE", "MESSAGE_UPDATE":
		in.message(f.Data, f.Type == "MESSAGE_UPDATE")
	case "MESSAGE_DELETE", "MESSAGE_DELETE_BULK":
		in.deleted(f.Data)
	case "INTERACTION_CREATE":
		in.interaction(f.Data)
	case "GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE":
		in.guild(f.Type, f.Data)
	case "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE":
		in.role(f.Type, f.Data)
	case "CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE", "THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE":
		in.channel(f.Type, f.Data)
	case "THREAD_LIST_SYNC":
		in.threads(f.Data)
	case "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE":
		in.member(f.Type, f.Data)
	case "AUTO_MODERATION_ACTION_EXECUTION":
		in.autoModerated(f.Data)
	}
}

// message takes a new or changed message.
func (in *intake) message(raw []byte, update bool) {
	m, ok := readMessage(raw)
	if !ok {
		in.d.log.Error("a message could not be read; it was not looked at", "bytes", len(raw))
		return
	}
	if in.own(&m) || m.Flags&flagEphemeral != 0 {
		return
	}
	if update && !bool(m.Edited) {
		return // a preview came, or it was pinned: nobody changed the words
	}
	it := item{kind: itemMessage, server: m.Guild, at: chat.MessageRef{Server: m.Guild.server(), Place: m.Channel.place(), ID: m.ID.message()}}
	if m.Author == nil && m.Webhook == 0 {
		in.add(m.Channel, it) // who wrote it is not said: it is read again
		return
	}
	place, title, known := in.d.known(m.Guild, m.Channel, m.ID)
	msg := m.message(in.d.base, place, title, in.d.lookup(m.Guild))
	msg.Edited = msg.Edited || update
	if !m.worthReading(msg.Text) {
		return
	}
	if m.Guild == 0 && m.Author != nil {
		in.d.direct.note(m.Channel, m.Author.ID)
	}
	it.message, it.place = &msg, !known
	in.add(m.Channel, it)
}

// own says whether the bot wrote it.
func (in *intake) own(m *rawMessage) bool {
	me := id(in.d.me.Load())
	return me != 0 && m.Author != nil && m.Author.ID == me
}

func (in *intake) deleted(raw []byte) {
	var e struct {
		ID      id   `json:"id"`
		IDs     []id `json:"ids"`
		Channel id   `json:"channel_id"`
		Guild   id   `json:"guild_id"`
	}
	if readJSON(raw, &e) != nil || e.Channel == 0 {
		return
	}
	if e.ID != 0 {
		e.IDs = append(e.IDs, e.ID)
	}
	for _, m := range e.IDs {
		at := chat.MessageRef{Server: e.Guild.server(), Place: e.Channel.place(), ID: m.message()}
		in.add(e.Channel, item{kind: itemDeleted, server: e.Guild, at: at})
	}
}

// ready notes who the bot is, and that of the servers which are named and will
// follow one by one, everything since `lost` may have been missed. Servers that
// it knew and that are not named any more are those from which it was removed
// while it was away.
func (in *intake) ready(raw []byte, lost time.Time) {
	var e struct {
		User   rawUser `json:"user"`
		App    rawUser `json:"application"`
		Guilds []struct {
			ID id `json:"id"`
		} `json:"guilds"`
		Shard []uint64 `json:"shard"`
	}
	if readJSON(raw, &e) != nil {
		return
	}
	if e.User.ID != 0 {
		in.d.me.Store(uint64(e.User.ID))
	}
	if e.App.ID != 0 {
		in.d.app.Store(uint64(e.App.ID))
	}
	shard, count := uint64(0), uint64(1)
	if len(e.Shard) == 2 && e.Shard[1] > 0 {
		shard, count = e.Shard[0], e.Shard[1]
	}
	for _, g := range e.Guilds {
		in.missing(g.ID, lost)
	}
	for _, g := range in.d.cache.servers() {
		mine := uint64(g>>22)%count == shard
		if mine && !slices.ContainsFunc(e.Guilds, func(x struct {
			ID id `json:"id"`
		}) bool {
			return x.ID == g
		}) {
			in.gone(g)
		}
	}
}

func (in *intake) gone(server id) {
	in.d.cache.drop(server)
	in.add(server, item{kind: itemAbsent, server: server})
}

func (in *intake) guild(kind string, raw []byte) {
	var e rawGuild
	if readJSON(raw, &e) != nil || e.ID == 0 {
		return
	}
	switch {
	case kind == "GUILD_DELETE":
		if e.Unavailable {
			in.missing(e.ID, in.d.now())
			return
		}
		in.gone(e.ID)
	case e.Unavailable:
	case kind == "GUILD_UPDATE":
		in.d.cache.change(e.ID, func(g *guild) {
			if e.Owner != 0 {
				g.owner = e.Owner
			}
			if len(e.Roles) > 0 {
				fresh := newGuild(e, 0)
				g.roles = fresh.roles
			}
		})
	default:
		in.d.cache.put(newGuild(e, id(in.d.me.Load())))
		in.add(e.ID, item{kind: itemPresent, server: e.ID, since: in.returned(e.ID)})
	}
}

func (in *intake) role(kind string, raw []byte) {
	var e struct {
		Guild id      `json:"guild_id"`
		Role  rawRole `json:"role"`
		Gone  id      `json:"role_id"`
	}
	if readJSON(raw, &e) != nil {
		return
	}
	in.d.cache.change(e.Guild, func(g *guild) {
		if kind == "GUILD_ROLE_DELETE" {
			g.dropRole(e.Gone)
			return
		}
		g.setRole(e.Role.role())
	})
}

// channel keeps up with channels and threads. The title of a thread is
// somebody's words too: a new one comes as a message of its own (in a forum
// with the post that follows), a changed one as an edit. Discord does not say
// who changed it; it is taken to be whoever opened the thread.
func (in *intake) channel(kind string, raw []byte) {
	var e rawChannel
	if readJSON(raw, &e) != nil || e.ID == 0 || e.Guild == 0 {
		return
	}
	if kind == "CHANNEL_DELETE" || kind == "THREAD_DELETE" {
		in.d.cache.change(e.Guild, func(g *guild) { g.dropChannel(e.ID) })
		return
	}
	var before string
	var known, forum bool
	in.d.cache.change(e.Guild, func(g *guild) {
		before, known = g.setChannel(e)
		if p, ok := g.channel(e.Parent); ok {
			forum = p.kind.forum()
		}
	})
	switch {
	case kind == "THREAD_CREATE" && e.New && !forum:
		in.title(e, false)
	case kind == "THREAD_UPDATE" && known && before != e.Name:
		in.title(e, true)
	}
}

// title hands over the title of a thread.
func (in *intake) title(e rawChannel, edited bool) {
	if e.Name == "" || e.Owner == 0 || e.Owner == id(in.d.me.Load()) {
		return
	}
	place, _, _ := in.d.known(e.Guild, e.ID, 0)
	m := chat.Message{
		ID: e.ID.message(), Place: place, Author: chat.Person{ID: e.Owner.person()}, Text: e.Name,
		Time: e.ID.time(), Edited: edited, Link: openLink(in.d.base, place, e.ID),
	}
	in.add(e.ID, item{kind: itemMessage, server: e.Guild, message: &m,
		at: chat.MessageRef{Server: e.Guild.server(), Place: e.ID.place(), ID: e.ID.message()}})
}

func (in *intake) threads(raw []byte) {
	var e struct {
		Guild    id           `json:"guild_id"`
		Channels []id         `json:"channel_ids"`
		Threads  []rawChannel `json:"threads"`
	}
	if readJSON(raw, &e) != nil {
		return
	}
	in.d.cache.change(e.Guild, func(g *guild) { g.setThreads(e.Channels, e.Threads) })
}

// member follows the bot's own roles, and forgets what others had.
func (in *intake) member(kind string, raw []byte) {
	var e struct {
		Guild id      `json:"guild_id"`
		User  rawUser `json:"user"`
		Roles []id    `json:"roles"`
	}
	if readJSON(raw, &e) != nil {
		return
	}
	if e.User.ID == id(in.d.me.Load()) && kind == "GUILD_MEMBER_UPDATE" {
		in.d.cache.change(e.Guild, func(g *guild) { g.mine = e.Roles })
		return
	}
	in.d.members.drop(memberKey{e.Guild, e.User.ID})
}
