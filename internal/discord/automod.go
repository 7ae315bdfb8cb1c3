package discord

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
)

// This file is the mode without the message content intent. Discord's own
// AutoMod looks for phrases that we give it, and tells the bot which one it
// found, by whom and where, but not what was written. The phrase is handed on
// as if it were the message. That is much weaker: a phrase is found only as it
// is spelt, nothing adds up, and whoever may manage the server is never looked
// at. The rules only alert: they block nothing and act on nobody.

// Discord's limits for AutoMod.
// https://discord.com/developers/docs/resources/auto-moderation
const (
	maxKeywordRules = 6     // in a server, whoever made them
	maxKeywords     = 1_000 // in a rule
	maxKeyword      = 60    // characters
	triggerKeyword  = 1
	onMessage       = 1
	actionAlert     = 2
	ruleName        = "Waymark" // our rules are called so, with a number
)

// autoRule is a rule, as far as we look at it.
type autoRule struct {
	ID      id           `json:"id,omitempty"`
	Creator id           `json:"creator_id,omitempty"`
	Name    string       `json:"name"`
	Event   int          `json:"event_type"`
	Trigger int          `json:"trigger_type"`
	Meta    autoMeta     `json:"trigger_metadata"`
	Actions []autoAction `json:"actions"`
	Enabled bool         `json:"enabled"`
}

type autoMeta struct {
	Keywords []string `json:"keyword_filter"`
}

type autoAction struct {
	Kind int `json:"type"`
	Meta struct {
		Channel id `json:"channel_id"`
	} `json:"metadata"`
}

// Filters says whether AutoMod stands in for reading messages.
func (d *Discord) Filters() bool { return d.o.AutoMod }

// KeepWords makes Discord's AutoMod look for phrases, the most important first,
// and alert in the given place. It changes only rules of its own, and only
// where they differ. It returns how many phrases Discord has room for: other
// rules of the server take their share. The bot needs Manage Server.
func (d *Discord) KeepWords(ctx context.Context, server chat.ServerID, alerts chat.PlaceID, phrases []string) (kept int, err error) {
	at := "guilds/" + toID(server).String() + "/auto-moderation/rules"
	have, err := d.autoRules(ctx, toID(server))
	if err != nil {
		return 0, err
	}
	me, err := d.self(ctx)
	if err != nil {
		return 0, err
	}
	var ours []autoRule
	room := maxKeywordRules
	for _, r := range have {
		switch {
		case r.Trigger != triggerKeyword:
		case r.Creator == me && strings.HasPrefix(r.Name, ruleName):
			ours = append(ours, r)
		default:
			room--
		}
	}
	slices.SortFunc(ours, func(a, b autoRule) int { return cmp.Compare(a.ID, b.ID) })
	want, kept := wantedRules(phrases, toID(alerts), room)
	for i := range max(len(want), len(ours)) {
		switch {
		case i >= len(want):
			err = d.do(ctx, request{op: "remove rule", method: http.MethodDelete, path: at + "/" + ours[i].ID.String(), bucket: at + "/one"}, nil)
		case i >= len(ours):
			err = d.do(ctx, request{op: "add rule", method: http.MethodPost, path: at, in: want[i]}, nil)
		case !sameRule(want[i], ours[i]):
			err = d.do(ctx, request{op: "change rule", method: http.MethodPatch, path: at + "/" + ours[i].ID.String(), bucket: at + "/one", in: want[i]}, nil)
		}
		if err != nil {
			return 0, err
		}
	}
	d.rules.forget(toID(server))
	return kept, nil
}

func (d *Discord) autoRules(ctx context.Context, server id) ([]autoRule, error) {
	var out []autoRule
	err := d.get(ctx, "list rules", "guilds/"+server.String()+"/auto-moderation/rules", "", &out)
	return out, err
}

// wantedRules spreads phrases over as many rules as there is room for.
func wantedRules(phrases []string, alerts id, room int) (rules []autoRule, kept int) {
	var fit []string
	for _, p := range phrases {
		p = strings.ToLower(oneLine(p))
		if p != "" && utf8.RuneCountInString(p) <= maxKeyword && !slices.Contains(fit, p) && !strings.Contains(p, "*") {
			fit = append(fit, p)
		}
	}
	for part := range slices.Chunk(fit, maxKeywords) {
		if len(rules) >= room {
			break
		}
		r := autoRule{
			Name: fmt.Sprintf("%s %d", ruleName, len(rules)+1), Event: onMessage, Trigger: triggerKeyword,
			Meta: autoMeta{Keywords: part}, Enabled: true, Actions: []autoAction{{Kind: actionAlert}},
		}
		r.Actions[0].Meta.Channel = alerts
		rules = append(rules, r)
		kept += len(part)
	}
	return rules, kept
}

func sameRule(want, have autoRule) bool {
	have.ID, have.Creator = 0, 0
	a, errA := json.Marshal(want)
	b, errB := json.Marshal(have)
	return errA == nil && errB == nil && string(a) == string(b)
}

// ownRules remembers which rules of a server are the bot's own.
type ownRules struct {
	mu    sync.Mutex
	known map[id]map[id]bool // server -> rules
}

func (o *ownRules) forget(server id) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.known, server)
}

func (o *ownRules) get(server, rule id) (own, known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rules, known := o.known[server]
	return rules[rule], known
}

func (o *ownRules) put(server id, rules map[id]bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known == nil {
		o.known = map[id]map[id]bool{}
	}
	o.known[server] = rules
}

// ownRule says whether a rule is the bot's: what the server's other rules find
// is the server's own affair.
func (d *Discord) ownRule(ctx context.Context, server, rule id) (bool, error) {
	if own, known := d.rules.get(server, rule); known {
		return own, nil
	}
	list, err := d.autoRules(ctx, server)
	if err != nil {
		return false, err
	}
	own := map[id]bool{}
	for _, r := range list {
		own[r.ID] = uint64(r.Creator) == d.me.Load() && strings.HasPrefix(r.Name, ruleName)
	}
	d.rules.put(server, own)
	return own[rule], nil
}

// autoModerated takes a find of AutoMod. It comes once for each action of the
// rule, of which ours have one, and may come again: the core takes a message of
// the same id once.
func (in *intake) autoModerated(raw []byte) {
	var e struct {
		Guild   id     `json:"guild_id"`
		Channel id     `json:"channel_id"`
		Message id     `json:"message_id"`
		Alert   id     `json:"alert_system_message_id"`
		User    id     `json:"user_id"`
		Rule    id     `json:"rule_id"`
		Keyword string `json:"matched_keyword"`
		Action  struct {
			Kind int `json:"type"`
		} `json:"action"`
	}
	if !in.d.o.AutoMod || readJSON(raw, &e) != nil || e.Guild == 0 || e.User == 0 || e.Action.Kind != actionAlert {
		return
	}
	at := e.Message
	if at == 0 {
		at = e.Alert // another rule blocked it; the alert is all that is left
	}
	text := strings.Trim(e.Keyword, "* ")
	if at == 0 || text == "" {
		in.d.log.Warn("AutoMod found something, but does not say what or where", "server", e.Guild.String())
		return
	}
	place, _, known := in.d.known(e.Guild, e.Channel, 0)
	m := chat.Message{
		ID: at.message(), Place: place, Author: chat.Person{ID: e.User.person()}, Text: text, Time: at.time(),
		Link: openLink(in.d.base, place, at),
	}
	in.add(e.Channel, item{kind: itemMessage, server: e.Guild, message: &m, place: !known && e.Channel != 0, rule: e.Rule,
		at: m.Ref()})
}
