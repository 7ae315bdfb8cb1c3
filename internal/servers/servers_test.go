package servers_test

import (
	"reflect"
	"testing"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/store/storetest"
)

// What staff set through one replica holds soon on every other, over what the
// configuration says, also for help, which asks no storage.
func TestSettingsReachOtherReplicas(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(*testing.T) string) {
		address, ctx := url(t), t.Context()
		one := storetest.Open(t, address, store.Options{})
		other := one
		if one.Postgres() { // an SQLite file has one program alone
			other = storetest.Open(t, address, store.Options{})
		}
		configured := map[servers.Key]cases.Settings{server(1): {Region: "Wales", Language: "cy", Leads: []chat.PersonID{"jo"}}}
		here, there := servers.New(one, configured, cases.Settings{Region: "unknown"}), servers.New(other, configured, cases.Settings{Region: "unknown"})
		set := func(k servers.Key, s cases.Settings) {
			t.Helper()
			if err := one.Write(ctx, func(tx *store.Tx) error { return tx.PutSettings(ctx, k.Platform, k.Server, s) }); err != nil {
				t.Fatal(err)
			}
			here.Settings(ctx, k) // as whoever answers the change does
		}
		look := func() {
			t.Helper()
			if err := there.Look(ctx); err != nil {
				t.Fatal(err)
			}
		}
		look() // there is nothing yet
		if got := there.Remembered(server(1)); got.Region != "Wales" || got.Threshold != detect.Medium {
			t.Errorf("before any change: %+v", got)
		}
		for _, s := range []cases.Settings{
			{Region: "Scotland"},
			{Region: "Ireland", Language: "fr", Threshold: detect.High, Leads: []chat.PersonID{"sam", "kim"}},
			{Region: "Ireland", Leads: []chat.PersonID{"kim"}, Excluded: []chat.PlaceID{"gaming"}},
		} {
			set(server(1), s)
			want := here.Remembered(server(1))
			if want.Region != s.Region || reflect.DeepEqual(there.Remembered(server(1)), want) {
				t.Errorf("%+v does not hold where it was set, or elsewhere before that replica looked", s)
			}
			look()
			if got := there.Remembered(server(1)); !reflect.DeepEqual(got, want) {
				t.Errorf("another replica knows %+v, want %+v", got, want)
			}
		}
		set(server(2), cases.Settings{Region: "US"})
		look()
		if a, b := there.Remembered(server(1)).Region, there.Remembered(server(2)).Region; a != "Ireland" || b != "US" {
			t.Errorf("the regions are %s and %s", a, b)
		}
	})
}
