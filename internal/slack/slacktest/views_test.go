package slacktest_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

func plain(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// form is a modal with a line, a choice and somebody to name.
func form(title string) slack.ModalViewRequest {
	who := slack.NewInputBlock("who", plain("Who"), nil, slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plain("Pick"), "pick"))
	who.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain(title), Submit: plain("Send"), Close: plain("Cancel"), CallbackID: "report", PrivateMetadata: "m",
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("what", plain("What happened"), plain("In your words"), slack.NewPlainTextInputBlockElement(nil, "line").WithMaxLength(20)),
			slack.NewInputBlock("kind", plain("Kind"), nil, slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Choose"), "kind",
				slack.NewOptionBlockObject("a", plain("First"), nil), slack.NewOptionBlockObject("b", plain("Second"), nil))),
			who,
		}},
	}
}

// opens answers every command with a form, and what is sent by what answer
// says.
func (s *school) opens(answer func(v slack.View) any) {
	s.connect(func(c *socketmode.Client, e socketmode.Event) {
		switch data := e.Data.(type) {
		case slack.SlashCommand:
			_ = c.Ack(*e.Request)
			if _, err := s.api.OpenView(data.TriggerID, form("Report")); err != nil {
				s.t.Errorf("open: %v", err)
			}
		case slack.InteractionCallback:
			if out := answer(data.View); out != nil {
				_ = c.Ack(*e.Request, out)
				return
			}
			_ = c.Ack(*e.Request)
		default:
			acknowledge(c, e)
		}
	})
}

func TestViewIsFilledInAndSent(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	got := make(chan slack.View, 1)
	s.opens(func(v slack.View) any { got <- v; return nil })
	v := s.kim.Slash(s.general, "/waymark report").View()
	if v.Title != "Report" || len(v.Fields) != 3 || v.Fields[0].Label != "What happened" || v.Fields[0].MaxLength != 20 || !v.Fields[2].Optional {
		t.Errorf("the view is %+v", v)
	}
	s.kim.Submit(map[string]string{"What happened": "this & that", "kind": "Second", "Who": s.ana.ID})
	sent := <-got
	values := sent.State.Values
	if values["what"]["line"].Value != "this & that" || values["kind"]["kind"].SelectedOption.Value != "b" || values["who"]["pick"].SelectedUser != s.ana.ID {
		t.Errorf("it holds %+v", values)
	}
	if sent.PrivateMetadata != "m" || sent.CallbackID != "report" || sent.ID != v.ID || sent.Hash != v.Hash {
		t.Errorf("the view is %+v", sent)
	}
	s.f.AwaitNoModal(s.kim)
}

func TestViewAnsweredWithErrorsAndAnother(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	s.opens(func(v slack.View) any {
		if v.State.Values["what"]["line"].Value == "bad" {
			return slack.NewErrorsViewSubmissionResponse(map[string]string{"what": "Say more"})
		}
		next := form("Thanks")
		return slack.NewUpdateViewSubmissionResponse(&next)
	})
	s.kim.Slash(s.general, "/waymark report").View()
	if v := s.kim.Submit(map[string]string{"what": "bad", "kind": "a"}).View(); v.Errors["what"] != "Say more" || !v.Has("Say more") {
		t.Errorf("the view says %q", v.Text())
	}
	s.kim.Submit(map[string]string{"what": "good"})
	v := s.f.AwaitModal(s.kim, func(v slacktest.View) bool { return v.Title == "Thanks" })
	if v.Fields[0].Value != "good" || len(v.Errors) != 0 {
		t.Errorf("what was filled in is %+v", v.Fields[0])
	}
}

func TestTriggersWorkOnceAndNotForLong(t *testing.T) {
	clock := slacktest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	s := newSchool(t, slacktest.Options{Now: clock.Now})
	s.connect(acknowledge)
	a := s.kim.Slash(s.general, "/waymark report")
	if _, err := s.api.OpenView(a.TriggerID, form("One")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.api.OpenView(a.TriggerID, form("Two")); err == nil || err.Error() != "exchanged_trigger_id" {
		t.Errorf("the second time: %v", err)
	}
	late := s.kim.Slash(s.general, "/waymark report")
	clock.Advance(3100 * time.Millisecond)
	if _, err := s.api.OpenView(late.TriggerID, form("Three")); err == nil || err.Error() != "expired_trigger_id" {
		t.Errorf("after 3.1 s: %v", err)
	}
	if v, _ := s.kim.Modal(); v.Title != "One" {
		t.Errorf("Kim sees %q", v.Title)
	}
}

func TestViewsArePushedAndUpdated(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	s.connect(acknowledge)
	first, err := s.api.OpenView(s.kim.Slash(s.general, "/waymark report").TriggerID, form("One"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.api.PushView(s.kim.Slash(s.general, "/waymark report").TriggerID, form("Two")); err != nil {
		t.Fatal(err)
	}
	if v, _ := s.kim.Modal(); v.Title != "Two" {
		t.Errorf("on top is %q", v.Title)
	}
	s.kim.CloseView(false)
	second, err := s.api.UpdateView(form("One again"), "", first.Hash, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.api.UpdateView(form("Too late"), "", first.Hash, first.ID); err == nil || err.Error() != "hash_conflict" {
		t.Errorf("with an old hash: %v", err)
	}
	if v, _ := s.kim.Modal(); v.Title != "One again" || v.Hash != second.Hash {
		t.Errorf("Kim sees %q", v.Title)
	}
	s.kim.CloseView(true)
	if _, err = s.api.UpdateView(form("Gone"), "", "", first.ID); err == nil || err.Error() != "not_found" {
		t.Errorf("once closed: %v", err)
	}
}

func TestHomeIsPublishedAndPressed(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	pressed := make(chan slack.InteractionCallback, 1)
	s.connect(func(c *socketmode.Client, e socketmode.Event) {
		if data, ok := e.Data.(slack.InteractionCallback); ok {
			pressed <- data
		}
		acknowledge(c, e)
	})
	s.kim.OpenHome()
	s.f.Await("the app hears of it", func() bool { return s.f.Attempts("app_home_opened") == 1 })
	_, err := s.api.PublishView(s.kim.ID, slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{
		slack.NewHeaderBlock(plain("Help")), slack.NewActionBlock("do", slack.NewButtonBlockElement("learn", "topic", plain("Learn")))}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	home := s.f.AwaitHome(s.kim, func(v slacktest.View) bool { return v.Has("Help", "[Learn]") })
	s.kim.Press(home, "Learn").AwaitAnswered()
	data := <-pressed
	if data.Container.Type != "view" || data.View.ID != home.ID || data.ResponseURL != "" || data.ActionCallback.BlockActions[0].Value != "topic" {
		t.Errorf("the app got %+v", data)
	}
	if _, there := s.ana.Home(); there {
		t.Error("Ana sees a Home tab that was published for Kim")
	}
}

func TestBadBlocksAreCaught(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	section := func(s string) string { return `{"type":"section","text":{"type":"mrkdwn","text":"` + s + `"}}` }
	button := func(rest string) string {
		return `{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Go"},"action_id":"a"` + rest + `}]}`
	}
	options := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, `{"text":{"type":"plain_text","text":"o"},"value":"v`+strings.Repeat("i", i)+`"}`)
		}
		return strings.Join(list, ",")
	}
	cases := []struct{ name, blocks, says string }{
		{"a good section", section("fine"), ""},
		{"a good button", button(`,"value":"v","style":"danger"`), ""},
		{"a long section", section(long(3001)), "3001 characters, of at most 3000"},
		{"an empty section", section(" "), "is empty"},
		{"a long header", `{"type":"header","text":{"type":"plain_text","text":"` + long(151) + `"}}`, "of at most 150"},
		{"a header of mrkdwn", `{"type":"header","text":{"type":"mrkdwn","text":"x"}}`, `the type "mrkdwn"`},
		{"a long label", strings.Replace(button(""), "Go", long(76), 1), "of at most 75"},
		{"a long value", button(`,"value":"` + long(2001) + `"`), "of at most 2000"},
		{"a long action id", strings.Replace(button(""), `"a"`, `"`+long(256)+`"`, 1), "of at most 255"},
		{"an unknown style", button(`,"style":"loud"`), `"loud"`},
		{"an unknown property", button(`,"colour":"red"`), "colour"},
		{"a script to open", button(`,"url":"javascript:x"`), "not http"},
		{"the same action id twice", `{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"A"},"action_id":"a"},{"type":"button","text":{"type":"plain_text","text":"B"},"action_id":"a"}]}`, "there twice"},
		{"an unknown block", `{"type":"carpet"}`, "carpet"},
		{"no type", `{"text":"x"}`, "type"},
		{"a row of nothing", `{"type":"actions","elements":[]}`, "0, of 1 to 25"},
		{"too many options", `{"type":"actions","elements":[{"type":"static_select","action_id":"s","placeholder":{"type":"plain_text","text":"p"},"options":[` + options(101) + `]}]}`, "101, of 1 to 100"},
		{"an initial option of its own", `{"type":"actions","elements":[{"type":"static_select","action_id":"s","options":[` + options(2) + `],"initial_option":{"text":{"type":"plain_text","text":"other"},"value":"v"}}]}`, "exactly none"},
		{"a section of nothing", `{"type":"section"}`, "neither text nor fields"},
		{"an image nobody can hear", `{"type":"image","image_url":"https://example.org/x.png","alt_text":""}`, "alt_text is empty"},
		{"the same block id twice", `{"type":"divider","block_id":"b"},{"type":"divider","block_id":"b"}`, "there twice"},
		{"too many blocks", strings.TrimSuffix(strings.Repeat(`{"type":"divider"},`, 51), ","), "51 blocks, of at most 50"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newSchool(t, slacktest.Options{})
			if !s.f.Described() && (c.says == "colour" || c.says == "carpet") {
				t.Skip("the schema of Slack's types is not here")
			}
			_, _, _, err := s.api.SendMessage(s.general.ID, slack.UnsafeMsgOptionEndpoint(s.f.URL()+"chat.postMessage", func(v url.Values) {
				v.Set("blocks", "["+c.blocks+"]")
				v.Set("text", "text")
			}))
			bad := strings.Join(s.f.Invalid(), "\n")
			s.f.Forgive()
			if c.says == "" {
				if err != nil || bad != "" {
					t.Errorf("got %v, %s", err, bad)
				}
				return
			}
			if err == nil || err.Error() != "invalid_blocks" || !strings.Contains(bad, c.says) {
				t.Errorf("got %v and %q, want %q", err, bad, c.says)
			}
		})
	}
}

func TestBadViewsAreCaught(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	s.connect(acknowledge)
	change := map[string]func(v *slack.ModalViewRequest){
		"of at most 24":   func(v *slack.ModalViewRequest) { v.Title = plain(strings.Repeat("x", 25)) },
		"a button to":     func(v *slack.ModalViewRequest) { v.Submit = nil },
		"of at most 3000": func(v *slack.ModalViewRequest) { v.PrivateMetadata = strings.Repeat("x", 3001) },
		"of at most 255":  func(v *slack.ModalViewRequest) { v.CallbackID = strings.Repeat("x", 256) },
	}
	for says, do := range change {
		v := form("Report")
		do(&v)
		_, err := s.api.OpenView(s.kim.Slash(s.general, "/waymark report").TriggerID, v)
		if bad := strings.Join(s.f.Invalid(), "\n"); err == nil || err.Error() != "invalid_arguments" || !strings.Contains(bad, says) {
			t.Errorf("got %v and %q, want %q", err, bad, says)
		}
		s.f.Forgive()
	}
	if _, err := s.api.PublishView(s.kim.ID, slack.HomeTabViewRequest{Type: slack.VTModal}, ""); err == nil || len(s.f.Invalid()) == 0 {
		t.Errorf("a modal as a Home tab: %v", err)
	}
	s.f.Forgive()
}
