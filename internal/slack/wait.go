package slack

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff is the wait between attempts: it doubles from first to most.
type backoff struct {
	first, most time.Duration
}

// pause is the wait before attempt+1.
func (b backoff) pause(attempt int) time.Duration {
	p := b.most
	if attempt < 16 {
		p = min(b.most, b.first<<attempt)
	}
	return p/2 + rand.N(p/2+1)
}

func (b backoff) wait(ctx context.Context, attempt int, asked time.Duration) error {
	return sleep(ctx, max(asked, b.pause(attempt)))
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
