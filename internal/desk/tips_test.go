package desk_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/desk"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/playground"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
	"github.com/waymark-bot/waymark/responses"
)

// house is a desk over a real database and the playground, with a clock that
// the test sets.
type house struct {
	t    *testing.T
	db   *store.DB
	desk *desk.Desk
	at   *playground.Server
	url  string
	// opensWith makes the desk anew, with what is configured.
	opensWith func(map[servers.Key]cases.Settings)
	// ahead is how far the clock is before the real one.
	ahead atomic.Int64
}

func (h *house) now() time.Time          { return time.Now().Add(time.Duration(h.ahead.Load())) }
func (h *house) set(now time.Time)       { h.ahead.Store(int64(time.Until(now))) }
func moment(day, clock string) time.Time { return in("Europe/London", day, clock) }
func in(zone, day, clock string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", day+" "+clock, loc)
	if err != nil {
		panic(err)
	}
	return at
}

// unset makes the desk of a server in which nobody set anything up.
func (h *house) unset() { h.opensWith(nil) }

// sharedRules are those that come with the program, read once.
var sharedRules = sync.OnceValues(func() (*detect.Detector, error) {
	l, err := detect.Load(config.Config{}.Rules()...)
	if err != nil {
		return nil, err
	}
	return detect.New(l), nil
})

// eachHouse runs a test over both engines.
func eachHouse(t *testing.T, test func(t *testing.T, h *house)) {
	storetest.EachURL(t, func(t *testing.T, url func(t *testing.T) string) {
		h := &house{t: t, at: playground.NewServer(playground.Options{Token: "t", NoHistory: true})}
		web := httptest.NewServer(h.at)
		t.Cleanup(func() {
			h.at.Close()
			web.CloseClientConnections()
			web.Close()
		})
		h.url = web.URL
		h.db = storetest.Open(t, url(t), store.Options{Now: h.now})
		texts, err := responses.Load()
		if err != nil {
			t.Fatal(err)
		}
		seal, err := alert.NewSeal(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		platforms := map[string]chat.Platform{"playground": playground.NewClient(web.URL, "t")}
		rules, err := sharedRules()
		if err != nil {
			t.Fatal(err)
		}
		h.opensWith = func(configured map[servers.Key]cases.Settings) {
			book := servers.New(h.db, configured, cases.Settings{})
			cards := alert.New(h.db, book, platforms, texts, func(string) (detect.Rule, bool) { return detect.Rule{}, false }, seal, alert.Options{Now: h.now})
			words := servers.NewWords(h.db, rules, slog.New(slog.DiscardHandler))
			h.desk = desk.New(h.db, book, words, platforms, texts, cards, seal, desk.Options{Now: h.now})
		}
		h.opensWith(map[servers.Key]cases.Settings{{Platform: "playground", Server: "playground"}: {
			StaffPlace: "staff-room", StaffRole: "staff", Leads: []chat.PersonID{"jo"}, Region: "UK"}})
		test(t, h)
	})
}

// types has the lead use /safeguarding tips and gives what she sees.
func (h *house) types(args ...string) string {
	h.t.Helper()
	c := chat.Command{ID: "c", Name: "safeguarding tips", Args: map[string]string{}, Person: chat.Person{ID: "jo", Name: "Jo"},
		Place: chat.Place{Server: "playground", ID: "staff-room", Name: "staff-room"}}
	for i := 0; i+1 < len(args); i += 2 {
		c.Args[args[i]] = args[i+1]
	}
	a, ok, err := h.desk.Command(h.t.Context(), "playground", c)
	return h.shown(a, ok, err)
}

func (h *house) presses(verb string) string {
	h.t.Helper()
	a, ok, err := h.desk.Action(h.t.Context(), "playground", chat.Action{ID: "a", Verb: verb, Person: chat.Person{ID: "jo", Name: "Jo"},
		Place: chat.Place{Server: "playground", ID: "staff-room"}})
	return h.shown(a, ok, err)
}

func (h *house) shown(a chat.Answer, ok bool, err error) string {
	h.t.Helper()
	if err != nil || !ok || a.Card == nil {
		h.t.Fatalf("handled %v, %v, %+v", ok, err, a)
	}
	if err := a.Card.Check(); err != nil {
		h.t.Error(err)
	}
	return a.Card.PlainText()
}

// works has the ledger's row for the tips worked off, as if it were due then,
// and gives when it comes again.
func (h *house) works(due time.Time) (again time.Time, err error) {
	h.t.Helper()
	ctx := h.t.Context()
	r, err := h.desk.Handlers()["tips.post"](ctx, store.LedgerRow{ID: "row", Kind: "tips.post", Platform: "playground", Server: "playground", Since: due})
	if err != nil {
		return time.Time{}, err
	}
	if r.Apply != nil {
		h.write(func(tx *store.Tx) error { return r.Apply(ctx, tx) })
	}
	return r.Again, nil
}

func (h *house) write(f func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.db.Write(context.Background(), f); err != nil {
		h.t.Fatal(err)
	}
}

// posted are the cards that somebody sees in a place. None notifies anybody.
func (h *house) posted(as, place string) (texts []string) {
	h.t.Helper()
	resp, err := http.Get(h.url + "/api/state?as=" + as)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	var s struct {
		Messages []struct {
			Place  string
			Notify bool
			Card   *struct {
				Title  string
				Blocks []struct{ Text string }
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		h.t.Fatal(err)
	}
	for _, m := range s.Messages {
		if m.Card != nil && m.Place == place {
			if m.Notify {
				h.t.Errorf("%q notified people", m.Card.Title)
			}
			texts = append(texts, m.Card.Title+": "+m.Card.Blocks[0].Text)
		}
	}
	return texts
}

func (h *house) says(text string, want ...string) {
	h.t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			h.t.Errorf("it does not say %q:\n%s", w, text)
		}
	}
}

// A tip a week, each another one, at the same hour of the clock in summer and
// in winter.
func TestATipAWeek(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.set(moment("2026-03-11", "12:00"))
		h.says(h.types(), "Once a week Waymark can post", "Mondays at 16:00, London time")
		h.says(h.types("channel", "general"), "#general", "Mon 16 Mar 2026, 16:00, London time")
		due := moment("2026-03-16", "16:00")
		for week := range 60 {
			h.set(due.Add(time.Second))
			again, err := h.works(due)
			if err != nil {
				t.Fatal(err)
			}
			if local := again.In(due.Location()); again.Sub(due) < 167*time.Hour || again.Sub(due) > 169*time.Hour || local.Hour() != 16 || local.Weekday() != time.Monday {
				t.Fatalf("after %v comes %v", due, local)
			}
			due = again
			if n := len(h.posted("robin", "general")); n != week+1 {
				t.Fatalf("after %d weeks there are %d tips", week+1, n)
			}
		}
		tips := h.posted("robin", "general")
		seen := map[string]bool{}
		for i, tip := range tips {
			if !strings.HasPrefix(tip, "Tip of the week: ") || i > 0 && tip == tips[i-1] {
				t.Errorf("week %d: %s", i, tip)
			}
			if i < 52 && seen[tip] {
				t.Errorf("week %d repeats a tip of the same year: %s", i, tip)
			}
			seen[tip] = true
		}
	})
}

// Tried again, whatever went wrong, it is the same tip and there once.
func TestATipIsPostedOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.set(moment("2026-06-03", "12:00"))
		h.types("channel", "general", "day", "friday", "hour", "9")
		due := moment("2026-06-05", "09:00")
		h.set(due)
		h.at.Intercept(func(op playground.Op, _ *http.Request) playground.Fault {
			return playground.Fault{Lost: op == playground.OpPost} // it is there, and the answer is not
		})
		if _, err := h.works(due); err == nil {
			t.Error("a lost answer counts as posted")
		}
		h.at.Intercept(nil)
		for range 3 {
			if _, err := h.works(due); err != nil {
				t.Fatal(err)
			}
		}
		if tips := h.posted("robin", "general"); len(tips) != 1 {
			t.Errorf("there are %d: %v", len(tips), tips)
		}
	})
}

// After an outage a tip is posted up to a day late; later it is left out, and
// the status says so.
func TestATipAfterAnOutage(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.set(moment("2026-06-03", "12:00"))
		h.types("channel", "general")
		due := moment("2026-06-08", "16:00")
		h.set(due.Add(23 * time.Hour))
		if again, err := h.works(due); err != nil || !again.Equal(moment("2026-06-15", "16:00")) || len(h.posted("robin", "general")) != 1 {
			t.Fatalf("23 hours late: %v, %v, %v", again, err, h.posted("robin", "general"))
		}
		due = moment("2026-06-15", "16:00")
		h.set(due.Add(25 * time.Hour))
		if again, err := h.works(due); err != nil || !again.Equal(moment("2026-06-22", "16:00")) || len(h.posted("robin", "general")) != 1 {
			t.Fatalf("25 hours late: %v, %v, %v", again, err, h.posted("robin", "general"))
		}
		h.says(h.types(), "The last tip was not posted", "Mon 15 Jun 2026, 16:00")
		due = moment("2026-06-22", "16:00")
		h.set(due)
		if _, err := h.works(due); err != nil || len(h.posted("robin", "general")) != 2 {
			t.Fatalf("%v, %v", err, h.posted("robin", "general"))
		}
		if text := h.types(); strings.Contains(text, "was not posted") {
			t.Errorf("the trouble is over and still said: %s", text)
		}
	})
}

// Where the channel is closed to the bot, staff are told once, and the next
// week it is tried again.
func TestATipThatCannotBePosted(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.set(moment("2026-06-03", "12:00"))
		h.types("channel", "general")
		h.at.Intercept(func(op playground.Op, r *http.Request) (f playground.Fault) {
			if op == playground.OpPost && strings.Contains(r.URL.Path, "general") {
				f.Status = http.StatusForbidden
			}
			return f
		})
		due := moment("2026-06-08", "16:00")
		h.set(due)
		again, err := h.works(due)
		if err != nil || !again.Equal(moment("2026-06-15", "16:00")) {
			t.Fatalf("%v, %v", again, err)
		}
		if _, err := h.works(due); err != nil { // the same row once more
			t.Fatal(err)
		}
		if told := h.posted("morgan", "staff-room"); len(told) != 1 || !strings.Contains(told[0], "Waymark cannot write in #general") {
			t.Errorf("staff are told: %v", told)
		}
		h.says(h.types(), "The last tip was not posted")
	})
}

// Staff look at the next tip, take another, change when it comes, and stop it.
// All of it is noted, and after a stop the next one is not the last again.
func TestStaffDecideOnTips(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.set(moment("2026-06-03", "12:00"))
		for _, c := range []struct{ option, value, want string }{
			{"day", "friday", "Choose the channel too"},
			{"day", "someday", "There is no day someday"},
			{"hour", "24", "There is no hour 24"},
			{"hour", "9:30", "There is no hour 9:30"},
			{"zone", "Atlantis", "The time zone Atlantis is not on the list"},
			{"channel", "elsewhere", "cannot find that channel"},
		} {
			h.says(h.types(c.option, c.value), c.want)
		}
		first := h.presses("tips.preview")
		h.types("channel", "general")
		other := h.presses("tips.other")
		if first == other || strings.Split(first, "\n")[2] == strings.Split(other, "\n")[2] {
			t.Errorf("another tip is the same: %s", other)
		}
		h.says(h.types("day", "friday", "hour", "09:00", "zone", "New York"), "Fridays at 09:00, New York time", "Fri 5 Jun 2026, 09:00")
		due := in("America/New_York", "2026-06-05", "09:00")
		h.set(due)
		if _, err := h.works(due); err != nil {
			t.Fatal(err)
		}
		tips := h.posted("robin", "general")
		if len(tips) != 1 || !strings.Contains(other, strings.TrimPrefix(tips[0], "Tip of the week: ")) {
			t.Errorf("posted was %v, and shown before: %s", tips, other)
		}
		h.says(h.presses("tips.stop"), "Once a week Waymark can post")
		if again, err := h.works(due.Add(168 * time.Hour)); err != nil || !again.IsZero() {
			t.Errorf("after the stop: %v, %v", again, err)
		}
		h.types("channel", "general")
		next := in("America/New_York", "2026-06-12", "09:00")
		h.set(next)
		if _, err := h.works(next); err != nil {
			t.Fatal(err)
		}
		if tips = h.posted("robin", "general"); len(tips) != 2 || tips[0] == tips[1] {
			t.Errorf("posted were %v", tips)
		}
		var actions []string
		if err := h.db.Read(t.Context(), func(tx *store.Tx) error {
			list, err := tx.Audit(t.Context(), "playground", "playground", "", 0)
			for _, e := range list {
				actions = append(actions, string(e.Actor)+" "+e.Action)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h.says(strings.Join(actions, ","), "jo tips", "jo tips-stop", "jo tips-other")
		if len(actions) != 5 {
			t.Errorf("noted is %v", actions)
		}
	})
}

// The ledger itself posts the tip when its time has come, and keeps the row for
// the next week; a change moves it, and a stop takes it away.
func TestTheLedgerPostsTheTip(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		due := moment("2026-06-08", "16:00")
		h.set(due.Add(-time.Hour))
		h.types("channel", "gaming")
		h.set(due.Add(-300 * time.Millisecond))
		h.types("channel", "general", "hour", "16")
		ctx, stop := context.WithCancel(t.Context())
		l := ledger.New(h.db, h.desk.Handlers(), ledger.Options{})
		ended := make(chan error, 1)
		go func() { ended <- l.Run(ctx) }()
		until := time.Now().Add(20 * time.Second)
		for len(h.posted("robin", "general")) == 0 && time.Now().Before(until) {
			<-time.After(5 * time.Millisecond)
		}
		for l.Stats().Done == 0 && time.Now().Before(until) {
			<-time.After(5 * time.Millisecond)
		}
		if n, m := len(h.posted("robin", "general")), len(h.posted("robin", "gaming")); n != 1 || m != 0 {
			t.Errorf("there are %d tips in general and %d in gaming", n, m)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		h.says(h.types(), "Mon 15 Jun 2026, 16:00")
		h.presses("tips.stop")
		h.write(func(tx *store.Tx) error { // only what was taken away can be added once more
			added, err := tx.EnqueueOnce(t.Context(), "tips.post/playground/playground", store.LedgerRow{Kind: "k"})
			if err == nil && !added {
				t.Error("the row is still there after the stop")
			}
			return err
		})
	})
}
