package discord

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

func TestWithoutTheContentIntentAutoModLooks(t *testing.T) {
	s := newScene(t, discordtest.Options{Withheld: discordtest.MessageContent}, func(o *Options) { o.AutoMod = true })
	s.club.BotRole().Grant(discordtest.BotByDefault | discordtest.ManageGuild)
	s.club.AddRule("The server's own", s.staff, "spoilers")
	kept, err := s.d.KeepWords(t.Context(), s.server(), chat.PlaceID(s.staff.ID), []string{"our little secret", "Our  little secret", "", strings.Repeat("x", 61)})
	if err != nil || kept != 1 {
		t.Fatalf("kept %d phrases (%v)", kept, err)
	}
	s.start()
	s.ana.Say(s.general, "it stays our little secret, ok?")
	s.ana.Say(s.general, "no spoilers please")
	s.ana.Say(s.general, "nothing of that kind")
	s.until("AutoMod's find arrives", func() bool {
		for _, m := range noted(s.h, &s.h.messages) {
			if m.Text == "our little secret" && m.Author.Name == "Ana" && m.Place.Name == "general" && m.ID != "" {
				return true
			}
		}
		return false
	})
	for _, m := range noted(s.h, &s.h.messages) {
		if strings.Contains(m.Text, "spoilers") {
			t.Error("what the server's own rule found was taken for ours")
		}
	}
	if u, err := s.d.Uncovered(t.Context(), s.server()); err != nil || len(u) == 0 || u[0].Why != lackContent {
		t.Errorf("it does not say how little it sees: %+v (%v)", u, err)
	}
}

func TestAutoModRulesAreKeptInStep(t *testing.T) {
	s := newScene(t, discordtest.Options{}, func(o *Options) { o.AutoMod = true })
	s.club.BotRole().Grant(discordtest.BotByDefault | discordtest.ManageGuild)
	s.club.AddRule("The server's own", s.staff, "spoilers")
	var many []string
	for i := range 7000 {
		many = append(many, fmt.Sprintf("phrase number %d", i))
	}
	keep := func(phrases []string, want, rules int) {
		t.Helper()
		kept, err := s.d.KeepWords(t.Context(), s.server(), chat.PlaceID(s.staff.ID), phrases)
		if err != nil || kept != want {
			t.Errorf("kept %d phrases (%v), want %d", kept, err, want)
		}
		if n := len(s.club.Rules()); n != rules+1 {
			t.Errorf("there are %d rules, want %d and the server's own", n, rules)
		}
	}
	keep(many, 5000, 5)
	before := len(s.f.Requests())
	keep(many, 5000, 5)
	if n := len(s.f.Requests()) - before; n != 1 {
		t.Errorf("rules that were right took %d requests", n)
	}
	keep(many[:1500], 1500, 2)
	keep(many[:3], 3, 1)
	keep(nil, 0, 0)
	if raw := s.club.Rules()[0]; !strings.Contains(raw, "spoilers") {
		t.Errorf("the server's own rule is %s", raw)
	}
	s.club.BotRole().Grant(discordtest.BotByDefault)
	if _, err := s.d.KeepWords(t.Context(), s.server(), chat.PlaceID(s.staff.ID), many); !chat.IsPermanent(err) {
		t.Errorf("without Manage Server it gave %v", err)
	}
}
