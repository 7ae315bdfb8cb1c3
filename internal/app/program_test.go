package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/playground"
)

// worrying is a message that always alerts, from a public leaflet on
// blackmail. The marker in it must never be found in anything we write.
const (
	marker   = "zebramarker4711"
	worrying = "send me a picture or I'll tell your parents " + marker
)

// built is the path of the real program; TestMain builds it.
var built string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "waymark-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	built = filepath.Join(dir, "waymark")
	out, err := exec.Command("go", "build", "-o", built, "github.com/waymark-bot/waymark/cmd/waymark").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// community is a playground served by the test, which outlives the programs
// that connect to it.
type community struct {
	t   testing.TB
	at  *playground.Server
	web *httptest.Server
}

const token = "a-token-for-tests"

func newCommunity(t testing.TB) *community {
	c := &community{t: t, at: playground.NewServer(playground.Options{Token: token, NoHistory: true})}
	c.web = httptest.NewServer(c.at)
	t.Cleanup(func() {
		c.at.Close()
		c.web.CloseClientConnections()
		c.web.Close()
	})
	return c
}

// as acts as somebody.
func (c *community) as(who chat.PersonID) *playground.Visitor {
	c.t.Helper()
	v, err := c.at.As(who)
	if err != nil {
		c.t.Fatal(err)
	}
	return v
}

func (c *community) says(who chat.PersonID, in chat.PlaceID, text string) chat.MessageID {
	c.t.Helper()
	id, err := c.as(who).Say(in, text, "")
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

// seen is what one person sees on the page.
type seen struct {
	Messages []shown `json:"messages"`
	Private  []shown `json:"private"`
}

type shown struct {
	ID     string          `json:"id"`
	Place  string          `json:"place"`
	Author string          `json:"author"`
	Under  string          `json:"under"`
	Notify bool            `json:"notify"`
	Text   string          `json:"text"`
	Card   json.RawMessage `json:"card"`
	File   *struct {
		Name string
		Data []byte
	} `json:"file"`
	// Private marks a private answer; the page's state keeps them apart.
	Private bool `json:"-"`
}

func (s shown) title() string {
	var c struct{ Title string }
	_ = json.Unmarshal(s.Card, &c)
	return c.Title
}

func (c *community) seenBy(who chat.PersonID) (s seen) {
	c.t.Helper()
	c.state(who, &s)
	return s
}

// state reads what the page of somebody shows.
func (c *community) state(who chat.PersonID, into any) {
	c.t.Helper()
	resp, err := http.Get(c.web.URL + "/api/state?as=" + string(who))
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		c.t.Fatal(err)
	}
}

// cards are the bot's cards of their own that somebody sees in a place.
func (c *community) cards(who chat.PersonID, in string) []shown {
	var out []shown
	for _, m := range c.seenBy(who).Messages {
		if m.Place == in && len(m.Card) > 0 && m.Under == "" {
			out = append(out, m)
		}
	}
	return out
}

// below are what the bot wrote below a card.
func (c *community) below(who chat.PersonID, card string) []shown {
	var out []shown
	for _, m := range c.seenBy(who).Messages {
		if m.Under == card {
			out = append(out, m)
		}
	}
	return out
}

// eventually waits for something that happens in other processes.
func eventually(t testing.TB, within time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, within)
		}
		pause(t)
	}
}

// pause yields to other processes for a moment.
func pause(t testing.TB) {
	select {
	case <-t.Context().Done():
	case <-time.After(3 * time.Millisecond):
	}
}

// running is one run of the real program.
type running struct {
	t    testing.TB
	cmd  *exec.Cmd
	own  string // where its own pages are
	logs *bytes.Buffer
	done chan error
}

// serverConfig is what the tests configure about the playground's community.
const serverConfig = `
region: UK
servers:
  - platform: playground
    id: playground
    staff_channel: staff-room
    staff_role: staff
    leads: [jo]
`

// start runs `waymark run` against the community.
func (c *community) start(dir, database string) *running {
	c.t.Helper()
	file := filepath.Join(dir, "waymark.yaml")
	if err := os.WriteFile(file, []byte(serverConfig), 0o600); err != nil {
		c.t.Fatal(err)
	}
	listen := freeAddress(c.t)
	return launch(c.t, dir, listen, file, "WAYMARK_PLAYGROUND_URL="+c.web.URL+"/", "WAYMARK_PLAYGROUND_TOKEN="+token,
		"WAYMARK_DATABASE_URL="+database, "WAYMARK_HTTP_LISTEN="+listen)
}

// launch runs `waymark run` in a folder, with its own pages at listen.
func launch(t testing.TB, dir, listen, file string, environ ...string) *running {
	t.Helper()
	r := &running{t: t, own: listen, logs: &bytes.Buffer{}, done: make(chan error, 1)}
	r.cmd = exec.Command(built, "run", "--config", file)
	r.cmd.Dir = dir
	r.cmd.Env = append(append(os.Environ(), "WAYMARK_LOG_LEVEL=debug"), environ...)
	r.cmd.Stdout, r.cmd.Stderr = r.logs, r.logs
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.done <- r.cmd.Wait() }()
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Logf("the program said:\n%s", r.logs)
		}
	})
	return r
}

func freeAddress(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// kill ends the program as kill -9 does, and waits until it is gone.
func (r *running) kill() {
	_ = r.cmd.Process.Kill()
	r.wait()
}

func (r *running) wait() {
	err := <-r.done
	r.done <- err
}

// page gets one of the program's own pages; "" while it cannot be reached.
func (r *running) page(path string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.own+path, nil)
	if err != nil {
		return ""
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var b strings.Builder
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		b.WriteString(s.Text() + "\n")
	}
	return b.String()
}

func (r *running) waiting() string {
	for _, l := range strings.Split(r.page("/metrics"), "\n") {
		if v, ok := strings.CutPrefix(l, "waymark_queue_depth "); ok {
			return v
		}
	}
	return ""
}
