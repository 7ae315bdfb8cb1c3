package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// secrets looks whether the files that hold secrets, or what is known about
// members, can be read by other accounts of the machine.
func (e *exam) secrets() {
	files := e.secretFiles()
	if address := e.cfg.Database.URL.Reveal(); !strings.Contains(address, "://") {
		files = append(files, address)
	}
	open := 0
	for _, f := range slices.Compact(slices.Sorted(slices.Values(files))) {
		if info, err := os.Stat(f); err == nil && info.Mode().Perm()&0o077 != 0 {
			open++
			e.look("secrets", e.say("doctor.secrets.open", "file", f), e.say("doctor.secrets.do", "file", f))
		}
	}
	if open == 0 {
		e.ok("secrets", e.say("doctor.secrets.ok"))
	}
}

// secretNames are the keys that hold a secret, wherever they stand.
var secretNames = []string{"token", "bot_token", "app_token", "signing_secret", "client_secret", "secret_key"}

// secretFiles lists the files that secrets are read from: those named by a
// key or a variable, and the configuration itself where one stands in it.
func (e *exam) secretFiles() []string {
	var out []string
	for _, v := range e.Environ {
		name, path, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "WAYMARK_") && strings.HasSuffix(name, "_FILE") && path != "" {
			out = append(out, e.path(path))
		}
	}
	raw, err := os.ReadFile(e.cfg.File)
	var tree map[string]any
	if err != nil || yaml.Unmarshal(raw, &tree) != nil { // what was wrong with it was said already
		return out
	}
	var walk func(map[string]any)
	walk = func(tree map[string]any) {
		for name, v := range tree {
			text, _ := v.(string)
			if below, ok := v.(map[string]any); ok {
				walk(below)
			} else if strings.HasSuffix(name, "_file") && text != "" {
				out = append(out, e.path(text))
			} else if text != "" && (slices.Contains(secretNames, name) || name == "url" && strings.Contains(text, "@")) {
				out = append(out, e.path(filepath.Base(e.cfg.File)))
			}
		}
	}
	walk(tree)
	return out
}

func (e *exam) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(e.cfg.Dir, p)
}
