package playground

import (
	"fmt"
	"net/http"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Pace is how fast a story is told.
type Pace string

// The paces.
const (
	Slow   Pace = "slow"
	Normal Pace = "normal"
	Fast   Pace = "fast"
)

func (p Pace) factor() float64 {
	switch p {
	case Slow:
		return 1.7
	case Fast:
		return 0.35
	}
	return 1
}

// playing is the story that is being told, or that was told last. It posts
// as the people in it do; the bot cannot tell the difference.
type playing struct {
	story  *story
	step   int // lines told
	pace   Pace
	timer  *time.Timer
	status string // playing, paused, stopped, done
	last   map[chat.PersonID]chat.MessageID

	posted posted // by the bot, since the story began
}

// posted counts what the bot wrote.
type posted struct {
	Staff  int `json:"staff"`  // cards in the staff room
	Direct int `json:"direct"` // cards in direct messages
	Public int `json:"public"` // cards that everyone can read
	Added  int `json:"added"`  // to cards that were there: new versions, and lines below them
}

// storyView is the story as every page shows it.
type storyView struct {
	ID     string        `json:"id"`
	Status string        `json:"status"`
	Step   int           `json:"step"`
	Of     int           `json:"of"`
	Pace   Pace          `json:"pace"`
	Next   chat.PersonID `json:"next,omitempty"` // who speaks next
	Posted posted        `json:"posted"`
}

func (s *Server) viewStory() *storyView {
	p := s.playing
	if p == nil {
		return nil
	}
	v := &storyView{
		ID: p.story.ID, Status: p.status, Step: p.step, Of: len(p.story.Lines), Pace: p.pace, Posted: p.posted,
	}
	if p.step < len(p.story.Lines) && p.status == "playing" {
		v.Next = p.story.Lines[p.step].By
	}
	return v
}

// Story starts, pauses, resumes, steps through, stops or closes a story: do
// is one of start, pause, resume, next, pace, stop, close. One story plays at
// a time.
func (s *Server) Story(do, id string, pace Pace) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.playing
	if p == nil && do != "start" {
		return refuse(http.StatusConflict, "No story is playing.")
	}
	switch do {
	case "start":
		return s.startStory(id, pace)
	case "pause":
		s.halt("paused")
	case "resume":
		if p.status == "paused" {
			p.status = "playing"
			s.schedule(p)
		}
	case "next":
		if p.status == "playing" || p.status == "paused" {
			s.tellLine(p)
		}
	case "pace":
		p.pace = pace
		if p.status == "playing" {
			s.schedule(p)
		}
	case "stop":
		s.halt("stopped")
	case "close":
		s.stopStory()
		s.playing = nil
	default:
		return refuse(http.StatusUnprocessableEntity, fmt.Sprintf("A story cannot %q.", do))
	}
	s.tellAll("story", s.viewStory())
	return nil
}

func (s *Server) startStory(id string, pace Pace) error {
	for _, x := range s.stories {
		if x.ID != id {
			continue
		}
		s.stopStory()
		s.playing = &playing{story: x, pace: pace, status: "playing", last: map[chat.PersonID]chat.MessageID{}}
		s.schedule(s.playing)
		s.tellAll("story", s.viewStory())
		return nil
	}
	return refuse(http.StatusNotFound, "There is no such story.")
}

func (s *Server) stopStory() {
	if s.playing != nil && s.playing.timer != nil {
		s.playing.timer.Stop()
	}
}

func (s *Server) halt(status string) {
	s.stopStory()
	if p := s.playing; p.status == "playing" || p.status == "paused" {
		p.status = status
	}
}

// schedule sets the clock for the next line. The caller holds the lock.
func (s *Server) schedule(p *playing) {
	if p.timer != nil {
		p.timer.Stop()
	}
	if p.step >= len(p.story.Lines) {
		return
	}
	wait := time.Duration(p.story.Lines[p.step].Wait * p.pace.factor() * float64(time.Second))
	step := p.step
	p.timer = time.AfterFunc(wait, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.playing == p && p.status == "playing" && p.step == step {
			s.tellLine(p)
			s.tellAll("story", s.viewStory())
		}
	})
}

// tellLine posts the next line as its person does. The caller holds the lock.
func (s *Server) tellLine(p *playing) {
	l := p.story.Lines[p.step]
	r := s.room(p.story.Place)
	m := s.newMessage(l.By)
	m.text, m.names = l.Text, mentions(l.Text, s.people)
	if l.To != "" {
		m.replyTo = r.find(p.last[l.To])
	}
	p.last[l.By] = m.id
	s.wrote(r, m)
	p.step++
	if p.step == len(p.story.Lines) {
		s.stopStory()
		p.status = "done"
		return
	}
	if p.status == "playing" {
		s.schedule(p)
	}
}

// countPost notes where the bot posted, so that the page can say what a story
// led to.
func (s *Server) countPost(r *room, under bool) {
	p := s.playing
	if p == nil {
		return
	}
	switch {
	case under:
		p.posted.Added++
	case r.Private:
		p.posted.Staff++
	case r.Direct != "":
		p.posted.Direct++
	default:
		p.posted.Public++
	}
	s.tellAll("story", s.viewStory())
}

func (s *Server) countUpdate() {
	if s.playing != nil {
		s.playing.posted.Added++
		s.tellAll("story", s.viewStory())
	}
}
