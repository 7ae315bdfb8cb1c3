package guide

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// maxReport bounds a report, in characters.
const maxReport = 1500

// The fields of the report form and their values.
const (
	fieldText = "text"
	fieldWho  = "who"
	fieldName = "name"
	whoAll    = "all"
	whoLead   = "lead"
	nameShown = "shown"
	nameNone  = "none"
)

// openReport opens the form. about is what refer made of a message, or empty.
func (g *Guide) openReport(about string) chat.Answer {
	intro := g.texts.Say("ui.report.intro")
	if about != "" {
		intro = g.texts.Say("ui.report.introabout")
	}
	option := func(key, value string) chat.Option {
		return chat.Option{Label: g.texts.Say("ui.report." + key), Value: value}
	}
	return chat.Answer{Form: &chat.Form{
		Verb: verbReport, Arg: about,
		Title: g.texts.Say("ui.report.title"), Intro: intro, Submit: g.texts.Say("ui.report.send"),
		Fields: []chat.Field{
			{Name: fieldText, Label: g.texts.Say("ui.report.what"), Hint: g.texts.Say("ui.report.hint"),
				Kind: chat.Paragraph, Required: about == "", MaxLen: maxReport},
			{Name: fieldWho, Label: g.texts.Say("ui.report.reader"), Kind: chat.Choice, Required: true, Value: whoAll,
				Options: []chat.Option{option("all", whoAll), option("lead", whoLead)}},
			{Name: fieldName, Label: g.texts.Say("ui.report.byname"), Kind: chat.Choice, Required: true,
				Options: []chat.Option{option("named", nameShown), option("anonymous", nameNone)}},
		},
	}}
}

// report hands what was written to staff and answers with a receipt, or, where
// that fails, with what to do instead.
func (g *Guide) report(ctx context.Context, sub chat.Submission, s Server) chat.Card {
	r := Report{
		ID: sub.ID, Server: sub.Place.Server, Place: sub.Place, Text: cut(sub.Value(fieldText), maxReport),
		LeadsOnly: sub.Value(fieldWho) == whoLead, About: referred(sub.Arg, sub.Place),
	}
	again := ""
	if r.About != nil && len(sub.Arg) <= maxRef {
		again = sub.Arg
	}
	if sub.Value(fieldName) == nameShown {
		r.By = sub.Person
	}
	if r.Text == "" && r.About == nil {
		return g.notSent(g.texts.Say("ui.report.empty"), r, again, s)
	}
	if s.Reporter == nil {
		return g.notSent(g.texts.Say("ui.report.nobody"), r, "", s)
	}
	number, err := s.Reporter.Report(ctx, r)
	switch {
	case err == nil:
		return g.receipt(number, r, s)
	case errors.Is(err, ErrTwice):
		return g.receipt("", r, s)
	case errors.Is(err, ErrNobody):
		return g.notSent(g.texts.Say("ui.report.nobody"), r, "", s)
	case errors.Is(err, ErrNoLead):
		return g.notSent(g.texts.Say("ui.report.nolead"), r, again, s)
	}
	return g.notSent(g.texts.Say("ui.report.failed"), r, again, s)
}

// receipt says that the report is safe, who reads it and what comes next.
func (g *Guide) receipt(number string, r Report, s Server) chat.Card {
	card := chat.Card{Title: g.texts.Say("ui.receipt.title"), Tone: chat.Calm, Footer: g.texts.Say("ui.receipt.footer")}
	readers, name := g.texts.Say("ui.receipt.all"), g.texts.Say("ui.receipt.named")
	if r.LeadsOnly {
		readers = g.texts.Say("ui.receipt.lead")
	}
	if r.By.ID == "" {
		name = g.texts.Say("ui.receipt.anonymous")
	}
	card.Blocks = []chat.Block{
		chat.Text(g.texts.Say("ui.receipt.thanks")),
		chat.List{Title: g.texts.Say("ui.receipt.next"), Items: append([]string{readers, name}, g.texts.List("ui.receipt.steps")...)},
	}
	if number != "" {
		card.Blocks = append(card.Blocks, chat.Facts{{Label: g.texts.Say("ui.receipt.number"), Value: number}})
	}
	if e, ok := g.texts.Emergency(s.region()); ok {
		card.Blocks = append(card.Blocks, chat.Text(g.texts.Say("ui.receipt.danger")), g.brief(e))
	}
	card.Blocks = append(card.Blocks, chat.Controls{g.getHelp(responses.Young), g.hide()})
	return card
}

// notSent says that staff have not got the report, gives it back, and says
// who helps meanwhile.
func (g *Guide) notSent(why string, r Report, again string, s Server) chat.Card {
	card := chat.Card{Title: g.texts.Say("ui.report.notsent"), Tone: chat.Calm, Footer: g.texts.Say("ui.footer.contacts")}
	card.Blocks = []chat.Block{chat.Text(why)}
	if r.Text != "" {
		card.Blocks = append(card.Blocks, chat.Section{Title: g.texts.Say("ui.report.yours"), Text: r.Text})
	}
	card.Blocks = append(card.Blocks, g.urgent(responses.Child, responses.Crisis, s)...)
	card.Blocks = append(card.Blocks, chat.Controls{
		chat.Button{Label: g.texts.Say("ui.button.again"), Verb: verbOpen, Arg: again},
		g.getHelp(responses.Young), g.hide(),
	})
	return card
}

// cut shortens a text to at most n characters.
func cut(s string, n int) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, ""))
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n])
}

// maxRef bounds what refer writes: it goes into a form and into a button, and
// a language may stand before it.
const maxRef = chat.MaxVerbArg - len(verbOpen) - len(responses.Language+chosenMark)

// refer writes down which message a report is about, so that it fits into a
// form: place, message and author ids, and what fits of the author's name.
func refer(m *chat.Message) string {
	if m == nil {
		return ""
	}
	ref := strings.Join([]string{string(m.Place.ID), string(m.ID), string(m.Author.ID), ""}, "|")
	room := maxRef - len(ref)
	if room < 0 {
		return ""
	}
	name := strings.ToValidUTF8(m.Author.Name, "")
	for len(name) > room {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return ref + name
}

// referred reads what refer wrote, nil where there is no message.
func referred(arg string, at chat.Place) *chat.Message {
	part := strings.SplitN(arg, "|", 4)
	if len(part) != 4 || part[0] == "" || part[1] == "" {
		return nil
	}
	place := chat.Place{Server: at.Server, ID: chat.PlaceID(part[0])}
	if place.ID == at.ID {
		place = at
	}
	return &chat.Message{ID: chat.MessageID(part[1]), Place: place,
		Author: chat.Person{ID: chat.PersonID(part[2]), Name: part[3]}}
}
