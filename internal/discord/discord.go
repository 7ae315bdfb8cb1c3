// Package discord is the adapter to Discord: it turns the gateway's events
// into the neutral chat model and the model's cards into Discord's messages.
// It knows nothing of safeguarding.
//
// Requests go through discordgo, whose rate-limit buckets it shares. The
// gateway does not: discordgo's own loop cannot be supervised. It knows no
// resume address, identifies at once where Discord asks for a wait, comes back
// for ever after a refusal, and hands over messages without their author when
// one holds a component that it does not know. gateway.go drives the socket,
// and every event is read from its raw form.
//
// All addresses come from Options.BaseURL. None of discordgo's address
// variables is read or written, so one process can speak to several targets.
package discord

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/waymark-bot/waymark/internal/chat"
)

// DefaultBaseURL is where Discord is; its API lies below api/v9/.
const DefaultBaseURL = "https://discord.com/"

// Secret is the bot's token. Every way of printing it gives [redacted].
type Secret string

// String hides the value.
func (Secret) String() string { return "[redacted]" }

// Format hides the value for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// LogValue hides the value in logs.
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText hides the value in JSON and whatever else asks for text.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Options are what the adapter needs to know. Only Token has no default.
type Options struct {
	Token Secret
	// BaseURL is DefaultBaseURL where it is empty.
	BaseURL string
	Logger  *slog.Logger
	Now     func() time.Time
	// TryAgain is shown to a person whose request could not be answered.
	TryAgain chat.Card
	// Translate gives a command's name, description or choice in other
	// languages, by BCP 47 tag ("de", "pt", "en-US"). Nil for none.
	Translate func(text string) map[string]string
	// Gate lets shards identify. The default knows this process alone; one that
	// many processes share lets each of them run some of the shards.
	Gate Gate
	// Shards is how many to run; 0 for as many as Discord asks for.
	Shards int
	// AutoMod runs without the message content intent and listens to Discord's
	// own AutoMod instead: see automod.go.
	AutoMod bool
}

// Discord is one application's connection to Discord.
type Discord struct {
	o     Options
	log   *slog.Logger
	now   func() time.Time
	base  string // ends in a slash
	api   string // ends in a slash
	rest  *discordgo.Session
	guard guard
	time  timing

	cache   *cache
	members *memberCache
	direct  directs
	forms   forms
	rules   ownRules

	app    atomic.Uint64 // the application's id; 0 until known
	me     atomic.Uint64 // the bot's own user id; 0 until known
	shards shardSet
	in     atomic.Pointer[intake] // of the Run that is going on
}

// timing is every wait of the adapter, so that tests can shorten them.
type timing struct {
	request     time.Duration // the longest that one request may take
	patience    time.Duration // the longest wait for a rate limit inside a call
	identify    time.Duration // between two identifies of a bucket
	invalidMin  time.Duration // op 9: Discord asks for 1 to 5 s
	invalidMax  time.Duration
	backoff     backoff // between connections
	retry       backoff // between attempts to hand over an event
	deferAfter  time.Duration
	answerBy    time.Duration // after this, Discord takes no first answer
	answerUntil time.Duration // after this, Discord takes no later answer
	member      time.Duration // how long a member's roles are believed
	grace       time.Duration // for handlers at work when Run is told to end
}

func defaultTiming() timing {
	return timing{
		request: 10 * time.Second, patience: 2 * time.Second,
		identify: 5 * time.Second, invalidMin: time.Second, invalidMax: 5 * time.Second,
		backoff:    backoff{first: time.Second, most: time.Minute},
		retry:      backoff{first: 100 * time.Millisecond, most: 5 * time.Second},
		deferAfter: 2 * time.Second, answerBy: 2900 * time.Millisecond, answerUntil: 14 * time.Minute,
		member: 10 * time.Second, grace: 5 * time.Second,
	}
}

var (
	_ chat.Platform  = (*Discord)(nil)
	_ chat.Registrar = (*Discord)(nil)
	_ chat.Directory = (*Discord)(nil)
	_ chat.Filter    = (*Discord)(nil)
	_ chat.Monitored = (*Discord)(nil)
	_ chat.Covered   = (*Discord)(nil)
	_ chat.Filer     = (*Discord)(nil)
)

// New prepares a connection; it sends nothing. It says what is wrong with the
// options, without the token.
func New(o Options) (*Discord, error) {
	token := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(o.Token)), "Bot "))
	if token == "" {
		return nil, errors.New("discord: there is no token")
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("discord: the token holds characters that no token has; copy it again")
	}
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	u, err := url.Parse(o.BaseURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("discord: %q is no address such as %s", o.BaseURL, DefaultBaseURL)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.TryAgain.Title == "" {
		o.TryAgain = chat.Card{Title: "That did not work. Please try again in a minute."}
	}
	d := &Discord{
		o: o, log: o.Logger.With("platform", "discord"), now: o.Now,
		base: strings.TrimSuffix(o.BaseURL, "/") + "/", time: defaultTiming(),
		cache: newCache(), members: newMemberCache(o.Now),
	}
	d.api = d.base + "api/v" + discordgo.APIVersion + "/"
	d.rest, err = discordgo.New("Bot " + token)
	if err != nil {
		return nil, fmt.Errorf("discord: %w", err)
	}
	d.rest.StateEnabled = false
	d.rest.State = nil
	d.rest.ShouldReconnectOnError = false
	d.rest.ShouldRetryOnRateLimit = false
	d.rest.MaxRestRetries = 0
	d.rest.LogLevel = -1 // its log lines hold answers of the API
	d.rest.UserAgent = "DiscordBot (https://github.com/waymark-bot/waymark, 1)"
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 32
	d.rest.Client = &http.Client{Transport: plainRefusals{transport}}
	d.guard.now = o.Now
	if d.o.Gate == nil {
		d.o.Gate = &localGate{every: func() time.Duration { return d.time.identify }}
	}
	return d, nil
}

// Name is "discord".
func (d *Discord) Name() string { return "discord" }

// token is what the gateway is shown.
func (d *Discord) token() string { return strings.TrimPrefix(d.rest.Token, "Bot ") }

// Ready says why not every server is being watched at this moment; nil where
// all are.
func (d *Discord) Ready() error { return d.shards.ready() }

// The bounds within which the connection counts as whole: a heartbeat is
// acknowledged every 41 s, and the handler takes an event in far less than 2 s.
const (
	maxSilent = 55 * time.Second
	maxBehind = 2 * time.Second
)

// Connected says whether events arrive now, from everywhere, and are taken.
func (d *Discord) Connected() bool {
	in := d.in.Load()
	return in != nil && d.Ready() == nil && d.shards.silent(time.Now()) <= maxSilent &&
		!in.late() && in.behind(time.Now()) <= maxBehind
}

// Run connects all shards and hands over their events until ctx ends, or until
// Discord refuses for good: then it says why.
func (d *Discord) Run(ctx context.Context, h chat.Handler) error {
	work, release := context.WithCancel(context.WithoutCancel(ctx))
	defer release()
	in := newIntake(work, d, h)
	d.in.Store(in)
	defer d.in.CompareAndSwap(in, nil)
	defer d.rest.Client.CloseIdleConnections()
	defer in.finish(d.time.grace, release)
	return d.runShards(ctx, in)
}

// directs remembers who is at the other end of direct conversations.
type directs struct {
	mu     sync.Mutex
	place  map[id]id // person -> channel
	person map[id]id // channel -> person
}

// maxDirects bounds how many conversations are remembered; a forgotten one is
// found again by asking.
const maxDirects = 20_000

func (x *directs) note(channel, person id) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.place == nil || len(x.place) >= maxDirects {
		x.place, x.person = map[id]id{}, map[id]id{}
	}
	x.place[person], x.person[channel] = channel, person
}

func (x *directs) placeOf(person id) (id, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	c, ok := x.place[person]
	return c, ok
}

func (x *directs) personOf(channel id) (id, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p, ok := x.person[channel]
	return p, ok
}
