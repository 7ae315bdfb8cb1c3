package responses

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func contact(t *testing.T, texts *Texts, id string) Contact {
	t.Helper()
	c, ok := texts.Contact(id)
	if !ok {
		t.Fatalf("there is no %s", id)
	}
	return c
}

func TestAContactIsStaleAfterNinetyDays(t *testing.T) {
	checked := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	c := Contact{Checked: "2026-11-23"}
	for days, want := range map[int]bool{0: false, 89: false, 91: true, 400: true} {
		if got := c.Stale(checked.AddDate(0, 0, days)); got != want {
			t.Errorf("after %d days: stale is %v", days, got)
		}
	}
	list := []Contact{c, {Checked: "2027-02-01"}, {Checked: "2027-02-01", Wrong: true}}
	if stale, oldest := ContactsAge(list, checked.AddDate(0, 0, 91)); stale != 2 || oldest != "2026-11-23" {
		t.Errorf("%d are stale, the oldest of %s", stale, oldest)
	}
}

func TestShownInARegion(t *testing.T) {
	texts := load(t)
	for r, want := range map[Region]string{Scotland: "uk-sco-social", UK: "uk-childline", US: "us-988", Unknown: "intl-chi"} {
		if !slices.Contains(ids(texts.ShownIn(r)), want) {
			t.Errorf("%s does not show %s", r, want)
		}
	}
	if slices.Contains(ids(texts.ShownIn(US)), "uk-childline") {
		t.Error("the US shows Childline")
	}
}

// A check renews the date, one that found something wrong hides the contact, and
// one of something else counts for nothing.
func TestChecksAreTakenOver(t *testing.T) {
	before := load(t)
	childline, shout := contact(t, before, "uk-childline"), contact(t, before, "uk-shout")
	check := func(c Contact, right bool) Check {
		return Check{Contact: c.ID, On: "2027-01-02", By: "AB", Right: right, Note: "x", Details: c.Details()}
	}
	other := check(contact(t, before, "uk-nspcc"), true)
	other.Details = "00000000"
	older := check(contact(t, before, "uk-ceop"), true)
	older.On = "2026-11-22"
	emergency := check(contact(t, before, "uk-emergency"), false)
	texts, err := LoadChecked([]Check{check(childline, true), check(shout, false), other, older, emergency, {Contact: "gone", On: "2027-01-02"}})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"uk-childline": "2027-01-02", "uk-shout": "2026-11-23", "uk-nspcc": "2026-11-23", "uk-ceop": "2026-11-23"} {
		for _, l := range []*Texts{texts, texts.In("fr"), texts.In("en-US")} {
			if got := contact(t, l, id).Checked; got != want {
				t.Errorf("%s in %s was checked on %s, want %s", id, l.Language().Name, got, want)
			}
		}
	}
	list := ids(texts.In("es").Contacts(Query{Region: UK, Who: Child, Need: Crisis}))
	if slices.Contains(list, "uk-shout") || list[0] != "uk-emergency" || len(list) < 3 {
		t.Errorf("shown are %v", list)
	}
	if contact(t, before, "uk-childline").Checked != "2026-11-23" {
		t.Error("texts that were loaded before have changed")
	}
}

func TestChecksAreKeptInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), CheckFile)
	if got, err := ReadChecks(path); err != nil || len(got) != 0 {
		t.Errorf("without a file: %v, %v", got, err)
	}
	want := []Check{
		{Contact: "uk-childline", On: "2027-01-02", By: "AB", Right: true, Details: "0a1b2c3d"},
		{Contact: "uk-shout", On: "2027-01-03", By: "AB: on the phone", Note: "no answer", Details: "12345678"},
	}
	if err := WriteChecks(path, want); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadChecks(path); err != nil || !slices.Equal(got, want) {
		t.Errorf("read is %+v, %v", got, err)
	}
	bad := "checks:\n  - {contact: uk-childline, date: today, right: true}\n  - {contact: Uk!, date: 2027-01-02, by: AB}\n"
	if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ReadChecks(path)
	for _, reason := range []string{path + ":2: uk-childline: date \"today\" is no day", "by is missing", ":3: \"Uk!\" is no contact's id", "note is missing"} {
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q is not said: %v", reason, err)
		}
	}
	if err := WriteChecks(filepath.Join(path, "x"), want); err == nil {
		t.Error("a file below a file is written")
	}
}
