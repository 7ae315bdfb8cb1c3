package alert

import (
	"context"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
)

// Named fills in what the person addressed is called.
func (s *Sender) Named(ctx context.Context, c cases.Case) cases.Case {
	if c.Addressed != "" && c.AddressedName == "" {
		c.AddressedName = s.Name(ctx, servers.Key{Platform: c.Platform, Server: c.Server}, c.Addressed)
	}
	return c
}

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
