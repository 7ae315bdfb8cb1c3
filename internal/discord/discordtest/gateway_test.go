package discordtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

// wire is a client of the gateway that knows only frames.
type wire struct {
	t  *testing.T
	ws *websocket.Conn
}

type frame struct {
	Op   int            `json:"op"`
	Seq  int            `json:"s"`
	Type string         `json:"t"`
	Data map[string]any `json:"-"`
	Raw  any            `json:"d"`
}

func dial(t *testing.T, url string) *wire {
	t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial(url+"?v=9&encoding=json", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	w := &wire{t: t, ws: ws}
	if hello := w.next(); hello.Op != 10 {
		t.Fatalf("the first frame is %+v", hello)
	}
	return w
}

func (w *wire) send(op int, d any) {
	w.t.Helper()
	if err := w.ws.WriteJSON(map[string]any{"op": op, "d": d}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) next() frame {
	w.t.Helper()
	var f frame
	if err := w.ws.ReadJSON(&f); err != nil {
		w.t.Fatalf("read a frame: %v", err)
	}
	f.Data, _ = f.Raw.(map[string]any)
	return f
}

func (w *wire) identify(f *discordtest.Fake) frame {
	w.t.Helper()
	w.send(2, identity(f))
	return w.next()
}

func identity(f *discordtest.Fake) map[string]any {
	return map[string]any{"token": f.Token(), "intents": int(discordtest.Guilds | discordtest.GuildMessages),
		"properties": map[string]any{}, "compress": true}
}

func TestResumeOverTheAddressOfReadyReplaysInOrder(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	club := f.Guild("Youth club")
	general := club.Text("general")
	kim := club.Member("Kim")
	w := dial(t, gatewayOf(f))
	ready := w.identify(f)
	if ready.Type != "READY" || ready.Seq != 1 {
		t.Fatalf("the answer to identify is %+v", ready)
	}
	w.next() // GUILD_CREATE
	kim.Say(general, "one")
	if got := w.next(); got.Type != "MESSAGE_CREATE" || got.Data["content"] != "" {
		t.Fatalf("without the intent for content came %v", got.Data)
	}
	f.Drop(0)
	f.AwaitDisconnected()
	kim.Say(general, "two")

	again := dial(t, ready.Data["resume_gateway_url"].(string)+"/")
	again.send(6, map[string]any{"token": f.Token(), "session_id": ready.Data["session_id"], "seq": 2})
	for i, want := range []string{"MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"} {
		if got := again.next(); got.Type != want || got.Seq != i+3 {
			t.Fatalf("frame %d is %s with number %d, want %s with %d", i, got.Type, got.Seq, want, i+3)
		}
	}
	if all, overURL := f.Resumes(); all != 1 || overURL != 1 {
		t.Fatalf("%d resumes, %d over the address of READY", all, overURL)
	}
	again.send(1, 5)
	if got := again.next(); got.Op != 11 {
		t.Fatalf("a heartbeat was answered by %+v", got)
	}
}

func TestWhatCannotBeResumedIsInvalid(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{IdentifyEvery: -1, Replay: -1})
	club := f.Guild("Youth club")
	general := club.Text("general")
	kim := club.Member("Kim")
	w := dial(t, gatewayOf(f))
	ready := w.identify(f)
	f.Drop(0)
	f.AwaitDisconnected()
	kim.Say(general, "lost")
	w = dial(t, gatewayOf(f))
	w.send(6, map[string]any{"token": f.Token(), "session_id": ready.Data["session_id"], "seq": 1})
	if got := w.next(); got.Op != 9 || got.Raw != false {
		t.Fatalf("the resume was answered by %+v", got)
	}
	if got := w.identify(f); got.Type != "READY" {
		t.Fatalf("the identify after it was answered by %+v", got)
	}
	f.AwaitConnected(1)
	f.Invalidate(0, true)
	for {
		if got := w.next(); got.Op == 9 {
			if got.Raw != true {
				t.Fatalf("op 9 says %v", got.Raw)
			}
			break
		}
	}
}

func TestClosingNormallyEndsTheSession(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	w := dial(t, gatewayOf(f))
	ready := w.identify(f)
	_ = w.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
	f.AwaitDisconnected()
	w = dial(t, gatewayOf(f))
	w.send(6, map[string]any{"token": f.Token(), "session_id": ready.Data["session_id"], "seq": 1})
	if got := w.next(); got.Op != 9 || got.Raw != false {
		t.Fatalf("the resume was answered by %+v", got)
	}
}

func TestHeartbeatsThatNobodyAcknowledgesMakeTheBotComeBack(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{Heartbeat: 60 * time.Millisecond, IdentifyEvery: -1})
	club := f.Guild("Youth club")
	general := club.Text("general")
	kim := club.Member("Kim")
	b := newBot(t, f, intents)
	b.open(t, f)
	f.IgnoreHeartbeats(true)
	f.AwaitDisconnected()
	f.IgnoreHeartbeats(false)
	f.AwaitConnected(1)
	kim.Say(general, "still there?")
	f.Await("the bot hears Kim", func() bool { return len(b.texts()) == 1 })
}

func TestGatewayOffence(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w *wire, f *discordtest.Fake)
		want int
	}{
		{"an event request before identify", func(w *wire, _ *discordtest.Fake) { w.send(3, map[string]any{}) }, discordtest.CloseNotAuthenticated},
		{"identify twice", func(w *wire, f *discordtest.Fake) { w.identify(f); w.send(2, identity(f)) }, discordtest.CloseAuthenticated},
		{"no such opcode", func(w *wire, _ *discordtest.Fake) { w.send(99, nil) }, discordtest.CloseUnknownOpcode},
		{"a frame that is too long", func(w *wire, _ *discordtest.Fake) { w.send(1, strings.Repeat("x", 5000)) }, discordtest.CloseDecode},
		{"closed by the test", func(w *wire, f *discordtest.Fake) { w.identify(f); f.CloseWith(0, 4000) }, discordtest.CloseUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := discordtest.New(t, discordtest.Options{})
			w := dial(t, gatewayOf(f))
			closed := make(chan error, 1)
			c.do(&wire{t: t, ws: w.ws}, f)
			go func() {
				for {
					if _, _, err := w.ws.ReadMessage(); err != nil {
						closed <- err
						return
					}
				}
			}()
			if err := <-closed; !websocket.IsCloseError(err, c.want) {
				t.Fatalf("the gateway closed with %v, want %d", err, c.want)
			}
			f.Forgive()
		})
	}
}

// BenchmarkDispatch says how many frames a second the fake can deliver to a
// client that does nothing but read.
func BenchmarkDispatch(b *testing.B) {
	f := discordtest.New(b, discordtest.Options{Unchecked: true, Replay: -1})
	g := f.Crowd(1, 10)[0]
	ws, _, err := websocket.DefaultDialer.Dial(gatewayOf(f)+"?v=9", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer ws.Close()
	_ = ws.WriteJSON(map[string]any{"op": 2, "d": map[string]any{"token": f.Token(), "intents": discordgo.IntentsAllWithoutPrivileged,
		"properties": map[string]any{}}})
	f.AwaitConnected(1)
	m := map[string]any{"id": "5", "channel_id": g.CrowdChannel(1), "guild_id": g.ID, "content": "a message of some length, as people write"}
	for range 3 {
		if _, _, err := ws.ReadMessage(); err != nil { // hello, READY, GUILD_CREATE
			b.Fatal(err)
		}
	}
	go func() {
		for range b.N {
			f.Dispatch(g.ID, "MESSAGE_CREATE", m)
		}
	}()
	b.ResetTimer()
	for range b.N {
		if _, _, err := ws.ReadMessage(); err != nil {
			b.Fatal(err)
		}
	}
}
