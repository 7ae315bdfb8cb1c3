package desk

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/guide"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// Staff can have a tip posted in a channel once a week. When is kept in the
// database; a row of the ledger comes due each time and posts it.

// The verbs of the tips, all for staff.
const (
	verbTipsPreview = "tips.preview"
	verbTipsOther   = "tips.other"
	verbTipsStop    = "tips.stop"
)

// kindTip is the ledger row that posts a server's tips.
const kindTip = "tips.post"

const (
	// tipLate is how late a tip is still posted: after an outage it is welcome on
	// the same day, and the next one is never far. It is also for how long Slack
	// is looked through for a post that got through already.
	tipLate = 24 * time.Hour
	// tipDay and tipHour are when, where staff do not say: early in the week,
	// when school is over.
	tipDay  = time.Monday
	tipHour = 16
	// maxTrouble bounds what is kept of why a tip could not be posted, in runes.
	maxTrouble = 200
)

// tipZones are those to choose from, from west to east; one command's option
// holds 25.
func tipZones() []string {
	return []string{"UTC", "Pacific/Honolulu", "America/Anchorage", "America/Los_Angeles", "America/Phoenix", "America/Denver",
		"America/Chicago", "America/New_York", "America/Halifax", "America/St_Johns", "Europe/Lisbon", "Europe/Dublin",
		"Europe/London", "Europe/Madrid", "Europe/Paris", "Europe/Berlin", "Europe/Warsaw", "Europe/Athens",
		"Africa/Johannesburg", "Asia/Kolkata", "Australia/Perth", "Australia/Adelaide", "Australia/Brisbane", "Australia/Sydney",
		"Pacific/Auckland"}
}

// regionZone is the time zone of a region that has one alone; UTC for others,
// which is said, and which staff can change.
func regionZone(region string) string {
	r, _ := responses.ParseRegion(region)
	switch r {
	case responses.UK, responses.England, responses.Scotland, responses.Wales, responses.NorthernIreland:
		return "Europe/London"
	case responses.Ireland:
		return "Europe/Dublin"
	case responses.India:
		return "Asia/Kolkata"
	case responses.SouthAfrica:
		return "Africa/Johannesburg"
	case responses.NewZealand:
		return "Pacific/Auckland"
	}
	return "UTC"
}

// tipsOptions are what /safeguarding tips takes. Each can be given alone.
func (d *Desk) tipsOptions() []chat.OptionSpec {
	option := func(name string, kind chat.OptionKind, choices ...chat.Option) chat.OptionSpec {
		return chat.OptionSpec{Name: name, Description: d.texts.Say("staff.tips.option." + name), Kind: kind, Choices: choices}
	}
	var days, hours, zones []chat.Option
	for i := range 7 {
		day := time.Weekday((i + 1) % 7) // the week begins on Monday
		days = append(days, chat.Option{Label: d.day(day), Value: strings.ToLower(day.String())})
	}
	for h := range 24 {
		hours = append(hours, chat.Option{Label: clock(h), Value: strconv.Itoa(h)})
	}
	for _, z := range tipZones() {
		zones = append(zones, chat.Option{Label: d.zone(z), Value: z})
	}
	return []chat.OptionSpec{
		option("channel", chat.AChannel), option("day", chat.Words, days...), option("hour", chat.Words, hours...),
		option("zone", chat.Words, zones...),
	}
}

func (d *Desk) day(w time.Weekday) string {
	return d.texts.Say("staff.tips.day." + strings.ToLower(w.String()))
}

func clock(hour int) string { return fmt.Sprintf("%02d:00", hour) }

// zone is what a time zone is called: by its city.
func (d *Desk) zone(name string) string {
	if name == "UTC" {
		return name
	}
	return d.texts.Say("staff.tips.zone", "city", city(name))
}

func city(zone string) string {
	return strings.ReplaceAll(zone[strings.LastIndex(zone, "/")+1:], "_", " ")
}

// when says when a server's tips come.
func (d *Desk) when(t store.Tips) string {
	return d.texts.Say("staff.tips.when", "day", d.day(t.Weekday), "hour", clock(t.Hour), "zone", d.zone(t.Zone))
}

func location(t store.Tips) *time.Location {
	loc, err := time.LoadLocation(t.Zone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// nextTip is the first moment after the given one at which a tip is due. Where
// a change of the clocks leaves the hour out, it is the one after.
func nextTip(t store.Tips, after time.Time) time.Time {
	loc := location(t)
	local := after.In(loc)
	for days := 0; ; days++ {
		at := time.Date(local.Year(), local.Month(), local.Day()+days, t.Hour, 0, 0, 0, loc)
		if at.After(after) && time.Date(local.Year(), local.Month(), local.Day()+days, 12, 0, 0, 0, time.UTC).Weekday() == t.Weekday {
			return at
		}
	}
}

// tipsTyped is the command as people type it there.
func (d *Desk) tipsTyped(platform string) string {
	return chat.Typed(d.platforms[platform], "safeguarding tips")
}

// readTips reads a server's tips; the zero ones with the defaults where there
// are none.
func (d *Desk) readTips(ctx context.Context, v viewer) (t store.Tips, err error) {
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		t, err = tx.Tips(ctx, v.key.Platform, v.key.Server)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return store.Tips{Platform: v.key.Platform, Server: v.key.Server, Weekday: tipDay, Hour: tipHour, Zone: regionZone(v.set.Region)}, nil
	}
	if err != nil {
		return t, fmt.Errorf("read the tips: %w", err)
	}
	return t, nil
}

// tipsCommand takes over what was given and shows where the tips stand.
func (d *Desk) tipsCommand(ctx context.Context, v viewer, c chat.Command) (chat.Answer, error) {
	t, err := d.readTips(ctx, v)
	if err != nil {
		return chat.Answer{}, err
	}
	before := t
	if wrong := d.givenTips(ctx, v, c, &t); wrong != "" {
		return d.say(wrong, ""), nil
	}
	if t != before {
		if err := d.keepTips(ctx, v, t, "tips", d.texts.Say("staff.tips.set", "when", d.when(t), "place", d.cards.Place(t.PlaceName))); err != nil {
			return chat.Answer{}, err
		}
		t.Trouble = ""
	}
	return chat.Show(d.tipsCard(t)), nil
}

// givenTips reads the options of the command, and says what is wrong with them.
func (d *Desk) givenTips(ctx context.Context, v viewer, c chat.Command, t *store.Tips) (wrong string) {
	if typed := c.Arg("day"); typed != "" {
		day, ok := d.readDay(typed)
		if !ok {
			return d.texts.Say("staff.tips.badday", "day", typed)
		}
		t.Weekday = day
	}
	if typed := c.Arg("hour"); typed != "" {
		h, err := strconv.Atoi(strings.TrimSuffix(typed, ":00"))
		if err != nil || h < 0 || h > 23 {
			return d.texts.Say("staff.tips.badhour", "hour", typed)
		}
		t.Hour = h
	}
	if typed := c.Arg("zone"); typed != "" {
		zones := tipZones()
		i := slices.IndexFunc(zones, func(z string) bool {
			return strings.EqualFold(z, typed) || strings.EqualFold(city(z), typed) || strings.EqualFold(d.zone(z), typed)
		})
		if i < 0 {
			return d.texts.Say("staff.tips.badzone", "zone", typed)
		}
		t.Zone = zones[i]
	}
	if place := chat.PlaceID(c.Arg("channel")); place != "" {
		places, err := d.platforms[v.key.Platform].Places(ctx, v.key.Server)
		i := slices.IndexFunc(places, func(p chat.Place) bool { return p.ID == place })
		if err != nil || i < 0 {
			return d.texts.Say("staff.tips.badchannel")
		}
		t.Place, t.PlaceName = place, places[i].Name
	}
	if t.Place == "" && len(c.Args) > 0 {
		return d.texts.Say("staff.tips.nochannel", "command", d.tipsTyped(t.Platform))
	}
	return ""
}

func (d *Desk) readDay(typed string) (time.Weekday, bool) {
	for w := time.Sunday; w <= time.Saturday; w++ {
		if strings.EqualFold(typed, w.String()) || strings.EqualFold(typed, d.day(w)) {
			return w, true
		}
	}
	return 0, false
}

// keepTips keeps when the tips come, with the row that posts the next one.
func (d *Desk) keepTips(ctx context.Context, v viewer, t store.Tips, action, detail string) error {
	key := kindTip + "/" + t.Platform + "/" + string(t.Server)
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.PutTips(ctx, t); err != nil {
			return err
		}
		if err := tx.AddAudit(ctx, d.entry(v, cases.Case{}, cases.Entry{Action: action, Detail: detail})); err != nil {
			return err
		}
		if err := tx.Cancel(ctx, key); err != nil || t.Place == "" {
			return err
		}
		_, err := tx.EnqueueOnce(ctx, key, store.LedgerRow{
			Kind: kindTip, Platform: t.Platform, Server: t.Server, Due: nextTip(t, d.o.Now())})
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the tips: %w", err)
	}
	return nil
}

// tipsCard shows staff what is set.
func (d *Desk) tipsCard(t store.Tips) chat.Card {
	card := chat.Card{Title: d.texts.Say("staff.tips.title"), Tone: chat.Calm, Footer: d.texts.Say("staff.tips.footer")}
	row := chat.Controls{chat.Button{Label: d.texts.Say("staff.tips.preview"), Verb: verbTipsPreview}}
	if t.Place == "" {
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.tips.how", "command", d.tipsTyped(t.Platform), "when", d.when(t))))
	} else {
		facts := chat.Facts{
			{Label: d.texts.Say("staff.tips.where"), Value: d.cards.Place(t.PlaceName)},
			{Label: d.texts.Say("staff.tips.comes"), Value: d.when(t)},
			{Label: d.texts.Say("staff.tips.next"), Value: d.moment(t, nextTip(t, d.o.Now()))},
		}
		if t.Trouble != "" {
			facts = append(facts, chat.Fact{Label: d.texts.Say("staff.tips.trouble"), Value: t.Trouble})
		}
		card.Blocks = append(card.Blocks, facts)
		row = append(row, chat.Button{Label: d.texts.Say("staff.tips.stop"), Verb: verbTipsStop})
	}
	card.Blocks = append(card.Blocks, append(row, d.hide()))
	return card
}

// moment writes a moment in the zone of a server's tips.
func (d *Desk) moment(t store.Tips, at time.Time) string {
	return at.In(location(t)).Format("Mon 2 Jan 2006, 15:04") + ", " + d.zone(t.Zone)
}

// tipsState says in a line how the tips stand, for the status.
func (d *Desk) tipsState(ctx context.Context, v viewer) string {
	t, err := d.readTips(ctx, v)
	switch {
	case err != nil:
		return d.texts.Say("staff.tips.unread")
	case t.Place == "":
		return d.texts.Say("staff.tips.off", "command", d.tipsTyped(t.Platform))
	}
	line := d.texts.Say("staff.tips.set", "when", d.when(t), "place", d.cards.Place(t.PlaceName))
	if t.Trouble != "" {
		line += ". " + d.texts.Say("staff.tips.trouble") + ": " + t.Trouble
	}
	return line
}

// tipsAction answers the buttons of the tips.
func (d *Desk) tipsAction(ctx context.Context, platform string, a chat.Action) (chat.Answer, error) {
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: a.Place.Server}, a.Person)
	if err != nil {
		return chat.Answer{}, err
	}
	d = d.in(v)
	if !v.staff {
		return d.refused(platform), nil
	}
	t, err := d.readTips(ctx, v)
	if err != nil {
		return d.storageDown(v.key.Server, platform, err), nil
	}
	switch a.Verb {
	case verbTipsStop:
		t.Place, t.PlaceName = "", ""
		if err := d.keepTips(ctx, v, t, "tips-stop", ""); err != nil {
			return d.storageDown(v.key.Server, platform, err), nil
		}
		return chat.Turn(d.tipsCard(t)), nil
	case verbTipsOther:
		if t, err = d.passOver(ctx, v); err != nil {
			return d.storageDown(v.key.Server, platform, err), nil
		}
		return chat.Turn(d.tipPreview(t)), nil
	}
	return chat.Show(d.tipPreview(t)), nil
}

// passOver leaves the next tip out: it counts as posted.
func (d *Desk) passOver(ctx context.Context, v viewer) (t store.Tips, err error) {
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		if t, err = tx.Tips(ctx, v.key.Platform, v.key.Server); err != nil {
			return err
		}
		tip := d.texts.TipAfter(t.Last)
		t.Last = tip.ID
		if err := tx.MarkTip(ctx, t.Platform, t.Server, tip.ID, t.LastFor); err != nil {
			return err
		}
		return tx.AddAudit(ctx, d.entry(v, cases.Case{}, cases.Entry{Action: "tips-other", Detail: tip.Text}))
	})
	if err != nil {
		return t, fmt.Errorf("leave a tip out: %w", err)
	}
	return t, nil
}

// tipPreview is the next tip as everybody will see it, for one member of staff.
func (d *Desk) tipPreview(t store.Tips) chat.Card {
	card := d.tipCard(d.texts.TipAfter(t.Last))
	last := len(card.Blocks) - 1
	row := chat.Controls{d.hide()}
	if t.Place != "" {
		row = slices.Insert(row, 0, chat.Control(chat.Button{Label: d.texts.Say("staff.tips.other"), Verb: verbTipsOther}))
	}
	card.Blocks = []chat.Block{card.Blocks[0], card.Blocks[last], chat.Text(d.texts.Say("staff.tips.seen")), row}
	return card
}

// tipCard is a tip as everybody in the channel sees it.
func (d *Desk) tipCard(tip responses.Tip) chat.Card {
	more := guide.ReadButton(d.texts, tip.Topic)
	more.Label = d.texts.Say("ui.tip.more")
	return chat.Card{Title: d.texts.Say("ui.tip.title"), Tone: chat.Calm, Footer: d.texts.Say("ui.tip.footer"),
		Blocks: []chat.Block{chat.Text(tip.Text), chat.Controls{more, guide.HelpButton(d.texts)}}}
}

// Handlers are the ledger's handlers for the desk's rows.
func (d *Desk) Handlers() map[string]ledger.Handler {
	return map[string]ledger.Handler{kindTip: d.postTip, kindDigest: d.postDigest, kindContactsAge: d.tellContactsAge, kindNotice: d.postNotice}
}

// postTip posts the tip that is due, and comes again. Which tip it is, is noted
// before it is posted, so that trying again posts the same one, under the same
// key, and the next week another one.
func (d *Desk) postTip(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
	t, tip, late, err := d.chooseTip(ctx, row)
	if err != nil || t.Place == "" {
		return ledger.Result{}, err
	}
	set := d.book.Settings(ctx, servers.Key{Platform: t.Platform, Server: t.Server})
	d = d.in(viewer{set: set})
	if late {
		return d.tipDone(t, d.texts.Say("staff.tips.missed", "when", d.moment(t, row.Since))), nil
	}
	platform, ok := d.platforms[row.Platform]
	if !ok {
		return ledger.Result{}, fmt.Errorf("%s is not configured any more, and a tip of it is waiting", row.Platform)
	}
	_, err = platform.Post(ctx, chat.Post{Server: t.Server, Place: t.Place, Card: d.tipCard(tip), Key: tipKey(t, row.Since)})
	if chat.IsPermanent(err) {
		d.o.Logger.Warn("a tip could not be posted", "platform", t.Platform, "server", t.Server, "err", err)
		if set.StaffPlace != "" {
			d.tellTipFailed(ctx, platform, set.StaffPlace, t, row)
		}
		return d.tipDone(t, short(err.Error(), maxTrouble)), nil
	}
	if err != nil {
		return ledger.Result{}, fmt.Errorf("post a tip: %w", err)
	}
	return d.tipDone(t, ""), nil
}

// chooseTip reads what is due and notes which tip it is. late says that it is
// too late for it; a tip with no place was stopped.
func (d *Desk) chooseTip(ctx context.Context, row store.LedgerRow) (t store.Tips, tip responses.Tip, late bool, err error) {
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		t, err = tx.Tips(ctx, row.Platform, row.Server)
		if errors.Is(err, store.ErrNotFound) {
			t = store.Tips{}
			return nil
		}
		if late = d.o.Now().Sub(row.Since) > tipLate; err != nil || t.Place == "" || late {
			return err
		}
		if t.LastFor.Equal(row.Since) { // a try before this one chose it
			tip = d.tip(t.Last)
			return nil
		}
		tip = d.texts.TipAfter(t.Last)
		return tx.MarkTip(ctx, row.Platform, row.Server, tip.ID, row.Since)
	})
	if err != nil {
		return t, tip, late, fmt.Errorf("choose the tip: %w", err)
	}
	return t, tip, late, nil
}

// tip finds a tip; the first where a newer version of the program took it out.
func (d *Desk) tip(id string) responses.Tip {
	for _, tip := range d.texts.Tips() {
		if tip.ID == id {
			return tip
		}
	}
	return d.texts.Tips()[0]
}

// tipDone brings the row back for the next tip. trouble says why this one was
// not posted, "" where it was.
func (d *Desk) tipDone(t store.Tips, trouble string) ledger.Result {
	return ledger.Result{Again: nextTip(t, d.o.Now()), Apply: func(ctx context.Context, tx *store.Tx) error {
		return tx.TipTrouble(ctx, t.Platform, t.Server, trouble)
	}}
}

// tellTipFailed tells the staff room once; the status shows it as well.
func (d *Desk) tellTipFailed(ctx context.Context, p chat.Platform, room chat.PlaceID, t store.Tips, row store.LedgerRow) {
	card := chat.Card{Title: d.texts.Say("staff.tips.failed"), Tone: chat.Notice, Blocks: []chat.Block{
		chat.Text(d.texts.Say("staff.tips.failedbody", "command", d.tipsTyped(t.Platform), "place", d.cards.Place(t.PlaceName)))}}
	_, err := p.Post(ctx, chat.Post{Server: t.Server, Place: room, Card: card, Key: "x" + tipKey(t, row.Since)})
	if err != nil {
		d.o.Logger.Warn("staff could not be told of a tip that failed", "platform", t.Platform, "server", t.Server, "err", err)
	}
}

// tipKey is the idempotency key of the tip for a moment.
func tipKey(t store.Tips, due time.Time) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%d", t.Platform, t.Server, due.UnixMilli())
	return fmt.Sprintf("tip-%016x", h.Sum64())
}

func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
