package store_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/store"
)

func TestOwnContactsAreKept(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		nurse := store.OwnContact{ID: "a", Name: "The school nurse", Where: "Room 12", Hours: "Mondays", Checked: "2026-11-23"}
		council := store.OwnContact{ID: "b", Name: "Town's council", Phone: "01632 960 001", Web: "https://example.org", Adults: true, Checked: "2026-11-23"}
		put := func(o store.OwnContacts) {
			t.Helper()
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.PutOwnContacts(ctx, "slack", "s1", o) })
		}
		get := func() (o store.OwnContacts) {
			t.Helper()
			read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				o, err = tx.OwnContacts(ctx, "slack", "s1")
				return err
			})
			return o
		}
		if o := get(); len(o.List) != 0 || o.Version != 0 {
			t.Errorf("before there were any: %+v", o)
		}
		put(store.OwnContacts{List: []store.OwnContact{nurse, council}})
		o := get()
		if want := []store.OwnContact{nurse, council}; !reflect.DeepEqual(o.List, want) || o.Version != 1 {
			t.Errorf("kept is %+v", o)
		}
		o.List = o.List[1:]
		put(o)
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			all, err := tx.OwnContactsSince(ctx, time.Time{})
			if len(all) != 1 || all[0].Server != "s1" || len(all[0].List) != 1 || all[0].List[0] != council {
				t.Errorf("changed are %+v", all)
			}
			later, errLater := tx.OwnContactsSince(ctx, all[0].At.Add(time.Millisecond))
			if len(later) != 0 {
				t.Errorf("changed later are %+v", later)
			}
			known, errKnown := tx.KnownServers(ctx, "slack")
			if len(known) != 1 {
				t.Errorf("known servers are %v", known)
			}
			return errors.Join(err, errLater, errKnown)
		})
		// What was read before the last change cannot overwrite it.
		err := db.Write(context.Background(), func(tx *store.Tx) error {
			return tx.PutOwnContacts(context.Background(), "slack", "s1", store.OwnContacts{Version: 1})
		})
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("an old list was taken: %v", err)
		}
	})
}
