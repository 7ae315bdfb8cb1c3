// Package classify is the learned second reader: weights for the words of a
// message and for pairs of them, and a small net that is asked where these are
// in doubt. Trained on texts written for it (texts/), it notices worrying
// messages in wordings that no rule foresaw. It is given words that detect has
// cut and cleaned, reads those that it does not know as the words that are
// meant, and says how much they worry it, what they most likely are, and which
// words moved it. It knows no rules, no conversations and no people.
package classify

import "slices"

// Model is a trained reader. It never changes after it was made and is safe
// for concurrent use.
type Model struct {
	labels    []string
	spellings []string // of the words, the commonest first
	vocab     vocabulary
	mends     mends
	start     int32     // where a glance begins
	strange   int32     // what a word that it does not know adds to a glance
	sides     []int16   // what two words side by side add to a glance, by glanceSlot
	hashes    []uint32  // of the features
	rows      []int8    // for each feature, a weight for each head
	table     []entry   // finds a feature; open-addressed, its length is a power of two
	bias      []float32 // of each head
	scale     []float32 // what one unit of a head's weights is worth
	net       *net
}

// The heads of a model: the first says whether a text is worrying, each
// further one whether a label fits.
const worrying = 0

func (m *Model) heads() int { return 1 + len(m.labels) }

// entry finds a feature's weights. 32 bits of hash are its whole key: of some
// hundred thousand features, about one in 40,000 that the model never saw is
// taken for one that it did.
type entry struct {
	hash uint32
	// at is 1 more than its place in rows, and below that, in the lowest byte,
	// its weight for the first head, which is all that most texts need; 0 for a
	// free entry.
	at uint32
}

func (e entry) row() uint32  { return e.at>>8 - 1 }
func (e entry) worry() int32 { return int32(int8(e.at)) }

// fillTable files the features by their hashes.
func (m *Model) fillTable() {
	size := 64
	for size < 2*len(m.hashes) {
		size *= 2
	}
	m.table = make([]entry, size)
	mask := uint32(size - 1)
	for row, h := range m.hashes {
		i := h & mask
		for m.table[i].at != 0 {
			i = (i + 1) & mask
		}
		m.table[i] = entry{h, uint32(row+1)<<8 | uint32(uint8(m.rows[row*m.heads()+worrying]))}
	}
}

// Labels are what a text can be, in the order of Reading.Label.
func (m *Model) Labels() []string { return slices.Clone(m.labels) }

// Reading is what a model makes of some words.
type Reading struct {
	Worry float64 // how worrying they are: 0 where it could be either
	Label int     // what they most likely are: a place among the labels
}

// glanceUnit is what one unit of a glance is worth, in the logarithm of the
// odds; worthReading is the least at which words are read in full. On texts
// that the model had not learned from, it spared nine of ten harmless messages
// of IRC (four of five of a forum, 19 of 20 of longer talk), and lost 5 of 540
// worrying ones that reading in full finds.
const (
	glanceUnit   = 1.0 / 1024
	worthReading = -2.0
)

// Glance says whether words are worth reading in full. It looks at each word
// and its neighbour alone, which is quick, and lets most messages pass.
func (m *Model) Glance(words []Word) bool {
	sum, before := m.start, opening
	for _, w := range words {
		if w.Known() {
			sum += int32(w.alone)
		} else {
			sum += m.strange
		}
		sum += int32(m.sides[glanceSlot(before, w.group)])
		before = w.group
	}
	return sum+int32(m.sides[glanceSlot(before, ending)]) >= 0
}

// glanceSlots is how many weights a glance has for groups side by side; pairs
// share them by their hash.
const glanceSlots = 1 << 15

func glanceSlot(a, b uint16) uint32 { return mix(groups, a, b) % glanceSlots }

// Reader reads with a model. It holds the working memory, so it serves one
// reading at a time.
type Reader struct {
	m      *Model
	found  []feature
	sums   []int32 // of each head's weights, over what was seen
	seen   []place
	round  uint8
	last   []uint8 // for each feature, the round in which it was seen
	words  int     // that were read last
	cuts   []cut
	cut    map[uint64]keptCut // of this message, by the letters' hash and length
	parts  []Word             // what its letters were cut into
	marks  []float64
	sight  sight
	nets   int  // how often the net was asked about this message
	netted bool // whether it read what was read last
}

// place is a feature that the model knows, and where it stands.
type place struct {
	row      uint32
	from, to int32
}

// NewReader makes a reader.
func (m *Model) NewReader() *Reader {
	return &Reader{m: m, last: make([]uint8, len(m.hashes)), cut: map[uint64]keptCut{}}
}

// Word finds a word by the FNV-1a hash of its lower-case spelling.
func (m *Model) Word(hash uint32) Word { return m.vocab.find(hash) }

// wholeShare is the share of the worry that is the logarithm of the odds that
// staff should see the words; the rest is that of their likeliest label. Most
// harmless chat that worries has a bit of one kind and a bit of another: on
// texts that the model had not learned from, asking that it be of one kind
// found 7 to 14 more of 100 worrying ones at the same false alarms.
const wholeShare = 0.6

// worthNaming is the least logarithm of the odds at which the labels are asked:
// of 607 worrying texts that the model had not learned from, none below it was
// found worrying with them.
const worthNaming = -2

// netShare is the weight of the net's odds beside those of the weights of words
// and pairs. With it, a net found 1 to 4 more of 100 worrying texts that the model
// had not learned from, at the same false alarms; with 0.5 at most 1, with 1 fewer.
const netShare = 0.3

// worthNet is the least worry at which the net is asked, since it takes a
// hundred times as long as the rest (40 microseconds). Of public chat 30 messages
// in 10,000 reach it, and of 607 worrying texts all that the net raised.
const worthNet = -0.5

// Read says how worrying words are, and of what kind.
func (r *Reader) Read(words []Word) (out Reading) {
	r.netted = false
	whole := r.look(words)
	if whole < worthNaming {
		return Reading{Worry: whole}
	}
	r.addUp()
	if out = r.name(whole); out.Worry < worthNet || r.nets == mostNets {
		return out
	}
	r.nets++
	r.m.net.see(&r.sight, words)
	r.netted = true
	return r.name(whole + netShare*r.m.net.odds(&r.sight, worrying))
}

// mostNets is how many parts of one message the net is asked about, so that
// none can be made to cost much; the weights read all of them.
const mostNets = 4

// Begin begins another message.
func (r *Reader) Begin() {
	r.nets = 0
	if len(r.cut) > 0 {
		clear(r.cut)
		r.parts = r.parts[:0]
	}
}

// name finds the likeliest label of words that worry so much.
func (r *Reader) name(whole float64) (out Reading) {
	best := 0.0
	for i := range r.m.labels {
		s := r.m.odds(1+i, r.sums[1+i])
		if r.netted {
			s += netShare * r.m.net.odds(&r.sight, 1+i)
		}
		if i == 0 || s > best {
			out.Label, best = i, s
		}
	}
	out.Worry = wholeShare*whole + (1-wholeShare)*best
	return out
}

// look finds the features of words, and sums them up for the first head.
func (r *Reader) look(words []Word) float64 {
	r.words = len(words)
	r.seen = r.seen[:0]
	if r.round++; r.round == 0 {
		clear(r.last)
		r.round = 1
	}
	r.found = features(r.found[:0], words)
	t, sum := r.m.table, int32(0)
	mask := uint32(len(t) - 1)
	for _, f := range r.found {
		for i := f.hash & mask; t[i].at != 0; i = (i + 1) & mask {
			if t[i].hash != f.hash {
				continue
			}
			if row := t[i].row(); r.last[row] != r.round { // each counts once
				r.last[row] = r.round
				sum += t[i].worry()
				r.seen = append(r.seen, place{row, f.from, f.to})
			}
			break
		}
	}
	return r.m.odds(worrying, sum)
}

// addUp adds the weights of what was seen up, for each head.
func (r *Reader) addUp() {
	heads := r.m.heads()
	if r.sums == nil {
		r.sums = make([]int32, heads)
	}
	clear(r.sums)
	for _, p := range r.seen {
		for h, w := range r.m.rows[int(p.row)*heads:][:heads] {
			r.sums[h] += int32(w)
		}
	}
}

// odds turns a sum of a head's weights into the logarithm of the odds.
func (m *Model) odds(head int, sum int32) float64 {
	return float64(m.bias[head]) + float64(sum)*float64(m.scale[head])
}

// sharp is the share of the heaviest word's weight that a word must have to
// be worth showing.
const sharp = 0.3

// Moved finds the run [from, to) of the words that were read last that worry
// most. A feature's weight is shared among its words.
func (r *Reader) Moved() (from, to int) {
	n := r.words
	if n == 0 {
		return 0, 0
	}
	if cap(r.marks) < n {
		r.marks = make([]float64, n)
	}
	marks := r.marks[:n]
	clear(marks)
	share := func(weight float64, from, to int) {
		for i := max(from, 0); i < min(to, n); i++ {
			marks[i] += weight / float64(to-from)
		}
	}
	heads, scale := r.m.heads(), float64(r.m.scale[worrying])
	for _, p := range r.seen {
		share(scale*float64(r.m.rows[int(p.row)*heads+worrying]), int(p.from), int(p.to))
	}
	if r.netted {
		for j, x := range r.sight.found {
			from := int(r.sight.at[j]) - 1 // the sight begins before the first word
			share(netShare*float64(r.m.net.out[worrying*netFound+j]*x), from, from+j/netFilters+1)
		}
	}
	least := sharp * slices.Max(marks)
	best, sum, start := 0.0, 0.0, 0
	to = n
	for i, w := range marks {
		if sum <= 0 {
			sum, start = 0, i
		}
		if sum += w - least; sum > best {
			best, from, to = sum, start, i+1
		}
	}
	if to-from < 3 { // one word alone tells a reader little
		from, to = max(0, from-1), min(n, to+1)
	}
	return from, to
}
