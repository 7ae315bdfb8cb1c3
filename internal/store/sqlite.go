package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rs/xid"
)

// The settings were measured: WAL with synchronous FULL loses nothing when the
// power goes; immediate transactions on one write handle never meet a locked
// file; four readers beside it wait for nobody. secure_delete overwrites what
// is deleted.
const (
	sqliteCommon = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=secure_delete(1)"
	sqliteWrites = sqliteCommon + "&_txlock=immediate"
	sqliteReads  = sqliteCommon + "&_pragma=query_only(1)"

	sqliteReaders = 4
)

func (db *DB) openSQLite(path string) error {
	db.dialect = sqliteDialect()
	if path == ":memory:" {
		return db.openMemory()
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("find %s: %w", path, err)
	}
	db.name = path
	file, err := createPrivate(path)
	if err != nil {
		return err
	}
	unlock, err := lockInstance(path)
	if err != nil {
		return err
	}
	db.closers = append(db.closers, unlock)
	db.present = func() error { return sameFile(path, file) }
	return db.openHandles((&url.URL{Scheme: "file", Path: path}).String() + "?")
}

// openMemory opens a database of this process alone. It lives as long as one
// connection to it is open, so one is kept.
func (db *DB) openMemory() error {
	db.name = "memory"
	if err := db.openHandles("file:/" + xid.New().String() + "?vfs=memdb&"); err != nil {
		return err
	}
	anchor, err := db.read.Conn(context.Background())
	if err != nil {
		return explain("open memory", err)
	}
	db.closers = append(db.closers, anchor.Close)
	db.read.SetMaxOpenConns(sqliteReaders + 1)
	return nil
}

func (db *DB) openHandles(dsn string) error {
	for _, h := range []struct {
		into  **sql.DB
		query string
		conns int
	}{{&db.write, sqliteWrites, 1}, {&db.read, sqliteReads, sqliteReaders}} { // the writer is closed last, and tidies up
		handle, err := sql.Open("sqlite", dsn+h.query)
		if err != nil {
			return explain("open "+db.name, err)
		}
		handle.SetMaxOpenConns(h.conns)
		handle.SetMaxIdleConns(h.conns)
		*h.into = handle
		db.closers = append(db.closers, handle.Close)
	}
	return nil
}

// createPrivate makes the file where it is not there, so that only its owner
// can read it; SQLite gives the files beside it the same mode.
func createPrivate(path string) (fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the folder of %s is not there: make it, or name another place", path)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s may not be written by this user: check the owner and mode of the file and its folder", path)
	case err != nil:
		return nil, err
	}
	defer f.Close()
	return f.Stat()
}

// sameFile says why the file that was opened is not at its path any more.
// SQLite would go on writing to a deleted file, and lose it all at the end.
func sameFile(path string, opened fs.FileInfo) error {
	now, err := os.Stat(path)
	if err != nil {
		return unavailable("reach "+path, "the file is gone: put it back, or stop the program first if it is to be left out", err)
	}
	if !os.SameFile(opened, now) {
		return unavailable("reach "+path, "another file stands in its place: put the first one back, or start the program again",
			errors.New("the file was replaced"))
	}
	return nil
}

// lockInstance makes sure that one process alone works on the file: leases
// left by a killed one can then be taken back at once. The kernel frees the
// lock whatever becomes of the process.
func lockInstance(path string) (unlock func() error, err error) {
	real, err := filepath.EvalSymlinks(path) // two names of one file need one lock
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", path, err)
	}
	name := real + ".lock"
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the lock beside the database: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder := holderOf(name)
		f.Close()
		return nil, fmt.Errorf("another waymark%s works on %s: stop that one, or give this one a database of its own", holder, path)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	// The number is for people alone; the kernel's lock is what counts.
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return f.Close, nil
}

func holderOf(lock string) string {
	b, err := os.ReadFile(lock)
	if pid := strings.TrimSpace(string(b)); err == nil && pid != "" {
		return " (process " + pid + ")"
	}
	return ""
}
