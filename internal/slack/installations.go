package slack

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/waymark-bot/waymark/internal/chat"
)

// Installations are the workspaces that the app is installed in, where there
// can be many. Whoever keeps them encrypts the tokens at rest. Where the store
// is down, the methods give an error; a workspace that is not there is none.
type Installations interface {
	// Workspaces lists them.
	Workspaces(ctx context.Context) ([]chat.ServerID, error)
	// Token gives a workspace's bot token, "" where it has none.
	Token(ctx context.Context, server chat.ServerID) (Secret, error)
	// Save keeps a workspace's bot token in the place of an earlier one.
	Save(ctx context.Context, server chat.ServerID, token Secret) error
	// Remove forgets a workspace's token, unless it was saved later than the
	// given moment.
	Remove(ctx context.Context, server chat.ServerID, until time.Time) error
	// Once says whether a key comes for the first time, to any replica.
	Once(ctx context.Context, key string) (bool, error)
}

// OAuth is what Slack needs to know for installing the app into many
// workspaces (OAuth v2).
type OAuth struct {
	ClientID     string
	ClientSecret Secret
	// Address is the bot's own https address, below which InstallPath and
	// ReturnPath lead to Slack.Install.
	Address string
	// Workspaces are the ids of those that may install the app; none for any.
	Workspaces []string
}

// Where somebody begins to install the app, and where Slack sends them back.
const (
	InstallPath = "/slack/install"
	ReturnPath  = "/slack/oauth"
)

// stateCookie ties the return to the browser that began, so that nobody can
// have somebody else finish what they began.
const (
	stateCookie = "waymark_install"
	stateSpan   = 10 * time.Minute // as long as Slack's code lives
)

// Install takes people through Slack's page of consent and keeps the token that
// comes of it, at InstallPath and ReturnPath; nil where Options name no
// Installations.
func (s *Slack) Install() http.Handler {
	if s.o.Installations == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+InstallPath, s.begin)
	mux.HandleFunc("GET "+ReturnPath, s.finishInstall)
	return mux
}

func (s *Slack) redirect() string { return strings.TrimSuffix(s.o.OAuth.Address, "/") + ReturnPath }

// begin sends somebody to Slack's page of consent.
func (s *Slack) begin(w http.ResponseWriter, r *http.Request) {
	state := s.o.OAuth.state(s.now())
	http.SetCookie(w, s.o.OAuth.cookie(state, int(stateSpan/time.Second)))
	scopes, _ := ManifestOptions{}.rights()
	to := s.base.ResolveReference(&url.URL{Path: "/oauth/v2/authorize"})
	to.RawQuery = url.Values{
		"client_id": {s.o.OAuth.ClientID}, "scope": {strings.Join(scopes, ",")}, "state": {state}, "redirect_uri": {s.redirect()},
	}.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to.String(), http.StatusFound)
}

func (o OAuth) cookie(state string, seconds int) *http.Cookie {
	path := ReturnPath
	if u, err := url.Parse(o.Address); err == nil {
		path = strings.TrimSuffix(u.Path, "/") + ReturnPath
	}
	return &http.Cookie{
		Name: stateCookie, Value: state, Path: path, MaxAge: seconds,
		HttpOnly: true, Secure: strings.HasPrefix(o.Address, "https:"), SameSite: http.SameSiteLaxMode,
	}
}

// state makes a state that ends by itself. It is signed, so that any replica
// knows it for ours without having kept it.
func (o OAuth) state(now time.Time) string {
	text := rand.Text() + "." + strconv.FormatInt(now.Add(stateSpan).Unix(), 36)
	return text + "." + o.sign(text)
}

func (o OAuth) sign(text string) string {
	mac := hmac.New(sha256.New, []byte(o.ClientSecret))
	mac.Write([]byte("waymark install\n" + text))
	return hex.EncodeToString(mac.Sum(nil))
}

// ours says whether a state was made here and has not ended yet.
func (o OAuth) ours(state string, now time.Time) bool {
	text, signature, _ := cutLast(state, ".")
	if subtle.ConstantTimeCompare([]byte(signature), []byte(o.sign(text))) != 1 {
		return false
	}
	_, until, _ := cutLast(text, ".")
	at, err := strconv.ParseInt(until, 36, 64)
	return err == nil && now.Before(time.Unix(at, 0))
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// finishInstall takes somebody back from Slack's page of consent.
func (s *Slack) finishInstall(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	c, err := r.Cookie(stateCookie)
	state := r.FormValue("state")
	if err != nil || subtle.ConstantTimeCompare([]byte(c.Value), []byte(state)) != 1 || !s.o.OAuth.ours(state, s.now()) {
		s.startAgain(w)
		return
	}
	http.SetCookie(w, s.o.OAuth.cookie("", -1))
	first, err := s.o.Installations.Once(r.Context(), state)
	switch {
	case err != nil:
		s.log.Error("the app could not be installed into a workspace", "err", err)
		http.Error(w, "The installation did not work. Please try again.", http.StatusServiceUnavailable)
		return
	case !first:
		s.startAgain(w)
		return
	case r.FormValue("code") == "":
		http.Error(w, "Slack did not agree to the installation. Nothing was changed.", http.StatusBadRequest)
		return
	}
	err = s.install(r.Context(), r.FormValue("code"))
	switch {
	case errors.Is(err, errNotInvited):
		http.Error(w, "This Waymark does not look after your workspace. Whoever runs it can add the workspace's id to slack.workspaces.", http.StatusForbidden)
	case err != nil:
		s.log.Error("the app could not be installed into a workspace", "err", err)
		http.Error(w, "The installation did not work. Please try again.", http.StatusBadGateway)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("Done. You can go back to Slack.\n")) // the browser sees what arrives
	}
}

func (s *Slack) startAgain(w http.ResponseWriter) {
	http.Error(w, "This did not begin here, or was too long ago. Please start again from "+InstallPath+".", http.StatusBadRequest)
}

// errNotInvited means that the workspace is not among those that may install
// the app.
var errNotInvited = errors.New("the workspace is not among those that may install the app")

// install exchanges the code for the workspace's token and keeps it.
func (s *Slack) install(ctx context.Context, code string) error {
	const op = "install the app"
	within, cancel := context.WithTimeout(ctx, s.time.request)
	defer cancel()
	got, err := slack.GetOAuthV2ResponseContext(within, s.http, s.o.OAuth.ClientID, string(s.o.OAuth.ClientSecret), code, s.redirect(),
		slack.OAuthOptionAPIURL(s.base.String()))
	if err != nil {
		return problem(within, op, err)
	}
	if got.RefreshToken != "" {
		return &chat.Error{Op: op, Permanent: true, Err: errors.New("the app's tokens end after some hours; switch token rotation off in the app's settings")}
	}
	space, err := s.identify(ctx, Secret(got.AccessToken))
	if err != nil {
		return err
	}
	if may := s.o.OAuth.Workspaces; len(may) > 0 && !slices.Contains(may, string(space.team)) {
		s.log.Warn("a workspace that is not in slack.workspaces installed the app; it was given back", "server", space.team)
		_, err := space.api.SendAuthRevokeContext(within, "")
		if err != nil {
			s.log.Warn("the token could not be given back", "server", space.team, "err", problem(within, op, err))
		}
		return errNotInvited
	}
	if err := s.o.Installations.Save(ctx, space.team, Secret(got.AccessToken)); err != nil {
		return err
	}
	s.spaces.put(space, false)
	if in := s.in.Load(); in != nil {
		in.add(laneKey{server: space.team}, item{kind: itemPresent, server: space.team, since: s.now()}, nil)
	}
	s.log.Info("the app was installed into a workspace", "server", space.team)
	return nil
}

// uninstalled forgets a workspace's token after it removed the app at the given
// moment. It says false where the app was installed again since.
func (s *Slack) uninstalled(ctx context.Context, server chat.ServerID, at time.Time) (bool, error) {
	if err := s.o.Installations.Remove(ctx, server, at); err != nil {
		return false, err
	}
	token, err := s.o.Installations.Token(ctx, server)
	if err != nil && !chat.IsPermanent(err) {
		return false, err
	}
	if token != "" {
		return false, nil
	}
	s.spaces.drop(server)
	return true, nil
}

// checkInstallation looks whether a workspace's token still works, and takes it
// for removed where Slack says that it was revoked.
func (in *intake) checkInstallation(server chat.ServerID) error {
	at := in.s.now()
	token, err := in.s.o.Installations.Token(in.ctx, server)
	if err != nil || token == "" {
		return unlessPermanent(err)
	}
	_, err = in.s.identify(in.ctx, token)
	switch codeOf(err) {
	case "token_revoked", "account_inactive":
		in.s.log.Warn("a workspace took back the app's token", "server", server, "err", err)
		return in.presence(&item{kind: itemAbsent, server: server, since: at})
	}
	return unlessPermanent(err)
}

// unlessPermanent leaves out what trying again cannot mend.
func unlessPermanent(err error) error {
	if chat.IsPermanent(err) {
		return nil
	}
	return err
}
