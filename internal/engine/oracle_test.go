package engine_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// oracle executes an operation on the tests' objects, and decides by reading the directives in the schema anew. It
// shares no code with the policy, the engine or gqlgen, and is as simple and as slow as the specification reads.
type oracle struct {
	schema   *ast.Schema
	doc      *ast.QueryDocument
	vars     map[string]any
	signedIn bool
	holds    func(permission, action string) bool // of who is signed in
	typeOf   func(id string) string

	denied []string // as answer.denied lists them
}

// answer is the data of the whole operation, and what is denied of it.
func (o *oracle) answer(op *ast.OperationDefinition) (data string, denied []string) {
	o.denied = []string{}
	root := o.schema.Query
	if op.Operation == ast.Mutation {
		root = o.schema.Mutation
		for _, f := range o.collect(root, op.SelectionSet) {
			o.refused(root, f[0], f[0].Alias)
		}
		if len(o.denied) > 0 {
			return "", o.denied
		}
	}
	return o.object(root, []ast.SelectionSet{op.SelectionSet}, ""), o.denied
}

// deny notes a denial.
func (o *oracle) deny(path, coordinate string) {
	code := "FORBIDDEN"
	if !o.signedIn {
		code = "UNAUTHENTICATED"
	}
	o.denied = append(o.denied, strings.Join([]string{path, code, coordinate}, " "))
}

// allows says whether the rule written in these directives, or else in those of the object, lets the caller pass.
func (o *oracle) allows(lists ...ast.DirectiveList) bool {
	for _, list := range lists {
		switch d := list.ForName("hasPermission"); {
		case d != nil:
			action := "READ"
			if given := d.Arguments.ForName("action"); given != nil {
				action = given.Value.Raw
			}
			return o.signedIn && o.holds(d.Arguments.ForName("permission").Value.Raw, action)
		case list.ForName("signedIn") != nil:
			return o.signedIn
		case list.ForName("public") != nil:
			return true
		}
	}
	return true // a root type, or an argument without a rule
}

// mayRead says whether the caller may read a field of an object.
func (o *oracle) mayRead(object, field string) bool {
	def := o.schema.Types[object]
	f := def.Fields.ForName(field)
	return o.allows(def.Directives) && o.allows(f.Directives, def.Directives) && o.allows(o.schema.Types[f.Type.Name()].Directives)
}

// refused notes why a field is denied, if it is.
func (o *oracle) refused(object *ast.Definition, f *ast.Field, path string) bool {
	if f.Name == "__typename" {
		return false
	}
	if !o.mayRead(object.Name, f.Name) {
		o.deny(path, object.Name+"."+f.Name)
		return true
	}
	for _, arg := range f.Definition.Arguments {
		given := f.Arguments.ForName(arg.Name)
		if given == nil {
			continue
		}
		value, passed := o.value(given.Value)
		if !passed {
			continue
		}
		if !o.mayPass(arg.Directives) {
			o.deny(path, fmt.Sprintf("%s.%s(%s:)", object.Name, f.Name, arg.Name))
			return true
		}
		if coordinate := o.input(arg.Type.Name(), value); coordinate != "" {
			o.deny(path, coordinate)
			return true
		}
	}
	if object == o.schema.Query && f.Name == "node" {
		id, _ := o.value(f.Arguments.ForName("id").Value)
		name := o.typeOf(id.(string))
		if asked := o.schema.Types[name]; asked != nil && !o.allows(asked.Directives) {
			o.deny(path, name)
			return true
		}
	}
	return false
}

// mayPass says whether the caller may give an argument or an input's field.
func (o *oracle) mayPass(list ast.DirectiveList) bool {
	if d := list.ForName("filters"); d != nil {
		object, field, _ := strings.Cut(d.Arguments.ForName("field").Value.Raw, ".")
		if !o.mayRead(object, field) || o.masks(object, field) {
			return false
		}
	}
	return o.allows(list)
}

func (o *oracle) masks(object, field string) bool {
	f := o.schema.Types[object].Fields.ForName(field)
	return f.Directives.ForName("personalData") != nil && !(o.signedIn && o.holds(string(personal), "READ"))
}

// input is the first denied field of an input, in the order of the schema.
func (o *oracle) input(name string, value any) string {
	def := o.schema.Types[name]
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			if coordinate := o.input(name, v); coordinate != "" {
				return coordinate
			}
		}
	case map[string]any:
		for _, f := range def.Fields {
			v, given := value[f.Name]
			if !given {
				continue
			}
			if !o.mayPass(f.Directives) {
				return name + "." + f.Name
			}
			if coordinate := o.input(f.Type.Name(), v); coordinate != "" {
				return coordinate
			}
		}
	}
	return ""
}

// value is what a value in the operation comes to, and whether it comes to anything.
func (o *oracle) value(v *ast.Value) (any, bool) {
	switch v.Kind {
	case ast.Variable:
		given, ok := o.vars[v.Raw]
		return given, ok
	case ast.ListValue:
		list := []any{}
		for _, child := range v.Children {
			element, _ := o.value(child.Value)
			list = append(list, element)
		}
		return list, true
	case ast.ObjectValue:
		object := map[string]any{}
		for _, child := range v.Children {
			if member, ok := o.value(child.Value); ok {
				object[child.Name] = member
			}
		}
		return object, true
	case ast.NullValue:
		return nil, true
	}
	return v.Raw, true
}

// collect groups the selected fields by key (GraphQL, section 6.3.2).
func (o *oracle) collect(object *ast.Definition, sets ...ast.SelectionSet) [][]*ast.Field {
	var keys []string
	groups, seen := map[string][]*ast.Field{}, map[string]bool{}
	var visit func(ast.SelectionSet)
	visit = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				if !o.included(sel.Directives) {
					continue
				}
				if groups[sel.Alias] == nil {
					keys = append(keys, sel.Alias)
				}
				groups[sel.Alias] = append(groups[sel.Alias], sel)
			case *ast.InlineFragment:
				if o.included(sel.Directives) && o.is(object, sel.TypeCondition) {
					visit(sel.SelectionSet)
				}
			case *ast.FragmentSpread:
				if o.included(sel.Directives) && !seen[sel.Name] {
					seen[sel.Name] = true
					if f := o.doc.Fragments.ForName(sel.Name); o.is(object, f.TypeCondition) {
						visit(f.SelectionSet)
					}
				}
			}
		}
	}
	for _, set := range sets {
		visit(set)
	}
	all := make([][]*ast.Field, len(keys))
	for i, key := range keys {
		all[i] = groups[key]
	}
	return all
}

func (o *oracle) included(list ast.DirectiveList) bool {
	for name, want := range map[string]bool{"skip": false, "include": true} {
		if d := list.ForName(name); d != nil {
			v, _ := o.value(d.Arguments.ForName("if").Value)
			if fmt.Sprint(v) != fmt.Sprint(want) {
				return false
			}
		}
	}
	return true
}

func (o *oracle) is(object *ast.Definition, condition string) bool {
	return condition == "" || slices.Contains(o.schema.PossibleTypes[condition], object)
}

// object is an object as JSON; "null" where a field that cannot be null is.
func (o *oracle) object(def *ast.Definition, sets []ast.SelectionSet, path string) string {
	if !o.allows(def.Directives) {
		o.deny(path, def.Name)
		return "null"
	}
	var members []string
	null := false
	for _, group := range o.collect(def, sets...) {
		f := group[0]
		at := strings.TrimPrefix(path+"."+f.Alias, ".")
		value := "null"
		switch {
		case f.Name == "__typename":
			value = strconv.Quote(def.Name)
		case !o.refused(def, f, at):
			value = o.field(def, group, at)
		}
		null = null || value == "null" && f.Definition.Type.NonNull
		members = append(members, strconv.Quote(f.Alias)+":"+value)
	}
	if null {
		return "null"
	}
	return "{" + strings.Join(members, ",") + "}"
}

// field is the value of a permitted field. The tests' objects are known by heart.
func (o *oracle) field(def *ast.Definition, group []*ast.Field, path string) string {
	f := group[0]
	var sets []ast.SelectionSet
	for _, g := range group {
		sets = append(sets, g.SelectionSet)
	}
	one := func(name, path string) string { return o.object(o.schema.Types[name], sets, path) }
	list := func(t *ast.Type, path string, names ...string) string {
		elements := make([]string, len(names))
		for i, name := range names {
			elements[i] = one(name, fmt.Sprintf("%s.%d", path, i))
		}
		if t.Elem.NonNull && slices.Contains(elements, "null") {
			return "null"
		}
		return "[" + strings.Join(elements, ",") + "]"
	}
	t := f.Definition.Type
	switch def.Name + "." + f.Name {
	case "Query.node":
		id, _ := o.value(f.Arguments.ForName("id").Value)
		return one(o.typeOf(id.(string)), path)
	case "Query.nodes":
		given, _ := o.value(f.Arguments.ForName("ids").Value)
		ids, isList := given.([]any)
		if !isList {
			ids = []any{given}
		}
		elements := make([]string, len(ids))
		for i, id := range ids {
			name := o.typeOf(id.(string))
			elements[i] = "null"
			if o.schema.Types[name] != nil {
				elements[i] = one(name, fmt.Sprintf("%s.%d", path, i))
			}
		}
		return "[" + strings.Join(elements, ",") + "]"
	case "Query.things":
		return list(t, path, []string{"Call", "Key", "Page"}[:o.first(f, 3)]...)
	case "Query.results", "Page.things":
		return list(t, path, "Call", "Key", "Page")
	case "Query.calls", "Page.calls":
		return list(t, path, slices.Repeat([]string{"Call"}, o.first(f, 2))...)
	case "Query.grid":
		rows := []string{list(t.Elem, path+".0", "Call", "Call"), list(t.Elem, path+".1", "Call")}
		if slices.Contains(rows, "null") {
			return "null"
		}
		return "[" + strings.Join(rows, ",") + "]"
	case "Mutation.ping":
		return `"pong"`
	case "Call.to":
		if o.masks("Call", "to") {
			return strconv.Quote("+1" + strings.Repeat("•", 9) + "1234")
		}
		return `"+1⟦Call.to⟧1234"`
	case "Key.owner":
		if o.masks("Key", "owner") {
			return `"k•••@example.com"`
		}
		return `"k⟦Key.owner⟧@example.com"`
	}
	switch {
	case o.schema.Types[t.Name()].Kind == ast.Object:
		return one(t.Name(), path)
	case f.Name == "id":
		return strconv.Quote(def.Name + ":1")
	}
	return fmt.Sprintf(`"⟦%s.%s⟧"`, def.Name, f.Name)
}

// first is the size of the page asked for.
func (o *oracle) first(f *ast.Field, absent int) int {
	if arg := f.Arguments.ForName("first"); arg != nil {
		v, _ := o.value(arg.Value)
		n, _ := strconv.Atoi(fmt.Sprint(v))
		return n
	}
	return absent
}
