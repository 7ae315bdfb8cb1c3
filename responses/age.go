package responses

import "time"

// CheckEvery is how long a contact can be relied on after somebody checked it:
// the directory's own rule.
const CheckEvery = 90 * 24 * time.Hour

// Stale says whether nobody has checked a contact for longer than that, or ever,
// or found something wrong.
func (c Contact) Stale(now time.Time) bool { return c.Wrong || old(c.Checked, now) }

// old says whether a day, YYYY-MM-DD, is longer ago than that.
func old(day string, now time.Time) bool {
	at, err := time.Parse(time.DateOnly, day)
	return err != nil || now.Sub(at) > CheckEvery
}

// ContactsAge says how many of some contacts are stale, and the day on which the
// one checked longest ago was; empty for none.
func ContactsAge(list []Contact, now time.Time) (stale int, oldest string) {
	for _, c := range list {
		if oldest == "" || c.Checked < oldest {
			oldest = c.Checked
		}
		if c.Stale(now) {
			stale++
		}
	}
	return stale, oldest
}

// ShownIn lists the contacts that can be shown in a region, whoever asks for
// whatever, in the order of the files.
func (t *Texts) ShownIn(r Region) []Contact {
	shown := map[string]bool{}
	for _, w := range People() {
		for _, n := range Needs() {
			for _, c := range t.Contacts(Query{Region: r, Who: w, Need: n}) {
				shown[c.ID] = true
			}
		}
	}
	var out []Contact
	for _, c := range t.AllContacts() {
		if shown[c.ID] {
			out = append(out, c)
		}
	}
	return out
}
