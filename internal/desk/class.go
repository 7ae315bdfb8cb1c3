package desk

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/guide"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// Staff can ask everybody in a place one question of the quiz. Who answered is
// known only as long as the question is open, only in this program's memory,
// and only as a hash under a key made for that question, so that each person is
// counted once; what somebody chose is a number added to a total, and is tied to
// nobody. A program that starts again has no totals, and says so.

// The verbs of a class question.
const (
	verbClassAsk    = "class.ask"    // arg: question; asks it in the place where it is pressed
	verbClassOther  = "class.other"  // arg: question, topic or nothing; shows staff another one
	verbClassAnswer = "class.answer" // arg: class, question, number of the answer
	verbClassShow   = "class.show"   // arg: class, question; asks staff whether to show the totals
	verbClassEnd    = "class.end"    // arg: class
)

const (
	// classFew is from how many people on totals are shown: of fewer, each could
	// be guessed.
	classFew = 5
	// classKeep is how long a question stays open, and its totals are kept.
	classKeep = 24 * time.Hour
	// maxClasses bounds how many are open; the oldest gives way.
	maxClasses = 1000
	barLength  = 12
)

// class is a question that is open.
type class struct {
	platform string
	at       chat.MessageRef
	question responses.Question
	since    time.Time
	key      []byte                     // of the hashes; never leaves the memory
	counted  map[[sha256.Size]byte]bool // who answered, as hashes
	chosen   []int                      // how many chose each answer
}

// people is how many answered.
func (c *class) people() (n int) {
	for _, k := range c.chosen {
		n += k
	}
	return n
}

// classes are those that are open.
type classes struct {
	mu   sync.Mutex
	open map[string]*class
}

// start opens a question and gives its id. It ends by itself in time.
func (k *classes) start(c class) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.open) >= maxClasses {
		oldest := ""
		for id, other := range k.open {
			if oldest == "" || other.since.Before(k.open[oldest].since) {
				oldest = id
			}
		}
		delete(k.open, oldest)
	}
	c.key, c.counted, c.chosen = []byte(rand.Text()), map[[sha256.Size]byte]bool{}, make([]int, len(c.question.Answers))
	id := rand.Text()[:12]
	k.open[id] = &c
	time.AfterFunc(classKeep, func() { k.end(id) })
	return id
}

// placed notes where a question stands.
func (k *classes) placed(id string, at chat.MessageRef) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c, ok := k.open[id]; ok {
		c.at = at
	}
}

func (k *classes) end(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.open, id)
}

// get gives a copy of an open question with its totals.
func (k *classes) get(id string) (class, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.open[id]
	if !ok {
		return class{}, false
	}
	out := *c
	out.chosen = slices.Clone(c.chosen)
	return out, true
}

// count adds somebody's answer. open is false where the question is over, first
// where they answered before.
func (k *classes) count(id string, p chat.PersonID, chosen int) (open, first bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.open[id]
	if !ok || chosen < 0 || chosen >= len(c.chosen) {
		return false, false
	}
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(p))
	who := [sha256.Size]byte(mac.Sum(nil))
	if c.counted[who] {
		return true, false
	}
	c.counted[who] = true
	c.chosen[chosen]++
	return true, true
}

// classCommand shows staff the question before everybody sees it.
func (d *Desk) classCommand(c chat.Command) chat.Answer {
	if c.Place.Direct {
		return d.note("staff.class.title", "staff.class.direct")
	}
	topic, first := "", ""
	if typed := c.Arg("topic"); typed != "" {
		if topic = d.topicNamed(typed); topic == "" {
			first = d.texts.Say("staff.class.unknown", "topic", typed)
		}
	}
	return chat.Show(d.classPreview(d.classQuestion(topic, ""), topic, first))
}

func (d *Desk) topicNamed(typed string) string {
	for _, t := range d.texts.Topics() {
		if strings.EqualFold(t.ID, typed) || strings.EqualFold(t.Title, typed) {
			return t.ID
		}
	}
	return ""
}

// classQuestion picks a question about a topic, "" for any, and not the same
// again where there is another.
func (d *Desk) classQuestion(topic, not string) responses.Question {
	var fit []responses.Question
	for _, q := range d.texts.Questions() {
		if (topic == "" || q.Topic == topic) && q.ID != not {
			fit = append(fit, q)
		}
	}
	if len(fit) == 0 { // the topic's only one
		q, _ := d.texts.Question(not)
		return q
	}
	return fit[mathrand.N(len(fit))]
}

func (d *Desk) classPreview(q responses.Question, topic, first string) chat.Card {
	card := chat.Card{Title: d.texts.Say("staff.class.title"), Tone: chat.Calm, Footer: d.texts.Say("staff.class.footer")}
	if first != "" {
		card.Blocks = append(card.Blocks, chat.Text(first))
	}
	list := chat.List{Title: q.Ask}
	for _, a := range q.Answers {
		if a.Fits {
			list.Items = append(list.Items, d.texts.Say("staff.class.fits", "answer", a.Says))
		} else {
			list.Items = append(list.Items, a.Says)
		}
	}
	card.Blocks = append(card.Blocks, list, chat.Text(q.Know), chat.Controls{
		chat.Button{Label: d.texts.Say("staff.class.ask"), Verb: verbClassAsk, Arg: q.ID, Style: chat.Primary},
		chat.Button{Label: d.texts.Say("staff.class.other"), Verb: verbClassOther, Arg: strings.TrimSpace(q.ID + " " + topic)},
		d.hide(),
	})
	return card
}

// classAction answers the buttons of a class question. Everybody may answer;
// the rest is for staff.
func (d *Desk) classAction(ctx context.Context, platform string, a chat.Action) (chat.Answer, error) {
	fields := append(strings.Fields(a.Arg), "", "", "")
	if a.Verb == verbClassAnswer {
		return d.classAnswer(platform, fields[0], fields[1], fields[2], a), nil
	}
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: a.Place.Server}, a.Person)
	if err != nil {
		return chat.Answer{}, err
	}
	d = d.in(v)
	if !v.staff {
		return d.refused(platform), nil
	}
	switch a.Verb {
	case verbClassAsk:
		return d.classAsk(ctx, v, fields[0], a)
	case verbClassShow:
		return d.classShow(ctx, v, fields[0], fields[1], a)
	case verbClassEnd:
		return d.classEnd(ctx, v, fields[0])
	}
	return chat.Turn(d.classPreview(d.classQuestion(fields[1], fields[0]), fields[1], "")), nil
}

// classAsk puts the question up for everybody.
func (d *Desk) classAsk(ctx context.Context, v viewer, question string, a chat.Action) (chat.Answer, error) {
	q, ok := d.texts.Question(question)
	if !ok {
		return chat.Turn(d.classPreview(d.classQuestion("", ""), "", "")), nil
	}
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		return tx.AddAudit(ctx, d.entry(v, cases.Case{}, cases.Entry{Action: "class", Detail: q.Ask}))
	})
	if err != nil {
		return d.storageDown(v.key.Server, v.key.Platform, err), nil
	}
	id := d.classes.start(class{platform: v.key.Platform, question: q, since: d.o.Now()})
	at, err := d.platforms[v.key.Platform].Post(ctx, chat.Post{Server: a.Place.Server, Place: a.Place.ID, Card: d.classCard(id, q), Key: id})
	if err != nil {
		d.classes.end(id)
		if chat.IsPermanent(err) {
			return d.note("staff.class.title", "staff.class.closed"), nil
		}
		return chat.Answer{}, fmt.Errorf("ask the class question: %w", err)
	}
	d.classes.placed(id, at)
	answer := d.note("staff.class.asked", "staff.class.askedbody")
	answer.Replace = true
	return answer, nil
}

// classCard is what everybody sees while the question is open.
func (d *Desk) classCard(id string, q responses.Question) chat.Card {
	var row chat.Controls
	for i, a := range q.Answers {
		row = append(row, chat.Button{Label: a.Says, Verb: verbClassAnswer, Arg: id + " " + q.ID + " " + strconv.Itoa(i)})
	}
	mathrand.Shuffle(len(row), func(i, j int) { row[i], row[j] = row[j], row[i] })
	return chat.Card{Title: d.texts.Say("ui.class.title"), Tone: chat.Calm, Footer: d.texts.Say("ui.class.footer"),
		Blocks: []chat.Block{chat.Text(q.Ask), row,
			chat.Controls{chat.Button{Label: d.texts.Say("ui.class.show"), Verb: verbClassShow, Arg: id + " " + q.ID}}}}
}

// classAnswer counts an answer and thanks the person, alone. It tells nobody
// what they chose, not even themselves: others may look at their screen.
func (d *Desk) classAnswer(platform, id, question, chosen string, a chat.Action) chat.Answer {
	set := d.book.Remembered(servers.Key{Platform: platform, Server: a.Place.Server})
	texts := d.texts.For(a.Person.Locale, set.Language)
	n, err := strconv.Atoi(chosen)
	if err != nil {
		n = -1
	}
	card := chat.Card{Tone: chat.Calm}
	say := func(title, body string) {
		card.Title = title
		card.Blocks = append(card.Blocks, chat.Text(body))
	}
	row := chat.Controls{chat.Button{Label: texts.Say("ui.button.hide"), Verb: "hide"}}
	switch open, first := d.classes.count(id, a.Person.ID, n); {
	case first:
		say(texts.Say("ui.class.thanks"), texts.Say("ui.class.thanksbody"))
	case open:
		say(texts.Say("ui.class.twice"), texts.Say("ui.class.twicebody"))
	default:
		say(texts.Say("ui.class.over"), texts.Say("ui.class.overbody"))
		if q, ok := d.texts.Question(question); ok {
			card.Blocks = append(card.Blocks, chat.Text(q.Know))
			row = slices.Insert(row, 0, chat.Control(guide.ReadButton(texts, q.Topic)))
		}
	}
	card.Blocks = append(card.Blocks, row)
	return chat.Show(card)
}

// classShow asks once more before everybody sees the totals. Of a question that
// this program knows nothing of, it shows the answer without totals.
func (d *Desk) classShow(ctx context.Context, v viewer, id, question string, a chat.Action) (chat.Answer, error) {
	c, ok := d.classes.get(id)
	if !ok {
		q, known := d.texts.Question(question)
		if !known || a.Message.ID == "" {
			return d.note("staff.class.title", "staff.class.lost"), nil
		}
		if err := d.platforms[v.key.Platform].Update(ctx, a.Message, d.classResult(q, nil)); err != nil {
			return chat.Answer{}, fmt.Errorf("show the answer of a class question: %w", err)
		}
		return d.note("staff.class.title", "staff.class.lost"), nil
	}
	if c.at.ID == "" { // pressed before the platform said where it put the question
		d.classes.placed(id, a.Message)
	}
	card := chat.Card{Title: d.texts.Say("staff.class.confirm"), Tone: chat.Calm, Blocks: []chat.Block{
		chat.Text(d.texts.Count("staff.class.people", c.people()))}}
	if c.people() < classFew {
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.class.few", "n", classFew)))
	}
	card.Blocks = append(card.Blocks, chat.Controls{
		chat.Button{Label: d.texts.Say("staff.class.show"), Verb: verbClassEnd, Arg: id, Style: chat.Primary},
		chat.Button{Label: d.texts.Say("staff.class.wait"), Verb: "hide"},
	})
	return chat.Show(card), nil
}

// classEnd shows everybody the totals and the answer, and forgets the rest.
func (d *Desk) classEnd(ctx context.Context, v viewer, id string) (chat.Answer, error) {
	c, ok := d.classes.get(id)
	if !ok || c.platform != v.key.Platform || c.at.Server != v.key.Server {
		return d.note("staff.class.title", "staff.class.again"), nil
	}
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		return tx.AddAudit(ctx, d.entry(v, cases.Case{}, cases.Entry{Action: "class-end", Detail: c.question.Ask}))
	})
	if err != nil {
		return d.storageDown(v.key.Server, v.key.Platform, err), nil
	}
	err = d.platforms[c.platform].Update(ctx, c.at, d.classResult(c.question, &c))
	if err != nil && !chat.IsPermanent(err) {
		return chat.Answer{}, fmt.Errorf("show the answers of a class question: %w", err)
	}
	d.classes.end(id)
	if err != nil { // the card was deleted
		return d.note("staff.class.title", "staff.class.gone"), nil
	}
	return chat.Answer{Hide: true}, nil
}

// classResult is what everybody sees at the end: a chart of how many chose what,
// nil where that is not known, and what to know.
func (d *Desk) classResult(q responses.Question, c *class) chat.Card {
	card := chat.Card{Title: d.texts.Say("ui.class.title"), Tone: chat.Calm, Footer: d.texts.Say("ui.class.ended"),
		Blocks: []chat.Block{chat.Text(q.Ask)}}
	switch {
	case c == nil:
		card.Footer = ""
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("ui.class.lost")))
	case c.people() < classFew:
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("ui.class.few")))
	default:
		for i, a := range q.Answers {
			card.Blocks = append(card.Blocks, chat.Text(d.bar(a.Says, c.chosen[i], c.people())))
		}
	}
	card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("ui.quiz.fits", "answer", q.Fitting().Says)), chat.Text(q.Know),
		chat.Controls{guide.ReadButton(d.texts, q.Topic), guide.HelpButton(d.texts)})
	return card
}

// bar is one line of the chart in words, for those who listen, and one that
// shows it.
func (d *Desk) bar(answer string, n, of int) string {
	words := d.texts.Say("ui.class.bar", "answer", answer, "n", n, "of", of)
	if n == 0 {
		return words
	}
	return words + "\n" + strings.Repeat("▇", max(1, (2*barLength*n+of)/(2*of)))
}
