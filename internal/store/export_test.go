package store

import (
	"context"
	"database/sql"
)

// For tests of this folder alone.

func (db *DB) Migrate(ctx context.Context, steps []string) error { return db.migrate(ctx, steps) }

// OpenUnmigrated is Open without the schema.
func OpenUnmigrated(url string, o Options) (*DB, error) {
	db := newDB(o)
	return db, db.connect(url)
}

func Migrations() []string { return migrations() }

// Handle is the connection that writes, for what a test does behind the
// store's back.
func (db *DB) Handle() *sql.DB { return db.write }

func TidyReason(reason string, payload []byte) string { return tidyReason(reason, payload) }
