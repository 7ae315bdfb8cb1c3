package app_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
	"github.com/waymark-bot/waymark/internal/playground"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

const contacts = "safeguarding contacts"

// Staff add contacts of their own, with the command or its form; members see
// them first, and keep seeing them after a start; members cannot change them.
func TestStaffsOwnContacts(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(*testing.T) string) {
		c := newCommunity(t)
		dir, database := t.TempDir(), url(t)
		r := c.start(dir, database)
		eventually(t, 20*time.Second, "the commands are there", c.hasCommands)

		c.types("morgan", "staff-room", contacts, nil)
		c.reads("morgan", "There are none yet", "Add a contact")
		c.hides("morgan")
		c.types("morgan", "staff-room", contacts, map[string]string{"name": "Town council", "phone": "call us", "web": "http://x", "checked": "soon"})
		c.reads("morgan", "This contact was not added", "call us is no phone number", "begin with https://", "soon is no day in the past")
		c.hides("morgan")
		c.types("morgan", "staff-room", contacts, map[string]string{"name": "Childline", "phone": "0800 111"})
		c.reads("morgan", "0800 111 is a wrong or retired number")
		c.hides("morgan")
		c.types("morgan", "staff-room", contacts, map[string]string{"name": "Town council", "phone": "(01632) 960 001", "web": "council.example.org/children"})
		c.reads("morgan", "Added: Town council", "(01632) 960 001", "tel:01632960001", "https://council.example.org/children")
		list := c.mine("morgan", "contacts.add")
		add, _ := list.button("Add a contact")
		v := c.as("morgan")
		form, err := v.Press(playground.Press{Place: chat.PlaceID(list.Place), Verb: add.Verb, Arg: add.Arg, Private: list.ID})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, 30*time.Second, "the form is open and sent", func() bool {
			_, err = v.Submit(form, map[string]string{"name": "School counsellor", "where": "Ms Okoro, Room 12", "hours": "Mondays"})
			return err == nil
		})
		c.reads("morgan", "Added: School counsellor", "Ms Okoro, Room 12", "Shown to everyone")

		sees := func() string {
			t.Helper()
			c.types("robin", "general", "support", nil)
			text := c.reads("robin", "The staff here chose this contact").text()
			c.hides("robin")
			return text
		}
		if text := sees(); !inOrder(text, "(01632) 960 001", "Ms Okoro, Room 12", "999", "0800 1111") {
			t.Errorf("Robin sees %s", text)
		}
		if _, err := c.as("robin").Command("general", contacts, map[string]string{"name": "Me", "phone": "999"}); err == nil {
			t.Error("a member can use the command of staff")
		}

		r.kill()
		r = c.start(dir, database)
		eventually(t, 20*time.Second, "the program is connected", func() bool { return r.page("/readyz") == "ready\n" })
		if text := sees(); !inOrder(text, "(01632) 960 001", "Ms Okoro, Room 12", "999") {
			t.Errorf("after a start, Robin sees %s", text)
		}
	})
}

// inOrder says whether a text holds these words, one after the other.
func inOrder(text string, words ...string) bool {
	for _, w := range words {
		_, rest, ok := strings.Cut(text, w)
		if !ok {
			return false
		}
		text = rest
	}
	return true
}

// With the database gone members still get help, the server's own included.
func TestOwnContactsOutliveTheDatabase(t *testing.T) {
	c := newCommunity(t)
	dir := t.TempDir()
	database := filepath.Join(dir, "waymark.db")
	r := c.start(dir, database)
	eventually(t, 20*time.Second, "the commands are there", c.hasCommands)
	c.types("morgan", "staff-room", contacts, map[string]string{"name": "School counsellor", "where": "Room 12"})
	c.reads("morgan", "Added: School counsellor")
	c.hides("morgan")
	gone(t, r, database)
	c.types("robin", "general", "support", nil)
	c.reads("robin", "Room 12", "0800 1111")
	c.types("morgan", "staff-room", contacts, map[string]string{"name": "Nurse", "where": "Room 13"})
	c.reads("morgan", "This cannot be saved at the moment", "999")
}

// The same on Discord and Slack.
func TestOwnContactsOnDiscordAndSlack(t *testing.T) {
	c := newClub(t)
	c.start()
	c.setUp()
	c.f.AwaitCommands(contacts)
	added := c.mo.Slash(c.staff, contacts, discordtest.Option{Name: "name", Value: "School counsellor"},
		discordtest.Option{Name: "phone", Value: "01632 960 001"}).Reply()
	if !added.Private || !added.Has("Added: School counsellor", "01632 960 001") {
		t.Errorf("staff see %s", added.Text())
	}
	if got := c.ana.Slash(c.general, "support").Reply(); !got.Private || !inOrder(got.Text(), "School counsellor", "The staff here chose this contact", "0800 1111") {
		t.Errorf("Ana sees %s", got.Text())
	}

	s := newSchool(t)
	s.start()
	eventually(t, 20*time.Second, "what is typed is understood", func() bool { // right after the start it is not yet
		return s.mo.Slash(s.staff, "/waymark safeguarding contacts").Reply().Has("There are none yet")
	})
	reply := s.mo.Slash(s.staff, `/waymark safeguarding contacts name:"School counsellor" where:"Room 12" phone:01632 960 001`).Reply()
	if !reply.Has("Added: School counsellor", "Room 12", "01632 960 001") {
		t.Errorf("staff see %s", reply.Text())
	}
	if got := s.ana.Slash(s.general, "/waymark support").Reply(); !inOrder(got.Text(), "School counsellor", "Room 12", "0800 1111") {
		t.Errorf("Ana sees %s", got.Text())
	}
}
