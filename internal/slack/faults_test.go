package slack

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// bot is a running adapter whose handler records what happens.
type bot struct {
	t *testing.T
	*Slack
	f    *slacktest.Fake
	team *slacktest.Workspace
	stop context.CancelFunc
	done chan error

	mu       sync.Mutex
	messages []chat.Message
	deleted  []chat.MessageRef
	present  []time.Time
	absent   int
	commands []chat.Command
	actions  []chat.Action

	onMessage func(context.Context, chat.Message) error
	onCommand func(context.Context, chat.Command) (chat.Answer, error)
	onAction  func(chat.Action) (chat.Answer, error)
	onSubmit  func(chat.Submission) (chat.Answer, error)
}

func (b *bot) Message(ctx context.Context, m chat.Message) error {
	if b.onMessage != nil {
		if err := b.onMessage(ctx, m); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = append(b.messages, m)
	return nil
}

func (b *bot) Deleted(_ context.Context, at chat.MessageRef) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deleted = append(b.deleted, at)
	return nil
}

func (b *bot) Command(ctx context.Context, c chat.Command) (chat.Answer, error) {
	b.mu.Lock()
	b.commands = append(b.commands, c)
	b.mu.Unlock()
	if b.onCommand != nil {
		return b.onCommand(ctx, c)
	}
	return chat.Answer{}, nil
}

func (b *bot) Action(_ context.Context, a chat.Action) (chat.Answer, error) {
	b.mu.Lock()
	b.actions = append(b.actions, a)
	b.mu.Unlock()
	if b.onAction != nil {
		return b.onAction(a)
	}
	return chat.Answer{}, nil
}

func (b *bot) Submit(_ context.Context, s chat.Submission) (chat.Answer, error) {
	if b.onSubmit != nil {
		return b.onSubmit(s)
	}
	return chat.Answer{}, nil
}

func (b *bot) Complete(context.Context, chat.Command, string, string) ([]chat.Option, error) {
	return nil, nil
}

func (b *bot) Present(_ context.Context, _ chat.ServerID, since time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.present = append(b.present, since)
	return nil
}

func (b *bot) Absent(context.Context, chat.ServerID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.absent++
	return nil
}

// texts are what the handler took, in order.
func (b *bot) texts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, m := range b.messages {
		out = append(out, m.Text)
	}
	return out
}

func (b *bot) count(n *int) int { b.mu.Lock(); defer b.mu.Unlock(); return *n }

func (b *bot) presents() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.present)
}

func (b *bot) server() chat.ServerID { return chat.ServerID(b.team.ID) }

// ends waits for Run and gives why it ended.
func (b *bot) ends() error {
	b.t.Helper()
	select {
	case err := <-b.done:
		b.done <- err
		return err
	case <-time.After(10 * time.Second):
		b.t.Fatal("Run did not end")
		return nil
	}
}

// newBot makes an adapter for a new fake; run starts it.
func newBot(t *testing.T, o slacktest.Options) *bot {
	t.Helper()
	o.Unlimited = true
	if o.AckWithin == 0 {
		o.AckWithin = time.Second
	}
	f := slacktest.New(t, o)
	b := &bot{t: t, f: f, team: f.Workspace("Hill School"), done: make(chan error, 1)}
	b.Slack = quick(t, f, b.team.Token())
	return b
}

func (b *bot) run() *bot {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	go func() { b.done <- b.Run(ctx, b) }()
	b.t.Cleanup(func() { cancel(); <-b.done })
	return b
}

func TestAnEventIsAcknowledgedOnlyWhenItIsSafe(t *testing.T) {
	b := newBot(t, slacktest.Options{Retries: []time.Duration{}})
	release := make(chan struct{})
	b.onMessage = func(context.Context, chat.Message) error { <-release; return nil }
	general, ana := b.team.Public("general"), b.team.Member("Ana")
	b.run()
	b.f.AwaitConnected(1)
	ana.Say(general, "hello")
	b.f.Await("the handler is at work", func() bool { return b.Slack.in.Load().behind(time.Now().Add(time.Hour)) > 0 })
	if b.f.Pending() != 1 {
		t.Error("the event was acknowledged before the handler took it")
	}
	close(release)
	b.f.AwaitSettled()
	if b.f.Lost() != 0 || len(b.texts()) != 1 {
		t.Errorf("%d events were lost, the handler took %q", b.f.Lost(), b.texts())
	}
}

func TestTheSameEventCountsOnce(t *testing.T) {
	b := newBot(t, slacktest.Options{AckWithin: 100 * time.Millisecond, Retries: []time.Duration{time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond}})
	release := make(chan struct{})
	b.onMessage = func(_ context.Context, m chat.Message) error {
		if m.Text == "slow" {
			<-release
		}
		return nil
	}
	general, ana := b.team.Public("general"), b.team.Member("Ana")
	b.run()
	b.f.AwaitConnected(1)
	ana.Say(general, "slow")
	b.f.Await("it comes again meanwhile", func() bool { return b.f.Attempts("message") >= 3 })
	close(release)
	b.f.AwaitSettled()
	b.f.Deaf(true) // acknowledgements get lost
	ana.Say(general, "again")
	b.f.Await("it comes again", func() bool { return b.f.Attempts("message") >= 5 })
	b.f.Deaf(false)
	ana.Say(general, "last")
	b.f.Await("the last arrives", func() bool { return slices.Contains(b.texts(), "last") })
	b.f.AwaitSettled()
	if got := b.texts(); !slices.Equal(got, []string{"slow", "again", "last"}) {
		t.Errorf("the handler took %q", got)
	}
}

func TestAWarningBeforeTheEndLosesNothing(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	general, ana := b.team.Public("general"), b.team.Member("Ana")
	b.run()
	b.f.AwaitConnected(1)
	for i := range 3 {
		ana.Say(general, "before")
		b.f.Disconnect("warning", 50*time.Millisecond)
		ana.Say(general, "meanwhile")
		b.f.Await("the next socket is open", func() bool { return b.f.Connections() == i+2 && b.f.Sockets() == 1 })
		ana.Say(general, "after")
	}
	b.f.Await("all arrive", func() bool { return len(b.texts()) == 9 })
	if p := b.presents(); len(p) != 1 || !p[0].IsZero() {
		t.Errorf("the workspace was said to be there at %v, want once, at the start", p)
	}
}

func TestAGapIsToldWithItsBeginning(t *testing.T) {
	b := newBot(t, slacktest.Options{}).run()
	b.f.Await("the start is told", func() bool { return len(b.presents()) == 1 })
	if !b.Connected() || b.Ready() != nil {
		t.Errorf("connected %v, ready %v", b.Connected(), b.Ready())
	}
	from := time.Now()
	b.f.SocketsDown(true)
	b.f.Drop()
	b.f.Await("the loss is noticed", func() bool { return !b.Connected() })
	if b.Ready() == nil {
		t.Error("nobody is told that events do not arrive")
	}
	b.f.SocketsDown(false)
	b.f.Await("the gap is told", func() bool { return len(b.presents()) == 2 })
	if since := b.presents()[1]; since.IsZero() || since.After(from.Add(time.Second)) {
		t.Errorf("the gap is said to begin at %v, want %v or earlier", since, from)
	}
}

func TestASilentSocketIsGivenUp(t *testing.T) {
	b := newBot(t, slacktest.Options{PingEvery: 10 * time.Millisecond})
	b.time.quiet = 200 * time.Millisecond
	b.run()
	b.f.AwaitConnected(1)
	b.f.StopPings(true)
	b.f.Await("another socket is opened", func() bool { return b.f.Connections() >= 2 })
	b.f.StopPings(false)
}

func TestOddFramesAreNoEnd(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	general, ana := b.team.Public("general"), b.team.Member("Ana")
	b.run()
	b.f.AwaitConnected(1)
	for _, frame := range []string{`{`, `[]`, `null`, `{"type":"hello"}`, `{"type":"surprise","envelope_id":"x"}`, `{"type":"events_api","envelope_id":"y","payload":7}`,
		`{"type":"interactive","envelope_id":"z","payload":{"type":"block_actions","actions":[{}]}}`} {
		b.f.SendFrame(frame)
	}
	ana.Say(general, "still here")
	b.f.Await("the message arrives", func() bool { return len(b.texts()) == 1 })
	if b.f.Connections() != 1 {
		t.Errorf("there were %d connections, want 1", b.f.Connections())
	}
	b.f.Forgive()
}

func TestFatalErrorsAreSaidAndEndIt(t *testing.T) {
	cases := []struct {
		name string
		do   func(b *bot)
		says string
	}{
		{"app token revoked", func(b *bot) { b.f.RevokeAppToken("token_revoked") }, "not valid any more"},
		{"app token wrong", func(b *bot) { b.f.RevokeAppToken("invalid_auth") }, "copy it again"},
		{"app token of nobody", func(b *bot) { b.f.RevokeAppToken("account_inactive") }, "install it again"},
		{"bot token revoked", func(b *bot) { b.team.RevokeToken() }, "not valid any more"},
		{"wrong address", func(b *bot) { b.f.FailNext(1, "auth.test", slacktest.Failing(http.StatusNotFound)) }, "slack.base_url"},
		{"socket mode off", func(b *bot) { b.f.FailNext(1, "apps.connections.open", slacktest.Refusing("not_allowed_token_type")) }, "xapp-"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBot(t, slacktest.Options{})
			c.do(b)
			b.run()
			err := b.ends()
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Run ended with %v, want it to say %q", err, c.says)
			}
			if err != nil && (strings.Contains(err.Error(), "xoxb-1") || strings.Contains(err.Error(), b.f.AppToken())) {
				t.Errorf("the error tells the token: %v", err)
			}
		})
	}
}

func TestATokenRevokedWhileRunningEndsIt(t *testing.T) {
	b := newBot(t, slacktest.Options{}).run()
	b.f.AwaitConnected(1)
	b.team.RevokeToken()
	if err := b.ends(); err == nil || !strings.Contains(err.Error(), "install the app into the workspace again") {
		t.Errorf("Run ended with %v", err)
	}
	if b.count(&b.absent) != 0 {
		t.Error("the workspace was said to have removed the app")
	}
}

func TestAWorkspaceThatRemovesTheApp(t *testing.T) {
	b := newBot(t, slacktest.Options{}).run()
	b.f.AwaitConnected(1)
	b.team.RemoveApp()
	if err := b.ends(); err == nil || !strings.Contains(err.Error(), "install") {
		t.Errorf("Run ended with %v", err)
	}
	if n := b.count(&b.absent); n != 1 {
		t.Errorf("the removal was told %d times, want once", n)
	}
}

func TestSocketModeSwitchedOff(t *testing.T) {
	b := newBot(t, slacktest.Options{}).run()
	b.f.AwaitConnected(1)
	b.f.SendFrame(`{"type":"disconnect","reason":"link_disabled"}`)
	if err := b.ends(); err == nil || !strings.Contains(err.Error(), "switch it on again") {
		t.Errorf("Run ended with %v", err)
	}
}

func TestAPassingFailureIsNoEnd(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	b.f.FailNext(2, "auth.test", slacktest.Failing(http.StatusBadGateway))
	b.run()
	b.f.Await("it is connected after all", b.Connected)
	b.f.FailNext(2, "apps.connections.open", slacktest.Limited(time.Second))
	b.f.Drop()
	b.f.Await("it is connected again", func() bool { return b.f.Connections() == 2 })
}

func TestAMissingScopeIsNamed(t *testing.T) {
	b := newBot(t, slacktest.Options{}).run()
	b.f.AwaitConnected(1)
	b.team.Revoke("usergroups:read")
	mods := b.team.Group("mods")
	_, err := b.IsStaff(t.Context(), b.server(), "U1", chat.StaffRule{Role: mods.ID})
	if err == nil || !chat.IsPermanent(err) || !strings.Contains(err.Error(), "usergroups:read") || !strings.Contains(err.Error(), "waymark slack manifest") {
		t.Errorf("got %v, want the scope and what to do", err)
	}
}

func TestTheStaffChannelChanges(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	lee, ana := b.team.Member("Lee"), b.team.Member("Ana")
	other := b.f.Workspace("Other School")
	staff := b.team.Private("staff", lee, slacktest.WithBot)
	b.run()
	b.f.AwaitConnected(1)
	rule := chat.StaffRule{Place: chat.PlaceID(staff.ID)}
	look := func() (chat.Access, error) {
		return b.Access(t.Context(), b.server(), rule.Place, rule, []chat.PersonID{chat.PersonID(lee.ID), chat.PersonID(ana.ID)})
	}
	if a, err := look(); err != nil || a.Others != "" || !slices.Equal(a.Readers, []chat.PersonID{chat.PersonID(lee.ID)}) {
		t.Errorf("a private channel: %+v %v", a, err)
	}
	if a, _ := b.Access(t.Context(), b.server(), rule.Place, chat.StaffRule{Role: b.team.Group("none", ana).ID, Leads: []chat.PersonID{chat.PersonID(lee.ID)}}, nil); a.Others != "" {
		t.Errorf("a lead counts as somebody else: %+v", a)
	}
	staff.MakePublic()
	if a, err := look(); err != nil || a.Others != "everyone in the workspace" || len(a.Readers) != 2 {
		t.Errorf("a channel that was made public: %+v %v", a, err)
	}
	staff.MakePrivate()
	staff.Connect(other, other.Member("Pat"))
	if a, err := look(); err != nil || !strings.Contains(a.Others, "another organisation") {
		t.Errorf("a channel that is shared: %+v %v", a, err)
	}
	staff.Archive(true)
	if _, err := look(); !chat.IsGone(err) {
		t.Errorf("an archived channel: %v, want that it is gone", err)
	}
	post := chat.Post{Server: b.server(), Place: rule.Place, Card: cards()["notice"], Key: "k"}
	if _, err := b.Post(t.Context(), post); !chat.IsGone(err) || !strings.Contains(err.Error(), "archived") {
		t.Errorf("a post into it: %v", err)
	}
	if is, err := b.IsStaff(t.Context(), b.server(), chat.PersonID(b.team.Owner().ID), rule); err != nil || !is {
		t.Errorf("the owner may not set up another: %v %v", is, err)
	}
	if is, err := b.IsStaff(t.Context(), b.server(), chat.PersonID(ana.ID), rule); err != nil || is {
		t.Errorf("a member is staff: %v %v", is, err)
	}
}

func TestADeactivatedLead(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	lee := b.team.Member("Lee")
	lee.Deactivate()
	b.run()
	b.f.AwaitConnected(1)
	if _, err := b.Direct(t.Context(), b.server(), chat.PersonID(lee.ID)); !chat.IsPermanent(err) {
		t.Errorf("got %v, want that it cannot work", err)
	}
}

func TestATimeoutGivesOneCard(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	lee := b.team.Member("Lee")
	staff := b.team.Private("staff", lee, slacktest.WithBot)
	b.run()
	b.f.AwaitConnected(1)
	b.time.request = 100 * time.Millisecond
	post := chat.Post{Server: b.server(), Place: chat.PlaceID(staff.ID), Card: cards()["alert"], Key: "the-key", Notify: true}
	for _, fault := range []slacktest.Fault{{HangAfter: true}, {LostStatus: 502}, {Hang: true}} {
		b.f.FailNext(1, "chat.postMessage", fault)
		_, err := b.Post(t.Context(), post)
		if chat.IsPermanent(err) {
			t.Errorf("%+v: %v, want that it can be tried again", fault, err)
		}
	}
	b.f.Intercept(nil)
	fresh := quick(t, b.f, b.team.Token())
	first, err := fresh.Post(t.Context(), post)
	if err != nil {
		t.Fatal(err)
	}
	post.Under = first.ID
	post.Key = "below"
	b.f.FailNext(1, "chat.postMessage", slacktest.Fault{Lost: true})
	if _, err := b.Post(t.Context(), post); err == nil {
		t.Error("a lost answer went unnoticed")
	}
	if _, err := quick(t, b.f, b.team.Token()).Post(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	if n := len(staff.ByBot()); n != 2 {
		t.Errorf("staff see %d cards, want one and one below it", n)
	}
	for _, m := range staff.ByBot() {
		if got := m.Pings(); !slices.Equal(got, []string{"channel"}) {
			t.Errorf("the card calls %v, want the channel alone", got)
		}
	}
}

func TestARoleIsCalledWhereThereIsOne(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	lee := b.team.Member("Lee")
	staff, group := b.team.Private("staff", lee, slacktest.WithBot), b.team.Group("mods", lee)
	b.run()
	_, err := b.Post(t.Context(), chat.Post{Server: b.server(), Place: chat.PlaceID(staff.ID), Card: cards()["alert"], Notify: true, Role: group.ID})
	if err != nil {
		t.Fatal(err)
	}
	if got := staff.ByBot()[0].Pings(); !slices.Equal(got, []string{group.ID}) {
		t.Errorf("the card calls %v, want the group", got)
	}
}

func TestTooManyEventsAreReadAgain(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	b.time.withheld = 50 * time.Millisecond
	b.run()
	b.f.Await("the start is told", func() bool { return len(b.presents()) == 1 })
	b.team.Overrun()
	b.f.Await("the gap is told", func() bool { return len(b.presents()) == 2 })
	if since := b.presents()[1]; since.IsZero() || time.Since(since) > 3*time.Minute {
		t.Errorf("the gap is said to begin at %v", since)
	}
	b.f.Await("all is well again", b.Connected)
}

func TestErrorsHoldNothingOfTheRequest(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	staff := b.team.Private("staff", slacktest.WithBot)
	b.run()
	b.f.AwaitConnected(1)
	const marker = "MARKER-7391"
	post := chat.Post{Server: b.server(), Place: chat.PlaceID(staff.ID), Card: chat.Card{Title: marker, Blocks: []chat.Block{chat.Text(marker)}}}
	for _, fault := range []slacktest.Fault{slacktest.Failing(500), slacktest.Refusing("invalid_blocks"), {Lost: true}, {Status: 200, HTML: true}, {Status: 418}} {
		b.f.FailNext(1, "chat.postMessage", fault)
		_, err := b.Post(t.Context(), post)
		var e *chat.Error
		if !errors.As(err, &e) {
			t.Errorf("%+v gave %v, want a *chat.Error", fault, err)
			continue
		}
		for _, secret := range []string{marker, b.team.Token(), b.f.URL()} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells too much: %v", err)
			}
		}
	}
}

func TestSlackIsWaitedForWhileHistoryIsRead(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	general, ana := b.team.Public("general"), b.team.Member("Ana")
	b.run()
	b.f.AwaitConnected(1)
	since := time.Now().Add(-time.Minute)
	ana.Say(general, "hello")
	read := func() ([]chat.Message, error) {
		return b.After(t.Context(), b.server(), chat.PlaceID(general.ID), "", since, 10)
	}
	b.f.FailNext(1, "conversations.history", slacktest.Limited(time.Second))
	if got, err := read(); err != nil || len(got) != 1 {
		t.Errorf("after a pause: %v %v", got, err)
	}
	b.time.patience = time.Second
	b.f.FailNext(1, "conversations.history", slacktest.Limited(2*time.Second))
	if _, err := read(); chat.RetryAfter(err) != 2*time.Second || chat.IsPermanent(err) {
		t.Errorf("where the pause is long: %v, want it left to the caller", err)
	}
	for _, fault := range []slacktest.Fault{slacktest.Failing(500), {Lost: true}, {Status: 200, HTML: true}} {
		b.f.FailNext(1, "conversations.history", fault)
		if _, err := read(); err == nil || chat.IsPermanent(err) {
			t.Errorf("%+v: %v, want that it can be tried again", fault, err)
		}
	}
}

// A network in front of Slack that knows no whole seconds.
func TestAnOddPauseIsAPause(t *testing.T) {
	odd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer odd.Close()
	s, err := New(Options{BotToken: "xoxb-1", AppToken: "xapp-1", BaseURL: odd.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer s.http.CloseIdleConnections()
	if _, err := s.Identify(t.Context()); chat.RetryAfter(err) != 30*time.Second {
		t.Errorf("got %v, want a pause of 30 s", err)
	}
}

func TestAnAnswerComesThroughFaults(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		fault  slacktest.Fault
	}{
		"too many":  {slacktest.OpAnswer, slacktest.Limited(time.Second)},
		"broken":    {slacktest.OpAnswer, slacktest.Failing(500)},
		"timed out": {slacktest.OpAnswer, slacktest.Fault{Hang: true}},
		"used up":   {slacktest.OpAnswer, slacktest.Fault{Status: http.StatusNotFound, Error: "used_url"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBot(t, slacktest.Options{})
			b.help()
			b.time.request = 300 * time.Millisecond
			general, ana := b.team.Public("general"), b.team.Member("Ana")
			b.run()
			b.f.AwaitConnected(1)
			b.f.FailNext(1, c.method, c.fault)
			if m := ana.Slash(general, "/waymark").Reply(); !m.Has("Page of help") || !m.Private && m.ChannelID != ana.DirectChannel().ID {
				t.Errorf("the answer reads %s", m.Text())
			}
		})
	}
}

func TestWhatTheConnectionSuffersIsNoEnd(t *testing.T) {
	for name, fault := range map[string]slacktest.Fault{
		"broken": slacktest.Failing(500), "timed out": {Hang: true}, "lost": {Lost: true}, "a page": {Status: 200, HTML: true},
		"down for Slack": slacktest.Refusing("internal_error"),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBot(t, slacktest.Options{})
			b.time.request = 200 * time.Millisecond
			general, ana := b.team.Public("general"), b.team.Member("Ana")
			b.f.FailNext(2, "apps.connections.open", fault)
			b.run()
			b.f.AwaitConnected(1)
			ana.Say(general, "hello")
			b.f.Await("the message arrives", func() bool { return len(b.texts()) == 1 })
		})
	}
}

func TestACardThatMayNotBePosted(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	staff := b.team.Private("staff", slacktest.WithBot)
	b.run()
	b.f.AwaitConnected(1)
	post := chat.Post{Server: b.server(), Place: chat.PlaceID(staff.ID), Card: cards()["alert"]}
	b.team.Revoke("chat:write")
	if _, err := b.Post(t.Context(), post); !chat.IsPermanent(err) || !strings.Contains(err.Error(), "the scope chat:write") || !strings.Contains(err.Error(), "waymark slack manifest") {
		t.Errorf("without the scope: %v", err)
	}
	b.team.Grant("chat:write")
	staff.RemoveBot()
	if _, err := b.Post(t.Context(), post); !chat.IsGone(err) || !strings.Contains(err.Error(), "/invite") {
		t.Errorf("outside the channel: %v", err)
	}
}

func TestSomebodyWhoLeaves(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	lee, admin := b.team.Member("Lee"), b.team.Member("Head", slacktest.Admin)
	staff, mods := b.team.Private("staff", lee, slacktest.WithBot), b.team.Group("mods", lee)
	general := b.team.Public("general")
	b.run()
	b.f.AwaitConnected(1)
	said := lee.Say(general, "goodbye")
	lee.Deactivate()
	admin.Deactivate()
	for _, rule := range []chat.StaffRule{{Place: chat.PlaceID(staff.ID)}, {Place: chat.PlaceID(staff.ID), Role: mods.ID}, {}} {
		for _, p := range []*slacktest.Person{lee, admin} {
			if is, err := b.IsStaff(t.Context(), b.server(), chat.PersonID(p.ID), rule); is || err != nil {
				t.Errorf("%s is staff by %+v: %v %v", p.Name, rule, is, err)
			}
		}
	}
	m, err := b.Fetch(t.Context(), chat.MessageRef{Server: b.server(), Place: chat.PlaceID(general.ID), ID: chat.MessageID(said.TS)})
	if err != nil || m.Text != "goodbye" || m.Author.Name != "Lee" {
		t.Errorf("what they wrote: %+v %v", m, err)
	}
}
