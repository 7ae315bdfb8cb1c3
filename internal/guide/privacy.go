package guide

import (
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// privacy says what the bot reads and keeps, and who sees it.
func (g *Guide) privacy(s Server) chat.Card {
	keep := g.texts.Say("ui.privacy.keep")
	if s.KeepDays > 0 {
		keep = g.texts.Count("ui.privacy.days", s.KeepDays)
	}
	return chat.Card{
		Title: g.texts.Say("ui.privacy.title"), Tone: chat.Calm, Footer: g.texts.Say("ui.footer.private"),
		Blocks: []chat.Block{
			chat.Text(g.texts.Say("ui.privacy.bot")),
			chat.List{Title: g.texts.Say("ui.privacy.asktitle"), Items: g.texts.List("ui.privacy.ask")},
			chat.List{Title: g.texts.Say("ui.privacy.readtitle"), Items: g.texts.List("ui.privacy.read")},
			chat.List{Title: g.texts.Say("ui.privacy.kepttitle"), Items: append(g.texts.List("ui.privacy.kept"), keep)},
			chat.List{Title: g.texts.Say("ui.privacy.reporttitle"), Items: g.texts.List("ui.privacy.report")},
			chat.List{Title: g.texts.Say("ui.privacy.rightstitle"), Items: g.texts.List("ui.privacy.rights")},
			chat.Controls{g.getHelp(responses.Young), g.hide()},
		},
	}
}

// help says what the bot can do.
func (g *Guide) help() chat.Card {
	return chat.Card{
		Title: g.texts.Say("ui.help.title"), Tone: chat.Calm, Footer: g.texts.Say("ui.footer.private"),
		Blocks: []chat.Block{
			chat.Text(g.texts.Say("ui.help.intro")),
			chat.List{Items: g.texts.List("ui.help.can")},
			chat.Controls{
				g.getHelp(responses.Young),
				chat.Button{Label: g.texts.Say("ui.button.topics"), Verb: verbMenu},
				chat.Button{Label: g.texts.Say("ui.button.tell"), Verb: verbOpen},
				g.hide(),
			},
		},
	}
}

// Commands describes the commands, for platforms that register them.
func (g *Guide) Commands() []chat.CommandSpec {
	say := func(key string) string { return g.texts.Say("ui.command." + key) }
	return []chat.CommandSpec{
		{Name: cmdLearn, Description: say("learn"), Options: []chat.OptionSpec{
			{Name: "topic", Description: say("topic"), Completes: true}}},
		{Name: cmdAsk, Description: say("ask"), Default: true, Options: []chat.OptionSpec{
			{Name: "question", Description: say("question"), Required: true}}},
		{Name: cmdSupport, Description: say("support"), Options: []chat.OptionSpec{
			{Name: "need", Description: say("need"), Choices: g.needOptions()},
			{Name: "region", Description: say("region"), Choices: g.regionOptions()},
			{Name: "who", Description: say("who"), Choices: g.whoOptions()}}},
		{Name: cmdReport, Description: say("report")},
		{Name: cmdQuiz, Description: say("quiz")},
		{Name: cmdPrivacy, Description: say("privacy")},
		{Name: cmdMessage, Description: say("message"), OnMessage: true},
	}
}

// Translate gives what Commands says in all other languages, by BCP 47 tag: a
// command's name, its description, an option or a choice.
func Translate(texts *responses.Texts) func(text string) map[string]string {
	return func(text string) map[string]string {
		return texts.Others(text, "ui.name.", "ui.command.", "ui.need.", "ui.region.", "ui.who.", "ui.support.elsewhere")
	}
}
