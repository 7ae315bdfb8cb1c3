package responses

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// Audience is whom a text is written for.
type Audience string

// The audiences. Young people's texts have a reading age of 9 to 11, the
// others at most 14.
const (
	Young   Audience = "young"
	Parents Audience = "parents"
	Staff   Audience = "staff"
)

// Audiences lists all audiences, young people first.
func Audiences() []Audience { return []Audience{Young, Parents, Staff} }

// Topic is one explanation.
type Topic struct {
	ID       string
	Title    string
	Question string   // the title as a young person would ask it
	Source   string   // the authority that the facts rest on
	Section  string   // the section of the source document explained; may be empty
	Reviewed string   // the day of the last review, YYYY-MM-DD
	Order    int      // its place among the topics, from 1
	Claims   []string // what it covers of the source document: C01 ...
	Keywords []string // words that name it
	Asked    []string // ways in which people ask for it
	// Language is the language it is written in: that of the texts, or the one
	// that they fall back to.
	Language language.Tag

	texts map[Audience]Explanation
}

// For is the explanation for an audience.
func (t Topic) For(a Audience) Explanation { return t.texts[a] }

// Explanation is a topic's text for one audience, the shortest part first.
type Explanation struct {
	Short []Paragraph // what it is, in a few sentences
	More  []Paragraph // for those who want to know more
	Do    []Paragraph // what you can do
	Help  []Paragraph // where to get help
}

// Paragraph is running text, or a list where Items are set.
type Paragraph struct {
	Text  string
	Items []string
}

// Topics lists all topics in their order.
func (t *Texts) Topics() []Topic { return t.topics }

// Topic finds a topic by its id.
func (t *Texts) Topic(id string) (Topic, bool) {
	i, ok := t.topic[id]
	if !ok {
		return Topic{}, false
	}
	return t.topics[i], true
}

// Neighbours are the topics before and after the given one, nil at the ends.
func (t *Texts) Neighbours(id string) (previous, next *Topic) {
	i, ok := t.topic[id]
	if !ok {
		return nil, nil
	}
	if i > 0 {
		previous = &t.topics[i-1]
	}
	if i+1 < len(t.topics) {
		next = &t.topics[i+1]
	}
	return previous, next
}

// topicHead is the front matter of a topic's file.
type topicHead struct {
	ID       string   `yaml:"id"`
	Title    string   `yaml:"title"`
	Question string   `yaml:"question"`
	Source   string   `yaml:"source"`
	Section  string   `yaml:"section"`
	Reviewed string   `yaml:"reviewed"`
	Order    int      `yaml:"order"`
	Claims   []string `yaml:"claims"`
	Keywords []string `yaml:"keywords"`
	Asked    []string `yaml:"asked"`
}

// The headings of a topic's file.
var (
	audienceHeadings = map[string]Audience{"Young people": Young, "Parents": Parents, "Staff": Staff}
	partHeadings     = []string{"In short", "More", "What you can do", "Where to get help"}
	claimID          = regexp.MustCompile(`^C\d\d$`)
)

func (t *Texts) loadTopics(fsys fs.FS, bad *Problems) {
	files, err := fs.Glob(fsys, path.Join(Language, "topics", "*.md"))
	if err != nil {
		bad.add(path.Join(Language, "topics"), 0, "no topics found")
		return
	}
	place := map[int]string{}
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			bad.add(file, 0, "cannot be read: %v", err)
			continue
		}
		topic, ok := parseTopic(file, data, bad)
		if !ok {
			continue
		}
		if other, taken := place[topic.Order]; taken {
			bad.add(file, lineOf(data, "order:"), "order %d is taken by %s", topic.Order, other)
		}
		place[topic.Order] = file
		t.topics = append(t.topics, topic)
	}
	sort.Slice(t.topics, func(i, j int) bool { return t.topics[i].Order < t.topics[j].Order })
	for i, topic := range t.topics {
		t.topic[topic.ID] = i
	}
}

// parseTopic reads a topic's file: YAML front matter between lines of three
// hyphens, then "## audience" and "### part" headings with paragraphs and
// lists, all plain text.
func parseTopic(file string, data []byte, bad *Problems) (Topic, bool) {
	h, texts, ok := parseFile(file, data, bad)
	if !ok {
		return Topic{}, false
	}
	checkHead(file, data, h, bad)
	return Topic{
		ID: h.ID, Title: h.Title, Question: h.Question, Source: h.Source, Section: h.Section,
		Reviewed: h.Reviewed, Order: h.Order, Claims: h.Claims, Keywords: h.Keywords, Asked: h.Asked,
		Language: english().Tag, texts: texts,
	}, true
}

// parseTranslation reads a topic's file in another language: its front matter
// has the id, the title, the question, and the day on which the English text
// was reviewed that it translates. The rest is the English topic's.
func parseTranslation(file string, data []byte, topic Topic, bad *Problems) (Topic, bool) {
	h, texts, ok := parseFile(file, data, bad)
	if !ok {
		return Topic{}, false
	}
	if h.Order != 0 || len(h.Claims) > 0 || h.Section != "" || len(h.Keywords) > 0 {
		bad.add(file, 0, "order, claims, section and keywords are the English topic's: leave them out")
	}
	h.Order, h.Asked = topic.Order, topic.Asked
	if h.Source == "" {
		h.Source = topic.Source
	}
	checkHead(file, data, h, bad)
	for _, a := range Audiences() {
		compareDigits(file, 0, string(a), whole(texts[a]), whole(topic.texts[a]), bad)
	}
	topic.Title, topic.Question, topic.Source, topic.Reviewed, topic.texts = h.Title, h.Question, h.Source, h.Reviewed, texts
	return topic, true
}

// whole is everything that an explanation says, a line for each paragraph and
// item.
func whole(e Explanation) string {
	var lines []string
	for _, part := range [][]Paragraph{e.Short, e.More, e.Do, e.Help} {
		for _, p := range part {
			if p.Items != nil {
				lines = append(lines, p.Items...)
				continue
			}
			lines = append(lines, p.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// parseFile reads the front matter and the texts of a topic's file.
func parseFile(file string, data []byte, bad *Problems) (topicHead, map[Audience]Explanation, bool) {
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	head, body, ok := bytes.Cut(bytes.TrimPrefix(data, []byte("---\n")), []byte("\n---\n"))
	if !ok || !bytes.HasPrefix(data, []byte("---\n")) {
		bad.add(file, 1, "the front matter is missing: the file starts with a line ---, keys, and a line ---")
		return topicHead{}, nil, false
	}
	var h topicHead
	if !decode(file, 1, head, &h, bad) {
		return topicHead{}, nil, false
	}
	offset := 3 + bytes.Count(head, []byte("\n"))
	return h, parseBody(file, offset, string(body), bad), true
}

func checkHead(file string, data []byte, h topicHead, bad *Problems) {
	want := strings.TrimSuffix(path.Base(file), ".md")
	if h.ID != want {
		bad.add(file, lineOf(data, "id:"), "id %q is not the file's name %q", h.ID, want)
	}
	for key, value := range map[string]string{"title": h.Title, "question": h.Question, "source": h.Source} {
		if strings.TrimSpace(value) == "" {
			bad.add(file, 0, "%s is missing", key)
			continue
		}
		checkPlain(file, lineOf(data, key+":"), key, value, bad)
	}
	if _, err := time.Parse(time.DateOnly, h.Reviewed); err != nil {
		bad.add(file, lineOf(data, "reviewed:"), "reviewed %q is no date like 2026-11-23", h.Reviewed)
	}
	if h.Order < 1 {
		bad.add(file, lineOf(data, "order:"), "order is missing or below 1")
	}
	for _, c := range h.Claims {
		if !claimID.MatchString(c) {
			bad.add(file, lineOf(data, "claims:"), "%q is no claim such as C01", c)
		}
	}
	if len(h.Asked) == 0 {
		bad.add(file, 0, "asked is empty: write some ways in which people ask for this")
	}
}

// parseBody reads the texts; offset is the number of lines before it.
func parseBody(file string, offset int, body string, bad *Problems) map[Audience]Explanation {
	texts := map[Audience]Explanation{}
	var audience Audience
	var part string
	var open *Paragraph
	flush := func() {
		if open != nil && audience != "" && part != "" {
			e := texts[audience]
			e.add(part, *open)
			texts[audience] = e
		}
		open = nil
	}
	for i, raw := range strings.Split(body, "\n") {
		line, n := strings.TrimSpace(raw), offset+i+1
		switch {
		case line == "":
			flush()
		case strings.HasPrefix(line, "### "):
			flush()
			part = strings.TrimPrefix(line, "### ")
			if !slices.Contains(partHeadings, part) {
				bad.add(file, n, "%q is none of %s", part, strings.Join(partHeadings, ", "))
			}
		case strings.HasPrefix(line, "## "):
			flush()
			part = ""
			name := strings.TrimPrefix(line, "## ")
			if audience = audienceHeadings[name]; audience == "" {
				bad.add(file, n, "%q is none of Young people, Parents, Staff", name)
			}
		case part == "":
			bad.add(file, n, "text before a ### heading")
		case strings.HasPrefix(line, "- "):
			checkPlain(file, n, part, line, bad)
			if open != nil && open.Items == nil {
				flush()
			}
			if open == nil {
				open = &Paragraph{}
			}
			open.Items = append(open.Items, strings.TrimPrefix(line, "- "))
		default:
			checkPlain(file, n, part, line, bad)
			open = open.grow(line)
		}
	}
	flush()
	checkBody(file, texts, bad)
	return texts
}

// grow adds a line of running text: to the paragraph, or to its last item.
func (p *Paragraph) grow(line string) *Paragraph {
	switch {
	case p == nil:
		return &Paragraph{Text: line}
	case p.Items != nil:
		p.Items[len(p.Items)-1] += " " + line
	default:
		p.Text += " " + line
	}
	return p
}

func (e *Explanation) add(part string, p Paragraph) {
	switch part {
	case "In short":
		e.Short = append(e.Short, p)
	case "More":
		e.More = append(e.More, p)
	case "What you can do":
		e.Do = append(e.Do, p)
	case "Where to get help":
		e.Help = append(e.Help, p)
	}
}

func checkBody(file string, texts map[Audience]Explanation, bad *Problems) {
	for _, a := range Audiences() {
		e := texts[a]
		parts := [][]Paragraph{e.Short, e.More, e.Do, e.Help}
		for i, name := range partHeadings {
			if len(parts[i]) == 0 {
				bad.add(file, 0, "the text for %s has no part %q", a, name)
			}
		}
	}
}
