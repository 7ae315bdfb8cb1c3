package slack

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// This file brings what people ask to the handler. How its answer reaches them
// is in answers.go.

// slashCommand is a use of /waymark. Socket Mode sends it as JSON, HTTP as a
// form.
type slashCommand struct {
	Team    string `json:"team_id"`
	Channel string `json:"channel_id"`
	Where   string `json:"channel_name"`
	User    string `json:"user_id"`
	Name    string `json:"user_name"`
	Text    string `json:"text"`
	Reply   string `json:"response_url"`
	Trigger string `json:"trigger_id"`
}

// rawInteraction is a press, a choice, a form or a shortcut as Slack sends it.
type rawInteraction struct {
	Type string `json:"type"`
	Team struct {
		ID string `json:"id"`
	} `json:"team"`
	User struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Team string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"channel"`
	Trigger   string `json:"trigger_id"`
	Reply     string `json:"response_url"`
	Callback  string `json:"callback_id"`
	Container struct {
		Type      string `json:"type"`
		Message   string `json:"message_ts"`
		Channel   string `json:"channel_id"`
		Thread    string `json:"thread_ts"`
		Ephemeral bool   `json:"is_ephemeral"`
	} `json:"container"`
	Message json.RawMessage `json:"message"`
	Actions []struct {
		ID     string `json:"action_id"`
		At     string `json:"action_ts"`
		Chosen struct {
			Value string `json:"value"`
		} `json:"selected_option"`
	} `json:"actions"`
	View struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Callback string `json:"callback_id"`
		Private  string `json:"private_metadata"`
		State    struct {
			Values map[string]map[string]inputState `json:"values"`
		} `json:"state"`
	} `json:"view"`
}

type inputState struct {
	Value  *string `json:"value"`
	Chosen *struct {
		Value string `json:"value"`
	} `json:"selected_option"`
	Room   *string  `json:"selected_conversation"`
	People []string `json:"selected_users"`
}

// said is what was filled in; ok is false where nothing was.
func (x inputState) said() (value string, ok bool) {
	switch {
	case x.Value != nil:
		return *x.Value, true
	case x.Chosen != nil:
		return x.Chosen.Value, true
	case x.Room != nil:
		return *x.Room, true
	}
	return strings.Join(x.People, " "), x.People != nil
}

// slash takes a use of /waymark and answers it in a goroutine of its own.
func (in *intake) slash(c slashCommand) {
	a := &asking{
		in: in, server: in.server(&callback{Team: c.Team}), person: chat.Person{ID: chat.PersonID(c.User), Name: c.Name},
		channel: c.Channel, replyTo: c.Reply, trigger: c.Trigger, came: time.Now(), at: in.s.now(), id: c.Trigger,
		where: c.Where,
	}
	if c.User == "" {
		return
	}
	in.ask(a, func(ctx context.Context) (chat.Answer, error) {
		name, args := in.s.parse(c.Text)
		return in.h.Command(ctx, chat.Command{ID: a.id, Name: name, Args: args, Person: a.person, Place: a.place, Time: a.at})
	})
}

// receipt acknowledges, once, what somebody did. What goes with it is for Slack
// to show, nil for nothing.
type receipt struct {
	once sync.Once
	send func(json.RawMessage)
}

// give acknowledges; false where that was done before.
func (r *receipt) give(with json.RawMessage) (first bool) {
	r.once.Do(func() { first = true; r.send(with) })
	return first
}

// interaction takes whatever else somebody does with the bot. acknowledge is
// called once: for a form that was sent when it is known whether something is
// wrong with it, for the rest at once.
func (in *intake) interaction(raw []byte, acknowledge func(json.RawMessage)) {
	got := &receipt{send: acknowledge}
	var x rawInteraction
	known := readJSON(raw, &x) == nil && x.User.ID != ""
	if !known || x.Type != "view_submission" {
		got.give(nil)
	}
	if !known {
		return
	}
	a := &asking{
		in: in, server: in.server(&callback{Team: x.Team.ID}), person: chat.Person{ID: chat.PersonID(x.User.ID), Name: x.User.Name},
		channel: x.Channel.ID, where: x.Channel.Name, replyTo: x.Reply, trigger: x.Trigger, came: time.Now(), at: in.s.now(), id: x.Trigger,
		view: x.View.Type, viewID: x.View.ID, thread: x.Container.Thread, home: x.View.Type == "home",
	}
	if a.channel == "" {
		a.channel = x.Container.Channel
	}
	switch x.Type {
	case "block_actions":
		in.pressed(a, &x)
	case "view_submission":
		in.submitted(a, &x, got)
	case "message_action":
		in.usedOn(a, &x)
	}
}

// pressed takes a press of a button or a choice in a select.
func (in *intake) pressed(a *asking, x *rawInteraction) {
	if len(x.Actions) == 0 {
		return
	}
	act := x.Actions[0]
	verb, arg, ok := readActionID(act.ID)
	if !ok {
		return // a link, or none of ours
	}
	if a.id == "" {
		a.id = string(a.person.ID) + ":" + act.At + ":" + act.ID
	}
	a.private = x.Container.Ephemeral || a.view != ""
	a.pressed = x.Container.Message
	if a.view == "modal" {
		a.resume(x.View.Private)
	}
	in.ask(a, func(ctx context.Context) (chat.Answer, error) {
		if verb == verbForm {
			return in.s.forms.open(arg, in.s.o.TryAgain), nil
		}
		action := chat.Action{ID: a.id, Verb: verb, Arg: arg, Value: act.Chosen.Value, Person: a.person, Place: a.place, Time: a.at,
			Message: chat.MessageRef{Server: a.server, Place: a.place.ID}}
		if !a.private {
			action.Message.ID = chat.MessageID(a.pressed)
		}
		return in.h.Action(ctx, action)
	})
}

// submitted takes a form that was sent. Its window closes when it is
// acknowledged, unless what is wrong with it goes along.
func (in *intake) submitted(a *asking, x *rawInteraction, got *receipt) {
	verb, arg, ok := readActionID(x.View.Callback)
	if !ok {
		got.give(nil)
		return
	}
	late := time.AfterFunc(in.s.time.form, func() { got.give(nil) })
	a.resume(x.View.Private)
	a.view, a.viewID, a.submitted = "", "", true // the window closes itself
	if a.id == "" {
		a.id = "view:" + x.View.ID
	}
	values := map[string]string{}
	for _, inputs := range x.View.State.Values {
		for name, v := range inputs {
			if said, ok := v.said(); ok {
				values[name] = said
			}
		}
	}
	taken := in.ask(a, func(ctx context.Context) (chat.Answer, error) {
		answer, err := in.h.Submit(ctx, chat.Submission{ID: a.id, Form: verb, Arg: arg, Values: values, Person: a.person, Place: a.place, Time: a.at})
		late.Stop()
		wrong := mistakes(answer.Wrong, x)
		if got.give(wrong) && wrong != nil {
			return chat.Answer{}, err // the window shows it
		}
		return answer, err
	})
	if !taken {
		late.Stop()
		got.give(nil)
	}
}

// mistakes has Slack keep a window open and show what is wrong with it; nil
// where nothing is, or nothing that has a place there.
func mistakes(wrong map[string]string, x *rawInteraction) json.RawMessage {
	shown := map[string]string{}
	for name, why := range wrong {
		if _, there := x.View.State.Values[name]; there {
			shown[name] = visible(why)
		}
	}
	if len(shown) == 0 {
		return nil
	}
	raw, err := json.Marshal(map[string]any{"response_action": "errors", "errors": shown})
	if err != nil {
		return nil
	}
	return raw
}

// usedOn takes a shortcut that was used on a message.
func (in *intake) usedOn(a *asking, x *rawInteraction) {
	m, ok := readMessage(x.Message)
	if !ok {
		return
	}
	m.Channel = a.channel
	a.thread = m.thread()
	in.ask(a, func(ctx context.Context) (chat.Answer, error) {
		about, starter := in.s.neutral(in.s.spaces.get(a.server), a.server, &m)
		in.s.complete(ctx, &about, starter)
		return in.h.Command(ctx, chat.Command{
			ID: a.id, Name: in.s.shortcut(x.Callback), Args: map[string]string{}, Person: a.person, Place: a.place, Time: a.at, About: &about,
		})
	})
}

// asking is one question on its way to its answer.
type asking struct {
	in      *intake
	id      string
	server  chat.ServerID
	person  chat.Person
	place   chat.Place
	channel string
	where   string // what Slack calls the channel
	thread  string // the thread in which the answer belongs; "" for none
	replyTo string // response_url
	trigger string // opens windows for a moment
	pressed string // the message that holds the button
	view    string // what holds the button, where it is no message: home or modal
	viewID  string
	private bool // what holds the button is seen by this person alone
	// home: it began on the Home tab. submitted: it is a form that was sent.
	home      bool
	submitted bool
	came      time.Time
	at        time.Time
}

// origin is where a window was opened from. Slack keeps it for us, as a window
// belongs to no place.
type origin struct {
	Channel string `json:"c,omitempty"`
	Where   string `json:"w,omitempty"`
	Thread  string `json:"t,omitempty"`
	ReplyTo string `json:"r,omitempty"`
	Home    bool   `json:"h,omitempty"`
}

func (a *asking) origin() string {
	raw, err := json.Marshal(origin{a.channel, a.where, a.thread, a.replyTo, a.home})
	if err != nil || len(raw) > maxPrivate {
		return ""
	}
	return string(raw)
}

// resume takes over where the window was opened from.
func (a *asking) resume(private string) {
	var o origin
	if json.Unmarshal([]byte(private), &o) != nil {
		return
	}
	a.channel, a.where, a.thread, a.replyTo, a.home = o.Channel, o.Where, o.Thread, o.ReplyTo, o.Home
}

// ask has the handler answer and brings that to the person. Who asks and where
// is named from what Slack sent where it cannot be looked up soon: help waits
// for nothing. It is false for a question that is being answered already, and
// where there are too many.
func (in *intake) ask(a *asking, do func(context.Context) (chat.Answer, error)) bool {
	if a.id == "" {
		a.id = string(a.person.ID) + ":" + strconv.FormatInt(a.came.UnixNano(), 36)
	}
	if !in.first(a.id) {
		return false
	}
	go func() {
		defer in.answered()
		ctx, cancel := context.WithTimeout(in.ctx, in.s.time.answerUntil)
		defer cancel()
		a.identify(ctx)
		answer, err := do(ctx)
		if err := a.show(ctx, answer, err); err != nil {
			in.s.log.Warn("an answer did not reach the person", "after", time.Since(a.came).Round(time.Millisecond), "err", err)
		}
		if a.submitted && a.home && answer.Card != nil { // it may say what is different now
			in.s.showHomeOf(ctx, in.h, a.server, a.person.ID, a.id+":home", a.channel, a.at)
		}
	}()
	return true
}

// identify names the person and the place.
func (a *asking) identify(ctx context.Context) {
	s := a.in.s
	if n := s.recentName(a.server, string(a.person.ID)); n != "" {
		a.person.Name = n
	} else {
		soon, cancel := context.WithTimeout(ctx, s.time.name/2)
		defer cancel()
		if n := s.nameOf(soon, a.server, string(a.person.ID)); n != "" {
			a.person.Name = n
		}
	}
	a.person.Locale = s.localeOf(a.server, string(a.person.ID))
	a.place = chat.Place{Server: a.server, ID: chat.PlaceID(a.channel), Direct: a.channel == "" || strings.HasPrefix(a.channel, "D")}
	if a.place.Direct {
		return
	}
	if c, ok := s.names.places.get(nameKey{a.server, a.channel}, s.time.naming); ok {
		a.place.Name = c.name
	} else if a.where != "privategroup" {
		a.place.Name = a.where
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
	kept remembered[string, chat.Form]
}

const keepForm = 15 * time.Minute

// keep makes a card with a button that opens the form.
func (f *forms) keep(form chat.Form) chat.Card {
	f.mu.Lock()
	f.next++
	key := strconv.FormatUint(f.next, 10)
	f.mu.Unlock()
	f.kept.put(key, form)
	c := chat.Card{Title: form.Title, Tone: chat.Calm}
	if form.Intro != "" {
		c.Blocks = append(c.Blocks, chat.Text(form.Intro))
	}
	c.Blocks = append(c.Blocks, chat.Controls{chat.Button{Label: form.Title, Verb: verbForm, Arg: key, Style: chat.Primary}})
	return c
}

// open gives a kept form. One that is not kept any more has to be asked for
// again.
func (f *forms) open(key string, tryAgain chat.Card) chat.Answer {
	form, ok := f.kept.get(key, keepForm)
	if !ok {
		return chat.Turn(tryAgain)
	}
	return chat.Answer{Form: &form}
}
