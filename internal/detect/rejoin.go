package detect

import (
	"slices"

	"github.com/waymark-bot/waymark/internal/classify"
)

// rejoin mends words that were pulled apart or run together: "p i c", "pri
// vate", "sendmeapic". It rewrites the view's tokens in place and says whether
// anything changed.
func (p *program) rejoin(s *scratch, skeleton bool) (changed bool) {
	old := append(s.spare[:0], s.toks...)
	s.spare = old
	s.toks = s.toks[:0]
	least := p.runTogether(s, old)
	var run singles
	for i := 0; i < len(old); {
		if i >= run.to {
			run = p.singlesFrom(s, old, i)
		}
		if run.to-i >= 2 && p.letters(s, old[i:run.to], run, i) {
			changed = true
			i = run.to
			continue
		}
		if i+1 < len(old) {
			if e, ok := p.joined(s, &old[i], &old[i+1]); ok {
				t := old[i]
				t.end, t.id, t.alts = old[i+1].end, unknownWord, 0
				t.flags |= old[i+1].flags & closes
				p.giveTo(s, &t, &p.words, e)
				s.toks = append(s.toks, t)
				changed = true
				i += 2
				continue
			}
		}
		t := old[i]
		word := s.low[t.lo:t.hi]
		if t.id == unknownWord && len(word) >= 6 && len(word) <= 160 && t.flags&(number|emoji) == 0 && p.apart(s, word, t, least) {
			changed = true
			i++
			continue
		}
		if skeleton && t.flags&(number|emoji) == 0 && len(word) <= maxWord {
			if e := p.skeletons.lookup(word); e != nil {
				p.giveTo(s, &t, &p.skeletons, e)
				changed = true
			}
		}
		s.toks = append(s.toks, t)
		i++
	}
	return changed
}

// runTogether returns into how many words a long word must fall to be cut:
// two where some other falls into three, since then somebody leaves out
// spaces; else three, since many English words are made of two.
func (p *program) runTogether(s *scratch, toks []token) int {
	for _, t := range toks {
		word := s.low[t.lo:t.hi]
		if t.id == unknownWord && len(word) >= longWord && len(word) <= 160 && len(p.cut(s, word)) >= 3 {
			return 2
		}
	}
	return 3
}

// giveTo adds the words of a slot, if any, to a token.
func (p *program) giveTo(s *scratch, t *token, v *vocab, e *slot) {
	if e == nil {
		return
	}
	if e.first != t.id {
		p.giveOne(s, t, e.first)
	}
	for _, id := range v.more(e) {
		if id != t.id {
			s.also(t, id)
		}
	}
}

// singles is a run of single letters among a view's tokens.
type singles struct {
	from, to int
	groups   bool   // some stand closer together than others: h-e-r-e i-s
	letters  []byte // what they spell, unless they stand in groups
}

func (t *token) apartFromLast() bool { return t.sep == ' ' || t.sep == 0 || t.sep == 0xff }

// singlesFrom is the run that begins at a token, empty where none does. It
// prepares how the run's letters are best cut into words, from each on.
func (p *program) singlesFrom(s *scratch, toks []token, from int) singles {
	r := singles{from: from, to: from}
	for r.to < len(toks) && toks[r.to].hi-toks[r.to].lo == 1 && toks[r.to].flags&emoji == 0 {
		r.groups = r.groups || r.to > from && !toks[r.to].apartFromLast()
		r.to++
	}
	if r.groups || r.to-from < 3 {
		return r
	}
	for _, t := range toks[from:r.to] {
		r.letters = append(r.letters, classify.Letter(s.low[t.lo], 'i'))
	}
	p.cutAll(s, r.letters)
	return r
}

// letters joins the rest of a run into words and says whether it could. Where
// some letters stand closer together, each group is a word; otherwise the rest
// is cut into words that we know.
func (p *program) letters(s *scratch, rest []token, run singles, at int) bool {
	if run.groups {
		from := 0
		for i := 1; i <= len(rest); i++ {
			if i == len(rest) || rest[i].apartFromLast() {
				p.group(s, rest[from:i])
				from = i
			}
		}
		return true
	}
	if len(rest) < 3 {
		return false
	}
	cuts := s.cutsFrom(at-run.from, len(run.letters))
	letters, from := run.letters[at-run.from:], 0
	for _, to := range cuts {
		p.addWord(s, letters[from:to], rest[from], rest[to-1])
		from = to
	}
	return cuts != nil
}

// group makes one word, or several, of single letters that belong together.
func (p *program) group(s *scratch, run []token) {
	if len(run) == 1 {
		s.toks = append(s.toks, run[0])
		return
	}
	var b []byte
	for _, t := range run {
		b = append(b, classify.Letter(s.low[t.lo], 'i'))
	}
	if p.words.lookup(b) == nil {
		if cuts := p.cut(s, b); cuts != nil {
			from := 0
			for _, to := range cuts {
				p.addWord(s, b[from:to], run[from], run[to-1])
				from = to
			}
			return
		}
	}
	p.addWord(s, b, run[0], run[len(run)-1])
}

// addWord adds a token that spans those from first to last.
func (p *program) addWord(s *scratch, word []byte, first, last token) {
	t := first
	t.end, t.id, t.alts = last.end, unknownWord, 0
	t.flags = first.flags&^light | last.flags&closes
	t.lo = int32(len(s.low))
	s.low = append(s.low, word...)
	t.hi = int32(len(s.low))
	t.hash = classify.Hash(word)
	if len(word) <= maxWord {
		p.giveTo(s, &t, &p.words, p.words.lookup(word))
	}
	s.toks = append(s.toks, t)
}

// apart cuts a long word into words that we know and says whether it could.
func (p *program) apart(s *scratch, word []byte, t token, least int) bool {
	cuts := p.cut(s, word)
	if len(cuts) < least {
		return false
	}
	from, lo := 0, t.lo
	for _, to := range cuts {
		part := t
		part.lo, part.hi = lo+int32(from), lo+int32(to)
		part.hash = classify.Hash(word[from:to])
		part.id, part.alts = unknownWord, 0
		part.flags &^= light | opens | closes
		if from == 0 {
			part.flags |= t.flags & opens
		}
		p.giveTo(s, &part, &p.words, p.words.lookup(word[from:to]))
		s.toks = append(s.toks, part)
		from = to
	}
	return true
}

// cutting is the working memory of cut: for each letter, how the rest from it on
// is best cut.
type cutting struct {
	cost  []int32 // 0 where it cannot be
	next  []int32 // where the word that begins here ends
	words []int32 // how many words there are from here on
	langs []langs // the languages that all of them belong to
	ends  []int
}

const longestPart = 14 // letters of a word that others are cut into

// cut finds the ends of the fewest words of ours, of one language, that make up
// b, nil where there are none. Its work is bounded by the length and the longest word.
func (p *program) cut(s *scratch, b []byte) []int {
	p.cutAll(s, b)
	return s.cutsFrom(0, len(b))
}

// cutAll finds, for each letter of b, how the rest from it on is best cut.
func (p *program) cutAll(s *scratch, b []byte) {
	c := &s.cutting
	c.cost = zeros(c.cost, len(b)+1)
	c.next = zeros(c.next, len(b)+1)
	c.words = zeros(c.words, len(b)+1)
	c.langs = zeros(c.langs, len(b)+1)
	c.cost[len(b)], c.langs[len(b)] = 1, everyLang
	for i := len(b) - 1; i >= 0; i-- {
		h := p.begins.None()
		for j := i; j < len(b) && j < i+longestPart; j++ {
			s.steps++
			var more bool
			if h, more = p.begins.On(h, b[j]); !more {
				break
			}
			if c.cost[j+1] == 0 {
				continue
			}
			cost, of := p.partCost(b[i : j+1])
			if of &= c.langs[j+1]; cost == 0 || of == 0 {
				continue
			}
			if cost += c.cost[j+1]; c.cost[i] == 0 || cost < c.cost[i] {
				c.cost[i], c.next[i], c.words[i], c.langs[i] = cost, int32(j+1), 1+c.words[j+1], of
			}
		}
	}
}

// zeros returns n zeros, in old memory where it is large enough.
func zeros[T int32 | langs](old []T, n int) []T {
	old = slices.Grow(old[:0], n)[:n]
	clear(old)
	return old
}

// partCost is what a part costs that words are cut into: less for what is
// surely meant, 0 where it is no word of ours. It returns the part's languages.
func (p *program) partCost(part []byte) (int32, langs) {
	return p.costOf(part, p.words.lookup(part))
}

// costOf is partCost, with the slot of the part.
func (p *program) costOf(part []byte, e *slot) (int32, langs) {
	if e == nil {
		return 0, 0
	}
	of := p.langs[e.first]
	for _, id := range p.words.more(e) {
		of |= p.langs[id]
	}
	switch n := len(part); {
	case p.names[e.first] != string(part): // a typing slip
		if n < 5 {
			return 0, 0
		}
		return 6, of
	case n == 1:
		if b := part[0]; b != 'i' && b != 'a' && b != 'u' && b != 'r' {
			return 0, 0
		}
		return 5, of
	case n == 2:
		return 3, of
	}
	return 2, of
}

// cutsFrom returns how the letters from one on are cut, after cutAll; nil where
// they are not.
func (s *scratch) cutsFrom(from, n int) []int {
	c := &s.cutting
	// Many short words are a chance, not a sentence.
	if words := int(c.words[from]); words == 0 || words > 2 && n-from < 3*words-2 {
		return nil
	}
	c.ends = c.ends[:0]
	for e := int(c.next[from]); ; e = int(c.next[e]) {
		c.ends = append(c.ends, e-from)
		if e == n {
			break
		}
	}
	return c.ends
}
