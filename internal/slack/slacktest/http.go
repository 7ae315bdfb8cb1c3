package slacktest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Endpoints are the app's addresses in HTTP mode.
type Endpoints struct {
	Events, Interactivity, Commands string
}

// postHub delivers by signed requests instead of sockets. Guarded by Fake.mu.
type postHub struct {
	to     *Endpoints
	client *http.Client
	log    []Posted
	lanes  map[string]chan struct{} // closed when the lane's last post is over
}

func (h *postHub) init() {
	h.lanes = map[string]chan struct{}{}
	h.client = &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (h *postHub) on() bool { return h.to != nil }

// Posted is one signed request to the app, and what the app answered.
type Posted struct {
	URL    string
	Header http.Header
	Body   []byte
	// Status is the answer's, 0 where there was none; Answer is its body.
	Status int
	Answer []byte
	// Failed says why there was no answer: http_timeout, connection_failed.
	Failed string
}

// PostTo turns on HTTP mode: from now on everything goes to these addresses,
// signed. It first checks the one for events with a challenge, as Slack does
// when somebody enters it, and ends the test where that fails.
func (f *Fake) PostTo(e Endpoints) {
	f.t.Helper()
	if err := f.Verify(e.Events); err != nil {
		f.t.Fatalf("Slack would not take the address for events: %v", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.posts.to = &e
}

// Verify sends a challenge (url_verification) and says why Slack would not
// take the address.
func (f *Fake) Verify(address string) error {
	f.mu.Lock()
	challenge := "challenge-" + f.id("X")
	body := marshal(map[string]any{"token": f.app.verification, "challenge": challenge, "type": "url_verification"})
	f.mu.Unlock()
	p := f.SendSigned(address, "application/json", body)
	var got struct{ Challenge string }
	switch {
	case p.Status != http.StatusOK:
		return fmt.Errorf("the answer has the status %d", p.Status)
	case strings.TrimSpace(string(p.Answer)) == challenge:
		return nil
	case json.Unmarshal(p.Answer, &got) == nil && got.Challenge == challenge:
		return nil
	}
	return fmt.Errorf("the answer is not the challenge: %.80q", p.Answer)
}

// Forgery changes a signed request before it is sent.
type Forgery func(*forged)

type forged struct {
	at     time.Time
	secret string
	header http.Header
	body   []byte
}

// Aged gives the request a timestamp in the past (or, negative, the future),
// with a good signature.
func Aged(d time.Duration) Forgery { return func(x *forged) { x.at = x.at.Add(-d) } }

// WrongSecret signs the request with another secret.
func WrongSecret() Forgery { return func(x *forged) { x.secret += "x" } }

// Unsigned leaves out the signature.
func Unsigned() Forgery { return func(x *forged) { x.header.Set("X-Slack-Signature", "") } }

// Tampered changes the body after it was signed.
func Tampered() Forgery {
	return func(x *forged) { x.body = append(slices.Clone(x.body), ' ') }
}

// WithHeader sets a header, also X-Slack-Signature and
// X-Slack-Request-Timestamp.
func WithHeader(name, value string) Forgery {
	return func(x *forged) { x.header.Set(name, value) }
}

// SendSigned sends any body to any address of the app's, signed as Slack
// signs, or forged.
func (f *Fake) SendSigned(address, kind string, body []byte, forgeries ...Forgery) Posted {
	x := &forged{at: time.Now(), secret: f.app.signingSecret, header: http.Header{}, body: body}
	for _, change := range forgeries {
		change(x)
	}
	header := sign(x.secret, x.at, body)
	header.Set("Content-Type", kind)
	header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	for k, v := range x.header {
		header[k] = v
		if len(v) == 1 && v[0] == "" {
			header.Del(k)
		}
	}
	return f.exchange(Posted{URL: address, Header: header, Body: x.body})
}

// EventBody is the body of an event about a message in a channel, for
// SendSigned: with an event id of its own.
func (f *Fake) EventBody(m Message) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	ev := m.m.json(false)
	ev["channel"], ev["event_ts"], ev["channel_type"] = m.ChannelID, m.TS, m.m.ch.kind()
	return marshal(map[string]any{
		"token": f.app.verification, "team_id": m.WorkspaceID, "api_app_id": f.app.id, "event": ev, "type": "event_callback",
		"event_id": f.id("Ev"), "event_time": f.opt.Now().Unix(),
	})
}

// Replay sends a request again, byte for byte, as somebody does who listened.
func (f *Fake) Replay(p Posted) Posted {
	return f.exchange(Posted{URL: p.URL, Header: p.Header.Clone(), Body: p.Body})
}

// Posts are all signed requests so far, oldest first.
func (f *Fake) Posts() []Posted {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.posts.log)
}

func sign(secret string, at time.Time, body []byte) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	h := http.Header{}
	h.Set("X-Slack-Request-Timestamp", stamp)
	h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return h
}

// exchange sends a request and waits for its answer, as long as Slack does.
func (f *Fake) exchange(p Posted) Posted {
	ctx, cancel := context.WithTimeout(context.Background(), f.opt.AckWithin)
	defer cancel()
	go func() {
		select {
		case <-f.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(p.Body))
	if err != nil {
		return p
	}
	req.Header = p.Header.Clone()
	res, err := f.posts.client.Do(req)
	if err == nil {
		defer res.Body.Close()
		if p.Answer, err = io.ReadAll(io.LimitReader(res.Body, maxBody)); err == nil {
			p.Status = res.StatusCode
		}
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		p.Failed = "http_timeout"
	default:
		p.Failed = "connection_failed"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.posts.log) >= maxLog {
		f.posts.log = slices.Delete(f.posts.log, 0, maxLog/10)
	}
	f.posts.log = append(f.posts.log, p)
	f.wake()
	return p
}

// post makes one attempt by HTTP. The caller holds the lock.
func (f *Fake) post(d *delivery) {
	d.envelope = f.envelopeID()
	envelope := d.envelope
	p := f.request(d)
	f.noteAttempt(d)
	var before chan struct{}
	over := make(chan struct{})
	if !f.opt.Unordered {
		before = f.posts.lanes[d.lane]
		f.posts.lanes[d.lane] = over
	}
	f.work.Add(1)
	go func() {
		defer f.work.Done()
		defer close(over)
		if before != nil {
			select {
			case <-before:
			case <-f.done:
				return
			}
		}
		got := f.exchange(p)
		f.mu.Lock()
		defer f.mu.Unlock()
		if d.envelope != envelope {
			return
		}
		f.answered(d, got)
	}()
}

// request is the signed request of a delivery.
func (f *Fake) request(d *delivery) Posted {
	body, kind, to := []byte(marshal(d.payload)), "application/json", f.posts.to.Events
	switch d.kind {
	case kindInteractive:
		to, kind = f.posts.to.Interactivity, "application/x-www-form-urlencoded"
		body = []byte(url.Values{"payload": {string(body)}}.Encode())
	case kindCommand:
		to, kind = f.posts.to.Commands, "application/x-www-form-urlencoded"
		form := url.Values{}
		for k, v := range d.payload {
			form.Set(k, fmt.Sprint(v))
		}
		body = []byte(form.Encode())
	}
	header := sign(f.app.signingSecret, time.Now(), body)
	header.Set("Content-Type", kind)
	header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	if d.attempt > 0 {
		header.Set("X-Slack-Retry-Num", strconv.Itoa(d.attempt))
		header.Set("X-Slack-Retry-Reason", d.reason)
	}
	return Posted{URL: to, Header: header, Body: body}
}

// answered takes the app's answer. The caller holds the lock.
func (f *Fake) answered(d *delivery, p Posted) {
	switch {
	case p.Status == 0:
		f.failed(d, p.Failed)
	case p.Status < 200 || p.Status > 299:
		f.failed(d, "http_error")
	case d.asked == nil:
		f.acknowledged(d, nil)
	default:
		payload := json.RawMessage(bytes.TrimSpace(p.Answer))
		if len(payload) > 0 && !json.Valid(payload) {
			payload = marshal(string(payload))
		}
		f.acknowledged(d, payload)
	}
}
