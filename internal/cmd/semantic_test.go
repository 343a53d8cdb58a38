package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// mayBeAbsent are the fields with a guard of their own where null can also mean that there is nothing: they are without
// @semanticNonNull.
var mayBeAbsent = map[string]string{
	"Alert.requestUrl":       "an alert may be about no webhook",
	"Alert.requestVariables": "a webhook may have been sent nothing",
	"Alert.requestHeaders":   "a webhook may have been sent nothing",
	"Alert.responseHeaders":  "a webhook may have answered nothing",
	"Alert.responseBody":     "a webhook may have answered nothing",
	"Call.price":             "a call's price is known later than the call",
	"Message.price":          "a message's price is known later than the message",
	"Sim.dataTotalBilled":    "what a SIM's data costs is known when it is billed",
}

// TestSemanticNonNull: a field that is null for a guard's sake says so, or stands in mayBeAbsent.
func TestSemanticNonNull(t *testing.T) {
	s := load(t, sdl(t))
	guarded := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		def := s.Types[name]
		if def.Kind != ast.Object || def.BuiltIn {
			continue
		}
		for _, f := range def.Fields {
			coordinate := name + "." + f.Name
			if f.Type.NonNull || strings.HasPrefix(f.Name, "__") || !hasGuard(s, def, f) {
				continue
			}
			guarded[coordinate] = true
			if says, absent := f.Directives.ForName("semanticNonNull") != nil, mayBeAbsent[coordinate] != ""; says == absent {
				t.Errorf("%s is guarded: it has @semanticNonNull %v, and is listed as one that may be absent %v", coordinate, says, absent)
			}
		}
	}
	for coordinate := range mayBeAbsent {
		if !guarded[coordinate] {
			t.Errorf("%s is no nullable field with a guard", coordinate)
		}
	}
}

// hasGuard says whether someone who may see the object may be denied the field.
func hasGuard(s *ast.Schema, def *ast.Definition, f *ast.FieldDefinition) bool {
	of, object := fieldDemand(s, def.Name, f.Name), demand{}
	if returned := s.Types[f.Type.Name()]; returned.Kind == ast.Object {
		object = objectDemand(s, returned.Name)
	}
	return of != objectDemand(s, def.Name) || object.kind == holder && object != of
}

// promised says whether a field's value at a level is null only with an error.
func promised(f *ast.FieldDefinition, level int) bool {
	d := f.Directives.ForName("semanticNonNull")
	if d == nil {
		return false
	}
	a := d.Arguments.ForName("levels")
	if a == nil {
		return level == 0
	}
	return slices.ContainsFunc(a.Value.Children, func(c *ast.ChildValue) bool { return c.Value.Raw == strconv.Itoa(level) })
}

// TestSemanticNonNullIsKept asks every caller for every field with @semanticNonNull, in a hundred objects of its type:
// where it is null there is an error.
func TestSemanticNonNullIsKept(t *testing.T) {
	t.Parallel()
	s := load(t, sdl(t))
	p := startDemo(t)
	k := &keeper{t: t, s: s, asked: map[string]bool{}}
	ids := nodeIDs(t, p.as(owner), s)
	for object, way := range routes(s, 100) {
		ways := []route{way}
		if id := ids[object]; id != "" {
			ways = append(ways, nodeRoute(s, "node", object, id), nodeRoute(s, "nodes", object, id))
		}
		leaves := k.leaves(s.Types[object], ids)
		for _, caller := range callers() {
			c := p.guest()
			if caller != guest {
				c = p.as(caller)
			}
			for _, r := range ways {
				if leaves != "" {
					k.check(s.Query, c.do(r.open+leaves+r.close, nil))
				}
			}
		}
	}
	bare := databases()[0].startBare(t)
	for _, m := range s.Mutation.Fields {
		k.asked["Mutation."+m.Name] = true
		in := bare.newTenant()
		who, other := in.signIn(owner), in.signIn(owner)
		try := lessonOf(t, m.Name).attempt(t, in, who)
		if try.ask == nil {
			try.ask = func(query string) answer { return who.do(query, nil) }
		}
		selected := " { __typename " + k.leaves(s.Types[m.Type.Name()], nil) + " }"
		k.check(s.Mutation, other.do("mutation { "+m.Name+lessonOf(t, m.Name).harmless+selected+" }", nil))
		for range 2 { // as nothing more may be said of what was done before
			k.check(s.Mutation, try.ask("mutation { "+m.Name+try.input+selected+" }"))
		}
	}
	for name, def := range s.Types {
		for _, f := range def.Fields {
			if coordinate := name + "." + f.Name; f.Directives.ForName("semanticNonNull") != nil && !k.asked[coordinate] && name != "Subscription" {
				t.Errorf("%s is not asked for", coordinate)
			}
		}
	}
	t.Logf("%d fields: %d values, %d nulls, each with an error", len(k.asked), k.values, k.nulls)
	if k.values == 0 || k.nulls == 0 {
		t.Error("it was not tried")
	}
}

// keeper holds answers to what @semanticNonNull says of their fields. Nothing in them has an alias.
type keeper struct {
	t             *testing.T
	s             *ast.Schema
	asked         map[string]bool
	values, nulls int
}

// leaves selects every field of an object that makes a promise.
func (k *keeper) leaves(def *ast.Definition, ids map[string]string) string {
	var all []string
	for _, f := range def.Fields {
		if f.Directives.ForName("semanticNonNull") == nil {
			continue
		}
		k.asked[def.Name+"."+f.Name] = true
		arguments := page(f, 1)
		if byID := byIDs[f.Name]; byID != nil && def == k.s.Query {
			arguments = byID(ids["ApiKey"])
		}
		all = append(all, f.Name+arguments+" { __typename }")
	}
	return strings.Join(all, " ")
}

// check looks through a whole answer.
func (k *keeper) check(root *ast.Definition, a answer) {
	k.t.Helper()
	explained := map[string]bool{}
	for _, e := range a.errors {
		explained[fmt.Sprint(e.Path)] = true
	}
	if a.data != nil {
		k.object(root, a.data, nil, explained)
	}
}

func (k *keeper) object(def *ast.Definition, object map[string]any, path []any, explained map[string]bool) {
	if name, is := object["__typename"].(string); is {
		def = k.s.Types[name]
	}
	for name, value := range object {
		if f := def.Fields.ForName(name); f != nil {
			k.value(f, 0, value, append(slices.Clone(path), name), explained)
		}
	}
}

func (k *keeper) value(f *ast.FieldDefinition, level int, value any, path []any, explained map[string]bool) {
	switch value := value.(type) {
	case nil:
		if promised(f, level) {
			k.nulls++
			if !explained[fmt.Sprint(path)] {
				k.t.Errorf("%v is null, and no error says why", path)
			}
		}
		return
	case []any:
		for i, element := range value {
			k.value(f, level+1, element, append(slices.Clone(path), i), explained)
		}
	case map[string]any:
		k.object(k.s.Types[f.Type.Name()], value, path, explained)
	}
	if promised(f, level) {
		k.values++
	}
}
