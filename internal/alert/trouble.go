package alert

import (
	"context"
	"fmt"
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
	on map[servers.Key]chat.MessageRef
}

// NewTrouble makes a Trouble that tells the same staff rooms as the Sender.
func NewTrouble(s *Sender) *Trouble {
	return &Trouble{s: s, on: map[servers.Key]chat.MessageRef{}}
}

// Note takes in whether something could be saved for a server. It may block
// for as long as a post takes, only where that changed.
func (t *Trouble) Note(ctx context.Context, k servers.Key, err error) {
	t.mu.Lock()
	at, on := t.on[k]
	if err != nil && !on {
		t.on[k] = chat.MessageRef{}
	}
	if err == nil && on {
		delete(t.on, k)
	}
	t.mu.Unlock()
	switch {
	case err != nil && !on:
		t.begin(ctx, k)
	case err == nil && on && at.ID != "":
		t.end(ctx, k, at)
	}
}

func (t *Trouble) begin(ctx context.Context, k servers.Key) {
	s, p := t.s, t.s.platforms[k.Platform]
	set := s.book.Remembered(k)
	if p == nil || set.StaffPlace == "" {
		return
	}
	at, err := p.Post(ctx, chat.Post{
		Server: k.Server, Place: set.StaffPlace, Notify: true,
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
	s := t.s
	err := s.platforms[k.Platform].Update(ctx, at, chat.Card{
		Title: s.texts.Say("staff.trouble.over"), Tone: chat.Done,
		Blocks: []chat.Block{chat.Text(s.texts.Say("staff.trouble.overbody"))},
	})
	if err != nil {
		s.o.Logger.Warn("staff could not be told that alerts arrive again", "platform", k.Platform, "server", k.Server, "err", err)
	}
}
