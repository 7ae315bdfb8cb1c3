// Package storetest gives tests real databases: a new SQLite file, or a new
// database on a real PostgreSQL server that is started once for each test
// binary and ends with it, however that ends. It is for tests alone.
package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/waymark-bot/waymark/internal/store"
)

// Each runs a test over SQLite and over PostgreSQL, as subtests. Each call of
// open gives a new, empty database, closed at the end of the test.
func Each(t *testing.T, test func(t *testing.T, open func(t *testing.T) *store.DB)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url func(t *testing.T) string) {
		test(t, func(t *testing.T) *store.DB {
			t.Helper()
			return Open(t, url(t), store.Options{})
		})
	})
}

// EachURL runs a test over SQLite and over PostgreSQL, as subtests. Each call
// of url gives the address of a new, empty database, as a program's
// configuration would name it.
func EachURL(t *testing.T, test func(t *testing.T, url func(t *testing.T) string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite) })
	t.Run("postgres", func(t *testing.T) {
		Postgres(t) // skips here, before the test has begun, where there is none
		test(t, func(t *testing.T) string { return Postgres(t) })
	})
}

// SQLite gives the path of a file that is not there yet.
func SQLite(t *testing.T) (url string) {
	t.Helper()
	return filepath.Join(t.TempDir(), "waymark.db")
}

// Open opens a database and closes it at the end of the test.
func Open(t testing.TB, url string, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return db
}
