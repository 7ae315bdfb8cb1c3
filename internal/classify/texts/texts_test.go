package texts

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/detect"
)

// What the learned reader is trained on is held to a form, or it would learn
// from slips: known labels, a severity that fits, nothing twice.
func TestTrainingTexts(t *testing.T) {
	files, err := filepath.Glob("*/*.jsonl")
	if err != nil || len(files) < 28 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	first := map[string]string{}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		harmless := strings.HasSuffix(name, ".harmless.jsonl")
		in := bufio.NewScanner(f)
		for line := 1; in.Scan(); line++ {
			var row struct {
				Text, Kind, Difficulty string
				Labels                 []detect.Category
				Severity               detect.Severity
			}
			if err := json.Unmarshal(in.Bytes(), &row); err != nil {
				t.Errorf("%s:%d: %v", name, line, err)
				continue
			}
			for _, l := range row.Labels {
				if !slices.Contains(detect.Categories(), l) {
					t.Errorf("%s:%d: unknown label %q", name, line, l)
				}
			}
			if harmless != (len(row.Labels) == 0) || harmless != (row.Severity == detect.None) {
				t.Errorf("%s:%d: labels %v and severity %v", name, line, row.Labels, row.Severity)
			}
			key := strings.ToLower(strings.TrimSpace(row.Text))
			if at, twice := first[key]; twice || key == "" {
				t.Errorf("%s:%d: %q is in %s already", name, line, row.Text, at)
			}
			first[key] = name
		}
		if err := in.Err(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
