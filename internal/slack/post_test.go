package slack

import (
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// A card that nobody tried to send before is not looked for, however full the
// channel is; one that may be there is.
func TestAFirstAttemptLooksForNothing(t *testing.T) {
	b := newBot(t, slacktest.Options{})
	staff := b.team.Private("staff", slacktest.WithBot)
	post := chat.Post{Server: b.server(), Place: chat.PlaceID(staff.ID), Card: cards()["alert"], Key: "k", First: true}
	first, err := b.Post(t.Context(), post)
	if err != nil || b.f.Count("conversations.history") != 0 {
		t.Fatalf("the first attempt looked %d times, %v", b.f.Count("conversations.history"), err)
	}
	post.First = false
	other := quick(t, b.f, b.team.Token()) // remembers nothing
	if again, err := other.Post(t.Context(), post); err != nil || again != first {
		t.Errorf("the second attempt gave %+v, %v; want %+v", again, err, first)
	}
	if n := len(staff.ByBot()); n != 1 {
		t.Errorf("%d cards stand there", n)
	}
}
