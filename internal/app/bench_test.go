package app_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
	"github.com/waymark-bot/waymark/internal/watch"
)

// instant is a platform that answers at once, so that a benchmark measures the
// core alone. It hands the bot's handler to the benchmark.
type instant struct {
	handler chan chat.Handler
	mu      sync.Mutex
	posted  map[string]chan time.Time // by the name of the person in the card
}

func (p *instant) Name() string { return "playground" }

func (p *instant) Run(ctx context.Context, h chat.Handler) error {
	p.handler <- h
	<-ctx.Done()
	return nil
}

func (p *instant) Post(_ context.Context, post chat.Post) (chat.MessageRef, error) {
	at := time.Now()
	text := post.Card.PlainText()
	if _, after, ok := strings.Cut(text, "writer-"); ok && post.Under == "" {
		name, _, _ := strings.Cut(after, "\n")
		p.arrival(name) <- at
	}
	return chat.MessageRef{Server: post.Server, Place: post.Place, ID: chat.MessageID(post.Key)}, nil
}

func (p *instant) arrival(name string) chan time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.posted[name] == nil {
		p.posted[name] = make(chan time.Time, 1)
	}
	return p.posted[name]
}

func (p *instant) Update(context.Context, chat.MessageRef, chat.Card) error { return nil }
func (p *instant) Direct(_ context.Context, s chat.ServerID, who chat.PersonID) (chat.Place, error) {
	return chat.Place{Server: s, ID: chat.PlaceID("dm-" + who), Direct: true}, nil
}
func (p *instant) Access(context.Context, chat.ServerID, chat.PlaceID, chat.StaffRule, []chat.PersonID) (chat.Access, error) {
	return chat.Access{}, nil
}
func (p *instant) IsStaff(context.Context, chat.ServerID, chat.PersonID, chat.StaffRule) (bool, error) {
	return true, nil
}
func (p *instant) Fetch(context.Context, chat.MessageRef) (chat.Message, error) {
	return chat.Message{}, nil
}
func (p *instant) After(context.Context, chat.ServerID, chat.PlaceID, chat.MessageID, time.Time, int) ([]chat.Message, error) {
	return nil, nil
}
func (p *instant) Places(context.Context, chat.ServerID) ([]chat.Place, error) { return nil, nil }

func message(n int, author, text string) chat.Message {
	return chat.Message{
		ID: chat.MessageID(fmt.Sprintf("m%d", n)), Text: text, Time: time.Now(),
		Author: chat.Person{ID: chat.PersonID(author), Name: author},
		Place:  chat.Place{Server: "playground", ID: chat.PlaceID(fmt.Sprintf("place-%d", n%50)), Name: "general"},
	}
}

// BenchmarkAlert measures from a message entering the core to the post of its
// alert, one message after the other.
func BenchmarkAlert(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgresql"} {
		b.Run(engine, func(b *testing.B) {
			url := filepath.Join(b.TempDir(), "waymark.db")
			if engine == "postgresql" {
				url = storetest.Postgres(b)
			}
			p := &instant{handler: make(chan chat.Handler, 1), posted: map[string]chan time.Time{}}
			h := serving(b, url, p)
			var took []time.Duration
			b.ResetTimer()
			for i := range b.N {
				name := strconv.Itoa(i)
				from := time.Now()
				if err := h.Message(b.Context(), message(i, "writer-"+name, worrying)); err != nil {
					b.Fatal(err)
				}
				took = append(took, (<-p.arrival(name)).Sub(from))
			}
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
		})
	}
}

// serving runs the bot over a platform until the benchmark ends.
func serving(b *testing.B, url string, p *instant) chat.Handler {
	b.Helper()
	cfg := configured(b, "", "WAYMARK_CONFIG="+os.DevNull, "WAYMARK_SECRET_KEY=0123456789abcdef0123456789abcdef")
	cfg.Database.URL, cfg.HTTP.Listen = config.Secret(url), ""
	cfg.Servers = []config.Server{{Platform: "playground", ID: "playground", StaffChannel: "staff-room", Region: "UK"}}
	serve(b, cfg, p)
	return <-p.handler
}

// BenchmarkRead measures messages without a sign through detect and watch on
// one core.
func BenchmarkRead(b *testing.B) {
	lexicon, err := detect.Load(config.Lexicon())
	if err != nil {
		b.Fatal(err)
	}
	db, err := store.Open(b.Context(), "sqlite::memory:", store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	s := watch.NewService(detect.New(lexicon), db, servers.New(db, nil, cases.Settings{Region: "UK"}), watch.Options{})
	texts := []string{
		"anyone up for the game jam on saturday? theme is lighthouses",
		"lol no way, how did you beat that level without the boots",
		"https://example.org/guide has the fractions homework I think",
		"brb dinner", "I think the second answer is 3/4 but not sure",
	}
	msgs := make([]chat.Message, 500)
	for i := range msgs {
		msgs[i] = message(i, fmt.Sprint("author", i%40), texts[i%len(texts)])
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		m := msgs[i%len(msgs)]
		m.Time = m.Time.Add(time.Duration(i) * time.Minute) // nobody writes again at once
		if err := s.Message(b.Context(), "playground", m); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkStart measures the program as it is shipped: its size, the time
// until the demo's first page, and its memory when nothing happens.
func BenchmarkStart(b *testing.B) {
	bin := filepath.Join(b.TempDir(), "waymark")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, "github.com/waymark-bot/waymark/cmd/waymark")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(bin)
	if err != nil {
		b.Fatal(err)
	}
	var first time.Duration
	var memory float64
	for range b.N {
		address := freeAddress(b)
		from := time.Now()
		cmd := exec.Command(bin, "demo", "--listen", address)
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		eventually(b, 20*time.Second, "the page", func() bool {
			resp, err := http.Get("http://" + address + "/")
			if err != nil {
				return false
			}
			defer resp.Body.Close()
			return resp.StatusCode == http.StatusOK
		})
		first += time.Since(from)
		time.Sleep(2 * time.Second) // what idles has settled by then
		memory += resident(b, cmd.Process.Pid)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	b.ReportMetric(float64(info.Size())/1e6, "MB-program")
	b.ReportMetric(float64(first.Milliseconds())/float64(b.N), "ms-first-page")
	b.ReportMetric(memory/float64(b.N), "MB-idle")
}

// resident is the memory that a process holds, in MB.
func resident(b *testing.B, pid int) float64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("the memory of a process can be read on Linux only")
	}
	for _, l := range strings.Split(string(data), "\n") {
		if f := strings.Fields(l); len(f) > 1 && f[0] == "VmRSS:" {
			kb, err := strconv.ParseFloat(f[1], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb / 1000
		}
	}
	return 0
}
