package cmd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/issuer"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// get asks the program for a path.
func (c client) get(path string) answer {
	c.p.t.Helper()
	return c.send(c.request(http.MethodGet, strings.TrimSuffix(c.p.url, "/graphql")+path, ""))
}

// TestGraphiQL: what there is to load for the page, by --graphiql.
func TestGraphiQL(t *testing.T) {
	for _, mode := range []string{"on", "role", "off"} {
		t.Run(mode, func(t *testing.T) {
			who := startDemo(t, "--graphiql", mode).guest()
			page, there := who.get("/"), http.StatusOK
			isPage := strings.Contains(page.body, "<title>Fieldgate</title>") && strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'")
			if mode == "off" {
				there = http.StatusNotFound
				if page.body != "Fieldgate answers GraphQL at /graphql.\n" {
					t.Errorf("/ is %s", page.body)
				}
			} else if !isPage {
				t.Errorf("/ is %v %s", page.header, page.body)
			}
			for _, path := range []string{"/graphiql/config.json", "/graphiql/schema.graphqls"} {
				if a := who.get(path); a.status != there {
					t.Errorf("%s: %d", path, a.status)
				}
			}
			if a := who.get("/accept"); a.status != http.StatusOK || !strings.Contains(a.body, "Accept your invitation") {
				t.Errorf("/accept: %d %s", a.status, a.body)
			}
			if a := who.get("/licenses.md"); !strings.Contains(a.body, "monaco-editor") {
				t.Errorf("/licenses.md: %d %s", a.status, a.body)
			}
		})
	}
}

// TestGraphiQLSettings: the page learns the demo's addresses, and neither their password
// nor anybody else's address.
func TestGraphiQLSettings(t *testing.T) {
	data := demoData(t)
	p := start(t, "--data", data, "--demo-password", password)
	a := p.guest().get("/graphiql/config.json")
	var got graphiqlSettings
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got.Users) != fmt.Sprint([]string{owner, administrator, developer, billing, support}) ||
		strings.Contains(a.body, password) || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v %s", a.header, a.body)
	}
	if real := (&gateway{admission: issuer.NewAdmission(&issuer.Set{}, nil, nil)}).graphiqlSettings(); real.Users == nil || len(real.Users) > 0 {
		t.Errorf("a gateway without demo users names %v", real.Users)
	}
}

// TestGraphiQLSchema: the page is given the schema with its directives, which its locks
// are read off, and a token that is refused is refused here too.
func TestGraphiQLSchema(t *testing.T) {
	p := startDemo(t)
	for _, c := range []client{p.guest(), p.as(support)} {
		own, shown := c.get("/schema.graphqls").body, c.get("/graphiql/schema.graphqls").body
		if whole := c.access != ""; (own == shown) == whole || whole && !strings.Contains(shown, "type ApiKey ") {
			t.Errorf("signed in: %v: %s", whole, shown)
		}
	}
	a := p.as(support).get("/graphiql/schema.graphqls")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	doc, err := parser.ParseSchema(&ast.Source{Input: a.body})
	if err != nil {
		t.Fatal(err)
	}
	price := doc.Definitions.ForName("Call").Fields.ForName("price")
	if rule := price.Directives.ForName("hasPermission"); rule == nil || rule.Arguments.ForName("permission").Value.Raw != "BILLING_HISTORY_AND_SETTINGS" {
		t.Errorf("Call.price has %v", price.Directives)
	}
	stale := client{p: p, access: "none"}
	if a := stale.get("/graphiql/schema.graphqls"); a.status != http.StatusUnauthorized {
		t.Errorf("a bad token: %d %s", a.status, a.body)
	}
}
