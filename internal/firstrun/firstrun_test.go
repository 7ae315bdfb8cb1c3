package firstrun_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/firstrun"
	"github.com/waymark-bot/waymark/responses"
)

const secret = "sesame-opens-9"

func texts(t *testing.T) *responses.Texts {
	t.Helper()
	x, err := responses.Load()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// wish is one with all secrets in files.
func wish(t *testing.T, platform string) firstrun.Wish {
	t.Helper()
	w := firstrun.Wish{Platform: platform, SlackMode: config.SocketMode, Dir: filepath.Join(t.TempDir(), "new")}
	for _, s := range firstrun.Secrets() {
		text := map[string]string{"slack.bot_token": "xoxb-", "slack.app_token": "xapp-"}[s.Key] + secret
		file := filepath.Join(t.TempDir(), s.Name)
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if s.Key != "database.url" {
			w.Source(s).File = file
		}
	}
	return w
}

// write runs with nobody to ask.
func write(t *testing.T, w firstrun.Wish) (string, error) {
	t.Helper()
	said, err := firstrun.Run(t.Context(), w, texts(t), strings.NewReader(""), io.Discard, false)
	if strings.Contains(said, secret) || err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("the secret is shown: %s, %v", said, err)
	}
	left, _ := filepath.Glob(filepath.Join(w.Dir, ".waymark-*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return said, err
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestWrites(t *testing.T) {
	const top = "# Waymark's configuration, written by `waymark init`. Secrets are in the files\n" +
		"# beside it; keep those to yourself. config/default.yaml explains every key.\n" +
		"# After a change, `waymark doctor` says whether all is well.\n"
	const region = "\n# Which country's emergency number and helplines help names.\nregion: "
	const discord = "\ndiscord:\n  token_file: waymark.discord-token\n"
	const socket = "\nslack:\n  bot_token_file: waymark.slack-bot-token\n  app_token_file: waymark.slack-app-token\n"
	const http = "\nslack:\n  bot_token_file: waymark.slack-bot-token\n  signing_secret_file: waymark.slack-signing-secret\n" +
		"  mode: http # Slack calls http.listen; socket needs no public address\n"
	for name, c := range map[string]struct {
		platform string
		change   func(*firstrun.Wish)
		want     string
		files    int
	}{
		"discord": {"discord", func(*firstrun.Wish) {}, top + discord + region + "unknown\n", 2},
		"both":    {"both", func(w *firstrun.Wish) { w.Region = "northern ireland" }, top + discord + socket + region + "Northern Ireland\n", 4},
		"http":    {"slack", func(w *firstrun.Wish) { w.SlackMode = "http" }, top + http + region + "unknown\n", 3},
		"database file": {"discord", func(w *firstrun.Wish) { w.Database = "a: #odd path.db" },
			top + discord + region + "unknown\n\n# Where cases are kept.\ndatabase:\n  url: 'a: #odd path.db'\n", 2},
		"database server": {"discord", func(w *firstrun.Wish) { w.Database = "postgres://u:" + secret + "@db.example.org/waymark" },
			top + discord + region + "unknown\n\n# Where cases are kept.\ndatabase:\n  url_file: waymark.database-url\n", 3},
	} {
		t.Run(name, func(t *testing.T) {
			w := wish(t, c.platform)
			c.change(&w)
			if _, err := write(t, w); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(w.Dir, config.DefaultFile)
			if got := read(t, file); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			files, err := os.ReadDir(w.Dir)
			if err != nil || len(files) != c.files {
				t.Errorf("%v, %v", files, err)
			}
			for _, f := range files {
				if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
				}
			}
			if _, err := config.Load(config.Options{File: file}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReplacesNothingUnlessForced(t *testing.T) {
	for _, name := range []string{config.DefaultFile, "waymark.discord-token"} {
		t.Run(name, func(t *testing.T) {
			w := wish(t, "discord")
			w.Dir = t.TempDir()
			path := filepath.Join(w.Dir, name)
			if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := write(t, w)
			if err == nil || !strings.Contains(err.Error(), path+" is there already; --force replaces it") || read(t, path) != "mine" {
				t.Fatalf("%v", err)
			}
			if files, _ := os.ReadDir(w.Dir); len(files) != 1 {
				t.Errorf("half of it is there: %v", files)
			}
			w.Force = true
			if _, err := write(t, w); err != nil || read(t, path) == "mine" {
				t.Errorf("%v", err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}
		})
	}
}

// What config would refuse is not written, and what was there stays.
func TestWhatIsWrongIsNotWritten(t *testing.T) {
	w := wish(t, "both")
	w.Force, w.Dir = true, t.TempDir()
	path := filepath.Join(w.Dir, config.DefaultFile)
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, s := range firstrun.Secrets() {
		switch s.Key {
		case "discord.token":
			if err := os.WriteFile(w.Source(s).File, []byte("Bot "+secret), 0o600); err != nil {
				t.Fatal(err)
			}
		case "slack.bot_token":
			if err := os.WriteFile(w.Source(s).File, []byte("xapp-"+secret), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := write(t, w)
	if err == nil || !strings.Contains(err.Error(), "leave out the word Bot") || !strings.Contains(err.Error(), "the bot token begins with xoxb-") ||
		strings.Contains(err.Error(), ".waymark-init") {
		t.Errorf("%v", err)
	}
	if read(t, path) != "mine" {
		t.Error("what was there is gone")
	}
}

func TestSaysWhichFlagsAreNeeded(t *testing.T) {
	empty, t1 := filepath.Join(t.TempDir(), "empty"), firstrun.Secrets()[0]
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FIRSTRUN_EMPTY", "")
	for says, w := range map[string]firstrun.Wish{
		"flags are needed: --platform": {},
		"flags are needed: --slack-bot-token-file or --slack-bot-token-env, --slack-app-token-file or --slack-app-token-env": {Platform: "slack"},
		"--platform takes discord, slack or both": {Platform: "irc"},
		"--region takes UK, England,":             {Region: "Mars"},
		"--slack-mode takes socket or http":       {SlackMode: "pigeon"},
	} {
		if w.SlackMode == "" {
			w.SlackMode = config.SocketMode
		}
		w.Dir = t.TempDir()
		_, err := write(t, w)
		var wrong firstrun.WrongFlags
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
	for says, s := range map[string]firstrun.Source{
		"empty is empty": {File: empty},
		"no such file":   {File: empty + "-not"},
		"the variable FIRSTRUN_EMPTY is empty or not": {Variable: "FIRSTRUN_EMPTY"},
		"not both": {File: empty, Variable: "HOME"},
	} {
		w := firstrun.Wish{Platform: "discord", SlackMode: config.SocketMode, Dir: t.TempDir()}
		*w.Source(t1) = s
		if _, err := write(t, w); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
}

func TestSaysWhatToDoNext(t *testing.T) {
	w := wish(t, "both")
	said, err := write(t, w)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"waymark discord invite", "waymark slack manifest", "waymark run", "/safeguarding setup",
		"/waymark staff setup", "waymark doctor --config " + filepath.Join(w.Dir, config.DefaultFile)} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
}

// screen is what somebody sees who is asked.
type screen struct {
	mu  sync.Mutex
	all bytes.Buffer
	new chan struct{}
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.new <- struct{}{}:
	default:
	}
	return s.all.Write(b)
}

func (s *screen) shows(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.all.String(), text)
}

// await waits until the screen shows something.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for !s.shows(text) {
		select {
		case <-s.new:
		case <-late:
			t.Fatalf("waited in vain for %q", text)
		}
	}
}

// asked runs with somebody who sees the screen and types.
func asked(t *testing.T, w firstrun.Wish, does func(s *screen, types func(string))) error {
	t.Helper()
	in, keys, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// The library's reader of keys may outlive the questions for a moment: the
	// end of the keys ends it, so its end of the pipe is left to it.
	defer keys.Close()
	s := &screen{new: make(chan struct{}, 1)}
	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	x := texts(t)
	go func() {
		_, err := firstrun.Run(ctx, w, x, in, s, true)
		done <- err
	}()
	does(s, func(text string) {
		if _, err := keys.WriteString(text); err != nil {
			t.Error(err)
		}
	})
	err = <-done
	if s.shows(secret) {
		t.Error("the screen shows the token")
	}
	return err
}

const (
	down  = "\x1b[B"
	enter = "\r"
)

func TestAsks(t *testing.T) {
	t.Setenv("TERM", "xterm")
	w := firstrun.Wish{SlackMode: config.SocketMode, Dir: t.TempDir()}
	err := asked(t, w, func(s *screen, types func(string)) {
		s.await(t, "Where is your community?")
		types(enter)
		s.await(t, "Where are its members?")
		types(down)
		types(enter)
		s.await(t, "The Discord bot's token")
		types(secret)
		types(enter)
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Options{File: filepath.Join(w.Dir, config.DefaultFile)})
	if err != nil || cfg.Discord.Token.Reveal() != secret || cfg.Region == "unknown" {
		t.Errorf("region %s, %v", cfg.Region, err)
	}
}

func TestAsksOnlyForWhatIsMissing(t *testing.T) {
	t.Setenv("TERM", "xterm")
	w := firstrun.Wish{Platform: "discord", Region: "Wales", SlackMode: config.SocketMode, Dir: t.TempDir()}
	err := asked(t, w, func(s *screen, types func(string)) {
		s.await(t, "The Discord bot's token")
		types(secret)
		types(enter)
		if s.shows("Where") {
			t.Error("asks for what was said")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhoLeavesLeavesNothing(t *testing.T) {
	t.Setenv("TERM", "xterm")
	w := firstrun.Wish{SlackMode: config.SocketMode, Dir: t.TempDir()}
	err := asked(t, w, func(s *screen, types func(string)) {
		s.await(t, "Where is your community?")
		types("\x03")
	})
	files, _ := os.ReadDir(w.Dir)
	if err == nil || !strings.Contains(err.Error(), "nothing was written") || len(files) != 0 {
		t.Errorf("%v, %v", err, files)
	}
}
