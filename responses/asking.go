package responses

import (
	"io/fs"
)

// Asking is how people type when they ask: what /ask knows of words.
type Asking struct {
	// Means says what short or slang words stand for: "u" is "you".
	Means map[string]string `yaml:"means"`
	// Same lists words that mean the same to somebody who asks.
	Same [][]string `yaml:"same"`
	// Skip are words that say nothing about the subject.
	Skip []string `yaml:"skip"`
	// Sets are named lists of words for Crisis, written $name there.
	Sets map[string][]string `yaml:"sets"`
	// Crisis are word patterns of a cry for help. internal/guide says how
	// they are written.
	Crisis []string `yaml:"crisis"`
}

// Asking returns what is known of how people type.
func (t *Texts) Asking() Asking { return t.ask }

func loadAsking(fsys fs.FS, file string, bad *Problems) Asking {
	var a Asking
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		bad.add(file, 0, "cannot be read: %v", err)
		return a
	}
	if decode(file, 0, data, &a, bad) && len(a.Crisis) == 0 {
		bad.add(file, lineOf(data, "crisis:"), "crisis is empty: a cry for help must be heard")
	}
	return a
}
