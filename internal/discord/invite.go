package discord

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"github.com/waymark-bot/waymark/internal/chat"
)

// permInvite is what the bot is invited with, and all that it needs: to see
// channels and what came before, to write, and to keep a thread on each card.
const permInvite = permView | permSend | permHistory | permOpenThreads | permSendInThreads

// Invite is the address at which somebody who may manage a server lets the bot
// in. The application's id comes from Discord or, where that cannot be reached,
// from the token, which begins with it.
func (d *Discord) Invite(ctx context.Context) (string, error) {
	app, err := d.application(ctx)
	if err != nil {
		var ok bool
		if app, ok = idInToken(d.token()); chat.IsPermanent(err) || !ok {
			return "", err
		}
	}
	perms := permInvite
	if d.o.AutoMod {
		perms |= permManageServer
	}
	q := url.Values{
		"client_id": {app.String()}, "permissions": {permString(perms)}, "scope": {"bot applications.commands"},
	}
	return d.base + "oauth2/authorize?" + q.Encode(), nil
}

// idInToken reads the id with which every token begins.
func idInToken(token string) (id, bool) {
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(first, "="))
	n := toID(string(raw))
	return n, err == nil && n != 0
}

// Check says whether the token is good and whether Discord grants what is
// asked for, in a sentence that says what to do; nil where all is well.
func (d *Discord) Check(ctx context.Context) error {
	var app struct {
		Flags int `json:"flags"`
	}
	err := d.get(ctx, "look up the application", "applications/@me", "", &app)
	if r := refusalOf(err); r != nil && r.status == 401 {
		why, _, _ := closing(4004)
		return errors.New(why)
	}
	if err != nil {
		return err
	}
	const contentAllowed, contentAllowedFew = 1 << 18, 1 << 19
	if !d.o.AutoMod && app.Flags&(contentAllowed|contentAllowedFew) == 0 {
		why, _, _ := closing(4014)
		return errors.New(why)
	}
	return nil
}
