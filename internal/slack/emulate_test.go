package slack

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

// emulateVersion is the emulator that somebody else wrote of Slack's Web API.
// scripts/tools.sh installs it; newer majors are another program.
const emulateVersion = "0.8.0"

// emulator is a running emulate. It serves the Web API and OAuth. It has no
// Socket Mode, no interactions, no users.conversations, no user groups, no
// limits, no Slack Connect and no times in history, takes any token, and checks
// neither blocks nor lengths: those are slacktest's.
type emulator struct {
	t      *testing.T
	root   string // its address, without a slash
	tokens *shelf
}

// startEmulator starts one that sends people back to an address when they
// installed the app.
func startEmulator(t *testing.T, back string) *emulator {
	t.Helper()
	program := emulateProgram()
	node, err := exec.LookPath("node")
	if _, missing := os.Stat(program); missing != nil || err != nil {
		t.Skipf("emulate %s is not installed; scripts/tools.sh installs it where npm is there (WAYMARK_TEST_EMULATE names another folder)", emulateVersion)
	}
	dir := t.TempDir()
	seed := filepath.Join(dir, "seed.yaml")
	if err := os.WriteFile(seed, []byte(strings.Replace(emulateSeed, "ADDRESS", back, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(node, program, "start", "--service", "slack", "--port", port, "--seed", seed)
	c.Dir, c.Stdout, c.Stderr = dir, t.Output(), t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	e := &emulator{t: t, root: "http://localhost:" + port, tokens: newShelf()}
	e.await()
	return e
}

func emulateProgram() string {
	dir := os.Getenv("WAYMARK_TEST_EMULATE")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(cache, "waymark-tests", "emulate-"+emulateVersion)
	}
	return filepath.Join(dir, "node_modules", "emulate", "dist", "index.js")
}

// await waits until the emulator answers.
func (e *emulator) await() {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), 20*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.root, nil)
		if err != nil {
			e.t.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			e.t.Fatal("emulate does not answer")
		}
	}
}

const emulateSeed = `slack:
  team: {name: Hill School, domain: hill}
  users:
    - {name: ana, real_name: Ana}
    - {name: lee, real_name: Lee, is_admin: true}
  channels:
    - {name: games}
    - {name: staff, is_private: true}
  oauth_apps:
    - client_id: "1.2"
      client_secret: secret
      app_id: A000000009
      name: Waymark
      redirect_uris: [ADDRESS]
      scopes: [chat:write]
  tokens:
    - {token: xoxp-ana, type: user, user: ana}
    - {token: xoxp-lee, type: user, user: lee}
    - {token: xoxb-few, type: bot, user: lee, scopes: [chat:write]}
  strict_scopes: true
`

// TestAgainstEmulate runs the Web API calls against a program that does not
// know the adapter: what two who never spoke both take is likelier to be
// Slack's.
func TestAgainstEmulate(t *testing.T) {
	var s *Slack
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.Install().ServeHTTP(w, r) }))
	defer pages.Close()
	e := startEmulator(t, pages.URL+ReturnPath)
	s = quickAt(t, e.root, func(o *Options) {
		o.Installations, o.OAuth = e.tokens, OAuth{ClientID: "1.2", ClientSecret: "secret", Address: pages.URL}
	})
	e.install(pages.URL)
	ana, lee := e.client("xoxp-ana"), e.client("xoxp-lee")
	server := chat.ServerID("T000000001")
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}

	if teams, err := s.Servers(t.Context()); err != nil || !slices.Equal(teams, []chat.ServerID{server}) {
		t.Fatalf("the workspaces are %v %v", teams, err)
	}
	if name, err := s.ServerName(t.Context(), server); err != nil || name != "Hill School" {
		t.Errorf("the workspace is called %q %v", name, err)
	}
	if bot, err := s.Identify(t.Context()); err != nil || bot == "" {
		t.Errorf("the bot is called %q %v", bot, err)
	}

	// Which channels there are, and letting the bot in.
	missed, err := s.Uncovered(t.Context(), server)
	must("list what is not read", err)
	ids := map[string]chat.PlaceID{}
	for _, u := range missed {
		ids[u.Place.Name] = u.Place.ID
	}
	general := ids["general"]
	if len(ids) != 3 || general == "" || ids["games"] == "" || ids["random"] == "" {
		t.Fatalf("not read are %+v", missed)
	}
	must("join", s.Join(t.Context(), server, general))
	if missed, err := s.Uncovered(t.Context(), server); err != nil || len(missed) != 2 {
		t.Errorf("after joining, not read are %+v %v", missed, err)
	}
	staff := e.private(lee, "staff")
	if _, err := s.Access(t.Context(), server, staff, chat.StaffRule{Place: staff}, nil); !chat.IsPermanent(err) {
		t.Errorf("a private channel without the bot: %v, want that it cannot work", err)
	}
	w, err := s.space(t.Context(), server)
	must("look up the workspace", err)
	_, err = lee.InviteUsersToConversationContext(t.Context(), string(staff), w.me)
	must("invite the bot", err)

	// People, and who reads what.
	who := e.people(lee)
	anaID, leeID := chat.PersonID(who["ana"]), chat.PersonID(who["lee"])
	if p, err := s.Person(t.Context(), server, anaID); err != nil || p.ID != anaID || !strings.EqualFold(p.Name, "ana") || p.Bot || p.Standing != chat.Member {
		t.Errorf("Ana is %+v %v", p, err)
	}
	if _, err := s.Person(t.Context(), server, "U999999999"); !chat.IsGone(err) {
		t.Errorf("nobody is %v", err)
	}
	rule := chat.StaffRule{Place: staff}
	if a, err := s.Access(t.Context(), server, general, rule, []chat.PersonID{anaID}); err != nil || a.Others != "everyone in the workspace" || len(a.Readers) != 1 {
		t.Errorf("the general channel: %+v %v", a, err)
	}
	must("take Ana out", lee.KickUserFromConversationContext(t.Context(), string(staff), string(anaID)))
	if a, err := s.Access(t.Context(), server, staff, rule, []chat.PersonID{anaID, leeID}); err != nil || !slices.Equal(a.Readers, []chat.PersonID{leeID}) {
		t.Errorf("the staff channel: %+v %v", a, err)
	}
	for id, want := range map[chat.PersonID]bool{anaID: false, leeID: true} {
		if is, err := s.IsStaff(t.Context(), server, id, rule); err != nil || is != want {
			t.Errorf("%s is staff: %v %v, want %v", id, is, err, want)
		}
	}

	// A card: once for each key, found again by its metadata, changed in place.
	post := chat.Post{Server: server, Place: staff, Card: cards()["alert"], Key: "key-1", Notify: true}
	at, err := s.Post(t.Context(), post)
	must("post", err)
	fresh := quickAt(t, e.root, func(o *Options) { o.Installations = e.tokens })
	if again, err := fresh.Post(t.Context(), post); err != nil || again != at {
		t.Errorf("the same card once more: %+v %v, want %+v", again, err, at)
	}
	below := chat.Post{Server: server, Place: staff, Under: at.ID, Card: cards()["notice"], Key: "key-2"}
	note, err := s.Post(t.Context(), below)
	must("post below", err)
	if again, err := fresh.Post(t.Context(), below); err != nil || again != note {
		t.Errorf("the same note once more: %+v %v, want %+v", again, err, note)
	}
	must("update", s.Update(t.Context(), at, cards()["done"]))
	if m, err := s.Fetch(t.Context(), at); err != nil || !strings.Contains(m.Text, "Case 12: closed") {
		t.Errorf("the card reads %q %v", m.Text, err)
	}
	if err := s.Update(t.Context(), chat.MessageRef{Server: server, Place: staff, ID: "1.000001"}, cards()["done"]); !chat.IsGone(err) {
		t.Errorf("a card that is not there: %v", err)
	}

	// What somebody wrote, in the channel and below a message.
	_, _, _, err = ana.JoinConversationContext(t.Context(), string(general))
	must("let Ana join", err)
	_, ts, err := ana.PostMessageContext(t.Context(), string(general), slack.MsgOptionText("hello <@"+string(leeID)+"> &amp; all", false))
	must("write", err)
	_, reply, err := lee.PostMessageContext(t.Context(), string(general), slack.MsgOptionText("hi", false), slack.MsgOptionTS(ts))
	must("answer", err)
	m, err := s.Fetch(t.Context(), chat.MessageRef{Server: server, Place: general, ID: chat.MessageID(ts)})
	if err != nil || m.Author.ID != anaID || !strings.HasSuffix(m.Text, "& all") || !slices.Equal(m.Mentions, []chat.PersonID{leeID}) || m.Place.Name != "general" {
		t.Errorf("the message is %+v %v", m, err)
	}
	got, err := s.After(t.Context(), server, general, "", time.Now().Add(-time.Hour), 10)
	if err != nil || len(got) != 2 || got[0].ID != chat.MessageID(ts) || got[1].ID != chat.MessageID(reply) || got[1].ReplyTo != anaID {
		t.Errorf("what came in the last hour: %+v %v", got, err)
	}
	if _, err := s.Fetch(t.Context(), chat.MessageRef{Server: server, Place: general, ID: "1.000001"}); !chat.IsGone(err) {
		t.Errorf("a message that is not there: %v", err)
	}

	// One person alone: a direct conversation, a note beside a message, the
	// Home tab, a window.
	direct, err := s.Direct(t.Context(), server, leeID)
	must("open the direct conversation", err)
	_, err = s.Post(t.Context(), chat.Post{Server: server, Place: direct.ID, Card: cards()["alert"], Key: "key-3", Notify: true})
	must("write to the lead", err)
	must("whisper", s.Whisper(t.Context(), m.Ref(), anaID, cards()["help"]))
	must("show the Home tab", s.ShowHome(t.Context(), server, anaID, cards()["help"]))
	must("reach the lead", s.Reach(t.Context(), server, leeID))
	e.window(w, string(anaID), cardView(cards()["help"], ""))
	e.window(w, string(anaID), formView(staffForm, ""))

	// Refusals that both know.
	must("archive", lee.ArchiveConversationContext(t.Context(), string(staff)))
	if _, err := s.Post(t.Context(), chat.Post{Server: server, Place: staff, Card: cards()["notice"]}); !chat.IsGone(err) {
		t.Errorf("into an archived channel: %v", err)
	}
	if lacks, err := s.Lacking(t.Context(), server, staff); !chat.IsGone(err) {
		t.Errorf("an archived channel lacks %v %v", lacks, err)
	}
	few := quickAt(t, e.root, func(o *Options) { o.BotToken = "xoxb-few" })
	if _, err := few.Person(t.Context(), server, anaID); !chat.IsPermanent(err) || !strings.Contains(err.Error(), "the scope users:read") {
		t.Errorf("without the scope: %v", err)
	}
	if at, err := s.Clock(t.Context()); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("the time there is %v %v", at, err)
	}
}

// quickAt makes an adapter for an address, in HTTP mode.
func quickAt(t *testing.T, root string, change func(*Options)) *Slack {
	t.Helper()
	o := Options{SigningSecret: "secret", Mode: HTTPMode, BaseURL: root + "/api/"}
	change(&o)
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.http.Transport = bearer{s.http.Transport}
	s.time.member, s.time.naming = 0, 0
	t.Cleanup(s.http.CloseIdleConnections)
	return s
}

// bearer moves the token from the form, where slack-go puts it and Slack takes
// it, into the header, where alone emulate looks for it.
type bearer struct{ next http.RoundTripper }

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil || !strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return b.next.RoundTrip(req)
	}
	raw, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	if token := form.Get("token"); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	form.Del("token")
	body := form.Encode()
	req.Body, req.ContentLength, req.GetBody = io.NopCloser(strings.NewReader(body)), int64(len(body)), nil
	return b.next.RoundTrip(req)
}

func (b bearer) CloseIdleConnections() {
	if c, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// install takes the app through the emulator's page of consent, from the app's
// own page on.
func (e *emulator) install(page string) {
	e.t.Helper()
	b := newBrowser(e.t)
	_, _, to := b.visit(page + InstallPath)
	if to == nil || !strings.HasPrefix(to.String(), e.root) {
		e.t.Fatalf("the installation leads to %v", to)
	}
	status, consent, _ := b.visit(to.String())
	user := regexp.MustCompile(`name="user_id" value="(U[0-9A-Z]+)"`).FindStringSubmatch(consent)
	if status != http.StatusOK || user == nil {
		e.t.Fatalf("the page of consent was answered %d: %s", status, consent)
	}
	form := url.Values{"user_id": {user[1]}}
	for _, k := range []string{"redirect_uri", "scope", "state", "client_id"} {
		form.Set(k, to.Query().Get(k))
	}
	res, err := b.c.PostForm(e.root+"/oauth/v2/authorize/callback", form)
	if err != nil {
		e.t.Fatal(err)
	}
	res.Body.Close()
	back, err := res.Location()
	if err != nil {
		e.t.Fatal(err)
	}
	if status, said, _ := b.visit(back.String()); status != http.StatusOK {
		e.t.Fatalf("the installation ended with %d: %s", status, said)
	}
}

// client is somebody in the workspace.
func (e *emulator) client(token string) *slack.Client {
	return slack.New(token, slack.OptionAPIURL(e.root+"/api/"), slack.OptionHTTPClient(&http.Client{Transport: bearer{http.DefaultTransport}}))
}

// private finds a private channel that somebody is in.
func (e *emulator) private(of *slack.Client, name string) chat.PlaceID {
	e.t.Helper()
	list, _, err := of.GetConversationsContext(e.t.Context(), &slack.GetConversationsParameters{Types: []string{"private_channel"}})
	if err != nil {
		e.t.Fatal(err)
	}
	for _, c := range list {
		if c.Name == name {
			return chat.PlaceID(c.ID)
		}
	}
	e.t.Fatalf("there is no private channel %s in %+v", name, list)
	return ""
}

// people are the ids of all by their names.
func (e *emulator) people(of *slack.Client) map[string]string {
	e.t.Helper()
	list, err := of.GetUsersContext(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	out := map[string]string{}
	for _, u := range list {
		out[u.Name] = u.ID
	}
	return out
}

// window opens a window as after a press by somebody.
func (e *emulator) window(w *space, who string, v slack.ModalViewRequest) {
	e.t.Helper()
	token, err := e.tokens.Token(e.t.Context(), w.team)
	if err != nil {
		e.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(e.t.Context(), http.MethodPost, e.root+"/api/views.generateTriggerId",
		strings.NewReader(url.Values{"user_id": {who}}.Encode()))
	if err != nil {
		e.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+string(token))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	var got struct {
		Trigger string `json:"trigger_id"`
	}
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.Trigger == "" {
		e.t.Fatalf("no trigger: %v", err)
	}
	if _, err := w.api.OpenViewContext(e.t.Context(), got.Trigger, v); err != nil {
		e.t.Errorf("the window %q: %v", v.Title.Text, err)
	}
}
