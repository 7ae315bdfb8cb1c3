package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/waymark-bot/waymark/internal/classify/texts"
	"github.com/waymark-bot/waymark/internal/detect"
)

// point is what one way to find phrases reaches.
type point struct {
	name   string
	recall float64 // share of the worrying texts
	alerts float64 // per 10,000 harmless messages
}

// figure is what the chart shows.
type figure struct {
	waymark  []point // from its lowest severity to its highest
	plain    []point
	worrying int
	harmless int
	chat     string // what the harmless messages are
}

func chart(out, texts, benign string) error {
	f, err := measure(texts, benign)
	if err != nil {
		return err
	}
	for _, p := range append(f.waymark, f.plain...) {
		fmt.Printf("%-45s recall %.2f, %.1f alerts per 10,000\n", p.name, p.recall, p.alerts)
	}
	return os.WriteFile(out, []byte(f.svg()), 0o644)
}

func measure(texts, benign string) (figure, error) {
	lex, err := lexicon(true)
	if err != nil {
		return figure{}, err
	}
	d := detect.New(lex)
	worrying, err := worryingTexts(texts)
	if err != nil {
		return figure{}, err
	}
	harmless, chat, err := harmlessTexts(benign)
	if err != nil {
		return figure{}, err
	}
	f := figure{worrying: len(worrying), harmless: len(harmless), chat: chat}
	levels := []detect.Severity{detect.Low, detect.Medium, detect.High, detect.Urgent}
	found, alarmed := make([]int, len(levels)), make([]int, len(levels))
	count := func(to []int, list []string) {
		for _, t := range list {
			s := detect.Assess(d.Detect(t))
			for i, l := range levels {
				if s >= l {
					to[i]++
				}
			}
		}
	}
	count(found, worrying)
	count(alarmed, harmless)
	for i, l := range levels {
		name := fmt.Sprintf("Waymark, %s and above", l)
		switch l {
		case detect.Low:
			name = "Waymark, low too (no alert by itself)"
		case detect.Urgent:
			name = "Waymark, urgent"
		}
		f.waymark = append(f.waymark, f.point(name, found[i], alarmed[i]))
	}
	own := plainPhrases(lex.Phrases(60))
	for _, c := range []contender{
		{name: fmt.Sprintf("AutoMod, %d words as *word*", len(listWords())), find: wildcards(listWords())},
		{name: fmt.Sprintf("AutoMod, %d phrases", len(listPhrases())), find: wildcards(listPhrases())},
		{name: fmt.Sprintf("AutoMod, %d of our rules' examples", len(own)), find: wildcards(own)},
		{name: fmt.Sprintf("YAGPDB, %d words", len(listWords())), find: words(listWords())},
		{name: fmt.Sprintf("go-away, %d words", len(listWords())), find: awayFinder(listWords())},
		{name: fmt.Sprintf("go-away, %d phrases", len(listPhrases())), find: awayFinder(listPhrases())},
	} {
		f.plain = append(f.plain, f.point(c.name, matches(c, worrying), matches(c, harmless)))
	}
	return f, nil
}

func (f figure) point(name string, found, alarmed int) point {
	return point{name, float64(found) / float64(f.worrying), 1e4 * float64(alarmed) / float64(f.harmless)}
}

func matches(c contender, texts []string) (n int) {
	for _, t := range texts {
		if c.find(t) {
			n++
		}
	}
	return n
}

// worryingTexts are the project's evaluation texts that staff should see by
// themselves: of medium severity or more.
func worryingTexts(name string) (out []string, err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for d := json.NewDecoder(bytes.NewReader(b)); d.More(); {
		var row struct {
			Text     string
			Severity detect.Severity
		}
		if err := d.Decode(&row); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if row.Severity >= detect.Medium {
			out = append(out, row.Text)
		}
	}
	return out, nil
}

// harmlessTexts are real chat from a folder, or else the project's own
// ordinary harmless texts, and what they are.
func harmlessTexts(folder string) (out []string, chat string, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.txt.gz"))
	if err != nil || folder == "" || len(files) == 0 {
		lines, err := texts.Harmless()
		for _, l := range lines {
			if l.Ordinary {
				out = append(out, l.Text)
			}
		}
		return out, "of the project's own ordinary messages, on which its reader was trained", err
	}
	for _, name := range files {
		lines, err := gunzip(name)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, lines...)
	}
	return out, "of public chat: Ubuntu IRC, Topical-Chat, Reddit", nil
}

func gunzip(name string) (lines []string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	in := bufio.NewScanner(z)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		lines = append(lines, in.Text())
	}
	return lines, in.Err()
}

// The picture's measures, in pixels.
const (
	width, height             = 860, 500
	left, right, top, bottom  = 64, 24, 64, 76
	leastAlerts, mostAlerts   = 0.05, 5000.0
	legendLeft, legendTop     = 590, 190
	plotWidth, plotHeight     = width - left - right, height - top - bottom
	ink, faint, waymark, list = "#1f2430", "#d9dce3", "#0b6e4f", "#b3541e"
)

func (f figure) x(alerts float64) float64 {
	share := math.Log(max(alerts, leastAlerts)/leastAlerts) / math.Log(mostAlerts/leastAlerts)
	return left + share*plotWidth
}

func (f figure) y(recall float64) float64 { return top + (1-recall)*plotHeight }

// svg draws the figure. Colour is never the only difference: Waymark's points
// are joined and round, the plain lists' square and numbered.
func (f figure) svg() string {
	var b strings.Builder
	put := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="title text" font-family="system-ui, sans-serif" font-size="13" fill="%s">`, width, height, ink)
	put(`<title id="title">What is found, and what is found in vain</title>`)
	put(`<desc id="text">%s</desc>`, html.EscapeString(f.text()))
	put(`<rect width="%d" height="%d" fill="#ffffff"/>`, width, height)
	put(`<text x="%d" y="26" font-size="17" font-weight="600">Worrying messages found, against alerts on harmless ones</text>`, left)
	put(`<text x="%d" y="46" fill="#555b68">Up and to the left is better. %d worrying messages (our own evaluation texts), %s harmless ones.</text>`, left, f.worrying, thousands(f.harmless))
	f.axes(put)
	var line []string
	for _, p := range f.waymark {
		line = append(line, fmt.Sprintf("%.1f,%.1f", f.x(p.alerts), f.y(p.recall)))
	}
	put(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.Join(line, " "), waymark)
	for _, p := range f.waymark {
		put(`<circle cx="%.1f" cy="%.1f" r="5.5" fill="%s"/>`, f.x(p.alerts), f.y(p.recall), waymark)
		at := place{f.x(p.alerts) - 10, f.y(p.recall) - 6}
		if at.x < left+200 { // no room before it: below
			at = place{at.x + 50, at.y + 26}
		}
		put(`<text x="%.1f" y="%.1f" text-anchor="end" fill="%s" font-weight="600">%s</text>`, at.x, at.y, waymark, html.EscapeString(p.name))
	}
	put(`<g fill="%s">`, list)
	for i, at := range f.places() {
		put(`<rect x="%.1f" y="%.1f" width="16" height="16" rx="2"/><text x="%.1f" y="%.1f" text-anchor="middle" fill="#ffffff" font-size="12" font-weight="600">%d</text>`, at.x-8, at.y-8, at.x, at.y+4, i+1)
		put(`<text x="%d" y="%d">%d  %s</text>`, legendLeft, legendTop+20*i, i+1, html.EscapeString(f.plain[i].name))
	}
	put(`</g>`)
	put(`</svg>`)
	return b.String()
}

func (f figure) axes(put func(string, ...any)) {
	for _, r := range []float64{0, 0.2, 0.4, 0.6, 0.8, 1} {
		put(`<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="%s"/>`, left, width-right, f.y(r), f.y(r), faint)
		put(`<text x="%d" y="%.1f" text-anchor="end">%.0f %%</text>`, left-8, f.y(r)+4, 100*r)
	}
	for _, a := range []float64{0.1, 1, 10, 100, 1000} {
		put(`<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="%s"/>`, f.x(a), f.x(a), top, height-bottom, faint)
		put(`<text x="%.1f" y="%d" text-anchor="middle">%g</text>`, f.x(a), height-bottom+20, a)
	}
	put(`<text x="%d" y="%d" text-anchor="middle">alerts per 10,000 harmless messages</text>`, left+plotWidth/2, height-bottom+42)
	put(`<text x="%d" y="%d" text-anchor="middle" font-size="12" fill="#555b68">Harmless messages %s.</text>`, left+plotWidth/2, height-bottom+62, html.EscapeString(f.chat))
	put(`<text transform="translate(16 %d) rotate(-90)" text-anchor="middle">found</text>`, top+plotHeight/2)
}

type place struct{ x, y float64 }

// places are where the plain lists' points stand: moved up where they would
// cover another.
func (f figure) places() []place {
	out := make([]place, len(f.plain))
	for i, p := range f.plain {
		out[i] = place{f.x(p.alerts), f.y(p.recall)}
		for k := 0; k < i; k++ {
			if math.Abs(out[k].x-out[i].x) < 18 && math.Abs(out[k].y-out[i].y) < 18 {
				out[i].y = out[k].y - 18
				k = -1
			}
		}
	}
	return out
}

// text says in words what the picture shows.
func (f figure) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Share of %d worrying messages that is found, and alerts per 10,000 of %s harmless messages %s.", f.worrying, thousands(f.harmless), f.chat)
	for _, p := range append(f.waymark[:len(f.waymark):len(f.waymark)], f.plain...) {
		fmt.Fprintf(&b, " %s: %.0f %% found, %s alerts.", p.name, 100*p.recall, rate(p.alerts))
	}
	return b.String()
}

// rate writes a rate with the digits that it is worth.
func rate(r float64) string {
	if r < 10 {
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.0f", r)
}

// thousands writes a number of up to six digits with a comma.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
