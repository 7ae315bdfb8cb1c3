// Package texts holds the invented texts on which the learned reader is
// trained. The program itself carries the harmless ones alone: on them staff
// see what a phrase of their own would find that it should not.
package texts

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/waymark-bot/waymark/internal/detect"
)

//go:embed */*.harmless.jsonl
var harmless embed.FS

// Line is one harmless message.
type Line struct {
	Text string
	// Ordinary lines are such as people write all day. The others were written
	// to look like a warning sign and be none.
	Ordinary bool
}

// Harmless reads all harmless messages (some 20,000, in a few hundredths of a second).
func Harmless() ([]Line, error) {
	var out []Line
	err := fs.WalkDir(harmless, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := harmless.ReadFile(name)
		if err != nil {
			return err
		}
		out, err = lines(out, b, ordinary(name))
		if err != nil {
			return fmt.Errorf("read the harmless texts of %s: %w", name, err)
		}
		return nil
	})
	return out, err
}

// ordinary says whether a file is named after no category.
func ordinary(name string) bool {
	topic, _, _ := strings.Cut(path.Base(name), ".")
	for _, c := range detect.Categories() {
		if topic == string(c) {
			return false
		}
	}
	return true
}

func lines(out []Line, b []byte, ordinary bool) ([]Line, error) {
	for row := range strings.Lines(string(b)) {
		if strings.TrimSpace(row) == "" {
			continue
		}
		var l struct{ Text string }
		if err := json.Unmarshal([]byte(row), &l); err != nil {
			return nil, err
		}
		out = append(out, Line{l.Text, ordinary})
	}
	return out, nil
}
