package playground

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Visitor acts as one person of the community, with that person's rights: it
// is what the page does, and what a test does in its stead. Errors are
// *Refusal, with a sentence for the person.
type Visitor struct {
	s  *Server
	me *person
	// Tab says which of the person's pages acts; forms open there alone.
	Tab string
	// Locale is what the browser asks for with Accept-Language.
	Locale string
}

// As acts as a person; an unknown one is refused.
func (s *Server) As(id chat.PersonID) (*Visitor, error) {
	p := s.person(id)
	if p == nil {
		return nil, refuse(http.StatusNotFound, "Nobody here has that name. Pick who you are again.")
	}
	return &Visitor{s: s, me: p}, nil
}

// enter finds a place that the person can read. The caller holds the lock.
func (v *Visitor) enter(id chat.PlaceID) (*room, error) {
	r := v.s.room(id)
	if r == nil || !v.s.canRead(v.me, &r.place) {
		return nil, refuse(http.StatusNotFound, "There is no such place, or you cannot see it.")
	}
	return r, nil
}

func (v *Visitor) message(r *room, id chat.MessageID) (*message, error) {
	m := r.find(id)
	if m == nil {
		return nil, refuse(http.StatusNotFound, "That message is not there any more.")
	}
	return m, nil
}

// Say writes a message, as an answer to another one where replyTo is given.
func (v *Visitor) Say(in chat.PlaceID, text string, replyTo chat.MessageID) (chat.MessageID, error) {
	text, err := checkText(text)
	if err != nil {
		return "", err
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	r, err := v.enter(in)
	if err != nil {
		return "", err
	}
	m := v.s.newMessage(v.me.ID)
	m.text, m.names = text, mentions(text, v.s.people)
	if replyTo != "" {
		if m.replyTo, err = v.message(r, replyTo); err != nil {
			return "", err
		}
	}
	v.s.wrote(r, m)
	return m.id, nil
}

// wrote adds a person's message and tells everybody. The caller holds the lock.
func (s *Server) wrote(r *room, m *message) {
	r.add(m)
	s.markRead(m.author, r.ID, m.n)
	s.tellPlace(r.ID, "message", s.viewMessage(r, m))
	s.deliver(r, s.messageEvent(r, m))
}

// Edit changes the text of the person's own message.
func (v *Visitor) Edit(in chat.PlaceID, id chat.MessageID, text string) error {
	text, err := checkText(text)
	if err != nil {
		return err
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	r, m, err := v.own(in, id)
	if err != nil {
		return err
	}
	if m.author != v.me.ID {
		return refuse(http.StatusForbidden, "You can edit only what you wrote yourself.")
	}
	if m.text == text {
		return nil
	}
	m.text, m.edited, m.names = text, true, mentions(text, v.s.people)
	v.s.tellPlace(r.ID, "message", v.s.viewMessage(r, m))
	v.s.deliver(r, v.s.messageEvent(r, m))
	return nil
}

// Delete removes the person's own message; moderators may remove any.
func (v *Visitor) Delete(in chat.PlaceID, id chat.MessageID) error {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	r, m, err := v.own(in, id)
	if err != nil {
		return err
	}
	if m.author != v.me.ID && !v.me.Moderator {
		return refuse(http.StatusForbidden, "You can delete only what you wrote yourself.")
	}
	v.s.remove(r, m)
	return nil
}

func (v *Visitor) own(in chat.PlaceID, id chat.MessageID) (*room, *message, error) {
	r, err := v.enter(in)
	if err != nil {
		return nil, nil, err
	}
	m, err := v.message(r, id)
	return r, m, err
}

func (s *Server) remove(r *room, m *message) {
	m.gone = true
	for i, x := range r.messages {
		if x == m {
			r.messages = append(r.messages[:i:i], r.messages[i+1:]...)
			break
		}
	}
	s.tellPlace(r.ID, "deleted", map[string]any{"place": r.ID, "id": m.id})
	s.deliver(r, &event{eventJSON: eventJSON{Kind: kindDeleted, Place: r.json(), At: m.id}})
}

// Command uses a slash command; args are by option name. It returns the
// interaction's id; what comes of it is seen in Private.
func (v *Visitor) Command(in chat.PlaceID, name string, args map[string]string) (string, error) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	r, err := v.enter(in)
	if err != nil {
		return "", err
	}
	spec, err := v.command(name, false)
	if err != nil {
		return "", err
	}
	if args, err = checkArgs(spec, args); err != nil {
		return "", err
	}
	e := eventJSON{Kind: kindCommand, Name: spec.Name, Args: args}
	return v.ask(r, e, &private{Used: "/" + spec.Name}), nil
}

// MessageCommand uses a message command, such as a report, on a message.
func (v *Visitor) MessageCommand(in chat.PlaceID, name string, about chat.MessageID) (string, error) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	r, m, err := v.own(in, about)
	if err != nil {
		return "", err
	}
	spec, err := v.command(name, true)
	if err != nil {
		return "", err
	}
	e := eventJSON{Kind: kindCommand, Name: spec.Name, Message: v.s.botMessage(r, m)}
	return v.ask(r, e, &private{Used: spec.Name}), nil
}

func (v *Visitor) command(name string, onMessage bool) (commandJSON, error) {
	for _, c := range v.s.commands {
		if c.Name == name && c.OnMessage == onMessage && (!c.Staff || v.me.Moderator) {
			return c, nil
		}
	}
	if len(v.s.commands) == 0 {
		return commandJSON{}, refuse(http.StatusServiceUnavailable, v.s.bot.Name+" is not here at the moment. Try again soon.")
	}
	return commandJSON{}, refuse(http.StatusNotFound, "There is no such command. Type / to see them all.")
}

func checkArgs(spec commandJSON, args map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, o := range spec.Options {
		value, err := checkValue(args[o.Name])
		if err != nil {
			return nil, err
		}
		if value == "" {
			if o.Required {
				return nil, refuse(http.StatusUnprocessableEntity, fmt.Sprintf("/%s needs one thing more: %s.", spec.Name, o.Name))
			}
			continue
		}
		if len(o.Choices) > 0 && !o.Completes && !offered(o.Choices, value) {
			return nil, refuse(http.StatusUnprocessableEntity, fmt.Sprintf("Pick one of the choices for %s.", o.Name))
		}
		out[o.Name] = value
	}
	for name := range args {
		if !hasOption(spec, name) {
			return nil, refuse(http.StatusUnprocessableEntity, fmt.Sprintf("/%s does not take that option.", spec.Name))
		}
	}
	return out, nil
}

func hasOption(spec commandJSON, name string) bool {
	for _, o := range spec.Options {
		if o.Name == name {
			return true
		}
	}
	return false
}

func offered(options []optionJSON, value string) bool {
	for _, o := range options {
		if o.Value == value {
			return true
		}
	}
	return false
}

// Press says which control of which card was used. Exactly one of Message and
// Private is given.
type Press struct {
	Place   chat.PlaceID
	Message chat.MessageID // a card that everybody in the place sees
	Private string         // a private answer
	Verb    string
	Arg     string
	Value   string // the option chosen, for a select
}

// Press uses a button or a select of a card that the person sees.
func (v *Visitor) Press(p Press) (string, error) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	r, err := v.enter(p.Place)
	if err != nil {
		return "", err
	}
	card, err := v.card(r, p)
	if err != nil {
		return "", err
	}
	if !holds(card, p) {
		return "", refuse(http.StatusConflict, "That button is not there any more.")
	}
	e := eventJSON{Kind: kindAction, Verb: p.Verb, Arg: p.Arg, Value: p.Value, At: p.Message}
	id := v.ask(r, e, nil)
	v.s.asking(id).source = p.Private
	return id, nil
}

func (v *Visitor) card(r *room, p Press) (*chat.Card, error) {
	if p.Private != "" {
		x := v.s.privateOf(v.me.ID, p.Private)
		if x == nil || x.card == nil || x.place != r.ID {
			return nil, refuse(http.StatusNotFound, "That answer is not there any more.")
		}
		return x.card, nil
	}
	m, err := v.message(r, p.Message)
	if err != nil {
		return nil, err
	}
	if m.card == nil {
		return nil, refuse(http.StatusNotFound, "That message has no buttons.")
	}
	return m.card, nil
}

func holds(c *chat.Card, p Press) bool {
	for _, b := range c.Blocks {
		controls, _ := b.(chat.Controls)
		for _, k := range controls {
			switch k := k.(type) {
			case chat.Button:
				if k.Verb == p.Verb && k.Arg == p.Arg && p.Value == "" {
					return true
				}
			case chat.Select:
				if k.Verb == p.Verb && k.Arg == p.Arg && offered(toOptionsJSON(k.Options), p.Value) {
					return true
				}
			}
		}
	}
	return false
}

// Submit sends a form that was opened for this person.
func (v *Visitor) Submit(form string, values map[string]string) (string, error) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	opened := v.s.asking(form)
	if opened == nil || opened.form == nil || opened.person != v.me.ID {
		return "", refuse(http.StatusGone, "This form is too old. Open it again.")
	}
	r, err := v.enter(opened.place)
	if err != nil {
		return "", err
	}
	clean, err := checkForm(opened.form, values)
	if err != nil {
		return "", err
	}
	e := eventJSON{Kind: kindSubmit, Verb: opened.form.Verb, Arg: opened.form.Arg, Args: clean}
	return v.ask(r, e, nil), nil
}

func checkForm(f *chat.Form, values map[string]string) (map[string]string, error) {
	out := map[string]string{}
	wrong := map[string]string{}
	known := map[string]bool{}
	for _, x := range f.Fields {
		known[x.Name] = true
		value, err := checkValue(values[x.Name])
		longest := x.MaxLen
		if longest == 0 {
			longest = MaxText
		}
		switch n := utf8.RuneCountInString(value); {
		case err != nil:
			wrong[x.Name] = err.Error()
		case value == "" && x.Required:
			wrong[x.Name] = "This one is needed."
		case n > longest:
			wrong[x.Name] = fmt.Sprintf("At most %s characters; this has %s.", thousands(longest), thousands(n))
		case value != "" && x.Kind == chat.Choice && !offered(toOptionsJSON(x.Options), value):
			wrong[x.Name] = "Pick one of the choices."
		}
		out[x.Name] = value
	}
	for name := range values {
		if !known[name] {
			return nil, refuse(http.StatusUnprocessableEntity, "The form has no such field. Open it again.")
		}
	}
	if len(wrong) > 0 {
		return nil, &Refusal{Status: http.StatusUnprocessableEntity, Sentence: "Please look at the marked fields.", Fields: wrong}
	}
	return out, nil
}

// Complete asks the bot for values of an option while it is being typed. It
// blocks until the bot answered, or for as long as the page waits; then there
// are none.
func (v *Visitor) Complete(ctx context.Context, in chat.PlaceID, name string, args map[string]string, option, typed string) ([]chat.Option, error) {
	a, err := v.askCompletion(in, name, args, option, typed)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(v.s.opt.AnswerWithin)
	defer timer.Stop()
	defer v.s.forget(a)
	select {
	case options := <-a.options:
		return options, nil
	case <-timer.C:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-v.s.stop:
		return nil, nil
	}
}

func (v *Visitor) askCompletion(in chat.PlaceID, name string, args map[string]string, option, typed string) (*interaction, error) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	r, err := v.enter(in)
	if err != nil {
		return nil, err
	}
	spec, err := v.command(name, false)
	if err != nil {
		return nil, err
	}
	if typed, err = checkValue(typed); err != nil {
		return nil, err
	}
	clean := map[string]string{}
	for _, o := range spec.Options {
		if value, err := checkValue(args[o.Name]); err == nil && value != "" {
			clean[o.Name] = value
		}
	}
	for _, o := range spec.Options {
		if o.Name == option && o.Completes {
			id := v.ask(r, eventJSON{Kind: kindComplete, Name: name, Args: clean, Option: option, Typed: typed}, nil)
			return v.s.asking(id), nil
		}
	}
	return nil, refuse(http.StatusUnprocessableEntity, "That option offers nothing.")
}

// Dismiss takes a private answer off the person's pages; the bot need not be
// there for it.
func (v *Visitor) Dismiss(id string) error {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if p := v.s.privateOf(v.me.ID, id); p != nil {
		v.s.dropPrivate(p)
	}
	return nil
}

// Read notes that the person has seen a place up to a message number.
func (v *Visitor) Read(in chat.PlaceID, upTo uint64) error {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	r, err := v.enter(in)
	if err != nil {
		return err
	}
	v.s.markRead(v.me.ID, r.ID, min(upTo, v.s.last))
	return nil
}

func (s *Server) markRead(who chat.PersonID, in chat.PlaceID, upTo uint64) {
	if s.person(who) == nil {
		return
	}
	if s.read[who] == nil {
		s.read[who] = map[chat.PlaceID]uint64{}
	}
	if s.read[who][in] >= upTo {
		return
	}
	s.read[who][in] = upTo
	s.tellPerson(who, "read", map[string]any{"place": in, "upTo": upTo})
}

// checkText says what is wrong with a message, or gives it as it is kept.
func checkText(text string) (string, error) {
	text, err := checkValue(text)
	if err != nil {
		return "", err
	}
	if text == "" {
		return "", refuse(http.StatusUnprocessableEntity, "Write something first.")
	}
	if n := utf8.RuneCountInString(text); n > MaxText {
		return "", refuse(http.StatusUnprocessableEntity,
			fmt.Sprintf("A message can have at most %s characters; this one has %s.", thousands(MaxText), thousands(n)))
	}
	return text, nil
}

// checkValue refuses what no chat platform keeps, and otherwise keeps all of
// the text but the space around it.
func checkValue(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", refuse(http.StatusBadRequest, "This is not text that can be shown: its encoding is broken.")
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return "", refuse(http.StatusUnprocessableEntity, "This has a control character in it that cannot be shown.")
		}
	}
	return strings.TrimSpace(text), nil
}

func formatNumber(n uint64) string { return strconv.FormatUint(n, 10) }

// thousands writes a number as people read it: 4,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
