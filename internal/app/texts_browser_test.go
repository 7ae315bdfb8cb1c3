package app_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/waymark-bot/waymark/responses"
)

// Ten texts for young people, drawn by lot but always the same, as they look on
// a phone. Their pictures are for somebody to read aloud; what is tested is that
// each fits the width, can be read, and leads on.
func TestTenTextsOnAPhone(t *testing.T) {
	texts, err := responses.Load()
	if err != nil {
		t.Fatal(err)
	}
	topics := slices.Clone(texts.Topics())
	lot := rand.New(rand.NewPCG(2026, 11))
	lot.Shuffle(len(topics), func(i, j int) { topics[i], topics[j] = topics[j], topics[i] })
	chosen := []string{"sextortion", "when-you-report"} // those with diagrams
	for _, topic := range topics {
		if len(chosen) < 10 && topic.ID != "sextortion" && topic.ID != "when-you-report" {
			chosen = append(chosen, topic.ID)
		}
	}

	b := newBrowser(t, demo(t))
	w := b.window("robin", "general")
	w.do("be a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2)))
	for i, topicID := range chosen {
		topic, _ := texts.Topic(topicID)
		w.types("/learn " + topicID)
		w.sees(id("card-title"), topic.Title)
		w.until("it fits the width", `document.documentElement.scrollWidth <= 390 && [...document.querySelectorAll('[data-testid=card] *')].every((n) => n.getBoundingClientRect().right <= 391)`)
		if i < 2 {
			w.until("the diagram is there, with its words", `[...document.querySelectorAll('[data-testid=card-picture]')].some((n) => n.complete && n.naturalWidth > 0 && n.alt.includes("1. "))`)
		}
		w.do("show all of the card", chromedp.EmulateViewport(390, 1900, chromedp.EmulateScale(2)))
		w.picture(fmt.Sprintf("text-%02d-%s", i+1, topicID))
		w.do("be a phone again", chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2)))
		w.press("Hide")
	}
}
