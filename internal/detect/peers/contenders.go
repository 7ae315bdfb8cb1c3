package main

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	bobusumisu "github.com/BobuSumisu/aho-corasick"
	goaway "github.com/TwiN/go-away"
	"github.com/coregx/ahocorasick"
	re2 "github.com/wasilibs/go-re2/experimental"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/detect"
)

// contender is one way to find phrases.
type contender struct {
	name string
	does string // what it does to a message
	find func(text string) bool
}

// lexicon is the detector's, as the program has it; without the learned reader
// where patterns alone are wanted.
func lexicon(learned bool) (*detect.Lexicon, error) {
	files := config.Lexicon()
	if !learned {
		files = without{files, "learned.yaml"}
	}
	return detect.Load(files)
}

// without is a file system of which one name is not listed.
type without struct {
	fs.FS
	name string
}

func (w without) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(w.FS, name)
	kept := all[:0]
	for _, e := range all {
		if e.Name() != w.name {
			kept = append(kept, e)
		}
	}
	return kept, err
}

// ours are the detector's ways: all that it does, its patterns alone, and the
// given phrases alone.
func ours(phrases []string) ([]contender, error) {
	whole, err := lexicon(true)
	if err != nil {
		return nil, err
	}
	patterns, err := lexicon(false)
	if err != nil {
		return nil, err
	}
	d, p := detect.New(whole), detect.New(patterns)
	var changes detect.Changes
	for i, phrase := range phrases {
		changes.Phrases = append(changes.Phrases, detect.Phrase{ID: fmt.Sprint(i), Text: phrase, Category: detect.Secrecy, Weight: 6})
	}
	same, err := d.Overlay(changes)
	if err != nil {
		return nil, err
	}
	return []contender{
		{"Waymark", "the whole pipeline: normalising, all rules, the learned reader", func(t string) bool { return len(d.Detect(t)) > 0 }},
		{"Waymark without the learned reader", "normalising and all patterns", func(t string) bool { return len(p.Detect(t)) > 0 }},
		{"Waymark with these phrases alone", "normalising; up to two words between", func(t string) bool { return len(same.Own(t)) > 0 }},
	}, nil
}

// peers are the others' ways, each with the given phrases.
func peers(phrases []string) ([]contender, error) {
	coregx, err := ahocorasick.NewBuilder().AddStrings(phrases).Build()
	if err != nil {
		return nil, fmt.Errorf("coregx/ahocorasick: %w", err)
	}
	trie := bobusumisu.NewTrieBuilder().AddStrings(phrases).Build()
	exprs := make([]string, len(phrases))
	for i, p := range phrases {
		exprs[i] = expression(p)
	}
	set, err := re2.CompileSet(exprs)
	if err != nil {
		return nil, fmt.Errorf("go-re2: %w", err)
	}
	alternation, err := regexp.Compile(strings.Join(exprs, "|"))
	if err != nil {
		return nil, err
	}
	away := awayFinder(phrases)
	return []contender{
		{"coregx/ahocorasick", "lower case, all matches", func(t string) bool { return len(coregx.FindAllOverlapping([]byte(strings.ToLower(t)))) > 0 }},
		{"BobuSumisu/aho-corasick", "lower case, all matches", func(t string) bool { return len(trie.MatchString(strings.ToLower(t))) > 0 }},
		{"go-re2, a set", "any case, whole words", func(t string) bool {
			found, err := set.FindAllStringWithError(t, -1)
			return err == nil && len(found) > 0
		}},
		{"Go's regexp, one of all", "any case, whole words, first match", alternation.MatchString},
		{"TwiN/go-away", "its own normalising, first match", away},
		{"A word list as in YAGPDB", "any case, single words, first match", words(contentWords(phrases))},
	}, nil
}

// expression finds a phrase's words, whatever stands between them but letters.
func expression(phrase string) string {
	fields := strings.Fields(phrase)
	for i, f := range fields {
		fields[i] = regexp.QuoteMeta(f)
	}
	return `(?i)\b` + strings.Join(fields, `\W+`) + `\b`
}

// awayFinder is go-away with the given words. It takes spaces out of a message,
// so they are taken out of the words, too.
func awayFinder(list []string) func(string) bool {
	joined := make([]string, len(list))
	for i, w := range list {
		joined[i] = strings.NewReplacer(" ", "", "'", "").Replace(w)
	}
	return goaway.NewProfanityDetector().WithCustomDictionary(joined, nil, nil).IsProfane
}

// words says whether one of a message's words is in a list, in the way in which
// YAGPDB does it: each word is compared with each of the list.
func words(list []string) func(string) bool {
	return func(text string) bool {
		for _, field := range strings.Fields(text) {
			for _, w := range list {
				if strings.EqualFold(field, w) {
					return true
				}
			}
		}
		return false
	}
}

// wildcards says whether a message holds one of some texts anywhere, as
// Discord's AutoMod does for *text*.
func wildcards(list []string) func(string) bool {
	return func(text string) bool {
		text = strings.ToLower(text)
		for _, w := range list {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
}

// contentWords are the words of phrases that are long enough to mean something.
func contentWords(phrases []string) (out []string) {
	seen := map[string]bool{}
	for _, p := range phrases {
		for _, w := range strings.Fields(p) {
			if len(w) > 4 && !seen[w] {
				seen[w] = true
				out = append(out, w)
			}
		}
	}
	return out
}
