package alert

import (
	"context"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
)

// Name is what somebody is called now, as far as the platform tells; else
// their id. Names are asked for rather than kept.
func (s *Sender) Name(ctx context.Context, k servers.Key, id chat.PersonID) string {
	if dir, ok := s.platforms[k.Platform].(chat.Directory); ok {
		if p, err := dir.Person(ctx, k.Server, id); err == nil && p.Name != "" {
			return p.Name
		}
	}
	return string(id)
}
