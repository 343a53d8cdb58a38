package cmd

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// roleNames are the callers' roles as the command line has them.
var roleNames = map[string]string{
	owner: "owner", administrator: "administrator", developer: "developer", billing: "billing-manager", support: "support", guest: guest,
}

// TestSchemaByRole is the promise of --introspection=role: introspection, /schema.graphqls and fieldgate schema --role
// show each caller the same schema, it is valid, and it has exactly the coordinates that the matrix gives them.
func TestSchemaByRole(t *testing.T) {
	t.Parallel()
	s, m := load(t, sdl(t)), published(t)
	p := startDemo(t)
	for _, caller := range callers() {
		t.Run(roleNames[caller], func(t *testing.T) {
			c := p.guest()
			if caller != guest {
				c = p.as(caller)
			}
			want := shownTo(s, m, caller)
			got := command(t, "schema", "--role", roleNames[caller])
			if got.status != 0 {
				t.Fatal(got.stderr)
			}
			served := schemaText(t, c)
			if served != got.stdout {
				t.Error("/schema.graphqls and fieldgate schema differ")
			}
			differ(t, "the schema's text", coordinatesIn(t, served), want)
			differ(t, "introspection", introspectedBy(t, c), want)
		})
	}
}

// TestSchemaSettings: full shows everything to everyone, and off nothing to anyone.
func TestSchemaSettings(t *testing.T) {
	data := demoData(t)
	whole := command(t, "schema").stdout
	want := coordinatesIn(t, whole)
	full := start(t, "--data", data, "--demo-password", password, "--introspection", "full")
	for _, c := range []client{full.guest(), full.as(support), full.as(owner)} {
		if got := schemaText(t, c); got != whole {
			t.Error("/schema.graphqls is not what fieldgate schema prints")
		}
		differ(t, "introspection", introspectedBy(t, c), want)
	}
	full.stop()
	off := start(t, "--data", data, "--demo-password", password, "--introspection", "off")
	for _, c := range []client{off.guest(), off.as(support), off.as(owner)} {
		c.send(c.request(http.MethodGet, strings.Replace(off.url, "/graphql", "/schema.graphqls", 1), "")).
			refused(t, http.StatusNotFound, "NOT_FOUND")
		for _, query := range []string{`{ __schema { types { name } } }`, `{ __type(name: "Query") { name } }`} {
			a := c.do(query, nil)
			if a.code() != "FORBIDDEN" || strings.Contains(a.body, `"name"`) {
				t.Errorf("%s: %s", query, a.body)
			}
		}
		c.do(`{ permissionMatrix { permission } __typename }`, nil).ok(t)
	}
}

// TestSchemaIsWhole: what fieldgate schema prints has every coordinate and directive of the schema's files.
func TestSchemaIsWhole(t *testing.T) {
	printed, err := gqlparser.LoadSchema(&ast.Source{Name: "printed", Input: command(t, "schema").stdout})
	if err != nil {
		t.Fatal(err)
	}
	differ(t, "what is printed", rulesIn(printed), rulesIn(load(t, sdl(t))))
}

// TestSchemaRefuses roles that nobody can hold.
func TestSchemaRefuses(t *testing.T) {
	for _, row := range []struct{ roles, want string }{
		{"nobody", "unknown role"}, {"owner,support", "stands alone"}, {"support,support", "repeated"}, {"guest,support", "unknown role"}, {"", "unknown role"},
	} {
		if got := command(t, "schema", "--role="+row.roles); got.status == 0 || !strings.Contains(got.stderr, row.want) || got.stdout != "" {
			t.Errorf("%q: %+v", row.roles, got)
		}
	}
	if got := command(t, "schema", "--role", "Developer, BILLING_MANAGER"); got.status != 0 || !strings.Contains(got.stdout, "type Invoice") {
		t.Errorf("%+v", got)
	}
}

// shownTo lists the coordinates that a caller may see by the schema's files and the matrix's file, as far as something
// leads to them: the test's own reading of what the program must show.
func shownTo(s *ast.Schema, m *table, caller string) []string {
	meets := func(at step) bool {
		return !slices.ContainsFunc(demands(s, at), func(d demand) bool { return !met(m, caller, d) })
	}
	found := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		def := s.Types[name]
		root := def == s.Query || def == s.Mutation || def == s.Subscription // whose fields have the rules
		if def.BuiltIn || found[name] || def.Kind == ast.Object && !root && !meets(step{object: name}) {
			return
		}
		found[name] = true
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") || def.Kind == ast.Object && !meets(step{object: name, field: f.Name}) {
				continue
			}
			found[name+"."+f.Name] = true
			visit(f.Type.Name())
			for _, a := range f.Arguments {
				if meets(step{name, f.Name, a.Name}) {
					found[name+"."+f.Name+"("+a.Name+":)"] = true
					visit(a.Type.Name())
				}
			}
		}
		for _, of := range slices.Concat(def.Interfaces, def.Types) {
			visit(of)
		}
		for _, one := range s.PossibleTypes[name] {
			visit(one.Name)
		}
	}
	for _, root := range []*ast.Definition{s.Query, s.Mutation, s.Subscription} {
		if root != nil && slices.ContainsFunc(root.Fields, func(f *ast.FieldDefinition) bool {
			return !strings.HasPrefix(f.Name, "__") && meets(step{object: root.Name, field: f.Name})
		}) {
			visit(root.Name)
		}
	}
	for _, d := range s.Directives {
		for _, a := range d.Arguments {
			visit(a.Type.Name())
		}
	}
	return sorted(found)
}

// coordinatesIn lists what a schema's text has, which must be valid.
func coordinatesIn(t *testing.T, text string) []string {
	t.Helper()
	s, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: text})
	if err != nil {
		t.Fatal(err)
	}
	return withoutRules(rulesIn(s))
}

// rulesIn lists a schema's own coordinates, each followed by its directives.
func rulesIn(s *ast.Schema) []string {
	found := map[string]bool{}
	add := func(name string, list ast.DirectiveList) {
		for _, d := range list {
			name += " @" + d.Name
			for _, a := range d.Arguments {
				name += " " + a.Value.Raw
			}
		}
		found[name] = true
	}
	for name, def := range s.Types {
		if def.BuiltIn {
			continue
		}
		add(name, def.Directives)
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			add(name+"."+f.Name, f.Directives)
			for _, a := range f.Arguments {
				add(name+"."+f.Name+"("+a.Name+":)", a.Directives)
			}
		}
	}
	return sorted(found)
}

func withoutRules(lines []string) []string {
	found := map[string]bool{}
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		found[name] = true
	}
	return sorted(found)
}

// introspectedBy lists what the full introspection query of a usual client says to a caller.
func introspectedBy(t *testing.T, c client) []string {
	t.Helper()
	query, err := os.ReadFile("../engine/testdata/queries/introspection.graphql")
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		Data struct {
			Schema struct {
				Types []struct {
					Name   string
					Fields []struct {
						Name string
						Args []struct{ Name string }
					}
					InputFields []struct{ Name string }
				}
			} `json:"__schema"`
		}
	}
	if err := json.Unmarshal([]byte(c.do(string(query), nil).ok(t).body), &body); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	builtIn := []string{"String", "Int", "Float", "Boolean", "ID"}
	for _, def := range body.Data.Schema.Types {
		if strings.HasPrefix(def.Name, "__") || slices.Contains(builtIn, def.Name) {
			continue
		}
		found[def.Name] = true
		for _, f := range def.Fields {
			found[def.Name+"."+f.Name] = true
			for _, a := range f.Args {
				found[def.Name+"."+f.Name+"("+a.Name+":)"] = true
			}
		}
		for _, f := range def.InputFields {
			found[def.Name+"."+f.Name] = true
		}
	}
	return sorted(found)
}

// schemaText is what /schema.graphqls answers.
func schemaText(t *testing.T, c client) string {
	t.Helper()
	resp, err := c.p.http.Do(c.request(http.MethodGet, strings.Replace(c.p.url, "/graphql", "/schema.graphqls", 1), ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Cache-Control") != "private, no-store" ||
		!strings.Contains(strings.Join(resp.Header.Values("Vary"), ", "), "Authorization") {
		t.Fatalf("%d %v %s %v", resp.StatusCode, resp.Header, text, err)
	}
	return string(text)
}

// differ fails the test at the first name in which two lists differ.
func differ(t *testing.T, what string, got, want []string) {
	t.Helper()
	for _, name := range got {
		if !slices.Contains(want, name) {
			t.Fatalf("%s has %s, which it should not", what, name)
		}
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Fatalf("%s lacks %s", what, name)
		}
	}
}

func sorted(names map[string]bool) []string {
	return slices.Sorted(maps.Keys(names))
}
