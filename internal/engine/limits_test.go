package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/rules"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// subject is a schema and its rules, walked as someone who holds everything.
type subject struct {
	schema *ast.Schema
	table  *policy.Table
	set    policy.Set
	grants policy.Grants
}

func subjectOf(t testing.TB, schema *ast.Schema, table *policy.Table) subject {
	t.Helper()
	owner, err := policy.Published().Set(policy.Owner)
	if err != nil {
		t.Fatal(err)
	}
	return subject{schema, table, owner, table.Grants(owner)}
}

func read(t testing.TB, path string) *ast.Source {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &ast.Source{Name: path, Input: string(text)}
}

// small is the tests' schema.
func small(t *testing.T) subject {
	t.Helper()
	source := read(t, "enginetest/schema.graphqls")
	table, err := rules.Compile(source, policy.Published())
	if err != nil {
		t.Fatal(err)
	}
	return subjectOf(t, gqlparser.MustLoadSchema(source), table)
}

// published is the schema that the gateway serves.
func published(t testing.TB) subject {
	t.Helper()
	sources := []*ast.Source{read(t, "../../schema.graphqls")}
	files, err := filepath.Glob("../../schema/*.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		sources = append(sources, read(t, f))
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	table, _ := policy.Compile(schema, policy.Published())
	return subjectOf(t, schema, table)
}

// walk decides one operation, which must be valid and within the tokens that are allowed.
func (s subject) walk(t *testing.T, limits Limits, query string) (*walk, error) {
	t.Helper()
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, limits.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	if list := validator.ValidateWithRules(s.schema, doc, quietRules()); len(list) > 0 {
		t.Fatal(list)
	}
	w := s.walker(limits, doc)
	return w, w.operation()
}

// walker is what decides the first operation of a document for one request. An id is the name of its type.
func (s subject) walker(limits Limits, doc *ast.QueryDocument) *walk {
	cfg := s.config()
	p := newPlans(cfg.catalog, doc, doc.Operations[0], true).plan(nil)
	return &walk{Decision: &Decision{plan: p, grants: s.grants, views: cfg.Views}, limits: limits, typeOf: cfg.TypeOf}
}

// config is what the engine has to know to decide.
func (s subject) config() Config {
	cfg := Config{
		Table: s.table, Views: NewViews(IntrospectionFull, s.schema, s.table), TypeOf: func(id string) string { return id },
		schema: s.schema,
	}
	cfg.catalog = cfg.newCatalog(nil)
	return cfg
}

// unlimited is for tests of one limit at a time.
func unlimited() Limits {
	const many = 1e9
	return Limits{
		BodyBytes: many, Tokens: many, Depth: many, Introspection: many, Aliases: many, AliasLength: many, RootFields: many, Directives: many,
		Introspections: many, Selections: many,
		Cost: many, RequestErrors: many,
	}
}

// TestLimitsAtTheEdge asks for exactly what a limit allows, and for one more.
func TestLimitsAtTheEdge(t *testing.T) {
	const limit = 7
	nested := func(first, field string, n int) string { // n levels deep
		return "{ " + first + " { " + strings.Repeat(field+" { ", n-2) + "name" + strings.Repeat(" }", n)
	}
	aliased := func(field string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a%d: %s ", i, field)
		}
		return b.String()
	}
	for _, row := range []struct {
		name  string
		set   func(*Limits)
		query func(n int) string
		says  string
	}{
		{"depth", func(l *Limits) { l.Depth = limit }, func(n int) string { return nested("page", "child", n) }, "levels"},
		{"depth over fragments", func(l *Limits) { l.Depth = limit }, func(n int) string {
			return "{ page { ...A } } fragment A on Page { ... { " + strings.Repeat("child { ", n-2) + "name" + strings.Repeat(" }", n)
		}, "levels"},
		{"depth of introspection", func(l *Limits) { l.Introspection = limit }, func(n int) string {
			return nested(`__type(name: "Page")`, "ofType", n)
		}, "levels"},
		{"aliases", func(l *Limits) { l.Aliases = limit }, func(n int) string { return "{ page { " + aliased("name", n) + "} }" }, "aliases"},
		{"aliases of one fragment used twice", func(l *Limits) { l.Aliases = 2 * limit }, func(n int) string {
			extra := ""
			if n > limit {
				extra = "x: hello "
			}
			return "{ " + extra + "page { ...A child { ...A } } } fragment A on Page { " + aliased("name", limit) + "}"
		}, "aliases"},
		{"root fields", func(l *Limits) { l.RootFields = limit }, func(n int) string { return "{ " + aliased("hello", n) + "}" }, "root fields"},
		{"selections", func(l *Limits) { l.Selections = limit }, func(n int) string { return "{ " + aliased("hello", n) + "}" }, "fields"},
		{"selections, for each type they turn up on", func(l *Limits) { l.Selections = 3*limit + 1 }, func(n int) string {
			return "{ things { " + aliased("name", n) + "} }"
		}, "fields"},
		{"directives, wherever they stand", func(l *Limits) { l.Directives = limit }, func(n int) string {
			return "query($no: Boolean = false) { page { ...F @skip(if: $no) ... @skip(if: $no) { name @skip(if: $no) } } } fragment F on Page {" +
				strings.Repeat(" name @skip(if: false)", n-3) + " }"
		}, "directives"},
		{"introspections", func(l *Limits) { l.Introspections = limit }, func(n int) string {
			return "{ ...I " + aliased("__schema { queryType { name } }", n-1) + `} fragment I on Query { __type(name: "Page") { name } }`
		}, "__schema"},
		{"cost", func(l *Limits) { l.Cost = limit + 1 }, func(n int) string { return fmt.Sprintf("{ calls(first: %d) { name } }", n) }, "answer"},
		{"cost of a list in a list", func(l *Limits) { l.Cost = 1 + 10 + 10*limit }, func(n int) string {
			return fmt.Sprintf("{ results { ... on Page { calls(first: %d) { name } } } }", n)
		}, "answer"},
	} {
		t.Run(row.name, func(t *testing.T) {
			limits := unlimited()
			row.set(&limits)
			s := small(t)
			if _, err := s.walk(t, limits, row.query(limit)); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			if _, err := s.walk(t, limits, row.query(limit+1)); problem.CodeOf(err) != problem.LimitExceeded || !strings.Contains(err.Error(), row.says) {
				t.Errorf("one beyond: %v, want %s about %s", err, problem.LimitExceeded, row.says)
			}
		})
	}
	if _, err := small(t).walk(t, Limits{Tokens: 100}, "{ hello }"); problem.CodeOf(err) != problem.LimitExceeded {
		t.Errorf("the zero limits: %v", err)
	}
}

// TestFragmentDoubling: a document whose fragments use each other twice stands for fields beyond number. It is refused
// after as many fields as the limit allows, so the work does not double.
func TestFragmentDoubling(t *testing.T) {
	s := small(t)
	for levels := 22; levels <= 100; levels += 6 {
		for name, field := range map[string]string{"two aliases": "a: child { ...F%[2]d } b: child { ...F%[2]d }", "one field": "child { ...F%[2]d }"} {
			var b strings.Builder
			b.WriteString("{ page { ...F0 } }")
			for i := range levels {
				fmt.Fprintf(&b, " fragment F%d on Page { "+field+" }", i, i+1)
			}
			fmt.Fprintf(&b, " fragment F%d on Page { name }", levels)
			limits := DefaultLimits()
			limits.Tokens, limits.Aliases, limits.Depth = 1e6, 1e6, 1e6
			if name == "one field" {
				limits.Depth = 20
			}
			w, err := s.walk(t, limits, b.String())
			if problem.CodeOf(err) != problem.LimitExceeded {
				t.Errorf("%d levels of %s: %v", levels, name, err)
			}
			if w.selections > limits.Selections+1 {
				t.Errorf("%d levels of %s: %d fields were walked", levels, name, w.selections)
			}
		}
	}
}

// TestCosts: sums and products saturate, they do not wrap around.
func TestCosts(t *testing.T) {
	s := small(t)
	for name, query := range map[string]string{
		"a large page":             `{ calls(first: 2147483647) { name } }`,
		"a negative page":          `{ calls(first: -2147483648) { name } }`,
		"large pages within pages": `{ calls(first: 1000) { page { calls(first: 1000) { page { calls(first: 1000) { page { calls(first: 1000) { name } } } } } } } }`,
	} {
		limits := DefaultLimits()
		limits.Cost = maxPage
		if _, err := s.walk(t, limits, query); problem.CodeOf(err) != problem.LimitExceeded {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := costs{most: 10}
	for range 3 {
		if c.add(1 << 62); c.sum != 11 {
			t.Errorf("the sum is %d, want 11", c.sum)
		}
	}
	if n := c.times(1<<40, 1<<40); n != 11 {
		t.Errorf("the product is %d, want 11", n)
	}
}

// TestIntrospectionRecursion: below __schema each list leads to more lists. Validation refuses the third, and what it
// lets through costs as much as its answer may have.
func TestIntrospectionRecursion(t *testing.T) {
	s := published(t)
	for name, query := range map[string]string{
		"fields of fields of fields": `{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }`,
		"in fragments": `{ __schema { types { ...A } } } fragment A on __Type { fields { type { ...B } } }
			fragment B on __Type { fields { type { ...C } } } fragment C on __Type { fields { name } }`,
	} {
		if _, err := gqlparser.LoadQueryWithRules(s.schema, query, quietRules()); !strings.Contains(fmt.Sprint(err), "introspection depth") {
			t.Errorf("%s: %v", name, err)
		}
	}
	full := read(t, "testdata/queries/introspection.graphql").Input
	_, fragments, _ := strings.Cut(full, "\nfragment FullType")
	query := "{ a: __schema { types { ...FullType } } b: __schema { types { ...FullType } } c: __schema { types { ...FullType } } " +
		"d: __schema { types { ...FullType } } }\nfragment FullType" + fragments
	if _, err := s.walk(t, DefaultLimits(), query); problem.CodeOf(err) != problem.LimitExceeded {
		t.Errorf("all types four times over: %v", err)
	}
}

// TestWhatTheDefaultsLetThrough: nobody who works as intended meets a limit.
func TestWhatTheDefaultsLetThrough(t *testing.T) {
	s := published(t)
	connection := func(field string, node string) string {
		return field + " { edges { cursor node { " + node + " } } pageInfo { hasNextPage endCursor } } "
	}
	var all strings.Builder
	for _, f := range s.schema.Types["PhoneNumber"].Fields {
		all.WriteString(f.Name)
		if s.schema.Types[f.Type.Name()].IsCompositeType() {
			all.WriteString(" { voice sms mms fax }")
		}
		all.WriteString(" ")
	}
	var dashboard strings.Builder
	for i := range 2 {
		for _, field := range []string{"phoneNumbers", "calls", "messages", "apiKeys", "users"} {
			dashboard.WriteString(connection(fmt.Sprintf("d%d%s: %s(first: 50)", i, field, field), "id sid "))
		}
	}
	for name, query := range map[string]string{
		"the full introspection query of graphql-js":     read(t, "testdata/queries/introspection.graphql").Input,
		"a dashboard of ten lists of fifty":              "{ viewer { email roles } account { " + dashboard.String() + "} }",
		"a thousand phone numbers with every field":      "{ account { " + connection("phoneNumbers(first: 1000)", all.String()) + "} }",
		"a page of a list as Relay's compiler writes it": relayPage,
		"a node with a fragment for each type":           `query($id: ID! = "Call") { node(id: $id) { ` + nodeFragments(s.schema) + "} }",
	} {
		t.Run(name, func(t *testing.T) {
			w, err := s.walk(t, DefaultLimits(), query)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d fields, %d aliases, cost %d", w.selections, w.aliases, w.costs.sum)
		})
	}
}

// relayPage is what relay-compiler makes of a pagination fragment on a node, with a field that is there only sometimes.
const relayPage = `query CallsPaginationQuery($count: Int = 20 $cursor: String $withPrice: Boolean = true $id: ID! = "Account") {
	node(id: $id) { __typename ...Calls_account id }
}
fragment Calls_account on Account {
	calls(first: $count, after: $cursor) {
		edges {
			node { id ...Call_row ...Call_price @include(if: $withPrice) __typename }
			cursor
		}
		pageInfo { endCursor hasNextPage }
	}
	id
}
fragment Call_price on Call { price { amount currency } }
fragment Call_row on Call { sid to from status direction duration startTime endTime dateCreated }
`

// nodeFragments asks each type of node for two fields.
func nodeFragments(schema *ast.Schema) string {
	var b strings.Builder
	for _, def := range schema.GetPossibleTypes(schema.Types["Node"]) {
		fmt.Fprintf(&b, "... on %s { __typename id } ", def.Name)
	}
	return b.String()
}

// directives are what a schema of a test's own begins with.
const directives = `
	directive @public on OBJECT | FIELD_DEFINITION
	directive @signedIn on OBJECT | FIELD_DEFINITION
	enum Permission { PERSONAL_DATA } enum Action { READ } enum Role { OWNER } enum Mask { ALL }
`

// compileText compiles a schema of a test's own.
func compileText(t *testing.T, text string) (*ast.Schema, *policy.Table) {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "test", Input: directives + text})
	if err != nil {
		t.Fatal(err)
	}
	table, _ := policy.Compile(schema, policy.Published())
	return schema, table
}

// parse reads a valid operation.
func parse(schema *ast.Schema, query string) (*ast.QueryDocument, error) {
	doc, err := gqlparser.LoadQueryWithRules(schema, query, quietRules())
	if err != nil {
		return nil, err
	}
	return doc, nil
}
