package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// probe asks for one coordinate of the schema by one route.
type probe struct {
	name  string
	steps []step // what the caller must pass, in this order
	group string // probes of one group may be asked in one operation
	open  string // the operation up to the selection
	leaf  string // what is selected
	close string
	names []string // the way through the answer, lists left out
	path  []any    // the same as an error's path has it, in the first element of each list
	mask  string   // how the value is masked for who may not see it
	byID  bool     // whether the route is node(id:) or nodes(ids:)
	tells []string // what is logged, as the gateways tell each other, for a subscription to have an event
}

func (p probe) mutates() bool { return strings.HasPrefix(p.open, "mutation") }

func (p probe) streams() bool { return strings.HasPrefix(p.open, "subscription") }

// last is the coordinate that the probe is about.
func (p probe) last() step { return p.steps[len(p.steps)-1] }

// route is a way from the root to an object.
type route struct {
	steps       []step
	open, close string
	names       []string
	path        []any
}

// through goes on by a field, whose value is then selected from.
func (r route) through(object string, f *ast.FieldDefinition, arguments string) route {
	next := route{
		steps: append(slices.Clone(r.steps), step{object: object, field: f.Name}),
		open:  r.open + f.Name + arguments + " { ", close: " }" + r.close,
		names: append(slices.Clone(r.names), f.Name),
		path:  append(slices.Clone(r.path), f.Name),
	}
	if f.Type.Elem != nil {
		next.path = append(next.path, 0)
	}
	return next
}

// page is the arguments of a list.
func page(f *ast.FieldDefinition, first int) string {
	if f.Arguments.ForName("first") == nil {
		return ""
	}
	return fmt.Sprintf("(first: %d)", first)
}

// needsArguments says whether a field cannot be asked for without arguments.
func needsArguments(f *ast.FieldDefinition) bool {
	return slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool {
		return a.Type.NonNull && a.DefaultValue == nil
	})
}

// routes finds the shortest way from Query to each object type, breadth first. Lists are asked for this many elements.
func routes(s *ast.Schema, first int) map[string]route {
	found := map[string]route{s.Query.Name: {open: "{ ", close: " }"}}
	queue := []string{s.Query.Name}
	for len(queue) > 0 {
		object := queue[0]
		queue = queue[1:]
		for _, f := range s.Types[object].Fields {
			returned := s.Types[f.Type.Name()]
			if _, known := found[returned.Name]; known || returned.Kind != ast.Object || needsArguments(f) ||
				strings.HasPrefix(f.Name, "__") {
				continue
			}
			found[returned.Name] = found[object].through(object, f, page(f, first))
			queue = append(queue, returned.Name)
		}
	}
	return found
}

// nodeTypes are the object types that node(id:) may return, by name.
func nodeTypes(s *ast.Schema) []string {
	var names []string
	for _, def := range s.PossibleTypes["Node"] {
		if def.Kind == ast.Object {
			names = append(names, def.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// nodeRoute is the way to an object by its id, by the field node or nodes.
func nodeRoute(s *ast.Schema, field, object, id string) route {
	root := route{open: "{ ", close: " }"}
	r := root.through(s.Query.Name, s.Query.Fields.ForName(field), byIDs[field](id))
	r.steps = append(r.steps, step{object: object})
	r.open += "... on " + object + " { "
	r.close = " }" + r.close
	return r
}

// byIDs are the arguments of the fields that find objects by their ids.
var byIDs = map[string]func(id string) string{
	"node":  func(id string) string { return fmt.Sprintf("(id: %q)", id) },
	"nodes": func(id string) string { return fmt.Sprintf("(ids: [%q])", id) },
}

// sampleLength is how much is asked for of lists whose elements are personal data: enough to see values of every kind.
const sampleLength = 100

// probes asks for every field of every object type, by the shortest way and by
// node(id:) and nodes(ids:) where it is one, for every guarded argument, for what every subscription
// tells of, and for every mutation with an input that changes nothing. ids has an id of each type that is a Node.
func probes(t testing.TB, s *ast.Schema, ids map[string]string) []probe {
	t.Helper()
	var all []probe
	one, many := routes(s, 1), routes(s, sampleLength)
	for _, object := range slices.Sorted(maps.Keys(one)) {
		all = append(all, probesOf(t, s, object, one[object], many[object], ids)...)
	}
	for _, object := range nodeTypes(s) {
		for _, field := range []string{"node", "nodes"} {
			r := nodeRoute(s, field, object, ids[object])
			for _, p := range probesOf(t, s, object, r, r, ids) {
				p.byID = true
				all = append(all, p)
			}
		}
	}
	all = append(all, streamProbes(t, s, ids)...)
	return append(all, mutationProbes(t, s)...)
}

// probesOf asks for every field of an object, and for its guarded arguments. many is
// the route for what must be seen in several values.
func probesOf(t testing.TB, s *ast.Schema, object string, r, many route, ids map[string]string) []probe {
	t.Helper()
	var all []probe
	for _, f := range s.Types[object].Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		arguments := page(f, 1)
		if byID := byIDs[f.Name]; byID != nil && object == s.Query.Name {
			arguments = byID(ids["Account"])
		} else if needsArguments(f) {
			t.Fatalf("%s.%s needs arguments: teach this test which", object, f.Name)
		}
		p := leaf(s, r, object, f, arguments)
		if p.mask = maskOf(s, object, f.Name); p.mask != "" {
			p = leaf(s, many, object, f, arguments)
			p.mask = maskOf(s, object, f.Name)
		}
		all = append(all, p)
		for _, a := range f.Arguments {
			if a.Directives.ForName("filters") == nil && a.Directives.ForName("hasPermission") == nil {
				continue
			}
			guarded := leaf(s, r, object, f, and(arguments, a.Name+": "+literal(t, s, a.Type)))
			guarded.steps = append(guarded.steps, step{object, f.Name, a.Name})
			guarded.name = guarded.last().String() + " by " + r.open
			key := f.Name + "_" + a.Name // an alias, so that one operation can use several arguments of one field
			guarded.leaf = key + ": " + guarded.leaf
			guarded.names[len(guarded.names)-1], guarded.path[len(guarded.path)-1] = key, key
			guarded.group += "arguments"
			all = append(all, guarded)
		}
	}
	return all
}

// streamProbes asks for each subscription, with each of its guarded arguments, and for every field of each type that
// its events may have.
func streamProbes(t testing.TB, s *ast.Schema, ids map[string]string) []probe {
	t.Helper()
	var all []probe
	root := route{open: "subscription { ", close: " }"}
	for _, f := range s.Subscription.Fields {
		told := map[string]string{} // by type
		for _, def := range s.PossibleTypes[f.Type.Name()] {
			_, sid, _ := strings.Cut(decodeID(t, ids[def.Name]), ":")
			told[def.Name] = strings.ToUpper(def.Name) + " " + sid
		}
		for _, p := range probesOf(t, s, s.Subscription.Name, root, root, ids) {
			if p.last().field == f.Name {
				p.group = p.name // an operation subscribes once
				p.tells = slices.Sorted(maps.Values(told))
				all = append(all, p)
			}
		}
		for _, object := range slices.Sorted(maps.Keys(told)) {
			r := root.through(s.Subscription.Name, f, "")
			r.steps = append(r.steps, step{object: object})
			r.open += "... on " + object + " { "
			r.close = " }" + r.close
			for _, p := range probesOf(t, s, object, r, r, ids) {
				p.tells = []string{told[object]}
				all = append(all, p)
			}
		}
	}
	return all
}

// and adds an argument to others.
func and(arguments, more string) string {
	if arguments == "" {
		return "(" + more + ")"
	}
	return strings.TrimSuffix(arguments, ")") + ", " + more + ")"
}

// leaf asks for one field at the end of a route.
func leaf(s *ast.Schema, r route, object string, f *ast.FieldDefinition, arguments string) probe {
	p := probe{
		steps: append(slices.Clone(r.steps), step{object: object, field: f.Name}),
		group: r.open, open: r.open, close: r.close,
		leaf:  f.Name + arguments,
		names: append(slices.Clone(r.names), f.Name),
		path:  append(slices.Clone(r.path), f.Name),
	}
	if s.Types[f.Type.Name()].IsCompositeType() {
		p.leaf += " { __typename }"
	}
	p.name = p.last().String() + " by " + r.open
	return p
}

// literal is some value of a type, as an operation writes it.
func literal(t testing.TB, s *ast.Schema, of *ast.Type) string {
	t.Helper()
	switch def := s.Types[of.Name()]; {
	case def.Kind == ast.Enum:
		return def.EnumValues[0].Name
	case def.Name == "DateTime":
		return `"2020-01-01T00:00:00Z"`
	case def.Name == "Date":
		return `"2020-01-01"`
	case def.Name == "Boolean":
		return "true"
	case def.Name == "String" || def.Name == "ID":
		return `"x"`
	}
	t.Fatalf("no literal of the type %s: teach this test one", of)
	return ""
}

// mutationProbes calls each mutation for each field of its payload.
func mutationProbes(t testing.TB, s *ast.Schema) []probe {
	t.Helper()
	var all, final []probe
	for _, m := range s.Mutation.Fields {
		input := lessonOf(t, m.Name).harmless
		payload := m.Type.Name()
		r := route{open: "mutation { ", close: " }"}.through(s.Mutation.Name, m, input)
		for _, f := range s.Types[payload].Fields {
			if p := leaf(s, r, payload, f, ""); m.Name == "signOut" {
				final = append(final, p)
			} else {
				all = append(all, p)
			}
		}
	}
	return append(all, final...)
}
