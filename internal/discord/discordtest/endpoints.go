package discordtest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// endpoints are the requests that the fake knows, by Discord's own names.
func (f *Fake) endpoints() map[string]endpoint {
	on := func(do func(c *call) (any, error)) endpoint { return endpoint{do: do} }
	open := func(do func(c *call) (any, error)) endpoint { return endpoint{do: do, open: true} }
	const reply = "/webhooks/{webhook_id}/{webhook_token}/messages/"
	return map[string]endpoint{
		"GET /gateway": open(func(*call) (any, error) { return map[string]any{"url": f.gatewayURL()}, nil }),
		OpGateway:      on(f.getGateway),

		"GET /applications/@me":                    on(f.getApplication),
		"GET /oauth2/applications/@me":             on(f.getApplication),
		"GET /applications/{application_id}":       on(f.getApplication),
		"GET /users/@me":                           on(func(*call) (any, error) { return f.me(), nil }),
		"GET /users/{user_id}":                     on(f.getUser),
		"GET /users/@me/guilds":                    on(f.getMyGuilds),
		"DELETE /users/@me/guilds/{guild_id}":      on(f.leaveGuild),
		OpDirect:                                   on(f.openDirect),
		"GET /guilds/{guild_id}":                   on(f.getGuild),
		"GET /guilds/{guild_id}/channels":          on(f.getGuildChannels),
		"GET /guilds/{guild_id}/roles":             on(f.getRoles),
		"GET /guilds/{guild_id}/members":           on(f.getMembers),
		"GET /guilds/{guild_id}/threads/active":    on(f.getActiveThreads),
		"GET /guilds/{guild_id}/members/{user_id}": on(f.getMember),

		"GET /channels/{channel_id}":                               on(f.getChannel),
		"PATCH /channels/{channel_id}":                             on(f.patchChannel),
		"DELETE /channels/{channel_id}":                            on(f.removeChannel),
		"PUT /channels/{channel_id}/permissions/{overwrite_id}":    on(f.putOverwrite),
		"DELETE /channels/{channel_id}/permissions/{overwrite_id}": on(f.deleteOverwrite),
		"GET /channels/{channel_id}/threads/archived/public":       on(f.getArchived(kindPublicThread)),
		"GET /channels/{channel_id}/threads/archived/private":      on(f.getArchived(kindPrivateThread)),
		"GET /channels/{channel_id}/thread-members":                on(f.getThreadMembers),
		"PUT /channels/{channel_id}/thread-members/@me":            on(f.joinThread),
		"PUT /channels/{channel_id}/thread-members/{user_id}":      on(f.addToThread),
		"DELETE /channels/{channel_id}/thread-members/{user_id}":   on(f.removeFromThread),
		"POST /channels/{channel_id}/threads":                      on(f.postThread),
		"POST /channels/{channel_id}/typing":                       on(f.typing),

		OpRead:    on(f.getMessages),
		OpReadOne: on(f.getMessage),
		OpPost:    on(f.postMessage),
		OpEdit:    on(f.patchMessage),
		OpThread:  on(f.postMessageThread),
		"DELETE /channels/{channel_id}/messages/{message_id}": on(f.deleteMessage),

		OpAnswer:                           open(f.callback),
		OpFollowUp:                         open(f.followUp),
		"GET " + reply + "@original":       open(f.getReply),
		OpEditReply:                        open(f.editReply),
		"DELETE " + reply + "@original":    open(f.deleteReply),
		"GET " + reply + "{message_id}":    open(f.getReply),
		"PATCH " + reply + "{message_id}":  open(f.editReply),
		"DELETE " + reply + "{message_id}": open(f.deleteReply),

		"GET /applications/{application_id}/commands": on(f.getCommands),
		OpCommands: on(f.putCommands),
		"POST /applications/{application_id}/commands":                              on(f.postCommand),
		"PATCH /applications/{application_id}/commands/{command_id}":                on(f.patchCommand),
		"DELETE /applications/{application_id}/commands/{command_id}":               on(f.deleteCommand),
		"GET /applications/{application_id}/guilds/{guild_id}/commands":             on(f.getCommands),
		"PUT /applications/{application_id}/guilds/{guild_id}/commands":             on(f.putCommands),
		"POST /applications/{application_id}/guilds/{guild_id}/commands":            on(f.postCommand),
		"GET /applications/{application_id}/guilds/{guild_id}/commands/permissions": on(f.getCommandPermissions),

		"GET /guilds/{guild_id}/auto-moderation/rules":              on(f.getRules),
		"POST /guilds/{guild_id}/auto-moderation/rules":             on(f.postRule),
		"GET /guilds/{guild_id}/auto-moderation/rules/{rule_id}":    on(f.getRule),
		"PATCH /guilds/{guild_id}/auto-moderation/rules/{rule_id}":  on(f.patchRule),
		"DELETE /guilds/{guild_id}/auto-moderation/rules/{rule_id}": on(f.deleteRule),
	}
}

func (f *Fake) getGateway(*call) (any, error) {
	return map[string]any{
		"url": f.gatewayURL(), "shards": f.opt.Shards,
		"session_start_limit": map[string]any{
			"total": f.opt.SessionLimit, "remaining": max(0, f.opt.SessionLimit-f.gate.identifies),
			"reset_after": 86_400_000, "max_concurrency": f.opt.MaxConcurrency,
		},
	}, nil
}

func (f *Fake) me() map[string]any {
	me := f.bot.json()
	me["verified"], me["mfa_enabled"], me["locale"], me["email"], me["premium_type"] = true, true, "en-GB", nil, 0
	return me
}

func (f *Fake) getApplication(c *call) (any, error) {
	if id := c.PathValue("application_id"); id != "" && id != f.appID {
		return nil, &problem{status: 404, code: 10002, message: "Unknown Application"}
	}
	return map[string]any{
		"id": f.appID, "name": f.bot.name, "icon": nil, "description": "", "type": nil, "bot": f.bot.json(),
		"bot_public": true, "bot_require_code_grant": false, "verify_key": strings.Repeat("0", 64),
		"flags": f.appFlags(), "owner": f.users[f.anyOwner()].json(), "team": nil, "summary": "", "redirect_uris": []string{},
		"interactions_endpoint_url": nil, "role_connections_verification_url": nil, "approximate_guild_count": len(f.guildIDs),
		"integration_types_config": map[string]any{"0": map[string]any{}, "1": map[string]any{}},
		"flags_new":                strconv.Itoa(f.appFlags()), "eligible_oauth2_scopes": []string{},
		"approximate_user_install_count": 0, "approximate_user_authorization_count": 0,
		"max_participants": nil, "tags": []string{}, "explicit_content_filter": 0,
	}, nil
}

func (f *Fake) anyOwner() string {
	for _, id := range f.guildIDs {
		return f.guilds[id].owner
	}
	return f.bot.id
}

func (f *Fake) getUser(c *call) (any, error) {
	u := f.users[c.PathValue("user_id")]
	if u == nil {
		return nil, errUnknownUser
	}
	return u.json(), nil
}

func (f *Fake) getMyGuilds(c *call) (any, error) {
	after, limit := number(c.URL.Query().Get("after")), 200
	if n, err := strconv.Atoi(c.URL.Query().Get("limit")); err == nil {
		limit = n
	}
	out := []any{}
	for _, id := range f.guildIDs {
		if g := f.guilds[id]; g.hasBot(f) && number(id) > after && len(out) < limit {
			out = append(out, map[string]any{"id": id, "name": g.name, "icon": nil, "banner": nil, "owner": false,
				"permissions": g.base(f.bot.id), "features": []string{}})
		}
	}
	return out, nil
}

func (f *Fake) leaveGuild(c *call) (any, error) {
	g, err := f.guildOf(c)
	if err != nil {
		return nil, err
	}
	f.tell(event{name: "GUILD_DELETE", guild: g.id, intent: Guilds, data: map[string]any{"id": g.id}})
	delete(g.members, f.bot.id)
	return nil, nil
}

// guildOf finds the guild in the path, where the bot is in it.
func (f *Fake) guildOf(c *call) (*guild, error) {
	g := f.guilds[c.PathValue("guild_id")]
	if g == nil {
		return nil, errUnknownGuild
	}
	if !g.hasBot(f) {
		return nil, errMissingAccess
	}
	return g, nil
}

func (f *Fake) getGuild(c *call) (any, error) {
	g, err := f.guildOf(c)
	if err != nil {
		return nil, errUnknownGuild
	}
	out := g.json()
	if counts, _ := strconv.ParseBool(c.URL.Query().Get("with_counts")); counts {
		out["approximate_member_count"], out["approximate_presence_count"] = len(g.members), 1
	}
	return out, nil
}

func (f *Fake) getGuildChannels(c *call) (any, error) {
	g, err := f.guildOf(c)
	if err != nil {
		return nil, err
	}
	return g.channelList(), nil
}

func (f *Fake) getRoles(c *call) (any, error) {
	g, err := f.guildOf(c)
	if err != nil {
		return nil, err
	}
	return g.json()["roles"], nil
}

func (f *Fake) getMember(c *call) (any, error) {
	g, err := f.guildOf(c)
	if err != nil {
		return nil, err
	}
	id := c.PathValue("user_id")
	if id == "@me" {
		id = f.bot.id
	}
	if f.users[id] == nil {
		return nil, errUnknownUser
	}
	m := g.members[id]
	if m == nil {
		return nil, errUnknownMember
	}
	return m.json(true), nil
}

func (f *Fake) getMembers(c *call) (any, error) {
	g, err := f.guildOf(c)
	if err != nil {
		return nil, err
	}
	if f.withheld&GuildMembers != 0 {
		return nil, errMissingAccess
	}
	after, limit := number(c.URL.Query().Get("after")), 1
	if n, err := strconv.Atoi(c.URL.Query().Get("limit")); err == nil {
		limit = n
	}
	var ids []string
	for id := range g.members {
		if number(id) > after {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		if number(a) < number(b) {
			return -1
		}
		return 1
	})
	out := []any{}
	for _, id := range ids[:min(limit, len(ids))] {
		out = append(out, g.members[id].json(true))
	}
	return out, nil
}

func (f *Fake) getActiveThreads(c *call) (any, error) {
	g, err := f.guildOf(c)
	if err != nil {
		return nil, err
	}
	threads, members := []any{}, []any{}
	for _, t := range g.active() {
		if f.sees(f.bot.id, t) {
			threads = append(threads, t.json())
			if contains(t.threadMembers, f.bot.id) {
				members = append(members, threadMember(t, f.bot.id))
			}
		}
	}
	return map[string]any{"threads": threads, "members": members, "has_more": false}, nil
}

func threadMember(t *channel, id string) map[string]any {
	return map[string]any{"id": t.id, "user_id": id, "join_timestamp": stamp(t.created), "flags": 0}
}

func (f *Fake) openDirect(c *call) (any, error) {
	var in struct {
		Recipient string `json:"recipient_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	u := f.users[in.Recipient]
	if u == nil {
		return nil, errUnknownUser
	}
	if u == f.bot {
		return nil, errRefusesDirect
	}
	return f.direct(u).json(), nil
}

// channelOf finds the channel in the path, where the bot can see it.
func (f *Fake) channelOf(c *call) (*channel, error) {
	x := f.channels[c.PathValue("channel_id")]
	if x == nil || x.deleted {
		return nil, errUnknownChannel
	}
	if x.guild != nil && !x.guild.hasBot(f) || !f.sees(f.bot.id, x) {
		return nil, errMissingAccess
	}
	return x, nil
}

// channelWith is channelOf, with a right that the bot needs there.
func (f *Fake) channelWith(c *call, p Permission) (*channel, error) {
	x, err := f.channelOf(c)
	if err == nil && !f.permissions(f.bot.id, x).has(p) {
		return nil, errMissing
	}
	return x, err
}

func (f *Fake) getChannel(c *call) (any, error) {
	x, err := f.channelOf(c)
	if err != nil {
		return nil, err
	}
	return x.json(), nil
}

func (f *Fake) patchChannel(c *call) (any, error) {
	x, err := f.channelOf(c)
	if err != nil {
		return nil, err
	}
	need := ManageChannels
	if x.isThread() {
		need = ManageThreads
	}
	if !f.permissions(f.bot.id, x).has(need) && x.owner != f.bot.id {
		return nil, errMissing
	}
	var in struct {
		Name     *string `json:"name"`
		Topic    *string `json:"topic"`
		Archived *bool   `json:"archived"`
		Locked   *bool   `json:"locked"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	set(&x.name, in.Name)
	set(&x.topic, in.Topic)
	set(&x.archived, in.Archived)
	set(&x.locked, in.Locked)
	f.tellChannel(updateName(x), x)
	return x.json(), nil
}

func set[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
}

func (f *Fake) removeChannel(c *call) (any, error) {
	x, err := f.channelOf(c)
	if err != nil {
		return nil, err
	}
	need := ManageChannels
	if x.isThread() {
		need = ManageThreads
	}
	if x.guild != nil && !f.permissions(f.bot.id, x).has(need) {
		return nil, errMissing
	}
	f.deleteChannel(x)
	return x.json(), nil
}

func (f *Fake) putOverwrite(c *call) (any, error) {
	x, err := f.channelWith(c, ManageRoles)
	if err != nil {
		return nil, err
	}
	var in struct {
		Type  int    `json:"type"`
		Allow string `json:"allow"`
		Deny  string `json:"deny"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	id := c.PathValue("overwrite_id")
	x.overwrites = slices.DeleteFunc(slices.Clone(x.overwrites), func(o Overwrite) bool { return o.ID == id })
	x.overwrites = append(x.overwrites, Overwrite{ID: id, Type: in.Type,
		Allow: Permission(number(in.Allow)), Deny: Permission(number(in.Deny))})
	f.tellChannel("CHANNEL_UPDATE", x)
	return nil, nil
}

func (f *Fake) deleteOverwrite(c *call) (any, error) {
	x, err := f.channelWith(c, ManageRoles)
	if err != nil {
		return nil, err
	}
	id := c.PathValue("overwrite_id")
	x.overwrites = slices.DeleteFunc(slices.Clone(x.overwrites), func(o Overwrite) bool { return o.ID == id })
	f.tellChannel("CHANNEL_UPDATE", x)
	return nil, nil
}

func (f *Fake) getArchived(kind int) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		need := ReadMessageHistory
		if kind == kindPrivateThread {
			need |= ManageThreads
		}
		x, err := f.channelWith(c, need)
		if err != nil {
			return nil, err
		}
		threads := []any{}
		for _, t := range x.threads() {
			if t.kind == kind && t.archived && !t.deleted {
				threads = append(threads, t.json())
			}
		}
		return map[string]any{"threads": threads, "members": []any{}, "has_more": false}, nil
	}
}

func (f *Fake) getThreadMembers(c *call) (any, error) {
	t, err := f.channelOf(c)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, id := range t.threadMembers {
		out = append(out, threadMember(t, id))
	}
	return out, nil
}

func (f *Fake) joinThread(c *call) (any, error) { return f.enterThread(c, f.bot.id) }

func (f *Fake) addToThread(c *call) (any, error) { return f.enterThread(c, c.PathValue("user_id")) }

func (f *Fake) enterThread(c *call, id string) (any, error) {
	t, err := f.channelOf(c)
	if err != nil {
		return nil, err
	}
	if !t.isThread() {
		return nil, errNonText
	}
	if t.guild.members[id] == nil {
		return nil, errUnknownMember
	}
	if t.archived {
		return nil, errArchived
	}
	if !contains(t.threadMembers, id) {
		t.threadMembers = append(t.threadMembers, id)
	}
	return nil, nil
}

func (f *Fake) removeFromThread(c *call) (any, error) {
	t, err := f.channelWith(c, ManageThreads)
	if err != nil {
		return nil, err
	}
	id := c.PathValue("user_id")
	t.threadMembers = slices.DeleteFunc(t.threadMembers, func(x string) bool { return x == id })
	return nil, nil
}

func (f *Fake) typing(c *call) (any, error) {
	_, err := f.channelWith(c, SendMessages)
	return nil, err
}

func (f *Fake) postThread(c *call) (any, error) {
	x, err := f.channelOf(c)
	if err != nil {
		return nil, err
	}
	var in struct {
		Name    string                     `json:"name"`
		Type    *int                       `json:"type"`
		Message map[string]json.RawMessage `json:"message"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	kind, need := kindPrivateThread, CreatePrivateThreads
	set(&kind, in.Type)
	if kind == kindPublicThread {
		need = CreatePublicThreads
	}
	if x.kind == kindForum {
		kind, need = kindPublicThread, SendMessages
	}
	if !f.permissions(f.bot.id, x).has(need) {
		return nil, errMissing
	}
	t := f.newThread(x, f.ids.next(), kind, f.bot, in.Name)
	if x.kind == kindForum {
		m := &message{id: t.id, time: f.opt.Now(), channel: t, author: f.bot}
		if err := f.fill(m, in.Message); err != nil {
			return nil, err
		}
		f.tellThread(t)
		f.addWithID(m)
		return t.json(), nil
	}
	f.tellThread(t)
	return t.json(), nil
}

func (f *Fake) postMessageThread(c *call) (any, error) {
	x, err := f.channelOf(c)
	if err != nil {
		return nil, err
	}
	m := x.find(c.PathValue("message_id"))
	if m == nil {
		return nil, errUnknownMessage
	}
	if !f.permissions(f.bot.id, x).has(CreatePublicThreads) {
		return nil, errMissing
	}
	if m.thread != nil && !m.thread.deleted {
		return nil, errThreadExists
	}
	var in struct {
		Name string `json:"name"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return f.startThread(m, f.bot, in.Name).json(), nil
}

// getMessages lists newest first, as Discord does, at most 100.
func (f *Fake) getMessages(c *call) (any, error) {
	x, err := f.channelOf(c)
	if err != nil {
		return nil, err
	}
	out := []messageJSON{}
	if x.guild != nil && !f.permissions(f.bot.id, x).has(ReadMessageHistory) {
		return out, nil
	}
	q, limit := c.URL.Query(), 50
	if n, err := strconv.Atoi(q.Get("limit")); err == nil {
		limit = n
	}
	for _, m := range slices.Backward(page(x.messages, q.Get("before"), q.Get("after"), q.Get("around"), limit)) {
		out = append(out, f.rest(m))
	}
	return out, nil
}

// page cuts what is asked for out of a list, oldest first. Of before, after
// and around only one counts.
func page(list []*message, before, after, around string, limit int) []*message {
	at := func(id string) int {
		i, _ := slices.BinarySearchFunc(list, number(id), func(m *message, n uint64) int {
			if number(m.id) < n {
				return -1
			}
			return 1
		})
		return i
	}
	switch {
	case around != "":
		i := at(around)
		from := max(0, i-limit/2)
		return list[from:min(len(list), from+limit)]
	case before != "":
		i := at(before)
		return list[max(0, i-limit):i]
	case after != "":
		i := at(strconv.FormatUint(number(after)+1, 10))
		return list[i:min(len(list), i+limit)]
	}
	return list[max(0, len(list)-limit):]
}

func (f *Fake) getMessage(c *call) (any, error) {
	x, err := f.channelWith(c, ReadMessageHistory)
	if err != nil {
		return nil, err
	}
	m := x.find(c.PathValue("message_id"))
	if m == nil {
		return nil, errUnknownMessage
	}
	return f.rest(m), nil
}

func (f *Fake) postMessage(c *call) (any, error) {
	x, err := f.channelOf(c)
	if err != nil {
		return nil, err
	}
	if err := f.mayPost(x); err != nil {
		return nil, err
	}
	var data map[string]json.RawMessage
	if err := c.decode(&data); err != nil {
		return nil, err
	}
	nonce := strings.Trim(string(data["nonce"]), `"`)
	var enforce bool
	_ = json.Unmarshal(data["enforce_nonce"], &enforce)
	if enforce && nonce != "" && nonce != "null" {
		if m := f.withNonce(x, nonce); m != nil {
			return f.wire(m), nil
		}
	}
	m := &message{channel: x, author: f.bot, nonce: nonce}
	if err := f.reference(m, data["message_reference"]); err != nil {
		return nil, err
	}
	if err := f.fill(m, data); err != nil {
		return nil, err
	}
	f.add(m)
	return f.wire(m), nil
}

// withNonce finds what the bot posted with the same nonce in the last minutes.
func (f *Fake) withNonce(x *channel, nonce string) *message {
	for _, m := range slices.Backward(x.messages) {
		if f.opt.Now().Sub(m.time) > f.nonceAlive {
			return nil
		}
		if m.author == f.bot && m.nonce == nonce {
			return m
		}
	}
	return nil
}

func (f *Fake) mayPost(x *channel) error {
	switch {
	case x.kind == kindForum || x.kind == kindCategory:
		return errNonText
	case x.recipient != nil && x.recipient.refuses:
		return errRefusesDirect
	case x.recipient != nil && !f.shares(x.recipient):
		return errNoMutual
	case x.isThread() && x.locked && !f.permissions(f.bot.id, x).has(ManageThreads):
		return errArchived
	case !f.maySend(f.bot.id, x):
		return errMissing
	}
	return nil
}

// shares says whether a person and the bot have anything in common that allows
// direct messages.
func (f *Fake) shares(u *user) bool {
	if u.installs {
		return true
	}
	for _, g := range f.guilds {
		if g.hasBot(f) && g.members[u.id] != nil {
			return true
		}
	}
	return false
}

func (f *Fake) reference(m *message, raw json.RawMessage) error {
	var ref *struct {
		ID   string `json:"message_id"`
		Fail *bool  `json:"fail_if_not_exists"`
	}
	if json.Unmarshal(raw, &ref) != nil || ref == nil {
		return nil
	}
	if m.channel.guild != nil && !f.permissions(f.bot.id, m.channel).has(ReadMessageHistory) {
		return errReplyHistory
	}
	to := m.channel.find(ref.ID)
	if to == nil {
		if ref.Fail == nil || *ref.Fail {
			return invalidForm("message_reference", "Unknown message")
		}
		return nil
	}
	m.kind, m.replyTo = typeReply, to
	return nil
}

// fill sets what a new message says.
func (f *Fake) fill(m *message, data map[string]json.RawMessage) error {
	var content *string
	var flags *int
	var rules *mentionRules
	_ = json.Unmarshal(data["content"], &content)
	_ = json.Unmarshal(data["flags"], &flags)
	_ = json.Unmarshal(data["allowed_mentions"], &rules)
	set(&m.content, content)
	if flags != nil {
		m.flags |= *flags
	}
	m.embeds, m.components, m.poll = storedEmbeds(data["embeds"]), stored(orEmpty(data["components"])), nil
	if raw := data["poll"]; raw != nil && string(raw) != "null" {
		m.poll = raw
	}
	var files []struct{ Filename string }
	_ = json.Unmarshal(data["attachments"], &files)
	for _, file := range files {
		m.attachments = append(m.attachments, file.Filename)
	}
	if empty(m) {
		return errEmptyMessage
	}
	if len(objects(m.embeds)) > 0 && m.channel.guild != nil && m.asked == nil &&
		!f.permissions(f.bot.id, m.channel).has(EmbedLinks) {
		return errMissing
	}
	f.mention(m, rules)
	return nil
}

func empty(m *message) bool {
	return m.content == "" && len(objects(m.embeds)) == 0 && len(objects(m.components)) == 0 && m.poll == nil &&
		m.snapshots == nil && len(m.attachments) == 0
}

// change sets what an existing message of the bot's says from now on. What is
// not in data stays.
func (f *Fake) change(m *message, data map[string]json.RawMessage) error {
	was := *m
	var flags *int
	var rules *mentionRules
	_ = json.Unmarshal(data["flags"], &flags)
	_ = json.Unmarshal(data["allowed_mentions"], &rules)
	if raw, ok := data["content"]; ok {
		m.content = ""
		_ = json.Unmarshal(raw, &m.content)
	}
	if raw, ok := data["embeds"]; ok {
		m.embeds = storedEmbeds(raw)
	}
	if raw, ok := data["components"]; ok {
		m.components = stored(orEmpty(raw))
	}
	if flags != nil {
		m.flags |= *flags & flagComponentsV2 // it can be set, never taken away
	}
	m.flags &^= flagThinking
	if m.v2() && (m.content != "" || len(objects(m.embeds)) > 0) {
		f.violationLocked("a message of Components V2 got content or embeds by an edit")
		*m = was
		return invalidForm("content", "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
	}
	if empty(m) {
		*m = was
		return errEmptyMessage
	}
	first := was.flags&flagThinking != 0
	pings := m.pings
	f.mention(m, rules)
	if !first {
		m.pings = pings // an edit notifies nobody
		m.edited = f.opt.Now()
	}
	m.changes++
	f.tellMessage("MESSAGE_UPDATE", m)
	f.wake()
	return nil
}

func (f *Fake) patchMessage(c *call) (any, error) {
	x, err := f.channelOf(c)
	if err != nil {
		return nil, err
	}
	m := x.find(c.PathValue("message_id"))
	if m == nil {
		return nil, errUnknownMessage
	}
	if m.author != f.bot {
		return nil, errOthersMessage
	}
	if x.archived {
		return nil, errArchived
	}
	var data map[string]json.RawMessage
	if err := c.decode(&data); err != nil {
		return nil, err
	}
	if err := f.change(m, data); err != nil {
		return nil, err
	}
	return f.rest(m), nil
}

func (f *Fake) deleteMessage(c *call) (any, error) {
	x, err := f.channelOf(c)
	if err != nil {
		return nil, err
	}
	m := x.find(c.PathValue("message_id"))
	if m == nil {
		return nil, errUnknownMessage
	}
	if m.author != f.bot && !f.permissions(f.bot.id, x).has(ManageMessages) {
		return nil, errMissing
	}
	f.removeMessage(m)
	return nil, nil
}
