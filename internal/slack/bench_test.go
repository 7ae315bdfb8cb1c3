package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/slack/slacktest"
)

// BenchmarkEvents measures signed requests, each with one harmless message,
// through signature, decoding, names and lanes to the handler, on one core.
func BenchmarkEvents(b *testing.B) {
	f := slacktest.New(b, slacktest.Options{Unchecked: true, Unlimited: true})
	team := f.Workspace("School")
	ana := team.Member("Ana")
	s := quick(b, f, team.Token(), func(o *Options) { o.Mode = HTTPMode })
	s.time = defaultTiming()
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, &bot{}) }()
	b.Cleanup(func() { cancel(); <-done })
	f.Await("it runs", s.Connected)
	channels := make([]*slacktest.Channel, 50)
	for i := range channels {
		channels[i] = team.Public(fmt.Sprint("room-", i))
	}
	requests := make([]*http.Request, b.N)
	stamp := fmt.Sprint(time.Now().Unix())
	for i := range requests {
		body := fmt.Sprintf(`{"token":"x","team_id":%q,"api_app_id":"A1","type":"event_callback","event_id":"Ev%d","event_time":1700000000,`+
			`"authorizations":[{"team_id":%q,"is_bot":true}],"event":{"type":"message","channel":%q,"channel_type":"channel","user":%q,`+
			`"text":"anyone up for the game jam on saturday? theme is lighthouses","ts":"1700000000.%06d","client_msg_id":"m%d","team":%q}}`,
			team.ID, i, team.ID, channels[i%len(channels)].ID, ana.ID, i%1e6, i, team.ID)
		mac := hmac.New(sha256.New, []byte(f.SigningSecret()))
		fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
		r := httptest.NewRequest(http.MethodPost, EventsPath, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Slack-Request-Timestamp", stamp)
		r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
		requests[i] = r
	}
	handler := s.Handler()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for at := range 50 { // as many requests at once as there are channels
		wg.Go(func() {
			for i := at; i < len(requests); i += 50 {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, requests[i])
				if w.Code != http.StatusOK {
					b.Errorf("a message was answered %d", w.Code)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
