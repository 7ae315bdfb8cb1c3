package slack

import (
	"maps"
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
)

func TestWordsAfterTheCommand(t *testing.T) {
	s := testAdapter(t)
	regions := []chat.Option{{Label: "UK", Value: "UK"}, {Label: "New Zealand", Value: "New Zealand"}, {Label: "EU", Value: "EU"}}
	needs := []chat.Option{{Label: "Somebody to talk to", Value: "talk"}, {Label: "Report a picture", Value: "image"}}
	err := s.Register(t.Context(), []chat.CommandSpec{
		{Name: "learn", Options: []chat.OptionSpec{{Name: "topic"}}},
		{Name: "ask", Default: true, Options: []chat.OptionSpec{{Name: "question"}}},
		{Name: "support", Options: []chat.OptionSpec{{Name: "need", Choices: needs}, {Name: "region", Choices: regions},
			{Name: "who", Choices: []chat.Option{{Label: "A child", Value: "child"}, {Label: "A parent", Value: "parent"}}}}},
		{Name: "report"},
		{Name: "safeguarding", Staff: true, Subcommands: []chat.CommandSpec{
			{Name: "setup", Options: []chat.OptionSpec{{Name: "room", Kind: chat.AChannel}, {Name: "lead", Kind: chat.APerson},
				{Name: "role", Kind: chat.ARole}, {Name: "region", Choices: regions}, {Name: "exclude", Kind: chat.AChannel}}},
			{Name: "case", Options: []chat.OptionSpec{{Name: "number"}}}, {Name: "status"},
		}},
		{Name: "Report to staff", OnMessage: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	args := func(kv ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return m
	}
	for _, c := range []struct {
		text, name string
		args       map[string]string
	}{
		{"", "help", args()},
		{"  help ", "help", args()},
		{"Report", "report", args()},
		{"report please", "report", args()},
		{"is <@U1> &amp; co ok?", "ask", args("question", "is @U1 & co ok?")},
		{"who: helps", "ask", args("question", "who: helps")},
		{"Help", "help", args()},
		{"learn", "learn", args()},
		{"learn staying safe online", "learn", args("topic", "staying safe online")},
		{"learn topic:secrets", "learn", args("topic", "secrets")},
		{"ask is this &lt;b&gt;ok&lt;/b&gt; &amp; who: helps?", "ask", args("question", "is this <b>ok</b> & who: helps?")},
		{"support UK", "support", args("region", "UK")},
		{"support new zealand child", "support", args("region", "New Zealand", "who", "child")},
		{"support region:New Zealand who:parent", "support", args("region", "New Zealand", "who", "parent")},
		{"support who: child region: uk need: talk", "support", args("who", "child", "region", "UK", "need", "talk")},
		{`support region:"New Zealand" talk`, "support", args("region", "New Zealand", "need", "talk")},
		{"support report a picture EU", "support", args("need", "image", "region", "EU")},
		{"support somewhere", "support", args("need", "somewhere")},
		{"support region:Mars", "support", args("region", "Mars")},
		{"staff", "safeguarding", args()},
		{"staff status", "safeguarding status", args()},
		{"Staff Case 12", "safeguarding case", args("number", "12")},
		{"safeguarding case number:12", "safeguarding case", args("number", "12")},
		{"staff nonsense 3", "safeguarding nonsense", args()},
		{"staff setup <#C1|staff> <@U2|lee> <!subteam^S3|@mods> UK <#C4|games>", "safeguarding setup",
			args("room", "C1", "lead", "U2", "role", "S3", "region", "UK", "exclude", "C4")},
		{"staff setup exclude:<#C4|games> lead:<@U2> room:C1", "safeguarding setup", args("exclude", "C4", "lead", "U2", "room", "C1")},
	} {
		name, got := s.parse(c.text)
		if name != c.name || !maps.Equal(got, c.args) {
			t.Errorf("/waymark %s is read as %q %v, want %q %v", c.text, name, got, c.name, c.args)
		}
	}
	if got := s.shortcut("report-to-staff"); got != "Report to staff" {
		t.Errorf("the shortcut is %q", got)
	}
}

func FuzzWords(f *testing.F) {
	s := testAdapter(f)
	err := s.Register(f.Context(), []chat.CommandSpec{{Name: "support", Options: []chat.OptionSpec{
		{Name: "need", Choices: []chat.Option{{Label: "To talk", Value: "talk"}}}, {Name: "who"}, {Name: "room", Kind: chat.AChannel}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("support need:talk <#C1|x> who:\"me\"")
	f.Add("SUPPORT \u0130need: who:who:")
	f.Fuzz(func(t *testing.T, text string) {
		name, args := s.parse(text)
		if name == "" || args == nil {
			t.Errorf("%q gives no command", text)
		}
	})
}
