package detect

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/config"
)

const lexiconRoot = "../../config/lexicon"

var loaded = sync.OnceValues(func() (*Lexicon, error) { return Load(config.Lexicon()) })

func detector(t testing.TB) *Detector {
	t.Helper()
	lex, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return New(lex)
}

// The whole lexicon loads, which checks every example of every rule.
func TestLexiconLoadsAndItsExamplesHold(t *testing.T) {
	lex, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Category]bool{}
	for _, r := range lex.Rules() {
		seen[r.Category] = true
		if r.Why == "" || r.Source == "" {
			t.Errorf("%s has no why or no source", r.ID)
		}
		if strings.Contains(strings.ToLower(r.Why), "predator") {
			t.Errorf("%s: its why names the person instead of what was said: %q", r.ID, r.Why)
		}
	}
	for _, c := range Categories() {
		if !seen[c] {
			t.Errorf("no rule for %s", c)
		}
	}
}

func TestRuleIsFoundByID(t *testing.T) {
	d := detector(t)
	r, ok := d.Rule("secrecy.dont-tell-carer")
	if !ok || r.Category != Secrecy || r.Speaker != Initiator || r.Severity != High {
		t.Errorf("got %+v, %v", r, ok)
	}
	if _, ok := d.Rule("no.such-rule"); ok {
		t.Error("a rule that does not exist was found")
	}
}

func TestSeverityOfMessages(t *testing.T) {
	d := detector(t)
	for _, c := range []struct {
		text     string
		at, most Severity
		category Category
	}{
		{"send me a pic or ill tell your parents", Urgent, Urgent, Threat},
		{"pay me £100 or everyone sees ur pics", Urgent, Urgent, Threat},
		{"if u block me i'm sending it to your mum", Urgent, Urgent, Threat},
		{"i want to die", High, Urgent, SelfHarm},
		{"my dad hits me", High, Urgent, DisclosureAbuse},
		{"someone is blackmailing me", High, Urgent, DisclosureCoercion},
		{"my ex posted my nudes", High, Urgent, DisclosureImage},
		{"dont tell ur mum about this ok", High, High, Secrecy},
		{"whats ur snap", Medium, High, MovePrivate},
		{"how old r u", Low, Low, RiskProbe},
		{"he said dont tell your mum or ill post it", High, Urgent, DisclosureCoercion},
		{"send me nudes", High, High, ImageRequest},
		{"lets meet up irl just us", High, High, MeetUp},
		{"are you home alone tonight", Medium, High, RiskProbe},
		{"its our little secret", Medium, High, Secrecy},
		{"ur so mature for ur age", Medium, High, FlatteryIsolation},
		{"ill buy you robux if you send me a selfie", High, High, GiftOffer},
		{"are you a virgin", Medium, High, SexualTalk},
		{"who has her nudes", High, High, ImageAbuse},
		{"i've been hurting myself again", High, Urgent, SelfHarm},
		{"i was raped", High, Urgent, DisclosureAbuse},
		{"i think im being groomed", Medium, Urgent, DisclosureCoercion},
		{"just go kill yourself", High, Urgent, Threat},
		{"what a lovely day for a walk", None, None, ""},
		{"never send pics to people you dont know", None, Low, ""},
		{"no i wont send you a pic of me", None, Low, ""},
		{"i will kill you in the next round lol", None, Low, ""},
		{"i want to die laughing at this meme lol", None, Low, ""},
	} {
		signals := d.Detect(c.text)
		if got := Assess(signals); got < c.at || got > c.most {
			t.Errorf("%q is %s, want %s to %s: %v", c.text, got, c.at, c.most, signals)
		}
		if c.category != "" && !slices.ContainsFunc(signals, func(s Signal) bool { return s.Category == c.category }) {
			t.Errorf("%q shows no %s: %v", c.text, c.category, signals)
		}
	}
}

// A game lowers what is said of it, but not what is clear in any place.
func TestAGameDoesNotHideWhatIsClear(t *testing.T) {
	d := detector(t)
	for text, at := range map[string]Severity{
		"for the quest meet me alone, dont tell ur parents, i'll pick u up from school":     High,
		"i can get u robux for that quest but u have to keep it between us, add me on snap": High,
		"in the game he says i will give you gold if you meet me at the docks":              Low,
	} {
		if got := Assess(d.Detect(text)); got != at {
			t.Errorf("%q is %s, want %s", text, got, at)
		}
	}
}

// Words about who somebody is are never a sign, whatever the lexicon says.
func TestIdentityIsNeverASign(t *testing.T) {
	d := detector(t)
	for _, who := range []string{"gay", "lesbian", "bi", "bisexual", "trans", "transgender", "queer", "non binary", "nonbinary",
		"asexual", "autistic", "disabled", "deaf", "muslim", "jewish", "christian", "sikh", "hindu", "black", "asian", "polish", "roma"} {
		for _, frame := range []string{"im %s", "i think i am %s", "my friend is %s", "are you %s", "i came out as %s to my mum",
			"any other %s people here?", "my brother told me he is %s", "its ok to be %s", "i am %s and proud"} {
			text := fmt.Sprintf(frame, who)
			if got := Assess(d.Detect(text)); got > None {
				t.Errorf("%q is %s: %v", text, got, d.Detect(text))
			}
		}
	}
}

// What staff see marked is the original text, however it was disguised.
func TestOffsetsPointIntoTheOriginal(t *testing.T) {
	d := detector(t)
	for _, c := range []struct{ text, marked string }{
		{"hey, don't tell your mum ok", "don't tell your mum"},
		{"hey, dоn't tеll yоur mum ok", "dоn't tеll yоur mum"}, // Cyrillic look-alikes
		{"ｄｏｎｔ ｔｅｌｌ ｙｏｕｒ ｍｕｍ", "ｄｏｎｔ ｔｅｌｌ ｙｏｕｒ ｍｕｍ"},
		{"d0n7 t3ll y0ur mum", "d0n7 t3ll y0ur mum"},
		{"dont te\u200bll your mum", "dont te\u200bll your mum"},
		{"d-o-n-t t-e-l-l your m-u-m", "d-o-n-t t-e-l-l your m-u-m"},
		{"😀 dont **te**ll your mum 😀", "dont **te**ll your mum"},
		{"dont t*ll your mum", "dont t*ll your mum"},
		{"donttellyourmum", "donttellyourmum"},
		{"ɯnɯ ɹnoʎ llǝʇ ʇuop", "ɯnɯ ɹnoʎ llǝʇ ʇuop"},
	} {
		var got []string
		for _, s := range d.Detect(c.text) {
			if s.Category == Secrecy {
				got = append(got, c.text[s.Start:s.End])
			}
		}
		if !slices.Contains(got, c.marked) {
			t.Errorf("%q: marked %q, want %q among them", c.text, got, c.marked)
		}
	}
}

func TestDisguisesAreSeenThrough(t *testing.T) {
	d := detector(t)
	for _, text := range []string{
		"sеnd mе nudеs", "s3nd m3 nud3s", "send me n*des", "s.e.n.d me n.u.d.e.s", "s e n d  m e  n u d e s",
		"sendddd meeee nudessss", "𝓼𝓮𝓷𝓭 𝓶𝓮 𝓷𝓾𝓭𝓮𝓼", "ꜱᴇɴᴅ ᴍᴇ ɴᴜᴅᴇꜱ", "Ⓢⓔⓝⓓ ⓜⓔ ⓝⓤⓓⓔⓢ", "s\u0336e\u0336n\u0336d\u0336 me nudes",
		"send me nu_des", "SEND ME NUDES", "snd me nudez", "\u202esedun em dnes\u202c",
	} {
		if got := Assess(d.Detect(text)); got < Medium {
			t.Errorf("%q is %s: %v", text, got, d.Detect(text))
		}
	}
	for _, text := range []string{"𝓓𝓻𝓪𝓰𝓸𝓷 𝓠𝓾𝓮𝓮𝓷 joined", "¯\\_(ツ)_/¯ idk", "c o o l  h e a d e r", "大家好", "🎮🕹️👾 = best weekend",
		"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "SELECT age FROM pupils WHERE consent = TRUE;"} {
		if got := Assess(d.Detect(text)); got > None {
			t.Errorf("%q is %s: %v", text, got, d.Detect(text))
		}
	}
}

func TestAnyInputIsAnswered(t *testing.T) {
	d := detector(t)
	for name, text := range map[string]string{
		"empty": "", "spaces": "   \n\t ", "broken UTF-8": "dont \xff\xfe tell \xc3 your mum \xf0\x9f",
		"a megabyte": strings.Repeat("dont tell your mum ok ", 50_000), "one long word": strings.Repeat("sendmenudes", 100_000),
		"emoji": strings.Repeat("🤫", 10_000), "marks": "a" + strings.Repeat("\u0300", 10_000), "binary": string([]byte{0, 1, 2, 3, 0xff, 0}),
		"letters": strings.Repeat("a ", 20_000), "quotes": strings.Repeat("'\"`", 10_000),
	} {
		t.Run(name, func(t *testing.T) { checkSignals(t, text, d.Detect(text)) })
	}
}

func checkSignals(t testing.TB, text string, signals []Signal) {
	t.Helper()
	for _, s := range signals {
		if s.Start < 0 || s.End > len(text) || s.Start >= s.End {
			t.Fatalf("%s marks [%d,%d) of %d bytes", s.Rule, s.Start, s.End, len(text))
		}
		if !utf8.ValidString(text) {
			continue
		}
		if !utf8.RuneStart(text[s.Start]) || s.End < len(text) && !utf8.RuneStart(text[s.End]) {
			t.Fatalf("%s marks [%d,%d), inside a character", s.Rule, s.Start, s.End)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	d := detector(t)
	want := fmt.Sprint(d.Detect("dont tell ur mum about this ok"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if got := fmt.Sprint(d.Detect("dont tell ur mum about this ok")); got != want {
					t.Errorf("got %s, want %s", got, want)
					return
				}
				d.Detect("𝓼𝓮𝓷𝓭 p.i.c")
			}
		})
	}
	wg.Wait()
}

func TestNothingFoundAllocatesNothing(t *testing.T) {
	d := detector(t)
	s := newScratch(d.lex.program) // not from the pool, which the race detector empties at random
	d.detect(s, quiet)
	if n := testing.AllocsPerRun(100, func() { d.detect(s, quiet) }); n > 0 {
		t.Errorf("%v allocations for a message without signs", n)
	}
}

// All mistakes of a lexicon are told at once, each with its place.
func TestLoadTellsAllMistakes(t *testing.T) {
	files := fstest.MapFS{
		"xx/a.yaml": {Data: []byte(`stop: the a of
classes:
  LOOP: "@LOOP"
  GONE: "one @MISSING"
rules:
  - id: a.one
    category: secrecy
    speaker: initiator
    weight: 6
    patterns: ["@NOPE tell mum", "tell {3,1} mum", "of the mum", "(tell mum", "tell mum"]
    why: x
    source: y
    tests: {hit: ["tell dad"], miss: ["tell mum"]}
  - id: a.one
    category: nonsense
    speaker: nobody
    weight: heavy
    patterns: ["keep quiet"]
    why: x
    tests: {hit: ["keep quiet"]}
odd: true
`)},
		"xx/b.yaml": {Data: []byte("rules:\n  - id: [\n")},
	}
	_, err := Load(files)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"xx/a.yaml:3: class LOOP holds itself", "xx/a.yaml:4: class GONE: unknown class @MISSING",
		`xx/a.yaml:10: pattern "@NOPE tell mum": unknown class @NOPE`, "bad gap {3,1}", "fewer than two words of meaning", "a bracket is not closed",
		"xx/a.yaml:14: id a.one is already at xx/a.yaml:6", `xx/a.yaml:15: unknown category "nonsense"`, `xx/a.yaml:16: unknown speaker "nobody"`,
		`xx/a.yaml:17: weight is "heavy"`, "source is missing", "a text that it must miss is missing", `xx/a.yaml:21: unknown key "odd"`, "xx/b.yaml:",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestLoadChecksExamples(t *testing.T) {
	_, err := Load(fstest.MapFS{"xx/a.yaml": {Data: []byte(`rules:
  - id: a.one
    category: secrecy
    speaker: initiator
    weight: 6
    patterns: ["tell mum"]
    why: x
    source: y
    tests:
      hit: ["tell dad"]
      miss: ["tell mum"]
`)}})
	for _, want := range []string{`xx/a.yaml:10: a.one must hit "tell dad"`, `xx/a.yaml:11: a.one must miss "tell mum"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if _, err := Load(fstest.MapFS{}); err == nil {
		t.Error("an empty lexicon loads")
	}
}

// The matcher finds what a plain, slow reading of the pattern finds.
func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern   string
		hit, miss []string
	}{
		{"tell ~2 mum", []string{"tell mum", "tell your own mum"}, []string{"tell it to your mum", "mum tell", "tell it. mum knows"}},
		{"tell {1,2} mum", []string{"tell your mum"}, []string{"tell mum"}},
		{"tell {0,3.} mum", []string{"tell him. not mum"}, nil},
		{"tell {0,2-no} mum", []string{"tell your mum"}, []string{"tell no mum"}},
		{"^ send ~1 pic", []string{"send a pic", "well. send a pic"}, []string{"i send a pic"}},
		{"send pic $", []string{"send pic", "send pic. ok"}, []string{"send pic now"}},
		{"(send | show me) pic", []string{"send pic", "show me pic"}, []string{"show pic"}},
		{"send my? pic", []string{"send pic", "send my pic"}, []string{"send a pic"}},
		{"send * pic", []string{"send a pic"}, []string{"send pic"}},
		{"!never send pic", []string{"send pic"}, []string{"never send pic", "never ever do send pic"}},
		{"im #AGE old", []string{"im 13 old"}, []string{"im 30 old", "im 7 old"}},
		{"send_my pic", []string{"send my pic"}, []string{"send a pic"}},
	} {
		lex, err := Load(fstest.MapFS{"xx/a.yaml": {Data: fmt.Appendf(nil, `rules:
  - {id: a.b, category: secrecy, speaker: any, weight: 6, patterns: [%q], why: x, source: y, tests: {hit: [%q], miss: [zzz]}}
`, c.pattern, c.hit[0])}})
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		d := New(lex)
		for _, h := range c.hit {
			if len(d.Detect(h)) == 0 {
				t.Errorf("%q misses %q", c.pattern, h)
			}
		}
		for _, m := range c.miss {
			if len(d.Detect(m)) > 0 {
				t.Errorf("%q hits %q", c.pattern, m)
			}
		}
	}
}

func FuzzDetect(f *testing.F) {
	d := detector(f)
	for _, s := range []string{"dont tell ur mum", "s3nd m3 n*d3s", "𝓼𝓮𝓷𝓭 𝓶𝓮 p.i.c", "\u202ellet\u202c", "ʞɔɐq", "a\u0300\u0301", "\xff", "🤫🇬🇧👨‍👩‍👧", "'quote' \"and\" ```code```", "http://a.b/c 13yo £20", "dontellyourmumthatwetalk"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkSignals(t, text, d.Detect(text))
	})
}

func FuzzLoad(f *testing.F) {
	names, _ := fs.Glob(os.DirFS(lexiconRoot), "en/*.yaml")
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join(lexiconRoot, n))
		if err == nil && len(b) < 8000 {
			f.Add(string(b))
		}
	}
	f.Add("classes: {A: \"x @A\"}\nrules:\n  - {id: a, patterns: [\"^ (a | b)? ~2 $\"]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		lex, err := Load(fstest.MapFS{"xx/a.yaml": {Data: []byte(text)}})
		if err == nil {
			checkSignals(t, text, New(lex).Detect(text))
		}
	})
}

// quiet is a message of typical length, 58 bytes, without a sign.
const quiet = "anyone up for a quick match later or is it too late for u?"

func BenchmarkDetectQuiet(b *testing.B) {
	d := detector(b)
	b.SetBytes(int64(len(quiet)))
	b.ReportAllocs()
	for b.Loop() {
		d.Detect(quiet)
	}
}

func BenchmarkDetectSign(b *testing.B) {
	d := detector(b)
	b.ReportAllocs()
	for b.Loop() {
		d.Detect("this is our little secret ok? dont tell ur parents we talk")
	}
}

func BenchmarkDetect4000(b *testing.B) {
	d := detector(b)
	text := strings.Repeat("dont you tell me what your mum and i send to the pic ", 76)[:4000]
	b.ReportAllocs()
	for b.Loop() {
		d.Detect(text)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(config.Lexicon()); err != nil {
			b.Fatal(err)
		}
	}
}
