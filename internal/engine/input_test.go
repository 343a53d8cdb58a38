package engine_test

import (
	"net/http"
	"testing"
)

// TestInputs: what counts as passing a guarded argument or input field.
func TestInputs(t *testing.T) {
	const (
		price = "calls FORBIDDEN Query.calls(price:)"
		where = "calls FORBIDDEN CallWhere.price"
	)
	for _, row := range []struct {
		name, query string
		variables   map[string]any
		denied      []string
	}{
		{"not passed", `{ calls { name } }`, nil, nil},
		{"a literal", `{ calls(price: "1") { name } }`, nil, []string{price}},
		{"a literal null", `{ calls(price: null) { name } }`, nil, []string{price}},
		{"a variable", `query($p: String) { calls(price: $p) { name } }`, map[string]any{"p": "1"}, []string{price}},
		{"a variable that is null", `query($p: String) { calls(price: $p) { name } }`, map[string]any{"p": nil}, []string{price}},
		{"a variable that is absent", `query($p: String) { calls(price: $p) { name } }`, nil, nil},
		{"the operation's default", `query($p: String = "1") { calls(price: $p) { name } }`, nil, []string{price}},
		{"the operation's default null", `query($p: String = null) { calls(price: $p) { name } }`, nil, []string{price}},
		{"an input without it", `{ calls(where: {name: "x"}) { name } }`, nil, nil},
		{"an empty input", `{ calls(where: {}) { name } }`, nil, nil},
		{"a null input", `{ calls(where: null) { name } }`, nil, nil},
		{"an input field", `{ calls(where: {price: "1"}) { name } }`, nil, []string{where}},
		{"an input field of null", `{ calls(where: {price: null}) { name } }`, nil, []string{where}},
		{"an input field in a list", `{ calls(where: {and: [{name: "x"}, {price: "1"}]}) { name } }`, nil, []string{where}},
		{"an input field in a list of one, without its brackets", `{ calls(where: {and: {price: "1"}}) { name } }`, nil, []string{where}},
		{"an input field by an absent variable", `query($p: String) { calls(where: {price: $p}) { name } }`, nil, nil},
		{"an input field by a variable", `query($p: String) { calls(where: {price: $p}) { name } }`, map[string]any{"p": "1"}, []string{where}},
		{"the whole input by a variable", `query($w: CallWhere) { calls(where: $w) { name } }`,
			map[string]any{"w": map[string]any{"and": []any{map[string]any{"price": nil}}}}, []string{where}},
		{"a variable in a list in a literal", `query($w: CallWhere!) { calls(where: {and: [$w]}) { name } }`,
			map[string]any{"w": map[string]any{"price": "1"}}, []string{where}},
		{"the whole input by a variable, without it", `query($w: CallWhere) { calls(where: $w) { name } }`,
			map[string]any{"w": map[string]any{"name": "x", "and": []any{map[string]any{}}}}, nil},
		{"the whole input by the operation's default", `query($w: CallWhere = {and: {price: "1"}}) { calls(where: $w) { name } }`, nil, []string{where}},
		{"under a skipped field", `{ calls(price: "1") @skip(if: true) { name } hello }`, nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := gatewayFor(t, holding(logs)).send(request{Query: row.query, Variables: row.variables})
			a.wantDenied(t, row.denied...)
			if ran := a.visits.Count("Query.calls") > 0; ran != (len(row.denied) == 0 && a.visits.Count("Query.hello") == 0) {
				t.Errorf("the resolver ran: %v", ran)
			}
			if a := gatewayFor(t, holding(logs, billing)).send(request{Query: row.query, Variables: row.variables}); len(a.Errors) > 0 {
				t.Errorf("who may filter by it: %s", a.text)
			}
		})
	}
}

// TestConditions: @skip and @include are applied before anything is decided.
func TestConditions(t *testing.T) {
	for _, row := range []struct {
		name, query string
		variables   map[string]any
		data        string
		denied      []string
	}{
		{"skipped", `{ page { name secret @skip(if: true) } }`, nil, `{"page":{"name":"⟦Page.name⟧"}}`, nil},
		{"not skipped", `{ page { secret @skip(if: false) } }`, nil, `{"page":{"secret":null}}`, []string{"page.secret FORBIDDEN Page.secret"}},
		{"not included", `{ page { name secret @include(if: false) } }`, nil, `{"page":{"name":"⟦Page.name⟧"}}`, nil},
		{"skipped by a variable", `query($x: Boolean!) { page { name secret @skip(if: $x) } }`, map[string]any{"x": true},
			`{"page":{"name":"⟦Page.name⟧"}}`, nil},
		{"not skipped by a variable", `query($x: Boolean!) { page { secret @skip(if: $x) } }`, map[string]any{"x": false},
			`{"page":{"secret":null}}`, []string{"page.secret FORBIDDEN Page.secret"}},
		{"skipped by a default", `query($x: Boolean = true) { page { name secret @skip(if: $x) } }`, nil,
			`{"page":{"name":"⟦Page.name⟧"}}`, nil},
		{"included but skipped", `{ page { name secret @include(if: true) @skip(if: true) } }`, nil, `{"page":{"name":"⟦Page.name⟧"}}`, nil},
		{"a fragment that is skipped", `{ page { name ...A @skip(if: true) } } fragment A on Page { secret }`, nil,
			`{"page":{"name":"⟦Page.name⟧"}}`, nil},
		{"a fragment that is skipped once of twice", `{ page { name ...A @skip(if: true) ...A } } fragment A on Page { secret }`, nil,
			`{"page":{"name":"⟦Page.name⟧","secret":null}}`, []string{"page.secret FORBIDDEN Page.secret"}},
		{"an inline fragment that is not included", `{ page { name ... @include(if: false) { secret } } }`, nil,
			`{"page":{"name":"⟦Page.name⟧"}}`, nil},
		{"neither true nor false", `query($x: Boolean = true) { page { name @skip(if: $x) } }`, map[string]any{"x": nil}, ``,
			[]string{" BAD_USER_INPUT <nil>"}},
		{"neither true nor false, of a fragment", `query($x: Boolean = true) { page { ... @include(if: $x) { name } } }`,
			map[string]any{"x": nil}, ``, []string{" BAD_USER_INPUT <nil>"}},
		{"neither true nor false, of a spread", `query($x: Boolean = true) { page { ...A @include(if: $x) } } fragment A on Page { name }`,
			map[string]any{"x": nil}, ``, []string{" BAD_USER_INPUT <nil>"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := gatewayFor(t, holding()).send(request{Query: row.query, Variables: row.variables})
			a.wantData(t, row.data)
			a.wantDenied(t, row.denied...)
		})
	}
}

// TestUnreadableArgument: a literal that no Go value holds is the caller's fault, not a panic.
func TestUnreadableArgument(t *testing.T) {
	a := gatewayFor(t, holding()).ask(`{ hello(stamp: 99999999999999999999999) }`)
	a.wantDenied(t, " BAD_USER_INPUT <nil>")
}

// TestMutations: a mutation is made whole or not at all.
func TestMutations(t *testing.T) {
	const response = "application/graphql-response+json"
	for _, row := range []struct {
		name      string
		caller    caller
		query     string
		status    int // as application/graphql-response+json
		data      string
		denied    []string
		resolvers int
	}{
		{"permitted", holding(credentials), `mutation { touch { page { name } } createKey(input: {}) { key { name } } }`, http.StatusOK,
			`{"touch":{"page":{"name":"⟦Page.name⟧"}},"createKey":{"key":{"name":"⟦Key.name⟧"}}}`, nil, 2},
		{"one denied field among permitted ones", holding(), `mutation { ping touch { page { name } } createKey(input: {}) { key { name } } again: ping }`,
			http.StatusForbidden, ``, []string{"createKey FORBIDDEN Mutation.createKey"}, 0},
		{"two denied fields, in order", holding(), `mutation { b: rename(input: {price: "1"}) { page { name } } a: createKey(input: {}) { key { name } } }`,
			http.StatusForbidden, ``, []string{"b FORBIDDEN RenameInput.price", "a FORBIDDEN Mutation.createKey"}, 0},
		{"a denied input", holding(), `mutation { ping rename(input: {parts: [{label: "x"}, {cost: "1"}]}) { page { name } } }`,
			http.StatusForbidden, ``, []string{"rename FORBIDDEN PartInput.cost"}, 0},
		{"the schema's default of a denied input", holding(), `mutation { rename(input: {name: "x"}) { page { name } } }`,
			http.StatusOK, `{"rename":{"page":{"name":"⟦Page.name⟧"}}}`, nil, 1},
		{"a denied field that is skipped", holding(), `mutation { ping createKey(input: {}) @skip(if: true) { key { name } } }`,
			http.StatusOK, `{"ping":"pong"}`, nil, 1},
		{"a denied read of the payload filters", holding(), `mutation { rename(input: {}) { page { secret } call { name } } }`,
			http.StatusOK, `{"rename":{"page":{"secret":null},"call":null}}`,
			[]string{"rename.page.secret FORBIDDEN Page.secret", "rename.call FORBIDDEN RenamePayload.call"}, 1},
		{"a guest, with a public field", guest(), `mutation { ping touch { page { name } } }`, http.StatusUnauthorized, ``,
			[]string{"touch UNAUTHENTICATED Mutation.touch"}, 0},
		{"a guest, with public fields alone", guest(), `mutation { ping }`, http.StatusOK, `{"ping":"pong"}`, nil, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := gatewayFor(t, row.caller)
			a := g.send(request{Query: row.query, accept: response})
			a.wantData(t, row.data)
			a.wantDenied(t, row.denied...)
			if a.status != row.status {
				t.Errorf("status %d, want %d", a.status, row.status)
			}
			if challenge := a.header.Get("WWW-Authenticate"); (challenge != "") != (row.status == http.StatusUnauthorized) {
				t.Errorf("WWW-Authenticate: %q", challenge)
			}
			if n := a.visits.Total(); n != row.resolvers {
				t.Errorf("%d resolvers ran, want %d", n, row.resolvers)
			}
			if a := g.send(request{Query: row.query, accept: "application/json"}); a.status != http.StatusOK {
				t.Errorf("as application/json: status %d", a.status)
			}
		})
	}
}
