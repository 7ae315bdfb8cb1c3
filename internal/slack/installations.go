package slack

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
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
	// Remove forgets a workspace's token.
	Remove(ctx context.Context, server chat.ServerID) error
}

// OAuth is what Slack needs to know for installing the app into many
// workspaces (OAuth v2).
type OAuth struct {
	ClientID     string
	ClientSecret Secret
	// Address is the bot's own https address, below which InstallPath and
	// ReturnPath lead to Slack.Install.
	Address string
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
	stateSpan   = 10 * time.Minute
)

// Install takes people through Slack's page of consent and keeps the token that
// comes of it. It needs Options.Installations and Options.OAuth.
func (s *Slack) Install() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+InstallPath, s.begin)
	mux.HandleFunc("GET "+ReturnPath, s.finishInstall)
	return mux
}

func (s *Slack) redirect() string { return strings.TrimSuffix(s.o.OAuth.Address, "/") + ReturnPath }

// begin sends somebody to Slack's page of consent.
func (s *Slack) begin(w http.ResponseWriter, r *http.Request) {
	state := rand.Text()
	http.SetCookie(w, &http.Cookie{
		Name: stateCookie, Value: state, Path: ReturnPath, MaxAge: int(stateSpan / time.Second),
		HttpOnly: true, Secure: strings.HasPrefix(s.o.OAuth.Address, "https:"), SameSite: http.SameSiteLaxMode,
	})
	scopes, _ := ManifestOptions{}.rights()
	to := s.base.ResolveReference(&url.URL{Path: "/oauth/v2/authorize"})
	to.RawQuery = url.Values{
		"client_id": {s.o.OAuth.ClientID}, "scope": {strings.Join(scopes, ",")}, "state": {state}, "redirect_uri": {s.redirect()},
	}.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// finishInstall takes somebody back from Slack's page of consent.
func (s *Slack) finishInstall(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	c, err := r.Cookie(stateCookie)
	state := r.FormValue("state")
	if err != nil || state == "" || subtle.ConstantTimeCompare([]byte(c.Value), []byte(state)) != 1 {
		http.Error(w, "This did not begin here. Please start again from "+InstallPath+".", http.StatusBadRequest)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: stateCookie, Path: ReturnPath, MaxAge: -1, HttpOnly: true})
	if r.FormValue("code") == "" {
		http.Error(w, "Slack did not agree to the installation. Nothing was changed.", http.StatusBadRequest)
		return
	}
	if err := s.install(r.Context(), r.FormValue("code")); err != nil {
		s.log.Error("the app could not be installed into a workspace", "err", err)
		http.Error(w, "The installation did not work. Please try again.", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("Done. You can go back to Slack.\n")) // the browser sees what arrives
}

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
	space, err := s.identify(ctx, Secret(got.AccessToken))
	if err != nil {
		return err
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
