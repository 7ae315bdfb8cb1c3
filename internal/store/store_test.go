package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

func TestSmoke(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t *testing.T) *store.DB) {
		db := open(t)
		ctx := context.Background()
		if err := db.Write(ctx, func(tx *store.Tx) error {
			return tx.Enqueue(ctx, store.LedgerRow{Kind: "k", Lane: "l"})
		}); err != nil {
			t.Fatal(err)
		}
		rows, err := db.Claim(ctx, "me", []string{"k"}, 3, 4*time.Second)
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		if err := db.Complete(ctx, rows[0], nil); err != nil {
			t.Fatal(err)
		}
	})
}
