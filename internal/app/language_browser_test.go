package app_test

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Somebody whose browser is in Spanish, or in Welsh, is answered so, and what
// reads the page out loud is told which language a card is in.
func TestAnotherLanguageInABrowser(t *testing.T) {
	b := newBrowser(t, demo(t))
	for _, c := range []struct{ locale, title, lang string }{
		{"es-ES", "¿Qué te gustaría saber?", "es"},
		{"cy", "Beth hoffet ti ei wybod?", "cy"},
	} {
		w := b.window("robin", "general")
		w.do("speak "+c.locale, speaking(c.locale))
		w.types("/learn")
		w.sees(id("private"), c.title)
		w.do("find the card's language", chromedp.WaitVisible(id("card")+`[lang="`+c.lang+`"][dir="ltr"]`))
		w.picture("learn-" + c.lang)
		w.press("English")
		w.sees(id("private"), "What would you like to know?")
		w.do("find English", chromedp.WaitVisible(id("card")+`[lang="en-GB"]`))
		w.press("Hide")
		w.do("see it gone", chromedp.WaitNotPresent(id("private")))
	}
}

// speaking sets the browser to a language.
func speaking(locale string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "test", AcceptLanguage: locale})
		return err
	})
}
