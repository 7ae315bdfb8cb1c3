package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

// maxAnswer is the longest answer of the Web API that is read.
const maxAnswer = 32 << 20

// transport keeps what slack-go decodes within bounds, and gives callers the
// raw answer where they ask for it: slack-go fails at a whole page of messages
// when one of them holds something that it does not expect.
type transport struct{ next *http.Transport }

func newTransport() transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 32
	return transport{t}
}

// CloseIdleConnections lets the client close what is not in use.
func (t transport) CloseIdleConnections() { t.next.CloseIdleConnections() }

type rawKey struct{}

// withRaw has the next answer's body written to raw.
func withRaw(ctx context.Context, raw *[]byte) context.Context {
	return context.WithValue(ctx, rawKey{}, raw)
}

// RoundTrip makes the request.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusTooManyRequests && !wholeSeconds(resp.Header.Get("Retry-After")) {
		resp.Header.Set("Retry-After", "30") // slack-go wants whole seconds, and Slack a pause
	}
	body := struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	resp.Body = body
	if raw, ok := req.Context().Value(rawKey{}).(*[]byte); ok {
		all, err := io.ReadAll(body)
		_ = body.Close()
		if err != nil {
			return nil, err
		}
		*raw = all
		resp.Body = io.NopCloser(bytes.NewReader(all))
	}
	return resp, nil
}

func wholeSeconds(s string) bool {
	return s != "" && len(s) < 7 && strings.Trim(s, "0123456789") == ""
}

// space is one workspace that the app is installed in.
type space struct {
	api  *slack.Client
	team chat.ServerID
	name string
	page string // where its client lies: https://example.slack.com/
	me   string // the bot's user id
	bot  string // the bot's other id, which its messages carry
	// called is what the bot is called; scopes are what it was granted when
	// its token was last looked at, nil where Slack did not say.
	called string
	scopes []string
}

// link opens a message in Slack's own client.
func (w *space) link(place chat.PlaceID, ts string) string {
	channel, thread := split(place)
	at := w.page + "archives/" + channel + "/p" + strings.Replace(ts, ".", "", 1)
	if thread != "" {
		at += "?thread_ts=" + thread + "&cid=" + channel
	}
	return at
}

// spaces are the workspaces that are known.
type spaces struct {
	mu   sync.Mutex
	list map[chat.ServerID]*space
	only chat.ServerID // the one that the bot token belongs to
}

func (x *spaces) get(team chat.ServerID) *space {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.list[team]
}

func (x *spaces) drop(team chat.ServerID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.list, team)
}

// all are the workspaces that are known.
func (x *spaces) all() []*space {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []*space
	for _, w := range x.list {
		out = append(out, w)
	}
	return out
}

// open makes the workspaces known that can be without being asked for one.
func (x *spaces) open(ctx context.Context, s *Slack, in *intake) error {
	if s.o.Installations == nil {
		_, err := s.space(ctx, "")
		return err
	}
	teams, err := s.o.Installations.Workspaces(ctx)
	if err != nil {
		return err
	}
	var passing error
	var later []chat.ServerID
	for _, team := range teams {
		_, err := s.space(ctx, team)
		switch {
		case chat.IsPermanent(err):
			s.log.Error("a workspace cannot be served", "server", team, "err", err)
			in.add(laneKey{server: team}, item{kind: itemCheck, server: team}, nil)
		case err != nil:
			passing, later = err, append(later, team)
		}
	}
	if len(later) > 0 && len(x.all()) == 0 {
		return passing
	}
	for _, team := range later { // the others need not wait for it
		s.log.Warn("a workspace cannot be reached yet", "server", team, "err", passing)
		in.add(laneKey{server: team}, item{kind: itemPresent, server: team}, nil)
	}
	return nil
}

// space gives a workspace; "" stands for the only one.
func (s *Slack) space(ctx context.Context, team chat.ServerID) (*space, error) {
	const op = "look up the workspace"
	if s.o.Installations == nil {
		s.spaces.mu.Lock()
		only := s.spaces.only
		s.spaces.mu.Unlock()
		if only == "" {
			w, err := s.identify(ctx, s.o.BotToken)
			if err != nil {
				return nil, err
			}
			s.spaces.put(w, true)
			only = w.team
		}
		if team != "" && team != only {
			return nil, nowhere(op)
		}
		return s.spaces.get(only), nil
	}
	if team == "" {
		return nil, nowhere(op)
	}
	if w := s.spaces.get(team); w != nil {
		return w, nil
	}
	token, err := s.o.Installations.Token(ctx, team)
	if err != nil {
		return nil, err
	}
	if token == "" {
		return nil, nowhere(op)
	}
	w, err := s.identify(ctx, token)
	if err != nil {
		return nil, err
	}
	if w.team != team {
		return nil, &chat.Error{Op: op, Permanent: true, Err: errors.New("the token belongs to another workspace")}
	}
	s.spaces.put(w, false)
	return w, nil
}

func (x *spaces) put(w *space, only bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.list == nil {
		x.list = map[chat.ServerID]*space{}
	}
	x.list[w.team] = w
	if only {
		x.only = w.team
	}
}

// identify finds out which workspace a token belongs to, and who the bot is.
func (s *Slack) identify(ctx context.Context, token Secret) (*space, error) {
	const op = "look up the workspace"
	ctx, cancel := context.WithTimeout(ctx, s.time.request)
	defer cancel()
	api := s.client(string(token))
	got, err := api.AuthTestContext(ctx)
	if err != nil {
		return nil, problem(ctx, op, err)
	}
	if got.TeamID == "" || got.UserID == "" {
		return nil, &chat.Error{Op: op, Err: errors.New("the answer does not say who the bot is")}
	}
	page := got.URL
	if !strings.HasPrefix(page, "http") {
		page = "https://app.slack.com/"
	}
	return &space{
		api: api, team: chat.ServerID(got.TeamID), name: got.Team, page: strings.TrimSuffix(page, "/") + "/",
		me: got.UserID, bot: got.BotID, called: got.User, scopes: granted(got.Header),
	}, nil
}

func (s *Slack) client(token string) *slack.Client {
	return slack.New(token, slack.OptionAPIURL(s.base.String()), slack.OptionHTTPClient(s.http),
		slack.OptionAppLevelToken(string(s.o.AppToken)))
}

// call makes one request within the time that one may take, and notes where
// the workspace has shut the bot out.
func (s *Slack) call(ctx context.Context, op string, team chat.ServerID, do func(ctx context.Context, w *space) error) error {
	w, err := s.space(ctx, team)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, s.time.request)
	defer cancel()
	err = problem(within, op, do(within, w))
	if dead(codeOf(err)) {
		s.shutOut(w, err)
	}
	return err
}

// shutOut ends the run where the only workspace refuses the bot for good.
func (s *Slack) shutOut(w *space, err error) {
	in := s.in.Load()
	if s.o.Installations != nil {
		s.spaces.drop(w.team)
		if in != nil {
			in.add(laneKey{server: w.team}, item{kind: itemCheck, server: w.team}, nil)
		}
		return
	}
	if in != nil {
		in.end(refusedForGood(err))
	}
}

// messages reads one page of history or of a thread in its raw form.
func (s *Slack) messages(ctx context.Context, op string, team chat.ServerID, ask func(ctx context.Context, w *space) error) (page, error) {
	var raw []byte
	err := s.call(ctx, op, team, func(ctx context.Context, w *space) error {
		raw = nil
		err := ask(withRaw(ctx, &raw), w)
		if err != nil && (isRefusal(err) || len(raw) == 0) {
			return err
		}
		return nil // whatever slack-go made of it, it is read here
	})
	if err != nil {
		return page{}, err
	}
	var out page
	if readJSON(raw, &out) != nil || !out.OK {
		return page{}, &chat.Error{Op: op, Err: errors.New("the answer could not be read")}
	}
	return out, nil
}

func isRefusal(err error) bool {
	var limit *slack.RateLimitedError
	var status slack.StatusCodeError
	var said slack.SlackErrorResponse
	return errors.As(err, &limit) || errors.As(err, &status) || errors.As(err, &said)
}

// page is one page of messages.
type page struct {
	OK       bool              `json:"ok"`
	Messages []json.RawMessage `json:"messages"`
	More     bool              `json:"has_more"`
	Meta     struct {
		Next string `json:"next_cursor"`
	} `json:"response_metadata"`
}

// readJSON fills out with all that fits: an odd field leaves only itself empty.
func readJSON(raw []byte, out any) error {
	err := json.Unmarshal(raw, out)
	var odd *json.UnmarshalTypeError
	if errors.As(err, &odd) {
		return nil
	}
	if err != nil {
		return errors.New("it is no JSON of the shape that was expected")
	}
	return nil
}

// remembered is a bounded memory of what was found out, each entry for a while.
// Past its bound it begins anew: everything in it can be found out again.
type remembered[K comparable, V any] struct {
	mu   sync.Mutex
	most int // 0 for maxRemembered
	at   map[K]found[V]
}

type found[V any] struct {
	value V
	at    time.Time
}

const maxRemembered = 20_000

// get gives what was found out less than within ago.
func (x *remembered[K, V]) get(k K, within time.Duration) (V, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f, ok := x.at[k]
	if !ok || time.Since(f.at) >= within {
		var none V
		return none, false
	}
	return f.value, true
}

func (x *remembered[K, V]) put(k K, v V) {
	x.mu.Lock()
	defer x.mu.Unlock()
	most := x.most
	if most == 0 {
		most = maxRemembered
	}
	if x.at == nil || len(x.at) >= most {
		x.at = map[K]found[V]{}
	}
	x.at[k] = found[V]{v, time.Now()}
}

func (x *remembered[K, V]) drop(k K) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.at, k)
}
