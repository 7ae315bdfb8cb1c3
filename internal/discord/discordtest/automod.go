package discordtest

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The trigger of a rule that looks for words, and what a rule does.
const (
	triggerKeyword = 1
	actionBlock    = 1
	actionAlert    = 2
	actionTimeout  = 3

	maxKeywordRules = 6
)

// rule is one of Discord's auto-moderation rules.
type rule struct {
	id      string
	creator string
	Name    string       `json:"name"`
	Event   int          `json:"event_type"`
	Trigger int          `json:"trigger_type"`
	Meta    ruleMeta     `json:"trigger_metadata"`
	Actions []ruleAction `json:"actions"`
	Enabled bool         `json:"enabled"`
	Roles   []string     `json:"exempt_roles"`
	Places  []string     `json:"exempt_channels"`
}

type ruleMeta struct {
	Keywords []string `json:"keyword_filter"`
	Regexes  []string `json:"regex_patterns"`
	Allowed  []string `json:"allow_list"`
	Presets  []int    `json:"presets,omitempty"`
}

type ruleAction struct {
	Type int            `json:"type"`
	Meta map[string]any `json:"metadata"`
}

func (r *rule) json(guildID string) map[string]any {
	list := func(l []string) []string {
		if l == nil {
			return []string{}
		}
		return l
	}
	actions := []any{}
	for _, a := range r.Actions {
		meta := a.Meta
		if meta == nil {
			meta = map[string]any{}
		}
		actions = append(actions, map[string]any{"type": a.Type, "metadata": meta})
	}
	return map[string]any{
		"id": r.id, "guild_id": guildID, "creator_id": r.creator, "name": r.Name, "event_type": r.Event,
		"trigger_type": r.Trigger, "actions": actions, "enabled": r.Enabled,
		"trigger_metadata": map[string]any{"keyword_filter": list(r.Meta.Keywords), "regex_patterns": list(r.Meta.Regexes),
			"allow_list": list(r.Meta.Allowed)},
		"exempt_roles": list(r.Roles), "exempt_channels": list(r.Places),
	}
}

// ruleGuild finds the guild in the path, where the bot may manage its rules.
func (f *Fake) ruleGuild(c *call) (*guild, error) {
	g, err := f.guildOf(c)
	if err != nil {
		return nil, err
	}
	if !g.base(f.bot.id).has(ManageGuild) {
		return nil, errMissing
	}
	return g, nil
}

func (f *Fake) getRules(c *call) (any, error) {
	g, err := f.ruleGuild(c)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, r := range f.rules[g.id] {
		out = append(out, r.json(g.id))
	}
	return out, nil
}

func (f *Fake) postRule(c *call) (any, error) {
	g, err := f.ruleGuild(c)
	if err != nil {
		return nil, err
	}
	r := &rule{id: f.ids.next(), creator: f.bot.id}
	if err := c.decode(r); err != nil {
		return nil, err
	}
	if r.Trigger == triggerKeyword && f.keywordRules(g.id) >= maxKeywordRules {
		f.violationLocked("more than %d keyword rules in one server", maxKeywordRules)
		return nil, invalidForm("trigger_type", "Maximum number of rules of this type exceeded")
	}
	if err := f.ruleFits(g, r); err != nil {
		return nil, err
	}
	f.rules[g.id] = append(f.rules[g.id], r)
	f.tellRule("AUTO_MODERATION_RULE_CREATE", g, r)
	return r.json(g.id), nil
}

func (f *Fake) keywordRules(guildID string) int {
	n := 0
	for _, r := range f.rules[guildID] {
		if r.Trigger == triggerKeyword {
			n++
		}
	}
	return n
}

// ruleFits checks what the description does not say.
func (f *Fake) ruleFits(g *guild, r *rule) error {
	for _, re := range r.Meta.Regexes {
		if _, err := regexp.Compile("(?i)" + re); err != nil {
			return f.badRule("trigger_metadata", "the regular expression does not compile")
		}
	}
	if len(r.Actions) == 0 {
		return f.badRule("actions", "a rule needs an action")
	}
	for _, a := range r.Actions {
		if a.Type == actionTimeout && !g.base(f.bot.id).has(ModerateMembers) {
			return errMissing
		}
		if id, _ := a.Meta["channel_id"].(string); a.Type == actionAlert && (f.channels[id] == nil || f.channels[id].guild != g) {
			return f.badRule("actions", "an alert needs a channel of the server")
		}
	}
	return nil
}

func (f *Fake) badRule(where, why string) error {
	f.violationLocked("an auto-moderation rule: %s", why)
	return invalidForm(where, why)
}

func (f *Fake) findRule(c *call) (*guild, int, error) {
	g, err := f.ruleGuild(c)
	if err != nil {
		return nil, 0, err
	}
	i := slices.IndexFunc(f.rules[g.id], func(r *rule) bool { return r.id == c.PathValue("rule_id") })
	if i < 0 {
		return nil, 0, errNotFound
	}
	return g, i, nil
}

func (f *Fake) getRule(c *call) (any, error) {
	g, i, err := f.findRule(c)
	if err != nil {
		return nil, err
	}
	return f.rules[g.id][i].json(g.id), nil
}

func (f *Fake) patchRule(c *call) (any, error) {
	g, i, err := f.findRule(c)
	if err != nil {
		return nil, err
	}
	next := *f.rules[g.id][i]
	var fields map[string]json.RawMessage
	if err := c.decode(&fields); err != nil {
		return nil, err
	}
	if fields["trigger_metadata"] != nil {
		next.Meta = ruleMeta{}
	}
	if fields["actions"] != nil {
		next.Actions = nil
	}
	if err := c.decode(&next); err != nil {
		return nil, err
	}
	if err := f.ruleFits(g, &next); err != nil {
		return nil, err
	}
	f.rules[g.id][i] = &next
	f.tellRule("AUTO_MODERATION_RULE_UPDATE", g, &next)
	return next.json(g.id), nil
}

func (f *Fake) deleteRule(c *call) (any, error) {
	g, i, err := f.findRule(c)
	if err != nil {
		return nil, err
	}
	gone := f.rules[g.id][i]
	f.rules[g.id] = slices.Delete(f.rules[g.id], i, i+1)
	f.tellRule("AUTO_MODERATION_RULE_DELETE", g, gone)
	return nil, nil
}

func (f *Fake) tellRule(name string, g *guild, r *rule) {
	if g.base(f.bot.id).has(ManageGuild) {
		f.tell(event{name: name, guild: g.id, intent: AutoModConfig, data: r.json(g.id)})
	}
}

// moderate runs the guild's rules over a message and says whether one of them
// blocked it. Bots, the owner, and those with Manage Server are exempt.
func (f *Fake) moderate(m *message) bool {
	g := m.channel.guild
	if g == nil || m.author.bot || g.base(m.author.id).has(ManageGuild) {
		return false
	}
	type hit struct {
		rule          *rule
		keyword, text string
	}
	var hits []hit
	blocked := false
	for _, r := range f.rules[g.id] {
		if !r.Enabled || r.exempt(m) {
			continue
		}
		keyword, text, ok := r.match(m.content)
		if !ok {
			continue
		}
		hits = append(hits, hit{r, keyword, text})
		for _, a := range r.Actions {
			blocked = blocked || a.Type == actionBlock
		}
	}
	for _, h := range hits {
		for _, a := range h.rule.Actions {
			f.executed(m, h.rule, a, h.keyword, h.text, blocked)
		}
	}
	return blocked
}

func (r *rule) exempt(m *message) bool {
	if contains(r.Places, m.channel.id) || m.channel.parent != nil && contains(r.Places, m.channel.parent.id) {
		return true
	}
	for _, id := range m.channel.guild.members[m.author.id].roles {
		if contains(r.Roles, id) {
			return true
		}
	}
	return false
}

// match looks for the rule's keywords, with * at either end for any letters,
// and its regular expressions, whatever the case.
func (r *rule) match(text string) (keyword, hit string, ok bool) {
	for _, k := range r.Meta.Allowed {
		if keywordPattern(k).MatchString(text) {
			return "", "", false
		}
	}
	for _, k := range r.Meta.Keywords {
		if found := keywordPattern(k).FindString(text); found != "" {
			return k, found, true
		}
	}
	for _, re := range r.Meta.Regexes {
		if found := regexp.MustCompile("(?i)" + re).FindString(text); found != "" {
			return re, found, true
		}
	}
	return "", "", false
}

func keywordPattern(k string) *regexp.Regexp {
	body := regexp.QuoteMeta(strings.Trim(k, "*"))
	before, after := `(?:^|\b)`, `(?:$|\b)`
	if strings.HasPrefix(k, "*") {
		before = ""
	}
	if strings.HasSuffix(k, "*") {
		after = ""
	}
	return regexp.MustCompile("(?i)" + before + body + after)
}

// executed does one action of a rule and tells of it.
func (f *Fake) executed(m *message, r *rule, a ruleAction, keyword, text string, blocked bool) {
	g := m.channel.guild
	data := map[string]any{
		"guild_id": g.id, "action": map[string]any{"type": a.Type, "metadata": a.Meta}, "rule_id": r.id,
		"rule_trigger_type": r.Trigger, "user_id": m.author.id, "channel_id": m.channel.id,
		"matched_keyword": keyword, "matched_content": text, "content": m.content,
	}
	if m.id == "" && !blocked {
		m.id, m.time = f.ids.next(), f.opt.Now() // given when it is sent; the event names it already
	}
	if m.id != "" && !blocked {
		data["message_id"] = m.id
	}
	switch a.Type {
	case actionAlert:
		id, _ := a.Meta["channel_id"].(string)
		if c := f.channels[id]; c != nil && !c.deleted {
			alert := &message{channel: c, author: m.author, kind: typeAutoMod,
				embeds: marshal([]any{map[string]any{"type": "auto_moderation_message", "description": m.content}})}
			f.add(alert)
			data["alert_system_message_id"] = alert.id
		}
	case actionTimeout:
		seconds, _ := a.Meta["duration_seconds"].(float64)
		g.members[m.author.id].muted = f.opt.Now().Add(time.Duration(seconds) * time.Second)
	}
	if !g.base(f.bot.id).has(ManageGuild) {
		return
	}
	bare := map[string]any{}
	for k, v := range data {
		bare[k] = v
	}
	bare["content"], bare["matched_content"] = "", ""
	f.tell(event{name: "AUTO_MODERATION_ACTION_EXECUTION", guild: g.id, intent: AutoModExecution, data: data, bare: bare})
	f.wake()
}

// Rules are the guild's auto-moderation rules as JSON, in order of creation.
func (g *Guild) Rules() []string {
	g.f.mu.Lock()
	defer g.f.mu.Unlock()
	var out []string
	for _, r := range g.f.rules[g.ID] {
		out = append(out, string(marshal(r.json(g.ID))))
	}
	return out
}

// AddRule adds a keyword rule of the server's own making, which only alerts.
func (g *Guild) AddRule(name string, alert *Channel, keywords ...string) {
	f := g.f
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &rule{id: f.ids.next(), creator: g.state().owner, Name: name, Event: 1, Trigger: triggerKeyword, Enabled: true,
		Meta:    ruleMeta{Keywords: keywords},
		Actions: []ruleAction{{Type: actionAlert, Meta: map[string]any{"channel_id": alert.ID}}}}
	f.rules[g.ID] = append(f.rules[g.ID], r)
	f.tellRule("AUTO_MODERATION_RULE_CREATE", g.state(), r)
}
