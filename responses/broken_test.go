package responses

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// carried is a copy of the embedded files that can be spoilt.
func carried(t *testing.T) fstest.MapFS {
	t.Helper()
	m := fstest.MapFS{}
	err := fs.WalkDir(embedded, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(embedded, path)
		m[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Whoever spoils several files is told of every mistake at once, each with its
// file and line.
func TestEveryMistakeIsNamedAtOnce(t *testing.T) {
	m := carried(t)
	spoil := func(file, was, is string) {
		t.Helper()
		s := string(m[file].Data)
		if !strings.Contains(s, was) {
			t.Fatalf("%s does not contain %q", file, was)
		}
		m[file] = &fstest.MapFile{Data: []byte(strings.Replace(s, was, is, 1))}
	}
	spoil("en/topics/key-points.md", "order: 10", "order: 9")
	spoil("en/topics/not-your-fault.md", "claims: [C07]", "claims: [7]")
	spoil("en/topics/not-your-fault.md", "### More", "### Even more")
	spoil("en/topics/who-does-it.md", `reviewed: "2026-11-23"`, "reviewed: yesterday")
	spoil("en/topics/who-does-it.md", "keywords:", "colour: red\nkeywords:")
	spoil("en/topics/what-is-cse.md", "## Parents", "## Uncles")
	spoil("en/ui.yaml", `hide: "Hide"`, `hide: ""`)
	spoil("en/ui.yaml", `more: "Read more"`, `more: "Read {More}"`)
	spoil("en/ask.yaml", "  danger:\n", "  fire:\n")
	spoil("signposts/uk.yaml", "0800 1111", "0800 111")
	spoil("signposts/uk.yaml", "show: [uk-childline, uk-police-101, uk-ceop]", "show: [uk-childline, uk-nspcc, uk-nobody]")
	spoil("signposts/wales.yaml", "region: Wales", "region: Whales")
	m["signposts/us.yaml"] = &fstest.MapFile{Data: []byte("region: US\n\tcontacts: []\n")}

	_, err := LoadFS(m)
	if err == nil {
		t.Fatal("spoilt files were loaded")
	}
	for _, want := range []string{
		`en/topics/not-your-fault.md:9: "7" is no claim`,
		`"Even more" is none of In short`,
		`order 9 is taken by`,
		`en/topics/who-does-it.md:10: the key colour is not known`,
		`"Uncles" is none of Young people, Parents, Staff`,
		`en/ui.yaml:6: ui.button.hide is empty`,
		`"{More}" is no placeholder`,
		`there are no patterns for danger`,
		`"fire" is no kind of cry`,
		`contact uk-childline: the number 0800 111 is wrong or retired`,
		`contact "uk-nobody" is not known`,
		`contact "uk-nspcc" is not for child`,
		`signposts/wales.yaml:1: "Whales" is no region`,
		`signposts/us.yaml:`,
		`no file for the region US`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func FuzzTopicFile(f *testing.F) {
	data, err := fs.ReadFile(embedded, "en/topics/key-points.md")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("---\n---\n"))
	f.Add([]byte("---\nid: x\n---\n## Parents\n- a\n\n### More\n- b\nc\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var bad Problems
		if topic, ok := parseTopic("en/topics/x.md", data, &bad); ok && topic.ID == "" && len(bad) == 0 {
			t.Error("a topic without an id was taken")
		}
	})
}
