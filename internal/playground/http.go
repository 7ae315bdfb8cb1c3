package playground

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
)

//go:embed page
var pageFiles embed.FS

// contentPolicy lets the page load its own script, style and data, and
// nothing else from anywhere; and it forbids turning text into HTML.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " + // data: for the bot's own pictures, which have no address
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Refusal is a request that the playground does not carry out.
type Refusal struct {
	Status   int               // as HTTP knows it
	Sentence string            // what the person reads
	Fields   map[string]string // what is wrong with a form, by field
}

func (r *Refusal) Error() string { return r.Sentence }

func refuse(status int, sentence string) error { return &Refusal{Status: status, Sentence: sentence} }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/bot/", s.botRoutes())
	mux.Handle("/api/", s.visitorRoutes())
	mux.Handle("/", servePage())
	return s.guard(mux)
}

func servePage() http.Handler {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic("playground: " + err.Error()) // the folder is embedded
	}
	serve := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			writeProblem(w, refuse(http.StatusMethodNotAllowed, "The page can only be read."))
			return
		}
		serve.ServeHTTP(w, r)
	})
}

// guard refuses what a foreign page could send, and tells the browser to keep
// this page to itself.
func (s *Server) guard(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-cache")
		if !s.knownHost(r.Host) {
			writeProblem(w, refuse(http.StatusMisdirectedRequest, "The playground is not served under this name."))
			return
		}
		if err := origin.Check(r); err != nil {
			writeProblem(w, refuse(http.StatusForbidden, "This request came from another site."))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// knownHost says whether the page may be opened under a host name: a foreign
// name that was made to lead here (DNS rebinding) may not.
func (s *Server) knownHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || net.ParseIP(host) != nil || slices.Contains(s.opt.Hosts, host)
}

// visitorRequest is what the page sends; each path reads the parts it needs.
type visitorRequest struct {
	As      chat.PersonID     `json:"as"`
	Tab     string            `json:"tab"`
	Place   chat.PlaceID      `json:"place"`
	ID      chat.MessageID    `json:"id"`
	Text    string            `json:"text"`
	ReplyTo chat.MessageID    `json:"replyTo"`
	Name    string            `json:"name"`
	Args    map[string]string `json:"args"`
	Private string            `json:"private"`
	Verb    string            `json:"verb"`
	Arg     string            `json:"arg"`
	Value   string            `json:"value"`
	Form    string            `json:"form"`
	Values  map[string]string `json:"values"`
	Option  string            `json:"option"`
	Typed   string            `json:"typed"`
	UpTo    uint64            `json:"upTo"`
	Do      string            `json:"do"`
	Story   string            `json:"story"`
	Pace    Pace              `json:"pace"`
	State   StaffRoom         `json:"state"`
}

func (s *Server) visitorRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/state", s.serveState)
	mux.HandleFunc("GET /api/stream", s.serveStream)
	as := func(path string, do func(v *Visitor, in visitorRequest, r *http.Request) (any, error)) {
		mux.Handle("POST /api/"+path, visitorCall(func(in visitorRequest, r *http.Request) (any, error) {
			v, err := s.As(in.As)
			if err != nil {
				return nil, err
			}
			v.Tab, v.Locale = in.Tab, r.Header.Get("Accept-Language")
			return do(v, in, r)
		}))
	}
	as("say", func(v *Visitor, in visitorRequest, _ *http.Request) (any, error) {
		id, err := v.Say(in.Place, in.Text, in.ReplyTo)
		return map[string]any{"id": id}, err
	})
	as("edit", func(v *Visitor, in visitorRequest, _ *http.Request) (any, error) {
		return nil, v.Edit(in.Place, in.ID, in.Text)
	})
	as("delete", func(v *Visitor, in visitorRequest, _ *http.Request) (any, error) {
		return nil, v.Delete(in.Place, in.ID)
	})
	as("command", func(v *Visitor, in visitorRequest, _ *http.Request) (any, error) {
		if in.ID != "" {
			return interactionID(v.MessageCommand(in.Place, in.Name, in.ID))
		}
		return interactionID(v.Command(in.Place, in.Name, in.Args))
	})
	as("press", func(v *Visitor, in visitorRequest, _ *http.Request) (any, error) {
		return interactionID(v.Press(Press{
			Place: in.Place, Message: in.ID, Private: in.Private, Verb: in.Verb, Arg: in.Arg, Value: in.Value,
		}))
	})
	as("submit", func(v *Visitor, in visitorRequest, _ *http.Request) (any, error) {
		return interactionID(v.Submit(in.Form, in.Values))
	})
	as("complete", func(v *Visitor, in visitorRequest, r *http.Request) (any, error) {
		options, err := v.Complete(r.Context(), in.Place, in.Name, in.Args, in.Option, in.Typed)
		return map[string]any{"options": toOptionsJSON(options)}, err
	})
	as("dismiss", func(v *Visitor, in visitorRequest, _ *http.Request) (any, error) {
		return nil, v.Dismiss(in.Private)
	})
	as("read", func(v *Visitor, in visitorRequest, _ *http.Request) (any, error) {
		return nil, v.Read(in.Place, in.UpTo)
	})
	mux.Handle("POST /api/story", visitorCall(func(in visitorRequest, _ *http.Request) (any, error) {
		return nil, s.Story(in.Do, in.Story, in.Pace)
	}))
	mux.Handle("POST /api/staff-room", visitorCall(func(in visitorRequest, _ *http.Request) (any, error) {
		return nil, s.SetStaffRoom(in.State)
	}))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, refuse(http.StatusNotFound, "There is nothing here."))
	})
	return mux
}

func interactionID(id string, err error) (any, error) {
	return map[string]any{"interaction": id}, err
}

func visitorCall(do func(in visitorRequest, r *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/json" {
			writeProblem(w, refuse(http.StatusUnsupportedMediaType, "Send JSON, and say so in Content-Type."))
			return
		}
		var in visitorRequest
		if err := readJSON(http.MaxBytesReader(w, r.Body, maxBody), &in); err != nil {
			writeProblem(w, err)
			return
		}
		out, err := do(in, r)
		if err != nil {
			writeProblem(w, err)
			return
		}
		writeJSON(w, http.StatusOK, out)
	})
}

func (s *Server) serveState(w http.ResponseWriter, r *http.Request) {
	var p *person
	if as := chat.PersonID(r.URL.Query().Get("as")); as != "" {
		if p = s.person(as); p == nil {
			writeProblem(w, refuse(http.StatusNotFound, "Nobody here has that name. Pick who you are again."))
			return
		}
	}
	writeJSON(w, http.StatusOK, s.view(p))
}

// serveStream sends a page what changes, as server-sent events, from the
// number given by ?at= or, when the browser reconnects, Last-Event-ID.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	p := s.person(chat.PersonID(r.URL.Query().Get("as")))
	at := r.URL.Query().Get("at")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		at = last
	}
	after, _ := parseNumber(at) // a number that is none of ours starts the page again
	w.Header().Set("Content-Type", "text/event-stream")
	out := stream{w: w, control: http.NewResponseController(w)}
	if out.raw("retry: 1000\n\n") != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		entries, upTo, lost, changed := s.since(p, after)
		if lost {
			_ = out.raw("id: " + formatNumber(upTo) + "\nevent: reset\ndata: null\n\n")
			return
		}
		for _, e := range entries {
			if out.raw(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.n, e.kind, e.data)) != nil {
				return
			}
		}
		after = upTo
		select {
		case <-changed:
		case <-beat.C:
			if out.raw(": still here\n\n") != nil {
				return
			}
		case <-r.Context().Done():
			return
		case <-s.stop:
			return
		}
	}
}

// stream writes to a connection that stays open; each write has its own time
// limit.
type stream struct {
	w       io.Writer
	control *http.ResponseController
}

func (s stream) raw(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.control.Flush()
}

func (s stream) line(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.raw(string(raw) + "\n")
}

// readJSON reads one JSON value of the shape given; anything else is refused
// with a sentence.
func readJSON(body io.Reader, into any) error {
	data, err := io.ReadAll(body)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return refuse(http.StatusRequestEntityTooLarge,
			fmt.Sprintf("That is too much at once: at most %s bytes can be sent.", thousands(int(large.Limit))))
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "The request broke off.")
	}
	if !utf8.Valid(data) {
		return refuse(http.StatusBadRequest, "This is not text that can be shown: its encoding is broken.")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return refuse(http.StatusBadRequest, "The request is not in the form expected.")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return refuse(http.StatusBadRequest, "The request has something after its end.")
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the reader is gone where this fails
}

func writeProblem(w http.ResponseWriter, err error) {
	var r *Refusal
	if !errors.As(err, &r) {
		r = &Refusal{Status: http.StatusInternalServerError, Sentence: "Something went wrong here."}
	}
	writeJSON(w, r.Status, map[string]any{"error": r.Sentence, "fields": r.Fields})
}

func parseNumber(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) }
