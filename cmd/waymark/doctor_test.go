package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

// TestFromInitToDoctor does what somebody does in the first minutes.
func TestFromInitToDoctor(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	g := f.Guild("Youth club")
	mods := g.Role("Moderators", discordtest.ModerateMembers)
	staff := g.Text("staff", discordtest.Only(mods, g.BotRole()))
	lead := g.Member("Jo", mods)
	dir := t.TempDir()
	t.Setenv("MY_TOKEN", f.Token())
	said, err := call(t, initCommand(), "--platform", "discord", "--region", "Wales", "--discord-token-env", "MY_TOKEN", "--dir", dir)
	if err != nil || !strings.Contains(said, "3. See whether all is well") || strings.Contains(said, f.Token()) {
		t.Fatalf("%v: %s", err, said)
	}
	file := filepath.Join(dir, "waymark.yaml")
	t.Setenv("WAYMARK_DISCORD_BASE_URL", f.URL())
	t.Setenv("WAYMARK_HTTP_LISTEN", "127.0.0.1:0")

	said, err = call(t, doctorCommand(), "--config", file)
	if err == nil || err.Error() != "something must be mended" || !strings.Contains(said, "mend  staff channel: No staff channel is set") ||
		!strings.Contains(said, "/safeguarding setup") || strings.Contains(said, "\x1b") {
		t.Errorf("%v: %s", err, said)
	}
	t.Setenv("WAYMARK_SERVERS", `[{platform: discord, id: "`+g.ID+`", staff_channel: "`+staff.ID+`", leads: ["`+lead.ID+`"]}]`)
	said, err = call(t, doctorCommand(), "--config", file, "--json")
	var got struct{ OK, Mend int }
	if e := json.Unmarshal([]byte(said), &got); err != nil || e != nil || got.Mend != 0 || got.OK == 0 {
		t.Errorf("%v, %v: %s", err, e, said)
	}
	for _, r := range f.Requests() {
		if r.Op() == discordtest.OpPost {
			t.Error("the doctor posted something")
		}
	}
	if _, err := call(t, initCommand(), "--platform", "discord", "--discord-token-env", "MY_TOKEN", "--dir", dir); err == nil ||
		!strings.Contains(err.Error(), "--force") {
		t.Errorf("a second init: %v", err)
	}
}

func TestInitWithoutATerminal(t *testing.T) {
	c := initCommand()
	c.SetIn(strings.NewReader(""))
	dir := t.TempDir()
	_, err := call(t, c, "--dir", dir)
	var usage usageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), "flags are needed: --platform") {
		t.Errorf("%v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("wrote %v", files)
	}
}
