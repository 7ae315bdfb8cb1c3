package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/responses"
)

// verbSetupForm opens the set-up's form, and is the form's own verb. Its
// argument is the server's id.
const verbSetupForm = "setup.form"

// noRole stands for "no group: whoever is in the staff room is staff".
const noRole = "none"

// groupsWithin is how long the form waits for the names of groups: platforms
// let a form be opened for three seconds only.
const groupsWithin = 1500 * time.Millisecond

// setupButton opens the set-up's form; none where the platform has no such
// forms.
func (d *Desk) setupButton(v viewer, style chat.Style) (chat.Button, bool) {
	_, ok := d.platforms[v.key.Platform].(chat.Picker)
	return chat.Button{Label: d.texts.Say("staff.button.setup"), Verb: verbSetupForm, Arg: string(v.key.Server), Style: style}, ok
}

// setupForm asks for everything that set-up needs, filled in with what holds
// now.
func (d *Desk) setupForm(ctx context.Context, v viewer) chat.Form {
	field := func(name string, kind chat.FieldKind, value string, options ...chat.Option) chat.Field {
		return chat.Field{Name: name, Label: d.texts.Say("staff.form." + name), Hint: d.texts.Say("staff.form.hint." + name),
			Kind: kind, Required: true, Value: value, Options: options}
	}
	leads := make([]string, len(v.set.Leads))
	for i, l := range v.set.Leads {
		leads[i] = string(l)
	}
	f := chat.Form{
		Verb: verbSetupForm, Arg: string(v.key.Server), Title: d.texts.Say("staff.form.title"),
		Intro: d.texts.Say("staff.form.intro"), Submit: d.texts.Say("staff.form.submit"),
		Fields: []chat.Field{
			field("room", chat.Room, string(v.set.StaffPlace)),
			field("leads", chat.People, strings.Join(leads, " ")),
		},
	}
	if groups := d.groups(ctx, v); len(groups) > 1 {
		role := v.set.StaffRole
		if role == "" {
			role = noRole
		}
		f.Fields = append(f.Fields, field("role", chat.Choice, role, groups...))
	}
	note := map[bool]string{true: "on", false: "off"}[v.set.GentleWord]
	f.Fields = append(f.Fields,
		field("region", chat.Choice, v.set.Region, regions()...),
		field("threshold", chat.Choice, v.set.Threshold.String(), d.thresholds()...),
		field("language", chat.Choice, d.languageOf(v.set), d.languages()...),
		field("note", chat.Choice, note, d.onOff()...))
	return f
}

// groups are the choices for who is staff. Where the platform does not say soon
// which groups there are, the form leaves that as it is.
func (d *Desk) groups(ctx context.Context, v viewer) []chat.Option {
	p, ok := d.platforms[v.key.Platform].(chat.Picker)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, groupsWithin)
	defer cancel()
	list, err := p.Groups(ctx, v.key.Server)
	if err != nil {
		d.o.Logger.Warn("the groups that can be staff cannot be listed", "platform", v.key.Platform, "server", v.key.Server, "err", err)
		return nil
	}
	// The one that is set comes first, as there is room for some only.
	slices.SortStableFunc(list, func(a, b chat.Option) int {
		return btoi(b.Value == v.set.StaffRole) - btoi(a.Value == v.set.StaffRole)
	})
	out := append([]chat.Option{{Label: d.texts.Say("staff.form.norole"), Value: noRole}}, list...)
	return out[:min(len(out), chat.MaxOptions)]
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// thresholds are the severities from which staff can be told.
func (d *Desk) thresholds() []chat.Option {
	var out []chat.Option
	for s := detect.Low; s <= detect.Urgent; s++ {
		out = append(out, chat.Option{Label: d.texts.Say("staff.severity." + s.String()), Value: s.String()})
	}
	return out
}

// Submit answers a form that staff filled in. handled is false for forms that
// are not the desk's.
func (d *Desk) Submit(ctx context.Context, platform string, s chat.Submission) (answer chat.Answer, handled bool, err error) {
	switch s.Form {
	case verbSetupForm:
	case verbContactAdd:
		answer, err = d.contactsSubmit(ctx, platform, s)
		return answer, true, err
	case verbWordAdd, verbWordTry:
		answer, err = d.wordsSubmit(ctx, platform, s)
		return answer, true, err
	default:
		return chat.Answer{}, false, nil
	}
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: chat.ServerID(s.Arg)}, s.Person)
	if err != nil {
		return chat.Answer{}, true, err
	}
	d = d.in(v)
	if !v.staff || v.key.Server != s.Place.Server {
		return d.refused(platform), true, nil
	}
	if wrong := d.mistakes(ctx, v, s); len(wrong) > 0 {
		return d.wrong(wrong), true, nil
	}
	answer, err = d.takeOver(ctx, v, d.differing(v.set, s))
	if err != nil {
		return d.storageDown(v.key.Server, platform, err), true, nil
	}
	return answer, true, nil
}

// differing reads those values of the form that are not as they were.
func (d *Desk) differing(set cases.Settings, s chat.Submission) func(string) string {
	return func(name string) string {
		value := s.Value(name)
		same := map[string]bool{
			"room":      value == string(set.StaffPlace),
			"leads":     slices.Equal(people(value), set.Leads),
			"role":      value == set.StaffRole || value == noRole && set.StaffRole == "",
			"region":    value == set.Region,
			"threshold": value == set.Threshold.String(),
			"language":  value == d.languageOf(set),
			"note":      (value == "on") == set.GentleWord,
		}
		if same[name] {
			return ""
		}
		return value
	}
}

// people reads ids with spaces between.
func people(ids string) []chat.PersonID {
	var out []chat.PersonID
	for _, id := range strings.Fields(ids) {
		out = append(out, chat.PersonID(id))
	}
	return out
}

// mistakes says what is wrong with a form, by its fields: alerts must reach
// staff, and nobody else.
func (d *Desk) mistakes(ctx context.Context, v viewer, s chat.Submission) map[string]string {
	out := map[string]string{}
	say := func(name, why string) {
		if why != "" {
			out[name] = why
		}
	}
	role := s.Value("role")
	switch role {
	case "":
		role = v.set.StaffRole
	case noRole:
		role = ""
	}
	rule := chat.StaffRule{Place: chat.PlaceID(s.Value("room")), Role: role, Leads: people(s.Value("leads"))}
	say("room", d.unfitRoom(ctx, v, rule))
	say("leads", d.unfitLeads(ctx, v, rule.Leads))
	if _, ok := responses.ParseRegion(s.Value("region")); !ok {
		say("region", d.texts.Say("staff.setup.badregion", "region", s.Value("region")))
	}
	if _, err := detect.ParseSeverity(s.Value("threshold")); err != nil {
		say("threshold", d.texts.Say("staff.setup.badthreshold", "threshold", s.Value("threshold")))
	}
	if _, ok := d.texts.ParseLanguage(s.Value("language")); !ok {
		say("language", d.texts.Say("staff.setup.badlanguage", "language", s.Value("language")))
	}
	return out
}

// unfitRoom says why a place cannot be the staff room, "" where it can.
func (d *Desk) unfitRoom(ctx context.Context, v viewer, rule chat.StaffRule) string {
	if rule.Place == "" {
		return d.texts.Say("staff.form.noroom")
	}
	a, err := d.platforms[v.key.Platform].Access(ctx, v.key.Server, rule.Place, rule, nil)
	switch {
	case chat.IsGone(err):
		return d.texts.Say("staff.form.roomgone")
	case err != nil:
		return d.texts.Say("staff.form.roomfail", "why", said(err))
	case a.Others != "":
		return d.texts.Say("staff.form.roomopen", "who", a.Others)
	}
	return ""
}

// unfitLeads says who cannot be a lead, "" where all can.
func (d *Desk) unfitLeads(ctx context.Context, v viewer, leads []chat.PersonID) string {
	if len(leads) == 0 {
		return d.texts.Say("staff.form.noleads")
	}
	p := d.platforms[v.key.Platform]
	for _, id := range leads {
		name := d.cards.Name(ctx, v.key, id)
		if visited, ok := p.(chat.Visited); ok {
			if standing, err := visited.Standing(ctx, v.key.Server, id); err == nil && standing != chat.Member {
				return d.texts.Say("staff.form.leadelsewhere", "name", d.cards.MarkedName(ctx, v.key, id, name))
			}
		}
		if _, err := p.Direct(ctx, v.key.Server, id); err != nil {
			return d.texts.Say("staff.form.leadfail", "name", name, "why", said(err))
		}
	}
	return ""
}

// wrong answers a form with which something is wrong.
func (d *Desk) wrong(wrong map[string]string) chat.Answer {
	card := chat.Card{Title: d.texts.Say("staff.form.notsaved"), Tone: chat.Calm}
	list := chat.List{}
	for _, name := range []string{"room", "leads", "region", "threshold", "language"} {
		if why := wrong[name]; why != "" {
			list.Items = append(list.Items, d.texts.Say("staff.form."+name)+": "+why)
		}
	}
	card.Blocks = []chat.Block{list, chat.Controls{d.hide()}}
	return chat.Answer{Card: &card, Wrong: wrong}
}
