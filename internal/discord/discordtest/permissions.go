package discordtest

import "strconv"

// Permission is a set of Discord's permissions.
type Permission uint64

// The permissions that matter to a bot that watches and answers. The values
// are Discord's own.
const (
	KickMembers          Permission = 1 << 1
	Administrator        Permission = 1 << 3
	ManageChannels       Permission = 1 << 4
	ManageGuild          Permission = 1 << 5
	AddReactions         Permission = 1 << 6
	ViewAuditLog         Permission = 1 << 7
	ViewChannel          Permission = 1 << 10
	SendMessages         Permission = 1 << 11
	ManageMessages       Permission = 1 << 13
	EmbedLinks           Permission = 1 << 14
	AttachFiles          Permission = 1 << 15
	ReadMessageHistory   Permission = 1 << 16
	MentionEveryone      Permission = 1 << 17
	Connect              Permission = 1 << 20
	ManageRoles          Permission = 1 << 28
	ManageWebhooks       Permission = 1 << 29
	UseCommands          Permission = 1 << 31
	ManageThreads        Permission = 1 << 34
	CreatePublicThreads  Permission = 1 << 35
	CreatePrivateThreads Permission = 1 << 36
	SendInThreads        Permission = 1 << 38
	ModerateMembers      Permission = 1 << 40
	everything           Permission = 1<<53 - 1
)

// EveryoneByDefault is what @everyone may do in a new guild.
const EveryoneByDefault = ViewChannel | SendMessages | EmbedLinks | AttachFiles | ReadMessageHistory |
	AddReactions | Connect | UseCommands | CreatePublicThreads | CreatePrivateThreads | SendInThreads

func (p Permission) has(q Permission) bool { return p&q == q }

func (p Permission) text() string { return strconv.FormatUint(uint64(p), 10) }

// MarshalJSON writes the decimal string that Discord uses.
func (p Permission) MarshalJSON() ([]byte, error) { return []byte(`"` + p.text() + `"`), nil }

// Overwrite changes what a role or a person may do in one channel.
type Overwrite struct {
	ID    string     `json:"id"`
	Type  int        `json:"type"` // 0 a role, 1 a person
	Allow Permission `json:"allow"`
	Deny  Permission `json:"deny"`
}

// Allow lets a *Role or a *Person do something in a channel.
func Allow(who Subject, p Permission) Overwrite {
	id, kind := who.subject()
	return Overwrite{ID: id, Type: kind, Allow: p}
}

// Deny keeps a *Role or a *Person from doing something in a channel.
func Deny(who Subject, p Permission) Overwrite {
	id, kind := who.subject()
	return Overwrite{ID: id, Type: kind, Deny: p}
}

// Subject is a *Role or a *Person.
type Subject interface {
	subject() (id string, kind int)
}

// base computes the permissions of a member in a guild, before overwrites.
// The caller holds the lock.
func (g *guild) base(userID string) Permission {
	m := g.members[userID]
	if m == nil {
		return 0
	}
	if g.owner == userID {
		return everything
	}
	p := g.roles[g.id].permissions
	for _, id := range m.roles {
		if r := g.roles[id]; r != nil {
			p |= r.permissions
		}
	}
	if p.has(Administrator) {
		return everything
	}
	return p
}

// permissions computes what a person may do in a channel, as Discord does:
// @everyone, roles together, then the person's own overwrite. The caller holds
// the lock.
func (f *Fake) permissions(userID string, c *channel) Permission {
	if c.guild == nil {
		if c.recipient != nil && (userID == c.recipient.id || userID == f.bot.id) {
			return ViewChannel | SendMessages | ReadMessageHistory | EmbedLinks | AttachFiles | AddReactions
		}
		return 0
	}
	base := c.guild.base(userID)
	if base == 0 || base == everything {
		return base
	}
	over := c
	if c.parent != nil && c.isThread() {
		over = c.parent
	}
	p := base
	m := c.guild.members[userID]
	var allow, deny Permission
	for _, o := range over.overwrites {
		switch {
		case o.ID == c.guild.id:
			p = p&^o.Deny | o.Allow
		case o.Type == 0 && contains(m.roles, o.ID):
			allow, deny = allow|o.Allow, deny|o.Deny
		}
	}
	p = p&^deny | allow
	for _, o := range over.overwrites {
		if o.Type == 1 && o.ID == userID {
			p = p&^o.Deny | o.Allow
		}
	}
	if !p.has(ViewChannel) {
		return 0
	}
	if m.muted.After(f.opt.Now()) {
		p &= ViewChannel | ReadMessageHistory
	}
	return p
}

// sees says whether a person can see a channel and what is written there. The
// caller holds the lock.
func (f *Fake) sees(userID string, c *channel) bool {
	if c.deleted {
		return false
	}
	p := f.permissions(userID, c)
	if !p.has(ViewChannel) {
		return false
	}
	if c.kind == kindVoice && !p.has(Connect) {
		return false
	}
	if c.kind == kindPrivateThread {
		return p.has(ManageThreads) || contains(c.threadMembers, userID)
	}
	return true
}

// maySend says whether a person may write in a channel. The caller holds the
// lock.
func (f *Fake) maySend(userID string, c *channel) bool {
	if c.isThread() {
		return f.sees(userID, c) && f.permissions(userID, c).has(SendInThreads)
	}
	return f.sees(userID, c) && f.permissions(userID, c).has(SendMessages)
}
