package slacktest_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

func code(err error) string {
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) {
		return refused.Err
	}
	return fmt.Sprint(err)
}

func TestEveryKindOfMessage(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	s.connect(acknowledge)
	root := s.kim.Say(s.general, "first")
	reply := s.ana.Say(s.general, "second", slacktest.InThread(root))
	s.ana.Say(s.general, "loud", slacktest.InThread(root), slacktest.Broadcast())
	s.kim.Say(s.general, "waves", slacktest.Me())
	s.kim.Say(s.general, "hidden words", slacktest.OnlyBlocks(""))
	s.kim.Say(s.general, "", slacktest.Attachments(`[{"text":"in an attachment","fallback":"x"}]`))
	s.kim.Say(s.general, "look", slacktest.Files(slacktest.File{Name: "a.png", Title: "a title", Comment: "a comment"}))
	s.w.Public("bots", s.kim).Join(s.w.OtherApp("Robo"))
	robo := s.w.OtherApp("Robo 2")
	s.general.Join(robo)
	robo.Say(s.general, "beep")
	s.kim.Say(s.general, "hook", slacktest.AsWebhook("Hook"))
	s.f.AwaitSettled()
	got, _ := s.messages()
	find := func(what string, ok func(m *slackevents.MessageEvent) bool) *slackevents.MessageEvent {
		t.Helper()
		for _, m := range got {
			if ok(m) {
				return m
			}
		}
		t.Errorf("the app heard nothing of: %s", what)
		return &slackevents.MessageEvent{Message: &slack.Msg{}}
	}
	subtype := func(sub string) func(*slackevents.MessageEvent) bool {
		return func(m *slackevents.MessageEvent) bool { return m.SubType == sub }
	}
	if m := find("reply", func(m *slackevents.MessageEvent) bool { return m.Text == "second" }); m.ThreadTimeStamp != root.TS || m.Message.ParentUserId != s.kim.ID {
		t.Errorf("the reply is %+v", m)
	}
	if m := find("broadcast", subtype("thread_broadcast")); m.Root == nil || m.Root.Text != "first" {
		t.Errorf("the broadcast is %+v", m)
	}
	find("/me", subtype("me_message"))
	if m := find("blocks", func(m *slackevents.MessageEvent) bool { return m.Text == "" && len(m.Blocks.BlockSet) == 1 }); m.Blocks.BlockSet[0].BlockType() != "rich_text" {
		t.Errorf("the blocks are %+v", m.Blocks)
	}
	find("attachment", func(m *slackevents.MessageEvent) bool {
		return len(m.Message.Attachments) == 1 && m.Message.Attachments[0].Text == "in an attachment"
	})
	if m := find("file", subtype("file_share")); m.Message.Files[0].Title != "a title" || m.Message.Files[0].InitialComment.Comment != "a comment" {
		t.Errorf("the file is %+v", m.Message.Files)
	}
	if m := find("other app", func(m *slackevents.MessageEvent) bool { return m.Text == "beep" }); m.BotID == "" || m.User != robo.ID {
		t.Errorf("the other app's message is %+v", m)
	}
	if m := find("webhook", subtype("bot_message")); m.User != "" || m.Username != "Hook" {
		t.Errorf("the webhook's message is %+v", m)
	}
	if texts := repliesTo(root); !slices.Equal(texts, []string{"second", "loud"}) {
		t.Errorf("below the first hang %q", texts)
	}
	history, err := s.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: s.general.ID, Limit: 999})
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(history.Messages, func(m slack.Message) bool { return m.Timestamp == reply.TS }) {
		t.Error("the history holds a reply that was not broadcast")
	}
	replies, _, _, err := s.api.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: s.general.ID, Timestamp: root.TS})
	if err != nil || len(replies) != 3 || replies[0].ReplyCount != 2 {
		t.Errorf("the thread holds %d messages, %v", len(replies), err)
	}
}

func repliesTo(m slacktest.Message) (texts []string) {
	for _, x := range m.Replies() {
		texts = append(texts, x.Text())
	}
	return texts
}

func TestEditsAndDeletions(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	s.connect(acknowledge)
	one, two := s.kim.Say(s.general, "one"), s.kim.Say(s.general, "two")
	s.ana.Say(s.general, "reply", slacktest.InThread(two))
	s.kim.Edit(one, "one & more")
	one.Unfurl("A page")
	s.kim.Delete(one)
	s.kim.Delete(two)
	s.f.AwaitSettled()
	got, _ := s.messages()
	var kinds []string
	for _, m := range got {
		kind := m.SubType
		if kind == "message_changed" {
			kind += fmt.Sprintf(":%s:%v", m.Message.SubType, m.Message.Edited != nil)
		}
		kinds = append(kinds, kind)
	}
	want := []string{"", "", "", "message_changed::true", "message_changed::true", "message_deleted", "message_changed:tombstone:false"}
	if !slices.Equal(kinds, want) {
		t.Errorf("the app heard of %q, want %q", kinds, want)
	}
	if m := got[3]; m.Message.Text != "one &amp; more" || m.PreviousMessage.Text != "one" || m.Message.Timestamp != one.TS {
		t.Errorf("the edit is %+v", m.Message)
	}
	if m := got[5]; m.DeletedTimeStamp != one.TS || !one.Now().Deleted {
		t.Errorf("the deletion is %+v", m)
	}
}

func TestRefusals(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	text := slack.MsgOptionText("hello", false)
	post := func(id string) string { _, _, err := s.api.PostMessage(id, text); return code(err) }
	open := func(id string) string {
		_, _, _, err := s.api.OpenConversation(&slack.OpenConversationParameters{Users: []string{id}})
		return code(err)
	}
	away, old := s.w.Public("away", slacktest.WithoutBot), s.w.Public("old")
	secret := s.w.Private("secret", s.kim)
	old.Archive(true)
	gone := s.w.Member("Gone")
	gone.Deactivate()
	robo := s.w.OtherApp("Robo")
	for what, got := range map[string][2]string{
		"a channel without the bot":         {post(away.ID), "not_in_channel"},
		"a private channel without the bot": {post(secret.ID), "channel_not_found"},
		"an archived channel":               {post(old.ID), "is_archived"},
		"no channel":                        {post("C000000000"), "channel_not_found"},
		"another app":                       {open(robo.ID), "cannot_dm_bot"},
		"a closed account":                  {open(gone.ID), "user_disabled"},
		"nobody":                            {open("U000000000"), "user_not_found"},
		"a member":                          {open(s.kim.ID), "<nil>"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: got %s, want %s", what, got[0], got[1])
		}
	}
	if _, _, err := s.api.DeleteMessage(s.general.ID, s.kim.Say(s.general, "mine").TS); code(err) != "cant_delete_message" {
		t.Errorf("deleting another's message: %v", err)
	}
	if _, _, _, err := s.api.JoinConversation(away.ID); err != nil || !slices.Contains(away.Members(), s.w.BotID()) {
		t.Errorf("joining: %v", err)
	}
	if _, err := s.api.GetUserInfo("U000000000"); code(err) != "user_not_found" {
		t.Errorf("nobody's account: %v", err)
	}
	if _, _, err := s.api.PostMessage(s.general.ID); code(err) != "no_text" || len(s.f.Invalid()) != 1 {
		t.Errorf("an empty post: %v, %q", err, s.f.Invalid())
	}
	s.f.Forgive()
}

func TestTokensAreRevokedAndTheAppRemoved(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	s.connect(acknowledge)
	s.w.RevokeToken()
	if _, err := s.api.AuthTest(); code(err) != "token_revoked" {
		t.Errorf("got %v", err)
	}
	s.w.Install()
	if _, err := s.api.AuthTest(); code(err) != "invalid_auth" {
		t.Errorf("the old token: %v", err)
	}
	again := slack.New(s.w.Token(), slack.OptionAPIURL(s.f.URL()))
	if _, err := again.AuthTest(); err != nil {
		t.Errorf("the new token: %v", err)
	}
	s.w.RemoveApp()
	if _, err := again.AuthTest(); code(err) != "account_inactive" {
		t.Errorf("once removed: %v", err)
	}
	s.f.AwaitSettled()
	if s.f.Attempts("tokens_revoked") != 2 || s.f.Attempts("app_uninstalled") != 1 {
		t.Errorf("the app was told %d and %d times", s.f.Attempts("tokens_revoked"), s.f.Attempts("app_uninstalled"))
	}
	s.f.RevokeAppToken("token_revoked")
	if _, _, err := s.api.StartSocketModeContext(t.Context()); code(err) != "token_revoked" {
		t.Errorf("the app's token: %v", err)
	}
	if _, err := slack.New("", slack.OptionAPIURL(s.f.URL())).AuthTest(); code(err) != "not_authed" {
		t.Errorf("no token: %v", err)
	}
}

func TestChannelsArePagedAndShared(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	partner := s.f.Workspace("Partner", slacktest.NotInstalled)
	zoe := partner.Member("Zoe")
	s.general.Connect(partner, zoe)
	s.connect(acknowledge)
	zoe.Say(s.general, "hello from afar")
	if m := s.awaitMessages(1)[0]; m.UserTeam != partner.ID || m.SourceTeam != partner.ID {
		t.Errorf("the stranger's message is %+v", m)
	}
	info, err := s.api.GetConversationInfo(&slack.GetConversationInfoInput{ChannelID: s.general.ID, IncludeNumMembers: true})
	if err != nil || !info.IsExtShared || !slices.Contains(info.ConnectedTeamIDs, partner.ID) || info.NumMembers != 6 {
		t.Errorf("the channel is %+v, %v", info, err)
	}
	if u, err := s.api.GetUserInfo(zoe.ID); err != nil || u.TeamID != partner.ID || u.IsStranger {
		t.Errorf("the stranger is %+v, %v", u, err)
	}
	guest := s.w.Member("Gus", slacktest.SingleGuest)
	if guest.CanSee(s.general) || !s.kim.CanSee(s.general) || s.kim.CanSee(s.staff) {
		t.Error("guests see what they should not, or members not what they should")
	}
	for i := range 5 {
		s.w.Public(fmt.Sprint("room-", i))
	}
	var names []string
	for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
		part, next, err := s.api.GetConversations(&slack.GetConversationsParameters{Limit: 3, Cursor: cursor, Types: []string{"public_channel", "private_channel"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range part {
			names = append(names, c.Name)
		}
		cursor = next
	}
	if got := strings.Join(names, " "); got != "general staff room-0 room-1 room-2 room-3 room-4" {
		t.Errorf("the channels are %s", got)
	}
	g := s.w.Group("leads", s.lead)
	if ids, err := s.api.GetUserGroupMembers(g.ID); err != nil || !slices.Equal(ids, []string{s.lead.ID}) {
		t.Errorf("the group holds %v, %v", ids, err)
	}
	if all, err := s.api.GetUserGroups(slack.GetUserGroupsOptionIncludeUsers(true)); err != nil || len(all) != 1 || len(all[0].Users) != 1 {
		t.Errorf("the groups are %v, %v", all, err)
	}
	if users, err := s.api.GetUsers(); err != nil || len(users) != 6 {
		t.Errorf("there are %d users, %v", len(users), err)
	}
}

func TestHistoryFromAMoment(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	var said []slacktest.Message
	for i := range 5 {
		said = append(said, s.kim.Say(s.general, fmt.Sprint("line ", i)))
	}
	read := func(p slack.GetConversationHistoryParameters) (texts []string, more bool) {
		p.ChannelID = s.general.ID
		h, err := s.api.GetConversationHistory(&p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range h.Messages {
			texts = append(texts, strings.TrimPrefix(m.Text, "line "))
		}
		return texts, h.HasMore
	}
	if got, _ := read(slack.GetConversationHistoryParameters{Oldest: said[2].TS}); !slices.Equal(got, []string{"4", "3"}) {
		t.Errorf("after line 2: %q", got)
	}
	if got, _ := read(slack.GetConversationHistoryParameters{Oldest: said[2].TS, Latest: said[2].TS, Inclusive: true, Limit: 1}); !slices.Equal(got, []string{"2"}) {
		t.Errorf("line 2 alone: %q", got)
	}
	if got, more := read(slack.GetConversationHistoryParameters{Limit: 2}); !slices.Equal(got, []string{"4", "3"}) || !more {
		t.Errorf("two of five: %q, more %v", got, more)
	}
}

func TestMembershipIsTold(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	away := s.w.Public("away", slacktest.WithoutBot)
	s.connect(acknowledge)
	s.kim.Say(away, "unheard")
	away.InviteBot()
	s.kim.Say(away, "heard")
	away.RemoveBot()
	s.kim.Say(away, "unheard again")
	s.staff.MakePublic()
	away.Archive(true)
	away.Archive(false)
	away.Rename("gone")
	s.f.AwaitSettled()
	var texts []string
	for _, m := range s.awaitMessages(1) {
		if m.SubType == "" {
			texts = append(texts, m.Text)
		}
	}
	if !slices.Equal(texts, []string{"heard"}) {
		t.Errorf("the app heard %q", texts)
	}
	for what, n := range map[string]int{"member_joined_channel": 1, "member_left_channel": 1, "channel_left": 1, "channel_archive": 1, "channel_unarchive": 1, "channel_rename": 1} {
		if got := s.f.Attempts(what); got != n {
			t.Errorf("%s came %d times, want %d", what, got, n)
		}
	}
	if info, err := s.api.GetConversationInfo(&slack.GetConversationInfoInput{ChannelID: s.staff.ID}); err != nil || info.IsPrivate {
		t.Errorf("the staff room is %+v, %v", info, err)
	}
}

func TestShortcutAndAnswersByAddress(t *testing.T) {
	clock := slacktest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	s := newSchool(t, slacktest.Options{Now: clock.Now})
	away := s.w.Public("away", slacktest.WithoutBot)
	var about slack.InteractionCallback
	s.connect(func(c *socketmode.Client, e socketmode.Event) {
		if data, ok := e.Data.(slack.InteractionCallback); ok {
			about = data
		}
		acknowledge(c, e)
	})
	said := s.ana.Say(away, "look at this")
	a := s.kim.Shortcut(said, "report")
	a.AwaitAnswered()
	if about.CallbackID != "report" || about.Message.Text != "look at this" || about.Message.User != s.ana.ID || about.Channel.ID != away.ID || about.MessageTs != said.TS {
		t.Errorf("the app got %+v", about)
	}
	answer := func() error {
		_, _, err := s.api.PostMessage("", slack.MsgOptionText("noted", false), slack.MsgOptionResponseURL(a.ResponseURL, slack.ResponseTypeEphemeral))
		return err
	}
	var status slack.StatusCodeError
	for i := range 5 {
		if err := answer(); err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
	}
	if err := answer(); !errors.As(err, &status) || status.Code != http.StatusNotFound {
		t.Errorf("the sixth answer: %v", err)
	}
	a = s.kim.Shortcut(said, "report")
	clock.Advance(31 * time.Minute)
	if err := answer(); !errors.As(err, &status) || status.Code != http.StatusNotFound {
		t.Errorf("after half an hour: %v", err)
	}
	if n := len(s.kim.Private()); n != 5 {
		t.Errorf("Kim sees %d answers", n)
	}
	if n := len(s.ana.Private()); n != 0 {
		t.Errorf("Ana sees %d answers", n)
	}
}

func TestSocketsAreRenewedInTurn(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	s.connect(acknowledge)
	s.connect(acknowledge)
	before := s.f.Connections()
	s.f.Disconnect(slacktest.DisconnectRefresh, 0)
	s.f.Await("a new socket is open", func() bool { return s.f.Connections() == before+1 && s.f.Sockets() == 2 })
	for range 4 {
		s.kim.Say(s.general, "hello")
	}
	s.f.AwaitSettled()
	if m, _ := s.messages(); len(m) != 4 {
		t.Errorf("the app has %d messages", len(m))
	}
}

func TestTooLargeAcknowledgementsAreDropped(t *testing.T) {
	s := newSchool(t, slacktest.Options{AckWithin: 50 * time.Millisecond, Retries: []time.Duration{}})
	_, address, err := s.api.StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, _, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	read := func() (out struct {
		Type           string
		NumConnections int    `json:"num_connections"`
		EnvelopeID     string `json:"envelope_id"`
	}) {
		if err := conn.ReadJSON(&out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if hello := read(); hello.Type != "hello" || hello.NumConnections != 1 {
		t.Errorf("the greeting is %+v", hello)
	}
	if _, _, err := websocket.DefaultDialer.Dial(address, nil); err == nil {
		t.Error("the same address opens two sockets")
	}
	a := s.kim.Slash(s.general, "/waymark help")
	ack := map[string]any{"envelope_id": read().EnvelopeID, "payload": map[string]any{"text": strings.Repeat("x", 20*1024)}}
	if err := conn.WriteJSON(ack); err != nil {
		t.Fatal(err)
	}
	a.AwaitFailed()
	if bad := s.f.Invalid(); len(bad) != 1 || !strings.Contains(bad[0], "drops those from 20480") {
		t.Errorf("noted: %q", bad)
	}
	s.f.Forgive()
	ack["envelope_id"], ack["payload"] = "nonsense", nil
	_ = conn.WriteJSON(ack)
	s.f.Await("the unknown envelope is noted", func() bool { return len(s.f.Invalid()) == 1 })
	s.f.Forgive()
}

func TestRepeatedAndLateEvents(t *testing.T) {
	s := newSchool(t, slacktest.Options{AckWithin: time.Minute})
	hold := make(chan struct{})
	s.connect(func(c *socketmode.Client, e socketmode.Event) {
		if e.Request != nil && e.Request.RetryAttempt == 0 {
			<-hold
		}
		acknowledge(c, e)
	})
	s.kim.Say(s.general, "hello")
	s.f.Await("it is on its way", func() bool { return s.f.Attempts("message") == 1 })
	if n := s.f.Redeliver(); n != 1 {
		t.Errorf("%d were delivered again", n)
	}
	close(hold)
	s.f.AwaitSettled()
	s.f.Repeat("message", 1)
	s.f.AwaitSettled()
	_, requests := s.messages()
	if len(requests) != 3 || eventID(requests[0]) != eventID(requests[1]) || eventID(requests[0]) != eventID(requests[2]) {
		t.Errorf("it came %d times", len(requests))
	}
}

func TestFaults(t *testing.T) {
	s := newSchool(t, slacktest.Options{})
	post := func() error {
		_, _, err := s.api.PostMessage(s.general.ID, slack.MsgOptionText("hello", false))
		return err
	}
	s.f.FailNext(1, "chat.postMessage", slacktest.Failing(http.StatusBadGateway))
	var status slack.StatusCodeError
	if err := post(); !errors.As(err, &status) || status.Code != http.StatusBadGateway {
		t.Errorf("got %v", err)
	}
	s.f.FailNext(1, "chat.postMessage", slacktest.Refusing("fatal_error"))
	if err := post(); code(err) != "fatal_error" {
		t.Errorf("got %v", err)
	}
	if n := len(s.general.ByBot()); n != 0 {
		t.Fatalf("%d messages are there", n)
	}
	var applied atomic.Bool
	s.f.FailNext(1, "chat.postMessage", slacktest.Fault{Lost: true, Applied: func() { applied.Store(len(s.general.ByBot()) == 1) }})
	if err := post(); err == nil || !applied.Load() {
		t.Errorf("got %v, applied %v", err, applied.Load())
	}
	if err := post(); err != nil || len(s.general.ByBot()) != 2 {
		t.Errorf("afterwards: %v", err)
	}
}

func TestInstallationByOAuth(t *testing.T) {
	f := slacktest.New(t, slacktest.Options{})
	w := f.Workspace("Second School", slacktest.NotInstalled)
	exchange := func(secret, given string) (*slack.OAuthV2Response, error) {
		return slack.GetOAuthV2Response(http.DefaultClient, f.ClientID(), secret, given, "https://example.org/back", slack.OAuthOptionAPIURL(f.URL()))
	}
	given := w.Approve()
	if _, err := exchange("wrong", given); code(err) != "bad_client_secret" {
		t.Errorf("a wrong secret: %v", err)
	}
	r, err := exchange(f.ClientSecret(), given)
	if err != nil || r.Team.ID != w.ID || r.AccessToken != w.Token() || r.BotUserID != w.BotID() {
		t.Fatalf("got %+v, %v", r, err)
	}
	if _, err := exchange(f.ClientSecret(), given); code(err) != "invalid_code" {
		t.Errorf("the second time: %v", err)
	}
	if who, err := slack.New(r.AccessToken, slack.OptionAPIURL(f.URL())).AuthTest(); err != nil || who.TeamID != w.ID {
		t.Errorf("got %+v, %v", who, err)
	}
	if team, err := slack.New(r.AccessToken, slack.OptionAPIURL(f.URL())).GetTeamInfo(); err != nil || team.Name != "Second School" {
		t.Errorf("got %+v, %v", team, err)
	}
}

const manifest = `
display_information: {name: Way, description: Help}
features:
  bot_user: {display_name: Way, always_online: true}
  app_home: {home_tab_enabled: false}
  slash_commands: [{command: /way, description: Ask, should_escape: false}]
  shortcuts: [{name: Report, type: message, callback_id: report, description: Tell staff}]
oauth_config: {scopes: {bot: [chat:write, commands, channels:history, channels:read]}}
settings:
  event_subscriptions: {bot_events: [message.channels]}
  interactivity: {is_enabled: true}
  socket_mode_enabled: true
`

func TestManifestDecides(t *testing.T) {
	s := newSchool(t, slacktest.Options{Manifest: manifest})
	s.connect(acknowledge)
	s.kim.Say(s.general, "heard")
	s.lead.Say(s.staff, "not asked for")
	s.f.AwaitSettled()
	if m, _ := s.messages(); len(m) != 1 || m[0].Text != "heard" {
		t.Errorf("the app heard %d messages", len(m))
	}
	if _, err := s.api.GetUserInfo(s.kim.ID); code(err) != "missing_scope" {
		t.Errorf("got %v", err)
	}
	if _, err := s.api.PublishView(s.kim.ID, slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}}}, ""); code(err) != "not_enabled" {
		t.Errorf("got %v", err)
	}
	if bad := slacktest.CheckManifest(manifest); len(bad) != 0 {
		t.Errorf("the manifest: %q", bad)
	}
	for change, says := range map[string]string{
		"name: Way, ->name: ,":                            "name is empty",
		"message.channels->message.groups":                "needs the scope groups:history",
		"socket_mode_enabled: true->":                     "Socket Mode is off",
		"display_name: Way->display: Way":                 "display not found",
		"commands, channels->channels":                    "need the scope commands",
		"name: Report,->name: A very long name indeed w,": "of at most 24",
	} {
		from, to, _ := strings.Cut(change, "->")
		if bad := strings.Join(slacktest.CheckManifest(strings.Replace(manifest, from, to, 1)), "\n"); !strings.Contains(bad, says) {
			t.Errorf("%s: got %q", says, bad)
		}
	}
}
