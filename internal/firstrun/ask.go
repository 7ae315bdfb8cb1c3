package firstrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/huh"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/responses"
)

// errStopped means that whoever was asked left before the end.
var errStopped = errors.New("stopped before the end; nothing was written")

// ask asks on a terminal for what the plan does not hold yet. What is typed as
// a token is not shown. With ACCESSIBLE set in the environment it asks line by
// line, as screen readers need it.
func (p *plan) ask(ctx context.Context, texts *responses.Texts, in io.Reader, out io.Writer) error {
	if err := p.askWhere(ctx, texts, in, out); err != nil {
		return err
	}
	return p.askTokens(ctx, texts, in, out)
}

func (p *plan) askWhere(ctx context.Context, texts *responses.Texts, in io.Reader, out io.Writer) error {
	platform, region := "discord", string(responses.Unknown)
	var fields []huh.Field
	if len(p.platforms) == 0 {
		var options []huh.Option[string]
		for _, name := range []string{"discord", "slack", both} {
			options = append(options, huh.NewOption(texts.Say("firstrun.platform."+name), name))
		}
		fields = append(fields, huh.NewSelect[string]().Title(texts.Say("firstrun.ask.platform")).Options(options...).Value(&platform))
	}
	if p.region == "" {
		var options []huh.Option[string]
		for _, r := range responses.Regions() {
			label := string(r)
			if r == responses.Unknown {
				label = texts.Say("firstrun.ask.noregion")
			}
			options = append(options, huh.NewOption(label, string(r)))
		}
		fields = append(fields, huh.NewSelect[string]().Title(texts.Say("firstrun.ask.region")).
			Description(texts.Say("firstrun.ask.regionwhy")).Options(options...).Height(len(options)+2).Value(&region))
	}
	if err := run(ctx, fields, in, out); err != nil {
		return err
	}
	if p.region == "" {
		p.region = region
	}
	if len(p.platforms) == 0 {
		p.choose(platform)
	}
	return nil
}

func (p *plan) askTokens(ctx context.Context, texts *responses.Texts, in io.Reader, out io.Writer) error {
	needed := p.missing()
	typed := make([]string, len(needed))
	var fields []huh.Field
	for i, s := range needed {
		title, where := texts.Say("firstrun.token.title."+s.Name), texts.Say("firstrun.token.where."+s.Name)
		if lineByLine() { // which leaves out descriptions
			title, where = title+"\n"+where+"\n", ""
		}
		fields = append(fields, huh.NewInput().Title(title).Description(where).EchoMode(huh.EchoModePassword).Value(&typed[i]).
			Validate(func(text string) error {
				if strings.TrimSpace(text) == "" {
					return errors.New(texts.Say("firstrun.token.empty"))
				}
				return nil
			}))
	}
	if err := run(ctx, fields, in, out); err != nil {
		return err
	}
	for i, s := range needed {
		if strings.TrimSpace(typed[i]) == "" { // asked line by line, and the input ended
			return errStopped
		}
		p.secrets[s.Key] = config.Secret(strings.TrimSpace(typed[i]))
	}
	return nil
}

// lineByLine says whether to ask without drawing on the terminal.
func lineByLine() bool { return os.Getenv("ACCESSIBLE") != "" || os.Getenv("TERM") == "dumb" }

// run asks, a question a page.
func run(ctx context.Context, fields []huh.Field, in io.Reader, out io.Writer) error {
	if len(fields) == 0 {
		return nil
	}
	var pages []*huh.Group
	for _, f := range fields {
		pages = append(pages, huh.NewGroup(f))
	}
	err := huh.NewForm(pages...).WithInput(in).WithOutput(out).
		WithAccessible(lineByLine()).RunWithContext(ctx)
	if errors.Is(err, huh.ErrUserAborted) || ctx.Err() != nil {
		return errStopped
	}
	if err != nil {
		return fmt.Errorf("ask on the terminal: %w; every question has a flag too, see --help", err)
	}
	return nil
}
