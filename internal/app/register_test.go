package app_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// mute is a platform that takes no commands for now.
type mute struct{ instant }

func (*mute) Register(context.Context, []chat.CommandSpec) error {
	return &chat.Error{Op: "register commands", RetryAfter: time.Hour, Err: errors.New("there were too many today")}
}

// Where the commands cannot be made known yet, what is written is read all the
// same; the end does not wait for them either.
func TestAlertsDoNotWaitForTheCommands(t *testing.T) {
	p := &mute{instant{handler: make(chan chat.Handler, 1)}}
	cfg := configured(t, "", "WAYMARK_CONFIG="+os.DevNull, "WAYMARK_SECRET_KEY=0123456789abcdef0123456789abcdef")
	cfg.Database.URL, cfg.HTTP.Listen = "sqlite::memory:", ""
	stop := serve(t, cfg, p)
	select {
	case <-p.handler:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is read until the commands are known")
	}
	stop()
}
