package responses

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

// needed are the topics that every language has to have.
var needed = []string{"not-your-fault", "grooming-signs", "sextortion", "image-removal", "worried-about-a-friend", "when-you-report"}

// forMembers are the files of short texts that every language has to have: what
// members see. Staff's may stay in English.
var forMembers = []string{"ui.", "browse.", "gentle."}

// translations are all languages but English and its variants.
func translations(texts *Texts) []*Texts {
	var out []*Texts
	for _, l := range texts.all.list[1:] {
		if !l.variant() {
			out = append(out, l)
		}
	}
	return out
}

// TestLanguages says all that is missing or wrong in each language, at once:
//
//	go test ./responses -run TestLanguages/fr
func TestLanguages(t *testing.T) {
	texts := load(t)
	for _, l := range translations(texts) {
		t.Run(l.language.Code(), func(t *testing.T) {
			for _, what := range missing(texts, l) {
				t.Error(what)
			}
			for where, words := range unsaid(l) {
				t.Errorf("%s says %s, which is never said", where, strings.Join(words, ", "))
			}
			checkSentences(t, l)
			checkCommandNames(t, l)
			checkSizes(t, l)
			if len(l.language.never) < 5 || len(l.language.neverYoung) < 2 {
				t.Errorf("%s/language.yaml: never and never_young need what must not be said in this language (at least 5 and 2)", l.language.Code())
			}
		})
	}
}

// missing lists what a language needs and has not.
func missing(english, l *Texts) []string {
	var out []string
	add := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	for _, key := range english.Keys() {
		if !slices.ContainsFunc(forMembers, func(begin string) bool { return strings.HasPrefix(key, begin) }) {
			continue
		}
		if group, form, is := english.counted(key); is {
			if form == "other" {
				out = append(out, missingForms(l, group)...)
			}
			continue
		}
		if _, own := l.phrases[key]; !own {
			add("missing: %s %q", key, english.phrases[key].items)
		}
	}
	for _, id := range needed {
		topic, _ := l.Topic(id)
		if topic.Language != l.language.Tag {
			add("missing: topics/%s.md", id)
		} else if was, _ := english.Topic(id); topic.Reviewed != was.Reviewed {
			add("topics/%s.md: it translates the English text of %s, which was changed on %s: bring it up to date", id, topic.Reviewed, was.Reviewed)
		}
	}
	unsaid := map[string]bool{}
	for _, c := range english.AllContacts() {
		own := l.contacts.all[c.ID]
		for i, s := range c.phrases() {
			if own.phrases()[i] == s && !sameEverywhere[s] {
				unsaid[s] = true
			}
		}
	}
	for s := range unsaid {
		add("missing: signposts.yaml %q", s)
	}
	for _, c := range Cries() {
		if len(l.ask.Crisis[c]) == 0 {
			add("missing: ask.yaml crisis.%s", c)
		}
	}
	if a, b := l.contacts.all["uk-emergency"].Audience, l.Say("ui.contact.anyone"); a != b {
		add("signposts.yaml calls \"anyone\" %q, and ui.contact.anyone %q", a, b)
	}
	sort.Strings(out)
	return out
}

func missingForms(l *Texts, group string) []string {
	var out []string
	for form := range l.language.formsUsed() {
		if _, own := l.phrases[group+"."+form]; !own {
			out = append(out, fmt.Sprintf("missing: %s.%s", group, form))
		}
	}
	return out
}

// sameEverywhere are phrases of contacts that need no other words.
var sameEverywhere = map[string]bool{"Online": true, "Belfast": true, "Northern": true, "South Eastern": true, "Southern": true, "Western": true}

// unsaid finds what a language must not say, by place.
func unsaid(l *Texts) map[string][]string {
	out := map[string][]string{}
	for where, text := range saidIn(l) {
		words := found(text, l.language.never)
		if strings.HasSuffix(where, " young") || strings.HasPrefix(where, "ui.") || strings.HasPrefix(where, "browse.") || strings.HasPrefix(where, "gentle.") {
			words = append(words, found(text, l.language.neverYoung)...)
		}
		for _, re := range matcher(neverAnywhere) {
			words = append(words, re.FindAllString(text, -1)...)
		}
		if len(words) > 0 {
			out[where] = words
		}
	}
	return out
}

// neverAnywhere is what no language says.
var neverAnywhere = []string{`action fraud`, `0800 055 555`, `\b88858\b`, `1850 555 222`, `1800 016 848`, `thinkuknow`, `\b0800 111\b`}

// saidIn is everything of a language's own, by the place where it is written.
func saidIn(l *Texts) map[string]string {
	all := said(l)
	for where := range all {
		if id, is := strings.CutPrefix(where, "topic "); is {
			id, _, _ = strings.Cut(id, " ")
			if topic, _ := l.Topic(id); topic.Language != l.language.Tag {
				delete(all, where)
			}
		}
	}
	return all
}

// found lists those of the words that are in a text, as whole words, in any
// letter case.
func found(text string, words []string) []string {
	text = " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ") + " "
	var out []string
	for _, w := range words {
		begin, open := strings.CutSuffix(strings.ToLower(w), "*")
		begin = " " + strings.Join(strings.FieldsFunc(begin, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
		if !open {
			begin += " "
		}
		if strings.Contains(text, begin) {
			out = append(out, w)
		}
	}
	return out
}

// translatedWords is how long a sentence for young people may be in another
// language: many need more small words than English.
const translatedWords = 18

func checkSentences(t *testing.T, l *Texts) {
	t.Helper()
	for where, text := range saidIn(l) {
		if !strings.HasSuffix(where, " young") && !strings.HasPrefix(where, "ui.") && !strings.HasPrefix(where, "gentle.") || strings.HasPrefix(where, "ui.grown.") {
			continue
		}
		for _, s := range sentences(text) {
			if n := len(words(s)); n > translatedWords {
				t.Errorf("%s: %d words, of at most %d: %s", where, n, translatedWords, s)
			}
		}
	}
}

// Discord's rule for the names of commands and options, which differ from one
// another.
func checkCommandNames(t *testing.T, l *Texts) {
	t.Helper()
	shape := regexp.MustCompile(`^[-_\p{L}\p{N}]{1,32}$`)
	for _, siblings := range [][]string{{"learn", "ask", "support", "report", "privacy"}, {"need", "region", "who"}, {"topic"}, {"question"}} {
		seen := map[string]string{}
		for _, name := range siblings {
			s := l.Say("ui.name." + name)
			if !shape.MatchString(s) || s != strings.ToLower(s) {
				t.Errorf("ui.name.%s: %q is not one word of at most 32 small letters", name, s)
			}
			if other := seen[s]; other != "" {
				t.Errorf("ui.name.%s is the same as ui.name.%s", name, other)
			}
			seen[s] = name
		}
	}
}

// checkSizes finds labels that a platform would cut off.
func checkSizes(t *testing.T, l *Texts) {
	t.Helper()
	for begin, most := range map[string]int{"ui.button.": 75, "ui.command.": 100, "ui.need.": 75, "ui.region.": 75, "ui.who.": 75,
		"ui.report.title": 45, "ui.report.what": 45, "ui.report.reader": 45, "ui.report.byname": 45, "ui.report.send": 24, "ui.report.hint": 100,
		"ui.report.all": 75, "ui.report.lead": 75, "ui.report.named": 75, "ui.report.anonymous": 75} {
		for _, key := range l.English().Keys() {
			if key != begin && !(strings.HasSuffix(begin, ".") && strings.HasPrefix(key, begin)) {
				continue
			}
			if n := len([]rune(l.Say(key))); n > most && len([]rune(l.English().Say(key))) <= most {
				t.Errorf("%s has %d characters, of at most %d", key, n, most)
			}
		}
	}
	for _, topic := range l.Topics() {
		if n := len([]rune(topic.Question)); n > 100 {
			t.Errorf("topics/%s.md: the question has %d characters, of at most 100", topic.ID, n)
		}
		if n := len([]rune(topic.Title)); n > 60 {
			t.Errorf("topics/%s.md: the title has %d characters, of at most 60", topic.ID, n)
		}
	}
}

// Digits come from the English contacts, and those from the directory.
func TestNumbersAreTheSameInEveryLanguage(t *testing.T) {
	texts := load(t)
	for _, l := range texts.all.list {
		for _, c := range texts.AllContacts() {
			own, _ := l.Contact(c.ID)
			if own.URL != c.URL || own.Checked != c.Checked || !slices.Equal(numbers(own.Hours), numbers(c.Hours)) || !slices.Equal(sorted(numbers(own.Note)), sorted(numbers(c.Note))) {
				t.Errorf("%s differs in %s", c.ID, l.language.Code())
			}
			for i, p := range own.Phones {
				if p.Number != c.Phones[i].Number {
					t.Errorf("%s: the number %s is %s in %s", c.ID, c.Phones[i].Number, p.Number, l.language.Code())
				}
			}
			if c.Text != nil && (own.Text.Number != c.Text.Number || own.Text.Body != c.Text.Body || !slices.Equal(sorted(numbers(own.Text.Say)), sorted(numbers(c.Text.Say)))) {
				t.Errorf("%s: the text line differs in %s", c.ID, l.language.Code())
			}
		}
		for _, r := range Regions() {
			for _, w := range People() {
				for _, n := range Needs() {
					q := Query{Region: r, Who: w, Need: n}
					if !slices.Equal(ids(l.Contacts(q)), ids(texts.Contacts(q))) {
						t.Errorf("%s shows other contacts for %v", l.language.Code(), q)
					}
				}
			}
		}
	}
}

// American English is the British texts in other words: no sentence is written
// twice.
func TestAVariantHoldsOnlyTheWordsThatDiffer(t *testing.T) {
	us := load(t).In("en-US")
	if us.Language().Code() != "en-US" {
		t.Fatal("there is no American English")
	}
	for _, key := range us.Keys() {
		if slices.Equal(us.phrases[key].items, us.base.phrases[key].items) {
			t.Errorf("%s is written twice", key)
		}
	}
	british := regexp.MustCompile(`(?i)\b(mums?|behaviours?|colours?|favourites?|neighbours?|recognise[sd]?|organisations?|apologise|realise[sd]?|programmes?|counsellors?)\b`)
	for where, text := range said(us) {
		if strings.HasPrefix(where, "contact ") {
			continue // names stay
		}
		if w := british.FindString(text); w != "" {
			t.Errorf("%s says %q in American English", where, w)
		}
	}
}

func TestWhoseLanguageIsSpoken(t *testing.T) {
	texts := load(t)
	for _, c := range []struct{ member, place, want string }{
		{"", "", "en"},
		{"en-GB", "", "en"}, {"en", "", "en"}, {"en-AU", "", "en"}, {"en-US", "", "en-US"},
		{"es-ES", "", "es"}, {"es-419", "", "es"}, {"es-LA", "en", "es"},
		{"ja", "es", "es"}, {"ja", "", "en"}, {"", "es", "es"},
		{"en-GB", "es", "en"}, // their own language comes first
		{"en-GB", "cy", "cy"}, // but no client can be set to Welsh
		{"en-US", "cy", "cy"}, {"es-ES", "cy", "es"}, {"cy", "en", "cy"},
		{"cy-GB,cy;q=0.9,en;q=0.8", "", "cy"}, {"en-GB,en;q=0.9,cy;q=0.5", "", "en"}, {"nl,es;q=0.5", "", "es"},
		{"not a language", "es", "es"}, {strings.Repeat("x-", 5000), "es", "es"},
	} {
		if got := texts.For(c.member, c.place).Language().Code(); got != c.want {
			t.Errorf("a member with %q in a place with %q is answered in %s, not %s", c.member, c.place, got, c.want)
		}
	}
}

// made are the embedded texts with the made-up language of testdata beside
// them, which is written from right to left.
func made(t *testing.T) fstest.MapFS {
	t.Helper()
	m := carried(t)
	err := fs.WalkDir(os.DirFS("testdata"), "qaa", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile("testdata/" + path)
		m[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestALanguageFromRightToLeft(t *testing.T) {
	texts, err := LoadFS(made(t))
	if err != nil {
		t.Fatal(err)
	}
	qaa := texts.In("qaa")
	if !qaa.Language().RightToLeft || texts.Language().RightToLeft {
		t.Fatal("the direction is lost")
	}
	// What is put in is kept apart, so that it does not turn the line about.
	if got := qaa.Say("ui.button.next", "title", "Sam (2)"); got != "\u2068Sam (2)\u2069 :אבא" {
		t.Errorf("a name is put in as %q", got)
	}
	if got := texts.Say("ui.button.next", "title", "Sam (2)"); got != "Next: Sam (2)" {
		t.Errorf("English has marks that it does not need: %q", got)
	}
	if got := texts.Say("ui.button.next", "title", "שם (2)"); got != "Next: \u2068שם (2)\u2069" {
		t.Errorf("a name from right to left is put into English as %q", got)
	}
	if got := qaa.Apart("0800 1111"); got != "\u20680800 1111\u2069" {
		t.Errorf("a number is %q", got)
	}
	// It has a few texts alone; the rest is English, and counted as in English.
	if got := qaa.Say("ui.button.hide"); got != "Hide" {
		t.Errorf("what it lacks is %q", got)
	}
	if got := qaa.Count("ui.privacy.days", 1); got != texts.Count("ui.privacy.days", 1) {
		t.Errorf("a count that it lacks is %q", got)
	}
	if c, _ := qaa.Contact("uk-emergency"); c.For != "אאא" || c.Phones[0].Number != "999" {
		t.Errorf("a contact is %q, %q", c.For, c.Phones[0].Number)
	}
}

func TestPluralForms(t *testing.T) {
	m := carried(t)
	add := func(code, direction string, forms string) {
		m[code+"/language.yaml"] = &fstest.MapFile{Data: []byte("name: X\ndirection: " + direction + "\nawaiting: x\n")}
		m[code+"/ui.yaml"] = &fstest.MapFile{Data: []byte("privacy:\n  days:\n" + forms)}
	}
	for _, code := range []string{"cy", "pl"} {
		for name := range m {
			if strings.HasPrefix(name, code+"/") {
				delete(m, name)
			}
		}
	}
	add("pl", "ltr", "    one: \"{n} dzień\"\n    few: \"{n} dni\"\n    many: \"{n} dni (m)\"\n    other: \"{n} dnia\"\n")
	add("cy", "ltr", "    zero: \"{n} z\"\n    one: \"{n} o\"\n    two: \"{n} t\"\n    few: \"{n} f\"\n    many: \"{n} m\"\n    other: \"{n} x\"\n")
	texts, err := LoadFS(m)
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]map[int]string{
		"pl": {1: "1 dzień", 2: "2 dni", 5: "5 dni (m)", 12: "12 dni (m)", 22: "22 dni"},
		"cy": {0: "0 z", 1: "1 o", 2: "2 t", 3: "3 f", 4: "4 x", 6: "6 m", 90: "90 x"},
	} {
		for n, s := range want {
			if got := texts.In(code).Count("ui.privacy.days", n); got != s {
				t.Errorf("%s: %d is %q, not %q", code, n, got, s)
			}
		}
	}
}

// Whoever translates is told of every mistake at once.
func TestEveryMistakeInALanguageIsNamed(t *testing.T) {
	m := made(t)
	put := func(file, text string) { m[file] = &fstest.MapFile{Data: []byte(text)} }
	put("qaa/ui.yaml", strings.Join([]string{
		"button:", `  next: "Next"`, `  nothing: "x"`,
		"date:", `  months: ["1", "2"]`,
		"now:", `  title: ["a"]`, `  young: "Call 1234."`,
		"privacy:", "  days:", `    two: "{n}"`}, "\n"))
	put("qaa/extra.yaml", "a: b\n")
	put("qaa/signposts.yaml", "danger right now: \"Call 123\"\nnobody says this: x\nText SHOUT to 85258: \"Write to 85258\"\n")
	put("qaa/topics/sextortion.md", "---\nid: sextortion\ntitle: T\nquestion: Q\nreviewed: \"2026-11-23\"\norder: 3\n---\n\n## Young people\n\n### In short\nOn 24 days.\n")
	put("qaa/topics/unheard-of.md", "---\nid: unheard-of\n---\n")
	put("qaa/words.yaml", "a: b\n")
	put("qaa/ask.yaml", "skip: [a]\ncrisis:\n  danger: [a]\n")
	put("xx-1/language.yaml", "name: X\n")
	put("fy/language.yaml", "direction: up\nreviewed: true\n")
	_, err := LoadFS(m)
	if err == nil {
		t.Fatal("a spoilt language was loaded")
	}
	for _, want := range []string{
		`qaa/ui.yaml:2: ui.button.next: the placeholders are [], and [{title}] in English`,
		`qaa/ui.yaml:3: ui.button.nothing: there is no such key in English`,
		`ui.date.months: 2 items, and 12 in English`,
		`ui.now.title: a list stands against a single text`,
		`ui.now.young: the numbers are [1234], and [] in English`,
		`ui.privacy.days.two: no whole number takes this form`,
		`qaa/extra.yaml:1: extra.a: there is no such key in English`,
		`danger right now: the numbers are [123]`,
		`no contact says "nobody says this"`,
		`the word to text is SHOUT`,
		`order, claims, section and keywords are the English topic's`,
		`young: the numbers are [24]`,
		`the text for parents has no part "In short"`,
		`qaa/topics/unheard-of.md: there is no such topic in English`,
		`only a variant of another language`,
		`only means, sets, voices and crisis are used outside of English`,
		`there are no patterns for self`,
		`"xx-1" is no BCP 47`,
		`fy/language.yaml: name is missing`, `direction is ltr or rtl`, `reviewed_on has to be a date`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}
