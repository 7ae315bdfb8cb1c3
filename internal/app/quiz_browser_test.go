package app_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// The quiz, a class question and the tips as they look on a phone.
func TestTheQuizInABrowser(t *testing.T) {
	b := newBrowser(t, demo(t))
	phone := func(who, place string) *window {
		w := b.window(who, place)
		w.do("be a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2)))
		return w
	}
	robin, morgan := phone("robin", "general"), phone("morgan", "general")
	// The n-th button with a verb, from 0; -1 is the last.
	button := func(verb string, n int) string {
		return fmt.Sprintf(`[...document.querySelectorAll('[data-testid=card-button]')].filter((b) => b.dataset.verb === %q).at(%d)`, verb, n)
	}
	press := func(w *window, verb string, n int) {
		w.until("find "+verb, button(verb, n)+" != null")
		w.until("press "+verb, "("+button(verb, n)+".click(), true)")
	}

	robin.types("/quiz")
	robin.sees(id("private"), "Quiz: question 1 of 5")
	robin.picture("quiz-question")
	press(robin, "quiz.answer", 0)
	robin.sees(id("private"), "You chose: ")
	robin.picture("quiz-answer")
	robin.press("Read more about this")
	robin.sees(id("private"), "What you can do")
	robin.press("Hide")
	for range 4 {
		robin.press("Next question")
		press(robin, "quiz.answer", -1)
		robin.sees(id("private"), "You chose: ")
	}
	robin.press("Finish")
	robin.sees(id("private"), "Thank you for taking part")
	robin.picture("quiz-end")
	robin.press("Hide")

	morgan.types("/safeguarding quiz sextortion")
	morgan.sees(id("private"), "Ask it here")
	morgan.picture("class-preview")
	morgan.press("Ask it here")
	morgan.sees(id("message"), "Nobody can see your answer")
	robin.sees(id("message"), "Nobody can see your answer")
	robin.picture("class-question")
	other := b.window("sam", "general")
	for i, w := range []*window{robin, morgan, other, other, other} {
		if i > 2 { // one window, as a browser keeps few connections open to one page
			who := []string{"alex", "jo"}[i-3]
			other.do("be "+who, chromedp.Navigate(b.url+"/?as="+who+"#general"), chromedp.WaitVisible(id("community")+`[data-live="yes"]`))
		}
		press(w, "class.answer", min(i/2, 1))
		w.sees(id("private"), "Your answer is counted")
	}
	robin.picture("class-thanks")
	morgan.press("Show the answers (staff)")
	morgan.sees(id("private"), "5 people have answered")
	morgan.picture("class-confirm")
	morgan.press("Show the answers")
	robin.sees(id("message"), "What fits best: ")
	robin.picture("class-chart")

	morgan.types("/safeguarding tips channel:general day:friday hour:9")
	morgan.sees(id("private"), "Fridays at 09:00")
	morgan.picture("tips-set")
	morgan.press("Show the next tip")
	morgan.sees(id("private"), "Take another tip")
	morgan.picture("tip-preview")
}
