// Package slack is the adapter to Slack: it turns Slack's events into the
// neutral chat model and the model's cards into Block Kit. It knows nothing of
// safeguarding.
//
// Requests, blocks and signatures go through slack-go. Its Socket Mode client
// does not: it decodes an event before it hands it over and drops what it
// cannot decode, closes a socket at a warning before the next one is open, and
// sends an acknowledgement over whichever socket is there. socket.go drives the
// sockets, and every event is read from its raw form.
//
// A channel's thread is a place of its own, with the id
// "<channel>:<first message>", below the channel.
package slack

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

	"github.com/waymark-bot/waymark/internal/chat"
)

// DefaultBaseURL is where Slack's Web API is.
const DefaultBaseURL = "https://slack.com/api/"

// Secret is a token or a signing secret. Every way of printing it gives
// [redacted].
type Secret string

// String hides the value.
func (Secret) String() string { return "[redacted]" }

// Format hides the value for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// LogValue hides the value in logs.
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText hides the value in JSON and whatever else asks for text.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Mode is how events arrive.
type Mode string

// The modes: the bot connects to Slack, or Slack calls Handler.
const (
	SocketMode Mode = "socket"
	HTTPMode   Mode = "http"
)

// Options are what the adapter needs to know. BotToken (or Installations) has
// no default; AppToken has none in SocketMode, SigningSecret none in HTTPMode.
type Options struct {
	BotToken      Secret // begins with xoxb-
	AppToken      Secret // begins with xapp-
	SigningSecret Secret
	// Mode is SocketMode where it is empty.
	Mode Mode
	// BaseURL is DefaultBaseURL where it is empty.
	BaseURL string
	// Sockets is how many connections are held side by side; 0 for one. Slack
	// hands each event to one of them, so with more than one the order within a
	// place is Slack's to keep.
	Sockets int
	Logger  *slog.Logger
	Now     func() time.Time
	// TryAgain is shown to a person whose request could not be answered.
	TryAgain chat.Card
	// Hidden takes the place of a private answer in a window, which only its
	// reader can close.
	Hidden chat.Card
	// Installations knows the workspaces where there can be many; nil for the
	// one that BotToken belongs to. OAuth is needed for installing into more.
	Installations Installations
	OAuth         OAuth
}

// Slack is one app's connection to Slack.
type Slack struct {
	o    Options
	log  *slog.Logger
	now  func() time.Time
	base *url.URL // of the Web API
	http *http.Client
	time timing

	spaces   spaces
	names    names
	keys     remembered[string, chat.MessageRef] // of cards that this process posted
	forms    forms
	specs    atomic.Pointer[[]chat.CommandSpec]
	requests replays
	links    links
	after    leftovers
	in       atomic.Pointer[intake] // of the Run that is going on
}

// timing is every wait of the adapter, so that tests can shorten them.
type timing struct {
	request     time.Duration // the longest that one request may take
	name        time.Duration // the longest wait for a name that is only for reading
	patience    time.Duration // the longest wait for a rate limit while history is read
	backoff     backoff       // between connections
	retry       backoff       // between attempts to hand over an event
	quiet       time.Duration // without a sign of life, a socket is given up
	linger      time.Duration // a socket that Slack is about to close is still read
	trigger     time.Duration // after this, Slack opens no window any more
	answerUntil time.Duration // after this, Slack takes no later answer
	event       time.Duration // Slack waits this long for the answer to an event
	form        time.Duration // for what is wrong with a form; Slack waits little longer
	member      time.Duration // how long a list of members is believed
	naming      time.Duration // how long a name is believed
	withheld    time.Duration // for this long Slack holds back events when there are too many
	grace       time.Duration // for handlers at work when Run is told to end
}

func defaultTiming() timing {
	return timing{
		request: 10 * time.Second, name: 2 * time.Second, patience: 70 * time.Second,
		backoff: backoff{first: time.Second, most: time.Minute},
		retry:   backoff{first: 100 * time.Millisecond, most: 5 * time.Second},
		quiet:   40 * time.Second, linger: 15 * time.Second,
		trigger: 2800 * time.Millisecond, answerUntil: 25 * time.Minute, event: 2700 * time.Millisecond, form: 2200 * time.Millisecond,
		member: 10 * time.Second, naming: 10 * time.Minute, withheld: time.Minute, grace: 5 * time.Second,
	}
}

var (
	_ chat.Platform   = (*Slack)(nil)
	_ chat.Registrar  = (*Slack)(nil)
	_ chat.Directory  = (*Slack)(nil)
	_ chat.Monitored  = (*Slack)(nil)
	_ chat.Membership = (*Slack)(nil)
	_ chat.Covered    = (*Slack)(nil)
	_ chat.Whisperer  = (*Slack)(nil)
	_ chat.Home       = (*Slack)(nil)
	_ chat.Visited    = (*Slack)(nil)
	_ chat.Joiner     = (*Slack)(nil)
	_ chat.Picker     = (*Slack)(nil)
	_ chat.Typist     = (*Slack)(nil)
)

// New prepares a connection; it sends nothing. It says all that is wrong with
// the options at once, without the secrets.
func New(o Options) (*Slack, error) {
	if o.Mode == "" {
		o.Mode = SocketMode
	}
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	o.BotToken, o.AppToken, o.SigningSecret = trimmed(o.BotToken), trimmed(o.AppToken), trimmed(o.SigningSecret)
	base, wrong := check(o)
	if wrong != nil {
		return nil, wrong
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
	if o.Hidden.Title == "" {
		o.Hidden = chat.Card{Title: "You can close this window."}
	}
	s := &Slack{o: o, log: o.Logger.With("platform", "slack"), now: o.Now, base: base, time: defaultTiming()}
	s.http = &http.Client{
		Transport:     newTransport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.keys.most, s.requests.seen.most = maxKeys, maxRequests
	return s, nil
}

func trimmed(s Secret) Secret { return Secret(strings.TrimSpace(string(s))) }

func check(o Options) (*url.URL, error) {
	var bad []error
	say := func(format string, a ...any) { bad = append(bad, fmt.Errorf("slack: "+format, a...)) }
	token := func(name, prefix string, s Secret) {
		switch {
		case s == "":
			say("there is no %s", name)
		case strings.ContainsFunc(string(s), func(r rune) bool { return r <= ' ' || r > '~' }):
			say("the %s holds characters that none has; copy it again", name)
		case prefix != "" && !strings.HasPrefix(string(s), prefix):
			say("the %s does not begin with %s: it is another kind of token", name, prefix)
		}
	}
	if o.Installations == nil {
		token("bot token", "xoxb-", o.BotToken)
	}
	switch o.Mode {
	case SocketMode:
		token("app token", "xapp-", o.AppToken)
	case HTTPMode:
		token("signing secret", "", o.SigningSecret)
	default:
		say("the mode %q is neither %s nor %s", o.Mode, SocketMode, HTTPMode)
	}
	u, err := url.Parse(strings.TrimSuffix(o.BaseURL, "/") + "/")
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		say("%q is no address such as %s", o.BaseURL, DefaultBaseURL)
	}
	return u, errors.Join(bad...)
}

// Name is "slack".
func (s *Slack) Name() string { return "slack" }

// Register takes over what the commands are called and which options they
// have. Slack knows them from the app's manifest; here they say how the words
// after /waymark are read.
func (s *Slack) Register(_ context.Context, commands []chat.CommandSpec) error {
	s.specs.Store(&commands)
	return nil
}

// Typed says how a command is typed after /waymark.
func (s *Slack) Typed(command string) string {
	name, sub, _ := strings.Cut(command, " ")
	if sub != "" {
		name = staffWord + " " + sub // only those that staff use have a second word
	}
	return "/waymark " + name
}

// maxBehind is the longest that an event may have waited for the handler while
// the connection still counts as whole.
const maxBehind = 2 * time.Second

// Connected says whether events arrive now and are taken.
func (s *Slack) Connected() bool {
	in := s.in.Load()
	if in == nil || in.late() || in.behind(time.Now()) > maxBehind {
		return false
	}
	return s.o.Mode == HTTPMode || s.links.up()
}

// Ready says why events do not arrive at this moment; nil where they do.
func (s *Slack) Ready() error {
	if s.in.Load() == nil {
		return errors.New("Slack is not connected yet")
	}
	if s.o.Mode == SocketMode && !s.links.up() {
		return errors.New("there is no connection to Slack")
	}
	return nil
}

// Run takes events until ctx ends, or until Slack refuses for good: then it
// says why.
func (s *Slack) Run(ctx context.Context, h chat.Handler) error {
	work, release := context.WithCancel(context.WithoutCancel(ctx))
	defer release()
	in := newIntake(work, s, h)
	defer s.http.CloseIdleConnections()
	// The sockets outlive the handlers, whose acknowledgements they carry.
	life, cut := context.WithCancel(work)
	var sockets sync.WaitGroup
	defer sockets.Wait()
	defer cut()
	ctx, halt := context.WithCancel(ctx)
	defer halt()
	defer in.finish(s.time.grace, release)

	if err := s.greet(ctx, in); err != nil || ctx.Err() != nil {
		return err
	}
	s.in.Store(in) // not before: what the bot itself wrote could not be told from the rest
	defer s.in.CompareAndSwap(in, nil)
	if s.o.Mode == SocketMode {
		for i := range max(1, s.o.Sockets) {
			sockets.Go(func() { s.keepSocket(ctx, life, in, i) })
		}
	} else {
		in.began()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-in.fatal:
		return err
	}
}

// greet finds out who the bot is, and tries until Slack says so or refuses for
// good.
func (s *Slack) greet(ctx context.Context, in *intake) error {
	for attempt := 0; ; attempt++ {
		err := s.spaces.open(ctx, s, in)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if why := refusedForGood(err); why != nil {
			return why
		}
		s.log.Warn("Slack cannot be reached yet", "err", err)
		if s.time.backoff.wait(ctx, attempt, chat.RetryAfter(err)) != nil {
			return nil
		}
	}
}
