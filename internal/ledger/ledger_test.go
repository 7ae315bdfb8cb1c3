package ledger_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

func enqueue(t testing.TB, db *store.DB, rows ...store.LedgerRow) {
	t.Helper()
	ctx := t.Context()
	err := db.Write(ctx, func(tx *store.Tx) error {
		for _, r := range rows {
			if r.Kind == "" {
				r.Kind = "alert"
			}
			if err := tx.Enqueue(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func waiting(t testing.TB, db *store.DB) (w []store.Waiting) {
	t.Helper()
	ctx := context.Background()
	err := db.Read(ctx, func(tx *store.Tx) (err error) { w, err = tx.Waiting(ctx, "", ""); return err })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// run starts a ledger and gives what stops it and waits.
func run(t testing.TB, db *store.DB, handlers map[string]ledger.Handler, o ledger.Options) (l *ledger.Ledger, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l = ledger.New(db, handlers, o)
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("the ledger ended with %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return l, stop
}

// diary notes what happened when, by the bubble's clock.
type diary struct {
	mu    sync.Mutex
	start time.Time
	lines []string
}

func newDiary() *diary { return &diary{start: time.Now()} }

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := time.Since(d.start).Round(time.Second)
	d.lines = append(d.lines, fmt.Sprintf("%v "+format, append([]any{at}, args...)...))
}

func (d *diary) is(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.lines, want) {
		t.Errorf("it went\n  %s\nwant\n  %s", strings.Join(d.lines, "\n  "), strings.Join(want, "\n  "))
	}
}

// inBubble runs a test on SQLite with a clock that only moves when everybody
// waits.
func inBubble(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, storetest.Open(t, storetest.SQLite(t), store.Options{}))
	})
}

// exactly is a back-off without chance, so that times can be told.
func exactly(attempt int) time.Duration { return time.Second << (attempt - 1) }

func TestARowIsHandledAtOnceAndGone(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		run(t, db, map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			d.note("%s, attempt %d", row.Payload, row.Attempt)
			return ledger.Result{Apply: func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Seen(ctx, "done", time.Now())
				return err
			}}, nil
		}}, ledger.Options{Poll: time.Hour})
		synctest.Wait()
		enqueue(t, db, store.LedgerRow{Payload: []byte("p")})
		time.Sleep(time.Millisecond) // the bubble's: it passes when all is quiet
		d.is(t, "0s p, attempt 1")
		if w := waiting(t, db); len(w) != 0 {
			t.Errorf("left over: %+v", w)
		}
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			if first, err := tx.Seen(t.Context(), "done", time.Now()); err != nil || first {
				t.Error("what the handler left to apply is not there", err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAFailureIsTriedAgainLaterAndHoldsUpItsLane(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		l, stop := run(t, db, map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			d.note("%s %d", row.Payload, row.Attempt)
			if string(row.Payload) == "a1" && row.Attempt < 4 {
				return ledger.Result{}, errors.New("the platform is away")
			}
			return ledger.Result{}, nil
		}}, ledger.Options{Backoff: exactly, Workers: 1})
		enqueue(t, db, store.LedgerRow{Lane: "a", Payload: []byte("a1")}, store.LedgerRow{Lane: "a", Payload: []byte("a2")},
			store.LedgerRow{Lane: "b", Payload: []byte("b1")})
		time.Sleep(2500 * time.Millisecond)
		w := waiting(t, db)
		if len(w) != 1 || w[0].Count != 2 || w[0].Failing != 1 || w[0].Reason != "the platform is away" {
			t.Errorf("meanwhile waits %+v", w)
		}
		time.Sleep(10 * time.Second)
		stop()
		d.is(t, "0s a1 1", "0s b1 1", "1s a1 2", "3s a1 3", "7s a1 4", "7s a2 1")
		if s := l.Stats(); s.Done != 3 || s.Failed != 3 || s.Busy != 0 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestAPlatformsWaitIsKept(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		run(t, db, map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			d.note("attempt %d", row.Attempt)
			if row.Attempt == 1 {
				return ledger.Result{}, fmt.Errorf("tell staff: %w", &chat.Error{Op: "post card", RetryAfter: 30 * time.Second, Err: errors.New("too many")})
			}
			return ledger.Result{}, nil
		}}, ledger.Options{Backoff: exactly})
		enqueue(t, db, store.LedgerRow{})
		time.Sleep(time.Minute)
		d.is(t, "0s attempt 1", "30s attempt 2")
	})
}

func TestBackoffGrowsToFiveMinutesAndVaries(t *testing.T) {
	for attempt, most := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second,
		9: 256 * time.Second, 10: 5 * time.Minute, 1 << 40: 5 * time.Minute} {
		seen := map[time.Duration]bool{}
		for range 100 {
			d := ledger.Backoff(attempt)
			if d > most || d <= most-most/5-1 {
				t.Errorf("attempt %d: %v is not within a fifth of %v", attempt, d, most)
			}
			seen[d] = true
		}
		if len(seen) < 2 {
			t.Errorf("attempt %d: always the same", attempt)
		}
	}
}

func TestAPanicIsAFailureOfItsRowAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		var logged bytes.Buffer
		l, stop := run(t, db, map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			d.note("%s %d", row.Payload, row.Attempt)
			if row.Attempt == 1 && string(row.Payload) == "bad" {
				panic("marker-of-what-was-thrown")
			}
			return ledger.Result{}, nil
		}}, ledger.Options{Backoff: exactly, Workers: 1, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
		enqueue(t, db, store.LedgerRow{Payload: []byte("bad")}, store.LedgerRow{Payload: []byte("good")})
		time.Sleep(500 * time.Millisecond)
		if w := waiting(t, db); len(w) != 1 || !strings.Contains(w[0].Reason, "panicked") || strings.Contains(w[0].Reason, "marker") {
			t.Errorf("waiting is %+v", w)
		}
		time.Sleep(2 * time.Second)
		stop()
		d.is(t, "0s bad 1", "0s good 1", "1s bad 2")
		if n := l.Stats().Panics; n != 1 {
			t.Errorf("%d panics were counted", n)
		}
		if strings.Contains(logged.String(), "marker") || !strings.Contains(logged.String(), "ledger_test.go") {
			t.Errorf("the log should say where, not what:\n%s", &logged)
		}
	})
}

func TestWhatNobodyKnowsStaysAndIsLoud(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		var logged bytes.Buffer
		enqueue(t, db, store.LedgerRow{Kind: "from tomorrow"}, store.LedgerRow{Kind: "from tomorrow"})
		l, stop := run(t, db, map[string]ledger.Handler{"alert": nil}, ledger.Options{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
		time.Sleep(150 * time.Second)
		stop()
		if n := strings.Count(logged.String(), `kind="from tomorrow" rows=2`); n != 3 {
			t.Errorf("in 150 seconds it was said %d times:\n%s", n, &logged)
		}
		if n := l.Stats().Unknown; n != 2 {
			t.Errorf("%d were counted", n)
		}
		if w := waiting(t, db); len(w) != 1 || w[0].Count != 2 || w[0].Attempts != 0 {
			t.Errorf("left are %+v", w)
		}
	})
}

func TestARecurringRowComesAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		run(t, db, map[string]ledger.Handler{"purge": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			d.note("attempt %d", row.Attempt)
			if time.Since(d.start) < 5*time.Second {
				return ledger.Result{}, errors.New("not yet")
			}
			return ledger.Result{Again: time.Now().Add(time.Minute)}, nil
		}}, ledger.Options{Backoff: func(int) time.Duration { return 10 * time.Second }})
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.EnqueueOnce(t.Context(), "purge", store.LedgerRow{Kind: "purge"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(135 * time.Second)
		d.is(t, "0s attempt 1", "10s attempt 2", "1m10s attempt 1", "2m10s attempt 1")
	})
}

func TestASlowHandlerKeepsItsRow(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		handlers := map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			d.note("begins, attempt %d", row.Attempt)
			select {
			case <-time.After(time.Minute):
			case <-ctx.Done():
				d.note("is stopped")
			}
			d.note("ends")
			return ledger.Result{}, nil
		}}
		run(t, db, handlers, ledger.Options{})
		run(t, db, handlers, ledger.Options{})
		enqueue(t, db, store.LedgerRow{})
		time.Sleep(2 * time.Minute)
		d.is(t, "0s begins, attempt 1", "1m0s ends")
		if w := waiting(t, db); len(w) != 0 {
			t.Errorf("left over: %+v", w)
		}
	})
}

func TestAHandlerThatLostItsRowIsStoppedAndChangesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		var attempts []ledger.Attempt
		var mu sync.Mutex
		l, stop := run(t, db, map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			d.note("attempt %d", row.Attempt)
			if row.Attempt == 1 {
				takeAway(t, db)
				<-ctx.Done()
				d.note("the first is stopped")
				return ledger.Result{}, ctx.Err()
			}
			return ledger.Result{}, nil
		}}, ledger.Options{Observe: func(a ledger.Attempt) {
			mu.Lock()
			defer mu.Unlock()
			attempts = append(attempts, a)
		}})
		enqueue(t, db, store.LedgerRow{})
		time.Sleep(20 * time.Second)
		stop()
		d.is(t, "0s attempt 1", "1s the first is stopped", "4s attempt 3")
		if s := l.Stats(); s.Done != 1 || s.Lost != 1 || s.Failed != 0 {
			t.Errorf("counted %+v", s)
		}
		if len(attempts) != 2 || !attempts[0].Lost || attempts[1].Err != nil || attempts[1].Number != 3 || attempts[1].Waited < 4*time.Second {
			t.Errorf("observed %+v", attempts)
		}
	})
}

// takeAway gives all rows to somebody who never finishes them.
func takeAway(t *testing.T, db *store.DB) {
	t.Helper()
	file, err := sql.Open("sqlite", "file:"+db.Name()+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Error(err)
		return
	}
	defer file.Close()
	_, err = file.Exec(`UPDATE ledger SET owner = 'somebody else', attempt = attempt + 1, leased_until = $1`,
		time.Now().Add(4*time.Second).UnixMilli())
	if err != nil {
		t.Error(err)
	}
}

func TestAtTheEndHandlersFinish(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		_, stop := run(t, db, map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			d.note("begins")
			select {
			case <-time.After(5 * time.Second):
				d.note("ends")
			case <-ctx.Done():
				d.note("is stopped")
			}
			return ledger.Result{}, ctx.Err()
		}}, ledger.Options{Workers: 1})
		enqueue(t, db, store.LedgerRow{}, store.LedgerRow{})
		time.Sleep(time.Second)
		stop()
		d.note("stopped")
		d.is(t, "0s begins", "5s ends", "5s stopped")
		if w := waiting(t, db); len(w) != 1 || w[0].Count != 1 {
			t.Errorf("left are %+v", w)
		}
	})
}

func TestAtTheEndWhatDoesNotFinishIsGivenBack(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		l, stop := run(t, db, map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			<-ctx.Done()
			d.note("is stopped")
			return ledger.Result{}, ctx.Err()
		}}, ledger.Options{Drain: 3 * time.Second})
		enqueue(t, db, store.LedgerRow{})
		time.Sleep(time.Second)
		stop()
		d.is(t, "4s is stopped")
		if s := l.Stats(); s.Failed != 0 {
			t.Errorf("counted %+v", s)
		}
		rows, err := db.Claim(t.Context(), "next", []string{"alert"}, 1, time.Second)
		if err != nil || len(rows) != 1 || rows[0].LastErr != "" {
			t.Errorf("the row is not free: %+v, %v", rows, err)
		}
	})
}

func TestAfterARestartKilledRowsGoOnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := storetest.SQLite(t)
		db := storetest.Open(t, path, store.Options{})
		enqueue(t, db, store.LedgerRow{Lane: "a", Payload: []byte("first")}, store.LedgerRow{Lane: "a", Payload: []byte("second")})
		if _, err := db.Claim(t.Context(), "killed", []string{"alert"}, 9, time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		d := newDiary()
		run(t, storetest.Open(t, path, store.Options{}), map[string]ledger.Handler{
			"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
				d.note("%s %d", row.Payload, row.Attempt)
				return ledger.Result{}, nil
			}}, ledger.Options{})
		time.Sleep(time.Second)
		d.is(t, "0s first 2", "0s second 1")
	})
}

func TestWhileStorageIsAwayTheLedgerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := storetest.SQLite(t)
		db := storetest.Open(t, path, store.Options{})
		d := newDiary()
		var logged bytes.Buffer
		l, stop := run(t, db, map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			d.note("attempt %d", row.Attempt)
			if row.Attempt == 1 { // it goes while the row is being worked on
				if err := os.Rename(path, path+".away"); err != nil {
					t.Error(err)
				}
			}
			return ledger.Result{}, nil
		}}, ledger.Options{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
		enqueue(t, db, store.LedgerRow{})
		time.Sleep(time.Minute)
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		stop()
		if len(d.lines) != 2 || !strings.HasSuffix(d.lines[1], "attempt 2") {
			t.Errorf("it went %q", d.lines)
		}
		if n := strings.Count(logged.String(), "waits for storage"); n != 1 {
			t.Errorf("a minute without storage was logged %d times:\n%s", n, &logged)
		}
		if !strings.Contains(logged.String(), "storage is back") || l.Stats().Done != 1 {
			t.Errorf("it did not recover:\n%s", &logged)
		}
	})
}

// TestACompletionThatFailsIsTriedWhileTheRowIsHeld keeps a card from being
// posted twice only because storage hiccuped after the post.
func TestACompletionThatFailsIsTriedWhileTheRowIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := storetest.SQLite(t)
		db := storetest.Open(t, path, store.Options{})
		d := newDiary()
		run(t, db, map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			d.note("attempt %d", row.Attempt)
			if err := os.Rename(path, path+".away"); err != nil {
				t.Error(err)
			}
			time.AfterFunc(time.Second, func() {
				if err := os.Rename(path+".away", path); err != nil {
					t.Error(err)
				}
			})
			return ledger.Result{}, nil
		}}, ledger.Options{})
		enqueue(t, db, store.LedgerRow{})
		time.Sleep(30 * time.Second)
		d.is(t, "0s attempt 1")
		if w := waiting(t, db); len(w) != 0 {
			t.Errorf("left over: %+v", w)
		}
	})
}

func TestWhatIsDoneIsWipedFromTheDiskWithinMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := storetest.SQLite(t)
		db := storetest.Open(t, path, store.Options{})
		_, stop := run(t, db, map[string]ledger.Handler{"alert": func(context.Context, store.LedgerRow) (ledger.Result, error) {
			return ledger.Result{}, nil
		}}, ledger.Options{})
		defer stop()
		enqueue(t, db, store.LedgerRow{Payload: []byte("marker-5b1e")})
		found := func() bool {
			for _, file := range []string{path, path + "-wal"} {
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(b, []byte("marker-5b1e")) {
					return true
				}
			}
			return false
		}
		if !found() {
			t.Fatal("the marker is not where this test looks for it")
		}
		time.Sleep(2 * time.Minute)
		if found() {
			t.Error("what was done is still on disk")
		}
	})
}

// TestReplicasShareTheWork runs two ledgers on one database, on the real
// clock, with handlers that fail now and then: nothing is lost, nothing is
// done twice, each lane in order.
func TestReplicasShareTheWork(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(t *testing.T) string) {
		const lanes, perLane = 10, 10
		address := url(t)
		replicas := []*store.DB{storetest.Open(t, address, store.Options{})}
		if replicas[0].Postgres() {
			replicas = append(replicas, storetest.Open(t, address, store.Options{}))
		}
		var mu sync.Mutex
		order := map[string][]string{}
		all := make(chan struct{}, lanes*perLane)
		handlers := map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
			if row.Attempt == 1 && strings.HasSuffix(string(row.Payload), "3") {
				return ledger.Result{}, errors.New("not this time")
			}
			return ledger.Result{Apply: func(ctx context.Context, tx *store.Tx) error {
				if first, err := tx.Seen(ctx, row.Lane+string(row.Payload), time.Now()); err != nil || !first {
					t.Errorf("%s %s was done twice (%v)", row.Lane, row.Payload, err)
				}
				mu.Lock()
				defer mu.Unlock()
				order[row.Lane] = append(order[row.Lane], string(row.Payload))
				all <- struct{}{}
				return nil
			}}, nil
		}}
		for _, db := range replicas {
			run(t, db, handlers, ledger.Options{Poll: 50 * time.Millisecond, Backoff: func(int) time.Duration { return time.Millisecond }})
		}
		for i := range perLane {
			for l := range lanes {
				enqueue(t, replicas[i%len(replicas)], store.LedgerRow{Lane: fmt.Sprint("lane ", l), Payload: []byte(fmt.Sprintf("%02d", i))})
			}
		}
		for n := range lanes * perLane {
			select {
			case <-all:
			case <-time.After(time.Minute):
				t.Fatalf("only %d were done", n)
			}
		}
		for lane, done := range order {
			if len(done) != perLane || !slices.IsSorted(done) {
				t.Errorf("%s went %v", lane, done)
			}
		}
	})
}

// TestAKilledReplicasWorkIsTakenOverInTime uses the settings that the program
// runs with: the promise is five seconds.
func TestAKilledReplicasWorkIsTakenOverInTime(t *testing.T) {
	url := storetest.Postgres(t)
	killed, other := storetest.Open(t, url, store.Options{}), storetest.Open(t, url, store.Options{})
	enqueue(t, killed, store.LedgerRow{})
	if rows, err := killed.Claim(t.Context(), "killed", []string{"alert"}, 1, 4*time.Second); err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	start := time.Now()
	done := make(chan time.Duration, 1)
	run(t, other, map[string]ledger.Handler{"alert": func(context.Context, store.LedgerRow) (ledger.Result, error) {
		done <- time.Since(start)
		return ledger.Result{}, nil
	}}, ledger.Options{})
	if took := <-done; took > 5*time.Second {
		t.Errorf("taken over after %v", took)
	} else {
		t.Logf("taken over after %v", took)
	}
}

func TestLostConnectionsStopNothingForLong(t *testing.T) {
	url := storetest.Postgres(t)
	db := storetest.Open(t, url, store.Options{})
	done := make(chan string, 10)
	run(t, db, map[string]ledger.Handler{"alert": func(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
		done <- string(row.Payload)
		return ledger.Result{}, nil
	}}, ledger.Options{Poll: 50 * time.Millisecond})
	admin, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for i := range 3 {
		_, err := admin.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if err != nil {
			t.Fatal(err)
		}
		payload := fmt.Sprint("row ", i)
		_, err = admin.Exec(`INSERT INTO ledger (id, kind, lane, platform, server, once, payload, since, due)
			VALUES ($1, 'alert', $1, '', '', '', $2, 1, 1)`, payload, []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-done:
			if got != payload {
				t.Errorf("got %q, want %q", got, payload)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("after the connections were lost for the %dth time, nothing happens", i+1)
		}
	}
}

// BenchmarkCommitToWork is the time from a commit that enqueues a row to its
// handler, in the same program (wake-up) and from another replica (NOTIFY).
func BenchmarkCommitToWork(b *testing.B) {
	bench := func(b *testing.B, from, to *store.DB) {
		begun := make(chan time.Time)
		run(b, to, map[string]ledger.Handler{"alert": func(context.Context, store.LedgerRow) (ledger.Result, error) {
			begun <- time.Now()
			return ledger.Result{}, nil
		}}, ledger.Options{})
		enqueue(b, from, store.LedgerRow{})
		<-begun // it listens
		var took []time.Duration
		for b.Loop() {
			enqueue(b, from, store.LedgerRow{})
			committed := time.Now()
			took = append(took, (<-begun).Sub(committed))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
	}
	b.Run("sqlite", func(b *testing.B) {
		db := storetest.Open(b, b.TempDir()+"/waymark.db", store.Options{})
		bench(b, db, db)
	})
	b.Run("postgres", func(b *testing.B) {
		db := storetest.Open(b, storetest.Postgres(b), store.Options{})
		bench(b, db, db)
	})
	b.Run("postgres-replica", func(b *testing.B) {
		url := storetest.Postgres(b)
		bench(b, storetest.Open(b, url, store.Options{}), storetest.Open(b, url, store.Options{}))
	})
}
