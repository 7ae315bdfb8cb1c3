package discordtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// description is Discord's own description of its REST interface.
type description struct {
	doc *openapi3.T

	mu       sync.Mutex // guards what follows
	compiler *jsonschema.Compiler
	bodies   map[string]*jsonschema.Schema
}

// specPath is where the description lies below the folder of shared material.
const specPath = "specs/discord-openapi.json"

// load reads the description once for all fakes of a process: it takes a few
// tenths of a second and never changes.
var load = sync.OnceValues(func() (*description, error) {
	path, err := findSpec()
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, fmt.Errorf("read Discord's description: %w", err)
	}
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read Discord's description: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(specURL, plain); err != nil {
		return nil, fmt.Errorf("read Discord's description: %w", err)
	}
	return &description{doc: doc, compiler: c, bodies: map[string]*jsonschema.Schema{}}, nil
})

const specURL = "https://discord.com/openapi.json" // a name; nothing is fetched

// schema gives a part of an operation as a schema: a request's or an answer's
// body. kin-openapi would compile it
// anew for each request, with the same engine, which takes a tenth of a
// second for a message; so it is compiled here, once.
func (d *description) schema(method, route, part string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := strings.NewReplacer("~", "~0", "/", "~1").Replace(route)
	at = "#/paths/" + url.PathEscape(at) + "/" + strings.ToLower(method) + "/" + part + "/content/application~1json/schema"
	if s := d.bodies[at]; s != nil {
		return s, nil
	}
	s, err := d.compiler.Compile(specURL + at)
	if err == nil {
		d.bodies[at] = s
	}
	return s, err
}

// findSpec looks where WAYMARK_SHARED points, else beside the module's root.
func findSpec() (string, error) {
	if dir := os.Getenv("WAYMARK_SHARED"); dir != "" {
		path := filepath.Join(dir, specPath)
		_, err := os.Stat(path)
		return path, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(filepath.Dir(dir), "shared", specPath)
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

func describe(t testing.TB) *description {
	d, err := load()
	if err != nil {
		t.Logf("requests are not held against Discord's OpenAPI description: %v", err)
		return nil
	}
	return d
}

// check holds a request against the description and the limits. What breaks a
// rule is noted; what Discord would refuse is refused.
func (f *Fake) check(c *call, pattern string) error {
	if f.opt.Unchecked {
		return nil
	}
	method, route, _ := strings.Cut(pattern, " ")
	var body any
	if len(c.body) > 0 {
		if err := json.Unmarshal(c.body, &body); err != nil {
			f.violation("%s: the body is no JSON", pattern)
			return &problem{status: 400, code: 50109, message: "The request body contains invalid JSON."}
		}
	}
	var bad, odd []string
	if f.spec != nil {
		bad, odd = f.spec.check(c, method, route, body)
	}
	bad = append(bad, checkLimits(pattern, body)...)
	for _, why := range slices.Concat(bad, odd) {
		f.violation("%s: %s", pattern, why)
	}
	if len(bad) > 0 {
		return invalidForm("_", strings.Join(bad, "; "))
	}
	return nil
}

// check gives what the description forbids, and what it does not know.
func (d *description) check(c *call, method, route string, body any) (bad, odd []string) {
	item := d.doc.Paths.Value(route)
	if item == nil || item.GetOperation(method) == nil {
		return nil, []string{"the description knows no such request"}
	}
	op := item.GetOperation(method)
	if err := d.parameters(c, method, route, item, op); err != nil {
		bad = append(bad, err.Error())
	}
	for name := range c.URL.Query() {
		if op.Parameters.GetByInAndName("query", name) == nil {
			odd = append(odd, "unknown query parameter "+name)
		}
	}
	if op.RequestBody == nil || op.RequestBody.Value == nil {
		if len(c.body) > 0 {
			odd = append(odd, "a body where none belongs")
		}
		return bad, odd
	}
	media := op.RequestBody.Value.Content.Get("application/json")
	if media == nil || body == nil {
		if op.RequestBody.Value.Required {
			bad = append(bad, "the body is missing")
		}
		return bad, odd
	}
	schema, err := d.schema(method, route, "requestBody")
	if err != nil {
		return bad, append(odd, "the description cannot be used: "+err.Error())
	}
	if err := schema.Validate(described(body)); err != nil {
		bad = append(bad, oneLine(err))
	}
	return bad, append(odd, unknown("", body, media.Schema)...)
}

// answer gives what is wrong with an answer of the fake's own.
func (d *description) answer(pattern string, status int, out any) error {
	method, route, _ := strings.Cut(pattern, " ")
	schema, err := d.schema(method, route, fmt.Sprintf("responses/%d", status))
	if err != nil {
		return err
	}
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(marshal(out)))
	if err != nil {
		return err
	}
	if err := schema.Validate(plain); err != nil {
		return errors.New(oneLine(err))
	}
	return nil
}

// parameters checks what is in the path and in the query.
func (d *description) parameters(c *call, method, route string, item *openapi3.PathItem, op *openapi3.Operation) error {
	params := map[string]string{}
	for _, part := range strings.Split(route, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			params[name] = c.PathValue(name)
		}
	}
	if len(params) == 0 && len(c.URL.Query()) == 0 {
		return nil
	}
	err := openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: c.Request, PathParams: params, QueryParams: c.URL.Query(),
		Route: &routers.Route{Spec: d.doc, Path: route, PathItem: item, Method: method, Operation: op},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
			ExcludeRequestBody: true, SkipSettingDefaults: true},
	})
	var request *openapi3filter.RequestError
	if errors.As(err, &request) && request.Parameter != nil {
		return fmt.Errorf("parameter %q: %s", request.Parameter.Name, lastLine(err))
	}
	return err
}

// described turns the permission sets of a body from text, as Discord's
// documentation has them, into the numbers of its description.
func described(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = described(x)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			if s, ok := x.(string); ok && slices.Contains([]string{"default_member_permissions", "allow", "deny"}, k) {
				out[k] = any(s)
				if n, err := strconv.ParseFloat(s, 64); err == nil {
					out[k] = n
				}
				continue
			}
			out[k] = described(x)
		}
		return out
	}
	return v
}

// oneLine is the mistake that lies deepest, which is the one a reader wants to
// know of: above it every alternative says that it does not fit.
func oneLine(err error) string {
	var top *jsonschema.ValidationError
	if !errors.As(err, &top) {
		return lastLine(err)
	}
	best := top
	var look func(e *jsonschema.ValidationError)
	look = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 && (len(best.Causes) > 0 || len(e.InstanceLocation) > len(best.InstanceLocation)) {
			best = e
		}
		for _, cause := range e.Causes {
			look(cause)
		}
	}
	look(top)
	return lastLine(best)
}

func lastLine(err error) string {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	return strings.TrimSpace(strings.TrimPrefix(lines[len(lines)-1], "- "))
}

// unknown lists the properties of a body that the description does not know.
func unknown(at string, v any, ref *openapi3.SchemaRef) []string {
	switch v := v.(type) {
	case []any:
		var out []string
		for i, x := range v {
			for _, s := range alternatives(ref) {
				if s.Items != nil {
					out = append(out, unknown(fmt.Sprintf("%s/%d", at, i), x, s.Items)...)
					break
				}
			}
		}
		return out
	case map[string]any:
		return unknownIn(at, v, ref)
	}
	return nil
}

func unknownIn(at string, v map[string]any, ref *openapi3.SchemaRef) []string {
	fitting := slices.DeleteFunc(alternatives(ref), func(s *openapi3.Schema) bool {
		return len(s.Properties) == 0 && !free(s) || !fitsType(s, v["type"])
	})
	if len(fitting) == 0 {
		return nil // no alternative fits: the validation says so
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(v)) {
		var known []string
		found := false
		for _, s := range fitting {
			if p := s.Properties[name]; p != nil {
				more := unknown(at+"/"+name, v[name], p)
				if !found || len(more) < len(known) {
					known = more
				}
				found = true
			} else if free(s) {
				found, known = true, nil
			}
		}
		if !found && v[name] != nil { // clients send null for what they do not set
			out = append(out, fmt.Sprintf("unknown property %s/%s", at, name))
		}
		out = append(out, known...)
	}
	return out
}

// free says whether a schema takes any property.
func free(s *openapi3.Schema) bool {
	return s.AdditionalProperties.Schema != nil || s.AdditionalProperties.Has != nil && *s.AdditionalProperties.Has
}

// alternatives are the schemas of which a value may be one.
func alternatives(ref *openapi3.SchemaRef) []*openapi3.Schema {
	if ref == nil || ref.Value == nil {
		return nil
	}
	s := ref.Value
	out := []*openapi3.Schema{s}
	for _, list := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf, s.AllOf} {
		for _, x := range list {
			out = append(out, alternatives(x)...)
		}
	}
	return out
}

// fitsType says whether an object with this "type" can be of a schema.
func fitsType(s *openapi3.Schema, value any) bool {
	p := s.Properties["type"]
	if p == nil || p.Value == nil || value == nil || len(p.Value.Enum) == 0 {
		return true
	}
	return slices.ContainsFunc(p.Value.Enum, func(x any) bool { return fmt.Sprint(x) == fmt.Sprint(value) })
}
