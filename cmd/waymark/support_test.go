package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// call runs a command and returns what it printed.
func call(t *testing.T, c *cobra.Command, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	err := c.Execute()
	return out.String(), err
}

func TestSupportAsJSON(t *testing.T) {
	out, err := call(t, supportCommand(), "--json", "--region", "scotland", "--who", "parent", "--need", "report")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Region   string              `json:"region"`
		Channels []map[string]string `json:"channels"`
	}
	dec := json.NewDecoder(strings.NewReader(out))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Region != "Scotland" || got.Channels[0]["id"] != "uk-emergency" || got.Channels[0]["phone"] != "999; 112 (also works)" ||
		got.Channels[1]["id"] != "uk-sco-social" || got.Channels[0]["checked"] != "2026-11-23" {
		t.Errorf("got %s", out)
	}
	for _, key := range []string{"id", "name", "phone", "text", "url", "hours", "checked"} {
		if _, ok := got.Channels[0][key]; !ok {
			t.Errorf("a channel has no %s", key)
		}
	}
}

func TestSupportInWords(t *testing.T) {
	out, err := call(t, supportCommand())
	if err != nil || !strings.Contains(out, "Call your local emergency number") || !strings.Contains(out, "--region") ||
		!strings.Contains(out, "findahelpline.com") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestWrongUsageNamesWhatIsAllowed(t *testing.T) {
	for _, c := range []struct{ flag, value, allowed string }{
		{"--region", "Mars", "Northern Ireland"}, {"--who", "dog", "parent"}, {"--need", "pizza", "own-thoughts"},
	} {
		_, err := call(t, supportCommand(), c.flag, c.value)
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.allowed) || !strings.Contains(err.Error(), c.value) {
			t.Errorf("%s %s: %v", c.flag, c.value, err)
		}
	}
	var usage usageError
	if _, err := call(t, askCommand()); !errors.As(err, &usage) {
		t.Errorf("ask without a question: %v", err)
	}
}

func TestAskAsJSON(t *testing.T) {
	for question, want := range map[string]struct {
		first  string
		crisis bool
		says   string
	}{
		"is it my fault":         {"not-your-fault", false, "never your fault"},
		"i want to die":          {"", true, "local emergency number"},
		"how do i bake a cake":   {"", false, "I have no answer to that"},
		"can boys be exploited?": {"boys-too", false, "boys"},
	} {
		out, err := call(t, askCommand(), "--json", question)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Topics []struct {
				ID    string  `json:"id"`
				Title string  `json:"title"`
				Score float64 `json:"score"`
			} `json:"topics"`
			Crisis bool   `json:"crisis"`
			Answer string `json:"answer"`
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || got.Topics == nil {
			t.Fatalf("%q: %v in %s", question, err, out)
		}
		first := ""
		if len(got.Topics) > 0 {
			first = got.Topics[0].ID
		}
		if want.first != first || got.Crisis != want.crisis || !strings.Contains(got.Answer, want.says) {
			t.Errorf("%q: %s", question, out)
		}
	}
}
