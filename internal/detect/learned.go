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

// sureWorry is how worrying a text is to the learned reader where a context no
// longer lowers its sign: it has read the context too, and learned from games,
// stories and advice. This found 7 more of 607 worrying texts, and nothing more in
// 184,829 messages of public chat.
const sureWorry = 3.0

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

// view prepares the words of the view as the model knows them: as they are
// written, as the lexicon mends them, or else as the model does.
func (l *learned) view(s *scratch) {
	if two, more := l.cutView(s, 3); two+2*more > 1 {
		l.cutView(s, 2) // somebody leaves out spaces
	}
}

// cutView is view, with words that the model does not know cut into those that
// they are made of where these are least or more. It says how many could be
// cut into two, and how many into more.
func (l *learned) cutView(s *scratch, least int) (two, more int) {
	s.read, s.readAt = s.read[:0], s.readAt[:0]
	tried := 0 // the end of the last run of single letters that was looked at
	for i := 0; i < len(s.toks); i++ {
		t := &s.toks[i]
		if t.flags&number != 0 {
			s.reads(i, l.kinds[numberKind(s, t)])
			continue
		}
		if i >= tried {
			tried = s.singlesTo(i)
			if tried-i >= mostlySpelled && l.cut(s, i, s.spelled(i, tried), 1, true) > 0 {
				i = tried - 1
				continue
			}
		}
		w := l.word(s, t)
		if i+1 < len(s.toks) && (!w.Known() || s.tight(i+1)) {
			if both := l.model.Word(s.together(i)); both.Known() {
				s.reads(i, both)
				i++
				continue
			}
		}
		if !w.Known() && t.flags&emoji == 0 {
			word := s.low[t.lo:t.hi]
			if w = l.model.Mend(word); !w.Known() {
				parts := l.cut(s, i, word, least, least < 3)
				switch {
				case parts == 2:
					two++
				case parts > 2:
					more++
				}
				if parts >= least {
					continue
				}
			}
		}
		s.reads(i, w)
	}
	return two, more
}

// word is a token's word as the model knows it, or else as the lexicon mends it.
func (l *learned) word(s *scratch, t *token) classify.Word {
	w := l.model.Word(t.hash)
	for k := int32(-1); !w.Known() && k < int32(t.alts); k++ {
		if k < 0 {
			w = l.words[t.id]
		} else {
			w = l.words[s.alts[t.alt+k]]
		}
	}
	return w
}

// cut reads the words that letters are made of, at a token, where they are
// least or more. It returns how many they are.
func (l *learned) cut(s *scratch, at int, letters []byte, least int, meant bool) int {
	n := len(s.read)
	s.read = s.reader.Cut(s.read, letters, meant)
	parts := len(s.read) - n
	if parts < least {
		s.read = s.read[:n]
		return parts
	}
	for range parts {
		s.readAt = append(s.readAt, int32(at))
	}
	return parts
}

// mostlySpelled is how many single letters in a row spell words.
const mostlySpelled = 4

// reads adds a word that the learned reader reads, which stands at a token.
func (s *scratch) reads(at int, w classify.Word) {
	s.read, s.readAt = append(s.read, w), append(s.readAt, int32(at))
}

// singlesTo is where the single letters in a row from a token on end; a longer
// run than can be cut at once is looked at in parts.
func (s *scratch) singlesTo(i int) int {
	most := min(len(s.toks), i+classify.MostCut)
	for i < most && s.toks[i].hi-s.toks[i].lo == 1 && s.toks[i].flags&(emoji|number) == 0 {
		i++
	}
	return i
}

// spelled is what a run of single letters spells.
func (s *scratch) spelled(from, to int) []byte {
	s.letters = s.letters[:0]
	for _, t := range s.toks[from:to] {
		s.letters = append(s.letters, classify.Letter(s.low[t.lo], 'i'))
	}
	return s.letters
}

// tight says whether nothing but a hyphen or the like stands before a token.
func (s *scratch) tight(i int) bool {
	t := &s.toks[i]
	return t.sep != ' ' && t.sep != 0 && t.start == s.toks[i-1].end+1
}

// together is the hash of what a token and the next one spell together.
func (s *scratch) together(i int) uint32 {
	a, b := &s.toks[i], &s.toks[i+1]
	if b.flags&(emoji|number) != 0 || a.hi-a.lo+b.hi-b.lo < 4 {
		return 0
	}
	return classify.HashOn(a.hash, s.low[b.lo:b.hi])
}

// readLearned adds the signs that the learned reader finds in the view.
func (d *Detector) readLearned(s *scratch) {
	l := d.lex.learned
	if s.reader == nil {
		s.reader = l.model.NewReader()
	}
	l.view(s)
	words := s.read
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

// partEnd is where the part that begins at a word ends: after the last whole
// sentence that fits, or in the middle of one that is too long.
func (s *scratch) partEnd(from int) int {
	if len(s.read)-from <= readAtMost {
		return len(s.read)
	}
	for i := from + readAtMost; i > from+readOnAfter; i-- {
		if s.opensAt(i) {
			return i
		}
	}
	return from + readAtMost
}

// nextPart is where the part after [from, to) begins: at a sentence of its
// later half, so that two neighbouring sentences are always read together.
func (s *scratch) nextPart(from, to int) int {
	for i := from + readOnAfter; i < to; i++ {
		if s.opensAt(i) {
			return i
		}
	}
	return from + readOnAfter
}

// opensAt says whether a word that the learned reader reads opens a sentence.
func (s *scratch) opensAt(word int) bool { return s.toks[s.readAt[word]].flags&opens != 0 }

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
	f := found{rule: k.rule, pattern: -1, from: s.readAt[at+from], to: s.readAt[at+to-1] + 1, sure: r.Worry >= sureWorry}
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
