package discordtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Request is one request that the bot made.
type Request struct {
	Method string
	// Route is the path with names for ids, as Discord documents it:
	// "/channels/{channel_id}/messages".
	Route string
	// Path is the path below api/v9.
	Path string
	Body []byte
	// Files are those sent beside the body, by name.
	Files map[string][]byte
	// Status is what was answered, 0 while there is no answer.
	Status int
}

// Op is method and route in one: "POST /channels/{channel_id}/messages".
func (r Request) Op() string { return r.Method + " " + r.Route }

// The routes that tests disturb most.
const (
	OpPost      = "POST /channels/{channel_id}/messages"
	OpEdit      = "PATCH /channels/{channel_id}/messages/{message_id}"
	OpRead      = "GET /channels/{channel_id}/messages"
	OpReadOne   = "GET /channels/{channel_id}/messages/{message_id}"
	OpDirect    = "POST /users/@me/channels"
	OpThread    = "POST /channels/{channel_id}/messages/{message_id}/threads"
	OpAnswer    = "POST /interactions/{interaction_id}/{interaction_token}/callback"
	OpFollowUp  = "POST /webhooks/{webhook_id}/{webhook_token}"
	OpEditReply = "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original"
	OpCommands  = "PUT /applications/{application_id}/commands"
	OpGateway   = "GET /gateway/bot"
)

// Fault is what goes wrong with one request; the zero Fault is nothing.
type Fault struct {
	// Status is answered instead of doing what was asked.
	Status int
	// Code and Message make a JSON error of Discord's, for a Status from 400.
	Code    int
	Message string
	// RetryAfter goes with a 429, or with a 5xx as a header.
	RetryAfter time.Duration
	// Global makes a 429 one of the global limit.
	Global bool
	// HTML answers with a page, as the network in front of Discord does.
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
	// Answered runs after the answer was sent.
	Answered func()
}

// Limited is a 429 in JSON.
func Limited(after time.Duration) Fault {
	return Fault{Status: http.StatusTooManyRequests, RetryAfter: after}
}

// LimitedHTML is a 429 from the network in front of Discord: a page.
func LimitedHTML(after time.Duration) Fault {
	return Fault{Status: http.StatusTooManyRequests, RetryAfter: after, HTML: true}
}

// LimitedGlobally is a 429 for all requests of the bot.
func LimitedGlobally(after time.Duration) Fault {
	return Fault{Status: http.StatusTooManyRequests, RetryAfter: after, Global: true}
}

// Failing answers with a 5xx and a page.
func Failing(status int) Fault { return Fault{Status: status, HTML: true} }

// Intercept sees each of the bot's requests before it has any effect, and says
// what goes wrong with it.
type Intercept func(r Request) Fault

// Intercept sets what sees the bot's requests from now on; nil for nothing.
func (f *Fake) Intercept(i Intercept) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intercept = i
}

// FailNext makes the next n requests of one kind (Request.Op) go wrong, and
// takes the place of Intercept.
func (f *Fake) FailNext(n int, op string, fault Fault) {
	f.Intercept(func(r Request) Fault {
		f.mu.Lock()
		defer f.mu.Unlock()
		if r.Op() != op || n == 0 {
			return Fault{}
		}
		n--
		return fault
	})
}

// Requests lists the bot's requests so far, oldest first, the last 10,000.
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Request, len(f.requests))
	for i, r := range f.requests {
		out[i] = *r
	}
	return out
}

// Count says how many requests of one kind there were (Request.Op).
func (f *Fake) Count(op string) int {
	n := 0
	for _, r := range f.Requests() {
		if r.Op() == op {
			n++
		}
	}
	return n
}

// AwaitRequests waits until there were n requests of one kind (Request.Op).
func (f *Fake) AwaitRequests(n int, op string) {
	f.t.Helper()
	f.Await(fmt.Sprintf("there are %d requests %s", n, op), func() bool { return f.Count(op) >= n })
}

// Refused counts the answers with 401, 403 and 429. Discord bans an address
// with 10,000 of them in ten minutes.
func (f *Fake) Refused() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wrong
}

// problem is an answer other than success.
type problem struct {
	status  int
	code    int
	message string
	errors  any
}

func (p *problem) Error() string { return fmt.Sprintf("%d: %s", p.code, p.message) }

func refuse(status, code int, message string) error {
	return &problem{status: status, code: code, message: message}
}

// The refusals, with Discord's codes and words.
var (
	errUnauthorized   = &problem{status: 401, message: "401: Unauthorized"}
	errNotFound       = &problem{status: 404, message: "404: Not Found"}
	errUnknownChannel = &problem{status: 404, code: 10003, message: "Unknown Channel"}
	errUnknownGuild   = &problem{status: 404, code: 10004, message: "Unknown Guild"}
	errUnknownMember  = &problem{status: 404, code: 10007, message: "Unknown Member"}
	errUnknownMessage = &problem{status: 404, code: 10008, message: "Unknown Message"}
	errUnknownUser    = &problem{status: 404, code: 10013, message: "Unknown User"}
	errUnknownWebhook = &problem{status: 404, code: 10015, message: "Unknown Webhook"}
	errUnknownAsked   = &problem{status: 404, code: 10062, message: "Unknown interaction"}
	errAnswered       = &problem{status: 400, code: 40060, message: "Interaction has already been acknowledged."}
	errMissingAccess  = &problem{status: 403, code: 50001, message: "Missing Access"}
	errOthersMessage  = &problem{status: 403, code: 50005, message: "Cannot edit a message authored by another user"}
	errEmptyMessage   = &problem{status: 400, code: 50006, message: "Cannot send an empty message"}
	errRefusesDirect  = &problem{status: 403, code: 50007, message: "Cannot send messages to this user"}
	errNonText        = &problem{status: 400, code: 50008, message: "Cannot send messages in a non-text channel"}
	errMissing        = &problem{status: 403, code: 50013, message: "Missing Permissions"}
	errWebhookToken   = &problem{status: 401, code: 50027, message: "Invalid Webhook Token"}
	errArchived       = &problem{status: 400, code: 50083, message: "Thread is archived"}
	errNoMutual       = &problem{status: 403, code: 50278, message: "Cannot send messages to this user due to having no mutual guilds"}
	errReplyHistory   = &problem{status: 403, code: 160002, message: "Cannot reply without permission to read message history"}
	errThreadExists   = &problem{status: 400, code: 160004, message: "A thread has already been created for this message"}
)

// invalidForm is Discord's answer to a body that breaks its rules.
func invalidForm(where, why string) error {
	return &problem{status: 400, code: 50035, message: "Invalid Form Body", errors: map[string]any{
		where: map[string]any{"_errors": []any{map[string]any{"code": "BASE_TYPE_BAD", "message": why}}}}}
}

// call is one request on its way.
type call struct {
	*http.Request
	f    *Fake
	body []byte
}

// decode reads the body into v.
func (c *call) decode(v any) error {
	if err := json.Unmarshal(c.body, v); err != nil {
		return &problem{status: 400, code: 50109, message: "The request body contains invalid JSON."}
	}
	return nil
}

const maxBody = 1 << 20

// endpoint is one route: what it does, with Fake.mu held, and whether it may
// be called without the bot's token.
type endpoint struct {
	do   func(c *call) (any, error)
	open bool // authorised by the token in the path
}

func (f *Fake) api() http.Handler {
	mux := http.NewServeMux()
	for pattern, e := range f.endpoints() {
		mux.Handle(pattern, f.serve(pattern, e))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		f.violation("%s %s is no request that this fake of Discord knows", r.Method, r.URL.Path)
		f.answer(w, nil, errNotFound)
	})
	return mux
}

// statusOf is the status of a success.
func statusOf(out any, route string) int {
	if out == nil {
		return http.StatusNoContent
	}
	if route == OpThread || route == "POST /channels/{channel_id}/threads" {
		return http.StatusCreated
	}
	return http.StatusOK
}

// serve runs one request: fault, authorisation, limits, checks, effect.
func (f *Fake) serve(pattern string, e endpoint) http.Handler {
	method, route, _ := strings.Cut(pattern, " ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, files, err := readBody(w, r)
		if err != nil {
			f.violation("%s: %v", pattern, err)
			f.answer(w, nil, refuse(400, 0, "400: Bad Request"))
			return
		}
		req := Request{Method: method, Route: route, Path: r.URL.Path, Body: body, Files: files}
		at := f.log(req)
		fault := f.fault(req)
		if fault.Before != nil {
			fault.Before()
		}
		if fault.Hang {
			f.hang(r)
		}
		if fault.Status != 0 {
			f.noteStatus(at, fault.Status)
			fault.answer(w)
			return
		}
		c := &call{Request: r, f: f, body: body}
		status, out, err := f.run(c, w, pattern, e)
		f.noteStatus(at, status)
		if fault.Applied != nil {
			fault.Applied()
		}
		if fault.HangAfter {
			f.hang(r)
		}
		if fault.Lost {
			panic(http.ErrAbortHandler)
		}
		if err != nil {
			f.answer(w, nil, err)
		} else {
			f.answerOK(w, status, out)
		}
		if fault.Answered != nil {
			_ = http.NewResponseController(w).Flush()
			fault.Answered()
		}
	})
}

// run does what is asked, if it may be done.
func (f *Fake) run(c *call, w http.ResponseWriter, pattern string, e endpoint) (int, any, error) {
	if !e.open && !f.authorised(c.Request) {
		return 401, nil, errUnauthorized
	}
	if limited := f.limits.take(f.opt, c.Request, pattern, w.Header()); limited != nil {
		return 429, nil, limited
	}
	if err := f.check(c, pattern); err != nil {
		return 400, nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out, err := e.do(c)
	f.wake()
	if err != nil {
		var p *problem
		if !errors.As(err, &p) {
			p = &problem{status: 500, message: err.Error()}
		}
		return p.status, nil, p
	}
	status := statusOf(out, pattern)
	if f.opt.CheckAnswers && f.spec != nil && out != nil {
		if err := f.spec.answer(pattern, status, out); err != nil {
			f.violationLocked("the fake's own answer to %s: %v", pattern, err)
		}
	}
	return status, out, nil
}

// readBody gives the JSON of a request, and the files beside it by their names.
func readBody(w http.ResponseWriter, r *http.Request) (body []byte, files map[string][]byte, err error) {
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, nil, err
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		if len(body) > 0 && kind != "application/json" {
			return nil, nil, fmt.Errorf("a body of the type %q", kind)
		}
		return body, nil, nil
	}
	form, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).ReadForm(maxBody)
	if err != nil {
		return nil, nil, err
	}
	v := form.Value["payload_json"]
	if len(v) != 1 {
		return nil, nil, errors.New("a form without payload_json")
	}
	files = map[string][]byte{}
	for _, parts := range form.File {
		for _, part := range parts {
			if files[part.Filename], err = readPart(part); err != nil {
				return nil, nil, err
			}
		}
	}
	return []byte(v[0]), files, nil
}

func readPart(part *multipart.FileHeader) ([]byte, error) {
	f, err := part.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func (f *Fake) authorised(r *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return r.Header.Get("Authorization") == "Bot "+f.token
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

// log keeps a request. What is answered is noted there later.
func (f *Fake) log(r Request) *Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opt.Unchecked {
		r.Body = nil
	}
	if len(f.requests) >= maxLog {
		f.requests = slices.Delete(f.requests, 0, maxLog/10)
	}
	f.requests = append(f.requests, &r)
	f.wake()
	return &r
}

func (f *Fake) noteStatus(r *Request, status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.Status = status
	if status == 401 || status == 403 || status == 429 {
		f.wrong++
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

func (f *Fake) answerOK(w http.ResponseWriter, status int, out any) {
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(out))
}

func (f *Fake) answer(w http.ResponseWriter, _ any, err error) {
	var p *problem
	if !errors.As(err, &p) {
		p = &problem{status: 500, message: err.Error()}
	}
	if limited, ok := p.errors.(*rateLimited); ok {
		limited.answer(w)
		return
	}
	body := map[string]any{"message": p.message, "code": p.code}
	if p.errors != nil {
		body["errors"] = p.errors
	}
	f.answerOK(w, p.status, body)
}

func (fault Fault) answer(w http.ResponseWriter) {
	if fault.RetryAfter > 0 {
		w.Header().Set("Retry-After", seconds(fault.RetryAfter))
	}
	switch {
	case fault.HTML:
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(fault.Status)
		fmt.Fprintf(w, "<html><head><title>%d</title></head><body><center><h1>%d %s</h1></center><hr>"+
			"<center>cloudflare</center></body></html>", fault.Status, fault.Status, http.StatusText(fault.Status))
	case fault.Status == http.StatusTooManyRequests:
		(&rateLimited{after: fault.RetryAfter, global: fault.Global}).answer(w)
	case fault.Status >= 400:
		message := fault.Message
		if message == "" {
			message = fmt.Sprintf("%d: %s", fault.Status, http.StatusText(fault.Status))
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(fault.Status)
		_, _ = w.Write(marshal(map[string]any{"message": message, "code": fault.Code}))
	default:
		w.WriteHeader(fault.Status)
	}
}

// seconds rounds up to whole seconds, as the Retry-After header has them.
func seconds(d time.Duration) string {
	return fmt.Sprint(int((d + time.Second - 1) / time.Second))
}
