package engine_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/plain"
)

// plainGatewayFor serves what plain gqlgen generates from the same schema, whose only checks are the directives where
// gqlgen calls them, written as its documentation does.
func plainGatewayFor(t *testing.T, c caller) gateway {
	m := c.matrix(t)
	set := c.set(t, m)
	srv := handler.New(enginetest.NewPlain(plain.DirectiveRoot{
		SignedIn: func(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
			if !set.SignedIn() {
				return nil, errors.New("denied")
			}
			return next(ctx)
		},
		HasPermission: func(ctx context.Context, _ any, next graphql.Resolver, p model.Permission, a model.Action) (any, error) {
			if !m.Grants(policy.Permission(p), policy.Action(a), set) {
				return nil, errors.New("denied")
			}
			return next(ctx)
		},
	}))
	srv.AddTransport(transport.POST{})
	return gateway{t, srv, c}
}

// TestBypasses tries the ways around a check. What stands in leak must not be in the answer, and the resolver named in
// runs must not be called. gqlgenLeaks tells whether gqlgen's own directive calls let the same request through, which
// is why they are not where the checks are.
func TestBypasses(t *testing.T) {
	for _, row := range []struct {
		name        string
		caller      caller
		query       string
		variables   map[string]any
		leak, runs  string
		denied      []string
		gqlgenLeaks bool
	}{
		{
			name:   "a field, as a baseline",
			caller: holding(logs), query: `{ calls(first: 1) { price } }`,
			leak: "⟦Call.price⟧", denied: []string{"calls.0.price FORBIDDEN Call.price"},
		},
		{
			name:   "an object's rule, through a fragment on an interface's member",
			caller: holding(), query: `{ things { ... on Key { name } } }`,
			leak: "⟦Key.name⟧", denied: []string{"things.0 FORBIDDEN Call", "things.1 FORBIDDEN Key"}, gqlgenLeaks: true,
		},
		{
			name:   "an object's rule, through a field of the interface itself",
			caller: holding(logs), query: `{ things { secret } }`,
			leak: "⟦Key.secret⟧", denied: []string{"things.1 FORBIDDEN Key", "things.2.secret FORBIDDEN Page.secret"}, gqlgenLeaks: true,
		},
		{
			name:   "a field's rule, through a field of the interface itself",
			caller: holding(), query: `{ things { secret } }`,
			leak: "⟦Page.secret⟧", denied: []string{"things.0 FORBIDDEN Call", "things.1 FORBIDDEN Key", "things.2.secret FORBIDDEN Page.secret"},
		},
		{
			name:   "a fragment on the interface within a fragment on a member",
			caller: holding(), query: `{ things { ... on Page { ... on Thing { ... on Page { secret } } } } }`,
			leak: "⟦Page.secret⟧", denied: []string{"things.0 FORBIDDEN Call", "things.1 FORBIDDEN Key", "things.2.secret FORBIDDEN Page.secret"},
		},
		{
			name:   "an object's rule, through a union",
			caller: holding(credentials), query: `{ results { ... on Call { name } } }`,
			leak: "⟦Call.name⟧", denied: []string{"results.0 FORBIDDEN Call"}, gqlgenLeaks: true,
		},
		{
			name:   "the type's name of a forbidden object",
			caller: holding(), query: `{ results { __typename } }`,
			leak: `"Key"}`, denied: []string{"results.0 FORBIDDEN Call", "results.1 FORBIDDEN Key"}, gqlgenLeaks: true,
		},
		{
			name:   "an alias that is the name of an open field",
			caller: holding(logs), query: `{ calls(first: 1) { name: price } }`,
			leak: "⟦Call.price⟧", denied: []string{"calls.0.name FORBIDDEN Call.price"},
		},
		{
			name:   "an alias that is __typename",
			caller: holding(), query: `{ page { __typename: secret } }`,
			leak: "⟦Page.secret⟧", denied: []string{"page.__typename FORBIDDEN Page.secret"},
		},
		{
			name:   "a nested way to a guarded type",
			caller: holding(), query: `{ page { child { call { key { secret } } } } }`,
			leak: "⟦Key.secret⟧", runs: "Page.call", denied: []string{"page.child.call FORBIDDEN Page.call"},
		},
		{
			name:   "another nested way to the same type",
			caller: holding(logs), query: `{ page { calls(first: 1) { key { secret } } } }`,
			leak: "⟦Key.secret⟧", runs: "Call.key", denied: []string{"page.calls.0.key FORBIDDEN Call.key"},
		},
		{
			name:   "a field that returns the root type",
			caller: holding(), query: `{ page { query { hello } } }`,
			leak: "⟦Query.hello⟧", denied: []string{"page.query FORBIDDEN Page.query"}, gqlgenLeaks: true,
		},
		{
			name:   "a guarded field below the root type returned",
			caller: holding(usage), query: `{ page { query { key { secret } } } }`,
			leak: "⟦Key.secret⟧", runs: "Query.key", denied: []string{"page.query.key FORBIDDEN Query.key"},
		},
		{
			name:   "introspection below the root type returned",
			caller: holding(), query: `{ page { query { __schema { queryType { name } } } } }`,
			leak: `"Query"`, denied: []string{"page.query FORBIDDEN Page.query"},
		},
		{
			name:   "an argument that is read before the check",
			caller: holding(), query: `{ key(stamp: "x") { name } }`,
			runs: "Counted", denied: []string{"key FORBIDDEN Query.key"}, gqlgenLeaks: true,
		},
		{
			name:   "an argument in a variable that is read before the check",
			caller: holding(), query: `query($s: Counted) { key(stamp: $s) { name } }`, variables: map[string]any{"s": "x"},
			runs: "Counted", denied: []string{"key FORBIDDEN Query.key"}, gqlgenLeaks: true,
		},
		{
			name:   "node by the id of a forbidden type",
			caller: holding(), query: `{ node(id: "Key:1") { id } }`,
			leak: "Key:1\"", runs: "Query.node", denied: []string{"node FORBIDDEN Key"}, gqlgenLeaks: true,
		},
		{
			name:   "node by the id of a forbidden type that does not exist",
			caller: holding(), query: `{ node(id: "Key:2") { id } }`,
			runs: "Query.node", denied: []string{"node FORBIDDEN Key"}, gqlgenLeaks: true,
		},
		{
			name:   "node by an id in a variable",
			caller: holding(), query: `query($id: ID!) { a: node(id: $id) { ... on Key { secret } } }`, variables: map[string]any{"id": "Key:1"},
			leak: "⟦Key.secret⟧", runs: "Query.node", denied: []string{"a FORBIDDEN Key"}, gqlgenLeaks: true,
		},
		{
			name:   "personal data",
			caller: holding(logs), query: `{ calls(first: 1) { to } }`,
			leak: "⟦Call.to⟧", gqlgenLeaks: true,
		},
		{
			name:   "personal data through an interface",
			caller: holding(credentials), query: `{ things { ... on Key { owner } } }`,
			leak: "⟦Key.owner⟧", denied: []string{"things.0 FORBIDDEN Call"}, gqlgenLeaks: true,
		},
		{
			name:   "a guarded argument",
			caller: holding(), query: `{ search(note: "x") }`,
			leak: "⟦Query.search⟧", runs: "Query.search", denied: []string{"search FORBIDDEN Query.search(note:)"},
		},
		{
			name:   "a guarded field of an input, in a list of a list of a variable",
			caller: holding(), query: `mutation($i: RenameInput!) { rename(input: $i) { page { name } } }`,
			variables: map[string]any{"i": map[string]any{"parts": []any{map[string]any{"parts": []any{map[string]any{"cost": "1"}}}}}},
			runs:      "Mutation.rename", denied: []string{"rename FORBIDDEN PartInput.cost"},
		},
		{
			name:   "a guarded field of one input where a list of them belongs, in a variable",
			caller: holding(), query: `mutation($p: [PartInput!]) { rename(input: {parts: $p}) { page { name } } }`,
			variables: map[string]any{"p": map[string]any{"cost": "1"}},
			runs:      "Mutation.rename", denied: []string{"rename FORBIDDEN PartInput.cost"},
		},
		{
			name:   "the same, deeper in the variable",
			caller: holding(logs), query: `query($w: CallWhere) { calls(where: $w) { name } }`,
			variables: map[string]any{"w": map[string]any{"and": map[string]any{"and": map[string]any{"price": "1"}}}},
			runs:      "Query.calls", denied: []string{"calls FORBIDDEN CallWhere.price"}, gqlgenLeaks: true,
		},
		{
			name:   "a filter on a field that is masked",
			caller: holding(logs), query: `{ calls(to: "+1555") { name } }`,
			runs: "Query.calls", denied: []string{"calls FORBIDDEN Query.calls(to:)"}, gqlgenLeaks: true,
		},
		{
			name:   "the same key twice, in fragments that merge",
			caller: holding(), query: `{ page { name ...A ...B } } fragment A on Page { call { name } } fragment B on Page { call { secret } }`,
			leak: "⟦Call.secret⟧", runs: "Page.call", denied: []string{"page.call FORBIDDEN Page.call"},
		},
		{
			name:   "a fragment that is used twice",
			caller: holding(), query: `{ page { ...A } other: page { ...A child { ...A } } } fragment A on Page { secret }`,
			leak: "⟦Page.secret⟧", denied: []string{
				"page.secret FORBIDDEN Page.secret", "other.secret FORBIDDEN Page.secret", "other.child.secret FORBIDDEN Page.secret"},
		},
		{
			name:   "a guest",
			caller: guest(), query: `{ hello page { name } }`,
			leak: "⟦Page.name⟧", runs: "Query.page", denied: []string{"page UNAUTHENTICATED Query.page"},
		},
		{
			name:   "introspection of what the caller may not see",
			caller: guest(), query: `{ __schema { types { name } } __type(name: "Key") { name } }`,
			leak: `"Key"`, denied: []string{},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			asked := request{Query: row.query, Variables: row.variables}
			leaks := func(a answer) bool {
				return row.leak != "" && strings.Contains(a.text, row.leak) || row.runs != "" && a.visits.Count(row.runs) > 0
			}
			a := gatewayFor(t, row.caller).send(asked)
			a.wantDenied(t, row.denied...)
			if leaks(a) {
				t.Errorf("leaked: %s", a.text)
			}
			if a := plainGatewayFor(t, row.caller).send(asked); leaks(a) != row.gqlgenLeaks {
				t.Errorf("gqlgen's own directive calls leak: %v, want %v: %s", leaks(a), row.gqlgenLeaks, a.text)
			}
			all := gatewayFor(t, holding(permissions...)).send(asked)
			if len(all.Errors) > 0 || !leaks(all) {
				t.Errorf("who holds everything sees: %s", all.text)
			}
		})
	}
}

// TestNode: what one may not see is denied whether it exists or not, and what one may see is fetched.
func TestNode(t *testing.T) {
	for _, row := range []struct {
		name, query, data string
		denied            []string
		runs              int
	}{
		{"permitted", `{ node(id: "Page:1") { id ... on Page { name } } }`, `{"node":{"id":"Page:1","name":"⟦Page.name⟧"}}`, nil, 1},
		{"permitted, absent", `{ node(id: "Page:2") { id } }`, `{"node":null}`, nil, 1},
		{"denied", `{ node(id: "Call:1") { id } }`, `{"node":null}`, []string{"node FORBIDDEN Call"}, 0},
		{"denied, absent", `{ node(id: "Call:2") { id } }`, `{"node":null}`, []string{"node FORBIDDEN Call"}, 0},
		{"no such type", `{ node(id: "Nothing:1") { id } }`, `{"node":null}`, nil, 1},
		{"a type that is no node", `{ node(id: "Query:1") { id } }`, `{"node":null}`, nil, 1},
		{"no id of ours", `{ node(id: "") { id } }`, `{"node":null}`, nil, 1},
		{"a number", `{ node(id: 7) { id } }`, `{"node":null}`, nil, 1},
		{"a denied field", `{ node(id: "Page:1") { ... on Page { secret } ... on Call { price } } }`, `{"node":{"secret":null}}`,
			[]string{"node.secret FORBIDDEN Page.secret"}, 1},
		{"two ids under two aliases", `{ a: node(id: "Page:1") { id } b: node(id: "Call:1") { id } }`, `{"a":{"id":"Page:1"},"b":null}`,
			[]string{"b FORBIDDEN Call"}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := gatewayFor(t, holding()).ask(row.query)
			a.wantData(t, row.data)
			a.wantDenied(t, row.denied...)
			if n := a.visits.Count("Query.node"); n != row.runs {
				t.Errorf("Query.node ran %d times, want %d", n, row.runs)
			}
		})
	}
}

// TestDefer: gqlgen's @defer loses data, so it is refused wherever it would act.
func TestDefer(t *testing.T) {
	for _, query := range []string{
		`{ page { ... @defer { name } } }`,
		`{ page { ...A @defer(label: "x") } } fragment A on Page { name }`,
		`{ things { ... on Page @defer { name } } }`,
		`{ ... @defer { hello } }`,
	} {
		a := gatewayFor(t, holding(permissions...)).ask(query)
		if a.Data != nil || len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, "@defer") {
			t.Errorf("%s: %s", query, a.text)
		}
	}
}

// TestUndecided: an operation that nobody decided is refused by the schema itself, on any server.
func TestUndecided(t *testing.T) {
	srv := handler.New(enginetest.New())
	srv.AddTransport(transport.POST{})
	for _, query := range []string{`{ hello }`, `mutation { ping }`, `subscription { calls { name } }`, `{ __typename }`} {
		visits := &model.Visits{}
		a := gateway{t, srv, holding(permissions...)}.send(request{Query: query, visits: visits})
		if string(a.Data) != "null" && a.Data != nil || len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "INTERNAL_SERVER_ERROR" {
			t.Errorf("%s: %s", query, a.text)
		}
		if visits.Total() > 0 {
			t.Errorf("%s: a resolver ran", query)
		}
	}
}

// TestStart: the handler refuses to be made where it could not keep its promise.
func TestStart(t *testing.T) {
	t.Run("an empty configuration", func(t *testing.T) {
		cfg := configOf(t, guest())
		cfg.Present = nil
		wantRefused(t, cfg, "incomplete")
	})
	t.Run("checks of other rules", func(t *testing.T) {
		cfg := configOf(t, guest())
		source := schemaSource(t)
		source.Input = strings.Replace(source.Input, "hello(stamp: Counted): String @public", "hello(stamp: Counted): String @signedIn", 1)
		cfg.Table = compile(t, source, guest())
		wantRefused(t, cfg, "go generate")
	})
	t.Run("guests who count as signed in", func(t *testing.T) {
		cfg := configOf(t, guest())
		m := guest().matrix(t)
		cfg.Caller = func(context.Context) policy.Set { return holding().set(t, m) }
		wantRefused(t, cfg, "not a guest's")
	})
	t.Run("guests who count as signed in once asked over HTTP", func(t *testing.T) {
		cfg := configOf(t, guest())
		m, calls := guest().matrix(t), 0
		cfg.Caller = func(context.Context) policy.Set {
			if calls++; calls == 1 {
				return policy.Set{}
			}
			return holding().set(t, m)
		}
		wantRefused(t, cfg, "was not refused")
	})
}

// TestGuestAnswer: over HTTP, a guest's refused mutation is a challenge.
func TestGuestAnswer(t *testing.T) {
	g := gatewayFor(t, guest())
	a := g.send(request{Query: `mutation { touch { page { name } } }`, accept: "application/graphql-response+json"})
	if a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") != "Bearer" || a.Data != nil {
		t.Errorf("%d %v %s", a.status, a.header, a.text)
	}
	r := httptest.NewRequest(http.MethodGet, "/graphql?query=%7Bpage%7Bname%7D%7D", nil)
	r.Header.Set("GraphQL-Require-Preflight", "1")
	if a := g.do(r, nil); a.status != http.StatusOK || string(a.Data) != `{"page":null}` {
		t.Errorf("%d %s", a.status, a.text)
	}
}
