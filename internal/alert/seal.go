package alert

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
)

// Words are what a member wrote in a report. They exist in clear only on
// their way through memory.
type Words struct {
	Text string `json:"text"`
	// Name is who wrote it, empty where they chose not to say.
	Name string `json:"name,omitempty"`
}

// Seal encrypts what members write until it is delivered.
type Seal struct{ aead cipher.AEAD }

// NewSeal makes a Seal from a key of 32 bytes. The same key opens what it
// sealed, so replicas share one.
func NewSeal(key []byte) (*Seal, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	return &Seal{aead: aead}, nil
}

// Close encrypts words.
func (s *Seal) Close(w Words) ([]byte, error) {
	plain, err := json.Marshal(w)
	if err != nil {
		return nil, errors.New("seal what was written")
	}
	return s.aead.Seal(nil, nil, plain, nil), nil
}

func (s *Seal) open(sealed []byte) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, errors.New("a member's report cannot be opened: it was sealed with another secret_key; set the one that was used then")
	}
	return plain, nil
}
