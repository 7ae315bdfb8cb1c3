package discordtest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// The kinds of channel that the fake knows, with Discord's numbers.
const (
	kindText          = 0
	kindDirect        = 1
	kindVoice         = 2
	kindCategory      = 4
	kindAnnouncement  = 5
	kindPublicThread  = 11
	kindPrivateThread = 12
	kindForum         = 15
)

// The state of the world. All of it is guarded by Fake.mu.
type (
	guild struct {
		id, name string
		owner    string
		locale   string
		roles    map[string]*role
		roleIDs  []string
		channels []*channel // without threads
		threads  []*channel
		members  map[string]*member
		botRole  string // the role that came with the bot; "" where the bot never was
		created  time.Time
		down     bool // in an outage
		crowd    int  // how many channels are made up when asked for
	}
	role struct {
		id, name    string
		guild       *guild
		permissions Permission
		position    int
		managed     bool
		mentionable bool
	}
	user struct {
		id, name string
		bot      bool
		refuses  bool // takes no direct messages from the bot
		installs bool // added the bot to their own account
		locale   string
		direct   *channel
	}
	member struct {
		user   *user
		roles  []string
		joined time.Time
		muted  time.Time // timed out until
	}
	channel struct {
		id, name      string
		kind          int
		guild         *guild // nil for a direct conversation
		parent        *channel
		overwrites    []Overwrite
		topic         string
		position      int
		deleted       bool
		messages      []*message
		recipient     *user // of a direct conversation
		owner         string
		threadMembers []string
		archived      bool
		locked        bool
		created       time.Time
	}
)

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func (c *channel) isThread() bool { return c.kind == kindPublicThread || c.kind == kindPrivateThread }

// threads are all threads that hang below a channel, oldest first.
func (c *channel) threads() []*channel {
	if c.guild == nil {
		return nil
	}
	var out []*channel
	for _, t := range c.guild.threads {
		if t.parent == c {
			out = append(out, t)
		}
	}
	return out
}

func (c *channel) guildID() string {
	if c.guild == nil {
		return ""
	}
	return c.guild.id
}

// active are the threads of a guild that are not archived.
func (g *guild) active() []*channel {
	var out []*channel
	for _, c := range g.threads {
		if !c.deleted && !c.archived {
			out = append(out, c)
		}
	}
	return out
}

func (g *guild) hasBot(f *Fake) bool { return g.members[f.bot.id] != nil }

// Guild is a server.
type Guild struct {
	f *Fake
	// ID is its snowflake.
	ID string
}

// Role is a role of a guild.
type Role struct {
	g *Guild
	// ID is its snowflake; that of @everyone is the guild's.
	ID string
}

func (r *Role) subject() (string, int) { return r.ID, 0 }

// Channel is a channel, a thread or a direct conversation.
type Channel struct {
	f *Fake
	// ID is its snowflake.
	ID string
	// GuildID is the guild's, empty for a direct conversation.
	GuildID string
}

// Person is somebody with an account.
type Person struct {
	f *Fake
	// ID is their snowflake.
	ID string
	// Name is what everybody sees.
	Name string
}

func (p *Person) subject() (string, int) { return p.ID, 1 }

// Without is given to Guild to make a guild in which the bot is not.
type Without bool

// Guild makes a server with the bot in it. Its owner is somebody who takes no
// part. @everyone has EveryoneByDefault, the bot's role BotByDefault; Grant
// changes both.
func (f *Fake) Guild(name string, without ...Without) *Guild {
	owner := f.Person("The owner of " + name)
	f.mu.Lock()
	defer f.mu.Unlock()
	g := &guild{
		id: f.ids.nextGuild(), name: name, owner: owner.ID, locale: "en-GB", created: f.opt.Now(),
		roles: map[string]*role{}, members: map[string]*member{},
	}
	f.guilds[g.id] = g
	f.guildIDs = append(f.guildIDs, g.id)
	g.addRole(&role{id: g.id, name: "@everyone", permissions: EveryoneByDefault})
	f.enter(g, f.users[owner.ID], nil)
	if len(without) == 0 {
		f.addBot(g, BotByDefault)
		f.tellGuildCreate(g)
	}
	f.wake()
	return &Guild{f: f, ID: g.id}
}

// BotByDefault is what the bot's own role may do at first.
const BotByDefault = ViewChannel | SendMessages | SendInThreads | CreatePublicThreads | CreatePrivateThreads |
	EmbedLinks | ReadMessageHistory

func (f *Fake) addBot(g *guild, p Permission) {
	r := &role{id: f.ids.next(), name: f.bot.name, permissions: p, managed: true}
	g.addRole(r)
	g.botRole = r.id
	f.enter(g, f.bot, []string{r.id})
}

func (g *guild) addRole(r *role) {
	r.guild, r.position = g, len(g.roleIDs)
	g.roles[r.id] = r
	g.roleIDs = append(g.roleIDs, r.id)
}

func (f *Fake) enter(g *guild, u *user, roles []string) *member {
	m := &member{user: u, roles: roles, joined: f.opt.Now()}
	g.members[u.id] = m
	return m
}

// Everyone is the role that everybody has.
func (g *Guild) Everyone() *Role { return &Role{g: g, ID: g.ID} }

// BotRole is the role that came with the bot.
func (g *Guild) BotRole() *Role {
	g.f.mu.Lock()
	defer g.f.mu.Unlock()
	return &Role{g: g, ID: g.state().botRole}
}

func (g *Guild) state() *guild { return g.f.guilds[g.ID] }

// Role makes a role.
func (g *Guild) Role(name string, p ...Permission) *Role {
	f := g.f
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &role{id: f.ids.next(), name: name}
	for _, x := range p {
		r.permissions |= x
	}
	g.state().addRole(r)
	f.tell(event{name: "GUILD_ROLE_CREATE", guild: g.ID, intent: Guilds,
		data: map[string]any{"guild_id": g.ID, "role": r.json()}})
	f.wake()
	return &Role{g: g, ID: r.id}
}

// Grant sets what a role may do.
func (r *Role) Grant(p Permission) {
	f := r.g.f
	f.mu.Lock()
	defer f.mu.Unlock()
	s := r.g.state().roles[r.ID]
	s.permissions = p
	f.tell(event{name: "GUILD_ROLE_UPDATE", guild: r.g.ID, intent: Guilds,
		data: map[string]any{"guild_id": r.g.ID, "role": s.json()}})
	f.wake()
}

// Delete takes a role away from the guild and from everybody who had it.
func (r *Role) Delete() {
	f := r.g.f
	f.mu.Lock()
	defer f.mu.Unlock()
	g := r.g.state()
	delete(g.roles, r.ID)
	g.roleIDs = slices.DeleteFunc(g.roleIDs, func(id string) bool { return id == r.ID })
	for _, m := range g.members {
		m.roles = slices.DeleteFunc(m.roles, func(id string) bool { return id == r.ID })
	}
	f.tell(event{name: "GUILD_ROLE_DELETE", guild: g.id, intent: Guilds,
		data: map[string]any{"guild_id": g.id, "role_id": r.ID}})
	f.wake()
}

// Person makes somebody who is in no guild yet.
func (f *Fake) Person(name string) *Person {
	f.mu.Lock()
	defer f.mu.Unlock()
	u := &user{id: f.ids.next(), name: name, locale: "en-GB"}
	f.users[u.id] = u
	return &Person{f: f, ID: u.id, Name: name}
}

// OtherBot makes another program, which then can be let into guilds.
func (f *Fake) OtherBot(name string) *Person {
	p := f.Person(name)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.users[p.ID].bot = true
	return p
}

// Owner is who owns the guild.
func (g *Guild) Owner() *Person {
	g.f.mu.Lock()
	defer g.f.mu.Unlock()
	u := g.f.users[g.state().owner]
	return &Person{f: g.f, ID: u.id, Name: u.name}
}

// Member makes somebody who is in the guild, with these roles.
func (g *Guild) Member(name string, roles ...*Role) *Person {
	p := g.f.Person(name)
	g.Join(p, roles...)
	return p
}

// Join lets somebody into the guild.
func (g *Guild) Join(p *Person, roles ...*Role) {
	f := g.f
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	for _, r := range roles {
		ids = append(ids, r.ID)
	}
	m := f.enter(g.state(), f.users[p.ID], ids)
	f.tell(event{name: "GUILD_MEMBER_ADD", guild: g.ID, intent: GuildMembers, data: m.event(g.ID)})
	f.wake()
}

// Leave lets somebody go.
func (g *Guild) Leave(p *Person) {
	f := g.f
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(g.state().members, p.ID)
	f.tell(event{name: "GUILD_MEMBER_REMOVE", guild: g.ID, intent: GuildMembers,
		data: map[string]any{"guild_id": g.ID, "user": f.users[p.ID].json()}})
	f.wake()
}

// SetRoles gives a member exactly these roles.
func (g *Guild) SetRoles(p *Person, roles ...*Role) {
	f := g.f
	f.mu.Lock()
	defer f.mu.Unlock()
	m := g.state().members[p.ID]
	if m == nil {
		f.t.Fatalf("%s is not in the guild", p.Name)
	}
	m.roles = nil
	for _, r := range roles {
		m.roles = append(m.roles, r.ID)
	}
	f.tell(event{name: "GUILD_MEMBER_UPDATE", guild: g.ID, intent: GuildMembers, data: m.event(g.ID)})
	f.wake()
}

// RemoveBot takes the bot out of the guild.
func (g *Guild) RemoveBot() {
	f := g.f
	f.mu.Lock()
	defer f.mu.Unlock()
	s := g.state()
	f.tell(event{name: "GUILD_DELETE", guild: g.ID, intent: Guilds, data: map[string]any{"id": g.ID}})
	delete(s.members, f.bot.id)
	delete(s.roles, s.botRole)
	s.roleIDs = slices.DeleteFunc(s.roleIDs, func(id string) bool { return id == s.botRole })
	f.wake()
}

// AddBot puts the bot into the guild, with the permissions that somebody
// agreed to; BotByDefault where none are given.
func (g *Guild) AddBot(p ...Permission) {
	f := g.f
	f.mu.Lock()
	defer f.mu.Unlock()
	granted := BotByDefault
	if len(p) > 0 {
		granted = 0
		for _, x := range p {
			granted |= x
		}
	}
	f.addBot(g.state(), granted)
	f.tellGuildCreate(g.state())
	f.wake()
}

// Outage makes the guild unavailable, or available again.
func (g *Guild) Outage(down bool) {
	f := g.f
	f.mu.Lock()
	defer f.mu.Unlock()
	s := g.state()
	s.down = down
	if down {
		f.tell(event{name: "GUILD_DELETE", guild: g.ID, intent: Guilds,
			data: map[string]any{"id": g.ID, "unavailable": true}})
	} else {
		f.tellGuildCreate(s)
	}
	f.wake()
}

// Only hides a channel from everybody but these. It is meant for Text, Voice
// and Forum, which turn it into overwrites.
func Only(who ...Subject) []Overwrite {
	out := []Overwrite{{Type: -1, Deny: ViewChannel}} // the guild's id is filled in later
	for _, w := range who {
		out = append(out, Allow(w, ViewChannel))
	}
	return out
}

// Text makes a text channel. Overwrites come from Only, or as a list of Allow
// and Deny.
func (g *Guild) Text(name string, overwrites ...[]Overwrite) *Channel {
	return g.channel(kindText, name, overwrites)
}

// Voice makes a voice channel, which has text too.
func (g *Guild) Voice(name string, overwrites ...[]Overwrite) *Channel {
	return g.channel(kindVoice, name, overwrites)
}

// Announcement makes an announcement channel.
func (g *Guild) Announcement(name string, overwrites ...[]Overwrite) *Channel {
	return g.channel(kindAnnouncement, name, overwrites)
}

// Forum makes a forum, in which people post with [Person.Post].
func (g *Guild) Forum(name string, overwrites ...[]Overwrite) *Channel {
	return g.channel(kindForum, name, overwrites)
}

func (g *Guild) channel(kind int, name string, overwrites [][]Overwrite) *Channel {
	f := g.f
	f.mu.Lock()
	defer f.mu.Unlock()
	s := g.state()
	c := &channel{id: f.ids.next(), name: name, kind: kind, guild: s, position: len(s.channels), created: f.opt.Now()}
	c.setOverwrites(slices.Concat(overwrites...))
	s.channels = append(s.channels, c)
	f.channels[c.id] = c
	f.tell(event{name: "CHANNEL_CREATE", guild: g.ID, intent: Guilds, data: c.json()})
	f.wake()
	return f.handle(c)
}

func (c *channel) setOverwrites(list []Overwrite) {
	for i := range list {
		if list[i].Type == -1 {
			list[i].Type, list[i].ID = 0, c.guild.id
		}
	}
	c.overwrites = list
}

func (f *Fake) handle(c *channel) *Channel {
	return &Channel{f: f, ID: c.id, GuildID: c.guildID()}
}

func (c *Channel) state() *channel { return c.f.channels[c.ID] }

// Name is what the channel is called now.
func (c *Channel) Name() string {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	return c.state().name
}

// Parent is the channel to which a thread belongs, nil for a channel.
func (c *Channel) Parent() *Channel {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	if p := c.state().parent; p != nil && c.state().isThread() {
		return c.f.handle(p)
	}
	return nil
}

// SetOverwrites changes who may do what in the channel.
func (c *Channel) SetOverwrites(overwrites ...[]Overwrite) {
	f := c.f
	f.mu.Lock()
	defer f.mu.Unlock()
	s := c.state()
	before := f.sees(f.bot.id, s)
	s.setOverwrites(slices.Concat(overwrites...))
	f.tellChannel("CHANNEL_UPDATE", s)
	if !before && f.sees(f.bot.id, s) {
		f.tellThreadList(s)
	}
	f.wake()
}

// Rename gives the channel or thread another name.
func (c *Channel) Rename(name string) {
	f := c.f
	f.mu.Lock()
	defer f.mu.Unlock()
	s := c.state()
	s.name = name
	f.tellChannel(updateName(s), s)
	f.wake()
}

func updateName(c *channel) string {
	if c.isThread() {
		return "THREAD_UPDATE"
	}
	return "CHANNEL_UPDATE"
}

// Delete deletes the channel with its threads and messages.
func (c *Channel) Delete() {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	c.f.deleteChannel(c.state())
}

func (f *Fake) deleteChannel(c *channel) {
	for _, t := range c.threads() {
		f.deleteThread(t)
	}
	if c.isThread() {
		f.deleteThread(c)
		return
	}
	c.deleted = true
	if c.guild != nil {
		c.guild.channels = slices.DeleteFunc(c.guild.channels, func(x *channel) bool { return x == c })
	}
	f.tell(event{name: "CHANNEL_DELETE", guild: c.guildID(), intent: Guilds, data: c.json()})
	f.wake()
}

// deleteThread tells of it only where the bot saw the thread.
func (f *Fake) deleteThread(t *channel) {
	if f.sees(f.bot.id, t) {
		f.tell(event{name: "THREAD_DELETE", guild: t.guildID(), intent: Guilds, data: map[string]any{
			"id": t.id, "guild_id": t.guildID(), "parent_id": t.parent.id, "type": t.kind}})
	}
	t.deleted = true
	f.wake()
}

// Archive closes a thread, or opens it again.
func (c *Channel) Archive(archived bool) {
	f := c.f
	f.mu.Lock()
	defer f.mu.Unlock()
	c.state().archived = archived
	f.tellChannel("THREAD_UPDATE", c.state())
	f.wake()
}

// Threads are the channel's threads that are there, oldest first.
func (c *Channel) Threads() []*Channel {
	f := c.f
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []*Channel
	for _, t := range c.state().threads() {
		if !t.deleted {
			out = append(out, f.handle(t))
		}
	}
	return out
}

// RefuseDirect makes a person take no direct messages from the bot, or take
// them again.
func (p *Person) RefuseDirect(refuse bool) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	p.f.users[p.ID].refuses = refuse
}

// Install adds the bot to a person's own account, so that its commands are
// there in any guild.
func (p *Person) Install() {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	p.f.users[p.ID].installs = true
}

// Speaks sets the person's language ("en-GB" at first).
func (p *Person) Speaks(locale string) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	p.f.users[p.ID].locale = locale
}

// The wire's shapes.

func (u *user) json() map[string]any {
	out := map[string]any{
		"id": u.id, "username": strings.ToLower(strings.ReplaceAll(u.name, " ", "")), "global_name": u.name,
		"discriminator": "0", "avatar": nil, "public_flags": 0, "flags": 0, "banner": nil, "accent_color": nil,
		"primary_guild": nil,
	}
	if u.bot {
		out["bot"], out["discriminator"] = true, "0001"
	}
	return out
}

func (m *member) json(withUser bool) map[string]any {
	roles := m.roles
	if roles == nil {
		roles = []string{}
	}
	out := map[string]any{
		"roles": roles, "joined_at": stamp(m.joined), "deaf": false, "mute": false, "flags": 0, "nick": nil,
		"avatar": nil, "banner": nil, "premium_since": nil, "pending": false, "communication_disabled_until": nil,
	}
	if !m.muted.IsZero() {
		out["communication_disabled_until"] = stamp(m.muted)
	}
	if withUser {
		out["user"] = m.user.json()
	}
	return out
}

func (m *member) event(guildID string) map[string]any {
	out := m.json(true)
	out["guild_id"] = guildID
	return out
}

func (r *role) json() map[string]any {
	return map[string]any{
		"id": r.id, "name": r.name, "permissions": r.permissions, "position": r.position, "managed": r.managed,
		"mentionable": r.mentionable, "hoist": false, "color": 0, "icon": nil, "unicode_emoji": nil, "flags": 0,
		"description": nil, "colors": map[string]any{"primary_color": 0, "secondary_color": nil, "tertiary_color": nil},
	}
}

// channelJSON is a struct, not a map, because benchmarks make half a million.
type channelJSON struct {
	ID         string      `json:"id"`
	Type       int         `json:"type"`
	GuildID    string      `json:"guild_id,omitempty"`
	Name       string      `json:"name,omitempty"`
	Topic      *string     `json:"topic,omitempty"`
	Position   *int        `json:"position,omitempty"`
	ParentID   *string     `json:"parent_id"`
	NSFW       bool        `json:"nsfw"`
	Overwrites []Overwrite `json:"permission_overwrites,omitempty"`
	Last       *string     `json:"last_message_id"`
	Flags      int         `json:"flags"`
	PerUser    *int        `json:"rate_limit_per_user,omitempty"`
	Tags       []any       `json:"available_tags,omitempty"`

	OwnerID      string         `json:"owner_id,omitempty"`
	Metadata     map[string]any `json:"thread_metadata,omitempty"`
	MessageCount *int           `json:"message_count,omitempty"`
	MemberCount  *int           `json:"member_count,omitempty"`
	TotalSent    *int           `json:"total_message_sent,omitempty"`
	Recipients   []any          `json:"recipients,omitempty"`
}

func (c *channel) json() channelJSON {
	out := channelJSON{ID: c.id, Type: c.kind, GuildID: c.guildID(), Name: c.name}
	if n := len(c.messages); n > 0 {
		out.Last = &c.messages[n-1].id
	}
	if c.parent != nil {
		out.ParentID = &c.parent.id
	}
	if c.recipient != nil {
		out.Name, out.Recipients = "", []any{c.recipient.json()}
		return out
	}
	zero := 0
	out.PerUser = &zero
	if !c.isThread() {
		out.Position, out.Overwrites = &c.position, c.overwrites
		if c.topic != "" {
			out.Topic = &c.topic
		}
		return out
	}
	count, members := len(c.messages), len(c.threadMembers)
	out.OwnerID, out.MessageCount, out.MemberCount, out.TotalSent = c.owner, &count, &members, &count
	out.Metadata = map[string]any{
		"archived": c.archived, "locked": c.locked, "auto_archive_duration": 4320,
		"archive_timestamp": stamp(c.created), "create_timestamp": stamp(c.created),
	}
	if c.kind == kindPrivateThread {
		out.Metadata["invitable"] = true
	}
	return out
}

// json is what the REST endpoint and GUILD_CREATE have in common.
func (g *guild) json() map[string]any {
	roles := []any{}
	for _, id := range g.roleIDs {
		roles = append(roles, g.roles[id].json())
	}
	return map[string]any{
		"id": g.id, "name": g.name, "owner_id": g.owner, "roles": roles, "icon": nil, "description": nil,
		"home_header": nil, "splash": nil, "discovery_splash": nil, "features": []string{}, "banner": nil,
		"application_id": nil, "region": "", "afk_channel_id": nil, "afk_timeout": 300, "system_channel_id": nil,
		"system_channel_flags": 0, "widget_enabled": false, "widget_channel_id": nil, "verification_level": 1,
		"default_message_notifications": 1, "mfa_level": 0, "explicit_content_filter": 2, "max_presences": nil,
		"max_members": 500000, "max_stage_video_channel_users": 50, "max_video_channel_users": 25,
		"vanity_url_code": nil, "premium_tier": 0, "premium_subscription_count": 0, "preferred_locale": g.locale,
		"rules_channel_id": nil, "safety_alerts_channel_id": nil, "public_updates_channel_id": nil,
		"premium_progress_bar_enabled": false, "nsfw": false, "nsfw_level": 0, "emojis": []any{}, "stickers": []any{},
		"incidents_data": nil,
	}
}

// create is the body of GUILD_CREATE. The caller holds the lock.
func (f *Fake) guildCreate(g *guild, withMembers bool) json.RawMessage {
	out := g.json()
	channels := g.channelList()
	for i := range channels {
		channels[i].GuildID = ""
	}
	threads := []any{}
	for _, t := range g.active() {
		if f.sees(f.bot.id, t) {
			threads = append(threads, t.json())
		}
	}
	members := []any{}
	for id, m := range g.members {
		if withMembers || id == f.bot.id {
			members = append(members, m.json(true))
		}
	}
	out["channels"], out["threads"], out["members"] = channels, threads, members
	out["member_count"], out["large"], out["unavailable"] = len(g.members), len(g.members) > 50, false
	out["joined_at"] = stamp(g.created)
	if m := g.members[f.bot.id]; m != nil {
		out["joined_at"] = stamp(m.joined)
	}
	out["voice_states"], out["presences"], out["stage_instances"] = []any{}, []any{}, []any{}
	out["guild_scheduled_events"], out["soundboard_sounds"] = []any{}, []any{}
	return marshal(out)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000+00:00") }

func marshal(v any) json.RawMessage {
	if raw, ok := v.(json.RawMessage); ok {
		return raw
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic("discordtest: " + err.Error()) // the fake's own shapes always marshal
	}
	return b
}
