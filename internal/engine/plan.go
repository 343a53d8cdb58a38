package engine

import (
	"cmp"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/vektah/gqlparser/v2/ast"
)

// plan is an operation laid out for who decides and answers it: what is selected of each concrete type, and the check
// that each place needs. It knows no caller. One that is kept is whole and is not changed; one for a single request
// (see plans.plan) is compiled while it is decided, as far as that request comes.
type plan struct {
	catalog    *catalog
	kind       ast.Operation
	root       *Selections // nil where the schema has no such operations
	directives int         // of the whole document
	ids        int         // how many of its Selection and Selections there are
	argued     int         // how many selections have arguments that are part of their decision
	steps      int         // of compiling it, if it is whole: it holds no more than about 250 bytes for each
	compiler   *compiler   // of a plan for a single request
}

// Selections is what is selected of one concrete object type in one place.
type Selections struct {
	object string
	check  policy.Check // of the object itself
	Fields []Selection  // in the answer's order
	parent *Selection   // whose value it is; nil for the root
	id     int
	fault  error // refuses the operation, once it is known that there may be such an object
}

// Selection is one response key of one concrete object type, as the operation selects it.
type Selection struct {
	// Number is the field's own in the generated code of its type: numberTypename for __typename, and numberNone
	// for what no code is generated for.
	Number int
	key    string       // as the answer has it before the value: "alias":
	begin  string       // that, and a comma before it where it is not the first of its object
	check  policy.Check // of the field
	*field
	// Field is what gqlgen's functions take.
	Field  graphql.CollectedField
	parent *Selection
	// types has what is selected of the value for each of the field's possible types, in their order. In a plan for a
	// single request it is nil where that did not come.
	types []*Selections
	under *Selections // the only one of types, where the value's type is not abstract
	order int         // its place among the keys of its object
	id    int
	size  int // see field.size
	// argued says that its arguments are part of the decision: one that is given is guarded, or they are ids. It is the nth
	// such selection of the plan.
	argued bool
	nth    int
	// guards are the checks of its arguments, as they are written.
	guards []guard
	// unvalued says that an argument may have no value, such as an integer of a hundred digits.
	unvalued bool
}

// The numbers of what has no number in the generated code.
const (
	numberTypename = -1
	numberNone     = -2
)

// pattern is the selection's way from the root, with "@" for each list crossed.
func (s *Selection) pattern() []string {
	if s == nil {
		return nil
	}
	p := s.parent.pattern()
	if s.parent != nil {
		for range s.parent.lists {
			p = append(p, "@")
		}
	}
	return append(p, s.Field.Alias)
}

// crossesList says whether the selection stands within a list, so that it has no one path.
func (s *Selection) crossesList() bool {
	for p := s.parent; p != nil; p = p.parent {
		if p.lists > 0 {
			return true
		}
	}
	return false
}

// byKey finds a response key, or nil.
func (u *Selections) byKey(key string) *Selection {
	if u != nil {
		for i := range u.Fields {
			if u.Fields[i].Field.Alias == key {
				return &u.Fields[i]
			}
		}
	}
	return nil
}

// of is what is selected of the value when it is of a concrete type, or nil.
func (s *Selection) of(object string) *Selections {
	for _, u := range s.types {
		if u != nil && u.object == object {
			return u
		}
	}
	return nil
}

// below is what was decided of the value of a selection, for each concrete type that may come.
func (d *Decision) below(s *Selection) []*Selections {
	switch {
	case d.refusal(s.id) != nil:
		return nil
	case s.node != nil:
		return d.verdict(s).types
	}
	return s.types
}

// byName is what lies below a selection, by the names of the types.
func byName(types []*Selections) []*Selections {
	if len(types) < 2 {
		return types
	}
	return slices.SortedFunc(slices.Values(types), func(a, b *Selections) int { return cmp.Compare(a.object, b.object) })
}

// named visits what lies under s by way of these field names, parted by dots, over aliases and concrete types. Denied
// selections are left out.
func (d *Decision) named(s *Selection, path string, visit func(*Selections)) {
	name, rest, _ := strings.Cut(path, ".")
	for _, u := range d.below(s) {
		if d.refusal(u.id) != nil {
			continue
		}
		if path == "" {
			visit(u)
			continue
		}
		for i := range u.Fields {
			if u.Fields[i].name == name {
				d.named(&u.Fields[i], rest, visit)
			}
		}
	}
}

// each visits every selection that was decided, in the operation's order and by type name. Abstract says that it is
// reached only when an object of its type is.
func (d *Decision) each(visit func(s *Selection, abstract bool)) { d.eachOf(d.plan.root, false, visit) }

func (d *Decision) eachOf(u *Selections, abstract bool, visit func(*Selection, bool)) {
	if d.refusal(u.id) != nil {
		return
	}
	for i := range u.Fields {
		s := &u.Fields[i]
		visit(s, abstract)
		types := d.below(s)
		below := abstract || s.abstract
		if s.node != nil {
			below = abstract || len(types) > 1
		}
		for _, t := range byName(types) {
			d.eachOf(t, below, visit)
		}
	}
}
