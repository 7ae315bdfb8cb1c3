package detect

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/waymark-bot/waymark/config"
)

// Every language that comes with the program loads beside English, and leaves
// English as it was.
func TestEveryLanguageLoadsBesideEnglish(t *testing.T) {
	for _, l := range config.LexiconLanguages() {
		lex, err := Load(config.Lexicon("en", l))
		if err != nil {
			t.Errorf("%s: %v", l, err)
			continue
		}
		d := New(lex)
		if s := Assess(d.Detect("dont tell ur mum about this ok")); s < High {
			t.Errorf("%s: English is %v", l, s)
		}
	}
	all, err := Load(config.Lexicon(config.LexiconLanguages()...))
	if err != nil {
		t.Fatal(err)
	}
	if s := Assess(New(all).Detect("no le digas a tu madre que hablamos")); s < High {
		t.Errorf("Spanish is %v", s)
	}
	if s := Assess(New(english(t)).Detect("no le digas a tu madre que hablamos")); s != None {
		t.Errorf("Spanish is %v and was not chosen", s)
	}
}

// Accents are left out, umlauts and ligatures are written as two letters, and
// the other way round.
func TestAWordIsReadWithAndWithoutItsAccents(t *testing.T) {
	for _, c := range []struct {
		pattern string
		texts   []string
	}{
		{"mamá preguntó", []string{"mamá preguntó", "mama pregunto", "MAMÁ preguntó", "mama\u0301 pregunto"}},
		{"mama pregunto", []string{"mamá preguntó"}},
		{"mädchen heißen", []string{"mädchen heißen", "maedchen heissen", "madchen heissen", "MÄDCHEN HEISSEN", "Maedchen heißen", "MÄDCHEN HEIẞEN"}},
		{"madchen heissen", []string{"mädchen heißen"}},
		{"żółw mówił", []string{"żółw mówił", "zolw mowil", "ŻÓŁW MÓWIŁ", "żołw mowił"}},
		{"zolw mowil", []string{"żółw mówił"}},
		{"sœur préférée", []string{"sœur préférée", "soeur preferee", "SŒUR PRÉFÉRÉE"}},
		{"soeur preferee", []string{"sœur préférée"}},
		{"l'école d'été", []string{"l'école d'été", "l’école d’été", "lecole dete", "L'ECOLE D'ETE"}},
		{"não vovó", []string{"não vovó", "nao vovo", "nãooo vovó"}},
	} {
		lex, err := Load(fstest.MapFS{"xx/a.yaml": {Data: fmt.Appendf(nil, `rules:
  - {id: a.b, category: secrecy, speaker: any, weight: 6, patterns: [%q], why: x, source: y, tests: {hit: [%q], miss: [zzz]}}
`, c.pattern, c.texts[0])}})
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		d := New(lex)
		for _, text := range c.texts {
			if len(d.Detect(text)) == 0 {
				t.Errorf("%q is not found in %q", c.pattern, text)
			}
		}
	}
}

func english(t *testing.T) *Lexicon {
	t.Helper()
	lex, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return lex
}
