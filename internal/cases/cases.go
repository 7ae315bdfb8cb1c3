// Package cases owns what a case is and what may be done to it. It is pure:
// it reads no clock, keeps nothing and sends nothing. The store package keeps
// cases, the desk package lets staff act on them, the alert package tells
// staff about them.
package cases

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
)

// Kind says how a case came about.
type Kind string

// The kinds: a case opened by warning signs, by a member's own report, or by
// staff to see that alerts arrive.
const (
	BySignals Kind = "signals"
	ByReport  Kind = "report"
	ByTest    Kind = "test"
)

// State is where a case stands. The names are the contract's.
type State string

// The states.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged"
	Closed       State = "closed"
)

// Outcome says how a case was closed. The names are the contract's.
type Outcome string

// The outcomes; a case that is not closed has none.
const (
	Acted      Outcome = "acted"
	NoAction   Outcome = "no-action"
	FalseAlarm Outcome = "false-alarm"
)

// Case is what staff deal with: worrying signs from one person towards
// another (or towards nobody in particular), or a member's report. It never
// holds what anybody wrote.
type Case struct {
	ID       string // short, sortable, safe in a button
	Number   int    // counts up in each server; what staff call it
	Platform string
	Server   chat.ServerID
	Kind     Kind

	// Author is whom the case is about: who wrote the messages. Empty for a
	// report about no message; who made a report is kept nowhere.
	Author     chat.PersonID
	AuthorName string
	// Addressed is the person spoken to; empty where nobody in particular was.
	Addressed     chat.PersonID
	AddressedName string
	// LeadsOnly keeps a report from all staff but the leads.
	LeadsOnly bool

	Severity   detect.Severity
	Categories []detect.Category // in the order in which they were first seen

	// Where it was last seen: the newest message with a signal.
	Place     chat.PlaceID
	PlaceName string
	Message   chat.MessageID
	Link      string

	State     State
	Outcome   Outcome
	Taker     chat.PersonID // who acknowledged it, or closed it
	TakerName string

	OpenedAt  time.Time
	UpdatedAt time.Time
	ClosedAt  time.Time // zero while not closed

	// Version counts changes. A change names the version that it saw, so that
	// the loser of a race is told instead of overwriting.
	Version int
}

// Concerns says whether the case is about this person: then they must see
// nothing of it, staff or not.
func (c Case) Concerns(p chat.PersonID) bool {
	return c.Kind != ByTest && p != "" && p == c.Author
}

// Help says whether the case is about somebody who may need help themselves,
// rather than about somebody who may mean harm.
func (c Case) Help() bool {
	return c.Kind == BySignals && AllHelp(c.Categories)
}

// AllHelp says whether every category is one said by, or for, somebody who
// needs help.
func AllHelp(categories []detect.Category) bool {
	for _, k := range categories {
		if !k.Disclosure() {
			return false
		}
	}
	return len(categories) > 0
}

// ErrState means that the case is not in a state in which this can be done.
var ErrState = errors.New("the case is not in a state for that")

// Take marks the case as being dealt with by somebody.
func (c Case) Take(by chat.Person, at time.Time) (Case, error) {
	if c.State != Open {
		return c, fmt.Errorf("take case %d, which is %s: %w", c.Number, c.State, ErrState)
	}
	c.State, c.Taker, c.TakerName, c.UpdatedAt = Acknowledged, by.ID, by.Name, at
	return c, nil
}

// Close ends the case with an outcome.
func (c Case) Close(by chat.Person, o Outcome, at time.Time) (Case, error) {
	if c.State == Closed {
		return c, fmt.Errorf("close case %d, which is closed: %w", c.Number, ErrState)
	}
	switch o {
	case Acted, NoAction, FalseAlarm:
	default:
		return c, fmt.Errorf("close case %d: %q is no outcome", c.Number, o)
	}
	c.State, c.Outcome, c.Taker, c.TakerName = Closed, o, by.ID, by.Name
	c.UpdatedAt, c.ClosedAt = at, at
	return c, nil
}

// Reopen undoes a close that was a mistake.
func (c Case) Reopen(by chat.Person, at time.Time) (Case, error) {
	if c.State != Closed {
		return c, fmt.Errorf("reopen case %d, which is %s: %w", c.Number, c.State, ErrState)
	}
	c.State, c.Outcome, c.Taker, c.TakerName = Acknowledged, "", by.ID, by.Name
	c.UpdatedAt, c.ClosedAt = at, time.Time{}
	return c, nil
}

// Sign is a signal as a case keeps it: what, when, where, never the text.
type Sign struct {
	ID        string
	Platform  string
	Server    chat.ServerID
	Place     chat.PlaceID
	PlaceName string
	Message   chat.MessageID
	Link      string
	Author    chat.PersonID
	Addressed chat.PersonID
	Rule      string
	Category  detect.Category
	Weight    float64
	At        time.Time // the message's own time
	Case      string    // empty while it belongs to none
}

// plainSign is the weight from which a sign says by itself what a case is
// about. Weaker ones are hints: they count, but they only name the case where
// nothing else does, so that staff are not sent after something that was not
// said.
const plainSign = 5

// About is what signs say by themselves, in their order; where none does, all
// that they hint at.
func About(signs []Sign) []detect.Category { return about(nil, signs) }

func about(known []detect.Category, signs []Sign) []detect.Category {
	add := func(least float64) {
		for _, s := range signs {
			if s.Weight >= least && !slices.Contains(known, s.Category) {
				known = append(known, s.Category)
			}
		}
	}
	add(plainSign)
	if len(known) == 0 {
		add(0)
	}
	return known
}

// Add takes new signs into the case. It returns the case with its categories,
// place and severity brought up to date, and whether the severity rose.
func (c Case) Add(signs []Sign, severity detect.Severity, at time.Time) (next Case, rose bool) {
	c.Categories = about(slices.Clone(c.Categories), signs)
	if n := len(signs); n > 0 {
		last := signs[n-1]
		c.Place, c.PlaceName, c.Message, c.Link = last.Place, last.PlaceName, last.Message, last.Link
	}
	if severity > c.Severity {
		c.Severity, rose = severity, true
	}
	c.UpdatedAt = at
	return c, rose
}

// Receipt says that a case's card stands somewhere.
type Receipt struct {
	Case   string
	Place  chat.PlaceID
	Card   chat.MessageID
	To     chat.PersonID // the lead whose direct conversation it is; empty for the staff room
	Reason string        // why it did not go to the staff room; empty where it did
	At     time.Time
}

// Entry is a line of the audit: what a member of staff, or the bot itself, did.
type Entry struct {
	ID        string
	Platform  string
	Server    chat.ServerID
	Case      string        // empty where it concerns none
	Actor     chat.PersonID // empty for the bot
	ActorName string
	Action    string // "take", "close", "show-message", "settings"
	Detail    string // such as the outcome; never message text
	At        time.Time
}

// Settings are what staff decided for one server. Zero values mean the
// defaults of the configuration.
type Settings struct {
	StaffPlace chat.PlaceID    `json:"staff_place,omitempty"`
	StaffRole  string          `json:"staff_role,omitempty"`
	Leads      []chat.PersonID `json:"leads,omitempty"`
	Region     string          `json:"region,omitempty"`
	// Language is what staff are answered in, and members whose own language is
	// not known; a BCP 47 tag, or empty.
	Language  string          `json:"language,omitempty"`
	Threshold detect.Severity `json:"threshold,omitempty"`
	// Watched are the only channels that are read; empty for all.
	Watched []chat.PlaceID `json:"watched,omitempty"`
	// Excluded are channels that are not read.
	Excluded []chat.PlaceID `json:"excluded,omitempty"`
	// GentleWord lets somebody whose message is a disclosure see a note beside
	// it, alone, where the platform can show one.
	GentleWord bool `json:"gentle_word,omitempty"`
	// Digest is how often staff get a digest: "daily", "weekly" or empty.
	Digest string `json:"digest,omitempty"`
	// PausedUntil makes cards arrive without a notification until then, apart
	// from urgent ones; zero when not paused.
	PausedUntil time.Time `json:"paused_until,omitzero"`
}

// Staff is the rule by which a platform tells who is staff.
func (s Settings) Staff() chat.StaffRule {
	return chat.StaffRule{Place: s.StaffPlace, Role: s.StaffRole, Leads: s.Leads}
}

// Watches says whether messages of a place are read. The staff room never is:
// what staff say about a case is no sign of another.
func (s Settings) Watches(p chat.Place) bool {
	root := p.Root()
	if p.Direct || root == s.StaffPlace || slices.Contains(s.Excluded, root) || slices.Contains(s.Excluded, p.ID) {
		return false
	}
	return len(s.Watched) == 0 || slices.Contains(s.Watched, root) || slices.Contains(s.Watched, p.ID)
}
