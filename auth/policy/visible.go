package policy

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// Visible returns the part of a schema that the grants open, as a schema of its own: a field whose check does not pass
// is left out, and so is an argument, and an input field, that must not be given; and then whatever is of no use without
// them, such as a field that cannot be asked for without a denied argument, a type without fields, and a type that
// nothing leads to any more. What is left is valid by itself. No field or argument of an operation that is valid in it
// is denied; an object behind an interface or a union may be, when it is of a type that was left out.
//
// A field of an interface stays when every type that implements it and may be seen has it. Introspection's own types,
// the built-in scalars and the directives stay in any case. The table must be that of the schema, which is not changed.
// It is nil when no query is open at all.
func Visible(schema *ast.Schema, t *Table, g Grants) *ast.Schema {
	v := &view{schema: schema, table: t, grants: g, types: map[string]*ast.Definition{}}
	for name, def := range schema.Types {
		if def.Kind != ast.Object || g.Allows(t.Object(name)) {
			v.types[name] = v.opened(def)
		}
	}
	for v.changed = true; v.changed; {
		v.changed = false
		for _, name := range slices.Sorted(maps.Keys(v.types)) {
			v.narrow(v.types[name])
		}
	}
	return v.assemble()
}

// view is a schema in the making. Its definitions are copies that shrink until every one of them can be used.
type view struct {
	schema  *ast.Schema
	table   *Table
	grants  Grants
	types   map[string]*ast.Definition
	changed bool
}

// opened is a copy of a definition with the fields, arguments and input fields that the grants open.
func (v *view) opened(def *ast.Definition) *ast.Definition {
	def, fields := shallow(def), def.Fields
	def.Fields = nil
	for _, f := range fields {
		f := shallow(f)
		switch def.Kind {
		case ast.Object:
			if !v.grants.Allows(v.table.Field(def.Name, f.Name)) || !v.keepArguments(f, func(arg *ast.ArgumentDefinition) bool {
				return v.grants.Allows(v.table.Argument(def.Name, f.Name, arg.Name))
			}) {
				continue
			}
		case ast.InputObject:
			if !v.grants.Allows(v.table.Input(def.Name, f.Name)) {
				if required(f.Type, f.DefaultValue) {
					def.Fields = nil
					return def
				}
				continue
			}
		}
		def.Fields = append(def.Fields, f)
	}
	return def
}

// keepArguments leaves to a field the arguments of which keep is true. It is false when one of the others must be given.
func (v *view) keepArguments(f *ast.FieldDefinition, keep func(*ast.ArgumentDefinition) bool) bool {
	var kept ast.ArgumentDefinitionList
	for _, arg := range f.Arguments {
		if keep(arg) {
			kept = append(kept, arg)
		} else if required(arg.Type, arg.DefaultValue) {
			return false
		}
	}
	v.changed = v.changed || len(kept) < len(f.Arguments)
	f.Arguments = kept
	return true
}

// narrow takes from a definition what is of no use without what has gone, and the definition itself when nothing is left.
func (v *view) narrow(def *ast.Definition) {
	before := len(def.Fields) + len(def.Types) + len(def.Interfaces)
	def.Types = slices.DeleteFunc(slices.Clone(def.Types), v.gone)
	def.Interfaces = slices.DeleteFunc(slices.Clone(def.Interfaces), v.gone)
	switch def.Kind {
	case ast.Object:
		def.Fields = slices.DeleteFunc(slices.Clone(def.Fields), func(f *ast.FieldDefinition) bool { return !v.usable(f) })
	case ast.Interface:
		implementors := v.implementors(def.Name)
		def.Fields = slices.DeleteFunc(slices.Clone(def.Fields), func(f *ast.FieldDefinition) bool {
			return !v.usable(f) || !v.everywhere(f, implementors)
		})
		if len(implementors) == 0 {
			def.Fields = nil
		}
	case ast.InputObject:
		for _, f := range def.Fields {
			if v.gone(f.Type.Name()) && required(f.Type, f.DefaultValue) {
				def.Fields = nil
				break
			}
		}
		def.Fields = slices.DeleteFunc(slices.Clone(def.Fields), func(f *ast.FieldDefinition) bool { return v.gone(f.Type.Name()) })
	}
	v.changed = v.changed || len(def.Fields)+len(def.Types)+len(def.Interfaces) < before
	if empty(def) {
		delete(v.types, def.Name)
		v.changed = true
	}
}

// gone tells whether a type has been taken away.
func (v *view) gone(name string) bool { return v.types[name] == nil }

// usable tells whether a field can be asked for: its type is there and so is each argument that must be given.
func (v *view) usable(f *ast.FieldDefinition) bool {
	return !v.gone(f.Type.Name()) &&
		v.keepArguments(f, func(arg *ast.ArgumentDefinition) bool { return !v.gone(arg.Type.Name()) })
}

// everywhere tells whether each of the types has an interface's field, and leaves to it the arguments that all have.
func (v *view) everywhere(f *ast.FieldDefinition, implementors []*ast.Definition) bool {
	for _, def := range implementors {
		theirs := def.Fields.ForName(f.Name)
		if theirs == nil || !v.keepArguments(f, func(arg *ast.ArgumentDefinition) bool {
			return theirs.Arguments.ForName(arg.Name) != nil
		}) {
			return false
		}
	}
	return true
}

// implementors are the types that are there and implement the interface, interfaces included.
func (v *view) implementors(name string) []*ast.Definition {
	var found []*ast.Definition
	for _, def := range v.types {
		if slices.Contains(def.Interfaces, name) {
			found = append(found, def)
		}
	}
	return found
}

// assemble makes a schema of what the roots and the directives lead to.
func (v *view) assemble() *ast.Schema {
	root := func(def *ast.Definition) *ast.Definition {
		if def == nil {
			return nil
		}
		return v.types[def.Name]
	}
	s := &ast.Schema{
		Query: root(v.schema.Query), Mutation: root(v.schema.Mutation), Subscription: root(v.schema.Subscription),
		SchemaDirectives: v.schema.SchemaDirectives, Description: v.schema.Description, Comment: v.schema.Comment,
		Directives: v.schema.Directives, Types: map[string]*ast.Definition{},
		PossibleTypes: map[string][]*ast.Definition{}, Implements: map[string][]*ast.Definition{},
	}
	if s.Query == nil || !slices.ContainsFunc(s.Query.Fields, func(f *ast.FieldDefinition) bool { return !introspective(f.Name) }) {
		return nil
	}
	v.reach(s)
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		def := s.Types[name]
		if def.Kind == ast.Object || def.Kind == ast.InputObject { // as gqlparser has it
			s.AddPossibleType(name, def)
		}
		for _, member := range def.Types {
			s.AddPossibleType(name, s.Types[member])
			s.AddImplements(member, def)
		}
		for _, of := range def.Interfaces {
			s.AddPossibleType(of, def)
			s.AddImplements(name, s.Types[of])
		}
	}
	return s
}

// reach puts into the schema every type that can be come to, and those of GraphQL itself.
func (v *view) reach(s *ast.Schema) {
	var visit func(name string)
	visit = func(name string) {
		def := v.types[name]
		if def == nil || s.Types[name] != nil {
			return
		}
		s.Types[name] = def
		for _, f := range def.Fields {
			visit(f.Type.Name())
			for _, arg := range f.Arguments {
				visit(arg.Type.Name())
			}
		}
		for _, other := range slices.Concat(def.Types, def.Interfaces) {
			visit(other)
		}
		if def.Kind == ast.Interface {
			for _, implementor := range v.implementors(name) {
				visit(implementor.Name)
			}
		}
	}
	for _, def := range []*ast.Definition{s.Query, s.Mutation, s.Subscription} {
		if def != nil {
			visit(def.Name)
		}
	}
	for _, d := range s.Directives {
		for _, arg := range d.Arguments {
			visit(arg.Type.Name())
		}
	}
	for name, def := range v.schema.Types {
		if def.BuiltIn {
			visit(name)
		}
	}
}

// empty tells whether a type has nothing left that makes it one.
func empty(def *ast.Definition) bool {
	switch def.Kind {
	case ast.Object, ast.Interface, ast.InputObject:
		return len(def.Fields) == 0
	case ast.Union:
		return len(def.Types) == 0
	}
	return false
}

// required tells whether a value must be given.
func required(t *ast.Type, byDefault *ast.Value) bool { return t.NonNull && byDefault == nil }

// shallow is a copy that shares what it points to.
func shallow[T any](of *T) *T {
	it := *of
	return &it
}
