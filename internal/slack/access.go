package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

const (
	maxNamed  = 5    // how many of those who can read a place are named
	maxLooked = 200  // how many of them are looked up
	maxMember = 1000 // members in a page
)

// Access says who can read a place. Staff are the members of the rule's user
// group or, where it names none, of the staff channel, and the leads. Programs do not count as
// others, as staff let them in. A place that is public or shared with another
// organisation has others whoever is in it.
func (s *Slack) Access(ctx context.Context, server chat.ServerID, place chat.PlaceID, staff chat.StaffRule, people []chat.PersonID) (chat.Access, error) {
	const op = "list readers"
	id, _ := split(place)
	c, err := s.channelNow(ctx, server, id)
	if err != nil {
		return chat.Access{}, err
	}
	if c.archived {
		return chat.Access{}, &chat.Error{Op: op, Gone: true, Err: errors.New("the channel is archived")}
	}
	if c.direct {
		return direct(c.user, people), nil
	}
	members, err := s.membersNow(ctx, server, id)
	if err != nil {
		return chat.Access{}, err
	}
	out := chat.Access{}
	switch {
	case c.shared:
		out.Others = "people of another organisation or workspace, with whom the channel is shared"
	case !c.private:
		out.Others = "everyone in the workspace"
	default:
		if out.Others, err = s.others(ctx, server, members, staff, place); err != nil {
			return chat.Access{}, err
		}
	}
	for _, p := range people {
		reads := slices.Contains(members, string(p))
		if !reads && !c.private {
			if reads, err = s.browses(ctx, server, string(p)); err != nil {
				return chat.Access{}, err
			}
		}
		if reads {
			out.Readers = append(out.Readers, p)
		}
	}
	return out, nil
}

// direct is who can read a direct conversation.
func direct(who string, people []chat.PersonID) chat.Access {
	if slices.Contains(people, chat.PersonID(who)) {
		return chat.Access{Readers: []chat.PersonID{chat.PersonID(who)}}
	}
	return chat.Access{}
}

// browses says whether somebody can read public channels that they are not in:
// every full member can, guests cannot.
func (s *Slack) browses(ctx context.Context, server chat.ServerID, id string) (bool, error) {
	p, err := s.person(ctx, server, id)
	if chat.IsGone(err) {
		return false, nil
	}
	return err == nil && !p.gone && p.standing == chat.Member, err
}

// others says in words who among the members is neither staff nor a program.
func (s *Slack) others(ctx context.Context, server chat.ServerID, members []string, staff chat.StaffRule, place chat.PlaceID) (string, error) {
	known := members
	var err error
	switch {
	case staff.Role != "":
		known, err = s.group(ctx, server, staff.Role)
	case staff.Place != "" && staff.Place != place:
		id, _ := split(staff.Place)
		known, err = s.members(ctx, server, id)
	}
	if err != nil {
		return "", err
	}
	var names []string
	for _, m := range members {
		if slices.Contains(known, m) || slices.Contains(staff.Leads, chat.PersonID(m)) {
			continue
		}
		if len(names) >= maxLooked {
			names = append(names, "")
			continue
		}
		p, err := s.personNow(ctx, server, m)
		switch {
		case chat.IsGone(err) || (err == nil && (p.bot || p.gone)):
		case err != nil:
			return "", err
		case p.name == "":
			names = append(names, "one member")
		default:
			names = append(names, p.name)
		}
	}
	if rest := len(names) - maxNamed; rest > 0 {
		names = append(names[:maxNamed], fmt.Sprintf("%d more", rest))
	}
	return strings.Join(names, ", "), nil
}

// members are the ids of those in a channel.
func (s *Slack) members(ctx context.Context, server chat.ServerID, id string) ([]string, error) {
	if m, ok := s.names.members.get(nameKey{server, id}, s.time.member); ok {
		return m, nil
	}
	return s.membersNow(ctx, server, id)
}

func (s *Slack) membersNow(ctx context.Context, server chat.ServerID, id string) ([]string, error) {
	all, cursor := []string{}, ""
	for {
		var page []string
		var next string
		err := s.call(ctx, "list members", server, func(ctx context.Context, w *space) (err error) {
			page, next, err = w.api.GetUsersInConversationContext(ctx, &slack.GetUsersInConversationParameters{ChannelID: id, Limit: maxMember, Cursor: cursor})
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if cursor = next; cursor == "" {
			s.names.members.put(nameKey{server, id}, all)
			return all, nil
		}
	}
}

// group are the ids of those in a user group; none where it is not there any
// more.
func (s *Slack) group(ctx context.Context, server chat.ServerID, id string) ([]string, error) {
	k := nameKey{server, id}
	if m, ok := s.names.groups.get(k, s.time.member); ok {
		return m, nil
	}
	var all []string
	err := s.call(ctx, "list user group", server, func(ctx context.Context, w *space) (err error) {
		all, err = w.api.GetUserGroupMembersContext(ctx, id)
		return err
	})
	if err != nil && !chat.IsGone(err) {
		return nil, err
	}
	s.names.groups.put(k, all)
	return all, nil
}

// IsStaff says whether a person is staff and can see the staff room. Before one
// is set up, and where it was archived or deleted, the workspace's owners and
// admins are: somebody has to set up a new one.
func (s *Slack) IsStaff(ctx context.Context, server chat.ServerID, person chat.PersonID, staff chat.StaffRule) (bool, error) {
	if server == "" || person == "" {
		return false, nil
	}
	if staff.Role != "" {
		in, err := s.group(ctx, server, staff.Role)
		if err != nil || (len(in) > 0 && !slices.Contains(in, string(person))) {
			return false, err
		}
		if len(in) == 0 {
			staff.Role = "" // a group that is gone keeps nobody out who is in the room
		}
	}
	room, there, err := s.room(ctx, server, staff.Place)
	if err != nil {
		return false, err
	}
	if there {
		return slices.Contains(room, string(person)), nil
	}
	if staff.Role != "" {
		return true, nil
	}
	p, err := s.personNow(ctx, server, string(person))
	if chat.IsGone(err) {
		return false, nil
	}
	return err == nil && p.admin && !p.gone && !p.bot, err
}

// room are the members of the staff channel; there is false where there is none
// that the bot can see.
func (s *Slack) room(ctx context.Context, server chat.ServerID, place chat.PlaceID) (members []string, there bool, err error) {
	id, _ := split(place)
	if id == "" {
		return nil, false, nil
	}
	if m, ok := s.names.members.get(nameKey{server, id}, s.time.member); ok {
		return m, true, nil
	}
	c, err := s.channelNow(ctx, server, id)
	if err == nil && !c.archived {
		members, err = s.members(ctx, server, id)
	}
	switch {
	case chat.IsPermanent(err) && codeOf(err) != "missing_scope" && !dead(codeOf(err)), err == nil && c.archived:
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	return members, true, nil
}
