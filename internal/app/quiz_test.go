package app_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// buttons are those of a card whose verb begins so.
func (s shown) buttons(verb string) []button {
	var c struct {
		Blocks []struct{ Controls []button }
	}
	_ = json.Unmarshal(s.Card, &c)
	var out []button
	for _, b := range c.Blocks {
		for _, k := range b.Controls {
			if strings.HasPrefix(k.Verb, verb) {
				out = append(out, k)
			}
		}
	}
	return out
}

// mine waits for somebody's newest private answer that has such a button.
func (c *community) mine(who chat.PersonID, verb string) shown {
	c.t.Helper()
	var found shown
	eventually(c.t, 30*time.Second, string(who)+" sees "+verb, func() bool {
		for _, p := range c.seenBy(who).Private {
			if len(p.Card) > 0 && len(p.buttons(verb)) > 0 {
				found, found.Private = p, true
				return true
			}
		}
		return false
	})
	return found
}

// A member plays a round on their own, from the first question to the end.
func TestTheQuizOnThePlayground(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	c.types("robin", "general", "quiz", nil)
	for n := range 5 {
		card := c.mine("robin", "quiz.answer")
		c.presses("robin", card, card.buttons("quiz.answer")[0].Label)
		if n < 4 {
			c.presses("robin", c.mine("robin", "quiz.next"), "Next question")
		}
	}
	c.presses("robin", c.mine("robin", "quiz.end"), "Finish")
	end := c.answer("robin", "Thank you for taking part")
	if n := len(c.seenBy("robin").Private); n != 1 {
		t.Errorf("the quiz is spread over %d answers", n)
	}
	for _, who := range []chat.PersonID{"sam", "morgan"} {
		if n := len(c.seenBy(who).Private); n != 0 || len(c.cards(who, "general")) != 0 {
			t.Errorf("%s sees something of Robin's quiz", who)
		}
	}
	c.presses("robin", end, "Hide")
	eventually(t, 30*time.Second, "it is hidden", func() bool { return len(c.seenBy("robin").Private) == 0 })
}

// askClass has staff ask a question in the channel.
func (c *community) askClass() shown {
	c.t.Helper()
	c.types("morgan", "general", "safeguarding quiz", map[string]string{"topic": "sextortion"})
	preview := c.answer("morgan", "A question for everyone here")
	if len(c.cards("robin", "general")) != 0 {
		c.t.Error("the question is public before staff saw it")
	}
	c.presses("morgan", preview, "Ask it here")
	c.answer("morgan", "The question is there")
	return c.card("robin", "general")
}

// answers presses an answer below the class question.
func (c *community) answers(who chat.PersonID, asked shown, n int) {
	c.t.Helper()
	c.presses(who, asked, asked.buttons("class.answer")[n].Label)
}

// Staff ask everybody: each answers once and is thanked alone, and in the end
// everybody sees how many chose what, and nothing of who.
func TestAClassQuestion(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	asked := c.askClass()
	for i, who := range []chat.PersonID{"robin", "sam", "alex", "jo", "morgan"} {
		c.answers(who, asked, min(i, 1))
		if a := c.answer(who, "Thank you. Your answer is counted."); strings.Contains(a.text(), asked.buttons("class.answer")[0].Label) {
			t.Errorf("%s's screen says what they chose", who)
		}
	}
	c.answers("robin", asked, 2)
	c.answer("robin", "You have answered already")
	if now := c.card("sam", "general"); now.text() != asked.text() {
		t.Errorf("the question changed while people answered: %s", now.text())
	}
	c.presses("alex", asked, "Show the answers (staff)")
	c.answer("alex", "This is for staff")

	c.presses("morgan", asked, "Show the answers (staff)")
	confirm := c.answer("morgan", "Show the answers to everyone?")
	if !strings.Contains(confirm.text(), "5 people have answered") {
		t.Errorf("staff are asked: %s", confirm.text())
	}
	c.presses("morgan", confirm, "Show the answers")
	c.turns("robin", "general", "What fits best: ")
	end := c.card("robin", "general")
	for n, want := range []string{": 1 of 5\\n▇▇\"", ": 4 of 5\\n▇▇▇▇▇▇▇▇▇▇\"", ": 0 of 5\""} {
		if !strings.Contains(end.text(), asked.buttons("class.answer")[n].Label+want) {
			t.Errorf("the chart does not show %q: %s", want, end.text())
		}
	}
	for _, name := range []string{"Robin", "Sam", "Alex", "robin", "sam", "alex"} {
		if strings.Contains(end.text(), name) {
			t.Errorf("the totals name %s", name)
		}
	}
	if len(end.buttons("class.")) != 0 {
		t.Error("the question can still be answered")
	}
	c.presses("sam", end, "Read more about this")
	c.answer("sam", "Blackmail with pictures")
	if n := len(c.seenBy("alex").Private); n != 2 {
		t.Errorf("Alex sees %d private answers", n)
	}
}

// Of a few people no numbers are shown: somebody could work out who chose what.
func TestAClassOfAFewShowsNoNumbers(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	asked := c.askClass()
	for _, who := range []chat.PersonID{"robin", "sam", "alex", "jo"} {
		c.answers(who, asked, 0)
		c.answer(who, "Thank you.")
	}
	c.presses("morgan", asked, "Show the answers (staff)")
	confirm := c.answer("morgan", "Show the answers to everyone?")
	if !strings.Contains(confirm.text(), "Fewer than 5 people") {
		t.Errorf("staff are not told: %s", confirm.text())
	}
	c.presses("morgan", confirm, "Show the answers")
	c.turns("robin", "general", "Only a few people answered")
	if end := c.card("robin", "general"); strings.Contains(end.text(), "of 4") || strings.Contains(end.text(), "▇") {
		t.Errorf("it shows numbers: %s", end.text())
	}
	c.types("morgan", "staff-room", "safeguarding export", nil)
	if copied := c.answer("morgan", "The cases, settings and history").File; copied == nil || !inOrder(string(copied.Data), "Morgan", "class ", "Morgan", "class-end ") {
		t.Errorf("the history does not say who asked it and who ended it: %+v", copied)
	}
}

// A program that was started again has no totals. It says so, and the answer.
func TestAClassQuestionAfterARestart(t *testing.T) {
	c := newCommunity(t)
	dir := t.TempDir()
	database := filepath.Join(dir, "waymark.db")
	first := c.start(dir, database)
	eventually(t, 20*time.Second, "the commands are there", c.hasCommands)
	asked := c.askClass()
	c.answers("robin", asked, 0)
	c.answer("robin", "Thank you.")
	first.kill()
	second := c.start(dir, database)
	eventually(t, 20*time.Second, "it is connected", func() bool { return second.page("/readyz") == "ready\n" })
	c.answers("sam", asked, 0)
	over := c.answer("sam", "This question is over")
	if !strings.Contains(over.text(), "That is not your fault") || len(over.buttons("learn.read")) != 1 {
		t.Errorf("Sam is told: %s", over.text())
	}
	c.presses("morgan", asked, "Show the answers (staff)")
	if told := c.answer("morgan", "A question for everyone here"); !strings.Contains(told.text(), "started again") {
		t.Errorf("staff are told: %s", told.text())
	}
	c.turns("sam", "general", "I had to start again in between")
	if end := c.card("sam", "general"); !strings.Contains(end.text(), "What fits best: ") || len(end.buttons("class.")) != 0 {
		t.Errorf("the question ends as: %s", end.text())
	}
}
