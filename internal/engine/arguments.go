package engine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// guard is a check of an argument, or of an input's field in one. It holds where the operation gives a value, an explicit
// null included, or a variable that has one; the schema's own default does not count.
type guard struct {
	*guarded              // nil for what stands in a list
	variable string       // the variable that is given, or "" for a value that is written
	within   *inputObject // what the variable's value is looked through for, or nil
}

// arguments fills in what decides about a selection's arguments.
func (c *compiler) arguments(s *Selection) {
	for i := range s.field.arguments {
		arg := &s.field.arguments[i]
		if given := s.Field.Arguments.ForName(arg.name); given != nil {
			c.guard(s, &arg.guarded, arg.input, given.Value)
		}
	}
	s.argued = s.node != nil || slices.ContainsFunc(s.guards, func(g guard) bool {
		return g.guarded != nil && g.check != policy.CheckPublic || g.within != nil && !g.within.opens
	})
	for _, arg := range s.Field.Arguments {
		s.unvalued = c.unvalued(arg.Value) || s.unvalued
	}
}

// guard adds the check of a value, and those of what is in it.
func (c *compiler) guard(s *Selection, g *guarded, in *inputObject, v *ast.Value) {
	c.steps++
	if v.Kind == ast.Variable {
		if g != nil || in != nil {
			s.guards = append(s.guards, guard{g, v.Raw, in})
		}
		return
	}
	if g != nil {
		s.guards = append(s.guards, guard{guarded: g})
	}
	if in == nil {
		return
	}
	for _, child := range v.Children {
		switch v.Kind {
		case ast.ListValue:
			c.guard(s, nil, in, child.Value)
		case ast.ObjectValue:
			g, in := in.field(child.Name)
			c.guard(s, g, in, child.Value)
		}
	}
}

// unvalued says whether a value as it is written may have none.
func (c *compiler) unvalued(v *ast.Value) bool {
	c.steps++
	var err error
	switch v.Kind {
	case ast.IntValue:
		_, err = strconv.ParseInt(v.Raw, 10, 64)
	case ast.FloatValue:
		_, err = strconv.ParseFloat(v.Raw, 64)
	case ast.Variable:
		return v.VariableDefinition != nil && v.VariableDefinition.DefaultValue != nil && c.unvalued(v.VariableDefinition.DefaultValue)
	}
	for _, child := range v.Children {
		if c.unvalued(child.Value) {
			return true
		}
	}
	return err != nil
}

// arguments says why one of a selection's arguments is denied, or nil.
func (w *walk) arguments(guards []guard) *refusal {
	for i := range guards {
		g := &guards[i]
		var value any
		if g.variable != "" {
			var given bool
			if value, given = w.vars[g.variable]; !given {
				continue
			}
		}
		if g.guarded != nil {
			if r := w.guard(g.guarded); r != nil {
				return r
			}
		}
		if g.within != nil {
			if r := w.variable(g.within, value); r != nil {
				return r
			}
		}
	}
	return nil
}

// evaluate refuses arguments that have no value: gqlgen would panic on them.
func (w *walk) evaluate(f *ast.Field) error {
	for _, arg := range f.Arguments {
		if _, err := arg.Value.Value(w.vars); err != nil {
			return problem.Input(fmt.Sprintf("The argument %s has no such value.", arg.Name), arg.Name)
		}
	}
	return nil
}

func (w *walk) guard(g *guarded) *refusal {
	if w.grants.Allows(g.check) {
		w.counts.allow(g.check)
		return nil
	}
	return w.deny(g)
}

// variable looks for denied input fields in a coerced variable. Coercion leaves
// out what was not given: the schema's defaults of input fields are filled in later.
// It makes a list of one object where a list is wanted, and of its own Go type; what
// is of no type known here is denied.
func (w *walk) variable(in *inputObject, v any) *refusal {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for i := range in.fields { // in the schema's order: the same denial each time
			f := &in.fields[i]
			child, given := v[f.name]
			if !given {
				continue
			}
			if r := w.guard(&f.guarded); r != nil {
				return r
			}
			if f.input != nil {
				if r := w.variable(f.input, child); r != nil {
					return r
				}
			}
		}
	default:
		list := reflect.ValueOf(v)
		if list.Kind() != reflect.Slice {
			return w.deny(&in.guarded)
		}
		for i := range list.Len() {
			if r := w.variable(in, list.Index(i).Interface()); r != nil {
				return r
			}
		}
	}
	return nil
}

// pageSize is the size of the page that a selection asks for, or dynamic where a variable says it.
func pageSize(s *Selection) int {
	given := s.Field.Arguments.ForName(s.first.Name)
	switch {
	case given == nil:
		return page(s.first.DefaultValue, nil)
	case given.Value.Kind == ast.Variable:
		return dynamic
	}
	return page(given.Value, nil)
}

// size is how many objects the selection's value may have for each object it is asked of.
func (w *walk) size(s *Selection) int {
	if s.size != dynamic {
		return s.size
	}
	if s.first == nil {
		return max(len(w.idsOf(s)), 1)
	}
	value := s.first.DefaultValue
	if given := s.Field.Arguments.ForName(s.first.Name).Value; w.passed(given) {
		value = given
	}
	return page(value, w.vars)
}

// passed says whether a variable that the operation gives comes to anything.
func (w *walk) passed(v *ast.Value) bool {
	_, given := w.vars[v.Raw]
	return given
}

// page reads first, or its default. What is out of range is taken for a full
// page; the field itself refuses it.
func page(value *ast.Value, vars map[string]any) int {
	if value == nil {
		return maxPage
	}
	v, err := value.Value(vars)
	if err != nil {
		return maxPage
	}
	n := -1
	switch v := v.(type) {
	case int:
		n = v
	case int64:
		n = int(max(-1, min(v, maxPage+1)))
	case json.Number:
		if i, err := v.Int64(); err == nil {
			n = int(max(-1, min(i, maxPage+1)))
		}
	}
	if n < 0 || n > maxPage {
		return maxPage
	}
	return max(n, 1)
}
