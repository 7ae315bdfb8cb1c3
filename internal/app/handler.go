package app

import (
	"context"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/guide"
	"github.com/waymark-bot/waymark/internal/servers"
)

// handler brings what happens on one platform to the one that answers it.
type handler struct {
	app      *App
	platform string
}

// commandHome is what a platform asks for when somebody opens the bot's page.
const commandHome = "home"

var _ chat.Handler = (*handler)(nil)

func (h *handler) Message(ctx context.Context, m chat.Message) error {
	err := h.app.watch[h.platform].Message(ctx, h.platform, m)
	if err != nil && ctx.Err() == nil {
		h.app.log.Error("a message waits with its platform", "platform", h.platform, "server", m.Place.Server, "err", err)
		h.app.trouble.Begin(ctx, h.key(m.Place))
	}
	return err
}

// Deleted needs nothing: nothing of a message is kept, and a case whose
// message is gone says so when staff ask for it.
func (h *handler) Deleted(context.Context, chat.MessageRef) error { return nil }

func (h *handler) Command(ctx context.Context, c chat.Command) (chat.Answer, error) {
	defer h.timed("command", time.Now())
	if c.Name == commandHome {
		return chat.Show(h.app.desk.Home(ctx, h.platform, c, h.app.guide.Home(c.Person, h.server(c.Place)))), nil
	}
	if answer, ok, err := h.app.desk.Command(ctx, h.platform, c); ok || err != nil {
		return answer, err
	}
	answer, _, err := h.app.guide.Command(ctx, c, h.server(c.Place))
	return answer, err
}

func (h *handler) Action(ctx context.Context, a chat.Action) (chat.Answer, error) {
	defer h.timed("action", time.Now())
	if answer, ok, err := h.app.desk.Action(ctx, h.platform, a); ok || err != nil {
		return answer, err
	}
	answer, _, err := h.app.guide.Action(ctx, a, h.server(a.Place))
	return answer, err
}

func (h *handler) Submit(ctx context.Context, s chat.Submission) (chat.Answer, error) {
	defer h.timed("form", time.Now())
	if answer, ok, err := h.app.desk.Submit(ctx, h.platform, s); ok || err != nil {
		return answer, err
	}
	answer, _, err := h.app.guide.Submit(ctx, s, h.server(s.Place))
	return answer, err
}

func (h *handler) Complete(ctx context.Context, c chat.Command, option, typed string) ([]chat.Option, error) {
	if c.Name == "safeguarding case" || c.Name == "safeguarding words" {
		return h.app.desk.Complete(ctx, h.platform, c, typed)
	}
	return h.app.guide.Complete(ctx, c, option, typed, h.server(c.Place))
}

func (h *handler) key(p chat.Place) servers.Key {
	return servers.Key{Platform: h.platform, Server: p.Server}
}

// server is what the guide has to know. It asks no storage: help must come
// when everything else is down.
func (h *handler) server(p chat.Place) guide.Server {
	set := h.app.book.Remembered(h.key(p))
	return guide.Server{
		ID: p.Server, Platform: h.platform,
		Region: set.Region, Language: set.Language,
		KeepDays: int(h.app.keep.Cases.Hours() / 24),
		Contacts: h.app.contacts.Of(h.key(p)),
		Reporter: h.app.desk.Reporter(h.platform),
	}
}

func (h *handler) timed(kind string, from time.Time) {
	h.app.metrics.answers.WithLabelValues(kind).Observe(time.Since(from).Seconds())
}
