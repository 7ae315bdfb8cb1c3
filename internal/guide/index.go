package guide

import (
	"fmt"
	"maps"
	"slices"
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
	fieldAsked = "asked" // the words that carry the subject
	fieldWhole = "whole" // of how people ask, all words, alone and in pairs
	fieldSaid  = "said"
)

// The sets of words, and of ways of asking, that mark a question as one about
// something else, by their names in responses/<lang>/ask.yaml. No topic has the
// name of the second.
const (
	elsewhereSet = "elsewhere"
	otherTalkSet = "othertalk"
)

// index finds the topics that answer a question. It lives in memory.
type index struct {
	docs    bleve.Index
	count   int // of documents
	topics  int // of topics
	speech  speech
	ears    []ear // for cries for help; English first
	skip    map[string]bool
	marks   map[string]float64         // stem -> how much it marks a question as one for us
	same    map[string]string          // stem -> the one that stands for its synonyms
	usedBy  map[string]map[string]bool // stem -> the topics that use it
	known   map[string]bool            // stems of the ways of asking
	vocab   []string                   // words as written, to mend slips of typing
	written map[string]bool            // the same, to look up
}

// newIndex reads the topics and what is known of how people type.
func newIndex(texts *responses.Texts) (*index, error) {
	a := texts.Asking()
	ix := &index{speech: newSpeech(a), skip: map[string]bool{},
		marks: map[string]float64{}, same: map[string]string{},
		usedBy: map[string]map[string]bool{}, known: map[string]bool{}, written: map[string]bool{}}
	var err error
	if ix.ears, err = newEars(texts); err != nil {
		return nil, err
	}
	for _, w := range a.Skip {
		ix.skip[w] = true
		ix.learn(w)
	}
	for _, group := range a.Same {
		ix.join(group)
	}
	for _, list := range []struct {
		words []string
		mark  float64
	}{{a.Plain, 0}, {a.Context, contextMark}, {a.Subject, subjectMark}, {a.Sure, sureMark}, {a.Sets[elsewhereSet], elsewhereMark}} {
		for _, w := range list.words {
			ix.marks[ix.stem(w)] = list.mark
			ix.learn(w)
		}
	}
	if ix.docs, err = newDocs(); err != nil {
		return nil, fmt.Errorf("make the search index: %w", err)
	}
	if err := ix.fill(texts, a.Sets[otherTalkSet]); err != nil {
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

// fill indexes every way of asking, and every paragraph, as one document; and
// the ways of asking for something else.
func (ix *index) fill(texts *responses.Texts, otherTalk []string) error {
	batch := ix.docs.NewBatch()
	add := func(topic, field, text string) error {
		stems := ix.stems(text, topic)
		doc := map[string]string{field: strings.Join(stems, " ")}
		ix.count++
		id := fmt.Sprintf("%s/%s/%d", field, topic, ix.count)
		if field == fieldAsked {
			doc[fieldWhole] = strings.Join(pairs(ix.whole(text)), " ")
			maps.Copy(ix.known, set(stems))
		}
		return batch.Index(id, doc)
	}
	ix.topics = len(texts.Topics())
	for _, t := range texts.Topics() {
		asked := append([]string{t.Title, t.Question, strings.Join(t.Keywords, " ")}, t.Asked...)
		for _, s := range asked {
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
	for _, s := range otherTalk {
		var stems []string
		for _, w := range ix.speech.read(s) {
			if !ix.skip[w] {
				ix.learn(w)
				stems = append(stems, ix.stem(w))
			}
		}
		ix.count++
		doc := map[string]string{fieldAsked: strings.Join(stems, " "), fieldWhole: strings.Join(pairs(ix.whole(s)), " ")}
		if err := batch.Index(fmt.Sprintf("%s/%s/%d", fieldAsked, otherTalkSet, ix.count), doc); err != nil {
			return err
		}
	}
	return ix.docs.Batch(batch)
}

// whole are the stems of all words of a text.
func (ix *index) whole(text string) []string {
	var out []string
	for _, w := range ix.speech.read(text) {
		out = append(out, ix.stem(w))
	}
	return out
}

// pairs are the words, and each two that follow one another.
func pairs(words []string) []string {
	out := slices.Clone(words)
	for i := 1; i < len(words); i++ {
		out = append(out, words[i-1]+"_"+words[i])
	}
	return out
}

func set(words []string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words {
		m[w] = true
	}
	return m
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
		if ix.usedBy[s] == nil {
			ix.usedBy[s] = map[string]bool{}
		}
		ix.usedBy[s][topic] = true
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
		x.known = ix.known[x.stem]
		if !x.known && !ix.written[w] {
			if meant := ix.mend(w); meant != "" {
				if ix.skip[meant] {
					continue
				}
				x = word{stem: ix.stem(meant), mended: true}
				x.known = ix.known[x.stem]
			}
		}
		if !seen[x.stem] && !ix.skip[x.stem] && !(number(w) && !x.known) {
			seen[x.stem] = true
			out = append(out, x)
		}
	}
	return out
}

// readableShare is the share of a question's words that English has to know, for
// it to be read as English where the member's client is in another language.
const readableShare = 0.7

// readable says whether a question is written in English.
func (ix *index) readable(question string) bool {
	ws := ix.speech.read(question)
	n := 0
	for _, w := range ws {
		if ix.skip[w] || ix.written[w] || ix.known[ix.stem(w)] {
			n++
		}
	}
	return float64(n) >= readableShare*float64(len(ws))
}

// number says whether a word is made of digits.
func number(w string) bool { return strings.Trim(w, "0123456789") == "" }

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
