package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/issuer/issuertest"
	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// visitor is a browser as far as signing in needs one: it keeps cookies, also over plain HTTP, as browsers do on the
// machine itself, and goes where it is sent one step at a time.
type visitor struct {
	p       *program
	cookies map[string]*http.Cookie
	seen    []string // the addresses that it was at
}

func (p *program) visitor() *visitor { return &visitor{p: p, cookies: map[string]*http.Cookie{}} }

func (p *program) origin() string { return strings.TrimSuffix(p.url, "/graphql") }

// visited is what a step came to.
type visited struct {
	status   int
	location string // in full, "" for none
	header   http.Header
	body     string
}

// visit makes one request. Cookies go to the gateway alone.
func (v *visitor) visit(method, address string, headers map[string]string) visited {
	v.p.t.Helper()
	r, err := http.NewRequest(method, address, nil)
	if err != nil {
		v.p.t.Fatal(err)
	}
	own := strings.HasPrefix(address, v.p.origin())
	if own {
		for _, name := range slices.Sorted(maps.Keys(v.cookies)) {
			r.AddCookie(&http.Cookie{Name: name, Value: v.cookies[name].Value})
		}
	}
	for name, value := range headers {
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	v.seen = append(v.seen, address)
	client := *v.p.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		v.p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.p.t.Fatal(err)
	}
	if own {
		for _, c := range resp.Cookies() {
			if c.MaxAge < 0 {
				delete(v.cookies, c.Name)
			} else {
				v.cookies[c.Name] = c
			}
		}
	}
	step := visited{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if to, err := resp.Location(); err == nil {
		step.location = to.String()
	}
	return step
}

// follow goes to an address and on, until it is where nothing sends it on.
func (v *visitor) follow(address string) visited {
	v.p.t.Helper()
	for range 6 {
		step := v.visit(http.MethodGet, address, nil)
		if step.location == "" || strings.HasSuffix(step.location, "/#sign-in=done") {
			return step
		}
		address = step.location
	}
	v.p.t.Fatalf("it is sent on and on: %q", v.seen)
	return visited{}
}

// redeem asks for the session as the page does, and returns whose it is, or the code and the words of why there is none.
func (v *visitor) redeem() (who client, code, words string) {
	v.p.t.Helper()
	step := v.visit(http.MethodPost, v.p.origin()+"/sign-in/session", map[string]string{"Sec-Fetch-Site": "same-origin"})
	var answer struct {
		Data struct {
			SignIn struct {
				AccessToken, RefreshToken string
				ExpiresIn                 int
			}
		}
		Errors []failure
	}
	if err := json.Unmarshal([]byte(step.body), &answer); err != nil || step.status != http.StatusOK || step.header.Get("Cache-Control") != "no-store" {
		v.p.t.Fatalf("%v, %d %v %s", err, step.status, step.header, step.body)
	}
	if len(answer.Errors) > 0 {
		if answer.Data.SignIn.AccessToken != "" {
			v.p.t.Errorf("tokens beside errors: %s", step.body)
		}
		return client{}, answer.Errors[0].Extensions.Code, answer.Errors[0].Message
	}
	if answer.Data.SignIn.ExpiresIn != 600 {
		v.p.t.Errorf("%s", step.body)
	}
	return client{v.p, answer.Data.SignIn.AccessToken, answer.Data.SignIn.RefreshToken}, "", ""
}

// withClient starts the program with a provider at which people sign in with a browser.
func withClient(t *testing.T, corp *issuertest.Provider) *program {
	t.Helper()
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp, "client_id: "+corp.ClientID)))
	p.knows(corp)
	return p
}

// knows waits until the program knows a provider, which sends browsers back to it.
func (p *program) knows(corp *issuertest.Provider) {
	p.t.Helper()
	corp.Change(func(corp *issuertest.Provider) { corp.RedirectURI = p.origin() + "/sign-in/corp/callback" })
	for late := time.Now().Add(patience); p.exchange(corp.Token(nil)).status != 200; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			p.t.Fatalf("the provider is not known\n%s", p.stderr)
		}
	}
}

// TestSignInAtProvider goes the whole way: to the provider, back with a code, and to the page, which asks for its tokens.
func TestSignInAtProvider(t *testing.T) {
	corp := issuertest.New(t)
	p := withClient(t, corp)
	v := p.visitor()
	sent := v.visit(http.MethodGet, p.origin()+"/sign-in/corp", nil)
	to, err := url.Parse(sent.location)
	if err != nil || sent.status != http.StatusSeeOther || !strings.HasPrefix(sent.location, corp.URL+"/authorize?") || sent.header.Get("Referrer-Policy") != "no-referrer" {
		t.Fatalf("%v, %d %v", err, sent.status, sent.header)
	}
	q := to.Query()
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("scope") != "openid email profile" || len(q.Get("state")) < 20 || len(q.Get("nonce")) < 20 {
		t.Errorf("%s", sent.location)
	}
	flow := v.cookies["__Host-fieldgate-sign-in"]
	if flow == nil || !flow.HttpOnly || !flow.Secure || flow.SameSite != http.SameSiteLaxMode || flow.Path != "/" || flow.Domain != "" || flow.MaxAge != 600 || strings.Contains(flow.Value, q.Get("state")) {
		t.Errorf("%+v", flow)
	}
	back := v.follow(sent.location)
	if back.status != http.StatusSeeOther || back.location != p.origin()+"/#sign-in=done" {
		t.Fatalf("%d %v\n%s", back.status, back.header, p.stderr)
	}
	if v.cookies["__Host-fieldgate-sign-in"] != nil {
		t.Error("the first cookie is left")
	}
	outcome := v.cookies["__Host-fieldgate-signed-in"]
	if outcome == nil || !outcome.HttpOnly || !outcome.Secure || outcome.SameSite != http.SameSiteStrictMode || outcome.Path != "/" || outcome.MaxAge != 60 {
		t.Errorf("%+v", outcome)
	}
	who, code, words := v.redeem()
	if code != "" {
		t.Fatalf("%s: %s\n%s", code, words, p.stderr)
	}
	got := who.do(`{ viewer { email roles } }`, nil).ok(t)
	if got.text("viewer", "email") != "ines@corp.example" || fmt.Sprint(got.at("viewer", "roles")) != "[SUPPORT]" {
		t.Errorf("%s", got.body)
	}
	sessions := p.as(owner).do(`query($e: String) { account { users(email: $e) { edges { node { sessions { expires client } } } } } }`, vars{"e": "ines@corp.example"}).ok(t)
	for _, expires := range sessions.all("account", "users", "edges", "node", "sessions", "expires") {
		if at, err := time.Parse(time.RFC3339, expires.(string)); err != nil || at.After(time.Now().Add(time.Hour)) {
			t.Errorf("a session ends at %v, %v", at, err)
		}
	}
	for _, address := range v.seen {
		if strings.Contains(address, who.access) || strings.Contains(address, who.refresh) {
			t.Errorf("a token in %s", address)
		}
	}

	// What the browser had is good once.
	if len(v.cookies) != 0 {
		t.Errorf("cookies are left: %v", v.cookies)
	}
	if _, code, _ := v.redeem(); code != "UNAUTHENTICATED" {
		t.Errorf("without a cookie: %s", code)
	}
	v.cookies[outcome.Name] = outcome
	if again, code, _ := v.redeem(); code != "UNAUTHENTICATED" || again.access != "" {
		t.Errorf("with the same cookie: %s", code)
	}
	v.cookies[flow.Name] = flow
	v.follow(v.seen[2])
	if _, code, _ := v.redeem(); code != "UNAUTHENTICATED" {
		t.Errorf("with the same code: %s", code)
	}
	if log := p.stderr.String(); strings.Contains(log, "ines") || strings.Contains(log, q.Get("state")) {
		t.Errorf("the log: %s", log)
	}
}

// TestSignInRefused is what comes of a sign-in that goes wrong, in words for the person.
func TestSignInRefused(t *testing.T) {
	corp := issuertest.New(t)
	p := withClient(t, corp)
	begin := func(v *visitor) string { return v.visit(http.MethodGet, p.origin()+"/sign-in/corp", nil).location }
	for _, row := range []struct {
		name string
		go_  func(v *visitor)
		code string
		says string
	}{
		{"a link that somebody else made", func(v *visitor) {
			other := p.visitor()
			callback := other.visit(http.MethodGet, begin(other), nil).location
			v.follow(callback)
		}, "BAD_REQUEST", "not begun in this browser"},
		{"a link that somebody else made, in a browser that has begun", func(v *visitor) {
			other := p.visitor()
			callback := other.visit(http.MethodGet, begin(other), nil).location
			begin(v)
			v.follow(callback)
		}, "BAD_REQUEST", "not begun in this browser"},
		{"a state that is not there", func(v *visitor) {
			begin(v)
			v.follow(p.origin() + "/sign-in/corp/callback?code=x")
		}, "BAD_REQUEST", "not begun in this browser"},
		{"the callback of another issuer", func(v *visitor) {
			callback := v.visit(http.MethodGet, begin(v), nil).location
			v.follow(strings.Replace(callback, "/corp/", "/partner/", 1))
		}, "BAD_REQUEST", "not begun in this browser"},
		{"a cookie that was changed", func(v *visitor) {
			callback := v.visit(http.MethodGet, begin(v), nil).location
			v.cookies["__Host-fieldgate-sign-in"].Value = "A" + v.cookies["__Host-fieldgate-sign-in"].Value[1:] + "A"
			v.follow(callback)
		}, "BAD_REQUEST", "not begun in this browser"},
		{"a cookie in the other's place", func(v *visitor) {
			begin(v)
			v.cookies["__Host-fieldgate-signed-in"] = v.cookies["__Host-fieldgate-sign-in"]
		}, "UNAUTHENTICATED", "is over"},
		{"a code that is none", func(v *visitor) {
			to, _ := url.Parse(begin(v))
			v.follow(p.origin() + "/sign-in/corp/callback?code=none&state=" + to.Query().Get("state"))
		}, "UNAUTHENTICATED", "not valid"},
		{"no code", func(v *visitor) {
			to, _ := url.Parse(begin(v))
			v.follow(p.origin() + "/sign-in/corp/callback?error=server_error&error_description=the+inside&state=" + to.Query().Get("state"))
		}, "FORBIDDEN", "could not sign you in"},
		{"an issuer that there is not", func(v *visitor) { v.follow(p.origin() + "/sign-in/elsewhere") }, "NOT_FOUND", "no such identity provider"},
		{"the provider says no", func(v *visitor) {
			corp.Change(func(corp *issuertest.Provider) { corp.Deny = true })
			v.follow(begin(v))
		}, "FORBIDDEN", "has not let you in"},
		{"an ID token of another sign-in", func(v *visitor) {
			corp.Change(func(corp *issuertest.Provider) { corp.Nonce = "another" })
			v.follow(begin(v))
		}, "UNAUTHENTICATED", "not valid"},
		{"an ID token for another client", func(v *visitor) {
			corp.Change(func(corp *issuertest.Provider) { corp.Person["azp"] = "another" })
			v.follow(begin(v))
		}, "UNAUTHENTICATED", "not valid"},
		{"no group", func(v *visitor) {
			corp.Change(func(corp *issuertest.Provider) { corp.Person["groups"] = []string{"everyone"} })
			v.follow(begin(v))
		}, "FORBIDDEN", "gives you a role"},
		{"the address of another user", func(v *visitor) {
			corp.Change(func(corp *issuertest.Provider) { corp.Person["email"] = owner; corp.Person["sub"] = "1002" })
			v.follow(begin(v))
		}, "FORBIDDEN", "cannot be let in"},
		{"a secret that is another", func(v *visitor) {
			corp.Change(func(corp *issuertest.Provider) { corp.Secret = "hush" })
			v.follow(begin(v))
		}, "UNAUTHENTICATED", "not valid"},
		{"the provider is down meanwhile", func(v *visitor) {
			callback := v.visit(http.MethodGet, begin(v), nil).location
			corp.Down(true)
			v.follow(callback)
		}, "SERVICE_UNAVAILABLE", "cannot be reached"},
	} {
		t.Run(row.name, func(t *testing.T) {
			defer corp.Down(false)
			defer corp.Change(func(corp *issuertest.Provider) {
				corp.Deny, corp.Nonce, corp.Secret = false, "", ""
				corp.Person = map[string]any{"sub": "1001", "email": "ines@corp.example", "email_verified": true, "groups": []string{"support"}}
			})
			v := p.visitor()
			row.go_(v)
			who, code, words := v.redeem()
			if who.access != "" || code != row.code || !strings.Contains(words, row.says) || strings.Contains(words, "the inside") {
				t.Errorf("%s: %s; want %s: %s", code, words, row.code, row.says)
			}
			for _, address := range v.seen {
				if strings.Contains(address, "not+begun") || strings.Contains(address, row.code) {
					t.Errorf("what went wrong stands in %s", address)
				}
			}
		})
	}
	t.Run("a page of another site", func(t *testing.T) {
		v := p.visitor()
		v.follow(begin(v))
		step := v.visit(http.MethodPost, p.origin()+"/sign-in/session", map[string]string{"Sec-Fetch-Site": "cross-site"})
		if step.status != http.StatusForbidden || strings.Contains(step.body, "accessToken") || step.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%d %v %s", step.status, step.header, step.body)
		}
		if who, code, _ := v.redeem(); code != "" || who.access == "" {
			t.Errorf("it has used the sign-in up: %s", code)
		}
	})
}

// TestSignInWithSecret: a client with a secret shows it to the provider, and nobody else.
func TestSignInWithSecret(t *testing.T) {
	corp := issuertest.New(t)
	corp.Secret = "not for anybody's eyes"
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp, "client_id: "+corp.ClientID, "client_secret_file: "+file(t, "secret", corp.Secret+"\n"))))
	p.knows(corp)
	v := p.visitor()
	v.follow(p.origin() + "/sign-in/corp")
	if _, code, words := v.redeem(); code != "" {
		t.Errorf("%s: %s", code, words)
	}
	if strings.Contains(p.stderr.String()+p.guest().get("/graphiql/config.json").body, corp.Secret) {
		t.Error("the secret is told")
	}
}

// TestPublicURL: people come back under the name that they know the gateway by.
func TestPublicURL(t *testing.T) {
	corp := issuertest.New(t)
	data, _ := found(t)
	entry := strings.Replace(issuerEntry("corp", corp, "client_id: "+corp.ClientID), "account: "+demo.Main().SID, "session: 1h", 1) // there is one account
	args := []string{"--data", data, "--demo=off", "--host=gateway.example.com", "--issuers", issuersFile(t, entry)}
	if got := command(t, append([]string{"serve", "--listen=127.0.0.1:0"}, args...)...); got.status != 1 || !strings.Contains(got.stderr, "--public-url") {
		t.Errorf("without a public URL: %+v", got)
	}
	for _, bad := range []string{"gateway.example.com", "http://gateway.example.com", "https://gateway.example.com/", "https://gateway.example.com/at", "https://a@gateway.example.com",
		"https://gateway.example.com:443", "https://gateway.example.com:", "https://Gateway.example.com"} {
		if got := command(t, append([]string{"serve", "--listen=127.0.0.1:0", "--public-url", bad}, args...)...); got.status != 1 || !strings.Contains(got.stderr, "--public-url takes an origin") {
			t.Errorf("%s: %+v", bad, got)
		}
	}
	p := start(t, append(args, "--public-url=https://gateway.example.com")...)
	p.knows(corp)
	v := p.visitor()
	if step := v.visit(http.MethodGet, p.origin()+"/sign-in/corp", nil); step.location != "https://gateway.example.com/sign-in/corp?sent" || len(v.cookies) != 0 {
		t.Errorf("under another name: %s, %v", step.location, v.cookies)
	}
	step := v.visit(http.MethodGet, p.origin()+"/sign-in/corp", map[string]string{"Host": "gateway.example.com"})
	to, err := url.Parse(step.location)
	if err != nil || to.Query().Get("redirect_uri") != "https://gateway.example.com/sign-in/corp/callback" {
		t.Errorf("%v, %s", err, step.location)
	}
}
