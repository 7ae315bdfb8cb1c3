package alert

import (
	"context"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// kindGentle is the row that shows a gentle word.
const kindGentle = "alert.gentle"

// gentleFor is how long after the message a gentle word still makes sense.
const gentleFor = 10 * time.Minute

// GentleWord makes the row that shows a note to the person who wrote the
// message, alone: only where staff turned it on, and only for a disclosure.
func GentleWord(ctx context.Context, tx *store.Tx, c cases.Case, set cases.Settings, now time.Time) error {
	if !set.GentleWord || !disclosure(c) {
		return nil
	}
	return enqueue(ctx, tx, kindGentle, c, job{Case: c.ID}, now)
}

// disclosure says whether the case is about nothing but disclosures. Thoughts
// of self-harm are left to people: a note from a bot may be the wrong answer.
func disclosure(c cases.Case) bool {
	for _, k := range c.Categories {
		switch k {
		case detect.DisclosureAbuse, detect.DisclosureCoercion, detect.DisclosureImage:
		default:
			return false
		}
	}
	return c.Kind == cases.BySignals && len(c.Categories) > 0
}

// gentle shows the note. It is said once or not at all: a note that comes late,
// or where the platform has none, helps nobody.
func (s *Sender) gentle(ctx context.Context, row store.LedgerRow) (ledger.Result, error) {
	d, ok, err := s.load(ctx, row)
	if err != nil || !ok {
		return ledger.Result{}, err
	}
	s = s.In(d.set)
	w, can := d.platform.(chat.Whisperer)
	if !can || !d.set.GentleWord || s.o.Now().Sub(d.c.OpenedAt) > gentleFor {
		return ledger.Result{}, nil
	}
	at := chat.MessageRef{Server: d.c.Server, Place: d.c.Place, ID: d.c.Message}
	if err := w.Whisper(ctx, at, d.c.Author, s.gentleCard(d.c, d.set)); err != nil && !chat.IsPermanent(err) {
		return ledger.Result{}, err
	}
	return ledger.Result{}, nil
}

// gentleCard is what the person sees: kind, short, with somebody to talk to.
func (s *Sender) gentleCard(c cases.Case, set cases.Settings) chat.Card {
	tongue := s.texts.Language()
	card := chat.Card{Title: s.texts.Say("gentle.title"), Tone: chat.Calm, Footer: s.texts.Say("gentle.staff"),
		Language: tongue.Tag.String(), RightToLeft: tongue.RightToLeft}
	if !tongue.Reviewed {
		card.Footer = strings.TrimSpace(card.Footer + " " + tongue.Awaiting)
	}
	for _, line := range s.texts.List("gentle.text", "emergency", s.Emergency(set)) {
		card.Blocks = append(card.Blocks, chat.Text(line))
	}
	var facts chat.Facts
	for _, k := range s.texts.Contacts(responses.Query{Region: region(set), Need: responses.Talk, Who: responses.Child, Platform: c.Platform}) {
		if f, ok := s.contact(k); ok && !k.Emergency && len(facts) < 2 {
			facts = append(facts, f)
		}
	}
	if len(facts) > 0 {
		card.Blocks = append(card.Blocks, facts)
	}
	card.Blocks = append(card.Blocks, chat.Text(s.texts.Say("gentle.more")))
	return card
}
