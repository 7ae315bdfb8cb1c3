package discordtest

import (
	"strconv"
	"sync"
	"time"
)

// Crowd adds many guilds with the bot in them, each with so many text
// channels, for benchmarks. The channels are made up anew whenever they are
// asked for, so that the fake itself stays small; nobody can act in them, but
// Dispatch can send events about them.
func (f *Fake) Crowd(guilds, channels int) []*Guild {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]*Guild, 0, guilds)
	owner := &user{id: f.ids.next(), name: "The owner of many"}
	f.users[owner.id] = owner
	for i := range guilds {
		g := &guild{id: f.ids.nextGuild(), name: "Community " + strconv.Itoa(i), owner: owner.id, locale: "en-GB",
			created: f.opt.Now(), crowd: channels, roles: map[string]*role{}, members: map[string]*member{}}
		f.guilds[g.id] = g
		f.guildIDs = append(f.guildIDs, g.id)
		g.addRole(&role{id: g.id, name: "@everyone", permissions: EveryoneByDefault})
		for r := range 10 {
			g.addRole(&role{id: f.ids.next(), name: "Role " + strconv.Itoa(r)})
		}
		f.enter(g, owner, nil)
		f.addBot(g, BotByDefault)
		f.tellGuildCreate(g)
		out = append(out, &Guild{f: f, ID: g.id})
	}
	f.wake()
	return out
}

// CrowdChannel is the id of the i-th made-up channel of a guild of a Crowd.
func (g *Guild) CrowdChannel(i int) string { return crowdID(g.ID, i) }

func crowdID(guildID string, i int) string {
	return strconv.FormatUint(number(guildID)+1+uint64(i), 10)
}

// channelList gives the guild's channels, without threads.
func (g *guild) channelList() []channelJSON {
	out := make([]channelJSON, 0, len(g.channels)+g.crowd)
	for _, c := range g.channels {
		out = append(out, c.json())
	}
	for i := range g.crowd {
		out = append(out, g.crowdChannel(i))
	}
	return out
}

// crowdChannel makes one up: like real ones, some are hidden from most.
func (g *guild) crowdChannel(i int) channelJSON {
	zero := 0
	id := crowdID(g.id, i)
	topic := "What channel " + strconv.Itoa(i) + " is about"
	c := channelJSON{ID: id, GuildID: g.id, Name: "channel-" + strconv.Itoa(i), Position: &i, PerUser: &zero, Topic: &topic, Last: &id}
	if i%5 == 0 {
		c.Overwrites = []Overwrite{{ID: g.id, Deny: ViewChannel}, {ID: g.botRole, Allow: ViewChannel}}
	}
	return c
}

// Clock is a clock that moves only when a test moves it. Its Now goes into
// Options.Now.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock gives a clock that stands at a time.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now is the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
