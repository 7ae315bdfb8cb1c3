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
		if i >= 0 {
			one := func(sort int, id uint16) {
				to = append(to, feature{mix(sort, id, 0), int32(i), int32(i + 1)})
			}
			if a.group == 0 {
				if unknown++; unknown <= 2 {
					one(unknowns, unknown)
				}
				continue
			}
			if a.id != 0 {
				one(aWord, a.id)
			}
			one(aGroup, a.group)
			if a.kind != a.group {
				one(aKind, a.kind)
			}
		}
		for d := 1; d <= kindsReach && i+d <= n; d++ {
			b := at(words, i+d)
			if b.group == 0 {
				continue
			}
			from, end := int32(max(i, 0)), int32(min(i+d+1, n))
			if d <= groupsReach {
				pair := mix(groups+d-1, a.group, b.group)
				to = append(to, feature{pair, from, end})
				if c := at(words, i+2); d == 1 && i+2 <= n && c.group != 0 {
					to = append(to, feature{pair*0x01000193 ^ mix(inARow, c.group, 0), from, int32(min(i+3, n))})
				}
			}
			if a.kind != a.group || b.kind != b.group {
				to = append(to, feature{mix(kinds+d-1, a.kind, b.kind), from, end})
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

// mix hashes a feature: the multipliers and shifts are those of lowbias32, a
// public-domain 32-bit finalizer by Chris Wellons.
func mix(sort int, a, b uint16) uint32 {
	x := uint32(a)<<16 | uint32(b)
	x ^= uint32(sort) * 0x9e3779b9
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x *= 0x846ca68b
	x ^= x >> 16
	return x
}
