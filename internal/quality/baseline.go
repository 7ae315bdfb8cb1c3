package quality

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
)

//go:embed baseline.json
var baseline []byte

// allowed is by how much a figure may be worse than its baseline: two texts of
// a set or this share, whichever is more, so that one text that changes sides
// does not fail a build.
const allowed = 0.01

// Baseline reads the figures that must not get worse.
func Baseline() (figures []Figure, err error) {
	if err := json.Unmarshal(baseline, &figures); err != nil {
		return nil, fmt.Errorf("read the baseline: %w", err)
	}
	return figures, nil
}

// WriteBaseline writes figures as the new baseline.
func WriteBaseline(name string, figures []Figure) error {
	b, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return fmt.Errorf("write the baseline: %w", err)
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}

// Worse lists what got worse, or is no longer measured, in plain words.
func Worse(was, is []Figure) (out []string) {
	now := map[string]Figure{}
	for _, f := range is {
		now[f.Name] = f
	}
	for _, w := range was {
		f, ok := now[w.Name]
		if !ok {
			out = append(out, w.Name+" is no longer measured")
			continue
		}
		fall := w.Value - f.Value
		if f.Fewer {
			fall = -fall
		}
		if fall > max(allowed, 2/float64(f.Of)) {
			out = append(out, fmt.Sprintf("%s is %.3f and was %.3f", f.Name, f.Value, w.Value))
		}
	}
	return out
}
