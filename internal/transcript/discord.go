package transcript

import (
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// discord reads a JSON file of DiscordChatExporter, which holds one channel:
// {"guild":{...},"channel":{...},...,"messages":[...],"messageCount":n}.
// Attachments and link previews are passed over.
type discord struct {
	in      *objects
	server  chat.ServerID
	place   chat.Place
	started bool
	authors recent
}

func newDiscord(r io.Reader) *discord { return &discord{in: newObjects("", r)} }

type discordPerson struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Nickname string `json:"nickname"`
	IsBot    bool   `json:"isBot"`
}

func (p discordPerson) person() chat.Person {
	name := p.Nickname
	if name == "" {
		name = p.Name
	}
	return chat.Person{ID: chat.PersonID(p.ID), Name: name, Bot: p.IsBot}
}

type discordMessage struct {
	ID        string          `json:"id"`
	Timestamp string          `json:"timestamp"`
	Content   string          `json:"content"`
	Author    discordPerson   `json:"author"`
	Mentions  []discordPerson `json:"mentions"`
	Reference struct {
		MessageID string `json:"messageId"`
	} `json:"reference"`
	Forwarded struct {
		Content string `json:"content"`
	} `json:"forwardedMessage"`
}

func (d *discord) next() (Entry, error) {
	if !d.started {
		d.started = true
		if err := d.header(); err != nil {
			return Entry{}, err
		}
	}
	var m discordMessage
	if err := d.in.next(&m); err != nil {
		return Entry{}, err
	}
	at, err := time.Parse(time.RFC3339, m.Timestamp)
	if err != nil {
		return Entry{}, d.in.wrong("timestamp is no time")
	}
	author := m.Author.person()
	d.authors.add(m.ID, author.ID)
	out := chat.Message{
		ID: chat.MessageID(m.ID), Place: d.place, Author: author, Time: at,
		Text:    joinText(m.Content, m.Forwarded.Content),
		ReplyTo: d.authors.by[m.Reference.MessageID],
	}
	for _, p := range m.Mentions {
		out.Mentions = append(out.Mentions, chat.PersonID(p.ID))
	}
	if d.server != "" && d.place.ID != "" && m.ID != "" {
		out.Link = "https://discord.com/channels/" + string(d.server) + "/" + string(d.place.ID) + "/" + m.ID
	}
	return Entry{Message: out, ID: idOf(m.ID)}, nil
}

// header reads up to the first message.
func (d *discord) header() error {
	var guild struct {
		ID string `json:"id"`
	}
	var channel struct {
		ID         string `json:"id"`
		Type       string `json:"type"`
		Name       string `json:"name"`
		CategoryID string `json:"categoryId"`
	}
	if _, err := d.in.d.Token(); err != nil { // the brace that the format was told by
		return d.in.broken("is no JSON")
	}
	for d.in.d.More() {
		key, err := d.in.d.Token()
		if err != nil {
			return d.in.broken("is no JSON")
		}
		var into any = new(json.RawMessage)
		switch key {
		case "messages":
			d.server = chat.ServerID(guild.ID)
			d.place = chat.Place{Server: d.server, ID: chat.PlaceID(channel.ID), Name: channel.Name}
			if strings.Contains(channel.Type, "Thread") { // then the category is the channel above it
				d.place.Parent = chat.PlaceID(channel.CategoryID)
			}
			return d.in.open()
		case "guild":
			into = &guild
		case "channel":
			into = &channel
		}
		d.in.bound.left = MaxMessage
		if err := d.in.d.Decode(into); err != nil {
			return d.in.broken("is no file of DiscordChatExporter")
		}
	}
	return d.in.broken("holds no messages")
}

// joinText joins the parts of a message that a reader sees.
func joinText(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "\n")
}

// recent remembers who wrote the last messages, to tell whom a reply answers.
type recent struct {
	by   map[string]chat.PersonID
	ring [10_000]string
	at   int
}

func (r *recent) add(message string, author chat.PersonID) {
	if r.by == nil {
		r.by = map[string]chat.PersonID{}
	}
	delete(r.by, r.ring[r.at])
	r.ring[r.at] = message
	r.by[message] = author
	r.at = (r.at + 1) % len(r.ring)
}
