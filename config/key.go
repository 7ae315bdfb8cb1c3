package config

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// minKey is how many characters a secret key has at least, so that it cannot
// be found by trying: 32 random hexadecimal digits are 128 bits.
const minKey = 32

// keyFile holds the key that is made where none is configured.
const keyFile = "waymark.key"

// KeyUse is what a key is for. Each use has a key of its own, so that what was
// sealed for one cannot be opened as the other.
type KeyUse string

// The uses of keys. The names are part of what the keys are made of.
const (
	ForReports KeyUse = "waymark reports" // until they are delivered
	ForTokens  KeyUse = "waymark tokens"  // of workspaces that installed the bot
)

// Key gives 32 bytes for a use, derived from secret_key. Where that is not set,
// it is read from waymark.key in Dir, which is made the first time, readable by
// its owner alone.
func (c Config) Key(use KeyUse) ([]byte, error) {
	secret := c.SecretKey.Reveal()
	if secret == "" {
		var err error
		if secret, err = ownKey(filepath.Join(c.Dir, keyFile)); err != nil {
			return nil, fmt.Errorf("read the key: %w", err)
		}
	}
	return hkdf.Key(sha256.New, []byte(secret), nil, string(use), 32)
}

// ownKey reads the key file, and makes it where it is not there.
func ownKey(path string) (string, error) {
	secret, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if err := makeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make %s, or set secret_key instead: %w", path, err)
	}
	return readKey(path)
}

func readKey(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s can be read by others: run chmod 600 on it", path)
	}
	raw, err := readBounded(path, 4<<10)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(raw))
	if len(secret) < minKey {
		return "", fmt.Errorf("%s holds no key of at least %d characters", path, minKey)
	}
	return secret, nil
}

// makeKey writes a new key beside the path and links it there, so that a
// program that starts at the same time sees a whole file or none, and both use
// the one that came first.
func makeKey(path string) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".waymark-key-*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	_, err = fmt.Fprintln(tmp, base64.StdEncoding.EncodeToString(key))
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Link(tmp.Name(), path)
}
