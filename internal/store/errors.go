package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrNotFound means that there is no such thing.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that somebody else changed the case first: read it
	// again.
	ErrConflict = errors.New("somebody else changed it first")
	// ErrPairOpen means that another case of the same author and person
	// addressed is open already.
	ErrPairOpen = errors.New("another case of the same two people is open")
	// ErrLost means that a ledger row is not this worker's any more.
	ErrLost = errors.New("another worker has taken over")
	// ErrUnavailable means that storage cannot do it at present: the disk is
	// full, the file is locked or gone, the server does not answer. The same
	// may work later; nothing of the transaction was kept, except where a
	// commit's answer was lost, which nobody can know.
	ErrUnavailable = errors.New("the database cannot be used now")

	// errRaced makes Write run the transaction again.
	errRaced = errors.New("another transaction was first")
)

// unavailable says in words what is wrong with storage.
func unavailable(doing, why string, err error) error {
	return fmt.Errorf("%s: %w: %s (%w)", doing, ErrUnavailable, why, err)
}

// explain says what was being done, and in words what is wrong where storage
// is to blame.
func explain(doing string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", doing, ErrNotFound)
	}
	if why := ailment(err); why != "" {
		return unavailable(doing, why, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// ailment says what is wrong with storage, "" where it is not to blame.
func ailment(err error) string {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return ""
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return sqliteAilment(lite.Code())
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return postgresAilment(pg.Code)
	}
	var refused *pgconn.ConnectError
	var lost net.Error
	switch {
	case errors.As(err, &refused), errors.As(err, &lost):
		return "the database server cannot be reached"
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), strings.Contains(err.Error(), "conn closed"):
		return "the connection to the database was lost"
	}
	return ""
}

// sqliteAilment reads a result code: https://sqlite.org/rescode.html
func sqliteAilment(code int) string {
	switch code & 0xff {
	case sqlite3.SQLITE_FULL:
		return "the disk is full: free some space"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "another program holds the file locked"
	case sqlite3.SQLITE_READONLY:
		return "the file may not be written: check its owner and mode"
	case sqlite3.SQLITE_IOERR:
		return "the disk does not do what it is told: it may be full or broken"
	case sqlite3.SQLITE_CANTOPEN:
		return "the file cannot be opened: check that its folder is there and may be written"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return "the file is damaged or is no SQLite database: restore a backup"
	}
	return ""
}

// postgresAilment reads a SQLSTATE:
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func postgresAilment(code string) string {
	switch {
	case code == "53100":
		return "the database server's disk is full: free some space"
	case code == "55P03":
		return "somebody else holds the row locked"
	case code == "25006":
		return "the database server is read-only: it may be a standby"
	case strings.HasPrefix(code, "53"):
		return "the database server has no room for more"
	case strings.HasPrefix(code, "57P"), code == "25P03":
		return "the database server ended the connection"
	case strings.HasPrefix(code, "08"):
		return "the connection to the database was lost"
	case strings.HasPrefix(code, "28"), code == "3D000":
		return "the database server refuses us: check user, password and database name"
	case strings.HasPrefix(code, "58"), strings.HasPrefix(code, "XX"):
		return "the database server has trouble of its own"
	}
	return ""
}

// lostRace says whether the same transaction may well succeed if run again.
func lostRace(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	return errors.Is(err, errRaced)
}

// isDuplicate says whether a unique index refused a row.
func isDuplicate(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}
