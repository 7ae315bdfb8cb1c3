package app_test

import (
	"encoding/csv"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/discord/discordtest"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// A member of staff takes a copy of what they may see; the program's own
// command writes all of it, while the bot runs. Nothing that members wrote is
// in either.
func TestExport(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(*testing.T) string) {
		c := newCommunity(t)
		dir, database := t.TempDir(), url(t)
		r := c.start(dir, database)
		eventually(t, 20*time.Second, "the commands are there", c.hasCommands)
		c.says("alex", "general", worrying)
		c.presses("morgan", c.card("morgan", "staff-room"), "I'm on it")
		c.answer("morgan", "You are on case 1")
		c.says("morgan", "general", worrying) // case 2 is about Morgan
		c.card("jo", "dm-jo")
		c.report("sam", map[string]string{"text": "for the lead " + marker, "who": "lead", "name": "none"}) // case 3
		eventually(t, 30*time.Second, "the report is there", func() bool { return len(c.cards("jo", "dm-jo")) == 2 })

		c.types("morgan", "staff-room", "safeguarding export", nil)
		staff := c.answer("morgan", "The cases, settings and history")
		c.types("jo", "staff-room", "safeguarding export", map[string]string{"format": "jsonl"})
		lead := c.answer("jo", "The cases, settings and history")
		if staff.File == nil || lead.File == nil || !strings.HasSuffix(staff.File.Name, ".csv") || !strings.HasSuffix(lead.File.Name, ".jsonl") {
			t.Fatalf("the files are %+v and %+v", staff.File, lead.File)
		}
		rows, err := csv.NewReader(strings.NewReader(string(staff.File.Data))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		numbers := column(rows, "case")
		if !slices.Contains(numbers, "1") || slices.Contains(numbers, "2") || slices.Contains(numbers, "3") {
			t.Errorf("Morgan's copy is of the cases %q", numbers)
		}
		for _, want := range []string{"setting", "case", "sign", "history"} {
			if !slices.Contains(column(rows, "kind"), want) {
				t.Errorf("the copy has no %s", want)
			}
		}
		for _, want := range []string{`"case":1`, `"case":2`, `"case":3`, `"what":"take"`, `"what":"export csv"`, `"what":"export jsonl"`, `"about":"Alex"`} {
			if !strings.Contains(string(lead.File.Data), want) {
				t.Errorf("the lead's copy does not have %s", want)
			}
		}

		// #nosec G204 -- the program under test
		cmd := exec.Command(built, "export", "--config", filepath.Join(dir, "waymark.yaml"), "--platform", "playground", "--server", "playground", "--format", "jsonl")
		cmd.Env = append(r.cmd.Env, "WAYMARK_DATABASE_URL="+database)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"case":1`, `"case":2`, `"case":3`} {
			if !strings.Contains(string(out), want) {
				t.Errorf("the command's copy does not have %s", want)
			}
		}
		for name, data := range map[string][]byte{"Morgan's copy": staff.File.Data, "the lead's copy": lead.File.Data, "the command's copy": out} {
			noMarker(t, name, data)
		}
		cmd.Args[slices.Index(cmd.Args, "--server")+1] = "elsewhere"
		again := exec.Command(built, cmd.Args[1:]...)
		again.Env = cmd.Env
		if out, err := again.CombinedOutput(); err == nil || !strings.Contains(string(out), "nothing is kept of the server elsewhere") {
			t.Errorf("another server: %v, %s", err, out)
		}
	})
}

func column(rows [][]string, name string) (out []string) {
	i := slices.Index(rows[0], name)
	for _, r := range rows[1:] {
		out = append(out, r[i])
	}
	return out
}

// On Discord the file comes as a message that nobody else sees.
func TestExportOnDiscord(t *testing.T) {
	c := newClub(t)
	c.start()
	c.setUp()
	c.older.Say(c.general, worrying)
	c.alert()
	answer := c.mo.Slash(c.staff, "safeguarding export", discordtest.Option{Name: "format", Value: "jsonl"}).Reply()
	if !answer.Private || !answer.Has("nothing of what anybody wrote") {
		t.Errorf("the answer reads %s", answer.Text())
	}
	var file []byte
	eventually(t, 20*time.Second, "the file is there", func() bool {
		for _, r := range c.f.Requests() {
			for name, data := range r.Files {
				if strings.HasPrefix(name, "waymark-") && strings.HasSuffix(name, ".jsonl") && strings.Contains(string(r.Body), `"flags":64`) {
					file = data
				}
			}
		}
		return file != nil
	})
	if !strings.Contains(string(file), `"kind":"case"`) {
		t.Errorf("the file holds %s", file)
	}
	noMarker(t, "the file", file)
}

// Slack cannot give a file to one person alone.
func TestExportOnSlack(t *testing.T) {
	s := newSchool(t)
	s.start()
	if answer := s.mo.Slash(s.staff, "/waymark staff export").Reply(); !answer.Has("waymark export --platform slack --server " + s.w.ID) {
		t.Errorf("the answer reads %s", answer.Text())
	}
}
