package guide

import (
	"fmt"
	"strings"
)

// patterns finds kinds of sentences among words: cries for help, and who is
// asking. For cries it is generous: contacts shown once too often cost nothing.
//
// A pattern is a row of words: "kill myself". a|b is one of several, word* is
// any word that starts so, $name is one of a named set, and ... is up to six
// words between. Words of five letters and more are also found with a slip of
// typing.
type patterns [][]step

// step is one place of a pattern: a word, or a gap of any words.
type step struct {
	gap  bool
	same []string // words that fit
	head []string // beginnings that fit
}

// maxGap is how many words a gap may span.
const maxGap = 6

func newPatterns(written []string, sets map[string][]string) (patterns, error) {
	var all patterns
	for _, p := range written {
		var steps []step
		for _, word := range strings.Fields(p) {
			s, err := newStep(word, sets)
			if err != nil {
				return nil, fmt.Errorf("pattern %q: %w", p, err)
			}
			steps = append(steps, s)
		}
		if len(steps) == 0 || steps[0].gap || steps[len(steps)-1].gap {
			return nil, fmt.Errorf("pattern %q starts or ends with no word", p)
		}
		all = append(all, steps)
	}
	return all, nil
}

func newStep(word string, sets map[string][]string) (step, error) {
	if word == "..." {
		return step{gap: true}, nil
	}
	var s step
	for _, alt := range strings.Split(word, "|") {
		if name, ok := strings.CutPrefix(alt, "$"); ok {
			if len(sets[name]) == 0 {
				return s, fmt.Errorf("no set %q", name)
			}
			for _, w := range sets[name] {
				s.take(w)
			}
			continue
		}
		s.take(alt)
	}
	return s, nil
}

func (s *step) take(word string) {
	if head, ok := strings.CutSuffix(word, "*"); ok {
		s.head = append(s.head, head)
		return
	}
	s.same = append(s.same, word)
}

func (s step) fits(word string) bool {
	for _, w := range s.same {
		if w == word || len(w) >= 5 && near(w, word) {
			return true
		}
	}
	for _, h := range s.head {
		if strings.HasPrefix(word, h) {
			return true
		}
		if r := []rune(word); len(h) >= 5 && len(r) >= len(h) && near(h, string(r[:len(h)])) {
			return true
		}
	}
	return false
}

// heard says whether one of the patterns is among the words.
func (ps patterns) heard(words []string) bool {
	for _, p := range ps {
		for i := range words {
			if follows(p, words[i:]) {
				return true
			}
		}
	}
	return false
}

// follows says whether a pattern fits from the first word on.
func follows(p []step, words []string) bool {
	if len(p) == 0 {
		return true
	}
	if p[0].gap {
		for n := 0; n <= maxGap && n < len(words); n++ {
			if follows(p[1:], words[n:]) {
				return true
			}
		}
		return false
	}
	return len(words) > 0 && p[0].fits(words[0]) && follows(p[1:], words[1:])
}
