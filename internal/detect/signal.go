// Package detect finds warning signs in text. It is pure: text in, signals
// out, no I/O, no clock, no memory of earlier messages. Adding up over a
// conversation is the watch package's work.
package detect

import "fmt"

// Category is the kind of warning sign. The names are the contract's.
type Category string

// The categories. The first nine are said by somebody who may mean harm, the
// next four by or about somebody who needs help.
const (
	Secrecy            Category = "secrecy"
	MovePrivate        Category = "move-private"
	RiskProbe          Category = "risk-probe"
	ImageRequest       Category = "image-request"
	GiftOffer          Category = "gift-offer"
	FlatteryIsolation  Category = "flattery-isolation"
	MeetUp             Category = "meet-up"
	SexualTalk         Category = "sexual-talk"
	Threat             Category = "threat"
	DisclosureCoercion Category = "disclosure-coercion"
	DisclosureAbuse    Category = "disclosure-abuse"
	DisclosureImage    Category = "disclosure-image"
	SelfHarm           Category = "self-harm"
	ImageAbuse         Category = "image-abuse"
	Report             Category = "report" // a member's own report; never detected
)

// Categories lists all that can be detected, in the contract's order.
func Categories() []Category {
	return []Category{Secrecy, MovePrivate, RiskProbe, ImageRequest, GiftOffer, FlatteryIsolation, MeetUp,
		SexualTalk, Threat, DisclosureCoercion, DisclosureAbuse, DisclosureImage, SelfHarm, ImageAbuse}
}

// Disclosure says whether the writer is, or speaks for, somebody who needs
// help, rather than somebody who may mean harm.
func (c Category) Disclosure() bool {
	switch c {
	case DisclosureCoercion, DisclosureAbuse, DisclosureImage, SelfHarm, Report:
		return true
	}
	return false
}

// Severity says how soon staff should know.
type Severity uint8

// The severities: low adds up silently, medium staff should see today, high
// now, urgent is immediate danger.
const (
	None Severity = iota
	Low
	Medium
	High
	Urgent
)

var severityNames = [...]string{"none", "low", "medium", "high", "urgent"}

func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("severity(%d)", s)
}

// ParseSeverity reads a severity's name.
func ParseSeverity(name string) (Severity, error) {
	for i, n := range severityNames {
		if n == name {
			return Severity(i), nil
		}
	}
	return None, fmt.Errorf("%q is no severity: use none, low, medium, high or urgent", name)
}

// MarshalText gives the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the severity's name.
func (s *Severity) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSeverity(string(b))
	return err
}

// Signal is one warning sign found in a text.
type Signal struct {
	Rule     string   `json:"rule"`
	Category Category `json:"category"`
	// Start and End are byte offsets into the original text.
	Start int `json:"start"`
	End   int `json:"end"`
	// Weight is the rule's weight after context lowered it: 1 for a hint that
	// means nothing alone, 6 and more for what staff should see by itself.
	Weight float64 `json:"-"`
	// Learned says that the learned reader found it, and no pattern.
	Learned bool `json:"-"`
	// Lowered says that its context lowered it, as in a game, a story or advice.
	Lowered bool `json:"-"`
}

// loweredShare is what a sign that its context lowered keeps of its weight
// beside other messages: a game or a story has many of them.
const loweredShare = 0.5

// Lasting is the weight that the sign has in the rest of the conversation.
func (s Signal) Lasting() float64 {
	if s.Lowered {
		return loweredShare * s.Weight
	}
	return s.Weight
}
