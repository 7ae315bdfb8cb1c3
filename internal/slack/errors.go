package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

// refusal is what Slack answered instead of doing what was asked: its own name
// for it, and what can be done.
type refusal struct {
	code   string
	remedy string
}

func (r *refusal) Error() string {
	if r.remedy == "" {
		return "Slack answered " + r.code
	}
	return "Slack answered " + r.code + ": " + r.remedy
}

// remedies are what can be done about a refusal, by Slack's name for it.
func remedy(code string) string {
	switch code {
	case "invalid_auth", "not_authed":
		return "the token is wrong; copy it again from the app's settings"
	case "token_revoked", "token_expired":
		return "the token is not valid any more; install the app into the workspace again and copy the new token"
	case "account_inactive":
		return "the app was removed from the workspace, or the workspace is gone; install it again"
	case "not_allowed_token_type":
		return "this is another kind of token; the bot token begins with xoxb-, the app token with xapp-"
	case "socket_mode_not_enabled":
		return "switch Socket Mode on in the app's settings"
	case "missing_scope", "no_permission", "access_denied":
		return "compare the app with `waymark slack manifest` and install it again"
	case "not_in_channel":
		return "invite the bot into the channel with /invite"
	case "channel_not_found":
		return "it was deleted, or it is private and the bot is not in it; invite the bot with /invite"
	case "is_archived":
		return "the channel is archived; choose another, or bring it back"
	case "restricted_action", "restricted_action_read_only_channel":
		return "the workspace's or the channel's settings keep the bot from posting"
	}
	return ""
}

// gone are the refusals that mean that something is not there any more.
func gone(code string) bool {
	switch code {
	case "channel_not_found", "is_archived", "message_not_found", "thread_not_found", "user_not_found",
		"users_not_found", "bot_not_found", "user_not_visible", "no_such_subteam", "view_not_found", "not_found":
		return true
	}
	return false
}

// passing are the refusals that may be over at a later attempt.
func passing(code string) bool {
	switch code {
	case "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
		"team_added_to_org", "org_login_required", "message_limit_exceeded", "external_channel_migrating":
		return true
	}
	return false
}

// dead are the refusals after which no request can work.
func dead(code string) bool {
	switch code {
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type":
		return true
	}
	return false
}

// codeOf is Slack's name for the refusal in err, "" where there is none.
func codeOf(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.code
	}
	return ""
}

// problem turns what went wrong with a request into a *chat.Error. Nothing of
// the request stays in it.
func problem(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	e := &chat.Error{Op: op}
	var limit *slack.RateLimitedError
	var status slack.StatusCodeError
	var said slack.SlackErrorResponse
	var known *chat.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &limit):
		e.RetryAfter, e.Err = limit.RetryAfter, errors.New("Slack asked for a pause")
	case errors.As(err, &said):
		refused(e, said)
	case errors.As(err, &status):
		e.Err = fmt.Errorf("Slack answered %d %s", status.Code, http.StatusText(status.Code))
		e.Permanent = status.Code < 500 && status.Code != http.StatusTooManyRequests && status.Code != http.StatusRequestTimeout
	case ctx.Err() != nil:
		e.Err = ctx.Err()
	case malformed(err):
		e.Err = errors.New("the answer could not be read")
	default:
		e.Err = bare(err)
	}
	return e
}

func refused(e *chat.Error, said slack.SlackErrorResponse) {
	r := &refusal{code: name(said.Err), remedy: remedy(said.Err)}
	if said.Err == "missing_scope" && said.Needed != "" {
		r.remedy = "the app lacks the scope " + name(said.Needed) + "; " + r.remedy
	}
	e.Err = r
	switch {
	case passing(said.Err):
	case gone(said.Err):
		e.Gone = true
	default:
		e.Permanent = true
	}
}

// name keeps a code short and free of whatever an answer could hold besides.
func name(code string) string {
	code = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_:.-, ", r):
			return r
		}
		return -1
	}, code)
	return short(code, 80)
}

// malformed says whether err is about JSON, whose errors quote what they read.
func malformed(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind)
}

// bare strips the address from a failure of the network.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return errors.New("the request failed")
}

// refusedForGood is why no connection can work, nil where one may.
func refusedForGood(err error) error {
	if code := codeOf(err); dead(code) {
		return fmt.Errorf("Slack refuses the connection: %s (%s)", remedy(code), code)
	}
	if code := codeOf(err); code == "missing_scope" || code == "socket_mode_not_enabled" {
		return fmt.Errorf("Slack refuses the connection: %w", err)
	}
	var e *chat.Error
	if errors.As(err, &e) && e.Permanent && codeOf(err) == "" {
		return fmt.Errorf("Slack cannot be reached at this address (%w); look at slack.base_url", err)
	}
	return nil
}

func nowhere(op string) error {
	return &chat.Error{Op: op, Gone: true, Err: errors.New("there is no such thing in this workspace")}
}
