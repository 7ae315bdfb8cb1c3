package guide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// A member is answered in the language of their own client, else in that of the
// server. Texts that no native reader reviewed yet say so, and can be changed for
// English; what is pressed from there on stays in English. That choice is part
// of the buttons ("en~" before their argument): nothing is kept of it.

// chosenMark ends the language at the beginning of an argument.
const chosenMark = "~"

// speaking gives the guide in the language for somebody.
func (g *Guide) speaking(p chat.Person, s Server) *Guide {
	return g.tongues[g.texts.For(p.Locale, s.Language)]
}

// In gives the guide in a language, by its BCP 47 tag; in English where there
// is none such.
func (g *Guide) In(language string) *Guide { return g.tongues[g.texts.In(language)] }

// chosen takes a language that was chosen on purpose off an argument.
func (g *Guide) chosen(arg string, p chat.Person, s Server) (*Guide, string) {
	if code, rest, ok := strings.Cut(arg, chosenMark); ok && code == responses.Language {
		in := *g.tongues[g.texts.English()]
		in.byChoice = true
		return &in, rest
	}
	return g.speaking(p, s), arg
}

// dress gives an answer what belongs to its language. verb and arg are the button
// that led to it; "" where something else did.
func (g *Guide) dress(a chat.Answer, verb, arg string) chat.Answer {
	tongue := g.texts.Language()
	if a.Card != nil {
		c := *a.Card
		c.Language, c.RightToLeft = tongue.Tag.String(), tongue.RightToLeft
		if !tongue.Reviewed && tongue.Awaiting != "" {
			c.Footer = strings.TrimSpace(c.Footer + " " + tongue.Awaiting)
			c.Blocks = g.offerEnglish(c.Blocks, verb, arg)
		}
		if g.byChoice {
			c.Blocks = stay(c.Blocks)
		}
		a.Card = &c
	}
	if a.Form != nil {
		f := *a.Form
		f.Language, f.RightToLeft = tongue.Tag.String(), tongue.RightToLeft
		if g.byChoice {
			f.Arg = stayed(f.Arg)
		}
		a.Form = &f
	}
	return a
}

// offerEnglish adds a button that shows the same in English: in a row of its
// own where there is room, else in the last one.
func (g *Guide) offerEnglish(blocks []chat.Block, verb, arg string) []chat.Block {
	if verb == "" {
		verb, arg = again(blocks)
	}
	button := chat.Button{Label: g.texts.English().Language().Name, Verb: verb, Arg: stayed(arg)}
	rows, last := 0, -1
	for i, b := range blocks {
		if row, ok := b.(chat.Controls); ok {
			rows++
			if len(row) < chat.MaxControls && !slices.ContainsFunc(row, isSelect) {
				last = i
			}
		}
	}
	blocks = slices.Clone(blocks)
	switch {
	case rows < chat.MaxRows:
		return append(blocks, chat.Controls{button})
	case last >= 0:
		blocks[last] = append(slices.Clone(blocks[last].(chat.Controls)), button)
	}
	return blocks
}

// again leads to a card like this one, by what can be chosen on it: to a topic,
// to the list of them, to contacts, or else to help.
func again(blocks []chat.Block) (verb, arg string) {
	verb = verbHelp
	for _, b := range blocks {
		row, _ := b.(chat.Controls)
		for _, k := range row {
			switch k, _ := k.(chat.Select); k.Verb {
			case verbAudience:
				return verbTopic, k.Arg + " " + k.Chosen
			case verbTopic:
				return verbMenu, k.Arg
			case verbNeed:
				verb, arg = verbAll, k.Arg
			}
		}
	}
	return verb, arg
}

func isSelect(k chat.Control) bool {
	_, ok := k.(chat.Select)
	return ok
}

// stay makes every control of a card answer in English.
func stay(blocks []chat.Block) []chat.Block {
	out := slices.Clone(blocks)
	for i, b := range out {
		row, ok := b.(chat.Controls)
		if !ok {
			continue
		}
		row = slices.Clone(row)
		for j, k := range row {
			switch k := k.(type) {
			case chat.Button:
				k.Arg = stayed(k.Arg)
				row[j] = k
			case chat.Select:
				k.Arg = stayed(k.Arg)
				row[j] = k
			}
		}
		out[i] = row
	}
	return out
}

func stayed(arg string) string { return responses.Language + chosenMark + arg }

// own says whether a topic is written in the language of the guide, or in a
// variant of it.
func (g *Guide) own(t responses.Topic) bool {
	a, _ := t.Language.Base()
	b, _ := g.texts.Language().Tag.Base()
	return a == b
}

// ownFirst puts the topics that are written in the guide's language first.
func (g *Guide) ownFirst(list []item) []item {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b item) int { return g.foreign(a) - g.foreign(b) })
	return list
}

func (g *Guide) foreign(it item) int {
	if t, ok := g.texts.Topic(it.topic); ok && !g.own(t) {
		return 1
	}
	return 0
}

// ear hears cries for help in one language.
type ear struct {
	texts  *responses.Texts
	speech speech
	cries  map[responses.Cry]patterns
	voices map[responses.Audience]patterns
}

// newEars makes an ear for every language that knows of cries.
func newEars(texts *responses.Texts) ([]ear, error) {
	var out []ear
	for _, g := range texts.Languages() {
		in := texts.In(g.Code())
		a := in.Asking()
		if len(a.Crisis) == 0 {
			continue
		}
		e := ear{texts: in, speech: newSpeech(a), cries: map[responses.Cry]patterns{}, voices: map[responses.Audience]patterns{}}
		var err error
		for c, written := range a.Crisis {
			if e.cries[c], err = newPatterns(written, a.Sets); err != nil {
				return nil, fmt.Errorf("cries for help in %s, %s: %w", g.Code(), c, err)
			}
		}
		for v, written := range a.Voices {
			if e.voices[v], err = newPatterns(written, a.Sets); err != nil {
				return nil, fmt.Errorf("voices in %s, %s: %w", g.Code(), v, err)
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// hear lists what a question cries for help about, and who seems to ask.
func (e ear) hear(question string) (cries []responses.Cry, voice responses.Audience) {
	words := e.speech.read(question)
	for _, c := range responses.Cries() {
		if e.cries[c].heard(words) {
			cries = append(cries, c)
		}
	}
	for _, v := range []responses.Audience{responses.Parents, responses.Staff} {
		if e.voices[v].heard(words) {
			return cries, v
		}
	}
	return cries, responses.Young
}

// listen hears a question in the member's language, in English, and in every
// other: a cry for help is heard in whatever language it is written. in is the
// guide in the language in which it was heard.
func (g *Guide) listen(question string) (in *Guide, cries []responses.Cry, voice responses.Audience) {
	ears := g.index().ears
	first := func(e ear) bool { return e.texts == g.texts }
	if i := slices.IndexFunc(ears, first); i > 0 {
		ears = append([]ear{ears[i]}, append(slices.Clone(ears[:i]), ears[i+1:]...)...)
	}
	voice = responses.Young
	for i, e := range ears {
		cries, by := e.hear(question)
		if i == 0 || voice == responses.Young && e.texts == g.texts.English() {
			voice = by
		}
		if len(cries) == 0 {
			continue
		}
		if g.own(responses.Topic{Language: e.texts.Language().Tag}) || e.texts == g.texts.English() {
			return g, cries, by // English is understood beside the member's own language
		}
		return g.tongues[e.texts], cries, by
	}
	return g, nil, voice
}
