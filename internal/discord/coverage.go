package discord

import (
	"context"

	"github.com/waymark-bot/waymark/internal/chat"
)

// The rights whose lack makes the bot miss something, as Discord names them.
const (
	lackView    = "View Channel"
	lackConnect = "Connect"
	lackHistory = "Read Message History"
	lackThreads = "Manage Threads (private threads, unless the bot is added to them)"
	lackContent = "Message Content Intent"
	lackSend    = "Send Messages"
	lackOpen    = "Create Public Threads"
	lackThread  = "Send Messages in Threads"
	lackMention = "Mention @everyone, @here and All Roles (or let anyone mention the staff role)"
)

// Uncovered lists where the bot misses something, and which right it lacks: the
// channels that it cannot see, voice channels that it may not enter, channels
// in which it could not catch up after a pause, and private threads. An entry
// without a place is about the whole server. Direct messages between members
// are never seen, whatever the rights, so they need no entry.
func (d *Discord) Uncovered(ctx context.Context, server chat.ServerID) ([]chat.Uncovered, error) {
	g, err := d.view(ctx, toID(server))
	if err != nil {
		return nil, err
	}
	me, err := d.self(ctx)
	if err != nil {
		return nil, err
	}
	whole := chat.Place{Server: server}
	var out []chat.Uncovered
	if d.o.AutoMod {
		out = append(out, chat.Uncovered{Place: whole, Why: lackContent})
	}
	private := 0 // channels in which private threads are hidden
	for _, c := range g.channels {
		if c.kind.thread() || (!c.kind.messages() && !c.kind.forum()) {
			continue
		}
		can := g.in(c, me, g.mine)
		voice := c.kind == kindVoice || c.kind == kindStage
		switch {
		case !can.has(permView):
			out = append(out, chat.Uncovered{Place: g.place(c), Why: lackView})
		case voice && !can.has(permConnect):
			out = append(out, chat.Uncovered{Place: g.place(c), Why: lackConnect})
		case !can.has(permHistory):
			out = append(out, chat.Uncovered{Place: g.place(c), Why: lackHistory})
		}
		if c.kind == kindText && can.has(permView) && !can.has(permManageThreads) {
			private++
		}
	}
	if private > 0 {
		out = append(out, chat.Uncovered{Place: whole, Why: lackThreads})
	}
	return out, nil
}

// Lacks lists the rights that the bot needs in a staff room and does not have
// there, as Discord names them; none where all is well. Without the threads,
// later signs stand beside the card; without the mention, nobody is notified
// but by the room's own settings.
func (d *Discord) Lacks(ctx context.Context, server chat.ServerID, place chat.PlaceID, staff chat.StaffRule) ([]string, error) {
	g, err := d.view(ctx, toID(server))
	if err != nil {
		return nil, err
	}
	me, err := d.self(ctx)
	if err != nil {
		return nil, err
	}
	c, ok := g.channel(toID(place))
	if !ok {
		return nil, nowhere("look up place")
	}
	can := g.in(c, me, g.mine)
	var out []string
	for _, r := range []struct {
		perm bits
		name string
	}{{permView, lackView}, {permSend, lackSend}, {permHistory, lackHistory}, {permOpenThreads, lackOpen}, {permSendInThreads, lackThread}} {
		if !can.has(r.perm) {
			out = append(out, r.name)
		}
	}
	if r, ok := g.role(g.staffRole(staff)); ok && !r.named && !can.has(permMentionAll) {
		out = append(out, lackMention)
	}
	return out, nil
}
