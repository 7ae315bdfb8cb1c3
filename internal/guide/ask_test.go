package guide

import (
	"os"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/waymark-bot/waymark/responses"
)

func newGuide(t testing.TB) *Guide {
	t.Helper()
	texts, err := responses.Load()
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(texts)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// asked is a question as somebody typed it.
type asked struct {
	By  string `yaml:"by"`
	Ask string `yaml:"ask"`
}

func questions(t testing.TB) map[string][]asked {
	t.Helper()
	data, err := os.ReadFile("testdata/questions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var q map[string][]asked
	if err := yaml.Unmarshal(data, &q); err != nil {
		t.Fatal(err)
	}
	return q
}

// The floors of what /ask has to reach, in shares of the questions.
const (
	rightFloor  = 0.85
	noneFloor   = 0.95
	crisisFloor = 1.0
)

func TestQuestionsAsPeopleTypeThem(t *testing.T) {
	g := newGuide(t)
	var right, inScope, none, out, crisis, cries, alarms int
	for want, list := range questions(t) {
		for _, q := range list {
			a := g.Ask(q.Ask, Server{})
			first := "none"
			if len(a.Topics) > 0 {
				first = a.Topics[0].ID
			}
			switch want {
			case "crisis":
				cries++
				if a.Crisis() {
					crisis++
				} else {
					t.Logf("not heard: %q", q.Ask)
				}
			case "none":
				out++
				if first == "none" && !a.Crisis() {
					none++
				} else {
					t.Logf("answered with %s (crisis %v): %q", first, a.Crisis(), q.Ask)
				}
			default:
				inScope++
				if a.Crisis() {
					alarms++
				}
				if first == want {
					right++
				} else {
					t.Logf("%s, not %s: %q", first, want, q.Ask)
				}
			}
		}
	}
	share := func(what string, n, of int, floor float64) {
		got := float64(n) / float64(of)
		t.Logf("%s: %d of %d (%.1f%%)", what, n, of, 100*got)
		if got < floor {
			t.Errorf("%s: %.1f%%, at least %.0f%%", what, 100*got, 100*floor)
		}
	}
	share("right topic first", right, inScope, rightFloor)
	share("out of scope, no answer", none, out, noneFloor)
	share("cries heard", crisis, cries, crisisFloor)
	t.Logf("questions for facts taken for cries: %d of %d", alarms, inScope)
}

// The questions measure something only as long as they are not in the index.
func TestTheQuestionsAreKeptApart(t *testing.T) {
	texts := newGuide(t).texts
	indexed := map[string]string{}
	for _, topic := range texts.Topics() {
		for _, a := range topic.Asked {
			indexed[a] = topic.ID
		}
	}
	for _, list := range questions(t) {
		for _, q := range list {
			if id, ok := indexed[q.Ask]; ok {
				t.Errorf("%q is copied into %s", q.Ask, id)
			}
		}
	}
}
