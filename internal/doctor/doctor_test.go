package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/app"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
	"github.com/waymark-bot/waymark/internal/doctor"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

var update = flag.Bool("update", false, "write the golden files anew")

// club is a Discord server with the bot in it, and a configuration for it.
type club struct {
	t     *testing.T
	f     *discordtest.Fake
	g     *discordtest.Guild
	mods  *discordtest.Role
	staff *discordtest.Channel
	lead  *discordtest.Person
	dir   string
	env   []string
	now   func() time.Time
}

func newClub(t *testing.T, withheld ...discordtest.Intent) *club {
	o := discordtest.Options{}
	for _, i := range withheld {
		o.Withheld |= i
	}
	f := discordtest.New(t, o)
	g := f.Guild("Youth club")
	c := &club{t: t, f: f, g: g, mods: g.Role("Moderators", discordtest.ModerateMembers), dir: t.TempDir(), now: time.Now}
	g.Text("general")
	c.staff = g.Text("staff", discordtest.Only(c.mods, g.BotRole()))
	c.lead = g.Member("Jo", c.mods)
	c.write("token", f.Token(), 0o600)
	c.configure(fmt.Sprintf("staff_channel: %q, leads: [%q]", c.staff.ID, c.lead.ID))
	return c
}

func (c *club) write(name, text string, mode os.FileMode) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		c.t.Fatal(err)
	}
}

// configure says what the configuration knows about the club.
func (c *club) configure(server string) {
	c.t.Helper()
	known := ""
	if server != "" {
		known = fmt.Sprintf("servers: [{platform: discord, id: %q, %s}]\n", c.g.ID, server)
	}
	c.write("waymark.yaml", fmt.Sprintf("discord: {token_file: token, base_url: %q}\nregion: England\nhttp: {listen: %q}\n%s",
		c.f.URL(), freeAddress(c.t), known), 0o600)
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

var loaded = sync.OnceValues(responses.Load)

func texts(t *testing.T) *responses.Texts {
	t.Helper()
	x, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (c *club) examine() doctor.Report {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	r := doctor.Examine(ctx, doctor.Options{
		File: filepath.Join(c.dir, "waymark.yaml"), Environ: c.env, Texts: texts(c.t), Now: c.now,
		Connect: func(cfg config.Config, db *store.DB) ([]chat.Platform, error) {
			return app.Platforms(ctx, cfg, db, slog.New(slog.NewTextHandler(c.t.Output(), nil)))
		},
	})
	c.wrote()
	return r
}

// wrote fails where the doctor posted or left anything, or shows the token.
func (c *club) wrote() {
	c.t.Helper()
	for _, r := range c.f.Requests() {
		if r.Method != http.MethodGet && r.Op() != discordtest.OpDirect {
			c.t.Errorf("the doctor changed something: %s", r.Op())
		}
	}
	left, _ := filepath.Glob(filepath.Join(c.dir, ".waymark-doctor-*"))
	if len(left) > 0 {
		c.t.Errorf("left behind: %v", left)
	}
	if n := len(c.lead.Directs()); n != 0 {
		c.t.Errorf("the lead got %d messages", n)
	}
}

// print is the report as people see it, without what changes from run to run.
func (c *club) print(r doctor.Report) string {
	c.t.Helper()
	var b bytes.Buffer
	if err := r.Print(&b, texts(c.t), false); err != nil {
		c.t.Fatal(err)
	}
	if strings.Contains(b.String(), c.f.Token()) {
		c.t.Error("the report shows the token")
	}
	out := strings.ReplaceAll(b.String(), c.dir, "DIR")
	for _, r := range []struct{ find, put string }{
		{`127\.0\.0\.1:\d+`, "ADDRESS"}, {`There is .* of room`, "There is ROOM of room"}, {`(ok  |look)  contacts: .*\n(        .*\n)?`, "ok    contacts: AGE\n"},
		{`\d{17,20}`, "ID"}, {`\d+ to mend, \d+ to look at, \d+ fine`, "SUM"}, {`process \d+`, "process N"},
	} {
		out = regexp.MustCompile(r.find).ReplaceAllString(out, r.put)
	}
	return out
}

func (c *club) golden(name string, r doctor.Report) {
	c.t.Helper()
	got, path := c.print(r), filepath.Join("testdata", name+".golden.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			c.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		c.t.Errorf("%v; got\n%s\nwant\n%s", err, got, want)
	}
}

// of are the checks of one name.
func of(r doctor.Report, name string) []doctor.Check {
	var out []doctor.Check
	for _, c := range r.Checks {
		if c.Name == name {
			out = append(out, c)
		}
	}
	return out
}

func TestAllIsWell(t *testing.T) {
	c := newClub(t)
	r := c.examine()
	if n := r.Count(doctor.Mend); n != 0 {
		t.Errorf("%d things to mend", n)
	}
	c.golden("well", r)
	if _, err := os.Stat(filepath.Join(c.dir, "waymark.db")); err == nil {
		t.Error("the doctor made a database")
	}
	if _, err := os.Stat(filepath.Join(c.dir, "waymark.key")); err == nil {
		t.Error("the doctor made a key")
	}
}

// Who chose further languages is told that nobody has reviewed their rules.
func TestFurtherLanguagesAreNamed(t *testing.T) {
	c := newClub(t)
	text, err := os.ReadFile(filepath.Join(c.dir, "waymark.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.write("waymark.yaml", string(text)+"lexicon_languages: [en, es]\n", 0o600)
	if out := c.print(c.examine()); !strings.Contains(out, "They are for: en, es. Those for es hold textbook phrasings alone") {
		t.Errorf("the report does not say that Spanish is not reviewed:\n%s", out)
	}
}

// Everything that can be wrong in a server, at once.
func TestMuchIsWrong(t *testing.T) {
	c := newClub(t, discordtest.MessageContent)
	everyone := c.g.Everyone()
	c.staff.SetOverwrites([]discordtest.Overwrite{discordtest.Deny(c.g.BotRole(), discordtest.SendInThreads|discordtest.SendMessages), discordtest.Deny(everyone, discordtest.SendInThreads|discordtest.SendMessages)})
	c.g.Text("quiet", discordtest.Only(c.mods))
	c.g.Text("mess\x1b[2Jy", discordtest.Only(c.mods))
	gone := c.g.Member("Gone", c.mods)
	c.g.Leave(gone)
	nobody := c.f.Person("Elsewhere")
	c.configure(fmt.Sprintf("staff_channel: %q, leads: [%q, %q, %q]", c.staff.ID, c.lead.ID, gone.ID, nobody.ID))
	c.write("token", c.f.Token(), 0o644)
	c.write("waymark.key", strings.Repeat("k", 40), 0o644)
	c.now = func() time.Time { return time.Now().Add(-90 * time.Second) }
	r := c.examine()
	out := c.print(r)
	if strings.Contains(out, "\x1b") {
		t.Errorf("a channel's name steers the terminal: %q", out)
	}
	c.golden("ill", sameSkew(r))
}

// sameSkew makes the seconds of a clock that is wrong the same in each run.
func sameSkew(r doctor.Report) doctor.Report {
	for i := range r.Checks {
		r.Checks[i].Found = regexp.MustCompile(`1m(29|30|31|32)s`).ReplaceAllString(r.Checks[i].Found, "1m30s")
	}
	return r
}

func TestBadToken(t *testing.T) {
	c := newClub(t)
	token := c.f.Token()
	c.f.RevokeToken()
	r := c.examine()
	c.golden("badtoken", r)
	var b bytes.Buffer
	if err := r.JSON(&b); err != nil || strings.Contains(b.String(), token) {
		t.Errorf("%v: %s", err, &b)
	}
}

func TestPlatformCannotBeReached(t *testing.T) {
	c := newClub(t)
	c.f.Intercept(func(discordtest.Request) discordtest.Fault { return discordtest.Failing(502) })
	got := of(c.examine(), "connection")
	if len(got) != 1 || got[0].Mark != doctor.Mend || !strings.Contains(got[0].Found, "Discord answered 502") {
		t.Errorf("%+v", got)
	}
}

func TestWaitsWhereThePlatformAsksForIt(t *testing.T) {
	c := newClub(t)
	c.f.FailNext(1, "GET /guilds/{guild_id}/channels", discordtest.Limited(2100*time.Millisecond))
	if r := c.examine(); r.Count(doctor.Mend) != 0 || len(of(r, "staff channel")) != 1 || of(r, "staff channel")[0].Mark != doctor.OK {
		t.Errorf("%s", c.print(r))
	}
}

func TestLeadWhoCannotBeWrittenTo(t *testing.T) {
	c := newClub(t)
	c.f.FailNext(9, discordtest.OpDirect, discordtest.Fault{Status: 403, Code: 50007, Message: "Cannot send messages to this user"})
	got := of(c.examine(), "leads")
	if len(got) != 1 || got[0].Mark != doctor.Mend || !strings.Contains(got[0].Found, "Jo cannot be told directly") || got[0].Do == "" {
		t.Errorf("%+v", got)
	}
}

func TestStaffChannel(t *testing.T) {
	for _, tc := range []struct {
		name   string
		server func(c *club) string
		mark   doctor.Mark
		says   string
	}{
		{"not set", func(*club) string { return "" }, doctor.Mend, "alerts would reach nobody"},
		{"leads alone", func(c *club) string { return fmt.Sprintf("leads: [%q]", c.lead.ID) }, doctor.Look, "the leads alone"},
		{"deleted", func(c *club) string {
			c.staff.Delete()
			return fmt.Sprintf("staff_channel: %q, leads: [%q]", c.staff.ID, c.lead.ID)
		}, doctor.Mend, "is not there any more"},
		{"hidden from the bot", func(c *club) string {
			c.staff.SetOverwrites(discordtest.Only(c.mods))
			return fmt.Sprintf("staff_channel: %q, leads: [%q]", c.staff.ID, c.lead.ID)
		}, doctor.Mend, "lacks these rights there: View Channel"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClub(t)
			c.configure(tc.server(c))
			got := of(c.examine(), "staff channel")
			if len(got) != 1 || got[0].Mark != tc.mark || !strings.Contains(got[0].Found, tc.says) || got[0].Do == "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestStaffChannelOpenToEveryone(t *testing.T) {
	c := newClub(t)
	c.staff.SetOverwrites()
	got := of(c.examine(), "readers")
	if len(got) != 1 || got[0].Mark != doctor.Mend || !strings.Contains(got[0].Found, "can also be read by everyone") {
		t.Errorf("%+v", got)
	}
}

func TestServers(t *testing.T) {
	c := newClub(t)
	c.g.RemoveBot()
	got := of(c.examine(), "servers")
	if len(got) != 2 || !strings.Contains(got[0].Found, c.g.ID) || !strings.Contains(got[1].Found, "no server yet") ||
		!strings.Contains(got[1].Do, "waymark discord invite") {
		t.Errorf("%+v", got)
	}
}

// What staff set in chat counts, and a Waymark that runs is no obstacle.
func TestDatabase(t *testing.T) {
	c := newClub(t)
	c.configure("")
	db, err := store.Open(t.Context(), filepath.Join(c.dir, "waymark.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		return tx.PutSettings(t.Context(), "discord", chat.ServerID(c.g.ID), cases.Settings{
			StaffPlace: chat.PlaceID(c.staff.ID), Leads: []chat.PersonID{chat.PersonID(c.lead.ID)}})
	})
	if err != nil {
		t.Fatal(err)
	}
	running := c.examine()
	c.golden("running", running)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r := c.examine()
	if r.Count(doctor.Mend) != 0 || of(r, "staff channel")[0].Mark != doctor.OK || of(r, "database")[0].Mark != doctor.OK {
		t.Errorf("%s", c.print(r))
	}
	db, err = store.Open(t.Context(), filepath.Join(c.dir, "waymark.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	first := false
	err = db.Write(t.Context(), func(tx *store.Tx) (err error) {
		first, err = tx.Seen(t.Context(), "doctor", time.Now())
		return err
	})
	if err != nil || !first {
		t.Errorf("what the doctor wrote is still there, %v", err)
	}
}

func TestDatabaseThatCannotBeUsed(t *testing.T) {
	for name, prepare := range map[string]func(c *club){
		"no folder": func(c *club) { c.env = []string{"WAYMARK_DATABASE_URL=" + filepath.Join(c.dir, "none", "waymark.db")} },
		"no database": func(c *club) {
			c.write("waymark.db", strings.Repeat("this is no database at all. ", 200), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClub(t)
			prepare(c)
			got := of(c.examine(), "database")
			if len(got) != 1 || got[0].Mark != doctor.Mend || got[0].Do == "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestPagesOfARunningWaymark(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
		body   string
		mark   doctor.Mark
		says   string
	}{
		{"ready", 200, "ready\n", doctor.OK, "says that it is ready"},
		{"not ready", 503, "discord: Discord does not accept the bot's token\n", doctor.Mend, "does not accept the bot's token"},
		{"another program", 200, "<html>", doctor.Mend, "it is no Waymark"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClub(t)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			})}
			go func() { _ = s.Serve(l) }()
			defer s.Close()
			c.env = []string{"WAYMARK_HTTP_LISTEN=" + l.Addr().String()}
			got := of(c.examine(), "running")
			if len(got) != 1 || got[0].Mark != tc.mark || !strings.Contains(got[0].Found, tc.says) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestConfigurationWithMistakes(t *testing.T) {
	c := newClub(t)
	c.write("waymark.yaml", "region: Mars\nlog: {level: loud}\ndiscord: {tokn: x}\n", 0o600)
	r := c.examine()
	if got := of(r, "configuration"); len(got) != 3 || r.Count(doctor.Mend) != 3 {
		t.Errorf("%+v", got)
	}
	c.write("waymark.yaml", "region: England\n", 0o600)
	got := of(c.examine(), "configuration")
	if len(got) != 1 || got[0].Mark != doctor.Mend || !strings.Contains(got[0].Do, "waymark init") {
		t.Errorf("%+v", got)
	}
}

func TestContactsGrowOld(t *testing.T) {
	c := newClub(t)
	newest := ""
	for _, x := range texts(t).AllContacts() {
		newest = max(newest, x.Checked)
	}
	at, err := time.Parse(time.DateOnly, newest)
	if err != nil {
		t.Fatal(err)
	}
	for days, want := range map[int]doctor.Mark{0: doctor.OK, 91: doctor.Look} {
		c.now = func() time.Time { return at.AddDate(0, 0, days) }
		if got := of(c.examine(), "contacts"); len(got) != 1 || got[0].Mark != want {
			t.Errorf("after %d days: %+v", days, got)
		}
	}
}

// What a check found wrong is said, and a file of checks that cannot be read.
func TestChecksOfTheContacts(t *testing.T) {
	c := newClub(t)
	shout, _ := texts(t).Contact("uk-shout")
	c.now = func() time.Time { return time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC) }
	check := responses.Check{Contact: shout.ID, On: "2026-12-01", By: "AB", Note: "no answer", Details: shout.Details()}
	if err := responses.WriteChecks(filepath.Join(c.dir, responses.CheckFile), []responses.Check{check}); err != nil {
		t.Fatal(err)
	}
	got := of(c.examine(), "contacts")
	if len(got) != 2 || got[0].Mark != doctor.Look || !strings.Contains(got[0].Found, "uk-shout") || got[1].Mark != doctor.OK {
		t.Errorf("%+v", got)
	}
	c.write(responses.CheckFile, "checks: nonsense", 0o600)
	if got := of(c.examine(), "contacts"); len(got) != 1 || got[0].Mark != doctor.Mend {
		t.Errorf("%+v", got)
	}
}

func TestReportForPrograms(t *testing.T) {
	c := newClub(t)
	var b bytes.Buffer
	if err := c.examine().JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Checks []map[string]string
		OK     int
		Look   *int
		Mend   *int
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || got.OK == 0 || got.Look == nil || got.Mend == nil || *got.Mend != 0 {
		t.Errorf("%v: %s", err, &b)
	}
	for _, x := range got.Checks {
		if x["area"] == "" || x["check"] == "" || x["mark"] == "" || x["found"] == "" || (x["mark"] != "ok") != (x["do"] != "") {
			t.Errorf("%v", x)
		}
	}
}

func TestColourIsNeverAlone(t *testing.T) {
	r := doctor.Report{Checks: []doctor.Check{{Area: "A", Name: "n", Mark: doctor.Mend, Found: "f", Do: "d"}}}
	var b bytes.Buffer
	if err := r.Print(&b, texts(t), true); err != nil || !strings.Contains(b.String(), "\x1b[1;31mmend\x1b[0m") {
		t.Errorf("%q, %v", &b, err)
	}
}
