// Package discordtest is a Discord for tests and benchmarks: a server that
// speaks the real protocol (gateway and REST) to the bot, and a world of
// servers, channels and people to act in.
//
// A test builds a world, points discord.base_url at [Fake.URL], lets people
// talk, press and type, and looks at what they see:
//
//	f := discordtest.New(t, discordtest.Options{})
//	club := f.Guild("Youth club")
//	mods := club.Role("Moderators", discordtest.ModerateMembers)
//	general := club.Text("general")
//	staff := club.Text("staff", discordtest.Only(mods, club.BotRole()))
//	ana, kim := club.Member("Ana", mods), club.Member("Kim")
//	... start the bot with f.URL() and f.Token() ...
//	f.AwaitConnected(1)
//	kim.Say(general, "hello")
//	card := f.AwaitMessage(staff, func(m discordtest.Message) bool { return m.Has("Kim") })
//	ana.Press(card, "I'm on it")
//
// It keeps Discord's rules: intents, sharding, sequence numbers, resume and
// replay, permissions computed from roles and overwrites, error codes,
// interaction deadlines, limits of length. Each REST request is also held
// against Discord's own OpenAPI description where that can be found, and
// against the limits the description misses; what breaks a rule is in
// [Fake.Invalid] and fails the test at its end.
//
// It knows nothing of the bot that is tested, and nothing of safeguarding.
package discordtest

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

// Options shape a Fake. The zero Options is a strict Discord with one shard.
type Options struct {
	// Token is the bot's token without "Bot "; a made-up one where empty.
	Token string
	// Now is the clock of ids, timestamps and interaction deadlines; time.Now
	// where nil. The gateway's heartbeats and all rate limits run in real time.
	Now func() time.Time
	// Shards is how many GET /gateway/bot recommends; 1 where 0.
	Shards int
	// MaxConcurrency is how many identify buckets there are; 1 where 0.
	MaxConcurrency int
	// IdentifyEvery is the least time between two identifies of one bucket; 5 s
	// where 0, as with Discord. A faster one gets op 9. Negative: no limit.
	IdentifyEvery time.Duration
	// SessionLimit is how many identifies a day there are; 1,000 where 0.
	// One more is a violation (Discord resets the token).
	SessionLimit int
	// Heartbeat is the interval asked of the bot; 41.25 s where 0.
	Heartbeat time.Duration
	// Withheld are privileged intents that are not granted to the application.
	Withheld Intent
	// Replay is how many events a session keeps for a resume; 10,000 where 0.
	// Negative: none, so that nothing can be resumed.
	Replay int
	// GlobalLimit is how many requests a second are allowed in all (requests
	// about interactions do not count); 50 where 0. Negative: no limit.
	GlobalLimit int
	// Buckets are the rate limits by route ("POST /channels/{channel_id}/messages"),
	// each for each first id in the path. A route that is not named has
	// DefaultBucket.
	Buckets map[string]Bucket
	// Patience is how long the waiting functions wait; 10 s where 0.
	Patience time.Duration
	// Unchecked leaves out the checks of requests, for benchmarks.
	Unchecked bool
	// CheckAnswers holds the fake's own answers against the description too.
	CheckAnswers bool
}

// Bucket is one rate limit: so many requests in so much time.
type Bucket struct {
	Limit int
	Per   time.Duration
}

// DefaultBucket is wide enough that only the global limit is felt.
func DefaultBucket() Bucket { return Bucket{Limit: 50, Per: time.Second} }

// ObservedBuckets are the narrow limits that Discord was seen to use. They are
// not part of its documentation.
func ObservedBuckets() map[string]Bucket {
	return map[string]Bucket{
		"POST /channels/{channel_id}/messages":               {Limit: 5, Per: 5 * time.Second},
		"PATCH /channels/{channel_id}/messages/{message_id}": {Limit: 5, Per: 5 * time.Second},
		"GET /channels/{channel_id}/messages":                {Limit: 5, Per: 5 * time.Second},
		"POST /users/@me/channels":                           {Limit: 5, Per: 5 * time.Second},
	}
}

// Fake is a running Discord. Its methods may be called from any goroutine.
// Methods that act or wait end the test when they cannot do as asked, so they
// belong into the test's own goroutine.
type Fake struct {
	t      testing.TB
	opt    Options
	server *httptest.Server
	done   chan struct{} // closed when the fake ends

	mu      sync.Mutex
	changed chan struct{} // closed at the next change

	token    string
	bot      *user
	appID    string
	withheld Intent
	ids      idSource

	guilds   map[string]*guild
	guildIDs []string // in order of creation
	channels map[string]*channel
	users    map[string]*user
	commands map[string][]*command // by guild id; "" for the global ones
	rules    map[string][]*rule    // auto-moderation, by guild id
	asked    map[string]*interaction
	asking   []*interaction

	gate       gateway
	limits     limiter
	intercept  Intercept
	requests   []*Request
	invalid    []string
	wrong      int // answers with 401, 403 and 429
	spec       *description
	writers    sync.WaitGroup
	nonceAlive time.Duration
}

// New starts a Discord that ends with the test. At the end it fails the test
// for each violation in [Fake.Invalid].
func New(t testing.TB, opt Options) *Fake {
	t.Helper()
	opt.fill()
	f := &Fake{
		t: t, opt: opt, token: opt.Token, withheld: opt.Withheld,
		done: make(chan struct{}), changed: make(chan struct{}),
		guilds: map[string]*guild{}, channels: map[string]*channel{}, users: map[string]*user{},
		commands: map[string][]*command{}, rules: map[string][]*rule{}, asked: map[string]*interaction{},
		nonceAlive: 5 * time.Minute,
	}
	f.ids.now = opt.Now
	f.gate.init()
	f.limits.init()
	f.appID = f.ids.next()
	f.bot = &user{id: f.appID, name: "Waymark", bot: true}
	f.users[f.bot.id] = f.bot
	if !opt.Unchecked {
		f.spec = describe(t)
	}
	f.server = httptest.NewUnstartedServer(f.handler())
	f.server.Start()
	t.Cleanup(f.end)
	return f
}

func (o *Options) fill() {
	def := func(n *int, to int) {
		if *n == 0 {
			*n = to
		}
	}
	defTime := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	if o.Token == "" {
		o.Token = "fake-token-for-tests"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	def(&o.Shards, 1)
	def(&o.MaxConcurrency, 1)
	def(&o.SessionLimit, 1000)
	def(&o.Replay, 10_000)
	def(&o.GlobalLimit, 50)
	defTime(&o.IdentifyEvery, 5*time.Second)
	defTime(&o.Heartbeat, 41250*time.Millisecond)
	defTime(&o.Patience, 10*time.Second)
}

func (f *Fake) end() {
	close(f.done)
	f.mu.Lock()
	for _, c := range f.gate.conns {
		c.cut()
	}
	invalid := slices.Clone(f.invalid)
	f.mu.Unlock()
	f.server.CloseClientConnections()
	f.server.Close()
	f.writers.Wait()
	for _, v := range invalid {
		f.t.Errorf("the bot broke a rule of Discord's: %s", v)
	}
}

// URL is what goes into discord.base_url; it ends with a slash.
func (f *Fake) URL() string { return f.server.URL + "/" }

// gatewayURL is the address that REST hands out for websockets.
func (f *Fake) gatewayURL() string {
	return "ws" + strings.TrimPrefix(f.server.URL, "http") + "/gateway"
}

// Token is the bot's token, without "Bot ".
func (f *Fake) Token() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.token
}

// RevokeToken makes the token that the bot holds a wrong one.
func (f *Fake) RevokeToken() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.token += "-new"
}

// BotID is the id of the bot's user and of its application.
func (f *Fake) BotID() string { return f.appID }

// Invalid lists the rules that the bot broke so far: requests that Discord's
// description does not allow, limits, unknown properties, too many identifies.
func (f *Fake) Invalid() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.invalid)
}

// Described says whether requests are held against Discord's OpenAPI
// description. Where it cannot be found, only the limits are checked.
func (f *Fake) Described() bool { return f.spec != nil }

// Forgive empties the list of violations, for tests that provoke them.
func (f *Fake) Forgive() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.invalid = nil
}

// violation notes a broken rule. The caller holds no lock.
func (f *Fake) violation(format string, a ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.violationLocked(format, a...)
}

func (f *Fake) violationLocked(format string, a ...any) {
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
// and every few milliseconds, and ends the test when Options.Patience is over. ok may call any method of
// the fake.
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
	again := time.NewTicker(5 * time.Millisecond) // for what changes in the bot, of which the fake hears nothing
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
	for _, s := range f.gate.sessions {
		fmt.Fprintf(&b, "\n  session of shard %d: connected %v, sequence %d", s.shard, s.conn != nil, s.seq)
	}
	from := max(0, len(f.requests)-8)
	for _, r := range f.requests[from:] {
		fmt.Fprintf(&b, "\n  %s %s -> %d", r.Method, r.Path, r.Status)
	}
	for _, v := range f.invalid {
		fmt.Fprintf(&b, "\n  violation: %s", v)
	}
	return b.String()
}

// epoch is the first millisecond of Discord's ids (2015-01-01 UTC).
const epoch = 1420070400000

// idSource makes snowflakes: strictly rising, with the clock's time in them.
type idSource struct {
	mu    sync.Mutex
	now   func() time.Time
	last  uint64
	guild uint64
}

func (s *idSource) next() string { return s.at(s.now()) }

func (s *idSource) at(t time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := uint64(t.UnixMilli()-epoch) << 22
	if id <= s.last {
		id = s.last + 1
	}
	s.last = id
	return strconv.FormatUint(id, 10)
}

// nextGuild gives each guild a millisecond of its own, a year ago, so that
// guilds spread evenly over the shards.
func (s *idSource) nextGuild() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ms := uint64(s.now().AddDate(-1, 0, 0).UnixMilli() - epoch)
	s.guild = max(s.guild+1, ms)
	return strconv.FormatUint(s.guild<<22, 10)
}

func number(id string) uint64 {
	n, _ := strconv.ParseUint(id, 10, 64)
	return n
}

// TimeOf is the time inside an id.
func TimeOf(id string) time.Time {
	return time.UnixMilli(int64(number(id)>>22) + epoch).UTC()
}

// ShardOf is the shard to which a guild belongs.
func ShardOf(guildID string, shards int) int {
	return int((number(guildID) >> 22) % uint64(shards))
}

func (f *Fake) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /gateway", f.serveGateway)
	mux.HandleFunc("GET /gateway/", f.serveGateway)
	mux.HandleFunc("GET /resume/", f.serveGateway)
	api := f.api()
	for _, version := range []string{"/api/v9", "/api/v10"} {
		mux.Handle(version+"/", http.StripPrefix(version, api))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		f.violation("%s %s is no address of Discord's", r.Method, r.URL.Path)
		http.NotFound(w, r)
	})
	return mux
}
