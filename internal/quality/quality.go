// Package quality measures the detector on labelled texts and on harmless
// chat. The project's own texts (texts/) were written by somebody who knew
// neither the rules nor what the learned reader is trained on; they are for
// measuring alone. It owns no rules and no texts that people read.
package quality

import (
	"bufio"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/watch"
)

//go:embed texts/en
var own embed.FS

// Own are the project's own evaluation texts of English.
func Own() fs.FS {
	sub, err := fs.Sub(own, "texts/en")
	if err != nil {
		panic(err) // the path is a constant
	}
	return sub
}

// Figure is one measured share, from 0 to 1, or a rate.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Of    int     `json:"of"` // how many texts it was measured on
	// Fewer says that less is better: a false alarm.
	Fewer bool `json:"-"`
}

// message is a row of the labelled texts; see texts/README.md.
type message struct {
	ID         string
	Text       string
	Labels     []detect.Category
	Severity   detect.Severity
	Difficulty string
	Of         string
	Ambiguous  bool
}

type conversation struct {
	Risky    bool
	AlertBy  int `json:"alert_by"`
	Messages []struct {
		Author, Text string
		TS           time.Time
	}
}

// tally counts shares by name, in the order in which the names first came.
type tally struct {
	names []string
	parts map[string]*share
}

type share struct {
	part, whole int
	fewer       bool
}

func (t *tally) count(name string, yes bool) *share {
	s, ok := t.parts[name]
	if !ok {
		s = &share{}
		t.parts[name] = s
		t.names = append(t.names, name)
	}
	s.whole++
	if yes {
		s.part++
	}
	return s
}

func (t *tally) wrong(name string, yes bool) { t.count(name, yes).fewer = true }

func (t *tally) figures() []Figure {
	out := make([]Figure, len(t.names))
	for i, n := range t.names {
		s := t.parts[n]
		out[i] = Figure{Name: n, Value: float64(s.part) / float64(s.whole), Of: s.whole, Fewer: s.fewer}
	}
	return out
}

// Measure reads the labelled texts of a folder (messages, hard_negatives,
// evasion and conversations, each .jsonl and each optional) and says how the
// detector does on them, with alerts from medium on.
func Measure(dir fs.FS, d *detect.Detector) ([]Figure, error) {
	t := &tally{parts: map[string]*share{}}
	for _, part := range []func(fs.FS, *detect.Detector, *tally) error{messages, negatives, evasion, conversations} {
		if err := part(dir, d, t); err != nil {
			return nil, fmt.Errorf("measure quality: %w", err)
		}
	}
	return t.figures(), nil
}

// verdict reads one message that stands alone.
func verdict(d *detect.Detector, text string) watch.Verdict {
	return watch.NewStream(d, detect.Medium).Observe(chat.Message{Author: chat.Person{ID: "a"}, Text: text, Time: time.Unix(0, 0)})
}

// messages measures what is found. Low ones worry only together with more, so
// they count neither way.
func messages(dir fs.FS, d *detect.Detector, t *tally) error {
	ms, err := rows[message](dir, "messages.jsonl")
	for _, m := range ms {
		if m.Severity < detect.Medium {
			continue
		}
		t.count("recall", verdict(d, m.Text).Alert)
	}
	for _, m := range ms {
		if m.Severity < detect.Medium {
			continue
		}
		v := verdict(d, m.Text)
		t.count("recall."+m.Difficulty, v.Alert)
		for _, l := range m.Labels {
			t.count("recall."+string(l), v.Alert)
		}
		if v.Alert {
			t.count("right category among alerts", shares(m.Labels, v.Signals))
		}
		if m.Severity == detect.Urgent {
			t.count("urgent seen as high or more", v.Alert && v.Severity >= detect.High)
		}
	}
	return err
}

func shares(labels []detect.Category, signals []detect.Signal) bool {
	for _, l := range labels {
		for _, s := range signals {
			if s.Category == l {
				return true
			}
		}
	}
	return false
}

func negatives(dir fs.FS, d *detect.Detector, t *tally) error {
	ms, err := rows[message](dir, "hard_negatives.jsonl")
	for _, m := range ms {
		if !m.Ambiguous {
			t.wrong("hard negatives alerted", verdict(d, m.Text).Alert)
		}
	}
	return err
}

// evasion measures the disguised forms of messages that are found when plain.
func evasion(dir fs.FS, d *detect.Detector, t *tally) error {
	plain, err := rows[message](dir, "messages.jsonl")
	if err != nil {
		return err
	}
	found := map[string]bool{}
	for _, m := range plain {
		found[m.ID] = verdict(d, m.Text).Alert
	}
	ms, err := rows[message](dir, "evasion.jsonl")
	for _, m := range ms {
		switch {
		case m.Of == "":
			t.wrong("odd texts alerted", verdict(d, m.Text).Alert)
		case found[m.Of]:
			t.count("disguised forms found of what is found plain", verdict(d, m.Text).Alert)
		}
	}
	return err
}

func conversations(dir fs.FS, d *detect.Detector, t *tally) error {
	cs, err := rows[conversation](dir, "conversations.jsonl")
	for _, c := range cs {
		s, first := watch.NewStream(d, detect.Medium), -1
		for i, m := range c.Messages {
			v := s.Observe(chat.Message{Place: chat.Place{ID: "p"}, Author: chat.Person{ID: chat.PersonID(m.Author)}, Text: m.Text, Time: m.TS})
			if v.Alert && first < 0 {
				first = i
			}
		}
		if c.Risky {
			t.count("conversations alerted in time", first >= 0 && first <= c.AlertBy)
		} else {
			t.wrong("calm conversations alerted", first >= 0)
		}
	}
	return err
}

// rows reads a file of JSON lines; a file that is not there has none.
func rows[T any](dir fs.FS, name string) ([]T, error) {
	f, err := dir.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []T
	d := json.NewDecoder(f)
	for d.More() {
		var row T
		if err := d.Decode(&row); err != nil {
			return nil, fmt.Errorf("%s, row %d: %w", name, len(out)+1, err)
		}
		out = append(out, row)
	}
	return out, nil
}

// Harmless measures the alerts in every 10,000 messages of harmless chat, one
// message a line, each read alone. It gives those that alert to show.
func Harmless(name string, chatLines io.Reader, d *detect.Detector, show func(text string, signals []detect.Signal)) (Figure, error) {
	f := Figure{Name: "alerts in 10,000 messages of " + name, Fewer: true}
	in := bufio.NewScanner(chatLines)
	in.Buffer(nil, 1<<20)
	alerts := 0
	for in.Scan() {
		if len(in.Bytes()) == 0 {
			continue
		}
		f.Of++
		if signals := d.Detect(in.Text()); detect.Assess(signals) >= detect.Medium {
			alerts++
			if show != nil {
				show(in.Text(), signals)
			}
		}
	}
	f.Value = 10_000 * float64(alerts) / float64(max(1, f.Of))
	return f, in.Err()
}

// HarmlessFile does the same with a packed file, NAME.txt.gz.
func HarmlessFile(name string, d *detect.Detector, show func(text string, signals []detect.Signal)) (Figure, error) {
	f, err := os.Open(name)
	if err != nil {
		return Figure{}, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return Figure{}, fmt.Errorf("unpack %s: %w", name, err)
	}
	return Harmless(strings.TrimSuffix(filepath.Base(name), ".txt.gz"), z, d, show)
}
