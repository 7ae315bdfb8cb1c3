package slack

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Direct finds the direct conversation with a person.
func (s *Slack) Direct(ctx context.Context, server chat.ServerID, person chat.PersonID) (chat.Place, error) {
	const op = "find direct place"
	if person == "" {
		return chat.Place{}, nowhere(op)
	}
	if c, ok := s.names.direct.get(nameKey{server, string(person)}, 24*time.Hour); ok {
		return chat.Place{Server: server, ID: chat.PlaceID(c), Direct: true}, nil
	}
	var got *slack.Channel
	err := s.call(ctx, op, server, func(ctx context.Context, w *space) (err error) {
		got, _, _, err = w.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{string(person)}, ReturnIM: true})
		if err == nil && (got == nil || got.ID == "") {
			err = &chat.Error{Op: op, Err: errors.New("the answer names no conversation")}
		}
		return err
	})
	if err != nil {
		return chat.Place{}, err
	}
	s.noteDirect(server, got.ID, string(person))
	return chat.Place{Server: server, ID: chat.PlaceID(got.ID), Direct: true}, nil
}

// Person says what somebody is called now.
func (s *Slack) Person(ctx context.Context, server chat.ServerID, id chat.PersonID) (chat.Person, error) {
	p, err := s.person(ctx, server, string(id))
	if err != nil {
		return chat.Person{}, err
	}
	return p.neutral(string(id)), nil
}

// Standing says whether somebody is a guest or of another organisation.
func (s *Slack) Standing(ctx context.Context, server chat.ServerID, id chat.PersonID) (chat.Standing, error) {
	p, err := s.person(ctx, server, string(id))
	return p.standing, err
}

// Shared says whether a channel is shared with another organisation or
// workspace.
func (s *Slack) Shared(ctx context.Context, server chat.ServerID, place chat.PlaceID) (bool, error) {
	id, _ := split(place)
	c, err := s.channel(ctx, server, id)
	return c.shared, err
}

// Fetch reads one message as it is now.
func (s *Slack) Fetch(ctx context.Context, at chat.MessageRef) (chat.Message, error) {
	const op = "read message"
	channel, thread := split(at.Place)
	ts := string(at.ID)
	if channel == "" || !isTS(ts) {
		return chat.Message{}, nowhere(op)
	}
	if thread == "" {
		m, err := s.one(ctx, at, func(ctx context.Context, w *space) error {
			_, err := w.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
				ChannelID: channel, Latest: ts, Oldest: ts, Inclusive: true, Limit: 1})
			return err
		})
		if err == nil || !chat.IsGone(err) || codeOf(err) != "" {
			return m, err
		}
		thread = ts // an answer in a thread is not part of the channel's history
	}
	return s.one(ctx, at, func(ctx context.Context, w *space) error {
		_, _, _, err := w.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: thread, Latest: ts, Oldest: ts, Inclusive: true, Limit: 10})
		return err
	})
}

// one finds the message in what was asked for.
func (s *Slack) one(ctx context.Context, at chat.MessageRef, ask func(context.Context, *space) error) (chat.Message, error) {
	const op = "read message"
	got, err := s.messages(ctx, op, at.Server, ask)
	if err != nil {
		return chat.Message{}, err
	}
	channel, _ := split(at.Place)
	for _, raw := range got.Messages {
		m, ok := readMessage(raw)
		if ok && m.TS == string(at.ID) && m.Subtype != "tombstone" {
			m.Channel = channel
			return s.whole(ctx, at.Server, &m)
		}
	}
	return chat.Message{}, nowhere(op)
}

// whole makes the neutral message with all that it lacks.
func (s *Slack) whole(ctx context.Context, server chat.ServerID, m *rawMessage) (chat.Message, error) {
	w, err := s.space(ctx, server)
	if err != nil {
		return chat.Message{}, err
	}
	msg, starter := s.neutral(w, w.team, m)
	s.complete(ctx, &msg, starter)
	return msg, nil
}

// authorOf is who began a thread, "" where that cannot be found out.
func (s *Slack) authorOf(ctx context.Context, server chat.ServerID, channel, ts string) string {
	k := nameKey{server, channel + ":" + ts}
	if a, ok := s.names.starts.get(k, 24*time.Hour); ok {
		return a
	}
	got, err := s.messages(ctx, "read message", server, func(ctx context.Context, w *space) error {
		_, _, _, err := w.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: channel, Timestamp: ts, Limit: 1})
		return err
	})
	if err != nil {
		return ""
	}
	for _, raw := range got.Messages {
		if m, ok := readMessage(raw); ok && m.TS == ts {
			a := string(m.author().ID)
			s.names.starts.put(k, a)
			return a
		}
	}
	return ""
}

// How a gap is read. A thread that began before the gap may have gone on in it;
// those are looked for among the messages of some days before.
const (
	threadsBack  = 3 * 24 * time.Hour
	maxPages     = 50
	keepLeftover = 2 * time.Minute
)

// After lists what came after a message or a time in a channel and its threads,
// or in one thread, oldest first. The bot's own messages are not among them.
// Slack gives history newest first and little of it a minute, so it is read to
// the end once, waiting where Slack asks for it; what is past the limit is kept
// for the call that goes on where this one ended.
func (s *Slack) After(ctx context.Context, server chat.ServerID, place chat.PlaceID, after chat.MessageID, since time.Time, limit int) ([]chat.Message, error) {
	from := string(after)
	if from == "" {
		from = stampAt(since)
	}
	list, kept := s.after.take(server, place, after)
	if !kept {
		var err error
		if list, err = s.gap(ctx, server, place, from); err != nil {
			return nil, err
		}
	}
	n := max(0, min(limit, len(list)))
	if n > 0 && n < len(list) {
		s.after.keep(server, place, chat.MessageID(list[n-1].TS), list[n:])
	}
	out := make([]chat.Message, 0, n)
	for i := range list[:n] {
		m, err := s.whole(ctx, server, &list[i])
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// leftovers are messages that were read and not yet asked for, of one place.
type leftovers struct {
	mu     sync.Mutex
	server chat.ServerID
	place  chat.PlaceID
	after  chat.MessageID
	list   []rawMessage
	until  time.Time
}

func (x *leftovers) keep(server chat.ServerID, place chat.PlaceID, after chat.MessageID, list []rawMessage) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.server, x.place, x.after, x.list, x.until = server, place, after, list, time.Now().Add(keepLeftover)
	time.AfterFunc(keepLeftover, x.forget)
}

// forget lets go of what nobody asked for in time.
func (x *leftovers) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !time.Now().Before(x.until) {
		x.list = nil
	}
}

// take gives, once, what comes after exactly that message.
func (x *leftovers) take(server chat.ServerID, place chat.PlaceID, after chat.MessageID) ([]rawMessage, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.list) == 0 || after == "" || x.server != server || x.place != place || x.after != after || time.Now().After(x.until) {
		return nil, false
	}
	list := x.list
	x.list = nil
	return list, true
}

// gap reads all that came after a message, oldest first.
func (s *Slack) gap(ctx context.Context, server chat.ServerID, place chat.PlaceID, from string) ([]rawMessage, error) {
	channel, thread := split(place)
	if channel == "" {
		return nil, nowhere("list messages")
	}
	w, err := s.space(ctx, server)
	if err != nil {
		return nil, err
	}
	var out []rawMessage
	add := func(m rawMessage) {
		m.Channel = channel
		if compareTS(m.TS, from) > 0 && !m.own(w) && m.worthReading() {
			out = append(out, m)
		}
	}
	if thread != "" {
		err := s.replies(ctx, server, channel, thread, from, add)
		return inOrder(out), err
	}
	var threads []string
	oldest := from
	if t := timeOf(from); !t.IsZero() {
		oldest = stampAt(t.Add(-threadsBack))
	}
	err = s.pages(ctx, server, func(ctx context.Context, w *space, cursor string) error {
		_, err := w.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: channel, Oldest: oldest, Limit: pageSize, Cursor: cursor})
		return err
	}, func(m rawMessage) {
		if m.answeredAfter(from) {
			threads = append(threads, m.TS)
		}
		add(m)
	})
	if err != nil {
		return nil, err
	}
	for _, t := range threads {
		if err := s.replies(ctx, server, channel, t, from, add); err != nil && !chat.IsGone(err) {
			return nil, err
		}
	}
	return inOrder(out), nil
}

// replies reads the answers in a thread.
func (s *Slack) replies(ctx context.Context, server chat.ServerID, channel, thread, from string, add func(rawMessage)) error {
	return s.pages(ctx, server, func(ctx context.Context, w *space, cursor string) error {
		_, _, _, err := w.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: thread, Oldest: from, Limit: pageSize, Cursor: cursor})
		return err
	}, add)
}

// inOrder sorts by time and leaves out what came twice, as broadcasts do.
func inOrder(list []rawMessage) []rawMessage {
	slices.SortStableFunc(list, func(a, b rawMessage) int { return compareTS(a.TS, b.TS) })
	return slices.CompactFunc(list, func(a, b rawMessage) bool { return a.TS == b.TS })
}

// pages reads page after page, and waits where Slack asks for it.
func (s *Slack) pages(ctx context.Context, server chat.ServerID, ask func(context.Context, *space, string) error, add func(rawMessage)) error {
	cursor := ""
	for n := 0; n < maxPages; {
		got, err := s.messages(ctx, "list messages", server, func(ctx context.Context, w *space) error { return ask(ctx, w, cursor) })
		if wait := chat.RetryAfter(err); wait > 0 && wait <= s.time.patience {
			if sleep(ctx, wait) != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		for _, raw := range got.Messages {
			if m, ok := readMessage(raw); ok {
				add(m)
			}
		}
		if cursor = got.Meta.Next; cursor == "" {
			return nil
		}
		n++
	}
	s.log.Warn("a place has more messages than are read at once; the oldest are left out", "server", server)
	return nil
}

// Places lists the channels that the bot was added to. Their threads are read
// with them. Slack refuses to list kinds of channel that the app has no scope
// for, so those that the manifest can leave out are left out where it did.
func (s *Slack) Places(ctx context.Context, server chat.ServerID) ([]chat.Place, error) {
	kinds := []string{"public_channel", "private_channel", "mpim"}
	for {
		out, err := s.placesOf(ctx, server, kinds)
		if codeOf(err) != "missing_scope" || len(kinds) == 1 {
			return out, err
		}
		kinds = kinds[:len(kinds)-1]
	}
}

func (s *Slack) placesOf(ctx context.Context, server chat.ServerID, kinds []string) ([]chat.Place, error) {
	out := []chat.Place{}
	cursor := ""
	for {
		var list []slack.Channel
		var next string
		err := s.call(ctx, "list places", server, func(ctx context.Context, w *space) (err error) {
			list, next, err = w.api.GetConversationsForUserContext(ctx, &slack.GetConversationsForUserParameters{
				Types: kinds, ExcludeArchived: true, Limit: pageSize, Cursor: cursor})
			return err
		})
		if err != nil {
			return nil, err
		}
		for i := range list {
			c := described(&list[i])
			s.noteChannel(server, list[i].ID, c)
			out = append(out, chat.Place{Server: server, ID: chat.PlaceID(list[i].ID), Name: c.name})
		}
		if cursor = next; cursor == "" {
			return out, nil
		}
	}
}

// lackMember is why a public channel is not read: Slack's name for what the bot
// has to do.
const lackMember = "join"

// Uncovered lists the public channels that the bot is not in. Private channels
// that it was not invited to, and direct messages between others, Slack shows
// it no trace of.
func (s *Slack) Uncovered(ctx context.Context, server chat.ServerID) ([]chat.Uncovered, error) {
	var out []chat.Uncovered
	cursor := ""
	for {
		var list []slack.Channel
		var next string
		err := s.call(ctx, "list places", server, func(ctx context.Context, w *space) (err error) {
			list, next, err = w.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
				Types: []string{"public_channel"}, ExcludeArchived: true, Limit: pageSize, Cursor: cursor})
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			if !c.IsMember && !c.IsArchived {
				out = append(out, chat.Uncovered{Place: chat.Place{Server: server, ID: chat.PlaceID(c.ID), Name: c.Name}, Why: lackMember, Open: true})
			}
		}
		if cursor = next; cursor == "" {
			return out, nil
		}
	}
}

// Join adds the bot to a public channel.
func (s *Slack) Join(ctx context.Context, server chat.ServerID, place chat.PlaceID) error {
	channel, _ := split(place)
	return s.call(ctx, "join channel", server, func(ctx context.Context, w *space) error {
		_, _, _, err := w.api.JoinConversationContext(ctx, channel)
		return err
	})
}

// Groups lists the workspace's user groups, as far as a select has room.
func (s *Slack) Groups(ctx context.Context, server chat.ServerID) ([]chat.Option, error) {
	var list []slack.UserGroup
	err := s.call(ctx, "list user groups", server, func(ctx context.Context, w *space) (err error) {
		list, err = w.api.GetUserGroupsContext(ctx)
		return err
	})
	var out []chat.Option
	for _, g := range list {
		out = append(out, chat.Option{Label: g.Name + " (@" + g.Handle + ")", Value: g.ID})
	}
	return out, err
}

// Servers lists the workspaces that the bot is in and can reach.
func (s *Slack) Servers(ctx context.Context) ([]chat.ServerID, error) {
	if s.o.Installations != nil {
		return s.o.Installations.Workspaces(ctx)
	}
	w, err := s.space(ctx, "")
	if err != nil {
		return nil, err
	}
	return []chat.ServerID{w.team}, nil
}
