package transcript

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
)

// lines reads a message a line. Lines without anything but space are passed
// over.
type lines struct {
	in     *bufio.Reader
	parse  func(line []byte) (Entry, error) // an error is the reason alone
	number int
	buf    []byte
}

var errTooLong = fmt.Errorf("longer than %d MB", MaxMessage>>20)

func (l *lines) next() (Entry, error) {
	for {
		line, err := l.line()
		if errors.Is(err, errTooLong) {
			return Entry{}, l.wrong(err)
		}
		if err != nil {
			return Entry{}, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e, err := l.parse(line)
		if err != nil {
			return Entry{}, l.wrong(err)
		}
		if e.ID == nil {
			id := strconv.Itoa(l.number)
			e.Message.ID, e.ID = chat.MessageID(id), idOf(id)
		}
		return e, nil
	}
}

func (l *lines) wrong(reason error) error {
	return &LineError{Where: "line " + strconv.Itoa(l.number), Reason: reason.Error()}
}

// line gives the next line without its end. It is good until the next call.
func (l *lines) line() ([]byte, error) {
	l.buf = l.buf[:0]
	tooLong := false
	for {
		part, err := l.in.ReadSlice('\n')
		if tooLong = tooLong || len(l.buf)+len(part) > MaxMessage; !tooLong {
			l.buf = append(l.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(part) == 0 && len(l.buf) == 0 && !tooLong:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, fmt.Errorf("after line %d: %w", l.number, err)
		}
		l.number++
		if tooLong {
			return nil, errTooLong
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(l.buf, []byte("\n")), []byte("\r")), nil
	}
}

// textLine takes a whole line as what somebody wrote. Bytes that are no UTF-8
// become U+FFFD.
func textLine(line []byte) (Entry, error) {
	if bytes.IndexByte(line, 0) >= 0 {
		return Entry{}, errors.New("binary data, no text")
	}
	return Entry{Message: chat.Message{Text: strings.ToValidUTF8(string(line), "\uFFFD")}}, nil
}

// jsonLine takes {"id","channel","author","ts","text"}, of which only text
// must be there; other keys are passed over. Bytes and escapes that are no
// UTF-8 become U+FFFD.
func jsonLine(line []byte) (Entry, error) {
	var fields struct {
		ID      json.RawMessage `json:"id"`
		Channel json.RawMessage `json:"channel"`
		Author  json.RawMessage `json:"author"`
		TS      json.RawMessage `json:"ts"`
		Text    json.RawMessage `json:"text"`
	}
	if err := json.Unmarshal(line, &fields); err != nil {
		return Entry{}, errors.New("is no JSON object")
	}
	var e Entry
	var reason error
	name := func(key string, raw json.RawMessage) string {
		text, ok := scalar(raw)
		if !ok && reason == nil {
			reason = fmt.Errorf("%s is neither a string nor a number", key)
		}
		return text
	}
	e.Message.ID = chat.MessageID(name("id", fields.ID))
	e.Message.Place.ID = chat.PlaceID(name("channel", fields.Channel))
	e.Message.Place.Name = string(e.Message.Place.ID)
	e.Message.Author.ID = chat.PersonID(name("author", fields.Author))
	e.Message.Author.Name = string(e.Message.Author.ID)
	if reason != nil {
		return Entry{}, reason
	}
	if e.Message.ID != "" {
		e.ID = bytes.Clone(fields.ID)
		if !utf8.Valid(e.ID) {
			e.ID = idOf(string(e.Message.ID))
		}
	}
	if isSet(fields.TS) {
		ts, ok := unquote(fields.TS)
		if !ok {
			return Entry{}, errors.New("ts is no string")
		}
		if e.Message.Time, reason = time.Parse(time.RFC3339, ts); reason != nil {
			return Entry{}, errors.New("ts is no RFC 3339 time")
		}
	}
	if !isSet(fields.Text) {
		return Entry{}, errors.New("has no text")
	}
	var ok bool
	if e.Message.Text, ok = unquote(fields.Text); !ok {
		return Entry{}, errors.New("text is no string")
	}
	return e, nil
}

func isSet(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// scalar gives the text of a JSON string or number, "" where there is none.
func scalar(raw json.RawMessage) (text string, ok bool) {
	if !isSet(raw) {
		return "", true
	}
	switch c := raw[0]; {
	case c == '"':
		return unquote(raw)
	case c == '-' || '0' <= c && c <= '9':
		return string(raw), true
	}
	return "", false
}

// unquote gives the text of a JSON value that is a string. Most have nothing
// to decode, and many of them make a file.
func unquote(raw json.RawMessage) (text string, ok bool) {
	if n := len(raw); n >= 2 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		return string(raw[1 : n-1]), true
	}
	return text, json.Unmarshal(raw, &text) == nil
}

// idOf gives an id as a JSON string, nil where there is none.
func idOf(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	raw, err := json.Marshal(text)
	if err != nil { // a string can always be written
		panic(err)
	}
	return raw
}
