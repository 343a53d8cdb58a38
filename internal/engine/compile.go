package engine

import (
	"errors"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// mostSteps bounds what it costs to compile a whole plan, and so how large it gets: selections of the document are
// looked at again for each type and place that they may turn up on. An operation that takes more is compiled for each
// request, as far as that request comes, which Limits.Selections bounds.
const mostSteps = 4096

// errTooLarge says that a plan is too large to be made whole.
var errTooLarge = errors.New("the operation is too large to be planned whole")

// compiler makes a plan of an operation.
type compiler struct {
	plan  *plan
	doc   *ast.QueryDocument
	vars  map[string]any // for the conditions of @skip and @include
	whole bool           // whether everything is compiled at once, in mostSteps
	steps int
	// What is collected of one object, reused for the next.
	found   []Selection
	places  map[string]int // of the keys in found
	visited map[string]bool
}

// newPlan compiles an operation: all of it, or only what is selected of its root, and decide does the rest. Only a whole one
// fails, by errTooLarge.
func newPlan(o *plans, vars map[string]any, whole bool) (*plan, error) {
	p := &plan{catalog: o.catalog, kind: o.definition.Operation, directives: o.directives}
	c := &compiler{plan: p, doc: o.doc, vars: vars, whole: whole, places: map[string]int{}, visited: map[string]bool{}}
	root := o.catalog.root(o.definition.Operation)
	if root == nil {
		return p, nil
	}
	p.root = c.object(root, o.definition.SelectionSet, nil)
	if !whole {
		p.compiler = c
	} else if c.steps > mostSteps {
		return nil, errTooLarge
	}
	p.steps = c.steps
	return p, nil
}

// root is the root type of a kind of operations, or nil.
func (k *catalog) root(kind ast.Operation) *object {
	root := map[ast.Operation]*ast.Definition{
		ast.Query: k.schema.Query, ast.Mutation: k.schema.Mutation, ast.Subscription: k.schema.Subscription,
	}[kind]
	if root == nil {
		return nil
	}
	return k.objects[root.Name]
}

// object compiles what a selection set, merged of all that apply, selects of one concrete type.
func (c *compiler) object(o *object, set ast.SelectionSet, parent *Selection) *Selections {
	u := &Selections{object: o.coordinate, check: o.check, parent: parent, id: c.id()}
	c.found = c.found[:0]
	clear(c.places)
	clear(c.visited)
	c.steps++
	if u.fault = c.collect(o.definition, set); u.fault != nil {
		return u
	}
	u.Fields = slices.Clone(c.found)
	for i := range u.Fields {
		c.field(o, &u.Fields[i], parent, i)
	}
	if c.whole {
		for i := range u.Fields {
			s := &u.Fields[i]
			for t := range s.types {
				c.value(s, t)
			}
		}
	}
	return u
}

func (c *compiler) id() int {
	c.plan.ids++
	return c.plan.ids - 1
}

// field fills in what is known of one response key.
func (c *compiler) field(o *object, s *Selection, parent *Selection, order int) {
	f := s.Field
	if s.field = o.fields[f.Name]; s.field == nil {
		s.field = unknownField(o.coordinate, f.Name)
	}
	s.Number, s.begin, s.check, s.size = s.number, s.field.key, s.field.check, s.field.size
	if f.Alias != f.Name {
		s.begin = keyOf(f.Alias)
	}
	s.key = s.begin[1:]
	if order == 0 {
		s.begin = s.key
	}
	s.parent, s.order, s.id = parent, order, c.id()
	s.Field.IsNonDeferrable = true // @defer is refused
	if len(f.Arguments) > 0 {
		c.arguments(s)
	}
	if s.argued {
		s.nth = c.plan.argued
		c.plan.argued++
	}
	if s.first != nil {
		s.size = pageSize(s)
	}
	if s.possible != nil {
		s.types = make([]*Selections, len(s.possible))
	}
}

// value compiles what is selected of a value when it is of its t-th possible type.
func (c *compiler) value(s *Selection, t int) *Selections {
	if c.whole && c.steps > mostSteps {
		return nil
	}
	u := c.object(s.possible[t], s.Field.Selections, s)
	s.types[t] = u
	if !s.abstract {
		s.under = u
	}
	return u
}

// collect takes up one selection set, and groups its fields by their response keys, in the order in which the keys first
// turn up (GraphQL, section 6.3.2: CollectFields). Each named fragment is taken up once, so the work is bounded by
// the length of the document.
func (c *compiler) collect(on *ast.Definition, set ast.SelectionSet) error {
	for _, sel := range set {
		if c.steps++; c.whole && c.steps > mostSteps {
			return nil
		}
		var err error
		switch sel := sel.(type) {
		case *ast.Field:
			var in bool
			if in, err = c.included(sel.Directives); in {
				c.take(sel)
			}
		case *ast.InlineFragment:
			err = c.fragment(on, sel.Directives, sel.TypeCondition, sel.SelectionSet)
		case *ast.FragmentSpread:
			f := c.doc.Fragments.ForName(sel.Name)
			if f == nil || c.visited[sel.Name] {
				continue
			}
			var in bool
			if in, err = c.included(sel.Directives); !in {
				break
			}
			c.visited[sel.Name] = true
			err = c.fragment(on, sel.Directives, f.TypeCondition, f.SelectionSet)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take puts a field to those of its key. They are equal in name and arguments: validation has seen to that.
func (c *compiler) take(f *ast.Field) {
	i, known := c.places[f.Alias]
	if !known {
		c.places[f.Alias] = len(c.found)
		c.found = append(c.found, Selection{Field: graphql.CollectedField{Field: f, Selections: slices.Clip(f.SelectionSet)}})
		return
	}
	c.found[i].Field.Selections = append(c.found[i].Field.Selections, f.SelectionSet...)
}

func (c *compiler) fragment(on *ast.Definition, directives ast.DirectiveList, condition string, set ast.SelectionSet) error {
	if directives.ForName("defer") != nil {
		return errDefer
	}
	if in, err := c.included(directives); !in || !c.satisfies(on, condition) {
		return err
	}
	return c.collect(on, set)
}

// satisfies says whether an object type meets a fragment's type condition.
func (c *compiler) satisfies(on *ast.Definition, condition string) bool {
	if condition == "" || condition == on.Name || slices.Contains(on.Interfaces, condition) {
		return true
	}
	def := c.plan.catalog.schema.Types[condition]
	return def != nil && def.Kind == ast.Union && slices.Contains(def.Types, on.Name)
}

// included applies @skip and @include (GraphQL, section 3.13). Both conditions are
// looked at, as gqlgen does.
func (c *compiler) included(directives ast.DirectiveList) (bool, error) {
	if len(directives) == 0 {
		return true, nil
	}
	skip, err := c.condition(directives, "skip", false)
	if err != nil {
		return false, err
	}
	include, err := c.condition(directives, "include", true)
	return include && !skip, err
}

func (c *compiler) condition(directives ast.DirectiveList, name string, absent bool) (bool, error) {
	d := directives.ForName(name)
	if d == nil {
		return absent, nil
	}
	if set, ok := conditionOf(d, c.vars); ok {
		return set, nil
	}
	return false, errCondition(name)
}
