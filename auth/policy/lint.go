package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// lintEnums checks that the schema, the matrix and the program speak of the same permissions, roles and actions, and
// that each permission is used.
func (c *compiler) lintEnums() {
	c.lintEnum(enumRole, names(Roles()))
	c.lintEnum(enumAction, names(Actions()))
	def := c.schema.Types[enumPermission]
	if def == nil || def.Kind != ast.Enum {
		c.fault(nil, enumPermission, "the schema has no enum %s", enumPermission)
		return
	}
	for _, row := range c.matrix.rows {
		if def.EnumValues.ForName(string(row.Permission)) == nil {
			c.fault(def.Position, enumPermission, "the matrix has a row %s, which the enum lacks", row.Permission)
		}
	}
	for _, value := range def.EnumValues {
		p := Permission(value.Name)
		coordinate := enumPermission + "." + value.Name
		if _, known := c.matrix.index[p]; !known {
			c.fault(value.Position, coordinate, "the matrix has no row %s", p)
		}
		if !c.used[p] {
			c.fault(value.Position, coordinate, "no field, argument or input uses %s", p)
		}
	}
}

// lintEnum checks that an enum has exactly the values that the program knows.
func (c *compiler) lintEnum(name string, want []string) {
	def := c.schema.Types[name]
	if def == nil || def.Kind != ast.Enum {
		c.fault(nil, name, "the schema has no enum %s", name)
		return
	}
	for _, value := range want {
		if def.EnumValues.ForName(value) == nil {
			c.fault(def.Position, name, "the enum lacks %s", value)
		}
	}
	for _, value := range def.EnumValues {
		if !slices.Contains(want, value.Name) {
			c.fault(value.Position, name+"."+value.Name, "the program knows no %s %s", strings.ToLower(name), value.Name)
		}
	}
}

// names turns typed names into plain ones.
func names[T ~string](typed []T) []string {
	var plain []string
	for _, name := range typed {
		plain = append(plain, string(name))
	}
	return plain
}

// lintAbstract refuses rules on interfaces and unions: gqlgen resolves the object's field, so they would guard nothing.
func (c *compiler) lintAbstract() {
	for _, def := range c.definitions(ast.Interface, ast.Union) {
		c.refuse(def, def.Name, def.Directives)
		for _, f := range def.Fields {
			c.refuse(def, def.Name+"."+f.Name, f.Directives)
			for _, arg := range f.Arguments {
				c.refuse(def, argumentCoordinate(def.Name, f.Name, arg.Name), arg.Directives)
			}
		}
	}
}

// refuse names each directive of ours in a list that should have none, where it stands.
func (c *compiler) refuse(def *ast.Definition, coordinate string, list ast.DirectiveList) {
	for _, d := range policyDirectives(list) {
		c.fault(d.Position, coordinate, "@%s on %s guards nothing: write it on each object type that belongs to %s",
			d.Name, strings.ToLower(string(def.Kind)), def.Name)
	}
}

// lintReturns refuses a field that leads back to a root type, around the rules that an operation is checked by, and an
// abstract type in a mutation's payload, whose checks would depend on data.
func (c *compiler) lintReturns() {
	for _, def := range c.definitions(ast.Object, ast.Interface) {
		for _, f := range def.Fields {
			for _, returned := range c.possible(f.Type.Name()) {
				if c.root(returned) {
					c.fault(f.Position, def.Name+"."+f.Name, "returns the root type %s", returned.Name)
				}
			}
		}
	}
	if c.schema.Mutation == nil {
		return
	}
	for _, f := range c.schema.Mutation.Fields {
		c.lintPayload(c.schema.Mutation, f)
		if payload := c.schema.Types[f.Type.Name()]; payload.Kind == ast.Object {
			for _, inner := range payload.Fields {
				c.lintPayload(payload, inner)
			}
		}
	}
}

// lintPayload refuses a field of an abstract type.
func (c *compiler) lintPayload(def *ast.Definition, f *ast.FieldDefinition) {
	if returned := c.schema.Types[f.Type.Name()]; returned.IsAbstractType() {
		c.fault(f.Position, def.Name+"."+f.Name, "a mutation's payload has the abstract type %s: name object types",
			returned.Name)
	}
}

// possible lists the object types that a value of the named type can have, by name.
func (c *compiler) possible(name string) []*ast.Definition {
	byName := map[string]*ast.Definition{}
	for _, def := range c.schema.PossibleTypes[name] {
		if def.Kind == ast.Object {
			byName[def.Name] = def
		}
	}
	var all []*ast.Definition
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, byName[name])
	}
	return all
}

// lintNulls refuses guarded positions that cannot be null although a weaker rule leads to them: a denial there would
// take with it what the caller may see.
func (c *compiler) lintNulls() {
	for _, def := range c.definitions(ast.Object) {
		o := c.table.objects[def.Name]
		for _, f := range def.Fields {
			rule := o.fields[f.Name].rule
			if introspective(def.Name) || introspective(f.Name) || rule.Kind == Deny {
				continue
			}
			coordinate := def.Name + "." + f.Name
			if f.Type.NonNull && !c.enough(o.rule, rule) {
				c.fault(f.Position, coordinate, "must be nullable: it needs %s, but %s needs only %s",
					rule, def.Name, o.rule)
			}
			if !hasNonNull(f.Type) {
				continue
			}
			for _, returned := range c.possible(f.Type.Name()) {
				target := c.table.objects[returned.Name].rule
				if target.Kind != Deny && !c.enough(rule, target) && !c.enough(o.rule, target) {
					c.fault(f.Position, coordinate, "%s must be nullable throughout: %s needs %s, but the field needs only %s",
						f.Type, returned.Name, target, rule)
				}
			}
		}
	}
}

// enough tells whether whoever passes the one rule also passes the other, whatever roles they hold.
func (c *compiler) enough(have, want Rule) bool {
	if want.Kind != HasPermission || have.Kind != HasPermission {
		return want.Kind <= have.Kind
	}
	return have.Action == want.Action && c.matrix.implies(have.Permission, want.Permission)
}

// hasNonNull tells whether the type, or what it lists, cannot be null.
func hasNonNull(t *ast.Type) bool {
	return t.NonNull || t.Elem != nil && hasNonNull(t.Elem)
}

// lintFilters refuses a list's argument that does not say which field it reads: a filter is a read. The events of a
// subscription are a list too; an argument that chooses among them by no field has a rule of its own instead.
func (c *compiler) lintFilters() {
	seen := map[string]bool{}
	for _, def := range c.definitions(ast.Object) {
		streams := def == c.schema.Subscription
		for _, f := range def.Fields {
			if introspective(def.Name) || !streams && !c.lists(f.Type) {
				continue
			}
			for _, arg := range f.Arguments {
				if !streams && slices.Contains([]string{"first", "after", "last", "before"}, arg.Name) || arg == NodeArgument(f) {
					continue
				}
				of := "a list's"
				if streams {
					if len(ruleDirectives(arg.Directives)) > 0 {
						continue
					}
					of = "a subscription's"
				}
				c.lintFilter(of, arg.Position, argumentCoordinate(def.Name, f.Name, arg.Name), arg.Type, arg.Directives, seen)
			}
		}
	}
}

// lists tells whether a field of this type is a list or a Relay connection.
func (c *compiler) lists(t *ast.Type) bool {
	return t.Elem != nil || c.table.objects[t.NamedType] != nil && strings.HasSuffix(t.NamedType, "Connection")
}

// lintFilter checks one argument or, when it is an input object, each of that object's fields. Each input type is seen
// once, since they may contain themselves.
func (c *compiler) lintFilter(
	of string, at *ast.Position, coordinate string, t *ast.Type, list ast.DirectiveList, seen map[string]bool,
) {
	input := c.schema.Types[t.Name()]
	if input.Kind != ast.InputObject {
		if list.ForName(directiveFilters) == nil {
			c.fault(at, coordinate, "%s argument needs @filters: it tells which field it reads", of)
		}
		return
	}
	if seen[input.Name] {
		return
	}
	seen[input.Name] = true
	for _, f := range input.Fields {
		c.lintFilter(of, f.Position, input.Name+"."+f.Name, f.Type, f.Directives, seen)
	}
}
