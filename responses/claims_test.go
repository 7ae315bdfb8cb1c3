package responses

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The careful wording of each claim of the source document: where it is said,
// to whom, and in which words.
var claims = []struct {
	id    string
	topic string
	to    []Audience
	words []string
}{
	{"C01", "what-is-cse", []Audience{Young}, []string{"uses power over a child", "give something, or promise something", "for money", "to look important", "only online"}},
	{"C01", "what-is-cse", []Audience{Parents, Staff}, []string{"power", "sexual activity", "status", "money"}},
	{"C02", "what-is-cse", []Audience{Young, Parents}, []string{"a choice", "still abuse", "Children cannot agree to being abused"}},
	{"C02", "what-is-cse", []Audience{Staff}, []string{"as if the young person agreed", "cannot agree to their own abuse"}},
	{"C03", "what-is-cse", []Audience{Young}, []string{"is a kind of sexual abuse"}},
	{"C03", "what-is-cse", []Audience{Parents, Staff}, []string{"is a form of child sexual abuse"}},
	{"C04", "what-is-cse", []Audience{Parents, Staff}, []string{"is a form of child sexual abuse"}},
	{"C05", "online-exploitation", Audiences(), []string{"Most time online is fine"}},
	{"C05", "online-exploitation", []Audience{Young, Parents}, []string{"Some people use apps and games to reach children"}},
	{"C06", "online-exploitation", Audiences(), []string{"People can hide who they are, but police can often find them"}},
	{"C07", "not-your-fault", []Audience{Young}, []string{"never your fault", "said yes", "sent a picture", "got money or gifts"}},
	{"C07", "not-your-fault", []Audience{Parents, Staff}, []string{"said yes", "sent a picture", "money or gifts"}},
	{"C08", "what-is-cse", []Audience{Young}, []string{"A child means anyone under 18", "Adults can get help too"}},
	{"C08", "what-is-cse", []Audience{Parents, Staff}, []string{"under 18"}},
	{"C09", "who-it-happens-to", []Audience{Young}, []string{"In the UK", "16", "Other countries have other ages", "everyone under 18"}},
	{"C09", "who-it-happens-to", []Audience{Parents, Staff}, []string{"In the UK the age of consent is 16", "under-18s|everyone under 18", "differ"}},
	{"C10", "who-it-happens-to", []Audience{Young}, []string{"can happen to anyone", "look for ways in"}},
	{"C10", "who-it-happens-to", []Audience{Parents, Staff}, []string{"look for ways in"}},
	{"C11", "who-it-happens-to", []Audience{Staff}, []string{"earlier neglect or abuse"}},
	{"C12", "who-it-happens-to", []Audience{Staff}, []string{"a disability", "Adapt how you communicate"}},
	{"C12", "who-it-happens-to", []Audience{Young}, []string{"Everyone can get the same help"}},
	{"C13", "who-it-happens-to", []Audience{Staff}, []string{"links to others who are being exploited"}},
	{"C14", "who-it-happens-to", []Audience{Young, Parents}, []string{"boys of 14 to 18"}},
	{"C14", "who-it-happens-to", []Audience{Staff}, []string{"Any child", "Boys"}},
	{"C15", "who-does-it", []Audience{Young}, []string{"You cannot tell by looking", "secrets", "push you", "gifts", "private chat", "ask you for pictures"}},
	{"C15", "who-does-it", []Audience{Parents, Staff}, []string{"There is no profile", "secrets, pressure, gifts, moving to private chat, asking for pictures"}},
	{"C16", "who-does-it", Audiences(), []string{"no type|no profile"}},
	{"C17", "who-does-it", []Audience{Young}, []string{"someone you know", "someone you only know online", "another young person"}},
	{"C17", "who-does-it", []Audience{Parents, Staff}, []string{"someone the child knows|known to the child", "known only"}},
	{"C18", "who-does-it", Audiences(), []string{"someone people trust"}},
	{"C19", "who-does-it", []Audience{Parents, Staff}, []string{"Stop It Now", "Shore"}},
	{"C19", "who-does-it", []Audience{Young}, []string{"worried about your own thoughts", "get help with that too"}},
	{"C20", "who-it-happens-to", []Audience{Staff}, []string{"many exploited children have none of them"}},
	{"C21", "online-exploitation", Audiences(), []string{"apps, games, streams and group chats|apps, games, livestreams and group chats"}},
	{"C22", "online-exploitation", []Audience{Young, Parents}, []string{"lie about who they are. Some do not. How they treat"}},
	{"C22", "online-exploitation", []Audience{Staff}, []string{"Not everyone lies about age or identity"}},
	{"C23", "digital-footprint", Audiences(), []string{"People can hide who they are, but police can often find them"}},
	{"C24", "digital-footprint", Audiences(), []string{"Accounts and devices leave traces"}},
	{"C24", "digital-footprint", []Audience{Young, Parents}, []string{"Keep the messages, because police may need them"}},
	{"C25", "online-communities-of-offenders", []Audience{Young, Parents}, []string{"Some online groups push people to hurt themselves or others", "can leave"}},
	{"C25", "online-communities-of-offenders", []Audience{Staff}, []string{"push members to hurt themselves or others", "can leave"}},
	{"C26", "online-communities-of-offenders", []Audience{Parents, Staff}, []string{"child sexual abuse material", "are evidence of abuse", "Report the link. Never save or share it"}},
	{"C26", "online-communities-of-offenders", []Audience{Young}, []string{"Never save or share one. Report the link"}},
	{"C27", "online-communities-of-offenders", Audiences(), []string{"hurts the child again|harms the child again"}},
	{"C28", "what-is-being-done", Audiences(), []string{"It is a crime for an adult to send sexual messages to a child", "under 16", "Laws differ by country"}},
	{"C28", "what-is-being-done", []Audience{Staff}, []string{"sections 14, 15 and 15A", "47 to 50", "Online Safety Act 2023", "Crime and Policing Act 2026"}},
	{"C29", "what-is-being-done", []Audience{Parents, Staff}, []string{"Specialist", "investigate and protect children", "1,665 arrests"}},
	{"C29", "what-is-being-done", []Audience{Young}, []string{"Police officers with special training", "protect children"}},
	{"C30", "what-is-being-done", []Audience{Young}, []string{"Police decide how", "They will explain what happens next"}},
	{"C30", "what-is-being-done", []Audience{Parents, Staff}, []string{"decide how", "will explain what happens next"}},
	{"C31", "digital-footprint", Audiences(), []string{"leave traces"}},
	{"C32", "why-not-vigilantes", Audiences(), []string{"the police, not a group"}},
	{"C33", "why-not-vigilantes", Audiences(), []string{"expose", "confront", "It can stop police protecting children"}},
	{"C34", "key-points", Audiences(), []string{"power", "money"}},
	{"C35", "key-points", []Audience{Young, Parents}, []string{"Some people use apps and games to reach children"}},
	{"C35", "key-points", []Audience{Staff}, []string{"more ways to reach children"}},
	{"C36", "key-points", []Audience{Young, Parents}, []string{"The law is on your side"}},
	{"C36", "key-points", []Audience{Staff}, []string{"The law is on their side", "do not prevent harm alone"}},
	{"C37", "key-points", []Audience{Parents, Staff}, []string{"Specialist police officers investigate and protect children"}},
	{"C37", "key-points", []Audience{Young}, []string{"Police officers with special training", "They protect children"}},
}

func TestEveryClaimIsSaidInItsCarefulWords(t *testing.T) {
	texts := load(t)
	said := map[string]bool{}
	for _, c := range claims {
		said[c.id] = true
		topic, ok := texts.Topic(c.topic)
		if !ok || !slices.Contains(topic.Claims, c.id) {
			t.Errorf("%s: the topic %s does not list it", c.id, c.topic)
		}
		for _, a := range c.to {
			text := strings.ToLower(strings.ReplaceAll(whole(topic.For(a)), "\n", " "))
			for _, w := range c.words {
				if !containsAny(text, strings.Split(strings.ToLower(w), "|")) {
					t.Errorf("%s: %s for %s does not say %q", c.id, c.topic, a, w)
				}
			}
		}
	}
	for i := 1; i <= 37; i++ {
		if id := fmt.Sprintf("C%02d", i); !said[id] {
			t.Errorf("%s is covered by no row", id)
		}
	}
	for _, topic := range texts.Topics() {
		if slices.Contains(topic.Claims, "C38") {
			t.Errorf("%s: C38 is personal data and covered by silence", topic.ID)
		}
	}
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}

// What the source document says and the bot must not (corrections of C03, C04,
// C15, C16, C19, C25, C26, C29, C30, C33, C34).
func TestNoCorrectedClaimIsRepeated(t *testing.T) {
	for _, topic := range load(t).Topics() {
		for _, a := range Audiences() {
			text := strings.ToLower(whole(topic.For(a)))
			for _, wrong := range []string{"separate offence", "links to child sexual abuse", "outcast",
				"hunt down", "track where", "both good and bad", "inappropriate content", "sexual gratification",
				"predator", "legal age of consent which is 16"} {
				if strings.Contains(text, wrong) {
					t.Errorf("%s for %s says %q", topic.ID, a, wrong)
				}
			}
		}
	}
}

// Every topic of the list is there; those that explain the source document with
// their section and the claims that they have to carry.
func TestEveryTopicOfTheListIsThere(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(shared(t), "content", "topics.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Topics []struct {
			ID   string   `yaml:"id"`
			Doc  string   `yaml:"doc"`
			Must []string `yaml:"must"`
		} `yaml:"topics"`
	}
	if err := yaml.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	texts := load(t)
	if got, want := len(texts.Topics()), len(list.Topics); got != want {
		t.Errorf("there are %d topics, of %d", got, want)
	}
	for _, want := range list.Topics {
		topic, ok := texts.Topic(want.ID)
		if !ok || topic.Section != want.Doc {
			t.Errorf("%s is missing or does not name the section %q", want.ID, want.Doc)
			continue
		}
		for _, c := range want.Must {
			if claimID.MatchString(c) && !slices.Contains(topic.Claims, c) {
				t.Errorf("%s does not cover %s", want.ID, c)
			}
		}
	}
}
