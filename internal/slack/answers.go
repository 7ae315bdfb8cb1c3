package slack

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

// This file brings answers to the one person who asked: as a message that only
// they see where they asked in a conversation, as a window where they asked on
// the Home tab, else as a direct message.

// show brings the handler's answer to the person.
func (a *asking) show(ctx context.Context, ans chat.Answer, err error) error {
	s := a.in.s
	if err != nil {
		s.log.Warn("an answer could not be made; the person is told to try again", "err", err)
		ans = chat.Show(s.o.TryAgain)
	}
	if ans.Form != nil {
		if err := a.open(ctx, formView(*ans.Form, a.origin())); err == nil {
			return nil
		} else if chat.IsPermanent(err) && codeOf(err) != "expired_trigger_id" && codeOf(err) != "trigger_expired" && codeOf(err) != "exchanged_trigger_id" && codeOf(err) != "" {
			s.log.Warn("a form could not be opened; a button for it is shown", "err", err)
		}
		ans = chat.Show(s.forms.keep(*ans.Form)) // too late: a button opens it
	}
	switch {
	case ans.Hide && a.private:
		return a.hide(ctx)
	case ans.Card == nil:
		return nil
	case ans.Replace && a.private:
		return a.replace(ctx, *ans.Card)
	}
	return a.reply(ctx, *ans.Card)
}

// reply shows a new private card.
func (a *asking) reply(ctx context.Context, c chat.Card) error {
	s := a.in.s
	if a.view == "modal" {
		return a.update(ctx, c)
	}
	if a.view == "home" || a.channel == "" {
		if a.open(ctx, cardView(c, a.origin())) == nil {
			return nil
		}
		return a.direct(ctx, c)
	}
	err := a.respond(ctx, &slack.WebhookMessage{ResponseType: slack.ResponseTypeEphemeral, ThreadTimestamp: a.thread}, &c)
	if err == nil {
		return nil
	}
	if !strings.HasPrefix(a.channel, "D") {
		at := chat.MessageRef{Server: a.server, Place: placeID(a.channel, a.thread)}
		if a.try(ctx, func(ctx context.Context) error { return s.Whisper(ctx, at, a.person.ID, c) }) == nil {
			return nil
		}
	}
	return a.direct(ctx, c)
}

// direct writes to the person alone.
func (a *asking) direct(ctx context.Context, c chat.Card) error {
	s := a.in.s
	return a.try(ctx, func(ctx context.Context) error {
		p, err := s.Direct(ctx, a.server, a.person.ID)
		if err != nil {
			return err
		}
		_, err = s.Post(ctx, chat.Post{Server: a.server, Place: p.ID, Card: c})
		return err
	})
}

// replace shows a card in the place of the private one that held the button.
func (a *asking) replace(ctx context.Context, c chat.Card) error {
	switch a.view {
	case "modal":
		return a.update(ctx, c)
	case "home":
		return a.try(ctx, func(ctx context.Context) error { return a.in.s.ShowHome(ctx, a.server, a.person.ID, c) })
	}
	if a.respond(ctx, &slack.WebhookMessage{ResponseType: slack.ResponseTypeEphemeral, ReplaceOriginal: true}, &c) == nil {
		return nil
	}
	return a.reply(ctx, c)
}

// hide removes the private answer that held the button. Slack lets nobody close
// a window but its reader, so there a few words take its place; the Home tab
// goes back to its first page.
func (a *asking) hide(ctx context.Context) error {
	switch a.view {
	case "modal":
		return a.update(ctx, a.in.s.o.Hidden)
	case "home":
		a.in.s.showHomeOf(ctx, a.in.h, a.server, a.person.ID, a.id, a.channel, a.at)
		return nil
	}
	return a.respond(ctx, &slack.WebhookMessage{ResponseType: slack.ResponseTypeEphemeral, DeleteOriginal: true}, nil)
}

// open opens a window, while Slack still lets it.
func (a *asking) open(ctx context.Context, v slack.ModalViewRequest) error {
	const op = "open window"
	if a.view == "modal" {
		return a.setView(ctx, v)
	}
	if a.trigger == "" {
		return &chat.Error{Op: op, Permanent: true, Err: errors.New("it is too late")}
	}
	ctx, cancel := context.WithDeadline(ctx, a.came.Add(a.in.s.time.trigger))
	defer cancel()
	return a.in.s.call(ctx, op, a.server, func(ctx context.Context, w *space) error {
		_, err := w.api.OpenViewContext(ctx, a.trigger, v)
		return err
	})
}

// update shows a card in the window that held the button.
func (a *asking) update(ctx context.Context, c chat.Card) error {
	return a.setView(ctx, cardView(c, a.origin()))
}

func (a *asking) setView(ctx context.Context, v slack.ModalViewRequest) error {
	return a.try(ctx, func(ctx context.Context) error {
		return a.in.s.call(ctx, "change window", a.server, func(ctx context.Context, w *space) error {
			_, err := w.api.UpdateViewContext(ctx, v, "", "", a.viewID)
			return err
		})
	})
}

// respond answers by the address that came with the question.
func (a *asking) respond(ctx context.Context, m *slack.WebhookMessage, c *chat.Card) error {
	const op = "answer"
	s := a.in.s
	if !s.trusted(a.replyTo) {
		return &chat.Error{Op: op, Permanent: true, Err: errors.New("there is no address of Slack's to answer to")}
	}
	if c != nil {
		m.Text = escaped(short(c.PlainText(), maxFallback))
		m.Blocks = &slack.Blocks{BlockSet: render(*c, maxMessageBlocks)}
	}
	return a.try(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, s.time.request)
		defer cancel()
		return problem(ctx, op, slack.PostWebhookCustomHTTPContext(ctx, a.replyTo, s.http, m))
	})
}

// trusted says whether an address to answer to is Slack's own, or on the host
// that the Web API is configured to be at.
func (s *Slack) trusted(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if u.Scheme == s.base.Scheme && strings.EqualFold(u.Host, s.base.Host) {
		return true
	}
	host := strings.ToLower(u.Hostname())
	return u.Scheme == "https" && u.Port() == "" && (host == "hooks.slack.com" || host == "hooks.slack-gov.com")
}

// try does something until it works, cannot work, or ctx ends.
func (a *asking) try(ctx context.Context, do func(context.Context) error) error {
	for attempt := 0; ; attempt++ {
		err := do(ctx)
		if err == nil || chat.IsPermanent(err) || attempt == 5 {
			return err
		}
		if a.in.s.time.retry.wait(ctx, attempt, min(chat.RetryAfter(err), time.Minute)) != nil {
			return err
		}
	}
}
