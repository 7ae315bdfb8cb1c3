package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/waymark-bot/waymark/internal/chat"
)

// request is one call of Discord's API.
type request struct {
	op     string // what is being done, for people: "post card"
	method string
	path   string // below the API's address
	bucket string // what shares a rate limit; the path where it is empty
	in     any    // sent as JSON; nil for none
	file   *chat.File
}

// do makes a request and reads the answer into out, which may be nil. It waits
// for a rate limit only where that is soon over, and never tries twice.
func (d *Discord) do(ctx context.Context, r request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, d.time.request)
	defer cancel()
	if err := d.await(ctx, r.op, d.guard.wait); err != nil {
		return err
	}
	if r.bucket == "" {
		r.bucket = r.path
	}
	bucket, err := d.lock(ctx, r.op, r.bucket)
	if err != nil {
		return err
	}
	return d.send(ctx, r, bucket, out)
}

// doNow makes a request that answers an interaction. Those have their own
// limits, one for each interaction, so they wait for nothing and leave nothing
// behind.
func (d *Discord) doNow(ctx context.Context, r request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, d.time.request)
	defer cancel()
	return d.send(ctx, r, discordgo.NewRatelimiter().LockBucket("interaction"), out)
}

// send makes the request with its bucket locked.
func (d *Discord) send(ctx context.Context, r request, bucket *discordgo.Bucket, out any) error {
	kind, body, err := r.body()
	if err != nil {
		_ = bucket.Release(nil)
		return &chat.Error{Op: r.op, Permanent: true, Err: err}
	}
	raw, err := d.rest.RequestWithLockedBucket(r.method, d.api+r.path, kind, body, bucket, 0,
		discordgo.WithContext(ctx), discordgo.WithRetryOnRatelimit(false), discordgo.WithRestRetries(0))
	if err != nil {
		d.guard.note(refusalOf(err))
		return problem(ctx, r.op, err)
	}
	if out == nil {
		return nil
	}
	if err := readJSON(raw, out); err != nil {
		return &chat.Error{Op: r.op, Err: fmt.Errorf("read the answer: %w", err)}
	}
	return nil
}

// body is what the request carries: JSON, or a form of JSON and a file.
func (r request) body() (kind string, body []byte, err error) {
	kind = "application/json"
	if r.in != nil {
		if body, err = json.Marshal(r.in); err != nil {
			return "", nil, err
		}
	}
	if r.file == nil {
		return kind, body, nil
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="payload_json"`}, "Content-Type": {kind}})
	if err == nil {
		_, err = part.Write(body)
	}
	if err == nil {
		part, err = form.CreateFormFile("files[0]", r.file.Name)
	}
	if err == nil {
		_, err = part.Write(r.file.Data)
	}
	if err := errors.Join(err, form.Close()); err != nil {
		return "", nil, err
	}
	return form.FormDataContentType(), b.Bytes(), nil
}

// MaxFile is what Discord takes of every bot, with room for the form around it.
func (d *Discord) MaxFile() int { return 9 << 20 }

// readJSON fills out with all that fits: an odd field leaves only itself empty.
func readJSON(raw []byte, out any) error {
	err := json.Unmarshal(raw, out)
	var odd *json.UnmarshalTypeError
	if errors.As(err, &odd) {
		return nil
	}
	if err != nil {
		return errors.New("it is no JSON of the shape that was expected")
	}
	return nil
}

// lock takes the bucket of a rate limit. discordgo sleeps in there without
// looking at a context, so the wait is done here.
func (d *Discord) lock(ctx context.Context, op, name string) (*discordgo.Bucket, error) {
	b := d.rest.Ratelimiter.GetBucket(name)
	for {
		b.Lock()
		wait := d.rest.Ratelimiter.GetWaitTime(b, 1)
		if wait <= 0 {
			b.Remaining--
			return b, nil
		}
		b.Unlock()
		if err := d.pause(ctx, op, wait); err != nil {
			return nil, err
		}
	}
}

// await pauses until wait says 0.
func (d *Discord) await(ctx context.Context, op string, wait func() time.Duration) error {
	for {
		w := wait()
		if w <= 0 {
			return nil
		}
		if err := d.pause(ctx, op, w); err != nil {
			return err
		}
	}
}

// pause waits, where the wait is short enough to do so inside a call.
func (d *Discord) pause(ctx context.Context, op string, wait time.Duration) error {
	if wait > d.time.patience {
		return &chat.Error{Op: op, RetryAfter: wait, Err: errors.New("Discord asked for a pause")}
	}
	if err := sleep(ctx, wait); err != nil {
		return &chat.Error{Op: op, RetryAfter: wait, Err: err}
	}
	return nil
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *Discord) get(ctx context.Context, op, path, bucket string, out any) error {
	return d.do(ctx, request{op: op, method: http.MethodGet, path: path, bucket: bucket}, out)
}

// application finds the application's id, and remembers it.
func (d *Discord) application(ctx context.Context) (id, error) {
	if known := id(d.app.Load()); known != 0 {
		return known, nil
	}
	var out struct {
		ID id `json:"id"`
	}
	if err := d.get(ctx, "look up the application", "applications/@me", "", &out); err != nil {
		return 0, err
	}
	if out.ID == 0 {
		return 0, &chat.Error{Op: "look up the application", Err: errors.New("the answer holds no id")}
	}
	d.app.Store(uint64(out.ID))
	return out.ID, nil
}

// self finds the bot's own user id, and remembers it.
func (d *Discord) self(ctx context.Context) (id, error) {
	if known := id(d.me.Load()); known != 0 {
		return known, nil
	}
	var out rawUser
	if err := d.get(ctx, "look up the bot", "users/@me", "", &out); err != nil {
		return 0, err
	}
	if out.ID == 0 {
		return 0, &chat.Error{Op: "look up the bot", Err: errors.New("the answer holds no id")}
	}
	d.me.Store(uint64(out.ID))
	return out.ID, nil
}
