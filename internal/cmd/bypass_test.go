package cmd

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// encodeID writes a global id as the API does, so that a test can ask for what does not exist.
func encodeID(object, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(object + ":" + key))
}

// unknownID is the id of no object, of the same type and form as a real one.
func unknownID(t testing.TB, real string) string {
	t.Helper()
	object, key, _ := strings.Cut(decodeID(t, real), ":")
	user, session, isSession := strings.Cut(key, "/")
	if isSession {
		return encodeID(object, user[:2]+strings.Repeat("0", len(user)-2)+"/"+session)
	}
	return encodeID(object, key[:2]+strings.Repeat("0", len(key)-2))
}

// decodeID is the type and the key in a global id, with a colon between them.
func decodeID(t testing.TB, id string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestBypass tries to get at what Support may not see, over the real program. The
// comment of a case says what gqlgen's own directive calls would have done; the same
// cases on a schema made for them are in internal/engine.
func TestBypass(t *testing.T) {
	s, m := load(t, sdl(t)), published(t)
	p := startDemo(t)
	who := p.as(support)
	ids := nodeIDs(t, p.as(owner), s)
	vars := vars{"key": ids["ApiKey"], "call": ids["Call"], "yes": true, "no": false}
	for _, c := range []struct {
		name, query string
		denied      []string // coordinates, in order
		data        string   // what there is beside nulls, as fmt prints it
	}{
		{"an alias", `{ account { status: balance { sid: amount } sid: apiKeys(first: 1) { edges { node { id } } } } }`,
			[]string{"Account.balance", "Account.apiKeys"}, "map[account:map[sid:<nil> status:<nil>]]"},
		{"a named fragment", `{ account { ...f } } fragment f on Account { balance { amount } }`,
			[]string{"Account.balance"}, "map[account:map[balance:<nil>]]"},
		// A fragment on the interface reaches the object's field; gqlgen runs no directive of the interface.
		{"a fragment on the interface", `{ account { ... on Node { ... on Account { balance { amount } } } } }`,
			[]string{"Account.balance"}, "map[account:map[balance:<nil>]]"},
		{"a field under a type that is allowed", `query($call: ID!) { node(id: $call) { ... on Call { status: __typename price { amount } } } }`,
			[]string{"Call.price"}, "map[node:map[price:<nil> status:Call]]"},
		// gqlgen's directive on a type is skipped when the object is reached through an interface.
		{"node(id:) of a forbidden type", `query($key: ID!) { node(id: $key) { id } }`,
			[]string{"ApiKey"}, "map[node:<nil>]"},
		// gqlgen calls no directive for __typename, which would tell that the object exists.
		{"__typename of a forbidden object", `query($key: ID!) { node(id: $key) { __typename } }`,
			[]string{"ApiKey"}, "map[node:<nil>]"},
		{"__typename of a forbidden list", `{ account { apiKeys { __typename } } }`,
			[]string{"Account.apiKeys"}, "map[account:map[apiKeys:<nil>]]"},
		// gqlgen reads the arguments before it calls the directive, and says what is wrong with them.
		{"wrong arguments of a forbidden field", `{ account { apiKeys(first: -1, after: "x") { edges { cursor } } } }`,
			[]string{"Account.apiKeys"}, "map[account:map[apiKeys:<nil>]]"},
		{"@include of what is denied", `query($yes: Boolean!) { account { sid: status balance @include(if: $yes) { amount } } }`,
			[]string{"Account.balance"}, "map[account:map[balance:<nil> sid:ACTIVE]]"},
		{"@skip of what is denied", `query($yes: Boolean!) { account { sid: status balance @skip(if: $yes) { amount } } }`,
			nil, "map[account:map[sid:ACTIVE]]"},
		{"one of two with the same key is skipped", `query($yes: Boolean!, $no: Boolean!) { account {
			x: balance @skip(if: $yes) { amount } x: balance @include(if: $no) { currency } sid: status } }`,
			nil, "map[account:map[sid:ACTIVE]]"},
		{"a fragment that is not included", `query($no: Boolean!) { account { sid: status ... @include(if: $no) { balance { amount } } } }`,
			nil, "map[account:map[sid:ACTIVE]]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			used := map[string]any{}
			for name, value := range vars {
				if strings.Contains(c.query, "$"+name) {
					used[name] = value
				}
			}
			a := who.do(c.query, used)
			var denied []string
			for _, e := range a.errors {
				if e.Extensions.Code != "FORBIDDEN" {
					t.Errorf("an error that is no denial: %+v", e)
				}
				denied = append(denied, e.Extensions.Coordinate)
			}
			if a.status != http.StatusOK || !slices.Equal(denied, c.denied) || fmt.Sprint(a.data) != c.data {
				t.Errorf("%s\n got %v, data %v\nwant %v, data %s", a.body, denied, a.data, c.denied, c.data)
			}
		})
	}
	t.Run("a forbidden type's ids all look alike", func(t *testing.T) {
		for _, object := range nodeTypes(s) {
			if met(m, support, objectDemand(s, object)) {
				continue
			}
			const query = `query($id: ID!) { node(id: $id) { __typename id } }`
			real := who.do(query, map[string]any{"id": ids[object]})
			none := who.do(query, map[string]any{"id": unknownID(t, ids[object])})
			if real.body != none.body || real.status != none.status || real.code() != "FORBIDDEN" {
				t.Errorf("%s: a real id gives %d %s, and another %d %s", object, real.status, real.body, none.status, none.body)
			}
		}
	})
	t.Run("a mutation by GET", func(t *testing.T) {
		before := snapshot(t, p)
		query := `mutation { createApiKey(input: {friendlyName: "by GET"}) { secret } }`
		c := p.as(owner)
		a := c.send(c.request(http.MethodGet, p.url+"?"+url.Values{"query": {query}}.Encode(), ""))
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "POST" || a.hasData {
			t.Errorf("got %d %s", a.status, a.body)
		}
		if gone, made := difference(before, snapshot(t, p)); len(gone)+len(made) > 0 {
			t.Errorf("gone %q, made %q", gone, made)
		}
	})
	t.Run("a query by GET is decided alike", func(t *testing.T) {
		query := `{ account { sid: status balance { amount } } }`
		a := who.send(who.request(http.MethodGet, p.url+"?"+url.Values{"query": {query}}.Encode(), ""))
		if b := who.do(query, nil); a.body != b.body || a.status != b.status || len(a.errors) != 1 {
			t.Errorf("by GET %d %s, by POST %d %s", a.status, a.body, b.status, b.body)
		}
	})
	t.Run("denials are listed in the way that is asked for", func(t *testing.T) {
		const query = `{ account { calls(first: 3) { edges { node { price { amount } } } } } }`
		body := `{"query": "` + query + `", "extensions": {"denials": "%s"}}`
		for denials, want := range map[string]int{"each": 3, "selection": 1, "extensions": 0} {
			a := who.send(who.request(http.MethodPost, p.url, fmt.Sprintf(body, denials)))
			if len(a.errors) != want || a.all("account", "calls", "edges", "node", "price") != nil {
				t.Errorf("%s: %s", denials, a.body)
			}
			if denials == "extensions" && !strings.Contains(fmt.Sprint(a.extensions["denied"]), "Call.price") {
				t.Errorf("%s: %s", denials, a.body)
			}
		}
	})
}
