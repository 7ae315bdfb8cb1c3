package detect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Phrase is what staff of one server want found besides the lexicon, in plain
// words: these words in this order, however they are spelled, with up to two
// words of the same sentence between them.
type Phrase struct {
	ID       string
	Text     string
	Category Category
	Weight   float64 // see Signal.Weight
	Shadow   bool    // tried out: found, but no sign
}

// Changes are what the staff of one server changed about what is found.
type Changes struct {
	Phrases []Phrase
	Off     []string // rules that find nothing
	Quiet   []string // rules that only add up
}

// Overlay applies the changes of one server to what the shared detector finds,
// so that a server without any costs nothing and one with some a few
// kilobytes. A nil Overlay changes nothing. It never changes after it was made
// and is safe for concurrent use.
type Overlay struct {
	phrases *Detector // of the phrases alone; nil for none
	shadow  map[string]bool
	off     map[string]bool
	quiet   map[string]bool
}

const (
	phraseGap = 2 // words of any kind between two words of a phrase
	// MaxPhraseWords bounds a phrase: a longer one is never said twice alike.
	MaxPhraseWords = 12
	// minMeant is the shortest word that text-speak is taken to stand for:
	// shorter ones would make a phrase find too much.
	minMeant = 3
)

// WeightOf is the weight that a sign needs to be of a severity by itself.
func WeightOf(s Severity) float64 {
	switch s {
	case None:
		return 0
	case Low:
		return lowWeight
	case Medium:
		return mediumWeight
	case High:
		return highWeight
	}
	return urgentWeight
}

// lowWeight is half of what staff should see: two different signs of it are
// needed.
const lowWeight = mediumWeight / 2

// Overlay compiles the changes of one server.
func (d *Detector) Overlay(c Changes) (*Overlay, error) {
	o := &Overlay{shadow: map[string]bool{}, off: setOf(c.Off), quiet: setOf(c.Quiet)}
	for _, p := range c.Phrases {
		if p.Shadow {
			o.shadow[p.ID] = true
		}
	}
	if len(c.Phrases) == 0 {
		return o, nil
	}
	var err error
	o.phrases, err = d.phrases(c.Phrases)
	return o, err
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[s] = true
	}
	return set
}

// Detect is what the detector finds in a text for this server. Signs of
// phrases that are tried out come apart.
func (o *Overlay) Detect(d *Detector, text string) (signals, shadow []Signal) {
	signals = d.Detect(text)
	if o == nil {
		return signals, nil
	}
	signals = o.change(signals)
	if o.phrases == nil {
		return signals, nil
	}
	for _, g := range o.phrases.Detect(text) {
		if o.shadow[g.Rule] {
			shadow = append(shadow, g)
		} else {
			signals = append(signals, g)
		}
	}
	return signals, shadow
}

// change leaves out the rules that are off and lowers those that are quiet.
func (o *Overlay) change(signals []Signal) []Signal {
	kept := signals[:0]
	for _, g := range signals {
		switch {
		case o.off[g.Rule]:
			continue
		case o.quiet[g.Rule]:
			g.Weight = min(g.Weight, lowWeight)
		}
		kept = append(kept, g)
	}
	return kept
}

// phrases compiles phrases into a detector of their own. It knows the ways to
// write a word that the lexicon knows, and derives them for the others.
func (d *Detector) phrases(list []Phrase) (*Detector, error) {
	base := d.lex.program
	c := newCompilerWith(base.tables)
	rules := map[string]int32{}
	for _, p := range list {
		pt, err := c.phrasePattern(p.Text)
		if err != nil {
			return nil, fmt.Errorf("phrase %s: %w", p.ID, err)
		}
		rules[p.ID] = int32(len(c.p.rules))
		c.p.patterns = append(c.p.patterns, pt)
		c.p.owner = append(c.p.owner, int32(len(c.p.rules)))
		c.p.rules = append(c.p.rules, compiledRule{Rule: Rule{
			ID: p.ID, Category: p.Category, Weight: p.Weight, Severity: SeverityOf(p.Weight), Speaker: Anyone, Why: p.Text,
		}})
	}
	for id, filler := range base.fillers {
		if filler {
			own := c.word(base.names[id])
			c.p.fillers = grow(c.p.fillers, int(own)+1)
			c.p.fillers[own] = true
		}
	}
	return New(&Lexicon{program: c.finish(c.spelledAs(base)), rules: rules}), nil
}

// phrasePattern makes the pattern of a phrase.
func (c *compiler) phrasePattern(text string) (pattern, error) {
	words := cutEntry(text)
	if len(words) == 0 || len(words) > MaxPhraseWords {
		return pattern{}, fmt.Errorf("it has %d words, of 1 to %d", len(words), MaxPhraseWords)
	}
	seq := node{kind: nodeSeq}
	for i, w := range words {
		if i > 0 {
			seq.kids = append(seq.kids, gap(0, phraseGap, false, -1))
		}
		seq.kids = append(seq.kids, node{kind: nodeSet, set: c.literal(c.word(w))})
	}
	p, _, err := build(seq)
	if err != nil {
		return pattern{}, err
	}
	p.before = -1
	c.keepCuts(&p, seq)
	return p, nil
}

// spelledAs takes over how the lexicon writes the words that both have. It
// returns the words of which no slips are to be derived: those, and words of
// the lexicon that would be a slip of one of ours.
func (c *compiler) spelledAs(base *program) (real map[string]bool) {
	real = map[string]bool{}
	known := make([]int32, len(base.names)) // for each word of theirs, which of ours it is, from 1
	var ours [][]wordID
	for word, own := range c.single {
		// A phrase may be typed in text-speak, too: ur stands for your.
		for _, id := range base.words.ids(word) {
			if name := base.names[id]; name == word || len(name) >= minMeant {
				if known[id] == 0 {
					ours = append(ours, nil)
					known[id] = int32(len(ours))
				}
				ours[known[id]-1], real[word] = append(ours[known[id]-1], own), true
			}
		}
		if real[word] || len(word) < 5 {
			continue
		}
		for s := range slips(word) {
			if _, ok := base.named(string(s)); ok {
				real[string(s)] = true
			}
		}
	}
	give := func(e *entry, id wordID) {
		if known[id] == 0 {
			return
		}
		for _, own := range ours[known[id]-1] {
			c.also = append(c.also, spelling{string(base.words.spelling(e)), own})
		}
	}
	for i := range base.words.entries {
		e := &base.words.entries[i]
		give(e, e.first)
		for _, id := range base.words.moreOf(e) {
			give(e, id)
		}
	}
	slices.SortFunc(c.also, func(a, b spelling) int {
		return cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(a.word, b.word))
	})
	return real
}

// named finds the word that is spelled so, not merely one that may be.
func (p *program) named(word string) (wordID, bool) {
	for _, id := range p.words.ids(word) {
		if p.names[id] == word {
			return id, true
		}
	}
	return unknownWord, false
}

// PhraseWords cuts a phrase into its words and says how many of them carry a
// meaning of their own.
func (d *Detector) PhraseWords(text string) (words []string, meaning int) {
	p := d.lex.program
	words = cutEntry(text)
	for _, w := range words {
		if id, ok := p.named(w); !ok || !p.stops[id] {
			meaning++
		}
	}
	return words, meaning
}

// Common says whether a word is one of the most frequent of the language.
func (d *Detector) Common(word string) bool {
	id, ok := d.lex.program.named(word)
	return ok && d.lex.program.isFrequent(id)
}

// Own is what the server's own phrases alone find in a text, those that are
// tried out included.
func (o *Overlay) Own(text string) []Signal {
	if o == nil || o.phrases == nil {
		return nil
	}
	return o.phrases.Detect(text)
}
