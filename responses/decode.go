package responses

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

var (
	yamlLine   = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)`)
	yamlUnseen = regexp.MustCompile(`^field (\S+) not found in type .*`)
)

// addYAMLError takes a YAML error apart into one problem for each mistake.
// offset is the number of lines before the YAML in its file.
func addYAMLError(file string, offset int, err error, bad *Problems) {
	reasons := []string{err.Error()}
	var many *yaml.TypeError
	if errors.As(err, &many) {
		reasons = many.Errors
	}
	for _, r := range reasons {
		m := yamlLine.FindStringSubmatch(r)
		if m == nil {
			bad.add(file, 0, "%s", r)
			continue
		}
		line, err := strconv.Atoi(m[1])
		if err != nil {
			line = 0
		}
		bad.add(file, line+offset, "%s", yamlUnseen.ReplaceAllString(m[2], "the key $1 is not known"))
	}
}

// decode reads YAML into a struct and refuses keys that it does not know.
func decode(file string, offset int, data []byte, into any, bad *Problems) bool {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		addYAMLError(file, offset, err, bad)
		return false
	}
	return true
}

// lineOf finds the line on which a text first stands, 0 where it does not.
func lineOf(data []byte, what string) int {
	i := bytes.Index(data, []byte(what))
	if i < 0 {
		return 0
	}
	return 1 + bytes.Count(data[:i], []byte("\n"))
}

// lineIn is lineOf, from the line on which a part of the file begins.
func lineIn(data []byte, part, what string) int {
	i := max(0, bytes.Index(data, []byte(part)))
	j := bytes.Index(data[i:], []byte(what))
	if j < 0 {
		return 0
	}
	return 1 + bytes.Count(data[:i+j], []byte("\n"))
}
