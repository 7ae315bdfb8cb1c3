package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// Every contender finds a phrase that it was given, and nothing in a message
// that is harmless: else its time would tell nothing.
func TestAllFindThePhrases(t *testing.T) {
	phrases := []string{"dont tell your parents", "send me a selfie now"}
	own, err := ours(phrases)
	if err != nil {
		t.Fatal(err)
	}
	others, err := peers(phrases)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range append(own, others...) {
		for _, text := range phrases {
			if !c.find("hey " + text + " ok") {
				t.Errorf("%s misses %q", c.name, text)
			}
		}
		if c.find("what a lovely day for a walk") {
			t.Errorf("%s finds something in small talk", c.name)
		}
	}
}

func TestPlainListsAreReadAsTheirBotsDo(t *testing.T) {
	list := []string{"snap"}
	for text, want := range map[string][2]bool{ // wildcards, words
		"add my SNAP ok": {true, true}, "my snap?": {true, false}, "a snapshot": {true, false}, "nothing": {false, false},
	} {
		if got := [2]bool{wildcards(list)(text), words(list)(text)}; got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// The picture is well-formed and says in words what it shows.
func TestChart(t *testing.T) {
	f := figure{
		waymark:  []point{{"Waymark, low", 0.9, 90}, {"Waymark, urgent", 0.1, 0}},
		plain:    []point{{"words & more", 0.2, 200}, {"others", 0.2, 210}},
		worrying: 10, harmless: 12345, chat: "of a test",
	}
	svg := f.svg()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"<desc", "Waymark, low: 90 % found, 90 alerts", "words &amp; more: 20 % found, 200 alerts", "12,345 harmless", "of a test"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
}
