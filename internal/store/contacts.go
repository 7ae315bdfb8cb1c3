package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// OwnContact is somebody who helps, added by a server's staff. It has a phone,
// an address or a place; the rest may be empty.
type OwnContact struct {
	ID    string `json:"id"` // within its server; safe in a button
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"` // as staff typed it
	Web   string `json:"web,omitempty"`   // https
	Where string `json:"where,omitempty"` // who, or where in the building
	Hours string `json:"hours,omitempty"`
	// Adults keeps it from members under 18.
	Adults  bool   `json:"adults,omitempty"`
	Checked string `json:"checked"` // the day on which staff last checked it, YYYY-MM-DD
}

// OwnContacts are all that a server's staff added, in the order to show them in.
type OwnContacts struct {
	List    []OwnContact
	Version int // 0 where there were never any
}

// OwnContacts gives a server's own contacts; the zero value where there are
// none. Within Write they are held until the transaction ends.
func (tx *Tx) OwnContacts(ctx context.Context, platform string, server chat.ServerID) (OwnContacts, error) {
	var o OwnContacts
	var text string
	err := tx.one(ctx, "read the contacts", []any{&o.Version, &text},
		`SELECT version, contacts FROM contacts WHERE platform = $1 AND server = $2`+tx.hold(), platform, server)
	if errors.Is(err, ErrNotFound) {
		return OwnContacts{}, nil
	}
	if err != nil {
		return OwnContacts{}, err
	}
	if err := json.Unmarshal([]byte(text), &o.List); err != nil {
		return OwnContacts{}, fmt.Errorf("read the contacts: %w", err)
	}
	return o, nil
}

// PutOwnContacts keeps a change of what was read in the same transaction. Where
// somebody changed it since, the transaction is run again.
func (tx *Tx) PutOwnContacts(ctx context.Context, platform string, server chat.ServerID, o OwnContacts) error {
	text, err := json.Marshal(o.List)
	if err != nil {
		return fmt.Errorf("keep the contacts: %w", err)
	}
	n, err := tx.exec(ctx, "keep the contacts",
		`INSERT INTO contacts (platform, server, version, contacts, changed_at) VALUES ($1, $2, $3 + 1, $4, {now})
		ON CONFLICT (platform, server) DO UPDATE SET version = excluded.version, contacts = excluded.contacts,
			changed_at = excluded.changed_at WHERE contacts.version = $3`,
		platform, server, o.Version, string(text))
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("keep the contacts: %w (%w)", ErrConflict, errRaced)
	}
	return nil
}

// ContactsChange is what a server's own contacts were changed to.
type ContactsChange struct {
	Platform string
	Server   chat.ServerID
	List     []OwnContact
	At       time.Time // by the database's clock
}

// OwnContactsSince lists the servers whose contacts were changed at that moment
// or later, by the database's clock, in order; all with the zero time.
func (tx *Tx) OwnContactsSince(ctx context.Context, since time.Time) ([]ContactsChange, error) {
	return list(ctx, tx, "list changed contacts", func(c *ContactsChange) []any {
		return []any{&c.Platform, &c.Server, contactList{&c.List}, moment{&c.At}}
	}, `SELECT platform, server, contacts, changed_at FROM contacts WHERE changed_at >= $1 ORDER BY changed_at`, since)
}

// contactList reads contacts that are stored as JSON.
type contactList struct{ list *[]OwnContact }

func (c contactList) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("contacts are stored as %T", v)
	}
	return json.Unmarshal([]byte(s), c.list)
}
