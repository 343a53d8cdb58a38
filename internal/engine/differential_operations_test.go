package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// operation is a random one. Its variables have other values in each trial.
type operation struct {
	text, name string
	doc        *ast.QueryDocument
	variables  []variable
}

// variable is one that an operation declares.
type variable struct {
	name     string
	of       *ast.Type
	optional bool // it may be left out
	argument string
}

// composer writes random operations over any schema.
type composer struct {
	*rand.Rand
	schema *ast.Schema

	fragments []fragment
	variables []variable
	plain     map[string]string   // the arguments of a field that has no alias, by coordinate
	aliased   map[string][]string // the fields that have one
	left      int                 // how many fields may still be written
	asked     []string            // types of the ids that were written
}

// fragment is a named one; its text is empty while it is written.
type fragment struct{ on, text string }

// word is a literal that has no quotes, and reference a variable.
type (
	word      string
	reference string
)

// operation writes until what it wrote is valid; tries is how often.
func (c *composer) operation() (op operation, tries int) {
	for tries = 1; ; tries++ {
		c.fragments, c.variables, c.plain, c.aliased, c.left, c.asked = nil, nil, map[string]string{}, map[string][]string{}, 40, nil
		kind, root := "query", c.schema.Query
		switch n := c.IntN(100); {
		case n < 25:
			kind, root = "mutation", c.schema.Mutation
		case n < 31:
			kind, root = "subscription", c.schema.Subscription
		}
		body := c.root(root)
		declared := c.declarations()
		op = operation{name: pick(c.Rand, "", "", "Asked"), variables: c.variables}
		op.text = kind + " " + op.name + declared + " " + body
		for i, f := range c.fragments {
			op.text += fmt.Sprintf(" fragment F%d on %s %s", i, f.on, f.text)
		}
		if op.name != "" && c.IntN(3) == 0 {
			op.text = "query Other { __typename } " + op.text
		}
		if op.name == "" && kind == "query" && declared == "" && c.IntN(2) == 0 {
			op.text = strings.TrimPrefix(op.text, "query ")
		}
		doc, err := gqlparser.LoadQueryWithRules(c.schema, op.text, rules.NewDefaultRules())
		if op.doc = doc; err == nil {
			return op, tries
		}
		if tries > 500 {
			panic(fmt.Sprintf("no valid operation in %d; the last was %s: %v", tries, op.text, err))
		}
	}
}

// declarations declares the variables.
func (c *composer) declarations() string {
	var all []string
	for i := range c.variables {
		v := &c.variables[i]
		text := "$" + v.name + ": " + v.of.String()
		switch {
		case v.optional: // written before
			text += " = " + c.literal(c.given(v.of, v.argument, false))
		case !v.of.NonNull:
			v.optional = true
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return ""
	}
	return "(" + strings.Join(all, ", ") + ")"
}

// root writes the selection set of a root type.
func (c *composer) root(def *ast.Definition) string {
	var all []string
	c.id() // of a type that fragments on a Node are then likely to be of
	switch def {
	case c.schema.Subscription:
		all = append(all, c.field(def, def.Fields[0], 5))
	case c.schema.Mutation:
		for range 1 + c.IntN(3) {
			all = append(all, c.field(def, def.Fields[c.IntN(len(def.Fields))], 5))
		}
		if c.IntN(6) == 0 {
			all = append(all, "... on Mutation "+c.condition()+"{ "+c.field(def, def.Fields[c.IntN(len(def.Fields))], 5)+" }")
		}
	default:
		for range 1 + c.IntN(3) {
			name := pick(c.Rand, "account", "account", "account", "account", "account", "viewer", "node", "node", "nodes", "permissionMatrix", "__typename")
			switch n := c.IntN(60); {
			case n == 0:
				name = pick(c.Rand, "__type", "__schema")
			case n < 5:
				all = append(all, c.fragment(def, 8))
				continue
			}
			all = append(all, c.selected(def, name, 8))
		}
	}
	return "{ " + strings.Join(all, " ") + " }"
}

func (c *composer) selected(def *ast.Definition, name string, depth int) string {
	if name == "__typename" {
		return c.alias("") + name + c.condition()
	}
	return c.field(def, def.Fields.ForName(name), depth)
}

// set writes a selection set on a type.
func (c *composer) set(def *ast.Definition, depth int) string {
	var all []string
	for range 1 + c.IntN(4) {
		switch n := c.IntN(20); {
		case n < 3 && depth > 1 || def.IsAbstractType() && n < 16 && depth > 0:
			all = append(all, c.fragment(def, depth-1))
		case n == 3 || len(def.Fields) == 0:
			all = append(all, c.selected(def, "__typename", depth))
		default:
			if f := c.among(def, depth); f != nil {
				all = append(all, c.field(def, f, depth-1))
			}
		}
		if c.left <= 0 && len(all) > 0 {
			break
		}
	}
	if len(all) == 0 {
		all = append(all, "__typename")
	}
	return "{ " + strings.Join(all, " ") + " }"
}

// among is one of the fields of a type, and mostly the one that leads on, or nil when it is too deep for that.
func (c *composer) among(def *ast.Definition, depth int) *ast.FieldDefinition {
	f := def.Fields[c.IntN(len(def.Fields))]
	for _, name := range []string{"edges", "node"} {
		if on := def.Fields.ForName(name); on != nil && c.IntN(2) == 0 {
			f = on
		}
	}
	if c.schema.Types[f.Type.Name()].IsCompositeType() && (depth <= 0 || c.left <= -20) || def.Name == "__Schema" && f.Name == "types" {
		return nil
	}
	return f
}

// field writes one field. One without an alias has the same arguments wherever it is written, so that all merge, and one with
// an alias may be written again.
func (c *composer) field(def *ast.Definition, f *ast.FieldDefinition, depth int) string {
	c.left--
	coordinate, text := def.Name+"."+f.Name, ""
	switch written, known := c.plain[coordinate]; {
	case c.IntN(3) == 0 && len(c.aliased[coordinate]) > 0:
		text = pick(c.Rand, c.aliased[coordinate]...)
	case c.IntN(4) == 0:
		text = c.alias(pick(c.Rand, "a", "b", f.Name)) + f.Name + c.arguments(f)
		c.aliased[coordinate] = append(c.aliased[coordinate], text)
	case known:
		text = written
	default:
		text = f.Name + c.arguments(f)
		c.plain[coordinate] = text
	}
	text += c.condition()
	if value := c.schema.Types[f.Type.Name()]; value.IsCompositeType() {
		text += " " + c.set(value, depth)
	}
	return text
}

// alias is a new one: with no name, in one of many cases.
func (c *composer) alias(name string) string {
	if name == "" {
		if c.IntN(3) > 0 {
			return ""
		}
		name = "t"
	}
	c.left--
	return name + strconv.Itoa(200+c.left) + ": "
}

// fragment writes a fragment: in place or by name, and one by name perhaps once more.
func (c *composer) fragment(def *ast.Definition, depth int) string {
	on := def.Name
	if def.IsAbstractType() {
		types := c.schema.PossibleTypes[def.Name]
		on = types[c.IntN(len(types))].Name
		if len(c.asked) > 0 && c.IntN(4) > 0 {
			on = pick(c.Rand, c.asked...)
		}
	} else if len(def.Interfaces) > 0 && c.IntN(3) == 0 {
		on = def.Interfaces[0]
	}
	switch c.IntN(5) {
	case 0:
		return "... " + c.condition() + c.set(def, depth)
	case 1, 2:
		return "... on " + on + c.condition() + " " + c.set(c.schema.Types[on], depth)
	}
	for i, f := range c.fragments {
		if f.on == on && f.text != "" && c.IntN(2) == 0 {
			return fmt.Sprintf("...F%d", i) + c.condition()
		}
	}
	i := len(c.fragments)
	c.fragments = append(c.fragments, fragment{on: on})
	c.fragments[i].text = c.set(c.schema.Types[on], depth)
	return fmt.Sprintf("...F%d", i) + c.condition()
}

// condition writes a directive, or two, or mostly none.
func (c *composer) condition() string {
	text := ""
	for _, name := range []string{"skip", "include"} {
		if c.IntN(14) > 0 {
			continue
		}
		text += " @" + name + "(if: "
		if n := c.IntN(7); n < 6 {
			text += c.variable(fmt.Sprintf("c%d", n), ast.NonNullNamedType("Boolean", nil), "", false) + ")"
		} else {
			text += strconv.FormatBool(c.IntN(2) == 0) + ")"
		}
	}
	return text
}

// variable declares a variable once, and refers to it.
func (c *composer) variable(name string, of *ast.Type, argument string, preset bool) string {
	if !slices.ContainsFunc(c.variables, func(v variable) bool { return v.name == name }) {
		c.variables = append(c.variables, variable{name, of, preset, argument})
	}
	return "$" + name
}

// arguments writes those of a field.
func (c *composer) arguments(f *ast.FieldDefinition) string {
	var all []string
	for _, arg := range f.Arguments {
		if !(arg.Type.NonNull && arg.DefaultValue == nil) && c.IntN(4) > 0 {
			continue
		}
		all = append(all, arg.Name+": "+c.literal(c.given(arg.Type, arg.Name, true)))
	}
	if len(all) == 0 {
		return ""
	}
	return "(" + strings.Join(all, ", ") + ")"
}

// given is a value for an argument, an input's field or a variable: as encoding/json has it, but for words, numbers and references.
func (c *composer) given(of *ast.Type, argument string, references bool) any {
	if references && c.IntN(4) == 0 {
		name := fmt.Sprintf("v%d", len(c.variables))
		c.variable(name, of, argument, c.IntN(4) == 0)
		return reference(name)
	}
	if !of.NonNull && c.IntN(8) == 0 {
		return nil
	}
	if of.Elem != nil {
		if c.IntN(5) == 0 && of.Elem.NonNull { // one stands for a list
			return c.given(of.Elem, argument, references)
		}
		list := make([]any, c.IntN(4))
		for i := range list {
			list[i] = c.given(of.Elem, argument, references)
		}
		return list
	}
	def := c.schema.Types[of.NamedType]
	switch {
	case def.Kind == ast.InputObject:
		object := map[string]any{}
		for _, f := range def.Fields {
			if f.Type.NonNull && f.DefaultValue == nil || c.IntN(3) == 0 {
				object[f.Name] = c.given(f.Type, f.Name, references)
			}
		}
		return object
	case def.Kind == ast.Enum:
		return word(def.EnumValues[c.IntN(len(def.EnumValues))].Name)
	case def.Name == "Int":
		return json.Number(strconv.Itoa(pick(c.Rand, 0, 1, 2, 50, 1000, 1001, -1)))
	case def.Name == "Boolean":
		return c.IntN(2) == 0
	case def.Name == "ID":
		return c.id()
	case def.Name == "DateTime":
		return pick(c.Rand, "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.5+02:00", "2026-03-01T12:00:00-07:00", "yesterday")
	case def.Name == "Date":
		return pick(c.Rand, "2026-03-01", "1999-12-31", "2028-02-29", "2026-02-30")
	case def.Name == "Decimal":
		return pick[any](c.Rand, "12.50", "-0.0075", json.Number("7"), "1e9")
	case argument == "name" && references: // of __type
		return pick(c.Rand, "Call", "Account", "Query", "ApiKey", "Permission", "CreateFleetInput", "NoSuchType")
	}
	return pick(c.Rand, "x", "", "+15551234567", "say \"é\" \\ \n", "👋", "\u2028<&>")
}

// id is a global id: mostly of something.
func (c *composer) id() string {
	types := c.schema.PossibleTypes["Node"]
	name := types[c.IntN(len(types))].Name
	if len(c.asked) > 0 && c.IntN(3) > 0 {
		name = pick(c.Rand, c.asked...)
	}
	switch c.IntN(12) {
	case 0:
		return "no id"
	case 1:
		return relay.GlobalID("Money", "1")
	}
	c.asked = append(c.asked, name)
	return relay.GlobalID(name, pick(c.Rand, "1", "CA2", "US3"))
}

// literal writes a value as GraphQL has it.
func (c *composer) literal(value any) string {
	switch value := value.(type) {
	case word:
		return string(value)
	case reference:
		return "$" + string(value)
	case []any:
		all := make([]string, len(value))
		for i, v := range value {
			all[i] = c.literal(v)
		}
		return "[" + strings.Join(all, ", ") + "]"
	case map[string]any:
		var all []string
		for name, v := range value {
			all = append(all, name+": "+c.literal(v))
		}
		slices.Sort(all)
		c.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return "{" + strings.Join(all, ", ") + "}"
	}
	text, _ := json.Marshal(value) // strings, numbers, booleans and null are written as in JSON
	return string(text)
}

// values are those of the operation's variables in one trial; once in a while one that is none of its type.
func (c *composer) values(op operation) map[string]any {
	all := map[string]any{}
	for _, v := range op.variables {
		if v.optional && c.IntN(4) == 0 {
			continue
		}
		if all[v.name] = c.given(v.of, v.argument, false); c.IntN(200) == 0 {
			all[v.name] = pick[any](c.Rand, nil, []any{}, json.Number("1e99"), map[string]any{"x": 1})
		}
	}
	return all
}
