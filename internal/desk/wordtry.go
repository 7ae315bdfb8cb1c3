package desk

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/wording"
)

// The fields of the words' forms.
const (
	fieldPhrase   = "phrase"
	fieldCategory = "category"
	fieldTell     = "tell"
	fieldTry      = "text"
)

const (
	maxTried   = 1500 // characters of a text that is tried
	maxFound   = 8    // signs of it that are listed
	maxExcerpt = 80   // characters of each
)

// addForm asks for a phrase. typed is what is known of it.
func (d *Desk) addForm(v viewer, typed string) *chat.Form {
	category := chat.Field{Name: fieldCategory, Label: d.texts.Say("staff.words.form.category"), Kind: chat.Choice, Required: true}
	for _, c := range detect.Categories() {
		category.Options = append(category.Options, chat.Option{Label: d.texts.Say("staff.category." + string(c)), Value: string(c)})
	}
	tell := chat.Field{Name: fieldTell, Label: d.texts.Say("staff.words.form.tell"), Kind: chat.Choice, Required: true, Value: string(wording.Today)}
	for _, k := range wording.Tells() {
		tell.Options = append(tell.Options, chat.Option{Label: d.texts.Say("staff.words.tell." + string(k)), Value: string(k)})
	}
	return &chat.Form{
		Verb: verbWordAdd, Arg: string(v.key.Server), Title: d.texts.Say("staff.words.form.addtitle"),
		Intro: d.texts.Say("staff.words.form.addintro"), Submit: d.texts.Say("staff.words.form.add"),
		Fields: []chat.Field{
			{Name: fieldPhrase, Label: d.texts.Say("staff.words.form.phrase"), Hint: d.texts.Say("staff.words.form.phrasehint"),
				Kind: chat.Line, Required: true, MaxLen: wording.MaxText, Value: clipTo(wording.Tidy(typed), wording.MaxText)},
			category, tell,
		},
	}
}

// tryForm asks for a text to try.
func (d *Desk) tryForm(v viewer) *chat.Form {
	return &chat.Form{
		Verb: verbWordTry, Arg: string(v.key.Server), Title: d.texts.Say("staff.words.form.trytitle"),
		Intro: d.texts.Say("staff.words.form.tryintro"), Submit: d.texts.Say("staff.words.form.try"),
		Fields: []chat.Field{{Name: fieldTry, Label: d.texts.Say("staff.words.form.text"), Kind: chat.Paragraph, Required: true, MaxLen: maxTried}},
	}
}

// wordsSubmit answers the words' forms.
func (d *Desk) wordsSubmit(ctx context.Context, platform string, s chat.Submission) (chat.Answer, error) {
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: chat.ServerID(s.Arg)}, s.Person)
	if err != nil {
		return chat.Answer{}, err
	}
	d = d.in(v)
	if !v.staff {
		return d.refused(platform), nil
	}
	if s.Form == verbWordTry {
		answer, err := d.tryText(ctx, v, s.Value(fieldTry))
		if err != nil {
			return d.storageDown(v.key.Server, platform, err), nil
		}
		return answer, nil
	}
	answer, err := d.addPhrase(ctx, v, wording.Phrase{
		Text: wording.Tidy(s.Value(fieldPhrase)), Category: detect.Category(s.Value(fieldCategory)), Tell: wording.Tell(s.Value(fieldTell)),
	})
	if err != nil {
		return d.storageDown(v.key.Server, platform, err), nil
	}
	return answer, nil
}

// addPhrase adds a phrase in shadow, unless something speaks against it, and
// says what it finds in harmless chat.
func (d *Desk) addPhrase(ctx context.Context, v viewer, p wording.Phrase) (chat.Answer, error) {
	if !slices.Contains(detect.Categories(), p.Category) || !slices.Contains(wording.Tells(), p.Tell) {
		return d.notAdded(fieldCategory, d.texts.Say("staff.words.badchoice")), nil
	}
	doubt, e, err := wording.Consider(d.words.Rules(), p)
	if err != nil {
		return chat.Answer{}, err
	}
	if doubt.Refused() {
		return d.notAdded(fieldPhrase, d.texts.Say("staff.words.doubt."+string(doubt))), nil
	}
	var why error
	_, err = d.changeWordsWith(ctx, v, func(s wording.Set) (wording.Set, cases.Entry, bool) {
		s, p, why = s.Add(p, d.o.Now())
		return s, cases.Entry{Action: "words-add", Detail: named(p)}, why == nil
	}, nil)
	switch {
	case err != nil:
		return chat.Answer{}, err
	case errors.Is(why, wording.ErrTwice):
		return d.notAdded(fieldPhrase, d.texts.Say("staff.words.twice")), nil
	case why != nil:
		return d.notAdded(fieldPhrase, d.texts.Say("staff.words.full", "n", wording.MaxPhrases)), nil
	}
	k, err := d.known(ctx, v)
	if err != nil {
		return chat.Answer{}, err
	}
	note := d.texts.Say("staff.words.added")
	if doubt != wording.NoDoubt {
		note += " " + d.texts.Say("staff.words.doubt."+string(doubt))
	}
	return chat.Show(d.phraseCard(v, p, k, note, d.estimate(e, k))), nil
}

// notAdded says why a phrase is not taken, beside the field where that can be.
func (d *Desk) notAdded(field, why string) chat.Answer {
	answer := d.say(d.texts.Say("staff.words.notadded"), why)
	answer.Wrong = map[string]string{field: why}
	return answer
}

// estimate says what a phrase finds in harmless chat, and what that would mean
// here.
func (d *Desk) estimate(e wording.Estimate, k known) []chat.Block {
	about, least, most := e.Every(10_000)
	lines := []string{d.texts.Say("staff.words.harmless", "n", e.Ordinary, "found", e.Found, "about", figure(about), "least", figure(least), "most", figure(most))}
	if k.days > 0 {
		daily, _, mostDaily := e.Every(k.aDay)
		lines = append(lines, d.texts.Say("staff.words.here", "messages", figure(k.aDay), "about", figure(daily), "most", figure(mostDaily)))
	}
	lines = append(lines, d.texts.Say("staff.words.alike", "n", e.Lookalikes, "found", e.FoundAlike))
	verdict := "staff.words.fine"
	if e.Broad(k.aDay) {
		verdict = "staff.words.broad"
	}
	out := []chat.Block{chat.Section{Title: d.texts.Say(verdict), Text: strings.Join(append(lines, d.texts.Say("staff.words.nopast")), "\n")}}
	if len(e.Examples) > 0 {
		list := chat.List{Title: d.texts.Say("staff.words.examples")}
		for _, x := range e.Examples {
			list.Items = append(list.Items, clipTo(x, 2*maxExcerpt))
		}
		out = append(out, list)
	}
	return out
}

// figure writes a number so that nobody reads more into it than there is.
func figure(f float64) string {
	switch {
	case f == 0:
		return "0"
	case f < 0.1:
		return "0.1"
	case f < 9.5:
		return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}

// tryText shows what is found in a text that staff pasted. It is kept nowhere.
func (d *Desk) tryText(ctx context.Context, v viewer, text string) (chat.Answer, error) {
	text = clipTo(text, maxTried)
	o, err := d.words.Overlay(ctx, v.key)
	if err != nil {
		return chat.Answer{}, err
	}
	signals, shadow := o.Detect(d.words.Rules(), text)
	severity := detect.Assess(signals)
	title := d.texts.Say("staff.words.tried.nothing")
	switch {
	case severity >= v.set.Threshold:
		title = d.texts.Say("staff.words.tried.alert", "severity", d.texts.Say("staff.severity."+severity.String()))
	case len(signals) > 0:
		title = d.texts.Say("staff.words.tried.adds")
	}
	card := chat.Card{Title: title, Tone: chat.Calm, Footer: d.texts.Say("staff.words.tried.footer")}
	list := chat.List{Title: d.texts.Say("staff.words.tried.why")}
	for _, g := range signals {
		list.Items = append(list.Items, d.found(ctx, v, text, g, "staff.words.tried.line"))
	}
	for _, g := range shadow {
		list.Items = append(list.Items, d.found(ctx, v, text, g, "staff.words.tried.shadowline"))
	}
	if rest := len(list.Items) - maxFound; rest > 0 {
		list.Items = append(list.Items[:maxFound], d.texts.Say("staff.words.more", "n", rest))
	}
	if len(list.Items) > 0 {
		card.Blocks = append(card.Blocks, list)
	} else {
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.words.tried.none")))
	}
	pick := chat.Select{Label: d.texts.Say("staff.words.pick"), Verb: verbWord, Arg: string(v.key.Server)}
	for _, g := range append(signals, shadow...) {
		if len(pick.Options) < chat.MaxOptions {
			pick.Options = append(pick.Options, chat.Option{Label: clipTo(g.Rule, chat.MaxButtonText), Value: g.Rule})
		}
	}
	if len(pick.Options) > 0 {
		card.Blocks = append(card.Blocks, chat.Controls{pick})
	}
	card.Blocks = append(card.Blocks, chat.Controls{d.wordButton(v, "try", verbWordTry, "", ""), d.wordButton(v, "list", verbWords, "", ""), d.hide()})
	return chat.Show(card), nil
}

// found is a line about one sign: its words, why, and by which rule.
func (d *Desk) found(ctx context.Context, v viewer, text string, g detect.Signal, key string) string {
	why := d.texts.Say("staff.category." + string(g.Category))
	if r, ok := d.words.Rules().Rule(g.Rule); ok {
		why = r.Why
	} else if p, ok := d.words.Phrase(ctx, v.key, g.Rule); ok {
		why = d.texts.Say("staff.words.why", "phrase", p)
	}
	return d.texts.Say(key, "words", clipTo(oneLine(text[g.Start:g.End]), maxExcerpt), "why", why, "rule", g.Rule,
		"severity", d.texts.Say("staff.severity."+detect.SeverityOf(g.Weight).String()))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
