package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
)

// TestDenialsGolden compares whole answers, each listed in all three ways.
func TestDenialsGolden(t *testing.T) {
	for _, row := range []struct {
		name   string
		caller caller
		query  string
	}{
		{"list", holding(logs), `{ calls(first: 3) { name price } }`},
		{"list_of_lists", holding(logs), `{ grid { price } }`},
		{"empty_list", holding(logs), `{ calls(first: 0) { price key { name } } }`},
		{"abstract", holding(credentials), `{ things { name ... on Call { price } ... on Page { must secret } } }`},
		{"abstract_not_met", holding(logs), `{ things(first: 1) { name ... on Page { must } } }`},
		{"union", holding(logs), `{ results { __typename ... on Page { call { name price } } ... on Call { price } } }`},
		{"topmost", holding(), `{ page { call { key { secret } price } calls { price } } }`},
		{"aliases", holding(), `{ one: page { a: secret b: secret } two: page { secret } }`},
		{"merged", holding(), `{ page { secret child { name } } page { child { secret } } }`},
		{"masked", holding(logs), `{ calls { to } page { call { to name } } node(id: "Call:1") { ... on Call { phone: to } } }`},
		{"not_masked", holding(logs, personal), `{ calls { to } }`},
		{"nothing_denied", holding(), `{ page { name } }`},
		{"guest", guest(), `{ hello page { name } calls { name } }`},
		{"non_null", holding(), `{ page { child { must name } name } }`},
		{"non_null_in_list", holding(logs), `{ page { things { name } name } }`},
		{"node", holding(), `{ node(id: "Call:1") { id } a: node(id: "Page:1") { ... on Page { secret } } }`},
		{"nodes", holding(logs), `{ nodes(ids: ["Key:1", "Call:1", "Page:1", "Key:1", "Gone:1"]) { id ... on Call { price } } b: nodes(ids: "Page:1") { ... on Page { secret } } }`},
		{"mutation", holding(), `mutation { touch { page { secret } } }`},
		{"mutation_refused", holding(), `mutation { touch { page { secret } } createKey(input: {}) { key { name } } }`},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := gatewayFor(t, row.caller)
			out := "# " + row.query + "\n"
			for _, denials := range []string{"each", "selection", "extensions"} {
				a := g.send(request{Query: row.query, Extensions: map[string]any{"denials": denials}})
				var text bytes.Buffer
				if err := json.Indent(&text, []byte(a.text), "", "  "); err != nil {
					t.Fatal(err)
				}
				out += fmt.Sprintf("\n# %s\n%s", denials, text.String())
			}
			golden(t, "denials/"+row.name, out)
		})
	}
}

// TestDenialsSetting: the request's wish goes before the gateway's setting.
func TestDenialsSetting(t *testing.T) {
	const query = `{ calls { price } }`
	bySetting := gatewayFor(t, holding(logs), func(cfg *engine.Config) { cfg.Denials = engine.DenialsExtensions })
	if a := bySetting.ask(query); len(a.Errors) != 0 || a.Extensions["denied"] == nil {
		t.Errorf("by the setting: %s", a.text)
	}
	if a := bySetting.send(request{Query: query, Extensions: map[string]any{"denials": "each"}}); len(a.Errors) != 2 || a.Extensions["denied"] != nil {
		t.Errorf("by the request: %s", a.text)
	}
	for _, wish := range []any{"EACH", "", "none", 1, nil, []any{"each"}} {
		a := bySetting.send(request{
			Query: query, Extensions: map[string]any{"denials": wish}, accept: "application/graphql-response+json",
		})
		if a.status != http.StatusBadRequest || len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "BAD_REQUEST" || a.Data != nil {
			t.Errorf("denials %v: %d %s", wish, a.status, a.text)
		}
	}
}

// TestDenialsAllCounted: denials are never cut short.
func TestDenialsAllCounted(t *testing.T) {
	const n = 500
	query := fmt.Sprintf(`{ calls(first: %d) { price } }`, n)
	g := gatewayFor(t, holding(logs))
	if a := g.ask(query); len(a.Errors) != n {
		t.Errorf("%d denials, want %d", len(a.Errors), n)
	}
	a := g.send(request{Query: query, Extensions: map[string]any{"denials": "selection"}})
	if len(a.Errors) != 1 || a.Errors[0].Extensions["count"] != float64(n) {
		t.Errorf("by selection: %s", a.text)
	}
}

// TestOrder: denials and errors stand in the order of the answer, although what runs first ends last.
func TestOrder(t *testing.T) {
	first, second := make(chan struct{}), make(chan struct{})
	visits := &model.Visits{On: map[string]func(context.Context) error{
		"Query.page":    func(context.Context) error { <-first; return nil },
		"Query.hello":   func(context.Context) error { <-second; close(first); return errors.New("broken") },
		"Query.results": func(context.Context) error { close(second); return nil },
	}}
	a := gatewayFor(t, holding()).send(request{
		Query:  `{ page { secret } calls { name } hello results { __typename } key { name } }`,
		visits: visits,
	})
	a.wantDenied(t,
		"page.secret FORBIDDEN Page.secret",
		"calls FORBIDDEN Query.calls",
		"hello INTERNAL_SERVER_ERROR <nil>",
		"results.0 FORBIDDEN Call",
		"results.1 FORBIDDEN Key",
		"key FORBIDDEN Query.key",
	)
}

// TestResolverErrors: what is not ours to show is not shown, and a panic is an error of its field.
func TestResolverErrors(t *testing.T) {
	for name, on := range map[string]func(context.Context) error{
		"an error": func(context.Context) error { return errors.New("the secret of the resolver") },
		"a panic":  func(context.Context) error { panic("the secret of the resolver") },
	} {
		t.Run(name, func(t *testing.T) {
			visits := &model.Visits{On: map[string]func(context.Context) error{"Query.hello": on}}
			a := gatewayFor(t, holding()).send(request{Query: `{ hello page { name } }`, visits: visits})
			a.wantData(t, `{"hello":null,"page":{"name":"⟦Page.name⟧"}}`)
			a.wantDenied(t, "hello INTERNAL_SERVER_ERROR <nil>")
			if strings.Contains(a.text, "secret") {
				t.Errorf("leaked: %s", a.text)
			}
		})
	}
}
