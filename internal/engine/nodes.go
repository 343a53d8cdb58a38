package engine

import (
	"context"
	"reflect"
	"slices"

	"github.com/99designs/gqlgen/graphql"
)

// A field such as node(id:) or nodes(ids:) is decided by the types that stand inside the
// ids, before anything is fetched, so that it tells nothing of what exists.

// verdict is what was decided of a field's arguments. The zero value denies.
type verdict struct {
	decided bool
	denied  *refusal // nil for allowed
	// elements has, for a list of ids, why each object is denied by its type; nil for one
	// that may be looked for. It is nil for other fields.
	elements []*refusal
	// types has, for a field that finds objects by ids, what is selected of those that may come.
	types []*Selections
}

// byID decides a field that finds objects by ids: it notes the types that may come, and
// whether the whole field is denied, as one object is. Of a list each id stands for itself.
func (w *walk) byID(s *Selection, v *verdict, objects int) error {
	var types []*object
	denied := 0
	ids := w.idsOf(s)
	v.elements = make([]*refusal, len(ids))
	for i, id := range ids {
		o := w.plan.catalog.objects[w.typeOf(id)]
		if o == nil || !slices.Contains(o.definition.Interfaces, "Node") {
			continue // there is no such object: the field says so
		}
		if w.grants.Allows(o.check) {
			if !slices.Contains(types, o) {
				types = append(types, o)
			}
			continue
		}
		v.elements[i] = w.deny(&o.guarded)
		denied++
	}
	if s.lists == 0 {
		if denied > 0 {
			v.denied = v.elements[0]
			w.refuse(s.id, v.denied)
		}
		v.elements = nil
	}
	for i, o := range s.possible {
		if v.denied == nil && slices.Contains(types, o) {
			v.types = append(v.types, w.below(s, i))
		}
	}
	return w.spend(w.costs.times(objects, denied*denialCost))
}

// idsOf are the ids that the field is given: one, or those of a list, for which one id
// may stand. What is no text is "".
func (w *walk) idsOf(s *Selection) []string {
	given := s.Field.Arguments.ForName(s.node.Name)
	if given == nil {
		return nil
	}
	value, err := given.Value.Value(w.vars)
	if err != nil || value == nil {
		return nil
	}
	list := reflect.ValueOf(value)
	if s.node.Type.Elem == nil || list.Kind() != reflect.Slice {
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
	d, s := current(ctx)
	if s == nil {
		return true
	}
	elements := d.verdict(s).elements
	return i >= len(elements) || elements[i] != nil
}

// withhold notes the denied objects of a field that is given a list of ids, each at its place. The field's object is where
// fc stands.
func (d *Decision) withhold(s *Selection, fc *graphql.FieldContext, elements []*refusal) {
	for i, r := range elements {
		if r != nil {
			d.meet(denial{refusal: r, at: s, object: true, indexes: append(indexes(fc), int32(i))})
		}
	}
}
