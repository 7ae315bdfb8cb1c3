package guide

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/waymark-bot/waymark/responses"
)

// maxQuestion bounds a question, in bytes; the rest is not read.
const maxQuestion = 2000

// strokes are letters that are often typed without their stroke, or as two.
var strokes = strings.NewReplacer("ł", "l", "Ł", "l", "ß", "ss", "đ", "d", "ø", "o", "œ", "oe", "æ", "ae")

// tokens takes a text apart into plain lower-case words: accents, apostrophes
// and all other marks are dropped, and a letter stands at most twice in a row.
func tokens(text string) []string {
	if len(text) > maxQuestion {
		text = strings.ToValidUTF8(text[:maxQuestion], "")
	}
	var b strings.Builder
	var last rune
	run := 0
	for _, r := range strokes.Replace(norm.NFKD.String(text)) {
		r = unicode.ToLower(r)
		switch {
		case r == '\'' || r == '’' || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r):
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			r = ' '
		}
		if run++; r != last {
			run = 1
		}
		if last = r; run <= 2 || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return strings.Fields(b.String())
}

// speech knows how people type: it writes short and slang words out.
type speech struct {
	means map[string][]string // up to three words, joined by spaces -> words
}

const longestSlang = 3

func newSpeech(a responses.Asking) speech {
	s := speech{means: map[string][]string{}}
	for short, long := range a.Means {
		s.means[strings.Join(tokens(short), " ")] = tokens(long)
	}
	return s
}

// read takes a text apart and writes slang out, the longest match first.
func (s speech) read(text string) []string {
	in := tokens(text)
	var out []string
	for i := 0; i < len(in); {
		n := min(longestSlang, len(in)-i)
		for ; n > 0; n-- {
			if long, ok := s.means[strings.Join(in[i:i+n], " ")]; ok {
				out = append(out, long...)
				break
			}
		}
		if n == 0 {
			out = append(out, in[i])
			n = 1
		}
		i += n
	}
	return out
}

// near says whether two words differ by a slip of typing: a letter more, less
// or swapped; in words of seven letters and more also another letter; in words
// of ten and more two slips. The first letter has to be right, and short
// words have to be the same.
func near(a, b string) bool {
	if a == b {
		return true
	}
	x, y := []rune(a), []rune(b)
	short := min(len(x), len(y))
	if short < 4 || x[0] != y[0] {
		return false
	}
	most := 1
	if short >= 10 {
		most = 2
	}
	if len(x)-len(y) > most || len(y)-len(x) > most || distance(x, y) > most {
		return false
	}
	return short >= 7 || len(x) != len(y) || swapped(x, y)
}

// swapped says whether two words of one length have the same letters.
func swapped(a, b []rune) bool {
	x, y := slices.Clone(a), slices.Clone(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// distance counts the letters added, dropped, changed or swapped with their
// neighbour between two words.
func distance(a, b []rune) int {
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
