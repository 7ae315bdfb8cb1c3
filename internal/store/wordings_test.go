package store_test

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/wording"
)

func wordsOf(t testing.TB, db *store.DB, server chat.ServerID) (w store.Wording) {
	t.Helper()
	read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
		w, err = tx.Wording(ctx, "playground", server)
		return err
	})
	return w
}

func TestTheWordsOfAServer(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		if w := wordsOf(t, db, "s1"); w.Version != 0 || !w.Now.Empty() {
			t.Errorf("a new server has %+v", w)
		}
		change := func(server chat.ServerID, rule string) error {
			return db.Write(context.Background(), func(tx *store.Tx) error {
				w, err := tx.Wording(context.Background(), "playground", server)
				if err != nil {
					return err
				}
				w.Before = w.Now
				w.Now, _ = w.Now.Switch(rule, wording.Off)
				return tx.PutWording(context.Background(), "playground", server, w)
			})
		}
		// Of changes at the same moment none is lost.
		var wait sync.WaitGroup
		for _, rule := range []string{"a", "b", "c", "d"} {
			wait.Go(func() {
				if err := change("s1", rule); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		w := wordsOf(t, db, "s1")
		if len(w.Now.Off) != 4 || len(w.Before.Off) != 3 || w.Version != 4 {
			t.Errorf("after four changes: %+v", w)
		}
		var all, later []store.WordingChange
		read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
			if all, err = tx.WordingsSince(ctx, time.Time{}); err != nil {
				return err
			}
			later, err = tx.WordingsSince(ctx, all[0].At.Add(time.Hour))
			return err
		})
		if len(all) != 1 || all[0].Server != "s1" || len(later) != 0 {
			t.Errorf("changed: %+v, an hour later %+v", all, later)
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.ForgetServer(ctx, "playground", "s1") })
		if w := wordsOf(t, db, "s1"); w.Version != 0 {
			t.Errorf("a forgotten server has %+v", w)
		}
	})
}

func TestTrialsAndVolumes(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		today := store.DayOf(time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC))
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			for _, n := range []store.Trial{{"phrase-1", 1, 1}, {"phrase-1", 1, 0}, {"phrase-2", 3, 0}} {
				if err := tx.CountTrial(ctx, "playground", "s1", n); err != nil {
					return err
				}
			}
			if err := tx.ForgetTrial(ctx, "playground", "s1", "phrase-2"); err != nil {
				return err
			}
			return tx.AddVolumes(ctx, []store.Volume{
				{"playground", "s1", today - 40, 9_000}, {"playground", "s1", today - 2, 100}, {"playground", "s1", today - 2, 100},
				{"playground", "s1", today - 1, 400}, {"playground", "s1", today, 7}, {"playground", "s2", today - 1, 1},
			})
		})
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Purge(ctx, store.PurgeBefore{Volumes: time.Unix((today-28)*24*60*60, 0)})
			return err
		})
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			trials, err := tx.Trials(ctx, "playground", "s1")
			if want := (map[string]store.Trial{"phrase-1": {"phrase-1", 2, 1}}); err != nil || !reflect.DeepEqual(trials, want) {
				t.Errorf("the trials are %+v, %v", trials, err)
			}
			aDay, days, err := tx.MessagesADay(ctx, "playground", "s1", today)
			if err != nil || aDay != 300 || days != 2 {
				t.Errorf("%v messages a day in %d days, %v", aDay, days, err)
			}
			aDay, days, err = tx.MessagesADay(ctx, "playground", "s3", today)
			if err != nil || aDay != 0 || days != 0 {
				t.Errorf("a server that was never read has %v messages a day in %d days, %v", aDay, days, err)
			}
			return nil
		})
	})
}

func TestHowCasesEndedByRule(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		at := time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			for i, c := range []struct {
				outcome cases.Outcome
				rules   []string
			}{
				{cases.Acted, []string{"a", "b"}}, {cases.FalseAlarm, []string{"a", "a"}}, {cases.FalseAlarm, []string{"a"}},
				{cases.NoAction, []string{"b"}}, {"", []string{"a"}},
			} {
				k := aCase(chat.PersonID(rune('a'+i)), "x")
				if c.outcome != "" {
					k.State, k.Outcome, k.ClosedAt = cases.Closed, c.outcome, at
				}
				if err := tx.InsertCase(ctx, &k); err != nil {
					return err
				}
				for n, rule := range c.rules {
					s := aSign(string(rune('a'+i))+string(rune('0'+n)), rule, i)
					s.Case = k.ID
					if _, err := tx.AddSigns(ctx, []cases.Sign{s}); err != nil {
						return err
					}
				}
			}
			return nil
		})
		k := aCase("a", "x")
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.Records(ctx, k.Platform, k.Server, "")
			want := map[string]wording.Record{"a": {Acted: 1, FalseAlarm: 2}, "b": {Acted: 1, NoAction: 1}}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("the records are %+v, %v; want %+v", got, err, want)
			}
			counts, err := tx.SignCounts(ctx, k.Platform, k.Server, "", time.Time{})
			if err != nil || counts["a"] != 5 || counts["b"] != 2 {
				t.Errorf("the signs are %v, %v", counts, err)
			}
			// Nobody learns of an alert about themselves, not even from a number.
			got, err = tx.Records(ctx, k.Platform, k.Server, "a")
			want = map[string]wording.Record{"a": {FalseAlarm: 2}, "b": {NoAction: 1}}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("whoever the first case is about reads %+v, %v; want %+v", got, err, want)
			}
			if counts, err = tx.SignCounts(ctx, k.Platform, k.Server, "older", time.Time{}); err != nil || len(counts) > 0 {
				t.Errorf("whoever the signs are about reads %v, %v", counts, err)
			}
			return nil
		})
	})
}
