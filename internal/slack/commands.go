package slack

import (
	"regexp"
	"slices"
	"strings"

	"github.com/waymark-bot/waymark/internal/chat"
)

// This file reads what somebody typed after /waymark. Slack knows one command
// with one line of text; the neutral commands have names and options. The words
// are read with what Register was told: an option can be named (region:UK), a
// mention goes to the option that holds such a thing, a word that is one of an
// option's choices to that option, and the rest to the first option that is
// free. What begins with no command's name goes to the one that takes that.

// helpCommand answers /waymark alone.
const helpCommand = "help"

// staffWord stands for the command that only staff use.
const staffWord = "staff"

// parse reads the words after the command into a command's name and options.
func (s *Slack) parse(text string) (name string, args map[string]string) {
	args = map[string]string{}
	word, rest := cutWord(text)
	word = strings.ToLower(word)
	if word == "" {
		return helpCommand, args
	}
	var specs []chat.CommandSpec
	if p := s.specs.Load(); p != nil {
		specs = *p
	}
	i := slices.IndexFunc(specs, func(c chat.CommandSpec) bool {
		return !c.OnMessage && (strings.ToLower(c.Name) == word || (word == staffWord && c.Staff && len(c.Subcommands) > 0))
	})
	if i < 0 {
		return unnamed(specs, word, text)
	}
	spec, name := specs[i], specs[i].Name
	if len(spec.Subcommands) > 0 {
		sub, more := cutWord(rest)
		sub = strings.ToLower(sub)
		if sub == "" {
			return name, args
		}
		j := slices.IndexFunc(spec.Subcommands, func(c chat.CommandSpec) bool { return strings.ToLower(c.Name) == sub })
		name += " " + sub
		if j < 0 {
			return name, args
		}
		spec, rest = spec.Subcommands[j], more
	}
	options(spec.Options, rest, args)
	return name, args
}

// unnamed reads words that begin with no command's name. Whoever writes a
// question after /waymark gets its answer.
func unnamed(specs []chat.CommandSpec, word, text string) (name string, args map[string]string) {
	for _, c := range specs {
		if c.Default && word != helpCommand && len(c.Options) > 0 {
			return c.Name, map[string]string{c.Options[0].Name: said(text)}
		}
	}
	return word, map[string]string{}
}

func cutWord(s string) (word, rest string) {
	s = strings.TrimSpace(s)
	i := strings.IndexAny(s, " \t\n\u00a0")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// mention is something that Slack writes for a person, a channel or a group.
var mention = regexp.MustCompile(`<(@|#|!subteam\^)([A-Z0-9]+)(?:\|[^>]*)?>`)

func kindOf(mark string) chat.OptionKind {
	switch mark {
	case "@":
		return chat.APerson
	case "#":
		return chat.AChannel
	}
	return chat.ARole
}

// options reads the options' values out of the text into args.
func options(specs []chat.OptionSpec, text string, args map[string]string) {
	text = namedOptions(specs, text, args)
	text = mention.ReplaceAllStringFunc(text, func(found string) string {
		m := mention.FindStringSubmatch(found)
		for _, o := range specs {
			if _, taken := args[o.Name]; !taken && o.Kind == kindOf(m[1]) {
				args[o.Name] = m[2]
				return ""
			}
		}
		return found
	})
	if free(specs, args) == nil {
		return
	}
	for _, o := range specs {
		if _, taken := args[o.Name]; taken || len(o.Choices) == 0 {
			continue
		}
		if value, left, ok := choiceIn(o.Choices, text); ok {
			args[o.Name], text = value, left
		}
	}
	if o := free(specs, args); o != nil && strings.TrimSpace(text) != "" {
		args[o.Name] = said(text)
	}
}

// free is the first option without a value that takes words.
func free(specs []chat.OptionSpec, args map[string]string) *chat.OptionSpec {
	for i, o := range specs {
		if _, taken := args[o.Name]; !taken && o.Kind == chat.Words {
			return &specs[i]
		}
	}
	return nil
}

// namedOptions takes "name:value" out of the text. A value ends at the next
// name, or with its quotes.
func namedOptions(specs []chat.OptionSpec, text string, args map[string]string) string {
	type mark struct {
		from, value int
		option      chat.OptionSpec
	}
	var marks []mark
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		lower = text // odd letters: only the exact name counts
	}
	for _, o := range specs {
		at := 0
		for {
			i := strings.Index(lower[at:], o.Name+":")
			if i < 0 {
				break
			}
			i += at
			at = i + len(o.Name) + 1
			if i == 0 || strings.ContainsRune(" \t\n", rune(lower[i-1])) {
				marks = append(marks, mark{i, at, o})
				break
			}
		}
	}
	slices.SortFunc(marks, func(a, b mark) int { return a.from - b.from })
	if len(marks) == 0 {
		return text
	}
	left := text[:marks[0].from]
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1].from
		}
		value, rest := oneValue(m.option, strings.TrimSpace(text[m.value:end]))
		if value != "" {
			args[m.option.Name] = value
		}
		left += " " + rest
	}
	return left
}

// oneValue reads a named option's value from the beginning of the text.
func oneValue(o chat.OptionSpec, text string) (value, rest string) {
	if o.Kind != chat.Words {
		word, rest := cutWord(text)
		if m := mention.FindStringSubmatchIndex(text); m != nil && m[0] == 0 {
			return text[m[4]:m[5]], text[m[1]:]
		}
		return strings.TrimLeft(word, "@#"), rest
	}
	for _, q := range []string{`"`, "“", "'", "‘"} {
		closing := map[string]string{`"`: `"`, "“": "”", "'": "'", "‘": "’"}[q]
		if after, ok := strings.CutPrefix(text, q); ok {
			if value, rest, ok := strings.Cut(after, closing); ok {
				return said(value), rest
			}
		}
	}
	if len(o.Choices) > 0 {
		if value, rest, ok := choiceAt(o.Choices, text); ok {
			return value, rest
		}
		return cutWord(text)
	}
	return said(text), ""
}

// said is what was typed, without Slack's markup.
func said(text string) string {
	p := parts{}
	return strings.TrimSpace(p.readable(text))
}

// choiceAt finds the longest choice that the text begins with.
func choiceAt(choices []chat.Option, text string) (value, rest string, ok bool) {
	best := 0
	for _, c := range choices {
		for _, word := range []string{c.Value, c.Label} {
			if n := len(word); n > best && beginsWith(text, word) {
				best, value, ok = n, c.Value, true
			}
		}
	}
	return value, strings.TrimSpace(text[best:]), ok
}

func beginsWith(text, word string) bool {
	return len(text) >= len(word) && strings.EqualFold(text[:len(word)], word) &&
		(len(text) == len(word) || strings.ContainsRune(" \t\n,.;", rune(text[len(word)])))
}

// choiceIn finds a choice anywhere in the text, at the beginning of a word.
func choiceIn(choices []chat.Option, text string) (value, left string, ok bool) {
	for i := range text {
		if i > 0 && !strings.ContainsRune(" \t\n", rune(text[i-1])) {
			continue
		}
		if value, rest, ok := choiceAt(choices, text[i:]); ok {
			return value, strings.TrimSpace(text[:i] + rest), true
		}
	}
	return "", text, false
}

// shortcut is the neutral name of a message shortcut, by the callback id that
// the manifest gives it.
func (s *Slack) shortcut(callback string) string {
	if p := s.specs.Load(); p != nil {
		for _, c := range *p {
			if c.OnMessage && callbackID(c.Name) == callback {
				return c.Name
			}
		}
	}
	return callback
}

// callbackID is the id of a message shortcut in the manifest.
func callbackID(name string) string {
	return strings.ReplaceAll(strings.ToLower(oneLine(name)), " ", "-")
}
