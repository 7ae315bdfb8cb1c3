package servers_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
	"github.com/waymark-bot/waymark/internal/wording"
)

func rules(t testing.TB) *detect.Detector {
	t.Helper()
	l, err := detect.Load(config.Config{}.Rules()...)
	if err != nil {
		t.Fatal(err)
	}
	return detect.New(l)
}

func server(n int) servers.Key {
	return servers.Key{Platform: "playground", Server: chat.ServerID(fmt.Sprint("s", n))}
}

// add keeps a live phrase for a server, as its staff would.
func add(t testing.TB, db *store.DB, k servers.Key, text string) {
	t.Helper()
	ctx := context.Background()
	err := db.Write(ctx, func(tx *store.Tx) error {
		w, err := tx.Wording(ctx, k.Platform, k.Server)
		if err != nil {
			return err
		}
		next, p, err := w.Now.Add(wording.Phrase{Text: text, Category: detect.MeetUp, Tell: wording.Today}, db.Now())
		if err != nil {
			return err
		}
		w.Before = w.Now
		w.Now, _ = next.Live(p.ID, true, db.Now())
		return tx.PutWording(ctx, k.Platform, k.Server, w)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What staff change holds at once where they change it, and soon on every other
// replica; servers without changes cost nothing.
func TestWordsOfEachServer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *store.DB) {
		db, shared, ctx := open(t), rules(t), t.Context()
		here, there := servers.NewWords(db, shared, slog.New(slog.DiscardHandler)), servers.NewWords(db, shared, slog.New(slog.DiscardHandler))
		finds := func(w *servers.Words, k servers.Key, text string) bool {
			signals, _ := w.Overlay(ctx, k).Detect(shared, text)
			return len(signals) > 0
		}
		look := func(w *servers.Words) {
			t.Helper()
			if err := w.Look(ctx); err != nil {
				t.Fatal(err)
			}
		}
		look(here)
		look(there)
		if here.Overlay(ctx, server(1)) != nil {
			t.Error("a server without changes has some")
		}
		add(t, db, server(1), "purple lighthouse keeper")
		here.Changed(server(1))
		if !finds(here, server(1), "the purple lighthouse keeper") || finds(here, server(2), "the purple lighthouse keeper") {
			t.Error("a change does not hold where it was made, or elsewhere too")
		}
		if finds(there, server(1), "the purple lighthouse keeper") {
			t.Error("another replica knows before it looked")
		}
		look(there)
		if !finds(there, server(1), "the purple lighthouse keeper") {
			t.Error("another replica does not know")
		}
		add(t, db, server(1), "silver lighthouse keeper")
		look(there)
		if !finds(there, server(1), "the silver lighthouse keeper") {
			t.Error("another replica does not know of the second change")
		}
		ready := there.Overlay(ctx, server(1))
		look(there)
		if there.Overlay(ctx, server(1)) != ready {
			t.Error("what did not change is made ready again")
		}
		if text, ok := there.Phrase(ctx, server(1), "phrase-2"); !ok || text != "silver lighthouse keeper" {
			t.Errorf("phrase-2 is %q, %v", text, ok)
		}
		if live := there.Live(ctx, server(1)); len(live) != 2 {
			t.Errorf("live are %q", live)
		}
	})
}

// Many servers with words of their own, read at once by many: each has its own,
// and while storage is away the shared rules hold.
func TestManyServersWithWords(t *testing.T) {
	db, shared := storetest.Open(t, storetest.SQLite(t), store.Options{}), rules(t)
	const many = 30
	for n := range many {
		add(t, db, server(n), fmt.Sprintf("purple lighthouse number%c%c", 'a'+n/26, 'a'+n%26))
	}
	var logs bytes.Buffer
	w := servers.NewWords(db, shared, slog.New(slog.NewTextHandler(&logs, nil)))
	w.HoldMost(many / 3)
	if err := w.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for i := range many {
				n := (i*7 + worker*11) % many
				text := fmt.Sprintf("the purple lighthouse number%c%c", 'a'+n/26, 'a'+n%26)
				if len(w.Overlay(context.Background(), server(n)).Own(text)) != 1 || len(w.Overlay(context.Background(), server((n+1)%many)).Own(text)) != 0 {
					t.Errorf("server %d has the words of another", n)
					return
				}
				if worker == 0 && i%5 == 0 {
					w.Changed(server(n))
				}
			}
		})
	}
	wait.Wait()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	w.Changed(server(1))
	if w.Overlay(context.Background(), server(1)) != nil || !bytes.Contains(logs.Bytes(), []byte("shared rules hold")) {
		t.Errorf("without storage: %s", logs.String())
	}
}

// What a server costs that has no words of its own, and one that has.
func BenchmarkWords(b *testing.B) {
	db, shared := storetest.Open(b, ":memory:", store.Options{}), rules(b)
	add(b, db, server(1), "purple lighthouse keeper")
	w := servers.NewWords(db, shared, slog.New(slog.DiscardHandler))
	if err := w.Look(b.Context()); err != nil {
		b.Fatal(err)
	}
	for name, k := range map[string]servers.Key{"none": server(2), "some": server(1)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.Overlay(b.Context(), k)
			}
		})
	}
}
