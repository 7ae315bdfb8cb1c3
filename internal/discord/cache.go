package discord

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// cache is what the adapter keeps of servers: enough to say who can read what,
// and no more. No member, message or emoji is in it.
type cache struct {
	mu     sync.RWMutex
	guilds map[id]*guild
}

// guild is one server.
type guild struct {
	id       id
	owner    id
	mine     []id // the roles of the bot's own member
	roles    []role
	channels []channel // by id; threads are among them
	stale    bool      // since it came, messages were missed
}

type role struct {
	id    id
	perms bits
	name  string
	bot   bool // belongs to one program, and to nobody else
	own   bool // given and taken by Discord alone, as that of a program
	named bool // anybody may mention it
}

type channel struct {
	id         id
	parent     id // of a thread its channel, of a channel its category
	last       id // the newest message when the server came
	kind       channelKind
	name       string
	overwrites []overwrite
}

type overwrite struct {
	id     id
	allow  bits
	deny   bits
	person bool // of a person, not of a role
}

// channelKind is Discord's type of a channel.
type channelKind uint8

// The kinds that hold messages or threads.
const (
	kindText          channelKind = 0
	kindDM            channelKind = 1
	kindVoice         channelKind = 2
	kindGroupDM       channelKind = 3
	kindNews          channelKind = 5
	kindNewsThread    channelKind = 10
	kindThread        channelKind = 11
	kindPrivateThread channelKind = 12
	kindStage         channelKind = 13
	kindForum         channelKind = 15
	kindMedia         channelKind = 16
)

func (k channelKind) thread() bool { return k >= kindNewsThread && k <= kindPrivateThread }

// messages says whether messages are written right in it.
func (k channelKind) messages() bool {
	switch k {
	case kindText, kindVoice, kindNews, kindStage:
		return true
	}
	return k.thread()
}

// forum says whether it holds threads alone.
func (k channelKind) forum() bool { return k == kindForum || k == kindMedia }

func newCache() *cache { return &cache{guilds: map[id]*guild{}} }

// The shapes in which Discord describes servers.

type rawGuild struct {
	ID          id           `json:"id"`
	Unavailable bool         `json:"unavailable"`
	Owner       id           `json:"owner_id"`
	Roles       []rawRole    `json:"roles"`
	Channels    []rawChannel `json:"channels"`
	Threads     []rawChannel `json:"threads"`
	Members     []rawMember  `json:"members"`
}

type rawRole struct {
	ID   id     `json:"id"`
	Name string `json:"name"`
	Perm bits   `json:"permissions"`
	Own  bool   `json:"managed"`
	Free bool   `json:"mentionable"`
	Tags struct {
		Bot id `json:"bot_id"`
	} `json:"tags"`
}

type rawChannel struct {
	ID         id             `json:"id"`
	Guild      id             `json:"guild_id"`
	Parent     id             `json:"parent_id"`
	Last       id             `json:"last_message_id"`
	Kind       channelKind    `json:"type"`
	Name       string         `json:"name"`
	Owner      id             `json:"owner_id"`
	New        bool           `json:"newly_created"`
	Overwrites []rawOverwrite `json:"permission_overwrites"`
	Recipients []rawUser      `json:"recipients"`
	Meta       struct {
		Archived bool `json:"archived"`
		Locked   bool `json:"locked"`
	} `json:"thread_metadata"`
}

type rawOverwrite struct {
	ID    id   `json:"id"`
	Kind  int  `json:"type"`
	Allow bits `json:"allow"`
	Deny  bits `json:"deny"`
}

type rawMember struct {
	User  *rawUser `json:"user"`
	Nick  string   `json:"nick"`
	Roles []id     `json:"roles"`
}

type rawUser struct {
	ID     id     `json:"id"`
	Name   string `json:"username"`
	Global string `json:"global_name"`
	Bot    bool   `json:"bot"`
}

func (r rawRole) role() role {
	return role{id: r.ID, perms: r.Perm, name: r.Name, bot: r.Tags.Bot != 0, own: r.Own, named: r.Free}
}

// channel keeps what is needed. Overwrites that another channel has as well
// are shared, as most are those of the category.
func (c rawChannel) channel(share func([]overwrite) []overwrite) channel {
	out := channel{id: c.ID, parent: c.Parent, last: c.Last, kind: c.Kind, name: c.Name}
	if len(c.Overwrites) > 0 {
		own := make([]overwrite, len(c.Overwrites))
		for i, o := range c.Overwrites {
			own[i] = overwrite{id: o.ID, allow: o.Allow, deny: o.Deny, person: o.Kind == 1}
		}
		out.overwrites = share(own)
	}
	return out
}

// newGuild takes in a whole server.
func newGuild(raw rawGuild, me id) *guild {
	g := &guild{id: raw.ID, owner: raw.Owner}
	for _, m := range raw.Members {
		if m.User != nil && m.User.ID == me && me != 0 {
			g.mine = m.Roles
		}
	}
	g.roles = make([]role, len(raw.Roles))
	for i, r := range raw.Roles {
		g.roles[i] = r.role()
	}
	g.channels = make([]channel, 0, len(raw.Channels)+len(raw.Threads))
	var seen [][]overwrite
	share := func(own []overwrite) []overwrite {
		for _, s := range seen {
			if slices.Equal(s, own) {
				return s
			}
		}
		if len(seen) < 64 {
			seen = append(seen, own)
		}
		return own
	}
	for _, list := range [][]rawChannel{raw.Channels, raw.Threads} {
		for _, c := range list {
			g.channels = append(g.channels, c.channel(share))
		}
	}
	slices.SortFunc(g.channels, byID)
	return g
}

func byID(a, b channel) int {
	switch {
	case a.id < b.id:
		return -1
	case a.id > b.id:
		return 1
	}
	return 0
}

func (g *guild) find(at id) (int, bool) {
	return slices.BinarySearchFunc(g.channels, at, func(c channel, at id) int { return byID(c, channel{id: at}) })
}

func (g *guild) channel(at id) (channel, bool) {
	i, ok := g.find(at)
	if !ok {
		return channel{}, false
	}
	return g.channels[i], true
}

// root is the channel whose overwrites count: a thread's parent.
func (g *guild) root(c channel) channel {
	if c.kind.thread() {
		if p, ok := g.channel(c.parent); ok {
			return p
		}
	}
	return c
}

func (g *guild) role(at id) (role, bool) {
	for _, r := range g.roles {
		if r.id == at {
			return r, true
		}
	}
	return role{}, false
}

// put keeps a whole server.
func (c *cache) put(g *guild) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.guilds[g.id] = g
}

// drop forgets a server.
func (c *cache) drop(server id) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.guilds, server)
}

// change lets f change a server that is known, and nobody else meanwhile.
func (c *cache) change(server id, f func(*guild)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.guilds[server]; g != nil {
		f(g)
	}
}

// read lets f look at a server. It says false where that is not known.
func (c *cache) read(server id, f func(*guild)) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	g := c.guilds[server]
	if g != nil {
		f(g)
	}
	return g != nil
}

// snapshot is a server as it is now. Its slices are never changed in place.
func (c *cache) snapshot(server id) (g guild, ok bool) {
	ok = c.read(server, func(x *guild) { g = *x })
	return g, ok
}

// setChannel keeps a channel or thread, and returns what it was called before.
func (g *guild) setChannel(raw rawChannel) (before string, known bool) {
	own := raw.channel(func(o []overwrite) []overwrite { return o })
	i, known := g.find(raw.ID)
	channels := slices.Clone(g.channels) // a snapshot may still be read
	if known {
		before = channels[i].name
		channels[i] = own
	} else {
		channels = slices.Insert(channels, i, own)
	}
	g.channels = channels
	return before, known
}

// dropChannel forgets a channel and its threads.
func (g *guild) dropChannel(at id) {
	out := make([]channel, 0, len(g.channels))
	for _, c := range g.channels {
		if c.id != at && !(c.kind.thread() && c.parent == at) {
			out = append(out, c)
		}
	}
	g.channels = out
}

// setThreads replaces the threads of the given channels, or of all where none
// is given, with those that are active now.
func (g *guild) setThreads(parents []id, threads []rawChannel) {
	out := make([]channel, 0, len(g.channels)+len(threads))
	for _, c := range g.channels {
		if !c.kind.thread() || (len(parents) > 0 && !slices.Contains(parents, c.parent)) {
			out = append(out, c)
		}
	}
	for _, t := range threads {
		out = append(out, t.channel(func(o []overwrite) []overwrite { return o }))
	}
	slices.SortFunc(out, byID)
	g.channels = slices.CompactFunc(out, func(a, b channel) bool { return a.id == b.id })
}

func (g *guild) setRole(r role) {
	roles := slices.Clone(g.roles)
	if i := slices.IndexFunc(roles, func(x role) bool { return x.id == r.id }); i >= 0 {
		roles[i] = r
	} else {
		roles = append(roles, r)
	}
	g.roles = roles
}

func (g *guild) dropRole(at id) {
	g.roles = slices.DeleteFunc(slices.Clone(g.roles), func(x role) bool { return x.id == at })
}

// memberCache remembers for a short while who has which roles.
type memberCache struct {
	now func() time.Time

	mu   sync.Mutex
	seen map[memberKey]member
}

type memberKey struct{ server, person id }

// member is somebody in a server.
type member struct {
	roles []id
	user  rawUser
	nick  string
	left  bool // is not in the server
	at    time.Time
}

// name is what the person is called there.
func (m member) name() string { return displayName(m.nick, m.user) }

func displayName(nick string, u rawUser) string {
	for _, s := range []string{nick, u.Global, u.Name} {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}

// maxMembers bounds how many are remembered.
const maxMembers = 5_000

func newMemberCache(now func() time.Time) *memberCache {
	return &memberCache{now: now, seen: map[memberKey]member{}}
}

func (c *memberCache) get(k memberKey, within time.Duration) (member, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.seen[k]
	if !ok || c.now().Sub(m.at) > within {
		return member{}, false
	}
	return m, true
}

func (c *memberCache) put(k memberKey, m member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) >= maxMembers {
		clear(c.seen)
	}
	m.at = c.now()
	c.seen[k] = m
}

func (c *memberCache) drop(k memberKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.seen, k)
}

// servers are the ids of all that are known.
func (c *cache) servers() []id {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := make([]id, 0, len(c.guilds))
	for g := range c.guilds {
		out = append(out, g)
	}
	return out
}
