package engine

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/vektah/gqlparser/v2/ast"
)

// catalog is what the schema and its rules say of every type, laid out for plans. It is made once, and shared.
type catalog struct {
	schema  *ast.Schema
	table   *policy.Table
	objects map[string]*object
	inputs  map[string]*inputObject
	kept    keeper
}

// guarded is a coordinate of the schema and the check that guards it.
type guarded struct {
	coordinate string
	check      policy.Check
	because    atomic.Pointer[refusal] // those that were worded, the newest first
}

// object is an object type.
type object struct {
	guarded
	definition *ast.Definition
	fields     map[string]*field
}

// field is a field of an object type.
type field struct {
	guarded
	object, name string
	definition   *ast.FieldDefinition // nil for __typename, and for what the type does not have
	number       int                  // see Selection.Number
	key          string               // see Selection.key, with a comma before it
	nonNull      bool
	lists        int // how many lists nest in its value
	mask         policy.Mask
	possible     []*object // the types of its value; nil for a leaf
	abstract     bool      // whether its value is of an abstract type
	size         int       // how many objects its value is taken for; dynamic when that depends on the request
	first        *ast.ArgumentDefinition
	node         *ast.ArgumentDefinition // see policy.NodeArgument
	arguments    []argument
	once         bool // whether an operation has one of its kind
}

// dynamic is the size of a list that depends on the request.
const dynamic = -1

// argument is an argument of a field, or a field of an input type.
type argument struct {
	guarded
	name  string
	input *inputObject // its type, or nil for any other
}

// inputObject is an input type. Its own coordinate is open to nobody: it stands for values that are of no known shape.
type inputObject struct {
	guarded
	fields []argument
	opens  bool // whether every field of it, and of what is in it, is open to all
}

// newCatalog lays the schema out. numbers are those of Stamp.
func (c *Config) newCatalog(numbers map[string]map[string]int) *catalog {
	k := &catalog{schema: c.schema, table: c.Table, objects: map[string]*object{}, inputs: map[string]*inputObject{}}
	for name, def := range c.schema.Types {
		if def.Kind == ast.InputObject {
			k.inputs[name] = &inputObject{guarded: guarded{coordinate: name}}
		}
	}
	for name, in := range k.inputs {
		in.fields = make([]argument, len(c.schema.Types[name].Fields))
		for i, f := range c.schema.Types[name].Fields {
			in.fields[i].set(f.Name, name+"."+f.Name, c.Table.Input(name, f.Name), k.inputs[f.Type.Name()])
		}
	}
	for _, in := range k.inputs {
		in.opens = in.open(map[*inputObject]bool{})
	}
	for name, def := range c.schema.Types {
		if def.Kind == ast.Object {
			k.objects[name] = &object{guarded: guarded{coordinate: name, check: c.Table.Object(name)}, definition: def}
		}
	}
	sizes := introspectionSizes(c.schema)
	for name, o := range k.objects {
		o.fields = make(map[string]*field, len(o.definition.Fields)+1)
		for _, f := range o.definition.Fields {
			o.fields[f.Name] = c.newField(k, sizes, name, f)
		}
		o.fields[typename] = unknownField(name, typename)
		o.fields[typename].check, o.fields[typename].number = policy.CheckPublic, numberTypename
		for f, n := range numbers[name] {
			if o.fields[f] != nil {
				o.fields[f].number = n
			}
		}
	}
	return k
}

const typename = "__typename"

// unknownField is a field that its type does not have.
func unknownField(object, name string) *field {
	return &field{
		guarded: guarded{coordinate: object + "." + name}, object: object, name: name, key: keyOf(name), number: numberNone,
	}
}

// keyOf is a key as an answer has it before its value, with a comma before it. Names need no escapes.
func keyOf(name string) string { return `,"` + name + `":` }

func (c *Config) newField(k *catalog, sizes map[string]int, of string, def *ast.FieldDefinition) *field {
	f := unknownField(of, def.Name)
	f.definition, f.check = def, c.Table.Field(of, def.Name)
	f.nonNull, f.lists = def.Type.NonNull, nesting(def.Type)
	f.mask, _ = c.Table.Mask(of, def.Name)
	if value := c.schema.Types[def.Type.Name()]; value != nil && value.IsCompositeType() {
		f.abstract = value.IsAbstractType()
		f.possible = make([]*object, 0, 1)
		for _, t := range c.schema.GetPossibleTypes(value) {
			f.possible = append(f.possible, k.objects[t.Name])
		}
	}
	f.first, f.node = def.Arguments.ForName("first"), policy.NodeArgument(def)
	f.once = slices.Contains(c.Once, f.coordinate)
	f.size = c.sizeOf(f, sizes)
	f.arguments = make([]argument, len(def.Arguments))
	for i, arg := range def.Arguments {
		a := &f.arguments[i]
		a.set(arg.Name, fmt.Sprintf("%s(%s:)", f.coordinate, arg.Name), c.Table.Argument(of, def.Name, arg.Name), k.inputs[arg.Type.Name()])
	}
	return f
}

// sizeOf is how many objects the field's value is taken for, for each object it is asked of, where no request says so. sizes are
// those of introspection's lists.
func (c *Config) sizeOf(f *field, sizes map[string]int) int {
	switch {
	case f.first != nil:
		return dynamic
	case f.lists == 0:
		return 1
	case f.node != nil:
		return dynamic
	case f.introspects() || f.ofIntrospection():
		return max(sizes[f.name], 1)
	case f.name == "edges":
		return 1 // its connection's first has been counted
	}
	if n, known := c.Lists[f.coordinate]; known {
		return n
	}
	return listSize
}

// introspects says whether the field asks for the schema, or for the name of a type.
func (f *field) introspects() bool { return strings.HasPrefix(f.name, "__") }

// ofIntrospection says whether the field stands below one that asks for the schema.
func (f *field) ofIntrospection() bool { return strings.HasPrefix(f.object, "__") }

func (a *argument) set(name, coordinate string, check policy.Check, input *inputObject) {
	a.name, a.coordinate, a.check, a.input = name, coordinate, check, input
}

// open says whether nothing of an input type is guarded.
func (in *inputObject) open(seen map[*inputObject]bool) bool {
	if in == nil || seen[in] {
		return true
	}
	seen[in] = true
	for i := range in.fields {
		if in.fields[i].check != policy.CheckPublic || !in.fields[i].input.open(seen) {
			return false
		}
	}
	return true
}

// field finds a field of an input type. What it does not have is open to nobody.
func (in *inputObject) field(name string) (*guarded, *inputObject) {
	for i := range in.fields {
		if in.fields[i].name == name {
			return &in.fields[i].guarded, in.fields[i].input
		}
	}
	return &in.guarded, nil
}

// refusal is why grants do not pass the check. Each is worded once, so that it is the same for all who tell denials apart by it.
func (g *guarded) refusal(t *policy.Table, grants policy.Grants) *refusal {
	rule, guest := t.Why(g.check, grants), !grants.SignedIn()
	for {
		newest := g.because.Load()
		for r := newest; r != nil; r = r.next {
			if r.rule == rule && r.guest == guest {
				return r
			}
		}
		r := newRefusal(g.coordinate, rule, guest)
		r.next = newest
		if g.because.CompareAndSwap(newest, r) {
			return r
		}
	}
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
