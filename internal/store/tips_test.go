package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/store"
)

// A change by staff and what the ledger notes do not undo each other.
func TestTipsAreKept(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Tips(ctx, "slack", "s1"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("before staff set any: %v", err)
			}
			return nil
		})
		want := store.Tips{Platform: "slack", Server: "s1", Place: "p", PlaceName: "general", Weekday: time.Friday, Hour: 9, Zone: "Europe/London"}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.PutTips(ctx, want), tx.MarkTip(ctx, "slack", "s1", "a-tip", noon), tx.TipTrouble(ctx, "slack", "s1", "closed"))
		})
		want.Hour, want.Last, want.LastFor = 10, "a-tip", noon
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.PutTips(ctx, want) })
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.Tips(ctx, "slack", "s1")
			if !got.LastFor.Equal(noon) {
				t.Errorf("it was for %v", got.LastFor)
			}
			if got.LastFor = noon; got != want {
				t.Errorf("kept is %+v, want %+v", got, want)
			}
			servers, errKnown := tx.KnownServers(ctx, "slack")
			if len(servers) != 1 {
				t.Errorf("known servers are %v", servers)
			}
			return errors.Join(err, errKnown)
		})
	})
}
