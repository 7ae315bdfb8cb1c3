package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// fails runs a write that must fail because of storage and say so.
func fails(t *testing.T, db *store.DB, want string) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		return tx.Enqueue(t.Context(), store.LedgerRow{Kind: "alert", Payload: []byte(strings.Repeat("x", 300_000))})
	})
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v, want it to say %q", err, want)
	}
	if since, err := db.Trouble(); err == nil || since.IsZero() {
		t.Error("the failure is not remembered")
	}
	if err := db.Ping(t.Context()); err == nil && !strings.Contains(want, "full") {
		t.Error("a ping does not tell of it")
	}
}

// works runs a write that must work, and checks that what was kept before is
// still there: so many rows.
func works(t *testing.T, db *store.DB, rows int) {
	t.Helper()
	enqueue(t, db, row("", "after"))
	if _, err := db.Trouble(); err != nil {
		t.Errorf("trouble is still told of: %v", err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	read(t, db, func(ctx context.Context, tx *store.Tx) error {
		w, err := tx.Waiting(ctx, "", "")
		if len(w) != 1 || w[0].Count != rows {
			t.Errorf("kept are %+v, want %d rows", w, rows)
		}
		return err
	})
}

func TestAFullDatabaseFailsClearlyAndRecovers(t *testing.T) {
	db := storetest.Open(t, storetest.SQLite(t), store.Options{})
	enqueue(t, db, row("", "before"))
	setPages := func(n int) {
		if _, err := db.Handle().Exec(fmt.Sprint("PRAGMA max_page_count = ", n)); err != nil {
			t.Fatal(err)
		}
	}
	setPages(1) // rounded up to what there is
	fails(t, db, "the disk is full")
	setPages(1 << 30)
	works(t, db, 2)
}

// TestAFullDiskFailsClearlyAndRecovers fills a small file system of its own,
// where the test may mount one.
func TestAFullDiskFailsClearlyAndRecovers(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	db := storetest.Open(t, filepath.Join(dir, "waymark.db"), store.Options{})
	enqueue(t, db, row("", "before"))
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 10<<20), 0o600); err == nil {
		t.Fatal("the file system is larger than asked for")
	}
	fails(t, db, "the disk is full")
	read(t, db, func(ctx context.Context, tx *store.Tx) error { // staff still see what waits
		w, err := tx.Waiting(ctx, "", "")
		if len(w) != 1 || w[0].Count != 1 {
			t.Errorf("got %+v", w)
		}
		return err
	})
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("with room again, the ping gave %v", err)
	}
	works(t, db, 2)
}

func TestALockedFileFailsClearlyAndRecovers(t *testing.T) {
	path := storetest.SQLite(t)
	db := storetest.Open(t, path, store.Options{})
	enqueue(t, db, row("", "before"))
	if _, err := db.Handle().Exec(`PRAGMA busy_timeout = 20`); err != nil { // so that the test need not wait 5 s
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate") // a program that knows no instance lock
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	fails(t, db, "another program holds the file locked")
	read(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.Waiting(ctx, "", ""); return err })
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	works(t, db, 2)
}

func TestAFileThatIsGoneIsNotWrittenTo(t *testing.T) {
	path := storetest.SQLite(t)
	db := storetest.Open(t, path, store.Options{})
	enqueue(t, db, row("", "before"))
	away := path + ".away"
	if err := os.Rename(path, away); err != nil {
		t.Fatal(err)
	}
	fails(t, db, "the file is gone")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, db, "another file stands in its place")
	if err := db.Read(t.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if err := os.Rename(away, path); err != nil {
		t.Fatal(err)
	}
	works(t, db, 2)
}

func TestLostConnectionsFailClearlyAndRecover(t *testing.T) {
	url := storetest.Postgres(t)
	db, other := storetest.Open(t, url, store.Options{}), storetest.Open(t, url, store.Options{})
	enqueue(t, db, row("", "before"))

	// In the midst of a transaction: nothing of it stays.
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.Enqueue(t.Context(), store.LedgerRow{Kind: "alert"}); err != nil {
			t.Error(err)
		}
		kickOut(t, other)
		return tx.Enqueue(t.Context(), store.LedgerRow{Kind: "alert"})
	})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	works(t, db, 2)

	// Between transactions: the next one gets a new connection, or says what
	// is wrong, and the one after that works.
	kickOut(t, other)
	for try := 1; ; try++ {
		err := db.Write(t.Context(), func(tx *store.Tx) error { return nil })
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrUnavailable) || try > 8 {
			t.Fatalf("try %d gave %v", try, err)
		}
	}
	works(t, db, 3)
}

func TestAReadOnlyServerFailsClearlyAndRecovers(t *testing.T) {
	url := storetest.Postgres(t)
	db, other := storetest.Open(t, url, store.Options{}), storetest.Open(t, url, store.Options{})
	enqueue(t, db, row("", "before"))
	readOnly := func(on string) {
		t.Helper()
		_, err := other.Handle().Exec(`SET default_transaction_read_only = off;
			DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = ` + on + `', current_database()); END $$`)
		if err != nil {
			t.Fatal(err)
		}
		kickOut(t, other)
	}
	readOnly("on")
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return nil }); err != nil {
		t.Logf("the first use after the connections were lost gave %v", err)
	}
	fails(t, db, "read-only")
	readOnly("off")
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return nil }); err != nil {
		t.Logf("the first use after the connections were lost gave %v", err)
	}
	works(t, db, 2)
}

func TestACancelledTransactionIsNobodysFault(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Write(ctx, func(tx *store.Tx) error {
			cancel()
			return tx.Enqueue(ctx, store.LedgerRow{Kind: "alert"})
		})
		if !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if _, err := db.Trouble(); err != nil {
			t.Errorf("got %v", err)
		}
		works(t, db, 1)
	})
}
