// Package config owns the program's configuration: what can be set, its
// defaults, where values come from and whether they make sense. It also embeds
// the detector's rules, which are data. It connects to nothing and decides
// nothing for the rest of the program.
//
// default.yaml is both the defaults and the documentation of every key.
package config

import (
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

//go:embed default.yaml
var defaults []byte

//go:embed lexicon
var lexicon embed.FS

// LexiconLanguages are the languages for which the program has detector's
// rules. English is complete; the others hold the textbook phrasings alone, and
// no native reader who knows safeguarding has reviewed them yet.
func LexiconLanguages() (out []string) {
	folders, err := lexicon.ReadDir("lexicon")
	if err != nil { // it is embedded
		panic(err)
	}
	for _, f := range folders {
		out = append(out, f.Name())
	}
	return out
}

// Lexicon holds the detector's rules that come with the program for some
// languages, a folder each ("en/..."); for none, English.
func Lexicon(languages ...string) fs.FS {
	if len(languages) == 0 {
		languages = []string{"en"}
	}
	sub, err := fs.Sub(lexicon, "lexicon")
	if err != nil { // only an invalid name can fail, and this one is not
		panic(err)
	}
	return folders{sub, languages}
}

// folders is a file system of which only some folders are listed.
type folders struct {
	fs.FS
	names []string
}

// ReadDir lists a folder; fs.WalkDir goes by it.
func (f folders) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(f.FS, name)
	if name == "." {
		all = slices.DeleteFunc(all, func(d fs.DirEntry) bool { return !slices.Contains(f.names, d.Name()) })
	}
	return all, err
}

// Rules are where the detector's rules are read from: the program's own, and
// the folder of further ones where one is set.
func (c Config) Rules() []fs.FS {
	roots := []fs.FS{Lexicon(c.LexiconLanguages...)}
	if c.Lexicon != "" {
		roots = append(roots, os.DirFS(c.Lexicon))
	}
	return roots
}

// DefaultFile is the file that is read when none is named, if it is there.
const DefaultFile = "waymark.yaml"

// Config is the whole configuration, checked. The keys are those of
// default.yaml, which says what each is for.
type Config struct {
	// File is the file that was read, as it was named; empty where there was
	// none. Dir is the absolute folder at which relative paths start.
	File string `mapstructure:"-"`
	Dir  string `mapstructure:"-"`

	Discord    Discord    `mapstructure:"discord"`
	Slack      Slack      `mapstructure:"slack"`
	Playground Playground `mapstructure:"playground"`
	Database   Database   `mapstructure:"database"`
	HTTP       HTTP       `mapstructure:"http"`
	Region     string     `mapstructure:"region"`   // one of Regions
	Language   string     `mapstructure:"language"` // one of Languages
	Servers    []Server   `mapstructure:"servers"`
	SecretKey  Secret     `mapstructure:"secret_key"` // use Key
	Retention  Retention  `mapstructure:"retention"`
	Log        Log        `mapstructure:"log"`
	// Lexicon is the absolute path of a folder with further rule files; empty
	// for none.
	Lexicon string `mapstructure:"lexicon"`
	// LexiconLanguages are those whose rules are used, of LexiconLanguages.
	LexiconLanguages []string `mapstructure:"lexicon_languages"`
	// SkipBots leaves out what other bots and webhooks write.
	SkipBots bool `mapstructure:"skip_bots"`
}

// Discord is used where Token is set.
type Discord struct {
	Token   Secret `mapstructure:"token"`
	BaseURL string `mapstructure:"base_url"` // ends with a slash
	AutoMod bool   `mapstructure:"automod"`  // without the message content intent
}

// Slack is used where BotToken is set, or ClientID for many workspaces. In
// SocketMode AppToken is set then, in HTTPMode SigningSecret.
type Slack struct {
	BotToken      Secret `mapstructure:"bot_token"`
	AppToken      Secret `mapstructure:"app_token"`
	SigningSecret Secret `mapstructure:"signing_secret"`
	Mode          string `mapstructure:"mode"`
	BaseURL       string `mapstructure:"base_url"` // ends with a slash
	// ClientID, ClientSecret and Address are set together, in HTTPMode.
	ClientID     string   `mapstructure:"client_id"`
	ClientSecret Secret   `mapstructure:"client_secret"`
	Address      string   `mapstructure:"address"`    // ends with a slash
	Workspaces   []string `mapstructure:"workspaces"` // that may install; empty for any
}

// Used says whether the bot connects to Slack.
func (s Slack) Used() bool { return s.BotToken != "" || s.Many() }

// Many says whether workspaces install the bot by themselves.
func (s Slack) Many() bool { return s.ClientID != "" }

// The ways in which Slack's events arrive.
const (
	SocketMode = "socket"
	HTTPMode   = "http"
)

// Playground is a playground served elsewhere; used where URL is set.
type Playground struct {
	URL   string `mapstructure:"url"` // ends with a slash
	Token Secret `mapstructure:"token"`
}

// Database says where cases are kept. URL is a postgres URL or the absolute
// path of an SQLite file.
type Database struct {
	URL Secret `mapstructure:"url"`
}

// HTTP is the program's own listener.
type HTTP struct {
	Listen string `mapstructure:"listen"` // host:port; the host may be empty
}

// Server is what is known beforehand about one server.
type Server struct {
	Platform     string   `mapstructure:"platform"` // discord, slack or playground
	ID           string   `mapstructure:"id"`
	StaffChannel string   `mapstructure:"staff_channel"` // empty where it is to be set in chat
	StaffRole    string   `mapstructure:"staff_role"`
	Leads        []string `mapstructure:"leads"`
	Region       string   `mapstructure:"region"`    // one of Regions, or empty for the Config's
	Language     string   `mapstructure:"language"`  // one of Languages, or empty for the Config's
	Threshold    string   `mapstructure:"threshold"` // a severity's name, or empty for the default
	Watch        []string `mapstructure:"watch"`     // channels to read; empty for all
}

// Retention says how long what is kept is kept.
type Retention struct {
	Cases time.Duration `mapstructure:"cases"` // after closing
	Signs time.Duration `mapstructure:"signs"` // that belong to no case
	Audit time.Duration `mapstructure:"audit"`
}

// Log says how the program logs.
type Log struct {
	Level  slog.Level `mapstructure:"level"`
	Format string     `mapstructure:"format"` // text or json
}

// Regions are the regions that help is known for, and unknown. The names are
// the contract's.
func Regions() []string {
	return []string{"UK", "England", "Scotland", "Wales", "Northern Ireland", "Ireland", "US", "Canada",
		"Australia", "New Zealand", "India", "South Africa", "EU", "unknown"}
}

// Languages are the languages that texts are there for, as BCP 47 tags.
func Languages() []string { return []string{"en", "en-US", "cy", "de", "es", "fr", "pl", "pt"} }

// Options say where to read from.
type Options struct {
	// File is the YAML file. Where it is empty, the file named by
	// WAYMARK_CONFIG is read, else DefaultFile if it is there.
	File string
	// Environ holds the environment as os.Environ gives it; nil for none.
	Environ []string
}

// Load reads and checks the configuration. It keeps nothing between calls, so
// that a reload is a second call. Where anything is wrong the error is a
// Mistakes that lists all of it; it never holds a secret.
func Load(o Options) (Config, error) {
	env := environment(o.Environ)
	file, raw, err := readFile(o.File, env["WAYMARK_CONFIG"])
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	return load(file, raw, env)
}

func load(file string, raw []byte, env map[string]string) (Config, error) {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return Config{}, fmt.Errorf("find the configuration's folder: %w", err)
	}
	r := newReading(dir)
	r.yaml(file, raw)
	r.env(env)
	r.secretFiles()
	c, err := r.decode()
	if err != nil {
		return Config{}, err
	}
	c.File, c.Dir = file, dir
	r.check(&c)
	if len(r.mistakes) > 0 {
		return Config{}, r.mistakes
	}
	return c, nil
}

// maxFile bounds a configuration file, and so the memory that reading one takes.
const maxFile = 1 << 20

// readFile finds and reads the file; its name is empty where there is none.
func readFile(asked, byEnv string) (name string, raw []byte, err error) {
	name = asked
	if name == "" {
		name = byEnv
	}
	if name == "" {
		if _, err := os.Stat(DefaultFile); err != nil {
			return "", nil, nil //nolint:nilerr // no file is as good as any
		}
		name = DefaultFile
	}
	raw, err = readBounded(name, maxFile)
	return name, raw, err
}
