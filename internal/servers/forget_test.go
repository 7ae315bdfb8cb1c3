package servers_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// What is held ready of a server goes with what is kept of it: one that lets
// the bot in again begins anew.
func TestAForgottenServerBeginsAnew(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *store.DB) {
		db, k, other, ctx := open(t), server(1), server(2), t.Context()
		words, contacts := servers.NewWords(db, rules(t), slog.New(slog.DiscardHandler)), servers.NewContacts(db, slog.New(slog.DiscardHandler))
		book := servers.New(db, nil, cases.Settings{Region: "unknown"})
		write := func(f func(ctx context.Context, tx *store.Tx) error) {
			t.Helper()
			if err := db.Write(ctx, func(tx *store.Tx) error { return f(ctx, tx) }); err != nil {
				t.Fatal(err)
			}
		}
		look := func() {
			t.Helper()
			if err := words.Look(ctx); err != nil {
				t.Fatal(err)
			}
			if err := contacts.Look(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for _, k := range []servers.Key{k, other} {
			add(t, db, k, "meet at the bandstand")
			write(func(ctx context.Context, tx *store.Tx) error {
				if err := tx.PutSettings(ctx, k.Platform, k.Server, cases.Settings{Region: "Wales"}); err != nil {
					return err
				}
				return tx.PutOwnContacts(ctx, k.Platform, k.Server, store.OwnContacts{List: []store.OwnContact{{ID: "c", Name: "School counsellor", Where: "Room 12"}}})
			})
		}
		look()
		for _, k := range []servers.Key{k, other} {
			if book.Settings(ctx, k).Region != "Wales" || overlay(t, words, k) == nil || len(contacts.Of(k)) != 1 {
				t.Fatal("what staff set does not hold")
			}
		}

		anew := servers.New(db, nil, cases.Settings{Region: "unknown"}) // as after a start
		if err := anew.Look(ctx); err != nil {
			t.Fatal(err)
		}
		if got := anew.Remembered(k); got.Region != "Wales" {
			t.Errorf("after a start, before anything was read of it, the region is %q", got.Region)
		}

		write(func(ctx context.Context, tx *store.Tx) error { return tx.ForgetServer(ctx, k.Platform, k.Server) })
		words.Forget(k)
		contacts.Forget(k)
		book.Forget(k)
		look()
		if r := book.Remembered(k).Region; r != "unknown" {
			t.Errorf("the region is still %s", r)
		}
		if live, err := words.Live(ctx, k); overlay(t, words, k) != nil || err != nil || len(live) > 0 {
			t.Error("its staff's phrases still hold")
		}
		if n := len(contacts.Of(k)); n != 0 {
			t.Errorf("%d of its staff's contacts are still shown", n)
		}
		if book.Remembered(other).Region != "Wales" || overlay(t, words, other) == nil || len(contacts.Of(other)) != 1 {
			t.Error("another server's are gone too")
		}
	})
}
