package responses

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// The bounds on what people read (content/guidance.md): young people's texts
// at Flesch-Kincaid grade 5 and 15 words a sentence, adults' at grade 9.
const (
	youngGrade = 5.0
	youngWords = 15
	adultGrade = 9.0
	adultWords = 30
)

var sentenceEnd = regexp.MustCompile(`[.!?]["')]*\s+|\n+`)

// sentences takes a text apart; each line of a list is one.
func sentences(s string) []string {
	var out []string
	for _, p := range sentenceEnd.Split(s, -1) {
		if len(words(p)) > 0 {
			out = append(out, strings.TrimSpace(p))
		}
	}
	return out
}

func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '’'
	})
}

var vowels = regexp.MustCompile(`[aeiouy]+`)

// syllables counts groups of vowels, without most silent endings.
func syllables(word string) int {
	w := strings.ToLower(word)
	n := len(vowels.FindAllString(w, -1))
	silent := strings.HasSuffix(w, "e") && !strings.HasSuffix(w, "le") ||
		strings.HasSuffix(w, "es") && !regexp.MustCompile(`([sxzc]|[cs]h|g)es$`).MatchString(w) ||
		strings.HasSuffix(w, "ed") && !regexp.MustCompile(`[td]ed$`).MatchString(w)
	if silent && n > 1 {
		n--
	}
	return max(n, 1)
}

// grade is the Flesch-Kincaid grade level.
func grade(s string) float64 {
	ss := sentences(s)
	ws := words(s)
	if len(ss) == 0 || len(ws) == 0 {
		return 0
	}
	n := 0
	for _, w := range ws {
		n += syllables(w)
	}
	return 0.39*float64(len(ws))/float64(len(ss)) + 11.8*float64(n)/float64(len(ws)) - 15.59
}

func TestTheMeasureOfReadingAge(t *testing.T) {
	for w, want := range map[string]int{"fault": 1, "picture": 2, "messages": 3, "asked": 1, "wanted": 2,
		"people": 2, "exploitation": 4, "police": 2, "someone": 2, "times": 1} {
		if got := syllables(w); got != want {
			t.Errorf("%s: %d syllables, not %d", w, got, want)
		}
	}
	easy, hard := grade("The cat sat on the mat. It was a warm day."), grade("Legislation establishes considerable obligations regarding digital intermediaries and institutional accountability.")
	if easy > 2 || hard < 15 {
		t.Errorf("easy text has grade %.1f, hard text %.1f", easy, hard)
	}
}

// plain is a part as it is read out.
func plain(ps []Paragraph) string {
	var lines []string
	for _, p := range ps {
		if p.Items != nil {
			lines = append(lines, p.Items...)
			continue
		}
		lines = append(lines, p.Text)
	}
	return strings.Join(lines, "\n")
}

func TestReadingAge(t *testing.T) {
	for _, topic := range load(t).Topics() {
		for _, a := range Audiences() {
			limit, most := adultGrade, adultWords
			if a == Young {
				limit, most = youngGrade, youngWords
			}
			e := topic.For(a)
			where := fmt.Sprintf("%s for %s", topic.ID, a)
			if g := grade(whole(e)); g > limit {
				t.Errorf("%s: grade %.1f, at most %.0f", where, g, limit)
			} else {
				t.Logf("%s: grade %.1f", where, g)
			}
			for _, s := range sentences(whole(e)) {
				if n := len(words(s)); n > most {
					t.Errorf("%s: %d words: %s", where, n, s)
				}
			}
		}
	}
}

// Every short text for members is read by the youngest among them.
func TestShortTextsForMembersAreEasy(t *testing.T) {
	texts := load(t)
	var all []string
	for _, key := range texts.Keys() {
		if !strings.HasPrefix(key, "ui.") && !strings.HasPrefix(key, "browse.") {
			continue
		}
		for _, item := range texts.phrases[key].items {
			all = append(all, item)
			for _, s := range sentences(item) {
				if n := len(words(s)); n > youngWords {
					t.Errorf("%s: %d words: %s", key, n, s)
				}
			}
		}
	}
	if g := grade(strings.Join(all, "\n")); g > youngGrade {
		t.Errorf("grade %.1f, at most %.0f", g, youngGrade)
	}
}

func TestWhatAContactSaysIsShort(t *testing.T) {
	for _, c := range load(t).AllContacts() {
		for _, text := range []string{c.For, c.Note, c.Audience} {
			for _, s := range sentences(text) {
				if n := len(words(s)); n > 20 {
					t.Errorf("%s: %d words: %s", c.ID, n, s)
				}
			}
		}
	}
}
