package store_test

import (
	"fmt"
	"testing"

	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// both runs a benchmark on each engine, with a schema that is up to date.
func both(b *testing.B, bench func(b *testing.B, db *store.DB)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, storetest.Open(b, b.TempDir()+"/waymark.db", store.Options{})) })
	b.Run("postgres", func(b *testing.B) { bench(b, storetest.Open(b, storetest.Postgres(b), store.Options{})) })
}

// BenchmarkEnqueueClaimComplete takes one row through its whole life: three
// commits, each safe on disk.
func BenchmarkEnqueueClaimComplete(b *testing.B) {
	both(b, func(b *testing.B, db *store.DB) {
		for b.Loop() {
			enqueue(b, db, row("lane", "payload"))
			if err := db.Complete(b.Context(), claim(b, db, "w", 1)[0], nil); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkClaimBehindABacklog claims while 10,000 rows wait in 50 lanes that
// are held up, as after an outage of a platform.
func BenchmarkClaimBehindABacklog(b *testing.B) {
	both(b, func(b *testing.B, db *store.DB) {
		var rows []store.LedgerRow
		for i := range 10_000 {
			rows = append(rows, row(fmt.Sprint("lane ", i%50), "payload"))
		}
		enqueue(b, db, rows...)
		claim(b, db, "busy", 50)
		for b.Loop() {
			if rows := claim(b, db, "w", 8); len(rows) != 0 {
				b.Fatal("a lane was not held up")
			}
		}
	})
}
