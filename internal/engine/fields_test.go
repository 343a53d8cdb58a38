package engine_test

import (
	"context"
	"slices"
	"testing"

	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
)

// TestFields: a resolver is told which fields are both selected and permitted.
func TestFields(t *testing.T) {
	for _, row := range []struct {
		name     string
		caller   caller
		query    string
		resolver string
		paths    []string
		want     []string
	}{
		{"of the value", holding(logs), `{ calls { name secret } }`, "Query.calls", []string{""}, []string{"name", "secret"}},
		{"denied ones are left out", holding(logs), `{ calls { name price key { name } } }`, "Query.calls", []string{""}, []string{"name"}},
		{"masked ones are read", holding(logs), `{ calls { to } }`, "Query.calls", []string{""}, []string{"to"}},
		{"by field, not by alias", holding(logs), `{ calls { a: name b: name price: secret } }`, "Query.calls", []string{""}, []string{"name", "secret"}},
		{"__typename is none", holding(logs), `{ calls { __typename } }`, "Query.calls", []string{""}, nil},
		{"fragments", holding(logs), `{ calls { ...A ... { id } } } fragment A on Call { name ...B } fragment B on Thing { secret }`,
			"Query.calls", []string{""}, []string{"id", "name", "secret"}},
		{"skipped ones are left out", holding(logs), `{ calls { name secret @skip(if: true) } }`, "Query.calls", []string{""}, []string{"name"}},
		{"a path", holding(logs), `{ page { call { page { name } } } }`, "Query.page", []string{"call.page"}, []string{"name"}},
		{"a path over aliases", holding(logs), `{ page { a: call { name } b: call { id } } }`, "Query.page", []string{"call"}, []string{"id", "name"}},
		{"two paths", holding(logs), `{ page { call { name } child { secret id } } }`, "Query.page", []string{"call", "child"}, []string{"id", "name"}},
		{"a path over a denied field", holding(), `{ page { call { name } } }`, "Query.page", []string{"call"}, nil},
		{"a path that is not selected", holding(), `{ page { name } }`, "Query.page", []string{"call", "no.such"}, nil},
		{"an interface", holding(), `{ things { name secret ... on Page { id } } }`, "Query.things", []string{""}, []string{"id", "name"}},
		{"a union", holding(credentials), `{ results { ... on Key { owner } ... on Page { secret must } ... on Call { price } } }`,
			"Query.results", []string{""}, []string{"owner", "secret"}},
		{"a node has the fields of its type alone", holding(logs), `{ node(id: "Page:1") { ... on Page { name } ... on Call { secret } } }`,
			"Query.node", []string{""}, []string{"name"}},
		{"a mutation's payload", holding(), `mutation { touch { page { name secret } } }`, "Mutation.touch", []string{"page"}, []string{"name"}},
		{"a nested resolver", holding(logs), `{ page { calls { name } call { secret } } }`, "Page.calls", []string{""}, []string{"name"}},
		{"within a list of an interface", holding(logs), `{ things { ... on Page { call { name price } } ... on Call { id } } }`,
			"Page.call", []string{""}, []string{"name"}},
		{"below the root type", holding(usage), `{ page { query { page { name } } } }`, "Query.page", []string{"query.page"}, []string{"name"}},
		{"of a leaf", holding(), `{ hello }`, "Query.hello", []string{""}, nil},
		{"of a leaf of a mutation", holding(), `mutation { ping }`, "Mutation.ping", []string{""}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			seen := false
			visits := &model.Visits{On: map[string]func(context.Context) error{row.resolver: func(ctx context.Context) error {
				if !engine.IsDecided(ctx) {
					t.Errorf("%s knows of no decision", row.resolver)
				}
				if !seen {
					got, seen = engine.Fields(ctx, row.paths...).Names(), true
				}
				return nil
			}}}
			a := gatewayFor(t, row.caller).send(request{Query: row.query, visits: visits})
			if !seen {
				t.Fatalf("%s did not run: %s", row.resolver, a.text)
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("fields %v, want %v", got, row.want)
			}
		})
	}
	t.Run("of one type of several", func(t *testing.T) {
		var got []string
		visits := &model.Visits{On: map[string]func(context.Context) error{"Query.nodes:Call": func(ctx context.Context) error {
			got = engine.FieldsOf(ctx, "Call", "").Names()
			return nil
		}}}
		gatewayFor(t, holding(logs)).send(request{visits: visits,
			Query: `{ nodes(ids: ["Call:1", "Page:1"]) { id ... on Page { name child { id } } ... on Call { secret price } } }`})
		if want := []string{"id", "secret"}; !slices.Equal(got, want) {
			t.Errorf("fields %v, want %v", got, want)
		}
	})
	if got := engine.Fields(context.Background(), ""); got.Len() != 0 {
		t.Errorf("outside of an operation: %v", got.Names())
	}
}

// TestFieldsOf: of an abstract type, a resolver can ask what is selected of one concrete type alone.
func TestFieldsOf(t *testing.T) {
	const query = `{ results { ... on Key { owner } ... on Page { secret must } ... on Call { price name } } }`
	want := map[string][]string{"Page": {"secret"}, "Call": {"name"}, "Key": {"owner"}, "None": nil}
	got := map[string][]string{}
	visits := &model.Visits{On: map[string]func(context.Context) error{"Query.results": func(ctx context.Context) error {
		for object := range want {
			got[object] = engine.FieldsOf(ctx, object, "").Names()
		}
		return nil
	}}}
	a := gatewayFor(t, holding(credentials, logs)).send(request{Query: query, visits: visits})
	if len(got) != len(want) {
		t.Fatalf("the resolver did not run: %s", a.text)
	}
	for object, fields := range want {
		if !slices.Equal(got[object], fields) {
			t.Errorf("%s: %v, want %v", object, got[object], fields)
		}
	}
}
