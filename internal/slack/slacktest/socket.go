package slacktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// maxAck is the size from which on Slack drops an acknowledgement without a
// word (measured by the keepers of slack-go and of the Node SDK).
const maxAck = 20 * 1024

// Why Slack ends a socket.
const (
	DisconnectWarning = "warning"           // it ends in about ten seconds
	DisconnectRefresh = "refresh_requested" // the routine renewal
	DisconnectOff     = "link_disabled"     // Socket Mode was switched off
	DisconnectMany    = "too_many_websockets"
)

// socketHub holds the app's sockets. Guarded by Fake.mu.
type socketHub struct {
	open    []*socket
	tickets map[string]time.Time
	sent    map[string]*delivery // by envelope id, also of attempts that failed
	log     []Delivered
	next    int
	opened  int
	down    bool
	deaf    bool // acknowledgements are thrown away
	noPings bool
}

func (h *socketHub) init() {
	h.tickets, h.sent = map[string]time.Time{}, map[string]*delivery{}
}

// socket is one connection.
type socket struct {
	f        *Fake
	conn     *websocket.Conn
	number   int
	draining bool

	mu     sync.Mutex
	queue  [][]byte
	more   chan struct{}
	closed chan struct{}
	once   sync.Once
}

// pick is the socket for the next delivery: each in turn, those that are about
// to end only where there is no other.
func (h *socketHub) pick() *socket {
	good := slices.DeleteFunc(slices.Clone(h.open), func(s *socket) bool { return s.draining })
	if len(good) == 0 {
		good = h.open
	}
	if len(good) == 0 {
		return nil
	}
	h.next++
	return good[h.next%len(good)]
}

// ticket is an address for one socket, for half a minute.
func (f *Fake) ticket() string {
	f.lastID++
	t := fmt.Sprintf("ticket-%d", f.lastID)
	f.sockets.tickets[t] = time.Now().Add(30 * time.Second)
	return "ws" + f.server.URL[len("http"):] + "/link/?ticket=" + t + "&app_id=" + f.app.id
}

func (f *Fake) serveSocket(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	t := r.URL.Query().Get("ticket")
	until, ok := f.sockets.tickets[t]
	delete(f.sockets.tickets, t)
	down := f.sockets.down
	if ok {
		f.work.Add(1)
	}
	f.mu.Unlock()
	if !ok || time.Now().After(until) || down {
		if ok {
			f.work.Done()
		}
		http.Error(w, "no such ticket", http.StatusForbidden)
		return
	}
	defer f.work.Done()
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	s := &socket{f: f, conn: conn, more: make(chan struct{}, 1), closed: make(chan struct{})}
	f.work.Add(1)
	go s.write()
	if f.connect(s) {
		s.read()
	}
	s.cut()
	f.disconnected(s)
}

// connect greets a new socket, and says whether it may stay.
func (f *Fake) connect(s *socket) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended() {
		return false
	}
	f.sockets.opened++
	s.number = f.sockets.opened
	debug := map[string]any{"host": "applink-1", "build_number": 10, "approximate_connection_time": 18060}
	if len(f.sockets.open) >= f.opt.MostSockets {
		s.send(marshal(map[string]any{"type": "disconnect", "reason": DisconnectMany, "debug_info": debug}))
		s.finish()
		return true // until it is written
	}
	f.sockets.open = append(f.sockets.open, s)
	s.send(marshal(map[string]any{"type": "hello", "num_connections": len(f.sockets.open), "debug_info": debug,
		"connection_info": map[string]any{"app_id": f.app.id}}))
	f.wake()
	return true
}

// disconnected gives back what was on its way on a socket.
func (f *Fake) disconnected(s *socket) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sockets.open = slices.DeleteFunc(f.sockets.open, func(x *socket) bool { return x == s })
	for _, d := range slices.Clone(f.pending) {
		if d.socket == s {
			f.failed(d, "connection_closed")
		}
	}
	f.wake()
}

// send puts a frame in line; nil closes the socket once all is written.
func (s *socket) send(frame []byte) {
	s.mu.Lock()
	s.queue = append(s.queue, frame)
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
}

func (s *socket) finish() { s.send(nil) }

// cut ends the connection as a network does.
func (s *socket) cut() {
	s.once.Do(func() {
		close(s.closed)
		_ = s.conn.Close()
	})
}

func (s *socket) write() {
	defer s.f.work.Done()
	defer s.cut()
	ping := time.NewTicker(s.f.opt.PingEvery)
	defer ping.Stop()
	for {
		s.mu.Lock()
		frames := s.queue
		s.queue = nil
		s.mu.Unlock()
		for _, frame := range frames {
			_ = s.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
			if frame == nil {
				_ = s.conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
				return
			}
			if s.conn.WriteMessage(websocket.TextMessage, frame) != nil {
				return
			}
		}
		select {
		case <-s.more:
		case <-s.closed:
			return
		case <-ping.C:
			if s.f.pings() && s.conn.WriteControl(websocket.PingMessage, []byte("Ping from applink-1"), time.Now().Add(time.Second)) != nil {
				return
			}
		}
	}
}

func (f *Fake) pings() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.sockets.noPings
}

func (s *socket) read() {
	for {
		kind, frame, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		s.f.frame(kind, frame)
	}
}

// frame takes what the app sent: acknowledgements.
func (f *Fake) frame(kind int, frame []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(frame) >= maxAck {
		f.violation("an acknowledgement of %d bytes; Slack drops those from %d on", len(frame), maxAck)
		return
	}
	var ack struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(frame, &ack); kind != websocket.TextMessage || err != nil || ack.EnvelopeID == "" {
		f.violation("a frame that acknowledges nothing")
		return
	}
	d, known := f.sockets.sent[ack.EnvelopeID]
	if !known {
		f.violation("an acknowledgement of the unknown envelope %q", ack.EnvelopeID)
		return
	}
	if d.envelope != ack.EnvelopeID || f.sockets.deaf {
		return // too late, or lost
	}
	f.acknowledged(d, ack.Payload)
}

// Sockets counts the sockets that are open now.
func (f *Fake) Sockets() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sockets.open)
}

// Connections counts the sockets that were opened so far.
func (f *Fake) Connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sockets.opened
}

// AwaitConnected waits until at least so many sockets are open.
func (f *Fake) AwaitConnected(n int) {
	f.t.Helper()
	f.Await(fmt.Sprintf("%d sockets are open", n), func() bool { return f.Sockets() >= n })
}

// AwaitDisconnected waits until no socket is open.
func (f *Fake) AwaitDisconnected() {
	f.t.Helper()
	f.Await("no socket is open", func() bool { return f.Sockets() == 0 })
}

// Drop cuts all sockets, as a network does.
func (f *Fake) Drop() {
	f.mu.Lock()
	open := slices.Clone(f.sockets.open)
	f.mu.Unlock()
	for _, s := range open {
		s.cut()
	}
	f.within(f.opt.Patience, func() bool { // until what was on its way is given back
		f.mu.Lock()
		defer f.mu.Unlock()
		return !slices.ContainsFunc(f.sockets.open, func(s *socket) bool { return slices.Contains(open, s) })
	})
}

// DropOne cuts the oldest socket.
func (f *Fake) DropOne() {
	f.mu.Lock()
	var first *socket
	if len(f.sockets.open) > 0 {
		first = f.sockets.open[0]
	}
	f.mu.Unlock()
	if first != nil {
		first.cut()
	}
}

// SocketsDown refuses all new sockets, or takes them again. Those that are
// open stay.
func (f *Fake) SocketsDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sockets.down = down
}

// Deaf throws away all acknowledgements from now on, or takes them again.
func (f *Fake) Deaf(deaf bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sockets.deaf = deaf
}

// StopPings stops the pings, so that a connection looks dead, or starts them
// again.
func (f *Fake) StopPings(stop bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sockets.noPings = stop
}

// Disconnect tells the oldest socket that it ends, with a reason, and closes
// it after some time; never, where that is negative. What happens meanwhile
// goes to other sockets where there are some.
func (f *Fake) Disconnect(reason string, after time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.sockets.open, func(s *socket) bool { return !s.draining })
	if i < 0 {
		return
	}
	s := f.sockets.open[i]
	s.draining = true
	s.send(marshal(map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": "applink-1"}}))
	if after >= 0 {
		time.AfterFunc(after, s.finish)
	}
}

// SendFrame writes a raw frame to every socket, for frames that no library
// knows.
func (f *Fake) SendFrame(frame string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var envelope struct {
		ID string `json:"envelope_id"`
	}
	if json.Unmarshal([]byte(frame), &envelope) == nil && envelope.ID != "" {
		f.sockets.sent[envelope.ID] = &delivery{f: f, over: true} // whether it is acknowledged does not matter
	}
	for _, s := range f.sockets.open {
		s.send([]byte(frame))
	}
}
