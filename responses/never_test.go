package responses

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// never is what the bot says to nobody (content/guidance.md, "Never say", and
// what follows from it).
var never = []string{
	`\bwhy did you\b`, `\byou should(n't| not)? have\b`, `\brisky\b`, `\bpromiscuous\b`, `\bconsensual\b`,
	`\bchild porn`, `\bkiddie porn`, `\bolder boyfriend\b`, `\bpredators?\b`,
	`\bfor ?ever\b`, `\bwe will remove\b`, `\bwill be removed\b`, `\b(police|they) will (catch|find|arrest)\b`,
	`\bwe will catch\b`, `\b(won't|will not) tell anyone\b`, `\bkeep (it|this) secret\b.*\bpromise\b`,
	`\bcompletely (private|anonymous|confidential)\b`,
	`\b(upload|paste|attach|send us|show us|send me|show me)\b`, `\bdescribe what\b`, `\btell us exactly\b`,
	`\bdelete the (pictures?|photos?|images?)\b`,
	`\blifestyle choice\b`, `\bchild prostitut`, `\bsex with a child\b`, `\bput (yourself|themselves) at risk\b`,
	`\bjust ignore\b`, `\bcalm down\b`, `\bdon't worry\b`, `\bguilty of\b`,
	`action fraud`, `0800 055 555`, `\b88858\b`, `press 3\b`, `1850 555 222`, `1800 016 848`, `thinkuknow`,
	`\b0800 111\b`,
}

// neverYoung is what it does not say to young people besides.
var neverYoung = []string{`\bvictims?\b`, `\bperpetrators?\b`, `\boffenders?\b`, `\bgroom(er|ed|ing)\b`,
	`\bpa?edo(phile)?s?\b`, `\byou must\b`, `\bhurry\b`, `\bquick(ly)?\b`, `\bbefore it is too late\b`}

func matcher(list []string) []*regexp.Regexp {
	out := make([]*regexp.Regexp, len(list))
	for i, s := range list {
		out[i] = regexp.MustCompile(`(?i)` + s)
	}
	return out
}

// said is everything that can be shown, by the place where it is written.
func said(texts *Texts) map[string]string {
	all := map[string]string{}
	for _, key := range texts.Keys() {
		all[key] = strings.Join(texts.phrases[key].items, "\n")
	}
	for _, topic := range texts.Topics() {
		all["topic "+topic.ID] = strings.Join([]string{topic.Title, topic.Question, topic.Source}, "\n")
		for _, a := range Audiences() {
			all[fmt.Sprintf("topic %s %s", topic.ID, a)] = whole(topic.For(a))
		}
	}
	for _, q := range texts.Questions() {
		all["question "+q.ID+" young"] = q.whole()
	}
	for _, tip := range texts.Tips() {
		all["tip "+tip.ID+" young"] = tip.Text
	}
	for _, c := range texts.AllContacts() {
		all["contact "+c.ID] = strings.Join(c.said(), "\n")
	}
	return all
}

func TestWhatIsNeverSaid(t *testing.T) {
	everyone, young := matcher(never), matcher(neverYoung)
	for where, text := range said(load(t)) {
		for _, re := range everyone {
			if m := re.FindString(text); m != "" {
				t.Errorf("%s says %q", where, m)
			}
		}
		if !strings.HasSuffix(where, " young") && !strings.HasPrefix(where, "ui.") && !strings.HasPrefix(where, "browse.") {
			continue
		}
		for _, re := range young {
			if m := re.FindString(text); m != "" {
				t.Errorf("%s says %q to a young person", where, m)
			}
		}
	}
}

// An empty list, or one that matches nothing, would prove nothing.
func TestTheListOfWhatIsNeverSaidWorks(t *testing.T) {
	for text, want := range map[string]bool{
		"You should have told us.":                       true,
		"It's on the internet forever.":                  true,
		"Please upload the picture.":                     true,
		"Report it to Action Fraud.":                     true,
		"Call 0800 111.":                                 true,
		"Call 0800 1111.":                                false,
		"Do not save, screenshot or send nude pictures.": false,
		"It works to get the picture taken down.":        false,
	} {
		got := false
		for _, re := range matcher(never) {
			got = got || re.MatchString(text)
		}
		if got != want {
			t.Errorf("%q: found %v", text, got)
		}
	}
}
