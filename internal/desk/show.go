package desk

import (
	"context"
	"fmt"
	"strings"

	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/store"
)

// maxShown is how much of a message is shown, in runes: all that Discord's
// longest message has, and within what every card can hold.
const maxShown = 3000

// show reads the message behind a case as it is now, for this one person.
// That it was read is written down first.
func (d *Desk) show(ctx context.Context, v viewer, c cases.Case, a chat.Action) (chat.Answer, error) {
	signs, err := d.noteReading(ctx, v, c)
	if err != nil {
		return d.storageDown(c.Server, c.Platform, err), nil
	}
	at := chosen(c, signs, chat.MessageID(a.Value))
	if at.ID == "" {
		return d.say(d.texts.Say("staff.show.none"), ""), nil
	}
	card := chat.Card{
		Title: d.texts.Say("staff.show.title", "number", c.Number), Tone: chat.Calm,
		Footer: d.texts.Say("staff.show.footer"),
	}
	m, err := d.platforms[c.Platform].Fetch(ctx, at)
	switch {
	case chat.IsGone(err):
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.show.deleted")))
	case err != nil:
		d.o.Logger.Warn("a message could not be read for staff", "case", c.ID, "err", err)
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.show.failed")))
	default:
		card.Blocks = append(card.Blocks,
			chat.Text(d.texts.Say("staff.show.body", "when", alert.When(m.Time),
				"name", d.cards.MarkedName(ctx, v.key, m.Author.ID, m.Author.Name),
				"place", d.cards.Place(d.cards.MarkedPlace(ctx, v.key, m.Place.ID, m.Place.Name)))),
			chat.Quote(clip(m.Text)))
		if m.Edited {
			card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.show.edited")))
		}
	}
	if s, ok := d.chooser(c, signs, at); ok {
		card.Blocks = append(card.Blocks, chat.Controls{s})
	}
	card.Blocks = append(card.Blocks, chat.Controls{d.hide()})
	return chat.Answer{Card: &card, Replace: a.Value != ""}, nil
}

// noteReading writes the audit line and returns the case's signs.
func (d *Desk) noteReading(ctx context.Context, v viewer, c cases.Case) (signs []cases.Sign, err error) {
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		if signs, err = tx.CaseSigns(ctx, c.ID); err != nil {
			return err
		}
		return tx.AddAudit(ctx, d.entry(v, c, cases.Entry{Action: "show-message"}))
	})
	if err != nil {
		return nil, fmt.Errorf("note that a message is read: %w", err)
	}
	return signs, nil
}

// chosen is the message asked for, if it belongs to the case, else the newest.
func chosen(c cases.Case, signs []cases.Sign, id chat.MessageID) chat.MessageRef {
	for _, s := range signs {
		if s.Message == id {
			return chat.MessageRef{Server: c.Server, Place: s.Place, ID: s.Message}
		}
	}
	return chat.MessageRef{Server: c.Server, Place: c.Place, ID: c.Message}
}

// chooser lists the case's messages, newest first, where there are several.
func (d *Desk) chooser(c cases.Case, signs []cases.Sign, at chat.MessageRef) (chat.Select, bool) {
	s := chat.Select{Label: d.texts.Say("staff.show.more"), Verb: alert.VerbShow, Arg: c.ID, Chosen: string(at.ID)}
	seen := map[chat.MessageID]bool{}
	for i := len(signs) - 1; i >= 0 && len(s.Options) < chat.MaxOptions; i-- {
		g := signs[i]
		if seen[g.Message] {
			continue
		}
		seen[g.Message] = true
		s.Options = append(s.Options, chat.Option{
			Label: alert.When(g.At), Value: string(g.Message), Hint: d.texts.Say("staff.category." + string(g.Category)),
		})
	}
	return s, len(s.Options) > 1
}

func clip(s string) string {
	if strings.TrimSpace(s) == "" {
		return "…"
	}
	r := []rune(s)
	if len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}
