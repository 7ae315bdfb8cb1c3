package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/playground"
	"github.com/waymark-bot/waymark/internal/store"
)

// asks has somebody use a command of the desk and gives what they see.
func (h *house) asks(who chat.PersonID, name string, args map[string]string) string {
	h.t.Helper()
	a, ok, err := h.desk.Command(h.t.Context(), "playground", chat.Command{ID: "c", Name: "safeguarding " + name, Args: args,
		Person: chat.Person{ID: who}, Place: chat.Place{Server: "playground", ID: "staff-room", Name: "staff-room"}})
	return h.shown(a, ok, err)
}

// sign keeps a small sign that is in no case.
func (h *house) sign(author, message string, kind detect.Category, at time.Time) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		_, err := tx.AddSigns(context.Background(), []cases.Sign{{Platform: "playground", Server: "playground", Place: "gaming", PlaceName: "gaming",
			Message: chat.MessageID(message), Author: chat.PersonID(author), Rule: string(kind) + ".x", Category: kind, Weight: 2, At: at}})
		return err
	})
}

// opens keeps an open case.
func (h *house) opens(author chat.PersonID, leadsOnly bool, at time.Time) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		return tx.InsertCase(context.Background(), &cases.Case{Platform: "playground", Server: "playground", Kind: cases.BySignals, Author: author,
			LeadsOnly: leadsOnly, Severity: detect.High, Categories: []detect.Category{detect.Threat}, State: cases.Open, OpenedAt: at, UpdatedAt: at})
	})
}

// sends has the row of the digest worked off, as if it were due then.
func (h *house) sends(due time.Time) (ledger.Result, error) {
	return h.desk.Handlers()["digest.post"](h.t.Context(), store.LedgerRow{ID: "row", Kind: "digest.post", Platform: "playground", Server: "playground", Since: due})
}

// Staff see what is open and what adds up; nobody sees anything about
// themselves, and only leads what is for the leads.
func TestTheDigest(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		now := moment("2026-03-11", "12:00")
		h.set(now)
		h.says(h.asks("morgan", "digest", nil), "No case is open", "Nothing adds up", "In the last 7 days: 0 new, 0 closed")

		h.sign("alex", "1", detect.GiftOffer, now.Add(-50*time.Hour))
		h.sign("alex", "2", detect.FlatteryIsolation, now.Add(-2*time.Hour))
		h.sign("robin", "3", detect.GiftOffer, now.Add(-2*time.Hour))
		h.sign("sam", "4", detect.GiftOffer, now.Add(-15*24*time.Hour))
		h.sign("sam", "5", detect.GiftOffer, now.Add(-16*24*time.Hour))
		h.sign("morgan", "6", detect.GiftOffer, now.Add(-time.Hour))
		h.sign("morgan", "7", detect.MeetUp, now.Add(-time.Hour))
		h.opens("alex", false, now.Add(-time.Hour))
		h.opens("sam", true, now.Add(-time.Hour))
		h.opens("morgan", false, now.Add(-time.Hour))

		staff, lead := h.asks("morgan", "digest", nil), h.asks("jo", "digest", nil)
		h.says(staff, "1 open case, 1 of them with nobody on it", "Case 1: ", "In the last 7 days: 1 new",
			"Alex: 2 small signs since Mon 9 Mar, the last in #gaming: flattery, or setting apart from others; offering gifts or money", "And 1 person with one small sign")
		h.says(lead, "3 open cases, 3 of them", "Case 2: ", "Case 3: ", "Morgan: 2 small signs")
		for _, not := range []string{"Morgan", "Case 2", "Case 3", "Sam"} {
			if strings.Contains(staff, not) {
				t.Errorf("Morgan reads %q:\n%s", not, staff)
			}
		}
		if strings.Contains(lead, "Sam:") {
			t.Errorf("signs that are too old to add up are listed:\n%s", lead)
		}
	})
}

// The digest comes at the same hour of the clock, once each, to the staff room
// or to the leads; nobody reads of themselves.
func TestTheDigestIsSent(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.set(moment("2026-03-11", "12:00"))
		h.says(h.asks("jo", "digest", map[string]string{"send": "daily"}), "Thu 12 Mar 2026, 08:00, London time")
		h.says(h.asks("jo", "digest", map[string]string{"send": "weekly"}), "Mon 16 Mar 2026, 08:00, London time")
		h.says(h.asks("jo", "digest", map[string]string{"send": "often"}), "Please choose")
		var waiting int
		h.read(func(tx *store.Tx) error {
			rows, err := tx.UnknownKinds(t.Context(), nil)
			waiting = rows["digest.post"]
			return err
		})
		if waiting != 1 {
			t.Fatalf("%d rows wait for the digest", waiting)
		}
		h.sign("morgan", "6", detect.GiftOffer, moment("2026-03-12", "12:00"))
		h.sign("morgan", "7", detect.MeetUp, moment("2026-03-12", "12:00"))
		h.sign("alex", "8", detect.MeetUp, moment("2026-03-12", "12:00"))
		h.sign("alex", "9", detect.Secrecy, moment("2026-03-12", "12:00"))

		due := moment("2026-03-16", "08:00")
		h.set(due.Add(time.Second))
		for range 2 { // a second try after a crash posts nothing more
			r, err := h.sends(due)
			if want := moment("2026-03-23", "08:00"); err != nil || !r.Again.Equal(want) {
				t.Fatalf("the next is due %v, %v; want %v", r.Again, err, want)
			}
		}
		if room := h.texts("morgan", "staff-room"); len(room) != 1 || !strings.Contains(room[0], "Alex: 2 small signs") || strings.Contains(room[0], "Morgan") {
			t.Errorf("the staff room reads %q", room)
		}
		if n := len(h.texts("robin", "general")); n != 0 {
			t.Error("members see a digest")
		}

		// In summer it is still eight o'clock; a room that is open to all is not used.
		if err := h.at.SetStaffRoom(playground.OpenToAll); err != nil {
			t.Fatal(err)
		}
		h.sign("jo", "10", detect.MeetUp, moment("2026-04-01", "12:00"))
		h.sign("jo", "11", detect.Secrecy, moment("2026-04-01", "12:00"))
		h.sign("alex", "12", detect.MeetUp, moment("2026-04-01", "12:00"))
		h.sign("alex", "13", detect.Secrecy, moment("2026-04-01", "12:00"))
		due = moment("2026-04-06", "08:00")
		h.set(due.Add(time.Minute))
		if _, err := h.sends(due); err != nil {
			t.Fatal(err)
		}
		if lead := h.texts("jo", "dm-jo"); len(lead) != 1 || !strings.Contains(lead[0], "Alex: 2 small signs") || strings.Contains(lead[0], "Jo:") {
			t.Errorf("the lead reads %q", lead)
		}
		if n := len(h.texts("morgan", "staff-room")); n != 1 {
			t.Errorf("a room that is open to all got %d digests", n)
		}

		// What is very late is left to the next one; an outage is tried again.
		h.set(due.Add(7*24*time.Hour + 13*time.Hour))
		if r, err := h.sends(due.Add(7 * 24 * time.Hour)); err != nil || r.Again.Before(h.now()) {
			t.Errorf("a late one: %v, %v", r.Again, err)
		}
		h.at.Intercept(func(op playground.Op, _ *http.Request) (f playground.Fault) {
			if op == playground.OpPost {
				f.Status = http.StatusServiceUnavailable
			}
			return f
		})
		if _, err := h.sends(h.now()); err == nil {
			t.Error("an outage is not tried again")
		}
		h.at.Intercept(nil)
		h.says(h.asks("jo", "digest", map[string]string{"send": "off"}), "not sent any more")
		if r, err := h.sends(h.now()); err != nil || !r.Again.IsZero() {
			t.Errorf("a digest that was stopped: %v, %v", r, err)
		}
	})
}

// A digest that is late still says what was so when it was due. Whoever is in
// it for that, and reads it, is left out all the same; a case about them that
// ended is not even counted.
func TestALateDigestNamesNobodyWhoReadsIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.set(moment("2026-03-11", "12:00"))
		h.asks("jo", "digest", map[string]string{"send": "weekly"})
		due := moment("2026-03-16", "08:00")
		for _, who := range []string{"morgan", "alex"} {
			h.sign(who, who+"1", detect.MeetUp, due.Add(-digestBack+time.Hour))
			h.sign(who, who+"2", detect.Secrecy, due.Add(-digestBack+2*time.Hour))
		}
		h.opens("morgan", false, due.Add(-2*time.Hour))
		h.write(func(tx *store.Tx) error {
			c, err := tx.CaseByNumber(t.Context(), "playground", "playground", 1)
			if err != nil {
				return err
			}
			if c, err = c.Close(chat.Person{ID: "jo"}, cases.Acted, due.Add(-time.Hour)); err != nil {
				return err
			}
			return tx.UpdateCase(t.Context(), &c)
		})
		h.set(due.Add(11 * time.Hour))
		if _, err := h.sends(due); err != nil {
			t.Fatal(err)
		}
		room := h.texts("morgan", "staff-room")
		if len(room) != 1 || !strings.Contains(room[0], "Alex: 2 small signs") || strings.Contains(room[0], "Morgan") ||
			!strings.Contains(room[0], "In the last 7 days: 0 new, 0 closed") {
			t.Errorf("the staff room reads %q", room)
		}
	})
}

// digestBack is how far back a digest looks.
const digestBack = 14 * 24 * time.Hour

func (h *house) read(f func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.db.Read(context.Background(), f); err != nil && !errors.Is(err, store.ErrNotFound) {
		h.t.Fatal(err)
	}
}

// texts are the cards that somebody sees in a place, whole.
func (h *house) texts(as, place string) (texts []string) {
	h.t.Helper()
	resp, err := http.Get(h.url + "/api/state?as=" + as)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	var s struct {
		Messages []struct {
			Place string
			Card  json.RawMessage
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		h.t.Fatal(err)
	}
	for _, m := range s.Messages {
		if m.Place == place && len(m.Card) > 0 {
			texts = append(texts, string(m.Card))
		}
	}
	return texts
}
