package alert

import (
	"context"
	"errors"
	"fmt"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
)

// target is a place that a case's card goes to.
type target struct {
	place  chat.Place
	lead   chat.PersonID // whose direct conversation it is; empty for the staff room
	reason string        // why it is not the staff room, as staff read it; empty where it is
}

func aims(targets []target, p chat.PlaceID) bool {
	for _, t := range targets {
		if t.place.ID == p {
			return true
		}
	}
	return false
}

func reasonOf(targets []target) string {
	for _, t := range targets {
		if t.reason != "" {
			return t.reason
		}
	}
	return ""
}

// targets finds where a case's card goes: the staff room, if staff alone can
// read it and the person it is about cannot; else the leads, each directly.
func (s *Sender) targets(ctx context.Context, d delivery) ([]target, error) {
	reason, err := s.notTheRoom(ctx, d)
	if err != nil {
		return nil, err
	}
	if reason == "" {
		return []target{{place: chat.Place{Server: d.c.Server, ID: d.set.StaffPlace}}}, nil
	}
	return s.leads(ctx, d, reason)
}

// notTheRoom says why a case must not go to the staff room, "" where it may.
func (s *Sender) notTheRoom(ctx context.Context, d delivery) (string, error) {
	if d.c.LeadsOnly {
		return s.texts.Say("staff.reason.leads"), nil
	}
	return s.roomReason(ctx, d.platform, d.c.Server, d.set, d.c.Author)
}

// roomReason says why the staff room must not be written to about a person,
// "" where it may.
func (s *Sender) roomReason(ctx context.Context, p chat.Platform, server chat.ServerID, set cases.Settings, about chat.PersonID) (string, error) {
	if set.StaffPlace == "" {
		return s.texts.Say("staff.reason.unset"), nil
	}
	var people []chat.PersonID
	if about != "" {
		people = append(people, about)
	}
	a, err := p.Access(ctx, server, set.StaffPlace, set.Staff(), people)
	switch {
	case chat.IsPermanent(err):
		return s.texts.Say("staff.reason.gone"), nil
	case err != nil:
		return "", fmt.Errorf("see who can read the staff room: %w", err)
	case a.Others != "":
		return s.texts.Say("staff.reason.others", "who", a.Others), nil
	case len(a.Readers) > 0:
		return s.texts.Say("staff.reason.subject"), nil
	}
	return "", nil
}

// leads finds the direct conversations of all leads but the one that the case
// is about. A lead who cannot be reached is passed over as long as another can.
func (s *Sender) leads(ctx context.Context, d delivery, reason string) ([]target, error) {
	var out []target
	var failed []error
	for _, lead := range d.set.Leads {
		if d.c.Concerns(lead) {
			continue
		}
		p, err := d.platform.Direct(ctx, d.c.Server, lead)
		if err != nil {
			failed = append(failed, fmt.Errorf("lead %s: %w", lead, err))
			continue
		}
		out = append(out, target{place: p, lead: lead, reason: reason})
	}
	if len(out) == 0 {
		if len(failed) == 0 {
			failed = append(failed, errors.New("no lead is set apart from the person it is about"))
		}
		return nil, fmt.Errorf("nobody can be told (%s): %w", reason, errors.Join(failed...))
	}
	return out, nil
}

// each does something at every target. It succeeds where it did at one, unless
// trying again may reach the others. A staff room that refuses for good gives
// way to the leads.
func (s *Sender) each(ctx context.Context, d delivery, targets []target, do func(target) error) error {
	var failed []error
	reached, again := 0, false
	for _, t := range targets {
		err := do(t)
		if err == nil {
			reached++
			continue
		}
		failed = append(failed, err)
		again = again || !chat.IsPermanent(err)
	}
	switch {
	case len(failed) == 0 || reached > 0 && !again:
		return nil
	case again || targets[0].lead != "":
		return fmt.Errorf("tell staff of case %s: %w", d.c.ID, errors.Join(failed...))
	}
	leads, err := s.leads(ctx, d, s.texts.Say("staff.reason.gone"))
	if err != nil {
		return err
	}
	return s.each(ctx, d, leads, do)
}
