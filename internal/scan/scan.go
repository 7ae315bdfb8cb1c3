// Package scan runs the detector over messages from a file and reports what
// would have alerted staff, for people or for programs. It alerts nobody and
// keeps nothing.
package scan

import (
	"errors"
	"fmt"
	"io"

	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/transcript"
	"github.com/waymark-bot/waymark/internal/watch"
)

// Report is told of each message in turn.
type Report interface {
	Message(transcript.Entry, watch.Verdict) error
	// Flush writes what is held back.
	Flush() error
	// End is called once after the last message; it writes all that is left.
	End() error
}

// Formats lists the formats of reports: for people, and for programs.
func Formats() []string { return []string{"table", "jsonl"} }

// NewReport makes the report of a format; any that is not jsonl is the table.
// The table shows what was written only where showText is set.
func NewReport(format string, w io.Writer, rules *detect.Detector, showText bool) Report {
	if format == "jsonl" {
		return newJSONLines(w)
	}
	return newTable(w, rules, showText)
}

// Watcher is told how the reading goes.
type Watcher interface {
	Step()                            // a message was read
	Unreadable(*transcript.LineError) // there was something that is no message
	Done()                            // nothing more is read
}

// Run reads src to its end, reports each message, and says in its error how
// many places held none.
func Run(src *transcript.Source, stream *watch.Stream, out Report, w Watcher) error {
	bad := 0
	for {
		e, err := src.Next()
		var unreadable *transcript.LineError
		switch {
		case errors.Is(err, io.EOF):
			w.Done()
			return errors.Join(out.End(), count(bad))
		case errors.As(err, &unreadable):
			bad++
			w.Unreadable(unreadable)
			continue
		case err != nil:
			w.Done()
			return errors.Join(err, out.Flush())
		}
		w.Step()
		if err := out.Message(e, stream.Observe(e.Message)); err != nil {
			return err
		}
		if !src.Ready() { // whoever writes to us may be waiting for the answer
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
}

func count(bad int) error {
	switch bad {
	case 0:
		return nil
	case 1:
		return errors.New("1 entry is no message; the rest was scanned")
	}
	return fmt.Errorf("%d entries are no messages; the rest was scanned", bad)
}
