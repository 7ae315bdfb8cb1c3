package desk

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/internal/wording"
)

// The verbs of the words' cards. Their argument is the server's id; the second
// group's is followed by a space and the id of a rule or phrase.
const (
	verbWords    = "words.list"
	verbWordAdd  = "words.add"
	verbWordTry  = "words.try"
	verbWordUndo = "words.undo"
	verbRecords  = "words.records"
	verbWord     = "words.one" // a select: the id is its value

	verbWordLive   = "words.live"
	verbWordShadow = "words.shadow"
	verbWordRemove = "words.remove"
	verbRuleQuiet  = "words.quiet"
	verbRuleOff    = "words.off"
	verbRuleNormal = "words.normal"
)

// What /safeguarding words can be asked to do.
const (
	doAdd     = "add"
	doTry     = "try"
	doRecords = "right"
	doUndo    = "undo"
)

const (
	maxWords   = 12 // phrases, and rules, that one card lists
	maxRecords = 8
	signWeeks  = 14 * 24 * time.Hour // for which signs of no case are kept
)

func (d *Desk) wordsOptions() []chat.OptionSpec {
	option := func(name string) chat.OptionSpec {
		return chat.OptionSpec{Name: name, Description: d.texts.Say("staff.words.option." + name)}
	}
	do := option("do")
	for _, k := range []string{doAdd, doTry, doRecords, doUndo} {
		do.Choices = append(do.Choices, chat.Option{Label: d.texts.Say("staff.words.do." + k), Value: k})
	}
	rule := option("rule")
	rule.Completes = true
	return []chat.OptionSpec{do, option("text"), rule}
}

// wordsCommand answers /safeguarding words.
func (d *Desk) wordsCommand(ctx context.Context, v viewer, c chat.Command) (chat.Answer, error) {
	text, rule := c.Arg("text"), c.Arg("rule")
	switch do := c.Arg("do"); {
	case do == doAdd:
		return chat.Answer{Form: d.addForm(v, text)}, nil
	case do == doTry && text == "":
		return chat.Answer{Form: d.tryForm(v)}, nil
	case do == doRecords:
		return d.records(ctx, v)
	case do == doUndo:
		return d.undoWords(ctx, v, c.ID)
	case rule != "":
		return d.word(ctx, v, rule, "")
	case text != "":
		return d.tryText(ctx, v, text)
	}
	return d.wordList(ctx, v, "")
}

// wordsAction answers the words' buttons and selects.
func (d *Desk) wordsAction(ctx context.Context, platform string, a chat.Action) (chat.Answer, error) {
	server, id, _ := strings.Cut(a.Arg, " ")
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: chat.ServerID(server)}, a.Person)
	if err != nil {
		return chat.Answer{}, err
	}
	d = d.in(v)
	if !v.staff {
		return d.refused(platform), nil
	}
	var answer chat.Answer
	switch a.Verb {
	case verbWordAdd:
		return chat.Answer{Form: d.addForm(v, "")}, nil
	case verbWordTry:
		return chat.Answer{Form: d.tryForm(v)}, nil
	case verbWordUndo:
		answer, err = d.undoWords(ctx, v, a.ID)
	case verbRecords:
		answer, err = d.records(ctx, v)
	case verbWord:
		answer, err = d.word(ctx, v, a.Value, "")
	case verbWords:
		answer, err = d.wordList(ctx, v, "")
	default:
		answer, err = d.changeWord(ctx, v, a.Verb, id)
	}
	if err != nil {
		return d.storageDown(v.key.Server, platform, err), nil
	}
	answer.Replace = a.Message.ID == "" // on a case's card in a place it does not take its place
	return answer, nil
}

// known is what is read about a server's words.
type known struct {
	words   store.Wording
	trials  map[string]store.Trial
	records map[string]wording.Record
	signs   map[string]int
	aDay    float64 // messages; 0 where not known
	days    int
}

func (d *Desk) known(ctx context.Context, v viewer) (k known, err error) {
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		if k.words, err = tx.Wording(ctx, v.key.Platform, v.key.Server); err != nil {
			return err
		}
		if k.trials, err = tx.Trials(ctx, v.key.Platform, v.key.Server); err != nil {
			return err
		}
		if k.records, err = tx.Records(ctx, v.key.Platform, v.key.Server, v.person.ID); err != nil {
			return err
		}
		if k.signs, err = tx.SignCounts(ctx, v.key.Platform, v.key.Server, v.person.ID, d.o.Now().Add(-signWeeks)); err != nil {
			return err
		}
		k.aDay, k.days, err = tx.MessagesADay(ctx, v.key.Platform, v.key.Server, store.DayOf(d.o.Now()))
		return err
	})
	if err != nil {
		return k, fmt.Errorf("read a server's words: %w", err)
	}
	return k, nil
}

// wordList shows all that a server's staff changed. note is said above it.
func (d *Desk) wordList(ctx context.Context, v viewer, note string) (chat.Answer, error) {
	k, err := d.known(ctx, v)
	if err != nil {
		return chat.Answer{}, err
	}
	card := chat.Card{Title: d.texts.Say("staff.words.title"), Tone: chat.Calm, Footer: d.texts.Say("staff.words.footer")}
	if note != "" {
		card.Blocks = append(card.Blocks, chat.Text(note))
	}
	set := k.words.Now
	pick := chat.Select{Label: d.texts.Say("staff.words.pick"), Verb: verbWord, Arg: string(v.key.Server)}
	phrases := chat.List{Title: d.texts.Say("staff.words.phrases")}
	for _, p := range set.Phrases {
		phrases.Items = append(phrases.Items, d.texts.Say("staff.words.phraseline", "phrase", p.Text, "id", p.ID,
			"category", d.texts.Say("staff.category."+string(p.Category)), "tell", d.texts.Say("staff.words.tell."+string(p.Tell)), "state", d.phraseState(p, k)))
		pick.Options = append(pick.Options, chat.Option{Label: clipTo(p.Text, chat.MaxButtonText), Value: p.ID})
	}
	rules := chat.List{Title: d.texts.Say("staff.words.rules")}
	for _, r := range append(slices.Clone(set.Off), set.Quiet...) {
		rules.Items = append(rules.Items, d.texts.Say("staff.words.ruleline", "rule", r, "state", d.texts.Say("staff.words.state."+string(set.State(r)))))
		pick.Options = append(pick.Options, chat.Option{Label: clipTo(r, chat.MaxButtonText), Value: r})
	}
	if set.Empty() {
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.words.none")))
	}
	for _, l := range []chat.List{phrases, rules} {
		if len(l.Items) > 0 {
			card.Blocks = append(card.Blocks, d.shortened(l))
		}
	}
	if n := d.mostlyWrong(k); len(n) > 0 {
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Count("staff.words.wrongs", len(n))))
	}
	if len(pick.Options) > 0 {
		pick.Options = pick.Options[:min(len(pick.Options), chat.MaxOptions)]
		card.Blocks = append(card.Blocks, chat.Controls{pick})
	}
	card.Blocks = append(card.Blocks, d.wordButtons(v, k))
	return chat.Show(card), nil
}

// shortened keeps a list within what a card can hold.
func (d *Desk) shortened(l chat.List) chat.List {
	if rest := len(l.Items) - maxWords; rest > 0 {
		l.Items = append(l.Items[:maxWords], d.texts.Say("staff.words.more", "n", rest))
	}
	return l
}

func (d *Desk) wordButtons(v viewer, k known) chat.Controls {
	row := chat.Controls{
		d.wordButton(v, "add", verbWordAdd, "", chat.Primary),
		d.wordButton(v, "try", verbWordTry, "", ""),
		d.wordButton(v, "records", verbRecords, "", ""),
	}
	if k.words.Version > 0 {
		row = append(row, d.wordButton(v, "undo", verbWordUndo, "", ""))
	}
	return append(row, d.hide())
}

// wordButton is a button of the words' cards; id is a rule's or phrase's.
func (d *Desk) wordButton(v viewer, name, verb, id string, style chat.Style) chat.Button {
	return chat.Button{Label: d.texts.Say("staff.words.button." + name), Verb: verb, Arg: strings.TrimSpace(string(v.key.Server) + " " + id), Style: style}
}

// phraseState says whether a phrase is live, and what it found.
func (d *Desk) phraseState(p wording.Phrase, k known) string {
	if !p.Shadow {
		return d.texts.Say("staff.words.live", "n", k.signs[p.ID])
	}
	t := k.trials[p.ID]
	return d.texts.Count("staff.words.shadow", daysSince(p.Since, d.o.Now()), "alerts", d.texts.Count("staff.words.times", t.Alerts),
		"found", d.texts.Count("staff.words.times", t.Found))
}

// daysSince counts days that have begun.
func daysSince(from, now time.Time) int { return int(now.Sub(from)/(24*time.Hour)) + 1 }

// word shows one rule of ours or one phrase of theirs. note is said above it.
func (d *Desk) word(ctx context.Context, v viewer, id, note string) (chat.Answer, error) {
	k, err := d.known(ctx, v)
	if err != nil {
		return chat.Answer{}, err
	}
	if p, ok := k.words.Now.Phrase(id); ok {
		return chat.Show(d.phraseCard(v, p, k, note, nil)), nil
	}
	if card, ok := d.ruleCard(v, id, k, note); ok {
		return chat.Show(card), nil
	}
	return d.say(d.texts.Say("staff.words.unknown", "rule", id), ""), nil
}

// phraseCard shows a phrase. more stands below what is known of it.
func (d *Desk) phraseCard(v viewer, p wording.Phrase, k known, note string, more []chat.Block) chat.Card {
	card := chat.Card{Title: d.texts.Say("staff.words.phrase", "phrase", p.Text), Tone: chat.Calm, Footer: d.texts.Say("staff.words.footer")}
	if note != "" {
		card.Blocks = append(card.Blocks, chat.Text(note))
	}
	facts := chat.Facts{
		{Label: d.texts.Say("staff.words.fact.id"), Value: p.ID},
		{Label: d.texts.Say("staff.words.fact.category"), Value: d.texts.Say("staff.category." + string(p.Category))},
		{Label: d.texts.Say("staff.words.fact.tell"), Value: d.texts.Say("staff.words.tell." + string(p.Tell))},
		{Label: d.texts.Say("staff.words.fact.state"), Value: d.phraseState(p, k)},
	}
	if r := k.records[p.ID]; r.Closed() > 0 {
		facts = append(facts, chat.Fact{Label: d.texts.Say("staff.words.fact.record"), Value: d.record(r)})
	}
	card.Blocks = append(append(card.Blocks, facts), more...)
	live := d.wordButton(v, "live", verbWordLive, p.ID, chat.Primary)
	if !p.Shadow {
		live = d.wordButton(v, "shadow", verbWordShadow, p.ID, "")
	}
	card.Blocks = append(card.Blocks, chat.Controls{live, d.wordButton(v, "remove", verbWordRemove, p.ID, ""),
		d.wordButton(v, "list", verbWords, "", ""), d.hide()})
	return card
}

// ruleCard shows a rule of ours; false where there is none.
func (d *Desk) ruleCard(v viewer, id string, k known, note string) (chat.Card, bool) {
	r, ok := d.words.Rules().Rule(id)
	if !ok {
		return chat.Card{}, false
	}
	state := k.words.Now.State(id)
	card := chat.Card{Title: d.texts.Say("staff.words.rule", "rule", id), Tone: chat.Calm, Footer: d.texts.Say("staff.words.footer")}
	if note != "" {
		card.Blocks = append(card.Blocks, chat.Text(note))
	}
	facts := chat.Facts{
		{Label: d.texts.Say("staff.words.fact.why"), Value: r.Why},
		{Label: d.texts.Say("staff.words.fact.category"), Value: d.texts.Say("staff.category." + string(r.Category))},
		{Label: d.texts.Say("staff.words.fact.alone"), Value: d.texts.Say("staff.severity." + r.Severity.String())},
		{Label: d.texts.Say("staff.words.fact.state"), Value: d.texts.Say("staff.words.state." + string(state))},
		{Label: d.texts.Say("staff.words.fact.signs"), Value: fmt.Sprint(k.signs[id])},
		{Label: d.texts.Say("staff.words.fact.record"), Value: d.record(k.records[id])},
	}
	card.Blocks = append(card.Blocks, facts)
	switch {
	case state == wording.Normal && k.records[id].MostlyWrong():
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.words.mostlywrong")))
	case state == wording.Normal:
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.words.caution")))
	}
	var row chat.Controls
	for _, b := range []struct {
		state      wording.State
		name, verb string
	}{{wording.Quiet, "quiet", verbRuleQuiet}, {wording.Off, "off", verbRuleOff}, {wording.Normal, "normal", verbRuleNormal}} {
		if b.state != state {
			row = append(row, d.wordButton(v, b.name, b.verb, id, ""))
		}
	}
	card.Blocks = append(card.Blocks, append(row, d.wordButton(v, "list", verbWords, "", ""), d.hide()))
	return card, true
}

// record says how the closed cases ended that a rule took part in.
func (d *Desk) record(r wording.Record) string {
	if r.Closed() == 0 {
		return d.texts.Say("staff.words.norecord")
	}
	least, most := wording.Interval(r.Right(), r.Closed())
	return d.texts.Say("staff.words.record", "right", r.Right(), "closed", r.Closed(), "least", percent(least), "most", percent(most),
		"acted", r.Acted, "noaction", r.NoAction, "false", r.FalseAlarm)
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }

// mostlyWrong lists the rules that were mostly wrong here and still count in
// full.
func (d *Desk) mostlyWrong(k known) []string {
	var out []string
	for id, r := range k.records {
		p, phrase := k.words.Now.Phrase(id)
		if r.MostlyWrong() && (phrase && !p.Shadow || !wording.IsPhrase(id) && k.words.Now.State(id) == wording.Normal) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// records shows how often each rule was right here, those that were mostly
// wrong first.
func (d *Desk) records(ctx context.Context, v viewer) (chat.Answer, error) {
	k, err := d.known(ctx, v)
	if err != nil {
		return chat.Answer{}, err
	}
	card := chat.Card{Title: d.texts.Say("staff.words.recordstitle"), Tone: chat.Calm, Footer: d.texts.Say("staff.words.recordsfooter")}
	card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.words.recordsbody")))
	wrong := d.mostlyWrong(k)
	ids := d.byRecord(k, wrong)
	list := chat.List{}
	pick := chat.Select{Label: d.texts.Say("staff.words.pick"), Verb: verbWord, Arg: string(v.key.Server)}
	for i, id := range ids {
		if i < maxRecords {
			list.Items = append(list.Items, d.texts.Say("staff.words.recordline", "rule", id, "record", d.record(k.records[id])))
		}
		if i < chat.MaxOptions {
			pick.Options = append(pick.Options, chat.Option{Label: clipTo(id, chat.MaxButtonText), Value: id})
		}
	}
	if rest := len(ids) - maxRecords; rest > 0 {
		list.Items = append(list.Items, d.texts.Say("staff.words.more", "n", rest))
	}
	if len(ids) == 0 {
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.words.norecords")))
	} else {
		card.Blocks = append(card.Blocks, list, chat.Controls{pick})
	}
	if len(wrong) > 0 {
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Count("staff.words.wrongs", len(wrong))), d.quieten(v, wrong))
	}
	if often := d.often(k); len(often.Items) > 0 {
		card.Blocks = append(card.Blocks, often)
	}
	card.Blocks = append(card.Blocks, chat.Controls{d.wordButton(v, "list", verbWords, "", ""), d.hide()})
	return chat.Show(card), nil
}

// often lists the rules that gave the most signs lately.
func (d *Desk) often(k known) chat.List {
	ids := slices.SortedFunc(maps.Keys(k.signs), func(a, b string) int {
		return cmp.Or(cmp.Compare(k.signs[b], k.signs[a]), cmp.Compare(a, b))
	})
	list := chat.List{Title: d.texts.Say("staff.words.fact.signs")}
	for _, id := range ids[:min(len(ids), maxRecords)] {
		list.Items = append(list.Items, d.texts.Count("staff.words.signline", k.signs[id], "rule", id))
	}
	return list
}

// quieten offers to make rules quieter that are mostly wrong. It is never done
// without staff.
func (d *Desk) quieten(v viewer, wrong []string) chat.Controls {
	var row chat.Controls
	for _, id := range wrong[:min(len(wrong), chat.MaxControls)] {
		verb := verbRuleQuiet
		if wording.IsPhrase(id) {
			verb = verbWordShadow
		}
		b := d.wordButton(v, "quietone", verb, id, "")
		b.Label = clipTo(d.texts.Say("staff.words.button.quietone", "rule", id), chat.MaxButtonText)
		row = append(row, b)
	}
	return row
}

// byRecord orders the rules that took part in closed cases.
func (d *Desk) byRecord(k known, wrong []string) []string {
	ids := make([]string, 0, len(k.records))
	for id := range k.records {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(btoi(slices.Contains(wrong, b))-btoi(slices.Contains(wrong, a)),
			cmp.Compare(k.records[b].Closed(), k.records[a].Closed()), cmp.Compare(a, b))
	})
	return ids
}

// changeWord does what a button of a rule or phrase says.
func (d *Desk) changeWord(ctx context.Context, v viewer, verb, id string) (chat.Answer, error) {
	if to, ok := map[string]wording.State{verbRuleQuiet: wording.Quiet, verbRuleOff: wording.Off, verbRuleNormal: wording.Normal}[verb]; ok {
		if _, ok := d.words.Rules().Rule(id); !ok {
			return d.say(d.texts.Say("staff.words.unknown", "rule", id), ""), nil
		}
		_, err := d.changeWords(ctx, v, cases.Entry{Action: "words-" + string(to), Detail: id}, func(s wording.Set) (wording.Set, bool) {
			return s.Switch(id, to)
		})
		if err != nil {
			return chat.Answer{}, err
		}
		return d.word(ctx, v, id, d.texts.Say("staff.words.done."+string(to)))
	}
	action := strings.TrimPrefix(verb, "words.")
	changed, err := d.changePhrase(ctx, v, action, id)
	switch {
	case err != nil:
		return chat.Answer{}, err
	case !changed:
		return d.word(ctx, v, id, "")
	case verb == verbWordRemove:
		return d.wordList(ctx, v, d.texts.Say("staff.words.done.remove"))
	}
	return d.word(ctx, v, id, d.texts.Say("staff.words.done."+action))
}

// changePhrase makes a phrase live or not, or removes it.
func (d *Desk) changePhrase(ctx context.Context, v viewer, action, id string) (bool, error) {
	var detail string
	return d.changeWordsWith(ctx, v, func(s wording.Set) (wording.Set, cases.Entry, bool) {
		p, _ := s.Phrase(id)
		detail = named(p)
		var ok bool
		switch action {
		case "live":
			s, ok = s.Live(id, true, d.o.Now())
		case "shadow":
			s, ok = s.Live(id, false, d.o.Now())
		case "remove":
			s, ok = s.Remove(id)
		}
		return s, cases.Entry{Action: "words-" + action, Detail: detail}, ok
	}, func(tx *store.Tx) error {
		if action != "shadow" {
			return nil
		}
		return tx.ForgetTrial(ctx, v.key.Platform, v.key.Server, id) // it is tried out from now on
	})
}

// named is a phrase in the history.
func named(p wording.Phrase) string { return fmt.Sprintf("%s: %q", p.ID, p.Text) }

// difference is what differs between two sets, in the history.
func difference(before, after wording.Set) string {
	var out []string
	for _, p := range before.Phrases {
		if _, there := after.Phrase(p.ID); !there {
			out = append(out, named(p)+" removed")
		}
	}
	for _, p := range after.Phrases {
		state := map[bool]string{true: "shadow", false: "live"}[p.Shadow]
		if was, there := before.Phrase(p.ID); !there || was.Shadow != p.Shadow {
			out = append(out, named(p)+" "+state)
		}
	}
	rules := slices.Concat(before.Off, before.Quiet, after.Off, after.Quiet)
	slices.Sort(rules)
	for _, r := range slices.Compact(rules) {
		if before.State(r) != after.State(r) {
			out = append(out, r+" "+string(after.State(r)))
		}
	}
	return strings.Join(out, ", ")
}

// changeWords changes a server's words and notes who did, all or nothing; false
// where there was nothing to change.
func (d *Desk) changeWords(ctx context.Context, v viewer, e cases.Entry, to func(wording.Set) (wording.Set, bool)) (bool, error) {
	return d.changeWordsWith(ctx, v, func(s wording.Set) (wording.Set, cases.Entry, bool) {
		next, ok := to(s)
		return next, e, ok
	}, nil)
}

func (d *Desk) changeWordsWith(ctx context.Context, v viewer, to func(wording.Set) (wording.Set, cases.Entry, bool), also func(*store.Tx) error) (changed bool, err error) {
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		w, err := tx.Wording(ctx, v.key.Platform, v.key.Server)
		if err != nil {
			return err
		}
		next, e, ok := to(w.Now)
		if changed = ok; !ok {
			return nil
		}
		w.Before, w.Now = w.Now, next
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		return d.putWords(ctx, tx, v, w, e)
	})
	if err != nil {
		return false, fmt.Errorf("change a server's words: %w", err)
	}
	if changed {
		d.words.Changed(v.key)
	}
	return changed, nil
}

// putWords keeps a change of the words, notes who made it, and tells the other
// staff where less is found by it.
func (d *Desk) putWords(ctx context.Context, tx *store.Tx, v viewer, w store.Wording, e cases.Entry) error {
	if err := tx.PutWording(ctx, v.key.Platform, v.key.Server, w); err != nil {
		return err
	}
	if err := d.o.OnWords(ctx, tx, v.key); err != nil {
		return err
	}
	if err := tx.AddAudit(ctx, d.entry(v, cases.Case{}, e)); err != nil {
		return err
	}
	return d.tellHere(ctx, tx, v, lessFound(w.Before, w.Now))
}

// undoWords takes the last change back; a second time it is made again. id is
// that of the press, which may be delivered twice.
func (d *Desk) undoWords(ctx context.Context, v viewer, id string) (chat.Answer, error) {
	var nothing, again bool
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		first, err := tx.Seen(ctx, "words-undo:"+v.key.Platform+":"+id, d.o.Now())
		if again = !first; err != nil || again {
			return err
		}
		w, err := tx.Wording(ctx, v.key.Platform, v.key.Server)
		if nothing = w.Version == 0; err != nil || nothing {
			return err
		}
		w.Now, w.Before = w.Now.Back(w.Before), w.Now
		return d.putWords(ctx, tx, v, w, cases.Entry{Action: "words-undo", Detail: difference(w.Before, w.Now)})
	})
	if err != nil {
		return chat.Answer{}, fmt.Errorf("undo a change of a server's words: %w", err)
	}
	d.words.Changed(v.key)
	note := d.texts.Say("staff.words.done.undo")
	if nothing {
		note = d.texts.Say("staff.words.noundo")
	}
	return d.wordList(ctx, v, note)
}

// rulesOfCase lets staff look at the rules that led to a case.
func (d *Desk) rulesOfCase(v viewer, signs []cases.Sign) (chat.Select, bool) {
	pick := chat.Select{Label: d.texts.Say("staff.words.ofcase"), Verb: verbWord, Arg: string(v.key.Server)}
	for _, s := range signs {
		if len(pick.Options) == chat.MaxOptions || slices.ContainsFunc(pick.Options, func(o chat.Option) bool { return o.Value == s.Rule }) {
			continue
		}
		pick.Options = append(pick.Options, chat.Option{Label: clipTo(s.Rule, chat.MaxButtonText), Value: s.Rule,
			Hint: d.texts.Say("staff.category." + string(s.Category))})
	}
	return pick, len(pick.Options) > 0
}

// completeRule offers rules and phrases by their id or by what they look for.
func (d *Desk) completeRule(ctx context.Context, v viewer, typed string) ([]chat.Option, error) {
	k, err := d.known(ctx, v)
	if err != nil {
		return nil, err
	}
	typed = strings.ToLower(strings.TrimSpace(typed))
	var out []chat.Option
	add := func(id, what string) {
		if len(out) < chat.MaxOptions && strings.Contains(strings.ToLower(id+" "+what), typed) {
			out = append(out, chat.Option{Label: clipTo(id+": "+what, chat.MaxOptionText), Value: id})
		}
	}
	for _, p := range k.words.Now.Phrases {
		add(p.ID, p.Text)
	}
	for _, r := range d.words.Rules().Rules() {
		add(r.ID, r.Why)
	}
	return out, nil
}

// clipTo shortens a text to n characters.
func clipTo(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
