package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

// judge holds an answer to the schema's directives and the matrix, which it reads by itself, and says what is wrong with it:
// a value that is denied, or a call for it; a denial that is not told, and one of what is allowed.
func (w *world) judge(a asking, h *happening) string {
	given := map[string]any{}
	decode(a.vars, &given)
	vars, err := validator.VariableValues(w.schema, a.op.asked(), given)
	if err != nil {
		return "" // such a request is refused: both executors have said how
	}
	o := &oracle{
		schema: w.schema, doc: a.op.doc, vars: vars, signedIn: a.who.signedIn, typeOf: typeOf, denied: []string{},
		holds: func(permission, action string) bool { return a.who.holds[permission+" "+action] },
	}
	root := map[ast.Operation]*ast.Definition{
		ast.Query: w.schema.Query, ast.Mutation: w.schema.Mutation, ast.Subscription: w.schema.Subscription,
	}[a.op.kind()]
	for _, c := range h.Calls {
		if object, field, _ := strings.Cut(c.Coordinate, "."); !o.mayRead(object, field) {
			return "a resolver was called for " + c.Coordinate
		}
	}
	for _, body := range answersIn(h) {
		var got struct {
			answer
			Data map[string]any
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			return fmt.Sprintf("no JSON: %v", err)
		}
		for _, d := range got.denied() {
			if _, coordinate, _ := strings.Cut(d, " "); strings.Contains(coordinate, ".") || !strings.HasSuffix(coordinate, "<nil>") {
				if wrong := o.opens(coordinate[strings.LastIndex(coordinate, " ")+1:]); wrong != "" {
					return wrong
				}
			}
		}
		if wrong := o.stands(root, []ast.SelectionSet{a.op.asked().SelectionSet}, anyOf(got.Data), ""); wrong != "" {
			return wrong
		}
		if got.Data == nil {
			continue
		}
		if a.denials == "each" || a.denials == "" {
			for _, d := range o.denied {
				if !slices.Contains(got.denied(), d) {
					return "not told of: " + d
				}
			}
		}
	}
	if a.op.kind() == ast.Mutation {
		for _, f := range o.collect(root, a.op.asked().SelectionSet) {
			if o.refused(root, f[0], f[0].Alias) && (len(h.Calls)+len(h.Changes) > 0 || strings.Contains(h.Body, `"data"`)) {
				return "a mutation ran, of which a part is denied: " + f[0].Alias
			}
		}
	}
	return ""
}

// decode is a value as it comes in a request.
func decode(from, to any) {
	text, _ := json.Marshal(from)
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	_ = d.Decode(to)
}

func anyOf(data map[string]any) any {
	if data == nil {
		return nil
	}
	return data
}

// answersIn are the answers of which a body consists.
func answersIn(h *happening) []string {
	if !strings.HasPrefix(h.Header["Content-Type"][0], "text/event-stream") {
		return []string{h.Body}
	}
	var all []string
	for line := range strings.Lines(h.Body) {
		if data, is := strings.CutPrefix(strings.TrimSpace(line), "data: "); is && data != "" {
			all = append(all, data)
		}
	}
	return all
}

// opens says what is wrong with a denial of the coordinate, which is that the caller passes its rules.
func (o *oracle) opens(coordinate string) string {
	name, arg, _ := strings.Cut(strings.TrimSuffix(coordinate, ":)"), "(")
	object, field, _ := strings.Cut(name, ".")
	def := o.schema.Types[object]
	open := false
	switch {
	case def == nil:
		return "denied, and unknown: " + coordinate
	case field == "":
		open = o.allows(def.Directives)
	case arg != "":
		open = o.mayPass(def.Fields.ForName(field).Arguments.ForName(arg).Directives)
	case def.Kind == ast.InputObject:
		open = o.mayPass(def.Fields.ForName(field).Directives)
	default:
		open = o.mayRead(object, field)
	}
	if open {
		return "denied, and open: " + coordinate
	}
	return ""
}

// stands says what is wrong with an object of the data. Denials that are met are noted, as the oracle does.
func (o *oracle) stands(def *ast.Definition, sets []ast.SelectionSet, v any, path string) string {
	if v == nil {
		return ""
	}
	if !o.allows(def.Directives) {
		return fmt.Sprintf("%s is a %s", path, def.Name)
	}
	object, _ := v.(map[string]any)
	groups := o.collect(def, sets...)
	if len(groups) != len(object) {
		return fmt.Sprintf("%s has %d fields of %d", path, len(object), len(groups))
	}
	for _, group := range groups {
		f, at := group[0], strings.TrimPrefix(path+"."+group[0].Alias, ".")
		value, there := object[f.Alias]
		switch {
		case !there:
			return at + " is missing"
		case strings.HasPrefix(f.Name, "__"):
			if f.Name == "__typename" && value != def.Name {
				return fmt.Sprintf("%s is %v", at, value)
			}
		case o.refused(def, f, at):
			if value != nil {
				return at + " is denied"
			}
		default:
			if wrong := o.holdsUp(f.Definition.Type, def, group, value, at, o.idsOf(f)); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

// holdsUp is stands for the value of a field, or of one element of it; ids are those that it was asked by.
func (o *oracle) holdsUp(t *ast.Type, def *ast.Definition, group []*ast.Field, value any, path string, ids []string) string {
	if t.Elem != nil {
		list, _ := value.([]any)
		for i, element := range list {
			if wrong := o.holdsUp(t.Elem, def, group, element, fmt.Sprintf("%s.%d", path, i), ids[min(i, len(ids)):]); wrong != "" {
				return wrong
			}
		}
		return ""
	}
	of := o.schema.Types[t.Name()]
	if len(ids) > 0 {
		if of = o.schema.Types[typeOf(ids[0])]; of == nil {
			return ""
		}
		if value == nil && !o.allows(of.Directives) {
			o.deny(path, of.Name)
		}
	}
	var sets []ast.SelectionSet
	for _, f := range group {
		sets = append(sets, f.SelectionSet)
	}
	switch text, _ := value.(string); {
	case of.Kind == ast.Object:
		return o.stands(of, sets, value, path)
	case of.Kind == ast.Union: // of a stream: all have the same rule
		for _, one := range o.schema.PossibleTypes[of.Name] {
			if o.stands(one, sets, value, path) == "" {
				return ""
			}
		}
		return path + " is denied"
	case text != "" && !strings.Contains(text, "•") && o.masks(def.Name, group[0].Name): // of each text that maker has for these something is hidden
		return path + " is not masked"
	}
	return ""
}

// idsOf are the ids that a field of Query is given.
func (o *oracle) idsOf(f *ast.Field) []string {
	var ids []string
	for _, name := range []string{"id", "ids"} {
		if arg := f.Arguments.ForName(name); arg != nil && (f.Name == "node" || f.Name == "nodes") {
			given, _ := o.value(arg.Value)
			list, isList := given.([]any)
			if !isList {
				list = []any{given}
			}
			for _, id := range list {
				text, _ := id.(string)
				ids = append(ids, text)
			}
		}
	}
	return ids
}
