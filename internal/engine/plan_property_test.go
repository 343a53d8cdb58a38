package engine_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/strictjson"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

// TestPlansDecideAsAWalkDoes: an operation that was planned once, for nobody, is decided for every kind of caller, and under
// limits of all sizes, as by a walk over the document itself, and so is one that is planned for each request.
func TestPlansDecideAsAWalkDoes(t *testing.T) {
	const operations, seed = 300, 6
	schema := gqlparser.MustLoadSchema(schemaSource(t))
	var sets []policy.Grants
	callers := everyCaller()
	for _, c := range callers {
		m := c.matrix(t)
		sets = append(sets, compile(t, schemaSource(t), c).Grants(c.set(t, m)))
	}
	cfg := configOf(t, guest())
	w := &writer{rand: rand.New(rand.NewPCG(seed, seed))}
	refused, decided, denials := map[string]int{}, 0, 0
	for range operations {
		asked, doc := w.operation(t, schema)
		once, each := engine.Plan(cfg, schema, doc, false), engine.Plan(cfg, schema, doc, true)
		for i, c := range callers {
			limits, vars := w.limits(), w.variables(t, schema, doc.Operations[0], asked.Variables)
			naive := &naive{oracle: *c.oracle(schema, doc, asked.Variables), limits: limits}
			limit := naive.operation(doc.Operations[0])
			refused[limit]++
			decided++
			var counted [2][]engine.Decided
			for k, p := range []*engine.Planned{once, each} {
				denied, masked, cost, counts, err := p.Decide(vars, sets[i], limits)
				counted[k] = counts
				var over *problem.Error
				if errors.As(err, &over) && over.Limit == limit || err == nil && limit == "" && cost == naive.cost &&
					same(denied, naive.denied) && same(masked, naive.masked) {
					continue
				}
				t.Fatalf("caller %+v, planned once: %v\n%s\n%v, %+v\n got %v, cost %d, masked %v, denied\n%s\nwant %q, cost %d, masked %v, denied\n%s",
					c, k == 0, asked.Query, vars, limits, err, cost, masked, strings.Join(denied, "\n"),
					limit, naive.cost, naive.masked, strings.Join(naive.denied, "\n"))
			}
			if !slices.Equal(counted[0], counted[1]) {
				t.Fatalf("%s\nis counted as %v and %v", asked.Query, counted[0], counted[1])
			}
			denials += len(naive.denied)
		}
		if kept := once.Kept(); kept < 1 || kept > 4 || each.Kept() != 0 {
			t.Fatalf("%d plans are kept, and %d of what passes", kept, each.Kept())
		}
	}
	t.Logf("%d decisions, %d denials, refused by %v", decided, denials, refused)
	for _, limit := range []string{"", "selections", "depth", "aliases", "alias_length", "root_fields", "directives", "cost"} {
		if refused[limit] < 20 {
			t.Errorf("%q was decided only %d times", limit, refused[limit])
		}
	}
}

// variables turns the conditions over, sometimes, and gives all variables as the engine gets them.
func (w *writer) variables(t *testing.T, schema *ast.Schema, op *ast.OperationDefinition, given map[string]any) map[string]any {
	for _, name := range []string{"yes", "no"} {
		if value, is := given[name].(bool); is {
			given[name] = value != (w.rand.IntN(3) == 0)
		}
	}
	text, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := strictjson.DecodeObject(text, 9) // what is coerced is changed
	if err != nil {
		t.Fatal(err)
	}
	vars, err := validator.VariableValues(schema, op, sent)
	if err != nil {
		t.Fatal(err)
	}
	return vars
}

// same says whether two lists hold the same, in any order.
func same(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// limits are random ones, of which one in two is about as small as operations are large.
func (w *writer) limits() engine.Limits {
	l := engine.DefaultLimits()
	for limit, small := range map[*int]int{&l.Selections: 12, &l.Depth: 4, &l.Aliases: 5, &l.AliasLength: 8, &l.RootFields: 3, &l.Directives: 4, &l.Cost: 60} {
		*limit = 1e6
		if w.rand.IntN(8) == 0 {
			*limit = 1 + w.rand.IntN(small)
		}
	}
	return l
}

// naive decides by walking over a document, as simply as that can be done.
type naive struct {
	oracle
	limits                    engine.Limits
	selections, aliases, cost int
	denied, masked            []string // of places, with "@" for each list crossed
}

// operation is the limit that the operation goes beyond, or "".
func (n *naive) operation(op *ast.OperationDefinition) string {
	root := n.schema.Query
	if op.Operation == ast.Mutation {
		root = n.schema.Mutation
	}
	if n.directives() > n.limits.Directives {
		return "directives"
	}
	if limit := n.object(root, []ast.SelectionSet{op.SelectionSet}, "", 1, 1); limit != "" {
		return limit
	}
	if len(n.collect(root, op.SelectionSet)) > n.limits.RootFields {
		return "root_fields"
	}
	return ""
}

func (n *naive) directives() int {
	count := 0
	var visit func(ast.SelectionSet)
	visit = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				count += len(sel.Directives)
				visit(sel.SelectionSet)
			case *ast.InlineFragment:
				count += len(sel.Directives)
				visit(sel.SelectionSet)
			case *ast.FragmentSpread:
				count += len(sel.Directives)
			}
		}
	}
	visit(n.doc.Operations[0].SelectionSet)
	for _, f := range n.doc.Fragments {
		visit(f.SelectionSet)
	}
	return count
}

func (n *naive) object(def *ast.Definition, sets []ast.SelectionSet, path string, depth, objects int) string {
	if !n.allows(def.Directives) {
		n.denied = append(n.denied, path+" "+def.Name)
		return ""
	}
	for _, group := range n.collect(def, sets...) {
		if limit := n.selection(def, group, strings.TrimPrefix(path+"."+group[0].Alias, "."), depth, objects); limit != "" {
			return limit
		}
	}
	return ""
}

func (n *naive) selection(def *ast.Definition, group []*ast.Field, path string, depth, objects int) string {
	f := group[0]
	n.selections++
	if f.Alias != f.Name {
		n.aliases++
	}
	switch {
	case n.selections > n.limits.Selections:
		return "selections"
	case len(f.Alias) > n.limits.AliasLength:
		return "alias_length"
	case n.aliases > n.limits.Aliases:
		return "aliases"
	case depth > n.limits.Depth:
		return "depth"
	}
	if n.cost += objects; n.cost > n.limits.Cost {
		return "cost"
	}
	n.oracle.denied = nil
	if n.refused(def, f, path) {
		_, _, coordinate := cut(n.oracle.denied[0])
		n.denied = append(n.denied, path+" "+coordinate)
		if n.cost += 4 * objects; n.cost > n.limits.Cost {
			return "cost"
		}
		return ""
	}
	if f.Name == "__typename" {
		return ""
	}
	if n.masks(def.Name, f.Name) {
		n.masked = append(n.masked, path)
	}
	t := f.Definition.Type
	size := 1
	for of := t; of.Elem != nil; of = of.Elem {
		path, size = path+".@", 10
	}
	if f.Definition.Arguments.ForName("first") != nil {
		standard := map[string]int{"Query.things": 3, "Query.calls": 2, "Page.calls": 2}
		size = max(n.first(f, standard[def.Name+"."+f.Name]), 1)
	}
	types := n.schema.PossibleTypes[t.Name()]
	if f.Name == "node" || f.Name == "nodes" {
		var limit string
		if types, size, limit = n.nodes(f, path, objects); limit != "" {
			return limit
		}
	}
	var sets []ast.SelectionSet
	for _, g := range group {
		sets = append(sets, g.SelectionSet)
	}
	if n.schema.Types[t.Name()].IsCompositeType() {
		for _, of := range types {
			if limit := n.object(of, sets, path, depth+1, objects*size); limit != "" {
				return limit
			}
		}
	}
	return ""
}

// cut parts what the oracle says of a denial: path, code and coordinate.
func cut(denial string) (path, code, coordinate string) {
	path, rest, _ := strings.Cut(denial, " ")
	code, coordinate, _ = strings.Cut(rest, " ")
	return path, code, coordinate
}

// nodes are the types that may come by ids, and how many objects are asked for.
func (n *naive) nodes(f *ast.Field, path string, objects int) (types []*ast.Definition, size int, limit string) {
	given, _ := n.value(f.Arguments[0].Value)
	ids, isList := given.([]any)
	if !isList {
		ids = []any{given}
	}
	wanted := map[string]bool{}
	for _, id := range ids {
		name, _, _ := strings.Cut(id.(string), ":")
		def := n.schema.Types[name]
		if def != nil && !n.allows(def.Directives) {
			n.denied = append(n.denied, path+" "+name)
			n.cost += 4 * objects
		} else {
			wanted[name] = true
		}
	}
	if n.cost > n.limits.Cost {
		return nil, 0, "cost"
	}
	for _, def := range n.schema.PossibleTypes["Node"] {
		if wanted[def.Name] {
			types = append(types, def)
		}
	}
	return types, max(len(ids), 1), ""
}
