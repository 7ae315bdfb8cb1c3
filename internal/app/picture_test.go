package app_test

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/discord/discordtest"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// Discord shows a topic's picture to the one who asked, with its words for who
// cannot see it, and takes it away with the text that it belongs to.
func TestPicturesOnDiscord(t *testing.T) {
	c := newClub(t)
	c.start()
	c.setUp()
	c.f.AwaitCommands("learn")
	files := func() (n int, last discordtest.Request) {
		for _, r := range c.f.Requests() {
			if len(r.Files) > 0 {
				n, last = n+1, r
			}
		}
		return n, last
	}
	topic := c.ana.Slash(c.general, "learn", discordtest.Option{Name: "topic", Value: "sextortion"}).Reply()
	if !topic.Private || !topic.Has("Blackmail with pictures") {
		t.Fatalf("the topic is: %s", topic.Text())
	}
	n, r := files()
	if n != 1 || !strings.Contains(string(r.Body), `"url":"attachment://sextortion.png"`) || !strings.Contains(string(r.Body), `1. Stop replying.`) {
		t.Errorf("%d requests carry files; %s", n, r.Body)
	}
	if _, err := png.Decode(bytes.NewReader(r.Files["sextortion.png"])); err != nil {
		t.Errorf("the picture: %v", err)
	}
	c.ana.Press(topic, "Read more")
	c.f.Await("the longer text is there", func() bool { return topic.Now().Has("Some of them are gangs") })
	all := c.f.Requests()
	if last := string(all[len(all)-1].Body); !strings.Contains(last, `"attachments":[]`) {
		t.Errorf("the picture stays: %s", last)
	}
}

// Slack cannot show a picture to one person alone: the text says all of it.
func TestPicturesOnSlack(t *testing.T) {
	s := newSchool(t)
	s.start()
	var topic slacktest.Message
	eventually(t, 20*time.Second, "what is typed is understood", func() bool { // right after the start it is not yet
		topic = s.ana.Slash(s.general, "/waymark learn sextortion").Reply()
		return topic.Has("Blackmail with pictures")
	})
	if !topic.Has("Blackmail with pictures", "Stop replying", "Keep the messages", "Then block the person", "Tell an adult you trust") {
		t.Errorf("the topic is: %s", topic.Text())
	}
}
