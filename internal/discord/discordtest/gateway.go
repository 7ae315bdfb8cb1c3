package discordtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// Intent is a set of gateway intents.
type Intent int

// The intents, with Discord's values.
const (
	Guilds             Intent = 1 << 0
	GuildMembers       Intent = 1 << 1
	GuildModeration    Intent = 1 << 2
	GuildPresences     Intent = 1 << 8
	GuildMessages      Intent = 1 << 9
	GuildReactions     Intent = 1 << 10
	DirectMessages     Intent = 1 << 12
	MessageContent     Intent = 1 << 15
	AutoModConfig      Intent = 1 << 20
	AutoModExecution   Intent = 1 << 21
	knownIntents       Intent = 1<<17 - 1 | 1<<20 | 1<<21 | 1<<24 | 1<<25
	privilegedIntents  Intent = GuildMembers | GuildPresences | MessageContent
	alwaysSent         Intent = 0
	maxGuildsPerShard         = 2500
	maxClientFrame            = 4096
	maxClientPerMinute        = 120
)

// The gateway's close codes that end a connection; those after which a client
// must not come back are named Fatal by Discord's documentation.
const (
	CloseUnknown          = 4000
	CloseUnknownOpcode    = 4001
	CloseDecode           = 4002
	CloseNotAuthenticated = 4003
	CloseBadToken         = 4004 // fatal
	CloseAuthenticated    = 4005
	CloseBadSequence      = 4007
	CloseRateLimited      = 4008
	CloseTimedOut         = 4009
	CloseBadShard         = 4010 // fatal
	CloseShardingRequired = 4011 // fatal
	CloseBadVersion       = 4012 // fatal
	CloseBadIntents       = 4013 // fatal
	CloseIntentRefused    = 4014 // fatal
)

// AllShards stands for every shard in the functions that disturb one.
const AllShards = -1

type (
	gateway struct {
		sessions     []*session
		conns        []*conn
		lastIdentify map[int]time.Time
		identifies   int
		resumes      int
		resumedByURL int
		deaf         bool // heartbeats are not acknowledged
		down         bool // no connection is taken
		refuse       int  // the close code for whoever identifies
	}
	// session is what a resume goes on with.
	session struct {
		id      string
		shard   int
		shards  int
		intents Intent
		seq     int
		first   int     // the sequence number of frames[0]
		frames  []frame // what was sent and is to be sent, oldest first
		conn    *conn
	}
	// frame is one dispatch. Where later is set, the body is made when it is
	// sent, so that thousands of guilds need not be kept as text.
	frame struct {
		name  string
		data  json.RawMessage
		later func() json.RawMessage
	}
	conn struct {
		ws      *websocket.Conn
		control [][]byte
		next    int // the sequence number to send next
		wake    chan struct{}
		closing []byte // a close frame to send last
		dead    bool
		beat    time.Time
		resumed bool // came over the resume address
		session *session
	}
)

func (g *gateway) init() { g.lastIdentify = map[int]time.Time{} }

// event is something that happens, on its way to the sessions that may know.
type event struct {
	name   string
	guild  string // "" for a direct conversation, or for nobody in particular
	intent Intent // what a session needs to be told; alwaysSent for anybody
	data   any
	// bare is sent instead of data to sessions without MESSAGE_CONTENT; nil
	// where there is no difference.
	bare any
}

// tell queues an event for every session that may know of it. The caller
// holds the lock.
func (f *Fake) tell(e event) {
	if e.guild != "" {
		g := f.guilds[e.guild]
		if g == nil || !g.hasBot(f) && e.name != "INTERACTION_CREATE" || g.down && e.name != "GUILD_DELETE" {
			return
		}
	}
	var full, bare json.RawMessage
	for _, s := range f.gate.sessions {
		if !s.wants(e) {
			continue
		}
		if e.bare != nil && s.intents&MessageContent == 0 {
			if bare == nil {
				bare = marshal(e.bare)
			}
			f.push(s, frame{name: e.name, data: bare})
			continue
		}
		if full == nil {
			full = marshal(e.data)
		}
		f.push(s, frame{name: e.name, data: full})
	}
}

func (s *session) wants(e event) bool {
	if e.intent != alwaysSent && s.intents&e.intent == 0 {
		return false
	}
	if e.guild == "" {
		return s.shard == 0
	}
	return ShardOf(e.guild, s.shards) == s.shard
}

func (f *Fake) push(s *session, fr frame) {
	s.seq++
	s.frames = append(s.frames, fr)
	keep := max(f.opt.Replay, 0)
	sent := s.seq // what may be dropped: all that no connection waits for
	if s.conn != nil {
		sent = s.conn.next
	}
	if over := len(s.frames) - keep; over > 64 || over > 0 && keep == 0 {
		if drop := min(over, sent-s.first); drop > 0 {
			s.frames = slices.Delete(s.frames, 0, drop)
			s.first += drop
		}
	}
	if s.conn != nil {
		s.conn.poke()
	}
}

// Dispatch sends a raw event to the shard of a guild ("" for shard 0),
// whatever its intents: for events that the fake has no method for, and for
// benchmarks. The data is marshalled once.
func (f *Fake) Dispatch(guildID, name string, data any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell(event{name: name, guild: guildID, intent: alwaysSent, data: data})
}

func (f *Fake) tellGuildCreate(g *guild) {
	for _, s := range f.gate.sessions {
		if s.wants(event{guild: g.id, intent: Guilds}) {
			f.push(s, f.guildFrame(g, s))
		}
	}
}

func (f *Fake) guildFrame(g *guild, s *session) frame {
	if g.down {
		return frame{name: "GUILD_DELETE", data: marshal(map[string]any{"id": g.id, "unavailable": true})}
	}
	members := s.intents&GuildMembers != 0 && s.intents&GuildPresences != 0
	return frame{name: "GUILD_CREATE", later: func() json.RawMessage { return f.guildCreate(g, members) }}
}

func (f *Fake) tellChannel(name string, c *channel) {
	if c.isThread() && !f.sees(f.bot.id, c) {
		return
	}
	f.tell(event{name: name, guild: c.guildID(), intent: Guilds, data: c.json()})
}

// tellThreadList tells the threads of a channel that the bot sees from now on.
func (f *Fake) tellThreadList(c *channel) {
	threads := []any{}
	for _, t := range c.threads() {
		if !t.archived && f.sees(f.bot.id, t) {
			threads = append(threads, t.json())
		}
	}
	f.tell(event{name: "THREAD_LIST_SYNC", guild: c.guildID(), intent: Guilds, data: map[string]any{
		"guild_id": c.guildID(), "channel_ids": []string{c.id}, "threads": threads, "members": []any{}}})
}

func (c *conn) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// send queues a frame that has no sequence number. The caller holds the lock.
func (c *conn) send(op int, data any) {
	c.control = append(c.control, marshal(map[string]any{"op": op, "d": data, "s": nil, "t": nil}))
	c.poke()
}

// close ends the connection politely, with a code. The caller holds the lock.
func (c *conn) close(code int, why string) {
	c.detach()
	if c.closing == nil {
		c.closing = websocket.FormatCloseMessage(code, why)
		c.poke()
	}
}

// cut ends the connection as a broken network does. The caller holds the lock.
func (c *conn) cut() {
	c.dead = true
	c.detach()
	_ = c.ws.UnderlyingConn().Close()
	c.poke()
}

// detach leaves the session to whoever resumes it.
func (c *conn) detach() {
	if c.session != nil && c.session.conn == c {
		c.session.conn = nil
	}
}

func (f *Fake) serveGateway(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	down := f.gate.down
	f.mu.Unlock()
	if down {
		http.Error(w, "the gateway is down", http.StatusServiceUnavailable)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &conn{ws: ws, wake: make(chan struct{}, 1), beat: time.Now(), resumed: strings.HasPrefix(r.URL.Path, "/resume")}
	f.mu.Lock()
	select {
	case <-f.done:
		c.cut()
	default:
	}
	f.gate.conns = append(f.gate.conns, c)
	c.send(10, map[string]any{"heartbeat_interval": f.opt.Heartbeat.Milliseconds(), "_trace": []string{}})
	if v := r.URL.Query().Get("v"); v != "9" && v != "10" {
		c.close(CloseBadVersion, "Invalid API version.")
	}
	f.writers.Add(1)
	f.mu.Unlock()
	go f.write(c)
	f.read(c)
}

// write is the only one that writes to the connection.
func (f *Fake) write(c *conn) {
	defer f.writers.Done()
	late := time.NewTicker(max(f.opt.Heartbeat/2, 10*time.Millisecond))
	defer late.Stop()
	for {
		f.mu.Lock()
		out, closing, dead := f.take(c)
		f.mu.Unlock()
		if dead {
			return
		}
		for _, b := range out {
			_ = c.ws.SetWriteDeadline(time.Now().Add(10 * time.Second))
			if c.ws.WriteMessage(websocket.TextMessage, b) != nil {
				f.lost(c)
				return
			}
		}
		if closing != nil {
			_ = c.ws.WriteControl(websocket.CloseMessage, closing, time.Now().Add(time.Second))
			f.lost(c)
			return
		}
		if len(out) > 0 {
			continue
		}
		select {
		case <-c.wake:
		case <-late.C:
			f.checkBeat(c)
		case <-f.done:
			f.lost(c)
			return
		}
	}
}

// batch bounds what is rendered at once while the lock is held.
const batch = 64

// take gives what the connection has to send now. The caller holds the lock.
func (f *Fake) take(c *conn) (out [][]byte, closing []byte, dead bool) {
	out, c.control = c.control, nil
	if s := c.session; s != nil && s.conn == c {
		for len(out) < batch && c.next <= s.seq {
			fr := s.frames[c.next-s.first]
			data := fr.data
			if fr.later != nil {
				data = fr.later()
			}
			b := make([]byte, 0, len(data)+64)
			b = append(b, `{"op":0,"s":`...)
			b = strconv.AppendInt(b, int64(c.next), 10)
			b = append(b, `,"t":"`+fr.name+`","d":`...)
			b = append(append(b, data...), '}')
			out = append(out, b)
			c.next++
		}
		if c.next > s.seq {
			f.wake()
		}
	}
	if len(out) < batch {
		closing = c.closing
	}
	return out, closing, c.dead
}

// checkBeat closes a connection whose client stopped sending heartbeats.
func (f *Fake) checkBeat(c *conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(c.beat) > 2*f.opt.Heartbeat+time.Second {
		c.close(CloseTimedOut, "Session timed out.")
	}
}

// lost forgets a connection; its session waits for a resume.
func (f *Fake) lost(c *conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.cut()
	f.gate.conns = slices.DeleteFunc(f.gate.conns, func(x *conn) bool { return x == c })
	f.wake()
}

// payload is what a client sends.
type payload struct {
	Op   *int            `json:"op"`
	Data json.RawMessage `json:"d"`
}

func (f *Fake) read(c *conn) {
	minute, count := time.Now(), 0
	for {
		_, b, err := c.ws.ReadMessage()
		if err != nil {
			f.hungUp(c, err)
			return
		}
		if time.Since(minute) > time.Minute {
			minute, count = time.Now(), 0
		}
		count++
		f.mu.Lock()
		f.received(c, b, count)
		f.mu.Unlock()
	}
}

// hungUp notes how the client went: codes 1000 and 1001 end its session.
func (f *Fake) hungUp(c *conn, err error) {
	var closed *websocket.CloseError
	var netErr net.Error
	if errors.As(err, &closed) && !errors.As(err, &netErr) &&
		(closed.Code == websocket.CloseNormalClosure || closed.Code == websocket.CloseGoingAway) {
		f.mu.Lock()
		if c.session != nil {
			f.forget(c.session)
		}
		f.mu.Unlock()
	}
	f.lost(c)
}

func (f *Fake) forget(s *session) {
	f.gate.sessions = slices.DeleteFunc(f.gate.sessions, func(x *session) bool { return x == s })
}

func (f *Fake) received(c *conn, b []byte, count int) {
	var p payload
	switch err := json.Unmarshal(b, &p); {
	case count > maxClientPerMinute:
		f.violationLocked("more than %d gateway messages a minute", maxClientPerMinute)
		c.close(CloseRateLimited, "You are sending too fast.")
		return
	case err != nil || p.Op == nil || len(b) > maxClientFrame:
		f.violationLocked("a gateway message that is no JSON, has no op, or is over %d bytes", maxClientFrame)
		c.close(CloseDecode, "Error while decoding payload.")
		return
	}
	switch *p.Op {
	case 1:
		c.beat = time.Now()
		if !f.gate.deaf {
			c.send(11, nil)
		}
	case 2:
		f.identify(c, p.Data)
	case 6:
		f.resume(c, p.Data)
	case 3, 4:
		f.authenticated(c)
	case 8:
		f.requestMembers(c, p.Data)
	default:
		f.violationLocked("the gateway opcode %d", *p.Op)
		c.close(CloseUnknownOpcode, "Unknown opcode.")
	}
}

func (f *Fake) authenticated(c *conn) bool {
	if c.session == nil {
		c.close(CloseNotAuthenticated, "Not authenticated.")
		return false
	}
	return true
}

func (f *Fake) identify(c *conn, data json.RawMessage) {
	var in struct {
		Token      string          `json:"token"`
		Properties json.RawMessage `json:"properties"`
		Intents    *Intent         `json:"intents"`
		Shard      *[2]int         `json:"shard"`
	}
	if err := json.Unmarshal(data, &in); err != nil || in.Intents == nil || in.Properties == nil {
		f.violationLocked("an identify without intents or properties")
		c.close(CloseDecode, "Error while decoding payload.")
		return
	}
	shard, shards := 0, 1
	if in.Shard != nil {
		shard, shards = in.Shard[0], in.Shard[1]
	}
	f.gate.identifies++
	if f.gate.identifies > f.opt.SessionLimit {
		f.violationLocked("more than %d identifies a day; Discord would reset the token", f.opt.SessionLimit)
	}
	defer f.wake()
	switch {
	case c.session != nil:
		c.close(CloseAuthenticated, "Already authenticated.")
		return
	case f.gate.refuse != 0:
		c.close(f.gate.refuse, "Refused.")
		return
	case strings.TrimPrefix(in.Token, "Bot ") != f.token:
		c.close(CloseBadToken, "Authentication failed.")
		return
	case shard < 0 || shards < 1 || shard >= shards:
		c.close(CloseBadShard, "Invalid shard.")
		return
	case *in.Intents&^knownIntents != 0 || *in.Intents < 0:
		c.close(CloseBadIntents, "Invalid intent(s).")
		return
	case *in.Intents&f.withheld&privilegedIntents != 0:
		c.close(CloseIntentRefused, "Disallowed intent(s).")
		return
	case len(f.shardGuilds(shard, shards)) > maxGuildsPerShard:
		c.close(CloseShardingRequired, "Sharding required.")
		return
	case f.tooFast(shard):
		c.send(9, false)
		return
	}
	for _, s := range slices.Clone(f.gate.sessions) {
		if s.shard == shard && s.shards == shards && s.conn == nil {
			f.forget(s) // the client gave it up
		}
	}
	s := &session{id: "s" + f.ids.next(), shard: shard, shards: shards, intents: *in.Intents, first: 1, conn: c}
	c.session, c.next = s, 1
	f.gate.sessions = append(f.gate.sessions, s)
	f.ready(s)
}

// tooFast says whether an identify comes before its bucket is free again. A
// tenth is allowed for the way there.
func (f *Fake) tooFast(shard int) bool {
	if f.opt.IdentifyEvery < 0 {
		return false
	}
	bucket := shard % f.opt.MaxConcurrency
	last, before := f.gate.lastIdentify[bucket]
	if before && time.Since(last) < f.opt.IdentifyEvery*9/10 {
		return true
	}
	f.gate.lastIdentify[bucket] = time.Now()
	return false
}

func (f *Fake) shardGuilds(shard, shards int) []*guild {
	var out []*guild
	for _, id := range f.guildIDs {
		if g := f.guilds[id]; g.hasBot(f) && ShardOf(id, shards) == shard {
			out = append(out, g)
		}
	}
	return out
}

func (f *Fake) ready(s *session) {
	guilds := f.shardGuilds(s.shard, s.shards)
	list := []any{}
	for _, g := range guilds {
		list = append(list, map[string]any{"id": g.id, "unavailable": true})
	}
	me := f.bot.json()
	me["verified"], me["mfa_enabled"], me["email"] = true, true, nil
	ready := map[string]any{
		"v": 9, "user": me, "guilds": list, "session_id": s.id, "shard": []int{s.shard, s.shards},
		"resume_gateway_url": strings.TrimSuffix(f.gatewayURL(), "/gateway") + "/resume",
		"application":        map[string]any{"id": f.appID, "flags": f.appFlags()},
		"private_channels":   []any{}, "presences": []any{}, "relationships": []any{}, "geo_ordered_rtc_regions": []any{},
		"user_settings": map[string]any{}, "session_type": "normal", "_trace": []string{},
	}
	f.push(s, frame{name: "READY", data: marshal(ready)})
	if s.intents&Guilds == 0 {
		return
	}
	for _, g := range guilds {
		f.push(s, f.guildFrame(g, s))
	}
}

func (f *Fake) appFlags() int {
	flags := 0
	for intent, flag := range map[Intent]int{GuildPresences: 1 << 13, GuildMembers: 1 << 15, MessageContent: 1 << 19} {
		if f.withheld&intent == 0 {
			flags |= flag
		}
	}
	return flags
}

func (f *Fake) resume(c *conn, data json.RawMessage) {
	var in struct {
		Token   string `json:"token"`
		Session string `json:"session_id"`
		Seq     int    `json:"seq"`
	}
	if json.Unmarshal(data, &in) != nil {
		c.close(CloseDecode, "Error while decoding payload.")
		return
	}
	defer f.wake()
	if strings.TrimPrefix(in.Token, "Bot ") != f.token {
		c.close(CloseBadToken, "Authentication failed.")
		return
	}
	i := slices.IndexFunc(f.gate.sessions, func(s *session) bool { return s.id == in.Session })
	if i < 0 {
		c.send(9, false)
		return
	}
	s := f.gate.sessions[i]
	switch {
	case in.Seq > s.seq:
		c.close(CloseBadSequence, "Invalid seq.")
		return
	case in.Seq+1 < s.first:
		f.forget(s)
		c.send(9, false)
		return
	}
	if s.conn != nil && s.conn != c {
		s.conn.cut()
	}
	s.conn, c.session, c.next = c, s, in.Seq+1
	f.gate.resumes++
	if c.resumed {
		f.gate.resumedByURL++
	}
	f.push(s, frame{name: "RESUMED", data: json.RawMessage(`{"_trace":[]}`)})
}

func (f *Fake) requestMembers(c *conn, data json.RawMessage) {
	if !f.authenticated(c) {
		return
	}
	var in struct {
		Guild json.RawMessage `json:"guild_id"`
		Query *string         `json:"query"`
		Users json.RawMessage `json:"user_ids"`
		Limit int             `json:"limit"`
		Nonce string          `json:"nonce"`
	}
	ok := json.Unmarshal(data, &in) == nil
	guildIDs, userIDs := oneOrMore(in.Guild), oneOrMore(in.Users)
	if !ok || len(guildIDs) != 1 || in.Query == nil && len(userIDs) == 0 {
		c.close(CloseDecode, "Error while decoding payload.")
		return
	}
	g := f.guilds[guildIDs[0]]
	if g == nil || !g.hasBot(f) {
		return
	}
	if len(userIDs) == 0 && in.Limit == 0 && c.session.intents&GuildMembers == 0 {
		f.violationLocked("a request for all members without the intent for members")
		return
	}
	members, missing := []any{}, []string{}
	for _, id := range userIDs {
		if m := g.members[id]; m != nil {
			members = append(members, m.json(true))
		} else {
			missing = append(missing, id)
		}
	}
	if len(userIDs) == 0 {
		for _, m := range g.members {
			if strings.HasPrefix(strings.ToLower(m.user.name), strings.ToLower(*in.Query)) {
				members = append(members, m.json(true))
			}
		}
	}
	f.push(c.session, frame{name: "GUILD_MEMBERS_CHUNK", data: marshal(map[string]any{
		"guild_id": g.id, "members": members, "chunk_index": 0, "chunk_count": 1, "not_found": missing, "nonce": in.Nonce})})
}

func oneOrMore(raw json.RawMessage) []string {
	var one string
	var more []string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	_ = json.Unmarshal(raw, &more)
	return more
}

// Connection is what the fake knows of one shard's session.
type Connection struct {
	Shard, Shards int
	Session       string
	Intents       Intent
	Connected     bool
	// Sequence is the last number given, Sent the last one written to the
	// connection.
	Sequence, Sent int
}

// Connections lists the sessions, also those that wait for a resume.
func (f *Fake) Connections() []Connection {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Connection
	for _, s := range f.gate.sessions {
		c := Connection{Shard: s.shard, Shards: s.shards, Session: s.id, Intents: s.intents, Sequence: s.seq}
		if s.conn != nil {
			c.Connected, c.Sent = true, s.conn.next-1
		}
		out = append(out, c)
	}
	return out
}

// AwaitConnected waits until so many shards are connected and were sent
// everything that happened so far.
func (f *Fake) AwaitConnected(shards int) {
	f.t.Helper()
	f.Await(fmt.Sprintf("%d shards are connected", shards), func() bool {
		n := 0
		for _, c := range f.Connections() {
			if c.Connected && c.Sent == c.Sequence {
				n++
			}
		}
		return n >= shards
	})
}

// AwaitDisconnected waits until no shard is connected.
func (f *Fake) AwaitDisconnected() {
	f.t.Helper()
	f.Await("no shard is connected", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.gate.conns) == 0
	})
}

// Identifies counts the identifies so far, refused ones too.
func (f *Fake) Identifies() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gate.identifies
}

// Resumes counts the successful resumes so far, and how many of them came over
// the address that READY gave.
func (f *Fake) Resumes() (all, overResumeURL int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gate.resumes, f.gate.resumedByURL
}

func (f *Fake) each(shard int, do func(c *conn)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range slices.Clone(f.gate.conns) {
		if shard == AllShards || c.session != nil && c.session.shard == shard {
			do(c)
		}
	}
	f.wake()
}

// Drop cuts the connection of a shard, as a network does. Its session can be
// resumed.
func (f *Fake) Drop(shard int) { f.each(shard, (*conn).cut) }

// Reconnect asks a shard to come back (op 7). Its session can be resumed.
func (f *Fake) Reconnect(shard int) { f.each(shard, func(c *conn) { c.send(7, nil) }) }

// BeatNow asks a shard for a heartbeat (op 1).
func (f *Fake) BeatNow(shard int) { f.each(shard, func(c *conn) { c.send(1, nil) }) }

// Invalidate tells a shard that its session is invalid (op 9). Where it is not
// resumable the session is gone, with all that was not delivered.
func (f *Fake) Invalidate(shard int, resumable bool) {
	f.each(shard, func(c *conn) {
		c.send(9, resumable)
		if s := c.session; s != nil {
			if !resumable {
				f.forget(s)
			}
			s.conn, c.session = nil, nil
		}
	})
}

// CloseWith closes the connection of a shard with a code.
func (f *Fake) CloseWith(shard, code int) {
	f.each(shard, func(c *conn) { c.close(code, "Closed by the test.") })
}

// Expire forgets all sessions, so that a resume gets op 9. Connections go on,
// but nothing more is sent on them.
func (f *Fake) Expire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate.sessions = nil
}

// IgnoreHeartbeats stops acknowledging heartbeats, or starts again.
func (f *Fake) IgnoreHeartbeats(ignore bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate.deaf = ignore
}

// GatewayDown refuses all new connections, or takes them again.
func (f *Fake) GatewayDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate.down = down
}

// RefuseIdentify closes whoever identifies with this code; 0 for nobody.
func (f *Fake) RefuseIdentify(code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate.refuse = code
}

// Withhold sets which privileged intents the application is not granted.
func (f *Fake) Withhold(i Intent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.withheld = i
}
