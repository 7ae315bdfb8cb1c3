package classify

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Word is one word as a model knows it: itself, where it was in enough
// texts, and the group of words that mean the same. The zero Word is unknown.
type Word struct{ id, group uint16 }

// vocabulary finds words by the hash of their spelling.
type vocabulary struct {
	slots []wordSlot // open-addressed; its length is a power of two
}

type wordSlot struct {
	hash uint32
	word Word // zero for a free slot
}

func newVocabulary(n int) vocabulary {
	size := 64
	for size < 2*n {
		size *= 2
	}
	return vocabulary{make([]wordSlot, size)}
}

func (v vocabulary) find(hash uint32) Word {
	mask := uint32(len(v.slots) - 1)
	for i := hash & mask; v.slots[i].word != (Word{}); i = (i + 1) & mask {
		if v.slots[i].hash == hash {
			return v.slots[i].word
		}
	}
	return Word{}
}

func (v vocabulary) add(hash uint32, w Word) {
	mask := uint32(len(v.slots) - 1)
	i := hash & mask
	for v.slots[i].word != (Word{}) {
		i = (i + 1) & mask
	}
	v.slots[i] = wordSlot{hash, w}
}

// Hash is the FNV-1a hash by which words are found.
func Hash(word string) uint32 {
	h := uint32(2166136261)
	for i := range len(word) {
		h = (h ^ uint32(word[i])) * 16777619
	}
	return h
}

// Groups are words that mean alike: each word's group, by a name.
type Groups map[string]string

// ReadGroups reads groups of words, one a line ("mum: mom mother"); a line
// that begins with # is a remark. A word may stand in one group only.
func ReadGroups(r io.Reader) (Groups, error) {
	g := Groups{}
	sc := bufio.NewScanner(r)
	for line := 1; sc.Scan(); line++ {
		text := strings.TrimSpace(sc.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		name, rest, ok := strings.Cut(text, ":")
		if !ok {
			return nil, fmt.Errorf("line %d: write a group as \"name: words\"", line)
		}
		for _, w := range append([]string{name}, strings.Fields(rest)...) {
			w = strings.ReplaceAll(w, "'", "")
			if was, twice := g[w]; twice && was != name {
				return nil, fmt.Errorf("line %d: %q stands in the group %q already", line, w, was)
			}
			g[w] = name
		}
	}
	return g, sc.Err()
}

// of is a word's group: the one that it is listed in, by itself or without
// its ending, or else a group of its own.
func (g Groups) of(word string) string {
	if name, ok := g[word]; ok {
		return name
	}
	s := stem(word)
	if name, ok := g[s]; ok {
		return name
	}
	return s
}

// stem cuts the commonest English endings off.
func stem(w string) string {
	for _, e := range []struct {
		end   string
		least int
	}{{"ing", 6}, {"in", 6}, {"ed", 5}, {"s", 4}} {
		if s, ok := strings.CutSuffix(w, e.end); ok && len(w) >= e.least && !strings.HasSuffix(w, "ss") {
			return s
		}
	}
	return w
}

// Known says whether the model knows the word.
func (w Word) Known() bool { return w.group != 0 }
