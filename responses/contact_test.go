package responses

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// ids are the contacts that a query shows.
func ids(cs []Contact) []string {
	out := make([]string, len(cs))
	for i, c := range cs {
		out[i] = c.ID
	}
	return out
}

// first are the first three contacts that a careful safeguarding lead would give,
// from the guidance and the directory: the emergency line; then who takes the
// matter on, or who listens, for that person in that place. For a child, somebody
// to talk to is always among them, or stands next to who can act. A nation's own
// service comes where it is the way to report (Gateway teams, social work); a
// service whose hours nobody has confirmed comes after one that always answers.
const first = `UK | child | danger | uk-emergency uk-childline uk-police-101
UK | child | talk | uk-emergency uk-childline uk-shout
UK | child | report | uk-emergency uk-ceop uk-childline
UK | child | image | uk-emergency uk-report-remove uk-childline
UK | child | friend | uk-emergency uk-childline uk-ceop
UK | child | own-thoughts | uk-emergency uk-shore uk-childline
UK | child | crisis | uk-emergency uk-childline uk-shout
UK | child | fraud | uk-emergency uk-ceop uk-childline
UK | child | missing | uk-emergency uk-missing uk-childline
UK | adult | own-thoughts | uk-emergency uk-stopitnow uk-samaritans
UK | adult | image | uk-emergency uk-rph stopncii
UK | adult | report | uk-emergency uk-police-101 uk-nspcc
UK | adult | friend | uk-emergency uk-nspcc uk-police-101
UK | parent | image | uk-emergency uk-report-remove uk-ceop
UK | parent | report | uk-emergency uk-ceop uk-police-101
UK | parent | own-thoughts | uk-emergency uk-stopitnow uk-shore
UK | parent | missing | uk-emergency uk-police-101 uk-missing
UK | staff | staff-advice | uk-emergency uk-nspcc uk-posh
UK | staff | image | uk-emergency uk-report-remove uk-ceop

England | child | talk | uk-emergency uk-childline uk-shout
England | adult | fraud | uk-emergency uk-report-fraud uk-police-101
England | parent | talk | uk-emergency uk-nspcc uk-samaritans
England | staff | report | uk-emergency uk-ceop uk-police-101
Scotland | child | talk | uk-emergency uk-childline uk-shout
Scotland | adult | fraud | uk-emergency uk-police-101 uk-samaritans
Scotland | parent | talk | uk-emergency uk-sco-social uk-nspcc
Scotland | parent | report | uk-emergency uk-sco-social uk-ceop
Scotland | staff | report | uk-emergency uk-sco-social uk-ceop
Scotland | staff | staff-advice | uk-emergency uk-sco-social uk-nspcc
Wales | child | talk | uk-emergency uk-childline uk-wal-meic
Wales | child | friend | uk-emergency uk-childline uk-wal-meic
Wales | child | report | uk-emergency uk-ceop uk-childline
Wales | adult | fraud | uk-emergency uk-report-fraud uk-police-101
Wales | parent | talk | uk-emergency uk-nspcc uk-wal-meic
Northern Ireland | child | talk | uk-emergency uk-childline uk-shout
Northern Ireland | child | crisis | uk-emergency uk-ni-lifeline uk-childline
Northern Ireland | adult | talk | uk-emergency uk-ni-lifeline uk-samaritans
Northern Ireland | parent | crisis | uk-emergency uk-ni-lifeline uk-samaritans
Northern Ireland | parent | friend | uk-emergency uk-ni-gateway uk-nspcc
Northern Ireland | staff | report | uk-emergency uk-ni-gateway uk-ceop

Ireland | child | talk | ie-emergency ie-childline uk-samaritans
Ireland | child | report | ie-emergency ie-garda ie-childline
Ireland | child | image | ie-emergency ie-hotline us-takeitdown
Ireland | adult | own-thoughts | ie-emergency uk-stopitnow uk-samaritans
Ireland | staff | report | ie-emergency ie-garda ie-tusla
Ireland | staff | staff-advice | ie-emergency ie-tusla ie-garda

US | child | crisis | us-emergency us-988 us-ctl
US | child | image | us-emergency us-takeitdown us-ncmec
US | child | report | us-emergency us-ncmec us-fbi
US | child | talk | us-emergency us-childhelp us-ctl
US | adult | image | us-emergency stopncii us-fbi
US | parent | report | us-emergency us-ncmec us-fbi
US | staff | staff-advice | us-emergency us-childhelp us-ncmec
Canada | child | talk | ca-emergency ca-khp us-childhelp
Canada | child | report | ca-emergency ca-cybertip ca-khp
Canada | child | image | ca-emergency ca-needhelpnow us-takeitdown
Canada | adult | crisis | ca-emergency ca-988 ca-khp

Australia | child | report | au-emergency au-accce au-kidshelpline
Australia | child | image | au-emergency au-esafety au-accce
Australia | adult | own-thoughts | au-emergency au-stopitnow intl-findahelpline
New Zealand | child | talk | nz-emergency nz-youthline nz-1737
New Zealand | parent | report | nz-emergency nz-netsafe nz-safetotalk
India | child | talk | in-emergency in-1098 in-telemanas
India | parent | report | in-emergency in-cyber in-1098
South Africa | child | talk | za-emergency za-childline intl-findahelpline
EU | child | talk | eu-112 eu-116111 intl-chi
EU | child | missing | eu-112 eu-116000 eu-116111

unknown | child | danger | intl-chi intl-findahelpline
unknown | child | image | us-takeitdown intl-chi intl-findahelpline
unknown | adult | crisis | intl-findahelpline intl-chi
unknown | staff | report | intl-chi intl-inhope intl-findahelpline`

func TestWhatPeopleAreShownFirst(t *testing.T) {
	texts := load(t)
	asked := 0
	for line := range strings.Lines(first) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		asked++
		part := strings.Split(strings.TrimSpace(line), " | ")
		q := Query{Region: Region(part[0]), Who: Who(part[1]), Need: Need(part[2])}
		got := ids(texts.Contacts(q))
		if s := strings.Join(got[:min(3, len(got))], " "); s != part[3] {
			t.Errorf("%s, %s, %s: got %s, want %s", q.Region, q.Who, q.Need, s, part[3])
		}
	}
	if asked < 60 {
		t.Errorf("only %d lists were looked at", asked)
	}
}

// What holds for everybody, whatever the table says.
func TestWhatEveryListHoldsFirst(t *testing.T) {
	texts := load(t)
	among := func(q Query, n int, wanted ...string) {
		t.Helper()
		list := ids(texts.Contacts(q))
		for _, id := range list[:min(n, len(list))] {
			if slices.Contains(wanted, id) {
				return
			}
		}
		t.Errorf("%s, %s, %s: none of %v is among the first %d of %v", q.Region, q.Who, q.Need, wanted, n, list)
	}
	// Who listens to children, by region; of the UK's nations those of the UK.
	listens := []string{"uk-childline", "ie-childline", "us-childhelp", "us-988", "us-ctl", "ca-khp", "au-kidshelpline",
		"nz-youthline", "in-1098", "za-childline", "eu-116111", "intl-chi"}
	takesDown := []string{"uk-report-remove", "ie-hotline", "us-takeitdown", "ca-needhelpnow", "au-esafety", "nz-netsafe"}
	for _, r := range Regions() {
		for _, n := range []Need{Danger, Talk, Friend, OwnThoughts, Crisis, Missing, StaffAdvice} {
			among(Query{Region: r, Who: Child, Need: n}, 3, listens...)
		}
		among(Query{Region: r, Who: Child, Need: Report}, 4, listens...)
		among(Query{Region: r, Who: Child, Need: Fraud}, 4, listens...)
		among(Query{Region: r, Who: Child, Need: Image}, 2, takesDown...)
		among(Query{Region: r, Who: Adult, Need: Image}, 3, "uk-rph", "stopncii")
	}
}

func TestTheNationsDiffer(t *testing.T) {
	texts := load(t)
	own := map[Region]string{Scotland: "uk-sco-social", Wales: "uk-wal-meic", NorthernIreland: "uk-ni-gateway uk-ni-lifeline", England: ""}
	for r, mine := range own {
		shown := map[string]bool{}
		for _, w := range People() {
			for _, n := range Needs() {
				for _, id := range ids(texts.Contacts(Query{Region: r, Who: w, Need: n})) {
					shown[id] = true
				}
			}
		}
		for other, ids := range own {
			for _, id := range strings.Fields(ids) {
				if shown[id] != (other == r) {
					t.Errorf("%s in %s: shown is %v", id, r, shown[id])
				}
			}
		}
		if mine == "" && !shown["uk-report-fraud"] || r == Scotland && shown["uk-report-fraud"] {
			t.Errorf("%s: Report Fraud serves England, Wales and Northern Ireland", r)
		}
	}
}

// Every combination that anybody can ask for.
func TestEveryListIsSafe(t *testing.T) {
	texts := load(t)
	reached := map[string]bool{}
	for _, r := range Regions() {
		for _, w := range People() {
			for _, n := range Needs() {
				list := texts.Contacts(Query{Region: r, Who: w, Need: n})
				where := strings.Join([]string{string(r), string(w), string(n)}, ", ")
				if len(list) < 2 {
					t.Errorf("%s: only %d contacts", where, len(list))
				}
				if list[0].Emergency != (r != Unknown) {
					t.Errorf("%s: the first is %s", where, list[0].ID)
				}
				for _, c := range list {
					reached[c.ID] = true
					checkShown(t, where, r, w, c)
				}
			}
		}
	}
	for _, c := range texts.AllContacts() {
		if !reached[c.ID] {
			t.Errorf("nobody is ever shown %s", c.ID)
		}
	}
}

func checkShown(t *testing.T, where string, r Region, w Who, c Contact) {
	t.Helper()
	if w == Child && (c.AdultsOnly || !slices.Contains(c.Who, Child)) {
		t.Errorf("%s: a child is shown %s", where, c.ID)
	}
	if r == Unknown && (len(c.Phones) > 0 || c.Text != nil) {
		t.Errorf("%s: %s has a number, though the country is unknown", where, c.ID)
	}
	if len(c.Regions) > 0 && !c.covers(r) {
		t.Errorf("%s: %s belongs to %v", where, c.ID, c.Regions)
	}
	if len(c.Phones) == 0 && c.Text == nil && c.URL == "" {
		t.Errorf("%s: %s cannot be reached", where, c.ID)
	}
}

func TestAPlatformShowsItsOwnReportOnly(t *testing.T) {
	texts := load(t)
	for platform, want := range map[string]string{"discord": "platform-discord", "slack": "platform-slack", "playground": ""} {
		var got []string
		for _, c := range texts.Contacts(Query{Region: UK, Who: Child, Need: Report, Platform: platform}) {
			if c.Platform != "" {
				got = append(got, c.ID)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s shows %v", platform, got)
		}
	}
}

func TestIrelandIsShownTheIrishNumber(t *testing.T) {
	for _, c := range load(t).Contacts(Query{Region: Ireland, Who: Adult, Need: OwnThoughts}) {
		if c.ID == "uk-stopitnow" && (len(c.Phones) != 1 || c.Phones[0].Dial() != "+441372847161") {
			t.Errorf("phones in Ireland: %v", c.Phones)
		}
	}
}

func TestWrongContactsAreRefused(t *testing.T) {
	good := Contact{ID: "xx-line", Name: "Line", For: "talk", Checked: "2026-11-23", Who: []Who{Child},
		Phones: []Phone{{Number: "0800 1111"}}}
	for reason, spoil := range map[string]func(*Contact){
		"wrong or retired":  func(c *Contact) { c.Phones[0].Number = "0800 111" },
		"must not be shown": func(c *Contact) { c.Note = "Or press 3." },
		"no phone number":   func(c *Contact) { c.Phones[0].Number = "call us" },
		"no way to reach":   func(c *Contact) { c.Phones = nil },
		"no https address":  func(c *Contact) { c.URL = "http://example.org" },
		"no date":           func(c *Contact) { c.Checked = "today" },
		"adults only":       func(c *Contact) { c.AdultsOnly = true },
		"text line needs":   func(c *Contact) { c.Text = &TextLine{Say: "Text us", Number: "85258"} },
	} {
		c := good
		c.Phones = slices.Clone(good.Phones)
		spoil(&c)
		var bad Problems
		checkContact("signposts/x.yaml", 3, c, &bad)
		if len(bad) == 0 || !strings.Contains(bad.Error(), reason) {
			t.Errorf("%s: got %q", reason, bad.Error())
		}
	}
	var bad Problems
	if checkContact("signposts/x.yaml", 3, good, &bad); len(bad) > 0 {
		t.Errorf("a good contact is refused: %v", bad)
	}
}

// entry is what the evidence directory says of a contact.
type entry struct {
	ID         string   `yaml:"id"`
	Phone      string   `yaml:"phone"`
	Text       string   `yaml:"text"`
	URL        string   `yaml:"url"`
	Hours      string   `yaml:"hours"`
	Languages  []string `yaml:"languages"`
	Verified   string   `yaml:"verified"`
	Unverified []string `yaml:"unverified_fields"`
	Sources    []struct {
		URL string `yaml:"url"`
	} `yaml:"sources"`
}

// shared finds the folder of source material, which is no part of the module.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("WAYMARK_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("skipped: the source material is not here (set WAYMARK_SHARED)")
	}
	return dir
}

var digitRuns = regexp.MustCompile(`[0-9][0-9 -]*[0-9]|[0-9]`)

// digits are the numbers in a text, without spaces and hyphens.
func digits(s string) []string {
	var out []string
	for _, m := range digitRuns.FindAllString(s, -1) {
		out = append(out, strings.NewReplacer(" ", "", "-", "").Replace(m))
	}
	return out
}

func TestEveryDigitIsTheDirectorys(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(shared(t), "content", "directory.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var dir struct {
		Entries []entry `yaml:"entries"`
	}
	if err := yaml.Unmarshal(data, &dir); err != nil {
		t.Fatal(err)
	}
	known := map[string]entry{}
	for _, e := range dir.Entries {
		known[e.ID] = e
	}
	for _, c := range load(t).AllContacts() {
		e, ok := known[c.ID]
		if !ok || e.Verified == "no" {
			t.Errorf("%s is not in the directory, or not to be shown", c.ID)
			continue
		}
		compare(t, c, e)
		delete(known, c.ID)
	}
	for id, e := range known {
		if e.Verified != "no" && (e.bears("phone") && e.Phone != "" || e.bears("text") && e.Text != "" || e.bears("url") && e.URL != "") {
			t.Errorf("%s is in the directory, and nobody is shown it", id)
		}
	}
}

// bears says whether a field has evidence. A field without it is listed as
// "phone" or "phone (and why)".
func (e entry) bears(field string) bool {
	return !slices.ContainsFunc(e.Unverified, func(u string) bool {
		return u == field || strings.HasPrefix(u, field+" (")
	})
}

func compare(t *testing.T, c Contact, e entry) {
	t.Helper()
	unverified := func(field string) bool { return !e.bears(field) }
	for _, p := range c.Phones {
		d := digits(strings.TrimPrefix(p.Number, "+"))
		if unverified("phone") || len(d) != 1 || !slices.Contains(digits(e.Phone), d[0]) {
			t.Errorf("%s: the phone %q is not borne out by %q", c.ID, p.Number, e.Phone)
		}
	}
	if c.Text != nil {
		for _, d := range digits(c.Text.Say) {
			if unverified("text") || !slices.Contains(digits(e.Text), d) {
				t.Errorf("%s: the text line %q is not borne out by %q", c.ID, c.Text.Say, e.Text)
			}
		}
	}
	if c.Text != nil && c.Text.Body != "" && unverified("text keyword") {
		t.Errorf("%s: the word to text is not borne out", c.ID)
	}
	if c.URL != "" && (c.URL != e.URL || unverified("url")) {
		t.Errorf("%s: the address %q is not the directory's %q", c.ID, c.URL, e.URL)
	}
	for _, s := range c.Sources {
		if !slices.ContainsFunc(e.Sources, func(known struct {
			URL string `yaml:"url"`
		}) bool {
			return strings.HasPrefix(known.URL, s)
		}) {
			t.Errorf("%s: the source %s is not the directory's", c.ID, s)
		}
	}
	if c.Hours != "" && unverified("hours") {
		t.Errorf("%s: its hours are not borne out", c.ID)
	}
	for _, d := range digits(c.Hours) {
		if !slices.Contains(digits(e.Hours), d) {
			t.Errorf("%s: hours %q are not the directory's %q", c.ID, c.Hours, e.Hours)
		}
	}
	for _, l := range c.Languages {
		if unverified("languages."+l) || !slices.Contains(e.Languages, l) {
			t.Errorf("%s: the language %s is not borne out", c.ID, l)
		}
	}
}
