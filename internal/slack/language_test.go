package slack

import (
	"testing"

	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// Slack does not say with a command which language somebody reads; it is looked
// up with their name.
func TestTheLanguageOfTheClientComesWithACommand(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	b.help()
	ana, general := b.team.Member("Ana"), b.team.Public("general")
	b.run()
	b.f.AwaitConnected(1)
	ana.Slash(general, "/waymark").Reply()
	b.mu.Lock()
	defer b.mu.Unlock()
	if got := b.commands[0].Person.Locale; got != "en-GB" {
		t.Errorf("the language is %q", got)
	}
}
