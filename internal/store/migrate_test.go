package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

func unmigrated(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.OpenUnmigrated(url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestEveryEarlierSchemaIsBroughtUpToDate starts from each version there ever
// was, the empty database first.
func TestEveryEarlierSchemaIsBroughtUpToDate(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(t *testing.T) string) {
		for from := range len(store.Migrations()) + 1 {
			t.Run(fmt.Sprintf("from %d", from), func(t *testing.T) {
				address := url(t)
				old := unmigrated(t, address)
				if err := old.Migrate(t.Context(), store.Migrations()[:from]); err != nil {
					t.Fatal(err)
				}
				if err := old.Close(); err != nil {
					t.Fatal(err)
				}
				db := storetest.Open(t, address, store.Options{})
				write(t, db, func(ctx context.Context, tx *store.Tx) error {
					return tx.Enqueue(ctx, store.LedgerRow{Kind: "k"})
				})
			})
		}
	})
}

// Settings of a time when nobody noted when they were set are listed once all
// are asked for, and again when they change.
func TestSettingsOfAnEarlierSchemaAreListed(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(t *testing.T) string) {
		address := url(t)
		old := unmigrated(t, address)
		steps := store.Migrations()[:6]
		steps[5] += `; INSERT INTO servers (platform, server, settings) VALUES ('slack', 's1', '{"region":"Wales"}'), ('slack', 's2', '')`
		if err := old.Migrate(t.Context(), steps); err != nil {
			t.Fatal(err)
		}
		if err := old.Close(); err != nil {
			t.Fatal(err)
		}
		db := storetest.Open(t, address, store.Options{})
		listed := func(since time.Time) (all []store.SettingsChange) {
			t.Helper()
			read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				all, err = tx.SettingsSince(ctx, since)
				return err
			})
			return all
		}
		if all := listed(time.Time{}); len(all) != 1 || all[0].Server != "s1" || all[0].Settings.Region != "Wales" || !all[0].At.IsZero() {
			t.Errorf("listed are %+v", all)
		}
		if all := listed(time.UnixMilli(1)); len(all) != 0 {
			t.Errorf("changed since are %+v", all)
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.PutSettings(ctx, "slack", "s1", cases.Settings{Region: "Scotland"})
		})
		all := listed(time.UnixMilli(1))
		if len(all) != 1 || all[0].Settings.Region != "Scotland" || all[0].At.IsZero() {
			t.Fatalf("changed since are %+v", all)
		}
		if later := listed(all[0].At.Add(time.Millisecond)); len(later) != 0 {
			t.Errorf("changed later are %+v", later)
		}
	})
}

func TestANewerSchemaIsRefused(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(t *testing.T) string) {
		address := url(t)
		db := unmigrated(t, address)
		newer := append(store.Migrations(), `CREATE TABLE tomorrow (x INTEGER)`)
		if err := db.Migrate(t.Context(), newer); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(t.Context(), address, store.Options{})
		want := fmt.Sprintf("was written by a newer version of Waymark (its schema is %d, this program knows %d)",
			len(newer), len(store.Migrations()))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say that it %s", err, want)
		}
	})
}

func TestAMigrationThatFailsChangesNothing(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(t *testing.T) string) {
		db := unmigrated(t, url(t))
		ctx := t.Context()
		first := []string{`CREATE TABLE one (x INTEGER)`}
		if err := db.Migrate(ctx, first); err != nil {
			t.Fatal(err)
		}
		bad := append(first, `CREATE TABLE two (x INTEGER); INSERT INTO two VALUES (1)`, `CREATE TABLE one (x INTEGER)`)
		if err := db.Migrate(ctx, bad); err == nil || !strings.Contains(err.Error(), "migrate to schema 3") {
			t.Fatalf("got %v", err)
		}
		good := append(first, `CREATE TABLE two (x INTEGER)`) // fails if the table was left behind
		if err := db.Migrate(ctx, good); err != nil {
			t.Error(err)
		}
	})
}

func TestReplicasThatStartTogetherMigrateOnce(t *testing.T) {
	url := storetest.Postgres(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			db, err := store.Open(context.Background(), url, store.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			_ = db.Close()
		})
	}
	wg.Wait()
}
