package scan

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/transcript"
	"github.com/waymark-bot/waymark/internal/watch"
)

// jsonLines writes a line a message, in the same order, in the contract's shape.
type jsonLines struct {
	buf *bufio.Writer
	enc *json.Encoder
}

func newJSONLines(w io.Writer) *jsonLines {
	buf := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	return &jsonLines{buf, enc}
}

func (j *jsonLines) Message(e transcript.Entry, v watch.Verdict) error {
	line := struct {
		ID         json.RawMessage   `json:"id"`
		Severity   detect.Severity   `json:"severity"`
		Categories []detect.Category `json:"categories"`
		Signals    []detect.Signal   `json:"signals"`
		Alert      bool              `json:"alert"`
	}{e.ID, v.Severity, categories(v.Signals), v.Signals, v.Alert}
	if line.Signals == nil {
		line.Signals = []detect.Signal{}
	}
	if err := j.enc.Encode(line); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (j *jsonLines) Flush() error {
	if err := j.buf.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (j *jsonLines) End() error { return j.Flush() }

// categories lists each category once, the weightiest first, never nil.
func categories(signals []detect.Signal) []detect.Category {
	weight := map[detect.Category]float64{}
	out := []detect.Category{}
	for _, s := range signals {
		if _, seen := weight[s.Category]; !seen {
			out = append(out, s.Category)
		}
		weight[s.Category] = max(weight[s.Category], s.Weight)
	}
	slices.SortStableFunc(out, func(a, b detect.Category) int { return cmp.Compare(weight[b], weight[a]) })
	return out
}
