package discord

import (
	"context"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Blind says why the bot misses what is written somewhere.
type Blind string

// The reasons, gravest first.
const (
	// BlindView: it may not see the channel at all.
	BlindView Blind = "view"
	// BlindConnect: it may not enter the voice channel, whose text it so misses.
	BlindConnect Blind = "connect"
	// BlindHistory: it sees new messages, but cannot catch up after a pause.
	BlindHistory Blind = "history"
	// BlindPrivateThreads: private threads, unless it is added to them.
	BlindPrivateThreads Blind = "private-threads"
	// BlindContent: in the whole server, it is not given what is written.
	BlindContent Blind = "content"
)

// Unseen is a place in which the bot misses something; an empty place stands
// for the whole server.
type Unseen struct {
	Place chat.Place
	Why   Blind
}

// Coverage lists what the bot cannot see in a server, and why. Direct messages
// between members are never seen, which needs no entry.
func (d *Discord) Coverage(ctx context.Context, server chat.ServerID) ([]Unseen, error) {
	g, err := d.view(ctx, toID(server))
	if err != nil {
		return nil, err
	}
	var out []Unseen
	if d.o.AutoMod {
		out = append(out, Unseen{Place: chat.Place{Server: server}, Why: BlindContent})
	}
	me := id(d.me.Load())
	for _, c := range g.channels {
		if c.kind.thread() || (!c.kind.messages() && !c.kind.forum()) {
			continue
		}
		can := g.in(c, me, g.mine)
		voice := c.kind == kindVoice || c.kind == kindStage
		switch {
		case !can.has(permView):
			out = append(out, Unseen{g.place(c), BlindView})
		case voice && !can.has(permConnect):
			out = append(out, Unseen{g.place(c), BlindConnect})
		case !can.has(permHistory):
			out = append(out, Unseen{g.place(c), BlindHistory})
		case !voice && !c.kind.forum() && !can.has(permManageThreads):
			out = append(out, Unseen{g.place(c), BlindPrivateThreads})
		}
	}
	return out, nil
}
