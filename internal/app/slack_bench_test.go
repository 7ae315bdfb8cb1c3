package app_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/slack"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// eachMode runs a benchmark over sockets and over signed requests.
func eachMode(b *testing.B, run func(b *testing.B, s *school)) {
	for _, mode := range []slack.Mode{slack.SocketMode, slack.HTTPMode} {
		b.Run(string(mode), func(b *testing.B) { run(b, newSchoolIn(b, mode)) })
	}
}

// report gives the median and the 99th percentile.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
}

// moments tells when Slack has done what a request of one method asked for.
func (s *school) moments(method string) <-chan time.Time {
	at := make(chan time.Time, 100)
	s.f.Intercept(func(r slacktest.Request) (f slacktest.Fault) {
		if r.Method == method {
			f.Applied = func() { at <- time.Now() }
		}
		return f
	})
	return at
}

// BenchmarkSlackAlert measures from what somebody wrote to the card in the
// staff channel, through the connection, the database and the Web API, one
// after the other. Slack itself answers at once; each request to the real one
// takes its time on top.
func BenchmarkSlackAlert(b *testing.B) {
	eachMode(b, func(b *testing.B, s *school) {
		s.start()
		posted := s.moments("chat.postMessage")
		var took []time.Duration
		before := len(s.f.Requests())
		for i := range b.N {
			who := s.w.Member("writer-" + strconv.Itoa(i))
			from := time.Now()
			who.Say(s.general, worrying)
			took = append(took, (<-posted).Sub(from))
		}
		report(b, took)
		b.ReportMetric(float64(len(s.f.Requests())-before)/float64(b.N), "requests/alert")
	})
}

// BenchmarkSlackCommand measures from a command to its answer in front of the
// person.
func BenchmarkSlackCommand(b *testing.B) {
	eachMode(b, func(b *testing.B, s *school) {
		s.start()
		answered := s.moments(slacktest.OpAnswer)
		var took []time.Duration
		for range b.N {
			from := time.Now()
			s.ana.Slash(s.general, "/waymark support")
			took = append(took, (<-answered).Sub(from))
		}
		report(b, took)
	})
}

// BenchmarkSlackEvents measures harmless messages from fifty channels, side by
// side, until the last is acknowledged. The fake of Slack works on the same
// processors.
func BenchmarkSlackEvents(b *testing.B) {
	eachMode(b, func(b *testing.B, s *school) {
		channels := make([]*slacktest.Channel, 50)
		for i := range channels {
			channels[i] = s.w.Public(fmt.Sprint("room-", i), s.ana)
			channels[i].InviteBot()
		}
		s.start()
		b.ResetTimer()
		for i := range b.N {
			s.ana.Say(channels[i%len(channels)], "anyone up for the game jam on saturday? theme is lighthouses")
		}
		s.f.AwaitSettled()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		if n := s.f.Lost(); n > 0 {
			b.Errorf("%d messages were lost", n)
		}
	})
}

// BenchmarkSlackMemory measures what the real program holds when nothing
// happens, and after 20 messages in each of 200 channels.
func BenchmarkSlackMemory(b *testing.B) {
	s := newSchool(b)
	var channels []*slacktest.Channel
	var people []*slacktest.Person
	for i := range 200 {
		channels = append(channels, s.w.Public(fmt.Sprint("room-", i)))
		channels[i].InviteBot()
		people = append(people, s.w.Member(fmt.Sprint("Pupil ", i)))
	}
	var idle, busy float64
	for range b.N {
		r := s.launch()
		ready(b, s.listen)
		s.f.AwaitConnected(1)
		time.Sleep(2 * time.Second) // what idles has settled by then
		idle += resident(b, r.cmd.Process.Pid)
		for i := range 20 * len(channels) {
			people[i%len(people)].Say(channels[i%len(channels)], "anyone up for the game jam on saturday? theme is lighthouses")
		}
		s.f.AwaitSettled()
		time.Sleep(2 * time.Second)
		busy += resident(b, r.cmd.Process.Pid)
		r.kill()
		s.f.AwaitDisconnected()
	}
	b.ReportMetric(idle/float64(b.N), "MB-idle")
	b.ReportMetric(busy/float64(b.N), "MB-200-channels")
}
