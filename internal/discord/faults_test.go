package discord

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

func TestRefusedRequestsSayWhetherToTryAgain(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	for _, c := range []struct {
		name            string
		fault           discordtest.Fault
		permanent, gone bool
		after           time.Duration
	}{
		{"limited", discordtest.Limited(5 * time.Second), false, false, 5 * time.Second},
		{"limited with a page", discordtest.LimitedHTML(6 * time.Second), false, false, 6 * time.Second},
		{"limited in all", discordtest.LimitedGlobally(7 * time.Second), false, false, 7 * time.Second},
		{"500", discordtest.Failing(500), false, false, 0},
		{"502", discordtest.Failing(502), false, false, 0},
		{"503", discordtest.Fault{Status: 503, RetryAfter: 3 * time.Second, HTML: true}, false, false, 3 * time.Second},
		{"no answer", discordtest.Fault{Hang: true}, false, false, 0},
		{"the answer is lost", discordtest.Fault{Lost: true}, false, false, 0},
		{"no permission", discordtest.Fault{Status: 403, Code: 50013, Message: "Missing Permissions"}, true, false, 0},
		{"no direct messages", discordtest.Fault{Status: 403, Code: 50007, Message: "Cannot send messages to this user"}, true, false, 0},
		{"no channel", discordtest.Fault{Status: 404, Code: 10003, Message: "Unknown Channel"}, false, true, 0},
		{"bad request", discordtest.Fault{Status: 400, Code: 50035, Message: "Invalid Form Body"}, true, false, 0},
	} {
		s.d.rest.Ratelimiter = discordgo.NewRatelimiter()
		s.d.guard.until = time.Time{}
		s.d.time.request = 200 * time.Millisecond
		before := s.f.Count(discordtest.OpPost)
		s.f.FailNext(1, discordtest.OpPost, c.fault)
		_, err := s.post(s.staff, "key "+c.name)
		var e *chat.Error
		if !errors.As(err, &e) {
			t.Fatalf("%s: got %v, want a *chat.Error", c.name, err)
		}
		if e.Permanent != c.permanent || e.Gone != c.gone || e.RetryAfter != c.after {
			t.Errorf("%s: permanent %v, gone %v, after %v (%v)", c.name, e.Permanent, e.Gone, e.RetryAfter, err)
		}
		if n := s.f.Count(discordtest.OpPost) - before; n != 1 {
			t.Errorf("%s: it was sent %d times, want once", c.name, n)
		}
		if strings.Contains(err.Error(), "http") || strings.Contains(err.Error(), "A case") {
			t.Errorf("%s: the error says too much: %v", c.name, err)
		}
	}
}

func TestALimitIsKeptWithoutAsking(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	s.f.FailNext(1, discordtest.OpPost, discordtest.LimitedGlobally(time.Minute))
	_, _ = s.post(s.staff, "a")
	n := len(s.f.Requests())
	if _, err := s.post(s.general, "b"); chat.RetryAfter(err) < 50*time.Second || chat.IsPermanent(err) {
		t.Errorf("within the pause a post gave %v", err)
	}
	if len(s.f.Requests()) != n {
		t.Error("Discord was asked although it said to wait")
	}
}

func TestTooManyRefusalsMakeAPause(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	g := guard{now: func() time.Time { return now }}
	for range maxInvalid {
		g.note(&refusal{status: 403})
	}
	if g.wait() == 0 {
		t.Error("requests go on although Discord would soon shut the address out")
	}
	now = now.Add(invalidSpan)
	if w := g.wait(); w != 0 {
		t.Errorf("after ten minutes there is still a wait of %v", w)
	}
}

func TestRequestsAreSpread(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	g := guard{now: func() time.Time { return now }}
	sent := 0
	for range 10_000 {
		if g.wait() == 0 {
			sent++
		}
		now = now.Add(time.Millisecond)
	}
	if sent > 50*10 || sent < 40*10 {
		t.Errorf("%d requests in ten seconds, want just below 50 a second", sent)
	}
}

func TestNothingIsLostWhenTheConnectionBreaks(t *testing.T) {
	for name, part := range map[string]func(*scene){
		"the socket drops":      func(s *scene) { s.f.Drop(0) },
		"op 7":                  func(s *scene) { s.f.Reconnect(0) },
		"op 9, resumable":       func(s *scene) { s.f.Invalidate(0, true) },
		"closed with 4000":      func(s *scene) { s.f.CloseWith(0, discordtest.CloseUnknown) },
		"closed with 4008":      func(s *scene) { s.f.CloseWith(0, discordtest.CloseRateLimited) },
		"a heartbeat asked for": func(s *scene) { s.f.BeatNow(0) },
	} {
		t.Run(name, func(t *testing.T) {
			s := running(t)
			s.ana.Say(s.general, "before")
			s.heard("before")
			part(s)
			s.ana.Say(s.general, "meanwhile")
			s.heard("before", "meanwhile")
			if n := s.f.Identifies(); n != 1 {
				t.Errorf("it identified %d times, want once: it can resume", n)
			}
			all, over := s.f.Resumes()
			if all != over {
				t.Errorf("%d of %d resumes used the address that Discord gave", over, all)
			}
			if n := len(noted(s.h, &s.h.present)); n != 1 {
				t.Errorf("the server was announced %d times: after a resume nothing was missed", n)
			}
		})
	}
}

func TestALostSessionAnnouncesItsServersAgain(t *testing.T) {
	for name, lose := range map[string]func(*scene){
		"op 9":             func(s *scene) { s.f.Invalidate(0, false) },
		"closed with 4007": func(s *scene) { s.f.CloseWith(0, discordtest.CloseBadSequence) },
		"closed with 4009": func(s *scene) { s.f.CloseWith(0, discordtest.CloseTimedOut) },
		"expired":          func(s *scene) { s.f.Expire(); s.f.Drop(0) },
	} {
		t.Run(name, func(t *testing.T) {
			s := running(t)
			s.until("it is whole", s.d.Connected)
			began := time.Now().Add(-time.Second)
			lose(s)
			s.until("the server is announced again", func() bool { return len(noted(s.h, &s.h.present)) == 2 })
			if n := s.f.Identifies(); n != 2 {
				t.Errorf("it identified %d times, want twice", n)
			}
			since := noted(s.h, &s.h.since)
			if !since[0].IsZero() || since[1].Before(began) || since[1].After(time.Now()) {
				t.Errorf("missed since %v and %v, want since the last run and since the break after %v", since[0], since[1], began)
			}
			s.until("it is whole again", s.d.Connected)
			s.ana.Say(s.general, "after")
			s.heard("after")
		})
	}
}

func TestAnInvalidSessionIsNotRushed(t *testing.T) {
	d := &Discord{time: defaultTiming()}
	for range 100 {
		if e := d.invalidated(false); e.wait < time.Second || e.wait > 5*time.Second || !e.forget {
			t.Fatalf("after op 9 it waits %v (forget %v), want 1 to 5 s", e.wait, e.forget)
		}
	}
	if d.invalidated(true).forget {
		t.Error("a session that can be resumed is given up")
	}
}

func TestAHeartbeatThatIsNotAcknowledgedEndsTheConnection(t *testing.T) {
	s := newScene(t, discordtest.Options{Heartbeat: 100 * time.Millisecond})
	s.start()
	s.f.IgnoreHeartbeats(true)
	s.until("it comes back", func() bool { all, _ := s.f.Resumes(); return all > 0 })
	s.f.IgnoreHeartbeats(false)
	s.ana.Say(s.general, "still here")
	s.heard("still here")
}

func TestFatalRefusalsEndTheRunWithAClearSentence(t *testing.T) {
	for code, word := range map[int]string{
		discordtest.CloseBadToken: "discord.token", discordtest.CloseBadShard: "shard", discordtest.CloseShardingRequired: "shards",
		discordtest.CloseBadVersion: "Update", discordtest.CloseBadIntents: "intent", discordtest.CloseIntentRefused: "Message Content Intent",
	} {
		s := newScene(t, discordtest.Options{})
		s.f.RefuseIdentify(code)
		err := s.d.Run(t.Context(), s.h)
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("code %d: Run ended with %v, want a word on %q", code, err, word)
		}
		if r := s.d.Ready(); r == nil || !strings.Contains(r.Error(), word) {
			t.Errorf("code %d: Ready says %v", code, r)
		}
		if n := s.f.Identifies(); n != 1 {
			t.Errorf("code %d: it identified %d times", code, n)
		}
	}
}

func TestAWrongTokenEndsTheRun(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	s.f.RevokeToken()
	err := s.d.Run(t.Context(), s.h)
	if err == nil || !strings.Contains(err.Error(), "discord.token") {
		t.Errorf("Run ended with %v", err)
	}
	if err := s.d.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "discord.token") {
		t.Errorf("Check says %v", err)
	}
	s.f.Forgive()
}

func TestTheContentIntentIsAskedForAndChecked(t *testing.T) {
	s := newScene(t, discordtest.Options{Withheld: discordtest.MessageContent})
	err := s.d.Run(t.Context(), s.h)
	if err == nil || !strings.Contains(err.Error(), "Message Content Intent") {
		t.Errorf("Run ended with %v", err)
	}
}

func TestTheGatewayMayBeAwayForAWhile(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	s.f.FailNext(2, discordtest.OpGateway, discordtest.Failing(503))
	s.f.GatewayDown(true)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.d.Run(ctx, s.h) }()
	s.until("it was tried", func() bool { return s.f.Count(discordtest.OpGateway) >= 3 })
	if s.d.Ready() == nil {
		t.Error("it calls itself ready")
	}
	s.f.GatewayDown(false)
	s.f.AwaitConnected(1)
	s.until("it is ready", func() bool { return s.d.Ready() == nil })
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run ended with %v", err)
	}
}

func TestAllShardsRunAndIdentifyInTurn(t *testing.T) {
	s := newScene(t, discordtest.Options{Shards: 4, MaxConcurrency: 2, IdentifyEvery: 60 * time.Millisecond},
		func(o *Options) {})
	s.d.time.identify = 70 * time.Millisecond
	clubs := []*discordtest.Guild{s.club}
	for range 8 {
		clubs = append(clubs, s.f.Guild("Another club"))
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.d.Run(ctx, s.h) }()
	s.f.AwaitConnected(4)
	s.until("all servers are announced", func() bool { return len(noted(s.h, &s.h.present)) == len(clubs) })
	if n := s.f.Identifies(); n != 4 {
		t.Errorf("it identified %d times, want once a shard", n)
	}
	for _, c := range clubs {
		ch := c.Text("talk")
		c.Member("Kim").Say(ch, "hello from "+c.ID)
	}
	s.until("all are heard", func() bool { return len(s.h.texts()) == len(clubs) })
	began := time.Now()
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run ended with %v", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("four shards took %v to close: they close side by side", took)
	}
}

func TestNothingIsLeftBehindAfterTheEnd(t *testing.T) {
	s := newScene(t, discordtest.Options{Shards: 3})
	base := runtime.NumGoroutine()
	for range 3 {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.d.Run(ctx, s.h) }()
		s.f.AwaitConnected(3)
		s.f.Drop(1)
		s.f.AwaitConnected(3)
		stop()
		<-done
		s.f.AwaitDisconnected()
	}
	s.d.rest.Client.CloseIdleConnections()
	s.until("the goroutines end", func() bool { return runtime.NumGoroutine() <= base+2 })
}

func TestTheHandlerGetsWhatItRefusedAgainInOrder(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	tries := 0
	s.h.onMessage = func(m chat.Message) error {
		if m.Text == "1" && tries < 5 {
			tries++
			return &chat.Error{Op: "keep", Err: errors.New("the database is locked")}
		}
		return nil
	}
	s.start()
	other := s.club.Text("other")
	s.ana.Say(s.general, "1")
	s.ana.Say(s.general, "2")
	s.ana.Say(other, "elsewhere")
	s.until("all arrive", func() bool { return len(s.h.texts()) == 3 })
	var here []string
	for _, x := range s.h.texts() {
		if x != "elsewhere" {
			here = append(here, x)
		}
	}
	if strings.Join(here, "") != "12" {
		t.Errorf("taken in the order %v", here)
	}
	if strings.Contains(s.log.String(), "elsewhere") {
		t.Error("the log holds what somebody wrote")
	}
}

func TestWhatDoesNotFitIsReadAgain(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	s.start()
	release := make(chan struct{})
	s.h.onMessage = func(chat.Message) error { <-release; return nil }
	in := newIntake(t.Context(), s.d, s.h)
	for range maxHeld { // as if so many waited elsewhere
		in.held++
	}
	m := s.ana.Say(s.general, "kept by its id")
	raw := []byte(`{"guild_id":"` + s.club.ID + `",` + string(m.JSON()[1:]))
	in.message(raw, false)
	in.mu.Lock()
	for _, lane := range in.lanes {
		if len(lane) != 1 || lane[0].message != nil {
			t.Errorf("the lane holds %d items, the text among them", len(lane))
		}
	}
	in.noted = maxNoted
	in.mu.Unlock()
	in.message(raw, false)
	in.mu.Lock()
	if _, ok := in.missed[toID(s.server())]; !ok {
		t.Error("a message that could not even be noted was forgotten")
	}
	in.held, in.noted = 0, 1
	in.mu.Unlock()
	close(release)
	s.until("it is read again, and the server announced", func() bool {
		return len(noted(s.h, &s.h.messages)) >= 2 && len(noted(s.h, &s.h.present)) == 2
	})
	in.finish(time.Second, func() {})
}

func TestTheBotIsRemoved(t *testing.T) {
	s := running(t)
	s.club.Outage(true)
	s.club.Outage(false)
	s.until("it is announced after the outage", func() bool { return len(noted(s.h, &s.h.present)) == 2 })
	if since := noted(s.h, &s.h.since)[1]; since.IsZero() {
		t.Error("after an outage all since the last run is read again")
	}
	if n := len(noted(s.h, &s.h.absent)); n != 0 {
		t.Error("an outage was taken for a removal")
	}
	s.club.RemoveBot()
	s.until("the removal is told", func() bool { return len(noted(s.h, &s.h.absent)) == 1 })
	if _, err := s.post(s.staff, "k"); !chat.IsPermanent(err) {
		t.Errorf("posting there gave %v", err)
	}
	if _, err := s.d.Places(t.Context(), s.server()); !chat.IsPermanent(err) {
		t.Errorf("listing its places gave %v", err)
	}
}

func TestRemovedWhileAway(t *testing.T) {
	s := running(t)
	second := s.f.Guild("Second club")
	s.until("both are there", func() bool { return len(noted(s.h, &s.h.present)) == 2 })
	s.f.GatewayDown(true)
	s.f.Expire()
	s.f.Drop(0)
	second.RemoveBot()
	s.f.GatewayDown(false)
	s.until("the removal is told", func() bool { return len(noted(s.h, &s.h.absent)) == 1 })
	if got := noted(s.h, &s.h.absent)[0]; got != chat.ServerID(second.ID) {
		t.Errorf("removed from %q, want %q", got, second.ID)
	}
	servers, err := s.d.Servers(t.Context())
	if err != nil || len(servers) != 1 || servers[0] != s.server() {
		t.Errorf("the bot is in %v (%v)", servers, err)
	}
}

func TestSecretsStayHidden(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	s.f.FailNext(1, discordtest.OpGateway, discordtest.Fault{Hang: true})
	s.d.time.request = 20 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := s.d.plan(ctx)
	text := s.log.String()
	if err != nil {
		text += err.Error()
	}
	if strings.Contains(text, s.f.Token()) {
		t.Errorf("the token is in %q", text)
	}
	if got := Secret("abc").String(); got != "[redacted]" {
		t.Errorf("a secret prints as %q", got)
	}
	for _, bad := range []Options{{}, {Token: "a b"}, {Token: "x", BaseURL: "nowhere"}} {
		if _, err := New(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}
