package servers

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// Contacts tell each server's own contacts without asking storage: they are
// read when the program starts and when they change. They are few and short.
type Contacts struct {
	db  *store.DB
	log *slog.Logger

	mu   sync.RWMutex
	of   map[Key][]responses.Contact
	seen time.Time // the newest change known, by the database's clock
}

// NewContacts makes Contacts. Look must run once before it knows of any.
func NewContacts(db *store.DB, log *slog.Logger) *Contacts {
	return &Contacts{db: db, log: log, of: map[Key][]responses.Contact{}}
}

// Of are a server's own contacts, in the order to show them in. They must not be
// changed.
func (c *Contacts) Of(k Key) []responses.Contact {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.of[k]
}

// Look takes over what was changed since it last looked, here or through
// another replica.
func (c *Contacts) Look(ctx context.Context) error {
	c.mu.RLock()
	since := c.seen
	c.mu.RUnlock()
	if !since.IsZero() {
		since = since.Add(-lookBack)
	}
	var changed []store.ContactsChange
	err := c.db.Read(ctx, func(tx *store.Tx) (err error) {
		changed, err = tx.OwnContactsSince(ctx, since)
		return err
	})
	if err != nil {
		return fmt.Errorf("look for changed contacts: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range changed {
		c.seen = l.At
		k := Key{l.Platform, l.Server}
		if delete(c.of, k); len(l.List) > 0 {
			c.of[k] = Shown(l.List)
		}
	}
	return nil
}

// Forget drops what is known of a server whose data was erased.
func (c *Contacts) Forget(k Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.of, k)
}

// Run looks for changes until ctx ends. What is known stays while storage is
// down.
func (c *Contacts) Run(ctx context.Context) {
	again(ctx, c.Look, func(err error) {
		c.log.Warn("changed contacts cannot be read; those known stay for now", "err", err)
	})
}

// Shown are a server's own contacts as they are shown.
func Shown(list []store.OwnContact) []responses.Contact {
	out := make([]responses.Contact, len(list))
	for i, o := range list {
		c := responses.Contact{ID: o.ID, Own: true, Name: o.Name, Where: o.Where, URL: o.Web, Hours: o.Hours, Checked: o.Checked, AdultsOnly: o.Adults}
		if o.Phone != "" {
			c.Phones = []responses.Phone{{Number: o.Phone}}
		}
		out[i] = c
	}
	return out
}
