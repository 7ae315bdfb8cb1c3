package slacktest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// endpoint is an app in HTTP mode, as slack-go's documentation shows it.
type endpoint struct {
	t      *testing.T
	s      *school
	server *httptest.Server

	mu      sync.Mutex
	bodies  []string
	retries []string
	refused int
	fail    int // so many events are answered with 500
}

func newEndpoint(t *testing.T, s *school) *endpoint {
	e := &endpoint{t: t, s: s}
	mux := http.NewServeMux()
	mux.HandleFunc("/events", e.checked(e.events))
	mux.HandleFunc("/interactions", e.checked(func(w http.ResponseWriter, r *http.Request, _ []byte) {
		if c, err := slack.InteractionCallbackParse(r); err != nil || c.Type != slack.InteractionTypeBlockActions {
			t.Errorf("interaction: %v, %+v", err, c)
		}
	}))
	mux.HandleFunc("/commands", e.checked(func(w http.ResponseWriter, r *http.Request, _ []byte) {
		c, err := slack.SlashCommandParse(r)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"text": "you said " + c.Text, "blocks": []any{map[string]any{"type": "actions", "elements": []any{
			map[string]any{"type": "button", "action_id": "go", "text": map[string]any{"type": "plain_text", "text": "Go"}}}}}})
	}))
	e.server = httptest.NewServer(mux)
	t.Cleanup(e.server.Close)
	return e
}

func (e *endpoint) to() slacktest.Endpoints {
	return slacktest.Endpoints{Events: e.server.URL + "/events", Interactivity: e.server.URL + "/interactions", Commands: e.server.URL + "/commands"}
}

func (e *endpoint) checked(next func(http.ResponseWriter, *http.Request, []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		v, err := slack.NewSecretsVerifier(r.Header, e.s.f.SigningSecret())
		if err == nil {
			_, _ = v.Write(body)
			err = v.Ensure()
		}
		if err != nil {
			e.mu.Lock()
			e.refused++
			e.mu.Unlock()
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		next(w, r, body)
	}
}

func (e *endpoint) events(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct{ Type, Challenge string }
	_ = json.Unmarshal(body, &in)
	if in.Type == "url_verification" {
		_, _ = io.WriteString(w, in.Challenge)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.bodies = append(e.bodies, string(body))
	e.retries = append(e.retries, r.Header.Get("X-Slack-Retry-Num")+r.Header.Get("X-Slack-Retry-Reason"))
	if e.fail > 0 {
		e.fail--
		http.Error(w, "no", http.StatusInternalServerError)
	}
}

func TestSignedRequests(t *testing.T) {
	s := newSchool(t, slacktest.Options{Retries: []time.Duration{time.Millisecond, time.Millisecond}})
	e := newEndpoint(t, s)
	s.f.PostTo(e.to())
	e.mu.Lock()
	e.fail = 2
	e.mu.Unlock()
	s.kim.Say(s.general, "hello")
	s.f.AwaitSettled()
	if got := strings.Join(e.retries, " "); got != " 1http_error 2http_error" {
		t.Errorf("the retries are %q", got)
	}
	if id := func(s string) string { return s[strings.Index(s, `"event_id"`):][:30] }; id(e.bodies[0]) != id(e.bodies[2]) {
		t.Error("the event id changed")
	}
	answer := s.kim.Slash(s.general, "/waymark help me").Reply()
	if answer.Fallback() != "you said help me" || !answer.Private {
		t.Errorf("Kim sees %q", answer.Fallback())
	}
	s.kim.Press(answer, "Go").AwaitAnswered()
}

func TestForgeriesAreRefused(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	e := newEndpoint(t, s)
	body := s.f.EventBody(s.kim.Say(s.general, "hello"))
	for name, forge := range map[string]slacktest.Forgery{
		"old": slacktest.Aged(6 * time.Minute), "from the future": slacktest.Aged(-6 * time.Minute), "wrong secret": slacktest.WrongSecret(),
		"unsigned": slacktest.Unsigned(), "tampered": slacktest.Tampered(),
		"another scheme": slacktest.WithHeader("X-Slack-Signature", "v1=00"),
	} {
		if p := s.f.SendSigned(e.to().Events, "application/json", body, forge); p.Status != http.StatusUnauthorized {
			t.Errorf("%s: got %d", name, p.Status)
		}
	}
	good := s.f.SendSigned(e.to().Events, "application/json", body)
	again := s.f.Replay(good)
	if good.Status != http.StatusOK || again.Status != http.StatusOK || len(e.bodies) != 2 || e.bodies[0] != e.bodies[1] {
		t.Errorf("good %d, again %d, %d bodies", good.Status, again.Status, len(e.bodies))
	}
	if err := s.f.Verify(e.server.URL + "/commands"); err == nil {
		t.Error("an address that does not answer the challenge is taken")
	}
}
