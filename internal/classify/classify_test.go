package classify

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
)

const (
	someGroups = "mum: mom mother\nsend: sends sent\n# a remark\npic: photo picture\n"
	someKinds  = "kin: mum dad\nhand-over: send give\n"
)

func meanings(t testing.TB, groups, kinds string) Meanings {
	t.Helper()
	m, err := ReadMeanings(strings.NewReader(groups), strings.NewReader(kinds))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// some are texts from which a small model can tell worry from chat.
func some() (texts []Text) {
	add := func(label string, lines ...string) {
		for _, l := range lines {
			t := Text{Words: strings.Fields(l)}
			if label != "" {
				t.Labels, t.Worrying = []string{label}, true
			}
			texts = append(texts, t)
		}
	}
	for range 3 {
		add("secrecy", "do not tell your mum about us", "your mother must not know", "keep it from your dad", "never tell your mom we talk")
		add("image-request", "send me a pic of you", "sent me another photo of you", "give me a picture please")
		add("", "tell me about the match", "the bus is late today", "we talk about maths", "give me the ball please", "you know the way", "my mum made soup")
	}
	return texts
}

func trained(t testing.TB) *Model {
	t.Helper()
	m, err := Train(some(), meanings(t, someGroups, someKinds))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func read(m *Model, text string) Reading {
	var words []Word
	for _, w := range strings.Fields(text) {
		words = append(words, m.Word(Hash(w)))
	}
	return m.NewReader().Read(words)
}

func moved(m *Model, text string) (from, to int) {
	r := m.NewReader()
	var words []Word
	for _, w := range strings.Fields(text) {
		words = append(words, m.Word(Hash(w)))
	}
	r.Read(words)
	return r.Moved()
}

func TestModelTellsWorryFromChat(t *testing.T) {
	m := trained(t)
	for text, label := range map[string]string{
		"do not tell your dad about us": "secrecy",       // dad was never there: the kind says it
		"send a photo of you please":    "image-request", // nor these words together
	} {
		r := read(m, text)
		if r.Worry <= 0 || m.Labels()[r.Label] != label {
			t.Errorf("%q: worry %.2f, %s", text, r.Worry, m.Labels()[r.Label])
		}
	}
	for _, text := range []string{"the match is late", "we made soup today", "", "zxcv qwer"} {
		if r := read(m, text); r.Worry > 0 {
			t.Errorf("%q: worry %.2f", text, r.Worry)
		}
	}
}

func TestGlanceLetsWorryThrough(t *testing.T) {
	m := trained(t)
	glance := func(text string) bool {
		var words []Word
		for _, w := range strings.Fields(text) {
			words = append(words, m.Word(Hash(w)))
		}
		return m.Glance(words)
	}
	for _, text := range some() {
		if line := strings.Join(text.Words, " "); text.Worrying && !glance(line) {
			t.Errorf("%q is not read in full", line)
		}
	}
	if glance("the match is late today made soup the ball the bus maths") {
		t.Error("harmless words are read in full")
	}
}

func TestNetTellsWorryFromChat(t *testing.T) {
	m, err := Train(slices.Repeat(some(), 20), meanings(t, someGroups, someKinds))
	if err != nil {
		t.Fatal(err)
	}
	var s sight
	for _, text := range some() {
		var words []Word
		for _, w := range text.Words {
			words = append(words, m.Word(Hash(w)))
		}
		m.net.see(&s, words)
		if (m.net.odds(&s, worrying) > 0) != text.Worrying {
			t.Errorf("%v: %.2f", text.Words, m.net.odds(&s, worrying))
		}
	}
}

// No message can be made to cost much: the net is asked a few times, and again
// about the next message.
func TestNetIsAskedAFewTimes(t *testing.T) {
	m := trained(t)
	words := []Word{m.Word(Hash("tell")), m.Word(Hash("your")), m.Word(Hash("mum"))}
	r := m.NewReader()
	var asked []bool
	for range mostNets + 1 {
		r.Read(words)
		asked = append(asked, r.netted)
	}
	r.Begin()
	r.Read(words)
	if asked = append(asked, r.netted); !slices.Equal(asked, []bool{true, true, true, true, false, true}) {
		t.Errorf("asked: %v", asked)
	}
}

func TestFileReadsAsTheModelDid(t *testing.T) {
	m := trained(t)
	var file bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	again, err := Read(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range some() {
		line := strings.Join(text.Words, " ")
		if a, b := read(m, line), read(again, line); a.Label != b.Label || math.Abs(a.Worry-b.Worry) > 0.001 {
			t.Errorf("%q: %+v, and from the file %+v", line, a, b)
		}
	}
}

func TestWordsThatMovedAreShown(t *testing.T) {
	from, to := moved(trained(t), "the bus is late today do not tell your mum")
	if from < 4 || to != 10 {
		t.Errorf("words %d to %d moved it most", from, to)
	}
}

func TestSameTextsGiveTheSameFile(t *testing.T) {
	var a, b bytes.Buffer
	for _, to := range []*bytes.Buffer{&a, &b} {
		if _, err := trained(t).WriteTo(to); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two models of the same texts differ")
	}
}

func TestFileGivesTheModelBack(t *testing.T) {
	was := trained(t)
	var file bytes.Buffer
	if _, err := was.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	is, err := Read(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"do not tell your mum", "the bus is late"} {
		if a, b := read(was, text), read(is, text); a != b {
			t.Errorf("%q: %+v became %+v", text, a, b)
		}
	}
}

func TestDamagedFileIsRefused(t *testing.T) {
	var file bytes.Buffer
	if _, err := trained(t).WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	for name, data := range map[string][]byte{
		"empty": nil, "another file": []byte("GIF89a"), "cut": whole[:len(whole)/2], "longer": append(bytes.Clone(whole), 0),
	} {
		if _, err := Read(data); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	var file bytes.Buffer
	if _, err := trained(f).WriteTo(&file); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add([]byte(header))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := Read(data); err == nil {
			read(m, "do not tell your mum")
		}
	})
}

func TestMistakesInMeaningsAreNamed(t *testing.T) {
	for _, c := range []struct{ groups, kinds, want string }{
		{"mum: mom\nmother: mom", "", `groups: line 2: "mom" stands in "mum" already`},
		{"mum mom", "", `groups: line 1: write it as "name: words"`},
		{"mum: mom", "kin: mum\nadult: mom", `kinds: line 2: "mum" stands in "kin" already`},
	} {
		_, err := ReadMeanings(strings.NewReader(c.groups), strings.NewReader(c.kinds))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q, %q: %v", c.groups, c.kinds, err)
		}
	}
}

func TestBuiltInModelIsSmallAndReads(t *testing.T) {
	if len(english) > 5<<20 {
		t.Errorf("it has %d bytes", len(english))
	}
	m, err := English()
	if err != nil {
		t.Fatal(err)
	}
	if r := read(m, "dont tell ur mum about me ok"); r.Worry < 1 || m.Labels()[r.Label] != "secrecy" {
		t.Errorf("%+v", r)
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	m := trained(t)
	r := m.NewReader()
	words := []Word{m.Word(Hash("tell")), m.Word(Hash("your")), m.Word(Hash("mum"))}
	if n := testing.AllocsPerRun(100, func() { r.Read(words) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkWorry(b *testing.B) {
	m, err := English()
	if err != nil {
		b.Fatal(err)
	}
	var words []Word
	for _, w := range strings.Fields("did anybody get past the second boss i cant beat him") {
		words = append(words, m.Word(Hash(w)))
	}
	r := m.NewReader()
	for b.Loop() {
		r.Read(words)
	}
}
