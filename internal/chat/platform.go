package chat

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Platform is one connection to a chat platform. Its methods may be called
// from any goroutine. They block until the platform answered or ctx ended,
// and never retry by themselves: the caller keeps a ledger and knows when to
// try again. Errors that the platform caused are *Error.
type Platform interface {
	// Name is the platform's name in configuration and in the database.
	Name() string

	// Run connects and hands every event to h until ctx ends (then it returns
	// nil) or the platform refuses for good (then it says why). An event is
	// acknowledged only after h returned nil; otherwise the platform delivers
	// it again. The messages and deletions of one place arrive in order;
	// different places may run side by side. What a person asks (a command, an
	// action, a submission) waits behind no message, so that help comes even
	// while messages cannot be taken; where h fails at it, the person is told
	// to try again.
	Run(ctx context.Context, h Handler) error

	// Post writes a card into a place. A second call with the same key writes
	// nothing and returns the first one's reference.
	Post(ctx context.Context, p Post) (MessageRef, error)

	// Update replaces a card that Post wrote.
	Update(ctx context.Context, at MessageRef, c Card) error

	// Direct finds the place where the bot can write to one person alone.
	Direct(ctx context.Context, server ServerID, person PersonID) (Place, error)

	// Access says who can read a place, as far as delivering an alert has to
	// know: whether only staff can, and which of the people given can.
	Access(ctx context.Context, server ServerID, place PlaceID, staff StaffRule, people []PersonID) (Access, error)

	// IsStaff says whether a person is staff by the platform's own means: the
	// role in the rule, else the platform's moderating rights; and can see the
	// staff place.
	IsStaff(ctx context.Context, server ServerID, person PersonID, staff StaffRule) (bool, error)

	// Fetch reads one message as it is now. A message that is gone gives an
	// *Error with Gone set.
	Fetch(ctx context.Context, at MessageRef) (Message, error)

	// After lists the messages of a place that came after the given one (or,
	// where that is empty, after since), oldest first, at most limit.
	After(ctx context.Context, server ServerID, place PlaceID, after MessageID, since time.Time, limit int) ([]Message, error)

	// Places lists the places of a server that the bot can read.
	Places(ctx context.Context, server ServerID) ([]Place, error)
}

// Post is a card on its way to a place.
type Post struct {
	Server ServerID
	Place  PlaceID
	// Under hangs the card below an earlier one: a thread where the platform
	// has them. Empty for a card of its own.
	Under MessageID
	Card  Card
	// Notify lets the platform notify the readers of the place. No one else
	// is ever notified. Role is the platform's id of the role to name for it;
	// empty to leave it to each reader's own settings.
	Notify bool
	Role   string
	// Key makes a repeated post one message; at most 25 bytes.
	Key string
	// First says that nobody tried to post with this Key before, so that a
	// platform that would have to look for an earlier message need not.
	First bool
}

// StaffRule is what a server's settings say about who is staff.
type StaffRule struct {
	Place PlaceID // the staff room
	Role  string  // the platform's id of a role or user group; empty for none
	// Leads are staff wherever they are.
	Leads []PersonID
}

// Access is who can read a place.
type Access struct {
	// Others says in words who, apart from staff, can read the place; empty
	// when only staff can.
	Others string
	// Readers are those of the people asked about who can read it.
	Readers []PersonID
}

// Handler takes what happens on a platform. A method returns nil only when
// the event needs nothing more from the platform: what must not be lost is
// safe, or there was nothing to keep. It is called again for an event that
// was not acknowledged, and must then do nothing twice.
type Handler interface {
	Message(ctx context.Context, m Message) error
	Deleted(ctx context.Context, at MessageRef) error
	Command(ctx context.Context, c Command) (Answer, error)
	Action(ctx context.Context, a Action) (Answer, error)
	Submit(ctx context.Context, s Submission) (Answer, error)
	// Complete offers values for an option that is being typed.
	Complete(ctx context.Context, c Command, option, typed string) ([]Option, error)
}

// Presence is implemented by handlers that follow in which servers the bot is.
// Platforms find it by type assertion.
type Presence interface {
	// Present says that the events of a server arrive from now on, and that
	// those since the given moment may have been missed. The zero time stands
	// for "since the program last ran": it is given after a start.
	Present(ctx context.Context, server ServerID, since time.Time) error
	// Absent says that the bot was removed from a server.
	Absent(ctx context.Context, server ServerID) error
}

// CommandSpec describes a command, so that an adapter can register it.
type CommandSpec struct {
	Name        string
	Description string
	Options     []OptionSpec
	Subcommands []CommandSpec
	Staff       bool // shown to staff only where the platform can do so
	OnMessage   bool // used on a message rather than typed
	// Default: what somebody types without the name of a command is the first
	// option of this one, where a platform lets people type that.
	Default bool
}

// Typed says how a command is typed on a platform, where that is not a slash and
// its name. A nil platform is an ordinary one.
func Typed(p Platform, command string) string {
	if t, ok := p.(Typist); ok {
		return t.Typed(command)
	}
	return "/" + command
}

// Typist is implemented by platforms on which commands are typed in a way of
// their own.
type Typist interface {
	Typed(command string) string
}

// OptionSpec describes an option of a command.
type OptionSpec struct {
	Name        string
	Description string
	Required    bool
	Choices     []Option // fixed choices
	Completes   bool     // asks Handler.Complete while it is typed
	// Kind says what is chosen. Platforms that have a picker for it use it;
	// the value is the platform's id.
	Kind OptionKind
}

// OptionKind is what an option of a command holds.
type OptionKind string

// The kinds of option.
const (
	Words    OptionKind = "" // anything typed
	APerson  OptionKind = "person"
	AChannel OptionKind = "channel"
	ARole    OptionKind = "role"
)

// Registrar is implemented by platforms on which commands are registered.
type Registrar interface {
	Register(ctx context.Context, commands []CommandSpec) error
}

// Filter is implemented by platforms whose own filter can look for phrases,
// and hand over what it finds as messages, where the bot is not given the text.
type Filter interface {
	// Filters says whether the filter stands in for reading messages.
	Filters() bool
	// KeepWords makes the filter look for these phrases, the most important
	// first, and returns for how many there was room. Its own notices go to the
	// given place.
	KeepWords(ctx context.Context, server ServerID, notices PlaceID, phrases []string) (kept int, err error)
}

// Membership is implemented by platforms that can list the servers in which
// the bot is, so that a removal while it did not run is noticed.
type Membership interface {
	Servers(ctx context.Context) ([]ServerID, error)
}

// Monitored is implemented by platforms whose connection can be lost without
// events being delivered again.
type Monitored interface {
	// Connected says whether events arrive now, from everywhere.
	Connected() bool
}

// Covered is implemented by platforms that can tell which places the bot
// cannot read.
type Covered interface {
	// Uncovered says, for each place of a server that the bot cannot read, why.
	Uncovered(ctx context.Context, server ServerID) ([]Uncovered, error)
}

// Equipped is implemented by platforms on which the bot can be let into a room
// and still lack rights that it needs there.
type Equipped interface {
	// Lacks lists the rights that the bot needs in a staff room and does not
	// have there, as the platform names them; none where all is well.
	Lacks(ctx context.Context, server ServerID, place PlaceID, staff StaffRule) ([]string, error)
}

// Uncovered is a place that the bot cannot read.
type Uncovered struct {
	Place Place
	Why   string // the missing right, as the platform names it
	Open  bool   // the bot can join it: the platform is a Joiner
}

// Joiner is implemented by platforms on which the bot can join places by
// itself.
type Joiner interface {
	Join(ctx context.Context, server ServerID, place PlaceID) error
}

// Directory is implemented by platforms that can tell what somebody is called
// now, so that names need not be kept.
type Directory interface {
	Person(ctx context.Context, server ServerID, person PersonID) (Person, error)
}

// Visited is implemented by platforms on which people of elsewhere can be in a
// server's places: guests, and members of other organisations.
type Visited interface {
	// Standing says how somebody belongs to a server.
	Standing(ctx context.Context, server ServerID, person PersonID) (Standing, error)
	// Shared says whether a place is shared with another organisation.
	Shared(ctx context.Context, server ServerID, place PlaceID) (bool, error)
}

// Whisperer is implemented by platforms that can show one person a note
// beside a message that they wrote, seen by that person alone.
type Whisperer interface {
	Whisper(ctx context.Context, beside MessageRef, to PersonID, c Card) error
}

// Picker is implemented by platforms whose forms can hold rooms and people to
// choose from.
type Picker interface {
	// Groups lists the groups that can be a server's staff: StaffRule.Role.
	Groups(ctx context.Context, server ServerID) ([]Option, error)
}

// Home is implemented by platforms that give each person a page of the bot.
type Home interface {
	ShowHome(ctx context.Context, server ServerID, person PersonID, c Card) error
}

// Error is a failure that the platform caused.
type Error struct {
	Op string // what was being done: "post card"
	// Permanent: trying the same again cannot work.
	Permanent bool
	// Gone: the message, place or person is not there any more.
	Gone bool
	// RetryAfter is the wait that the platform asked for; 0 for none.
	RetryAfter time.Duration
	Err        error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// IsPermanent says whether trying the same again cannot work.
func IsPermanent(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Permanent || e.Gone)
}

// IsGone says whether what was asked for is not there any more.
func IsGone(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Gone
}

// RetryAfter is the wait that the platform asked for, 0 for none.
func RetryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
