package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/waymark-bot/waymark/internal/chat"
)

// refusal is what Discord answered instead of doing what was asked. It never
// holds the answer's own text, which may quote what was sent.
type refusal struct {
	status int
	code   int    // Discord's own error code; 0 for none
	said   string // the short sentence that belongs to the code
	wait   time.Duration
	global bool
}

func (r *refusal) Error() string {
	if r.code != 0 {
		return fmt.Sprintf("Discord answered %d (%d %s)", r.status, r.code, r.said)
	}
	return fmt.Sprintf("Discord answered %d %s", r.status, http.StatusText(r.status))
}

// Discord's error codes that the adapter tells apart.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes
const (
	codeUnknownChannel     = 10003
	codeUnknownGuild       = 10004
	codeUnknownMember      = 10007
	codeUnknownMessage     = 10008
	codeUnknownUser        = 10013
	codeUnknownWebhook     = 10015
	codeUnknownInteraction = 10062
	codeAcknowledged       = 40060
	codeMissingAccess      = 50001
	codeInvalidToken       = 50027
	codeThreadArchived     = 50083
	codeThreadExists       = 160004
	codeThreadLocked       = 160005
)

// gone are the codes of things that are not there any more.
func gone(code int) bool {
	switch code {
	case codeUnknownChannel, codeUnknownGuild, codeUnknownMember, codeUnknownMessage, codeUnknownUser,
		codeUnknownWebhook, codeUnknownInteraction:
		return true
	}
	return false
}

// codeOf is Discord's error code in err, 0 where there is none.
func codeOf(err error) int {
	var r *refusal
	if errors.As(err, &r) {
		return r.code
	}
	return 0
}

// problem turns what went wrong with a request into a *chat.Error. Nothing of
// the request stays in it: its address may hold an interaction's token, its
// body a card.
func problem(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	e := &chat.Error{Op: op}
	r := refusalOf(err)
	if r == nil {
		e.Err = bare(err)
		if ctx.Err() != nil {
			e.Err = ctx.Err()
		}
		return e
	}
	e.Err, e.RetryAfter = r, r.wait
	switch {
	case r.status == http.StatusTooManyRequests, r.status == http.StatusRequestTimeout, r.status >= 500:
	case gone(r.code), r.status == http.StatusNotFound && r.code == 0, r.status == http.StatusGone:
		e.Gone = true
	default:
		e.Permanent = true
	}
	return e
}

// refusalOf finds Discord's own refusal in what discordgo returned.
func refusalOf(err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	var limit *discordgo.RateLimitError
	if errors.As(err, &limit) {
		return &refusal{status: http.StatusTooManyRequests, wait: limit.RetryAfter}
	}
	var rest *discordgo.RESTError
	if errors.As(err, &rest) && rest.Response != nil {
		r := &refusal{status: rest.Response.StatusCode}
		if rest.Message != nil {
			r.code, r.said = rest.Message.Code, rest.Message.Message
		}
		return r
	}
	return nil
}

// bare strips the address from a failure of the network.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// plainRefusals makes one kind of error of answers that discordgo cannot read:
// 429 without JSON, and all that is wrong on Discord's side.
type plainRefusals struct{ next *http.Transport }

// CloseIdleConnections lets the client close what is not in use.
func (t plainRefusals) CloseIdleConnections() { t.next.CloseIdleConnections() }

// RoundTrip makes the request.
func (t plainRefusals) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < 500 {
		return resp, nil
	}
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // what cannot be read is no further failure
	_ = resp.Body.Close()
	r := &refusal{status: resp.StatusCode, wait: seconds(resp.Header.Get("Retry-After"))}
	if resp.StatusCode != http.StatusTooManyRequests {
		return nil, r
	}
	var said struct {
		RetryAfter *float64 `json:"retry_after"`
		Global     bool     `json:"global"`
	}
	if json.Unmarshal(raw, &said) != nil || said.RetryAfter == nil {
		// A page from in front of Discord: it speaks for all that we ask.
		r.global = true
		r.wait = max(r.wait, time.Second)
		return nil, r
	}
	r.wait = max(r.wait, time.Duration(*said.RetryAfter*float64(time.Second)))
	r.global = said.Global || resp.Header.Get("X-RateLimit-Global") != ""
	if r.global {
		return nil, r
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw)) // discordgo reads the bucket's headers
	return resp, nil
}

func seconds(header string) time.Duration {
	f, err := strconv.ParseFloat(strings.TrimSpace(header), 64)
	if err != nil || f <= 0 || f > 24*60*60 {
		return 0
	}
	return time.Duration(f * float64(time.Second))
}

// guard keeps all requests together within what Discord allows a bot.
// Interactions are exempt, as they are at Discord.
type guard struct {
	now       func() time.Time
	unlimited bool // in tests: requests are not spread over time

	mu      sync.Mutex
	until   time.Time // nothing is sent before
	slots   float64   // requests that may be sent at once
	filled  time.Time
	invalid int // refusals that Discord counts, since `counted`
	counted time.Time
}

// Discord's bounds, with room to spare: 50 requests a second, and 10,000
// invalid ones in ten minutes, after which the address is shut out.
const (
	perSecond   = 45
	maxInvalid  = 2_000
	invalidSpan = 10 * time.Minute
)

// wait is how long a request has to wait; 0 where it may be sent now.
func (g *guard) wait() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if now.Before(g.until) {
		return g.until.Sub(now)
	}
	if g.filled.IsZero() {
		g.slots = perSecond
	}
	g.slots = min(perSecond, g.slots+now.Sub(g.filled).Seconds()*perSecond)
	g.filled = now
	if g.slots < 1 && !g.unlimited {
		return time.Duration((1 - g.slots) / perSecond * float64(time.Second))
	}
	g.slots--
	return 0
}

// note counts what Discord counts.
func (g *guard) note(r *refusal) {
	if r == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if r.global && r.wait > 0 {
		g.until = now.Add(r.wait)
	}
	switch r.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
	default:
		return
	}
	if now.Sub(g.counted) > invalidSpan {
		g.counted, g.invalid = now, 0
	}
	if g.invalid++; g.invalid >= maxInvalid {
		g.until = g.counted.Add(invalidSpan)
		g.counted, g.invalid = g.until, 0
	}
}
