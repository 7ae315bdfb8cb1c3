package store_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// A database can be read beside the program that works on it, and not changed.
func TestOpenToRead(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(*testing.T) string) {
		address, ctx := url(t), context.Background()
		working := storetest.Open(t, address, store.Options{})
		write(t, working, func(ctx context.Context, tx *store.Tx) error {
			c := aCase("a", "b")
			return tx.InsertCase(ctx, &c)
		})
		db, err := store.OpenToRead(ctx, address, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			all, err := tx.Cases(ctx, "playground", "s1", store.CaseFilter{})
			if len(all) != 1 {
				t.Errorf("%d cases are read", len(all))
			}
			return err
		})
		err = db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Seen(ctx, "x", db.Now())
			return err
		})
		if err == nil {
			t.Error("it was written to")
		}
	})
	_, err := store.OpenToRead(context.Background(), filepath.Join(t.TempDir(), "none.db"), store.Options{})
	if err == nil || !strings.Contains(err.Error(), "there is no database at") {
		t.Errorf("no database: %v", err)
	}
}
