package playground

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/waymark-bot/waymark/internal/chat"
)

var (
	//go:embed community.yaml
	communityFile []byte
	//go:embed stories.yaml
	storiesFile []byte
)

// community is what the playground starts with: who is there, where they
// talk, and what was said before.
type community struct {
	ID      chat.ServerID `yaml:"id"`
	Name    string        `yaml:"name"`
	About   string        `yaml:"about"`
	Bot     botUser       `yaml:"bot"`
	People  []person      `yaml:"people"`
	Places  []place       `yaml:"places"`
	History []opening     `yaml:"history"`
}

type botUser struct {
	ID   chat.PersonID `yaml:"id"`
	Name string        `yaml:"name"`
}

type person struct {
	ID        chat.PersonID `yaml:"id" json:"id"`
	Name      string        `yaml:"name" json:"name"`
	Tag       string        `yaml:"tag" json:"tag"`   // one word beside the name
	Role      string        `yaml:"role" json:"role"` // who they are, in words
	About     string        `yaml:"about" json:"about"`
	Roles     []string      `yaml:"roles" json:"-"`
	Moderator bool          `yaml:"moderator" json:"moderator"`
}

func (p *person) json() personJSON {
	return personJSON{ID: p.ID, Name: p.Name, Roles: p.Roles, Moderator: p.Moderator}
}

type place struct {
	ID      chat.PlaceID  `yaml:"id"`
	Name    string        `yaml:"name"`
	Topic   string        `yaml:"topic"`
	Parent  chat.PlaceID  `yaml:"parent"`
	Private bool          `yaml:"private"` // staff alone, unless the visitor opens it
	Direct  chat.PersonID `yaml:"-"`       // whose direct conversation with the bot it is
}

func (p *place) json() placeJSON {
	return placeJSON{ID: p.ID, Name: p.Name, Parent: p.Parent, Direct: p.Direct != ""}
}

type opening struct {
	Place chat.PlaceID  `yaml:"place"`
	By    chat.PersonID `yaml:"by"`
	Ago   time.Duration `yaml:"ago"`
	Text  string        `yaml:"text"`
	Reply bool          `yaml:"reply"` // to the message before it
}

// story is a short scripted conversation that a visitor can play.
type story struct {
	ID      string       `yaml:"id" json:"id"`
	Title   string       `yaml:"title" json:"title"`
	Summary string       `yaml:"summary" json:"summary"`
	Place   chat.PlaceID `yaml:"place" json:"place"`
	Look    look         `yaml:"look" json:"look"`
	Lines   []line       `yaml:"lines" json:"-"`
	Explain []string     `yaml:"explain" json:"explain"`
}

// look is where to look next, and as whom.
type look struct {
	As    chat.PersonID `yaml:"as" json:"as"`
	Place chat.PlaceID  `yaml:"place" json:"place"`
}

type line struct {
	By   chat.PersonID `yaml:"by"`
	To   chat.PersonID `yaml:"to"`   // answers that person's last message there
	Wait float64       `yaml:"wait"` // seconds, at the ordinary pace
	Text string        `yaml:"text"`
}

func loadCommunity() (community, error) {
	var c community
	if err := decodeYAML(communityFile, &c); err != nil {
		return c, fmt.Errorf("community.yaml: %w", err)
	}
	for i := range c.People {
		p := &c.People[i]
		c.Places = append(c.Places, place{ID: directID(p.ID), Name: p.Name, Direct: p.ID, Topic: "Between you and " + c.Bot.Name})
	}
	return c, nil
}

func directID(p chat.PersonID) chat.PlaceID { return "dm-" + chat.PlaceID(p) }

// loadStories reads the stories and says all that is wrong in them.
func loadStories(c community) ([]story, error) {
	var stories []story
	if err := decodeYAML(storiesFile, &stories); err != nil {
		return nil, fmt.Errorf("stories.yaml: %w", err)
	}
	people, places := map[chat.PersonID]bool{"": true}, map[chat.PlaceID]bool{}
	for _, p := range c.People {
		people[p.ID] = true
	}
	for _, p := range c.Places {
		places[p.ID] = true
	}
	var bad []string
	for _, s := range stories {
		if !places[s.Place] || !places[s.Look.Place] || !people[s.Look.As] {
			bad = append(bad, fmt.Sprintf("story %q names an unknown person or place", s.ID))
		}
		if len(s.Lines) == 0 || len(s.Explain) == 0 {
			bad = append(bad, fmt.Sprintf("story %q has no lines or no explanation", s.ID))
		}
		for i, l := range s.Lines {
			if l.By == "" || !people[l.By] || !people[l.To] || l.Wait <= 0 {
				bad = append(bad, fmt.Sprintf("story %q, line %d: an unknown person, or no wait", s.ID, i+1))
			}
		}
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("stories.yaml: %s", strings.Join(bad, "; "))
	}
	return stories, nil
}

func decodeYAML(data []byte, into any) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	return d.Decode(into)
}

// mentions finds the people named with @ in a text, each once.
func mentions(text string, people []*person) []chat.PersonID {
	var out []chat.PersonID
	lower := strings.ToLower(text)
	for _, p := range people {
		if mentioned(lower, "@"+strings.ToLower(p.Name)) {
			out = append(out, p.ID)
		}
	}
	return out
}

func mentioned(text, tag string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], tag)
		if i < 0 {
			return false
		}
		end := from + i + len(tag)
		rest := []rune(text[end:min(len(text), end+4)])
		if len(rest) == 0 || !(unicode.IsLetter(rest[0]) || unicode.IsDigit(rest[0])) {
			return true
		}
		from = end
	}
}
