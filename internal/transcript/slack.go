package transcript

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
)

// The bounds of an export. A zip that claims to unpack to very much is refused
// before anything of it is unpacked; what is unpacked is never kept.
const (
	maxFiles    = 500_000
	maxUsers    = 1_000_000
	maxTrouble  = 100     // mistakes told of the files of names
	maxRatio    = 250     // exports are text: they pack to between a fifth and a fiftieth
	freeToGrow  = 1 << 28 // below this no ratio is asked for
	usersFile   = "users.json"
	channelFile = "channels.json"
)

// slackExport reads an export's files day by day, and within a day channel by
// channel, so that what adds up over days is in order.
type slackExport struct {
	fsys   fs.FS
	days   []string // paths of the files, in the order of reading
	people map[string]chat.Person
	ids    map[string]string // of channels, by folder
	open   fs.File
	day    *slackDay
	count  func(io.Reader) io.Reader

	trouble []error // with the files of names, still to be told
}

// slackDay reads one file: the messages of one channel on one day.
type slackDay struct {
	in     *objects
	begun  bool
	place  chat.Place
	people map[string]chat.Person
}

func newSlackDay(r io.Reader) *slackDay { return &slackDay{in: newObjects("", r)} }

func (s *Source) slackFolder(dir string) error { return s.slack(os.DirFS(dir)) }

func (s *Source) slackZip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("open the zip: %w", err)
	}
	var unpacked, packed uint64
	for _, f := range z.File {
		unpacked += f.UncompressedSize64
		packed += f.CompressedSize64
		if unpacked > freeToGrow && unpacked/maxRatio > packed || len(z.File) > maxFiles {
			return errors.New("the zip would unpack to far more than an export does; it is not read")
		}
	}
	return s.slack(z)
}

func (s *Source) slack(fsys fs.FS) error {
	s.Format, s.Size = Slack, 0
	x := &slackExport{people: map[string]chat.Person{}, ids: map[string]string{}}
	x.count = func(r io.Reader) io.Reader { return &counted{r, s.read} }
	if err := x.find(fsys); err != nil {
		return err
	}
	for _, day := range x.days {
		if info, err := fs.Stat(x.fsys, day); err == nil {
			s.Size += info.Size()
		}
	}
	x.names()
	s.next = x.next
	s.close = append(s.close, x)
	return nil
}

var dayFile = regexp.MustCompile(`/\d{4}-\d{2}-\d{2}\.json$`)

// find lists the files of the export, which may lie in a folder of its own.
func (x *slackExport) find(fsys fs.FS) error {
	root, depth := ".", maxFiles
	var days []string
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case len(days) > maxFiles:
			return errors.New("too many files")
		case d.IsDir():
		case path.Base(p) == usersFile || path.Base(p) == channelFile:
			if n := strings.Count(p, "/"); n < depth {
				root, depth = path.Dir(p), n
			}
		case dayFile.MatchString(p):
			days = append(days, p)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list the export's files: %w", err)
	}
	if x.fsys, err = fs.Sub(fsys, root); err != nil {
		return fmt.Errorf("open the export's folder: %w", err)
	}
	for _, p := range days {
		if root != "." {
			p = strings.TrimPrefix(p, root+"/") // one that lies elsewhere keeps too many slashes
		}
		if strings.Count(p, "/") == 1 {
			x.days = append(x.days, p)
		}
	}
	if len(x.days) == 0 {
		return errors.New("is no Slack export: it holds no file such as general/2026-01-05.json")
	}
	slices.SortFunc(x.days, func(a, b string) int {
		if c := strings.Compare(path.Base(a), path.Base(b)); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return nil
}

type slackUser struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	RealName string `json:"real_name"`
	IsBot    bool   `json:"is_bot"`
	Profile  struct {
		DisplayName string `json:"display_name"`
		RealName    string `json:"real_name"`
	} `json:"profile"`
}

// names reads who is who and which folder is which channel. Any of these files
// may be missing; what is wrong in them is told before the first message.
func (x *slackExport) names() {
	x.each(usersFile, func(in *objects) error {
		var u slackUser
		err := in.next(&u)
		if err == nil && len(x.people) < maxUsers {
			x.people[u.ID] = chat.Person{ID: chat.PersonID(u.ID), Bot: u.IsBot,
				Name: firstOf(u.Profile.DisplayName, u.Profile.RealName, u.RealName, u.Name)}
		}
		return err
	})
	for _, file := range []string{channelFile, "groups.json", "mpims.json"} {
		x.each(file, func(in *objects) error {
			var c struct{ ID, Name string }
			err := in.next(&c)
			if err == nil && len(x.ids) < maxUsers {
				x.ids[c.Name] = c.ID
			}
			return err
		})
	}
}

// each takes the objects of a file one by one, if it is there.
func (x *slackExport) each(file string, take func(*objects) error) {
	f, err := x.fsys.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		x.trouble = append(x.trouble, &LineError{Where: file, Reason: err.Error()})
		return
	}
	defer f.Close()
	in := newObjects(file, f)
	for err = in.open(); !errors.Is(err, io.EOF); err = take(in) {
		if err != nil && len(x.trouble) < maxTrouble {
			x.trouble = append(x.trouble, err)
		}
	}
}

func (x *slackExport) next() (Entry, error) {
	if len(x.trouble) > 0 {
		err := x.trouble[0]
		x.trouble = x.trouble[1:]
		return Entry{}, err
	}
	for {
		if x.day == nil {
			if len(x.days) == 0 {
				return Entry{}, io.EOF
			}
			if err := x.begin(x.days[0]); err != nil {
				return Entry{}, err
			}
		}
		e, err := x.day.next()
		if !errors.Is(err, io.EOF) {
			return e, err
		}
		x.day = nil
		if err := x.Close(); err != nil {
			return Entry{}, err
		}
	}
}

// begin opens the next file. One that cannot be opened is passed over with a
// *LineError.
func (x *slackExport) begin(file string) error {
	x.days = x.days[1:]
	f, err := x.fsys.Open(file)
	if err != nil {
		return &LineError{Where: file, Reason: err.Error()}
	}
	x.open = f
	folder := path.Dir(file)
	place := chat.Place{ID: chat.PlaceID(firstOf(x.ids[folder], folder)), Name: folder}
	x.day = &slackDay{in: newObjects(file, x.count(f)), place: place, people: x.people}
	return nil
}

// Close lets go of the file that is open.
func (x *slackExport) Close() error {
	if x.open == nil {
		return nil
	}
	err := x.open.Close()
	x.open = nil
	return err
}

type slackMessage struct {
	Type         string `json:"type"`
	Subtype      string `json:"subtype"`
	User         string `json:"user"`
	BotID        string `json:"bot_id"`
	Username     string `json:"username"`
	Text         string `json:"text"`
	TS           string `json:"ts"`
	ThreadTS     string `json:"thread_ts"`
	ParentUserID string `json:"parent_user_id"`
	UserProfile  struct {
		DisplayName string `json:"display_name"`
		RealName    string `json:"real_name"`
	} `json:"user_profile"`
	// Attachments hold, among others, messages that were shared.
	Attachments []struct {
		Pretext string `json:"pretext"`
		Title   string `json:"title"`
		Text    string `json:"text"`
	} `json:"attachments"`
}

// notWritten are the subtypes that Slack writes itself when something happens.
var notWritten = regexp.MustCompile(`^((channel|group|mpim)_(join|leave|archive|unarchive|convert_to_private|posting_permissions)|` +
	`bot_(add|remove|enable|disable)|(un)?pinned_item|reminder_add|tombstone|huddle_thread|app_conversation_(join|leave))$`)

func (d *slackDay) next() (Entry, error) {
	if !d.begun {
		d.begun = true
		if err := d.in.open(); err != nil {
			return Entry{}, err
		}
	}
	for {
		var m slackMessage
		if err := d.in.next(&m); err != nil {
			return Entry{}, err
		}
		if m.Type == "" {
			return Entry{}, d.in.wrong("is no message of Slack: it has no type")
		}
		if m.Type == "message" && !notWritten.MatchString(m.Subtype) {
			return d.entry(m)
		}
	}
}

func (d *slackDay) entry(m slackMessage) (Entry, error) {
	at, err := slackTime(m.TS)
	if err != nil {
		return Entry{}, d.in.wrong("ts is no time")
	}
	author := chat.PersonID(firstOf(m.User, m.BotID, m.Username))
	who, known := d.people[m.User]
	if !known {
		who = chat.Person{ID: author, Name: firstOf(m.UserProfile.DisplayName, m.UserProfile.RealName, m.Username, string(author))}
	}
	who.Bot = who.Bot || m.Subtype == "bot_message" || m.BotID != ""
	parts := []string{m.Text}
	for _, a := range m.Attachments {
		parts = append(parts, a.Pretext, a.Title, a.Text)
	}
	text, mentions := d.plain(joinText(parts...))
	out := chat.Message{ID: chat.MessageID(m.TS), Place: d.place, Author: who, Text: text, Time: at,
		ReplyTo: chat.PersonID(m.ParentUserID), Mentions: mentions}
	if m.ThreadTS != "" && m.ThreadTS != m.TS {
		out.Place.Parent = d.place.ID
		out.Place.ID += chat.PlaceID("/" + m.ThreadTS)
	}
	return Entry{Message: out, ID: idOf(m.TS)}, nil
}

// slackTime reads seconds and microseconds: "1735920000.000100".
func slackTime(ts string) (time.Time, error) {
	whole, part, _ := strings.Cut(ts, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec <= 0 || sec > 1<<36 {
		return time.Time{}, errors.New("no time")
	}
	micro, err := strconv.ParseInt(firstOf(part, "0"), 10, 64)
	if err != nil || micro < 0 || micro >= 1e6 {
		return time.Time{}, errors.New("no time")
	}
	return time.Unix(sec, micro*1000).UTC(), nil
}

// slackMark is what Slack writes in angle brackets: <@U1|name>, <#C1|name>,
// <!here>, <https://example.org|label>.
var slackMark = regexp.MustCompile(`<([^<>|]*)(?:\|([^<>]*))?>`)

var slackEscapes = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// plain gives a text as a reader sees it, and who is mentioned in it.
func (d *slackDay) plain(text string) (string, []chat.PersonID) {
	mentioned := map[chat.PersonID]bool{}
	text = slackMark.ReplaceAllStringFunc(text, func(mark string) string {
		m := slackMark.FindStringSubmatch(mark)
		target, label := m[1], m[2]
		switch {
		case strings.HasPrefix(target, "@"):
			id := target[1:]
			mentioned[chat.PersonID(id)] = true
			return "@" + firstOf(label, d.people[id].Name, id)
		case strings.HasPrefix(target, "#"):
			return "#" + firstOf(label, target[1:])
		case strings.HasPrefix(target, "!"):
			return firstOf(label, "@"+target[1:])
		}
		return firstOf(label, target)
	})
	return slackEscapes.Replace(text), slices.Sorted(maps.Keys(mentioned))
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
