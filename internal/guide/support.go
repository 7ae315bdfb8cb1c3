package guide

import (
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// How many contacts one calm screen holds: so many public ones, fewer where a
// server has its own, and so many of those.
const (
	shownAtFirst  = 4
	shownWithOwn  = 3
	ownShownFirst = 2
)

// who reads a kind of person; anything else is a child.
func who(s string) responses.Who {
	w, _ := responses.ParseWho(s)
	return w
}

// supportCommand answers /support. A value that is not known is left out
// rather than refused: somebody may need help.
func (g *Guide) supportCommand(c chat.Command, s Server) chat.Card {
	q := responses.Query{Region: s.region(), Platform: s.Platform, Who: who(c.Arg("who"))}
	q.Need, _ = responses.ParseNeed(c.Arg("need"))
	if r, ok := responses.ParseRegion(c.Arg("region")); ok && c.Arg("region") != "" {
		q.Region = r
	}
	return g.support(q, s.Contacts, false)
}

// supportAction answers a select of a support card: its arg holds what was
// chosen before.
func (g *Guide) supportAction(a chat.Action, s Server) chat.Card {
	q := queryOf(a.Arg, s)
	switch a.Verb {
	case verbNeed:
		q.Need, _ = responses.ParseNeed(a.Value)
	case verbRegion:
		q.Region, _ = responses.ParseRegion(a.Value)
	case verbWho:
		q.Who = who(a.Value)
	}
	return g.support(q, s.Contacts, a.Verb == verbAll)
}

// argOf and queryOf carry a query in a control.
func argOf(q responses.Query) string {
	return strings.Join([]string{string(q.Need), string(q.Region), string(q.Who)}, "|")
}

func queryOf(arg string, s Server) responses.Query {
	part := append(strings.Split(arg, "|"), "", "", "")
	q := responses.Query{Platform: s.Platform, Who: who(part[2])}
	q.Need, _ = responses.ParseNeed(part[0])
	q.Region, _ = responses.ParseRegion(part[1])
	if part[1] == "" {
		q.Region = s.region()
	}
	return q
}

// Support shows every contact for a query, best first.
func (g *Guide) Support(q responses.Query) chat.Card { return g.support(q, nil, true) }

// lifeAtStake are the needs for which the emergency number is before all else.
func lifeAtStake(n responses.Need) bool {
	return n == responses.Danger || n == responses.Crisis || n == responses.Missing
}

// ownFor are those of a server's own contacts that a person may see.
func ownFor(own []responses.Contact, w responses.Who) []responses.Contact {
	var out []responses.Contact
	for _, c := range own {
		if !c.AdultsOnly || w != responses.Child {
			out = append(out, c)
		}
	}
	return out
}

// contactsFor are the contacts of a card, best first: the server's own before
// the public ones, but after the emergency number where a life may be at stake.
// rest says whether some were left out.
func (g *Guide) contactsFor(q responses.Query, own []responses.Contact, all bool) (list []responses.Contact, rest bool) {
	own, public := ownFor(own, q.Who), g.texts.Contacts(q)
	if !all {
		most := shownAtFirst
		if len(own) > 0 {
			most = shownWithOwn
		}
		rest = len(public) > most || len(own) > ownShownFirst
		public, own = public[:min(len(public), most)], own[:min(len(own), ownShownFirst)]
	}
	at := 0
	if lifeAtStake(q.Need) && len(public) > 0 && public[0].Emergency {
		at = 1
	}
	return slices.Concat(public[:at], own, public[at:]), rest
}

// support shows what helps with a need, and contacts, best first.
func (g *Guide) support(q responses.Query, own []responses.Contact, all bool) chat.Card {
	card := chat.Card{Title: g.texts.Say("ui.need." + string(q.Need)), Tone: chat.Calm, Footer: g.texts.Say("ui.footer.contacts")}
	add := func(b ...chat.Block) { card.Blocks = append(card.Blocks, b...) }
	if q.Region == responses.Unknown {
		add(chat.Text(g.nowhere(q.Platform)))
	}
	for _, s := range g.advice(q) {
		add(s)
	}
	contacts, rest := g.contactsFor(q, own, all)
	for _, c := range contacts {
		if c.Emergency && q.Need != responses.Danger {
			add(g.brief(c))
			continue
		}
		add(g.contact(c))
	}
	row := chat.Controls{g.hide()}
	if rest {
		row = chat.Controls{chat.Button{Label: g.texts.Say("ui.button.contacts"), Verb: verbAll, Arg: argOf(q)}, g.hide()}
	}
	add(row)
	add(g.choices(q)...)
	return card
}

// nowhere says what to do where the region is unknown. Outside a chat there is
// nothing below to choose from.
func (g *Guide) nowhere(platform string) string {
	if platform == "" {
		return g.texts.Say("ui.support.flag")
	}
	return g.texts.Say("ui.support.nowhere")
}

// advice is what to do about a need, in the words for the person.
func (g *Guide) advice(q responses.Query) []chat.Block {
	key := "ui.grown." + string(q.Need)
	if q.Who == responses.Child {
		key = "ui.young." + string(q.Need)
	}
	if q.Who == responses.Adult && q.Need == responses.Image {
		key = "ui.adult.image"
	}
	lines := g.texts.List(key)
	if len(lines) == 1 {
		return []chat.Block{chat.Text(lines[0])}
	}
	return []chat.Block{chat.Text(lines[0]), chat.List{Items: lines[1:]}}
}

// choices are the selects below the contacts.
func (g *Guide) choices(q responses.Query) []chat.Block {
	need := chat.Select{Label: g.texts.Say("ui.support.need"), Verb: verbNeed, Arg: argOf(q), Chosen: string(q.Need), Options: g.needOptions()}
	region := chat.Select{Label: g.texts.Say("ui.support.region"), Verb: verbRegion, Arg: argOf(q), Chosen: string(q.Region), Options: g.regionOptions()}
	person := chat.Select{Label: g.texts.Say("ui.support.who"), Verb: verbWho, Arg: argOf(q), Chosen: string(q.Who), Options: g.whoOptions()}
	if q.Region == responses.Unknown {
		return []chat.Block{chat.Controls{region}, chat.Controls{need}, chat.Controls{person}}
	}
	return []chat.Block{chat.Controls{need}, chat.Controls{region}, chat.Controls{person}}
}

func (g *Guide) needOptions() []chat.Option {
	var out []chat.Option
	for _, n := range responses.Needs() {
		out = append(out, chat.Option{Label: g.texts.Say("ui.need." + string(n)), Value: string(n)})
	}
	return out
}

func (g *Guide) regionOptions() []chat.Option {
	var out []chat.Option
	for _, r := range responses.Regions() {
		o := chat.Option{Label: g.texts.Say("ui.support.elsewhere"), Value: string(r)}
		if r != responses.Unknown {
			o.Label = g.texts.Say("ui.region." + strings.ReplaceAll(strings.ToLower(string(r)), " ", "-"))
		}
		out = append(out, o)
	}
	return out
}

func (g *Guide) whoOptions() []chat.Option {
	var out []chat.Option
	for _, w := range responses.People() {
		out = append(out, chat.Option{Label: g.texts.Say("ui.who." + string(w)), Value: string(w)})
	}
	return out
}

// ContactSection is how one contact is shown, to staff too.
func ContactSection(texts *responses.Texts, c responses.Contact) chat.Section {
	return (&Guide{texts: texts}).contact(c)
}

// contact is how one contact is shown.
func (g *Guide) contact(c responses.Contact) chat.Section {
	s := chat.Section{Title: c.Name, Text: g.texts.Say("ui.contact.for", "what", c.For)}
	if c.Own {
		s.Text = g.texts.Say("ui.contact.own")
	}
	if c.Note != "" {
		s.Text += "\n" + c.Note
	}
	fact := func(label, value, link string) {
		s.Facts = append(s.Facts, chat.Fact{Label: label, Value: value, Link: link})
	}
	for _, p := range c.Phones {
		value := g.texts.Apart(p.Number)
		if p.Label != "" {
			value = g.texts.Say("ui.contact.line", "number", p.Number, "label", p.Label)
		}
		fact(g.texts.Say("ui.contact.call"), value, "tel:"+p.Dial())
	}
	if c.Text != nil {
		fact(g.texts.Say("ui.contact.text"), c.Text.Say, "sms:"+c.Text.Dial())
	}
	if c.Where != "" {
		fact(g.texts.Say("ui.contact.where"), g.texts.Apart(c.Where), "")
	}
	if c.URL != "" {
		fact(g.texts.Say("ui.contact.web"), g.texts.Apart(c.URL), c.URL)
	}
	if c.Hours != "" {
		fact(g.texts.Say("ui.contact.hours"), c.Hours, "")
	}
	if c.Audience != "" && c.Audience != g.texts.Say("ui.contact.anyone") {
		fact(g.texts.Say("ui.contact.audience"), c.Audience, "")
	}
	if names := g.languages(c.Languages); names != "" {
		fact(g.texts.Say("ui.contact.languages"), names, "")
	}
	fact(g.texts.Say("ui.contact.checked"), g.date(c.Checked), "")
	return s
}

// brief is the emergency line where something else comes first: the number
// alone.
func (g *Guide) brief(c responses.Contact) chat.Section {
	c.Note, c.Text, c.Hours, c.Audience, c.URL, c.Languages = "", nil, "", "", "", nil
	return g.contact(c)
}

// languages names the languages, unless the reader's is the only one.
func (g *Guide) languages(tags []string) string {
	if own, _ := g.texts.Language().Tag.Base(); slices.Equal(tags, []string{own.String()}) {
		return ""
	}
	var names []string
	for _, tag := range tags {
		names = append(names, g.texts.Say("ui.language."+tag))
	}
	return strings.Join(names, ", ")
}

// helpNow is what "Get help now" opens: the first words, the emergency line,
// somebody to talk to, and a way to say more.
func (g *Guide) helpNow(w responses.Who, s Server) chat.Card {
	card := chat.Card{Title: g.texts.Say("ui.now.title"), Tone: chat.Calm, Footer: g.texts.Say("ui.footer.contacts")}
	card.Blocks = g.comfort(w)
	need := map[responses.Who]responses.Need{responses.Child: responses.Crisis,
		responses.Worker: responses.StaffAdvice}[w]
	if need == "" {
		need = responses.Talk
	}
	card.Blocks = append(card.Blocks, g.urgent(w, need, s)...)
	q := responses.Query{Need: responses.Talk, Region: s.region(), Who: w, Platform: s.Platform}
	card.Blocks = append(card.Blocks, chat.Controls{
		chat.Button{Label: g.texts.Say("ui.button.tell"), Verb: verbOpen},
		g.hide(),
	})
	card.Blocks = append(card.Blocks, g.choices(q)...)
	return card
}

// comfort is what comes before everything else.
func (g *Guide) comfort(w responses.Who) []chat.Block {
	if w == responses.Child {
		return []chat.Block{chat.Text(g.texts.Say("ui.now.young"))}
	}
	return []chat.Block{chat.Text(g.texts.Say("ui.now.grown"))}
}

// urgent is danger first, then whom to tell, then two contacts for the need.
func (g *Guide) urgent(w responses.Who, need responses.Need, s Server) []chat.Block {
	r := s.region()
	var out []chat.Block
	if e, ok := g.texts.Emergency(r); ok {
		out = append(out, chat.Text(g.texts.Say("ui.now.danger")), g.contact(e))
	} else {
		out = append(out, chat.Text(g.nowhere(s.Platform)))
	}
	tell := "ui.now.tellgrown"
	if w == responses.Child {
		tell = "ui.now.tell"
	}
	out = append(out, chat.Text(g.texts.Say(tell)))
	own := ownFor(s.Contacts, w)
	for _, c := range own[:min(len(own), ownShownFirst)] {
		out = append(out, g.contact(c))
	}
	shown := 0
	for _, c := range g.texts.Contacts(responses.Query{Region: r, Need: need, Who: w, Platform: s.Platform}) {
		if !c.Emergency && shown < 2 {
			out = append(out, g.contact(c))
			shown++
		}
	}
	return out
}

// date writes a day the way people read it: 23 November 2026.
func (g *Guide) date(s string) string {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return s
	}
	month := g.texts.List("ui.date.months")[d.Month()-1]
	return g.texts.Say("ui.date.day", "day", d.Day(), "month", month, "year", d.Year())
}
