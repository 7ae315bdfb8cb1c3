package playground

import (
	"encoding/json"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// feed is what changed, for the pages that are open. Each page reads it at
// its own pace, so a slow one holds up nobody; one that fell behind the bound
// starts again from the whole state.
type feed struct {
	entries []feedEntry
	lost    uint64        // the number of the newest change forgotten
	changed chan struct{} // closed at the next change
}

type feedEntry struct {
	n      uint64
	kind   string
	data   json.RawMessage
	place  chat.PlaceID  // only for those who can read it; empty for all
	person chat.PersonID // only for that person; empty for all
}

func (s *Server) tellAll(kind string, data any) { s.tell(feedEntry{kind: kind}, data) }

func (s *Server) tellPlace(p chat.PlaceID, kind string, data any) {
	s.tell(feedEntry{kind: kind, place: p}, data)
}

func (s *Server) tellPerson(p chat.PersonID, kind string, data any) {
	s.tell(feedEntry{kind: kind, person: p}, data)
}

// tell adds a change. The caller holds the lock.
func (s *Server) tell(e feedEntry, data any) {
	raw, err := json.Marshal(data)
	if err != nil { // only what cannot be JSON at all; nothing here can be that
		return
	}
	e.n, e.data = s.next(), raw
	s.feed.entries = append(s.feed.entries, e)
	if over := len(s.feed.entries) - maxFeed; over > 0 {
		s.feed.lost = s.feed.entries[over-1].n
		s.feed.entries = append([]feedEntry(nil), s.feed.entries[over:]...)
	}
	close(s.feed.changed)
	s.feed.changed = make(chan struct{})
}

// since gives what changed for a person after a number, and where to go on;
// lost says that the page is too far behind and must start again.
func (s *Server) since(p *person, after uint64) (entries []feedEntry, upTo uint64, lost bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if after < s.start || after > s.last || after < s.feed.lost {
		return nil, s.last, true, s.feed.changed
	}
	for _, e := range s.feed.entries {
		if e.n > after && s.mayHear(p, e) {
			entries = append(entries, e)
		}
	}
	return entries, s.last, false, s.feed.changed
}

func (s *Server) mayHear(p *person, e feedEntry) bool {
	if e.person != "" {
		return p != nil && e.person == p.ID
	}
	if e.place == "" {
		return true
	}
	r := s.room(e.place)
	return p != nil && r != nil && s.canRead(p, &r.place)
}

// messageView is a message as the page shows it.
type messageView struct {
	ID       chat.MessageID  `json:"id"`
	N        uint64          `json:"n"`
	Place    chat.PlaceID    `json:"place"`
	Author   chat.PersonID   `json:"author"`
	Text     string          `json:"text,omitempty"`
	Time     time.Time       `json:"time"`
	Edited   bool            `json:"edited,omitempty"`
	ReplyTo  *replyView      `json:"replyTo,omitempty"`
	Mentions []chat.PersonID `json:"mentions,omitempty"`
	Card     *cardJSON       `json:"card,omitempty"`
	Under    chat.MessageID  `json:"under,omitempty"`
	Notify   bool            `json:"notify,omitempty"`
}

type replyView struct {
	ID     chat.MessageID `json:"id"`
	Author chat.PersonID  `json:"author"`
}

func (s *Server) viewMessage(r *room, m *message) messageView {
	v := messageView{
		ID: m.id, N: m.n, Place: r.ID, Author: m.author, Text: m.text, Time: m.time, Edited: m.edited,
		Mentions: m.names, Under: m.under, Notify: m.notify,
	}
	if m.replyTo != nil {
		v.ReplyTo = &replyView{ID: m.replyTo.id, Author: m.replyTo.author}
	}
	if m.card != nil {
		c := toCardJSON(*m.card)
		v.Card = &c
	}
	return v
}

// privateView is a private answer as the page shows it.
type privateView struct {
	private
	N     uint64       `json:"n"`
	Place chat.PlaceID `json:"place"`
	Time  time.Time    `json:"time"`
	Card  *cardJSON    `json:"card,omitempty"`
	File  *fileJSON    `json:"file,omitempty"`
}

func (s *Server) viewPrivate(p *private) privateView {
	v := privateView{private: *p, N: p.n, Place: p.place, Time: p.time, File: (*fileJSON)(p.file)}
	if p.card != nil {
		c := toCardJSON(*p.card)
		v.Card = &c
	}
	return v
}

// stateView is all that one person sees, or, for nobody yet, what a visitor
// needs in order to pick somebody.
type stateView struct {
	At        string                  `json:"at"`
	Name      string                  `json:"name"`
	About     string                  `json:"about"`
	Bot       personJSON              `json:"bot"`
	BotHere   bool                    `json:"botHere"`
	People    []*person               `json:"people"`
	Stories   []*story                `json:"stories"`
	Story     *storyView              `json:"story"`
	StaffRoom StaffRoom               `json:"staffRoom"`
	Me        chat.PersonID           `json:"me,omitempty"`
	Places    []placeView             `json:"places,omitempty"`
	Messages  []messageView           `json:"messages,omitempty"`
	Private   []privateView           `json:"private,omitempty"`
	Read      map[chat.PlaceID]uint64 `json:"read,omitempty"`
	Commands  []commandJSON           `json:"commands,omitempty"`
	MaxText   int                     `json:"maxText"`
}

type placeView struct {
	placeJSON
	Topic   string          `json:"topic"`
	Private bool            `json:"private,omitempty"`
	Readers []chat.PersonID `json:"readers"`
}

// view gives the whole state as a person sees it; p is nil for nobody yet.
func (s *Server) view(p *person) stateView {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := stateView{
		At: formatNumber(s.last), Name: s.name, About: s.about,
		Bot:     personJSON{ID: s.bot.ID, Name: s.bot.Name, Bot: true},
		BotHere: s.outbox.here(), People: s.people, Stories: s.stories, Story: s.viewStory(),
		StaffRoom: s.staffRoom, MaxText: MaxText,
	}
	if p == nil {
		return v
	}
	v.Me, v.Read, v.Commands = p.ID, map[chat.PlaceID]uint64{}, s.commandsFor(p)
	for _, r := range s.rooms {
		if !s.canRead(p, &r.place) {
			continue
		}
		pv := placeView{placeJSON: r.json(), Topic: r.Topic, Private: r.Private, Readers: s.readers(&r.place)}
		v.Places = append(v.Places, pv)
		v.Read[r.ID] = s.read[p.ID][r.ID]
		for _, m := range r.messages {
			v.Messages = append(v.Messages, s.viewMessage(r, m))
		}
	}
	for _, x := range s.private {
		if r := s.room(x.place); x.person == p.ID && r != nil && s.canRead(p, &r.place) {
			v.Private = append(v.Private, s.viewPrivate(x))
		}
	}
	return v
}

func (s *Server) readers(r *place) []chat.PersonID {
	out := []chat.PersonID{}
	for _, p := range s.people {
		if s.canRead(p, r) {
			out = append(out, p.ID)
		}
	}
	return out
}

func (s *Server) commandsFor(p *person) []commandJSON {
	out := []commandJSON{}
	for _, c := range s.commands {
		if !c.Staff || p.Moderator {
			out = append(out, c)
		}
	}
	return out
}
