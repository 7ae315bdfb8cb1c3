package detect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"

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
	if s := Assess(New(everyLanguage(t)).Detect("no le digas a tu madre que hablamos")); s < High {
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

// Each language finds textbook phrasings of every category that its rules do
// not list, and passes over harmless texts with the same words.
func TestEveryLanguageFindsTheTextbookPhrasings(t *testing.T) {
	b, err := os.ReadFile("testdata/languages.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]map[Category]struct {
		Find []string
		Pass string
	}
	if err := yaml.Unmarshal(b, &texts); err != nil {
		t.Fatal(err)
	}
	d := New(everyLanguage(t))
	for _, l := range config.LexiconLanguages() {
		for _, c := range Categories() {
			row := texts[l][c]
			if l == "en" {
				continue
			}
			if len(row.Find) < 2 || row.Pass == "" {
				t.Errorf("%s, %s: too few texts", l, c)
			}
			for _, text := range row.Find {
				signals := d.Detect(text)
				if s := Assess(signals); s < Medium {
					t.Errorf("%s, %s: %q is %v", l, c, text, s)
				} else if !slices.ContainsFunc(signals, func(g Signal) bool { return g.Category == c }) {
					t.Errorf("%s: %q is no %s: %+v", l, text, c, signals)
				}
			}
			if signals := d.Detect(row.Pass); Assess(signals) >= Medium {
				t.Errorf("%s, %s: %q alerts: %+v", l, c, row.Pass, signals)
			}
		}
	}
}

// Who chooses further languages gets no more alerts on harmless English.
func TestOtherLanguagesLeaveHarmlessEnglishAlone(t *testing.T) {
	files, err := filepath.Glob("../classify/texts/en/*.harmless.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal("no harmless texts", err)
	}
	alone, d := New(english(t)), New(everyLanguage(t))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(b) {
			var row struct{ Text string }
			if err := json.Unmarshal(line, &row); err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			signals := d.Detect(row.Text)
			for _, g := range signals {
				if _, ok := alone.Rule(g.Rule); !ok {
					t.Errorf("%s is found in %q", g.Rule, row.Text)
				}
			}
			if s := Assess(signals); s >= Medium && Assess(alone.Detect(row.Text)) < Medium {
				t.Errorf("%q is %v beside other languages", row.Text, s)
			}
		}
	}
}

// What is written without spaces is cut into words of one language, so that
// short words of another do not make sentences of long English words.
func TestAWordIsCutIntoWordsOfOneLanguage(t *testing.T) {
	rule := func(id, words string) *fstest.MapFile {
		return &fstest.MapFile{Data: fmt.Appendf(nil, `rules:
  - {id: %s, category: secrecy, speaker: any, weight: 6, patterns: [%q], why: x, source: y, tests: {hit: [%q], miss: [zzz]}}
`, id, words, words)}
	}
	lex, err := Load(fstest.MapFS{"aa/a.yaml": rule("a.a", "send me pics"), "bb/b.yaml": rule("b.b", "manda me fotos"), "own.yaml": rule("c.c", "club house")})
	if err != nil {
		t.Fatal(err)
	}
	s := newScratch(lex.program)
	for text, parts := range map[string]int{"sendmepics": 3, "mandamefotos": 3, "sendmefotos": 0, "clubmepics": 3} {
		if got := len(lex.program.cut(s, []byte(text))); got != parts {
			t.Errorf("%s is cut into %d, not %d", text, got, parts)
		}
	}
}

var everyPack = sync.OnceValues(func() (*Lexicon, error) { return Load(config.Lexicon(config.LexiconLanguages()...)) })

func everyLanguage(t *testing.T) *Lexicon {
	t.Helper()
	lex, err := everyPack()
	if err != nil {
		t.Fatal(err)
	}
	return lex
}

func english(t *testing.T) *Lexicon {
	t.Helper()
	lex, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return lex
}
