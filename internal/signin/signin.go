// Package signin signs people in with a browser at their identity provider: /sign-in/NAME sends them there,
// /sign-in/NAME/callback is where they come back, and the page then asks for its tokens at /sign-in/session.
//
// Tokens stand in no URL and nothing keeps them: what the callback leaves behind is a sealed cookie that says who was
// let in, good once and for a minute, and only the page of the gateway's own origin can have it redeemed.
package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/internal/issuer"
	"github.com/fieldgate/fieldgate/internal/problem"
)

const (
	// flowCookie belongs to a browser that is at its provider. It must come along when that sends it back, so it is Lax.
	flowCookie = "__Host-fieldgate-sign-in"
	flowLife   = 10 * time.Minute
	// outcomeCookie is what has come of it, for the page to redeem.
	outcomeCookie = "__Host-fieldgate-signed-in"
	outcomeLife   = time.Minute

	// page is where the browser goes in the end. Its fragment, which goes to no server, tells the page to redeem.
	page = "/#sign-in=done"
	// sentHere says in a query that the browser was sent here from another name of the gateway. It is not sent twice.
	sentHere = "sent"

	maxCode  = 4 << 10 // bytes
	maxAgent = 100     // characters
)

// Config is what signing in needs. Every part but Public is required.
type Config struct {
	Admission *issuer.Admission
	// Attempt is asked before a provider is. Its error refuses: RATE_LIMITED for too many attempts from an address.
	Attempt func(context.Context) error
	// Open makes a session: auth.Service's SignInUntil.
	Open func(ctx context.Context, authenticate func(context.Context) (user string, until time.Time, err error), client string) (auth.Tokens, error)
	// Once tells whether this is the first time that it is asked about an id, within a time.
	Once func(ctx context.Context, id string, within time.Duration) (first bool, err error)
	// Key seals cookies: 32 bytes, the same in all gateways of one name.
	Key []byte
	// Public is the origin under which people reach the gateway, such as https://gateway.example.com; "" for the one that
	// they ask for, over HTTP, which is for this machine alone.
	Public string
	Now    func() time.Time
	Log    *slog.Logger
}

// Handler answers what is below /sign-in/.
type Handler struct {
	Config
	sealed      sealed
	crossOrigin http.CrossOriginProtection
}

// New makes a handler. It fails when the key cannot be one.
func New(c Config) (*Handler, error) {
	sealed, err := newSealed(c.Key, c.Now)
	if err != nil {
		return nil, err
	}
	return &Handler{Config: c, sealed: sealed}, nil
}

// Register has a server answer by the handler.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /sign-in/{name}", h.begin)
	mux.HandleFunc("GET /sign-in/{name}/callback", h.callback)
	mux.HandleFunc("POST /sign-in/session", h.redeem)
}

// outcome is what has come of a sign-in: a user, or why there is none.
type outcome struct {
	ID      string       `json:"id"`
	User    string       `json:"user,omitempty"`
	Until   time.Time    `json:"until,omitzero"`
	Code    problem.Code `json:"code,omitempty"`
	Message string       `json:"message,omitempty"`
}

// begin sends a browser to its provider.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	base, own := h.base(r)
	switch {
	case !own && r.URL.Query().Has(sentHere):
		h.Log.WarnContext(r.Context(), "a browser that was sent to the public URL came under another name: what stands in front of the gateway has to pass on the Host that people ask for",
			"requestId", problem.RequestID(r.Context()), "publicURL", h.Public, "host", r.Host)
		h.end(w, r, outcome{}, problem.New(problem.BadRequest,
			"The gateway is asked for under another name than its own. Whoever runs it can have the proxy in front of it pass on the Host, or say under which origin people reach it (--public-url)."))
		return
	case !own:
		// Cookies of this name would not be there when the browser comes back to the other.
		leave(w, r, base+"/sign-in/"+url.PathEscape(name)+"?"+sentHere)
		return
	}
	to, flow, err := h.Admission.Begin(r.Context(), name, base+"/sign-in/"+url.PathEscape(name)+"/callback")
	if err == nil {
		err = set(h.sealed, w, flowCookie, flow, flowLife, http.SameSiteLaxMode)
	}
	if err != nil {
		h.end(w, r, outcome{}, err)
		return
	}
	leave(w, r, to)
}

// base is the origin that people know the gateway by, and whether this request came to it.
func (h *Handler) base(r *http.Request) (origin string, own bool) {
	if h.Public == "" {
		return "http://" + r.Host, true
	}
	u, err := url.Parse(h.Public)
	return h.Public, err == nil && strings.EqualFold(u.Host, r.Host)
}

// callback takes up a browser that comes back from its provider.
func (h *Handler) callback(w http.ResponseWriter, r *http.Request) {
	flow, err := take[issuer.Flow](h.sealed, w, r, flowCookie, http.SameSiteLaxMode)
	q := r.URL.Query()
	code := q.Get("code")
	switch {
	case err != nil, flow.Issuer != r.PathValue("name"), subtle.ConstantTimeCompare([]byte(flow.State), []byte(q.Get("state"))) != 1:
		// Whoever made this browser come here began somewhere else: nobody is signed in as somebody else by a link.
		err = problem.New(problem.BadRequest, "This sign-in was not begun in this browser, or took too long. Begin again.")
	case q.Get("error") == "access_denied":
		err = problem.New(problem.Forbidden, "Your identity provider has not let you in.")
	case q.Get("error") != "", code == "", len(code) > maxCode:
		h.Log.InfoContext(r.Context(), "an identity provider has not answered with a code", "requestId", problem.RequestID(r.Context()), "issuer", flow.Issuer)
		err = problem.New(problem.Forbidden, "Your identity provider could not sign you in. Whoever runs it may find out why.")
	default:
		var done outcome
		if done.User, done.Until, err = h.ask(r.Context(), flow, code); err == nil {
			h.end(w, r, done, nil)
			return
		}
	}
	h.end(w, r, outcome{}, err)
}

// ask has the provider say whom it has let in. A browser that comes back is counted first, and comes back once: whoever
// keeps its cookie could otherwise have the gateway ask, with its secret, as often as they like.
func (h *Handler) ask(ctx context.Context, flow issuer.Flow, code string) (user string, until time.Time, err error) {
	if err := h.Attempt(ctx); err != nil {
		return "", time.Time{}, err
	}
	if err := h.take(ctx, "flow:"+flow.State, flowLife); err != nil {
		return "", time.Time{}, err
	}
	return h.Admission.ByCode(ctx, flow, code)
}

// take takes what is good once. It fails when that has been taken before, or when nobody knows.
func (h *Handler) take(ctx context.Context, id string, life time.Duration) error {
	first, err := h.Once(ctx, id, life)
	if err == nil && !first {
		err = errOver()
	}
	return err
}

func errOver() error {
	return problem.New(problem.Unauthenticated, "This sign-in is over. Begin again.")
}

// end sends the browser to the page, with what has come of the sign-in.
func (h *Handler) end(w http.ResponseWriter, r *http.Request, done outcome, err error) {
	done.ID = rand.Text()
	if err != nil {
		done.Code, done.Message = h.shown(r.Context(), err)
	}
	if err := set(h.sealed, w, outcomeCookie, done, outcomeLife, http.SameSiteStrictMode); err != nil {
		h.Log.WarnContext(r.Context(), "a sign-in has no end", "requestId", problem.RequestID(r.Context()), "error", err)
	}
	leave(w, r, page)
}

// redeem gives the page of the gateway's own origin the tokens of whoever was let in, once. It answers as a mutation
// does, with data or with errors, and with 200 so that browsers do not put a refusal on the console.
func (h *Handler) redeem(w http.ResponseWriter, r *http.Request) {
	if err := h.crossOrigin.Check(r); err != nil {
		problem.Write(w, http.StatusForbidden, problem.Forbidden, "This is not for pages of another site.")
		return
	}
	tokens, err := h.open(w, r)
	if err != nil {
		code, message := h.shown(r.Context(), err)
		problem.Write(w, http.StatusOK, code, message)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	body, _ := json.Marshal(map[string]any{"data": map[string]any{"signIn": map[string]any{ // cannot fail
		"accessToken": tokens.Access, "refreshToken": tokens.Refresh, "expiresIn": int(tokens.ExpiresIn / time.Second),
	}}})
	_, _ = w.Write(append(body, '\n'))
}

func (h *Handler) open(w http.ResponseWriter, r *http.Request) (auth.Tokens, error) {
	done, err := take[outcome](h.sealed, w, r, outcomeCookie, http.SameSiteStrictMode)
	switch {
	case err != nil:
		return auth.Tokens{}, errOver()
	case done.Code != "":
		return auth.Tokens{}, problem.New(done.Code, done.Message)
	}
	return h.Open(r.Context(), func(ctx context.Context) (string, time.Time, error) {
		return done.User, done.Until, h.take(ctx, done.ID, outcomeLife)
	}, agent(r))
}

// shown is what a person is told of an error.
func (h *Handler) shown(ctx context.Context, err error) (problem.Code, string) {
	var p *problem.Error
	if errors.As(err, &p) && p.Code != problem.Internal {
		return p.Code, p.Message
	}
	h.Log.WarnContext(ctx, "a sign-in has failed", "requestId", problem.RequestID(ctx), "error", err)
	return problem.Internal, "Signing in failed inside the gateway. Its log has the reason."
}

// leave sends the browser elsewhere, and has nothing of the address go along.
func leave(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// agent is what the browser says it is, so that people can tell their sessions apart.
func agent(r *http.Request) string {
	text := []rune(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, r.UserAgent()))
	return string(text[:min(len(text), maxAgent)])
}
