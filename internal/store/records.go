package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rs/xid"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
)

func receiptFields(r *cases.Receipt) []any {
	return []any{&r.Case, &r.Place, &r.Card, &r.To, &r.Reason, moment{&r.At}}
}

// AddReceipt keeps where a case's card stands. The first receipt of a case and
// place stays; a second one changes nothing.
func (tx *Tx) AddReceipt(ctx context.Context, r cases.Receipt) error {
	_, err := tx.exec(ctx, "add receipt",
		`INSERT INTO receipts (case_id, place, card, person, reason, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		r.Case, r.Place, r.Card, r.To, r.Reason, r.At)
	return err
}

// Receipts lists where a case's card stands, oldest first.
func (tx *Tx) Receipts(ctx context.Context, caseID string) ([]cases.Receipt, error) {
	return list(ctx, tx, "list receipts", receiptFields,
		`SELECT case_id, place, card, person, reason, at FROM receipts WHERE case_id = $1 ORDER BY at, place`, caseID)
}

// RemoveReceipt forgets a card, such as one that was deleted in the chat.
func (tx *Tx) RemoveReceipt(ctx context.Context, caseID string, place chat.PlaceID) error {
	_, err := tx.exec(ctx, "remove receipt", `DELETE FROM receipts WHERE case_id = $1 AND place = $2`, caseID, place)
	return err
}

func entryFields(e *cases.Entry) []any {
	return []any{&e.ID, &e.Platform, &e.Server, &e.Case, &e.Actor, &e.ActorName, &e.Action, &e.Detail, moment{&e.At}}
}

// AddAudit keeps a line of the audit and gives it an id.
func (tx *Tx) AddAudit(ctx context.Context, e cases.Entry) error {
	_, err := tx.exec(ctx, "add audit",
		`INSERT INTO audit (id, platform, server, case_id, actor, actor_name, action, detail, at) VALUES (`+numbered(1, 9)+`)`,
		xid.New().String(), e.Platform, e.Server, e.Case, e.Actor, e.ActorName, e.Action, e.Detail, e.At)
	return err
}

// Audit lists the newest lines first, of one case or (where caseID is empty)
// of the whole server; limit 0 means all.
func (tx *Tx) Audit(ctx context.Context, platform string, server chat.ServerID, caseID string, limit int) ([]cases.Entry, error) {
	query := `SELECT id, platform, server, case_id, actor, actor_name, action, detail, at FROM audit WHERE platform = $1 AND server = $2`
	args := []any{platform, server}
	if caseID != "" {
		query += ` AND case_id = $3`
		args = append(args, caseID)
	}
	query += ` ORDER BY at DESC, id DESC`
	if limit > 0 {
		query += fmt.Sprintf(` LIMIT $%d`, len(args)+1)
		args = append(args, limit)
	}
	return list(ctx, tx, "list audit", entryFields, query, args...)
}

// Settings gives what staff decided for a server; false where they decided
// nothing yet.
func (tx *Tx) Settings(ctx context.Context, platform string, server chat.ServerID) (cases.Settings, bool, error) {
	var text string
	err := tx.one(ctx, "read settings", []any{&text},
		`SELECT settings FROM servers WHERE platform = $1 AND server = $2`, platform, server)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return cases.Settings{}, false, err
	}
	tx.remember(platform, server, text)
	if text == "" {
		return cases.Settings{}, false, nil
	}
	var s cases.Settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return cases.Settings{}, false, fmt.Errorf("read settings: %w", err)
	}
	return s, true, nil
}

// SettingsChange is what a server's settings were changed to.
type SettingsChange struct {
	Platform string
	Server   chat.ServerID
	Settings cases.Settings
	At       time.Time // by the database's clock; zero where it was never noted
}

// SettingsSince lists the servers whose staff changed their settings at that
// moment or later, by the database's clock, in order; all that ever did with the
// zero time.
func (tx *Tx) SettingsSince(ctx context.Context, since time.Time) ([]SettingsChange, error) {
	return list(ctx, tx, "list changed settings", func(c *SettingsChange) []any {
		return []any{&c.Platform, &c.Server, settingsText{&c.Settings}, moment{&c.At}}
	}, `SELECT platform, server, settings, changed_at FROM servers WHERE settings <> '' AND changed_at >= $1 ORDER BY changed_at`, since)
}

// settingsText reads settings that are stored as JSON.
type settingsText struct{ set *cases.Settings }

func (s settingsText) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("settings are stored as %T", v)
	}
	return json.Unmarshal([]byte(text), s.set)
}

// PutSettings keeps what staff decided, in the place of what was there. Where
// the transaction read the settings before and somebody changed them since, it
// is run again, so that of two changes none is lost.
func (tx *Tx) PutSettings(ctx context.Context, platform string, server chat.ServerID, s cases.Settings) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("keep settings: %w", err)
	}
	query := `INSERT INTO servers (platform, server, settings, changed_at) VALUES ($1, $2, $3, {now})
		ON CONFLICT (platform, server) DO UPDATE SET settings = excluded.settings, changed_at = excluded.changed_at`
	args := []any{platform, server, string(text)}
	if before, read := tx.settings[[2]string{platform, string(server)}]; read {
		query += ` WHERE servers.settings = $4`
		args = append(args, before)
	}
	n, err := tx.exec(ctx, "keep settings", query, args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("keep settings: %w (%w)", ErrConflict, errRaced)
	}
	tx.remember(platform, server, string(text))
	return nil
}

func (tx *Tx) remember(platform string, server chat.ServerID, settings string) {
	if tx.settings == nil {
		tx.settings = map[[2]string]string{}
	}
	tx.settings[[2]string{platform, string(server)}] = settings
}

// Seen remembers an event's key and says whether it is the first time. A
// transaction that fails leaves no trace of it.
func (tx *Tx) Seen(ctx context.Context, key string, at time.Time) (first bool, err error) {
	n, err := tx.exec(ctx, "remember event", `INSERT INTO seen (event, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, key, at)
	return n == 1, err
}

// PurgeBefore says up to when things are deleted; a zero time keeps all of
// that kind.
type PurgeBefore struct {
	ClosedCases time.Time // cases closed before then, with their signs and receipts
	LooseSigns  time.Time // signs that belong to no case, by the message's time
	Audit       time.Time
	Seen        time.Time
	Volumes     time.Time // days on which messages were counted
}

// Purged counts what was deleted.
type Purged struct{ Cases, Signs, Receipts, Audit, Seen int64 }

// Purge deletes what has been kept long enough.
func (tx *Tx) Purge(ctx context.Context, before PurgeBefore) (Purged, error) {
	var p Purged
	const closed = `IN (SELECT id FROM cases WHERE state = 'closed' AND closed_at < $1)`
	var attached int64
	for _, step := range []struct {
		count  *int64
		query  string
		before time.Time
	}{
		{&p.Receipts, `DELETE FROM receipts WHERE case_id ` + closed, before.ClosedCases},
		{&attached, `DELETE FROM signs WHERE case_id ` + closed, before.ClosedCases},
		{&p.Cases, `DELETE FROM cases WHERE id ` + closed, before.ClosedCases},
		{&p.Signs, `DELETE FROM signs WHERE case_id = '' AND at < $1`, before.LooseSigns},
		{&p.Audit, `DELETE FROM audit WHERE at < $1`, before.Audit},
		{&p.Seen, `DELETE FROM seen WHERE at < $1`, before.Seen},
	} {
		if step.before.IsZero() {
			continue
		}
		n, err := tx.exec(ctx, "purge", step.query, step.before)
		if err != nil {
			return Purged{}, err
		}
		*step.count = n
	}
	p.Signs += attached
	if !before.Volumes.IsZero() {
		if _, err := tx.exec(ctx, "purge", `DELETE FROM volumes WHERE day < $1`, DayOf(before.Volumes)); err != nil {
			return Purged{}, err
		}
	}
	return p, nil
}

// ForgetServer deletes everything that is kept of a server.
func (tx *Tx) ForgetServer(ctx context.Context, platform string, server chat.ServerID) error {
	const here = ` WHERE platform = $1 AND server = $2`
	for _, query := range []string{
		`DELETE FROM receipts WHERE case_id IN (SELECT id FROM cases` + here + `)`,
		`DELETE FROM signs` + here,
		`DELETE FROM cases` + here,
		`DELETE FROM audit` + here,
		`DELETE FROM servers` + here,
		`DELETE FROM tips` + here,
		`DELETE FROM contacts` + here,
		`DELETE FROM ledger` + here,
		`DELETE FROM installations` + here,
		`DELETE FROM wordings` + here,
		`DELETE FROM trials` + here,
		`DELETE FROM volumes` + here,
	} {
		if _, err := tx.exec(ctx, "forget server", query, platform, server); err != nil {
			return err
		}
	}
	return nil
}
