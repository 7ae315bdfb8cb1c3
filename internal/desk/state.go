package desk

import (
	"context"
	"strings"

	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/store"
)

// state tells staff whether alerts arrive: it never fails, because it is what
// they look at when something does.
func (d *Desk) state(ctx context.Context, v viewer) chat.Answer {
	var f chat.Facts
	add := func(label, value string) {
		f = append(f, chat.Fact{Label: d.texts.Say("staff.state." + label), Value: value})
	}
	add("room", d.room(ctx, v))
	add("leads", d.leads(ctx, v))
	add("region", v.set.Region)
	add("threshold", d.texts.Say("staff.severity."+v.set.Threshold.String()))
	if d.o.Now().Before(v.set.PausedUntil) {
		add("paused", d.texts.Say("staff.state.pauseduntil", "when", alert.When(v.set.PausedUntil)))
	} else {
		add("paused", d.texts.Say("staff.state.unpaused"))
	}
	add("tips", d.tipsState(ctx, v))
	add("contacts", d.contactsState(v))
	var w []store.Waiting
	err := d.db.Read(ctx, func(tx *store.Tx) (err error) {
		w, err = tx.Waiting(ctx, v.key.Platform, v.key.Server)
		return err
	})
	if err != nil {
		add("storage", d.texts.Say("staff.state.storagefail"))
	} else {
		add("storage", d.texts.Say("staff.state.storageok"))
		add("waiting", d.waiting(w))
	}
	card := chat.Card{Title: d.texts.Say("staff.state.title"), Tone: chat.Calm, Blocks: []chat.Block{f}}
	card.Blocks = append(card.Blocks, d.coverage(ctx, v)...)
	card.Blocks = append(card.Blocks, chat.Controls{d.hide()})
	return chat.Show(card)
}

func (d *Desk) room(ctx context.Context, v viewer) string {
	if v.set.StaffPlace == "" {
		return d.texts.Say("staff.state.roomunset")
	}
	a, err := d.platforms[v.key.Platform].Access(ctx, v.key.Server, v.set.StaffPlace,
		v.set.Staff(), nil)
	switch {
	case chat.IsGone(err):
		return d.texts.Say("staff.state.roomgone")
	case err != nil:
		return d.texts.Say("staff.state.roomfail")
	case a.Others != "":
		return d.texts.Say("staff.state.roomopen", "who", a.Others)
	}
	if p, ok := d.platforms[v.key.Platform].(chat.Equipped); ok {
		rights, err := p.Lacks(ctx, v.key.Server, v.set.StaffPlace, v.set.Staff())
		if err == nil && len(rights) > 0 {
			return d.texts.Say("staff.state.lacks", "rights", strings.Join(rights, ", "))
		}
	}
	return d.texts.Say("staff.state.roomok")
}

func (d *Desk) leads(ctx context.Context, v viewer) string {
	if len(v.set.Leads) == 0 {
		return d.texts.Say("staff.state.noleads")
	}
	names := make([]string, len(v.set.Leads))
	for i, id := range v.set.Leads {
		names[i] = d.cards.Name(ctx, v.key, id)
		// Opening the conversation sends nothing.
		if _, err := d.platforms[v.key.Platform].Direct(ctx, v.key.Server, id); err != nil {
			names[i] = d.texts.Say("staff.state.unreached", "name", names[i])
		}
	}
	return strings.Join(names, ", ")
}

func (d *Desk) waiting(kinds []store.Waiting) string {
	if len(kinds) == 0 {
		return d.texts.Say("staff.state.nothing")
	}
	all := kinds[0]
	for _, w := range kinds[1:] {
		all.Count += w.Count
		if w.Since.Before(all.Since) {
			all.Since = w.Since
		}
		if all.Reason == "" {
			all.Reason = w.Reason
		}
	}
	s := d.texts.Count("staff.state.waits", all.Count, "when", alert.When(all.Since))
	if all.Reason != "" {
		s += ". " + d.texts.Say("staff.state.failing", "reason", all.Reason)
	}
	return s
}
