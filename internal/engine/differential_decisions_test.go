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

// judge is an oracle of the gateway's own schema, for one case.
type judge struct {
	*oracle
	stray  bool     // see trial
	masked []string // the coordinates that it saw masked
}

// judge holds an answer to the schema's directives and the matrix, which it reads by itself, and says what is wrong with it:
// a value that is denied or not masked, or a call for it; a denial that is not told, and one of what is open.
func (w *world) judge(a asking, h *happening) string {
	given := map[string]any{}
	decode(a.vars, &given)
	vars, err := validator.VariableValues(w.schema, a.op.asked(), given)
	if err != nil {
		if len(h.Calls) > 0 || strings.Contains(h.Body, `"data"`) {
			return "it ran, with variables of other types"
		}
		return ""
	}
	j := &judge{stray: a.trial.stray, oracle: &oracle{
		schema: w.schema, doc: a.op.doc, vars: vars, signedIn: a.who.signedIn, typeOf: typeOf,
		holds: func(permission, action string) bool { return a.who.holds[permission+" "+action] },
	}}
	root := map[ast.Operation]*ast.Definition{
		ast.Query: w.schema.Query, ast.Mutation: w.schema.Mutation, ast.Subscription: w.schema.Subscription,
	}[a.op.kind()]
	if a.op.kind() == ast.Mutation {
		for _, f := range j.collect(root, a.op.asked().SelectionSet) {
			if j.refused(root, f[0], f[0].Alias) && (len(h.Calls)+len(h.Changes) > 0 || strings.Contains(h.Body, `"data"`)) {
				return "a mutation ran, of which a part is denied: " + f[0].Alias
			}
		}
	}
	for _, c := range h.Calls {
		if object, field, _ := strings.Cut(c.Coordinate, "."); !j.mayRead(object, field) {
			return "a resolver was called for " + c.Coordinate
		}
	}
	for _, body := range answersIn(h) {
		if wrong := j.answer(a, root, body); wrong != "" {
			return wrong
		}
	}
	return ""
}

// answer says what is wrong with one answer.
func (j *judge) answer(a asking, root *ast.Definition, body string) string {
	type listed struct{ Coordinate string }
	var got struct {
		answer
		Data       map[string]any
		Extensions struct{ Denied, Masked []listed }
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		return fmt.Sprintf("no JSON: %v", err)
	}
	for _, e := range got.Errors {
		if coordinate, is := e.Extensions["coordinate"].(string); is {
			got.Extensions.Denied = append(got.Extensions.Denied, listed{coordinate})
		}
	}
	for _, d := range got.Extensions.Denied {
		if wrong := j.opens(d.Coordinate); wrong != "" && !j.stray { // nothing was decided of the arguments of a type that was not asked for
			return wrong
		}
	}
	if got.Data == nil {
		return ""
	}
	j.denied, j.masked = nil, nil
	if wrong := j.stands(root, []ast.SelectionSet{a.op.asked().SelectionSet}, got.Data, ""); wrong != "" {
		return wrong
	}
	each := got.denied()
	for _, d := range j.denied {
		coordinate := listed{d[strings.LastIndex(d, " ")+1:]}
		if !slices.Contains(got.Extensions.Denied, coordinate) || a.each() && !slices.Contains(each, d) {
			return "not told of: " + d
		}
	}
	for _, coordinate := range j.masked {
		if !slices.Contains(got.Extensions.Masked, listed{coordinate}) {
			return "not told that it is masked: " + coordinate
		}
	}
	return ""
}

// each says whether each denial has its error.
func (a asking) each() bool { return a.denials == "each" || a.denials == "" }

// decode is a value as it comes in a request.
func decode(from, to any) {
	text, _ := json.Marshal(from)
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	_ = d.Decode(to)
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
func (j *judge) opens(coordinate string) string {
	name, arg, _ := strings.Cut(strings.TrimSuffix(coordinate, ":)"), "(")
	object, field, _ := strings.Cut(name, ".")
	def := j.schema.Types[object]
	open := false
	switch {
	case def == nil:
		return "denied, and unknown: " + coordinate
	case field == "":
		open = j.allows(def.Directives)
	case arg != "":
		open = j.mayPass(def.Fields.ForName(field).Arguments.ForName(arg).Directives)
	case def.Kind == ast.InputObject:
		open = j.mayPass(def.Fields.ForName(field).Directives)
	default:
		open = j.mayRead(object, field)
	}
	if open {
		return "denied, and open: " + coordinate
	}
	return ""
}

// stands says what is wrong with an object of the data. Denials that are met are noted, as the oracle does.
func (j *judge) stands(def *ast.Definition, sets []ast.SelectionSet, v any, path string) string {
	if v == nil {
		return ""
	}
	if !j.allows(def.Directives) {
		return fmt.Sprintf("%s is a %s", path, def.Name)
	}
	object, _ := v.(map[string]any)
	groups := j.collect(def, sets...)
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
		case j.refused(def, f, at):
			if value != nil {
				return at + " is denied"
			}
		default:
			if wrong := j.holdsUp(f.Definition.Type, def, group, value, at, j.idsOf(f)); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

// holdsUp is stands for the value of a field, or of one element of it; ids are those that it was asked by.
func (j *judge) holdsUp(t *ast.Type, def *ast.Definition, group []*ast.Field, value any, path string, ids []string) string {
	if t.Elem != nil {
		list, _ := value.([]any)
		for i, element := range list {
			if wrong := j.holdsUp(t.Elem, def, group, element, fmt.Sprintf("%s.%d", path, i), ids[min(i, len(ids)):]); wrong != "" {
				return wrong
			}
		}
		return ""
	}
	of := j.schema.Types[t.Name()]
	if len(ids) > 0 && !(j.stray && value != nil) {
		if of = j.schema.Types[typeOf(ids[0])]; of == nil {
			return ""
		}
		if value == nil && !j.allows(of.Directives) {
			j.deny(path, of.Name)
		}
	}
	var sets []ast.SelectionSet
	for _, f := range group {
		sets = append(sets, f.SelectionSet)
	}
	switch text, _ := value.(string); {
	case of.Kind == ast.Object:
		return j.stands(of, sets, value, path)
	case of.IsAbstractType(): // it is of one of the types; what is to be told depends on which
		denied, masked := j.denied, j.masked
		defer func() { j.denied, j.masked = denied, masked }()
		for _, one := range j.schema.PossibleTypes[of.Name] {
			if j.stands(one, sets, value, path) == "" {
				return ""
			}
		}
		return path + " is denied"
	case text != "" && j.masks(def.Name, group[0].Name):
		if !strings.Contains(text, "•") { // of each text that maker has for these something is hidden
			return path + " is not masked"
		}
		j.masked = append(j.masked, def.Name+"."+group[0].Name)
	}
	return ""
}

// idsOf are the ids that a field of Query is given.
func (j *judge) idsOf(f *ast.Field) []string {
	var ids []string
	for _, name := range []string{"id", "ids"} {
		if arg := f.Arguments.ForName(name); arg != nil && (f.Name == "node" || f.Name == "nodes") {
			given, _ := j.value(arg.Value)
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
