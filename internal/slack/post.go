package slack

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

// The key of a card travels with it as metadata, so that a repeated post finds
// the first one, also after a crash in between.
const (
	metaKind = "waymark_card"
	metaKey  = "key"

	maxKeys = 10_000
	// lookBack is how far back a card is looked for: nobody tries to deliver
	// one for longer.
	lookBack  = 24 * time.Hour
	lookPages = 3
	pageSize  = 200
)

// Post writes a card. Slack has no key of its own for a send, so a card with a
// key is looked for before it is sent again: only the channel itself knows
// whether an earlier attempt, of this program or of one that was killed, got
// through. A card with Notify names the channel, which notifies those in it.
func (s *Slack) Post(ctx context.Context, p chat.Post) (chat.MessageRef, error) {
	const op = "post card"
	channel, thread := split(p.Place)
	if channel == "" {
		return chat.MessageRef{}, nowhere(op)
	}
	if p.Under != "" {
		thread = string(p.Under)
	}
	if p.Key != "" && !p.First {
		at, ok, err := s.posted(ctx, p, channel, thread)
		if err != nil || ok {
			return at, err
		}
	}
	blocks := render(p.Card, maxMessageBlocks-1)
	direct := channel[0] == 'D' // its one reader is notified anyhow
	if p.Notify && !direct {
		blocks = append([]slack.Block{callAttention(p.Role)}, blocks...)
	}
	with := append(content(p.Card, blocks), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
	if thread != "" {
		with = append(with, slack.MsgOptionTS(thread))
	}
	if p.Key != "" {
		with = append(with, slack.MsgOptionMetadata(slack.SlackMetadata{EventType: metaKind, EventPayload: map[string]any{metaKey: p.Key}}))
	}
	at := chat.MessageRef{Server: p.Server, Place: p.Place}
	err := s.call(ctx, op, p.Server, func(ctx context.Context, w *space) error {
		_, ts, err := w.api.PostMessageContext(ctx, channel, with...)
		if err == nil && ts == "" {
			err = &chat.Error{Op: op, Err: errors.New("the answer does not say where the card is")}
		}
		at.ID = chat.MessageID(ts)
		return err
	})
	if err != nil {
		return chat.MessageRef{}, err
	}
	if p.Key != "" {
		s.keys.put(keyOf(p), at)
	}
	return at, nil
}

// content are the words and the blocks of a card.
func content(c chat.Card, blocks []slack.Block) []slack.MsgOption {
	return []slack.MsgOption{slack.MsgOptionText(escaped(short(c.PlainText(), maxFallback)), false), slack.MsgOptionBlocks(blocks...)}
}

func keyOf(p chat.Post) string { return string(p.Server) + "/" + string(p.Place) + "/" + p.Key }

// posted looks for a card with the key. Where the bot may not read there, it is
// not found: then a card twice is better than none.
func (s *Slack) posted(ctx context.Context, p chat.Post, channel, thread string) (chat.MessageRef, bool, error) {
	const op = "look for the card"
	if at, ok := s.keys.get(keyOf(p), lookBack); ok {
		return at, true, nil
	}
	oldest, cursor := stampAt(s.now().Add(-lookBack)), ""
	for range lookPages {
		got, err := s.messages(ctx, op, p.Server, func(ctx context.Context, w *space) error {
			if thread != "" {
				_, _, _, err := w.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
					ChannelID: channel, Timestamp: thread, Oldest: oldest, Limit: pageSize, Cursor: cursor, IncludeAllMetadata: true})
				return err
			}
			_, err := w.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
				ChannelID: channel, Oldest: oldest, Limit: pageSize, Cursor: cursor, IncludeAllMetadata: true})
			return err
		})
		if chat.IsPermanent(err) {
			return chat.MessageRef{}, false, nil // the send says why
		}
		if err != nil {
			return chat.MessageRef{}, false, err
		}
		for _, raw := range got.Messages {
			m, ok := readMessage(raw)
			if ok && m.Metadata.Kind == metaKind && m.Metadata.Payload[metaKey] == p.Key {
				at := chat.MessageRef{Server: p.Server, Place: p.Place, ID: chat.MessageID(m.TS)}
				s.keys.put(keyOf(p), at)
				return at, true, nil
			}
		}
		if cursor = got.Meta.Next; cursor == "" || !got.More {
			break
		}
	}
	return chat.MessageRef{}, false, nil
}

// Update replaces a card that Post wrote.
func (s *Slack) Update(ctx context.Context, at chat.MessageRef, c chat.Card) error {
	const op = "update card"
	channel, _ := split(at.Place)
	if channel == "" || !isTS(string(at.ID)) {
		return nowhere(op)
	}
	return s.call(ctx, op, at.Server, func(ctx context.Context, w *space) error {
		_, _, _, err := w.api.UpdateMessageContext(ctx, channel, string(at.ID), content(c, render(c, maxMessageBlocks))...)
		return err
	})
}

// Whisper shows one person a card beside a message that only they see. It is
// not kept by Slack, and nobody is told where it could not be shown.
func (s *Slack) Whisper(ctx context.Context, beside chat.MessageRef, to chat.PersonID, c chat.Card) error {
	const op = "whisper"
	channel, thread := split(beside.Place)
	if channel == "" || to == "" {
		return nowhere(op)
	}
	with := content(c, render(c, maxMessageBlocks))
	if thread != "" {
		with = append(with, slack.MsgOptionTS(thread))
	}
	return s.call(ctx, op, beside.Server, func(ctx context.Context, w *space) error {
		_, err := w.api.PostEphemeralContext(ctx, channel, string(to), with...)
		return err
	})
}

// ShowHome shows a card on a person's Home tab.
func (s *Slack) ShowHome(ctx context.Context, server chat.ServerID, person chat.PersonID, c chat.Card) error {
	const op = "show Home tab"
	if person == "" {
		return nowhere(op)
	}
	view := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: render(c, maxViewBlocks)}}
	return s.call(ctx, op, server, func(ctx context.Context, w *space) error {
		_, err := w.api.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: string(person), View: view})
		return err
	})
}
