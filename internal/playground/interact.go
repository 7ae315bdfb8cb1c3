package playground

import (
	"net/http"
	"slices"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// interaction is something that a person asked of the bot and that the bot
// may still answer.
type interaction struct {
	id     string
	event  *event
	person chat.PersonID
	place  chat.PlaceID
	tab    string
	since  time.Time
	source string     // the private answer that held the pressed button
	holder *private   // what stands where the answer will be
	form   *chat.Form // opened in answer, and may be submitted
	late   bool       // the person was told that no answer came
	done   bool       // answered; kept for its form alone
	timer  *time.Timer
	// options receives a completion's answer; nil for all others.
	options chan []chat.Option
}

// The states of a private answer.
const (
	stateWaiting = "waiting" // the bot has been asked
	stateLate    = "late"    // no answer came in time; one may still come
	stateFailed  = "failed"  // the bot said that it could not
	stateShown   = "shown"
)

// private is something that one person alone sees.
type private struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Used  string `json:"used,omitempty"` // the command that it answers

	n      uint64
	person chat.PersonID
	place  chat.PlaceID
	card   *chat.Card
	file   *chat.File
	time   time.Time
}

// ask hands an interaction to the bot and watches the clock. Where holder is
// given, it is shown at once in the place of the answer. The caller holds the
// lock.
func (v *Visitor) ask(r *room, e eventJSON, holder *private) string {
	s := v.s
	now := s.opt.Now()
	a := &interaction{
		id: "i" + formatNumber(s.next()), person: v.me.ID, place: r.ID, tab: v.Tab, since: now, holder: holder,
	}
	e.ID, e.Time, e.Person, e.Place = a.id, now, v.me.json(), r.json()
	e.Person.Locale = v.Locale
	a.event = &event{eventJSON: e, interaction: true}
	if e.Kind == kindComplete {
		a.options = make(chan []chat.Option, 1)
	}
	if holder != nil {
		holder.State = stateWaiting
		s.showPrivate(a, holder)
	}
	s.asks = append(s.asks, a)
	for len(s.asks) > maxInteractions || now.Sub(s.asks[0].since) >= answerUntil {
		s.drop(s.asks[0])
	}
	s.outbox.asks = append(s.outbox.asks, a.event)
	s.outbox.wake()
	if a.options == nil {
		a.timer = time.AfterFunc(s.opt.AnswerWithin, func() { s.tooLate(a) })
	}
	return a.id
}

// asking finds an interaction that may still be answered or submitted.
func (s *Server) asking(id string) *interaction {
	for _, a := range s.asks {
		if a.id == id && s.opt.Now().Sub(a.since) < answerUntil {
			return a
		}
	}
	return nil
}

// tooLate tells the person that no answer came.
func (s *Server) tooLate(a *interaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !a.done && !a.late {
		s.noAnswer(a, stateLate)
	}
}

func (s *Server) noAnswer(a *interaction, state string) {
	a.late = true
	if a.options != nil {
		return
	}
	if a.event.Kind != kindSubmit { // an open form says so itself, and keeps what was typed
		if a.holder == nil {
			a.holder = &private{}
		}
		a.holder.State = state
		s.showPrivate(a, a.holder)
	}
	s.tellInteraction(a, state, nil)
}

// failed notes that the bot could not answer.
func (s *Server) failed(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.asking(id)
	if a == nil || a.done {
		return refuse(http.StatusNotFound, "unknown interaction")
	}
	s.outbox.answered(a.event)
	if !a.late {
		s.noAnswer(a, stateFailed)
	}
	s.drop(a)
	return nil
}

// answer shows what the bot answered, to the one person who asked.
func (s *Server) answer(id string, ans chat.Answer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.asking(id)
	if a == nil {
		return refuse(http.StatusNotFound, "unknown interaction, or answered too late")
	}
	if a.done {
		return nil // the first answer stands
	}
	if ans.Form != nil && a.late {
		s.outbox.answered(a.event)
		s.drop(a)
		return refuse(http.StatusGone, "too late to open a form")
	}
	s.outbox.answered(a.event)
	a.done = true
	if a.timer != nil {
		a.timer.Stop()
	}
	s.show(a, ans)
	if ans.Form == nil {
		s.drop(a)
		return nil
	}
	a.form, a.since = ans.Form, s.opt.Now()
	return nil
}

func (s *Server) show(a *interaction, ans chat.Answer) {
	source := s.privateOf(a.person, a.source)
	if source != nil && (ans.Hide || ans.Replace && ans.Card != nil) {
		if a.holder != nil {
			s.dropPrivate(a.holder)
			a.holder = nil
		}
		if ans.Hide {
			s.dropPrivate(source)
		} else {
			a.holder = source
		}
	}
	switch {
	case ans.Card != nil && !ans.Hide:
		if a.holder == nil {
			a.holder = &private{}
		}
		a.holder.State, a.holder.card, a.holder.file = stateShown, ans.Card, ans.File
		s.showPrivate(a, a.holder)
	case a.holder != nil:
		s.dropPrivate(a.holder)
	}
	var form *openForm
	if ans.Form != nil {
		form = &openForm{ID: a.id, formJSON: toFormJSON(*ans.Form)}
	}
	s.tellInteraction(a, "answered", form)
}

// openForm is a form as the page shows it.
type openForm struct {
	ID string `json:"id"`
	formJSON
}

func (s *Server) tellInteraction(a *interaction, state string, form *openForm) {
	s.tellPerson(a.person, "interaction", map[string]any{"id": a.id, "tab": a.tab, "state": state, "form": form})
}

// offer hands completions to the page that waits for them.
func (s *Server) offer(id string, options []chat.Option) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.asking(id)
	if a == nil || a.options == nil || a.done {
		return refuse(http.StatusNotFound, "unknown interaction, or answered too late")
	}
	a.done = true
	a.options <- options
	s.outbox.answered(a.event)
	return nil
}

func (s *Server) forget(a *interaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(a)
}

// drop lets go of an interaction. The caller holds the lock.
func (s *Server) drop(a *interaction) {
	if a.timer != nil {
		a.timer.Stop()
	}
	s.outbox.answered(a.event)
	s.asks = slices.DeleteFunc(s.asks, func(x *interaction) bool { return x == a })
}

// showPrivate writes a private answer or a new version of it.
func (s *Server) showPrivate(a *interaction, p *private) {
	if p.ID == "" {
		p.n = s.next()
		p.ID = "p" + formatNumber(p.n)
		p.person, p.place, p.time = a.person, a.place, s.opt.Now()
	}
	if !slices.Contains(s.private, p) {
		s.private = append(s.private, p)
		s.boundPrivate(p)
	}
	s.tellPerson(p.person, "private", s.viewPrivate(p))
}

func (s *Server) boundPrivate(newest *private) {
	n := 0
	for i := len(s.private) - 1; i >= 0; i-- {
		p := s.private[i]
		if p.person != newest.person || p.place != newest.place {
			continue
		}
		if n++; n > maxPrivate {
			s.dropPrivate(p)
			return
		}
	}
}

func (s *Server) dropPrivate(p *private) {
	s.private = slices.DeleteFunc(s.private, func(x *private) bool { return x == p })
	s.tellPerson(p.person, "private-gone", map[string]any{"id": p.ID, "place": p.place})
}

func (s *Server) privateOf(who chat.PersonID, id string) *private {
	for _, p := range s.private {
		if p.ID == id && p.person == who {
			return p
		}
	}
	return nil
}
