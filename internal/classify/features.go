package classify

// The sorts of features.
const (
	aWord    = iota + 1 // a word as it is written
	aGroup              // a group of words that mean the same
	aKind               // a kind of things
	groups              // two groups; groups+1: with one word between them
	_                   // (groups+1)
	inARow              // a third group after two
	kinds               // two kinds; kinds+1, kinds+2: with words between them
	_                   // (kinds+1)
	_                   // (kinds+2)
	unknowns            // how many words the model does not know
)

// How far apart two words may stand to be read together.
const (
	groupsReach = 2
	kindsReach  = 3
)

// The group and kind that stand for the ends of a message.
const (
	opening uint16 = 0xfffe
	ending  uint16 = 0xffff
)

// feature is one thing that the model may know about some words.
type feature struct {
	hash     uint32
	from, to int32 // the words that it was read from
}

// features appends the features of a message to a list. One that stands in
// several places is given as often.
func features(to []feature, words []Word) []feature {
	n := len(words)
	unknown := uint16(0)
	for i := -1; i < n; i++ {
		a := at(words, i)
		from := int32(max(i, 0))
		if i >= 0 {
			if a.group == 0 {
				if unknown++; unknown <= 2 {
					to = append(to, feature{mix(unknowns, unknown, 0), from, from + 1})
				}
				continue
			}
			if a.id != 0 {
				to = append(to, feature{mix(aWord, a.id, 0), from, from + 1})
			}
			to = append(to, feature{mix(aGroup, a.group, 0), from, from + 1})
			if a.kind != a.group {
				to = append(to, feature{mix(aKind, a.kind, 0), from, from + 1})
			}
		}
		for d := 1; d <= kindsReach && i+d <= n; d++ {
			b := at(words, i+d)
			if b.group == 0 {
				continue
			}
			end := int32(min(i+d+1, n))
			if d <= groupsReach {
				pair := mix(groups+uint32(d)-1, a.group, b.group)
				to = append(to, feature{pair, from, end})
				if c := at(words, i+2); d == 1 && i+2 <= n && c.group != 0 {
					to = append(to, feature{pair*0x01000193 ^ mix(inARow, c.group, 0), from, int32(min(i+3, n))})
				}
			}
			if a.kind != a.group || b.kind != b.group {
				to = append(to, feature{mix(kinds+uint32(d)-1, a.kind, b.kind), from, end})
			}
		}
	}
	return to
}

// at is the word at a place, or what stands for the end of the message.
func at(words []Word, i int) Word {
	switch {
	case i < 0:
		return Word{group: opening, kind: opening}
	case i >= len(words):
		return Word{group: ending, kind: ending}
	}
	return words[i]
}

// mix hashes a feature by Fibonacci's method (Knuth, The Art of Computer
// Programming, volume 3, section 6.4): times 2 to the 64th over the golden
// ratio, of which the upper half is well mixed.
func mix(sort uint32, a, b uint16) uint32 {
	const golden = 0x9e3779b97f4a7c15
	return uint32((uint64(sort)<<32 | uint64(a)<<16 | uint64(b)) * golden >> 32)
}
