package discordtest_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

const someCommands = `[
	{"name":"learn","description":"Learn","options":[{"type":3,"name":"topic","description":"What about","autocomplete":true}]},
	{"name":"report","description":"Report"},
	{"name":"safeguarding","description":"For staff","default_member_permissions":"32","contexts":[0],"options":[
		{"type":1,"name":"setup","description":"Set up","options":[{"type":7,"name":"room","description":"Where"}]}]},
	{"name":"Report to staff","type":3},
	{"name":"help","description":"Help","integration_types":[0,1],"contexts":[0,1,2]}]`

// respond answers an interaction by the raw JSON of Discord's documentation.
func respond(t *testing.T, b *bot, i *discordgo.InteractionCreate, body map[string]any) error {
	t.Helper()
	_, err := b.RequestWithBucketID("POST", discordgo.EndpointInteractionResponse(i.ID, i.Token), body, i.ID)
	return err
}

// onAsk hands interactions to do.
func (b *bot) onAsk(do func(i *discordgo.InteractionCreate)) {
	b.AddHandler(func(_ *discordgo.Session, i *discordgo.InteractionCreate) { do(i) })
}

func buttons(labels ...string) []any {
	var row []any
	for _, l := range labels {
		row = append(row, map[string]any{"type": 2, "style": 2, "label": l, "custom_id": "do:" + l})
	}
	return []any{map[string]any{"type": 1, "components": row}}
}

func TestEveryKindOfInteractionAndAnswer(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{CheckAnswers: true})
	f.Register(someCommands)
	club := f.Guild("Youth club")
	general := club.Text("general")
	kim := club.Member("Kim")
	b := newBot(t, f, intents)
	var mu sync.Mutex
	var last *discordgo.InteractionCreate
	b.onAsk(func(i *discordgo.InteractionCreate) {
		mu.Lock()
		last = i
		mu.Unlock()
		var err error
		switch i.Type {
		case discordgo.InteractionApplicationCommandAutocomplete:
			err = respond(t, b, i, map[string]any{"type": 8, "data": map[string]any{
				"choices": []any{map[string]any{"name": "Gaming", "value": "gaming"}}}})
		case discordgo.InteractionApplicationCommand:
			switch i.ApplicationCommandData().Name {
			case "learn":
				err = respond(t, b, i, map[string]any{"type": 5, "data": map[string]any{"flags": 64}})
				content := "here is what to know"
				_, err2 := b.InteractionResponseEdit(i.Interaction, &discordgo.WebhookEdit{Content: &content})
				err = errors.Join(err, err2)
			case "report":
				err = respond(t, b, i, map[string]any{"type": 9, "data": map[string]any{"custom_id": "report:1", "title": "Tell staff",
					"components": []any{map[string]any{"type": 1, "components": []any{map[string]any{
						"type": 4, "style": 2, "custom_id": "what", "label": "What happened?"}}}}}})
			default:
				err = respond(t, b, i, map[string]any{"type": 4, "data": map[string]any{
					"content": "card", "flags": 64, "components": buttons("More", "Hide")}})
			}
		case discordgo.InteractionModalSubmit:
			row := i.ModalSubmitData().Components[0].(*discordgo.ActionsRow)
			err = respond(t, b, i, map[string]any{"type": 4, "data": map[string]any{"flags": 64,
				"content": "thank you for: " + row.Components[0].(*discordgo.TextInput).Value}})
		case discordgo.InteractionMessageComponent:
			if i.MessageComponentData().CustomID == "do:Hide" {
				err = respond(t, b, i, map[string]any{"type": 6})
				err = errors.Join(err, b.InteractionResponseDelete(i.Interaction))
				break
			}
			err = respond(t, b, i, map[string]any{"type": 7, "data": map[string]any{"content": "more"}})
			_, err2 := b.FollowupMessageCreate(i.Interaction, true, &discordgo.WebhookParams{Content: "and this", Flags: 64})
			err = errors.Join(err, err2)
		}
		if err != nil {
			t.Errorf("answer: %v", err)
		}
	})
	b.open(t, f)

	if names, values := kim.Type(general, "learn", "topic", "gam").Choices(); !slices.Equal(names, []string{"Gaming"}) || values[0] != "gaming" {
		t.Fatalf("completions %q, %q", names, values)
	}
	if m := kim.Slash(general, "learn", discordtest.With("topic", "gaming")).Reply(); m.Text() != "here is what to know" || !m.Private {
		t.Fatalf("the deferred answer is %q", m.Text())
	}
	asked := kim.Slash(general, "report")
	if modal := asked.Modal(); modal.Title != "Tell staff" || modal.Fields[0].Label != "What happened?" {
		t.Fatalf("the modal is %+v", modal)
	}
	if m := asked.Fill(map[string]string{"what": "something"}).Reply(); m.Text() != "thank you for: something" {
		t.Fatalf("the modal was answered by %q", m.Text())
	}
	said := kim.Say(general, "a message")
	card := kim.OnMessage(said, "Report to staff").Reply()
	mu.Lock()
	target := last.ApplicationCommandData().Resolved.Messages[said.ID]
	mu.Unlock()
	if target == nil || target.Content != "a message" {
		t.Fatalf("the message command carries %+v", target)
	}
	pressed := kim.Press(card, "More")
	if m := pressed.Reply(); m.ID != card.ID || !m.Has("more") {
		t.Fatalf("the button changed the card to %q", m.Text())
	}
	if m := pressed.AwaitFollowUp(1); m.Text() != "and this" || !m.Private {
		t.Fatalf("the follow-up is %q", m.Text())
	}
	before := len(kim.Private())
	kim.Press(card, "Hide")
	f.AwaitHidden(card)
	if n := len(kim.Private()); n != before-1 {
		t.Fatalf("Kim has %d private answers, before %d", n, before)
	}
	if m := kim.Slash(kim.DirectChannel(), "help").Reply(); !m.Private || m.GuildID != "" {
		t.Fatalf("the answer in the direct conversation is %+v", m)
	}
	if kim.CanUse(general, "safeguarding setup") || !club.Owner().CanUse(general, "safeguarding setup") {
		t.Fatal("staff's command is offered to the wrong people")
	}
}

func TestCommandsOfAPersonalInstallationReachTheBotFromAnyServer(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	f.Register(someCommands)
	elsewhere := f.Guild("Another place", discordtest.Without(true))
	lobby := elsewhere.Text("lobby")
	kim := elsewhere.Member("Kim")
	if kim.CanUse(lobby, "help") {
		t.Fatal("the command is there before it is installed")
	}
	kim.Install()
	b := newBot(t, f, intents)
	b.onAsk(func(i *discordgo.InteractionCreate) {
		_ = respond(t, b, i, map[string]any{"type": 4, "data": map[string]any{"content": "here", "flags": 64}})
	})
	b.open(t, f)
	if m := kim.Slash(lobby, "help").Reply(); m.Text() != "here" {
		t.Fatalf("Kim got %q", m.Text())
	}
}

func TestAnswersAfterTheirTimeAreRefused(t *testing.T) {
	clock := discordtest.NewClock(time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC))
	f := discordtest.New(t, discordtest.Options{Now: clock.Now})
	f.Register(someCommands)
	club := f.Guild("Youth club")
	general := club.Text("general")
	kim := club.Member("Kim")
	b := newBot(t, f, intents)
	got := make(chan *discordgo.InteractionCreate, 4)
	b.onAsk(func(i *discordgo.InteractionCreate) { got <- i })
	b.open(t, f)
	answer := map[string]any{"type": 4, "data": map[string]any{"content": "x", "flags": 64}}

	kim.Slash(general, "help", discordtest.Twice())
	first, second := <-got, <-got
	if first.ID != second.ID {
		t.Fatal("the second delivery has another id")
	}
	if err := respond(t, b, first, answer); err != nil {
		t.Fatal(err)
	}
	if err := respond(t, b, second, answer); code(err) != 40060 {
		t.Fatalf("the second answer gave %v", err)
	}
	clock.Advance(16 * time.Minute)
	if _, err := b.FollowupMessageCreate(first.Interaction, true, &discordgo.WebhookParams{Content: "late"}); code(err) != 50027 {
		t.Fatalf("the late follow-up gave %v", err)
	}
	late := kim.Slash(general, "help")
	i := <-got
	clock.Advance(4 * time.Second)
	if err := respond(t, b, i, answer); code(err) != 10062 || late.Answered() {
		t.Fatalf("the late answer gave %v", err)
	}
}

func TestFaultsAreWhatTheyAreAskedToBe(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	general := f.Guild("Youth club").Text("general")
	b := newBot(t, f, intents)
	b.Client = &http.Client{Timeout: 200 * time.Millisecond}
	b.MaxRestRetries = 0
	send := func() error { _, err := b.ChannelMessageSend(general.ID, "x"); return err }
	var applied atomic.Bool
	for _, c := range []struct {
		name  string
		fault discordtest.Fault
		want  string
		posts int
	}{
		{"429", discordtest.Limited(20 * time.Millisecond), "Rate limit exceeded", 0},
		{"429 with a page", discordtest.LimitedHTML(time.Second), "invalid character '<'", 0},
		{"500", discordtest.Failing(500), "HTTP 500", 0},
		{"502", discordtest.Failing(502), "502", 0},
		{"refused", discordtest.Fault{Status: 403, Code: 50013, Message: "Missing Permissions"}, "50013", 0},
		{"timeout", discordtest.Fault{Hang: true}, "Timeout", 0},
		{"timeout after the effect", discordtest.Fault{HangAfter: true}, "Timeout", 1},
		{"lost after the effect", discordtest.Fault{Lost: true, Applied: func() { applied.Store(true) }}, "EOF", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(general.Messages())
			f.FailNext(1, discordtest.OpPost, c.fault)
			if err := send(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if n := len(general.Messages()) - before; n != c.posts {
				t.Fatalf("%d messages were posted, want %d", n, c.posts)
			}
		})
	}
	if !applied.Load() {
		t.Fatal("Applied did not run")
	}
	if err := send(); err != nil {
		t.Fatalf("after the faults: %v", err)
	}
}

func TestNarrowBucketsAreEnforcedAndTold(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{Buckets: map[string]discordtest.Bucket{
		discordtest.OpPost: {Limit: 2, Per: time.Minute}}})
	general := f.Guild("Youth club").Text("general")
	other := f.Guild("Other").Text("general")
	post := func(c *discordtest.Channel) *http.Response {
		r, err := http.NewRequest("POST", f.URL()+"api/v9/channels/"+c.ID+"/messages", strings.NewReader(`{"content":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bot "+f.Token())
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp
	}
	for i, want := range []int{200, 200, 429} {
		resp := post(general)
		if resp.StatusCode != want || resp.Header.Get("X-RateLimit-Limit") != "2" {
			t.Fatalf("request %d gave %d with %v", i, resp.StatusCode, resp.Header)
		}
	}
	if resp := post(other); resp.StatusCode != 200 {
		t.Fatalf("another channel shares the bucket: %d", resp.StatusCode)
	}
}

func TestUnknownComponentsArriveAsTheyAre(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	club := f.Guild("Youth club")
	general := club.Text("general")
	kim := club.Member("Kim")
	b := newBot(t, f, intents)
	raw := make(chan string, 10)
	b.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
		if e.Type == "MESSAGE_CREATE" {
			raw <- string(e.RawData)
		}
	})
	b.open(t, f)
	kim.Say(general, "with something new", discordtest.WithComponents(`[{"type":20,"text":"?"}]`))
	if got := <-raw; !strings.Contains(got, `"type":20`) || !strings.Contains(got, "with something new") {
		t.Fatalf("the raw event is %s", got)
	}
}

func TestAutoModerationActsAndTells(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{Withheld: discordtest.MessageContent})
	club := f.Guild("Youth club")
	club.BotRole().Grant(discordtest.BotByDefault | discordtest.ManageGuild)
	general, staff := club.Text("general"), club.Text("staff")
	kim := club.Member("Kim")
	b := newBot(t, f, intents&^discordgo.IntentMessageContent|discordgo.IntentAutoModerationExecution)
	hits := make(chan *discordgo.AutoModerationActionExecution, 10)
	b.AddHandler(func(_ *discordgo.Session, e *discordgo.AutoModerationActionExecution) { hits <- e })
	b.open(t, f)
	rule := func(actions ...discordgo.AutoModerationAction) {
		t.Helper()
		_, err := b.AutoModerationRuleCreate(club.ID, &discordgo.AutoModerationRule{
			Name: "words", EventType: discordgo.AutoModerationEventMessageSend,
			TriggerType:     discordgo.AutoModerationEventTriggerKeyword,
			TriggerMetadata: &discordgo.AutoModerationTriggerMetadata{KeywordFilter: []string{"our secret*"}},
			Actions:         actions, Enabled: new(true),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rule(discordgo.AutoModerationAction{Type: discordgo.AutoModerationRuleActionSendAlertMessage,
		Metadata: &discordgo.AutoModerationActionMetadata{ChannelID: staff.ID}})

	said := kim.Say(general, "keep it as our secrets")
	hit := <-hits
	if hit.MatchedKeyword != "our secret*" || hit.Content != "" || hit.MessageID != said.ID || hit.UserID != kim.ID {
		t.Fatalf("the event is %+v", hit)
	}
	if n := len(staff.Messages()); n != 1 {
		t.Fatalf("%d alerts in the staff channel", n)
	}
	kim.Say(general, "nothing at all")
	club.Owner().Say(general, "our secret") // exempt

	rule(discordgo.AutoModerationAction{Type: discordgo.AutoModerationRuleActionBlockMessage})
	if blocked := kim.Say(general, "our secret again"); blocked.ID != "" {
		t.Fatal("the message was not blocked")
	}
	for range 2 {
		if hit := <-hits; hit.MessageID != "" {
			t.Fatalf("the blocked message has the id %s", hit.MessageID)
		}
	}
	if n := len(general.Messages()); n != 3 {
		t.Fatalf("%d messages in the channel", n)
	}
}

func TestOnlyAllowedMentionsNotify(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	club := f.Guild("Youth club")
	mods := club.Role("Moderators")
	club.BotRole().Grant(discordtest.BotByDefault | discordtest.MentionEveryone)
	staff := club.Text("staff")
	kim := club.Member("Kim")
	b := newBot(t, f, intents)
	text := "@everyone <@&" + mods.ID + "> " + kim.Mention()
	for _, c := range []struct {
		allowed *discordgo.MessageAllowedMentions
		want    []string
	}{
		{&discordgo.MessageAllowedMentions{}, nil},
		{&discordgo.MessageAllowedMentions{Roles: []string{mods.ID}}, []string{mods.ID}},
		{nil, []string{kim.ID, mods.ID, "everyone"}},
	} {
		m, err := b.ChannelMessageSendComplex(staff.ID, &discordgo.MessageSend{Content: text, AllowedMentions: c.allowed})
		if err != nil {
			t.Fatal(err)
		}
		got := f.AwaitMessage(staff, func(x discordtest.Message) bool { return x.ID == m.ID })
		if !slices.Equal(got.Pings, c.want) {
			t.Fatalf("%v notified %v, want %v", c.allowed, got.Pings, c.want)
		}
	}
}

func TestDirectMessagesCanBeRefused(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	club := f.Guild("Youth club")
	kim, stranger := club.Member("Kim"), f.Person("Stranger")
	b := newBot(t, f, intents)
	send := func(p *discordtest.Person) error {
		c, err := b.UserChannelCreate(p.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.ChannelMessageSend(c.ID, "hello")
		return err
	}
	if err := send(kim); err != nil || len(kim.Directs()) != 1 {
		t.Fatalf("Kim has %d messages, %v", len(kim.Directs()), err)
	}
	kim.RefuseDirect(true)
	if err := send(kim); code(err) != 50007 {
		t.Fatalf("somebody who refuses gave %v", err)
	}
	if err := send(stranger); code(err) != 50278 {
		t.Fatalf("a stranger gave %v", err)
	}
}

func TestWorldChangesReachTheBot(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	b := newBot(t, f, intents|discordgo.IntentGuildMembers)
	b.open(t, f)
	club := f.Guild("Youth club")
	mods := club.Role("Moderators")
	general, forum := club.Text("general"), club.Forum("help")
	kim := club.Member("Kim")
	m := kim.Say(general, "one")
	kim.Edit(m, "two")
	thread := kim.StartThread(m, "about it")
	kim.Say(thread, "in the thread")
	_, post := kim.Post(forum, "A title", "A post")
	private := kim.Thread(general, "hidden", true)
	kim.Thread(general, "short-lived", false).Delete()
	general.SetOverwrites(discordtest.Only(mods))
	kim.Direct("still here")
	general.Delete()
	club.Leave(kim)
	club.RemoveBot()
	f.Await("the bot is told that it was removed", func() bool { return b.count("GUILD_DELETE") == 1 })
	if post.ID != post.ChannelID {
		t.Fatal("a forum post's first message has not the thread's id")
	}
	want := map[string]int{"GUILD_CREATE": 1, "GUILD_ROLE_CREATE": 1, "CHANNEL_CREATE": 2, "GUILD_MEMBER_ADD": 1,
		"MESSAGE_CREATE": 6, "MESSAGE_UPDATE": 2, "THREAD_CREATE": 3, "CHANNEL_UPDATE": 1, "CHANNEL_DELETE": 1, "THREAD_DELETE": 1,
		"GUILD_MEMBER_REMOVE": 1}
	for name, n := range want {
		if got := b.count(name); got != n {
			t.Errorf("%d times %s, want %d", got, name, n)
		}
	}
	if _, err := b.Channel(private.ID); code(err) != 10003 {
		t.Fatalf("a thread of a deleted channel gave %v", err)
	}
}

func TestCrowdIsCheapAndArrives(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{Unchecked: true})
	guilds := f.Crowd(50, 20)
	b := newBot(t, f, intents)
	b.open(t, f)
	f.Await("all guilds arrive", func() bool { return b.count("GUILD_CREATE") == 50 })
	c, err := b.State.Channel(guilds[7].CrowdChannel(3))
	if err != nil || c.Name != "channel-3" {
		t.Fatalf("the state has %+v, %v", c, err)
	}
	f.Dispatch(guilds[7].ID, "MESSAGE_CREATE", map[string]any{"id": "5", "channel_id": c.ID, "guild_id": guilds[7].ID,
		"content": "raw", "author": map[string]any{"id": "6", "username": "kim"}, "timestamp": "2026-03-02T15:00:00Z"})
	f.Await("the raw event arrives", func() bool { return slices.Equal(b.texts(), []string{"raw"}) })
}
