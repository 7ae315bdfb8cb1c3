package guide

import (
	"regexp"
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
)

func buttonsOf(c chat.Card, verb string) []chat.Button {
	var out []chat.Button
	for _, k := range controls(c) {
		if b, ok := k.(chat.Button); ok && b.Verb == verb {
			out = append(out, b)
		}
	}
	return out
}

// Somebody plays a round: five questions on five topics, each answered kindly
// with a way to its topic, and a warm word at the end, without any marks.
func TestARoundOfTheQuiz(t *testing.T) {
	g := newGuide(t)
	card := *send(t, g, Server{ID: "s1", Platform: "playground"}, command("quiz")).Card
	inOrder(t, card.PlainText(), "Quiz: question 1 of 5", "Nobody counts your answers", "Only you can see this")
	topics := map[string]bool{}
	for n := 1; n <= roundSize; n++ {
		checkCard(t, "a question", card)
		if rows := len(controls(card)); rows > 6 || !hasButton(card, verbHelp) {
			t.Errorf("question %d has %d buttons, or no way to help", n, rows)
		}
		answers := buttonsOf(card, verbQuizAnswer)
		chosen := answers[n%len(answers)]
		reply := *press(t, g, Server{}, chosen.Verb, chosen.Arg, "").Card
		checkCard(t, "an answer", reply)
		id, _, _ := strings.Cut(chosen.Arg, " ")
		q, _ := g.texts.Question(id)
		inOrder(t, reply.PlainText(), q.Ask, "You chose: "+chosen.Label, q.Know)
		topics[q.Topic] = true
		read := buttonsOf(reply, verbRead)
		if len(read) != 1 || read[0].Arg != q.Topic+" young" {
			t.Fatalf("%s leads to %v", q.ID, read)
		}
		below := press(t, g, Server{}, read[0].Verb, read[0].Arg, "")
		topic, _ := g.texts.Topic(q.Topic)
		if below.Replace || below.Card.Title != topic.Title {
			t.Errorf("%s opens %q in the place of the quiz: %v", q.ID, below.Card.Title, below.Replace)
		}
		on := append(buttonsOf(reply, verbQuizNext), buttonsOf(reply, verbQuizEnd)...)
		if len(on) != 1 || (n == roundSize) != (on[0].Verb == verbQuizEnd) {
			t.Fatalf("after question %d comes %v", n, on)
		}
		card = *press(t, g, Server{}, on[0].Verb, on[0].Arg, "").Card
	}
	checkCard(t, "the end", card)
	inOrder(t, card.PlainText(), "Thank you for taking part", "You can talk to someone")
	if m := regexp.MustCompile(`\d`).FindString(card.PlainText()); m != "" || len(topics) != roundSize {
		t.Errorf("the end says %q, or the round had %d topics", m, len(topics))
	}
	for _, verb := range []string{verbHelp, verbMenu, verbQuiz, verbHide} {
		if !hasButton(card, verb) {
			t.Errorf("the end does not lead to %s", verb)
		}
	}
}

// Every question can be asked, and every answer explained, on every platform.
func TestEveryQuestionOfTheQuizCanBeShown(t *testing.T) {
	g := newGuide(t)
	asked := map[string]bool{}
	for round := uint32(0); round < 400; round++ {
		for at := range roundSize {
			card := g.quizQuestion(quizStep{round, at}, "")
			checkCard(t, "a question", card)
			for _, b := range buttonsOf(card, verbQuizAnswer) {
				id, _, _ := strings.Cut(b.Arg, " ")
				if asked[id+b.Label] {
					continue
				}
				asked[id], asked[id+b.Label] = true, true
				checkCard(t, b.Arg, g.quizAnswer(strings.Fields(b.Arg)))
			}
		}
	}
	for _, q := range g.texts.Questions() {
		if !asked[q.ID] {
			t.Errorf("%s is never asked", q.ID)
		}
	}
}

// A round is the same whenever it is asked for, and the answer that fits stands
// in every place.
func TestARoundFollowsFromItsNumber(t *testing.T) {
	g := newGuide(t)
	if a, b := g.quizQuestion(quizStep{7, 3}, "").PlainText(), newGuide(t).quizQuestion(quizStep{7, 3}, "").PlainText(); a != b {
		t.Errorf("the same step asks\n%s\nand\n%s", a, b)
	}
	places := map[int]int{}
	for round := uint32(0); round < 200; round++ {
		for i, b := range buttonsOf(g.quizQuestion(quizStep{round, 0}, ""), verbQuizAnswer) {
			id, _, _ := strings.Cut(b.Arg, " ")
			if q, _ := g.texts.Question(id); q.Fitting().Says == b.Label {
				places[i]++
			}
		}
	}
	for i := range 3 {
		if places[i] < 30 {
			t.Errorf("the answer that fits stands %d times of 200 in place %d", places[i], i)
		}
	}
}

// A button of an older version, or one that was tampered with, starts afresh.
func TestAnOldButtonOfTheQuizStartsAfresh(t *testing.T) {
	g := newGuide(t)
	for _, arg := range []string{"", "gone 0 1 1", "pay-once 9 1 1", "pay-once -1 1 1", "pay-once x 1 1", "pay-once 0 !! 1", "pay-once 0 1 99", "pay-once 0"} {
		card := *press(t, g, Server{}, verbQuizAnswer, arg, "").Card
		if !strings.HasPrefix(card.Title, "Quiz: question") {
			t.Errorf("%q gives %q", arg, card.Title)
		}
		checkCard(t, arg, card)
	}
	for _, arg := range []string{"", "zzzzzzzzzzzzzz 0", "1 7", "1 -1", "1"} {
		if card := *press(t, g, Server{}, verbQuizNext, arg, "").Card; !strings.HasPrefix(card.Title, "Quiz: question 1 of 5") {
			t.Errorf("%q gives %q", arg, card.Title)
		}
	}
}
