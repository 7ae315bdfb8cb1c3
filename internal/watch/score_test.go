package watch

import (
	"fmt"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
)

func reading(to chat.PersonID, signals ...detect.Signal) Reading {
	return Reading{Signals: signals, Severity: detect.Assess(signals), Addressed: to}
}

func sign(c detect.Category, weight float64) detect.Signal {
	return detect.Signal{Rule: string(c) + ".x", Category: c, Weight: weight}
}

func past(c detect.Category, weight float64, ago time.Duration, to chat.PersonID) Past {
	return Past{Rule: string(c) + ".y", Category: c, Weight: weight, Time: noon.Add(-ago), Addressed: to, Place: "p"}
}

func TestWhatAddsUp(t *testing.T) {
	now := chat.Message{Time: noon}
	hour := time.Hour
	for _, c := range []struct {
		name string
		past []Past
		now  Reading
		want detect.Severity
	}{
		{"nothing said now", []Past{past(detect.Threat, 12, 0, "kim")}, reading("kim"), detect.None},
		{"one hint", nil, reading("kim", sign(detect.RiskProbe, 3)), detect.Low},
		{"the same hint again and again", []Past{past(detect.RiskProbe, 3, hour, "kim"), past(detect.RiskProbe, 3, 2*hour, "kim"),
			past(detect.RiskProbe, 3, 3*hour, "kim")}, reading("kim", sign(detect.RiskProbe, 3)), detect.Low},
		{"age, then another platform", []Past{past(detect.RiskProbe, 3, hour, "kim")}, reading("kim", sign(detect.MovePrivate, 3)), detect.Medium},
		{"the same three weeks later", []Past{past(detect.RiskProbe, 3, 21*24*hour, "kim")}, reading("kim", sign(detect.MovePrivate, 3)), detect.Low},
		{"the same, but said to two people", []Past{past(detect.RiskProbe, 3, hour, "sam")}, reading("kim", sign(detect.MovePrivate, 3)), detect.Low},
		{"the same, unknown to whom", []Past{past(detect.RiskProbe, 3, hour, "")}, reading("kim", sign(detect.MovePrivate, 3)), detect.Medium},
		{"a gift, then a picture", []Past{past(detect.GiftOffer, 4, 24*hour, "kim")}, reading("kim", sign(detect.ImageRequest, 4)), detect.High},
		{"the same hint tried on five people", []Past{past(detect.FlatteryIsolation, 3, hour, "a"), past(detect.FlatteryIsolation, 3, hour, "b"),
			past(detect.FlatteryIsolation, 3, hour, "c"), past(detect.FlatteryIsolation, 3, hour, "d")},
			reading("e", sign(detect.FlatteryIsolation, 3)), detect.High},
		{"a low mood, and a hint of harm by the same person", []Past{past(detect.SelfHarm, 4, hour, "")}, reading("kim", sign(detect.GiftOffer, 3)), detect.Low},
		{"two low moods", []Past{past(detect.SelfHarm, 4, hour, "")}, reading("", detect.Signal{Rule: "other", Category: detect.DisclosureAbuse, Weight: 4}), detect.Medium},
		{"never urgent by adding up", []Past{past(detect.Secrecy, 8, hour, "kim"), past(detect.MeetUp, 9, hour, "kim"), past(detect.GiftOffer, 6, hour, "kim")},
			reading("kim", sign(detect.ImageRequest, 10)), detect.High},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := AddUp(c.past, c.now, now); got != c.want {
				t.Errorf("it adds up to %s, want %s", got, c.want)
			}
		})
	}
}

// More signs never make a conversation look safer.
func TestMoreSignsNeverWeighLess(t *testing.T) {
	var past []Past
	before := detect.None
	for i, c := range []detect.Category{detect.RiskProbe, detect.RiskProbe, detect.FlatteryIsolation, detect.GiftOffer, detect.Secrecy, detect.MeetUp} {
		past = append(past, Past{Rule: fmt.Sprint(i), Category: c, Weight: 2, Time: noon, Addressed: "kim"})
		got := AddUp(past, reading("kim", sign(detect.MovePrivate, 2)), chat.Message{Time: noon})
		if got < before {
			t.Errorf("with %s it falls from %s to %s", c, before, got)
		}
		before = got
	}
}

func TestStreamRaisesABuildUpOnce(t *testing.T) {
	s, say := NewStream(testDetector(t), detect.None), said{}
	lines := []struct {
		who  chat.PersonID
		text string
	}{
		{"old", "hey how was ur day"}, {"kim", "ok i guess"}, {"old", "how old r u"}, {"kim", "13"},
		{"old", "can i dm u"}, {"old", "keep it quiet yeah"},
	}
	var alerted []string
	for i, l := range lines {
		if v := s.Observe(say.by(l.who, time.Duration(i)*time.Minute, l.text)); v.Alert {
			alerted = append(alerted, l.text)
		}
	}
	if len(alerted) == 0 {
		t.Error("the build-up is not seen")
	}
	for _, l := range alerted {
		if l == "how old r u" || l == "13" || l == "ok i guess" {
			t.Errorf("it alerts at %q", l)
		}
	}
	calm := NewStream(testDetector(t), detect.None)
	for i, l := range []string{"gg that was close", "whos up for ranked", "my mum says dinner so brb", "back, who needs a carry"} {
		if v := calm.Observe(say.by("sam", time.Duration(i)*time.Minute, l)); v.Alert {
			t.Errorf("it alerts at %q: %v", l, v.Signals)
		}
	}
}

func BenchmarkReadQuiet(b *testing.B) {
	r, say := NewReader(testDetector(b)), said{}
	m := say.by("a", 0, "anyone up for a quick match later or is it too late for u?")
	b.ReportAllocs()
	for b.Loop() {
		m.Time = m.Time.Add(time.Minute)
		r.Read(m)
	}
}
