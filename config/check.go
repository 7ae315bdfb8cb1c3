package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The platforms' names, as adapters give them.
var platforms = []string{"discord", "slack", "playground"}

// thresholds are the severities from which staff can be alerted; the names are
// the contract's.
var thresholds = []string{"low", "medium", "high", "urgent"}

// check says what of the values makes no sense, and brings what does into one
// form: absolute paths, region names in their own spelling, URLs with a slash.
func (r *reading) check(c *Config) {
	r.checkDiscord(&c.Discord)
	r.checkSlack(&c.Slack)
	r.checkPlayground(&c.Playground)
	r.checkDatabase(&c.Database)
	r.checkListen(c.HTTP.Listen)
	r.checkRegion("region", &c.Region)
	r.checkOneOf("language", &c.Language, Languages())
	r.checkServers(c.Servers)
	if n := len([]rune(c.SecretKey.Reveal())); c.SecretKey != "" && n < minKey {
		r.wrongValue("secret_key", "has %d characters, and needs at least %d", n, minKey)
	}
	r.checkAtLeast("retention.cases", c.Retention.Cases, 1)
	r.checkAtLeast("retention.signs", c.Retention.Signs, 3)
	r.checkAtLeast("retention.audit", c.Retention.Audit, 1)
	r.checkOneOf("log.format", &c.Log.Format, []string{"text", "json"})
	r.checkFolder("lexicon", &c.Lexicon)
	for i := range c.LexiconLanguages {
		r.checkOneOf("lexicon_languages", &c.LexiconLanguages[i], LexiconLanguages())
	}
}

// wrongValue reports a value at the place it came from, once.
func (r *reading) wrongValue(key, format string, a ...any) {
	if !r.flawed(key) {
		r.wrong(key, r.where[key], format, a...)
	}
}

// wrongToken reports what is wrong with the text of a token, if anything is.
func (r *reading) wrongToken(key string, s Secret) {
	if strings.ContainsFunc(s.Reveal(), func(c rune) bool { return c <= ' ' || c > '~' }) {
		r.wrongValue(key, "holds a space or a character that no token has; copy it again, alone")
	}
}

func (r *reading) checkDiscord(d *Discord) {
	if strings.HasPrefix(d.Token.Reveal(), "Bot ") {
		r.wrongValue("discord.token", "leave out the word Bot before the token")
	}
	r.wrongToken("discord.token", d.Token)
	r.checkURL("discord.base_url", &d.BaseURL)
}

func (r *reading) checkSlack(s *Slack) {
	r.checkOneOf("slack.mode", &s.Mode, []string{SocketMode, HTTPMode})
	r.checkURL("slack.base_url", &s.BaseURL)
	r.wrongToken("slack.bot_token", s.BotToken)
	r.wrongToken("slack.app_token", s.AppToken)
	r.wrongToken("slack.signing_secret", s.SigningSecret)
	r.wrongToken("slack.client_secret", s.ClientSecret)
	if strings.HasPrefix(s.BotToken.Reveal(), "xapp-") {
		r.wrongValue("slack.bot_token", "is an app-level token (xapp-); the bot token begins with xoxb-")
	}
	if strings.HasPrefix(s.AppToken.Reveal(), "xoxb-") {
		r.wrongValue("slack.app_token", "is a bot token (xoxb-); the app-level token begins with xapp-")
	}
	needs := func(key string, has Secret, why string) {
		if has == "" {
			r.wrongValue(key, "is missing: %s. Set it here, as %s, or in a file named by %s", why, EnvName(key), EnvName(key+fileSuffix))
		}
	}
	many := s.ClientID != "" || s.ClientSecret != "" || s.Address != "" || len(s.Workspaces) > 0
	switch {
	case many:
		r.checkManyWorkspaces(s, needs)
	case s.BotToken == "" && s.AppToken == "" && s.SigningSecret == "":
	case s.BotToken == "":
		needs("slack.bot_token", s.BotToken, "Slack is set up but for it")
	case s.Mode == SocketMode:
		needs("slack.app_token", s.AppToken, "slack.mode is socket, and there is a bot token")
	case s.Mode == HTTPMode:
		needs("slack.signing_secret", s.SigningSecret, "slack.mode is http, and there is a bot token")
	}
}

// checkManyWorkspaces checks what is needed where workspaces install the bot by
// themselves.
func (r *reading) checkManyWorkspaces(s *Slack, needs func(key string, has Secret, why string)) {
	const why = "workspaces are to install the bot by themselves"
	if s.Mode == SocketMode {
		r.wrongValue("slack.mode", "takes http where %s", why)
	}
	if s.BotToken != "" {
		r.wrongValue("slack.bot_token", "is for one workspace, and %s; leave it out", why)
	}
	if s.ClientID == "" {
		r.wrongValue("slack.client_id", "is missing: %s", why)
	}
	needs("slack.client_secret", s.ClientSecret, why)
	needs("slack.signing_secret", s.SigningSecret, why)
	if s.Address == "" {
		r.wrongValue("slack.address", "is missing: %s", why)
	} else {
		r.checkURL("slack.address", &s.Address)
	}
	if u, err := url.Parse(s.Address); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		r.wrongValue("slack.address", "has to begin with https://: Slack sends nobody back to another address")
	}
	for i, id := range s.Workspaces {
		if !idForm["slack"].MatchString(id) {
			r.wrongValue(fmt.Sprintf("slack.workspaces[%d]", i), "is no id of Slack; take the id, not the name")
		}
	}
}

func (r *reading) checkPlayground(p *Playground) {
	r.wrongToken("playground.token", p.Token)
	if p.URL != "" {
		r.checkURL("playground.url", &p.URL)
	} else if p.Token != "" {
		r.wrongValue("playground.url", "is missing: there is a playground token")
	}
}

// checkDatabase never repeats the URL: it may hold a password.
func (r *reading) checkDatabase(d *Database) {
	text := strings.TrimPrefix(d.URL.Reveal(), "sqlite:")
	scheme, _, isURL := strings.Cut(text, "://")
	switch {
	case !isURL && (text == ":memory:" || strings.HasPrefix(text, "file:")):
		r.wrongValue("database.url", "takes the path of a file, such as waymark.db")
	case !isURL:
		d.URL = Secret(r.path(text))
	case scheme != "postgres" && scheme != "postgresql":
		r.wrongValue("database.url", "takes the path of an SQLite file or a URL that begins with postgres://")
	default:
		if u, err := url.Parse(text); err != nil || u.Host == "" && !u.Query().Has("host") {
			r.wrongValue("database.url", "cannot be read as postgres://user:password@host/database; write other characters than letters and digits in the password percent-encoded")
		}
	}
}

// checkURL takes http and https addresses without anything after the path, and
// lets them end with a slash.
func (r *reading) checkURL(key string, text *string) {
	u, err := url.Parse(*text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		r.wrongValue(key, "takes an address such as https://example.org/")
		return
	}
	if !strings.HasSuffix(*text, "/") {
		*text += "/"
	}
}

func (r *reading) checkListen(addr string) {
	host, port, err := net.SplitHostPort(addr)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || strings.ContainsAny(host, " /") {
		r.wrongValue("http.listen", "takes host:port, such as 127.0.0.1:8085")
	} else if n == 0 && !isLoopback(host) {
		r.wrongValue("http.listen", "port 0 takes any free port; name one")
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// checkOneOf takes one of the names, in capitals or not.
func (r *reading) checkOneOf(key string, text *string, names []string) {
	for _, n := range names {
		if strings.EqualFold(n, *text) {
			*text = n
			return
		}
	}
	r.wrongValue(key, "takes %s", orList(names))
}

func (r *reading) checkRegion(key string, text *string) { r.checkOneOf(key, text, Regions()) }

func orList(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func (r *reading) checkAtLeast(key string, d time.Duration, days int) {
	day := 24 * time.Hour
	if d < time.Duration(days)*day || d > longest {
		r.wrongValue(key, "takes %dd to %dd", days, longest/day)
	}
}

func (r *reading) checkFolder(key string, path *string) {
	if *path == "" {
		return
	}
	*path = r.path(*path)
	info, err := os.Stat(*path)
	switch {
	case err != nil:
		r.wrongValue(key, "%v", errors.Unwrap(err))
	case !info.IsDir():
		r.wrongValue(key, "takes a folder, and this is a file")
	}
}

func (r *reading) checkServers(servers []Server) {
	seen := map[[2]string]int{}
	for i := range servers {
		s := &servers[i]
		at := fmt.Sprintf("servers[%d]", i)
		if r.flawed(at) {
			continue
		}
		if s.Platform == "" {
			r.missing(at, "platform", orList(platforms))
		} else {
			r.checkOneOf(at+".platform", &s.Platform, platforms)
		}
		if s.ID == "" {
			r.missing(at, "id", "the server's id")
		}
		r.checkIDs(at, *s)
		if s.Region != "" {
			r.checkRegion(at+".region", &s.Region)
		}
		if s.Language != "" {
			r.checkOneOf(at+".language", &s.Language, Languages())
		}
		if s.Threshold != "" {
			r.checkOneOf(at+".threshold", &s.Threshold, thresholds)
		}
		who := [2]string{s.Platform, s.ID}
		if first, twice := seen[who]; twice && s.ID != "" {
			r.wrongValue(at+".id", "is the same server as servers[%d]; leave one", first)
		}
		seen[who] = i
	}
}

func (r *reading) missing(at, name, takes string) {
	key := at + "." + name
	if !r.flawed(key) {
		r.wrong(key, r.where[at], "is missing: it takes %s", takes)
	}
}

// idForm is how each platform writes its ids; a name in the place of an id is
// the commonest slip.
var idForm = map[string]*regexp.Regexp{
	"discord": regexp.MustCompile(`^[0-9]{1,20}$`),
	"slack":   regexp.MustCompile(`^[A-Z0-9]{1,30}$`),
}

func (r *reading) checkIDs(at string, s Server) {
	check := func(key, id string) {
		if form := idForm[s.Platform]; form != nil && id != "" && !form.MatchString(id) {
			r.wrongValue(key, "is no id of %s; take the id, not the name", s.Platform)
		}
	}
	check(at+".id", s.ID)
	check(at+".staff_channel", s.StaffChannel)
	check(at+".staff_role", s.StaffRole)
	checkList := func(name string, ids []string) {
		for i, id := range ids {
			key := fmt.Sprintf("%s.%s[%d]", at, name, i)
			check(key, id)
			if id == "" {
				r.wrongValue(key, "is empty")
			} else if slices.Index(ids, id) < i {
				r.wrongValue(key, "stands in the list twice")
			}
		}
	}
	checkList("leads", s.Leads)
	checkList("watch", s.Watch)
}
