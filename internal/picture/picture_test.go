package picture

import (
	"bytes"
	"errors"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
)

// luminance and contrast are WCAG 2.2's.
func luminance(c color.RGBA) float64 {
	part := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}

func contrast(a, b color.RGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestItCanBeReadByPeopleWhoSeeLittle(t *testing.T) {
	for _, c := range []struct {
		what  string
		a, b  color.RGBA
		least float64
	}{
		{"the title", ink, paper, 7}, {"a step", ink, box, 7}, {"a number", onDsc, disc, 7},
		{"an edge", edge, paper, 3}, {"an edge from within", edge, box, 3}, {"a disc", disc, box, 3},
	} {
		if got := contrast(c.a, c.b); got < c.least {
			t.Errorf("%s has a contrast of %.2f, less than %g", c.what, got, c.least)
		}
	}
	// On a phone that shows the picture 350 points wide.
	if size := stepSize * 350.0 / Width; size < 16 {
		t.Errorf("letters are %.1f points high", size)
	}
}

func TestSteps(t *testing.T) {
	steps := []string{"Stop replying.", strings.Repeat("Keep the messages and the names. ", 5), "Żółw, ŵy, ñandú, größe, ça.", "Tell an adult."}
	data, err := Steps("What you can do", steps)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil || img.Bounds().Dx() != Width || img.Bounds().Dy() < 600 {
		t.Errorf("%v, %v", img.Bounds(), err)
	}
	if len(data) > 150<<10 {
		t.Errorf("it has %d bytes", len(data))
	}
	again, err := Steps("What you can do", steps)
	if err != nil || !bytes.Equal(data, again) {
		t.Error("the same words give another picture")
	}
	// Nothing touches the edges: no word is cut off.
	for y := range img.Bounds().Dy() {
		for _, x := range []int{0, margin - 8, Width - margin + 8, Width - 1} {
			if c := color.RGBAModel.Convert(img.At(x, y)); c != paper {
				t.Fatalf("something is drawn at %d, %d", x, y)
			}
		}
	}
}

func TestWordsStayWithinTheirBox(t *testing.T) {
	data, err := Steps("T", []string{strings.Repeat("mmmm wwww ", 20)})
	if err != nil {
		t.Fatal(err)
	}
	img, _ := png.Decode(bytes.NewReader(data))
	for y := img.Bounds().Dy() / 2; y < img.Bounds().Dy()-margin-round; y++ {
		if c := color.RGBAModel.Convert(img.At(Width-margin-padding/2, y)); c != box {
			t.Fatalf("a word reaches the edge at %d", y)
		}
	}
}

func TestUnknownLettersGiveNoPicture(t *testing.T) {
	if _, err := Steps("مرحبا", []string{"x"}); !errors.Is(err, ErrLetters) {
		t.Errorf("got %v", err)
	}
	if _, err := Steps("x", []string{"你好"}); !errors.Is(err, ErrLetters) {
		t.Errorf("got %v", err)
	}
}
