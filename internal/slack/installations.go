package slack

import (
	"context"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Installations are the workspaces that the app is installed in, where there
// can be many. Whoever keeps them encrypts the tokens at rest. Errors that a
// later attempt may mend are not *chat.Error, or not permanent ones.
type Installations interface {
	// Workspaces lists them.
	Workspaces(ctx context.Context) ([]chat.ServerID, error)
	// Token gives a workspace's bot token, "" where it has none.
	Token(ctx context.Context, server chat.ServerID) (Secret, error)
	// Save keeps a workspace's bot token in the place of an earlier one.
	Save(ctx context.Context, server chat.ServerID, token Secret) error
	// Remove forgets a workspace's token.
	Remove(ctx context.Context, server chat.ServerID) error
}
