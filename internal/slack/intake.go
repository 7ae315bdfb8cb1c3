package slack

import (
	"context"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// How much is done side by side, and how much may wait. Slack delivers an event
// again that nobody acknowledged, but only for some minutes, so what the
// handler cannot take yet is kept here; past the bound the workspace counts as
// one in which something was missed.
const (
	messageWorkers = 16
	maxHeld        = 20_000
	maxDone        = 50_000 // ids of events that were taken
	maxAsking      = 1_000  // questions at once
)

// item is one thing that waits for the handler.
type item struct {
	kind    itemKind
	server  chat.ServerID
	event   string // the event's id; "" for what is no event
	message *chat.Message
	starter string // the first message of the thread that message answers in, where its author is not known
	at      chat.MessageRef
	since   time.Time // of itemPresent: what came from then on was missed; of itemAbsent: when it was
	acks    []func()
	came    time.Time
}

type itemKind uint8

const (
	itemMessage itemKind = iota
	itemDeleted
	itemPresent
	itemAbsent
	itemCheck // whether the token still works
)

// laneKey is what is kept in order: a channel with its threads.
type laneKey struct {
	server  chat.ServerID
	channel string
}

// intake hands events to the handler: those of one channel one after the
// other, channels side by side in bounded workers, and what people ask beside
// them all. It outlives the connections.
type intake struct {
	ctx     context.Context // of the handlers
	trying  context.Context // of further attempts: ends when nothing more is taken
	stop    context.CancelFunc
	s       *Slack
	h       chat.Handler
	workers chan struct{}
	wg      sync.WaitGroup
	fatal   chan error

	mu      sync.Mutex
	lanes   map[laneKey][]*item
	held    int
	pending map[string]*item // events that wait or are handled, by id
	done    ring             // events that were taken
	asked   ring             // questions, so that each is answered once
	missed  map[chat.ServerID]time.Time
	owed    int // workspaces in which Slack holds back events for the moment
	started bool
	asking  int
}

func newIntake(ctx context.Context, s *Slack, h chat.Handler) *intake {
	trying, stop := context.WithCancel(ctx)
	return &intake{
		ctx: ctx, trying: trying, stop: stop, s: s, h: h,
		workers: make(chan struct{}, messageWorkers), fatal: make(chan error, 1),
		lanes: map[laneKey][]*item{}, pending: map[string]*item{}, missed: map[chat.ServerID]time.Time{},
		done: ring{most: maxDone}, asked: ring{most: 4 * maxAsking},
	}
}

// ring is a bounded set that forgets its oldest members.
type ring struct {
	most int
	in   map[string]struct{}
	all  []string
	next int
}

func (r *ring) has(s string) bool { _, ok := r.in[s]; return ok }

func (r *ring) add(s string) {
	if r.has(s) {
		return
	}
	if r.in == nil {
		r.in = map[string]struct{}{}
	}
	if len(r.all) < r.most {
		r.all = append(r.all, s)
	} else {
		delete(r.in, r.all[r.next])
		r.all[r.next] = s
		r.next = (r.next + 1) % r.most
	}
	r.in[s] = struct{}{}
}

// end has Run end because Slack refuses for good.
func (in *intake) end(why error) {
	if why == nil {
		return
	}
	select {
	case in.fatal <- why:
	default: // it ends already
	}
}

// add puts an item into a lane and returns at once. ack is called once the
// handler took the event, also where the same event comes again meanwhile or
// later; it is never called where the event has to come again.
func (in *intake) add(lane laneKey, it item, ack func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.trying.Err() != nil:
		return
	case it.event != "" && in.done.has(it.event):
		if ack != nil {
			go ack()
		}
		return
	}
	if p := in.pending[it.event]; it.event != "" && p != nil {
		if ack != nil {
			p.acks = append(p.acks, ack)
		}
		return
	}
	if in.held >= maxHeld && (it.kind == itemMessage || it.kind == itemDeleted) {
		if _, already := in.missed[it.server]; !already {
			in.s.log.Error("too much is waiting; a workspace has to be read again later", "server", it.server)
			in.missed[it.server] = in.s.now()
		}
		return
	}
	if ack != nil {
		it.acks = append(it.acks, ack)
	}
	in.addLocked(lane, &it)
}

func (in *intake) addLocked(lane laneKey, it *item) {
	it.came = time.Now()
	in.held++
	if it.event != "" {
		in.pending[it.event] = it
	}
	waiting, busy := in.lanes[lane]
	in.lanes[lane] = append(waiting, it)
	if !busy {
		in.wg.Go(func() { in.drain(lane) })
	}
}

// drain handles a lane's items in order until there are none.
func (in *intake) drain(lane laneKey) {
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
			return // the work is over; Slack delivers what is left again
		}
		for _, ack := range in.taken(lane, it) {
			ack()
		}
	}
}

// taken notes that the handler took an item, and gives what Slack waits for.
func (in *intake) taken(lane laneKey, it *item) []func() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.held--
	in.lanes[lane] = in.lanes[lane][1:]
	if it.event != "" {
		delete(in.pending, it.event)
		in.done.add(it.event)
	}
	return it.acks
}

// readAgain has the workspaces read in which something was missed, once there
// is room again.
func (in *intake) readAgain() {
	if len(in.missed) == 0 || in.held > maxHeld/2 || in.trying.Err() != nil {
		return
	}
	for server, since := range in.missed {
		delete(in.missed, server)
		in.addLocked(laneKey{server: server}, &item{kind: itemPresent, server: server, since: since})
	}
}

// began says, once, that events arrive from now on.
func (in *intake) began() {
	in.mu.Lock()
	first := !in.started
	in.started = true
	in.mu.Unlock()
	if first {
		in.present(time.Time{})
	}
}

// present says of every workspace that what came since may have been missed.
func (in *intake) present(since time.Time) {
	for _, w := range in.s.spaces.all() {
		in.add(laneKey{server: w.team}, item{kind: itemPresent, server: w.team, since: since}, nil)
	}
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

// late says whether something has to be read again.
func (in *intake) late() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.missed) > 0 || in.owed > 0
}

// withheld has a workspace read again, from a moment on, once Slack delivers
// all its events again.
func (in *intake) withheld(server chat.ServerID, since time.Time) {
	in.mu.Lock()
	in.owed++
	in.mu.Unlock()
	time.AfterFunc(in.s.time.withheld, func() {
		in.add(laneKey{server: server}, item{kind: itemPresent, server: server, since: since}, nil)
		in.mu.Lock()
		in.owed--
		in.mu.Unlock()
	})
}

// handle hands an item over until the handler takes it. It gives up only when
// the work is over.
func (in *intake) handle(it *item) error {
	for attempt := 0; ; attempt++ {
		err := in.once(it)
		if err == nil {
			return nil
		}
		if attempt == 0 && in.ctx.Err() == nil {
			in.s.log.Warn("an event could not be taken; it waits", "server", it.server, "err", err)
		}
		if err := in.s.time.retry.wait(in.trying, attempt, min(chat.RetryAfter(err), time.Minute)); err != nil {
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
	case itemCheck:
		return in.check(it.server)
	}
	return in.deliver(it)
}

func (in *intake) presence(it *item) error {
	if it.kind == itemAbsent && in.s.o.Installations != nil {
		if gone, err := in.s.uninstalled(in.ctx, it.server, it.since); err != nil || !gone {
			return err
		}
	}
	p, ok := in.h.(chat.Presence)
	if !ok {
		return nil
	}
	if it.kind == itemAbsent {
		return p.Absent(in.ctx, it.server)
	}
	return p.Present(in.ctx, it.server, it.since)
}

// check ends the run where the bot token does not work any more.
func (in *intake) check(server chat.ServerID) error {
	if in.s.o.Installations != nil {
		return in.checkInstallation(server)
	}
	_, err := in.s.identify(in.ctx, in.s.o.BotToken)
	if why := refusedForGood(err); err != nil && why != nil {
		in.end(why)
		return nil
	}
	return err
}

// deliver hands over a message, after finding out what it lacks. What cannot be
// found out is left out: an alert must not wait for a name.
func (in *intake) deliver(it *item) error {
	if in.s.o.Installations != nil {
		w, err := in.s.space(in.ctx, it.server) // another replica may have installed it
		switch {
		case chat.IsPermanent(err):
			return nil // it is not ours any more
		case err != nil:
			return err
		case string(it.message.Author.ID) == w.me || string(it.message.Author.ID) == w.bot:
			return nil
		}
		it.message.Link = w.link(it.message.Place.ID, string(it.message.ID))
	}
	in.s.complete(in.ctx, it.message, it.starter)
	it.starter = ""
	return in.h.Message(in.ctx, *it.message)
}

// complete fills in names, and whom a message in a thread answers.
func (s *Slack) complete(ctx context.Context, m *chat.Message, starter string) {
	channel, thread := split(m.Place.ID)
	if m.Place.Name == "" && !m.Place.Direct {
		m.Place = s.place(ctx, m.Place.Server, channel, thread)
	}
	if m.Author.Name == "" && m.Author.ID != "" {
		m.Author.Name = s.nameOf(ctx, m.Place.Server, string(m.Author.ID))
	}
	if m.ReplyTo == "" && starter != "" {
		m.ReplyTo = chat.PersonID(s.authorOf(ctx, m.Place.Server, channel, starter))
	}
}

// first says whether a question comes for the first time, and makes room for
// it.
func (in *intake) first(id string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.trying.Err() != nil || in.asking >= maxAsking || in.asked.has(id) {
		return false
	}
	in.asked.add(id)
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

// finish takes nothing more and waits for what is being handled, but not
// longer than grace.
func (in *intake) finish(grace time.Duration, release context.CancelFunc) {
	in.mu.Lock()
	in.stop()
	in.mu.Unlock()
	done := make(chan struct{})
	go func() { in.wg.Wait(); close(done) }()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-done:
		return
	case <-timer.C:
	}
	release()
	select {
	case <-done:
	case <-time.After(time.Second):
		in.s.log.Warn("something was still being handled when the program ended")
	}
}
