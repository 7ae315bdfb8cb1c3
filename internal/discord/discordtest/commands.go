package discordtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	commandTyped     = 1
	commandOnMessage = 3

	optionSubcommand = 1
	optionGroup      = 2
	optionString     = 3
	optionInteger    = 4
	optionBoolean    = 5
	optionUser       = 6
	optionChannel    = 7
	optionRole       = 8
	optionMention    = 9
	optionNumber     = 10
)

// command is a command that the bot registered.
type command struct {
	id, version string
	raw         map[string]any // as it was registered, with what Discord adds
	Name        string         `json:"name"`
	Type        int            `json:"type"`
	Permissions *bits          `json:"default_member_permissions"`
	Contexts    []int          `json:"contexts"`
	Installs    []int          `json:"integration_types"`
	Options     []*option      `json:"options"`
}

// bits is a set of permissions, as text or as a number.
type bits Permission

func (b *bits) UnmarshalJSON(raw []byte) error {
	*b = bits(number(strings.Trim(string(raw), `"`)))
	return nil
}

type option struct {
	Name         string    `json:"name"`
	Type         int       `json:"type"`
	Required     bool      `json:"required"`
	Autocomplete bool      `json:"autocomplete"`
	Choices      []any     `json:"choices"`
	Options      []*option `json:"options"`
}

func (f *Fake) newCommand(raw json.RawMessage, guildID string) (*command, error) {
	c := &command{id: f.ids.next(), version: f.ids.next()}
	if json.Unmarshal(raw, c) != nil || json.Unmarshal(raw, &c.raw) != nil {
		return nil, invalidForm("commands", "not a command")
	}
	if c.Type == 0 {
		c.Type = commandTyped
	}
	add := map[string]any{"id": c.id, "application_id": f.appID, "version": c.version, "type": c.Type}
	if guildID != "" {
		add["guild_id"] = guildID
	}
	for k, v := range add {
		c.raw[k] = v
	}
	defaults := map[string]any{"description": "", "nsfw": false, "default_member_permissions": nil,
		"dm_permission": guildID == "", "integration_types": []int{0}, "contexts": nil,
		"name_localizations": nil, "description_localizations": nil}
	for k, v := range defaults {
		if _, ok := c.raw[k]; !ok {
			c.raw[k] = v
		}
	}
	if c.Permissions != nil {
		c.raw["default_member_permissions"] = Permission(*c.Permissions).text()
	}
	return c, nil
}

func (f *Fake) commandGuild(c *call) (string, error) {
	if c.PathValue("application_id") != f.appID {
		return "", errMissingAccess
	}
	if c.PathValue("guild_id") == "" {
		return "", nil
	}
	g, err := f.guildOf(c)
	if err != nil {
		return "", err
	}
	return g.id, nil
}

func (f *Fake) getCommands(c *call) (any, error) {
	guildID, err := f.commandGuild(c)
	if err != nil {
		return nil, err
	}
	return f.commandList(guildID), nil
}

func (f *Fake) commandList(guildID string) []any {
	out := []any{}
	for _, x := range f.commands[guildID] {
		out = append(out, x.raw)
	}
	return out
}

func (f *Fake) putCommands(c *call) (any, error) {
	guildID, err := f.commandGuild(c)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := c.decode(&list); err != nil {
		return nil, err
	}
	var next []*command
	for _, raw := range list {
		x, err := f.newCommand(raw, guildID)
		if err != nil {
			return nil, err
		}
		// A command that stays keeps its id.
		for _, old := range f.commands[guildID] {
			if old.Name == x.Name && old.Type == x.Type {
				x.id, x.raw["id"] = old.id, old.id
			}
		}
		next = append(next, x)
	}
	f.commands[guildID] = next
	return f.commandList(guildID), nil
}

func (f *Fake) postCommand(c *call) (any, error) {
	guildID, err := f.commandGuild(c)
	if err != nil {
		return nil, err
	}
	x, err := f.newCommand(c.body, guildID)
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(f.commands[guildID], func(old *command) bool { return old.Name == x.Name && old.Type == x.Type })
	f.commands[guildID] = append(list, x)
	return x.raw, nil
}

func (f *Fake) findCommand(c *call) (string, int, error) {
	guildID, err := f.commandGuild(c)
	if err != nil {
		return "", 0, err
	}
	i := slices.IndexFunc(f.commands[guildID], func(x *command) bool { return x.id == c.PathValue("command_id") })
	if i < 0 {
		return "", 0, &problem{status: 404, code: 10063, message: "Unknown application command"}
	}
	return guildID, i, nil
}

func (f *Fake) patchCommand(c *call) (any, error) {
	guildID, i, err := f.findCommand(c)
	if err != nil {
		return nil, err
	}
	old := f.commands[guildID][i]
	merged := map[string]any{}
	for k, v := range old.raw {
		merged[k] = v
	}
	var changes map[string]any
	if err := c.decode(&changes); err != nil {
		return nil, err
	}
	for k, v := range changes {
		merged[k] = v
	}
	x, err := f.newCommand(marshal(merged), guildID)
	if err != nil {
		return nil, err
	}
	x.id, x.raw["id"] = old.id, old.id
	f.commands[guildID][i] = x
	return x.raw, nil
}

func (f *Fake) deleteCommand(c *call) (any, error) {
	guildID, i, err := f.findCommand(c)
	if err != nil {
		return nil, err
	}
	f.commands[guildID] = slices.Delete(f.commands[guildID], i, i+1)
	return nil, nil
}

func (f *Fake) getCommandPermissions(*call) (any, error) { return []any{}, nil }

// Commands are the names of the registered global commands, with those of
// their subcommands ("safeguarding setup"), in order.
func (f *Fake) Commands() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, c := range f.commands[""] {
		before := len(out)
		for _, o := range c.Options {
			if o.Type == optionSubcommand {
				out = append(out, c.Name+" "+o.Name)
			}
		}
		if len(out) == before {
			out = append(out, c.Name)
		}
	}
	return out
}

// Register registers commands without the bot's doing, from the JSON list that
// Discord's bulk overwrite takes.
func (f *Fake) Register(list string) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(list), &raw); err != nil {
		f.t.Fatalf("the commands are no JSON list: %v", err)
	}
	f.commands[""] = nil
	for _, r := range raw {
		c, err := f.newCommand(r, "")
		if err != nil {
			f.t.Fatal(err)
		}
		f.commands[""] = append(f.commands[""], c)
	}
}

// AwaitCommands waits until the bot has registered this command.
func (f *Fake) AwaitCommands(name string) {
	f.t.Helper()
	f.Await("the command "+name+" is registered", func() bool {
		return slices.Contains(f.Commands(), name)
	})
}

// CanUse says whether a client offers a command to somebody in a channel: it
// is registered, meant for such a place, and the person has the rights that it
// asks for.
func (p *Person) CanUse(in *Channel, name string) bool {
	f := p.f
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.command(in.state(), strings.Fields(name)[0], 0)
	if c == nil || f.whyNot(f.users[p.ID], in.state(), c) != "" {
		return false
	}
	if c.Permissions == nil || in.state().guild == nil {
		return true
	}
	may := f.permissions(p.ID, in.state())
	return may.has(Permission(*c.Permissions)) && *c.Permissions != 0 || may.has(Administrator)
}

// command finds a command by its name, and kind where that is not 0.
func (f *Fake) command(in *channel, name string, kind int) *command {
	for _, c := range slices.Concat(f.commands[in.guildID()], f.commands[""]) {
		if c.Name == name && (kind == 0 || c.Type == kind) {
			return c
		}
	}
	return nil
}

// whyNot says why a command is not there in a channel, "" where it is.
func (f *Fake) whyNot(u *user, in *channel, c *command) string {
	context := 0
	if in.guild == nil {
		context = 1
	}
	if c.Contexts != nil && !slices.Contains(c.Contexts, context) {
		return fmt.Sprintf("its contexts %v do not include %d", c.Contexts, context)
	}
	installs := c.Installs
	if installs == nil {
		installs = []int{0}
	}
	withGuild := in.guild == nil || in.guild.hasBot(f)
	if withGuild && slices.Contains(installs, 0) || u.installs && slices.Contains(installs, 1) {
		return ""
	}
	return "the bot is not in that server, and not on the person's account"
}

// mustCommand finds a command that a person can use in a channel.
func (f *Fake) mustCommand(p *Person, in *channel, name string, kind int) *command {
	f.t.Helper()
	c := f.command(in, name, kind)
	if c == nil {
		f.t.Fatalf("the command %q is not registered", name)
	}
	if why := f.whyNot(f.users[p.ID], in, c); why != "" {
		f.t.Fatalf("%s cannot use %q there: %s", p.Name, name, why)
	}
	return c
}

// slashData is the data of a slash command. typing names the option that is
// being completed, if any.
func (f *Fake) slashData(p *Person, in *channel, name string, given []Option, typing string) map[string]any {
	f.t.Helper()
	path := strings.Fields(name)
	c := f.mustCommand(p, in, path[0], commandTyped)
	options := c.Options
	for _, part := range path[1:] {
		i := slices.IndexFunc(options, func(o *option) bool { return o.Name == part && o.Type <= optionGroup })
		if i < 0 {
			f.t.Fatalf("the command %q has no subcommand %q", c.Name, part)
		}
		options = options[i].Options
	}
	if len(options) > 0 && options[0].Type <= optionGroup {
		f.t.Fatalf("the command %q needs a subcommand", name)
	}
	values, ids := f.optionValues(name, options, given, typing)
	for i := len(path) - 1; i > 0; i-- {
		kind := optionSubcommand
		if i < len(path)-1 {
			kind = optionGroup
		}
		values = []any{map[string]any{"name": path[i], "type": kind, "options": values}}
	}
	data := map[string]any{"id": c.id, "name": c.Name, "type": commandTyped, "options": values}
	if resolved := f.resolve(in, ids); len(resolved) > 0 {
		data["resolved"] = resolved
	}
	return data
}

func (f *Fake) optionValues(name string, options []*option, given []Option, typing string) (values []any, ids []string) {
	f.t.Helper()
	values = []any{}
	for _, o := range given {
		i := slices.IndexFunc(options, func(x *option) bool { return x.Name == o.Name })
		if i < 0 {
			f.t.Fatalf("the command %q has no option %q", name, o.Name)
		}
		v := map[string]any{"name": o.Name, "type": options[i].Type, "value": o.Value}
		if who, ok := o.Value.(interface{ snowflake() string }); ok {
			v["value"] = who.snowflake()
			ids = append(ids, who.snowflake())
		}
		if o.Name == typing {
			if !options[i].Autocomplete {
				f.t.Fatalf("the option %q of %q completes nothing", o.Name, name)
			}
			v["focused"] = true
		} else {
			f.checkChoice(name, options[i], v["value"])
		}
		values = append(values, v)
	}
	for _, o := range options {
		if o.Required && typing == "" && !slices.ContainsFunc(given, func(x Option) bool { return x.Name == o.Name }) {
			f.t.Fatalf("the command %q needs the option %q", name, o.Name)
		}
	}
	return values, ids
}

// checkChoice ends the test where a client would not offer the value.
func (f *Fake) checkChoice(name string, o *option, value any) {
	f.t.Helper()
	want := map[int]string{optionString: "string", optionInteger: "int", optionBoolean: "bool", optionNumber: "float64",
		optionUser: "string", optionChannel: "string", optionRole: "string", optionMention: "string"}[o.Type]
	if got := fmt.Sprintf("%T", value); got != want && !(o.Type == optionNumber && got == "int") {
		f.t.Fatalf("the option %q of %q takes a %s, not a %s", o.Name, name, want, got)
	}
	if len(o.Choices) == 0 {
		return
	}
	var offered []string
	for _, x := range o.Choices {
		if c, ok := x.(map[string]any); ok {
			offered = append(offered, plain(c["value"]))
		}
	}
	if !slices.Contains(offered, plain(value)) {
		f.t.Fatalf("the option %q of %q offers %q, not %q", o.Name, name, offered, plain(value))
	}
}

func plain(v any) string {
	if n, ok := v.(float64); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func (p *Person) snowflake() string  { return p.ID }
func (c *Channel) snowflake() string { return c.ID }
func (r *Role) snowflake() string    { return r.ID }
