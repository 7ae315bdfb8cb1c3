package wording

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/classify/texts"
	"github.com/waymark-bot/waymark/internal/detect"
)

// Doubt is what speaks against a phrase.
type Doubt string

// The doubts. All but Single are reasons to refuse it.
const (
	NoDoubt   Doubt = ""
	NoWords   Doubt = "nowords"
	TooLong   Doubt = "toolong"
	StopWords Doubt = "stopwords" // words without a meaning of their own alone
	OneCommon Doubt = "onecommon" // one word, and everybody says it
	Single    Doubt = "single"    // one word, which is rarely said
)

// Refused says whether a phrase with this doubt is not taken.
func (d Doubt) Refused() bool { return d != NoDoubt && d != Single }

// Consider says what speaks against a phrase, and what it finds in harmless
// chat. A phrase that is refused is not looked for.
func Consider(d *detect.Detector, p Phrase) (Doubt, Estimate, error) {
	doubt := check(d, p.Text)
	if doubt.Refused() {
		return doubt, Estimate{}, nil
	}
	e, err := Try(d, p)
	if doubt == Single && e.Found > 0 {
		doubt = OneCommon
	}
	return doubt, e, err
}

func check(d *detect.Detector, text string) Doubt {
	words, meaning := d.PhraseWords(text)
	switch {
	case len(words) == 0:
		return NoWords
	case utf8.RuneCountInString(text) > MaxText || len(words) > detect.MaxPhraseWords:
		return TooLong
	case meaning == 0:
		return StopWords
	case len(words) == 1 && d.Common(words[0]):
		return OneCommon
	case len(words) == 1:
		return Single
	}
	return NoDoubt
}

// maxExamples is how many harmless messages are shown that a phrase finds.
const maxExamples = 3

// Estimate is what a phrase finds in harmless chat.
type Estimate struct {
	Ordinary, Found        int // ordinary messages, and in how many it is found
	Lookalikes, FoundAlike int // harmless messages that look like a sign
	Examples               []string
}

// Try looks for a phrase in the harmless chat that comes with the program.
func Try(d *detect.Detector, p Phrase) (Estimate, error) {
	p.Shadow = false
	o, err := d.Overlay(detect.Changes{Phrases: []detect.Phrase{p.detected()}})
	if err != nil {
		return Estimate{}, fmt.Errorf("make the pattern of a phrase: %w", err)
	}
	lines, err := texts.Harmless()
	if err != nil {
		return Estimate{}, err
	}
	var e Estimate
	var alike []string
	for _, l := range lines {
		found := len(o.Own(l.Text)) > 0
		switch {
		case l.Ordinary && found:
			e.Ordinary, e.Found, e.Examples = e.Ordinary+1, e.Found+1, append(e.Examples, l.Text)
		case l.Ordinary:
			e.Ordinary++
		case found:
			e.Lookalikes, e.FoundAlike, alike = e.Lookalikes+1, e.FoundAlike+1, append(alike, l.Text)
		default:
			e.Lookalikes++
		}
	}
	e.Examples = append(e.Examples, alike...)
	e.Examples = e.Examples[:min(len(e.Examples), maxExamples)]
	return e, nil
}

// Every is in how many of n ordinary messages the phrase is found: about, and
// the bounds within which that is with a certainty of 95%.
func (e Estimate) Every(n float64) (about, least, most float64) {
	lo, hi := Interval(e.Found, e.Ordinary)
	if e.Ordinary == 0 {
		return 0, 0, n
	}
	return n * float64(e.Found) / float64(e.Ordinary), n * lo, n * hi
}

// A phrase is too broad where it is found in more ordinary messages than
// these. All our rules together are held to 0.5 in 10,000; one phrase with four
// times as many makes staff stop reading.
const (
	broadRate = 2.0 / 10_000
	broadADay = 5.0
)

// Broad says whether a phrase would be found too often, on a server with so
// many messages a day (0 where that is not known).
func (e Estimate) Broad(aDay float64) bool {
	about, _, _ := e.Every(1)
	return about >= broadRate || about*aDay >= broadADay
}

// z is the point of the normal distribution that leaves 2.5% on either side.
const z = 1.959964

// Interval is within which a share is with a certainty of 95%, of which k of n
// were seen: Wilson's score interval (E. B. Wilson, Probable inference, the law
// of succession, and statistical inference, 1927), which holds for few cases
// too.
func Interval(k, n int) (least, most float64) {
	if n == 0 {
		return 0, 1
	}
	p, m := float64(k)/float64(n), float64(n)
	middle := p + z*z/(2*m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	by := 1 + z*z/m
	return max(0, (middle-half)/by), min(1, (middle+half)/by)
}

// Record is how the cases ended that a rule took part in.
type Record struct{ Acted, NoAction, FalseAlarm int }

// minClosed is from how many closed cases on a rule is called mostly wrong.
const minClosed = 5

// Closed is in how many closed cases it took part.
func (r Record) Closed() int { return r.Acted + r.NoAction + r.FalseAlarm }

// Right is in how many it was worth looking: all that were no false alarm.
func (r Record) Right() int { return r.Acted + r.NoAction }

// MostlyWrong says whether the rule was wrong more often than right, beyond
// chance: at least five cases, and the interval's upper bound below one half.
func (r Record) MostlyWrong() bool {
	_, most := Interval(r.Right(), r.Closed())
	return r.Closed() >= minClosed && most < 0.5
}
