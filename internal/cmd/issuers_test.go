package cmd

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/issuer/issuertest"
	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// issuerEntry is a provider's entry in a file of issuers, with these further lines.
func issuerEntry(name string, p *issuertest.Provider, lines ...string) string {
	entry := fmt.Sprintf(`  - name: %s
    issuer: %s
    audiences: [fieldgate]
    algorithms: [ES256]
    account: %s
    roles: {admins: ADMINISTRATOR, developers: DEVELOPER, finance: BILLING_MANAGER, support: SUPPORT}
`, name, p.URL, demo.Main().SID)
	for _, line := range lines {
		entry += "    " + line + "\n"
	}
	return entry
}

// issuersFile writes a file of issuers.
func issuersFile(t testing.TB, entries ...string) string {
	t.Helper()
	return file(t, "issuers.yaml", "issuers:\n"+strings.Join(entries, ""))
}

const jwtType = "urn:ietf:params:oauth:token-type:jwt"

// exchange exchanges a token of another issuer.
func (p *program) exchange(subject string, more ...string) issued {
	p.t.Helper()
	return p.token("", append([]string{
		"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token", subject, "subject_token_type", jwtType,
	}, more...)...)
}

// exchanged is the caller that a token comes to.
func (p *program) exchanged(subject string) client {
	p.t.Helper()
	a := p.exchange(subject)
	if a.status != http.StatusOK || a.Access == "" {
		p.t.Fatalf("%d %s\n%s", a.status, a.body, p.stderr)
	}
	return client{p, a.Access, a.Refresh}
}

// TestExchange: who comes from another issuer holds what their groups are mapped to, and nothing else.
func TestExchange(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		corp := issuertest.New(t)
		p := on.start(t, "--issuers", issuersFile(t, issuerEntry("corp", corp)))
		a := p.exchange(corp.Token(nil))
		if a.status != 200 || a.Type != "Bearer" || a.ExpiresIn != 600 || a.Refresh == "" ||
			!strings.Contains(a.body, `"issued_token_type":"urn:ietf:params:oauth:token-type:access_token"`) {
			t.Fatalf("%d %s\n%s", a.status, a.body, p.stderr)
		}
		who := client{p, a.Access, a.Refresh}
		got := who.do(`{ viewer { email roles } account { sid friendlyName calls(first: 1) { edges { node { status } } } } }`, nil).ok(t)
		if got.text("viewer", "email") != "ines@corp.example" || fmt.Sprint(got.at("viewer", "roles")) != "[SUPPORT]" ||
			got.text("account", "sid") != demo.Main().SID {
			t.Errorf("%s", got.body)
		}
		who.do(`{ account { balance { amount } } }`, nil).refused(t, 200, "FORBIDDEN")
		sid := p.userOf("ines@corp.example")

		// Other groups at the next exchange: the sessions that are open are stale at once, and refreshing gives the new roles.
		p.exchanged(corp.Token(map[string]any{"groups": []string{"finance"}, "name": nil}))
		who.do(`{ viewer { roles } }`, nil).refused(t, 401, "UNAUTHENTICATED")
		renewed := p.token("", "grant_type", "refresh_token", "refresh_token", who.refresh)
		who = client{p, renewed.Access, renewed.Refresh}
		if got := who.do(`{ viewer { sid roles } account { balance { amount } } }`, nil).ok(t); fmt.Sprint(got.at("viewer", "roles")) != "[BILLING_MANAGER]" || got.text("viewer", "sid") != sid {
			t.Errorf("%s", got.body)
		}
		if got := p.as(owner).do(`query($e: String) { account { users(email: $e) { edges { node { name lastSignIn } } } } }`, vars{"e": "ines@corp.example"}).ok(t); got.all("account", "users", "edges", "node", "name")[0] != "ines" ||
			len(got.all("account", "users", "edges", "node", "lastSignIn")) != 1 {
			t.Errorf("%s", got.body) // without a name, it is what stands before the @
		}

		t.Run("their roles are their provider's to change", func(t *testing.T) {
			p.as(owner).do(`mutation($id: ID!) { setUserRoles(input: {userId: $id, roles: [DEVELOPER]}) { user { roles } } }`,
				vars{"id": p.globalID("ines@corp.example")}).refused(t, 200, "CONFLICT")
		})
		t.Run("they have no password", func(t *testing.T) {
			for _, guess := range []string{"", password} {
				p.guest().do(signInQuery, vars{"email": "ines@corp.example", "password": guess}).refused(t, 200, "UNAUTHENTICATED")
			}
		})
		t.Run("no token of theirs is good at /graphql", func(t *testing.T) {
			client{p: p, access: corp.Token(nil)}.do(`{ viewer { sid } }`, nil).refused(t, 401, "UNAUTHENTICATED")
		})
		t.Run("no token of ours is good for an exchange", func(t *testing.T) {
			p.exchange(p.as(owner).access).denied(t, 400, "invalid_request")
		})
	})
}

// userOf is the SID of a user of the demo's account, and globalID their global id.
func (p *program) userOf(email string) string   { return p.userField(email, "sid") }
func (p *program) globalID(email string) string { return p.userField(email, "id") }

func (p *program) userField(email, field string) string {
	p.t.Helper()
	got := p.as(owner).do(`query($e: String) { account { users(email: $e) { edges { node { `+field+` } } } } }`, vars{"e": email}).ok(p.t)
	found := got.all("account", "users", "edges", "node", field)
	if len(found) != 1 {
		p.t.Fatalf("%s", got.body)
	}
	return found[0].(string)
}

// TestExchangeRefused is whom the gateway does not let in, with the code that the client is told.
func TestExchangeRefused(t *testing.T) {
	corp := issuertest.New(t)
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp)))
	p.exchanged(corp.Token(nil))
	startDemo(t).exchange(corp.Token(nil)).denied(t, 400, "unsupported_grant_type") // where no issuer is believed
	elsewhere := issuertest.New(t)
	first := corp.Keys()[0]
	for _, row := range []struct {
		name, subject string
		more          []string
		code          string
		reason        string // in the log
	}{
		{"no group", corp.Token(map[string]any{"sub": "1002", "groups": nil}), nil, "invalid_request", "no group"},
		{"groups that are not mapped", corp.Token(map[string]any{"sub": "1002", "groups": []string{"everyone"}}), nil, "invalid_request", "no group"},
		{"another audience", corp.Token(map[string]any{"aud": "elsewhere"}), nil, "invalid_request", "audience"},
		{"ended", corp.Token(map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), nil, "invalid_request", "expired"},
		{"an issuer that is not known", elsewhere.Token(nil), nil, "invalid_request", "not known"},
		{"a key of somebody else", elsewhere.Token(map[string]any{"iss": corp.URL}), nil, "invalid_request", "signature"},
		{"a key of its own", first.Sign(t, map[string]any{"jwk": first.Public}, corp.Claims(nil)), nil, "invalid_request", "header"},
		{"the address of another user", corp.Token(map[string]any{"sub": "1002", "email": owner}), nil, "invalid_request", "another user"},
		{"an address that is not verified", corp.Token(map[string]any{"sub": "1002", "email": "new@corp.example", "email_verified": false}), nil, "invalid_request", "verified"},
		{"an address that is none", corp.Token(map[string]any{"sub": "1002", "email": "new"}), nil, "invalid_request", "e-mail"},
		{"no token", "nonsense", nil, "invalid_request", "three parts"},
		{"nothing", "", nil, "invalid_request", ""},
		{"another type", corp.Token(nil), []string{"subject_token_type", "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request", ""},
		{"no type", corp.Token(nil), []string{"subject_token_type", ""}, "invalid_request", ""},
		{"an actor", corp.Token(nil), []string{"actor_token", "x", "actor_token_type", jwtType}, "invalid_request", ""},
		{"another token", corp.Token(nil), []string{"requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request", ""},
		{"a token for elsewhere", corp.Token(nil), []string{"audience", "elsewhere"}, "invalid_target", ""},
		{"a token for another resource", corp.Token(nil), []string{"resource", "https://elsewhere.example"}, "invalid_target", ""},
		{"an address of which nothing is said", corp.Token(map[string]any{"sub": "1002", "email": "new@corp.example", "email_verified": nil}), nil, "invalid_request", "verified"},
		{"no time", corp.Token(map[string]any{"iat": nil}), nil, "invalid_request", "iat"},
		{"older than the last", corp.Token(map[string]any{"iat": time.Now().Add(-time.Hour).Unix()}), nil, "invalid_request", "newer"},
		{"groups in one text", corp.Token(map[string]any{"sub": "1002", "groups": "lunch admins"}), nil, "invalid_request", "no group"},
		{"a client with a secret", corp.Token(nil), []string{"client_id", "x", "client_secret", "y"}, "unauthorized_client", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := len(p.stderr.String())
			a := p.exchange(row.subject, row.more...)
			a.denied(t, 400, row.code)
			log := timeOfLog.ReplaceAllString(p.stderr.String()[before:], "")
			if row.reason != "" && row.name != "no token" && row.name != "a key of its own" && row.name != "an issuer that is not known" && !strings.Contains(log, `"issuer":"corp"`) {
				t.Errorf("the log does not say whose it was: %s", log)
			}
			if row.reason != "" && !strings.Contains(log, row.reason) {
				t.Errorf("the log does not say %q: %s", row.reason, log)
			}
			for _, private := range []string{"1001", "1002", "@corp.example", owner, "Ines"} {
				if strings.Contains(log, private) || strings.Contains(a.body, private) {
					t.Errorf("%s is told: %s %s", private, a.body, log)
				}
			}
			if len(row.subject) > 20 && strings.Contains(log, row.subject[:20]) {
				t.Errorf("the token is in the log: %s", log)
			}
		})
	}
	if got := p.as(owner).do(`query($e: String) { account { users(email: $e) { edges { node { sid } } } } }`, vars{"e": "new@corp.example"}).ok(t); len(got.all("account", "users", "edges", "node", "sid")) != 0 {
		t.Errorf("who was refused was made a user: %s", got.body)
	}
	for _, kind := range []string{"id_token", "access_token"} {
		if a := p.exchange(corp.Token(nil), "subject_token_type", "urn:ietf:params:oauth:token-type:"+kind, "requested_token_type", "urn:ietf:params:oauth:token-type:access_token"); a.status != 200 {
			t.Errorf("%s: %s", kind, a.body)
		}
	}
}

// timeOfLog is the time in a line of the log, in whose digits anything may stand.
var timeOfLog = regexp.MustCompile(`"time":"[^"]*"`)

// TestSeveralIssuers: each has its own people, keys and roles, though they call their keys the same.
func TestSeveralIssuers(t *testing.T) {
	corp, entra, partner := issuertest.New(t), issuertest.New(t), issuertest.New(t)
	entra.Person = map[string]any{"sub": "x", "oid": "1001", "preferred_username": "ines@entra.example", "roles": []string{"Fieldgate.Developer"}}
	partner.Person = map[string]any{"sub": "1001", "email": "ines@partner.example", "email_verified": true, "scope": "openid helpdesk"}
	corp.Person["realm_access"] = map[string]any{"roles": []string{"offline_access", "finance"}}
	roles := func(entry, mapped string) string {
		return regexp.MustCompile(`roles: \{.*\}`).ReplaceAllString(entry, "roles: {"+mapped+"}")
	}
	p := startDemo(t, "--issuers", issuersFile(t,
		issuerEntry("corp", corp, "claims: {groups: realm_access.roles}"),
		roles(issuerEntry("entra", entra, "claims: {subject: oid, email: preferred_username, groups: roles}", "email_verified: assumed"), "Fieldgate.Developer: DEVELOPER"),
		roles(issuerEntry("partner", partner, "claims: {groups: scope}", "jwks_uri: "+partner.URL+"/keys"), "helpdesk: SUPPORT")))
	users := map[string]bool{}
	for from, want := range map[*issuertest.Provider]policy.Role{corp: policy.BillingManager, entra: policy.Developer, partner: policy.Support} {
		got := p.exchanged(from.Token(nil)).do(`{ viewer { sid roles } }`, nil).ok(t)
		if fmt.Sprint(got.at("viewer", "roles")) != "["+string(want)+"]" {
			t.Errorf("%s, want %s", got.body, want)
		}
		users[got.text("viewer", "sid")] = true
	}
	if len(users) != 3 {
		t.Errorf("they are %d users", len(users))
	}
	p.exchange(corp.Token(map[string]any{"iss": partner.URL, "scope": "helpdesk"})).denied(t, 400, "invalid_request")
	p.exchange(partner.Token(map[string]any{"iss": corp.URL, "realm_access": map[string]any{"roles": []string{"admins"}}})).denied(t, 400, "invalid_request")
}

// TestIssuerDown: the gateway starts without the issuer, says when to ask again, and takes it up when it is back.
func TestIssuerDown(t *testing.T) {
	t.Parallel() // it waits most of the time
	corp := issuertest.New(t)
	corp.Down(true)
	p := startDemo(t, "--limit-sign-ins", "100000", "--issuers", issuersFile(t, issuerEntry("corp", corp)))
	p.as(owner).do(`{ viewer { sid } }`, nil).ok(t)
	eventually(t, "the keys cannot be fetched", func() bool { return strings.Contains(p.stderr.String(), "an issuer's keys cannot be fetched") })
	a := p.exchange(corp.Token(nil))
	a.denied(t, 503, "temporarily_unavailable")
	if a.header.Get("Retry-After") == "" {
		t.Errorf("headers %v", a.header)
	}
	corp.Down(false)
	for late := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if a = p.exchange(corp.Token(nil)); a.status == 200 {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("%d %s\n%s", a.status, a.body, p.stderr)
		}
	}
	if log := p.stderr.String(); strings.Count(log, "an issuer's keys cannot be fetched") != 1 || !strings.Contains(log, `"issuer":"corp"`) {
		t.Errorf("the log: %s", log)
	}
}

// TestIssuerUnknownKeys: whoever has used up the fetches for unknown keys keeps nobody out whose key is known, and one
// that is new is to try again, not taken for a forgery.
func TestIssuerUnknownKeys(t *testing.T) {
	t.Parallel() // it waits most of the time
	corp := issuertest.New(t)
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp)))
	p.exchanged(corp.Token(nil))
	stranger := issuertest.NewKey(t, "unknown")
	for range 3 {
		p.exchange(stranger.Sign(t, nil, corp.Claims(nil))).denied(t, 400, "invalid_request")
	}
	a := p.exchange(stranger.Sign(t, nil, corp.Claims(nil)))
	a.denied(t, 503, "temporarily_unavailable")
	if a.header.Get("Retry-After") == "" {
		t.Errorf("headers %v", a.header)
	}
	p.exchanged(corp.Token(nil))
}

// TestLocalSignInOff: without passwords, people come through their provider alone.
func TestLocalSignInOff(t *testing.T) {
	corp := issuertest.New(t)
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp)), "--local-sign-in=off")
	p.guest().do(signInQuery, vars{"email": owner, "password": password}).refused(t, 200, "FORBIDDEN")
	p.guest().do(`mutation { acceptInvitation(input: {token: "x", password: "long enough"}) { email } }`, nil).refused(t, 200, "FORBIDDEN")
	r := p.guest().request(http.MethodPost, p.url, `{"query":"mutation { signInWithCookies(input: {email: \"`+owner+`\", password: \"`+password+`\"}) { expiresIn } }"}`)
	r.Header.Set("Fieldgate-Cookies", "renew")
	if a := p.guest().send(r); a.code() != "FORBIDDEN" || len(a.header.Values("Set-Cookie")) != 0 {
		t.Errorf("%s %v", a.body, a.header)
	}
	p.exchanged(corp.Token(nil)).do(`{ viewer { sid } }`, nil).ok(t)
	if log := p.stderr.String(); !strings.Contains(log, "nobody is let in as Owner") {
		t.Errorf("the log: %s", log)
	}
}

// TestIssuersFaults: a file that cannot be right is refused with each fault and its line, at the start and by check.
func TestIssuersFaults(t *testing.T) {
	corp := issuertest.New(t)
	bad := issuersFile(t, issuerEntry("corp", corp, "audience: x", "session: 2d"))
	for _, args := range [][]string{{"serve", "--listen=127.0.0.1:0", "--data", demoData(t), "--issuers", bad}, {"check", "--issuers", bad}} {
		got := command(t, args...)
		if got.status != 1 || !strings.Contains(got.stderr, bad+`:8: an issuer has no "audience"`) || !strings.Contains(got.stderr, bad+":9: want a duration") {
			t.Errorf("%v: %d %s", args, got.status, got.stderr)
		}
	}
	if got := command(t, "check", "--issuers", issuersFile(t, issuerEntry("corp", corp))); got.status != 0 || !strings.Contains(got.stdout, "Issuer corp: "+corp.URL) {
		t.Errorf("%+v", got)
	}
	roles := file(t, "roles.yaml", "helpdesk: SUPPORT\n")
	entry := regexp.MustCompile(`roles: \{.*\}`).ReplaceAllString(issuerEntry("corp", corp), "roles_file: "+roles)
	if got := command(t, "check", "--issuers", issuersFile(t, entry)); got.status != 0 {
		t.Errorf("%+v", got)
	}
	t.Setenv("FIELDGATE_ISSUERS", "/nowhere/issuers.yaml")
	if got := command(t, "check"); got.status != 1 || !strings.Contains(got.stderr, "--issuers") {
		t.Errorf("%+v", got)
	}
}
