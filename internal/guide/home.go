package guide

import (
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// Home is the page that a member finds where the platform gives the bot one:
// calm, and with help one press away.
func (g *Guide) Home(by chat.Person, s Server) chat.Card {
	g = g.speaking(by, s)
	c := g.help()
	last := len(c.Blocks) - 1
	c.Blocks[last] = chat.Controls{ // a page has nothing to hide
		g.getHelp(responses.Young),
		chat.Button{Label: g.texts.Say("ui.button.topics"), Verb: verbMenu},
		chat.Button{Label: g.texts.Say("ui.button.tell"), Verb: verbOpen},
	}
	return *g.dress(chat.Show(c), "", "").Card
}
