package responses

import (
	"regexp"
	"strings"
	"testing"
)

// What the guidance asks of the topics that go beyond the source document: the
// words that a reader has to find ("a|b" is either).
var guided = []struct {
	topic string
	to    []Audience
	words []string
}{
	{"sextortion", []Audience{Young}, []string{"Do not pay. If you paid, do not pay again. Stop replying", "It is not your fault", "not in trouble for asking for help",
		"Keep the messages, the usernames and the dates", "Do not save, screenshot or send any nude picture", "Then block", "CEOP", "NCMEC", "ACCCE"}},
	{"sextortion", []Audience{Parents, Staff}, []string{"not pay", "stop replying", "not their fault|not your child's fault"}},
	{"image-removal", []Audience{Young}, []string{"Report Remove", "Take It Down", "cannot promise", "must not look"}},
	{"image-removal", []Audience{Parents, Staff}, []string{"Report Remove", "Take It Down", "cannot promise|Neither can promise", "never"}},
	{"keeping-evidence", []Audience{Young}, []string{"stop replying, keep the messages, then block", "Not even as proof", "Don't delete the messages yet"}},
	{"keeping-evidence", []Audience{Staff}, []string{"Deleting a message destroys evidence", "Never an intimate image"}},
	{"nudes-and-the-law", []Audience{Young}, []string{"everyone under 18", "Other countries have other laws"}},
	{"nudes-and-the-law", []Audience{Parents, Staff}, []string{"under 18|under-18s", "Laws differ by country", "no legal advice"}},
	{"age-of-consent", Audiences(), []string{"16", "Other countries", "under 18"}},
	{"when-you-report", []Audience{Young}, []string{"Child Protection Advisor", "without your name", "emergency number"}},
	{"when-you-report", []Audience{Staff}, []string{"NCMEC", "question for a lawyer", "Crime and Policing Act 2026"}},
	{"staff-receiving-a-disclosure", []Audience{Staff}, []string{"Tell, Explain, Describe", "no leading questions", "I need to tell someone who can help", "LADO", "never goes to the colleague",
		"emergency number", "Do not contact, warn or expose", "Look after yourself"}},
	{"staff-images", []Audience{Staff}, []string{"Never view, copy, print, share, store or save", "UKCIS, March 2024", "Only the safeguarding lead, exceptionally", "Deleting a message destroys evidence"}},
	{"child-on-child", []Audience{Parents, Staff}, []string{"Both", "Shore"}},
	{"ai-fakes", []Audience{Parents, Staff}, []string{"look like photographs|looks like one"}},
	{"boys-too", Audiences(), []string{"boys of 14 to 18"}},
	{"disabled-young-people", []Audience{Parents, Staff}, []string{"one estimate is about three times as much"}},
	{"lgbtq-young-people", []Audience{Young}, []string{"You do not have to tell anyone who you are", "unless someone is in serious danger"}},
	{"worried-about-own-thoughts", Audiences(), []string{"Shore", "My own thoughts"}},
	{"coercive-groups", Audiences(), []string{"leave", "emergency number"}},
	{"how-police-investigate", Audiences(), []string{"decide how", "will explain what happens next"}},
	{"safety-settings", Audiences(), []string{"16 and over", "may not"}},
	{"recovering", []Audience{Parents, Staff}, []string{"Marie Collins Foundation"}},
}

func TestWhatTheGuidanceAsksForIsSaid(t *testing.T) {
	texts := load(t)
	for _, c := range guided {
		topic, ok := texts.Topic(c.topic)
		if !ok {
			t.Errorf("%s is missing", c.topic)
			continue
		}
		for _, a := range c.to {
			text := strings.ToLower(strings.ReplaceAll(whole(topic.For(a)), "\n", " "))
			for _, w := range c.words {
				if !containsAny(text, strings.Split(strings.ToLower(w), "|")) {
					t.Errorf("%s for %s does not say %q", c.topic, a, w)
				}
			}
		}
	}
}

// Digits of contacts come from the directory alone, so an explanation has none.
func TestNoExplanationHoldsANumberToCall(t *testing.T) {
	number := regexp.MustCompile(`\d[\d -]{3,}\d|\b(999|911|112|000|101|988|111)\b`)
	for _, topic := range load(t).Topics() {
		for _, a := range Audiences() {
			if m := number.FindString(whole(topic.For(a))); m != "" {
				t.Errorf("%s for %s holds the number %q", topic.ID, a, m)
			}
		}
	}
}

// Every explanation leads to help, and the young hear in each that they are not
// to blame, or that asking is good.
func TestEveryExplanationIsKind(t *testing.T) {
	kind := []string{"not your fault", "never your fault", "not in trouble", "is good that you ask", "did the right thing",
		"you are being a good friend", "law is on your side", "no worry is too small", "it is okay if", "you do not have to", "without blame", "not because of who you are", "helps the most"}
	for _, topic := range load(t).Topics() {
		if young := strings.ToLower(whole(topic.For(Young))); !containsAny(young, kind) {
			t.Errorf("%s for young people is not kind", topic.ID)
		}
		for _, a := range Audiences() {
			if help := plain(topic.For(a).Help); !containsAny(help, []string{"Get help now", "safeguarding lead"}) {
				t.Errorf("%s for %s does not lead to help", topic.ID, a)
			}
		}
	}
}
