// Package servers owns what holds for each server: what its staff set in chat,
// over what the configuration says. It is not who may do what; that is the
// desk's.
package servers

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/store"
)

// Key names a server on a platform.
type Key struct {
	Platform string
	Server   chat.ServerID
}

// Book tells the settings of each server.
type Book struct {
	db         *store.DB
	configured map[Key]cases.Settings
	otherwise  cases.Settings

	mu     sync.Mutex
	last   map[Key]cases.Settings // for as long as storage is down
	looked bool                   // all were read once
	seen   time.Time              // the newest change known, by the database's clock
}

// New makes a Book. otherwise is what holds where neither the staff nor the
// configuration of the server say anything else: a region and a language.
func New(db *store.DB, configured map[Key]cases.Settings, otherwise cases.Settings) *Book {
	return &Book{db: db, configured: configured, otherwise: otherwise, last: map[Key]cases.Settings{}}
}

// Settings are the server's settings in force. While storage is down they are
// the last ones known, or the configuration's: help must not wait for it.
func (b *Book) Settings(ctx context.Context, k Key) cases.Settings {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var s cases.Settings
	err := b.db.Read(ctx, func(tx *store.Tx) (err error) {
		s, err = b.In(ctx, tx, k)
		return err
	})
	if err == nil {
		return s
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, ok := b.last[k]; ok {
		return s
	}
	return b.InForce(k, cases.Settings{})
}

// Remembered are the settings last read, or the configuration's, without asking
// storage: what help for members is answered with.
func (b *Book) Remembered(k Key) cases.Settings {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, ok := b.last[k]; ok {
		return s
	}
	return b.InForce(k, cases.Settings{})
}

// Look takes over what staff changed since it last looked, here or through
// another replica, so that members are shown the right country's help from the
// first moment on.
func (b *Book) Look(ctx context.Context) error {
	b.mu.Lock()
	var since time.Time
	if b.looked {
		since = b.seen.Add(-lookBack)
		// Those of which no time was ever noted are read once.
		if first := time.UnixMilli(1); since.Before(first) {
			since = first
		}
	}
	b.mu.Unlock()
	var changed []store.SettingsChange
	err := b.db.Read(ctx, func(tx *store.Tx) (err error) {
		changed, err = tx.SettingsSince(ctx, since)
		return err
	})
	if err != nil {
		return fmt.Errorf("look for changed settings: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looked = true
	for _, c := range changed {
		b.seen = c.At
		k := Key{c.Platform, c.Server}
		b.last[k] = b.InForce(k, c.Settings)
	}
	return nil
}

// Run looks for changes until ctx ends. What is known stays while storage is
// down.
func (b *Book) Run(ctx context.Context, log *slog.Logger) {
	again(ctx, b.Look, func(err error) { log.Warn("changed settings cannot be read; those known stay for now", "err", err) })
}

// In reads the settings in force within a transaction.
func (b *Book) In(ctx context.Context, tx *store.Tx, k Key) (cases.Settings, error) {
	set, _, err := tx.Settings(ctx, k.Platform, k.Server)
	if err != nil {
		return cases.Settings{}, fmt.Errorf("read the server's settings: %w", err)
	}
	s := b.InForce(k, set)
	b.mu.Lock()
	b.last[k] = s
	b.mu.Unlock()
	return s, nil
}

// Forget drops what staff set on a server whose data was erased.
func (b *Book) Forget(k Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.last, k)
}

// Known lists the servers that the configuration names.
func (b *Book) Known() []Key {
	keys := make([]Key, 0, len(b.configured))
	for k := range b.configured {
		keys = append(keys, k)
	}
	return keys
}

// InForce are the settings in force where a server's staff set these.
func (b *Book) InForce(k Key, set cases.Settings) cases.Settings {
	s := b.configured[k]
	if set.StaffPlace != "" {
		s.StaffPlace = set.StaffPlace
	}
	if set.StaffRole != "" {
		s.StaffRole = set.StaffRole
	}
	if len(set.Leads) > 0 {
		s.Leads = set.Leads
	}
	if set.Region != "" {
		s.Region = set.Region
	}
	if s.Region == "" {
		s.Region = b.otherwise.Region
	}
	if set.Language != "" {
		s.Language = set.Language
	}
	if s.Language == "" {
		s.Language = b.otherwise.Language
	}
	if set.Threshold != detect.None {
		s.Threshold = set.Threshold
	}
	if s.Threshold == detect.None {
		s.Threshold = detect.Medium
	}
	if len(set.Excluded) > 0 {
		s.Excluded = set.Excluded
	}
	if len(set.Watched) > 0 {
		s.Watched = set.Watched
	}
	s.GentleWord, s.Digest = set.GentleWord, set.Digest
	s.PausedUntil = set.PausedUntil
	return s
}
