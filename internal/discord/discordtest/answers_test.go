package discordtest_test

import (
	"encoding/json"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/waymark-bot/waymark/internal/discord/discordtest"
)

// TestTheFakesOwnAnswersFitTheDescription asks for everything once.
func TestTheFakesOwnAnswersFitTheDescription(t *testing.T) {
	f := discordtest.New(t, discordtest.Options{CheckAnswers: true, GlobalLimit: -1})
	if !f.Described() {
		t.Skip("Discord's description is not there: set WAYMARK_SHARED to the folder that holds specs")
	}
	club := f.Guild("Youth club")
	club.BotRole().Grant(discordtest.BotByDefault | discordtest.ManageGuild | discordtest.ManageThreads |
		discordtest.ManageChannels | discordtest.ManageRoles | discordtest.ModerateMembers)
	mods := club.Role("Moderators", discordtest.ModerateMembers)
	general, forum, voice := club.Text("general"), club.Forum("help"), club.Voice("lounge")
	ana, kim := club.Member("Ana", mods), club.Member("Kim")
	first := kim.Say(general, "hello "+ana.Mention(), discordtest.Attached("notes.txt"), discordtest.WithPoll("When?", "Now", "Later"))
	kim.Say(general, "answer", discordtest.ReplyTo(first))
	ana.Say(club.Text("elsewhere"), "look", discordtest.Forwarding(first)) // the description has no forwards
	kim.Say(voice, "in voice")
	post, _ := kim.Post(forum, "A question", "the text")
	secret := ana.Thread(general, "private", true, kim)
	old := ana.Thread(general, "old", false)
	old.Archive(true)
	general.Webhook("News", "from a webhook")
	b := newBot(t, f, intents)

	ask := func(method, path string, body any) string {
		t.Helper()
		raw, err := b.RequestWithBucketID(method, discordgo.EndpointAPI+path, body, path)
		if err != nil {
			t.Errorf("%s %s: %v", method, path, err)
		}
		var out struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(raw, &out)
		return out.ID
	}
	app, g, c := "applications/"+f.BotID(), "guilds/"+club.ID, "channels/"+general.ID
	for _, path := range []string{
		"gateway", "gateway/bot", "applications/@me", app, "users/@me", "users/" + kim.ID, "users/@me/guilds",
		g, g + "?with_counts=true", g + "/channels", g + "/roles", g + "/members?limit=10", g + "/threads/active",
		g + "/members/" + kim.ID, c, "channels/" + forum.ID, "channels/" + voice.ID, "channels/" + post.ID,
		"channels/" + secret.ID, "channels/" + post.ID + "/messages", "channels/" + voice.ID + "/messages",
		c + "/messages?limit=100", c + "/messages?after=0&limit=5", c + "/messages?around=" + first.ID, c + "/messages/" + first.ID,
		c + "/threads/archived/public", c + "/threads/archived/private", "channels/" + post.ID + "/thread-members",
		app + "/commands", app + "/guilds/" + club.ID + "/commands", g + "/auto-moderation/rules",
	} {
		ask("GET", path, nil)
	}

	m := ask("POST", c+"/messages", map[string]any{"content": "card", "nonce": "n1", "enforce_nonce": true,
		"message_reference": map[string]any{"message_id": first.ID}, "allowed_mentions": map[string]any{"parse": []string{}},
		"embeds": []any{map[string]any{"title": "t", "description": "d", "fields": []any{map[string]any{"name": "n", "value": "v"}}}},
		"components": []any{map[string]any{"type": 1, "components": []any{
			map[string]any{"type": 2, "style": 1, "label": "I'm on it", "custom_id": "take:1"}}}}})
	ask("PATCH", c+"/messages/"+m, map[string]any{"content": "changed"})
	thread := ask("POST", c+"/messages/"+m+"/threads", map[string]any{"name": "Case 1"})
	ask("POST", "channels/"+thread+"/messages", map[string]any{"content": "in the thread"})
	ask("PATCH", "channels/"+thread, map[string]any{"archived": true})
	v2 := ask("POST", c+"/messages", map[string]any{"flags": 1 << 15, "components": []any{
		map[string]any{"type": 17, "accent_color": 1, "components": []any{
			map[string]any{"type": 10, "content": "# Title"}, map[string]any{"type": 14},
			map[string]any{"type": 9, "components": []any{map[string]any{"type": 10, "content": "text"}},
				"accessory": map[string]any{"type": 2, "style": 5, "label": "Open", "url": "https://example.org"}},
			map[string]any{"type": 1, "components": []any{map[string]any{"type": 3, "custom_id": "s", "placeholder": "Choose",
				"options": []any{map[string]any{"label": "One", "value": "1"}}}}},
		}}}})
	ask("PATCH", c+"/messages/"+v2, map[string]any{"components": []any{map[string]any{"type": 10, "content": "changed"}}})
	ask("DELETE", c+"/messages/"+v2, nil)
	direct := ask("POST", "users/@me/channels", map[string]any{"recipient_id": kim.ID})
	ask("POST", "channels/"+direct+"/messages", map[string]any{"content": "privately"})
	ask("POST", c+"/threads", map[string]any{"name": "t", "type": 12})
	ask("POST", "channels/"+forum.ID+"/threads", map[string]any{"name": "t", "message": map[string]any{"content": "x"}})
	rule := ask("POST", g+"/auto-moderation/rules", map[string]any{"name": "words", "event_type": 1, "trigger_type": 1,
		"trigger_metadata": map[string]any{"keyword_filter": []string{"our secret"}}, "enabled": true,
		"actions": []any{map[string]any{"type": 2, "metadata": map[string]any{"channel_id": general.ID}}}})
	ask("PATCH", g+"/auto-moderation/rules/"+rule, map[string]any{"enabled": false})
	ask("GET", g+"/auto-moderation/rules/"+rule, nil)
	ask("DELETE", g+"/auto-moderation/rules/"+rule, nil)
	cmd := ask("POST", app+"/commands", map[string]any{"name": "ask", "description": "Ask", "default_member_permissions": "32"})
	ask("PATCH", app+"/commands/"+cmd, map[string]any{"description": "Ask something"})
	ask("PUT", app+"/commands", []any{map[string]any{"name": "ask", "description": "Ask", "contexts": []int{0, 1, 2},
		"integration_types": []int{0, 1}, "options": []any{map[string]any{"type": 3, "name": "q", "description": "What"}}}})
}
