// Package doctor owns the check-up: it looks at whatever is configured and
// says of each thing whether it is well and, where it is not, what to do about
// it. It posts nothing, changes nothing and shows no secret. What it says is
// written in responses/en/doctor.yaml; how a platform is asked is the
// adapter's affair (see [Patient]).
package doctor

import (
	"context"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// Mark says how a thing is. The words are part of the output for programs.
type Mark string

// The marks.
const (
	OK   Mark = "ok"   // well
	Look Mark = "look" // works, but somebody should have a look at it
	Mend Mark = "mend" // does not work until it is mended
)

// Check is one thing that was looked at.
type Check struct {
	Area  string `json:"area"`  // what it belongs to: "Waymark", "Discord", "Discord, Youth club"
	Name  string `json:"check"` // a word that stays the same: "token"
	Mark  Mark   `json:"mark"`
	Found string `json:"found"`        // how it is, in a sentence
	Do    string `json:"do,omitempty"` // what to do about it; empty where it is well
}

// Report is a whole check-up.
type Report struct {
	Checks []Check `json:"checks"`
}

// Count says how many of the things looked at have a mark.
func (r Report) Count(m Mark) int {
	n := 0
	for _, c := range r.Checks {
		if c.Mark == m {
			n++
		}
	}
	return n
}

// Options are what a check-up needs. Only Texts and Connect have no default.
type Options struct {
	// File and Environ are those of config.Options.
	File    string
	Environ []string
	Texts   *responses.Texts
	// Connect makes the platforms that a configuration names. It must not
	// connect yet. The database is nil where it cannot be used.
	Connect func(config.Config, *store.DB) ([]chat.Platform, error)
	Now     func() time.Time
}

// exam is a check-up that goes on.
type exam struct {
	Options
	ctx    context.Context // of the one call that an exam lives for
	area   string
	report Report

	cfg   config.Config
	db    *store.DB // nil where it cannot be used
	inUse bool      // by a Waymark that runs
	book  *servers.Book
}

// Examine looks at everything. What is wrong is in the report: it has no other
// errors. It takes some seconds for each server, as it asks the platforms.
func Examine(ctx context.Context, o Options) Report {
	if o.Now == nil {
		o.Now = time.Now
	}
	e := &exam{Options: o, ctx: ctx, area: o.Texts.Say("doctor.self")}
	loaded := e.configuration()
	e.data()
	if !loaded {
		return e.report
	}
	e.region()
	e.secrets()
	e.key()
	e.database()
	e.pages()
	if e.db != nil {
		defer e.db.Close()
	}
	e.book = servers.New(e.db, settings(e.cfg), cases.Settings{Region: e.cfg.Region, Language: e.cfg.Language})
	if e.cfg.Slack.Many() && e.db == nil {
		e.look("workspaces", e.say("doctor.workspaces.unseen"), e.say("doctor.workspaces.do", "address", e.cfg.Slack.Address))
		e.cfg.Slack = config.Slack{}
		if e.cfg.Discord.Token == "" && e.cfg.Playground.URL == "" {
			return e.report
		}
	}
	platforms, err := e.Connect(e.cfg, e.db)
	if err != nil {
		e.mend("platforms", err.Error(), e.say("doctor.platforms.do"))
	}
	for _, p := range platforms {
		e.platform(p)
	}
	return e.report
}

func (e *exam) say(key string, pairs ...any) string { return e.Texts.Say(key, pairs...) }

func (e *exam) ok(name, found string) { e.note(name, OK, found, "") }

func (e *exam) look(name, found, do string) { e.note(name, Look, found, do) }

func (e *exam) mend(name, found, do string) { e.note(name, Mend, found, do) }

func (e *exam) note(name string, m Mark, found, do string) {
	e.report.Checks = append(e.report.Checks, Check{Area: e.area, Name: name, Mark: m, Found: plain(found), Do: plain(do)})
}
