package detect

// rejoin mends words that were pulled apart or run together: "p i c", "pri
// vate", "sendmeapic". It rewrites the view's tokens in place and says whether
// anything changed.
func (p *program) rejoin(s *scratch, skeleton bool) (changed bool) {
	old := append(s.spare[:0], s.toks...)
	s.spare = old
	s.toks = s.toks[:0]
	least := p.runTogether(s, old)
	for i := 0; i < len(old); {
		if n := singlesAt(old[i:]); n >= 2 {
			if p.letters(s, old[i:i+n]) {
				changed = true
				i += n
				continue
			}
		}
		if i+1 < len(old) {
			if e, ok := p.joined(s, &old[i], &old[i+1]); ok {
				t := old[i]
				t.end, t.id, t.alts = old[i+1].end, unknownWord, 0
				t.flags |= old[i+1].flags & closes
				p.giveTo(s, &t, &p.words, e)
				s.toks = append(s.toks, t)
				changed = true
				i += 2
				continue
			}
		}
		t := old[i]
		word := s.low[t.lo:t.hi]
		if t.id == unknownWord && len(word) >= 6 && len(word) <= 160 && t.flags&(number|emoji) == 0 && p.apart(s, word, t, least) {
			changed = true
			i++
			continue
		}
		if skeleton && t.flags&(number|emoji) == 0 && len(word) <= maxWord {
			if e := p.skeletons.lookup(word, t.hash); e != nil {
				p.giveTo(s, &t, &p.skeletons, e)
				changed = true
			}
		}
		s.toks = append(s.toks, t)
		i++
	}
	return changed
}

// runTogether returns into how many words a long word must fall to be cut:
// two where some other falls into three, since then somebody leaves out
// spaces; else three, since many English words are made of two.
func (p *program) runTogether(s *scratch, toks []token) int {
	for _, t := range toks {
		word := s.low[t.lo:t.hi]
		if t.id == unknownWord && len(word) >= longWord && len(word) <= 160 && len(p.cut(word)) >= 3 {
			return 2
		}
	}
	return 3
}

// giveTo adds the words of an entry, if any, to a token.
func (p *program) giveTo(s *scratch, t *token, v *vocab, e *entry) {
	if e == nil {
		return
	}
	if e.first != t.id {
		p.giveOne(s, t, e.first)
	}
	for _, id := range v.more(e) {
		if id != t.id {
			s.also(t, id)
		}
	}
}

// singlesAt counts the single letters at the front.
func singlesAt(toks []token) int {
	n := 0
	for n < len(toks) && toks[n].hi-toks[n].lo == 1 && toks[n].flags&emoji == 0 {
		n++
	}
	return n
}

// letters joins single letters into words and says whether it could. Where
// some of them stand closer together (h-e-r-e i-s), each group is a word;
// otherwise the whole run is cut into words that we know.
func (p *program) letters(s *scratch, run []token) bool {
	wide := func(t token) bool { return t.sep == ' ' || t.sep == 0 || t.sep == 0xff }
	narrow := 0
	for _, t := range run[1:] {
		if !wide(t) {
			narrow++
		}
	}
	if narrow > 0 {
		from := 0
		for i := 1; i <= len(run); i++ {
			if i == len(run) || wide(run[i]) {
				p.group(s, run[from:i])
				from = i
			}
		}
		return true
	}
	if len(run) < 3 {
		return false
	}
	var b []byte
	for _, t := range run {
		b = append(b, unleet(s.low[t.lo]))
	}
	cuts := p.cut(b)
	if cuts == nil {
		return false
	}
	from := 0
	for _, to := range cuts {
		p.addWord(s, b[from:to], run[from], run[to-1])
		from = to
	}
	return true
}

// group makes one word, or several, of single letters that belong together.
func (p *program) group(s *scratch, run []token) {
	if len(run) == 1 {
		s.toks = append(s.toks, run[0])
		return
	}
	var b []byte
	for _, t := range run {
		b = append(b, unleet(s.low[t.lo]))
	}
	if p.words.lookup(b, hashOf(string(b))) == nil {
		if cuts := p.cut(b); cuts != nil {
			from := 0
			for _, to := range cuts {
				p.addWord(s, b[from:to], run[from], run[to-1])
				from = to
			}
			return
		}
	}
	p.addWord(s, b, run[0], run[len(run)-1])
}

func unleet(b byte) byte {
	switch b {
	case '0':
		return 'o'
	case '1':
		return 'i'
	case '3':
		return 'e'
	case '4':
		return 'a'
	case '5':
		return 's'
	case '7':
		return 't'
	}
	return b
}

// addWord adds a token that spans those from first to last.
func (p *program) addWord(s *scratch, word []byte, first, last token) {
	t := first
	t.end, t.id, t.alts = last.end, unknownWord, 0
	t.flags = first.flags&^light | last.flags&closes
	t.lo = int32(len(s.low))
	s.low = append(s.low, word...)
	t.hi = int32(len(s.low))
	t.hash = hashOf(string(word))
	if len(word) <= maxWord {
		p.giveTo(s, &t, &p.words, p.words.lookup(word, t.hash))
	}
	s.toks = append(s.toks, t)
}

// apart cuts a long word into words that we know and says whether it could.
func (p *program) apart(s *scratch, word []byte, t token, least int) bool {
	cuts := p.cut(word)
	if len(cuts) < least {
		return false
	}
	from, lo := 0, t.lo
	for _, to := range cuts {
		part := t
		part.lo, part.hi = lo+int32(from), lo+int32(to)
		part.hash = hashOf(string(word[from:to]))
		part.id, part.alts = unknownWord, 0
		part.flags &^= light | opens | closes
		if from == 0 {
			part.flags |= t.flags & opens
		}
		p.giveTo(s, &part, &p.words, p.words.lookup(word[from:to], part.hash))
		s.toks = append(s.toks, part)
		from = to
	}
	return true
}

// cut finds the ends of the fewest words of ours that make up b, nil where
// there are none. Its work is bounded by the length and the longest word.
func (p *program) cut(b []byte) []int {
	if len(b) > 400 {
		return nil
	}
	const longest = 14
	best := make([]int, len(b)+1) // the lowest cost up to here, 0 for none
	from := make([]int, len(b)+1)
	best[0] = 1
	for i := range b {
		if best[i] == 0 {
			continue
		}
		h := hashStart
		for j := i; j < len(b) && j < i+longest; j++ {
			h = (h ^ uint32(b[j])) * hashPrime
			n := j + 1 - i
			e := p.words.lookup(b[i:j+1], h)
			if e == nil {
				continue
			}
			cost := 2
			switch {
			case p.names[e.first] != string(b[i:j+1]): // a typing slip
				cost = 6
				if n < 5 {
					continue
				}
			case n == 1:
				if b[i] != 'i' && b[i] != 'a' && b[i] != 'u' && b[i] != 'r' {
					continue
				}
				cost = 5
			case n == 2:
				cost = 3
			}
			if c := best[i] + cost; best[j+1] == 0 || c < best[j+1] {
				best[j+1], from[j+1] = c, i
			}
		}
	}
	if best[len(b)] == 0 {
		return nil
	}
	var cuts []int
	for e := len(b); e > 0; e = from[e] {
		cuts = append([]int{e}, cuts...)
	}
	// Many short words are a chance, not a sentence.
	if len(cuts) > 2 && len(b) < 3*len(cuts)-2 {
		return nil
	}
	return cuts
}
