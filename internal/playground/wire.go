package playground

import (
	"fmt"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// This file holds how cards, forms and answers travel as JSON: between the
// bot and the server, and between the server and the page.

type cardJSON struct {
	Title  string      `json:"title"`
	Tone   chat.Tone   `json:"tone,omitempty"`
	Blocks []blockJSON `json:"blocks,omitempty"`
	Footer string      `json:"footer,omitempty"`
	Lang   string      `json:"lang,omitempty"`
	RTL    bool        `json:"rtl,omitempty"`
	// Picture is base64 on the wire.
	Picture *pictureJSON `json:"picture,omitempty"`
}

type pictureJSON struct {
	Name string `json:"name"`
	Alt  string `json:"alt"`
	PNG  []byte `json:"png"`
}

type blockJSON struct {
	Type     string        `json:"type"` // text, quote, list, facts, section, controls
	Title    string        `json:"title,omitempty"`
	Text     string        `json:"text,omitempty"`
	Ordered  bool          `json:"ordered,omitempty"`
	Items    []string      `json:"items,omitempty"`
	Facts    []factJSON    `json:"facts,omitempty"`
	Controls []controlJSON `json:"controls,omitempty"`
}

type factJSON struct {
	Label string `json:"label"`
	Value string `json:"value"`
	Link  string `json:"link,omitempty"`
}

type controlJSON struct {
	Type    string       `json:"type"` // button, link, select
	Label   string       `json:"label"`
	Verb    string       `json:"verb,omitempty"`
	Arg     string       `json:"arg,omitempty"`
	Style   chat.Style   `json:"style,omitempty"`
	URL     string       `json:"url,omitempty"`
	Options []optionJSON `json:"options,omitempty"`
	Chosen  string       `json:"chosen,omitempty"`
}

type optionJSON struct {
	Label string `json:"label"`
	Value string `json:"value"`
	Hint  string `json:"hint,omitempty"`
}

type formJSON struct {
	Verb   string      `json:"verb"`
	Arg    string      `json:"arg,omitempty"`
	Title  string      `json:"title"`
	Intro  string      `json:"intro,omitempty"`
	Fields []fieldJSON `json:"fields"`
	Submit string      `json:"submit,omitempty"`
	Lang   string      `json:"lang,omitempty"`
	RTL    bool        `json:"rtl,omitempty"`
}

type fieldJSON struct {
	Name     string         `json:"name"`
	Label    string         `json:"label"`
	Hint     string         `json:"hint,omitempty"`
	Kind     chat.FieldKind `json:"kind"`
	Required bool           `json:"required,omitempty"`
	MaxLen   int            `json:"maxLen,omitempty"`
	Options  []optionJSON   `json:"options,omitempty"`
	Value    string         `json:"value,omitempty"`
}

type answerJSON struct {
	Card    *cardJSON `json:"card,omitempty"`
	Replace bool      `json:"replace,omitempty"`
	Form    *formJSON `json:"form,omitempty"`
	Hide    bool      `json:"hide,omitempty"`
	File    *fileJSON `json:"file,omitempty"`
}

type fileJSON struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

type commandJSON struct {
	Name        string              `json:"name"`
	Description string              `json:"description,omitempty"`
	Options     []commandOptionJSON `json:"options,omitempty"`
	Subcommands []commandJSON       `json:"subcommands,omitempty"`
	Staff       bool                `json:"staff,omitempty"`
	OnMessage   bool                `json:"onMessage,omitempty"`
}

type commandOptionJSON struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Required    bool         `json:"required,omitempty"`
	Choices     []optionJSON `json:"choices,omitempty"`
	Completes   bool         `json:"completes,omitempty"`
}

type placeJSON struct {
	ID     chat.PlaceID `json:"id"`
	Name   string       `json:"name"`
	Parent chat.PlaceID `json:"parent,omitempty"`
	Direct bool         `json:"direct,omitempty"`
}

type personJSON struct {
	ID        chat.PersonID `json:"id"`
	Name      string        `json:"name"`
	Bot       bool          `json:"bot,omitempty"`
	Roles     []string      `json:"roles,omitempty"`
	Moderator bool          `json:"moderator,omitempty"`
	Locale    string        `json:"locale,omitempty"` // of the browser, where they ask something
}

// messageJSON is a message as the bot reads it.
type messageJSON struct {
	ID       chat.MessageID  `json:"id"`
	Place    placeJSON       `json:"place"`
	Author   personJSON      `json:"author"`
	Text     string          `json:"text"`
	Time     time.Time       `json:"time"`
	Edited   bool            `json:"edited,omitempty"`
	ReplyTo  chat.PersonID   `json:"replyTo,omitempty"`
	Mentions []chat.PersonID `json:"mentions,omitempty"`
	Path     string          `json:"path"` // opens the message, below the page's address
}

// The kinds of event that the bot receives.
const (
	kindHello    = "hello"
	kindPing     = "ping"
	kindMessage  = "message"
	kindDeleted  = "deleted"
	kindCommand  = "command"
	kindAction   = "action"
	kindSubmit   = "submit"
	kindComplete = "complete"
)

// eventJSON is one line of the bot's event stream.
type eventJSON struct {
	ID      string            `json:"id,omitempty"`
	Kind    string            `json:"kind"`
	Time    time.Time         `json:"time,omitzero"`
	Person  personJSON        `json:"person,omitzero"`
	Place   placeJSON         `json:"place,omitzero"`
	Message *messageJSON      `json:"message,omitempty"` // what was said, or what a command is about
	At      chat.MessageID    `json:"at,omitempty"`      // what was deleted, or the card that holds the button
	Name    string            `json:"name,omitempty"`
	Args    map[string]string `json:"args,omitempty"` // of a command, or a form's values
	Verb    string            `json:"verb,omitempty"`
	Arg     string            `json:"arg,omitempty"`
	Value   string            `json:"value,omitempty"`
	Option  string            `json:"option,omitempty"`
	Typed   string            `json:"typed,omitempty"`

	server chat.ServerID // which community it came from; set on arrival
}

type postJSON struct {
	Key    string         `json:"key,omitempty"`
	Under  chat.MessageID `json:"under,omitempty"`
	Card   cardJSON       `json:"card"`
	Notify bool           `json:"notify,omitempty"`
}

func toCardJSON(c chat.Card) cardJSON {
	out := cardJSON{Title: c.Title, Tone: c.Tone, Footer: c.Footer, Lang: c.Language, RTL: c.RightToLeft, Picture: (*pictureJSON)(c.Picture)}
	for _, b := range c.Blocks {
		switch b := b.(type) {
		case chat.Text:
			out.Blocks = append(out.Blocks, blockJSON{Type: "text", Text: string(b)})
		case chat.Quote:
			out.Blocks = append(out.Blocks, blockJSON{Type: "quote", Text: string(b)})
		case chat.List:
			out.Blocks = append(out.Blocks, blockJSON{Type: "list", Title: b.Title, Ordered: b.Ordered, Items: b.Items})
		case chat.Facts:
			out.Blocks = append(out.Blocks, blockJSON{Type: "facts", Facts: toFactsJSON(b)})
		case chat.Section:
			out.Blocks = append(out.Blocks, blockJSON{Type: "section", Title: b.Title, Text: b.Text, Facts: toFactsJSON(b.Facts)})
		case chat.Controls:
			out.Blocks = append(out.Blocks, blockJSON{Type: "controls", Controls: toControlsJSON(b)})
		}
	}
	return out
}

func toFactsJSON(facts []chat.Fact) []factJSON {
	var out []factJSON
	for _, f := range facts {
		out = append(out, factJSON(f))
	}
	return out
}

func toControlsJSON(controls []chat.Control) []controlJSON {
	var out []controlJSON
	for _, k := range controls {
		switch k := k.(type) {
		case chat.Button:
			out = append(out, controlJSON{Type: "button", Label: k.Label, Verb: k.Verb, Arg: k.Arg, Style: k.Style})
		case chat.LinkButton:
			out = append(out, controlJSON{Type: "link", Label: k.Label, URL: k.URL})
		case chat.Select:
			out = append(out, controlJSON{Type: "select", Label: k.Label, Verb: k.Verb, Arg: k.Arg, Options: toOptionsJSON(k.Options), Chosen: k.Chosen})
		}
	}
	return out
}

func toOptionsJSON(options []chat.Option) []optionJSON {
	var out []optionJSON
	for _, o := range options {
		out = append(out, optionJSON(o))
	}
	return out
}

// card gives the neutral card, or says what no page could show.
func (c cardJSON) card() (chat.Card, error) {
	out := chat.Card{Title: c.Title, Tone: c.Tone, Footer: c.Footer, Language: c.Lang, RightToLeft: c.RTL, Picture: (*chat.Picture)(c.Picture)}
	for _, b := range c.Blocks {
		switch b.Type {
		case "text":
			out.Blocks = append(out.Blocks, chat.Text(b.Text))
		case "quote":
			out.Blocks = append(out.Blocks, chat.Quote(b.Text))
		case "list":
			out.Blocks = append(out.Blocks, chat.List{Title: b.Title, Ordered: b.Ordered, Items: b.Items})
		case "facts":
			out.Blocks = append(out.Blocks, chat.Facts(fromFactsJSON(b.Facts)))
		case "section":
			out.Blocks = append(out.Blocks, chat.Section{Title: b.Title, Text: b.Text, Facts: fromFactsJSON(b.Facts)})
		case "controls":
			controls, err := fromControlsJSON(b.Controls)
			if err != nil {
				return chat.Card{}, err
			}
			out.Blocks = append(out.Blocks, controls)
		default:
			return chat.Card{}, fmt.Errorf("a block has the unknown type %q", b.Type)
		}
	}
	return out, out.Check()
}

func fromFactsJSON(facts []factJSON) []chat.Fact {
	var out []chat.Fact
	for _, f := range facts {
		out = append(out, chat.Fact(f))
	}
	return out
}

func fromControlsJSON(controls []controlJSON) (chat.Controls, error) {
	var out chat.Controls
	for _, k := range controls {
		switch k.Type {
		case "button":
			out = append(out, chat.Button{Label: k.Label, Verb: k.Verb, Arg: k.Arg, Style: k.Style})
		case "link":
			out = append(out, chat.LinkButton{Label: k.Label, URL: k.URL})
		case "select":
			out = append(out, chat.Select{Label: k.Label, Verb: k.Verb, Arg: k.Arg, Options: fromOptionsJSON(k.Options), Chosen: k.Chosen})
		default:
			return nil, fmt.Errorf("a control has the unknown type %q", k.Type)
		}
	}
	return out, nil
}

func fromOptionsJSON(options []optionJSON) []chat.Option {
	var out []chat.Option
	for _, o := range options {
		out = append(out, chat.Option(o))
	}
	return out
}

func toFormJSON(f chat.Form) formJSON {
	out := formJSON{Verb: f.Verb, Arg: f.Arg, Title: f.Title, Intro: f.Intro, Submit: f.Submit, Lang: f.Language, RTL: f.RightToLeft}
	for _, x := range f.Fields {
		out.Fields = append(out.Fields, fieldJSON{
			Name: x.Name, Label: x.Label, Hint: x.Hint, Kind: x.Kind, Required: x.Required,
			MaxLen: x.MaxLen, Options: toOptionsJSON(x.Options), Value: x.Value,
		})
	}
	return out
}

// form gives the neutral form, or says what no page could show.
func (f formJSON) form() (chat.Form, error) {
	out := chat.Form{Verb: f.Verb, Arg: f.Arg, Title: f.Title, Intro: f.Intro, Submit: f.Submit, Language: f.Lang, RightToLeft: f.RTL}
	for _, x := range f.Fields {
		out.Fields = append(out.Fields, chat.Field{
			Name: x.Name, Label: x.Label, Hint: x.Hint, Kind: x.Kind, Required: x.Required,
			MaxLen: x.MaxLen, Options: fromOptionsJSON(x.Options), Value: x.Value,
		})
	}
	return out, out.Check()
}

func toAnswerJSON(a chat.Answer) answerJSON {
	out := answerJSON{Replace: a.Replace, Hide: a.Hide, File: (*fileJSON)(a.File)}
	if a.Card != nil {
		c := toCardJSON(*a.Card)
		out.Card = &c
	}
	if a.Form != nil {
		f := toFormJSON(*a.Form)
		out.Form = &f
	}
	return out
}

// answer gives the neutral answer, or says what no page could show.
func (a answerJSON) answer() (chat.Answer, error) {
	out := chat.Answer{Replace: a.Replace, Hide: a.Hide, File: (*chat.File)(a.File)}
	if a.Card != nil {
		c, err := a.Card.card()
		if err != nil {
			return chat.Answer{}, err
		}
		out.Card = &c
	}
	if a.Form != nil {
		f, err := a.Form.form()
		if err != nil {
			return chat.Answer{}, err
		}
		out.Form = &f
	}
	return out, nil
}

func toCommandsJSON(specs []chat.CommandSpec) []commandJSON {
	out := []commandJSON{}
	for _, s := range specs {
		c := commandJSON{
			Name: s.Name, Description: s.Description, Staff: s.Staff, OnMessage: s.OnMessage,
			Subcommands: toCommandsJSON(s.Subcommands),
		}
		for _, o := range s.Options {
			c.Options = append(c.Options, commandOptionJSON{
				Name: o.Name, Description: o.Description, Required: o.Required,
				Choices: toOptionsJSON(o.Choices), Completes: o.Completes,
			})
		}
		out = append(out, c)
	}
	return out
}

// flatten writes subcommands as commands of two words, and leaves out those
// that only lead to others.
func flatten(commands []commandJSON) []commandJSON {
	var out []commandJSON
	for _, c := range commands {
		if len(c.Subcommands) == 0 {
			out = append(out, c)
			continue
		}
		for _, sub := range flatten(c.Subcommands) {
			sub.Name = c.Name + " " + sub.Name
			sub.Staff = sub.Staff || c.Staff
			out = append(out, sub)
		}
	}
	return out
}

func (p placeJSON) place(server chat.ServerID) chat.Place {
	return chat.Place{Server: server, ID: p.ID, Name: p.Name, Parent: p.Parent, Direct: p.Direct}
}

func (p personJSON) person() chat.Person {
	return chat.Person{ID: p.ID, Name: p.Name, Bot: p.Bot, Locale: p.Locale}
}

// message gives the neutral message; base is the page's address.
func (m messageJSON) message(server chat.ServerID, base string) chat.Message {
	return chat.Message{
		ID: m.ID, Place: m.Place.place(server), Author: m.Author.person(), Text: m.Text, Time: m.Time,
		Edited: m.Edited, ReplyTo: m.ReplyTo, Mentions: m.Mentions,
		Link: strings.TrimSuffix(base, "/") + m.Path,
	}
}
