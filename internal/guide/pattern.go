package guide

import (
	"errors"
	"fmt"
	"strings"
)

// patterns finds kinds of sentences among words: cries for help, and who is
// asking. For cries it is generous: contacts shown once too often cost nothing.
//
// A pattern is a row of words: "kill myself". a|b is one of several, word* is
// any word that starts so, $name is one of a named set, ... is up to six words
// between, <start> and <end> are the ends of the question. "a & b" asks for
// both anywhere, in any order. Words of five letters and more are also found
// with a slip of typing.
type patterns []pattern

// pattern is a number of rows of words that all have to be found.
type pattern [][]step

// The ends of a question, as words.
const (
	atStart = "<start>"
	atEnd   = "<end>"
)

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
		var rows pattern
		for _, part := range strings.Split(p, " & ") {
			row, err := newRow(part, sets)
			if err != nil {
				return nil, fmt.Errorf("pattern %q: %w", p, err)
			}
			rows = append(rows, row)
		}
		all = append(all, rows)
	}
	return all, nil
}

func newRow(written string, sets map[string][]string) ([]step, error) {
	var row []step
	for _, word := range strings.Fields(written) {
		s, err := newStep(word, sets)
		if err != nil {
			return nil, err
		}
		row = append(row, s)
	}
	if len(row) == 0 || row[0].gap || row[len(row)-1].gap {
		return nil, errors.New("it starts or ends with no word")
	}
	return row, nil
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
	if word == atStart || word == atEnd {
		s.same = append(s.same, word)
		return
	}
	head, begins := strings.CutSuffix(word, "*")
	plain := strings.Join(tokens(head), "") // as words are read: without accents
	if begins {
		s.head = append(s.head, plain)
		return
	}
	s.same = append(s.same, plain)
}

func (s step) fits(word string) bool {
	for _, w := range s.same {
		if w == word || len(w) >= 5 && near(w, word) {
			return true
		}
	}
	for _, h := range s.head {
		if strings.HasPrefix(word, h) || len(h) >= 5 && nearHead(h, word) {
			return true
		}
	}
	return false
}

// nearHead says whether a word starts with a beginning but for a slip of typing.
func nearHead(head, word string) bool {
	r := []rune(word)
	for n := len(head) - 1; n <= len(head)+1; n++ {
		if n <= len(r) && near(head, string(r[:n])) {
			return true
		}
	}
	return false
}

// heard says whether one of the patterns is among the words.
func (ps patterns) heard(words []string) bool {
	words = append(append([]string{atStart}, words...), atEnd)
	for _, p := range ps {
		if p.found(words) {
			return true
		}
	}
	return false
}

// found says whether all rows of a pattern are among the words.
func (p pattern) found(words []string) bool {
	for _, row := range p {
		at := 0
		for at < len(words) && !follows(row, words[at:]) {
			at++
		}
		if at == len(words) {
			return false
		}
	}
	return true
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
