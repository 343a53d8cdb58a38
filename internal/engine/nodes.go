package engine

import (
	"context"
	"reflect"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/vektah/gqlparser/v2/ast"
)

// A field such as node(id:) or nodes(ids:) is decided by the types that stand inside the
// ids, before anything is fetched, so that it tells nothing of what exists.

// verdict is what was decided of a field's arguments.
type verdict struct {
	denied *refusal // nil for allowed
	// elements has, for a list of ids, why each object is denied by its type; nil for one
	// that may be looked for. It is nil for other fields.
	elements []*refusal
}

// byID decides a field that finds objects by ids: it gives the types that may come, and
// whether the whole field is denied, as one object is. Of a list each id stands for itself.
func (w *walk) byID(s *selection, arg *ast.ArgumentDefinition, fields []*ast.Field, objects int) ([]string, bool, error) {
	var v verdict
	var types []string
	denied := 0
	for _, id := range w.idsOf(arg, fields[0]) {
		name := w.typeOf(id)
		def := w.schema.Types[name]
		if def == nil || !slices.Contains(def.Interfaces, "Node") {
			v.elements = append(v.elements, nil) // there is no such object: the field says so
			continue
		}
		if w.grants.Allows(w.table.Object(name)) {
			v.elements, types = append(v.elements, nil), append(types, name)
			continue
		}
		v.elements = append(v.elements, w.deny(name, w.table.Object(name)))
		denied++
	}
	if s.lists == 0 {
		if denied > 0 {
			v.denied = v.elements[0]
		}
		v.elements = nil
	}
	s.refuse = v.denied
	w.record(s.object, fields, v)
	return types, s.refuse != nil, w.spend(w.costs.times(objects, denied*denialCost))
}

// idsOf are the ids that the field is given: one, or those of a list, for which one id
// may stand. What is no text is "".
func (w *walk) idsOf(arg *ast.ArgumentDefinition, f *ast.Field) []string {
	given := f.Arguments.ForName(arg.Name)
	if given == nil {
		return nil
	}
	value, err := given.Value.Value(w.vars)
	if err != nil || value == nil {
		return nil
	}
	list := reflect.ValueOf(value)
	if arg.Type.Elem == nil || list.Kind() != reflect.Slice {
		id, _ := value.(string)
		return []string{id}
	}
	ids := make([]string, list.Len())
	for i := range ids {
		ids[i], _ = list.Index(i).Interface().(string)
	}
	return ids
}

// Withheld says whether the caller may not know of the object that the field being
// resolved is asked for by the i-th id of a list. Such an object is not to be looked for:
// that it is denied has been noted at its place. Outside of an operation all are withheld.
func Withheld(ctx context.Context, i int) bool {
	fc := graphql.GetFieldContext(ctx)
	if fc == nil || !graphql.HasOperationContext(ctx) {
		return true
	}
	d := decisionOf(graphql.GetOperationContext(ctx))
	if d == nil {
		return true
	}
	elements := d.inputs[input{fc.Object, fc.Field.Field}].elements
	return i >= len(elements) || elements[i] != nil
}

// withhold notes the denied objects of a field that is given a list of ids, each at its place.
func (g Gate) withhold(ctx context.Context, field graphql.CollectedField, object string, elements []*refusal) {
	if !slices.ContainsFunc(elements, func(r *refusal) bool { return r != nil }) {
		return
	}
	d := g.decision
	steps, path := trail(ctx)
	steps = append(steps, step{object, field.Alias})
	path = append(path, ast.PathName(field.Alias))
	at := d.root.find(steps)
	for i, r := range elements {
		if r != nil {
			place := append(slices.Clone(path), ast.PathIndex(i))
			d.meet(denial{refusal: r, at: at, object: r.coordinate, path: place, order: d.order(place, objectsOf(steps))})
		}
	}
}

// asked is how many objects a list of ids asks for, and whether the field takes one.
func (w *walk) asked(definition *ast.FieldDefinition, f *ast.Field) (int, bool) {
	arg := policy.NodeArgument(definition)
	if arg == nil || arg.Type.Elem == nil {
		return 0, false
	}
	return max(len(w.idsOf(arg, f)), 1), true
}
