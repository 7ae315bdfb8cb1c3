package detect

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// worst are texts that were made to cost as much as can be: of what rules find,
// of the words under which most patterns are filed, and of what calls for
// further views.
func worst(lex *Lexicon) map[string]string {
	p := lex.program
	rnd := rand.New(rand.NewPCG(1, 2))
	var hits, busy []string
	for _, r := range p.rules {
		for _, e := range r.hits {
			hits = append(hits, e.text)
		}
	}
	rnd.Shuffle(len(hits), func(i, j int) { hits[i], hits[j] = hits[j], hits[i] })
	words := make([]wordID, 0, len(p.names))
	for id := firstWord; int(id) < len(p.names); id++ {
		if len(p.names[id]) > 0 {
			words = append(words, id)
		}
	}
	own := func(id wordID) int { return int(p.info[id].to - p.info[id].from) }
	slices.SortFunc(words, func(a, b wordID) int { return own(b) - own(a) })
	for i := range 2000 {
		busy = append(busy, p.names[words[i%40]])
	}
	rnd.Shuffle(len(busy), func(i, j int) { busy[i], busy[j] = busy[j], busy[i] })
	short := strings.NewReplacer(".", "", ",", "", "?", "", "!", "")
	cyrillic := strings.NewReplacer("a", "а", "e", "е", "o", "о", "i", "і", "s", "ѕ")
	leet := strings.NewReplacer("a", "4", "e", "3", "o", "0", "i", "1")
	joined := strings.ReplaceAll(short.Replace(strings.Join(hits, "")), " ", "")
	cut := func(text string, every int, with string) string {
		var b strings.Builder
		for i := 0; i < len(text) && i < 9000; i += every {
			b.WriteString(text[i:min(i+every, len(text))])
			b.WriteString(with)
		}
		return b.String()
	}
	runOn := short.Replace(strings.Join(hits, " "))
	return map[string]string{
		"what rules find":          strings.Join(hits, ". "),
		"the same in one sentence": runOn,
		"the busiest words":        strings.Join(busy, " "),
		"look-alikes":              cyrillic.Replace(runOn),
		"leet":                     leet.Replace(runOn),
		"no spaces":                joined,
		"few spaces":               cut(joined, 150, " "),
		"words of 30 letters":      cut(joined, 30, " "),
		"letter by letter":         cut(joined, 1, " "),
		"dots between":             cut(joined, 1, "."),
		"pairs of letters":         cut(joined, 2, " "),
		"masked letters":           strings.NewReplacer("e", "*", "a", "*").Replace(runOn),
		"symbols in words":         strings.NewReplacer("a", "@", "s", "$", "i", "!").Replace(runOn),
		"right to left":            "\u202e" + cyrillic.Replace(strings.Join(hits, " ɐǝ@a ")),
		"upside down":              "ɐǝ" + cyrillic.Replace(runOn),
		"fillers":                  strings.Repeat("um pls tell like um send lol pic ", 150),
		"emoji":                    strings.Repeat("🤫📸😉", 1400),
		"marks":                    strings.Repeat("e\u0301\u0336", 1400),
		"quotes":                   strings.Repeat("'tell \"mum '", 400),
		"numbers":                  strings.Repeat("13yo 4u 15 £20 ", 300),
		"no vowels":                strings.NewReplacer("a", "", "e", "", "i", "", "o", "", "u", "").Replace(runOn + runOn),
		"long unknown words":       strings.Repeat("aaaaaaaaaaaab", 400),
		"letters that fit nothing": strings.Repeat("sesesesesese ", 400),
		"paragraphs":               strings.Repeat("tell\nsend\nmum\npic\n", 300),
	}
}

// firstOf is the first n characters of a text.
func firstOf(text string, n int) string {
	i := 0
	for at := range text {
		if i == n {
			return text[:at]
		}
		i++
	}
	return text
}

// What a message can cost grows with its length, however it was made.
func TestCostIsLinearInLength(t *testing.T) {
	const most = 40 // steps for each byte, in all views together
	d := detector(t)
	l := *d.lex
	l.learned = nil // it reads each word once for each part that it is in
	for name, text := range worst(&l) {
		text = firstOf(text, 4000)
		steps := func(text string) float64 {
			s := newScratch(l.program)
			(&Detector{lex: &l}).detect(s, text)
			return float64(s.steps) / float64(len(text))
		}
		short, long := steps(text), steps(strings.Repeat(text+" ", 4))
		if long > most || long > 1.5*short+1 {
			t.Errorf("%s: %.1f steps for each byte, %.1f where it is repeated", name, short, long)
		}
	}
}

// BenchmarkWorst shows the time of 4,000 characters. A round is short, so the
// best of them is what the work takes when nothing else runs.
func BenchmarkWorst(b *testing.B) {
	d := detector(b)
	texts := worst(d.lex)
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text := firstOf(texts[name], 4000)
		b.Run(name, func(b *testing.B) {
			best := time.Hour
			for b.Loop() {
				from := time.Now()
				d.Detect(text)
				best = min(best, time.Since(from))
			}
			b.ReportMetric(float64(best.Microseconds()), "µs-best")
		})
	}
}
