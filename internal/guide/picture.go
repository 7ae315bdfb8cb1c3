package guide

import (
	"strings"
	"sync"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/picture"
	"github.com/waymark-bot/waymark/responses"
)

// drawing says what a topic's picture shows.
type drawing struct {
	title string // the key of its title; empty for the topic's own
	steps func(responses.Explanation) []string
}

// drawn are the topics of which young people see a picture too. It shows the
// topic's own words, in short, and so says nothing that they do not.
func drawn() map[string]drawing {
	return map[string]drawing{
		"sextortion":      {"ui.learn.do", func(e responses.Explanation) []string { return begun(e.Do) }},
		"when-you-report": {"", func(e responses.Explanation) []string { return sentences(e.Short, 1) }},
	}
}

// begun are the first sentences of the items of the first list.
func begun(ps []responses.Paragraph) (out []string) {
	for _, p := range ps {
		for _, item := range p.Items {
			out = append(out, split(item)[0])
		}
		if out != nil {
			return out
		}
	}
	return nil
}

// sentences are those of the n-th paragraph, from 0.
func sentences(ps []responses.Paragraph, n int) []string {
	if n >= len(ps) {
		return nil
	}
	return split(ps[n].Text)
}

// split takes a text apart into its sentences.
func split(text string) []string {
	out := strings.SplitAfter(text, ". ")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// pictures are those drawn so far, by topic; each takes some hundredths of a
// second, and some 40 kB.
type pictures struct {
	mu sync.Mutex
	of map[string]*chat.Picture
}

// picture is that of a topic in the guide's own language; nil where there is
// none, as for letters that the fonts lack.
func (g *Guide) picture(t responses.Topic, e responses.Explanation) *chat.Picture {
	d, ok := drawn()[t.ID]
	if !ok || !g.own(t) || g.texts.Language().RightToLeft {
		return nil
	}
	g.pictures.mu.Lock()
	defer g.pictures.mu.Unlock()
	if p, ok := g.pictures.of[t.ID]; ok {
		return p
	}
	title, words := t.Title, d.steps(e)
	if d.title != "" {
		title = g.texts.Say(d.title)
	}
	var p *chat.Picture
	if png, err := picture.Steps(title, words); err == nil && len(words) > 0 {
		p = &chat.Picture{Name: t.ID + ".png", Alt: chat.Card{Title: title, Blocks: []chat.Block{chat.List{Ordered: true, Items: words}}}.PlainText(), PNG: png}
	}
	g.pictures.of[t.ID] = p
	return p
}
