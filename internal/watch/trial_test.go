package watch_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
	"github.com/waymark-bot/waymark/internal/watch"
	"github.com/waymark-bot/waymark/internal/wording"
)

// A phrase in shadow is counted once for each message, is no sign, and tells
// nobody; an alert that comes without it is not counted as its own.
func TestAPhraseIsTriedOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *store.DB) {
		lexicon, err := detect.Load(config.Config{}.Rules()...)
		if err != nil {
			t.Fatal(err)
		}
		db, rules, ctx := open(t), detect.New(lexicon), t.Context()
		k := servers.Key{Platform: "playground", Server: "s"}
		err = db.Write(ctx, func(tx *store.Tx) error {
			w, err := tx.Wording(ctx, k.Platform, k.Server)
			if err != nil {
				return err
			}
			if w.Now, _, err = w.Now.Add(wording.Phrase{Text: "purple lighthouse", Category: detect.MeetUp, Tell: wording.Today}, db.Now()); err != nil {
				return err
			}
			return tx.PutWording(ctx, k.Platform, k.Server, w)
		})
		if err != nil {
			t.Fatal(err)
		}
		words := servers.NewWords(db, rules, slog.New(slog.DiscardHandler))
		words.Changed(k)
		s := watch.NewService(rules, db, servers.New(db, nil, cases.Settings{}), watch.Options{Words: words})
		at := time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC)
		say := func(id, place, who, text string) {
			t.Helper()
			at = at.Add(time.Hour)
			m := chat.Message{ID: chat.MessageID(id), Place: chat.Place{Server: "s", ID: chat.PlaceID(place)}, Author: chat.Person{ID: chat.PersonID(who)}, Text: text, Time: at}
			if err := s.Message(ctx, "playground", m); err != nil {
				t.Fatal(err)
			}
		}
		say("1", "p", "alex", "see the purple lighthouse")
		say("1", "p", "alex", "see the purple lighthouse") // brought again
		say("1", "q", "alex", "the other purple lighthouse")
		say("2", "p", "robin", "send me a picture or I'll tell your parents, purple lighthouse")
		say("3", "p", "sam", "see you tomorrow")

		var trial store.Trial
		var raised []cases.Case
		read := func() {
			t.Helper()
			err := db.Read(ctx, func(tx *store.Tx) error {
				all, err := tx.Trials(ctx, k.Platform, k.Server)
				if err != nil {
					return err
				}
				trial = all["phrase-1"]
				raised, err = tx.Cases(ctx, k.Platform, k.Server, store.CaseFilter{})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		read()
		if trial.Found != 3 || trial.Alerts != 2 {
			t.Errorf("it was found %d times and would have alerted %d times; want 3 and 2", trial.Found, trial.Alerts)
		}
		if len(raised) != 1 || raised[0].Author != "robin" {
			t.Errorf("the cases are %+v", raised)
		}

		// How many messages there were is kept when it can be, and not twice.
		away, stop := context.WithCancel(ctx)
		stop()
		if err := s.KeepVolumes(away); err == nil {
			t.Error("what could not be kept is taken for kept")
		}
		for range 2 {
			if err := s.KeepVolumes(ctx); err != nil {
				t.Fatal(err)
			}
		}
		err = db.Read(ctx, func(tx *store.Tx) error {
			aDay, days, err := tx.MessagesADay(ctx, k.Platform, k.Server, store.DayOf(at)+1)
			if aDay != 5 || days != 1 {
				t.Errorf("%v messages a day in %d days", aDay, days)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A message on a server with phrases of its own is never read without them: it
// waits while the database is away, and is found when it is brought again.
func TestNoPhraseIsMissedWhileTheDatabaseIsAway(t *testing.T) {
	lexicon, err := detect.Load(config.Config{}.Rules()...)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "waymark.db")
	db, rules, ctx := storetest.Open(t, file, store.Options{}), detect.New(lexicon), t.Context()
	k := servers.Key{Platform: "playground", Server: "s"}
	err = db.Write(ctx, func(tx *store.Tx) error {
		set, p, err := wording.Set{}.Add(wording.Phrase{Text: "purple lighthouse", Category: detect.MeetUp, Tell: wording.Today}, db.Now())
		if err != nil {
			return err
		}
		set, _ = set.Live(p.ID, true, db.Now())
		return tx.PutWording(ctx, k.Platform, k.Server, store.Wording{Now: set})
	})
	if err != nil {
		t.Fatal(err)
	}
	words := servers.NewWords(db, rules, slog.New(slog.DiscardHandler))
	if err := words.Look(ctx); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC)
	read := 0
	s := watch.NewService(rules, db, servers.New(db, nil, cases.Settings{}), watch.Options{
		Words: words, Now: func() time.Time { return at }, OnMessage: func() { read++ }})
	says := func(server chat.ServerID, id chat.MessageID, text string) error {
		return s.Message(ctx, "playground", chat.Message{ID: id, Place: chat.Place{Server: server, ID: "p"}, Author: chat.Person{ID: "alex"}, Text: text, Time: at})
	}
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	from := at
	for range 2 { // the platform brings it again and again
		if err := says("s", "1", "see the purple lighthouse"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("it was taken without the database: %v", err)
		}
		at = at.Add(time.Minute)
	}
	if err := says("other", "1", "see you tomorrow"); err != nil {
		t.Errorf("a server without phrases waits too: %v", err)
	}
	if !s.SafeUntil().Equal(from) || read != 1 {
		t.Errorf("all is safe until %v, and %d messages count as read", s.SafeUntil(), read)
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	if err := says("s", "1", "see the purple lighthouse"); err != nil {
		t.Fatal(err)
	}
	if err := says("s", "2", "see you tomorrow"); err != nil {
		t.Fatal(err)
	}
	var raised []cases.Case
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		raised, err = tx.Cases(ctx, k.Platform, k.Server, store.CaseFilter{})
		return err
	})
	if err != nil || len(raised) != 1 || !s.SafeUntil().Equal(at) {
		t.Errorf("%d cases, safe until %v, %v", len(raised), s.SafeUntil(), err)
	}
}
