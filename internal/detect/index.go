package detect

import (
	"cmp"
	"maps"
	"slices"
)

// Most messages hold no match of any pattern, so what matters is how soon that
// is known. Each pattern is filed under the words of its rarest cut, its
// anchor. Where one of them stands, three questions are asked, the cheapest
// first: may the text hold a word of each other cut, does one stand near
// enough, and does the automaton accept the tokens around the anchor?

// mask says which sets some words are in, one bit for some sets.
type mask [8]uint64

const maskBits = 64 * len(mask{})

func (m *mask) add(bit uint16)      { m[bit>>6] |= 1 << (bit & 63) }
func (m *mask) has(bit uint16) bool { return m[bit>>6]>>(bit&63)&1 != 0 }

func (m *mask) join(o *mask) {
	for i, b := range o {
		m[i] |= b
	}
}

// wordInfo is what matching needs to know of each word.
type wordInfo struct {
	mask  mask   // of the sets that hold the word
	from  uint32 // the patterns that are filed under it, in program.anchors:
	own   uint32 // so many of the rules, and
	aside uint32 // then so many of what rules need and of contexts
	after uint64 // a filter of the words with which phrases that begin with it go on
	node  int32  // where they do, 0 for none
}

// anchor files a pattern under a word.
type anchor struct {
	pattern int32
	nears   uint32 // what must stand near, in program.nears
	n       uint8  // so much
	asked   uint8  // of it, so much has a bit
	wide    bool   // some of that may be further away than blockWords
	bits    [maxBits]uint16
}

const (
	maxBits = 4
	// maxDistance is the longest distance, in words, that is worth looking at.
	maxDistance = 24
	// The masks are of so many words and those around them: twice as many for
	// most anchors, six times for wide ones.
	blockWords = 8
	wideBlocks = maxDistance / blockWords
)

// near is a set of which a word must stand near a pattern's anchor.
type near struct {
	filter uint64 // of its words
	set    int32
	within int32 // so many words before (negative) or behind
}

// set is a set of words. Most words are in none of those that they are looked
// for in, which the filter mostly knows.
type set struct {
	filter [4]uint64 // a bit for each member's id, modulo 256
	ids    []wordID
}

func newSet(ids []wordID) set {
	s := set{ids: slices.Compact(slices.Sorted(slices.Values(ids)))}
	for _, id := range s.ids {
		s.filter[id>>6&3] |= filterBit(id)
	}
	return s
}

// filterBit is a word's bit in a small filter, in which words share bits.
func filterBit(id wordID) uint64 { return 1 << (id & 63) }

// filterOf is a small filter of some words.
func filterOf(ids []wordID) (f uint64) {
	for _, id := range ids {
		f |= filterBit(id)
	}
	return f
}

// has says whether a word is in a set.
func (p *program) has(ref int32, id wordID) bool {
	if ref <= literalBase {
		return int32(id) == literalBase-ref
	}
	s := &p.sets[ref]
	if s.filter[id>>6&3]&filterBit(id) == 0 {
		return false
	}
	lo, hi := 0, len(s.ids) // slices.BinarySearch is not inlined, and this is asked most often
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); s.ids[mid] < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(s.ids) && s.ids[lo] == id
}

// phraseStep is one step through the phrases: from a node by a word.
type phraseStep struct {
	node int32 // 0 at the start
	word wordID
}

// phraseNode is where a step leads.
type phraseNode struct {
	next int32  // 0 where no longer phrase goes on
	id   wordID // the phrase that ends here, unknownWord for none
}

// phraseTree holds the steps of all phrases in an open-addressed table.
type phraseTree struct {
	steps []phraseStep // the zero value is free: no phrase begins with an unknown word
	to    []phraseNode
}

func newPhraseTree(steps map[phraseStep]phraseNode) phraseTree {
	size := 1
	for size < 2*len(steps)+1 {
		size *= 2
	}
	t := phraseTree{make([]phraseStep, size), make([]phraseNode, size)}
	for s, n := range steps {
		i := t.place(s)
		for t.steps[i] != (phraseStep{}) {
			i = (i + 1) & (size - 1)
		}
		t.steps[i], t.to[i] = s, n
	}
	return t
}

// place is where a step is looked for first. The multiplier is that of
// Fibonacci hashing.
func (t *phraseTree) place(s phraseStep) int {
	h := (uint64(uint32(s.node))<<32 | uint64(uint32(s.word))) * 0x9e3779b97f4a7c15
	return int(h>>32) & (len(t.steps) - 1)
}

func (t *phraseTree) step(node int32, word wordID) (phraseNode, bool) {
	s := phraseStep{node, word}
	for i := t.place(s); t.steps[i] != (phraseStep{}); i = (i + 1) & (len(t.steps) - 1) {
		if t.steps[i] == s {
			return t.to[i], true
		}
	}
	return phraseNode{}, false
}

// index files all patterns under their anchors.
func (c *compiler) index() {
	p := c.p
	p.info = make([]wordInfo, len(p.names))
	starts := map[int32]wordID{} // the word that leads to each node that one leads to
	for step, n := range c.phrases {
		if step.node == 0 {
			p.info[step.word].node = n.next
			starts[n.next] = step.word
		}
	}
	for step := range c.phrases {
		if first, ok := starts[step.node]; ok {
			p.info[first].after |= filterBit(step.word)
		}
	}
	p.number()
	filed := make([]filing, len(p.all))
	for k, pt := range p.all {
		filed[k] = c.file(pt)
		pt.need = nil
	}
	bits := c.bits(filed)
	for set, bit := range bits {
		for _, id := range c.words(set) {
			p.info[id].mask.add(bit)
		}
	}
	lists := make([][]anchor, len(p.names))
	for k, pt := range p.all {
		if k == len(p.patterns) {
			for id, l := range lists {
				p.info[id].own = uint32(len(l))
			}
		}
		f := filed[k]
		a := anchor{pattern: pt.no, nears: uint32(len(p.nears)), n: uint8(len(f.nears)), asked: uint8(len(f.asked()))}
		for i, n := range f.asked() {
			a.bits[i] = bits[int(n.set)]
			a.wide = a.wide || n.within < -blockWords || n.within > blockWords
		}
		p.nears = append(p.nears, f.nears...)
		for _, id := range c.words(f.under) {
			if l := lists[id]; len(l) == 0 || l[len(l)-1].pattern != a.pattern {
				lists[id] = append(l, a)
			}
		}
	}
	for id, l := range lists {
		w := &p.info[id]
		if len(p.all) == len(p.patterns) {
			w.own = uint32(len(l))
		}
		w.from, w.aside = uint32(len(p.anchors)), uint32(len(l))-w.own
		p.anchors = append(p.anchors, l...)
	}
}

// number gives every pattern its place: those of the rules first.
func (p *program) number() {
	add := func(list []pattern) {
		for i := range list {
			list[i].no = int32(len(p.all))
			p.all = append(p.all, &list[i])
		}
	}
	add(p.patterns)
	for i := range p.rules {
		add(p.rules[i].unless)
		add(p.rules[i].needs)
	}
	for i := range p.contexts {
		add(p.contexts[i].patterns)
		add(p.contexts[i].unless)
	}
}

// filing is where a pattern is filed, and what must stand near, what tells most
// in front.
type filing struct {
	under int
	nears []near
}

// asked is what is asked for before it is looked for.
func (f filing) asked() []near { return f.nears[:min(maxBits, len(f.nears))] }

func (c *compiler) file(pt *pattern) filing {
	far := c.reaches(pt)
	rarest := slices.MinFunc(pt.need, func(a, b cut) int { return cmp.Compare(c.often(a.set), c.often(b.set)) })
	pt.back, pt.ahead = far.around(rarest.at)
	f := filing{under: rarest.set}
	for _, n := range pt.need {
		if n.at == rarest.at {
			continue
		}
		d := -far.between(pt, n.at, rarest.at)
		if d == 0 {
			d = far.between(pt, rarest.at, n.at)
		}
		if d != 0 && -maxDistance <= d && d <= maxDistance {
			f.nears = append(f.nears, near{filterOf(c.words(n.set)), int32(n.set), int32(d)})
		}
	}
	cost := func(n near) int { return int(max(n.within, -n.within)) * (1 + c.often(int(n.set))) }
	slices.SortStableFunc(f.nears, func(a, b near) int { return cmp.Compare(cost(a), cost(b)) })
	return f
}

// bits gives each set that is asked for a bit of the masks. Sets are grouped by
// their commonest word, and a group has few bits; so a common word, which is in
// many sets, still has few. The commonest groups have bits for themselves.
func (c *compiler) bits(filed []filing) map[int]uint16 {
	seen := map[int]bool{}
	groups := map[wordID][]int{}
	for _, f := range filed {
		for _, n := range f.asked() {
			set := int(n.set)
			if seen[set] {
				continue
			}
			seen[set] = true
			top := slices.MaxFunc(c.words(set), func(a, b wordID) int {
				return cmp.Or(cmp.Compare(c.met(a), c.met(b)), cmp.Compare(b, a))
			})
			groups[top] = append(groups[top], set)
		}
	}
	tops := slices.SortedFunc(maps.Keys(groups), func(a, b wordID) int {
		return cmp.Or(cmp.Compare(c.met(b), c.met(a)), cmp.Compare(a, b))
	})
	const (
		alone = maskBits * 3 / 4 // bits that are shared within a group only
		each  = 6                // of them for one group, at most
	)
	bits := make(map[int]uint16, len(seen))
	next := 0
	for _, top := range tops {
		sets := groups[top]
		n := min(each, len(sets), alone-next)
		for i, set := range sets {
			if n > 0 {
				bits[set] = uint16(next + i%n)
			} else {
				bits[set] = uint16(alone + (int(top)+i)%(maskBits-alone))
			}
		}
		next += n
	}
	return bits
}

// reaches are how many words a pattern may take, at most.
type reaches struct {
	size          []int // at each position
	before, after []int // in front of it, and from it on, itself included
}

func (c *compiler) reaches(pt *pattern) reaches {
	n := len(pt.pos)
	r := reaches{make([]int, n), make([]int, n), make([]int, n)}
	for i := range pt.pos {
		q := &pt.pos[i]
		r.size[i] = 1
		if q.set != -1 {
			q.filter = filterOf(c.words(int(q.set)))
			for _, id := range c.words(int(q.set)) {
				r.size[i] = max(r.size[i], c.lengths[id])
			}
		}
	}
	// A position is followed by later ones only.
	for i := range n {
		for k := i + 1; k < n; k++ {
			if pt.follow[i]>>k&1 != 0 {
				r.before[k] = max(r.before[k], r.before[i]+r.size[i])
			}
		}
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			if pt.follow[i]>>k&1 != 0 {
				r.after[i] = max(r.after[i], r.after[k])
			}
		}
		r.after[i] += r.size[i]
	}
	return r
}

// around is how many words a match has in front of some positions and from
// them on, at most.
func (r *reaches) around(at uint64) (back, ahead int32) {
	for i := range r.size {
		if at>>i&1 != 0 {
			back, ahead = max(back, int32(r.before[i])), max(ahead, int32(r.after[i]))
		}
	}
	return back, ahead
}

// between is the longest way, in words, from the start of one of some
// positions to the start of one of others, 0 where there is none.
func (r *reaches) between(pt *pattern, from, to uint64) int {
	way := make([]int, len(pt.pos))
	longest := 0
	for i := range pt.pos {
		here := from>>i&1 != 0
		if !here && way[i] == 0 {
			continue
		}
		if to>>i&1 != 0 {
			longest = max(longest, way[i])
		}
		for k := i + 1; k < len(pt.pos); k++ {
			if pt.follow[i]>>k&1 != 0 {
				way[k] = max(way[k], way[i]+r.size[i])
			}
		}
	}
	return longest
}
