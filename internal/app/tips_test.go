package app_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// Staff set the tip of the week, look at it and stop it; members cannot.
func TestTheTipOfTheWeek(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	c.types("morgan", "staff-room", "safeguarding tips", map[string]string{"channel": "general", "day": "friday", "hour": "9"})
	card := c.answer("morgan", "Tip of the week")
	for _, want := range []string{"#general", "Fridays at 09:00, London time"} {
		if !strings.Contains(card.text(), want) {
			t.Errorf("the card does not say %q: %s", want, card.text())
		}
	}
	c.presses("morgan", card, "Show the next tip")
	preview := c.mine("morgan", "tips.other")
	if !strings.Contains(preview.text(), "it is never your fault") {
		t.Errorf("the preview shows %s", preview.text())
	}
	c.presses("morgan", preview, "Take another tip")
	eventually(t, 30*time.Second, "another tip is shown", func() bool {
		return !strings.Contains(c.mine("morgan", "tips.other").text(), "it is never your fault")
	})
	c.types("morgan", "staff-room", "safeguarding status", nil)
	if s := c.answer("morgan", "Waymark's state"); !strings.Contains(s.text(), "Fridays at 09:00, London time, in #general") {
		t.Errorf("the status does not say it: %s", s.text())
	}
	c.presses("morgan", c.mine("morgan", "tips.stop"), "Stop the tips")
	eventually(t, 30*time.Second, "it is stopped", func() bool {
		for _, p := range c.seenBy("morgan").Private {
			if strings.Contains(p.text(), "Once a week Waymark can post") {
				return true
			}
		}
		return false
	})
	if _, err := c.as("alex").Command("general", "safeguarding tips", map[string]string{"channel": "general"}); err == nil {
		c.answer("alex", "This is for staff")
	}
	if n := len(c.cards("robin", "general")); n != 0 {
		t.Errorf("members see %d cards of what staff only looked at", n)
	}
}

// A program that is killed anywhere around a tip has posted it once, and what
// More shows is seen by the one who presses it alone.
func TestAKilledProgramPostsATipOnce(t *testing.T) {
	killedAt(t, []int{5, 6, 7}, killAtTip) // around the post
}

func killAtTip(t *testing.T, i int, dir, database string) {
	c := newCommunity(t)
	tipDue(t, database)
	var first *running
	var once sync.Once
	started := make(chan struct{})
	c.at.Intercept(killAt(i, func() {
		once.Do(func() {
			<-started
			first.kill()
		})
	}, nil))
	first = c.start(dir, database)
	close(started)
	select {
	case err := <-first.done:
		first.done <- err
	case <-time.After(20 * time.Second):
		t.Fatal("the tip was never posted")
	}
	c.at.Intercept(nil)
	second := c.start(dir, database)
	card := c.card("robin", "general")
	eventually(t, 20*time.Second, "nothing waits any more", func() bool { return second.waiting() == "0" })
	if n := len(c.cards("robin", "general")); n != 1 || card.title() != "Tip of the week" || card.Notify {
		t.Errorf("there are %d cards, the first %q, and it notifies: %v", n, card.title(), card.Notify)
	}
	c.presses("robin", card, "More")
	c.answer("robin", "It is not your fault")
	if n := len(c.seenBy("sam").Private); n != 0 {
		t.Errorf("Sam sees %d private answers of Robin's", n)
	}
}

// tipDue prepares a database in which a tip is due now.
func tipDue(t *testing.T, database string) {
	t.Helper()
	db := storetest.Open(t, database, store.Options{})
	ctx := context.Background()
	err := db.Write(ctx, func(tx *store.Tx) error {
		err := tx.PutTips(ctx, store.Tips{Platform: "playground", Server: "playground", Place: "general", PlaceName: "general",
			Weekday: time.Monday, Hour: 16, Zone: "Europe/London"})
		if err != nil {
			return err
		}
		_, err = tx.EnqueueOnce(ctx, "tips.post/playground/playground", store.LedgerRow{
			Kind: "tips.post", Platform: "playground", Server: "playground"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
