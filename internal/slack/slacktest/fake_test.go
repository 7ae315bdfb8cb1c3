package slacktest_test

import (
	"context"
	"errors"
	"io"
	"log"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// school is a small workspace with an app at work in it, which is slack-go as
// it comes.
type school struct {
	t       *testing.T
	f       *slacktest.Fake
	w       *slacktest.Workspace
	general *slacktest.Channel
	staff   *slacktest.Channel
	ana     *slacktest.Person
	kim     *slacktest.Person
	lead    *slacktest.Person
	api     *slack.Client

	mu   sync.Mutex
	seen []socketmode.Event
}

func newSchool(t *testing.T, opt slacktest.Options) *school {
	f := slacktest.New(t, opt)
	w := f.Workspace("Hill School")
	s := &school{t: t, f: f, w: w, ana: w.Member("Ana"), kim: w.Member("Kim"), lead: w.Member("Lead", slacktest.Admin)}
	s.general = w.Public("general")
	s.staff = w.Private("staff", s.lead, slacktest.WithBot)
	s.api = slack.New(w.Token(), slack.OptionAPIURL(f.URL()), slack.OptionAppLevelToken(f.AppToken()))
	return s
}

// connect opens a socket; answer gets each event with its request, and
// acknowledges it or not.
func (s *school) connect(answer func(c *socketmode.Client, e socketmode.Event)) (stop func()) {
	s.t.Helper()
	before := s.f.Sockets()
	client := socketmode.New(s.api, socketmode.OptionLog(log.New(io.Discard, "", 0)))
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = client.RunContext(ctx) })
	wg.Go(func() {
		for {
			select {
			case e := <-client.Events:
				s.mu.Lock()
				s.seen = append(s.seen, e)
				s.mu.Unlock()
				answer(client, e)
			case <-ctx.Done():
				return
			}
		}
	})
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	s.t.Cleanup(stop)
	s.f.AwaitConnected(before + 1)
	return stop
}

func acknowledge(c *socketmode.Client, e socketmode.Event) {
	if e.Request != nil && e.Request.EnvelopeID != "" {
		_ = c.Ack(*e.Request)
	}
}

// messages are the message events seen so far.
func (s *school) messages() (out []*slackevents.MessageEvent, requests []*socketmode.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.seen {
		outer, ok := e.Data.(slackevents.EventsAPIEvent)
		if !ok {
			continue
		}
		if m, ok := outer.InnerEvent.Data.(*slackevents.MessageEvent); ok {
			out, requests = append(out, m), append(requests, e.Request)
		}
	}
	return out, requests
}

func (s *school) awaitMessages(n int) []*slackevents.MessageEvent {
	s.t.Helper()
	s.f.Await("the app has the messages", func() bool { m, _ := s.messages(); return len(m) >= n })
	m, _ := s.messages()
	return m
}

func eventID(r *socketmode.Request) string {
	e, _ := slackevents.ParseEvent(r.Payload, slackevents.OptionNoVerifyToken())
	return e.Data.(*slackevents.EventsAPICallbackEvent).EventID
}

func TestMessageOverASocket(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	s.connect(acknowledge)
	said := s.kim.Say(s.general, "1 < 2 & see https://example.org/a, "+s.ana.Mention())
	m := s.awaitMessages(1)[0]
	if m.TimeStamp != said.TS || m.User != s.kim.ID || m.Channel != s.general.ID || m.ChannelType != "channel" {
		t.Errorf("got %+v", m)
	}
	if want := "1 &lt; 2 &amp; see <https://example.org/a>, <@" + s.ana.ID + ">"; m.Text != want {
		t.Errorf("the text is %q, want %q", m.Text, want)
	}
	if got := said.Text(); got != "1 < 2 & see https://example.org/a, @Ana" {
		t.Errorf("people see %q", got)
	}
	s.f.AwaitSettled()
}

func TestUnacknowledgedComesAgain(t *testing.T) {
	s := newSchool(t, slacktest.Options{AckWithin: 30 * time.Millisecond, Retries: []time.Duration{time.Millisecond, time.Millisecond}})
	s.connect(func(c *socketmode.Client, e socketmode.Event) {
		if e.Request != nil && e.Request.RetryAttempt == 2 {
			acknowledge(c, e)
		}
	})
	s.kim.Say(s.general, "hello")
	s.f.AwaitSettled()
	_, requests := s.messages()
	if len(requests) != 3 {
		t.Fatalf("it came %d times, want 3", len(requests))
	}
	for i, r := range requests {
		if r.RetryAttempt != i || eventID(r) != eventID(requests[0]) || i > 0 && r.EnvelopeID == requests[0].EnvelopeID {
			t.Errorf("number %d: attempt %d, event %s, envelope %s", i, r.RetryAttempt, eventID(r), r.EnvelopeID)
		}
	}
	if s.f.Lost() != 0 {
		t.Errorf("%d events are lost", s.f.Lost())
	}
}

func TestNobodyAcknowledges(t *testing.T) {
	s := newSchool(t, slacktest.Options{AckWithin: 20 * time.Millisecond, Retries: []time.Duration{time.Millisecond}})
	s.connect(func(*socketmode.Client, socketmode.Event) {})
	s.kim.Say(s.general, "hello")
	s.f.AwaitSettled()
	if s.f.Lost() != 1 || s.f.Attempts("message") != 2 {
		t.Errorf("%d lost after %d attempts, want 1 after 2", s.f.Lost(), s.f.Attempts("message"))
	}
}

func TestDroppedSocketGivesBackWhatWasOnItsWay(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	first := true
	s.connect(func(c *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeEventsAPI && first {
			first = false
			return // taken, never acknowledged
		}
		acknowledge(c, e)
	})
	s.kim.Say(s.general, "before")
	s.awaitMessages(1)
	s.f.Drop()
	s.kim.Say(s.general, "meanwhile")
	s.f.AwaitSettled()
	var texts []string
	for _, m := range s.awaitMessages(3) {
		texts = append(texts, m.Text)
	}
	slices.Sort(texts)
	if !slices.Equal(texts, []string{"before", "before", "meanwhile"}) {
		t.Errorf("the app has %q", texts)
	}
}

func TestPostIsSeen(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	_, ts, err := s.api.PostMessage(s.staff.ID, slack.MsgOptionText("Case 1", false), slack.MsgOptionBlocks(
		slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, "*Case 1*: <https://example.org|look> &amp; see", false, false), nil, nil),
		slack.NewActionBlock("do", slack.NewButtonBlockElement("case.take", "1", slack.NewTextBlockObject(slack.PlainTextType, "I'm on it", false, false)))),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "card", EventPayload: map[string]any{"key": "k1"}}))
	if err != nil {
		t.Fatal(err)
	}
	card := s.f.AwaitMessage(s.staff, func(m slacktest.Message) bool { return m.Has("look & see", "[I'm on it]") })
	if card.TS != ts || card.Fallback() != "Case 1" || len(card.Pings()) != 0 {
		t.Errorf("the card is %+v", card)
	}
	if n := len(s.ana.Sees(s.staff)); n != 0 {
		t.Errorf("Ana sees %d messages of staff's", n)
	}
	history, err := s.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: s.staff.ID, IncludeAllMetadata: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := history.Messages[0].Metadata.EventPayload["key"]; got != "k1" {
		t.Errorf("the history has the key %v", got)
	}
	bare, err := s.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: s.staff.ID})
	if err != nil || bare.Messages[0].Metadata.EventPayload != nil {
		t.Errorf("unasked, the history has %v, %v", bare.Messages[0].Metadata, err)
	}
}

func TestEphemeralIsSeenByOne(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	if _, err := s.api.PostEphemeral(s.general.ID, s.kim.ID, slack.MsgOptionText("help", false)); err != nil {
		t.Fatal(err)
	}
	if note := s.f.AwaitPrivate(s.kim, nil); !note.Private || note.Text() != "help" {
		t.Errorf("Kim sees %q", note.Text())
	}
	if n := len(s.ana.Private()) + len(s.ana.Sees(s.general)); n != 0 {
		t.Errorf("Ana sees %d messages", n)
	}
	if _, err := s.api.PostEphemeral(s.staff.ID, s.kim.ID, slack.MsgOptionText("help", false)); err == nil || err.Error() != "user_not_in_channel" {
		t.Errorf("got %v", err)
	}
}

func TestSlashCommandAnswersAndButtons(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	s.connect(func(c *socketmode.Client, e socketmode.Event) {
		switch data := e.Data.(type) {
		case slack.SlashCommand:
			_ = c.Ack(*e.Request)
			_, _, err := s.api.PostMessage("", slack.MsgOptionText("Help for "+data.Text, false), slack.MsgOptionBlocks(
				slack.NewActionBlock("do", slack.NewButtonBlockElement("hide", "", slack.NewTextBlockObject(slack.PlainTextType, "Hide", false, false)),
					slack.NewButtonBlockElement("next", "2", slack.NewTextBlockObject(slack.PlainTextType, "Next", false, false)))),
				slack.MsgOptionResponseURL(data.ResponseURL, slack.ResponseTypeEphemeral))
			if err != nil {
				t.Errorf("answer: %v", err)
			}
		case slack.InteractionCallback:
			_ = c.Ack(*e.Request)
			var err error
			if data.ActionCallback.BlockActions[0].ActionID == "hide" {
				_, _, err = s.api.PostMessage("", slack.MsgOptionDeleteOriginal(data.ResponseURL))
			} else {
				_, _, err = s.api.PostMessage("", slack.MsgOptionText("page 2", false), slack.MsgOptionReplaceOriginal(data.ResponseURL))
			}
			if err != nil {
				t.Errorf("answer: %v", err)
			}
		default:
			acknowledge(c, e)
		}
	})
	help := s.kim.Slash(s.general, "/waymark support").Reply()
	if !help.Private || !help.Has("[Hide]") || help.Fallback() != "Help for support" {
		t.Errorf("Kim sees %q", help.Text())
	}
	if n := len(s.ana.Sees(s.general)); n != 0 {
		t.Errorf("Ana sees %d messages", n)
	}
	if turned := s.kim.Press(help, "Next").Reply(); turned.TS != help.TS || turned.Text() != "page 2" {
		t.Errorf("it turned into %q", turned.Text())
	}
	s.kim.PressID(help.Now(), "hide", "")
	s.f.AwaitHidden(help)
}

func TestNoAnswerIsTold(t *testing.T) {
	s := newSchool(t, slacktest.Options{AckWithin: 30 * time.Millisecond})
	s.connect(func(*socketmode.Client, socketmode.Event) {})
	a := s.kim.Slash(s.general, "/waymark help")
	if why := a.AwaitFailed(); why != "timeout" {
		t.Errorf("failed with %q", why)
	}
	if n := s.f.Attempts("slash_commands"); n != 1 {
		t.Errorf("a command came %d times", n)
	}
}

func TestRateLimits(t *testing.T) {
	s := newSchool(t, slacktest.Options{Limits: map[string]slacktest.Limit{"users.info": {Requests: 2, Per: time.Minute}}})
	var err error
	for range 3 {
		_, err = s.api.GetUserInfo(s.kim.ID)
	}
	var limited *slack.RateLimitedError
	if !errors.As(err, &limited) || limited.RetryAfter < 30*time.Second || s.f.RateLimited() != 1 {
		t.Errorf("got %v", err)
	}
	s.f.FailNext(1, "auth.test", slacktest.Limited(1500*time.Millisecond))
	if _, err = s.api.AuthTest(); !errors.As(err, &limited) || limited.RetryAfter != 2*time.Second {
		t.Errorf("got %v", err)
	}
	if _, err = s.api.AuthTest(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestMissingScope(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	s.w.Revoke("groups:history")
	_, err := s.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: s.staff.ID})
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || refused.Err != "missing_scope" || refused.Needed != "groups:history" || refused.Provided == "" {
		t.Errorf("got %+v", refused)
	}
	s.connect(acknowledge)
	s.lead.Say(s.staff, "unheard")
	s.kim.Say(s.general, "heard")
	if m := s.awaitMessages(1); len(m) != 1 || m[0].Text != "heard" {
		t.Errorf("the app has %d messages", len(m))
	}
}
