package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/discord/discordtest"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// both are a Discord server and a Slack workspace that one program serves.
type both struct {
	*club
	school *school
}

func newBoth(t *testing.T) *both { return &both{newClub(t), newSchool(t)} }

// environ is that of the school with the club's added: one database, one page.
func (b *both) environ() []string {
	return append(b.school.environ(), "WAYMARK_DISCORD_TOKEN="+b.f.Token(), "WAYMARK_DISCORD_BASE_URL="+b.f.URL())
}

func (b *both) start() {
	b.t.Helper()
	b.stop = serve(b.t, configured(b.t, b.school.config(), b.environ()...))
	b.school.connected()
	b.f.AwaitConnected(1)
	b.f.AwaitCommands("safeguarding setup")
	b.setUp()
}

// page is one of the program's own pages.
func (b *both) page(path string) string {
	return (&running{t: b.t, own: b.school.listen}).page(path)
}

func TestDiscordAndSlackTogether(t *testing.T) {
	b := newBoth(t)
	b.start()
	b.older.Say(b.club.general, worrying)
	b.school.older.Say(b.school.general, worrying)
	b.club.alert()
	b.school.alert()

	b.mo.Press(b.club.alert(), "I'm on it").Reply()
	b.f.Await("Discord's card says who is on it", func() bool { return b.club.alert().Now().Has("Mo is on it") })
	if b.school.alert().Now().Has("Mo is on it") {
		t.Error("a button on Discord changed the card on Slack")
	}
	for platform, help := range map[string]string{
		"discord": b.ana.Slash(b.club.general, "support").Reply().Text(),
		"slack":   b.school.ana.Slash(b.school.general, "/waymark support").Reply().Text(),
	} {
		if !strings.Contains(help, "0800 1111") {
			t.Errorf("%s: help has no number: %s", platform, help)
		}
	}
	b.oneCardEach()
}

// oneCardEach fails where staff on either see anything but one card.
func (b *both) oneCardEach() {
	b.t.Helper()
	if d, s := len(b.club.staff.ByBot()), len(b.school.staff.ByBot()); d != 1 || s != 1 {
		b.t.Errorf("%d cards stand on Discord and %d on Slack, want one each", d, s)
	}
}

func TestSlackDownDiscordServed(t *testing.T) {
	b := newBoth(t)
	b.start()
	b.school.f.Intercept(func(slacktest.Request) slacktest.Fault { return slacktest.Fault{Hang: true} })
	b.school.f.SocketsDown(true)
	b.school.f.Drop()
	b.school.older.Say(b.school.general, worrying)
	from := time.Now()
	b.older.Say(b.club.general, worrying)
	b.club.alert()
	t.Logf("alerted on Discord %v after the message, while Slack is down", time.Since(from).Round(time.Millisecond))
	if help := b.ana.Slash(b.club.general, "support").Reply(); !help.Has("0800 1111") {
		t.Errorf("no help on Discord while Slack is down: %s", help.Text())
	}
	if said := b.page("/readyz"); !strings.Contains(said, "slack") || strings.Contains(said, "discord") {
		t.Errorf("/readyz says %q", said)
	}
	b.school.f.SocketsDown(false)
	b.school.f.Intercept(nil)
	eventually(t, 40*time.Second, "Slack is told, once it is back", func() bool { return len(b.school.staff.ByBot()) > 0 })
	b.oneCardEach()
}

func TestDiscordDownSlackServed(t *testing.T) {
	b := newBoth(t)
	b.start()
	b.f.Intercept(func(discordtest.Request) discordtest.Fault { return discordtest.Fault{Hang: true} })
	b.f.GatewayDown(true)
	b.f.Drop(0)
	b.older.Say(b.club.general, worrying)
	from := time.Now()
	b.school.older.Say(b.school.general, worrying)
	b.school.alert()
	t.Logf("alerted on Slack %v after the message, while Discord is down", time.Since(from).Round(time.Millisecond))
	if said := b.page("/readyz"); !strings.Contains(said, "discord") || strings.Contains(said, "slack") {
		t.Errorf("/readyz says %q", said)
	}
	b.f.GatewayDown(false)
	b.f.Intercept(nil)
	eventually(t, 40*time.Second, "Discord is told, once it is back", func() bool { return len(b.club.staff.ByBot()) > 0 })
	b.oneCardEach()
}

// A platform that refuses the bot for good is named, and takes nothing from
// the other.
func TestOnePlatformRefusesForGood(t *testing.T) {
	b := newBoth(t)
	b.school.w.RevokeToken()
	r := launch(t, b.school.dir, b.school.listen, b.school.config(), b.environ()...)
	b.f.AwaitConnected(1)
	b.f.AwaitCommands("safeguarding setup")
	b.setUp()
	b.older.Say(b.club.general, worrying)
	b.club.alert()
	if said := r.page("/readyz"); !strings.Contains(said, "install the app into the workspace again") {
		t.Errorf("/readyz says %q", said)
	}
}
