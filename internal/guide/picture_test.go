package guide

import (
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// In each language the pictures show that language's own words, and nothing that
// the card does not say too.
func TestPicturesRepeatTheCardsWords(t *testing.T) {
	english := newGuide(t)
	for _, l := range english.texts.Languages() {
		g := english.tongues[english.texts.In(l.Code())]
		for topic, steps := range map[string]int{"sextortion": 6, "when-you-report": 3} {
			card := g.topicCard(topic+" young", "", false)
			p := card.Picture
			if p == nil {
				t.Errorf("%s in %s has no picture", topic, l.Name)
				continue
			}
			if err := card.Check(); err != nil {
				t.Error(err)
			}
			lines := strings.Split(p.Alt, "\n")
			if !strings.Contains(card.PlainText(), lines[0]) || len(lines) != steps+2 {
				t.Errorf("%s in %s: its words are %q", topic, l.Name, p.Alt)
			}
			said := card
			said.Picture = nil
			for _, step := range lines[2:] {
				if _, words, _ := strings.Cut(step, ". "); !strings.Contains(said.PlainText(), words) {
					t.Errorf("%s in %s: only the picture says %q", topic, l.Name, words)
				}
			}
			if l.Code() != "en" && l.Code() != "en-US" && p.Alt == english.topicCard(topic+" young", "", false).Picture.Alt {
				t.Errorf("%s in %s: the picture is in English", topic, l.Name)
			}
		}
	}
}

// There is no picture with the long text, for adults, or with other topics.
func TestPicturesAreWhereTheyHelp(t *testing.T) {
	g := newGuide(t)
	for where, card := range map[string]chat.Card{
		"more": g.topicCard("sextortion young", "", true), "parents": g.topicCard("sextortion parents", "", false),
		"another topic": g.topicCard("grooming-signs young", "", false),
	} {
		if card.Picture != nil {
			t.Errorf("%s: there is a picture", where)
		}
	}
	for id, d := range drawn() {
		if topic, ok := g.texts.Topic(id); !ok || len(d.steps(topic.For(responses.Young))) < 3 {
			t.Errorf("%s has nothing to draw", id)
		}
	}
}
