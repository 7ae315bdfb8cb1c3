package guide

import (
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/waymark-bot/waymark/responses"
)

// made is the guide of all tests: it never changes, and its index takes a while.
var made = sync.OnceValues(func() (*Guide, error) {
	texts, err := responses.Load()
	if err != nil {
		return nil, err
	}
	return New(texts), nil
})

func newGuide(t testing.TB) *Guide {
	t.Helper()
	g, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// asked is a question as somebody typed it.
type asked struct {
	By  string   `yaml:"by"`
	Ask string   `yaml:"ask"`
	Or  []string `yaml:"or"` // topics that answer it as well as the one it is listed under
}

// The files of questions: the first was used to tune the index, the second was
// not.
const (
	tuned  = "testdata/questions.yaml"
	unseen = "testdata/check.yaml"
)

func questions(t testing.TB, file string) map[string][]asked {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var q map[string][]asked
	if err := yaml.Unmarshal(data, &q); err != nil {
		t.Fatal(err)
	}
	return q
}

// floors is what /ask has to reach, in shares of the questions.
type floors struct {
	right  float64 // of all questions that a topic answers
	topic  float64 // of those of any one topic
	none   float64
	crisis float64
}

func TestQuestionsAsPeopleTypeThem(t *testing.T) {
	g := newGuide(t)
	measure(t, g, tuned, floors{right: 0.85, topic: 0.6, none: 0.95, crisis: 1})
}

// The same on questions that nothing was tuned on: few for each topic, so that
// only the whole is held to a floor, and one answer too many weighs more.
func TestQuestionsNeverSeenBefore(t *testing.T) {
	g := newGuide(t)
	measure(t, g, unseen, floors{right: 0.85, none: 0.92, crisis: 1})
}

// measure asks every question of a file and holds the shares to their floors.
func measure(t *testing.T, g *Guide, file string, least floors) {
	t.Helper()
	var right, inScope, none, out, crisis, cries, alarms int
	share := func(what string, n, of int, floor float64) {
		t.Helper()
		got := float64(n) / float64(of)
		t.Logf("%s: %d of %d (%.1f%%)", what, n, of, 100*got)
		if got < floor {
			t.Errorf("%s: %.1f%%, at least %.0f%%", what, 100*got, 100*floor)
		}
	}
	all := questions(t, file)
	for _, want := range slices.Sorted(maps.Keys(all)) {
		rightHere := 0
		for _, q := range all[want] {
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
				if a.Crisis() {
					alarms++
				}
				if first == want || slices.Contains(q.Or, first) {
					rightHere++
				} else {
					t.Logf("%s, not %s: %q", first, want, q.Ask)
				}
			}
		}
		if want == "crisis" || want == "none" {
			continue
		}
		right, inScope = right+rightHere, inScope+len(all[want])
		share(want, rightHere, len(all[want]), least.topic)
	}
	share("right topic first", right, inScope, least.right)
	share("out of scope, no answer", none, out, least.none)
	share("cries heard", crisis, cries, least.crisis)
	t.Logf("questions for facts taken for cries: %d of %d", alarms, inScope)
}

// The questions measure something only as long as they are not in the index.
func TestTheQuestionsAreKeptApart(t *testing.T) {
	texts := newGuide(t).texts
	indexed := map[string]string{}
	for _, topic := range texts.Topics() {
		for _, a := range topic.Asked {
			indexed[strings.ToLower(a)] = topic.ID
		}
	}
	for _, file := range []string{tuned, unseen} {
		for _, list := range questions(t, file) {
			for _, q := range list {
				if id, ok := indexed[strings.ToLower(q.Ask)]; ok {
					t.Errorf("%q is copied into %s", q.Ask, id)
				}
				for _, or := range q.Or {
					if _, ok := texts.Topic(or); !ok {
						t.Errorf("%q: there is no topic %q", q.Ask, or)
					}
				}
			}
		}
	}
}
