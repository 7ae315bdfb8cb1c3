package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// The verbs of the set-up card. Their argument is the server's id.
const (
	verbSetupRegion = "setup.region"
	verbSetupTest   = "setup.test"
)

// setupOptions are what /safeguarding setup takes. Each can be given alone.
func (d *Desk) setupOptions() []chat.OptionSpec {
	option := func(name string, kind chat.OptionKind) chat.OptionSpec {
		return chat.OptionSpec{Name: name, Description: d.texts.Say("staff.setup.option." + name), Kind: kind}
	}
	region := option("region", chat.Words)
	region.Choices = regions()
	note := option("note", chat.Words)
	note.Choices = []chat.Option{{Label: d.texts.Say("staff.setup.on"), Value: "on"}, {Label: d.texts.Say("staff.setup.off"), Value: "off"}}
	speak := option("language", chat.Words)
	for _, g := range d.texts.Languages() {
		speak.Choices = append(speak.Choices, chat.Option{Label: g.Name, Value: g.Code()})
	}
	return []chat.OptionSpec{
		option("room", chat.AChannel), option("lead", chat.APerson), option("role", chat.ARole),
		region, speak, option("exclude", chat.AChannel), note,
	}
}

func regions() []chat.Option {
	var out []chat.Option
	for _, r := range responses.Regions() {
		out = append(out, chat.Option{Label: string(r), Value: string(r)})
	}
	return out
}

// setup takes over what was given and shows where the set-up stands, with what
// is to be done next.
func (d *Desk) setup(ctx context.Context, v viewer, c chat.Command) (chat.Answer, error) {
	set, changed, wrong := d.given(v, c)
	if wrong != "" {
		return d.say(wrong, ""), nil
	}
	if changed != "" {
		if err := d.save(ctx, v, "settings", changed, set); err != nil {
			return chat.Answer{}, err
		}
		v.set = d.book.Settings(ctx, v.key)
		d = d.in(v) // the language may be another now
	}
	return chat.Show(d.setupCard(ctx, v, changed)), nil
}

// given reads the options of the command: what to change, in words, or what is
// wrong with them.
func (d *Desk) given(v viewer, c chat.Command) (set func(*cases.Settings), changed, wrong string) {
	var todo []func(*cases.Settings)
	var said []string
	add := func(name string, f func(*cases.Settings)) {
		todo, said = append(todo, f), append(said, d.texts.Say("staff.setup.changed."+name))
	}
	if room := c.Arg("room"); room != "" {
		add("room", func(s *cases.Settings) { s.StaffPlace = chat.PlaceID(room) })
	}
	if lead := chat.PersonID(c.Arg("lead")); lead != "" {
		add("lead", func(s *cases.Settings) { s.Leads = toggled(v.set.Leads, lead) })
	}
	if role := c.Arg("role"); role != "" {
		add("role", func(s *cases.Settings) { s.StaffRole = role })
	}
	if typed := c.Arg("region"); typed != "" {
		region, ok := responses.ParseRegion(typed)
		if !ok {
			return nil, "", d.texts.Say("staff.setup.badregion", "region", typed)
		}
		add("region", func(s *cases.Settings) { s.Region = string(region) })
	}
	if typed := c.Arg("language"); typed != "" {
		g, ok := d.texts.ParseLanguage(typed)
		if !ok {
			return nil, "", d.texts.Say("staff.setup.badlanguage", "language", typed)
		}
		add("language", func(s *cases.Settings) { s.Language = g.Code() })
	}
	if place := chat.PlaceID(c.Arg("exclude")); place != "" {
		add("exclude", func(s *cases.Settings) { s.Excluded = toggled(v.set.Excluded, place) })
	}
	if note := c.Arg("note"); note != "" {
		add("note", func(s *cases.Settings) { s.GentleWord = note == "on" })
	}
	return func(s *cases.Settings) {
		for _, f := range todo {
			f(s)
		}
	}, strings.Join(said, ", "), ""
}

// toggled adds an id to a list, or takes it out where it is there.
func toggled[T comparable](list []T, id T) []T {
	if i := slices.Index(list, id); i >= 0 {
		return slices.Delete(slices.Clone(list), i, i+1)
	}
	return append(slices.Clone(list), id)
}

// save changes a server's settings and notes who did.
func (d *Desk) save(ctx context.Context, v viewer, action, detail string, set func(*cases.Settings)) error {
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		now, _, err := tx.Settings(ctx, v.key.Platform, v.key.Server)
		if err != nil {
			return err
		}
		set(&now)
		if err := tx.PutSettings(ctx, v.key.Platform, v.key.Server, now); err != nil {
			return err
		}
		return tx.AddAudit(ctx, d.entry(v, cases.Case{}, cases.Entry{Action: action, Detail: detail}))
	})
	if err != nil {
		return fmt.Errorf("save the settings: %w", err)
	}
	return nil
}

// setupCard shows what is set, what is missing, and what to press next.
func (d *Desk) setupCard(ctx context.Context, v viewer, changed string) chat.Card {
	card := chat.Card{Title: d.texts.Say("staff.setup.title"), Tone: chat.Calm, Footer: d.texts.Say("staff.setup.footer")}
	if changed != "" {
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.setup.saved", "what", changed)))
	}
	card.Blocks = append(card.Blocks, chat.Facts{
		{Label: d.texts.Say("staff.state.room"), Value: d.room(ctx, v)},
		{Label: d.texts.Say("staff.state.leads"), Value: d.leads(ctx, v)},
		{Label: d.texts.Say("staff.state.region"), Value: v.set.Region},
		{Label: d.texts.Say("staff.state.language"), Value: d.texts.In(v.set.Language).Language().Name},
	})
	if next := d.missing(v); len(next) > 0 {
		card.Blocks = append(card.Blocks, chat.List{Title: d.texts.Say("staff.setup.next"), Ordered: true, Items: next})
	}
	card.Blocks = append(card.Blocks,
		chat.Controls{chat.Select{Label: d.texts.Say("staff.setup.option.region"), Verb: verbSetupRegion,
			Arg: string(v.key.Server), Options: regions(), Chosen: v.set.Region}},
		chat.Controls{
			chat.Button{Label: d.texts.Say("staff.button.test"), Verb: verbSetupTest, Arg: string(v.key.Server), Style: chat.Primary},
			d.hide(),
		})
	return card
}

// missing says what is still to be set, the most important first.
func (d *Desk) missing(v viewer) []string {
	var out []string
	for _, m := range []struct {
		key  string
		lack bool
	}{
		{"staff.setup.missing.room", v.set.StaffPlace == ""},
		{"staff.setup.missing.lead", len(v.set.Leads) == 0},
		{"staff.setup.missing.region", v.set.Region == "" || v.set.Region == string(responses.Unknown)},
	} {
		if m.lack {
			out = append(out, d.texts.Say(m.key))
		}
	}
	return out
}

// setupAction answers the set-up card's select and button.
func (d *Desk) setupAction(ctx context.Context, platform string, a chat.Action) (chat.Answer, error) {
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: chat.ServerID(a.Arg)}, a.Person)
	if err != nil {
		return chat.Answer{}, err
	}
	d = d.in(v)
	if !v.staff {
		return d.refused(), nil
	}
	if a.Verb == verbSetupTest {
		answer, err := d.test(ctx, v, a.ID)
		if err != nil {
			return d.storageDown(v.key.Server, platform, err), nil
		}
		return answer, nil
	}
	region, ok := responses.ParseRegion(a.Value)
	if !ok {
		return d.say(d.texts.Say("staff.setup.badregion", "region", a.Value), ""), nil
	}
	changed := d.texts.Say("staff.setup.changed.region")
	if err := d.save(ctx, v, "settings", changed, func(s *cases.Settings) { s.Region = string(region) }); err != nil {
		return d.storageDown(v.key.Server, platform, err), nil
	}
	v.set = d.book.Settings(ctx, v.key)
	return chat.Turn(d.setupCard(ctx, v, changed)), nil
}
