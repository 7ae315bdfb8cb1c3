package doctor_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/app"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/doctor"
	"github.com/waymark-bot/waymark/internal/slack"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
	"github.com/waymark-bot/waymark/internal/store"
)

var (
	_ doctor.Patient  = (*slack.Slack)(nil)
	_ doctor.Listener = (*slack.Slack)(nil)
	_ doctor.Rolled   = (*slack.Slack)(nil)
)

// school is a Slack workspace with the bot in it, and a configuration for it.
type school struct {
	t        *testing.T
	f        *slacktest.Fake
	w        *slacktest.Workspace
	staff    *slacktest.Channel
	jo, mo   *slacktest.Person
	dir      string
	settings string
	now      func() time.Time
}

func newSchool(t *testing.T) *school {
	manifest, err := slack.Manifest(slack.ManifestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := slacktest.New(t, slacktest.Options{Manifest: string(manifest), Unlimited: true})
	w := f.Workspace("Hill School")
	s := &school{t: t, f: f, w: w, dir: t.TempDir(), jo: w.Member("Jo"), mo: w.Member("Mo"), now: time.Now}
	w.Public("general")
	s.staff = w.Private("staff", s.jo, s.mo, slacktest.WithBot)
	s.set("staff_channel: %q, leads: [%q]", s.staff.ID, s.jo.ID)
	return s
}

// set says what the configuration knows about the workspace.
func (s *school) set(format string, a ...any) { s.settings = fmt.Sprintf(format, a...) }

func (s *school) examine(more ...string) doctor.Report {
	s.t.Helper()
	text := "region: England\nservers: [{platform: slack, id: " + s.w.ID + ", " + s.settings + "}]\n"
	file := filepath.Join(s.dir, "waymark.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	before := len(s.f.Requests())
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	r := doctor.Examine(ctx, doctor.Options{
		File: file, Texts: texts(s.t), Now: s.now,
		Environ: append([]string{
			"WAYMARK_SLACK_BOT_TOKEN=" + s.w.Token(), "WAYMARK_SLACK_APP_TOKEN=" + s.f.AppToken(),
			"WAYMARK_SLACK_BASE_URL=" + s.f.URL(), "WAYMARK_HTTP_LISTEN=" + freeAddress(s.t),
		}, more...),
		Connect: func(cfg config.Config, db *store.DB) ([]chat.Platform, error) {
			return app.Platforms(ctx, cfg, db, slog.New(slog.NewTextHandler(s.t.Output(), nil)))
		},
	})
	for _, q := range s.f.Requests()[before:] {
		for _, change := range []string{"chat.", "views.", "conversations.join"} {
			if strings.HasPrefix(q.Method, change) {
				s.t.Errorf("the doctor changed something: %s", q.Method)
			}
		}
	}
	return r
}

// golden compares the part of the report that is about Slack.
func (s *school) golden(name string, r doctor.Report) {
	s.t.Helper()
	var b bytes.Buffer
	if err := r.Print(&b, texts(s.t), false); err != nil {
		s.t.Fatal(err)
	}
	_, got, _ := strings.Cut(b.String(), "\n\n")
	for _, secret := range []string{s.w.Token(), s.f.AppToken()} {
		if strings.Contains(got, secret) {
			s.t.Error("the report shows a token")
		}
	}
	got = regexp.MustCompile(`\b[CTU]0WM[0-9A-Z]{7}\b`).ReplaceAllString(got, "ID")
	got = regexp.MustCompile(`\d+ to mend, \d+ to look at, \d+ fine`).ReplaceAllString(got, "SUM")
	path := filepath.Join("testdata", name+".golden.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		s.t.Errorf("%v; got\n%s\nwant\n%s", err, got, want)
	}
}

func TestSlackAllIsWell(t *testing.T) {
	s := newSchool(t)
	r := s.examine()
	if n := r.Count(doctor.Mend); n != 0 {
		t.Errorf("%d things to mend", n)
	}
	s.golden("slack-well", r)
	if n := len(s.jo.Directs()); n != 0 {
		t.Errorf("the lead got %d messages", n)
	}
}

// Everything that can be wrong in a workspace, at once.
func TestSlackMuchIsWrong(t *testing.T) {
	s := newSchool(t)
	other := s.f.Workspace("Valley School", slacktest.NotInstalled)
	s.w.Public("trips", slacktest.WithoutBot)
	left := s.w.Member("Left", slacktest.Deactivated)
	s.staff.Connect(other, other.Member("Pat"))
	s.w.Revoke("im:write", "commands")
	s.f.RevokeAppToken("invalid_auth")
	s.set("staff_channel: %q, leads: [%q, %q, %q]", s.staff.ID, s.jo.ID, left.ID, s.w.OtherApp("Quiz").ID)
	s.now = func() time.Time { return time.Now().Add(-90 * time.Second) }
	s.golden("slack-ill", sameSkew(s.examine()))
}

func TestSlackTokenThatIsRefused(t *testing.T) {
	s := newSchool(t)
	s.w.RevokeToken()
	s.golden("slack-badtoken", s.examine())
}

func TestSlackCannotBeReached(t *testing.T) {
	s := newSchool(t)
	s.f.Intercept(func(slacktest.Request) slacktest.Fault { return slacktest.Failing(502) })
	got := of(s.examine(), "connection")
	if len(got) != 1 || got[0].Mark != doctor.Mend || !strings.Contains(got[0].Found, "Slack answered 502") {
		t.Errorf("%+v", got)
	}
}

func TestSlackStaffChannel(t *testing.T) {
	for _, tc := range []struct {
		name    string
		prepare func(s *school)
		check   string
		mark    doctor.Mark
		says    []string
	}{
		{"private, with staff alone", func(*school) {}, "readers", doctor.OK, []string{"Jo, Mo."}},
		{"public", func(s *school) { s.staff.MakePublic() }, "readers", doctor.Mend, []string{"everyone in the workspace"}},
		{"shared", func(s *school) {
			other := s.f.Workspace("Valley School", slacktest.NotInstalled)
			s.staff.Connect(other, other.Member("Pat"))
		}, "readers", doctor.Mend, []string{"another organisation"}},
		{"with a guest", func(s *school) { s.staff.Join(s.w.Member("Gil", slacktest.Guest)) }, "readers", doctor.Look,
			[]string{"Gil (a guest)", "unless that is meant"}},
		{"with somebody who is no staff", func(s *school) {
			mods := s.w.Group("mods", s.jo)
			s.set("staff_channel: %q, staff_role: %q, leads: [%q]", s.staff.ID, mods.ID, s.jo.ID)
		}, "readers", doctor.Mend, []string{"read by Mo"}},
		{"with a user group that cannot be read", func(s *school) {
			mods := s.w.Group("mods", s.jo)
			s.w.Revoke("usergroups:read")
			s.set("staff_channel: %q, staff_role: %q, leads: [%q]", s.staff.ID, mods.ID, s.jo.ID)
		}, "readers", doctor.Mend, []string{"usergroups:read", "waymark slack manifest"}},
		{"with many", func(s *school) {
			for i := range 12 {
				s.staff.Join(s.w.Member(fmt.Sprintf("Teacher %d", i)))
			}
		}, "readers", doctor.OK, []string{"Teacher 5, 6 more."}},
		{"without anybody", func(s *school) { s.staff.Leave(s.jo); s.staff.Leave(s.mo) }, "readers", doctor.Mend, []string{"read by no one"}},
		{"archived", func(s *school) { s.staff.Archive(true) }, "staff channel", doctor.Mend, []string{"is archived", "/waymark staff setup"}},
		{"without the bot", func(s *school) { s.staff.RemoveBot() }, "staff channel", doctor.Mend, []string{"invite the bot with /invite"}},
		{"public, without the bot", func(s *school) { s.staff.MakePublic(); s.staff.RemoveBot() }, "staff channel", doctor.Mend,
			[]string{"membership of the channel", "Invite the bot"}},
		{"a lead who left", func(s *school) { s.jo.Deactivate() }, "leads", doctor.Mend, []string{"deactivated", "another lead"}},
		{"a channel that is not read", func(s *school) { s.w.Public("trips", slacktest.WithoutBot) }, "coverage", doctor.Look, []string{"#trips", "offers to let it join"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSchool(t)
			tc.prepare(s)
			got := of(s.examine(), tc.check)
			if len(got) != 1 || got[0].Mark != tc.mark || (tc.mark != doctor.OK) != (got[0].Do != "") {
				t.Fatalf("%+v", got)
			}
			for _, words := range tc.says {
				if !strings.Contains(got[0].Found+" "+got[0].Do, words) {
					t.Errorf("%q is not said: %+v", words, got[0])
				}
			}
		})
	}
}

func TestSlackEventsByRequest(t *testing.T) {
	s := newSchool(t)
	got := of(s.examine("WAYMARK_SLACK_MODE=http", "WAYMARK_SLACK_SIGNING_SECRET="+s.f.SigningSecret()), "events")
	if len(got) != 1 || got[0].Mark != doctor.OK || !strings.Contains(got[0].Found, "only a request of its own shows") {
		t.Errorf("%+v", got)
	}
}

func TestSlackScopesThatCanBeLeftOut(t *testing.T) {
	s := newSchool(t)
	s.w.Revoke("mpim:read", "mpim:history", "channels:join", "usergroups:read")
	r := s.examine()
	if n := r.Count(doctor.Mend); n != 0 {
		t.Errorf("%d things to mend: %+v", n, r.Checks)
	}
}

// Where workspaces install the bot by themselves, there is no token before the
// first did.
func TestSlackNobodyInstalledItYet(t *testing.T) {
	s := newSchool(t)
	db, err := store.Open(t.Context(), filepath.Join(s.dir, "waymark.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r := s.examine("WAYMARK_SLACK_BOT_TOKEN=", "WAYMARK_SLACK_APP_TOKEN=", "WAYMARK_SLACK_MODE=http", "WAYMARK_SLACK_SIGNING_SECRET="+s.f.SigningSecret(),
		"WAYMARK_SLACK_CLIENT_ID="+s.f.ClientID(), "WAYMARK_SLACK_CLIENT_SECRET="+s.f.ClientSecret(), "WAYMARK_SLACK_ADDRESS=https://w.example.org")
	got := of(r, "servers")
	if len(of(r, "token"))+len(of(r, "grants")) != 0 || len(got) != 2 || got[1].Mark != doctor.Look || !strings.Contains(got[1].Do, "https://w.example.org/slack/install") {
		t.Errorf("%+v", r.Checks)
	}
}
