package store

import (
	"context"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Tips is when a server gets its tip of the week.
type Tips struct {
	Platform  string
	Server    chat.ServerID
	Place     chat.PlaceID // empty while stopped
	PlaceName string
	Weekday   time.Weekday
	Hour      int    // 0 to 23, in the zone
	Zone      string // IANA

	// The rest is kept by MarkTip and TipTrouble alone.

	Last    string    // the id of the tip that was posted last, or is being posted
	LastFor time.Time // the moment for which it was due; zero before the first
	Trouble string    // why it could not be posted; empty where it was
}

// Tips reads a server's tips; ErrNotFound where staff never set any.
func (tx *Tx) Tips(ctx context.Context, platform string, server chat.ServerID) (Tips, error) {
	t := Tips{Platform: platform, Server: server}
	var weekday int
	err := tx.one(ctx, "read the tips", []any{&t.Place, &t.PlaceName, &weekday, &t.Hour, &t.Zone, &t.Last, moment{&t.LastFor}, &t.Trouble},
		`SELECT place, place_name, weekday, hour, zone, last, last_for, trouble FROM tips WHERE platform = $1 AND server = $2`+tx.hold(),
		platform, server)
	t.Weekday = time.Weekday(weekday)
	return t, err
}

// PutTips keeps when a server gets its tips. Which one was last stays.
func (tx *Tx) PutTips(ctx context.Context, t Tips) error {
	_, err := tx.exec(ctx, "keep the tips", `INSERT INTO tips (platform, server, place, place_name, weekday, hour, zone)
		VALUES (`+numbered(1, 7)+`) ON CONFLICT (platform, server) DO UPDATE SET place = excluded.place,
			place_name = excluded.place_name, weekday = excluded.weekday, hour = excluded.hour, zone = excluded.zone, trouble = ''`,
		t.Platform, t.Server, t.Place, t.PlaceName, int(t.Weekday), t.Hour, t.Zone)
	return err
}

// MarkTip notes, before it is posted, which tip is for a moment.
func (tx *Tx) MarkTip(ctx context.Context, platform string, server chat.ServerID, id string, due time.Time) error {
	_, err := tx.exec(ctx, "note the tip", `UPDATE tips SET last = $3, last_for = $4 WHERE platform = $1 AND server = $2`,
		platform, server, id, due)
	return err
}

// TipTrouble notes why the last tip could not be posted, empty where it was.
func (tx *Tx) TipTrouble(ctx context.Context, platform string, server chat.ServerID, why string) error {
	_, err := tx.exec(ctx, "note how the tip went", `UPDATE tips SET trouble = $3 WHERE platform = $1 AND server = $2`,
		platform, server, why)
	return err
}
