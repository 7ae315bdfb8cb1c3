package discord

import (
	"context"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// How much is done side by side, and how much may wait. Discord sends an event
// once, so what the handler cannot take yet is kept here: first whole, then by
// its id alone (it is read again when its turn comes), and past that the server
// is counted as one in which something was missed.
const (
	messageWorkers = 16
	maxHeld        = 20_000
	maxNoted       = 200_000
	maxAsking      = 1_000 // interactions at once
)

// item is one thing that waits for the handler.
type item struct {
	kind    itemKind
	server  id
	message *chat.Message // nil: read it by at when its turn comes
	at      chat.MessageRef
	place   bool      // message.Place is not known yet
	since   time.Time // of itemPresent: from when on something may be missed
	rule    id        // the AutoMod rule that found it; 0 for a message that was read
	came    time.Time
}

type itemKind uint8

const (
	itemMessage itemKind = iota
	itemDeleted
	itemPresent
	itemAbsent
)

// intake hands events to the handler: those of one place one after the other,
// places side by side in bounded workers, and what people ask beside them all.
// It outlives the connections.
type intake struct {
	ctx     context.Context // of the handlers
	trying  context.Context // of further attempts: ends when nothing more is taken
	stop    context.CancelFunc
	d       *Discord
	h       chat.Handler
	workers chan struct{}
	wg      sync.WaitGroup

	mu     sync.Mutex
	lanes  map[id][]item
	held   int              // items with their message
	noted  int              // items without
	missed map[id]time.Time // servers in which something could not even be noted, since when
	lost   map[id]time.Time // servers that are to come (again), and since when they are missed
	asking int
	asked  map[id]time.Time // interactions, so that each is answered once
}

func newIntake(ctx context.Context, d *Discord, h chat.Handler) *intake {
	trying, stop := context.WithCancel(ctx)
	return &intake{
		ctx: ctx, trying: trying, stop: stop, d: d, h: h,
		workers: make(chan struct{}, messageWorkers),
		lanes:   map[id][]item{}, missed: map[id]time.Time{}, lost: map[id]time.Time{}, asked: map[id]time.Time{},
	}
}

// add puts an item into a lane and returns at once.
func (in *intake) add(lane id, it item) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.trying.Err() != nil {
		return
	}
	in.addLocked(lane, it)
}

func (in *intake) addLocked(lane id, it item) {
	if it.kind == itemMessage || it.kind == itemDeleted {
		if in.held >= maxHeld {
			it.message = nil
		}
		if it.message == nil && in.noted >= maxNoted {
			if _, already := in.missed[it.server]; !already {
				in.d.log.Error("too much is waiting; a server has to be read again later", "server", it.server.String())
				in.missed[it.server] = in.d.now()
				in.d.cache.change(it.server, func(g *guild) { g.stale = true })
			}
			return
		}
	}
	in.count(it, +1)
	it.came = time.Now()
	waiting, busy := in.lanes[lane]
	in.lanes[lane] = append(waiting, it)
	if !busy {
		in.wg.Go(func() { in.drain(lane) })
	}
}

func (in *intake) count(it item, by int) {
	if it.message != nil {
		in.held += by
	} else {
		in.noted += by
	}
}

// drain handles a lane's items in order until there are none.
func (in *intake) drain(lane id) {
	for {
		in.mu.Lock()
		waiting := in.lanes[lane]
		if len(waiting) == 0 || in.trying.Err() != nil {
			delete(in.lanes, lane)
			in.readAgain()
			in.mu.Unlock()
			return
		}
		it := waiting[0]
		in.mu.Unlock()

		if in.handle(it) != nil {
			in.mu.Lock()
			delete(in.lanes, lane)
			in.mu.Unlock()
			return // the work is over; what is left is caught up after the next start
		}
		in.mu.Lock()
		in.count(it, -1)
		in.lanes[lane] = in.lanes[lane][1:]
		in.mu.Unlock()
	}
}

// readAgain has the servers read in which something was missed, once there is
// room again.
func (in *intake) readAgain() {
	if len(in.missed) == 0 || in.held+in.noted > maxHeld/2 || in.trying.Err() != nil {
		return
	}
	for server, since := range in.missed {
		delete(in.missed, server)
		if server != 0 {
			in.addLocked(server, item{kind: itemPresent, server: server, since: since})
		}
	}
}

// missing notes since when a server's events are missed. An earlier moment,
// from which nothing was read yet, stands.
func (in *intake) missing(server id, since time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if _, already := in.lost[server]; !already {
		in.lost[server] = since
	}
}

// returned gives, and forgets, since when a server was missed. One that was not
// expected is new: nothing in it was ours to read.
func (in *intake) returned(server id) time.Time {
	in.mu.Lock()
	defer in.mu.Unlock()
	since, expected := in.lost[server]
	delete(in.lost, server)
	if !expected {
		return in.d.now()
	}
	return since
}

// behind is how long the longest waiting event has waited.
func (in *intake) behind(now time.Time) time.Duration {
	in.mu.Lock()
	defer in.mu.Unlock()
	var most time.Duration
	for _, lane := range in.lanes {
		if len(lane) > 0 {
			most = max(most, now.Sub(lane[0].came))
		}
	}
	return most
}

// late says whether servers are still to come, or something has to be read again.
func (in *intake) late() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.lost) > 0 || len(in.missed) > 0
}

// handle hands an item over until the handler takes it. It gives up only when
// the work is over.
func (in *intake) handle(it item) error {
	for attempt := 0; ; attempt++ {
		err := in.once(&it)
		if err == nil {
			return nil
		}
		if attempt == 0 && in.ctx.Err() == nil {
			in.d.log.Warn("an event could not be taken; it waits", "server", it.server.String(), "err", err)
		}
		if err := in.d.time.retry.wait(in.trying, attempt, min(chat.RetryAfter(err), time.Minute)); err != nil {
			return err
		}
	}
}

func (in *intake) once(it *item) error {
	select {
	case in.workers <- struct{}{}:
	case <-in.ctx.Done():
		return in.ctx.Err()
	}
	defer func() { <-in.workers }()
	switch it.kind {
	case itemDeleted:
		return in.h.Deleted(in.ctx, it.at)
	case itemPresent, itemAbsent:
		return in.presence(it)
	}
	return in.deliver(it)
}

func (in *intake) presence(it *item) error {
	p, ok := in.h.(chat.Presence)
	if !ok {
		return nil
	}
	if it.kind == itemAbsent {
		return p.Absent(in.ctx, it.server.server())
	}
	return p.Present(in.ctx, it.server.server(), it.since)
}

// deliver hands over a message, after finding out what is not known of it yet.
func (in *intake) deliver(it *item) error {
	if it.rule != 0 {
		own, err := in.d.ownRule(in.ctx, it.server, it.rule)
		if err != nil && !chat.IsPermanent(err) {
			return err
		}
		if !own || it.message == nil {
			return nil // the server's own affair, or too much at once: Discord's alert stands
		}
	}
	if it.message == nil {
		m, err := in.d.Fetch(in.ctx, it.at)
		if chat.IsPermanent(err) {
			return nil // it is gone, or not for us any more
		}
		if err != nil {
			return err
		}
		return in.h.Message(in.ctx, m)
	}
	if it.place {
		place, title, err := in.d.place(in.ctx, it.server, toID(it.message.Place.ID), toID(it.message.ID))
		if err != nil && !chat.IsPermanent(err) {
			return err
		}
		if err == nil {
			it.message.Place = place
			if title != "" && it.message.Text != title {
				it.message.Text = title + "\n" + it.message.Text
			}
		}
		it.place = false
	}
	if a := &it.message.Author; a.Name == "" && !a.Bot && a.ID != "" {
		p, err := in.d.Person(in.ctx, it.message.Place.Server, a.ID)
		if err != nil && !chat.IsPermanent(err) {
			return err
		}
		if err == nil {
			*a = p
		}
	}
	return in.h.Message(in.ctx, *it.message)
}

// first says whether an interaction comes for the first time, and makes room
// for it. Discord may deliver one twice.
func (in *intake) first(at id) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := in.d.now()
	if _, again := in.asked[at]; again || in.trying.Err() != nil || in.asking >= maxAsking {
		return false
	}
	if len(in.asked) >= 4*maxAsking {
		for k, t := range in.asked {
			if now.Sub(t) > 15*time.Minute || len(in.asked) >= 4*maxAsking {
				delete(in.asked, k)
			}
		}
	}
	in.asked[at] = now
	in.asking++
	in.wg.Add(1)
	return true
}

func (in *intake) answered() {
	in.mu.Lock()
	in.asking--
	in.mu.Unlock()
	in.wg.Done()
}

// finish takes nothing more, gives what is being handled the grace to end, and
// then cancels it.
func (in *intake) finish(grace time.Duration, release context.CancelFunc) {
	in.mu.Lock()
	in.stop() // under the lock, so that nothing is taken once we wait
	in.mu.Unlock()
	timer := time.AfterFunc(grace, release)
	defer timer.Stop()
	in.wg.Wait()
}
