package alert

import (
	"context"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
)

// markWithin is how long staff wait to see who comes from elsewhere: an alert
// without that is better than a late one.
const markWithin = 2 * time.Second

// Named fills in what the person addressed is called, and marks people and
// places that are not the server's own. What it gives is for reading.
func (s *Sender) Named(ctx context.Context, c cases.Case) cases.Case {
	k := servers.Key{Platform: c.Platform, Server: c.Server}
	if c.Addressed != "" && c.AddressedName == "" {
		c.AddressedName = s.Name(ctx, k, c.Addressed)
	}
	ctx, cancel := context.WithTimeout(ctx, markWithin)
	defer cancel()
	c.AuthorName = s.MarkedName(ctx, k, c.Author, c.AuthorName)
	c.AddressedName = s.MarkedName(ctx, k, c.Addressed, c.AddressedName)
	c.PlaceName = s.MarkedPlace(ctx, k, c.Place, c.PlaceName)
	return c
}

// MarkedName is somebody's name, with a mark where they are a guest or of
// another organisation, as far as the platform tells.
func (s *Sender) MarkedName(ctx context.Context, k servers.Key, id chat.PersonID, name string) string {
	v, ok := s.platforms[k.Platform].(chat.Visited)
	if !ok || id == "" || name == "" {
		return name
	}
	standing, err := v.Standing(ctx, k.Server, id)
	if err != nil || standing == chat.Member {
		return name
	}
	return s.texts.Say("staff.card."+string(standing), "name", name)
}

// MarkedPlace is a place's name, with a mark where it is shared with another
// organisation, as far as the platform tells.
func (s *Sender) MarkedPlace(ctx context.Context, k servers.Key, id chat.PlaceID, name string) string {
	v, ok := s.platforms[k.Platform].(chat.Visited)
	if !ok || id == "" || name == "" {
		return name
	}
	if shared, err := v.Shared(ctx, k.Server, id); err != nil || !shared {
		return name
	}
	return s.texts.Say("staff.card.shared", "place", name)
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
