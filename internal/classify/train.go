package classify

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// Text is one text to learn from.
type Text struct {
	Words    []string // lower case, as detect cuts them
	Labels   []string // empty where it is harmless
	Worrying bool     // whether staff should see it by itself
}

// The settings of the training. They were chosen on texts that the model had
// not learned from.
const (
	cost       = 0.5  // of an error, against the size of the weights
	steps      = 150  // of the optimizer, at most
	enough     = 1e-3 // the slope at which it stops, against the first one
	wordSeen   = 3    // texts that a word must be in to count as itself
	groupSeen  = 2    // and a group
	sharedSeen = 2    // and a feature
	nothing    = 3    // of 127: a weight up to which it is next to nothing
)

// Train makes a model of texts. The same texts give the same model.
func Train(texts []Text, meanings Meanings) (*Model, error) {
	m := &Model{}
	for _, t := range texts {
		for _, l := range t.Labels {
			if !slices.Contains(m.labels, l) {
				m.labels = append(m.labels, l)
			}
		}
	}
	slices.Sort(m.labels)
	numbers, err := m.learnWords(texts, meanings)
	if err != nil {
		return nil, err
	}
	m.learnGlance(texts, numbers)
	data, hashes := m.index(texts)
	n := len(hashes)
	weights := make([][]float64, m.heads())
	for h := range weights {
		weights[h] = m.fit(data, texts, n, h)
	}
	m.pack(hashes, weights)
	m.learnNet(texts, numbers)
	return m, nil
}

// learnWords fills the vocabulary: the words of all groups, and those whose
// group stands in enough texts. It returns how many numbers it gave to words,
// groups and kinds.
func (m *Model) learnWords(texts []Text, meanings Meanings) (numbers int, err error) {
	words, members := map[string]int{}, map[string]int{} // in how many texts
	for _, t := range texts {
		own, ownGroups := map[string]bool{}, map[string]bool{}
		for _, w := range t.Words {
			own[w], ownGroups[meanings.group(w)] = true, true
		}
		for w := range own {
			words[w]++
		}
		for g := range ownGroups {
			members[g]++
		}
	}
	for w, g := range meanings.groups {
		words[w] += 0
		members[g] += groupSeen
	}
	for g := range meanings.kinds {
		words[g] += 0
		members[g] += groupSeen
	}
	sorted := slices.Sorted(maps.Keys(words))
	m.vocab = newVocabulary(len(sorted))
	number := numbering{}
	hashes := map[uint32]string{}
	for _, w := range sorted {
		g := meanings.group(w)
		if members[g] < groupSeen || len(w) > math.MaxUint8 {
			continue
		}
		word := Word{group: number.of("group " + g)}
		word.kind = word.group
		if k, ok := meanings.kinds[g]; ok {
			word.kind = number.of("kind " + k)
		}
		if words[w] >= wordSeen {
			word.id = number.of("word " + w)
		}
		h := Hash(w)
		if was, ok := hashes[h]; ok {
			return 0, fmt.Errorf("%q and %q have the same hash: leave one of them out", was, w)
		}
		hashes[h] = w
		m.vocab.add(h, word)
		m.spellings = append(m.spellings, w)
	}
	slices.SortStableFunc(m.spellings, func(a, b string) int { return words[b] - words[a] })
	if len(number) >= int(opening) {
		return 0, fmt.Errorf("%d words, groups and kinds are more than a model can number", len(number))
	}
	return len(number), nil
}

// learnGlance learns what words add to a glance: each by itself, which is the
// weight of itself, of its group and of its kind together, and two side by side.
func (m *Model) learnGlance(texts []Text, numbers int) {
	data := make([][]int32, len(texts))
	for i, t := range texts {
		before := opening
		add := func(group uint16) {
			data[i] = append(data[i], int32(numbers)+1+int32(glanceSlot(before, group)))
			before = group
		}
		for _, s := range t.Words {
			w := m.vocab.find(Hash(s))
			data[i] = append(data[i], w.numbers()...)
			add(w.group)
		}
		add(ending)
	}
	n := numbers + 1 + glanceSlots
	weights := m.fit(data, texts, n, worrying)
	units := func(x float64) int16 {
		return int16(min(max(math.Round(x/glanceUnit), math.MinInt16), math.MaxInt16))
	}
	m.start, m.strange = int32(units(weights[n]-worthReading)), int32(units(weights[0]))
	for _, x := range weights[numbers+1 : n] {
		m.sides = append(m.sides, units(x))
	}
	for i := range m.vocab.slots {
		if w := &m.vocab.slots[i].word; w.Known() {
			sum := 0.0
			for _, n := range w.numbers() {
				sum += weights[n]
			}
			w.alone = units(sum)
		}
	}
}

// numbers are those of a word, its group and its kind, as far as it has them;
// 0 for a word that the model does not know.
func (w Word) numbers() (out []int32) {
	if !w.Known() {
		return []int32{0}
	}
	if w.id != 0 {
		out = append(out, int32(w.id))
	}
	out = append(out, int32(w.group))
	if w.kind != w.group {
		out = append(out, int32(w.kind))
	}
	return out
}

// numbering gives each name a number, from 1 on.
type numbering map[string]uint16

func (n numbering) of(name string) uint16 {
	if n[name] == 0 {
		n[name] = uint16(len(n) + 1)
	}
	return n[name]
}

// index numbers the features of the texts and returns each text's, and the
// hash of each.
func (m *Model) index(texts []Text) (data [][]int32, hashes []uint32) {
	all := make([][]uint32, len(texts))
	seen := map[uint32]int{}
	for i, t := range texts {
		words := make([]Word, len(t.Words))
		for k, w := range t.Words {
			words[k] = m.vocab.find(Hash(w))
		}
		for _, f := range features(nil, words) {
			if !slices.Contains(all[i], f.hash) {
				all[i] = append(all[i], f.hash)
				seen[f.hash]++
			}
		}
	}
	for h, times := range seen {
		if times >= sharedSeen {
			hashes = append(hashes, h)
		}
	}
	slices.Sort(hashes)
	rows := map[uint32]int32{}
	for i, h := range hashes {
		rows[h] = int32(i)
	}
	data = make([][]int32, len(texts))
	for i, hs := range all {
		for _, h := range hs {
			if r, ok := rows[h]; ok {
				data[i] = append(data[i], r)
			}
		}
	}
	return data, hashes
}

// fit learns the weights of one head: logistic regression with small weights
// (L2), which has one best answer.
func (m *Model) fit(data [][]int32, texts []Text, n, head int) []float64 {
	type example struct {
		at []int32
		y  float64
	}
	var examples []example
	for i, t := range texts {
		if y, ok := m.target(t, head); ok {
			examples = append(examples, example{data[i], y})
		}
	}
	return minimize(n+1, func(w, slope []float64) (loss float64) { // the last weight is the bias
		for i, x := range w {
			loss += x * x / 2
			slope[i] = x
		}
		for _, e := range examples {
			z := w[n]
			for _, f := range e.at {
				z += w[f]
			}
			p := 1 / (1 + math.Exp(-z))
			loss += cost * (math.Log1p(math.Exp(-math.Abs(z))) + max(z, 0) - e.y*z)
			g := cost * (p - e.y)
			for _, f := range e.at {
				slope[f] += g
			}
			slope[n] += g
		}
		return loss
	})
}

// target is what a head should answer to a text, 1 or 0; ok is false where
// the text teaches it nothing.
func (m *Model) target(t Text, head int) (y float64, ok bool) {
	switch {
	case head == worrying && len(t.Labels) > 0 && !t.Worrying:
		return 0, false // worries only together with more
	case head == worrying && t.Worrying, head != worrying && slices.Contains(t.Labels, m.labels[head-1]):
		return 1, true
	}
	return 0, true
}

// pack rounds the weights to a byte each, and leaves out features whose
// weights are all next to nothing.
func (m *Model) pack(hashes []uint32, weights [][]float64) {
	n, heads := len(hashes), len(weights)
	most := make([]float64, heads)
	for h, w := range weights {
		for _, x := range w[:n] {
			most[h] = max(most[h], math.Abs(x))
		}
		if most[h] == 0 {
			most[h] = 1
		}
		m.bias = append(m.bias, float32(w[n]))
		m.scale = append(m.scale, float32(most[h]/127))
	}
	row := make([]int8, heads)
	for f, hash := range hashes {
		matters := false
		for h, w := range weights {
			row[h] = int8(math.Round(w[f] / most[h] * 127))
			matters = matters || row[h] > nothing || row[h] < -nothing
		}
		if matters {
			m.hashes = append(m.hashes, hash)
			m.rows = append(m.rows, row...)
		}
	}
	m.fillTable()
	m.mends = newMends(m)
}
