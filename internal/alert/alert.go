// Package alert owns how staff are told: which place a card goes to, what it
// says, and the ledger rows that make it arrive. It decides nothing about
// what is worrying (watch) nor what staff may do (desk).
package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// The kinds of ledger row that this package writes and works off.
const (
	kindCard    = "alert.card"    // put up, or bring up to date, a case's card
	kindWritten = "alert.written" // pass on what a member wrote in a report
)

// job is the payload of a ledger row.
type job struct {
	Case string   `json:"case"`
	New  []string `json:"new,omitempty"`  // ids of signs to say a line about
	Rose bool     `json:"rose,omitempty"` // the severity rose: notify again
	// Sealed is what a member wrote, encrypted; it goes with the row.
	Sealed []byte `json:"sealed,omitempty"`
}

// Announce makes the ledger row that tells staff of a new case. It belongs in
// the transaction that opens the case.
func Announce(ctx context.Context, tx *store.Tx, c cases.Case, now time.Time) error {
	return enqueue(ctx, tx, kindCard, c, job{Case: c.ID}, now)
}

// Continue makes the row that tells staff of further signs in a case.
func Continue(ctx context.Context, tx *store.Tx, c cases.Case, added []cases.Sign, rose bool, now time.Time) error {
	j := job{Case: c.ID, Rose: rose}
	for _, s := range added {
		j.New = append(j.New, s.ID)
	}
	return enqueue(ctx, tx, kindCard, c, j, now)
}

// Refresh makes the row that brings a case's cards up to date.
func Refresh(ctx context.Context, tx *store.Tx, c cases.Case, now time.Time) error {
	return enqueue(ctx, tx, kindCard, c, job{Case: c.ID}, now)
}

// Written makes the row that passes on what a member wrote.
func Written(ctx context.Context, tx *store.Tx, c cases.Case, sealed []byte, now time.Time) error {
	return enqueue(ctx, tx, kindWritten, c, job{Case: c.ID, Sealed: sealed}, now)
}

func enqueue(ctx context.Context, tx *store.Tx, kind string, c cases.Case, j job, now time.Time) error {
	payload, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("write the ledger row: %w", err)
	}
	// One lane a case: its card comes before what is said below it.
	return tx.Enqueue(ctx, store.LedgerRow{
		Kind: kind, Lane: c.ID, Platform: c.Platform, Server: c.Server, Payload: payload, Due: now,
	})
}

// Options are what a Sender needs besides its parts. All are optional.
type Options struct {
	Now    func() time.Time
	Logger *slog.Logger
	// Phrase finds a phrase that a server's staff added, by its id.
	Phrase func(ctx context.Context, k servers.Key, id string) (text string, ok bool)
	// OnDelivered is told how long a new case took to reach staff.
	OnDelivered func(time.Duration)
}

// Sender works off the ledger rows of this package.
type Sender struct {
	db        *store.DB
	book      *servers.Book
	platforms map[string]chat.Platform
	texts     *responses.Texts
	why       func(rule string) (detect.Rule, bool)
	seal      *Seal
	o         Options
}

// New makes a Sender. why finds a detection rule by its id.
func New(db *store.DB, book *servers.Book, platforms map[string]chat.Platform, texts *responses.Texts,
	why func(rule string) (detect.Rule, bool), seal *Seal, o Options) *Sender {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Phrase == nil {
		o.Phrase = func(context.Context, servers.Key, string) (string, bool) { return "", false }
	}
	if o.OnDelivered == nil {
		o.OnDelivered = func(time.Duration) {}
	}
	return &Sender{db: db, book: book, platforms: platforms, texts: texts, why: why, seal: seal, o: o}
}

// In gives the Sender in the language of a server.
func (s *Sender) In(set cases.Settings) *Sender {
	in := *s
	in.texts = s.texts.In(set.Language)
	return &in
}

// Handlers are the ledger's handlers for this package's rows.
func (s *Sender) Handlers() map[string]ledger.Handler {
	return map[string]ledger.Handler{
		kindCard:    s.card,
		kindWritten: s.written,
		kindGentle:  s.gentle,
	}
}

// delivery is all that is known when a row is worked off.
type delivery struct {
	row      store.LedgerRow
	job      job
	platform chat.Platform
	set      cases.Settings
	c        cases.Case
	signs    []cases.Sign
	receipts []cases.Receipt
}

// load reads what a row needs. ok is false where the case is gone, because its
// time to be kept is over: then nothing is left to say.
func (s *Sender) load(ctx context.Context, row store.LedgerRow) (d delivery, ok bool, err error) {
	d.row = row
	if err := json.Unmarshal(row.Payload, &d.job); err != nil {
		return d, false, fmt.Errorf("read the ledger row's payload: %w", err)
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if d.c, err = tx.Case(ctx, d.job.Case); err != nil {
			return err
		}
		if d.set, err = s.book.In(ctx, tx, servers.Key{Platform: d.c.Platform, Server: d.c.Server}); err != nil {
			return err
		}
		if d.signs, err = tx.CaseSigns(ctx, d.c.ID); err != nil {
			return err
		}
		d.receipts, err = tx.Receipts(ctx, d.c.ID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return d, false, nil
	}
	if err != nil {
		return d, false, fmt.Errorf("read the case to deliver: %w", err)
	}
	if d.platform = s.platforms[d.c.Platform]; d.platform == nil {
		return d, false, fmt.Errorf("%s is not configured any more, and a case of it is waiting", d.c.Platform)
	}
	d.c = s.Named(ctx, d.c)
	return d, true, nil
}

// card puts up the case's card wherever staff should see it, or brings it up
// to date, and says a line below it for each new sign.
func (s *Sender) card(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
	d, ok, err := s.load(ctx, row)
	if err != nil || !ok {
		return ledger.Result{}, err
	}
	s = s.In(d.set)
	targets, err := s.targets(ctx, d)
	if err != nil {
		return ledger.Result{}, err
	}
	var kept changes
	if err := s.refresh(ctx, d, targets, &kept); err != nil {
		return ledger.Result{}, err
	}
	if err := s.each(ctx, d, targets, func(t target) error {
		at, stands := kept.at(t.place.ID)
		if !stands {
			return s.putUp(ctx, d, t, &kept)
		}
		return s.tell(ctx, d, t, at)
	}); err != nil {
		return ledger.Result{}, err
	}
	return s.finish(d, kept), nil
}

// written passes on what a member wrote, below the case's card.
func (s *Sender) written(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
	d, ok, err := s.load(ctx, row)
	if err != nil || !ok {
		return ledger.Result{}, err
	}
	s = s.In(d.set)
	plain, err := s.seal.open(d.job.Sealed)
	if err != nil {
		return ledger.Result{}, err
	}
	var w Words
	if err := json.Unmarshal(plain, &w); err != nil {
		return ledger.Result{}, errors.New("what was written cannot be read") // without the cause, which may quote it
	}
	targets, err := s.targets(ctx, d)
	if err != nil {
		return ledger.Result{}, err
	}
	kept := changes{receipts: d.receipts}
	if err := s.each(ctx, d, targets, func(t target) error {
		if _, stands := kept.at(t.place.ID); !stands {
			if err := s.putUp(ctx, d, t, &kept); err != nil {
				return err
			}
		}
		at, _ := kept.at(t.place.ID)
		_, err := d.platform.Post(ctx, chat.Post{
			Server: d.c.Server, Place: t.place.ID, Under: at.Card,
			Card: s.wordsCard(d.c, w), Key: key(row.ID, "w"+string(t.place.ID)), First: row.Attempt == 1,
		})
		return err
	}); err != nil {
		return ledger.Result{}, err
	}
	return s.finish(d, kept), nil
}

// changes are what a delivery did, to be kept when it is complete.
type changes struct {
	receipts []cases.Receipt // all that stand now
	added    []cases.Receipt
	gone     []chat.PlaceID
}

func (k *changes) at(p chat.PlaceID) (cases.Receipt, bool) {
	for _, r := range k.receipts {
		if r.Place == p {
			return r, true
		}
	}
	return cases.Receipt{}, false
}

// finish keeps the receipts in the transaction that completes the row.
func (s *Sender) finish(d delivery, k changes) ledger.Result {
	if len(d.receipts) == 0 && len(k.added) > 0 && d.c.Kind != cases.ByTest {
		s.o.OnDelivered(s.o.Now().Sub(d.c.OpenedAt))
	}
	return ledger.Result{Apply: func(ctx context.Context, tx *store.Tx) error {
		for _, p := range k.gone {
			if err := tx.RemoveReceipt(ctx, d.c.ID, p); err != nil {
				return err
			}
		}
		for _, r := range k.added {
			if err := tx.AddReceipt(ctx, r); err != nil {
				return err
			}
			if err := tx.AddAudit(ctx, s.told(d.c, r)); err != nil {
				return err
			}
		}
		return nil
	}}
}

// told is the audit line for a card that was put up.
func (s *Sender) told(c cases.Case, r cases.Receipt) cases.Entry {
	e := cases.Entry{Platform: c.Platform, Server: c.Server, Case: c.ID, Action: "delivered", At: r.At}
	if r.Reason != "" {
		e.Action, e.Detail = "fallback", r.Reason
	}
	return e
}

// refresh brings the cards that stand up to date. A card in a staff room that
// is no longer private is emptied. One that somebody deleted counts as not
// there, so that an alert cannot be lost that way.
func (s *Sender) refresh(ctx context.Context, d delivery, targets []target, k *changes) error {
	for _, r := range d.receipts {
		card := s.Card(d.c, d.signs, d.set, r.Reason)
		if r.To == "" && !aims(targets, r.Place) {
			card = s.movedCard(d.c, reasonOf(targets))
		}
		err := d.platform.Update(ctx, chat.MessageRef{Server: d.c.Server, Place: r.Place, ID: r.Card}, card)
		switch {
		case err == nil:
			k.receipts = append(k.receipts, r)
		case chat.IsGone(err):
			k.gone = append(k.gone, r.Place)
		case chat.IsPermanent(err):
			k.receipts = append(k.receipts, r)
			s.o.Logger.Warn("a case's card cannot be brought up to date", "case", d.c.ID, "err", err)
		default:
			return fmt.Errorf("bring the card of case %s up to date: %w", d.c.ID, err)
		}
	}
	return nil
}

// putUp posts the case's card in a place where it does not stand yet. Only the
// same row repeats the same post.
func (s *Sender) putUp(ctx context.Context, d delivery, t target, k *changes) error {
	at, err := d.platform.Post(ctx, chat.Post{
		Server: d.c.Server, Place: t.place.ID,
		Card:   s.Card(d.c, d.signs, d.set, t.reason),
		Notify: s.notifies(d), Role: d.set.StaffRole, Key: key(d.row.ID, string(t.place.ID)), First: d.row.Attempt == 1,
	})
	if err != nil {
		return err
	}
	r := cases.Receipt{Case: d.c.ID, Place: t.place.ID, Card: at.ID, To: t.lead, Reason: t.reason, At: s.o.Now()}
	k.receipts = append(k.receipts, r)
	k.added = append(k.added, r)
	return nil
}

// tell says a line below the card about what is new.
func (s *Sender) tell(ctx context.Context, d delivery, t target, at cases.Receipt) error {
	if len(d.job.New) == 0 {
		return nil
	}
	_, err := d.platform.Post(ctx, chat.Post{
		Server: d.c.Server, Place: t.place.ID, Under: at.Card,
		Card:   s.noteCard(d.c, d.signs, d.job),
		Notify: d.job.Rose && s.notifies(d), Role: d.set.StaffRole, Key: key(d.row.ID, "n"+string(t.place.ID)), First: d.row.Attempt == 1,
	})
	return err
}

// notifies says whether staff are notified: always, unless they asked for
// quiet and it is not urgent.
func (s *Sender) notifies(d delivery) bool {
	return d.c.Severity == detect.Urgent || !s.o.Now().Before(d.set.PausedUntil)
}

// key is the idempotency key of one post of a row: the row's id and a short
// hash of what sets it apart, at most 25 bytes.
func key(row, part string) string {
	h := fnv.New32a()
	h.Write([]byte(part))
	sum := h.Sum32()
	return fmt.Sprintf("%.20s-%04x", row, uint16(sum>>16)^uint16(sum))
}
