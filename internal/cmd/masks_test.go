package cmd

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// TestMasks shows what Support sees when it may not see personal data. That every
// masked field is masked as its directive says is TestOneCellChanged/PERSONAL_DATA;
// here is what a person would look at.
func TestMasks(t *testing.T) {
	m := published(t).with("PERSONAL_DATA", support, "")
	p := startDemo(t, "--matrix", m.file(t))
	const query = `query($after: String) { account { calls(first: 40, after: $after) {
		edges { cursor node { sid to from status caller: callerName } } pageInfo { hasNextPage endCursor } } } }`

	t.Run("values, and their names", func(t *testing.T) {
		real := p.as(owner).do(query, nil).ok(t)
		if real.extensions["masked"] != nil {
			t.Errorf("something is masked for the Owner: %v", real.extensions)
		}
		seen := p.as(support).do(query, nil).ok(t)
		for field, mask := range map[string]string{"to": "LAST4", "from": "LAST4", "caller": "ALL", "sid": "", "status": ""} {
			want := real.all("account", "calls", "edges", "node", field)
			for i, value := range want {
				if mask != "" {
					want[i] = masked(mask, value.(string))
				}
			}
			if got := seen.all("account", "calls", "edges", "node", field); len(got) == 0 || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: got %v, want %v", field, got, want)
			}
		}
		got := fmt.Sprint(seen.extensions["masked"])
		want := fmt.Sprint([]any{
			vars{"selection": []string{"account", "calls", "edges", "@", "node", "to"}, "coordinate": "Call.to"},
			vars{"selection": []string{"account", "calls", "edges", "@", "node", "from"}, "coordinate": "Call.from"},
			vars{"selection": []string{"account", "calls", "edges", "@", "node", "caller"}, "coordinate": "Call.callerName"},
		})
		if got != want {
			t.Errorf("masked: got %s, want %s", got, want)
		}
	})
	t.Run("a page after a page", func(t *testing.T) {
		var sids []any
		after := any(nil)
		for range 3 {
			a := p.as(support).do(query, vars{"after": after}).ok(t)
			sids = append(sids, a.all("account", "calls", "edges", "node", "sid")...)
			after = a.at("account", "calls", "pageInfo", "endCursor")
		}
		whole := p.as(owner).do(`{ account { calls(first: 120) { edges { node { sid } } } } }`, nil).ok(t)
		if want := whole.all("account", "calls", "edges", "node", "sid"); !slices.Equal(sids, want) || len(want) != 120 {
			t.Errorf("three pages of a caller who sees masks are not what the Owner sees")
		}
	})
	t.Run("a cursor holds nothing that is masked", func(t *testing.T) {
		theirs := p.as(support).do(query, nil).ok(t).all("account", "calls", "edges", "cursor")
		owners := p.as(owner).do(query, nil).ok(t).all("account", "calls", "edges", "cursor")
		if !slices.Equal(theirs, owners) {
			t.Error("cursors depend on who asks")
		}
	})
	t.Run("filters by what is masked", func(t *testing.T) {
		s := load(t, sdl(t))
		tried := 0
		for _, f := range s.Types["Account"].Fields {
			for _, a := range f.Arguments {
				if !deniedFilter(s, m, "Account", f, a) {
					continue
				}
				tried++
				for _, value := range []string{literal(t, s, a.Type), "null", "$v"} {
					arguments := "(first: 1, " + a.Name + ": " + value + ")"
					operation := "query"
					if value == "$v" {
						operation = "query($v: " + a.Type.Name() + ")"
					}
					for _, by := range ways {
						got := by.ask(p.as(support), vars{
							"query": operation + " { account { " + f.Name + arguments + " { __typename } } }", "variables": vars{"v": nil},
						})
						filterRefused(t, got, step{"Account", f.Name, a.Name}, by.name)
					}
				}
				// A variable without a value is no filter.
				p.as(support).do("query($v: "+a.Type.Name()+") { account { "+f.Name+"(first: 1, "+a.Name+": $v) { __typename } } }", nil).ok(t)
			}
		}
		if tried < 4 { // from and to, of calls and of messages
			t.Errorf("only %d filters are by masked fields that Support sees", tried)
		}
	})
	t.Run("filters of streams by what is masked", func(t *testing.T) {
		s := load(t, sdl(t))
		tried := 0
		for _, f := range s.Subscription.Fields {
			for _, a := range f.Arguments {
				if !deniedFilter(s, m, s.Subscription.Name, f, a) {
					continue
				}
				tried++
				query := "subscription { " + f.Name + "(" + a.Name + ": " + literal(t, s, a.Type) + ") { __typename } }"
				events := p.as(support).subscribe(query)
				filterRefused(t, events.next(), step{s.Subscription.Name, f.Name, a.Name}, "SSE")
				events.cancel()
				filterRefused(t, p.as(support).bySocket(vars{"query": query}), step{s.Subscription.Name, f.Name, a.Name}, "WebSocket")
			}
		}
		if tried < 4 {
			t.Errorf("only %d filters are by masked fields that Support sees", tried)
		}
	})
	t.Run("no mask is written back, however it is given", func(t *testing.T) {
		for _, given := range []any{"••••", []string{"HW" + strings.Repeat("0", 32), "••••"}} {
			a := p.as(owner).do(`mutation($sids: [String!]) { createNetworkAccessProfile(input: {networkSids: $sids}) { __typename } }`, vars{"sids": given}).
				refused(t, http.StatusOK, "BAD_USER_INPUT")
			if !strings.Contains(a.body, "This is how a hidden text is shown") {
				t.Errorf("%v: %s", given, a.body)
			}
		}
	})
	t.Run("no error and no extension shows the text", func(t *testing.T) {
		number := p.as(owner).do(`{ account { calls(first: 1) { edges { node { to id } } } } }`, nil).ok(t)
		to := number.text("account", "calls", "edges", 0, "node", "to")
		id := number.text("account", "calls", "edges", 0, "node", "id")
		for _, query := range []string{
			`{ node(id: "` + id + `") { ... on Call { to } } }`,
			`{ a: node(id: "` + id + `") { ...f } b: account { calls(first: 1) { edges { node { ...f x: to } } } } } fragment f on Call { y: to }`,
		} {
			if a := p.as(support).do(query, nil).ok(t); to == "" || strings.Contains(a.body, to) {
				t.Errorf("%s shows %s: %s", query, to, a.body)
			}
		}
	})
}

// filterRefused holds an answer to what who may not use a filter, for want of PERSONAL_DATA, is told.
func filterRefused(t *testing.T, got answer, filter step, by string) {
	t.Helper()
	got.refused(t, http.StatusOK, "FORBIDDEN")
	if len(got.errors) == 1 && (got.errors[0].Extensions.Coordinate != filter.String() || got.errors[0].Extensions.Permission != "PERSONAL_DATA") {
		t.Errorf("%s by %s: %s", filter, by, got.body)
	}
}

// deniedFilter says whether Support may ask for a field, but not use this filter of it for want of PERSONAL_DATA alone.
func deniedFilter(s *ast.Schema, m *table, object string, f *ast.FieldDefinition, a *ast.ArgumentDefinition) bool {
	if a.Directives.ForName("filters") == nil {
		return false
	}
	for _, d := range demands(s, step{object: object, field: f.Name}) {
		if !met(m, support, d) {
			return false
		}
	}
	var failing []demand
	for _, d := range demands(s, step{object, f.Name, a.Name}) {
		if !met(m, support, d) {
			failing = append(failing, d)
		}
	}
	return len(failing) == 1 && failing[0].permission == "PERSONAL_DATA"
}
