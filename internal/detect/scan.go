package detect

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/classify"
)

// maxWord is the longest word, in bytes, that is looked up.
const maxWord = 64

// token is one word, number or meaningful emoji of a view, with the part of
// the original text that it was read from.
type token struct {
	start, end int32  // in the original text
	lo, hi     int32  // its lower-case spelling in scratch.low
	hash       uint32 // of that spelling, for the learned reader
	id         wordID
	alt        int32 // further ids: scratch.alts[alt : alt+alts]
	alts       uint8
	flags      flags
	sep        byte // the separator before it, for words spelled out letter by letter
}

type flags uint8

const (
	opens  flags = 1 << iota // first word of a sentence
	closes                   // last word of a sentence
	light                    // may be passed over: a filler word or an emoji
	quoted                   // inside quotation marks, a quoted line or a code block
	number
	emoji
)

// hints are what a scan noticed that calls for another view.
type hints struct {
	foreign   bool // letters, marks or invisible characters beyond ASCII
	turned    int  // letters that are written upside down
	override  bool // a right-to-left override
	inner     bool // a symbol inside a word
	singles   bool // a run of single letters
	long      bool // a long word that we do not know
	split     bool // two pieces that make one of our words
	vowelless int  // words without a vowel
}

// The kinds of bytes.
const (
	space = iota
	letter
	digit
	quoteMark
	apostrophe
	stop
	symbol
	wide // part of a character beyond ASCII
)

func asciiKind(c byte) byte {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return letter
	case c >= '0' && c <= '9':
		return digit
	case c == '"':
		return quoteMark
	case c == '\'' || c == '`':
		return apostrophe
	case c == '.' || c == '!' || c == '?' || c == ';' || c == '\n':
		return stop
	case c <= ' ':
		return space
	}
	return symbol
}

// kinds are those of all bytes; wide for a part of a character beyond ASCII.
type kinds [256]byte

func byteKinds() (k kinds) {
	for c := range k {
		k[c] = wide
		if c < utf8.RuneSelf {
			k[c] = asciiKind(byte(c))
		}
	}
	return k
}

// offsets map a view's bytes to the original text; the zero value is a view
// that is the original text.
type offsets struct {
	from, to []int32
}

func (o offsets) start(i int) int32 {
	if o.from == nil {
		return int32(i)
	}
	return o.from[i]
}

func (o offsets) end(i int) int32 {
	if o.to == nil {
		return int32(i)
	}
	return o.to[i-1]
}

// scanner cuts a view into tokens.
type scanner struct {
	p     *program
	s     *scratch
	text  string
	off   offsets
	masks bool // an asterisk stands for any letter

	word        int  // start of the current word in text, -1 outside
	lo          int  // start of its spelling in s.low
	digits      bool // only digits so far
	mixed       bool // letters and digits
	currency    bool // a currency sign stood before it
	inQuote     bool
	inFence     bool
	singleQuote int // where the 'quotation' that was opened ends, 0 for none
	quotedLine  bool
	next        flags // of the next token
	sep         byte
	oneLetter   int
}

// scan appends the tokens of a view to s.toks and returns what it noticed.
func (p *program) scan(s *scratch, text string, off offsets, masks bool) hints {
	c := &s.sc
	*c = scanner{p: p, s: s, text: text, off: off, masks: masks, word: -1, next: opens}
	s.lower(text)
	return c.all()
}

func (c *scanner) all() (h hints) {
	text, s := c.text, c.s
	lineStart := true
	for i := 0; i < len(text); {
		b := text[i]
		switch c.p.kinds[b] {
		case letter:
			lineStart = false
			if c.word < 0 {
				i = c.words(i, &h)
			} else {
				i = c.letters(i)
			}
			continue
		case wide:
			lineStart = false
			i += c.wide(i, &h)
			continue
		case digit:
			if c.word < 0 {
				c.open(i)
				c.digits = true
			} else if !c.digits {
				c.mixed = true
			}
			c.put(b)
		case apostrophe:
			if b == '`' && i+2 < len(text) && text[i+1] == '`' && text[i+2] == '`' {
				c.close(i, &h)
				c.inFence = !c.inFence
				c.quote()
				i += 3
				continue
			}
			if c.word >= 0 && i+1 < len(text) && (c.p.isLetter(text[i+1]) || text[i+1] >= utf8.RuneSelf) {
				i++ // it's -> its
				continue
			}
			if c.word < 0 && c.singleQuote == 0 {
				c.singleQuote = c.p.closingQuote(text, i+1)
				c.quote()
			} else if i == c.singleQuote {
				c.close(i, &h)
				c.singleQuote = 0
				c.quote()
			}
			c.close(i, &h)
		case quoteMark:
			c.close(i, &h)
			c.inQuote = !c.inQuote
			c.quote()
		case stop:
			inside := c.word >= 0 && i+1 < len(text) && c.p.isWord(text[i+1])
			if inside && b == '!' {
				h.inner = true
			}
			c.close(i, &h)
			if b == '\n' {
				c.breakSentence()
				c.quotedLine, lineStart = false, true
				c.quote()
				c.sep = ' '
				i++
				continue
			}
			if i+1 >= len(text) || !c.p.isWord(text[i+1]) {
				c.breakSentence()
			}
			c.sep = b
		case symbol:
			if c.masks && b == '*' && (c.word >= 0 || i+1 < len(text) && c.p.isLetter(text[i+1])) {
				if c.word < 0 {
					c.open(i)
				}
				c.put('*')
				break
			}
			next := byte(' ')
			if i+1 < len(text) {
				next = text[i+1]
			}
			switch {
			case b == '>' && lineStart:
				c.quotedLine = true
				c.quote()
			case b == '$':
				if c.p.isLetter(next) {
					h.inner = true
				}
			case b == '-' || b == '/' || b == ',' || b == '(' || b == ')' || b == '=' || b == '#' || b == '<' || b == '>' || b == '&':
			case b == ':':
				if next == '/' && c.word >= 0 && i+2 < len(text) && text[i+2] == '/' {
					i = c.address(i)
					continue
				}
			default:
				if c.word >= 0 && (c.p.isWord(next) || next == b) {
					h.inner = true
				}
			}
			c.close(i, &h)
			c.currency = b == '$'
			c.sep = b
			lineStart = false
			i++
			continue
		default:
			c.close(i, &h)
			if c.sep == 0 || c.sep == ' ' {
				c.sep = ' '
			} else {
				c.sep = 0xff // more than one kind of separator
			}
			i++
			continue
		}
		lineStart = false
		i++
	}
	c.close(len(text), &h)
	c.breakSentence()
	if n := len(s.toks); n > 0 {
		s.toks[n-1].flags |= closes
	}
	return h
}

// closingQuote finds the ' that ends a quotation of some length that begins
// at i, 0 where it is only an apostrophe.
func (p *program) closingQuote(text string, i int) int {
	if i >= len(text) || !p.isLetter(text[i]) {
		return 0
	}
	for k := i + 8; k < len(text) && k < i+400; k++ {
		if text[k] == '\'' && text[k-1] > ' ' && (k+1 == len(text) || text[k+1] < utf8.RuneSelf && !p.isWord(text[k+1])) {
			return k
		}
	}
	return 0
}

// address drops an address's scheme and path, and keeps its host: where a
// link leads can matter, the rest of it cannot.
func (c *scanner) address(i int) int {
	c.word = -1
	c.s.low = c.s.low[:c.lo]
	i += 3
	host := i
	for i < len(c.text) && c.text[i] > ' ' && c.text[i] != '/' && c.text[i] != '?' && c.text[i] < utf8.RuneSelf {
		i++
	}
	end := i
	for i < len(c.text) && c.text[i] > ' ' {
		i++
	}
	var none hints
	for k := host; k < end; k++ {
		b := c.text[k]
		if !c.p.isWord(b) {
			c.close(k, &none)
			continue
		}
		if c.word < 0 {
			c.open(k)
		}
		if c.p.isLetter(b) {
			b |= 0x20
		}
		c.put(b)
	}
	c.close(end, &none)
	return i
}

func (p *program) isLetter(b byte) bool { return p.kinds[b] == letter }
func (p *program) isWord(b byte) bool   { return p.kinds[b] == letter || p.kinds[b] == digit }

// wide reads one character beyond ASCII and returns its length.
func (c *scanner) wide(i int, h *hints) int {
	r, n := utf8.DecodeRuneInString(c.text[i:])
	switch {
	case r == utf8.RuneError:
		c.close(i, h)
	case r == '’' || r == '‘' || r == 'ʼ' || r == '´':
		if c.word >= 0 && i+n < len(c.text) && c.p.isLetter(c.text[i+n]) {
			return n
		}
		c.close(i, h)
	case r == '“' || r == '”' || r == '«' || r == '»' || r == '„':
		c.close(i, h)
		c.inQuote = r == '“' || r == '«' || r == '„'
		c.quote()
	case r == '…' || r == '。' || r == '！' || r == '？' || r == '؟':
		c.close(i, h)
		c.breakSentence()
	case r == '£' || r == '€' || r == '¥':
		c.close(i, h)
		c.currency = true
	case r == '–' || r == '—' || r == '·' || r == '•' || r == '\u00a0':
		c.close(i, h)
	case r == '\u202e' || r == '\u202d' || r == '\u2067':
		h.override, h.foreign = true, true
		c.close(i, h)
	case r == '\ufe0f' || r == '\u200d' && c.word < 0 || r >= 0x1f3fb && r <= 0x1f3ff:
		// part of the emoji before it
	case isEmoji(r):
		if isLookalike(r) {
			h.foreign = true
		}
		c.close(i, h)
		c.emoji(i, n)
	case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || unicode.Is(unicode.Cf, r):
		h.foreign = true
		if turned(r) {
			h.turned++
		}
		if unicode.Is(unicode.Cf, r) && c.word < 0 {
			break
		}
		if c.word < 0 {
			c.open(i)
		}
		c.digits = false
		var b [utf8.UTFMax]byte
		for _, x := range b[:utf8.EncodeRune(b[:], unicode.ToLower(r))] {
			c.put(x)
		}
	default:
		if isLookalike(r) {
			h.foreign = true
		}
		if turned(r) {
			h.turned++
		}
		c.close(i, h)
		c.sep = 0xff
	}
	return n
}

func (c *scanner) open(i int) {
	c.word, c.lo = i, len(c.s.low)
	c.digits, c.mixed = false, false
}

func (c *scanner) put(b byte) { c.s.low = append(c.s.low, b) }

// lower fills s.low with the text, its letters in lower case, so that words of
// letters alone need no copy; and with a few zeros behind, so that eight bytes
// can be read at once everywhere. Other words are put behind that.
func (s *scratch) lower(text string) {
	n := len(text)
	s.low = slices.Grow(s.low[:0], n+16)[:n+16]
	low := s.low
	copy(low, text)
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(low[i:], binary.LittleEndian.Uint64(low[i:])|ones*' ')
	}
	binary.LittleEndian.PutUint64(low[n:], 0)
	s.low = low[:n+8]
}

// words reads words that are letters alone, each with one space behind it,
// which most of any text is, and returns where something else begins. What is
// special about a word is left to closeWord.
func (c *scanner) words(i int, h *hints) int {
	text, s, v := c.text, c.s, &c.p.words
	s.toks = slices.Grow(s.toks, (len(text)-i)/2+1)
	low, known := s.low, len(s.toks) == 0 || s.toks[len(s.toks)-1].id != unknownWord
	for {
		eight := binary.LittleEndian.Uint64(low[i : i+8])
		n := lettersIn(eight)
		if n == 0 {
			return i
		}
		if n == 8 {
			n = s.lettersFrom(i+8) - i
		}
		end := i + n
		if end < len(text) && text[end] != ' ' {
			c.open(i)
			s.low = append(s.low, s.low[i:end]...)
			return end
		}
		var e *slot
		if n < 8 {
			e = v.short(eight & (1<<(8*n&63) - 1))
		} else if n <= maxWord {
			e = v.lookup(low[i:end])
		}
		if e == nil || !known && n < mayEndWord || c.off.from != nil {
			t := c.closeWord(i, end, i, end, e, h)
			known = t.id != unknownWord
		} else {
			k := len(s.toks)
			s.toks = s.toks[:k+1]
			t := &s.toks[k]
			t.start, t.end, t.lo, t.hi = int32(i), int32(end), int32(i), int32(end)
			t.hash, t.id, t.alt, t.alts, t.flags, t.sep = e.hash, e.first, 0, 0, c.next|e.flags, c.sep
			c.next &^= opens
			c.currency, known = false, true
			c.count(n == 1, h)
			h.vowelless += int(e.vowelless)
			if e.entry&hasMore != 0 {
				more := v.more(e)
				t.alt, t.alts = int32(len(s.alts)), uint8(len(more))
				s.alts = append(s.alts, more...)
			}
		}
		if end == len(text) {
			c.sep = 0
			return end
		}
		c.sep = ' '
		i = end + 1
	}
}

// lettersFrom is where a run of ASCII letters ends.
func (s *scratch) lettersFrom(i int) int {
	for {
		n := lettersIn(binary.LittleEndian.Uint64(s.low[i:]))
		i += n
		if n < 8 {
			return i
		}
	}
}

// letters adds a run of ASCII letters to a word and returns where it ends.
func (c *scanner) letters(i int) int {
	if c.digits {
		c.digits, c.mixed = false, true
	}
	end := c.s.lettersFrom(i)
	c.s.low = append(c.s.low, c.s.low[i:end]...)
	return end
}

// ones times a byte is eight of it.
const ones = 0x0101010101010101

// lettersIn is how many of eight bytes, from the first on, are ASCII letters.
func lettersIn(eight uint64) int {
	const high = ones * 0x80 // the bits that say yes
	low := (eight | ones*' ') &^ high
	from, past := low+ones*(0x80-'a'), low+ones*(0x80-'z'-1)
	return bits.TrailingZeros64(^(from&^past&^eight)&high) / 8
}

// vowelless is 1 for a word whose vowels may have been left out.
func vowelless(word []byte) uint8 {
	if len(word) >= 2 && len(word) < 12 && !hasVowel(word) {
		return 1
	}
	return 0
}

// hasVowel says whether a word has a vowel, or a letter beyond ASCII, which is
// taken for one.
func hasVowel(word []byte) bool {
	letters, bytes := uint32(0), byte(0)
	for _, b := range word {
		letters |= 1 << (b - 'a')
		bytes |= b
	}
	return letters&vowels != 0 || bytes >= utf8.RuneSelf
}

// vowels has a bit for each letter that is one, from a on.
const vowels uint32 = 1 | 1<<('e'-'a') | 1<<('i'-'a') | 1<<('o'-'a') | 1<<('u'-'a')

// stretched says whether a word has a letter three times in a row, or several
// letters twice.
func stretched(word []byte) bool {
	runs, run := 0, 0
	for i := 1; i < len(word); i++ {
		if word[i] != word[i-1] {
			run = 0
			continue
		}
		if run++; run == 1 {
			runs++
		}
		if run >= 2 || runs >= 2 {
			return true
		}
	}
	return false
}

func (c *scanner) breakSentence() {
	if n := len(c.s.toks); n > 0 {
		c.s.toks[n-1].flags |= closes
	}
	c.next |= opens
}

// quote notes whether the next token is quoted.
func (c *scanner) quote() {
	c.next &^= quoted
	if c.inQuote || c.inFence || c.quotedLine || c.singleQuote > 0 {
		c.next |= quoted
	}
}

// close ends the word that was open, if any, at byte i.
func (c *scanner) close(i int, h *hints) {
	if c.word < 0 {
		return
	}
	start := c.word
	c.word = -1
	if c.digits {
		c.number(start, i, c.lo, len(c.s.low))
		c.currency = false
		return
	}
	lo, hi := c.lo, len(c.s.low)
	var e *slot
	if hi-lo <= maxWord {
		e = c.p.words.lookup(c.s.low[lo:hi])
	}
	c.closeWord(start, i, lo, hi, e, h)
	c.mixed = false
}

// closeWord adds a word that is not a number, as it was found or else as it
// may be meant.
func (c *scanner) closeWord(start, i, lo, hi int, e *slot, h *hints) *token {
	c.currency = false
	word := c.s.low[lo:hi]
	t := c.token(start, i, lo, hi)
	if e == nil {
		t.hash = classify.Hash(word)
	}
	n := hi - lo
	c.count(n == 1, h)
	switch {
	case c.give(t, &c.p.words, e):
		t.hash = e.hash
	case c.mixed && word[0] >= '0' && word[0] <= '9':
		if c.numberThenWord(start, i, lo, hi) {
			return t
		}
		c.unmask(t, word)
	case c.mixed:
		c.unmask(t, word)
	case stretched(word):
		c.collapse(t, word)
	case c.masks:
		c.unstar(t, word)
	}
	if t.id == unknownWord {
		if n >= longWord {
			h.long = true
		}
		if n < 8 && !h.split && n >= 2 {
			h.split = c.pairs(t)
		}
	} else if n < mayEndWord && !h.split && len(c.s.toks) > 1 {
		if prev := &c.s.toks[len(c.s.toks)-2]; prev.id == unknownWord && prev.flags&(number|emoji) == 0 {
			h.split = c.pairs(t)
		}
	}
	h.vowelless += int(vowelless(word))
	return t
}

// count notes a run of single letters.
func (c *scanner) count(single bool, h *hints) {
	one := 0
	if single {
		one = 1
	}
	if c.oneLetter = (c.oneLetter + one) * one; c.oneLetter >= 3 {
		h.singles = true
	}
}

// mayEndWord is the length below which a word of ours may be the end of an
// unknown one, too: pri vate.
const mayEndWord = 5

// longWord is the length from which an unknown word may be several of ours
// written without spaces.
const longWord = 11

// pairs says whether the last token and this one together spell one of the
// words that are worth joining.
func (c *scanner) pairs(t *token) bool {
	n := len(c.s.toks)
	if n < 2 {
		return false
	}
	_, ok := c.p.joined(c.s, &c.s.toks[n-2], t)
	return ok
}

// joined returns the ids of the word that two neighbours spell together.
func (p *program) joined(s *scratch, a, b *token) (*slot, bool) {
	n := int(a.hi - a.lo + b.hi - b.lo)
	if n < 5 || n > maxWord || (a.flags|b.flags)&(number|emoji) != 0 || a.id != unknownWord && b.id != unknownWord {
		return nil, false
	}
	var buf [maxWord]byte
	k := copy(buf[:], s.low[a.lo:a.hi])
	word := buf[:k+copy(buf[k:], s.low[b.lo:b.hi])]
	e := p.words.lookup(word)
	if e == nil {
		return nil, false
	}
	meant := func(id wordID) bool { return p.names[id] == string(word) && !p.isFrequent(id) }
	if meant(e.first) || slices.ContainsFunc(p.words.more(e), meant) {
		return e, true
	}
	return nil, false
}

// token adds a token, to be filled where it stands: copying one costs more than
// finding its word.
func (c *scanner) token(start, end, lo, hi int) *token {
	s := c.s
	n := len(s.toks)
	if n == cap(s.toks) {
		s.toks = slices.Grow(s.toks, 16+n)
	}
	s.toks = s.toks[:n+1]
	t := &s.toks[n]
	t.start, t.end, t.lo, t.hi = int32(start), int32(end), int32(lo), int32(hi)
	t.hash, t.id, t.alt, t.alts, t.flags, t.sep = 0, unknownWord, 0, 0, c.next, c.sep
	if c.off.from != nil {
		// In a view that was turned round, a word's first letter is its last in
		// the original.
		t.start, t.end = min(c.off.start(start), c.off.start(end-1)), max(c.off.end(end), c.off.end(start+1))
	}
	c.sep = 0
	c.next &^= opens
	return t
}

// give adds the words of a slot to a token and says whether there were any.
func (c *scanner) give(t *token, v *vocab, e *slot) bool {
	if e == nil {
		return false
	}
	c.p.giveOne(c.s, t, e.first)
	for _, id := range v.more(e) {
		c.s.also(t, id)
	}
	return true
}

// giveOne adds a word to a token: as its first, where it has none.
func (p *program) giveOne(s *scratch, t *token, id wordID) {
	if t.id != unknownWord {
		s.also(t, id)
		return
	}
	t.id = id
	if p.isFiller(id) {
		t.flags |= light
	}
}

// number adds a token for a run of digits.
func (c *scanner) number(start, end, lo, hi int) {
	t := c.token(start, end, lo, hi)
	t.flags |= number
	c.oneLetter = 0
	value := 0
	for _, d := range c.s.low[lo:min(hi, lo+7)] {
		value = 10*value + int(d-'0')
	}
	if hi-lo > maxWord || !c.give(t, &c.p.words, c.p.words.lookup(c.s.low[lo:hi])) { // 4 and 2 are words as well
		t.id = numberWord
	} else {
		c.s.also(t, numberWord)
	}
	switch {
	case c.currency:
		c.s.also(t, moneyWord)
	case value >= 8 && value <= 17 && hi-lo < 3:
		c.s.also(t, youngWord)
	case value >= 18 && value <= 80:
		c.s.also(t, adultWord)
	}
}

// numberThenWord splits "13yo" and "5pm".
func (c *scanner) numberThenWord(start, end, lo, hi int) bool {
	k := lo
	for k < hi && c.s.low[k] >= '0' && c.s.low[k] <= '9' {
		k++
	}
	rest := c.s.low[k:hi]
	e := c.p.words.lookup(rest)
	if e == nil || end-start != hi-lo {
		return false
	}
	c.s.toks = c.s.toks[:len(c.s.toks)-1] // both parts take the place of the whole
	cut := start + k - lo
	c.number(start, cut, lo, k)
	t := c.token(cut, end, k, hi)
	t.hash = e.hash
	c.give(t, &c.p.words, e)
	return true
}

// emoji adds a token where the emoji means something in the lexicon.
func (c *scanner) emoji(start, n int) {
	lo := len(c.s.low)
	word := c.text[start : start+n]
	c.s.low = append(c.s.low, word...)
	e := c.p.words.lookup(c.s.low[lo:])
	if e == nil {
		c.s.low = c.s.low[:lo]
		return
	}
	t := c.token(start, start+n, lo, len(c.s.low))
	t.hash = e.hash
	c.give(t, &c.p.words, e)
	t.flags |= emoji | light
}

// unmask reads digits inside a word as letters: s3nd, p1c.
func (c *scanner) unmask(t *token, word []byte) {
	if len(word) > 24 {
		return
	}
	for _, one := range [2]byte{'i', 'l'} {
		var buf [24]byte
		letters := 0
		for i, b := range word {
			buf[i] = classify.Letter(b, one)
			if buf[i] == b {
				letters++
			}
		}
		if letters > 0 && c.give(t, &c.p.words, c.p.words.lookup(buf[:len(word)])) {
			return
		}
	}
}

// collapse reads repeated letters as one: pleeease, sendddd.
func (c *scanner) collapse(t *token, word []byte) {
	if len(word) > maxWord {
		return
	}
	var buf [maxWord]byte
	n := 0
	for _, b := range word {
		if n > 0 && buf[n-1] == b {
			continue
		}
		buf[n] = b
		n++
	}
	c.give(t, &c.p.collapsed, c.p.collapsed.lookup(buf[:n]))
}

// unstar reads asterisks inside a word as any letter: n*des.
func (c *scanner) unstar(t *token, word []byte) {
	letters := 0
	for _, b := range word {
		if b != '*' {
			letters++
		}
	}
	if letters == len(word) || letters == 0 || len(word) < 3 || 2*letters < len(word) || c.s.stars >= 8 {
		return
	}
	c.s.stars++
	for _, w := range c.p.byLength[min(len(word), maxWord)] {
		if matchesStars(w.text, word) {
			c.p.giveOne(c.s, t, w.id)
			if t.alts >= maxIDs {
				return
			}
		}
	}
}

func matchesStars(w string, mask []byte) bool {
	for i := range len(w) {
		if mask[i] != '*' && mask[i] != w[i] {
			return false
		}
	}
	return true
}

// isEmoji says whether a character is a picture rather than a letter.
func isEmoji(r rune) bool {
	return r >= 0x1f000 && r <= 0x1faff || r >= 0x2600 && r <= 0x27bf || r >= 0x2b00 && r <= 0x2bff || r >= 0x2190 && r <= 0x23ff
}
