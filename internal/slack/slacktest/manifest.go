package slacktest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// manifest is an app's manifest, as far as an app like the one tested can use
// it. What it does not name is reported.
type manifest struct {
	Metadata struct {
		MajorVersion int `yaml:"major_version"`
		MinorVersion int `yaml:"minor_version"`
	} `yaml:"_metadata"`
	Display struct {
		Name            string `yaml:"name"`
		Description     string `yaml:"description"`
		LongDescription string `yaml:"long_description"`
		BackgroundColor string `yaml:"background_color"`
	} `yaml:"display_information"`
	Features struct {
		AppHome struct {
			HomeTab          bool `yaml:"home_tab_enabled"`
			MessagesTab      bool `yaml:"messages_tab_enabled"`
			MessagesReadOnly bool `yaml:"messages_tab_read_only_enabled"`
		} `yaml:"app_home"`
		BotUser struct {
			DisplayName  string `yaml:"display_name"`
			AlwaysOnline bool   `yaml:"always_online"`
		} `yaml:"bot_user"`
		Shortcuts []struct {
			Name        string `yaml:"name"`
			Type        string `yaml:"type"`
			CallbackID  string `yaml:"callback_id"`
			Description string `yaml:"description"`
		} `yaml:"shortcuts"`
		SlashCommands []struct {
			Command      string `yaml:"command"`
			URL          string `yaml:"url"`
			Description  string `yaml:"description"`
			UsageHint    string `yaml:"usage_hint"`
			ShouldEscape bool   `yaml:"should_escape"`
		} `yaml:"slash_commands"`
	} `yaml:"features"`
	OAuth struct {
		RedirectURLs []string `yaml:"redirect_urls"`
		Scopes       struct {
			Bot         []string `yaml:"bot"`
			BotOptional []string `yaml:"bot_optional"`
			User        []string `yaml:"user"`
		} `yaml:"scopes"`
		PKCE *bool `yaml:"pkce_enabled"`
	} `yaml:"oauth_config"`
	Settings struct {
		AllowedIPs []string `yaml:"allowed_ip_address_ranges"`
		Events     struct {
			RequestURL string   `yaml:"request_url"`
			Bot        []string `yaml:"bot_events"`
			User       []string `yaml:"user_events"`
		} `yaml:"event_subscriptions"`
		Interactivity struct {
			Enabled       bool   `yaml:"is_enabled"`
			RequestURL    string `yaml:"request_url"`
			MenuOptionURL string `yaml:"message_menu_options_url"`
		} `yaml:"interactivity"`
		OrgDeploy     bool `yaml:"org_deploy_enabled"`
		SocketMode    bool `yaml:"socket_mode_enabled"`
		TokenRotation bool `yaml:"token_rotation_enabled"`
	} `yaml:"settings"`
}

func (m *manifest) events() []string { return m.Settings.Events.Bot }

// readManifest reads a manifest and notes what Slack would refuse in it.
func (f *Fake) readManifest(text string) *manifest {
	m := &manifest{}
	dec := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	dec.KnownFields(true)
	if err := dec.Decode(m); err != nil {
		f.violation("the manifest: %v", err)
		return m
	}
	in := &inspection{}
	m.inspect(in)
	for _, why := range in.bad {
		f.violation("the manifest: %s", why)
	}
	if m.Display.Name != "" {
		f.app.name = m.Display.Name
	}
	if len(m.Features.SlashCommands) > 0 {
		f.opt.Command = m.Features.SlashCommands[0].Command
	}
	return m
}

// inspect checks lengths and what hangs together, as documented at
// docs.slack.dev/reference/app-manifest.
func (m *manifest) inspect(in *inspection) {
	required := func(at, s string, most int) {
		if strings.TrimSpace(s) == "" {
			in.add("%s is empty", at)
		}
		in.length(at, s, most)
	}
	required("name", m.Display.Name, 35)
	in.length("description", m.Display.Description, 140)
	if n := len([]rune(m.Display.LongDescription)); n > 0 && (n < 175 || n > 4000) {
		in.add("long_description has %d characters, of 175 to 4000", n)
	}
	required("display_name", m.Features.BotUser.DisplayName, 80)
	for _, c := range m.Features.SlashCommands {
		required("a command", c.Command, 32)
		required("the description of "+c.Command, c.Description, 2000)
		in.length("the usage_hint of "+c.Command, c.UsageHint, 1000)
		if !strings.HasPrefix(c.Command, "/") {
			in.add("the command %q begins with no slash", c.Command)
		}
		if !m.Settings.SocketMode && c.URL == "" {
			in.add("the command %q has no address", c.Command)
		}
	}
	for _, s := range m.Features.Shortcuts {
		required("a shortcut", s.Name, 24)
		required("the callback_id of "+s.Name, s.CallbackID, 255)
		required("the description of "+s.Name, s.Description, 150)
		if s.Type != "message" && s.Type != "global" {
			in.add("the shortcut %q has the type %q", s.Name, s.Type)
		}
	}
	m.inspectAccess(in)
}

func (m *manifest) inspectAccess(in *inspection) {
	scopes := m.OAuth.Scopes.Bot
	if i := duplicate(scopes); i != "" {
		in.add("the scope %s is there twice", i)
	}
	if i := duplicate(m.events()); i != "" {
		in.add("the event %s is there twice", i)
	}
	for _, s := range scopes {
		if !slices.Contains(knownScopes(), s) {
			in.add("the scope %q is none that this fake knows", s)
		}
	}
	for _, e := range m.events() {
		needs, known := eventScopes[e]
		if !known {
			in.add("the event %q is none that this fake knows", e)
		} else if len(needs) > 0 && !slices.ContainsFunc(needs, func(s string) bool { return slices.Contains(scopes, s) }) {
			in.add("the event %s needs the scope %s", e, strings.Join(needs, " or "))
		}
	}
	if (len(m.Features.SlashCommands) > 0 || len(m.Features.Shortcuts) > 0) && !slices.Contains(scopes, "commands") {
		in.add("commands and shortcuts need the scope commands")
	}
	if len(m.Features.Shortcuts) > 0 && !m.Settings.Interactivity.Enabled {
		in.add("shortcuts need interactivity")
	}
	if !m.Settings.SocketMode {
		if len(m.events()) > 0 && m.Settings.Events.RequestURL == "" {
			in.add("events have no request_url, and Socket Mode is off")
		}
		if m.Settings.Interactivity.Enabled && m.Settings.Interactivity.RequestURL == "" {
			in.add("interactivity has no request_url, and Socket Mode is off")
		}
	}
}

func duplicate(list []string) string {
	for i, s := range list {
		if slices.Contains(list[:i], s) {
			return s
		}
	}
	return ""
}

func knownScopes() []string {
	return append(AllScopes(), "chat:write.public", "chat:write.customize", "mpim:history", "mpim:write", "metadata.message:read",
		"groups:write", "channels:manage", "users.profile:read", "users:read.email", "files:read", "team.preferences:read")
}

// eventScopes are the events that an app like the one tested can ask for, each
// with the scopes of which it needs one.
var eventScopes = map[string][]string{
	"app_home_opened": nil, "app_uninstalled": nil, "tokens_revoked": nil, "app_mention": {"app_mentions:read"},
	"message.channels": {"channels:history"}, "message.groups": {"groups:history"}, "message.im": {"im:history"}, "message.mpim": {"mpim:history"},
	"member_joined_channel": {"channels:read", "groups:read"}, "member_left_channel": {"channels:read", "groups:read"},
	"channel_archive": {"channels:read"}, "channel_unarchive": {"channels:read"}, "channel_rename": {"channels:read"},
	"channel_deleted": {"channels:read"}, "channel_created": {"channels:read"}, "channel_left": {"channels:read"},
	"channel_shared": {"channels:read", "groups:read"}, "channel_unshared": {"channels:read", "groups:read"}, "channel_id_changed": {"channels:read"},
	"group_archive": {"groups:read"}, "group_unarchive": {"groups:read"}, "group_rename": {"groups:read"}, "group_deleted": {"groups:read"}, "group_left": {"groups:read"},
	"user_change": {"users:read"}, "team_join": {"users:read"}, "team_rename": {"team:read"},
	"subteam_created": {"usergroups:read"}, "subteam_updated": {"usergroups:read"}, "subteam_members_changed": {"usergroups:read"},
}

func (f *Fake) grantedScopes() []string {
	if m := f.app.manifest; m != nil {
		return append(slices.Clone(m.OAuth.Scopes.Bot), m.OAuth.Scopes.BotOptional...)
	}
	return AllScopes()
}

func (f *Fake) hasCommand(name string) bool {
	if m := f.app.manifest; m != nil {
		for _, c := range m.Features.SlashCommands {
			if c.Command == name {
				return true
			}
		}
		return false
	}
	return name == f.opt.Command
}

func (f *Fake) hasShortcut(kind, callbackID string) bool {
	m := f.app.manifest
	if m == nil {
		return true
	}
	for _, s := range m.Features.Shortcuts {
		if s.Type == kind && s.CallbackID == callbackID {
			return true
		}
	}
	return false
}

func (f *Fake) hasHome() bool {
	return f.app.manifest == nil || f.app.manifest.Features.AppHome.HomeTab
}

// Shortcuts are the callback ids of the manifest's message shortcuts, by their
// names.
func (f *Fake) Shortcuts() map[string]string {
	out := map[string]string{}
	if m := f.app.manifest; m != nil {
		for _, s := range m.Features.Shortcuts {
			if s.Type == "message" {
				out[s.Name] = s.CallbackID
			}
		}
	}
	return out
}

// Redirects are the manifest's addresses for OAuth.
func (f *Fake) Redirects() []string {
	if f.app.manifest == nil {
		return nil
	}
	return slices.Clone(f.app.manifest.OAuth.RedirectURLs)
}

// CheckManifest says what Slack would refuse in a manifest, line by line.
func CheckManifest(text string) []string {
	m := &manifest{}
	dec := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	dec.KnownFields(true)
	if err := dec.Decode(m); err != nil {
		return []string{fmt.Sprint(err)}
	}
	in := &inspection{}
	m.inspect(in)
	return in.bad
}
