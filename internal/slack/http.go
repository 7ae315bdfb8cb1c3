package slack

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// This file takes Slack's requests in HTTPMode. Every one is signed; one that
// is older than five minutes, or that came before, is refused.

const (
	maxBody     = 1 << 20
	maxRequests = 20_000 // signatures that are remembered
	replaySpan  = 11 * time.Minute
)

// replays remembers the signatures of requests that were taken.
type replays struct {
	mu   sync.Mutex
	seen remembered[string, struct{}]
}

// first says whether a signature comes for the first time.
func (r *replays) first(signature string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, again := r.seen.get(signature, replaySpan); again {
		return false
	}
	r.seen.put(signature, struct{}{})
	return true
}

// Handler takes Slack's events, interactions and commands, at any path. While
// nothing runs, it asks Slack to come again.
func (s *Slack) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			refuse(w, http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			refuse(w, http.StatusBadRequest)
			return
		}
		if !s.signed(r.Header, body) {
			refuse(w, http.StatusUnauthorized)
			return
		}
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch kind {
		case "application/json":
			s.takeEvent(w, r, body)
		case "application/x-www-form-urlencoded":
			s.takeForm(w, r, body)
		default:
			refuse(w, http.StatusUnsupportedMediaType)
		}
	})
}

func refuse(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

// signed says whether a request is Slack's and recent.
func (s *Slack) signed(h http.Header, body []byte) bool {
	v, err := slack.NewSecretsVerifier(h, string(s.o.SigningSecret))
	if err != nil {
		return false
	}
	if _, err := v.Write(body); err != nil {
		return false
	}
	return v.Ensure() == nil
}

// fresh says whether the signed request comes for the first time.
func (s *Slack) fresh(h http.Header) bool { return s.requests.first(h.Get("X-Slack-Signature")) }

// takeEvent answers once the event is safe. Slack waits three seconds and then
// comes again with the same event, which is known by its id; so is one that
// somebody sends a second time.
func (s *Slack) takeEvent(w http.ResponseWriter, r *http.Request, body []byte) {
	var e struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
		ID        string `json:"event_id"`
	}
	if readJSON(body, &e) != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	if e.Type == "url_verification" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, e.Challenge) // Slack sees what arrives
		return
	}
	if (e.ID == "" || r.Header.Get("X-Slack-Retry-Num") == "") && !s.fresh(r.Header) {
		refuse(w, http.StatusUnauthorized)
		return
	}
	in := s.in.Load()
	if in == nil {
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	done := make(chan struct{})
	in.event(body, sync.OnceFunc(func() { close(done) }))
	timer := time.NewTimer(s.time.event)
	defer timer.Stop()
	select {
	case <-done:
		w.WriteHeader(http.StatusOK)
	case <-timer.C:
		refuse(w, http.StatusServiceUnavailable)
	case <-in.trying.Done():
		select { // what was at work when the end came may still be taken
		case <-done:
			w.WriteHeader(http.StatusOK)
		case <-timer.C:
			refuse(w, http.StatusServiceUnavailable)
		}
	case <-r.Context().Done():
	}
}

// takeForm answers at once: what the person asked for follows on its own. Only
// the answer to a window that was filled in waits a little, for what is wrong
// with it.
func (s *Slack) takeForm(w http.ResponseWriter, r *http.Request, body []byte) {
	in := s.in.Load()
	if in == nil {
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	if form.Get("ssl_check") == "1" {
		w.WriteHeader(http.StatusOK)
		return
	}
	if !s.fresh(r.Header) {
		refuse(w, http.StatusUnauthorized)
		return
	}
	payload := form.Get("payload")
	switch {
	case payload != "" && json.Valid([]byte(payload)):
		got := make(chan json.RawMessage, 1)
		in.interaction([]byte(payload), func(with json.RawMessage) { got <- with })
		if with := <-got; with != nil {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_, _ = w.Write(with) // Slack sees what arrives
			return
		}
		w.WriteHeader(http.StatusOK)
	case form.Get("command") != "":
		w.WriteHeader(http.StatusOK)
		in.slash(slashCommand{
			Team: form.Get("team_id"), Channel: form.Get("channel_id"), Where: form.Get("channel_name"),
			User: form.Get("user_id"), Name: form.Get("user_name"), Text: form.Get("text"),
			Reply: form.Get("response_url"), Trigger: form.Get("trigger_id"),
		})
	default:
		refuse(w, http.StatusBadRequest)
	}
}
