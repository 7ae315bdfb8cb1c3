package playground

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Client is the adapter: a chat.Platform that speaks to a Server's bot API.
// It knows nothing of the Server but its address and a token, so both may run
// in different processes.
type Client struct {
	base  string
	token string
	http  *http.Client
	// bounds of Run, which tests shorten
	quiet   time.Duration // without a sign of life, the connection is given up
	grace   time.Duration // for handlers at work when Run is told to end
	backoff backoff
}

var (
	_ chat.Platform  = (*Client)(nil)
	_ chat.Registrar = (*Client)(nil)
	_ chat.Directory = (*Client)(nil)
	_ chat.Filer     = (*Client)(nil)
)

// requestWithin bounds one request to the platform, so that none hangs for ever.
const requestWithin = 15 * time.Second

// NewClient speaks to the Server at an address such as
// "http://127.0.0.1:8086", and shows it the token.
func NewClient(baseURL, token string) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // the platform is on this computer or near it
	transport.MaxIdleConnsPerHost = 16
	return &Client{
		base: strings.TrimSuffix(baseURL, "/"), token: token,
		http:    &http.Client{Transport: transport},
		quiet:   3 * heartbeat,
		grace:   5 * time.Second,
		backoff: backoff{first: 100 * time.Millisecond, most: 5 * time.Second},
	}
}

// Name is "playground".
func (c *Client) Name() string { return "playground" }

// Post writes a card into a place, once for each key.
func (c *Client) Post(ctx context.Context, p chat.Post) (chat.MessageRef, error) {
	in := postJSON{Key: p.Key, Under: p.Under, Card: toCardJSON(p.Card), Notify: p.Notify}
	var out refJSON
	err := c.do(ctx, "post card", http.MethodPost, path("places", string(p.Place), "cards"), in, &out)
	if err != nil {
		return chat.MessageRef{}, err
	}
	return chat.MessageRef{Server: p.Server, Place: p.Place, ID: out.ID}, nil
}

// Update replaces a card that Post wrote.
func (c *Client) Update(ctx context.Context, at chat.MessageRef, card chat.Card) error {
	return c.do(ctx, "update card", http.MethodPut, path("places", string(at.Place), "cards", string(at.ID)), toCardJSON(card), nil)
}

// Direct finds the direct conversation with a person.
func (c *Client) Direct(ctx context.Context, server chat.ServerID, person chat.PersonID) (chat.Place, error) {
	var out placeJSON
	if err := c.do(ctx, "find direct place", http.MethodPost, path("people", string(person), "direct"), nil, &out); err != nil {
		return chat.Place{}, err
	}
	return out.place(server), nil
}

// Access says who can read a place. Staff are the holders of the rule's role
// or, where it names none, the moderators.
func (c *Client) Access(ctx context.Context, _ chat.ServerID, place chat.PlaceID, staff chat.StaffRule, people []chat.PersonID) (chat.Access, error) {
	var in readersJSON
	if err := c.do(ctx, "list readers", http.MethodGet, path("places", string(place), "readers"), nil, &in); err != nil {
		return chat.Access{}, err
	}
	var out chat.Access
	var others []string
	for _, p := range in.People {
		if !isStaff(p, staff) && !slices.Contains(staff.Leads, p.ID) {
			others = append(others, p.Name)
		}
		if slices.Contains(people, p.ID) {
			out.Readers = append(out.Readers, p.ID)
		}
	}
	out.Others = strings.Join(others, ", ")
	if in.Everyone && len(others) > 0 {
		out.Others = "everyone in the community"
	}
	return out, nil
}

func isStaff(p personJSON, rule chat.StaffRule) bool {
	if rule.Role != "" {
		return slices.Contains(p.Roles, rule.Role)
	}
	return p.Moderator
}

// IsStaff says whether a person is staff and can see the staff room, where
// the rule names one.
func (c *Client) IsStaff(ctx context.Context, _ chat.ServerID, person chat.PersonID, staff chat.StaffRule) (bool, error) {
	var p personAnswer
	at := path("people", string(person)) + "?sees=" + url.QueryEscape(string(staff.Place))
	if err := c.do(ctx, "look up person", http.MethodGet, at, nil, &p); err != nil {
		if chat.IsGone(err) {
			return false, nil
		}
		return false, err
	}
	return isStaff(p.personJSON, staff) && (staff.Place == "" || p.Sees), nil
}

// Person says what somebody is called.
func (c *Client) Person(ctx context.Context, _ chat.ServerID, person chat.PersonID) (chat.Person, error) {
	var p personAnswer
	if err := c.do(ctx, "look up person", http.MethodGet, path("people", string(person)), nil, &p); err != nil {
		return chat.Person{}, err
	}
	return chat.Person{ID: p.ID, Name: p.Name, Bot: p.Bot}, nil
}

// Fetch reads one message as it is now.
func (c *Client) Fetch(ctx context.Context, at chat.MessageRef) (chat.Message, error) {
	var m messageJSON
	if err := c.do(ctx, "read message", http.MethodGet, path("places", string(at.Place), "messages", string(at.ID)), nil, &m); err != nil {
		return chat.Message{}, err
	}
	return m.message(at.Server, c.base), nil
}

// After lists what came after a message or a time, oldest first.
func (c *Client) After(ctx context.Context, server chat.ServerID, place chat.PlaceID, after chat.MessageID, since time.Time, limit int) ([]chat.Message, error) {
	out := []chat.Message{}
	for limit > 0 {
		page := min(limit, maxAfter)
		q := url.Values{"limit": {strconv.Itoa(page)}}
		if after != "" {
			q.Set("after", string(after))
		} else {
			q.Set("since", since.Format(time.RFC3339Nano))
		}
		var got []messageJSON
		if err := c.do(ctx, "list messages", http.MethodGet, path("places", string(place), "messages")+"?"+q.Encode(), nil, &got); err != nil {
			return nil, err
		}
		for _, m := range got {
			out = append(out, m.message(server, c.base))
			after = m.ID
		}
		if len(got) < page {
			break
		}
		limit -= len(got)
	}
	return out, nil
}

// Places lists the channels and threads that the bot can read.
func (c *Client) Places(ctx context.Context, server chat.ServerID) ([]chat.Place, error) {
	var got []placeJSON
	if err := c.do(ctx, "list places", http.MethodGet, path("places"), nil, &got); err != nil {
		return nil, err
	}
	var out []chat.Place
	for _, p := range got {
		out = append(out, p.place(server))
	}
	return out, nil
}

// Register replaces the commands that people are offered.
func (c *Client) Register(ctx context.Context, commands []chat.CommandSpec) error {
	return c.do(ctx, "register commands", http.MethodPut, path("commands"), toCommandsJSON(commands), nil)
}

// path joins the parts of a request's path, each escaped.
func path(parts ...string) string {
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return "/bot/v1/" + strings.Join(parts, "/")
}

// do makes one request and reads its answer into out, which may be nil.
// Whatever goes wrong is a *chat.Error, or the context's own error.
func (c *Client) do(ctx context.Context, op, method, at string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return &chat.Error{Op: op, Permanent: true, Err: err}
		}
		body = bytes.NewReader(raw)
	}
	resp, err := c.send(ctx, method, at, body)
	if err != nil {
		return &chat.Error{Op: op, Err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return problem(op, resp)
	}
	if out == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4096)) // so that the connection is used again
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return &chat.Error{Op: op, Err: fmt.Errorf("read the answer: %w", err)}
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, at string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+at, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.http.Do(req)
}

// problem reads a refusal. Only what a later attempt may mend is not
// permanent: too many requests, and failures on the platform's side.
func problem(op string, resp *http.Response) error {
	var said struct {
		Error string `json:"error"`
	}
	_ = json.NewDecoder(io.LimitReader(resp.Body, 4096)).Decode(&said) // its absence is no further failure
	if said.Error == "" {
		said.Error = http.StatusText(resp.StatusCode)
	}
	e := &chat.Error{Op: op, Err: fmt.Errorf("%d: %s", resp.StatusCode, said.Error)}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	switch code := resp.StatusCode; {
	case code == http.StatusNotFound || code == http.StatusGone:
		e.Gone = true
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
	default:
		e.Permanent = true
	}
	return e
}

// refusedForGood says whether connecting again cannot work, such as with a
// wrong token.
func refusedForGood(err error) bool {
	var e *chat.Error
	return errors.As(err, &e) && (e.Permanent || e.Gone)
}

// MaxFile is small enough to stand in the page.
func (c *Client) MaxFile() int { return 1 << 20 }
