package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
)

// TestVisible shows what is left of small schemas. Each row has in wants, in the order of their names, the lines of the
// types that Support sees, who holds LOGS and NUMBERS_READ, and not BILLING and NUMBERS; the enums that the directives
// of every schema name are left out.
func TestVisible(t *testing.T) {
	for _, row := range []struct {
		name, schema string
		wants        []string
	}{
		{
			name:   "denied fields go, and types that nothing leads to any more",
			schema: `type Query { log: Log @signedIn  bill: Bill @signedIn } type Log @hasPermission(permission: LOGS) { text: String cost: Price @hasPermission(permission: BILLING) } type Bill @hasPermission(permission: BILLING) { total: Price } type Price @signedIn { unit: Unit } enum Unit { USD }`,
			wants:  []string{"type Log { text }", "type Query { log }"},
		},
		{
			name:   "a type without fields goes, and what needs it",
			schema: `type Query { log: Log @signedIn open: String @public } type Log @signedIn { cost: String @hasPermission(permission: BILLING) more: More } type More @signedIn { cost: String @hasPermission(permission: BILLING) }`,
			wants:  []string{"type Query { open }"},
		},
		{
			name:   "a denied argument goes, a required one takes its field along",
			schema: `type Query { a(x: Int @hasPermission(permission: BILLING), y: Int): String @signedIn  b(x: Int! @hasPermission(permission: BILLING)): String @signedIn  c(x: Int! = 1 @hasPermission(permission: BILLING)): String @signedIn }`,
			wants:  []string{"type Query { a(y) c }"},
		},
		{
			name:   "a filter goes with the field that it reads",
			schema: `type Query { logs(text: String @filters(field: "Log.text"), cost: String @filters(field: "Log.cost"), who: String @filters(field: "Log.who")): [Log] @hasPermission(permission: LOGS) } type Log @hasPermission(permission: LOGS) { text: String  cost: String @hasPermission(permission: BILLING)  who: String @personalData }`,
			wants:  []string{"type Log { text who }", "type Query { logs(text) }"},
		},
		{
			name:   "a denied input field goes, a required one takes its type along, and that what must be given",
			schema: `type Query { a(in: A): String @signedIn  b(in: B!): String @signedIn  c(in: C): String @signedIn  d(in: D): String @signedIn } input A { x: Int @hasPermission(permission: BILLING) y: Int } input B { x: Int! @hasPermission(permission: BILLING) } input C { b: B! y: Int } input D { b: B y: Int }`,
			wants:  []string{"input A { y }", "input D { y }", "type Query { a(in) c d(in) }"},
		},
		{
			name:   "members of a union that may not be seen go, and a union without any",
			schema: `type Query { any: Any @signedIn  none: None @signedIn } union Any = Log | Bill union None = Bill type Log @hasPermission(permission: LOGS) { text: String } type Bill @hasPermission(permission: BILLING) { total: Int }`,
			wants:  []string{"union Any = Log", "type Log { text }", "type Query { any }"},
		},
		{
			name:   "an interface keeps the fields and arguments that all have who may be seen",
			schema: `type Query { thing: Thing @signedIn } interface Thing { id(long: Boolean): ID name: String } type A implements Thing @signedIn { id(long: Boolean): ID name: String } type B implements Thing @signedIn { id(long: Boolean @hasPermission(permission: BILLING)): ID name: String @hasPermission(permission: BILLING) } type C implements Thing @hasPermission(permission: BILLING) { id(long: Boolean): ID name: String }`,
			wants:  []string{"type A implements Thing { id(long) name }", "type B implements Thing { id }", "type Query { thing }", "interface Thing { id }"},
		},
		{
			name:   "an interface that nobody implements any more goes, and one with nothing in common",
			schema: `type Query { a: Gone @signedIn  b: Odd @signedIn  c: A @signedIn } interface Gone { x: Int } interface Odd { y: Int } type Hidden implements Gone @hasPermission(permission: BILLING) { x: Int } type A implements Odd @signedIn { y: Int @hasPermission(permission: BILLING) z: Int }`,
			wants:  []string{"type A { z }", "type Query { c }"},
		},
		{
			name:   "a required argument of an interface's field that one of its types may not be given",
			schema: `type Query { thing: Thing @signedIn } interface Thing { id: ID x(a: Int!): Int } type A implements Thing @signedIn { id: ID x(a: Int!): Int } type B implements Thing @signedIn { id: ID x(a: Int! @hasPermission(permission: BILLING)): Int }`,
			wants:  []string{"type A implements Thing { id x(a) }", "type B implements Thing { id }", "type Query { thing }", "interface Thing { id }"},
		},
		{
			name:   "an interface of interfaces",
			schema: `type Query { node: Node @signedIn } interface Node { id: ID } interface Named implements Node { id: ID name: String } type A implements Named & Node @signedIn { id: ID name: String @hasPermission(permission: BILLING) }`,
			wants:  []string{"type A implements Named & Node { id }", "interface Named implements Node { id }", "interface Node { id }", "type Query { node }"},
		},
		{
			name:   "roots with nothing left go",
			schema: `type Query { open: String @public } type Mutation { pay: String @hasPermission(permission: BILLING, action: CREATE) } type Subscription { logs: String @hasPermission(permission: LOGS) }`,
			wants:  []string{"type Query { open }", "type Subscription { logs }"},
		},
		{
			name:   "scalars and types that lead to themselves",
			schema: `scalar Time type Query { log: Log @signedIn } type Log @signedIn { at: Time next: Log bill: Bill } type Bill @hasPermission(permission: BILLING) { log: Log }`,
			wants:  []string{"type Log { at next }", "type Query { log }", "scalar Time"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := testMatrix(t)
			schema := load(t, source(t, "testdata/common.graphqls"), &ast.Source{Name: "row", Input: row.schema})
			before := written(schema)
			table, _ := Compile(schema, m)
			visible := Visible(schema, table, grants(t, table, m, Support))
			if got := outline(visible); !slices.Equal(got, row.wants) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(row.wants, "\n  "))
			}
			again := load(t, &ast.Source{Name: "visible", Input: written(visible)}) // it is valid
			if got, want := links(visible), links(again); got != want {
				t.Errorf("types and interfaces are linked\n%s, want\n%s", got, want)
			}
			if written(schema) != before {
				t.Error("the schema was changed")
			}
		})
	}
}

// TestVisibleToNobody: where no query is open there is no schema to show.
func TestVisibleToNobody(t *testing.T) {
	m := testMatrix(t)
	schema := load(t, source(t, "testdata/common.graphqls"), &ast.Source{Name: "row", Input: `type Query { log: String @signedIn }`})
	table, _ := Compile(schema, m)
	for name, g := range map[string]Grants{"a guest": grants(t, table, m), "the zero grants": {}} {
		if visible := Visible(schema, table, g); visible != nil {
			t.Errorf("%s sees %s", name, outline(visible))
		}
	}
}

func written(s *ast.Schema) string {
	var text strings.Builder
	formatter.NewFormatter(&text).FormatSchema(s)
	return text.String()
}

// outline is a line for each of the schema's own types, by name.
func outline(s *ast.Schema) []string {
	var lines []string
	for _, name := range sortedNames(s) {
		def := s.Types[name]
		if def.BuiltIn || slices.Contains([]string{"Permission", "Action", "Mask"}, name) {
			continue
		}
		line := map[ast.DefinitionKind]string{
			ast.Object: "type ", ast.Interface: "interface ", ast.Union: "union ", ast.InputObject: "input ", ast.Scalar: "scalar ",
		}[def.Kind] + name
		if len(def.Interfaces) > 0 {
			line += " implements " + strings.Join(def.Interfaces, " & ")
		}
		if len(def.Types) > 0 {
			line += " = " + strings.Join(def.Types, " | ")
		}
		var fields []string
		for _, f := range def.Fields {
			if introspective(f.Name) {
				continue
			}
			field := f.Name
			var args []string
			for _, arg := range f.Arguments {
				args = append(args, arg.Name)
			}
			if len(args) > 0 {
				field += "(" + strings.Join(args, ", ") + ")"
			}
			fields = append(fields, field)
		}
		if len(fields) > 0 {
			line += " { " + strings.Join(fields, " ") + " }"
		}
		lines = append(lines, line)
	}
	return lines
}

// links are the types that each type may turn out to be, and the interfaces and unions that it belongs to.
func links(s *ast.Schema) string {
	var text strings.Builder
	for _, name := range sortedNames(s) {
		if introspective(name) {
			continue
		}
		for _, list := range [][]*ast.Definition{s.PossibleTypes[name], s.Implements[name]} {
			var names []string
			for _, def := range list {
				if s.Types[def.Name] != def {
					names = append(names, "another ")
				}
				names = append(names, def.Name)
			}
			slices.Sort(names)
			text.WriteString(name + ": " + strings.Join(names, " ") + "\n")
		}
	}
	return text.String()
}

func sortedNames(s *ast.Schema) []string {
	var names []string
	for name := range s.Types {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
