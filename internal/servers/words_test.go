package servers_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
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

// overlay is what is changed on a server, where that can be read.
func overlay(t testing.TB, w *servers.Words, k servers.Key) *detect.Overlay {
	t.Helper()
	o, err := w.Overlay(context.Background(), k)
	if err != nil {
		t.Error(err)
	}
	return o
}

// What staff change holds at once where they change it, and soon on every other
// replica; servers without changes cost nothing.
func TestWordsOfEachServer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *store.DB) {
		db, shared, ctx := open(t), rules(t), t.Context()
		here, there := servers.NewWords(db, shared, slog.New(slog.DiscardHandler)), servers.NewWords(db, shared, slog.New(slog.DiscardHandler))
		finds := func(w *servers.Words, k servers.Key, text string) bool {
			signals, _ := overlay(t, w, k).Detect(shared, text)
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
		if overlay(t, here, server(1)) != nil {
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
		ready := overlay(t, there, server(1))
		look(there)
		if overlay(t, there, server(1)) != ready {
			t.Error("what did not change is made ready again")
		}
		if text, ok := there.Phrase(ctx, server(1), "phrase-2"); !ok || text != "silver lighthouse keeper" {
			t.Errorf("phrase-2 is %q, %v", text, ok)
		}
		if live, err := there.Live(ctx, server(1)); err != nil || len(live) != 2 {
			t.Errorf("live are %q, %v", live, err)
		}
	})
}

// Many servers with words of their own, more than are held ready, read at once
// by many: each has its own. While storage is away those that are ready hold,
// and of no other server anything is read as if it had none.
func TestManyServersWithWords(t *testing.T) {
	db, shared := storetest.Open(t, storetest.SQLite(t), store.Options{}), rules(t)
	const many = 30
	for n := range many {
		add(t, db, server(n), fmt.Sprintf("purple lighthouse number%c%c", 'a'+n/26, 'a'+n%26))
	}
	w := servers.NewWords(db, shared, slog.New(slog.DiscardHandler))
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
				if len(overlay(t, w, server(n)).Own(text)) != 1 || len(overlay(t, w, server((n+1)%many)).Own(text)) != 0 {
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
	overlay(t, w, server(0))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	ready := 0
	for n := range many {
		o, err := w.Overlay(context.Background(), server(n))
		live, errLive := w.Live(context.Background(), server(n))
		if (o == nil) != (err != nil) || (len(live) == 0) != (errLive != nil) {
			t.Errorf("without storage, server %d: %v, %v; %q, %v", n, o, err, live, errLive)
		}
		if err == nil {
			ready++
		}
	}
	if ready != many/3 || overlay(t, w, server(0)) == nil {
		t.Errorf("without storage, %d are ready, want %d with the one used last", ready, many/3)
	}
	if o := overlay(t, w, server(many)); o != nil {
		t.Error("without storage, a server without words has some")
	}
}

// A phrase that this version of the program cannot look for keeps neither the
// others from being found nor the server's messages waiting.
func TestAPhraseThatCannotBeLookedFor(t *testing.T) {
	db, shared := storetest.Open(t, ":memory:", store.Options{}), rules(t)
	add(t, db, server(1), strings.Repeat("lighthouse ", detect.MaxPhraseWords+1))
	add(t, db, server(1), "purple lighthouse keeper")
	var logs bytes.Buffer
	w := servers.NewWords(db, shared, slog.New(slog.NewTextHandler(&logs, nil)))
	if err := w.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := overlay(t, w, server(1)).Own("the purple lighthouse keeper"); len(found) != 1 {
		t.Errorf("found are %v", found)
	}
	if s := logs.String(); !strings.Contains(s, "phrase-1") || strings.Contains(s, "phrase-2") || strings.Contains(s, "lighthouse") {
		t.Errorf("the log says %s", s)
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
				_, _ = w.Overlay(b.Context(), k)
			}
		})
	}
}
