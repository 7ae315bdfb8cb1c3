package slack

import (
	"strconv"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// split takes the id of a place apart: its channel, and the first message of
// the thread that it is, "" for the channel itself.
func split(p chat.PlaceID) (channel, thread string) {
	channel, thread, _ = strings.Cut(string(p), ":")
	return channel, thread
}

// placeID is the id of a channel, or of the thread in it that begins with a
// message.
func placeID(channel, thread string) chat.PlaceID {
	if thread == "" {
		return chat.PlaceID(channel)
	}
	return chat.PlaceID(channel + ":" + thread)
}

// timeOf is when a message was written, by its id; the zero time for what is
// no id.
func timeOf(ts string) time.Time {
	whole, part, _ := strings.Cut(ts, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec <= 0 || sec > 1<<40 {
		return time.Time{}
	}
	micro, err := strconv.ParseInt(part, 10, 64)
	if err != nil || len(part) != 6 {
		micro = 0
	}
	return time.Unix(sec, micro*1000).UTC()
}

// stampAt is the id that a message of that time would have.
func stampAt(t time.Time) string {
	if t.Unix() <= 0 {
		return "0"
	}
	us := t.UnixMicro()
	return strconv.FormatInt(us/1e6, 10) + "." + leftPad(strconv.FormatInt(us%1e6, 10))
}

func leftPad(s string) string { return strings.Repeat("0", 6-len(s)) + s }

// isTS says whether s has the shape of a message's id.
func isTS(s string) bool {
	whole, part, ok := strings.Cut(s, ".")
	return ok && whole != "" && part != "" && strings.Trim(whole+part, "0123456789") == ""
}

// earlier compares two ids by time.
func compareTS(a, b string) int {
	aw, ap, _ := strings.Cut(a, ".")
	bw, bp, _ := strings.Cut(b, ".")
	if len(aw) != len(bw) {
		if len(aw) < len(bw) {
			return -1
		}
		return 1
	}
	if c := strings.Compare(aw, bw); c != 0 {
		return c
	}
	return strings.Compare(ap, bp)
}
