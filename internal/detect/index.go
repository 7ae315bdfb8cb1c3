package detect

import (
	"cmp"
	"slices"
)

// Most messages hold no match of any pattern, so what matters is how soon that
// is known. Each pattern is filed under the words of its rarest cut, its
// anchor. Where one of them stands, three questions are asked, the cheapest
// first: may the words before it and behind it hold one of each other cut, does
// one stand near enough, and does the automaton accept the tokens around the
// anchor?

// gist says roughly which sets some words are in: all sets that are asked for
// fall into as many groups as it has bits.
type gist struct{ a, b, c, d uint64 }

const groups = 256

// gistOf is the gist of one group. A shift by more than 63 bits gives none.
func gistOf(group uint8) gist {
	return gist{1 << group, 1 << (group - 64), 1 << (group - 128), 1 << (group - 192)}
}

func (g gist) and(o gist) gist { return gist{g.a | o.a, g.b | o.b, g.c | o.c, g.d | o.d} }

// lacking is 0 where g is of all groups that o is of.
func (g gist) lacking(o gist) uint64 { return o.a&^g.a | o.b&^g.b | o.c&^g.c | o.d&^g.d }

// wordInfo is what matching needs to know of each word.
type wordInfo struct {
	gist     gist   // of the sets that hold the word
	node     int32  // where phrases that begin with it go on, 0 for nowhere
	from, to uint32 // the rules' patterns that are filed under it, in program.filed
}

// ask is what a pattern asks for before it is looked for. It is small, since
// what is read first of each pattern should stay in the cache.
type ask struct {
	groups      [4]uint16 // of what must stand on either side of its anchor: in front, or from groups on behind
	from        uint32    // what that is, in program.nears, up to where the next pattern's begins
	back, ahead int16     // how many words a match has, at most, in front of the anchor and from it on
}

// anyGroup is the group of what stands anywhere, for patterns that ask for less.
const anyGroup = groups - 1

// anything is the gist of the group of what stands anywhere.
func anything() gist { return gistOf(anyGroup) }

// nearby has a bit for each group that is in front of a token, and from groups
// on for each that is behind it.
type nearby [2 * groups / 64]uint64

func (n *nearby) before(g gist) { n[0], n[1], n[2], n[3] = g.a, g.b, g.c, g.d }
func (n *nearby) behind(g gist) { n[4], n[5], n[6], n[7] = g.a, g.b, g.c, g.d }

// all is 1 where all four groups are nearby, else 0.
func (n *nearby) all(g *[4]uint16) uint64 {
	return n[g[0]>>6&7] >> (g[0] & 63) & (n[g[1]>>6&7] >> (g[1] & 63)) & (n[g[2]>>6&7] >> (g[2] & 63)) & (n[g[3]>>6&7] >> (g[3] & 63)) & 1
}

// maxDistance is the longest distance, in words, that is worth looking at.
const maxDistance = 24

// near is a set of which a word must stand near a pattern's anchor.
type near struct {
	set    int32
	within int8  // so many words before (negative) or behind
	group  uint8 // that the set is in
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

// phraseTree holds the steps of all phrases.
type phraseTree struct {
	filter []uint64 // of the steps from a node on: a bit for each, among 16 times as many
	places []phrasePlace
}

// phrasePlace is a place in an open-addressed table; it is free where its key is 0.
type phrasePlace struct {
	key uint64
	to  phraseNode
}

func newPhraseTree(steps map[phraseStep]phraseNode) phraseTree {
	size := 8
	for size < 2*len(steps)+1 {
		size *= 2
	}
	t := phraseTree{make([]uint64, size/8), make([]phrasePlace, size)}
	for s, n := range steps {
		if s.node == 0 {
			continue // wordInfo has it
		}
		h := s.hash()
		t.filter[h>>6&uint32(len(t.filter)-1)] |= 1 << (h & 63)
		for t.places[h&uint32(size-1)].key != 0 {
			h++
		}
		t.places[h&uint32(size-1)] = phrasePlace{s.key(), n}
	}
	return t
}

func (s phraseStep) key() uint64 { return uint64(uint32(s.node))<<32 | uint64(uint32(s.word)) }

func (s phraseStep) hash() uint32 { return uint32(s.key() * golden >> 32) }

// may says whether there may be a step, which mostly there is not.
func (t *phraseTree) may(s phraseStep) bool {
	h := s.hash()
	return t.filter[h>>6&uint32(len(t.filter)-1)]>>(h&63)&1 != 0
}

// step returns where a step from a node on leads, the zero value for nowhere.
func (t *phraseTree) step(s phraseStep) phraseNode {
	if !t.may(s) {
		return phraseNode{}
	}
	for i, key := s.hash(), s.key(); ; i++ {
		if p := &t.places[i&uint32(len(t.places)-1)]; p.key == key || p.key == 0 {
			return p.to
		}
	}
}

// index files all patterns under their anchors.
func (c *compiler) index() {
	p := c.p
	p.info = make([]wordInfo, len(p.names))
	for step, n := range c.phrases {
		if step.node == 0 {
			p.info[step.word].node = n.next
		}
	}
	p.collect()
	filed := make([]filing, len(p.all))
	for k, pt := range p.all {
		filed[k] = c.file(pt, c.needs[pt.no])
		pt.no = int32(k)
	}
	groupOf := c.group(filed)
	for set, group := range groupOf {
		for _, id := range c.words(set) {
			p.info[id].gist = p.info[id].gist.and(gistOf(group))
		}
	}
	rules, others := make([][]int32, len(p.names)), make([][]int32, len(p.names))
	p.asks = make([]ask, len(p.all)+1)
	for k, pt := range p.all {
		lists := rules
		if k >= len(p.patterns) {
			lists = others
		}
		f := filed[k]
		a := &p.asks[k]
		a.from, a.back, a.ahead = uint32(len(p.nears)), f.back, f.ahead
		a.groups = [4]uint16{anyGroup, anyGroup, anyGroup, anyGroup}
		for i, n := range f.nears {
			n.group = groupOf[int(n.set)]
			if i < len(a.groups) { // the others tell least
				a.groups[i] = uint16(n.group)
				if n.within > 0 {
					a.groups[i] += groups
				}
			}
			p.nears = append(p.nears, n)
		}
		for _, id := range c.words(f.under) {
			if l := lists[id]; len(l) == 0 || l[len(l)-1] != pt.no {
				lists[id] = append(l, pt.no)
			}
		}
	}
	p.asks[len(p.all)].from = uint32(len(p.nears))
	p.filed, p.aside = slices.Concat(rules...), slices.Concat(others...)
	p.asideAt = make([]uint32, len(p.names)+1)
	at := uint32(0)
	for id := range p.names {
		w := &p.info[id]
		w.from, w.to = at, at+uint32(len(rules[id]))
		at = w.to
		p.asideAt[id+1] = p.asideAt[id] + uint32(len(others[id]))
	}
}

// collect lists all patterns: those of the rules first.
func (p *program) collect() {
	add := func(list []pattern) {
		for i := range list {
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

// filing is where a pattern is filed, how far it reaches from there, and what
// must stand near, what tells most in front.
type filing struct {
	under       int
	back, ahead int16
	nears       []near
}

func (c *compiler) file(pt *pattern, need []cut) filing {
	far := c.reaches(pt)
	rarest := slices.MinFunc(need, func(a, b cut) int { return cmp.Compare(c.often(a.set), c.often(b.set)) })
	f := filing{under: rarest.set}
	f.back, f.ahead = far.around(rarest.at)
	for _, n := range need {
		if n.at == rarest.at {
			continue
		}
		d := -far.between(pt, n.at, rarest.at)
		if d == 0 {
			d = far.between(pt, rarest.at, n.at)
		}
		if d != 0 && -maxDistance <= d && d <= maxDistance {
			f.nears = append(f.nears, near{set: int32(n.set), within: int8(d)})
		}
	}
	cost := func(n near) int { return max(int(n.within), -int(n.within)) * (1 + c.often(int(n.set))) }
	slices.SortStableFunc(f.nears, func(a, b near) int { return cmp.Compare(cost(a), cost(b)) })
	return f
}

// group sorts the sets that are asked for into groups of one size by their
// commonest words; so a common word, which is in many sets, is in few groups.
func (c *compiler) group(filed []filing) map[int]uint8 {
	type asked struct {
		set, often int
		top        wordID
	}
	var all []asked
	seen := map[int]bool{}
	for _, f := range filed {
		for _, n := range f.nears {
			if set := int(n.set); !seen[set] {
				seen[set] = true
				top := slices.MaxFunc(c.words(set), func(a, b wordID) int {
					return cmp.Or(cmp.Compare(c.met(a), c.met(b)), cmp.Compare(b, a))
				})
				all = append(all, asked{set, c.often(set), top})
			}
		}
	}
	slices.SortFunc(all, func(a, b asked) int {
		return cmp.Or(cmp.Compare(c.met(b.top), c.met(a.top)), cmp.Compare(a.top, b.top), cmp.Compare(a.often, b.often), cmp.Compare(a.set, b.set))
	})
	out := make(map[int]uint8, len(all))
	for i, a := range all {
		out[a.set] = uint8(i * anyGroup / len(all))
	}
	return out
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
		if !q.any {
			q.filter = filterOf(c.words(int(q.set)))
			for _, id := range c.words(int(q.set)) {
				r.size[i] = max(r.size[i], c.lengths[id])
			}
		}
	}
	pt.start = 0
	for i, q := range pt.pos {
		if pt.first>>i&1 == 0 {
			continue
		}
		if q.any {
			pt.start = ^uint64(0)
		}
		pt.start |= q.filter
	}
	// A position is followed by later ones only.
	for i := range n {
		for k := i + 1; k < n; k++ {
			if pt.pos[i].follow>>k&1 != 0 {
				r.before[k] = max(r.before[k], r.before[i]+r.size[i])
			}
		}
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			if pt.pos[i].follow>>k&1 != 0 {
				r.after[i] = max(r.after[i], r.after[k])
			}
		}
		r.after[i] += r.size[i]
	}
	return r
}

// around is how many words a match has in front of some positions and from
// them on, at most.
func (r *reaches) around(at uint64) (back, ahead int16) {
	for i := range r.size {
		if at>>i&1 != 0 {
			back, ahead = max(back, int16(r.before[i])), max(ahead, int16(r.after[i]))
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
			if pt.pos[i].follow>>k&1 != 0 {
				way[k] = max(way[k], way[i]+r.size[i])
			}
		}
	}
	return longest
}
