package store

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/detect"
)

// Tx is a transaction. It lives as long as the function that was given it.
type Tx struct {
	db       *DB
	tx       *sql.Tx
	writes   bool
	over     bool
	enqueued bool
	changed  bool
	settings map[[2]string]string // as read, by platform and server
}

// exec runs a statement and gives the number of rows that it touched.
func (tx *Tx) exec(ctx context.Context, doing, query string, args ...any) (int64, error) {
	res, err := tx.tx.ExecContext(ctx, tx.db.text(query), storable(args)...)
	if err != nil {
		return 0, explain(doing, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, explain(doing, err)
	}
	if n > 0 {
		tx.changed = true
	}
	return n, nil
}

// one reads a single row; ErrNotFound where there is none.
func (tx *Tx) one(ctx context.Context, doing string, into []any, query string, args ...any) error {
	if err := tx.tx.QueryRowContext(ctx, tx.db.text(query), storable(args)...).Scan(into...); err != nil {
		return explain(doing, err)
	}
	return nil
}

// list reads all rows, each into what fields points to in a new T.
func list[T any](ctx context.Context, tx *Tx, doing string, fields func(*T) []any, query string, args ...any) ([]T, error) {
	rows, err := tx.tx.QueryContext(ctx, tx.db.text(query), storable(args)...)
	if err != nil {
		return nil, explain(doing, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var t T
		if err := rows.Scan(fields(&t)...); err != nil {
			return nil, explain(doing, err)
		}
		out = append(out, t)
	}
	if err := rows.Err(); err != nil {
		return nil, explain(doing, err)
	}
	return out, nil
}

// hold is the mark that keeps a row for a transaction that will change it.
func (tx *Tx) hold() string {
	if tx.writes {
		return " {hold}"
	}
	return ""
}

// serialise makes transactions that name the same thing wait for each other
// until they end. SQLite has one writer, so that they do already.
func (tx *Tx) serialise(ctx context.Context, parts ...string) error {
	if !tx.db.dialect.postgres {
		return nil
	}
	_, err := tx.tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`,
		clean(strings.Join(parts, "\x1f")))
	if err != nil {
		return explain("wait for other transactions", err)
	}
	return nil
}

// storable turns arguments into what both engines take: times into unix
// milliseconds, named strings into clean ones.
func storable(args []any) []any {
	out := slices.Clone(args)
	for i, a := range out {
		switch a := a.(type) {
		case time.Time:
			out[i] = millis(a)
		case detect.Severity:
			out[i] = int64(a)
		case []byte:
		default:
			if v := reflect.ValueOf(a); v.Kind() == reflect.String {
				out[i] = clean(v.String())
			}
		}
	}
	return out
}

// clean keeps a name that somebody made up from failing the whole
// transaction: PostgreSQL takes neither zero bytes nor broken UTF-8.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// millis is a time as it is stored; 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment reads a stored time.
type moment struct{ t *time.Time }

func (m moment) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T", v)
	}
	*m.t = time.Time{}
	if n != 0 {
		*m.t = time.UnixMilli(n).UTC()
	}
	return nil
}

// words reads a list that is stored with commas.
type words struct{ list *[]detect.Category }

func (w words) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("a list is stored as %T", v)
	}
	*w.list = nil
	if s == "" {
		return nil
	}
	for word := range strings.SplitSeq(s, ",") {
		*w.list = append(*w.list, detect.Category(word))
	}
	return nil
}

func joined(list []detect.Category) string {
	s := make([]string, len(list))
	for i, c := range list {
		s[i] = string(c)
	}
	return strings.Join(s, ",")
}

// numbered gives the placeholders $from, $from+1 and so on for n arguments.
func numbered(from, n int) string {
	marks := make([]string, n)
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", from+i)
	}
	return strings.Join(marks, ", ")
}
