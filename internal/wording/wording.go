// Package wording owns what the staff of one server change about the words
// that are looked for: phrases of their own, and rules of ours that are
// switched off or made quieter; and what can be said of a phrase before it is
// used. It keeps nothing and finds nothing: the store keeps it, detect finds
// it.
package wording

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/detect"
)

// Tell says how soon staff want to be told of a phrase.
type Tell string

// The ways to be told.
const (
	Now   Tell = "now"
	Today Tell = "today"
	Adds  Tell = "adds" // only adds up with other signs
)

// Tells lists them, the gravest first.
func Tells() []Tell { return []Tell{Now, Today, Adds} }

// Severity is that of a message with the phrase alone.
func (t Tell) Severity() detect.Severity {
	switch t {
	case Now:
		return detect.High
	case Today:
		return detect.Medium
	}
	return detect.Low
}

// Phrase is a phrase that staff added.
type Phrase struct {
	ID       string          `json:"id"`
	Text     string          `json:"text"` // as staff typed it
	Category detect.Category `json:"category"`
	Tell     Tell            `json:"tell"`
	// Shadow: it is counted, and tells nobody.
	Shadow bool      `json:"shadow,omitempty"`
	Since  time.Time `json:"since"` // when it was added, or last made live or not
}

// Set is all that a server's staff changed. Its methods give a changed copy.
type Set struct {
	Phrases []Phrase `json:"phrases,omitempty"`
	Off     []string `json:"off,omitempty"`   // ids of rules of ours that find nothing
	Quiet   []string `json:"quiet,omitempty"` // ids of rules of ours that only add up
	Last    int      `json:"last,omitempty"`  // the number of the newest phrase ever
}

// State says what staff made of a rule of ours.
type State string

// The states of a rule.
const (
	Normal State = "normal"
	Quiet  State = "quiet"
	Off    State = "off"
)

const (
	// MaxPhrases bounds what one server can add.
	MaxPhrases = 100
	// MaxText is the longest phrase, in characters.
	MaxText = 80

	phraseID = "phrase-"
)

// Why a phrase cannot be added.
var (
	ErrFull  = errors.New("there are as many phrases as a server can have")
	ErrTwice = errors.New("there is such a phrase already")
)

// IsPhrase says whether a rule's id is that of a phrase of staff.
func IsPhrase(rule string) bool { return strings.HasPrefix(rule, phraseID) }

// Empty says whether nothing is changed.
func (s Set) Empty() bool { return len(s.Phrases)+len(s.Off)+len(s.Quiet) == 0 }

// Changes is what the detector has to know.
func (s Set) Changes() detect.Changes {
	c := detect.Changes{Off: s.Off, Quiet: s.Quiet}
	for _, p := range s.Phrases {
		c.Phrases = append(c.Phrases, p.detected())
	}
	return c
}

func (p Phrase) detected() detect.Phrase {
	return detect.Phrase{ID: p.ID, Text: p.Text, Category: p.Category, Weight: detect.WeightOf(p.Tell.Severity()), Shadow: p.Shadow}
}

// Phrase finds a phrase by its id.
func (s Set) Phrase(id string) (Phrase, bool) {
	i := s.find(id)
	if i < 0 {
		return Phrase{}, false
	}
	return s.Phrases[i], true
}

func (s Set) find(id string) int {
	return slices.IndexFunc(s.Phrases, func(p Phrase) bool { return p.ID == id })
}

// Add adds a phrase, in shadow, and gives it its id.
func (s Set) Add(p Phrase, at time.Time) (Set, Phrase, error) {
	if len(s.Phrases) >= MaxPhrases {
		return s, p, ErrFull
	}
	if slices.ContainsFunc(s.Phrases, func(q Phrase) bool { return strings.EqualFold(q.Text, p.Text) }) {
		return s, p, ErrTwice
	}
	s.Last++
	p.ID, p.Shadow, p.Since = fmt.Sprintf("%s%d", phraseID, s.Last), true, at
	s.Phrases = append(slices.Clone(s.Phrases), p)
	return s, p, nil
}

// Remove takes a phrase out; false where there is none.
func (s Set) Remove(id string) (Set, bool) {
	i := s.find(id)
	if i < 0 {
		return s, false
	}
	s.Phrases = slices.Delete(slices.Clone(s.Phrases), i, i+1)
	return s, true
}

// Live makes a phrase live, or puts it back into shadow; false where there is
// none or it is so already.
func (s Set) Live(id string, live bool, at time.Time) (Set, bool) {
	i := s.find(id)
	if i < 0 || s.Phrases[i].Shadow != live {
		return s, false
	}
	s.Phrases = slices.Clone(s.Phrases)
	s.Phrases[i].Shadow, s.Phrases[i].Since = !live, at
	return s, true
}

// State is what staff made of a rule of ours.
func (s Set) State(rule string) State {
	switch {
	case slices.Contains(s.Off, rule):
		return Off
	case slices.Contains(s.Quiet, rule):
		return Quiet
	}
	return Normal
}

// Switch makes something else of a rule of ours; false where it is so already.
func (s Set) Switch(rule string, to State) (Set, bool) {
	if s.State(rule) == to {
		return s, false
	}
	without := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(r string) bool { return r == rule })
	}
	s.Off, s.Quiet = without(s.Off), without(s.Quiet)
	switch to {
	case Off:
		s.Off = append(s.Off, rule)
	case Quiet:
		s.Quiet = append(s.Quiet, rule)
	}
	return s, true
}

// Back is the set that undoing a change leads to: an earlier one, in which
// numbers are still never used twice.
func (s Set) Back(before Set) Set {
	before.Last = max(before.Last, s.Last)
	return before
}

// Tidy is a phrase's text as it is kept.
func Tidy(text string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, " ")), " ")
}
