package detect

import (
	"fmt"
	"iter"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/waymark-bot/waymark/internal/classify"
)

// compiler turns what the lexicon's files say into a program.
type compiler struct {
	p       *program
	byName  map[string]int // class name -> set
	members [][]wordID     // of each set
	unions  map[string]int
	stops   map[wordID]bool
	rank    map[wordID]int
	entries map[string]wordID // what was asked for so far
	phrase  map[string]wordID
	phrases map[phraseStep]phraseNode
	single  map[string]wordID // spelling -> its own word
	lengths []int             // words of each id: 1, or those of a phrase
	also    []spelling        // further ways to write a word
	nodes   int32             // of the phrases, so far
	needs   [][]cut           // for each pattern, the sets through which every match of it passes
	from    langs             // the language of what is being read
}

type spelling struct {
	text string
	word wordID
}

func newCompiler() *compiler { return newCompilerWith(newFoldTables()) }

// newCompilerWith makes a compiler that shares the tables of look-alikes.
func newCompilerWith(tables foldTables) *compiler {
	c := &compiler{
		p:      &program{kinds: byteKinds(), tables: tables, words: newVocab(), collapsed: newVocab(), skeletons: newVocab(), begins: classify.NewBeginnings()},
		byName: map[string]int{}, unions: map[string]int{}, stops: map[wordID]bool{}, rank: map[wordID]int{},
		entries: map[string]wordID{}, phrase: map[string]wordID{}, phrases: map[phraseStep]phraseNode{}, single: map[string]wordID{},
		from: everyLang,
	}
	for range firstWord {
		c.p.names = append(c.p.names, "")
		c.lengths = append(c.lengths, 1)
	}
	return c
}

// langs is a set of languages, a bit for each.
type langs uint32

// everyLang is what a word belongs to that is read from no language's folder.
const everyLang = ^langs(0)

// read says of which languages the words are that are read from now on.
func (c *compiler) read(l langs) {
	if c.from != l {
		c.from = l
		clear(c.entries) // their words are of this language as well
	}
}

// word returns the id of a spelling, new where it has none.
func (c *compiler) word(spelling string) wordID {
	id := c.wordOf(spelling)
	for len(c.p.langs) <= int(id) {
		c.p.langs = append(c.p.langs, 0)
	}
	c.p.langs[id] |= c.from
	return id
}

func (c *compiler) wordOf(spelling string) wordID {
	if id, ok := c.single[spelling]; ok {
		return id
	}
	id := wordID(len(c.p.names))
	c.p.names = append(c.p.names, spelling)
	c.lengths = append(c.lengths, 1)
	c.single[spelling] = id
	return id
}

// cutEntry cuts an entry of the lexicon into spellings, as the scanner would.
func cutEntry(entry string) []string {
	var out []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			out = append(out, b.String())
			b.Reset()
		}
	}
	for _, r := range strings.ToLower(entry) {
		switch {
		case r == '\'' || r == '’' || r == '\ufe0f' || r == '\u200d' || r >= 0x1f3fb && r <= 0x1f3ff:
		case isEmoji(r):
			flush()
			out = append(out, string(r))
		case r == ' ' || r == '_' || r < 0x80 && asciiKind(byte(r)) != letter && asciiKind(byte(r)) != digit:
			flush()
		default:
			b.WriteRune(r)
		}
	}
	flush()
	return out
}

// entry returns the id that an entry of a class goes by: a word's, or a phrase's.
func (c *compiler) entry(text string) (wordID, error) {
	if id, ok := c.entries[text]; ok {
		return id, nil
	}
	id, err := c.newEntry(text)
	if err == nil {
		c.entries[text] = id
	}
	return id, err
}

// newEntry is entry for a text that was not asked for before. A phrase is cut
// into words as the scanner cuts it: "13yo" is two.
func (c *compiler) newEntry(text string) (wordID, error) {
	if id, ok := kindOfNumber(text); ok {
		return id, nil
	}
	words := cutEntry(text)
	if len(words) == 0 {
		return 0, fmt.Errorf("%q holds no word", text)
	}
	ids := make([]wordID, len(words))
	for i, w := range words {
		ids[i] = c.word(w)
	}
	if len(ids) == 1 {
		return ids[0], nil
	}
	key := strings.Join(words, " ")
	if id, ok := c.phrase[key]; ok {
		return id, nil
	}
	id := wordID(len(c.p.names))
	c.p.names = append(c.p.names, key)
	c.lengths = append(c.lengths, len(ids))
	c.phrase[key] = id
	node := int32(0)
	for i, w := range ids {
		step := phraseStep{node, w}
		n := c.phrases[step]
		if i == len(ids)-1 {
			n.id = id
		} else if n.next == 0 {
			c.nodes++
			n.next = c.nodes
		}
		c.phrases[step] = n
		node = n.next
	}
	return id, nil
}

func (c *compiler) newSet(ids []wordID) int {
	c.members = append(c.members, ids)
	return len(c.members) - 1
}

func (c *compiler) class(name string) (int, bool) {
	set, ok := c.byName[name]
	return set, ok
}

func (c *compiler) literal(id wordID) int { return literalRef(id) }

func (c *compiler) words(ref int) []wordID {
	if ref <= literalBase {
		return []wordID{wordID(literalBase - ref)}
	}
	return c.members[ref]
}

// union returns the set of all words of the given ones.
func (c *compiler) union(refs []int) int {
	sort.Ints(refs)
	var b []byte
	for _, r := range refs {
		b = strconv.AppendInt(append(b, ' '), int64(r), 36)
	}
	key := string(b)
	if set, ok := c.unions[key]; ok {
		return set
	}
	var ids []wordID
	for _, r := range refs {
		ids = append(ids, c.words(r)...)
	}
	set := c.newSet(ids)
	c.unions[key] = set
	return set
}

// plain says whether all words of a set are too common to carry meaning.
func (c *compiler) plain(ref int) bool {
	for _, id := range c.words(ref) {
		if !c.stops[id] {
			return false
		}
	}
	return true
}

// weight is how many words of meaning each entry of a set has at least.
func (c *compiler) weight(ref int) int {
	least := 2
	for _, id := range c.words(ref) {
		if !c.stops[id] {
			least = min(least, c.lengths[id])
		}
	}
	return least
}

// often is about how many times in 100,000 words one of the set's is met.
func (c *compiler) often(ref int) int {
	sum := 0
	for _, id := range c.words(ref) {
		sum += c.met(id)
	}
	return sum
}

// met is about how many times in 100,000 words a word is met.
func (c *compiler) met(id wordID) int {
	switch rank, ok := c.rank[id]; {
	case ok:
		return 5000 / (rank + 1)
	case c.lengths[id] > 1 || id == moneyWord || id == youngWord:
		return 1
	case id == numberWord:
		return 1500
	}
	return 3
}

// finish builds the tables that matching needs, once all rules are compiled.
func (c *compiler) finish(real map[string]bool) *program {
	p := c.p
	n := len(p.names)
	for _, ids := range c.members {
		p.sets = append(p.sets, newSet(ids))
	}
	p.phrases = newPhraseTree(c.phrases)
	p.stops = c.stops
	p.frequent = grow(p.frequent, n)
	p.fillers = grow(p.fillers, n)
	p.patterns, p.owner = slices.Clone(p.patterns), slices.Clone(p.owner) // without the room to spare
	c.spell(real)
	c.index()
	return p
}

func grow(b []bool, n int) []bool {
	for len(b) < n {
		b = append(b, false)
	}
	return b
}

// slipsOfWord is how many ways to mistype a word have room from the start.
const slipsOfWord = 5

// spell fills the tables of spellings: each word as it is, with repeated
// letters written once, without vowels, and with one typing slip.
func (c *compiler) spell(real map[string]bool) {
	p := c.p
	spellings := make([]string, 0, len(c.single))
	for w := range c.single {
		spellings = append(spellings, w)
	}
	sort.Strings(spellings) // the same tables every time
	p.words.room(len(spellings) * slipsOfWord)
	for id := firstWord; int(id) < len(p.names); id++ { // the commonest words, which come first, side by side
		if w := p.names[id]; c.single[w] == id {
			p.words.add([]byte(w), id)
		}
	}
	for _, w := range spellings {
		id := c.single[w]
		for _, f := range p.foldings(w) {
			p.words.add([]byte(f), id)
			if ascii(f) && len(f) >= 2 {
				p.collapsed.add(once(f), id)
			}
		}
		if len(w) <= maxWord {
			p.byLength[len(w)] = append(p.byLength[len(w)], lengthWord{w, id})
		}
		if ascii(w) && len(w) >= 2 {
			p.collapsed.add(once(w), id)
		}
		if k := skeleton(w); ascii(w) && len(w) >= 2 && k != w {
			p.skeletons.add([]byte(k), id)
		}
	}
	for _, a := range c.also {
		p.words.add([]byte(a.text), a.word)
		p.collapsed.add(once(a.text), a.word)
	}
	for _, w := range spellings {
		if len(w) < 5 || !ascii(w) || real[w] {
			continue
		}
		for s := range slips(w) {
			if e := p.words.lookup(s); real[string(s)] || e != nil && c.single[string(s)] != unknownWord {
				continue
			}
			p.words.add(s, c.single[w])
		}
	}
	for i := range p.words.slots {
		if e := &p.words.slots[i]; e.entry != 0 {
			w := p.words.spelling(&p.words.entries[e.place()])
			if cost, _ := p.costOf(w, e); cost != 0 && len(w) <= longestPart {
				p.begins.Add(w)
			}
			if p.isFiller(e.first) {
				e.flags = light
			}
			e.vowelless = vowelless(w)
		}
	}
}

// foldings are the ways to write a word without its accents and umlauts.
func (p *program) foldings(w string) (out []string) {
	if ascii(w) {
		return nil
	}
	for _, s := range []string{w, twoLetters(w)} {
		if f := string(p.tables.fold(s, offsets{}).b); f != w && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

func ascii(w string) bool {
	for i := range len(w) {
		if w[i] < 'a' || w[i] > 'z' {
			return false
		}
	}
	return true
}

// once writes repeated letters once.
func once(w string) []byte {
	b := []byte(w[:1])
	for i := 1; i < len(w); i++ {
		if w[i] != w[i-1] {
			b = append(b, w[i])
		}
	}
	return b
}

// skeleton drops the vowels of a word.
func skeleton(w string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("aeiou", r) {
			return -1
		}
		return r
	}, w)
}

// slips are the ways in which a word of five letters or more is commonly
// mistyped: two letters swapped, one left out or doubled, c for k, z for s,
// and an -ing without its g. The first letter is kept, since nudes and dudes
// must stay apart. Each is valid until the next: there are many.
func slips(w string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var b []byte
		for i := 1; i < len(w); i++ {
			if i+1 < len(w) { // swapped
				if b = append(append(append(b[:0], w[:i]...), w[i+1], w[i]), w[i+2:]...); !yield(b) {
					return
				}
			}
			if i+1 < len(w) || len(w) > 5 { // left out
				if b = append(append(b[:0], w[:i]...), w[i+1:]...); !yield(b) {
					return
				}
			}
			if b = append(append(b[:0], w[:i+1]...), w[i:]...); !yield(b) { // doubled
				return
			}
		}
		for _, s := range misspelt(w) {
			if b = append(b[:0], s...); !yield(b) {
				return
			}
		}
	}
}

// misspelt are the slips of a word that depend on its letters.
func misspelt(w string) []string {
	var out []string
	if stem, ok := strings.CutSuffix(w, "s"); ok {
		out = append(out, stem+"z")
	}
	if strings.HasSuffix(w, "ing") {
		out = append(out, w[:len(w)-1])
	}
	if strings.Contains(w, "c") {
		out = append(out, strings.ReplaceAll(w, "c", "k"))
	}
	if strings.Contains(w, "ck") {
		out = append(out, strings.ReplaceAll(w, "ck", "k"))
	}
	if strings.Contains(w, "th") {
		out = append(out, strings.Replace(w, "th", "v", 1), strings.Replace(w, "th", "f", 1))
	}
	if strings.Contains(w, "ph") {
		out = append(out, strings.Replace(w, "ph", "f", 1))
	}
	return out
}
