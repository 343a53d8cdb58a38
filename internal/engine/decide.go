package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// walk makes the decision on one operation. Its work is bounded by
// Limits.Selections times the length of the document.
type walk struct {
	schema *ast.Schema
	table  *policy.Table
	grants policy.Grants
	typeOf func(id string) string
	vars   map[string]any
	limits Limits
	once   []string
	lists  map[string]int // the lengths of lists, by coordinate
	sizes  map[string]int // of introspection's lists
	views  *Views

	doc        *ast.QueryDocument
	inputs     map[input]verdict
	counts     *counts
	selections int
	aliases    int
	costs      costs
	refusals   bool // whether anything was denied
}

// place is where in the operation the walk stands.
type place struct {
	parent        *selection
	depth         int
	objects       int // how many objects of this kind the answer may have
	abstract      bool
	introspection bool
}

// operation walks the whole operation. The error is a *problem.Error that refuses it.
func (w *walk) operation(op *ast.OperationDefinition) (*selections, error) {
	root := map[ast.Operation]*ast.Definition{
		ast.Query: w.schema.Query, ast.Mutation: w.schema.Mutation, ast.Subscription: w.schema.Subscription,
	}[op.Operation]
	if root == nil {
		return nil, problem.New(problem.ValidationFailed, fmt.Sprintf("The schema has no %s.", op.Operation))
	}
	if countDirectives(w.doc) > w.limits.Directives {
		return nil, problem.Exceeded(limitDirectives, w.limits.Directives, "directives")
	}
	w.costs.most = w.limits.Cost
	all, err := w.object(root, []ast.SelectionSet{op.SelectionSet}, place{depth: 1, objects: 1})
	if err != nil {
		return nil, err
	}
	if len(all.fields) > w.limits.RootFields {
		return nil, problem.Exceeded(limitRootFields, w.limits.RootFields, "root fields")
	}
	if introspections(all) > w.limits.Introspections {
		return nil, problem.Exceeded(limitIntrospections, w.limits.Introspections, "fields __schema and __type")
	}
	if op.Operation == ast.Subscription && len(all.fields) != 1 { // GraphQL, section 5.2.3.1
		return nil, problem.New(problem.ValidationFailed, "A subscription selects one root field.")
	}
	if w.signIns(all) > 1 {
		return nil, &problem.Error{
			Code: problem.LimitExceeded, Limit: limitOnce, Most: 1,
			Message: "An operation signs in, refreshes or accepts an invitation once.",
		}
	}
	return all, nil
}

// introspections counts the root fields that ask for the schema.
func introspections(root *selections) int {
	n := 0
	for _, s := range root.fields {
		if s.name == "__schema" || s.name == "__type" {
			n++
		}
	}
	return n
}

// signIns counts the root fields of which an operation has one at most.
func (w *walk) signIns(root *selections) int {
	n := 0
	for _, s := range root.fields {
		if slices.Contains(w.once, s.object+"."+s.name) {
			n++
		}
	}
	return n
}

// object decides what is selected of one concrete type, merged from several
// selection sets as the specification's CollectFields merges them (GraphQL, section 6.3.2).
func (w *walk) object(def *ast.Definition, sets []ast.SelectionSet, at place) (*selections, error) {
	out := &selections{object: def.Name, byKey: map[string]*selection{}}
	if !w.grants.Allows(w.table.Object(def.Name)) {
		out.refuse = w.refusal(def.Name, w.table.Object(def.Name))
		return out, nil
	}
	c := collector{walk: w, object: def, visited: map[string]bool{}, fields: map[string][]*ast.Field{}}
	for _, set := range sets {
		if err := c.collect(set); err != nil {
			return nil, err
		}
	}
	for i, key := range c.keys {
		s, err := w.field(def, c.fields[key], at)
		if err != nil {
			return nil, err
		}
		s.order = i
		out.fields = append(out.fields, s)
		out.byKey[key] = s
	}
	return out, nil
}

// field decides one response key. Its fields are equal in name and arguments:
// validation has seen to that.
func (w *walk) field(def *ast.Definition, fields []*ast.Field, at place) (*selection, error) {
	f := fields[0]
	s := &selection{key: f.Alias, object: def.Name, name: f.Name, parent: at.parent, abstract: at.abstract}
	if err := w.charge(f, at); err != nil {
		return nil, err
	}
	if f.Name == "__typename" {
		return s, nil
	}
	if strings.HasPrefix(f.Name, "__") && w.views.For(w.grants) == nil {
		return nil, introspectionOff()
	}
	definition := def.Fields.ForName(f.Name)
	if definition == nil {
		return nil, problem.New(problem.ValidationFailed, "The operation selects a field that its type does not have.")
	}
	if s.refuse = w.decide(def.Name, definition, fields); s.refuse != nil {
		return s, w.spend(at.objects * denialCost)
	}
	if err := w.evaluate(f); err != nil {
		return nil, err
	}
	if mask, ok := w.table.Mask(def.Name, f.Name); ok {
		unmasked := w.grants.Allows(w.table.Unmasked())
		w.counts.mask(w.table.Unmasked(), !unmasked)
		if !unmasked {
			s.mask = mask
		}
	}
	s.lists = nesting(definition.Type)
	value := w.schema.Types[definition.Type.Name()]
	if value == nil || !value.IsCompositeType() {
		return s, nil
	}
	at.introspection = at.introspection || strings.HasPrefix(f.Name, "__")
	return s, w.value(s, value, definition, fields, at)
}

// value decides what is selected of a field's value, for each concrete type that it may have.
func (w *walk) value(s *selection, value *ast.Definition, definition *ast.FieldDefinition, fields []*ast.Field, at place) error {
	sets := make([]ast.SelectionSet, len(fields))
	for i, f := range fields {
		sets[i] = f.SelectionSet
	}
	below := place{
		parent:        s,
		depth:         at.depth + 1,
		objects:       w.costs.times(at.objects, w.size(s.object, definition, fields[0], at)),
		abstract:      at.abstract || value.IsAbstractType(),
		introspection: at.introspection,
	}
	types := w.schema.GetPossibleTypes(value)
	if arg := policy.NodeArgument(definition); arg != nil {
		names, denied, err := w.byID(s, arg, fields, at.objects)
		if denied || err != nil {
			return err
		}
		types = slices.DeleteFunc(slices.Clone(types), func(d *ast.Definition) bool { return !slices.Contains(names, d.Name) })
		below.abstract = at.abstract || len(types) > 1
	}
	s.under = make(map[string]*selections, len(types))
	for _, t := range types {
		u, err := w.object(t, sets, below)
		if err != nil {
			return err
		}
		s.under[t.Name] = u
	}
	return nil
}

// decide says why the field is denied, or nil. Where an argument is guarded, its
// decision is recorded for the gate.
func (w *walk) decide(object string, definition *ast.FieldDefinition, fields []*ast.Field) *refusal {
	check := w.table.Field(object, definition.Name)
	if !w.grants.Allows(check) {
		return w.deny(object+"."+definition.Name, check)
	}
	w.counts.allow(check)
	denied := w.arguments(object, definition, fields[0])
	w.record(object, fields, verdict{denied: denied})
	return denied
}

// record keeps what was decided of a field's arguments.
func (w *walk) record(object string, fields []*ast.Field, v verdict) {
	for _, f := range fields {
		w.inputs[input{object, f}] = v
	}
}

// deny is refusal for a place that the operation has, which is counted.
func (w *walk) deny(coordinate string, check policy.Check) *refusal {
	r := w.refusal(coordinate, check)
	w.counts.deny(r.rule)
	w.refusals = true
	return r
}

// refusal words the denial of a check that the caller's grants do not pass.
func (w *walk) refusal(coordinate string, check policy.Check) *refusal {
	return refuse(w.table, w.grants, coordinate, check)
}

// charge counts one selection against the limits.
func (w *walk) charge(f *ast.Field, at place) error {
	w.selections++
	if w.selections > w.limits.Selections {
		return problem.Exceeded(limitSelections, w.limits.Selections, "fields")
	}
	if len(f.Alias) > w.limits.AliasLength { // an answer has it once for each object, and each denial below it again
		return problem.Exceeded(limitAliasLength, w.limits.AliasLength, "letters in an alias")
	}
	if f.Alias != f.Name {
		w.aliases++
	}
	if w.aliases > w.limits.Aliases {
		return problem.Exceeded(limitAliases, w.limits.Aliases, "aliases")
	}
	limit, depth := limitDepth, w.limits.Depth
	if at.introspection {
		limit, depth = limitIntrospection, w.limits.Introspection
	}
	if at.depth > depth {
		return problem.Exceeded(limit, depth, "levels")
	}
	return w.spend(at.objects)
}

// spend adds to the operation's cost.
func (w *walk) spend(cost int) error {
	if w.costs.add(cost) {
		return nil
	}
	return &problem.Error{
		Code: problem.LimitExceeded, Limit: limitCost, Most: w.limits.Cost,
		Message: fmt.Sprintf("The answer could have more than %d fields. Ask for smaller pages or fewer fields.", w.limits.Cost),
	}
}

// size is how many objects the field's value may have for each object it is asked of.
func (w *walk) size(object string, definition *ast.FieldDefinition, f *ast.Field, at place) int {
	if arg := definition.Arguments.ForName("first"); arg != nil {
		return w.pageSize(arg, f)
	}
	if nesting(definition.Type) == 0 {
		return 1
	}
	if n, is := w.asked(definition, f); is {
		return n
	}
	if at.introspection {
		return max(w.sizes[definition.Name], 1)
	}
	if definition.Name == "edges" {
		return 1 // its connection's first has been counted
	}
	if n, known := w.lists[object+"."+definition.Name]; known {
		return n
	}
	return listSize
}

// pageSize reads first, or its default. What is out of range is taken for a full
// page; the field itself refuses it.
func (w *walk) pageSize(definition *ast.ArgumentDefinition, f *ast.Field) int {
	value := definition.DefaultValue
	if given := f.Arguments.ForName(definition.Name); given != nil && w.passed(given.Value) {
		value = given.Value
	}
	if value == nil {
		return maxPage
	}
	v, err := value.Value(w.vars)
	if err != nil {
		return maxPage
	}
	n, err := strconv.Atoi(fmt.Sprint(v)) // int, int64 or json.Number
	if err != nil || n < 0 || n > maxPage {
		return maxPage
	}
	return max(n, 1)
}

// nesting is how many lists a type nests.
func nesting(t *ast.Type) int {
	n := 0
	for ; t != nil; t = t.Elem {
		if t.Elem != nil {
			n++
		}
	}
	return n
}
