package slack

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// shelf keeps tokens in memory.
type shelf struct {
	mu     sync.Mutex
	tokens map[chat.ServerID]Secret
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
	x.tokens[server] = token
	return nil
}

func (x *shelf) Remove(_ context.Context, server chat.ServerID) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.tokens, server)
	return nil
}

func TestManyWorkspaces(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	b.help()
	tokens := &shelf{tokens: map[chat.ServerID]Secret{b.server(): Secret(b.team.Token())}}
	second := b.f.Workspace("Lake School", slacktest.NotInstalled)
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.Install().ServeHTTP(w, r) }))
	t.Cleanup(pages.Close)
	b.Slack = quick(t, b.f, "", func(o *Options) {
		o.Mode, o.Installations = HTTPMode, tokens
		o.OAuth = OAuth{ClientID: b.f.ClientID(), ClientSecret: Secret(b.f.ClientSecret()), Address: pages.URL}
	})
	listen(t, b.f, b.Handler)
	b.run()
	b.f.Await("the first is told", func() bool { return len(b.presents()) == 1 })

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	visit := func(c *http.Client, address string) (*http.Response, string) {
		t.Helper()
		res, err := c.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		said, _ := io.ReadAll(res.Body)
		return res, string(said)
	}
	res, _ := visit(browser, pages.URL+InstallPath)
	consent, err := url.Parse(res.Header.Get("Location"))
	if err != nil || !strings.HasSuffix(consent.Path, "/oauth/v2/authorize") || consent.Query().Get("client_id") != b.f.ClientID() {
		t.Fatalf("it leads to %v", consent)
	}
	back := func(state string) string {
		return pages.URL + ReturnPath + "?" + url.Values{"code": {second.Approve()}, "state": {state}}.Encode()
	}
	if res, _ := visit(http.DefaultClient, back(consent.Query().Get("state"))); res.StatusCode != http.StatusBadRequest {
		t.Errorf("another browser finished it: %d", res.StatusCode)
	}
	if res, _ := visit(browser, back("guess")); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a guessed state finished it: %d", res.StatusCode)
	}
	if _, err := b.space(t.Context(), chat.ServerID(second.ID)); !chat.IsGone(err) {
		t.Errorf("a workspace without the app: %v", err)
	}
	if res, said := visit(browser, back(consent.Query().Get("state"))); res.StatusCode != http.StatusOK || !strings.Contains(said, "Done") {
		t.Fatalf("the installation answered %d %s", res.StatusCode, said)
	}
	b.f.Await("the second is told", func() bool { return len(b.presents()) == 2 })

	pat, general := second.Member("Pat"), second.Public("general")
	said := pat.Say(general, "hello from the lake")
	b.f.Await("its message arrives", func() bool { return len(b.texts()) == 1 })
	if m := b.messages[0]; m.Place.Server != chat.ServerID(second.ID) || m.Author.Name != "Pat" || !strings.HasPrefix(m.Link, said.Link()[:strings.Index(said.Link(), "/archives")]) {
		t.Errorf("the handler took %+v", m)
	}
	if m := pat.Slash(general, "/waymark").Reply(); !m.Has("Page of help") {
		t.Errorf("Pat reads %s", m.Text())
	}
	if _, err := b.Post(t.Context(), chat.Post{Server: chat.ServerID(second.ID), Place: chat.PlaceID(general.ID), Card: cards()["notice"]}); err != nil {
		t.Error(err)
	}

	second.RemoveApp()
	b.f.Await("the removal is told", func() bool { return b.count(&b.absent) == 1 })
	if token, _ := tokens.Token(t.Context(), chat.ServerID(second.ID)); token != "" {
		t.Error("the token was kept")
	}
	if _, err := b.Places(t.Context(), b.server()); err != nil || b.Ready() != nil {
		t.Errorf("the first workspace suffers: %v, %v", err, b.Ready())
	}
}
