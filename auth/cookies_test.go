package auth

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// askWith sends a request with these headers and hands what the middleware made of it to serve.
func askWith(t *testing.T, s *Service, method string, header http.Header, serve func(http.ResponseWriter, *http.Request)) answer {
	t.Helper()
	a := answer{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequestWithContext(t.Context(), method, "http://gateway.example/graphql", strings.NewReader("{}"))
	r.Header = header
	s.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.served, a.principal = true, From(r.Context())
		if serve != nil {
			serve(w, r)
		}
	})).ServeHTTP(a, r)
	return a
}

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// TestCookieRequests: cookies count for who asks for them from the gateway's own pages, and for nobody else.
func TestCookieRequests(t *testing.T) {
	b := newBench(t)
	tokens := b.signIn()
	access, refresh := accessCookie+"="+tokens.Access, refreshCookie+"="+tokens.Refresh
	for _, row := range []struct {
		name   string
		method string
		header http.Header
		user   string       // who is served; "" for a guest
		code   problem.Code // of the refusal
		status int
	}{
		{name: "used", header: headers(CookieHeader, "use", "Cookie", access+"; "+refresh), user: mary},
		{name: "used by a page of the gateway", header: headers(CookieHeader, "use", "Cookie", access, "Sec-Fetch-Site", "same-origin"), user: mary},
		{name: "used by a page of the gateway, in an old browser", header: headers(CookieHeader, "use", "Cookie", access, "Origin", "http://gateway.example"), user: mary},
		{name: "used by GET", method: http.MethodGet, header: headers(CookieHeader, "use", "Cookie", access, "Sec-Fetch-Site", "same-origin"), user: mary},
		{name: "not asked for", header: headers("Cookie", access+"; "+refresh)},
		{name: "asked for, and none there", header: headers(CookieHeader, "use")},
		{name: "other cookies", header: headers(CookieHeader, "use", "Cookie", "fieldgate-access="+tokens.Access)},
		{name: "renewed", header: headers(CookieHeader, "renew", "Cookie", access+"; "+refresh)},
		{name: "renewed with a broken access cookie", header: headers(CookieHeader, "renew", "Cookie", accessCookie+"=x; "+refresh)},

		{name: "the access cookie has expired", header: headers(CookieHeader, "use", "Cookie", refresh), code: problem.Unauthenticated, status: 401},
		{name: "a broken access cookie", header: headers(CookieHeader, "use", "Cookie", accessCookie+"=x"), code: problem.Unauthenticated, status: 401},
		{name: "an access cookie twice", header: headers(CookieHeader, "use", "Cookie", access+"; "+access), code: problem.BadRequest, status: 400},
		{name: "a refresh cookie twice", header: headers(CookieHeader, "renew", "Cookie", refresh+"; "+refresh), code: problem.BadRequest, status: 400},
		{name: "asked for in another way", header: headers(CookieHeader, "true", "Cookie", access), code: problem.BadRequest, status: 400},
		{name: "asked for twice", header: headers(CookieHeader, "use", CookieHeader, "use", "Cookie", access), code: problem.BadRequest, status: 400},
		{name: "for a WebSocket", method: http.MethodGet, header: headers(CookieHeader, "use", "Cookie", access, "Upgrade", "websocket"), code: problem.BadRequest, status: 400},
		{name: "with a token too", header: headers(CookieHeader, "use", "Authorization", "Bearer "+tokens.Access), code: problem.BadRequest, status: 400},
		{name: "another site", header: headers(CookieHeader, "use", "Cookie", access, "Sec-Fetch-Site", "cross-site"), code: problem.Forbidden, status: 403},
		{name: "another site by GET", method: http.MethodGet, header: headers(CookieHeader, "use", "Cookie", access, "Sec-Fetch-Site", "cross-site"), code: problem.Forbidden, status: 403},
		{name: "another host of this site", header: headers(CookieHeader, "use", "Cookie", access, "Sec-Fetch-Site", "same-site"), code: problem.Forbidden, status: 403},
		{name: "another origin, in an old browser", header: headers(CookieHeader, "use", "Cookie", access, "Origin", "https://elsewhere.example"), code: problem.Forbidden, status: 403},
		{name: "another site, to set cookies", header: headers(CookieHeader, "renew", "Sec-Fetch-Site", "cross-site"), code: problem.Forbidden, status: 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.method == "" {
				row.method = http.MethodPost
			}
			a := askWith(t, b.Service, row.method, row.header, nil)
			if row.code != "" {
				challenge := ""
				switch {
				case row.status == 401 && strings.Contains(row.name, "expired"):
					challenge = invalidToken(expired)
				case row.status == 401:
					challenge = invalidToken(notValid)
				}
				a.wantRefused(t, row.status, row.code, challenge)
				return
			}
			if !a.served || a.principal.User != row.user || a.principal.SignedIn() != (row.user != "") {
				t.Errorf("%d %s, as %+v", a.Code, a.Body, a.principal)
			}
			if vary := a.Header().Values("Vary"); !slices.Contains(vary, "Authorization, Cookie, "+CookieHeader) {
				t.Errorf("Vary %q", vary)
			}
		})
	}
}

// TestCookiesSet: what the browser is told of them. An attribute that is missing would be a hole.
func TestCookiesSet(t *testing.T) {
	b := newBench(t)
	tokens := b.signIn()
	const attributes = "; Path=/; Max-Age=%; HttpOnly; Secure; SameSite=Strict"
	with := func(age string) string { return strings.ReplaceAll(attributes, "%", age) }
	for _, row := range []struct {
		name string
		do   func(c *Cookies)
		want []string
	}{
		{"set", func(c *Cookies) { c.Set(tokens) }, []string{
			accessCookie + "=" + tokens.Access + with("600"), refreshCookie + "=" + tokens.Refresh + with("7200")}},
		{"cleared", (*Cookies).Clear, []string{accessCookie + "=" + with("0"), refreshCookie + "=" + with("0")}},
		{"set when the session is over", func(c *Cookies) { c.Set(Tokens{Access: "a", Refresh: "r", ExpiresIn: time.Second}) }, []string{
			accessCookie + "=a" + with("1"), refreshCookie + "=" + with("0")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := askWith(t, b.Service, http.MethodPost, headers(CookieHeader, "renew"), func(_ http.ResponseWriter, r *http.Request) {
				c, err := CookiesOf(r.Context())
				b.check(err)
				row.do(c)
			})
			if got := a.Header().Values("Set-Cookie"); !slices.Equal(got, row.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
			}
		})
	}
}

// TestCookiesOf: only a request that asked to renew cookies sets any; one that uses them may have them cleared.
func TestCookiesOf(t *testing.T) {
	b := newBench(t)
	for _, row := range []struct {
		name           string
		header         http.Header
		sets, forgets  bool
		refreshesToken string
	}{
		{"nothing", headers(), false, false, ""},
		{"use", headers(CookieHeader, "use"), false, true, ""},
		{"renew", headers(CookieHeader, "renew", "Cookie", refreshCookie+"=r"), true, true, "r"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := askWith(t, b.Service, http.MethodPost, row.header, func(_ http.ResponseWriter, r *http.Request) {
				c, err := CookiesOf(r.Context())
				if row.sets != (err == nil) || err != nil && problem.CodeOf(err) != problem.BadUserInput {
					t.Errorf("%v", err)
				}
				if err == nil && c.Refresh() != row.refreshesToken {
					t.Errorf("the refresh token is %q", c.Refresh())
				}
				ClearCookies(r.Context())
			})
			if forgot := len(a.Header().Values("Set-Cookie")) == 2; forgot != row.forgets {
				t.Errorf("%q", a.Header().Values("Set-Cookie"))
			}
		})
	}
	if _, err := CookiesOf(t.Context()); problem.CodeOf(err) != problem.BadUserInput {
		t.Errorf("outside of a request: %v", err)
	}
	ClearCookies(t.Context()) // does nothing
}

// TestRefusedCookiesStay: a request that is refused clears no cookies. They may have been replaced while it was on its way.
func TestRefusedCookiesStay(t *testing.T) {
	b := newBench(t)
	tokens := b.signIn()
	b.check(b.EndSession(t.Context(), mary, tokens.Session))
	a := askWith(t, b.Service, http.MethodPost, headers(CookieHeader, "use", "Cookie", accessCookie+"="+tokens.Access), nil)
	if a.wantRefused(t, 401, problem.Unauthenticated, invalidToken(ended)); len(a.Header().Values("Set-Cookie")) != 0 {
		t.Errorf("%q", a.Header().Values("Set-Cookie"))
	}
}
