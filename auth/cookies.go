package auth

import (
	"context"
	"net/http"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// CookieHeader is the header by which a request asks for cookies. Without it cookies
// are not looked at: a browser sends them along with whatever another site makes it
// ask, but lets no other site set this header.
const CookieHeader = "Fieldgate-Cookies"

// What CookieHeader may say.
const (
	// useCookies: the caller is whom the access cookie stands for.
	useCookies = "use"
	// renewCookies: the caller is a guest who may set cookies, by signing in or with the
	// refresh cookie. The access cookie is not looked at: it may be what is to be renewed.
	renewCookies = "renew"
)

// The names of the cookies. Their prefix has a browser take them only from this host
// itself, over a connection that it holds for secure, and send them to no other (RFC
// 6265bis, section 4.1.3.2). Cookies know no ports: what else answers on this host name
// gets them too.
const (
	accessCookie  = "__Host-fieldgate-access"
	refreshCookie = "__Host-fieldgate-refresh"
)

// Cookies are those of one request, and of its answer.
type Cookies struct {
	w       http.ResponseWriter
	access  string // "" when there is none
	refresh string
	renew   bool
	now     func() time.Time
}

// cookiesKey is the key of the *Cookies in a context.
type cookiesKey struct{}

// CookiesOf returns the cookies that the request has asked to set. It is BAD_USER_INPUT
// for a request that has not.
func CookiesOf(ctx context.Context) (*Cookies, error) {
	c, _ := ctx.Value(cookiesKey{}).(*Cookies)
	if c == nil || !c.renew {
		return nil, problem.New(problem.BadUserInput, "To set cookies, send the header "+CookieHeader+": "+renewCookies+".")
	}
	return c, nil
}

// ClearCookies has the browser forget the cookies, if the request uses them.
func ClearCookies(ctx context.Context) {
	if c, _ := ctx.Value(cookiesKey{}).(*Cookies); c != nil {
		c.Clear()
	}
}

// Refresh is the refresh token, "" when there is none.
func (c *Cookies) Refresh() string { return c.refresh }

// Set hands the tokens to the browser, which keeps them for as long as they are good.
func (c *Cookies) Set(t Tokens) {
	c.set(accessCookie, t.Access, t.ExpiresIn)
	c.set(refreshCookie, t.Refresh, t.Ends.Sub(c.now()))
}

// Clear has the browser forget them.
func (c *Cookies) Clear() {
	c.set(accessCookie, "", 0)
	c.set(refreshCookie, "", 0)
}

func (c *Cookies) set(name, value string, life time.Duration) {
	seconds := int(life / time.Second)
	if seconds <= 0 {
		seconds, value = -1, "" // net/http writes Max-Age=0
	}
	http.SetCookie(c.w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// readCookies finds out what a request says of cookies: nil, nil when it does not ask
// for them. What is wrong with a request that does is a *problem.Error.
func (s *Service) readCookies(w http.ResponseWriter, r *http.Request) (*Cookies, error) {
	asked := r.Header.Values(CookieHeader)
	if len(asked) == 0 {
		return nil, nil
	}
	if len(asked) != 1 || asked[0] != useCookies && asked[0] != renewCookies {
		return nil, problem.New(problem.BadRequest, "The header "+CookieHeader+" is "+useCookies+" or "+renewCookies+".")
	}
	if len(r.Header.Values("Upgrade")) > 0 {
		return nil, problem.New(problem.BadRequest, "Cookies are not for WebSockets: send an access token.")
	}
	if len(r.Header.Values("Authorization")) > 0 {
		return nil, problem.New(problem.BadRequest, "Send an access token or ask for cookies, not both.")
	}
	// A GET changes nothing, but it reads: it is held to the same as a POST.
	as := *r
	as.Method = http.MethodPost
	if err := s.crossOrigin.Check(&as); err != nil {
		return nil, problem.New(problem.Forbidden, "Cookies are not for requests of another site.")
	}
	c := &Cookies{w: w, renew: asked[0] == renewCookies, now: s.now}
	for name, into := range map[string]*string{accessCookie: &c.access, refreshCookie: &c.refresh} {
		switch found := r.CookiesNamed(name); len(found) {
		case 0:
		case 1:
			*into = found[0].Value
		default:
			return nil, problem.New(problem.BadRequest, "A cookie is given twice.")
		}
	}
	return c, nil
}

// token is the access token that the cookies hold for this request, "" for a
// guest's. Where only the refresh cookie is left, the token has expired and the browser
// has dropped it.
func (c *Cookies) token() (string, error) {
	switch {
	case c.renew:
		return "", nil
	case c.access == "" && c.refresh != "":
		return "", ErrExpiredToken
	}
	return c.access, nil
}
