package detect

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
// because the scanner has each word's hash by the time the word ends.
type vocab struct {
	slots []slot
	used  int
	bytes []byte
	lists []wordID
}

type slot struct {
	hash     uint32
	off      uint32 // of the spelling, in bytes
	list     uint32 // of the ids, in lists
	n, count uint16 // bytes of the spelling, number of ids; count 0 is a free slot
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
	if 2*(v.used+1) > len(v.slots) {
		v.grow()
	}
	s := v.find(word, hashOf(word))
	if s.count == 0 {
		*s = slot{hash: hashOf(word), off: uint32(len(v.bytes)), list: uint32(len(v.lists)), n: uint16(len(word)), count: 1}
		v.bytes = append(v.bytes, word...)
		v.lists = append(v.lists, id)
		v.used++
		return true
	}
	ids := v.lists[s.list : s.list+uint32(s.count)]
	for _, have := range ids {
		if have == id {
			return false
		}
	}
	if s.count == maxIDs {
		return false
	}
	at := uint32(len(v.lists))
	v.lists = append(v.lists, ids...)
	v.lists = append(v.lists, id)
	s.list, s.count = at, s.count+1
	return true
}

// maxIDs bounds how many words one spelling may stand for.
const maxIDs = 8

func (v *vocab) grow() {
	old := v.slots
	v.slots = make([]slot, max(64, 2*len(old)))
	mask := uint32(len(v.slots) - 1)
	for _, s := range old {
		if s.count == 0 {
			continue
		}
		i := s.hash & mask
		for v.slots[i].count != 0 {
			i = (i + 1) & mask
		}
		v.slots[i] = s
	}
}

// find returns the word's slot, or the free one where it would go.
func (v *vocab) find(word string, hash uint32) *slot {
	mask := uint32(len(v.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &v.slots[i]
		if s.count == 0 || s.hash == hash && string(v.bytes[s.off:s.off+uint32(s.n)]) == word {
			return s
		}
	}
}

// lookup returns the ids of a spelling, nil where it is no word of ours.
func (v *vocab) lookup(word []byte, hash uint32) []wordID {
	if len(v.slots) == 0 {
		return nil
	}
	mask := uint32(len(v.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &v.slots[i]
		if s.count == 0 {
			return nil
		}
		if s.hash == hash && string(v.bytes[s.off:s.off+uint32(s.n)]) == string(word) {
			return v.lists[s.list : s.list+uint32(s.count)]
		}
	}
}

func (v *vocab) ids(word string) []wordID { return v.lookup([]byte(word), hashOf(word)) }
