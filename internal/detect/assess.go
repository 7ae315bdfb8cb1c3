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

// Strengths is how strong the signs of each category are.
type Strengths map[Category]float64

// Strongest is each category's strength in one message: its strongest sign,
// and a third of the others, up to half as much again.
func Strongest(signals []Signal) Strengths {
	if len(signals) == 0 {
		return nil
	}
	most, all := Strengths{}, Strengths{}
	for _, s := range signals {
		most[s.Category] = max(most[s.Category], s.Weight)
		all[s.Category] += s.Weight
	}
	for c, m := range most {
		most[c] = min(m+(all[c]-m)/3, 1.5*m)
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
		if s[p.a] >= 1 && p.a != "" {
			if p.b != "" && s[p.b] >= 1 || p.b == "" && s.other(p.a) {
				harm += p.bonus
			}
		}
	}
	sum := max(harm, help)
	if top < urgentWeight {
		sum = min(sum, urgentWeight-0.5)
	}
	return sum
}

// other says whether there is a sign of harm besides those of a category.
func (s Strengths) other(than Category) bool {
	for c, w := range s {
		if c != than && !c.Disclosure() && w >= 1 {
			return true
		}
	}
	return false
}
