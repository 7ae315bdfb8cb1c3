package playground

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// visit makes a visitor's request as the page does, and gives the status and
// what came back.
func visit(t *testing.T, s http.Handler, path string, body any, change ...func(*http.Request)) (int, string) {
	t.Helper()
	var raw []byte
	switch b := body.(type) {
	case []byte:
		raw = b
	default:
		var err error
		if raw, err = json.Marshal(b); err != nil {
			t.Fatal(err)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8086/api/"+path, bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://127.0.0.1:8086")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

type args map[string]any

func newServer(t *testing.T, opt Options) *Server {
	opt.Token = testToken
	s := NewServer(opt)
	t.Cleanup(s.Close)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func as(t *testing.T, s *Server, who chat.PersonID) *Visitor {
	t.Helper()
	v, err := s.As(who)
	must(t, err)
	v.Tab = "tab"
	return v
}

func TestEachPersonSeesTheirPlacesAlone(t *testing.T) {
	s := newServer(t, Options{})
	open := []chat.PlaceID{"welcome", "general", "homework-help", "thread-fractions", "gaming"}
	cases := []struct {
		who   chat.PersonID
		room  StaffRoom
		staff bool
	}{
		{"robin", StaffOnly, false}, {"sam", StaffOnly, false}, {"alex", StaffOnly, false},
		{"morgan", StaffOnly, true}, {"jo", StaffOnly, true},
		{"robin", WithNewcomer, false}, {"alex", WithNewcomer, true},
		{"robin", OpenToAll, true}, {"alex", OpenToAll, true},
		{"alex", ShutToBot, false}, {"morgan", ShutToBot, true},
	}
	for _, c := range cases {
		must(t, s.SetStaffRoom(c.room))
		var got []chat.PlaceID
		state := s.view(s.person(c.who))
		for _, p := range state.Places {
			got = append(got, p.ID)
		}
		want := slices.Clone(open)
		if c.staff {
			want = append(want, "staff-room")
		}
		want = append(want, "dm-"+chat.PlaceID(c.who))
		if !slices.Equal(got, want) {
			t.Errorf("%s, room %s: sees %v, want %v", c.who, c.room, got, want)
		}
		for _, m := range state.Messages {
			if !slices.Contains(want, m.Place) {
				t.Errorf("%s, room %s: sees a message of %s", c.who, c.room, m.Place)
			}
		}
	}
}

// page follows the stream of one person, as a tab does.
type page struct {
	t     *testing.T
	lines *bufio.Scanner
	last  string
}

func openPage(t *testing.T, url, who, at, lastEvent string) *page {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/stream?as="+who+"&at="+at, nil)
	must(t, err)
	if lastEvent != "" {
		r.Header.Set("Last-Event-ID", lastEvent)
	}
	resp, err := http.DefaultClient.Do(r)
	must(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("the stream is %q", got)
	}
	return &page{t: t, lines: bufio.NewScanner(resp.Body)}
}

// next gives the next event's kind and data.
func (p *page) next() (kind, data string) {
	p.t.Helper()
	for p.lines.Scan() {
		name, value, _ := strings.Cut(p.lines.Text(), ": ")
		switch name {
		case "id":
			p.last = value
		case "event":
			kind = value
		case "data":
			return kind, value
		}
	}
	p.t.Fatalf("the stream ended: %v", p.lines.Err())
	return "", ""
}

func TestTabsGetWhatTheirPersonMaySee(t *testing.T) {
	s := newServer(t, Options{})
	web := httptest.NewServer(s)
	defer web.Close()
	defer s.Close()
	at := s.view(nil).At
	morgan, robin := openPage(t, web.URL, "morgan", at, ""), openPage(t, web.URL, "robin", at, "")
	_, err := as(t, s, "jo").Say("staff-room", "a word among staff", "")
	must(t, err)
	_, err = as(t, s, "jo").Say("general", "a word to all", "")
	must(t, err)
	if _, data := morgan.next(); !strings.Contains(data, "a word among staff") {
		t.Errorf("Morgan first got %s", data)
	}
	if _, data := robin.next(); !strings.Contains(data, "a word to all") {
		t.Errorf("Robin first got %s", data)
	}
}

func TestATabCatchesUpAfterABreak(t *testing.T) {
	s := newServer(t, Options{})
	web := httptest.NewServer(s)
	defer web.Close()
	defer s.Close()
	v := as(t, s, "sam")
	say := func(text string) {
		_, err := v.Say("general", text, "")
		must(t, err)
	}
	at := s.view(nil).At
	first := openPage(t, web.URL, "robin", at, "")
	say("one")
	_, data := first.next()
	say("two")
	say("three")
	again := openPage(t, web.URL, "robin", at, first.last)
	_, two := again.next()
	_, three := again.next()
	if !strings.Contains(data, `"one"`) || !strings.Contains(two, `"two"`) || !strings.Contains(three, `"three"`) {
		t.Errorf("read %s, then %s and %s", data, two, three)
	}
	for range maxFeed + 1 {
		say("many")
	}
	if kind, _ := openPage(t, web.URL, "robin", at, first.last).next(); kind != "reset" {
		t.Errorf("a tab that is too far behind got %q, want to start again", kind)
	}
	for _, stale := range []string{"1", "", "99999999999999999999", "nonsense"} {
		if kind, _ := openPage(t, web.URL, "robin", stale, "").next(); kind != "reset" {
			t.Errorf("a tab at %q got %q, want to start again", stale, kind)
		}
	}
}

func TestForeignRequestsAreRefused(t *testing.T) {
	s := newServer(t, Options{Hosts: []string{"demo.example.org"}})
	say := args{"as": "robin", "place": "general", "text": "hi"}
	cases := []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"the page itself", func(*http.Request) {}, http.StatusOK},
		{"a program", func(r *http.Request) { r.Header.Del("Origin"); r.Header.Del("Sec-Fetch-Site") }, http.StatusOK},
		{"a configured host", func(r *http.Request) { r.Host = "demo.example.org"; r.Header.Set("Origin", "http://demo.example.org") }, http.StatusOK},
		{"localhost", func(r *http.Request) { r.Host = "localhost:8086" }, http.StatusOK},
		{"IPv6", func(r *http.Request) { r.Host = "[::1]:8086" }, http.StatusOK},
		{"another site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, http.StatusForbidden},
		{"a sibling site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, http.StatusForbidden},
		{"another origin, old browser", func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "http://evil.example") }, http.StatusForbidden},
		{"no origin, sandboxed", func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "null") }, http.StatusForbidden},
		{"a rebound name", func(r *http.Request) { r.Host = "evil.example:8086" }, http.StatusMisdirectedRequest},
		{"no host", func(r *http.Request) { r.Host = "" }, http.StatusMisdirectedRequest},
		{"a plain form", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, http.StatusUnsupportedMediaType},
		{"no type", func(r *http.Request) { r.Header.Del("Content-Type") }, http.StatusUnsupportedMediaType},
	}
	for _, c := range cases {
		before := len(s.room("general").messages)
		status, body := visit(t, s, "say", say, c.change)
		if status != c.want {
			t.Errorf("%s: status %d, want %d: %s", c.name, status, c.want, body)
		}
		if wrote := len(s.room("general").messages) - before; (wrote == 1) != (c.want == http.StatusOK) {
			t.Errorf("%s: wrote %d messages", c.name, wrote)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://evil.example/api/state?as=morgan", nil)
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != http.StatusMisdirectedRequest {
		t.Errorf("a rebound name read the state: %d", w.Code)
	}
}

func TestHeaders(t *testing.T) {
	s := newServer(t, Options{})
	for _, path := range []string{"/", "/main.js", "/style.css", "/api/state", "/nothing"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil))
		for name, want := range map[string]string{
			"Content-Security-Policy":    contentPolicy,
			"X-Content-Type-Options":     "nosniff",
			"Referrer-Policy":            "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

// The content policy forbids inline script and style, and anything from
// elsewhere; the page must not try.
func TestPageKeepsToItsPolicy(t *testing.T) {
	entries, err := os.ReadDir("page")
	must(t, err)
	for _, e := range entries {
		raw, err := os.ReadFile("page/" + e.Name())
		must(t, err)
		text := string(raw)
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "javascript:", "@import"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s uses %s", e.Name(), bad)
			}
		}
		for _, from := range []string{"src=\"http", "href=\"http", "url(http", "fetch(\"http", "from \"http"} {
			if strings.Contains(text, from) {
				t.Errorf("%s loads something from elsewhere", e.Name())
			}
		}
		if strings.HasSuffix(e.Name(), ".html") && (strings.Contains(text, "<style") || strings.Contains(text, " style=") || strings.Contains(text, " onclick=")) {
			t.Errorf("%s has style or script of its own", e.Name())
		}
	}
}

func TestWrongInputGetsASentence(t *testing.T) {
	s := newServer(t, Options{})
	say := func(text string) []byte {
		raw, err := json.Marshal(args{"as": "robin", "place": "general", "text": text})
		must(t, err)
		return raw
	}
	cases := []struct {
		name   string
		path   string
		body   []byte
		status int
		says   string
	}{
		{"nothing at all", "say", nil, 400, "form expected"},
		{"an empty message", "say", say(""), 422, "Write something"},
		{"spaces", "say", say(" \n\t "), 422, "Write something"},
		{"4,001 characters", "say", say(strings.Repeat("é", 4001)), 422, "at most 4,000 characters; this one has 4,001"},
		{"10,000 emoji", "say", say(strings.Repeat("😀", 10000)), 422, "this one has 10,000"},
		{"1 MB", "say", say(strings.Repeat("a", 1<<20)), 413, "at most 65,536 bytes"},
		{"NUL", "say", say("a\x00b"), 422, "control character"},
		{"broken UTF-8", "say", []byte("{\"as\":\"robin\",\"place\":\"general\",\"text\":\"\xff\xfe\"}"), 400, "encoding is broken"},
		{"binary", "say", []byte{0x7f, 'E', 'L', 'F', 2, 1}, 400, "form expected"},
		{"two values", "say", []byte(`{"as":"robin"}{}`), 400, "after its end"},
		{"an unknown field", "say", []byte(`{"as":"robin","admin":true}`), 400, "form expected"},
		{"a wrong type", "say", []byte(`{"as":1}`), 400, "form expected"},
		{"deep nesting", "say", []byte(strings.Repeat("[", 20000)), 400, "form expected"},
		{"nobody", "say", []byte(`{"as":"","place":"general","text":"x"}`), 404, "Nobody here"},
		{"a stranger", "say", []byte(`{"as":"waymark","place":"general","text":"x"}`), 404, "Nobody here"},
		{"no such place", "say", []byte(`{"as":"robin","place":"nowhere","text":"x"}`), 404, "no such place"},
		{"the staff room, for a member", "say", []byte(`{"as":"robin","place":"staff-room","text":"x"}`), 404, "cannot see it"},
		{"somebody else's direct messages", "say", []byte(`{"as":"robin","place":"dm-jo","text":"x"}`), 404, "cannot see it"},
		{"a reply to nothing", "say", []byte(`{"as":"robin","place":"general","text":"x","replyTo":"9"}`), 404, "not there any more"},
		{"an edit of nothing", "edit", []byte(`{"as":"robin","place":"general","id":"9","text":"x"}`), 404, "not there any more"},
		{"a command without the bot", "command", []byte(`{"as":"robin","place":"general","name":"learn"}`), 503, "not here at the moment"},
		{"a press on nothing", "press", []byte(`{"as":"robin","place":"general","id":"9","verb":"v"}`), 404, "not there any more"},
		{"an old form", "submit", []byte(`{"as":"robin","form":"i9"}`), 410, "too old"},
		{"no such story", "story", []byte(`{"do":"start","story":"x"}`), 404, "no such story"},
		{"no story is playing", "story", []byte(`{"do":"stop"}`), 409, "No story"},
		{"no such state", "staff-room", []byte(`{"state":"x"}`), 422, "no such state"},
		{"no such path", "nothing", []byte(`{}`), 404, "nothing here"},
	}
	for _, c := range cases {
		status, body := visit(t, s, c.path, c.body)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %s, want %d and %q", c.name, status, body, c.status, c.says)
		}
	}
	for _, text := range []string{"<script>alert(1)</script>", strings.Repeat("😀", 4000), "a\r\nb"} {
		if status, body := visit(t, s, "say", say(text)); status != http.StatusOK {
			t.Errorf("%.20q: %d %s, want it taken", text, status, body)
		}
	}
}

func TestOnlyOnesOwnMessagesCanBeChanged(t *testing.T) {
	s := newServer(t, Options{})
	robin, alex, morgan := as(t, s, "robin"), as(t, s, "alex"), as(t, s, "morgan")
	id, err := robin.Say("general", "mine", "")
	must(t, err)
	if alex.Edit("general", id, "not yours") == nil || morgan.Edit("general", id, "nor yours") == nil {
		t.Error("somebody else edited a message")
	}
	if alex.Delete("general", id) == nil {
		t.Error("somebody else deleted a message")
	}
	must(t, robin.Edit("general", id, "still mine"))
	must(t, morgan.Delete("general", id)) // moderators may
	if robin.Edit("general", id, "gone") == nil {
		t.Error("a deleted message was edited")
	}
}

func TestHistoryIsBounded(t *testing.T) {
	s := newServer(t, Options{NoHistory: true})
	v := as(t, s, "robin")
	for i := range maxHistory + 20 {
		_, err := v.Say("general", fmt.Sprint("line ", i), "")
		must(t, err)
	}
	got := s.room("general").messages
	if len(got) != maxHistory || got[0].text != "line 20" {
		t.Errorf("kept %d from %q, want %d from line 20", len(got), got[0].text, maxHistory)
	}
	s.outbox.lanes["general"] = make([]*event, maxPending)
	_, err := v.Say("general", "one more", "")
	must(t, err)
	if n := len(s.outbox.lanes["general"]); n != maxPending {
		t.Errorf("%d events wait for the bot, want at most %d", n, maxPending)
	}
}

func TestNumbersGrowOverRestarts(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	first := newServer(t, Options{Now: func() time.Time { return now }})
	id, err := as(t, first, "robin").Say("general", "x", "")
	must(t, err)
	second := newServer(t, Options{Now: func() time.Time { return now.Add(time.Second) }})
	again, err := as(t, second, "robin").Say("general", "x", "")
	must(t, err)
	if again <= id {
		t.Errorf("after a restart a message is %s, which is not after %s", again, id)
	}
}

// answers is a bot that answers as it is told.
type answers struct {
	chat.Handler
	command func(chat.Command) (chat.Answer, error)
	submit  func(chat.Submission) (chat.Answer, error)
	message func(context.Context, chat.Message) error
}

func (a answers) Command(_ context.Context, c chat.Command) (chat.Answer, error) { return a.command(c) }

func (a answers) Submit(_ context.Context, s chat.Submission) (chat.Answer, error) {
	return a.submit(s)
}

func (a answers) Message(ctx context.Context, m chat.Message) error { return a.message(ctx, m) }

// runBot connects a bot over HTTP and registers /learn.
func runBot(t *testing.T, s *Server, h chat.Handler) *Client {
	t.Helper()
	web := httptest.NewServer(s)
	c := NewClient(web.URL, testToken)
	c.backoff = backoff{first: time.Millisecond, most: 20 * time.Millisecond}
	c.grace = 100 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, h) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run gave %v", err)
		}
		s.Close()
		web.Close()
	})
	must(t, c.Register(t.Context(), []chat.CommandSpec{
		{Name: "learn"},
		{Name: "safeguarding", Staff: true, Subcommands: []chat.CommandSpec{{Name: "status"}}},
	}))
	return c
}

func privates(s *Server, who chat.PersonID) []privateView { return s.view(s.person(who)).Private }

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-tick.C
	}
}

func TestALateAnswerIsSaidAndStillLands(t *testing.T) {
	s := newServer(t, Options{AnswerWithin: 20 * time.Millisecond})
	release := make(chan struct{})
	runBot(t, s, answers{command: func(chat.Command) (chat.Answer, error) {
		<-release
		return chat.Show(chat.Card{Title: "At last"}), nil
	}})
	_, err := as(t, s, "robin").Command("general", "learn", nil)
	must(t, err)
	if got := privates(s, "robin"); len(got) != 1 || got[0].State != stateWaiting {
		t.Fatalf("at first Robin sees %+v, want to be told to wait", got)
	}
	until(t, "Robin is told that no answer came", func() bool { return privates(s, "robin")[0].State == stateLate })
	close(release)
	until(t, "the late answer stands in its place", func() bool {
		got := privates(s, "robin")
		return len(got) == 1 && got[0].State == stateShown && got[0].Card.Title == "At last"
	})
}

func TestWithoutTheBotThePageSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{})
		s.commands = []commandJSON{{Name: "learn"}}
		v := as(t, s, "robin")
		_, err := v.Command("general", "learn", nil)
		must(t, err)
		time.Sleep(answerWithin - time.Millisecond)
		synctest.Wait()
		if got := privates(s, "robin")[0].State; got != stateWaiting {
			t.Errorf("just before the deadline the answer is %q", got)
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if got := privates(s, "robin")[0].State; got != stateLate {
			t.Errorf("just after the deadline the answer is %q", got)
		}
		id := s.asks[0].id
		time.Sleep(answerUntil)
		if err := s.answer(id, chat.Show(chat.Card{Title: "Too late"})); err == nil {
			t.Error("an answer after 15 minutes was taken")
		}
	})
}

func TestAFormOpensInItsTabAndIsChecked(t *testing.T) {
	s := newServer(t, Options{})
	var sent atomic.Int32
	runBot(t, s, answers{
		command: func(chat.Command) (chat.Answer, error) {
			return chat.Answer{Form: &chat.Form{Verb: "f", Title: "A form", Fields: []chat.Field{
				{Name: "what", Label: "What", Kind: chat.Paragraph, Required: true, MaxLen: 10},
				{Name: "who", Label: "Who", Kind: chat.Choice, Options: []chat.Option{{Label: "Me", Value: "me"}}},
			}}}, nil
		},
		submit: func(chat.Submission) (chat.Answer, error) { sent.Add(1); return chat.Answer{}, nil },
	})
	v := as(t, s, "robin")
	id, err := v.Command("general", "learn", nil)
	must(t, err)
	until(t, "the form is open", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.asking(id).form != nil })
	if got := privates(s, "robin"); len(got) != 0 {
		t.Errorf("beside the form Robin sees %+v", got)
	}
	cases := []struct {
		name   string
		values map[string]string
		field  string
	}{
		{"nothing filled in", nil, "what"},
		{"too long", map[string]string{"what": "twelve chars"}, "what"},
		{"not one of the choices", map[string]string{"what": "ok", "who": "you"}, "who"},
		{"a control character", map[string]string{"what": "a\x01"}, "what"},
		{"an unknown field", map[string]string{"what": "ok", "other": "x"}, ""},
	}
	for _, c := range cases {
		status, body := visit(t, s, "submit", args{"as": "robin", "form": id, "values": c.values})
		if status < 400 || status > 499 || c.field != "" && !strings.Contains(body, `"`+c.field+`":`) {
			t.Errorf("%s: %d %s, want it refused at %q", c.name, status, body, c.field)
		}
	}
	if _, err := as(t, s, "sam").Submit(id, map[string]string{"what": "ok"}); err == nil {
		t.Error("somebody else sent Robin's form")
	}
	if n := sent.Load(); n != 0 {
		t.Fatalf("%d wrong forms reached the bot", n)
	}
	_, err = v.Submit(id, map[string]string{"what": "ten  chars", "who": "me"})
	must(t, err)
	until(t, "the form reached the bot", func() bool { return sent.Load() == 1 })
}

func TestStaffCommandsAreForStaff(t *testing.T) {
	s := newServer(t, Options{})
	runBot(t, s, answers{command: func(c chat.Command) (chat.Answer, error) { return chat.Show(chat.Card{Title: c.Name}), nil }})
	names := func(who chat.PersonID) (out []string) {
		for _, c := range s.view(s.person(who)).Commands {
			out = append(out, c.Name)
		}
		return out
	}
	if got := names("robin"); !slices.Equal(got, []string{"learn"}) {
		t.Errorf("Robin is offered %v", got)
	}
	if got := names("jo"); !slices.Equal(got, []string{"learn", "safeguarding status"}) {
		t.Errorf("Jo is offered %v", got)
	}
	if _, err := as(t, s, "robin").Command("general", "safeguarding status", nil); err == nil {
		t.Error("Robin used a staff command")
	}
	_, err := as(t, s, "jo").Command("staff-room", "safeguarding status", nil)
	must(t, err)
	until(t, "Jo is answered", func() bool {
		got := privates(s, "jo")
		return len(got) == 1 && got[0].Card != nil && got[0].Card.Title == "safeguarding status"
	})
}

// A question that was asked while the bot was down, or that it did not live to
// answer, is put to the next one.
func TestAnUnansweredQuestionIsPutAgain(t *testing.T) {
	s := newServer(t, Options{})
	s.commands = []commandJSON{{Name: "learn"}}
	_, err := as(t, s, "robin").Command("general", "learn", nil)
	must(t, err)
	runBot(t, s, answers{command: func(chat.Command) (chat.Answer, error) { return chat.Show(chat.Card{Title: "Here"}), nil }})
	until(t, "the answer lands", func() bool { return privates(s, "robin")[0].State == stateShown })
}

func TestAMessageAtWorkIsNotHandledTwiceForABrokenConnection(t *testing.T) {
	s := newServer(t, Options{NoHistory: true})
	var handed atomic.Int32
	entered, release := make(chan struct{}), make(chan struct{})
	runBot(t, s, answers{message: func(_ context.Context, m chat.Message) error {
		if m.Text != "slow" {
			return nil
		}
		if handed.Add(1) == 1 {
			close(entered)
		}
		<-release
		return nil
	}})
	v := as(t, s, "robin")
	_, err := v.Say("general", "slow", "")
	must(t, err)
	<-entered
	s.mu.Lock()
	old := s.outbox.link
	s.mu.Unlock()
	s.Disconnect()
	until(t, "the bot is back", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.outbox.link != nil && s.outbox.link != old })
	_, err = v.Say("gaming", "a sign that the connection works", "")
	must(t, err)
	until(t, "it works", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.outbox.lanes["gaming"]) == 0 })
	close(release)
	until(t, "the message is acknowledged", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.outbox.lanes["general"]) == 0 })
	if n := handed.Load(); n != 1 {
		t.Errorf("the message was handed over %d times", n)
	}
}

func TestFaultsStrikeWhereTheyAreAskedTo(t *testing.T) {
	s := newServer(t, Options{NoHistory: true})
	var steps []string
	posted := func() int { return len(s.view(s.person("jo")).Messages) }
	s.Intercept(func(op Op, _ *http.Request) Fault {
		if op != OpPost {
			return Fault{}
		}
		steps = append(steps, fmt.Sprint("before ", posted()))
		return Fault{
			Applied:  func() { steps = append(steps, fmt.Sprint("applied ", posted())) },
			Answered: func() { steps = append(steps, "answered") },
		}
	})
	web := httptest.NewServer(s)
	defer web.Close()
	c := NewClient(web.URL, testToken)
	_, err := c.Post(t.Context(), chat.Post{Place: "staff-room", Card: chat.Card{Title: "x"}, Key: "k"})
	must(t, err)
	web.Close() // waits for what runs after the answer
	if want := []string{"before 0", "applied 1", "answered"}; !slices.Equal(steps, want) {
		t.Errorf("the steps were %v, want %v", steps, want)
	}
}

func TestTheBotMustShowItsToken(t *testing.T) {
	s := newServer(t, Options{})
	web := httptest.NewServer(s)
	defer web.Close()
	for _, token := range []string{"", "wrong", testToken + "x"} {
		err := NewClient(web.URL, token).Run(t.Context(), answers{})
		if err == nil || !chat.IsPermanent(err) || !strings.Contains(err.Error(), "token is wrong") {
			t.Errorf("with the token %q Run gave %v, want to be told that it is wrong", token, err)
		}
	}
	shut := NewServer(Options{})
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/bot/v1/me", nil)
	r.Header.Set("Authorization", "Bearer ")
	if shut.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
		t.Errorf("a server without a token let a bot in: %d", w.Code)
	}
}

func TestANewerConnectionTakesOver(t *testing.T) {
	s := newServer(t, Options{NoHistory: true})
	web := httptest.NewServer(s)
	defer web.Close()
	defer s.Close()
	connect := func() *bufio.Scanner {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL+"/bot/v1/events", nil)
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+testToken)
		resp, err := http.DefaultClient.Do(r)
		must(t, err)
		t.Cleanup(func() { resp.Body.Close() })
		lines := bufio.NewScanner(resp.Body)
		if !lines.Scan() || !strings.Contains(lines.Text(), kindHello) {
			t.Fatalf("the stream began with %q", lines.Text())
		}
		return lines
	}
	old := connect()
	_, err := as(t, s, "robin").Say("general", "hi", "")
	must(t, err)
	if !old.Scan() || !strings.Contains(old.Text(), `"hi"`) {
		t.Fatalf("the first connection got %q", old.Text())
	}
	next := connect()
	if old.Scan() {
		t.Errorf("the old connection went on with %q", old.Text())
	}
	if !next.Scan() || !strings.Contains(next.Text(), `"hi"`) {
		t.Errorf("the event was not sent again: %q", next.Text())
	}
}

func TestWindowBoundsWhatIsOnItsWay(t *testing.T) {
	s := newServer(t, Options{NoHistory: true})
	v := as(t, s, "robin")
	for i := range window + 5 {
		_, err := v.Say("general", fmt.Sprint(i), "")
		must(t, err)
	}
	_, err := v.Say("gaming", "elsewhere", "")
	must(t, err)
	l := &link{sent: map[string]bool{}}
	first := s.outbox.take(s.rooms, l)
	if len(first) != window+1 {
		t.Fatalf("%d events were sent at once, want %d of one place and 1 of another", len(first), window)
	}
	if !s.outbox.acknowledged(first[0].ID) || s.outbox.acknowledged(first[0].ID) {
		t.Error("an event must be acknowledged once")
	}
	if more := s.outbox.take(s.rooms, l); len(more) != 1 || more[0].Message.Text != fmt.Sprint(window) {
		t.Errorf("after one was acknowledged, %d more were sent", len(more))
	}
}

func TestAShutStaffRoomIsAPermanentError(t *testing.T) {
	s := newServer(t, Options{})
	web := httptest.NewServer(s)
	defer web.Close()
	c := NewClient(web.URL, testToken)
	must(t, s.SetStaffRoom(ShutToBot))
	_, err := c.Post(t.Context(), chat.Post{Place: "staff-room", Card: chat.Card{Title: "x"}})
	if !chat.IsPermanent(err) || chat.IsGone(err) {
		t.Errorf("posting gave %v, want a permanent error", err)
	}
	if ok, err := c.IsStaff(t.Context(), "playground", "jo", chat.StaffRule{Place: "staff-room", Role: "staff"}); err != nil || !ok {
		t.Errorf("Jo is staff: %v, %v", ok, err)
	}
	must(t, s.SetStaffRoom(WithNewcomer))
	if a, err := c.Access(t.Context(), "playground", "staff-room", chat.StaffRule{Role: "staff"}, nil); err != nil || a.Others != "Alex" {
		t.Errorf("with Alex in it, others are %q, %v", a.Others, err)
	}
	must(t, s.SetStaffRoom(OpenToAll))
	if a, err := c.Access(t.Context(), "playground", "staff-room", chat.StaffRule{Role: "staff"}, nil); err != nil || a.Others != "everyone in the community" {
		t.Errorf("open to all, others are %q, %v", a.Others, err)
	}
}

func TestAStoryIsToldAsPeopleType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{NoHistory: true})
		tale := s.stories[0]
		must(t, s.Story("start", tale.ID, Normal))
		time.Sleep(time.Duration(tale.Lines[0].Wait*float64(time.Second)) + time.Millisecond)
		synctest.Wait()
		if got := s.view(nil).Story; got.Step != 1 || got.Status != "playing" {
			t.Fatalf("after the first wait the story is at %+v", got)
		}
		must(t, s.Story("next", "", ""))
		must(t, s.Story("pause", "", ""))
		time.Sleep(time.Hour)
		if got := s.view(nil).Story; got.Step != 2 || got.Status != "paused" {
			t.Fatalf("while paused the story went to %+v", got)
		}
		must(t, s.Story("resume", "", ""))
		must(t, s.Story("pace", "", Fast))
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := s.view(nil).Story; got.Status != "done" || got.Step != len(tale.Lines) {
			t.Fatalf("in the end the story is at %+v", got)
		}
		told := s.room(tale.Place).messages
		if len(told) != len(tale.Lines) {
			t.Fatalf("%d lines were written, want %d", len(told), len(tale.Lines))
		}
		for i, m := range told {
			if l := tale.Lines[i]; m.text != l.Text || m.author != l.By || (l.To != "") != (m.replyTo != nil) {
				t.Errorf("line %d is %q by %s", i+1, m.text, m.author)
			}
		}
		if n := len(s.outbox.lanes[tale.Place]); n != len(tale.Lines) {
			t.Errorf("the bot was told of %d messages, want %d", n, len(tale.Lines))
		}
		must(t, s.Story("start", s.stories[2].ID, Normal))
		must(t, s.Story("stop", "", ""))
		must(t, s.Story("close", "", ""))
		if s.view(nil).Story != nil {
			t.Error("the story is still shown")
		}
	})
}

func TestMentions(t *testing.T) {
	s := newServer(t, Options{})
	for text, want := range map[string]string{
		"@Robin hi":              "[robin]",
		"hi @sam, and @SAM":      "[sam]",
		"@Robinson":              "[]",
		"@Robinson and @Robin":   "[robin]",
		"mail me@jo.example":     "[jo]", // as chat platforms do, the sign is enough
		"@Jo@Morgan":             "[morgan jo]",
		"@":                      "[]",
		"":                       "[]",
		"@Alexé":                 "[]",
		"@Alex\U0001F600 @alex.": "[alex]",
	} {
		if got := fmt.Sprint(mentions(text, s.people)); got != want {
			t.Errorf("%q names %s, want %s", text, got, want)
		}
	}
}

// Whatever is sent to the page's API, it answers with what was asked or a
// refusal, never a failure of its own.
func FuzzVisitor(f *testing.F) {
	paths := []string{"say", "edit", "delete", "command", "press", "submit", "complete", "dismiss", "read", "story", "staff-room"}
	for i := range paths {
		f.Add(uint8(i), []byte(`{"as":"robin","place":"general","text":"hi","id":"1","name":"learn","args":{"a":"b"},"values":{"a":"b"}}`))
	}
	f.Add(uint8(0), []byte("{\"as\":\"robin\",\"place\":\"general\",\"text\":\"@Robin \\u0000 <b>\"}"))
	s := NewServer(Options{Token: testToken, AnswerWithin: time.Millisecond})
	s.commands = []commandJSON{{Name: "learn", Options: []commandOptionJSON{{Name: "a", Completes: true}}}}
	f.Fuzz(func(t *testing.T, path uint8, body []byte) {
		status, out := visit(t, s, paths[int(path)%len(paths)], body)
		if status >= 500 && status != http.StatusServiceUnavailable {
			t.Errorf("%s with %q gave %d %s", paths[int(path)%len(paths)], body, status, out)
		}
		if !json.Valid([]byte(out)) {
			t.Errorf("the answer is no JSON: %q", out)
		}
	})
}

// Whatever a bot sends as a card, form or answer is shown or refused.
func FuzzBot(f *testing.F) {
	f.Add([]byte(`{"key":"k","card":{"title":"t","blocks":[{"type":"text","text":"x"},{"type":"controls","controls":[{"type":"button","label":"b","verb":"v"}]}]}}`))
	f.Add([]byte(`{"card":{"title":"t"},"replace":true,"form":{"title":"f","fields":[{"name":"a","kind":"line"}]}}`))
	f.Add([]byte(`[{"name":"a","subcommands":[{"name":"b"}]}]`))
	s := NewServer(Options{Token: testToken})
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, at := range []string{"POST /bot/v1/places/general/cards", "PUT /bot/v1/places/general/cards/1", "POST /bot/v1/interactions/i1/answer", "PUT /bot/v1/commands"} {
			method, path, _ := strings.Cut(at, " ")
			r := httptest.NewRequest(method, "http://127.0.0.1"+path, io.NopCloser(bytes.NewReader(body)))
			r.Header.Set("Authorization", "Bearer "+testToken)
			w := httptest.NewRecorder()
			if s.ServeHTTP(w, r); w.Code >= 500 {
				t.Errorf("%s with %q gave %d", at, body, w.Code)
			}
		}
		var c cardJSON
		if json.Unmarshal(body, &c) != nil {
			return
		}
		card, err := c.card()
		if err != nil {
			return
		}
		back, err := toCardJSON(card).card()
		if err != nil || back.PlainText() != card.PlainText() {
			t.Errorf("a card changed on its way: %v\n%s\n%s", err, card.PlainText(), back.PlainText())
		}
	})
}
