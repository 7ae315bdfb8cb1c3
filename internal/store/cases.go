package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/xid"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
)

const signColumns = `id, platform, server, place, place_name, message, link, author, addressed, rule, category, weight, at, case_id`

func signFields(s *cases.Sign) []any {
	return []any{&s.ID, &s.Platform, &s.Server, &s.Place, &s.PlaceName, &s.Message, &s.Link, &s.Author, &s.Addressed,
		&s.Rule, &s.Category, &s.Weight, moment{&s.At}, &s.Case}
}

// AddSigns keeps new signs and gives back those that were not there yet, with
// their ids, in the order given. A sign is known by its platform, server,
// place, message and rule. Until the transaction ends, nobody else adds signs
// of the same authors: what [Tx.SignsBy] then tells is complete.
func (tx *Tx) AddSigns(ctx context.Context, signs []cases.Sign) (added []cases.Sign, err error) {
	authors := make([]string, len(signs))
	for i, s := range signs {
		authors[i] = authorKey(s.Platform, s.Server, s.Author)
	}
	slices.Sort(authors) // in one order, so that two transactions never wait for each other
	for _, a := range slices.Compact(authors) {
		if err := tx.serialise(ctx, a); err != nil {
			return nil, err
		}
	}
	for _, s := range signs {
		s.ID = xid.New().String()
		n, err := tx.exec(ctx, "add sign",
			`INSERT INTO signs (`+signColumns+`) VALUES (`+numbered(1, 14)+`) ON CONFLICT DO NOTHING`,
			s.ID, s.Platform, s.Server, s.Place, s.PlaceName, s.Message, s.Link, s.Author, s.Addressed,
			s.Rule, s.Category, s.Weight, s.At, s.Case)
		if err != nil {
			return nil, err
		}
		if n == 1 {
			added = append(added, s)
		}
	}
	return added, nil
}

func authorKey(platform string, server chat.ServerID, author chat.PersonID) string {
	return strings.Join([]string{"author", platform, string(server), string(author)}, "\x1f")
}

// SignsBy lists an author's signs since then that are in no case or in one
// that is not closed, oldest first. Within Write nobody else adds signs of this
// author until the transaction ends.
func (tx *Tx) SignsBy(ctx context.Context, platform string, server chat.ServerID, author chat.PersonID, since time.Time) ([]cases.Sign, error) {
	if tx.writes {
		if err := tx.serialise(ctx, authorKey(platform, server, author)); err != nil {
			return nil, err
		}
	}
	return list(ctx, tx, "list signs", signFields,
		`SELECT `+signColumns+` FROM signs s
		WHERE platform = $1 AND server = $2 AND author = $3 AND at >= $4
		  AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = s.case_id AND c.state = 'closed')
		ORDER BY at, id`, platform, server, author, since)
}

// LooseSigns lists the newest of a server's signs since then that are in no
// case, newest first, at most limit.
func (tx *Tx) LooseSigns(ctx context.Context, platform string, server chat.ServerID, since time.Time, limit int) ([]cases.Sign, error) {
	return list(ctx, tx, "list loose signs", signFields,
		`SELECT `+signColumns+` FROM signs WHERE platform = $1 AND server = $2 AND case_id = '' AND at >= $3
		ORDER BY at DESC, id DESC LIMIT $4`, platform, server, since, limit)
}

// CaseSigns lists a case's signs, oldest first.
func (tx *Tx) CaseSigns(ctx context.Context, caseID string) ([]cases.Sign, error) {
	return list(ctx, tx, "list signs of case", signFields,
		`SELECT `+signColumns+` FROM signs WHERE case_id = $1 ORDER BY at, id`, caseID)
}

// AttachSigns puts signs into a case, out of any other that they were in.
func (tx *Tx) AttachSigns(ctx context.Context, caseID string, signIDs []string) error {
	for batch := range slices.Chunk(signIDs, 500) {
		args := []any{caseID}
		for _, id := range batch {
			args = append(args, id)
		}
		if _, err := tx.exec(ctx, "attach signs",
			`UPDATE signs SET case_id = $1 WHERE id IN (`+numbered(2, len(batch))+`)`, args...); err != nil {
			return err
		}
	}
	return nil
}

const caseColumns = `id, number, platform, server, kind, author, author_name, addressed, addressed_name, leads_only,
	severity, categories, place, place_name, message, link, state, outcome, taker, taker_name,
	opened_at, updated_at, closed_at, version`

func caseFields(c *cases.Case) []any {
	return []any{&c.ID, &c.Number, &c.Platform, &c.Server, &c.Kind, &c.Author, &c.AuthorName, &c.Addressed, &c.AddressedName, &c.LeadsOnly,
		&c.Severity, words{&c.Categories}, &c.Place, &c.PlaceName, &c.Message, &c.Link, &c.State, &c.Outcome, &c.Taker, &c.TakerName,
		moment{&c.OpenedAt}, moment{&c.UpdatedAt}, moment{&c.ClosedAt}, &c.Version}
}

func caseValues(c *cases.Case) []any {
	return []any{c.ID, c.Number, c.Platform, c.Server, c.Kind, c.Author, c.AuthorName, c.Addressed, c.AddressedName, c.LeadsOnly,
		c.Severity, joined(c.Categories), c.Place, c.PlaceName, c.Message, c.Link, c.State, c.Outcome, c.Taker, c.TakerName,
		c.OpenedAt, c.UpdatedAt, c.ClosedAt, c.Version}
}

// InsertCase keeps a new case and sets its ID, its Number (the next in its
// server, never used twice) and Version 1. A second open case by signals of
// the same author and person addressed gives ErrPairOpen; on PostgreSQL, where
// another replica may just have opened it, Write first runs the transaction
// again, which then finds it.
func (tx *Tx) InsertCase(ctx context.Context, c *cases.Case) error {
	n := *c
	n.ID, n.Version = xid.New().String(), 1
	err := tx.one(ctx, "number case", []any{&n.Number},
		`INSERT INTO servers (platform, server, last_case) VALUES ($1, $2, 1)
		ON CONFLICT (platform, server) DO UPDATE SET last_case = servers.last_case + 1 RETURNING last_case`,
		n.Platform, n.Server)
	if err != nil {
		return err
	}
	added, err := tx.exec(ctx, "insert case",
		`INSERT INTO cases (`+caseColumns+`) VALUES (`+numbered(1, 24)+`) ON CONFLICT DO NOTHING`, caseValues(&n)...)
	if err != nil {
		return err
	}
	if added == 0 {
		if tx.db.dialect.postgres {
			return fmt.Errorf("insert case: %w (%w)", ErrPairOpen, errRaced)
		}
		return fmt.Errorf("insert case: %w", ErrPairOpen)
	}
	*c = n
	return nil
}

// UpdateCase keeps a changed case and counts its Version up. ErrConflict means
// that it was changed since it was read; ErrPairOpen that it was reopened
// while a newer case of the same pair is open; the transaction must then end.
func (tx *Tx) UpdateCase(ctx context.Context, c *cases.Case) error {
	n := *c
	n.Version++
	set := make([]string, 0, 24)
	for i, column := range strings.Split(caseColumns, ",") {
		set = append(set, fmt.Sprintf("%s = $%d", strings.TrimSpace(column), i+1))
	}
	changed, err := tx.exec(ctx, "update case",
		`UPDATE cases SET `+strings.Join(set, ", ")+` WHERE id = $1 AND version = $25`, append(caseValues(&n), c.Version)...)
	if isDuplicate(err) {
		return fmt.Errorf("update case %d: %w", c.Number, ErrPairOpen)
	}
	if err != nil {
		return err
	}
	if changed == 0 {
		return fmt.Errorf("update case %d: %w", c.Number, ErrConflict)
	}
	*c = n
	return nil
}

// OpenCaseFor gives the case by signals of this author and person addressed
// that is open or acknowledged; false where there is none. Within Write it is
// held until the transaction ends.
func (tx *Tx) OpenCaseFor(ctx context.Context, platform string, server chat.ServerID, author, addressed chat.PersonID) (cases.Case, bool, error) {
	c, err := tx.case1(ctx, `platform = $1 AND server = $2 AND author = $3 AND addressed = $4 AND kind = 'signals' AND state <> 'closed'`,
		platform, server, author, addressed)
	if errors.Is(err, ErrNotFound) {
		return cases.Case{}, false, nil
	}
	return c, err == nil, err
}

// OpenCasesBy lists the cases by signals of an author, towards anybody, that
// are open or acknowledged, newest first. Within Write they are held until the
// transaction ends.
func (tx *Tx) OpenCasesBy(ctx context.Context, platform string, server chat.ServerID, author chat.PersonID) ([]cases.Case, error) {
	return list(ctx, tx, "list an author's open cases", caseFields,
		`SELECT `+caseColumns+` FROM cases WHERE platform = $1 AND server = $2 AND author = $3
			AND kind = 'signals' AND state <> 'closed' ORDER BY number DESC`+tx.hold(), platform, server, author)
}

// Case gives a case by its id. Within Write it is held until the transaction
// ends, so that a change of it cannot conflict.
func (tx *Tx) Case(ctx context.Context, id string) (cases.Case, error) {
	return tx.case1(ctx, `id = $1`, id)
}

// CaseByNumber gives a case by the number that staff call it.
func (tx *Tx) CaseByNumber(ctx context.Context, platform string, server chat.ServerID, number int) (cases.Case, error) {
	return tx.case1(ctx, `platform = $1 AND server = $2 AND number = $3`, platform, server, number)
}

func (tx *Tx) case1(ctx context.Context, where string, args ...any) (cases.Case, error) {
	var c cases.Case
	err := tx.one(ctx, "read case", caseFields(&c), `SELECT `+caseColumns+` FROM cases WHERE `+where+tx.hold(), args...)
	return c, err
}

// CaseFilter narrows a list of cases. The zero value lists all.
type CaseFilter struct {
	States []cases.State
	Limit  int // 0 for no limit
	Before int // only numbers below this one, for the next page; 0 for all
}

// Cases lists a server's cases, newest first.
func (tx *Tx) Cases(ctx context.Context, platform string, server chat.ServerID, f CaseFilter) ([]cases.Case, error) {
	query := `SELECT ` + caseColumns + ` FROM cases WHERE platform = $1 AND server = $2`
	args := []any{platform, server}
	if len(f.States) > 0 {
		query += ` AND state IN (` + numbered(len(args)+1, len(f.States)) + `)`
		for _, s := range f.States {
			args = append(args, s)
		}
	}
	if f.Before > 0 {
		query += fmt.Sprintf(` AND number < $%d`, len(args)+1)
		args = append(args, f.Before)
	}
	query += ` ORDER BY number DESC`
	if f.Limit > 0 {
		query += fmt.Sprintf(` LIMIT $%d`, len(args)+1)
		args = append(args, f.Limit)
	}
	return list(ctx, tx, "list cases", caseFields, query, args...)
}
