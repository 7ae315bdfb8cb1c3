package detect

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldTables hold the characters that stand for others. They are built once
// for each program, from the lists in lookalikes.go.
type foldTables struct {
	letters map[rune]byte
	turned  map[rune]rune
}

func newFoldTables() foldTables {
	f := foldTables{letters: map[rune]byte{}, turned: map[rune]rune{}}
	for i, list := range lookalikes {
		for _, r := range list {
			f.letters[r] = 'a' + byte(i)
		}
	}
	pairs := []rune(upsideDown)
	for i := 0; i+1 < len(pairs); i += 2 {
		f.turned[pairs[i]] = pairs[i+1]
	}
	for _, p := range [][2]rune{{'b', 'q'}, {'d', 'p'}, {'n', 'u'}} {
		f.turned[p[0]], f.turned[p[1]] = p[1], p[0]
	}
	return f
}

// isLookalike says whether a character that is no letter may stand for one.
func isLookalike(r rune) bool {
	return r >= 0x1f150 && r <= 0x1f189 || r >= 0x1f1e6 && r <= 0x1f1ff || r >= 0x24b6 && r <= 0x24e9 || r == '†' || r == '℮' ||
		r >= 0xff01 && r <= 0xff5e
}

// turned says whether a character is a letter written upside down.
func turned(r rune) bool {
	return r >= utf8.RuneSelf && strings.ContainsRune(upsideDown, r) && r != '¿' && r != '¡'
}

// view is a text made from another, with the way back.
type view struct {
	b   []byte
	off offsets
}

// newView is an empty view with room for a text and what may be written out.
func newView(text string) view {
	n := len(text) + len(text)/16
	offs := make([]int32, 2*n)
	return view{make([]byte, 0, n), offsets{offs[:0:n], offs[n:n]}}
}

func (v *view) put(b byte, from, to int32) {
	v.b = append(v.b, b)
	v.off.from = append(v.off.from, from)
	v.off.to = append(v.off.to, to)
}

// fold writes letters of all kinds as plain ones: accents, full width, small
// capitals, mathematical alphabets, look-alikes of other scripts; invisible
// characters are dropped. Text in other scripts stays as it is.
func (f foldTables) fold(text string, off offsets) view {
	v := newView(text)
	var buf [64]byte
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		from, to := off.start(i), off.end(i+n)
		if r < utf8.RuneSelf && n == 1 {
			v.put(byte(r), from, to)
			i += n
			continue
		}
		switch {
		case r == utf8.RuneError:
			v.put(' ', from, to)
		case invisible(r):
		case f.letters[r] != 0:
			v.put(f.letters[r], from, to)
		case ligature(r) != "":
			for _, b := range []byte(ligature(r)) {
				v.put(b, from, to)
			}
		default:
			for _, d := range string(norm.NFKD.AppendString(buf[:0], text[i:i+n])) {
				if unicode.Is(unicode.M, d) || unicode.Is(unicode.Cf, d) {
					continue
				}
				if l := f.letters[d]; l != 0 {
					v.put(l, from, to)
					continue
				}
				var e [utf8.UTFMax]byte
				for _, x := range e[:utf8.EncodeRune(e[:], d)] {
					v.put(x, from, to)
				}
			}
		}
		i += n
	}
	return v
}

// ligature is the two letters that a character is written with where it cannot
// be typed, empty for others: Unicode does not decompose these.
func ligature(r rune) string {
	switch r {
	case 'ß', 'ẞ':
		return "ss"
	case 'œ', 'Œ':
		return "oe"
	case 'æ', 'Æ':
		return "ae"
	}
	return ""
}

// twoLetters writes the umlauts of a word in small letters as German does
// where there are none: ae, oe, ue.
func twoLetters(word string) string {
	if !strings.ContainsAny(word, "äöü") {
		return word
	}
	return strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue").Replace(word)
}

// invisible says whether a character shows nothing.
func invisible(r rune) bool {
	switch r {
	case '\u3164', '\u115f', '\u1160', '\uffa0', '\u2800', '\u034f':
		return true
	}
	return unicode.Is(unicode.M, r) || unicode.Is(unicode.Cf, r)
}

// turn reads a text that was written upside down, from its end.
func (f foldTables) turn(text string) view {
	v := newView(text)
	for i := len(text); i > 0; {
		r, n := utf8.DecodeLastRuneInString(text[:i])
		i -= n
		if t, ok := f.turned[r]; ok {
			r = t
		}
		putRune(&v, unicode.ToLower(r), int32(i), int32(i+n))
	}
	return v
}

// unwind puts parts that are written backwards, with a direction override,
// into reading order.
func unwind(text string) view {
	v := newView(text)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r != '\u202e' {
			putRune(&v, r, int32(i), int32(i+n))
			i += n
			continue
		}
		i += n
		end := i
		for end < len(text) {
			r, n := utf8.DecodeRuneInString(text[end:])
			if r == '\u202c' || r == '\u2069' || r == '\n' {
				break
			}
			end += n
		}
		for k := end; k > i; {
			r, n := utf8.DecodeLastRuneInString(text[i:k])
			k -= n
			putRune(&v, r, int32(k), int32(k+n))
		}
		i = end
	}
	return v
}

func putRune(v *view, r rune, from, to int32) {
	var e [utf8.UTFMax]byte
	for _, x := range e[:utf8.EncodeRune(e[:], r)] {
		v.put(x, from, to)
	}
}

// squeeze drops what is put between the letters of a word (marks of emphasis,
// strokes) and reads symbols as the letters that they look like.
func squeeze(text string, off offsets) view {
	v := newView(text)
	isWord := func(i int) bool {
		return i >= 0 && i < len(text) && (text[i] >= utf8.RuneSelf || asciiKind(text[i]) == letter || asciiKind(text[i]) == digit)
	}
	for i := 0; i < len(text); i++ {
		b := text[i]
		from, to := off.start(i), off.end(i+1)
		switch b {
		case '$':
			if isWord(i+1) && asciiKind(text[i+1]) == letter || isWord(i-1) && asciiKind(text[i-1]) == letter {
				b = 's'
			}
		case '@', '!', '+':
			if isWord(i-1) && isWord(i+1) {
				b = map[byte]byte{'@': 'a', '!': 'i', '+': 't'}[b]
			}
		case '_', '~', '|', '\\', '^', '`', '*':
			end := i
			for end < len(text) && text[end] == b {
				end++
			}
			if b == '*' && end-i > 1 || isWord(i-1) && isWord(end) && b != '*' {
				i = end - 1
				continue
			}
		}
		v.put(b, from, to)
	}
	return v
}
