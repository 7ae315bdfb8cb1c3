package responses

import (
	"strings"
	"testing"
	"testing/fstest"
)

func load(t *testing.T) *Texts {
	t.Helper()
	texts, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestTheEmbeddedTextsLoad(t *testing.T) { load(t) }

func TestShortTexts(t *testing.T) {
	texts := &Texts{language: english(), phrases: map[string]phrase{}}
	fsys := fstest.MapFS{"en/staff.yaml": {Data: []byte(`
alert:
  title: "Look at {place} by {who}"
  steps: ["Listen to {who}.", "Tell the lead."]
  waiting:
    one: "{n} alert"
    other: "{n} alerts"
`)}}
	var bad Problems
	texts.loadPhrases(fsys, Language, &bad)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	if got := texts.Say("staff.alert.title", "place", "games", "who", "Ada {who}"); got != "Look at games by Ada {who}" {
		t.Errorf("Say: %q", got)
	}
	if got := texts.List("staff.alert.steps", "who", "Ada"); strings.Join(got, "|") != "Listen to Ada.|Tell the lead." {
		t.Errorf("List: %q", got)
	}
	for n, want := range map[int]string{0: "0 alerts", 1: "1 alert", 2: "2 alerts"} {
		if got := texts.Count("staff.alert.waiting", n); got != want {
			t.Errorf("Count %d: %q", n, got)
		}
	}
	if got := texts.Say("staff.nowhere"); got != "[staff.nowhere]" {
		t.Errorf("an unknown key says %q", got)
	}
}
