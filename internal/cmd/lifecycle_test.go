package cmd

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// whoAmI is a query that needs a session, and shows what the caller's roles come to.
const whoAmI = `{ viewer { roles } account { apiKeys(first: 1) { edges { node { sid } } } } }`

// renew exchanges the client's refresh token.
func (c client) renew() (client, answer) {
	c.p.t.Helper()
	a := c.p.guest().do(`mutation($token: String!) { refreshSession(input: {refreshToken: $token}) { accessToken refreshToken } }`,
		vars{"token": c.refresh})
	return client{c.p, a.text("refreshSession", "accessToken"), a.text("refreshSession", "refreshToken")}, a
}

// refused401 fails the test unless the client's token is refused as RFC 6750 says.
func refused401(t *testing.T, c client) {
	t.Helper()
	a := c.do(whoAmI, nil).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer error="invalid_token"`) || a.hasData {
		t.Errorf("WWW-Authenticate: %s; %s", got, a.body)
	}
}

// sessionsOf are the ids of a user's sessions, as the Owner sees them.
func sessionsOf(t *testing.T, p *program, email string) []string {
	t.Helper()
	return ids(snapshot(t, p), "session of "+email)
}

// TestLifecycle follows sessions from sign-in to their end, on a Redis beside the program.
func TestLifecycle(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		r := startRedis(t)
		arguments := append(on.demo(t), "--redis-url", r.url(), "--log-level", "error")
		p := start(t, arguments...)
		whole := t

		t.Run("the owner changes a role", func(t *testing.T) {
			who := p.signIn(developer)
			if a := who.do(whoAmI, nil).ok(t); a.text("account", "apiKeys", "edges", 0, "node", "sid") == "" {
				t.Errorf("a Developer sees no API keys: %s", a.body)
			}
			target := ids(snapshot(t, p), "user "+developer)[0]
			const set = `mutation($id: ID!, $roles: [Role!]!) { setUserRoles(input: {userId: $id, roles: $roles}) { user { roles } } }`
			p.as(owner).do(set, vars{"id": target, "roles": []string{"SUPPORT", "BILLING_MANAGER"}}).ok(t)
			refused401(t, who)
			renewed, a := who.renew()
			a.ok(t)
			refused401(t, who)
			a = renewed.do(whoAmI, nil).refused(t, http.StatusOK, "FORBIDDEN")
			if got := fmt.Sprint(a.at("viewer", "roles")); got != "[BILLING_MANAGER SUPPORT]" {
				t.Errorf("after the refresh the roles are %s", got)
			}
			renewed.do(`{ account { balance { amount } } }`, nil).ok(t)
			p.as(owner).do(set, vars{"id": target, "roles": []string{"DEVELOPER"}}).ok(t)
			refused401(t, renewed)
		})
		t.Run("a session is ended", func(t *testing.T) {
			before := snapshot(t, p)
			who, other := p.signIn(support), p.signIn(billing)
			for _, id := range sessionsOf(t, p, support) {
				if before[id] == "" {
					p.as(administrator).do(`mutation($id: ID!) { endSession(input: {sessionId: $id}) { endedSessionId } }`, vars{"id": id}).ok(t)
				}
			}
			refused401(t, who)
			_, a := who.renew()
			a.refused(t, http.StatusOK, "UNAUTHENTICATED")
			other.do(`{ viewer { sid } }`, nil).ok(t)
		})
		t.Run("signing out", func(t *testing.T) {
			who, other := p.signIn(support), p.signIn(support)
			who.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
			refused401(t, who)
			_, a := who.renew()
			a.refused(t, http.StatusOK, "UNAUTHENTICATED")
			other.do(`{ viewer { sid } }`, nil).ok(t)
		})
		t.Run("a refresh token is used twice", func(t *testing.T) {
			stolen := p.signIn(support)
			rightful, a := stolen.renew()
			a.ok(t)
			rightful.do(`{ viewer { sid } }`, nil).ok(t)
			_, a = stolen.renew()
			a.refused(t, http.StatusOK, "UNAUTHENTICATED")
			refused401(t, stolen)
			refused401(t, rightful)
			_, a = rightful.renew()
			a.refused(t, http.StatusOK, "UNAUTHENTICATED")
		})
		t.Run("the gateway is started anew", func(t *testing.T) {
			who := p.signIn(support)
			if status := p.stop(); status != 0 {
				t.Fatalf("it ended with status %d: %s", status, p.stderr)
			}
			p = start(whole, arguments...)
			again := client{p, who.access, who.refresh}
			again.do(`{ viewer { sid } }`, nil).ok(t)
			renewed, a := again.renew()
			a.ok(t)
			renewed.do(`{ viewer { sid } }`, nil).ok(t)
		})
		t.Run("Redis stops and comes back", func(t *testing.T) {
			who := p.as(support)
			who.do(`{ viewer { sid } }`, nil).ok(t)
			r.stop()
			unavailable(t, who)
			r.start()
			eventually(t, "the same token is served again", func() bool { return who.try(`{ viewer { sid } }`, nil).status == http.StatusOK })
		})
		t.Run("Redis freezes", func(t *testing.T) {
			who := p.as(support)
			if !r.freeze() {
				t.Log("this Redis cannot be frozen: FIELDGATE_TEST_REDIS_SERVER names no real one")
				return
			}
			unavailable(t, who)
			r.thaw()
			eventually(t, "the same token is served again", func() bool { return who.try(`{ viewer { sid } }`, nil).status == http.StatusOK })
		})
		t.Run("Redis loses everything", func(t *testing.T) {
			all := []client{p.as(owner), p.as(support), p.signIn(billing)}
			for _, who := range all {
				who.do(`{ viewer { sid } }`, nil).ok(t)
			}
			flush(t, r)
			for _, who := range all {
				refused401(t, who)
				_, a := who.renew()
				a.refused(t, http.StatusOK, "UNAUTHENTICATED")
			}
			p.signIn(support).do(`{ viewer { sid } }`, nil).ok(t)
		})
	})
}

// unavailable fails the test unless the gateway, whose Redis does not answer, refuses
// whoever has a token within a second, lets nobody sign in, and serves guests.
func unavailable(t *testing.T, who client) {
	t.Helper()
	time.Sleep(sessionLease)
	fastest := patience // what else a busy machine takes is not the program's doing
	for range 3 {       // the first may find a connection that has just been lost
		a := who.try(whoAmI, nil).refused(t, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
		if a.header.Get("Retry-After") == "" || a.hasData {
			t.Errorf("Retry-After %q, %s", a.header.Get("Retry-After"), a.body)
		}
		fastest = min(fastest, a.took)
	}
	if fastest > time.Second {
		t.Errorf("each was refused after %s or more", fastest)
	}
	a := who.p.guest().do(`{ permissionMatrix { permission } }`, nil).ok(t)
	if len(a.all("permissionMatrix", "permission")) == 0 || a.took > 3*time.Second {
		t.Errorf("after %s a guest is served %s", a.took, a.body)
	}
	a = who.p.guest().try(`mutation($password: String!) {
		signIn(input: {email: "support@example.com", password: $password}) { accessToken } }`, vars{"password": password})
	if a.code() != "SERVICE_UNAVAILABLE" || strings.Contains(a.body, "accessToken") || a.took > 5*time.Second {
		t.Errorf("after %s a sign-in is answered with %d %s", a.took, a.status, a.body)
	}
	_, a = who.renew()
	if a.code() != "SERVICE_UNAVAILABLE" {
		t.Errorf("a refresh is answered with %d %s", a.status, a.body)
	}
}
