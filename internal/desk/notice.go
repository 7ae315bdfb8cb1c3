package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/wording"
	"github.com/waymark-bot/waymark/responses"
)

// One member of staff can make staff hear of less, or have others told. So that
// nobody does it alone, the rest are told of it: the staff room, or the leads
// where it cannot be used. Where it is decided who is told, those who were told
// until then are told too.

// kindNotice is the ledger row that tells staff of such a change.
const kindNotice = "desk.notice"

// maxNoticeLine is how many characters one change takes on the card.
const maxNoticeLine = 300

// What can be changed that staff are told of.
const (
	changedRoom      = "room"
	changedLeads     = "leads"
	changedRole      = "role"
	changedThreshold = "threshold"
	changedRegion    = "region"
	changedExclude   = "exclude"
	changedPause     = "pause"
	changedDigest    = "digest"
	changedRule      = "rule"
	changedShadow    = "shadow"
	changedRemove    = "remove"
	changedContact   = "contact" // followed by what was done to it
)

// change is one thing that was changed. From and To are as they are kept; what
// they are called is looked up when staff are told.
type change struct {
	What  string `json:"what"`
	Which string `json:"which,omitempty"` // the rule, the phrase, the contact
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// notice is the payload of the row.
type notice struct {
	By      chat.PersonID  `json:"by"`
	Name    string         `json:"name"`
	At      time.Time      `json:"at"`
	Before  chat.StaffRule `json:"before"` // who was told until then
	After   chat.StaffRule `json:"after"`
	Changes []change       `json:"changes"`
}

// decides says whether the change is about who is told, or who is staff.
func (n notice) decides() bool {
	return slices.ContainsFunc(n.Changes, func(c change) bool {
		return c.What == changedRoom || c.What == changedLeads || c.What == changedRole
	})
}

// tell makes the row that tells the other staff of changes, in the transaction
// that makes them. Until somebody is set who could be told, there is nobody to
// tell.
func (d *Desk) tell(ctx context.Context, tx *store.Tx, v viewer, before, after cases.Settings, changes []change) error {
	if len(changes) == 0 || before.StaffPlace == "" && len(before.Leads) == 0 {
		return nil
	}
	payload, err := json.Marshal(notice{By: v.person.ID, Name: v.person.Name, At: d.o.Now(), Before: before.Staff(), After: after.Staff(), Changes: changes})
	if err != nil {
		return fmt.Errorf("write the ledger row: %w", err)
	}
	return tx.Enqueue(ctx, store.LedgerRow{Kind: kindNotice, Platform: v.key.Platform, Server: v.key.Server, Payload: payload, Due: d.o.Now()})
}

// tellHere is tell for changes of anything but the settings.
func (d *Desk) tellHere(ctx context.Context, tx *store.Tx, v viewer, changes []change) error {
	if len(changes) == 0 {
		return nil
	}
	set, err := d.book.In(ctx, tx, v.key)
	if err != nil {
		return err
	}
	return d.tell(ctx, tx, v, set, set, changes)
}

// weakened lists those changes of the settings that staff are told of: who is
// told and who is staff, and whatever makes them hear of less.
func weakened(before, after cases.Settings, now time.Time) (out []change) {
	add := func(changed bool, what, from, to string) {
		if changed {
			out = append(out, change{What: what, From: from, To: to})
		}
	}
	add(before.StaffPlace != after.StaffPlace, changedRoom, string(before.StaffPlace), string(after.StaffPlace))
	add(!sameIDs(before.Leads, after.Leads), changedLeads, ids(before.Leads), ids(after.Leads))
	add(before.StaffRole != after.StaffRole, changedRole, before.StaffRole, after.StaffRole)
	add(after.Threshold > before.Threshold, changedThreshold, before.Threshold.String(), after.Threshold.String())
	add(before.Region != after.Region && before.Region != "" && before.Region != string(responses.Unknown), changedRegion, before.Region, after.Region)
	if more := without(after.Excluded, before.Excluded); len(more) > 0 {
		add(true, changedExclude, "", ids(more))
	}
	add(after.PausedUntil.After(before.PausedUntil) && after.PausedUntil.After(now), changedPause, "", after.PausedUntil.Format(time.RFC3339))
	add(before.Digest != "" && before.Digest != after.Digest && after.Digest != digestDaily, changedDigest, before.Digest, often(after.Digest))
	return out
}

// often is how often a digest is sent, as staff choose it.
func often(digest string) string {
	if digest == "" {
		return digestOff
	}
	return digest
}

// ids puts ids into one text, with spaces between.
func ids[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, id := range list {
		out[i] = string(id)
	}
	return strings.Join(out, " ")
}

func sameIDs[T comparable](a, b []T) bool {
	return len(without(a, b)) == 0 && len(without(b, a)) == 0
}

// without is a list without what is in another.
func without[T comparable](list, not []T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(id T) bool { return slices.Contains(not, id) })
}

// lessFound lists those changes of the words by which less is found: rules of
// ours made quieter or switched off, phrases that were live and are not.
func lessFound(before, after wording.Set) (out []change) {
	rank := map[wording.State]int{wording.Normal: 0, wording.Quiet: 1, wording.Off: 2}
	for _, r := range slices.Concat(after.Off, after.Quiet) {
		if from, to := before.State(r), after.State(r); rank[to] > rank[from] {
			out = append(out, change{What: changedRule, Which: r, From: string(from), To: string(to)})
		}
	}
	for _, p := range before.Phrases {
		if p.Shadow {
			continue
		}
		switch now, there := after.Phrase(p.ID); {
		case !there:
			out = append(out, change{What: changedRemove, Which: p.Text})
		case now.Shadow:
			out = append(out, change{What: changedShadow, Which: p.Text})
		}
	}
	return out
}

// contactChanged is the change of a contact by what was done to it; none for
// what changes nothing that members see.
func contactChanged(do string, c store.OwnContact) []change {
	if do == "checked" {
		return nil
	}
	return []change{{What: changedContact + "-" + do, Which: whole(c)}}
}

// postNotice tells staff of a change. Each place is told once, however often
// that has to be tried.
func (d *Desk) postNotice(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
	var n notice
	if err := json.Unmarshal(row.Payload, &n); err != nil {
		return ledger.Result{}, fmt.Errorf("read the ledger row's payload: %w", err)
	}
	k := servers.Key{Platform: row.Platform, Server: row.Server}
	p, ok := d.platforms[k.Platform]
	if !ok {
		return ledger.Result{}, fmt.Errorf("%s is not configured any more, and a notice of it is waiting", k.Platform)
	}
	set := d.book.Settings(ctx, k)
	t := &telling{d: d.in(viewer{set: set}), p: p, k: k, row: row, n: n, told: map[chat.PlaceID]bool{}}
	t.places(ctx)
	if n.decides() {
		t.tellLeads(ctx, n.Before.Leads, t.d.texts.Say("staff.notice.direct"))
	}
	t.tell(ctx, n.Before, n.After)
	if len(t.told) == 0 && len(t.failed) == 0 { // nobody of then can be told any more
		t.tell(ctx, set.Staff())
	}
	switch {
	case len(t.failed) > 0:
		return ledger.Result{}, fmt.Errorf("tell staff of a change: %w", errors.Join(t.failed...))
	case len(t.told) == 0:
		return ledger.Result{}, fmt.Errorf("nobody can be told of a change: %s", t.reason)
	}
	return ledger.Result{}, nil
}

// telling is one try at telling staff of a change.
type telling struct {
	d      *Desk
	p      chat.Platform
	k      servers.Key
	row    store.LedgerRow
	n      notice
	names  map[chat.PlaceID]string
	told   map[chat.PlaceID]bool
	reason string  // why a staff room was not told, as staff read it
	failed []error // what may go well another time
}

// tell tells the staff rooms of these rules, or their leads where none can be
// used.
func (t *telling) tell(ctx context.Context, rules ...chat.StaffRule) {
	inRoom := false
	for _, rule := range rules {
		inRoom = t.tellRoom(ctx, rule) || inRoom
	}
	for _, rule := range rules {
		if !inRoom {
			t.tellLeads(ctx, rule.Leads, t.d.texts.Say("staff.card.direct", "reason", t.reason))
		}
	}
}

// tellRoom tells a staff room; false where it must not be used, or is gone.
func (t *telling) tellRoom(ctx context.Context, rule chat.StaffRule) bool {
	if rule.Place == "" {
		t.reason = t.d.texts.Say("staff.reason.unset")
		return false
	}
	if t.told[rule.Place] {
		return true
	}
	a, err := t.p.Access(ctx, t.k.Server, rule.Place, rule, nil)
	switch {
	case chat.IsPermanent(err):
		t.reason = t.d.texts.Say("staff.reason.gone")
		return false
	case err != nil:
		t.failed = append(t.failed, fmt.Errorf("see who can read the staff room: %w", err))
		return true // it is tried again
	case a.Others != "":
		t.reason = t.d.texts.Say("staff.reason.others", "who", a.Others)
		return false
	}
	first := ""
	if rule.Place == t.n.Before.Place && rule.Place != t.n.After.Place {
		first = t.d.texts.Say("staff.notice.oldroom")
	}
	err = t.post(ctx, rule.Place, first, false) // nobody is called: it is no alert
	switch {
	case chat.IsPermanent(err):
		t.reason = t.d.texts.Say("staff.reason.gone")
		return false
	case err != nil:
		t.failed = append(t.failed, fmt.Errorf("tell the staff room: %w", err))
	}
	return true
}

// tellLeads tells leads, each directly. Who cannot be reached for good is passed
// over.
func (t *telling) tellLeads(ctx context.Context, leads []chat.PersonID, first string) {
	for _, lead := range leads {
		place, err := t.p.Direct(ctx, t.k.Server, lead)
		if err == nil && !t.told[place.ID] {
			err = t.post(ctx, place.ID, first, true)
		}
		switch {
		case chat.IsPermanent(err):
			t.d.o.Logger.Warn("a lead could not be told of a change", "platform", t.k.Platform, "server", t.k.Server, "err", err)
		case err != nil:
			t.failed = append(t.failed, fmt.Errorf("lead %s: %w", lead, err))
		}
	}
}

// post tells one place. first is said above the rest.
func (t *telling) post(ctx context.Context, place chat.PlaceID, first string, notify bool) error {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s", t.row.ID, place)
	_, err := t.p.Post(ctx, chat.Post{Server: t.k.Server, Place: place, Card: t.card(ctx, first), Notify: notify,
		Key: fmt.Sprintf("chg-%016x", h.Sum64()), First: t.row.Attempt == 1})
	if err == nil {
		t.told[place] = true
	}
	return err
}

// card says who changed what, and how it is changed back.
func (t *telling) card(ctx context.Context, first string) chat.Card {
	card := chat.Card{Title: t.d.texts.Say("staff.notice.title"), Tone: chat.Notice, Footer: t.d.texts.Say("staff.notice.footer")}
	if first != "" {
		card.Blocks = append(card.Blocks, chat.Text(first))
	}
	name := t.n.Name
	if name == "" {
		name = t.d.cards.Name(ctx, t.k, t.n.By)
	}
	what := chat.List{Title: t.d.texts.Say("staff.notice.what")}
	back := chat.List{Title: t.d.texts.Say("staff.notice.back")}
	for _, c := range t.n.Changes {
		what.Items = append(what.Items, clipTo(t.line(ctx, c), maxNoticeLine))
		if how := t.back(c); !slices.Contains(back.Items, how) {
			back.Items = append(back.Items, how)
		}
	}
	if t.n.decides() {
		back.Items = append(back.Items, t.d.texts.Say("staff.notice.undo.others"))
	}
	card.Blocks = append(card.Blocks, chat.Text(t.d.texts.Say("staff.notice.body", "name", name, "when", alert.When(t.n.At))), t.d.shortened(what), back)
	return card
}

// line says what was changed, from what to what.
func (t *telling) line(ctx context.Context, c change) string {
	say, from, to := t.d.texts.Say, c.From, c.To
	switch c.What {
	case changedRoom, changedExclude:
		from, to = t.called(c.From), t.called(c.To)
	case changedLeads:
		from, to = t.people(ctx, c.From), t.people(ctx, c.To)
	case changedRole:
		from, to = t.role(ctx, c.From), t.role(ctx, c.To)
	case changedThreshold:
		from, to = say("staff.severity."+c.From), say("staff.severity."+c.To)
	case changedDigest:
		from, to = say("staff.digest.often."+c.From), say("staff.digest.often."+c.To)
	case changedPause:
		until, _ := time.Parse(time.RFC3339, c.To)
		to = alert.When(until)
	case changedRule:
		from, to = say("staff.words.state."+c.From), say("staff.words.state."+c.To)
	}
	why := ""
	if c.What == changedRule {
		if r, ok := t.d.words.Rules().Rule(c.Which); ok {
			why = r.Why
		}
	}
	return say("staff.notice.changed."+c.What, "which", c.Which, "why", why, "from", from, "to", to)
}

// back says how a change is taken back.
func (t *telling) back(c change) string {
	how, command := "setup", "setup"
	switch {
	case c.What == changedPause:
		how, command = "pause", "pause"
	case c.What == changedDigest:
		how, command = "digest", "digest"
	case c.What == changedRule, c.What == changedShadow, c.What == changedRemove:
		how, command = "words", "words"
	case strings.HasPrefix(c.What, changedContact):
		how, command = "contacts", "contacts"
	}
	return t.d.texts.Say("staff.notice.undo."+how, "command", chat.Typed(t.p, "safeguarding "+command))
}

// places looks up what the places are called that the changes name.
func (t *telling) places(ctx context.Context) {
	if !slices.ContainsFunc(t.n.Changes, func(c change) bool { return c.What == changedRoom || c.What == changedExclude }) {
		return
	}
	t.names = map[chat.PlaceID]string{}
	all, err := t.p.Places(ctx, t.k.Server)
	if err != nil {
		t.d.o.Logger.Warn("the places of a notice are named by their ids", "platform", t.k.Platform, "server", t.k.Server, "err", err)
	}
	for _, p := range all {
		t.names[p.ID] = t.d.cards.Place(p.Name)
	}
}

// called names places that are given by their ids, or else gives the ids.
func (t *telling) called(list string) string {
	names := strings.Fields(list)
	for i, id := range names {
		if name := t.names[chat.PlaceID(id)]; name != "" {
			names[i] = name
		}
	}
	return t.listed(names)
}

func (t *telling) people(ctx context.Context, list string) string {
	var names []string
	for _, id := range people(list) {
		names = append(names, t.d.cards.Name(ctx, t.k, id))
	}
	return t.listed(names)
}

func (t *telling) listed(names []string) string {
	if len(names) == 0 {
		return t.d.texts.Say("staff.notice.none")
	}
	return strings.Join(names, ", ")
}

// role names a role or group, where the platform tells what they are called.
func (t *telling) role(ctx context.Context, id string) string {
	if id == "" {
		return t.d.texts.Say("staff.notice.none")
	}
	for _, o := range t.d.groups(ctx, viewer{key: t.k}) {
		if o.Value == id {
			return o.Label
		}
	}
	return id
}
