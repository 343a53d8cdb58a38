package cmd

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// issued is an answer of /oauth/token.
type issued struct {
	status      int
	header      http.Header
	body        string
	Access      string `json:"access_token"`
	Type        string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Refresh     string `json:"refresh_token"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// token asks for a token with these parameters, name and value in turn, as a program does that asks again when it is
// told to. basic, if there is one, is "id:secret".
func (p *program) token(basic string, params ...string) (a issued) {
	p.t.Helper()
	form := url.Values{}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	insist(p.t, func() (slow bool, said string) {
		r, err := http.NewRequest(http.MethodPost, strings.TrimSuffix(p.url, "/graphql")+"/oauth/token", strings.NewReader(form.Encode()))
		if err != nil {
			p.t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if id, secret, ok := strings.Cut(basic, ":"); ok {
			r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		}
		resp, err := p.http.Do(r)
		if err != nil {
			p.t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		a = issued{status: resp.StatusCode, header: resp.Header, body: string(text)}
		if err != nil || json.Unmarshal(text, &a) != nil {
			p.t.Fatalf("%v, %d %s", err, resp.StatusCode, text)
		}
		return a.status == http.StatusServiceUnavailable, a.body
	})
	return a
}

// denied fails the test unless there is no token but this error.
func (a issued) denied(t testing.TB, status int, code string) {
	t.Helper()
	if a.status != status || a.Error != code || a.Access != "" {
		t.Errorf("got %d %s, want %d %s", a.status, a.body, status, code)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("headers %v", a.header)
	}
}

// TestTokenRefresh: a refresh token is good at /oauth/token as it is for refreshSession, once.
func TestTokenRefresh(t *testing.T) {
	p := startDemo(t)
	who := p.signIn(support)
	first := p.token("", "grant_type", "refresh_token", "refresh_token", who.refresh)
	if first.status != 200 || first.Type != "Bearer" || first.ExpiresIn != 600 || first.Refresh == "" || first.Refresh == who.refresh {
		t.Fatalf("%d %s", first.status, first.body)
	}
	client{p: p, access: first.Access}.do(`{ viewer { sid } }`, nil).ok(t)
	p.token("", "grant_type", "refresh_token", "refresh_token", "nonsense").denied(t, 400, "invalid_grant")
	p.token("", "grant_type", "password", "username", support, "password", password).denied(t, 400, "unsupported_grant_type")

	p.token("", "grant_type", "refresh_token", "refresh_token", who.refresh).denied(t, 400, "invalid_grant")
	p.token("", "grant_type", "refresh_token", "refresh_token", first.Refresh).denied(t, 400, "invalid_grant") // used twice: the session is over
	client{p: p, access: first.Access}.do(`{ viewer { sid } }`, nil).refused(t, 401, "UNAUTHENTICATED")
}

// TestTokenWithoutRedis: no tokens, and nothing of the reason.
func TestTokenWithoutRedis(t *testing.T) {
	t.Parallel() // it waits most of the time
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url())
	who := p.signIn(support)
	r.stop()
	a := p.token("", "grant_type", "refresh_token", "refresh_token", who.refresh)
	a.denied(t, 503, "temporarily_unavailable")
	if a.header.Get("Retry-After") == "" || strings.Contains(a.body, "redis") {
		t.Errorf("%v %s", a.header, a.body)
	}
}

// oauthClient is a client of OAuth that a test has made.
type oauthClient struct{ id, sid, secret string }

// grants is what a client is granted, as a variable of the schema's type.
type grants = []vars

func grantOf(permission string, actions ...string) vars {
	return vars{"permission": permission, "actions": append([]string{}, actions...)}
}

var usageGrant = grants{grantOf("USAGE", "READ")}

const createClient = `mutation($input: CreateOAuthClientInput!) { createOAuthClient(input: $input) {
	secret oauthClient { id sid name createdBySid expiresAt lastUsed grants { permission actions } } oauthClientEdge { cursor node { id } } } }`

// makeClient has the caller make a client.
func (c client) makeClient(name string, granted grants) oauthClient {
	c.p.t.Helper()
	a := c.do(createClient, vars{"input": vars{"name": name, "grants": granted}}).ok(c.p.t)
	return oauthClient{
		a.text("createOAuthClient", "oauthClient", "id"), a.text("createOAuthClient", "oauthClient", "sid"), a.text("createOAuthClient", "secret"),
	}
}

// asClient is a caller with a new token of a client.
func (p *program) asClient(c oauthClient) client {
	p.t.Helper()
	a := p.token(c.sid+":"+c.secret, "grant_type", "client_credentials")
	if a.status != http.StatusOK || a.Access == "" || a.Refresh != "" || a.Type != "Bearer" {
		p.t.Fatalf("no token: %d %s", a.status, a.body)
	}
	return client{p: p, access: a.Access}
}
