package responses

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// whole is all that a question says, as it is read out.
func (q Question) whole() string {
	lines := []string{q.Ask, q.Know}
	for _, a := range q.Answers {
		lines = append(lines, a.Says+".", a.Reply)
	}
	return strings.Join(lines, "\n")
}

func TestThePoolOfTheQuiz(t *testing.T) {
	texts := load(t)
	if n := len(texts.Questions()); n != 60 {
		t.Errorf("there are %d questions, of 60", n)
	}
	if n := len(texts.Tips()); n < 52 {
		t.Errorf("there are %d tips for the 52 weeks of a year", n)
	}
	asked, told := map[string]int{}, map[string]int{}
	for _, q := range texts.Questions() {
		asked[q.Topic]++
	}
	for _, tip := range texts.Tips() {
		told[tip.Topic]++
	}
	for _, topic := range texts.Topics() {
		if asked[topic.ID] == 0 || asked[topic.ID] > 4 {
			t.Errorf("%d questions are about %s, of 1 to 4", asked[topic.ID], topic.ID)
		}
		if told[topic.ID] == 0 || told[topic.ID] > 4 {
			t.Errorf("%d tips are about %s, of 1 to 4", told[topic.ID], topic.ID)
		}
	}
}

// The quiz and the tips are read by the youngest, each by itself.
func TestTheQuizAndTheTipsAreEasy(t *testing.T) {
	texts := load(t)
	for where, text := range said(texts) {
		if !strings.HasPrefix(where, "question ") && !strings.HasPrefix(where, "tip ") {
			continue
		}
		if g := grade(text); g > youngGrade {
			t.Errorf("%s: grade %.1f, at most %.0f", where, g, youngGrade)
		}
		for _, s := range sentences(text) {
			if n := len(words(s)); n > youngWords {
				t.Errorf("%s: %d words: %s", where, n, s)
			}
		}
	}
	for _, tip := range texts.Tips() {
		if n := utf8.RuneCountInString(tip.Text); n > 140 {
			t.Errorf("tip %s has %d characters, of at most 140", tip.ID, n)
		}
	}
}

// Nobody is told that they are wrong, and no answer goes without a kind reply.
func TestTheQuizIsKind(t *testing.T) {
	unkind := regexp.MustCompile(`(?i)\b(wrong answer|incorrect|false|you failed|silly answer|bad answer|points?|score|marks?)\b`)
	number := regexp.MustCompile(`\d[\d -]{3,}\d|\b(999|911|112|000|101|988|111)\b`)
	for _, q := range load(t).Questions() {
		if m := unkind.FindString(q.whole()); m != "" {
			t.Errorf("%s says %q", q.ID, m)
		}
		if m := number.FindString(q.whole()); m != "" {
			t.Errorf("%s holds the number %q: contacts come from the directory alone", q.ID, m)
		}
		for _, a := range q.Answers {
			if yes := strings.HasPrefix(a.Reply, "Yes. "); yes != a.Fits {
				t.Errorf("%s: the reply to %q begins with yes: %v", q.ID, a.Says, yes)
			}
		}
	}
}

// The tips come in their order, and none twice in a row, whatever was last.
func TestNoTipComesTwiceInARow(t *testing.T) {
	texts := load(t)
	seen, last := map[string]int{}, ""
	for range 2 * len(texts.Tips()) {
		tip := texts.TipAfter(last)
		if tip.ID == last {
			t.Fatalf("%s comes twice in a row", last)
		}
		seen[tip.ID]++
		last = tip.ID
	}
	for _, tip := range texts.Tips() {
		if seen[tip.ID] != 2 {
			t.Errorf("%s came %d times in two years' worth", tip.ID, seen[tip.ID])
		}
	}
	if got := texts.TipAfter("one that was taken out"); got != texts.Tips()[0] {
		t.Errorf("after a tip that is gone comes %s", got.ID)
	}
}

// Whoever spoils the quiz is told of every mistake at once, with its line.
func TestEveryMistakeInTheQuizIsNamedAtOnce(t *testing.T) {
	m := carried(t)
	spoil := func(file, was, is string) {
		t.Helper()
		s := string(m[file].Data)
		if !strings.Contains(s, was) {
			t.Fatalf("%s does not contain %q", file, was)
		}
		m[file].Data = []byte(strings.Replace(s, was, is, 1))
	}
	spoil("en/quiz.yaml", "topic: sextortion", "topic: blackmail")
	spoil("en/quiz.yaml", "- id: paid-already", "- id: pay-once")
	spoil("en/quiz.yaml", `"Pay again"`, `"Pay them again, and then once more"`)
	spoil("en/quiz.yaml", `"Only girls"`, `"Anyone"`)
	spoil("en/quiz.yaml", `"It can feel that way. It is still not their fault."`, `""`)
	spoil("en/quiz.yaml", "- id: game-gift", "- id: Game_Gift")
	spoil("en/quiz.yaml", `{says: "When someone pushes you", fits: true,`, `{says: "When someone pushes you",`)
	spoil("en/quiz.yaml", `reply: "Yes. You did not choose it freely then."}`, `reply: "Yes, **really**."}`)
	spoil("en/quiz.yaml", `      - {says: "Sad", reply: "Sad is okay. So are other feelings."}
      - {says: "Angry", reply: "Angry is okay. So are other feelings."}
`, "")
	spoil("en/tips.yaml", "topic: consent-and-power", "topic: power")
	spoil("en/tips.yaml", "That is the safe way.", "{name} knows.")
	_, err := LoadFS(m)
	if err == nil {
		t.Fatal("spoilt files were loaded")
	}
	for _, want := range []string{
		`en/quiz.yaml:13: pay-once: there is no topic "blackmail"`,
		`the id pay-once is there twice`,
		`has 34 characters, of at most 30`,
		`blackmail-who: the answer "Anyone" is there twice`,
		`said-yes: reply is missing`,
		`the id "Game_Gift" is not of`,
		`free-yes: 0 answers fit`,
		`free-yes: texts are plain, without "**"`,
		`right-way-to-feel has 1 answers, of 2 to 4`,
		`en/tips.yaml:11: no-is-enough: there is no topic "power"`,
		`nothing is filled in here`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}
