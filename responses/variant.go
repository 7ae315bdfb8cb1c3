package responses

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// loadWords reads the words that a variant writes differently, and writes
// everything that it takes over in its own words: words.yaml of en-US says
// "behaviour: behavior". Sources and names stay as they are.
func (t *Texts) loadWords(fsys fs.FS, folder string, bad *Problems) {
	file := path.Join(folder, wordsFile)
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return // most languages have none
	}
	if !t.variant() {
		bad.add(file, 0, "only a variant of another language, such as en-US, can have it")
		return
	}
	var w respelling
	if !decode(file, 0, data, &w, bad) {
		return
	}
	for key, p := range t.base.phrases {
		if _, own := t.phrases[key]; own {
			continue
		}
		if items, changed := w.all(p.items); changed {
			p.items = items
			t.phrases[key] = p
		}
	}
	for i := range t.topics {
		if t.topics[i].Language != t.language.Tag {
			t.topics[i] = w.topic(t.topics[i])
		}
	}
	t.contacts = t.contacts.with(false, w.text)
}

// respelling says how a variant writes words, in small letters.
type respelling map[string]string

// all writes a list anew; the bool says whether anything changed.
func (w respelling) all(list []string) ([]string, bool) {
	var out []string
	for i, s := range list {
		if r := w.text(s); r != s {
			if out == nil {
				out = slices.Clone(list)
			}
			out[i] = r
		}
	}
	if out == nil {
		return list, false
	}
	return out, true
}

// text writes a text anew, word by word, with capitals kept.
func (w respelling) text(s string) string {
	var b strings.Builder
	last := 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsLetter(r) {
			i += n
			continue
		}
		end := i
		for end < len(s) {
			r, n := utf8.DecodeRuneInString(s[end:])
			if !unicode.IsLetter(r) {
				break
			}
			end += n
		}
		if to, ok := w[strings.ToLower(s[i:end])]; ok {
			b.WriteString(s[last:i])
			b.WriteString(capital(to, unicode.IsUpper(r)))
			last = end
		}
		i = end
	}
	if last == 0 {
		return s
	}
	return b.String() + s[last:]
}

func capital(word string, upper bool) string {
	if !upper {
		return word
	}
	r, n := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(r)) + word[n:]
}

func (w respelling) topic(t Topic) Topic {
	t.Title, t.Question = w.text(t.Title), w.text(t.Question)
	texts := maps.Clone(t.texts)
	for a, e := range texts {
		e.Short, e.More, e.Do, e.Help = w.part(e.Short), w.part(e.More), w.part(e.Do), w.part(e.Help)
		texts[a] = e
	}
	t.texts = texts
	return t
}

func (w respelling) part(ps []Paragraph) []Paragraph {
	out := slices.Clone(ps)
	for i, p := range out {
		out[i].Text = w.text(p.Text)
		out[i].Items, _ = w.all(p.Items)
	}
	return out
}

// translated gives the contacts with what is said about them in another
// language: file has each English phrase with its translation. Numbers,
// addresses, and who is shown what never differ.
func (cs *Contacts) translated(fsys fs.FS, file string, bad *Problems) *Contacts {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		bad.add(file, 0, "cannot be read: %v", err)
		return cs
	}
	var phrases map[string]string
	if !decode(file, 0, data, &phrases, bad) {
		return cs
	}
	said := map[string]string{} // -> what somebody is to write, if that is in it
	for _, c := range cs.all {
		for _, s := range append(c.phrases(), c.Name) {
			said[s] = ""
		}
		if c.Text != nil {
			said[c.Text.Say] = c.Text.Body
		}
	}
	for english, own := range phrases {
		line := lineOf(data, english)
		body, known := said[english]
		switch {
		case !known:
			bad.add(file, line, "no contact says %q", english)
		case strings.TrimSpace(own) == "":
			bad.add(file, line, "%q has no translation", english)
		case !strings.Contains(own, body):
			bad.add(file, line, "%q: the word to text is %s", english, body)
		}
		checkPlain(file, line, english, own, bad)
		compareDigits(file, line, english, own, english, bad)
	}
	return cs.with(true, func(s string) string {
		if own, ok := phrases[s]; ok {
			return own
		}
		return s
	})
}

// with gives the contacts with everything that is said about them turned into
// other words, and their names too if so wished.
func (cs *Contacts) with(names bool, say func(string) string) *Contacts {
	out := &Contacts{all: make(map[string]Contact, len(cs.all)), ids: cs.ids, regions: cs.regions}
	for id, c := range cs.all {
		if names {
			c.Name = say(c.Name)
		}
		c.For, c.Audience, c.Hours, c.Note = say(c.For), say(c.Audience), say(c.Hours), say(c.Note)
		c.Phones = slices.Clone(c.Phones)
		for i := range c.Phones {
			c.Phones[i].Label = say(c.Phones[i].Label)
		}
		if c.Text != nil {
			line := *c.Text
			line.Say = say(line.Say)
			c.Text = &line
		}
		out.all[id] = c
	}
	return out
}

// phrases are what is said about a contact, apart from its name.
func (c Contact) phrases() []string {
	out := []string{c.For, c.Audience, c.Hours, c.Note}
	for _, p := range c.Phones {
		out = append(out, p.Label)
	}
	if c.Text != nil {
		out = append(out, c.Text.Say)
	}
	return slices.DeleteFunc(out, func(s string) bool { return !strings.ContainsFunc(s, unicode.IsLetter) })
}
