package discord

import "slices"

// Discord's permissions that the adapter looks at.
// https://discord.com/developers/docs/topics/permissions
const (
	permAdministrator bits = 1 << 3
	permManageServer  bits = 1 << 5
	permView          bits = 1 << 10
	permSend          bits = 1 << 11
	permHistory       bits = 1 << 16
	permMentionAll    bits = 1 << 17
	permConnect       bits = 1 << 20
	permManageThreads bits = 1 << 34
	permOpenThreads   bits = 1 << 35
	permSendInThreads bits = 1 << 38
	permModerate      bits = 1 << 40

	permAll = ^bits(0)
)

// has says whether all of want are there.
func (b bits) has(want bits) bool { return b&want == want }

// base is what somebody may do in the server at large.
func (g *guild) base(person id, roles []id) bits {
	if person != 0 && person == g.owner {
		return permAll
	}
	var out bits
	for _, r := range g.roles {
		if r.id == g.id || slices.Contains(roles, r.id) {
			out |= r.perms
		}
	}
	if out.has(permAdministrator) {
		return permAll
	}
	return out
}

// in is what somebody may do in a channel: the server's grants, then the
// channel's for everyone, for the roles together, and for the person, in
// Discord's own order.
func (g *guild) in(c channel, person id, roles []id) bits {
	out := g.base(person, roles)
	if out == permAll {
		return out
	}
	root := g.root(c)
	var everyoneAllow, everyoneDeny, roleAllow, roleDeny, ownAllow, ownDeny bits
	for _, o := range root.overwrites {
		switch {
		case o.person:
			if o.id == person && person != 0 {
				ownAllow, ownDeny = o.allow, o.deny
			}
		case o.id == g.id:
			everyoneAllow, everyoneDeny = o.allow, o.deny
		case slices.Contains(roles, o.id):
			roleAllow |= o.allow
			roleDeny |= o.deny
		}
	}
	out = out&^everyoneDeny | everyoneAllow
	out = out&^roleDeny | roleAllow
	out = out&^ownDeny | ownAllow
	if !out.has(permView) {
		return 0
	}
	return out
}

// moderates says whether grants make somebody staff where no role is set.
func moderates(b bits) bool { return b&(permModerate|permManageServer|permAdministrator) != 0 }
