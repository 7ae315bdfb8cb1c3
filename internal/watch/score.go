package watch

import (
	"math"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
)

// How signs add up over a conversation.
const (
	halfLife    = 72 * time.Hour   // after which a sign weighs half
	burstWindow = 30 * time.Minute // several kinds of signs within this weigh more
	burstKinds  = 3
	burstBonus  = 1.5
	elsewhere   = 0.5 // of a sign that was said to somebody else
	repeatCap   = 5   // what signs of one kind reach by repetition: below medium
	builtUp     = 7.5 // from which what adds up counts: a little above what one message needs
	crowd       = 3   // people approached with the same kind of sign
	crowdBonus  = 2.5 // for the third person, and again for each further one
	crowdMost   = 7.5
)

// Past is a sign that the same author left before.
type Past struct {
	Rule      string
	Category  detect.Category
	Weight    float64
	Time      time.Time
	Addressed chat.PersonID
	Place     chat.PlaceID
}

// AddUp is how serious an author's conversation is with this message, after
// the signs that the same author left before. Signs fade, repetition of one
// kind alone never alerts, different kinds together weigh more than their sum,
// and so does trying the same on several people. A message without signs gives
// None.
func AddUp(past []Past, now Reading, m chat.Message) detect.Severity {
	if len(now.Signals) == 0 {
		return detect.None
	}
	kinds := map[detect.Category]*kind{}
	add := func(rule string, c detect.Category, weight float64) {
		k := kinds[c]
		if k == nil {
			k = &kind{rules: map[string]float64{}}
			kinds[c] = k
		}
		k.rules[rule] = max(k.rules[rule], weight)
	}
	for _, p := range past {
		add(p.Rule, p.Category, p.Weight*faded(m.Time.Sub(p.Time))*nearness(p.Addressed, now.Addressed))
	}
	for _, s := range now.Signals {
		add(s.Rule, s.Category, s.Lasting())
	}
	strengths := detect.Strengths{}
	for c, k := range kinds {
		strengths[c] = k.strength()
	}
	total := detect.Sum(strengths) + burstOf(past, now, m.Time) + crowdOf(past, now)
	if total < builtUp {
		return min(now.Severity, detect.SeverityOf(total), detect.High)
	}
	// What adds up is something to look at now; that somebody is in immediate
	// danger, only a message of its own can say.
	return min(detect.SeverityOf(total), detect.High)
}

// kind is the strongest sign of each rule of one category.
type kind struct{ rules map[string]float64 }

// strength is the strongest sign and half of each other rule's, capped so that
// one kind of sign never alerts by its number.
func (k *kind) strength() float64 {
	var top, sum float64
	for _, w := range k.rules {
		top = max(top, w)
		sum += w
	}
	return max(top, min(top+(sum-top)/2, repeatCap))
}

func faded(age time.Duration) float64 {
	return math.Exp2(-max(0, age.Hours()) / halfLife.Hours())
}

func nearness(was, is chat.PersonID) float64 {
	if was == is || was == "" || is == "" {
		return 1
	}
	return elsewhere
}

// burstOf is what several kinds of harm within half an hour add.
func burstOf(past []Past, now Reading, at time.Time) float64 {
	kinds := map[detect.Category]bool{}
	for _, p := range past {
		if !p.Category.Disclosure() && p.Weight >= 1 && at.Sub(p.Time) <= burstWindow && nearness(p.Addressed, now.Addressed) == 1 {
			kinds[p.Category] = true
		}
	}
	for _, s := range now.Signals {
		if !s.Category.Disclosure() && s.Weight >= 1 {
			kinds[s.Category] = true
		}
	}
	if len(kinds) >= burstKinds {
		return burstBonus
	}
	return 0
}

// crowdOf is what trying the same kind of sign on several people adds.
func crowdOf(past []Past, now Reading) float64 {
	most := 0
	for _, s := range now.Signals {
		if s.Category.Disclosure() {
			continue
		}
		people := map[chat.PersonID]bool{}
		if now.Addressed != "" {
			people[now.Addressed] = true
		}
		for _, p := range past {
			if p.Category == s.Category && p.Addressed != "" {
				people[p.Addressed] = true
			}
		}
		most = max(most, len(people))
	}
	return min(crowdMost, crowdBonus*float64(max(0, most-crowd+1)))
}

// Verdict is what reading one message of a stream gave.
type Verdict struct {
	Reading
	Total detect.Severity // of the conversation with this message
	Alert bool            // whether staff would be alerted at this message
}

// Stream reads messages and adds them up in memory alone, for looking through
// a file. It is not safe for concurrent use.
type Stream struct {
	reader    *Reader
	threshold detect.Severity
	past      map[authorKey][]Past
}

type authorKey struct {
	server chat.ServerID
	author chat.PersonID
}

// maxPast bounds the signs kept for one author, the latest ones.
const maxPast = 200

// NewStream makes a Stream that alerts from threshold on; None means medium.
func NewStream(d *detect.Detector, threshold detect.Severity) *Stream {
	if threshold == detect.None {
		threshold = detect.Medium
	}
	return &Stream{reader: NewReader(d), threshold: threshold, past: map[authorKey][]Past{}}
}

// Observe reads the next message.
func (s *Stream) Observe(m chat.Message) Verdict {
	v := Verdict{Reading: s.reader.Read(m)}
	if len(v.Signals) == 0 {
		return v
	}
	k := authorKey{m.Place.Server, m.Author.ID}
	v.Total = AddUp(s.past[k], v.Reading, m)
	v.Alert = max(v.Severity, v.Total) >= s.threshold
	past := s.past[k]
	for _, g := range v.Signals {
		past = append(past, Past{g.Rule, g.Category, g.Lasting(), m.Time, v.Addressed, m.Place.ID})
	}
	if len(past) > maxPast {
		past = append([]Past(nil), past[len(past)-maxPast:]...)
	}
	s.past[k] = past
	return v
}
