package detect

import (
	"cmp"
	"slices"
	"sort"
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
		states: make([]patternState, len(p.all)),
		asked:  make([]contextState, len(p.contexts)),
		kept:   make([]keptAt, len(p.rules)),
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
		s.nextView()
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
		s.nextView()
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
	s.nextView()
	h := p.scan(s, string(f.b), f.off, false)
	h.vowelless = 0
	d.judge(s)
	read(string(f.b), f.off, h)
}

// judge finds the rules in the view that was scanned into s, weighs them in
// their context, and adds them to s.out.
func (d *Detector) judge(s *scratch) {
	p := d.lex.program
	s.judged = true
	if p.search(s) && len(s.found) > 0 {
		d.weigh(s)
	}
	if d.lex.learned != nil {
		d.readLearned(s)
	}
}

func (d *Detector) weigh(s *scratch) {
	p := d.lex.program
	slices.SortFunc(s.found, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.pattern, b.pattern))
	})
	for _, f := range s.found {
		r := &p.rules[f.rule]
		if !p.satisfied(s, f.rule) && p.applies(s, r) {
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
	s.keep(f.rule, g)
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

// keptAt is where a rule's sign is kept.
type keptAt struct {
	message uint32 // it counts only where this is the current one
	at      int32
}

// satisfied says whether a rule has given a sign of its whole weight already.
func (p *program) satisfied(s *scratch, rule int32) bool {
	k := s.kept[rule]
	return k.message == s.message && s.out[k.at].Weight >= p.rules[rule].Weight
}

// keep adds a signal, or replaces a weaker one of the same rule.
func (s *scratch) keep(rule int32, g Signal) {
	k := &s.kept[rule]
	if k.message != s.message {
		*k = keptAt{s.message, int32(len(s.out))}
		s.out = append(s.out, g)
		return
	}
	if g.Weight > s.out[k.at].Weight {
		s.out[k.at] = g
	}
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
		if !f.sure && c.becomes == "" && c.factor < factor && slices.Contains(c.lowers, g.Category) && p.contextHolds(s, c, f) {
			factor = c.factor
		}
	}
	g.Weight *= factor
	g.Lowered = factor < 1
}

// isQuoted says whether what was found is quoted: all of what a pattern
// matched, and most of what moved the learned reader, whose bounds are loose.
func (p *program) isQuoted(s *scratch, f found) bool {
	out := int32(0)
	for _, t := range s.toks[f.from:f.to] {
		if t.flags&quoted == 0 {
			out++
		}
	}
	if f.pattern < 0 {
		return 3*out < f.to-f.from
	}
	return out == 0
}

// contextState is what is known of a context in the current view.
type contextState struct {
	round uint32 // it counts only where this is the view's
	holds bool   // for the whole message
	spans []span // where it holds: from its beginning to the end of its sentence
}

// contextHolds says whether a context applies to what was found.
func (p *program) contextHolds(s *scratch, c *compiledContext, f found) bool {
	st := &s.asked[c.no]
	if st.round != s.round {
		st.round, st.spans = s.round, st.spans[:0]
		st.holds = p.holdsAnywhere(s, c)
		if st.holds && c.scope == before {
			p.coverBy(s, c, st)
		}
	}
	if !st.holds || c.scope == whole {
		return st.holds
	}
	for _, sp := range st.spans {
		if sp.lo <= f.from && f.from < sp.hi {
			return true
		}
	}
	return false
}

// holdsAnywhere says whether a context is anywhere in the view.
func (p *program) holdsAnywhere(s *scratch, c *compiledContext) bool {
	for i := range c.unless {
		if p.holds(s, &c.unless[i]) {
			return false
		}
	}
	for i := range c.patterns {
		if p.holds(s, &c.patterns[i]) {
			return true
		}
	}
	return false
}

// coverBy notes where a context holds that a sign must come after, in the same
// sentence, or overlap.
func (p *program) coverBy(s *scratch, c *compiledContext, st *contextState) {
	for i := range c.patterns {
		for _, m := range p.list(s, &c.patterns[i]) {
			if m.allowed {
				st.spans = append(st.spans, span{lo: m.from, hi: s.sentenceEnd(m.to - 1)})
			}
		}
	}
	slices.SortFunc(st.spans, func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	n := 0
	for _, sp := range st.spans {
		if n > 0 && sp.lo <= st.spans[n-1].hi {
			st.spans[n-1].hi = max(st.spans[n-1].hi, sp.hi)
			continue
		}
		st.spans[n] = sp
		n++
	}
	st.spans = st.spans[:n]
}

// sentenceEnd is the token after the last of a token's sentence.
func (s *scratch) sentenceEnd(i int32) int32 {
	rest := s.sentences[i+1:]
	return i + 1 + int32(sort.Search(len(rest), func(k int) bool { return rest[k] > s.sentences[i] }))
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
		return p.holdsAnywhere(s, c)
	}
	return false
}
