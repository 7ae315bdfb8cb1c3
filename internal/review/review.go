// Package review owns the walk through the contacts: it shows a person what the
// program says about each and where to look, asks whether that is right, and
// keeps who checked what and when, answer by answer, so that one can stop at any
// time and go on later. The file that it writes is responses.ReadChecks'.
package review

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/responses"
)

// Wish says what is to be reviewed. Only By may be empty where somebody is
// asked.
type Wish struct {
	File   string           // the file of checks
	By     string           // who checks: initials are enough
	Region responses.Region // "" for all
	All    bool             // also what was checked within the last 90 days
	Now    func() time.Time // nil for time.Now
}

// Answer is what somebody found out about one contact without being asked.
type Answer struct {
	Contact string
	On      string // the day, YYYY-MM-DD; "" for today
	Wrong   string // what is wrong; "" where all is right
}

// WrongFlags says which flags are missing, or hold what they cannot.
type WrongFlags struct{ error }

// Review walks through the contacts.
type Review struct {
	Wish
	texts  *responses.Texts
	checks []responses.Check
}

// New reads the checks that are there. The texts must not hold any already: a
// check is one of what the program came with.
func New(w Wish, texts *responses.Texts) (*Review, error) {
	if w.Now == nil {
		w.Now = time.Now
	}
	checks, err := responses.ReadChecks(w.File)
	if err != nil {
		return nil, err
	}
	return &Review{Wish: w, texts: texts.English(), checks: checks}, nil
}

// contacts are those of the wish.
func (r *Review) contacts() []responses.Contact {
	if r.Region == "" {
		return r.texts.AllContacts()
	}
	return r.texts.ShownIn(r.Region)
}

// check finds the check of a contact as it is now.
func (r *Review) check(c responses.Contact) (responses.Check, bool) {
	i := slices.IndexFunc(r.checks, func(k responses.Check) bool { return k.Counts(c) })
	if i < 0 {
		return responses.Check{}, false
	}
	return r.checks[i], true
}

// Open lists the contacts that nobody has checked within the last 90 days; with
// All, every one.
func (r *Review) Open() []responses.Contact {
	var out []responses.Contact
	for _, c := range r.contacts() {
		if k, ok := r.check(c); r.All || !ok || k.Stale(r.Now()) {
			out = append(out, c)
		}
	}
	return out
}

// Keep keeps an answer.
func (r *Review) Keep(a Answer) error {
	c, ok := r.texts.Contact(a.Contact)
	if !ok {
		return WrongFlags{fmt.Errorf("there is no contact %q; --list names them all", a.Contact)}
	}
	if r.By = strings.TrimSpace(r.By); r.By == "" {
		return WrongFlags{errors.New("say who checked it: --by and your initials")}
	}
	today := r.Now().Format(time.DateOnly)
	if a.On == "" {
		a.On = today
	}
	if _, err := time.Parse(time.DateOnly, a.On); err != nil || a.On > today {
		return WrongFlags{fmt.Errorf("--on takes a day in the past, such as 2026-11-23, and not %q", a.On)}
	}
	k := responses.Check{Contact: c.ID, On: a.On, By: r.By, Right: a.Wrong == "", Note: a.Wrong, Details: c.Details()}
	next := slices.DeleteFunc(slices.Clone(r.checks), func(old responses.Check) bool { return old.Contact == c.ID })
	next = append(next, k)
	order := map[string]int{}
	for i, c := range r.texts.AllContacts() {
		order[c.ID] = i
	}
	slices.SortStableFunc(next, func(a, b responses.Check) int { return order[a.Contact] - order[b.Contact] })
	if err := responses.WriteChecks(r.File, next); err != nil {
		return err
	}
	r.checks = next
	return nil
}

// List says, a line a contact, when each was checked, by whom and with what
// result.
func (r *Review) List(w io.Writer) error {
	for _, c := range r.contacts() {
		state := r.texts.Say("review.never", "date", c.Checked)
		if k, ok := r.check(c); ok {
			state = r.texts.Say("review.checked", "date", k.On, "by", k.By)
			switch {
			case !k.Right:
				state = r.texts.Say("review.wrong", "date", k.On, "by", k.By, "note", k.Note)
			case k.Stale(r.Now()):
				state += " " + r.texts.Say("review.stale")
			}
		}
		if _, err := fmt.Fprintf(w, "%s: %s: %s\n", c.ID, c.Name, state); err != nil {
			return err
		}
	}
	return nil
}

// Done says how far the review is.
func (r *Review) Done() string {
	all, right, wrong := r.contacts(), 0, 0
	for _, c := range all {
		if k, ok := r.check(c); ok && !k.Stale(r.Now()) {
			if k.Right {
				right++
			} else {
				wrong++
			}
		}
	}
	out := r.texts.Say("review.done", "right", right, "wrong", wrong, "all", len(all), "file", r.File)
	if wrong > 0 {
		out += "\n" + r.texts.Say("review.donewrong")
	}
	if right+wrong < len(all) {
		out += "\n" + r.texts.Say("review.goon")
	}
	return out
}

// Walk asks about each open contact. Whoever stops before the end has kept all
// that they answered.
func (r *Review) Walk(ctx context.Context, in io.Reader, out io.Writer) error {
	open := r.Open()
	if len(open) == 0 {
		return nil
	}
	if err := r.askWho(ctx, in, out); err != nil {
		return err
	}
	for i, c := range open {
		does, note, err := r.askAbout(ctx, c, i+1, len(open), in, out)
		switch {
		case err != nil:
			return err
		case does == doStop:
			return nil
		case does == doSkip:
			continue
		}
		if err := r.Keep(Answer{Contact: c.ID, Wrong: note}); err != nil {
			return err
		}
	}
	return nil
}

// describe is all that the program says about a contact, and where to look.
func (r *Review) describe(c responses.Contact) string {
	var b strings.Builder
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", r.texts.Say("review.part."+key), value)
		}
	}
	line("for", c.For)
	line("audience", c.Audience)
	for _, p := range c.Phones {
		n := p.Number
		if p.Label != "" {
			n += " (" + p.Label + ")"
		}
		line("call", n)
	}
	if c.Text != nil {
		line("text", c.Text.Say)
	}
	line("web", c.URL)
	line("hours", c.Hours)
	line("languages", strings.Join(c.Languages, ", "))
	line("note", c.Note)
	line("date", c.Checked)
	if k, ok := r.check(c); ok && !k.Right {
		line("wrong", k.Note)
	}
	b.WriteString("\n")
	look := c.Sources
	if c.URL != "" && !slices.Contains(look, c.URL) {
		look = slices.Insert(slices.Clone(look), 0, c.URL)
	}
	if len(look) == 0 {
		b.WriteString(r.texts.Say("review.nosource") + "\n")
		return b.String()
	}
	b.WriteString(r.texts.Say("review.look") + "\n")
	for _, s := range look {
		b.WriteString("  " + s + "\n")
	}
	return b.String()
}
