package slacktest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// What the fake knows. Everything is guarded by Fake.mu.
type (
	workspace struct {
		f            *Fake
		id           string
		name, domain string
		users        []*user
		channels     []*channel
		groups       []*group
		owner        *user

		bot        *user // the app's own; nil where it was never installed
		installed  bool
		token      string
		tokenError string // what a call with the token answers; empty for a good one
		scopes     []string
	}
	user struct {
		id, name, real string
		ws             *workspace
		kind           []Kind
		bot            bool
		botID, appID   string
		deleted        bool
		locale         string
		home           *view
		modals         []*view // the stack, the top one last
		cannotDM       bool
	}
	channel struct {
		id, name  string
		ws        *workspace
		im        *user // with whom, for a direct conversation
		private   bool
		archived  bool
		gone      bool
		everybody bool // all full members are in it, now and later
		members   []string
		connected []string // ids of other workspaces that share it
		created   int64
		messages  []*message // in order of ts, also replies
		previous  []string
		topic     string
	}
	group struct {
		id, handle, name string
		members          []string
		disabled         bool
	}
)

// Workspace is a workspace.
type Workspace struct {
	f *Fake
	// ID is the workspace's id, which begins with T.
	ID string
}

// Person is somebody with an account, or another program.
type Person struct {
	f *Fake
	// ID is the user's id, which begins with U.
	ID string
	// Name is what everybody sees.
	Name string
}

// Channel is a channel or a direct conversation.
type Channel struct {
	f *Fake
	// ID begins with C, or with D for a direct conversation.
	ID string
}

// Group is a user group.
type Group struct {
	f *Fake
	// ID begins with S; Handle is what stands after the @.
	ID, Handle string
}

// Kind is what kind of account somebody has.
type Kind string

// The kinds of account. Somebody without one is an ordinary full member.
const (
	Owner       Kind = "owner"
	Admin       Kind = "admin"
	Guest       Kind = "guest"        // multi-channel guest
	SingleGuest Kind = "single-guest" // single-channel guest
	Deactivated Kind = "deactivated"
)

// Without leaves something out where it would be there otherwise.
type Without string

// NotInstalled makes a workspace in which the app is not installed.
const NotInstalled Without = "app"

// Seat is who is in a new channel: a *Person, WithBot or WithoutBot.
type Seat interface {
	sit(w *workspace, c *channel)
}

type botSeat bool

// WithBot puts the app's bot into a private channel; WithoutBot keeps it out
// of a public one.
const (
	WithBot    botSeat = true
	WithoutBot botSeat = false
)

func (b botSeat) sit(w *workspace, c *channel) {
	if w.bot == nil {
		return
	}
	c.remove(w.bot.id)
	if b {
		c.add(w.bot.id)
	}
}

func (p *Person) sit(_ *workspace, c *channel) { c.add(p.ID) }

func (c *channel) has(id string) bool { return slices.Contains(c.members, id) }

func (c *channel) add(id string) {
	if !c.has(id) {
		c.members = append(c.members, id)
	}
}

func (c *channel) remove(id string) {
	c.members = slices.DeleteFunc(c.members, func(x string) bool { return x == id })
}

func (c *channel) kind() string {
	switch {
	case c.im != nil:
		return "im"
	case c.private:
		return "group"
	}
	return "channel"
}

func (u *user) is(k Kind) bool { return slices.Contains(u.kind, k) }

func (u *user) guest() bool { return u.is(Guest) || u.is(SingleGuest) }

// reads says whether somebody can read a channel.
func (u *user) reads(c *channel) bool {
	if u.deleted || c.gone {
		return false
	}
	if c.has(u.id) {
		return true
	}
	return !c.private && c.im == nil && u.ws == c.ws && !u.guest() && !u.bot
}

// Workspace makes a workspace with the app installed in it. Its owner is
// somebody who takes no part.
func (f *Fake) Workspace(name string, without ...Without) *Workspace {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := &workspace{f: f, id: f.id("T"), name: name, domain: slug(name)}
	f.workspaces = append(f.workspaces, w)
	w.owner = f.newUser(w, "Olive Owner", []Kind{Owner})
	if len(without) == 0 {
		f.install(w, f.grantedScopes())
	}
	f.wake()
	return &Workspace{f: f, ID: w.id}
}

// install gives the app a bot and a token in a workspace.
func (f *Fake) install(w *workspace, scopes []string) {
	if w.bot == nil {
		w.bot = f.newUser(w, f.app.name, nil)
		w.bot.bot, w.bot.botID, w.bot.appID = true, f.id("B"), f.app.id
		for _, c := range w.channels {
			c.remove(w.bot.id)
		}
	}
	w.bot.deleted = false
	w.installed, w.tokenError = true, ""
	w.scopes = slices.Clone(scopes)
	f.lastID++
	w.token = fmt.Sprintf("xoxb-%d-%d-fake%s", 1000000000000+f.lastID, 2000000000000+f.lastID, strings.ToLower(w.id))
}

func (f *Fake) newUser(w *workspace, name string, kinds []Kind) *user {
	u := &user{id: f.id("U"), name: slug(name), real: name, ws: w, kind: kinds, deleted: slices.Contains(kinds, Deactivated), locale: "en-GB"}
	f.users[u.id] = u
	w.users = append(w.users, u)
	for _, c := range w.channels {
		if c.everybody && !u.guest() && !u.deleted {
			c.add(u.id)
		}
	}
	return u
}

func slug(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		case r == ' ':
			return '-'
		}
		return -1
	}, strings.ToLower(s))
	if s == "" {
		return "name"
	}
	return s
}

func (w *Workspace) state() *workspace {
	for _, x := range w.f.workspaces {
		if x.id == w.ID {
			return x
		}
	}
	return nil
}

func (p *Person) state() *user     { return p.f.users[p.ID] }
func (c *Channel) state() *channel { return c.f.channels[c.ID] }

func (f *Fake) person(u *user) *Person { return &Person{f: f, ID: u.id, Name: u.real} }

// Name is what the workspace is called.
func (w *Workspace) Name() string {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	return w.state().name
}

// Token is the bot's token in the workspace.
func (w *Workspace) Token() string {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	return w.state().token
}

// BotID is the id of the bot's user, which begins with U.
func (w *Workspace) BotID() string {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	return w.state().bot.id
}

// Bot is the app's own user.
func (w *Workspace) Bot() *Person {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	return w.f.person(w.state().bot)
}

// Owner is who owns the workspace.
func (w *Workspace) Owner() *Person {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	return w.f.person(w.state().owner)
}

// Member makes somebody with an account. Full members are in every channel
// that is for everybody; guests only where they are let in.
func (w *Workspace) Member(name string, kinds ...Kind) *Person {
	f := w.f
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.newUser(w.state(), name, kinds)
	f.event(w.state(), nil, "team_join", map[string]any{"user": u.json(w.state())})
	return f.person(u)
}

// OtherApp makes another program, which then can be let into channels.
func (w *Workspace) OtherApp(name string) *Person {
	f := w.f
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.newUser(w.state(), name, nil)
	u.bot, u.botID, u.appID = true, f.id("B"), f.id("A")
	for _, c := range w.state().channels {
		c.remove(u.id)
	}
	return f.person(u)
}

// Public makes a public channel with the bot in it. Where nobody is named, all
// full members are in it, now and later.
func (w *Workspace) Public(name string, seats ...Seat) *Channel {
	return w.channel(name, false, append([]Seat{WithBot}, seats...))
}

// Private makes a private channel with these in it; the bot only WithBot.
func (w *Workspace) Private(name string, seats ...Seat) *Channel { return w.channel(name, true, seats) }

func (w *Workspace) channel(name string, private bool, seats []Seat) *Channel {
	f := w.f
	f.mu.Lock()
	defer f.mu.Unlock()
	s := w.state()
	c := &channel{id: f.id("C"), name: name, ws: s, private: private, created: f.opt.Now().Unix()}
	c.everybody = !private && !slices.ContainsFunc(seats, func(x Seat) bool { _, is := x.(*Person); return is })
	if c.everybody {
		for _, u := range s.users {
			if !u.bot && !u.guest() && !u.deleted {
				c.add(u.id)
			}
		}
	}
	for _, x := range seats {
		x.sit(s, c)
	}
	f.channels[c.id] = c
	s.channels = append(s.channels, c)
	if !private {
		f.event(s, nil, "channel_created", map[string]any{"channel": map[string]any{
			"id": c.id, "name": c.name, "created": c.created, "creator": s.owner.id, "is_channel": true, "is_shared": false, "is_org_shared": false}})
	}
	f.wake()
	return &Channel{f: f, ID: c.id}
}

// Group makes a user group.
func (w *Workspace) Group(handle string, members ...*Person) *Group {
	f := w.f
	f.mu.Lock()
	defer f.mu.Unlock()
	g := &group{id: f.id("S"), handle: handle, name: handle}
	for _, p := range members {
		g.members = append(g.members, p.ID)
	}
	s := w.state()
	s.groups = append(s.groups, g)
	f.event(s, nil, "subteam_created", map[string]any{"subteam": g.json(s, true)})
	return &Group{f: f, ID: g.id, Handle: handle}
}

func (g *Group) state() (*workspace, *group) {
	for _, w := range g.f.workspaces {
		for _, x := range w.groups {
			if x.id == g.ID {
				return w, x
			}
		}
	}
	return nil, nil
}

// Mention is how a message names the group.
func (g *Group) Mention() string { return "<!subteam^" + g.ID + ">" }

// Set changes who is in the group.
func (g *Group) Set(members ...*Person) {
	g.f.mu.Lock()
	defer g.f.mu.Unlock()
	w, x := g.state()
	before := slices.Clone(x.members)
	x.members = nil
	for _, p := range members {
		x.members = append(x.members, p.ID)
	}
	added := slices.DeleteFunc(slices.Clone(x.members), func(id string) bool { return slices.Contains(before, id) })
	removed := slices.DeleteFunc(before, func(id string) bool { return slices.Contains(x.members, id) })
	g.f.event(w, nil, "subteam_members_changed", map[string]any{
		"subteam_id": x.id, "team_id": w.id, "added_users": list(added), "removed_users": list(removed),
		"added_users_count": len(added), "removed_users_count": len(removed)})
}

// Disable switches the group off.
func (g *Group) Disable() {
	g.f.mu.Lock()
	defer g.f.mu.Unlock()
	w, x := g.state()
	x.disabled = true
	g.f.event(w, nil, "subteam_updated", map[string]any{"subteam": x.json(w, true)})
}

// list is never nil, so that JSON has [] instead of null.
func list[T any](x []T) []T {
	if x == nil {
		return []T{}
	}
	return x
}

// Scopes are what the app may do in the workspace.
func (w *Workspace) Scopes() []string {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	return slices.Clone(w.state().scopes)
}

// Revoke takes scopes away from the app, as in a workspace that installed an
// older version of it.
func (w *Workspace) Revoke(scopes ...string) {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	s := w.state()
	s.scopes = slices.DeleteFunc(s.scopes, func(x string) bool { return slices.Contains(scopes, x) })
}

// Grant gives the app more scopes.
func (w *Workspace) Grant(scopes ...string) {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	w.state().scopes = append(w.state().scopes, scopes...)
}

// RevokeToken revokes the bot's token. The app is told by tokens_revoked.
func (w *Workspace) RevokeToken() {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	s := w.state()
	w.f.event(s, nil, "tokens_revoked", map[string]any{"tokens": map[string]any{"oauth": []string{}, "bot": []string{s.bot.id}}})
	s.tokenError = "token_revoked"
}

// RemoveApp uninstalls the app. It is told by app_uninstalled and
// tokens_revoked.
func (w *Workspace) RemoveApp() {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	s := w.state()
	w.f.event(s, nil, "app_uninstalled", map[string]any{})
	w.f.event(s, nil, "tokens_revoked", map[string]any{"tokens": map[string]any{"oauth": []string{}, "bot": []string{s.bot.id}}})
	s.tokenError, s.installed, s.bot.deleted = "account_inactive", false, true
	for _, c := range s.channels {
		c.remove(s.bot.id)
	}
	w.f.wake()
}

// Overrun tells the app that it got too many events in the last minute, and
// that more are withheld (app_rate_limited).
func (w *Workspace) Overrun() {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	w.f.start(&delivery{f: w.f, what: "app_rate_limited", kind: kindEvent, team: w.ID, lane: w.ID, payload: map[string]any{
		"token": w.f.app.verification, "type": "app_rate_limited", "team_id": w.ID, "api_app_id": w.f.app.id,
		"minute_rate_limited": w.f.opt.Now().Truncate(time.Minute).Unix()}})
}

// Install installs the app (again), with a new token, without OAuth.
func (w *Workspace) Install() {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	w.f.install(w.state(), w.f.grantedScopes())
	w.f.wake()
}

// Approve is what somebody does on Slack's page of consent: it gives the code
// that comes back to the app's redirect address, for oauth.v2.access. The code
// works once, for ten minutes.
func (w *Workspace) Approve() (code string) {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	code = "code-" + w.f.id("X")
	w.f.codes[code] = w.state()
	return code
}

// Name is what the channel is called now.
func (c *Channel) Name() string {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	return c.state().name
}

// Members are the ids of those in the channel, the bot included.
func (c *Channel) Members() []string {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	return slices.Clone(c.state().members)
}

// Join lets somebody join or be invited.
func (c *Channel) Join(p *Person) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	c.f.join(c.state(), p.state(), nil)
}

// Leave lets somebody leave.
func (c *Channel) Leave(p *Person) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	c.f.leave(c.state(), p.state())
}

// InviteBot invites the app's bot into the channel.
func (c *Channel) InviteBot() {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	s := c.state()
	c.f.join(s, s.ws.bot, s.ws.owner)
}

// RemoveBot takes the app's bot out of the channel.
func (c *Channel) RemoveBot() {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	c.f.leave(c.state(), c.state().ws.bot)
}

func (f *Fake) join(c *channel, u *user, inviter *user) {
	if c.has(u.id) {
		return
	}
	c.add(u.id)
	m := &message{ch: c, user: u, subtype: "channel_join", text: "<@" + u.id + "> has joined the channel"}
	ev := map[string]any{"user": u.id, "channel": c.id, "channel_type": letterOf(c), "team": u.ws.id}
	if inviter != nil {
		ev["inviter"], m.inviter = inviter.id, inviter.id
	}
	f.add(m)
	f.event(c.ws, c, "member_joined_channel", ev)
}

func (f *Fake) leave(c *channel, u *user) {
	if !c.has(u.id) {
		return
	}
	own := u == c.ws.bot
	f.event(c.ws, c, "member_left_channel", map[string]any{"user": u.id, "channel": c.id, "channel_type": letterOf(c), "team": u.ws.id})
	c.remove(u.id)
	if own {
		f.event(c.ws, nil, prefixed(c, "left"), map[string]any{"channel": c.id, "actor_id": c.ws.owner.id})
	}
	f.add(&message{ch: c, user: u, subtype: "channel_leave", text: "<@" + u.id + "> has left the channel"})
}

func letterOf(c *channel) string {
	if c.private {
		return "G"
	}
	return "C"
}

// prefixed names an event of a channel: channel_archive or group_archive.
func prefixed(c *channel, what string) string {
	if c.private {
		return "group_" + what
	}
	return "channel_" + what
}

// Rename gives the channel another name.
func (c *Channel) Rename(name string) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	s := c.state()
	old := s.name
	s.previous = append(s.previous, old)
	s.name = name
	c.f.event(s.ws, s, prefixed(s, "rename"), map[string]any{"channel": map[string]any{"id": s.id, "name": name, "created": s.created}})
	c.f.add(&message{ch: s, user: s.ws.owner, subtype: "channel_name", text: "has renamed the channel", extra: map[string]any{"old_name": old, "name": name}})
}

// Archive archives the channel, or takes it out of the archive. The bot and
// all others stay in its list, but nobody can write.
func (c *Channel) Archive(archived bool) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	s := c.state()
	s.archived = archived
	what := "archive"
	if !archived {
		what = "unarchive"
	}
	c.f.event(s.ws, s, prefixed(s, what), map[string]any{"channel": s.id, "user": s.ws.owner.id, "is_moved": 0})
	c.f.wake()
}

// Delete deletes the channel.
func (c *Channel) Delete() {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	s := c.state()
	c.f.event(s.ws, s, prefixed(s, "deleted"), map[string]any{"channel": s.id})
	s.gone = true
	s.ws.channels = slices.DeleteFunc(s.ws.channels, func(x *channel) bool { return x == s })
	c.f.wake()
}

// MakePublic makes a private channel public; its id stays.
func (c *Channel) MakePublic() { c.convert(false) }

// MakePrivate makes a public channel private; its id stays.
func (c *Channel) MakePrivate() { c.convert(true) }

func (c *Channel) convert(private bool) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	s := c.state()
	s.private, s.everybody = private, false
	sub := "channel_convert_to_public"
	if private {
		sub = "channel_convert_to_private"
	}
	c.f.add(&message{ch: s, user: s.ws.owner, subtype: sub, text: "made this channel " + strings.TrimPrefix(sub, "channel_convert_to_")})
}

// Connect shares the channel with another workspace (Slack Connect); those
// given of its people are in the channel from then on.
func (c *Channel) Connect(with *Workspace, people ...*Person) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	s := c.state()
	if !slices.Contains(s.connected, with.ID) {
		s.connected = append(s.connected, with.ID)
	}
	c.f.event(s.ws, s, "channel_shared", map[string]any{"connected_team_id": with.ID, "channel": s.id})
	for _, p := range people {
		c.f.join(s, p.state(), nil)
	}
}

// Disconnect ends sharing the channel with another workspace.
func (c *Channel) Disconnect(with *Workspace) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	s := c.state()
	s.connected = slices.DeleteFunc(s.connected, func(id string) bool { return id == with.ID })
	for _, id := range slices.Clone(s.members) {
		if c.f.users[id].ws.id == with.ID {
			s.remove(id)
		}
	}
	c.f.event(s.ws, s, "channel_unshared", map[string]any{"previously_connected_team_id": with.ID, "channel": s.id, "is_ext_shared": len(s.connected) > 0})
}

// Deactivate closes somebody's account.
func (p *Person) Deactivate() {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	u := p.state()
	u.deleted = true
	for _, c := range u.ws.channels {
		c.remove(u.id)
	}
	p.f.event(u.ws, nil, "user_change", map[string]any{"user": u.json(u.ws), "cache_ts": p.f.opt.Now().Unix()})
}

// Becomes changes what kind of account somebody has.
func (p *Person) Becomes(kinds ...Kind) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	u := p.state()
	u.kind = kinds
	p.f.event(u.ws, nil, "user_change", map[string]any{"user": u.json(u.ws), "cache_ts": p.f.opt.Now().Unix()})
}

// Rename changes what everybody sees as somebody's name.
func (p *Person) Rename(name string) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	u := p.state()
	u.real = name
	p.f.event(u.ws, nil, "user_change", map[string]any{"user": u.json(u.ws), "cache_ts": p.f.opt.Now().Unix()})
}

// Mention is how a message names a person.
func (p *Person) Mention() string { return "<@" + p.ID + ">" }

// CanSee says whether a person can read a channel.
func (p *Person) CanSee(c *Channel) bool {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	return p.state().reads(c.state())
}

// direct is the conversation between somebody and the app, made where it is
// not there yet.
func (f *Fake) direct(w *workspace, u *user) *channel {
	for _, c := range w.channels {
		if c.im == u && c.has(w.bot.id) {
			return c
		}
	}
	c := &channel{id: f.id("D"), ws: w, im: u, members: []string{u.id, w.bot.id}, created: f.opt.Now().Unix()}
	f.channels[c.id] = c
	w.channels = append(w.channels, c)
	return c
}

// DirectChannel is the conversation between a person and the app.
func (p *Person) DirectChannel() *Channel {
	p.f.t.Helper()
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	u := p.state()
	if u.ws.bot == nil {
		p.f.t.Fatalf("%s cannot write to the app: it is not installed in %s", p.Name, u.ws.name)
	}
	return &Channel{f: p.f, ID: p.f.direct(u.ws, u).id}
}

// json is the user as seen from a workspace.
func (u *user) json(from *workspace) map[string]any {
	out := map[string]any{
		"id": u.id, "team_id": u.ws.id, "name": u.name, "deleted": u.deleted, "is_bot": u.bot, "is_app_user": false,
		"updated": 1700000000, "real_name": u.real,
		"profile": map[string]any{
			"real_name": u.real, "real_name_normalized": u.real, "display_name": u.real, "display_name_normalized": u.real,
			"team": u.ws.id, "avatar_hash": "g0123456789a", "image_48": "https://avatars.example.org/48.png"},
	}
	if u.bot {
		p := out["profile"].(map[string]any)
		p["bot_id"], p["api_app_id"], p["always_active"] = u.botID, u.appID, true
	}
	if u.ws != from {
		out["is_stranger"] = !slices.ContainsFunc(from.channels, func(c *channel) bool {
			return c.has(u.id) && from.bot != nil && c.has(from.bot.id)
		})
	}
	if u.deleted {
		return out
	}
	maps.Copy(out, map[string]any{
		"tz": "Europe/London", "tz_label": "Greenwich Mean Time", "tz_offset": 0, "color": "9f69e7",
		"is_admin": u.is(Admin) || u.is(Owner), "is_owner": u.is(Owner), "is_primary_owner": u == u.ws.owner,
		"is_restricted": u.guest(), "is_ultra_restricted": u.is(SingleGuest), "is_email_confirmed": true, "who_can_share_contact_card": "EVERYONE",
	})
	return out
}

// json is the channel as the bot of a workspace sees it.
func (c *channel) json(f *Fake, full bool) map[string]any {
	if c.im != nil {
		return map[string]any{"id": c.id, "created": c.created, "is_archived": false, "is_im": true, "is_org_shared": false,
			"user": c.im.id, "is_user_deleted": c.im.deleted, "priority": 0, "context_team_id": c.ws.id, "is_open": true}
	}
	ext := len(c.connected) > 0
	out := map[string]any{
		"id": c.id, "name": c.name, "name_normalized": c.name, "created": c.created, "creator": c.ws.owner.id,
		"is_channel": !c.private, "is_group": c.private, "is_im": false, "is_mpim": false, "is_private": c.private,
		"is_archived": c.archived, "is_general": c.name == "general", "is_shared": ext, "is_ext_shared": ext,
		"is_org_shared": false, "is_pending_ext_shared": false, "unlinked": 0, "context_team_id": c.ws.id,
		"shared_team_ids": append([]string{c.ws.id}, c.connected...), "pending_shared": []string{}, "pending_connected_team_ids": []string{},
		"is_member": c.ws.bot != nil && c.has(c.ws.bot.id), "previous_names": list(c.previous), "updated": c.created * 1000,
		"topic":   map[string]any{"value": c.topic, "creator": "", "last_set": 0},
		"purpose": map[string]any{"value": "", "creator": "", "last_set": 0},
	}
	if ext {
		out["conversation_host_id"] = c.ws.id
		out["connected_team_ids"] = append([]string{c.ws.id}, c.connected...)
	}
	if full {
		out["num_members"] = len(c.members)
	}
	return out
}

func (g *group) json(w *workspace, users bool) map[string]any {
	out := map[string]any{
		"id": g.id, "team_id": w.id, "is_usergroup": true, "is_subteam": true, "name": g.name, "handle": g.handle, "description": "",
		"is_external": false, "date_create": 1700000000, "date_update": 1700000000, "date_delete": 0, "auto_type": nil,
		"created_by": w.owner.id, "updated_by": w.owner.id, "deleted_by": nil, "user_count": len(g.members),
		"prefs": map[string]any{"channels": []string{}, "groups": []string{}},
	}
	if g.disabled {
		out["date_delete"] = 1700000001
	}
	if users {
		out["users"] = list(g.members)
	}
	return out
}
