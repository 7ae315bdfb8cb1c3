package app_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/slack"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// school is a Slack workspace with the whole bot in it.
type school struct {
	t          testing.TB
	f          *slacktest.Fake
	w          *slacktest.Workspace
	general    *slacktest.Channel
	staff      *slacktest.Channel
	ana, older *slacktest.Person
	mo, lead   *slacktest.Person
	mode       slack.Mode
	dir        string
	database   string
	listen     string // where the bot's own pages are
	unset      bool   // nobody set anything up yet
	stop       func()
}

func newSchool(t testing.TB) *school { return newSchoolIn(t, slack.SocketMode) }

// newSchoolIn makes one in which the bot takes its events in the given way.
func newSchoolIn(t testing.TB, mode slack.Mode, change ...func(*slacktest.Options)) *school {
	o := slacktest.Options{Patience: 20 * time.Second}
	for _, c := range change {
		c(&o)
	}
	if _, ok := t.(*testing.B); ok {
		o.Unchecked, o.Unlimited = true, true
	}
	o.Manifest = manifestFor(t, mode)
	f := slacktest.New(t, o)
	w := f.Workspace("School")
	s := &school{t: t, f: f, w: w, mode: mode, dir: t.TempDir(), listen: freeAddress(t)}
	s.database = filepath.Join(s.dir, "waymark.db")
	s.ana, s.older, s.mo, s.lead = w.Member("Ana"), w.Member("Older"), w.Member("Mo"), w.Member("Lead")
	s.general = w.Public("general", s.ana, s.older, s.mo)
	s.general.InviteBot()
	s.staff = w.Private("staff", s.mo, s.lead)
	s.staff.InviteBot()
	return s
}

// manifestFor is the manifest that people paste.
func manifestFor(t testing.TB, mode slack.Mode) string {
	t.Helper()
	o := slack.ManifestOptions{Mode: mode}
	if mode == slack.HTTPMode {
		o.Address = "https://waymark.example.org"
	}
	manifest, err := slack.Manifest(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(manifest)
}

// inBothModes tells a story once over sockets and once over signed requests.
func inBothModes(t *testing.T, story func(t *testing.T, s *school)) {
	for _, mode := range []slack.Mode{slack.SocketMode, slack.HTTPMode} {
		t.Run(string(mode), func(t *testing.T) { story(t, newSchoolIn(t, mode)) })
	}
}

// environ is what the bot is told: which Slack, and which secrets.
func (s *school) environ() []string {
	env := []string{
		"WAYMARK_SLACK_BOT_TOKEN=" + s.w.Token(), "WAYMARK_SLACK_BASE_URL=" + s.f.URL(), "WAYMARK_SLACK_MODE=" + string(s.mode),
		"WAYMARK_HTTP_LISTEN=" + s.listen, "WAYMARK_DATABASE_URL=" + s.database,
	}
	if s.mode == slack.HTTPMode {
		return append(env, "WAYMARK_SLACK_SIGNING_SECRET="+s.f.SigningSecret())
	}
	return append(env, "WAYMARK_SLACK_APP_TOKEN="+s.f.AppToken())
}

// config writes the bot's configuration file.
func (s *school) config() (file string) {
	s.t.Helper()
	file = filepath.Join(s.dir, "waymark.yaml")
	text := "region: UK\nservers:\n  - platform: slack\n    id: " + s.w.ID + "\n    staff_channel: " + s.staff.ID + "\n    leads: [" + s.lead.ID + "]\n"
	if s.unset {
		text = "region: UK\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// start runs the bot in this process.
func (s *school) start() {
	s.t.Helper()
	s.stop = serve(s.t, configured(s.t, s.config(), s.environ()...))
	s.connected()
}

// connected waits until events arrive.
func (s *school) connected() {
	s.t.Helper()
	if s.mode == slack.SocketMode {
		s.f.AwaitConnected(1)
		return
	}
	ready(s.t, s.listen)
	at := "http://" + s.listen + slack.EventsPath
	s.f.PostTo(slacktest.Endpoints{Events: at, Interactivity: at, Commands: at})
}

// ready waits until the bot's own page says that it is ready.
func ready(t testing.TB, listen string) {
	t.Helper()
	r := &running{t: t, own: listen}
	eventually(t, 20*time.Second, "the bot is ready", func() bool { return r.page("/readyz") == "ready\n" })
}
