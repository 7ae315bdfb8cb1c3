package app_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // the driver with which a test locks the database
)

// Whatever is wrong with storage: members still get help, staff see that
// alerts are waiting, nothing is lost once it is back, and the program lives.
func TestStorageTrouble(t *testing.T) {
	for name, trouble := range map[string]func(t *testing.T, r *running, database string) (mend func()){
		"the disk is full":          diskFull,
		"the database is locked":    locked,
		"the database file is gone": gone,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCommunity(t)
			dir := t.TempDir()
			database := filepath.Join(dir, "waymark.db")
			r := c.start(dir, database)
			eventually(t, 20*time.Second, "the program is connected", func() bool { return r.page("/readyz") == "ready\n" })
			eventually(t, 20*time.Second, "the commands are there", c.hasCommands)

			mend := trouble(t, r, database)
			c.says("alex", "general", worrying)
			c.types("robin", "general", "support", nil)
			if help := c.answer("robin", ""); !strings.Contains(help.text(), "0800 1111") {
				t.Errorf("no help while storage is down: %s", help.text())
			}
			eventually(t, 30*time.Second, "staff see that alerts are waiting", func() bool { return c.hasCard("Alerts may be waiting") })
			if s := r.page("/readyz"); !strings.Contains(s, "alerts are waiting") {
				t.Errorf("/readyz says %q", s)
			}
			if c.hasCard("Case 1") {
				t.Error("a case was told of that is not safe")
			}
			mend()
			eventually(t, 40*time.Second, "staff see that alerts arrive again", func() bool { return c.hasCard("Alerts are arriving again") })
			eventually(t, 40*time.Second, "the alert is there", func() bool { return c.hasCard("Case 1") })
			titles := c.titles()
			if n := len(slices.DeleteFunc(titles, func(s string) bool { return !strings.HasPrefix(s, "Case") })); n != 1 {
				t.Errorf("staff see %d cards", n)
			}
			select {
			case err := <-r.done:
				t.Fatalf("the program ended: %v\n%s", err, r.logs)
			default:
			}
			r.kill()
			noMarker(t, "the log", r.logs.Bytes())
		})
	}
}

// titles are those of the cards in the staff room.
func (c *community) titles() []string {
	var out []string
	for _, card := range c.cards("morgan", "staff-room") {
		out = append(out, card.title())
	}
	return out
}

func (c *community) hasCard(title string) bool {
	return slices.ContainsFunc(c.titles(), func(s string) bool { return strings.HasPrefix(s, title) })
}

// diskFull lets the program write no file any further.
func diskFull(t *testing.T, r *running, _ string) func() {
	var was unix.Rlimit
	pid := r.cmd.Process.Pid
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &was); err != nil {
		t.Skipf("the size of files cannot be limited here: %v", err)
	}
	full := was
	full.Cur = 0
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &full, nil); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &was, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// locked holds the database, as a backup tool in the wrong mode does.
func locked(t *testing.T, _ *running, database string) func() {
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "the lock is ours", func() bool {
		_, err = conn.ExecContext(context.Background(), "BEGIN IMMEDIATE")
		return err == nil
	})
	return func() {
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
}

// gone moves the database file away and back.
func gone(t *testing.T, _ *running, database string) func() {
	if err := os.Rename(database, database+".away"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Rename(database+".away", database); err != nil {
			t.Fatal(err)
		}
	}
}
