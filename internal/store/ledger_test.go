package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

const lease = 4 * time.Second

var alerts = []string{"alert"}

func enqueue(t testing.TB, db *store.DB, rows ...store.LedgerRow) {
	t.Helper()
	write(t, db, func(ctx context.Context, tx *store.Tx) error {
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
}

func claim(t testing.TB, db *store.DB, owner string, max int) []store.LedgerRow {
	t.Helper()
	rows, err := db.Claim(t.Context(), owner, alerts, max, lease)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func payloads(rows []store.LedgerRow) string {
	var p []string
	for _, r := range rows {
		p = append(p, string(r.Payload))
	}
	return strings.Join(p, " ")
}

func row(lane, payload string) store.LedgerRow {
	return store.LedgerRow{Lane: lane, Payload: []byte(payload)}
}

func TestALaneWorksInOrder(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		enqueue(t, db, row("a", "a1"), row("a", "a2"), row("b", "b1"), row("b", "b2"), row("", "free1"), row("", "free2"))
		first := claim(t, db, "w1", 10)
		if got := payloads(first); got != "a1 b1 free1 free2" {
			t.Fatalf("first came %q", got)
		}
		if again := claim(t, db, "w2", 10); len(again) != 0 {
			t.Fatalf("while those are held came %q", payloads(again))
		}
		if err := db.Complete(ctx, first[0], nil); err != nil {
			t.Fatal(err)
		}
		next := claim(t, db, "w2", 10)
		if got := payloads(next); got != "a2" {
			t.Fatalf("after a1 came %q", got)
		}
		// A failure holds up its own lane and no other.
		if err := db.Postpone(ctx, first[1], db.Now().Add(time.Hour), "not now"); err != nil {
			t.Fatal(err)
		}
		enqueue(t, db, row("b", "b3"), row("c", "c1"))
		if got := payloads(claim(t, db, "w3", 10)); got != "c1" {
			t.Errorf("behind a row that waits came %q", got)
		}
	})
}

func TestOnlyWhatIsDueAndKnownIsClaimed(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		later := row("", "later")
		later.Due = db.Now().Add(time.Hour)
		past := row("", "past")
		past.Due = db.Now().Add(-time.Hour)
		unknown := row("x", "unknown")
		unknown.Kind = "from tomorrow"
		enqueue(t, db, row("", "now"), later, unknown, row("x", "behind the unknown"), past)
		rows := claim(t, db, "w1", 10)
		if got := payloads(rows); got != "now past" {
			t.Errorf("claimed %q", got)
		}
		if got := claim(t, db, "", 10); got != nil {
			t.Errorf("nobody claimed %q", payloads(got))
		}
		for _, r := range rows {
			if r.ID == "" || r.Kind != "alert" || r.Attempt != 1 || r.Owner != "w1" || r.Since.IsZero() {
				t.Errorf("got %+v", r)
			}
		}
		if d := rows[1].Since.Sub(past.Due).Abs(); d > time.Minute {
			t.Errorf("since is %v off", d)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			unknown, err := tx.UnknownKinds(ctx, alerts)
			if len(unknown) != 1 || unknown["from tomorrow"] != 1 {
				t.Errorf("unknown are %v", unknown)
			}
			return err
		})
	})
}

func TestTheMostOverdueComeFirst(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		var rows []store.LedgerRow
		for i := range 6 {
			r := row("", fmt.Sprint(i))
			r.Due = db.Now().Add(time.Duration(-i) * time.Hour)
			rows = append(rows, r)
		}
		enqueue(t, db, rows...)
		if got := payloads(claim(t, db, "w", 2)); got != "4 5" {
			t.Errorf("first came %q", got)
		}
		if got := payloads(claim(t, db, "w", 3)); got != "1 2 3" {
			t.Errorf("then came %q", got)
		}
	})
}

// TestALostLeaseCannotFinish gives a row of a worker that is too slow to
// another one.
func TestALostLeaseCannotFinish(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		enqueue(t, db, row("a", "p"))
		slow := claim(t, db, "slow", 1)[0]
		endLeases(t, db)
		quick := claim(t, db, "quick", 1)
		if len(quick) != 1 || quick[0].Attempt != 2 {
			t.Fatalf("got %+v", quick)
		}
		applied := false
		for doing, err := range map[string]error{
			"renew":    db.Renew(ctx, slow, lease),
			"complete": db.Complete(ctx, slow, func(*store.Tx) error { applied = true; return nil }),
			"repeat":   db.Repeat(ctx, slow, db.Now(), func(*store.Tx) error { applied = true; return nil }),
			"postpone": db.Postpone(ctx, slow, db.Now(), "too slow"),
			"release":  db.Release(ctx, slow),
		} {
			if !errors.Is(err, store.ErrLost) {
				t.Errorf("%s gave %v", doing, err)
			}
		}
		if applied {
			t.Error("the first attempt finished the second")
		}
		if n := db.Stats().Lost; n != 5 {
			t.Errorf("%d were counted as lost", n)
		}
		// Even the same worker is fenced from its own earlier attempt.
		if err := db.Renew(ctx, quick[0], lease); err != nil {
			t.Error(err)
		}
		endLeases(t, db)
		third := claim(t, db, "quick", 1)[0]
		if err := db.Complete(ctx, quick[0], nil); !errors.Is(err, store.ErrLost) {
			t.Errorf("got %v", err)
		}
		if err := db.Complete(ctx, third, nil); err != nil {
			t.Error(err)
		}
	})
}

// endLeases lets all leases run out at once.
func endLeases(t *testing.T, db *store.DB) {
	t.Helper()
	if _, err := db.Handle().Exec(`UPDATE ledger SET leased_until = 1 WHERE leased_until <> 0`); err != nil {
		t.Fatal(err)
	}
}

func TestASlowWorkerThatWasNotReplacedMayFinish(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		enqueue(t, db, row("a", "p"))
		slow := claim(t, db, "slow", 1)[0]
		endLeases(t, db)
		if err := db.Complete(t.Context(), slow, nil); err != nil {
			t.Error(err)
		}
	})
}

func TestLeasesEndByTheClock(t *testing.T) {
	now := newClock()
	db := storetest.Open(t, storetest.SQLite(t), store.Options{Now: now.Now})
	enqueue(t, db, row("a", "p"))
	held := claim(t, db, "w1", 1)[0]
	now.Step(lease - time.Millisecond)
	if rows := claim(t, db, "w2", 1); len(rows) != 0 {
		t.Error("taken from its owner before the lease ended")
	}
	if err := db.Renew(t.Context(), held, lease); err != nil {
		t.Fatal(err)
	}
	now.Step(lease - time.Millisecond)
	if rows := claim(t, db, "w2", 1); len(rows) != 0 {
		t.Error("taken from its owner although renewed")
	}
	now.Step(time.Millisecond)
	if rows := claim(t, db, "w2", 1); len(rows) != 1 {
		t.Error("not given on when the lease ended")
	}
}

// TestAKilledReplicasRowsAreTakenOver measures, on the real clock, how long the
// rows of a replica that vanished wait.
func TestAKilledReplicasRowsAreTakenOver(t *testing.T) {
	url := storetest.Postgres(t)
	gone, other := storetest.Open(t, url, store.Options{}), storetest.Open(t, url, store.Options{
		Now: func() time.Time { return time.Now().Add(-time.Hour) }, // its own clock is wrong and must not matter
	})
	enqueue(t, gone, row("a", "p"))
	const lease = 300 * time.Millisecond
	start := time.Now()
	if rows, err := gone.Claim(t.Context(), "gone", alerts, 1, lease); err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		rows, err := other.Claim(t.Context(), "other", alerts, 1, lease)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 1 {
			break
		}
		if time.Since(start) > 20*time.Second {
			t.Fatal("never taken over")
		}
		<-poll.C
	}
	if took := time.Since(start); took < lease-10*time.Millisecond {
		t.Errorf("taken over after %v, before the lease of %v ended", took, lease)
	} else {
		t.Logf("a lease of %v was taken over after %v", lease, took)
	}
}

func TestAtStartOwnRowsAreTakenBackAtOnce(t *testing.T) {
	path := storetest.SQLite(t)
	db := storetest.Open(t, path, store.Options{})
	enqueue(t, db, row("a", "p"), row("b", "q"))
	claim(t, db, "before the kill", 2)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = storetest.Open(t, path, store.Options{})
	rows := claim(t, db, "after the start", 2)
	if payloads(rows) != "p q" || rows[0].Attempt != 2 {
		t.Errorf("got %+v", rows)
	}
}

func TestReplicasNeverReclaimWhatOthersHold(t *testing.T) {
	url := storetest.Postgres(t)
	db := storetest.Open(t, url, store.Options{})
	enqueue(t, db, row("a", "p"))
	claim(t, db, "other", 1)
	if rows := claim(t, storetest.Open(t, url, store.Options{}), "new", 1); len(rows) != 0 {
		t.Error("a replica that starts took what another holds")
	}
}

func TestCompletionAndItsWorkAreOne(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		enqueue(t, db, row("a", "p"))
		r := claim(t, db, "w", 1)[0]
		sorry := errors.New("sorry")
		remember := func(tx *store.Tx) error { _, err := tx.Seen(ctx, "done", time.Now()); return err }
		if err := db.Complete(ctx, r, func(tx *store.Tx) error { return errors.Join(remember(tx), sorry) }); !errors.Is(err, sorry) {
			t.Fatalf("got %v", err)
		}
		if err := db.Renew(ctx, r, lease); err != nil {
			t.Fatalf("a completion that failed lost the row: %v", err)
		}
		if err := db.Complete(ctx, r, remember); err != nil {
			t.Fatal(err)
		}
		if err := db.Complete(ctx, r, nil); !errors.Is(err, store.ErrLost) {
			t.Errorf("done twice: %v", err)
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			if first, err := tx.Seen(ctx, "done", time.Now()); first || err != nil {
				t.Error("what came with the completion is not there", err)
			}
			return nil
		})
	})
}

func TestARecurringRowExistsOnceAndComesBack(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		var added []bool
		for range 3 {
			write(t, db, func(ctx context.Context, tx *store.Tx) error {
				ok, err := tx.EnqueueOnce(ctx, "purge", store.LedgerRow{Kind: "alert", Payload: []byte("purge")})
				added = append(added, ok)
				return err
			})
		}
		if !slices.Equal(added, []bool{true, false, false}) {
			t.Errorf("added %v", added)
		}
		r := claim(t, db, "w", 9)
		if len(r) != 1 {
			t.Fatalf("got %+v", r)
		}
		if err := db.Postpone(ctx, r[0], db.Now().Add(-time.Second), "once more"); err != nil {
			t.Fatal(err)
		}
		r = claim(t, db, "w", 9)
		if err := db.Repeat(ctx, r[0], db.Now().Add(time.Hour), nil); err != nil {
			t.Fatal(err)
		}
		if rows := claim(t, db, "w", 9); len(rows) != 0 {
			t.Errorf("came back too soon: %+v", rows)
		}
		if _, err := db.Handle().Exec(`UPDATE ledger SET due = 1`); err != nil {
			t.Fatal(err)
		}
		r = claim(t, db, "w", 9)
		if len(r) != 1 || r[0].Attempt != 1 || r[0].LastErr != "" || string(r[0].Payload) != "purge" {
			t.Errorf("it came back as %+v", r)
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.EnqueueOnce(ctx, "", store.LedgerRow{Kind: "alert"}); err == nil {
				t.Error("a recurring row without a key was taken")
			}
			return nil
		})
	})
}

func TestWhatWaitsIsCounted(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		of := func(kind, server string, due time.Duration) store.LedgerRow {
			r := store.LedgerRow{Kind: kind, Due: db.Now().Add(due), Payload: []byte("secret words")}
			if server != "" {
				r.Platform, r.Server = "playground", "s1"
			}
			return r
		}
		enqueue(t, db, of("alert", "s1", -2*time.Hour), of("alert", "s1", -time.Hour), of("alert", "", -3*time.Hour),
			of("alert", "s1", time.Hour), of("purge", "", -time.Minute), of("digest", "s1", time.Hour))
		rows, err := db.Claim(ctx, "w", []string{"alert"}, 2, lease)
		if err != nil || len(rows) != 2 {
			t.Fatal(rows, err)
		}
		for i, r := range rows {
			if err := db.Postpone(ctx, r, db.Now().Add(time.Minute), fmt.Sprintf("reason %d", i)); err != nil {
				t.Fatal(err)
			}
		}
		check := func(platform, server string, want ...store.Waiting) {
			t.Helper()
			read(t, db, func(ctx context.Context, tx *store.Tx) error {
				got, err := tx.Waiting(ctx, platform, "s1")
				if server == "" {
					got, err = tx.Waiting(ctx, "", "")
				}
				if len(got) != len(want) {
					t.Fatalf("got %+v, want %+v", got, want)
				}
				for i, w := range want {
					if got[i].Since.Sub(w.Since).Abs() > time.Minute {
						t.Errorf("%s waits since %v, want %v", w.Kind, got[i].Since, w.Since)
					}
					got[i].Since = w.Since
					if got[i] != w {
						t.Errorf("got %+v, want %+v", got[i], w)
					}
				}
				return err
			})
		}
		// rows[0] is the older by its place in the ledger: the one of s1.
		check("", "", store.Waiting{Kind: "alert", Count: 3, Since: db.Now().Add(-3 * time.Hour), Failing: 2, Attempts: 1, Reason: "reason 0"},
			store.Waiting{Kind: "purge", Count: 1, Since: db.Now().Add(-time.Minute)})
		check("playground", "s1", store.Waiting{Kind: "alert", Count: 2, Since: db.Now().Add(-2 * time.Hour), Failing: 1, Attempts: 1, Reason: "reason 0"})
		check("slack", "s1")
	})
}

func TestAReasonRepeatsNothing(t *testing.T) {
	for _, c := range []struct{ reason, payload, want string }{
		{"the platform is away", `{"case":"c1"}`, "the platform is away"},
		{`cannot send {"words":"secret"}: too long`, `{"words":"secret"}`, "cannot send [redacted]: too long"},
		{"two\nlines\x00 and\ttabs", "", "two lines and tabs"},
		{"", "", "it failed without saying why"},
		{strings.Repeat("é", 400), "", strings.Repeat("é", store.MaxReason-1) + "…"},
		{"a b", " ", "a b"},
	} {
		if got := store.TidyReason(c.reason, []byte(c.payload)); got != c.want {
			t.Errorf("%.40q became %.60q, want %.60q", c.reason, got, c.want)
		}
	}
}

// TestEightClaimersLoseAndDoubleNothing works 180 rows of 12 lanes off with
// eight workers on as many replicas as the engine can have, some of which stop
// in the midst of their work.
func TestEightClaimersLoseAndDoubleNothing(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(t *testing.T) string) {
		const lanes, perLane, workers = 12, 15, 8
		address := url(t)
		replicas := []*store.DB{storetest.Open(t, address, store.Options{})}
		if replicas[0].Postgres() {
			replicas = append(replicas, storetest.Open(t, address, store.Options{}))
		}
		var enqueuers sync.WaitGroup
		for l := range lanes {
			enqueuers.Go(func() {
				for i := range perLane {
					r := row(fmt.Sprint("lane ", l), fmt.Sprintf("%d %d", l, i))
					enqueue(t, replicas[l%len(replicas)], r)
				}
			})
		}
		var mu sync.Mutex
		var done [lanes][]int
		left := func() bool {
			mu.Lock()
			defer mu.Unlock()
			for _, d := range done {
				if len(d) < perLane {
					return true
				}
			}
			return false
		}
		finish := func(db *store.DB, r store.LedgerRow) {
			var l, i int
			if _, err := fmt.Sscan(string(r.Payload), &l, &i); err != nil {
				t.Error(err)
			}
			err := db.Complete(t.Context(), r, func(tx *store.Tx) error {
				first, err := tx.Seen(t.Context(), "done "+string(r.Payload), time.Now())
				if err == nil && !first {
					err = fmt.Errorf("%s was done twice", r.Payload)
				}
				// Noted before the commit, after which the next of the lane may
				// be done at once; Write may run this again.
				mu.Lock()
				defer mu.Unlock()
				if n := len(done[l]); err == nil && (n == 0 || done[l][n-1] != i) {
					done[l] = append(done[l], i)
				}
				return err
			})
			if err != nil && !errors.Is(err, store.ErrLost) { // lost: another has it
				t.Error(err)
			}
		}
		var wg sync.WaitGroup
		for w := range workers {
			db := replicas[w%len(replicas)]
			wg.Go(func() {
				stalls := 0
				for turn := 0; left() && !t.Failed(); turn++ {
					rows, err := db.Claim(t.Context(), fmt.Sprintf("w%d.%d", w, turn), alerts, 1+w%3, 30*time.Millisecond)
					if err != nil {
						t.Error(err)
						return
					}
					for n, r := range rows {
						if w < 2 && n == 0 && stalls < 10 && r.Attempt == 1 {
							stalls++ // as if killed: never finished, its lease ends
							continue
						}
						finish(db, r)
					}
				}
			})
		}
		enqueuers.Wait()
		wg.Wait()
		for l, order := range done {
			if len(order) != perLane || !slices.IsSorted(order) {
				t.Errorf("lane %d was done in the order %v", l, order)
			}
		}
		read(t, replicas[0], func(ctx context.Context, tx *store.Tx) error {
			if w, err := tx.Waiting(ctx, "", ""); err != nil || len(w) != 0 {
				t.Errorf("left over: %+v, %v", w, err)
			}
			return nil
		})
	})
}

func TestNoTwoClaimersGetTheSameRow(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		const rows = 200
		for range rows / 10 {
			enqueue(t, db, make([]store.LedgerRow, 10)...)
		}
		var mu sync.Mutex
		got := map[string]int{}
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for {
					claimed, err := db.Claim(t.Context(), fmt.Sprint("w", w), alerts, 3, time.Hour)
					if err != nil {
						t.Error(err)
					}
					if len(claimed) == 0 {
						return // the rest is held by others, or locked by them just now
					}
					mu.Lock()
					for _, r := range claimed {
						got[r.ID] += r.Attempt
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for _, r := range claim(t, db, "last", rows) {
			got[r.ID] += r.Attempt
		}
		for id, attempts := range got {
			if attempts != 1 {
				t.Errorf("row %s was claimed %d times", id, attempts)
			}
		}
		if len(got) != rows {
			t.Errorf("%d of %d rows were claimed", len(got), rows)
		}
	})
}

// TestAClaimPassesOverWhatAnotherHolds claims while somebody else's transaction
// holds a row, as another replica's claim does for a moment.
func TestAClaimPassesOverWhatAnotherHolds(t *testing.T) {
	db := storetest.Open(t, storetest.Postgres(t), store.Options{})
	enqueue(t, db, row("a", "held"), row("b", "free"))
	other, err := db.Handle().Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback()
	if _, err := other.Exec(`SELECT 1 FROM ledger WHERE lane = 'a' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	if got := payloads(claim(t, db, "w", 9)); got != "free" {
		t.Errorf("claimed %q", got)
	}
}

// TestNothingSlipsInBeforeTheFirstOfALane enqueues into a lane while another
// transaction has done so and not committed yet: it must come second, and be
// seen second, or two of one lane could be worked on at once.
func TestNothingSlipsInBeforeTheFirstOfALane(t *testing.T) {
	db := storetest.Open(t, storetest.Postgres(t), store.Options{})
	second := make(chan error, 1)
	write(t, db, func(ctx context.Context, tx *store.Tx) error {
		first := row("a", "first")
		first.Kind = "alert"
		if err := tx.Enqueue(ctx, first); err != nil {
			return err
		}
		go func() {
			second <- db.Write(ctx, func(tx *store.Tx) error {
				r := row("a", "second")
				r.Kind = "alert"
				return tx.Enqueue(ctx, r)
			})
		}()
		for {
			select {
			case err := <-second:
				t.Fatalf("the second was committed before the first (%v)", err)
			default:
			}
			var waits int
			err := db.Handle().QueryRow(`SELECT count(*) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waits)
			if err != nil || waits > 0 {
				return err
			}
		}
	})
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if got := payloads(claim(t, db, "w", 9)); got != "first" {
		t.Errorf("claimed %q", got)
	}
}

// TestWhatIsDoneIsGoneFromTheDisk looks for a marker in every byte of the
// files.
func TestWhatIsDoneIsGoneFromTheDisk(t *testing.T) {
	for _, size := range []int{0, 100_000} { // in its page, and in pages of its own
		path := storetest.SQLite(t)
		db := storetest.Open(t, path, store.Options{})
		marker := []byte("marker-0f7d2c")
		found := func() (files []string) {
			for _, suffix := range []string{"", "-wal"} {
				b, err := os.ReadFile(path + suffix)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(b, marker) {
					files = append(files, "waymark.db"+suffix)
				}
			}
			return files
		}
		payload := slices.Concat(marker, bytes.Repeat([]byte{'.'}, size), marker)
		enqueue(t, db, store.LedgerRow{Payload: payload}, row("", "another row in the same page"))
		if err := db.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(found()) == 0 {
			t.Fatal("the marker is not where this test looks for it")
		}
		r := claim(t, db, "w", 1)[0]
		if !bytes.Equal(r.Payload, payload) {
			t.Fatal("the payload came back changed")
		}
		if err := db.Complete(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
		if err := db.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		if files := found(); len(files) > 0 {
			t.Errorf("with %d bytes: what was done is still in %v", size, files)
		}
	}
}

func TestARowNeedsAKind(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.Enqueue(t.Context(), store.LedgerRow{}) })
		if err == nil {
			t.Error("a row that nobody can ever handle was taken")
		}
	})
}
