package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/detect"
)

// A server's own rules are added to ours, and checked as ours are.
func TestRulesOfOnesOwn(t *testing.T) {
	dir := t.TempDir()
	own := `rules:
  - id: own.lighthouse
    category: secrecy
    speaker: initiator
    weight: 9
    patterns: ["purple lighthouse"]
    why: Our own word
    source: The club
    tests: {hit: ["it is in the purple lighthouse"], miss: ["purple boats"]}
`
	if err := os.WriteFile(filepath.Join(dir, "own.yaml"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	lexicon, err := detect.Load(config.Config{Lexicon: dir}.Rules()...)
	if err != nil {
		t.Fatal(err)
	}
	d := detect.New(lexicon)
	if s := d.Detect("come to the purple lighthouse"); len(s) != 1 || s[0].Rule != "own.lighthouse" {
		t.Errorf("found %+v", s)
	}
	if s := d.Detect("send me a picture or I'll tell your parents"); len(s) == 0 {
		t.Error("our own rules are gone")
	}
}
