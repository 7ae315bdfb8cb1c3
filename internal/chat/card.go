package chat

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Tone says how a card should feel. Adapters choose a colour or a mark for it
// and never rely on colour alone.
type Tone string

// The tones, from quiet to loud.
const (
	Calm   Tone = "calm"   // help for members
	Notice Tone = "notice" // staff should see it today
	Strong Tone = "strong" // staff should see it now
	Urgent Tone = "urgent" // immediate danger
	Done   Tone = "done"   // dealt with
)

// Card is a message from the bot. All its text is plain: adapters escape
// whatever their platform would read as markup, and mention nobody.
type Card struct {
	Title  string
	Tone   Tone
	Blocks []Block
	Footer string // small print: sources, dates, who can see this
	// Picture is shown below the text where the platform can show one privately.
	// It says nothing that the card's words do not. Nil for none; cards that
	// several people see have none.
	Picture *Picture
	// Language is that of its words, as a BCP 47 tag; empty where nobody said.
	Language    string
	RightToLeft bool // how that language is written
}

// Picture is a diagram.
type Picture struct {
	Name string // of the file, with its ending
	Alt  string // all that it shows, in words
	PNG  []byte
}

// The bounds of a picture: Discord's for its description, in characters, and what
// a phone with little data can be asked to load, in bytes.
const (
	MaxAlt     = 1024
	MaxPicture = 150 << 10
)

// Block is one part of a card: Text, Quote, List, Facts, Section or Controls.
type Block interface{ block() }

// Text is a paragraph; line feeds are kept.
type Text string

// Quote is what a person wrote, set apart from the bot's own words.
type Quote string

// List is a list of short items, numbered where the order matters.
type List struct {
	Title   string
	Ordered bool
	Items   []string
}

// Facts are short labelled values.
type Facts []Fact

// Fact is a label and its value, optionally a link.
type Fact struct {
	Label string
	Value string
	Link  string // https, http, tel, sms or mailto; empty for none
}

// Section is a titled entry with facts, such as one contact.
type Section struct {
	Title string
	Text  string
	Facts []Fact
}

// Controls is a row of things to press.
type Controls []Control

// Control is a Button, a LinkButton or a Select.
type Control interface{ control() }

// Style says what a button means; the default is an ordinary one.
type Style string

// The button styles.
const (
	Primary Style = "primary"
	Danger  Style = "danger"
)

// Button asks for something. Verb and Arg come back in an Action; together
// they take at most 95 bytes so that every platform can carry them.
type Button struct {
	Label string
	Verb  string
	Arg   string
	Style Style
}

// LinkButton opens an address.
type LinkButton struct {
	Label string
	URL   string
}

// Select asks to choose one of at most 25 options. The choice comes back as
// the Action's Value.
type Select struct {
	Label   string // what is being chosen; read out by screen readers
	Verb    string
	Arg     string
	Options []Option
	Chosen  string // the value chosen at first; empty for none
}

// Option is one choice.
type Option struct {
	Label string
	Value string
	Hint  string
}

func (Text) block()     {}
func (Quote) block()    {}
func (List) block()     {}
func (Facts) block()    {}
func (Section) block()  {}
func (Controls) block() {}

func (Button) control()     {}
func (LinkButton) control() {}
func (Select) control()     {}

// Form asks for a few answers at once. Verb and Arg come back in the Submission.
type Form struct {
	Verb   string
	Arg    string
	Title  string // at most 45 characters
	Intro  string
	Fields []Field // at most five; ten where there are pickers among them
	Submit string  // the label of the button that sends it
	// Language and RightToLeft are as on a Card.
	Language    string
	RightToLeft bool
}

// FieldKind says how a field is filled in.
type FieldKind string

// The kinds of field.
const (
	Line      FieldKind = "line"
	Paragraph FieldKind = "paragraph"
	Choice    FieldKind = "choice"
	// Room and People are for platforms that are Pickers. The value of a Room
	// is a private place's id; that of People is ids with spaces between.
	Room   FieldKind = "room"
	People FieldKind = "people"
)

func (k FieldKind) picked() bool { return k == Room || k == People }

// Field is one question of a form.
type Field struct {
	Name     string
	Label    string
	Hint     string
	Kind     FieldKind
	Required bool
	MaxLen   int // in runes; 0 means the platform's own limit
	Options  []Option
	Value    string // filled in beforehand
}

// The bounds that every platform can show. They are the lowest of Discord's
// (25 options, 5 controls a row, custom id 100, modal title 45) and Slack's
// (5 fields read well; button text 75).
const (
	MaxOptions    = 25
	MaxControls   = 5
	MaxVerbArg    = 95
	MaxFormTitle  = 45
	MaxFields     = 5
	MaxPicked     = 10 // fields of a form with pickers
	MaxButtonText = 75
	MaxOptionText = 100
	MaxRows       = 5
	MaxCardText   = 4000
)

// Check says what in the card some platform could not show.
func (c Card) Check() error {
	var bad []string
	add := func(format string, a ...any) { bad = append(bad, fmt.Sprintf(format, a...)) }
	if strings.TrimSpace(c.Title) == "" {
		add("the title is empty")
	}
	for _, b := range c.Blocks {
		switch b := b.(type) {
		case Text:
			if strings.TrimSpace(string(b)) == "" {
				add("a text is empty")
			}
		case Quote:
			if strings.TrimSpace(string(b)) == "" {
				add("a quote is empty")
			}
		case List:
			if len(b.Items) == 0 {
				add("the list %q is empty", b.Title)
			}
		case Facts:
			checkLinks(b, add)
		case Section:
			checkLinks(b.Facts, add)
		case Controls:
			if len(b) == 0 || len(b) > MaxControls {
				add("a row holds %d controls, of 1 to %d", len(b), MaxControls)
			}
			for _, k := range b {
				checkControl(k, add)
			}
		}
	}
	if p := c.Picture; p != nil && (strings.TrimSpace(p.Alt) == "" || len([]rune(p.Alt)) > MaxAlt || p.Name == "" || len(p.PNG) == 0 || len(p.PNG) > MaxPicture) {
		add("the picture %q has no words, too many, or no fitting size: %d characters, %d bytes", p.Name, len([]rune(p.Alt)), len(p.PNG))
	}
	if n := rows(c); n > MaxRows {
		add("it has %d rows of controls, of at most %d", n, MaxRows)
	}
	if n := len([]rune(c.PlainText())); n > MaxCardText {
		add("the text has %d characters, of at most %d", n, MaxCardText)
	}
	if len(bad) > 0 {
		return fmt.Errorf("card %q: %s", c.Title, strings.Join(bad, "; "))
	}
	return nil
}

func rows(c Card) (n int) {
	for _, b := range c.Blocks {
		if _, ok := b.(Controls); ok {
			n++
		}
	}
	return n
}

func checkControl(k Control, add func(string, ...any)) {
	label := func(s string) {
		if n := len([]rune(s)); n == 0 || n > MaxButtonText {
			add("a label has %d characters, of 1 to %d", n, MaxButtonText)
		}
	}
	switch k := k.(type) {
	case Button:
		label(k.Label)
		if len(k.Verb)+len(k.Arg) > MaxVerbArg {
			add("button %q: verb and argument are longer than %d bytes", k.Label, MaxVerbArg)
		}
	case LinkButton:
		label(k.Label)
		if !safeLink(k.URL) {
			add("the link button %q leads nowhere that is safe to open", k.Label)
		}
	case Select:
		if len(k.Options) == 0 || len(k.Options) > MaxOptions {
			add("select %q has %d options, of 1 to %d", k.Label, len(k.Options), MaxOptions)
		}
		if len(k.Verb)+len(k.Arg) > MaxVerbArg {
			add("select %q: verb and argument are longer than %d bytes", k.Label, MaxVerbArg)
		}
		seen := map[string]bool{}
		for _, o := range k.Options {
			if o.Value == "" || len([]rune(o.Value)) > MaxOptionText || seen[o.Value] {
				add("select %q: the value %q is empty, too long or there twice", k.Label, o.Value)
			}
			seen[o.Value] = true
		}
	}
}

func checkLinks(facts []Fact, add func(string, ...any)) {
	for _, f := range facts {
		if f.Link != "" && !safeLink(f.Link) {
			add("the link of %q leads nowhere that is safe to open", f.Label)
		}
	}
}

// safeLink says whether a link is of a kind that only opens a page, a call or
// a message; never a script.
func safeLink(link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "http", "https":
		return u.Host != ""
	case "tel", "sms", "mailto":
		return u.Opaque != ""
	}
	return false
}

// Check says what in the form some platform could not show.
func (f Form) Check() error {
	var bad []string
	add := func(format string, a ...any) { bad = append(bad, fmt.Sprintf(format, a...)) }
	if n := len([]rune(f.Title)); n == 0 || n > MaxFormTitle {
		add("the title has %d characters, of 1 to %d", n, MaxFormTitle)
	}
	most := MaxFields
	if slices.ContainsFunc(f.Fields, func(x Field) bool { return x.Kind.picked() }) {
		most = MaxPicked
	}
	if len(f.Fields) == 0 || len(f.Fields) > most {
		add("it has %d fields, of 1 to %d", len(f.Fields), most)
	}
	if len(f.Verb)+len(f.Arg) > MaxVerbArg {
		add("verb and argument are longer than %d bytes", MaxVerbArg)
	}
	seen := map[string]bool{}
	for _, x := range f.Fields {
		if x.Name == "" || seen[x.Name] {
			add("the field name %q is empty or used twice", x.Name)
		}
		seen[x.Name] = true
		switch x.Kind {
		case Line, Paragraph, Room, People:
		case Choice:
			if len(x.Options) == 0 || len(x.Options) > MaxOptions {
				add("field %q has %d options, of 1 to %d", x.Name, len(x.Options), MaxOptions)
			}
		default:
			add("field %q has the unknown kind %q", x.Name, x.Kind)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("form %q: %s", f.Title, strings.Join(bad, "; "))
	}
	return nil
}

// PlainText is everything the card says, without controls, a block a
// paragraph: for terminals, tests, and what reads out loud.
func (c Card) PlainText() string {
	var b strings.Builder
	line := func(s string) {
		if s != "" {
			b.WriteString(s)
			b.WriteByte('\n')
		}
	}
	line(c.Title)
	for _, blk := range c.Blocks {
		switch blk := blk.(type) {
		case Text:
			b.WriteByte('\n')
			line(string(blk))
		case Quote:
			b.WriteByte('\n')
			for _, l := range strings.Split(string(blk), "\n") {
				line("> " + l)
			}
		case List:
			b.WriteByte('\n')
			line(blk.Title)
			for i, it := range blk.Items {
				if blk.Ordered {
					line(fmt.Sprintf("%d. %s", i+1, it))
				} else {
					line("- " + it)
				}
			}
		case Facts:
			b.WriteByte('\n')
			for _, f := range blk {
				line(f.Label + ": " + f.Value)
			}
		case Section:
			b.WriteByte('\n')
			line(blk.Title)
			line(blk.Text)
			for _, f := range blk.Facts {
				line(f.Label + ": " + f.Value)
			}
		}
	}
	if c.Footer != "" {
		b.WriteByte('\n')
		line(c.Footer)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
