package slack

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

// callback is what Slack's Events API delivers.
type callback struct {
	Type  string          `json:"type"`
	Team  string          `json:"team_id"`
	ID    string          `json:"event_id"`
	Event json.RawMessage `json:"event"`
	At    int64           `json:"event_time"`
	Since int64           `json:"minute_rate_limited"`
	For   []struct {
		Team string `json:"team_id"`
	} `json:"authorizations"`
}

// event takes one event. done is called when it needs nothing more from Slack;
// where it is never called, Slack delivers the event again.
func (in *intake) event(raw []byte, done func()) {
	var c callback
	var kind struct {
		Type string `json:"type"`
	}
	if readJSON(raw, &c) == nil && c.Type == "app_rate_limited" {
		in.s.log.Error("Slack holds back events, as there are too many; what is missing is read again later", "server", in.server(&c))
		in.withheld(in.server(&c), time.Unix(c.Since, 0))
		done()
		return
	}
	if readJSON(raw, &c) != nil || readJSON(c.Event, &kind) != nil {
		in.s.log.Error("an event could not be read; it was not looked at", "bytes", len(raw))
		done()
		return
	}
	server := in.server(&c)
	switch kind.Type {
	case "message":
		in.message(server, &c, done)
	case "app_uninstalled":
		in.removed(server, &c, done)
	case "tokens_revoked":
		in.add(laneKey{server: server}, item{kind: itemCheck, server: server, event: c.ID}, done)
	case "app_home_opened":
		done()
		in.home(server, &c)
	default:
		in.learn(server, kind.Type, c.Event)
		done()
	}
}

// server is the workspace that an event is for. In a channel that is shared
// with others, the event may name theirs.
func (in *intake) server(c *callback) chat.ServerID {
	in.s.spaces.mu.Lock()
	only := in.s.spaces.only
	in.s.spaces.mu.Unlock()
	if only != "" {
		return only
	}
	for _, a := range c.For {
		if a.Team != "" {
			return chat.ServerID(a.Team)
		}
	}
	return chat.ServerID(c.Team)
}

// message takes a new, changed or deleted message.
func (in *intake) message(server chat.ServerID, c *callback, done func()) {
	m, ok := readMessage(c.Event)
	if !ok {
		in.s.log.Error("a message could not be read; it was not looked at", "bytes", len(c.Event))
		done()
		return
	}
	lane := laneKey{server, m.Channel}
	switch m.Subtype {
	case "message_deleted":
		in.deleted(server, c.ID, &m, done)
		return
	case "message_changed":
		was, _ := readMessage(m.Previous)
		now, ok := readMessage(m.Message)
		if !ok {
			done()
			return
		}
		now.Channel = m.Channel
		if now.Subtype == "tombstone" {
			m.DeletedTS, m.Previous = now.TS, m.Message
			in.deleted(server, c.ID, &m, done)
			return
		}
		look := in.s.lookup(server)
		if now.text(look).text == was.text(look).text {
			done() // a preview came, or somebody answered: nobody changed the words
			return
		}
		now.changed = true
		m = now
	}
	w := in.s.spaces.get(server)
	if m.own(w) || !m.worthReading() {
		done()
		return
	}
	msg, starter := in.s.neutral(w, server, &m)
	if !m.changed && m.ThreadTS == "" {
		in.s.names.starts.put(nameKey{server, m.Channel + ":" + m.TS}, string(msg.Author.ID))
	}
	in.add(lane, item{kind: itemMessage, server: server, event: c.ID, message: &msg, starter: starter}, done)
}

func (in *intake) deleted(server chat.ServerID, event string, m *rawMessage, done func()) {
	if m.DeletedTS == "" {
		done()
		return
	}
	was, _ := readMessage(m.Previous)
	at := chat.MessageRef{Server: server, Place: placeID(m.Channel, was.thread()), ID: chat.MessageID(m.DeletedTS)}
	in.add(laneKey{server, m.Channel}, item{kind: itemDeleted, server: server, event: event, at: at}, done)
}

// removed takes it that the workspace removed the app.
func (in *intake) removed(server chat.ServerID, c *callback, done func()) {
	single := in.s.o.Installations == nil
	at := time.Unix(c.At+1, 0) // Slack's time has whole seconds
	in.add(laneKey{server: server}, item{kind: itemAbsent, server: server, event: c.ID, since: at}, func() {
		done()
		if single {
			in.end(errors.New("the workspace removed the app; install it again and copy the new token"))
		}
	})
}

// learn keeps up with what people and channels are called.
func (in *intake) learn(server chat.ServerID, kind string, raw []byte) {
	var e struct {
		User    json.RawMessage `json:"user"`
		Channel json.RawMessage `json:"channel"`
	}
	if readJSON(raw, &e) != nil {
		return
	}
	switch kind {
	case "user_change":
		var u slack.User
		if json.Unmarshal(e.User, &u) == nil && u.ID != "" {
			in.s.names.people.put(nameKey{server, u.ID}, describe(&u, server))
		}
	case "channel_rename", "group_rename", "channel_archive", "channel_unarchive", "group_archive", "group_unarchive",
		"channel_shared", "channel_unshared", "channel_deleted", "member_joined_channel", "member_left_channel":
		id := channelID(e.Channel)
		in.s.names.places.drop(nameKey{server, id})
		in.s.names.members.drop(nameKey{server, id})
	}
}

// channelID reads a channel's id, which some events wrap.
func channelID(raw []byte) string {
	var id string
	if json.Unmarshal(raw, &id) == nil {
		return id
	}
	var wrapped struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(raw, &wrapped) // what is no channel has no id
	return wrapped.ID
}

// home has the handler say what stands on the page of somebody who opened it.
func (in *intake) home(server chat.ServerID, c *callback) {
	var e struct {
		User    string `json:"user"`
		Channel string `json:"channel"`
		Tab     string `json:"tab"`
		TS      string `json:"event_ts"`
	}
	if readJSON(c.Event, &e) != nil || e.User == "" || (e.Tab != "" && e.Tab != "home") || !in.first(c.ID) {
		return
	}
	go func() {
		defer in.answered()
		ctx, cancel := context.WithTimeout(in.ctx, in.s.time.answerUntil)
		defer cancel()
		in.s.showHomeOf(ctx, in.h, server, chat.PersonID(e.User), c.ID, e.Channel, timeOf(e.TS))
	}()
}

// homeCommand is the command that the opening of the Home tab stands for.
const homeCommand = "home"

func (s *Slack) showHomeOf(ctx context.Context, h chat.Handler, server chat.ServerID, who chat.PersonID, id, channel string, at time.Time) {
	answer, err := h.Command(ctx, chat.Command{
		ID: id, Name: homeCommand, Args: map[string]string{}, Time: at,
		Person: chat.Person{ID: who, Name: s.nameOf(ctx, server, string(who))},
		Place:  chat.Place{Server: server, ID: chat.PlaceID(channel), Direct: true},
	})
	if err != nil {
		s.log.Warn("the Home tab could not be filled", "err", err)
		answer = chat.Show(s.o.TryAgain)
	}
	if answer.Card == nil {
		return
	}
	if err := s.ShowHome(ctx, server, who, *answer.Card); err != nil {
		s.log.Warn("the Home tab could not be shown", "err", err)
	}
}
