package main

import (
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

func TestDiscordInvitePrintsTheLink(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	t.Chdir(t.TempDir())
	t.Setenv("WAYMARK_DISCORD_TOKEN", f.Token())
	t.Setenv("WAYMARK_DISCORD_BASE_URL", f.URL())
	var out, errOut strings.Builder
	if status := run(t.Context(), []string{"discord", "invite"}, strings.NewReader(""), &out, &errOut); status != 0 {
		t.Fatalf("it ended with %d: %s", status, errOut.String())
	}
	for _, w := range []string{f.URL() + "oauth2/authorize?", "client_id=" + f.BotID(), "scope=bot+applications.commands", "permissions="} {
		if !strings.Contains(out.String(), w) {
			t.Errorf("%q is not in %q", w, out.String())
		}
	}
}

func TestDiscordInviteWithoutATokenSaysWhereToFindIt(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("WAYMARK_DISCORD_TOKEN", "")
	var out, errOut strings.Builder
	if status := run(t.Context(), []string{"discord", "invite"}, strings.NewReader(""), &out, &errOut); status != 1 || !strings.Contains(errOut.String(), "discord.token") {
		t.Errorf("it ended with %d: %q %q", status, out.String(), errOut.String())
	}
}
