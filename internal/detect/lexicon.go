package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Speaker says whose words a rule looks for.
type Speaker string

// The speakers.
const (
	Initiator Speaker = "initiator" // somebody who may mean harm
	Target    Speaker = "target"    // somebody who needs help
	Anyone    Speaker = "any"
)

// Rule is one row of the lexicon, as staff see it.
type Rule struct {
	ID       string
	Category Category
	Severity Severity // of a message with this sign alone
	Weight   float64  // see Signal.Weight
	Speaker  Speaker
	Why      string // a plain sentence for the alert card
	Source   string // the public guidance that it follows
}

// Lexicon is a set of rules that was read, checked and compiled.
type Lexicon struct {
	program *program
	rules   map[string]int32
	learned *learned // nil where no rule asks for the learned reader
}

// Rules lists all rules, by id.
func (l *Lexicon) Rules() []Rule {
	out := make([]Rule, 0, len(l.program.rules))
	for _, r := range l.program.rules {
		out = append(out, r.Rule)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

type compiledRule struct {
	Rule
	unless, needs []pattern
	hits, misses  []example
}

// compiledContext lowers signals, or says that somebody else's words are told.
type compiledContext struct {
	id       string
	no       int // its place among all contexts
	patterns []pattern
	unless   []pattern
	lowers   []Category // the categories that it lowers; nil where it becomes
	factor   float64
	scope    scope
	becomes  Category // what the signals after it turn into; empty where it lowers
	hits     []example
	misses   []example
}

type scope uint8

const (
	whole  scope = iota // the signal may be anywhere in the message
	before              // the signal comes after it in the same sentence, or overlaps it
)

type example struct {
	text string
	file string
	line int
}

// Load reads every *.yaml file below the roots of the file systems: one folder
// for each language, with classes of words, rules and contexts. Later ones add
// to earlier ones: a server's own rules to ours. It checks everything,
// the examples of all rules included (some 50 ms for the whole lexicon), and
// reports all mistakes at once, each as "file:line: reason".
func Load(roots ...fs.FS) (*Lexicon, error) {
	l := loader{roots: roots, c: newCompiler(), real: map[string]bool{}, ids: map[string]string{}, classAt: map[string]*classDef{}}
	if err := l.read(); err != nil {
		return nil, err
	}
	l.words()
	l.classes()
	l.rules()
	l.contexts()
	if err := l.errs(); err != nil {
		return nil, err
	}
	lex := &Lexicon{program: l.c.finish(l.real), rules: map[string]int32{}}
	for i, r := range lex.program.rules {
		lex.rules[r.ID] = int32(i)
	}
	lex.learned = l.learned(lex.program)
	l.examples(lex)
	return lex, l.errs()
}

type loader struct {
	roots   []fs.FS
	c       *compiler
	files   []source
	bad     []problem
	real    map[string]bool
	ids     map[string]string // rule or context id -> where it is
	classAt map[string]*classDef
	names   []string // of the classes, in order
	folders []string // one for each language
	reads   []learnedRule
}

type source struct {
	name string
	root *yaml.Node
}

type problem struct {
	file string
	line int
	text string
}

func (l *loader) fail(file string, line int, format string, a ...any) {
	l.bad = append(l.bad, problem{file, line, fmt.Sprintf(format, a...)})
}

func (l *loader) errs() error {
	sort.SliceStable(l.bad, func(i, j int) bool {
		if l.bad[i].file != l.bad[j].file {
			return l.bad[i].file < l.bad[j].file
		}
		return l.bad[i].line < l.bad[j].line
	})
	var errs []error
	for _, b := range l.bad {
		errs = append(errs, fmt.Errorf("%s:%d: %s", b.file, b.line, b.text))
	}
	return errors.Join(errs...)
}

// read parses all files; only a folder that cannot be read ends it at once.
func (l *loader) read() error {
	for _, root := range l.roots {
		err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Ext(name) != ".yaml" {
				return err
			}
			return l.readFile(root, name)
		})
		if err != nil {
			return fmt.Errorf("read the lexicon: %w", err)
		}
	}
	if len(l.files) == 0 && len(l.bad) == 0 {
		return errors.New("read the lexicon: it has no .yaml file")
	}
	known := []string{"classes", "rules", "contexts", "frequent", "stop", "fillers", "real", "spellings"}
	for _, f := range l.files {
		each(f.root, func(k, v *yaml.Node) {
			if !slices.Contains(known, k.Value) {
				l.fail(f.name, k.Line, "unknown key %q: use %s", k.Value, strings.Join(known, ", "))
			}
		})
	}
	return nil
}

// readFile reads one file; its mistakes are noted, not returned.
func (l *loader) readFile(root fs.FS, name string) error {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		l.fail(name, yamlLine(err), "%s", yamlReason(err))
		return nil
	}
	if len(doc.Content) == 0 {
		return nil
	}
	if doc.Content[0].Kind != yaml.MappingNode {
		l.fail(name, doc.Content[0].Line, "a lexicon file holds classes, rules or contexts")
		return nil
	}
	l.files = append(l.files, source{name, doc.Content[0]})
	return nil
}

// yamlLine and yamlReason take a parser's error apart: "yaml: line 3: reason".
func yamlLine(err error) int {
	if _, rest, ok := strings.Cut(err.Error(), "line "); ok {
		if n, _, ok := strings.Cut(rest, ":"); ok {
			if line, err := strconv.Atoi(n); err == nil {
				return line
			}
		}
	}
	return 1
}

func yamlReason(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		_, text, _ = strings.Cut(rest, ": ")
	}
	return "not readable: " + text
}

func each(n *yaml.Node, f func(k, v *yaml.Node)) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		f(n.Content[i], n.Content[i+1])
	}
}

func (l *loader) section(name string, f func(file string, v *yaml.Node)) {
	for _, s := range l.files {
		l.c.read(l.langOf(s.name))
		each(s.root, func(k, v *yaml.Node) {
			if k.Value == name {
				f(s.name, v)
			}
		})
	}
}

// langOf is the language of a file: each folder has one, and what lies in none,
// such as a server's own rules, is of every language.
func (l *loader) langOf(file string) langs {
	folder := path.Dir(file)
	if folder == "." {
		return everyLang
	}
	i := slices.Index(l.folders, folder)
	if i < 0 {
		i = len(l.folders)
		l.folders = append(l.folders, folder)
	}
	return 1 << min(i, 31)
}

// words reads the lists of common words, fillers and real words that look like
// slips of ours.
func (l *loader) words() {
	list := func(name string, f func(i int, w string)) {
		l.section(name, func(file string, v *yaml.Node) {
			if v.Kind != yaml.ScalarNode {
				l.fail(file, v.Line, "%s is a list of words with spaces between them", name)
				return
			}
			for i, w := range strings.Fields(v.Value) {
				f(i, w)
			}
		})
	}
	p := l.c.p
	mark := func(b *[]bool, id wordID) {
		*b = grow(*b, int(id)+1)
		(*b)[id] = true
	}
	list("frequent", func(i int, w string) { // each language has its own commonest word
		id := l.c.word(w)
		if rank, ok := l.c.rank[id]; !ok || i < rank {
			l.c.rank[id] = i
		}
		mark(&p.frequent, id)
	})
	list("stop", func(_ int, w string) {
		id := l.c.word(w)
		l.c.stops[id] = true
		mark(&p.frequent, id)
	})
	list("fillers", func(_ int, w string) { mark(&p.fillers, l.c.word(w)) })
	list("real", func(_ int, w string) { l.real[w] = true })
	l.section("spellings", func(file string, v *yaml.Node) {
		if v.Kind != yaml.MappingNode {
			l.fail(file, v.Line, "spellings maps words to the ways in which they are written")
			return
		}
		each(v, func(k, v *yaml.Node) {
			word := l.c.word(k.Value)
			for _, w := range strings.Fields(v.Value) {
				l.c.also = append(l.c.also, spelling{w, word})
			}
		})
	})
}

type classDef struct {
	file  string
	node  *yaml.Node
	state int // 0 not yet, 1 being read, 2 read
}

// classes reads the classes, which may name each other in any order.
func (l *loader) classes() {
	l.section("classes", func(file string, v *yaml.Node) {
		if v.Kind != yaml.MappingNode {
			l.fail(file, v.Line, "classes maps names to words")
			return
		}
		each(v, func(k, v *yaml.Node) {
			if old, ok := l.classAt[k.Value]; ok {
				l.fail(file, k.Line, "class %s is already in %s:%d", k.Value, old.file, old.node.Line)
				return
			}
			l.classAt[k.Value] = &classDef{file: file, node: v}
			l.names = append(l.names, k.Value)
		})
	})
	for _, n := range l.names {
		l.class(n)
	}
}

func (l *loader) class(name string) []wordID {
	d := l.classAt[name]
	if d.state == 2 {
		return l.c.members[l.c.byName[name]]
	}
	d.state = 1
	var ids []wordID
	if d.node.Kind != yaml.ScalarNode {
		l.fail(d.file, d.node.Line, "class %s is a list of words with spaces between them (two_words for two)", name)
	}
	for _, w := range strings.Fields(d.node.Value) {
		if other, ok := strings.CutPrefix(w, "@"); ok {
			switch o, known := l.classAt[other]; {
			case !known:
				l.fail(d.file, d.node.Line, "class %s: unknown class @%s", name, other)
			case o.state == 1:
				l.fail(d.file, d.node.Line, "class %s holds itself, by @%s", name, other)
			default:
				ids = append(ids, l.class(other)...)
			}
			continue
		}
		l.c.read(l.langOf(d.file))
		id, err := l.c.entry(w)
		if err != nil {
			l.fail(d.file, d.node.Line, "class %s: %v", name, err)
			continue
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		l.fail(d.file, d.node.Line, "class %s is empty", name)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	l.c.byName[name] = l.c.newSet(ids)
	d.state = 2
	return ids
}

// row reads one row of rules or contexts, key by key.
type row struct {
	l    *loader
	file string
	node *yaml.Node
	got  map[string]*yaml.Node
}

func (l *loader) row(file string, n *yaml.Node, keys ...string) (row, bool) {
	r := row{l, file, n, map[string]*yaml.Node{}}
	if n.Kind != yaml.MappingNode {
		l.fail(file, n.Line, "a row is a mapping with %s", strings.Join(keys, ", "))
		return r, false
	}
	each(n, func(k, v *yaml.Node) {
		if !slices.Contains(keys, k.Value) {
			l.fail(file, k.Line, "unknown key %q: use %s", k.Value, strings.Join(keys, ", "))
		}
		r.got[k.Value] = v
	})
	return r, true
}

func (r row) text(key string, required bool) string {
	v := r.got[key]
	if v == nil || v.Value == "" {
		if required {
			r.l.fail(r.file, r.node.Line, "%s is missing", key)
		}
		return ""
	}
	return strings.TrimSpace(v.Value)
}

func (r row) line(key string) int {
	if v := r.got[key]; v != nil {
		return v.Line
	}
	return r.node.Line
}

func (r row) list(key string) []*yaml.Node {
	v := r.got[key]
	if v == nil {
		return nil
	}
	if v.Kind != yaml.SequenceNode {
		r.l.fail(r.file, v.Line, "%s is a list", key)
		return nil
	}
	return v.Content
}

func (r row) number(key string, lo, hi float64) float64 {
	v := r.text(key, true)
	if v == "" {
		return lo
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f < lo || f > hi {
		r.l.fail(r.file, r.line(key), "%s is %q: it must be a number from %g to %g", key, v, lo, hi)
		return lo
	}
	return f
}

// patterns compiles the patterns of a row; content is the number of words of
// meaning that each must have.
func (r row) patterns(key string, content int) []pattern {
	var out []pattern
	for _, n := range r.list(key) {
		p, tree, err := r.l.c.parseTree(n.Value)
		if err == nil && content > 0 && r.l.c.content(tree) < content {
			err = fmt.Errorf("it has fewer than two words of meaning")
		}
		if err != nil {
			r.l.fail(r.file, n.Line, "pattern %q: %v", n.Value, err)
			continue
		}
		out = append(out, p)
	}
	return out
}

func (r row) examples(key string) (hits, misses []example) {
	v := r.got[key]
	if v == nil || v.Kind != yaml.MappingNode {
		r.l.fail(r.file, r.line(key), "tests with hit and miss are missing")
		return nil, nil
	}
	each(v, func(k, v *yaml.Node) {
		var to *[]example
		switch k.Value {
		case "hit":
			to = &hits
		case "miss":
			to = &misses
		default:
			r.l.fail(r.file, k.Line, "tests: unknown key %q: use hit and miss", k.Value)
			return
		}
		if v.Kind != yaml.SequenceNode {
			r.l.fail(r.file, v.Line, "tests: %s is a list of texts", k.Value)
			return
		}
		for _, n := range v.Content {
			*to = append(*to, example{n.Value, r.file, n.Line})
		}
	})
	if len(hits) == 0 {
		r.l.fail(r.file, v.Line, "tests: a text that it must hit is missing")
	}
	if len(misses) == 0 {
		r.l.fail(r.file, v.Line, "tests: a text that it must miss is missing")
	}
	return hits, misses
}

// id reads a row's id and keeps it unique.
func (r row) id() string {
	id := r.text("id", true)
	if at, ok := r.l.ids[id]; ok && id != "" {
		r.l.fail(r.file, r.line("id"), "id %s is already at %s", id, at)
	}
	r.l.ids[id] = fmt.Sprintf("%s:%d", r.file, r.node.Line)
	return id
}

func (l *loader) rules() {
	l.section("rules", func(file string, v *yaml.Node) {
		if v.Kind != yaml.SequenceNode {
			l.fail(file, v.Line, "rules is a list")
			return
		}
		for _, n := range v.Content {
			l.rule(file, n)
		}
	})
}

func (l *loader) rule(file string, n *yaml.Node) {
	r, ok := l.row(file, n, "id", "category", "speaker", "weight", "patterns", "unless", "needs", "reads_like", "why", "source", "tests")
	if !ok {
		return
	}
	out := compiledRule{Rule: Rule{
		ID: r.id(), Category: Category(r.text("category", true)), Speaker: Speaker(r.text("speaker", true)),
		Weight: r.number("weight", 0.5, 14), Why: r.text("why", true), Source: r.text("source", true),
	}}
	out.Severity = SeverityOf(out.Weight)
	if out.Category != "" && !slices.Contains(Categories(), out.Category) {
		l.fail(file, r.line("category"), "unknown category %q", out.Category)
	}
	switch out.Speaker {
	case Initiator, Target, Anyone, "":
	default:
		l.fail(file, r.line("speaker"), "unknown speaker %q: use initiator, target or any", out.Speaker)
	}
	found := r.patterns("patterns", 2)
	switch _, learned := r.got["reads_like"]; {
	case learned && len(found) > 0:
		l.fail(file, n.Line, "a rule has patterns or reads_like, not both")
	case learned:
		line := r.line("reads_like")
		l.reads = append(l.reads, learnedRule{int32(len(l.c.p.rules)), r.number("reads_like", 0, 20), func(format string, a ...any) {
			l.fail(file, line, format, a...)
		}})
	case len(r.list("patterns")) == 0:
		l.fail(file, n.Line, "patterns is missing")
	}
	out.unless, out.needs = r.patterns("unless", 0), r.patterns("needs", 0)
	out.hits, out.misses = r.examples("tests")
	for _, p := range found {
		l.c.p.patterns = append(l.c.p.patterns, p)
		l.c.p.owner = append(l.c.p.owner, int32(len(l.c.p.rules)))
	}
	l.c.p.rules = append(l.c.p.rules, out)
}

func (l *loader) contexts() {
	l.section("contexts", func(file string, v *yaml.Node) {
		if v.Kind != yaml.SequenceNode {
			l.fail(file, v.Line, "contexts is a list")
			return
		}
		for _, n := range v.Content {
			l.context(file, n)
		}
	})
}

func (l *loader) context(file string, n *yaml.Node) {
	r, ok := l.row(file, n, "id", "lowers", "factor", "scope", "becomes", "patterns", "unless", "why", "tests")
	if !ok {
		return
	}
	out := compiledContext{id: r.id(), no: len(l.c.p.contexts), patterns: r.patterns("patterns", 0), unless: r.patterns("unless", 0)}
	if len(r.list("patterns")) == 0 {
		l.fail(file, n.Line, "patterns is missing")
	}
	switch s := r.text("scope", false); s {
	case "", "message":
	case "before":
		out.scope = before
	default:
		l.fail(file, r.line("scope"), "unknown scope %q: use message or before", s)
	}
	if b := Category(r.text("becomes", false)); b != "" {
		if !slices.Contains(Categories(), b) {
			l.fail(file, r.line("becomes"), "unknown category %q", b)
		}
		out.becomes, out.factor = b, 1
	} else {
		out.factor = r.number("factor", 0, 1)
		for _, c := range r.list("lowers") {
			switch k := Category(c.Value); {
			case c.Value == "initiator":
				for _, k := range Categories() {
					if !k.Disclosure() {
						out.lowers = append(out.lowers, k)
					}
				}
			case slices.Contains(Categories(), k):
				out.lowers = append(out.lowers, k)
			default:
				l.fail(file, c.Line, "unknown category %q: use a category or initiator", k)
			}
		}
		if len(out.lowers) == 0 {
			l.fail(file, n.Line, "lowers is missing")
		}
	}
	r.text("why", true)
	out.hits, out.misses = r.examples("tests")
	l.c.p.contexts = append(l.c.p.contexts, out)
}

// Phrases are the lexicon's own examples that are worrying by themselves, the
// gravest first, each at most longest characters: for a platform's own filter,
// which can look for nothing but words.
func (l *Lexicon) Phrases(longest int) []string {
	d := New(l)
	type phrase struct {
		text  string
		grave Severity
	}
	var all []phrase
	seen := map[string]bool{}
	for _, r := range l.program.rules {
		for _, e := range r.hits {
			s := Assess(d.Detect(e.text))
			if n := utf8.RuneCountInString(e.text); s >= High && n <= longest && !seen[e.text] {
				seen[e.text] = true
				all = append(all, phrase{e.text, s})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b phrase) int { return int(b.grave) - int(a.grave) })
	out := make([]string, len(all))
	for i, p := range all {
		out[i] = p.text
	}
	return out
}

// examples checks that each rule and context finds its own.
func (l *loader) examples(lex *Lexicon) {
	d := New(lex)
	has := func(text, id string) bool {
		return slices.ContainsFunc(d.Detect(text), func(s Signal) bool { return s.Rule == id })
	}
	for _, r := range lex.program.rules {
		for _, e := range r.hits {
			if !has(e.text, r.ID) {
				l.fail(e.file, e.line, "%s must hit %q and does not", r.ID, e.text)
			}
		}
		for _, e := range r.misses {
			if has(e.text, r.ID) {
				l.fail(e.file, e.line, "%s must miss %q and hits it", r.ID, e.text)
			}
		}
	}
	for _, c := range lex.program.contexts {
		for _, e := range c.hits {
			if !d.inContext(e.text, c.id) {
				l.fail(e.file, e.line, "%s must hit %q and does not", c.id, e.text)
			}
		}
		for _, e := range c.misses {
			if d.inContext(e.text, c.id) {
				l.fail(e.file, e.line, "%s must miss %q and hits it", c.id, e.text)
			}
		}
	}
}
