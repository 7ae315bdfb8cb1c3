package slack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// This file answers what somebody asks who looks after the bot: whether it is
// let in, what it was not granted, and whom it can reach. Nothing here posts
// anything, and none of it needs Run.

// Identify says what the bot is called. A bot token that Slack does not accept
// gives a permanent error.
func (s *Slack) Identify(ctx context.Context) (string, error) {
	teams, err := s.Servers(ctx)
	if err != nil || len(teams) == 0 {
		return "", err
	}
	w, err := s.space(ctx, teams[0])
	if err != nil {
		return "", err
	}
	return w.called, nil
}

// Listens says why no events would arrive: Slack does not accept the app token,
// or Socket Mode is switched off. In HTTPMode tried is false: only a request of
// Slack's own shows whether the address and the signing secret are right.
func (s *Slack) Listens(ctx context.Context) (tried bool, err error) {
	if s.o.Mode == HTTPMode {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.time.request)
	defer cancel()
	_, _, err = s.client("").StartSocketModeContext(ctx) // an address that nobody uses lapses
	return true, problem(ctx, "ask for a connection", err)
}

// Clock says what time it is at Slack, to the second.
func (s *Slack) Clock(ctx context.Context) (time.Time, error) {
	const op = "ask for the time"
	ctx, cancel := context.WithTimeout(ctx, s.time.request)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base.String()+"api.test", http.NoBody)
	if err != nil {
		return time.Time{}, &chat.Error{Op: op, Permanent: true, Err: bare(err)}
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return time.Time{}, problem(ctx, op, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // the time is in the header
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, &chat.Error{Op: op, Permanent: true, Err: errors.New("the answer does not say")}
	}
	return at, nil
}

// Ungranted lists the scopes that the bot cannot do without and that a
// workspace did not grant. Those that the manifest can leave out are not among
// them: without mpim:history it reads no group messages, without channels:join
// it has to be invited, without usergroups:read no group can be staff.
func (s *Slack) Ungranted(ctx context.Context) ([]string, error) {
	need, _ := ManifestOptions{NoGroupDirect: true, NoJoin: true, NoUserGroups: true}.rights()
	teams, err := s.Servers(ctx)
	if err != nil {
		return nil, err
	}
	var lacks []string
	for _, t := range teams {
		w, err := s.space(ctx, t)
		if err != nil {
			return nil, err
		}
		for _, scope := range need {
			if w.scopes != nil && !slices.Contains(w.scopes, scope) && !slices.Contains(lacks, scope) {
				lacks = append(lacks, scope)
			}
		}
	}
	return lacks, nil
}

// ServerName says what a workspace is called.
func (s *Slack) ServerName(ctx context.Context, server chat.ServerID) (string, error) {
	w, err := s.space(ctx, server)
	if err != nil {
		return "", err
	}
	return w.name, nil
}

// Lacking says what the bot lacks for its cards in a channel: to be in it. A
// channel that is archived, or that Slack shows the bot no trace of, gives an
// *Error with Gone set.
func (s *Slack) Lacking(ctx context.Context, server chat.ServerID, place chat.PlaceID) ([]string, error) {
	id, _ := split(place)
	c, err := s.channelNow(ctx, server, id)
	switch {
	case err != nil:
		return nil, err
	case c.archived:
		return nil, &chat.Error{Op: "look up place", Gone: true, Err: errors.New("the channel is archived")}
	case !c.in && !c.direct:
		return []string{"membership of the channel"}, nil
	}
	return nil, nil
}

// Roll names the people who can read a channel, programs left out, at most
// `most` of them; rest is how many more there are.
func (s *Slack) Roll(ctx context.Context, server chat.ServerID, place chat.PlaceID, most int) (people []chat.Person, rest int, err error) {
	id, _ := split(place)
	members, err := s.membersNow(ctx, server, id)
	if err != nil {
		return nil, 0, err
	}
	for i, m := range members {
		if i >= maxLooked {
			return people, rest + len(members) - i, nil
		}
		p, err := s.person(ctx, server, m)
		switch {
		case chat.IsGone(err) || err == nil && (p.bot || p.gone):
		case err != nil:
			return nil, 0, err
		case len(people) == most:
			rest++
		default:
			people = append(people, p.neutral(m))
		}
	}
	return people, rest, nil
}

// Reach says why the bot cannot write to a person; nil where nothing speaks
// against it. It opens the conversation, which the person does not notice.
func (s *Slack) Reach(ctx context.Context, server chat.ServerID, person chat.PersonID) error {
	const op = "reach person"
	p, err := s.personNow(ctx, server, string(person))
	switch {
	case err != nil:
		return err
	case p.gone:
		return &chat.Error{Op: op, Gone: true, Err: errors.New("their account is deactivated")}
	case p.bot:
		return &chat.Error{Op: op, Permanent: true, Err: errors.New("they are a program, not a person")}
	}
	if _, err := s.Direct(ctx, server, person); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// granted reads the scopes that came with an answer; nil where it does not say.
func granted(h http.Header) []string {
	var out []string
	for _, scope := range strings.Split(h.Get("X-OAuth-Scopes"), ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			out = append(out, scope)
		}
	}
	return out
}
