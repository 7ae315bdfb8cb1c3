package discord

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/waymark-bot/waymark/internal/chat"
)

// The kinds of command, of option, of context and of installation.
const (
	commandSlash   = 1
	commandMessage = 3

	optionSub     = 1
	optionGroup   = 2
	optionText    = 3
	optionPerson  = 6
	optionChannel = 7
	optionRole    = 8

	inServer  = 0
	inBotDM   = 1
	inPrivate = 2

	installServer = 0
	installPerson = 1
)

// command is a command as Discord registers it: only what we set, so that it
// can be compared with what is registered already.
type command struct {
	Name         string            `json:"name"`
	Named        map[string]string `json:"name_localizations,omitempty"`
	Kind         int               `json:"type"`
	Description  string            `json:"description,omitempty"`
	Translated   map[string]string `json:"description_localizations,omitempty"`
	Options      []commandOption   `json:"options,omitempty"`
	Needs        *string           `json:"default_member_permissions,omitempty"`
	Contexts     []int             `json:"contexts,omitempty"`
	Integrations []int             `json:"integration_types,omitempty"`
}

type commandOption struct {
	Kind        int               `json:"type"`
	Name        string            `json:"name"`
	Named       map[string]string `json:"name_localizations,omitempty"`
	Description string            `json:"description"`
	Translated  map[string]string `json:"description_localizations,omitempty"`
	Required    bool              `json:"required,omitempty"`
	Complete    bool              `json:"autocomplete,omitempty"`
	Choices     []choice          `json:"choices,omitempty"`
	Options     []commandOption   `json:"options,omitempty"`
}

type choice struct {
	Name  string            `json:"name"`
	Named map[string]string `json:"name_localizations,omitempty"`
	Value string            `json:"value"`
}

// Register makes the commands known everywhere, if they are not already as
// they should be.
func (d *Discord) Register(ctx context.Context, specs []chat.CommandSpec) error {
	app, err := d.application(ctx)
	if err != nil {
		return err
	}
	want := make([]command, len(specs))
	for i, s := range specs {
		want[i] = d.command(s)
	}
	at := "applications/" + app.String() + "/commands"
	var have []command
	if err := d.get(ctx, "list commands", at+"?with_localizations=true", at, &have); err != nil {
		return err
	}
	if alikeCommands(want, have) {
		return nil
	}
	if err := d.do(ctx, request{op: "register commands", method: http.MethodPut, path: at, in: want}, nil); err != nil {
		return err
	}
	d.log.Info("the commands were registered", "commands", len(want))
	return nil
}

// alikeCommands compares without regard to order, which Discord does not keep.
func alikeCommands(a, b []command) bool {
	text := func(list []command) []string {
		out := make([]string, len(list))
		for i, c := range list {
			slices.Sort(c.Contexts)
			slices.Sort(c.Integrations)
			raw, err := json.Marshal(c)
			if err != nil {
				return nil
			}
			out[i] = string(raw)
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(text(a), text(b))
}

// command makes Discord's form of a command. What members use is there in
// servers, in direct messages and from their own account; what staff use, and
// what is used on a server's messages, in servers alone.
func (d *Discord) command(s chat.CommandSpec) command {
	c := command{
		Name: s.Name, Named: d.named(s.Name, !s.OnMessage), Kind: commandSlash, Contexts: []int{inServer, inBotDM, inPrivate}, Integrations: []int{installServer, installPerson},
	}
	if s.Staff || s.OnMessage {
		c.Contexts, c.Integrations = []int{inServer}, []int{installServer}
	}
	if s.Staff {
		needs := permString(permModerate)
		c.Needs = &needs
	}
	if s.OnMessage {
		c.Kind = commandMessage
		return c
	}
	c.Description, c.Translated = d.described(s.Description, s.Name)
	c.Options = d.options(s.Options)
	for _, sub := range s.Subcommands {
		o := commandOption{Kind: optionSub, Name: sub.Name, Named: d.named(sub.Name, true), Options: d.options(sub.Options)}
		o.Description, o.Translated = d.described(sub.Description, sub.Name)
		c.Options = append(c.Options, o)
	}
	return c
}

func permString(b bits) string { return id(b).String() }

// options puts what is required first, as Discord wants it.
func (d *Discord) options(list []chat.OptionSpec) []commandOption {
	var out []commandOption
	for _, s := range list {
		o := commandOption{Kind: optionKind(s.Kind), Name: s.Name, Named: d.named(s.Name, true), Required: s.Required}
		o.Description, o.Translated = d.described(s.Description, s.Name)
		if o.Kind == optionText && len(s.Choices) > 0 && len(s.Choices) <= maxChoices {
			for _, k := range s.Choices {
				o.Choices = append(o.Choices, choice{Name: choiceName(k), Named: d.named(choiceName(k), false), Value: short(k.Value, maxChoiceLength)})
			}
		} else if o.Kind == optionText {
			o.Complete = s.Completes
		}
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b commandOption) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return out
}

func optionKind(k chat.OptionKind) int {
	switch k {
	case chat.APerson:
		return optionPerson
	case chat.AChannel:
		return optionChannel
	case chat.ARole:
		return optionRole
	}
	return optionText
}

// named gives the translations of a name. That of a slash command or of an
// option is one short word in small letters; what is not is left out.
func (d *Discord) named(name string, word bool) map[string]string {
	out := d.translated(name, maxCommandText)
	maps.DeleteFunc(out, func(_, n string) bool {
		return word && (!commandWord.MatchString(n) || n != strings.ToLower(n))
	})
	if len(out) == 0 {
		return nil
	}
	return out
}

var commandWord = regexp.MustCompile(`^[-_\p{L}\p{N}]{1,32}$`)

func (d *Discord) translated(text string, most int) map[string]string {
	if d.o.Translate == nil {
		return nil
	}
	out := map[string]string{}
	for tag, t := range d.o.Translate(text) {
		t = short(oneLine(t), most)
		for _, locale := range localesOf(tag) {
			if t != "" {
				out[locale] = t
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// locales are the languages that Discord's clients can be set to, and in which
// a command can be named.
var locales = strings.Fields(`id da de en-GB en-US es-ES es-419 fr hr it lt hu nl no pl pt-BR ro fi sv-SE vi tr cs el
	bg ru uk hi th zh-CN ja zh-TW ko`)

// localesOf are Discord's locales for a language: of a language without a
// country all that there are.
func localesOf(tag string) []string {
	var out []string
	for _, l := range locales {
		if l == tag || strings.HasPrefix(l, tag+"-") {
			out = append(out, l)
		}
	}
	return out
}

// described gives a description, which Discord must have, and its translations.
func (d *Discord) described(text, name string) (string, map[string]string) {
	other := d.translated(text, maxCommandText)
	if text = short(oneLine(text), maxCommandText); text == "" {
		text = name
	}
	return text, other
}
