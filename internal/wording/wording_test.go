package wording_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/wording"
)

var monday = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

func detector(t testing.TB) *detect.Detector {
	t.Helper()
	l, err := detect.Load(config.Config{}.Rules()...)
	if err != nil {
		t.Fatal(err)
	}
	return detect.New(l)
}

func TestASetOfChanges(t *testing.T) {
	var s wording.Set
	if !s.Empty() {
		t.Error("the empty set is not empty")
	}
	s, p, err := s.Add(wording.Phrase{Text: "meet at the pergola", Category: detect.MeetUp, Tell: wording.Today}, monday)
	if err != nil || p.ID != "phrase-1" || !p.Shadow || !wording.IsPhrase(p.ID) {
		t.Fatalf("added %+v, %v", p, err)
	}
	before := s
	if _, _, err := s.Add(wording.Phrase{Text: "Meet at the Pergola"}, monday); !errors.Is(err, wording.ErrTwice) {
		t.Errorf("the same phrase twice: %v", err)
	}
	s, ok := s.Live(p.ID, true, monday.Add(time.Hour))
	if got, _ := s.Phrase(p.ID); !ok || got.Shadow || !got.Since.Equal(monday.Add(time.Hour)) {
		t.Errorf("made live: %+v", got)
	}
	if got, _ := before.Phrase(p.ID); !got.Shadow {
		t.Error("making it live changed the set from before")
	}
	if _, ok := s.Live(p.ID, true, monday); ok {
		t.Error("a live phrase is made live")
	}
	s, _ = s.Switch("secrecy.x", wording.Off)
	s, _ = s.Switch("threat.y", wording.Quiet)
	s, _ = s.Switch("secrecy.x", wording.Quiet)
	if s.State("secrecy.x") != wording.Quiet || s.State("threat.y") != wording.Quiet || s.State("other") != wording.Normal || len(s.Off) > 0 {
		t.Errorf("switched to %+v", s)
	}
	if _, ok := s.Switch("other", wording.Normal); ok {
		t.Error("a rule is switched to what it is")
	}
	s, ok = s.Remove(p.ID)
	if _, there := s.Phrase(p.ID); !ok || there {
		t.Error("the phrase is still there")
	}
	// A number is never used twice, not even when a change is undone.
	_, q, _ := s.Back(wording.Set{}).Add(wording.Phrase{Text: "another one"}, monday)
	if q.ID != "phrase-2" {
		t.Errorf("the next phrase is %s", q.ID)
	}
	for i := range wording.MaxPhrases {
		s, _, err = s.Add(wording.Phrase{Text: fmt.Sprint("phrase number ", i)}, monday)
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Add(wording.Phrase{Text: "one too many"}, monday); !errors.Is(err, wording.ErrFull) {
		t.Errorf("one too many: %v", err)
	}
}

func TestDoubtsAboutAPhrase(t *testing.T) {
	d := detector(t)
	for text, want := range map[string]wording.Doubt{
		"": wording.NoWords, "?!": wording.NoWords, "of the": wording.StopWords, "is it just": wording.StopWords,
		"you": wording.OneCommon, "friend": wording.OneCommon, "pergola": wording.Single, "meet at the pergola": wording.NoDoubt,
		strings.Repeat("pergola ", 13): wording.TooLong, strings.Repeat("b", 81): wording.TooLong,
	} {
		got, _, err := wording.Consider(d, wording.Phrase{Text: text})
		if err != nil || got != want {
			t.Errorf("%q: %q (%v), want %q", text, got, err, want)
		}
	}
}

func TestWhatAPhraseFindsInHarmlessChat(t *testing.T) {
	d := detector(t)
	try := func(text string) wording.Estimate {
		e, err := wording.Try(d, wording.Phrase{ID: "p", Text: text, Category: detect.Secrecy, Tell: wording.Today})
		if err != nil {
			t.Fatal(err)
		}
		if e.Ordinary < 900 || e.Lookalikes < 2000 {
			t.Fatalf("there are %d ordinary messages and %d look-alikes", e.Ordinary, e.Lookalikes)
		}
		return e
	}
	broad, narrow := try("do you"), try("zebra lighthouse password")
	if about, least, most := broad.Every(10_000); broad.Found == 0 || !broad.Broad(0) || least >= about || about >= most || len(broad.Examples) == 0 {
		t.Errorf("a broad phrase: %+v, %f of 10,000 (%f to %f)", broad, about, least, most)
	}
	about, _, most := narrow.Every(10_000)
	if narrow.Found != 0 || narrow.Broad(100_000) || about != 0 || most <= 0 || len(narrow.Examples) > 0 {
		t.Errorf("a narrow phrase: %+v, up to %f of 10,000", narrow, most)
	}
	once := wording.Estimate{Ordinary: 100_000, Found: 10}
	if once.Broad(0) || once.Broad(10_000) || !once.Broad(100_000) {
		t.Error("one in 10,000 is too broad on a server with 100,000 messages a day, and there alone")
	}
}

// The values are those of the formula as it is commonly printed.
func TestInterval(t *testing.T) {
	for _, c := range []struct {
		k, n        int
		least, most float64
	}{{0, 5, 0, 0.4345}, {5, 10, 0.2366, 0.7634}, {10, 10, 0.7225, 1}, {0, 0, 0, 1}, {1, 1000, 0.00018, 0.00564}} {
		least, most := wording.Interval(c.k, c.n)
		if math.Abs(least-c.least) > 5e-5 || math.Abs(most-c.most) > 5e-5 {
			t.Errorf("%d of %d: %.5f to %.5f, want %.5f to %.5f", c.k, c.n, least, most, c.least, c.most)
		}
	}
}

func TestMostlyWrong(t *testing.T) {
	for r, want := range map[wording.Record]bool{
		{}: false, {FalseAlarm: 4}: false, {FalseAlarm: 5}: true, {FalseAlarm: 5, Acted: 1}: false,
		{FalseAlarm: 9, NoAction: 1}: true, {FalseAlarm: 58, Acted: 42}: false, {Acted: 10}: false,
	} {
		if got := r.MostlyWrong(); got != want {
			t.Errorf("%+v: %v", r, got)
		}
	}
}

func TestTells(t *testing.T) {
	got := []detect.Severity{}
	for _, k := range wording.Tells() {
		got = append(got, k.Severity())
		if detect.SeverityOf(detect.WeightOf(k.Severity())) != k.Severity() {
			t.Errorf("%s has the weight of another severity", k)
		}
	}
	if !slices.Equal(got, []detect.Severity{detect.High, detect.Medium, detect.Low}) {
		t.Errorf("the severities are %v", got)
	}
}
