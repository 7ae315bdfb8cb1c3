package discordtest

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// limiter counts requests in windows of real time.
type limiter struct {
	mu      sync.Mutex
	windows map[string]*window
}

type window struct {
	ends time.Time
	used int
}

func (l *limiter) init() { l.windows = map[string]*window{} }

// rateLimited is a 429.
type rateLimited struct {
	after  time.Duration
	global bool
}

func (r *rateLimited) answer(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Retry-After", seconds(r.after))
	h.Set("X-RateLimit-Reset-After", decimal(r.after))
	h.Set("X-RateLimit-Scope", "user")
	if r.global {
		h.Set("X-RateLimit-Global", "true")
		h.Set("X-RateLimit-Scope", "global")
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write(marshal(map[string]any{
		"message": "You are being rate limited.", "retry_after": r.after.Seconds(), "global": r.global}))
}

func decimal(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// take counts a request and sets the headers of its bucket. It gives a 429
// where the bucket or the global limit is used up.
func (l *limiter) take(opt Options, r *http.Request, pattern string, h http.Header) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	asked := strings.Contains(pattern, " /interactions/") || strings.Contains(pattern, " /webhooks/")
	if opt.GlobalLimit > 0 && !asked {
		if w := l.window("", now, time.Second); w.used >= opt.GlobalLimit {
			return &problem{status: 429, errors: &rateLimited{after: w.ends.Sub(now), global: true}}
		}
	}
	b, ok := opt.Buckets[pattern]
	if !ok {
		b = DefaultBucket()
	}
	key := pattern + " " + major(r)
	w := l.window(key, now, b.Per)
	h.Set("X-RateLimit-Limit", strconv.Itoa(b.Limit))
	h.Set("X-RateLimit-Bucket", bucketName(pattern))
	h.Set("X-RateLimit-Reset", strconv.FormatFloat(float64(w.ends.UnixMilli())/1000, 'f', 3, 64))
	h.Set("X-RateLimit-Reset-After", decimal(w.ends.Sub(now)))
	if w.used >= b.Limit {
		h.Set("X-RateLimit-Remaining", "0")
		return &problem{status: 429, errors: &rateLimited{after: w.ends.Sub(now)}}
	}
	w.used++
	if opt.GlobalLimit > 0 && !asked {
		l.window("", now, time.Second).used++
	}
	h.Set("X-RateLimit-Remaining", strconv.Itoa(b.Limit-w.used))
	return nil
}

func (l *limiter) window(key string, now time.Time, per time.Duration) *window {
	if len(l.windows) > 4096 {
		maps.DeleteFunc(l.windows, func(_ string, w *window) bool { return !now.Before(w.ends) })
	}
	w := l.windows[key]
	if w == nil || !now.Before(w.ends) {
		w = &window{ends: now.Add(per)}
		l.windows[key] = w
	}
	return w
}

// major is the first id in the path: each channel, guild and webhook has
// buckets of its own. A webhook's token belongs to it.
func major(r *http.Request) string {
	for _, name := range []string{"channel_id", "guild_id", "interaction_id"} {
		if id := r.PathValue(name); id != "" {
			return id
		}
	}
	return r.PathValue("webhook_id") + r.PathValue("webhook_token")
}

func bucketName(pattern string) string {
	var n uint64 = 14695981039346656037
	for _, b := range []byte(pattern) {
		n = (n ^ uint64(b)) * 1099511628211
	}
	return strconv.FormatUint(n, 16)
}
