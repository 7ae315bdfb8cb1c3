package discord

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
)

// This file makes Discord's components of cards: one container with the tone's
// colour, in it text, lines between, and rows of buttons and selects.

// Discord's limits for components.
// https://discord.com/developers/docs/components/reference
const (
	maxText         = 4000 // characters of all text displays together
	maxComponents   = 40   // in a message, nested ones included
	maxRow          = 5    // buttons in a row
	maxButtonLabel  = 80
	maxButtonURL    = 512
	maxPlaceholder  = 150
	maxOptionText   = 100
	maxCustomID     = 100
	maxModalTitle   = 45
	maxModalParts   = 5
	maxLabel        = 45
	maxDescription  = 100
	maxInput        = 4000
	maxThreadName   = 100
	maxCommandText  = 100
	maxChoices      = 25
	maxChoiceLength = 100
)

// The types of component.
const (
	typeRow       = 1
	typeButton    = 2
	typeSelect    = 3
	typeInput     = 4
	typeText      = 10
	typeGallery   = 12
	typeSeparator = 14
	typeContainer = 17
	typeLabel     = 18
)

// The styles of buttons.
const (
	stylePrimary   = 1
	styleSecondary = 2
	styleDanger    = 4
	styleLink      = 5
)

// component is one component of a message or a modal.
type component struct {
	Type        int         `json:"type"`
	CustomID    string      `json:"custom_id,omitempty"`
	Style       int         `json:"style,omitempty"`
	Label       string      `json:"label,omitempty"`
	Description string      `json:"description,omitempty"`
	URL         string      `json:"url,omitempty"`
	Content     string      `json:"content,omitempty"`
	Accent      *int        `json:"accent_color,omitempty"`
	Divider     *bool       `json:"divider,omitempty"`
	Placeholder string      `json:"placeholder,omitempty"`
	Options     []option    `json:"options,omitempty"`
	Required    *bool       `json:"required,omitempty"`
	MaxLength   int         `json:"max_length,omitempty"`
	Value       string      `json:"value,omitempty"`
	Component   *component  `json:"component,omitempty"`
	Components  []component `json:"components,omitempty"`
	Items       []shown     `json:"items,omitempty"`
}

// shown is a picture of a gallery.
type shown struct {
	Media struct {
		URL string `json:"url"`
	} `json:"media"`
	Description string `json:"description"`
}

// gallery shows a picture that comes with the message, as Discord's file.
func gallery(p *chat.Picture) component {
	var s shown
	s.Media.URL, s.Description = "attachment://"+p.Name, p.Alt
	return component{Type: typeGallery, Items: []shown{s}}
}

type option struct {
	Label       string `json:"label"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
	Default     bool   `json:"default,omitempty"`
}

// accent is the colour of a tone. None is told apart by it alone: the title
// says the same in words.
func accent(t chat.Tone) int {
	switch t {
	case chat.Notice:
		return 0xE0A100
	case chat.Strong:
		return 0xD9622B
	case chat.Urgent:
		return 0xC62828
	case chat.Done:
		return 0x6B7280
	}
	return 0x2F7D6B
}

// layout is how much room and decoration a card gets.
type layout struct {
	airy  bool // lines between the parts
	marks bool // bold labels, headings and links
	text  func(string) string
	quote func(string) string
}

// render makes the components of a card. Where the card is long, it first
// takes less room, and then less decoration. dropped counts controls for which
// Discord has no room at all.
func render(c chat.Card) (out []component, dropped int) {
	for _, l := range []layout{
		{airy: true, marks: true, text: plain, quote: quoted},
		{marks: true, text: alike, quote: alikeQuoted},
		{text: alike, quote: alikeQuoted},
	} {
		p := painter{layout: l}
		out = []component{p.paint(c)}
		if textLength(out) <= maxText && count(out) <= maxComponents {
			return out, 0
		}
	}
	dropped = dropControls(&out[0])
	cutText(out[0].Components, textLength(out)-maxText)
	return out, dropped
}

// painter puts a card together.
type painter struct {
	layout
	parts []component
	paras []string
	ids   map[string]int
}

func (p *painter) paint(c chat.Card) component {
	p.ids = map[string]int{}
	title := p.text(oneLine(c.Title))
	if strings.TrimSpace(title) == "" {
		title = "…" // it held nothing that can be seen
	}
	if p.marks {
		title = "### " + title
	}
	p.say(title)
	for i, b := range c.Blocks {
		if s, ok := b.(chat.Section); ok {
			if p.airy && i > 0 {
				p.line()
			}
			p.say(p.section(s))
			continue
		}
		p.block(b)
	}
	if c.Footer != "" {
		if p.airy {
			p.line()
		}
		p.say(p.footer(c.Footer))
	}
	p.flush()
	colour := accent(c.Tone)
	return component{Type: typeContainer, Accent: &colour, Components: p.parts}
}

func (p *painter) block(b chat.Block) {
	switch b := b.(type) {
	case chat.Text:
		p.say(p.text(string(b)))
	case chat.Quote:
		p.say("> " + strings.ReplaceAll(p.quote(string(b)), "\n", "\n> "))
	case chat.List:
		p.say(p.list(b))
	case chat.Facts:
		p.say(p.facts(b))
	case chat.Controls:
		p.controls(b)
	}
}

// say adds a paragraph.
func (p *painter) say(s string) {
	if strings.TrimSpace(s) != "" {
		p.paras = append(p.paras, s)
	}
}

// flush makes one text of the paragraphs since the last.
func (p *painter) flush() {
	if len(p.paras) > 0 {
		p.parts = append(p.parts, component{Type: typeText, Content: strings.Join(p.paras, "\n\n")})
		p.paras = nil
	}
}

func (p *painter) line() {
	p.flush()
	if n := len(p.parts); n > 0 && p.parts[n-1].Type != typeSeparator {
		yes := true
		p.parts = append(p.parts, component{Type: typeSeparator, Divider: &yes})
	}
}

func (p *painter) bold(s string) string {
	s = oneLine(s)
	if !p.marks || s == "" {
		return p.text(s)
	}
	return "**" + p.text(s) + "**"
}

func (p *painter) list(l chat.List) string {
	var lines []string
	if l.Title != "" {
		lines = append(lines, p.bold(l.Title))
	}
	for i, it := range l.Items {
		mark := "- "
		if l.Ordered {
			mark = strconv.Itoa(i+1) + ". "
		}
		lines = append(lines, mark+p.text(oneLine(it)))
	}
	return strings.Join(lines, "\n")
}

func (p *painter) facts(facts []chat.Fact) string {
	lines := make([]string, len(facts))
	for i, f := range facts {
		label := p.text(oneLine(f.Label)) + ":"
		if p.marks {
			label = "**" + label + "**"
		}
		lines[i] = label + " " + p.value(f)
	}
	return strings.Join(lines, "\n")
}

// value shows a fact's value, with its link. Discord opens web addresses
// alone; of a call or a message the number is shown, where the value does not
// say it already.
func (p *painter) value(f chat.Fact) string {
	v := oneLine(f.Value)
	if !p.marks || f.Link == "" {
		return p.text(v)
	}
	u, err := url.Parse(f.Link)
	if err != nil {
		return p.text(v)
	}
	switch u.Scheme {
	case "http", "https":
		if strings.Contains(v, "://") || v == "" {
			return "<" + u.String() + ">"
		}
		return "[" + p.text(v) + "](<" + strings.NewReplacer("<", "%3C", ">", "%3E").Replace(u.String()) + ">)"
	default:
		to, _, _ := strings.Cut(u.Opaque, "?")
		if to != "" && !strings.Contains(digits(v), digits(to)) {
			return p.text(v + " (" + to + ")")
		}
	}
	return p.text(v)
}

// digits are what two ways of writing a number have in common; an address
// without any is kept whole.
func digits(s string) string {
	only := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
	if only == "" {
		return s
	}
	return only
}

func (p *painter) section(s chat.Section) string {
	var lines []string
	for _, l := range []string{p.bold(s.Title), p.text(s.Text), p.facts(s.Facts)} {
		if strings.TrimSpace(l) != "" {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n")
}

func (p *painter) footer(s string) string {
	s = p.text(s)
	if !p.marks {
		return s
	}
	return "-# " + strings.ReplaceAll(s, "\n", "\n-# ")
}

// controls adds rows: buttons side by side, every select in a row of its own.
func (p *painter) controls(controls chat.Controls) {
	var row []component
	end := func() {
		if len(row) > 0 {
			p.flush()
			p.parts = append(p.parts, component{Type: typeRow, Components: row})
			row = nil
		}
	}
	for _, k := range controls {
		switch k := k.(type) {
		case chat.Button:
			row = append(row, component{
				Type: typeButton, Style: buttonStyle(k.Style), Label: label(k.Label), CustomID: p.customID(k.Verb, k.Arg),
			})
		case chat.LinkButton:
			if !strings.HasPrefix(k.URL, "http") || len(k.URL) > maxButtonURL {
				end()
				p.say(p.value(chat.Fact{Value: k.Label, Link: k.URL}))
				continue
			}
			row = append(row, component{Type: typeButton, Style: styleLink, Label: label(k.Label), URL: k.URL})
		case chat.Select:
			end()
			row = append(row, component{
				Type: typeSelect, CustomID: p.customID(k.Verb, k.Arg), Placeholder: short(oneLine(k.Label), maxPlaceholder),
				Options: options(k.Options, k.Chosen),
			})
			end()
		}
		if len(row) == maxRow {
			end()
		}
	}
	end()
}

func buttonStyle(s chat.Style) int {
	switch s {
	case chat.Primary:
		return stylePrimary
	case chat.Danger:
		return styleDanger
	}
	return styleSecondary
}

func label(s string) string {
	if s = short(oneLine(s), maxButtonLabel); s == "" {
		return "…"
	}
	return s
}

func options(list []chat.Option, chosen string) []option {
	var out []option
	for _, o := range list {
		if o.Value == "" || slices.ContainsFunc(out, func(x option) bool { return x.Value == o.Value }) {
			continue // Discord takes neither
		}
		text := short(oneLine(o.Label), maxOptionText)
		if text == "" {
			text = short(o.Value, maxOptionText)
		}
		out = append(out, option{
			Label: text, Value: short(o.Value, maxOptionText), Description: short(oneLine(o.Hint), maxOptionText),
			Default: chosen != "" && o.Value == chosen,
		})
	}
	return out
}

// customID carries a verb and its argument: the verb's length, a colon, both.
// Discord wants every id of a message to be another, so a letter in front
// tells repeated ones apart.
func (p *painter) customID(verb, arg string) string {
	s := strconv.Itoa(len(verb)) + ":" + verb + arg
	n := p.ids[s]
	p.ids[s]++
	if n == 0 {
		return s
	}
	return string(rune('a'+(n-1)%26)) + s
}

// readCustomID is the reverse of customID; false for what is not ours.
func readCustomID(s string) (verb, arg string, ok bool) {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		s = s[1:]
	}
	length, rest, found := strings.Cut(s, ":")
	n, err := strconv.Atoi(length)
	if !found || err != nil || n < 0 || n > len(rest) {
		return "", "", false
	}
	return rest[:n], rest[n:], true
}

// count is how many components there are, nested ones included.
func count(list []component) int {
	n := len(list)
	for _, c := range list {
		n += count(c.Components)
	}
	return n
}

func textLength(list []component) int {
	n := 0
	for _, c := range list {
		n += utf8.RuneCountInString(c.Content) + textLength(c.Components)
	}
	return n
}

// dropControls leaves out the last rows until there is room for the rest.
func dropControls(box *component) (dropped int) {
	for i := len(box.Components) - 1; i >= 0 && count([]component{*box}) > maxComponents; i-- {
		if box.Components[i].Type == typeRow {
			dropped += len(box.Components[i].Components)
			box.Components = slices.Delete(box.Components, i, i+1)
		}
	}
	return dropped
}

// cutText shortens the longest texts until `over` characters are gone.
func cutText(list []component, over int) {
	for over > 0 {
		longest := -1
		for i, c := range list {
			if c.Type == typeText && (longest < 0 || len(c.Content) > len(list[longest].Content)) {
				longest = i
			}
		}
		if longest < 0 {
			return
		}
		n := utf8.RuneCountInString(list[longest].Content)
		list[longest].Content = short(list[longest].Content, max(1, n-over))
		cut := n - utf8.RuneCountInString(list[longest].Content)
		if cut <= 0 {
			return
		}
		over -= cut
	}
}

// mention is the text that notifies a role.
func mention(role id) component {
	return component{Type: typeText, Content: fmt.Sprintf("<@&%d>", role)}
}
