package playground

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// event is something that the bot has to be told.
type event struct {
	eventJSON
	interaction bool
}

// window is how many events of one place are on their way to the bot at once;
// further ones wait here until it acknowledged some. It bounds the bot's
// memory and keeps one stuck place from holding up the others.
const window = 16

// outbox keeps what the bot has to be told until it said that it took it:
// messages and deletions in a lane for each place, in order; interactions
// beside them, so that help never waits behind a message.
type outbox struct {
	lanes   map[chat.PlaceID][]*event
	asks    []*event
	link    *link
	changed chan struct{} // closed at the next change
}

// link is one connection of the bot, and what was sent on it.
type link struct {
	sent   map[string]bool
	cancel context.CancelFunc
}

func (o *outbox) here() bool { return o.link != nil }

func (o *outbox) wake() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// take gives what the link has to send now.
func (o *outbox) take(rooms []*room, l *link) []*event {
	var out []*event
	pick := func(e *event) {
		if !l.sent[e.ID] {
			l.sent[e.ID] = true
			out = append(out, e)
		}
	}
	for _, e := range o.asks {
		pick(e)
	}
	for _, r := range rooms {
		lane := o.lanes[r.ID]
		for _, e := range lane[:min(window, len(lane))] {
			pick(e)
		}
	}
	return out
}

// answered lets go of an interaction.
func (o *outbox) answered(e *event) {
	o.asks = slices.DeleteFunc(o.asks, func(x *event) bool { return x == e })
}

// acknowledged lets go of an event, and says whether it was there.
func (o *outbox) acknowledged(id string) bool {
	for place, lane := range o.lanes {
		for i, e := range lane[:min(window, len(lane))] {
			if e.ID == id {
				o.lanes[place] = slices.Delete(lane, i, i+1)
				o.wake()
				return true
			}
		}
	}
	return false
}

// deliver queues an event for the bot. When a lane is full, its oldest event
// is let go: the bot finds what it missed by listing messages, as it must
// after any gap. The caller holds the lock.
func (s *Server) deliver(r *room, e *event) {
	e.ID = "e" + formatNumber(s.next())
	if e.Time.IsZero() {
		e.Time = s.opt.Now()
	}
	if s.outbox.lanes == nil {
		s.outbox.lanes = map[chat.PlaceID][]*event{}
	}
	lane := append(s.outbox.lanes[r.ID], e)
	if over := len(lane) - maxPending; over > 0 {
		lane = slices.Delete(lane, 0, over)
	}
	s.outbox.lanes[r.ID] = lane
	s.outbox.wake()
}

func (s *Server) messageEvent(r *room, m *message) *event {
	return &event{eventJSON: eventJSON{Kind: kindMessage, Place: r.json(), Message: s.botMessage(r, m)}}
}

// botMessage is a message as the bot reads it: the text of a card is what a
// reader sees of it.
func (s *Server) botMessage(r *room, m *message) *messageJSON {
	out := &messageJSON{
		ID: m.id, Place: r.json(), Text: m.text, Time: m.time, Edited: m.edited, Mentions: m.names,
		Path: "/#" + string(r.ID) + "/" + string(m.id),
	}
	if p := s.person(m.author); p != nil {
		out.Author = p.json()
	} else {
		out.Author = personJSON{ID: s.bot.ID, Name: s.bot.Name, Bot: true}
	}
	if m.card != nil {
		out.Text = m.card.PlainText()
	}
	if m.replyTo != nil {
		out.ReplyTo = m.replyTo.author
	}
	return out
}

// Op names a request of the bot, for Intercept.
type Op string

// The bot's requests. OpDeliver is one event on its way to the bot.
const (
	OpHello    Op = "hello"
	OpDeliver  Op = "deliver"
	OpAck      Op = "ack"
	OpAnswer   Op = "answer"
	OpFailed   Op = "failed"
	OpOptions  Op = "options"
	OpPost     Op = "post"
	OpUpdate   Op = "update"
	OpDirect   Op = "direct"
	OpReaders  Op = "readers"
	OpPerson   Op = "person"
	OpPlaces   Op = "places"
	OpFetch    Op = "fetch"
	OpAfter    Op = "after"
	OpCommands Op = "commands"
)

// Fault is what goes wrong with one of the bot's requests; the zero Fault is
// nothing. Tests use it to make the platform fail in the ways real ones do.
type Fault struct {
	// Status is answered instead of doing what was asked.
	Status int
	// RetryAfter is sent along as Retry-After, in whole seconds rounded up.
	RetryAfter time.Duration
	// Applied runs after the effect and before the answer.
	Applied func()
	// Lost drops the connection after the effect, without an answer.
	Lost bool
	// Answered runs after the answer was sent.
	Answered func()
}

// Intercept sees each of the bot's requests before it has any effect. It may
// block, to delay it.
type Intercept func(op Op, r *http.Request) Fault

// Intercept sets what sees the bot's requests from now on; nil for nothing.
func (s *Server) Intercept(f Intercept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = f
}

func (s *Server) fault(op Op, r *http.Request) Fault {
	s.mu.Lock()
	f := s.intercept
	s.mu.Unlock()
	if f == nil {
		return Fault{}
	}
	return f(op, r)
}

// Disconnect cuts the bot's connection, as a network does. The bot may come
// back at once.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outbox.link != nil {
		s.outbox.link.cancel()
	}
}

// botRoutes are the requests that the bot may make, below /bot/v1.
func (s *Server) botRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /bot/v1/events", s.streamEvents)
	on := func(pattern string, op Op, do func(r *http.Request) (any, error)) {
		mux.Handle(pattern, s.botCall(op, do))
	}
	on("GET /bot/v1/me", OpHello, func(*http.Request) (any, error) { return s.hello(), nil })
	on("POST /bot/v1/events/{id}/ack", OpAck, s.botAck)
	on("POST /bot/v1/interactions/{id}/answer", OpAnswer, s.botAnswer)
	on("POST /bot/v1/interactions/{id}/failed", OpFailed, func(r *http.Request) (any, error) {
		return nil, s.failed(r.PathValue("id"))
	})
	on("POST /bot/v1/interactions/{id}/options", OpOptions, s.botOptions)
	on("POST /bot/v1/places/{place}/cards", OpPost, s.botPost)
	on("PUT /bot/v1/places/{place}/cards/{id}", OpUpdate, s.botUpdate)
	on("POST /bot/v1/people/{person}/direct", OpDirect, s.botDirect)
	on("GET /bot/v1/people/{person}", OpPerson, s.botPerson)
	on("GET /bot/v1/places", OpPlaces, s.botPlaces)
	on("GET /bot/v1/places/{place}/readers", OpReaders, s.botReaders)
	on("GET /bot/v1/places/{place}/messages/{id}", OpFetch, s.botFetch)
	on("GET /bot/v1/places/{place}/messages", OpAfter, s.botAfter)
	on("PUT /bot/v1/commands", OpCommands, s.botCommands)
	return s.onlyBot(mux)
}

func (s *Server) onlyBot(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if s.opt.Token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(s.opt.Token)) != 1 {
			writeProblem(w, refuse(http.StatusUnauthorized, "the token is wrong"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// botCall runs a request, with the faults that a test asks for around it.
func (s *Server) botCall(op Op, do func(r *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := s.fault(op, r)
		if fault.RetryAfter > 0 {
			seconds := int((fault.RetryAfter + time.Second - 1) / time.Second)
			w.Header().Set("Retry-After", formatNumber(uint64(seconds)))
		}
		if fault.Status != 0 {
			writeProblem(w, refuse(fault.Status, http.StatusText(fault.Status)))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBotBody)
		out, err := do(r)
		if fault.Applied != nil {
			fault.Applied()
		}
		if fault.Lost {
			panic(http.ErrAbortHandler)
		}
		if err != nil {
			writeProblem(w, err)
		} else {
			writeJSON(w, http.StatusOK, out)
		}
		if fault.Answered != nil {
			_ = http.NewResponseController(w).Flush()
			fault.Answered()
		}
	})
}

type helloJSON struct {
	Kind   string        `json:"kind"`
	Server chat.ServerID `json:"server"`
	Name   string        `json:"name"`
	Bot    chat.PersonID `json:"bot"`
}

func (s *Server) hello() helloJSON {
	return helloJSON{Kind: kindHello, Server: s.id, Name: s.name, Bot: s.bot.ID}
}

// streamEvents hands events to the bot, a line of JSON each, until either
// side hangs up. A newer connection takes the place of an older one.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	l := &link{sent: map[string]bool{}, cancel: cancel}
	s.connect(l)
	defer s.disconnected(l)

	w.Header().Set("Content-Type", "application/x-ndjson")
	out := stream{w: w, control: http.NewResponseController(w)}
	if out.line(s.hello()) != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		s.mu.Lock()
		events, changed := s.outbox.take(s.rooms, l), s.outbox.changed
		s.mu.Unlock()
		for _, e := range events {
			if !s.sendEvent(ctx, out, e, r) {
				return
			}
		}
		select {
		case <-changed:
		case <-beat.C:
			if out.line(eventJSON{Kind: kindPing}) != nil {
				return
			}
		case <-ctx.Done():
			return
		case <-s.stop:
			return
		}
	}
}

func (s *Server) sendEvent(ctx context.Context, out stream, e *event, r *http.Request) bool {
	fault := s.fault(OpDeliver, r)
	if fault.Status != 0 || ctx.Err() != nil {
		return false
	}
	if out.line(e.eventJSON) != nil {
		return false
	}
	if fault.Answered != nil {
		fault.Answered()
	}
	return !fault.Lost
}

func (s *Server) connect(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.outbox.link; old != nil {
		old.cancel()
	}
	s.outbox.link = l
	s.tellAll("bot", map[string]any{"here": true})
}

func (s *Server) disconnected(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outbox.link == l {
		s.outbox.link = nil
		s.tellAll("bot", map[string]any{"here": false})
	}
}

func (s *Server) botAck(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbox.acknowledged(r.PathValue("id")) // a second acknowledgement changes nothing
	return nil, nil
}

func (s *Server) botAnswer(r *http.Request) (any, error) {
	var in answerJSON
	if err := readJSON(r.Body, &in); err != nil {
		return nil, err
	}
	ans, err := in.answer()
	if err != nil {
		return nil, refuse(http.StatusUnprocessableEntity, err.Error())
	}
	return nil, s.answer(r.PathValue("id"), ans)
}

func (s *Server) botOptions(r *http.Request) (any, error) {
	var in []optionJSON
	if err := readJSON(r.Body, &in); err != nil {
		return nil, err
	}
	return nil, s.offer(r.PathValue("id"), fromOptionsJSON(in[:min(len(in), chat.MaxOptions)]))
}

type refJSON struct {
	ID chat.MessageID `json:"id"`
}

func (s *Server) botPost(r *http.Request) (any, error) {
	var in postJSON
	if err := readJSON(r.Body, &in); err != nil {
		return nil, err
	}
	card, err := in.Card.card()
	if err != nil {
		return nil, refuse(http.StatusUnprocessableEntity, err.Error())
	}
	if len(in.Key) > 25 {
		return nil, refuse(http.StatusUnprocessableEntity, "the key is longer than 25 bytes")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	room, err := s.botRoom(chat.PlaceID(r.PathValue("place")))
	if err != nil {
		return nil, err
	}
	if in.Key != "" {
		if at, posted := s.keys[in.Key]; posted {
			return refJSON{ID: at.ID}, nil
		}
	}
	m := s.newMessage(s.bot.ID)
	m.card, m.under, m.notify = &card, in.Under, in.Notify
	room.add(m)
	s.rememberKey(in.Key, chat.MessageRef{Server: s.id, Place: room.ID, ID: m.id})
	s.tellPlace(room.ID, "message", s.viewMessage(room, m))
	s.countPost(room, room.find(in.Under) != nil)
	return refJSON{ID: m.id}, nil
}

func (s *Server) rememberKey(key string, at chat.MessageRef) {
	if key == "" {
		return
	}
	s.keys[key] = at
	s.keyOrder = append(s.keyOrder, key)
	if len(s.keyOrder) > maxKeys {
		delete(s.keys, s.keyOrder[0])
		s.keyOrder = s.keyOrder[1:]
	}
}

// botRoom finds a place in which the bot may write.
func (s *Server) botRoom(id chat.PlaceID) (*room, error) {
	r := s.room(id)
	if r == nil {
		return nil, refuse(http.StatusNotFound, "there is no such place")
	}
	if !s.botMayWrite(&r.place) {
		return nil, refuse(http.StatusForbidden, "the bot may not write there")
	}
	return r, nil
}

func (s *Server) botUpdate(r *http.Request) (any, error) {
	var in cardJSON
	if err := readJSON(r.Body, &in); err != nil {
		return nil, err
	}
	card, err := in.card()
	if err != nil {
		return nil, refuse(http.StatusUnprocessableEntity, err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	room, err := s.botRoom(chat.PlaceID(r.PathValue("place")))
	if err != nil {
		return nil, err
	}
	m := room.find(chat.MessageID(r.PathValue("id")))
	if m == nil {
		return nil, refuse(http.StatusNotFound, "the message is gone")
	}
	if m.author != s.bot.ID {
		return nil, refuse(http.StatusForbidden, "the message is not the bot's")
	}
	m.card = &card
	s.tellPlace(room.ID, "message", s.viewMessage(room, m))
	s.countUpdate()
	return nil, nil
}

func (s *Server) botDirect(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.room(directID(chat.PersonID(r.PathValue("person"))))
	if room == nil || room.Direct == "" {
		return nil, refuse(http.StatusNotFound, "there is no such person")
	}
	return room.json(), nil
}

type personAnswer struct {
	personJSON
	Sees bool `json:"sees"` // can read the place asked about
}

// botPerson describes a person; with ?sees=PLACE also whether they can read
// that place.
func (s *Server) botPerson(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(chat.PersonID(r.PathValue("person")))
	if p == nil {
		return nil, refuse(http.StatusNotFound, "there is no such person")
	}
	room := s.room(chat.PlaceID(r.URL.Query().Get("sees")))
	return personAnswer{personJSON: p.json(), Sees: room != nil && s.canRead(p, &room.place)}, nil
}

func (s *Server) botPlaces(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []placeJSON{}
	for _, r := range s.rooms {
		if r.Direct == "" && s.botMayWrite(&r.place) {
			out = append(out, r.json())
		}
	}
	return out, nil
}

type readersJSON struct {
	Everyone bool         `json:"everyone"`
	People   []personJSON `json:"people"`
}

func (s *Server) botReaders(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.room(chat.PlaceID(r.PathValue("place")))
	if room == nil {
		return nil, refuse(http.StatusNotFound, "there is no such place")
	}
	out := readersJSON{People: []personJSON{}}
	for _, p := range s.people {
		if s.canRead(p, &room.place) {
			out.People = append(out.People, p.json())
		}
	}
	out.Everyone = len(out.People) == len(s.people)
	return out, nil
}

func (s *Server) botFetch(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room, err := s.botRoom(chat.PlaceID(r.PathValue("place")))
	if err != nil {
		return nil, err
	}
	m := room.find(chat.MessageID(r.PathValue("id")))
	if m == nil {
		return nil, refuse(http.StatusNotFound, "the message is gone")
	}
	return s.botMessage(room, m), nil
}

// maxAfter is how many messages one listing gives at most.
const maxAfter = 100

// botAfter lists messages after one (?after=ID), or where that is not given
// from a time on (?since=RFC 3339), oldest first.
func (s *Server) botAfter(r *http.Request) (any, error) {
	q := r.URL.Query()
	limit := maxAfter
	if err := json.Unmarshal([]byte(q.Get("limit")), &limit); q.Has("limit") && (err != nil || limit < 1) {
		return nil, refuse(http.StatusBadRequest, "the limit is not a number above 0")
	}
	from, err := listFrom(q.Get("after"), q.Get("since"))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	room, err := s.botRoom(chat.PlaceID(r.PathValue("place")))
	if err != nil {
		return nil, err
	}
	out := []*messageJSON{}
	for _, m := range room.messages {
		if from(m) && len(out) < min(limit, maxAfter) {
			out = append(out, s.botMessage(room, m))
		}
	}
	return out, nil
}

func listFrom(after, since string) (func(*message) bool, error) {
	if after != "" {
		n, err := parseNumber(after)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "the message id is not one of ours")
		}
		return func(m *message) bool { return m.n > n }, nil
	}
	var t time.Time
	if since != "" {
		var err error
		if t, err = time.Parse(time.RFC3339Nano, since); err != nil {
			return nil, refuse(http.StatusBadRequest, "the time is not in RFC 3339")
		}
	}
	return func(m *message) bool { return m.time.After(t) }, nil
}

func (s *Server) botCommands(r *http.Request) (any, error) {
	var in []commandJSON
	if err := readJSON(r.Body, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = flatten(in)
	s.tellAll("reset", nil)
	return nil, nil
}
