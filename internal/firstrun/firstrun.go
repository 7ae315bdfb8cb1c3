// Package firstrun owns the first configuration: what has to be known for it,
// the questions that ask for that, and the files that it is written to. What
// can be configured, and what makes sense, is config's; this package writes
// nothing that config would refuse.
package firstrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/responses"
)

// Wish is what was said by flags. What is empty is asked for, or else has its
// default.
type Wish struct {
	Platform  string // discord, slack or both
	Region    string // one of responses.Regions
	Database  string // the path of an SQLite file, or a postgres URL
	SlackMode string // config.SocketMode or config.HTTPMode
	Dir       string // the folder that all is written to
	Force     bool   // replace what is there

	sources map[string]*Source
}

// Source is where a secret is read from: a file, or a variable of the
// environment. Both are empty for none.
type Source struct{ File, Variable string }

// Source is that of one secret.
func (w *Wish) Source(s Secret) *Source {
	if w.sources == nil {
		w.sources = map[string]*Source{}
	}
	if w.sources[s.Key] == nil {
		w.sources[s.Key] = &Source{}
	}
	return w.sources[s.Key]
}

// Secret is one of the secrets that a configuration can hold.
type Secret struct {
	Key      string // in the configuration: "discord.token"
	Name     string // in flags and files: "discord-token"
	platform string // that needs it; empty for none
	mode     string // the slack.mode that needs it; empty for any
}

// databaseURL is the key of the database. PostgreSQL's URL may hold a password.
const databaseURL = "database.url"

// Secrets lists all of them.
func Secrets() []Secret {
	return []Secret{
		{Key: "discord.token", Name: "discord-token", platform: "discord"},
		{Key: "slack.bot_token", Name: "slack-bot-token", platform: "slack"},
		{Key: "slack.app_token", Name: "slack-app-token", platform: "slack", mode: config.SocketMode},
		{Key: "slack.signing_secret", Name: "slack-signing-secret", platform: "slack", mode: config.HTTPMode},
		{Key: databaseURL, Name: "database"},
	}
}

// WrongFlags says which flags are missing, or hold what they cannot.
type WrongFlags struct{ error }

// Run writes the first configuration and returns what is to be done next. It
// asks on out and in for what the wish leaves open, where asks says that
// somebody sits there.
func Run(ctx context.Context, w Wish, texts *responses.Texts, in io.Reader, out io.Writer, asks bool) (string, error) {
	p, err := newPlan(w)
	if err != nil {
		return "", err
	}
	if err := p.free(config.DefaultFile); err != nil {
		return "", err // before anything is asked in vain
	}
	lacking := p.lacking()
	if len(lacking) > 0 && !asks {
		return "", WrongFlags{fmt.Errorf("this is no terminal to ask on, so flags are needed: %s", strings.Join(lacking, ", "))}
	}
	if len(lacking) > 0 {
		if err := p.ask(ctx, texts, in, out); err != nil {
			return "", err
		}
	}
	paths, err := p.write()
	if err != nil {
		return "", err
	}
	return p.done(texts, paths), nil
}

// plan is what the configuration is to hold.
type plan struct {
	platforms []string
	region    string // empty until known
	mode      string
	database  string // a path; empty for the default
	dir       string
	force     bool
	secrets   map[string]config.Secret // by key
}

// both stands for all platforms.
const both = "both"

func newPlan(w Wish) (*plan, error) {
	p := &plan{mode: w.SlackMode, dir: w.Dir, force: w.Force, secrets: map[string]config.Secret{}}
	if w.Platform != "" && !p.choose(w.Platform) {
		return nil, WrongFlags{errors.New("--platform takes discord, slack or both")}
	}
	if r, ok := responses.ParseRegion(w.Region); !ok {
		return nil, WrongFlags{fmt.Errorf("--region takes %s", strings.Join(config.Regions(), ", "))}
	} else if w.Region != "" {
		p.region = string(r)
	}
	if p.mode != config.SocketMode && p.mode != config.HTTPMode {
		return nil, WrongFlags{errors.New("--slack-mode takes socket or http")}
	}
	for _, s := range Secrets() {
		if err := p.take(s, *w.Source(s)); err != nil {
			return nil, err
		}
	}
	switch {
	case w.Database != "" && p.secrets[databaseURL] != "":
		return nil, WrongFlags{errors.New("give --database, --database-file or --database-env, not several")}
	case strings.Contains(w.Database, "://"):
		p.secrets[databaseURL] = config.Secret(w.Database)
	default:
		p.database = w.Database
	}
	return p, nil
}

// choose takes discord, slack or both.
func (p *plan) choose(platform string) bool {
	switch platform {
	case "discord", "slack":
		p.platforms = []string{platform}
	case both:
		p.platforms = []string{"discord", "slack"}
	default:
		return false
	}
	return true
}

// take reads a secret from where it is, if that was said.
func (p *plan) take(s Secret, from Source) error {
	switch {
	case from.File != "" && from.Variable != "":
		return WrongFlags{fmt.Errorf("give --%s-file or --%s-env, not both", s.Name, s.Name)}
	case from.File != "":
		text, err := readSecret(from.File)
		if err != nil {
			return fmt.Errorf("read --%s-file: %w", s.Name, err)
		}
		p.secrets[s.Key] = text
	case from.Variable != "":
		p.secrets[s.Key] = config.Secret(strings.TrimSpace(os.Getenv(from.Variable)))
		if p.secrets[s.Key] == "" {
			return fmt.Errorf("read --%s-env: the variable %s is empty or not set", s.Name, from.Variable)
		}
	}
	return nil
}

// maxSecret is more than any token or URL has, in bytes.
const maxSecret = 64 << 10

func readSecret(file string) (config.Secret, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	text := config.Secret(strings.TrimSpace(string(raw)))
	switch {
	case text == "":
		return "", fmt.Errorf("%s is empty", file)
	case len(raw) > maxSecret:
		return "", fmt.Errorf("%s holds more than a secret", file)
	}
	return text, nil
}

// needed lists the secrets that the platforms need.
func (p *plan) needed() []Secret {
	return slices.DeleteFunc(Secrets(), func(s Secret) bool {
		return !slices.Contains(p.platforms, s.platform) || s.mode != "" && s.mode != p.mode
	})
}

// missing lists those of them that are not there yet.
func (p *plan) missing() []Secret {
	return slices.DeleteFunc(p.needed(), func(s Secret) bool { return p.secrets[s.Key] != "" })
}

// lacking names the flags without which nothing can be written. A region is
// not among them: without one, no country is assumed.
func (p *plan) lacking() []string {
	if len(p.platforms) == 0 {
		return []string{"--platform"}
	}
	var out []string
	for _, s := range p.missing() {
		out = append(out, "--"+s.Name+"-file or --"+s.Name+"-env")
	}
	return out
}

// done says what was written and what to do next, in order.
func (p *plan) done(texts *responses.Texts, paths []string) string {
	file := paths[0]
	var steps []string
	for _, name := range p.platforms {
		steps = append(steps, texts.Say("firstrun.step.join."+name, "file", file))
	}
	run := texts.Say("firstrun.step.run", "file", file)
	for _, name := range p.platforms {
		run += " " + texts.Say("firstrun.step.setup."+name)
	}
	steps = append(steps, run, texts.Say("firstrun.step.doctor", "file", file))
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", texts.Say("firstrun.written", "files", strings.Join(paths, ", ")), texts.Say("firstrun.next"))
	for i, s := range steps {
		fmt.Fprintf(&b, "%d. %s\n", i+1, s)
	}
	return b.String()
}
