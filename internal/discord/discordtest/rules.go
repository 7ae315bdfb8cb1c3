package discordtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Discord's limits that its description does not have, or has too wide.
const (
	maxContent      = 2000
	maxEmbedText    = 6000
	maxV2Text       = 4000
	maxComponents   = 40
	maxRows         = 5
	maxButtons      = 5
	maxOptions      = 25
	maxCustomID     = 100
	maxButtonLabel  = 80
	maxOptionText   = 100
	maxPlaceholder  = 150
	maxModalTitle   = 45
	maxModalFields  = 5
	maxFieldLabel   = 45
	maxCommandText  = 8000
	maxTypedGlobals = 100
	maxKeyword      = 60
	maxKeywords     = 1000
	maxRegex        = 260
	maxRegexes      = 10
)

// Flags that a bot may set when it posts into a channel, answers, or edits.
const (
	flagsForPost   = 1<<2 | 1<<12 | flagComponentsV2
	flagsForAnswer = flagsForPost | flagEphemeral
	flagsForEdit   = 1<<2 | flagComponentsV2
)

// complaints collects what is wrong with a request.
type complaints []string

func (c *complaints) add(format string, a ...any) { *c = append(*c, fmt.Sprintf(format, a...)) }

func (c *complaints) length(what string, v any, least, most int) {
	s, _ := v.(string)
	if n := utf8.RuneCountInString(s); n < least || n > most {
		c.add("%s has %d characters, of %d to %d", what, n, least, most)
	}
}

// checkLimits gives what breaks a limit that the description misses.
func checkLimits(pattern string, body any) []string {
	var out complaints
	fields, _ := body.(map[string]any)
	switch {
	case pattern == OpPost:
		out.message(fields, flagsForPost, true)
	case pattern == OpEdit || strings.HasPrefix(pattern, "PATCH /webhooks/"):
		out.message(fields, flagsForEdit|flagEphemeral, false)
	case pattern == OpFollowUp:
		out.message(fields, flagsForAnswer, true)
	case pattern == "POST /channels/{channel_id}/threads":
		if m, ok := fields["message"].(map[string]any); ok {
			out.message(m, flagsForPost, true)
		}
	case pattern == OpAnswer:
		out.answer(fields)
	case strings.Contains(pattern, "/auto-moderation/rules"):
		out.rule(fields)
	case strings.Contains(pattern, "/commands") && body != nil:
		list, ok := body.([]any)
		if !ok {
			list = []any{fields}
		}
		out.commands(list, strings.HasPrefix(pattern, "PATCH"))
	}
	return out
}

func (c *complaints) answer(fields map[string]any) {
	kind, _ := fields["type"].(float64)
	data, _ := fields["data"].(map[string]any)
	switch int(kind) {
	case answerMessage:
		c.message(data, flagsForAnswer, true)
	case answerEdit:
		c.message(data, flagsForEdit|flagEphemeral, false)
	case answerDeferred:
		if flags, _ := data["flags"].(float64); int(flags)&^flagEphemeral != 0 {
			c.add("a deferred answer has the flags %d; only %d can be set", int(flags), flagEphemeral)
		}
		for name := range data {
			if name != "flags" {
				c.add("a deferred answer carries %q, which is not shown", name)
			}
		}
	case answerChoices:
		c.choices("completions", data["choices"])
	case answerModal:
		c.modal(data)
	}
}

func (c *complaints) choices(what string, v any) {
	list, _ := v.([]any)
	if len(list) > maxOptions {
		c.add("%d %s, of at most %d", len(list), what, maxOptions)
	}
	seen := map[string]bool{}
	for _, x := range list {
		choice, _ := x.(map[string]any)
		c.length("the name of one of the "+what, choice["name"], 1, maxOptionText)
		if s, ok := choice["value"].(string); ok {
			c.length("the value of one of the "+what, s, 1, maxOptionText)
		}
		name, _ := choice["name"].(string)
		if seen[name] {
			c.add("two of the %s have the same name", what)
		}
		seen[name] = true
	}
}

// message checks what a message says. A new one must set the flag for
// Components V2 where it uses them; an edit may rely on the one set before.
func (c *complaints) message(m map[string]any, allowed int, isNew bool) {
	c.length("the content", m["content"], 0, maxContent)
	flagValue, _ := m["flags"].(float64)
	flags := int(flagValue)
	if flags&^allowed != 0 {
		c.add("the flags %d cannot be set here", flags&^allowed)
	}
	embeds, _ := m["embeds"].([]any)
	c.embeds(embeds)
	list, _ := m["components"].([]any)
	v2 := flags&flagComponentsV2 != 0
	if v2 {
		content, _ := m["content"].(string)
		if content != "" || len(embeds) > 0 || m["poll"] != nil || m["sticker_ids"] != nil {
			c.add("content, embeds, stickers or a poll together with Components V2")
		}
	}
	c.components(list, v2, isNew)
	c.mentions(m["allowed_mentions"])
}

func (c *complaints) mentions(v any) {
	m, _ := v.(map[string]any)
	parse, _ := m["parse"].([]any)
	for _, kind := range []string{"users", "roles"} {
		if list, _ := m[kind].([]any); len(list) > 0 && slices.Contains(parse, any(kind)) {
			c.add("allowed_mentions has both the list %q and %q in parse", kind, kind)
		}
	}
}

func (c *complaints) embeds(list []any) {
	if len(list) > 10 {
		c.add("%d embeds, of at most 10", len(list))
	}
	total := 0
	count := func(what string, v any, most int) {
		s, _ := v.(string)
		c.length(what, s, 0, most)
		total += utf8.RuneCountInString(s)
	}
	for _, x := range list {
		e, _ := x.(map[string]any)
		count("an embed's title", e["title"], 256)
		count("an embed's description", e["description"], 4096)
		footer, _ := e["footer"].(map[string]any)
		count("an embed's footer", footer["text"], 2048)
		author, _ := e["author"].(map[string]any)
		count("an embed's author", author["name"], 256)
		fields, _ := e["fields"].([]any)
		if len(fields) > 25 {
			c.add("an embed has %d fields, of at most 25", len(fields))
		}
		for _, y := range fields {
			field, _ := y.(map[string]any)
			c.length("the name of an embed's field", field["name"], 1, 256)
			c.length("the value of an embed's field", field["value"], 1, 1024)
			count("the name of an embed's field", field["name"], 256)
			count("the value of an embed's field", field["value"], 1024)
		}
	}
	if total > maxEmbedText {
		c.add("the embeds have %d characters in all, of at most %d", total, maxEmbedText)
	}
}

// components checks a message's components.
func (c *complaints) components(list []any, v2, isNew bool) {
	count, text := 0, 0
	ids := map[string]bool{}
	walkList(list, func(x map[string]any) {
		count++
		kind := kindOf(x)
		if kind == 10 {
			s, _ := x["content"].(string)
			text += utf8.RuneCountInString(s)
		}
		if id, ok := x["custom_id"].(string); ok {
			if ids[id] {
				c.add("the custom id %q is used twice in one message", id)
			}
			ids[id] = true
		}
		c.component(kind, x)
		if kind >= 9 && kind != 18 && !v2 && isNew {
			c.add("a component of type %d without the flag for Components V2", kind)
		}
	})
	if count > maxComponents {
		c.add("%d components, of at most %d", count, maxComponents)
	}
	if text > maxV2Text {
		c.add("the texts have %d characters in all, of at most %d", text, maxV2Text)
	}
	if !v2 && isNew && len(list) > maxRows {
		c.add("%d rows, of at most %d", len(list), maxRows)
	}
}

func (c *complaints) component(kind int, x map[string]any) {
	switch kind {
	case 1:
		c.row(x)
	case 2:
		c.button(x)
	case 3, 5, 6, 7, 8:
		c.selection(x)
	case 9:
		if inner, _ := x["components"].([]any); len(inner) < 1 || len(inner) > 3 || x["accessory"] == nil {
			c.add("a section needs 1 to 3 texts and an accessory")
		}
	case 10:
		if s, _ := x["content"].(string); strings.TrimSpace(s) == "" {
			c.add("a text display is empty")
		}
	case 17:
		if inner, _ := x["components"].([]any); len(inner) == 0 {
			c.add("a container is empty")
		}
	}
}

func (c *complaints) row(x map[string]any) {
	inner, _ := x["components"].([]any)
	if len(inner) < 1 || len(inner) > maxButtons {
		c.add("a row has %d components, of 1 to %d", len(inner), maxButtons)
	}
	for _, y := range inner {
		if part, _ := y.(map[string]any); kindOf(part) != 2 && len(inner) > 1 {
			c.add("a row has a select or a field beside something else")
			return
		}
	}
}

func (c *complaints) button(x map[string]any) {
	c.length("a button's label", x["label"], 0, maxButtonLabel)
	label, _ := x["label"].(string)
	if label == "" && x["emoji"] == nil {
		c.add("a button has neither label nor emoji")
	}
	style, _ := x["style"].(float64)
	id, _ := x["custom_id"].(string)
	url, _ := x["url"].(string)
	switch {
	case style == 5 && (url == "" || id != ""):
		c.add("the link button %q needs an address and no custom id", label)
	case style >= 1 && style <= 4 && (id == "" || url != ""):
		c.add("the button %q needs a custom id and no address", label)
	}
	c.length("a button's custom id", id, 0, maxCustomID)
	if style == 5 && !regexp.MustCompile(`^(https?|discord)://`).MatchString(url) {
		c.add("the link button %q leads to %q; only http, https and discord can be opened", label, url)
	}
}

func (c *complaints) selection(x map[string]any) {
	c.length("a select's custom id", x["custom_id"], 1, maxCustomID)
	c.length("a select's placeholder", x["placeholder"], 0, maxPlaceholder)
	if kindOf(x) != 3 {
		return
	}
	options, _ := x["options"].([]any)
	if len(options) < 1 || len(options) > maxOptions {
		c.add("a select has %d options, of 1 to %d", len(options), maxOptions)
	}
	seen := map[any]bool{}
	for _, y := range options {
		o, _ := y.(map[string]any)
		c.length("an option's label", o["label"], 1, maxOptionText)
		c.length("an option's value", o["value"], 1, maxOptionText)
		c.length("an option's description", o["description"], 0, maxOptionText)
		if seen[o["value"]] {
			c.add("a select has the value %q twice", o["value"])
		}
		seen[o["value"]] = true
	}
}

func (c *complaints) modal(data map[string]any) {
	c.length("the modal's title", data["title"], 1, maxModalTitle)
	c.length("the modal's custom id", data["custom_id"], 1, maxCustomID)
	list, _ := data["components"].([]any)
	fields := 0
	ids := map[string]bool{}
	walkList(list, func(x map[string]any) {
		kind := kindOf(x)
		switch kind {
		case 1:
			if inner, _ := x["components"].([]any); len(inner) != 1 {
				c.add("a modal's row has %d fields, of exactly 1", len(inner))
			}
		case 18:
			c.length("a label", x["label"], 1, maxFieldLabel)
			c.length("a label's description", x["description"], 0, maxOptionText)
		case 2:
			c.add("a modal has a button")
		case 4:
			c.length("a field's label", x["label"], 0, maxFieldLabel)
			c.length("a field's placeholder", x["placeholder"], 0, maxOptionText)
			c.length("a field's value", x["value"], 0, 4000)
		case 3, 5, 6, 7, 8:
			c.selection(x)
		}
		if id, ok := x["custom_id"].(string); ok {
			fields++
			c.length("a field's custom id", id, 1, maxCustomID)
			if ids[id] {
				c.add("the custom id %q is used twice in one modal", id)
			}
			ids[id] = true
		}
	})
	if len(list) < 1 || len(list) > maxModalFields || fields < 1 {
		c.add("a modal has %d parts and %d fields, of 1 to %d", len(list), fields, maxModalFields)
	}
}

var (
	commandName = regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$`)
	locales     = strings.Fields(`id da de en-GB en-US es-ES es-419 fr hr it lt hu nl no pl pt-BR ro fi sv-SE vi tr cs el
		bg ru uk hi th zh-CN ja zh-TW ko`)
)

func (c *complaints) commands(list []any, partial bool) {
	seen := map[string]bool{}
	typed := 0
	for _, x := range list {
		cmd, _ := x.(map[string]any)
		name, _ := cmd["name"].(string)
		kind, ok := cmd["type"].(float64)
		if !ok {
			kind = commandTyped
		}
		if key := fmt.Sprint(kind, name); seen[key] {
			c.add("the command %q is there twice", name)
		} else {
			seen[key] = true
		}
		if partial {
			continue
		}
		if kind != commandTyped {
			c.length("the name of a menu command", name, 1, 32)
			if d, _ := cmd["description"].(string); d != "" {
				c.add("the menu command %q has a description", name)
			}
			continue
		}
		typed++
		if n := c.named("the command", cmd); n > maxCommandText {
			c.add("the command %q has %d characters in all, of at most %d", name, n, maxCommandText)
		}
	}
	if typed > maxTypedGlobals {
		c.add("%d commands, of at most %d", typed, maxTypedGlobals)
	}
}

// named checks the names and descriptions of a command or an option with all
// below it, and counts their characters.
func (c *complaints) named(what string, x map[string]any) int {
	name, _ := x["name"].(string)
	description, _ := x["description"].(string)
	at := fmt.Sprintf("%s %q", what, name)
	c.typedName(at, name)
	c.length("the description of "+at, description, 1, 100)
	c.localised(at, x["name_localizations"], func(s string) { c.typedName(at, s) })
	c.localised(at, x["description_localizations"], func(s string) { c.length("a description of "+at, s, 1, 100) })
	total := utf8.RuneCountInString(name) + utf8.RuneCountInString(description)
	choices, _ := x["choices"].([]any)
	c.choices("choices of "+at, x["choices"])
	for _, y := range choices {
		choice, _ := y.(map[string]any)
		total += utf8.RuneCountInString(fmt.Sprint(choice["name"], choice["value"]))
	}
	if complete, _ := x["autocomplete"].(bool); complete && len(choices) > 0 {
		c.add("%s has both choices and completion", at)
	}
	return total + c.options(at, x["options"])
}

func (c *complaints) options(at string, v any) int {
	options, _ := v.([]any)
	if len(options) > maxOptions {
		c.add("%s has %d options, of at most %d", at, len(options), maxOptions)
	}
	total, optional := 0, false
	seen := map[string]bool{}
	for _, y := range options {
		o, _ := y.(map[string]any)
		name, _ := o["name"].(string)
		if seen[name] {
			c.add("%s has the option %q twice", at, name)
		}
		seen[name] = true
		required, _ := o["required"].(bool)
		if required && optional {
			c.add("%s has the required option %q after one that is not", at, name)
		}
		kind, _ := o["type"].(float64)
		optional = optional || !required && int(kind) > optionGroup
		total += c.named("the option", o)
	}
	return total
}

func (c *complaints) typedName(at, name string) {
	if !commandName.MatchString(name) {
		c.add("%s: %q is no name for a typed command", at, name)
	}
	if name != strings.ToLower(name) {
		c.add("%s: %q has capital letters", at, name)
	}
}

func (c *complaints) localised(at string, v any, check func(string)) {
	m, _ := v.(map[string]any)
	for locale, x := range m {
		if !slices.Contains(locales, locale) {
			c.add("%s: the language %q is not one of Discord's", at, locale)
		}
		if s, ok := x.(string); ok {
			check(s)
		}
	}
}

func (c *complaints) rule(fields map[string]any) {
	meta, _ := fields["trigger_metadata"].(map[string]any)
	list := func(name string, many, long int) {
		words, _ := meta[name].([]any)
		if len(words) > many {
			c.add("a rule has %d entries in %s, of at most %d", len(words), name, many)
		}
		for _, w := range words {
			c.length("an entry of "+name, w, 1, long)
		}
	}
	list("keyword_filter", maxKeywords, maxKeyword)
	list("regex_patterns", maxRegexes, maxRegex)
	list("allow_list", 100, maxKeyword)
	actions, _ := fields["actions"].([]any)
	for _, x := range actions {
		a, _ := x.(map[string]any)
		meta, _ := a["metadata"].(map[string]any)
		c.length("a rule's message to the member", meta["custom_message"], 0, 150)
	}
}
