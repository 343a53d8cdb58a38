package engine

import (
	"cmp"
	"maps"
	"slices"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/vektah/gqlparser/v2/ast"
)

// selection is one response key of one concrete object type, as the operation
// selects it, with everything that was decided of it before execution.
type selection struct {
	key    string
	object string // the concrete type that the field belongs to
	name   string // the field's name
	order  int    // its place among the keys of its object
	lists  int    // how many lists nest in its value
	parent *selection
	mask   policy.Mask // set when the caller sees the value masked
	refuse *refusal    // set when the caller is denied it
	// under has what is selected of the value, by concrete type; nil for a leaf.
	under map[string]*selections
	// abstract says that it is reached only when an object of its type is.
	abstract bool
}

// selections is what is selected of one concrete object type in one place.
type selections struct {
	object string
	fields []*selection
	byKey  map[string]*selection
	refuse *refusal // set when the caller may not know of such an object
}

// refusal is why something is denied: the schema coordinate, the rule that the
// caller does not pass, and whether the caller is a guest, who may yet sign in.
type refusal struct {
	coordinate string
	rule       policy.Rule
	guest      bool
}

// refuse is the refusal of a check that the grants do not pass.
func refuse(t *policy.Table, g policy.Grants, coordinate string, check policy.Check) *refusal {
	return &refusal{coordinate: coordinate, rule: t.Why(check, g), guest: !g.SignedIn()}
}

// input names a field whose arguments were decided: the concrete type it was
// decided for and the field of the document.
type input struct {
	object string
	field  *ast.Field
}

// pattern is the selection's way from the root, with "@" for each list crossed.
func (s *selection) pattern() []string {
	if s == nil {
		return nil
	}
	p := s.parent.pattern()
	if s.parent != nil {
		for range s.parent.lists {
			p = append(p, "@")
		}
	}
	return append(p, s.key)
}

// crossesList says whether the selection stands within a list, so that it has no one path.
func (s *selection) crossesList() bool {
	for p := s.parent; p != nil; p = p.parent {
		if p.lists > 0 {
			return true
		}
	}
	return false
}

// step is one step of a path: the concrete type that the key belongs to, where it
// is known, and the key.
type step struct{ object, key string }

// find follows steps from the root. It is nil where the operation does not select that.
func (root *selections) find(steps []step) *selection {
	at := root
	var s *selection
	for i, st := range steps {
		if i > 0 {
			at = s.in(st)
		}
		if at == nil {
			return nil
		}
		if s = at.byKey[st.key]; s == nil {
			return nil
		}
	}
	return s
}

// in is what is selected of the value's concrete type. Where the step does not say
// which type that is, it is the first by name that selects the key.
func (s *selection) in(st step) *selections {
	if st.object != "" {
		return s.under[st.object]
	}
	for _, u := range s.types() {
		if u.byKey[st.key] != nil {
			return u
		}
	}
	return nil
}

// types is what lies under s, by the names of the types.
func (s *selection) types() []*selections {
	types := slices.Collect(maps.Values(s.under))
	slices.SortFunc(types, func(a, b *selections) int { return cmp.Compare(a.object, b.object) })
	return types
}

// named gathers what lies under s by way of these field names, over aliases and
// concrete types. Denied selections are left out.
func (s *selection) named(names []string) []*selections {
	var found []*selections
	for _, u := range s.under {
		if u.refuse != nil {
			continue
		}
		if len(names) == 0 {
			found = append(found, u)
			continue
		}
		for _, f := range u.fields {
			if f.name == names[0] && f.refuse == nil {
				found = append(found, f.named(names[1:])...)
			}
		}
	}
	return found
}
