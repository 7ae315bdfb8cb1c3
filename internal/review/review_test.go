package review_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/review"
	"github.com/waymark-bot/waymark/responses"
)

func texts(t *testing.T) *responses.Texts {
	t.Helper()
	x, err := responses.Load()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// day gives a clock.
func day(s string) func() time.Time {
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return at.Add(12 * time.Hour) }
}

func open(t *testing.T, w review.Wish) *review.Review {
	t.Helper()
	r, err := review.New(w, texts(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// screen is what somebody sees who is asked.
type screen struct {
	mu  sync.Mutex
	all bytes.Buffer
	new chan struct{}
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.new <- struct{}{}:
	default:
	}
	return s.all.Write(b)
}

// await waits until the screen shows something after what it showed before, and
// forgets what came up to then.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		if _, rest, ok := strings.Cut(s.all.String(), text); ok {
			s.all.Reset()
			s.all.WriteString(rest)
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		select {
		case <-s.new:
		case <-late:
			t.Fatalf("waited in vain for %q", text)
		}
	}
}

// walks runs a review with somebody who sees the screen and types.
func walks(t *testing.T, r *review.Review, does func(s *screen, types func(string))) error {
	t.Helper()
	in, keys, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close() // ends the library's reader of keys too
	s := &screen{new: make(chan struct{}, 1)}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- r.Walk(ctx, in, s) }()
	does(s, func(text string) {
		if _, err := keys.WriteString(text); err != nil {
			t.Error(err)
		}
	})
	return <-done
}

const (
	down  = "\x1b[B"
	enter = "\r"
)

// Somebody checks a few contacts, stops, and goes on another day; what is older
// than 90 days comes again.
func TestAPersonIsWalkedThroughTheContacts(t *testing.T) {
	t.Setenv("TERM", "xterm")
	file := filepath.Join(t.TempDir(), responses.CheckFile)
	w := review.Wish{File: file, Region: responses.UK, Now: day("2026-12-01")}
	first := open(t, w)
	all := first.Open()
	err := walks(t, first, func(s *screen, types func(string)) {
		s.await(t, "Who checks the contacts?")
		types("AB")
		types(enter)
		s.await(t, all[0].Name)
		s.await(t, "Look at the operator's own page first")
		types(enter) // it is right
		s.await(t, all[1].Name)
		types(down + enter)
		s.await(t, "What is wrong with it?")
		types("the page is gone")
		types(enter)
		s.await(t, all[2].Name)
		types(down + down + enter) // skipped
		s.await(t, all[3].Name)
		types(down + down + down + enter) // stopped
	})
	if err != nil {
		t.Fatal(err)
	}
	checks, err := responses.ReadChecks(file)
	if err != nil || len(checks) != 2 {
		t.Fatalf("kept is %+v, %v", checks, err)
	}
	if k := checks[0]; k.Contact != all[0].ID || k.On != "2026-12-01" || k.By != "AB" || !k.Right {
		t.Errorf("kept is %+v", k)
	}
	if k := checks[1]; k.Contact != all[1].ID || k.Right || k.Note != "the page is gone" {
		t.Errorf("kept is %+v", k)
	}
	w.Now = day("2026-12-20")
	again := open(t, w).Open()
	if len(again) != len(all)-2 || again[0].ID != all[2].ID {
		t.Errorf("%d of %d are open, the first is %s", len(again), len(all), again[0].ID)
	}
	w.Now = day("2027-03-10")
	if n := len(open(t, w).Open()); n != len(all) {
		t.Errorf("after 90 days %d of %d are open", n, len(all))
	}
}

// A screen reader is asked line by line.
func TestItCanBeReadOutLoud(t *testing.T) {
	t.Setenv("ACCESSIBLE", "1")
	file := filepath.Join(t.TempDir(), responses.CheckFile)
	r := open(t, review.Wish{File: file, By: "AB", Now: day("2026-12-01")})
	err := walks(t, r, func(s *screen, types func(string)) {
		s.await(t, "1 of ")
		s.await(t, "Look at the operator's own page first")
		types("1\n")
		s.await(t, "2 of ")
		types("4\n")
	})
	checks, errRead := responses.ReadChecks(file)
	if err != nil || errRead != nil || len(checks) != 1 || !checks[0].Right {
		t.Errorf("%v, %v, kept is %+v", err, errRead, checks)
	}
}

func TestAnswersByFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), responses.CheckFile)
	r := open(t, review.Wish{File: file, By: "AB", Now: day("2026-12-01")})
	for _, a := range []review.Answer{{Contact: "uk-childline", On: "2026-11-30"}, {Contact: "uk-shout", Wrong: "no answer"}, {Contact: "uk-childline"}} {
		if err := r.Keep(a); err != nil {
			t.Fatal(err)
		}
	}
	for reason, a := range map[string]review.Answer{"no contact": {Contact: "nobody"}, "a day in the past": {Contact: "uk-ceop", On: "2026-12-02"}} {
		if err := r.Keep(a); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%+v: %v", a, err)
		}
	}
	if err := open(t, review.Wish{File: file}).Keep(review.Answer{Contact: "uk-ceop"}); err == nil || !strings.Contains(err.Error(), "who checked") {
		t.Errorf("without a name: %v", err)
	}
	var list bytes.Buffer
	if err := r.List(&list); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"uk-childline: Childline: checked on 2026-12-01 by AB\n", "uk-shout: Shout: found wrong on 2026-12-01 by AB: no answer\n",
		"uk-ceop: CEOP Safety Centre (National Crime Agency): nobody has checked it yet"} {
		if !strings.Contains(list.String(), want) {
			t.Errorf("%q is not in\n%s", want, list.String())
		}
	}
	if done := r.Done(); !strings.HasPrefix(done, "1 of ") || !strings.Contains(done, "1 are wrong") {
		t.Errorf("it ends with: %s", done)
	}
}
