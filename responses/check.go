package responses

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// CheckFile is the name of the file of checks; the program reads the one beside
// its configuration.
const CheckFile = "waymark-checks.yaml"

// Check says that a person checked a contact. The last check of each contact is
// kept.
type Check struct {
	Contact string `yaml:"contact"` // its id
	On      string `yaml:"date"`    // the day, YYYY-MM-DD
	By      string `yaml:"by"`      // who: initials are enough
	// Right says that everything shown about it is right. Where it is not, Note
	// says why.
	Right bool   `yaml:"right"`
	Note  string `yaml:"note,omitempty"`
	// Details are the Contact's, so that a check of an old number never stands
	// for a new one.
	Details string `yaml:"details"`
}

// checkFile is what a file of checks holds.
type checkFile struct {
	Checks []Check `yaml:"checks"`
}

// checksHead is what stands above a file of checks.
const checksHead = `# Who checked which contact, and when: written by "waymark signposts review" and
# read by Waymark when it starts. A contact whose check is newer than the one it
# came with shows this date. One that is not right is shown no more, unless it is
# an emergency line. "details" stands for what was checked: where a new version
# brings another number or address, the check no longer counts.
`

// Details stand for all that is shown about a contact, as 8 hexadecimal digits.
func (c Contact) Details() string {
	sum := sha256.Sum256([]byte(strings.Join(append(c.said(), c.Languages...), "\x00")))
	return hex.EncodeToString(sum[:4])
}

// Counts says whether a check is one of the contact as it is now.
func (k Check) Counts(c Contact) bool { return k.Contact == c.ID && k.Details == c.Details() }

// Stale says whether a check was longer ago than a contact can be relied on.
func (k Check) Stale(now time.Time) bool { return old(k.On, now) }

// ReadChecks reads a file of checks; there are none where there is no file. Its
// error says all that is wrong.
func ReadChecks(path string) ([]Check, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the checks of the contacts: %w", err)
	}
	var f checkFile
	var bad Problems
	if decode(path, 0, data, &f, &bad) {
		for _, k := range f.Checks {
			k.check(path, lineOf(data, k.Contact), &bad)
		}
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("read the checks of the contacts: %w", bad)
	}
	return f.Checks, nil
}

func (k Check) check(file string, line int, bad *Problems) {
	if !contactID.MatchString(k.Contact) {
		bad.add(file, line, "%q is no contact's id", k.Contact)
	}
	if _, err := time.Parse(time.DateOnly, k.On); err != nil {
		bad.add(file, line, "%s: date %q is no day like 2026-11-23", k.Contact, k.On)
	}
	if strings.TrimSpace(k.By) == "" {
		bad.add(file, line, "%s: by is missing: who checked it", k.Contact)
	}
	if !k.Right && strings.TrimSpace(k.Note) == "" {
		bad.add(file, line, "%s: note is missing: what is wrong with it", k.Contact)
	}
}

// WriteChecks writes a file of checks, all of it or nothing.
func WriteChecks(path string, checks []Check) (err error) {
	var b bytes.Buffer
	b.WriteString(checksHead)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(checkFile{checks}); err != nil {
		return fmt.Errorf("write the checks of the contacts: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".waymark-checks-*")
	if err != nil {
		return fmt.Errorf("write the checks of the contacts: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write the checks of the contacts: %w", errors.Join(err, os.Remove(f.Name())))
		}
	}()
	_, err = f.Write(b.Bytes())
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// takeOver gives each contact what is known from a check that is newer than its
// own date, in every language. A check of other details counts for nothing, nor
// does one of a contact that is not there any more.
func (t *Texts) takeOver(checks []Check) {
	newer := map[string]Check{}
	for _, k := range checks {
		if c, ok := t.contacts.all[k.Contact]; ok && k.Counts(c) && k.On >= c.Checked {
			newer[k.Contact] = k
		}
	}
	if len(newer) == 0 {
		return
	}
	for _, l := range t.all.list {
		all := maps.Clone(l.contacts.all)
		for id, k := range newer {
			c := all[id]
			if c.Wrong = !k.Right; k.Right {
				c.Checked = k.On
			}
			all[id] = c
		}
		l.contacts = &Contacts{all: all, ids: slices.Clone(l.contacts.ids), regions: l.contacts.regions}
	}
}
