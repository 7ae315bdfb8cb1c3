package discord

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

// recorder is a handler that writes down what reaches it.
type recorder struct {
	mu       sync.Mutex
	messages []chat.Message
	commands []chat.Command
	actions  []chat.Action
	forms    []chat.Submission
	present  []chat.ServerID
	since    []time.Time
	absent   []chat.ServerID
	deleted  []chat.MessageRef

	onMessage func(chat.Message) error
	onCommand func(context.Context, chat.Command) (chat.Answer, error)
	onAction  func(chat.Action) (chat.Answer, error)
	onSubmit  func(chat.Submission) (chat.Answer, error)
}

var _ chat.Presence = (*recorder)(nil)

func note[T any](h *recorder, list *[]T, v T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*list = append(*list, v)
}

func noted[T any](h *recorder, list *[]T) []T {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(*list)
}

func (h *recorder) Message(_ context.Context, m chat.Message) error {
	if h.onMessage != nil {
		if err := h.onMessage(m); err != nil {
			return err
		}
	}
	note(h, &h.messages, m)
	return nil
}

func (h *recorder) Deleted(_ context.Context, at chat.MessageRef) error {
	note(h, &h.deleted, at)
	return nil
}

func (h *recorder) Command(ctx context.Context, c chat.Command) (chat.Answer, error) {
	note(h, &h.commands, c)
	if h.onCommand != nil {
		return h.onCommand(ctx, c)
	}
	return chat.Show(simpleCard("Help")), nil
}

func (h *recorder) Action(_ context.Context, a chat.Action) (chat.Answer, error) {
	note(h, &h.actions, a)
	if h.onAction != nil {
		return h.onAction(a)
	}
	return chat.Answer{}, nil
}

func (h *recorder) Submit(_ context.Context, s chat.Submission) (chat.Answer, error) {
	note(h, &h.forms, s)
	if h.onSubmit != nil {
		return h.onSubmit(s)
	}
	return chat.Show(simpleCard("Received")), nil
}

func (h *recorder) Complete(context.Context, chat.Command, string, string) ([]chat.Option, error) {
	return nil, nil
}

func (h *recorder) Present(_ context.Context, s chat.ServerID, since time.Time) error {
	note(h, &h.since, since)
	note(h, &h.present, s)
	return nil
}

func (h *recorder) Absent(_ context.Context, s chat.ServerID) error {
	note(h, &h.absent, s)
	return nil
}

func (h *recorder) texts() []string {
	var out []string
	for _, m := range noted(h, &h.messages) {
		out = append(out, m.Text)
	}
	return out
}

func simpleCard(title string) chat.Card {
	return chat.Card{Title: title, Blocks: []chat.Block{chat.Text("Words."), chat.Controls{
		chat.Button{Label: "Again", Verb: "again", Arg: "1"}, chat.Button{Label: "Hide", Verb: "hide"},
	}}}
}

var specs = []chat.CommandSpec{
	{Name: "learn", Description: "Learn about staying safe", Options: []chat.OptionSpec{{Name: "topic", Description: "About what", Completes: true}}},
	{Name: "report", Description: "Tell staff"},
	{Name: "safeguarding", Description: "For staff", Staff: true, Subcommands: []chat.CommandSpec{
		{Name: "setup", Description: "Set up", Staff: true, Options: []chat.OptionSpec{
			{Name: "room", Description: "Where alerts go", Kind: chat.AChannel},
			{Name: "role", Description: "Who is staff", Kind: chat.ARole, Required: true},
			{Name: "lead", Description: "Who leads", Kind: chat.APerson},
		}},
	}},
	{Name: "Report to staff", OnMessage: true},
}

// scene is a fake with a server in it and a bot that is connected.
type scene struct {
	*testing.T
	f       *discordtest.Fake
	club    *discordtest.Guild
	mods    *discordtest.Role
	general *discordtest.Channel
	staff   *discordtest.Channel
	ana     *discordtest.Person // a member
	mo      *discordtest.Person // a moderator
	d       *Discord
	h       *recorder
	ended   chan error
	stop    func()
	log     *safeBuffer
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newScene(t *testing.T, opt discordtest.Options, change ...func(*Options)) *scene {
	t.Helper()
	if opt.IdentifyEvery == 0 {
		opt.IdentifyEvery = -1
	}
	f := discordtest.New(t, opt)
	s := &scene{T: t, f: f, club: f.Guild("Youth club"), h: &recorder{}, log: &safeBuffer{}}
	s.mods = s.club.Role("Moderators", discordtest.ModerateMembers)
	s.general = s.club.Text("general")
	s.staff = s.club.Text("staff", discordtest.Only(s.mods, s.club.BotRole()))
	s.ana, s.mo = s.club.Member("Ana"), s.club.Member("Mo", s.mods)
	change = append([]func(*Options){func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(s.log, nil)) }}, change...)
	s.d = quick(t, f, change...)
	return s
}

// start connects the bot.
func (s *scene) start() {
	s.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.ended = make(chan error, 1)
	go func() { s.ended <- s.d.Run(ctx, s.h) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case <-s.ended:
		case <-time.After(10 * time.Second):
			s.Error("Run did not end")
		}
	})
	s.Cleanup(s.stop)
	if err := s.d.Register(ctx, specs); err != nil {
		s.Fatal(err)
	}
	s.f.AwaitConnected(1)
	s.until("the server is known", func() bool { return len(noted(s.h, &s.h.present)) > 0 })
}

func running(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, discordtest.Options{})
	s.start()
	return s
}

func (s *scene) until(what string, ok func() bool) {
	s.Helper()
	if !came(ok) {
		buf := make([]byte, 1<<18)
		s.Logf("log:\n%s\n%s", s.log, buf[:runtime.Stack(buf, true)])
		s.Fatalf("waited in vain: %s", what)
	}
}

// came waits for something to come true, with a patience that is spent only
// where the test is about to fail.
func came(ok func() bool) bool {
	over := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-over:
			return false
		case <-tick.C:
		}
	}
	return true
}

func (s *scene) heard(texts ...string) {
	s.Helper()
	s.until("the bot hears "+strings.Join(texts, ", "), func() bool { return slices.Equal(s.h.texts(), texts) })
}

func (s *scene) server() chat.ServerID { return chat.ServerID(s.club.ID) }

func (s *scene) rule() chat.StaffRule {
	return chat.StaffRule{Place: chat.PlaceID(s.staff.ID), Role: s.mods.ID}
}

func (s *scene) post(in *discordtest.Channel, key string) (chat.MessageRef, error) {
	return s.d.Post(s.Context(), chat.Post{Server: s.server(), Place: chat.PlaceID(in.ID), Card: simpleCard("A case"), Key: key})
}

func (s *scene) mustPost(in *discordtest.Channel, key string) chat.MessageRef {
	s.Helper()
	at, err := s.post(in, key)
	if err != nil {
		s.Fatal(err)
	}
	return at
}
