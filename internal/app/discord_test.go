package app_test

import (
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

// club is a Discord server with the whole bot in it.
type club struct {
	t          testing.TB
	f          *discordtest.Fake
	guild      *discordtest.Guild
	mods       *discordtest.Role
	general    *discordtest.Channel
	staff      *discordtest.Channel
	ana, older *discordtest.Person
	mo, lead   *discordtest.Person
	dir        string
	extra      []string // of the environment
	stop       func()
}

func newClub(t testing.TB, withheld ...discordtest.Intent) *club {
	o := discordtest.Options{IdentifyEvery: -1, Patience: 20 * time.Second}
	if _, ok := t.(*testing.B); ok {
		o.Unchecked, o.GlobalLimit = true, -1
	}
	for _, i := range withheld {
		o.Withheld |= i
	}
	f := discordtest.New(t, o)
	g := f.Guild("Youth club")
	c := &club{t: t, f: f, guild: g, dir: t.TempDir(), mods: g.Role("Moderators", discordtest.ModerateMembers)}
	c.general = g.Text("general")
	c.staff = g.Text("staff", discordtest.Only(c.mods, g.BotRole()))
	c.ana, c.older = g.Member("Ana"), g.Member("Older")
	c.mo, c.lead = g.Member("Mo", c.mods), g.Member("Lead", c.mods)
	return c
}

func (c *club) environ() []string {
	return append([]string{
		"WAYMARK_DISCORD_TOKEN=" + c.f.Token(), "WAYMARK_DISCORD_BASE_URL=" + c.f.URL(),
		"WAYMARK_DATABASE_URL=" + filepath.Join(c.dir, "waymark.db"), "WAYMARK_HTTP_LISTEN=" + freeAddress(c.t),
		"WAYMARK_SECRET_KEY=0123456789abcdef0123456789abcdef", "WAYMARK_CONFIG=" + os.DevNull,
	}, c.extra...)
}

// start runs the bot in this process.
func (c *club) start() {
	c.t.Helper()
	c.stop = serve(c.t, configured(c.t, "", c.environ()...))
	c.f.AwaitConnected(1)
	c.f.AwaitCommands("safeguarding setup")
}

// setUp does what a volunteer does after inviting the bot.
func (c *club) setUp() {
	c.t.Helper()
	answer := c.guild.Owner().Slash(c.staff, "safeguarding setup",
		discordtest.Option{Name: "room", Value: c.staff.ID}, discordtest.Option{Name: "lead", Value: c.lead.ID}, discordtest.Option{Name: "region", Value: "UK"}).Reply()
	if !answer.Has("private: only staff can read it") {
		c.t.Fatalf("the set-up does not say that the room is private: %s", answer.Text())
	}
}

func (c *club) alert() discordtest.Message {
	c.t.Helper()
	return c.f.AwaitMessage(c.staff, func(m discordtest.Message) bool { return m.Has("Case 1: ") })
}

func TestDiscordFromInviteToClosedCase(t *testing.T) {
	c := newClub(t)
	c.start()
	c.setUp()
	c.guild.Owner().Press(c.guild.Owner().Private()[0], "Send a test alert").Reply()
	test := c.f.AwaitMessage(c.staff, func(m discordtest.Message) bool { return m.Has("this is a test") })

	help := c.ana.Slash(c.general, "support").Reply()
	if !help.Private || !help.Has("999", "0800 1111") {
		t.Errorf("help is not private or has no numbers: %s", help.Text())
	}
	c.ana.Press(help, "Hide")
	c.f.AwaitHidden(help)

	c.older.Say(c.general, worrying)
	card := c.f.AwaitMessage(c.staff, func(m discordtest.Message) bool { return m.ID != test.ID && m.Has("Case 2: ") })
	if !card.Has("Older", "Do not contact, warn or expose") || card.Has(marker) {
		t.Errorf("the card reads: %s", card.Text())
	}
	if shown := c.mo.Press(card, "Show message").Reply(); !shown.Private || !shown.Has(marker) {
		t.Errorf("the message is not shown: %s", shown.Text())
	}
	c.mo.Press(card, "I'm on it").Reply()
	c.f.Await("the card says who is on it", func() bool { return card.Now().Has("Mo is on it") })

	c.older.Say(c.general, "this is our little secret, don't tell your parents")
	thread := c.f.AwaitThread(card)
	c.f.Await("the line stands in the thread", func() bool { return len(thread.ByBot()) > 0 })

	ask := c.mo.Press(card.Now(), "Close").Reply()
	c.mo.Press(ask, "We acted on it")
	c.f.Await("the card says how it ended", func() bool { return card.Now().Has("Closed by Mo") })
	for _, p := range []*discordtest.Person{c.ana, c.older} {
		if n := len(p.Sees(c.staff)) + len(p.Directs()); n != 0 {
			t.Errorf("%s sees %d messages of staff's", p.Name, n)
		}
	}
}

func TestDiscordRoomOpenedToEveryone(t *testing.T) {
	c := newClub(t)
	c.start()
	c.setUp()
	c.staff.SetOverwrites()
	c.older.Say(c.general, worrying)
	card := c.f.AwaitDirect(c.lead, func(m discordtest.Message) bool { return m.Has("Case 1: ") })
	if !card.Has("the staff room can also be read by") {
		t.Errorf("the lead is not told why: %s", card.Text())
	}
	if n := len(c.staff.ByBot()); n != 0 {
		t.Errorf("%d messages stand where everybody can read them", n)
	}
}

func TestDiscordCatchesUp(t *testing.T) {
	c := newClub(t)
	c.start()
	c.setUp()
	c.stop()
	c.older.Say(c.general, worrying)
	c.ana.Say(c.general, "anyone up for the game jam?")
	c.start()
	c.alert()
	c.stop()
	c.start() // what was caught up with raises nothing twice
	c.older.Say(c.general, "this is our little secret, don't tell your parents")
	c.f.AwaitThread(c.alert())
	if n := len(c.staff.ByBot()); n != 1 {
		t.Errorf("%d cards stand in the staff room, want 1", n)
	}
}

// Without the message content intent Discord's own AutoMod looks for the
// textbook phrases, and staff are told how much weaker that is.
func TestDiscordWithoutMessageContent(t *testing.T) {
	c := newClub(t, discordtest.MessageContent)
	c.guild.BotRole().Grant(discordtest.BotByDefault | discordtest.ManageGuild)
	c.extra = []string{"WAYMARK_DISCORD_AUTOMOD=true",
		`WAYMARK_SERVERS=[{platform: discord, id: "` + c.guild.ID + `", staff_channel: "` + c.staff.ID + `"}]`}
	c.start()
	c.f.Await("the rules are there", func() bool { return len(c.guild.Rules()) > 0 })
	if n := len(c.guild.Rules()); n > 6 {
		t.Errorf("%d rules, of at most 6", n)
	}
	c.ana.Say(c.general, "my dad hits me")
	c.alert()
	state := c.mo.Slash(c.staff, "safeguarding status").Reply()
	if !state.Has("the whole server") {
		t.Errorf("the status does not say how much is missed: %s", state.Text())
	}
}

func TestDiscordForgetsAServerThatItLeft(t *testing.T) {
	c := newClub(t)
	c.start()
	c.setUp()
	c.stop()
	c.guild.RemoveBot() // while the program does not run
	c.start()
	eventually(t, 30*time.Second, "the server is to be forgotten", func() bool { return c.planned("server.forget") == 1 })
	c.guild.AddBot(discordtest.BotByDefault)
	eventually(t, 30*time.Second, "the server is kept", func() bool { return c.planned("server.forget") == 0 })
}

// planned counts the ledger's rows of a kind.
func (c *club) planned(kind string) (n int) {
	c.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.dir, "waymark.db")+"?mode=ro")
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(c.t.Context(), `SELECT count(*) FROM ledger WHERE kind = ?`, kind).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

// BenchmarkDiscordAlert measures from what somebody wrote to the card in the
// staff channel, through gateway, database and REST, one after the other.
func BenchmarkDiscordAlert(b *testing.B) {
	c := newClub(b)
	c.start()
	c.setUp()
	var took []time.Duration
	for i := range b.N {
		who := c.guild.Member("writer-" + strconv.Itoa(i) + ".")
		from := time.Now()
		who.Say(c.general, worrying)
		c.f.AwaitMessage(c.staff, func(m discordtest.Message) bool { return m.Has("writer-" + strconv.Itoa(i) + ".") })
		took = append(took, time.Since(from))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
}

// The gateway delivers a message once. A program that is killed before the
// alert went out finds it again in the channel's history.
func TestDiscordSurvivesAKill(t *testing.T) {
	c := newClub(t)
	c.start()
	c.setUp()
	c.stop()
	for i := range 5 {
		run := func() *exec.Cmd {
			cmd := exec.Command(built, "run")
			cmd.Env = append(os.Environ(), c.environ()...)
			cmd.Stderr = t.Output()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			return cmd
		}
		first := run()
		c.f.AwaitConnected(1)
		who := c.guild.Member(strings.Repeat("x", i+1))
		who.Say(c.general, worrying)
		<-time.After(time.Duration(i*i) * 3 * time.Millisecond)
		_ = first.Process.Kill()
		_ = first.Wait()
		c.f.AwaitDisconnected()
		second := run()
		c.f.AwaitMessages(c.staff, i+1)
		if n := len(c.staff.ByBot()); n != i+1 {
			t.Errorf("%d cards after %d messages", n, i+1)
		}
		_ = second.Process.Kill()
		_ = second.Wait()
		c.f.AwaitDisconnected()
	}
}
