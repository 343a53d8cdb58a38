package gen_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine/gen"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

var update = flag.Bool("update", false, "write the golden file anew")

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// load reads the schema and its rules. Introspection's own types are left out, of which the small source has no code.
func load(t *testing.T, text string) (*ast.Schema, *policy.Table) {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: text})
	if err != nil {
		t.Fatal(err)
	}
	table, _ := policy.Compile(schema, policy.Published())
	for name := range schema.Types {
		if strings.HasPrefix(name, "__") {
			delete(schema.Types, name)
		}
	}
	var own ast.FieldList
	for _, f := range schema.Query.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			own = append(own, f)
		}
	}
	schema.Query.Fields = own
	return schema, table
}

// TestGuard compares what the step makes of a source in gqlgen's shape.
func TestGuard(t *testing.T) {
	schema, table := load(t, read(t, "testdata/schema.graphqls"))
	got, err := gen.Guard([]byte(read(t, "testdata/plain.go.txt")), schema, table)
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/guarded.go.txt"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, golden); string(got) != want {
		t.Errorf("%s differs (run with -update to accept):\n%s", golden, got)
	}
}

// TestGuardRefuses: a source that is not wholly what the step knows is refused, and nothing is written.
func TestGuardRefuses(t *testing.T) {
	for _, row := range []struct {
		name     string
		from, to string // in the source
		schema   []string
		want     string
	}{
		{name: "no Go", from: "package graph", to: "package", want: "cannot be parsed"},
		{name: "a field function that is missing", from: "_User_phone(", to: "other(", want: "no field function _User_phone"},
		{name: "a field function that is not a method", from: "func (ec *executionContext) _User_phone(", to: "func _User_phone(", want: "no field function _User_phone"},
		{name: "a field function of another receiver", from: "func (ec *executionContext) _User_phone(", to: "func (ec *other) _User_phone(", want: "no field function _User_phone"},
		{name: "a field function of another shape", from: "_User_phone(ctx context.Context, field graphql.CollectedField", to: "_User_phone(ctx context.Context, field *graphql.CollectedField", want: "no field function _User_phone"},
		{name: "a field function too many", from: "func (ec *executionContext) field_Query_user_args(ctx context.Context, rawArgs map[string]any)",
			to: "func (ec *executionContext) _User_password(ctx context.Context, field graphql.CollectedField)", want: "_User_password answers a field that the schema does not have"},
		{name: "a field that the schema has more", schema: []string{"email: String @personalData(mask: EMAIL)", "email: String, name: String"}, want: "no field function _User_name"},
		{name: "a field that the schema has no more", schema: []string{"email: String @personalData(mask: EMAIL)", ""}, want: "_User_email answers a field"},
		{name: "an object function that is missing", from: "_User(ctx", to: "_Other(ctx", want: "no object function _User"},
		{name: "an object function of another shape", from: "_User(ctx context.Context, sel ast.SelectionSet", to: "_User(ctx context.Context, sel *ast.SelectionSet", want: "no object function _User"},
		{name: "no constructor", from: "func NewExecutableSchema(", to: "func NewOther(", want: "0 constructors"},
		{name: "a constructor that does more", from: "	return &executableSchema{", to: "	println()\n	return &executableSchema{", want: "NewExecutableSchema is not what it was"},
		{name: "a constructor without its comment", from: "// NewExecutableSchema creates an ExecutableSchema from the ResolverRoot interface.\n", to: "", want: "NewExecutableSchema is not what it was"},
		{name: "a constructor that is empty", from: "	return &executableSchema{SchemaData: cfg.Schema, Resolvers: cfg.Resolvers}\n", to: "", want: "NewExecutableSchema is not what it was"},
		{name: "a constructor that returns nothing", from: "	return &executableSchema{SchemaData: cfg.Schema, Resolvers: cfg.Resolvers}\n", to: "	return\n", want: "NewExecutableSchema is not what it was"},
		{name: "no imports", from: "import (\n	\"context\"\n\n	\"github.com/99designs/gqlgen/graphql\"\n	\"github.com/vektah/gqlparser/v2/ast\"\n)\n", to: "", want: "no import list"},
		{name: "no execution context", from: "type executionContext struct", to: "type otherContext struct", want: "0 execution contexts"},
		{name: "an execution context made elsewhere", from: "func newExecutionContext(", to: "func newOther(", want: "made at 0 places"},
		{name: "an object that writes itself", from: "type executionContext struct",
			to: "func (ec *executionContext) marshalNUser2User(ctx context.Context, sel ast.SelectionSet, v User) graphql.Marshaler {\n	return v\n}\n\ntype executionContext struct", want: "User is bound to a Go type that writes itself"},
		{name: "personal data that is no text", from: "v string) graphql.Marshaler", to: "v int) graphql.Marshaler", want: "is personal data, but its value is a int"},
		{name: "personal data that nothing marshals", from: "v *string) graphql.Marshaler", to: "w *string) graphql.Marshaler", want: "was masked 0 times"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text, src := read(t, "testdata/schema.graphqls"), read(t, "testdata/plain.go.txt")
			if row.schema != nil {
				text = strings.Replace(text, row.schema[0], row.schema[1], 1)
			}
			at := strings.Index(src, row.from)
			if row.want == "was masked 0 times" || strings.Contains(row.want, "personal data, but") {
				at = strings.LastIndex(src, row.from) // of User, not of Query
			}
			if at < 0 {
				t.Fatalf("the source has no %q", row.from)
			}
			schema, table := load(t, text)
			got, err := gen.Guard([]byte(src[:at]+row.to+src[at+len(row.from):]), schema, table)
			if err == nil || got != nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}

// TestGuardRefusesIntrospection: generated code that reads the schema elsewhere than the step knows is refused.
func TestGuardRefusesIntrospection(t *testing.T) {
	src := read(t, "testdata/plain.go.txt")
	for _, row := range []struct{ name, more, want string }{
		{"no call", "", "introspection asks ec.IntrospectSchema at 0 places"},
		{"two calls", "func a() { ec.IntrospectType(); ec.IntrospectType() }", "introspection asks ec.IntrospectType at 2 places"},
		{"around the gate", "func a() { ec.ExecutionContextState.IntrospectSchema() }", "introspection asks ec.ExecutionContextState.IntrospectSchema"},
	} {
		t.Run(row.name, func(t *testing.T) {
			schema, table := load(t, read(t, "testdata/schema.graphqls"))
			schema.Query.Fields = append(schema.Query.Fields, &ast.FieldDefinition{Name: "__schema", Type: ast.NamedType("String", nil)})
			if got, err := gen.Guard([]byte(src+"\n"+row.more+"\n"), schema, table); err == nil || got != nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}
