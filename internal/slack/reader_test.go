package slack

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/waymark-bot/waymark/internal/chat"
)

// plainText reads rendered blocks as a person would, in the form of
// chat.Card.PlainText.
func plainText(t testing.TB, raw json.RawMessage) string {
	t.Helper()
	var blocks []map[string]any
	if len(raw) == 0 {
		return ""
	}
	if err := json.Unmarshal(raw, &blocks); err != nil {
		t.Fatal(err)
	}
	var paras []string
	add := func(s string) {
		if s != "" {
			paras = append(paras, s)
		}
	}
	for _, b := range blocks {
		switch b["type"] {
		case "header":
			s := b["text"].(map[string]any)["text"].(string)
			for _, m := range []chat.Tone{chat.Notice, chat.Strong, chat.Urgent, chat.Done} {
				s = strings.TrimPrefix(s, mark(m))
			}
			add(s)
		case "context":
			for _, e := range b["elements"].([]any) {
				add(e.(map[string]any)["text"].(string))
			}
		case "rich_text":
			add(richText(b["elements"].([]any)))
		}
	}
	return strings.Join(paras, "\n\n")
}

func richText(elements []any) string {
	var lines []string
	for _, e := range elements {
		e := e.(map[string]any)
		inner := e["elements"].([]any)
		switch e["type"] {
		case "rich_text_list":
			for i, it := range inner {
				mark := "- "
				if e["style"] == "ordered" {
					mark = fmt.Sprint(i+1, ". ")
				}
				lines = append(lines, mark+inline(it.(map[string]any)["elements"].([]any)))
			}
		case "rich_text_quote":
			lines = append(lines, "> "+strings.ReplaceAll(inline(inner), "\n", "\n> "))
		default:
			if s := inline(inner); s != "" {
				lines = append(lines, s)
			}
		}
	}
	return strings.Join(lines, "\n")
}

func inline(elements []any) string {
	var b strings.Builder
	for _, e := range elements {
		e := e.(map[string]any)
		if e["type"] == "broadcast" {
			continue
		}
		if s, _ := e["text"].(string); s != "" {
			b.WriteString(s)
		} else if s, _ := e["url"].(string); s != "" {
			b.WriteString(s)
		}
	}
	return b.String()
}
