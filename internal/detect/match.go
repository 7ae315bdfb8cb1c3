package detect

import (
	"math/bits"
	"slices"

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
	words     vocab               // spelling -> words
	collapsed vocab               // spelling with repeated letters written once -> words
	skeletons vocab               // spelling without vowels -> words
	begins    classify.Beginnings // of the words that letters are cut into
	names     []string
	langs     []langs // of each word: the languages that it belongs to
	frequent  []bool  // words so common that they carry no meaning alone
	fillers   []bool
	stops     map[wordID]bool // words that carry no meaning of their own
	byLength  [maxWord + 1][]lengthWord

	sets    []set
	phrases phraseTree

	patterns []pattern // of the rules
	owner    []int32   // the rule of each pattern
	all      []*pattern
	info     []wordInfo // for each word
	filed    []int32    // the rules' patterns, by the words of their anchors
	aside    []int32    // those that rules need and those of contexts
	asideAt  []uint32   // where each word's begin in aside
	asks     []ask      // for each pattern
	nears    []near

	rules    []compiledRule
	contexts []compiledContext
}

type lengthWord struct {
	text string
	id   wordID
}

func (p *program) isFrequent(id wordID) bool { return p.frequent[id] }
func (p *program) isFiller(id wordID) bool   { return p.fillers[id] }

// scratch is what one call of Detect works with; it is used again.
type scratch struct {
	sc      scanner
	toks    []token
	spare   []token
	low     []byte
	alts    []wordID
	stars   int
	phrases []phraseEdge // ordered by their first token
	edges   []int32      // for each token, where in phrases those begin that begin with it

	gists   []gist   // for each token, of the words that it may be
	around  []nearby // of what stands on either side, maxDistance words at least
	hits    []hit
	near    []candidate // room for them
	spans   []span
	states  []patternState // by pattern
	order   []int32        // the patterns that may match
	asked   []contextState // by context
	round   uint32         // of views read so far
	aside   bool           // whether the patterns that are no rule's were looked for
	matches []match

	// What the view before this one held, in the same message, and how this one
	// differs.
	last      []token
	lastFound []found
	judged    bool    // whether toks and found are those of a view that was judged
	news      []int32 // for each token, how many before it are new; empty for the first view
	moved     []int32 // for each of last, 1 more than its place in toks, 0 for none

	prepared  bool
	filters   []uint64 // for each token, a filter of the words and phrases that it may be
	heavy     []int32  // the tokens that cannot be passed over, in order
	rank      []int32  // for each token, how many of them stand before it
	sentences []int32  // for each token, the number of its sentence

	cutting cutting
	active  []uint64
	steps   int // tokens, anchors and letters looked at since it was made
	found   []found
	out     []Signal
	kept    []keptAt // by rule, where its sign is in out
	message uint32   // of messages read so far

	reader  *classify.Reader // nil until it is first needed
	read    []classify.Word  // what it reads of the view
	readAt  []int32          // the token of each of these words
	letters []byte           // that a run of them spells
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
	sure     bool  // the learned reader is, whatever the context
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

// reset prepares for a message.
func (s *scratch) reset() {
	s.message++
	s.judged, s.last, s.alts, s.out = false, s.last[:0], s.alts[:0], s.out[:0]
	if s.reader != nil {
		s.reader.Begin()
	}
	s.nextView()
}

// nextView prepares for a further view of the message, and keeps what was found
// in the last one.
func (s *scratch) nextView() {
	if s.judged {
		s.judged = false
		s.toks, s.last = s.last, s.toks
		s.found, s.lastFound = s.lastFound, s.found
	}
	s.toks, s.low, s.phrases, s.stars = s.toks[:0], s.low[:0], s.phrases[:0], 0
	s.found = s.found[:0]
}

// hit is a word of the view under which patterns are filed.
type hit struct {
	at       int32
	from, to uint32 // in program.filed or program.aside
}

// candidate is a pattern that may match around a token.
type candidate struct {
	pattern, at int32
	next        int32 // the pattern's next in scratch.near, 0 for none; 1 more than its place
}

// span is a stretch of tokens in which a pattern may match.
type span struct {
	lo, hi int32
	next   int32 // the pattern's next, 0 for none; 1 more than its place
}

// patternState is what is known of a pattern in the current view.
type patternState struct {
	round       uint32 // it counts only where this is the view's
	near        int32  // the first of its candidates that were not considered yet
	first, last int32  // of its spans
	asked       bool
	holds       bool // somewhere, once that was asked
}

// match is a place where a pattern was found, in tokens.
type match struct {
	from, to int32
	allowed  bool
}

// Of one pattern in one view, so many matches are looked at.
const (
	ruleMatches  = 4
	otherMatches = 8
)

// search finds all rules in the view that was scanned into s. It returns false
// where the view is like the last one.
func (p *program) search(s *scratch) bool {
	s.round++
	s.spans, s.order, s.aside, s.prepared = s.spans[:0], s.order[:0], false, false
	p.survey(s)
	s.news = s.news[:0]
	if len(s.last) > 0 && !s.compare() {
		return false
	}
	for _, c := range p.look(s, p.filed) {
		p.consider(s, c.pattern, int(c.at))
	}
	for _, k := range s.order {
		p.try(s, k)
	}
	return true
}

// compare finds which tokens the last view has not, and takes over what was
// found where nothing is new: only what lies around new tokens is searched
// again. It returns false where the whole view is like the last.
func (s *scratch) compare() bool {
	s.moved = zeros(s.moved, len(s.last))
	k, count := 0, int32(0)
	for i := range s.toks {
		t := &s.toks[i]
		s.news = append(s.news, count)
		gone := false
		for ; k < len(s.last) && s.last[k].start < t.start; k++ {
			gone = true
		}
		if k == len(s.last) || !s.same(t, &s.last[k]) {
			count++
			continue
		}
		k++
		s.moved[k-1] = int32(i + 1)
		if gone && (k == 1 || s.moved[k-2] == 0) {
			count++ // it has another neighbour
		}
	}
	s.news = append(s.news, count)
	for _, f := range s.lastFound {
		from, to := s.moved[f.from]-1, s.moved[f.to-1]
		if from >= 0 && to-from == f.to-f.from && s.news[to] == s.news[from] {
			s.found = append(s.found, found{f.rule, f.pattern, from, to, false})
		}
	}
	return count > 0 || len(s.toks) != len(s.last)
}

// same says whether a token reads like one of the last view.
func (s *scratch) same(a, b *token) bool {
	return a.start == b.start && a.end == b.end && a.hash == b.hash && a.id == b.id && a.flags == b.flags && a.alts == b.alts &&
		slices.Equal(s.alts[a.alt:a.alt+int32(a.alts)], s.alts[b.alt:b.alt+int32(b.alts)])
}

// look finds the candidates among the patterns that are filed under the words of
// s.hits.
func (p *program) look(s *scratch, filed []int32) []candidate {
	near, n, asks := s.near, 0, p.asks
	for _, h := range s.hits {
		list := filed[h.from:h.to]
		s.steps += len(list)
		if len(near) < n+len(list) {
			near = append(near, make([]candidate, n+len(list))...)
		}
		around := &s.around[h.at]
		for _, k := range list {
			// Which may match cannot be foreseen, so nothing branches here.
			near[n] = candidate{pattern: k, at: h.at}
			n += int(around.all(&asks[k].groups))
		}
	}
	s.near = near
	if n > 0 {
		s.prepare()
	}
	return near[:n]
}

// survey reads each token once: it lets the word after an opening filler open
// the sentence too ("pls send" begins with send), finds the phrases, notes
// which words call for a closer look, and gathers what stands on either side.
func (p *program) survey(s *scratch) {
	toks, n := s.toks, len(s.toks)
	s.hits, s.steps = s.hits[:0], s.steps+n
	s.gists = sized(s.gists, n)
	gists, info, last := s.gists[:len(toks)], p.info, flags(0)
	for i := range toks {
		t := &toks[i]
		f := t.flags
		if last&(opens|light) == opens|light {
			f |= opens
		}
		t.flags, last = f, f
		w := &info[t.id]
		g := w.gist
		if w.from != w.to {
			s.hits = append(s.hits, hit{int32(i), w.from, w.to})
		}
		next := &toks[min(i+1, len(toks)-1)]
		if t.alts|next.alts != 0 || p.phrases.may(phraseStep{w.node, next.id}) {
			g = g.and(p.noteMore(s, i))
		}
		gists[i] = g
	}
	s.sides()
}

// sized returns n of what need not be kept, in old memory where it is large enough.
func sized[T any](old []T, n int) []T {
	if cap(old) < n {
		return make([]T, n+n/2)[:n]
	}
	return old[:n]
}

// noteMore finds the phrases that begin at a token, and notes them and the
// words that it may be besides its first.
func (p *program) noteMore(s *scratch, i int) (g gist) {
	t, edges := &s.toks[i], len(s.phrases)
	p.walkPhrase(s, i, i+1, p.info[t.id].node)
	if t.alts > 0 {
		for _, id := range s.alts[t.alt : t.alt+int32(t.alts)] {
			g = g.and(p.note(s, i, id))
			p.walkPhrase(s, i, i+1, p.info[id].node)
		}
	}
	if len(s.phrases) > edges {
		for _, e := range s.phrases[edges:] {
			g = g.and(p.note(s, i, e.id))
		}
	}
	return g
}

// note notes a word under which patterns are filed, and returns its gist.
func (p *program) note(s *scratch, i int, id wordID) gist {
	w := &p.info[id]
	if w.from != w.to {
		s.hits = append(s.hits, hit{int32(i), w.from, w.to})
	}
	return w.gist
}

// sides gathers what stands on either side of each token.
func (s *scratch) sides() {
	n := len(s.gists)
	s.around = sized(s.around, n)
	if n > maxDistance {
		s.manySides()
		return
	}
	gists, around, met := s.gists, s.around[:n], anything()
	for i, g := range gists {
		around[i].before(met)
		met = met.and(g)
	}
	met = gist{}
	for i := n - 1; i >= 0; i-- {
		around[i].behind(met)
		met = met.and(gists[i])
	}
}

// manySides is sides for a long view: of it count a block of maxDistance words
// that cannot be passed over, and the one before.
func (s *scratch) manySides() {
	block, last, words := anything(), gist{}, 0
	next := func(i int) gist {
		met := block.and(last)
		block = block.and(s.gists[i])
		if s.toks[i].flags&light == 0 {
			if words++; words == maxDistance {
				block, last, words = anything(), block, 0
			}
		}
		return met
	}
	for i := range s.gists {
		s.around[i].before(next(i))
	}
	block, last, words = gist{}, gist{}, 0
	for i := len(s.gists) - 1; i >= 0; i-- {
		s.around[i].behind(next(i))
	}
}

// walkPhrase finds the phrases that go on at a token.
func (p *program) walkPhrase(s *scratch, from, i int, node int32) {
	toks := s.toks
	for ; node != 0 && i < len(toks); i++ {
		t := &toks[i]
		if t.alts > 0 {
			for _, id := range s.alts[t.alt : t.alt+int32(t.alts)] {
				n := p.phrases.step(phraseStep{node, id})
				s.addPhrase(from, i+1, n.id)
				p.walkPhrase(s, from, i+1, n.next)
			}
		}
		n := p.phrases.step(phraseStep{node, t.id})
		s.addPhrase(from, i+1, n.id)
		node = n.next
	}
}

// addPhrase notes a phrase, if it is one, of tokens [from, to).
func (s *scratch) addPhrase(from, to int, id wordID) {
	if id != unknownWord {
		s.phrases = append(s.phrases, phraseEdge{int32(from), int32(to - from), id})
	}
}

// phrasesAt are the phrases that begin at a token, after prepare.
func (s *scratch) phrasesAt(i int) []phraseEdge { return s.phrases[s.edges[i]:s.edges[i+1]] }

// consider notes where a pattern may match around a token, where the words that
// must stand near do.
func (p *program) consider(s *scratch, k int32, at int) {
	a := &p.asks[k]
	if len(s.news) > 0 && !s.aside && p.known(s, k, at) {
		return
	}
	nears := p.nears[a.from:p.asks[k+1].from]
	for i := range nears {
		if !p.stands(s, &nears[i], at) {
			return
		}
	}
	lo, hi := s.window(at, int(a.back), int(a.ahead))
	st := s.state(k)
	if st.last > 0 && lo <= s.spans[st.last-1].hi {
		last := &s.spans[st.last-1]
		last.hi = max(last.hi, hi)
		return
	}
	s.spans = append(s.spans, span{lo: lo, hi: hi})
	n := int32(len(s.spans))
	if st.last == 0 {
		st.first = n
		s.order = append(s.order, k)
	} else {
		s.spans[st.last-1].next = n
	}
	st.last = n
}

// known says whether the last view has shown already what a rule's pattern finds
// around a token: nothing is new there, or the rule has given all that it has.
func (p *program) known(s *scratch, k int32, at int) bool {
	lo, hi := s.window(at, int(p.asks[k].back), int(p.asks[k].ahead))
	return s.news[hi] == s.news[max(0, lo-lookBack)] || p.satisfied(s, p.owner[k])
}

// state is what is known of a pattern in the current view, to be added to.
func (s *scratch) state(k int32) *patternState {
	st := &s.states[k]
	if st.round != s.round {
		*st = patternState{round: s.round}
	}
	return st
}

// stands says whether a word of a set stands near enough to a token. Words that
// can be passed over make no distance; many of them end the search.
func (p *program) stands(s *scratch, n *near, at int) bool {
	left, way, group := int(n.within), 1, gistOf(n.group)
	if left < 0 {
		left, way = -left, -1
	}
	toks, gists := s.toks, s.gists[:len(s.toks)]
	for i, k := at+way, 0; uint(i) < uint(len(toks)); i, k = i+way, k+1 {
		s.steps++
		if gists[i].lacking(group) == 0 && p.tokenHas(s, n.set, i) || k > 2*maxDistance {
			return true
		}
		if toks[i].flags&light == 0 {
			if left--; left == 0 {
				return false
			}
		}
	}
	return false
}

// prepare makes what a closer look needs: it counts the tokens that cannot be
// passed over, makes the filters, and notes where the phrases begin.
func (s *scratch) prepare() {
	if s.prepared {
		return
	}
	s.prepared = true
	s.heavy, s.rank, s.filters, s.edges = s.heavy[:0], s.rank[:0], s.filters[:0], s.edges[:0]
	edge := 0
	for i := range s.toks {
		t := &s.toks[i]
		for edge < len(s.phrases) && int(s.phrases[edge].at) < i {
			edge++
		}
		s.edges = append(s.edges, int32(edge))
		s.rank = append(s.rank, int32(len(s.heavy)))
		if t.flags&light == 0 {
			s.heavy = append(s.heavy, int32(i))
		}
		filter := filterBit(t.id)
		for _, id := range s.alts[t.alt : t.alt+int32(t.alts)] {
			filter |= filterBit(id)
		}
		for k := edge; k < len(s.phrases) && int(s.phrases[k].at) == i; k++ {
			filter |= filterBit(s.phrases[k].id)
		}
		s.filters = append(s.filters, filter)
	}
	s.edges = append(s.edges, int32(len(s.phrases)))
	s.steps += len(s.toks)
}

// window is the stretch around a token that a match can take which has so many
// words in front of the token and so many from it on.
func (s *scratch) window(at, back, ahead int) (lo, hi int32) {
	if k := int(s.rank[at]) - back - 1; k >= 0 {
		lo = s.heavy[k] + 1
	}
	hi = int32(len(s.toks))
	k := int(s.rank[at]) + ahead - 1
	if s.toks[at].flags&light == 0 {
		k++
	}
	if k < len(s.heavy) {
		hi = s.heavy[k]
	}
	return lo, hi
}

// try keeps what one rule's pattern finds.
func (p *program) try(s *scratch, k int32) {
	pt := p.all[k]
	from, to, ok := p.next(s, pt, 0)
	for n := 0; ok && n < ruleMatches; n++ {
		if p.allowed(s, pt, from) {
			s.found = append(s.found, found{p.owner[k], k, int32(from), int32(to), false})
		}
		from, to, ok = p.next(s, pt, from+1)
	}
}

// list returns the first matches of a pattern that is no rule's, until it is
// called again.
func (p *program) list(s *scratch, pt *pattern) []match {
	s.matches = s.matches[:0]
	if p.stateOf(s, pt) == nil {
		return nil
	}
	from, to, ok := p.next(s, pt, 0)
	for n := 0; ok && n < otherMatches; n++ {
		s.matches = append(s.matches, match{int32(from), int32(to), p.allowed(s, pt, from)})
		from, to, ok = p.next(s, pt, from+1)
	}
	return s.matches
}

// holds says whether a pattern that is no rule's is found anywhere in the view.
func (p *program) holds(s *scratch, pt *pattern) bool {
	st := p.stateOf(s, pt)
	if st == nil {
		return false
	}
	if !st.asked {
		st.asked = true
		from, _, ok := p.next(s, pt, 0)
		for n := 0; ok && !st.holds && n < otherMatches; n++ {
			st.holds = p.allowed(s, pt, from)
			if !st.holds {
				from, _, ok = p.next(s, pt, from+1)
			}
		}
	}
	return st.holds
}

// stateOf is what is known of a pattern that is no rule's, nil where it cannot
// match.
func (p *program) stateOf(s *scratch, pt *pattern) *patternState {
	if !s.aside {
		p.lookAside(s)
	}
	st := &s.states[pt.no]
	if st.round != s.round {
		return nil
	}
	for ; st.near != 0; st.near = s.near[st.near-1].next {
		p.consider(s, pt.no, int(s.near[st.near-1].at))
	}
	return st
}

// lookAside looks for the patterns that are no rule's. Only a view in which a
// rule was found needs them.
func (p *program) lookAside(s *scratch) {
	s.aside = true
	s.hits = s.hits[:0]
	edge := 0
	add := func(i int, id wordID) {
		if from, to := p.asideAt[id], p.asideAt[id+1]; from != to {
			s.hits = append(s.hits, hit{int32(i), from, to})
		}
	}
	for i := range s.toks {
		t := &s.toks[i]
		add(i, t.id)
		for _, id := range s.alts[t.alt : t.alt+int32(t.alts)] {
			add(i, id)
		}
		for ; edge < len(s.phrases) && int(s.phrases[edge].at) == i; edge++ {
			add(i, s.phrases[edge].id)
		}
	}
	near := p.look(s, p.aside)
	for i := len(near) - 1; i >= 0; i-- { // few are asked for, so they are but noted
		st := s.state(near[i].pattern)
		near[i].next, st.near = st.near, int32(i+1)
	}
	s.sentences = s.sentences[:0]
	n := int32(0)
	for i := range s.toks {
		if s.toks[i].flags&opens != 0 {
			n++
		}
		s.sentences = append(s.sentences, n)
	}
}

// lookBack is how many words before a match are looked at that it must not follow.
const lookBack = 3

// allowed says whether none of the three words before token i, in its
// sentence, is one that the pattern must not follow.
func (p *program) allowed(s *scratch, pt *pattern, i int) bool {
	if pt.before == -1 || i < len(s.toks) && s.toks[i].flags&opens != 0 && (i == 0 || s.toks[i-1].flags&light == 0) {
		return true
	}
	for k, n := i-1, 0; k >= 0 && n < lookBack; k, n = k-1, n+1 {
		if p.tokenHas(s, pt.before, k) {
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
	if p.isOneOf(s, t, ref) {
		return true
	}
	for _, e := range s.phrasesAt(i) {
		if p.has(ref, e.id) {
			return true
		}
	}
	return false
}

// next finds the match that ends first among those that start at token from
// or later; of several starts for one end, the last: the shortest match.
func (p *program) next(s *scratch, pt *pattern, from int) (start, end int, ok bool) {
	for k := s.states[pt.no].first; k != 0; k = s.spans[k-1].next {
		sp := s.spans[k-1]
		if int(sp.hi) <= from {
			continue
		}
		lo := max(int(sp.lo), from)
		if start, end := p.run(s, pt, lo, int(sp.hi)); end >= 0 {
			if start < 0 {
				start = p.lastStart(s, pt, lo, end)
			}
			return start, end, true
		}
	}
	return 0, 0, false
}

// states returns room for the states before and after each of n tokens, empty.
func (s *scratch) clean(n int) []uint64 {
	if cap(s.active) < n+1 {
		s.active = make([]uint64, n+1+n/2)
	}
	active := s.active[:n+1]
	clear(active)
	return active
}

// run simulates the pattern over tokens [from, to), which may start anywhere in
// them, and returns where the first match ends, -1 where there is none; and where
// it starts, -1 where there are several places where it may.
func (p *program) run(s *scratch, pt *pattern, from, to int) (start, end int) {
	starts := 0
	n := to - from
	active := s.clean(n)
	s.steps += n
	for i := range n {
		act := active[i]
		if act == 0 && pt.start&s.filters[from+i] == 0 {
			continue // which is so for most tokens
		}
		t := &s.toks[from+i]
		cand := pt.first
		if act&pt.last != 0 {
			return only(start, starts), from + i
		}
		if t.flags&opens != 0 {
			act &^= pt.gaps
		}
		for m := act; m != 0; m &= m - 1 {
			cand |= pt.pos[bits.TrailingZeros64(m)].follow
		}
		if t.flags&opens != 0 {
			cand &^= pt.gaps
		}
		if t.flags&light != 0 {
			active[i+1] |= act
		}
		ok := p.stepToken(s, pt, cand, from+i)
		active[i+1] |= ok
		for _, e := range s.phrasesAt(from + i) {
			if i+int(e.n) <= n {
				more := p.stepPhrase(pt, cand, e.id, t.flags, s.toks[from+i+int(e.n)-1].flags)
				active[i+int(e.n)] |= more
				ok |= more
			}
		}
		if ok&pt.first != 0 {
			start = from + i
			starts++
		}
	}
	if active[n]&pt.last != 0 {
		return only(start, starts), to
	}
	return -1, -1
}

// only is the one start that was found, -1 where there were more.
func only(start, starts int) int {
	if starts > 1 {
		return -1
	}
	return start
}

// lastStart is the last token, from lo on, at which a match begins that ends at
// a token where one does. It simulates the pattern from its end.
func (p *program) lastStart(s *scratch, pt *pattern, lo, end int) int {
	if cap(s.active) < end-lo+1 {
		s.active = make([]uint64, end-lo+1+(end-lo)/2)
	}
	good := s.active[:end-lo+1] // the states in front of each token that lead to the end
	good[end-lo] = pt.last
	for i := end - 1; i >= lo; i-- {
		s.steps++
		t := &s.toks[i]
		after := good[i+1-lo]
		if i+1 < end && s.toks[i+1].flags&opens != 0 {
			after &^= pt.gaps
		}
		cand := ^uint64(0)
		if t.flags&opens != 0 {
			cand &^= pt.gaps
		}
		ok := p.stepToken(s, pt, cand&after, i)
		for _, e := range s.phrasesAt(i) {
			if to := i + int(e.n); to <= end {
				after := good[to-lo]
				if to < end && s.toks[to].flags&opens != 0 {
					after &^= pt.gaps
				}
				ok |= p.stepPhrase(pt, cand&after, e.id, t.flags, s.toks[to-1].flags)
			}
		}
		if ok&pt.first != 0 {
			return i
		}
		good[i-lo] = 0
		if t.flags&light != 0 {
			good[i-lo] = after
		}
		for q := range pt.pos {
			if pt.pos[q].follow&ok != 0 {
				good[i-lo] |= 1 << q
			}
		}
	}
	return lo
}

// stepToken returns the positions of cand that one of a token's words satisfies.
func (p *program) stepToken(s *scratch, pt *pattern, cand uint64, i int) uint64 {
	t, filter := &s.toks[i], s.filters[i]
	var out uint64
	for m := cand; m != 0; m &= m - 1 {
		k := bits.TrailingZeros64(m)
		q := &pt.pos[k]
		if !q.any && q.filter&filter == 0 || q.open && t.flags&opens == 0 || q.shut && t.flags&closes == 0 {
			continue
		}
		if q.any && p.anyWord(t, q) || !q.any && p.isOneOf(s, t, q.set) {
			out |= 1 << k
		}
	}
	return out
}

// anyWord says whether a token satisfies a position that takes any word. A
// filler does not: it is passed over.
func (p *program) anyWord(t *token, q *position) bool {
	return (t.flags&light == 0 || !p.fillers[t.id]) && (q.set == -1 || !p.has(q.set, t.id))
}

// isOneOf says whether one of a token's own words is in a set.
func (p *program) isOneOf(s *scratch, t *token, set int32) bool {
	if p.has(set, t.id) {
		return true
	}
	for _, id := range s.alts[t.alt : t.alt+int32(t.alts)] {
		if p.has(set, id) {
			return true
		}
	}
	return false
}

// stepPhrase returns the positions of cand that a phrase satisfies, given the
// flags of its first and last token.
func (p *program) stepPhrase(pt *pattern, cand uint64, id wordID, first, last flags) uint64 {
	var out uint64
	for m := cand; m != 0; m &= m - 1 {
		k := bits.TrailingZeros64(m)
		q := &pt.pos[k]
		if !q.any && (!q.open || first&opens != 0) && (!q.shut || last&closes != 0) && p.has(q.set, id) {
			out |= 1 << k
		}
	}
	return out
}
