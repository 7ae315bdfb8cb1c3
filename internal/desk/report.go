package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waymark-bot/waymark/internal/alert"
	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/guide"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
)

// Report takes in what a member wants to tell staff and returns the number of
// the case. What was written is sealed and goes with the ledger row that
// delivers it; who wrote it is in there too, if they gave their name, and
// nowhere else.
func (d *Desk) Report(ctx context.Context, platform string, r guide.Report) (string, error) {
	k := servers.Key{Platform: platform, Server: r.Server}
	set := d.book.Settings(ctx, k)
	if set.StaffPlace == "" && len(set.Leads) == 0 {
		return "", guide.ErrNobody
	}
	if r.LeadsOnly && len(set.Leads) == 0 {
		return "", guide.ErrNoLead
	}
	sealed, err := d.seal.Close(alert.Words{Text: r.Text, Name: r.By.Name})
	if err != nil {
		return "", err
	}
	now := d.o.Now()
	c := cases.Case{
		Platform: platform, Server: r.Server, Kind: cases.ByReport, LeadsOnly: r.LeadsOnly,
		Severity: detect.High, Categories: []detect.Category{detect.Report},
		State: cases.Open, OpenedAt: now, UpdatedAt: now,
	}
	if m := r.About; m != nil {
		c.Author, c.AuthorName = m.Author.ID, m.Author.Name
		c.Place, c.Message = m.Place.ID, m.ID
		c.PlaceName, c.Link = d.whereabouts(ctx, platform, m.Ref())
	}
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		first, err := tx.Seen(ctx, "report:"+platform+":"+r.ID, now)
		if err != nil {
			return err
		}
		if !first {
			return errTwice
		}
		if err := tx.InsertCase(ctx, &c); err != nil {
			return err
		}
		if err := alert.Announce(ctx, tx, c, now); err != nil {
			return err
		}
		return alert.Written(ctx, tx, c, sealed, now)
	})
	if errors.Is(err, errTwice) {
		return "", guide.ErrTwice
	}
	if err != nil {
		return "", fmt.Errorf("take in a report: %w", err)
	}
	return fmt.Sprint(c.Number), nil
}

// whereabouts asks the platform what a place is called and for the link to a
// message; a report does not wait for it.
func (d *Desk) whereabouts(ctx context.Context, platform string, at chat.MessageRef) (name, link string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	m, err := d.platforms[platform].Fetch(ctx, at)
	if err != nil {
		return "", ""
	}
	return m.Place.Name, m.Link
}

var errTwice = errors.New("this report was taken in before")

// Reporter is the desk as the guide sees it, for one platform.
func (d *Desk) Reporter(platform string) guide.Reporter { return reporter{d, platform} }

type reporter struct {
	desk     *Desk
	platform string
}

func (r reporter) Report(ctx context.Context, rep guide.Report) (string, error) {
	return r.desk.Report(ctx, r.platform, rep)
}
