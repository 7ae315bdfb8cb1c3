package desk

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rs/xid"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/guide"
	"github.com/waymark-bot/waymark/internal/servers"
	"github.com/waymark-bot/waymark/internal/store"
	"github.com/waymark-bot/waymark/responses"
)

// Staff can add contacts of their own: the school's counsellor, the local
// council. Members see them before the public ones.

// The verbs of the contacts' cards, all for staff. The argument of those about
// one contact is its id.
const (
	verbContacts        = "contacts.list"
	verbContactAdd      = "contacts.add" // and the form's own
	verbContact         = "contacts.one" // a select: the id is its value
	verbContactChecked  = "contacts.checked"
	verbContactAdults   = "contacts.adults"
	verbContactEveryone = "contacts.everyone"
	verbContactRemove   = "contacts.remove"
)

// The bounds of a server's own contacts, in characters but for the first. A few
// are easier to choose from, and leave room for the public ones.
const (
	maxContacts     = 5
	maxContactName  = 60
	maxContactPhone = 30
	maxContactWeb   = 200
	maxContactWords = 120
)

// The parts of a contact, as options of the command and as fields of the form.
const (
	contactName    = "name"
	contactPhone   = "phone"
	contactWeb     = "web"
	contactWhere   = "where"
	contactHours   = "hours"
	contactChecked = "checked"
)

func contactParts() []string {
	return []string{contactName, contactPhone, contactWeb, contactWhere, contactHours}
}

// contactsOptions are what /safeguarding contacts takes: a name and a way to
// reach somebody add a contact; nothing shows them all.
func (d *Desk) contactsOptions() []chat.OptionSpec {
	var out []chat.OptionSpec
	for _, name := range append(contactParts(), contactChecked) {
		out = append(out, chat.OptionSpec{Name: name, Description: d.texts.Say("staff.contacts.option." + name)})
	}
	return out
}

// contactsCommand answers /safeguarding contacts.
func (d *Desk) contactsCommand(ctx context.Context, v viewer, c chat.Command) (chat.Answer, error) {
	if slices.ContainsFunc(append(contactParts(), contactChecked), func(name string) bool { return c.Arg(name) != "" }) {
		return d.addContact(ctx, v, c.Arg, c.ID)
	}
	return d.contactList(ctx, v, "")
}

// contactsAction answers the contacts' buttons and selects.
func (d *Desk) contactsAction(ctx context.Context, platform string, a chat.Action) (chat.Answer, error) {
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: a.Place.Server}, a.Person)
	if err != nil {
		return chat.Answer{}, err
	}
	d = d.in(v)
	if !v.staff {
		return d.refused(platform), nil
	}
	var answer chat.Answer
	switch a.Verb {
	case verbContactAdd:
		return chat.Answer{Form: d.contactForm()}, nil
	case verbContacts:
		answer, err = d.contactList(ctx, v, "")
	case verbContact:
		answer, err = d.oneContact(ctx, v, a.Value, "")
	default:
		answer, err = d.changeContact(ctx, v, strings.TrimPrefix(a.Verb, "contacts."), a.Arg)
	}
	if err != nil {
		return d.storageDown(v.key.Server, platform, err), nil
	}
	answer.Replace = true
	return answer, nil
}

// contactsSubmit answers the form.
func (d *Desk) contactsSubmit(ctx context.Context, platform string, s chat.Submission) (chat.Answer, error) {
	v, err := d.viewer(ctx, servers.Key{Platform: platform, Server: s.Place.Server}, s.Person)
	if err != nil {
		return chat.Answer{}, err
	}
	d = d.in(v)
	if !v.staff {
		return d.refused(platform), nil
	}
	answer, err := d.addContact(ctx, v, s.Value, s.ID)
	if err != nil {
		return d.storageDown(v.key.Server, platform, err), nil
	}
	return answer, nil
}

func (d *Desk) contactForm() *chat.Form {
	f := &chat.Form{Verb: verbContactAdd, Title: d.texts.Say("staff.contacts.form.title"),
		Intro: d.texts.Say("staff.contacts.form.intro"), Submit: d.texts.Say("staff.contacts.form.add")}
	most := map[string]int{contactName: maxContactName, contactPhone: maxContactPhone, contactWeb: maxContactWeb}
	for _, name := range contactParts() {
		field := chat.Field{Name: name, Label: d.texts.Say("staff.contacts.field." + name), Kind: chat.Line,
			Required: name == contactName, MaxLen: maxContactWords}
		if n, ok := most[name]; ok {
			field.MaxLen = n
		}
		f.Fields = append(f.Fields, field)
	}
	return f
}

// readContact makes a contact of what staff typed, and says what is wrong with
// it, by its parts.
func (d *Desk) readContact(arg func(string) string) (store.OwnContact, map[string]string) {
	wrong := map[string]string{}
	words := func(name string, most int) string {
		s := strings.Join(strings.Fields(arg(name)), " ")
		if len([]rune(s)) > most {
			wrong[name] = d.texts.Say("staff.contacts.long", "n", most)
		}
		return s
	}
	c := store.OwnContact{ID: xid.New().String(), Name: words(contactName, maxContactName), Phone: words(contactPhone, maxContactPhone),
		Where: words(contactWhere, maxContactWords), Hours: words(contactHours, maxContactWords), Checked: arg(contactChecked)}
	if c.Name == "" {
		wrong[contactName] = d.texts.Say("staff.contacts.noname")
	}
	if c.Phone != "" && wrong[contactPhone] == "" {
		switch {
		case !dialable(c.Phone):
			wrong[contactPhone] = d.texts.Say("staff.contacts.badphone", "phone", c.Phone)
		case responses.Retired(c.Phone):
			wrong[contactPhone] = d.texts.Say("staff.contacts.retired", "phone", c.Phone)
		}
	}
	var ok bool
	if c.Web, ok = webAddress(arg(contactWeb)); !ok {
		wrong[contactWeb] = d.texts.Say("staff.contacts.badweb")
	}
	if arg(contactPhone) == "" && arg(contactWeb) == "" && c.Where == "" {
		wrong[contactPhone] = d.texts.Say("staff.contacts.noway")
	}
	today := d.o.Now().UTC().Format(time.DateOnly)
	if c.Checked == "" {
		c.Checked = today
	}
	if _, err := time.Parse(time.DateOnly, c.Checked); err != nil || c.Checked > today {
		wrong[contactChecked] = d.texts.Say("staff.contacts.baddate", "date", c.Checked)
	}
	return c, wrong
}

var phoneMarks = regexp.MustCompile(`^\+?[0-9() ./-]+$`)

// dialable says whether a phone could take it for a number: three digits, as
// emergency numbers have, to the fifteen that E.164 allows, and nothing but the
// marks that people write between them. Which numbers are given out is not
// looked up: a school's own short extension is none of those.
func dialable(s string) bool {
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return phoneMarks.MatchString(s) && digits >= 3 && digits <= 15
}

// webAddress reads a web address, with or without https before it; an empty one
// is well.
func webAddress(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", true
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	ok := err == nil && u.Scheme == "https" && u.User == nil && strings.Contains(u.Hostname(), ".") &&
		len([]rune(s)) <= maxContactWeb && !strings.ContainsAny(s, " <>|\"`\\")
	return s, ok
}

var (
	errFull      = errors.New("there are as many contacts as there can be")
	errSubmitted = errors.New("this was taken before")
)

// addContact adds what staff typed, unless something is wrong with it. id is
// that of the command or form, which may be delivered twice.
func (d *Desk) addContact(ctx context.Context, v viewer, arg func(string) string, id string) (chat.Answer, error) {
	c, wrong := d.readContact(arg)
	if len(wrong) > 0 {
		return d.contactNotAdded(wrong), nil
	}
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		first, err := tx.Seen(ctx, "contact:"+v.key.Platform+":"+id, d.o.Now())
		switch {
		case err != nil:
			return err
		case !first:
			return errSubmitted
		}
		now, err := tx.OwnContacts(ctx, v.key.Platform, v.key.Server)
		if err != nil {
			return err
		}
		if len(now.List) >= maxContacts {
			return errFull
		}
		now.List = append(now.List, c)
		return d.putContacts(ctx, tx, v, now, "add", c)
	})
	switch {
	case errors.Is(err, errFull):
		return d.contactNotAdded(map[string]string{contactName: d.texts.Say("staff.contacts.full", "n", maxContacts)}), nil
	case errors.Is(err, errSubmitted):
	case err != nil:
		return chat.Answer{}, fmt.Errorf("add a contact: %w", err)
	}
	d.lookAtContacts(ctx)
	return d.contactList(ctx, v, d.texts.Say("staff.contacts.done.add", "name", c.Name))
}

// contactNotAdded says all that is wrong, beside the fields where that can be.
func (d *Desk) contactNotAdded(wrong map[string]string) chat.Answer {
	card := chat.Card{Title: d.texts.Say("staff.contacts.notadded"), Tone: chat.Calm}
	var list chat.List
	for _, name := range append(contactParts(), contactChecked) {
		if why := wrong[name]; why != "" {
			list.Items = append(list.Items, why)
		}
	}
	card.Blocks = []chat.Block{list, chat.Controls{d.hide()}}
	return chat.Answer{Card: &card, Wrong: wrong}
}

// whole is a contact with all the ways to reach it, in one line.
func whole(c store.OwnContact) string {
	ways := slices.DeleteFunc([]string{c.Name, c.Phone, c.Web, c.Where, c.Hours}, func(s string) bool { return s == "" })
	return strings.Join(ways, ", ")
}

// putContacts keeps what was done to a contact, notes who did it, and tells the
// other staff: members see these contacts first.
func (d *Desk) putContacts(ctx context.Context, tx *store.Tx, v viewer, now store.OwnContacts, do string, c store.OwnContact) error {
	if err := tx.PutOwnContacts(ctx, v.key.Platform, v.key.Server, now); err != nil {
		return err
	}
	if err := tx.AddAudit(ctx, d.entry(v, cases.Case{}, cases.Entry{Action: "contacts-" + do, Detail: c.Name})); err != nil {
		return err
	}
	return d.tellHere(ctx, tx, v, contactChanged(do, c))
}

// lookAtContacts makes members see a change at once; where it cannot be read
// now, they do a little later.
func (d *Desk) lookAtContacts(ctx context.Context) {
	if err := d.contacts.Look(ctx); err != nil {
		d.o.Logger.Warn("changed contacts are shown a little later", "err", err)
	}
}

// readContacts reads a server's own contacts.
func (d *Desk) readContacts(ctx context.Context, v viewer) ([]store.OwnContact, error) {
	var o store.OwnContacts
	err := d.db.Read(ctx, func(tx *store.Tx) (err error) {
		o, err = tx.OwnContacts(ctx, v.key.Platform, v.key.Server)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the server's own contacts: %w", err)
	}
	return o.List, nil
}

// contactList shows a server's own contacts as members see them. note is said
// above.
func (d *Desk) contactList(ctx context.Context, v viewer, note string) (chat.Answer, error) {
	list, err := d.readContacts(ctx, v)
	if err != nil {
		return chat.Answer{}, err
	}
	card := chat.Card{Title: d.texts.Say("staff.contacts.title"), Tone: chat.Calm, Footer: d.texts.Say("staff.contacts.footer")}
	if note != "" {
		card.Blocks = append(card.Blocks, chat.Text(note))
	}
	if len(list) == 0 {
		card.Blocks = append(card.Blocks, chat.Text(d.texts.Say("staff.contacts.none")))
	}
	pick := chat.Select{Label: d.texts.Say("staff.contacts.pick"), Verb: verbContact}
	for _, c := range list {
		card.Blocks = append(card.Blocks, d.contactSection(c))
		pick.Options = append(pick.Options, chat.Option{Label: c.Name, Value: c.ID})
	}
	if len(list) > 0 {
		card.Blocks = append(card.Blocks, chat.Controls{pick})
	}
	row := chat.Controls{d.hide()}
	if len(list) < maxContacts {
		row = slices.Insert(row, 0, chat.Control(chat.Button{Label: d.texts.Say("staff.contacts.button.add"), Verb: verbContactAdd, Style: chat.Primary}))
	}
	card.Blocks = append(card.Blocks, row)
	return chat.Show(card), nil
}

// contactSection is a contact as members see it, with what only staff need.
func (d *Desk) contactSection(c store.OwnContact) chat.Section {
	shown := servers.Shown([]store.OwnContact{c})[0]
	s := guide.ContactSection(d.texts, shown)
	who := "everyone"
	if c.Adults {
		who = "adults"
	}
	s.Text = d.texts.Say("staff.contacts.shown." + who)
	if shown.Stale(d.o.Now()) {
		s.Text += "\n" + d.texts.Say("staff.contacts.stale")
	}
	return s
}

// oneContact shows one contact, to change or remove it.
func (d *Desk) oneContact(ctx context.Context, v viewer, id, note string) (chat.Answer, error) {
	list, err := d.readContacts(ctx, v)
	if err != nil {
		return chat.Answer{}, err
	}
	i := slices.IndexFunc(list, func(c store.OwnContact) bool { return c.ID == id })
	if i < 0 {
		return d.contactList(ctx, v, d.texts.Say("staff.contacts.gone"))
	}
	card := chat.Card{Title: d.texts.Say("staff.contacts.title"), Tone: chat.Calm, Footer: d.texts.Say("staff.contacts.footer")}
	if note != "" {
		card.Blocks = append(card.Blocks, chat.Text(note))
	}
	button := func(name, verb string) chat.Button {
		return chat.Button{Label: d.texts.Say("staff.contacts.button." + name), Verb: verb, Arg: id}
	}
	show := button("adults", verbContactAdults)
	if list[i].Adults {
		show = button("everyone", verbContactEveryone)
	}
	card.Blocks = append(card.Blocks, d.contactSection(list[i]), chat.Controls{
		button("checked", verbContactChecked), show, button("remove", verbContactRemove), button("list", verbContacts), d.hide()})
	return chat.Show(card), nil
}

// changeContact does what a button of a contact says: checked, adults, everyone
// or remove.
func (d *Desk) changeContact(ctx context.Context, v viewer, do, id string) (chat.Answer, error) {
	name := ""
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		now, err := tx.OwnContacts(ctx, v.key.Platform, v.key.Server)
		i := slices.IndexFunc(now.List, func(c store.OwnContact) bool { return c.ID == id })
		if err != nil || i < 0 {
			return err
		}
		c := &now.List[i]
		name = c.Name
		switch do {
		case "checked":
			c.Checked = d.o.Now().UTC().Format(time.DateOnly)
		case "adults", "everyone":
			c.Adults = do == "adults"
		case "remove":
			removed := *c
			now.List = slices.Delete(now.List, i, i+1)
			return d.putContacts(ctx, tx, v, now, "remove", removed)
		default:
			return fmt.Errorf("a contact cannot be %q", do)
		}
		return d.putContacts(ctx, tx, v, now, do, *c)
	})
	if err != nil {
		return chat.Answer{}, fmt.Errorf("change a contact: %w", err)
	}
	d.lookAtContacts(ctx)
	if name == "" {
		return d.contactList(ctx, v, d.texts.Say("staff.contacts.gone"))
	}
	note := d.texts.Say("staff.contacts.done."+do, "name", name)
	if do == "remove" {
		return d.contactList(ctx, v, note)
	}
	return d.oneContact(ctx, v, id, note)
}
