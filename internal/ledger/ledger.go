// Package ledger works off what has to happen later: it claims rows, hands
// them to their handlers, and keeps them until they are done. A row is never
// given up: what fails is tried again, what nobody knows stays, and both are
// loud. The rows themselves are the store's; what they mean is their
// handlers'.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/xid"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/store"
)

// Handler does what a row is about. It may be called more than once for the
// same row: after a failure, and after the program was killed in the midst of
// it, so whatever it does outside must bear being repeated (the row's ID makes
// an idempotency key). Its context ends when the row is no longer its own or
// the program stops. An error, whatever it is, means that the row is tried
// again later; where trying again cannot help, the handler does something else
// instead and returns nil.
//
// The error's text is kept for staff to read. It must never repeat what
// somebody wrote.
type Handler func(ctx context.Context, row store.LedgerRow) (Result, error)

// Result is what a handler leaves to be done once it succeeded.
type Result struct {
	// Apply runs in the transaction that completes the row; nil for nothing.
	Apply func(ctx context.Context, tx *store.Tx) error
	// Again brings the row back then instead of deleting it.
	Again time.Time
}

// Options tune a Ledger. The zero value is what the program runs with.
type Options struct {
	// Owner names this worker in leases. It must be new with every start;
	// empty means an id made up here.
	Owner string
	Lease time.Duration // how long a killed worker's rows are held: 4 s
	Renew time.Duration // a third of the lease
	// Poll is how often to look without being woken: 500 ms, so that a lease
	// that has just run out is taken over within the promised five seconds.
	Poll  time.Duration
	Drain time.Duration // how long handlers may go on after the end: 10 s
	// Workers is how many rows are worked on at once: 8.
	Workers int
	// Backoff is the wait after a failed attempt, of which the first is 1:
	// see [Backoff]. What a platform asked for goes before it.
	Backoff func(attempt int) time.Duration
	Logger  *slog.Logger
	// Observe is told of every attempt when it is over; it must be quick.
	Observe func(Attempt)
}

// Attempt is one try at a row, for whoever counts them.
type Attempt struct {
	Kind   string
	Number int
	// Waited is the time from when the row was due at first.
	Waited time.Duration
	Took   time.Duration
	// Err is why it failed; nil when the row is done.
	Err error
	// Lost says that another worker had taken the row over.
	Lost bool
}

const (
	claimBackoffCap = 5 * time.Second // storage that is back must be noticed soon
	unknownEvery    = time.Minute
	finishTries     = 4
)

// Ledger works off rows. Make one with [New] and call [Ledger.Run] once.
type Ledger struct {
	db       *store.DB
	handlers map[string]Handler
	kinds    []string
	o        Options

	flight sync.WaitGroup
	busy   atomic.Int64
	freed  chan struct{} // a worker has finished
	stats  counters
}

// New makes a ledger over the given handlers, by kind of row.
func New(db *store.DB, handlers map[string]Handler, o Options) *Ledger {
	if o.Owner == "" {
		o.Owner = xid.New().String()
	}
	o.Lease = orElse(o.Lease, 4*time.Second)
	o.Renew = orElse(o.Renew, o.Lease/3)
	o.Poll = orElse(o.Poll, 500*time.Millisecond)
	o.Drain = orElse(o.Drain, 10*time.Second)
	if o.Workers == 0 {
		o.Workers = 8
	}
	if o.Backoff == nil {
		o.Backoff = Backoff
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Attempt) {}
	}
	l := &Ledger{db: db, handlers: handlers, o: o, freed: make(chan struct{}, 1)}
	for kind := range handlers {
		l.kinds = append(l.kinds, kind)
	}
	slices.Sort(l.kinds)
	return l
}

func orElse(d, normal time.Duration) time.Duration {
	if d == 0 {
		return normal
	}
	return d
}

// Backoff is the wait after a failed attempt: about 1 s after the first, twice
// as long each time, at most 5 minutes, and up to a fifth less so that rows
// that failed together do not come back together.
func Backoff(attempt int) time.Duration {
	const most = 5 * time.Minute
	d := most
	if attempt = max(attempt, 1); attempt < 10 {
		d = min(most, time.Second<<(attempt-1))
	}
	return d - rand.N(d/5)
}

// Stats counts what the ledger did since it was made.
type Stats struct {
	Done, Failed, Lost, Panics int64
	Busy                       int64 // rows being worked on now
	Unknown                    int64 // rows of kinds without a handler, when last counted
}

type counters struct{ done, failed, lost, panics, unknown atomic.Int64 }

// Stats gives the counts.
func (l *Ledger) Stats() Stats {
	return Stats{
		Done: l.stats.done.Load(), Failed: l.stats.failed.Load(), Lost: l.stats.lost.Load(),
		Panics: l.stats.panics.Load(), Busy: l.busy.Load(), Unknown: l.stats.unknown.Load(),
	}
}

// Run works until ctx ends. Then it claims nothing more, lets the handlers
// that are at work finish for as long as Drain, ends the contexts of the rest
// and gives their rows back. It returns an error only if a handler outstays
// even that. While storage is down it waits and goes on by itself.
func (l *Ledger) Run(ctx context.Context) error {
	woken, stop := l.db.Woken()
	defer stop()
	handling, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()

	var side sync.WaitGroup
	defer side.Wait()
	side.Go(func() { l.db.Listen(ctx) })
	side.Go(func() { l.housekeep(ctx) })

	l.dispatch(ctx, handling, woken)
	return l.drain(abandon)
}

// dispatch claims rows and starts workers until ctx ends.
func (l *Ledger) dispatch(ctx, handling context.Context, woken <-chan struct{}) {
	poll := time.NewTicker(l.o.Poll)
	defer poll.Stop()
	down := 0
	for ctx.Err() == nil {
		more, err := l.claim(ctx, handling)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			if down++; down == 1 {
				l.o.Logger.Error("the ledger waits for storage", "error", err)
			}
			if !pause(ctx, min(claimBackoffCap, Backoff(down))) {
				return
			}
			continue
		}
		if down > 0 {
			l.o.Logger.Info("storage is back; the ledger goes on", "failed_tries", down)
			down = 0
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-woken:
		case <-l.freed:
		case <-poll.C:
		}
	}
}

// claim starts a worker for each row that it gets, and says whether there may
// be more at once.
func (l *Ledger) claim(ctx, handling context.Context) (more bool, err error) {
	free := l.o.Workers - int(l.busy.Load())
	if free <= 0 {
		return false, nil
	}
	rows, err := l.db.Claim(ctx, l.o.Owner, l.kinds, free, l.o.Lease)
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		l.busy.Add(1)
		l.flight.Go(func() {
			l.work(handling, row)
			l.busy.Add(-1)
			select {
			case l.freed <- struct{}{}:
			default:
			}
		})
	}
	return len(rows) == free, nil
}

// drain waits for the workers, first kindly.
func (l *Ledger) drain(abandon context.CancelFunc) error {
	done := make(chan struct{})
	go func() {
		l.flight.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(l.o.Drain):
	}
	abandon()
	select {
	case <-done:
		return nil
	case <-time.After(l.o.Drain):
		return fmt.Errorf("stop the ledger: %d handlers do not end; their rows will be done again after the next start", l.busy.Load())
	}
}

// work makes one attempt at a row.
func (l *Ledger) work(ctx context.Context, row store.LedgerRow) {
	start := l.db.Now()
	held, letGo := context.WithCancelCause(ctx)
	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		l.keepHeld(held, letGo, row)
	}()
	result, err := l.handle(held, row)
	if err == nil {
		err = l.finish(held, row, result)
	}
	if cause := context.Cause(held); err != nil && errors.Is(cause, store.ErrLost) {
		err = cause // the handler only saw its context end
	}
	letGo(nil)
	<-renewing
	l.settle(ctx, row, err, start)
}

// keepHeld renews the lease until ctx ends, and ends it when the row is lost
// or could not be renewed for so long that it may be somebody else's.
func (l *Ledger) keepHeld(ctx context.Context, letGo context.CancelCauseFunc, row store.LedgerRow) {
	t := time.NewTicker(l.o.Renew)
	defer t.Stop()
	until := time.Now().Add(l.o.Lease)
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		asked := time.Now()
		limited, cancel := context.WithDeadline(ctx, until)
		err := l.db.Renew(limited, row, l.o.Lease)
		cancel()
		switch {
		case err == nil:
			until = asked.Add(l.o.Lease)
		case errors.Is(err, store.ErrLost), !time.Now().Before(until):
			letGo(fmt.Errorf("the lease ended: %w", store.ErrLost))
			return
		}
	}
}

// handle calls the handler. A panic is a failure of the row alone.
func (l *Ledger) handle(ctx context.Context, row store.LedgerRow) (result Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			l.stats.panics.Add(1)
			// What was thrown may quote the row, so its type alone is kept.
			err = fmt.Errorf("the handler of %s panicked with a %T", row.Kind, p)
			l.o.Logger.Error("a handler panicked", "kind", row.Kind, "row", row.ID, "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		}
	}()
	return l.handlers[row.Kind](ctx, row)
}

// finish completes the row. What the handler did outside cannot be undone, so
// storage that fails is asked again a few times while the row is still held.
func (l *Ledger) finish(ctx context.Context, row store.LedgerRow, result Result) error {
	var apply func(tx *store.Tx) error
	if result.Apply != nil {
		apply = func(tx *store.Tx) error { return result.Apply(ctx, tx) }
	}
	for try := 1; ; try++ {
		var err error
		if result.Again.IsZero() {
			err = l.db.Complete(ctx, row, apply)
		} else {
			err = l.db.Repeat(ctx, row, result.Again, apply)
		}
		if err == nil || try == finishTries || !errors.Is(err, store.ErrUnavailable) {
			return err
		}
		if !pause(ctx, time.Duration(try)*l.o.Lease/8) {
			return err
		}
	}
}

// settle records how an attempt ended and gives back a row that is not done.
func (l *Ledger) settle(ctx context.Context, row store.LedgerRow, err error, start time.Time) {
	now := l.db.Now()
	a := Attempt{Kind: row.Kind, Number: row.Attempt, Waited: now.Sub(row.Since), Took: now.Sub(start), Err: err}
	log := l.o.Logger.With("kind", row.Kind, "row", row.ID, "attempt", row.Attempt)
	switch {
	case err == nil:
		l.stats.done.Add(1)
	case errors.Is(err, store.ErrLost):
		a.Lost = true
		l.stats.lost.Add(1)
		log.Warn("another worker took over a row that was worked on")
	case ctx.Err() != nil: // the program stops; that is nobody's failure
		log.Info("a row is given back unfinished")
		l.giveBack(ctx, log, func(ctx context.Context) error { return l.db.Release(ctx, row) })
	default:
		l.stats.failed.Add(1)
		wait := chat.RetryAfter(err)
		if wait <= 0 {
			wait = l.o.Backoff(row.Attempt)
		}
		level := slog.LevelWarn
		if chat.IsPermanent(err) {
			level = slog.LevelError // nobody else will notice: the handler should have
		}
		log.Log(ctx, level, "a row failed and will be tried again", "error", err, "in", wait.Round(time.Millisecond))
		l.giveBack(ctx, log, func(ctx context.Context) error {
			return l.db.Postpone(ctx, row, now.Add(wait), err.Error())
		})
	}
	l.o.Observe(a)
}

// giveBack returns a row. Where storage does not take it, the lease ends by
// itself.
func (l *Ledger) giveBack(ctx context.Context, log *slog.Logger, give func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.o.Lease)
	defer cancel()
	if err := give(ctx); err != nil && !errors.Is(err, store.ErrLost) {
		log.Warn("a row could not be given back; its lease will end", "error", err)
	}
}

// housekeep counts, once a minute, the rows that nobody here knows, and makes
// sure that what was completed is gone from the disk as well.
func (l *Ledger) housekeep(ctx context.Context) {
	var wiped int64
	for {
		l.countUnknown(ctx)
		if !pause(ctx, unknownEvery) {
			return
		}
		done := l.stats.done.Load()
		if done == wiped {
			continue
		}
		if err := l.db.Checkpoint(ctx); err == nil {
			wiped = done
		} else if ctx.Err() == nil {
			l.o.Logger.Warn("the database's log could not be emptied", "error", err)
		}
	}
}

func (l *Ledger) countUnknown(ctx context.Context) {
	var unknown map[string]int
	err := l.db.Read(ctx, func(tx *store.Tx) (err error) {
		unknown, err = tx.UnknownKinds(ctx, l.kinds)
		return err
	})
	if err != nil {
		return // the dispatcher says that storage is down
	}
	var n int64
	for _, kind := range slices.Sorted(maps.Keys(unknown)) {
		n += int64(unknown[kind])
		l.o.Logger.Error("the ledger has rows of a kind that this program does not know; they wait for one that does",
			"kind", kind, "rows", unknown[kind])
	}
	l.stats.unknown.Store(n)
}

// pause waits and says whether the context is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
