package app

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

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
	phrases, err := a.filtered(ctx, servers.Key{Platform: row.Platform, Server: row.Server})
	if err != nil {
		return ledger.Result{}, err
	}
	if _, err := f.KeepWords(ctx, row.Server, set.StaffPlace, phrases); err != nil {
		return ledger.Result{}, fmt.Errorf("keep the words of server %s: %w", row.Server, err)
	}
	return ledger.Result{Again: a.now().Add(wordsEvery)}, nil
}

// filtered are the phrases for a server's own filter: its staff's first.
func (a *App) filtered(ctx context.Context, k servers.Key) ([]string, error) {
	own, err := a.words.Live(ctx, k)
	if err != nil {
		return nil, err
	}
	own = slices.DeleteFunc(own, func(p string) bool { return utf8.RuneCountInString(p) > longestPhrase })
	return append(own, a.phrases...), nil
}

// replanWords brings a server's own filter in step soon after its staff changed
// its words.
func (a *App) replanWords(ctx context.Context, tx *store.Tx, k servers.Key) error {
	if err := tx.Cancel(ctx, onceKey(kindWords, k.Platform, k.Server)); err != nil {
		return err
	}
	return (&handler{app: a, platform: k.Platform}).planWords(ctx, tx, k.Server)
}

// How often it is kept how many messages were read; and how long that may take
// at the end.
const (
	volumesEvery = 10 * time.Minute
	volumesAtEnd = 5 * time.Second
)

// keepVolumes keeps, until ctx ends, how many messages were read on each
// server: numbers alone, from which staff see what a phrase would mean.
func (a *App) keepVolumes(ctx context.Context) {
	tick := time.NewTicker(volumesEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		keeping, stop := context.WithTimeout(context.WithoutCancel(ctx), volumesAtEnd)
		for _, w := range a.watch {
			if err := w.KeepVolumes(keeping); err != nil {
				a.log.Warn("how many messages were read cannot be kept yet", "err", err)
			}
		}
		stop()
	}
}
