package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// Contacts grow old. The status says how old those are that members are shown,
// and the staff room is told where nobody has checked some for 90 days.

// kindContactsAge is the ledger row that looks at the age of a server's contacts.
const kindContactsAge = "contacts.age"

const (
	// ageEvery is how often it looks, ageAgain how long it is silent after it has
	// said something: nobody checks contacts every day, and a word a month is
	// read.
	ageEvery = 24 * time.Hour
	ageAgain = 30 * 24 * time.Hour
	ageNamed = 5 // contacts that are named
)

// PlanContactsAge makes the row that looks, for the first time after a day: the
// first minutes are for other things.
func (d *Desk) PlanContactsAge(ctx context.Context, tx *store.Tx, k servers.Key) error {
	_, err := tx.EnqueueOnce(ctx, kindContactsAge+"/"+k.Platform+"/"+string(k.Server), store.LedgerRow{
		Kind: kindContactsAge, Platform: k.Platform, Server: k.Server, Due: d.o.Now().Add(ageEvery)})
	return err
}

// shownContacts are all contacts that members of a server can be shown, its own
// first.
func (d *Desk) shownContacts(k servers.Key, region string) []responses.Contact {
	r, _ := responses.ParseRegion(region)
	return slices.Concat(d.contacts.Of(k), d.texts.ShownIn(r))
}

// contactsState says in a line how old the contacts are, for the status.
func (d *Desk) contactsState(v viewer) string {
	all := d.shownContacts(v.key, v.set.Region)
	stale, oldest := responses.ContactsAge(all, d.o.Now())
	if stale > 0 {
		return d.texts.Count("staff.age.stale", stale) + " " + d.names(all)
	}
	return d.texts.Say("staff.age.fresh", "all", len(all), "date", alert.Day(oldest))
}

// names lists the stale ones of some contacts, a few of them.
func (d *Desk) names(all []responses.Contact) string {
	var names []string
	for _, c := range all {
		if c.Stale(d.o.Now()) {
			names = append(names, c.Name)
		}
	}
	if rest := len(names) - ageNamed; rest > 0 {
		names = append(names[:ageNamed], d.texts.Say("staff.age.more", "n", rest))
	}
	return strings.Join(names, "; ")
}

// tellContactsAge tells the staff room where contacts are stale, and comes again.
func (d *Desk) tellContactsAge(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
	k := servers.Key{Platform: row.Platform, Server: row.Server}
	set := d.book.Settings(ctx, k)
	d = d.in(viewer{set: set})
	soon := ledger.Result{Again: d.o.Now().Add(ageEvery)}
	all := d.shownContacts(k, set.Region)
	stale, _ := responses.ContactsAge(all, d.o.Now())
	p, ok := d.platforms[k.Platform]
	if stale == 0 || set.StaffPlace == "" || !ok {
		return soon, nil
	}
	_, err := p.Post(ctx, chat.Post{Server: k.Server, Place: set.StaffPlace, Card: d.ageCard(k.Platform, all, stale),
		Key: fmt.Sprintf("age-%x", row.Since.Unix())})
	if chat.IsPermanent(err) { // the status says that the room cannot be reached
		return soon, nil
	}
	if err != nil {
		return ledger.Result{}, fmt.Errorf("tell the staff that contacts are old: %w", err)
	}
	return ledger.Result{Again: d.o.Now().Add(ageAgain)}, nil
}

func (d *Desk) ageCard(platform string, all []responses.Contact, stale int) chat.Card {
	do := []string{d.texts.Say("staff.age.public")}
	if slices.ContainsFunc(all, func(c responses.Contact) bool { return c.Own && c.Stale(d.o.Now()) }) {
		do = slices.Insert(do, 0, d.texts.Say("staff.age.own", "command", chat.Typed(d.platforms[platform], "safeguarding contacts")))
	}
	return chat.Card{Title: d.texts.Say("staff.age.title"), Tone: chat.Calm, Footer: d.texts.Say("staff.age.footer"),
		Blocks: []chat.Block{chat.Text(d.texts.Count("staff.age.stale", stale) + " " + d.names(all)), chat.List{Title: d.texts.Say("staff.age.do"), Items: do}}}
}
