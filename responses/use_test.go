package responses

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// use is a place in the module's source that names a key, or the beginning of
// one ("staff.severity.").
type use struct {
	at    string
	key   string
	names []string // of the placeholders given; nil where that cannot be seen
	seen  bool     // whether names could be seen
	count bool     // through Count, which fills in n
}

// uses finds every key in the module's source outside of tests.
func uses(t *testing.T, root string, files []string) []use {
	t.Helper()
	begins := regexp.MustCompile(`^(` + strings.Join(files, "|") + `)\.[a-z0-9.-]*$`)
	var all []use
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		direct := map[*ast.BasicLit]use{}
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				noteCall(call, direct)
			}
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if key, err := strconv.Unquote(lit.Value); err == nil && begins.MatchString(key) && !strings.HasSuffix(key, ".yaml") {
				u := direct[lit]
				u.key, u.at = key, set.Position(lit.Pos()).String()
				all = append(all, u)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// noteCall remembers which placeholders a call fills in.
func noteCall(call *ast.CallExpr, direct map[*ast.BasicLit]use) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 || call.Ellipsis.IsValid() {
		return
	}
	first := map[string]int{"Say": 1, "List": 1, "Count": 2}[sel.Sel.Name]
	lit, ok := call.Args[0].(*ast.BasicLit)
	if first == 0 || !ok {
		return
	}
	u := use{seen: true, count: sel.Sel.Name == "Count"}
	for i := first; i < len(call.Args); i += 2 {
		name, ok := call.Args[i].(*ast.BasicLit)
		if !ok {
			return
		}
		s, err := strconv.Unquote(name.Value)
		if err != nil {
			return
		}
		u.names = append(u.names, s)
	}
	direct[lit] = u
}

func TestKeysAndTheirUseAgree(t *testing.T) {
	texts := load(t)
	files := map[string]bool{}
	for _, k := range texts.Keys() {
		files[strings.SplitN(k, ".", 2)[0]] = true
	}
	var names []string
	for f := range files {
		names = append(names, f)
	}
	used := map[string]bool{}
	for _, u := range uses(t, "..", names) {
		var found bool
		for _, k := range texts.Keys() {
			if k == u.key || strings.HasSuffix(u.key, ".") && strings.HasPrefix(k, u.key) ||
				u.count && strings.HasPrefix(k, u.key+".") {
				found, used[k] = true, true
				checkNames(t, u, k, texts.phrases[k].items)
			}
		}
		if !found {
			t.Errorf("%s: there is no text %q", u.at, u.key)
		}
	}
	for _, k := range texts.Keys() {
		if !used[k] {
			p := texts.phrases[k]
			t.Errorf("%s:%d: nothing uses %s", p.file, p.line, k)
		}
	}
}

func checkNames(t *testing.T, u use, key string, items []string) {
	t.Helper()
	if !u.seen || key != u.key && !u.count {
		return
	}
	want := map[string]bool{}
	for _, s := range items {
		for _, m := range placeholder.FindAllStringSubmatch(s, -1) {
			want[m[1]] = true
		}
	}
	if u.count {
		delete(want, "n")
	}
	for _, n := range u.names {
		delete(want, n)
		if !slices.ContainsFunc(items, func(s string) bool { return strings.Contains(s, "{"+n+"}") }) {
			t.Errorf("%s: %s has no placeholder {%s}", u.at, key, n)
		}
	}
	var missing []string
	for n := range want {
		missing = append(missing, n)
	}
	sort.Strings(missing)
	if len(missing) > 0 {
		t.Errorf("%s: %s needs %s", u.at, key, strings.Join(missing, ", "))
	}
}
