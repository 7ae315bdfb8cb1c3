package slacktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// blockSchema is the schema of Slack's own types for blocks.
type blockSchema struct {
	mu     sync.Mutex // the engine keeps state while it validates
	blocks map[string]*jsonschema.Schema
}

// schemaPath is where the schema lies below the folder of shared material.
const schemaPath = "specs/slack-blocks.schema.json"

const schemaURL = "https://slack.dev/blocks.schema.json" // a name; nothing is fetched

// readSchema reads the schema once for all fakes of a process.
var readSchema = sync.OnceValues(func() (*blockSchema, error) {
	path, err := findSchema()
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read the schema of Slack's blocks: %w", err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, fmt.Errorf("read the schema of Slack's blocks: %w", err)
	}
	s := &blockSchema{blocks: map[string]*jsonschema.Schema{}}
	definitions, _ := doc.(map[string]any)["definitions"].(map[string]any)
	known, _ := definitions["KnownBlock"].(map[string]any)
	for _, x := range items(known, "anyOf") {
		name := strings.TrimPrefix(str(x, "$ref"), "#/definitions/")
		definition, _ := definitions[name].(map[string]any)
		properties, _ := definition["properties"].(map[string]any)
		kind, _ := properties["type"].(map[string]any)
		if s.blocks[str(kind, "const")], err = c.Compile(schemaURL + "#/definitions/" + name); err != nil {
			return nil, fmt.Errorf("read the schema of Slack's blocks: %w", err)
		}
	}
	if len(s.blocks) == 0 {
		return nil, errors.New("the schema of Slack's blocks knows no block")
	}
	return s, nil
})

// findSchema looks where WAYMARK_SHARED points, else beside the module's root.
func findSchema() (string, error) {
	if dir := os.Getenv("WAYMARK_SHARED"); dir != "" {
		path := filepath.Join(dir, schemaPath)
		_, err := os.Stat(path)
		return path, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(filepath.Dir(dir), "shared", schemaPath)
			_, err := os.Stat(path)
			return path, err
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("there is no go.mod above the test")
		}
		dir = up
	}
}

func loadSchema(t testing.TB) *blockSchema {
	s, err := readSchema()
	if err != nil {
		t.Logf("blocks are not held against the schema of Slack's types: %v", err)
		return nil
	}
	return s
}

// check gives what the schema says against a block, empty where nothing.
func (s *blockSchema) check(b map[string]any) string {
	schema := s.blocks[str(b, "type")]
	if schema == nil {
		return fmt.Sprintf("the unknown block type %q", str(b, "type"))
	}
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(marshal(b)))
	if err != nil {
		return err.Error()
	}
	s.mu.Lock()
	err = schema.Validate(plain)
	s.mu.Unlock()
	var top *jsonschema.ValidationError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &top):
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(deepest(top).Error()), "\n")
	return strings.TrimSpace(strings.TrimPrefix(lines[len(lines)-1], "- "))
}

// deepest is the mistake that a reader wants to know of: above it every
// alternative says that it does not fit, and beside it stand the alternatives
// for other types.
func deepest(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	best := e
	fitting := slices.DeleteFunc(slices.Clone(e.Causes), otherType)
	if len(fitting) == 0 {
		fitting = e.Causes
	}
	for _, cause := range fitting {
		if d := deepest(cause); best == e || len(d.InstanceLocation) > len(best.InstanceLocation) {
			best = d
		}
	}
	return best
}

// otherType says whether an alternative fails because it is for another type.
func otherType(e *jsonschema.ValidationError) bool {
	if len(e.Causes) == 0 {
		n := len(e.InstanceLocation)
		return n > 0 && e.InstanceLocation[n-1] == "type"
	}
	return slices.ContainsFunc(e.Causes, otherType)
}

// Slack's lengths, as documented at docs.slack.dev/reference/block-kit.
const (
	forMessage = 50  // blocks in a message
	forView    = 100 // blocks in a view

	maxBlockID     = 255
	maxActionID    = 255
	maxPrivateMeta = 3000
	maxViewTitle   = 24
)

// inspection collects what is wrong with a payload of blocks.
type inspection struct {
	where string
	bad   []string
}

func (in *inspection) add(format string, a ...any) {
	in.bad = append(in.bad, fmt.Sprintf(format, a...))
}

// checkBlocks holds blocks against the schema and the lengths. What is wrong
// is noted; it gives the first, empty where all is well. The caller holds the
// lock.
func (f *Fake) checkBlocks(where string, blocks []any, most int) string {
	if f.opt.Unchecked {
		return ""
	}
	in := &inspection{where: where}
	if len(blocks) > most {
		in.add("%d blocks, of at most %d", len(blocks), most)
	}
	ids := map[string]bool{}
	focused := 0
	for i, raw := range blocks {
		b, ok := raw.(map[string]any)
		if !ok {
			in.add("block %d is no object", i)
			continue
		}
		at := fmt.Sprintf("block %d (%s)", i, str(b, "type"))
		if f.schema != nil {
			if why := f.schema.check(b); why != "" {
				in.add("%s: %s", at, why)
			}
		}
		if id := str(b, "block_id"); id != "" {
			in.length(at+" block_id", id, maxBlockID)
			if ids[id] {
				in.add("%s: the block_id %q is there twice", at, id)
			}
			ids[id] = true
		}
		if most == forView && str(b, "type") == "markdown" {
			in.add("%s: only for messages", at)
		}
		in.block(at, b)
		walk(b, func(x map[string]any) {
			if x["focus_on_load"] == true {
				focused++
			}
		})
	}
	if focused > 1 {
		in.add("%d elements take the focus", focused)
	}
	for _, why := range in.bad {
		f.violation("%s: %s", in.where, why)
	}
	if len(in.bad) > 0 {
		return "[ERROR] " + in.bad[0]
	}
	return ""
}

func (in *inspection) length(at, s string, most int) {
	if n := len([]rune(s)); n > most {
		in.add("%s has %d characters, of at most %d", at, n, most)
	}
}

// text checks a text object; nil is none.
func (in *inspection) text(at string, v any, most int, plain bool) {
	t, ok := v.(map[string]any)
	if !ok {
		return
	}
	if strings.TrimSpace(str(t, "text")) == "" {
		in.add("%s is empty", at)
	}
	in.length(at, str(t, "text"), most)
	if kind := str(t, "type"); plain && kind != "plain_text" || kind != "plain_text" && kind != "mrkdwn" {
		in.add("%s has the type %q", at, kind)
	}
	if str(t, "type") == "plain_text" && t["verbatim"] != nil {
		in.add("%s: verbatim is for mrkdwn", at)
	}
}

func (in *inspection) need(at string, m map[string]any, names ...string) {
	for _, k := range names {
		if m[k] == nil {
			in.add("%s: %s is missing", at, k)
		}
	}
}

func (in *inspection) count(at string, n, least, most int) {
	if n < least || n > most {
		in.add("%s: %d, of %d to %d", at, n, least, most)
	}
}

func (in *inspection) block(at string, b map[string]any) {
	switch str(b, "type") {
	case "header":
		in.need(at, b, "text")
		in.text(at+" text", b["text"], 150, true)
	case "section":
		if b["text"] == nil && len(items(b, "fields")) == 0 {
			in.add("%s: neither text nor fields", at)
		}
		in.text(at+" text", b["text"], 3000, false)
		if b["fields"] != nil {
			in.count(at+" fields", len(items(b, "fields")), 1, 10)
		}
		for i, x := range items(b, "fields") {
			in.text(fmt.Sprintf("%s field %d", at, i), x, 2000, false)
		}
		if el, ok := b["accessory"].(map[string]any); ok {
			in.element(at+" accessory", el)
		}
	case "context":
		in.count(at+" elements", len(items(b, "elements")), 1, 10)
		for i, x := range items(b, "elements") {
			if str(x, "type") == "image" {
				in.image(fmt.Sprintf("%s element %d", at, i), x)
				continue
			}
			in.text(fmt.Sprintf("%s element %d", at, i), x, 3000, false)
		}
	case "actions":
		in.count(at+" elements", len(items(b, "elements")), 1, 25)
		ids := map[string]bool{}
		for i, el := range items(b, "elements") {
			in.element(fmt.Sprintf("%s element %d", at, i), el)
			if id := str(el, "action_id"); id != "" && ids[id] {
				in.add("%s: the action_id %q is there twice", at, id)
			} else {
				ids[id] = true
			}
		}
	case "input":
		in.need(at, b, "label", "element")
		in.text(at+" label", b["label"], 2000, true)
		in.text(at+" hint", b["hint"], 2000, true)
		if el, ok := b["element"].(map[string]any); ok {
			in.element(at+" element", el)
		}
	case "image":
		in.image(at, b)
		in.text(at+" title", b["title"], 2000, true)
	case "markdown":
		if strings.TrimSpace(str(b, "text")) == "" {
			in.add("%s text is empty", at)
		}
		in.length(at+" text", str(b, "text"), 12000)
	case "rich_text":
		walk(b["elements"], func(x map[string]any) {
			if str(x, "type") == "text" && str(x, "text") == "" {
				in.add("%s: an empty text", at)
			}
		})
	case "":
		in.add("%s: type is missing", at)
	}
}

func (in *inspection) image(at string, x map[string]any) {
	if str(x, "image_url") == "" && x["slack_file"] == nil {
		in.add("%s: neither image_url nor slack_file", at)
	}
	in.length(at+" image_url", str(x, "image_url"), 3000)
	if str(x, "alt_text") == "" {
		in.add("%s: alt_text is empty", at)
	}
	in.length(at+" alt_text", str(x, "alt_text"), 2000)
}

func (in *inspection) element(at string, el map[string]any) {
	kind := str(el, "type")
	at += " " + kind
	in.length(at+" action_id", str(el, "action_id"), maxActionID)
	in.text(at+" placeholder", el["placeholder"], 150, true)
	in.confirm(at+" confirm", el["confirm"])
	switch kind {
	case "button":
		in.need(at, el, "text")
		in.text(at+" text", el["text"], 75, true)
		in.length(at+" value", str(el, "value"), 2000)
		in.length(at+" url", str(el, "url"), 3000)
		in.length(at+" accessibility_label", str(el, "accessibility_label"), 75)
		if s := str(el, "style"); s != "" && s != "primary" && s != "danger" {
			in.add("%s: the style %q", at, s)
		}
		if u := str(el, "url"); u != "" && !strings.HasPrefix(u, "http://") && !strings.HasPrefix(u, "https://") {
			in.add("%s: the address %q is not http", at, u)
		}
	case "static_select", "multi_static_select":
		in.options(at, el, 100)
	case "overflow":
		in.options(at, el, 5)
	case "checkboxes", "radio_buttons":
		in.options(at, el, 10)
	case "plain_text_input":
		most, _ := el["max_length"].(float64)
		least, _ := el["min_length"].(float64)
		if el["max_length"] != nil && (most < 1 || most > 3000) {
			in.add("%s: max_length %v, of 1 to 3000", at, most)
		}
		if least < 0 || least > 3000 || most > 0 && least > most {
			in.add("%s: min_length %v", at, least)
		}
		if n := len([]rune(str(el, "initial_value"))); most > 0 && n > int(most) || n > 3000 {
			in.add("%s: initial_value has %d characters", at, n)
		}
	case "image":
		in.image(at, el)
	}
}

func (in *inspection) confirm(at string, v any) {
	c, ok := v.(map[string]any)
	if !ok {
		return
	}
	in.need(at, c, "title", "text", "confirm", "deny")
	in.text(at+" title", c["title"], 100, true)
	in.text(at+" text", c["text"], 300, false)
	in.text(at+" confirm", c["confirm"], 30, true)
	in.text(at+" deny", c["deny"], 30, true)
}

func (in *inspection) options(at string, el map[string]any, most int) {
	if groups := items(el, "option_groups"); len(groups) > 0 {
		if el["options"] != nil {
			in.add("%s: options and option_groups", at)
		}
		in.count(at+" option_groups", len(groups), 1, 100)
		for i, g := range groups {
			in.text(fmt.Sprintf("%s group %d label", at, i), g["label"], 75, true)
			in.count(fmt.Sprintf("%s group %d options", at, i), len(items(g, "options")), 1, most)
		}
	} else {
		in.count(at+" options", len(items(el, "options")), 1, most)
	}
	values := map[string]bool{}
	for i, o := range optionsOf(el) {
		name := fmt.Sprintf("%s option %d", at, i)
		kind := str(el, "type")
		in.text(name+" text", o["text"], 75, kind != "checkboxes" && kind != "radio_buttons")
		in.text(name+" description", o["description"], 75, kind != "checkboxes" && kind != "radio_buttons")
		in.length(name+" value", str(o, "value"), 150)
		if v := str(o, "value"); v == "" {
			in.add("%s: value is empty", name)
		} else if values[v] {
			in.add("%s: the value %q is there twice", name, v)
		} else {
			values[v] = true
		}
	}
	in.initially(at, el)
}

// initially checks that what is chosen at first is exactly one of the options.
func (in *inspection) initially(at string, el map[string]any) {
	chosen := items(el, "initial_options")
	if o, ok := el["initial_option"].(map[string]any); ok {
		chosen = append(chosen, o)
	}
	for _, o := range chosen {
		if !slices.ContainsFunc(optionsOf(el), func(x map[string]any) bool { return bytes.Equal(marshal(x), marshal(o)) }) {
			in.add("%s: the initial option %q is exactly none of the options", at, str(o, "value"))
		}
	}
}

// What may stand in a view of either kind.
var viewFields = map[string][]string{
	"modal": words("type title blocks close submit private_metadata callback_id clear_on_close notify_on_close external_id submit_disabled"),
	"home":  words("type blocks private_metadata callback_id external_id"),
}

// checkView holds a view against Slack's rules. It gives the first mistake,
// empty where all is well. The caller holds the lock.
func (f *Fake) checkView(v map[string]any, kind string) string {
	where := "a " + kind
	if v == nil {
		f.violation("%s: the view is no JSON object", where)
		return "[ERROR] view is no object"
	}
	if f.opt.Unchecked {
		return ""
	}
	in := &inspection{where: where}
	if got := str(v, "type"); got != kind {
		in.add("the type %q", got)
	}
	for k := range v {
		if !slices.Contains(viewFields[kind], k) {
			in.add("unknown property %q", k)
		}
	}
	blocks, ok := v["blocks"].([]any)
	if !ok {
		in.add("blocks is missing")
	}
	inputs := slices.ContainsFunc(blocks, func(b any) bool { return str(toMap(b), "type") == "input" })
	if kind == "modal" {
		in.need("view", v, "title")
		in.text("title", v["title"], maxViewTitle, true)
		in.text("submit", v["submit"], maxViewTitle, true)
		in.text("close", v["close"], maxViewTitle, true)
		if inputs && v["submit"] == nil {
			in.add("inputs without a button to send them")
		}
	}
	in.length("private_metadata", str(v, "private_metadata"), maxPrivateMeta)
	in.length("callback_id", str(v, "callback_id"), 255)
	in.length("external_id", str(v, "external_id"), 255)
	if n := len(marshal(v)); n > 250_000 {
		in.add("%d bytes, of at most 250,000", n)
	}
	for _, why := range in.bad {
		f.violation("%s: %s", where, why)
	}
	bad := f.checkBlocks(where, blocks, forView)
	if len(in.bad) > 0 {
		return "[ERROR] " + in.bad[0]
	}
	return bad
}

// checkOptions holds what the app offers for an external select against the
// rules. The caller holds the lock.
func (f *Fake) checkOptions(payload json.RawMessage) {
	var el map[string]any
	if json.Unmarshal(payload, &el) != nil {
		f.violation("the options are no JSON object")
		return
	}
	if len(optionsOf(el)) == 0 {
		return // nothing fits what was typed
	}
	in := &inspection{}
	in.options("the options offered", el, 100)
	for _, why := range in.bad {
		f.violation("%s", why)
	}
}
