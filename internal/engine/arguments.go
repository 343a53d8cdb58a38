package engine

import (
	"fmt"
	"reflect"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// arguments says why one of the field's arguments is denied, or nil. An argument
// counts as passed when the operation gives it a value, an explicit null included,
// or a variable that has one; the schema's own default does not count.
func (w *walk) arguments(object string, definition *ast.FieldDefinition, f *ast.Field) *refusal {
	for _, arg := range definition.Arguments {
		given := f.Arguments.ForName(arg.Name)
		if given == nil || !w.passed(given.Value) {
			continue
		}
		coordinate := fmt.Sprintf("%s.%s(%s:)", object, definition.Name, arg.Name)
		if r := w.guard(coordinate, w.table.Argument(object, definition.Name, arg.Name)); r != nil {
			return r
		}
		if r := w.literal(w.schema.Types[arg.Type.Name()], given.Value); r != nil {
			return r
		}
	}
	return nil
}

// evaluate refuses arguments that have no value, such as an integer of a hundred
// digits: gqlgen would panic on them.
func (w *walk) evaluate(f *ast.Field) error {
	for _, arg := range f.Arguments {
		if _, err := arg.Value.Value(w.vars); err != nil {
			return problem.Input(fmt.Sprintf("The argument %s has no such value.", arg.Name), arg.Name)
		}
	}
	return nil
}

func (w *walk) guard(coordinate string, check policy.Check) *refusal {
	if w.grants.Allows(check) {
		w.counts.allow(check)
		return nil
	}
	return w.deny(coordinate, check)
}

// passed says whether a value written in the operation comes to anything.
func (w *walk) passed(v *ast.Value) bool {
	if v.Kind != ast.Variable {
		return true
	}
	_, given := w.vars[v.Raw]
	return given
}

// literal looks for denied input fields in a value as the operation writes it.
func (w *walk) literal(def *ast.Definition, v *ast.Value) *refusal {
	if def == nil || def.Kind != ast.InputObject {
		return nil
	}
	switch v.Kind {
	case ast.Variable:
		return w.variable(def, w.vars[v.Raw])
	case ast.ListValue:
		for _, child := range v.Children {
			if r := w.literal(def, child.Value); r != nil {
				return r
			}
		}
	case ast.ObjectValue:
		for _, child := range v.Children {
			if !w.passed(child.Value) {
				continue
			}
			if r := w.inputField(def, child.Name); r != nil {
				return r
			}
			if field := def.Fields.ForName(child.Name); field != nil {
				if r := w.literal(w.schema.Types[field.Type.Name()], child.Value); r != nil {
					return r
				}
			}
		}
	}
	return nil
}

// variable looks for denied input fields in a coerced variable. Coercion leaves
// out what was not given: the schema's defaults of input fields are filled in later.
// It makes a list of one object where a list is wanted, and of its own Go type; what
// is of no type known here is denied.
func (w *walk) variable(def *ast.Definition, v any) *refusal {
	if def == nil || def.Kind != ast.InputObject {
		return nil
	}
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, field := range def.Fields { // in the schema's order: the same denial each time
			child, given := v[field.Name]
			if !given {
				continue
			}
			if r := w.inputField(def, field.Name); r != nil {
				return r
			}
			if r := w.variable(w.schema.Types[field.Type.Name()], child); r != nil {
				return r
			}
		}
	default:
		list := reflect.ValueOf(v)
		if list.Kind() != reflect.Slice {
			return w.deny(def.Name, 0)
		}
		for i := range list.Len() {
			if r := w.variable(def, list.Index(i).Interface()); r != nil {
				return r
			}
		}
	}
	return nil
}

func (w *walk) inputField(def *ast.Definition, field string) *refusal {
	return w.guard(def.Name+"."+field, w.table.Input(def.Name, field))
}
