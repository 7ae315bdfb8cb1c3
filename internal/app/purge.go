package app

import (
	"context"
	"time"

	"github.com/waymark-bot/waymark/config"
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
)

// schedulePurge makes the recurring row that deletes what was kept long enough.
func (a *App) schedulePurge(ctx context.Context, tx *store.Tx) error {
	return tx.EnqueueOnce(ctx, store.LedgerRow{ID: kindPurge, Kind: kindPurge, Lane: kindPurge, Due: a.now()})
}

// purge deletes what was kept for the stated time, and comes again.
func (a *App) purge(keep config.Retention) ledger.Handler {
	return func(context.Context, store.LedgerRow) (ledger.Result, error) {
		now := a.now()
		return ledger.Result{
			Again: now.Add(purgeEvery),
			Apply: func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Purge(ctx, store.PurgeBefore{
					ClosedCases: now.Add(-keep.Cases), LooseSigns: now.Add(-keep.Signs),
					Audit: now.Add(-keep.Audit), Seen: now.Add(-keepSeen),
				})
				return err
			},
		}, nil
	}
}
