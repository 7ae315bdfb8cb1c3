package servers

import (
	"container/list"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/wording"
)

const (
	// maxOverlays bounds how many servers' words are held ready at once; the
	// others are made again when somebody writes there. One takes some 100 kB.
	maxOverlays = 500
	// lookEvery is how soon a change made through another replica holds here.
	lookEvery = 10 * time.Second
	// lookBack is how long a change may take from its time to its commit.
	lookBack = 30 * time.Second
)

// Words tell what each server's staff changed about what is found. Most
// servers have changed nothing: for them it costs a look into a small table.
type Words struct {
	db    *store.DB
	rules *detect.Detector
	log   *slog.Logger
	most  int // servers held ready

	mu     sync.RWMutex
	some   map[Key]time.Time // servers with changes, and when; of no other anything is read
	ready  map[Key]*list.Element
	recent list.List // of *held, the most recently used first
	drops  int       // counts what was dropped, so that nothing old is held
	seen   time.Time // the newest change known, by the database's clock
}

// held is what is ready for one server.
type held struct {
	key     Key
	set     wording.Set
	overlay *detect.Overlay
}

// NewWords makes Words over the shared rules. Look must run once before it
// knows of any changes.
func NewWords(db *store.DB, rules *detect.Detector, log *slog.Logger) *Words {
	return &Words{db: db, rules: rules, log: log, most: maxOverlays, some: map[Key]time.Time{}, ready: map[Key]*list.Element{}}
}

// Rules are the shared rules.
func (w *Words) Rules() *detect.Detector { return w.rules }

// Overlay is what is changed on a server; nil for nothing. An error means that
// it cannot be read now: a message must not be read without it, as it may hold
// a phrase that its staff wait for.
func (w *Words) Overlay(ctx context.Context, k Key) (*detect.Overlay, error) {
	h, err := w.get(ctx, k)
	if h == nil {
		return nil, err
	}
	return h.overlay, nil
}

// Phrase is the text of a phrase that a server's staff added, for a card to say
// why; false where there is none, or where it cannot be read now.
func (w *Words) Phrase(ctx context.Context, k Key, id string) (text string, ok bool) {
	h, err := w.get(ctx, k)
	if err != nil {
		w.log.Warn("the text of a phrase is left out", "platform", k.Platform, "server", k.Server, "err", err)
	}
	if h == nil {
		return "", false
	}
	p, ok := h.set.Phrase(id)
	return p.Text, ok
}

// Live are the texts of a server's phrases that are live.
func (w *Words) Live(ctx context.Context, k Key) ([]string, error) {
	h, err := w.get(ctx, k)
	if h == nil {
		return nil, err
	}
	var out []string
	for _, p := range h.set.Phrases {
		if !p.Shadow {
			out = append(out, p.Text)
		}
	}
	return out, nil
}

// get makes ready what a server's staff changed; nil where they changed nothing.
func (w *Words) get(ctx context.Context, k Key) (*held, error) {
	w.mu.RLock()
	_, some := w.some[k]
	w.mu.RUnlock()
	if !some {
		return nil, nil
	}
	h, drops := w.find(k)
	if h != nil {
		return h, nil
	}
	h, err := w.read(ctx, k)
	if err != nil {
		return nil, err
	}
	w.hold(h, drops)
	return h, nil
}

func (w *Words) find(k Key) (h *held, drops int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.ready[k]
	if !ok {
		return nil, w.drops
	}
	w.recent.MoveToFront(e)
	return e.Value.(*held), w.drops
}

// hold keeps what was read ready, unless something was changed meanwhile.
func (w *Words) hold(h *held, drops int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, there := w.ready[h.key]; there || w.drops != drops {
		return
	}
	w.ready[h.key] = w.recent.PushFront(h)
	if w.recent.Len() > w.most {
		oldest := w.recent.Back()
		delete(w.ready, oldest.Value.(*held).key)
		w.recent.Remove(oldest)
	}
}

func (w *Words) read(ctx context.Context, k Key) (*held, error) {
	var now store.Wording
	err := w.db.Read(ctx, func(tx *store.Tx) (err error) {
		now, err = tx.Wording(ctx, k.Platform, k.Server)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read a server's own words: %w", err)
	}
	o, err := w.overlay(k, now.Now.Changes())
	if err != nil {
		return nil, fmt.Errorf("make ready a server's own words: %w", err)
	}
	return &held{k, now.Now, o}, nil
}

// overlay makes ready the changes of a server. A phrase that an earlier version
// of the program took, and that this one cannot look for, is left out loudly:
// waiting would not mend it, and would keep all messages of the server waiting.
func (w *Words) overlay(k Key, c detect.Changes) (*detect.Overlay, error) {
	if o, err := w.rules.Overlay(c); err == nil {
		return o, nil
	}
	c.Phrases = slices.DeleteFunc(c.Phrases, func(p detect.Phrase) bool {
		_, err := w.rules.Overlay(detect.Changes{Phrases: []detect.Phrase{p}})
		if err != nil {
			w.log.Error("a phrase of a server's staff cannot be looked for; they should write it anew", "platform", k.Platform, "server", k.Server, "phrase", p.ID, "err", err)
		}
		return err != nil
	})
	return w.rules.Overlay(c)
}

// Changed makes a server's words be read again. It is called after they were
// changed here.
func (w *Words) Changed(k Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(k, time.Time{})
}

func (w *Words) drop(k Key, at time.Time) {
	w.some[k] = at
	w.drops++
	if e, ok := w.ready[k]; ok {
		delete(w.ready, k)
		w.recent.Remove(e)
	}
}

// Forget drops what is known of a server whose data was erased.
func (w *Words) Forget(k Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(k, time.Time{})
	delete(w.some, k)
}

// Look takes over what was changed since it last looked, here or through
// another replica.
func (w *Words) Look(ctx context.Context) error {
	w.mu.RLock()
	since := w.seen
	w.mu.RUnlock()
	if !since.IsZero() {
		since = since.Add(-lookBack)
	}
	var changed []store.WordingChange
	err := w.db.Read(ctx, func(tx *store.Tx) (err error) {
		changed, err = tx.WordingsSince(ctx, since)
		return err
	})
	if err != nil {
		return fmt.Errorf("look for changed words: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range changed {
		k := Key{c.Platform, c.Server}
		if at, some := w.some[k]; !some || !at.Equal(c.At) {
			w.drop(k, c.At)
		}
		w.seen = c.At
	}
	return nil
}

// Run looks for changes until ctx ends.
func (w *Words) Run(ctx context.Context) {
	again(ctx, w.Look, func(err error) { w.log.Warn("changed words cannot be looked for", "err", err) })
}

// again looks for changes every little while until ctx ends.
func again(ctx context.Context, look func(context.Context) error, failed func(error)) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := look(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
	}
}
