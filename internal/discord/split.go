package discord

import (
	"bytes"
	"strconv"
)

// splitFrame takes a frame apart without decoding what it carries, which is
// decoded once, later, into what is needed of it: that halves the work for
// every event. Where the frame is in any way unusual it says false, and the
// JSON library reads it.
func splitFrame(raw []byte) (f frame, ok bool) {
	s := splitter{raw: raw}
	if !s.next('{') {
		return frame{}, false
	}
	for {
		key, ok := s.value()
		if !ok || len(key) < 2 || key[0] != '"' || bytes.IndexByte(key, '\\') >= 0 || !s.next(':') {
			return frame{}, false
		}
		v, ok := s.value()
		if !ok {
			return frame{}, false
		}
		switch string(key[1 : len(key)-1]) {
		case "op":
			n, err := strconv.Atoi(string(v))
			if err != nil {
				return frame{}, false
			}
			f.Op = n
		case "s":
			n, err := strconv.ParseInt(string(v), 10, 64)
			if err != nil && string(v) != "null" {
				return frame{}, false
			}
			f.Seq = n
		case "t":
			switch {
			case string(v) == "null":
			case v[0] == '"' && bytes.IndexByte(v, '\\') < 0:
				f.Type = eventName(v[1 : len(v)-1])
			default:
				return frame{}, false
			}
		case "d":
			f.Data = v
		default: // something new: nobody needs it
		}
		if s.next(',') {
			continue
		}
		return f, s.next('}') && s.rest() == 0
	}
}

// eventName avoids a copy for the names that come most.
func eventName(b []byte) string {
	switch string(b) {
	case "MESSAGE_CREATE":
		return "MESSAGE_CREATE"
	case "MESSAGE_UPDATE":
		return "MESSAGE_UPDATE"
	}
	return string(b)
}

// splitter walks over JSON without looking into it.
type splitter struct {
	raw []byte
	at  int
}

func (s *splitter) space() {
	for s.at < len(s.raw) {
		switch s.raw[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *splitter) rest() int { s.space(); return len(s.raw) - s.at }

// next steps over one mark.
func (s *splitter) next(mark byte) bool {
	s.space()
	if s.at >= len(s.raw) || s.raw[s.at] != mark {
		return false
	}
	s.at++
	return true
}

// value steps over one value and gives its bytes.
func (s *splitter) value() ([]byte, bool) {
	s.space()
	from := s.at
	if from >= len(s.raw) {
		return nil, false
	}
	switch s.raw[from] {
	case '"':
		if !s.text() {
			return nil, false
		}
	case '{', '[':
		if !s.nested() {
			return nil, false
		}
	default:
		for s.at < len(s.raw) && bytes.IndexByte([]byte(",}] \t\n\r"), s.raw[s.at]) < 0 {
			s.at++
		}
	}
	return s.raw[from:s.at], s.at > from
}

// text steps over a string.
func (s *splitter) text() bool {
	s.at++
	for {
		n := bytes.IndexByte(s.raw[s.at:], '"')
		if n < 0 {
			return false
		}
		end, slashes := s.at+n, 0
		for end-1-slashes >= s.at && s.raw[end-1-slashes] == '\\' {
			slashes++
		}
		s.at = end + 1
		if slashes%2 == 0 {
			return true
		}
	}
}

// nested steps over an object or a list.
func (s *splitter) nested() bool {
	depth := 0
	for s.at < len(s.raw) {
		switch s.raw[s.at] {
		case '"':
			if !s.text() {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.at++
		if depth == 0 {
			return true
		}
	}
	return false
}
