package discord

import (
	"strconv"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// id is a snowflake, as a number: a third of the memory of its text.
type id uint64

// epoch is the first millisecond of Discord's snowflakes.
const epoch = 1420070400000

// UnmarshalJSON reads an id from text or from a number. What is no id gives 0:
// one odd field must not lose a message.
func (i *id) UnmarshalJSON(raw []byte) error {
	if len(raw) >= 2 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	*i = 0
	var n uint64
	for _, c := range raw {
		if c < '0' || c > '9' {
			return nil
		}
		n = n*10 + uint64(c-'0')
	}
	*i = id(n)
	return nil
}

// MarshalJSON writes the id as text, as Discord does.
func (i id) MarshalJSON() ([]byte, error) { return []byte(`"` + i.String() + `"`), nil }

// String is the id in digits; empty for none.
func (i id) String() string {
	if i == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(i), 10)
}

// time is when the thing with this id came to be.
func (i id) time() time.Time { return time.UnixMilli(int64(i>>22) + epoch).UTC() }

// idAt is the lowest id that a thing made at t can have.
func idAt(t time.Time) id {
	ms := t.UnixMilli() - epoch
	if ms <= 0 {
		return 0
	}
	return id(ms) << 22
}

// toID reads one of our identifiers; 0 where it is none of Discord's.
func toID[T ~string](s T) id {
	n, err := strconv.ParseUint(string(s), 10, 64)
	if err != nil {
		return 0
	}
	return id(n)
}

func (i id) server() chat.ServerID   { return chat.ServerID(i.String()) }
func (i id) place() chat.PlaceID     { return chat.PlaceID(i.String()) }
func (i id) person() chat.PersonID   { return chat.PersonID(i.String()) }
func (i id) message() chat.MessageID { return chat.MessageID(i.String()) }

// present is true for a value that is there and not null.
type present bool

// UnmarshalJSON only looks whether there is something.
func (f *present) UnmarshalJSON(raw []byte) error {
	*f = string(raw) != "null"
	return nil
}

// bits are permissions, which Discord writes as text.
type bits uint64

// UnmarshalJSON reads bits from text or from a number.
func (b *bits) UnmarshalJSON(raw []byte) error { return (*id)(b).UnmarshalJSON(raw) }

// part is a piece of an event that is looked at only where it is not empty.
type part []byte

// UnmarshalJSON keeps a copy, save of what is empty.
func (p *part) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case "null", "[]", "{}":
		*p = nil
	default:
		*p = append([]byte(nil), raw...)
	}
	return nil
}
