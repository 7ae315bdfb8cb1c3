package responses

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The YAML files of a language that hold no phrases.
const (
	askFile      = "ask.yaml"
	languageFile = "language.yaml"
	contactsFile = "signposts.yaml"
	wordsFile    = "words.yaml"
)

// phrase is a short text: one sentence or more, or a list of them.
type phrase struct {
	items []string
	list  bool
	file  string
	line  int
}

var placeholder = regexp.MustCompile(`\{([a-z]+)\}`)

// Say returns the text of a key with its placeholders filled in from pairs of
// name and value. An unknown key gives the key in square brackets, so that a
// slip never takes an answer from somebody; the module's tests find such slips.
func (t *Texts) Say(key string, pairs ...any) string {
	p, in := t.phrase(key)
	if in == nil || p.list {
		return "[" + key + "]"
	}
	return in.fill(p.items[0], pairs)
}

// phrase finds a key in the language, or in what it falls back to: in is the
// one that has it, nil for none.
func (t *Texts) phrase(key string) (p phrase, in *Texts) {
	for in = t; in != nil; in = in.base {
		if p, ok := in.phrases[key]; ok {
			return p, in
		}
	}
	return phrase{}, nil
}

// List returns the items of a key that holds a list, filled in like Say.
func (t *Texts) List(key string, pairs ...any) []string {
	p, in := t.phrase(key)
	if in == nil || !p.list {
		return []string{"[" + key + "]"}
	}
	items := make([]string, len(p.items))
	for i, s := range p.items {
		items[i] = in.fill(s, pairs)
	}
	return items
}

// Count returns the text of a key that is written once for each plural form of
// the language (one, other, ...), with {n} filled in besides the pairs.
func (t *Texts) Count(key string, n int, pairs ...any) string {
	_, in := t.phrase(key + ".other")
	if in == nil {
		return "[" + key + "]"
	}
	form := in.language.form(n)
	if _, ok := in.phrases[key+"."+form]; !ok {
		form = "other"
	}
	return in.Say(key+"."+form, append(pairs, "n", n)...)
}

// Has says whether there is a text or a list of that key.
func (t *Texts) Has(key string) bool {
	_, in := t.phrase(key)
	return in != nil
}

// Keys lists the keys of the language's own short texts, in order.
func (t *Texts) Keys() []string {
	keys := make([]string, 0, len(t.phrases))
	for k := range t.phrases {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// fill replaces {name} by the value that follows the name in pairs. What would
// disturb the direction of the line is kept apart.
func (t *Texts) fill(s string, pairs []any) string {
	if len(pairs) == 0 {
		return s
	}
	values := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		values[fmt.Sprint(pairs[i])] = fmt.Sprint(pairs[i+1])
	}
	return placeholder.ReplaceAllStringFunc(s, func(m string) string {
		if v, ok := values[m[1:len(m)-1]]; ok {
			return t.Apart(v)
		}
		return m
	})
}

// loadPhrases reads every YAML file of a folder that holds phrases.
func (t *Texts) loadPhrases(fsys fs.FS, folder string, bad *Problems) {
	files, err := fs.Glob(fsys, path.Join(folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		bad.add(folder, 0, "no YAML files found")
		return
	}
	for _, file := range files {
		switch path.Base(file) {
		case askFile, languageFile, contactsFile, wordsFile, quizFile, tipsFile:
			continue
		}
		root, ok := readYAML(fsys, file, bad)
		if !ok || root == nil {
			continue
		}
		t.addPhrases(file, strings.TrimSuffix(path.Base(file), ".yaml"), root, bad)
	}
}

// addPhrases flattens a YAML node into keys joined by dots.
func (t *Texts) addPhrases(file, key string, n *yaml.Node, bad *Problems) {
	switch n.Kind {
	case yaml.MappingNode:
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i]
			if seen[name.Value] {
				bad.add(file, name.Line, "%q is written twice", name.Value)
				continue
			}
			seen[name.Value] = true
			if name.Value == "" || strings.ContainsAny(name.Value, ". ") {
				bad.add(file, name.Line, "the key %q is empty or holds a dot or a space", name.Value)
				continue
			}
			t.addPhrases(file, key+"."+name.Value, n.Content[i+1], bad)
		}
	case yaml.SequenceNode:
		p := phrase{list: true, file: file, line: n.Line}
		for _, item := range n.Content {
			p.items = append(p.items, scalar(file, key, item, bad))
		}
		if len(p.items) == 0 {
			bad.add(file, n.Line, "the list %s is empty", key)
		}
		t.phrases[key] = p
	default:
		t.phrases[key] = phrase{items: []string{scalar(file, key, n, bad)}, file: file, line: n.Line}
	}
}

// scalar reads one text. Anchors are not allowed: a sentence has one home.
func scalar(file, key string, n *yaml.Node, bad *Problems) string {
	s := strings.TrimSpace(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode:
		bad.add(file, n.Line, "%s: a text is expected here", key)
	case s == "":
		bad.add(file, n.Line, "%s is empty", key)
	default:
		checkPlain(file, n.Line, key, s, bad)
	}
	return s
}

// checkPlain finds what must not be in a text that platforms show as it is.
func checkPlain(file string, line int, what, s string, bad *Problems) {
	for _, m := range regexp.MustCompile(`\{[^}]*\}?`).FindAllString(s, -1) {
		if !placeholder.MatchString(m) {
			bad.add(file, line, "%s: %q is no placeholder; write {name} in small letters", what, m)
		}
	}
	for _, mark := range []string{"**", "__", "](", "<@", "@everyone", "@here"} {
		if strings.Contains(s, mark) {
			bad.add(file, line, "%s: texts are plain, without %q", what, mark)
		}
	}
}

// readYAML parses a file into its first node, nil where the file is empty.
func readYAML(fsys fs.FS, file string, bad *Problems) (*yaml.Node, bool) {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		bad.add(file, 0, "cannot be read: %v", err)
		return nil, false
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		addYAMLError(file, 0, err, bad)
		return nil, false
	}
	if len(doc.Content) == 0 {
		return nil, true
	}
	return doc.Content[0], true
}
