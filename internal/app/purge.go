package app

import (
	"context"
	"time"

	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/store"
)

const (
	kindPurge  = "store.purge"
	purgeEvery = 6 * time.Hour
	// keepSeen is how long keys of events are kept: longer than any platform
	// delivers the same event again (Slack retries for an hour, Discord's
	// interactions live 15 minutes).
	keepSeen = 7 * 24 * time.Hour
	// keepCounts is how long it is known how many messages a day there were.
	keepCounts = 28 * 24 * time.Hour
)

// schedulePurge makes the recurring row that deletes what was kept long enough.
func (a *App) schedulePurge(ctx context.Context, tx *store.Tx) error {
	_, err := tx.EnqueueOnce(ctx, kindPurge, store.LedgerRow{Kind: kindPurge, Due: a.now()})
	return err
}

// purge deletes what was kept for the stated time, and comes again.
func (a *App) purge(context.Context, store.LedgerRow) (ledger.Result, error) {
	now := a.now()
	return ledger.Result{
		Again: now.Add(purgeEvery),
		Apply: func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Purge(ctx, store.PurgeBefore{
				ClosedCases: now.Add(-a.keep.Cases), LooseSigns: now.Add(-a.keep.Signs),
				Audit: now.Add(-a.keep.Audit), Seen: now.Add(-keepSeen),
				Volumes: now.Add(-keepCounts),
			})
			return err
		},
	}, nil
}
