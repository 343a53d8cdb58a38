package cmd

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// browser is a caller as a browser with a script of the gateway's own page is one: it keeps cookies, and its script
// sees no token.
type browser struct {
	client
	jar map[string]string
}

// ask sends an operation with a header Fieldgate-Cookies and keeps the cookies of the answer.
func (b browser) ask(cookies, query string, more ...string) answer {
	b.p.t.Helper()
	r := b.request(http.MethodPost, b.p.url, `{"query": "`+strings.ReplaceAll(query, `"`, `\"`)+`"}`)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if cookies != "" {
		r.Header.Set("Fieldgate-Cookies", cookies)
	}
	for i := 0; i < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	for name, value := range b.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	a := b.send(r)
	for _, line := range a.header.Values("Set-Cookie") {
		set, err := http.ParseSetCookie(line)
		if err != nil {
			b.p.t.Fatal(err)
		}
		if !set.HttpOnly || !set.Secure || set.SameSite != http.SameSiteStrictMode || set.Path != "/" || set.Domain != "" ||
			!strings.HasPrefix(set.Name, "__Host-") {
			b.p.t.Errorf("a cookie that is not safe: %s", line)
		}
		if set.MaxAge < 0 {
			delete(b.jar, set.Name)
		} else {
			b.jar[set.Name] = set.Value
		}
	}
	for _, value := range b.jar {
		if strings.Contains(a.body, value) {
			b.p.t.Errorf("the answer shows a script the token in a cookie: %s", a.body)
		}
	}
	return a
}

// userID is the global id of a user of the owner's account.
func userID(t *testing.T, p *program, email string) string {
	t.Helper()
	return p.as(owner).do(`query($email: String) { account { users(email: $email) { edges { node { id } } } } }`, vars{"email": email}).
		ok(t).text("account", "users", "edges", 0, "node", "id")
}

const signInWithCookies = `mutation { signInWithCookies(input: {email: "` + support + `", password: "` + password + `"}) { expiresIn } }`

// TestCookies signs in as a browser does that hands no token to its scripts, asks, refreshes and signs out.
func TestCookies(t *testing.T) {
	p := startDemo(t)
	b := browser{p.guest(), map[string]string{}}
	if got := b.ask("renew", signInWithCookies).ok(t).at("signInWithCookies", "expiresIn"); got != 600. {
		t.Errorf("expiresIn is %v", got)
	}
	if len(b.jar) != 2 {
		t.Fatalf("cookies %v", slices.Collect(maps.Keys(b.jar)))
	}
	const who = `{ viewer { email } account { balance { amount } } }`
	if a := b.ask("use", who); a.text("viewer", "email") != support || a.code() != "FORBIDDEN" || a.at("account", "balance") != nil {
		t.Errorf("%s", a.body)
	}
	if a := b.ask("", who); a.at("viewer") != nil || a.code() != "UNAUTHENTICATED" {
		t.Errorf("a request that does not ask for cookies: %s", a.body)
	}
	b.ask("use", who, "Sec-Fetch-Site", "cross-site").refused(t, http.StatusForbidden, "FORBIDDEN")

	// The roles change: the cookies are out of date until they are renewed.
	p.as(owner).do(`mutation($id: ID!) { setUserRoles(input: {userId: $id, roles: [BILLING_MANAGER]}) { user { roles } } }`,
		vars{"id": userID(t, p, support)}).ok(t)
	b.ask("use", who).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	before := maps.Clone(b.jar)
	b.ask("renew", `mutation { refreshCookies { expiresIn } }`).ok(t)
	for name, value := range before {
		if b.jar[name] == value {
			t.Errorf("%s is the same as before", name)
		}
	}
	if a := b.ask("use", who); a.text("account", "balance", "amount") == "" {
		t.Errorf("%s", a.body)
	}

	// Whoever signs in again leaves no session behind that no browser has the cookies of.
	former := browser{p.guest(), maps.Clone(b.jar)}
	b.ask("renew", signInWithCookies).ok(t)
	former.ask("use", who).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	before = maps.Clone(b.jar)

	b.ask("use", `mutation { signOut { endedSessionId } }`).ok(t)
	if len(b.jar) > 0 {
		t.Errorf("cookies are left: %v", slices.Collect(maps.Keys(b.jar)))
	}
	for name, value := range before {
		b.jar[name] = value
	}
	b.ask("renew", `mutation { refreshCookies { expiresIn } }`).refused(t, http.StatusOK, "UNAUTHENTICATED")
	if len(b.jar) > 0 {
		t.Errorf("cookies of a session that is over are left: %v", slices.Collect(maps.Keys(b.jar)))
	}
}

// TestCookiesAreAskedFor: nothing is set, and no session made, for a request without the header.
func TestCookiesAreAskedFor(t *testing.T) {
	p := startDemo(t)
	b := browser{p.guest(), map[string]string{}}
	sessions := func() int {
		return len(p.as(owner).do(`query($id: ID!) { node(id: $id) { ... on User { sessions { id } } } }`,
			vars{"id": userID(t, p, support)}).ok(t).all("node", "sessions", "id"))
	}
	before := sessions()
	for _, cookies := range []string{"", "use"} {
		for _, query := range []string{signInWithCookies, `mutation { refreshCookies { expiresIn } }`} {
			if a := b.ask(cookies, query); a.code() != "BAD_USER_INPUT" || len(b.jar) > 0 {
				t.Errorf("%q: %s", cookies, a.body)
			}
		}
	}
	if got := sessions(); got != before {
		t.Errorf("%d sessions, want %d", got, before)
	}
	b.ask("renew", strings.Replace(signInWithCookies, password, "wrong", 1)).refused(t, http.StatusOK, "UNAUTHENTICATED")
	b.ask("renew", signInWithCookies, "Sec-Fetch-Site", "cross-site").refused(t, http.StatusForbidden, "FORBIDDEN")
	if len(b.jar) > 0 {
		t.Errorf("cookies %v", b.jar)
	}
}
