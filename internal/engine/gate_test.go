package engine

import (
	"context"
	"slices"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/vektah/gqlparser/v2/ast"
)

// TestZeroGate: without a decision nothing is open, not even what is public.
func TestZeroGate(t *testing.T) {
	field := graphql.CollectedField{Field: &ast.Field{Name: "hello", Alias: "hello"}}
	for name, g := range map[string]Gate{
		"the zero value":       {},
		"of no operation":      GateOf(nil),
		"of one not decided":   GateOf(&graphql.OperationContext{}),
		"of an empty decision": {small(t).decision(t, `{ hello }`, policy.Grants{})},
	} {
		ctx := context.Background()
		for _, check := range []policy.Check{0, policy.CheckPublic, policy.CheckSignedIn, 3, 65535} {
			if g.Field(ctx, field, "Query", check) {
				t.Errorf("%s: a field is open by check %d", name, check)
			}
			if g.FieldAndInput(ctx, field, "Query", check) {
				t.Errorf("%s: a field with arguments is open by check %d", name, check)
			}
			if g.Object(ctx, "Query", check) {
				t.Errorf("%s: an object is open by check %d", name, check)
			}
		}
		if got := g.MaskString(policy.MaskAll, "secret"); got != "••••" {
			t.Errorf("%s: personal data is shown as %s", name, got)
		}
		if got := g.MaskStringPtr(policy.MaskAll, new("secret")); *got != "••••" {
			t.Errorf("%s: personal data is shown as %s", name, *got)
		}
		if got := g.MaskStringPtr(policy.MaskAll, nil); got != nil {
			t.Errorf("%s: nothing is shown as %s", name, *got)
		}
	}
}

// TestUndecidedArguments: a field whose arguments were not decided is denied, although its own rule is met.
func TestUndecidedArguments(t *testing.T) {
	s := small(t)
	d := s.decision(t, `{ search(note: "x") page { name } }`, s.grants)
	g := Gate{d}
	ctx := context.Background()
	decided := graphql.CollectedField{Field: &ast.Field{Name: "search", Alias: "search"}}
	if !g.FieldAndInput(ctx, decided, "Query", policy.CheckSignedIn) {
		t.Error("what was decided is denied")
	}
	for name, key := range map[string]string{"another key": "other", "another field": "page"} {
		if g.FieldAndInput(ctx, graphql.CollectedField{Field: &ast.Field{Name: "search", Alias: key}}, "Query", policy.CheckSignedIn) {
			t.Errorf("%s is open", name)
		}
	}
	if g.FieldAndInput(graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Query", Field: decided}), decided, "Page", policy.CheckSignedIn) {
		t.Error("the same field of another type is open")
	}
	search := d.plan.root.byKey("search")
	if w := (&Writer{decision: d}); !w.Decided(search) {
		t.Error("what was decided is denied by the writers")
	}
	for name, verdicts := range map[string][]verdict{"none": nil, "an empty one": {{}}, "a denial": {{decided: true, denied: &refusal{}}}} {
		d.verdicts = verdicts
		if w := (&Writer{decision: d}); w.Decided(search) {
			t.Errorf("the writers take %s for a verdict that permits", name)
		}
	}
	d.verdicts = nil
	if g.FieldAndInput(ctx, decided, "Query", policy.CheckSignedIn) {
		t.Error("what was not decided is open")
	}
	if len(d.met) != 4 {
		t.Errorf("%d denials were noted, want 4", len(d.met))
	}
}

// TestVariableOfUnknownShape: what coercion cannot have made is denied.
func TestVariableOfUnknownShape(t *testing.T) {
	s := small(t)
	d := s.decision(t, `{ hello }`, s.grants)
	w := &walk{Decision: d}
	def := d.plan.catalog.inputs["PartInput"]
	for _, value := range []any{"x", 1, map[string]string{"cost": "x"}, []any{"x"}} {
		if w.variable(def, value) == nil {
			t.Errorf("%T passes", value)
		}
	}
	for _, value := range []any{nil, []any{nil}, map[string]any{"cost": "x"}, []map[string]any{{"cost": "x"}}} {
		if r := w.variable(def, value); r != nil {
			t.Errorf("%T is denied to who holds everything: %s", value, r.message())
		}
	}
}

// TestProbeQuery: the probe asks for a guarded field that the schema surely has.
func TestProbeQuery(t *testing.T) {
	for _, row := range []struct{ name, fields, want string }{
		{"an object", `open: String @public  me: Me @signedIn`, `{ probe: me { __typename } }`},
		{"a leaf", `open: String @public  name: String @signedIn`, `{ probe: name }`},
		{"a required argument", `one(id: ID!): String @signedIn  two(id: ID! = "x"): String @signedIn`, `{ probe: two }`},
		{"nothing guarded", `open: String @public`, ""},
		{"nothing to ask for", `open: String @public  one(id: ID!): String @signedIn`, "an error"},
	} {
		t.Run(row.name, func(t *testing.T) {
			schema, table := compileText(t, `type Query { `+row.fields+` } type Me @signedIn { name: String }`)
			got, err := probeQuery(&Config{Table: table, schema: schema})
			if err != nil {
				got += "an error"
			}
			if got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

// TestParseDenials reads the setting.
func TestParseDenials(t *testing.T) {
	for _, s := range []string{"each", "selection", "extensions"} {
		if d, err := ParseDenials(s); err != nil || string(d) != s {
			t.Errorf("%s: %s, %v", s, d, err)
		}
	}
	if d, err := ParseDenials("all"); err == nil || d != "" {
		t.Errorf("all: %s, %v", d, err)
	}
}

// TestSelection: a way that the operation does not select leads nowhere.
func TestSelection(t *testing.T) {
	d := small(t).decision(t, `{ page { name } things { ... on Page { a: name } ... on Call { b: name } } }`, small(t).grants)
	at := func(object, key string, parent *graphql.FieldContext) *graphql.FieldContext {
		return &graphql.FieldContext{Object: object, Field: graphql.CollectedField{Field: &ast.Field{Alias: key}}, Parent: parent}
	}
	page, things := at("Query", "page", nil), at("Query", "things", nil)
	for _, row := range []struct {
		name string
		fc   *graphql.FieldContext
		want string
	}{
		{"a field", at("Page", "name", page), "Page.name"},
		{"in a list", at("Call", "b", &graphql.FieldContext{Index: new(7), Parent: things}), "Call.name"},
		{"of a type that does not select it", at("Call", "a", things), ""},
		{"of a type that cannot be there", at("Query", "a", things), ""},
		{"below a leaf", at("Page", "name", at("Page", "name", page)), ""},
		{"no such key", at("Query", "nothing", nil), ""},
		{"nowhere", nil, ""},
	} {
		got := ""
		if found, _ := d.selection(row.fc); found != nil {
			got = found.coordinate
		}
		if got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// TestOrderOfPath: where an abstract type stands, a path does not say which type it goes by.
func TestOrderOfPath(t *testing.T) {
	s := small(t)
	d := s.decision(t, `{ page { name } things { ... on Page { x: id y: name } ... on Call { y: name z: id } } }`, s.grants)
	name := func(key string) ast.PathElement { return ast.PathName(key) }
	for _, row := range []struct {
		name string
		path ast.Path
		want []int
	}{
		{"the first type by name that selects the key", ast.Path{name("things"), ast.PathIndex(3), name("y")}, []int{1, 3, 0}},
		{"the only one", ast.Path{name("things"), ast.PathIndex(3), name("x")}, []int{1, 3, 0}},
		{"as far as it is selected", ast.Path{name("things"), ast.PathIndex(3), name("nothing"), name("more")}, []int{1, 3}},
		{"none", nil, []int{}},
	} {
		if got := d.order(row.path); !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// decision is what is decided of a valid operation.
func (s subject) decision(t *testing.T, query string, grants policy.Grants) *Decision {
	t.Helper()
	doc, err := parse(s.schema, query)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.config()
	d, err := cfg.decidePlan(newPlans(cfg.catalog, doc, doc.Operations[0], false), nil, grants, unlimited(), DenialsEach)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
