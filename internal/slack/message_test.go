package slack

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

func read(t testing.TB, raw string) rawMessage {
	t.Helper()
	m, ok := readMessage([]byte(raw))
	if !ok {
		t.Fatalf("%s was not taken for a message", raw)
	}
	return m
}

func TestWhatAReaderSees(t *testing.T) {
	look := lookup{
		person:  func(id string) string { return map[string]string{"U1": "Robin"}[id] },
		channel: func(id string) string { return map[string]string{"C1": "general"}[id] },
	}
	const rich = `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"hi "},{"type":"user","user_id":"U1"}]}]}]`
	for name, c := range map[string]struct{ raw, want string }{
		"plain":       {`{"ts":"1.1","text":"hello there"}`, "hello there"},
		"entities":    {`{"ts":"1.1","text":"a &lt; b &amp;lt; c &gt; d"}`, "a < b &lt; c > d"},
		"mentions":    {`{"ts":"1.1","text":"<@U1> <@U2> <@U3|sam> <#C1> <#C2|random> <!here> <!subteam^S1|@mods> <!date^1^x|today>"}`, "@Robin @U2 @sam #general #random @here @mods today"},
		"links":       {`{"ts":"1.1","text":"<https://example.org/a?b=1&amp;c=2> <https://example.org|example.org> <https://example.org/x|here> <mailto:a@example.org|a@example.org>"}`, "https://example.org/a?b=1&c=2 example.org here (https://example.org/x) a@example.org"},
		"no markup":   {`{"ts":"1.1","text":"1 < 2 <not> <"}`, "1 < 2 <not> <"},
		"text again":  {`{"ts":"1.1","text":"hi <@U1>","blocks":` + rich + `}`, "hi @Robin"},
		"blocks only": {`{"ts":"1.1","text":"","blocks":` + rich + `}`, "hi @Robin"},
		"blocks besides": {`{"ts":"1.1","text":"fallback","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"one &amp; *two*"},"fields":[{"type":"plain_text","text":"three &amp;"}]},
			{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Press me"}}]},{"type":"image","alt_text":"a cat","title":{"type":"plain_text","text":"Cat"}}]}`,
			"fallback\none & *two*\nthree &amp;\nPress me\na cat\nCat"},
		"an unknown block": {`{"ts":"1.1","text":"","blocks":[{"type":"hologram","text":"see me","deep":[{"whatever":{"text":"and me"}}]}]}`, "see me\nand me"},
		"a broken block":   {`{"ts":"1.1","text":"still here","blocks":{"type":7}}`, "still here"},
		"a list": {`{"ts":"1.1","text":"","blocks":[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[
			{"type":"rich_text_section","elements":[{"type":"text","text":"one"}]},{"type":"rich_text_section","elements":[{"type":"link","url":"https://example.org","text":"two"}]}]},
			{"type":"rich_text_quote","elements":[{"type":"text","text":"said"}]},{"type":"rich_text_preformatted","elements":[{"type":"text","text":"code"}]}]}]}`,
			"one\ntwo (https://example.org)\nsaid\ncode"},
		"an attachment": {`{"ts":"1.1","text":"","attachments":[{"pretext":"before","title":"Title","text":"body &amp; soul","fields":[{"title":"F","value":"V"}],"footer":"foot","fallback":"no"}]}`,
			"before\nTitle\nbody & soul\nF\nV\nfoot"},
		"only a fallback":  {`{"ts":"1.1","text":"","attachments":[{"fallback":"in short"}]}`, "in short"},
		"a preview":        {`{"ts":"1.1","text":"<https://example.org>","attachments":[{"from_url":"https://example.org","title":"News","text":"somebody else's words"}]}`, "https://example.org"},
		"passed on":        {`{"ts":"1.1","text":"look","attachments":[{"from_url":"https://x.slack.com/archives/C1/p1","is_msg_unfurl":true,"author_name":"Sam","text":"what was said"}]}`, "look\nwhat was said"},
		"passed on blocks": {`{"ts":"1.1","text":"","attachments":[{"is_share":true,"message_blocks":[{"team":"T1","message":{"blocks":` + rich + `}}]}]}`, "hi @Robin"},
		"files": {`{"ts":"1.1","text":"see","files":[{"title":"My plan","name":"plan.pdf","alt_txt":"a map","initial_comment":{"comment":"for &lt;you&gt;"}},{"title":"see","name":"see"}]}`,
			"see\nMy plan\nplan.pdf\na map\nfor <you>"},
		"one file": {`{"ts":"1.1","subtype":"file_comment","text":"","file":{"title":"Photo"}}`, "Photo"},
		"a topic":  {`{"ts":"1.1","subtype":"channel_topic","text":"set the topic: meet me","topic":"meet me"}`, "set the topic: meet me"},
	} {
		m := read(t, c.raw)
		if got := m.text(look).text; got != c.want {
			t.Errorf("%s: a reader sees %q, want %q", name, got, c.want)
		}
	}
}

func TestMentionsOfBlocksAreMentions(t *testing.T) {
	m := read(t, `{"ts":"1.1","text":"<@U1> and <@U2|x> and <@U1>","blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"user","user_id":"U3"}]}]}]}`)
	got := m.text(lookup{}).mentions
	if len(got) != 3 || got[0] != "U1" || got[1] != "U2" || got[2] != "U3" {
		t.Errorf("it names %v", got)
	}
}

func TestWhoWroteAndWhere(t *testing.T) {
	s := testAdapter(t)
	w := &space{team: "T1", page: "https://hill.slack.com/", me: "UBOT", bot: "BBOT"}
	m := read(t, `{"ts":"1700000000.000200","thread_ts":"1700000000.000100","parent_user_id":"U9","channel":"C1","bot_id":"B7","username":"Quiz","text":"x","edited":{"user":"U1","ts":"1.2"}}`)
	got, starter := s.neutral(w, "T1", &m)
	if got.Author != (chat.Person{ID: "B7", Name: "Quiz", Bot: true}) || got.ReplyTo != "U9" || starter != "" || !got.Edited {
		t.Errorf("got %+v", got)
	}
	if got.Place.ID != "C1:1700000000.000100" || got.Place.Parent != "C1" || got.Place.Root() != "C1" {
		t.Errorf("the place is %+v", got.Place)
	}
	if want := "https://hill.slack.com/archives/C1/p1700000000000200?thread_ts=1700000000.000100&cid=C1"; got.Link != want {
		t.Errorf("the link is %s, want %s", got.Link, want)
	}
	if !got.Time.Equal(time.UnixMicro(1700000000000200)) {
		t.Errorf("the time is %v", got.Time)
	}
	for _, own := range []string{`{"ts":"1.1","channel":"C1","user":"UBOT"}`, `{"ts":"1.1","channel":"C1","bot_id":"BBOT"}`} {
		if m := read(t, own); !m.own(w) {
			t.Errorf("%s is not taken for the bot's own", own)
		}
	}
	for _, none := range []string{`{"ts":"1.1","channel":"C1","subtype":"channel_join","user":"U1","text":"joined"}`, `{"ts":"1.1","user":"U1"}`} {
		if m := read(t, none); m.worthReading() {
			t.Errorf("%s is taken for something that somebody wrote", none)
		}
	}
}

func TestTimesAndIDs(t *testing.T) {
	for _, at := range []time.Time{time.UnixMicro(1700000000000001).UTC(), time.UnixMicro(1700000000999999).UTC(), time.Unix(1, 0).UTC()} {
		if got := timeOf(stampAt(at)); !got.Equal(at) {
			t.Errorf("%v came back as %v", at, got)
		}
	}
	if stampAt(time.Time{}) != "0" || !timeOf("nonsense").IsZero() || !timeOf("-5.000000").IsZero() {
		t.Error("what is no time was taken for one")
	}
	for _, p := range [][2]string{{"999.000001", "1000.000001"}, {"1000.000001", "1000.000002"}, {"0", "1.000000"}} {
		if compareTS(p[0], p[1]) >= 0 || compareTS(p[1], p[0]) <= 0 || compareTS(p[0], p[0]) != 0 {
			t.Errorf("%s does not come before %s", p[0], p[1])
		}
	}
}

func FuzzEvent(f *testing.F) {
	for _, s := range []string{
		`{"type":"event_callback","event_id":"Ev1","team_id":"T1","event":{"type":"message","channel":"C1","user":"U1","ts":"1.1","text":"hi <@U1|x> &amp; <https://a|b>"}}`,
		`{"event":{"type":"message","subtype":"message_changed","channel":"C1","ts":"2.1","message":{"ts":"1.1","text":"b","blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[null,7,{"type":"link"}]}]}]},"previous_message":{"ts":"1.1"}}}`,
		`{"event":{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"1.1","previous_message":[]}}`,
		`{"event":{"type":"message","channel":"C1","ts":"1.1","files":{"title":3},"attachments":[{"fields":"x","blocks":[[[]]]}],"edited":true}}`,
		`{"event":{"type":"channel_rename","channel":{"id":"C1","name":"x"}}}`, `{"event":[]}`, `null`, `{`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := testAdapter(t)
		s.spaces.put(&space{team: "T1", me: "UBOT"}, true)
		var c callback
		if readJSON(raw, &c) != nil {
			return
		}
		if m, ok := readMessage(c.Event); ok {
			got, _ := s.neutral(s.spaces.get("T1"), "T1", &m)
			if again, _ := json.Marshal(got.Text); !json.Valid(again) {
				t.Errorf("%q cannot be written as JSON", got.Text)
			}
		}
		in := newIntake(t.Context(), s, nil)
		in.stop() // nothing is handed over
		in.event(raw, func() {})
		in.interaction(raw, func(json.RawMessage) {})
	})
}
