package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// technician follows the README in an empty folder, with nothing but what it
// says.
type technician struct {
	t   *testing.T
	dir string
	env []string
}

// types runs the program as it is typed, and gives what it prints.
func (x *technician) types(line string) string {
	x.t.Helper()
	cmd := exec.Command(built, strings.Fields(strings.TrimPrefix(line, "waymark "))...)
	cmd.Dir, cmd.Env = x.dir, append(os.Environ(), x.env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		x.t.Errorf("%s: %v", line, err)
	}
	x.t.Logf("$ %s\n%s", line, out)
	return string(out)
}

func (x *technician) writes(name, text string) {
	x.t.Helper()
	if err := os.WriteFile(filepath.Join(x.dir, name), []byte(text+"\n"), 0o600); err != nil {
		x.t.Fatal(err)
	}
}

// From nothing to a test alert in a school's Slack, as the README tells it.
func TestFirstMinutesOnSlack(t *testing.T) {
	x := &technician{t: t, dir: t.TempDir()}
	f := slacktest.New(t, slacktest.Options{Manifest: x.types("waymark slack manifest"), Patience: 20 * time.Second})
	school := f.Workspace("School")
	technician, lead, pupil := school.Owner(), school.Member("Lead"), school.Member("Pupil")
	staff, lessons := school.Private("staff", technician, lead), school.Public("lessons", pupil)
	listen := freeAddress(t)
	x.env = []string{"WAYMARK_SLACK_BASE_URL=" + f.URL(), "WAYMARK_HTTP_LISTEN=" + listen} // the test's own Slack
	x.writes("app-token", f.AppToken())
	x.writes("bot-token", school.Token())
	x.types("waymark init --platform slack --region UK --slack-bot-token-file bot-token --slack-app-token-file app-token")

	bot := launch(t, x.dir, listen, filepath.Join(x.dir, "waymark.yaml"), x.env...)
	ready(t, listen)
	staff.InviteBot()
	lessons.InviteBot()
	// Slack hands over private channels without their names.
	set := technician.Slash(staff, "/waymark staff setup room:<#"+staff.ID+"|> region:UK lead:<@"+lead.ID+">").Reply()
	t.Logf("the set-up says:\n%s", set.Text())
	if !set.Has("private: only staff can read it", "Lead") {
		t.Error("the set-up does not say that the room is private, and who the lead is")
	}
	technician.Slash(staff, "/waymark staff test").Reply()
	f.AwaitMessage(staff, func(m slacktest.Message) bool { return m.Has("this is a test") })
	pupil.Say(lessons, worrying)
	f.AwaitMessage(staff, func(m slacktest.Message) bool { return m.Has("Pupil", "#lessons") })

	if said := x.types("waymark doctor"); !strings.Contains(said, "0 to mend") {
		t.Error("the doctor finds something to mend beside a bot that runs")
	}
	bot.kill()
	if said := x.types("waymark doctor"); !strings.Contains(said, "0 to mend") {
		t.Error("the doctor finds something to mend")
	}
}
