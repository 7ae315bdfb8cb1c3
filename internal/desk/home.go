package desk

import (
	"context"

	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
)

// Home puts the open cases on top of a member's page, for staff, and the way to
// the set-up. Where they
// cannot be read, everybody gets the member's page.
func (d *Desk) Home(ctx context.Context, platform string, c chat.Command, page chat.Card) chat.Card {
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: c.Place.Server}, c.Person)
	if err != nil || !v.staff {
		return page
	}
	open, err := d.open(ctx, v, maxListed)
	if err != nil {
		d.o.Logger.Warn("the open cases cannot be shown on a page", "platform", platform, "err", err)
		return page
	}
	d = d.in(v)
	list := chat.List{Title: d.texts.Say("staff.cases.title"), Items: []string{d.texts.Say("staff.cases.none")}}
	var row chat.Controls
	if len(open) > 0 {
		pick := chat.Select{Label: d.texts.Say("staff.command.case"), Verb: alert.VerbCase, Arg: open[0].ID}
		list.Items = nil
		for _, k := range open {
			list.Items = append(list.Items, d.line(k))
			pick.Options = append(pick.Options, chat.Option{Label: d.texts.Say("staff.button.case", "number", k.Number), Value: k.ID})
		}
		row = append(row, pick)
	}
	blocks, style := []chat.Block{list}, chat.Style("")
	if v.set.StaffPlace == "" && len(v.set.Leads) == 0 {
		blocks, style = []chat.Block{chat.Text(d.texts.Say("staff.home.unset")), list}, chat.Primary
	}
	if open, ok := d.setupButton(v, style); ok {
		row = append(row, open)
	}
	if len(row) > 0 {
		blocks = append(blocks, row)
	}
	page.Blocks = append(blocks, page.Blocks...)
	return page
}
