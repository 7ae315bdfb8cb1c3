package classify

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Word is one word as a model knows it: itself, where it was in enough texts,
// the group of words that mean the same, and the kind of things that they are.
// The zero Word is unknown.
type Word struct {
	id, group, kind uint16
	alone           int16 // what it adds to a glance
}

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

// numbers is the highest number of a word, a group or a kind.
func (v vocabulary) numbers() int {
	most := uint16(0)
	for _, s := range v.slots {
		most = max(most, s.word.id, s.word.group, s.word.kind)
	}
	return int(most)
}

// Hash is the FNV-1a hash by which words are found.
func Hash[T string | []byte](word T) uint32 { return HashOn(fnvBasis, word) }

const (
	fnvBasis uint32 = 2166136261
	fnvPrime uint32 = 16777619
)

// HashOn goes on with a hash: HashOn(Hash(a), b) is that of a and b together.
func HashOn[T string | []byte](h uint32, word T) uint32 {
	for i := range len(word) {
		h = (h ^ uint32(word[i])) * fnvPrime
	}
	return h
}

// Meanings say which words mean alike: the group of each word that is listed,
// and the kind of each group that is.
type Meanings struct{ groups, kinds map[string]string }

// ReadMeanings reads groups of words and kinds of groups, one a line ("mum: mom
// mother"); a line that begins with # is a remark. Nothing may stand in two.
func ReadMeanings(groups, kinds io.Reader) (m Meanings, err error) {
	lists, err := readLists(groups)
	if err != nil {
		return m, fmt.Errorf("groups: %w", err)
	}
	m.groups = map[string]string{}
	for _, l := range lists {
		if err := l.file(m.groups, append(l.members, l.name)); err != nil {
			return m, fmt.Errorf("groups: %w", err)
		}
	}
	if lists, err = readLists(kinds); err != nil {
		return m, fmt.Errorf("kinds: %w", err)
	}
	m.kinds = map[string]string{}
	for _, l := range lists {
		for i, w := range l.members {
			l.members[i] = m.group(w)
		}
		if err := l.file(m.kinds, l.members); err != nil {
			return m, fmt.Errorf("kinds: %w", err)
		}
	}
	return m, nil
}

// list is a line of such a file.
type list struct {
	line    int
	name    string
	members []string
}

// file puts words under the list's name.
func (l list) file(under map[string]string, words []string) error {
	for _, w := range words {
		if was, twice := under[w]; twice {
			return fmt.Errorf("line %d: %q stands in %q already", l.line, w, was)
		}
		under[w] = l.name
	}
	return nil
}

func readLists(r io.Reader) (out []list, err error) {
	sc := bufio.NewScanner(r)
	for line := 1; sc.Scan(); line++ {
		text := strings.TrimSpace(sc.Text())
		if text == "" || strings.HasPrefix(text, "# ") {
			continue
		}
		name, rest, ok := strings.Cut(text, ":")
		if !ok {
			return nil, fmt.Errorf("line %d: write it as \"name: words\"", line)
		}
		out = append(out, list{line, name, strings.Fields(rest)})
	}
	return out, sc.Err()
}

// group is a word's group: the one that it is listed in, by itself or without
// its ending, or else a group of its own.
func (m Meanings) group(word string) string {
	if name, ok := m.groups[word]; ok {
		return name
	}
	s := stem(word)
	if name, ok := m.groups[s]; ok {
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
