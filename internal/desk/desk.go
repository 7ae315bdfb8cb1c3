// Package desk owns what staff do: who counts as staff, the buttons of a
// case's card, the /safeguarding command, and taking in a member's report.
// What others must see goes through the ledger, but for the class question,
// which lives in memory alone.
package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// Options are what a Desk needs besides its parts. All are optional.
type Options struct {
	Now    func() time.Time
	Logger *slog.Logger
	// Contacts are looked at anew after a change of them; nil makes some.
	Contacts *servers.Contacts
	// OnWords is called in the transaction that changes a server's words.
	OnWords func(ctx context.Context, tx *store.Tx, k servers.Key) error
}

// Desk answers staff.
type Desk struct {
	db        *store.DB
	book      *servers.Book
	words     *servers.Words
	contacts  *servers.Contacts
	platforms map[string]chat.Platform
	texts     *responses.Texts
	cards     *alert.Sender
	seal      *alert.Seal
	classes   *classes
	o         Options
}

// New makes a Desk.
func New(db *store.DB, book *servers.Book, words *servers.Words, platforms map[string]chat.Platform, texts *responses.Texts,
	cards *alert.Sender, seal *alert.Seal, o Options) *Desk {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OnWords == nil {
		o.OnWords = func(context.Context, *store.Tx, servers.Key) error { return nil }
	}
	if o.Contacts == nil {
		o.Contacts = servers.NewContacts(db, o.Logger)
	}
	return &Desk{db: db, book: book, words: words, contacts: o.Contacts, platforms: platforms, texts: texts, cards: cards, seal: seal,
		classes: &classes{open: map[string]*class{}}, o: o}
}

// in gives the Desk in the language of the viewer's server.
func (d *Desk) in(v viewer) *Desk {
	in := *d
	in.texts, in.cards = d.texts.In(v.set.Language), d.cards.In(v.set)
	return &in
}

// viewer is somebody who asks for something of staff, and what they may see.
type viewer struct {
	key    servers.Key
	person chat.Person
	set    cases.Settings
	staff  bool
	lead   bool
}

// sees says whether the viewer may know of a case.
func (v viewer) sees(c cases.Case) bool {
	return v.staff && !c.Concerns(v.person.ID) && (v.lead || !c.LeadsOnly)
}

// viewer finds out who somebody is. The platform's buttons prove nothing, so
// this is asked each time.
func (d *Desk) viewer(ctx context.Context, k servers.Key, p chat.Person) (viewer, error) {
	v := viewer{key: k, person: p, set: d.book.Settings(ctx, k)}
	v.lead = slices.Contains(v.set.Leads, p.ID)
	v.staff = v.lead
	if v.staff || k.Server == "" {
		return v, nil
	}
	platform, ok := d.platforms[k.Platform]
	if !ok {
		return v, fmt.Errorf("%s is not configured", k.Platform)
	}
	staff, err := platform.IsStaff(ctx, k.Server, p.ID, v.set.Staff())
	if err != nil {
		return v, fmt.Errorf("see whether somebody is staff: %w", err)
	}
	v.staff = staff
	return v, nil
}

// Action answers a press of one of a case's buttons. handled is false for
// verbs that are not the desk's.
func (d *Desk) Action(ctx context.Context, platform string, a chat.Action) (answer chat.Answer, handled bool, err error) {
	switch a.Verb {
	case verbSetupRegion, verbSetupTest, verbSetupForm:
		answer, err = d.setupAction(ctx, platform, a)
		return answer, true, err
	case verbDigest:
		answer, err = d.digestAction(ctx, platform, a)
		return answer, true, err
	case verbWords, verbWordAdd, verbWordTry, verbWordUndo, verbRecords, verbWord,
		verbWordLive, verbWordShadow, verbWordRemove, verbRuleQuiet, verbRuleOff, verbRuleNormal:
		answer, err = d.wordsAction(ctx, platform, a)
		return answer, true, err
	case verbJoinAll, verbJoinOne:
		answer, err = d.join(ctx, platform, a)
		return answer, true, err
	}
	if strings.HasPrefix(a.Verb, "tips.") {
		answer, err = d.tipsAction(ctx, platform, a)
		return answer, true, err
	}
	if strings.HasPrefix(a.Verb, "contacts.") {
		answer, err = d.contactsAction(ctx, platform, a)
		return answer, true, err
	}
	if strings.HasPrefix(a.Verb, "class.") {
		answer, err = d.classAction(ctx, platform, a)
		return answer, true, err
	}
	if d.act(a.Verb) == nil {
		return chat.Answer{}, false, nil
	}
	c, err := d.byID(ctx, a.Arg)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return d.note("staff.refused.gone", "staff.refused.gonebody"), true, nil
	case err != nil:
		return d.storageDown(a.Place.Server, platform, err), true, nil
	case c.Platform != platform:
		return d.refused(platform), true, nil
	}
	v, err := d.viewer(ctx, servers.Key{Platform: c.Platform, Server: c.Server}, a.Person)
	if err != nil {
		return chat.Answer{}, true, err
	}
	d = d.in(v)
	if !v.sees(c) {
		return d.refused(platform), true, nil
	}
	answer, err = d.act(a.Verb)(ctx, v, c, a)
	return answer, true, err
}

// act is what a case's button does, nil for one that is none of them.
func (d *Desk) act(verb string) func(context.Context, viewer, cases.Case, chat.Action) (chat.Answer, error) {
	return map[string]func(context.Context, viewer, cases.Case, chat.Action) (chat.Answer, error){
		alert.VerbShow:       d.show,
		alert.VerbTake:       d.take,
		alert.VerbClose:      d.askOutcome,
		alert.VerbActed:      d.closing(cases.Acted),
		alert.VerbNoAction:   d.closing(cases.NoAction),
		alert.VerbFalseAlarm: d.closing(cases.FalseAlarm),
		alert.VerbReopen:     d.reopen,
		alert.VerbCase:       d.card,
	}[verb]
}

func (d *Desk) byID(ctx context.Context, id string) (c cases.Case, err error) {
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		c, err = tx.Case(ctx, id)
		return err
	})
	return c, err
}

// change does something to a case: the case with its version in the
// condition, the audit line and the refreshed cards, all or nothing.
func (d *Desk) change(ctx context.Context, v viewer, c cases.Case, e cases.Entry, to func(cases.Case) (cases.Case, error)) (cases.Case, error) {
	var next cases.Case
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		var err error
		if next, err = to(c); err != nil {
			return err
		}
		if err := tx.UpdateCase(ctx, &next); err != nil {
			return err
		}
		if err := tx.AddAudit(ctx, d.entry(v, next, e)); err != nil {
			return err
		}
		return alert.Refresh(ctx, tx, next, d.o.Now())
	})
	return next, err
}

func (d *Desk) entry(v viewer, c cases.Case, e cases.Entry) cases.Entry {
	e.Platform, e.Server, e.Case = v.key.Platform, v.key.Server, c.ID
	e.Actor, e.ActorName, e.At = v.person.ID, v.person.Name, d.o.Now()
	return e
}

// lost answers for a change that was not made.
func (d *Desk) lost(ctx context.Context, v viewer, c cases.Case, err error) (chat.Answer, error) {
	if !errors.Is(err, store.ErrConflict) && !errors.Is(err, cases.ErrState) {
		return d.storageDown(v.key.Server, v.key.Platform, err), nil
	}
	now, err := d.byID(ctx, c.ID)
	if err != nil {
		return d.storageDown(v.key.Server, v.key.Platform, err), nil
	}
	key := "staff.done.changed"
	if now.Taker != "" && now.Taker != v.person.ID {
		key = "staff.done.others"
	}
	if now.State == cases.Acknowledged && now.Taker == v.person.ID {
		key = "staff.done.yours"
	}
	return d.say(d.texts.Say(key, "number", now.Number, "name", now.TakerName, "status", d.cards.Status(now)), ""), nil
}

func (d *Desk) take(ctx context.Context, v viewer, c cases.Case, _ chat.Action) (chat.Answer, error) {
	next, err := d.change(ctx, v, c, cases.Entry{Action: "take"}, func(c cases.Case) (cases.Case, error) {
		return c.Take(v.person, d.o.Now())
	})
	if err != nil {
		return d.lost(ctx, v, c, err)
	}
	return d.say(d.texts.Say("staff.done.taken", "number", next.Number), ""), nil
}

func (d *Desk) askOutcome(_ context.Context, _ viewer, c cases.Case, _ chat.Action) (chat.Answer, error) {
	button := func(key, verb string) chat.Button {
		return chat.Button{Label: d.texts.Say(key), Verb: verb, Arg: c.ID}
	}
	return chat.Show(chat.Card{
		Title: d.texts.Say("staff.done.ask", "number", c.Number), Tone: chat.Calm,
		Blocks: []chat.Block{
			chat.Text(d.texts.Say("staff.done.askbody")),
			chat.Controls{
				button("staff.button.acted", alert.VerbActed),
				button("staff.button.noaction", alert.VerbNoAction),
				button("staff.button.false", alert.VerbFalseAlarm),
				d.hide(),
			},
		},
	}), nil
}

func (d *Desk) closing(o cases.Outcome) func(context.Context, viewer, cases.Case, chat.Action) (chat.Answer, error) {
	return func(ctx context.Context, v viewer, c cases.Case, a chat.Action) (chat.Answer, error) {
		next, err := d.change(ctx, v, c, cases.Entry{Action: "close", Detail: d.texts.Say("staff.outcome." + string(o))},
			func(c cases.Case) (cases.Case, error) { return c.Close(v.person, o, d.o.Now()) })
		if err != nil {
			return d.lost(ctx, v, c, err)
		}
		card := chat.Card{
			Title: d.texts.Say("staff.done.closed", "number", next.Number, "outcome", d.texts.Say("staff.outcome."+string(o))),
			Tone:  chat.Calm,
			Blocks: []chat.Block{chat.Controls{
				chat.Button{Label: d.texts.Say("staff.button.reopen"), Verb: alert.VerbReopen, Arg: c.ID}, d.hide(),
			}},
		}
		// Pressed on our own question, it takes its place; on the case's card it does not.
		return chat.Answer{Card: &card, Replace: a.Message.ID == ""}, nil
	}
}

func (d *Desk) reopen(ctx context.Context, v viewer, c cases.Case, _ chat.Action) (chat.Answer, error) {
	next, err := d.change(ctx, v, c, cases.Entry{Action: "reopen"}, func(c cases.Case) (cases.Case, error) {
		return c.Reopen(v.person, d.o.Now())
	})
	if err != nil {
		return d.lost(ctx, v, c, err)
	}
	answer := d.say(d.texts.Say("staff.done.reopened", "number", next.Number), "")
	answer.Replace = true
	return answer, nil
}

// hide is the button that removes a private answer; the guide answers it.
func (d *Desk) hide() chat.Button {
	return chat.Button{Label: d.texts.Say("staff.button.hide"), Verb: "hide"}
}

// say is a short private answer.
func (d *Desk) say(title, body string) chat.Answer {
	c := chat.Card{Title: title, Tone: chat.Calm}
	if body != "" {
		c.Blocks = append(c.Blocks, chat.Text(body))
	}
	c.Blocks = append(c.Blocks, chat.Controls{d.hide()})
	return chat.Show(c)
}

func (d *Desk) note(title, body string, pairs ...any) chat.Answer {
	return d.say(d.texts.Say(title), d.texts.Say(body, pairs...))
}

func (d *Desk) refused(platform string) chat.Answer {
	p := d.platforms[platform]
	return d.note("staff.refused.title", "staff.refused.body", "report", chat.Typed(p, "report"), "support", chat.Typed(p, "support"))
}

// storageDown answers while nothing can be saved.
func (d *Desk) storageDown(server chat.ServerID, platform string, err error) chat.Answer {
	d.o.Logger.Error("staff could not be served", "platform", platform, "server", server, "err", err)
	set := d.book.Remembered(servers.Key{Platform: platform, Server: server})
	return d.note("staff.refused.storage", "staff.refused.storagebody", "emergency", d.cards.Emergency(set))
}
