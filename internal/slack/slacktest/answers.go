package slacktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// How long and how often a response_url works.
const (
	answerAlive = 30 * time.Minute
	answerUses  = 5
)

// answerURL is one response_url. Guarded by Fake.mu.
type answerURL struct {
	ask  *Asked
	at   time.Time
	uses int
}

func (f *Fake) answerAddress(a *Asked, kind string) string {
	f.lastID++
	key := fmt.Sprintf("%032x", f.lastID)
	f.answers[key] = &answerURL{ask: a, at: f.opt.Now()}
	what := "actions"
	if kind == kindCommand {
		what = "commands"
	}
	return f.server.URL + "/hooks/" + what + "/" + a.channel.ws.id + "/" + key
}

// answerBody is what may stand in an answer.
type answerBody struct {
	Text            string           `json:"text"`
	Blocks          []any            `json:"blocks"`
	Attachments     []any            `json:"attachments"`
	ResponseType    string           `json:"response_type"`
	ReplaceOriginal bool             `json:"replace_original"`
	DeleteOriginal  bool             `json:"delete_original"`
	ThreadTS        string           `json:"thread_ts"`
	Metadata        *json.RawMessage `json:"metadata"`
	// What libraries send along without meaning.
	Mrkdwn      *bool `json:"mrkdwn"`
	UnfurlLinks *bool `json:"unfurl_links"`
	UnfurlMedia *bool `json:"unfurl_media"`
	Broadcast   bool  `json:"reply_broadcast"`
	TS          string
}

// serveAnswer takes a post to a response_url.
func (f *Fake) serveAnswer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	f.run(w, r, Request{Method: OpAnswer, Body: body}, func() (map[string]any, error) {
		return f.answer(r.PathValue("key"), r.Header.Get("Content-Type"), body)
	})
}

func (f *Fake) answer(key, kind string, body []byte) (map[string]any, error) {
	at := f.answers[key]
	switch {
	case at == nil:
		return nil, &refusal{code: "invalid_response_url", status: http.StatusNotFound}
	case f.opt.Now().Sub(at.at) > answerAlive:
		return nil, &refusal{code: "expired_url", status: http.StatusNotFound}
	case at.uses >= answerUses:
		return nil, &refusal{code: "used_url", status: http.StatusNotFound}
	}
	if !strings.HasPrefix(kind, "application/json") {
		f.violation("an answer by response_url as %q instead of JSON", kind)
	}
	var b answerBody
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&b); err != nil {
		f.violation("an answer by response_url: %v", err)
		return nil, &refusal{code: "invalid_payload", status: http.StatusBadRequest}
	}
	at.uses++
	return nil, f.applyAnswer(at.ask, b, true)
}

// commandAnswer is an answer in the acknowledgement of a command. The caller
// holds the lock.
func (f *Fake) commandAnswer(a *Asked, payload json.RawMessage) {
	var text string
	if json.Unmarshal(payload, &text) == nil {
		_ = f.applyAnswer(a, answerBody{Text: text}, false)
		return
	}
	var b answerBody
	dec := json.NewDecoder(strings.NewReader(string(payload)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&b); err != nil {
		f.violation("the answer to %s: %v", a.What, err)
		return
	}
	_ = f.applyAnswer(a, b, false)
}

// applyAnswer shows an answer. The caller holds the lock.
func (f *Fake) applyAnswer(a *Asked, b answerBody, byURL bool) error {
	if old := a.replaces; b.DeleteOriginal && old != nil {
		f.dropAnswer(old)
		return nil
	}
	if b.DeleteOriginal {
		return &refusal{code: "message_not_found", status: http.StatusNotFound}
	}
	if strings.TrimSpace(b.Text) == "" && len(b.Blocks) == 0 && len(b.Attachments) == 0 {
		f.violation("an answer without text and blocks")
		return &refusal{code: "no_text", status: http.StatusBadRequest}
	}
	if bad := f.checkBlocks("answer to "+a.What, b.Blocks, forMessage); bad != "" {
		return &refusal{code: "invalid_blocks", status: http.StatusBadRequest}
	}
	if n := len([]rune(b.Text)); n > maxText {
		f.violation("an answer with a text of %d characters, of at most %d", n, maxText)
		return &refusal{code: "msg_too_long", status: http.StatusBadRequest}
	}
	f.stamped(b.Blocks)
	if old := a.replaces; b.ReplaceOriginal && old != nil && byURL {
		if old.gone {
			return &refusal{code: "message_not_found", status: http.StatusNotFound}
		}
		change := func() { old.text, old.blocks, old.attached = b.Text, b.Blocks, b.Attachments }
		if old.private != nil {
			change()
			old.changes++
			old.seq = f.seq()
			f.wake()
		} else {
			f.edit(old, nil, change)
		}
		return nil
	}
	m := &message{ch: a.channel, user: a.channel.ws.bot, text: b.Text, blocks: b.Blocks, attached: b.Attachments, thread: b.ThreadTS}
	if b.ResponseType == "in_channel" {
		f.add(m)
		return nil
	}
	if b.ResponseType != "" && b.ResponseType != "ephemeral" {
		f.violation("the response_type %q", b.ResponseType)
	}
	f.whisper(m, a.p.state())
	return nil
}

func (f *Fake) dropAnswer(m *message) {
	if m.private == nil {
		f.remove(m)
		return
	}
	m.gone = true
	m.changes++
	m.seq = f.seq()
	f.wake()
}

// whisper shows a message to one person alone; no event tells of it.
func (f *Fake) whisper(m *message, to *user) {
	m.private = to
	m.ts = f.ts()
	m.seq = f.seq()
	if m.user != nil {
		m.botID, m.appID = m.user.botID, m.user.appID
	}
	m.keep()
	f.wake()
}

// stamped gives blocks and elements the ids and defaults that Slack adds.
func (f *Fake) stamped(blocks []any) {
	for _, b := range blocks {
		b, _ := b.(map[string]any)
		if b != nil && str(b, "block_id") == "" {
			b["block_id"] = f.id("b")[5:]
		}
	}
	eachElement(blocks, func(_, el map[string]any) {
		kind := str(el, "type")
		if str(el, "action_id") == "" && kind != "image" && kind != "mrkdwn" && kind != "plain_text" && !strings.HasPrefix(kind, "rich_text") {
			el["action_id"] = f.id("a")[5:]
		}
	})
	walk(blocks, func(x map[string]any) {
		switch {
		case str(x, "type") == "plain_text" && x["emoji"] == nil:
			x["emoji"] = true
		case str(x, "type") == "mrkdwn" && x["verbatim"] == nil:
			x["verbatim"] = false
		}
	})
}
