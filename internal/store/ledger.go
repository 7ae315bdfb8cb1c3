package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/rs/xid"

	"github.com/waymark-bot/waymark/internal/chat"
)

// LedgerRow is something that has to happen later.
type LedgerRow struct {
	ID   string // assigned by Enqueue where it is empty; fits an idempotency key
	Kind string // chooses the handler
	// Lane makes rows wait for each other: only the first of a lane is ever
	// worked on, and one that waits for its next attempt holds up the rest.
	// Empty for a row that waits for nobody.
	Lane     string
	Platform string        // whom it concerns, for status; empty for none
	Server   chat.ServerID // likewise
	// Payload is the handler's own. It must never hold what somebody wrote,
	// unless encrypted.
	Payload []byte
	Due     time.Time // zero for at once

	// The rest is set by Claim.

	Since   time.Time // when it was due at first
	Attempt int       // 1 for the first; with Owner it tells a lost lease
	Owner   string
	LastErr string // why the attempt before failed; empty for none

	seq int64
}

// Enqueue adds a row to the ledger; nothing is done before the transaction is
// committed. Where the order with other changes matters, enqueue last: until
// the transaction ends, others wait who enqueue into the same lane.
func (tx *Tx) Enqueue(ctx context.Context, row LedgerRow) error {
	_, err := tx.enqueue(ctx, "", row)
	return err
}

// EnqueueOnce adds a row that exists once, whoever asks for it how often: a
// recurring one, such as the daily purge. It says whether the row was added.
func (tx *Tx) EnqueueOnce(ctx context.Context, key string, row LedgerRow) (added bool, err error) {
	if key == "" {
		return false, errors.New("enqueue once: no key")
	}
	return tx.enqueue(ctx, key, row)
}

func (tx *Tx) enqueue(ctx context.Context, once string, row LedgerRow) (bool, error) {
	if row.Kind == "" {
		return false, errors.New("enqueue: the row has no kind")
	}
	if row.ID == "" {
		row.ID = xid.New().String()
	}
	if row.Lane == "" {
		row.Lane = row.ID
	} else if err := tx.serialise(ctx, "lane", row.Lane); err != nil {
		return false, err
	}
	// In a lane's order a row must never appear before one that is there
	// already; that is why its enqueuers wait for each other above.
	n, err := tx.exec(ctx, "enqueue",
		`INSERT INTO ledger (id, kind, lane, platform, server, once, payload, since, due)
		VALUES ($1, $2, $3, $4, $5, $6, $7, {now} + $8, {now} + $9)
		ON CONFLICT (once) WHERE once <> '' DO NOTHING`,
		row.ID, row.Kind, row.Lane, row.Platform, row.Server, once, append([]byte{}, row.Payload...),
		tx.db.until(row.Due), tx.db.until(row.Due))
	if err != nil {
		return false, err
	}
	if n == 1 {
		tx.enqueued = true
	}
	return n == 1, nil
}

// until gives the milliseconds from now to then, 0 for the zero time. A time
// is always handed to the database as a distance, because its clock may differ
// from ours.
func (db *DB) until(then time.Time) int64 {
	if then.IsZero() {
		return 0
	}
	return then.UnixMilli() - db.now().UnixMilli()
}

const ledgerColumns = `seq, id, kind, lane, platform, server, payload, since, due, attempt, owner, last_error`

func ledgerFields(r *LedgerRow) []any {
	return []any{&r.seq, &r.ID, &r.Kind, &r.Lane, &r.Platform, &r.Server, &r.Payload, moment{&r.Since}, moment{&r.Due},
		&r.Attempt, &r.Owner, &r.LastErr}
}

// Claim takes at most max rows of the given kinds that are due and that nobody
// holds, the first of each lane alone, and holds them for the owner as long as
// the lease. Each claim counts as an attempt. The owner's name must be new
// with every start of a program.
func (db *DB) Claim(ctx context.Context, owner string, kinds []string, max int, lease time.Duration) ([]LedgerRow, error) {
	if owner == "" || len(kinds) == 0 || max <= 0 {
		return nil, nil
	}
	args := []any{owner, lease.Milliseconds(), max}
	for _, k := range kinds {
		args = append(args, k)
	}
	query := `WITH picked AS MATERIALIZED (
			SELECT l.seq FROM ledger l
			WHERE l.due <= {now} AND l.leased_until <= {now} AND l.kind IN (` + numbered(4, len(kinds)) + `)
			  AND NOT EXISTS (SELECT 1 FROM ledger e WHERE e.lane = l.lane AND e.seq < l.seq)
			ORDER BY l.due, l.seq LIMIT $3 {lock})
		UPDATE ledger SET owner = $1, attempt = attempt + 1, leased_until = {now} + $2
		WHERE seq IN (SELECT seq FROM picked) RETURNING ` + ledgerColumns
	var rows []LedgerRow
	err := db.Write(ctx, func(tx *Tx) (err error) {
		rows, err = list(ctx, tx, "claim", ledgerFields, query, args...)
		tx.changed = len(rows) > 0
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b LedgerRow) int { return int(a.seq - b.seq) })
	return rows, nil
}

// Renew holds a row for another lease from now.
func (db *DB) Renew(ctx context.Context, row LedgerRow, lease time.Duration) error {
	return db.Write(ctx, func(tx *Tx) error {
		return tx.fenced(ctx, "renew", row, `UPDATE ledger SET leased_until = {now} + $4`, lease.Milliseconds())
	})
}

// Complete deletes a row that is done and runs apply (nil for nothing) in the
// same transaction. ErrLost means that another worker took the row over: then
// nothing is changed.
func (db *DB) Complete(ctx context.Context, row LedgerRow, apply func(tx *Tx) error) error {
	return db.finish(ctx, "complete", row, apply, `DELETE FROM ledger`)
}

// Repeat is Complete for a row that comes again: it keeps its place and is due
// then, as if it were new.
func (db *DB) Repeat(ctx context.Context, row LedgerRow, due time.Time, apply func(tx *Tx) error) error {
	return db.finish(ctx, "repeat", row, apply,
		`UPDATE ledger SET since = {now} + $4, due = {now} + $4, attempt = 0, owner = '', leased_until = 0, last_error = ''`,
		db.until(due))
}

func (db *DB) finish(ctx context.Context, doing string, row LedgerRow, apply func(tx *Tx) error, query string, args ...any) error {
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.fenced(ctx, doing, row, query, args...); err != nil {
			return err
		}
		if apply == nil {
			return nil
		}
		return apply(tx)
	})
}

// Postpone gives a row back after a failure, to be tried again when due. The
// reason is for staff to read; it must not repeat what the row is about, and
// is cut to [MaxReason].
func (db *DB) Postpone(ctx context.Context, row LedgerRow, due time.Time, reason string) error {
	return db.Write(ctx, func(tx *Tx) error {
		return tx.fenced(ctx, "postpone", row,
			`UPDATE ledger SET due = {now} + $4, owner = '', leased_until = 0, last_error = $5`,
			db.until(due), tidyReason(reason, row.Payload))
	})
}

// Release gives a row back that was not finished and did not fail, as at the
// end of a program. Another worker may have it at once.
func (db *DB) Release(ctx context.Context, row LedgerRow) error {
	return db.Write(ctx, func(tx *Tx) error {
		tx.enqueued = true // somebody should look
		return tx.fenced(ctx, "release", row, `UPDATE ledger SET owner = '', leased_until = 0`)
	})
}

// fenced changes a row only while it is this attempt's.
func (tx *Tx) fenced(ctx context.Context, doing string, row LedgerRow, query string, args ...any) error {
	n, err := tx.exec(ctx, doing, query+` WHERE id = $1 AND owner = $2 AND attempt = $3`,
		append([]any{row.ID, row.Owner, row.Attempt}, args...)...)
	if err != nil {
		return err
	}
	if n == 0 {
		tx.db.stats.lost.Add(1)
		return fmt.Errorf("%s %s: %w", doing, row.Kind, ErrLost)
	}
	return nil
}

// reclaim frees all leases that an earlier life of this program left. On SQLite
// they can be nobody else's, because one process holds the file; on PostgreSQL,
// where they may be, they end by themselves.
func (db *DB) reclaim(ctx context.Context) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "reclaim", `UPDATE ledger SET owner = '', leased_until = 0 WHERE leased_until <> 0`)
		return err
	})
}

// MaxReason is the length, in runes, to which a failure's reason is cut.
const MaxReason = 300

// tidyReason makes a reason one short line that does not repeat the payload.
func tidyReason(reason string, payload []byte) string {
	if len(bytes.TrimSpace(payload)) > 0 {
		reason = strings.ReplaceAll(reason, string(payload), "[redacted]")
	}
	reason = strings.Join(strings.FieldsFunc(reason, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if r := []rune(reason); len(r) > MaxReason {
		reason = string(r[:MaxReason-1]) + "…"
	}
	if reason == "" {
		reason = "it failed without saying why"
	}
	return reason
}

// Waiting is what the ledger has not done yet, of one kind.
type Waiting struct {
	Kind    string
	Count   int       // rows that should have happened by now
	Since   time.Time // when the first of them was due
	Failing int       // of them, rows whose last attempt failed
	// Attempts is the highest number of attempts at one of them.
	Attempts int
	// Reason is why the oldest failing one failed; empty where none does.
	Reason string
}

// Waiting counts, by kind, the rows that are due and not done, including those
// that failed and wait for their next attempt; of one server, or (where
// platform and server are empty) of all. Kinds without any are left out.
func (tx *Tx) Waiting(ctx context.Context, platform string, server chat.ServerID) ([]Waiting, error) {
	where, args := `(due <= {now} OR last_error <> '')`, []any{}
	if platform != "" || server != "" {
		where, args = where+` AND platform = $1 AND server = $2`, []any{platform, server}
	}
	waiting, err := list(ctx, tx, "count what waits", func(w *Waiting) []any {
		return []any{&w.Kind, &w.Count, moment{&w.Since}, &w.Failing, &w.Attempts}
	}, `SELECT kind, count(*), min(since), sum(CASE WHEN last_error <> '' THEN 1 ELSE 0 END), max(attempt)
		FROM ledger WHERE `+where+` GROUP BY kind ORDER BY kind`, args...)
	if err != nil {
		return nil, err
	}
	reasons, err := list(ctx, tx, "read why it waits", func(r *[2]string) []any { return []any{&r[0], &r[1]} },
		`SELECT kind, last_error FROM ledger WHERE seq IN
			(SELECT min(seq) FROM ledger WHERE last_error <> '' AND `+where+` GROUP BY kind)`, args...)
	if err != nil {
		return nil, err
	}
	for i := range waiting {
		for _, r := range reasons {
			if r[0] == waiting[i].Kind {
				waiting[i].Reason = r[1]
			}
		}
	}
	return waiting, nil
}

// UnknownKinds counts the rows of kinds other than those given: work for a
// newer program, or left by an older one. They stay where they are.
func (tx *Tx) UnknownKinds(ctx context.Context, known []string) (map[string]int, error) {
	query, args := `SELECT kind, count(*) FROM ledger`, []any{}
	if len(known) > 0 {
		query += ` WHERE kind NOT IN (` + numbered(1, len(known)) + `)`
		for _, k := range known {
			args = append(args, k)
		}
	}
	type count struct {
		kind string
		n    int
	}
	rows, err := list(ctx, tx, "count unknown kinds", func(c *count) []any { return []any{&c.kind, &c.n} }, query+` GROUP BY kind`, args...)
	if err != nil {
		return nil, err
	}
	unknown := map[string]int{}
	for _, r := range rows {
		unknown[r.kind] = r.n
	}
	return unknown, nil
}
