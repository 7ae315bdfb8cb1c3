package app

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/slack"
	"github.com/waymark-bot/waymark/internal/store"
)

// onSlack is Slack's name in the database.
const onSlack = "slack"

// installations keeps the tokens of Slack's workspaces in the database. Each is
// sealed together with the workspace's id, so that a row that is moved to
// another workspace cannot be opened.
type installations struct {
	db   *store.DB
	aead cipher.AEAD
	now  func() time.Time
}

var _ slack.Installations = (*installations)(nil)

// openInstallations says at the start where a token was sealed with another
// key: later, that workspace would go unwatched.
func openInstallations(ctx context.Context, cfg config.Config, db *store.DB) (*installations, error) {
	key, err := cfg.Key(config.ForTokens)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	x := &installations{db: db, aead: aead, now: time.Now}
	servers, err := x.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, s := range servers {
		_, err := x.Token(ctx, s)
		errs = append(errs, err)
	}
	return x, errors.Join(errs...)
}

// Workspaces lists those that installed the bot.
func (x *installations) Workspaces(ctx context.Context) (servers []chat.ServerID, err error) {
	err = x.db.Read(ctx, func(tx *store.Tx) error {
		servers, err = tx.Installations(ctx, onSlack)
		return err
	})
	return servers, err
}

// Token gives a workspace's token, "" where it has none.
func (x *installations) Token(ctx context.Context, server chat.ServerID) (slack.Secret, error) {
	var sealed []byte
	err := x.db.Read(ctx, func(tx *store.Tx) (err error) {
		sealed, err = tx.Installation(ctx, onSlack, server)
		return err
	})
	if err != nil || sealed == nil {
		return "", err
	}
	token, err := x.aead.Open(nil, nil, sealed, bound(server))
	if err != nil {
		return "", &chat.Error{Op: "open the token of workspace " + string(server), Permanent: true,
			Err: errors.New("it was sealed with another secret_key; set the one that was used then")}
	}
	return slack.Secret(token), nil
}

// Save keeps a workspace's token.
func (x *installations) Save(ctx context.Context, server chat.ServerID, token slack.Secret) error {
	sealed := x.aead.Seal(nil, nil, []byte(token), bound(server))
	return x.db.Write(ctx, func(tx *store.Tx) error {
		return tx.PutInstallation(ctx, onSlack, server, sealed, x.now())
	})
}

// Remove forgets a workspace's token that was saved up to a moment.
func (x *installations) Remove(ctx context.Context, server chat.ServerID, until time.Time) error {
	return x.db.Write(ctx, func(tx *store.Tx) error { return tx.RemoveInstallation(ctx, onSlack, server, until) })
}

// Once says whether a key is seen for the first time.
func (x *installations) Once(ctx context.Context, key string) (first bool, err error) {
	err = x.db.Write(ctx, func(tx *store.Tx) error {
		first, err = tx.Seen(ctx, "slack/install/"+key, x.now())
		return err
	})
	return first, err
}

// bound is what a sealed token belongs to.
func bound(server chat.ServerID) []byte { return []byte(onSlack + "/" + string(server)) }
