package classify

import (
	"bytes"
	"testing"
)

func TestMendsWhatIsMeant(t *testing.T) {
	m, err := English()
	if err != nil {
		t.Fatal(err)
	}
	for spelling, meant := range map[string]string{
		"secrret":  "secret",  // a letter too many
		"parnts":   "parents", // too few
		"tonighr":  "tonight", // wrong
		"picutre":  "picture", // in its neighbour's place
		"s3cr3t":   "secret",
		"pl4y":     "play", // 1 and 4 are letters
		"c1oser":   "closer",
		"pleeasse": "please",
		"neever":   "never",
	} {
		want := m.Word(Hash(meant))
		if got := m.Mend([]byte(spelling)); !want.Known() || got != want {
			t.Errorf("%q is not taken for %q", spelling, meant)
		}
	}
	for _, spelling := range []string{"", "x", "zxqvkj", "dhcp", "tonight*", "überall", "antidisestablishmentarianism", "12345"} {
		if m.Mend([]byte(spelling)).Known() {
			t.Errorf("%q is taken for a word", spelling)
		}
	}
}

func TestCutsLettersIntoWords(t *testing.T) {
	m, err := English()
	if err != nil {
		t.Fatal(err)
	}
	r := m.NewReader()
	for letters, meant := range map[string]string{
		"dontshowanyoneourchat": "dont show anyone our chat",
		"sendmeapicofyou":       "send me a pic of you",
		"comeovertonight":       "come over tonight",
	} {
		var want []Word
		for _, w := range bytes.Fields([]byte(meant)) {
			want = append(want, m.Word(Hash(w)))
		}
		got := r.Cut(nil, []byte(letters), false)
		if len(got) != len(want) {
			t.Errorf("%q is cut into %d words, not into %q", letters, len(got), meant)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%q: word %d is not that of %q", letters, i+1, meant)
			}
		}
	}
	for _, letters := range []string{"", "cat", "qzxjvwkqhf", "xkcdqrtzp", "0123456789"} {
		if got := r.Cut(nil, []byte(letters), true); len(got) > 0 {
			t.Errorf("%q is cut into %d words", letters, len(got))
		}
	}
}

// FuzzMend holds that any spelling can be looked up.
func FuzzMend(f *testing.F) {
	m, err := English()
	if err != nil {
		f.Fatal(err)
	}
	r := m.NewReader()
	for _, s := range []string{"s3cret", "pleeeease", "\xff\x00", "dontshowanyone"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, spelling []byte) {
		m.Mend(spelling)
		if len(spelling) <= 2*MostCut {
			r.Cut(nil, spelling, true)
		}
	})
}
