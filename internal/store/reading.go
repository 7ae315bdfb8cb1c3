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
)

// OpenToRead opens a database beside the program that works on it, for reading
// alone: Write fails. Its schema must be this program's.
func OpenToRead(ctx context.Context, url string, o Options) (*DB, error) {
	db := newDB(o)
	err := db.connectToRead(url)
	if err == nil {
		err = db.sameSchema(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", errors.Join(err, db.Close()))
	}
	return db, nil
}

func (db *DB) connectToRead(address string) error {
	if isPostgres(address) {
		sign := "?"
		if strings.Contains(address, "?") {
			sign = "&"
		}
		return db.openPostgres(address + sign + "default_transaction_read_only=on")
	}
	db.dialect = sqliteDialect()
	path, err := filepath.Abs(strings.TrimPrefix(address, "sqlite:"))
	if err != nil {
		return fmt.Errorf("find %s: %w", address, err)
	}
	db.name = path
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database at %s", path)
	}
	handle, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path}).String()+"?"+sqliteReads)
	if err != nil {
		return explain("open "+db.name, err)
	}
	db.read, db.write = handle, handle
	db.closers = append(db.closers, handle.Close)
	return nil
}

// sameSchema says whether this program knows how to read the database.
func (db *DB) sameSchema(ctx context.Context) error {
	return db.Read(ctx, func(tx *Tx) error {
		var version int
		err := tx.one(ctx, "read the schema's version", []any{&version}, `SELECT version FROM waymark_schema`)
		if err != nil {
			return err
		}
		if know := len(migrations()); version != know {
			return fmt.Errorf("%s has the schema %d and this program knows %d: use the version of the program that runs the bot", db.name, version, know)
		}
		return nil
	})
}
