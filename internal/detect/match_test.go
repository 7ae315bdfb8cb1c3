package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// element is one word of a pattern that was written out: with all its optional
// parts and alternatives decided.
type element struct {
	words      []wordID // nil for any word
	not        []wordID
	far        bool
	open, shut bool
}

func (e element) gap() bool { return e.words == nil && !e.far }

// written lists all ways to write a pattern out.
func written(c *compiler, n node) [][]element {
	var out [][]element
	switch n.kind {
	case nodeSet:
		out = [][]element{{{words: c.words(n.set)}}}
	case nodeAny:
		e := element{far: n.far}
		if n.not != -1 {
			e.not = c.words(n.not)
		}
		out = [][]element{{e}}
	case nodeOpt:
		out = append([][]element{{}}, written(c, n.kids[0])...)
	case nodeAlt:
		for _, k := range n.kids {
			out = append(out, written(c, k)...)
		}
	case nodeSeq:
		out = [][]element{{}}
		for _, k := range n.kids {
			var longer [][]element
			for _, front := range out {
				for _, back := range written(c, k) {
					longer = append(longer, slices.Concat(front, back))
				}
			}
			out = longer
		}
	}
	for i, w := range out {
		if len(w) == 0 || !n.open && !n.shut {
			continue
		}
		w = slices.Clone(w)
		w[0].open = w[0].open || n.open
		w[len(w)-1].shut = w[len(w)-1].shut || n.shut
		out[i] = w
	}
	return out
}

// plain is the reading of patterns that the matcher is held against: it tries
// everything, word by word, and knows no index.
type plain struct {
	p *program
	s *scratch
}

// options are the words that a token may be, each with how many tokens it takes.
func (r plain) options(i int) (ids []wordID, lengths []int) {
	t := &r.s.toks[i]
	ids, lengths = []wordID{t.id}, []int{1}
	for _, id := range r.s.alts[t.alt : t.alt+int32(t.alts)] {
		ids, lengths = append(ids, id), append(lengths, 1)
	}
	for _, e := range r.s.phrases {
		if int(e.at) == i {
			ids, lengths = append(ids, e.id), append(lengths, int(e.n))
		}
	}
	return ids, lengths
}

// ends calls found with each token at which the elements from k on can end when
// they are read from token i on.
func (r plain) ends(w []element, k, i int, found func(end int)) {
	if k == len(w) {
		found(i)
		return
	}
	if i == len(r.s.toks) {
		return
	}
	t := &r.s.toks[i]
	opening := t.flags&opens != 0
	if opening && k > 0 && w[k-1].gap() {
		return
	}
	if k > 0 && t.flags&light != 0 {
		r.ends(w, k, i+1, found)
	}
	if opening && w[k].gap() {
		return
	}
	ids, lengths := r.options(i)
	for o, id := range ids {
		last := i + lengths[o] - 1
		switch e := w[k]; {
		case e.open && !opening, e.shut && r.s.toks[last].flags&closes == 0:
		case e.words == nil && (o > 0 || t.flags&light != 0 && r.p.fillers[id] || slices.Contains(e.not, id)):
		case e.words != nil && (id == unknownWord || !slices.Contains(e.words, id)):
		default:
			r.ends(w, k+1, last+1, found)
		}
	}
}

// find lists the first matches: each is the one that ends first among those
// that begin after the one before, and of those the shortest.
func (r plain) find(ways [][]element, most int) []match {
	var all []match
	for i := range r.s.toks {
		for _, w := range ways {
			r.ends(w, 0, i, func(end int) { all = append(all, match{from: int32(i), to: int32(end)}) })
		}
	}
	var out []match
	for from := int32(0); len(out) < most; from = out[len(out)-1].from + 1 {
		var best match
		for _, m := range all {
			if m.from >= from && (best.to == 0 || m.to < best.to || m.to == best.to && m.from > best.from) {
				best = m
			}
		}
		if best.to == 0 {
			break
		}
		out = append(out, best)
	}
	return out
}

// made makes patterns and texts of a few words, so that much is nearly found.
type made struct{ rnd *rand.Rand }

func (m made) one(of ...string) string { return of[m.rnd.IntN(len(of))] }

func (m made) atom() string {
	return m.one("send", "me", "pic", "tell", "now", "um", "@WHO", "@WHAT", "@BIG", "#NUM", "#AGE", "your_mum", "send_me_now")
}

func (m made) element(depth int) string {
	switch m.rnd.IntN(10) {
	case 0:
		return m.one("~1", "~2", "~3", "*", "{1,2}", "{0,2.}", "{0,2-@WHO}", "{1,3-um}")
	case 1:
		if depth < 2 {
			return "(" + m.sequence(depth+1) + "|" + m.sequence(depth+1) + ")" + m.one("", "", "?")
		}
	case 2:
		return m.atom() + "?"
	case 3:
		return "(" + m.atom() + "|" + m.atom() + ")"
	}
	return m.atom()
}

func (m made) sequence(depth int) string {
	parts := make([]string, 1+m.rnd.IntN(4-depth))
	for i := range parts {
		parts[i] = m.element(depth)
	}
	return strings.Join(parts, " ")
}

func (m made) pattern() string {
	out := m.sequence(0)
	if m.rnd.IntN(8) == 0 {
		out = "^ " + m.atom() + m.one("", "?") + " " + out
	}
	if m.rnd.IntN(8) == 0 {
		out += " " + m.atom() + " $"
	}
	if m.rnd.IntN(8) == 0 {
		out = "!" + m.one("@WHO", "tell") + " " + out
	}
	return out
}

func (m made) text() string {
	var b strings.Builder
	for range 1 + m.rnd.IntN(24) {
		b.WriteString(m.one("send", "me", "pic", "tell", "now", "um", "um", "mum", "your", "ur", "dad", "photo", "13", "40", "xyzzy", "🤫", "sennd"))
		b.WriteString(m.one(" ", " ", " ", " ", ". ", ", ", "\n"))
	}
	return b.String()
}

// changed is a text of which some words are others of the same length, as
// another view of it may read them.
func (m made) changed(text string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		if m.rnd.IntN(8) > 0 {
			continue
		}
		switch len(w) {
		case 2:
			words[i] = m.one("me", "um", "ur")
		case 3:
			words[i] = m.one("pic", "now", "mum", "dad", "me.", "um,", "xyz")
		case 4:
			words[i] = m.one("send", "tell", "your", "um. ", "xyzz")
		}
	}
	return strings.Join(words, " ")
}

// smallWords are the words of these tests: a phrase, a filler, an emoji, a word
// of two classes.
func smallWords(t testing.TB) *compiler {
	t.Helper()
	c := newCompiler()
	for _, class := range []struct{ name, words string }{
		{"WHO", "mum dad your_mum"}, {"WHAT", "pic photo 🤫 #AGE"}, {"BIG", "mum pic send tell now um your"},
	} {
		var ids []wordID
		for _, w := range strings.Fields(class.words) {
			id, err := c.entry(w)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		c.byName[class.name] = c.newSet(ids)
	}
	um := c.word("um")
	c.p.fillers = grow(c.p.fillers, int(um)+1)
	c.p.fillers[um] = true
	c.also = append(c.also, spelling{"ur", c.word("your")})
	return c
}

// checkMatcher compiles some patterns, each as one of a rule and as one that a
// rule must not have, and compares what is found with the plain reading.
func checkMatcher(t *testing.T, seed uint64) {
	m := made{rand.New(rand.NewPCG(seed, 0))}
	c := smallWords(t)
	var texts []string
	var ways [][][]element
	for range 1 + m.rnd.IntN(6) {
		text := m.pattern()
		own, err := c.parsePattern(text)
		if err != nil {
			continue
		}
		other, tree, _ := c.parseTree(text)
		w := written(c, tree)
		if len(w) > 4000 {
			continue
		}
		texts, ways = append(texts, text), append(ways, w)
		c.p.patterns, c.p.owner = append(c.p.patterns, own), append(c.p.owner, int32(len(c.p.rules)))
		c.p.rules = append(c.p.rules, compiledRule{unless: []pattern{other}})
	}
	p := c.finish(nil)
	s := newScratch(p)
	for range 8 {
		text := m.text()
		checkFurtherView(t, p, s, text, m.changed(text))
		s.reset()
		p.scan(s, text, offsets{}, false)
		p.search(s)
		for k := range p.patterns {
			var got []match
			for _, f := range s.found {
				if f.pattern == int32(k) {
					got = append(got, match{f.from, f.to, true})
				}
			}
			var want, wantList []match
			for i, one := range (plain{p, s}).find(ways[k], otherMatches) {
				one.allowed = plainlyAllowed(p, s, int(p.patterns[k].before), int(one.from))
				wantList = append(wantList, one)
				if i < ruleMatches && one.allowed {
					want = append(want, one)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("seed %d: %q in %q: found %v, want %v", seed, texts[k], text, got, want)
			}
			if list := p.list(s, &p.rules[k].unless[0]); fmt.Sprint(list) != fmt.Sprint(wantList) {
				t.Fatalf("seed %d: %q in %q: listed %v, want %v", seed, texts[k], text, list, wantList)
			}
		}
	}
}

// checkFurtherView compares what is found in a further view of a message, which
// is searched around what is new in it alone, with what is found in it by itself.
func checkFurtherView(t *testing.T, p *program, s *scratch, text, further string) {
	s.reset()
	p.scan(s, text, offsets{}, false)
	p.search(s)
	s.judged = true
	first := slices.Clone(s.found)
	s.nextView()
	p.scan(s, further, offsets{}, false)
	p.search(s)
	got := slices.Clone(s.found)
	s.reset()
	p.scan(s, further, offsets{}, false)
	p.search(s)
	for _, f := range s.found {
		few := func(list []found) bool {
			n := 0
			for _, other := range list {
				if other.pattern == f.pattern {
					n++
				}
			}
			return n < ruleMatches
		}
		if !slices.Contains(got, f) && few(first) {
			t.Fatalf("pattern %d is not found at %d to %d of %q, a further view of %q", f.pattern, f.from, f.to, further, text)
		}
	}
}

// plainlyAllowed says whether none of up to three words before a token, in its
// sentence, is in a set. A filler before it may belong to the same sentence's
// opening.
func plainlyAllowed(p *program, s *scratch, set, at int) bool {
	if set == -1 {
		return true
	}
	opening := func(i int) bool { return s.toks[i].flags&opens != 0 }
	from := at
	if opening(at) && (at == 0 || s.toks[at-1].flags&light == 0) {
		return true
	}
	for from > 0 && at-from < 3 && (from == at || !opening(from)) {
		from--
	}
	for i := from; i < at; i++ {
		ids, _ := (plain{p, s}).options(i)
		if slices.ContainsFunc(ids, func(id wordID) bool { return p.has(int32(set), id) }) {
			return false
		}
	}
	return true
}

func TestMatcherFindsWhatAPlainReadingFinds(t *testing.T) {
	for seed := range uint64(1000) {
		checkMatcher(t, seed)
	}
}

func FuzzMatcher(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(checkMatcher)
}
