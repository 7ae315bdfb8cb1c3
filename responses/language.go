package responses

import (
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Tongue is what is known of a language.
type Tongue struct {
	Tag  language.Tag
	Name string // as its own speakers call it
	// RightToLeft is how it is written.
	RightToLeft bool
	// Reviewed says that a native reader who knows safeguarding went through all
	// of it. Until then Awaiting is said below what is shown.
	Reviewed bool
	Awaiting string
	// Offered says that people can set their chat client to it. Where they
	// cannot, a server that chose it means those whose client is in English.
	Offered bool
	// never and neverYoung are words that must not be said to anybody, and not to
	// young people. A * at the end stands for any ending.
	never, neverYoung []string
}

// Code is the language's BCP 47 tag; of English without a country, as it is
// written in settings.
func (g Tongue) Code() string {
	if g.Tag == language.BritishEnglish {
		return Language
	}
	return g.Tag.String()
}

// english is the language that all others fall back to. Its tag is that of
// Britain, so that readers elsewhere are matched to the nearer of its variants.
func english() Tongue {
	return Tongue{Tag: language.BritishEnglish, Name: "English", Reviewed: true, Offered: true}
}

// forms are the names of the plural forms.
var forms = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few",
	plural.Many: "many", plural.Other: "other"}

// form is the plural form that a number takes.
func (g Tongue) form(n int) string {
	return forms[plural.Cardinal.MatchPlural(g.Tag, max(n, -n), 0, 0, 0, 0)]
}

// formsUsed are the plural forms that whole numbers take, and other.
func (g Tongue) formsUsed() map[string]bool {
	used := map[string]bool{"other": true}
	for n := range 201 {
		used[g.form(n)] = true
	}
	return used
}

// languages are all that there are.
type languages struct {
	list    []*Texts // English first
	matcher language.Matcher
}

// Language is the language of the texts.
func (t *Texts) Language() Tongue { return t.language }

// Languages lists all languages, English first.
func (t *Texts) Languages() []Tongue {
	var out []Tongue
	for _, l := range t.all.list {
		out = append(out, l.language)
	}
	return out
}

// English gives the texts that all others fall back to.
func (t *Texts) English() *Texts { return t.all.list[0] }

// longestWish bounds what is read of a list of languages, in bytes.
const longestWish = 300

// wanted finds the texts for a language, or for a list of them as browsers
// send it; nil where there are none.
func (t *Texts) wanted(wish string) *Texts {
	if len(wish) > longestWish {
		wish, _, _ = strings.Cut(wish[:longestWish], ";")
	}
	tags, _, err := language.ParseAcceptLanguage(wish)
	if err != nil || len(tags) == 0 {
		return nil
	}
	for i, tag := range tags {
		if tag == language.English { // without a country: as we write it
			tags[i] = t.English().language.Tag
		}
	}
	if _, i, sure := t.all.matcher.Match(tags...); sure != language.No {
		return t.all.list[i]
	}
	return nil
}

// ParseLanguage finds a language by its tag.
func (t *Texts) ParseLanguage(s string) (Tongue, bool) {
	l := t.wanted(s)
	if l == nil {
		return Tongue{}, false
	}
	return l.language, true
}

// In gives the texts in the first of the languages that there is, each a BCP 47
// tag, or a list as browsers send it; in English where there is none.
func (t *Texts) In(wishes ...string) *Texts {
	for _, w := range wishes {
		if found := t.wanted(w); found != nil {
			return found
		}
	}
	return t.English()
}

// For gives the texts for a member: in the language of their own client, else
// in that of the place, given by the nearest first.
func (t *Texts) For(member string, place ...string) *Texts {
	there, own := t.In(place...), t.wanted(member)
	if own == nil || !there.language.Offered && own.English() == own.root() {
		return there
	}
	return own
}

// root is the language itself, of which a variant is written in other words.
func (t *Texts) root() *Texts {
	if t.variant() {
		return t.base
	}
	return t
}

// variant says whether it is a variant of what it falls back to, as American
// English is of English.
func (t *Texts) variant() bool {
	if t.base == nil {
		return false
	}
	own, _ := t.language.Tag.Base()
	base, _ := t.base.language.Tag.Base()
	return own == base
}

// Others are the words for an English short text in all other languages that
// have their own, by language: for what a platform shows in the reader's
// language by itself. The text is looked for under the beginnings of keys given,
// and the first that has it counts.
func (t *Texts) Others(text string, under ...string) map[string]string {
	out := map[string]string{}
	english := t.English()
	for _, begin := range under {
		for _, key := range english.Keys() {
			p := english.phrases[key]
			if !strings.HasPrefix(key, begin) || p.list || p.items[0] != text {
				continue
			}
			for _, l := range t.all.list[1:] {
				if own, ok := l.phrases[key]; ok {
					out[l.language.Code()] = own.items[0]
				}
			}
			return out
		}
	}
	return out
}

// Apart keeps a name, a number or an address in one piece where the text runs
// the other way: between the marks that Unicode has for it (FSI and PDI).
func (t *Texts) Apart(s string) string {
	if s == "" || !t.language.RightToLeft && !strings.ContainsFunc(s, runsLeft) {
		return s
	}
	return "\u2068" + s + "\u2069"
}

// runsLeft says whether a letter belongs to a script that is written from right
// to left.
func runsLeft(r rune) bool {
	return r >= 0x590 && unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam)
}

// tongueFile is language.yaml.
type tongueFile struct {
	Name      string `yaml:"name"`
	Direction string `yaml:"direction"` // ltr or rtl
	// Reviewed is true once a native reader who knows safeguarding read all of
	// it; ReviewedOn is that day, YYYY-MM-DD.
	Reviewed   bool     `yaml:"reviewed"`
	ReviewedOn string   `yaml:"reviewed_on"`
	Awaiting   string   `yaml:"awaiting"`
	Offered    *bool    `yaml:"offered"` // true where it is left out
	Never      []string `yaml:"never"`
	NeverYoung []string `yaml:"never_young"`
}

// loadLanguages reads every folder with a language.yaml. t is English.
func (t *Texts) loadLanguages(fsys fs.FS, bad *Problems) {
	t.all = &languages{list: []*Texts{t}}
	files, _ := fs.Glob(fsys, "*/"+languageFile)
	sort.Slice(files, func(i, j int) bool { // what others may fall back to comes first
		a, b := path.Dir(files[i]), path.Dir(files[j])
		if len(a) != len(b) {
			return len(a) < len(b)
		}
		return a < b
	})
	byFolder := map[string]*Texts{Language: t}
	for _, file := range files {
		folder := path.Dir(file)
		if l := t.loadLanguage(fsys, folder, byFolder, bad); l != nil {
			byFolder[folder] = l
			t.all.list = append(t.all.list, l)
		}
	}
	var tags []language.Tag
	for _, l := range t.all.list {
		tags = append(tags, l.language.Tag)
	}
	t.all.matcher = language.NewMatcher(tags)
}

// loadLanguage reads one folder; nil where it is no language's.
func (t *Texts) loadLanguage(fsys fs.FS, folder string, known map[string]*Texts, bad *Problems) *Texts {
	g, ok := loadTongue(fsys, folder, bad)
	if !ok {
		return nil
	}
	l := &Texts{language: g, base: fallback(folder, known), all: t.all, phrases: map[string]phrase{}}
	if !g.Reviewed && g.Awaiting == "" && !l.variant() {
		bad.add(path.Join(folder, languageFile), 0, "awaiting is missing: what to say below texts that nobody reviewed")
	}
	l.loadPhrases(fsys, folder, bad)
	t.compare(l, bad)
	l.loadTranslations(fsys, folder, bad)
	l.contacts = l.base.contacts
	if file := path.Join(folder, contactsFile); exists(fsys, file) {
		l.contacts = l.base.contacts.translated(fsys, file, bad)
	}
	l.loadWords(fsys, folder, bad)
	if file := path.Join(folder, askFile); exists(fsys, file) {
		l.ask = loadCries(fsys, file, bad)
	}
	return l
}

func loadTongue(fsys fs.FS, folder string, bad *Problems) (Tongue, bool) {
	file := path.Join(folder, languageFile)
	tag, err := language.Parse(folder)
	if err != nil {
		bad.add(file, 0, "the folder %q is no BCP 47 language tag", folder)
		return Tongue{}, false
	}
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		bad.add(file, 0, "cannot be read: %v", err)
		return Tongue{}, false
	}
	var f tongueFile
	if !decode(file, 0, data, &f, bad) {
		return Tongue{}, false
	}
	if f.Name == "" {
		bad.add(file, 0, "name is missing: what the language calls itself")
	}
	if f.Direction != "ltr" && f.Direction != "rtl" {
		bad.add(file, lineOf(data, "direction:"), "direction is ltr or rtl")
	}
	if _, err := time.Parse(time.DateOnly, f.ReviewedOn); f.Reviewed && err != nil {
		bad.add(file, lineOf(data, "reviewed"), "reviewed is true, so reviewed_on has to be a date like 2026-11-23")
	}
	return Tongue{Tag: tag, Name: f.Name, RightToLeft: f.Direction == "rtl", Reviewed: f.Reviewed, Awaiting: f.Awaiting,
		Offered: f.Offered == nil || *f.Offered, never: f.Never, neverYoung: f.NeverYoung}, true
}

// fallback is the nearest language that a folder's falls back to.
func fallback(folder string, known map[string]*Texts) *Texts {
	for {
		i := strings.LastIndex(folder, "-")
		if i < 0 {
			return known[Language]
		}
		if folder = folder[:i]; known[folder] != nil {
			return known[folder]
		}
	}
}

func exists(fsys fs.FS, file string) bool {
	_, err := fs.Stat(fsys, file)
	return err == nil
}

// compare finds what a language's short texts have that the English ones do not,
// and the other way round: keys, kinds, placeholders and digits. t is English.
func (t *Texts) compare(l *Texts, bad *Problems) {
	used := l.language.formsUsed()
	for _, key := range l.Keys() {
		p := l.phrases[key]
		same, ok := t.phrases[key]
		if group, form, is := t.counted(key); is {
			same, ok = t.phrases[group+".other"], true
			if !used[form] {
				bad.add(p.file, p.line, "%s: no whole number takes this form in %s", key, l.language.Name)
			}
		}
		switch {
		case !ok:
			bad.add(p.file, p.line, "%s: there is no such key in English", key)
		case p.list != same.list:
			bad.add(p.file, p.line, "%s: a list stands against a single text in English, or the other way round", key)
		case len(p.items) != len(same.items):
			bad.add(p.file, p.line, "%s: %d items, and %d in English", key, len(p.items), len(same.items))
		default:
			for i := range p.items {
				compareText(p.file, p.line, key, p.items[i], same.items[i], bad)
			}
		}
	}
}

// counted says whether a key is a plural form of a group that English has.
func (t *Texts) counted(key string) (group, form string, is bool) {
	i := strings.LastIndex(key, ".")
	if i < 0 {
		return "", "", false
	}
	group, form = key[:i], key[i+1:]
	_, one := t.phrases[group+".one"]
	_, other := t.phrases[group+".other"]
	for _, f := range forms {
		is = is || f == form
	}
	return group, form, is && one && other
}

// compareText finds placeholders and digits that differ from the English ones.
func compareText(file string, line int, what, own, english string, bad *Problems) {
	if a, b := sorted(placeholder.FindAllString(own, -1)), sorted(placeholder.FindAllString(english, -1)); !slices.Equal(a, b) {
		bad.add(file, line, "%s: the placeholders are [%s], and [%s] in English", what, strings.Join(a, " "), strings.Join(b, " "))
	}
	compareDigits(file, line, what, own, english, bad)
}

func compareDigits(file string, line int, what, own, english string, bad *Problems) {
	if a, b := sorted(numbers(own)), sorted(numbers(english)); !slices.Equal(a, b) {
		bad.add(file, line, "%s: the numbers are [%s], and [%s] in English", what, strings.Join(a, " "), strings.Join(b, " "))
	}
}

// numbers are the runs of digits of a text.
func numbers(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsDigit(r) })
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	sort.Strings(list)
	return list
}

// loadTranslations reads the explanations that a language has of its own, and
// takes the others over.
func (t *Texts) loadTranslations(fsys fs.FS, folder string, bad *Problems) {
	t.topics, t.topic = slices.Clone(t.base.topics), t.base.topic
	files, _ := fs.Glob(fsys, path.Join(folder, "topics", "*.md"))
	for _, file := range files {
		i, ok := t.topic[strings.TrimSuffix(path.Base(file), ".md")]
		if !ok {
			bad.add(file, 0, "there is no such topic in English")
			continue
		}
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			bad.add(file, 0, "cannot be read: %v", err)
			continue
		}
		if topic, ok := parseTranslation(file, data, t.topics[i], bad); ok {
			topic.Language = t.language.Tag
			t.topics[i] = topic
		}
	}
}

// loadCries reads what is known of how people cry for help in a language other
// than English. Free questions are looked up in English alone.
func loadCries(fsys fs.FS, file string, bad *Problems) Asking {
	a := loadAsking(fsys, file, bad)
	if len(a.Same)+len(a.Skip)+len(a.Plain)+len(a.Sure)+len(a.Subject)+len(a.Context) > 0 {
		bad.add(file, 0, "only means, sets, voices and crisis are used outside of English")
	}
	return a
}
