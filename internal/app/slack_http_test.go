package app_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/slack"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// What the address takes is Slack's alone, recent, and counts once; all else
// leaves no trace.
func TestTheAddressTakesOnlyWhatSlackSigned(t *testing.T) {
	s := newSchoolIn(t, slack.HTTPMode)
	s.start()
	said := s.older.Say(s.general, worrying)
	s.alert()
	s.f.AwaitSettled()
	at, body := "http://"+s.listen+slack.EventsPath, s.f.EventBody(said)
	for name, forge := range map[string]slacktest.Forgery{
		"unsigned": slacktest.Unsigned(), "signed by another": slacktest.WrongSecret(), "changed": slacktest.Tampered(),
		"too old": slacktest.Aged(6 * time.Minute),
	} {
		if got := s.f.SendSigned(at, "application/json", body, forge); got.Status != http.StatusUnauthorized {
			t.Errorf("what is %s was answered %d", name, got.Status)
		}
	}
	for _, p := range s.f.Posts() {
		if p.Header.Get("X-Slack-Retry-Num") == "" {
			s.f.Replay(p)
		}
	}
	if got := s.f.SendSigned(at, "application/json", body); got.Status != http.StatusOK { // the same message under another event
		t.Errorf("what Slack signed was answered %d", got.Status)
	}
	s.f.AwaitSettled()
	if n := len(s.staff.ByBot()); n != 1 {
		t.Errorf("staff see %d messages, want one card", n)
	}
	for _, path := range []string{slack.EventsPath, slack.InstallPath} { // nobody can install a bot of one workspace
		resp, err := http.Get("http://" + s.listen + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET %s was answered %d", path, resp.StatusCode)
		}
	}
}

// In socket mode the address takes nothing.
func TestInSocketModeTheAddressTakesNothing(t *testing.T) {
	s := newSchool(t)
	s.start()
	for name, forge := range map[string][]slacktest.Forgery{"signed": nil, "unsigned": {slacktest.Unsigned()}} {
		got := s.f.SendSigned("http://"+s.listen+slack.EventsPath, "application/json", []byte(`{"type":"url_verification","challenge":"x"}`), forge...)
		if got.Status != http.StatusUnauthorized {
			t.Errorf("%s, it was answered %d", name, got.Status)
		}
	}
}
