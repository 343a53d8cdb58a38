package engine

import (
	"fmt"
	"slices"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// collector groups the fields that are selected of one concrete type by their
// response keys, in the order in which the keys first turn up.
type collector struct {
	walk    *walk
	object  *ast.Definition
	visited map[string]bool
	keys    []string
	fields  map[string][]*ast.Field
}

// collect takes up one selection set. Each named fragment is taken up once, so the
// work is bounded by the length of the document.
func (c *collector) collect(set ast.SelectionSet) error {
	for _, sel := range set {
		var err error
		switch sel := sel.(type) {
		case *ast.Field:
			var in bool
			if in, err = c.included(sel.Directives); in {
				if c.fields[sel.Alias] == nil {
					c.keys = append(c.keys, sel.Alias)
				}
				c.fields[sel.Alias] = append(c.fields[sel.Alias], sel)
			}
		case *ast.InlineFragment:
			err = c.fragment(sel.Directives, sel.TypeCondition, sel.SelectionSet)
		case *ast.FragmentSpread:
			f := c.walk.doc.Fragments.ForName(sel.Name)
			if f == nil || c.visited[sel.Name] {
				continue
			}
			var in bool
			if in, err = c.included(sel.Directives); !in {
				break
			}
			c.visited[sel.Name] = true
			err = c.fragment(sel.Directives, f.TypeCondition, f.SelectionSet)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) fragment(directives ast.DirectiveList, condition string, set ast.SelectionSet) error {
	if directives.ForName("defer") != nil {
		return problem.New(problem.ValidationFailed, "@defer is not supported: ask for the fields without it.")
	}
	if in, err := c.included(directives); !in || !c.satisfies(condition) {
		return err
	}
	return c.collect(set)
}

// included applies @skip and @include (GraphQL, section 3.13). Both conditions are
// looked at, as gqlgen does.
func (c *collector) included(directives ast.DirectiveList) (bool, error) {
	skip, err := c.condition(directives, "skip", false)
	if err != nil {
		return false, err
	}
	include, err := c.condition(directives, "include", true)
	return include && !skip, err
}

// condition is the directive's condition. Validation lets a nullable variable with a
// default through, and it may still be null; gqlgen would panic on it.
func (c *collector) condition(directives ast.DirectiveList, name string, absent bool) (bool, error) {
	d := directives.ForName(name)
	if d == nil {
		return absent, nil
	}
	if arg := d.Arguments.ForName("if"); arg != nil {
		v, err := arg.Value.Value(c.walk.vars)
		if set, ok := v.(bool); err == nil && ok {
			return set, nil
		}
	}
	return false, problem.Input(fmt.Sprintf("The condition of @%s is neither true nor false.", name), "if")
}

// satisfies says whether the object's type meets a fragment's type condition.
func (c *collector) satisfies(condition string) bool {
	if condition == "" || condition == c.object.Name || slices.Contains(c.object.Interfaces, condition) {
		return true
	}
	def := c.walk.schema.Types[condition]
	return def != nil && def.Kind == ast.Union && slices.Contains(def.Types, c.object.Name)
}
