package guide

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// The quiz is kept nowhere: a round is a number from which its questions
// follow, and that number travels in the buttons. Nothing counts what somebody
// chose.

// roundSize is how many questions a round has.
const roundSize = 5

// quizStep is a question's place in a round.
type quizStep struct {
	round uint32
	at    int // from 0
}

// String is the step as a button carries it.
func (s quizStep) String() string {
	return strconv.FormatUint(uint64(s.round), 36) + " " + strconv.Itoa(s.at)
}

// readStep reads the step of a button; anything else is the start of a new
// round.
func readStep(fields []string) quizStep {
	if len(fields) != 2 {
		return newRound()
	}
	round, err := strconv.ParseUint(fields[0], 36, 32)
	at, errAt := strconv.Atoi(fields[1])
	if err != nil || errAt != nil || at < 0 || at >= roundSize {
		return newRound()
	}
	return quizStep{round: uint32(round), at: at}
}

func newRound() quizStep { return quizStep{round: rand.Uint32()} }

// questions are a round's: each about another topic, as long as there are
// enough.
func (g *Guide) questions(round uint32) []responses.Question {
	pool := g.texts.Questions()
	var first, rest []responses.Question
	topics := map[string]bool{}
	for _, i := range rand.New(rand.NewPCG(uint64(round), 0)).Perm(len(pool)) {
		if q := pool[i]; !topics[q.Topic] {
			topics[q.Topic] = true
			first = append(first, q)
		} else {
			rest = append(rest, q)
		}
	}
	all := append(first, rest...)
	return all[:min(roundSize, len(all))]
}

// quizAction answers the quiz's buttons.
func (g *Guide) quizAction(a chat.Action) chat.Answer {
	fields := strings.Fields(a.Arg)
	switch a.Verb {
	case verbQuizNext:
		return chat.Turn(g.quizQuestion(readStep(fields), ""))
	case verbQuizEnd:
		return chat.Turn(g.quizEnd())
	case verbQuizAnswer:
		return chat.Turn(g.quizAnswer(fields))
	}
	return chat.Turn(g.quizQuestion(newRound(), ""))
}

// quizQuestion asks; first is said before the question.
func (g *Guide) quizQuestion(s quizStep, first string) chat.Card {
	all := g.questions(s.round)
	s.at = min(s.at, len(all)-1)
	q := all[s.at]
	card := g.quizCard(s, len(all))
	if !g.english() && s.at == 0 {
		card.Blocks = append(card.Blocks, chat.Text(g.texts.Say("ui.learn.english")))
	}
	if first != "" {
		card.Blocks = append(card.Blocks, chat.Text(first))
	}
	card.Blocks = append(card.Blocks, chat.Text(q.Ask))
	var row chat.Controls
	for _, i := range rand.New(rand.NewPCG(uint64(s.round), 1+uint64(s.at))).Perm(len(q.Answers)) {
		row = append(row, chat.Button{Label: q.Answers[i].Says, Verb: verbQuizAnswer,
			Arg: q.ID + " " + strconv.Itoa(i) + " " + s.String()})
	}
	card.Blocks = append(card.Blocks, row, chat.Controls{g.quietHelp(), g.hide()})
	return card
}

// quizAnswer says something kind about what was chosen, and what to know. Its
// fields are the question, the number of the answer, and the step.
func (g *Guide) quizAnswer(fields []string) chat.Card {
	if len(fields) != 4 {
		return g.quizQuestion(newRound(), g.texts.Say("ui.quiz.gone"))
	}
	q, ok := g.texts.Question(fields[0])
	chosen, err := strconv.Atoi(fields[1])
	if !ok || err != nil || chosen < 0 || chosen >= len(q.Answers) {
		return g.quizQuestion(newRound(), g.texts.Say("ui.quiz.gone"))
	}
	s, a := readStep(fields[2:]), q.Answers[chosen]
	of := len(g.questions(s.round))
	card := g.quizCard(s, of)
	card.Blocks = append(card.Blocks, chat.Text(q.Ask), chat.Text(g.texts.Say("ui.quiz.chose", "answer", a.Says)), chat.Text(a.Reply))
	if !a.Fits {
		card.Blocks = append(card.Blocks, chat.Text(g.texts.Say("ui.quiz.fits", "answer", q.Fitting().Says)))
	}
	on := chat.Button{Label: g.texts.Say("ui.quiz.next"), Verb: verbQuizNext, Arg: quizStep{s.round, s.at + 1}.String(), Style: chat.Primary}
	if s.at+1 >= of {
		on = chat.Button{Label: g.texts.Say("ui.quiz.end"), Verb: verbQuizEnd, Style: chat.Primary}
	}
	card.Blocks = append(card.Blocks, chat.Text(q.Know),
		chat.Controls{on, ReadButton(g.texts, q.Topic), g.hide()})
	return card
}

func (g *Guide) quizCard(s quizStep, of int) chat.Card {
	return chat.Card{Title: g.texts.Say("ui.quiz.title", "n", s.at+1, "of", of), Tone: chat.Calm,
		Footer: g.texts.Say("ui.quiz.footer")}
}

// quizEnd says thank you, and where to go from here.
func (g *Guide) quizEnd() chat.Card {
	return chat.Card{Title: g.texts.Say("ui.quiz.done"), Tone: chat.Calm, Footer: g.texts.Say("ui.quiz.footer"),
		Blocks: []chat.Block{
			chat.Text(g.texts.Say("ui.quiz.thanks")), chat.Text(g.texts.Say("ui.quiz.talk")),
			chat.Controls{
				g.getHelp(responses.Young),
				chat.Button{Label: g.texts.Say("ui.button.topics"), Verb: verbMenu, Arg: string(responses.Young)},
				chat.Button{Label: g.texts.Say("ui.quiz.again"), Verb: verbQuiz},
				g.hide(),
			},
		}}
}

// quietHelp is the way to help where another button is what most want to press.
func (g *Guide) quietHelp() chat.Button {
	b := g.getHelp(responses.Young)
	b.Style = ""
	return b
}

// ReadButton opens a topic for young people in an answer of its own, for the
// one who presses it alone. It can stand on a card that everybody sees.
func ReadButton(texts *responses.Texts, topic string) chat.Button {
	return chat.Button{Label: texts.Say("ui.quiz.read"), Verb: verbRead, Arg: topic + " " + string(responses.Young)}
}

// HelpButton shows who can help, to the one who presses it alone. It can stand
// on a card that everybody sees.
func HelpButton(texts *responses.Texts) chat.Button {
	return chat.Button{Label: texts.Say("ui.button.help"), Verb: verbHelp, Arg: string(whoOf(responses.Young))}
}
