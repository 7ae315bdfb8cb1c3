package firstrun

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"

	"github.com/waymark-bot/waymark/config"
)

//go:embed waymark.yaml.tmpl
var layout string

var layoutOf = template.Must(template.New(config.DefaultFile).Parse(layout))

// written is one file of the configuration.
type written struct {
	name string
	text []byte
}

// write writes the configuration and, in files beside it, the secrets, all
// readable by their owner alone, and returns their paths, the configuration
// first. Nothing is written where config would refuse it or, without force,
// where one of the files is there already.
func (p *plan) write() (paths []string, err error) {
	files, err := p.files()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := p.free(f.name); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder: %w", err)
	}
	stage, err := os.MkdirTemp(p.dir, ".waymark-init-*") // for the owner alone
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(stage)) }()
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(stage, f.name), f.text, 0o600); err != nil {
			return nil, fmt.Errorf("write the configuration: %w", err)
		}
	}
	if _, err := config.Load(config.Options{File: filepath.Join(stage, config.DefaultFile)}); err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), stage+string(filepath.Separator), ""))
	}
	// The configuration comes last: while it is not there, nothing is read.
	for i := len(files) - 1; i >= 0; i-- {
		to := filepath.Join(p.dir, files[i].name)
		if err := p.place(filepath.Join(stage, files[i].name), to); err != nil {
			return nil, err
		}
		paths = append([]string{to}, paths...)
	}
	return paths, nil
}

// free says whether a file is there already that must not be replaced.
func (p *plan) free(name string) error {
	path := filepath.Join(p.dir, name)
	if _, err := os.Lstat(path); err == nil && !p.force {
		return exists(path)
	}
	return nil
}

// place moves a file to where it belongs. Without force it takes nobody's
// place, even if that came up this moment.
func (p *plan) place(from, to string) error {
	if p.force {
		if err := os.Rename(from, to); err != nil {
			return fmt.Errorf("write %s: %w", to, errors.Unwrap(err))
		}
		return nil
	}
	err := os.Link(from, to)
	if errors.Is(err, os.ErrExist) {
		return exists(to)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", to, errors.Unwrap(err))
	}
	return nil
}

func exists(path string) error {
	return fmt.Errorf("%s is there already; --force replaces it, --dir names another folder", path)
}

// files are the configuration's, that of the keys first.
func (p *plan) files() ([]written, error) {
	page := struct {
		Discord, Slack, SlackHTTP                bool
		DiscordFile, BotFile, AppFile, SignsFile string
		Region, Database, DatabaseFile           string
	}{
		SlackHTTP: p.mode == config.HTTPMode, Region: p.region,
	}
	if page.Region == "" {
		page.Region = "unknown"
	}
	if p.database != "" {
		quoted, err := yaml.Marshal(p.database)
		if err != nil {
			return nil, fmt.Errorf("write database.url: %w", err)
		}
		page.Database = strings.TrimSpace(string(quoted))
	}
	out := []written{{name: config.DefaultFile}}
	file := func(key, name string) string {
		name = "waymark." + name
		out = append(out, written{name, append([]byte(p.secrets[key].Reveal()), '\n')})
		return name
	}
	for _, s := range p.needed() {
		into := map[string]*string{"discord.token": &page.DiscordFile, "slack.bot_token": &page.BotFile,
			"slack.app_token": &page.AppFile, "slack.signing_secret": &page.SignsFile}[s.Key]
		*into = file(s.Key, s.Name)
	}
	if p.secrets[databaseURL] != "" {
		page.DatabaseFile = file(databaseURL, "database-url")
	}
	page.Discord, page.Slack = page.DiscordFile != "", page.BotFile != ""
	var text bytes.Buffer
	if err := layoutOf.Execute(&text, page); err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	out[0].text = text.Bytes()
	return out, nil
}
