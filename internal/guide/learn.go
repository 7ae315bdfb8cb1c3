package guide

import (
	"slices"
	"strings"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// audience reads an audience; anything else is young people, whose texts
// everybody can read.
func audience(s string) responses.Audience {
	if a := responses.Audience(s); slices.Contains(responses.Audiences(), a) {
		return a
	}
	return responses.Young
}

// learn opens a topic, or the list of them.
func (g *Guide) learn(typed string) chat.Answer {
	if typed == "" {
		return chat.Show(g.menu(responses.Young, ""))
	}
	if t, ok := g.findTopic(typed); ok {
		return chat.Show(g.topic(t, responses.Young, false))
	}
	return chat.Show(g.menu(responses.Young, g.texts.Say("ui.learn.unknown")))
}

// findTopic takes an id, a title, a question, or words close to them.
func (g *Guide) findTopic(typed string) (responses.Topic, bool) {
	if t, ok := g.texts.Topic(typed); ok {
		return t, true
	}
	for _, t := range g.texts.Topics() {
		if strings.EqualFold(t.Title, typed) || strings.EqualFold(t.Question, typed) {
			return t, true
		}
	}
	if found := g.index().search(typed); len(found) > 0 {
		return g.texts.Topic(found[0].ID)
	}
	return responses.Topic{}, false
}

// topicCard shows the topic of a button ("topic audience") or of a select
// (value topic, arg audience; or value "topic audience").
func (g *Guide) topicCard(arg, value string, more bool) chat.Card {
	id, who, _ := strings.Cut(arg, " ")
	if value != "" {
		id, who = value, arg
		if topic, as, ok := strings.Cut(value, " "); ok {
			id, who = topic, as
		}
	}
	t, ok := g.texts.Topic(id)
	if !ok {
		return g.menu(audience(who), g.texts.Say("ui.learn.unknown"))
	}
	return g.topic(t, audience(who), more)
}

// topic shows the short text with what you can do, or the longer text with
// where to get help.
func (g *Guide) topic(t responses.Topic, a responses.Audience, more bool) chat.Card {
	e := t.For(a)
	card := chat.Card{Title: t.Title, Tone: chat.Calm, Footer: g.texts.Say("ui.learn.source",
		"source", t.Source, "date", g.date(t.Reviewed))}
	if !g.own(t) {
		card.Blocks = append(card.Blocks, chat.Text(g.texts.Say("ui.learn.english")))
	}
	if more {
		card.Blocks = append(card.Blocks, blocks(e.More, "")...)
		card.Blocks = append(card.Blocks, blocks(e.Help, "")...)
	} else {
		card.Blocks = append(card.Blocks, blocks(e.Short, "")...)
		card.Blocks = append(card.Blocks, blocks(e.Do, g.texts.Say("ui.learn.do"))...)
		if a == responses.Young {
			card.Picture = g.picture(t, e)
		}
	}
	other := chat.Button{Label: g.texts.Say("ui.button.more"), Verb: verbMore, Arg: t.ID + " " + string(a)}
	if more {
		other.Label, other.Verb = g.texts.Say("ui.button.short"), verbTopic
	}
	card.Blocks = append(card.Blocks,
		chat.Controls{g.getHelp(a), other, g.hide()},
		chat.Controls{g.audienceSelect(t.ID, a)},
		chat.Controls{g.around(t, a)})
	return card
}

// allTopics stands for the list of topics among what can be read next.
const allTopics = "all"

// around leads to the topics after and before in the group, and to the list. It
// is one choice, so that no more than three buttons stand below a text.
func (g *Guide) around(t responses.Topic, a responses.Audience) chat.Select {
	previous, next := g.neighbours(t.ID)
	sel := chat.Select{Label: g.texts.Say("ui.learn.title"), Verb: verbGo, Arg: string(a)}
	if next != nil {
		sel.Options = append(sel.Options, chat.Option{Label: g.texts.Say("ui.button.next", "title", next.Title), Value: next.ID})
	}
	if previous != nil {
		sel.Options = append(sel.Options, chat.Option{Label: g.texts.Say("ui.button.previous"), Value: previous.ID, Hint: previous.Title})
	}
	sel.Options = append(sel.Options, chat.Option{Label: g.texts.Say("ui.button.topics"), Value: allTopics})
	return sel
}

// goOn shows what was chosen to be read next.
func (g *Guide) goOn(arg, value string) chat.Card {
	if value == allTopics {
		return g.menu(audience(arg), "")
	}
	return g.topicCard(arg, value, false)
}

func (g *Guide) audienceSelect(arg string, a responses.Audience) chat.Select {
	sel := chat.Select{Label: g.texts.Say("ui.learn.audience"), Verb: verbAudience, Arg: arg, Chosen: string(a)}
	for _, v := range responses.Audiences() {
		sel.Options = append(sel.Options, chat.Option{Label: g.texts.Say("ui.audience." + string(v)), Value: string(v)})
	}
	return sel
}

func (g *Guide) completeTopic(typed string) []chat.Option {
	typed = strings.ToLower(strings.TrimSpace(typed))
	var out []chat.Option
	for _, t := range g.texts.Topics() {
		o := topicOption(t, responses.Young)
		if typed == "" || strings.Contains(strings.ToLower(o.Label+" "+o.Hint+" "+o.Value), typed) {
			out = append(out, o)
		}
	}
	if len(out) == 0 {
		for _, hit := range g.index().search(typed) {
			t, _ := g.texts.Topic(hit.ID)
			out = append(out, chat.Option{Label: t.Question, Value: t.ID, Hint: t.Title})
		}
	}
	return out[:min(len(out), chat.MaxOptions)]
}

// blocks turns paragraphs into blocks; title heads the first list.
func blocks(ps []responses.Paragraph, title string) []chat.Block {
	var out []chat.Block
	for _, p := range ps {
		if p.Items != nil {
			out = append(out, chat.List{Title: title, Items: p.Items})
			title = ""
			continue
		}
		out = append(out, chat.Text(p.Text))
	}
	return out
}

func (g *Guide) getHelp(a responses.Audience) chat.Button {
	return chat.Button{Label: g.texts.Say("ui.button.help"), Verb: verbHelp, Arg: string(whoOf(a)), Style: chat.Primary}
}

func (g *Guide) hide() chat.Button {
	return chat.Button{Label: g.texts.Say("ui.button.hide"), Verb: verbHide}
}
