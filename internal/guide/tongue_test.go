package guide

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

// speaks is a command by somebody whose client is in a language.
func speaks(locale, name string, args ...string) chat.Command {
	c := command(name, args...)
	c.Person.Locale = locale
	return c
}

func TestMembersAreAnsweredInTheirLanguage(t *testing.T) {
	g := newGuide(t)
	for _, c := range []struct{ locale, server, title, language string }{
		{"", "", "What would you like to know?", "en-GB"},
		{"en-GB", "es", "What would you like to know?", "en-GB"},
		{"es-ES", "", "¿Qué te gustaría saber?", "es"},
		{"es-419", "en", "¿Qué te gustaría saber?", "es"},
		{"", "es", "¿Qué te gustaría saber?", "es"},
		{"ja", "es", "¿Qué te gustaría saber?", "es"},
		{"ja", "", "What would you like to know?", "en-GB"},
	} {
		card := send(t, g, Server{Language: c.server}, speaks(c.locale, "learn")).Card
		if card.Title != c.title || card.Language != c.language || card.RightToLeft {
			t.Errorf("with %q on a server with %q: %q in %s", c.locale, c.server, card.Title, card.Language)
		}
	}
}

// Whoever gets a text that no native reader reviewed is told so, and can have
// it in English; all that follows stays in English then.
func TestATextThatAwaitsReviewSaysSoAndCanBeHadInEnglish(t *testing.T) {
	g := newGuide(t)
	s := Server{Region: "UK"}
	spanish := send(t, g, s, speaks("es-ES", "learn", "topic", "sextortion")).Card
	awaiting := g.texts.In("es").Language().Awaiting
	if !strings.Contains(spanish.Footer, awaiting) {
		t.Errorf("the footer is %q", spanish.Footer)
	}
	inOrder(t, spanish.PlainText(), "Chantaje con fotos", "No pagues", "No es tu culpa")
	button := func(c *chat.Card) chat.Button {
		for _, k := range controls(*c) {
			if b, ok := k.(chat.Button); ok && b.Label == "English" {
				return b
			}
		}
		t.Fatalf("%q has no button for English", c.Title)
		return chat.Button{}
	}
	press := func(b chat.Button, value string) *chat.Card {
		a, _, err := g.Action(t.Context(), chat.Action{Verb: b.Verb, Arg: b.Arg, Value: value, Person: chat.Person{Locale: "es-ES"}}, s)
		if err != nil || a.Card == nil {
			t.Fatalf("%s %s: %v", b.Verb, b.Arg, err)
		}
		return a.Card
	}
	// The button leads to the same in English, or to help.
	if c := press(button(spanish), ""); c.Title != "Blackmail with pictures" {
		t.Errorf("the topic in English is %q", c.Title)
	}
	contacts := send(t, g, s, speaks("es-ES", "support", "need", "image")).Card
	if c := press(button(contacts), ""); c.Title != "A private picture of me or my child" {
		t.Errorf("the contacts in English are %q", c.Title)
	}
	help := press(button(send(t, g, s, speaks("es-ES", "help")).Card), "")
	if help.Title != "Get help now" || strings.Contains(help.Footer, awaiting) {
		t.Errorf("in English it is %q, %q", help.Title, help.Footer)
	}
	more := press(chat.Button{Verb: verbMore, Arg: "sextortion young"}, "")
	if c := press(button(more), ""); !strings.Contains(c.PlainText(), "Some of them are gangs") {
		t.Errorf("in English the card is\n%s", c.PlainText())
	}
	for _, k := range controls(*help) {
		switch k := k.(type) {
		case chat.Button:
			if k.Verb == verbHide || k.Verb == verbOpen {
				continue
			}
			if c := press(k, ""); c.Language != "en-GB" {
				t.Errorf("%s leads back to %s", k.Label, c.Language)
			}
		case chat.Select:
			if c := press(chat.Button{Verb: k.Verb, Arg: k.Arg}, k.Options[0].Value); c.Language != "en-GB" {
				t.Errorf("%s leads back to %s", k.Label, c.Language)
			}
		}
	}
	form, _, err := g.Action(t.Context(), chat.Action{Verb: verbOpen, Arg: stayed(""), Person: chat.Person{Locale: "es-ES"}}, s)
	if err != nil || form.Form.Language != "en-GB" {
		t.Fatalf("the form is in another language, or %v", err)
	}
	receipt, _, err := g.Submit(t.Context(), chat.Submission{Form: verbReport, Arg: form.Form.Arg, Person: chat.Person{Locale: "es-ES"}}, s)
	if err != nil || receipt.Card.Language != "en-GB" {
		t.Errorf("the receipt is in another language, or %v", err)
	}
}

func TestWhatIsNotTranslatedSaysSo(t *testing.T) {
	g := newGuide(t)
	card := send(t, g, Server{}, speaks("es-ES", "learn", "topic", "ai-fakes")).Card
	inOrder(t, card.PlainText(), "Todavía no tengo este texto en español. Aquí está en inglés.")
	list := selects(*send(t, g, Server{}, speaks("es-ES", "learn")).Card)[0]
	if first := list.Options[0].Label; !strings.HasPrefix(first, "¿") && !strings.HasPrefix(first, "Alguien") {
		t.Errorf("the list begins with %q", first)
	}
}

// Free questions are looked up in English. One in another language is not
// answered with whatever looks alike, but with what there is in that language.
func TestAQuestionInAnotherLanguageIsNotAnsweredWrongly(t *testing.T) {
	g := newGuide(t)
	for _, q := range []string{"¿Es seguro hablar con alguien que conocí en un juego?", "¿Qué es la edad de consentimiento?", "mi amiga habla con un hombre mayor"} {
		a := g.In("es").Ask(q, Server{Region: "UK"})
		if len(a.Topics) > 0 || a.Crisis() {
			t.Errorf("%q is answered with %v", q, a.Topics)
		}
		inOrder(t, a.Card.PlainText(), "Por ahora solo puedo buscar preguntas en inglés")
		if list := selects(a.Card); len(list) != 1 || len(list[0].Options) < 6 {
			t.Errorf("%q: the texts in Spanish are not offered", q)
		}
	}
	// English typed by somebody whose client is in Spanish is understood.
	a := g.In("es").Ask("what happens when I report something", Server{})
	if len(a.Topics) == 0 || a.Card.Title != "Qué pasa cuando denuncias" {
		t.Errorf("an English question gives %q", a.Card.Title)
	}
}

// cried are cries for help as they may be typed, by language.
var cried = map[string]map[string]responses.Cry{
	"cy": {
		"dwi mewn perygl": responses.CryDanger,
		"mae rhywun tu allan i fy nhŷ ac mae ofn arna i": responses.CryDanger,
		"mae'n gwybod ble dwi'n byw":                     responses.CryDanger,
		"dwi eisiau marw":                                responses.CrySelf,
		"dw i ddim isio byw":                             responses.CrySelf,
		"alla i ddim cario 'mlaen":                       responses.CrySelf,
		"maen nhw'n bygwth rhannu fy lluniau":            responses.CryBlackmail,
		"mae rhywun yn fy mlacmelio i":                   responses.CryBlackmail,
		"mae ganddyn nhw luniau ohona i":                 responses.CryBlackmail,
		"mae'n fy ngorfodi i":                            responses.CryAbuse,
		"mae'n gofyn am luniau noeth":                    responses.CryAbuse,
		"dwi angen help":                                 responses.CryAbuse,
	},
	"de": {
		"da steht jemand vor meiner Tür, ich bin in Gefahr": responses.CryDanger,
		"er weiß, wo ich wohne":                             responses.CryDanger,
		"er verfolgt mich":                                  responses.CryDanger,
		"ich will nicht mehr leben":                         responses.CrySelf,
		"ich will einfach nur sterben":                      responses.CrySelf,
		"ich kann nicht mehr":                               responses.CrySelf,
		"ich werde erpresst":                                responses.CryBlackmail,
		"sie drohen, meine Bilder zu verschicken":           responses.CryBlackmail,
		"er hat Fotos von mir und will Geld":                responses.CryBlackmail,
		"mein Trainer fasst mich an":                        responses.CryAbuse,
		"er zwingt mich dazu":                               responses.CryAbuse,
		"ich brauche Hilfe":                                 responses.CryAbuse,
	},
	"es": {
		"hay alguien fuera de mi casa y tengo miedo, estoy en peligro": responses.CryDanger,
		"sabe donde vivo":                              responses.CryDanger,
		"ya no quiero vivir":                           responses.CrySelf,
		"me quiero morir":                              responses.CrySelf,
		"no puedo más":                                 responses.CrySelf,
		"tienen mis fotos y quieren dinero":            responses.CryBlackmail,
		"me amenaza con publicar mis fotos si no pago": responses.CryBlackmail,
		"me están chantajeando":                        responses.CryBlackmail,
		"mi entrenador me toca y no quiero":            responses.CryAbuse,
		"me obliga a mandar fotos":                     responses.CryAbuse,
		"nesecito ayuda":                               responses.CryAbuse,
	},
	"fr": {
		"il y a quelqu'un devant chez moi, je suis en danger": responses.CryDanger,
		"il sait où j'habite":                                 responses.CryDanger,
		"j'ai envie de mourir":                                responses.CrySelf,
		"j'en peux plus":                                      responses.CrySelf,
		"on me fait du chantage":                              responses.CryBlackmail,
		"ils menacent d'envoyer mes photos":                   responses.CryBlackmail,
		"il m'oblige à le faire":                              responses.CryAbuse,
		"j'ai besoin d'aide":                                  responses.CryAbuse,
	},
	"pl": {
		"ktoś stoi pod moimi drzwiami":        responses.CryDanger,
		"on wie, gdzie mieszkam":              responses.CryDanger,
		"jestem w niebezpieczeństwie":         responses.CryDanger,
		"nie chcę już żyć":                    responses.CrySelf,
		"chcę umrzeć":                         responses.CrySelf,
		"już nie daję rady":                   responses.CrySelf,
		"ktoś mnie szantażuje":                responses.CryBlackmail,
		"grozi, że wyśle moje zdjęcia":        responses.CryBlackmail,
		"mają moje nagrania i chcą pieniędzy": responses.CryBlackmail,
		"on mnie zmusza":                      responses.CryAbuse,
		"boję się powiedzieć rodzicom":        responses.CryAbuse,
		"potrzebuje pomocy":                   responses.CryAbuse,
	},
	"pt": {
		"estou em perigo":                       responses.CryDanger,
		"ele sabe onde eu moro":                 responses.CryDanger,
		"já não quero viver":                    responses.CrySelf,
		"não aguento mais":                      responses.CrySelf,
		"estão a chantagear-me":                 responses.CryBlackmail,
		"têm as minhas fotos e querem dinheiro": responses.CryBlackmail,
		"ele me obriga a fazer isso":            responses.CryAbuse,
		"preciso de ajuda":                      responses.CryAbuse,
	},
}

// A cry for help is heard in every language, whatever the client's, and the
// contacts come first.
func TestCriesForHelpAreHeardInEveryLanguage(t *testing.T) {
	g := newGuide(t)
	s := Server{Region: "UK", Platform: "playground"}
	for code, list := range cried {
		own := g.texts.In(code)
		if own.Language().Code() != code {
			t.Errorf("%s is not there", code)
			continue
		}
		for text, want := range list {
			for _, client := range []string{code, "en", "en-US"} {
				a := g.In(client).Ask(text, s)
				if !a.Crisis() || a.Cries[0] != want {
					t.Errorf("%s, client in %s: %q is heard as %v, not %s", code, client, text, a.Cries, want)
					continue
				}
				emergency, _ := own.Emergency(responses.UK)
				if a.Card.Language == own.Language().Tag.String() {
					inOrder(t, a.Card.PlainText(), own.Say("ui.now.young")[:10], own.Say("ui.now.danger"), emergency.Name, "999", "0800 1111")
				} else {
					t.Errorf("%s, client in %s: %q is answered in %s", code, client, text, a.Card.Language)
				}
			}
		}
	}
	for _, l := range g.texts.Languages() {
		a := g.In(l.Code()).Ask("i want to die", s)
		if !a.Crisis() || a.Card.Language != l.Tag.String() {
			t.Errorf("with a client in %s an English cry is not heard, or answered in %s", l.Code(), a.Card.Language)
		}
	}
}

// What other languages listen for must not make a cry of an English question.
func TestOtherLanguagesHearNoCryInEnglish(t *testing.T) {
	g := newGuide(t)
	ears := g.index().ears
	for _, file := range []string{tuned, unseen} {
		for kind, list := range questions(t, file) {
			for _, q := range list {
				for _, e := range ears {
					if e.texts == g.texts {
						continue
					}
					if cries, _ := e.hear(q.Ask); len(cries) > 0 && kind != "crisis" {
						t.Errorf("%s hears %v in %q", e.texts.Language().Code(), cries, q.Ask)
					}
				}
			}
		}
	}
}

// Every card in every language can be shown everywhere.
func TestEveryCardFitsInEveryLanguage(t *testing.T) {
	g := newGuide(t)
	for _, l := range g.texts.Languages() {
		by := chat.Person{ID: "p1", Locale: l.Tag.String()}
		s := Server{Region: "UK", Platform: "discord", KeepDays: 2}
		check := func(where string, a chat.Answer, err error) {
			t.Helper()
			switch {
			case err != nil:
				t.Errorf("%s, %s: %v", l.Name, where, err)
			case a.Form != nil:
				if err := a.Form.Check(); err != nil {
					t.Errorf("%s, %s: %v", l.Name, where, err)
				}
			case a.Card != nil:
				if err := a.Card.Check(); err != nil {
					t.Errorf("%s, %s: %v", l.Name, where, err)
				}
				if text := a.Card.PlainText(); strings.Contains(text, "[ui.") || strings.Contains(text, "{") {
					t.Errorf("%s, %s: a text is missing: %s", l.Name, where, text)
				}
			}
		}
		act := func(verb, arg, value string) {
			a, _, err := g.Action(t.Context(), chat.Action{Verb: verb, Arg: arg, Value: value, Person: by}, s)
			check(fmt.Sprintf("%s %s %s", verb, arg, value), a, err)
		}
		for _, topic := range g.texts.Topics() {
			for _, a := range responses.Audiences() {
				act(verbTopic, topic.ID+" "+string(a), "")
				act(verbMore, topic.ID+" "+string(a), "")
			}
		}
		for _, a := range responses.Audiences() {
			act(verbMenu, string(a), "")
		}
		for _, n := range responses.Needs() {
			for _, w := range responses.People() {
				for _, r := range []responses.Region{responses.UK, responses.NorthernIreland, responses.Unknown} {
					act(verbAll, argOf(responses.Query{Need: n, Region: r, Who: w}), "")
				}
			}
		}
		for _, w := range responses.People() {
			act(verbHelp, string(w), "")
		}
		act(verbOpen, "", "")
		for _, name := range []string{"help", "privacy", "learn", "support", "report"} {
			a, _, err := g.Command(t.Context(), chat.Command{Name: name, Args: map[string]string{}, Person: by}, s)
			check(name, a, err)
		}
		for _, q := range []string{"zzz", "i want to die", "someone has my pictures and wants money", "is it my fault"} {
			card := g.In(l.Code()).Ask(q, s).Card
			check(q, chat.Show(card), nil)
		}
	}
}

func TestCommandsAreNamedInEveryLanguage(t *testing.T) {
	g := newGuide(t)
	names := Translate(g.texts)
	for _, spec := range g.Commands() {
		if spec.OnMessage {
			continue
		}
		if got := names(spec.Name)["es"]; got == "" || got == spec.Name {
			t.Errorf("/%s is %q in Spanish", spec.Name, got)
		}
		if got := names(spec.Description)["es"]; got == "" {
			t.Errorf("/%s is not described in Spanish", spec.Name)
		}
		for _, o := range spec.Options {
			if names(o.Name)["es"] == "" || names(o.Description)["es"] == "" {
				t.Errorf("/%s %s has no Spanish name or description", spec.Name, o.Name)
			}
			for _, k := range o.Choices {
				if names(k.Label)["es"] == "" {
					t.Errorf("/%s %s: %s has no Spanish name", spec.Name, o.Name, k.Label)
				}
			}
		}
	}
}
