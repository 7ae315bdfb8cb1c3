package discordtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Interaction types and answers, with Discord's values.
const (
	askCommand   = 2
	askComponent = 3
	askComplete  = 4
	askModal     = 5

	answerPong         = 1
	answerMessage      = 4
	answerDeferred     = 5
	answerDeferredEdit = 6
	answerEdit         = 7
	answerChoices      = 8
	answerModal        = 9
)

const (
	// answerWithin is how long the bot has for its first answer.
	answerWithin = 3 * time.Second
	// tokenLives is how long an interaction's token works after that.
	tokenLives = 15 * time.Minute
)

// interaction is one use of a command, button, select or modal.
type interaction struct {
	id, token string
	kind      int
	user      *user
	channel   *channel
	created   time.Time
	source    *message     // the message whose button was pressed
	trigger   *interaction // what opened the modal that was sent
	name      string       // of the command
	acked     bool
	answer    int
	ackedAt   time.Time
	original  *message // what @original means
	followUps []*message
	choices   json.RawMessage
	modal     json.RawMessage
	before    int  // how often source was changed when the answer was deferred
	userOnly  bool // the bot is there only on the person's own account
}

func (i *interaction) owners() map[string]string {
	if i.userOnly {
		return map[string]string{"1": i.user.id}
	}
	if g := i.channel.guildID(); g != "" {
		return map[string]string{"0": g}
	}
	if i.user.installs {
		return map[string]string{"1": i.user.id}
	}
	return map[string]string{"0": "0"}
}

// metadata is what a message says of the interaction that it answers.
func (i *interaction) metadata() map[string]any {
	out := map[string]any{"id": i.id, "type": i.kind, "user": i.user.json(), "authorizing_integration_owners": i.owners()}
	switch {
	case i.trigger != nil:
		out["triggering_interaction_metadata"] = i.trigger.metadata()
	case i.source != nil:
		out["interacted_message_id"] = i.source.id
	}
	return out
}

// Way changes how an interaction reaches the bot.
type Way func(*delivery)

type delivery struct{ times int }

// Twice delivers the interaction two times, as the gateway may.
func Twice() Way { return func(d *delivery) { d.times = 2 } }

// Option is an option of a slash command, with a string, bool, int or float64
// value, or a *Person, *Channel or *Role.
type Option struct {
	Name  string
	Value any
}

// With is short for an Option.
func With(name string, value any) Option { return Option{Name: name, Value: value} }

// Asked is an interaction on its way, seen from the person who started it.
type Asked struct {
	f *Fake
	i *interaction
	// ID is its snowflake; Token lets the bot answer it.
	ID, Token string
}

// Slash uses a slash command; "safeguarding setup" names a subcommand. It ends
// the test where the command is not registered, not there in that channel, or
// an option is not one of its.
func (p *Person) Slash(in *Channel, name string, options ...any) *Asked {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	opts, ways := split(options)
	data := f.slashData(p, in.state(), name, opts, "")
	return f.ask(&interaction{kind: askCommand, user: f.users[p.ID], channel: in.state(), name: name}, data, ways)
}

// Type types into an option of a slash command and asks for completions. The
// other options are those filled in already.
func (p *Person) Type(in *Channel, name, option, typed string, options ...any) *Asked {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	opts, ways := split(options)
	data := f.slashData(p, in.state(), name, append(opts, With(option, typed)), option)
	return f.ask(&interaction{kind: askComplete, user: f.users[p.ID], channel: in.state(), name: name}, data, ways)
}

func split(list []any) (opts []Option, ways []Way) {
	for _, x := range list {
		switch x := x.(type) {
		case Option:
			opts = append(opts, x)
		case Way:
			ways = append(ways, x)
		default:
			panic(fmt.Sprintf("discordtest: %T is neither an Option nor a Way", x))
		}
	}
	return opts, ways
}

// OnMessage uses a message command.
func (p *Person) OnMessage(m Message, name string, ways ...Way) *Asked {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.mustCommand(p, m.m.channel, name, commandOnMessage)
	target := f.wire(m.m) // message commands carry everything, whatever the intents
	target.GuildID = m.GuildID
	data := map[string]any{"id": c.id, "name": c.Name, "type": commandOnMessage, "target_id": m.ID,
		"resolved": map[string]any{"messages": map[string]any{m.ID: target}}}
	return f.ask(&interaction{kind: askCommand, user: f.users[p.ID], channel: m.m.channel, name: name}, data, ways)
}

// Press presses the button with this label. It ends the test where there is no
// such button, where it is disabled, or where the person cannot see it.
func (p *Person) Press(m Message, label string, ways ...Way) *Asked {
	p.f.t.Helper()
	now := m.Now()
	b, ok := now.Button(label)
	if !ok || b.Disabled || b.CustomID == "" {
		p.f.t.Fatalf("there is no button %q to press; the message reads:\n%s", label, now.Text())
	}
	return p.PressID(now, b.CustomID, ways...)
}

// PressID presses a button by its custom id, also one that is not (or no
// longer) there: clients can send anything.
func (p *Person) PressID(m Message, customID string, ways ...Way) *Asked {
	p.f.t.Helper()
	return p.component(m, map[string]any{"custom_id": customID, "component_type": 2, "id": 1}, ways)
}

// Choose chooses values of the select with this placeholder or custom id.
func (p *Person) Choose(m Message, which string, values ...string) *Asked {
	p.f.t.Helper()
	now := m.Now()
	i := slices.IndexFunc(now.Selects(), func(s Select) bool { return s.Placeholder == which || s.CustomID == which })
	if i < 0 {
		p.f.t.Fatalf("there is no select %q; the message reads:\n%s", which, now.Text())
	}
	s := now.Selects()[i]
	for _, v := range values {
		if s.Type == 3 && !slices.Contains(s.Values, v) {
			p.f.t.Fatalf("the select %q has no option %q, only %q", which, v, s.Values)
		}
	}
	data := map[string]any{"custom_id": s.CustomID, "component_type": s.Type, "values": values, "id": 1}
	if s.Type != 3 {
		p.f.mu.Lock()
		data["resolved"] = p.f.resolve(m.m.channel, values)
		p.f.mu.Unlock()
	}
	return p.component(now, data, nil)
}

func (p *Person) component(m Message, data map[string]any, ways []Way) *Asked {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if m.m.deleted || m.m.private != nil && m.m.private.id != p.ID || m.m.private == nil && !f.sees(p.ID, m.m.channel) {
		f.t.Fatalf("%s cannot see that message", p.Name)
	}
	return f.ask(&interaction{kind: askComponent, user: f.users[p.ID], channel: m.m.channel, source: m.m}, data, ways)
}

// Fill fills in the modal that the bot opened as the answer to an earlier
// interaction, by custom id of its fields, and sends it.
func (a *Asked) Fill(values map[string]string, ways ...Way) *Asked {
	f := a.f
	f.t.Helper()
	modal := a.Modal()
	var submitted []any
	for _, row := range modal.raw {
		submitted = append(submitted, fillRow(row, values))
	}
	for name := range values {
		if !slices.ContainsFunc(modal.Fields, func(x ModalField) bool { return x.CustomID == name }) {
			f.t.Fatalf("the modal %q has no field %q", modal.Title, name)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	data := map[string]any{"custom_id": modal.CustomID, "components": submitted}
	next := &interaction{kind: askModal, user: a.i.user, channel: a.i.channel, source: a.i.source, trigger: a.i}
	return f.ask(next, data, ways)
}

// fillRow is what a client sends for one row or label of a modal.
func fillRow(row map[string]any, values map[string]string) map[string]any {
	fill := func(c map[string]any) map[string]any {
		id, _ := c["custom_id"].(string)
		out := map[string]any{"type": kindOf(c), "id": c["id"], "custom_id": id}
		if kindOf(c) == 4 {
			value, ok := values[id]
			if !ok {
				value, _ = c["value"].(string)
			}
			out["value"] = value
		} else {
			list := []string{}
			if v := values[id]; v != "" {
				list = append(list, v)
			}
			out["values"] = list
		}
		return out
	}
	out := map[string]any{"type": kindOf(row), "id": row["id"]}
	switch inner := row["component"].(type) {
	case map[string]any:
		out["component"] = fill(inner)
	default:
		list := []any{}
		fields, _ := row["components"].([]any)
		for _, x := range fields {
			if c, ok := x.(map[string]any); ok {
				list = append(list, fill(c))
			}
		}
		out["components"] = list
	}
	return out
}

// ask sends an interaction to the bot. The caller holds the lock.
func (f *Fake) ask(i *interaction, data any, ways []Way) *Asked {
	d := delivery{times: 1}
	for _, w := range ways {
		w(&d)
	}
	c := i.channel
	i.id, i.created = f.ids.next(), f.opt.Now()
	i.token = "token-" + i.id + strings.Repeat("x", 160) // as long as real ones
	i.userOnly = c.guild != nil && !c.guild.hasBot(f)
	f.asked[i.token] = i
	f.asking = append(f.asking, i)
	e := event{name: "INTERACTION_CREATE", guild: c.guildID(), intent: alwaysSent, data: f.askJSON(i, data)}
	for range d.times {
		f.tell(e)
	}
	f.wake()
	return &Asked{f: f, i: i, ID: i.id, Token: i.token}
}

func (f *Fake) askJSON(i *interaction, data any) map[string]any {
	c := i.channel
	place := marshal(c.json())
	out := map[string]any{
		"id": i.id, "application_id": f.appID, "type": i.kind, "token": i.token, "version": 1, "data": data,
		"channel_id": c.id, "channel": place, "locale": i.user.locale, "entitlements": []any{},
		"authorizing_integration_owners": i.owners(), "attachment_size_limit": 10485760,
		"app_permissions": f.permissions(f.bot.id, c),
	}
	if c.guild == nil {
		out["context"], out["user"] = 1, i.user.json()
	} else {
		out["context"], out["guild_id"], out["guild_locale"] = 0, c.guild.id, c.guild.locale
		out["guild"] = map[string]any{"id": c.guild.id, "locale": c.guild.locale, "features": []string{}}
		member := map[string]any{"user": i.user.json(), "roles": []string{}, "permissions": "0", "joined_at": stamp(i.created)}
		if m := c.guild.members[i.user.id]; m != nil {
			member = m.json(true)
			member["permissions"] = f.permissions(i.user.id, c)
		}
		out["member"] = member
	}
	if i.source != nil {
		j := f.wire(i.source)
		out["message"] = j
	}
	return out
}

// resolve describes the people, roles and channels that options name.
func (f *Fake) resolve(c *channel, ids []string) map[string]any {
	users, members, roles, channels := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	for _, id := range ids {
		if u := f.users[id]; u != nil {
			users[id] = u.json()
			if c.guild != nil && c.guild.members[id] != nil {
				m := c.guild.members[id].json(false)
				m["permissions"] = f.permissions(id, c)
				members[id] = m
			}
		}
		if c.guild != nil && c.guild.roles[id] != nil {
			roles[id] = c.guild.roles[id].json()
		}
		if x := f.channels[id]; x != nil {
			channels[id] = map[string]any{"id": id, "name": x.name, "type": x.kind, "permissions": "0"}
		}
	}
	out := map[string]any{}
	for name, part := range map[string]map[string]any{"users": users, "members": members, "roles": roles, "channels": channels} {
		if len(part) > 0 {
			out[name] = part
		}
	}
	return out
}

// Answered says whether the bot gave its first answer.
func (a *Asked) Answered() bool {
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	return a.i.acked
}

// Unanswered counts the interactions to which the bot gave no answer so far.
func (f *Fake) Unanswered() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, i := range f.asking {
		if !i.acked {
			n++
		}
	}
	return n
}

// Took is how long the first answer took by the fake's clock.
func (a *Asked) Took() time.Duration {
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	return a.i.ackedAt.Sub(a.i.created)
}

// AwaitAnswered waits for the first answer, of whatever kind.
func (a *Asked) AwaitAnswered() {
	a.f.t.Helper()
	a.f.Await("the bot answers the interaction", a.Answered)
}

// Reply waits for a message as the answer, and where it was deferred until it
// is there. For a pressed button that changed its own message it gives that
// message.
func (a *Asked) Reply() Message {
	a.f.t.Helper()
	var out Message
	a.f.Await("the bot answers the interaction with a message", func() bool {
		a.f.mu.Lock()
		defer a.f.mu.Unlock()
		m := a.i.original
		if !a.i.acked || m == nil || m.flags&flagThinking != 0 || a.i.answer == answerDeferredEdit && m.changes == a.i.before {
			return false
		}
		out = a.f.view(m)
		return true
	})
	return out
}

// FollowUps are the messages that the bot sent after its first answer.
func (a *Asked) FollowUps() []Message {
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	var out []Message
	for _, m := range a.i.followUps {
		out = append(out, a.f.view(m))
	}
	return out
}

// AwaitFollowUp waits for the n-th follow-up, counted from 1.
func (a *Asked) AwaitFollowUp(n int) Message {
	a.f.t.Helper()
	a.f.Await(fmt.Sprintf("the bot sends follow-up %d", n), func() bool { return len(a.FollowUps()) >= n })
	return a.FollowUps()[n-1]
}

// Kind is the type of the first answer, with Discord's number; 0 for none.
func (a *Asked) Kind() int {
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	return a.i.answer
}

// Choices waits for the completions of an option: names and values.
func (a *Asked) Choices() (names, values []string) {
	a.f.t.Helper()
	a.AwaitAnswered()
	a.f.mu.Lock()
	raw := a.i.choices
	a.f.mu.Unlock()
	for _, c := range objects(raw) {
		name, _ := c["name"].(string)
		names, values = append(names, name), append(values, fmt.Sprint(c["value"]))
	}
	return names, values
}

// Modal is a form that the bot opened.
type Modal struct {
	CustomID, Title string
	// Texts are the text displays in it.
	Texts  []string
	Fields []ModalField
	raw    []map[string]any
}

// ModalField is one field of a modal.
type ModalField struct {
	CustomID, Label, Hint, Value string
	Type                         int
	Required                     bool
	MaxLength                    int
	Labels, Values               []string // the options of a select
}

// Modal waits for a modal as the answer.
func (a *Asked) Modal() Modal {
	a.f.t.Helper()
	a.AwaitAnswered()
	a.f.mu.Lock()
	raw := a.i.modal
	a.f.mu.Unlock()
	if raw == nil {
		a.f.t.Fatal("the bot answered, but opened no modal")
	}
	var in struct {
		CustomID   string           `json:"custom_id"`
		Title      string           `json:"title"`
		Components []map[string]any `json:"components"`
	}
	_ = json.Unmarshal(raw, &in)
	out := Modal{CustomID: in.CustomID, Title: in.Title, raw: in.Components}
	label, hint := "", ""
	walkComponents(marshal(in.Components), func(c map[string]any) {
		switch kindOf(c) {
		case 18:
			label, _ = c["label"].(string)
			hint, _ = c["description"].(string)
		case 10:
			text, _ := c["content"].(string)
			out.Texts = append(out.Texts, text)
		case 3, 4, 5, 6, 7, 8:
			out.Fields = append(out.Fields, modalField(c, label, hint))
			label, hint = "", ""
		}
	})
	return out
}

func modalField(c map[string]any, label, hint string) ModalField {
	x := ModalField{Type: kindOf(c), Label: label, Hint: hint, Required: true}
	x.CustomID, _ = c["custom_id"].(string)
	if own, ok := c["label"].(string); ok && own != "" {
		x.Label = own
	}
	if own, ok := c["placeholder"].(string); ok && own != "" {
		x.Hint = own
	}
	x.Value, _ = c["value"].(string)
	if r, ok := c["required"].(bool); ok {
		x.Required = r
	}
	if n, ok := c["max_length"].(float64); ok {
		x.MaxLength = int(n)
	}
	s := selectOf(c)
	x.Labels, x.Values = s.Labels, s.Values
	return x
}

// Private lists the private answers that a person has on their screen, oldest
// first; hidden ones are not there any more.
func (p *Person) Private() []Message {
	return slices.DeleteFunc(p.AllPrivate(), func(m Message) bool { return m.Deleted })
}

// AwaitHidden waits until a message is gone from its reader's screen.
func (f *Fake) AwaitHidden(m Message) {
	f.t.Helper()
	f.Await("the message is gone", func() bool { return m.Now().Deleted })
}

// AllPrivate lists the private answers that a person ever got.
func (p *Person) AllPrivate() []Message {
	f := p.f
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Message
	for _, m := range f.privateFor(p.ID) {
		out = append(out, f.view(m))
	}
	return out
}

func (f *Fake) privateFor(userID string) []*message {
	var out []*message
	for _, i := range f.asking {
		if i.user.id != userID {
			continue
		}
		if m := i.original; m != nil && m.private != nil && m.asked == i {
			out = append(out, m)
		}
		for _, m := range i.followUps {
			if m.private != nil {
				out = append(out, m)
			}
		}
	}
	return out
}

// The bot's side of interactions.

func (f *Fake) callback(c *call) (any, error) {
	i := f.asked[c.PathValue("interaction_token")]
	if i == nil || i.id != c.PathValue("interaction_id") {
		return nil, errUnknownAsked
	}
	if i.acked {
		return nil, errAnswered
	}
	if f.opt.Now().Sub(i.created) > answerWithin {
		return nil, errUnknownAsked
	}
	var in struct {
		Type int                        `json:"type"`
		Data map[string]json.RawMessage `json:"data"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := f.respond(i, in.Type, in.Data); err != nil {
		return nil, err
	}
	i.acked, i.answer, i.ackedAt = true, in.Type, f.opt.Now()
	if with, _ := strconv.ParseBool(c.URL.Query().Get("with_response")); !with {
		return nil, nil
	}
	out := map[string]any{"interaction": map[string]any{
		"id": i.id, "type": i.kind, "response_message_id": nil, "response_message_loading": nil,
		"response_message_ephemeral": nil, "channel_id": i.channel.id, "guild_id": i.channel.guildID()}}
	if i.original != nil {
		out["resource"] = map[string]any{"type": in.Type, "message": f.rest(i.original)}
	}
	return out, nil
}

func (f *Fake) respond(i *interaction, kind int, data map[string]json.RawMessage) error {
	wrong := invalidForm("type", "this interaction cannot be answered in that way")
	if (kind == answerChoices) != (i.kind == askComplete) {
		return wrong
	}
	switch kind {
	case answerPong:
		return wrong
	case answerChoices:
		i.choices = data["choices"]
		return nil
	case answerModal:
		if i.kind == askModal {
			return wrong
		}
		data["components"] = stored(data["components"])
		i.modal = marshal(data)
		return nil
	case answerDeferredEdit, answerEdit:
		if i.source == nil {
			return wrong
		}
		i.original = i.source
		if kind == answerDeferredEdit {
			i.before = i.source.changes
			return nil
		}
		return f.change(i.source, data)
	}
	m := f.reply(i, data)
	if kind == answerDeferred {
		m.flags |= flagThinking
		m.id, m.time = f.ids.next(), f.opt.Now()
		i.original = m
		if m.private == nil {
			f.addWithID(m)
		}
		return nil
	}
	if err := f.fill(m, data); err != nil {
		return err
	}
	f.add(m)
	i.original = m
	return nil
}

// reply is a new message of the bot's for an interaction.
func (f *Fake) reply(i *interaction, data map[string]json.RawMessage) *message {
	m := &message{channel: i.channel, author: f.bot, asked: i, webhook: f.appID}
	switch {
	case i.source != nil:
		m.kind, m.replyTo = typeReply, i.source
	case i.kind == askCommand:
		m.kind = typeChatCommand
	}
	var flags int
	_ = json.Unmarshal(data["flags"], &flags)
	if flags&flagEphemeral != 0 {
		m.private, m.flags = i.user, flagEphemeral
	}
	m.webhook = ""
	return m
}

// byToken finds the interaction behind a webhook's address.
func (f *Fake) byToken(c *call) (*interaction, error) {
	i := f.asked[c.PathValue("webhook_token")]
	if i == nil || c.PathValue("webhook_id") != f.appID {
		return nil, errWebhookToken
	}
	if f.opt.Now().Sub(i.created) > tokenLives {
		return nil, errWebhookToken
	}
	if !i.acked {
		return nil, errUnknownWebhook
	}
	return i, nil
}

func (f *Fake) followUp(c *call) (any, error) {
	i, err := f.byToken(c)
	if err != nil {
		return nil, err
	}
	var data map[string]json.RawMessage
	if err := c.decode(&data); err != nil {
		return nil, err
	}
	// The first follow-up to a deferred answer takes its place.
	if i.original != nil && i.original.flags&flagThinking != 0 {
		if err := f.change(i.original, data); err != nil {
			return nil, err
		}
		return f.rest(i.original), nil
	}
	m := f.reply(i, data)
	if i.original != nil && i.answer != answerDeferredEdit && i.answer != answerEdit {
		m.kind, m.replyTo = typeReply, i.original
	}
	if err := f.fill(m, data); err != nil {
		return nil, err
	}
	f.add(m)
	i.followUps = append(i.followUps, m)
	return f.rest(m), nil
}

// replyMessage finds the message that a webhook's address means.
func (f *Fake) replyMessage(c *call) (*message, error) {
	i, err := f.byToken(c)
	if err != nil {
		return nil, err
	}
	id := c.PathValue("message_id")
	m := i.original
	if id != "" {
		at := slices.IndexFunc(i.followUps, func(x *message) bool { return x.id == id })
		switch {
		case at >= 0:
			m = i.followUps[at]
		case m == nil || m.id != id:
			return nil, errUnknownMessage
		}
	}
	if m == nil || m.deleted {
		return nil, errUnknownMessage
	}
	return m, nil
}

func (f *Fake) getReply(c *call) (any, error) {
	m, err := f.replyMessage(c)
	if err != nil {
		return nil, err
	}
	return f.rest(m), nil
}

func (f *Fake) editReply(c *call) (any, error) {
	m, err := f.replyMessage(c)
	if err != nil {
		return nil, err
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

func (f *Fake) deleteReply(c *call) (any, error) {
	m, err := f.replyMessage(c)
	if err != nil {
		return nil, err
	}
	f.removeMessage(m)
	return nil, nil
}
