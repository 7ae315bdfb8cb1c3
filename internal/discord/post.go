package discord

import (
	"context"
	"net/http"

	"github.com/waymark-bot/waymark/internal/chat"
)

// messageJSON is a message on its way to Discord.
type messageJSON struct {
	Components []component `json:"components"`
	Flags      int         `json:"flags"`
	Mentions   mentions    `json:"allowed_mentions"`
	Nonce      string      `json:"nonce,omitempty"`
	Enforce    bool        `json:"enforce_nonce,omitempty"`
	Reference  *replyTo    `json:"message_reference,omitempty"`
	// Files are those that come with the message; a list without any takes away
	// those that it had, and nil leaves them.
	Files []attachment `json:"attachments,omitzero"`
}

// attachment describes a file that comes with a request, by its place there.
type attachment struct {
	ID          string `json:"id"`
	Name        string `json:"filename"`
	Description string `json:"description,omitempty"`
}

// mentions says whom a message may notify: by default nobody.
type mentions struct {
	Parse []string `json:"parse"`
	Roles []id     `json:"roles,omitempty"`
}

type replyTo struct {
	Message id   `json:"message_id"`
	Fail    bool `json:"fail_if_not_exists"`
}

// body makes the message of a card.
func (d *Discord) body(c chat.Card, flags int) messageJSON {
	parts, dropped := render(c)
	if dropped > 0 {
		d.log.Error("a card has more controls than Discord can show", "left_out", dropped)
	}
	return messageJSON{Components: parts, Flags: flags | flagComponentsV2, Mentions: mentions{Parse: []string{}}}
}

// Post writes a card. The key is Discord's nonce, so a repeated post within
// some minutes is the first message again. A card without Notify arrives
// silently; one with it also mentions the role that the post names.
func (d *Discord) Post(ctx context.Context, p chat.Post) (chat.MessageRef, error) {
	if toID(p.Place) == 0 {
		return chat.MessageRef{}, nowhere("post card")
	}
	flags := flagSilent
	if p.Notify {
		flags = 0
	}
	m := d.body(p.Card, flags)
	m.Nonce, m.Enforce = p.Key, p.Key != ""
	_, direct := d.direct.personOf(toID(p.Place))
	if role := toID(p.Role); p.Notify && !direct && role != 0 && role != toID(p.Server) && count(m.Components) < maxComponents {
		m.Components = append([]component{mention(role)}, m.Components...)
		m.Mentions.Roles = []id{role}
		cutText(m.Components[1].Components, textLength(m.Components)-maxText)
	}
	if p.Under != "" {
		return d.postUnder(ctx, p, m)
	}
	return d.post(ctx, p.Server, toID(p.Place), m)
}

func (d *Discord) post(ctx context.Context, server chat.ServerID, place id, m messageJSON) (chat.MessageRef, error) {
	var out struct {
		ID id `json:"id"`
	}
	err := d.do(ctx, request{
		op: "post card", method: http.MethodPost, path: "channels/" + place.String() + "/messages", in: m,
	}, &out)
	if err != nil {
		return chat.MessageRef{}, err
	}
	return chat.MessageRef{Server: server, Place: place.place(), ID: out.ID.message()}, nil
}

// postUnder writes into the card's thread, which has the card's own id, and so
// is found again after a restart. Where there can be no thread (in a direct
// conversation, or without the permission), it is an answer to the card; where
// the card is gone, a card of its own.
func (d *Discord) postUnder(ctx context.Context, p chat.Post, m messageJSON) (chat.MessageRef, error) {
	place, under := toID(p.Place), toID(p.Under)
	ok, err := d.openThread(ctx, place, under, p.Card.Title, toID(p.Server))
	if err != nil {
		return chat.MessageRef{}, err
	}
	if ok {
		at, err := d.post(ctx, p.Server, under, m)
		if code := codeOf(err); code == codeThreadArchived || code == codeThreadLocked {
			if err = d.reopen(ctx, under, code == codeThreadLocked); err == nil {
				at, err = d.post(ctx, p.Server, under, m)
			}
		}
		if err == nil || !chat.IsPermanent(err) {
			return at, err
		}
		d.log.Warn("a card's thread cannot be written to; the note goes beside the card", "place", p.Place, "err", err)
	}
	m.Reference = &replyTo{Message: under}
	return d.post(ctx, p.Server, place, m)
}

// openThread makes sure that the card has its thread; false where it cannot
// have one.
func (d *Discord) openThread(ctx context.Context, place, under id, title string, server id) (bool, error) {
	if _, direct := d.direct.personOf(place); direct || server == 0 {
		return false, nil
	}
	if _, _, there := d.known(server, under, 0); there {
		return true, nil
	}
	var out rawChannel
	err := d.do(ctx, request{
		op: "open thread", method: http.MethodPost,
		path:   "channels/" + place.String() + "/messages/" + under.String() + "/threads",
		bucket: "channels/" + place.String() + "/messages/threads",
		in:     map[string]any{"name": short(threadName(title), maxThreadName), "auto_archive_duration": 10080},
	}, &out)
	switch {
	case err == nil:
		d.cache.change(server, func(g *guild) { g.setChannel(out) })
		return true, nil
	case codeOf(err) == codeThreadExists:
		return true, nil
	case chat.IsPermanent(err) && codeOf(err) != codeUnknownChannel:
		return false, nil
	}
	return false, err
}

func threadName(title string) string {
	if t := oneLine(title); t != "" {
		return t
	}
	return "…"
}

// reopen takes a thread out of the archive, and unlocks it, which takes a
// permission that the bot may lack.
func (d *Discord) reopen(ctx context.Context, thread id, locked bool) error {
	change := map[string]bool{"archived": false}
	if locked {
		change["locked"] = false
	}
	return d.do(ctx, request{
		op: "open thread again", method: http.MethodPatch, path: "channels/" + thread.String(),
		in: change,
	}, nil)
}

// Update replaces a card that Post wrote.
func (d *Discord) Update(ctx context.Context, at chat.MessageRef, c chat.Card) error {
	place := toID(at.Place)
	if place == 0 || toID(at.ID) == 0 {
		return nowhere("update card")
	}
	m := d.body(c, 0)
	r := request{
		op: "update card", method: http.MethodPatch, path: "channels/" + place.String() + "/messages/" + toID(at.ID).String(),
		bucket: "channels/" + place.String() + "/messages/edit",
		in: struct {
			Components []component `json:"components"`
			Flags      int         `json:"flags"`
			Mentions   mentions    `json:"allowed_mentions"`
		}{m.Components, m.Flags, m.Mentions},
	}
	err := d.do(ctx, r, nil)
	if codeOf(err) == codeThreadArchived {
		if err = d.reopen(ctx, place, false); err == nil {
			err = d.do(ctx, r, nil)
		}
	}
	return err
}
