package transcript

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/encoding/unicode"
)

// story reads a source to its end: a line a message, and a line an error.
func story(t *testing.T, s *Source) []string {
	t.Helper()
	defer s.Close()
	out, last := []string{}, time.Unix(0, 0).UTC()
	for {
		e, err := s.Next()
		var line *LineError
		switch {
		case errors.Is(err, io.EOF):
			return out
		case errors.As(err, &line):
			out = append(out, "! "+line.Error())
			continue
		case err != nil:
			return append(out, "!! "+err.Error())
		}
		m := e.Message
		at := m.Time.Format("0102 15:04:05")
		if !e.Timed {
			at = "after " + last.Format("15:04:05")
		}
		if last = m.Time; m.Author.Name == UnknownAuthor {
			m.Author.Name = ""
		}
		text := fmt.Sprintf("%s [%s] %s", e.ID, at, m.Author.ID)
		if m.Author.Name != "" && m.Author.Name != string(m.Author.ID) {
			text += "=" + m.Author.Name
		}
		if m.Author.Bot {
			text += "(bot)"
		}
		if m.ReplyTo != "" {
			text += ">" + string(m.ReplyTo)
		}
		if len(m.Mentions) > 0 {
			text += fmt.Sprint(m.Mentions)
		}
		text += " in " + string(m.Place.ID)
		if m.Place.Parent != "" {
			text += "<" + string(m.Place.Parent)
		}
		out = append(out, fmt.Sprintf("%s: %q", text, m.Text))
	}
}

func stream(t *testing.T, text string) (Format, []string) {
	t.Helper()
	s, err := Open("-", strings.NewReader(text))
	if err != nil {
		return "", []string{"!! " + err.Error()}
	}
	return s.Format, story(t, s)
}

func TestStreams(t *testing.T) {
	utf16, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("hello\r\nworld ✓\r\n")
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte("hello\n"))
	_ = z.Close()
	for _, c := range []struct {
		name, in string
		format   Format
		want     []string
	}{
		{"nothing", "", PlainText, []string{}},
		{"blank lines", "\n \n\r\n", PlainText, []string{}},
		{"plain text", "hello\n\n  you \r\nlast", PlainText, []string{
			`"1" [after 00:00:00] unknown-1 in : "hello"`, `"3" [after 00:01:00] unknown-2 in : "  you "`, `"4" [after 00:02:00] unknown-3 in : "last"`}},
		{"plain text with a mark of its encoding", "\xef\xbb\xbfhello", PlainText, []string{`"1" [after 00:00:00] unknown-1 in : "hello"`}},
		{"UTF-16", utf16, PlainText, []string{`"1" [after 00:00:00] unknown-1 in : "hello"`, `"2" [after 00:01:00] unknown-2 in : "world ✓"`}},
		{"gzip", zipped.String(), PlainText, []string{`"1" [after 00:00:00] unknown-1 in : "hello"`}},
		{"broken UTF-8", "a\xff\xfeb\n", PlainText, []string{`"1" [after 00:00:00] unknown-1 in : "a�b"`}},
		{"binary", "ok\n\x00\x01\x02\nok", PlainText, []string{`"1" [after 00:00:00] unknown-1 in : "ok"`, "! line 2: binary data, no text", `"3" [after 00:01:00] unknown-2 in : "ok"`}},
		{"text in brackets", "[12:00] <kai> hi\n", PlainText, []string{`"1" [after 00:00:00] unknown-1 in : "[12:00] <kai> hi"`}},
		{"HTML", "<script>alert(1)</script>", PlainText, []string{`"1" [after 00:00:00] unknown-1 in : "<script>alert(1)</script>"`}},
		{"JSON lines", `{"id":"m1","channel":"c","author":"u","ts":"2026-01-05T16:00:00Z","text":"hi"}
{"id":12,"channel":3,"author":4,"text":"a\u0000\"b\ud800","labels":["x"]}
{"text":""}
{"id":null,"channel":null,"author":null,"ts":null,"text":"x"}
`, JSONLines, []string{
			`"m1" [0105 16:00:00] u in c: "hi"`, `12 [after 16:00:00] 4 in 3: "a\x00\"b�"`,
			`"3" [after 16:01:00] unknown-3 in : ""`, `"4" [after 16:02:00] unknown-4 in : "x"`}},
		{"JSON lines with an offset in the time", `{"ts":"2026-01-05T16:00:00.5+01:00","text":"x"}`, JSONLines, []string{`"1" [0105 16:00:00] unknown-1 in : "x"`}},
		{"wrong JSON lines", `{"text":"a"}
nonsense
{"text":"b"
{"text":5}
{"text":null}
{"id":{},"text":"a"}
{"ts":"yesterday","text":"a"}
{"ts":5,"text":"a"}
[1]
{"text":"c"} {"text":"d"}
{"text":"e"}`, JSONLines, []string{
			`"1" [after 00:00:00] unknown-1 in : "a"`, "! line 2: is no JSON object", "! line 3: is no JSON object", "! line 4: text is no string",
			"! line 5: has no text", "! line 6: id is neither a string nor a number", "! line 7: ts is no RFC 3339 time", "! line 8: ts is no string",
			"! line 9: is no JSON object", "! line 10: is no JSON object", `"11" [after 00:01:00] unknown-2 in : "e"`}},
		{"JSON lines that begin badly", "oops\n{\"text\":\"a\"}\n", JSONLines, []string{"! line 1: is no JSON object", `"2" [after 00:00:00] unknown-1 in : "a"`}},
		{"an id that is no UTF-8", "{\"id\":\"a\xff\",\"text\":\"x\"}", JSONLines, []string{`"a�" [after 00:00:00] unknown-1 in : "x"`}},
		{"a zip", "PK\x03\x04", "", []string{"!! a zip cannot be read from standard input; name the file instead"}},
		{"broken gzip", "\x1f\x8b\x00", "", []string{"!! unpack: unexpected EOF"}},
		{"one day of Slack", `[{"type":"message","user":"U1","text":"hi <@U2> &amp; <https://example.org|look>","ts":"1767628800.000100"}]`, Slack,
			[]string{`"1767628800.000100" [0105 16:00:00] U1[U2] in : "hi @U2 & look"`}},
		{"a list of something else", `[{"id":"a","text":"b"}, 5]`, Slack,
			[]string{"! message 1: is no message of Slack: it has no type", "! message 2: is no message"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			format, got := stream(t, c.in)
			if format != c.format || !slices.Equal(got, c.want) {
				t.Errorf("%s\n got %s\nwant %s", format, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		})
	}
}

func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", MaxMessage)
	_, got := stream(t, "a\n"+long+"\n"+long[1:]+"\nb\n"+long+long)
	if len(got) != 5 || got[1] != "! line 2: longer than 4 MB" || len(got[2]) < MaxMessage || !strings.HasSuffix(got[3], `"b"`) || got[4] != "! line 5: longer than 4 MB" {
		for _, g := range got {
			t.Log(g[:min(len(g), 60)])
		}
		t.Error("lines around the limit are not read as they should")
	}
}

func TestDiscordFile(t *testing.T) {
	s, err := Open("testdata/discord.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Format != Discord || s.Size == 0 {
		t.Errorf("format %s, %d bytes", s.Format, s.Size)
	}
	got := story(t, s)
	want := []string{
		`"1001" [0105 16:00:00] 501=Kai in 301: "hello all"`,
		`"1002" [0105 16:01:00] 502=newcomer>501[501] in 301: "@Kai welcome"`,
		`"1003" [0105 16:02:00] 503=helper(bot) in 301: "How to get help"`,
		`"1004" [0105 16:03:00] 502=newcomer in 301: "look at this\nsomething passed on"`,
		"! message 5: timestamp is no time",
		"! message 6: is no message: content is of another kind",
		`"1007" [0105 16:05:00] 501=Kai in 301: ""`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if s.Done() != s.Size {
		t.Errorf("%d of %d bytes read", s.Done(), s.Size)
	}
}

func TestDiscordThreadAndCutOff(t *testing.T) {
	head := `{"guild":{"id":"9"},"channel":{"id":"7","type":"GuildPublicThread","categoryId":"3","name":"t"},"dateRange":{"after":null},"messages":[`
	one := `{"id":"1","timestamp":"2026-01-05T16:00:00+00:00","content":"a","author":{"id":"5"}}`
	for in, want := range map[string][]string{
		head + one + `],"messageCount":1}`: {`"1" [0105 16:00:00] 5 in 7<3: "a"`},
		head + one + `,{"id":"2","conte`:   {`"1" [0105 16:00:00] 5 in 7<3: "a"`, "! message 2: the rest cannot be read: the file is cut off or is no JSON"},
		head + one:                         {`"1" [0105 16:00:00] 5 in 7<3: "a"`, "! message 1: the rest cannot be read: the file is cut off or is no JSON"},
		`{"guild":{"id":"9"}}`:             {"! message 0: holds no messages"},
		`{"guild":{"id":9}}`:               {"! message 0: is no file of DiscordChatExporter"},
		`{"guild":{},"messages":{}}`:       {"! message 0: is no list of messages"},
		head + strings.Replace(one, `"a"`, `"`+strings.Repeat("x", 2*MaxMessage)+`"`, 1) + "," + one + "]": {"! message 1: the rest cannot be read: longer than 4 MB"},
	} {
		if format, got := stream(t, in); format != Discord || !slices.Equal(got, want) {
			t.Errorf("%.60s: %s\n got %.300q\nwant %q", in, format, got, want)
		}
	}
}

var slackStory = []string{
	`"1767574800.000100" [0105 01:00:00] U09=new in D01: "shared\nwhat was shared"`,
	`"1767571200.000100" [0105 00:00:00] U01=kai in C01: "hello @robin"`,
	`"1767571260.000100" [0105 00:01:00] U02=robin_2 in C01: "hi & welcome to #general, see the rules"`,
	`"1767571320.000100" [0105 00:02:00] U01=kai>U02 in C01/1767571260.000100<C01: "thanks"`,
	`"1767571380.000100" [0105 00:03:00] B01=Reminders(bot) in C01: "@here the club meets at four"`,
	"! general/2026-01-05.json, message 6: ts is no time",
	"! general/2026-01-05.json, message 7: is no message: text is of another kind",
	`"1767657600.000100" [0106 00:00:00] U02=robin_2 in C01: "next day"`,
	"! general/2026-01-07.json, message 0: is no list of messages",
}

func wantSlack(t *testing.T, path string) {
	t.Helper()
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := story(t, s)
	for i := range got {
		got[i] = strings.Replace(got[i], "[U02] ", " ", 1) // who is mentioned is told in TestStreams
	}
	if s.Format != Slack || !slices.Equal(got, slackStory) {
		t.Errorf("%s\n got %s\nwant %s", s.Format, strings.Join(got, "\n     "), strings.Join(slackStory, "\n     "))
	}
	if s.Done() == 0 || s.Done() > s.Size {
		t.Errorf("%d of %d bytes read", s.Done(), s.Size)
	}
}

func TestSlackFolder(t *testing.T) { wantSlack(t, "testdata/slack") }

// zipOf packs testdata/slack below a folder.
func zipOf(t *testing.T, below string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	err = filepath.Walk("testdata/slack", func(p string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		raw, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		w, err := z.Create(below + filepath.ToSlash(strings.TrimPrefix(p, "testdata/slack/")))
		if err == nil {
			_, err = w.Write(raw)
		}
		return err
	})
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSlackZip(t *testing.T) {
	wantSlack(t, zipOf(t, ""))
	wantSlack(t, zipOf(t, "Our team/export 2026/"))
}

func TestWhatIsNoExport(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.zip")
	bomb := filepath.Join(dir, "bomb.zip")
	if err := os.WriteFile(broken, []byte("PK\x03\x04 and no more"), 0o600); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	_, _ = z.CreateRaw(&zip.FileHeader{Name: "general/2026-01-05.json", Method: zip.Deflate, UncompressedSize64: 1 << 30, CompressedSize64: 1 << 20})
	if err := errors.Join(z.Close(), os.WriteFile(bomb, packed.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                          "is no Slack export: it holds no file such as general/2026-01-05.json",
		broken:                       "open the zip: zip: not a valid zip file",
		bomb:                         "the zip would unpack to far more than an export does; it is not read",
		filepath.Join(dir, "absent"): "no such file or directory",
	} {
		if _, err := Open(path, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", filepath.Base(path), err, want)
		}
	}
}

// TestAnswersBeforeTheEnd shows that a line can be read while the writer has
// not finished.
func TestAnswersBeforeTheEnd(t *testing.T) {
	r, w := io.Pipe()
	go func() { _, _ = io.WriteString(w, "{\"text\":\"one\"}\n") }()
	s, err := Open("-", r)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := s.Next(); err != nil || e.Message.Text != "one" || s.Ready() {
		t.Errorf("%q, %v, ready %v", e.Message.Text, err, s.Ready())
	}
	go func() { _, _ = io.WriteString(w, "{\"text\":\"two\"}\n"); _ = w.Close() }()
	if e, err := s.Next(); err != nil || e.Message.Text != "two" {
		t.Errorf("%q, %v", e.Message.Text, err)
	}
	if _, err := s.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

// TestErrorsQuoteNothing plants a marker wherever a file can be wrong.
func TestErrorsQuoteNothing(t *testing.T) {
	const marker = "sesame9opens2"
	for _, in := range []string{
		`{"text":M}`, `{"M`, `{"id":[M],"text":1}`, `{"ts":"M","text":"x"}`, `{"text":["M"]}`, "\x00M", `[{"type":"message","ts":"M"}]`,
		`[{"type":"M"}]`, `[{"type":["M"]}]`, `[{"M`, `[{"type":M}]`, `{"guild":{"id":["M"]}}`, `{"guild":{},"messages":[{"timestamp":"M"}]}`,
		`{"guild":{},"messages":[{"content":["M"]},{"content":"M]`, `{"guild":{},"M`, `{"guild":{},"messages":"M"}`,
	} {
		in = strings.ReplaceAll(in, "M", marker)
		_, got := stream(t, in)
		if strings.Contains(strings.Join(got, "\n"), marker) {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// readAll reads whatever a fuzzer made and checks what a reader may rely on.
func readAll(t *testing.T, s *Source, limit int) {
	t.Helper()
	defer s.Close()
	last := 0
	for last = 0; last <= limit; last++ {
		e, err := s.Next()
		var line *LineError
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &line):
			if line.Where == "" || line.Reason == "" {
				t.Fatalf("an empty error: %#v", line)
			}
			continue
		case err != nil:
			return
		}
		if len(e.ID) == 0 || e.Message.Author.ID == "" || e.Message.Time.IsZero() {
			t.Fatalf("something is not filled in: %+v", e)
		}
		if e.Message.Text != strings.ToValidUTF8(e.Message.Text, "") {
			t.Fatalf("broken UTF-8: %q", e.Message.Text)
		}
	}
	t.Fatalf("more than %d messages", limit)
}

func FuzzStream(f *testing.F) {
	for _, path := range []string{"testdata/discord.json", "testdata/slack/general/2026-01-05.json"} {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"id":"m1","channel":"c","author":"u","ts":"2026-01-05T16:00:00Z","text":"hi \ud83d"}` + "\n{}\n\xff\x00"))
	f.Add([]byte("\xff\xfeh\x00i\x00\n\x00"))
	f.Add([]byte("\xef\xbb\xbftext\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Open("-", bytes.NewReader(raw))
		if err == nil {
			// Every message and every mistake takes a byte at least; gzip may
			// hold up to a thousand times as many.
			readAll(t, s, 1100*len(raw)+10)
		}
	})
}

func FuzzSlackZip(f *testing.F) {
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for name, text := range map[string]string{
		"users.json":              `[{"id":"U1","name":"kai"},5]`,
		"channels.json":           `[{"id":"C1","name":"general"}]`,
		"general/2026-01-05.json": `[{"type":"message","user":"U1","text":"hi <@U1>","ts":"1767628800.000100"}]`,
	} {
		w, _ := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		_, _ = io.WriteString(w, text)
	}
	if err := z.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(packed.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 1<<16 {
			return
		}
		s := &Source{last: time.Unix(0, 0), read: new(atomic.Int64)}
		if err := s.slackZip(bytes.NewReader(raw), int64(len(raw))); err == nil {
			readAll(t, s, 1100*len(raw)*10)
		}
	})
}
