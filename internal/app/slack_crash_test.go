package app_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/slack"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// slackPoints are where the program is killed: at one of its requests (before
// the effect, after it and before the answer, after the answer), right after an
// acknowledgement, or some milliseconds after the message was sent. One is
// killed again while it looks for the card that it had sent.
var slackPoints = []string{
	"users.info", "ack", "conversations.members", "chat.postMessage", "chat.postMessage applied",
	"chat.postMessage applied, then conversations.history", "after chat.postMessage", "by time", "by time", "by time",
}

// Slack knows no key of ours that would make a repeated send one message: what
// was sent is looked for before it is sent again.
func TestAKilledProgramAlertsOnceOnSlack(t *testing.T) {
	if testing.Short() {
		t.Skip("kills the real program 40 times: left out with -short")
	}
	for _, mode := range []slack.Mode{slack.SocketMode, slack.HTTPMode} {
		for _, engine := range []string{"sqlite", "postgresql"} {
			for i := range slackPoints {
				t.Run(fmt.Sprintf("%s/%s/%d", mode, engine, i), func(t *testing.T) {
					t.Parallel() // most of the time goes into waiting for leases to end
					s := newSchoolIn(t, mode)
					if engine == "postgresql" {
						s.database = storetest.Postgres(t)
					}
					s.killOnce(t, i)
				})
			}
		}
	}
}

// killOnce kills the program at the i-th point on its way and starts it again.
func (s *school) killOnce(t *testing.T, i int) {
	point, then, _ := strings.Cut(slackPoints[i], ", then ")
	first := s.launch()
	ready(t, s.listen)
	s.connected()
	kill := sync.OnceFunc(first.kill)
	s.f.Intercept(slackKillAt(point, kill))
	if point == "ack" {
		s.f.OnAcknowledged(func(d slacktest.Delivered) {
			if d.What == "message" {
				kill()
			}
		})
	}
	s.older.Say(s.general, worrying)
	if point == "by time" {
		<-time.After(time.Duration(i-6) * 4 * time.Millisecond)
		kill()
	}
	first.wait()
	runs := []*running{first}
	s.f.Intercept(nil)
	s.f.OnAcknowledged(nil)
	if then != "" {
		var r *running
		launched := make(chan struct{})
		s.f.Intercept(slackKillAt(then, sync.OnceFunc(func() { <-launched; r.kill() })))
		r = s.launch()
		close(launched)
		r.wait()
		runs = append(runs, r)
		s.f.Intercept(nil)
	}

	restarted := time.Now()
	second := s.launch()
	s.alert()
	t.Logf("killed at %q, alerted %v after the restart", slackPoints[i], time.Since(restarted).Round(time.Millisecond))
	s.f.AwaitSettled()
	eventually(t, 20*time.Second, "nothing waits any more", func() bool { return second.waiting() == "0" })
	if n := len(s.staff.ByBot()); n != 1 {
		t.Errorf("staff see %d messages, want one card", n)
	}
	if n := len(s.general.ByBot()) + len(s.older.Private()) + len(s.older.Directs()); n != 0 {
		t.Errorf("members see %d messages of the bot", n)
	}
	noMarker(t, "the figures", []byte(second.page("/metrics")))
	second.kill()
	for _, r := range append(runs, second) {
		noMarker(t, "the log", r.logs.Bytes())
	}
	noMarkerIn(t, s.dir)
	if strings.HasPrefix(s.database, "postgres") {
		noMarkerInPostgres(t, s.database)
	}
}

// launch runs the real program.
func (s *school) launch() *running {
	s.t.Helper()
	return launch(s.t, s.dir, s.listen, s.config(), s.environ()...)
}

func slackKillAt(point string, kill func()) slacktest.Intercept {
	return func(r slacktest.Request) slacktest.Fault {
		switch point {
		case r.Method:
			kill()
			return slacktest.Fault{Hang: true}
		case r.Method + " applied":
			return slacktest.Fault{Applied: kill, Lost: true}
		case "after " + r.Method:
			return slacktest.Fault{Answered: kill}
		}
		return slacktest.Fault{}
	}
}
