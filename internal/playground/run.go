package playground

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// How much the client does side by side. Places come first in line; people
// who ask something have workers of their own.
const (
	messageWorkers = 8
	askWorkers     = 32
	maxLine        = 1 << 20 // bytes of one event
)

// Run connects and hands every event to h until ctx ends. It connects again
// with growing pauses when the connection breaks, and returns an error only
// where that cannot help, such as with a wrong token. Handlers at work when
// ctx ends have a few seconds to finish.
func (c *Client) Run(ctx context.Context, h chat.Handler) error {
	work, release := context.WithCancel(context.WithoutCancel(ctx))
	defer release()
	in := newIntake(work, c, h)
	defer c.http.CloseIdleConnections()
	defer in.finish(c.grace, release)
	for attempt := 0; ; attempt++ {
		connected, err := c.session(ctx, in)
		if ctx.Err() != nil {
			return nil
		}
		if refusedForGood(err) {
			return fmt.Errorf("connect to the playground: %w", err)
		}
		if connected {
			attempt = 0
		}
		if c.backoff.wait(ctx, attempt, chat.RetryAfter(err)) != nil {
			return nil
		}
	}
}

// session reads events from one connection until it breaks.
func (c *Client) session(ctx context.Context, in *intake) (connected bool, err error) {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	quiet := time.AfterFunc(c.quiet, hangUp)
	defer quiet.Stop()
	resp, err := c.send(ctx, http.MethodGet, path("events"), nil)
	if err != nil {
		return false, &chat.Error{Op: "connect", Err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false, problem("connect", resp)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	var server chat.ServerID
	for lines.Scan() {
		quiet.Reset(c.quiet)
		kind, id, err := readHello(lines.Bytes())
		if err != nil {
			return connected, &chat.Error{Op: "read event", Err: err}
		}
		switch kind {
		case kindHello:
			connected, server = true, id
		case kindPing:
		default:
			var e eventJSON
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				return connected, &chat.Error{Op: "read event", Err: err}
			}
			in.take(server, e)
		}
	}
	return connected, &chat.Error{Op: "read events", Err: errors.Join(lines.Err(), errors.New("the connection ended"))}
}

func readHello(line []byte) (kind string, server chat.ServerID, err error) {
	var head struct {
		Kind   string          `json:"kind"`
		Server json.RawMessage `json:"server"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return "", "", err
	}
	if head.Kind == kindHello {
		err = json.Unmarshal(head.Server, &server)
	}
	return head.Kind, server, err
}

// intake hands events to the handler: those of one place one after the other,
// places side by side, and what people ask beside them all. It outlives the
// connections, so that an event which comes a second time while it is being
// handled is not handled twice at once.
type intake struct {
	ctx     context.Context // of the handlers
	trying  context.Context // of further attempts: ends when nothing more is taken
	stop    context.CancelFunc
	c       *Client
	h       chat.Handler
	workers chan struct{}
	askers  chan struct{}
	wg      sync.WaitGroup

	mu    sync.Mutex
	lanes map[chat.PlaceID][]eventJSON
	at    map[string]bool // events that are waiting or being handled
}

func newIntake(ctx context.Context, c *Client, h chat.Handler) *intake {
	trying, stop := context.WithCancel(ctx)
	return &intake{
		ctx: ctx, trying: trying, stop: stop, c: c, h: h,
		workers: make(chan struct{}, messageWorkers), askers: make(chan struct{}, askWorkers),
		lanes: map[chat.PlaceID][]eventJSON{}, at: map[string]bool{},
	}
}

// take accepts an event and returns at once. The platform bounds how many
// wait here: it sends no more of a place until some are acknowledged.
func (in *intake) take(server chat.ServerID, e eventJSON) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.trying.Err() != nil || in.at[e.ID] {
		return
	}
	in.at[e.ID] = true
	e.server = server
	switch e.Kind {
	case kindMessage, kindDeleted:
		lane, busy := in.lanes[e.Place.ID]
		in.lanes[e.Place.ID] = append(lane, e)
		if !busy {
			in.wg.Go(func() { in.drain(e.Place.ID) })
		}
	default:
		in.wg.Go(func() { in.answer(e) })
	}
}

// drain handles a place's events in order until there are none.
func (in *intake) drain(place chat.PlaceID) {
	for {
		in.mu.Lock()
		lane := in.lanes[place]
		if len(lane) == 0 || in.trying.Err() != nil {
			delete(in.lanes, place)
			in.mu.Unlock()
			return
		}
		e := lane[0]
		in.mu.Unlock()

		if in.handle(e) != nil {
			return // the work is over; the platform still has the event
		}
		in.mu.Lock()
		in.lanes[place] = in.lanes[place][1:]
		delete(in.at, e.ID)
		in.mu.Unlock()
	}
}

// handle hands an event over until the handler takes it, and only then
// acknowledges it. It gives up only when the work is over.
func (in *intake) handle(e eventJSON) error {
	for attempt := 0; ; attempt++ {
		err := in.once(e)
		if err == nil {
			break
		}
		if err := in.c.backoff.wait(in.trying, attempt, 0); err != nil {
			return err
		}
	}
	// Where this fails the event comes again, and the handler does nothing twice.
	_ = in.c.do(in.ctx, "acknowledge event", http.MethodPost, path("events", e.ID, "ack"), nil, nil)
	return nil
}

func (in *intake) once(e eventJSON) error {
	select {
	case in.workers <- struct{}{}:
	case <-in.ctx.Done():
		return in.ctx.Err()
	}
	defer func() { <-in.workers }()
	if e.Kind == kindDeleted {
		return in.h.Deleted(in.ctx, chat.MessageRef{Server: e.server, Place: e.Place.ID, ID: e.At})
	}
	if e.Message == nil {
		return nil // nothing that could be handled
	}
	return in.h.Message(in.ctx, e.Message.message(e.server, in.c.base))
}

// answer hands over what a person asked, and brings them the answer.
func (in *intake) answer(e eventJSON) {
	defer func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		delete(in.at, e.ID)
	}()
	select {
	case in.askers <- struct{}{}:
	case <-in.ctx.Done():
		return
	}
	defer func() { <-in.askers }()
	ctx, cancel := context.WithTimeout(in.ctx, answerUntil)
	defer cancel()
	body, verb, err := in.respond(ctx, e)
	if err != nil {
		if in.ctx.Err() != nil {
			return // unanswered: it comes again on the next connection
		}
		body, verb = nil, "failed"
	}
	for attempt := 0; ; attempt++ {
		err := in.c.do(ctx, "answer", http.MethodPost, path("interactions", e.ID, verb), body, nil)
		if err == nil {
			return
		}
		if chat.IsPermanent(err) && verb == "answer" && !chat.IsGone(err) {
			body, verb = nil, "failed" // an answer that cannot be shown: the person is told
			continue
		}
		if chat.IsPermanent(err) || in.c.backoff.wait(in.trying, attempt, chat.RetryAfter(err)) != nil {
			return
		}
	}
}

// respond gives the handler's answer as it is sent, and where.
func (in *intake) respond(ctx context.Context, e eventJSON) (body any, verb string, err error) {
	place, person := e.Place.place(e.server), e.Person.person()
	var a chat.Answer
	switch e.Kind {
	case kindCommand:
		a, err = in.h.Command(ctx, in.command(e))
	case kindAction:
		act := chat.Action{
			ID: e.ID, Verb: e.Verb, Arg: e.Arg, Value: e.Value, Person: person, Place: place, Time: e.Time,
			Message: chat.MessageRef{Server: e.server, Place: place.ID, ID: e.At},
		}
		a, err = in.h.Action(ctx, act)
	case kindSubmit:
		a, err = in.h.Submit(ctx, chat.Submission{
			ID: e.ID, Form: e.Verb, Arg: e.Arg, Values: e.Args, Person: person, Place: place, Time: e.Time,
		})
	case kindComplete:
		options, err := in.h.Complete(ctx, in.command(e), e.Option, e.Typed)
		return toOptionsJSON(options), "options", err
	default:
		return nil, "", fmt.Errorf("an event of the unknown kind %q", e.Kind)
	}
	return toAnswerJSON(a), "answer", err
}

func (in *intake) command(e eventJSON) chat.Command {
	c := chat.Command{
		ID: e.ID, Name: e.Name, Args: e.Args, Person: e.Person.person(),
		Place: e.Place.place(e.server), Time: e.Time,
	}
	if e.Message != nil {
		m := e.Message.message(e.server, in.c.base)
		c.About = &m
	}
	return c
}

// finish takes nothing more, gives what is being handled the grace to end,
// and then cancels it.
func (in *intake) finish(grace time.Duration, release context.CancelFunc) {
	in.mu.Lock()
	in.stop() // under the lock, so that nothing is taken once we wait
	in.mu.Unlock()
	timer := time.AfterFunc(grace, release)
	defer timer.Stop()
	in.wg.Wait()
}

// backoff waits longer after each failure, and never twice the same, so that
// many clients do not come back at once.
type backoff struct {
	first, most time.Duration
}

// wait pauses before attempt+1, at least for as long as was asked; it returns
// early with an error when ctx ends.
func (b backoff) wait(ctx context.Context, attempt int, asked time.Duration) error {
	pause := b.most
	if attempt < 16 {
		pause = min(b.most, b.first<<attempt)
	}
	pause = max(asked, pause/2+rand.N(pause/2+1))
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
