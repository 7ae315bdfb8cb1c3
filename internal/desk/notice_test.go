package desk_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/playground"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/wording"
)

// noticesOf are the cards that tell somebody of a change in a place.
func (h *house) noticesOf(as, place string) []string {
	h.t.Helper()
	return slices.DeleteFunc(h.texts(as, place), func(s string) bool { return !strings.Contains(s, "Waymark was changed here") })
}

// delivers works off the notices that wait, and says how many there were.
func (h *house) delivers() (n int) {
	h.t.Helper()
	for _, row := range h.claims() {
		h.tries(row)
		if err := h.db.Complete(h.t.Context(), row, nil); err != nil {
			h.t.Fatal(err)
		}
		n++
	}
	return n
}

func (h *house) claims() []store.LedgerRow {
	h.t.Helper()
	rows, err := h.db.Claim(h.t.Context(), "test", []string{"desk.notice"}, 10, time.Minute)
	if err != nil {
		h.t.Fatal(err)
	}
	return rows
}

func (h *house) tries(row store.LedgerRow) {
	h.t.Helper()
	if _, err := h.desk.Handlers()["desk.notice"](h.t.Context(), row); err != nil {
		h.t.Fatal(err)
	}
}

// chooses has somebody press a button or choose in a select of the desk's.
func (h *house) chooses(who chat.PersonID, verb, arg, value string) string {
	h.t.Helper()
	a, ok, err := h.desk.Action(h.t.Context(), "playground", chat.Action{ID: verb + arg + value, Verb: verb, Arg: arg, Value: value,
		Person: chat.Person{ID: who, Name: "Morgan"}, Place: chat.Place{Server: "playground", ID: "staff-room"}})
	return h.shown(a, ok, err)
}

// words keeps what the staff changed about the words.
func (h *house) words(set wording.Set) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		w, err := tx.Wording(h.t.Context(), "playground", "playground")
		if err != nil {
			return err
		}
		w.Before, w.Now = set, set
		return tx.PutWording(h.t.Context(), "playground", "playground", w)
	})
}

const dontTell = "secrecy.dont-tell-carer"

// What makes staff hear of less, and what members see first, is told to all of
// them: who, what, from what to what, when, and how it is taken back. What makes
// them hear of more is not.
func TestStaffAreToldWhatOneOfThemChanged(t *testing.T) {
	setup := func(args ...string) func(*house) { return typed("setup", args...) }
	press := func(verb, id string) func(*house) {
		return func(h *house) { h.chooses("morgan", verb, strings.TrimSpace("playground "+id), "") }
	}
	live := wording.Set{Last: 2, Off: []string{"threat.tell-or-else"}, Quiet: []string{dontTell}, Phrases: []wording.Phrase{
		{ID: "phrase-1", Text: "meet at the bandstand", Category: detect.MeetUp, Tell: wording.Now},
		{ID: "phrase-2", Text: "purple lighthouse", Category: detect.MeetUp, Tell: wording.Now, Shadow: true}}}
	const back = "Undo the last change there"
	type step struct {
		name string
		do   func(*house)
		want []string // none: nobody is told
	}
	steps := []step{
		{"fewer severities", setup("threshold", "high"), []string{
			`Staff were told from \"Please look today\" on. Now they are told from \"Please look now\" on`, "Morgan changed this on Wed 11 Mar 2026, 12:00 UTC", "Set it back with /safeguarding setup."}},
		{"more severities", setup("threshold", "medium"), nil},
		{"the same once more", setup("threshold", "medium"), nil},
		{"a channel left out, and more at once", setup("exclude", "gaming", "region", "Scotland", "threshold", "urgent"), []string{
			"Not read any more: #gaming.", "The region, whose contacts and emergency number are shown: UK before, Scotland now.", `Now they are told from \"Urgent`}},
		{"a channel read again", setup("exclude", "gaming"), nil},
		{"the kind note", setup("note", "on"), nil},
		{"a pause", typed("pause", "hours", "2"), []string{"No notifications until Wed 11 Mar 2026, 14:00 UTC", "End the pause with /safeguarding pause, giving 0 hours."}},
		{"a shorter pause", typed("pause", "hours", "1"), nil},
		{"no pause", typed("pause", "hours", "0"), nil},
		{"a digest", typed("digest", "send", "weekly"), nil},
		{"more of it", typed("digest", "send", "daily"), nil},
		{"less of it", typed("digest", "send", "weekly"), []string{`The digest: \"Every day at 08:00\" before, \"Every Monday at 08:00\" now.`, "Choose how often the digest comes with /safeguarding digest."}},
		{"none of it", typed("digest", "send", "off"), []string{`\"Every Monday at 08:00\" before, \"Not at all\" now.`}},
		{"a contact", typed("contacts", "name", "School counsellor", "where", "Room 12"), []string{
			"A contact that members see first was added: School counsellor, Room 12.", "Open /safeguarding contacts"}},
		{"a contact for adults", onContact("adults"), []string{"A contact is for adults only now, and was for everyone before: School counsellor, Room 12."}},
		{"a contact that was checked", onContact("checked"), nil},
		{"a contact for everyone", onContact("everyone"), []string{"A contact is for everyone now, and was for adults only before: School counsellor, Room 12."}},
		{"no contact", onContact("remove"), []string{"A contact that members saw first was removed: School counsellor, Room 12."}},
		{"a rule off", press("words.off", dontTell), []string{"Waymark's rule " + dontTell + " (", `\"quieter: it only adds up\" before, \"switched off\" now.`, "Open /safeguarding words", back}},
		{"a rule on again", press("words.undo", ""), nil},
		{"a rule off by undoing that", func(h *house) { h.chooses("morgan", "words.undo", "playground", "again") }, []string{dontTell, "switched off"}},
		{"a rule quieter than off", press("words.quiet", dontTell), nil},
		{"a rule as it comes", press("words.normal", dontTell), nil},
		{"a rule quieter", press("words.quiet", dontTell), []string{`\"as it comes\" before, \"quieter: it only adds up\" now.`}},
		{"a phrase in shadow", press("words.shadow", "phrase-1"), []string{`Your phrase \"meet at the bandstand\": live before, in shadow now.`, back}},
		{"a phrase live", press("words.live", "phrase-1"), nil},
		{"a phrase removed", press("words.remove", "phrase-1"), []string{`Your phrase \"meet at the bandstand\": live before, removed now.`}},
		{"a phrase on trial removed", press("words.remove", "phrase-2"), nil},
		{"who is staff", setup("role", "helpers"), []string{"The role or group that is staff: staff before, helpers now.", "ask one of the leads"}},
	}
	eachHouse(t, func(t *testing.T, h *house) {
		h.set(moment("2026-03-11", "12:00"))
		h.words(live)
		for _, s := range steps {
			told := len(h.noticesOf("morgan", "staff-room"))
			s.do(h)
			want := 0
			if s.want != nil {
				want = 1
			}
			if n := h.delivers(); n != want {
				t.Errorf("%s: %d notices, want %d", s.name, n, want)
				continue
			}
			all := h.noticesOf("morgan", "staff-room")
			if len(all) != told+want {
				t.Errorf("%s: the staff room reads %d more, want %d", s.name, len(all)-told, want)
				continue
			}
			if want == 1 {
				h.says(all[told], append(s.want, "If you did not expect it, please ask Morgan", "Nothing in this comes from a conversation")...)
			}
		}
		if n := len(h.noticesOf("jo", "dm-jo")); n != 1 { // of who is staff alone
			t.Errorf("the lead was told %d times", n)
		}
		for _, place := range []string{"general", "gaming", "welcome"} {
			if n := len(h.texts("robin", place)); n != 0 {
				t.Errorf("members see %d cards in %s", n, place)
			}
		}
	})
}

// typed uses a command of staff's as Morgan.
func typed(name string, args ...string) func(*house) {
	return func(h *house) {
		given := map[string]string{}
		for i := 0; i+1 < len(args); i += 2 {
			given[args[i]] = args[i+1]
		}
		a, ok, err := h.desk.Command(h.t.Context(), "playground", chat.Command{ID: strings.Join(args, " "), Name: "safeguarding " + name, Args: given,
			Person: chat.Person{ID: "morgan", Name: "Morgan"}, Place: chat.Place{Server: "playground", ID: "staff-room", Name: "staff-room"}})
		h.shown(a, ok, err)
	}
}

// onContact presses a button of the first contact.
func onContact(do string) func(*house) {
	return func(h *house) {
		var all store.OwnContacts
		h.read(func(tx *store.Tx) (err error) {
			all, err = tx.OwnContacts(h.t.Context(), "playground", "playground")
			return err
		})
		h.chooses("morgan", "contacts."+do, all.List[0].ID, "")
	}
}

// Nobody takes over quietly: those who were told until then hear of it, the room
// and each lead, whoever is told from then on.
func TestWhoeverWasToldHearsThatOthersAre(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.set(moment("2026-03-11", "12:00"))
		told := func(who string) int { return len(h.noticesOf(who, "dm-"+who)) }

		typed("setup", "lead", "morgan")(h) // besides Jo
		h.delivers()
		typed("setup", "lead", "jo")(h) // and then instead of her
		h.delivers()
		room, jo := h.noticesOf("morgan", "staff-room"), h.noticesOf("jo", "dm-jo")
		if len(room) != 2 || len(jo) != 2 || told("morgan") != 1 {
			t.Fatalf("the room reads %d, Jo %d and Morgan %d", len(room), len(jo), told("morgan"))
		}
		h.says(jo[0], "The safeguarding leads: Jo before, Jo, Morgan now.", "because you were a lead when it was changed")
		h.says(jo[1], "The safeguarding leads: Jo, Morgan before, Morgan now.", "please ask Morgan", "If you cannot do so any more, ask one of the leads")
		h.says(room[1], "The safeguarding leads: Jo, Morgan before, Morgan now.")

		typed("setup", "room", "gaming", "lead", "sam")(h) // a room that everybody reads
		if n := h.delivers(); n != 1 {
			t.Errorf("one save made %d notices", n)
		}
		room = h.noticesOf("morgan", "staff-room")
		if len(room) != 3 || told("morgan") != 2 || told("jo") != 2 || told("sam") != 0 {
			t.Fatalf("the old room reads %d, Morgan %d, Jo %d, Sam %d", len(room), told("morgan"), told("jo"), told("sam"))
		}
		h.says(room[2], "This channel was the staff room until then", "The staff room: #staff-room before, #gaming now.", "Morgan before, Morgan, Sam now.")
		if n := len(h.texts("robin", "gaming")); n != 0 {
			t.Errorf("everybody reads %d notices in a room that is none of staff's", n)
		}

		typed("setup", "threshold", "high")(h) // told to the leads, as the room cannot be used
		h.delivers()
		if n := told("sam"); n != 1 {
			t.Fatalf("Sam was told %d times", n)
		}
		h.says(h.noticesOf("sam", "dm-sam")[0], "This came to you directly: the staff room can also be read by")
	})
}

// A change that was made during an outage is told once it is over, in each place
// once, however often that was tried; and never of a change that was not made.
func TestANoticeIsNeitherLostNorRepeated(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.set(moment("2026-03-11", "12:00"))
		typed("setup", "lead", "morgan")(h)
		rows := h.claims()
		if len(rows) != 1 {
			t.Fatalf("%d rows wait", len(rows))
		}
		posts := 0
		h.at.Intercept(func(op playground.Op, _ *http.Request) (f playground.Fault) {
			if op == playground.OpPost {
				if posts++; posts > 1 {
					f.Status = http.StatusServiceUnavailable
				}
			}
			return f
		})
		if _, err := h.desk.Handlers()["desk.notice"](t.Context(), rows[0]); err == nil {
			t.Error("an outage is not tried again")
		}
		h.at.Intercept(nil)
		for range 2 { // once more after a crash
			h.tries(rows[0])
		}
		if room, jo := len(h.noticesOf("morgan", "staff-room")), len(h.noticesOf("jo", "dm-jo")); room != 1 || jo != 1 {
			t.Errorf("the room reads %d and Jo %d", room, jo)
		}

		// What it says is kept with it: who is told was changed again meanwhile.
		typed("setup", "threshold", "high")(h)
		late := h.claims()
		h.write(func(tx *store.Tx) error {
			return tx.PutSettings(t.Context(), "playground", "playground", cases.Settings{StaffPlace: "gaming", Leads: []chat.PersonID{"sam"}})
		})
		h.tries(late[0])
		if room := h.noticesOf("morgan", "staff-room"); len(room) != 2 || len(h.noticesOf("sam", "dm-sam")) != 0 {
			t.Errorf("the room of then reads %d", len(room))
		}

		// Nobody of then can be told any more: those of now are.
		h.at.Intercept(func(op playground.Op, r *http.Request) (f playground.Fault) {
			if strings.Contains(r.URL.Path, "staff-room") || strings.Contains(r.URL.Path, "/jo/") || strings.Contains(r.URL.Path, "/morgan/") {
				f.Status = http.StatusNotFound
			}
			return f
		})
		h.tries(late[0])
		if n := len(h.noticesOf("sam", "dm-sam")); n != 1 {
			t.Errorf("Sam was told %d times", n)
		}
		h.at.Intercept(func(playground.Op, *http.Request) (f playground.Fault) {
			f.Status = http.StatusNotFound
			return f
		})
		if _, err := h.desk.Handlers()["desk.notice"](t.Context(), late[0]); err == nil || !strings.Contains(err.Error(), "nobody can be told") {
			t.Errorf("nobody was told, and it counts as done: %v", err)
		}
		h.at.Intercept(nil)
	})
}

// The first set-up tells nobody of itself: there is nobody yet.
func TestTheFirstSetUpIsNoChange(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.unset()
		typed("setup", "room", "staff-room", "lead", "jo", "region", "UK", "threshold", "high")(h)
		if n := h.delivers(); n != 0 {
			t.Errorf("%d notices of the first set-up", n)
		}
		typed("setup", "lead", "sam")(h)
		if n := h.delivers(); n != 1 {
			t.Errorf("%d notices of the second", n)
		}
	})
}
