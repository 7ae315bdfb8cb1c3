package guide

import (
	"fmt"
	"sort"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/whitespace"
	"github.com/blevesearch/go-porterstemmer"

	"github.com/waymark-bot/waymark/responses"
)

// Hit is a topic that answers a question.
type Hit struct {
	ID    string
	Score float64 // from 0 to 1: how much of the question the topic speaks of
}

// The fields of the index: how people ask for a topic, and what it says.
const (
	fieldAsked = "asked"
	fieldSaid  = "said"
)

// index finds the topics that answer a question. It lives in memory.
type index struct {
	docs    bleve.Index
	count   int // of documents
	speech  speech
	cries   map[responses.Cry]patterns
	voices  map[responses.Audience]patterns
	skip    map[string]bool
	subject map[string]bool            // stems that mark a question as one for us
	same    map[string]string          // stem -> the one that stands for its synonyms
	known   map[string]map[string]bool // stem -> the topics that use it
	vocab   []string                   // words as written, to mend slips of typing
	written map[string]bool            // the same, to look up
}

// newIndex reads the topics and what is known of how people type.
func newIndex(texts *responses.Texts) (*index, error) {
	a := texts.Asking()
	ix := &index{cries: map[responses.Cry]patterns{}, voices: map[responses.Audience]patterns{}, speech: newSpeech(a), skip: map[string]bool{},
		subject: map[string]bool{}, same: map[string]string{},
		known: map[string]map[string]bool{}, written: map[string]bool{}}
	var err error
	for c, written := range a.Crisis {
		if ix.cries[c], err = newPatterns(written, a.Sets); err != nil {
			return nil, fmt.Errorf("cries for help, %s: %w", c, err)
		}
	}
	for v, written := range a.Voices {
		if ix.voices[v], err = newPatterns(written, a.Sets); err != nil {
			return nil, fmt.Errorf("voices, %s: %w", v, err)
		}
	}
	for _, w := range a.Skip {
		ix.skip[strings.Join(tokens(w), "")] = true
	}
	for _, group := range a.Same {
		ix.join(group)
	}
	for _, w := range a.Subject {
		ix.subject[ix.stem(w)] = true
		ix.learn(w)
	}
	if ix.docs, err = newDocs(); err != nil {
		return nil, fmt.Errorf("make the search index: %w", err)
	}
	if err := ix.fill(texts); err != nil {
		return nil, fmt.Errorf("fill the search index: %w", err)
	}
	sort.Strings(ix.vocab)
	return ix, nil
}

// newDocs makes an empty index of texts that are taken apart already.
func newDocs() (bleve.Index, error) {
	m := bleve.NewIndexMapping()
	err := m.AddCustomAnalyzer("words", map[string]any{"type": custom.Name, "tokenizer": whitespace.Name})
	if err != nil {
		return nil, err
	}
	m.DefaultAnalyzer = "words"
	m.StoreDynamic, m.DocValuesDynamic = false, false
	m.ScoringModel = "bm25"
	return bleve.NewMemOnly(m)
}

// join makes the words of a group mean the same.
func (ix *index) join(group []string) {
	if len(group) == 0 {
		return
	}
	first := porterstemmer.StemString(group[0])
	for _, w := range group {
		ix.same[porterstemmer.StemString(w)] = first
		ix.learn(w)
	}
}

// learn keeps a word as one that can be meant by a slip of typing.
func (ix *index) learn(word string) {
	if len(word) >= 4 && !ix.written[word] {
		ix.written[word] = true
		ix.vocab = append(ix.vocab, word)
	}
}

// stem cuts a word's endings off and gives the one that stands for it.
func (ix *index) stem(word string) string {
	s := porterstemmer.StemString(word)
	if first, ok := ix.same[s]; ok {
		return first
	}
	return s
}

// fill indexes every way of asking, and every paragraph, as one document.
func (ix *index) fill(texts *responses.Texts) error {
	batch := ix.docs.NewBatch()
	add := func(topic, field, text string) error {
		stems := ix.stems(text, topic)
		if len(stems) == 0 {
			return nil
		}
		ix.count++
		id := fmt.Sprintf("%s/%s/%d", field, topic, ix.count)
		return batch.Index(id, map[string]string{field: strings.Join(stems, " ")})
	}
	for _, t := range texts.Topics() {
		asked := append([]string{t.Title, t.Question}, t.Asked...)
		for _, s := range append(asked, t.Keywords...) {
			if err := add(t.ID, fieldAsked, s); err != nil {
				return err
			}
		}
		for _, s := range said(t) {
			if err := add(t.ID, fieldSaid, s); err != nil {
				return err
			}
		}
	}
	return ix.docs.Batch(batch)
}

// said lists a topic's paragraphs for all audiences.
func said(t responses.Topic) []string {
	var out []string
	for _, a := range responses.Audiences() {
		e := t.For(a)
		for _, part := range [][]responses.Paragraph{e.Short, e.More, e.Do} {
			for _, p := range part {
				out = append(append(out, p.Items...), p.Text)
			}
		}
	}
	return out
}

// stems are the words of a topic's text that carry its subject.
func (ix *index) stems(text, topic string) []string {
	var out []string
	for _, w := range ix.speech.read(text) {
		if ix.skip[w] {
			continue
		}
		ix.learn(w)
		s := ix.stem(w)
		if ix.known[s] == nil {
			ix.known[s] = map[string]bool{}
		}
		ix.known[s][topic] = true
		out = append(out, s)
	}
	return out
}

// word is one word of a question.
type word struct {
	stem   string
	known  bool
	mended bool // it was read as another word, because of a slip of typing
}

// words are the words of a question that carry its subject.
func (ix *index) words(question string) []word {
	var out []word
	seen := map[string]bool{}
	for _, w := range ix.speech.read(question) {
		if ix.skip[w] {
			continue
		}
		x := word{stem: ix.stem(w)}
		x.known = ix.known[x.stem] != nil
		if !x.known {
			if meant := ix.mend(w); meant != "" {
				x = word{stem: ix.stem(meant), mended: true}
				x.known = ix.known[x.stem] != nil
			}
		}
		if !seen[x.stem] && !ix.skip[x.stem] {
			seen[x.stem] = true
			out = append(out, x)
		}
	}
	return out
}

// mend finds the word that was meant by one that nobody knows, "" for none.
func (ix *index) mend(w string) string {
	best, least := "", 3
	for _, v := range ix.vocab {
		if !near(w, v) {
			continue
		}
		if d := distance([]rune(w), []rune(v)); d < least {
			best, least = v, d
		}
	}
	return best
}
