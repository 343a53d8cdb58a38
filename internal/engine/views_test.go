package engine_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

// viewFor is the schema as a caller is shown it, loaded from its text by the library's own rules.
func viewFor(t *testing.T, c caller) *ast.Schema {
	t.Helper()
	m := c.matrix(t)
	table := compile(t, schemaSource(t), c)
	sdl := engine.NewViews(engine.IntrospectionRole, enginetest.New().Schema(), table).SDL(table.Grants(c.set(t, m)))
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "view.graphqls", Input: sdl})
	if err != nil {
		t.Fatalf("what %+v is shown is not a valid schema: %v\n%s", c, err, sdl)
	}
	return schema
}

// TestViews: what a caller is shown is a valid schema; each coordinate in it is one that they may see or give, by the
// oracle; and introspection says the same as the text.
func TestViews(t *testing.T) {
	whole := gqlparser.MustLoadSchema(schemaSource(t))
	shown := 0
	for _, c := range everyCaller() {
		view, o := viewFor(t, c), c.oracle(whole, nil, nil)
		names := coordinatesOf(view)
		for _, name := range names {
			object, field, isField := strings.Cut(name, ".")
			def := whole.Types[object]
			field, arg, isArgument := strings.Cut(strings.TrimSuffix(field, ":)"), "(")
			switch {
			case def.Kind == ast.InputObject && isField:
				if f := def.Fields.ForName(field); !o.mayGive(f.Directives) {
					t.Errorf("%+v is shown %s", c, name)
				}
			case def.Kind != ast.Object:
			case !isField && !o.allows(def.Directives),
				isField && !o.mayRead(object, field),
				isArgument && !o.mayGive(def.Fields.ForName(field).Arguments.ForName(arg).Directives):
				t.Errorf("%+v is shown %s", c, name)
			}
		}
		shown += len(names)
		if got := introspected(t, gatewayFor(t, c, generous)); !slices.Equal(got, names) {
			t.Errorf("%+v: introspection and the text differ:\n%s\n\n%s", c, got, names)
		}
	}
	if shown < 1000 {
		t.Errorf("only %d coordinates were looked at", shown)
	}
}

// mayGive says whether an argument or a field of an input may be given.
func (o *oracle) mayGive(list ast.DirectiveList) bool {
	if !o.allows(list) {
		return false
	}
	if d := list.ForName("filters"); d != nil {
		object, field, _ := strings.Cut(d.Arguments.ForName("field").Value.Raw, ".")
		return o.mayRead(object, field) && !o.masks(object, field)
	}
	return true
}

// TestWhatIsShownIsNotDenied asks random operations of what each caller is shown: no field is denied, and no argument.
// An object behind an interface or a union may be, of a type that is not shown.
func TestWhatIsShownIsNotDenied(t *testing.T) {
	const perCaller, seed = 40, 21
	cases := 0
	for i, c := range everyCaller() {
		view, g := viewFor(t, c), gatewayFor(t, c, generous)
		w := &writer{rand: rand.New(rand.NewPCG(seed, uint64(i)))}
		for range perCaller {
			asked, doc := w.operation(t, view)
			if _, err := validator.VariableValues(view, doc.Operations[0], asked.Variables); err != nil {
				continue // the writer knows the whole schema's inputs
			}
			a := g.send(asked)
			for _, e := range a.Errors {
				name, _ := e.Extensions["coordinate"].(string)
				if view.Types[name] != nil || strings.Contains(name, ".") || name == "" {
					t.Fatalf("%+v is shown %s, and it is denied: %s\n%v\n%s", c, name, asked.Query, asked.Variables, a.text)
				}
			}
			cases++
		}
	}
	if cases < 1000 {
		t.Errorf("only %d operations were tried", cases)
	}
}

// TestViewGolden shows what someone sees who may read logs and nothing else.
func TestViewGolden(t *testing.T) {
	c := holding(logs)
	table := compile(t, schemaSource(t), c)
	golden(t, "view", engine.NewViews(engine.IntrospectionRole, enginetest.New().Schema(), table).SDL(table.Grants(c.set(t, c.matrix(t)))))
}

// TestIntrospectionSettings: full shows everything to everyone, off nothing to anyone.
func TestIntrospectionSettings(t *testing.T) {
	whole := coordinatesOf(gqlparser.MustLoadSchema(schemaSource(t)))
	for _, c := range []caller{guest(), holding(), holding(permissions...)} {
		with := func(how engine.Introspection) gateway {
			return gatewayFor(t, c, generous, func(cfg *engine.Config) {
				cfg.Views = engine.NewViews(how, enginetest.New().Schema(), cfg.Table)
			})
		}
		if got := introspected(t, with(engine.IntrospectionFull)); !slices.Equal(got, whole) {
			t.Errorf("full, %+v: %s", c, got)
		}
		for _, how := range []engine.Introspection{engine.IntrospectionOff, "", "unknown"} {
			for _, query := range []string{
				`{ __schema { types { name } } }`, `{ x: __type(name: "Page") { name } }`, `{ ... on Query { __schema { queryType { name } } } }`,
			} {
				a := with(how).ask(query)
				if len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "FORBIDDEN" || strings.Contains(a.text, `"name"`) {
					t.Errorf("%s, %+v: %s: %s", how, c, query, a.text)
				}
			}
		}
	}
}

// introspected is coordinatesOf of what introspection says.
func introspected(t *testing.T, g gateway) []string {
	t.Helper()
	a := g.ask(`{ __schema { types {
		name kind
		fields(includeDeprecated: true) { name args { name } }
		inputFields { name }
	} } }`)
	if len(a.Errors) > 0 {
		t.Fatal(a.text)
	}
	var data struct {
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
	if err := json.Unmarshal(a.Data, &data); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, def := range data.Schema.Types {
		if strings.HasPrefix(def.Name, "__") {
			continue
		}
		all = append(all, def.Name)
		for _, f := range def.Fields {
			all = append(all, def.Name+"."+f.Name)
			for _, arg := range f.Args {
				all = append(all, def.Name+"."+f.Name+"("+arg.Name+":)")
			}
		}
		for _, f := range def.InputFields {
			all = append(all, def.Name+"."+f.Name)
		}
	}
	slices.Sort(all)
	return all
}

// coordinatesOf are the types of a schema with their fields and arguments, without introspection's own.
func coordinatesOf(s *ast.Schema) []string {
	var all []string
	for name := range maps.Keys(s.Types) {
		if strings.HasPrefix(name, "__") {
			continue
		}
		all = append(all, name)
		for _, f := range s.Types[name].Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			all = append(all, name+"."+f.Name)
			for _, arg := range f.Arguments {
				all = append(all, name+"."+f.Name+"("+arg.Name+":)")
			}
		}
	}
	slices.Sort(all)
	return all
}
