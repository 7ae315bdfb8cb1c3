package responses

import (
	"io/fs"
	"slices"
)

// Cry is what a cry for help is about.
type Cry string

// The cries for help, the most pressing first.
const (
	CryDanger    Cry = "danger"    // danger now
	CrySelf      Cry = "self"      // thoughts of suicide or self-harm
	CryBlackmail Cry = "blackmail" // threats, pictures passed on
	CryAbuse     Cry = "abuse"     // abuse or pressure, now or before
)

// Cries lists all kinds of cries.
func Cries() []Cry { return []Cry{CryDanger, CrySelf, CryBlackmail, CryAbuse} }

// Asking is how people type when they ask: what /ask knows of words.
type Asking struct {
	// Means says what short or slang words stand for: "u" is "you".
	Means map[string]string `yaml:"means"`
	// Same lists words that mean the same to somebody who asks.
	Same [][]string `yaml:"same"`
	// Skip are words that say nothing about the subject.
	Skip []string `yaml:"skip"`
	// Plain are words that say nothing about whether a question is for us.
	Plain []string `yaml:"plain"`
	// Sure are words that mark a question as one for us, each alone; Subject
	// do so more or less, and Context where some come together.
	Sure    []string `yaml:"sure"`
	Subject []string `yaml:"subject"`
	Context []string `yaml:"context"`
	// Sets are named lists of words, written $name in patterns.
	Sets map[string][]string `yaml:"sets"`
	// Voices are patterns that tell who is asking: parents or staff.
	Voices map[Audience][]string `yaml:"voices"`
	// Crisis are patterns of a cry for help, by what it is about.
	// internal/guide says how patterns are written.
	Crisis map[Cry][]string `yaml:"crisis"`
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
	if !decode(file, 0, data, &a, bad) {
		return a
	}
	for _, c := range Cries() {
		if len(a.Crisis[c]) == 0 {
			bad.add(file, lineOf(data, "crisis:"), "there are no patterns for %s: a cry for help must be heard", c)
		}
	}
	for c := range a.Crisis {
		if !slices.Contains(Cries(), c) {
			bad.add(file, lineOf(data, string(c)+":"), "%q is no kind of cry for help", c)
		}
	}
	for v := range a.Voices {
		if v != Parents && v != Staff {
			bad.add(file, lineOf(data, string(v)+":"), "%q is no voice: parents or staff", v)
		}
	}
	return a
}
