package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// This file answers what somebody asks who looks after the bot: whether it is
// let in, what it was not granted, and whom it can reach. Nothing here posts
// anything, and none of it needs the gateway.

// Identify says what the application behind the token is called. A token that
// Discord does not accept gives a permanent error.
func (d *Discord) Identify(ctx context.Context) (string, error) {
	var out struct {
		Name string `json:"name"`
	}
	err := d.get(ctx, "look up the application", "applications/@me", "", &out)
	return out.Name, err
}

// Ungranted lists what the application as a whole was not granted and needs,
// as the developer portal names it.
func (d *Discord) Ungranted(ctx context.Context) ([]string, error) {
	var out struct {
		Flags uint64 `json:"flags"`
	}
	if err := d.get(ctx, "look up the application", "applications/@me", "", &out); err != nil {
		return nil, err
	}
	// https://discord.com/developers/docs/resources/application#application-object-application-flags
	const contentAllowed, contentAllowedFew = 1 << 18, 1 << 19
	if !d.o.AutoMod && out.Flags&(contentAllowed|contentAllowedFew) == 0 {
		return []string{lackContent}, nil
	}
	return nil, nil
}

// Clock says what time it is at Discord, to the second.
func (d *Discord) Clock(ctx context.Context) (time.Time, error) {
	const op = "ask for the time"
	ctx, cancel := context.WithTimeout(ctx, d.time.request)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.api+"gateway", nil)
	if err != nil {
		return time.Time{}, &chat.Error{Op: op, Permanent: true, Err: bare(err)}
	}
	req.Header.Set("User-Agent", d.rest.UserAgent)
	resp, err := d.rest.Client.Do(req)
	if err != nil {
		return time.Time{}, problem(ctx, op, err)
	}
	defer resp.Body.Close()
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, &chat.Error{Op: op, Permanent: true, Err: errors.New("the answer does not say")}
	}
	return at, nil
}

// ServerName says what a server is called now.
func (d *Discord) ServerName(ctx context.Context, server chat.ServerID) (string, error) {
	const op = "look up server"
	if toID(server) == 0 {
		return "", nowhere(op)
	}
	var out struct {
		Name string `json:"name"`
	}
	err := d.get(ctx, op, "guilds/"+toID(server).String(), "", &out)
	return out.Name, err
}

// cardRights are what the bot needs in the place that it posts cards into, as
// Discord names them.
var cardRights = []struct {
	right bits
	name  string
}{
	{permView, lackView}, {permSend, "Send Messages"}, {permHistory, lackHistory},
	{permOpenThreads, "Create Public Threads"}, {permSendInThreads, "Send Messages in Threads"},
}

// Lacking lists the rights that the bot lacks for its cards and their threads
// in a place. A place that is not in the server gives an *Error with Gone set.
func (d *Discord) Lacking(ctx context.Context, server chat.ServerID, place chat.PlaceID) ([]string, error) {
	g, err := d.view(ctx, toID(server))
	if err != nil {
		return nil, err
	}
	c, ok := g.channel(toID(place))
	if !ok {
		return nil, &chat.Error{Op: "look up place", Gone: true, Err: errors.New("the server has no such channel")}
	}
	me, err := d.self(ctx)
	if err != nil {
		return nil, err
	}
	can := g.in(c, me, g.mine)
	if !can.has(permView) { // it takes all others with it
		return []string{lackView}, nil
	}
	var out []string
	for _, r := range cardRights {
		if !can.has(r.right) {
			out = append(out, r.name)
		}
	}
	return out, nil
}

// Reach says why the bot cannot write to a person; nil where nothing speaks
// against it. It opens the conversation, which the person does not notice.
// Whether they let the bot write to them, only a message could tell.
func (d *Discord) Reach(ctx context.Context, server chat.ServerID, person chat.PersonID) error {
	const op = "reach person"
	m, err := d.member(ctx, toID(server), toID(person))
	if err != nil {
		return err
	}
	if m.left {
		return &chat.Error{Op: op, Gone: true, Err: errors.New("they are not in the server")}
	}
	if m.user.Bot {
		return &chat.Error{Op: op, Permanent: true, Err: errors.New("they are a program, not a person")}
	}
	if _, err := d.Direct(ctx, server, person); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}
