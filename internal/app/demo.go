package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/waymark-bot/waymark/config"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/playground"
)

// Demo is the whole bot with a playground for its platform.
type Demo struct {
	Listen string // where the page is served
	Data   string // where the database is kept; empty keeps nothing
	Log    *slog.Logger
	// Ready is told the page's address once it is there.
	Ready func(url string)
}

// Run serves the page and the bot until ctx ends.
func (d Demo) Run(ctx context.Context) (err error) {
	dir, done, err := d.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	listener, err := net.Listen("tcp", d.Listen)
	if err != nil {
		return fmt.Errorf("serve the page on %s: %w; choose another address with --listen", d.Listen, err)
	}
	url, token := "http://"+listener.Addr().String(), rand.Text()
	bot, err := New(ctx, demoConfig(dir), []chat.Platform{playground.NewClient(url, token)}, d.Log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	community := playground.NewServer(playground.Options{Token: token, Listen: listener.Addr().String()})
	stop := serveDemo(listener, community, bot.Pages())
	defer func() { err = errors.Join(err, stop()) }()
	if d.Ready != nil {
		d.Ready(url)
	}
	return bot.Run(ctx)
}

// serveDemo serves the community's page, and the program's own beside it.
func serveDemo(listener net.Listener, community *playground.Server, own http.Handler) (stop func() error) {
	mux := http.NewServeMux()
	mux.Handle("/", community)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		mux.Handle(path, own)
	}
	page := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- page.Serve(listener) }()
	return func() error {
		community.Close()
		err := page.Close()
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	}
}

// folder is where the database goes; done removes it where nothing is to be
// kept.
func (d Demo) folder() (dir string, done func() error, err error) {
	if d.Data != "" {
		if err := os.MkdirAll(d.Data, 0o700); err != nil {
			return "", nil, fmt.Errorf("make the data folder: %w", err)
		}
		return d.Data, func() error { return nil }, nil
	}
	dir, err = os.MkdirTemp("", "waymark-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for as long as the demo runs: %w", err)
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// demoConfig is the configuration of the playground's one community.
func demoConfig(dir string) config.Config {
	return config.Demo(dir, config.Server{
		Platform: playground.Name, ID: string(playground.ServerID),
		StaffChannel: string(playground.StaffRoom), StaffRole: playground.StaffRole,
		Leads: []string{string(playground.Lead)}, Region: "UK",
	})
}
