package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

// asProgram makes this test binary behave as the program itself.
const asProgram = "WAYMARK_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is the real program with real pipes and signals.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	return c
}

// waymark runs the program in this process.
func waymark(t *testing.T, in string, args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), args, strings.NewReader(in), &o, &e)
	return status, o.String(), e.String()
}

func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		args   string
		status int
		says   string // on standard error where the status is not 0, else on standard output
	}{
		{"", 2, "waymark: say what to do: demo, init, doctor, run, scan, ask, support, signposts, export, discord, slack or version; see `waymark --help`\n"},
		{"--help", 0, "Available Commands"},
		{"scna", 2, "waymark: there is no command \"scna\", did you mean scan?; see `waymark --help`\n"},
		{"--nope", 2, "waymark: unknown flag: --nope; see `waymark --help`\n"},
		{"version", 0, "waymark "},
		{"--version", 0, "waymark "},
		{"version now", 2, "waymark: \"now\" is one argument too many; see `waymark version --help`\n"},
		{"scan --help", 0, "--format"},
		{"scan --format xml", 2, "waymark: --format takes table or jsonl; see `waymark scan --help`\n"},
		{"scan --nope", 2, "waymark: unknown flag: --nope; see `waymark scan --help`\n"},
		{"scan a b", 2, "waymark: \"b\" is one argument too many; see `waymark scan --help`\n"},
		{"scan /nowhere/chat.txt", 1, "waymark: stat /nowhere/chat.txt: no such file or directory\n"},
		{"demo now", 2, "waymark: \"now\" is one argument too many; see `waymark demo --help`\n"},
		{"run --nope", 2, "waymark: unknown flag: --nope; see `waymark run --help`\n"},
		{"run --config /nowhere/waymark.yaml", 1, "waymark: read the configuration: open /nowhere/waymark.yaml: no such file or directory\n"},
		{"ask --nope", 2, "waymark: unknown flag: --nope; see `waymark ask --help`\n"},
		{"support --nope", 2, "waymark: unknown flag: --nope; see `waymark support --help`\n"},
	} {
		t.Run(c.args, func(t *testing.T) {
			status, out, errOut := waymark(t, "", strings.Fields(c.args)...)
			if status != c.status {
				t.Errorf("status %d, want %d; standard error: %s", status, c.status, errOut)
			}
			if status == 0 && !strings.Contains(out, c.says) || status != 0 && (errOut != c.says || out != "") {
				t.Errorf("standard output %q, standard error %q, want %q", out, errOut, c.says)
			}
		})
	}
}

type scanned struct {
	ID         any    `json:"id"`
	Severity   string `json:"severity"`
	Categories []string
	Signals    []struct {
		Rule, Category string
		Start, End     int
	}
	Alert bool
}

func scanLines(t *testing.T, in string) (status int, lines []scanned, raw, errOut string) {
	t.Helper()
	status, raw, errOut = waymark(t, in, "scan", "--format", "jsonl", "-")
	for line := range strings.Lines(raw) {
		var s scanned
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		lines = append(lines, s)
	}
	return status, lines, raw, errOut
}

func TestScanForPrograms(t *testing.T) {
	texts := []string{"hello all", "😀 ok?\x00 dont tell your mum about this ok", "see you at training"}
	var in strings.Builder
	for i, text := range texts {
		raw, _ := json.Marshal(map[string]any{"id": fmt.Sprint("m", i), "channel": "general", "author": "u", "ts": "2026-01-05T16:00:00Z", "text": text})
		in.Write(append(raw, '\n'))
	}
	in.WriteString(`{"id":12,"text":"no more"}` + "\n" + `{"text":"last"}`)
	status, lines, raw, errOut := scanLines(t, in.String())
	if status != 0 || errOut != "" || len(lines) != 5 {
		t.Fatalf("status %d, %d lines, standard error %q", status, len(lines), errOut)
	}
	if got := fmt.Sprintf("%v %v %v %v %v", lines[0].ID, lines[1].ID, lines[2].ID, lines[3].ID, lines[4].ID); got != "m0 m1 m2 12 5" {
		t.Errorf("ids: %s", got)
	}
	want := `{"id":"m0","severity":"none","categories":[],"signals":[],"alert":false}`
	if first, _, _ := strings.Cut(raw, "\n"); first != want {
		t.Errorf("a message without signs:\n got %s\nwant %s", first, want)
	}
	hit := lines[1]
	if !hit.Alert || len(hit.Categories) == 0 || hit.Categories[0] != "secrecy" || len(hit.Signals) == 0 {
		t.Fatalf("a message with a sign: %+v", hit)
	}
	for _, s := range hit.Signals {
		if at := texts[1][s.Start:s.End]; !strings.Contains(at, "tell") || !utf8.ValidString(at) {
			t.Errorf("%s stands at %q", s.Rule, at)
		}
	}
}

func TestScanReadsWithTheRulesOfTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "waymark.yaml")
	if err := os.WriteFile(file, []byte("lexicon_languages: [en, es]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in := "no le digas a tu madre que hablamos\n"
	if status, out, errOut := waymark(t, in, "scan"); status != 0 || !strings.Contains(out, " 0 alerts") {
		t.Errorf("English alone: status %d, %s%s", status, out, errOut)
	}
	if status, out, errOut := waymark(t, in, "scan", "--config", file); status != 0 || !strings.Contains(out, "(Spanish)") {
		t.Errorf("with Spanish: status %d, %s%s", status, out, errOut)
	}
}

func TestScanGoesOnAfterWhatIsNoMessage(t *testing.T) {
	status, lines, _, errOut := scanLines(t, "{\"text\":\"a\"}\nzebramarker4711\n{\"txt\":\"zebramarker4711\"}\n{\"text\":\"b\"}\n")
	if status != 1 || len(lines) != 2 || lines[1].ID != "4" {
		t.Errorf("status %d, %+v", status, lines)
	}
	want := "waymark: line 2: is no JSON object\nwaymark: line 3: has no text\nwaymark: 2 entries are no messages; the rest was scanned\n"
	if errOut != want {
		t.Errorf("standard error %q, want %q", errOut, want)
	}
}

func TestScanTakesAnything(t *testing.T) {
	for name, c := range map[string]struct {
		in            string
		status, lines int
	}{
		"nothing":         {"", 0, 0},
		"a megabyte":      {strings.Repeat("dont tell ", 1<<20/10), 0, 1},
		"5 megabytes":     {strings.Repeat("x", 5<<20), 1, 0},
		"binary":          {"\x7fELF\x02\x00\x01\n\x00\xff\xfe\n", 1, 0},
		"broken UTF-8":    {"dont \xff\xc0 tell\xf0\x9f your mum\n", 0, 1},
		"HTML":            {"<img src=x onerror=alert(1)>\n", 0, 1},
		"10,000 emoji":    {strings.Repeat("👩‍👩‍👧", 10_000), 0, 1},
		"brackets":        {strings.Repeat("[{", 100_000), 1, 0},
		"nested JSON":     {`{"text":` + strings.Repeat("[", 100_000), 1, 0},
		"marks on marks":  {"d" + strings.Repeat("\u0301", 50_000) + "ont tell your mum\n", 0, 1},
		"control":         {"a\x1b[2Jb\rc\n", 0, 1},
		"a number at all": {"7", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			status, lines, _, errOut := scanLines(t, c.in)
			if status != c.status || len(lines) != c.lines || (status == 1) != (errOut != "") {
				t.Errorf("status %d, %d lines, standard error %q", status, len(lines), errOut)
			}
		})
	}
}

func TestScanForPeople(t *testing.T) {
	in := `{"id":"m1","channel":"gen\u001b[2Jeral","author":"newcomer","ts":"2026-01-05T16:00:00Z","text":"dont tell your mum about this ok"}
{"id":"m2","channel":"general","author":"kai","ts":"2026-01-05T16:00:00Z","text":"hi"}`
	status, out, errOut := waymark(t, in, "scan")
	if status != 0 || errOut != "" {
		t.Errorf("status %d, standard error %q", status, errOut)
	}
	for _, want := range []string{"HIGH: should be seen now\n", "  who    newcomer\n", "  where  #gen [2Jeral\n", "  when   2026-01-05 16:00:00 UTC\n",
		"  what   message m1\n", "  why    secrecy: Asks someone", "\n2 messages read, 1 message with a warning sign, 1 alert to staff\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if strings.Contains(out, "your mum") || strings.Contains(out, "\x1b") {
		t.Errorf("shows what was written, or what steers a terminal:\n%q", out)
	}
	if _, out, _ = waymark(t, in, "scan", "--show-text"); !strings.Contains(out, "  text   dont tell your mum about this ok\n") {
		t.Errorf("--show-text does not:\n%s", out)
	}
}

func TestScanReadsExports(t *testing.T) {
	for path, want := range map[string]string{
		"discord.json": "5 messages read, 0 messages with a warning sign, 0 alerts to staff\n",
		"slack":        "6 messages read, 0 messages with a warning sign, 0 alerts to staff\n",
	} {
		status, out, errOut := waymark(t, "", "scan", filepath.Join("../../internal/transcript/testdata", path))
		if status != 1 || out != want || !strings.Contains(errOut, "message 6: ") { // both hold mistakes on purpose
			t.Errorf("%s: status %d\n%s\n%s", path, status, out, errOut)
		}
	}
}

// TestScanAnswersAsItReads has a conversation with the program.
func TestScanAnswersAsItReads(t *testing.T) {
	c := program(t, "scan", "--format", "jsonl")
	in, err := c.StdinPipe()
	out, outErr := c.StdoutPipe()
	if err := errors.Join(err, outErr, c.Start()); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(out)
	for i := range 3 {
		if _, err := fmt.Fprintf(in, "{\"id\":\"m%d\",\"text\":\"hello\"}\n", i); err != nil {
			t.Fatal(err)
		}
		line, err := answers.ReadString('\n')
		if want := fmt.Sprintf(`{"id":"m%d",`, i); err != nil || !strings.HasPrefix(line, want) {
			t.Fatalf("%q, %v, want %s", line, err, want)
		}
	}
	if err := errors.Join(in.Close(), c.Wait()); err != nil {
		t.Error(err)
	}
}

func TestScanEndsQuietlyWhenNobodyReads(t *testing.T) {
	in := strings.Repeat("{\"text\":\"hello\"}\n", 50_000)
	c := program(t, "scan", "--format", "jsonl")
	var errOut bytes.Buffer
	c.Stdin, c.Stderr = strings.NewReader(in), &errOut
	out, err := c.StdoutPipe()
	if err := errors.Join(err, c.Start()); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGPIPE || errOut.Len() > 0 {
		t.Errorf("it ends with %v and says %q", err, errOut.String())
	}
}

func TestAnInterruptEndsWhatWaits(t *testing.T) {
	c := program(t, "scan", "--format", "jsonl")
	var errOut bytes.Buffer
	c.Stderr = &errOut
	in, err := c.StdinPipe()
	out, outErr := c.StdoutPipe()
	if err := errors.Join(err, outErr, c.Start()); err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	_, err = io.WriteString(in, "{\"text\":\"hello\"}\n")
	if _, readErr := bufio.NewReader(out).ReadString('\n'); err != nil || readErr != nil { // it waits for more now
		t.Fatal(err, readErr)
	}
	err = c.Process.Signal(os.Interrupt)
	var exit *exec.ExitError
	if waitErr := c.Wait(); err != nil || !errors.As(waitErr, &exit) || exit.ExitCode() != 1 || errOut.String() != "waymark: stopped before the end\n" {
		t.Errorf("%v, %v, standard error %q", err, waitErr, errOut.String())
	}
}

func TestVersionOfARelease(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "run", "-ldflags", "-X main.version=v1.2.3", ".", "version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "waymark v1.2.3 ") {
		t.Errorf("%s, %v", out, err)
	}
}
