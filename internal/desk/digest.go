package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
)

// verbDigest is the select of how often the digest is sent; its argument is the
// server's id.
const verbDigest = "digest.send"

// kindDigest is the ledger row that posts a server's digest.
const kindDigest = "digest.post"

// How often a digest is sent.
const (
	digestOff    = "off"
	digestDaily  = "daily"
	digestWeekly = "weekly"
)

const (
	// digestHour and digestDay are when it is sent, in the region's zone: before
	// the day, or the week, begins.
	digestHour = 8
	digestDay  = time.Monday
	// digestLate is how late it is still sent; after that the next one says it.
	digestLate = 12 * time.Hour
	// digestBack is how far back small signs are listed: as long as they add up.
	digestBack  = 14 * 24 * time.Hour
	maxDigest   = 8    // people, and cases, that it names
	maxLoose    = 5000 // signs that it looks at, the newest
	digestCases = 500  // cases that it counts, the newest
	digestDays  = 7    // for which it counts them; a day where it comes each day
)

func (d *Desk) digestOptions() []chat.OptionSpec {
	return []chat.OptionSpec{{Name: "send", Description: d.texts.Say("staff.digest.option"), Choices: d.digestChoices()}}
}

func (d *Desk) digestChoices() []chat.Option {
	var out []chat.Option
	for _, often := range []string{digestOff, digestDaily, digestWeekly} {
		out = append(out, chat.Option{Label: d.texts.Say("staff.digest.often." + often), Value: often})
	}
	return out
}

// digestCommand shows the digest, and takes over how often it is sent.
func (d *Desk) digestCommand(ctx context.Context, v viewer, c chat.Command) (chat.Answer, error) {
	if often := c.Arg("send"); often != "" {
		return d.sendDigest(ctx, v, often)
	}
	return d.digestNow(ctx, v, "")
}

func (d *Desk) digestAction(ctx context.Context, platform string, a chat.Action) (chat.Answer, error) {
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: chat.ServerID(a.Arg)}, a.Person)
	if err != nil {
		return chat.Answer{}, err
	}
	d = d.in(v)
	if !v.staff {
		return d.refused(platform), nil
	}
	answer, err := d.sendDigest(ctx, v, a.Value)
	if err != nil {
		return d.storageDown(v.key.Server, platform, err), nil
	}
	answer.Replace = true
	return answer, nil
}

// sendDigest keeps how often the digest is sent, with the row that sends the
// next one.
func (d *Desk) sendDigest(ctx context.Context, v viewer, often string) (chat.Answer, error) {
	if !slices.Contains([]string{digestOff, digestDaily, digestWeekly}, often) {
		return d.say(d.texts.Say("staff.digest.badchoice"), ""), nil
	}
	v.set.Digest = often
	if often == digestOff {
		v.set.Digest = ""
	}
	key := kindDigest + "/" + v.key.Platform + "/" + string(v.key.Server)
	next := nextDigest(v.set, d.o.Now())
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		set, _, err := tx.Settings(ctx, v.key.Platform, v.key.Server)
		if err != nil {
			return err
		}
		before := d.book.InForce(v.key, set)
		set.Digest = v.set.Digest
		after := d.book.InForce(v.key, set)
		if err := d.tell(ctx, tx, v, before, after, weakened(before, after, d.o.Now())); err != nil {
			return err
		}
		if err := tx.PutSettings(ctx, v.key.Platform, v.key.Server, set); err != nil {
			return err
		}
		e := cases.Entry{Action: "digest", Detail: d.texts.Say("staff.digest.often." + often)}
		if err := tx.AddAudit(ctx, d.entry(v, cases.Case{}, e)); err != nil {
			return err
		}
		if err := tx.Cancel(ctx, key); err != nil || v.set.Digest == "" {
			return err
		}
		_, err = tx.EnqueueOnce(ctx, key, store.LedgerRow{Kind: kindDigest, Platform: v.key.Platform, Server: v.key.Server, Due: next})
		return err
	})
	if err != nil {
		return chat.Answer{}, fmt.Errorf("keep how often the digest is sent: %w", err)
	}
	if v.set.Digest == "" {
		return d.digestNow(ctx, v, d.texts.Say("staff.digest.stopped"))
	}
	return d.digestNow(ctx, v, d.texts.Say("staff.digest.saved", "when", d.moment(digestTime(v.set), next)))
}

// digestTime is when the digest is sent, as the tips have it.
func digestTime(set cases.Settings) store.Tips {
	return store.Tips{Weekday: digestDay, Hour: digestHour, Zone: regionZone(set.Region)}
}

// nextDigest is when the first digest after that moment is due.
func nextDigest(set cases.Settings, after time.Time) time.Time {
	t := digestTime(set)
	next := nextTip(t, after)
	if set.Digest != digestDaily {
		return next
	}
	for w := time.Sunday; w <= time.Saturday; w++ {
		t.Weekday = w
		if at := nextTip(t, after); at.Before(next) {
			next = at
		}
	}
	return next
}

// digestNow is the digest for one member of staff. note is said above it.
func (d *Desk) digestNow(ctx context.Context, v viewer, note string) (chat.Answer, error) {
	h, err := d.happened(ctx, v.key, d.o.Now())
	if err != nil {
		return chat.Answer{}, err
	}
	card := d.digest(ctx, v.key, v.set, h, v.lead, []chat.PersonID{v.person.ID})
	if note != "" {
		card.Blocks = slices.Insert(card.Blocks, 0, chat.Block(chat.Text(note)))
	}
	chosen := v.set.Digest
	if chosen == "" {
		chosen = digestOff
	}
	card.Blocks = append(card.Blocks,
		chat.Controls{chat.Select{Label: d.texts.Say("staff.digest.send"), Verb: verbDigest, Arg: string(v.key.Server), Options: d.digestChoices(), Chosen: chosen}},
		chat.Controls{d.hide()})
	return chat.Show(card), nil
}

// happened is what a digest is made of, read once: nobody may be in the digest
// whom the look at its readers did not know of.
type happened struct {
	all   []cases.Case // the newest
	loose []cases.Sign // in no case, newest first
	now   time.Time
}

func (d *Desk) happened(ctx context.Context, k servers.Key, now time.Time) (h happened, err error) {
	h.now = now
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		if h.all, err = tx.Cases(ctx, k.Platform, k.Server, store.CaseFilter{Limit: digestCases}); err != nil {
			return err
		}
		h.loose, err = tx.LooseSigns(ctx, k.Platform, k.Server, now.Add(-digestBack), maxLoose)
		return err
	})
	if err != nil {
		return h, fmt.Errorf("read what the digest says: %w", err)
	}
	return h, nil
}

// people are those whom a digest may name, or count in a case.
func (h happened) people() (out []chat.PersonID) {
	add := func(p chat.PersonID) {
		if p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	week := h.now.AddDate(0, 0, -digestDays)
	for _, c := range h.all {
		if isOpen(c) || c.OpenedAt.After(week) || c.ClosedAt.After(week) {
			add(c.Author)
		}
	}
	several, _ := gathered(h.loose)
	for _, p := range several {
		add(p.id)
	}
	return out
}

// digest says what is open and what adds up. It holds nothing of what anybody
// wrote, and nothing about the people who will read it.
func (d *Desk) digest(ctx context.Context, k servers.Key, set cases.Settings, h happened, leads bool, readers []chat.PersonID) chat.Card {
	days := digestDays
	if set.Digest == digestDaily {
		days = 1
	}
	all := slices.DeleteFunc(slices.Clone(h.all), func(c cases.Case) bool {
		return c.Kind == cases.ByTest || c.LeadsOnly && !leads || c.Author != "" && slices.Contains(readers, c.Author)
	})
	loose := slices.DeleteFunc(slices.Clone(h.loose), func(s cases.Sign) bool { return slices.Contains(readers, s.Author) })
	card := chat.Card{Title: d.texts.Say("staff.digest.title"), Tone: chat.Calm, Footer: d.texts.Say("staff.digest.footer")}
	card.Blocks = append(d.openCases(all), chat.Text(d.past(all, h.now, days)))
	card.Blocks = append(card.Blocks, d.addingUp(ctx, k, loose)...)
	if pick, ok := d.pickOpen(all); ok {
		card.Blocks = append(card.Blocks, chat.Controls{pick})
	}
	return card
}

func isOpen(c cases.Case) bool { return c.State != cases.Closed }

// openCases lists the cases that are not closed.
func (d *Desk) openCases(all []cases.Case) []chat.Block {
	list := chat.List{}
	n, alone := 0, 0
	for _, c := range all {
		if !isOpen(c) {
			continue
		}
		n++
		if c.State == cases.Open {
			alone++
		}
		if n <= maxDigest {
			list.Items = append(list.Items, d.line(c))
		}
	}
	if n == 0 {
		return []chat.Block{chat.Text(d.texts.Say("staff.digest.noopen"))}
	}
	list.Title = d.texts.Count("staff.digest.open", n)
	if alone > 0 {
		list.Title += ", " + d.texts.Say("staff.digest.alone", "n", alone)
	}
	if n > maxDigest {
		list.Items = append(list.Items, d.texts.Say("staff.digest.more", "n", n-maxDigest))
	}
	return []chat.Block{list}
}

func (d *Desk) pickOpen(all []cases.Case) (chat.Select, bool) {
	pick := chat.Select{Label: d.texts.Say("staff.command.case"), Verb: alert.VerbCase}
	for _, c := range all {
		if isOpen(c) && len(pick.Options) < chat.MaxOptions {
			pick.Options = append(pick.Options, chat.Option{Label: d.texts.Say("staff.button.case", "number", c.Number), Value: c.ID})
		}
	}
	if len(pick.Options) > 0 {
		pick.Arg = pick.Options[0].Value
	}
	return pick, len(pick.Options) > 0
}

// past counts what became of the cases of the last days.
func (d *Desk) past(all []cases.Case, now time.Time, days int) string {
	since := now.AddDate(0, 0, -days)
	opened, closed := 0, 0
	ended := map[cases.Outcome]int{}
	for _, c := range all {
		if c.OpenedAt.After(since) {
			opened++
		}
		if c.State == cases.Closed && c.ClosedAt.After(since) {
			closed++
			ended[c.Outcome]++
		}
	}
	return d.texts.Count("staff.digest.past", days, "opened", opened, "closed", closed,
		"acted", ended[cases.Acted], "noaction", ended[cases.NoAction], "false", ended[cases.FalseAlarm])
}

// someone is a person with small signs in no case.
type someone struct {
	id    chat.PersonID
	signs []cases.Sign // newest first
	kinds []detect.Category
}

// addingUp lists the people of whom several small signs are known, those with
// the most kinds of them first.
func (d *Desk) addingUp(ctx context.Context, k servers.Key, loose []cases.Sign) []chat.Block {
	people, single := gathered(loose)
	var out []chat.Block
	if len(people) > 0 {
		list := chat.List{Title: d.texts.Say("staff.digest.adding")}
		for _, p := range people[:min(len(people), maxDigest)] {
			names := make([]string, len(p.kinds))
			for i, c := range p.kinds {
				names[i] = d.texts.Say("staff.category." + string(c))
			}
			list.Items = append(list.Items, d.texts.Count("staff.digest.line", len(p.signs), "name", d.cards.Name(ctx, k, p.id),
				"since", p.signs[len(p.signs)-1].At.UTC().Format("Mon 2 Jan"), "place", d.cards.Place(p.signs[0].PlaceName), "signs", strings.Join(names, "; ")))
		}
		if rest := len(people) - maxDigest; rest > 0 {
			list.Items = append(list.Items, d.texts.Say("staff.digest.more", "n", rest))
		}
		out = append(out, list)
	}
	switch {
	case single > 0:
		out = append(out, chat.Text(d.texts.Count("staff.digest.single", single)))
	case len(people) == 0:
		return []chat.Block{chat.Text(d.texts.Say("staff.digest.nothing"))}
	}
	return append(out, chat.Text(d.texts.Say("staff.digest.what")))
}

// gathered sorts signs by who wrote them; single counts those with one alone.
func gathered(loose []cases.Sign) (people []someone, single int) {
	by := map[chat.PersonID]*someone{}
	for _, s := range loose {
		p := by[s.Author]
		if p == nil {
			p = &someone{id: s.Author}
			by[s.Author] = p
		}
		p.signs = append(p.signs, s)
		if !slices.Contains(p.kinds, s.Category) {
			p.kinds = append(p.kinds, s.Category)
		}
	}
	for _, p := range by {
		if len(p.signs) == 1 {
			single++
			continue
		}
		people = append(people, *p)
	}
	slices.SortFunc(people, func(a, b someone) int {
		return cmp.Or(cmp.Compare(len(b.kinds), len(a.kinds)), cmp.Compare(len(b.signs), len(a.signs)), cmp.Compare(a.id, b.id))
	})
	return people, single
}

// postDigest sends the digest that is due to the staff room, or where others
// can read that to the leads, and comes again.
func (d *Desk) postDigest(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
	k := servers.Key{Platform: row.Platform, Server: row.Server}
	set := d.book.Settings(ctx, k)
	if set.Digest == "" {
		return ledger.Result{}, nil
	}
	again := ledger.Result{Again: nextDigest(set, d.o.Now())}
	if d.o.Now().Sub(row.Since) > digestLate {
		return again, nil
	}
	p, ok := d.platforms[k.Platform]
	if !ok {
		return ledger.Result{}, fmt.Errorf("%s is not configured any more, and a digest of it is waiting", k.Platform)
	}
	d = d.in(viewer{set: set})
	room, err := d.digestToRoom(ctx, p, k, set, row)
	if err != nil {
		return ledger.Result{}, fmt.Errorf("send a digest: %w", err)
	}
	if !room {
		if err := d.digestToLeads(ctx, p, k, set, row); err != nil {
			return ledger.Result{}, fmt.Errorf("send a digest to the leads: %w", err)
		}
	}
	return again, nil
}

// digestToRoom sends the digest to the staff room. Whom it is about and who can
// read it there is left out. false where the room must not be used.
func (d *Desk) digestToRoom(ctx context.Context, p chat.Platform, k servers.Key, set cases.Settings, row store.LedgerRow) (bool, error) {
	if set.StaffPlace == "" {
		return false, nil
	}
	h, err := d.happened(ctx, k, row.Since)
	if err != nil {
		return false, err
	}
	a, err := p.Access(ctx, k.Server, set.StaffPlace, set.Staff(), h.people())
	switch {
	case chat.IsPermanent(err) || err == nil && a.Others != "":
		return false, nil
	case err != nil:
		return false, err
	}
	card := d.digest(ctx, k, set, h, false, a.Readers)
	_, err = p.Post(ctx, chat.Post{Server: k.Server, Place: set.StaffPlace, Card: card, Key: digestKey(row, "")})
	if chat.IsPermanent(err) {
		return false, nil
	}
	return err == nil, err
}

// digestToLeads sends it to each lead alone. Who cannot be reached for good is
// passed over: the next digest says the same.
func (d *Desk) digestToLeads(ctx context.Context, p chat.Platform, k servers.Key, set cases.Settings, row store.LedgerRow) error {
	var failed []error
	for _, lead := range set.Leads {
		err := d.digestToLead(ctx, p, k, set, row, lead)
		switch {
		case chat.IsPermanent(err):
			d.o.Logger.Warn("a lead could not be sent the digest", "platform", k.Platform, "server", k.Server, "err", err)
		case err != nil:
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (d *Desk) digestToLead(ctx context.Context, p chat.Platform, k servers.Key, set cases.Settings, row store.LedgerRow, lead chat.PersonID) error {
	place, err := p.Direct(ctx, k.Server, lead)
	if err != nil {
		return err
	}
	h, err := d.happened(ctx, k, row.Since)
	if err != nil {
		return err
	}
	card := d.digest(ctx, k, set, h, true, []chat.PersonID{lead})
	_, err = p.Post(ctx, chat.Post{Server: k.Server, Place: place.ID, Card: card, Key: digestKey(row, lead)})
	return err
}

// digestKey is the idempotency key of the digest for a moment and a reader.
func digestKey(row store.LedgerRow, reader chat.PersonID) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%s/%d", row.Platform, row.Server, reader, row.Since.UnixMilli())
	return fmt.Sprintf("dig-%016x", h.Sum64())
}
