package slacktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request is one request that the app made.
type Request struct {
	// Method is the Web API's method ("chat.postMessage"), or OpAnswer.
	Method string
	// Args are the arguments, however they came; JSON values as JSON.
	Args map[string]string
	// Body is the raw body of an answer.
	Body []byte
	// Workspace is the id of the workspace whose token was used.
	Workspace string
	// Status is what was answered, 0 while there is no answer; Error is
	// Slack's error code, empty for a success.
	Status int
	Error  string
}

// OpAnswer is the Method of a post to a response_url.
const OpAnswer = "response_url"

// Fault is what goes wrong with one request; the zero Fault is nothing.
type Fault struct {
	// Status is answered instead of doing what was asked.
	Status int
	// Error is answered as an error of Slack's ("fatal_error") instead of
	// doing what was asked.
	Error string
	// RetryAfter goes with a 429.
	RetryAfter time.Duration
	// HTML answers with a page, as the network in front of Slack does.
	HTML bool
	// Before runs before the effect. It may block, to delay it.
	Before func()
	// Hang never answers, without any effect, until the client gives up.
	Hang bool
	// HangAfter has the effect, but never answers.
	HangAfter bool
	// Applied runs after the effect and before the answer.
	Applied func()
	// Lost drops the connection after the effect, without an answer.
	Lost bool
	// LostStatus has the effect, but answers with this status and a page.
	LostStatus int
	// Answered runs after the answer was sent.
	Answered func()
}

// Limited is a 429 that asks to come back later; Slack has whole seconds.
func Limited(after time.Duration) Fault {
	return Fault{Status: http.StatusTooManyRequests, RetryAfter: after}
}

// Failing answers with a 5xx and a page.
func Failing(status int) Fault { return Fault{Status: status, HTML: true} }

// Refusing answers with an error of Slack's.
func Refusing(code string) Fault { return Fault{Error: code} }

// Intercept sees each of the app's requests before it has any effect, and says
// what goes wrong with it.
type Intercept func(r Request) Fault

// Intercept sets what sees the app's requests from now on; nil for nothing.
func (f *Fake) Intercept(i Intercept) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intercept = i
}

// FailNext makes the next n requests of one method go wrong, and takes the
// place of Intercept.
func (f *Fake) FailNext(n int, method string, fault Fault) {
	f.Intercept(func(r Request) Fault {
		f.mu.Lock()
		defer f.mu.Unlock()
		if r.Method != method || n == 0 {
			return Fault{}
		}
		n--
		return fault
	})
}

// Requests lists the app's requests so far, oldest first, the last 10,000.
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Request, len(f.requests))
	for i, r := range f.requests {
		out[i] = *r
	}
	return out
}

// Count says how many requests of one method there were.
func (f *Fake) Count(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.requests {
		if r.Method == method {
			n++
		}
	}
	return n
}

// AwaitRequests waits until there were n requests of one method.
func (f *Fake) AwaitRequests(n int, method string) {
	f.t.Helper()
	f.Await(fmt.Sprintf("there are %d requests %s", n, method), func() bool { return f.Count(method) >= n })
}

// RateLimited counts the answers with 429.
func (f *Fake) RateLimited() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.limited
}

// refusal is an error of Slack's.
type refusal struct {
	code     string
	status   int // 200 where 0
	messages []string
	needed   string
	provided string
	after    time.Duration
}

func (r *refusal) Error() string { return r.code }

func refuse(code string) error { return &refusal{code: code} }

func invalidArguments(messages ...string) error {
	return &refusal{code: "invalid_arguments", messages: messages}
}

const maxBody = 1 << 20

// call is one request to a method.
type call struct {
	f      *Fake
	method string
	args   map[string]any // strings, or what JSON held
	ws     *workspace     // of the token, nil for an app token
	header http.Header
}

// arg is an argument as text.
func (c *call) arg(name string) string {
	switch v := c.args[name].(type) {
	case nil:
		return ""
	case string:
		return v
	case bool, float64:
		return fmt.Sprint(v)
	default:
		return string(marshal(v))
	}
}

// flag is an argument as yes or no.
func (c *call) flag(name string) bool {
	v := strings.ToLower(c.arg(name))
	return v == "true" || v == "1" || v == "yes"
}

// object is an argument that is a JSON object, nil where it is none.
func (c *call) object(name string) map[string]any {
	if m, ok := c.args[name].(map[string]any); ok {
		return m
	}
	var out map[string]any
	_ = json.Unmarshal([]byte(c.arg(name)), &out)
	return out
}

// array is an argument that is a JSON list; ok is false where it is there but
// is none.
func (c *call) array(name string) (out []any, ok bool) {
	if l, is := c.args[name].([]any); is {
		return l, true
	}
	raw := c.arg(name)
	if raw == "" || raw == "null" {
		return nil, true
	}
	return out, json.Unmarshal([]byte(raw), &out) == nil && out != nil
}

func (c *call) number(name string, or int) int {
	var n int
	if _, err := fmt.Sscan(c.arg(name), &n); err != nil || n <= 0 {
		return or
	}
	return n
}

// serveMethod runs one call to the Web API.
func (f *Fake) serveMethod(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	args, token, odd, err := readArgs(w, r)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return // the app died while it wrote: no rule is broken, and nobody reads an answer
	}
	f.mu.Lock()
	for _, why := range odd {
		f.violation("%s: %s", name, why)
	}
	ws := f.byToken(token)
	f.mu.Unlock()
	if err != nil {
		f.mu.Lock()
		f.violation("%s: %v", name, err)
		f.mu.Unlock()
		writeJSON(w, http.StatusOK, map[string]any{"ok": false, "error": "invalid_arguments"})
		return
	}
	c := &call{f: f, method: name, args: args, header: w.Header()}
	req := Request{Method: name, Args: map[string]string{}}
	for k := range args {
		req.Args[k] = c.arg(k)
	}
	if ws != nil {
		req.Workspace = ws.id
	}
	f.run(w, r, req, func() (map[string]any, error) {
		out, err := f.call(c, token)
		if out != nil && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") && !strings.Contains(r.Header.Get("Content-Type"), "charset") {
			out["warning"] = "missing_charset"
			out["response_metadata"] = merged(toMap(out["response_metadata"]), map[string]any{"warnings": []string{"missing_charset"}})
		}
		return out, err
	})
}

func toMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	return m
}

// readArgs reads the arguments of a call, from the address, a form or JSON.
func readArgs(w http.ResponseWriter, r *http.Request) (args map[string]any, token string, odd []string, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, "", nil, err
	}
	args = map[string]any{}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := r.URL.Query()
	switch {
	case len(body) == 0:
	case kind == "application/json":
		if string(body) == "null" {
			break
		}
		if err := json.Unmarshal(body, &args); err != nil {
			return nil, "", nil, fmt.Errorf("the body is no JSON object: %w", err)
		}
	case kind == "application/x-www-form-urlencoded":
		more, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, "", nil, err
		}
		for k, v := range more {
			form[k] = append(form[k], v...)
		}
	default:
		return nil, "", nil, fmt.Errorf("a body of the type %q", kind)
	}
	for k, v := range form {
		if len(v) > 1 {
			odd = append(odd, fmt.Sprintf("the argument %s is there %d times", k, len(v)))
		}
		args[k] = v[0]
	}
	token = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if t, ok := args["token"].(string); ok && token == "" {
		token = t
	}
	if r.URL.Query().Has("token") {
		odd = append(odd, "a token in the address, which Slack refuses")
	}
	delete(args, "token")
	return args, token, odd, nil
}

func (f *Fake) byToken(token string) *workspace {
	for _, w := range f.workspaces {
		if w.token != "" && w.token == token {
			return w
		}
	}
	return nil
}

// run runs one request: fault, effect, answer.
func (f *Fake) run(w http.ResponseWriter, r *http.Request, req Request, do func() (map[string]any, error)) {
	at := f.log(req)
	fault := f.fault(req)
	if fault.Before != nil {
		fault.Before()
	}
	if fault.Hang {
		f.hang(r)
	}
	if fault.Status != 0 || fault.Error != "" {
		f.answerFault(w, at, fault)
		return
	}
	f.mu.Lock()
	out, err := do()
	status, body, header := outcome(out, err)
	frame := marshal(body) // what it is made of may change once the lock is given up
	f.wake()
	f.mu.Unlock()
	f.note(at, status, str(body, "error"))
	if fault.Applied != nil {
		fault.Applied()
	}
	if fault.HangAfter {
		f.hang(r)
	}
	if fault.Lost {
		panic(http.ErrAbortHandler)
	}
	if fault.LostStatus != 0 {
		writePage(w, fault.LostStatus)
		return
	}
	for k, v := range header {
		w.Header().Set(k, v)
	}
	writeJSON(w, status, frame)
	if fault.Answered != nil {
		_ = http.NewResponseController(w).Flush()
		fault.Answered()
	}
}

// outcome is what an effect is answered with.
func outcome(out map[string]any, err error) (status int, body map[string]any, header map[string]string) {
	if err == nil {
		return http.StatusOK, merged(map[string]any{"ok": true}, toMap(out)), nil
	}
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{code: "internal_error"}
	}
	body = map[string]any{"ok": false, "error": r.code}
	if r.needed != "" {
		body["needed"], body["provided"] = r.needed, r.provided
	}
	if len(r.messages) > 0 {
		body["response_metadata"] = map[string]any{"messages": r.messages}
	}
	status = max(r.status, http.StatusOK)
	if r.after > 0 {
		header = map[string]string{"Retry-After": seconds(r.after)}
	}
	return status, body, header
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(body))
}

func writePage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!DOCTYPE html><html><head><title>Server Error | Slack</title></head><body>%d %s</body></html>", status, http.StatusText(status))
}

func (f *Fake) answerFault(w http.ResponseWriter, at *Request, fault Fault) {
	if fault.Status == 0 {
		fault.Status = http.StatusOK
	}
	code := fault.Error
	if code == "" && fault.Status == http.StatusTooManyRequests {
		code = "ratelimited"
	}
	f.note(at, fault.Status, code)
	if fault.RetryAfter > 0 {
		w.Header().Set("Retry-After", seconds(fault.RetryAfter))
	}
	if fault.HTML || code == "" {
		writePage(w, fault.Status)
		return
	}
	writeJSON(w, fault.Status, map[string]any{"ok": false, "error": code})
}

func (f *Fake) fault(r Request) Fault {
	f.mu.Lock()
	i := f.intercept
	f.mu.Unlock()
	if i == nil {
		return Fault{}
	}
	return i(r)
}

// maxLog bounds the requests that are kept.
const maxLog = 10_000

func (f *Fake) log(r Request) *Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opt.Unchecked {
		r.Args, r.Body = nil, nil
	}
	if len(f.requests) >= maxLog {
		f.requests = slices.Delete(f.requests, 0, maxLog/10)
	}
	f.requests = append(f.requests, &r)
	f.wake()
	return &r
}

func (f *Fake) note(r *Request, status int, code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.Status, r.Error = status, code
	if status == http.StatusTooManyRequests {
		f.limited++
	}
	f.wake()
}

// hang waits until the client has gone, and answers nothing.
func (f *Fake) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-f.done:
	}
	panic(http.ErrAbortHandler)
}

// seconds rounds up to whole seconds, as the Retry-After header has them.
func seconds(d time.Duration) string {
	return fmt.Sprint(int((d + time.Second - 1) / time.Second))
}

// call authorises, checks and does. The caller holds the lock.
func (f *Fake) call(c *call, token string) (map[string]any, error) {
	m, known := methods[c.method]
	if !known {
		f.violation("%s is no method that this fake of Slack knows", c.method)
		return nil, refuse("unknown_method")
	}
	if err := f.authorise(c, m, token); err != nil {
		return nil, err
	}
	if err := f.limits.take(f, c, m); err != nil {
		return nil, err
	}
	if err := f.checkArgs(c, m); err != nil {
		return nil, err
	}
	return m.do(f, c)
}

// authorise finds out whose token it is, and whether it may do that.
func (f *Fake) authorise(c *call, m method, token string) error {
	isApp := token != "" && token == f.app.appToken
	c.ws = f.byToken(token)
	switch {
	case m.token == noToken:
		return nil
	case token == "":
		return refuse("not_authed")
	case isApp && f.app.appTokenError != "":
		return refuse(f.app.appTokenError)
	case m.token == appToken && isApp:
		return nil
	case isApp || m.token == appToken && c.ws != nil:
		return refuse("not_allowed_token_type")
	case c.ws == nil:
		return refuse("invalid_auth")
	case c.ws.tokenError != "":
		return refuse(c.ws.tokenError)
	}
	c.header.Set("X-OAuth-Scopes", strings.Join(c.ws.scopes, ","))
	if len(m.scopes) > 0 {
		c.header.Set("X-Accepted-OAuth-Scopes", strings.Join(m.scopes, ","))
	}
	if len(m.scopes) > 0 && !slices.ContainsFunc(m.scopes, c.may) {
		return c.missing(m.scopes[0])
	}
	return nil
}

func (c *call) may(scope string) bool { return slices.Contains(c.ws.scopes, scope) }

// missing says which scope is missing.
func (c *call) missing(scope string) error {
	return &refusal{code: "missing_scope", needed: scope, provided: strings.Join(c.ws.scopes, ",")}
}

// scoped says whether the app may use a method on a channel of that kind:
// kind "read" or "history".
func (c *call) scoped(ch *channel, what string) error {
	need := map[string]string{"channel": "channels:", "group": "groups:", "im": "im:"}[ch.kind()] + what
	if !c.may(need) {
		return c.missing(need)
	}
	return nil
}

// checkArgs notes unknown arguments and refuses missing ones.
func (f *Fake) checkArgs(c *call, m method) error {
	for k := range c.args {
		if !slices.Contains(m.args, k) && !slices.Contains(m.need, k) {
			f.violation("%s: unknown argument %q", c.method, k)
		}
	}
	var missing []string
	for _, k := range m.need {
		if c.arg(k) == "" {
			f.violation("%s: the argument %s is missing", c.method, k)
			missing = append(missing, "[ERROR] missing required field: "+k)
		}
	}
	if len(missing) > 0 {
		return invalidArguments(missing...)
	}
	return nil
}

// Limit is a rate limit: so many requests in so much time.
type Limit struct {
	Requests int
	Per      time.Duration
}

// Slack's tiers, each with the number that its documentation promises at
// least.
var tiers = map[int]Limit{
	1: {1, time.Minute}, 2: {20, time.Minute}, 3: {50, time.Minute}, 4: {100, time.Minute},
	posting: {20, 20 * time.Second}, // "one a second for each channel, short bursts are fine"
	free:    {},
}

const (
	posting = -1
	free    = 0
)

// limiter counts requests by method, workspace and, for posts, channel.
type limiter struct{ taken map[string][]time.Time }

func (l *limiter) init() { l.taken = map[string][]time.Time{} }

func (l *limiter) take(f *Fake, c *call, m method) error {
	limit, set := f.opt.Limits[c.method]
	if !set {
		limit = tiers[m.tier]
	}
	if f.opt.Unlimited && !set || limit.Requests == 0 {
		return nil
	}
	key := c.method
	if c.ws != nil {
		key += " " + c.ws.id
	}
	if m.tier == posting {
		key += " " + c.arg("channel")
	}
	now := time.Now()
	recent := slices.DeleteFunc(l.taken[key], func(t time.Time) bool { return now.Sub(t) >= limit.Per })
	if len(recent) >= limit.Requests {
		l.taken[key] = recent
		return &refusal{code: "ratelimited", status: http.StatusTooManyRequests, after: max(limit.Per-now.Sub(recent[0]), time.Second)}
	}
	l.taken[key] = append(recent, now)
	return nil
}
