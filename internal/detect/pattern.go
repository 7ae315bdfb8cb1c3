package detect

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// A pattern is a sequence of words, written in the lexicon as
//
//	word          that word (lower case, no apostrophes)
//	two_words     these words, one after the other
//	@CLASS        any word of a class
//	#NUM          a number; #AGE 8 to 17, #ADULT 18 to 80, #MONEY beside a currency sign
//	*             any one word
//	~3            up to three words of any kind, within one sentence
//	{1,3}         one to three words; {0,3.} may pass the end of a sentence;
//	              {0,3-@NOT} none of which is in the class
//	(a | b c)     either
//	x?            x, or nothing
//	^ x, x $      x opens a sentence, x ends one
//	!@CLASS ...   (in front) none of the three words before it, in its sentence, is in the class
//
// Filler words and emoji between the words of a pattern are passed over.

// node is a part of a parsed pattern.
type node struct {
	kind nodeKind
	set  int  // for nodeSet
	not  int  // for nodeAny: a set that it must not be in, -1 for none
	far  bool // for nodeAny: may pass the end of a sentence
	kids []node
	open bool // must open a sentence
	shut bool // must end one
}

type nodeKind uint8

const (
	nodeSet nodeKind = iota
	nodeAny
	nodeSeq
	nodeAlt
	nodeOpt
)

// maxPositions bounds a pattern's size: its states fit in one machine word.
const maxPositions = 64

// maxParts bounds what is read of a pattern before its positions are counted.
// A list of alternatives may have many parts and still take one position.
const maxParts = 1024

// pattern is a compiled pattern: a nondeterministic automaton whose states are
// its positions (Glushkov's construction), simulated with one bit each.
type pattern struct {
	first, last uint64
	gaps        uint64 // positions that a word of any kind satisfies, within a sentence
	start       uint64 // a filter of the words that it may begin with
	pos         []position
	before      int32 // a set that must not stand before it, -1 for none
	no          int32 // its place among all patterns of the program; until they are filed, in compiler.needs
}

// cut is a set of words of which every match of a pattern holds one, at one of
// the given positions.
type cut struct {
	set int
	at  uint64
}

// position is one word of a pattern. It is small, since a lexicon has many.
type position struct {
	filter uint64 // of the set's words
	follow uint64 // the positions that may come next
	set    int32  // where any: of the words that it does not take, -1 for none
	any    bool   // it takes any word
	open   bool
	shut   bool
}

// patternParser reads one pattern.
type patternParser struct {
	c    *compiler
	rest string
	size int // parts read so far, brackets included
}

// parsePattern reads a pattern; its errors are reasons without a place.
func (c *compiler) parsePattern(text string) (pattern, error) {
	p, _, err := c.parseTree(text)
	return p, err
}

// parseTree is parsePattern for a caller who needs the parsed pattern, too.
func (c *compiler) parseTree(text string) (pattern, node, error) {
	p := patternParser{c: c, rest: text}
	before := -1
	if word, ok := strings.CutPrefix(strings.TrimSpace(text), "!"); ok {
		name, rest, _ := strings.Cut(word, " ")
		n, err := p.atom(name)
		if err != nil {
			return pattern{}, node{}, err
		}
		if n.kind != nodeSet {
			return pattern{}, node{}, fmt.Errorf("%q: ! takes one word or class", name)
		}
		before, p.rest = n.set, rest
	}
	n, err := p.alternatives()
	if err != nil {
		return pattern{}, node{}, err
	}
	if p.rest != "" {
		return pattern{}, node{}, fmt.Errorf("%q is left over: a bracket too many?", p.rest)
	}
	out, nullable, err := build(n)
	if err != nil {
		return pattern{}, node{}, err
	}
	if nullable {
		return pattern{}, node{}, fmt.Errorf("it could be found in an empty text")
	}
	out.before = int32(before)
	if !c.keepCuts(&out, n) {
		return pattern{}, node{}, fmt.Errorf("it holds no word that must be there")
	}
	return out, n, nil
}

func (p *patternParser) skip() { p.rest = strings.TrimLeft(p.rest, " \t\n") }

func (p *patternParser) alternatives() (node, error) {
	alt := node{kind: nodeAlt}
	for {
		seq, err := p.sequence()
		if err != nil {
			return node{}, err
		}
		alt.kids = append(alt.kids, seq)
		if !strings.HasPrefix(p.rest, "|") {
			break
		}
		p.rest = p.rest[1:]
	}
	if len(alt.kids) == 1 {
		return alt.kids[0], nil
	}
	return p.c.mergeSets(alt), nil
}

func (p *patternParser) sequence() (node, error) {
	seq := node{kind: nodeSeq}
	open := false
	for {
		p.skip()
		if p.rest == "" || p.rest[0] == '|' || p.rest[0] == ')' {
			break
		}
		switch p.rest[0] {
		case '^':
			open, p.rest = true, p.rest[1:]
			continue
		case '$':
			if len(seq.kids) == 0 {
				return node{}, fmt.Errorf("$ must follow a word")
			}
			seq.kids[len(seq.kids)-1].shut, p.rest = true, p.rest[1:]
			continue
		}
		n, err := p.element()
		if err != nil {
			return node{}, err
		}
		n.open, open = open, false
		seq.kids = append(seq.kids, n)
	}
	seq.kids = openEither(seq.kids)
	if open {
		return node{}, fmt.Errorf("^ must stand before a word")
	}
	if len(seq.kids) == 0 {
		return node{}, fmt.Errorf("it has an empty part")
	}
	return seq, nil
}

// openEither writes "^ x? y" as "(^ x y | ^ y)", since either may open the
// sentence.
func openEither(kids []node) []node {
	for i, k := range kids {
		if !k.open || i+1 == len(kids) {
			continue
		}
		inner, ok := optional(k)
		if !ok {
			continue
		}
		inner.open = true
		rest := append([]node(nil), kids[i+1:]...)
		without := append([]node(nil), rest...)
		without[0].open = true
		with := node{kind: nodeSeq, kids: append([]node{inner}, rest...)}
		alt := node{kind: nodeAlt, kids: []node{with, {kind: nodeSeq, kids: openEither(without)}}}
		return append(append([]node(nil), kids[:i]...), alt)
	}
	return kids
}

// optional returns what an optional node may be.
func optional(n node) (node, bool) {
	switch {
	case n.kind == nodeOpt:
		return n.kids[0], true
	case n.kind == nodeSeq && len(n.kids) == 1:
		return optional(n.kids[0])
	}
	return node{}, false
}

func (p *patternParser) element() (node, error) {
	if p.size++; p.size > maxParts {
		return node{}, fmt.Errorf("it is too long: more than %d parts", maxParts)
	}
	var n node
	var err error
	if p.rest[0] == '(' {
		p.rest = p.rest[1:]
		if n, err = p.alternatives(); err != nil {
			return node{}, err
		}
		if !strings.HasPrefix(p.rest, ")") {
			return node{}, fmt.Errorf("a bracket is not closed")
		}
		p.rest = p.rest[1:]
	} else {
		end := strings.IndexAny(p.rest, " \t\n|)?$")
		if p.rest[0] == '{' {
			if end = strings.IndexByte(p.rest, '}') + 1; end == 0 {
				return node{}, fmt.Errorf("a gap is not closed")
			}
		}
		if end < 0 {
			end = len(p.rest)
		}
		if end == 0 {
			return node{}, fmt.Errorf("%q makes nothing optional", p.rest[:1])
		}
		word := p.rest[:end]
		p.rest = p.rest[end:]
		if n, err = p.atom(word); err != nil {
			return node{}, err
		}
	}
	if strings.HasPrefix(p.rest, "?") {
		p.rest = p.rest[1:]
		n = node{kind: nodeOpt, kids: []node{n}}
	}
	return n, nil
}

func (p *patternParser) atom(word string) (node, error) {
	switch {
	case word == "*":
		return node{kind: nodeAny, not: -1}, nil
	case word[0] == '~':
		n, err := strconv.Atoi(word[1:])
		if err != nil || n < 1 || n > 12 {
			return node{}, fmt.Errorf("bad gap %q: write ~1 to ~12", word)
		}
		return gap(0, n, false, -1), nil
	case word[0] == '{':
		return p.gap(word)
	case word[0] == '@':
		set, ok := p.c.class(word[1:])
		if !ok {
			return node{}, fmt.Errorf("unknown class %s", word)
		}
		return node{kind: nodeSet, set: set}, nil
	case word[0] == '#':
		id, ok := kindOfNumber(word)
		if !ok {
			return node{}, fmt.Errorf("unknown kind of number %s: use #NUM, #AGE, #ADULT or #MONEY", word)
		}
		return node{kind: nodeSet, set: p.c.literal(id)}, nil
	}
	id, err := p.c.entry(word)
	if err != nil {
		return node{}, err
	}
	return node{kind: nodeSet, set: p.c.literal(id)}, nil
}

// kindOfNumber is the word for numbers that a pattern's sign names.
func kindOfNumber(sign string) (wordID, bool) {
	switch sign {
	case "#NUM":
		return numberWord, true
	case "#AGE":
		return youngWord, true
	case "#ADULT":
		return adultWord, true
	case "#MONEY":
		return moneyWord, true
	}
	return unknownWord, false
}

// gap reads {m,n}, {m,n.} and {m,n-@CLASS}.
func (p *patternParser) gap(word string) (node, error) {
	bad := fmt.Errorf("bad gap %s: write {0,3}, {0,3.} or {0,3-@CLASS}", word)
	body := word[1 : len(word)-1]
	not := -1
	if body0, name, ok := strings.Cut(body, "-"); ok {
		set, err := p.atom(name)
		if err != nil {
			return node{}, err
		}
		if set.kind != nodeSet {
			return node{}, bad
		}
		body, not = body0, set.set
	}
	body, far := strings.CutSuffix(body, ".")
	lo, hi, ok := strings.Cut(body, ",")
	m, err1 := strconv.Atoi(lo)
	n, err2 := strconv.Atoi(hi)
	if !ok || err1 != nil || err2 != nil || m < 0 || n < m || n < 1 || n > 16 {
		return node{}, bad
	}
	return gap(m, n, far, not), nil
}

func gap(m, n int, far bool, not int) node {
	seq := node{kind: nodeSeq}
	word := node{kind: nodeAny, far: far, not: not}
	for range m {
		seq.kids = append(seq.kids, word)
	}
	var tail node // (any (any (any)?)?)?
	for i := range n - m {
		if i == 0 {
			tail = node{kind: nodeOpt, kids: []node{word}}
			continue
		}
		tail = node{kind: nodeOpt, kids: []node{{kind: nodeSeq, kids: []node{word, tail}}}}
	}
	if n > m {
		seq.kids = append(seq.kids, tail)
	}
	return seq
}

// mergeSets makes one set of alternatives that are each one word or class.
func (c *compiler) mergeSets(alt node) node {
	var members []int
	for _, k := range alt.kids {
		for k.kind == nodeSeq && len(k.kids) == 1 && !k.open && !k.shut {
			k = k.kids[0]
		}
		if k.kind != nodeSet || k.open || k.shut {
			return alt
		}
		members = append(members, k.set)
	}
	return node{kind: nodeSet, set: c.union(members)}
}

// build turns a parsed pattern into its automaton, and says whether it can be
// nothing.
func build(n node) (p pattern, null bool, err error) {
	p.first, p.last, null = p.place(n)
	p.pos = slices.Clone(p.pos) // without room to grow
	if len(p.pos) > maxPositions {
		return p, null, fmt.Errorf("it is too long: %d words and gaps, at most %d", len(p.pos), maxPositions)
	}
	return p, null, nil
}

// place gives the node's words their positions and returns which come first,
// which come last, and whether the node can be nothing.
func (p *pattern) place(n node) (first, last uint64, null bool) {
	switch n.kind {
	case nodeSet, nodeAny:
		i := len(p.pos)
		q := position{set: int32(n.set)}
		bit := uint64(0)
		if i < maxPositions {
			bit = 1 << i
		}
		if n.kind == nodeAny {
			q = position{set: int32(n.not), any: true}
			if !n.far {
				p.gaps |= bit
			}
		}
		p.pos = append(p.pos, q)
		first, last = bit, bit
	case nodeOpt:
		first, last, _ = p.place(n.kids[0])
		null = true
	case nodeAlt:
		for _, k := range n.kids {
			f, l, e := p.place(k)
			first, last, null = first|f, last|l, null || e
		}
	case nodeSeq:
		null = true
		for _, k := range n.kids {
			f, l, e := p.place(k)
			p.join(last, f)
			if null {
				first |= f
			}
			if e {
				last |= l
			} else {
				last = l
			}
			null = null && e
		}
	}
	for i := range p.pos {
		if n.open && first&(1<<i) != 0 {
			p.pos[i].open = true
		}
		if n.shut && last&(1<<i) != 0 {
			p.pos[i].shut = true
		}
	}
	return first, last, null
}

func (p *pattern) join(last, first uint64) {
	for m := last; m != 0; m &= m - 1 {
		p.pos[bits.TrailingZeros64(m)].follow |= first
	}
}

// keepCuts keeps the cuts of a pattern until it is filed, and says whether there
// are any.
func (c *compiler) keepCuts(pt *pattern, n node) bool {
	pt.no = int32(len(c.needs))
	c.needs = append(c.needs, c.cuts(n))
	return len(c.needs[pt.no]) > 0
}

// cuts collects the cuts of a pattern.
func (c *compiler) cuts(n node) []cut {
	next := 0
	return c.cutsFrom(n, &next)
}

// cutsFrom collects those of a part whose first position is next, and moves
// next behind it. Positions are counted as place does.
func (c *compiler) cutsFrom(n node, next *int) (out []cut) {
	switch n.kind {
	case nodeSet, nodeAny:
		if n.kind == nodeSet && *next < maxPositions {
			out = []cut{{n.set, 1 << *next}}
		}
		*next++
	case nodeSeq:
		for _, k := range n.kids {
			out = append(out, c.cutsFrom(k, next)...)
		}
	case nodeOpt:
		c.cutsFrom(n.kids[0], next)
	case nodeAlt:
		return c.cutsOfEither(n.kids, next)
	}
	return out
}

// cutsOfEither makes one cut of the rarest of each alternative.
func (c *compiler) cutsOfEither(kids []node, next *int) []cut {
	var sets []int
	var at uint64
	for _, k := range kids {
		cuts := c.cutsFrom(k, next)
		if len(cuts) == 0 {
			continue
		}
		rarest := slices.MinFunc(cuts, func(a, b cut) int { return cmp.Compare(c.often(a.set), c.often(b.set)) })
		sets, at = append(sets, rarest.set), at|rarest.at
	}
	if len(sets) < len(kids) {
		return nil
	}
	return []cut{{c.union(sets), at}}
}

// content counts the words of a pattern that carry meaning, in the alternative
// that has the fewest.
func (c *compiler) content(n node) int {
	switch n.kind {
	case nodeSet:
		if c.plain(n.set) {
			return 0
		}
		return c.weight(n.set)
	case nodeSeq:
		sum := 0
		for _, k := range n.kids {
			sum += c.content(k)
		}
		return sum
	case nodeAlt:
		least := c.content(n.kids[0])
		for _, k := range n.kids[1:] {
			least = min(least, c.content(k))
		}
		return least
	}
	return 0
}
