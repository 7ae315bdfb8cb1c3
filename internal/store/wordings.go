package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/wording"
)

// Wording is what a server's staff changed about the words that are looked
// for, and what held before the last change.
type Wording struct {
	Now, Before wording.Set
	Version     int // 0 where nothing was ever changed
}

// Wording gives what a server's staff changed; the zero value where nothing.
// Within Write it is held until the transaction ends.
func (tx *Tx) Wording(ctx context.Context, platform string, server chat.ServerID) (Wording, error) {
	var w Wording
	var now, before string
	err := tx.one(ctx, "read the words", []any{&w.Version, &now, &before},
		`SELECT version, words, undo FROM wordings WHERE platform = $1 AND server = $2`+tx.hold(), platform, server)
	if errors.Is(err, ErrNotFound) {
		return Wording{}, nil
	}
	if err != nil {
		return Wording{}, err
	}
	if err := errors.Join(json.Unmarshal([]byte(now), &w.Now), json.Unmarshal([]byte(before), &w.Before)); err != nil {
		return Wording{}, fmt.Errorf("read the words: %w", err)
	}
	return w, nil
}

// PutWording keeps a change of what was read in the same transaction. Where
// somebody changed it since, the transaction is run again.
func (tx *Tx) PutWording(ctx context.Context, platform string, server chat.ServerID, w Wording) error {
	now, err := json.Marshal(w.Now)
	if err != nil {
		return fmt.Errorf("keep the words: %w", err)
	}
	before, err := json.Marshal(w.Before)
	if err != nil {
		return fmt.Errorf("keep the words: %w", err)
	}
	n, err := tx.exec(ctx, "keep the words",
		`INSERT INTO wordings (platform, server, version, words, undo, changed_at) VALUES ($1, $2, $3 + 1, $4, $5, {now})
		ON CONFLICT (platform, server) DO UPDATE SET version = excluded.version, words = excluded.words,
			undo = excluded.undo, changed_at = excluded.changed_at WHERE wordings.version = $3`,
		platform, server, w.Version, string(now), string(before))
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("keep the words: %w (%w)", ErrConflict, errRaced)
	}
	return nil
}

// WordingChange says that a server's words were changed.
type WordingChange struct {
	Platform string
	Server   chat.ServerID
	At       time.Time // by the database's clock
}

// WordingsSince lists the servers whose words were changed at that moment or
// later, by the database's clock, in order; all with the zero time.
func (tx *Tx) WordingsSince(ctx context.Context, since time.Time) ([]WordingChange, error) {
	return list(ctx, tx, "list changed words", func(c *WordingChange) []any { return []any{&c.Platform, &c.Server, moment{&c.At}} },
		`SELECT platform, server, changed_at FROM wordings WHERE changed_at >= $1 ORDER BY changed_at`, since)
}

// Trial is how often a phrase that is tried out was found.
type Trial struct {
	Phrase string
	Found  int // messages
	Alerts int // of them, those by which staff would have been told
}

// CountTrial adds to what a phrase that is tried out has found.
func (tx *Tx) CountTrial(ctx context.Context, platform string, server chat.ServerID, t Trial) error {
	_, err := tx.exec(ctx, "count a trial", `INSERT INTO trials (platform, server, phrase, found, alerts) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (platform, server, phrase) DO UPDATE SET found = trials.found + excluded.found, alerts = trials.alerts + excluded.alerts`,
		platform, server, t.Phrase, t.Found, t.Alerts)
	return err
}

// ForgetTrial begins a phrase's count again.
func (tx *Tx) ForgetTrial(ctx context.Context, platform string, server chat.ServerID, phrase string) error {
	_, err := tx.exec(ctx, "forget a trial", `DELETE FROM trials WHERE platform = $1 AND server = $2 AND phrase = $3`, platform, server, phrase)
	return err
}

// Trials gives what a server's phrases have found, by phrase.
func (tx *Tx) Trials(ctx context.Context, platform string, server chat.ServerID) (map[string]Trial, error) {
	rows, err := list(ctx, tx, "list trials", func(t *Trial) []any { return []any{&t.Phrase, &t.Found, &t.Alerts} },
		`SELECT phrase, found, alerts FROM trials WHERE platform = $1 AND server = $2`, platform, server)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Trial, len(rows))
	for _, t := range rows {
		out[t.Phrase] = t
	}
	return out, nil
}

// Records gives, for each rule, how the server's closed cases ended that it
// took part in and that are still kept. Cases about whoever is to read it are
// left out: nobody learns of an alert about themselves, not even from a number.
func (tx *Tx) Records(ctx context.Context, platform string, server chat.ServerID, reader chat.PersonID) (map[string]wording.Record, error) {
	type row struct {
		rule    string
		outcome cases.Outcome
		n       int
	}
	rows, err := list(ctx, tx, "list outcomes by rule", func(r *row) []any { return []any{&r.rule, &r.outcome, &r.n} },
		`SELECT s.rule, c.outcome, count(DISTINCT c.id) FROM cases c JOIN signs s ON s.case_id = c.id
		WHERE c.platform = $1 AND c.server = $2 AND c.state = 'closed' AND c.author <> $3 GROUP BY s.rule, c.outcome`, platform, server, reader)
	if err != nil {
		return nil, err
	}
	out := map[string]wording.Record{}
	for _, r := range rows {
		rec := out[r.rule]
		switch r.outcome {
		case cases.Acted:
			rec.Acted = r.n
		case cases.NoAction:
			rec.NoAction = r.n
		case cases.FalseAlarm:
			rec.FalseAlarm = r.n
		}
		out[r.rule] = rec
	}
	return out, nil
}

// SignCounts says how many signs each rule gave on a server since then, without
// those about whoever is to read it.
func (tx *Tx) SignCounts(ctx context.Context, platform string, server chat.ServerID, reader chat.PersonID, since time.Time) (map[string]int, error) {
	type row struct {
		rule string
		n    int
	}
	rows, err := list(ctx, tx, "count signs by rule", func(r *row) []any { return []any{&r.rule, &r.n} },
		`SELECT rule, count(*) FROM signs WHERE platform = $1 AND server = $2 AND at >= $3 AND author <> $4 GROUP BY rule`, platform, server, since, reader)
	if err != nil {
		return nil, err
	}
	out := make(map[string]int, len(rows))
	for _, r := range rows {
		out[r.rule] = r.n
	}
	return out, nil
}

// Volume is how many messages were read on a server on a day.
type Volume struct {
	Platform string
	Server   chat.ServerID
	Day      int64 // see DayOf
	Messages int
}

// DayOf numbers the days since 1 January 1970, UTC.
func DayOf(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// AddVolumes adds to the messages that were counted.
func (tx *Tx) AddVolumes(ctx context.Context, counted []Volume) error {
	for _, v := range counted {
		_, err := tx.exec(ctx, "count messages", `INSERT INTO volumes (platform, server, day, messages) VALUES ($1, $2, $3, $4)
			ON CONFLICT (platform, server, day) DO UPDATE SET messages = volumes.messages + excluded.messages`,
			v.Platform, v.Server, v.Day, v.Messages)
		if err != nil {
			return err
		}
	}
	return nil
}

// MessagesADay is about how many messages were read on a server on each of
// the days before this one that were counted, and how many days those are.
func (tx *Tx) MessagesADay(ctx context.Context, platform string, server chat.ServerID, today int64) (aDay float64, days int, err error) {
	var sum int64
	err = tx.one(ctx, "read how many messages there are", []any{&sum, &days},
		`SELECT CAST(coalesce(sum(messages), 0) AS BIGINT), count(*) FROM volumes WHERE platform = $1 AND server = $2 AND day < $3`, platform, server, today)
	if err != nil || days == 0 {
		return 0, 0, err
	}
	return float64(sum) / float64(days), days, nil
}
