package app_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/playground"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// kills is how often the program is killed on each engine.
const kills = 50

// A program that is killed anywhere between a message and its alert, and then
// started again, has told staff once: never not at all, never twice. The
// community, in this process, outlives it and honours idempotency keys, as
// Discord and Slack do.
func TestAKilledProgramAlertsOnce(t *testing.T) {
	all := make([]int, kills)
	for i := range all {
		all[i] = i
	}
	killedAt(t, all, killOnce)
}

// killedAt runs a test for each of these points at which the program is killed,
// on both kinds of databases.
func killedAt(t *testing.T, at []int, run func(t *testing.T, i int, dir, database string)) {
	t.Helper()
	if testing.Short() {
		t.Skip("kills the real program: left out with -short")
	}
	for engine, database := range map[string]func(*testing.T, string) string{
		"sqlite":     func(_ *testing.T, dir string) string { return filepath.Join(dir, "waymark.db") },
		"postgresql": func(t *testing.T, _ string) string { return storetest.Postgres(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			for _, i := range at {
				t.Run(fmt.Sprintf("%d %s", i, points[i%len(points)]), func(t *testing.T) {
					t.Parallel() // most of the time goes into waiting for leases to end
					dir := t.TempDir()
					run(t, i, dir, database(t, dir))
				})
			}
		})
	}
}

// killOnce kills the program at the i-th point on its way and starts it again.
func killOnce(t *testing.T, i int, dir, database string) {
	c := newCommunity(t)
	first := c.start(dir, database)
	eventually(t, 20*time.Second, "the program is connected", func() bool { return first.page("/readyz") == "ready\n" })
	var once sync.Once
	kill := func() { once.Do(first.kill) }
	armed := make(chan struct{})
	c.at.Intercept(killAt(i, kill, armed))
	c.says("alex", "general", worrying)
	select {
	case <-armed: // a point between requests, by time
		<-time.After(time.Duration(i/len(points)) * 2 * time.Millisecond)
		kill()
	case err := <-first.done: // killed at a request
		first.done <- err
	}
	first.wait()
	c.at.Intercept(nil)

	restarted := time.Now()
	second := c.start(dir, database)
	eventually(t, 20*time.Second, "the alert is there", func() bool { return len(c.cards("morgan", "staff-room")) > 0 })
	t.Logf("killed at %q, alerted %v after the restart", points[i%len(points)], time.Since(restarted).Round(time.Millisecond))
	eventually(t, 20*time.Second, "nothing waits any more", func() bool { return second.waiting() == "0" })
	if cards := c.cards("morgan", "staff-room"); len(cards) != 1 {
		t.Errorf("staff see %d cards, want 1", len(cards))
	} else if notes := c.below("morgan", cards[0].ID); len(notes) != 0 {
		t.Errorf("%d lines stand below the card of one message", len(notes))
	}
	for _, who := range []string{"general", "gaming", "welcome", "dm-alex"} {
		if n := len(c.cards("alex", who)); n > 0 {
			t.Errorf("the person it is about sees %d cards in %s", n, who)
		}
	}
	noMarker(t, "the figures", []byte(second.page("/metrics")))
	second.kill()
	for _, r := range []*running{first, second} {
		noMarker(t, "the log", r.logs.Bytes())
	}
	noMarkerIn(t, dir)
	if strings.HasPrefix(database, "postgres") {
		noMarkerInPostgres(t, database)
	}
}

// points are where the program is killed: at one of its requests to the
// platform (before the effect, after it, after the answer), or some
// milliseconds after the message was handed to it.
var points = []string{
	"deliver", "after deliver", "ack", "after ack", "readers", "post", "post applied", "after post", "by time", "by time",
}

func killAt(i int, kill func(), armed chan struct{}) playground.Intercept {
	var arm sync.Once
	point := points[i%len(points)]
	return func(op playground.Op, _ *http.Request) playground.Fault {
		switch {
		case string(op) == point:
			kill()
		case point == "after "+string(op):
			return playground.Fault{Answered: kill}
		case point == string(op)+" applied":
			return playground.Fault{Applied: kill, Lost: true}
		case point == "by time" && op == playground.OpDeliver:
			arm.Do(func() { close(armed) })
		}
		return playground.Fault{}
	}
}
