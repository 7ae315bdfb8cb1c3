package guide

import (
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// Answer is what is found for a question.
type Answer struct {
	Topics []Hit              // best first; empty where there is no answer
	Cries  []responses.Cry    // what it cries for help about; empty for none
	Voice  responses.Audience // who seems to ask
	Card   chat.Card          // what is shown
}

// Crisis says whether the question is a cry for help.
func (a Answer) Crisis() bool { return len(a.Cries) > 0 }

// Ask answers a free question in the guide's language. It never fails: where
// there is no answer, the card says so. Questions are looked up in English;
// cries for help are heard in every language, and answered in it.
func (g *Guide) Ask(question string, s Server) Answer {
	in, cries, voice := g.listen(question)
	a := Answer{Cries: cries, Voice: voice}
	if in.english() || g.index().readable(question) {
		a.Topics = g.index().search(question)
	}
	switch {
	case a.Crisis():
		a.Card = in.crisis(a, s)
	case len(a.Topics) == 0:
		a.Card = in.noAnswer(a.Voice)
	default:
		a.Card = in.found(a, question)
	}
	a.Card = *in.dress(chat.Show(a.Card), "", "").Card
	return a
}

func (g *Guide) english() bool {
	return g.own(responses.Topic{Language: g.texts.English().Language().Tag})
}

// crisis puts the words that matter most first, then danger, then people to
// talk to, then what to do.
func (g *Guide) crisis(a Answer, s Server) chat.Card {
	w := whoOf(a.Voice)
	card := chat.Card{Title: g.texts.Say("ui.crisis.title"), Tone: chat.Calm, Footer: g.texts.Say("ui.footer.contacts")}
	card.Blocks = append(g.comfort(w), g.urgent(w, needOf(a.Cries[0], w), s)...)
	voice := "grown"
	if w == responses.Child {
		voice = "young"
	}
	card.Blocks = append(card.Blocks, chat.List{Title: g.texts.Say("ui.learn.do"), Items: g.texts.List("ui.crisis." + voice + "." + string(a.Cries[0]))})
	if c, ok := g.reportTo(w, s); ok && a.Cries[0] != responses.CrySelf && s.region() != responses.Unknown {
		card.Blocks = append(card.Blocks, g.contact(c))
	}
	q := responses.Query{Need: responses.Crisis, Region: s.region(), Who: w, Platform: s.Platform}
	card.Blocks = append(card.Blocks, chat.Controls{
		chat.Button{Label: g.texts.Say("ui.button.tell"), Verb: verbOpen},
		chat.Button{Label: g.texts.Say("ui.button.contacts"), Verb: verbAll, Arg: argOf(q)},
		g.hide(),
	})
	card.Blocks = append(card.Blocks, g.choices(q)[0])
	if row := g.seeAlso(a.Topics, a.Voice); row != nil {
		card.Blocks = append(card.Blocks, row)
	}
	return card
}

// needOf is what a cry for help needs first: a crisis line, or for an adult
// who is not in danger themselves somebody who knows about children.
func needOf(c responses.Cry, w responses.Who) responses.Need {
	if w == responses.Child || c == responses.CrySelf {
		return responses.Crisis
	}
	return responses.Talk
}

// reportTo is where to report in the region, besides the emergency line.
func (g *Guide) reportTo(w responses.Who, s Server) (responses.Contact, bool) {
	for _, c := range g.texts.Contacts(responses.Query{Region: s.region(), Need: responses.Report, Who: w, Platform: s.Platform}) {
		if !c.Emergency {
			return c, true
		}
	}
	return responses.Contact{}, false
}

// found shows the best topic: its short text and the passage that answers.
func (g *Guide) found(a Answer, question string) chat.Card {
	t, _ := g.texts.Topic(a.Topics[0].ID)
	card := g.topic(t, a.Voice, false)
	if p, ok := g.index().passage(t.For(a.Voice), question); ok {
		shown := chat.Section{Title: g.texts.Say("ui.ask.passage"), Text: p}
		card.Blocks = append(card.Blocks[:1:1], append([]chat.Block{shown}, card.Blocks[1:]...)...)
	}
	if row := g.seeAlso(a.Topics[1:], a.Voice); row != nil {
		card.Blocks = append(card.Blocks, row)
	}
	return card
}

// passage is the paragraph of the longer text that speaks most of the
// question, unless the short text speaks as much of it.
func (ix *index) passage(e responses.Explanation, question string) (string, bool) {
	ws := ix.words(question)
	best, most := "", 0
	for _, p := range e.Short {
		most = max(most, ix.overlap(ws, p.Text))
	}
	for _, p := range e.More {
		if n := ix.overlap(ws, p.Text); n > most {
			best, most = p.Text, n
		}
	}
	return best, best != ""
}

// overlap counts the words of a question that a text has.
func (ix *index) overlap(ws []word, text string) int {
	has := map[string]bool{}
	for _, w := range ix.speech.read(text) {
		has[ix.stem(w)] = true
	}
	n := 0
	for _, w := range ws {
		if has[w.stem] {
			n++
		}
	}
	return n
}

// seeAlso leads to topics, two at most.
func (g *Guide) seeAlso(hits []Hit, a responses.Audience) chat.Controls {
	var row chat.Controls
	for _, h := range hits[:min(2, len(hits))] {
		if t, ok := g.texts.Topic(h.ID); ok {
			row = append(row, chat.Button{Label: t.Title, Verb: verbAskTopic, Arg: t.ID + " " + string(a)})
		}
	}
	return row
}

// noAnswer says so plainly, and what there is instead.
func (g *Guide) noAnswer(a responses.Audience) chat.Card {
	card := chat.Card{
		Title: g.texts.Say("ui.ask.none"), Tone: chat.Calm, Footer: g.texts.Say("ui.footer.private"),
		Blocks: []chat.Block{
			chat.Text(g.texts.Say("ui.ask.sorry")),
			chat.Text(g.texts.Say("ui.ask.try")),
			chat.Controls{g.getHelp(a), chat.Button{Label: g.texts.Say("ui.button.topics"), Verb: verbMenu, Arg: string(a)}, g.hide()},
		},
	}
	if !g.english() {
		g.pointAtOwn(&card, a)
	}
	return card
}

// pointAtOwn says that questions can be looked up in English alone, and offers
// what is written in the reader's language.
func (g *Guide) pointAtOwn(card *chat.Card, a responses.Audience) {
	var options []chat.Option
	for _, t := range g.texts.Topics() {
		if g.own(t) {
			options = append(options, topicOption(t, a))
		}
	}
	card.Blocks[0], card.Blocks[1] = chat.Text(g.texts.Say("ui.ask.english")), card.Blocks[len(card.Blocks)-1]
	card.Blocks = card.Blocks[:2]
	if len(options) > 0 {
		choice := chat.Select{Label: g.texts.Say("ui.learn.title"), Verb: verbTopic, Arg: string(a), Options: options[:min(len(options), chat.MaxOptions)]}
		card.Blocks = append(card.Blocks, chat.Controls{choice})
	}
}

// whoOf is the person that a text's audience stands for.
func whoOf(a responses.Audience) responses.Who {
	switch a {
	case responses.Parents:
		return responses.Parent
	case responses.Staff:
		return responses.Worker
	}
	return responses.Child
}
