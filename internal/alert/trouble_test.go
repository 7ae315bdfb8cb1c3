package alert

import (
	"context"
	"testing"

	"github.com/waymark-bot/waymark/internal/cases"
	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/internal/servers"
)

// room is a platform with a staff room that others may read.
type room struct {
	chat.Platform
	others string
	posts  []chat.Post
}

func (r *room) Access(context.Context, chat.ServerID, chat.PlaceID, chat.StaffRule, []chat.PersonID) (chat.Access, error) {
	return chat.Access{Others: r.others}, nil
}

func (r *room) Post(_ context.Context, p chat.Post) (chat.MessageRef, error) {
	r.posts = append(r.posts, p)
	return chat.MessageRef{ID: "1"}, nil
}

func TestTroubleCallsNobodyButStaff(t *testing.T) {
	k := servers.Key{Platform: "discord", Server: "s"}
	for others, calls := range map[string]bool{"": true, "everyone": false} {
		s, p := sender(t), &room{others: others}
		s.platforms = map[string]chat.Platform{"discord": p}
		s.book = servers.New(nil, map[servers.Key]cases.Settings{k: {StaffPlace: "staff"}}, cases.Settings{Region: "UK"})
		NewTrouble(s).Begin(t.Context(), k)
		if len(p.posts) != 1 || p.posts[0].Place != "staff" || p.posts[0].Notify != calls {
			t.Errorf("where %q can read the room: %+v", others, p.posts)
		}
	}
}
