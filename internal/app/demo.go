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
	"path/filepath"
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
	cfg, err := d.config()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", d.Listen)
	if err != nil {
		return fmt.Errorf("serve the page on %s: %w; choose another address with --listen", d.Listen, err)
	}
	url, token := "http://"+listener.Addr().String(), rand.Text()
	db, err := OpenDatabase(ctx, cfg, d.Log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	bot, err := New(cfg, db, []chat.Platform{playground.NewClient(url, token)}, d.Log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if a, ok := listener.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		d.Log.Warn("the page can be reached from other computers, and whoever opens it can be anybody there, staff included",
			"listen", d.Listen)
	}
	community := playground.NewServer(playground.Options{Token: token, Hosts: hosts(d.Listen)})
	stop := serveDemo(listener, community, bot.Pages())
	defer func() { err = errors.Join(err, stop()) }()
	if d.Ready != nil {
		d.Ready(url)
	}
	return bot.Run(ctx)
}

// hosts are the names under which the page may be opened, besides localhost.
func hosts(listen string) []string {
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" {
		return []string{host}
	}
	return nil
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

// config is the configuration of the playground's one community. Without a
// folder for data the database and the key are in memory alone.
func (d Demo) config() (config.Config, error) {
	c, err := config.Load(config.Options{Environ: []string{"WAYMARK_CONFIG=" + os.DevNull}})
	if err != nil {
		return c, err
	}
	c.HTTP.Listen = ""
	c.Servers = []config.Server{{
		Platform: "playground", ID: "playground", StaffChannel: "staff-room", StaffRole: "staff",
		Leads: []string{"jo"}, Region: "UK",
	}}
	if d.Data == "" {
		c.Database.URL, c.SecretKey = "sqlite::memory:", config.Secret(rand.Text()+rand.Text())
		return c, nil
	}
	if err := os.MkdirAll(d.Data, 0o700); err != nil {
		return c, fmt.Errorf("make the data folder: %w", err)
	}
	c.Dir, c.Database.URL = d.Data, config.Secret(filepath.Join(d.Data, "waymark.db"))
	return c, nil
}
