package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/detect"
)

// Staff see how often each rule spoke up, but never that it did about
// themselves.
func TestStaffReadNoCountOfTheirOwnSigns(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		now := moment("2026-03-11", "12:00")
		h.set(now)
		h.sign("morgan", "1", detect.MeetUp, now.Add(-time.Hour))
		h.sign("alex", "2", detect.GiftOffer, now.Add(-time.Hour))
		args := map[string]string{"do": "right"}
		staff, lead := h.asks("morgan", "words", args), h.asks("jo", "words", args)
		h.says(staff, "gift-offer.x: 1 time")
		h.says(lead, "gift-offer.x: 1 time", "meet-up.x: 1 time")
		if strings.Contains(staff, "meet-up.x") {
			t.Errorf("Morgan reads of themselves:\n%s", staff)
		}
	})
}
