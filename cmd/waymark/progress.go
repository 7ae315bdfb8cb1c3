package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"github.com/waymark-bot/waymark/internal/transcript"
)

// progress shows on a terminal how far the reading of a file is, and says on
// standard error what could not be read.
type progress struct {
	src  *transcript.Source
	out  io.Writer
	bar  *progressbar.ProgressBar // nil where nobody looks
	step int
}

func newProgress(out io.Writer, src *transcript.Source, draw bool) *progress {
	p := &progress{src: src, out: out}
	if draw && isTerminal(out) && src.Size > 0 {
		p.bar = progressbar.NewOptions64(src.Size, progressbar.OptionSetWriter(out), progressbar.OptionShowBytes(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription(string(src.Format)))
	}
	return p
}

// Step is called for each message; the bar moves with every hundredth.
func (p *progress) Step() {
	if p.step++; p.bar != nil && p.step%100 == 0 {
		_ = p.bar.Set64(min(p.src.Done(), p.src.Size)) // a bar that cannot be drawn harms nothing
	}
}

// Unreadable says where something is no message.
func (p *progress) Unreadable(e *transcript.LineError) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(p.out, "waymark: %v\n", e)
}

// Done takes the bar away, so that the report has the terminal to itself.
func (p *progress) Done() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// isTerminal says whether a person sees what is written to a stream, or types
// what is read from it.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
