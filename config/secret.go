package config

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a value that must not be shown. Every way of printing it gives
// [redacted], or nothing where it is empty; only Reveal gives the value. Hold
// it in exported fields: fmt calls no methods on unexported ones.
type Secret string

// Reveal gives the value itself.
func (s Secret) Reveal() string { return string(s) }

// String gives [redacted], or "" where there is no value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format writes [redacted] for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue keeps the value out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps the value out of JSON, XML and whatever else asks for text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML keeps the value out of YAML.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }
