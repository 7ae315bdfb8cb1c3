package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

// Mistake is one thing that is wrong.
type Mistake struct {
	Key   string // "slack.bot_token"; empty where it concerns no single key
	Where string // "waymark.yaml:12" or "WAYMARK_SLACK_BOT_TOKEN"; empty for what is missing
	What  string // what is wrong and what to do; never a value
}

func (m Mistake) String() string {
	var parts []string
	for _, p := range []string{m.Where, m.Key, m.What} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ": ")
}

// Mistakes is all that is wrong with a configuration.
type Mistakes []Mistake

// Error lists them, a line each.
func (m Mistakes) Error() string {
	if len(m) == 1 {
		return "the configuration has a mistake: " + m[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the configuration has %d mistakes:", len(m))
	for _, one := range m {
		b.WriteString("\n  " + one.String())
	}
	return b.String()
}

// reading collects values, where they come from, and mistakes.
type reading struct {
	dir      string
	root     shape
	values   map[string]any // by dotted key: a string, or a list for servers
	where    map[string]string
	mistakes Mistakes
}

func newReading(dir string) *reading {
	return &reading{dir: dir, root: shapeOf(reflect.TypeFor[Config]()), values: map[string]any{}, where: map[string]string{}}
}

func (r *reading) wrong(key, where, format string, a ...any) {
	r.mistakes = append(r.mistakes, Mistake{Key: key, Where: where, What: fmt.Sprintf(format, a...)})
}

// flawed says whether a mistake was already found at the key or above it, so
// that one slip is not reported twice.
func (r *reading) flawed(key string) bool {
	for _, m := range r.mistakes {
		if m.Key == key || m.Key != "" && (strings.HasPrefix(key, m.Key+".") || strings.HasPrefix(key, m.Key+"[")) {
			return true
		}
	}
	return false
}

// yaml takes the values of a file.
func (r *reading) yaml(file string, raw []byte) {
	root, line, err := parse(raw)
	if err != nil {
		r.wrong("", fmt.Sprintf("%s:%d", file, line), "%s", err)
		return
	}
	if root == nil {
		return
	}
	at := func(n *yaml.Node) string { return fmt.Sprintf("%s:%d", file, n.Line) }
	flatten(r.section(root, r.root, "", at), r.root, "", r.values)
}

// flatten brings nested sections into one map by dotted key.
func flatten(tree map[string]any, s shape, prefix string, out map[string]any) {
	for name, v := range tree {
		key, below := join(prefix, name), s.below[name]
		if below.isSection() {
			flatten(v.(map[string]any), below, key, out)
		} else {
			out[key] = v
		}
	}
}

// env takes the values of the environment over those of the file.
func (r *reading) env(vars map[string]string) {
	known := map[string]bool{"WAYMARK_CONFIG": true}
	file := r.values
	r.values = map[string]any{}
	for _, key := range r.root.leaves("") {
		name := EnvName(key)
		known[name] = true
		if text := vars[name]; text != "" {
			r.envValue(key, name, text)
		}
	}
	for key := range r.values {
		// A secret and its file stand for each other: either wins over both of the file's.
		delete(file, strings.TrimSuffix(key, fileSuffix))
		delete(file, key+fileSuffix)
	}
	for key, v := range file {
		if _, set := r.values[key]; !set {
			r.values[key] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if !known[name] && !foreign(name) {
			r.wrong("", printable(name), "no such setting; config/default.yaml lists all keys")
		}
	}
}

func (r *reading) envValue(key, name, text string) {
	at := func(*yaml.Node) string { return name }
	s := r.root.at(key)
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if s.list {
		var err error
		if node, _, err = parse([]byte(text)); err != nil {
			r.wrong(key, name, "%s", err)
			return
		}
		if node == nil {
			return
		}
	}
	if v := r.value(node, s, key, at); v != nil {
		r.values[key], r.where[key] = v, name
	}
}

// foreign says whether a variable with our prefix is somebody else's: those
// that Kubernetes sets in every container beside a service named waymark, and
// those of the project's own tests.
func foreign(name string) bool {
	rest := strings.TrimPrefix(name, "WAYMARK_")
	return strings.HasPrefix(rest, "SERVICE_") || rest == "PORT" || strings.HasPrefix(rest, "PORT_") ||
		rest == "SHARED" || strings.HasPrefix(rest, "TEST_")
}

// environment picks out the program's own variables.
func environment(environ []string) map[string]string {
	vars := map[string]string{}
	for _, e := range environ {
		name, value, ok := strings.Cut(e, "=")
		if ok && strings.HasPrefix(name, "WAYMARK_") {
			vars[name] = value
		}
	}
	return vars
}

type locate func(*yaml.Node) string

// section takes the keys of a mapping, nil where it is none.
func (r *reading) section(n *yaml.Node, s shape, prefix string, at locate) map[string]any {
	if n.Kind != yaml.MappingNode {
		r.wrong(prefix, at(n), "needs keys below it, as in config/default.yaml")
		return nil
	}
	out, seen := map[string]any{}, map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := strings.ToLower(n.Content[i].Value)
		key := join(prefix, name)
		below, known := s.below[name]
		switch {
		case n.Content[i].Kind != yaml.ScalarNode || !known:
			r.wrong(join(prefix, printable(name)), at(n.Content[i]), "no such key; the keys here are %s", strings.Join(s.names, ", "))
			continue
		case seen[name]:
			r.wrong(key, at(n.Content[i]), "stands here twice; leave one")
			continue
		}
		seen[name] = true
		if v := r.value(n.Content[i+1], below, key, at); v != nil {
			out[name] = v
		}
	}
	return out
}

// value checks what stands at a key, down to the type of each value. It
// returns nil where there is nothing, or a mistake.
func (r *reading) value(n *yaml.Node, s shape, key string, at locate) any {
	r.where[key] = at(n)
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.wrong(key, at(n), "anchors and aliases are not used here; put a value that begins with & or * in quotes")
		return nil
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return nil
	case s.list:
		return r.list(n, s, key, at)
	case s.isSection():
		if out := r.section(n, s, key, at); out != nil {
			return out
		}
		return nil
	case n.Kind != yaml.ScalarNode:
		r.wrong(key, at(n), "takes one value, not several")
		return nil
	case n.Value == "":
		return nil
	}
	if what := unfit(n.Value, s.of); what != "" {
		r.wrong(key, at(n), "%s", what)
		return nil
	}
	return n.Value
}

func (r *reading) list(n *yaml.Node, s shape, key string, at locate) any {
	if n.Kind != yaml.SequenceNode {
		r.wrong(key, at(n), "takes a list")
		return nil
	}
	entry := s
	entry.list, entry.of = false, s.of.Elem()
	out := []any{}
	for i, c := range n.Content {
		v := r.value(c, entry, fmt.Sprintf("%s[%d]", key, i), at)
		if v == nil { // keep the count, so that later entries keep their number
			v = reflect.Zero(entry.of).Interface()
			if entry.below != nil {
				v = map[string]any{}
			}
		}
		out = append(out, v)
	}
	return out
}

// secretFiles reads the secrets that are kept in files of their own.
func (r *reading) secretFiles() {
	for _, key := range r.root.leaves("") {
		if r.root.at(key).of != secretType {
			continue
		}
		path, ok := r.values[key+fileSuffix].(string)
		delete(r.values, key+fileSuffix)
		if !ok {
			continue
		}
		where := r.where[key+fileSuffix]
		if _, both := r.values[key]; both {
			r.wrong(key, where, "%s is given too; leave one of the two", printable(lastName(key)))
			continue
		}
		raw, err := readBounded(r.path(path), 64<<10)
		text := strings.TrimSpace(string(raw))
		switch {
		case err != nil:
			r.wrong(key+fileSuffix, where, "%v", err)
		case text == "":
			r.wrong(key+fileSuffix, where, "the file %s is empty", path)
		case unfit(text, secretType) != "":
			r.wrong(key+fileSuffix, where, "the file %s %s", path, unfit(text, secretType))
		default:
			r.values[key], r.where[key] = text, where
		}
	}
}

func lastName(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// path makes a path absolute, from the configuration's folder.
func (r *reading) path(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(r.dir, p)
}

// decode puts the values over the defaults.
func (r *reading) decode() (Config, error) {
	v := viper.New()
	v.SetConfigType("yaml")
	if err := v.ReadConfig(bytes.NewReader(defaults)); err != nil {
		return Config{}, fmt.Errorf("read the default configuration: %w", err)
	}
	for key, value := range r.values {
		v.Set(key, value)
	}
	var c Config
	if err := v.UnmarshalExact(&c, viper.DecodeHook(decodeText)); err != nil {
		// All values were checked, so this is a slip of ours. The error may quote
		// values: it must not be shown.
		return Config{}, errors.New("the configuration cannot be decoded")
	}
	return c, nil
}

// decodeText turns the text of a value into the type of its field.
func decodeText(_, to reflect.Type, data any) (any, error) {
	text, ok := data.(string)
	if !ok {
		return data, nil
	}
	if to == durationType {
		return parseDuration(text)
	}
	p := reflect.New(to)
	if u, ok := p.Interface().(encoding.TextUnmarshaler); ok {
		err := u.UnmarshalText([]byte(text))
		return p.Elem().Interface(), err
	}
	return data, nil
}

var (
	lineOf = regexp.MustCompile(`line (\d+): `)
	quoted = regexp.MustCompile("'[^']{2,}'|\"[^\"]*\"|`[^`]*`")
)

// parse reads YAML and returns its mapping or list, nil for an empty text; or
// what is wrong and in which line. What it says quotes nothing of the text, as
// that may be a secret.
func parse(raw []byte) (root *yaml.Node, line int, err error) {
	d := yaml.NewDecoder(bytes.NewReader(raw))
	var doc yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, 0, nil
	} else if err != nil {
		what := strings.TrimPrefix(err.Error(), "yaml: ")
		line = 1
		if m := lineOf.FindStringSubmatch(what); m != nil {
			line, _ = strconv.Atoi(m[1])
			what = strings.Replace(what, m[0], "", 1)
		}
		return nil, line, errors.New("is no YAML: " + quoted.ReplaceAllString(what, "..."))
	}
	var next yaml.Node
	if err := d.Decode(&next); !errors.Is(err, io.EOF) {
		return nil, max(next.Line, 1), errors.New("holds more than one document; leave out the line ---")
	}
	root = doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, 0, nil
	}
	return root, 0, nil
}

// printable gives a name that stands where a key should. One that could be a
// secret in the wrong place is not repeated.
func printable(name string) string {
	if len(name) > 40 || strings.ContainsFunc(name, func(c rune) bool {
		return c != '_' && c != '.' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) {
		return "(a name that is no key)"
	}
	return name
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder", name)
	}
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("%s is larger than %d KB", name, limit>>10)
	}
	return raw, nil
}
