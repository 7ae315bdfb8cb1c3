package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
)

const (
	maxListed  = 10
	maxHistory = 15
	maxQuiet   = 24 // hours without notifications that staff can ask for at a time
)

// Commands describes what staff can type.
func (d *Desk) Commands() []chat.CommandSpec {
	sub := func(name string, options ...chat.OptionSpec) chat.CommandSpec {
		return chat.CommandSpec{Name: name, Description: d.texts.Say("staff.command." + name), Options: options, Staff: true}
	}
	return []chat.CommandSpec{{
		Name: "safeguarding", Description: d.texts.Say("staff.command.safeguarding"), Staff: true,
		Subcommands: []chat.CommandSpec{
			sub("setup", d.setupOptions()...),
			sub("status"),
			sub("cases"),
			sub("case", chat.OptionSpec{Name: "number", Description: d.texts.Say("staff.command.number"), Required: true, Completes: true}),
			sub("test"),
			sub("tips", d.tipsOptions()...),
			sub("quiz", chat.OptionSpec{Name: "topic", Description: d.texts.Say("staff.command.topic"), Completes: true}),
			sub("contacts", d.contactsOptions()...),
			sub("words", d.wordsOptions()...),
			sub("digest", d.digestOptions()...),
			sub("export", d.exportOptions()...),
			sub("pause", chat.OptionSpec{Name: "hours", Description: d.texts.Say("staff.command.hours"), Required: true}),
		},
	}}
}

// Command answers /safeguarding. handled is false for other commands.
func (d *Desk) Command(ctx context.Context, platform string, c chat.Command) (answer chat.Answer, handled bool, err error) {
	name, sub, _ := strings.Cut(c.Name, " ")
	if name != "safeguarding" {
		return chat.Answer{}, false, nil
	}
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: c.Place.Server}, c.Person)
	if err != nil {
		return chat.Answer{}, true, err
	}
	d = d.in(v)
	if !v.staff {
		return d.refused(platform), true, nil
	}
	switch sub {
	case "setup":
		answer, err = d.setup(ctx, v, c)
	case "cases":
		answer, err = d.list(ctx, v)
	case "case":
		answer, err = d.one(ctx, v, c.Arg("number"))
	case "test":
		answer, err = d.test(ctx, v, c.ID)
	case "tips":
		answer, err = d.tipsCommand(ctx, v, c)
	case "quiz":
		return d.classCommand(c), true, nil
	case "export":
		answer, err = d.export(ctx, v, c)
	case "digest":
		answer, err = d.digestCommand(ctx, v, c)
	case "contacts":
		answer, err = d.contactsCommand(ctx, v, c)
	case "words":
		answer, err = d.wordsCommand(ctx, v, c)
	case "pause":
		answer, err = d.pause(ctx, v, c.Arg("hours"))
	default:
		return d.state(ctx, v), true, nil
	}
	if err != nil {
		return d.storageDown(v.key.Server, platform, err), true, nil
	}
	return answer, true, nil
}

// Complete offers the open cases for /safeguarding case, and rules for
// /safeguarding words.
func (d *Desk) Complete(ctx context.Context, platform string, c chat.Command, typed string) ([]chat.Option, error) {
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: c.Place.Server}, c.Person)
	if err != nil || !v.staff {
		return nil, err
	}
	d = d.in(v)
	if c.Name == "safeguarding words" {
		return d.completeRule(ctx, v, typed)
	}
	open, err := d.open(ctx, v, chat.MaxOptions)
	if err != nil {
		return nil, err
	}
	var out []chat.Option
	for _, k := range open {
		n := fmt.Sprint(k.Number)
		if strings.HasPrefix(n, typed) {
			out = append(out, chat.Option{Label: d.texts.Say("staff.button.case", "number", n), Value: n})
		}
	}
	return out, nil
}

// open lists the cases that are not closed and that the viewer may see.
func (d *Desk) open(ctx context.Context, v viewer, limit int) ([]cases.Case, error) {
	var all []cases.Case
	err := d.db.Read(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.Cases(ctx, v.key.Platform, v.key.Server, store.CaseFilter{
			States: []cases.State{cases.Open, cases.Acknowledged}, Limit: 10 * limit,
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the open cases: %w", err)
	}
	all = slices.DeleteFunc(all, func(c cases.Case) bool { return !v.sees(c) })
	if len(all) > limit {
		all = all[:limit]
	}
	return all, nil
}

func (d *Desk) list(ctx context.Context, v viewer) (chat.Answer, error) {
	open, err := d.open(ctx, v, maxListed+1)
	if err != nil {
		return chat.Answer{}, err
	}
	if len(open) == 0 {
		return d.note("staff.cases.title", "staff.cases.none"), nil
	}
	card := chat.Card{Title: d.texts.Say("staff.cases.title"), Tone: chat.Calm}
	if len(open) > maxListed {
		open = open[:maxListed]
		card.Footer = d.texts.Say("staff.cases.more", "n", maxListed)
	}
	list := chat.List{}
	pick := chat.Select{Label: d.texts.Say("staff.command.case"), Verb: alert.VerbCase, Arg: open[0].ID}
	for _, c := range open {
		list.Items = append(list.Items, d.line(c))
		pick.Options = append(pick.Options, chat.Option{Label: d.texts.Say("staff.button.case", "number", c.Number), Value: c.ID})
	}
	card.Blocks = []chat.Block{list, chat.Controls{pick}, chat.Controls{d.hide()}}
	return chat.Show(card), nil
}

// line is a case in a list.
func (d *Desk) line(c cases.Case) string {
	return d.texts.Say("staff.cases.line", "number", c.Number, "severity", d.texts.Say("staff.severity."+c.Severity.String()),
		"signs", d.signs(c), "status", d.cards.Status(c))
}

func (d *Desk) signs(c cases.Case) string {
	names := make([]string, len(c.Categories))
	for i, k := range c.Categories {
		names[i] = d.texts.Say("staff.category." + string(k))
	}
	return strings.Join(names, "; ")
}

func (d *Desk) one(ctx context.Context, v viewer, number string) (chat.Answer, error) {
	n, err := strconv.Atoi(number)
	missing := d.say(d.texts.Say("staff.cases.missing", "number", number), "")
	if err != nil {
		return missing, nil
	}
	var c cases.Case
	err = d.db.Read(ctx, func(tx *store.Tx) (err error) {
		c, err = tx.CaseByNumber(ctx, v.key.Platform, v.key.Server, n)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && !v.sees(c) {
		return missing, nil
	}
	if err != nil {
		return chat.Answer{}, fmt.Errorf("read case %d: %w", n, err)
	}
	return d.private(ctx, v, c)
}

// card shows a case that was chosen from the list.
func (d *Desk) card(ctx context.Context, v viewer, c cases.Case, a chat.Action) (chat.Answer, error) {
	if a.Value != "" && a.Value != c.ID {
		chosen, err := d.byID(ctx, a.Value)
		if err != nil || chosen.Platform != c.Platform || chosen.Server != c.Server || !v.sees(chosen) {
			return d.note("staff.refused.gone", "staff.refused.gonebody"), nil
		}
		c = chosen
	}
	return d.private(ctx, v, c)
}

// private is a case's card with its history, for one member of staff.
func (d *Desk) private(ctx context.Context, v viewer, c cases.Case) (chat.Answer, error) {
	var signs []cases.Sign
	var history []cases.Entry
	err := d.db.Read(ctx, func(tx *store.Tx) (err error) {
		if signs, err = tx.CaseSigns(ctx, c.ID); err != nil {
			return err
		}
		history, err = tx.Audit(ctx, c.Platform, c.Server, c.ID, maxHistory)
		return err
	})
	if err != nil {
		return chat.Answer{}, fmt.Errorf("read case %d: %w", c.Number, err)
	}
	card := d.cards.Card(d.cards.Named(ctx, c), signs, v.set, "")
	if len(history) > 0 {
		list := chat.List{Title: d.texts.Say("staff.history.title")}
		for _, e := range history {
			list.Items = append(list.Items, d.historyLine(e))
		}
		last := len(card.Blocks) - 1
		card.Blocks = slices.Insert(card.Blocks, last, chat.Block(list))
	}
	if pick, ok := d.rulesOfCase(v, signs); ok {
		card.Blocks = append(card.Blocks, chat.Controls{pick})
	}
	card.Blocks = append(card.Blocks, chat.Controls{d.hide()})
	return chat.Show(card), nil
}

func (d *Desk) historyLine(e cases.Entry) string {
	name := e.ActorName
	if e.Actor == "" {
		name = d.texts.Say("staff.history.bot")
	}
	action := d.texts.Say("staff.history."+e.Action, "detail", e.Detail, "reason", e.Detail)
	return d.texts.Say("staff.history.line", "when", alert.When(e.At), "name", name, "action", action)
}

// test opens a case that is none, so that staff see an alert arrive.
func (d *Desk) test(ctx context.Context, v viewer, id string) (chat.Answer, error) {
	now := d.o.Now()
	c := cases.Case{
		Platform: v.key.Platform, Server: v.key.Server, Kind: cases.ByTest,
		Severity: detect.Medium, State: cases.Open, OpenedAt: now, UpdatedAt: now,
	}
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		if first, err := tx.Seen(ctx, "test:"+v.key.Platform+":"+id, now); err != nil || !first {
			return err
		}
		if err := tx.InsertCase(ctx, &c); err != nil {
			return err
		}
		if err := tx.AddAudit(ctx, d.entry(v, c, cases.Entry{Action: "test"})); err != nil {
			return err
		}
		return alert.Announce(ctx, tx, c, now)
	})
	if err != nil {
		return chat.Answer{}, fmt.Errorf("open a test case: %w", err)
	}
	return d.say(d.texts.Say("staff.tested"), ""), nil
}

// pause stops notifications for some hours; cards arrive all the same.
func (d *Desk) pause(ctx context.Context, v viewer, hours string) (chat.Answer, error) {
	n, err := strconv.Atoi(hours)
	if err != nil || n < 0 || n > maxQuiet {
		return d.say(d.texts.Say("staff.badhours"), ""), nil
	}
	until, action, detail := time.Time{}, "resume", ""
	if n > 0 {
		until, action, detail = d.o.Now().Add(time.Duration(n)*time.Hour), "pause", hours
	}
	if err := d.save(ctx, v, action, detail, func(s *cases.Settings) { s.PausedUntil = until }); err != nil {
		return chat.Answer{}, err
	}
	if n == 0 {
		return d.say(d.texts.Say("staff.resumed"), ""), nil
	}
	return d.say(d.texts.Say("staff.paused", "when", alert.When(until)), ""), nil
}
