package discord

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/coder/websocket"
)

// This file drives one connection to the gateway: hello, identify or resume,
// heartbeats, and the frames in their order. It decides nothing about coming
// back; shards.go does.

// The gateway's operations.
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opIdentify       = 2
	opResume         = 6
	opReconnect      = 7
	opInvalidSession = 9
	opHello          = 10
	opAck            = 11
)

// maxFrame is the longest frame that is read: the largest servers send some
// megabytes at once.
const maxFrame = 128 << 20

// codeKeep closes a connection without ending its session: 1000 and 1001 would
// end it.
const codeKeep websocket.StatusCode = 4900

// session is what a connection needs in order to go on where the last ended.
type session struct {
	id     string
	resume string // the address to resume at
	seq    atomic.Int64
}

// frame is one message of the gateway. Data is good until the next is read.
type frame struct {
	Op   int             `json:"op"`
	Seq  int64           `json:"s"`
	Type string          `json:"t"`
	Data json.RawMessage `json:"d"`
}

// maxKept is the largest buffer that is kept for the next frame.
const maxKept = 1 << 20

// end says how a connection ended.
type end struct {
	err     error
	again   bool          // at once, without the back-off
	forget  bool          // the session cannot be resumed
	wait    time.Duration // Discord asked for
	fatal   bool          // coming back cannot help
	resumed bool          // it was up: READY or RESUMED came
}

// link is one connection.
type link struct {
	d     *Discord
	log   *slog.Logger
	shard int
	count int
	s     *session
	conn  *websocket.Conn
	life  context.Context // of the socket
	buf   bytes.Buffer    // of the frame that is being read
	alive *atomic.Int64   // when anything was last heard, in Unix nanoseconds
	acked atomic.Bool
	beats atomic.Pointer[error] // why the heartbeat gave up
	up    func()                // READY or RESUMED came
	take  func(frame)           // an event
}

// run connects and reads until the connection ends. allow waits until the
// shard may identify.
func (l *link) run(ctx context.Context, address string, allow func(context.Context) error) end {
	conn, err := dial(ctx, address)
	if err != nil {
		return end{err: fmt.Errorf("connect to the gateway: %w", bare(err))}
	}
	l.conn = conn
	// The socket outlives ctx by the moment that it takes to say goodbye.
	life, cut := context.WithCancel(context.WithoutCancel(ctx))
	gone := make(chan struct{})
	goodbye := context.AfterFunc(ctx, func() { defer close(gone); l.leave(websocket.StatusNormalClosure); cut() })
	defer func() {
		if !goodbye() {
			<-gone
		}
		cut()
		_ = conn.CloseNow() // whatever else happened
	}()
	l.life = life
	hello, err := l.read()
	if err != nil {
		return l.ended(ctx, err)
	}
	var said struct {
		Interval float64 `json:"heartbeat_interval"`
	}
	if hello.Op != opHello || json.Unmarshal(hello.Data, &said) != nil || said.Interval < 1 {
		return end{err: errors.New("the gateway did not say hello")}
	}
	beating, stop := context.WithCancel(life)
	done := make(chan struct{})
	defer func() { stop(); <-done }()
	go func() { defer close(done); l.beat(beating, time.Duration(said.Interval*float64(time.Millisecond))) }()

	resuming := l.s.id != ""
	if !resuming {
		if err := allow(ctx); err != nil {
			return end{err: fmt.Errorf("wait to identify: %w", err)}
		}
	}
	if err := l.greet(resuming); err != nil {
		return l.ended(ctx, err)
	}
	return l.listen(ctx)
}

// dial opens the socket. The answer to a refused one is not shown: it may be a
// whole page.
func dial(ctx context.Context, address string) (*websocket.Conn, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the gateway's address cannot be read")
	}
	q := u.Query()
	q.Set("v", discordgo.APIVersion)
	q.Set("encoding", "json")
	u.RawQuery = q.Encode()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{CompressionMode: websocket.CompressionDisabled}) //nolint:bodyclose // the library closes it
	if err != nil {
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			return nil, &refusal{status: resp.StatusCode}
		}
		return nil, err
	}
	conn.SetReadLimit(maxFrame)
	return conn, nil
}

// read gives the next frame.
func (l *link) read() (frame, error) {
	kind, r, err := l.conn.Reader(l.life)
	if err != nil {
		return frame{}, err
	}
	if l.buf.Cap() > maxKept {
		l.buf = bytes.Buffer{}
	}
	l.buf.Reset()
	if _, err := l.buf.ReadFrom(r); err != nil {
		return frame{}, err
	}
	raw := l.buf.Bytes()
	if kind == websocket.MessageBinary {
		if raw, err = inflate(raw); err != nil {
			return frame{}, err
		}
	}
	return readFrame(raw)
}

func inflate(raw []byte) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read a compressed frame: %w", err)
	}
	defer z.Close()
	out, err := io.ReadAll(io.LimitReader(z, maxFrame))
	if err != nil {
		return nil, fmt.Errorf("read a compressed frame: %w", err)
	}
	return out, nil
}

func readFrame(raw []byte) (frame, error) {
	if f, ok := splitFrame(raw); ok {
		return f, nil
	}
	var f frame
	err := json.Unmarshal(raw, &f)
	var odd *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &odd) {
		return frame{}, errors.New("a frame is no JSON") // the cause would quote it
	}
	return f, nil
}

// write sends one operation.
func (l *link) write(op int, data any) error {
	raw, err := json.Marshal(struct {
		Op   int `json:"op"`
		Data any `json:"d"`
	}{op, data})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(l.life, 10*time.Second)
	defer cancel()
	return l.conn.Write(ctx, websocket.MessageText, raw)
}

// greet identifies or resumes.
func (l *link) greet(resuming bool) error {
	if resuming {
		return l.write(opResume, map[string]any{
			"token": l.d.token(), "session_id": l.s.id, "seq": l.s.seq.Load(),
		})
	}
	return l.write(opIdentify, map[string]any{
		"token": l.d.token(), "intents": l.d.intents(), "compress": true, "large_threshold": 50,
		"shard": [2]int{l.shard, l.count},
		"properties": map[string]string{
			"os": runtime.GOOS, "browser": "waymark", "device": "waymark",
		},
	})
}

// listen reads frames until the connection ends.
func (l *link) listen(ctx context.Context) (e end) {
	up := false
	defer func() { e.resumed = up }()
	for {
		f, err := l.read()
		if err != nil {
			return l.ended(ctx, err)
		}
		l.alive.Store(time.Now().UnixNano())
		if f.Seq > 0 {
			l.s.seq.Store(f.Seq)
		}
		switch f.Op {
		case opDispatch:
			if f.Type == "READY" || f.Type == "RESUMED" {
				if f.Type == "READY" && !l.begin(f.Data) {
					return end{err: errors.New("the gateway's READY holds no session"), forget: true}
				}
				up = true
				l.up()
			}
			l.take(f)
		case opHeartbeat:
			if err := l.write(opHeartbeat, l.s.last()); err != nil {
				return l.ended(ctx, err)
			}
		case opAck:
			l.acked.Store(true)
		case opReconnect:
			l.leave(codeKeep)
			return end{err: errors.New("Discord asked to reconnect"), again: true}
		case opInvalidSession:
			l.leave(codeKeep)
			return l.d.invalidated(string(f.Data) == "true")
		}
	}
}

// begin keeps the session that READY opens.
func (l *link) begin(raw json.RawMessage) bool {
	var ready struct {
		Session string `json:"session_id"`
		Resume  string `json:"resume_gateway_url"`
	}
	if readJSON(raw, &ready) != nil || ready.Session == "" {
		return false
	}
	l.s.id, l.s.resume = ready.Session, ready.Resume
	return true
}

// invalidated is what op 9 asks for: a wait of 1 to 5 s, then a resume if that
// is still possible, else a new session.
func (d *Discord) invalidated(resumable bool) end {
	wait := d.time.invalidMin
	if span := d.time.invalidMax - d.time.invalidMin; span > 0 {
		wait += rand.N(span)
	}
	return end{err: errors.New("Discord ended the session"), again: true, wait: wait, forget: !resumable}
}

// last is what a heartbeat carries: the last sequence number, or null.
func (s *session) last() any {
	if n := s.seq.Load(); n > 0 {
		return n
	}
	return nil
}

// beat sends heartbeats until ctx ends. Where the last one was not
// acknowledged the connection is dead, whatever its socket says.
func (l *link) beat(ctx context.Context, every time.Duration) {
	l.acked.Store(true)
	wait := rand.N(every) // Discord asks for jitter, so that not all come at once
	for {
		if sleep(ctx, wait) != nil {
			return
		}
		wait = every
		if !l.acked.Swap(false) {
			err := errors.New("a heartbeat was not acknowledged")
			l.beats.Store(&err)
			l.leave(codeKeep)
			return
		}
		if err := l.write(opHeartbeat, l.s.last()); err != nil {
			if ctx.Err() == nil {
				err = fmt.Errorf("send a heartbeat: %w", err)
				l.beats.Store(&err)
				_ = l.conn.CloseNow()
			}
			return
		}
	}
}

// leave closes the socket with a code: codeKeep lets the session live on. A
// peer that does not answer is not waited for.
func (l *link) leave(code websocket.StatusCode) {
	done := make(chan struct{})
	go func() { defer close(done); _ = l.conn.Close(code, "") }()
	select {
	case <-done:
	case <-time.After(250 * time.Millisecond):
		_ = l.conn.CloseNow()
		<-done
	}
}

// closing is a close code of the gateway and what it means for us.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway
func closing(code websocket.StatusCode) (why string, fatal, forget bool) {
	switch code {
	case 4003:
		return "Discord says that the connection did not identify", false, true
	case 4004:
		return "Discord does not accept the bot's token. Copy it anew from the developer portal (Bot, Reset Token) into discord.token", true, true
	case 4007:
		return "Discord cannot go on from our last event", false, true
	case 4009:
		return "Discord says that the session took too long", false, true
	case 4010:
		return "Discord does not accept the shard number", true, true
	case 4011:
		return "Discord wants more shards for this bot than it runs. Restart it without a set number of shards", true, true
	case 4012:
		return "Discord no longer speaks this version of its gateway. Update Waymark", true, true
	case 4013:
		return "Discord does not know an intent that was asked for. Update Waymark", true, true
	case 4014:
		return "Discord has not granted the message content intent. Switch on Message Content Intent in the developer portal " +
			"(Bot, Privileged Gateway Intents), then start again", true, true
	}
	return fmt.Sprintf("Discord closed the connection with code %d", code), false, false
}

// ended says what an error on the socket means.
func (l *link) ended(ctx context.Context, err error) end {
	if why := l.beats.Load(); why != nil {
		return end{err: *why, again: true}
	}
	if ctx.Err() != nil {
		return end{err: ctx.Err()}
	}
	if code := websocket.CloseStatus(err); code != -1 {
		why, fatal, forget := closing(code)
		return end{err: errors.New(why), fatal: fatal, forget: forget}
	}
	var n net.Error
	if errors.As(err, &n) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return end{err: errors.New("the connection to the gateway broke")}
	}
	return end{err: bare(err)}
}

// Intents are what the bot asks the gateway for: no more than it needs.
func (d *Discord) intents() discordgo.Intent {
	const least = discordgo.IntentGuilds | discordgo.IntentGuildMessages | discordgo.IntentDirectMessages
	if d.o.AutoMod {
		return least | discordgo.IntentAutoModerationConfiguration | discordgo.IntentAutoModerationExecution
	}
	return least | discordgo.IntentMessageContent
}
