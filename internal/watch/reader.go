package watch

import (
	"container/list"
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
)

// The bounds of what a Reader remembers.
const (
	burstJoin     = 30 * time.Second // messages of one author that are read as one
	addressWindow = 10 * time.Minute // who spoke this recently may be addressed
	repeatWindow  = time.Hour        // a line said by several people within this is copied text

	maxPlaces   = 4096
	maxSpeakers = 16
	maxLines    = 64
	maxJoined   = 2000 // bytes of earlier text that a message is joined to
	copyists    = 2    // other people who said the same, from which a line is copied text
)

// copiedFactor is what is left of a sign in a line that several people
// repeated: lyrics, a chain message.
const copiedFactor = 0.5

// Reading is what one message shows.
type Reading struct {
	Signals   []detect.Signal
	Severity  detect.Severity // the message's own
	Addressed chat.PersonID   // to whom it was probably said; "" where unknown
	// Shadow are the server's own phrases that are tried out. They are no signs.
	Shadow []detect.Signal
}

// Reader reads messages in their place: it joins short bursts of one author,
// sees who is addressed, and knows copied text. It keeps in memory, for a
// bounded number of places, who spoke last, and an author's words for 30
// seconds; it writes nothing. Time is the messages' own. It is safe for
// concurrent use; messages of one place must come in order.
type Reader struct {
	// SkipBots leaves out messages of programs. Set it before the first Read.
	SkipBots bool

	d    *detect.Detector
	seed maphash.Seed

	mu     sync.Mutex
	places map[placeKey]*list.Element
	recent *list.List // of *place, the most recently used first
}

type placeKey struct {
	server chat.ServerID
	place  chat.PlaceID
}

type place struct {
	key placeKey

	mu       sync.Mutex
	speakers []speaker // the latest last, each person once
	bursts   []burst
	lines    []line
}

type speaker struct {
	who chat.PersonID
	at  time.Time
}

// burst is what one author wrote in the last half minute.
type burst struct {
	who  chat.PersonID
	at   time.Time
	last chat.MessageID
	text string
}

type line struct {
	hash uint64
	who  chat.PersonID
	at   time.Time
}

// NewReader makes a Reader.
func NewReader(d *detect.Detector) *Reader {
	return &Reader{d: d, seed: maphash.MakeSeed(), places: map[placeKey]*list.Element{}, recent: list.New()}
}

// Read reads one message with the shared rules.
func (r *Reader) Read(m chat.Message) Reading { return r.ReadWith(nil, m) }

// ReadWith reads one message with what its server's staff changed; nil for
// nothing.
func (r *Reader) ReadWith(o *detect.Overlay, m chat.Message) Reading {
	if r.SkipBots && m.Author.Bot {
		return Reading{}
	}
	p := r.place(placeKey{m.Place.Server, m.Place.ID})
	p.mu.Lock()
	defer p.mu.Unlock()
	signals, shadow := o.Detect(r.d, m.Text)
	if before := p.earlier(m); before != "" {
		joined, joinedShadow := o.Detect(r.d, before+" "+m.Text)
		signals = acrossMessages(before, joined, signals)
		shadow = acrossMessages(before, joinedShadow, shadow)
	}
	copied := p.copied(r.hash(m.Text), m)
	if copied {
		signals, shadow = lowered(signals), lowered(shadow)
	}
	reading := Reading{Signals: signals, Severity: detect.Assess(signals), Addressed: p.addressed(m), Shadow: shadow}
	p.remember(m)
	return reading
}

// place finds a place's memory, or makes room for a new one.
func (r *Reader) place(k placeKey) *place {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.places[k]; ok {
		r.recent.MoveToFront(e)
		return e.Value.(*place)
	}
	p := &place{key: k}
	r.places[k] = r.recent.PushFront(p)
	if r.recent.Len() > maxPlaces {
		old := r.recent.Back()
		delete(r.places, old.Value.(*place).key)
		r.recent.Remove(old)
	}
	return p
}

func (r *Reader) hash(text string) uint64 {
	return maphash.String(r.seed, strings.ToLower(strings.TrimSpace(text)))
}

// acrossMessages adds the signs that begin in the author's earlier messages
// and end in this one. Their offsets are clipped to this message.
func acrossMessages(before string, joined, signals []detect.Signal) []detect.Signal {
	cut := len(before) + 1
	for _, g := range joined {
		if g.Start >= cut || g.End <= cut || has(signals, g.Rule) {
			continue
		}
		g.Start, g.End = 0, g.End-cut
		signals = append(signals, g)
	}
	return signals
}

func has(signals []detect.Signal, rule string) bool {
	for _, s := range signals {
		if s.Rule == rule {
			return true
		}
	}
	return false
}

func lowered(signals []detect.Signal) []detect.Signal {
	for i := range signals {
		if !signals[i].Category.Disclosure() {
			signals[i].Weight *= copiedFactor
		}
	}
	return signals
}

// earlier is what the author wrote just before, "" where that is long ago.
func (p *place) earlier(m chat.Message) string {
	for _, b := range p.bursts {
		if b.who == m.Author.ID && b.last != m.ID && near(b.at, m.Time, burstJoin) {
			return b.text
		}
	}
	return ""
}

func near(a, b time.Time, within time.Duration) bool {
	d := b.Sub(a)
	return d <= within && d >= -within
}

// copied says whether several others said the same words lately.
func (p *place) copied(hash uint64, m chat.Message) bool {
	others := map[chat.PersonID]bool{}
	for _, l := range p.lines {
		if l.hash == hash && l.who != m.Author.ID && near(l.at, m.Time, repeatWindow) {
			others[l.who] = true
		}
	}
	p.lines = append(p.lines, line{hash, m.Author.ID, m.Time})
	if len(p.lines) > maxLines {
		p.lines = append(p.lines[:0], p.lines[len(p.lines)-maxLines:]...)
	}
	return len(others) >= copyists
}

// addressed is whom a message answers or names, else who else spoke last.
func (p *place) addressed(m chat.Message) chat.PersonID {
	if m.ReplyTo != "" && m.ReplyTo != m.Author.ID {
		return m.ReplyTo
	}
	for _, who := range m.Mentions {
		if who != m.Author.ID {
			return who
		}
	}
	for i := len(p.speakers) - 1; i >= 0; i-- {
		if s := p.speakers[i]; s.who != m.Author.ID && near(s.at, m.Time, addressWindow) {
			return s.who
		}
	}
	return ""
}

// remember keeps who spoke, and the words for half a minute.
func (p *place) remember(m chat.Message) {
	if !m.Author.Bot { // a program is never the person addressed
		for i, s := range p.speakers {
			if s.who == m.Author.ID {
				p.speakers = append(p.speakers[:i], p.speakers[i+1:]...)
				break
			}
		}
		p.speakers = append(p.speakers, speaker{m.Author.ID, m.Time})
		if len(p.speakers) > maxSpeakers {
			p.speakers = append(p.speakers[:0], p.speakers[1:]...)
		}
	}
	text := m.Text
	kept := p.bursts[:0]
	for _, b := range p.bursts {
		switch {
		case b.who == m.Author.ID && b.last != m.ID && near(b.at, m.Time, burstJoin):
			text = b.text + " " + text
		case b.who != m.Author.ID && near(b.at, m.Time, burstJoin):
			kept = append(kept, b)
		}
	}
	clear(p.bursts[len(kept):])
	p.bursts = append(kept, burst{who: m.Author.ID, at: m.Time, last: m.ID, text: tail(text, maxJoined)})
}

// tail is the end of a text, from a word's beginning, at most n bytes.
func tail(text string, n int) string {
	if len(text) <= n {
		return strings.Clone(text)
	}
	text = text[len(text)-n:]
	if _, rest, ok := strings.Cut(text, " "); ok {
		return strings.Clone(rest)
	}
	return ""
}
