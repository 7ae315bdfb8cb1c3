package store

import (
	"context"
	"errors"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Installation gives the sealed token of a server that installed the bot; nil
// where there is none.
func (tx *Tx) Installation(ctx context.Context, platform string, server chat.ServerID) (sealed []byte, err error) {
	err = tx.one(ctx, "read installation", []any{&sealed},
		`SELECT sealed FROM installations WHERE platform = $1 AND server = $2`, platform, server)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return sealed, err
}

// Installations lists the servers that installed the bot.
func (tx *Tx) Installations(ctx context.Context, platform string) ([]chat.ServerID, error) {
	return list(ctx, tx, "list installations", func(s *chat.ServerID) []any { return []any{s} },
		`SELECT server FROM installations WHERE platform = $1 ORDER BY at, server`, platform)
}

// PutInstallation keeps a server's sealed token in the place of an earlier one.
func (tx *Tx) PutInstallation(ctx context.Context, platform string, server chat.ServerID, sealed []byte, at time.Time) error {
	_, err := tx.exec(ctx, "keep installation", `INSERT INTO installations (platform, server, sealed, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (platform, server) DO UPDATE SET sealed = excluded.sealed, at = excluded.at`, platform, server, sealed, at)
	return err
}

// RemoveInstallation forgets a server's token, unless it was kept later than
// the given moment: then the bot was installed again meanwhile.
func (tx *Tx) RemoveInstallation(ctx context.Context, platform string, server chat.ServerID, until time.Time) error {
	_, err := tx.exec(ctx, "remove installation",
		`DELETE FROM installations WHERE platform = $1 AND server = $2 AND at <= $3`, platform, server, until)
	return err
}
