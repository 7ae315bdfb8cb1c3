package detect

import (
	"testing"

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

func english(t *testing.T) *Lexicon {
	t.Helper()
	lex, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return lex
}
