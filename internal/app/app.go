// Package app wires the rooms of the house together and runs them: it starts
// and stops the program's parts in order, and brings each event of a platform
// to the one that answers it. It is the only package that knows all others;
// it decides nothing about safeguarding.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/desk"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/guide"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/watch"
	"github.com/waymark-bot/waymark/responses"
)

// App is the whole bot.
type App struct {
	log      *slog.Logger
	db       *store.DB
	guide    *guide.Guide
	desk     *desk.Desk
	trouble  *alert.Trouble
	watch    map[string]*watch.Service
	book     *servers.Book
	words    *servers.Words
	contacts *servers.Contacts
	ledger   *ledger.Ledger
	metrics  *metrics
	links    []*link
	listen   string
	keep     config.Retention
	skipBots bool
	lastRun  map[string]time.Time // by platform: up to when all was read before this run
	phrases  []string             // for a platform\'s own filter, the gravest first
	closers  []closer
	now      func() time.Time
}

// closer is one step of stopping; they run in the reverse of their order.
type closer struct {
	name string
	do   func() error
}

// OpenDatabase opens the configured database.
func OpenDatabase(ctx context.Context, cfg config.Config, log *slog.Logger) (*store.DB, error) {
	return store.Open(ctx, cfg.Database.URL.Reveal(), store.Options{Logger: log})
}

// New makes the bot from its configuration, its database and the platforms
// that it serves. It takes the database over: Close, or the end of Run, closes
// it, as does an error.
func New(cfg config.Config, db *store.DB, platforms []chat.Platform, log *slog.Logger) (_ *App, err error) {
	a := &App{log: log, db: db, listen: cfg.HTTP.Listen, keep: cfg.Retention, skipBots: cfg.SkipBots, now: time.Now}
	a.closers = append(a.closers, closer{"the database", db.Close})
	for _, p := range platforms {
		a.links = append(a.links, &link{platform: p})
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	texts, lexicon, err := data(cfg)
	if err != nil {
		return nil, err
	}
	key, err := cfg.Key(config.ForReports)
	if err != nil {
		return nil, err
	}
	seal, err := alert.NewSeal(key)
	if err != nil {
		return nil, err
	}
	a.metrics = newMetrics(a.db, log)
	set, err := configured(cfg)
	if err != nil {
		return nil, err
	}
	a.phrases = lexicon.Phrases(longestPhrase)
	a.book = servers.New(a.db, set, cases.Settings{Region: cfg.Region, Language: cfg.Language})
	a.wire(texts, detect.New(lexicon), seal)
	return a, nil
}

// data loads and checks what people read, with the checks of the contacts that
// lie beside the configuration, and what the detector looks for. Everything that
// is wrong in any is said at once.
func data(cfg config.Config) (*responses.Texts, *detect.Lexicon, error) {
	checks, errChecks := responses.ReadChecks(filepath.Join(cfg.Dir, responses.CheckFile))
	texts, err := responses.LoadChecked(checks)
	lexicon, errLexicon := detect.Load(cfg.Rules()...)
	if err := errors.Join(err, errChecks, errLexicon); err != nil {
		return nil, nil, err
	}
	return texts, lexicon, nil
}

// wire makes the parts that answer.
func (a *App) wire(texts *responses.Texts, rules *detect.Detector, seal *alert.Seal) {
	byName := map[string]chat.Platform{}
	for _, l := range a.links {
		byName[l.platform.Name()] = l.platform
	}
	a.words = servers.NewWords(a.db, rules, a.log)
	a.contacts = servers.NewContacts(a.db, a.log)
	sender := alert.New(a.db, a.book, byName, texts, rules.Rule, seal, alert.Options{
		Logger: a.log, Phrase: a.words.Phrase, OnDelivered: a.metrics.delivered,
	})
	a.trouble = alert.NewTrouble(sender)
	a.desk = desk.New(a.db, a.book, a.words, byName, texts, sender, seal, desk.Options{Logger: a.log, OnWords: a.replanWords, Contacts: a.contacts})
	a.guide = guide.New(texts)
	a.watch = map[string]*watch.Service{}
	for name := range byName {
		a.watch[name] = watch.NewService(rules, a.db, a.book, watch.Options{
			Logger: a.log, SkipBots: a.skipBots, Words: a.words, OnMessage: a.metrics.message, OnSignal: a.metrics.signal,
		})
	}
	handlers := sender.Handlers()
	handlers[kindPurge], handlers[kindForget], handlers[kindCatchUp], handlers[kindWords] = a.purge, a.forget, a.catchUp, a.keepWords
	maps.Copy(handlers, a.desk.Handlers())
	a.ledger = ledger.New(a.db, handlers, ledger.Options{Logger: a.log, Observe: a.metrics.attempt})
}

// configured are the settings that the configuration gives for each server.
func configured(cfg config.Config) (map[servers.Key]cases.Settings, error) {
	out := map[servers.Key]cases.Settings{}
	for _, s := range cfg.Servers {
		set := cases.Settings{
			StaffPlace: chat.PlaceID(s.StaffChannel), StaffRole: s.StaffRole, Region: s.Region, Language: s.Language,
		}
		for _, l := range s.Leads {
			set.Leads = append(set.Leads, chat.PersonID(l))
		}
		for _, w := range s.Watch {
			set.Watched = append(set.Watched, chat.PlaceID(w))
		}
		if s.Threshold != "" {
			t, err := detect.ParseSeverity(s.Threshold)
			if err != nil {
				return nil, fmt.Errorf("threshold of server %s: %w", s.ID, err)
			}
			set.Threshold = t
		}
		out[servers.Key{Platform: s.Platform, Server: chat.ServerID(s.ID)}] = set
	}
	return out, nil
}

// Run serves until ctx ends or every platform refused for good. It stops in
// order: no new events, what is being delivered, then the database.
func (a *App) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.db.Write(ctx, func(tx *store.Tx) error { return a.schedulePurge(ctx, tx) }); err != nil {
		return fmt.Errorf("schedule the retention: %w", err)
	}
	if err := a.book.Look(ctx); err != nil {
		return fmt.Errorf("read what staff set: %w", err)
	}
	if err := a.words.Look(ctx); err != nil {
		return fmt.Errorf("read what staff changed about the words: %w", err)
	}
	if err := a.contacts.Look(ctx); err != nil {
		return fmt.Errorf("read the servers' own contacts: %w", err)
	}
	if err := a.readLastRun(ctx); err != nil {
		return fmt.Errorf("see when the program last ran: %w", err)
	}
	if a.listen == "" {
		return a.serve(ctx)
	}
	listener, err := net.Listen("tcp", a.listen)
	if err != nil {
		return fmt.Errorf("serve on http.listen: %w", err)
	}
	stop := a.servePages(listener)
	defer func() { err = errors.Join(err, stop()) }()
	return a.serve(ctx)
}

// Close stops whatever is still running, newest first.
func (a *App) Close() error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		if err := a.closers[i].do(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", a.closers[i].name, err))
		}
	}
	a.closers = nil
	return errors.Join(errs...)
}
