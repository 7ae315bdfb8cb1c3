package slacktest_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

func TestCardsAreUpdatedInPlace(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	blocks := slack.MsgOptionBlocks(slack.NewSectionBlock(plain("open"), nil, nil))
	_, ts, err := s.api.PostMessage(s.staff.ID, slack.MsgOptionText("open", false), blocks)
	if err != nil {
		t.Fatal(err)
	}
	card := s.f.AwaitMessage(s.staff, nil)
	if _, _, _, err = s.api.UpdateMessage(s.staff.ID, ts, slack.MsgOptionText("closed", false)); err != nil {
		t.Fatal(err)
	}
	if now := card.Now(); now.Text() != "open" || now.Fallback() != "closed" {
		t.Errorf("without new blocks the card reads %q, %q", now.Text(), now.Fallback())
	}
	blocks = slack.MsgOptionBlocks(slack.NewSectionBlock(plain("closed"), nil, nil))
	if _, _, _, err = s.api.UpdateMessage(s.staff.ID, ts, slack.MsgOptionText("closed", false), blocks); err != nil {
		t.Fatal(err)
	}
	if now := card.Now(); now.Text() != "closed" || now.Changes != 2 || !now.Edited {
		t.Errorf("the card is %+v", now)
	}
	link, err := s.api.GetPermalink(&slack.PermalinkParameters{Channel: s.staff.ID, Ts: ts})
	if err != nil || link != card.Link() || !strings.Contains(link, "/archives/"+s.staff.ID+"/p") {
		t.Errorf("the link is %q, %v", link, err)
	}
	if _, _, err = s.api.PostMessage(s.staff.ID, slack.MsgOptionText("more", false), slack.MsgOptionTS(ts)); err != nil {
		t.Fatal(err)
	}
	if below := s.f.AwaitReply(card, nil); below.ThreadTS != ts || below.Text() != "more" {
		t.Errorf("below the card: %+v", below)
	}
	if _, _, err = s.api.DeleteMessage(s.staff.ID, ts); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err = s.api.UpdateMessage(s.staff.ID, ts, slack.MsgOptionText("x", false)); code(err) != "message_not_found" {
		t.Errorf("once deleted: %v", err)
	}
}

func TestPingsAreKnown(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	g := s.w.Group("leads", s.lead)
	text := "<!here> " + s.lead.Mention() + " " + g.Mention() + " <https://example.org|x>"
	if _, _, err := s.api.PostMessage(s.staff.ID, slack.MsgOptionText("quiet", false), slack.MsgOptionBlocks(
		slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, text, false, false), nil, nil))); err != nil {
		t.Fatal(err)
	}
	if got := s.f.AwaitMessage(s.staff, nil).Pings(); !slices.Equal(got, []string{"here", s.lead.ID, g.ID}) {
		t.Errorf("it notifies %q", got)
	}
}

func TestDirectMessages(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	s.connect(acknowledge)
	s.kim.Direct("just us")
	if m := s.awaitMessages(1)[0]; m.ChannelType != "im" || m.Text != "just us" {
		t.Errorf("the app got %+v", m)
	}
	if _, _, err := s.api.PostMessage(s.kim.ID, slack.MsgOptionText("hello", false)); err != nil {
		t.Fatal(err)
	}
	if m := s.f.AwaitDirect(s.kim, nil); m.Text() != "hello" || m.ChannelID != s.kim.DirectChannel().ID {
		t.Errorf("Kim got %+v", m)
	}
	s.ana.RefuseDirect(true)
	if _, _, err := s.api.PostMessage(s.ana.ID, slack.MsgOptionText("hello", false)); err == nil {
		t.Error("somebody who refuses is written to")
	}
	if len(s.ana.Directs()) != 0 {
		t.Error("Ana got a message")
	}
}

func TestWhoIsWhere(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	ids, _, err := s.api.GetUsersInConversation(&slack.GetUsersInConversationParameters{ChannelID: s.staff.ID})
	if err != nil || !slices.Equal(ids, []string{s.lead.ID, s.w.BotID()}) {
		t.Errorf("in the staff room are %v, %v", ids, err)
	}
	in, _, err := s.api.GetConversationsForUser(&slack.GetConversationsForUserParameters{Types: []string{"public_channel", "private_channel"}})
	if err != nil || len(in) != 2 {
		t.Errorf("the bot is in %v, %v", in, err)
	}
	bot, err := s.api.GetBotInfo(slack.GetBotInfoParameters{})
	if err != nil || bot.UserID != s.w.BotID() {
		t.Errorf("the bot is %+v, %v", bot, err)
	}
}

func TestChoosingAndSuggesting(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	var got slack.BlockAction
	s.connect(func(c *socketmode.Client, e socketmode.Event) {
		switch data, ok := e.Data.(slack.InteractionCallback); {
		case ok && data.Type == slack.InteractionTypeBlockSuggestion:
			_ = c.Ack(*e.Request, slack.OptionsResponse{Options: []*slack.OptionBlockObject{slack.NewOptionBlockObject("t1", plain("About "+data.Value), nil)}})
			return
		case ok:
			got = *data.ActionCallback.BlockActions[0]
		}
		acknowledge(c, e)
	})
	_, _, err := s.api.PostMessage(s.general.ID, slack.MsgOptionText("choose", false), slack.MsgOptionBlocks(slack.NewActionBlock("do",
		slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Region"), "region",
			slack.NewOptionBlockObject("here", plain("Here"), nil), slack.NewOptionBlockObject("there", plain("There"), nil)),
		slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain("Topic"), "topic"),
		slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plain("Somebody"), "who"))))
	if err != nil {
		t.Fatal(err)
	}
	m := s.f.AwaitMessage(s.general, nil)
	if all := m.Selects(); len(all) != 3 || all[0].Label != "Region" || !slices.Equal(all[0].Values, []string{"here", "there"}) {
		t.Errorf("the selects are %+v", all)
	}
	s.kim.Choose(m, "Region", "There").AwaitAnswered()
	if got.ActionID != "region" || got.SelectedOption.Value != "there" {
		t.Errorf("the app got %+v", got)
	}
	s.kim.Choose(m, "who", s.ana.ID).AwaitAnswered()
	if got.SelectedUser != s.ana.ID {
		t.Errorf("the app got %+v", got)
	}
	if labels, values := s.kim.Suggest(m, "Topic", "privacy"); !slices.Equal(labels, []string{"About privacy"}) || !slices.Equal(values, []string{"t1"}) {
		t.Errorf("offered are %q, %q", labels, values)
	}
}

func TestWaysOfAsking(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	var addresses []string
	s.connect(func(c *socketmode.Client, e socketmode.Event) {
		if data, ok := e.Data.(slack.SlashCommand); ok {
			addresses = append(addresses, data.ResponseURL)
		}
		acknowledge(c, e)
	})
	s.kim.Slash(s.general, "/waymark help", slacktest.Twice(), slacktest.AnswerAt("https://evil.example.org/")).AwaitAnswered()
	s.f.AwaitSettled()
	if !slices.Equal(addresses, []string{"https://evil.example.org/", "https://evil.example.org/"}) {
		t.Errorf("the app got %q", addresses)
	}
	if n := s.f.Unanswered(); n != 0 {
		t.Errorf("%d are unanswered", n)
	}
}

func TestADeafOrDistantSlack(t *testing.T) {
	s := newSchool(t, slacktest.Options{AckWithin: 20 * time.Millisecond, Retries: []time.Duration{time.Millisecond}})
	s.connect(acknowledge)
	s.f.Deaf(true)
	s.kim.Say(s.general, "unheard")
	s.f.Await("Slack gives up", func() bool { return s.f.Lost() == 1 })
	s.f.Deaf(false)
	s.w.Dispatch(map[string]any{"type": "something_new"}) // which slack-go cannot read, and so never acknowledges
	s.f.Await("Slack gives up", func() bool { return s.f.Lost() == 2 })
	s.w.Overrun()
	s.f.Await("the app is told of too many events", func() bool { return s.f.Attempts("app_rate_limited") > 0 })
	s.f.SocketsDown(true)
	s.f.Drop()
	s.kim.Say(s.general, "nobody there")
	s.f.Await("Slack gives up", func() bool { return s.f.Lost() >= 3 })
	s.f.SocketsDown(false)
}

func TestAcknowledgementsAreTold(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	told := make(chan slacktest.Delivered, 10)
	s.f.OnAcknowledged(func(d slacktest.Delivered) { told <- d })
	s.connect(acknowledge)
	s.kim.Say(s.general, "hello")
	if d := <-told; d.What != "message" || !strings.Contains(string(d.Payload), "hello") {
		t.Errorf("told of %+v", d)
	}
}

func TestARequestThatHangs(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	for _, fault := range []slacktest.Fault{{Hang: true}, {HangAfter: true}} {
		before := len(s.general.ByBot())
		s.f.FailNext(1, "chat.postMessage", fault)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, _, err := s.api.PostMessageContext(ctx, s.general.ID, slack.MsgOptionText("hello", false))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if n := len(s.general.ByBot()) - before; (n == 1) != fault.HangAfter {
			t.Errorf("%d messages are there", n)
		}
	}
	if s.f.Count("chat.postMessage") != 2 || s.f.Requests()[1].Args["text"] != "hello" {
		t.Errorf("the requests are %+v", s.f.Requests())
	}
}

func TestUnknownArgumentsAreCaught(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	for change, says := range map[string]string{"colour=red": "unknown argument", "thread_ts=soon": "no timestamp", "metadata={}": "without event_type", "blocks={}": "no JSON list", "username=x": ""} {
		name, value, _ := strings.Cut(change, "=")
		_, _, _, err := s.api.SendMessage(s.general.ID, slack.MsgOptionText("x", false),
			slack.UnsafeMsgOptionEndpoint(s.f.URL()+"chat.postMessage", func(v url.Values) { v.Set(name, value) }))
		bad := strings.Join(s.f.Invalid(), "\n")
		s.f.Forgive()
		if says != "" && !strings.Contains(bad, says) || says == "" && code(err) != "missing_scope" {
			t.Errorf("%s: %v, %q", change, err, bad)
		}
	}
}
