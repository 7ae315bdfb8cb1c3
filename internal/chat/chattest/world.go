// Package chattest is the one conformance suite that every adapter passes. It
// tells stories: somebody writes, presses or asks on the platform; the suite
// looks at what reaches the handler, and at what each person then sees.
//
// It is not a set of tests of the adapters' insides; those stand beside the
// adapters.
package chattest

import (
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// World is one community on a platform, real or a double, and the means to
// act as the people in it. A World reports its own failures to the test that
// it was made for.
type World interface {
	// Platform gives a new connection, as a started program has it.
	Platform() chat.Platform
	// Cast says who and what is there.
	Cast() Cast

	// What people do. The text that mentions somebody holds Mention of them.
	Say(who chat.PersonID, in chat.PlaceID, text string) chat.MessageID
	Reply(who chat.PersonID, in chat.PlaceID, text string, to chat.MessageID) chat.MessageID
	Edit(who chat.PersonID, in chat.PlaceID, id chat.MessageID, text string)
	Delete(who chat.PersonID, in chat.PlaceID, id chat.MessageID)
	Mention(of chat.PersonID) string

	// What people ask of the bot. What comes of it is in Sees and Form.
	Use(who chat.PersonID, in chat.PlaceID, command string, args map[string]string)
	UseOn(who chat.PersonID, in chat.PlaceID, command string, about chat.MessageID)
	// Press uses the newest button with that label that the person sees.
	Press(who chat.PersonID, in chat.PlaceID, label string)
	// Choose picks a value in the newest select with that label.
	Choose(who chat.PersonID, in chat.PlaceID, label, value string)
	// Submit fills in the form that is open for the person, and sends it.
	Submit(who chat.PersonID, values map[string]string)

	// What a person sees of the bot in a place, oldest first, and the form
	// that is open for them, nil for none.
	Sees(who chat.PersonID, in chat.PlaceID) []Sight
	Form(who chat.PersonID) *chat.Form

	// LetIn lets a person read the staff room who should not.
	LetIn(who chat.PersonID)
	// Cut breaks the connection, as networks do; the platform can be reached
	// again at once.
	Cut()
	// Trouble makes the next post or update of the bot go wrong.
	Trouble(Trouble)
}

// Cast is who and what is in a World.
type Cast struct {
	Server  chat.ServerID
	Public  chat.PlaceID // a channel that everyone reads
	Other   chat.PlaceID // another one
	Thread  chat.PlaceID // a thread below Public or Other
	Staff   chat.PlaceID // the staff room
	Rule    chat.StaffRule
	Ana     chat.PersonID // a member
	Ben     chat.PersonID // another member
	Mod     chat.PersonID // a member of staff
	Name    string        // what Ana is called
	Traits  Traits
	LongOne int // characters of the longest message
}

// Traits are what platforms truly differ in.
type Traits struct {
	// Remembers: an event that was not acknowledged comes again to a program
	// that was started anew. Without it, only a broken connection is resumed.
	Remembers bool
	// Completes: options are completed while they are typed; the World is a
	// Completer.
	Completes bool
}

// Completer is a World in which options can be completed.
type Completer interface {
	Complete(who chat.PersonID, in chat.PlaceID, command, option, typed string) []chat.Option
}

// Sight is one thing of the bot's that a person sees.
type Sight struct {
	ID      chat.MessageID // empty for a private answer
	Text    string         // as chat.Card.PlainText writes it, or the platform's words that no answer came
	Private bool           // seen by this person alone
	Under   chat.MessageID // what it hangs below
	Called  bool           // the platform calls attention to it
	Waiting bool           // asked, and not answered yet
	Failed  bool           // the person was told that there was no answer
}

// Trouble is what goes wrong with a send.
type Trouble struct {
	Busy   time.Duration // asked to come back after this; whole seconds
	Broken bool          // the platform fails
	Barred bool          // the bot may not
	Lost   bool          // done, but the answer is lost
}

// New makes a World for one test, and takes it down with it.
type New func(t *testing.T) World
