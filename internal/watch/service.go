package watch

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
)

// memory is how far back an author's signs are added up. With the half-life of
// 72 hours a sign of that age weighs 4% of what it did.
const memory = 14 * 24 * time.Hour

// Options are what a Service needs besides its parts. All are optional.
type Options struct {
	Now    func() time.Time
	Logger *slog.Logger
	// SkipBots leaves out what other bots and webhooks write.
	SkipBots bool
	// Words tell what a server's staff changed about what is found; nil where
	// nobody can change anything.
	Words *servers.Words
	// OnMessage is called for each message read, OnSignal for each new sign.
	OnMessage func()
	OnSignal  func(detect.Category, detect.Severity)
}

// Service takes each message on its way: it detects, adds up over the
// conversation, and opens or extends a case together with the ledger row that
// will tell staff. A message without a sign costs no I/O and leaves nothing.
type Service struct {
	reader *Reader
	rules  *detect.Detector
	db     *store.DB
	book   *servers.Book
	o      Options

	volumes volumes

	mu      sync.Mutex
	pending map[chat.MessageRef]time.Time // messages taken in and not yet safe, since when
}

// NewService makes a Service for one platform.
func NewService(d *detect.Detector, db *store.DB, book *servers.Book, o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OnMessage == nil {
		o.OnMessage = func() {}
	}
	if o.OnSignal == nil {
		o.OnSignal = func(detect.Category, detect.Severity) {}
	}
	reader := NewReader(d)
	reader.SkipBots = o.SkipBots
	return &Service{reader: reader, rules: d, db: db, book: book, o: o, pending: map[chat.MessageRef]time.Time{}}
}

// Message reads one message. It returns nil when whatever had to be kept is
// safe; after an error the same message must be brought again, and then
// nothing is counted twice.
func (s *Service) Message(ctx context.Context, platform string, m chat.Message) error {
	if m.Place.Direct { // what is said to the bot alone is never a sign
		return nil
	}
	k := servers.Key{Platform: platform, Server: m.Place.Server}
	o, err := s.overlay(ctx, k)
	if err != nil { // it may hold a phrase of the server's own: it waits until it can be read with them
		s.begin(m.Ref())
		return fmt.Errorf("read message %s: %w", m.ID, err)
	}
	s.o.OnMessage()
	s.volumes.count(k, m)
	r := s.reader.ReadWith(o, m)
	if len(r.Signals)+len(r.Shadow) == 0 {
		s.end(m.Ref())
		return nil
	}
	s.begin(m.Ref())
	var added []cases.Sign
	err = s.db.Write(ctx, func(tx *store.Tx) (err error) {
		added, err = s.keep(ctx, tx, k, m, r)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the signs of message %s: %w", m.ID, err)
	}
	s.end(m.Ref())
	for _, a := range added {
		s.o.OnSignal(a.Category, r.Severity)
	}
	return nil
}

func (s *Service) overlay(ctx context.Context, k servers.Key) (*detect.Overlay, error) {
	if s.o.Words == nil {
		return nil, nil
	}
	return s.o.Words.Overlay(ctx, k)
}

func (s *Service) begin(m chat.MessageRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.pending[m]; !again {
		s.pending[m] = s.o.Now()
	}
}

func (s *Service) end(m chat.MessageRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, m)
}

// SafeUntil is the moment before which every message that came is safe.
func (s *Service) SafeUntil() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.o.Now()
	for _, since := range s.pending {
		if since.Before(at) {
			at = since
		}
	}
	return at
}

// keep writes the signs, the case and the ledger row, or nothing. It returns
// the signs that are new.
func (s *Service) keep(ctx context.Context, tx *store.Tx, k servers.Key, m chat.Message, r Reading) (added []cases.Sign, err error) {
	set, err := s.book.In(ctx, tx, k)
	if err != nil || !set.Watches(m.Place) {
		return nil, err
	}
	if err := s.tryOut(ctx, tx, k, set, m, r); err != nil {
		return nil, err
	}
	// First what is new: on PostgreSQL that makes the author's messages wait
	// for each other, so that the past read next is whole.
	added, err = tx.AddSigns(ctx, signs(k, m, r))
	if err != nil || len(added) == 0 { // nothing new: brought again, or an edit that changed nothing
		return nil, err
	}
	past, err := tx.SignsBy(ctx, k.Platform, k.Server, m.Author.ID, m.Time.Add(-memory))
	if err != nil {
		return nil, err
	}
	severity := max(r.Severity, AddUp(remembered(past, m.ID), r, m))
	if severity < set.Threshold {
		return added, nil
	}
	return added, s.raise(ctx, tx, k, set, m, r, severity, past, added)
}

// raise opens a case with the loose signs that led to it, or extends the one
// that is open.
func (s *Service) raise(ctx context.Context, tx *store.Tx, k servers.Key, set cases.Settings, m chat.Message, r Reading, severity detect.Severity, past, added []cases.Sign) error {
	now := s.o.Now()
	all := loose(past, r.Addressed)
	c, found, err := s.openCase(ctx, tx, k, m.Author.ID, r.Addressed, cases.AllHelp(cases.About(added)))
	if err != nil {
		return err
	}
	if !found {
		c = cases.Case{
			Platform: k.Platform, Server: k.Server, Kind: cases.BySignals,
			Author: m.Author.ID, AuthorName: m.Author.Name,
			State: cases.Open, OpenedAt: now,
		}
		c, _ = c.Add(all, severity, now)
		c.Addressed = r.Addressed
		if c.Help() {
			c.Addressed = ""
		}
		if err := tx.InsertCase(ctx, &c); err != nil {
			return err
		}
		if err := tx.AttachSigns(ctx, c.ID, ids(all)); err != nil {
			return err
		}
		if err := alert.GentleWord(ctx, tx, c, set, now); err != nil {
			return err
		}
		return alert.Announce(ctx, tx, c, now)
	}
	c, rose := c.Add(added, severity, now)
	if c.Addressed == "" && !c.Help() {
		c.Addressed = r.Addressed
	}
	if err := tx.UpdateCase(ctx, &c); err != nil {
		return err
	}
	if err := tx.AttachSigns(ctx, c.ID, ids(all)); err != nil {
		return err
	}
	return alert.Continue(ctx, tx, c, added, rose, now)
}

// openCase finds the case that these signs belong to: of the author's open
// cases, one of the same side (somebody who needs help, or who may mean harm)
// with the same person, or where either does not name anybody, so that one
// conversation never makes two cards. A pair that is taken by the other side's
// case joins that one.
func (s *Service) openCase(ctx context.Context, tx *store.Tx, k servers.Key, author, addressed chat.PersonID, help bool) (cases.Case, bool, error) {
	open, err := tx.OpenCasesBy(ctx, k.Platform, k.Server, author)
	if err != nil {
		return cases.Case{}, false, err
	}
	if help { // whom somebody in need confides in is not what the case is about
		addressed = ""
	}
	for _, fits := range []func(cases.Case) bool{
		func(c cases.Case) bool { return c.Help() == help && c.Addressed == addressed },
		func(c cases.Case) bool {
			return !help && !c.Help() && (c.Addressed == "" || addressed == "")
		},
		func(c cases.Case) bool { return c.Addressed == addressed },
	} {
		if i := slices.IndexFunc(open, fits); i >= 0 {
			return open[i], true, nil
		}
	}
	return cases.Case{}, false, nil
}

func signs(k servers.Key, m chat.Message, r Reading) []cases.Sign {
	out := make([]cases.Sign, len(r.Signals))
	for i, g := range r.Signals {
		out[i] = cases.Sign{
			Platform: k.Platform, Server: k.Server,
			Place: m.Place.ID, PlaceName: m.Place.Name, Message: m.ID, Link: m.Link,
			Author: m.Author.ID, Addressed: r.Addressed,
			Rule: g.Rule, Category: g.Category, Weight: g.Lasting(), At: m.Time,
		}
	}
	return out
}

// remembered is the author's past without this message itself, which an
// earlier version of it may have left.
func remembered(past []cases.Sign, not chat.MessageID) []Past {
	out := make([]Past, 0, len(past))
	for _, p := range past {
		if p.Message != not {
			out = append(out, Past{Rule: p.Rule, Category: p.Category, Weight: p.Weight,
				Time: p.At, Addressed: p.Addressed, Place: p.Place})
		}
	}
	return out
}

// loose are the signs that belong to no case yet and were not said to somebody
// else.
func loose(past []cases.Sign, addressed chat.PersonID) []cases.Sign {
	var out []cases.Sign
	for _, p := range past {
		if p.Case == "" && (p.Addressed == addressed || p.Addressed == "" || addressed == "") {
			out = append(out, p)
		}
	}
	return out
}

func ids(s []cases.Sign) []string {
	out := make([]string, len(s))
	for i := range s {
		out[i] = s[i].ID
	}
	return out
}
