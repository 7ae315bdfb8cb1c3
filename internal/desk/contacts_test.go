package desk_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/store"
)

// looks has the row worked off that looks at the contacts' age, as if it were
// due then.
func (h *house) looks(due time.Time) ledger.Result {
	h.t.Helper()
	h.set(due)
	r, err := h.desk.Handlers()["contacts.age"](h.t.Context(), store.LedgerRow{ID: "row", Kind: "contacts.age", Platform: "playground", Server: "playground", Since: due})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// Staff are told once a month that contacts are old, and the status always says
// how old they are.
func TestStaffAreToldThatContactsAreOld(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		told := func() int {
			return len(slices.DeleteFunc(h.texts("jo", "staff-room"), func(s string) bool { return !strings.Contains(s, "Some contacts need a check") }))
		}
		at := moment("2026-12-01", "12:00")
		h.set(at)
		h.says(h.asks("jo", "contacts", map[string]string{"name": "School counsellor", "where": "Room 12", "checked": "2026-10-20"}), "Added: School counsellor")
		h.says(h.asks("jo", "status", nil), "contacts were checked within the last 90 days, the oldest on 20 October 2026")
		if r := h.looks(at); told() != 0 || r.Again.Sub(at) > 25*time.Hour {
			t.Errorf("told %d times of contacts that are new; comes again %v", told(), r.Again)
		}
		at = moment("2027-02-01", "12:00")
		r := h.looks(at)
		if told() != 1 || r.Again.Sub(at) < 29*24*time.Hour {
			t.Errorf("told %d times; comes again %v", told(), r.Again)
		}
		h.looks(at) // the same row once more, after a crash
		if told() != 1 {
			t.Errorf("told %d times by one row", told())
		}
		card := h.texts("jo", "staff-room")[0]
		h.says(card, "One contact that members here are shown", "School counsellor", "/safeguarding contacts")
		h.says(h.asks("jo", "status", nil), "One contact that members here are shown")
		h.looks(moment("2027-03-10", "12:00"))
		if all := h.texts("jo", "staff-room"); told() != 2 || !strings.Contains(all[1], "and ") {
			t.Errorf("later the staff room reads %v", all)
		}
	})
}

// Nothing that is typed can break out of a contact, and a mistake is said.
func TestWrongContactsAreNotAdded(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for name, c := range map[string]struct {
			args map[string]string
			says string
		}{
			"no name":       {map[string]string{"phone": "101"}, "Give it a name"},
			"no way":        {map[string]string{"name": "Nurse", "hours": "Mondays"}, "Say how to reach them"},
			"words":         {map[string]string{"name": "Nurse", "phone": "ask at 12"}, "ask at 12 is no phone number"},
			"too short":     {map[string]string{"name": "Nurse", "phone": "12"}, "is no phone number"},
			"too long":      {map[string]string{"name": "Nurse", "phone": "1234567890123456"}, "is no phone number"},
			"retired":       {map[string]string{"name": "Nurse", "phone": "0800 111"}, "wrong or retired"},
			"no https":      {map[string]string{"name": "Nurse", "web": "http://example.org"}, "begin with https://"},
			"a script":      {map[string]string{"name": "Nurse", "web": "javascript:alert(1)"}, "begin with https://"},
			"a name in it":  {map[string]string{"name": "Nurse", "web": "https://a@example.org"}, "begin with https://"},
			"tomorrow":      {map[string]string{"name": "Nurse", "phone": "101", "checked": "2126-01-01"}, "2126-01-01 is no day in the past"},
			"a long name":   {map[string]string{"name": strings.Repeat("n", 61), "phone": "101"}, "at most 60 characters"},
			"a long place":  {map[string]string{"name": "Nurse", "where": strings.Repeat("n", 121)}, "at most 120 characters"},
			"two at a time": {map[string]string{"phone": "12", "web": "x"}, "Give it a name"},
		} {
			if got := h.asks("jo", "contacts", c.args); !strings.Contains(got, c.says) || !strings.Contains(got, "This contact was not added") {
				t.Errorf("%s: got %s", name, got)
			}
		}
		h.says(h.asks("jo", "contacts", nil), "There are none yet")
	})
}

// A contact is checked, kept from children, and removed; each is in the history,
// and there is an end to how many there can be.
func TestOneContact(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		at := moment("2026-12-01", "12:00")
		h.set(at)
		id := 0
		add := func(name string) string {
			id++
			a, ok, err := h.desk.Command(t.Context(), "playground", chat.Command{ID: string(rune('a' + id)), Name: "safeguarding contacts",
				Args: map[string]string{"name": name, "phone": "101", "checked": "2026-11-30"}, Person: chat.Person{ID: "jo", Name: "Jo"},
				Place: chat.Place{Server: "playground", ID: "staff-room"}})
			return h.shown(a, ok, err)
		}
		for _, name := range []string{"One", "Two", "Three", "Four", "Five"} {
			h.says(add(name), "Added: "+name)
		}
		h.says(add("Six"), "There are 5 already")
		var own store.OwnContacts
		read := func() {
			t.Helper()
			err := h.db.Read(t.Context(), func(tx *store.Tx) (err error) {
				own, err = tx.OwnContacts(t.Context(), "playground", "playground")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		read()
		two := own.List[1].ID
		press := func(verb, arg, value string) string {
			a, ok, err := h.desk.Action(t.Context(), "playground", chat.Action{ID: "a", Verb: verb, Arg: arg, Value: value, Person: chat.Person{ID: "jo", Name: "Jo"},
				Place: chat.Place{Server: "playground", ID: "staff-room"}})
			return h.shown(a, ok, err)
		}
		h.says(press("contacts.one", "", two), "Two", "Checked: 30 November 2026", "Shown to everyone")
		h.says(press("contacts.checked", two, ""), "Two was checked today", "Checked: 1 December 2026")
		h.says(press("contacts.adults", two, ""), "Shown to adults only")
		h.says(press("contacts.remove", two, ""), "Removed: Two")
		h.says(press("contacts.remove", two, ""), "not there any more")
		if read(); len(own.List) != 4 {
			t.Errorf("left are %+v", own.List)
		}
		var did []string
		err := h.db.Read(context.Background(), func(tx *store.Tx) error {
			all, err := tx.Audit(context.Background(), "playground", "playground", "", 4)
			for _, e := range all {
				did = append(did, e.Action+" "+e.Detail+" by "+e.ActorName)
			}
			return err
		})
		slices.Sort(did)
		if want := "contacts-add Five by Jo, contacts-adults Two by Jo, contacts-checked Two by Jo, contacts-remove Two by Jo"; err != nil || strings.Join(did, ", ") != want {
			t.Errorf("the history is %v, %v", did, err)
		}
	})
}
