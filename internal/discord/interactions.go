package discord

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// This file brings what people ask to the handler and its answer back to them,
// always to that one person. Discord takes a first answer for three seconds;
// where the handler needs longer, "thinking" is shown meanwhile.

// The kinds of interaction.
const (
	askCommand  = 2
	askControl  = 3
	askComplete = 4
	askForm     = 5
)

// The kinds of first answer.
const (
	replyMessage  = 4
	replyLater    = 5
	updateLater   = 6
	updateMessage = 7
	replyOptions  = 8
	replyModal    = 9
)

// rawInteraction is an interaction as Discord sends it.
type rawInteraction struct {
	ID      id          `json:"id"`
	App     id          `json:"application_id"`
	Kind    int         `json:"type"`
	Token   string      `json:"token"`
	Guild   id          `json:"guild_id"`
	At      id          `json:"channel_id"`
	Channel *rawChannel `json:"channel"`
	Member  *rawMember  `json:"member"`
	User    *rawUser    `json:"user"`
	Message *struct {
		ID    id  `json:"id"`
		Flags int `json:"flags"`
	} `json:"message"`
	Owners map[string]id   `json:"authorizing_integration_owners"`
	Locale string          `json:"locale"` // of the person's client
	Data   interactionData `json:"data"`

	came time.Time
}

type interactionData struct {
	Name     string            `json:"name"`
	Kind     int               `json:"type"`
	Target   id                `json:"target_id"`
	Options  []rawOption       `json:"options"`
	CustomID string            `json:"custom_id"`
	Values   []string          `json:"values"`
	Parts    []json.RawMessage `json:"components"`
	Resolved struct {
		Messages map[string]json.RawMessage `json:"messages"`
	} `json:"resolved"`
}

type rawOption struct {
	Name    string          `json:"name"`
	Kind    int             `json:"type"`
	Value   json.RawMessage `json:"value"`
	Focused bool            `json:"focused"`
	Options []rawOption     `json:"options"`
}

// interaction takes one and answers it in a goroutine of its own.
func (in *intake) interaction(raw []byte) {
	x := &rawInteraction{came: time.Now()}
	if readJSON(raw, x) != nil || x.ID == 0 || x.Token == "" {
		return
	}
	if x.Member != nil && x.Member.User != nil {
		in.d.members.put(memberKey{x.Guild, x.Member.User.ID},
			member{roles: x.Member.Roles, user: *x.Member.User, nick: x.Member.Nick})
	}
	if !in.first(x.ID) {
		return
	}
	go func() {
		defer in.answered()
		in.answer(x)
	}()
}

// person is who asks.
func (x *rawInteraction) person() chat.Person {
	if x.Member != nil && x.Member.User != nil {
		return chat.Person{ID: x.Member.User.ID.person(), Name: displayName(x.Member.Nick, *x.Member.User), Bot: x.Member.User.Bot, Locale: x.Locale}
	}
	if x.User != nil {
		return chat.Person{ID: x.User.ID.person(), Name: displayName("", *x.User), Bot: x.User.Bot, Locale: x.Locale}
	}
	return chat.Person{}
}

// where is the place in which somebody asks. A server in which the bot is not
// installed, but somebody uses it from their own account, is no server of ours:
// it is as if they asked in private.
func (d *Discord) where(x *rawInteraction) chat.Place {
	at := x.At
	if at == 0 && x.Channel != nil {
		at = x.Channel.ID
	}
	if x.Guild == 0 || (len(x.Owners) > 0 && x.Owners["0"] != x.Guild) {
		return chat.Place{ID: at.place(), Direct: true}
	}
	place, _, known := d.known(x.Guild, at, 0)
	if !known && x.Channel != nil {
		place.Name = x.Channel.Name
		if x.Channel.Kind.thread() {
			place.Parent = x.Channel.Parent.place()
		}
	}
	return place
}

// private says whether the pressed button is on an answer that only this
// person sees.
func (x *rawInteraction) private() bool {
	return x.Message != nil && x.Message.Flags&flagEphemeral != 0
}

// reply is what the handler gave.
type reply struct {
	answer  chat.Answer
	options []chat.Option
	err     error
}

// answer has the handler answer, and brings that to the person in time.
func (in *intake) answer(x *rawInteraction) {
	ctx, cancel := context.WithTimeout(in.ctx, in.d.time.answerUntil)
	defer cancel()
	a := &answering{d: in.d, x: x}
	done := make(chan reply, 1)
	in.wg.Go(func() { done <- in.respond(ctx, x) })
	if x.Kind == askComplete {
		in.complete(ctx, a, done)
		return
	}
	thinking := time.NewTimer(time.Until(x.came.Add(in.d.time.deferAfter)))
	defer thinking.Stop()
	var err error
	select {
	case r := <-done:
		err = a.show(ctx, r)
	case <-thinking.C:
		if err = a.later(ctx); err == nil {
			select {
			case r := <-done:
				err = a.show(ctx, r)
			case <-ctx.Done():
				err = a.show(context.WithoutCancel(ctx), reply{err: ctx.Err()})
			}
		}
	}
	if err != nil && !harmless(err) {
		in.d.log.Warn("an answer did not reach the person", "kind", x.Kind, "after", time.Since(x.came).Round(time.Millisecond), "err", err)
	}
}

// harmless are refusals that mean that the person has an answer already, or is
// not waiting any more.
func harmless(err error) bool {
	switch codeOf(err) {
	case codeAcknowledged, codeUnknownInteraction, codeInvalidToken, codeUnknownWebhook:
		return true
	}
	return false
}

// complete answers with options for what is being typed; with none where the
// handler fails or is late.
func (in *intake) complete(ctx context.Context, a *answering, done <-chan reply) {
	var list []map[string]string
	select {
	case r := <-done:
		for _, o := range r.options {
			if len(list) < maxChoices && o.Value != "" && len([]rune(o.Value)) <= maxChoiceLength {
				list = append(list, map[string]string{"name": choiceName(o), "value": o.Value})
			}
		}
	case <-time.After(in.d.time.deferAfter):
	case <-ctx.Done():
	}
	if list == nil {
		list = []map[string]string{}
	}
	_ = a.first(ctx, replyOptions, map[string]any{"choices": list}, nil) // they can type without
}

func choiceName(o chat.Option) string {
	if n := oneLine(o.Label); n != "" {
		return short(n, maxChoiceLength)
	}
	return short(o.Value, maxChoiceLength)
}

// respond asks the handler.
func (in *intake) respond(ctx context.Context, x *rawInteraction) (r reply) {
	person, place, at := x.person(), in.d.where(x), x.ID.time()
	switch x.Kind {
	case askCommand:
		r.answer, r.err = in.h.Command(ctx, in.command(x, person, place))
	case askComplete:
		option, typed := focused(x.Data.Options)
		r.options, r.err = in.h.Complete(ctx, in.command(x, person, place), option, typed)
	case askControl:
		verb, arg, ok := readCustomID(x.Data.CustomID)
		if !ok {
			return reply{} // a button that is none of ours
		}
		if verb == verbForm {
			return in.d.forms.open(arg, in.d.o.TryAgain)
		}
		a := chat.Action{ID: x.ID.String(), Verb: verb, Arg: arg, Person: person, Place: place, Time: at,
			Message: chat.MessageRef{Server: place.Server, Place: place.ID}}
		if len(x.Data.Values) > 0 {
			a.Value = x.Data.Values[0]
		}
		if x.Message != nil && !x.private() {
			a.Message.ID = x.Message.ID.message()
		}
		r.answer, r.err = in.h.Action(ctx, a)
	case askForm:
		verb, arg, ok := readCustomID(x.Data.CustomID)
		if !ok {
			return reply{}
		}
		values := map[string]string{}
		for _, p := range x.Data.Parts {
			formValues(p, values, maxDepth)
		}
		r.answer, r.err = in.h.Submit(ctx, chat.Submission{
			ID: x.ID.String(), Form: verb, Arg: arg, Values: values, Person: person, Place: place, Time: at,
		})
	default:
		r.err = errors.New("an interaction of an unknown kind")
	}
	return r
}

// formValues gathers what was filled in, from rows, labels and whatever else
// holds inputs.
func formValues(raw []byte, into map[string]string, depth int) {
	var c struct {
		ID         string            `json:"custom_id"`
		Value      *string           `json:"value"`
		Values     []string          `json:"values"`
		Component  json.RawMessage   `json:"component"`
		Components []json.RawMessage `json:"components"`
	}
	if depth == 0 || readJSON(raw, &c) != nil {
		return
	}
	if c.ID != "" {
		switch {
		case c.Value != nil:
			into[c.ID] = *c.Value
		case len(c.Values) > 0:
			into[c.ID] = c.Values[0]
		}
	}
	if c.Component != nil {
		formValues(c.Component, into, depth-1)
	}
	for _, p := range c.Components {
		formValues(p, into, depth-1)
	}
}

// command makes the neutral command: its name with the subcommand's, its
// options by name.
func (in *intake) command(x *rawInteraction, person chat.Person, place chat.Place) chat.Command {
	c := chat.Command{ID: x.ID.String(), Name: x.Data.Name, Args: map[string]string{}, Person: person, Place: place, Time: x.ID.time()}
	list := x.Data.Options
	for len(list) == 1 && (list[0].Kind == optionSub || list[0].Kind == optionGroup) {
		c.Name += " " + list[0].Name
		list = list[0].Options
	}
	for _, o := range list {
		c.Args[o.Name] = valueText(o.Value)
	}
	if raw := x.Data.Resolved.Messages[x.Data.Target.String()]; raw != nil {
		c.About = in.d.about(raw, x, place)
	}
	return c
}

// about is the message that a message command was used on.
func (d *Discord) about(raw []byte, x *rawInteraction, place chat.Place) *chat.Message {
	m, ok := readMessage(raw)
	if !ok {
		return nil
	}
	_, title, _ := d.known(x.Guild, m.Channel, m.ID)
	msg := m.message(d.base, place, title, d.lookup(x.Guild))
	return &msg
}

// valueText is an option's value as text, whatever its kind.
func valueText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return strings.Trim(string(raw), `"`)
}

// focused is the option that is being typed.
func focused(list []rawOption) (name, typed string) {
	for _, o := range list {
		if o.Focused {
			return o.Name, valueText(o.Value)
		}
		if name, typed := focused(o.Options); name != "" {
			return name, typed
		}
	}
	return "", ""
}

// answering is one interaction on its way to its answer.
type answering struct {
	d        *Discord
	x        *rawInteraction
	deferred bool
}

// later tells Discord that the answer takes a moment. Below a private answer
// nothing is shown meanwhile, so that it can still be replaced.
func (a *answering) later(ctx context.Context) error {
	a.deferred = true
	if a.x.Message != nil {
		return a.first(ctx, updateLater, nil, nil)
	}
	return a.first(ctx, replyLater, map[string]any{"flags": flagEphemeral}, nil)
}

// show brings the handler's answer to the person.
func (a *answering) show(ctx context.Context, r reply) error {
	if r.err != nil {
		a.d.log.Warn("an answer could not be made; the person is told to try again", "kind", a.x.Kind, "err", r.err)
		r.answer = chat.Show(a.d.o.TryAgain)
	}
	ans := r.answer
	if ans.Form != nil {
		if !a.deferred && a.x.Kind != askForm {
			return a.first(ctx, replyModal, modal(*ans.Form), nil)
		}
		ans = chat.Show(a.d.forms.keep(*ans.Form)) // too late, or not allowed: a button opens it
	}
	private := a.x.private()
	switch {
	case ans.Hide && private && a.x.Kind != askCommand:
		return a.hide(ctx)
	case ans.Card == nil:
		return a.nothing(ctx)
	case ans.Replace && private:
		return a.replace(ctx, *ans.Card)
	}
	if err := a.reply(ctx, *ans.Card); err != nil || ans.File == nil {
		return err
	}
	return a.attach(ctx, ans.File)
}

// reply shows a new private card.
func (a *answering) reply(ctx context.Context, c chat.Card) error {
	m, file := a.message(c, flagEphemeral)
	switch {
	case !a.deferred:
		return a.first(ctx, replyMessage, m, file)
	case a.x.Message != nil:
		return a.after(ctx, http.MethodPost, "", m, file)
	}
	return a.after(ctx, http.MethodPatch, "/messages/@original", m, file)
}

// message is that of a card, with its picture where it has one.
func (a *answering) message(c chat.Card, flags int) (m messageJSON, file *chat.File) {
	m = a.d.body(c, flags)
	if p := c.Picture; p != nil && count(m.Components) < maxComponents {
		m.Components = append(m.Components, gallery(p))
		m.Files = []attachment{{ID: "0", Name: p.Name, Description: p.Alt}}
		file = &chat.File{Name: p.Name, Data: p.PNG}
	}
	return m, file
}

// attach gives the person a file below the answer.
func (a *answering) attach(ctx context.Context, f *chat.File) error {
	return a.send(ctx, request{method: http.MethodPost, file: f,
		in: map[string]any{"flags": flagEphemeral, "attachments": []attachment{{ID: "0", Name: f.Name}}}}, "")
}

// replace shows a card in the place of the private one that held the button.
func (a *answering) replace(ctx context.Context, c chat.Card) error {
	m, file := a.message(c, 0)
	if file == nil {
		m.Files = []attachment{} // a picture goes with the card that it belongs to
	}
	if !a.deferred {
		return a.first(ctx, updateMessage, m, file)
	}
	return a.after(ctx, http.MethodPatch, "/messages/@original", m, file)
}

// hide removes the private answer that held the button.
func (a *answering) hide(ctx context.Context) error {
	if !a.deferred {
		if err := a.first(ctx, updateLater, nil, nil); err != nil {
			return err
		}
	}
	return a.after(ctx, http.MethodDelete, "/messages/@original", nil, nil)
}

// nothing leaves the person with what they have. A command has to be answered
// with something, so that is removed again.
func (a *answering) nothing(ctx context.Context) error {
	if a.x.Message != nil {
		if a.deferred {
			return nil
		}
		return a.first(ctx, updateLater, nil, nil)
	}
	if !a.deferred {
		if err := a.later(ctx); err != nil {
			return err
		}
	}
	return a.after(ctx, http.MethodDelete, "/messages/@original", nil, nil)
}

// first sends the first answer. A failure on Discord's side is tried again
// while the person still waits; if the first try got through after all, Discord
// says so, and that is fine.
func (a *answering) first(ctx context.Context, kind int, data any, file *chat.File) error {
	ctx, cancel := context.WithDeadline(ctx, a.x.came.Add(a.d.time.answerBy))
	defer cancel()
	in := map[string]any{"type": kind}
	if data != nil {
		in["data"] = data
	}
	r := request{
		op: "answer", method: http.MethodPost, path: "interactions/" + a.x.ID.String() + "/" + a.x.Token + "/callback", in: in, file: file,
	}
	return a.try(ctx, r)
}

// after sends what follows the first answer.
func (a *answering) after(ctx context.Context, method, path string, m any, file *chat.File) error {
	return a.send(ctx, request{method: method, in: m, file: file}, path)
}

func (a *answering) send(ctx context.Context, r request, path string) error {
	app := a.x.App
	if app == 0 {
		app = id(a.d.app.Load())
	}
	ctx, cancel := context.WithDeadline(ctx, a.x.came.Add(a.d.time.answerUntil))
	defer cancel()
	r.op, r.path = "answer", "webhooks/"+app.String()+"/"+a.x.Token+path
	return a.try(ctx, r)
}

// try makes a request until it works, cannot work, or ctx ends.
func (a *answering) try(ctx context.Context, r request) error {
	for attempt := 0; ; attempt++ {
		err := a.d.doNow(ctx, r, nil)
		if err == nil || chat.IsPermanent(err) || attempt == 5 {
			return err
		}
		if a.d.time.retry.wait(ctx, attempt, chat.RetryAfter(err)) != nil {
			return err
		}
	}
}

// verbForm opens a form that could not be opened at once. No verb of the core
// starts with a tilde.
const verbForm = "~form"

// forms keeps, for a while and in memory alone, forms that wait for a press of
// their button.
type forms struct {
	mu   sync.Mutex
	next uint64
	kept map[string]keptForm
}

type keptForm struct {
	form  chat.Form
	until time.Time
}

// maxForms bounds how many wait.
const maxForms = 1_000

// keep makes a card with a button that opens the form.
func (f *forms) keep(form chat.Form) chat.Card {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	for k, x := range f.kept {
		if now.After(x.until) {
			delete(f.kept, k)
		}
	}
	if f.kept == nil || len(f.kept) >= maxForms {
		f.kept = map[string]keptForm{}
	}
	f.next++
	key := id(f.next).String()
	f.kept[key] = keptForm{form, now.Add(15 * time.Minute)}
	c := chat.Card{Title: form.Title, Tone: chat.Calm}
	if form.Intro != "" {
		c.Blocks = append(c.Blocks, chat.Text(form.Intro))
	}
	c.Blocks = append(c.Blocks, chat.Controls{chat.Button{Label: form.Title, Verb: verbForm, Arg: key, Style: chat.Primary}})
	return c
}

// open gives a kept form. One that is not kept any more has to be asked for
// again.
func (f *forms) open(key string, tryAgain chat.Card) reply {
	f.mu.Lock()
	defer f.mu.Unlock()
	x, ok := f.kept[key]
	if !ok {
		return reply{answer: chat.Turn(tryAgain)}
	}
	return reply{answer: chat.Answer{Form: &x.form}}
}
