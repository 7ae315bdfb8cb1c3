package app

import (
	"context"
	"fmt"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
)

// How often the platform's own filter is brought in step with the lexicon. A
// server whose staff room is not set yet is looked at again soon.
const (
	kindWords  = "filter.words"
	wordsEvery = 6 * time.Hour
	wordsSoon  = time.Minute
	// longestPhrase is what Discord's AutoMod takes.
	longestPhrase = 60
)

// planWords makes the recurring row that keeps a server's own filter in step,
// where that stands in for reading messages.
func (h *handler) planWords(ctx context.Context, tx *store.Tx, server chat.ServerID) error {
	f, ok := h.app.platform(h.platform).(chat.Filter)
	if !ok || !f.Filters() {
		return tx.Cancel(ctx, onceKey(kindWords, h.platform, server))
	}
	_, err := tx.EnqueueOnce(ctx, onceKey(kindWords, h.platform, server), store.LedgerRow{
		Kind: kindWords, Platform: h.platform, Server: server, Due: h.app.now()})
	return err
}

// keepWords brings a server's own filter in step with the lexicon.
func (a *App) keepWords(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
	f, ok := a.platform(row.Platform).(chat.Filter)
	if !ok || !f.Filters() {
		return ledger.Result{}, nil
	}
	set := a.book.Settings(ctx, servers.Key{Platform: row.Platform, Server: row.Server})
	if set.StaffPlace == "" {
		return ledger.Result{Again: a.now().Add(wordsSoon)}, nil
	}
	if _, err := f.KeepWords(ctx, row.Server, set.StaffPlace, a.phrases); err != nil {
		return ledger.Result{}, fmt.Errorf("keep the words of server %s: %w", row.Server, err)
	}
	return ledger.Result{Again: a.now().Add(wordsEvery)}, nil
}
