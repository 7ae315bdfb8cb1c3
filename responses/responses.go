// Package responses owns everything that people read from the bot: the
// explanations, the contacts, and every sentence on a card, a form or a button.
// It embeds these texts, loads them and checks them. It does not choose what to
// show (internal/guide, internal/desk and internal/alert do) and it knows no
// platform.
//
// # Where a sentence lives
//
//	<lang>/topics/<id>.md   one explanation, for three audiences
//	<lang>/ask.yaml         how people type: synonyms, text-speak, cries for help
//	<lang>/quiz.yaml        the questions of the quiz
//	<lang>/tips.yaml        the tips of the week
//	<lang>/<file>.yaml      short texts, by key
//	signposts/<region>.yaml contacts and their order
//
// English (en) is complete. Every other language is a folder of its own with
// what it has of the same, and falls back key by key; docs/languages.md says how
// one is added. In gives the texts of the language that somebody reads.
//
// # How to add a short text
//
// Write it into <lang>/<file>.yaml, nested as you like:
//
//	alert:
//	  title: "A message worries us in {place}"
//	  steps:
//	    - "Listen."
//	    - "Tell the lead."
//	  waiting:
//	    one: "{n} alert is waiting."
//	    other: "{n} alerts are waiting."
//
// In staff.yaml these are the keys staff.alert.title, staff.alert.steps and
// staff.alert.waiting: a key starts with the name of its file, so a new file
// needs nothing else. Read them with
//
//	texts.Say("staff.alert.title", "place", place)
//	texts.List("staff.alert.steps")
//	texts.Count("staff.alert.waiting", n)
//
// Write keys as string literals where you use them, or as a literal that ends
// in a dot plus a value ("staff.severity." + s). A test reads the source of the
// whole module: a key that is used and not written, written and never used, or
// used with other placeholders than its text has, fails it.
package responses

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
)

// A language's folder is carried by the look of its name: cy, en-US. One with
// another kind of tag has to be added here.
//
//go:embed ??/*.yaml ??/topics/*.md ??-??/*.yaml signposts/*.yaml
var embedded embed.FS

// Language is the language that is always complete.
const Language = "en"

// Texts is all that can be said in one language, and the contacts. It does not
// change after loading and can be used from any goroutine.
type Texts struct {
	language Tongue
	base     *Texts            // what it falls back to; nil for English
	all      *languages        // every language, English first; shared
	phrases  map[string]phrase // its own
	topics   []Topic
	topic    map[string]int
	ask      Asking
	contacts *Contacts

	questions []Question
	tips      []Tip
}

// Load reads the texts that the program carries.
func Load() (*Texts, error) { return LoadFS(embedded) }

// LoadChecked is Load, with what is known of the contacts from checks made since.
func LoadChecked(checks []Check) (*Texts, error) {
	t, err := Load()
	if err == nil {
		t.takeOver(checks)
	}
	return t, err
}

// LoadFS reads the texts from a file system laid out like this package's
// folder: those in English, with all other languages at hand. Its error is a
// Problems with every mistake in every file.
func LoadFS(fsys fs.FS) (*Texts, error) {
	var bad Problems
	t := &Texts{language: english(), phrases: map[string]phrase{}, topic: map[string]int{}}
	t.loadPhrases(fsys, Language, &bad)
	t.loadTopics(fsys, &bad)
	t.loadQuiz(fsys, &bad)
	t.ask = loadAsking(fsys, path.Join(Language, askFile), &bad)
	t.contacts = loadContacts(fsys, &bad)
	t.loadLanguages(fsys, &bad)
	if len(bad) > 0 {
		sort.SliceStable(bad, func(i, j int) bool { return bad[i].before(bad[j]) })
		return nil, bad
	}
	return t, nil
}

// Problem is one mistake in a data file.
type Problem struct {
	File   string
	Line   int // 0 where the whole file is meant
	Reason string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Reason)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
}

func (p Problem) before(q Problem) bool {
	if p.File != q.File {
		return p.File < q.File
	}
	return p.Line < q.Line
}

// Problems is every mistake found in the data, one a line.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// add notes a mistake, once.
func (ps *Problems) add(file string, line int, format string, args ...any) {
	p := Problem{File: file, Line: line, Reason: fmt.Sprintf(format, args...)}
	if !slices.Contains(*ps, p) {
		*ps = append(*ps, p)
	}
}
