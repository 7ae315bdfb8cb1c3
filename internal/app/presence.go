package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
)

// How far back a gap is read. A day without the bot is caught up with in full
// by nearly every server; what is older is rarely still to be acted on, and
// each page costs one of the platform's requests.
const (
	catchUpMost  = 72 * time.Hour
	catchUpEach  = 2000 // messages of one place
	catchUpPage  = 100
	catchUpEarly = time.Minute // the platform's clock may differ from ours
	noteSafe     = 5 * time.Second
	// forgetAfter is how long a server's data is kept after the bot was
	// removed: long enough to undo a mistake.
	forgetAfter = 30 * 24 * time.Hour

	kindCatchUp = "watch.catchup"
	kindForget  = "server.forget"
)

var _ chat.Presence = (*handler)(nil)

// gap is the payload of a catch-up row.
type gap struct {
	Since time.Time `json:"since"`
}

// Present makes the row that reads what may have been missed, and takes back
// the one that would forget the server.
func (h *handler) Present(ctx context.Context, server chat.ServerID, since time.Time) error {
	if since.IsZero() {
		since = h.app.lastRun[h.platform]
	}
	err := h.app.db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Cancel(ctx, onceKey(kindForget, h.platform, server)); err != nil {
			return err
		}
		if err := h.planWords(ctx, tx, server); err != nil {
			return err
		}
		if err := h.app.desk.PlanContactsAge(ctx, tx, servers.Key{Platform: h.platform, Server: server}); err != nil {
			return err
		}
		payload, err := json.Marshal(gap{Since: since})
		if err != nil {
			return fmt.Errorf("write the ledger row: %w", err)
		}
		_, err = tx.EnqueueOnce(ctx, onceKey(kindCatchUp, h.platform, server), store.LedgerRow{
			Kind: kindCatchUp, Platform: h.platform, Server: server, Payload: payload, Due: h.app.now()})
		return err
	})
	if err != nil {
		return fmt.Errorf("plan to catch up with server %s: %w", server, err)
	}
	return nil
}

// Absent plans to forget a server that the bot was removed from.
func (h *handler) Absent(ctx context.Context, server chat.ServerID) error {
	err := h.app.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.EnqueueOnce(ctx, onceKey(kindForget, h.platform, server), store.LedgerRow{
			Kind: kindForget, Platform: h.platform, Server: server, Due: h.app.now().Add(forgetAfter)})
		return err
	})
	if err != nil {
		return fmt.Errorf("plan to forget server %s: %w", server, err)
	}
	return nil
}

// missAbsent plans to forget the servers that the bot was removed from while
// it did not run.
func (h *handler) missAbsent(ctx context.Context, p chat.Platform) error {
	m, ok := p.(chat.Membership)
	if !ok {
		return nil
	}
	now, err := m.Servers(ctx)
	if err != nil {
		return fmt.Errorf("list the servers that the bot is in: %w", err)
	}
	var known []chat.ServerID
	err = h.app.db.Read(ctx, func(tx *store.Tx) (err error) {
		known, err = tx.KnownServers(ctx, h.platform)
		return err
	})
	if err != nil {
		return fmt.Errorf("list the servers of which anything is kept: %w", err)
	}
	for _, server := range known {
		if !slices.Contains(now, server) {
			if err := h.Absent(ctx, server); err != nil {
				return err
			}
		}
	}
	return nil
}

func onceKey(kind, platform string, server chat.ServerID) string {
	return kind + "/" + platform + "/" + string(server)
}

// forget deletes everything that is kept of a server, and drops what is held
// ready of it: a server that lets the bot in again begins anew.
func (a *App) forget(_ context.Context, row store.LedgerRow) (ledger.Result, error) {
	return ledger.Result{Apply: func(ctx context.Context, tx *store.Tx) error {
		if err := tx.ForgetServer(ctx, row.Platform, row.Server); err != nil {
			return err
		}
		k := servers.Key{Platform: row.Platform, Server: row.Server}
		a.words.Forget(k)
		a.contacts.Forget(k)
		a.book.Forget(k)
		return nil
	}}, nil
}

// catchUp reads what was written on a server while nobody read it, the places
// with the newest messages first. What was read before raises nothing again.
func (a *App) catchUp(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
	var g gap
	if err := json.Unmarshal(row.Payload, &g); err != nil {
		return ledger.Result{}, fmt.Errorf("read the ledger row's payload: %w", err)
	}
	platform := a.platform(row.Platform)
	if platform == nil {
		return ledger.Result{}, fmt.Errorf("%s is not configured any more", row.Platform)
	}
	since := g.Since.Add(-catchUpEarly)
	if oldest := a.now().Add(-catchUpMost); since.Before(oldest) {
		since = oldest
	}
	places, err := platform.Places(ctx, row.Server)
	if err != nil {
		return ledger.Result{}, fmt.Errorf("list the places to catch up with: %w", err)
	}
	set := a.book.Settings(ctx, servers.Key{Platform: row.Platform, Server: row.Server})
	places = slices.DeleteFunc(places, func(p chat.Place) bool {
		return !set.Watches(p) || !p.Latest.IsZero() && p.Latest.Before(since)
	})
	slices.SortStableFunc(places, func(x, y chat.Place) int { return y.Latest.Compare(x.Latest) })
	var errs []error
	for _, p := range places {
		if err := a.catchUpPlace(ctx, platform, p, since); err != nil && !chat.IsPermanent(err) {
			errs = append(errs, fmt.Errorf("catch up with place %s: %w", p.ID, err))
			if chat.RetryAfter(err) > 0 || ctx.Err() != nil {
				break // the platform wants us to wait; what was read is not read twice for nothing
			}
		}
	}
	return ledger.Result{}, errors.Join(errs...)
}

// catchUpPlace reads one place from a moment on, oldest first, so that a
// build-up adds up as it was written.
func (a *App) catchUpPlace(ctx context.Context, platform chat.Platform, p chat.Place, since time.Time) error {
	var last chat.MessageID
	for read := 0; read < catchUpEach; {
		page, err := platform.After(ctx, p.Server, p.ID, last, since, catchUpPage)
		if err != nil {
			return err
		}
		for _, m := range page {
			if err := a.watch[platform.Name()].Message(ctx, platform.Name(), m); err != nil {
				return err
			}
			last = m.ID
		}
		read += len(page)
		if len(page) < catchUpPage {
			return nil
		}
	}
	return nil
}

func (a *App) platform(name string) chat.Platform {
	for _, l := range a.links {
		if l.platform.Name() == name {
			return l.platform
		}
	}
	return nil
}

// readLastRun reads how far each platform was read when the program last ran.
func (a *App) readLastRun(ctx context.Context) error {
	a.lastRun = map[string]time.Time{}
	return a.db.Write(ctx, func(tx *store.Tx) error {
		for _, l := range a.links {
			at, err := tx.SafeUntil(ctx, l.platform.Name())
			if err != nil {
				return err
			}
			if at.IsZero() { // the first run: nothing before it was ours to read
				at = a.now()
				if err := tx.SetSafeUntil(ctx, l.platform.Name(), at); err != nil {
					return err
				}
			}
			a.lastRun[l.platform.Name()] = at
		}
		return nil
	})
}

// noteSafeUntil notes, until ctx ends, how far each platform is read, as long
// as it is connected.
func (a *App) noteSafeUntil(ctx context.Context) {
	tick := time.NewTicker(noteSafe)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := a.db.Write(ctx, func(tx *store.Tx) error {
			for _, l := range a.links {
				m, ok := l.platform.(chat.Monitored)
				if !ok || !m.Connected() {
					continue
				}
				if err := tx.SetSafeUntil(ctx, l.platform.Name(), a.watch[l.platform.Name()].SafeUntil()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil && ctx.Err() == nil {
			a.log.Warn("how far the platforms are read could not be noted", "err", err)
		}
	}
}
