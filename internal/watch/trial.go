package watch

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
)

// tryOut counts the phrases in shadow that a message holds, each message once,
// and whether staff would have been told because of it. Nothing else is kept.
func (s *Service) tryOut(ctx context.Context, tx *store.Tx, k servers.Key, set cases.Settings, m chat.Message, r Reading) error {
	if len(r.Shadow) == 0 {
		return nil
	}
	past, err := tx.SignsBy(ctx, k.Platform, k.Server, m.Author.ID, m.Time.Add(-memory))
	if err != nil {
		return err
	}
	before := remembered(past, m.ID)
	told := max(r.Severity, AddUp(before, r, m)) >= set.Threshold
	for _, g := range r.Shadow {
		key := strings.Join([]string{"trial", g.Rule, k.Platform, string(k.Server), string(m.Place.ID), string(m.ID)}, "/")
		first, err := tx.Seen(ctx, key, s.o.Now())
		if err != nil {
			return err
		}
		if !first {
			continue
		}
		t := store.Trial{Phrase: g.Rule, Found: 1}
		with := Reading{Signals: append(append([]detect.Signal(nil), r.Signals...), g), Addressed: r.Addressed}
		if !told && max(detect.Assess(with.Signals), AddUp(before, with, m)) >= set.Threshold {
			t.Alerts = 1
		}
		if err := tx.CountTrial(ctx, k.Platform, k.Server, t); err != nil {
			return err
		}
	}
	return nil
}

// volumes count messages, by server and day, until they are kept.
type volumes struct {
	mu      sync.Mutex
	counted map[volumeKey]int
}

type volumeKey struct {
	server servers.Key
	day    int64
}

func (v *volumes) count(k servers.Key, m chat.Message) {
	v.add(volumeKey{k, store.DayOf(m.Time)}, 1)
}

func (v *volumes) add(k volumeKey, n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.counted == nil {
		v.counted = map[volumeKey]int{}
	}
	v.counted[k] += n
}

func (v *volumes) take() []store.Volume {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := make([]store.Volume, 0, len(v.counted))
	for k, n := range v.counted {
		out = append(out, store.Volume{Platform: k.server.Platform, Server: k.server.Server, Day: k.day, Messages: n})
	}
	v.counted = nil
	return out
}

// volumeBatch is how many servers' counts are kept in one transaction, so that
// an alert never waits long for it.
const volumeBatch = 500

// KeepVolumes keeps how many messages were read on each server since it was
// called last. What cannot be kept is kept the next time.
func (s *Service) KeepVolumes(ctx context.Context) error {
	all := s.volumes.take()
	for len(all) > 0 {
		batch := all[:min(len(all), volumeBatch)]
		if err := s.db.Write(ctx, func(tx *store.Tx) error { return tx.AddVolumes(ctx, batch) }); err != nil {
			for _, v := range all {
				s.volumes.add(volumeKey{servers.Key{Platform: v.Platform, Server: v.Server}, v.Day}, v.Messages)
			}
			return fmt.Errorf("keep how many messages were read: %w", err)
		}
		all = all[len(batch):]
	}
	return nil
}
