package chattest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Run tells every story in a World of its own.
func Run(t *testing.T, make New) {
	stories := []struct {
		name string
		tell func(t *testing.T, s *scene)
	}{
		{"a message reaches the handler with all that a reader sees", messageArrivesWhole},
		{"a thread names its channel", threadNamesItsChannel},
		{"a reply and a mention name the people", replyAndMention},
		{"an edit comes as a new version", editComesAgain},
		{"a deletion names the message", deletionArrives},
		{"a direct message is marked as one", directMessage},
		{"odd texts pass through whole", oddTexts},
		{"messages of a place arrive in order", orderIsKept},
		{"a message that the handler refuses comes again, before the next", refusedComesAgain},
		{"a message being handled when the connection breaks is not lost", cutWhileHandling},
		{"messages written while the connection is down arrive", cutWhileIdle},
		{"a message that was never taken comes to the next program", restart},
		{"places do not wait for each other", placesSideBySide},
		{"help does not wait for a stuck message", helpDoesNotWait},
		{"a posted card is seen by all who read the place", postIsSeen},
		{"a card hangs below another", underHangsBelow},
		{"the same key posts once", keyPostsOnce},
		{"an answer lost on its way posts once", lostAnswerPostsOnce},
		{"an updated card turns in place", updateTurns},
		{"a direct place is read by one person", directIsPrivate},
		{"a private answer is seen by the one who asked", answerIsPrivate},
		{"a button answers, replaces and hides", buttons},
		{"a select brings its value", selects},
		{"a button of a shared card answers the presser alone", sharedButton},
		{"a form goes and comes back", formRoundTrip},
		{"a message command brings its message", messageCommand},
		{"an option is completed while it is typed", completion},
		{"a handler that fails is not silent", failureIsTold},
		{"each use has an id of its own", usesHaveIDs},
		{"access says who can read", accessSaysWho},
		{"staff are known by their role", staffAreKnown},
		{"a message can be fetched as it is now", fetchReadsNow},
		{"what is gone is gone", goneIsGone},
		{"what came after is listed in order", afterLists},
		{"places are listed", placesAreListed},
		{"errors say whether to try again", errorsSay},
		{"the end of the context ends the run", contextEnds},
	}
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			w := make(t)
			story.tell(t, &scene{t: t, World: w, Cast: w.Cast()})
		})
	}
}

// patience is how long a test waits for what must come; it is spent only
// where the test is about to fail.
const patience = 10 * time.Second

// scene is a World with a test in it.
type scene struct {
	t *testing.T
	World
	Cast
}

// start connects a program with a handler. It ends with the test, or by the
// returned function, which waits for it.
func (s *scene) start(h *handler) (chat.Platform, func()) {
	s.t.Helper()
	p := s.Platform()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, h) }()
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				s.t.Errorf("Run ended with %v when its context ended", err)
			}
		case <-time.After(patience):
			s.t.Error("Run did not end with its context")
		}
	})
	s.t.Cleanup(stop)
	if r, ok := p.(chat.Registrar); ok {
		if err := r.Register(ctx, commands); err != nil {
			s.t.Fatalf("register commands: %v", err)
		}
	}
	return p, stop
}

// commands are what the scenes use.
var commands = []chat.CommandSpec{
	{Name: "learn", Description: "Learn", Options: []chat.OptionSpec{{Name: "topic", Description: "About", Completes: true}}},
	{Name: "ask", Description: "Ask", Options: []chat.OptionSpec{{Name: "question", Description: "What", Required: true}}},
	{Name: "report", Description: "Report"},
	{Name: "Report to staff", OnMessage: true},
}

// handler records what happens; a scene may change what it does.
type handler struct {
	mu       sync.Mutex
	messages []chat.Message
	deleted  []chat.MessageRef
	commands []chat.Command
	actions  []chat.Action
	forms    []chat.Submission

	onMessage func(ctx context.Context, m chat.Message) error
	onCommand func(c chat.Command) (chat.Answer, error)
	onAction  func(a chat.Action) (chat.Answer, error)
	onSubmit  func(s chat.Submission) (chat.Answer, error)
}

func record[T any](h *handler, list *[]T, v T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*list = append(*list, v)
}

func seen[T any](h *handler, list *[]T) []T {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(*list)
}

func (h *handler) Message(ctx context.Context, m chat.Message) error {
	if h.onMessage != nil {
		if err := h.onMessage(ctx, m); err != nil {
			return err
		}
	}
	record(h, &h.messages, m)
	return nil
}

func (h *handler) Deleted(_ context.Context, at chat.MessageRef) error {
	record(h, &h.deleted, at)
	return nil
}

func (h *handler) Command(_ context.Context, c chat.Command) (chat.Answer, error) {
	record(h, &h.commands, c)
	if h.onCommand != nil {
		return h.onCommand(c)
	}
	return chat.Show(helpCard()), nil
}

func (h *handler) Action(_ context.Context, a chat.Action) (chat.Answer, error) {
	record(h, &h.actions, a)
	if h.onAction != nil {
		return h.onAction(a)
	}
	return chat.Answer{}, nil
}

func (h *handler) Submit(_ context.Context, s chat.Submission) (chat.Answer, error) {
	record(h, &h.forms, s)
	if h.onSubmit != nil {
		return h.onSubmit(s)
	}
	return chat.Answer{}, nil
}

func (h *handler) Complete(_ context.Context, _ chat.Command, option, typed string) ([]chat.Option, error) {
	return []chat.Option{{Label: "About " + option + " " + typed, Value: "v"}}, nil
}

func helpCard() chat.Card {
	return chat.Card{
		Title: "Here is help", Tone: chat.Calm,
		Blocks: []chat.Block{
			chat.Text("You did the right thing."),
			chat.Quote("what was said,\non two lines"),
			chat.List{Title: "First", Ordered: true, Items: []string{"Stop replying", "Tell somebody"}},
			chat.Section{Title: "A helpline", Text: "Open today", Facts: []chat.Fact{{Label: "Page", Value: "example.org", Link: "https://example.org/"}}},
			chat.Facts{{Label: "Region", Value: "anywhere"}},
			chat.Controls{
				chat.Button{Label: "Next", Verb: "next", Arg: "2", Style: chat.Primary},
				chat.Select{Label: "Region", Verb: "region", Arg: "r", Options: []chat.Option{{Label: "Here", Value: "here"}, {Label: "There", Value: "there"}}},
				chat.LinkButton{Label: "More", URL: "https://example.org/more"},
				chat.Button{Label: "Hide", Verb: "hide"},
			},
		},
		Footer: "Only you can see this.",
	}
}

func alertCard(title string) chat.Card {
	return chat.Card{Title: title, Tone: chat.Strong, Blocks: []chat.Block{
		chat.Text("Please look."),
		chat.Controls{chat.Button{Label: "I'm on it", Verb: "case.take", Arg: "7"}},
	}}
}

// until waits for something to come true.
func (s *scene) until(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain: %s", what)
		}
		<-tick.C
	}
}

func (s *scene) gets(h *handler, n int) []chat.Message {
	s.t.Helper()
	s.until(fmt.Sprintf("the handler has %d messages", n), func() bool { return len(seen(h, &h.messages)) >= n })
	return seen(h, &h.messages)
}

// reads says whether a person sees a thing of the bot's that begins with a title.
func (s *scene) reads(who chat.PersonID, in chat.PlaceID, title string) (Sight, bool) {
	for _, x := range s.Sees(who, in) {
		if strings.HasPrefix(x.Text, title) {
			return x, true
		}
	}
	return Sight{}, false
}

func (s *scene) untilReads(who chat.PersonID, in chat.PlaceID, title string) Sight {
	s.t.Helper()
	var found Sight
	s.until(fmt.Sprintf("%s reads %q", who, title), func() bool {
		x, ok := s.reads(who, in, title)
		found = x
		return ok
	})
	return found
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) post(p chat.Platform, in chat.PlaceID, c chat.Card, key string) chat.MessageRef {
	s.t.Helper()
	at, err := p.Post(s.t.Context(), chat.Post{Server: s.Server, Place: in, Card: c, Key: key})
	s.must(err)
	return at
}

var errNotNow = errors.New("not now")
