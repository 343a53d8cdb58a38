package cmd

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// setRoles has the Owner give a user of their account these roles.
func (p *program) setRoles(t *testing.T, email string, roles ...string) {
	t.Helper()
	target := ids(snapshot(t, p), "user "+email)[0]
	p.as(owner).do(`mutation($id: ID!, $roles: [Role!]!) { setUserRoles(input: {userId: $id, roles: $roles}) { user { roles } } }`,
		vars{"id": target, "roles": roles}).ok(t)
	p.forget(email)
}

const deleteClient = `mutation($id: ID!) { deleteOAuthClient(input: {id: $id}) { deletedOAuthClientId } }`

// TestOAuthClient follows a client from its making to its deletion.
func TestOAuthClient(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		p := on.start(t)
		who := p.as(developer)
		self := who.do(`{ viewer { sid } }`, nil).ok(t).text("viewer", "sid")
		made := who.do(createClient, vars{"input": vars{"name": "Log export", "grants": grants{grantOf("PRODUCT_LOGS", "READ")}}}).ok(t)
		c := oauthClient{
			made.text("createOAuthClient", "oauthClient", "id"), made.text("createOAuthClient", "oauthClient", "sid"), made.text("createOAuthClient", "secret"),
		}
		if !strings.HasPrefix(c.sid, "OC") || !strings.HasPrefix(c.secret, "fieldgate_") || len(c.secret) != len("fieldgate_")+43 ||
			made.text("createOAuthClient", "oauthClient", "createdBySid") != self || made.at("createOAuthClient", "oauthClient", "lastUsed") != nil {
			t.Errorf("made %s", made.body)
		}
		ends, err := time.Parse(time.RFC3339, made.text("createOAuthClient", "oauthClient", "expiresAt"))
		if left := time.Until(ends); err != nil || left < 364*24*time.Hour || left > 366*24*time.Hour {
			t.Errorf("it ends at %v, %v", ends, err)
		}
		list := who.do(`{ account { oauthClients(first: 1) { edges { cursor node { id } } } } }`, nil).ok(t)
		if list.text("account", "oauthClients", "edges", 0, "node", "id") != c.id ||
			list.text("account", "oauthClients", "edges", 0, "cursor") != made.text("createOAuthClient", "oauthClientEdge", "cursor") {
			t.Errorf("the list begins with %s", list.body)
		}

		tokens := map[string]issued{
			"Basic": p.token(c.sid+":"+c.secret, "grant_type", "client_credentials"),
			"body":  p.token("", "grant_type", "client_credentials", "client_id", c.sid, "client_secret", c.secret),
		}
		for how, a := range tokens {
			t.Run("by "+how, func(t *testing.T) {
				if a.status != http.StatusOK || a.Type != "Bearer" || a.Refresh != "" || a.ExpiresIn < 590 || a.ExpiresIn > 600 || a.header.Get("Cache-Control") != "no-store" {
					t.Fatalf("%d %s", a.status, a.body)
				}
				robot := client{p: p, access: a.Access}
				v := robot.do(`{ viewer { sid email roles permissions { permission actions } } }`, nil).ok(t)
				want := vars{"sid": c.sid, "email": nil, "roles": []any{}, "permissions": []any{vars{"permission": "PRODUCT_LOGS", "actions": []any{"READ"}}}}
				if fmt.Sprint(v.at("viewer")) != fmt.Sprint(want) {
					t.Errorf("viewer is %v, want %v", v.at("viewer"), want)
				}
				robot.do(`{ account { friendlyName calls(first: 1) { edges { node { sid status } } } } }`, nil).ok(t)
				robot.do(`{ account { calls(first: 1) { edges { node { sid } } } apiKeys { edges { cursor } } } }`, nil).refused(t, http.StatusOK, "FORBIDDEN")
				robot.do(`mutation { createApiKey(input: {friendlyName: "x"}) { secret } }`, nil).refused(t, http.StatusForbidden, "FORBIDDEN")
			})
		}
		if a := who.do(`query($id: ID!) { node(id: $id) { ... on OAuthClient { lastUsed } } }`, vars{"id": c.id}).ok(t); a.text("node", "lastUsed") == "" {
			t.Errorf("that it was used is not noted: %s", a.body)
		}
		t.Run("no token", func(t *testing.T) {
			other := p.as(owner).makeClient("Another", usageGrant)
			bodies := map[string]bool{}
			for name, pair := range map[string][2]string{
				"a wrong secret":       {c.sid, c.secret + "x"},
				"another's secret":     {c.sid, other.secret},
				"no such client":       {"OC00000000000000000000000000000000", c.secret},
				"no client's id":       {"x}:user:y", c.secret},
				"in capitals":          {strings.ToUpper(c.sid), c.secret},
				"the hash as a secret": {c.sid, strings.Repeat("0", 64)},
				"a person":             {developer, password},
			} {
				for how, a := range map[string]issued{
					"Basic": p.token(pair[0]+":"+pair[1], "grant_type", "client_credentials"),
					"body":  p.token("", "grant_type", "client_credentials", "client_id", pair[0], "client_secret", pair[1]),
				} {
					t.Run(name+" by "+how, func(t *testing.T) {
						a.denied(t, http.StatusUnauthorized, "invalid_client")
						if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Basic realm=") {
							t.Errorf("WWW-Authenticate: %s", got)
						}
						bodies[a.body] = true
					})
				}
			}
			if len(bodies) != 1 {
				t.Errorf("the answers differ: %v", slices.Collect(maps.Keys(bodies)))
			}
			p.token("", "grant_type", "client_credentials", "client_id", c.sid).denied(t, http.StatusUnauthorized, "invalid_client")
			p.token("", "grant_type", "client_credentials").denied(t, http.StatusUnauthorized, "invalid_client")
			p.token(c.sid+":"+c.secret, "grant_type", "client_credentials", "scope", "everything").denied(t, http.StatusBadRequest, "invalid_scope")
			p.token(c.sid+":"+c.secret, "grant_type", "refresh_token", "refresh_token", who.refresh).denied(t, http.StatusBadRequest, "unauthorized_client")
		})
		t.Run("it has expired", func(t *testing.T) {
			old := who.makeClient("Old", usageGrant)
			p.asClient(old)
			p.change("UPDATE oauth_clients SET expires_at = $1 WHERE sid = $2", time.Now().Add(-time.Second).UnixMicro(), old.sid)
			p.token(old.sid+":"+old.secret, "grant_type", "client_credentials").denied(t, http.StatusUnauthorized, "invalid_client")
		})
		t.Run("it signs out", func(t *testing.T) {
			robot, other := p.asClient(c), p.asClient(c)
			a := robot.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
			if id := decodeID(t, a.text("signOut", "endedSessionId")); !strings.Contains(id, c.sid+"/") || strings.Contains(id, self) {
				t.Errorf("it ended %s", id)
			}
			refused401(t, robot)
			other.do(`{ viewer { sid } }`, nil).ok(t)
		})
		t.Run("deleted", func(t *testing.T) {
			robot := p.asClient(c)
			who.do(deleteClient, vars{"id": c.id}).ok(t)
			refused401(t, robot)
			for _, a := range tokens {
				refused401(t, client{p: p, access: a.Access})
			}
			p.token(c.sid+":"+c.secret, "grant_type", "client_credentials").denied(t, http.StatusUnauthorized, "invalid_client")
			who.do(deleteClient, vars{"id": c.id}).refused(t, http.StatusOK, "NOT_FOUND")
			who.do(`{ viewer { sid } }`, nil).ok(t) // its creator's own session is another
		})
		for _, secret := range []string{c.secret, tokens["Basic"].Access, tokens["body"].Access, "Log export"} {
			if strings.Contains(p.stderr.String(), secret) {
				t.Errorf("the log holds %s", secret)
			}
		}
	})
}

// TestOAuthClientIdempotency: a create that is repeated makes nothing twice, and shows its secret once.
func TestOAuthClientIdempotency(t *testing.T) {
	p := startDemo(t)
	create := func(who client, name, key string) answer {
		return who.do(createClient, vars{"input": vars{"name": name, "grants": usageGrant, "idempotencyKey": key}})
	}
	made := create(p.as(developer), "robot", "k").ok(t)
	again := create(p.as(developer), "robot", "k").ok(t)
	if id := made.text("createOAuthClient", "oauthClient", "id"); id == "" || again.text("createOAuthClient", "oauthClient", "id") != id ||
		made.text("createOAuthClient", "secret") == "" || again.at("createOAuthClient", "secret") != nil {
		t.Errorf("made %s, repeated %s", made.body, again.body)
	}
	create(p.as(developer), "another", "k").refused(t, http.StatusOK, "CONFLICT")
	if other := create(p.as(owner), "robot", "k").ok(t); other.text("createOAuthClient", "secret") == "" {
		t.Errorf("another's key: %s", other.body)
	}
	for range 30 {
		a := p.as(administrator).do(createClient, vars{"input": vars{"name": "one of many", "grants": usageGrant}})
		if a.code() == "CONFLICT" {
			break
		}
		a.ok(t)
	}
	if n := len(ids(snapshot(t, p), "OAuth client one of many")); n != 20 {
		t.Errorf("one user has made %d, want 20", n)
	}
}

// TestOAuthClientInput: what cannot be granted.
func TestOAuthClientInput(t *testing.T) {
	p := startDemo(t)
	in := func(change vars) vars {
		input := vars{"name": "x", "grants": usageGrant}
		maps.Copy(input, change)
		return input
	}
	for _, row := range []struct {
		name    string
		input   vars
		code    string // "" when it is made
		path    string
		message string
	}{
		{"an empty name", in(vars{"name": ""}), "BAD_USER_INPUT", "input name", ""},
		{"a long name", in(vars{"name": strings.Repeat("x", 65)}), "BAD_USER_INPUT", "input name", ""},
		{"a masked name", in(vars{"name": "••••"}), "BAD_USER_INPUT", "input name", ""},
		{"no grants", in(vars{"grants": grants{}}), "BAD_USER_INPUT", "input grants", ""},
		{"no actions", in(vars{"grants": grants{grantOf("USAGE")}}), "BAD_USER_INPUT", "input grants", ""},
		{"a permission twice", in(vars{"grants": grants{grantOf("USAGE", "READ"), grantOf("USAGE", "UPDATE")}}), "BAD_USER_INPUT", "input grants", ""},
		{"an action twice", in(vars{"grants": grants{grantOf("USAGE", "READ", "READ")}}), "BAD_USER_INPUT", "input grants", ""},
		{"an end that is past", in(vars{"expiresAt": time.Now().Add(-time.Minute).Format(time.RFC3339)}), "BAD_USER_INPUT", "input expiresAt", ""},
		{"an end too far away", in(vars{"expiresAt": time.Now().AddDate(11, 0, 0).Format(time.RFC3339)}), "BAD_USER_INPUT", "input expiresAt", ""},
		{"an end within ten years", in(vars{"expiresAt": time.Now().AddDate(9, 0, 0).Format(time.RFC3339)}), "", "", ""},
		{"what the caller does not hold", in(vars{"grants": grants{grantOf("USAGE", "READ"), grantOf("BILLING_HISTORY_AND_SETTINGS", "READ")}}),
			"FORBIDDEN", "", "You cannot grant BILLING_HISTORY_AND_SETTINGS (READ), which you do not hold."},
		{"all that the caller holds", in(vars{"grants": grants{grantOf("API_CREDENTIALS", "READ", "CREATE", "UPDATE", "DELETE")}}), "", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			who := p.as(developer)
			before := snapshot(t, p)
			a := who.do(createClient, vars{"input": row.input})
			if row.code == "" {
				a.ok(t)
				return
			}
			a.refused(t, http.StatusOK, row.code)
			if got := strings.Join(a.errors[0].Extensions.InputPath, " "); got != row.path || row.message != "" && a.errors[0].Message != row.message {
				t.Errorf("got %s, want the path %q", a.body, row.path)
			}
			if gone, made := difference(before, snapshot(t, p)); len(gone)+len(made) > 0 {
				t.Errorf("gone %q, made %q", gone, made)
			}
		})
	}
}

// TestOAuthClientCeiling: what a client may do shrinks with its creator's roles, at that moment, and grows again with them.
func TestOAuthClientCeiling(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		p := on.start(t)
		c := p.as(developer).makeClient("Robot", grants{grantOf("PRODUCT_LOGS", "READ"), grantOf("API_CREDENTIALS", "READ")})
		const both = `{ account { calls(first: 1) { edges { node { sid } } } apiKeys(first: 1) { edges { node { sid } } } } }`
		robot := p.asClient(c)
		robot.do(both, nil).ok(t)

		p.setRoles(t, developer, "SUPPORT")
		refused401(t, robot)
		robot = p.asClient(c)
		a := robot.do(both, nil).refused(t, http.StatusOK, "FORBIDDEN")
		if a.at("account", "apiKeys") != nil || a.text("account", "calls", "edges", 0, "node", "sid") == "" || len(a.errors) != 1 {
			t.Errorf("with a creator of Support's it is shown %s", a.body)
		}
		if v := robot.do(`{ viewer { permissions { permission } } }`, nil).ok(t); fmt.Sprint(v.all("viewer", "permissions", "permission")) != "[PRODUCT_LOGS]" {
			t.Errorf("it holds %s", v.body)
		}

		p.setRoles(t, developer, "DEVELOPER", "BILLING_MANAGER")
		refused401(t, robot)
		robot = p.asClient(c)
		robot.do(both, nil).ok(t)
		robot.do(`{ account { balance { amount } } }`, nil).refused(t, http.StatusOK, "FORBIDDEN") // never granted

		// Somebody else's roles do not matter.
		p.setRoles(t, support, "BILLING_MANAGER")
		robot.do(both, nil).ok(t)

		p.change("DELETE FROM users WHERE email = $1", developer)
		p.token(c.sid+":"+c.secret, "grant_type", "client_credentials").denied(t, http.StatusUnauthorized, "invalid_client")
		if left := ids(snapshot(t, p), "OAuth client Robot"); len(left) != 0 {
			t.Errorf("left of the creator's: %q", left)
		}
	})
}

// TestOAuthClientAfterARestart: under another matrix, a client's token is stale, and its next holds what that matrix gives.
func TestOAuthClientAfterARestart(t *testing.T) {
	r := startRedis(t)
	data := demoData(t)
	arguments := []string{"--data", data, "--demo-password", password, "--redis-url", r.url()}
	p := start(t, arguments...)
	c := p.as(developer).makeClient("Robot", grants{grantOf("USAGE", "READ"), grantOf("PRODUCT_LOGS", "READ")})
	robot := p.asClient(c)
	const both = `{ account { calls(first: 1) { edges { node { sid } } } usageRecords(first: 1) { edges { node { category } } } } }`
	robot.do(both, nil).ok(t)
	p.stop()

	p = start(t, arguments...)
	client{p: p, access: robot.access}.do(both, nil).ok(t) // the same matrix, the same token
	p.stop()

	p = start(t, append(arguments, "--matrix", published(t).with("USAGE", developer, "").file(t))...)
	refused401(t, client{p: p, access: robot.access})
	a := p.asClient(c).do(both, nil).refused(t, http.StatusOK, "FORBIDDEN")
	if a.at("account", "usageRecords") != nil || a.at("account", "calls") == nil {
		t.Errorf("it is shown %s", a.body)
	}
}

// TestOAuthClientAmongPeople: a client that was granted all that there is decides over nobody.
func TestOAuthClientAmongPeople(t *testing.T) {
	s, m := load(t, sdl(t)), published(t)
	p := databases()[0].startBare(t)
	in := p.newTenant()
	var all grants
	for _, permission := range m.permissions() {
		all = append(all, grantOf(permission, "READ", "CREATE", "UPDATE", "DELETE"))
	}
	robot := p.asClient(in.as(owner).makeClient("Omnipotent", all))
	for _, f := range s.Mutation.Fields {
		lesson := lessonOf(t, f.Name)
		if !lesson.forPeople {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			try := lesson.attempt(t, in, robot)
			sessions, before := snapshot(t, in), in.dump()
			a := robot.do("mutation { "+f.Name+try.input+" { __typename } }", nil).refused(t, http.StatusOK, "FORBIDDEN")
			if a.errors[0].Extensions.Permission != "" || !strings.Contains(a.errors[0].Message, "for people alone") {
				t.Errorf("it is told %s", a.body)
			}
			if gone, made := difference(sessions, snapshot(t, in)); len(gone)+len(made) > 0 {
				t.Errorf("gone %q, made %q", gone, made)
			}
			for _, c := range before.changesTo(in.dump()) {
				if c.get("decision") != "DENIED" && c.name != "audit_heads" {
					t.Errorf("a row has changed: %s %c %q", c.name, c.how, c.values)
				}
			}
		})
	}
	robot.do(`mutation { createApiKey(input: {friendlyName: "by a robot"}) { secret } }`, nil).ok(t)

	t.Run("one that makes keys and may not see them", func(t *testing.T) {
		robot := p.asClient(in.as(owner).makeClient("Maker", grants{grantOf("API_CREDENTIALS", "CREATE")}))
		a := robot.do(`mutation { createApiKey(input: {friendlyName: "unseen"}) { secret apiKey { sid } } }`, nil).refused(t, http.StatusOK, "FORBIDDEN")
		if a.text("createApiKey", "secret") == "" || a.at("createApiKey", "apiKey") != nil || a.errors[0].Extensions.Action != "READ" {
			t.Errorf("it is shown %s", a.body)
		}
		robot.do(`mutation { updateApiKey(input: {id: "x", friendlyName: "x"}) { apiKey { sid } } }`, nil).refused(t, http.StatusForbidden, "FORBIDDEN")
	})
}

// TestOAuthClientTokens: the token says whose it is, and nothing of its creator's roles.
func TestOAuthClientTokens(t *testing.T) {
	p := startDemo(t)
	c := p.as(owner).makeClient("Robot", usageGrant)
	robot := p.asClient(c)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(robot.access, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims["sub"] != c.sid || claims["client_id"] != c.sid || fmt.Sprint(claims["roles"]) != "[]" {
		t.Errorf("claims %v", claims)
	}
	// A refresh by GraphQL or at the endpoint needs a refresh token, and there is none.
	p.token("", "grant_type", "refresh_token", "refresh_token", robot.access).denied(t, http.StatusBadRequest, "invalid_grant")
}
