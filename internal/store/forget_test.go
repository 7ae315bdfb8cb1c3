package store_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

var createTable = regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\)`)

// TestNoTableIsLeftOutWhenAServerIsForgotten takes away each table that holds
// something of a server: forgetting a server must miss it.
func TestNoTableIsLeftOutWhenAServerIsForgotten(t *testing.T) {
	var tables []string
	for _, m := range createTable.FindAllStringSubmatch(strings.Join(store.Migrations(), "\n"), -1) {
		if strings.Contains(m[2], "\n    server ") || strings.Contains(m[2], "\n    case_id ") {
			tables = append(tables, m[1])
		}
	}
	if !slices.Contains(tables, "receipts") || !slices.Contains(tables, "contacts") || len(tables) < 12 {
		t.Fatalf("the tables that hold something of a server are %q", tables)
	}
	for _, name := range tables {
		path := filepath.Join(t.TempDir(), "waymark.db")
		db := storetest.Open(t, path, store.Options{})
		beside, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		// #nosec G202 -- the name is one of our own tables
		if _, err := beside.ExecContext(t.Context(), "DROP TABLE "+name); err != nil {
			t.Fatal(err)
		}
		if err := beside.Close(); err != nil {
			t.Fatal(err)
		}
		err = db.Write(t.Context(), func(tx *store.Tx) error { return tx.ForgetServer(t.Context(), "playground", "s1") })
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("what %s holds of a server is never erased: %v", name, err)
		}
	}
}

// A server of which there is nothing but history is known, and so forgotten
// when the bot was removed from it.
func TestAServerWithHistoryAloneIsKnown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *store.DB) {
		db := open(t)
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.AddAudit(ctx, cases.Entry{Platform: "playground", Server: "s1", Actor: "jo", Action: "class", At: time.Now()})
		})
		var known []chat.ServerID
		err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
			known, err = tx.KnownServers(t.Context(), "playground")
			return err
		})
		if err != nil || !slices.Equal(known, []chat.ServerID{"s1"}) {
			t.Errorf("known are %q, %v", known, err)
		}
	})
}
