package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func overlay(t testing.TB, d *Detector, c Changes) *Overlay {
	t.Helper()
	o, err := d.Overlay(c)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func rulesOf(signals []Signal) (ids []string) {
	for _, s := range signals {
		ids = append(ids, s.Rule)
	}
	return ids
}

// A phrase is found however it is spelled, with small gaps, and nowhere else.
func TestAPhraseOfStaff(t *testing.T) {
	d := detector(t)
	for _, c := range []struct {
		phrase    string
		hit, miss []string
	}{
		{"meet at the bandstand", []string{
			"meet at the bandstand", "Meet me at the old bandstand!", "m33t at the b4ndstand", "meet at da bandstnad", "meet at the band stand",
			"meeeet at the bandstand", "ｍｅｅｔ at the bandstand", "meet at, like, the bandstand", "MEET AT THE BANDSTAND",
		}, []string{"the bandstand is where they meet", "meet. people at the bandstand", "meet us at half past ten by the bandstand", "we had a meeting"}},
		{"don't tell your mum", []string{"dont tell ur mum", "don’t ever tell your mum", "dnt tel ya mum"}, []string{"tell your mum", "dont tell ur dad"}},
		{"dnt tell ur mum", []string{"don't tell your mum"}, []string{"tell your mum"}},
		{"purple 🦄 club", []string{"the purple 🦄 club", "purple🦄club"}, []string{"purple club"}},
		{"room 14", []string{"come to room 14"}, []string{"come to room 15", "14 rooms"}},
		{"zielony domek", []string{"do zielonego? nie, zielony domek"}, []string{"domek zielony"}},
		{"señor lobo", []string{"ask senor lobo"}, []string{"ask lobo"}},
	} {
		o := overlay(t, d, Changes{Phrases: []Phrase{{ID: "phrase-1", Text: c.phrase, Category: MeetUp, Weight: WeightOf(Medium)}}})
		for _, text := range c.hit {
			if got, _ := o.Detect(d, text); !slices.Contains(rulesOf(got), "phrase-1") {
				t.Errorf("%q does not find %q", c.phrase, text)
			}
		}
		for _, text := range c.miss {
			if got, _ := o.Detect(d, text); slices.Contains(rulesOf(got), "phrase-1") {
				t.Errorf("%q finds %q", c.phrase, text)
			}
		}
	}
}

func TestWhatStaffChange(t *testing.T) {
	d := detector(t)
	const text = "dont tell your mum about us"
	plain := d.Detect(text)
	if len(plain) == 0 || Assess(plain) < Medium {
		t.Fatalf("the text alerts nobody: %v", plain)
	}
	rule := plain[0].Rule
	for name, c := range map[string]struct {
		changes Changes
		check   func(signals, shadow []Signal) bool
	}{
		"nothing":       {Changes{}, func(s, _ []Signal) bool { return fmt.Sprint(s) == fmt.Sprint(plain) }},
		"a rule is off": {Changes{Off: rulesOf(plain)}, func(s, _ []Signal) bool { return len(s) == 0 }},
		"a rule is quiet": {Changes{Quiet: []string{rule}}, func(s, _ []Signal) bool {
			i := slices.IndexFunc(s, func(g Signal) bool { return g.Rule == rule })
			return i >= 0 && SeverityOf(s[i].Weight) == Low
		}},
		"a phrase is live": {Changes{Phrases: []Phrase{{ID: "phrase-1", Text: "about us", Category: Secrecy, Weight: WeightOf(High)}}},
			func(s, shadow []Signal) bool {
				return slices.Contains(rulesOf(s), "phrase-1") && Assess(s) >= High && len(shadow) == 0
			}},
		"a phrase is tried out": {Changes{Phrases: []Phrase{{ID: "phrase-1", Text: "about us", Category: Secrecy, Weight: WeightOf(High), Shadow: true}}},
			func(s, shadow []Signal) bool {
				return fmt.Sprint(s) == fmt.Sprint(plain) && slices.Equal(rulesOf(shadow), []string{"phrase-1"}) &&
					text[shadow[0].Start:shadow[0].End] == "about us"
			}},
	} {
		if s, shadow := overlay(t, d, c.changes).Detect(d, text); !c.check(s, shadow) {
			t.Errorf("%s: found %+v and %+v", name, s, shadow)
		}
	}
	var none *Overlay
	if s, _ := none.Detect(d, text); fmt.Sprint(s) != fmt.Sprint(plain) {
		t.Errorf("a server without changes finds %v", s)
	}
}

func TestPhrasesThatCannotBe(t *testing.T) {
	d := detector(t)
	for _, text := range []string{"", " ", "...", strings.Repeat("word ", MaxPhraseWords+1)} {
		if _, err := d.Overlay(Changes{Phrases: []Phrase{{ID: "phrase-1", Text: text}}}); err == nil {
			t.Errorf("%q is a phrase", text)
		}
	}
	for text, want := range map[string]int{"is it the": 0, "meet at the bandstand": 2, "bandstand": 1, "so what": 1} {
		if _, got := d.PhraseWords(text); got != want {
			t.Errorf("%q has %d words of meaning, want %d", text, got, want)
		}
	}
}

func FuzzPhrase(f *testing.F) {
	d := detector(f)
	f.Add("meet at the bandstand", "meet me at the b4ndstand")
	f.Add("ⓜⓔⓔⓣ 🦄", "13 \xff")
	f.Fuzz(func(t *testing.T, phrase, text string) {
		o, err := d.Overlay(Changes{Phrases: []Phrase{{ID: "p", Text: phrase, Category: Threat, Weight: 6}}})
		if err != nil {
			return
		}
		signals, _ := o.Detect(d, text)
		checkSignals(t, text, signals)
	})
}

// What a server's own phrases cost, on top of BenchmarkDetectQuiet.
func BenchmarkOverlay(b *testing.B) {
	d := detector(b)
	c := Changes{}
	for i := range 20 {
		c.Phrases = append(c.Phrases, Phrase{ID: fmt.Sprint(i), Text: fmt.Sprintf("meet behind the bandstand number%c", 'a'+i), Category: MeetUp, Weight: 6})
	}
	o := overlay(b, d, c)
	b.Run("quiet", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			o.Detect(d, quiet)
		}
	})
	b.Run("compile", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			overlay(b, d, c)
		}
	})
}
