package detect

import (
	"cmp"
	"slices"
	"sync"
)

// Detector finds the rules of a lexicon in texts. It is safe for concurrent use.
type Detector struct {
	lex  *Lexicon
	pool sync.Pool
}

// New makes a detector of a lexicon.
func New(l *Lexicon) *Detector {
	d := &Detector{lex: l}
	d.pool.New = func() any { return newScratch(l.program) }
	return d
}

func newScratch(p *program) *scratch {
	return &scratch{
		present: make([]uint64, (len(p.names)+63)/64),
		sets:    make([]uint64, p.width),
		tried:   make([]uint32, len(p.patterns)),
	}
}

// Rule returns a rule by its id.
func (d *Detector) Rule(id string) (Rule, bool) {
	i, ok := d.lex.rules[id]
	if !ok {
		return Rule{}, false
	}
	return d.lex.program.rules[i].Rule, true
}

// Rules lists all rules, by id.
func (d *Detector) Rules() []Rule { return d.lex.Rules() }

// maxKept is the size of text, in bytes, up to which working memory is kept.
const maxKept = 16 << 10

// Detect returns the warning signs in a text, in the order in which they
// stand, one for each rule; nil where there is none. Any input is allowed.
func (d *Detector) Detect(text string) []Signal {
	s := d.pool.Get().(*scratch)
	d.detect(s, text)
	var out []Signal
	if len(s.out) > 0 {
		out = slices.Clone(s.out)
		lowerCovered(out)
		slices.SortFunc(out, func(a, b Signal) int {
			return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Rule, b.Rule))
		})
	}
	if len(text) <= maxKept {
		d.pool.Put(s)
	}
	return out
}

// The same words are one sign, however many kinds of signs they could be: one
// of which this share lies within stronger signs of other kinds keeps only
// coveredFactor of its weight.
const (
	coveredShare  = 0.6
	coveredFactor = 0.3
)

func lowerCovered(signals []Signal) {
	slices.SortFunc(signals, func(a, b Signal) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Start, b.Start), cmp.Compare(a.Rule, b.Rule))
	})
	for i := range signals {
		g := &signals[i]
		covered := 0
		for _, o := range signals[:i] {
			if o.Category != g.Category && o.Weight >= g.Weight {
				covered = max(covered, min(o.End, g.End)-max(o.Start, g.Start))
			}
		}
		if float64(covered) >= coveredShare*float64(g.End-g.Start) {
			g.Weight *= coveredFactor
		}
	}
}

// detect fills s.out. It reads the plain text, and then each further view that
// the text calls for.
func (d *Detector) detect(s *scratch, text string) {
	s.out = s.out[:0]
	p := d.lex.program
	s.reset()
	h := p.scan(s, text, offsets{}, false)
	h.vowelless = s.dropped(h.vowelless)
	d.judge(s)
	if !h.foreign && !h.inner && !h.singles && !h.long && !h.split && h.vowelless == 0 {
		return
	}
	d.moreViews(s, text, h)
}

// dropped returns the number of words without vowels where they are so many,
// three and a third of all, that vowels must have been left out; else 0.
func (s *scratch) dropped(vowelless int) int {
	if vowelless < 3 || 3*vowelless < len(s.toks) {
		return 0
	}
	return vowelless
}

func (d *Detector) moreViews(s *scratch, text string, h hints) {
	p := d.lex.program
	read := func(base string, off offsets, h hints) {
		if h.inner {
			v := squeeze(base, off)
			base, off = string(v.b), v.off
		}
		if !h.inner && !h.singles && !h.long && !h.split && h.vowelless == 0 {
			return
		}
		s.reset()
		h2 := p.scan(s, base, off, h.inner)
		changed := p.rejoin(s, s.dropped(h2.vowelless) > 0)
		if changed || h.inner {
			d.judge(s)
		}
	}
	base, off := text, offsets{}
	if h.foreign {
		v := p.tables.fold(text, offsets{})
		base, off = string(v.b), v.off
		s.reset()
		folded := p.scan(s, base, off, false)
		folded.vowelless = s.dropped(folded.vowelless)
		d.judge(s)
		folded.inner = folded.inner || h.inner
		read(base, off, folded)
	} else {
		read(base, off, h)
	}
	if h.turned >= 2 {
		d.roundView(s, p.tables.turn(text), read)
	}
	if h.override {
		d.roundView(s, unwind(text), read)
	}
}

// roundView reads a view that was put back into reading order.
func (d *Detector) roundView(s *scratch, v view, read func(string, offsets, hints)) {
	p := d.lex.program
	f := p.tables.fold(string(v.b), v.off)
	s.reset()
	h := p.scan(s, string(f.b), f.off, false)
	h.vowelless = 0
	d.judge(s)
	read(string(f.b), f.off, h)
}

// judge finds the rules in the view that was scanned into s, weighs them in
// their context, and adds them to s.out.
func (d *Detector) judge(s *scratch) {
	p := d.lex.program
	p.search(s)
	if len(s.found) > 0 {
		d.weigh(s)
	}
	if d.lex.learned != nil {
		d.readLearned(s)
	}
	s.unmark()
}

func (d *Detector) weigh(s *scratch) {
	p := d.lex.program
	for _, f := range s.found {
		r := &p.rules[f.rule]
		if p.applies(s, r) {
			d.give(s, f, r)
		}
	}
}

// give keeps the sign of a rule that was found, weighed in its context.
func (d *Detector) give(s *scratch, f found, r *compiledRule) {
	g := Signal{Rule: r.ID, Category: r.Category, Weight: r.Weight, Learned: f.pattern < 0}
	first, last := &s.toks[f.from], &s.toks[f.to-1]
	g.Start, g.End = int(min(first.start, last.start)), int(max(first.end, last.end))
	d.lex.program.inContexts(s, f, r, &g)
	s.keep(g)
}

// applies says whether what a rule needs is in the view and what it must not
// have is not.
func (p *program) applies(s *scratch, r *compiledRule) bool {
	for i := range r.needs {
		if p.holds(s, &r.needs[i]) {
			break
		}
		if i == len(r.needs)-1 {
			return false
		}
	}
	for i := range r.unless {
		if p.holds(s, &r.unless[i]) {
			return false
		}
	}
	return true
}

// keep adds a signal, or replaces a weaker one of the same rule.
func (s *scratch) keep(g Signal) {
	for i := range s.out {
		if s.out[i].Rule == g.Rule {
			if g.Weight > s.out[i].Weight {
				s.out[i] = g
			}
			return
		}
	}
	s.out = append(s.out, g)
}

// quotedFactor is what is left of a sign in quotation marks: most often
// somebody else's words, but also an easy way around us.
const quotedFactor = 0.45

// inContexts turns a sign that somebody else is said to have given into a
// disclosure, and lowers a sign by the contexts that it stands in. Several do
// not add up: the strongest counts. A disclosure is never lowered by quotation
// marks.
func (p *program) inContexts(s *scratch, f found, r *compiledRule, g *Signal) {
	if r.Speaker == Initiator && !g.Category.Disclosure() {
		for i := range p.contexts {
			if c := &p.contexts[i]; c.becomes != "" && p.contextHolds(s, c, f) {
				g.Category = c.becomes
				break
			}
		}
	}
	factor := 1.0
	if !g.Category.Disclosure() && r.Speaker == Initiator && p.isQuoted(s, f) {
		factor = quotedFactor
	}
	for i := range p.contexts {
		c := &p.contexts[i]
		if c.becomes == "" && c.factor < factor && slices.Contains(c.lowers, g.Category) && p.contextHolds(s, c, f) {
			factor = c.factor
		}
	}
	g.Weight *= factor
}

func (p *program) isQuoted(s *scratch, f found) bool {
	for _, t := range s.toks[f.from:f.to] {
		if t.flags&quoted == 0 {
			return false
		}
	}
	return true
}

// contextHolds says whether a context applies to what was found.
func (p *program) contextHolds(s *scratch, c *compiledContext, f found) bool {
	for i := range c.unless {
		if p.holds(s, &c.unless[i]) {
			return false
		}
	}
	for i := range c.patterns {
		pt := &c.patterns[i]
		if c.scope == whole {
			if p.holds(s, pt) {
				return true
			}
			continue
		}
		if !p.possible(s, pt) {
			continue
		}
		from, to, ok := p.first(s, pt, 0)
		for n := 0; ok && n < 8 && from <= int(f.from); n++ {
			if p.allowed(s, pt, from) && (to > int(f.from) || s.oneSentence(to-1, int(f.from))) {
				return true
			}
			from, to, ok = p.first(s, pt, from+1)
		}
	}
	return false
}

// oneSentence says whether no sentence opens after token a, up to token b.
func (s *scratch) oneSentence(a, b int) bool {
	for i := a + 1; i <= b; i++ {
		if s.toks[i].flags&opens != 0 {
			return false
		}
	}
	return true
}

// inContext says whether a context is found in a text; for its own examples.
func (d *Detector) inContext(text, id string) bool {
	p := d.lex.program
	s := newScratch(p)
	p.scan(s, text, offsets{}, false)
	p.search(s)
	for i := range p.contexts {
		c := &p.contexts[i]
		if c.id != id {
			continue
		}
		for k := range c.unless {
			if p.holds(s, &c.unless[k]) {
				return false
			}
		}
		for k := range c.patterns {
			if p.holds(s, &c.patterns[k]) {
				return true
			}
		}
	}
	return false
}
