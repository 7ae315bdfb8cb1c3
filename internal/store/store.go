// Package store owns the database: its schema, its migrations and every
// statement that is ever run on it, for SQLite and for PostgreSQL alike. It
// keeps cases, warning signs, settings, the audit and the rows of the ledger;
// it decides nothing about them. It never holds what anybody wrote.
//
// Everything happens in transactions: [DB.Write] and [DB.Read] hand out a [Tx]
// that has all the methods. The ledger's own methods ([DB.Claim] and its kin)
// are transactions by themselves.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what the store takes from its surroundings. The zero value is
// ready to use.
type Options struct {
	// Now is the clock; nil means time.Now. PostgreSQL's own clock decides
	// leases and what is due, so that replicas need not agree on the time.
	Now func() time.Time
	// Logger is told of retries and lost connections; nil keeps silent.
	Logger *slog.Logger
}

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	dialect dialect
	write   *sql.DB
	read    *sql.DB
	name    string // for people: the file's path, or host and database; no secrets
	now     func() time.Time
	log     *slog.Logger

	// present says why the database is not there; it is asked before every
	// transaction, because SQLite goes on writing to a file that was deleted.
	present func() error
	// listen waits for other replicas' commits; nil on SQLite.
	listen func(ctx context.Context, woken func()) error
	// closers run last to first.
	closers []func() error

	stats counters

	mu      sync.Mutex
	closed  bool
	flight  sync.WaitGroup // transactions that are not over
	wakers  map[chan struct{}]bool
	trouble error
	since   time.Time
}

// dialect is the little in which the two engines differ.
type dialect struct {
	postgres bool
	marks    *strings.Replacer
}

// text fills the marks of a statement: {now}, {lock} (rows that others hold
// are passed over), {hold} (the row is held until the transaction ends).
func (db *DB) text(query string) string {
	query = db.dialect.marks.Replace(query)
	if strings.Contains(query, "{now}") {
		query = strings.ReplaceAll(query, "{now}", fmt.Sprint(db.now().UnixMilli()))
	}
	return query
}

func sqliteDialect() dialect {
	return dialect{marks: strings.NewReplacer(
		"{lock}", "", "{hold}", "",
		"{serial}", "INTEGER PRIMARY KEY", "{bytes}", "BLOB")}
}

func postgresDialect() dialect {
	return dialect{postgres: true, marks: strings.NewReplacer(
		"{lock}", "FOR UPDATE OF l SKIP LOCKED", "{hold}", "FOR UPDATE",
		"{now}", "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
		"{serial}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "{bytes}", "BYTEA")}
}

// Open opens the database that url names and brings its schema up to date. A
// postgres:// or postgresql:// URL means PostgreSQL; anything else is the path
// of an SQLite file, with or without "sqlite:" before it, which is made if it
// is not there. "sqlite::memory:" keeps nothing after Close. What a killed
// program held of an SQLite file's ledger is free again at once. Errors never
// contain a password.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	db := newDB(o)
	err := db.connect(url)
	if err == nil {
		err = db.migrate(ctx, migrations())
	}
	if err == nil && !db.dialect.postgres {
		if err := db.reclaim(ctx); err != nil { // a full disk, say: they end by themselves, a little later
			db.log.Warn("the leases of the last run could not be taken back", "error", err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", errors.Join(err, db.Close()))
	}
	return db, nil
}

func newDB(o Options) *DB {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &DB{now: o.Now, log: o.Logger, wakers: map[chan struct{}]bool{}, present: func() error { return nil }}
}

func (db *DB) connect(url string) error {
	switch {
	case url == "" || url == "sqlite:":
		return errors.New("no database is named: give the path of a file, or a postgres:// URL")
	case isPostgres(url):
		return db.openPostgres(url)
	}
	return db.openSQLite(strings.TrimPrefix(url, "sqlite:"))
}

// Close waits for transactions in flight and closes the database. An SQLite
// file is left whole, without a write-ahead log beside it.
func (db *DB) Close() error {
	db.mu.Lock()
	db.closed = true
	db.mu.Unlock()
	db.flight.Wait()
	var errs []error
	for i := len(db.closers) - 1; i >= 0; i-- {
		errs = append(errs, db.closers[i]())
	}
	db.closers = nil
	return errors.Join(errs...)
}

// enter counts a transaction in, unless the database cannot be used; leave
// must follow.
func (db *DB) enter() error {
	if err := db.present(); err != nil {
		return err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return errors.New("the database is closed")
	}
	db.flight.Add(1)
	return nil
}

func (db *DB) leave() { db.flight.Done() }

// Postgres says whether the database can be shared with other replicas.
func (db *DB) Postgres() bool { return db.dialect.postgres }

// Now reads the clock of the options.
func (db *DB) Now() time.Time { return db.now() }

// Name says which database this is, for people: a path, or host and database.
// It holds no secrets.
func (db *DB) Name() string { return db.name }

// tries is how often Write runs a transaction that lost a race on PostgreSQL.
const tries = 5

// Write runs f in one transaction and commits it. On PostgreSQL f is run again
// when the transaction lost a race with another, so it must do nothing but
// what its Tx does. After a commit that enqueued rows, the ledger's workers
// are woken, here and on other replicas.
//
// Never call Write or a method of the ledger inside f: SQLite has one writer.
// Where storage fails, the error is an [ErrUnavailable].
func (db *DB) Write(ctx context.Context, f func(tx *Tx) error) error {
	for try := 1; ; try++ {
		err := db.writeOnce(ctx, f)
		if err == nil {
			return nil
		}
		db.noteFailure(err)
		if try == tries || ctx.Err() != nil || !lostRace(err) {
			return err
		}
		db.stats.retries.Add(1)
		if !pause(ctx, time.Duration(try)*time.Duration(5+rand.IntN(20))*time.Millisecond) {
			return err
		}
	}
}

func (db *DB) writeOnce(ctx context.Context, f func(tx *Tx) error) (err error) {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.leave()
	t, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return explain("begin transaction", err)
	}
	tx := &Tx{db: db, tx: t, writes: true}
	defer func() {
		if !tx.over {
			_ = t.Rollback() // f failed or panicked; its own error matters more
		}
	}()
	if err := f(tx); err != nil {
		return err
	}
	if tx.enqueued && db.dialect.postgres {
		if _, err := tx.exec(ctx, "notify", `SELECT pg_notify($1, '')`, wakeChannel); err != nil {
			return err
		}
	}
	tx.over = true
	if err := t.Commit(); err != nil {
		return explain("commit", err)
	}
	if tx.changed {
		db.stats.commits.Add(1)
		db.noteSuccess()
	}
	if tx.enqueued {
		db.wake()
	}
	return nil
}

// Read runs f in a transaction that sees the database as it was at one moment
// and changes nothing. It does not wait for writers.
func (db *DB) Read(ctx context.Context, f func(tx *Tx) error) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.leave()
	o := &sql.TxOptions{ReadOnly: true}
	if db.dialect.postgres {
		o.Isolation = sql.LevelRepeatableRead
	}
	t, err := db.read.BeginTx(ctx, o)
	if err != nil {
		return explain("begin transaction", err)
	}
	defer func() { _ = t.Rollback() }()
	return f(&Tx{db: db, tx: t})
}

// Ping says whether the database can be used. After a failed write it tries a
// real one, so that it tells when a full disk has room again.
func (db *DB) Ping(ctx context.Context) error {
	probe := func(tx *Tx) error { // SQLite writes nothing where nothing differs, so something must
		_, err := tx.exec(ctx, "probe", `INSERT INTO seen (event, at) VALUES ('probe', $1)
			ON CONFLICT (event) DO UPDATE SET at = seen.at + 1`, db.now())
		return err
	}
	if _, err := db.Trouble(); err != nil {
		return db.Write(ctx, probe)
	}
	return db.Read(ctx, func(tx *Tx) error {
		var v int
		return tx.one(ctx, "probe", []any{&v}, `SELECT version FROM waymark_schema`)
	})
}

// Trouble gives the failure of storage that no write has overcome since, and
// when it began; nil when the last write went well.
func (db *DB) Trouble() (since time.Time, err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.since, db.trouble
}

func (db *DB) noteFailure(err error) {
	if !errors.Is(err, ErrUnavailable) {
		return
	}
	db.stats.failures.Add(1)
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.trouble == nil {
		db.since = db.now()
	}
	db.trouble = err
}

func (db *DB) noteSuccess() {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.trouble, db.since = nil, time.Time{}
}

// Checkpoint brings an SQLite file up to date and empties its write-ahead log,
// so that what was deleted is nowhere on disk any more. On PostgreSQL, where
// the server looks after that, it does nothing.
func (db *DB) Checkpoint(ctx context.Context) error {
	if db.dialect.postgres {
		return nil
	}
	if err := db.enter(); err != nil {
		return err
	}
	defer db.leave()
	var busy, log, moved int
	err := db.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved)
	if err != nil {
		return explain("checkpoint", err)
	}
	if busy != 0 {
		return unavailable("checkpoint", "readers are still at work", errors.New("checkpoint is busy"))
	}
	return nil
}

// Woken gives a channel that receives after every commit that enqueued rows,
// here or (while [DB.Listen] runs) on another replica. Several commits may be
// one receipt. Stop ends it.
func (db *DB) Woken() (woken <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	db.mu.Lock()
	db.wakers[ch] = true
	db.mu.Unlock()
	return ch, func() {
		db.mu.Lock()
		delete(db.wakers, ch)
		db.mu.Unlock()
	}
}

func (db *DB) wake() {
	db.mu.Lock()
	defer db.mu.Unlock()
	for ch := range db.wakers {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Listen passes on other replicas' commits to [DB.Woken] until ctx ends. It
// survives lost connections; while it has none, nobody is woken. On SQLite,
// which has no other replicas, it only waits.
func (db *DB) Listen(ctx context.Context) {
	if db.listen == nil {
		<-ctx.Done()
		return
	}
	for wait := time.Second; ; {
		start := time.Now()
		err := db.listen(ctx, db.wake)
		if ctx.Err() != nil {
			return
		}
		if time.Since(start) > time.Minute {
			wait = time.Second
		}
		db.log.Warn("the database's notifications are lost; polling goes on", "error", err, "retry_in", wait)
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, time.Minute)
	}
}

// Stats counts what the store did since it was opened.
type Stats struct {
	Commits  int64 // transactions that changed something
	Retries  int64 // transactions run again because another was first
	Failures int64 // transactions that storage could not do
	Lost     int64 // ledger rows that another worker had taken over
}

type counters struct{ commits, retries, failures, lost atomic.Int64 }

// Stats gives the counts.
func (db *DB) Stats() Stats {
	return Stats{
		Commits:  db.stats.commits.Load(),
		Retries:  db.stats.retries.Load(),
		Failures: db.stats.failures.Load(),
		Lost:     db.stats.lost.Load(),
	}
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
