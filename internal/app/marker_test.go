package app_test

import (
	"bytes"
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver with which a test reads every table

	"github.com/waymark-bot/waymark/internal/playground"
)

// noMarker fails where something that we wrote holds what a member wrote.
func noMarker(t testing.TB, where string, data []byte) {
	t.Helper()
	if i := bytes.Index(data, []byte(marker)); i >= 0 {
		t.Errorf("%s holds message text at byte %d", where, i)
	}
}

func noMarkerIn(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		noMarker(t, filepath.Base(path), data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// noMarkerInPostgres reads every row of every table.
func noMarkerInPostgres(t *testing.T, url string) {
	t.Helper()
	noMarker(t, "the database", []byte(strings.Join(rowsOf(t, url), "\n")))
}

// rowsOf are all rows of all tables of a PostgreSQL database, as JSON.
func rowsOf(t *testing.T, url string) (rows []string) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables := texts(t, db, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`)
	if len(tables) == 0 {
		t.Fatal("no tables to look into")
	}
	for _, table := range tables {
		rows = append(rows, texts(t, db, `SELECT row_to_json(t)::text FROM "`+table+`" t`)...)
	}
	return rows
}

func texts(t *testing.T, db *sql.DB, query string) (out []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// What a member reports is unreadable for as long as it waits, reaches staff
// whole, and is nowhere afterwards.
func TestAReportIsSealedUntilItIsDelivered(t *testing.T) {
	c := newCommunity(t)
	dir := t.TempDir()
	r := c.start(dir, filepath.Join(dir, "waymark.db"))
	eventually(t, 20*time.Second, "the commands are there", c.hasCommands)
	c.at.Intercept(func(op playground.Op, _ *http.Request) (f playground.Fault) {
		if op == playground.OpPost {
			f.Status = http.StatusServiceUnavailable
		}
		return f
	})
	c.report("sam", map[string]string{"text": "it happened again " + marker, "who": "lead", "name": "shown"})
	c.answer("sam", "")
	eventually(t, 30*time.Second, "the report waits", func() bool { return r.waiting() != "0" && r.waiting() != "" })
	noMarkerIn(t, dir)

	c.at.Intercept(nil)
	card := c.card("jo", "dm-jo")
	eventually(t, 20*time.Second, "the lead reads it", func() bool {
		below := c.below("jo", card.ID)
		return len(below) == 1 && strings.Contains(below[0].text(), marker) && strings.Contains(below[0].text(), "Sam")
	})
	if n := len(c.cards("morgan", "staff-room")); n != 0 {
		t.Errorf("all staff see %d cards of a report to the lead", n)
	}
	eventually(t, 30*time.Second, "nothing waits any more", func() bool { return r.waiting() == "0" })
	noMarker(t, "the figures", []byte(r.page("/metrics")))
	r.kill()
	noMarkerIn(t, dir)
	noMarker(t, "the log", r.logs.Bytes())
}
