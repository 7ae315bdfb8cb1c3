// Package picture draws simple diagrams: steps, one below the other. It knows no
// words of its own and no platform. A picture repeats what is said in words
// beside it, so that whoever cannot see it, or is not shown it, misses nothing.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Width is that of every picture in pixels: twice that of a phone's page, so that
// it is sharp there. The letters are then as large as those around the picture.
const Width = 780

// The measures, in pixels.
const (
	margin  = 24
	padding = 20
	badge   = 32 // the radius of the circle with a step's number
	gap     = 44 // between two steps, with the arrow in it
	round   = 24 // the radius of a box's corners

	titleSize = 42
	stepSize  = 36
	numSize   = 38
	leading   = 1.35 // from line to line, in sizes
)

// The colours. Text has at least 7:1 on what is below it, shapes 3:1 (WCAG 2.2,
// 1.4.6 and 1.4.11), which a test measures.
var (
	paper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	box   = color.RGBA{0xe6, 0xf2, 0xee, 0xff}
	edge  = color.RGBA{0x2f, 0x7d, 0x6b, 0xff}
	ink   = color.RGBA{0x12, 0x2b, 0x25, 0xff}
	disc  = color.RGBA{0x1a, 0x5a, 0x4c, 0xff}
	onDsc = color.RGBA{0xff, 0xff, 0xff, 0xff}
)

// ErrLetters means that the fonts lack letters of the words. They have those of
// the languages of Europe in Latin, Greek and Cyrillic script.
var ErrLetters = errors.New("the fonts lack letters of these words")

// fonts are read once: they are embedded, so that reading them cannot fail later.
var fonts = sync.OnceValues(func() (f struct{ regular, bold *sfnt.Font }, err error) {
	if f.regular, err = opentype.Parse(goregular.TTF); err != nil {
		return f, err
	}
	f.bold, err = opentype.Parse(gobold.TTF)
	return f, err
})

// Steps draws a title and numbered steps below it, with an arrow from each to
// the next, as PNG.
func Steps(title string, steps []string) ([]byte, error) {
	f, err := fonts()
	if err != nil {
		return nil, fmt.Errorf("read the fonts: %w", err)
	}
	if !has(f.bold, title) || !has(f.regular, strings.Join(steps, "")) {
		return nil, ErrLetters
	}
	var faces [3]font.Face
	for i, kind := range []struct {
		font *sfnt.Font
		size float64
	}{{f.bold, titleSize}, {f.regular, stepSize}, {f.bold, numSize}} {
		if faces[i], err = opentype.NewFace(kind.font, &opentype.FaceOptions{Size: kind.size, DPI: 72, Hinting: font.HintingFull}); err != nil {
			return nil, fmt.Errorf("make a face of the font: %w", err)
		}
	}
	s := &sheet{title: faces[0], step: faces[1], number: faces[2]}
	s.lay(title, steps)
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(&b, s.paint()); err != nil {
		return nil, fmt.Errorf("write the picture: %w", err)
	}
	return b.Bytes(), nil
}

// has says whether a font has all letters of a text.
func has(f *sfnt.Font, text string) bool {
	var b sfnt.Buffer
	for _, r := range text {
		if i, err := f.GlyphIndex(&b, r); err != nil || i == 0 {
			return false
		}
	}
	return true
}

// sheet is a picture while it is made.
type sheet struct {
	title, step, number font.Face
	head                []string
	boxes               []placed
	height              int
	to                  *image.RGBA
}

// placed is a step with its place.
type placed struct {
	lines    []string
	top, end int
}

// lay finds the place of everything.
func (s *sheet) lay(title string, steps []string) {
	s.head = wrap(s.title, title, Width-2*margin)
	y := margin + len(s.head)*line(titleSize) + padding
	room := Width - 2*margin - 3*padding - 2*badge
	for i, text := range steps {
		if i > 0 {
			y += gap
		}
		p := placed{lines: wrap(s.step, text, room), top: y}
		y += 2*padding + max(len(p.lines)*line(stepSize), 2*badge)
		p.end = y
		s.boxes = append(s.boxes, p)
	}
	s.height = y + margin
}

func line(size int) int { return int(float64(size) * leading) }

// wrap breaks a text into lines of at most so many pixels, between words.
func wrap(f font.Face, text string, most int) []string {
	var lines []string
	now := ""
	for _, word := range strings.Fields(text) {
		longer := strings.TrimSpace(now + " " + word)
		if now != "" && font.MeasureString(f, longer).Ceil() > most {
			lines, longer = append(lines, now), word
		}
		now = longer
	}
	return append(lines, now)
}

func (s *sheet) paint() image.Image {
	s.to = image.NewRGBA(image.Rect(0, 0, Width, s.height))
	draw.Draw(s.to, s.to.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	s.text(s.title, s.head, margin, margin, titleSize, ink)
	for i, p := range s.boxes {
		if i > 0 {
			s.arrow(s.boxes[i-1].end, p.top)
		}
		s.rounded(margin, p.top, Width-margin, p.end, round, edge)
		s.rounded(margin+3, p.top+3, Width-margin-3, p.end-3, round-3, box)
		x, y := margin+padding+badge, (p.top+p.end)/2
		s.rounded(x-badge, y-badge, x+badge, y+badge, badge, disc)
		n := fmt.Sprint(i + 1)
		s.text(s.number, []string{n}, x-font.MeasureString(s.number, n).Ceil()/2, y-line(numSize)/2, numSize, onDsc)
		s.text(s.step, p.lines, margin+2*padding+2*badge, y-len(p.lines)*line(stepSize)/2, stepSize, ink)
	}
	return s.to
}

// text writes lines, the first below top.
func (s *sheet) text(f font.Face, lines []string, left, top, size int, c color.Color) {
	m := f.Metrics()
	above := (line(size) - (m.Ascent + m.Descent).Ceil()) / 2
	for i, l := range lines {
		d := font.Drawer{Dst: s.to, Src: image.NewUniform(c), Face: f,
			Dot: fixed.P(left, top+i*line(size)+above+m.Ascent.Ceil())}
		d.DrawString(l)
	}
}

// arrow points from one box down to the next.
func (s *sheet) arrow(from, to int) {
	x, half := float32(Width)/2, float32(20)
	r := vector.NewRasterizer(Width, s.height)
	r.MoveTo(x-4, float32(from))
	r.LineTo(x+4, float32(from))
	r.LineTo(x+4, float32(to)-26)
	r.LineTo(x+half, float32(to)-26)
	r.LineTo(x, float32(to)-4)
	r.LineTo(x-half, float32(to)-26)
	r.LineTo(x-4, float32(to)-26)
	r.ClosePath()
	r.Draw(s.to, s.to.Bounds(), image.NewUniform(edge), image.Point{})
}

// rounded fills a rectangle with round corners.
func (s *sheet) rounded(left, top, right, bottom, radius int, c color.Color) {
	const k = 0.5523 // a quarter of a circle as a cubic curve
	l, t, r, b, q := float32(left), float32(top), float32(right), float32(bottom), float32(radius)
	h := q * (1 - k)
	v := vector.NewRasterizer(Width, s.height)
	v.MoveTo(l+q, t)
	v.LineTo(r-q, t)
	v.CubeTo(r-h, t, r, t+h, r, t+q)
	v.LineTo(r, b-q)
	v.CubeTo(r, b-h, r-h, b, r-q, b)
	v.LineTo(l+q, b)
	v.CubeTo(l+h, b, l, b-h, l, b-q)
	v.LineTo(l, t+q)
	v.CubeTo(l, t+h, l+h, t, l+q, t)
	v.ClosePath()
	v.Draw(s.to, s.to.Bounds(), image.NewUniform(c), image.Point{})
}
