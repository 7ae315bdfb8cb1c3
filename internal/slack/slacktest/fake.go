// Package slacktest is a Slack for tests and benchmarks: a server that speaks
// the real protocol (Web API, Socket Mode, signed HTTP requests) to the app,
// and a world of workspaces, channels and people to act in.
//
// A test builds a world, points slack.base_url at [Fake.URL], lets people
// talk, press and fill in, and looks at what they see:
//
//	f := slacktest.New(t, slacktest.Options{})
//	school := f.Workspace("Hill School")
//	ana, kim := school.Member("Ana"), school.Member("Kim")
//	lead := school.Member("Lead", slacktest.Admin)
//	general := school.Public("general")
//	staff := school.Private("staff", lead, slacktest.WithBot)
//	... start the app with f.URL(), school.Token() and f.AppToken() ...
//	f.AwaitConnected(1)
//	kim.Say(general, "hello")
//	card := f.AwaitMessage(staff, func(m slacktest.Message) bool { return m.Has("Kim") })
//	lead.Press(card, "I'm on it").Reply()
//
// It keeps Slack's rules: scopes, memberships, error codes, rate limits by
// tier, envelopes that come again until they are acknowledged, three seconds
// for an answer, triggers that work once, answers by response_url that end
// after five uses. Each payload of blocks is also held against the schema of
// Slack's own types where that can be found, and against the lengths that the
// schema misses; what breaks a rule is in [Fake.Invalid] and fails the test at
// its end.
//
// What happens before the app was connected for the first time makes no events:
// a test builds its world then.
//
// It knows nothing of the app that is tested, and nothing of safeguarding.
package slacktest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options shape a Fake. The zero Options is a strict Slack with Socket Mode.
type Options struct {
	// Now is the clock of timestamps, triggers and answer addresses; time.Now
	// where nil. Deadlines for acknowledgements, retries, pings, rate limits
	// and signatures run in real time.
	Now func() time.Time
	// AckWithin is how long the app has for an acknowledgement; 3 s where 0.
	AckWithin time.Duration
	// Retries are the waits before an event is delivered again; its length is
	// how often. Slack waits an instant, a minute and five minutes; where nil,
	// the fake waits 50 ms, 500 ms and 3 s. Empty but not nil: never again.
	Retries []time.Duration
	// PingEvery is the time between two pings on a socket; 5 s where 0.
	PingEvery time.Duration
	// MostSockets is how many sockets an app may have; 10 where 0.
	MostSockets int
	// Manifest is the app's manifest (YAML or JSON), as somebody pastes it. It
	// decides on scopes, events, commands, shortcuts and the Home tab, and is
	// checked for mistakes. Where empty, the app has AllScopes, every event,
	// any command and any shortcut.
	Manifest string
	// Command is the slash command that is registered where there is no
	// manifest; "/waymark" where empty.
	Command string
	// Limits replace the rate limits of single methods ("chat.postMessage").
	Limits map[string]Limit
	// Unlimited leaves out all rate limits.
	Unlimited bool
	// Unordered lets HTTP mode deliver the messages of one channel side by
	// side, as Slack may; else one waits until the one before was answered.
	Unordered bool
	// Patience is how long the waiting functions wait; 10 s where 0.
	Patience time.Duration
	// Unchecked leaves out the checks of requests, for benchmarks.
	Unchecked bool
}

// Fake is a running Slack. Its methods may be called from any goroutine.
// Methods that act or wait end the test when they cannot do as asked, so they
// belong into the test's own goroutine.
type Fake struct {
	t      testing.TB
	opt    Options
	server *httptest.Server
	done   chan struct{} // closed when the fake ends
	work   sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // closed at the next change
	lastID  int
	lastSeq int
	lastTS  int64 // microseconds

	app        app
	workspaces []*workspace
	users      map[string]*user
	channels   map[string]*channel
	views      map[string]*view
	triggers   map[string]*trigger
	answers    map[string]*answerURL
	codes      map[string]*workspace // OAuth codes not yet exchanged

	sockets   socketHub
	posts     postHub
	onAck     func(Delivered)
	pending   []*delivery
	lost      int
	asked     []*Asked
	limits    limiter
	intercept Intercept
	requests  []*Request
	limited   int
	invalid   []string
	schema    *blockSchema
}

// app is the one app that the fake knows of.
type app struct {
	id            string
	name          string
	appToken      string
	appTokenError string
	clientID      string
	clientSecret  string
	signingSecret string
	verification  string
	manifest      *manifest
}

// New starts a Slack that ends with the test. At the end it fails the test for
// each violation in [Fake.Invalid].
func New(t testing.TB, opt Options) *Fake {
	t.Helper()
	opt.fill()
	f := &Fake{
		t: t, opt: opt, done: make(chan struct{}), changed: make(chan struct{}),
		users: map[string]*user{}, channels: map[string]*channel{}, views: map[string]*view{},
		triggers: map[string]*trigger{}, answers: map[string]*answerURL{}, codes: map[string]*workspace{},
	}
	f.limits.init()
	f.sockets.init()
	f.posts.init()
	f.app = app{
		id: f.id("A"), name: "Waymark", clientID: "1234567890.1234567890", clientSecret: "fake-client-secret-0123456789ab",
		signingSecret: "fake0signing0secret0fake0signing", verification: "fake-verification-token",
	}
	f.app.appToken = "xapp-1-" + f.app.id + "-1234567890-fake"
	if !opt.Unchecked {
		f.schema = loadSchema(t)
	}
	if opt.Manifest != "" {
		f.app.manifest = f.readManifest(opt.Manifest)
	}
	f.server = httptest.NewServer(f.handler())
	t.Cleanup(f.end)
	return f
}

func (o *Options) fill() {
	def := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Retries == nil {
		o.Retries = []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, 3 * time.Second}
	}
	if o.Command == "" {
		o.Command = "/waymark"
	}
	if o.MostSockets == 0 {
		o.MostSockets = 10
	}
	def(&o.AckWithin, 3*time.Second)
	def(&o.PingEvery, 5*time.Second)
	def(&o.Patience, 10*time.Second)
}

func (f *Fake) end() {
	close(f.done)
	f.mu.Lock()
	for _, s := range f.sockets.open {
		s.cut()
	}
	for _, d := range f.pending {
		d.stop()
	}
	invalid := slices.Clone(f.invalid)
	f.mu.Unlock()
	f.server.CloseClientConnections()
	f.server.Close()
	f.work.Wait()
	f.posts.client.CloseIdleConnections()
	for _, v := range invalid {
		f.t.Errorf("the app broke a rule of Slack's: %s", v)
	}
}

// URL is what goes into slack.base_url; it ends with a slash. The addresses
// for sockets and for answers (response_url) are at the same host.
func (f *Fake) URL() string { return f.server.URL + "/api/" }

// AppToken is the app-level token, for Socket Mode.
func (f *Fake) AppToken() string { return f.app.appToken }

// SigningSecret signs the requests of HTTP mode.
func (f *Fake) SigningSecret() string { return f.app.signingSecret }

// ClientID and ClientSecret are the app's for an installation by OAuth.
func (f *Fake) ClientID() string { return f.app.clientID }

// ClientSecret belongs to ClientID.
func (f *Fake) ClientSecret() string { return f.app.clientSecret }

// AppID is the app's id.
func (f *Fake) AppID() string { return f.app.id }

// RevokeAppToken makes apps.connections.open answer with this error from now
// on ("token_revoked", "invalid_auth"); empty makes the token good again.
func (f *Fake) RevokeAppToken(code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.app.appTokenError = code
}

// Invalid lists the rules that the app broke so far: blocks that Slack would
// refuse, lengths, unknown parameters, acknowledgements that are too large.
func (f *Fake) Invalid() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.invalid)
}

// Described says whether blocks are held against the schema of Slack's types.
// Where it cannot be found, only shapes and lengths that the fake knows itself
// are checked.
func (f *Fake) Described() bool { return f.schema != nil }

// Forgive empties the list of violations, for tests that provoke them.
func (f *Fake) Forgive() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.invalid = nil
}

// violation notes a broken rule. The caller holds the lock.
func (f *Fake) violation(format string, a ...any) {
	if f.opt.Unchecked {
		return
	}
	f.invalid = append(f.invalid, fmt.Sprintf(format, a...))
	f.wake()
}

// wake tells everybody who waits that something changed. The caller holds the
// lock.
func (f *Fake) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// Await waits until ok says yes, asking again after each change in the fake
// and every few milliseconds, and ends the test when Options.Patience is over.
// ok may call any method of the fake that does not act.
func (f *Fake) Await(what string, ok func() bool) {
	f.t.Helper()
	if !f.within(f.opt.Patience, ok) {
		f.t.Fatalf("waited %v in vain until %s%s", f.opt.Patience, what, f.situation())
	}
}

// within is Await without its verdict.
func (f *Fake) within(patience time.Duration, ok func() bool) bool {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(5 * time.Millisecond) // for what changes in the app, of which the fake hears nothing
	defer again.Stop()
	for {
		f.mu.Lock()
		changed := f.changed
		f.mu.Unlock()
		if ok() {
			return true
		}
		select {
		case <-changed:
		case <-again.C:
		case <-deadline.C:
			return ok()
		case <-f.done:
			return false
		}
	}
}

// situation helps to see why a wait was in vain.
func (f *Fake) situation() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "\n  %d sockets, %d deliveries pending, %d lost", len(f.sockets.open), len(f.pending), f.lost)
	for _, d := range f.pending {
		fmt.Fprintf(&b, "\n  pending: %s, attempt %d", d.what, d.attempt+1)
	}
	from := max(0, len(f.requests)-8)
	for _, r := range f.requests[from:] {
		fmt.Fprintf(&b, "\n  %s -> %d %s", r.Method, r.Status, r.Error)
	}
	for _, v := range f.invalid {
		fmt.Fprintf(&b, "\n  violation: %s", v)
	}
	return b.String()
}

// id makes an id of Slack's form, with a letter that says of what.
func (f *Fake) id(letter string) string {
	f.lastID++
	n := strings.ToUpper(strconv.FormatInt(int64(f.lastID)*7919+46656, 36))
	return letter + "0WM" + strings.Repeat("0", max(0, 7-len(n))) + n
}

// seq numbers what people get to see. The caller holds the lock.
func (f *Fake) seq() int {
	f.lastSeq++
	return f.lastSeq
}

// ts is a timestamp of Slack's, by the clock, and never twice. The caller
// holds the lock.
func (f *Fake) ts() string {
	now := f.opt.Now().UnixMicro()
	f.lastTS = max(now, f.lastTS+1)
	return stamp(f.lastTS)
}

func stamp(micros int64) string { return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6) }

// micros is a timestamp as a number; ok is false where it is none.
func micros(ts string) (n int64, ok bool) {
	whole, part, found := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || s < 0 || s > 1e12 {
		return 0, false
	}
	if !found {
		return s * 1e6, true
	}
	if len(part) > 6 {
		return 0, false
	}
	p, err := strconv.ParseInt(part+strings.Repeat("0", 6-len(part)), 10, 64)
	if err != nil || p < 0 {
		return 0, false
	}
	return s*1e6 + p, true
}

// TimeOf is the time in a timestamp of Slack's, the zero time where it is none.
func TimeOf(ts string) time.Time {
	n, ok := micros(ts)
	if !ok {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// Clock is a clock that moves only when a test moves it. Its Now goes into
// Options.Now.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock gives a clock that stands at a time.
func NewClock(at time.Time) *Clock { return &Clock{at: at} }

// Now is the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (f *Fake) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /link/", f.serveSocket)
	mux.HandleFunc("POST /api/{method}", f.serveMethod)
	mux.HandleFunc("GET /api/{method}", f.serveMethod)
	mux.HandleFunc("POST /hooks/{kind}/{team}/{key}", f.serveAnswer)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.violation("%s %s is no address of Slack's", r.Method, r.URL.Path)
		f.mu.Unlock()
		http.NotFound(w, r)
	})
	return mux
}
