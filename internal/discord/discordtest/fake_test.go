package discordtest_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

// point turns discordgo's addresses, which are variables of its package, to a
// fake, and back at the end of the test.
func point(t *testing.T, base string) {
	t.Helper()
	set := func(v *string, to string) {
		was := *v
		*v = to
		t.Cleanup(func() { *v = was })
	}
	api := base + "api/v9/"
	set(&discordgo.EndpointAPI, api)
	set(&discordgo.EndpointGuilds, api+"guilds/")
	set(&discordgo.EndpointChannels, api+"channels/")
	set(&discordgo.EndpointUsers, api+"users/")
	set(&discordgo.EndpointGateway, api+"gateway")
	set(&discordgo.EndpointGatewayBot, api+"gateway/bot")
	set(&discordgo.EndpointWebhooks, api+"webhooks/")
	set(&discordgo.EndpointApplications, api+"applications")
}

// bot is a plain discordgo session and what it received.
type bot struct {
	*discordgo.Session
	mu   sync.Mutex
	said []*discordgo.Message
	all  map[string]int
}

func (b *bot) texts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, m := range b.said {
		out = append(out, m.Content)
	}
	return out
}

func (b *bot) count(event string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all[event]
}

const intents = discordgo.IntentGuilds | discordgo.IntentGuildMessages | discordgo.IntentMessageContent |
	discordgo.IntentDirectMessages

func newBot(t *testing.T, f *discordtest.Fake, intents discordgo.Intent) *bot {
	t.Helper()
	point(t, f.URL())
	s, err := discordgo.New("Bot " + f.Token())
	if err != nil {
		t.Fatal(err)
	}
	s.Identify.Intents = intents
	s.SyncEvents = true
	s.ShouldRetryOnRateLimit = false
	b := &bot{Session: s, all: map[string]int{}}
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.all[e.Type]++
		if m, ok := e.Struct.(*discordgo.MessageCreate); ok && e.Type == "MESSAGE_CREATE" {
			b.said = append(b.said, m.Message)
		}
	})
	return b
}

func (b *bot) open(t *testing.T, f *discordtest.Fake) {
	t.Helper()
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.ShouldReconnectOnError = false; _ = b.Close() })
	f.AwaitConnected(1)
}

// code is the code of a refusal by Discord.
func code(err error) int {
	var rest *discordgo.RESTError
	if errors.As(err, &rest) && rest.Message != nil {
		return rest.Message.Code
	}
	return -1
}

func TestMessageReachesTheBotAndItsAnswerTheChannel(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	club := f.Guild("Youth club")
	general := club.Text("general")
	kim := club.Member("Kim")
	b := newBot(t, f, intents)
	b.open(t, f)

	kim.Say(general, "hello there")
	f.Await("the bot hears Kim", func() bool { return len(b.texts()) == 1 })
	if got := b.texts()[0]; got != "hello there" {
		t.Fatalf("the bot heard %q", got)
	}
	if _, err := b.ChannelMessageSend(general.ID, "hello Kim"); err != nil {
		t.Fatal(err)
	}
	if got := f.AwaitMessages(general, 1)[0]; got.Text() != "hello Kim" || got.Author != f.BotID() {
		t.Fatalf("the channel shows %q by %s", got.Text(), got.AuthorName)
	}
	if n := len(kim.Sees(general)); n != 2 {
		t.Fatalf("Kim sees %d messages", n)
	}
}

func TestSameNonceTwiceIsOneMessage(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	general := f.Guild("Youth club").Text("general")
	b := newBot(t, f, intents)
	body := map[string]any{"content": "once", "nonce": "case-1", "enforce_nonce": true}
	var ids []string
	for range 2 {
		raw, err := b.RequestWithBucketID("POST", discordgo.EndpointChannelMessages(general.ID), body, "x")
		if err != nil {
			t.Fatal(err)
		}
		var m discordgo.Message
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	if ids[0] != ids[1] || len(general.Messages()) != 1 {
		t.Fatalf("two sends with one nonce gave %v and %d messages", ids, len(general.Messages()))
	}
}

func TestHiddenChannelIsRefusedAndSilent(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	club := f.Guild("Youth club")
	mods := club.Role("Moderators")
	hidden := club.Text("hidden", discordtest.Only(mods))
	open := club.Text("open")
	ana := club.Member("Ana", mods)
	b := newBot(t, f, intents)
	b.open(t, f)

	ana.Say(hidden, "not for the bot")
	ana.Say(open, "for all")
	f.Await("the bot hears the open channel", func() bool { return len(b.texts()) == 1 })
	if got := b.texts()[0]; got != "for all" {
		t.Fatalf("the bot heard %q", got)
	}
	_, err := b.ChannelMessages(hidden.ID, 10, "", "", "")
	if code(err) != 50001 {
		t.Fatalf("reading a hidden channel gave %v", err)
	}
	open.SetOverwrites([]discordtest.Overwrite{discordtest.Deny(club.BotRole(), discordtest.SendMessages)})
	if _, err = b.ChannelMessageSend(open.ID, "x"); code(err) != 50013 {
		t.Fatalf("writing without the right to gave %v", err)
	}
	if _, err = b.ChannelMessageSend("1", "x"); code(err) != 10003 {
		t.Fatalf("writing into no channel gave %v", err)
	}
}

func TestSlashCommandIsAnsweredToOnePerson(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	club := f.Guild("Youth club")
	general := club.Text("general")
	kim, ana := club.Member("Kim"), club.Member("Ana")
	b := newBot(t, f, intents)
	b.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
		_ = s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{
			Type: discordgo.InteractionResponseChannelMessageWithSource,
			Data: &discordgo.InteractionResponseData{
				Content: "about " + i.ApplicationCommandData().Options[0].StringValue(),
				Flags:   discordgo.MessageFlagsEphemeral,
			},
		})
	})
	b.open(t, f)
	_, err := b.ApplicationCommandBulkOverwrite(f.BotID(), "", []*discordgo.ApplicationCommand{{
		Name: "learn", Description: "Learn about staying safe",
		Options: []*discordgo.ApplicationCommandOption{{Type: discordgo.ApplicationCommandOptionString,
			Name: "topic", Description: "What about"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	reply := kim.Slash(general, "learn", discordtest.With("topic", "gaming")).Reply()
	if reply.Text() != "about gaming" || !reply.Private {
		t.Fatalf("Kim got %q, private %v", reply.Text(), reply.Private)
	}
	if n := len(ana.Sees(general)); n != 0 {
		t.Fatalf("Ana sees %d messages", n)
	}
	if n := len(kim.Private()); n != 1 {
		t.Fatalf("Kim has %d private answers", n)
	}
}

func TestDroppedConnectionIsResumedAndMissedMessagesReplayed(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	club := f.Guild("Youth club")
	general := club.Text("general")
	kim := club.Member("Kim")
	b := newBot(t, f, intents)
	b.open(t, f)
	kim.Say(general, "one")
	f.Await("the bot hears one", func() bool { return len(b.texts()) == 1 })

	f.GatewayDown(true)
	f.Drop(discordtest.AllShards)
	f.AwaitDisconnected()
	kim.Say(general, "two")
	kim.Say(general, "three")
	f.GatewayDown(false)

	f.Await("the bot hears all three", func() bool { return len(b.texts()) == 3 })
	if got := b.texts(); got[1] != "two" || got[2] != "three" {
		t.Fatalf("the bot heard %q", got)
	}
	f.Await("the bot is told that it resumed", func() bool { return b.count("RESUMED") == 1 }) // after the replay
	if n := b.count("READY"); n != 1 {
		t.Fatalf("%d READY", n)
	}
	if all, _ := f.Resumes(); all != 1 {
		t.Fatalf("the fake counts %d resumes", all)
	}
}

func TestReconnectAndExpiredSession(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{IdentifyEvery: -1})
	club := f.Guild("Youth club")
	general := club.Text("general")
	kim := club.Member("Kim")
	b := newBot(t, f, intents)
	b.open(t, f)

	f.Reconnect(0)
	f.Await("the bot came back", func() bool { return b.count("RESUMED") == 1 })
	f.Expire()
	f.Drop(0)
	f.Await("the bot identified anew", func() bool { return b.count("READY") == 2 })
	f.AwaitConnected(1)
	kim.Say(general, "still there?")
	f.Await("the bot hears Kim", func() bool { return len(b.texts()) == 1 })
}

func TestGatewayRefusesWhatDiscordRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		opt     discordtest.Options
		token   string
		intents discordgo.Intent
		want    int
	}{
		{"bad token", discordtest.Options{}, "wrong", intents, discordtest.CloseBadToken},
		{"intent not granted", discordtest.Options{Withheld: discordtest.MessageContent}, "", intents, discordtest.CloseIntentRefused},
		{"no such intent", discordtest.Options{}, "", 1 << 30, discordtest.CloseBadIntents},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := discordtest.New(t, c.opt)
			token := f.Token()
			if c.token != "" {
				token = c.token
			}
			ws, _, err := websocket.DefaultDialer.Dial(gatewayOf(f)+"/?v=9&encoding=json", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer ws.Close()
			err = ws.WriteJSON(map[string]any{"op": 2, "d": map[string]any{
				"token": token, "intents": c.intents, "properties": map[string]any{}}})
			if err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, _, err = ws.ReadMessage()
			}
			if !websocket.IsCloseError(err, c.want) {
				t.Fatalf("the gateway closed with %v, want %d", err, c.want)
			}
		})
	}
}

func gatewayOf(f *discordtest.Fake) string {
	return "ws" + strings.TrimPrefix(f.URL(), "http") + "gateway"
}

func TestIdentifiesThatComeTooFastAreInvalid(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{Shards: 4, MaxConcurrency: 2})
	ops := func(shard int) float64 {
		ws, _, err := websocket.DefaultDialer.Dial(gatewayOf(f)+"?v=9", nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ws.Close() })
		var frame map[string]any
		_ = ws.ReadJSON(&frame) // hello
		_ = ws.WriteJSON(map[string]any{"op": 2, "d": map[string]any{"token": f.Token(), "intents": 1,
			"properties": map[string]any{}, "shard": []int{shard, 4}}})
		_ = ws.ReadJSON(&frame)
		op, _ := frame["op"].(float64)
		return op
	}
	for shard, want := range []float64{0, 0, 9, 9} {
		if got := ops(shard); got != want {
			t.Fatalf("the identify of shard %d got op %v, want %v", shard, got, want)
		}
	}
}

func TestGuildsGoToTheirShards(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{Shards: 2, MaxConcurrency: 2})
	here, there := f.Guild("one"), f.Guild("two")
	if discordtest.ShardOf(here.ID, 2) == discordtest.ShardOf(there.ID, 2) {
		t.Fatal("two guilds made one after the other are on one shard")
	}
	var shards [2]*bot
	for i := range shards {
		shards[i] = newBot(t, f, intents)
		shards[i].ShardID, shards[i].ShardCount = i, 2
		shards[i].open(t, f)
	}
	f.AwaitConnected(2)
	a, b := here.Text("a"), there.Text("b")
	kim := here.Member("Kim")
	there.Join(kim)
	kim.Say(a, "in one")
	kim.Say(b, "in two")
	for guild, want := range map[string]string{here.ID: "in one", there.ID: "in two"} {
		s := shards[discordtest.ShardOf(guild, 2)]
		f.Await("the shard hears "+want, func() bool { return slices.Equal(s.texts(), []string{want}) })
	}
	kim.Direct("in private")
	f.Await("shard 0 hears the direct message", func() bool { return slices.Contains(shards[0].texts(), "in private") })
}

func TestWithoutMessageContentOnlyWhatConcernsTheBotHasText(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{Withheld: discordtest.MessageContent})
	club := f.Guild("Youth club")
	general := club.Text("general")
	kim := club.Member("Kim")
	b := newBot(t, f, intents&^discordgo.IntentMessageContent)
	b.open(t, f)
	first := kim.Say(general, "among us")
	kim.Say(general, "<@"+f.BotID()+"> hello bot")
	kim.Direct("to you alone")
	f.Await("the bot gets all three", func() bool { return len(b.texts()) == 3 })
	if got := b.texts(); got[0] != "" || got[1] == "" || got[2] != "to you alone" {
		t.Fatalf("the bot reads %q", got)
	}
	m, err := b.ChannelMessage(general.ID, first.ID)
	if err != nil || m.Content != "" {
		t.Fatalf("REST gives %q, %v", m.Content, err)
	}
}

func TestBadRequestsAreFound(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{})
	if !f.Described() {
		t.Skip("Discord's description is not there: set WAYMARK_SHARED to the folder that holds specs")
	}
	general := f.Guild("Youth club").Text("general")
	b := newBot(t, f, intents)
	row := func(parts ...any) any { return map[string]any{"type": 1, "components": parts} }
	button := func(id string) any { return map[string]any{"type": 2, "style": 1, "label": "x", "custom_id": id} }
	text := func(s string) any { return map[string]any{"type": 10, "content": s} }
	embed := func(n int) any { return map[string]any{"description": strings.Repeat("x", n)} }
	post := discordgo.EndpointChannelMessages(general.ID)
	commands := discordgo.EndpointApplicationGlobalCommands(f.BotID())
	for _, c := range []struct {
		name, method, url string
		body              any
		want              string
	}{
		{"long content", "POST", post, map[string]any{"content": strings.Repeat("x", 2001)}, "2001 characters"},
		{"embeds too long together", "POST", post, map[string]any{"embeds": []any{embed(3500), embed(3500)}}, "7000 characters in all"},
		{"unknown property", "POST", post, map[string]any{"content": "x", "colour": 3}, "unknown property /colour"},
		{"unknown property below", "POST", post, map[string]any{"content": "x", "components": []any{row(map[string]any{
			"type": 2, "style": 1, "label": "x", "custom_id": "a", "tooltip": "y"})}}, "unknown property /components/0/components/0/tooltip"},
		{"wrong type", "POST", post, map[string]any{"content": 5}, "content"},
		{"content with Components V2", "POST", post, map[string]any{"content": "x", "flags": 1 << 15, "components": []any{text("y")}}, "together with Components V2"},
		{"text display without the flag", "POST", post, map[string]any{"components": []any{text("y")}}, "without the flag"},
		{"too much text in V2", "POST", post, map[string]any{"flags": 1 << 15, "components": []any{text(strings.Repeat("x", 2500)), text(strings.Repeat("y", 2500))}}, "5000 characters"},
		{"six buttons in a row", "POST", post, map[string]any{"content": "x", "components": []any{row(button("1"), button("2"), button("3"), button("4"), button("5"), button("6"))}}, "6 components"},
		{"same custom id twice", "POST", post, map[string]any{"content": "x", "components": []any{row(button("1"), button("1"))}}, "used twice"},
		{"long custom id", "POST", post, map[string]any{"content": "x", "components": []any{row(button(strings.Repeat("x", 101)))}}, "101 characters"},
		{"ephemeral post", "POST", post, map[string]any{"content": "x", "flags": 64}, "flags 64"},
		{"capital command", "PUT", commands, []any{map[string]any{"name": "Learn", "description": "x"}}, "capital letters"},
		{"command without description", "PUT", commands, []any{map[string]any{"name": "learn"}}, "description"},
		{"unknown query", "GET", post + "?limit=5&order=up", nil, "order"},
		{"limit over 100", "GET", post + "?limit=101", nil, "limit"},
		{"no such request", "GET", discordgo.EndpointAPI + "nothing", nil, "no request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _ = b.RequestWithBucketID(c.method, c.url, c.body, c.name)
			got := strings.Join(f.Invalid(), "\n")
			f.Forgive()
			if !strings.Contains(got, c.want) {
				t.Fatalf("the violations are %q, want one with %q", got, c.want)
			}
		})
	}
	if n := len(general.Messages()); n != 2 {
		t.Fatalf("%d messages came through; only the two with unknown properties should", n)
	}
}
