package detect

import (
	"encoding/binary"
	"slices"
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

// vocab finds words by their spelling. It is a plain open-addressed table,
// because the scanner has each word's hash by the time the word ends. A slot
// answers for nearly all words by itself, so that a look-up reads memory once.
type vocab struct {
	slots   []slot
	entries []entry
	bytes   []byte
	lists   []wordID
}

// slot is a spelling's place in the table.
type slot struct {
	head  uint64 // the first 8 bytes of the spelling, as headOf gives them
	entry uint32 // 1 more than its place, with a bit where it has more words; 0 for a free slot
	first wordID // what the entry says
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
	h := uint64(0)
	for i, b := range word {
		h |= uint64(b) << (8 * i)
	}
	return h
}

const (
	hashStart uint32 = 2166136261
	hashPrime uint32 = 16777619
)

func hashOf(word string) uint32 {
	h := hashStart
	for i := range len(word) {
		h = (h ^ uint32(word[i])) * hashPrime
	}
	return h
}

// add gives a spelling one more id. It returns false where it had it already.
func (v *vocab) add(word string, id wordID) bool {
	if len(word) == 0 || len(word) > maxWord {
		return false
	}
	hash := hashOf(word)
	slot := v.lookup([]byte(word), hash)
	if slot == nil {
		v.insert(word, hash, id)
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

func (v *vocab) insert(word string, hash uint32, id wordID) {
	if 2*(len(v.entries)+1) > len(v.slots) {
		v.grow()
	}
	v.entries = append(v.entries, entry{off: uint32(len(v.bytes)), first: id, n: uint8(len(word))})
	v.bytes = append(v.bytes, word...)
	v.place(hash, slot{headOf([]byte(word)), uint32(len(v.entries)), id})
}

func (v *vocab) place(hash uint32, s slot) {
	mask := uint32(len(v.slots) - 1)
	i := hash & mask
	for v.slots[i].entry != 0 {
		i = (i + 1) & mask
	}
	v.slots[i] = s
}

func (v *vocab) grow() {
	old := v.slots
	v.slots = make([]slot, max(64, 2*len(old)))
	for _, s := range old {
		if s.entry != 0 {
			v.place(hashOf(v.spelling(&v.entries[s.place()])), s)
		}
	}
}

// lookup returns the slot of a spelling, nil where it is no word of ours.
func (v *vocab) lookup(word []byte, hash uint32) *slot {
	return v.lookupHead(word, headOf(word), hash)
}

// lookupHead is lookup for a caller that has the word's head.
func (v *vocab) lookupHead(word []byte, head uint64, hash uint32) *slot {
	if len(v.slots) == 0 {
		return nil
	}
	mask := uint32(len(v.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &v.slots[i]
		if s.entry == 0 {
			return nil
		}
		if s.head != head {
			continue
		}
		if len(word) <= 8 {
			return s
		}
		if e := &v.entries[s.place()]; string(v.bytes[e.off:e.off+uint32(e.n)]) == string(word) {
			return s
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

func (v *vocab) spelling(e *entry) string { return string(v.bytes[e.off : e.off+uint32(e.n)]) }

// ids are all words of a spelling.
func (v *vocab) ids(word string) []wordID {
	e := v.lookup([]byte(word), hashOf(word))
	if e == nil {
		return nil
	}
	return append([]wordID{e.first}, v.more(e)...)
}
