package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/desk"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
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
