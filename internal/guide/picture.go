package guide

import (
	"strings"
	"sync"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/picture"
	"github.com/waymark-bot/waymark/responses"
)

// drawn are the topics of which young people see a picture too, with what it
// shows: the topic's own words, so that it says nothing that they do not.
var drawn = map[string]func(responses.Explanation) []string{
	"sextortion":      func(e responses.Explanation) []string { return listed(e.Do) },
	"when-you-report": func(e responses.Explanation) []string { return sentences(e.Short, 1) },
}

// listed are the items of the first list.
func listed(ps []responses.Paragraph) []string {
	for _, p := range ps {
		if p.Items != nil {
			return p.Items
		}
	}
	return nil
}

// sentences are those of the n-th paragraph, from 0.
func sentences(ps []responses.Paragraph, n int) []string {
	if n >= len(ps) {
		return nil
	}
	out := strings.SplitAfter(ps[n].Text, ". ")
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
func (g *Guide) picture(t responses.Topic, e responses.Explanation, title string) *chat.Picture {
	steps, ok := drawn[t.ID]
	if !ok || !g.own(t) || g.texts.Language().RightToLeft {
		return nil
	}
	g.pictures.mu.Lock()
	defer g.pictures.mu.Unlock()
	if p, ok := g.pictures.of[t.ID]; ok {
		return p
	}
	words := steps(e)
	var p *chat.Picture
	if png, err := picture.Steps(title, words); err == nil && len(words) > 0 {
		p = &chat.Picture{Name: t.ID + ".png", Alt: chat.Card{Title: title, Blocks: []chat.Block{chat.List{Ordered: true, Items: words}}}.PlainText(), PNG: png}
	}
	g.pictures.of[t.ID] = p
	return p
}
