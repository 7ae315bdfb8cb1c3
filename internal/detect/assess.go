package detect

// The weights from which a message has a severity. A rule's weight is set by
// them: 6 is what staff should see today by itself.
const (
	mediumWeight = 6
	highWeight   = 9
	urgentWeight = 12
)

// SeverityOf is the severity of a weight.
func SeverityOf(weight float64) Severity {
	switch {
	case weight >= urgentWeight:
		return Urgent
	case weight >= highWeight:
		return High
	case weight >= mediumWeight:
		return Medium
	case weight > 0:
		return Low
	}
	return None
}

// Assess is the severity of one message, from its signals: the strongest,
// raised by others. Signs of different kinds together mean more than their
// sum, further signs of one kind mean less.
func Assess(signals []Signal) Severity { return SeverityOf(Sum(Strongest(signals))) }

// fullPair is the strength that both signs of a pair need for the whole bonus;
// weaker ones, such as those that context lowered, get their share of it.
const fullPair = 3

// Strengths is how strong the signs of each category are.
type Strengths map[Category]float64

// agreement is the share of the weaker that adds to the stronger where a
// pattern and the learned reader, which know nothing of each other, find the
// same kind of sign.
const agreement = 0.75

// unconfirmed is what a mere hint of the learned reader counts for in its
// message where no pattern finds the same kind of sign.
const unconfirmed = 0.5

// Strongest is each category's strength in one message: its strongest sign,
// and a third of the others, up to half as much again; what patterns and the
// learned reader say together counts for more. Signs that their context lowered
// add nothing to each other. Never urgent by adding up.
func Strongest(signals []Signal) Strengths {
	if len(signals) == 0 {
		return nil
	}
	most, all, learned, lowered := Strengths{}, Strengths{}, Strengths{}, Strengths{}
	for _, s := range signals {
		if s.Lowered {
			lowered[s.Category] = max(lowered[s.Category], s.Weight)
			continue
		}
		if s.Learned {
			learned[s.Category] = max(learned[s.Category], s.Weight)
			continue
		}
		most[s.Category] = max(most[s.Category], s.Weight)
		all[s.Category] += s.Weight
	}
	for c, m := range most {
		most[c] = max(m, min(m+(all[c]-m)/3, 1.5*m, urgentWeight-0.5))
	}
	for c, l := range learned {
		m := most[c]
		if m == 0 && l < mediumWeight {
			l *= unconfirmed
		}
		most[c] = max(m, l, min(max(m, l)+agreement*min(m, l), urgentWeight-0.5))
	}
	for c, w := range lowered {
		most[c] = max(most[c], w)
	}
	return most
}

// pair is two categories that mean more together.
type pair struct {
	a, b  Category // b empty: any other
	bonus float64
}

// pairs are the combinations that public guidance names: finding out about
// supervision and moving elsewhere, a gift for a picture, a secret of any kind.
func pairs() []pair {
	return []pair{
		{RiskProbe, MovePrivate, 2}, {RiskProbe, MeetUp, 2}, {RiskProbe, ImageRequest, 2},
		{GiftOffer, ImageRequest, 3}, {GiftOffer, MeetUp, 2}, {GiftOffer, MovePrivate, 1},
		{FlatteryIsolation, ImageRequest, 2}, {FlatteryIsolation, MovePrivate, 1}, {FlatteryIsolation, MeetUp, 1},
		{MovePrivate, ImageRequest, 1},
		{Secrecy, "", 2}, {SexualTalk, "", 1},
	}
}

// Sum adds the categories up. What is said by somebody who may mean harm adds
// to each other; so does what is said by somebody who needs help. The result
// is the higher of both, and combination alone never makes it urgent.
func Sum(s Strengths) float64 {
	var harm, help, top float64
	for c, w := range s {
		if c.Disclosure() {
			help += w
		} else {
			harm += w
		}
		top = max(top, w)
	}
	for _, p := range pairs() {
		with := s[p.b]
		if p.b == "" {
			with = s.strongestBeside(p.a)
		}
		harm += p.bonus * min(1, min(s[p.a], with)/fullPair)
	}
	sum := max(harm, help)
	if top < urgentWeight {
		sum = min(sum, urgentWeight-0.5)
	}
	return sum
}

// strongestBeside is the strongest sign of harm besides those of a category.
func (s Strengths) strongestBeside(c Category) float64 {
	var top float64
	for k, w := range s {
		if k != c && !k.Disclosure() {
			top = max(top, w)
		}
	}
	return top
}
