package cmd

import (
	"encoding/csv"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// What a caller must see is worked out here from the schema's files and the matrix's
// file alone, by other code than the program's: a test that asked the program what it
// ought to do would always pass.

// columns are the roles, by the demo user who holds each, as the matrix has its columns.
var columns = []string{owner, administrator, developer, billing, support}

// guest is the caller who has not signed in.
const guest = "guest"

// callers are all who ask.
func callers() []string { return append(slices.Clone(columns), guest) }

// table is a matrix as this test reads it: cells by permission and caller.
type table struct {
	header  []string
	records [][]string
	known   sync.Map // what holds has said, which is asked millions of times
}

func published(t testing.TB) *table {
	t.Helper()
	text, err := os.ReadFile("../../auth/policy/matrix.csv")
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return &table{header: records[0], records: records[1:]}
}

// row is the record of a permission.
func (m *table) row(permission string) []string {
	for _, r := range m.records {
		if r[0] == permission {
			return r
		}
	}
	return nil
}

func (m *table) permissions() []string {
	var names []string
	for _, r := range m.records {
		names = append(names, r[0])
	}
	return names
}

const firstRole = 3 // the column of the first role

// holds says whether a caller's role has a permission, be it through another one.
func (m *table) holds(caller, permission string) bool {
	column := slices.Index(columns, caller)
	if column < 0 {
		return false
	}
	cell := step{object: caller, field: permission}
	if said, ok := m.known.Load(cell); ok {
		return said.(bool)
	}
	held := m.reaches(firstRole+column, permission, map[string]bool{})
	m.known.Store(cell, held)
	return held
}

func (m *table) reaches(column int, permission string, seen map[string]bool) bool {
	if seen[permission] {
		return false
	}
	seen[permission] = true
	if r := m.row(permission); r != nil && r[column] == "x" {
		return true
	}
	for _, r := range m.records {
		if slices.Contains(strings.Split(r[2], ";"), permission) && m.reaches(column, r[0], seen) {
			return true
		}
	}
	return false
}

// with is the matrix with another cell.
func (m *table) with(permission, caller, cell string) *table {
	changed := &table{header: m.header, records: make([][]string, len(m.records))}
	for i, r := range m.records {
		changed.records[i] = slices.Clone(r)
		if r[0] == permission {
			changed.records[i][firstRole+slices.Index(columns, caller)] = cell
		}
	}
	return changed
}

// flipped is the matrix with one cell turned over.
func (m *table) flipped(permission, caller string) *table {
	if m.row(permission)[firstRole+slices.Index(columns, caller)] == "x" {
		return m.with(permission, caller, "")
	}
	return m.with(permission, caller, "x")
}

// file writes the matrix for the program to read.
func (m *table) file(t testing.TB) string {
	t.Helper()
	var text strings.Builder
	w := csv.NewWriter(&text)
	if err := w.WriteAll(append([][]string{m.header}, m.records...)); err != nil {
		t.Fatal(err)
	}
	return file(t, "matrix.csv", text.String())
}

// sdl is the schema's files, parsed. It is parsed anew each time, so that a test may change it.
func sdl(t testing.TB) *ast.SchemaDocument {
	t.Helper()
	names, err := filepath.Glob("../../schema/*.graphqls")
	if err != nil || len(names) == 0 {
		t.Fatal("no schema files", err)
	}
	var sources []*ast.Source
	for _, name := range append([]string{"../../schema.graphqls"}, names...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	doc, err := parser.ParseSchemas(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// load makes a schema of parsed files.
func load(t testing.TB, doc *ast.SchemaDocument) *ast.Schema {
	t.Helper()
	whole, err := parser.ParseSchema(validator.Prelude)
	if err != nil {
		t.Fatal(err)
	}
	whole.Merge(doc)
	schema, err := validator.ValidateSchemaDocument(whole)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// demand is what one rule asks of a caller. The zero value is met by nobody.
type demand struct{ kind, permission, action string }

const (
	anyone = "anyone"
	member = "member"
	holder = "holder"
)

// written is the rule that directives write down, if one of them does.
func ruleOf(list ast.DirectiveList) (demand, bool) {
	for _, d := range list {
		switch d.Name {
		case "public":
			return demand{kind: anyone}, true
		case "signedIn":
			return demand{kind: member}, true
		case "hasPermission":
			return demand{holder, given(d, "permission"), given(d, "action")}, true
		}
	}
	return demand{}, false
}

// given is an argument of a directive, or its default.
func given(d *ast.Directive, name string) string {
	if a := d.Arguments.ForName(name); a != nil {
		return a.Value.Raw
	}
	if a := d.Definition.Arguments.ForName(name); a != nil && a.DefaultValue != nil {
		return a.DefaultValue.Raw
	}
	return ""
}

// objectDemand is the rule of an object type.
func objectDemand(s *ast.Schema, name string) demand {
	rule, _ := ruleOf(s.Types[name].Directives)
	return rule
}

// fieldDemand is the rule of a field: its own, or its object's.
func fieldDemand(s *ast.Schema, object, field string) demand {
	if rule, ok := ruleOf(s.Types[object].Fields.ForName(field).Directives); ok {
		return rule
	}
	return objectDemand(s, object)
}

// step is one place that a route passes: a field, an argument of one, or an object alone.
type step struct{ object, field, argument string }

// String is the step's coordinate, as denials name it.
func (s step) String() string {
	switch {
	case s.field == "":
		return s.object
	case s.argument == "":
		return s.object + "." + s.field
	}
	return s.object + "." + s.field + "(" + s.argument + ":)"
}

// demands is all that a caller must meet to take a step.
func demands(s *ast.Schema, at step) []demand {
	if at.field == "" {
		return []demand{objectDemand(s, at.object)}
	}
	field := s.Types[at.object].Fields.ForName(at.field)
	if at.argument == "" {
		all := []demand{fieldDemand(s, at.object, at.field)}
		if returned := s.Types[field.Type.Name()]; returned.Kind == ast.Object {
			all = append(all, objectDemand(s, returned.Name))
		}
		return all
	}
	argument := field.Arguments.ForName(at.argument)
	all := []demand{{kind: anyone}}
	if rule, ok := ruleOf(argument.Directives); ok {
		all = append(all, rule)
	}
	if filters := argument.Directives.ForName("filters"); filters != nil {
		object, name, _ := strings.Cut(given(filters, "field"), ".")
		all = append(all, fieldDemand(s, object, name), objectDemand(s, object))
		if maskOf(s, object, name) != "" {
			all = append(all, demand{holder, "PERSONAL_DATA", "READ"})
		}
	}
	return all
}

// met says whether a caller meets a demand. Built-in roles hold every action of a row.
func met(m *table, caller string, d demand) bool {
	switch d.kind {
	case anyone:
		return true
	case member:
		return caller != guest
	case holder:
		return m.holds(caller, d.permission)
	}
	return false
}

// maskOf is how a field is masked, "" when it is not.
func maskOf(s *ast.Schema, object, field string) string {
	if d := s.Types[object].Fields.ForName(field).Directives.ForName("personalData"); d != nil {
		return given(d, "mask")
	}
	return ""
}

// masked is a text as someone sees it who may not see it.
func masked(mask, text string) string {
	const dots = "••••"
	runes := []rune(text)
	switch {
	case text == "":
		return ""
	case mask == "EMAIL" && strings.Index(text, "@") > 0:
		return string(runes[0]) + "•••" + text[strings.LastIndex(text, "@"):]
	case mask == "LAST4" && len(runes) > 8:
		shown := []rune(strings.Repeat("•", len(runes)))
		copy(shown[len(runes)-4:], runes[len(runes)-4:])
		if runes[0] == '+' {
			shown[0] = '+'
			if strings.ContainsRune("0123456789", runes[1]) {
				shown[1] = runes[1]
			}
		}
		return string(shown)
	}
	if u, err := url.Parse(text); mask == "URL" && err == nil && u.Host != "" {
		return maskedURL(u)
	}
	return dots
}

// maskedURL is a URL of the demo's kind: no names or segments of a form that is hidden itself.
func maskedURL(u *url.URL) string {
	shown := u.Scheme + "://"
	if u.User != nil {
		shown += "••••@"
	}
	shown += u.Host + u.Path
	before := "?"
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		if name, _, named := strings.Cut(pair, "="); named {
			shown += before + name + "=••••"
			before = "&"
		}
	}
	return shown
}
