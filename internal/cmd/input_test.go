package cmd

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestBadOperations: what is wrong with an operation is said in one code, and where in
// the input; nothing is repeated that was sent, nothing is suggested, nothing changes.
func TestBadOperations(t *testing.T) {
	p := startDemo(t)
	who := p.as(owner)
	key := makeKey(t, demoTenant(p), "kept")
	call := who.do(`{ account { calls(first: 1) { edges { node { id } } pageInfo { endCursor } }
		x: calls(first: 1, direction: INBOUND) { pageInfo { endCursor } } messages(first: 1) { pageInfo { endCursor } } } }`, nil).ok(t)
	cursor := call.text("account", "calls", "pageInfo", "endCursor")
	self := who.do(`{ viewer { sid } }`, nil).ok(t).text("viewer", "sid")
	other := ids(snapshot(t, p), "user "+support)[0]
	before := snapshot(t, p)

	const (
		calls  = `query($first: Int, $after: String) { account { calls(first: $first, after: $after) { edges { cursor } } } }`
		create = `mutation($name: String!, $key: String) { createApiKey(input: {friendlyName: $name, idempotencyKey: $key}) { secret } }`
		rename = `mutation($id: ID!, $name: String!) { updateApiKey(input: {id: $id, friendlyName: $name}) { apiKey { id } } }`
		remove = `mutation($id: ID!) { deleteApiKey(input: {id: $id}) { deletedApiKeyId } }`
		roles  = `mutation($id: ID!, $roles: [Role!]!) { setUserRoles(input: {userId: $id, roles: $roles}) { user { id } } }`
		end    = `mutation($id: ID!) { endSession(input: {sessionId: $id}) { endedSessionId } }`
		node   = `query($id: ID!) { node(id: $id) { id } }`
		long   = "an idempotency key that is far too long, "
	)
	for _, c := range []struct {
		name, query string
		variables   vars
		status      int
		code        string
		inputPath   string // joined by dots
	}{
		{"no operation", `# nothing`, nil, 400, "GRAPHQL_VALIDATION_FAILED", ""},
		{"no GraphQL", `{ account {`, nil, 400, "GRAPHQL_PARSE_FAILED", ""},
		{"an unknown field", `{ acount { sid } }`, nil, 400, "GRAPHQL_VALIDATION_FAILED", ""},
		{"an unknown argument", `{ account { calls(frist: 1) { __typename } } }`, nil, 400, "GRAPHQL_VALIDATION_FAILED", ""},
		{"an unknown type", `{ node(id: "x") { ... on PhoneNumbr { id } } }`, nil, 400, "GRAPHQL_VALIDATION_FAILED", ""},
		{"an unknown value of an enum", `{ account { calls(status: COMPLETD) { __typename } } }`, nil, 400, "GRAPHQL_VALIDATION_FAILED", ""},
		{"no selection", `{ account }`, nil, 400, "GRAPHQL_VALIDATION_FAILED", ""},
		{"two operations and no name", `query A { viewer { sid } } query B { viewer { sid } }`, nil, 400, "GRAPHQL_VALIDATION_FAILED", ""},
		{"@defer", `{ account { ... @defer { sid } } }`, nil, 400, "GRAPHQL_VALIDATION_FAILED", ""},
		{"a subscription", `subscription { productLogs { id } }`, nil, 400, "GRAPHQL_VALIDATION_FAILED", ""},
		{"a text for a number", calls, vars{"first": "ten"}, 400, "BAD_USER_INPUT", "first"},
		{"a fraction for a number", calls, vars{"first": 1.5}, 400, "BAD_USER_INPUT", "first"},
		{"a number for a text", calls, vars{"after": 5}, 400, "BAD_USER_INPUT", "after"},
		{"digits for a number", calls, vars{"first": "5"}, 400, "BAD_USER_INPUT", "first"},
		{"an object for a text", calls, vars{"after": vars{"x": 1}}, 400, "BAD_USER_INPUT", "after"},
		{"a variable that is missing", node, nil, 400, "BAD_USER_INPUT", "id"},
		{"an unknown field of an input", `mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { secret } }`, vars{"i": vars{"friendlyName": "x", "sid": "x"}}, 400, "BAD_USER_INPUT", "i.sid"},
		{"a moment that is none", `{ account { calls(startTimeAfter: "yesterday") { __typename } } }`, nil, 200, "BAD_USER_INPUT", "startTimeAfter"},
		{"a day that is none", `{ account { usageRecords(start: "2026-02-30") { __typename } } }`, nil, 200, "BAD_USER_INPUT", "start"},
		{"days that end before they start", `{ account { usageRecords(start: "2026-02-02", end: "2026-02-01") { __typename } } }`, nil, 200, "BAD_USER_INPUT", "start"},
		{"a number out of range", `{ account { calls(first: 99999999999999999999999999) { __typename } } }`, nil, 400, "", ""},
		{"first: 0", calls, vars{"first": 0}, 200, "BAD_USER_INPUT", "first"},
		{"first: -1", calls, vars{"first": -1}, 200, "BAD_USER_INPUT", "first"},
		{"first: 1001", calls, vars{"first": 1001}, 200, "BAD_USER_INPUT", "first"},
		{"first: 1000000", calls, vars{"first": 1000000}, 200, "BAD_USER_INPUT", "first"},
		{"an empty cursor", calls, vars{"after": ""}, 200, "BAD_USER_INPUT", "after"},
		{"a forged cursor", calls, vars{"after": "bm8gY3Vyc29y"}, 200, "BAD_USER_INPUT", "after"},
		{"a cursor that was changed", calls, vars{"after": cursor[:len(cursor)-1] + flip(cursor[len(cursor)-1])}, 200, "BAD_USER_INPUT", "after"},
		{"a cursor that goes on", calls, vars{"after": cursor + "AA"}, 200, "BAD_USER_INPUT", "after"},
		{"a cursor of 100 kB", calls, vars{"after": strings.Repeat("A", 100_000)}, 200, "BAD_USER_INPUT", "after"},
		{"a cursor of other filters", calls, vars{"after": call.text("account", "x", "pageInfo", "endCursor")}, 200, "BAD_USER_INPUT", "after"},
		{"a cursor of another list", calls, vars{"after": call.text("account", "messages", "pageInfo", "endCursor")}, 200, "BAD_USER_INPUT", "after"},
		{"an empty id", node, vars{"id": ""}, 200, "BAD_USER_INPUT", "id"},
		{"an id that is none", node, vars{"id": "PN0123"}, 200, "BAD_USER_INPUT", "id"},
		{"an id of no type", node, vars{"id": encodeID("Nothing", "XX00")}, 200, "NOT_FOUND", ""},
		{"an id of a type that is no Node", node, vars{"id": encodeID("Money", "XX00")}, 200, "NOT_FOUND", ""},
		{"an id that does not exist", node, vars{"id": encodeID("Call", "CA"+strings.Repeat("0", 32))}, 200, "NOT_FOUND", ""},
		{"a key of another type", rename, vars{"id": call.text("account", "calls", "edges", 0, "node", "id"), "name": "x"}, 200, "BAD_USER_INPUT", "input.id"},
		{"a key that does not exist", rename, vars{"id": unknownID(t, key), "name": "x"}, 200, "NOT_FOUND", ""},
		{"a key that does not exist, to delete", remove, vars{"id": unknownID(t, key)}, 200, "NOT_FOUND", ""},
		{"an empty name", create, vars{"name": ""}, 200, "BAD_USER_INPUT", "input.friendlyName"},
		{"a name too long", create, vars{"name": strings.Repeat("é", 65)}, 200, "BAD_USER_INPUT", "input.friendlyName"},
		{"a name of several lines", create, vars{"name": "one\ntwo"}, 200, "BAD_USER_INPUT", "input.friendlyName"},
		{"a name that is a mask", create, vars{"name": "••••"}, 200, "BAD_USER_INPUT", "input.friendlyName"},
		{"a new name that is a mask", rename, vars{"id": key, "name": "••••"}, 200, "BAD_USER_INPUT", "input.friendlyName"},
		{"an empty idempotency key", create, vars{"name": "x", "key": ""}, 200, "BAD_USER_INPUT", "input.idempotencyKey"},
		{"an idempotency key too long", create, vars{"name": "x", "key": strings.Repeat(long, 7)}, 200, "BAD_USER_INPUT", "input.idempotencyKey"},
		{"no roles", roles, vars{"id": other, "roles": []string{}}, 200, "BAD_USER_INPUT", "input.roles"},
		{"roles that do not go together", roles, vars{"id": other, "roles": []string{"ADMINISTRATOR", "SUPPORT"}}, 200, "BAD_USER_INPUT", "input.roles"},
		{"a role given twice", roles, vars{"id": other, "roles": []string{"SUPPORT", "SUPPORT"}}, 200, "BAD_USER_INPUT", "input.roles"},
		{"ownership by a grant", roles, vars{"id": other, "roles": []string{"OWNER"}}, 200, "BAD_USER_INPUT", "input.roles"},
		{"an unknown role", roles, vars{"id": other, "roles": []string{"ROOT"}}, 400, "BAD_USER_INPUT", "roles.0"},
		{"the Owner's own roles", roles, vars{"id": encodeID("User", self), "roles": []string{"SUPPORT"}}, 200, "FORBIDDEN", ""},
		{"a session's id that is none", end, vars{"id": "x"}, 200, "BAD_USER_INPUT", "input.sessionId"},
		{"a session of nobody", end, vars{"id": encodeID("Session", "US"+strings.Repeat("0", 32)+"/"+strings.Repeat("0", 32))}, 200, "NOT_FOUND", ""},
		{"a session that is not there", end, vars{"id": encodeID("Session", self+"/"+strings.Repeat("0", 32))}, 200, "NOT_FOUND", ""},
		{"a session's id with a key of Redis in it", end, vars{"id": encodeID("Session", self+"/*")}, 200, "NOT_FOUND", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := who.do(c.query, c.variables)
			if c.code == "" { // the code is left open, but it must be a refusal
				c.code = a.code()
				if c.code != "BAD_USER_INPUT" && c.code != "GRAPHQL_VALIDATION_FAILED" {
					t.Errorf("%d %s", a.status, a.body)
				}
				c.status = a.status
			}
			a.refused(t, c.status, c.code)
			if len(a.errors) > 0 {
				if got := strings.Join(a.errors[0].Extensions.InputPath, "."); got != c.inputPath {
					t.Errorf("inputPath %q, want %q: %s", got, c.inputPath, a.body)
				}
			}
			if a.hasData != (c.status == 200) {
				t.Errorf("data is there: %v; %s", a.hasData, a.body)
			}
			if strings.Contains(a.body, "Did you mean") || len(a.body) > 4096 {
				t.Errorf("%.5000s", a.body)
			}
		})
	}
	if gone, made := difference(before, snapshot(t, p)); len(gone)+len(made) > 0 {
		t.Errorf("gone %q, made %q", gone, made)
	}
	t.Run("a value that nothing has", func(t *testing.T) {
		a := who.do(`{ account { phoneNumbers(phoneNumber: "+10000000000") { edges { cursor } pageInfo { hasNextPage startCursor endCursor } } } }`, nil).ok(t)
		if got := fmt.Sprint(a.data); got != "map[account:map[phoneNumbers:map[edges:[] pageInfo:map[endCursor:<nil> hasNextPage:false startCursor:<nil>]]]]" {
			t.Error(got)
		}
	})
	t.Run("first: 1000 is a page", func(t *testing.T) {
		if got := len(who.do(calls, vars{"first": 1000}).ok(t).all("account", "calls", "edges")); got != 1000 {
			t.Errorf("%d edges", got)
		}
	})
	t.Run("as application/json an error is answered with 200", func(t *testing.T) {
		r := who.request(http.MethodPost, p.url, `{"query": "{ acount { sid } }"}`)
		r.Header.Set("Accept", "application/json")
		a := who.send(r).refused(t, 200, "GRAPHQL_VALIDATION_FAILED")
		r = who.request(http.MethodPost, p.url, `{"query": "mutation { deleteApiKey(input: {id: \"x\"}) { deletedApiKeyId } }"}`)
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Authorization", "Bearer "+p.as(support).access)
		b := who.send(r).refused(t, 200, "FORBIDDEN")
		if a.hasData || b.hasData {
			t.Errorf("%s %s", a.body, b.body)
		}
	})
}

// flip is another character of base64.
func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

// TestLimits: what would take long is refused at once.
func TestLimits(t *testing.T) {
	p := startDemo(t)
	who := p.as(owner)
	var fragments, errors strings.Builder
	fragments.WriteString("{ account { ...f0 } }")
	for i := range 40 {
		fmt.Fprintf(&fragments, " fragment f%d on Account { ...f%d ...f%d }", i, i+1, i+1)
	}
	fragments.WriteString(" fragment f40 on Account { sid }")
	var aliases strings.Builder
	for i := range 31 {
		fmt.Fprintf(&aliases, "a%d: sid ", i)
	}
	for i := range 60 {
		fmt.Fprintf(&errors, "x%d ", i)
	}
	for _, c := range []struct{ name, query, code string }{
		{"fragments that double", fragments.String(), ""},
		{"too many tokens", "{ account { " + strings.Repeat("sid ", 1000) + "} }", "LIMIT_EXCEEDED"},
		{"too many aliases", "{ account { " + aliases.String() + "} }", "LIMIT_EXCEEDED"},
		{"too deep", "{ __schema { types { " + strings.Repeat("fields { type { ", 12) + "name" + strings.Repeat(" } }", 12) + " } } }", "GRAPHQL_VALIDATION_FAILED"},
		{"too much", `{ account { a: calls(first: 1000) { edges { node { ...c } } } b: calls(first: 1000) { edges { node { ...c } } }
			c: calls(first: 1000) { edges { node { ...c } } } d: calls(first: 1000) { edges { node { ...c } } }
			e: calls(first: 1000) { edges { node { ...c } } } f: calls(first: 1000) { edges { node { ...c } } } } }
			fragment c on Call { id sid parentCallSid to from phoneNumberSid status direction startTime endTime duration queueTime
				answeredBy forwardedFrom callerName dateCreated dateUpdated price { amount currency } }`, "LIMIT_EXCEEDED"},
		{"two guesses of a password", `mutation {
			a: signIn(input: {email: "owner@example.com", password: "guess one"}) { accessToken }
			b: signIn(input: {email: "owner@example.com", password: "guess two"}) { accessToken } }`, "LIMIT_EXCEEDED"},
		{"two guesses of a password, for cookies", `mutation {
			a: signInWithCookies(input: {email: "owner@example.com", password: "guess one"}) { expiresIn }
			b: signInWithCookies(input: {email: "owner@example.com", password: "guess two"}) { expiresIn } }`, "LIMIT_EXCEEDED"},
		{"two guesses of a password, in two ways", `mutation {
			signIn(input: {email: "owner@example.com", password: "guess one"}) { accessToken }
			signInWithCookies(input: {email: "owner@example.com", password: "guess two"}) { expiresIn } }`, "LIMIT_EXCEEDED"},
		{"two pairs of cookies", `mutation { refreshCookies { expiresIn }
			signInWithCookies(input: {email: "owner@example.com", password: "guess two"}) { expiresIn } }`, "LIMIT_EXCEEDED"},
		{"two guesses of an invitation", `mutation {
			a: acceptInvitation(input: {token: "one", password: "guess one"}) { email }
			b: acceptInvitation(input: {token: "two", password: "guess two"}) { email } }`, "LIMIT_EXCEEDED"},
		{"many users with all their sessions", `{ account { users(first: 1000) { edges { node { sessions { id } } } } } }`, "LIMIT_EXCEEDED"},
		{"too many errors", "{ " + errors.String() + "}", "GRAPHQL_VALIDATION_FAILED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := who.do(c.query, nil)
			if c.code == "" { // fragments may well be written out: each once
				if a.took > 5*time.Second {
					t.Errorf("it took %s", a.took)
				}
				return
			}
			a.refused(t, http.StatusBadRequest, c.code)
			if a.took > 5*time.Second || a.hasData || len(a.errors) > 11 {
				t.Errorf("after %s, with %d errors: %.500s", a.took, len(a.errors), a.body)
			}
		})
	}
}

// TestBadRequests: HTTP that is no GraphQL request.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	p := startDemo(t)
	who := p.as(owner)
	const good = `{"query": "{ viewer { sid } }"}`
	for _, c := range []struct {
		name         string
		method, body string
		change       func(r *http.Request)
		status       int
		code         string
	}{
		{"no body", "POST", ``, nil, 400, "BAD_REQUEST"},
		{"no JSON", "POST", `query { viewer { sid } }`, nil, 400, "BAD_REQUEST"},
		{"no object", "POST", `"{ viewer { sid } }"`, nil, 400, "BAD_REQUEST"},
		{"a batch", "POST", `[` + good + `]`, nil, 400, "LIMIT_EXCEEDED"},
		{"no query", "POST", `{"variables": {}}`, nil, 400, "BAD_REQUEST"},
		{"a query that is no text", "POST", `{"query": 5}`, nil, 400, "BAD_REQUEST"},
		{"variables that are no object", "POST", `{"query": "{ viewer { sid } }", "variables": [1]}`, nil, 400, "BAD_REQUEST"},
		{"more after the end", "POST", good + good, nil, 400, "BAD_REQUEST"},
		{"a member given twice", "POST", `{"query": "{ viewer { sid } }", "query": "{ account { sid } }"}`, nil, 400, "BAD_REQUEST"},
		{"text that is not UTF-8", "POST", "{\"query\": \"{ viewer { sid } } # \xff\"}", nil, 400, "BAD_REQUEST"},
		{"a way of listing denials that there is not", "POST", `{"query": "{ viewer { sid } }", "extensions": {"denials": "never"}}`, nil, 400, "BAD_REQUEST"},
		{"a body too large", "POST", `{"query": "{ viewer { sid } } #` + strings.Repeat("x", 300<<10) + `"}`, nil, 413, "LIMIT_EXCEEDED"},
		{"a form", "POST", "query={viewer{sid}}", header("Content-Type", "application/x-www-form-urlencoded"), 415, "BAD_REQUEST"},
		{"a form with a file", "POST", good, header("Content-Type", "multipart/form-data; boundary=x"), 415, "BAD_REQUEST"},
		{"plain text", "POST", good, header("Content-Type", "text/plain"), 415, "BAD_REQUEST"},
		{"another encoding", "POST", good, header("Content-Type", "application/json; charset=utf-16"), 415, "BAD_REQUEST"},
		{"a compressed body", "POST", good, header("Content-Encoding", "gzip"), 415, "BAD_REQUEST"},
		{"another method", "PUT", good, nil, 405, "BAD_REQUEST"},
		{"an answer in another form", "POST", good, header("Accept", "text/html"), 406, "BAD_REQUEST"},
		{"another host", "POST", good, func(r *http.Request) { r.Host = "attacker.example" }, 421, "BAD_REQUEST"},
		{"another host that begins alike", "POST", good, func(r *http.Request) { r.Host = "localhost.attacker.example:80" }, 421, "BAD_REQUEST"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := who.request(c.method, p.url, c.body)
			if c.change != nil {
				c.change(r)
			}
			a := who.send(r).refused(t, c.status, c.code)
			if a.hasData || strings.Contains(a.body, "viewer") || a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%v %s", a.header, a.body)
			}
		})
	}
	t.Run("a host of this machine", func(t *testing.T) {
		for _, host := range []string{"localhost", "LOCALHOST:8080", "[::1]:1234", "127.0.0.1"} {
			r := who.request(http.MethodPost, p.url, good)
			r.Host = host
			who.send(r).ok(t)
		}
	})
	t.Run("other addresses", func(t *testing.T) {
		root := strings.TrimSuffix(p.url, "/graphql")
		for path, status := range map[string]int{"/": 200, "/healthz": 200, "/.well-known/jwks.json": 200, "/nothing": 404, "/graphql/": 404, "/debug/pprof/": 404} {
			if a := p.guest().send(p.guest().request(http.MethodGet, root+path, "")); a.status != status {
				t.Errorf("%s: %d, want %d", path, a.status, status)
			}
		}
		keys := p.guest().send(p.guest().request(http.MethodGet, root+"/.well-known/jwks.json", ""))
		if !strings.Contains(keys.body, `"OKP"`) || strings.Contains(keys.body, `"d"`) {
			t.Errorf("the keys that are published: %s", keys.body)
		}
	})
	t.Run("a name that the gateway was told of", func(t *testing.T) {
		p := startDemo(t, "--host", "127.0.0.9:443")
		r := p.guest().request(http.MethodPost, p.url, `{"query": "{ permissionMatrix { title } }"}`)
		r.Host = "127.0.0.9"
		p.guest().send(r).ok(t)
	})
}

// header sets a header of a request.
func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// TestMalformedTokens: whoever sends a token that is not good is refused, and never taken for a guest.
func TestMalformedTokens(t *testing.T) {
	p := startDemo(t)
	who := p.as(support)
	parts := strings.Split(who.access, ".")
	if len(parts) != 3 {
		t.Fatal("an access token has three parts")
	}
	const none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0" // {"alg":"none","typ":"at+jwt"}
	for name, values := range map[string][]string{
		"an empty header":              {""},
		"a scheme alone":               {"Bearer"},
		"a scheme and a blank":         {"Bearer "},
		"another scheme":               {"Basic " + who.access},
		"no scheme":                    {who.access},
		"words":                        {"Bearer not a token"},
		"three dots":                   {"Bearer a.b.c"},
		"no signature":                 {"Bearer " + parts[0] + "." + parts[1] + "."},
		"the algorithm none":           {"Bearer " + none + "." + parts[1] + "."},
		"claims that were changed":     {"Bearer " + parts[0] + "." + parts[1][:20] + flip(parts[1][20]) + parts[1][21:] + "." + parts[2]},
		"a signature that was changed": {"Bearer " + parts[0] + "." + parts[1] + "." + parts[2][:20] + flip(parts[2][20]) + parts[2][21:]},
		"a fourth part":                {"Bearer " + who.access + ".x"},
		"two headers":                  {"Bearer " + who.access, "Bearer " + who.access},
		"two tokens":                   {"Bearer " + who.access + ", " + who.access},
		"a refresh token":              {"Bearer " + who.refresh},
		"a token far too long":         {"Bearer " + strings.Repeat("A", 12<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			r := p.guest().request(http.MethodPost, p.url, `{"query": "{ permissionMatrix { title } }"}`)
			r.Header["Authorization"] = values
			a := p.guest().send(r).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
			if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer error="invalid_token"`) || a.hasData {
				t.Errorf("WWW-Authenticate: %s; %s", got, a.body)
			}
			if strings.Contains(p.stderr.String(), parts[2]) {
				t.Error("the token is in the log")
			}
		})
	}
	t.Run("in the address", func(t *testing.T) {
		for _, name := range []string{"access_token", "ACCESS%5fTOKEN"} {
			address := p.url + "?" + url.Values{"query": {"{ viewer { sid } }"}}.Encode() + "&" + name + "=" + who.access
			a := p.guest().send(p.guest().request(http.MethodGet, address, "")).refused(t, http.StatusBadRequest, "BAD_REQUEST")
			if a.hasData {
				t.Error(a.body)
			}
		}
	})
	t.Run("of another gateway", func(t *testing.T) {
		data := demoData(t)
		if err := os.Remove(keyFile(t, data)); err != nil { // so that it makes a key of its own
			t.Fatal(err)
		}
		other := start(t, "--data", data, "--demo-password", password)
		refused401(t, client{other, who.access, ""})
	})
	who.do(`{ viewer { sid } }`, nil).ok(t)
}

// TestSignInTellsNothing: a wrong password and an address that nobody has are answered alike.
func TestSignInTellsNothing(t *testing.T) {
	p := startDemo(t)
	const query = `mutation($email: String!, $password: String!) { signIn(input: {email: $email, password: $password}) { accessToken } }`
	var bodies []string
	for _, c := range [][2]string{
		{owner, "wrong"}, {"nobody@example.com", "wrong"}, {"nobody@example.com", password}, {owner, ""}, {"", ""},
		{owner, password + " "}, {owner, strings.Repeat("x", 5000)}, {"' OR 1=1 --", "x"},
	} {
		a := p.guest().do(query, vars{"email": c[0], "password": c[1]}).refused(t, http.StatusOK, "UNAUTHENTICATED")
		bodies = append(bodies, a.body)
	}
	if len(slices.Compact(bodies)) != 1 {
		t.Errorf("the answers differ: %q", bodies)
	}
	p.signIn("Owner@Example.COM")
	if log := p.stderr.String(); strings.Contains(log, password) || strings.Contains(log, "nobody@example.com") {
		t.Errorf("the log: %s", log)
	}
}
