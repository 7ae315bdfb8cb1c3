package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

var noon = time.Date(2030, 3, 4, 12, 0, 0, 0, time.UTC)

// aSign is a sign of one author, so many minutes after noon.
func aSign(message, rule string, minute int) cases.Sign {
	return cases.Sign{
		Platform: "playground", Server: "s1", Place: "p1", PlaceName: "general", Message: chat.MessageID(message),
		Link: "https://chat.example/" + message, Author: "older", Addressed: "young", Rule: rule,
		Category: detect.Secrecy, Weight: 2.5, At: noon.Add(time.Duration(minute) * time.Minute),
	}
}

func aCase(author, addressed chat.PersonID) cases.Case {
	return cases.Case{
		Platform: "playground", Server: "s1", Kind: cases.BySignals,
		Author: author, AuthorName: "Older", Addressed: addressed, AddressedName: "Young", LeadsOnly: true,
		Severity: detect.High, Categories: []detect.Category{detect.Secrecy, detect.MovePrivate},
		Place: "p1", PlaceName: "general", Message: "m1", Link: "https://chat.example/m1",
		State: cases.Open, OpenedAt: noon, UpdatedAt: noon,
	}
}

func insert(t testing.TB, db *store.DB, c cases.Case) cases.Case {
	t.Helper()
	write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.InsertCase(ctx, &c) })
	return c
}

func messages(signs []cases.Sign) string {
	var ids []string
	for _, s := range signs {
		ids = append(ids, string(s.Message))
	}
	return strings.Join(ids, " ")
}

func TestASignIsKeptOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		add := func(signs ...cases.Sign) (added []cases.Sign) {
			write(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				added, err = tx.AddSigns(ctx, signs)
				return err
			})
			return added
		}
		added := add(aSign("m2", "a", 2), aSign("m1", "a", 1), aSign("m2", "a", 2))
		if messages(added) != "m2 m1" || added[0].ID == "" || added[0].ID == added[1].ID {
			t.Fatalf("added %+v", added)
		}
		elsewhere, other := aSign("m1", "a", 1), aSign("m1", "b", 1)
		elsewhere.Place = "p2" // some platforms number messages in each channel
		if again := add(aSign("m1", "a", 1), elsewhere, other); len(again) != 2 {
			t.Errorf("added %+v, want the one in another place and the one of another rule", again)
		}
		if none := add(); none != nil {
			t.Errorf("added %+v", none)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.SignsBy(ctx, "playground", "s1", "older", noon.Add(2*time.Minute))
			if len(got) != 1 || !reflect.DeepEqual(got[0], added[0]) {
				t.Errorf("got %+v, want %+v", got, added[:1])
			}
			return err
		})
	})
}

func TestSignsOfClosedCasesAddUpNoMore(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		open, done := insert(t, db, aCase("older", "young")), insert(t, db, aCase("older", "other"))
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			added, err := tx.AddSigns(ctx, []cases.Sign{
				aSign("m3", "a", 3), aSign("m1", "a", 1), aSign("m2", "a", 2), aSign("m0", "a", 0)})
			if err != nil {
				return err
			}
			if err := tx.AttachSigns(ctx, open.ID, []string{added[0].ID, added[1].ID}); err != nil {
				return err
			}
			if err := tx.AttachSigns(ctx, done.ID, []string{added[2].ID}); err != nil {
				return err
			}
			if err := tx.AttachSigns(ctx, done.ID, nil); err != nil {
				return err
			}
			done, err = done.Close(chat.Person{ID: "mod"}, cases.NoAction, noon)
			if err != nil {
				return err
			}
			return tx.UpdateCase(ctx, &done)
		})
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			signs, err := tx.SignsBy(ctx, "playground", "s1", "older", noon)
			if got := messages(signs); got != "m0 m1 m3" {
				t.Errorf("the author's signs are %q", got)
			}
			if err != nil {
				return err
			}
			signs, err = tx.CaseSigns(ctx, open.ID)
			if got := messages(signs); got != "m1 m3" || signs[0].Case != open.ID {
				t.Errorf("the case's signs are %q", got)
			}
			return err
		})
	})
}

func TestACaseIsKeptWhole(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		c := insert(t, db, aCase("older", "young"))
		if c.ID == "" || c.Number != 1 || c.Version != 1 {
			t.Fatalf("got %+v", c)
		}
		check := func(want cases.Case) {
			t.Helper()
			read(t, db, func(ctx context.Context, tx *store.Tx) error {
				byID, err := tx.Case(ctx, want.ID)
				if err != nil {
					return err
				}
				byNumber, err := tx.CaseByNumber(ctx, want.Platform, want.Server, want.Number)
				if !reflect.DeepEqual(byID, want) || !reflect.DeepEqual(byNumber, want) {
					t.Errorf("got %+v and %+v, want %+v", byID, byNumber, want)
				}
				return err
			})
		}
		check(c)
		taken, err := c.Take(chat.Person{ID: "mod", Name: "Mo"}, noon.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateCase(ctx, &taken) })
		if taken.Version != 2 {
			t.Errorf("the version is %d", taken.Version)
		}
		check(taken)
		late, err := c.Close(chat.Person{ID: "lead"}, cases.Acted, noon)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Write(t.Context(), func(tx *store.Tx) error { return tx.UpdateCase(t.Context(), &late) })
		if !errors.Is(err, store.ErrConflict) || late.Version != 1 {
			t.Errorf("the loser of the race got %v and version %d", err, late.Version)
		}
		check(taken)
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Case(ctx, "nothing"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("got %v", err)
			}
			if _, err := tx.CaseByNumber(ctx, "playground", "s1", 99); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("got %v", err)
			}
			return nil
		})
	})
}

func TestOneOpenCaseForEachPair(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		find := func(author, addressed chat.PersonID) (c cases.Case, found bool) {
			read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				c, found, err = tx.OpenCaseFor(ctx, "playground", "s1", author, addressed)
				return err
			})
			return c, found
		}
		if _, found := find("older", "young"); found {
			t.Error("found a case before there was one")
		}
		first := insert(t, db, aCase("older", "young"))
		insert(t, db, aCase("older", ""))
		insert(t, db, aCase("other", "young"))
		report := aCase("older", "young")
		report.Kind = cases.ByReport
		insert(t, db, report)
		if c, found := find("older", "young"); !found || c.ID != first.ID {
			t.Errorf("found %+v", c)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			open, err := tx.OpenCasesBy(ctx, "playground", "s1", "older")
			if len(open) != 2 || open[1].ID != first.ID {
				t.Errorf("the author's open cases are %+v", open)
			}
			return err
		})
		second := aCase("older", "young")
		err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.InsertCase(t.Context(), &second) })
		if !errors.Is(err, store.ErrPairOpen) || second.ID != "" {
			t.Fatalf("a second case of the pair gave %v", err)
		}
		closed, err := first.Close(chat.Person{ID: "mod"}, cases.FalseAlarm, noon)
		if err != nil {
			t.Fatal(err)
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateCase(ctx, &closed) })
		if _, found := find("older", "young"); found {
			t.Error("a closed case was found")
		}
		insert(t, db, second)
		reopened, err := closed.Reopen(chat.Person{ID: "mod"}, noon)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Write(t.Context(), func(tx *store.Tx) error { return tx.UpdateCase(t.Context(), &reopened) })
		if !errors.Is(err, store.ErrPairOpen) {
			t.Errorf("reopening beside a newer case gave %v", err)
		}
	})
}

// TestManyAtOnceOpenOneCase is the race of a conversation whose messages reach
// several workers, or replicas, at the same moment: signs that only add up
// together must add up, and open one case.
func TestManyAtOnceOpenOneCase(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(t *testing.T) string) {
		address := url(t)
		replicas := []*store.DB{storetest.Open(t, address, store.Options{})}
		if replicas[0].Postgres() {
			replicas = append(replicas, storetest.Open(t, address, store.Options{}), storetest.Open(t, address, store.Options{}))
		}
		const threshold = 4
		keep := func(ctx context.Context, tx *store.Tx, s cases.Sign) error {
			added, err := tx.AddSigns(ctx, []cases.Sign{s})
			if err != nil {
				return err
			}
			all, err := tx.SignsBy(ctx, s.Platform, s.Server, s.Author, noon)
			if err != nil || len(all) < threshold {
				return err
			}
			c, found, err := tx.OpenCaseFor(ctx, s.Platform, s.Server, s.Author, s.Addressed)
			if err != nil {
				return err
			}
			if !found {
				added, c = all, aCase(s.Author, s.Addressed)
				err = tx.InsertCase(ctx, &c)
			} else {
				c, _ = c.Add(added, detect.High, noon)
				err = tx.UpdateCase(ctx, &c)
			}
			if err != nil {
				return err
			}
			var ids []string
			for _, a := range added {
				ids = append(ids, a.ID)
			}
			if err := tx.AttachSigns(ctx, c.ID, ids); err != nil {
				return err
			}
			return tx.Enqueue(ctx, store.LedgerRow{Kind: "alert", Lane: c.ID})
		}
		for round := range 10 {
			var wg sync.WaitGroup
			for i := range threshold + 2 {
				s := aSign(fmt.Sprint(round, " ", i), "r", i)
				s.Author = chat.PersonID(fmt.Sprint("author ", round))
				wg.Go(func() {
					err := replicas[i%len(replicas)].Write(t.Context(), func(tx *store.Tx) error { return keep(t.Context(), tx, s) })
					if err != nil {
						t.Errorf("round %d: %v", round, err)
					}
				})
			}
			wg.Wait()
		}
		read(t, replicas[0], func(ctx context.Context, tx *store.Tx) error {
			all, err := tx.Cases(ctx, "playground", "s1", store.CaseFilter{})
			if len(all) != 10 {
				t.Errorf("%d cases, want 10", len(all))
			}
			for _, c := range all {
				if signs, err := tx.CaseSigns(ctx, c.ID); err != nil || len(signs) != threshold+2 {
					t.Errorf("case %d of %s has %d signs (%v)", c.Number, c.Author, len(signs), err)
				}
			}
			return err
		})
	})
}

// TestTwoReplicasOpenOneCase lets transactions race that each look for the
// pair's case and open one where there is none, without any sign.
func TestTwoReplicasOpenOneCase(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for round := range 5 {
			author := chat.PersonID(fmt.Sprint("author ", round))
			var wg sync.WaitGroup
			for range 6 {
				wg.Go(func() {
					write(t, db, func(ctx context.Context, tx *store.Tx) error {
						c, found, err := tx.OpenCaseFor(ctx, "playground", "s1", author, "young")
						if err != nil || found {
							return err
						}
						c = aCase(author, "young")
						return tx.InsertCase(ctx, &c)
					})
				})
			}
			wg.Wait()
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			all, err := tx.Cases(ctx, "playground", "s1", store.CaseFilter{})
			if len(all) != 5 {
				t.Errorf("%d cases, want 5", len(all))
			}
			return err
		})
	})
}

// TestACaseReadInItsTransactionDoesNotConflict changes one case from many
// sides at once: who reads it within Write waits instead of failing.
func TestACaseReadInItsTransactionDoesNotConflict(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		first := insert(t, db, aCase("older", "young"))
		reads := []func(ctx context.Context, tx *store.Tx) (cases.Case, error){
			func(ctx context.Context, tx *store.Tx) (cases.Case, error) { return tx.Case(ctx, first.ID) },
			func(ctx context.Context, tx *store.Tx) (cases.Case, error) {
				return tx.CaseByNumber(ctx, "playground", "s1", first.Number)
			},
			func(ctx context.Context, tx *store.Tx) (cases.Case, error) {
				c, _, err := tx.OpenCaseFor(ctx, "playground", "s1", "older", "young")
				return c, err
			},
			func(ctx context.Context, tx *store.Tx) (cases.Case, error) {
				open, err := tx.OpenCasesBy(ctx, "playground", "s1", "older")
				if err != nil || len(open) == 0 {
					return cases.Case{}, err
				}
				return open[0], nil
			},
		}
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				write(t, db, func(ctx context.Context, tx *store.Tx) error {
					c, err := reads[i%len(reads)](ctx, tx)
					if err != nil {
						return err
					}
					c.PlaceName += "."
					return tx.UpdateCase(ctx, &c)
				})
			})
		}
		wg.Wait()
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			c, err := tx.Case(ctx, first.ID)
			if c.Version != 13 || len(c.PlaceName) != len(first.PlaceName)+12 {
				t.Errorf("got %+v", c)
			}
			return err
		})
	})
}

func TestCasesAreListedNewestFirst(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for _, author := range []chat.PersonID{"a", "b", "c", "d"} {
			insert(t, db, aCase(author, ""))
		}
		elsewhere := aCase("a", "")
		elsewhere.Server = "s2"
		if c := insert(t, db, elsewhere); c.Number != 1 {
			t.Errorf("another server's first case has number %d", c.Number)
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			c, err := tx.CaseByNumber(ctx, "playground", "s1", 2)
			if err != nil {
				return err
			}
			c, err = c.Close(chat.Person{ID: "mod"}, cases.Acted, noon)
			if err != nil {
				return err
			}
			return tx.UpdateCase(ctx, &c)
		})
		for _, c := range []struct {
			name   string
			filter store.CaseFilter
			want   []int
		}{
			{"all", store.CaseFilter{}, []int{4, 3, 2, 1}},
			{"first page", store.CaseFilter{Limit: 3}, []int{4, 3, 2}},
			{"next page", store.CaseFilter{Limit: 3, Before: 2}, []int{1}},
			{"closed", store.CaseFilter{States: []cases.State{cases.Closed}}, []int{2}},
			{"not closed", store.CaseFilter{States: []cases.State{cases.Open, cases.Acknowledged}, Limit: 2, Before: 4}, []int{3, 1}},
		} {
			read(t, db, func(ctx context.Context, tx *store.Tx) error {
				list, err := tx.Cases(ctx, "playground", "s1", c.filter)
				var got []int
				for _, x := range list {
					got = append(got, x.Number)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%s: got %v, want %v", c.name, got, c.want)
				}
				return err
			})
		}
	})
}

func TestReceipts(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		room := cases.Receipt{Case: "c1", Place: "staff", Card: "m9", At: noon}
		lead := cases.Receipt{Case: "c1", Place: "dm", Card: "m10", To: "jo", Reason: "the room is open to members", At: noon.Add(time.Second)}
		second := room
		second.Card = "m11"
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			for _, r := range []cases.Receipt{lead, room, second} {
				if err := tx.AddReceipt(ctx, r); err != nil {
					return err
				}
			}
			return nil
		})
		check := func(want ...cases.Receipt) {
			t.Helper()
			read(t, db, func(ctx context.Context, tx *store.Tx) error {
				got, err := tx.Receipts(ctx, "c1")
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, want %+v", got, want)
				}
				return err
			})
		}
		check(room, lead)
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.RemoveReceipt(ctx, "c1", "staff") })
		check(lead)
	})
}

func TestTheAuditTellsWhoDidWhat(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		entry := func(server chat.ServerID, caseID, action string, minute int) cases.Entry {
			return cases.Entry{Platform: "playground", Server: server, Case: caseID, Actor: "mod", ActorName: "Mo",
				Action: action, Detail: "d", At: noon.Add(time.Duration(minute) * time.Minute)}
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			for _, e := range []cases.Entry{entry("s1", "c1", "take", 1), entry("s1", "c1", "close", 3),
				entry("s1", "", "settings", 2), entry("s2", "", "settings", 9)} {
				if err := tx.AddAudit(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []struct {
			caseID string
			limit  int
			want   string
		}{{"", 0, "close settings take"}, {"", 2, "close settings"}, {"c1", 0, "close take"}, {"c2", 5, ""}} {
			read(t, db, func(ctx context.Context, tx *store.Tx) error {
				list, err := tx.Audit(ctx, "playground", "s1", c.caseID, c.limit)
				var actions []string
				for _, e := range list {
					actions = append(actions, e.Action)
				}
				if got := strings.Join(actions, " "); got != c.want {
					t.Errorf("case %q, limit %d: got %q, want %q", c.caseID, c.limit, got, c.want)
				}
				if len(list) > 0 {
					want := entry("s1", "c1", "close", 3)
					want.ID = list[0].ID
					if list[0] != want || want.ID == "" {
						t.Errorf("got %+v, want %+v", list[0], want)
					}
				}
				return err
			})
		}
	})
}

func TestSettingsAreKept(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		check := func(want cases.Settings, known bool) {
			t.Helper()
			read(t, db, func(ctx context.Context, tx *store.Tx) error {
				got, found, err := tx.Settings(ctx, "playground", "s1")
				if !reflect.DeepEqual(got, want) || found != known {
					t.Errorf("got %+v, %v; want %+v, %v", got, found, want, known)
				}
				return err
			})
		}
		check(cases.Settings{}, false)
		insert(t, db, aCase("older", "young")) // gives the server a number, not settings
		check(cases.Settings{}, false)
		want := cases.Settings{StaffPlace: "staff", StaffRole: "r", Leads: []chat.PersonID{"jo"}, Region: "UK",
			Threshold: detect.High, Excluded: []chat.PlaceID{"memes"}, PausedUntil: noon}
		for _, s := range []cases.Settings{{Region: "US"}, want} {
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.PutSettings(ctx, "playground", "s1", s) })
		}
		check(want, true)
		if c := insert(t, db, aCase("older", "other")); c.Number != 2 {
			t.Errorf("after the settings changed, a case has number %d", c.Number)
		}
	})
}

// TestNobodysSettingsAreOverwritten lets many staff each add a channel at the
// same time, in transactions that read and then write.
func TestNobodysSettingsAreOverwritten(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		const staff = 4 // each retry of Write lets one more succeed
		var wg sync.WaitGroup
		for i := range staff {
			wg.Go(func() {
				write(t, db, func(ctx context.Context, tx *store.Tx) error {
					s, _, err := tx.Settings(ctx, "playground", "s1")
					if err != nil {
						return err
					}
					s.Excluded = append(s.Excluded, chat.PlaceID(rune('a'+i)))
					return tx.PutSettings(ctx, "playground", "s1", s)
				})
			})
		}
		wg.Wait()
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			s, _, err := tx.Settings(ctx, "playground", "s1")
			if len(s.Excluded) != staff {
				t.Errorf("excluded are %q", s.Excluded)
			}
			return err
		})
	})
}

func TestPurgeDeletesWhatIsOldAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		old, fresh, open := aCase("a", ""), aCase("b", ""), aCase("c", "")
		for _, c := range []*cases.Case{&old, &fresh, &open} {
			*c = insert(t, db, *c)
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			signs := []cases.Sign{aSign("old", "a", 0), aSign("fresh", "a", 0), aSign("open", "a", 0), aSign("loose old", "a", 0), aSign("loose new", "a", 90)}
			added, err := tx.AddSigns(ctx, signs)
			if err != nil {
				return err
			}
			for i, c := range []*cases.Case{&old, &fresh, &open} {
				if err := errors.Join(tx.AttachSigns(ctx, c.ID, []string{added[i].ID}),
					tx.AddReceipt(ctx, cases.Receipt{Case: c.ID, Place: "staff", At: noon})); err != nil {
					return err
				}
			}
			for i, c := range []*cases.Case{&old, &fresh} {
				next, err := c.Close(chat.Person{ID: "mod"}, cases.Acted, noon.Add(time.Duration(i)*time.Hour))
				if err != nil {
					return err
				}
				if err := tx.UpdateCase(ctx, &next); err != nil {
					return err
				}
			}
			for i, at := range []time.Time{noon, noon.Add(time.Hour)} {
				_, err := tx.Seen(ctx, string(rune('a'+i)), at)
				if err := errors.Join(err, tx.AddAudit(ctx, cases.Entry{Platform: "playground", Server: "s1", Action: "x", At: at})); err != nil {
					return err
				}
			}
			return nil
		})
		purge := func(before store.PurgeBefore, want store.Purged) {
			t.Helper()
			write(t, db, func(ctx context.Context, tx *store.Tx) error {
				got, err := tx.Purge(ctx, before)
				if got != want {
					t.Errorf("purged %+v, want %+v", got, want)
				}
				return err
			})
		}
		cut := noon.Add(30 * time.Minute)
		purge(store.PurgeBefore{}, store.Purged{})
		purge(store.PurgeBefore{LooseSigns: cut}, store.Purged{Signs: 1})
		purge(store.PurgeBefore{ClosedCases: cut, LooseSigns: cut, Audit: cut, Seen: cut},
			store.Purged{Cases: 1, Signs: 1, Receipts: 1, Audit: 1, Seen: 1})
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			left, err := tx.Cases(ctx, "playground", "s1", store.CaseFilter{})
			if len(left) != 2 {
				t.Errorf("left are %+v", left)
			}
			return err
		})
		purge(store.PurgeBefore{ClosedCases: noon.Add(48 * time.Hour)}, store.Purged{Cases: 1, Signs: 1, Receipts: 1})
		if c := insert(t, db, aCase("d", "")); c.Number != 4 {
			t.Errorf("after the purge a case has number %d, used before", c.Number)
		}
	})
}

func TestAServerIsForgottenWhole(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		fill := func(server chat.ServerID) {
			c := aCase("older", "young")
			c.Server = server
			c = insert(t, db, c)
			s := aSign("m1", "a", 0)
			s.Server = server
			write(t, db, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.AddSigns(ctx, []cases.Sign{s})
				return errors.Join(err,
					tx.AddReceipt(ctx, cases.Receipt{Case: c.ID, Place: "staff", At: noon}),
					tx.AddAudit(ctx, cases.Entry{Platform: "playground", Server: server, Action: "x", At: noon}),
					tx.PutSettings(ctx, "playground", server, cases.Settings{Region: "UK"}),
					tx.PutTips(ctx, store.Tips{Platform: "playground", Server: server, Place: "general"}),
					tx.PutOwnContacts(ctx, "playground", server, store.OwnContacts{List: []store.OwnContact{{Name: "nurse"}}}),
					tx.Enqueue(ctx, store.LedgerRow{Kind: "alert", Platform: "playground", Server: server}))
			})
		}
		fill("s1")
		fill("s2")
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.ForgetServer(ctx, "playground", "s1") })
		for table, want := range map[string]int{"cases": 1, "signs": 1, "receipts": 1, "audit": 1, "servers": 1, "tips": 1, "contacts": 1, "ledger": 1} {
			var got int
			if err := db.Handle().QueryRow(`SELECT count(*) FROM ` + table).Scan(&got); err != nil || got != want {
				t.Errorf("%s has %d rows (%v), want %d", table, got, err, want)
			}
		}
	})
}

// TestNoNameCanStopAnAlert keeps what people may call themselves, on engines
// of which one refuses zero bytes and broken UTF-8.
func TestNoNameCanStopAnAlert(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for given, want := range map[string]string{
			"":                         "",
			"a\x00b":                   "a\uFFFDb",
			"\xff\xfe bad":             "\uFFFD bad",
			"'; DROP TABLE cases;":     "'; DROP TABLE cases;",
			"😀 {now} $1 ?1 %s":         "😀 {now} $1 ?1 %s",
			strings.Repeat("x", 1<<20): strings.Repeat("x", 1<<20),
		} {
			c := aCase(chat.PersonID("id "+given), "")
			if len(given) > 100 { // nobody's id is as long; an index would refuse it
				c.Author = "long"
			}
			c.AuthorName, c.PlaceName = given, given
			c = insert(t, db, c)
			read(t, db, func(ctx context.Context, tx *store.Tx) error {
				got, err := tx.Case(ctx, c.ID)
				if got.AuthorName != want || got.PlaceName != want {
					t.Errorf("%.20q came back as %.20q", given, got.AuthorName)
				}
				return err
			})
		}
	})
}
