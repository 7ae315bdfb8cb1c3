package responses

import (
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Region is where somebody is, as far as contacts depend on it.
type Region string

// The regions that contacts are chosen for. England, Scotland, Wales and
// Northern Ireland show their own contacts first, then those of the UK.
const (
	UK              Region = "UK"
	England         Region = "England"
	Scotland        Region = "Scotland"
	Wales           Region = "Wales"
	NorthernIreland Region = "Northern Ireland"
	Ireland         Region = "Ireland"
	US              Region = "US"
	Canada          Region = "Canada"
	Australia       Region = "Australia"
	NewZealand      Region = "New Zealand"
	India           Region = "India"
	SouthAfrica     Region = "South Africa"
	EU              Region = "EU"
	Unknown         Region = "unknown"
)

// Who is the person that a contact is for.
type Who string

// The people who look for contacts. Adult means somebody of 18 or over, on
// their own account or worried about a child that is not theirs.
const (
	Child  Who = "child"
	Adult  Who = "adult"
	Parent Who = "parent"
	Worker Who = "staff"
)

// Need is what somebody looks for help with.
type Need string

// The needs.
const (
	Danger      Need = "danger"
	Talk        Need = "talk"
	Report      Need = "report"
	Image       Need = "image"
	Friend      Need = "friend"
	OwnThoughts Need = "own-thoughts"
	Crisis      Need = "crisis"
	Fraud       Need = "fraud"
	Missing     Need = "missing"
	StaffAdvice Need = "staff-advice"
)

// Regions lists all regions, unknown last.
func Regions() []Region {
	return []Region{UK, England, Scotland, Wales, NorthernIreland, Ireland, US, Canada, Australia,
		NewZealand, India, SouthAfrica, EU, Unknown}
}

// People lists all kinds of people.
func People() []Who { return []Who{Child, Adult, Parent, Worker} }

// Needs lists all needs.
func Needs() []Need {
	return []Need{Danger, Talk, Report, Image, Friend, OwnThoughts, Crisis, Fraud, Missing, StaffAdvice}
}

// ParseRegion finds a region by its name in any letter case; "" is unknown.
func ParseRegion(s string) (Region, bool) { return parse(s, Unknown, Regions()) }

// ParseWho finds a kind of person by its name; "" is a child, because what a
// child may see harms nobody.
func ParseWho(s string) (Who, bool) { return parse(s, Child, People()) }

// ParseNeed finds a need by its name; "" is somebody to talk to.
func ParseNeed(s string) (Need, bool) { return parse(s, Talk, Needs()) }

func parse[T ~string](s string, empty T, all []T) (T, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return empty, true
	}
	for _, v := range all {
		if strings.EqualFold(string(v), s) {
			return v, true
		}
	}
	return empty, false
}

// Contact is somebody who helps, with the ways to reach them. It holds only
// what public pages bear out.
type Contact struct {
	ID         string    `yaml:"id"`
	Name       string    `yaml:"name"`
	For        string    `yaml:"for"`      // what it is for
	Audience   string    `yaml:"audience"` // who may use it, in words; may be empty
	Regions    []Region  `yaml:"regions"`  // where it may be shown; empty for everywhere
	Who        []Who     `yaml:"who"`      // to whom it may be shown
	AdultsOnly bool      `yaml:"adults_only"`
	Emergency  bool      `yaml:"emergency"`
	Platform   string    `yaml:"platform"` // shown only on this chat platform; empty for all
	Phones     []Phone   `yaml:"phones"`
	Text       *TextLine `yaml:"text"`
	URL        string    `yaml:"url"`
	Hours      string    `yaml:"hours"`
	Languages  []string  `yaml:"languages"` // BCP 47
	Note       string    `yaml:"note"`      // what to know before using it
	Sources    []string  `yaml:"sources"`   // public pages that bear it out, for whoever checks it; the operator's own first
	Checked    string    `yaml:"checked"`   // when it was last compared with public pages, YYYY-MM-DD

	// Own says that a server's staff added it, for that server alone; Where is
	// then who it is or where to go, in their words.
	Own   bool   `yaml:"-"`
	Where string `yaml:"-"`
	// Wrong says that who checked it last found something wrong with it. It is
	// shown no more, unless it is an emergency line.
	Wrong bool `yaml:"-"`
}

// Phone is a number to call.
type Phone struct {
	Label   string   `yaml:"label"`   // which line this is; may be empty
	Number  string   `yaml:"number"`  // as people read it
	Regions []Region `yaml:"regions"` // where this number is the one to call; empty for all of the contact's
}

// Dial is the number as a telephone takes it.
func (p Phone) Dial() string { return dialable(p.Number) }

// TextLine is a number to send a text message to.
type TextLine struct {
	Say    string `yaml:"say"`    // what to do, in words
	Number string `yaml:"number"` // where the text goes
	Body   string `yaml:"body"`   // what to write; may be empty
}

// Dial is the number as a telephone takes it.
func (l TextLine) Dial() string { return dialable(l.Number) }

func dialable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// Query says which contacts are wanted.
type Query struct {
	Region   Region
	Need     Need
	Who      Who
	Platform string // "discord", "slack"; empty shows the contacts of all platforms
}

// Contacts is the directory of contacts with their order.
type Contacts struct {
	all     map[string]Contact
	ids     []string // in the order of the files
	regions map[Region]regionOrder
}

// regionOrder is what one region shows.
type regionOrder struct {
	parent    Region
	emergency string
	best      map[Who]map[Need][]string
}

// Contact finds a contact by its id.
func (t *Texts) Contact(id string) (Contact, bool) {
	c, ok := t.contacts.all[id]
	return c, ok
}

// AllContacts lists every contact, in the order of the files.
func (t *Texts) AllContacts() []Contact {
	out := make([]Contact, 0, len(t.contacts.ids))
	for _, id := range t.contacts.ids {
		out = append(out, t.contacts.all[id])
	}
	return out
}

// Emergency is the emergency line of a region; none where the region is
// unknown.
func (t *Texts) Emergency(r Region) (Contact, bool) {
	o := t.contacts.regions[r]
	if o.emergency == "" && o.parent != "" {
		o = t.contacts.regions[o.parent]
	}
	c, ok := t.contacts.all[o.emergency]
	return c.in(r), ok
}

// Contacts chooses contacts, best first: the emergency line of the region, a
// nation's own, then those of its country. Where the region is unknown they
// are the international ones, without any number. A child is never shown what
// is for adults.
func (t *Texts) Contacts(q Query) []Contact {
	var ids []string
	if e, ok := t.Emergency(q.Region); ok {
		ids = append(ids, e.ID)
	}
	for _, r := range []Region{q.Region, t.contacts.regions[q.Region].parent} {
		ids = append(ids, t.contacts.regions[r].best[q.Who][q.Need]...)
	}
	var out []Contact
	seen := map[string]bool{}
	for _, id := range ids {
		c := t.contacts.all[id]
		if seen[id] || !c.fits(q) {
			continue
		}
		seen[id] = true
		out = append(out, c.in(q.Region))
	}
	return out
}

// fits says whether a contact may be shown at all.
func (c Contact) fits(q Query) bool {
	if c.AdultsOnly && q.Who == Child || c.Wrong && !c.Emergency {
		return false
	}
	if c.Platform != "" && q.Platform != "" && c.Platform != q.Platform {
		return false
	}
	return slices.Contains(c.Who, q.Who) && c.covers(q.Region)
}

// covers says whether a contact may be shown in a region.
func (c Contact) covers(r Region) bool { return len(c.Regions) == 0 || within(r, c.Regions) }

// within says whether a region is one of a list. The UK stands for all its
// nations, unless the list names nations.
func within(r Region, list []Region) bool {
	if slices.Contains(list, r) {
		return true
	}
	return nation(r) && slices.Contains(list, UK) && !slices.ContainsFunc(list, nation)
}

// in is the contact as one region sees it: with the numbers meant for it.
func (c Contact) in(r Region) Contact {
	var phones []Phone
	for _, p := range c.Phones {
		if len(p.Regions) == 0 || within(r, p.Regions) {
			phones = append(phones, p)
		}
	}
	c.Phones = phones
	return c
}

func nation(r Region) bool {
	return r == England || r == Scotland || r == Wales || r == NorthernIreland
}

// contactFile is one file of contacts.
type contactFile struct {
	Region    Region    `yaml:"region"`
	Parent    Region    `yaml:"parent"`    // the country that a nation belongs to
	Emergency string    `yaml:"emergency"` // id of the region's emergency line
	Contacts  []Contact `yaml:"contacts"`
	Best      []bestRow `yaml:"best"`
}

// bestRow is the order of contacts for some people and some needs.
type bestRow struct {
	Who  []Who    `yaml:"who"`
	Need []Need   `yaml:"need"`
	Show []string `yaml:"show"`
}

func loadContacts(fsys fs.FS, bad *Problems) *Contacts {
	cs := &Contacts{all: map[string]Contact{}, regions: map[Region]regionOrder{}}
	files, err := fs.Glob(fsys, "signposts/*.yaml")
	if err != nil || len(files) == 0 {
		bad.add("signposts", 0, "no contacts found")
		return cs
	}
	parsed := map[string]contactFile{}
	raw := map[string][]byte{}
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			bad.add(file, 0, "cannot be read: %v", err)
			continue
		}
		var f contactFile
		if !decode(file, 0, data, &f, bad) {
			continue
		}
		parsed[file], raw[file] = f, data
		for _, c := range f.Contacts {
			line := lineOf(data, "id: "+c.ID+"\n")
			if _, twice := cs.all[c.ID]; twice {
				bad.add(file, line, "contact %q is written twice", c.ID)
			}
			checkContact(file, line, c, bad)
			cs.all[c.ID] = c
			cs.ids = append(cs.ids, c.ID)
		}
	}
	for _, file := range files {
		if f, ok := parsed[file]; ok {
			cs.addRegion(file, raw[file], f, bad)
		}
	}
	for _, r := range Regions() {
		if _, ok := cs.regions[r]; !ok {
			bad.add("signposts", 0, "no file for the region %s", r)
		}
	}
	return cs
}

// addRegion checks and keeps the order of one file.
func (cs *Contacts) addRegion(file string, data []byte, f contactFile, bad *Problems) {
	if !slices.Contains(Regions(), f.Region) {
		bad.add(file, lineOf(data, "region:"), "%q is no region", f.Region)
		return
	}
	o := regionOrder{parent: f.Parent, emergency: f.Emergency, best: map[Who]map[Need][]string{}}
	if e, ok := cs.all[f.Emergency]; f.Region != Unknown && f.Parent == "" && (!ok || !e.Emergency) {
		bad.add(file, lineOf(data, "emergency:"), "%q is no emergency contact", f.Emergency)
	}
	for _, row := range f.Best {
		cs.addRow(file, data, f.Region, row, o.best, bad)
	}
	if f.Parent == "" {
		for _, w := range People() {
			for _, n := range Needs() {
				if _, ok := o.best[w][n]; !ok {
					bad.add(file, 0, "no contacts for %s, %s", w, n)
				}
			}
		}
	}
	cs.regions[f.Region] = o
}

func (cs *Contacts) addRow(file string, data []byte, r Region, row bestRow, best map[Who]map[Need][]string, bad *Problems) {
	for _, id := range row.Show {
		c, ok := cs.all[id]
		line := lineIn(data, "\nbest:", id)
		switch {
		case !ok:
			bad.add(file, line, "contact %q is not known", id)
		case !c.covers(r):
			bad.add(file, line, "contact %q is not for %s", id, r)
		}
	}
	for _, w := range row.Who {
		if !slices.Contains(People(), w) {
			bad.add(file, 0, "%q is no kind of person", w)
		}
		if best[w] == nil {
			best[w] = map[Need][]string{}
		}
		for _, n := range row.Need {
			if !slices.Contains(Needs(), n) {
				bad.add(file, 0, "%q is no need", n)
			}
			if _, twice := best[w][n]; twice {
				bad.add(file, 0, "two orders for %s, %s", w, n)
			}
			best[w][n] = row.Show
			for _, id := range row.Show {
				c, ok := cs.all[id]
				if ok && (!slices.Contains(c.Who, w) || c.AdultsOnly && w == Child) {
					bad.add(file, lineIn(data, "\nbest:", id), "contact %q is not for %s, but shown for %s", id, w, n)
				}
			}
		}
	}
}

var (
	contactID  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	phoneShape = regexp.MustCompile(`^\+?[0-9][0-9 -]*[0-9]$`)
)

// forbidden are retired or wrong contacts that must never be shown
// (content/guidance.md, "Never say"; the directory's own list).
var forbidden = []string{"Action Fraud", "0800 055 555", "88858", "press 3", "1850 555 222",
	"1800 016 848", "thinkuknow.co.uk"}

func checkContact(file string, line int, c Contact, bad *Problems) {
	say := func(format string, args ...any) {
		bad.add(file, line, "contact "+c.ID+": "+format, args...)
	}
	if !contactID.MatchString(c.ID) {
		say("the id is not made of small letters, digits and hyphens")
	}
	if c.Name == "" || c.For == "" {
		say("name and for are both needed")
	}
	if len(c.Phones) == 0 && c.Text == nil && c.URL == "" {
		say("there is no way to reach it")
	}
	if _, err := time.Parse(time.DateOnly, c.Checked); err != nil {
		say("checked %q is no date like 2026-11-23", c.Checked)
	}
	for _, p := range c.Phones {
		if !phoneShape.MatchString(p.Number) {
			say("%q is no phone number", p.Number)
		}
	}
	if c.Text != nil && (!phoneShape.MatchString(c.Text.Number) || !strings.Contains(c.Text.Say, c.Text.Number)) {
		say("the text line needs a number, and words that hold it")
	}
	if c.URL != "" {
		if u, err := url.Parse(c.URL); err != nil || u.Scheme != "https" || u.Host == "" {
			say("%q is no https address", c.URL)
		}
	}
	for _, s := range c.Sources {
		if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			say("the source %q is no address of a page", s)
		}
	}
	for _, w := range c.Who {
		if !slices.Contains(People(), w) {
			say("%q is no kind of person", w)
		}
		if w == Child && c.AdultsOnly {
			say("it is for adults only and yet for a child")
		}
	}
	for _, r := range c.Regions {
		if !slices.Contains(Regions(), r) {
			say("%q is no region", r)
		}
	}
	checkForbidden(file, line, c, bad)
}

// checkForbidden compares both the words and the bare digits.
func checkForbidden(file string, line int, c Contact, bad *Problems) {
	said := strings.ToLower(strings.Join(c.said(), "\n"))
	for _, f := range forbidden {
		if strings.Contains(said, strings.ToLower(f)) {
			bad.add(file, line, "contact %s: %q must not be shown", c.ID, f)
		}
	}
	for _, p := range c.Phones {
		if Retired(p.Number) {
			bad.add(file, line, "contact %s: the number %s is wrong or retired", c.ID, p.Number)
		}
	}
}

// Retired says whether a number is one of those that old pages still give, and
// that reach nobody or somebody else. 0800 111 is a misprint of Childline's
// 0800 1111.
func Retired(number string) bool {
	return slices.Contains([]string{"0800111", "0800055555", "1850555222", "1800016848", "88858"}, dialable(number))
}

// said is everything about a contact that can be shown.
func (c Contact) said() []string {
	s := []string{c.Name, c.For, c.Audience, c.URL, c.Hours, c.Note}
	for _, p := range c.Phones {
		s = append(s, p.Label, p.Number)
	}
	if c.Text != nil {
		s = append(s, c.Text.Say, c.Text.Number, c.Text.Body)
	}
	return s
}
