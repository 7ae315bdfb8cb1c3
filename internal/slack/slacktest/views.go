package slacktest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// view is a modal or a Home tab. Guarded by Fake.mu.
type view struct {
	f      *Fake
	id     string
	ws     *workspace
	user   *user
	fields map[string]any // as the app gave them, with ids added
	hash   string
	root   string
	prev   string
	gone   bool
	seq    int
	state  map[string]map[string]any
	errors map[string]string
}

// View is a modal or a Home tab as somebody sees it, a picture of that moment.
type View struct {
	// ID, Hash and CallbackID are Slack's and the app's names of it.
	ID, Hash, CallbackID string
	// Title, Submit and Close are what stands at its head and on its buttons.
	Title, Submit, Close string
	// PrivateMetadata is what the app keeps in it.
	PrivateMetadata string
	// Blocks are a JSON list.
	Blocks json.RawMessage
	// Fields are what one can fill in.
	Fields []Field
	// Errors are what the app found wrong with what was filled in, by block id.
	Errors map[string]string

	f *Fake
	v *view
}

// Field is one input of a view.
type Field struct {
	BlockID, ActionID, Label, Hint, Kind string
	Optional, Multiline                  bool
	MaxLength                            int
	Labels, Values                       []string
	// Value is what it holds.
	Value string
}

func (v View) shown() ([]any, *message, *view) { return v.v.blocks(), nil, v.v }

func (v *view) blocks() []any {
	b, _ := v.fields["blocks"].([]any)
	return b
}

func (f *Fake) viewOf(v *view) View {
	text := func(name string) string {
		t, _ := v.fields[name].(map[string]any)
		return str(t, "text")
	}
	out := View{
		ID: v.id, Hash: v.hash, CallbackID: str(v.fields, "callback_id"), Title: text("title"), Submit: text("submit"), Close: text("close"),
		PrivateMetadata: str(v.fields, "private_metadata"), Blocks: marshal(list(v.blocks())), Errors: maps.Clone(v.errors), f: f, v: v,
	}
	for _, b := range v.blocks() {
		b, _ := b.(map[string]any)
		el, _ := b["element"].(map[string]any)
		if str(b, "type") != "input" || el == nil {
			continue
		}
		label, _ := b["label"].(map[string]any)
		hint, _ := b["hint"].(map[string]any)
		x := Field{BlockID: str(b, "block_id"), ActionID: str(el, "action_id"), Label: str(label, "text"), Hint: str(hint, "text"), Kind: str(el, "type"),
			Optional: b["optional"] == true, Multiline: el["multiline"] == true}
		if n, ok := el["max_length"].(float64); ok {
			x.MaxLength = int(n)
		}
		for _, o := range optionsOf(el) {
			t, _ := o["text"].(map[string]any)
			x.Labels, x.Values = append(x.Labels, str(t, "text")), append(x.Values, str(o, "value"))
		}
		x.Value = valueOf(v.state[x.BlockID][x.ActionID])
		out.Fields = append(out.Fields, x)
	}
	return out
}

// valueOf is what a filled-in element says, in words.
func valueOf(state any) string {
	s, _ := state.(map[string]any)
	for _, k := range []string{"value", "selected_user", "selected_conversation", "selected_channel", "selected_date", "selected_time"} {
		if v := str(s, k); v != "" {
			return v
		}
	}
	if o, ok := s["selected_option"].(map[string]any); ok {
		return str(o, "value")
	}
	var many []string
	for _, o := range items(s, "selected_options") {
		many = append(many, str(o, "value"))
	}
	for _, k := range []string{"selected_users", "selected_conversations", "selected_channels"} {
		switch ids := s[k].(type) {
		case []string:
			many = append(many, ids...)
		case []any:
			for _, id := range ids {
				many = append(many, fmt.Sprint(id))
			}
		}
	}
	return strings.Join(many, ",")
}

// Now is the view as it is at this moment.
func (v View) Now() View {
	v.f.mu.Lock()
	defer v.f.mu.Unlock()
	return v.f.viewOf(v.v)
}

// Open says whether the person still has it before them.
func (v View) Open() bool {
	v.f.mu.Lock()
	defer v.f.mu.Unlock()
	return !v.v.gone
}

// Text is all that a reader sees in it: title, blocks, labels of buttons in
// brackets, errors.
func (v View) Text() string {
	v.f.mu.Lock()
	defer v.f.mu.Unlock()
	out := []string{}
	if v.Title != "" {
		out = append(out, v.Title)
	}
	out = append(out, v.f.visible("", v.v.blocks(), nil, nil))
	for _, k := range slices.Sorted(maps.Keys(v.v.errors)) {
		out = append(out, v.v.errors[k])
	}
	return strings.Join(out, "\n")
}

// Has says whether a reader sees all of these words.
func (v View) Has(words ...string) bool {
	text := v.Text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// Buttons are the view's buttons in reading order.
func (v View) Buttons() []Button { return buttonsIn(decode(v.Blocks)) }

// Button finds a button by its label.
func (v View) Button(label string) (Button, bool) { return findButton(v.Buttons(), label) }

// Selects are what one can choose from, in reading order, inputs included.
func (v View) Selects() []Select { return selectsIn(decode(v.Blocks)) }

// JSON is the view as the app gets it with interactions.
func (v View) JSON() json.RawMessage {
	v.f.mu.Lock()
	defer v.f.mu.Unlock()
	return marshal(v.v.json())
}

func (v *view) json() map[string]any {
	out := map[string]any{
		"private_metadata": "", "callback_id": "", "close": nil, "submit": nil, "title": nil, "clear_on_close": false, "notify_on_close": false,
		"external_id": "", "previous_view_id": nil,
	}
	maps.Copy(out, v.fields)
	maps.Copy(out, map[string]any{
		"id": v.id, "team_id": v.ws.id, "hash": v.hash, "root_view_id": v.root, "app_id": v.f.app.id, "app_installed_team_id": v.ws.id,
		"bot_id": v.ws.bot.botID, "state": map[string]any{"values": v.state},
	})
	if v.prev != "" {
		out["previous_view_id"] = v.prev
	}
	if str(v.fields, "type") == "home" {
		delete(out, "title")
		delete(out, "submit")
		delete(out, "close")
	}
	return out
}

func (v *view) set(block, action string, value map[string]any) {
	if v.state[block] == nil {
		v.state[block] = map[string]any{}
	}
	v.state[block][action] = value
}

// fill gives a view new content; what was filled in stays where the same
// element is still there. The caller holds the lock.
func (f *Fake) fill(v *view, fields map[string]any) {
	v.fields = copied(fields)
	f.stamped(v.blocks())
	old := v.state
	v.state, v.errors = map[string]map[string]any{}, nil
	eachElement(v.blocks(), func(block, el map[string]any) {
		b, a := str(block, "block_id"), str(el, "action_id")
		if value := initial(el); value != nil {
			if was, ok := old[b][a].(map[string]any); ok && str(was, "type") == str(el, "type") {
				value = was
			}
			v.set(b, a, value)
		}
	})
	v.seq = f.seq()
	v.hash = fmt.Sprintf("%d.%x", f.opt.Now().Unix(), sha256.Sum256(marshal([]any{v.id, v.seq})))[:20]
	f.wake()
}

// initial is what an element says before anybody touched it; nil for what is
// not filled in.
func initial(el map[string]any) map[string]any {
	kind := str(el, "type")
	out := map[string]any{"type": kind}
	switch {
	case strings.HasSuffix(kind, "_input") && kind != "file_input":
		out["value"] = nil
		if s := str(el, "initial_value"); s != "" {
			out["value"] = s
		}
	case kind == "static_select" || kind == "external_select" || kind == "radio_buttons":
		out["selected_option"] = el["initial_option"]
	case kind == "checkboxes" || kind == "multi_static_select" || kind == "multi_external_select":
		out["selected_options"] = []any{}
		if o, ok := el["initial_options"].([]any); ok {
			out["selected_options"] = o
		}
	case kind == "users_select" || kind == "conversations_select" || kind == "channels_select":
		name := strings.TrimSuffix(strings.TrimSuffix(kind, "_select"), "s")
		out["selected_"+name] = el["initial_"+name]
	case strings.HasPrefix(kind, "multi_"):
		name := strings.TrimSuffix(strings.TrimPrefix(kind, "multi_"), "_select")
		out["selected_"+name] = []any{}
		if o, ok := el["initial_"+name].([]any); ok {
			out["selected_"+name] = o
		}
	case kind == "datepicker":
		out["selected_date"] = el["initial_date"]
	case kind == "timepicker":
		out["selected_time"] = el["initial_time"]
	default:
		return nil
	}
	return out
}

// Modal is the view that somebody has before them; ok is false where there is
// none.
func (p *Person) Modal() (v View, ok bool) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	u := p.state()
	if len(u.modals) == 0 {
		return View{}, false
	}
	return p.f.viewOf(u.modals[len(u.modals)-1]), true
}

// Home is the app's Home tab as the person would see it; ok is false where the
// app published none.
func (p *Person) Home() (v View, ok bool) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	if u := p.state(); u.home != nil {
		return p.f.viewOf(u.home), true
	}
	return View{}, false
}

// AwaitHome waits until somebody's Home tab is as asked. A nil ok takes any.
func (f *Fake) AwaitHome(of *Person, ok func(View) bool) View {
	f.t.Helper()
	var found View
	f.Await("the app shows "+of.Name+" a Home tab", func() bool {
		v, there := of.Home()
		found = v
		return there && (ok == nil || ok(v))
	})
	return found
}

// AwaitModal waits until somebody has a view before them that is as asked. A
// nil ok takes any.
func (f *Fake) AwaitModal(of *Person, ok func(View) bool) View {
	f.t.Helper()
	var found View
	f.Await("the app opens a view for "+of.Name, func() bool {
		v, there := of.Modal()
		found = v
		return there && (ok == nil || ok(v))
	})
	return found
}

// AwaitNoModal waits until somebody has no view before them.
func (f *Fake) AwaitNoModal(of *Person) {
	f.t.Helper()
	f.Await("the view of "+of.Name+" is closed", func() bool { _, there := of.Modal(); return !there })
}

// Submit fills in the view that the person has before them, by label, block id
// or action id of its fields, and sends it. Several values of one field are
// separated by commas. It ends the test where the client would not send it.
func (p *Person) Submit(values map[string]string, ways ...Way) *Asked {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	u := p.state()
	if len(u.modals) == 0 {
		f.t.Fatalf("%s has no view open", p.Name)
	}
	v := u.modals[len(u.modals)-1]
	if v.fields["submit"] == nil {
		f.t.Fatalf("the view of %s has no button to send it", p.Name)
	}
	v.errors = nil
	for name, value := range values {
		if err := v.enter(name, value); err != nil {
			f.t.Fatalf("%s fills in %q: %v; fields: %s", p.Name, name, err, f.visible("", v.blocks(), nil, nil))
		}
	}
	for _, x := range f.viewOf(v).Fields {
		if x.Value == "" && !x.Optional {
			f.t.Fatalf("the client would not send the view: %q is empty", x.Label)
		}
		if n := len([]rune(x.Value)); x.MaxLength > 0 && n > x.MaxLength {
			f.t.Fatalf("the client would not send the view: %q has %d characters, of at most %d", x.Label, n, x.MaxLength)
		}
	}
	a := &Asked{f: f, p: p, What: "view_submission", view: v}
	return f.ask(a, kindInteractive, merged(f.common(u, nil), map[string]any{
		"type": "view_submission", "view": v.json(), "response_urls": []any{}}), ways)
}

func (v *view) enter(name, value string) error {
	err := fmt.Errorf("there is no such field")
	found := false
	eachElement(v.blocks(), func(block, el map[string]any) {
		if found || !answersTo(block, el, name) {
			return
		}
		found = true
		values := []string{value}
		kind := str(el, "type")
		if kind == "checkboxes" || strings.HasPrefix(kind, "multi_") {
			values = strings.Split(value, ",")
		}
		if value == "" && !strings.HasSuffix(kind, "_input") {
			values = nil
		}
		var chosen map[string]any
		if chosen, err = choose(el, values); err == nil {
			if chosen["value"] == "" {
				chosen["value"] = nil
			}
			v.set(str(block, "block_id"), str(el, "action_id"), merged(map[string]any{"type": kind}, chosen))
		}
	})
	return err
}

// CloseView closes the view that the person has before them with its button
// or the cross, or all of a stack.
func (p *Person) CloseView(all bool) {
	f := p.f
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	u := p.state()
	if len(u.modals) == 0 {
		f.t.Fatalf("%s has no view open", p.Name)
	}
	v := u.modals[len(u.modals)-1]
	v.gone = true
	u.modals = u.modals[:len(u.modals)-1]
	if all {
		f.clearModals(u)
	}
	if v.fields["notify_on_close"] == true {
		f.ask(&Asked{f: f, p: p, What: "view_closed"}, kindInteractive, merged(f.common(u, nil), map[string]any{
			"type": "view_closed", "view": v.json(), "is_cleared": all}), nil)
	}
	f.wake()
}

func (f *Fake) clearModals(u *user) {
	for _, v := range u.modals {
		v.gone = true
	}
	u.modals = nil
	f.wake()
}

// submitted is what the app answers to a filled-in view. The caller holds the
// lock.
func (f *Fake) submitted(a *Asked, payload json.RawMessage, empty bool) {
	u := a.p.state()
	at := slices.Index(u.modals, a.view)
	if empty {
		if at >= 0 {
			a.view.gone = true
			u.modals = slices.Delete(u.modals, at, at+1)
		}
		f.wake()
		return
	}
	var r struct {
		Action string            `json:"response_action"`
		View   map[string]any    `json:"view"`
		Errors map[string]string `json:"errors"`
	}
	if err := json.Unmarshal(payload, &r); err != nil {
		f.violation("the answer to a view: %v", err)
		return
	}
	switch r.Action {
	case "clear":
		f.clearModals(u)
	case "errors":
		if len(r.Errors) == 0 {
			f.violation("the answer to a view: errors without any")
		}
		for block := range r.Errors {
			if a.view.state[block] == nil {
				f.violation("the answer to a view: an error at the unknown block %q", block)
			}
		}
		a.view.errors = r.Errors
		a.view.seq = f.seq()
		f.wake()
	case "update":
		if f.checkView(r.View, "modal") == "" && at >= 0 {
			f.fill(a.view, r.View)
		}
	case "push":
		if f.checkView(r.View, "modal") == "" {
			f.openView(a.p.state(), a.view.ws, r.View, a.view)
		}
	default:
		f.violation("the answer to a view: the response_action %q", r.Action)
	}
}

// openView puts a view before somebody. The caller holds the lock.
func (f *Fake) openView(u *user, w *workspace, fields map[string]any, below *view) *view {
	v := &view{f: f, id: f.id("V"), ws: w, user: u}
	v.root = v.id
	if below != nil {
		v.root, v.prev = below.root, below.id
	}
	f.views[v.id] = v
	f.fill(v, fields)
	u.modals = append(u.modals, v)
	return v
}

func (f *Fake) useTrigger(id string, w *workspace) (*trigger, error) {
	t := f.triggers[id]
	switch {
	case t == nil:
		return nil, refuse("invalid_trigger_id")
	case t.used:
		return nil, refuse("exchanged_trigger_id")
	case f.opt.Now().Sub(t.at) > triggerAlive:
		return nil, refuse("expired_trigger_id")
	}
	t.used = true
	return t, nil
}

func (f *Fake) viewsOpen(c *call) (map[string]any, error) {
	fields := c.object("view")
	if bad := f.checkView(fields, "modal"); bad != "" {
		return nil, invalidArguments(bad)
	}
	t, err := f.useTrigger(c.arg("trigger_id"), c.ws)
	if err != nil {
		return nil, err
	}
	if f.takenExternalID(c.ws, str(fields, "external_id"), nil) {
		return nil, refuse("duplicate_external_id")
	}
	f.clearModals(t.user)
	return map[string]any{"view": f.openView(t.user, c.ws, fields, nil).json()}, nil
}

func (f *Fake) viewsPush(c *call) (map[string]any, error) {
	fields := c.object("view")
	if bad := f.checkView(fields, "modal"); bad != "" {
		return nil, invalidArguments(bad)
	}
	t, err := f.useTrigger(c.arg("trigger_id"), c.ws)
	if err != nil {
		return nil, err
	}
	stack := t.user.modals
	if len(stack) == 0 {
		return nil, refuse("not_found")
	}
	if len(stack) >= 3 {
		return nil, refuse("push_limit_reached")
	}
	return map[string]any{"view": f.openView(t.user, c.ws, fields, stack[len(stack)-1]).json()}, nil
}

func (f *Fake) takenExternalID(w *workspace, id string, by *view) bool {
	if id == "" {
		return false
	}
	for _, v := range f.views {
		if v != by && v.ws == w && !v.gone && str(v.fields, "external_id") == id {
			return true
		}
	}
	return false
}

func (f *Fake) viewsUpdate(c *call) (map[string]any, error) {
	fields := c.object("view")
	v := f.views[c.arg("view_id")]
	if id := c.arg("external_id"); v == nil && id != "" {
		for _, x := range f.views {
			if !x.gone && str(x.fields, "external_id") == id {
				v = x
			}
		}
	}
	if v == nil || v.gone || v.ws != c.ws {
		return nil, refuse("not_found")
	}
	if bad := f.checkView(fields, "modal"); bad != "" {
		return nil, invalidArguments(bad)
	}
	if h := c.arg("hash"); h != "" && h != v.hash {
		return nil, refuse("hash_conflict")
	}
	f.fill(v, fields)
	return map[string]any{"view": v.json()}, nil
}

func (f *Fake) viewsPublish(c *call) (map[string]any, error) {
	fields := c.object("view")
	if !f.hasHome() {
		return nil, refuse("not_enabled")
	}
	u := f.users[c.arg("user_id")]
	if u == nil || u.ws != c.ws || u.deleted || u.bot {
		return nil, invalidArguments("[ERROR] user not found")
	}
	if bad := f.checkView(fields, "home"); bad != "" {
		return nil, invalidArguments(bad)
	}
	if u.home == nil {
		v := &view{f: f, id: f.id("V"), ws: c.ws, user: u}
		v.root = v.id
		f.views[v.id] = v
		u.home = v
	} else if h := c.arg("hash"); h != "" && h != u.home.hash {
		return nil, refuse("hash_conflict")
	}
	f.fill(u.home, fields)
	return map[string]any{"view": u.home.json()}, nil
}
