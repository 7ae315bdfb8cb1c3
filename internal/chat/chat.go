// Package chat is the neutral model of a chat platform: who said what and
// where, what a person asked the bot, and what the bot shows in answer. It
// names no platform and knows nothing of safeguarding. Adapters translate
// between this model and a real platform; everything else speaks only this.
package chat

import (
	"strings"
	"time"
)

// Identifiers are the platform's own, opaque to us. They are typed so that a
// person can never be passed where a place is meant.
type (
	ServerID  string // a Discord guild, a Slack workspace, a playground community
	PlaceID   string // a channel, a thread or a direct conversation
	PersonID  string
	MessageID string
)

// Place is somewhere messages are written.
type Place struct {
	Server ServerID
	ID     PlaceID
	Name   string  // as people see it, without decoration such as "#"; may be empty
	Parent PlaceID // the channel that a thread belongs to; empty for a channel
	Direct bool    // a direct conversation between one person and the bot
	// Latest is when the newest message was written, where the platform tells;
	// else zero.
	Latest time.Time
}

// Root is the channel that a place belongs to: the parent of a thread, or the
// place itself.
func (p Place) Root() PlaceID {
	if p.Parent != "" {
		return p.Parent
	}
	return p.ID
}

// Person is somebody, or some program, that writes.
type Person struct {
	ID   PersonID
	Name string // the display name at that time; for people to read, never a key
	Bot  bool   // a program or webhook
	// Locale is the language that their client is set to, as a BCP 47 tag or a
	// list of them as browsers send it; empty where it is not known.
	Locale string
	// Standing is how they belong to the server, as far as it is known.
	Standing Standing
}

// Standing is how somebody belongs to a server.
type Standing string

// The standings. Platforms without such a difference know members alone.
const (
	Member   Standing = ""         // or not known to be anything else
	Guest    Standing = "guest"    // let into some of the server's places
	Outsider Standing = "outsider" // of another organisation that shares a place
)

// MessageRef says where a message is.
type MessageRef struct {
	Server ServerID
	Place  PlaceID
	ID     MessageID
}

// Message is what somebody wrote, as the platform delivered it.
type Message struct {
	ID     MessageID
	Place  Place
	Author Person
	Text   string // all the text a reader sees, parts joined by line feeds; valid UTF-8
	Time   time.Time
	// Edited marks a new version of a message that was delivered before.
	Edited bool
	// ReplyTo is the author of the message that this one answers.
	ReplyTo PersonID
	// Mentions are the people named by the platform's own mention.
	Mentions []PersonID
	// Link opens the message in the platform's own client.
	Link string
}

// Ref says where the message is.
func (m Message) Ref() MessageRef {
	return MessageRef{Server: m.Place.Server, Place: m.Place.ID, ID: m.ID}
}

// Command is a slash command, or a message command, that a person used.
type Command struct {
	ID     string // unique for each use: a repeated delivery has the same
	Name   string // "learn", "safeguarding setup"
	Args   map[string]string
	Person Person
	Place  Place
	Time   time.Time
	// About is the message that a message command was used on.
	About *Message
}

// Arg returns an option's value without surrounding space, "" where absent.
func (c Command) Arg(name string) string { return strings.TrimSpace(c.Args[name]) }

// Action is a press of a button or a choice in a select.
type Action struct {
	ID     string // unique for each use: a repeated delivery has the same
	Verb   string // what is asked for: "case.take"
	Arg    string // what it is asked of: a case id, a topic id; never state
	Value  string // the chosen option of a select, else empty
	Person Person
	Place  Place
	// Message is the card that holds the button; its ID is empty where the
	// card is a private answer.
	Message MessageRef
	Time    time.Time
}

// Submission is a form that a person filled in and sent.
type Submission struct {
	ID     string // unique for each use: a repeated delivery has the same
	Form   string // the form's verb
	Arg    string
	Values map[string]string
	Person Person
	Place  Place
	Time   time.Time
}

// Value returns a field's value without surrounding space, "" where absent.
func (s Submission) Value(name string) string { return strings.TrimSpace(s.Values[name]) }

// Answer is what a person gets for a command, an action or a submission. It is
// seen by that person alone. The zero Answer shows nothing.
type Answer struct {
	Card *Card
	// Replace shows Card in the place of the private answer that held the
	// pressed button, instead of below it.
	Replace bool
	// Form is opened instead of showing a card.
	Form *Form
	// Wrong says, in answer to a submission, what is wrong with it, by the
	// names of the fields. Platforms that can keep the form open show it there;
	// the others show Card, which says the same.
	Wrong map[string]string
	// File is given together with Card, where the platform is a Filer.
	File *File
	// Hide removes the private answer that held the pressed button.
	Hide bool
}

// File is something to keep, for the one person who asked for it.
type File struct {
	Name string // with its ending
	Data []byte
}

// Filer is implemented by platforms that can give one person a file that nobody
// else sees.
type Filer interface {
	// MaxFile is the largest file that can be given, in bytes.
	MaxFile() int
}

// Show answers with a new private card.
func Show(c Card) Answer { return Answer{Card: &c} }

// Turn answers with a card in the place of the one that held the button.
func Turn(c Card) Answer { return Answer{Card: &c, Replace: true} }
