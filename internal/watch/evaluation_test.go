package watch

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
)

// The floors, a little under what was measured. Rules were written looking at
// most of the development set: its figures are development figures.
const (
	floorRecall      = 0.80
	floorEvasion     = 0.93 // of the obfuscated forms of messages that are seen plain
	floorInTime      = 8
	ceilingFalse     = 0.04
	ceilingOdd       = 0
	ceilingCalm      = 1
	ceilingChat      = 2.0 // alerts per 10,000 messages of IRC and small talk
	ceilingReddit    = 6.5 // some of these are rightly worrying
	benignSampleFrom = 4   // every fourth message, to keep the test quick
)

// evaluation finds the shared evaluation texts, which are no part of the project.
func evaluation(t *testing.T) string {
	root := os.Getenv("WAYMARK_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	dir := filepath.Join(root, "eval")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the shared evaluation texts are not here (set WAYMARK_SHARED to their folder)")
	}
	return dir
}

func readRows[T any](t *testing.T, name string) []T {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []T
	d := json.NewDecoder(f)
	for d.More() {
		var row T
		if err := d.Decode(&row); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, row)
	}
	return out
}

type share struct{ part, whole int }

func (s *share) count(yes bool) {
	s.whole++
	if yes {
		s.part++
	}
}

func (s share) value() float64 { return float64(s.part) / max(1, float64(s.whole)) }

func TestEvaluation(t *testing.T) {
	dir := filepath.Join(evaluation(t), "dev")
	d := testDetector(t)
	alerts := func(text string) bool {
		return NewStream(d, detect.Medium).Observe(chat.Message{Author: chat.Person{ID: "a"}, Text: text, Time: noon}).Alert
	}
	type message struct{ ID, Text, Severity, Of string }
	type negative struct {
		Text      string
		Ambiguous bool
	}
	var recall, evasion, wrong, odd share
	plain := map[string]bool{}
	for _, m := range readRows[message](t, filepath.Join(dir, "messages.jsonl")) {
		plain[m.ID] = alerts(m.Text)
		if m.Severity != "low" {
			recall.count(plain[m.ID])
		}
	}
	for _, n := range readRows[negative](t, filepath.Join(dir, "hard_negatives.jsonl")) {
		if !n.Ambiguous {
			wrong.count(alerts(n.Text))
		}
	}
	for _, m := range readRows[message](t, filepath.Join(dir, "evasion.jsonl")) {
		switch {
		case m.Of == "":
			odd.count(alerts(m.Text))
		case plain[m.Of]:
			evasion.count(alerts(m.Text))
		}
	}
	t.Logf("recall %.3f, evasion of plain hits %.3f, false alarms %.3f, odd texts %.3f", recall.value(), evasion.value(), wrong.value(), odd.value())
	if recall.value() < floorRecall || evasion.value() < floorEvasion || wrong.value() > ceilingFalse || odd.value() > ceilingOdd {
		t.Error("below the floors")
	}
}

func TestEvaluationOfConversations(t *testing.T) {
	dir := filepath.Join(evaluation(t), "dev")
	d := testDetector(t)
	type conversation struct {
		ID       string
		Risky    bool
		AlertBy  int `json:"alert_by"`
		Messages []struct {
			Author, Text string
			TS           time.Time
		}
	}
	inTime, risky, calm := 0, 0, 0
	for _, c := range readRows[conversation](t, filepath.Join(dir, "conversations.jsonl")) {
		s, first := NewStream(d, detect.Medium), -1
		for i, m := range c.Messages {
			v := s.Observe(chat.Message{Place: chat.Place{ID: "p"}, Author: chat.Person{ID: chat.PersonID(m.Author)}, Text: m.Text, Time: m.TS})
			if v.Alert && first < 0 {
				first = i
			}
		}
		switch {
		case c.Risky:
			risky++
			if first >= 0 && first <= c.AlertBy {
				inTime++
			}
		case first >= 0:
			calm++
		}
	}
	t.Logf("in time %d of %d, calm ones alerted %d", inTime, risky, calm)
	if inTime < floorInTime || calm > ceilingCalm {
		t.Error("below the floors")
	}
}

func TestEvaluationOfHarmlessChat(t *testing.T) {
	dir := filepath.Join(evaluation(t), "benign")
	d := testDetector(t)
	for name, ceiling := range map[string]float64{"ubuntu_irc": ceilingChat, "topical_chat": ceilingChat, "reddit": ceilingReddit} {
		f, err := os.Open(filepath.Join(dir, name+".txt.gz"))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		var alerts share
		in := bufio.NewScanner(z)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			if testing.Short() && sample(in.Text())%benignSampleFrom != 0 {
				continue
			}
			alerts.count(detect.Assess(d.Detect(in.Text())) >= detect.Medium)
		}
		f.Close()
		t.Logf("%s: %.2f alerts per 10,000 messages", name, 10_000*alerts.value())
		if !testing.Short() && 10_000*alerts.value() > ceiling {
			t.Errorf("%s: more than %v", name, ceiling)
		}
	}
}

func sample(text string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(text))
	return h.Sum32()
}
