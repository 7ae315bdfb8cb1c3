package slack

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/waymark-bot/waymark/internal/chat"
)

// rawMessage is a message as Slack sends it, in an event or in a page of
// history. What is rarely there stays raw until it is looked at, so that one
// odd piece cannot lose the rest.
type rawMessage struct {
	Type       string          `json:"type"`
	Subtype    string          `json:"subtype"`
	Channel    string          `json:"channel"`
	User       string          `json:"user"`
	BotID      string          `json:"bot_id"`
	Username   string          `json:"username"`
	Text       string          `json:"text"`
	TS         string          `json:"ts"`
	ThreadTS   string          `json:"thread_ts"`
	ParentUser string          `json:"parent_user_id"`
	Edited     json.RawMessage `json:"edited"`
	DeletedTS  string          `json:"deleted_ts"`
	Message    json.RawMessage `json:"message"`
	Previous   json.RawMessage `json:"previous_message"`
	Blocks     json.RawMessage `json:"blocks"`
	Attached   json.RawMessage `json:"attachments"`
	Files      json.RawMessage `json:"files"`
	File       json.RawMessage `json:"file"`
	Topic      string          `json:"topic"`
	Purpose    string          `json:"purpose"`
	BotProfile struct {
		Name string `json:"name"`
	} `json:"bot_profile"`
	LatestReply string `json:"latest_reply"`
	Replies     int    `json:"reply_count"`
	Metadata    struct {
		Kind    string         `json:"event_type"`
		Payload map[string]any `json:"event_payload"`
	} `json:"metadata"`

	changed bool
}

// readMessage reads a message; false where it is no message at all.
func readMessage(raw []byte) (rawMessage, bool) {
	var m rawMessage
	if len(raw) == 0 || readJSON(raw, &m) != nil || (m.TS == "" && m.DeletedTS == "") {
		return rawMessage{}, false
	}
	return m, true
}

// thread is the first message of the thread that this one answers in, "" for
// one that answers nothing.
func (m *rawMessage) thread() string {
	if m.ThreadTS == m.TS {
		return ""
	}
	return m.ThreadTS
}

// answeredAfter says whether a thread that this message begins may have gone on
// after another.
func (m *rawMessage) answeredAfter(from string) bool {
	if m.LatestReply == "" {
		return m.Replies > 0
	}
	return m.thread() == "" && compareTS(m.LatestReply, from) > 0
}

// own says whether the bot wrote it.
func (m *rawMessage) own(w *space) bool {
	return w != nil && ((m.User != "" && m.User == w.me) || (m.BotID != "" && m.BotID == w.bot))
}

// worthReading says whether somebody wrote something. What Slack notes by
// itself ("has joined") and what is shown to one person alone is not.
func (m *rawMessage) worthReading() bool {
	switch m.Subtype {
	case "channel_join", "channel_leave", "group_join", "group_leave", "channel_archive", "channel_unarchive",
		"group_archive", "group_unarchive", "channel_name", "group_name", "channel_convert_to_private",
		"channel_convert_to_public", "channel_posting_permissions", "bot_add", "bot_remove", "bot_enable", "bot_disable",
		"pinned_item", "unpinned_item", "reminder_add", "ekm_access_denied", "tombstone", "message_replied",
		"huddle_thread", "sh_room_created", "message_deleted":
		return false
	}
	return m.Channel != "" && m.TS != ""
}

// author is who wrote it. A program that writes without a user has an id of its
// own.
func (m *rawMessage) author() chat.Person {
	p := chat.Person{ID: chat.PersonID(m.User), Bot: m.BotID != "" || m.Subtype == "bot_message" || m.User == slackbot}
	if p.Bot {
		p.Name = clean(oneLine(m.Username))
		if p.Name == "" {
			p.Name = clean(oneLine(m.BotProfile.Name))
		}
	}
	if p.ID == "" {
		p.ID = chat.PersonID(m.BotID)
	}
	return p
}

// neutral makes the neutral message, and says which message began the thread
// that it answers in where the author of that one is not known.
func (s *Slack) neutral(w *space, server chat.ServerID, m *rawMessage) (out chat.Message, starter string) {
	thread := m.thread()
	out = chat.Message{
		ID: chat.MessageID(m.TS), Author: m.author(), Time: timeOf(m.TS), Edited: m.changed || len(m.Edited) > 2,
		Place: chat.Place{Server: server, ID: placeID(m.Channel, thread), Direct: strings.HasPrefix(m.Channel, "D")},
	}
	if thread != "" {
		out.Place.Parent = chat.PlaceID(m.Channel)
	}
	if w != nil {
		out.Link = w.link(out.Place.ID, m.TS)
	}
	read := m.text(s.lookup(server))
	out.Text, out.Mentions = read.text, read.mentions
	if out.Author.Name == "" {
		out.Author.Name = s.recentName(server, string(out.Author.ID))
	}
	if c, ok := s.names.places.get(nameKey{server, m.Channel}, s.time.naming); ok {
		out.Place.Name, out.Place.Direct = c.name, c.direct
	}
	if thread == "" {
		return out, ""
	}
	out.ReplyTo = chat.PersonID(m.ParentUser)
	if out.ReplyTo == "" {
		author, _ := s.names.starts.get(nameKey{server, m.Channel + ":" + thread}, 24*time.Hour)
		out.ReplyTo = chat.PersonID(author)
	}
	if out.ReplyTo == "" {
		starter = thread
	}
	return out, starter
}

func (s *Slack) recentName(server chat.ServerID, id string) string {
	p, _ := s.names.people.get(nameKey{server, id}, s.time.naming)
	return p.name
}

// lookup gives the names that mentions stand for; "" where they are unknown.
type lookup struct {
	person  func(string) string
	channel func(string) string
}

func (s *Slack) lookup(server chat.ServerID) lookup {
	return lookup{
		person: func(id string) string { return s.knownName(server, id) },
		channel: func(id string) string {
			c, _ := s.names.places.get(nameKey{server, id}, 24*time.Hour)
			return c.name
		},
	}
}

// maxParts and maxDepth bound how much is gathered of one message, whatever it
// holds.
const (
	maxParts = 500
	maxDepth = 20
)

// reading is what a reader sees of a message.
type reading struct {
	text     string
	mentions []chat.PersonID
}

// text is all that a reader sees, parts joined by line feeds: what was written,
// what stands only in blocks or attachments, and the names of files. Previews
// of links are not the writer's words.
func (m *rawMessage) text(look lookup) reading {
	p := parts{look: look}
	p.add(p.readable(m.Text))
	if len(m.Blocks) > 2 {
		p.blocks(m.Blocks)
	}
	if len(m.Attached) > 2 {
		p.attachments(m.Attached)
	}
	for _, raw := range []json.RawMessage{m.Files, m.File} {
		if len(raw) > 2 {
			p.files(raw)
		}
	}
	if !slices.ContainsFunc([]string{m.Topic, m.Purpose}, func(s string) bool { return s != "" }) {
		return reading{strings.Join(p.all, "\n"), p.mentions}
	}
	p.addNew(p.readable(m.Topic))
	p.addNew(p.readable(m.Purpose))
	return reading{strings.Join(p.all, "\n"), p.mentions}
}

// parts are pieces of text, in the order of reading.
type parts struct {
	look     lookup
	all      []string
	seen     strings.Builder // all of them, squeezed
	mentions []chat.PersonID
}

func (p *parts) add(s string) {
	if len(p.all) < maxParts && strings.TrimSpace(s) != "" {
		s = strings.ToValidUTF8(s, "\uFFFD")
		p.all = append(p.all, s)
		p.seen.WriteString(squeeze(s))
		p.seen.WriteByte('\n')
	}
}

// addNew adds what was not there before: blocks mostly repeat the text.
func (p *parts) addNew(s string) {
	if q := squeeze(s); q != "" && !strings.Contains(p.seen.String(), q) {
		p.add(s)
	}
}

// squeeze leaves only what two ways of writing the same have in common.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("*_~`•>", r) {
			return -1
		}
		return r
	}, s)
}

func (p *parts) mention(id string) {
	if id != "" && !slices.Contains(p.mentions, chat.PersonID(id)) && len(p.mentions) < maxParts {
		p.mentions = append(p.mentions, chat.PersonID(id))
	}
}

// blocks gathers the words of blocks, known or not: whatever Slack adds later,
// its text lies in properties with these names.
func (p *parts) blocks(raw []byte) {
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
		kind, _ := node["type"].(string)
		if strings.HasPrefix(kind, "rich_text_") && kind != "rich_text_list" {
			p.addNew(p.rich(node["elements"]))
			return
		}
		for _, k := range []string{"text", "title", "alt_text", "label", "hint", "placeholder", "description", "raw_text"} {
			s, ok := node[k].(string)
			switch {
			case !ok:
			case kind == "plain_text" || kind == "image":
				p.addNew(s)
			default:
				p.addNew(p.readable(s))
			}
		}
		keys := make([]string, 0, len(node))
		for k, v := range node {
			switch v.(type) {
			case []any, map[string]any:
				keys = append(keys, k)
			}
		}
		slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
		for _, k := range keys {
			p.visit(node[k], depth-1)
		}
	}
}

// rank puts the words of a block before what stands beside or below them.
func rank(key string) int {
	switch key {
	case "title":
		return 0
	case "text":
		return 1
	}
	return 2
}

// rich writes the elements of rich text as a reader sees them.
func (p *parts) rich(node any) string {
	list, _ := node.([]any)
	var b strings.Builder
	for _, n := range list {
		e, _ := n.(map[string]any)
		say := func(key string) string { s, _ := e[key].(string); return s }
		switch say("type") {
		case "user":
			b.WriteString(p.personMark(say("user_id")))
		case "channel":
			b.WriteString("#" + named(p.look.channel, say("channel_id")))
		case "usergroup":
			b.WriteString("@" + say("usergroup_id"))
		case "broadcast":
			b.WriteString("@" + say("range"))
		case "emoji":
			b.WriteString(":" + say("name") + ":")
		case "link":
			b.WriteString(linkText(say("url"), say("text")))
		case "date":
			b.WriteString(say("fallback"))
		default:
			b.WriteString(say("text"))
		}
	}
	return b.String()
}

func named(look func(string) string, id string) string {
	if look != nil {
		if n := look(id); n != "" {
			return n
		}
	}
	return id
}

func (p *parts) personMark(id string) string {
	p.mention(id)
	return "@" + named(p.look.person, id)
}

// linkText is what a reader sees of a link: its text, and where it leads
// unless the text says that already.
func linkText(to, text string) string {
	bareTo := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(to, "https://"), "http://"), "mailto:"), "tel:")
	switch {
	case text == "" || text == to:
		return to
	case strings.Contains(strings.TrimSuffix(bareTo, "/"), strings.TrimSuffix(text, "/")) || strings.Contains(text, bareTo):
		return text
	}
	return text + " (" + to + ")"
}

// attachments gathers what a program wrote, or somebody passed on. An
// attachment with an address but no words of its own is the preview of a link.
func (p *parts) attachments(raw []byte) {
	var list []struct {
		From     string          `json:"from_url"`
		Original string          `json:"original_url"`
		Passed   bool            `json:"is_msg_unfurl"`
		Shared   bool            `json:"is_share"`
		Pretext  string          `json:"pretext"`
		Author   string          `json:"author_name"`
		Title    string          `json:"title"`
		Text     string          `json:"text"`
		Fallback string          `json:"fallback"`
		Footer   string          `json:"footer"`
		Fields   json.RawMessage `json:"fields"`
		Blocks   json.RawMessage `json:"blocks"`
		Within   json.RawMessage `json:"message_blocks"`
		Files    json.RawMessage `json:"files"`
	}
	_ = readJSON(raw, &list) // what does not fit is left out
	for _, a := range list {
		if (a.From != "" || a.Original != "") && !a.Passed && !a.Shared {
			continue
		}
		before := len(p.all)
		p.addNew(p.readable(a.Pretext))
		if !a.Passed {
			p.addNew(p.readable(a.Author))
		}
		p.addNew(p.readable(a.Title))
		p.addNew(p.readable(a.Text))
		var fields []struct {
			Title string `json:"title"`
			Value string `json:"value"`
		}
		if len(a.Fields) > 2 {
			_ = readJSON(a.Fields, &fields)
		}
		for _, f := range fields {
			p.addNew(p.readable(f.Title))
			p.addNew(p.readable(f.Value))
		}
		p.blocks(a.Blocks)
		p.blocks(a.Within)
		if len(a.Files) > 2 {
			p.files(a.Files)
		}
		if !a.Passed {
			p.addNew(p.readable(a.Footer))
		}
		if len(p.all) == before {
			p.addNew(p.readable(a.Fallback))
		}
	}
}

// files gathers the names, descriptions and comments of files; never what is
// in them.
func (p *parts) files(raw []byte) {
	type file struct {
		Title   string `json:"title"`
		Name    string `json:"name"`
		Alt     string `json:"alt_txt"`
		Comment struct {
			Text string `json:"comment"`
		} `json:"initial_comment"`
	}
	var list []file
	if raw[0] == '{' {
		var one file
		_ = readJSON(raw, &one)
		list = []file{one}
	} else {
		_ = readJSON(raw, &list)
	}
	for _, f := range list {
		p.addNew(f.Title)
		p.addNew(f.Name)
		p.addNew(f.Alt)
		p.addNew(p.readable(f.Comment.Text))
	}
}

// entities are the three marks that Slack escapes.
var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// readable writes Slack's own markup as a reader sees it: "<@U1>" becomes
// "@Robin", "<https://example.org|here>" its text, "&lt;" a "<".
func (p *parts) readable(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			break
		}
		b.WriteString(entities.Replace(s[:open]))
		s = s[open:]
		end := strings.IndexByte(s, '>')
		if end < 0 {
			b.WriteByte('<')
			s = s[1:]
			continue
		}
		if seen, ok := p.markup(s[1:end]); ok {
			b.WriteString(seen)
			s = s[end+1:]
			continue
		}
		b.WriteByte('<')
		s = s[1:]
	}
	b.WriteString(entities.Replace(s))
	return b.String()
}

// markup is what a reader sees of what stands between < and >.
func (p *parts) markup(s string) (string, bool) {
	to, label, _ := strings.Cut(s, "|")
	label = entities.Replace(label)
	switch {
	case strings.HasPrefix(to, "@") && isID(to[1:]):
		if label != "" {
			p.mention(to[1:])
			return "@" + strings.TrimPrefix(label, "@"), true
		}
		return p.personMark(to[1:]), true
	case strings.HasPrefix(to, "#") && isID(to[1:]):
		if label != "" {
			return "#" + label, true
		}
		return "#" + named(p.look.channel, to[1:]), true
	case strings.HasPrefix(to, "!"):
		if label != "" {
			return label, true
		}
		what, _, _ := strings.Cut(strings.TrimPrefix(to[1:], "subteam^"), "^")
		return "@" + what, true
	case strings.HasPrefix(to, "http://"), strings.HasPrefix(to, "https://"), strings.HasPrefix(to, "mailto:"), strings.HasPrefix(to, "tel:"):
		to = entities.Replace(to)
		if label == "" {
			return strings.TrimPrefix(strings.TrimPrefix(to, "mailto:"), "tel:"), true
		}
		return linkText(to, label), true
	}
	return "", false
}

// isID says whether s has the shape of one of Slack's ids.
func isID(s string) bool {
	return len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// clean leaves out what cannot be seen and what turns the direction of
// reading, so that nobody can make a card say something else.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == utf8.RuneError, unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u200e', r == '\u200f':
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n"))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// short keeps at most n characters, the last of them an ellipsis where some
// are left out.
func short(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return strings.TrimSpace(string(r[:n-1])) + "…"
}
