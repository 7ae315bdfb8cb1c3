package app_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/discord/discordtest"
	"github.com/waymark-bot/waymark/internal/slack/slacktest"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// fills uses a command that opens a form, fills it in and sends it.
func (c *community) fills(who chat.PersonID, name string, args, values map[string]string) {
	c.t.Helper()
	v := c.as(who)
	form, err := v.Command("staff-room", name, args)
	if err != nil {
		c.t.Fatal(err)
	}
	eventually(c.t, 30*time.Second, "the form is open and sent", func() bool {
		_, err = v.Submit(form, values)
		return err == nil
	})
}

// reads waits for a private answer that holds all these words.
func (c *community) reads(who chat.PersonID, words ...string) shown {
	c.t.Helper()
	var found shown
	eventually(c.t, 30*time.Second, string(who)+" reads "+strings.Join(words, ", "), func() bool {
		private := c.seenBy(who).Private
		i := slices.IndexFunc(private, func(s shown) bool {
			return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(s.text(), w) })
		})
		if i >= 0 {
			found, found.Private = private[i], true
		}
		return i >= 0
	})
	return found
}

// hides removes all private answers of somebody.
func (c *community) hides(who chat.PersonID) {
	c.t.Helper()
	for _, p := range c.seenBy(who).Private {
		p.Private = true
		if _, ok := p.button("Hide"); ok {
			c.presses(who, p, "Hide")
		}
	}
	eventually(c.t, 30*time.Second, "it is hidden", func() bool { return len(c.seenBy(who).Private) == 0 })
}

const words = "safeguarding words"

// Staff add a phrase, see what it would have done, make it live, find out that
// it is mostly wrong, and take it back. Nothing of what members wrote, and
// nothing of what staff tried, is kept.
func TestStaffsOwnWords(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(*testing.T) string) {
		c := newCommunity(t)
		dir, database := t.TempDir(), url(t)
		r := c.start(dir, database)
		eventually(t, 20*time.Second, "the commands are there", c.hasCommands)

		c.types("morgan", "staff-room", words, nil)
		c.reads("morgan", "You have changed nothing")
		c.hides("morgan")
		c.fills("morgan", words, map[string]string{"do": "add", "text": "meet at the bandstand"},
			map[string]string{"phrase": "meet at the bandstand", "category": "meet-up", "tell": "now"})
		c.reads("morgan", `Your phrase \"meet at the bandstand\"`, "Added, in shadow", "Narrow enough", "found in 0 of", "keeps no messages")

		// In shadow it is counted, once for each message, and tells nobody.
		id := c.says("alex", "general", "m33t at the old bandstnad "+marker)
		if err := c.as("alex").Edit("general", id, "m33t at the old bandstnad then "+marker); err != nil {
			t.Fatal(err)
		}
		c.hides("morgan")
		eventually(t, 20*time.Second, "the list says what it would have done", func() bool {
			c.types("morgan", "staff-room", words, nil)
			c.answer("morgan", "The words that are looked for here")
			done := slices.ContainsFunc(c.seenBy("morgan").Private, func(s shown) bool {
				return strings.Contains(s.text(), "would have alerted 1 time in 1 day, and was found 1 time")
			})
			c.hides("morgan")
			return done
		})
		if n := len(c.cards("morgan", "staff-room")); n != 0 {
			t.Errorf("a phrase in shadow raised %d alerts", n)
		}

		c.types("morgan", "staff-room", words, map[string]string{"rule": "phrase-1"})
		c.presses("morgan", c.reads("morgan", "Make it live"), "Make it live")
		c.reads("morgan", "It is live now")
		c.hides("morgan")
		c.types("morgan", "staff-room", words, map[string]string{"do": "try", "text": "meet us at the bandstand, don't tell your mum " + marker})
		c.reads("morgan", "Staff would be told", `meet us at the bandstand\"`, "phrase-1", "Your text was not kept")
		c.hides("morgan")

		// Five alerts by it are closed as false alarms.
		for n := range 5 {
			c.says("alex", "general", "meet at the bandstand "+marker)
			var card shown
			eventually(t, 20*time.Second, "an alert by the phrase", func() bool {
				cards := c.alerts("morgan")
				if len(cards) != n+1 {
					return false
				}
				card = cards[n]
				return true
			})
			if !strings.Contains(card.text(), `Holds a phrase that your staff added: \"meet at the bandstand\"`) {
				t.Errorf("the card does not say why: %s", card.text())
			}
			c.presses("morgan", card, "False alarm")
			c.reads("morgan", "is closed: a false alarm")
			c.hides("morgan")
		}
		c.types("morgan", "staff-room", words, map[string]string{"do": "right"})
		records := c.reads("morgan", "phrase-1: right in 0 of 5 closed cases (with 95% certainty 0% to 43% of the time)", "1 rule was mostly wrong here", "phrase-1: 5 times")
		c.presses("morgan", records, "Make phrase-1 quieter")
		c.reads("morgan", "It is back in shadow", "would have alerted 0 times in 1 day")
		c.hides("morgan")

		// Rules of ours are switched off, and the last one back by undoing it.
		const secret = "dont tell your mum about us "
		c.types("morgan", "staff-room", words, map[string]string{"do": "try", "text": secret + marker})
		rules := c.reads("morgan", "Staff would be told").selected("words.one")
		c.hides("morgan")
		for _, id := range slices.Backward(rules) { // the one that alerts by itself last
			c.types("morgan", "staff-room", words, map[string]string{"rule": id})
			c.presses("morgan", c.reads("morgan", "The rule "+id, "By itself it means"), "Switch it off")
			c.reads("morgan", "It is switched off here")
			c.hides("morgan")
		}
		c.types("morgan", "staff-room", words, map[string]string{"do": "try", "text": secret + marker})
		c.reads("morgan", "Nothing is found in this text")
		c.hides("morgan")
		c.says("alex", "gaming", secret+marker)
		c.types("morgan", "staff-room", words, map[string]string{"do": "undo"})
		c.reads("morgan", "The last change is undone")
		c.hides("morgan")
		c.says("alex", "gaming", "and "+secret+marker)
		eventually(t, 20*time.Second, "the rule holds again", func() bool { return len(c.alerts("morgan")) == 6 })
		notices := c.notices("morgan", "staff-room")
		if len(notices) != len(rules)+1 { // of the phrase put back into shadow, and of each rule
			t.Errorf("staff were told of %d changes", len(notices))
		}
		for i, n := range notices {
			if !strings.Contains(n.text(), "Morgan changed this on") || n.Notify || i > 0 && !strings.Contains(n.text(), `\"switched off\" now`) {
				t.Errorf("a notice reads %s, and notifies: %v", n.text(), n.Notify)
			}
		}

		c.types("morgan", "staff-room", words, map[string]string{"do": "try", "text": "nothing to see " + marker})
		c.reads("morgan", "Nothing is found in this text")
		noMarker(t, "the figures", []byte(r.page("/metrics")))
		c.nobodyElseSees("alex", "robin", "sam")
		r.kill()
		noMarkerIn(t, dir)
		if strings.HasPrefix(database, "postgres") {
			noMarkerInPostgres(t, database)
		} else {
			noMarkerIn(t, filepath.Dir(database))
		}
		noMarker(t, "the log", r.logs.Bytes())
	})
}

// selected are the values of a card's select.
func (s shown) selected(verb string) (values []string) {
	for _, k := range s.buttons(verb) {
		for _, o := range k.Options {
			values = append(values, o.Value)
		}
	}
	return values
}

func TestPhrasesThatStaffCannotAdd(t *testing.T) {
	c := newCommunity(t)
	c.bot()
	for phrase, why := range map[string]string{
		"of the": "All its words are small ones", "you": "a single word that people use all day", "?!": "There is no word in it",
	} {
		c.fills("morgan", words, map[string]string{"do": "add"}, map[string]string{"phrase": phrase, "category": "meet-up", "tell": "today"})
		c.reads("morgan", "This phrase was not added", why)
		c.hides("morgan")
	}
	add := map[string]string{"phrase": "do you", "category": "secrecy", "tell": "today"}
	c.fills("morgan", words, map[string]string{"do": "add"}, add)
	c.reads("morgan", "Too broad", "Harmless messages in which it is found")
	c.hides("morgan")
	c.fills("morgan", words, map[string]string{"do": "add"}, add)
	c.reads("morgan", "You have this phrase already")
	c.hides("morgan")
	c.types("morgan", "staff-room", words, map[string]string{"rule": "nothing.such"})
	c.reads("morgan", "There is no rule or phrase nothing.such here")
	if got, err := c.as("morgan").Complete(t.Context(), "staff-room", words, nil, "rule", "do you"); err != nil || len(got) != 1 || got[0].Value != "phrase-1" {
		t.Errorf("the completions are %v, %v", got, err)
	}
}

// Staff add a phrase in a real browser, and save the copy of what is kept.
func TestWordsInABrowser(t *testing.T) {
	b := newBrowser(t, demo(t))
	m := b.window("morgan", "staff-room")
	m.types("/safeguarding words")
	m.press("Add a phrase")
	m.do("fill in the form", chromedp.WaitVisible(id("field-phrase")), chromedp.SendKeys(id("field-phrase"), "meet at the bandstand"),
		chromedp.SetValue(id("field-category"), "meet-up"))
	m.picture("phrase-form")
	m.do("send the form", chromedp.Click(id("form-submit")))
	m.sees(id("private"), "Narrow enough to try out")
	m.picture("phrase-added")
	m.types("/safeguarding export") // the keyboard works again after the form
	m.sees(id("file"), "Save waymark-")
	m.picture("export")
	m.until("see what the file holds", `atob(document.querySelector("[data-testid=file]").href.split(",")[1]).includes("meet at the bandstand")`)
}

// The same on Discord, with its modal, and on Slack, typed in one line.
func TestWordsOnDiscordAndSlack(t *testing.T) {
	t.Run("discord", func(t *testing.T) {
		c := newClub(t)
		c.start()
		c.setUp()
		added := c.mo.Slash(c.staff, "safeguarding words", discordtest.Option{Name: "do", Value: "add"}, discordtest.Option{Name: "text", Value: "purple lighthouse"}).
			Fill(map[string]string{"phrase": "purple lighthouse keeper", "category": "meet-up", "tell": "now"}).Reply()
		if !added.Private || !added.Has("Added, in shadow", "Narrow enough") {
			t.Fatalf("the answer reads %s", added.Text())
		}
		c.mo.Press(added, "Make it live")
		c.f.Await("it is live", func() bool { return added.Now().Has("It is live now") })
		c.older.Say(c.general, "where is the purple lighthouse keeper "+marker)
		if card := c.alert(); !card.Has("Holds a phrase that your staff added") || card.Has(marker) {
			t.Errorf("the card reads %s", card.Text())
		}
		if got := c.ana.Slash(c.general, "safeguarding words").Reply(); !got.Has("This is for staff") {
			t.Errorf("a member reads %s", got.Text())
		}
	})
	t.Run("slack", func(t *testing.T) {
		s := newSchool(t)
		s.start()
		if got := s.mo.Slash(s.staff, "/waymark staff words try don't tell your mum about us").Reply(); !got.Has("Staff would be told", "secrecy.dont-tell-carer") {
			t.Errorf("the answer reads %s", got.Text())
		}
		s.mo.Slash(s.staff, "/waymark staff words add purple lighthouse keeper")
		form := s.f.AwaitModal(s.mo, func(v slacktest.View) bool { return v.Title == "Add a phrase" })
		if form.Title == "" {
			t.Fatal("no form")
		}
		s.mo.Submit(map[string]string{"phrase": "purple lighthouse keeper", "category": "meet-up", "tell": "now"})
		s.f.AwaitPrivate(s.mo, func(m slacktest.Message) bool { return m.Has("Added, in shadow") })
		s.mo.Slash(s.staff, "/waymark staff words undo")
		s.f.AwaitPrivate(s.mo, func(m slacktest.Message) bool {
			return m.Has("The last change is undone", "You have changed nothing")
		})
	})
}
