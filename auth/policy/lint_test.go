package policy

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

var update = flag.Bool("update", false, "write the golden files anew")

// source reads a schema file. Its name in faults is the file's own, without a path.
func source(t *testing.T, path string) *ast.Source {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &ast.Source{Name: filepath.Base(path), Input: string(text)}
}

// load parses and validates schema sources.
func load(t *testing.T, sources ...*ast.Source) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// testMatrix reads testdata/matrix.csv, leaving out the rows of these permissions.
func testMatrix(t *testing.T, without ...string) *Matrix {
	t.Helper()
	text, err := os.ReadFile("testdata/matrix.csv")
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(text)) {
		drop := false
		for _, permission := range without {
			drop = drop || strings.HasPrefix(line, permission+",")
		}
		if !drop {
			kept = append(kept, line)
		}
	}
	m, err := ParseMatrix(strings.NewReader(strings.Join(kept, "")))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// header reads what follows "# name:" on a line of a schema file.
func header(src *ast.Source, name string) []string {
	for line := range strings.Lines(src.Input) {
		if rest, found := strings.CutPrefix(line, "# "+name+":"); found {
			return strings.Fields(rest)
		}
	}
	return nil
}

// withoutUnused takes out of the faults that nothing uses these permissions, which must be among them.
func withoutUnused(t *testing.T, faults Faults, permissions ...string) Faults {
	t.Helper()
	for _, p := range permissions {
		i := slices.IndexFunc(faults, func(f Fault) bool {
			return f.Coordinate == "Permission."+p && f.Message == "no field, argument or input uses "+p
		})
		if i < 0 {
			t.Fatalf("%s is used", p)
		}
		faults = slices.Delete(faults, i, i+1)
	}
	return faults
}

// TestFaults compiles each faulty schema and compares the faults with the golden file beside it. The files under faulty
// follow common.graphqls; those under alone stand alone.
func TestFaults(t *testing.T) {
	faulty, _ := filepath.Glob("testdata/faulty/*.graphqls")
	alone, _ := filepath.Glob("testdata/alone/*.graphqls")
	if len(faulty) == 0 || len(alone) == 0 {
		t.Fatal("no schemas found")
	}
	for _, path := range append(faulty, alone...) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".graphqls"), func(t *testing.T) {
			src := source(t, path)
			sources := []*ast.Source{src}
			if filepath.Base(filepath.Dir(path)) == "faulty" {
				sources = []*ast.Source{source(t, "testdata/common.graphqls"), src}
			}
			_, faults := Compile(load(t, sources...), testMatrix(t, header(src, "matrix")...))
			got := withoutUnused(t, faults, header(src, "unused")...).Error() + "\n"
			golden := strings.TrimSuffix(path, ".graphqls") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("faults:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// TestFaultyCoordinatesDeny holds that a table refused by its faults still denies wherever it is at fault.
func TestFaultyCoordinatesDeny(t *testing.T) {
	tests := []struct {
		name, file string
		check      func(*Table) Check
	}{
		{"field without a rule", "no_rule", func(t *Table) Check { return t.Field("Query", "open") }},
		{"object without a rule", "no_rule", func(t *Table) Check { return t.Object("Thing") }},
		{"field that returns an object without a rule", "no_rule", func(t *Table) Check {
			return t.Field("Query", "thing")
		}},
		{"two rules", "more_than_one_rule", func(t *Table) Check { return t.Field("Query", "a") }},
		{"default of an object with two rules", "more_than_one_rule", func(t *Table) Check {
			return t.Field("B", "name")
		}},
		{"loosened field", "loosened", func(t *Table) Check { return t.Field("Bill", "number") }},
		{"object with a rule on its extension", "extension", func(t *Table) Check { return t.Object("Late") }},
		{"root with a rule on its extension", "extension", func(t *Table) Check { return t.Object("Query") }},
		{"non-null field", "non_null_field", func(t *Table) Check { return t.Field("Account", "balance") }},
		{"non-null list element", "non_null_return", func(t *Table) Check { return t.Field("Query", "any") }},
		{"list argument without @filters", "list_argument", func(t *Table) Check {
			return t.Argument("Query", "calls", "to")
		}},
		{"list input without @filters", "list_argument", func(t *Table) Check { return t.Input("CallFilter", "from") }},
		{"argument of a stream without @filters", "stream_argument", func(t *Table) Check {
			return t.Argument("Subscription", "calls", "to")
		}},
		{"filter by nothing", "filter_target", func(t *Table) Check { return t.Argument("Query", "calls", "a") }},
		{"unknown permission", "unknown_name", func(t *Table) Check { return t.Field("Query", "a") }},
		{"unknown action", "unknown_name", func(t *Table) Check { return t.Field("Query", "b") }},
		{"unknown permission on an input", "unknown_name", func(t *Table) Check { return t.Input("In", "x") }},
		{"unknown mask", "unknown_name", func(t *Table) Check { return t.Field("Thing", "name") }},
		{"root returned", "root_returned", func(t *Table) Check { return t.Field("Query", "again") }},
		{"abstract payload", "mutation_payload", func(t *Table) Check { return t.Field("Mutation", "direct") }},
		{"masked number", "personal_data", func(t *Table) Check { return t.Field("Query", "a") }},
	}
	m := testMatrix(t)
	owner, err := m.Set(Owner)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			common := source(t, "testdata/common.graphqls")
			table, faults := Compile(load(t, common, source(t, "testdata/faulty/"+test.file+".graphqls")), m)
			if len(faults) == 0 {
				t.Fatal("no fault found")
			}
			if check := test.check(table); check != 0 || table.Grants(owner).Allows(check) {
				t.Errorf("check %d (%v), want 0, which denies", check, table.Rules(check))
			}
		})
	}
}

func TestFaultInAnotherFile(t *testing.T) {
	_, faults := Compile(load(t,
		source(t, "testdata/common.graphqls"),
		&ast.Source{Name: "a.graphqls", Input: `type Query @signedIn { a: String }`},
		&ast.Source{Name: "b.graphqls", Input: "\n\nextend type Query @public { b: String }"},
	), testMatrix(t))
	faults = withoutUnused(t, faults, "BILLING", "LOGS", "NUMBERS", "NUMBERS_READ", "PERSONAL_DATA")
	want := "b.graphqls:3: Query: @public on an extension would merge into the whole type: write it on each field"
	if faults.Error() != want {
		t.Errorf("faults:\n%s\nwant:\n%s", faults, want)
	}
}

// TestSchemaWithoutPositions holds that a schema made by a program rather than a parser gets its faults too.
func TestSchemaWithoutPositions(t *testing.T) {
	query := &ast.Definition{Kind: ast.Object, Name: "Query", Directives: ast.DirectiveList{{Name: "public"}}}
	query.Fields = ast.FieldList{
		{Name: "a", Type: ast.NamedType("String", nil), Directives: ast.DirectiveList{{Name: "hasPermission"}}},
		{Name: "b", Type: ast.NamedType("String", nil)},
	}
	schema := &ast.Schema{Query: query, Types: map[string]*ast.Definition{
		"Query":  query,
		"String": {Kind: ast.Scalar, Name: "String"},
	}}
	table, faults := Compile(schema, testMatrix(t))
	want := `Action: the schema has no enum Action
Permission: the schema has no enum Permission
Query.a: unknown action ` + `
Query.a: unknown permission ` + `
Role: the schema has no enum Role`
	if faults.Error() != want {
		t.Errorf("faults:\n%s\nwant:\n%s", faults, want)
	}
	if table.Field("Query", "a") != 0 || table.Field("Query", "b") != CheckPublic {
		t.Error("the faulty field does not deny, or its neighbour does")
	}
}

// TestTooManyRules holds that rules beyond what a Check can number deny, rather than take another rule's number.
func TestTooManyRules(t *testing.T) {
	enum := &ast.Definition{Kind: ast.Enum, Name: "Permission"}
	object := &ast.Definition{Kind: ast.Object, Name: "Query"}
	actions := &ast.Definition{Kind: ast.Enum, Name: "Action"}
	for _, a := range Actions() {
		actions.EnumValues = append(actions.EnumValues, &ast.EnumValueDefinition{Name: string(a)})
	}
	schema := &ast.Schema{Query: object, Types: map[string]*ast.Definition{
		"Permission": enum, "Query": object, "Action": actions, "String": {Kind: ast.Scalar, Name: "String"},
	}}
	const permissions = 256
	name := func(i int) string { return "P" + string(rune('A'+i/26)) + string(rune('A'+i%26)) }
	rule := func(i int) *ast.Directive {
		return &ast.Directive{Name: "hasPermission", Arguments: ast.ArgumentList{
			{Name: "permission", Value: &ast.Value{Raw: name(i)}},
			{Name: "action", Value: &ast.Value{Raw: "READ"}},
		}}
	}
	for i := range permissions {
		enum.EnumValues = append(enum.EnumValues, &ast.EnumValueDefinition{Name: name(i)})
		object.Fields = append(object.Fields, &ast.FieldDefinition{
			Name: name(i), Type: ast.NamedType("String", nil), Directives: ast.DirectiveList{rule(i)},
		})
	}
	// Each field is filtered by under each permission, with another action: 65,536 different pairs, besides single rules.
	for i := range permissions {
		for j := range permissions {
			filters := &ast.Directive{Name: "filters", Arguments: ast.ArgumentList{
				{Name: "field", Value: &ast.Value{Raw: "Query." + name(i)}},
			}}
			under := rule(j)
			under.Arguments[1].Value.Raw = "UPDATE"
			object.Fields[i].Arguments = append(object.Fields[i].Arguments, &ast.ArgumentDefinition{
				Name: name(j), Type: ast.NamedType("String", nil), Directives: ast.DirectiveList{filters, under},
			})
		}
	}
	table, faults := Compile(schema, testMatrix(t))
	if table.Checks() != 1<<16 {
		t.Fatalf("%d checks, want every number of a Check used", table.Checks())
	}
	if !strings.Contains(faults.Error(), "more than 65535 distinct rules") {
		t.Error("no fault says that there are too many rules")
	}
	first, last := name(0), name(permissions-1)
	if table.Argument("Query", first, first) == 0 {
		t.Error("the first pair of rules has no check")
	}
	if c := table.Argument("Query", last, last); c != 0 {
		t.Errorf("the last pair of rules has the check %d of other rules", c)
	}
}
