package app_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

const changed = "Waymark was changed here"

// notices are the cards that tell somebody of a change, in a place.
func (c *community) notices(who chat.PersonID, in string) []shown {
	return slices.DeleteFunc(c.cards(who, in), func(s shown) bool { return s.title() != changed })
}

// alerts are the cards of cases that somebody sees in the staff room.
func (c *community) alerts(who chat.PersonID) []shown {
	return slices.DeleteFunc(c.cards(who, "staff-room"), func(s shown) bool { return !strings.HasPrefix(s.title(), "Case ") })
}

// A program that is killed anywhere between a change and its notice has told
// staff once.
func TestAKilledProgramTellsOfAChangeOnce(t *testing.T) {
	killedAt(t, []int{4, 5, 6, 7}, killAtNotice) // around the post
}

func killAtNotice(t *testing.T, i int, dir, database string) {
	c := newCommunity(t)
	first := c.start(dir, database)
	eventually(t, 20*time.Second, "the commands are there", c.hasCommands)
	c.types("morgan", "staff-room", words, map[string]string{"rule": "secrecy.dont-tell-carer"})
	rule := c.reads("morgan", "The rule secrecy.dont-tell-carer")
	var once sync.Once
	c.at.Intercept(killAt(i, func() { once.Do(first.kill) }, nil))
	c.presses("morgan", rule, "Switch it off")
	select {
	case err := <-first.done:
		first.done <- err
	case <-time.After(20 * time.Second):
		t.Fatal("the notice was never posted")
	}
	c.at.Intercept(nil)
	second := c.start(dir, database)
	eventually(t, 20*time.Second, "staff are told", func() bool { return len(c.notices("morgan", "staff-room")) > 0 })
	eventually(t, 20*time.Second, "nothing waits any more", func() bool { return second.waiting() == "0" })
	if n := len(c.notices("morgan", "staff-room")); n != 1 {
		t.Errorf("staff are told %d times", n)
	}
	c.nobodyElseSees("alex", "robin", "sam")
}

// The same on Discord and Slack: the room is told, and where the leads are
// changed, so is the lead who was one.
func TestStaffAreToldOfChangesOnDiscordAndSlack(t *testing.T) {
	t.Run("discord", func(t *testing.T) {
		c := newClub(t)
		c.start()
		c.setUp()
		c.mo.Slash(c.staff, "safeguarding setup", discordtest.Option{Name: "threshold", Value: "urgent"},
			discordtest.Option{Name: "exclude", Value: c.general.ID}).Reply()
		told := c.f.AwaitMessage(c.staff, func(m discordtest.Message) bool { return m.Has(changed) })
		if !told.Has("Mo changed this on", "Now they are told from", "Not read any more: #"+c.general.Name(), "/safeguarding setup") || len(c.staff.ByBot()) != 1 {
			t.Errorf("the staff room reads %s", told.Text())
		}
		if n := len(c.lead.Directs()); n != 0 {
			t.Errorf("the lead reads %d cards that the room reads", n)
		}
		c.mo.Slash(c.staff, "safeguarding setup", discordtest.Option{Name: "lead", Value: c.mo.ID}).Reply()
		c.f.Await("the lead of before is told", func() bool {
			d := c.lead.Directs()
			return len(d) == 1 && d[0].Has(changed, "because you were a lead", "Mo now.")
		})
	})
	t.Run("slack", func(t *testing.T) {
		s := newSchool(t)
		s.start()
		s.mo.Slash(s.staff, "/waymark staff setup threshold:urgent").Reply()
		told := s.f.AwaitMessage(s.staff, func(m slacktest.Message) bool { return m.Has(changed) })
		if !told.Has("Mo changed this on", "Now they are told from", "/waymark staff setup") {
			t.Errorf("the staff room reads %s", told.Text())
		}
	})
}
