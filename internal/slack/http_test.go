package slack

import (
	"bytes"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// newHTTPBot makes a running adapter that the fake calls.
func newHTTPBot(t *testing.T) (b *bot, at string) {
	t.Helper()
	b = newBot(t, slacktest.Options{})
	b.Slack = quick(t, b.f, b.team.Token(), func(o *Options) { o.Mode, o.AppToken = HTTPMode, "" })
	at = listen(t, b.f, b.Handler)
	return b, at
}

func TestRequestsThatAreNotSlacksAreRefused(t *testing.T) {
	b, at := newHTTPBot(t)
	general, ana := b.team.Public("general"), b.team.Member("Ana")
	b.run()
	b.f.Await("it runs", b.Connected)
	said := ana.Say(general, "hello")
	b.f.Await("the message arrives", func() bool { return len(b.texts()) == 1 })
	body := b.f.EventBody(said)
	form := []byte("command=%2Fwaymark&text=help&user_id=U1&team_id=T1&trigger_id=1.2.3")
	for name, c := range map[string]struct {
		kind  string
		body  []byte
		forge []slacktest.Forgery
		want  int
	}{
		"unsigned":           {"application/json", body, []slacktest.Forgery{slacktest.Unsigned()}, 401},
		"signed by another":  {"application/json", body, []slacktest.Forgery{slacktest.WrongSecret()}, 401},
		"changed":            {"application/json", body, []slacktest.Forgery{slacktest.Tampered()}, 401},
		"old":                {"application/json", body, []slacktest.Forgery{slacktest.Aged(6 * time.Minute)}, 401},
		"from the future":    {"application/json", body, []slacktest.Forgery{slacktest.Aged(-6 * time.Minute)}, 401},
		"no time":            {"application/json", body, []slacktest.Forgery{slacktest.WithHeader("X-Slack-Request-Timestamp", "soon")}, 401},
		"a changed command":  {"application/x-www-form-urlencoded", form, []slacktest.Forgery{slacktest.Tampered()}, 401},
		"much too long":      {"application/json", bytes.Repeat([]byte(" "), maxBody+1), nil, 413},
		"of another kind":    {"text/plain", body, nil, 415},
		"no JSON":            {"application/json", []byte("{"), nil, 400},
		"a form of nothing":  {"application/x-www-form-urlencoded", []byte("a=b"), nil, 400},
		"a broken payload":   {"application/x-www-form-urlencoded", []byte("payload=%7B"), nil, 400},
		"a certificate test": {"application/x-www-form-urlencoded", []byte("ssl_check=1"), nil, 200},
	} {
		if got := b.f.SendSigned(at, c.kind, c.body, c.forge...); got.Status != c.want {
			t.Errorf("%s: answered %d, want %d", name, got.Status, c.want)
		}
	}
	res, err := http.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: answered %d", res.StatusCode)
	}
	if got := b.texts(); len(got) != 1 || len(b.commands) != 0 {
		t.Errorf("the handler took %q and %d commands", got, len(b.commands))
	}
}

func TestAReplayCountsOnce(t *testing.T) {
	b, _ := newHTTPBot(t)
	b.help()
	general, ana := b.team.Public("general"), b.team.Member("Ana")
	b.run()
	b.f.Await("it runs", b.Connected)
	ana.Say(general, "hello")
	m := ana.Slash(general, "/waymark").Reply()
	ana.Press(m, "Turn")
	b.f.Await("the page turns", func() bool { return m.Now().Has("Turned") })
	b.f.AwaitSettled()
	replayed := 0
	for _, p := range b.f.Posts() {
		if bytes.Contains(p.Body, []byte("url_verification")) || p.Header.Get("X-Slack-Retry-Num") != "" {
			continue // known by their content
		}
		replayed++
		if got := b.f.Replay(p); got.Status != http.StatusUnauthorized {
			t.Errorf("a replay of %.60s was answered %d", p.Body, got.Status)
		}
		again := slacktest.Posted{URL: p.URL, Header: p.Header.Clone(), Body: p.Body}
		again.Header.Set("X-Slack-Retry-Num", "1")
		b.f.Replay(again) // as if Slack itself came again
	}
	if replayed < 3 {
		t.Errorf("%d requests were replayed, want at least 3", replayed)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.messages) != 1 || len(b.commands) != 1 || len(b.actions) != 1 {
		t.Errorf("the handler got %d messages, %d commands, %d actions; want one of each", len(b.messages), len(b.commands), len(b.actions))
	}
}

func TestWithoutARunSlackComesAgain(t *testing.T) {
	b, _ := newHTTPBot(t)
	general, ana := b.team.Public("general"), b.team.Member("Ana")
	ana.Say(general, "early")
	b.f.Await("it was refused", func() bool {
		return slices.ContainsFunc(b.f.Posts(), func(p slacktest.Posted) bool { return p.Status == http.StatusServiceUnavailable })
	})
	b.run()
	b.f.Await("it comes again", func() bool { return slices.Equal(b.texts(), []string{"early"}) })
	if p := b.presents(); len(p) != 1 || !p[0].IsZero() {
		t.Errorf("the workspace was said to be there at %v", p)
	}
}

func TestOneReplicaTakesWhatAnotherPosted(t *testing.T) {
	b, _ := newHTTPBot(t)
	staff := b.team.Private("staff", slacktest.WithBot)
	post := chat.Post{Server: b.server(), Place: chat.PlaceID(staff.ID), Card: cards()["alert"], Key: "k"}
	first, err := b.Post(t.Context(), post)
	if err != nil {
		t.Fatal(err)
	}
	other := quick(t, b.f, b.team.Token())
	if again, err := other.Post(t.Context(), post); err != nil || again != first {
		t.Errorf("another replica posted %+v %v, want %+v", again, err, first)
	}
	if err := other.Update(t.Context(), first, cards()["done"]); err != nil {
		t.Error(err)
	}
	if m := staff.ByBot(); len(m) != 1 || !m[0].Has("closed") || len(m[0].Pings()) != 0 {
		t.Errorf("staff see %d cards", len(m))
	}
}
