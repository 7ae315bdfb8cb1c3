package app_test

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/app"
	"github.com/waymark-bot/waymark/internal/slack"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// trust is a bot that schools install into their workspaces by themselves.
type trust struct {
	*school
	key string
}

func newTrust(t *testing.T, database string) *trust {
	x := &trust{newSchoolIn(t, slack.HTTPMode), "0123456789abcdef0123456789abcdef"}
	if x.database = database; database == "" {
		x.database = filepath.Join(x.dir, "waymark.db")
	}
	return x
}

func (x *trust) environ() []string {
	return []string{
		"WAYMARK_SLACK_MODE=http", "WAYMARK_SLACK_BASE_URL=" + x.f.URL(), "WAYMARK_SLACK_SIGNING_SECRET=" + x.f.SigningSecret(),
		"WAYMARK_SLACK_CLIENT_ID=" + x.f.ClientID(), "WAYMARK_SLACK_CLIENT_SECRET=" + x.f.ClientSecret(),
		"WAYMARK_SLACK_ADDRESS=http://" + x.listen, "WAYMARK_HTTP_LISTEN=" + x.listen, "WAYMARK_DATABASE_URL=" + x.database,
		"WAYMARK_SECRET_KEY=" + x.key, "WAYMARK_CONFIG=" + os.DevNull, "WAYMARK_REGION=UK",
	}
}

func (x *trust) start() {
	x.t.Helper()
	x.stop = serve(x.t, configured(x.t, "", x.environ()...))
	x.connected()
}

// install does what an admin of a workspace does: opens the page, agrees, and
// comes back.
func (x *trust) install(w *slacktest.Workspace) {
	x.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		x.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	visit := func(address string) (*http.Response, string) {
		resp, err := browser.Get(address)
		if err != nil {
			x.t.Fatal(err)
		}
		defer resp.Body.Close()
		said, _ := io.ReadAll(resp.Body)
		return resp, string(said)
	}
	resp, _ := visit("http://" + x.listen + slack.InstallPath)
	consent, err := resp.Location()
	if err != nil {
		x.t.Fatalf("the page leads nowhere: %d", resp.StatusCode)
	}
	q := consent.Query()
	resp, said := visit(q.Get("redirect_uri") + "?" + url.Values{"code": {w.Approve()}, "state": {q.Get("state")}}.Encode())
	if resp.StatusCode != http.StatusOK {
		x.t.Fatalf("the installation of %s answered %d %s", w.Name(), resp.StatusCode, said)
	}
}

// class is one of the trust's schools.
type class struct {
	w            *slacktest.Workspace
	general      *slacktest.Channel
	staff        *slacktest.Channel
	pupil, tutor *slacktest.Person
}

func (x *trust) enrol(w *slacktest.Workspace) *class {
	x.t.Helper()
	c := &class{w: w, pupil: w.Member("Older"), tutor: w.Member("Tutor", slacktest.Admin)}
	c.general, c.staff = w.Public("lessons", c.pupil, c.tutor), w.Private("safeguarding", c.tutor)
	c.general.InviteBot()
	c.staff.InviteBot()
	if answer := c.tutor.Slash(c.staff, "/waymark staff setup room:<#"+c.staff.ID+"|safeguarding>").Reply(); !answer.Has("only staff can read it") {
		x.t.Fatalf("the set-up says %s", answer.Text())
	}
	return c
}

// alerts has somebody write what worries, and waits for the n-th card.
func (c *class) alerts(x *trust, n int) {
	x.t.Helper()
	c.w.Member("Writer "+strings.Repeat("x", n)).Say(c.general, worrying)
	x.f.AwaitMessages(c.staff, n)
}

func TestSchoolsInstallTheBotByThemselves(t *testing.T) {
	for engine, database := range map[string]func(*testing.T) string{
		"sqlite":     func(*testing.T) string { return "" },
		"postgresql": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			x := newTrust(t, database(t))
			x.w.RemoveApp() // nobody installed it yet
			hill, lake := x.w, x.f.Workspace("Lake School", slacktest.NotInstalled)
			x.start()
			x.install(hill)
			x.install(lake)
			a, b := x.enrol(hill), x.enrol(lake)
			a.alerts(x, 1)
			b.alerts(x, 1)
			tokens := []string{hill.Token(), lake.Token()}
			x.unreadable(tokens...)

			x.stop()
			x.unreadable(tokens...)
			x.start() // with what it kept
			a.alerts(x, 2)
			b.alerts(x, 2)
			if n := len(a.staff.ByBot()) + len(b.staff.ByBot()); n != 4 {
				t.Errorf("staff see %d cards, want 4", n)
			}

			lake.RemoveApp()
			eventually(t, 30*time.Second, "the token is erased", func() bool { return x.kept() == 1 })
			a.alerts(x, 3)
			if n := len(b.staff.ByBot()); n != 2 {
				t.Errorf("%d cards stand where the bot was removed", n)
			}
			x.stop()

			x.key = "another key, which is long enough"
			cfg := configured(t, "", x.environ()...)
			db, err := app.OpenDatabase(t.Context(), cfg, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := app.Platforms(t.Context(), cfg, db, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "another secret_key") {
				t.Errorf("with another key it starts, and says %v", err)
			}
		})
	}
}

func TestTheDoctorLooksAtManyWorkspaces(t *testing.T) {
	x := newTrust(t, "")
	x.w.RemoveApp()
	doctor := &technician{t: t, dir: x.dir, env: x.environ()}
	if said := doctor.types("waymark doctor"); !strings.Contains(said, "0 to mend") || !strings.Contains(said, x.listen+slack.InstallPath) {
		t.Error("before the first start, the doctor does not say where workspaces install the bot")
	}
	x.start()
	x.install(x.w)
	x.enrol(x.w)
	if said := doctor.types("waymark doctor"); !strings.Contains(said, "0 to mend") {
		t.Error("the doctor finds something to mend beside a bot that runs")
	}
	x.stop()
	said := doctor.types("waymark doctor")
	for _, words := range []string{"0 to mend", "Slack, School", "The bot can post cards and keep threads there", "The bot is in 1 server"} {
		if !strings.Contains(said, words) {
			t.Errorf("the doctor does not say %q", words)
		}
	}
}

// unreadable fails where a token stands in clear in what the bot keeps.
func (x *trust) unreadable(tokens ...string) {
	x.t.Helper()
	data := x.everything()
	if len(data) == 0 {
		x.t.Fatal("there is nothing to look into")
	}
	for _, token := range tokens {
		if bytes.Contains(data, []byte(token)) || bytes.Contains(data, []byte(hex.EncodeToString([]byte(token)))) {
			x.t.Error("a token stands in clear in the database")
		}
	}
}

// everything is all that is in the database, byte by byte.
func (x *trust) everything() (all []byte) {
	x.t.Helper()
	if strings.HasPrefix(x.database, "postgres") {
		return []byte(strings.Join(rowsOf(x.t.(*testing.T), x.database), "\n"))
	}
	files, err := filepath.Glob(filepath.Join(x.dir, "*"))
	if err != nil {
		x.t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			x.t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

// kept counts the tokens that are kept.
func (x *trust) kept() (n int) {
	x.t.Helper()
	driver, address := "sqlite", "file:"+x.database+"?mode=ro"
	if strings.HasPrefix(x.database, "postgres") {
		driver, address = "pgx", x.database
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		x.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(x.t.Context(), `SELECT count(*) FROM installations`).Scan(&n); err != nil {
		x.t.Fatal(err)
	}
	return n
}
