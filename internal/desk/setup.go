package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
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
	note.Choices = d.onOff()
	speak := option("language", chat.Words)
	speak.Choices = d.languages()
	from := option("threshold", chat.Words)
	from.Choices = d.thresholds()
	return []chat.OptionSpec{
		option("room", chat.AChannel), option("lead", chat.APerson), option("role", chat.ARole),
		region, speak, from, option("exclude", chat.AChannel), note,
	}
}

func (d *Desk) onOff() []chat.Option {
	return []chat.Option{{Label: d.texts.Say("staff.setup.on"), Value: "on"}, {Label: d.texts.Say("staff.setup.off"), Value: "off"}}
}

func (d *Desk) languages() []chat.Option {
	var out []chat.Option
	for _, g := range d.texts.Languages() {
		out = append(out, chat.Option{Label: g.Name, Value: g.Code()})
	}
	return out
}

// languageOf is the code of the language that is spoken in a server.
func (d *Desk) languageOf(set cases.Settings) string {
	return d.texts.In(set.Language).Language().Code()
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
	return d.takeOver(ctx, v, c.Arg)
}

// takeOver saves what was given, typed or in the form.
func (d *Desk) takeOver(ctx context.Context, v viewer, arg func(string) string) (chat.Answer, error) {
	set, changed, wrong := d.given(v, arg)
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

// given reads the options of the command, or the fields of the form: what to
// change, in words, or what is wrong with them.
func (d *Desk) given(v viewer, arg func(string) string) (set func(*cases.Settings), changed, wrong string) {
	var todo []func(*cases.Settings)
	var said []string
	add := func(name string, f func(*cases.Settings)) {
		todo, said = append(todo, f), append(said, d.texts.Say("staff.setup.changed."+name))
	}
	if room := arg("room"); room != "" {
		add("room", func(s *cases.Settings) { s.StaffPlace = chat.PlaceID(room) })
	}
	if lead := chat.PersonID(arg("lead")); lead != "" {
		add("lead", func(s *cases.Settings) { s.Leads = toggled(v.set.Leads, lead) })
	}
	if leads := people(arg("leads")); len(leads) > 0 {
		add("lead", func(s *cases.Settings) { s.Leads = leads })
	}
	if role := arg("role"); role != "" {
		add("role", func(s *cases.Settings) { s.StaffRole = strings.TrimPrefix(role, noRole) })
	}
	if typed := arg("region"); typed != "" {
		region, ok := responses.ParseRegion(typed)
		if !ok {
			return nil, "", d.texts.Say("staff.setup.badregion", "region", typed)
		}
		add("region", func(s *cases.Settings) { s.Region = string(region) })
	}
	if typed := arg("language"); typed != "" {
		g, ok := d.texts.ParseLanguage(typed)
		if !ok {
			return nil, "", d.texts.Say("staff.setup.badlanguage", "language", typed)
		}
		add("language", func(s *cases.Settings) { s.Language = g.Code() })
	}
	if typed := arg("threshold"); typed != "" {
		threshold, err := detect.ParseSeverity(typed)
		if err != nil {
			return nil, "", d.texts.Say("staff.setup.badthreshold", "threshold", typed)
		}
		add("threshold", func(s *cases.Settings) { s.Threshold = threshold })
	}
	if place := chat.PlaceID(arg("exclude")); place != "" {
		add("exclude", func(s *cases.Settings) { s.Excluded = toggled(v.set.Excluded, place) })
	}
	if note := arg("note"); note != "" {
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

// save changes a server's settings, notes who did, and tells the other staff
// where they would hear of less.
func (d *Desk) save(ctx context.Context, v viewer, action, detail string, set func(*cases.Settings)) error {
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		now, _, err := tx.Settings(ctx, v.key.Platform, v.key.Server)
		if err != nil {
			return err
		}
		before := d.book.InForce(v.key, now)
		set(&now)
		after := d.book.InForce(v.key, now)
		if err := tx.PutSettings(ctx, v.key.Platform, v.key.Server, now); err != nil {
			return err
		}
		if err := tx.AddAudit(ctx, d.entry(v, cases.Case{}, cases.Entry{Action: action, Detail: detail})); err != nil {
			return err
		}
		return d.tell(ctx, tx, v, before, after, weakened(before, after, d.o.Now()))
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
	buttons := chat.Controls{
		chat.Button{Label: d.texts.Say("staff.button.test"), Verb: verbSetupTest, Arg: string(v.key.Server), Style: chat.Primary},
	}
	if open, ok := d.setupButton(v, ""); ok {
		buttons = append(buttons, open)
	}
	card.Blocks = append(card.Blocks,
		chat.Controls{chat.Select{Label: d.texts.Say("staff.setup.option.region"), Verb: verbSetupRegion,
			Arg: string(v.key.Server), Options: regions(), Chosen: v.set.Region}},
		append(buttons, d.hide()))
	return card
}

// missing says what is still to be set, the most important first.
func (d *Desk) missing(v viewer) []string {
	var out []string
	if v.set.StaffPlace == "" {
		out = append(out, d.texts.Say("staff.setup.missing.room", "command", chat.Typed(d.platforms[v.key.Platform], "safeguarding setup")))
	}
	if len(v.set.Leads) == 0 {
		out = append(out, d.texts.Say("staff.setup.missing.lead"))
	}
	if v.set.Region == "" || v.set.Region == string(responses.Unknown) {
		out = append(out, d.texts.Say("staff.setup.missing.region"))
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
		return d.refused(platform), nil
	}
	if a.Verb == verbSetupForm {
		form := d.setupForm(ctx, v)
		return chat.Answer{Form: &form}, nil
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
