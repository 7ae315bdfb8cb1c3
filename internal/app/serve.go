package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/waymark-bot/waymark/internal/chat"
)

// link is one platform's connection while the program runs.
type link struct {
	platform chat.Platform
	failed   atomic.Pointer[error] // why it ended for good; nil while it runs
}

// serve runs the platforms and the ledger side by side. The ledger outlives
// the platforms' intake, so that what came in last is still delivered where
// there is time.
func (a *App) serve(ctx context.Context) error {
	delivering, stop := context.WithCancel(context.WithoutCancel(ctx))
	var ledgerErr error
	var wg sync.WaitGroup
	wg.Go(func() { ledgerErr = a.ledger.Run(delivering) })
	wg.Go(func() { a.trouble.Run(delivering) })
	wg.Go(func() { a.noteSafeUntil(delivering) })
	wg.Go(func() { a.book.Run(delivering, a.log) })
	wg.Go(func() { a.words.Run(delivering) })
	wg.Go(func() { a.contacts.Run(delivering) })
	wg.Go(func() { a.keepVolumes(delivering) })
	err := a.connect(ctx)
	stop()
	wg.Wait()
	return errors.Join(err, ledgerErr)
}

// servePages serves the program's own pages until stop is called.
func (a *App) servePages(listener net.Listener) (stop func() error) {
	pages := &http.Server{
		Handler: a.Pages(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
	}
	go func() {
		if err := pages.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("the program's own pages stopped", "err", err)
		}
	}()
	return pages.Close
}

// connect runs every platform until ctx ends. One that refuses for good is
// said on /readyz and in the log; the others go on. With none left it returns.
func (a *App) connect(ctx context.Context) error {
	var wg sync.WaitGroup
	errs := make([]error, len(a.links))
	for i, l := range a.links {
		wg.Go(func() {
			h := &handler{app: a, platform: l.platform.Name()}
			if r, ok := l.platform.(chat.Registrar); ok {
				registering, stop := context.WithCancel(ctx)
				tried := make(chan struct{})
				wg.Go(func() { a.register(registering, l.platform.Name(), r, sync.OnceFunc(func() { close(tried) })) })
				defer stop()
				select {
				case <-tried:
				case <-time.After(registerWithin): // alerts do not wait for it
				case <-ctx.Done():
				}
			}
			if err := h.missAbsent(ctx, l.platform); err != nil {
				a.log.Warn("removals from servers were not looked for", "platform", h.platform, "err", err)
			}
			if err := l.platform.Run(ctx, h); err != nil {
				errs[i] = fmt.Errorf("%s: %w", l.platform.Name(), err)
				l.failed.Store(&errs[i])
				a.log.Error("a platform refused for good", "platform", l.platform.Name(), "err", err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// registerWithin is how long a start waits until the commands are known, so that
// what is typed at once is understood.
const registerWithin = 2 * time.Second

// register makes the commands known, and says when it has tried for the first
// time. It tries until it works: without it members cannot ask.
func (a *App) register(ctx context.Context, platform string, r chat.Registrar, tried func()) {
	wait := time.Second
	for {
		err := r.Register(ctx, append(a.guide.Commands(), a.desk.Commands()...))
		tried()
		if err == nil || ctx.Err() != nil {
			return
		}
		if chat.IsPermanent(err) {
			a.log.Error("the commands could not be registered", "platform", platform, "err", err)
			return
		}
		a.log.Warn("the commands could not be registered yet", "platform", platform, "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(wait, chat.RetryAfter(err))):
			wait = min(2*wait, time.Minute)
		}
	}
}

// Pages are the program's own: whether it lives, whether it is ready, figures.
func (a *App) Pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if why := a.notReady(r.Context()); why != nil {
			plain(w, http.StatusServiceUnavailable, why.Error())
			return
		}
		plain(w, http.StatusOK, "ready")
	})
	for _, l := range a.links {
		// A platform that calls us is served below its own name.
		if called, ok := l.platform.(interface{ Handler() http.Handler }); ok {
			mux.Handle("POST /"+l.platform.Name()+"/", called.Handler())
		}
		if installed, ok := l.platform.(interface{ Install() http.Handler }); ok && installed.Install() != nil {
			mux.Handle("GET /"+l.platform.Name()+"/", installed.Install())
		}
	}
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{}))
	return mux
}

func (a *App) notReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var errs []error
	if err := a.db.Ping(ctx); err != nil {
		errs = append(errs, errors.New("the database cannot be reached; alerts are waiting"))
	}
	for _, l := range a.links {
		if err := l.failed.Load(); err != nil {
			errs = append(errs, *err)
		} else if r, ok := l.platform.(interface{ Ready() error }); ok {
			if err := r.Ready(); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", l.platform.Name(), err))
			}
		}
	}
	return errors.Join(errs...)
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
