package app_test

import (
	"slices"
	"testing"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/responses"
)

func TestEveryLanguageWithTextsCanBeSet(t *testing.T) {
	texts, err := responses.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range texts.Languages() {
		if !slices.Contains(config.Languages(), l.Code()) {
			t.Errorf("%s has texts and is none of the configuration's languages", l.Code())
		}
	}
}
