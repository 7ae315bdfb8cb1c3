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

func TestWhatPeopleAreShownFirst(t *testing.T) {
	texts := load(t)
	for _, c := range []struct {
		region Region
		who    Who
		need   Need
		first  string
	}{
		{UK, Child, Danger, "uk-emergency uk-childline uk-police-101"},
		{UK, Child, Talk, "uk-emergency uk-childline uk-shout"},
		{UK, Child, Image, "uk-emergency uk-report-remove uk-childline"},
		{UK, Child, Report, "uk-emergency uk-ceop uk-childline"},
		{UK, Child, Crisis, "uk-emergency uk-childline uk-shout"},
		{UK, Child, OwnThoughts, "uk-emergency uk-shore uk-childline"},
		{UK, Adult, OwnThoughts, "uk-emergency uk-stopitnow uk-samaritans"},
		{UK, Adult, Image, "uk-emergency uk-rph stopncii"},
		{UK, Parent, Report, "uk-emergency uk-ceop uk-police-101"},
		{UK, Worker, StaffAdvice, "uk-emergency uk-nspcc uk-posh"},
		{England, Child, Talk, "uk-emergency uk-childline uk-shout"},
		{England, Adult, Fraud, "uk-emergency uk-report-fraud uk-police-101"},
		{Scotland, Adult, Fraud, "uk-emergency uk-police-101 uk-samaritans"},
		{Scotland, Parent, Report, "uk-emergency uk-sco-social uk-ceop"},
		{Wales, Child, Talk, "uk-emergency uk-wal-meic uk-childline"},
		{NorthernIreland, Worker, Report, "uk-emergency uk-ni-gateway uk-ceop"},
		{NorthernIreland, Child, Crisis, "uk-emergency uk-ni-lifeline uk-childline"},
		{Ireland, Child, Talk, "ie-emergency ie-childline uk-samaritans"},
		{US, Child, Crisis, "us-emergency us-988 us-ctl"},
		{US, Child, Image, "us-emergency us-takeitdown us-ncmec"},
		{US, Parent, Report, "us-emergency us-ncmec us-fbi"},
		{Canada, Child, Talk, "ca-emergency ca-khp us-childhelp"},
		{Australia, Child, Report, "au-emergency au-accce au-kidshelpline"},
		{NewZealand, Child, Talk, "nz-emergency nz-youthline nz-1737"},
		{India, Child, Talk, "in-emergency in-1098 in-telemanas"},
		{SouthAfrica, Child, Talk, "za-emergency za-childline intl-findahelpline"},
		{EU, Child, Missing, "eu-112 eu-116000 eu-116111"},
		{Unknown, Child, Danger, "intl-chi intl-findahelpline"},
		{Unknown, Adult, Crisis, "intl-findahelpline intl-chi"},
	} {
		got := ids(texts.Contacts(Query{Region: c.region, Who: c.who, Need: c.need}))
		if s := strings.Join(got[:min(3, len(got))], " "); s != c.first {
			t.Errorf("%s, %s, %s: got %s, want %s", c.region, c.who, c.need, s, c.first)
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
	}
}

func compare(t *testing.T, c Contact, e entry) {
	t.Helper()
	// An entry reads "phone" or "phone (and why)".
	unverified := func(field string) bool {
		return slices.ContainsFunc(e.Unverified, func(u string) bool {
			return u == field || strings.HasPrefix(u, field+" (")
		})
	}
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
