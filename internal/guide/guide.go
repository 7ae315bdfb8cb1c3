// Package guide answers what members ask: explanations, a free question, a
// quiz, contacts, a word to staff, and what the bot reads and keeps. Everything is
// answered to the one who asked, from texts in memory: no database, no network
// and no record. It judges nobody's words; that is internal/watch.
package guide

import (
	"context"
	"errors"
	"sync"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// Guide answers members. It can be used from any goroutine.
type Guide struct {
	texts *responses.Texts
	// index waits until the questions can be searched for, a moment after New.
	index func() *index
	// tongues are the guides in every language, this one too; shared.
	tongues  map[*responses.Texts]*Guide
	pictures *pictures
	// byChoice: the language was chosen on purpose, and stays.
	byChoice bool
}

// Server is what the guide has to know of the server that somebody asks on.
type Server struct {
	ID       chat.ServerID
	Platform string // "discord", "slack", "playground"
	Region   string // one of responses.Regions; "" is unknown
	// Language is what to answer in where the member's own is not known, as a
	// BCP 47 tag; "" is English.
	Language string
	// KeepDays is for how many days a closed case is kept, as /privacy says;
	// 0 leaves the number out.
	KeepDays int
	// Contacts are those that the server's staff added; empty for none.
	Contacts []responses.Contact
	// Reporter takes reports to staff; nil where nobody can.
	Reporter Reporter
}

// region is where the server is, unknown where that was never set.
func (s Server) region() responses.Region {
	r, _ := responses.ParseRegion(s.Region)
	return r
}

// Report is what a member wants staff to know.
type Report struct {
	ID     string // of the submission; a repeated delivery has the same
	Server chat.ServerID
	Place  chat.Place
	// By is who wrote it; the zero Person where they chose not to say.
	By   chat.Person
	Text string // may be empty where About is set
	// LeadsOnly asks that only the safeguarding leads see it.
	LeadsOnly bool
	// About is the message that they pointed at, nil for none. It has the ids
	// of the message, its place and its author, and the author's name, but
	// neither text nor link.
	About *chat.Message
}

// Reporter takes a report and makes sure that staff get it.
type Reporter interface {
	// Report returns a receipt, a number that the member can quote, once the
	// report is safe. Its errors are ErrNobody, ErrNoLead, ErrTwice, or say
	// that it is not safe and was not taken.
	Report(ctx context.Context, r Report) (receipt string, err error)
}

// What can come of a report instead of a receipt.
var (
	ErrNobody = errors.New("no staff are set up to read reports")
	ErrNoLead = errors.New("no safeguarding lead is set up")
	ErrTwice  = errors.New("this report was taken before")
)

// New makes a Guide, with its search index, from the texts. It speaks English,
// and to members the language of each.
func New(texts *responses.Texts) *Guide {
	index := sync.OnceValue(func() *index {
		ix, err := newIndex(texts)
		if err != nil {
			panic("guide: index the texts: " + err.Error()) // a fault of the build: they are embedded and tested
		}
		return ix
	})
	go index() // so that nobody who asks has to wait for it, nor the program's start
	tongues := map[*responses.Texts]*Guide{}
	for _, l := range texts.Languages() {
		in := texts.In(l.Code())
		tongues[in] = &Guide{texts: in, index: index, tongues: tongues, pictures: &pictures{of: map[string]*chat.Picture{}}}
	}
	return tongues[texts.English()]
}

// The commands, by their names in chat.
const (
	cmdLearn   = "learn"
	cmdAsk     = "ask"
	cmdSupport = "support"
	cmdReport  = "report"
	cmdQuiz    = "quiz"
	cmdPrivacy = "privacy"
	cmdHelp    = "help"
	cmdMessage = "Report to staff"
)

// The verbs of buttons, selects and forms.
const (
	verbTopic    = "learn.topic"    // arg: topic audience; or value: topic, arg: audience
	verbGo       = "learn.go"       // arg: audience; value: topic, or allTopics
	verbAudience = "learn.audience" // arg: topic; value: audience
	verbMore     = "learn.more"     // arg: topic audience
	verbMenu     = "learn.menu"     // arg: audience
	verbHelp     = "help.now"       // arg: who
	verbNeed     = "support.need"   // arg: need|region|who; value: need
	verbRegion   = "support.region" // arg: need|region|who; value: region
	verbWho      = "support.who"    // arg: need|region|who; value: who
	verbAll      = "support.all"    // arg: need|region|who
	verbAskTopic = "ask.topic"      // arg: topic audience
	verbRead     = "learn.read"     // arg: topic audience; below, where others turn the card
	verbOpen     = "report.open"    // arg: as the form's
	verbReport   = "report"         // the form; arg: what it is about
	verbHide     = "hide"

	verbQuiz       = "quiz"        // a new round
	verbQuizNext   = "quiz.next"   // arg: step
	verbQuizAnswer = "quiz.answer" // arg: question, number of the answer, step
	verbQuizEnd    = "quiz.end"
)

// Command answers a command. The bool says whether it is one of the guide's.
func (g *Guide) Command(ctx context.Context, c chat.Command, s Server) (chat.Answer, bool, error) {
	if c.Name == cmdAsk {
		return chat.Show(g.speaking(c.Person, s).Ask(c.Arg("question"), s).Card), true, nil
	}
	in := g.speaking(c.Person, s)
	a, ok, err := in.command(c, s)
	return in.dress(a, "", ""), ok, err
}

func (g *Guide) command(c chat.Command, s Server) (chat.Answer, bool, error) {
	switch c.Name {
	case cmdLearn:
		return g.learn(c.Arg("topic")), true, nil
	case cmdSupport:
		return chat.Show(g.supportCommand(c, s)), true, nil
	case cmdReport:
		return g.openReport(""), true, nil
	case cmdMessage:
		return g.openReport(refer(c.About)), true, nil
	case cmdQuiz:
		return chat.Show(g.quizQuestion(newRound(), g.texts.Say("ui.quiz.intro"))), true, nil
	case cmdPrivacy:
		return chat.Show(g.privacy(s)), true, nil
	case cmdHelp, "":
		return chat.Show(g.help()), true, nil
	}
	return chat.Answer{}, false, nil
}

// Action answers a button or a select. The bool says whether it is one of the
// guide's.
func (g *Guide) Action(ctx context.Context, a chat.Action, s Server) (chat.Answer, bool, error) {
	var in *Guide
	in, a.Arg = g.chosen(a.Arg, a.Person, s)
	answer, ok, err := in.action(a, s)
	if a.Value != "" { // a button carries no choice
		return in.dress(answer, "", ""), ok, err
	}
	return in.dress(answer, a.Verb, a.Arg), ok, err
}

func (g *Guide) action(a chat.Action, s Server) (chat.Answer, bool, error) {
	switch a.Verb {
	case verbHide:
		return chat.Answer{Hide: true}, true, nil
	case verbTopic, verbAskTopic:
		return chat.Turn(g.topicCard(a.Arg, a.Value, false)), true, nil
	case verbGo:
		return chat.Turn(g.goOn(a.Arg, a.Value)), true, nil
	case verbRead:
		return chat.Show(g.topicCard(a.Arg, "", false)), true, nil
	case verbQuiz, verbQuizNext, verbQuizAnswer, verbQuizEnd:
		return g.quizAction(a), true, nil
	case verbMore:
		return chat.Turn(g.topicCard(a.Arg, "", true)), true, nil
	case verbAudience:
		return chat.Turn(g.topicCard(a.Arg+" "+a.Value, "", false)), true, nil
	case verbMenu:
		return chat.Turn(g.menu(audience(a.Arg), "")), true, nil
	case verbHelp:
		return chat.Turn(g.helpNow(who(a.Arg), s)), true, nil
	case verbNeed, verbRegion, verbWho, verbAll:
		return chat.Turn(g.supportAction(a, s)), true, nil
	case verbOpen:
		return g.openReport(a.Arg), true, nil
	}
	return chat.Answer{}, false, nil
}

// Submit answers a form. The bool says whether it is one of the guide's.
func (g *Guide) Submit(ctx context.Context, sub chat.Submission, s Server) (chat.Answer, bool, error) {
	if sub.Form != verbReport {
		return chat.Answer{}, false, nil
	}
	var in *Guide
	in, sub.Arg = g.chosen(sub.Arg, sub.Person, s)
	return in.dress(chat.Show(in.report(ctx, sub, s)), "", ""), true, nil
}

// Complete offers topics while an option that takes one is typed.
func (g *Guide) Complete(_ context.Context, c chat.Command, option, typed string, s Server) ([]chat.Option, error) {
	if option != "topic" {
		return nil, nil
	}
	return g.speaking(c.Person, s).completeTopic(typed), nil
}
