package policy

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
)

// Table holds every decision that a schema's rules leave open: which check guards which coordinate. It is immutable,
// and safe for concurrent use.
type Table struct {
	objects map[string]*object
	inputs  map[string]map[string]*guard
	// checks lists, by Check, the rules that must all pass. The first denies.
	checks []conjunction
	// needs lists, by Check, what a signed-in caller must hold, as places in a Set.
	needs [][]need
	// single finds the check that asks for one rule only.
	single      map[Rule]Check
	unmasked    Check
	fingerprint string

	known [knownSets]atomic.Pointer[known] // by what seed makes of a Set
	seed  maphash.Seed
}

// need is one action of one row of a Set. No action, as for a permission that the matrix lacks, is never held.
type need struct {
	row int
	bit uint8
}

// object is a compiled object type.
type object struct {
	guard
	// rule is the object's own, and the default of its fields when written says that it has a directive.
	rule    Rule
	written bool
	fields  map[string]*field
}

// field is a compiled field of an object type.
type field struct {
	guard
	// rule is the field's own, before the rule of the object that it returns is added.
	rule      Rule
	mask      Mask
	arguments map[string]*guard
}

// guard is what must pass before a coordinate is reached.
type guard struct {
	rules conjunction
	check Check
	// directives are those that decide here, as written: for the fingerprint.
	directives string
}

// Field returns the check of a field of an object type: its own rule and, when it returns a concrete object, that
// object's rule. An unknown field's is 0.
func (t *Table) Field(typeName, field string) Check {
	if f := t.field(typeName, field); f != nil {
		return f.check
	}
	return 0
}

// field finds a field, or nil.
func (t *Table) field(typeName, name string) *field {
	if o := t.objects[typeName]; o != nil {
		return o.fields[name]
	}
	return nil
}

// Object returns the check that says whether one may know that such an object is there. Of anything but an object type
// it is 0.
func (t *Table) Object(typeName string) Check {
	if o := t.objects[typeName]; o != nil {
		return o.check
	}
	return 0
}

// Argument returns the check that must pass for the argument to be given. It is CheckPublic when nothing guards it
// and 0 when there is no such argument.
func (t *Table) Argument(typeName, field, arg string) Check {
	if f := t.field(typeName, field); f != nil && f.arguments[arg] != nil {
		return f.arguments[arg].check
	}
	return 0
}

// Input returns the check that must pass for a field of an input type to be given. It is CheckPublic when nothing
// guards it and 0 when there is no such field.
func (t *Table) Input(inputType, field string) Check {
	if g := t.inputs[inputType][field]; g != nil {
		return g.check
	}
	return 0
}

// Mask returns how the field is shown to who does not pass Unmasked; false when it is not masked.
func (t *Table) Mask(typeName, field string) (Mask, bool) {
	if f := t.field(typeName, field); f != nil {
		return f.mask, f.mask != ""
	}
	return "", false
}

// Unmasked returns the check that shows masked fields as they are, PERSONAL_DATA READ. It is 0 in a schema that masks
// nothing.
func (t *Table) Unmasked() Check {
	return t.unmasked
}

// Rules returns the rules that must all pass for the check to pass. There are none for 0 and for an unknown check,
// which deny.
func (t *Table) Rules(c Check) []Rule {
	if int(c) >= len(t.checks) {
		return nil
	}
	return slices.Clone(t.checks[c])
}

// Checks returns how many checks there are, 0 included: the first number that is not one.
func (t *Table) Checks() int {
	return len(t.checks)
}

// Fingerprint is 16 hex digits of a SHA-256 over every coordinate with its rules, masks and directives. It changes
// when any directive does, and not with the matrix.
func (t *Table) Fingerprint() string {
	return t.fingerprint
}

// Coordinate is what the table says of one place in the schema.
type Coordinate struct {
	// Type is an object type or, when Input is set, an input type. Field is empty for an object type itself.
	Type, Field string
	Input       bool
	Check       Check
	// Rules are those of Check.
	Rules []Rule
	// Mask is empty unless the field is masked.
	Mask      Mask
	Arguments []Argument
}

// Argument is what the table says of one argument of a field.
type Argument struct {
	Name  string
	Check Check
	Rules []Rule
}

// Coordinates lists every object type, field and input field, sorted by type and field. Introspection's own types,
// whose names start with two underscores, are left out.
func (t *Table) Coordinates() []Coordinate {
	var all []Coordinate
	for name, o := range t.objects {
		if introspective(name) {
			continue
		}
		all = append(all, Coordinate{Type: name, Check: o.check, Rules: t.Rules(o.check)})
		for fieldName, f := range o.fields {
			c := Coordinate{Type: name, Field: fieldName, Check: f.check, Rules: t.Rules(f.check), Mask: f.mask}
			for _, arg := range slices.Sorted(maps.Keys(f.arguments)) {
				g := f.arguments[arg]
				c.Arguments = append(c.Arguments, Argument{arg, g.check, t.Rules(g.check)})
			}
			all = append(all, c)
		}
	}
	for name, fields := range t.inputs {
		for fieldName, g := range fields {
			all = append(all, Coordinate{
				Type: name, Field: fieldName, Input: true, Check: g.check, Rules: t.Rules(g.check),
			})
		}
	}
	slices.SortFunc(all, func(a, b Coordinate) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Field, b.Field))
	})
	return all
}

// introspective tells whether the name is one of GraphQL's own (GraphQL specification, section 4).
func introspective(name string) bool {
	return strings.HasPrefix(name, "__")
}

// eachGuard visits every coordinate with what guards it, in no particular order.
func (t *Table) eachGuard(visit func(coordinate string, g *guard)) {
	for name, o := range t.objects {
		visit(name, &o.guard)
		for fieldName, f := range o.fields {
			visit(name+"."+fieldName, &f.guard)
			for arg, g := range f.arguments {
				visit(argumentCoordinate(name, fieldName, arg), g)
			}
		}
	}
	for name, fields := range t.inputs {
		for fieldName, g := range fields {
			visit(name+"."+fieldName, g)
		}
	}
}

// argumentCoordinate writes "Account.calls(to:)".
func argumentCoordinate(typeName, field, arg string) string {
	return fmt.Sprintf("%s.%s(%s:)", typeName, field, arg)
}
