package config

import (
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// shape is what may stand at a key, derived from the Config's own fields.
type shape struct {
	of    reflect.Type
	below map[string]shape // the keys of a section, or of each entry of a list
	names []string         // those keys in order
	list  bool
}

var (
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[time.Duration]()
	levelType    = reflect.TypeFor[slog.Level]()
)

const fileSuffix = "_file"

func shapeOf(t reflect.Type) shape {
	s := shape{of: t}
	if t.Kind() == reflect.Slice {
		s = shapeOf(t.Elem())
		s.of, s.list = t, true
		return s
	}
	if t.Kind() != reflect.Struct || t == secretType {
		return s
	}
	s.below = map[string]shape{}
	add := func(name string, below shape) {
		s.below[name] = below
		s.names = append(s.names, name)
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("mapstructure")
		if name == "-" {
			continue
		}
		add(name, shapeOf(f.Type))
		if f.Type == secretType {
			add(name+fileSuffix, shape{of: reflect.TypeFor[string]()})
		}
	}
	return s
}

func (s shape) isSection() bool { return s.below != nil && !s.list }

// leaves lists the keys that take a value, in order; a list is one.
func (s shape) leaves(prefix string) []string {
	if !s.isSection() {
		return []string{prefix}
	}
	var out []string
	for _, n := range s.names {
		out = append(out, s.below[n].leaves(join(prefix, n))...)
	}
	return out
}

// at finds the shape of a dotted key.
func (s shape) at(key string) shape {
	for n := range strings.SplitSeq(key, ".") {
		s = s.below[n]
	}
	return s
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// EnvName is the environment variable of a key: WAYMARK_DISCORD_TOKEN of
// discord.token.
func EnvName(key string) string {
	return "WAYMARK_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// unfit says why a text is no value of a type; "" where it is one.
func unfit(text string, t reflect.Type) string {
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "holds a line break or another control character"
	}
	switch t {
	case durationType:
		if _, err := parseDuration(text); err != nil {
			return "takes a time such as 90d, 2w or 36h"
		}
	case levelType:
		if !slices.Contains([]string{"debug", "info", "warn", "error"}, strings.ToLower(text)) {
			return "takes debug, info, warn or error"
		}
	}
	return ""
}

// longest is the longest time that can be set: a hundred years.
const longest = 36500 * 24 * time.Hour

// parseDuration reads "90d", "2w", or what time.ParseDuration reads.
func parseDuration(text string) (time.Duration, error) {
	day := 24 * time.Hour
	for unit, length := range map[string]time.Duration{"d": day, "w": 7 * day} {
		if digits, ok := strings.CutSuffix(text, unit); ok {
			n, err := strconv.ParseUint(digits, 10, 16)
			if err == nil && n > uint64(longest/length) {
				err = strconv.ErrRange
			}
			return time.Duration(n) * length, err
		}
	}
	return time.ParseDuration(text)
}
