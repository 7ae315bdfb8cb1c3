package app_test

import (
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/discord/discordtest"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// The quiz, the class question and the tips are the same on Discord.
func TestDiscordQuiz(t *testing.T) {
	c := newClub(t)
	c.start()
	c.setUp()
	for _, name := range []string{"quiz", "safeguarding quiz", "safeguarding tips"} {
		c.f.AwaitCommands(name)
	}
	question := c.ana.Slash(c.general, "quiz").Reply()
	if !question.Private || !question.Has("Quiz: question 1 of 5") {
		t.Fatalf("the quiz begins with: %s", question.Text())
	}
	c.ana.Press(question, question.Buttons()[0].Label)
	c.f.Await("the answer is explained", func() bool { return question.Now().Has("You chose: ") })
	c.ana.Press(question.Now(), "Next question")
	c.f.Await("the next question stands in its place", func() bool { return question.Now().Has("Quiz: question 2 of 5") })
	c.ana.Press(question.Now(), "Hide")
	c.f.AwaitHidden(question)

	preview := c.mo.Slash(c.general, "safeguarding quiz", discordtest.Option{Name: "topic", Value: "sextortion"}).Reply()
	if !preview.Private || len(c.general.ByBot()) != 0 {
		t.Errorf("the question is public before staff saw it: %s", preview.Text())
	}
	c.mo.Press(preview, "Ask it here")
	asked := c.f.AwaitMessage(c.general, func(m discordtest.Message) bool { return m.Has("A question for everyone here") })
	for _, p := range []*discordtest.Person{c.ana, c.older, c.mo, c.lead, c.guild.Owner()} {
		if thanks := c.press(p, asked, asked.Buttons()[0].Label); !thanks.Private || !thanks.Has("Your answer is counted") {
			t.Errorf("%s is told: %s", p.Name, thanks.Text())
		}
	}
	if again := c.press(c.ana, asked, asked.Buttons()[1].Label); !again.Has("You have answered already") {
		t.Errorf("a second answer gives: %s", again.Text())
	}
	c.mo.Press(c.press(c.mo, asked, "Show the answers (staff)"), "Show the answers")
	c.f.Await("the chart is there", func() bool { return asked.Now().Has(asked.Buttons()[0].Label+": 5 of 5", strings.Repeat("▇", 12)) })

	tips := c.mo.Slash(c.staff, "safeguarding tips", discordtest.Option{Name: "channel", Value: c.general.ID},
		discordtest.Option{Name: "day", Value: "friday"}, discordtest.Option{Name: "hour", Value: "9"}).Reply()
	if !tips.Private || !tips.Has("#general", "Fridays at 09:00, London time") {
		t.Errorf("the tips are: %s", tips.Text())
	}
}

// press presses a button and gives what only that person sees.
func (c *club) press(p *discordtest.Person, m discordtest.Message, label string) discordtest.Message {
	c.t.Helper()
	return p.Press(m, label).Reply()
}

// And on Slack, typed.
func TestSlackQuiz(t *testing.T) {
	inBothModes(t, func(t *testing.T, s *school) {
		s.start()
		question := s.ana.Slash(s.general, "/waymark quiz").Reply()
		if !question.Has("Quiz: question 1 of 5") {
			t.Fatalf("the quiz begins with: %s", question.Text())
		}
		s.ana.Press(question, question.Buttons()[0].Label)
		explained := s.f.AwaitPrivate(s.ana, func(m slacktest.Message) bool { return m.Has("You chose: ") })
		s.ana.Press(explained, "Hide")
		s.f.AwaitHidden(explained)

		preview := s.mo.Slash(s.general, "/waymark safeguarding quiz sextortion").Reply()
		s.mo.Press(preview, "Ask it here")
		asked := s.f.AwaitMessage(s.general, func(m slacktest.Message) bool { return m.Has("A question for everyone here") })
		s.ana.Press(asked, asked.Buttons()[0].Label)
		s.f.AwaitPrivate(s.ana, func(m slacktest.Message) bool { return m.Has("Your answer is counted") })
		s.mo.Press(asked, "Show the answers (staff)")
		confirm := s.f.AwaitPrivate(s.mo, func(m slacktest.Message) bool { return m.Has("Show the answers to everyone?") })
		s.mo.Press(confirm, "Show the answers")
		s.f.Await("the answer is there, without numbers", func() bool { return asked.Now().Has("Only a few people answered", "What fits best: ") })

		tips := s.mo.Slash(s.staff, "/waymark safeguarding tips <#"+s.general.ID+"|general> Friday 9:00 zone:UTC").Reply()
		if !tips.Has("#general", "Fridays at 09:00, UTC") {
			t.Errorf("the tips are: %s", tips.Text())
		}
	})
}
