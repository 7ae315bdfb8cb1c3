package discord

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Gate lets shards identify. Discord allows one identify every five seconds in
// each bucket (shard id modulo max_concurrency); whoever breaks that loses the
// session. A gate that several processes share makes it possible to run a
// bot's shards in several of them.
type Gate interface {
	// Enter waits until a shard of the bucket may identify, or until ctx ends.
	Enter(ctx context.Context, bucket int) error
}

// localGate knows this process alone.
type localGate struct {
	every func() time.Duration

	mu   sync.Mutex
	next map[int]time.Time
}

// Enter waits for the bucket's next turn.
func (g *localGate) Enter(ctx context.Context, bucket int) error {
	g.mu.Lock()
	if g.next == nil {
		g.next = map[int]time.Time{}
	}
	now := time.Now()
	turn := g.next[bucket]
	if turn.Before(now) {
		turn = now
	}
	g.next[bucket] = turn.Add(g.every())
	g.mu.Unlock()
	return sleep(ctx, turn.Sub(now))
}

// backoff waits longer after each failure, and never twice the same, so that
// many do not come back at once.
type backoff struct {
	first, most time.Duration
}

// pause is the wait before attempt+1.
func (b backoff) pause(attempt int) time.Duration {
	p := b.most
	if attempt < 16 {
		p = min(b.most, b.first<<attempt)
	}
	return p/2 + rand.N(p/2+1)
}

func (b backoff) wait(ctx context.Context, attempt int, asked time.Duration) error {
	return sleep(ctx, max(asked, b.pause(attempt)))
}

// shardSet says which shards are connected.
type shardSet struct {
	mu    sync.Mutex
	count int // 0 before Discord said how many
	up    map[int]bool
	alive []*atomic.Int64 // when each shard last heard anything, in Unix nanoseconds
	fatal error
}

func (s *shardSet) start(count int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count, s.up, s.fatal = count, map[int]bool{}, nil
	s.alive = make([]*atomic.Int64, count)
	for i := range s.alive {
		s.alive[i] = &atomic.Int64{}
	}
}

// heard gives the place where a shard notes when it last heard anything.
func (s *shardSet) heard(shard int) *atomic.Int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alive[shard]
}

// silent is how long the quietest shard has heard nothing.
func (s *shardSet) silent(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var most time.Duration
	for _, a := range s.alive {
		most = max(most, now.Sub(time.Unix(0, a.Load())))
	}
	return most
}

func (s *shardSet) set(shard int, up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up[shard] = up
}

func (s *shardSet) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fatal = err
}

// of says whether the shard that serves a server is connected.
func (s *shardSet) of(server id) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count > 0 && s.up[int(uint64(server>>22)%uint64(s.count))]
}

func (s *shardSet) ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fatal != nil {
		return s.fatal
	}
	up := 0
	for _, ok := range s.up {
		if ok {
			up++
		}
	}
	if s.count == 0 || up < s.count {
		return fmt.Errorf("discord: %d of %d connections to the gateway are up", up, max(s.count, 1))
	}
	return nil
}

// plan is what Discord says about connecting.
type plan struct {
	URL    string `json:"url"`
	Shards int    `json:"shards"`
	Limit  struct {
		Remaining   int     `json:"remaining"`
		ResetAfter  float64 `json:"reset_after"` // milliseconds
		Concurrency int     `json:"max_concurrency"`
	} `json:"session_start_limit"`
}

// runShards asks Discord how to connect and runs all shards until ctx ends or
// one is refused for good: then all end, side by side.
func (d *Discord) runShards(ctx context.Context, in *intake) error {
	p, err := d.plan(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		d.shards.fail(err)
		return err
	}
	count := p.Shards
	if d.o.Shards > 0 {
		count = d.o.Shards
	}
	d.shards.start(count)
	d.log.Info("connecting to the gateway", "shards", count, "at_once", p.Limit.Concurrency, "identifies_left", p.Limit.Remaining)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, count)
	var wg sync.WaitGroup
	for i := range count {
		s := &shard{
			d: d, in: in, id: i, count: count, gateway: p.URL, bucket: i % max(1, p.Limit.Concurrency),
			log: d.log.With("shard", i), alive: d.shards.heard(i),
		}
		wg.Go(func() {
			if errs[i] = s.run(ctx); errs[i] != nil {
				d.shards.fail(errs[i])
				stop()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// plan asks until Discord answers. It waits where no session may be started
// for now: going on would reset the token.
func (d *Discord) plan(ctx context.Context) (plan, error) {
	for attempt := 0; ; attempt++ {
		var p plan
		err := d.get(ctx, "ask for the gateway", "gateway/bot", "", &p)
		if err == nil && (p.URL == "" || p.Shards < 1) {
			err = &chat.Error{Op: "ask for the gateway", Err: errors.New("the answer names no gateway")}
		}
		if err == nil && p.Limit.Remaining <= 0 && p.Limit.ResetAfter > 0 {
			wait := time.Duration(p.Limit.ResetAfter * float64(time.Millisecond))
			d.log.Error("Discord allows no new session for now: the bot started too often", "wait", wait)
			if err := sleep(ctx, wait); err != nil {
				return plan{}, err
			}
			continue
		}
		if err == nil {
			return p, nil
		}
		if r := refusalOf(err); r != nil && r.status == 401 {
			why, _, _ := closing(4004)
			return plan{}, errors.New(why)
		}
		if chat.IsPermanent(err) {
			return plan{}, fmt.Errorf("connect to Discord: %w", err)
		}
		d.log.Warn("Discord cannot be asked for its gateway yet", "err", err)
		if err := d.time.backoff.wait(ctx, attempt, chat.RetryAfter(err)); err != nil {
			return plan{}, err
		}
	}
}

// shard keeps one of the bot's connections up.
type shard struct {
	d       *Discord
	in      *intake
	log     *slog.Logger
	id      int
	count   int
	bucket  int
	gateway string
	s       session
	alive   *atomic.Int64
}

// tryResume is how many times in a row a resume is tried at the address that
// Discord gave for it, before the session is given up.
const tryResume = 5

// run connects again whenever a connection ends. It returns an error only
// where that cannot help.
func (s *shard) run(ctx context.Context) error {
	failed := 0 // in a row, without being up in between
	for ctx.Err() == nil {
		e := s.connect(ctx)
		s.d.shards.set(s.id, false)
		if ctx.Err() != nil {
			return nil
		}
		if e.fatal {
			return e.err
		}
		if e.resumed {
			failed = 0
		}
		if e.forget || failed >= tryResume {
			s.s.id, s.s.resume = "", ""
			s.s.seq.Store(0)
		}
		wait := e.wait
		if !e.again || failed > 0 {
			wait = max(wait, s.d.time.backoff.pause(failed))
		}
		failed++
		s.log.Warn("the connection to the gateway ended", "why", e.err, "resume", s.s.id != "", "wait", wait)
		if sleep(ctx, wait) != nil {
			return nil
		}
	}
	return nil
}

// connect runs one connection to its end.
func (s *shard) connect(ctx context.Context) end {
	address := s.gateway
	if s.s.id != "" && s.s.resume != "" {
		address = s.s.resume
	}
	resuming := s.s.id != ""
	var lost time.Time // since when events may be missed; zero after a start
	if n := s.alive.Load(); n != 0 {
		lost = time.Unix(0, n)
	}
	l := &link{
		d: s.d, log: s.log, shard: s.id, count: s.count, s: &s.s, alive: s.alive,
		up: func() {
			s.d.shards.set(s.id, true)
			s.log.Info("connected to the gateway", "resumed", resuming)
		},
		take: func(f frame) {
			if f.Type == "READY" {
				s.in.ready(f.Data, lost)
				return
			}
			s.in.event(f)
		},
	}
	return l.run(ctx, address, func(ctx context.Context) error { return s.d.o.Gate.Enter(ctx, s.bucket) })
}
