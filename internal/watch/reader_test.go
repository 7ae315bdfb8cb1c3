package watch

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
)

var rules = sync.OnceValues(func() (*detect.Lexicon, error) { return detect.Load(config.Lexicon()) })

func testDetector(t testing.TB) *detect.Detector {
	t.Helper()
	lex, err := rules()
	if err != nil {
		t.Fatal(err)
	}
	return detect.New(lex)
}

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// said makes messages of one place, numbered as they come.
type said struct{ n int }

func (s *said) by(who chat.PersonID, after time.Duration, text string) chat.Message {
	s.n++
	return chat.Message{
		ID: chat.MessageID(fmt.Sprint(s.n)), Place: chat.Place{Server: "s", ID: "general"},
		Author: chat.Person{ID: who}, Text: text, Time: noon.Add(after),
	}
}

func TestWhoIsAddressed(t *testing.T) {
	r, say := NewReader(testDetector(t)), said{}
	if got := r.Read(say.by("old", 0, "hi")).Addressed; got != "" {
		t.Errorf("alone in the room, it is said to %q", got)
	}
	r.Read(say.by("kim", time.Minute, "hello"))
	if got := r.Read(say.by("old", 2*time.Minute, "hey")).Addressed; got != "kim" {
		t.Errorf("after kim spoke, it is said to %q", got)
	}
	m := say.by("old", 3*time.Minute, "hey")
	m.Mentions = []chat.PersonID{"old", "sam"}
	if got := r.Read(m).Addressed; got != "sam" {
		t.Errorf("with a mention, it is said to %q", got)
	}
	m = say.by("old", 4*time.Minute, "hey")
	m.Mentions, m.ReplyTo = []chat.PersonID{"sam"}, "ali"
	if got := r.Read(m).Addressed; got != "ali" {
		t.Errorf("as an answer, it is said to %q", got)
	}
	if got := r.Read(say.by("old", 30*time.Minute, "hey")).Addressed; got != "" {
		t.Errorf("long after kim spoke, it is said to %q", got)
	}
	bot := say.by("bot", 31*time.Minute, "beep")
	bot.Author.Bot = true
	r.Read(bot)
	if got := r.Read(say.by("old", 31*time.Minute, "hey")).Addressed; got != "" {
		t.Errorf("after a program spoke, it is said to %q", got)
	}
}

func TestShortBurstsAreReadAsOne(t *testing.T) {
	r, say := NewReader(testDetector(t)), said{}
	r.Read(say.by("old", 0, "dont tell"))
	last := say.by("old", 8*time.Second, "your mum")
	got := r.Read(last)
	if got.Severity < detect.Medium {
		t.Fatalf("two halves of one request are %s: %v", got.Severity, got.Signals)
	}
	for _, s := range got.Signals {
		if s.Start < 0 || s.End > len(last.Text) || s.Start >= s.End {
			t.Errorf("%s marks [%d,%d) of %q", s.Rule, s.Start, s.End, last.Text)
		}
	}
	r.Read(say.by("old", 10*time.Minute, "dont tell"))
	if got := r.Read(say.by("old", 11*time.Minute, "your mum")); got.Severity >= detect.Medium {
		t.Errorf("a minute apart they are %s", got.Severity)
	}
	r.Read(say.by("old", 20*time.Minute, "dont tell"))
	if got := r.Read(say.by("kim", 20*time.Minute, "your mum")); got.Severity >= detect.Medium {
		t.Errorf("of two people they are %s", got.Severity)
	}
}

func TestCopiedTextWeighsLess(t *testing.T) {
	r, say := NewReader(testDetector(t)), said{}
	const line = "dont tell ur mum about this ok"
	first := r.Read(say.by("a", 0, line))
	r.Read(say.by("b", time.Minute, line))
	third := r.Read(say.by("c", 2*time.Minute, line))
	if third.Severity >= first.Severity {
		t.Errorf("said by three people it is %s, by one %s", third.Severity, first.Severity)
	}
	for i, who := range []chat.PersonID{"a", "b", "c"} {
		if got := r.Read(say.by(who, time.Duration(3+i)*time.Minute, "i want to die")); got.Severity < detect.High {
			t.Errorf("a cry for help, said by several, is %s", got.Severity)
		}
	}
}

func TestProgramsAreReadUnlessConfigured(t *testing.T) {
	say := said{}
	m := say.by("hook", 0, "send me nudes")
	m.Author.Bot = true
	r := NewReader(testDetector(t))
	if r.Read(m).Severity == detect.None {
		t.Error("a program's message is not read")
	}
	r.SkipBots = true
	if r.Read(m).Severity != detect.None {
		t.Error("a program's message is read although left out")
	}
}

func TestReaderForgets(t *testing.T) {
	r := NewReader(testDetector(t))
	for i := range 2 * maxPlaces {
		r.Read(chat.Message{Place: chat.Place{ID: chat.PlaceID(fmt.Sprint(i))}, Author: chat.Person{ID: "a"}, Time: noon, Text: "hi"})
	}
	if r.recent.Len() > maxPlaces || len(r.places) > maxPlaces {
		t.Errorf("it remembers %d places", r.recent.Len())
	}
	say := said{}
	for i := range 500 {
		r.Read(say.by(chat.PersonID(fmt.Sprint(i)), time.Duration(i)*time.Second, strings.Repeat("word ", 2000)))
	}
	p := r.place(placeKey{"s", "general"})
	if len(p.speakers) > maxSpeakers || len(p.lines) > maxLines || len(p.bursts) > 40 {
		t.Errorf("a place remembers %d speakers, %d lines, %d bursts", len(p.speakers), len(p.lines), len(p.bursts))
	}
	for _, b := range p.bursts {
		if len(b.text) > maxJoined {
			t.Errorf("a burst keeps %d bytes", len(b.text))
		}
	}
}

func TestManyPlacesAtOnce(t *testing.T) {
	r := NewReader(testDetector(t))
	var wg sync.WaitGroup
	for p := range 8 {
		wg.Go(func() {
			for i := range 100 {
				r.Read(chat.Message{
					Place: chat.Place{ID: chat.PlaceID(fmt.Sprint(p % 4))}, Author: chat.Person{ID: chat.PersonID(fmt.Sprint(p))},
					Time: noon.Add(time.Duration(i) * time.Second), Text: "dont tell your mum",
				})
			}
		})
	}
	wg.Wait()
}
