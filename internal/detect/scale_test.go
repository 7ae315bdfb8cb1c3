package detect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// manyPatterns is a lexicon of n patterns, each of three of the lexicon's own
// words with gaps between them, as a rule's patterns are.
func manyPatterns(t testing.TB, n int) *Lexicon {
	t.Helper()
	own, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for id, name := range own.program.names {
		if w := wordID(id); ascii(name) && len(name) > 2 && !own.program.stops[w] {
			words = append(words, name)
		}
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	word := func() string { return words[rnd.IntN(len(words))] }
	const each = 100
	var b strings.Builder
	b.WriteString("rules:\n")
	for from := 0; from < n; from += each {
		a, c, e := word(), word(), word()
		fmt.Fprintf(&b, "  - id: many.r%d\n    category: secrecy\n    speaker: any\n    weight: 6\n    why: x\n    source: y\n", from)
		fmt.Fprintf(&b, "    tests: {hit: [%q], miss: [zzz]}\n    patterns:\n      - %q\n", a+" "+c+" "+e, a+" "+c+" "+e)
		for range each - 1 {
			fmt.Fprintf(&b, "      - \"%s ~1 %s {0,2} %s\"\n", word(), word(), word())
		}
	}
	files := fstest.MapFS{"xx/rules.yaml": {Data: []byte(b.String())}}
	for _, name := range []string{"frequent.yaml", "words.yaml"} {
		data, err := os.ReadFile(lexiconRoot + "/en/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files["xx/"+name] = &fstest.MapFile{Data: data}
	}
	lex, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return lex
}

// ordinary are harmless messages such as people write all day.
func ordinary(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../classify/texts/en/*.harmless.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal("no harmless texts", err)
	}
	var out []string
	for _, name := range files {
		topic, _, _ := strings.Cut(filepath.Base(name), ".")
		if slices.Contains(Categories(), Category(topic)) {
			continue // written to look like a sign
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for d := json.NewDecoder(bytes.NewReader(data)); d.More(); {
			var line struct{ Text string }
			if err := d.Decode(&line); err != nil {
				t.Fatal(err)
			}
			out = append(out, line.Text)
		}
	}
	rand.New(rand.NewPCG(5, 6)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestThirtyThousandPatternsAreSmallAndCheap(t *testing.T) {
	texts := ordinary(t)
	cost := func(n int) (steps, heap float64) {
		var with, without runtime.MemStats
		func() {
			lex := manyPatterns(t, n)
			steps = float64(stepsFor(lex, texts))
			runtime.GC()
			runtime.ReadMemStats(&with)
			runtime.KeepAlive(lex)
		}()
		runtime.GC()
		runtime.ReadMemStats(&without)
		return steps / float64(len(texts)), (float64(with.HeapAlloc) - float64(without.HeapAlloc)) / 1e6
	}
	few, _ := cost(1000)
	many, heap := cost(30_000)
	if heap > 20 {
		t.Errorf("30,000 patterns take %.1f MB", heap)
	}
	// One step is a nanosecond or two of some thousand.
	if many > few+40 {
		t.Errorf("30,000 patterns take %.1f steps for each message, 1,000 take %.1f", many, few)
	}
}

func stepsFor(lex *Lexicon, texts []string) int {
	s := newScratch(lex.program)
	d := New(lex)
	for _, text := range texts {
		d.detect(s, text)
	}
	return s.steps
}

// BenchmarkPatterns shows how little the number of patterns matters.
func BenchmarkPatterns(b *testing.B) {
	texts := ordinary(b)[:500]
	for _, n := range []int{1000, 30_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := New(manyPatterns(b, n))
			reportBest(b, texts, func(text string) { d.Detect(text) })
		})
	}
}

// reportBest reports the time that each of some messages takes at best, on
// average: what the work takes when nothing else runs on the machine.
func reportBest(b *testing.B, texts []string, read func(string)) {
	const chunk = 20
	best := make([]time.Duration, len(texts)/chunk)
	for i := range best {
		best[i] = time.Hour
	}
	for b.Loop() {
		for i := range best {
			from := time.Now()
			for _, text := range texts[i*chunk : (i+1)*chunk] {
				read(text)
			}
			best[i] = min(best[i], time.Since(from))
		}
	}
	var sum time.Duration
	for _, d := range best {
		sum += d
	}
	b.ReportMetric(float64(sum.Nanoseconds())/float64(len(best)*chunk), "ns-best/message")
}
