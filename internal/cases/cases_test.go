package cases_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
)

var (
	noon = time.Date(2030, 3, 4, 12, 0, 0, 0, time.UTC)
	mod  = chat.Person{ID: "mod", Name: "Mo"}
	lead = chat.Person{ID: "lead", Name: "Jo"}
)

// TestWhatStaffMayDo goes through every state and everything that can be done
// in it.
func TestWhatStaffMayDo(t *testing.T) {
	take := func(c cases.Case) (cases.Case, error) { return c.Take(mod, noon) }
	closing := func(o cases.Outcome) func(cases.Case) (cases.Case, error) {
		return func(c cases.Case) (cases.Case, error) { return c.Close(lead, o, noon) }
	}
	reopen := func(c cases.Case) (cases.Case, error) { return c.Reopen(mod, noon) }

	opened := cases.Case{Number: 7, State: cases.Open}
	taken := cases.Case{Number: 7, State: cases.Acknowledged, Taker: "mod", TakerName: "Mo", UpdatedAt: noon}
	closed := cases.Case{Number: 7, State: cases.Closed, Outcome: cases.Acted, Taker: "lead", TakerName: "Jo", UpdatedAt: noon, ClosedAt: noon}
	noAction, falseAlarm := closed, closed
	noAction.Outcome, falseAlarm.Outcome = cases.NoAction, cases.FalseAlarm

	for _, c := range []struct {
		name string
		from cases.Case
		do   func(cases.Case) (cases.Case, error)
		want cases.Case // the zero case where it is refused
	}{
		{"take an open case", opened, take, taken},
		{"take one that is taken", taken, take, cases.Case{}},
		{"take a closed one", closed, take, cases.Case{}},
		{"close an open case", opened, closing(cases.Acted), closed},
		{"close a taken one", taken, closing(cases.NoAction), noAction},
		{"call it a false alarm", taken, closing(cases.FalseAlarm), falseAlarm},
		{"close a closed one", closed, closing(cases.Acted), cases.Case{}},
		{"reopen a closed one", closed, reopen, taken},
		{"reopen an open one", opened, reopen, cases.Case{}},
		{"reopen a taken one", taken, reopen, cases.Case{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.do(c.from)
			if c.want.State == "" {
				if !errors.Is(err, cases.ErrState) || !reflect.DeepEqual(got, c.from) {
					t.Errorf("got %+v, %v; want it refused", got, err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestACaseIsClosedWithAnOutcome(t *testing.T) {
	for _, o := range []cases.Outcome{"", "done", "Acted"} {
		got, err := cases.Case{State: cases.Open}.Close(mod, o, noon)
		if err == nil || errors.Is(err, cases.ErrState) || got.State != cases.Open {
			t.Errorf("closing with %q gave %+v, %v", o, got, err)
		}
	}
}

// A hint names a case only where nothing says more.
func TestWhatACaseIsAbout(t *testing.T) {
	hint := cases.Sign{Category: detect.Threat, Weight: 4}
	plain := cases.Sign{Category: detect.GiftOffer, Weight: 6}
	if got := cases.About([]cases.Sign{hint, plain}); !reflect.DeepEqual(got, []detect.Category{detect.GiftOffer}) {
		t.Errorf("a hint beside a sign: %v", got)
	}
	if got := cases.About([]cases.Sign{hint}); !reflect.DeepEqual(got, []detect.Category{detect.Threat}) {
		t.Errorf("a hint alone: %v", got)
	}
	if cases.AllHelp(nil) || !cases.AllHelp([]detect.Category{detect.SelfHarm}) || cases.AllHelp([]detect.Category{detect.SelfHarm, detect.Threat}) {
		t.Error("who needs help is told wrongly")
	}
}

func TestMoreSignsBringTheCaseUpToDate(t *testing.T) {
	sign := func(k detect.Category, message chat.MessageID) cases.Sign {
		return cases.Sign{Category: k, Weight: 6, Place: "p2", PlaceName: "games", Message: message, Link: "https://chat.example/" + string(message)}
	}
	before := cases.Case{Severity: detect.Medium, Categories: []detect.Category{detect.Secrecy},
		Place: "p1", PlaceName: "general", Message: "m1", Link: "https://chat.example/m1"}
	signs := []cases.Sign{sign(detect.GiftOffer, "m2"), sign(detect.Secrecy, "m2"), sign(detect.GiftOffer, "m3")}
	for _, c := range []struct {
		severity detect.Severity
		rose     bool
		want     detect.Severity
	}{{detect.Low, false, detect.Medium}, {detect.Medium, false, detect.Medium}, {detect.High, true, detect.High}} {
		got, rose := before.Add(signs, c.severity, noon)
		want := cases.Case{Severity: c.want, Categories: []detect.Category{detect.Secrecy, detect.GiftOffer},
			Place: "p2", PlaceName: "games", Message: "m3", Link: "https://chat.example/m3", UpdatedAt: noon}
		if !reflect.DeepEqual(got, want) || rose != c.rose {
			t.Errorf("%v: got %+v, rose %v; want %+v, %v", c.severity, got, rose, want, c.rose)
		}
	}
	if len(before.Categories) != 1 {
		t.Errorf("the case before was changed: %v", before.Categories)
	}
	got, rose := before.Add(nil, detect.Urgent, noon)
	if !rose || got.Message != "m1" {
		t.Errorf("without signs: got %+v, rose %v", got, rose)
	}
}

// TestAddDoesNotWriteIntoTheCaseBefore gives the slice room, into which a
// careless append would write.
func TestAddDoesNotWriteIntoTheCaseBefore(t *testing.T) {
	room := append(make([]detect.Category, 0, 8), detect.Secrecy)
	before := cases.Case{Categories: room}
	before.Add([]cases.Sign{{Category: detect.Threat}}, detect.High, noon)
	if room[:2][1] != "" {
		t.Errorf("the room behind the old list now holds %q", room[:2][1])
	}
}

func TestNobodySeesACaseAboutThemselves(t *testing.T) {
	for _, c := range []struct {
		kind   cases.Kind
		author chat.PersonID
		person chat.PersonID
		want   bool
	}{
		{cases.BySignals, "mod", "mod", true},
		{cases.BySignals, "mod", "lead", false},
		{cases.ByReport, "mod", "mod", true},
		{cases.ByReport, "", "mod", false},
		{cases.ByReport, "", "", false},
		{cases.ByTest, "mod", "mod", false},
	} {
		if got := (cases.Case{Kind: c.kind, Author: c.author}).Concerns(c.person); got != c.want {
			t.Errorf("a case by %s about %q concerns %q: %v", c.kind, c.author, c.person, got)
		}
	}
}

func TestACaseIsAboutHelpWhenAllItsSignsAre(t *testing.T) {
	for _, c := range []struct {
		kind       cases.Kind
		categories []detect.Category
		want       bool
	}{
		{cases.BySignals, []detect.Category{detect.SelfHarm, detect.DisclosureAbuse}, true},
		{cases.BySignals, []detect.Category{detect.SelfHarm, detect.Threat}, false},
		{cases.BySignals, nil, false},
		{cases.ByReport, []detect.Category{detect.Report}, false},
	} {
		if got := (cases.Case{Kind: c.kind, Categories: c.categories}).Help(); got != c.want {
			t.Errorf("%s %v: %v", c.kind, c.categories, got)
		}
	}
}

func TestWhichPlacesAreRead(t *testing.T) {
	place := func(id, parent chat.PlaceID) chat.Place { return chat.Place{ID: id, Parent: parent} }
	some := cases.Settings{StaffPlace: "staff", Excluded: []chat.PlaceID{"memes", "quiet thread"}}
	watched := some
	watched.Watched = []chat.PlaceID{"general", "one thread", "memes"}
	for _, c := range []struct {
		name  string
		set   cases.Settings
		place chat.Place
		want  bool
	}{
		{"a channel", some, place("general", ""), true},
		{"a thread", some, place("thread", "general"), true},
		{"the staff room", some, place("staff", ""), false},
		{"a thread in the staff room", some, place("thread", "staff"), false},
		{"an excluded channel", some, place("memes", ""), false},
		{"a thread of an excluded channel", some, place("thread", "memes"), false},
		{"an excluded thread", some, place("quiet thread", "general"), false},
		{"a direct conversation", some, chat.Place{ID: "dm", Direct: true}, false},
		{"a watched channel", watched, place("general", ""), true},
		{"a thread of a watched channel", watched, place("thread", "general"), true},
		{"a watched thread", watched, place("one thread", "games"), true},
		{"a channel that is not watched", watched, place("games", ""), false},
		{"one that is watched and excluded", watched, place("memes", ""), false},
	} {
		if got := c.set.Watches(c.place); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
