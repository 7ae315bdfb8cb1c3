package discord

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzSplitFrame(f *testing.F) {
	for _, s := range []string{
		`{"t":"MESSAGE_CREATE","s":5,"op":0,"d":{"content":"a \"quoted\" } brace \\","x":[1,{"y":"]"}]}}`,
		`{"op":9,"d":false,"s":null,"t":null}`, `{"op":11}`, ` { "op" : 10 , "d" : { } } `, `{"op":1,"d":null,"new":["x"]}`,
		`{}`, `{"op":0}x`, `{"t":"\u0041","op":0}`, `{"op":1.5}`, `{"op":"0"}`, `{"d":"\\"}`, `{"d":"\"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := splitFrame(raw)
		if !ok || !json.Valid(raw) {
			return // the JSON library reads it, or the event's reader finds it broken
		}
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			t.Fatalf("%q was taken for a frame", raw)
		}
		var want frame
		if json.Unmarshal(raw, &want) != nil {
			return
		}
		// The library matches names without regard to case; Discord writes them small.
		if _, exact := fields["d"]; exact && len(fields) == 1 && !bytes.Equal(got.Data, want.Data) {
			t.Fatalf("%q carries %q, want %q", raw, got.Data, want.Data)
		}
		if _, exact := fields["op"]; exact && len(fields) == 1 && got.Op != want.Op {
			t.Fatalf("%q has the operation %d, want %d", raw, got.Op, want.Op)
		}
	})
}

func TestFramesAreTakenApart(t *testing.T) {
	for _, raw := range append(messageFrames(3), guildFrame(1, 5), []byte(`{"op":10,"d":{"heartbeat_interval":41250},"t":null,"s":null,"new":[{"x":"]}"}]}`)) {
		got, ok := splitFrame(raw)
		var want frame
		if err := json.Unmarshal(raw, &want); err != nil || !ok {
			t.Fatalf("%.60s: %v, %v", raw, ok, err)
		}
		if got.Op != want.Op || got.Seq != want.Seq || got.Type != want.Type || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%.60s: got %+v", raw, got)
		}
	}
	for _, raw := range []string{"", "x", "{", `{"op"`, `{"op":`, `{"op":1`, `{"d":{"a":1}`, `[1]`, `{"d":"x}`, `{"op":1}}`} {
		if f, ok := splitFrame([]byte(raw)); ok {
			t.Errorf("%q was taken for %+v", raw, f)
		}
	}
}
