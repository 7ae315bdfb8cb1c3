package config

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const value = "sesame9opens2"
	c := Config{Discord: Discord{Token: Secret(value)}, Database: Database{URL: Secret(value)}}
	var out strings.Builder
	for _, v := range []any{c, &c, c.Discord.Token, &c.Discord.Token, []Secret{c.Discord.Token}, map[string]Secret{"a": c.Discord.Token}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, fmt.Errorf("wrapped: %v", v), v)
		for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal, xml.Marshal} {
			if raw, err := marshal(v); err == nil {
				out.Write(raw)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		out.Write(log.Bytes())
	}
	for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value)} {
		if strings.Contains(out.String(), form) {
			t.Errorf("printed: %s", form)
		}
	}
	if n := strings.Count(out.String(), "[redacted]"); n < 50 {
		t.Errorf("[redacted] stands only %d times in\n%s", n, out.String())
	}
	if c.Discord.Token.Reveal() != value || fmt.Sprint(Secret("")) != "" {
		t.Error("a secret is lost, or an empty one looks set")
	}
}
