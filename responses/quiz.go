package responses

import (
	"io/fs"
	"path"
	"regexp"
	"unicode/utf8"
)

// The YAML files of a language that hold the quiz and the tips of the week.
const (
	quizFile = "quiz.yaml"
	tipsFile = "tips.yaml"
)

// MaxAnswer is how long an answer of the quiz may be, in characters: what a
// phone shows of a button on Slack.
const MaxAnswer = 30

// Question is one question of the quiz.
type Question struct {
	ID      string       `yaml:"id"`
	Topic   string       `yaml:"topic"` // where to read more
	Ask     string       `yaml:"ask"`
	Answers []QuizAnswer `yaml:"answers"` // two to four
	Know    string       `yaml:"know"`    // what everybody should know afterwards
}

// QuizAnswer is one answer to choose.
type QuizAnswer struct {
	Says  string `yaml:"says"`
	Reply string `yaml:"reply"` // to whoever chose it
	Fits  bool   `yaml:"fits"`  // true for one answer of a question
}

// Fitting is the answer that fits.
func (q Question) Fitting() QuizAnswer {
	for _, a := range q.Answers {
		if a.Fits {
			return a
		}
	}
	return QuizAnswer{}
}

// Tip is one tip of the week.
type Tip struct {
	ID    string `yaml:"id"`
	Topic string `yaml:"topic"` // where to read more
	Text  string `yaml:"text"`
}

// Questions are those of the quiz, in no order that means anything. They are
// written in English alone.
func (t *Texts) Questions() []Question { return t.English().questions }

// Question finds a question by its id.
func (t *Texts) Question(id string) (Question, bool) {
	for _, q := range t.Questions() {
		if q.ID == id {
			return q, true
		}
	}
	return Question{}, false
}

// Tips are the tips of the week in their order, in English alone.
func (t *Texts) Tips() []Tip { return t.English().tips }

// TipAfter is the tip that follows the one with that id; the first where there
// is none such, or after the last.
func (t *Texts) TipAfter(id string) Tip {
	tips := t.Tips()
	for i, tip := range tips {
		if tip.ID == id {
			return tips[(i+1)%len(tips)]
		}
	}
	return tips[0]
}

// entryID is what a question or a tip may be called: it stands in buttons.
var entryID = regexp.MustCompile(`^[a-z0-9-]{1,24}$`)

// entries checks what a question and a tip have in common.
type entries struct {
	t    *Texts
	file string
	data []byte
	end  string // what follows an id in the file
	seen map[string]bool
	bad  *Problems
}

// mark is what an entry begins with in the file.
func (e *entries) mark(id string) string { return "id: " + id + e.end }

// check looks at an entry's id and topic and says where in the file it stands.
func (e *entries) check(id, topic string) (line int) {
	line = lineOf(e.data, e.mark(id))
	switch {
	case !entryID.MatchString(id):
		e.bad.add(e.file, line, "the id %q is not of 1 to 24 small letters, digits and hyphens", id)
	case e.seen[id]:
		e.bad.add(e.file, line, "the id %s is there twice", id)
	}
	e.seen[id] = true
	if _, ok := e.t.Topic(topic); !ok {
		e.bad.add(e.file, line, "%s: there is no topic %q", id, topic)
	}
	return line
}

// text looks at a text of an entry.
func (e *entries) text(line int, id, what, s string) {
	if s == "" {
		e.bad.add(e.file, line, "%s: %s is missing", id, what)
		return
	}
	if at := lineIn(e.data, e.mark(id), s); at > 0 {
		line = at
	}
	checkPlain(e.file, line, id, s, e.bad)
	if placeholder.MatchString(s) {
		e.bad.add(e.file, line, "%s: nothing is filled in here, so there can be no {name}", id)
	}
}

// loadQuiz reads the questions and the tips. The topics are loaded before.
func (t *Texts) loadQuiz(fsys fs.FS, bad *Problems) {
	var quiz struct {
		Questions []Question `yaml:"questions"`
	}
	if e, ok := t.readEntries(fsys, quizFile, "\n", &quiz, bad); ok {
		for _, q := range quiz.Questions {
			e.question(q)
		}
		if len(quiz.Questions) == 0 {
			bad.add(e.file, 0, "there are no questions")
		}
		t.questions = quiz.Questions
	}
	var tips struct {
		Tips []Tip `yaml:"tips"`
	}
	if e, ok := t.readEntries(fsys, tipsFile, ",", &tips, bad); ok {
		for _, tip := range tips.Tips {
			e.text(e.check(tip.ID, tip.Topic), tip.ID, "text", tip.Text)
		}
		if len(tips.Tips) < 2 {
			bad.add(e.file, 0, "two tips at least are needed, so that none comes twice in a row")
		}
		t.tips = tips.Tips
	}
}

func (t *Texts) readEntries(fsys fs.FS, name, end string, into any, bad *Problems) (*entries, bool) {
	e := &entries{t: t, file: path.Join(Language, name), end: end, seen: map[string]bool{}, bad: bad}
	var err error
	if e.data, err = fs.ReadFile(fsys, e.file); err != nil {
		bad.add(e.file, 0, "cannot be read: %v", err)
		return e, false
	}
	return e, decode(e.file, 0, e.data, into, bad)
}

func (e *entries) question(q Question) {
	line := e.check(q.ID, q.Topic)
	e.text(line, q.ID, "ask", q.Ask)
	e.text(line, q.ID, "know", q.Know)
	if n := len(q.Answers); n < 2 || n > 4 {
		e.bad.add(e.file, line, "%s has %d answers, of 2 to 4", q.ID, n)
	}
	fits, said := 0, map[string]bool{}
	for _, a := range q.Answers {
		e.text(line, q.ID, "says", a.Says)
		e.text(line, q.ID, "reply", a.Reply)
		if n := utf8.RuneCountInString(a.Says); n > MaxAnswer {
			e.bad.add(e.file, lineIn(e.data, e.mark(q.ID), a.Says), "%s: the answer %q has %d characters, of at most %d", q.ID, a.Says, n, MaxAnswer)
		}
		if said[a.Says] {
			e.bad.add(e.file, line, "%s: the answer %q is there twice", q.ID, a.Says)
		}
		said[a.Says] = true
		if a.Fits {
			fits++
		}
	}
	if fits != 1 {
		e.bad.add(e.file, line, "%s: %d answers fit, and it has to be one", q.ID, fits)
	}
}
