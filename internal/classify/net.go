package classify

import (
	"math"
	"math/rand/v2"
	"sync"
)

// The sizes of a net. Larger ones (32 and 64, 48 and 128) found hardly more
// texts that they had not learned from.
const (
	netSize    = 24 // numbers that stand for a word
	netWidths  = 3  // filters look at 1, 2 and 3 words in a row
	netFilters = 48 // of each width
	netFound   = netWidths * netFilters
)

// net is a small convolutional network (Kim, Convolutional Neural Networks for
// Sentence Classification, 2014): numbers for each word, filters that look for
// a few words in a row, each counting where it fits best, and for each head a
// weight for each filter. Words that are used alike get numbers alike, so it
// knows wordings again that no text had word for word, which weights of pairs
// of words can not.
type net struct {
	all     []float32 // everything below, in this order
	words   []float32 // for unknown words, for each number of words, groups and kinds, for a message's two ends
	filters []float32 // those of each width in turn: for each number of each word, a weight for each filter
	least   []float32 // what each filter begins with
	out     []float32 // for each head, a weight for each filter
	bias    []float32 // of each head
}

func newNet(rows, heads int) *net {
	const filters = netSize * netFilters * netWidths * (netWidths + 1) / 2
	sizes := [...]int{rows * netSize, filters, netFound, heads * netFound, heads}
	total := 0
	for _, s := range sizes {
		total += s
	}
	n := &net{all: make([]float32, total)}
	rest := n.all
	for i, part := range []*[]float32{&n.words, &n.filters, &n.least, &n.out, &n.bias} {
		*part, rest = rest[:sizes[i]], rest[sizes[i]:]
	}
	return n
}

// dense are the weights that every text has a part in.
func (n *net) dense() []float32 { return n.all[len(n.words):] }

// width are the weights of the filters of a width.
func (n *net) width(w int) []float32 {
	from := netSize * netFilters * w * (w - 1) / 2
	return n.filters[from : from+netSize*netFilters*w]
}

// row is the place of a number's weights among the words.
func (n *net) row(number uint16) int {
	rows := len(n.words) / netSize
	switch number {
	case opening:
		return rows - 2
	case ending:
		return rows - 1
	}
	return int(number)
}

// rowsOf appends the rows that stand for a word together.
func (n *net) rowsOf(to []int32, w Word) []int32 {
	to = append(to, int32(n.row(w.group)))
	if w.id != 0 {
		to = append(to, int32(w.id))
	}
	if w.kind != w.group {
		to = append(to, int32(w.kind))
	}
	return to
}

// sight is what a net sees in a message.
type sight struct {
	rows  []int32           // of all words, one after the other
	ends  []int32           // where each word's rows end
	words []float32         // netSize numbers for each word, its ends included
	found [netFound]float32 // how well each filter fits where it fits best, 0 where nowhere
	at    [netFound]int32   // the word from which it does
}

// see fills a sight with the words of a message.
func (n *net) see(s *sight, words []Word) {
	s.rows, s.ends = s.rows[:0], s.ends[:0]
	for i := -1; i <= len(words); i++ {
		s.add(n, at(words, i))
	}
	n.look(s)
}

func (s *sight) add(n *net, w Word) {
	s.rows = n.rowsOf(s.rows, w)
	s.ends = append(s.ends, int32(len(s.rows)))
}

// look fits the filters to the words of a sight.
func (n *net) look(s *sight) {
	s.words = append(s.words[:0], make([]float32, len(s.ends)*netSize)...)
	from := int32(0)
	for i, end := range s.ends {
		to := s.words[i*netSize:][:netSize]
		for _, r := range s.rows[from:end] {
			for k, x := range n.words[int(r)*netSize:][:netSize] {
				to[k] += x
			}
		}
		from = end
	}
	clear(s.found[:])
	for w := 1; w <= netWidths; w++ {
		first := (w - 1) * netFilters
		least := (*[netFilters]float32)(n.least[first:])
		weights := n.width(w)
		for i := 0; i+w <= len(s.ends); i++ {
			fits := *least
			for k, x := 0, s.words[i*netSize:][:w*netSize]; k < len(x); k += 4 {
				a, b, c, d := x[k], x[k+1], x[k+2], x[k+3]
				wa := (*[netFilters]float32)(weights[k*netFilters:])
				wb := (*[netFilters]float32)(weights[(k+1)*netFilters:])
				wc := (*[netFilters]float32)(weights[(k+2)*netFilters:])
				wd := (*[netFilters]float32)(weights[(k+3)*netFilters:])
				for j := range fits {
					fits[j] += a*wa[j] + b*wb[j] + c*wc[j] + d*wd[j]
				}
			}
			for j, x := range fits {
				if x > s.found[first+j] {
					s.found[first+j], s.at[first+j] = x, int32(i)
				}
			}
		}
	}
}

// odds is the logarithm of the odds of a head.
func (n *net) odds(s *sight, head int) float64 {
	sum := n.bias[head]
	for j, w := range n.out[head*netFound:][:netFound] {
		sum += w * s.found[j]
	}
	return float64(sum)
}

// The settings of a net's training, chosen as those of Train were.
const (
	netRounds    = 8     // through all texts
	netBatch     = 32    // texts between two steps
	netStep      = 0.003 // how far a step goes at first
	netStepAtEnd = 0.05  // and what share of it at the end
	netForgets   = 0.1   // share of the filters that a text does not see
	netMisses    = 0.02  // share of the words that a text does not know
	netBlurs     = 0.3   // share of the words of which it knows the group alone
)

// netWorkers share a batch. Each has the same part of it on every machine,
// since the order of a sum is in its result.
const netWorkers = 2

// learnNet trains the net, by Adam (Kingma and Ba, 2015). The weights of a
// word move only where it was in a batch.
func (m *Model) learnNet(texts []Text, numbers int) {
	n := newNet(numbers+3, m.heads())
	n.start()
	words := make([][]Word, len(texts))
	order := make([]int, len(texts))
	for i, t := range texts {
		order[i] = i
		for _, w := range t.Words {
			words[i] = append(words[i], m.vocab.find(Hash(w)))
		}
	}
	var workers [netWorkers]*netWorker
	for i := range workers {
		workers[i] = &netWorker{m: m, n: n, slope: newNet(numbers+3, m.heads()), moved: make([]bool, numbers+3)}
	}
	adam := newAdam(n)
	steps := netRounds * ((len(texts) + netBatch - 1) / netBatch)
	for round := range uint64(netRounds) {
		rand.New(rand.NewPCG(round, 0)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for from := 0; from < len(order); from += netBatch {
			batch := order[from:min(from+netBatch, len(order))]
			var wg sync.WaitGroup
			for i, w := range workers {
				wg.Go(func() {
					for k := i; k < len(batch); k += netWorkers {
						t := batch[k]
						w.learn(words[t], texts[t], rand.New(rand.NewPCG(round, uint64(t)+1)))
					}
				})
			}
			wg.Wait()
			done := float64(adam.steps) / float64(steps)
			adam.step(n, workers[:], netStep*(1-(1-netStepAtEnd)*done), len(batch))
		}
	}
	n.round()
	m.net = n
}

// start gives the net its first weights.
func (n *net) start() {
	rnd := rand.New(rand.NewPCG(1, 1))
	fill := func(to []float32, size float64) {
		for i := range to {
			to[i] = float32(rnd.NormFloat64() * size)
		}
	}
	fill(n.words, 0.1)
	for w := 1; w <= netWidths; w++ {
		fill(n.width(w), math.Sqrt(2/float64(w*netSize)))
	}
	fill(n.out, math.Sqrt(1.0/netFound))
	for i := range n.bias {
		n.bias[i] = -2
	}
}

// round rounds the words' weights to those that a model's file can hold.
func (n *net) round() {
	scale := n.scale()
	for i, x := range n.words {
		n.words[i] = float32(int8(math.Round(float64(x/scale)))) * scale
	}
}

// scale is what one unit of the words' weights is worth in a file.
func (n *net) scale() float32 {
	most := float32(0)
	for _, x := range n.words {
		most = max(most, x, -x)
	}
	if most == 0 {
		return 1
	}
	return most / math.MaxInt8
}

// netWorker finds for its part of a batch which way the weights should move.
type netWorker struct {
	m     *Model
	n     *net
	slope *net
	rows  []int32 // of the words whose weights move
	moved []bool
	s     sight
	words []float32
}

func (w *netWorker) learn(words []Word, t Text, rnd *rand.Rand) {
	n, s := w.n, &w.s
	s.rows, s.ends = s.rows[:0], s.ends[:0]
	for i := -1; i <= len(words); i++ {
		word := at(words, i)
		if i >= 0 && i < len(words) {
			switch x := rnd.Float64(); {
			case x < netMisses:
				word = Word{}
			case x < netMisses+netBlurs:
				word.id = 0
			}
		}
		s.add(n, word)
	}
	n.look(s)
	var back [netFound]float32
	for j := range s.found {
		if rnd.Float64() < netForgets {
			s.found[j] = 0
		}
		s.found[j] /= 1 - netForgets
	}
	for h := range w.m.heads() {
		y, _ := w.m.target(t, h)
		g := float32(1/(1+math.Exp(-n.odds(s, h))) - y)
		w.slope.bias[h] += g
		out, slope := n.out[h*netFound:][:netFound], w.slope.out[h*netFound:][:netFound]
		for j, x := range s.found {
			slope[j] += g * x
			back[j] += g * out[j]
		}
	}
	w.words = append(w.words[:0], make([]float32, len(s.words))...)
	for j, x := range s.found {
		if x == 0 {
			continue
		}
		g := back[j] / (1 - netForgets)
		w.slope.least[j] += g
		width := j/netFilters + 1
		weights, slope := n.width(width), w.slope.width(width)
		from := int(s.at[j]) * netSize
		for k, x := range s.words[from : from+width*netSize] {
			at := k*netFilters + j%netFilters
			slope[at] += g * x
			w.words[from+k] += g * weights[at]
		}
	}
	from := int32(0)
	for i, end := range s.ends {
		for _, r := range s.rows[from:end] {
			if !w.moved[r] {
				w.moved[r] = true
				w.rows = append(w.rows, r)
			}
			slope := w.slope.words[int(r)*netSize:][:netSize]
			for k, x := range w.words[i*netSize:][:netSize] {
				slope[k] += x
			}
		}
		from = end
	}
}

// adam moves weights by how they should have moved so far.
type adam struct {
	mean, square *net
	steps        int
}

func newAdam(n *net) *adam {
	rows, heads := len(n.words)/netSize, len(n.bias)
	return &adam{mean: newNet(rows, heads), square: newNet(rows, heads)}
}

// step takes one step, and clears what the workers found.
func (a *adam) step(n *net, workers []*netWorker, size float64, texts int) {
	const keepMean, keepSquare, tiny = 0.9, 0.999, 1e-8
	a.steps++
	meanShare := float32(1 - math.Pow(keepMean, float64(a.steps)))
	squareShare := float32(1 - math.Pow(keepSquare, float64(a.steps)))
	first := workers[0]
	for _, w := range workers[1:] { // all into the first
		for _, r := range w.rows {
			if !first.moved[r] {
				first.moved[r] = true
				first.rows = append(first.rows, r)
			}
			w.moved[r] = false
			sumUp(first.slope.words[int(r)*netSize:][:netSize], w.slope.words[int(r)*netSize:][:netSize])
		}
		w.rows = w.rows[:0]
		sumUp(first.slope.dense(), w.slope.dense())
	}
	move := func(from, to int) {
		weights, slope := n.all[from:to], first.slope.all[from:to]
		mean, square := a.mean.all[from:to], a.square.all[from:to]
		for i := range weights {
			g := slope[i] / float32(texts)
			slope[i] = 0
			mean[i] = keepMean*mean[i] + (1-keepMean)*g
			square[i] = keepSquare*square[i] + (1-keepSquare)*g*g
			weights[i] -= float32(size) * (mean[i] / meanShare) / (float32(math.Sqrt(float64(square[i]/squareShare))) + tiny)
		}
	}
	for _, r := range first.rows {
		first.moved[r] = false
		move(int(r)*netSize, int(r+1)*netSize)
	}
	first.rows = first.rows[:0]
	move(len(n.words), len(n.all))
}

// sumUp adds one list to another, and clears it.
func sumUp(to, from []float32) {
	for i, x := range from {
		to[i] += x
	}
	clear(from)
}
