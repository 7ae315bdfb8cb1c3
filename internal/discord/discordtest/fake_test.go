package discordtest_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/bwmarrin/discordgo"

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
