package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/store"
)

func TestInstallations(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		at := time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			for i, s := range []chat.ServerID{"T1", "T2", "T1"} {
				if err := tx.PutInstallation(ctx, "slack", s, []byte{0, 0xff, byte(i)}, at.Add(time.Duration(i)*time.Minute)); err != nil {
					return err
				}
			}
			return tx.PutInstallation(ctx, "other", "T9", []byte("x"), at)
		})
		expect := func(servers []chat.ServerID, sealed map[chat.ServerID][]byte) {
			t.Helper()
			read(t, db, func(ctx context.Context, tx *store.Tx) error {
				got, err := tx.Installations(ctx, "slack")
				if !slices.Equal(got, servers) {
					t.Errorf("the servers are %q, want %q", got, servers)
				}
				for s, want := range sealed {
					if got, err := tx.Installation(ctx, "slack", s); err != nil || !slices.Equal(got, want) {
						t.Errorf("%s has %v, %v; want %v", s, got, err, want)
					}
				}
				return err
			})
		}
		expect([]chat.ServerID{"T2", "T1"}, map[chat.ServerID][]byte{"T1": {0, 0xff, 2}, "T2": {0, 0xff, 1}, "T3": nil})

		remove := func(s chat.ServerID, until time.Time) {
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.RemoveInstallation(ctx, "slack", s, until) })
		}
		remove("T1", at.Add(time.Minute)) // it was installed again since
		remove("T2", at.Add(time.Minute))
		expect([]chat.ServerID{"T1"}, map[chat.ServerID][]byte{"T1": {0, 0xff, 2}, "T2": nil})

		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.ForgetServer(ctx, "slack", "T1") })
		expect(nil, map[chat.ServerID][]byte{"T1": nil})
	})
}
