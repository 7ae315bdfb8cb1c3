package store

import (
	"context"
	"errors"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// SafeUntil says up to when everything that was written on a platform is known
// to be read; the zero time where the platform was never connected.
func (tx *Tx) SafeUntil(ctx context.Context, platform string) (time.Time, error) {
	var at time.Time
	err := tx.one(ctx, "read how far a platform was read", []any{moment{&at}},
		`SELECT safe_until FROM connections WHERE platform = $1`, platform)
	if errors.Is(err, ErrNotFound) {
		return time.Time{}, nil
	}
	return at, err
}

// SetSafeUntil notes it. It never goes back.
func (tx *Tx) SetSafeUntil(ctx context.Context, platform string, at time.Time) error {
	_, err := tx.exec(ctx, "note how far a platform was read", `INSERT INTO connections (platform, safe_until) VALUES ($1, $2)
		ON CONFLICT (platform) DO UPDATE SET safe_until = excluded.safe_until WHERE connections.safe_until < excluded.safe_until`,
		platform, at)
	return err
}

// KnownServers lists the servers of a platform of which anything is kept.
func (tx *Tx) KnownServers(ctx context.Context, platform string) ([]chat.ServerID, error) {
	return list(ctx, tx, "list the known servers", func(s *chat.ServerID) []any { return []any{s} },
		`SELECT server FROM servers WHERE platform = $1
		UNION SELECT server FROM signs WHERE platform = $1
		UNION SELECT server FROM audit WHERE platform = $1
		UNION SELECT server FROM wordings WHERE platform = $1
		UNION SELECT server FROM volumes WHERE platform = $1
		UNION SELECT server FROM contacts WHERE platform = $1
		UNION SELECT server FROM tips WHERE platform = $1`, platform)
}

// Cancel takes back the row that was enqueued once under a key, if it is
// still there.
func (tx *Tx) Cancel(ctx context.Context, key string) error {
	_, err := tx.exec(ctx, "cancel", `DELETE FROM ledger WHERE once = $1 AND once <> ''`, key)
	return err
}
