package discord

import (
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
)

// modal makes the form's modal. Every field has a label of its own, as Discord
// wants it since it can carry selects: so choices are part of the same form.
func modal(f chat.Form) modalJSON {
	p := painter{ids: map[string]int{}}
	out := modalJSON{CustomID: p.customID(f.Verb, f.Arg), Title: short(oneLine(f.Title), maxModalTitle)}
	if f.Intro != "" && len(f.Fields) < maxModalParts {
		out.Components = append(out.Components, component{Type: typeText, Content: short(plain(f.Intro), maxText)})
	}
	for i, x := range f.Fields {
		hint := x.Hint
		if i == 0 && len(f.Fields) >= maxModalParts && hint == "" {
			hint = f.Intro // there is no room for it but here
		}
		name := fieldLabel(x)
		if utf8.RuneCountInString(name) > maxLabel {
			hint = name + " " + hint // the whole of it below
		}
		out.Components = append(out.Components, component{
			Type: typeLabel, Label: short(name, maxLabel), Description: short(oneLine(hint), maxDescription),
			Component: input(x),
		})
	}
	return out
}

type modalJSON struct {
	CustomID   string      `json:"custom_id"`
	Title      string      `json:"title"`
	Components []component `json:"components"`
}

func fieldLabel(f chat.Field) string {
	if l := oneLine(f.Label); l != "" {
		return l
	}
	return f.Name
}

func input(f chat.Field) *component {
	c := &component{CustomID: short(f.Name, maxCustomID), Required: &f.Required}
	if f.Kind == chat.Choice {
		c.Type, c.Options = typeSelect, options(f.Options, f.Value)
		return c
	}
	c.Type, c.Style, c.MaxLength = typeInput, 1, maxInput
	if f.Kind == chat.Paragraph {
		c.Style = 2
	}
	if f.MaxLen > 0 && f.MaxLen < maxInput {
		c.MaxLength = f.MaxLen
	}
	if r := []rune(f.Value); len(r) > c.MaxLength {
		f.Value = string(r[:c.MaxLength])
	}
	c.Value = f.Value
	return c
}
