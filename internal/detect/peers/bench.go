package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/waymark-bot/waymark/internal/classify/texts"
)

// typical is a harmless message of typical length, 58 bytes.
const typical = "anyone up for a quick match later or is it too late for u?"

// A message is read in chunks, so that a round is too short to be interrupted
// often, and the best round of each chunk counts: what the work takes when
// nothing else runs.
const (
	chunk    = 20
	messages = 400
	passes   = 5                     // through all messages in one turn
	slow     = 20 * time.Microsecond // a message; such a contender has few rounds
)

type timing struct {
	contender
	best    []time.Duration // of each chunk
	typical time.Duration   // of a chunk of the typical message
	slow    bool
	allocs  float64
}

// bench prints what each contender takes for a message, and how that compares
// with the detector. All take turns, so that what else runs on the machine
// hinders all alike.
func bench(w io.Writer, rounds int) error {
	lex, err := lexicon(true)
	if err != nil {
		return err
	}
	phrases := plainPhrases(lex.Phrases(200))
	own, err := ours(phrases)
	if err != nil {
		return err
	}
	others, err := peers(phrases)
	if err != nil {
		return err
	}
	msgs, size, err := ordinary()
	if err != nil {
		return err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var timings []*timing
	for _, c := range append(own, others...) {
		if !slices.ContainsFunc(phrases, c.find) {
			return fmt.Errorf("%s finds none of its phrases", c.name)
		}
		t := &timing{contender: c, best: make([]time.Duration, len(msgs)/chunk)}
		t.allocs = float64(allocations(c.find))
		timings = append(timings, t)
	}
	for round := range rounds {
		for _, t := range timings {
			for again := 0; again < passes && (!t.slow || round+again < 3); again++ {
				t.read(msgs)
			}
		}
	}
	fmt.Fprintf(w, "%d phrases (of the lexicon's own examples), %d ordinary harmless messages of %.0f bytes on average, one core (%s/%s).\n", len(phrases), len(msgs), size, runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(w, "The best of %d readings of each, in %d turns; of three for what takes over %v a message.\n\n", passes*rounds, rounds, slow)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "\tns a message\ttimes Waymark\t58 bytes, ns\ttimes Waymark\tallocations\t")
	for _, t := range timings {
		fmt.Fprintf(out, "%s\t%.0f\t%.2f\t%.0f\t%.2f\t%.0f\t\n", t.name, t.each(), t.each()/timings[0].each(), t.one(), t.one()/timings[0].one(), t.allocs)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, t := range timings {
		fmt.Fprintf(w, "%s: %s\n", t.name, t.does)
	}
	return nil
}

func (t *timing) read(msgs []string) {
	for i := range t.best {
		t.best[i] = fastest(t.best[i], func() {
			for _, m := range msgs[i*chunk : (i+1)*chunk] {
				t.find(m)
			}
		})
	}
	t.typical = fastest(t.typical, func() {
		for range chunk {
			t.find(typical)
		}
	})
	t.slow = t.each() > float64(slow.Nanoseconds())
}

// fastest runs a function and returns the shorter of its time and the best so far.
func fastest(best time.Duration, f func()) time.Duration {
	from := time.Now()
	f()
	took := time.Since(from)
	if best == 0 || took < best {
		return took
	}
	return best
}

// each is the time of a message, in ns.
func (t *timing) each() float64 {
	var sum time.Duration
	for _, b := range t.best {
		sum += b
	}
	return float64(sum.Nanoseconds()) / float64(len(t.best)*chunk)
}

// one is the time of the typical message, in ns.
func (t *timing) one() float64 { return float64(t.typical.Nanoseconds()) / chunk }

// allocations counts those for the typical message.
func allocations(find func(string) bool) uint64 {
	const n = 20
	find(typical)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		find(typical)
	}
	runtime.ReadMemStats(&after)
	return (after.Mallocs - before.Mallocs) / n
}

// ordinary are harmless messages such as people write all day, and their mean
// length in bytes.
func ordinary() (out []string, size float64, err error) {
	lines, err := texts.Harmless()
	if err != nil {
		return nil, 0, err
	}
	for _, l := range lines {
		if l.Ordinary {
			out = append(out, l.Text)
		}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	out = out[:min(messages, len(out))]
	return out, float64(len(strings.Join(out, ""))) / float64(len(out)), nil
}

// plainPhrases are phrases in lower case, without punctuation, each once.
func plainPhrases(list []string) (out []string) {
	seen := map[string]bool{}
	for _, p := range list {
		p = strings.Join(strings.FieldsFunc(strings.ToLower(p), func(r rune) bool {
			return r < 0x80 && r != '\'' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
		}), " ")
		if n := len(strings.Fields(p)); n < 2 || n > 12 || seen[p] {
			continue
		}
		seen[p] = true
		out = append(out, p)
	}
	return out
}
