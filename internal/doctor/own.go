package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// The bounds of what is well.
const (
	diskLook = 512 << 20 // bytes
	diskMend = 64 << 20  // SQLite's log alone may grow to some megabytes

	askDatabase = 10 * time.Second
	askPages    = 3 * time.Second
)

// configuration loads it, and says all that is wrong with it.
func (e *exam) configuration() bool {
	cfg, err := config.Load(config.Options{File: e.File, Environ: e.Environ})
	var all config.Mistakes
	if errors.As(err, &all) {
		for _, m := range all {
			e.mend("configuration", m.String(), e.say("doctor.config.mistakedo"))
		}
		return false
	}
	if err != nil {
		e.mend("configuration", err.Error(), e.say("doctor.config.readdo"))
		return false
	}
	e.cfg = cfg
	var named []string
	for _, p := range []struct {
		name string
		set  bool
	}{{"discord", cfg.Discord.Token != ""}, {"slack", cfg.Slack.Used()}, {"playground", cfg.Playground.URL != ""}} {
		if p.set {
			named = append(named, e.say("doctor.platform."+p.name))
		}
	}
	switch {
	case len(named) == 0:
		e.mend("configuration", e.say("doctor.config.nothing"), e.say("doctor.config.nothingdo"))
	case cfg.File == "":
		e.ok("configuration", e.say("doctor.config.nofile", "file", config.DefaultFile, "platforms", strings.Join(named, ", ")))
	default:
		e.ok("configuration", e.say("doctor.config.ok", "file", cfg.File, "platforms", strings.Join(named, ", ")))
	}
	return len(named) > 0
}

// data looks at what the program carries: texts, rules and contacts.
func (e *exam) data() {
	if _, err := detect.Load(e.cfg.Rules()...); err != nil {
		e.mend("rules", err.Error(), e.say("doctor.data.do"))
	} else {
		e.languages()
	}
	e.contacts()
}

// languages says whose rules the detector reads, and which of them no native
// reader has reviewed: all but English.
func (e *exam) languages() {
	further := slices.DeleteFunc(slices.Clone(e.cfg.LexiconLanguages), func(l string) bool { return l == "en" })
	if len(further) == 0 {
		e.ok("rules", e.say("doctor.data.rules"))
		return
	}
	e.ok("rules", e.say("doctor.data.further", "all", strings.Join(e.cfg.LexiconLanguages, ", "), "further", strings.Join(further, ", ")))
}

// contacts says how old the contacts are, with the checks that lie beside the
// configuration.
func (e *exam) contacts() {
	checks, err := responses.ReadChecks(filepath.Join(e.cfg.Dir, responses.CheckFile))
	if err != nil {
		e.mend("contacts", err.Error(), e.say("doctor.contacts.filedo"))
		return
	}
	texts, err := responses.LoadChecked(checks)
	if err != nil {
		e.mend("contacts", err.Error(), e.say("doctor.data.do"))
		return
	}
	all := texts.AllContacts()
	var wrong []string
	for _, c := range all {
		if c.Wrong {
			wrong = append(wrong, c.ID)
		}
	}
	stale, oldest := responses.ContactsAge(all, e.Now())
	if len(wrong) > 0 {
		e.look("contacts", e.say("doctor.contacts.wrong", "ids", strings.Join(wrong, ", ")), e.say("doctor.contacts.wrongdo"))
	}
	if stale -= len(wrong); stale > 0 {
		e.look("contacts", e.say("doctor.contacts.old", "old", stale, "all", len(all), "date", oldest), e.say("doctor.contacts.do"))
		return
	}
	e.ok("contacts", e.say("doctor.contacts.ok", "all", len(all)-len(wrong), "date", oldest))
}

// region says where help would assume no country.
func (e *exam) region() {
	if e.cfg.Region == string(responses.Unknown) {
		e.look("region", e.say("doctor.region.unknown"), e.say("doctor.region.do"))
		return
	}
	e.ok("region", e.say("doctor.region.ok", "region", e.cfg.Region))
}

// key looks at the key that seals reports, without making one.
func (e *exam) key() {
	if e.cfg.SecretKey != "" {
		e.ok("key", e.say("doctor.key.set"))
		return
	}
	path := filepath.Join(e.cfg.Dir, "waymark.key")
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := writable(e.cfg.Dir); err != nil {
			e.mend("key", e.say("doctor.key.nowhere", "file", path, "why", err), e.say("doctor.key.do"))
			return
		}
		e.ok("key", e.say("doctor.key.new", "file", path))
		return
	}
	if _, err := e.cfg.Key(config.ForReports); err != nil {
		e.mend("key", err.Error(), e.say("doctor.key.do"))
		return
	}
	e.ok("key", e.say("doctor.key.ok", "file", path))
}

// writable says why no file can be made in a folder.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".waymark-doctor-*")
	if err != nil {
		return errors.Unwrap(err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// errKeepNothing takes back what was written to see whether it can be.
var errKeepNothing = errors.New("nothing is kept")

// database opens it, writes to it, and takes back what it wrote.
func (e *exam) database() {
	address := e.cfg.Database.URL.Reveal()
	file := !strings.Contains(address, "://")
	if file {
		e.disk(filepath.Dir(address))
		if _, err := os.Stat(address); errors.Is(err, fs.ErrNotExist) {
			e.newDatabase(address)
			return
		}
	}
	ctx, cancel := context.WithTimeout(e.ctx, askDatabase)
	defer cancel()
	db, err := store.Open(ctx, address, store.Options{Now: e.Now})
	// The lock of the file has no error of its own.
	if err != nil && strings.Contains(err.Error(), "another waymark") {
		e.inUse = true
		e.ok("database", e.say("doctor.database.inuse", "name", address))
		return
	}
	if err != nil {
		e.mend("database", err.Error(), e.say("doctor.database.do"))
		return
	}
	e.db = db
	err = db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Seen(ctx, "doctor", e.Now()); err != nil {
			return err
		}
		return errKeepNothing
	})
	if !errors.Is(err, errKeepNothing) {
		e.mend("database", fmt.Sprint(err), e.say("doctor.database.do"))
		return
	}
	e.ok("database", e.say("doctor.database.ok", "name", db.Name()))
}

func (e *exam) newDatabase(path string) {
	if err := writable(filepath.Dir(path)); err != nil {
		e.mend("database", e.say("doctor.database.nowhere", "name", path, "why", err), e.say("doctor.database.do"))
		return
	}
	e.ok("database", e.say("doctor.database.new", "name", path))
}

// disk says how much room there is where the database lies.
func (e *exam) disk(dir string) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return // the folder is not there: the database's own line says so
	}
	free := int64(s.Bavail) * int64(s.Bsize) //nolint:unconvert // the types differ between systems
	room := fmt.Sprintf("%d MB", free>>20)
	switch {
	case free < diskMend:
		e.mend("disk", e.say("doctor.disk.found", "room", room, "dir", dir), e.say("doctor.disk.do"))
	case free < diskLook:
		e.look("disk", e.say("doctor.disk.found", "room", room, "dir", dir), e.say("doctor.disk.do"))
	default:
		if free >= 10<<30 { // nobody wants to see a figure change that does not matter
			room = "more than 10 GB"
		}
		e.ok("disk", e.say("doctor.disk.found", "room", room, "dir", dir))
	}
}

// pages asks a Waymark that runs how it is.
func (e *exam) pages() {
	host, port, err := net.SplitHostPort(e.cfg.HTTP.Listen)
	if err != nil || port == "0" {
		return
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	status, said, err := get(e.ctx, "http://"+net.JoinHostPort(host, port)+"/readyz")
	at := e.cfg.HTTP.Listen
	switch {
	case err != nil && e.inUse:
		e.look("running", e.say("doctor.running.silent", "at", at), e.say("doctor.running.silentdo"))
	case err != nil:
		e.ok("running", e.say("doctor.running.no", "at", at))
	case status == http.StatusOK && said == "ready":
		e.ok("running", e.say("doctor.running.ready", "at", at))
	case status == http.StatusServiceUnavailable:
		e.mend("running", e.say("doctor.running.notready", "at", at, "why", said), e.say("doctor.running.notreadydo"))
	default:
		e.mend("running", e.say("doctor.running.other", "at", at), e.say("doctor.running.otherdo"))
	}
}

func get(ctx context.Context, url string) (status int, said string, err error) {
	ctx, cancel := context.WithTimeout(ctx, askPages)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req) // past any proxy
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 2<<10))
	return resp.StatusCode, strings.TrimSpace(string(raw)), err
}
