package alert

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
)

// Trouble tells staff rooms, once an outage, that alerts are waiting because
// nothing can be saved, and once more when they arrive again. It names nobody
// and needs no storage.
type Trouble struct {
	s  *Sender
	mu sync.Mutex
	on map[servers.Key]chat.MessageRef // the servers told, and where the notice stands
}

// NewTrouble makes a Trouble that tells the same staff rooms as the Sender.
func NewTrouble(s *Sender) *Trouble {
	return &Trouble{s: s, on: map[servers.Key]chat.MessageRef{}}
}

// Begin notes that something could not be saved for a server. It blocks for
// as long as a post takes, the first time of an outage.
func (t *Trouble) Begin(ctx context.Context, k servers.Key) {
	t.mu.Lock()
	_, on := t.on[k]
	if !on {
		t.on[k] = chat.MessageRef{}
	}
	t.mu.Unlock()
	if !on {
		t.begin(ctx, k)
	}
}

// Run looks for the end of each outage until ctx ends.
func (t *Trouble) Run(ctx context.Context) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			t.check(ctx)
		}
	}
}

// check tells the staff rooms that storage is back, where it is.
func (t *Trouble) check(ctx context.Context) {
	t.mu.Lock()
	told := maps.Clone(t.on)
	t.mu.Unlock()
	if len(told) == 0 || t.s.db.Ping(ctx) != nil {
		return
	}
	for k, at := range told {
		t.mu.Lock()
		delete(t.on, k)
		t.mu.Unlock()
		if at.ID != "" {
			t.end(ctx, k, at)
		}
	}
}

func (t *Trouble) begin(ctx context.Context, k servers.Key) {
	set, p := t.s.book.Remembered(k), t.s.platforms[k.Platform]
	s := t.s.In(set)
	if p == nil || set.StaffPlace == "" {
		return
	}
	open, err := s.roomReason(ctx, p, k.Server, set, "") // nobody else is to be called
	at, err := p.Post(ctx, chat.Post{
		Server: k.Server, Place: set.StaffPlace, Notify: err == nil && open == "",
		Card: chat.Card{Title: s.texts.Say("staff.trouble.title"), Tone: chat.Strong,
			Blocks: []chat.Block{chat.Text(s.texts.Say("staff.trouble.body"))}},
		Key: fmt.Sprintf("trouble-%x", s.o.Now().Truncate(time.Minute).Unix()),
	})
	if err != nil {
		s.o.Logger.Error("staff could not be told that alerts are waiting", "platform", k.Platform, "server", k.Server, "err", err)
		t.mu.Lock()
		delete(t.on, k) // so that the next failure tries again
		t.mu.Unlock()
		return
	}
	t.mu.Lock()
	if _, still := t.on[k]; still {
		t.on[k] = at
	}
	t.mu.Unlock()
}

func (t *Trouble) end(ctx context.Context, k servers.Key, at chat.MessageRef) {
	s := t.s.In(t.s.book.Remembered(k))
	err := s.platforms[k.Platform].Update(ctx, at, chat.Card{
		Title: s.texts.Say("staff.trouble.over"), Tone: chat.Done,
		Blocks: []chat.Block{chat.Text(s.texts.Say("staff.trouble.overbody"))},
	})
	if err != nil {
		s.o.Logger.Warn("staff could not be told that alerts arrive again", "platform", k.Platform, "server", k.Server, "err", err)
	}
}
