package review

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/huh"

	"github.com/waymark-bot/waymark/responses"
)

// What can be answered about a contact.
const (
	doRight = "right"
	doWrong = "wrong"
	doSkip  = "skip"
	doStop  = "stop"
)

// askWho asks for the initials of whoever checks, once.
func (r *Review) askWho(ctx context.Context, in io.Reader, out io.Writer) error {
	if strings.TrimSpace(r.By) != "" {
		return nil
	}
	field := huh.NewInput().Title(r.texts.Say("review.ask.by")).Value(&r.By).Validate(r.some)
	if stopped, err := ask(ctx, in, out, field); err != nil || stopped {
		return errors.Join(err, stop(stopped))
	}
	if strings.TrimSpace(r.By) == "" { // asked line by line, and the input ended
		return errStopped
	}
	return nil
}

// errStopped means that whoever was asked left before the first answer.
var errStopped = errors.New("stopped before anything was checked")

func stop(stopped bool) error {
	if stopped {
		return errStopped
	}
	return nil
}

func (r *Review) some(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New(r.texts.Say("review.ask.empty"))
	}
	return nil
}

// askAbout shows one contact and asks whether it is right, and what is wrong
// where it is not. Leaving is to stop.
func (r *Review) askAbout(ctx context.Context, c responses.Contact, n, of int, in io.Reader, out io.Writer) (does, note string, err error) {
	title := r.texts.Say("review.ask.title", "n", n, "of", of, "name", c.Name, "id", c.ID)
	about := r.describe(c)
	if lineByLine() { // which leaves out descriptions
		title, about = title+"\n"+about, ""
	}
	does = doRight
	if lineByLine() {
		does = doStop // where the input ends
	}
	var options []huh.Option[string]
	for _, o := range []string{doRight, doWrong, doSkip, doStop} {
		options = append(options, huh.NewOption(r.texts.Say("review.answer."+o), o))
	}
	choose := huh.NewSelect[string]().Title(title).Description(about).Options(options...).Value(&does)
	if stopped, err := ask(ctx, in, out, choose); err != nil || stopped {
		return doStop, "", err
	}
	if does != doWrong {
		return does, "", nil
	}
	stopped, err := ask(ctx, in, out, huh.NewInput().Title(r.texts.Say("review.ask.wrong")).Value(&note).Validate(r.some))
	if note = strings.TrimSpace(note); err != nil || stopped || note == "" {
		return doStop, "", err
	}
	return doWrong, note, nil
}

// lineByLine says whether to ask without drawing on the terminal, as screen
// readers need it.
func lineByLine() bool { return os.Getenv("ACCESSIBLE") != "" || os.Getenv("TERM") == "dumb" }

// ask asks one question. stopped says that whoever was asked left.
func ask(ctx context.Context, in io.Reader, out io.Writer, field huh.Field) (stopped bool, err error) {
	err = huh.NewForm(huh.NewGroup(field)).WithInput(in).WithOutput(out).WithAccessible(lineByLine()).RunWithContext(ctx)
	if errors.Is(err, huh.ErrUserAborted) || ctx.Err() != nil {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask on the terminal: %w; every question has a flag too, see --help", err)
	}
	return false, nil
}
