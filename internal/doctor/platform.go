package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
)

// Patient is implemented by the adapters whose connection can be looked at. It
// is found by type assertion. None of its methods posts anything, and all work
// without Run. Errors are *chat.Error; a wait that the platform asked for is
// waited for.
type Patient interface {
	chat.Platform
	chat.Covered
	// Identify says what the bot is called, "" where each server brings a
	// credential of its own and there is none yet. Credentials that the platform
	// does not accept give a permanent error.
	Identify(ctx context.Context) (string, error)
	// Clock says what time it is at the platform.
	Clock(ctx context.Context) (time.Time, error)
	// Ungranted lists what the bot as a whole needs and was not granted
	// (intents, scopes), as the platform names it.
	Ungranted(ctx context.Context) ([]string, error)
	// Servers lists the servers in which the bot is.
	Servers(ctx context.Context) ([]chat.ServerID, error)
	// ServerName says what a server is called.
	ServerName(ctx context.Context, server chat.ServerID) (string, error)
	// Lacking lists the rights that the bot lacks for its cards in a place. A
	// place that is not there gives an *Error with Gone set.
	Lacking(ctx context.Context, server chat.ServerID, place chat.PlaceID) ([]string, error)
	// Reach says why the bot cannot write to a person, as far as can be told
	// without writing.
	Reach(ctx context.Context, server chat.ServerID, person chat.PersonID) error
}

// Listener is implemented by patients whose events come over a connection of
// its own, with a credential of its own.
type Listener interface {
	// Listens says why no events would arrive. tried is false where only an
	// event can show it.
	Listens(ctx context.Context) (tried bool, err error)
}

// Rolled is implemented by patients on which whoever is let into the staff
// channel counts as staff, so that somebody should know who that is.
type Rolled interface {
	// Roll names the people who can read a place, at most `most` of them; rest
	// is how many more there are.
	Roll(ctx context.Context, server chat.ServerID, place chat.PlaceID, most int) (people []chat.Person, rest int, err error)
}

// maxSkew is how far two clocks may be apart: ids and signatures of the
// platforms bear a few seconds, and Slack refuses what is minutes old.
const maxSkew = 30 * time.Second

// maxListed is how many channels are named in a line.
const maxListed = 8

// settings are what the configuration says about each server, as far as it is
// looked at here.
func settings(cfg config.Config) map[servers.Key]cases.Settings {
	out := map[servers.Key]cases.Settings{}
	for _, s := range cfg.Servers {
		set := cases.Settings{StaffPlace: chat.PlaceID(s.StaffChannel), StaffRole: s.StaffRole}
		for _, l := range s.Leads {
			set.Leads = append(set.Leads, chat.PersonID(l))
		}
		for _, w := range s.Watch {
			set.Watched = append(set.Watched, chat.PlaceID(w))
		}
		out[servers.Key{Platform: s.Platform, Server: chat.ServerID(s.ID)}] = set
	}
	return out
}

// ward is a platform that is looked at.
type ward struct {
	*exam
	p     Patient
	name  string // for people
	known bool   // the platform knows the bot by a credential
}

func (e *exam) platform(at chat.Platform) {
	name := e.say("doctor.platform." + at.Name())
	e.area = name
	p, ok := at.(Patient)
	if !ok {
		e.look("connection", e.say("doctor.connection.unknown", "platform", name), e.say("doctor.connection.unknowndo"))
		return
	}
	w := &ward{exam: e, p: p, name: name}
	if !w.token() {
		return
	}
	w.events()
	w.clock()
	w.grants()
	for _, s := range w.servers() {
		w.server(s)
	}
}

func (w *ward) token() bool {
	bot, err := patiently(w.ctx, func() (string, error) { return w.p.Identify(w.ctx) })
	switch {
	case chat.IsPermanent(err):
		w.mend("token", w.say("doctor.token.refused", "platform", w.name, "why", reason(err)), w.say("doctor.token.do."+w.p.Name()))
	case err != nil:
		w.mend("connection", w.say("doctor.connection.none", "platform", w.name, "why", reason(err)), w.say("doctor.connection.do"))
	case bot != "":
		w.ok("token", w.say("doctor.token.ok", "platform", w.name, "bot", bot))
		w.known = true
	}
	return err == nil
}

// events looks whether what happens would reach the bot.
func (w *ward) events() {
	l, ok := w.p.(Listener)
	if !ok {
		return
	}
	tried, err := patiently(w.ctx, func() (bool, error) { return l.Listens(w.ctx) })
	switch {
	case chat.IsPermanent(err):
		w.mend("events", w.say("doctor.events.refused", "platform", w.name, "why", reason(err)), w.say("doctor.events.do."+w.p.Name()))
	case err != nil:
		w.unseen("events", err)
	case !tried:
		w.ok("events", w.say("doctor.events.untried", "platform", w.name))
	default:
		w.ok("events", w.say("doctor.events.ok", "platform", w.name))
	}
}

func (w *ward) clock() {
	there, err := patiently(w.ctx, func() (time.Time, error) { return w.p.Clock(w.ctx) })
	if err != nil {
		w.look("clock", w.say("doctor.clock.unknown", "why", reason(err)), w.say("doctor.connection.do"))
		return
	}
	skew := w.Now().Sub(there).Round(time.Second)
	if skew.Abs() <= maxSkew {
		w.ok("clock", w.say("doctor.clock.ok", "platform", w.name))
		return
	}
	found := w.say("doctor.clock.fast", "platform", w.name, "by", skew)
	if skew < 0 {
		found = w.say("doctor.clock.slow", "platform", w.name, "by", -skew)
	}
	w.mend("clock", found, w.say("doctor.clock.do"))
}

func (w *ward) grants() {
	if !w.known {
		return
	}
	lacks, err := patiently(w.ctx, func() ([]string, error) { return w.p.Ungranted(w.ctx) })
	switch {
	case err != nil:
		w.unseen("grants", err)
	case len(lacks) > 0:
		w.mend("grants", w.say("doctor.grants.lacks", "platform", w.name, "what", strings.Join(lacks, ", ")), w.say("doctor.grants.do."+w.p.Name()))
	default:
		w.ok("grants", w.say("doctor.grants.ok."+w.p.Name()))
	}
}

// unseen says that something could not be looked at. What the platform refuses
// for good has to be mended.
func (w *ward) unseen(name string, err error) {
	if chat.IsPermanent(err) {
		w.mend(name, w.say("doctor.unseen.found", "why", reason(err)), w.say("doctor.unseen.refuseddo"))
		return
	}
	w.look(name, w.say("doctor.unseen.found", "why", reason(err)), w.say("doctor.unseen.do"))
}

// servers lists those in which the bot is, and says which others are
// configured.
func (w *ward) servers() []chat.ServerID {
	in, err := patiently(w.ctx, func() ([]chat.ServerID, error) { return w.p.Servers(w.ctx) })
	if err != nil {
		w.unseen("servers", err)
		return nil
	}
	for _, s := range w.cfg.Servers {
		if s.Platform == w.p.Name() && !slices.Contains(in, chat.ServerID(s.ID)) {
			w.mend("servers", w.say("doctor.servers.out", "id", s.ID), w.say("doctor.servers.do."+w.p.Name()))
		}
	}
	if len(in) == 0 && !w.known {
		w.look("servers", w.say("doctor.workspaces.none"), w.say("doctor.workspaces.nonedo", "address", w.cfg.Slack.Address))
		return nil
	}
	if len(in) == 0 {
		w.mend("servers", w.say("doctor.servers.none"), w.say("doctor.servers.do."+w.p.Name()))
		return nil
	}
	w.ok("servers", w.Texts.Count("doctor.servers.ok", len(in)))
	return in
}

func (w *ward) server(id chat.ServerID) {
	name, err := patiently(w.ctx, func() (string, error) { return w.p.ServerName(w.ctx, id) })
	if err != nil || name == "" {
		name = string(id)
	}
	w.area = plain(w.name + ", " + name)
	set, known := w.settings(id)
	w.room(id, set, known)
	w.leads(id, set, known)
	w.coverage(id, set)
}

// settings are those in force, and whether what staff set in chat is among
// them.
func (w *ward) settings(id chat.ServerID) (cases.Settings, bool) {
	k := servers.Key{Platform: w.p.Name(), Server: id}
	if w.db == nil {
		return w.book.Remembered(k), !w.inUse
	}
	var set cases.Settings
	err := w.db.Read(w.ctx, func(tx *store.Tx) (err error) {
		set, err = w.book.In(w.ctx, tx, k)
		return err
	})
	if err != nil {
		return w.book.Remembered(k), false
	}
	return set, true
}

// room looks at the staff channel: that it is set, that the bot can work in
// it, and that only staff can read it.
func (w *ward) room(id chat.ServerID, set cases.Settings, known bool) {
	do := w.say("doctor.room.do." + w.p.Name())
	switch {
	case set.StaffPlace == "" && !known:
		w.look("staff channel", w.say("doctor.room.unseen"), w.say("doctor.room.unseendo."+w.p.Name()))
		return
	case set.StaffPlace == "" && len(set.Leads) > 0:
		w.look("staff channel", w.say("doctor.room.leadsonly"), do)
		return
	case set.StaffPlace == "":
		w.mend("staff channel", w.say("doctor.room.none"), do)
		return
	}
	lacks, err := patiently(w.ctx, func() ([]string, error) { return w.p.Lacking(w.ctx, id, set.StaffPlace) })
	switch {
	case chat.IsGone(err):
		w.mend("staff channel", w.say("doctor.room.gone", "id", set.StaffPlace, "why", reason(err)), do)
		return
	case err != nil:
		w.unseen("staff channel", err)
		return
	case len(lacks) > 0:
		w.mend("staff channel", w.say("doctor.room.lacks", "what", strings.Join(lacks, ", ")), w.say("doctor.room.lacksdo."+w.p.Name()))
	default:
		w.ok("staff channel", w.say("doctor.room.ok"))
	}
	w.readers(id, set)
}

func (w *ward) readers(id chat.ServerID, set cases.Settings) {
	access, err := patiently(w.ctx, func() (chat.Access, error) {
		return w.p.Access(w.ctx, id, set.StaffPlace, set.Staff(), set.Leads)
	})
	switch {
	case err != nil:
		w.unseen("readers", err)
	case access.Others != "":
		w.mend("readers", w.say("doctor.readers.open", "who", access.Others), w.say("doctor.readers.do."+w.p.Name()))
	default:
		w.roll(id, set)
	}
}

// roll names who counts as staff because they are in the staff channel. People
// of elsewhere may belong there, but somebody should have decided that.
func (w *ward) roll(id chat.ServerID, set cases.Settings) {
	r, ok := w.p.(Rolled)
	if !ok {
		w.ok("readers", w.say("doctor.readers.ok"))
		return
	}
	var rest int
	people, err := patiently(w.ctx, func() (people []chat.Person, err error) {
		people, rest, err = r.Roll(w.ctx, id, set.StaffPlace, maxListed)
		return people, err
	})
	if err != nil {
		w.unseen("readers", err)
		return
	}
	names, guests := make([]string, len(people)), false
	for i, p := range people {
		names[i] = p.Name
		if p.Standing != chat.Member {
			names[i], guests = w.say("doctor.readers."+string(p.Standing), "who", p.Name), true
		}
	}
	if rest > 0 {
		names = append(names, fmt.Sprintf("%d more", rest))
	}
	found := w.say("doctor.readers.roll", "who", strings.Join(names, ", "))
	switch {
	case len(people) == 0:
		w.mend("readers", w.say("doctor.readers.empty"), w.say("doctor.readers.emptydo"))
	case guests:
		w.look("readers", found, w.say("doctor.readers.guestsdo"))
	default:
		w.ok("readers", found)
	}
}

// leads looks whether each lead could be told directly.
func (w *ward) leads(id chat.ServerID, set cases.Settings, known bool) {
	if len(set.Leads) == 0 {
		if known {
			w.look("leads", w.say("doctor.leads.none"), w.say("doctor.leads.do."+w.p.Name()))
		}
		return
	}
	for _, lead := range set.Leads {
		name := w.called(id, lead)
		_, err := patiently(w.ctx, func() (struct{}, error) { return struct{}{}, w.p.Reach(w.ctx, id, lead) })
		switch {
		case err == nil:
			w.ok("leads", w.say("doctor.leads.ok", "who", name))
		case chat.IsPermanent(err):
			w.mend("leads", w.say("doctor.leads.unreached", "who", name, "why", reason(err)), w.say("doctor.leads.unreacheddo."+w.p.Name()))
		default:
			w.unseen("leads", err)
		}
	}
}

// called is what a person is called, the id where nobody can say.
func (w *ward) called(id chat.ServerID, person chat.PersonID) string {
	if d, ok := w.p.(chat.Directory); ok {
		if p, err := d.Person(w.ctx, id, person); err == nil && p.Name != "" {
			return p.Name
		}
	}
	return string(person)
}

// coverage lists the places that are to be watched and that the bot misses.
func (w *ward) coverage(id chat.ServerID, set cases.Settings) {
	missed, err := patiently(w.ctx, func() ([]chat.Uncovered, error) { return w.p.Uncovered(w.ctx, id) })
	if err != nil {
		w.unseen("coverage", err)
		return
	}
	var why []string // in order
	places := map[string][]string{}
	var whole []string
	for _, u := range missed {
		switch {
		case u.Place.ID == "":
			whole = append(whole, u.Why)
		case set.Watches(u.Place):
			if places[u.Why] == nil {
				why = append(why, u.Why)
			}
			places[u.Why] = append(places[u.Why], "#"+u.Place.Name)
		}
	}
	for _, y := range why {
		names := places[y]
		if more := len(names) - maxListed; more > 0 {
			names = append(names[:maxListed], fmt.Sprintf("%d more", more))
		}
		w.look("coverage", w.say("doctor.coverage.missed."+w.p.Name(), "places", strings.Join(names, ", "), "why", y), w.say("doctor.coverage.do."+w.p.Name()))
	}
	found := w.say("doctor.coverage.ok." + w.p.Name())
	if len(whole) > 0 {
		found = w.say("doctor.coverage.but", "what", strings.Join(whole, ", "))
	}
	if len(why) == 0 {
		w.ok("coverage", found)
	}
}

// reason is what the platform said, without what was being done.
func reason(err error) error {
	var e *chat.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err
	}
	return err
}

// patience is how often something is asked where the platform asks for a wait.
const patience = 4

// patiently asks, and waits where the platform says how long.
func patiently[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	for try := 1; ; try++ {
		v, err := ask()
		wait := chat.RetryAfter(err)
		if err == nil || wait == 0 || try == patience {
			return v, err
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return v, ctx.Err()
		}
	}
}
