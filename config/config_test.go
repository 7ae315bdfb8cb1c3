package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// write puts a configuration into a folder of its own and gives its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "waymark.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustLoad(t *testing.T, text string, environ ...string) Config {
	t.Helper()
	c, err := Load(Options{File: write(t, text), Environ: environ})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return c
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	path := write(t, "")
	c, err := Load(Options{File: path})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		File: path, Dir: filepath.Dir(path),
		Discord:   Discord{BaseURL: "https://discord.com/"},
		Slack:     Slack{Mode: SocketMode, BaseURL: "https://slack.com/api/", Workspaces: []string{}},
		Database:  Database{URL: Secret(filepath.Join(filepath.Dir(path), "waymark.db"))},
		HTTP:      HTTP{Listen: "127.0.0.1:8085"},
		Region:    "unknown",
		Language:  "en",
		Servers:   []Server{},
		Retention: Retention{Cases: 90 * 24 * time.Hour, Signs: 14 * 24 * time.Hour, Audit: 365 * 24 * time.Hour},
		Log:       Log{Level: slog.LevelInfo, Format: "text"},

		LexiconLanguages: []string{"en"},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("defaults:\n got %+v\nwant %+v", c, want)
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	var doc yaml.Node
	if err := yaml.Unmarshal(defaults, &doc); err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	var walk func(n *yaml.Node, prefix string)
	walk = func(n *yaml.Node, prefix string) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], n.Content[i+1]
			key := join(prefix, name.Value)
			if value.Kind == yaml.MappingNode {
				walk(value, key)
				continue
			}
			if documented[key] = true; name.HeadComment == "" {
				t.Errorf("%s has no comment in default.yaml", key)
			}
		}
	}
	walk(doc.Content[0], "")
	known := map[string]bool{}
	for _, key := range shapeOf(reflect.TypeFor[Config]()).leaves("") {
		secret, isFile := strings.CutSuffix(key, fileSuffix)
		if !documented[key] && !(isFile && documented[secret]) {
			t.Errorf("%s is not in default.yaml", key)
		}
		known[key] = true
	}
	maps.DeleteFunc(documented, func(key string, _ bool) bool { return known[key] })
	for key := range documented {
		t.Errorf("default.yaml holds %s, which is no key", key)
	}
	for name := range shapeOf(reflect.TypeFor[Server]()).below {
		if !strings.Contains(string(defaults), " "+name+": ") {
			t.Errorf("default.yaml does not show servers[].%s", name)
		}
	}
}

// samples holds a value for every key that is not its default.
var samples = map[string]string{
	"discord.token":        "discord-token-for-tests",
	"discord.base_url":     "http://127.0.0.1:4001/",
	"discord.automod":      "true",
	"slack.bot_token":      "xoxb-for-tests",
	"slack.app_token":      "xapp-for-tests",
	"slack.signing_secret": "signing-secret-for-tests",
	"slack.mode":           "http",
	"slack.base_url":       "http://127.0.0.1:4002/api/",
	"slack.client_id":      "123.456",
	"slack.client_secret":  "client-secret-for-tests",
	"slack.address":        "https://waymark.example.org/",
	"slack.workspaces":     "[T1, T2]",
	"playground.url":       "http://127.0.0.1:8086/",
	"playground.token":     "playground-token-for-tests",
	"database.url":         "postgres://waymark:password-for-tests@db.example.org/waymark",
	"http.listen":          "0.0.0.0:9000",
	"region":               "Wales",
	"language":             "cy",
	"servers":              `[{platform: discord, id: "12", staff_channel: 34, leads: [56, 78], region: US, threshold: high, watch: [90]}]`,
	"secret_key":           "a-secret-key-for-tests-0123456789",
	"retention.cases":      "30d",
	"retention.signs":      "1w",
	"retention.audit":      "800h",
	"log.level":            "debug",
	"log.format":           "json",
	"lexicon":              ".",
	"lexicon_languages":    "[en, es]",
	"skip_bots":            "true",
}

// many are the variables for several workspaces.
var many = []string{"WAYMARK_SLACK_MODE=http", "WAYMARK_SLACK_SIGNING_SECRET=signing-secret-for-tests", "WAYMARK_SLACK_CLIENT_ID=1.2",
	"WAYMARK_SLACK_CLIENT_SECRET=client-secret-for-tests", "WAYMARK_SLACK_ADDRESS=https://waymark.example.org"}

// manyBut leaves out one of them.
func manyBut(name string) []string {
	return slices.DeleteFunc(slices.Clone(many), func(v string) bool { return strings.HasPrefix(v, name+"=") })
}

// needed are the variables without which a key cannot be set alone.
var needed = map[string][]string{
	"slack.bot_token":      {"WAYMARK_SLACK_APP_TOKEN=xapp-for-tests"},
	"slack.app_token":      {"WAYMARK_SLACK_BOT_TOKEN=xoxb-for-tests"},
	"slack.signing_secret": {"WAYMARK_SLACK_BOT_TOKEN=xoxb-for-tests", "WAYMARK_SLACK_MODE=http"},
	"slack.client_id":      manyBut("WAYMARK_SLACK_CLIENT_ID"),
	"slack.client_secret":  manyBut("WAYMARK_SLACK_CLIENT_SECRET"),
	"slack.address":        manyBut("WAYMARK_SLACK_ADDRESS"),
	"slack.workspaces":     many,
	"playground.token":     {"WAYMARK_PLAYGROUND_URL=http://127.0.0.1:8086/"},
}

// field finds a key's field in a Config.
func field(c Config, key string) any {
	v := reflect.ValueOf(c)
	for name := range strings.SplitSeq(key, ".") {
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("mapstructure") == name {
				v = v.Field(i)
				break
			}
		}
	}
	return v.Interface()
}

func TestEveryKeyFromTheEnvironment(t *testing.T) {
	for _, key := range shapeOf(reflect.TypeFor[Config]()).leaves("") {
		if strings.HasSuffix(key, fileSuffix) {
			continue
		}
		t.Run(key, func(t *testing.T) {
			without := mustLoad(t, "")
			with := mustLoad(t, "", append(slices.Clone(needed[key]), EnvName(key)+"="+samples[key])...)
			if reflect.DeepEqual(field(with, key), field(without, key)) {
				t.Errorf("%s changes nothing: %v", EnvName(key), field(with, key))
			}
			s, secret := field(with, key).(Secret)
			if !secret {
				return
			}
			if s.Reveal() != samples[key] {
				t.Errorf("%s does not arrive", EnvName(key))
			}
			path := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(path, []byte(samples[key]+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			with = mustLoad(t, "", append(slices.Clone(needed[key]), EnvName(key)+"_FILE="+path)...)
			if s := field(with, key).(Secret); s.Reveal() != samples[key] {
				t.Errorf("%s_FILE does not arrive", EnvName(key))
			}
		})
	}
}

func TestServersFromAFile(t *testing.T) {
	c := mustLoad(t, `
region: england
servers:
  - platform: Discord
    id: 123456789012345678   # not in quotes: still whole
    staff_channel: "234567890123456789"
    leads: [345678901234567890]
    threshold: HIGH
  - {platform: slack, id: T0123, staff_channel: C0123, watch: [C1, C2], region: northern ireland}
`)
	want := []Server{
		{Platform: "discord", ID: "123456789012345678", StaffChannel: "234567890123456789", Leads: []string{"345678901234567890"}, Threshold: "high"},
		{Platform: "slack", ID: "T0123", StaffChannel: "C0123", Watch: []string{"C1", "C2"}, Region: "Northern Ireland"},
	}
	if !reflect.DeepEqual(c.Servers, want) {
		t.Errorf("servers:\n got %+v\nwant %+v", c.Servers, want)
	}
	if c.Region != "England" {
		t.Errorf("region is %q", c.Region)
	}
}

func TestTheEnvironmentWins(t *testing.T) {
	secret := write(t, "from-the-file-of-its-own\n")
	c := mustLoad(t, "discord: {token: from-the-yaml, base_url: http://yaml.example/}\nregion: US",
		"WAYMARK_DISCORD_TOKEN_FILE="+secret, "WAYMARK_REGION=Ireland", "WAYMARK_DISCORD_BASE_URL=", "OTHER_REGION=x")
	if got := c.Discord.Token.Reveal(); got != "from-the-file-of-its-own" {
		t.Errorf("token is %q", got)
	}
	if c.Region != "Ireland" || c.Discord.BaseURL != "http://yaml.example/" {
		t.Errorf("region %q, base_url %q", c.Region, c.Discord.BaseURL)
	}
}

func TestRelativePathsStartAtTheFile(t *testing.T) {
	path := write(t, "discord: {token_file: token}\nlexicon: rules\ndatabase: {url: data/cases.db}")
	dir := filepath.Dir(path)
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "token"), []byte(" abc \r\n"), 0o600), os.Mkdir(filepath.Join(dir, "rules"), 0o700)); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Options{File: path})
	if err != nil {
		t.Fatal(err)
	}
	if c.Discord.Token.Reveal() != "abc" || c.Lexicon != filepath.Join(dir, "rules") || c.Database.URL.Reveal() != filepath.Join(dir, "data/cases.db") {
		t.Errorf("token %q, lexicon %q, database %q", c.Discord.Token.Reveal(), c.Lexicon, c.Database.URL.Reveal())
	}
}

func TestTheFileThatIsRead(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	region := func(o Options) string {
		t.Helper()
		c, err := Load(o)
		if err != nil {
			t.Fatal(err)
		}
		return c.Region
	}
	if got := region(Options{}); got != "unknown" {
		t.Errorf("without any file: %s", got)
	}
	for name, text := range map[string]string{"waymark.yaml": "region: UK", "env.yaml": "region: US", "flag.yaml": "region: EU"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := region(Options{}); got != "UK" {
		t.Errorf("with ./waymark.yaml: %s", got)
	}
	env := []string{"WAYMARK_CONFIG=env.yaml"}
	if got := region(Options{Environ: env}); got != "US" {
		t.Errorf("with WAYMARK_CONFIG: %s", got)
	}
	if got := region(Options{File: "flag.yaml", Environ: env}); got != "EU" {
		t.Errorf("with a file named: %s", got)
	}
	if _, err := Load(Options{File: "absent.yaml"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("with a file that is not there: %v", err)
	}
	if _, err := Load(Options{File: dir}); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("with a folder: %v", err)
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		name, yaml string
		env        []string
		want       []string // each line, FILE standing for the file
	}{
		{"misspelt key", "discord:\n  tokn: abc", nil, []string{"FILE:2: discord.tokn: no such key; the keys here are token, token_file, base_url, automod"}},
		{"misspelt section", "\ndiscrod: {}", nil, []string{"FILE:2: discrod: no such key; the keys here are discord, slack, playground, database, http, region, language, servers, secret_key, secret_key_file, retention, log, lexicon, lexicon_languages, skip_bots"}},
		{"dotted key", "discord.token: abc", nil, []string{"FILE:1: discord.token: no such key; the keys here are discord, slack, playground, database, http, region, language, servers, secret_key, secret_key_file, retention, log, lexicon, lexicon_languages, skip_bots"}},
		{"twice", "region: UK\nRegion: US", nil, []string{"FILE:2: region: stands here twice; leave one"}},
		{"no mapping", "- a", nil, []string{"FILE:1: needs keys below it, as in config/default.yaml"}},
		{"a value where keys belong", "discord: abc", nil, []string{"FILE:1: discord: needs keys below it, as in config/default.yaml"}},
		{"keys where a value belongs", "region: {name: UK}", nil, []string{"FILE:1: region: takes one value, not several"}},
		{"no list", "servers: {platform: discord}", nil, []string{"FILE:1: servers: takes a list"}},
		{"no YAML", "discord:\n  token: 'abc\n", nil, []string{"FILE:2: is no YAML: found unexpected end of stream"}},
		{"alias", "region: *uk", nil, []string{"FILE:1: is no YAML: unknown anchor ... referenced"}},
		{"anchor", "region: &uk UK", nil, []string{"FILE:1: region: anchors and aliases are not used here; put a value that begins with & or * in quotes"}},
		{"two documents", "region: UK\n---\nregion: US", nil, []string{"FILE:2: holds more than one document; leave out the line ---"}},
		{"language", "language: klingon", nil, []string{"FILE:1: language: takes en, en-US, cy, de, es, fr, pl or pt"}},
		{"region", "region: Englnd", nil, []string{"FILE:1: region: takes UK, England, Scotland, Wales, Northern Ireland, Ireland, US, Canada, Australia, New Zealand, India, South Africa, EU or unknown"}},
		{"duration", "retention: {cases: 90}", nil, []string{"FILE:1: retention.cases: takes a time such as 90d, 2w or 36h"}},
		{"negative duration", "retention: {cases: -90h}", nil, []string{"FILE:1: retention.cases: takes 1d to 36500d"}},
		{"short duration", "retention: {signs: 2d}", nil, []string{"FILE:1: retention.signs: takes 3d to 36500d"}},
		{"long duration", "retention: {audit: 60000w}", nil, []string{"FILE:1: retention.audit: takes a time such as 90d, 2w or 36h"}},
		{"level", "log: {level: loud}", nil, []string{"FILE:1: log.level: takes debug, info, warn or error"}},
		{"format", "log: {format: xml}", nil, []string{"FILE:1: log.format: takes text or json"}},
		{"listen", "http: {listen: 8085}", nil, []string{"FILE:1: http.listen: takes host:port, such as 127.0.0.1:8085"}},
		{"listen port", "http: {listen: '127.0.0.1:70000'}", nil, []string{"FILE:1: http.listen: takes host:port, such as 127.0.0.1:8085"}},
		{"URL", "discord: {base_url: discord.com}\nslack: {base_url: 'ftp://slack.com'}", nil, []string{
			"FILE:1: discord.base_url: takes an address such as https://example.org/",
			"FILE:2: slack.base_url: takes an address such as https://example.org/"}},
		{"database", "database: {url: 'mysql://db'}", nil, []string{"FILE:1: database.url: takes the path of an SQLite file or a URL that begins with postgres://"}},
		{"database URL", "database: {url: 'postgres://user:p%ss@db/x'}", nil, []string{"FILE:1: database.url: cannot be read as postgres://user:password@host/database; write other characters than letters and digits in the password percent-encoded"}},
		{"database in memory", "database: {url: ':memory:'}", nil, []string{"FILE:1: database.url: takes the path of a file, such as waymark.db"}},
		{"lexicon", "lexicon: nowhere", nil, []string{"FILE:1: lexicon: no such file or directory"}},
		{"lexicon is a file", "lexicon: waymark.yaml", nil, []string{"FILE:1: lexicon: takes a folder, and this is a file"}},
		{"short key", "secret_key: short", nil, []string{"FILE:1: secret_key: has 5 characters, and needs at least 32"}},
		{"half a Slack", "slack: {bot_token: xoxb-1}", nil, []string{"slack.app_token: is missing: slack.mode is socket, and there is a bot token. Set it here, as WAYMARK_SLACK_APP_TOKEN, or in a file named by WAYMARK_SLACK_APP_TOKEN_FILE"}},
		{"the other half", "slack: {app_token: xapp-1}", nil, []string{"slack.bot_token: is missing: Slack is set up but for it. Set it here, as WAYMARK_SLACK_BOT_TOKEN, or in a file named by WAYMARK_SLACK_BOT_TOKEN_FILE"}},
		{"http without secret", "slack: {bot_token: xoxb-1, app_token: xapp-1, mode: http}", nil, []string{"slack.signing_secret: is missing: slack.mode is http, and there is a bot token. Set it here, as WAYMARK_SLACK_SIGNING_SECRET, or in a file named by WAYMARK_SLACK_SIGNING_SECRET_FILE"}},
		{"half of many workspaces", "slack:\n  client_id: '1.2'\n  bot_token: xoxb-1", nil, []string{
			"slack.mode: takes http where workspaces are to install the bot by themselves",
			"FILE:3: slack.bot_token: is for one workspace, and workspaces are to install the bot by themselves; leave it out",
			"slack.client_secret: is missing: workspaces are to install the bot by themselves. Set it here, as WAYMARK_SLACK_CLIENT_SECRET, or in a file named by WAYMARK_SLACK_CLIENT_SECRET_FILE",
			"slack.signing_secret: is missing: workspaces are to install the bot by themselves. Set it here, as WAYMARK_SLACK_SIGNING_SECRET, or in a file named by WAYMARK_SLACK_SIGNING_SECRET_FILE",
			"slack.address: is missing: workspaces are to install the bot by themselves"}},
		{"many workspaces, wrong", "slack:\n  address: http://example.org\n  workspaces: [Hill School]", manyBut("WAYMARK_SLACK_ADDRESS"), []string{
			"FILE:2: slack.address: has to begin with https://: Slack sends nobody back to another address",
			"FILE:3: slack.workspaces[0]: is no id of Slack; take the id, not the name"}},
		{"tokens swapped", "slack:\n  bot_token: xapp-1\n  app_token: xoxb-1", nil, []string{
			"FILE:2: slack.bot_token: is an app-level token (xapp-); the bot token begins with xoxb-",
			"FILE:3: slack.app_token: is a bot token (xoxb-); the app-level token begins with xapp-"}},
		{"token with Bot", "discord: {token: Bot abc}", nil, []string{"FILE:1: discord.token: leave out the word Bot before the token"}},
		{"token with a break", "discord: {token: 'ab c'}", nil, []string{"FILE:1: discord.token: holds a space or a character that no token has; copy it again, alone"}},
		{"playground token alone", "playground: {token: abc}", nil, []string{"playground.url: is missing: there is a playground token"}},
		{"both ways", "discord: {token: abc, token_file: x}", nil, []string{"FILE:1: discord.token: token is given too; leave one of the two"}},
		{"unreadable file", "", []string{"WAYMARK_DISCORD_TOKEN_FILE=/nowhere/token"}, []string{"WAYMARK_DISCORD_TOKEN_FILE: discord.token_file: open /nowhere/token: no such file or directory"}},
		{"empty file", "", []string{"WAYMARK_SECRET_KEY_FILE=/dev/null"}, []string{"WAYMARK_SECRET_KEY_FILE: secret_key_file: the file /dev/null is empty"}},
		{"misspelt variable", "", []string{"WAYMARK_DISCORD_TOKN=abc", "WAYMARK_SERVICE_HOST=10.0.0.1", "WAYMARK_PORT_8085_TCP=x"}, []string{"WAYMARK_DISCORD_TOKN: no such setting; config/default.yaml lists all keys"}},
		{"wrong variable", "", []string{"WAYMARK_REGION=Mars", "WAYMARK_SERVERS=["}, []string{
			"WAYMARK_SERVERS: servers: is no YAML: did not find expected node content",
			"WAYMARK_REGION: region: takes UK, England, Scotland, Wales, Northern Ireland, Ireland, US, Canada, Australia, New Zealand, India, South Africa, EU or unknown"}},
		{"servers", `
servers:
  - platform: irc
    id: x
  - id: "1"
    watch: [general]
  - platform: discord
  - platform: discord
    id: "1"
    leads: ["2", "2", ""]
    threshold: none
    region: Mars
  - {platform: discord, id: "1"}
  - text
`, nil, []string{
			"FILE:14: servers[5]: needs keys below it, as in config/default.yaml",
			"FILE:3: servers[0].platform: takes discord, slack or playground",
			"FILE:5: servers[1].platform: is missing: it takes discord, slack or playground",
			"FILE:7: servers[2].id: is missing: it takes the server's id",
			"FILE:10: servers[3].leads[1]: stands in the list twice",
			"FILE:10: servers[3].leads[2]: is empty",
			"FILE:12: servers[3].region: takes UK, England, Scotland, Wales, Northern Ireland, Ireland, US, Canada, Australia, New Zealand, India, South Africa, EU or unknown",
			"FILE:11: servers[3].threshold: takes low, medium, high or urgent",
			"FILE:13: servers[4].id: is the same server as servers[3]; leave one",
		}},
		{"names for ids", "servers: [{platform: discord, id: my-server, staff_channel: '#staff'}]", nil, []string{
			"FILE:1: servers[0].id: is no id of discord; take the id, not the name",
			"FILE:1: servers[0].staff_channel: is no id of discord; take the id, not the name"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, c.yaml)
			_, err := Load(Options{File: path, Environ: c.env})
			var m Mistakes
			if !errors.As(err, &m) {
				t.Fatalf("the error is %v", err)
			}
			var got []string
			for _, one := range m {
				got = append(got, strings.Replace(one.String(), path, "FILE", 1))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("mistakes:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	path := write(t, "region: Mars\nhttp: {listen: x}\nlog: {level: loud, shape: round}\n")
	_, err := Load(Options{File: path, Environ: []string{"WAYMARK_SLACK_BOT_TOKEN=xoxb-1"}})
	want := strings.ReplaceAll(`the configuration has 5 mistakes:
  FILE:3: log.level: takes debug, info, warn or error
  FILE:3: log.shape: no such key; the keys here are level, format
  slack.app_token: is missing: slack.mode is socket, and there is a bot token. Set it here, as WAYMARK_SLACK_APP_TOKEN, or in a file named by WAYMARK_SLACK_APP_TOKEN_FILE
  FILE:2: http.listen: takes host:port, such as 127.0.0.1:8085
  FILE:1: region: takes UK, England, Scotland, Wales, Northern Ireland, Ireland, US, Canada, Australia, New Zealand, India, South Africa, EU or unknown`, "  FILE:", "  "+path+":")
	if fmt.Sprint(err) != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestNoSecretReachesAnError puts a secret where each key could go wrong.
func TestNoSecretReachesAnError(t *testing.T) {
	const marker = "sesame9opens2"
	texts := []string{
		"discord: {token: [%s]}", "discord: {token: {%s: x}}", "discord: {token: %s x}", "discord: {token: *%s}", "discord: {token: &%s}",
		"discord: {token: '%s}", "discord: {token: \"%s\\q\"}", "discord: {token: !%s}", "discord: {%s}", "discord: %s", "%s", "%s: x", "[%s]",
		"discord: {token: %%%s}", "discord: {token: @%s}", "discord: {token: `%s}", "- %s\n- x: [", "discord:\n\ttoken: %s", "discord: {token: a: %s}",
		"discord: {token: x, token_file: %s}", "slack: {bot_token: xapp-%s, app_token: 'x %s'}", "slack: {mode: %s, bot_token: %s}",
		"database: {url: 'postgres://a:%s%%zz@h/d'}", "database: {url: 'mysql://a:%s@h/d'}", "database: {url: 'postgres://a:%s@/d'}",
		"secret_key: se%s", "region: %s", "http: {listen: %s}", "slack: {base_url: 'https://x:%s@h/'}", "retention: {cases: %s}", "log: {level: %s}",
		"servers: [{platform: %s, id: %s, leads: [%s, %s]}]", "servers: %s", "? {%s: x}\n: y", "<<: {token: %s}", "discord: {token: |\n %s\n x}",
		"%%%s: x", "%%YAML %s\n---\nx: y", "!!int %s", "x: \xff%s",
	}
	for key := range samples {
		texts = append(texts, "ENV "+EnvName(key)+"=[%s", "ENV "+EnvName(key)+"=%s\x01")
	}
	for _, text := range texts {
		text = strings.ReplaceAll(text, "%s", marker)
		text = strings.ReplaceAll(text, "%%", "%")
		var err error
		if env, ok := strings.CutPrefix(text, "ENV "); ok {
			_, err = Load(Options{File: write(t, ""), Environ: []string{env}})
		} else {
			_, err = Load(Options{File: write(t, text)})
		}
		if err != nil && strings.Contains(err.Error(), marker) {
			t.Errorf("%q: the error shows it: %v", text, err)
		}
	}
}

func TestKey(t *testing.T) {
	c := mustLoad(t, "")
	first, err := c.Key(ForReports)
	if err != nil || len(first) != 32 {
		t.Fatalf("Key: %d bytes, %v", len(first), err)
	}
	path := filepath.Join(c.Dir, "waymark.key")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info, err)
	}
	if other, err := c.Key(ForTokens); err != nil || slices.Equal(first, other) {
		t.Errorf("two uses share a key, %v", err)
	}
	if again, err := c.Key(ForReports); err != nil || !slices.Equal(first, again) {
		t.Errorf("the key changed, %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(c.Dir, ".waymark-key-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	raw, _ := os.ReadFile(path)
	if secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw))); err != nil || slices.Equal(secret, first) {
		t.Errorf("the file holds the derived key itself, or no key: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Key(ForReports); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
	c.SecretKey = Secret(strings.Repeat("k", 32))
	if other, err := c.Key(ForReports); err != nil || slices.Equal(first, other) {
		t.Errorf("secret_key makes no difference, %v", err)
	}
}

func TestKeyIsMadeOnce(t *testing.T) {
	c := mustLoad(t, "")
	keys := make(chan string, 8)
	for range cap(keys) {
		go func() {
			k, err := c.Key(ForReports)
			keys <- fmt.Sprintf("%x %v", k, err)
		}()
	}
	first := <-keys
	for range cap(keys) - 1 {
		if k := <-keys; k != first {
			t.Fatal("programs that start together get different keys")
		}
	}
}

func TestLexiconHoldsTheLanguages(t *testing.T) {
	for _, l := range LexiconLanguages() {
		found, err := fs.ReadDir(Lexicon(l), ".")
		if err != nil || len(found) != 1 || found[0].Name() != l || !found[0].IsDir() {
			t.Errorf("%s: %v, %v", l, found, err)
		}
	}
	found, err := fs.ReadDir(Lexicon(), ".")
	if err != nil || len(found) != 1 || found[0].Name() != "en" {
		t.Errorf("by itself: %v, %v", found, err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(defaults)
	f.Add([]byte("servers: [{platform: discord, id: 1, leads: [2, null, {}]}, 3]\n---\n"))
	f.Add([]byte("discord: &a {token: *a}\n<<: *a"))
	f.Add([]byte("? [a]\n: !!binary x\ndatabase: {url: 'postgres://a:b@c/d?host=e'}\nretention: {cases: 1e9h}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := load("waymark.yaml", raw, nil)
		var m Mistakes
		if err != nil && !errors.As(err, &m) {
			t.Fatalf("an error that is no list of mistakes: %v", err)
		}
		if err == nil && (c.Region == "" || c.HTTP.Listen == "" || c.Database.URL == "") {
			t.Fatalf("a default is lost: %+v", c)
		}
	})
}
