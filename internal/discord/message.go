package discord

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/waymark-bot/waymark/internal/chat"
)

// rawMessage is a message as Discord sends it. What is rarely there stays raw
// until it is looked at, so that one odd piece cannot lose the rest.
type rawMessage struct {
	ID          id          `json:"id"`
	Channel     id          `json:"channel_id"`
	Guild       id          `json:"guild_id"`
	Author      *rawUser    `json:"author"`
	Member      *rawMember  `json:"member"`
	Content     string      `json:"content"`
	Edited      present     `json:"edited_timestamp"`
	Kind        messageKind `json:"type"`
	Flags       int         `json:"flags"`
	Webhook     id          `json:"webhook_id"`
	Mentions    []rawUser   `json:"mentions"`
	Reference   reference   `json:"message_reference"`
	Replied     part        `json:"referenced_message"`
	Embeds      part        `json:"embeds"`
	Components  part        `json:"components"`
	Attachments part        `json:"attachments"`
	Poll        part        `json:"poll"`
	Snapshots   part        `json:"message_snapshots"`
}

type reference struct {
	Kind int `json:"type"` // 1 for a forward
}

// messageKind is Discord's type of a message.
type messageKind int

// The kinds that people write; the others are the platform's own notes.
const (
	kindPlain         messageKind = 0
	kindThreadCreated messageKind = 18
	kindReply         messageKind = 19
	kindCommandUsed   messageKind = 20
	kindThreadStarter messageKind = 21
	kindMenuUsed      messageKind = 23
)

// The message flags that the adapter knows.
const (
	flagEphemeral    = 1 << 6
	flagSilent       = 1 << 12
	flagComponentsV2 = 1 << 15
)

// readMessage reads a message; false where it is no message at all.
func readMessage(raw []byte) (rawMessage, bool) {
	var m rawMessage
	if readJSON(raw, &m) != nil || m.ID == 0 || m.Channel == 0 {
		return rawMessage{}, false
	}
	return m, true
}

// worthReading says whether somebody wrote something: the platform's own notes
// ("has joined") hold nothing.
func (m *rawMessage) worthReading(text string) bool {
	if m.Flags&flagEphemeral != 0 {
		return false
	}
	switch m.Kind {
	case kindPlain, kindReply:
		return true
	}
	return text != ""
}

// author is who wrote it. A message of a webhook has no user behind it.
func (m *rawMessage) author() chat.Person {
	p := chat.Person{Bot: m.Webhook != 0}
	if m.Author != nil {
		p.ID, p.Bot = m.Author.ID.person(), p.Bot || m.Author.Bot
		nick := ""
		if m.Member != nil {
			nick = m.Member.Nick
		}
		p.Name = displayName(nick, *m.Author)
	}
	if p.ID == "" {
		p.ID = m.Webhook.person()
	}
	return p
}

// message makes the neutral message of it, in a place that is known.
func (m *rawMessage) message(base string, place chat.Place, title string, look lookup) chat.Message {
	out := chat.Message{
		ID: m.ID.message(), Place: place, Author: m.author(), Time: m.ID.time(), Edited: bool(m.Edited),
		Text: m.text(title, look), Link: openLink(base, place, m.ID),
	}
	for _, u := range m.Mentions {
		if u.ID != 0 {
			out.Mentions = append(out.Mentions, u.ID.person())
		}
	}
	if m.Replied != nil && m.Reference.Kind == 0 && m.Kind != kindThreadStarter {
		var to struct {
			Author *rawUser `json:"author"`
		}
		if readJSON(m.Replied, &to) == nil && to.Author != nil {
			out.ReplyTo = to.Author.ID.person()
		}
	}
	return out
}

// openLink opens a message in Discord's own client.
func openLink(base string, place chat.Place, message id) string {
	server := string(place.Server)
	if server == "" || place.Direct {
		server = "@me"
	}
	return base + "channels/" + server + "/" + string(place.ID) + "/" + message.String()
}

// lookup gives the names that mentions stand for; "" where they are unknown.
type lookup struct {
	channel func(id) string
	role    func(id) string
}

// maxParts bounds how much is gathered of one message, whatever it holds.
const (
	maxParts = 500
	maxDepth = 20
)

// text is all that a reader sees, parts joined by line feeds: the title of the
// post that it opens, what was written, a poll, what was forwarded, what a
// program laid out, and the descriptions of attachments. Previews of links are
// not the writer's words.
func (m *rawMessage) text(title string, look lookup) string {
	if title == "" && m.plain() {
		return readable(m.Content, m.Mentions, look)
	}
	p := parts{}
	p.add(title)
	p.add(readable(m.Content, m.Mentions, look))
	m.extras(&p, m.Webhook != 0 || (m.Author != nil && m.Author.Bot))
	if m.Snapshots != nil {
		var forwarded []struct {
			Message rawMessage `json:"message"`
		}
		_ = readJSON(m.Snapshots, &forwarded) // what does not fit is left out
		for i := range forwarded {
			f := &forwarded[i].Message
			p.add(readable(f.Content, f.Mentions, look))
			f.extras(&p, true) // who wrote it is not said; programs may have
		}
	}
	return strings.Join(p.all, "\n")
}

// plain says that there is nothing but what was written.
func (m *rawMessage) plain() bool {
	return m.Embeds == nil && m.Components == nil && m.Attachments == nil && m.Poll == nil && m.Snapshots == nil
}

// extras gathers what stands beside the written text.
func (m *rawMessage) extras(p *parts, program bool) {
	if m.Poll != nil {
		var poll struct {
			Question struct {
				Text string `json:"text"`
			} `json:"question"`
			Answers []struct {
				Media struct {
					Text string `json:"text"`
				} `json:"poll_media"`
			} `json:"answers"`
		}
		_ = readJSON(m.Poll, &poll)
		p.add(poll.Question.Text)
		for _, a := range poll.Answers {
			p.add(a.Media.Text)
		}
	}
	if m.Embeds != nil && program {
		p.embeds(m.Embeds)
	}
	if m.Components != nil {
		p.walk(m.Components)
	}
	if m.Attachments != nil {
		var files []struct {
			Title       string `json:"title"`
			Description string `json:"description"`
		}
		_ = readJSON(m.Attachments, &files)
		for _, f := range files {
			p.add(f.Title)
			p.add(f.Description)
		}
	}
}

// parts are pieces of text, in the order of reading.
type parts struct{ all []string }

func (p *parts) add(s string) {
	if len(p.all) < maxParts && strings.TrimSpace(s) != "" {
		p.all = append(p.all, s)
	}
}

// embeds gathers what a program wrote. An embed with a provider is the preview
// of a link.
func (p *parts) embeds(raw []byte) {
	var list []struct {
		Kind        string `json:"type"`
		Provider    part   `json:"provider"`
		Title       string `json:"title"`
		Description string `json:"description"`
		Author      struct {
			Name string `json:"name"`
		} `json:"author"`
		Fields []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"fields"`
		Footer struct {
			Text string `json:"text"`
		} `json:"footer"`
	}
	_ = readJSON(raw, &list)
	for _, e := range list {
		if (e.Kind != "" && e.Kind != "rich") || e.Provider != nil {
			continue
		}
		p.add(e.Author.Name)
		p.add(e.Title)
		p.add(e.Description)
		for _, f := range e.Fields {
			p.add(f.Name)
			p.add(f.Value)
		}
		p.add(e.Footer.Text)
	}
}

// walk gathers the words of components, known or not: whatever Discord adds
// later, its text lies in properties with these names.
func (p *parts) walk(raw []byte) {
	var tree any
	if json.Unmarshal(raw, &tree) == nil {
		p.visit(tree, maxDepth)
	}
}

func (p *parts) visit(node any, depth int) {
	if depth == 0 || len(p.all) >= maxParts {
		return
	}
	switch node := node.(type) {
	case []any:
		for _, n := range node {
			p.visit(n, depth-1)
		}
	case map[string]any:
		for _, k := range []string{"content", "label", "title", "placeholder", "description", "text"} {
			if s, ok := node[k].(string); ok {
				p.add(s)
			}
		}
		keys := make([]string, 0, len(node))
		for k, v := range node {
			switch v.(type) {
			case []any, map[string]any:
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		for _, k := range keys {
			p.visit(node[k], depth-1)
		}
	}
}

// readable writes mentions and custom emoji as a reader sees them: "<@1>"
// becomes "@Robin", "<:wave:2>" becomes ":wave:".
func readable(s string, people []rawUser, look lookup) string {
	if !strings.Contains(s, "<") {
		return s
	}
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			break
		}
		b.WriteString(s[:open])
		s = s[open:]
		end := strings.IndexByte(s, '>')
		if end < 0 || end > 80 {
			b.WriteByte('<')
			s = s[1:]
			continue
		}
		if seen, ok := markup(s[1:end], people, look); ok {
			b.WriteString(seen)
			s = s[end+1:]
			continue
		}
		b.WriteByte('<')
		s = s[1:]
	}
	b.WriteString(s)
	return b.String()
}

// markup is what a reader sees of what stands between < and >.
func markup(s string, people []rawUser, look lookup) (string, bool) {
	switch {
	case strings.HasPrefix(s, "@&"):
		return named("@", look.role, toID(s[2:]))
	case strings.HasPrefix(s, "@"):
		at := toID(strings.TrimPrefix(s[1:], "!"))
		if at == 0 {
			return "", false
		}
		for _, u := range people {
			if u.ID == at {
				return "@" + displayName("", u), true
			}
		}
		return "@" + at.String(), true
	case strings.HasPrefix(s, "#"):
		return named("#", look.channel, toID(s[1:]))
	case strings.HasPrefix(s, ":"), strings.HasPrefix(s, "a:"):
		name, number, ok := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s, "a"), ":"), ":")
		if !ok || name == "" || toID(number) == 0 {
			return "", false
		}
		return ":" + name + ":", true
	}
	return "", false
}

func named(mark string, look func(id) string, at id) (string, bool) {
	if at == 0 {
		return "", false
	}
	if look != nil {
		if n := look(at); n != "" {
			return mark + n, true
		}
	}
	return mark + at.String(), true
}
