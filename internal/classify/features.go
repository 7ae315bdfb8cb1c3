package classify

// The kinds of features. Each is a word or a pair of neighbours.
const (
	aWord  = iota + 1 // a word as it is written
	aGroup            // a group of words that mean the same
	apart             // two groups, the second one place after the first; apart+1: two places, and so on
)

// reach is how far apart two words may stand to be read together.
const reach = 2

// The groups that stand for the ends of a message.
const (
	opening uint16 = 0xfffe
	ending  uint16 = 0xffff
)

// features gives the hash of each feature of a message and the words [from, to)
// that it was read from. One that stands in several places is given as often.
func features(words []Word, give func(hash uint32, from, to int)) {
	n := len(words)
	group := func(i int) uint16 {
		switch {
		case i < 0:
			return opening
		case i >= n:
			return ending
		}
		return words[i].group
	}
	for i := -1; i < n; i++ {
		a := group(i)
		if i >= 0 {
			if words[i].id != 0 {
				give(mix(aWord, words[i].id, 0), i, i+1)
			}
			if a != 0 {
				give(mix(aGroup, a, 0), i, i+1)
			}
		}
		if a == 0 {
			continue
		}
		for d := 1; d <= reach && i+d <= n; d++ {
			if b := group(i + d); b != 0 {
				give(mix(apart+d, a, b), max(i, 0), min(i+d+1, n))
			}
		}
	}
}

// mix hashes a feature: the multiplier and the shifts are those of a common
// 32-bit finalizer (lowbias32 by Chris Wellons, public domain).
func mix(kind int, a, b uint16) uint32 {
	x := uint32(a)<<16 | uint32(b)
	x ^= uint32(kind) * 0x9e3779b9
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x *= 0x846ca68b
	x ^= x >> 16
	return x
}
