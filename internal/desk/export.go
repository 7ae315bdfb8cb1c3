package desk

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
)

// The formats of an export.
const (
	CSV   = "csv"
	JSONL = "jsonl"
)

// Line is one line of an export: a setting, a phrase, a rule that staff changed,
// a contact of their own, the tip of the week, a case, one of its signs, or a
// line of the history. It holds nothing of what a member wrote.
type Line struct {
	Kind     string `json:"kind"`           // setting, phrase, rule, contact, tips, case, sign, history
	Time     string `json:"time,omitempty"` // RFC 3339, UTC; of a contact the day of its check
	Case     int    `json:"case,omitempty"`
	Severity string `json:"severity,omitempty"`
	Signs    string `json:"signs,omitempty"` // categories
	Rule     string `json:"rule,omitempty"`
	State    string `json:"state,omitempty"`
	Outcome  string `json:"outcome,omitempty"`
	By       string `json:"by,omitempty"` // of staff: the name that they had then
	ByID     string `json:"by_id,omitempty"`
	About    string `json:"about,omitempty"` // the name of the person it is about
	AboutID  string `json:"about_id,omitempty"`
	ToID     string `json:"to_id,omitempty"` // the person spoken to
	Place    string `json:"place,omitempty"`
	Link     string `json:"link,omitempty"`
	What     string `json:"what,omitempty"` // what was done or set, with its detail
}

func columns() []string {
	return []string{"kind", "time", "case", "severity", "signs", "rule", "state", "outcome", "by", "by_id", "about", "about_id", "to_id", "place", "link", "what"}
}

func (l Line) values() []string {
	number := ""
	if l.Case > 0 {
		number = fmt.Sprint(l.Case)
	}
	return []string{l.Kind, l.Time, number, l.Severity, l.Signs, l.Rule, l.State, l.Outcome, l.By, l.ByID, l.About, l.AboutID, l.ToID, l.Place, l.Link, l.What}
}

// Export lists what is kept of a server, settings first and then what happened,
// oldest first. Where not is given, nothing is listed that concerns that person;
// without leads, nothing that is for the leads alone.
func Export(ctx context.Context, tx *store.Tx, k servers.Key, leads bool, not chat.PersonID) ([]Line, error) {
	out, err := exportSet(ctx, tx, k)
	if err != nil {
		return nil, err
	}
	all, err := tx.Cases(ctx, k.Platform, k.Server, store.CaseFilter{})
	if err != nil {
		return nil, err
	}
	hidden, number := map[string]bool{}, map[string]int{}
	var happened []Line
	for _, c := range slices.Backward(all) {
		if number[c.ID] = c.Number; c.Concerns(not) || c.LeadsOnly && !leads {
			hidden[c.ID] = true
			continue
		}
		happened = append(happened, caseLine(c))
		signs, err := tx.CaseSigns(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		for _, s := range signs {
			happened = append(happened, signLine(c, s))
		}
	}
	history, err := tx.Audit(ctx, k.Platform, k.Server, "", 0)
	if err != nil {
		return nil, err
	}
	everything := leads && not == ""
	for _, e := range slices.Backward(history) {
		// Of a case that was erased nobody knows any more whom it was about.
		erased := e.Case != "" && number[e.Case] == 0
		if !hidden[e.Case] && (everything || !erased) {
			happened = append(happened, Line{Kind: "history", Time: stamp(e.At), Case: number[e.Case], By: e.ActorName, ByID: string(e.Actor),
				What: strings.TrimSpace(e.Action + " " + e.Detail)})
		}
	}
	slices.SortStableFunc(happened, func(a, b Line) int { return strings.Compare(a.Time, b.Time) })
	return append(out, happened...), nil
}

// exportSet lists what staff set.
func exportSet(ctx context.Context, tx *store.Tx, k servers.Key) ([]Line, error) {
	set, _, err := tx.Settings(ctx, k.Platform, k.Server)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("write the settings: %w", err)
	}
	out := []Line{{Kind: "setting", What: string(text)}}
	w, err := tx.Wording(ctx, k.Platform, k.Server)
	if err != nil {
		return nil, err
	}
	for _, p := range w.Now.Phrases {
		state := "live"
		if p.Shadow {
			state = "shadow"
		}
		out = append(out, Line{Kind: "phrase", Time: stamp(p.Since), Signs: string(p.Category), Rule: p.ID, Severity: p.Tell.Severity().String(), State: state, What: p.Text})
	}
	for _, r := range append(slices.Clone(w.Now.Off), w.Now.Quiet...) {
		out = append(out, Line{Kind: "rule", Rule: r, State: string(w.Now.State(r))})
	}
	o, err := tx.OwnContacts(ctx, k.Platform, k.Server)
	if err != nil {
		return nil, err
	}
	for _, c := range o.List {
		state := "everyone"
		if c.Adults {
			state = "adults"
		}
		out = append(out, Line{Kind: "contact", Time: c.Checked, State: state, What: whole(c)})
	}
	t, err := tx.Tips(ctx, k.Platform, k.Server)
	if errors.Is(err, store.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	state := "on"
	if t.Place == "" {
		state = "stopped"
	}
	return append(out, Line{Kind: "tips", State: state, Place: t.PlaceName, What: fmt.Sprintf("%s %02d:00 %s", t.Weekday, t.Hour, t.Zone)}), nil
}

func caseLine(c cases.Case) Line {
	kinds := make([]string, len(c.Categories))
	for i, k := range c.Categories {
		kinds[i] = string(k)
	}
	return Line{Kind: "case", Time: stamp(c.OpenedAt), Case: c.Number, Severity: c.Severity.String(), Signs: strings.Join(kinds, " "),
		State: string(c.State), Outcome: string(c.Outcome), By: c.TakerName, ByID: string(c.Taker), About: c.AuthorName, AboutID: string(c.Author),
		ToID: string(c.Addressed), Place: c.PlaceName, Link: c.Link, What: string(c.Kind)}
}

func signLine(c cases.Case, s cases.Sign) Line {
	return Line{Kind: "sign", Time: stamp(s.At), Case: c.Number, Severity: detect.SeverityOf(s.Weight).String(), Signs: string(s.Category), Rule: s.Rule,
		AboutID: string(s.Author), ToID: string(s.Addressed), Place: s.PlaceName, Link: s.Link}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// WriteExport writes lines as CSV or JSON lines.
func WriteExport(w io.Writer, lines []Line, format string) error {
	if format == JSONL {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for _, l := range lines {
			if err := e.Encode(l); err != nil {
				return fmt.Errorf("write the export: %w", err)
			}
		}
		return nil
	}
	c := csv.NewWriter(w)
	err := c.Write(columns())
	for _, l := range lines {
		if err == nil {
			err = c.Write(asText(l.values()))
		}
	}
	c.Flush()
	if err == nil {
		err = c.Error()
	}
	if err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	return nil
}

// asText keeps a spreadsheet from taking somebody's name for a formula.
func asText(values []string) []string {
	for i, v := range values {
		if v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) {
			values[i] = "'" + v
		}
	}
	return values
}

func (d *Desk) exportOptions() []chat.OptionSpec {
	return []chat.OptionSpec{{Name: "format", Description: d.texts.Say("staff.export.option"), Choices: []chat.Option{
		{Label: d.texts.Say("staff.export.csv"), Value: CSV}, {Label: d.texts.Say("staff.export.jsonl"), Value: JSONL}}}}
}

// export gives one member of staff a copy of what they may see.
func (d *Desk) export(ctx context.Context, v viewer, c chat.Command) (chat.Answer, error) {
	format := c.Arg("format")
	if format == "" {
		format = CSV
	}
	if format != CSV && format != JSONL {
		return d.say(d.texts.Say("staff.export.badformat"), ""), nil
	}
	command := fmt.Sprintf("waymark export --platform %s --server %s --format %s", v.key.Platform, v.key.Server, format)
	p, ok := d.platforms[v.key.Platform].(chat.Filer)
	if !ok {
		return d.say(d.texts.Say("staff.export.title"), d.texts.Say("staff.export.command", "command", command)), nil
	}
	lines, err := d.exported(ctx, v, format)
	if err != nil {
		return chat.Answer{}, err
	}
	data, n, err := fitting(lines, format, p.MaxFile())
	if err != nil {
		return chat.Answer{}, err
	}
	card := chat.Card{Title: d.texts.Say("staff.export.title"), Tone: chat.Calm, Footer: d.texts.Say("staff.export.footer")}
	card.Blocks = append(card.Blocks, chat.Text(d.texts.Count("staff.export.body", n)))
	if n < len(lines) {
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.export.cut", "n", n, "command", command)))
	}
	card.Blocks = append(card.Blocks, chat.Controls{d.hide()})
	name := "waymark-" + d.o.Now().UTC().Format(time.DateOnly) + "." + format
	return chat.Answer{Card: &card, File: &chat.File{Name: name, Data: data}}, nil
}

// exported reads what the viewer may see, after noting that they do.
func (d *Desk) exported(ctx context.Context, v viewer, format string) (lines []Line, err error) {
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		return tx.AddAudit(ctx, d.entry(v, cases.Case{}, cases.Entry{Action: "export", Detail: format}))
	})
	if err != nil {
		return nil, fmt.Errorf("note that a copy is taken: %w", err)
	}
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		lines, err = Export(ctx, tx, v.key, v.lead, v.person.ID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what is exported: %w", err)
	}
	return lines, nil
}

// fitting writes the newest lines that fit into so many bytes.
func fitting(lines []Line, format string, most int) (data []byte, n int, err error) {
	for n = len(lines); ; n = n * 3 / 4 {
		var b bytes.Buffer
		if err := WriteExport(&b, lines[len(lines)-n:], format); err != nil {
			return nil, 0, err
		}
		if b.Len() <= most || n == 0 {
			return b.Bytes(), n, nil
		}
	}
}
