package detect

import (
	"slices"

	"github.com/waymark-bot/waymark/internal/classify"
)

// How much the learned reader reads at once. It learned from single messages,
// so a long one is read in parts, each from the start of a sentence.
const (
	readAtMost  = 40 // words in one part
	readOnAfter = 20 // words after which the next part may begin
)

// A text that worries the learned reader a little less than a rule asks for is
// a hint: it keeps this share of the rule's weight.
const (
	hintMargin = 1.0 // in the logarithm of the odds
	hintFactor = 0.5
)

// learnedRule is a rule that has no patterns: it holds where the learned
// reader finds a text of the rule's category worrying enough.
type learnedRule struct {
	rule  int32
	worry float64 // the least that it must be
	fail  func(format string, a ...any)
}

// Cutter cuts texts into the words that the learned reader is trained on.
type Cutter struct {
	p *program
	s *scratch
}

// NewCutter makes a Cutter; it serves one caller at a time.
func NewCutter() *Cutter {
	p := newCompiler().finish(nil)
	return &Cutter{p, newScratch(p)}
}

// Words returns the words of a text in lower case, with what kind of number it
// is (#age, #adult, #money, #num) for each number.
func (c *Cutter) Words(text string) []string {
	c.s.reset()
	c.p.scan(c.s, text, offsets{}, false)
	out := make([]string, len(c.s.toks))
	for i := range c.s.toks {
		t := &c.s.toks[i]
		if out[i] = string(c.s.low[t.lo:t.hi]); t.flags&number != 0 {
			out[i] = numberKind(c.s, t)
		}
	}
	return out
}

// numberKind names the kind of a number; 2 and 4 stay what they are, since
// they are mostly words.
func numberKind(s *scratch, t *token) string {
	if w := s.low[t.lo:t.hi]; len(w) == 1 && (w[0] == '2' || w[0] == '4') {
		return string(w)
	}
	kind := "#num"
	for _, id := range s.alts[t.alt : t.alt+int32(t.alts)] {
		switch id {
		case moneyWord:
			return "#money"
		case youngWord:
			kind = "#age"
		case adultWord:
			kind = "#adult"
		}
	}
	return kind
}

// learned is what a detector needs to read with the model.
type learned struct {
	model *classify.Model
	words []classify.Word // for each word of the lexicon, the model's
	kinds map[string]classify.Word
	rules []*learnedRule // for each label of the model, nil where there is none
}

// model returns the words of the view as the model knows them: as they are
// written, or else as the lexicon mends them.
func (l *learned) view(s *scratch) []classify.Word {
	s.read = s.read[:0]
	for i := range s.toks {
		t := &s.toks[i]
		if t.flags&number != 0 {
			s.read = append(s.read, l.kinds[numberKind(s, t)])
			continue
		}
		w := l.model.Word(t.hash)
		for k := int32(-1); !w.Known() && k < int32(t.alts); k++ {
			if k < 0 {
				w = l.words[t.id]
			} else {
				w = l.words[s.alts[t.alt+k]]
			}
		}
		s.read = append(s.read, w)
	}
	return s.read
}

// readLearned adds the signs that the learned reader finds in the view.
func (d *Detector) readLearned(s *scratch) {
	l := d.lex.learned
	if s.reader == nil {
		s.reader = l.model.NewReader()
	}
	words := l.view(s)
	for from := 0; from < len(words); {
		to := s.partEnd(from)
		if l.model.Glance(words[from:to]) {
			d.learn(s, from, s.reader.Read(words[from:to]))
		}
		if to == len(words) {
			return
		}
		from = s.nextPart(from, to)
	}
}

// partEnd is where the part that begins at a token ends: after the last whole
// sentence that fits, or in the middle of one that is too long.
func (s *scratch) partEnd(from int) int {
	if len(s.toks)-from <= readAtMost {
		return len(s.toks)
	}
	for i := from + readAtMost; i > from+readOnAfter; i-- {
		if s.toks[i].flags&opens != 0 {
			return i
		}
	}
	return from + readAtMost
}

// nextPart is where the part after [from, to) begins: at a sentence of its
// later half, so that two neighbouring sentences are always read together.
func (s *scratch) nextPart(from, to int) int {
	for i := from + readOnAfter; i < to; i++ {
		if s.toks[i].flags&opens != 0 {
			return i
		}
	}
	return from + readOnAfter
}

// learn adds the sign of the rule for what was read, if it worries enough.
func (d *Detector) learn(s *scratch, at int, r classify.Reading) {
	k := d.lex.learned.rules[r.Label]
	if k == nil || r.Worry < k.worry-hintMargin {
		return
	}
	rule := &d.lex.program.rules[k.rule]
	if !d.lex.program.applies(s, rule) {
		return
	}
	from, to := s.reader.Moved()
	f := found{rule: k.rule, pattern: -1, from: int32(at + from), to: int32(at + to)}
	if r.Worry < k.worry {
		hint := *rule
		hint.Weight *= hintFactor
		rule = &hint
	}
	d.give(s, f, rule)
}

// learned prepares the rules that the learned reader decides, nil where there
// is none.
func (l *loader) learned(p *program) *learned {
	if len(l.reads) == 0 {
		return nil
	}
	m, err := classify.English()
	if err != nil {
		l.reads[0].fail("%v", err)
		return nil
	}
	out := &learned{model: m, kinds: map[string]classify.Word{}, rules: make([]*learnedRule, len(m.Labels()))}
	for _, k := range []string{"#age", "#adult", "#money", "#num", "2", "4"} {
		out.kinds[k] = m.Word(classify.Hash(k))
	}
	for _, name := range p.names {
		out.words = append(out.words, m.Word(classify.Hash(name)))
	}
	for i := range l.reads {
		r := &l.reads[i]
		rule := &p.rules[r.rule]
		label := slices.Index(m.Labels(), string(rule.Category))
		if label < 0 {
			r.fail("the learned reader knows no %s", rule.Category)
			continue
		}
		if out.rules[label] != nil {
			r.fail("another rule asks for what reads like %s already", rule.Category)
		}
		out.rules[label] = r
	}
	return out
}
