package discord

import (
	"regexp"
	"strings"
	"unicode"
)

// plain escapes what Discord would read as markup, so that text stands as it
// is. Addresses stay whole, so that they can be followed.
func plain(s string) string { return eachLine(s, func(l string) string { return outside(l, escape) }) }

// quoted is plain for what somebody else wrote: addresses in it lead nowhere.
func quoted(s string) string {
	return eachLine(s, func(l string) string { return escape(strings.ReplaceAll(l, "://", ":\u200b//")) })
}

// outside applies f to all that is no address: Discord makes links of those.
func outside(line string, f func(string) string) string {
	if !strings.Contains(line, "://") {
		return f(line)
	}
	var b strings.Builder
	for line != "" {
		at := strings.Index(line, "https://")
		if h := strings.Index(line, "http://"); at < 0 || (h >= 0 && h < at) {
			at = h
		}
		if at < 0 {
			break
		}
		b.WriteString(f(line[:at]))
		line = line[at:]
		end := strings.IndexFunc(line, func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune("<>\"`|\\*", r) || r > unicode.MaxASCII
		})
		if end < 0 {
			end = len(line)
		}
		b.WriteString(line[:end])
		line = line[end:]
	}
	b.WriteString(f(line))
	return b.String()
}

// escape puts a backslash before every mark. An invisible space after @ keeps
// "@everyone" from being more than a word.
func escape(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch r {
		case '\\', '*', '_', '~', '`', '|', '<', '[', ']':
			b.WriteByte('\\')
		case '#', '>', '-', '+':
			if strings.TrimSpace(s[:i]) == "" {
				b.WriteByte('\\')
			}
		case '.', ')':
			if number.MatchString(s[:i]) {
				b.WriteByte('\\')
			}
		}
		b.WriteRune(r)
		if r == '@' {
			b.WriteString("\u200b")
		}
	}
	return b.String()
}

// alike replaces every mark by one that looks like it and means nothing, which
// takes no more room: for cards that would be too long with backslashes.
func alike(s string) string {
	return eachLine(s, func(l string) string { return outside(startless(l), likeness) })
}

// alikeQuoted is alike for what somebody else wrote.
func alikeQuoted(s string) string {
	return eachLine(s, func(l string) string { return likeness(strings.ReplaceAll(startless(l), "://", "∶//")) })
}

func likeness(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '\\':
			return '＼'
		case '*':
			return '∗'
		case '_':
			return '＿'
		case '~':
			return '∼'
		case '`':
			return 'ˋ'
		case '|':
			return '∣'
		case '<':
			return '‹'
		case '[':
			return '［'
		case ']':
			return '］'
		case '@':
			return '＠'
		}
		return r
	}, s)
}

// startless replaces what at the start of a line makes it a list, a heading or
// a quote.
func startless(l string) string {
	rest := strings.TrimLeft(l, " \t")
	lead := l[:len(l)-len(rest)]
	for _, m := range [][2]string{{"-", "‐"}, {"+", "＋"}, {">", "›"}, {"#", "＃"}} {
		if strings.HasPrefix(rest, m[0]) {
			return lead + m[1] + rest[1:]
		}
	}
	if i := strings.IndexAny(rest, ".)"); i > 0 && number.MatchString(rest[:i]) {
		return lead + rest[:i] + "․" + rest[i+1:]
	}
	return l
}

// eachLine changes line by line, without the characters that turn the
// direction of writing around and so could garble what follows.
func eachLine(s string, f func(string) string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\r', r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
			return -1
		case r != '\n' && r != '\t' && unicode.IsControl(r):
			return ' '
		}
		return r
	}, s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = f(l)
	}
	return strings.Join(lines, "\n")
}

// oneLine is for where a line feed would break the form.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// short cuts s to at most n characters.
func short(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimRight(string(r[:n-1]), " \n") + "…"
}

var number = regexp.MustCompile(`^\s*\d+$`)
