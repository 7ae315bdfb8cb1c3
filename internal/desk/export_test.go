package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/desk"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/wording"
)

// The history is kept longer than the cases. When nobody knows any more whom a
// case was about, what was done about it is in the copy of nobody whom it may
// have been about.
func TestACopyHoldsNoHistoryOfErasedCases(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		now := moment("2026-03-11", "12:00")
		h.set(now)
		h.opens("morgan", false, now)
		h.write(func(tx *store.Tx) error {
			c, err := tx.CaseByNumber(t.Context(), "playground", "playground", 1)
			if err != nil {
				return err
			}
			if c, err = c.Close(chat.Person{ID: "jo"}, cases.Acted, now); err != nil {
				return err
			}
			if err := tx.UpdateCase(t.Context(), &c); err != nil {
				return err
			}
			for _, e := range []cases.Entry{{Case: c.ID, Action: "close", Detail: "acted on"}, {Action: "pause", Detail: "2"}} {
				e.Platform, e.Server, e.Actor, e.ActorName, e.At = "playground", "playground", "jo", "Jo", now
				if err := tx.AddAudit(t.Context(), e); err != nil {
					return err
				}
			}
			_, err = tx.Purge(t.Context(), store.PurgeBefore{ClosedCases: now.Add(time.Hour)})
			return err
		})
		copied := func(leads bool, not chat.PersonID) string {
			t.Helper()
			var b strings.Builder
			h.read(func(tx *store.Tx) error {
				lines, err := desk.Export(t.Context(), tx, servers.Key{Platform: "playground", Server: "playground"}, leads, not)
				if err != nil {
					return err
				}
				return desk.WriteExport(&b, lines, desk.JSONL)
			})
			return b.String()
		}
		for who, text := range map[string]string{"Morgan": copied(false, "morgan"), "a lead": copied(true, "lee")} {
			if strings.Contains(text, "acted on") || !strings.Contains(text, "pause 2") {
				t.Errorf("the copy of %s is %s", who, text)
			}
		}
		if text := copied(true, ""); !strings.Contains(text, "acted on") {
			t.Errorf("whoever runs the program gets %s", text)
		}
	})
}

// A copy holds all that staff set: contacts and tips as well; and the history
// says what was undone.
func TestACopyHoldsWhatStaffSet(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.set(moment("2026-03-11", "12:00"))
		copied := func() string {
			t.Helper()
			var b strings.Builder
			h.read(func(tx *store.Tx) error {
				lines, err := desk.Export(t.Context(), tx, servers.Key{Platform: "playground", Server: "playground"}, true, "")
				if err != nil {
					return err
				}
				return desk.WriteExport(&b, lines, desk.JSONL)
			})
			return b.String()
		}
		if text := copied(); strings.Contains(text, `"kind":"tips"`) || strings.Contains(text, `"kind":"contact"`) {
			t.Errorf("nothing was set, and the copy is %s", text)
		}
		typed("contacts", "name", "School counsellor", "where", "Room 12", "phone", "01632 960 001")(h)
		onContact("adults")(h)
		h.types("channel", "general", "day", "friday")
		h.words(wording.Set{Last: 1, Phrases: []wording.Phrase{{ID: "phrase-1", Text: "meet at the bandstand", Category: detect.MeetUp, Tell: wording.Now}}})
		h.chooses("morgan", "words.off", "playground "+dontTell, "")
		h.chooses("morgan", "words.undo", "playground", "rule")
		h.chooses("morgan", "words.remove", "playground phrase-1", "")
		h.chooses("morgan", "words.undo", "playground", "phrase")
		h.says(copied(), `{"kind":"contact","time":"2026-03-11","state":"adults","what":"School counsellor, 01632 960 001, Room 12"}`,
			`{"kind":"tips","state":"on","place":"general","what":"Friday 16:00 Europe/London"}`,
			`"what":"words-undo `+dontTell+` normal"`, `"what":"words-undo phrase-1: \"meet at the bandstand\" live"`)
		h.presses("tips.stop")
		h.says(copied(), `{"kind":"tips","state":"stopped","what":"Friday 16:00 Europe/London"}`)
	})
}
