package auth

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// answer is what the middleware did with a request.
type answer struct {
	*httptest.ResponseRecorder
	served    bool
	principal Principal
}

// ask sends a request with these Authorization headers through the middleware.
func ask(t testing.TB, s *Service, target string, authorization ...string) answer {
	t.Helper()
	a := answer{ResponseRecorder: httptest.NewRecorder()}
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		a.served, a.principal = true, From(r.Context())
	})
	r := httptest.NewRequestWithContext(new(Caller).In(t.Context()), http.MethodPost, target, strings.NewReader("{}"))
	r.Header["Authorization"] = authorization
	if authorization == nil {
		r.Header.Del("Authorization")
	}
	s.Middleware(next).ServeHTTP(a, r)
	return a
}

// wantRefused checks a refusal: its status, its body and its challenge.
func (a answer) wantRefused(t *testing.T, status int, code problem.Code, challenge string) {
	t.Helper()
	if a.served {
		t.Fatalf("the request was served, as %+v", a.principal)
	}
	if a.Code != status {
		t.Errorf("status %d, want %d", a.Code, status)
	}
	if got := a.Header().Get("WWW-Authenticate"); got != challenge {
		t.Errorf("challenge\n\t%s\nwant\n\t%s", got, challenge)
	}
	if got := a.Header().Get("Vary"); got != "Authorization, Cookie, "+CookieHeader {
		t.Errorf("Vary is %q", got)
	}
	var body map[string]any
	if err := json.Unmarshal(a.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	_, hasData := body["data"]
	first, _ := body["errors"].([]any)[0].(map[string]any)
	extensions, _ := first["extensions"].(map[string]any)
	if hasData || extensions["code"] != string(code) {
		t.Errorf("body %s, want the code %s and no data", a.Body, code)
	}
}

func invalidToken(description string) string {
	return `Bearer error="invalid_token", error_description="` + description + `"`
}

const (
	notValid  = "The access token is not valid."
	expired   = "The access token has expired."
	outOfDate = "The access token is out of date. Refresh it."
	ended     = "The session has ended. Sign in again."
)

// TestForm is about requests that say by their form alone what to do with them. Redis
// is away in each, so none can depend on it.
func TestForm(t *testing.T) {
	b := newBench(t)
	good := b.signIn().Access
	b.redis.Close()
	inURL := `Bearer error="invalid_request", error_description="Send the access token in the Authorization header, not in the URL."`
	for _, row := range []struct {
		name          string
		target        string
		authorization []string
		status        int // 0 for a guest
		challenge     string
	}{
		{name: "no token"},
		{name: "no token, a GET's query", target: "/graphql?query=%7Bviewer%7Bsid%7D%7D&token=x"},
		{name: "a query that cannot be parsed", target: "/graphql?%zz=1&;"},
		{name: "empty header", authorization: []string{""}, status: 401},
		{name: "scheme alone", authorization: []string{"Bearer"}, status: 401},
		{name: "scheme and a space", authorization: []string{"Bearer "}, status: 401},
		{name: "no scheme", authorization: []string{good}, status: 401},
		{name: "another scheme", authorization: []string{"Basic dXNlcjpwYXNz"}, status: 401},
		{name: "another scheme with a good token", authorization: []string{"Token " + good}, status: 401},
		{name: "two headers", authorization: []string{"Bearer " + good, "Bearer " + good}, status: 401},
		{name: "two headers, one empty", authorization: []string{"Bearer " + good, ""}, status: 401},
		{name: "two tokens", authorization: []string{"Bearer " + good + " " + good}, status: 401},
		{name: "two tokens, comma", authorization: []string{"Bearer " + good + ",Bearer " + good}, status: 401},
		{name: "something after the token", authorization: []string{"Bearer " + good + " "}, status: 401},
		{name: "a tab before the token", authorization: []string{"Bearer\t" + good}, status: 401},
		{name: "oversized", authorization: []string{"Bearer " + strings.Repeat("a", token.MaxSize+1)}, status: 401},
		{name: "not a token", authorization: []string{"Bearer a.b.c"}, status: 401},
		{name: "a signature changed", authorization: []string{"Bearer " + changed(good)}, status: 401},
		{name: "token in the URL", target: "/graphql?access_token=" + good, status: 400, challenge: inURL},
		{name: "token in the URL, escaped", target: "/graphql?a=b&acc%65ss_token=x", status: 400, challenge: inURL},
		{name: "token in the URL, after a semicolon", target: "/graphql?a=b;access_token=x", status: 400, challenge: inURL},
		{
			name: "token in the URL and in the header", target: "/graphql?ACCESS_TOKEN=x",
			authorization: []string{"Bearer " + good}, status: 400, challenge: inURL,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			target := row.target
			if target == "" {
				target = "/graphql"
			}
			a := ask(t, b.Service, target, row.authorization...)
			switch row.status {
			case 0:
				if !a.served || a.principal.SignedIn() || a.principal.Set != (policy.Set{}) {
					t.Errorf("served %v as %+v, want as a guest", a.served, a.principal)
				}
			case 400:
				a.wantRefused(t, 400, problem.BadRequest, row.challenge)
			default:
				a.wantRefused(t, row.status, problem.Unauthenticated, invalidToken(notValid))
			}
		})
	}
}

// changed returns the token with another first letter of its signature.
func changed(raw string) string {
	i := strings.LastIndexByte(raw, '.') + 1
	letter := "A"
	if raw[i] == 'A' {
		letter = "B"
	}
	return raw[:i] + letter + raw[i+1:]
}

func TestGoodToken(t *testing.T) {
	b := newBench(t)
	tokens := b.signIn()
	set, err := b.matrix.Set(policy.Developer, policy.Support)
	b.check(err)
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER   "} {
		a := ask(t, b.Service, "/graphql", scheme+tokens.Access)
		p := a.principal
		if !a.served || !p.SignedIn() || p.User != mary || p.Account != account || p.Session != tokens.Session || p.Set != set {
			t.Errorf("%q: served %v as %+v", scheme, a.served, p)
		}
		if a.Header().Get("Vary") != "Authorization, Cookie, "+CookieHeader {
			t.Errorf("%q: no Vary", scheme)
		}
	}
}

// TestCaller: a request that has room for who asks is passed on as it is, and any other as another; each step goes on in the
// context that the request came with.
func TestCaller(t *testing.T) {
	b := newBench(t)
	raw := b.signIn().Access
	type layerKey struct{}
	for name, row := range map[string]struct {
		ctx  context.Context
		room bool
	}{
		"room":               {new(Caller).In(t.Context()), true},
		"no room":            {t.Context(), false},
		"room behind a With": {With(new(Caller).In(t.Context()), Principal{User: "US2", Session: "s"}), false},
	} {
		t.Run(name, func(t *testing.T) {
			steps := 0
			b.Observe(func(ctx context.Context, _ Step) (context.Context, func(Result)) {
				if ctx.Value(layerKey{}) == "a layer between" {
					steps++
				}
				return ctx, func(Result) {}
			})
			r := httptest.NewRequestWithContext(context.WithValue(row.ctx, layerKey{}, "a layer between"), http.MethodPost, "/graphql", http.NoBody)
			r.Header.Set("Authorization", "Bearer "+raw)
			var served *http.Request
			h := b.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { served = r }))
			h.ServeHTTP(httptest.NewRecorder(), r)
			if served == nil || (served == r) != row.room || From(served.Context()).User != mary || steps != 2 {
				t.Fatalf("served %p for %p, %d steps", served, r, steps)
			}
			r.Header.Del("Authorization")
			h.ServeHTTP(httptest.NewRecorder(), r)
			if p := From(served.Context()); p.User != "" {
				t.Error("the next request in the same room, without a token, is not a guest's")
			}
		})
	}
}

// TestRefused is about tokens that were good once. Each row brings about why they are
// not any more.
func TestRefused(t *testing.T) {
	for _, row := range []struct {
		name        string
		happens     func(b *bench, tokens Tokens)
		description string
	}{
		{"expired", func(b *bench, _ Tokens) { b.clock.advance(token.TTL + token.Leeway) }, expired},
		{"signed out", func(b *bench, tokens Tokens) {
			b.check(b.SignOut(b.t.Context(), ask(b.t, b.Service, "/graphql", "Bearer "+tokens.Access).principal))
		}, ended},
		{"another session signed out", func(b *bench, _ Tokens) {
			b.check(b.SignOut(b.t.Context(), ask(b.t, b.Service, "/graphql", "Bearer "+b.signIn().Access).principal))
		}, ""},
		{"revoked", func(b *bench, tokens Tokens) { b.check(b.EndSession(b.t.Context(), mary, tokens.Session)) }, ended},
		{"all revoked", func(b *bench, _ Tokens) {
			_, err := b.sessions.EndAll(b.t.Context(), mary)
			b.check(err)
		}, ended},
		{"refresh token used twice", func(b *bench, tokens Tokens) {
			for range 2 { // the second one ends the session
				_, _ = b.Refresh(b.t.Context(), tokens.Refresh)
			}
		}, ended},
		{"user blocked", func(b *bench, _ Tokens) {
			_, err := b.sessions.Block(b.t.Context(), mary, time.Minute)
			b.check(err)
		}, outOfDate},
		{"block over, never reconciled", func(b *bench, _ Tokens) {
			_, err := b.sessions.Block(b.t.Context(), mary, time.Minute)
			b.check(err)
			b.clock.advance(2 * time.Minute)
			b.redis.FastForward(2 * time.Minute)
		}, outOfDate},
		{"a role taken", func(b *bench, _ Tokens) { b.changeRoles(policy.Support) }, outOfDate},
		{"a role given", func(b *bench, _ Tokens) {
			b.changeRoles(policy.Developer, policy.BillingManager, policy.Support)
		}, outOfDate},
		{"roles taken altogether", func(b *bench, _ Tokens) { b.changeRoles() }, ended},
		{"same roles in another order", func(b *bench, _ Tokens) { b.changeRoles(policy.Support, policy.Developer) }, ""},
		{"another policy", func(b *bench, _ Tokens) { b.Service = b.service(b.sessions, "other-rules") }, outOfDate},
		{"another account", func(b *bench, tokens Tokens) {
			b.redis.HSet("{fieldgate}:session:"+tokens.Session, "account", "AC00000000000000000000000000000002")
		}, outOfDate},
		{"another user", func(b *bench, tokens Tokens) {
			b.redis.HSet("{fieldgate}:session:"+tokens.Session, "user", "US00000000000000000000000000000002")
		}, ended},
		{"FLUSHALL", func(b *bench, _ Tokens) { b.redis.FlushAll() }, ended},
		{"FLUSHALL, and others signed in since", func(b *bench, _ Tokens) { b.redis.FlushAll(); b.signIn() }, ended},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t)
			tokens := b.signIn()
			if a := ask(t, b.Service, "/graphql", "Bearer "+tokens.Access); !a.served {
				t.Fatalf("refused before anything happened: %s", a.Body)
			}
			row.happens(b, tokens)
			a := ask(t, b.Service, "/graphql", "Bearer "+tokens.Access)
			if row.description == "" {
				if !a.served || !a.principal.SignedIn() {
					t.Errorf("refused: %s", a.Body)
				}
				return
			}
			a.wantRefused(t, http.StatusUnauthorized, problem.Unauthenticated, invalidToken(row.description))
		})
	}
}

// TestForgedAgreement is about a token whose signature and session are good, but which
// says more than its session.
func TestForgedAgreement(t *testing.T) {
	b := newBench(t)
	tokens := b.signIn()
	for _, row := range []struct {
		name        string
		claims      token.Claims
		description string
	}{
		{"more roles", token.Claims{Subject: mary, Account: account, Roles: []string{"DEVELOPER", "SUPPORT", "BILLING_MANAGER"}}, outOfDate},
		{"fewer roles", token.Claims{Subject: mary, Account: account, Roles: []string{"SUPPORT"}}, outOfDate},
		{"a role twice", token.Claims{Subject: mary, Account: account, Roles: []string{"SUPPORT", "SUPPORT"}}, outOfDate},
		{"no roles", token.Claims{Subject: mary, Account: account}, outOfDate},
		{"another account", token.Claims{Subject: mary, Account: "AC2", Roles: []string{"DEVELOPER", "SUPPORT"}}, outOfDate},
		{"another user", token.Claims{Subject: "US2", Account: account, Roles: []string{"DEVELOPER", "SUPPORT"}}, ended},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.claims.SessionID = tokens.Session
			raw, _, err := b.authority.Issue(row.claims)
			b.check(err)
			ask(t, b.Service, "/graphql", "Bearer "+raw).
				wantRefused(t, http.StatusUnauthorized, problem.Unauthenticated, invalidToken(row.description))
		})
	}
}

func TestRedisAway(t *testing.T) {
	for _, row := range []struct {
		name string
		away func(b *bench) *session.Store
	}{
		{"gone", func(b *bench) *session.Store {
			s := b.limited(b.redis.Addr())
			b.redis.Close()
			return s
		}},
		{"frozen", func(b *bench) *session.Store { return b.limited(silence(b.t)) }},
		{"failing", func(b *bench) *session.Store { b.redis.SetError("LOADING"); return b.limited(b.redis.Addr()) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t)
			tokens := b.signIn()
			s := b.service(row.away(b), version)
			begin := time.Now()
			a := ask(t, s, "/graphql", "Bearer "+tokens.Access)
			if took := time.Since(begin); took > time.Second {
				t.Errorf("the answer took %v", took)
			}
			a.wantRefused(t, http.StatusServiceUnavailable, problem.Unavailable, "")
			if got := a.Header().Get("Retry-After"); got != "1" {
				t.Errorf("Retry-After is %q", got)
			}
			p := Principal{User: mary, Session: tokens.Session, Set: signedIn(b)}
			for name, err := range map[string]error{
				"sign-in":     second(s.SignIn(t.Context(), func(context.Context) (string, error) { return mary, nil }, "")),
				"refresh":     second(s.Refresh(t.Context(), tokens.Refresh)),
				"sign-out":    s.SignOut(t.Context(), p),
				"end session": s.EndSession(t.Context(), mary, tokens.Session),
				"list":        second(s.Sessions(t.Context(), mary)),
			} {
				if problem.CodeOf(err) != problem.Unavailable {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func signedIn(b *bench) policy.Set {
	set, err := b.matrix.Set(policy.Support)
	b.check(err)
	return set
}

// silence is the address of a server that takes connections and says nothing.
func silence(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String()
}
