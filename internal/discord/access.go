package discord

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/waymark-bot/waymark/internal/chat"
)

// maxNamed is how many of those who can read a place are named.
const maxNamed = 5

// Access says who can read a place. Staff are the holders of the rule's role
// or, where it names none that exists, of the moderating rights. The owner and
// administrators can read everything: they do not count as others, but they
// are readers where they are asked about. Neither do programs count, which
// staff let in.
func (d *Discord) Access(ctx context.Context, server chat.ServerID, place chat.PlaceID, staff chat.StaffRule, people []chat.PersonID) (chat.Access, error) {
	at := toID(place)
	if who, ok := d.direct.personOf(at); ok {
		return private(who, people), nil
	}
	g, err := d.view(ctx, toID(server))
	if err != nil {
		return chat.Access{}, err
	}
	c, ok := g.channel(at)
	if !ok {
		raw, err := d.channel(ctx, at)
		if err != nil {
			return chat.Access{}, err
		}
		if raw.Kind == kindDM && len(raw.Recipients) == 1 {
			d.direct.note(at, raw.Recipients[0].ID)
			return private(raw.Recipients[0].ID, people), nil
		}
		if raw.Guild != 0 && raw.Guild != g.id {
			return chat.Access{}, &chat.Error{Op: "list readers", Permanent: true, Err: errors.New("the place belongs to another server")}
		}
		c = raw.channel(func(o []overwrite) []overwrite { return o })
	}
	out := chat.Access{}
	if out.Others, err = d.others(ctx, &g, c, staff); err != nil {
		return chat.Access{}, err
	}
	for _, p := range people {
		m, err := d.member(ctx, g.id, toID(p))
		if err != nil {
			return chat.Access{}, err
		}
		if !m.left && g.in(c, toID(p), m.roles).has(permView) {
			out.Readers = append(out.Readers, p)
		}
	}
	return out, nil
}

// private is who can read a direct conversation.
func private(who id, people []chat.PersonID) chat.Access {
	if slices.Contains(people, who.person()) {
		return chat.Access{Readers: []chat.PersonID{who.person()}}
	}
	return chat.Access{}
}

// staffRole is the role of the rule, 0 where it names none that exists.
func (g *guild) staffRole(staff chat.StaffRule) id {
	if r, ok := g.role(toID(staff.Role)); ok && r.id != g.id {
		return r.id
	}
	return 0
}

// isStaff says whether somebody with these roles is staff.
func (g *guild) isStaff(person id, roles []id, staff chat.StaffRule) bool {
	if r := g.staffRole(staff); r != 0 {
		return slices.Contains(roles, r)
	}
	return moderates(g.base(person, roles))
}

// others says in words who apart from staff can see a channel. Roles are
// looked at one by one: a permission that two roles give together, one of them
// gives alone.
func (d *Discord) others(ctx context.Context, g *guild, c channel, staff chat.StaffRule) (string, error) {
	if g.in(c, 0, nil).has(permView) {
		return "everyone", nil
	}
	var names []string
	for _, r := range g.roles {
		program := r.bot || (r.own && slices.Contains(g.mine, r.id))
		if r.id == g.id || program || r.perms.has(permAdministrator) || g.isStaff(0, []id{r.id}, staff) {
			continue
		}
		if g.in(c, 0, []id{r.id}).has(permView) {
			names = append(names, "the role "+r.name)
		}
	}
	for _, o := range g.root(c).overwrites {
		if !o.person || !o.allow.has(permView) || o.id == g.owner || slices.Contains(staff.Leads, o.id.person()) {
			continue
		}
		m, err := d.member(ctx, g.id, o.id)
		if err != nil {
			return "", err
		}
		if m.left || m.user.Bot || g.isStaff(o.id, m.roles, staff) || g.base(o.id, m.roles) == permAll {
			continue
		}
		if n := m.name(); n != "" {
			names = append(names, n)
		} else {
			names = append(names, "one member")
		}
	}
	if rest := len(names) - maxNamed; rest > 0 {
		names = append(names[:maxNamed], fmt.Sprintf("%d more", rest))
	}
	return strings.Join(names, ", "), nil
}

// IsStaff says whether a person is staff and can see the staff room. A staff
// room that was deleted keeps nobody out: somebody has to set up a new one.
func (d *Discord) IsStaff(ctx context.Context, server chat.ServerID, person chat.PersonID, staff chat.StaffRule) (bool, error) {
	who := toID(person)
	if server == "" || who == 0 {
		return false, nil
	}
	g, err := d.view(ctx, toID(server))
	if err != nil {
		return false, err
	}
	m, err := d.member(ctx, g.id, who)
	if err != nil || m.left {
		return false, err
	}
	if !g.isStaff(who, m.roles, staff) {
		return false, nil
	}
	if c, ok := g.channel(toID(staff.Place)); ok {
		return g.in(c, who, m.roles).has(permView), nil
	}
	return true, nil
}
