package guide

import (
	"slices"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// group is a part of the list of topics: what brings somebody here. Its name
// is the one in responses/en/browse.yaml.
type group struct {
	name  string
	items []item // most wanted first
}

// item is a topic in a group. As is the audience whose text it opens; empty for
// that of whoever looks at the list.
type item struct {
	topic string
	as    responses.Audience
}

// groups lists every topic at least once, none with more than a select can
// hold. "Next" and "previous" follow the first group that holds a topic.
func groups() []group {
	return []group{
		{"me", items("", "sextortion", "image-removal", "grooming-signs", "gaming-and-private-chat", "livestreaming",
			"ai-fakes", "child-on-child", "coercive-groups", "not-your-fault", "keeping-evidence", "parents-guide",
			"staff-receiving-a-disclosure", "staff-images", "when-you-report", "how-police-investigate", "recovering",
			"worried-about-own-thoughts")},
		{"understand", items("", "what-is-cse", "who-it-happens-to", "boys-too", "disabled-young-people",
			"lgbtq-young-people", "online-exploitation", "consent-and-power", "age-of-consent", "nudes-and-the-law",
			"digital-footprint", "online-communities-of-offenders", "what-is-being-done", "safety-settings", "key-points")},
		{"someone", items("", "worried-about-a-friend", "grooming-signs", "who-does-it", "why-not-vigilantes")},
		{"grown", append(items(responses.Parents, "parents-guide", "recovering", "worried-about-own-thoughts"),
			items(responses.Staff, "staff-receiving-a-disclosure", "staff-images", "child-on-child")...)},
	}
}

func items(as responses.Audience, topics ...string) []item {
	var out []item
	for _, t := range topics {
		out = append(out, item{t, as})
	}
	return out
}

// groupsFor puts what an audience most likely looks for first.
func groupsFor(a responses.Audience) []group {
	all := groups()
	if a == responses.Young {
		return all
	}
	last := len(all) - 1
	return append([]group{all[last]}, all[:last]...)
}

// neighbours are the topics before and after one in its group, nil at the ends.
// A topic of several groups has its place in the first of them.
func (g *Guide) neighbours(id string) (previous, next *responses.Topic) {
	placed := map[string]bool{}
	for _, gr := range groups() {
		var row []string
		for _, it := range gr.items {
			if !placed[it.topic] {
				placed[it.topic] = true
				row = append(row, it.topic)
			}
		}
		if i := slices.Index(row, id); i >= 0 {
			return g.at(row, i-1), g.at(row, i+1)
		}
	}
	return nil, nil
}

// at is the topic at a place of a list, nil outside of it.
func (g *Guide) at(list []string, i int) *responses.Topic {
	if i < 0 || i >= len(list) {
		return nil
	}
	t, ok := g.texts.Topic(list[i])
	if !ok {
		return nil
	}
	return &t
}

// menu is the list of topics, by the questions that they answer: one choice
// for each group, all on one screen.
func (g *Guide) menu(a responses.Audience, first string) chat.Card {
	card := chat.Card{Title: g.texts.Say("ui.learn.title"), Tone: chat.Calm, Footer: g.texts.Say("ui.footer.private")}
	if first != "" {
		card.Blocks = append(card.Blocks, chat.Text(first))
	}
	card.Blocks = append(card.Blocks, chat.Text(g.texts.Say("ui.learn.intro")))
	for _, gr := range groupsFor(a) {
		card.Blocks = append(card.Blocks, chat.Controls{chat.Select{
			Label: g.texts.Say("browse.group." + gr.name), Verb: verbTopic, Arg: string(a), Options: g.topicOptions(gr, a),
		}})
	}
	card.Blocks = append(card.Blocks, chat.Controls{g.getHelp(a), g.hide()})
	return card
}

// topicOptions are a group's topics, each by its question and its title: young
// people see the question first, others the title.
func (g *Guide) topicOptions(gr group, a responses.Audience) []chat.Option {
	var options []chat.Option
	for _, it := range g.ownFirst(gr.items) {
		t, ok := g.texts.Topic(it.topic)
		if !ok {
			continue
		}
		o := topicOption(t, a)
		if it.as != "" {
			o = chat.Option{Label: t.Title, Hint: g.texts.Say("ui.audience." + string(it.as)), Value: t.ID + " " + string(it.as)}
		}
		options = append(options, o)
	}
	return options
}

func topicOption(t responses.Topic, a responses.Audience) chat.Option {
	if a == responses.Young {
		return chat.Option{Label: t.Question, Value: t.ID, Hint: t.Title}
	}
	return chat.Option{Label: t.Title, Value: t.ID, Hint: t.Question}
}
