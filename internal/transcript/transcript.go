// Package transcript reads messages from files: JSON lines, plain text, a
// Slack export and a DiscordChatExporter file. It finds out by itself which of
// them a file is, reads it a message at a time, and keeps nothing of it. It is
// not a platform: nothing can be answered here.
//
// Errors say where something is wrong, never what stands there.
package transcript

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Format is what a file is.
type Format string

// The formats.
const (
	JSONLines Format = "JSON lines"
	PlainText Format = "plain text"
	Slack     Format = "Slack export"
	Discord   Format = "DiscordChatExporter"
)

// MaxMessage bounds one message, and so the memory that reading one takes: a
// line, or one entry of an export, in bytes.
const MaxMessage = 4 << 20

// Entry is one message of a file.
//
// What a file does not tell is filled in so that nothing adds up wrongly:
// a message without an author has an author of its own, one without a channel
// is in the file's one channel, and one without a time came a minute after the
// message before it.
type Entry struct {
	Message chat.Message
	// ID is the message's id as the file wrote it, a JSON string or number;
	// where it has none, the number of its line as a string.
	ID json.RawMessage
	// Timed says whether the file told the time.
	Timed bool
}

// UnknownAuthor is the name of an author whom the file does not tell.
const UnknownAuthor = "author unknown"

// LineError says that one place in a file holds no message. What comes after
// it can still be read.
type LineError struct {
	Where  string // "line 12" or "general/2026-01-05.json, message 3"
	Reason string // never quotes the file
}

func (e *LineError) Error() string { return e.Where + ": " + e.Reason }

// Source is a file that is being read. It is for one goroutine, but for Done.
type Source struct {
	Format Format
	// Size is how many bytes there are to read; 0 where that is not known.
	Size int64

	next  func() (Entry, error)
	ready func() bool
	read  *atomic.Int64
	close []io.Closer

	count int
	last  time.Time
}

// Open begins to read a file, a folder with a Slack export, or stdin where
// path is "-".
func Open(path string, stdin io.Reader) (*Source, error) {
	s := &Source{last: time.Unix(0, 0).UTC(), read: new(atomic.Int64), ready: func() bool { return true }}
	err := s.open(path, stdin)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Source) open(path string, stdin io.Reader) error {
	if path == "-" {
		return s.stream(stdin)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return s.slackFolder(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	s.close = append(s.close, f)
	s.Size = info.Size()
	head := make([]byte, len(zipMagic))
	if n, _ := f.ReadAt(head, 0); string(head[:n]) == zipMagic {
		return s.slackZip(f, info.Size())
	}
	return s.stream(f)
}

const (
	zipMagic  = "PK\x03\x04"
	gzipMagic = "\x1f\x8b"
)

// stream reads what comes one byte after the other. It looks at no more than
// what is there already, so that a pipe can be answered line by line.
func (s *Source) stream(r io.Reader) error {
	in := bufio.NewReaderSize(&counted{r, s.read}, 64<<10)
	head, err := peek(in)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(head, []byte(zipMagic)) {
		return errors.New("a zip cannot be read from standard input; name the file instead")
	}
	if bytes.HasPrefix(head, []byte(gzipMagic)) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		in = bufio.NewReaderSize(unpacked, 64<<10)
		if head, err = peek(in); err != nil {
			return err
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = in.Discard(3) // they were seen
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")): // as Windows writes it
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
		in = bufio.NewReaderSize(transform.NewReader(in, utf16), 64<<10)
	}
	if head, err = peek(in); err != nil {
		return err
	}
	s.ready = func() bool { return in.Buffered() > 0 }
	switch s.Format = formatOf(head); s.Format {
	case Discord:
		s.next = newDiscord(in).next
	case Slack:
		s.next = newSlackDay(in).next
	case JSONLines:
		s.next = (&lines{in: in, parse: jsonLine}).next
	default:
		s.next = (&lines{in: in, parse: textLine}).next
	}
	return nil
}

// peek shows what is there after at most one read.
func peek(in *bufio.Reader) ([]byte, error) {
	if _, err := in.Peek(1); err != nil && err != io.EOF {
		return nil, err
	}
	return in.Peek(in.Buffered())
}

// formatOf tells a format by a file's beginning. A few broken lines among JSON
// lines do not make them plain text.
func formatOf(head []byte) Format {
	head = bytes.TrimLeft(head, " \t\r\n")
	if rest, ok := bytes.CutPrefix(head, []byte("[")); ok && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("{")) {
		return Slack
	}
	if beginsExport(head) {
		return Discord
	}
	objects, others := 0, 0
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		switch line = bytes.TrimSpace(line); {
		case len(line) == 0:
		case line[0] == '{':
			objects++
		default:
			others++
		}
	}
	if objects > 0 && objects >= others {
		return JSONLines
	}
	return PlainText
}

// beginsExport says whether a text begins as DiscordChatExporter's files do:
// one object whose first key is guild, an object itself.
func beginsExport(head []byte) bool {
	d := json.NewDecoder(bytes.NewReader(head))
	for _, want := range []json.Token{json.Delim('{'), "guild", json.Delim('{')} {
		if t, err := d.Token(); err != nil || t != want {
			return false
		}
	}
	return true
}

// Next gives the next message: io.EOF after the last one, a *LineError where
// there is something that is no message (the one after it can be asked for),
// any other error where nothing more can be read.
func (s *Source) Next() (Entry, error) {
	e, err := s.next()
	if err != nil {
		return e, err
	}
	s.count++
	m := &e.Message
	if e.ID == nil {
		e.ID = idOf(strconv.Itoa(s.count))
	}
	if m.Author.ID == "" {
		m.Author.ID, m.Author.Name = chat.PersonID("unknown-"+strconv.Itoa(s.count)), UnknownAuthor
	}
	if e.Timed = !m.Time.IsZero(); !e.Timed {
		m.Time = s.last.Add(time.Minute)
	}
	s.last = m.Time
	return e, nil
}

// Ready says whether more can be read without waiting for whoever writes it.
func (s *Source) Ready() bool { return s.ready() }

// Done says how many bytes of Size were read. It may be called from any
// goroutine.
func (s *Source) Done() int64 { return s.read.Load() }

// Close lets go of the file.
func (s *Source) Close() error {
	var err error
	for _, c := range s.close {
		err = errors.Join(err, c.Close())
	}
	s.close = nil
	return err
}

// counted counts what is read.
type counted struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
