package classify

import (
	"math"
	"strings"
)

// mends finds the word that is meant by a spelling that a model does not know:
// one with a slip, with its vowels left out, or with stretched letters. Where
// several could be meant, it is the one that most texts held.
type mends struct {
	slots  []mendSlot // open-addressed; its length is a power of two
	words  []Word     // those of the model's spellings
	costs  []float32  // what each costs that letters are cut into
	begins Beginnings // of the parts that letters are cut into
}

// Beginnings are those of some words: a bit for each hash that a word begins
// with. Where letters have none, no longer word begins with them. A few hashes
// are in it by chance.
type Beginnings []uint64

// beginBits is how many bits Beginnings have. With more they would hold fewer
// hashes by chance, but not stay in the processor's cache.
const beginBits = 1 << 18

// NewBeginnings makes the beginnings of no word.
func NewBeginnings() Beginnings { return make(Beginnings, beginBits/64) }

// Add adds the beginnings of a word.
func (b Beginnings) Add(word []byte) {
	h := asPart
	for i := range word {
		h = HashOn(h, word[i:i+1])
		b[h%beginBits/64] |= 1 << (h % 64)
	}
}

// None is the hash of no letters.
func (b Beginnings) None() uint32 { return asPart }

// On goes on with the hash of letters by one more, and says whether a word
// begins with them.
func (b Beginnings) On(h uint32, letter byte) (uint32, bool) {
	h = (h ^ uint32(letter)) * fnvPrime
	return h, b[h%beginBits/64]&(1<<(h%64)) != 0
}

type mendSlot struct {
	hash  uint32
	place uint16 // 1 more than that of the word; 0 for a free slot
}

// What a spelling is looked up as: each has hashes of its own.
const (
	asSlip     = fnvBasis + iota // itself, or with one letter left out
	asSkeleton                   // without its vowels
	asPlain                      // with each run of a letter written once
	asPart                       // a part of letters without spaces
)

// The lengths, in bytes, between which spellings are mended.
const (
	leastSlip = 4  // below it, one letter makes another word too easily
	mostMend  = 20 // words are hardly longer
)

// mostMeant is how many of the commonest words a spelling with a slip is taken
// for: a rare one is more often a name. With all of them a few more harmless
// messages worried the reader, and nothing more was found.
const mostMeant = 2500

// newMends prepares the mending of a model's words.
func newMends(of *Model) mends {
	m := mends{slots: make([]mendSlot, 1<<10), begins: NewBeginnings()}
	n := 0
	add := func(as uint32, word []byte, place int) {
		if 2*n > len(m.slots) {
			m.grow()
		}
		if m.add(mendSlot{HashOn(as, word), uint16(place + 1)}) {
			n++
		}
	}
	for place, s := range of.spellings {
		w := []byte(s)
		m.words = append(m.words, of.vocab.find(Hash(w)))
		m.costs = append(m.costs, partCost(place))
		if len(w) > mostMend || !letters(w) {
			continue
		}
		if len(w) > 2 || len(w) == 2 && place < mostShort || len(w) == 1 && strings.Contains("iaur", s) {
			add(asPart, w, place)
			m.begins.Add(w)
		}
		if len(w) < 2 || place >= mostMeant {
			continue
		}
		add(asPlain, once(nil, w), place)
		add(asSkeleton, skeleton(nil, w, true), place)
		add(asSkeleton, skeleton(nil, w, false), place)
		if len(w) < leastSlip {
			continue
		}
		add(asSlip, w, place)
		for i := 1; i < len(w) && len(w) > leastSlip; i++ {
			add(asSlip, without(nil, w, i), place)
		}
	}
	return m
}

func (m *mends) grow() {
	old := m.slots
	m.slots = make([]mendSlot, 2*len(old))
	for _, s := range old {
		if s.place != 0 {
			m.add(s)
		}
	}
}

// add files a slot unless a commoner word has its hash.
func (m *mends) add(s mendSlot) bool {
	mask := uint32(len(m.slots) - 1)
	i := s.hash & mask
	for ; m.slots[i].place != 0; i = (i + 1) & mask {
		if m.slots[i].hash == s.hash {
			return false
		}
	}
	m.slots[i] = s
	return true
}

// find returns the place of a word, 1 more than it is; 0 for none.
func (m *mends) find(hash uint32) uint16 {
	mask := uint32(len(m.slots) - 1)
	for i := hash & mask; m.slots[i].place != 0; i = (i + 1) & mask {
		if m.slots[i].hash == hash {
			return m.slots[i].place
		}
	}
	return 0
}

// letters says whether a word is of ASCII letters alone.
func letters(word []byte) bool {
	for _, b := range word {
		if b < 'a' || b > 'z' {
			return false
		}
	}
	return true
}

func isVowel(b byte) bool { return b == 'a' || b == 'e' || b == 'i' || b == 'o' || b == 'u' }

// skeleton appends a word without its vowels; the first letter may stay.
func skeleton(to, word []byte, first bool) []byte {
	for i, b := range word {
		if !isVowel(b) || i == 0 && first {
			to = append(to, b)
		}
	}
	return to
}

// once appends a word with each run of a letter written once.
func once(to, word []byte) []byte {
	for i, b := range word {
		if i == 0 || b != word[i-1] {
			to = append(to, b)
		}
	}
	return to
}

// without appends a word without the letter at a place.
func without(to, word []byte, i int) []byte { return append(append(to, word[:i]...), word[i+1:]...) }

// Mend finds the word that is meant by a spelling in lower case that the model
// does not know: with digits for letters, with stretched letters, with one
// letter too many, too few, wrong or in its neighbour's place (but the first),
// or with its vowels left out. The word is unknown where there is none.
func (m *Model) Mend(spelling []byte) Word {
	var room, other [mostMend]byte
	word, digits := unleet(room[:0], spelling, 'i')
	if word == nil {
		return Word{}
	}
	if digits {
		if w := m.vocab.find(Hash(word)); w.Known() {
			return w
		}
		l, _ := unleet(other[:0], spelling, 'l')
		if w := m.vocab.find(Hash(l)); w.Known() {
			return w
		}
	}
	best := uint16(0)
	consider := func(hash uint32) {
		if p := m.mends.find(hash); p != 0 && (best == 0 || p < best) {
			best = p
		}
	}
	if plain := once(other[:0], word); len(word)-len(plain) >= 2 {
		consider(HashOn(asPlain, plain))
	}
	if best == 0 && len(word) >= leastSlip {
		consider(HashOn(asSlip, word))
		for i := 1; i < len(word) && len(word) > leastSlip; i++ {
			consider(HashOn(HashOn(asSlip, word[:i]), word[i+1:]))
		}
	}
	if bones := skeleton(other[:0], word, true); best == 0 && len(word) >= 2 && len(bones) == len(word) {
		consider(HashOn(asSkeleton, bones))
	}
	return m.mends.word(best)
}

func (m *mends) word(place uint16) Word {
	if place == 0 {
		return Word{}
	}
	return m.words[place-1]
}

// unleet appends a spelling with its digits read as letters, and says whether it
// has any. It returns nil where it is too long or holds something else.
func unleet(to, spelling []byte, one byte) (word []byte, digits bool) {
	if len(spelling) > mostMend {
		return nil, false
	}
	for _, b := range spelling {
		l := Letter(b, one)
		if l < 'a' || l > 'z' {
			return nil, false
		}
		digits = digits || l != b
		to = append(to, l)
	}
	return to, digits
}

// Letter is the letter that a digit stands for in a disguised word, s3nd or
// p1c; 1 stands for one. Anything else stands for itself.
func Letter(b, one byte) byte {
	switch b {
	case '0':
		return 'o'
	case '1':
		return one
	case '3':
		return 'e'
	case '4':
		return 'a'
	case '5':
		return 's'
	case '6', '9':
		return 'g'
	case '7':
		return 't'
	case '8':
		return 'b'
	}
	return b
}

// MostCut is how many letters are cut into words at once.
const MostCut = 160

// The fewest letters that are cut, and the most of one of the words.
const (
	leastCut = 6
	mostPart = 14
)

// mostShort is how many of the commonest words a part of two letters may be
// one of: others are abbreviations, and there are enough to make any word.
const mostShort = 300

// cut is how the letters from one on are best cut.
type cut struct {
	cost  float32
	next  int32  // where the first word ends
	place uint16 // of that word, 1 more than it is
}

// partCost is what a word costs that letters are cut into: the logarithm of
// how rare it is, by Zipf's law.
func partCost(place int) float32 { return float32(math.Log(10 * float64(place+3))) }

// What each letter may cost: letters that cost more are no words.
const (
	perLetter   = 1.9
	perMeant    = 2.7 // where they are surely meant to be
	surelyMeant = 14  // letters: nothing else is as long
)

// keptCut is what letters were cut into, in this message.
type keptCut struct {
	cost     float32 // for each letter
	from, to int32   // its words among those kept
}

// Cut appends the words that letters without spaces between them make up:
// those that are commonest together. It appends nothing where there are none.
// It is bolder where words are surely meant.
func (r *Reader) Cut(to []Word, text []byte, meant bool) []Word {
	n := len(text)
	if n < leastCut || n > MostCut {
		return to
	}
	// The same letters come again in a message's further views.
	key := uint64(Hash(text))<<8 | uint64(n)
	c, ok := r.cut[key]
	if !ok {
		c = r.cutAnew(text)
		r.cut[key] = c
	}
	most := float32(perLetter)
	if meant || n >= surelyMeant {
		most = perMeant
	}
	if c.cost > most {
		return to
	}
	return append(to, r.parts[c.from:c.to]...)
}

// cutAnew finds the commonest words that make up letters.
func (r *Reader) cutAnew(text []byte) keptCut {
	n := len(text)
	c := &r.cuts
	*c = append((*c)[:0], make([]cut, n+1)...)
	cuts := *c
	m := &r.m.mends
	for i := n - 1; i >= 0; i-- {
		cuts[i].cost = math.MaxFloat32
		h := m.begins.None()
		for j := i; j < n && j < i+mostPart; j++ {
			var more bool
			if h, more = m.begins.On(h, text[j]); !more {
				break
			}
			if cuts[j+1].cost == math.MaxFloat32 {
				continue
			}
			place := m.find(h)
			if place == 0 {
				continue
			}
			if cost := m.costs[place-1] + cuts[j+1].cost; cost < cuts[i].cost {
				cuts[i] = cut{cost, int32(j + 1), place}
			}
		}
	}
	k := keptCut{cost: cuts[0].cost / float32(n), from: int32(len(r.parts))}
	if k.cost <= perMeant {
		for i := 0; i < n; i = int(cuts[i].next) {
			r.parts = append(r.parts, m.word(cuts[i].place))
		}
	}
	k.to = int32(len(r.parts))
	return k
}
