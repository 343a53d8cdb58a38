package cmd

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// tenLists is a dashboard with ten lists of an account, a page of each with every field that is a value, as Apollo's and
// urql's clients send it: with a __typename in each selection.
func tenLists(schema *ast.Schema) string {
	var b strings.Builder
	b.WriteString("query Dashboard($first: Int = 50) { viewer { email roles __typename } account { sid __typename")
	for _, f := range schema.Types["Account"].Fields {
		object, is := strings.CutSuffix(f.Type.Name(), "Connection")
		if !is || strings.Count(b.String(), "edges") == 10 {
			continue
		}
		fmt.Fprintf(&b, " %s(first: $first) { edges { cursor node {", f.Name)
		for _, value := range schema.Types[object].Fields {
			if schema.Types[value.Type.Name()].IsLeafType() && len(value.Arguments) == 0 {
				b.WriteString(" " + value.Name)
			}
		}
		b.WriteString(" __typename } __typename } pageInfo { hasNextPage endCursor __typename } __typename }")
	}
	return b.String() + " } }"
}

// refetches is what relay-compiler makes of a pagination fragment on each object that has an id: fields from several fragments,
// one of them there only sometimes, and __typename wherever a type is not known.
func refetches(schema *ast.Schema) string {
	var spreads, fragments strings.Builder
	for _, object := range schema.GetPossibleTypes(schema.Types["Node"]) {
		fmt.Fprintf(&spreads, " ...Row_%s @include(if: $rows)", object.Name)
		fmt.Fprintf(&fragments, "\nfragment Row_%s on %s { id __isNode: __typename }", object.Name, object.Name)
	}
	return `query CallsPaginationQuery($count: Int = 20, $cursor: String, $rows: Boolean = true, $id: ID!) { node(id: $id) { __typename ...Calls id } }
fragment Calls on Account { calls(first: $count, after: $cursor) {
	edges { node { id ...Row ...Price @include(if: $rows) __typename } cursor } pageInfo { endCursor hasNextPage } } id }
fragment Row on Call { sid to from status direction duration startTime endTime dateCreated }
fragment Price on Call { price { amount currency } }
query RowsQuery($ids: [ID!]!, $rows: Boolean = true) { nodes(ids: $ids) { __typename` + spreads.String() + ` id } }` + fragments.String()
}

// TestHumane: what front ends and tools send passes the gateway as it starts, in every way, and is answered in full.
func TestHumane(t *testing.T) {
	p := startDemo(t)
	schema := load(t, sdl(t))
	introspection, err := os.ReadFile("../engine/testdata/queries/introspection.graphql")
	if err != nil {
		t.Fatal(err)
	}
	dashboard, relay := tenLists(schema), refetches(schema)
	account := p.as(owner).do(`{ account { id } }`, nil).ok(t).text("account", "id")
	if n := strings.Count(dashboard, "edges"); n != 10 {
		t.Errorf("the dashboard has %d lists", n)
	}
	for _, row := range []struct {
		name    string
		members vars
	}{
		{"the full introspection query, as graphql-js writes it for GraphiQL and code generators", vars{"query": string(introspection)}},
		{"a dashboard of ten lists, with __typename everywhere", vars{"query": dashboard}},
		{"a page that Relay asks for", vars{"query": relay, "operationName": "CallsPaginationQuery", "variables": vars{"id": account}}},
		{"a hundred nodes that Relay asks for", vars{"query": relay, "operationName": "RowsQuery", "variables": vars{"ids": times(account, 100)}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, w := range ways {
				if a := w.ask(p.as(owner), row.members); len(a.errors) > 0 || !a.hasData {
					t.Errorf("by %s: %d %.500s", w.name, a.status, a.body)
				}
			}
			if a := p.as(support).named(row.members); a.code() == "LIMIT_EXCEEDED" || a.code() == "RATE_LIMITED" || !a.hasData { // denials count more
				t.Errorf("with denials: %d %.500s", a.status, a.body)
			}
		})
	}
}

func times[T any](value T, n int) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = value
	}
	return all
}
