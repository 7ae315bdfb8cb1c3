package app_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/playground"
)

// bot runs the whole bot in this process against the community.
func (c *community) bot() {
	c.t.Helper()
	cfg := configured(c.t, "",
		"WAYMARK_PLAYGROUND_URL="+c.web.URL+"/", "WAYMARK_PLAYGROUND_TOKEN="+token,
		"WAYMARK_DATABASE_URL="+filepath.Join(c.t.TempDir(), "waymark.db"),
		"WAYMARK_SECRET_KEY=0123456789abcdef0123456789abcdef")
	cfg.HTTP.Listen = ""
	cfg.Servers = []config.Server{{Platform: "playground", ID: "playground", StaffChannel: "staff-room",
		StaffRole: "staff", Leads: []string{"jo"}, Region: "UK"}}
	serve(c.t, cfg, playground.NewClient(c.web.URL, token))
	eventually(c.t, 20*time.Second, "the commands are there", func() bool { return c.hasCommands() })
}

func (c *community) hasCommands() bool {
	var s struct{ Commands []struct{ Name string } }
	c.state("robin", &s)
	return len(s.Commands) > 0
}

// types uses a slash command.
func (c *community) types(who chat.PersonID, in chat.PlaceID, name string, args map[string]string) {
	c.t.Helper()
	if _, err := c.as(who).Command(in, name, args); err != nil {
		c.t.Fatal(err)
	}
}

// presses presses a button, by its label, on a card in a place.
func (c *community) presses(who chat.PersonID, card shown, label string) {
	c.t.Helper()
	b, ok := card.button(label)
	if !ok {
		c.t.Fatalf("the card %q has no button %q", card.title(), label)
	}
	p := playground.Press{Place: chat.PlaceID(card.Place), Verb: b.Verb, Arg: b.Arg}
	if card.Private {
		p.Private = card.ID
	} else {
		p.Message = chat.MessageID(card.ID)
	}
	if _, err := c.as(who).Press(p); err != nil {
		c.t.Fatal(err)
	}
}

type button struct {
	Label, Verb, Arg string
	Options          []struct{ Value string } // of a select
}

func (s shown) button(label string) (button, bool) {
	var c struct {
		Blocks []struct{ Controls []button }
	}
	_ = json.Unmarshal(s.Card, &c)
	for _, b := range c.Blocks {
		for _, k := range b.Controls {
			if k.Label == label {
				return k, true
			}
		}
	}
	return button{}, false
}

// text is all that the card says, as JSON, which is enough to look for words.
func (s shown) text() string { return string(s.Card) }

// answer waits for a private answer whose title begins so.
func (c *community) answer(who chat.PersonID, title string) shown {
	c.t.Helper()
	var found shown
	eventually(c.t, 30*time.Second, string(who)+" gets the answer "+title, func() bool {
		private := c.seenBy(who).Private
		i := slices.IndexFunc(private, func(s shown) bool { return len(s.Card) > 0 && strings.HasPrefix(s.title(), title) })
		if i >= 0 {
			found = private[i]
			found.Private = true
		}
		return i >= 0
	})
	return found
}

// card waits for one card of the bot in a place.
func (c *community) card(who chat.PersonID, in string) shown {
	c.t.Helper()
	eventually(c.t, 30*time.Second, string(who)+" sees a card in "+in, func() bool { return len(c.cards(who, in)) > 0 })
	all := c.cards(who, in)
	if len(all) != 1 {
		c.t.Fatalf("%s sees %d cards in %s, want 1", who, len(all), in)
	}
	return all[0]
}

// turns waits until a card reads so.
func (c *community) turns(who chat.PersonID, in, words string) {
	c.t.Helper()
	eventually(c.t, 30*time.Second, "the card says "+words, func() bool {
		all := c.cards(who, in)
		return len(all) == 1 && strings.Contains(all[0].text(), words)
	})
}

func TestStaffDealWithACase(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	c.says("robin", "general", "anyone up for the game jam?")
	c.says("alex", "general", worrying)

	card := c.card("morgan", "staff-room")
	for _, words := range []string{"Case 1", "Alex", "general", "999", "Do not contact, warn or expose", "checked"} {
		if !strings.Contains(card.text(), words) {
			t.Errorf("the card does not say %q: %s", words, card.text())
		}
	}
	if strings.Contains(card.text(), marker) {
		t.Error("the card repeats the message")
	}
	if !card.Notify {
		t.Error("nobody is notified of a new case")
	}

	c.presses("morgan", card, "Show message")
	if shown := c.answer("morgan", "The message behind case 1"); !strings.Contains(shown.text(), marker) {
		t.Errorf("the message is not shown: %s", shown.text())
	}
	c.presses("morgan", card, "I'm on it")
	c.answer("morgan", "You are on case 1")
	c.turns("morgan", "staff-room", "Morgan is on it")

	c.presses("jo", card, "Close")
	c.presses("jo", c.answer("jo", "How did case 1 end?"), "We acted on it")
	c.answer("jo", "Case 1 is closed")
	c.turns("morgan", "staff-room", "Closed by Jo")

	c.types("jo", "staff-room", "safeguarding case", map[string]string{"number": "1"})
	history := c.answer("jo", "Case 1:").text()
	for _, words := range []string{"told the staff", "Morgan read the message", "Morgan took it on", "Jo closed it"} {
		if !strings.Contains(history, words) {
			t.Errorf("the history does not say %q: %s", words, history)
		}
	}
	c.nobodyElseSees("alex", "robin", "sam")
}

// nobodyElseSees checks that members see nothing of any case.
func (c *community) nobodyElseSees(members ...chat.PersonID) {
	c.t.Helper()
	for _, who := range members {
		s := c.seenBy(who)
		for _, m := range append(s.Messages, s.Private...) {
			if len(m.Card) > 0 {
				c.t.Errorf("%s sees the card %q in %s", who, m.title(), m.Place)
			}
		}
	}
}

func TestTheLoserOfARaceIsTold(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	c.says("alex", "general", worrying)
	card := c.card("morgan", "staff-room")
	c.at.Intercept(func(op playground.Op, _ *http.Request) (f playground.Fault) {
		if op == playground.OpUpdate { // so that the card keeps its buttons
			f.Status = http.StatusServiceUnavailable
		}
		return f
	})
	c.presses("morgan", card, "I'm on it")
	c.answer("morgan", "You are on case 1")
	c.presses("jo", card, "I'm on it")
	c.answer("jo", "Morgan was first")
	c.at.Intercept(nil)
	c.turns("jo", "staff-room", "Morgan is on it")
}

func TestLaterSignsExtendTheCase(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	c.says("alex", "general", worrying)
	card := c.card("morgan", "staff-room")
	c.says("alex", "gaming", "this is our little secret, don't tell your parents")
	eventually(t, 30*time.Second, "a line below the card", func() bool { return len(c.below("morgan", card.ID)) == 1 })
	line := c.below("morgan", card.ID)[0]
	if line.Notify {
		t.Error("a further sign of no higher severity notifies again")
	}
	if !strings.Contains(line.text(), "gaming") {
		t.Errorf("the line does not say where: %s", line.text())
	}
	c.card("morgan", "staff-room")
}

func TestARoomThatOthersCanReadIsNotUsed(t *testing.T) {
	for state, reason := range map[playground.StaffRoom]string{
		playground.OpenToAll:    "can also be read by",
		playground.WithNewcomer: "can also be read by Alex",
		playground.ShutToBot:    "cannot be reached",
	} {
		t.Run(string(state), func(t *testing.T) {
			c := newCommunity(t)
			if err := c.at.SetStaffRoom(state); err != nil {
				t.Fatal(err)
			}
			c.bot()
			c.says("alex", "general", worrying)
			card := c.card("jo", "dm-jo")
			if !strings.Contains(card.text(), reason) {
				t.Errorf("the lead is not told why: %s", card.text())
			}
			c.nobodyElseSees("alex", "robin", "sam")
			if n := len(c.cards("jo", "staff-room")); n != 0 {
				t.Errorf("%d cards stand in the staff room", n)
			}
			c.presses("jo", card, "I'm on it")
			c.turns("jo", "dm-jo", "Jo is on it")
		})
	}
}

func TestACardIsEmptiedWhenTheRoomIsOpened(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	c.says("alex", "general", worrying)
	c.card("morgan", "staff-room")
	if err := c.at.SetStaffRoom(playground.OpenToAll); err != nil {
		t.Fatal(err)
	}
	c.says("alex", "general", "this is our little secret, don't tell your parents")
	c.card("jo", "dm-jo")
	c.turns("morgan", "staff-room", "no longer private")
	if left := c.cards("robin", "staff-room"); strings.Contains(left[0].text(), "Alex") {
		t.Errorf("everybody can read who it is about: %s", left[0].text())
	}
}

func TestStaffWhoAreTheSubjectSeeNothing(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	c.says("morgan", "general", worrying)
	card := c.card("jo", "dm-jo")
	c.types("morgan", "staff-room", "safeguarding cases", nil)
	if list := c.answer("morgan", "Open cases"); !strings.Contains(list.text(), "no open case") {
		t.Errorf("the list shows somebody their own case: %s", list.text())
	}
	c.types("morgan", "staff-room", "safeguarding case", map[string]string{"number": "1"})
	c.answer("morgan", "There is no case 1")
	if n := len(c.cards("morgan", "staff-room")); n != 0 {
		t.Errorf("%d cards stand where the subject can read them", n)
	}
	if !strings.Contains(card.text(), "the person it is about can read") {
		t.Errorf("the lead is not told why: %s", card.text())
	}
}

func TestADeletedMessageAndADeletedCard(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	id := c.says("alex", "general", worrying)
	card := c.card("morgan", "staff-room")
	if err := c.as("alex").Delete("general", id); err != nil {
		t.Fatal(err)
	}
	c.presses("morgan", card, "Show message")
	if shown := c.answer("morgan", "The message behind case 1"); !strings.Contains(shown.text(), "it was deleted") {
		t.Errorf("staff are not told: %s", shown.text())
	}
}

// Staff see in the status which lead an alert could not reach.
func TestTheStatusNamesALeadWhoCannotBeReached(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	c.at.Intercept(func(op playground.Op, _ *http.Request) (f playground.Fault) {
		if op == playground.OpDirect {
			f.Status = http.StatusNotFound
		}
		return f
	})
	c.types("morgan", "staff-room", "safeguarding status", nil)
	if s := c.answer("morgan", "Waymark's state"); !strings.Contains(s.text(), "Jo (cannot be reached directly)") {
		t.Errorf("the status does not say so: %s", s.text())
	}
}

func TestMembersCannotUseStaffCommandsOrButtons(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	if _, err := c.as("alex").Command("general", "safeguarding cases", nil); err == nil {
		c.answer("alex", "This is for staff")
	}
}

func TestAReportReachesStaffAndIsKeptNowhere(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	c.report("sam", map[string]string{"text": "someone is being horrible to my friend " + marker, "who": "all", "name": "none"})
	card := c.card("morgan", "staff-room")
	eventually(t, 30*time.Second, "what was written stands below", func() bool {
		below := c.below("morgan", card.ID)
		return len(below) == 1 && strings.Contains(below[0].text(), marker)
	})
	receipt := c.answer("sam", "")
	if strings.Contains(receipt.text(), marker) {
		t.Error("the receipt repeats what was written")
	}
	if strings.Contains(card.text(), "Sam") || strings.Contains(c.below("morgan", card.ID)[0].text(), "Sam") {
		t.Error("an anonymous report names who wrote it")
	}
	c.nobodyElseSees("alex", "robin")
}

// report opens the report form, fills it in and sends it.
func (c *community) report(who chat.PersonID, values map[string]string) {
	c.t.Helper()
	v := c.as(who)
	form, err := v.Command("general", "report", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	eventually(c.t, 30*time.Second, "the form is open and sent", func() bool {
		_, err = v.Submit(form, values)
		return err == nil
	})
}

// The stories that a visitor can play do what they promise.
func TestThePlaygroundsStories(t *testing.T) {
	for story, want := range map[string]int{"build-up": 1, "disclosure": 1, "banter": 0} {
		t.Run(story, func(t *testing.T) {
			c := newCommunity(t)
			dir := t.TempDir()
			r := c.start(dir, filepath.Join(dir, "waymark.db"))
			eventually(t, 20*time.Second, "the commands are there", c.hasCommands)
			var read atomic.Int64
			c.at.Intercept(func(op playground.Op, _ *http.Request) (f playground.Fault) {
				if op == playground.OpAck {
					f.Answered = func() { read.Add(1) }
				}
				return f
			})
			if err := c.at.Story("start", story, playground.Normal); err != nil {
				t.Fatal(err)
			}
			for c.told() < c.lines() {
				if err := c.at.Story("next", story, ""); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, 30*time.Second, "every line is read", func() bool { return int(read.Load()) == c.lines() })
			eventually(t, 30*time.Second, "nothing waits", func() bool { return r.waiting() == "0" })
			if cards := c.cards("morgan", "staff-room"); len(cards) != want {
				t.Errorf("staff see %d cards, want %d", len(cards), want)
			}
			c.nobodyElseSees("alex", "robin", "sam")
		})
	}
}

func (c *community) told() int  { told, _ := c.story(); return told }
func (c *community) lines() int { _, of := c.story(); return of }

// story says how many lines of the story are told, and of how many.
func (c *community) story() (told, of int) {
	var s struct{ Story struct{ Step, Of int } }
	c.state("robin", &s)
	return s.Story.Step, s.Story.Of
}
