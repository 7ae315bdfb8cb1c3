package transcript

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const cutOff = "the rest cannot be read: the file is cut off or is no JSON"

// objects reads the objects of a JSON array one after the other.
type objects struct {
	name  string // of the file, empty for the only one
	d     *json.Decoder
	bound *bounded
	count int
	ended bool
}

func newObjects(name string, r io.Reader) *objects {
	b := &bounded{r: r, left: MaxMessage}
	return &objects{name: name, d: json.NewDecoder(b), bound: b}
}

// open expects the beginning of the array.
func (o *objects) open() error {
	if t, err := o.d.Token(); err != nil || t != json.Delim('[') {
		return o.broken("is no list of messages")
	}
	return nil
}

// next decodes the next object: io.EOF after the last, a *LineError for one
// that cannot be decoded. Where the file itself is broken there is one
// *LineError and then io.EOF.
func (o *objects) next(into any) error {
	if o.ended {
		return io.EOF
	}
	o.bound.left = MaxMessage
	if !o.d.More() {
		o.ended = true
		if _, err := o.d.Token(); err != nil {
			return o.broken(cutOff)
		}
		return io.EOF
	}
	o.count++
	err := o.d.Decode(into)
	var mistyped *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mistyped) && mistyped.Field == "":
		return o.wrong("is no message")
	case errors.As(err, &mistyped):
		return o.wrong("is no message: " + mistyped.Field + " is of another kind")
	}
	return o.broken(cutOff)
}

// broken ends the file. The reason is given unless reading itself failed; what
// the decoder says is left out, as it may quote the file.
func (o *objects) broken(reason string) error {
	o.ended = true
	if err := o.bound.err; err != nil && !errors.Is(err, io.EOF) {
		reason = "the rest cannot be read: " + err.Error()
	}
	return o.wrong(reason)
}

func (o *objects) wrong(reason string) error {
	where := fmt.Sprintf("message %d", o.count)
	if o.name != "" {
		where = o.name + ", " + where
	}
	return &LineError{Where: where, Reason: reason}
}

// bounded fails once more than left bytes were read, so that one message
// cannot take all the memory. It remembers what failed.
type bounded struct {
	r    io.Reader
	left int
	err  error
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.err = errTooLong
		return 0, b.err
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	b.err = err
	return n, err
}
