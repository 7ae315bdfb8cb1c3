package quality

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/detect"
)

func detector(t *testing.T) *detect.Detector {
	t.Helper()
	lex, err := detect.Load(config.Lexicon())
	if err != nil {
		t.Fatal(err)
	}
	return detect.New(lex)
}

func TestQualityIsNoWorseThanTheBaseline(t *testing.T) {
	is, err := Measure(Own(), detector(t))
	if err != nil {
		t.Fatal(err)
	}
	was, err := Baseline()
	if err != nil {
		t.Fatal(err)
	}
	if worse := Worse(was, is); len(worse) > 0 {
		t.Errorf("the detector got worse (make baseline, if that is meant):\n%s", strings.Join(worse, "\n"))
	}
}

// shared finds a folder of the shared evaluation texts, which are no part of
// the project.
func shared(t *testing.T, folder string) string {
	t.Helper()
	root := os.Getenv("WAYMARK_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	dir := filepath.Join(root, "eval", folder)
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the shared evaluation texts are not here (set WAYMARK_SHARED to their folder)")
	}
	return dir
}

// The floors for the shared texts, a little under what was measured. The rules
// were written with a look at most of them: theirs are development figures.
func TestSharedTexts(t *testing.T) {
	is, err := Measure(os.DirFS(shared(t, "dev")), detector(t))
	if err != nil {
		t.Fatal(err)
	}
	floors := []Figure{
		{Name: "recall", Value: 0.9},
		{Name: "right category among alerts", Value: 0.95},
		{Name: "hard negatives alerted", Value: 0.02},
		{Name: "odd texts alerted", Value: 0},
		{Name: "disguised forms found of what is found plain", Value: 0.95},
		{Name: "conversations alerted in time", Value: 1},
	}
	if worse := Worse(floors, is); len(worse) > 0 {
		t.Error(strings.Join(worse, "\n"))
	}
}

// The ceilings for harmless chat, in alerts for 10,000 messages. Some of
// Reddit's are rightly worrying.
func TestHarmlessChatStaysQuiet(t *testing.T) {
	dir := shared(t, "benign")
	d := detector(t)
	for name, ceiling := range map[string]float64{"ubuntu_irc": 1.5, "topical_chat": 0.9, "reddit": 15} {
		f, err := HarmlessFile(filepath.Join(dir, name+".txt.gz"), d, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.2f", f.Name, f.Value)
		if f.Value > ceiling {
			t.Errorf("%s: %.2f, more than %g", f.Name, f.Value, ceiling)
		}
	}
}

func TestWhatGotWorseIsNamed(t *testing.T) {
	was := []Figure{{Name: "recall", Value: 0.8}, {Name: "false alarms", Value: 0.02}, {Name: "gone", Value: 1}}
	is := []Figure{{Name: "recall", Value: 0.7, Of: 1000}, {Name: "false alarms", Value: 0.05, Of: 1000, Fewer: true}}
	got := Worse(was, is)
	want := []string{"recall is 0.700 and was 0.800", "false alarms is 0.050 and was 0.020", "gone is no longer measured"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
	if got := Worse(was[:1], []Figure{{Name: "recall", Value: 0.79, Of: 100}}); got != nil {
		t.Errorf("one text that changed sides: %q", got)
	}
}

func TestMeasureNamesABrokenRow(t *testing.T) {
	_, err := Measure(fstest.MapFS{"messages.jsonl": {Data: []byte(`{"text":"a","severity":"none"}` + "\n" + `{"text":`)}}, detector(t))
	if err == nil || !strings.Contains(err.Error(), "messages.jsonl, row 2") {
		t.Errorf("got %v", err)
	}
}

func TestHarmlessChatIsCounted(t *testing.T) {
	shown := 0
	f, err := Harmless("chat", strings.NewReader("good morning\n\nsend me pics or i will show your mum\n"), detector(t), func(string, []detect.Signal) { shown++ })
	if err != nil || f.Of != 2 || f.Value != 5000 || shown != 1 {
		t.Errorf("got %+v, %d shown, %v", f, shown, err)
	}
}

// plain is a text without what does not make it another one.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == ' ' {
			return r
		}
		return -1
	}, strings.ToLower(strings.TrimSpace(text)))
}

// A text that was learned from measures nothing.
func TestNoEvaluationTextIsTrainedOn(t *testing.T) {
	trained := map[string]string{}
	files, err := filepath.Glob("../classify/texts/en/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of training texts, %v", len(files), err)
	}
	for _, name := range files {
		dir, base := filepath.Split(name)
		texts, err := rows[message](os.DirFS(dir), base)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range texts {
			trained[plain(m.Text)] = base
		}
	}
	for _, name := range []string{"messages.jsonl", "hard_negatives.jsonl"} {
		measured, err := rows[message](Own(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range measured {
			if at, ok := trained[plain(m.Text)]; ok {
				t.Errorf("%s %s: %q is in %s", name, m.ID, m.Text, at)
			}
		}
	}
}
