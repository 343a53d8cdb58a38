package cmd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/issuer/issuertest"
)

// TestNoGroupLeft: a token that gives no role is refused, and takes away what its person had: sessions, refresh tokens, the
// tokens of their clients and the next ones. The next that gives one lets them in again.
func TestNoGroupLeft(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		corp := issuertest.New(t)
		p := on.start(t, "--issuers", issuersFile(t, issuerEntry("corp", corp)))
		who := p.exchanged(corp.Token(map[string]any{"groups": []string{"admins"}}))
		made := who.makeClient("backup", grants{grantOf("BILLING_HISTORY_AND_SETTINGS", "READ")})
		robot := p.asClient(made)
		robot.do(`{ account { balance { amount } } }`, nil).ok(t)

		p.exchange(corp.Token(map[string]any{"groups": []string{}})).denied(t, 400, "invalid_request")
		who.do(`{ viewer { sid } }`, nil).refused(t, 401, "UNAUTHENTICATED")
		p.token("", "grant_type", "refresh_token", "refresh_token", who.refresh).denied(t, 400, "invalid_grant")
		robot.do(`{ viewer { sid } }`, nil).refused(t, 401, "UNAUTHENTICATED")
		p.token(made.sid+":"+made.secret, "grant_type", "client_credentials").denied(t, 401, "invalid_client")
		if got := p.rolesOf("ines@corp.example"); got != "[]" {
			t.Errorf("they are shown with %s", got)
		}
		if got := p.as(owner).do(`{ account { users(role: ADMINISTRATOR) { edges { node { email } } } } }`, nil).ok(t); strings.Contains(got.body, "ines") {
			t.Errorf("they are among the Administrators: %s", got.body)
		}

		again := p.exchanged(corp.Token(map[string]any{"groups": []string{"admins"}}))
		again.do(`{ viewer { sid } }`, nil).ok(t)
		who.do(`{ viewer { sid } }`, nil).refused(t, 401, "UNAUTHENTICATED")
		p.asClient(made).do(`{ account { balance { amount } } }`, nil).ok(t)
	})
}

// rolesOf are the roles that a user of the demo's account is shown with.
func (p *program) rolesOf(email string) string {
	p.t.Helper()
	got := p.as(owner).do(`query($e: String) { account { users(email: $e) { edges { node { roles } } } } }`, vars{"e": email}).ok(p.t)
	return fmt.Sprint(got.all("account", "users", "edges", "node", "roles"))
}

// TestOlderToken: roles that a newer token has taken do not come back by an older one.
func TestOlderToken(t *testing.T) {
	corp := issuertest.New(t)
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp)))
	older := corp.Token(map[string]any{"groups": []string{"admins"}, "iat": time.Now().Add(-23 * time.Hour).Unix()})
	p.exchanged(older)
	p.exchanged(older) // in force, and nothing newer is known
	who := p.exchanged(corp.Token(map[string]any{"groups": []string{"support"}}))
	p.exchange(older).denied(t, 400, "invalid_request")
	if got := who.do(`{ viewer { roles } }`, nil).ok(t); fmt.Sprint(got.at("viewer", "roles")) != "[SUPPORT]" {
		t.Errorf("%s", got.body)
	}
}

const suspend = `mutation($id: ID!) { setUserRoles(input: {userId: $id, roles: []}) { user { roles } } }`

// TestLeaver: whoever left their provider, which does not say so, is cut off by a manager at once, and no token from before
// lets them in again.
func TestLeaver(t *testing.T) {
	corp := issuertest.New(t)
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp)))
	token := corp.Token(map[string]any{"groups": []string{"developers"}, "iat": time.Now().Add(-time.Minute).Unix()})
	who := p.exchanged(token)
	made := who.makeClient("export", usageGrant)
	robot := p.asClient(made)
	ines := vars{"id": p.globalID("ines@corp.example")}
	p.as(developer).do(suspend, ines).refused(t, 403, "FORBIDDEN")
	p.as(owner).do(suspend, vars{"id": p.globalID(support)}).refused(t, 200, "BAD_USER_INPUT")
	who.do(`{ viewer { sid } }`, nil).ok(t)

	if got := p.as(administrator).do(suspend, ines).ok(t); fmt.Sprint(got.at("setUserRoles", "user", "roles")) != "[]" {
		t.Errorf("%s", got.body)
	}
	who.do(`{ viewer { sid } }`, nil).refused(t, 401, "UNAUTHENTICATED")
	p.token("", "grant_type", "refresh_token", "refresh_token", who.refresh).denied(t, 400, "invalid_grant")
	robot.do(`{ viewer { sid } }`, nil).refused(t, 401, "UNAUTHENTICATED")
	p.token(made.sid+":"+made.secret, "grant_type", "client_credentials").denied(t, 401, "invalid_client")
	p.exchange(token).denied(t, 400, "invalid_request")
	p.exchanged(corp.Token(map[string]any{"iat": time.Now().Add(2 * time.Second).Unix()})).do(`{ viewer { sid } }`, nil).ok(t)
}

// TestClientsOfALeaver: the clients of whoever has not come for longer than their issuer's setting, or whose issuer is not
// in the file any more, have no tokens.
func TestClientsOfALeaver(t *testing.T) {
	t.Parallel()
	corp := issuertest.New(t)
	args := []string{"--data", demoData(t), "--demo-password", password}
	with := func(lines ...string) []string {
		return append(args[:len(args):len(args)], "--issuers", issuersFile(t, issuerEntry("corp", corp, lines...)))
	}
	p := start(t, with()...)
	p.knows(corp)
	made := p.exchanged(corp.Token(map[string]any{"sub": "1002", "email": "leo@corp.example", "groups": []string{"developers"}})).makeClient("new", usageGrant)
	p.asClient(made).do(`{ viewer { sid } }`, nil).ok(t)
	p.change("UPDATE identities SET asserted_at = $1 WHERE subject = '1002'", time.Now().Add(-2*time.Hour).UnixMicro())
	p.asClient(made).do(`{ viewer { sid } }`, nil).ok(t)
	p.stop()
	for name, args := range map[string][]string{"not seen for longer": with("clients: 1h"), "of no issuer any more": args} {
		p = start(t, args...)
		p.token(made.sid+":"+made.secret, "grant_type", "client_credentials").denied(t, 401, "invalid_client")
		if log := p.stderr.String(); !strings.Contains(log, "an OAuth client was refused") || strings.Contains(log, made.secret) {
			t.Errorf("%s: the log: %s", name, log)
		}
		p.stop()
	}
	p = start(t, with("clients: 1h")...)
	p.knows(corp)
	p.exchanged(corp.Token(map[string]any{"sub": "1002", "email": "leo@corp.example", "groups": []string{"developers"}}))
	p.asClient(made).do(`{ viewer { sid } }`, nil).ok(t)
}
