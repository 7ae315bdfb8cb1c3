package guide

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// selects lists the choices on a card.
func selects(c chat.Card) []chat.Select {
	var out []chat.Select
	for _, k := range controls(c) {
		if s, ok := k.(chat.Select); ok {
			out = append(out, s)
		}
	}
	return out
}

// One screen shows every topic, under what brings somebody here, with two
// buttons and no more rows than Discord can show.
func TestTheListOfTopicsIsOneCalmScreen(t *testing.T) {
	g := newGuide(t)
	for _, a := range responses.Audiences() {
		card := g.menu(a, "")
		shown, rows := map[string]bool{}, 0
		for _, b := range card.Blocks {
			if _, ok := b.(chat.Controls); ok {
				rows++
			}
		}
		buttons := len(controls(card))
		for _, s := range selects(card) {
			buttons--
			if len(s.Options) > chat.MaxOptions {
				t.Errorf("%q holds %d choices", s.Label, len(s.Options))
			}
			for _, o := range s.Options {
				id, _, _ := strings.Cut(o.Value, " ")
				topic, ok := g.texts.Topic(id)
				if !ok {
					t.Errorf("%q leads to no topic", o.Value)
				}
				shown[id] = true
				if seen := o.Label + " " + o.Hint; !strings.Contains(seen, topic.Title) {
					t.Errorf("%s for %s is shown as %q", id, a, seen)
				}
			}
		}
		if buttons > 2 || rows > 5 {
			t.Errorf("for %s there are %d buttons in %d rows", a, buttons, rows)
		}
		for _, topic := range g.texts.Topics() {
			if !shown[topic.ID] {
				t.Errorf("%s is not on the list for %s", topic.ID, a)
			}
		}
	}
}

func TestAYoungPersonChoosesByQuestion(t *testing.T) {
	g := newGuide(t)
	first := selects(*send(t, g, Server{}, command("learn")).Card)[0]
	if first.Label != "Something is happening to me" || first.Options[0].Label != "Someone wants money or more pictures. What do I do?" {
		t.Errorf("the list starts with %q: %q", first.Label, first.Options[0].Label)
	}
	card := press(t, g, Server{}, first.Verb, first.Arg, first.Options[0].Value).Card
	inOrder(t, card.PlainText(), "Do not pay. If you paid, do not pay again. Stop replying.", "It is not your fault")
}

// Parents and staff find their own texts, also from the list for young people.
func TestAdultsFindTheirOwnTexts(t *testing.T) {
	g := newGuide(t)
	for _, s := range selects(g.menu(responses.Young, "")) {
		if s.Label != "For parents and staff" {
			continue
		}
		for value, want := range map[string]string{
			"parents-guide parents": "come to you without fear", "staff-images staff": "Never view, copy, print, share, store or save"} {
			inOrder(t, press(t, g, Server{}, s.Verb, s.Arg, value).Card.PlainText(), want)
		}
		return
	}
	t.Error("there is no choice for parents and staff")
}

// Whoever presses Next from the first topic of each group reads every topic.
func TestNextLeadsThroughEveryTopic(t *testing.T) {
	g := newGuide(t)
	read := map[string]bool{}
	for _, gr := range groups() {
		for id, steps := gr.items[0].topic, 0; !read[id] && steps < 100; steps++ {
			read[id] = true
			previous, next := g.neighbours(id)
			if previous != nil {
				if _, back := g.neighbours(previous.ID); back == nil || back.ID != id {
					t.Errorf("the way back from %s is not the way there", id)
				}
			}
			if next == nil {
				break
			}
			id = next.ID
		}
	}
	for _, topic := range g.texts.Topics() {
		if !read[topic.ID] {
			t.Errorf("nothing leads to %s", topic.ID)
		}
	}
}

func TestANameNobodyKnowsShowsTheList(t *testing.T) {
	g := newGuide(t)
	card := press(t, g, Server{}, verbTopic, "young", "no-such-topic somebody").Card
	if len(selects(*card)) != len(groups()) {
		t.Errorf("the answer is %s", card.PlainText())
	}
}

// Learning is calm: one screen, three buttons at most, on every card of it.
func TestLearningIsOneCalmScreen(t *testing.T) {
	g := newGuide(t)
	cards := map[string]chat.Card{}
	for _, a := range responses.Audiences() {
		cards["the list for "+string(a)] = g.menu(a, "")
		for _, topic := range g.texts.Topics() {
			for more, verb := range map[bool]string{false: verbTopic, true: verbMore} {
				cards[fmt.Sprintf("%s for %s, more %v", topic.ID, a, more)] = *press(t, g, Server{}, verb, topic.ID+" "+string(a), "").Card
			}
		}
	}
	for where, card := range cards {
		buttons := 0
		for _, k := range controls(card) {
			if _, ok := k.(chat.Button); ok {
				buttons++
			}
		}
		if buttons > 3 {
			t.Errorf("%s: %d buttons", where, buttons)
		}
		// What a child reads at a time: some 150 words take a minute.
		if words := len(strings.Fields(card.PlainText())); strings.Contains(where, "for young, more false") && words > 190 {
			t.Errorf("%s: %d words", where, words)
		}
	}
}

func TestOneTopicLeadsToTheNext(t *testing.T) {
	g := newGuide(t)
	card := *press(t, g, Server{}, verbGo, "young", "image-removal").Card
	if card.Title != "Getting a picture taken down" {
		t.Errorf("it leads to %q", card.Title)
	}
	if list := *press(t, g, Server{}, verbGo, "young", allTopics).Card; list.Title != "What would you like to know?" {
		t.Errorf("it leads to %q", list.Title)
	}
}
