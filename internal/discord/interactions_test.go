package discord

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

func TestASlowAnswerIsAnsweredInTime(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	s.d.time.deferAfter = 20 * time.Millisecond
	answers := make(chan chat.Answer, 1)
	s.h.onCommand = func(context.Context, chat.Command) (chat.Answer, error) { return <-answers, nil }
	s.h.onAction = func(chat.Action) (chat.Answer, error) { return <-answers, nil }
	s.start()

	asked := s.ana.Slash(s.general, "learn")
	asked.AwaitAnswered()
	if asked.Kind() != replyLater {
		t.Errorf("the first answer is of the kind %d, want %d", asked.Kind(), replyLater)
	}
	answers <- chat.Show(simpleCard("Help"))
	reply := asked.Reply()
	if !reply.Private || !reply.Has("Help") {
		t.Errorf("Ana got %q (private %v)", reply.Text(), reply.Private)
	}

	again := s.ana.Press(reply, "Again")
	again.AwaitAnswered()
	answers <- chat.Turn(simpleCard("Turned"))
	s.until("the card turns", func() bool { return reply.Now().Has("Turned") })

	more := s.ana.Press(reply.Now(), "Again")
	more.AwaitAnswered()
	answers <- chat.Show(simpleCard("Below"))
	if m := more.AwaitFollowUp(1); !m.Private || !m.Has("Below") {
		t.Errorf("below it: %q (private %v)", m.Text(), m.Private)
	}

	hide := s.ana.Press(reply.Now(), "Hide")
	hide.AwaitAnswered()
	answers <- chat.Answer{Hide: true}
	s.until("the card goes", func() bool {
		return !slices.ContainsFunc(s.ana.Private(), func(m discordtest.Message) bool { return m.Has("Turned") })
	})
	for _, m := range s.general.Messages() {
		if m.Author == s.f.BotID() {
			t.Errorf("in the channel stands %q", m.Text())
		}
	}
}

func TestALateFormIsOpenedByAButton(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	s.d.time.deferAfter = 20 * time.Millisecond
	form := chat.Form{Verb: "report", Arg: "x", Title: "Tell staff", Intro: "Only staff read this.",
		Fields: []chat.Field{{Name: "what", Label: "What happened?", Kind: chat.Paragraph, Required: true}}}
	late := make(chan struct{})
	s.h.onCommand = func(context.Context, chat.Command) (chat.Answer, error) { <-late; return chat.Answer{Form: &form}, nil }
	s.h.onSubmit = func(x chat.Submission) (chat.Answer, error) {
		if x.Value("what") == "again" {
			return chat.Answer{Form: &form}, nil // not allowed by Discord: a button stands in
		}
		return chat.Show(simpleCard("Received")), nil
	}
	s.start()
	asked := s.ana.Slash(s.general, "report")
	asked.AwaitAnswered()
	close(late)
	card := asked.Reply()
	filled := s.ana.Press(card, "Tell staff")
	if m := filled.Modal(); m.Title != "Tell staff" || len(m.Fields) != 1 {
		t.Errorf("the form is %+v", m)
	}
	second := filled.Fill(map[string]string{"what": "again"}).Reply()
	receipt := s.ana.Press(second, "Tell staff").Fill(map[string]string{"what": "words"}).Reply()
	if !receipt.Private || !receipt.Has("Received") {
		t.Errorf("the receipt is %q", receipt.Text())
	}
	if got := noted(s.h, &s.h.forms); len(got) != 2 || got[1].Form != "report" || got[1].Arg != "x" || got[1].Value("what") != "words" {
		t.Errorf("the handler got %+v", got)
	}
	if n := len(noted(s.h, &s.h.actions)); n != 0 {
		t.Errorf("the button reached the handler %d times", n)
	}
	s.d.forms = forms{} // as after a restart
	lost := s.ana.Press(card, "Tell staff")
	s.until("the person is told to ask again", func() bool { return card.Now().Has(tryAgain) || lost.Kind() == replyMessage })
}

func TestADuplicateIsAnsweredOnce(t *testing.T) {
	s := running(t)
	s.ana.Slash(s.general, "learn", discordtest.Twice()).Reply()
	s.ana.Slash(s.general, "learn").Reply()
	if n := len(noted(s.h, &s.h.commands)); n != 2 {
		t.Errorf("the handler was asked %d times, want twice", n)
	}
	if n := s.f.Count(discordtest.OpAnswer); n != 2 {
		t.Errorf("%d answers were sent, want two", n)
	}
}

func TestAnExpiredTokenIsLetGo(t *testing.T) {
	s := running(t)
	s.f.FailNext(1, discordtest.OpAnswer, discordtest.Fault{Status: 404, Code: 10062, Message: "Unknown interaction"})
	s.ana.Slash(s.general, "learn")
	s.until("it is refused", func() bool {
		return slices.ContainsFunc(s.f.Requests(), func(r discordtest.Request) bool { return r.Op() == discordtest.OpAnswer && r.Status == 404 })
	})
	s.ana.Slash(s.general, "learn").Reply()
	if n := s.f.Count(discordtest.OpAnswer); n != 2 {
		t.Errorf("%d answers were sent, want two: an expired one is not tried again", n)
	}
}

func TestAnAnswerIsTriedAgainWhileThePersonWaits(t *testing.T) {
	for name, fault := range map[string]discordtest.Fault{
		"500": discordtest.Failing(500), "502": discordtest.Failing(502), "lost": {Lost: true},
		"limited": discordtest.Limited(10 * time.Millisecond),
	} {
		s := running(t)
		s.f.FailNext(1, discordtest.OpAnswer, fault)
		if m := s.ana.Slash(s.general, "learn").Reply(); !m.Has("Help") {
			t.Errorf("%s: Ana got %q", name, m.Text())
		}
	}
}

func TestAFailureIsToldAndNotQuoted(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	s.h.onCommand = func(context.Context, chat.Command) (chat.Answer, error) { return chat.Answer{}, errors.New("broken") }
	s.start()
	m := s.ana.Slash(s.general, "learn", discordtest.With("topic", "my secret question")).Reply()
	if !m.Private || !m.Has(tryAgain) {
		t.Errorf("Ana got %q", m.Text())
	}
	if strings.Contains(s.log.String(), "secret question") {
		t.Error("the log holds what was asked")
	}
}

func TestNothingToShowShowsNothing(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	empty := false
	s.h.onCommand = func(context.Context, chat.Command) (chat.Answer, error) {
		if empty {
			return chat.Answer{}, nil
		}
		return chat.Show(simpleCard("Help")), nil
	}
	s.start()
	card := s.ana.Slash(s.general, "learn").Reply()
	s.ana.Press(card, "Again").AwaitAnswered()
	empty = true
	s.ana.Slash(s.general, "learn").AwaitAnswered()
	s.until("only the first card stands", func() bool { p := s.ana.Private(); return len(p) == 1 && p[0].Has("Help") && !p[0].Thinking })
}

func TestAPublicCardIsNeverReplacedOrHidden(t *testing.T) {
	s := newScene(t, discordtest.Options{})
	s.h.onAction = func(a chat.Action) (chat.Answer, error) {
		if a.Verb == "hide" {
			return chat.Answer{Hide: true}, nil
		}
		return chat.Turn(simpleCard("For one person")), nil
	}
	s.start()
	s.mustPost(s.staff, "k")
	card := s.f.AwaitMessages(s.staff, 1)[0]
	if m := s.mo.Press(card, "Again").Reply(); !m.Private || !m.Has("For one person") {
		t.Errorf("Mo got %q (private %v)", m.Text(), m.Private)
	}
	s.mo.Press(card, "Hide").AwaitAnswered()
	if now := card.Now(); now.Deleted || !now.Has("A case") {
		t.Error("the card of all staff went away")
	}
	if a := noted(s.h, &s.h.actions)[0]; a.Message.ID != chat.MessageID(card.ID) || a.Message.Place != chat.PlaceID(s.staff.ID) {
		t.Errorf("the handler got %+v", a)
	}
}

func TestHelpIsThereEverywhere(t *testing.T) {
	s := running(t)
	dm := s.ana.DirectChannel()
	if m := s.ana.Slash(dm, "learn").Reply(); !m.Has("Help") {
		t.Errorf("in a direct conversation Ana got %q", m.Text())
	}
	stranger := s.f.Guild("A server without the bot", discordtest.Without(true))
	lounge := stranger.Text("lounge")
	stranger.Join(s.ana)
	s.ana.Install()
	if m := s.ana.Slash(lounge, "learn").Reply(); !m.Private || !m.Has("Help") {
		t.Errorf("in another server Ana got %q", m.Text())
	}
	got := noted(s.h, &s.h.commands)
	for i, c := range got {
		if !c.Place.Direct || c.Place.Server != "" || c.Person.ID != chat.PersonID(s.ana.ID) {
			t.Errorf("use %d reached the handler as %+v", i, c)
		}
	}
	if s.ana.CanUse(dm, "safeguarding setup") || s.ana.CanUse(s.general, "safeguarding setup") {
		t.Error("what is for staff is offered to a member")
	}
	if !s.mo.CanUse(s.general, "safeguarding setup") {
		t.Error("staff are not offered what is for them")
	}
}

func TestOptionsOfCommandsArriveAsIDs(t *testing.T) {
	s := running(t)
	s.mo.Slash(s.general, "safeguarding setup", discordtest.With("role", s.mods), discordtest.With("room", s.staff), discordtest.With("lead", s.ana)).Reply()
	c := noted(s.h, &s.h.commands)[0]
	if c.Name != "safeguarding setup" || c.Arg("role") != s.mods.ID || c.Arg("room") != s.staff.ID || c.Arg("lead") != s.ana.ID {
		t.Errorf("the handler got %+v", c)
	}
	if c.Person.Locale != "en-GB" {
		t.Errorf("the language of the client is %q", c.Person.Locale)
	}
}

// A language without a country stands for all of Discord's that are written in
// it; one that Discord does not have, such as Welsh, for none.
func TestLanguagesAreThoseOfDiscord(t *testing.T) {
	for tag, want := range map[string]string{"de": "de", "es": "es-ES es-419", "pt": "pt-BR", "en-US": "en-US", "cy": "", "e": ""} {
		if got := strings.Join(localesOf(tag), " "); got != want {
			t.Errorf("%s stands for %q, not %q", tag, got, want)
		}
	}
}

func TestCommandsAreRegisteredOnlyWhereTheyDiffer(t *testing.T) {
	s := newScene(t, discordtest.Options{}, func(o *Options) {
		o.Translate = func(text string) map[string]string {
			switch text {
			case "learn":
				return map[string]string{"de": "lernen", "fr": "Ap prendre"}
			case "report":
				return nil
			}
			return map[string]string{"de": "Auf Deutsch: " + text, "fr": ""}
		}
	})
	for range 2 {
		if err := s.d.Register(t.Context(), specs); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.f.Count(discordtest.OpCommands); n != 1 {
		t.Errorf("they were registered %d times, want once", n)
	}
	changed := slices.Clone(specs)
	changed[0].Description = "Other words"
	if err := s.d.Register(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if n := s.f.Count(discordtest.OpCommands); n != 2 {
		t.Errorf("they were registered %d times, want twice", n)
	}
	var out []command
	for _, c := range specs {
		out = append(out, s.d.command(c))
	}
	golden(t, "commands", out)
}

func TestTheAnswerToASlashCommandIsQuick(t *testing.T) {
	s := running(t)
	var took []time.Duration
	for range 100 {
		a := s.ana.Slash(s.general, "learn")
		a.AwaitAnswered()
		took = append(took, a.Took())
	}
	slices.Sort(took)
	if p99 := took[98]; p99 > 500*time.Millisecond {
		t.Errorf("the 99th percentile is %v", p99)
	}
}
