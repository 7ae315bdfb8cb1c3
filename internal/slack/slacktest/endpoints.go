package slacktest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// What kind of token a method takes.
const (
	botToken = iota
	appToken
	noToken
)

// method is one method of the Web API: who may call it, how often, with what.
type method struct {
	token  int
	tier   int
	scopes []string // one of these is enough; finer ones are checked in do
	need   []string // arguments that must be there
	args   []string // those that may
	do     func(f *Fake, c *call) (map[string]any, error)
}

func words(s string) []string { return strings.Fields(s) }

// methods are those of the Web API that an app like the one tested needs, as
// documented by Slack.
var methods = map[string]method{
	"api.test":  {token: noToken, args: words("error foo"), do: func(*Fake, *call) (map[string]any, error) { return nil, nil }},
	"auth.test": {do: (*Fake).authTest},
	"auth.revoke": {tier: 3, args: words("test"), do: func(f *Fake, c *call) (map[string]any, error) {
		if !c.flag("test") {
			c.ws.tokenError = "token_revoked"
		}
		return map[string]any{"revoked": !c.flag("test")}, nil
	}},
	// Documented as tier 1; yet a second connection within the minute is usual.
	"apps.connections.open": {token: appToken, do: (*Fake).connectionsOpen},
	"oauth.v2.access": {token: noToken, tier: 4, args: words("client_id client_secret code redirect_uri grant_type refresh_token code_verifier"),
		do: (*Fake).oauthAccess},
	"bots.info": {tier: 3, scopes: words("users:read"), args: words("bot team_id"), do: (*Fake).botsInfo},
	"team.info": {tier: 3, scopes: words("team:read"), args: words("team domain"), do: (*Fake).teamInfo},

	"chat.postMessage": {tier: posting, scopes: words("chat:write"), need: words("channel"),
		args: words("text blocks attachments thread_ts reply_broadcast metadata unfurl_links unfurl_media mrkdwn parse link_names client_msg_id username icon_url icon_emoji markdown_text"),
		do:   (*Fake).postMessage},
	"chat.postEphemeral": {tier: 4, scopes: words("chat:write"), need: words("channel user"),
		args: words("text blocks attachments thread_ts parse link_names username icon_url icon_emoji markdown_text"), do: (*Fake).postEphemeral},
	"chat.update": {tier: 3, scopes: words("chat:write"), need: words("channel ts"),
		args: words("text blocks attachments metadata parse link_names reply_broadcast file_ids markdown_text"), do: (*Fake).updateMessage},
	"chat.delete":       {tier: 3, scopes: words("chat:write"), need: words("channel ts"), do: (*Fake).deleteMessage},
	"chat.getPermalink": {need: words("channel message_ts"), do: (*Fake).getPermalink},

	"conversations.list": {tier: 2, args: words("cursor exclude_archived limit team_id types"), do: (*Fake).conversationsList},
	"users.conversations": {tier: 3, args: words("cursor exclude_archived limit team_id types user"),
		do: (*Fake).usersConversations},
	"conversations.info":    {tier: 3, need: words("channel"), args: words("include_locale include_num_members"), do: (*Fake).conversationsInfo},
	"conversations.members": {tier: 4, need: words("channel"), args: words("cursor limit"), do: (*Fake).conversationsMembers},
	"conversations.history": {tier: 3, need: words("channel"),
		args: words("cursor include_all_metadata inclusive latest limit oldest"), do: (*Fake).conversationsHistory},
	"conversations.replies": {tier: 3, need: words("channel ts"),
		args: words("cursor include_all_metadata inclusive latest limit oldest"), do: (*Fake).conversationsReplies},
	"conversations.open": {tier: 3, scopes: words("im:write mpim:write"), args: words("channel users return_im prevent_creation"), do: (*Fake).conversationsOpen},
	"conversations.join": {tier: 3, scopes: words("channels:join"), need: words("channel"), do: (*Fake).conversationsJoin},

	"users.info":            {tier: 4, scopes: words("users:read"), need: words("user"), args: words("include_locale"), do: (*Fake).usersInfo},
	"users.list":            {tier: 2, scopes: words("users:read"), args: words("cursor include_locale limit team_id presence"), do: (*Fake).usersList},
	"usergroups.list":       {tier: 2, scopes: words("usergroups:read"), args: words("include_count include_disabled include_users team_id"), do: (*Fake).usergroupsList},
	"usergroups.users.list": {tier: 2, scopes: words("usergroups:read"), need: words("usergroup"), args: words("include_disabled team_id"), do: (*Fake).usergroupsUsersList},

	"views.open":    {tier: 4, need: words("view trigger_id"), do: (*Fake).viewsOpen},
	"views.push":    {tier: 4, need: words("view trigger_id"), do: (*Fake).viewsPush},
	"views.update":  {tier: 4, need: words("view"), args: words("view_id external_id hash"), do: (*Fake).viewsUpdate},
	"views.publish": {tier: 4, need: words("view user_id"), args: words("hash"), do: (*Fake).viewsPublish},
}

// AllScopes are the scopes of an app without a manifest: all that the fake
// knows of. An installation may have fewer; see Workspace.Revoke.
func AllScopes() []string {
	return words("app_mentions:read channels:history channels:join channels:read chat:write commands groups:history groups:read " +
		"im:history im:read im:write mpim:read team:read usergroups:read users:read")
}

func (f *Fake) authTest(c *call) (map[string]any, error) {
	w := c.ws
	return map[string]any{"url": "https://" + w.domain + ".slack.com/", "team": w.name, "user": w.bot.name, "team_id": w.id,
		"user_id": w.bot.id, "bot_id": w.bot.botID, "is_enterprise_install": false}, nil
}

func (f *Fake) connectionsOpen(*call) (map[string]any, error) {
	if f.app.manifest != nil && !f.app.manifest.Settings.SocketMode {
		return nil, refuse("socket_mode_not_enabled")
	}
	return map[string]any{"url": f.ticket()}, nil
}

func (f *Fake) oauthAccess(c *call) (map[string]any, error) {
	if c.arg("client_id") != f.app.clientID {
		return nil, refuse("invalid_client_id")
	}
	if c.arg("client_secret") != f.app.clientSecret {
		return nil, refuse("bad_client_secret")
	}
	w := f.codes[c.arg("code")]
	if w == nil {
		return nil, refuse("invalid_code")
	}
	delete(f.codes, c.arg("code"))
	f.install(w, f.grantedScopes())
	return map[string]any{
		"access_token": w.token, "token_type": "bot", "scope": strings.Join(w.scopes, ","), "bot_user_id": w.bot.id, "app_id": f.app.id,
		"team": map[string]any{"id": w.id, "name": w.name}, "enterprise": nil, "is_enterprise_install": false,
		"authed_user": map[string]any{"id": w.owner.id},
	}, nil
}

func (f *Fake) botsInfo(c *call) (map[string]any, error) {
	for _, u := range f.users {
		if u.bot && (u.botID == c.arg("bot") || c.arg("bot") == "" && u == c.ws.bot) {
			return map[string]any{"bot": map[string]any{"id": u.botID, "deleted": u.deleted, "name": u.real, "updated": 1700000000,
				"app_id": u.appID, "user_id": u.id, "icons": map[string]any{}}}, nil
		}
	}
	return nil, refuse("bot_not_found")
}

func (f *Fake) teamInfo(c *call) (map[string]any, error) {
	w := c.ws
	if id := c.arg("team"); id != "" && id != w.id {
		return nil, refuse("team_not_found")
	}
	return map[string]any{"team": map[string]any{"id": w.id, "name": w.name, "domain": w.domain, "url": "https://" + w.domain + ".slack.com/",
		"email_domain": "", "icon": map[string]any{"image_default": true}}}, nil
}

// seen is the channel with an id as far as the bot may know of it.
func (c *call) seen(id string) (*channel, error) {
	ch := c.f.channels[id]
	if ch == nil || ch.gone || ch.ws != c.ws && !slices.Contains(ch.connected, c.ws.id) {
		return nil, refuse("channel_not_found")
	}
	if (ch.private || ch.im != nil) && !ch.has(c.ws.bot.id) {
		return nil, refuse("channel_not_found")
	}
	return ch, nil
}

// writable is the channel into which the bot may write.
func (c *call) writable(id string) (*channel, error) {
	if u := c.f.users[id]; u != nil {
		return c.openDirect(u)
	}
	ch, err := c.seen(id)
	switch {
	case err != nil:
		return nil, err
	case ch.archived:
		return nil, refuse("is_archived")
	case !ch.has(c.ws.bot.id) && !c.may("chat:write.public"):
		return nil, refuse("not_in_channel")
	case ch.im != nil && ch.im.deleted:
		return nil, refuse("channel_not_found")
	}
	return ch, nil
}

func (c *call) openDirect(u *user) (*channel, error) {
	switch {
	case u.ws != c.ws:
		return nil, refuse("user_not_found")
	case u.bot:
		return nil, refuse("cannot_dm_bot")
	case u.deleted:
		return nil, refuse("user_disabled")
	case u.cannotDM:
		return nil, refuse("messages_tab_disabled")
	}
	return c.f.direct(c.ws, u), nil
}

// RefuseDirect makes the app unable to write to a person, or able again.
func (p *Person) RefuseDirect(refuse bool) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	p.state().cannotDM = refuse
}

// The lengths of texts. A text over 40,000 is cut by chat.postMessage; the
// fake refuses what is over the 4,000 that Slack advises.
const (
	maxText     = 4000
	maxMetadata = 8000
)

// content fills a message with what a call sends.
func (c *call) content(m *message) error {
	blocks, ok := c.array("blocks")
	if !ok {
		c.f.violation("%s: blocks are no JSON list", c.method)
		return refuse("invalid_blocks_format")
	}
	attached, ok := c.array("attachments")
	if !ok {
		c.f.violation("%s: attachments are no JSON list", c.method)
		return refuse("invalid_attachments")
	}
	text := c.arg("text")
	if strings.TrimSpace(text) == "" {
		if len(blocks) == 0 && len(attached) == 0 {
			c.f.violation("%s: neither text nor blocks", c.method)
			return refuse("no_text")
		}
		c.f.violation("%s: blocks without text, which is all that screen readers and notifications say", c.method)
	}
	if n := len([]rune(text)); n > maxText {
		c.f.violation("%s: a text of %d characters, of at most %d", c.method, n, maxText)
		return refuse("msg_too_long")
	}
	if bad := c.f.checkBlocks(c.method, blocks, forMessage); bad != "" {
		return &refusal{code: "invalid_blocks", messages: []string{bad}}
	}
	for _, a := range attached {
		inner, _ := toMap(a)["blocks"].([]any)
		if bad := c.f.checkBlocks(c.method+": attachment", inner, forMessage); bad != "" {
			return &refusal{code: "invalid_attachments", messages: []string{bad}}
		}
	}
	meta, err := c.metadata()
	if err != nil {
		return err
	}
	blocks = copied(blocks)
	c.f.stamped(blocks)
	m.text, m.blocks, m.attached = text, blocks, attached
	if meta != nil {
		m.metadata = meta
	}
	return nil
}

func (c *call) metadata() (map[string]any, error) {
	raw := c.arg("metadata")
	if raw == "" || raw == "null" {
		return nil, nil
	}
	var meta map[string]any
	if json.Unmarshal([]byte(raw), &meta) != nil || str(meta, "event_type") == "" {
		c.f.violation("%s: metadata without event_type", c.method)
		return nil, refuse("invalid_metadata_format")
	}
	if _, ok := meta["event_payload"].(map[string]any); !ok {
		c.f.violation("%s: metadata without event_payload", c.method)
		return nil, refuse("invalid_metadata_format")
	}
	if len(raw) > maxMetadata {
		c.f.violation("%s: metadata of %d bytes, of at most %d", c.method, len(raw), maxMetadata)
		return nil, refuse("metadata_too_large")
	}
	return meta, nil
}

func (f *Fake) postMessage(c *call) (map[string]any, error) {
	ch, err := c.writable(c.arg("channel"))
	if err != nil {
		return nil, err
	}
	if (c.arg("username") != "" || c.arg("icon_url") != "" || c.arg("icon_emoji") != "") && !c.may("chat:write.customize") {
		return nil, c.missing("chat:write.customize")
	}
	m := &message{ch: ch, user: c.ws.bot, username: c.arg("username"), clientID: c.arg("client_msg_id")}
	if err := c.content(m); err != nil {
		return nil, err
	}
	if err := c.hang(m); err != nil {
		return nil, err
	}
	f.add(m)
	return map[string]any{"channel": ch.id, "ts": m.ts, "message": m.json(true)}, nil
}

// hang puts a message below another. Where that is gone, Slack posts it on its
// own.
func (c *call) hang(m *message) error {
	ts := c.arg("thread_ts")
	if ts == "" {
		if c.flag("reply_broadcast") {
			c.f.violation("%s: reply_broadcast without thread_ts", c.method)
		}
		return nil
	}
	if _, ok := micros(ts); !ok {
		c.f.violation("%s: thread_ts %q is no timestamp", c.method, ts)
		return refuse("invalid_thread_ts")
	}
	root := m.ch.find(ts)
	if root == nil || root.private != nil {
		return nil
	}
	if root.thread != "" {
		c.f.violation("%s: thread_ts %s is itself a reply", c.method, ts)
		root = m.ch.find(root.thread)
		if root == nil {
			return nil
		}
	}
	m.thread = root.ts
	if c.flag("reply_broadcast") {
		m.bcast, m.subtype = true, "thread_broadcast"
	}
	return nil
}

func (f *Fake) postEphemeral(c *call) (map[string]any, error) {
	ch, err := c.writable(c.arg("channel"))
	if err != nil {
		return nil, err
	}
	u := f.users[c.arg("user")]
	switch {
	case u == nil:
		return nil, refuse("user_not_found")
	case !ch.has(u.id) || u.deleted:
		return nil, refuse("user_not_in_channel")
	}
	m := &message{ch: ch, user: c.ws.bot}
	if err := c.content(m); err != nil {
		return nil, err
	}
	if err := c.hang(m); err != nil {
		return nil, err
	}
	f.whisper(m, u)
	return map[string]any{"message_ts": m.ts}, nil
}

// own finds one of the app's messages to change.
func (c *call) own(denied string) (*message, error) {
	ch, err := c.seen(c.arg("channel"))
	if err != nil {
		return nil, err
	}
	m := ch.find(c.arg("ts"))
	switch {
	case m == nil || m.private != nil || m.subtype == "tombstone":
		return nil, refuse("message_not_found")
	case m.user != c.ws.bot || m.subtype != "" && m.subtype != "thread_broadcast":
		return nil, refuse(denied)
	case ch.archived:
		return nil, refuse("is_archived")
	}
	return m, nil
}

func (f *Fake) updateMessage(c *call) (map[string]any, error) {
	m, err := c.own("cant_update_message")
	if err != nil {
		return nil, err
	}
	next := &message{ch: m.ch}
	if err := c.content(next); err != nil {
		return nil, err
	}
	_, hasBlocks := c.args["blocks"]
	_, hasAttached := c.args["attachments"]
	f.edit(m, c.ws.bot, func() {
		m.text = next.text
		if hasBlocks { // what is not there stays as it was; an empty list takes it away
			m.blocks = next.blocks
		}
		if hasAttached {
			m.attached = next.attached
		}
		if next.metadata != nil {
			m.metadata = next.metadata
		}
	})
	return map[string]any{"channel": m.ch.id, "ts": m.ts, "text": m.text, "message": m.json(true)}, nil
}

func (f *Fake) deleteMessage(c *call) (map[string]any, error) {
	m, err := c.own("cant_delete_message")
	if err != nil {
		return nil, err
	}
	f.remove(m)
	return map[string]any{"channel": m.ch.id, "ts": m.ts}, nil
}

func (f *Fake) getPermalink(c *call) (map[string]any, error) {
	ch, err := c.seen(c.arg("channel"))
	if err != nil {
		return nil, err
	}
	m := ch.find(c.arg("message_ts"))
	if m == nil || m.private != nil {
		return nil, refuse("message_not_found")
	}
	return map[string]any{"channel": ch.id, "permalink": m.permalink()}, nil
}

// page cuts a list by cursor and limit.
func page[T any](c *call, all []T, limit, most int) (part []T, meta map[string]any, err error) {
	from := 0
	if cursor := c.arg("cursor"); cursor != "" {
		raw, err := base64.StdEncoding.DecodeString(cursor)
		n, ok := strings.CutPrefix(string(raw), "next:")
		if err != nil || !ok {
			return nil, nil, refuse("invalid_cursor")
		}
		if from, err = strconv.Atoi(n); err != nil || from < 0 || from > len(all) {
			return nil, nil, refuse("invalid_cursor")
		}
	}
	limit = c.number("limit", limit)
	if limit > most {
		c.f.violation("%s: a limit of %d, of at most %d", c.method, limit, most)
		limit = most
	}
	to := min(from+limit, len(all))
	next := ""
	if to < len(all) {
		next = base64.StdEncoding.EncodeToString([]byte("next:" + strconv.Itoa(to)))
	}
	return all[from:to], map[string]any{"next_cursor": next}, nil
}

// kinds reads the types argument and checks the scopes for it.
func (c *call) kinds() ([]string, error) {
	raw := c.arg("types")
	if raw == "" {
		raw = "public_channel"
	}
	need := map[string]string{"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}
	kinds := strings.Split(raw, ",")
	for i, k := range kinds {
		kinds[i] = strings.TrimSpace(k)
		scope := need[kinds[i]]
		if scope == "" {
			c.f.violation("%s: the unknown type %q", c.method, k)
			return nil, refuse("invalid_types")
		}
		if !c.may(scope) {
			return nil, c.missing(scope)
		}
	}
	return kinds, nil
}

func (c *channel) listKind() string {
	return map[string]string{"channel": "public_channel", "group": "private_channel", "im": "im"}[c.kind()]
}

func (f *Fake) channelsOf(c *call, member *user) (map[string]any, error) {
	kinds, err := c.kinds()
	if err != nil {
		return nil, err
	}
	var all []map[string]any
	for _, ch := range c.ws.channels {
		switch {
		case !slices.Contains(kinds, ch.listKind()), ch.archived && c.flag("exclude_archived"):
		case (ch.private || ch.im != nil) && !ch.has(c.ws.bot.id):
		case member != nil && !ch.has(member.id):
		default:
			all = append(all, ch.json(f, true))
		}
	}
	part, meta, err := page(c, all, 100, 1000)
	if err != nil {
		return nil, err
	}
	return map[string]any{"channels": list(part), "response_metadata": meta}, nil
}

func (f *Fake) conversationsList(c *call) (map[string]any, error) { return f.channelsOf(c, nil) }

func (f *Fake) usersConversations(c *call) (map[string]any, error) {
	u := c.ws.bot
	if id := c.arg("user"); id != "" {
		if u = f.users[id]; u == nil {
			return nil, refuse("user_not_found")
		}
	}
	return f.channelsOf(c, u)
}

func (f *Fake) conversationsInfo(c *call) (map[string]any, error) {
	ch, err := c.seen(c.arg("channel"))
	if err != nil {
		return nil, err
	}
	if err := c.scoped(ch, "read"); err != nil {
		return nil, err
	}
	return map[string]any{"channel": ch.json(f, c.flag("include_num_members"))}, nil
}

func (f *Fake) conversationsMembers(c *call) (map[string]any, error) {
	ch, err := c.seen(c.arg("channel"))
	if err != nil {
		return nil, err
	}
	if err := c.scoped(ch, "read"); err != nil {
		return nil, err
	}
	part, meta, err := page(c, ch.members, 100, 1000)
	if err != nil {
		return nil, err
	}
	return map[string]any{"members": list(part), "response_metadata": meta}, nil
}

// readable is the channel whose messages the bot may read.
func (c *call) readable() (*channel, error) {
	ch, err := c.seen(c.arg("channel"))
	if err != nil {
		return nil, err
	}
	if err := c.scoped(ch, "history"); err != nil {
		return nil, err
	}
	if !ch.has(c.ws.bot.id) {
		return nil, refuse("not_in_channel")
	}
	return ch, nil
}

// within are the messages between oldest and latest.
func (c *call) between(all []*message) ([]*message, error) {
	low, high := int64(0), int64(1)<<62
	for name, at := range map[string]*int64{"oldest": &low, "latest": &high} {
		raw := c.arg(name)
		if raw == "" || raw == "now" {
			continue
		}
		n, ok := micros(raw)
		if !ok {
			c.f.violation("%s: %s %q is no timestamp", c.method, name, raw)
			return nil, refuse("invalid_ts_" + name)
		}
		*at = n
	}
	inclusive := c.flag("inclusive")
	var out []*message
	for _, m := range all {
		n := number(m.ts)
		if n > low && n < high || inclusive && (n == low || n == high) {
			out = append(out, m)
		}
	}
	return out, nil
}

// told is a message as history gives it: of metadata the kind alone, unless
// all is asked for.
func (c *call) told(m *message) map[string]any {
	out := m.json(c.flag("include_all_metadata"))
	if m.metadata != nil && out["metadata"] == nil {
		out["metadata"] = map[string]any{"event_type": m.metadata["event_type"]}
	}
	return out
}

func (f *Fake) conversationsHistory(c *call) (map[string]any, error) {
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	var all []*message
	for _, m := range slices.Backward(ch.messages) {
		if !m.gone && m.private == nil && (m.thread == "" || m.bcast) {
			all = append(all, m)
		}
	}
	if all, err = c.between(all); err != nil {
		return nil, err
	}
	return c.messages(all, 100)
}

func (c *call) messages(all []*message, limit int) (map[string]any, error) {
	part, meta, err := page(c, all, limit, 999)
	if err != nil {
		return nil, err
	}
	out := make([]map[string]any, 0, len(part))
	for _, m := range part {
		out = append(out, c.told(m))
	}
	return map[string]any{"messages": out, "has_more": meta["next_cursor"] != "", "pin_count": 0, "response_metadata": meta}, nil
}

func (f *Fake) conversationsReplies(c *call) (map[string]any, error) {
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	root := ch.find(c.arg("ts"))
	if root == nil || root.private != nil {
		return nil, refuse("thread_not_found")
	}
	if root.thread != "" { // asked with the timestamp of a reply: that one alone
		return c.messages([]*message{root}, 999)
	}
	var replies []*message
	for _, m := range root.replies() {
		if m.private == nil {
			replies = append(replies, m)
		}
	}
	if replies, err = c.between(replies); err != nil {
		return nil, err
	}
	return c.messages(append([]*message{root}, replies...), 999)
}

func (f *Fake) conversationsOpen(c *call) (map[string]any, error) {
	if id := c.arg("channel"); id != "" {
		ch, err := c.seen(id)
		if err != nil {
			return nil, err
		}
		return map[string]any{"channel": map[string]any{"id": ch.id}}, nil
	}
	users := strings.Split(c.arg("users"), ",")
	if c.arg("users") == "" {
		f.violation("conversations.open: users is missing")
		return nil, refuse("users_list_not_supplied")
	}
	if len(users) > 1 {
		f.violation("conversations.open: several people at once are beyond this fake")
		return nil, refuse("too_many_users")
	}
	if !c.may("im:write") {
		return nil, c.missing("im:write")
	}
	u := f.users[users[0]]
	if u == nil {
		return nil, refuse("user_not_found")
	}
	ch, err := c.openDirect(u)
	if err != nil {
		return nil, err
	}
	if c.flag("return_im") {
		return map[string]any{"channel": ch.json(f, false)}, nil
	}
	return map[string]any{"channel": map[string]any{"id": ch.id}, "no_op": false, "already_open": false}, nil
}

func (f *Fake) conversationsJoin(c *call) (map[string]any, error) {
	ch, err := c.seen(c.arg("channel"))
	switch {
	case err != nil:
		return nil, err
	case ch.private || ch.im != nil:
		return nil, refuse("method_not_supported_for_channel_type")
	case ch.archived:
		return nil, refuse("is_archived")
	}
	out := map[string]any{}
	if ch.has(c.ws.bot.id) {
		out["warning"] = "already_in_channel"
	}
	f.join(ch, c.ws.bot, nil)
	out["channel"] = ch.json(f, false)
	return out, nil
}

// knows says whether somebody is visible from a workspace.
func (f *Fake) knows(w *workspace, u *user) bool {
	if u.ws == w {
		return true
	}
	return slices.ContainsFunc(w.channels, func(c *channel) bool { return c.has(u.id) })
}

func (f *Fake) usersInfo(c *call) (map[string]any, error) {
	u := f.users[c.arg("user")]
	if u == nil || !f.knows(c.ws, u) {
		return nil, refuse("user_not_found")
	}
	return map[string]any{"user": c.userJSON(u)}, nil
}

func (c *call) userJSON(u *user) map[string]any {
	out := u.json(c.ws)
	if c.flag("include_locale") {
		out["locale"] = u.locale
	}
	return out
}

func (f *Fake) usersList(c *call) (map[string]any, error) {
	var all []map[string]any
	for _, u := range c.ws.users {
		all = append(all, c.userJSON(u))
	}
	part, meta, err := page(c, all, 1000, 1000)
	if err != nil {
		return nil, err
	}
	return map[string]any{"members": list(part), "cache_ts": f.opt.Now().Unix(), "response_metadata": meta}, nil
}

func (f *Fake) usergroupsList(c *call) (map[string]any, error) {
	out := []map[string]any{}
	for _, g := range c.ws.groups {
		if !g.disabled || c.flag("include_disabled") {
			out = append(out, g.json(c.ws, c.flag("include_users")))
		}
	}
	return map[string]any{"usergroups": out}, nil
}

func (f *Fake) usergroupsUsersList(c *call) (map[string]any, error) {
	for _, g := range c.ws.groups {
		if g.id == c.arg("usergroup") {
			if g.disabled && !c.flag("include_disabled") {
				return nil, refuse("subteam_disabled")
			}
			return map[string]any{"users": list(g.members)}, nil
		}
	}
	return nil, &refusal{code: "no_such_subteam", status: http.StatusOK}
}
