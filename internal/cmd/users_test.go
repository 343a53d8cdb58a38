package cmd

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/issuer/issuertest"
)

// TestNewcomer goes the whole way of someone new: invited, mailed, in by the link, with the roles of the invitation, and out
// again at once when they are removed.
func TestNewcomer(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		p := on.startBare(t)
		in := p.newTenant()
		email := newcomer()
		id, first := in.invited(t, email, "SUPPORT")
		in.as(administrator).do(`mutation($id: ID!) { resendInvitation(input: {id: $id}) { invitation { id } } }`, vars{"id": id}).ok(t)
		second := in.mailTo(email)
		p.guest().do(acceptQuery, vars{"token": first, "password": password}).refused(t, http.StatusOK, "NOT_FOUND")
		p.guest().do(acceptQuery, vars{"token": second, "password": password}).ok(t)
		p.guest().do(acceptQuery, vars{"token": second, "password": password}).refused(t, http.StatusOK, "NOT_FOUND")
		who := p.signIn(email)
		if got := who.do(`{ viewer { roles } }`, nil).ok(t); !strings.Contains(got.body, `["SUPPORT"]`) {
			t.Errorf("%s", got.body)
		}
		in.as(owner).do(inviteQuery, vars{"email": email, "roles": []string{"SUPPORT"}}).refused(t, http.StatusOK, "CONFLICT")

		sessions := in.as(owner).do(`{ account { sessions { userSid } users { edges { node { id sid email } } } } }`, nil).ok(t)
		target := ""
		for _, u := range sessions.all("account", "users", "edges", "node") {
			if u := u.(map[string]any); u["email"] == email {
				target = u["id"].(string)
				if !strings.Contains(sessions.body, `{"userSid":"`+u["sid"].(string)+`"}`) {
					t.Errorf("their session is not listed: %s", sessions.body)
				}
			}
		}
		in.as(administrator).do(removeQuery, vars{"id": target}).ok(t)
		who.do(`{ viewer { sid } }`, nil).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
		p.token("", "grant_type", "refresh_token", "refresh_token", who.refresh).denied(t, http.StatusBadRequest, "invalid_grant")
		p.guest().do(signInQuery, vars{"email": email, "password": password}).refused(t, http.StatusOK, "UNAUTHENTICATED")
		in.as(administrator).do(removeQuery, vars{"id": target}).refused(t, http.StatusOK, "NOT_FOUND")
		in.joined(t, email, "DEVELOPER")
		for _, secret := range []string{first, second, email} {
			if strings.Contains(p.stderr.String()+p.stdout.String(), secret) {
				t.Error("a token or an address is in the log")
			}
		}
	})
}

// TestAcceptElsewhere: an account's trail does not tell who in another account has accepted its invitation.
func TestAcceptElsewhere(t *testing.T) {
	p := startDemo(t)
	in, elsewhere := p.newTenant(), p.newTenant()
	_, token := in.invited(t, newcomer(), "SUPPORT")
	elsewhere.as(support).do(acceptQuery, vars{"token": token, "password": password}).ok(t)
	got := in.as(owner).do(`{ account { auditEvents(coordinate: "Mutation.acceptInvitation") { edges { node { userSid sessionId outcome } } } } }`, nil).ok(t)
	if want := `[{"node":{"userSid":null,"sessionId":null,"outcome":"DONE"}}]`; !strings.Contains(got.body, want) {
		t.Errorf("%s, want %s", got.body, want)
	}
}

// TestRemovedByProvider: whoever comes from another issuer and was removed is told so, and not let in until they are invited.
func TestRemovedByProvider(t *testing.T) {
	corp := issuertest.New(t)
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp)))
	in := demoTenant(p)
	who := p.exchanged(corp.Token(map[string]any{"groups": []string{"support"}}))
	robot := p.exchanged(corp.Token(map[string]any{"groups": []string{"support"}}))
	id := in.as(owner).do(`{ account { users(email: "ines@corp.example") { edges { node { id } } } } }`, nil).ok(t).text("account", "users", "edges", 0, "node", "id")
	in.as(owner).do(`mutation($id: ID!) { transferOwnership(input: {userId: $id}) { owner { id } } }`, vars{"id": id}).refused(t, http.StatusOK, "CONFLICT")
	in.as(administrator).do(removeQuery, vars{"id": id}).ok(t)
	for _, c := range []client{who, robot} {
		c.do(`{ viewer { sid } }`, nil).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	}
	p.exchange(corp.Token(map[string]any{"groups": []string{"support"}})).denied(t, http.StatusBadRequest, "invalid_request")
	in.as(owner).do(inviteQuery, vars{"email": "ines@corp.example", "roles": []string{"SUPPORT"}}).ok(t)
	// What their provider issues is of whole seconds: it counts from the one after the invitation.
	again := p.exchanged(corp.Token(map[string]any{"groups": []string{"admins"}, "iat": time.Now().Add(time.Second).Unix()}))
	again.do(`{ account { users { edges { node { id } } } } }`, nil).ok(t)
	if got := in.as(owner).do(`{ account { invitations(email: "ines@corp.example") { edges { node { id } } } } }`, nil).ok(t); len(got.all("account", "invitations", "edges")) > 0 {
		t.Errorf("the invitation is still open: %s", got.body)
	}
}

// TestOutbox: what the command prints, and what it refuses.
func TestOutbox(t *testing.T) {
	p := startDemo(t)
	keys := filepath.Join(p.data, "keys")
	run := func(args ...string) result {
		return command(t, append([]string{"outbox", "--data", p.data}, args...)...)
	}
	in := demoTenant(p)
	in.as(owner).do(inviteQuery, vars{"email": "new@example.com", "roles": []string{"SUPPORT", "DEVELOPER"}}).ok(t)
	if _, err := token.AddKey(keys, time.Now()); err != nil { // which signs at the next start
		t.Fatal(err)
	}
	got := run("--public-url", "https://gateway.example.com/fg")
	if want := `{"kind":"invitation","to":"new@example.com","account":"Halyard Freight","roles":["DEVELOPER","SUPPORT"],"link":"https://gateway.example.com/fg/accept#token=`; got.status != 0 || got.stderr != "" || !strings.HasPrefix(got.stdout, want) || strings.Count(got.stdout, "\n") != 1 {
		t.Errorf("status %d: %s%s", got.status, got.stdout, got.stderr)
	}
	_, link, _ := strings.Cut(got.stdout, "#token=")
	if secret, _, _ := strings.Cut(link, `"`); len(secret) != 43 || !strings.Contains(p.stderr.String(), "/accept#token="+secret) {
		t.Errorf("the demo's log does not show the link: %s", p.stderr)
	}
	if got := run(); got.status != 0 || got.stdout+got.stderr != "" {
		t.Errorf("once more: %+v", got)
	}
	for name, row := range map[string]struct {
		args []string
		says string
	}{
		"without TLS":     {[]string{"--public-url", "http://gateway.example.com"}, "--public-url begins with https://"},
		"other keys":      {[]string{"--keys", t.TempDir()}, "(--keys)"},
		"another folder":  {[]string{"--data", filepath.Join(t.TempDir(), "none")}, "there is no account"},
		"no such flag of": {[]string{"--database-url-file", "none"}, "--database-url-file"},
	} {
		if got := run(row.args...); got.status != 1 || got.stdout != "" || !strings.Contains(got.stderr, row.says) {
			t.Errorf("%s: status %d: %s%s", name, got.status, got.stdout, got.stderr)
		}
	}
	in.as(owner).do(inviteQuery, vars{"email": "new@example.com", "roles": []string{"SUPPORT"}}).ok(t)
	if err := os.Rename(filepath.Join(keys, "19700101T000000Z.pem"), filepath.Join(t.TempDir(), "old.pem")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it stays, for whoever finds the key again
		if got := run(); got.status != 1 || got.stdout != "" || !strings.Contains(got.stderr, "the links of 1 mails") {
			t.Errorf("with the key gone: %+v", got)
		}
	}
}

// TestInvitationExpires: what --invitation-expires says is checked at the start.
func TestInvitationExpires(t *testing.T) {
	for _, bad := range []string{"59s", "721h", "-1h"} {
		if got := command(t, "serve", "--listen=127.0.0.1:0", "--data", t.TempDir(), "--invitation-expires="+bad); got.status != 1 || !strings.Contains(got.stderr, "--invitation-expires") {
			t.Errorf("%s: %+v", bad, got)
		}
	}
}

// TestMailWithoutPassword: where nobody signs in with a password, a mail leads to where one signs in, and there is no token.
func TestMailWithoutPassword(t *testing.T) {
	corp := issuertest.New(t)
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp)), "--local-sign-in=off")
	who := p.exchanged(corp.Token(map[string]any{"groups": []string{"admins"}}))
	who.do(inviteQuery, vars{"email": "new@corp.example", "roles": []string{"SUPPORT"}}).ok(t)
	got := command(t, "outbox", "--data", p.data, "--public-url", "https://gateway.example.com")
	if !strings.Contains(got.stdout, `"link":"https://gateway.example.com/"`) || strings.Contains(p.stderr.String(), "#token=") {
		t.Errorf("%+v", got)
	}
}

// TestAllSessions: those of all users at once are all of them, or none and where else they are.
func TestAllSessions(t *testing.T) {
	const ask = `{ account { sessions { id userSid dateCreated } } }`
	p := startDemo(t)
	in := demoTenant(p)
	in.as(support)
	in.as(developer)
	got := in.as(owner).do(ask, nil).ok(t).all("account", "sessions")
	if len(got) != 3 || got[0].(map[string]any)["dateCreated"].(string) < got[2].(map[string]any)["dateCreated"].(string) {
		t.Errorf("%v, want three, the newest first", got)
	}
	ended := in.as(administrator).do(`mutation($id: ID!) { endUserSessions(input: {userId: $id}) { endedSessions } }`, vars{"id": in.user(support)}).ok(t)
	if !strings.Contains(ended.body, `"endedSessions":1`) {
		t.Errorf("%s", ended.body)
	}
	in.as(support).do(`{ viewer { sid } }`, nil).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	in.as(administrator).do(`mutation($id: ID!) { endUserSessions(input: {userId: $id}) { endedSessions } }`, vars{"id": in.user(owner)}).refused(t, http.StatusOK, "FORBIDDEN")
	p.change(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
		INSERT INTO users (sid, account_sid, email, name, roles, password_hash, date_created, date_updated)
		SELECT 'US' || i, $1, 'user' || i || '@example.com', 'x', 'SUPPORT', '', 0, 0 FROM n`, in.sid)
	in.as(owner).do(ask, nil).refused(t, http.StatusOK, "LIMIT_EXCEEDED")
}
