// Package playground is a small chat platform in the browser, kept in memory
// alone, so that the whole bot can be tried with no account, token or network.
//
// It has two halves that speak to each other over HTTP, as a bot and its
// platform do. Server is the platform: a community with its people, places
// and messages; it serves the page to visitors and an API to the bot. Client
// is the adapter: it implements chat.Platform on that API. Neither half knows
// anything of safeguarding, and the Server never sees what the bot knows.
//
// The Server delivers each event at least once: it keeps an event until the
// bot acknowledged it, and sends it again on the next connection. Commands,
// presses and forms have a few seconds to be answered, after which the page
// says so; a late answer is still shown for 15 minutes.
package playground

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// The playground's bounds. Those on text and interactions are Discord's
// (4,000 characters for the longest message, 3 s to answer, 15 minutes for a
// late answer); the others keep the memory of a long visit small.
const (
	MaxText         = 4000             // characters of a message
	maxBody         = 64 << 10         // bytes of a visitor's request
	maxBotBody      = 256 << 10        // bytes of the bot's request
	maxHistory      = 500              // messages kept in a place
	maxPrivate      = 50               // private answers kept for a person in a place
	maxPending      = 5000             // events of a place that wait for the bot
	maxInteractions = 1000             // interactions that may still be answered
	maxFeed         = 2000             // changes kept for pages that reconnect
	maxKeys         = 10000            // idempotency keys remembered
	answerWithin    = 3 * time.Second  // then the page says that no answer came
	answerUntil     = 15 * time.Minute // then an answer is not shown any more
	heartbeat       = 10 * time.Second // between signs of life on a quiet stream
	writeWithin     = 15 * time.Second // for one write to a stream
)

// Options say how a Server behaves. The zero value suits tests.
type Options struct {
	// Now gives the time of messages; time.Now where nil.
	Now func() time.Time
	// Token is what the bot must show as a bearer token. An empty one lets no
	// bot in.
	Token string
	// Hosts are further host names under which the page may be opened.
	// "localhost" and plain IP addresses always may, since no foreign page can
	// make a name of its own lead to them unnoticed.
	Hosts []string
	// AnswerWithin is how long the page waits before it says that the bot did
	// not answer; 3 s where zero.
	AnswerWithin time.Duration
	// NoHistory starts without the opening messages.
	NoHistory bool
}

// Server is the platform: it keeps the community in memory and serves the
// page, the visitors' API and the bot's API. It may be used from any
// goroutine. It is an http.Handler; its streams stay open, so an http.Server
// around it should set ReadHeaderTimeout (10 s suits) and IdleTimeout, leave
// WriteTimeout at 0 (each write has its own limit), and call Close on
// shutdown.
type Server struct {
	opt      Options
	handler  http.Handler
	id       chat.ServerID
	name     string
	about    string
	bot      botUser
	people   []*person
	stories  []*story
	start    uint64 // the first number given; tells a page that memory was lost
	stop     chan struct{}
	stopOnce sync.Once

	mu        sync.Mutex
	last      uint64 // the last number given
	rooms     []*room
	feed      feed
	private   []*private
	read      map[chat.PersonID]map[chat.PlaceID]uint64
	staffRoom StaffRoom
	commands  []commandJSON
	keys      map[string]chat.MessageRef
	keyOrder  []string
	asks      []*interaction
	outbox    outbox
	playing   *playing
	intercept Intercept
}

// room is a place with what was written there.
type room struct {
	place
	messages []*message
}

type message struct {
	id      chat.MessageID
	n       uint64
	author  chat.PersonID
	text    string
	time    time.Time
	edited  bool
	replyTo *message // as it was when answered
	names   []chat.PersonID
	card    *chat.Card
	under   chat.MessageID
	notify  bool
	gone    bool
}

// NewServer starts a community in memory. Call Close to end its streams.
func NewServer(opt Options) *Server {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.AnswerWithin == 0 {
		opt.AnswerWithin = answerWithin
	}
	world, err := loadCommunity()
	if err != nil {
		panic("playground: " + err.Error()) // a fault of the build: the files are embedded and tested
	}
	stories, err := loadStories(world)
	if err != nil {
		panic("playground: " + err.Error())
	}
	s := &Server{
		opt: opt, id: world.ID, name: world.Name, about: world.About, bot: world.Bot,
		stop:      make(chan struct{}),
		read:      map[chat.PersonID]map[chat.PlaceID]uint64{},
		keys:      map[string]chat.MessageRef{},
		staffRoom: StaffOnly,
	}
	// Numbers start at the time, so that a restarted playground never gives
	// a number again that the bot may have kept.
	s.start = uint64(opt.Now().UnixMilli()) * 1000
	s.last = s.start
	s.feed.changed = make(chan struct{})
	s.outbox.changed = make(chan struct{})
	for i := range world.People {
		s.people = append(s.people, &world.People[i])
	}
	for i := range stories {
		s.stories = append(s.stories, &stories[i])
	}
	for i := range world.Places {
		s.rooms = append(s.rooms, &room{place: world.Places[i]})
	}
	if !opt.NoHistory {
		s.writeHistory(world.History)
	}
	s.handler = s.routes()
	return s
}

// ServeHTTP serves the page, the visitors' API and the bot's API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Close ends all streams and the story that is playing. Nothing is kept.
func (s *Server) Close() {
	s.stopOnce.Do(func() { close(s.stop) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopStory()
}

// next gives a number that was never given before, and grows. The caller
// holds the lock.
func (s *Server) next() uint64 {
	s.last++
	return s.last
}

func (s *Server) writeHistory(history []opening) {
	now := s.opt.Now()
	for _, h := range history {
		r := s.room(h.Place)
		m := s.newMessage(h.By)
		m.text, m.time = h.Text, now.Add(-h.Ago)
		if h.Reply && len(r.messages) > 0 {
			m.replyTo = r.messages[len(r.messages)-1]
		}
		r.messages = append(r.messages, m)
	}
	for _, p := range s.people {
		s.read[p.ID] = map[chat.PlaceID]uint64{}
		for _, r := range s.rooms {
			s.read[p.ID][r.ID] = s.last
		}
	}
}

func (s *Server) newMessage(by chat.PersonID) *message {
	n := s.next()
	return &message{id: chat.MessageID(formatNumber(n)), n: n, author: by, time: s.opt.Now()}
}

func (s *Server) person(id chat.PersonID) *person {
	for _, p := range s.people {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (s *Server) room(id chat.PlaceID) *room {
	for _, r := range s.rooms {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (r *room) find(id chat.MessageID) *message {
	for _, m := range r.messages {
		if m.id == id {
			return m
		}
	}
	return nil
}

// add writes a message into a room, and forgets the oldest beyond the bound.
func (r *room) add(m *message) {
	r.messages = append(r.messages, m)
	if over := len(r.messages) - maxHistory; over > 0 {
		r.messages = slices.Clone(r.messages[over:])
	}
}

// StaffRoom says who can read and write in the staff room. A visitor may
// change it to see what the bot does when the room is not private, or shut.
type StaffRoom string

// The states of the staff room.
const (
	StaffOnly    StaffRoom = "staff"    // as it should be
	WithNewcomer StaffRoom = "newcomer" // the newcomer was let in by mistake
	OpenToAll    StaffRoom = "everyone" // everybody can read it
	ShutToBot    StaffRoom = "no-bot"   // staff alone, but the bot may not write
)

const (
	staffRoomID chat.PlaceID  = "staff-room"
	newcomerID  chat.PersonID = "alex"
	staffRole                 = "staff"
)

// SetStaffRoom changes who can read and write in the staff room, at once and
// for every page that is open.
func (s *Server) SetStaffRoom(to StaffRoom) error {
	switch to {
	case StaffOnly, WithNewcomer, OpenToAll, ShutToBot:
	default:
		return refuse(http.StatusUnprocessableEntity, "The staff room has no such state.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.staffRoom = to
	s.tellAll("reset", nil)
	return nil
}

// canRead says whether a person can read a place now. The caller holds the lock.
func (s *Server) canRead(p *person, r *place) bool {
	if r.Direct != "" {
		return r.Direct == p.ID
	}
	if !r.Private || slices.Contains(p.Roles, staffRole) {
		return true
	}
	return s.staffRoom == OpenToAll || s.staffRoom == WithNewcomer && p.ID == newcomerID
}

// botMayWrite says whether the bot may write in a place now.
func (s *Server) botMayWrite(r *place) bool {
	return !(r.Private && s.staffRoom == ShutToBot)
}
