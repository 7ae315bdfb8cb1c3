package detect

import (
	"math/bits"

	"github.com/waymark-bot/waymark/internal/classify"
)

// setRef names a set of words: a class or a union of them by its number, a
// single word by its id below literalBase.
const literalBase = -10

func literalRef(id wordID) int { return literalBase - int(id) }

// program is a compiled lexicon. It never changes after it was made.
type program struct {
	kinds     kinds
	tables    foldTables
	words     vocab // spelling -> words
	collapsed vocab // spelling with repeated letters written once -> words
	skeletons vocab // spelling without vowels -> words
	names     []string
	frequent  []bool // words so common that they carry no meaning alone
	fillers   []bool
	stops     map[wordID]bool // words that carry no meaning of their own
	byLength  [maxWord + 1][]lengthWord

	width int      // of a row, in machine words
	rows  []uint64 // for each word, the sets that hold it

	starts  []bool // words that may begin a phrase
	phrases map[phraseStep]phraseNode

	patterns   []pattern
	owner      []int32 // the rule of each pattern
	anchorFrom []int32 // for each word, where its patterns begin in anchors
	anchors    []int32

	rules    []compiledRule
	contexts []compiledContext
}

type lengthWord struct {
	text string
	id   wordID
}

// phraseStep is one step through the phrases: from a node (0 at the start) by a word.
type phraseStep struct {
	node int32
	word wordID
}

type phraseNode struct {
	next int32  // 0 where no longer phrase goes on
	id   wordID // the phrase that ends here, unknownWord for none
}

func (p *program) isFrequent(id wordID) bool { return p.frequent[id] }
func (p *program) isFiller(id wordID) bool   { return p.fillers[id] }

// has says whether a word is in a set.
func (p *program) has(ref int32, id wordID) bool {
	if ref <= literalBase {
		return int32(id) == literalBase-ref
	}
	return p.rows[int(id)*p.width+int(ref>>6)]&(1<<(ref&63)) != 0
}

// scratch is what one call of Detect works with; it is used again.
type scratch struct {
	sc      scanner
	toks    []token
	spare   []token
	low     []byte
	alts    []wordID
	stars   int
	phrases []phraseEdge // ordered by their first token

	present []uint64 // bit set of the words in the view
	seen    []wordID // the words whose bits are set
	sets    []uint64 // the sets with a word in the view
	haveSet bool
	tried   []uint32 // by pattern, the round in which it was tried
	round   uint32
	active  []uint64
	found   []found
	out     []Signal

	reader *classify.Reader // nil until it is first needed
	read   []classify.Word
}

type phraseEdge struct {
	at, n int32
	id    wordID
}

// found is a match of a rule in a view, in tokens.
type found struct {
	rule     int32
	pattern  int32
	from, to int32 // tokens [from, to)
}

// also gives a token one more id.
func (s *scratch) also(t *token, id wordID) {
	if t.alts == 0 {
		t.alt = int32(len(s.alts))
	}
	if int(t.alt)+int(t.alts) != len(s.alts) { // another token's came in between
		at := int32(len(s.alts))
		s.alts = append(s.alts, s.alts[t.alt:t.alt+int32(t.alts)]...)
		t.alt = at
	}
	if t.alts < maxIDs {
		s.alts = append(s.alts, id)
		t.alts++
	}
}

func (s *scratch) reset() {
	s.toks, s.low, s.alts, s.phrases, s.stars = s.toks[:0], s.low[:0], s.alts[:0], s.phrases[:0], 0
	s.found = s.found[:0]
}

// search finds all rules in the view that was scanned into s.
func (p *program) search(s *scratch) {
	s.carryOpens()
	p.findPhrases(s)
	p.markWords(s)
	s.round++
	s.haveSet = false
	for _, id := range s.seen {
		for _, k := range p.anchors[p.anchorFrom[id]:p.anchorFrom[id+1]] {
			if s.tried[k] == s.round {
				continue
			}
			s.tried[k] = s.round
			p.try(s, k)
		}
	}
}

// unmark forgets the view's words.
func (s *scratch) unmark() {
	for _, id := range s.seen {
		s.present[id>>6] = 0
	}
}

// carryOpens lets the word after an opening filler open the sentence too:
// "pls send" begins with send.
func (s *scratch) carryOpens() {
	for i := 1; i < len(s.toks); i++ {
		if before := s.toks[i-1].flags; before&opens != 0 && before&light != 0 {
			s.toks[i].flags |= opens
		}
	}
}

func (p *program) findPhrases(s *scratch) {
	for i := range s.toks {
		t := &s.toks[i]
		if p.starts[t.id] {
			p.walkPhrase(s, i, i, phraseStep{0, t.id})
		}
		for _, id := range s.alts[t.alt : t.alt+int32(t.alts)] {
			if p.starts[id] {
				p.walkPhrase(s, i, i, phraseStep{0, id})
			}
		}
	}
}

func (p *program) walkPhrase(s *scratch, from, i int, step phraseStep) {
	n, ok := p.phrases[step]
	if !ok {
		return
	}
	if n.id != unknownWord {
		s.phrases = append(s.phrases, phraseEdge{int32(from), int32(i + 1 - from), n.id})
	}
	if n.next == 0 || i+1 >= len(s.toks) {
		return
	}
	t := &s.toks[i+1]
	p.walkPhrase(s, from, i+1, phraseStep{n.next, t.id})
	for _, id := range s.alts[t.alt : t.alt+int32(t.alts)] {
		p.walkPhrase(s, from, i+1, phraseStep{n.next, id})
	}
}

func (p *program) markWords(s *scratch) {
	s.seen = s.seen[:0]
	for i := range s.toks {
		t := &s.toks[i]
		s.mark(t.id)
		for _, id := range s.alts[t.alt : t.alt+int32(t.alts)] {
			s.mark(id)
		}
	}
	for _, e := range s.phrases {
		s.mark(e.id)
	}
}

func (s *scratch) mark(id wordID) {
	if id == unknownWord || s.present[id>>6]&(1<<(id&63)) != 0 {
		return
	}
	s.present[id>>6] |= 1 << (id & 63)
	s.seen = append(s.seen, id)
}

// try runs one pattern and keeps what it finds.
func (p *program) try(s *scratch, k int32) {
	pt := &p.patterns[k]
	if !p.possible(s, pt) {
		return
	}
	from, to, ok := p.first(s, pt, 0)
	for n := 0; ok && n < 4; n++ {
		if p.allowed(s, pt, from) {
			s.found = append(s.found, found{p.owner[k], k, int32(from), int32(to)})
		}
		from, to, ok = p.first(s, pt, from+1)
	}
}

// possible says whether the view holds a word of each set that the pattern needs.
func (p *program) possible(s *scratch, pt *pattern) bool {
	if !s.haveSet {
		s.haveSet = true
		clear(s.sets)
		for _, id := range s.seen {
			row := p.rows[int(id)*p.width : (int(id)+1)*p.width]
			for w, b := range row {
				s.sets[w] |= b
			}
		}
	}
	for _, ref := range pt.need {
		if ref <= literalBase {
			id := literalBase - ref
			if s.present[id>>6]&(1<<(id&63)) == 0 {
				return false
			}
		} else if s.sets[ref>>6]&(1<<(ref&63)) == 0 {
			return false
		}
	}
	return true
}

// allowed says whether none of the three words before token i, in its
// sentence, is one that the pattern must not follow.
func (p *program) allowed(s *scratch, pt *pattern, i int) bool {
	if pt.before == -1 || i < len(s.toks) && s.toks[i].flags&opens != 0 && (i == 0 || s.toks[i-1].flags&light == 0) {
		return true
	}
	for k, n := i-1, 0; k >= 0 && n < 3; k, n = k-1, n+1 {
		if p.tokenHas(s, int32(pt.before), k) {
			return false
		}
		if s.toks[k].flags&opens != 0 {
			break
		}
	}
	return true
}

func (p *program) tokenHas(s *scratch, ref int32, i int) bool {
	t := &s.toks[i]
	if p.has(ref, t.id) {
		return true
	}
	for _, id := range s.alts[t.alt : t.alt+int32(t.alts)] {
		if p.has(ref, id) {
			return true
		}
	}
	for _, e := range s.phrases {
		if int(e.at) == i && p.has(ref, e.id) {
			return true
		}
	}
	return false
}

// first finds the match that ends first among those that start at token from
// or later; of several starts for one end, the last: the shortest match.
func (p *program) first(s *scratch, pt *pattern, from int) (start, end int, ok bool) {
	end = p.run(s, pt, from, len(s.toks), true)
	if end < 0 {
		return 0, 0, false
	}
	for start = end - 1; start > from; start-- {
		if p.run(s, pt, start, end, false) == end {
			return start, end, true
		}
	}
	return from, end, true
}

// run simulates the pattern over tokens [from, to). With anywhere, a match may
// start at any token, and the end of the first is returned; otherwise it must
// start at from and end at to. -1 where there is none.
func (p *program) run(s *scratch, pt *pattern, from, to int, anywhere bool) int {
	n := to - from
	if cap(s.active) < n+1 {
		s.active = make([]uint64, n+1+n/2)
	}
	active := s.active[:n+1]
	clear(active)
	edge := 0
	for edge < len(s.phrases) && int(s.phrases[edge].at) < from {
		edge++
	}
	for i := range n {
		t := &s.toks[from+i]
		act := active[i]
		if t.flags&opens != 0 {
			act &^= pt.gaps
		}
		if act&pt.last != 0 && (anywhere || i == n) {
			return from + i
		}
		cand := uint64(0)
		if anywhere || i == 0 {
			cand = pt.first
		}
		for m := act; m != 0; m &= m - 1 {
			cand |= pt.follow[bits.TrailingZeros64(m)]
		}
		if t.flags&opens != 0 {
			cand &^= pt.gaps
		}
		if t.flags&light != 0 {
			active[i+1] |= act
		}
		if cand == 0 {
			continue
		}
		active[i+1] |= p.step(pt, cand, t.id, t.flags, t.flags, true)
		for _, id := range s.alts[t.alt : t.alt+int32(t.alts)] {
			active[i+1] |= p.step(pt, cand, id, t.flags, t.flags, false)
		}
		for ; edge < len(s.phrases) && int(s.phrases[edge].at) == from+i; edge++ {
			e := s.phrases[edge]
			if i+int(e.n) > n {
				continue
			}
			active[i+int(e.n)] |= p.step(pt, cand, e.id, t.flags, s.toks[from+i+int(e.n)-1].flags, false)
		}
	}
	if active[n]&pt.last != 0 {
		return to
	}
	return -1
}

// step returns the positions of cand that a word satisfies.
func (p *program) step(pt *pattern, cand uint64, id wordID, first, last flags, word bool) uint64 {
	var out uint64
	for m := cand; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m)
		q := &pt.pos[i]
		switch {
		case q.open && first&opens == 0 || q.shut && last&closes == 0:
			continue
		case q.set == -1:
			if !word || first&light != 0 && id != unknownWord && p.fillers[id] || q.not != -1 && p.has(q.not, id) {
				continue
			}
		case id == unknownWord || !p.has(q.set, id):
			continue
		}
		out |= 1 << i
	}
	return out
}

// holds says whether the pattern is found anywhere in the view.
func (p *program) holds(s *scratch, pt *pattern) bool {
	if !p.possible(s, pt) {
		return false
	}
	from, _, ok := p.first(s, pt, 0)
	for n := 0; ok && n < 8; n++ {
		if p.allowed(s, pt, from) {
			return true
		}
		from, _, ok = p.first(s, pt, from+1)
	}
	return false
}
