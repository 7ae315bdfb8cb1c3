package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/waymark-bot/waymark/internal/chat"
)

// This file drives the Socket Mode connections. Slack says some seconds before
// it closes one that it will; the next is opened while the old one is still
// read, so nothing is lost in between.

const (
	// maxFrame is the longest frame that is read.
	maxFrame = 16 << 20
	// maxAck is the longest acknowledgement that Slack takes.
	maxAck = 20 << 10
	// ackWithin bounds the writing of one.
	ackWithin = 5 * time.Second
)

// links are the sockets that are up.
type links struct {
	mu    sync.Mutex
	open  map[*link]bool
	alive time.Time // when the last of them was last heard, where none is up
}

// add notes a socket, and says since when there was none; zero where there was
// one all the time, or none before.
func (x *links) add(l *link) time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	var since time.Time
	if len(x.open) == 0 {
		since = x.alive
	}
	if x.open == nil {
		x.open = map[*link]bool{}
	}
	x.open[l] = true
	return since
}

func (x *links) remove(l *link) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.open[l] {
		return
	}
	delete(x.open, l)
	if len(x.open) == 0 {
		x.alive = l.heard()
	}
}

func (x *links) up() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.open) > 0
}

// link is one socket.
type link struct {
	s    *Slack
	conn *websocket.Conn
	life context.Context

	mu    sync.Mutex
	last  time.Time     // when anything was last heard
	leave chan struct{} // closed when Slack says that it will close it
	ended chan struct{} // closed when it is not read any more
	err   error         // why; good once ended is closed
	fatal bool
}

func (l *link) hear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = time.Now()
}

func (l *link) heard() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// frame is what Slack sends over a socket.
type frame struct {
	Type     string          `json:"type"`
	Envelope string          `json:"envelope_id"`
	Payload  json.RawMessage `json:"payload"`
	Reason   string          `json:"reason"`
}

// keepSocket keeps one socket open until ctx ends or Slack refuses for good.
// life is the life of the sockets, which outlive ctx until the last
// acknowledgement is sent.
func (s *Slack) keepSocket(ctx, life context.Context, in *intake, n int) {
	log := s.log.With("socket", n)
	var old *link
	defer func() {
		if old != nil {
			<-old.ended
		}
	}()
	for attempt := 0; ctx.Err() == nil; {
		l, err := s.openSocket(ctx, life, in)
		if err != nil {
			if why := refusedForGood(err); why != nil {
				in.end(why)
				<-ctx.Done()
				return
			}
			if ctx.Err() == nil {
				log.Warn("no connection to Slack", "attempt", attempt+1, "err", err)
			}
			if s.time.backoff.wait(ctx, attempt, chat.RetryAfter(err)) != nil {
				return
			}
			attempt++
			continue
		}
		log.Info("connected to Slack")
		attempt, old = 0, l
		select {
		case <-l.leave:
			log.Info("Slack will close the connection; the next is opened")
			continue
		case <-l.ended:
		}
		if l.fatal {
			in.end(l.err)
			return
		}
		if life.Err() == nil && ctx.Err() == nil {
			log.Warn("the connection to Slack broke", "err", l.err)
			if s.time.backoff.wait(ctx, 0, 0) != nil {
				return
			}
		}
	}
}

// openSocket opens a socket, waits for Slack's hello, and has it read.
func (s *Slack) openSocket(ctx, life context.Context, in *intake) (*link, error) {
	const op = "open the connection"
	within, cancel := context.WithTimeout(ctx, s.time.request)
	defer cancel()
	_, address, err := s.client("").StartSocketModeContext(within)
	if err != nil {
		return nil, problem(within, op, err)
	}
	if !strings.HasPrefix(address, "ws") {
		return nil, &chat.Error{Op: op, Err: errors.New("Slack gave no address to connect to")}
	}
	l := &link{s: s, life: life, last: time.Now(), leave: make(chan struct{}), ended: make(chan struct{})}
	conn, _, err := websocket.Dial(within, address, &websocket.DialOptions{ //nolint:bodyclose // the library closes it
		CompressionMode: websocket.CompressionDisabled,
		OnPingReceived:  func(context.Context, []byte) bool { l.hear(); return true },
	})
	if err != nil {
		return nil, &chat.Error{Op: op, Err: errors.New("the address that Slack gave cannot be reached")}
	}
	conn.SetReadLimit(maxFrame)
	l.conn = conn
	f, err := l.next(within)
	if err == nil && f.Type != "hello" {
		err = fmt.Errorf("Slack said %s where a hello was due", name(f.Type+" "+f.Reason))
	}
	if err != nil {
		_ = conn.CloseNow() // it is of no use
		return nil, &chat.Error{Op: op, Err: err}
	}
	since := s.links.add(l)
	in.began()
	if !since.IsZero() {
		in.present(since)
	}
	go l.read(in)
	return l, nil
}

// next reads one frame.
func (l *link) next(ctx context.Context) (frame, error) {
	_, raw, err := l.conn.Read(ctx)
	if err != nil {
		return frame{}, errors.New(closed(err))
	}
	l.hear()
	var f frame
	if readJSON(raw, &f) != nil {
		l.s.log.Error("something on the connection could not be read", "bytes", len(raw))
		return frame{}, nil
	}
	return f, nil
}

// closed says how a socket ended, without what was on it.
func closed(err error) string {
	if code := websocket.CloseStatus(err); code >= 0 {
		return fmt.Sprintf("closed with %d", code)
	}
	return "it broke off"
}

// read takes what comes until the socket ends.
func (l *link) read(in *intake) {
	defer close(l.ended)
	defer l.s.links.remove(l)
	ctx, cancel := context.WithCancel(l.life)
	defer cancel()
	defer func() { _ = l.conn.CloseNow() }() // whatever else happened
	go l.watch(ctx, cancel)
	leaving := false
	for {
		f, err := l.next(ctx)
		if err != nil {
			l.err = err
			return
		}
		if f.Type == "disconnect" {
			if f.Reason == "link_disabled" {
				l.fatal = true
				l.err = errors.New("the app's settings have Socket Mode switched off; switch it on again")
				return
			}
			if !leaving {
				leaving = true
				close(l.leave)
				time.AfterFunc(l.s.time.linger, cancel)
			}
			continue
		}
		l.take(in, f)
	}
}

// watch gives the socket up when nothing, not even a ping, came for a while.
func (l *link) watch(ctx context.Context, cancel context.CancelFunc) {
	tick := time.NewTicker(max(l.s.time.quiet/4, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(l.heard()) > l.s.time.quiet {
			cancel()
			return
		}
	}
}

// take hands on what came. What a person asks is acknowledged at once, as Slack
// waits three seconds and the person for the answer; an event when it is safe.
func (l *link) take(in *intake, f frame) {
	switch f.Type {
	case "events_api":
		in.event(f.Payload, func() { l.ack(f.Envelope, nil) })
	case "interactive":
		in.interaction(f.Payload, func(with json.RawMessage) { l.ack(f.Envelope, with) })
	case "slash_commands":
		l.ack(f.Envelope, nil)
		var c slashCommand
		if readJSON(f.Payload, &c) == nil {
			in.slash(c)
		}
	}
}

// ack tells Slack that an envelope needs nothing more, with what Slack is to
// show for it, nil for nothing. Where that fails, Slack delivers an event again,
// and it is known.
func (l *link) ack(envelope string, with json.RawMessage) {
	raw, err := json.Marshal(struct {
		Envelope string          `json:"envelope_id"`
		Payload  json.RawMessage `json:"payload,omitempty"`
	}{envelope, with})
	if err != nil || envelope == "" || len(raw) > maxAck {
		return
	}
	ctx, cancel := context.WithTimeout(l.life, ackWithin)
	defer cancel()
	if l.conn.Write(ctx, websocket.MessageText, raw) != nil && l.life.Err() == nil {
		l.s.log.Debug("an acknowledgement did not get through; the event comes again")
	}
}
