package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// each runs a test over both engines with a new database.
func each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, open func(t *testing.T) *store.DB) { test(t, open(t)) })
}

// write and read run a transaction that must succeed.
func write(t testing.TB, db *store.DB, f func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, db *store.DB, f func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// clock is a time that moves when told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestAFailedTransactionLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		sorry := errors.New("sorry")
		err := db.Write(ctx, func(tx *store.Tx) error {
			if first, err := tx.Seen(ctx, "event", time.Now()); err != nil || !first {
				t.Fatal(first, err)
			}
			return sorry
		})
		if !errors.Is(err, sorry) {
			t.Fatalf("got %v", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = db.Write(ctx, func(tx *store.Tx) error {
				if _, err := tx.Seen(ctx, "event", time.Now()); err != nil {
					t.Error(err)
				}
				panic("oops")
			})
		}()
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			first, err := tx.Seen(ctx, "event", time.Now())
			if !first {
				t.Error("a failed transaction left its event behind")
			}
			return err
		})
	})
}

func TestReadersSeeOneMomentAndNeverWrite(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		count := func(tx *store.Tx) int {
			w, err := tx.Waiting(ctx, "", "")
			if err != nil {
				t.Fatal(err)
			}
			return len(w)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			before := count(tx)
			write(t, db, func(ctx context.Context, tx *store.Tx) error {
				return tx.Enqueue(ctx, store.LedgerRow{Kind: "k"})
			})
			if after := count(tx); before != 0 || after != 0 {
				t.Errorf("the reader saw %d, then %d", before, after)
			}
			return nil
		})
		err := db.Read(ctx, func(tx *store.Tx) error { return tx.Enqueue(ctx, store.LedgerRow{Kind: "k"}) })
		if err == nil {
			t.Error("a reader wrote")
		}
		if err := db.Ping(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestMemoryKeepsNothingAndWorksLikeAFile(t *testing.T) {
	open := func() *store.DB { return storetest.Open(t, "sqlite::memory:", store.Options{}) }
	a, b := open(), open()
	write(t, a, func(ctx context.Context, tx *store.Tx) error { return tx.Enqueue(ctx, store.LedgerRow{Kind: "k"}) })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				write(t, a, func(ctx context.Context, tx *store.Tx) error { return tx.Enqueue(ctx, store.LedgerRow{Kind: "k"}) })
				read(t, a, func(ctx context.Context, tx *store.Tx) error { _, err := tx.Waiting(ctx, "", ""); return err })
			}
		})
	}
	wg.Wait()
	read(t, a, func(ctx context.Context, tx *store.Tx) error {
		w, err := tx.Waiting(ctx, "", "")
		if len(w) != 1 || w[0].Count != 161 {
			t.Errorf("got %+v", w)
		}
		return err
	})
	read(t, b, func(ctx context.Context, tx *store.Tx) error {
		w, err := tx.Waiting(ctx, "", "")
		if len(w) != 0 {
			t.Errorf("another database saw %+v", w)
		}
		return err
	})
}

func TestTheFileIsPrivateAndLeftWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my bot %41?#.db")
	db, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.Enqueue(ctx, store.LedgerRow{Kind: "k"}) })
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", suffix, info.Mode())
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		t.Error("a write-ahead log was left behind")
	}
	if err := db.Write(t.Context(), func(*store.Tx) error { return nil }); err == nil {
		t.Error("a closed database was written to")
	}
	db = storetest.Open(t, "sqlite:"+path, store.Options{})
	read(t, db, func(ctx context.Context, tx *store.Tx) error {
		if w, err := tx.Waiting(ctx, "", ""); err != nil || len(w) != 1 {
			t.Errorf("after opening again: %v, %v", w, err)
		}
		return nil
	})
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000", "secure_delete": "1",
	} {
		var got string
		if err := db.Handle().QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
		}
	}
}

func TestOneProcessPerFile(t *testing.T) {
	path := storetest.SQLite(t)
	db := storetest.Open(t, path, store.Options{})
	link := filepath.Join(t.TempDir(), "other.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		_, err := store.Open(t.Context(), name, store.Options{})
		if err == nil {
			t.Fatalf("%s was opened twice", name)
		}
		for _, part := range []string{name, fmt.Sprintf("(process %d)", os.Getpid()), "stop that one"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	storetest.Open(t, path, store.Options{})
}

// TestTheLockIsFreeAfterAKill kills a process that holds a database.
func TestTheLockIsFreeAfterAKill(t *testing.T) {
	if path := os.Getenv("STORE_TEST_HOLD"); path != "" {
		storetest.Open(t, path, store.Options{})
		fmt.Println("held")
		select {} // until killed
	}
	path := storetest.SQLite(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestTheLockIsFreeAfterAKill$")
	cmd.Env = append(os.Environ(), "STORE_TEST_HOLD="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fscanln(out, new(string)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), path, store.Options{}); err == nil {
		t.Error("opened while another process holds it")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	storetest.Open(t, path, store.Options{})
}

func TestWhatCannotBeOpenedSaysWhy(t *testing.T) {
	text := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("Dear database, ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ url, want string }{
		{"", "no database is named"},
		{"sqlite:", "no database is named"},
		{filepath.Join(t.TempDir(), "gone", "w.db"), "the folder of"},
		{t.TempDir(), "is a directory"},
		{text, "is no SQLite database"},
		{"postgres://waymark:hunter22@127.0.0.1:1/waymark", "cannot be reached"},
		{"postgres://waymark:hunter22@127.0.0.1:notaport/waymark", "cannot be read"},
		{"postgresql://waymark:hunter22%zz@localhost/waymark", "cannot be read"},
		{"postgres://waymark:hunter22@no-such-host.invalid/waymark?sslmode=hunter22", "cannot be read"},
	} {
		_, err := store.Open(t.Context(), c.url, store.Options{})
		if err == nil {
			t.Errorf("%s was opened", c.url)
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q does not say %q", c.url, err, c.want)
		}
		if strings.Contains(err.Error(), "hunter22") {
			t.Errorf("the password is in %q", err)
		}
	}
}

func TestAPasswordIsInNoError(t *testing.T) {
	url := strings.Replace(storetest.Postgres(t), "waymark@", "waymark:hunter22@", 1)
	if !strings.Contains(url, "hunter22") {
		t.Skip("the server given by " + storetest.PostgresEnv + " has its own user")
	}
	db := storetest.Open(t, url, store.Options{})
	if strings.Contains(db.Name(), "hunter22") {
		t.Errorf("the password is in %q", db.Name())
	}
	_, err := store.Open(t.Context(), strings.Replace(url, "/waymark_", "/nowhere_", 1), store.Options{})
	if err == nil || strings.Contains(err.Error(), "hunter22") || !strings.Contains(err.Error(), "refuses us") {
		t.Errorf("got %v", err)
	}
}

func TestCommitsThatEnqueueWakeEverybody(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		woken, stop := db.Woken()
		write(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.Seen(ctx, "e", time.Now()); return err })
		select {
		case <-woken:
			t.Error("woken by a commit that enqueued nothing")
		default:
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.Enqueue(ctx, store.LedgerRow{Kind: "k"}) })
		select {
		case <-woken:
		default:
			t.Error("not woken")
		}
		stop()
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.Enqueue(ctx, store.LedgerRow{Kind: "k"}) })
		select {
		case <-woken:
			t.Error("woken after the stop")
		default:
		}
	})
}

func TestReplicasWakeEachOther(t *testing.T) {
	url := storetest.Postgres(t)
	here, there := storetest.Open(t, url, store.Options{}), storetest.Open(t, url, store.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	woken, stop := here.Woken()
	defer stop()
	wg.Go(func() { here.Listen(ctx) })
	await := func(what string) {
		t.Helper()
		select {
		case <-woken:
		case <-time.After(20 * time.Second):
			t.Fatal(what)
		}
	}
	await("not woken on connecting")
	write(t, there, func(ctx context.Context, tx *store.Tx) error { return tx.Enqueue(ctx, store.LedgerRow{Kind: "k"}) })
	await("not woken by the other replica")
	kickOut(t, there)
	await("not woken on connecting again")
}

// kickOut ends all other connections to the same PostgreSQL database.
func kickOut(t *testing.T, db *store.DB) {
	t.Helper()
	_, err := db.Handle().Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err != nil {
		t.Fatal(err)
	}
}
