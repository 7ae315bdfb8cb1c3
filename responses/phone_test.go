package responses

import (
	"slices"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// countries are those in which a region's numbers are dialled, by ISO 3166. Of
// the EU they are three large ones: a number that all of Europe shares has to be
// known in each of them.
var countries = map[Region][]string{
	UK: {"GB"}, England: {"GB"}, Scotland: {"GB"}, Wales: {"GB"}, NorthernIreland: {"GB"},
	Ireland: {"IE"}, US: {"US"}, Canada: {"CA"}, Australia: {"AU"}, NewZealand: {"NZ"}, India: {"IN"}, SouthAfrica: {"ZA"},
	EU: {"DE", "FR", "PL"},
}

// shortCodes are short numbers of the directory that the library's tables do not
// have: they know few of those that are no emergency number.
var shortCodes = map[string][]string{
	"IN": {"1930", "14416"},
	"NZ": {"105"},
	"ZA": {"116"},
}

// dialled says whether a country's number plan knows a number.
func dialled(number, country string) bool {
	n, err := phonenumbers.Parse(number, country)
	return err == nil && (phonenumbers.IsValidNumber(n) || phonenumbers.IsValidShortNumberForRegion(n, country)) ||
		slices.Contains(shortCodes[country], number)
}

// A digit too many or too few, or a prefix that nobody was given, fails here.
// The library is used in tests alone: its tables would add 8 MB to the program.
func TestEveryNumberCanBeDialled(t *testing.T) {
	checked := 0
	for _, c := range load(t).AllContacts() {
		for _, p := range c.Phones {
			where := p.Regions
			if len(where) == 0 {
				where = c.Regions
			}
			checked += checkNumber(t, c, p.Number, where)
		}
		if c.Text != nil {
			checked += checkNumber(t, c, c.Text.Number, c.Regions)
		}
	}
	if checked < 70 {
		t.Errorf("only %d numbers were looked at", checked)
	}
}

func checkNumber(t *testing.T, c Contact, number string, where []Region) (checked int) {
	t.Helper()
	if len(where) == 0 {
		t.Errorf("%s: the number %q has no country", c.ID, number)
	}
	for _, r := range where {
		for _, country := range countries[r] {
			checked++
			if !dialled(number, country) {
				t.Errorf("%s: nobody can be reached on %q in %s", c.ID, number, country)
			}
		}
	}
	return checked
}

func TestMisprintsAreNoticed(t *testing.T) {
	for _, m := range []struct{ number, country string }{
		{"0800 111", "GB"}, {"0800 11111", "GB"}, {"0808 800 50000", "GB"}, {"1-800-843-567", "US"}, {"1800 55 180", "AU"}, {"99", "GB"}, {"11611", "DE"},
	} {
		if dialled(m.number, m.country) {
			t.Errorf("%q passes for a number of %s", m.number, m.country)
		}
	}
}
