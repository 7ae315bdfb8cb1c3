package slack

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

// This file makes Block Kit of cards. Words go into rich text, which Slack
// shows as it is: nothing that somebody called themselves can become markup, a
// link or a mention.

// Slack's limits. https://docs.slack.dev/reference/block-kit/blocks
const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxHeader        = 150
	maxButtonText    = 75
	maxButtonURL     = 3000
	maxPlaceholder   = 150
	maxOptionText    = 75
	maxOptionValue   = 150
	maxOptions       = 100
	maxSmallPrint    = 2000
	maxViewTitle     = 24
	maxLabel         = 2000
	maxInput         = 3000
	maxActionID      = 255
	maxPrivate       = 3000
	maxRadio         = 5    // choices that are all shown; more go into a select
	maxFallback      = 3000 // characters of what notifications and screen readers get
)

// mark stands before the title, for those who see it; the title says the same
// in words.
func mark(t chat.Tone) string {
	switch t {
	case chat.Notice:
		return "🟡 "
	case chat.Strong:
		return "🟠 "
	case chat.Urgent:
		return "🔴 "
	case chat.Done:
		return "✅ "
	}
	return ""
}

// render makes at most `most` blocks of a card. Where it is long, its parts
// share blocks: a card that passes its check then always fits.
func render(c chat.Card, most int) []slack.Block {
	airy := painter{airy: true}
	out := airy.paint(c)
	if len(out) <= most {
		return out
	}
	var dense painter
	out = dense.paint(c)
	return out[:min(most, len(out))]
}

// painter puts a card together.
type painter struct {
	airy   bool // every part in a block of its own, lines before sections
	blocks []slack.Block
	rich   []slack.RichTextElement
	ids    map[string]int
}

func (p *painter) paint(c chat.Card) []slack.Block {
	p.ids = map[string]int{}
	p.title(c)
	for i, b := range c.Blocks {
		if _, ok := b.(chat.Section); ok && p.airy && i > 0 {
			p.flush()
			p.blocks = append(p.blocks, slack.NewDividerBlock())
		}
		p.block(b)
		if p.airy {
			p.flush()
		}
	}
	p.flush()
	if f := footer(c.Footer); f != nil {
		p.blocks = append(p.blocks, f)
	}
	return p.blocks
}

func (p *painter) title(c chat.Card) {
	t := clean(oneLine(c.Title))
	if t == "" {
		t = "…" // it held nothing that can be seen
	}
	if t = mark(c.Tone) + t; utf8.RuneCountInString(t) <= maxHeader {
		p.blocks = append(p.blocks, slack.NewHeaderBlock(plain(t)))
		return
	}
	p.rich = append(p.rich, slack.NewRichTextSection(bold(t)))
	p.flush()
}

func (p *painter) block(b chat.Block) {
	switch b := b.(type) {
	case chat.Text:
		p.section(words(string(b)))
	case chat.Quote:
		if w := words(string(b)); w != nil {
			p.rich = append(p.rich, &slack.RichTextQuote{Type: slack.RTEQuote, Elements: w})
		}
	case chat.List:
		p.list(b)
	case chat.Facts:
		p.section(facts(b))
	case chat.Section:
		var all []slack.RichTextSectionElement
		for _, part := range [][]slack.RichTextSectionElement{boldWords(b.Title), words(b.Text), facts(b.Facts)} {
			if len(all) > 0 && len(part) > 0 {
				all = append(all, text("\n"))
			}
			all = append(all, part...)
		}
		p.section(all)
	case chat.Controls:
		p.controls(b)
	}
}

func (p *painter) section(e []slack.RichTextSectionElement) {
	if len(e) > 0 {
		p.rich = append(p.rich, slack.NewRichTextSection(e...))
	}
}

// flush makes one block of the text since the last.
func (p *painter) flush() {
	if len(p.rich) > 0 {
		p.blocks = append(p.blocks, slack.NewRichTextBlock("", p.rich...))
		p.rich = nil
	}
}

func text(s string) *slack.RichTextSectionTextElement {
	return slack.NewRichTextSectionTextElement(s, nil)
}

func bold(s string) *slack.RichTextSectionTextElement {
	return slack.NewRichTextSectionTextElement(s, &slack.RichTextSectionTextStyle{Bold: true})
}

func words(s string) []slack.RichTextSectionElement {
	if s = clean(s); strings.TrimSpace(s) == "" {
		return nil
	}
	return []slack.RichTextSectionElement{text(s)}
}

func boldWords(s string) []slack.RichTextSectionElement {
	if s = clean(oneLine(s)); s == "" {
		return nil
	}
	return []slack.RichTextSectionElement{bold(s)}
}

func (p *painter) list(l chat.List) {
	p.section(boldWords(l.Title))
	style := slack.RTEListBullet
	if l.Ordered {
		style = slack.RTEListOrdered
	}
	var items []slack.RichTextElement
	for _, it := range l.Items {
		w := words(oneLine(it))
		if w == nil {
			w = words("…")
		}
		items = append(items, slack.NewRichTextSection(w...))
	}
	if len(items) > 0 {
		p.rich = append(p.rich, list{slack.RTEList, style, items})
	}
}

// list is a list as Slack's own types describe it: slack-go's writes a property
// that they do not know.
type list struct {
	Type     slack.RichTextElementType     `json:"type"`
	Style    slack.RichTextListElementType `json:"style"`
	Elements []slack.RichTextElement       `json:"elements"`
}

// RichTextElementType says that it is a list.
func (l list) RichTextElementType() slack.RichTextElementType { return l.Type }

func facts(list []chat.Fact) []slack.RichTextSectionElement {
	var out []slack.RichTextSectionElement
	for i, f := range list {
		if i > 0 {
			out = append(out, text("\n"))
		}
		out = append(out, bold(clean(oneLine(f.Label))+":"), text(" "))
		out = append(out, value(f)...)
	}
	return out
}

// value shows a fact's value, with its link. Of a call or a message the number
// is shown, where the value does not say it already.
func value(f chat.Fact) []slack.RichTextSectionElement {
	v := clean(oneLine(f.Value))
	u, err := url.Parse(f.Link)
	if f.Link == "" || err != nil {
		return words(v)
	}
	switch u.Scheme {
	case "http", "https":
		return []slack.RichTextSectionElement{slack.NewRichTextSectionLinkElement(u.String(), v, nil)}
	}
	to, _, _ := strings.Cut(u.Opaque, "?")
	if to = clean(oneLine(to)); to != "" && !strings.Contains(digits(v), digits(to)) {
		v = strings.TrimSpace(v + " (" + to + ")")
	}
	return words(v)
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

// footer is the small print.
func footer(s string) slack.Block {
	s = clean(s)
	if strings.TrimSpace(s) == "" {
		return nil
	}
	if utf8.RuneCountInString(s) > maxSmallPrint {
		return slack.NewRichTextBlock("", slack.NewRichTextSection(text(s)))
	}
	return slack.NewContextBlock("", plain(s))
}

// controls adds a row of buttons and selects.
func (p *painter) controls(controls chat.Controls) {
	var row []slack.BlockElement
	for _, k := range controls {
		switch k := k.(type) {
		case chat.Button:
			b := slack.NewButtonBlockElement(p.actionID(k.Verb, k.Arg), "", plain(label(k.Label)))
			b.Style = buttonStyle(k.Style)
			row = append(row, b)
		case chat.LinkButton:
			if !strings.HasPrefix(k.URL, "http") || len(k.URL) > maxButtonURL {
				p.section(value(chat.Fact{Value: k.Label, Link: k.URL}))
				continue
			}
			b := slack.NewButtonBlockElement(p.unique("link"), "", plain(label(k.Label)))
			b.URL = k.URL
			row = append(row, b)
		case chat.Select:
			if e := p.selection(k); e != nil {
				row = append(row, e)
			}
		}
	}
	p.flush()
	if len(row) > 0 {
		p.blocks = append(p.blocks, slack.NewActionBlock("", row...))
	}
}

func (p *painter) selection(k chat.Select) slack.BlockElement {
	list, chosen := choices(k.Options, k.Chosen)
	if len(list) == 0 {
		return nil
	}
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain(short(visible(k.Label), maxPlaceholder)), p.actionID(k.Verb, k.Arg), list...)
	e.InitialOption = chosen
	return e
}

func buttonStyle(s chat.Style) slack.Style {
	switch s {
	case chat.Primary:
		return slack.StylePrimary
	case chat.Danger:
		return slack.StyleDanger
	}
	return slack.StyleDefault
}

func label(s string) string { return short(visible(s), maxButtonText) }

// visible gives a line that is not empty.
func visible(s string) string {
	if s = clean(oneLine(s)); strings.TrimSpace(s) == "" {
		return "…"
	}
	return s
}

// plain is text without markup; names of emoji in it stay as they are.
func plain(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// choices makes the options of a select, and the one that is chosen at first.
func choices(list []chat.Option, chosen string) (out []*slack.OptionBlockObject, first *slack.OptionBlockObject) {
	for _, o := range list {
		v := o.Value
		if utf8.RuneCountInString(v) > maxOptionValue || v == "" || len(out) == maxOptions || slices.ContainsFunc(out, func(x *slack.OptionBlockObject) bool { return x.Value == v }) {
			continue // Slack takes neither
		}
		name := o.Label
		if strings.TrimSpace(clean(name)) == "" {
			name = o.Value
		}
		x := slack.NewOptionBlockObject(v, plain(short(visible(name), maxOptionText)), nil)
		if h := short(clean(oneLine(o.Hint)), maxOptionText); h != "" {
			x.Description = plain(h)
		}
		if chosen != "" && o.Value == chosen {
			first = x
		}
		out = append(out, x)
	}
	return out, first
}

// actionID carries a verb and its argument: the verb's length, a colon, both.
// Slack wants the ids in a block to differ, so letters in front tell repeated
// ones apart.
func (p *painter) actionID(verb, arg string) string {
	return p.unique(strconv.Itoa(len(verb)) + ":" + verb + arg)
}

func (p *painter) unique(s string) string {
	n := p.ids[s]
	p.ids[s]++
	if n == 0 {
		return s
	}
	return letters(n) + s
}

// letters writes a number from 1 on in letters.
func letters(n int) string {
	var out string
	for ; n > 0; n = (n - 1) / 26 {
		out = string(rune('a'+(n-1)%26)) + out
	}
	return out
}

// readActionID is the reverse of actionID; false for what is not ours.
func readActionID(s string) (verb, arg string, ok bool) {
	s = strings.TrimLeft(s, "abcdefghijklmnopqrstuvwxyz")
	length, rest, found := strings.Cut(s, ":")
	n, err := strconv.Atoi(length)
	if !found || err != nil || n < 0 || n > len(rest) {
		return "", "", false
	}
	return rest[:n], rest[n:], true
}

// callAttention stands before a card whose readers are to be notified: it names
// their user group or, where there is none, the channel; nobody by name. Without
// it, Slack tells most people nothing.
func callAttention(group string) slack.Block {
	var e slack.RichTextSectionElement = slack.NewRichTextSectionBroadcastElement("channel")
	if isID(group) {
		e = slack.NewRichTextSectionUserGroupElement(group)
	}
	return slack.NewRichTextBlock("", slack.NewRichTextSection(e))
}

// escaped keeps text from being read as markup where Slack reads it so.
func escaped(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(clean(s))
}

// cardView makes a window of a card.
func cardView(c chat.Card, private string) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain(short(visible(c.Title), maxViewTitle)),
		Blocks: slack.Blocks{BlockSet: render(c, maxViewBlocks)}, PrivateMetadata: private,
	}
}

// formView makes a window of a form.
func formView(f chat.Form, private string) slack.ModalViewRequest {
	p := painter{ids: map[string]int{}}
	title := visible(f.Title)
	if utf8.RuneCountInString(title) > maxViewTitle {
		p.blocks = append(p.blocks, slack.NewHeaderBlock(plain(short(title, maxHeader))))
	}
	p.section(words(f.Intro))
	p.flush()
	for _, x := range f.Fields {
		if e := input(x); e != nil {
			b := slack.NewInputBlock(short(x.Name, maxActionID), plain(short(fieldLabel(x), maxLabel)), nil, e)
			if h := short(clean(oneLine(x.Hint)), maxLabel); h != "" {
				b.Hint = plain(h)
			}
			b.Optional = !x.Required
			p.blocks = append(p.blocks, b)
		}
	}
	submit := f.Submit
	if strings.TrimSpace(submit) == "" {
		submit = f.Title
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain(short(title, maxViewTitle)), Submit: plain(short(visible(submit), maxViewTitle)),
		Blocks: slack.Blocks{BlockSet: p.blocks}, PrivateMetadata: private, CallbackID: p.actionID(f.Verb, f.Arg),
	}
}

func fieldLabel(f chat.Field) string {
	if l := clean(oneLine(f.Label)); l != "" {
		return l
	}
	return visible(f.Name)
}

func input(f chat.Field) slack.BlockElement {
	id := short(f.Name, maxActionID)
	switch f.Kind {
	case chat.Room:
		e := slack.NewOptionsSelectBlockElement(slack.OptTypeConversations, nil, id)
		e.InitialConversation = f.Value
		e.Filter = &slack.SelectBlockElementFilter{Include: []string{"private"}, ExcludeExternalSharedChannels: true}
		return e
	case chat.People:
		e := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeUser, nil, id)
		e.InitialUsers = strings.Fields(f.Value)
		return e
	case chat.Choice:
		list, chosen := choices(f.Options, f.Value)
		switch {
		case len(list) == 0:
			return nil
		case len(list) <= maxRadio && f.Required: // Slack cannot take back a choice among them
			e := slack.NewRadioButtonsBlockElement(id, list...)
			e.InitialOption = chosen
			return e
		}
		e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, id, list...)
		e.InitialOption = chosen
		return e
	}
	e := slack.NewPlainTextInputBlockElement(nil, id)
	e.Multiline = f.Kind == chat.Paragraph
	e.MaxLength = maxInput
	if f.MaxLen > 0 {
		e.MaxLength = min(f.MaxLen, maxInput)
	}
	e.InitialValue = f.Value
	if r := []rune(f.Value); len(r) > e.MaxLength {
		e.InitialValue = string(r[:e.MaxLength])
	}
	return e
}
