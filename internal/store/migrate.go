package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations gives the schema's steps in order; the first makes version 1.
func migrations() []string {
	entries, err := migrationFiles.ReadDir("migrations") // sorted by name
	if err != nil {
		panic(err) // embedded at build: cannot fail
	}
	steps := make([]string, len(entries))
	for i, e := range entries {
		b, err := migrationFiles.ReadFile("migrations/" + e.Name())
		if err != nil {
			panic(err)
		}
		steps[i] = string(b)
	}
	return steps
}

// migrate brings the schema up to date in one transaction: all of it or
// nothing. Replicas that start together wait for each other.
func (db *DB) migrate(ctx context.Context, steps []string) error {
	err := db.Write(ctx, func(tx *Tx) error {
		if db.dialect.postgres {
			// Waiting for another replica's migration is no failure.
			if _, err := tx.exec(ctx, "migrate", `SET LOCAL lock_timeout = 0`); err != nil {
				return err
			}
		}
		if err := tx.serialise(ctx, "migrate"); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, "migrate", `CREATE TABLE IF NOT EXISTS waymark_schema (version INTEGER NOT NULL)`); err != nil {
			return err
		}
		var version int
		err := tx.one(ctx, "migrate", []any{&version}, `SELECT version FROM waymark_schema`)
		if errors.Is(err, ErrNotFound) {
			_, err = tx.exec(ctx, "migrate", `INSERT INTO waymark_schema (version) VALUES (0)`)
		}
		if err != nil {
			return err
		}
		if version > len(steps) {
			return fmt.Errorf("%s was written by a newer version of Waymark (its schema is %d, this program knows %d): "+
				"run that version, or restore a backup made before it", db.name, version, len(steps))
		}
		if version == len(steps) {
			return nil
		}
		for i, step := range steps[version:] {
			doing := fmt.Sprintf("migrate to schema %d", version+i+1)
			if _, err := tx.exec(ctx, doing, step); err != nil {
				return err
			}
		}
		_, err = tx.exec(ctx, "migrate", `UPDATE waymark_schema SET version = $1`, len(steps))
		return err
	})
	return err
}
