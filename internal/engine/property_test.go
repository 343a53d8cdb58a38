package engine_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// sentinel is a guarded text of the tests' objects.
var sentinel = regexp.MustCompile(`⟦(\w+)\.(\w+)⟧`)

// TestNoGuardedValueLeaks asks random operations as every kind of caller there is: a guest, and each set of
// permissions. The data and the denials must be what the oracle says, and no guarded text may stand anywhere in an
// answer to a caller who may not read it.
func TestNoGuardedValueLeaks(t *testing.T) {
	const perCaller, seed = 80, 20
	schema := gqlparser.MustLoadSchema(schemaSource(t))
	cases, denials, seen := 0, 0, 0
	for i, c := range everyCaller() {
		g := gatewayFor(t, c, generous)
		w := &writer{rand: rand.New(rand.NewPCG(seed, uint64(i)))}
		for range perCaller {
			asked, doc := w.operation(t, schema)
			o := c.oracle(schema, doc, asked.Variables)
			data, denied := o.answer(doc.Operations[0])
			a := g.send(asked)
			if string(a.Data) != data || !slices.Equal(a.denied(), denied) {
				t.Fatalf("caller %+v\n%s\n%v\nanswer %s\nwant data %s\nand denials %s",
					c, asked.Query, asked.Variables, a.text, data, strings.Join(denied, "\n"))
			}
			for _, m := range sentinel.FindAllStringSubmatch(a.text, -1) {
				seen++
				if !o.mayRead(m[1], m[2]) || o.masks(m[1], m[2]) {
					t.Fatalf("caller %+v sees %s: %s\n%s", c, m[0], asked.Query, a.text)
				}
			}
			cases++
			denials += len(denied)
		}
	}
	t.Logf("%d cases, %d denials, %d guarded texts seen by those who may", cases, denials, seen)
	if cases < 2000 || denials < cases || seen < cases {
		t.Errorf("too little was tried: %d cases, %d denials, %d guarded texts", cases, denials, seen)
	}
}

// oracle is one that knows what the caller holds of the tests' schema.
func (c caller) oracle(schema *ast.Schema, doc *ast.QueryDocument, vars map[string]any) *oracle {
	return &oracle{
		schema: schema, doc: doc, vars: vars, signedIn: c.signedIn, typeOf: enginetest.TypeOf,
		holds: func(permission, _ string) bool { return c.has(policy.Permission(permission)) },
	}
}

// everyCaller is a guest, and a caller for each set of permissions.
func everyCaller() []caller {
	callers := []caller{guest()}
	for bits := range 1 << len(permissions) {
		var holds []policy.Permission
		for i, p := range permissions {
			if bits>>i&1 == 1 {
				holds = append(holds, p)
			}
		}
		callers = append(callers, holding(holds...))
	}
	return callers
}

// generous has limits that no random operation comes to.
func generous(cfg *engine.Config) {
	cfg.Limits.Tokens, cfg.Limits.Aliases, cfg.Limits.Depth, cfg.Limits.RootFields = 1e6, 1e6, 50, 100
	cfg.Limits.Selections, cfg.Limits.Cost, cfg.Limits.Directives = 1e6, 1e9, 1e6
}

// writer writes random operations.
type writer struct {
	rand      *rand.Rand
	fragments []string // their text
	of        []string // the type of each, or "" while it is written
	aliases   int
}

// operation writes until what it wrote is valid.
func (w *writer) operation(t *testing.T, schema *ast.Schema) (request, *ast.QueryDocument) {
	for range 200 {
		w.fragments, w.of, w.aliases = nil, nil, 0
		root, name := "Query", "query"
		if w.rand.IntN(5) == 0 && schema.Mutation != nil {
			root, name = "Mutation", "mutation"
		}
		body := w.set(schema, schema.Types[root], 4)
		declared, vars := "", map[string]any{}
		for _, v := range []struct {
			name, of string
			value    any
		}{
			{"yes", "Boolean!", true}, {"no", "Boolean!", false}, {"two", "Int", 2}, {"text", "String", "x"}, {"null", "String", nil},
			{"where", "CallWhere", map[string]any{"name": "x"}},
			{"priced", "CallWhere", map[string]any{"and": map[string]any{"price": "x"}}},
			{"many", "[ID!]!", []any{"Key:1", "Call:1", "Key:1", "Gone:1"}}, {"sole", "[ID!]!", "Key:1"}, {"lone", "ID!", "Call:1"},
			{"parts", "[PartInput!]", map[string]any{"parts": []any{map[string]any{"cost": "x"}}}},
		} {
			if strings.Contains(body+strings.Join(w.fragments, ""), "$"+v.name) {
				declared += fmt.Sprintf("$%s: %s ", v.name, v.of)
				vars[v.name] = v.value
			}
		}
		if strings.Contains(body+strings.Join(w.fragments, ""), "$absent") {
			declared += "$absent: String "
		}
		if declared != "" {
			declared = "(" + declared + ")"
		}
		query := name + declared + " " + body + " " + strings.Join(w.fragments, " ")
		if doc, err := gqlparser.LoadQueryWithRules(schema, query, rules.NewDefaultRules()); err == nil {
			return request{Query: query, Variables: vars}, doc
		}
	}
	t.Fatal("no valid operation in 200")
	return request{}, nil
}

func (w *writer) pick(list ...string) string { return list[w.rand.IntN(len(list))] }

// set writes a selection set on a type.
func (w *writer) set(schema *ast.Schema, on *ast.Definition, depth int) string {
	var all []string
	for range 1 + w.rand.IntN(4) {
		switch n := w.rand.IntN(10); {
		case n < 2 && depth > 1 && on.Name != "Mutation":
			all = append(all, w.fragment(schema, on, depth))
		case n == 2:
			all = append(all, w.alias()+"__typename")
		default:
			if len(on.Fields) > 0 {
				all = append(all, w.field(schema, on.Fields[w.rand.IntN(len(on.Fields))], depth))
			}
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	if len(all) == 0 {
		all = []string{"__typename"}
	}
	return "{ " + strings.Join(all, " ") + " }"
}

func (w *writer) alias() string {
	if w.rand.IntN(3) > 0 {
		return ""
	}
	w.aliases++
	return fmt.Sprintf("%s%d: ", w.pick("a", "b", "name", "secret"), w.aliases)
}

func (w *writer) condition() string {
	return w.pick("", "", "", "", "", "", " @skip(if: $no)", " @skip(if: $yes)", " @include(if: $yes)", " @include(if: false)")
}

// field writes one field, or nothing when it would go too deep.
func (w *writer) field(schema *ast.Schema, f *ast.FieldDefinition, depth int) string {
	if strings.HasPrefix(f.Name, "__") {
		return ""
	}
	value := schema.Types[f.Type.Name()]
	text := w.alias() + f.Name + w.arguments(f) + w.condition()
	if !value.IsCompositeType() {
		return text
	}
	if depth == 0 {
		return ""
	}
	return text + " " + w.set(schema, value, depth-1)
}

func (w *writer) arguments(f *ast.FieldDefinition) string {
	text := func() string { return w.pick(`"x"`, "null", "$text", "$null", "$absent") }
	var all []string
	for _, arg := range f.Arguments {
		value := ""
		switch {
		case arg.Name == "id":
			value = w.pick(`"Call:1"`, `"Key:1"`, `"Page:1"`)
		case arg.Name == "ids":
			value = w.pick(`["Call:1", "Key:1", "Page:1"]`, `["Page:1", "Gone:1", "Page:1"]`, `"Key:1"`, `[$lone, "Key:1"]`, "$many", "$sole", "[]")
		case arg.Name == "input":
			value = w.pick("{}", `{name: "x"}`, `{price: `+text()+`}`, `{parts: {cost: `+text()+`}}`,
				`{parts: [{label: "x"}, {parts: {parts: [{cost: "x"}]}}]}`, "{parts: $parts}")
		case w.rand.IntN(4) > 0:
			continue
		case arg.Name == "first":
			value = w.pick("0", "1", "2", "$two")
		case arg.Name == "where":
			value = w.pick("{}", `{name: `+text()+`}`, `{and: {price: `+text()+`}}`, "$where", "$priced", "{and: [{name: \"x\"}, $where]}")
		default:
			value = text()
		}
		all = append(all, arg.Name+": "+value)
	}
	if len(all) == 0 {
		return ""
	}
	return "(" + strings.Join(all, ", ") + ")"
}

// fragment writes a fragment on some type: in place, or by name.
func (w *writer) fragment(schema *ast.Schema, on *ast.Definition, depth int) string {
	condition := on.Name
	if on.IsAbstractType() || on.Name != "Query" && w.rand.IntN(2) == 0 {
		condition = w.pick(slices.DeleteFunc([]string{"Call", "Key", "Page", "Thing", "Node", "Result"}, func(name string) bool {
			return schema.Types[name] == nil // in a part of the schema
		})...)
	}
	if w.rand.IntN(2) == 0 {
		return "... on " + condition + w.condition() + " " + w.set(schema, schema.Types[condition], depth-1)
	}
	for i, of := range w.of {
		if of == condition && w.rand.IntN(2) == 0 {
			return fmt.Sprintf("...F%d", i) + w.condition()
		}
	}
	i := len(w.of)
	w.of, w.fragments = append(w.of, ""), append(w.fragments, "")
	w.fragments[i] = fmt.Sprintf("fragment F%d on %s %s", i, condition, w.set(schema, schema.Types[condition], depth-1))
	w.of[i] = condition
	return fmt.Sprintf("...F%d", i) + w.condition()
}
