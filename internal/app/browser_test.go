package app_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Pictures of the page go into the folder that WAYMARK_TEST_PICTURES names,
// else into one that goes away with the test.
const picturesEnv = "WAYMARK_TEST_PICTURES"

// browser is a real one, headless, with one window for each person.
type browser struct {
	t        *testing.T
	url      string
	pictures string
	root     context.Context
}

func newBrowser(t *testing.T, url string) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no browser found: install chromium to see the page tested; everything else is")
	}
	b := &browser{t: t, url: url, pictures: os.Getenv(picturesEnv)}
	if b.pictures == "" {
		b.pictures = t.TempDir()
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(1280, 860))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	root, stopRoot := chromedp.NewContext(allocator)
	t.Cleanup(stopRoot)
	if err := chromedp.Do(root); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	b.root = root
	return b
}

// window is what one person has open.
type window struct {
	b   *browser
	ctx context.Context
	who string
}

// window opens the page as somebody, in a place.
func (b *browser) window(who, place string) *window {
	b.t.Helper()
	ctx, stop := chromedp.NewContext(b.root)
	b.t.Cleanup(stop)
	w := &window{b: b, ctx: ctx, who: who}
	if err := chromedp.Do(ctx); err != nil { // opens it; its life is that of the first context
		b.t.Fatalf("open a window: %v", err)
	}
	w.do("open the page", media("prefers-reduced-motion", "reduce"), chromedp.EmulateViewport(1280, 860), chromedp.Navigate(b.url+"/?as="+who+"#"+place),
		chromedp.WaitVisible(id("community")+`[data-live="yes"]`))
	return w
}

// front brings a window before the others: those behind are not painted.
var front = chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
	_, err := cdp.Call(ctx, t, page.BringToFront, cdp.Empty{})
	return err
})

// media sets what the page is told about its reader, as names and values.
func media(pairs ...string) chromedp.Action[chromedp.Void] {
	var features []*emulation.MediaFeature
	for i := 0; i+1 < len(pairs); i += 2 {
		features = append(features, &emulation.MediaFeature{Name: pairs[i], Value: pairs[i+1]})
	}
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	})
}

func id(name string) string { return fmt.Sprintf(`[data-testid=%q]`, name) }

func (w *window) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	w.b.t.Helper()
	ctx, stop := context.WithTimeout(w.ctx, 20*time.Second)
	defer stop()
	steps = append([]chromedp.Action[chromedp.Void]{front}, steps...)
	err := chromedp.Do(ctx, steps...)
	for err != nil && ctx.Err() == nil && strings.Contains(err.Error(), "Could not find node") {
		err = chromedp.Do(ctx, steps...) // the page was drawn anew in between, and nothing was done
	}
	if err != nil {
		w.picture("failed-" + w.who)
		w.b.t.Fatalf("%s: %s: %v", w.who, what, err)
	}
}

// types writes into the composer and sends it with Enter.
func (w *window) types(text string) {
	w.b.t.Helper()
	w.do("type "+text, chromedp.SendKeys(id("composer"), text))
	if strings.HasPrefix(text, "/") { // close the completions first
		w.do("close the completions", chromedp.SendKeys(id("composer"), " "))
	}
	w.do("send "+text, chromedp.SendKeys(id("composer"), "\r"))
}

// sees waits until a text is on the page.
func (w *window) sees(selector, text string) {
	w.b.t.Helper()
	script := fmt.Sprintf(`[...document.querySelectorAll(%q)].some((n) => n.innerText.includes(%q))`, selector, text)
	w.until("see "+text, script)
}

// until waits for a script to say true.
func (w *window) until(what, script string) {
	w.b.t.Helper()
	w.do(what, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](script, chromedp.WithPollingInterval(30*time.Millisecond)))
		return err
	}))
}

// count is how often something is on the page.
func (w *window) count(selector string) int {
	w.b.t.Helper()
	return w.number("count "+selector, fmt.Sprintf(`document.querySelectorAll(%q).length`, selector))
}

// number is what a script says.
func (w *window) number(what, script string) int {
	w.b.t.Helper()
	ctx, stop := context.WithTimeout(w.ctx, 20*time.Second)
	defer stop()
	n, err := chromedp.Run(ctx, chromedp.Evaluate[int](script))
	if err != nil {
		w.b.t.Fatalf("%s: %s: %v", w.who, what, err)
	}
	return n
}

// press presses the newest button with that label.
func (w *window) press(label string) {
	w.b.t.Helper()
	script := fmt.Sprintf(`[...document.querySelectorAll(%q)].filter((b) => b.dataset.label === %q).at(-1)`, id("card-button"), label)
	w.until("find the button "+label, script+" != null")
	w.until("press "+label, "("+script+".click(), true)")
}

// picture saves what the window shows.
func (w *window) picture(name string) {
	w.b.t.Helper()
	ctx, stop := context.WithTimeout(w.ctx, 20*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, front); err != nil {
		w.b.t.Errorf("take a picture: %v", err)
		return
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.b.t.Errorf("take a picture: %v", err)
		return
	}
	if err := os.WriteFile(filepath.Join(w.b.pictures, name+".png"), png, 0o600); err != nil {
		w.b.t.Errorf("save a picture: %v", err)
	}
}

// demo runs the real program's demo and gives the page's address.
func demo(t *testing.T, args ...string) string {
	t.Helper()
	address := freeAddress(t)
	cmd := exec.Command(built, append([]string{"demo", "--listen", address}, args...)...)
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	eventually(t, 20*time.Second, "the demo is ready", func() bool {
		resp, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return "http://" + address
}

// The main job, as a visitor does it in a real browser.
func TestTheMainJobInABrowser(t *testing.T) {
	dir := t.TempDir()
	b := newBrowser(t, demo(t, "--data", dir))
	robin, sam := b.window("robin", "general"), b.window("sam", "general")

	robin.types("/support")
	robin.sees(id("private"), "999")
	robin.sees(id("private"), "Childline")
	robin.picture("support")
	if n := sam.count(id("private")); n != 0 {
		t.Errorf("Sam sees %d private answers of Robin's", n)
	}
	robin.press("Hide")
	robin.do("see it gone", chromedp.WaitNotPresent(id("private")))

	alex, morgan := b.window("alex", "gaming"), b.window("morgan", "staff-room")
	for _, line := range []string{
		"@Robin that level was amazing. how old are you?",
		"@Robin you're so mature for your age, not like the others on here",
		"@Robin I've got a spare gift card, I can send it to you for free. just for you " + marker,
		"@Robin do you have snap? let's talk there, more private",
		"@Robin don't tell your mum we talk ok? this is our little secret " + marker,
	} {
		alex.types(line)
		alex.sees(id("message-text"), strings.TrimPrefix(line, "@Robin "))
	}
	morgan.sees(id("card-title"), "Case 1")
	morgan.sees(id("card"), "Alex")
	morgan.sees(id("card"), "Robin")
	morgan.picture("alert")
	morgan.press("I'm on it")
	morgan.sees(id("card"), "Morgan is on it")
	morgan.press("Close")
	morgan.sees(id("private"), "How did case 1 end?")
	morgan.press("We acted on it")
	morgan.sees(id("card"), "Closed by Morgan")
	morgan.picture("closed")

	morgan.do("reload", chromedp.Reload(), chromedp.WaitVisible(id("community")+`[data-live="yes"]`))
	morgan.sees(id("card"), "Closed by Morgan")
	if n := morgan.count(id("message") + ` > * ` + id("card")); n == 0 {
		t.Error("the card is gone after a reload")
	}
	if n := titled(morgan, "Case 1: "); n != 1 {
		t.Errorf("staff see %d cards for one conversation", n)
	}
	for _, w := range []*window{robin, sam, alex} {
		for _, place := range []string{"welcome", "general", "homework-help", "gaming"} {
			w.do("go to "+place, chromedp.Click(id("place-"+place)))
			if n := w.count(id("card")); n != 0 {
				t.Errorf("%s sees %d cards in %s", w.who, n, place)
			}
		}
	}

	phone := b.window("robin", "general")
	phone.do("be a phone at night", chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2)),
		media("prefers-reduced-motion", "reduce", "prefers-color-scheme", "dark"))
	phone.types("/learn")
	phone.sees(id("private"), "Something is happening to me")
	phone.picture("learn")
	phone.press("Hide")
	phone.do("see it gone", chromedp.WaitNotPresent(id("private")))
	phone.types("/learn not-your-fault")
	phone.sees(id("private"), "fault")
	phone.picture("phone")
	noMarkerIn(t, dir)
}

// titled counts the cards of their own with such a title in the place that is
// open; lines below a card do not count.
func titled(w *window, title string) int {
	return w.number("count titles", fmt.Sprintf(`[...document.querySelectorAll('[data-testid=message] [data-testid=card-title]')]
		.filter((n) => n.innerText.startsWith(%q) && !n.innerText.includes("new sign")).length`, title))
}
