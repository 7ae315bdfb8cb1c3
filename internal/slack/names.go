package slack

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

// names remembers for a while what people and places are called, and who is in
// them. None of it decides who may see an alert without being asked anew.
type names struct {
	people  remembered[nameKey, person]
	places  remembered[nameKey, channel]
	direct  remembered[nameKey, string] // person -> channel, channel -> person
	starts  remembered[nameKey, string] // a thread's first message -> its author
	members remembered[nameKey, []string]
	groups  remembered[nameKey, []string]
}

type nameKey struct {
	server chat.ServerID
	id     string
}

// person is somebody as Slack describes them.
type person struct {
	name   string
	bot    bool
	admin  bool
	gone   bool   // deactivated
	locale string // the language of their client
	// standing: guests and outsiders read only the channels that they are in.
	standing chat.Standing
}

func (p person) neutral(id string) chat.Person {
	return chat.Person{ID: chat.PersonID(id), Name: p.name, Bot: p.bot, Standing: p.standing}
}

// localeOf is the language of somebody's client as far as it is remembered: the
// name was looked up just before, with it.
func (s *Slack) localeOf(server chat.ServerID, id string) string {
	p, _ := s.names.people.get(nameKey{server, id}, 24*time.Hour)
	return p.locale
}

// channel is a channel as Slack describes it.
type channel struct {
	name     string
	private  bool
	shared   bool // with another organisation or workspace
	in       bool // the bot is in it
	archived bool
	direct   bool
	user     string // the other end of a direct conversation
}

func (s *Slack) person(ctx context.Context, server chat.ServerID, id string) (person, error) {
	k := nameKey{server, id}
	if p, ok := s.names.people.get(k, s.time.naming); ok {
		return p, nil
	}
	return s.personNow(ctx, server, id)
}

func (s *Slack) personNow(ctx context.Context, server chat.ServerID, id string) (person, error) {
	const op = "look up person"
	if id == "" {
		return person{}, nowhere(op)
	}
	if id[0] == 'B' {
		return s.program(ctx, server, id)
	}
	var u *slack.User
	err := s.call(ctx, op, server, func(ctx context.Context, w *space) (err error) {
		u, err = w.api.GetUserInfoContext(ctx, id)
		return err
	})
	if err != nil {
		return person{}, err
	}
	p := describe(u, server)
	s.names.people.put(nameKey{server, id}, p)
	return p, nil
}

// program looks up a bot that has no user.
func (s *Slack) program(ctx context.Context, server chat.ServerID, id string) (person, error) {
	p := person{bot: true}
	err := s.call(ctx, "look up person", server, func(ctx context.Context, w *space) error {
		b, err := w.api.GetBotInfoContext(ctx, slack.GetBotInfoParameters{Bot: id})
		if err == nil {
			p.name = b.Name
		}
		return err
	})
	if err != nil {
		return person{}, err
	}
	s.names.people.put(nameKey{server, id}, p)
	return p, nil
}

// slackbot is the id of Slack's own program in every workspace.
const slackbot = "USLACKBOT"

func describe(u *slack.User, server chat.ServerID) person {
	p := person{
		bot: u.IsBot || u.IsWorkflowBot || u.ID == slackbot, admin: u.IsAdmin || u.IsOwner || u.IsPrimaryOwner, gone: u.Deleted,
		locale: u.Locale,
	}
	switch {
	case p.bot:
	case u.IsStranger, elsewhere(u, server):
		p.standing = chat.Outsider
	case u.IsRestricted, u.IsUltraRestricted:
		p.standing = chat.Guest
	}
	for _, n := range []string{u.Profile.DisplayName, u.Profile.RealName, u.RealName, u.Name} {
		if n = strings.TrimSpace(n); n != "" {
			p.name = n
			break
		}
	}
	return p
}

// elsewhere says whether somebody's account is of another organisation. In an
// organisation of several workspaces (Enterprise Grid), an account names one
// and lists the rest.
func elsewhere(u *slack.User, server chat.ServerID) bool {
	return u.TeamID != "" && server != "" && chat.ServerID(u.TeamID) != server && !slices.Contains(u.Enterprise.Teams, string(server))
}

// nameOf is what somebody is called, "" where that cannot be had soon: nothing
// waits for a name.
func (s *Slack) nameOf(ctx context.Context, server chat.ServerID, id string) string {
	ctx, cancel := context.WithTimeout(ctx, s.time.name)
	defer cancel()
	p, err := s.person(ctx, server, id)
	if err != nil {
		return ""
	}
	return p.name
}

// knownName is what somebody is called, from memory alone.
func (s *Slack) knownName(server chat.ServerID, id string) string {
	p, _ := s.names.people.get(nameKey{server, id}, 24*time.Hour)
	return p.name
}

func (s *Slack) channel(ctx context.Context, server chat.ServerID, id string) (channel, error) {
	if c, ok := s.names.places.get(nameKey{server, id}, s.time.naming); ok {
		return c, nil
	}
	return s.channelNow(ctx, server, id)
}

func (s *Slack) channelNow(ctx context.Context, server chat.ServerID, id string) (channel, error) {
	const op = "look up place"
	if id == "" {
		return channel{}, nowhere(op)
	}
	var got *slack.Channel
	err := s.call(ctx, op, server, func(ctx context.Context, w *space) (err error) {
		got, err = w.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		return err
	})
	if err != nil {
		return channel{}, err
	}
	c := described(got)
	s.noteChannel(server, id, c)
	return c, nil
}

func described(c *slack.Channel) channel {
	return channel{
		name: c.Name, private: c.IsPrivate || c.IsGroup || c.IsIM || c.IsMpIM, archived: c.IsArchived, direct: c.IsIM, user: c.User,
		in:     c.IsMember,
		shared: c.IsExtShared || c.IsPendingExtShared || c.IsOrgShared || c.IsShared || len(c.PendingShared) > 0,
	}
}

func (s *Slack) noteChannel(server chat.ServerID, id string, c channel) {
	s.names.places.put(nameKey{server, id}, c)
	if c.direct && c.user != "" {
		s.noteDirect(server, id, c.user)
	}
}

func (s *Slack) noteDirect(server chat.ServerID, channel, person string) {
	s.names.direct.put(nameKey{server, channel}, person)
	s.names.direct.put(nameKey{server, person}, channel)
}

// place makes the neutral place. Its name is left out where it cannot be had
// soon.
func (s *Slack) place(ctx context.Context, server chat.ServerID, id, thread string) chat.Place {
	p := chat.Place{Server: server, ID: placeID(id, thread), Direct: strings.HasPrefix(id, "D")}
	if thread != "" {
		p.Parent = chat.PlaceID(id)
	}
	if p.Direct {
		return p
	}
	ctx, cancel := context.WithTimeout(ctx, s.time.name)
	defer cancel()
	if c, err := s.channel(ctx, server, id); err == nil {
		p.Name, p.Direct = c.name, c.direct
	}
	return p
}
