package slack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// shelf keeps tokens in memory.
type shelf struct {
	mu     sync.Mutex
	tokens map[chat.ServerID]Secret
	saved  map[chat.ServerID]time.Time
	seen   map[string]bool
}

func newShelf() *shelf {
	return &shelf{tokens: map[chat.ServerID]Secret{}, saved: map[chat.ServerID]time.Time{}, seen: map[string]bool{}}
}

func (x *shelf) Workspaces(context.Context) (out []chat.ServerID, _ error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for t := range x.tokens {
		out = append(out, t)
	}
	return out, nil
}

func (x *shelf) Token(_ context.Context, server chat.ServerID) (Secret, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.tokens[server], nil
}

func (x *shelf) Save(_ context.Context, server chat.ServerID, token Secret) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens[server], x.saved[server] = token, time.Now()
	return nil
}

func (x *shelf) Remove(_ context.Context, server chat.ServerID, until time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.saved[server].After(until) {
		delete(x.tokens, server)
	}
	return nil
}

func (x *shelf) Once(_ context.Context, key string) (bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	again := x.seen[key]
	x.seen[key] = true
	return !again, nil
}

// many is an app in HTTP mode that workspaces install by themselves, with the
// page for it.
type many struct {
	*bot
	tokens *shelf
	page   string
}

func newMany(t *testing.T, may ...string) *many {
	b := newBot(t, slacktest.Options{})
	b.help()
	m := &many{bot: b, tokens: newShelf()}
	if err := m.tokens.Save(t.Context(), b.server(), Secret(b.team.Token())); err != nil {
		t.Fatal(err)
	}
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.Install().ServeHTTP(w, r) }))
	t.Cleanup(pages.Close)
	m.page = pages.URL
	b.Slack = quick(t, b.f, "", func(o *Options) {
		o.Mode, o.Installations = HTTPMode, m.tokens
		o.OAuth = OAuth{ClientID: b.f.ClientID(), ClientSecret: Secret(b.f.ClientSecret()), Address: pages.URL, Workspaces: may}
	})
	listen(t, b.f, b.Handler)
	return m
}

// browser keeps cookies and follows no redirects.
type browser struct {
	t *testing.T
	c *http.Client
}

func newBrowser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b *browser) visit(address string) (status int, said string, to *url.URL) {
	b.t.Helper()
	res, err := b.c.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	to, _ = res.Location()
	return res.StatusCode, string(text), to
}

// begin opens the page and gives the state with which Slack will send back.
func (m *many) begin(b *browser) (state string) {
	b.t.Helper()
	_, _, to := b.visit(m.page + InstallPath)
	if to == nil || !strings.HasSuffix(to.Path, "/oauth/v2/authorize") || to.Query().Get("client_id") != m.f.ClientID() {
		b.t.Fatalf("it leads to %v", to)
	}
	return to.Query().Get("state")
}

// back is where Slack sends somebody who agreed.
func (m *many) back(w *slacktest.Workspace, state string) string {
	return m.page + ReturnPath + "?" + url.Values{"code": {w.Approve()}, "state": {state}}.Encode()
}

func TestManyWorkspaces(t *testing.T) {
	m := newMany(t)
	second := m.f.Workspace("Lake School", slacktest.NotInstalled)
	m.run()
	m.f.Await("the first is told", func() bool { return len(m.presents()) == 1 })

	mine := newBrowser(t)
	state := m.begin(mine)
	for what, try := range map[string]func() (int, string, *url.URL){
		"another browser": func() (int, string, *url.URL) { return newBrowser(t).visit(m.back(second, state)) },
		"a guessed state": func() (int, string, *url.URL) { return mine.visit(m.back(second, "guess")) },
		"no state":        func() (int, string, *url.URL) { return mine.visit(m.back(second, "")) },
	} {
		if status, _, _ := try(); status != http.StatusBadRequest {
			t.Errorf("%s finished it: %d", what, status)
		}
	}
	if _, err := m.space(t.Context(), chat.ServerID(second.ID)); !chat.IsGone(err) {
		t.Errorf("a workspace without the app: %v", err)
	}
	if status, said, _ := mine.visit(m.back(second, state)); status != http.StatusOK || !strings.Contains(said, "Done") {
		t.Fatalf("the installation answered %d %s", status, said)
	}
	m.f.Await("the second is told", func() bool { return len(m.presents()) == 2 })

	pat, general := second.Member("Pat"), second.Public("general")
	said := pat.Say(general, "hello from the lake")
	m.f.Await("its message arrives", func() bool { return len(m.texts()) == 1 })
	if m := m.messages[0]; m.Place.Server != chat.ServerID(second.ID) || m.Author.Name != "Pat" || !strings.HasPrefix(m.Link, said.Link()[:strings.Index(said.Link(), "/archives")]) {
		t.Errorf("the handler took %+v", m)
	}
	if m := pat.Slash(general, "/waymark").Reply(); !m.Has("Page of help") {
		t.Errorf("Pat reads %s", m.Text())
	}
	if _, err := m.Post(t.Context(), chat.Post{Server: chat.ServerID(second.ID), Place: chat.PlaceID(general.ID), Card: cards()["notice"]}); err != nil {
		t.Error(err)
	}

	second.RemoveApp()
	m.f.Await("the removal is told", func() bool { return m.count(&m.absent) >= 1 })
	if token, _ := m.tokens.Token(t.Context(), chat.ServerID(second.ID)); token != "" {
		t.Error("the token was kept")
	}
	if _, err := m.Places(t.Context(), m.server()); err != nil || m.Ready() != nil {
		t.Errorf("the first workspace suffers: %v, %v", err, m.Ready())
	}
}

// A state works once and for ten minutes, even where a cookie was kept.
func TestAStateEnds(t *testing.T) {
	m := newMany(t)
	second := m.f.Workspace("Lake School", slacktest.NotInstalled)
	var late atomic.Int64
	m.now = func() time.Time { return time.Now().Add(time.Duration(late.Load())) }
	keep := func(b *browser, state string) {
		u, _ := url.Parse(m.page + ReturnPath)
		b.c.Jar.SetCookies(u, []*http.Cookie{{Name: stateCookie, Value: state, Path: ReturnPath}})
	}

	b := newBrowser(t)
	state := m.begin(b)
	late.Store(int64(stateSpan + time.Second))
	if status, _, _ := b.visit(m.back(second, state)); status != http.StatusBadRequest {
		t.Errorf("a state that is too old was taken: %d", status)
	}
	late.Store(0)
	keep(b, state[1:])
	if status, _, _ := b.visit(m.back(second, state[1:])); status != http.StatusBadRequest {
		t.Errorf("a changed state was taken: %d", status)
	}
	keep(b, state)
	if status, said, _ := b.visit(m.back(second, state)); status != http.StatusOK {
		t.Fatalf("the installation answered %d %s", status, said)
	}
	keep(b, state)
	if status, _, _ := b.visit(m.back(second, state)); status != http.StatusBadRequest {
		t.Errorf("a state was taken twice: %d", status)
	}
}

func TestAStrangersWorkspaceIsGivenBack(t *testing.T) {
	m := newMany(t, "T0OURS")
	stranger := m.f.Workspace("Elsewhere", slacktest.NotInstalled)
	b := newBrowser(t)
	if status, said, _ := b.visit(m.back(stranger, m.begin(b))); status != http.StatusForbidden || !strings.Contains(said, "slack.workspaces") {
		t.Errorf("a stranger is told %d %s", status, said)
	}
	if token, _ := m.tokens.Token(t.Context(), chat.ServerID(stranger.ID)); token != "" {
		t.Error("a stranger's token was kept")
	}
	if n := m.f.Count("auth.revoke"); n != 1 {
		t.Errorf("the token was given back %d times", n)
	}
}

// A token that was revoked is forgotten: when Slack says so, when it is used,
// and at the start.
func TestARevokedTokenIsForgotten(t *testing.T) {
	for name, revoke := range map[string]func(m *many){
		"told":       func(m *many) { m.run(); m.f.Await("it runs", m.Connected); m.team.RevokeToken() },
		"at a start": func(m *many) { m.team.RevokeToken(); m.run() },
		"when it is used": func(m *many) {
			m.run()
			m.f.Await("it runs", m.Connected)
			m.f.Intercept(func(slacktest.Request) slacktest.Fault { return slacktest.Refusing("token_revoked") })
			if _, err := m.Places(m.t.Context(), m.server()); !chat.IsPermanent(err) {
				m.t.Errorf("the use gave %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMany(t)
			revoke(m)
			m.f.Await("the removal is told", func() bool { return m.count(&m.absent) >= 1 })
			if token, _ := m.tokens.Token(t.Context(), m.server()); token != "" {
				t.Error("the token was kept")
			}
		})
	}
}

// Word of a removal that comes after the app was installed again changes
// nothing.
func TestALateRemoval(t *testing.T) {
	m := newMany(t)
	m.run()
	m.f.Await("it runs", m.Connected)
	removed := time.Now().Add(-time.Hour)
	in := m.in.Load()
	in.event([]byte(fmt.Sprintf(`{"team_id":%q,"event_id":"Ev1","event_time":%d,"event":{"type":"app_uninstalled"}}`, m.server(), removed.Unix())), func() {})
	in.event([]byte(fmt.Sprintf(`{"team_id":%q,"event_id":"Ev2","event":{"type":"tokens_revoked"}}`, m.server())), func() {})
	m.team.Member("Ana").Say(m.team.Public("general"), "still here")
	m.f.Await("a message arrives", func() bool { return len(m.texts()) == 1 })
	if token, _ := m.tokens.Token(t.Context(), m.server()); token == "" || m.count(&m.absent) != 0 {
		t.Error("the workspace was taken for removed")
	}
}

// The manifest lets Slack send people back to where they are expected.
func TestTheManifestForManyWorkspaces(t *testing.T) {
	f := slacktest.New(t, slacktest.Options{Manifest: manifest(t, ManifestOptions{Mode: HTTPMode, Address: "https://bot.example.org/", Many: true})})
	if got := f.Redirects(); len(got) != 1 || got[0] != "https://bot.example.org"+ReturnPath {
		t.Errorf("Slack may send people back to %q", got)
	}
	if _, err := Manifest(ManifestOptions{Many: true}); err == nil {
		t.Error("a manifest for many workspaces was made without an address")
	}
}

// A workspace that cannot be reached keeps no other waiting.
func TestOneWorkspaceOutOfReach(t *testing.T) {
	m := newMany(t)
	second := m.f.Workspace("Lake School")
	if err := m.tokens.Save(t.Context(), chat.ServerID(second.ID), Secret(second.Token())); err != nil {
		t.Fatal(err)
	}
	m.f.Intercept(func(r slacktest.Request) (f slacktest.Fault) {
		if r.Workspace == second.ID {
			f.Status = http.StatusServiceUnavailable
		}
		return f
	})
	m.run()
	m.f.Await("both are told", func() bool { return len(m.presents()) == 2 })
	m.team.Member("Ana").Say(m.team.Public("general"), "hello")
	m.f.Await("a message arrives", func() bool { return len(m.texts()) == 1 })
	m.f.Intercept(nil)
	second.Member("Pat").Say(second.Public("general"), "hello from the lake")
	m.f.Await("the other's arrives", func() bool { return len(m.texts()) == 2 })
}
