package detect

import (
	"encoding/binary"
	"slices"

	"github.com/waymark-bot/waymark/internal/classify"
)

// wordID names a word of the lexicon. Different spellings of one word (typing
// slips, repeated letters) lead to the same id.
type wordID int32

// The ids that no spelling has: the scanner gives them to numbers.
const (
	unknownWord wordID = iota
	numberWord         // any number: #NUM
	youngWord          // 8 to 17: #AGE
	adultWord          // 18 to 80: #ADULT
	moneyWord          // a number beside a currency sign: #MONEY
	firstWord
)

// vocab finds words by their spelling. It is a plain open-addressed table. A
// slot answers for nearly all words by itself, so that a look-up reads memory
// once.
type vocab struct {
	slots   []slot
	entries []entry
	bytes   []byte
	lists   []wordID
}

// newVocab makes a table without words.
func newVocab() vocab { return vocab{slots: make([]slot, 64)} }

// slot is a spelling's place in the table.
type slot struct {
	head  uint64 // the first 8 bytes of the spelling, as headOf gives them
	entry uint32 // 1 more than its place, with a bit where it has more words; 0 for a free slot
	first wordID // what the entry says
	hash  uint32 // of the spelling, as the learned reader knows it
	// What the scanner needs to know of a word at once.
	flags     flags // those that its token has
	vowelless uint8
}

const hasMore uint32 = 1 << 31

func (s *slot) place() uint32 { return s.entry&^hasMore - 1 }

// entry is a spelling and the words that it may stand for: nearly always one.
type entry struct {
	off   uint32 // of the spelling, in bytes
	first wordID
	list  uint32 // of the further words, in lists
	n     uint8  // bytes of the spelling
	more  uint8  // how many further words
}

// headOf is the beginning of a word, as one number. No word holds a zero byte.
func headOf(word []byte) uint64 {
	if len(word) >= 8 {
		return binary.LittleEndian.Uint64(word)
	}
	if cap(word) >= 8 { // what stands behind it is read, too, and masked
		return binary.LittleEndian.Uint64(word[:8]) & (1<<(8*len(word)) - 1)
	}
	h := uint64(0)
	for i, b := range word {
		h |= uint64(b) << (8 * i)
	}
	return h
}

// golden is the multiplier of Fibonacci hashing.
const golden = 0x9e3779b97f4a7c15

// place is where a word is looked for first.
func (v *vocab) place(word []byte, head uint64) uint32 {
	h := head * golden
	for k := 8; k < len(word); k += 8 {
		h = (h ^ h>>32 ^ headOf(word[k:])) * golden
	}
	return uint32(h>>32) & uint32(len(v.slots)-1)
}

// add gives a spelling one more id. It returns false where it had it already.
func (v *vocab) add(word []byte, id wordID) bool {
	if len(word) == 0 || len(word) > maxWord {
		return false
	}
	slot := v.lookup(word)
	if slot == nil {
		v.insert(word, id)
		return true
	}
	e := &v.entries[slot.place()]
	more := v.moreOf(e)
	if e.first == id || slices.Contains(more, id) || len(more)+1 == maxIDs {
		return false
	}
	at := uint32(len(v.lists))
	v.lists = append(append(v.lists, more...), id)
	e.list, e.more = at, e.more+1
	slot.entry |= hasMore
	return true
}

// maxIDs bounds how many words one spelling may stand for.
const maxIDs = 8

func (v *vocab) insert(word []byte, id wordID) {
	if 2*(len(v.entries)+1) > len(v.slots) {
		v.grow()
	}
	v.entries = append(v.entries, entry{off: uint32(len(v.bytes)), first: id, n: uint8(len(word))})
	v.bytes = append(v.bytes, word...)
	v.put(word, slot{head: headOf(word), entry: uint32(len(v.entries)), first: id, hash: classify.Hash(word)})
}

func (v *vocab) put(word []byte, s slot) {
	mask := uint32(len(v.slots) - 1)
	i := v.place(word, s.head)
	for v.slots[i].entry != 0 {
		i = (i + 1) & mask
	}
	v.slots[i] = s
}

// room makes room for n words in an empty table, so that it need not
// grow step by step.
func (v *vocab) room(n int) {
	size := len(v.slots)
	for size < 2*n {
		size *= 2
	}
	v.slots = make([]slot, size) // it holds no word yet
	v.entries, v.bytes = slices.Grow(v.entries, n), slices.Grow(v.bytes, 8*n)
}

func (v *vocab) grow() {
	old := v.slots
	v.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.entry != 0 {
			v.put(v.spelling(&v.entries[s.place()]), s)
		}
	}
}

// lookup returns the slot of a spelling, nil where it is no word of ours.
func (v *vocab) lookup(word []byte) *slot {
	head := headOf(word)
	if len(word) < 8 {
		return v.short(head)
	}
	for i := v.place(word, head); ; i = (i + 1) & uint32(len(v.slots)-1) {
		s := &v.slots[i]
		if s.entry == 0 {
			return nil
		}
		if s.head == head && string(v.spelling(&v.entries[s.place()])) == string(word) {
			return s
		}
	}
}

// short is lookup for a word of less than 8 bytes, which its head is all of.
func (v *vocab) short(head uint64) *slot {
	mask := uint32(len(v.slots) - 1)
	for i := uint32(head*golden>>32) & mask; ; i = (i + 1) & mask {
		s := &v.slots[i]
		if s.head == head {
			return s
		}
		if s.head == 0 {
			return nil
		}
	}
}

// more are the further words of a slot.
func (v *vocab) more(s *slot) []wordID {
	if s.entry&hasMore == 0 {
		return nil
	}
	return v.moreOf(&v.entries[s.place()])
}

func (v *vocab) moreOf(e *entry) []wordID { return v.lists[e.list : e.list+uint32(e.more)] }

func (v *vocab) spelling(e *entry) []byte { return v.bytes[e.off : e.off+uint32(e.n)] }

// ids are all words of a spelling.
func (v *vocab) ids(word string) []wordID {
	e := v.lookup([]byte(word))
	if e == nil {
		return nil
	}
	return append([]wordID{e.first}, v.more(e)...)
}
