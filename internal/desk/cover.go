package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
)

// The verbs by which staff let the bot into places that it can join. Their
// argument is the server's id.
const (
	verbJoinAll = "cover.all"
	verbJoinOne = "cover.one"
)

const (
	maxBlind   = 8   // how many places that the bot cannot read are named
	maxJoined  = 40  // how many it joins at once: platforms limit it by the minute
	maxNamedIn = 200 // characters of names in the history
)

// missed lists the places that are to be watched and that the bot cannot read.
// ok is false where the platform cannot tell.
func (d *Desk) missed(ctx context.Context, v viewer) (list []chat.Uncovered, ok bool, err error) {
	p, ok := d.platforms[v.key.Platform].(chat.Covered)
	if !ok {
		return nil, false, nil
	}
	all, err := p.Uncovered(ctx, v.key.Server)
	if err != nil {
		return nil, true, err
	}
	for _, u := range all {
		if u.Place.ID == "" || v.set.Watches(u.Place) {
			list = append(list, u)
		}
	}
	return list, true, nil
}

// coverage says what the bot cannot read, with the controls by which staff can
// change that. It is empty where the platform cannot tell.
func (d *Desk) coverage(ctx context.Context, v viewer) []chat.Block {
	list := chat.List{Title: d.texts.Say("staff.state.coverage")}
	missed, ok, err := d.missed(ctx, v)
	switch {
	case !ok:
		return nil
	case err != nil:
		list.Items = []string{d.texts.Say("staff.state.coveragefail")}
		return []chat.Block{list}
	}
	for _, u := range missed {
		list.Items = append(list.Items, d.blind(u))
	}
	if len(missed) == 0 {
		list.Items = []string{d.texts.Say("staff.state.coverageok")}
	}
	if rest := len(missed) - maxBlind; rest > 0 {
		list.Items = append(list.Items[:maxBlind], d.texts.Say("staff.state.moreblind", "n", rest))
	}
	if _, joins := d.platforms[v.key.Platform].(chat.Joiner); !joins {
		return []chat.Block{list}
	}
	list.Items = append(list.Items, d.texts.Say("staff.state.invisible"))
	out := []chat.Block{list}
	for _, row := range d.joining(v, joinable(missed)) {
		out = append(out, row)
	}
	return out
}

func (d *Desk) blind(u chat.Uncovered) string {
	switch {
	case u.Place.ID == "":
		return d.texts.Say("staff.state.blindall", "why", u.Why)
	case u.Open:
		return d.texts.Say("staff.state.notin", "place", d.cards.Place(u.Place.Name))
	}
	return d.texts.Say("staff.state.blind", "place", d.cards.Place(u.Place.Name), "why", u.Why)
}

// joinable are the places that the bot can join by itself.
func joinable(missed []chat.Uncovered) []chat.Place {
	var out []chat.Place
	for _, u := range missed {
		if u.Open {
			out = append(out, u.Place)
		}
	}
	return out
}

// joining offers staff to let the bot into places: one of them, or all.
func (d *Desk) joining(v viewer, places []chat.Place) []chat.Controls {
	if len(places) == 0 {
		return nil
	}
	pick := chat.Select{Label: d.texts.Say("staff.join.one"), Verb: verbJoinOne, Arg: string(v.key.Server)}
	for _, p := range places[:min(len(places), chat.MaxOptions)] {
		pick.Options = append(pick.Options, chat.Option{Label: d.cards.Place(p.Name), Value: string(p.ID)})
	}
	all := chat.Button{Label: d.texts.Count("staff.join.all", len(places)), Verb: verbJoinAll, Arg: string(v.key.Server)}
	return []chat.Controls{{pick}, {all}}
}

// join lets the bot into one place, or all that staff were offered. Who asked
// for it is written down first.
func (d *Desk) join(ctx context.Context, platform string, a chat.Action) (chat.Answer, error) {
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: chat.ServerID(a.Arg)}, a.Person)
	if err != nil {
		return chat.Answer{}, err
	}
	d = d.in(v)
	p, ok := d.platforms[platform].(chat.Joiner)
	if !v.staff || !ok {
		return d.refused(platform), nil
	}
	missed, _, err := d.missed(ctx, v)
	if err != nil {
		return d.say(d.texts.Say("staff.join.unseen"), ""), nil
	}
	places := joinable(missed)
	if a.Verb == verbJoinOne {
		places = only(places, chat.PlaceID(a.Value))
	}
	if len(places) == 0 {
		return d.say(d.texts.Say("staff.join.none"), ""), nil
	}
	places, rest := places[:min(len(places), maxJoined)], max(0, len(places)-maxJoined)
	if err := d.noteJoining(ctx, v, places); err != nil {
		return d.storageDown(v.key.Server, platform, err), nil
	}
	joined, failed := joinEach(ctx, p, v.key.Server, places)
	return d.joinedCard(joined, rest+len(places)-len(joined), failed), nil
}

func only(places []chat.Place, id chat.PlaceID) []chat.Place {
	for _, p := range places {
		if p.ID == id {
			return []chat.Place{p}
		}
	}
	return nil
}

// joinEach joins place after place, until one cannot be joined.
func joinEach(ctx context.Context, p chat.Joiner, server chat.ServerID, places []chat.Place) (joined []chat.Place, err error) {
	for _, place := range places {
		err := p.Join(ctx, server, place.ID)
		switch {
		case chat.IsGone(err): // deleted or archived meanwhile
		case err != nil:
			return joined, err
		default:
			joined = append(joined, place)
		}
	}
	return joined, nil
}

func (d *Desk) noteJoining(ctx context.Context, v viewer, places []chat.Place) error {
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		return tx.AddAudit(ctx, d.entry(v, cases.Case{}, cases.Entry{Action: "join", Detail: d.called(places)}))
	})
	if err != nil {
		return fmt.Errorf("note that the bot is let into places: %w", err)
	}
	return nil
}

// called names places, within bounds.
func (d *Desk) called(places []chat.Place) string {
	out := ""
	for i, p := range places {
		name := d.cards.Place(p.Name)
		if i > 0 && len(out)+len(name) > maxNamedIn {
			return out + ", " + d.texts.Say("staff.state.moreblind", "n", len(places)-i)
		}
		if i > 0 {
			out += ", "
		}
		out += name
	}
	return out
}

func (d *Desk) joinedCard(joined []chat.Place, left int, failed error) chat.Answer {
	title := d.texts.Say("staff.join.failed")
	if len(joined) > 0 {
		title = d.texts.Count("staff.join.done", len(joined))
	}
	var lines []string
	if len(joined) > 0 {
		lines = append(lines, d.called(joined))
	}
	if left > 0 {
		lines = append(lines, d.texts.Count("staff.join.left", left))
	}
	switch {
	case chat.RetryAfter(failed) > 0:
		lines = append(lines, d.texts.Say("staff.join.later"))
	case failed != nil:
		lines = append(lines, d.texts.Say("staff.join.why", "why", said(failed)))
	}
	return d.say(title, strings.Join(lines, "\n"))
}

// said is what a platform answered, without what was being done.
func said(err error) string {
	var e *chat.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}
