package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/waymark-bot/waymark/responses"
)

// colours are those of a terminal. The mark's word says the same without.
var colours = map[Mark]string{OK: "\x1b[32m", Look: "\x1b[33m", Mend: "\x1b[1;31m"}

const plainAgain = "\x1b[0m"

// Print writes the report for people: a line for each thing, below it what to
// do about it, and a sum at the end.
func (r Report) Print(w io.Writer, texts *responses.Texts, colour bool) error {
	var b strings.Builder
	area := ""
	for _, c := range r.Checks {
		if c.Area != area {
			if area != "" {
				b.WriteString("\n")
			}
			area = c.Area
			b.WriteString(area + "\n")
		}
		mark := fmt.Sprintf("%-4s", c.Mark)
		if colour {
			mark = colours[c.Mark] + mark + plainAgain
		}
		fmt.Fprintf(&b, "  %s  %s: %s\n", mark, c.Name, c.Found)
		if c.Do != "" {
			fmt.Fprintf(&b, "        %s\n", texts.Say("doctor.todo", "what", c.Do))
		}
	}
	b.WriteString("\n" + texts.Say("doctor.sum", "ok", r.Count(OK), "look", r.Count(Look), "mend", r.Count(Mend)) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// JSON writes the report for programs, with the sums.
func (r Report) JSON(w io.Writer) error {
	out := struct {
		Report
		OK   int `json:"ok"`
		Look int `json:"look"`
		Mend int `json:"mend"`
	}{r, r.Count(OK), r.Count(Look), r.Count(Mend)}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

// plain takes out what could steer a terminal: names come from the platforms.
func plain(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }), " ")
}
