package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/coder/websocket"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

// counting is a handler that only counts.
type counting struct {
	recorder
	n    atomic.Int64
	want int64
	done chan struct{}
}

func (c *counting) Message(context.Context, chat.Message) error {
	if c.n.Add(1) == c.want {
		close(c.done)
	}
	return nil
}

// guildFrame is a server as the gateway describes it.
func guildFrame(at, channels int) []byte {
	server := uint64(at+1)<<40 + 1
	overwrites := func(i int) string {
		return fmt.Sprintf(`[{"id":"%d","type":0,"allow":"0","deny":"%d"},{"id":"%d","type":0,"allow":"1024","deny":"0"}]`,
			server, 1024*(i%2), server+uint64(i%5)+1)
	}
	var roles, list []string
	for i := range 25 {
		roles = append(roles, fmt.Sprintf(`{"id":"%d","name":"Role number %d","color":0,"hoist":false,"position":%d,"permissions":"104324673","managed":false,"mentionable":false}`,
			server+uint64(i), i, i))
	}
	for i := range channels {
		list = append(list, fmt.Sprintf(`{"id":"%d","type":0,"name":"channel-number-%d","position":%d,"parent_id":"%d","topic":"What we talk about in channel %d of this server","nsfw":false,"last_message_id":"%d","rate_limit_per_user":0,"flags":0,"permission_overwrites":%s}`,
			server+1000+uint64(i), i, i, server+1000+uint64(i/10*10), i, server+5000, overwrites(i/10)))
	}
	return fmt.Appendf(nil, `{"t":"GUILD_CREATE","s":2,"op":0,"d":{"id":"%d","name":"Server %d","owner_id":"7","unavailable":false,"member_count":5000,"roles":[%s],"channels":[%s],"threads":[],"emojis":[],"members":[{"user":{"id":"1","username":"Waymark","bot":true},"roles":["%d"]}],"presences":[],"voice_states":[]}}`,
		server, at, strings.Join(roles, ","), strings.Join(list, ","), server+3)
}

func messageFrames(n int) [][]byte {
	server := uint64(1)<<40 + 1
	out := make([][]byte, n)
	for i := range out {
		out[i] = fmt.Appendf(nil, `{"t":"MESSAGE_CREATE","s":3,"op":0,"d":{"type":0,"tts":false,"timestamp":"2026-03-01T12:00:00.000000+00:00","pinned":false,"nonce":"1","mentions":[],"mention_roles":[],"mention_everyone":false,"member":{"roles":["%d"],"premium_since":null,"pending":false,"nick":null,"mute":false,"joined_at":"2025-03-01T12:00:00.000000+00:00","flags":0,"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":null},"id":"%d","flags":0,"embeds":[],"edited_timestamp":null,"content":"has anybody seen the new level yet, number %d is hard","components":[],"channel_type":0,"channel_id":"%d","author":{"username":"robin","public_flags":0,"primary_guild":null,"id":"%d","global_name":"Robin","discriminator":"0","collectibles":null,"clan":null,"avatar_decoration_data":null,"avatar":"0123456789abcdef0123456789abcdef"},"attachments":[],"guild_id":"%d"}}`,
			server+3, server+uint64(10_000+i), i, server+1000+uint64(i%200), 100+i%50, server)
	}
	return out
}

// gateway is the least of a gateway: a server that says hello and pours frames.
func gateway(b *testing.B, frames [][]byte, n int, pour <-chan struct{}) *httptest.Server {
	b.Helper()
	var web *httptest.Server
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v9/gateway/bot", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"url":"ws%s","shards":1,"session_start_limit":{"total":1000,"remaining":1000,"reset_after":0,"max_concurrency":1}}`, strings.TrimPrefix(web.URL, "http"))
	})
	mux.HandleFunc("/api/v9/gateway", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"url":"ws%s"}`, strings.TrimPrefix(web.URL, "http"))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		ctx := r.Context()
		write := func(raw []byte) { _ = c.Write(ctx, websocket.MessageText, raw) }
		write([]byte(`{"op":10,"d":{"heartbeat_interval":41250}}`))
		_, _, _ = c.Read(ctx)
		write([]byte(`{"t":"READY","s":1,"op":0,"d":{"v":9,"session_id":"x","user":{"id":"1","username":"Waymark"},"guilds":[],"application":{"id":"1"}}}`))
		write(guildFrame(0, 200))
		go func() {
			<-pour
			for i := range n {
				write(frames[i%len(frames)])
			}
		}()
		for {
			if _, _, err := c.Read(ctx); err != nil {
				return
			}
		}
	})
	web = httptest.NewServer(mux)
	b.Cleanup(web.Close)
	return web
}

// BenchmarkFrames is the way of a message from the gateway's socket to the
// handler, beside plain discordgo with its default state on the same frames.
// Run it with -cpu 1: both share the core with what pours the frames.
func BenchmarkFrames(b *testing.B) {
	frames := messageFrames(1000)
	b.Run("waymark", func(b *testing.B) {
		pour := make(chan struct{})
		web := gateway(b, frames, b.N, pour)
		d, err := New(Options{Token: "abc", BaseURL: web.URL})
		if err != nil {
			b.Fatal(err)
		}
		h := &counting{want: int64(b.N), done: make(chan struct{})}
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx, h) }()
		if !came(func() bool { return len(noted(&h.recorder, &h.present)) > 0 }) {
			b.Fatal("the server did not come")
		}
		b.ReportAllocs()
		b.ResetTimer()
		close(pour)
		<-h.done
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
		stop()
		<-ended
	})
	b.Run("discordgo", func(b *testing.B) {
		pour := make(chan struct{})
		web := gateway(b, frames, b.N, pour)
		was := discordgo.EndpointGateway
		discordgo.EndpointGateway = web.URL + "/api/v9/gateway"
		defer func() { discordgo.EndpointGateway = was }()
		s, err := discordgo.New("Bot abc")
		if err != nil {
			b.Fatal(err)
		}
		s.ShouldReconnectOnError = false
		var n atomic.Int64
		done, there := make(chan struct{}), make(chan struct{})
		s.AddHandler(func(*discordgo.Session, *discordgo.GuildCreate) { close(there) })
		s.AddHandler(func(_ *discordgo.Session, m *discordgo.MessageCreate) {
			if m.Content != "" && n.Add(1) == int64(b.N) {
				close(done)
			}
		})
		if err := s.Open(); err != nil {
			b.Fatal(err)
		}
		<-there
		b.ReportAllocs()
		b.ResetTimer()
		close(pour)
		<-done
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
		_ = s.Close()
	})
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkMemory keeps 2,500 servers of 200 channels, beside discordgo's
// default state on the same frames in the same run.
func BenchmarkMemory(b *testing.B) {
	const servers, channels = 2500, 200
	for b.Loop() {
		before := heap()
		d, err := New(Options{Token: "abc"})
		if err != nil {
			b.Fatal(err)
		}
		d.me.Store(1)
		in := newIntake(b.Context(), d, &recorder{})
		for i := range servers {
			f, err := readFrame(guildFrame(i, channels))
			if err != nil {
				b.Fatal(err)
			}
			in.event(f)
		}
		in.finish(time.Second, func() {})
		in.h = nil
		ours := heap() - before
		if n := len(d.cache.servers()); n != servers {
			b.Fatalf("%d servers are kept", n)
		}
		runtime.KeepAlive(d)
		before = heap()
		s, err := discordgo.New("Bot abc")
		if err != nil {
			b.Fatal(err)
		}
		for i := range servers {
			var e discordgo.Event
			var g discordgo.GuildCreate
			if err := json.Unmarshal(guildFrame(i, channels), &e); err != nil {
				b.Fatal(err)
			}
			if err := json.Unmarshal(e.RawData, &g); err != nil {
				b.Fatal(err)
			}
			if err := s.State.OnInterface(s, &g); err != nil {
				b.Fatal(err)
			}
		}
		theirs := heap() - before
		if n := len(s.State.Guilds); n != servers {
			b.Fatalf("discordgo keeps %d servers", n)
		}
		runtime.KeepAlive(s)
		b.ReportMetric(ours/1e6, "waymark-MB")
		b.ReportMetric(theirs/1e6, "discordgo-MB")
		b.ReportMetric(ours/theirs, "ratio")
		b.ReportMetric(0, "ns/op")
	}
}

func percentiles(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

func benchBot(b *testing.B, h chat.Handler) (*discordtest.Guild, *Discord) {
	b.Helper()
	f := discordtest.New(b, discordtest.Options{Unchecked: true, GlobalLimit: -1,
		Buckets: map[string]discordtest.Bucket{discordtest.OpPost: {Limit: 1 << 30, Per: time.Second}}})
	club := f.Guild("Youth club")
	d := quick(b, f)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx, h) }()
	b.Cleanup(func() { stop(); <-ended })
	if err := d.Register(ctx, specs); err != nil {
		b.Fatal(err)
	}
	f.AwaitConnected(1)
	return club, d
}

// BenchmarkSlash is the way from a slash command to its first answer, at a
// hundred a second.
func BenchmarkSlash(b *testing.B) {
	club, _ := benchBot(b, &recorder{})
	general, ana := club.Text("general"), club.Member("Ana")
	for b.Loop() {
		tick := time.NewTicker(10 * time.Millisecond)
		var asked []*discordtest.Asked
		for range 1000 {
			<-tick.C
			asked = append(asked, ana.Slash(general, "learn"))
		}
		tick.Stop()
		var took []time.Duration
		for _, a := range asked {
			a.AwaitAnswered()
			took = append(took, a.Took())
		}
		percentiles(b, took)
	}
}

// BenchmarkAlert is the way from a message at Discord to a card in another
// channel, through a handler that posts at once.
func BenchmarkAlert(b *testing.B) {
	h := &recorder{}
	club, d := benchBot(b, h)
	general, staff, ana := club.Text("general"), club.Text("staff"), club.Member("Ana")
	posted := make(chan time.Time, 1)
	n := 0
	h.onMessage = func(m chat.Message) error {
		n++
		_, err := d.Post(b.Context(), chat.Post{Server: m.Place.Server, Place: chat.PlaceID(staff.ID), Card: simpleCard("A case"), Key: fmt.Sprint(n)})
		posted <- time.Now()
		return err
	}
	for b.Loop() {
		var took []time.Duration
		for range 500 {
			began := time.Now()
			ana.Say(general, "words")
			took = append(took, (<-posted).Sub(began))
		}
		percentiles(b, took)
	}
}
