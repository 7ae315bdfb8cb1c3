package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// ManifestOptions say what the app is to do; every choice left out is a right
// that the app does not ask for.
type ManifestOptions struct {
	Name string // of the app; "Waymark" where empty
	// Mode is SocketMode where it is empty. In HTTPMode Address is where Slack
	// reaches the bot: an https address.
	Mode    Mode
	Address string
	// Many is for an app that workspaces install by themselves, at InstallPath.
	Many bool
	// NoPrivate leaves out private channels. The staff channel is one, so cards
	// then go to the leads alone.
	NoPrivate bool
	// NoGroupDirect leaves out group direct messages that the bot is added to.
	NoGroupDirect bool
	// NoJoin leaves out that the bot can join public channels by itself, when
	// staff ask it to.
	NoJoin bool
	// NoUserGroups leaves out user groups: staff are then the members of the
	// staff channel.
	NoUserGroups bool
	// Report is what the message shortcut is called: "Report to staff" where
	// empty.
	Report string
}

// Manifest is the app's manifest, to be pasted where Slack makes apps of
// manifests, as JSON.
func Manifest(o ManifestOptions) ([]byte, error) {
	if o.Name == "" {
		o.Name = "Waymark"
	}
	if o.Report == "" {
		o.Report = "Report to staff"
	}
	at, err := o.address()
	if err != nil {
		return nil, err
	}
	scopes, events := o.rights()
	m := slack.Manifest{
		Display: slack.Display{Name: o.Name, Description: "Help and advice on staying safe online, and alerts for staff."},
		Features: slack.Features{
			AppHome: slack.AppHome{HomeTabEnabled: true, MessagesTabEnabled: true},
			BotUser: slack.BotUser{DisplayName: o.Name, AlwaysOnline: true},
			SlashCommands: []slack.ManifestSlashCommand{{
				Command: "/waymark", Description: "Help that only you can see", ShouldEscape: true, Url: at,
				UsageHint: "learn, ask, support, report, quiz, privacy, help",
			}},
			Shortcuts: []slack.Shortcut{{
				Name: o.Report, CallbackID: callbackID(o.Report), Description: "Tell staff about this message", Type: slack.MessageShortcut,
			}},
		},
		OAuthConfig: slack.OAuthConfig{Scopes: slack.OAuthScopes{Bot: scopes}, RedirectUrls: o.redirects(at)},
		Settings: slack.Settings{
			EventSubscriptions: &slack.EventSubscriptions{RequestUrl: at, BotEvents: events},
			Interactivity:      &slack.Interactivity{IsEnabled: true, RequestUrl: at},
			SocketModeEnabled:  at == "",
		},
	}
	return json.MarshalIndent(m, "", "  ")
}

// redirects are where Slack may send people back who installed the app.
func (o ManifestOptions) redirects(events string) []string {
	if !o.Many {
		return nil
	}
	return []string{strings.TrimSuffix(events, EventsPath) + ReturnPath}
}

func (o ManifestOptions) address() (string, error) {
	if o.Many && o.Mode != HTTPMode {
		return "", errors.New("slack: workspaces can install the bot by themselves in http mode alone: name the https address at which Slack reaches it")
	}
	switch o.Mode {
	case SocketMode, "":
		return "", nil
	case HTTPMode:
	default:
		return "", fmt.Errorf("slack: the mode %q is neither %s nor %s", o.Mode, SocketMode, HTTPMode)
	}
	u, err := url.Parse(o.Address)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("slack: %q is no https address at which Slack can reach the bot", o.Address)
	}
	return strings.TrimSuffix(u.String(), "/") + EventsPath, nil
}

// EventsPath is where the manifest has Slack send its requests, below the
// bot's address.
const EventsPath = "/slack/events"

// rights are the least scopes and events for what was chosen.
func (o ManifestOptions) rights() (scopes, events []string) {
	scopes = []string{
		"commands",               // /waymark and the shortcut
		"chat:write",             // cards
		"users:read",             // names, guests, who is an admin
		"im:write", "im:history", // direct messages to leads and members
		"channels:read", "channels:history", // public channels that it is in
	}
	events = []string{"app_home_opened", "app_uninstalled", "tokens_revoked", "channel_rename", "message.channels", "message.im", "user_change",
		"member_joined_channel", "member_left_channel", "channel_archive", "channel_unarchive", "channel_shared", "channel_unshared"}
	if !o.NoPrivate {
		scopes = append(scopes, "groups:read", "groups:history")
		events = append(events, "message.groups", "group_archive", "group_rename", "group_unarchive")
	}
	if !o.NoGroupDirect {
		scopes = append(scopes, "mpim:read", "mpim:history")
		events = append(events, "message.mpim")
	}
	if !o.NoJoin {
		scopes = append(scopes, "channels:join")
	}
	if !o.NoUserGroups {
		scopes = append(scopes, "usergroups:read")
	}
	scopes = append(scopes, "im:read")
	slices.Sort(scopes)
	slices.Sort(events)
	return scopes, events
}
