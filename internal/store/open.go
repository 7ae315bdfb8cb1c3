package store

import (
	"context"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
)

// OpenCasesBy lists the cases by signals of an author, towards anybody, that
// are open or acknowledged, newest first. Within Write they are held until the
// transaction ends.
func (tx *Tx) OpenCasesBy(ctx context.Context, platform string, server chat.ServerID, author chat.PersonID) ([]cases.Case, error) {
	return list(ctx, tx, "list an author's open cases", caseFields,
		`SELECT `+caseColumns+` FROM cases WHERE platform = $1 AND server = $2 AND author = $3
			AND kind = 'signals' AND state <> 'closed' ORDER BY number DESC`+tx.hold(), platform, server, author)
}
