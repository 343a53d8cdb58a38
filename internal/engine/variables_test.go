package engine

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/strictjson"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

// TestVariables: a variable of another type is BAD_USER_INPUT, and says where. Coercion
// by gqlparser comes first, as in a request.
func TestVariables(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphqls", Input: `
		scalar Any
		enum Color { RED GREEN }
		input Part { name: String, size: Int, colors: [Color!], parts: [Part!] }
		type Query {
			ask(text: String, int: Int, float: Float, yes: Boolean, id: ID, color: Color, any: Any, part: Part, texts: [String], grid: [[Int]]): String
		}`})
	for _, row := range []struct {
		name, declared, json string
		path                 []string // nil when all is well
	}{
		{name: "text", declared: "String", json: `"a"`},
		{name: "null", declared: "String", json: `null`},
		{name: "number for text", declared: "String", json: `5`, path: []string{"v"}},
		{name: "truth for text", declared: "String", json: `true`, path: []string{"v"}},
		{name: "int", declared: "Int", json: `5`},
		{name: "largest int", declared: "Int", json: `2147483647`},
		{name: "too large int", declared: "Int", json: `2147483648`, path: []string{"v"}},
		{name: "text for int", declared: "Int", json: `"5"`, path: []string{"v"}},
		{name: "float", declared: "Float", json: `1.5`},
		{name: "int for float", declared: "Float", json: `1`},
		{name: "text for float", declared: "Float", json: `"1.5"`, path: []string{"v"}},
		{name: "truth", declared: "Boolean", json: `true`},
		{name: "text for truth", declared: "Boolean", json: `"true"`, path: []string{"v"}},
		{name: "text for id", declared: "ID", json: `"a"`},
		{name: "int for id", declared: "ID", json: `7`},
		{name: "fraction for id", declared: "ID", json: `7.5`, path: []string{"v"}},
		{name: "enum", declared: "Color", json: `"RED"`},
		{name: "enum in another case", declared: "Color", json: `"red"`, path: []string{"v"}},
		{name: "custom scalar", declared: "Any", json: `"red"`},
		{name: "list", declared: "[String]", json: `["a", null]`},
		{name: "list of one", declared: "[String]", json: `"a"`},
		{name: "wrong element", declared: "[String]", json: `["a", 5]`, path: []string{"v", "1"}},
		{name: "list of lists", declared: "[[Int]]", json: `[[1], [2, 3]]`},
		{name: "input", declared: "Part", json: `{"name": "a", "size": 1, "colors": ["RED"], "parts": [{"size": 2}]}`},
		{name: "wrong member", declared: "Part", json: `{"name": 5}`, path: []string{"v", "name"}},
		{name: "deep within", declared: "Part", json: `{"parts": [{}, {"colors": ["GREEN", "green"]}]}`,
			path: []string{"v", "parts", "1", "colors", "1"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			value, err := strictjson.Decode([]byte(row.json), jsonDepth)
			if err != nil {
				t.Fatal(err)
			}
			op := &ast.OperationDefinition{VariableDefinitions: ast.VariableDefinitionList{{
				Variable: "v", Type: typeOf(t, row.declared), Definition: schema.Types[typeOf(t, row.declared).Name()],
			}}}
			coerced, err := validator.VariableValues(schema, op, map[string]any{"v": value})
			if err != nil && row.path != nil {
				return // gqlparser has refused it already
			}
			if err != nil {
				t.Fatal(err)
			}
			if as := map[string]any{"v": value}; plainVariables(op, as) && !reflect.DeepEqual(as, coerced) {
				t.Errorf("taken as they stand: %#v, coerced: %#v", as, coerced)
			}
			err = checkVariables(schema, op, coerced)
			var p *problem.Error
			switch {
			case row.path == nil && err != nil:
				t.Errorf("refused: %v", err)
			case row.path != nil && (!errors.As(err, &p) || p.Code != problem.BadUserInput || !slices.Equal(p.InputPath, row.path)):
				t.Errorf("got %#v, want BAD_USER_INPUT at %v", err, row.path)
			}
		})
	}
}

// TestPlainVariables: what coercion has to do with is not taken as it stands.
func TestPlainVariables(t *testing.T) {
	for _, row := range []struct {
		name, declared string
		given          map[string]any
		want           bool
	}{
		{"a text", "String!", map[string]any{"v": "a"}, true},
		{"an id", "ID", map[string]any{"v": "a"}, true},
		{"a truth", "Boolean", map[string]any{"v": true}, true},
		{"an integer", "Int", map[string]any{"v": json.Number("5")}, true},
		{"no value", "String", nil, false},
		{"null", "String", map[string]any{"v": nil}, false},
		{"one too many", "String", map[string]any{"v": "a", "w": "b"}, false},
		{"another", "String", map[string]any{"w": "a"}, false},
		{"a number for an id", "ID", map[string]any{"v": json.Number("5")}, false},
		{"a fraction", "Int", map[string]any{"v": json.Number("1.5")}, false},
		{"a text for an integer", "Int", map[string]any{"v": "5"}, false},
		{"a list", "[String]", map[string]any{"v": "a"}, false},
		{"an enum", "Color", map[string]any{"v": "RED"}, false},
		{"an input", "Part", map[string]any{"v": map[string]any{"name": "a"}}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			op := &ast.OperationDefinition{VariableDefinitions: ast.VariableDefinitionList{{Variable: "v", Type: typeOf(t, row.declared)}}}
			if got := plainVariables(op, row.given); got != row.want {
				t.Errorf("%v", got)
			}
		})
	}
}

// typeOf reads a type as a document writes it.
func typeOf(t *testing.T, text string) *ast.Type {
	t.Helper()
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "t", Input: `
		scalar Any enum Color { RED } input Part { name: String } type Query { f(v: ` + text + `): String }`})
	return schema.Query.Fields.ForName("f").Arguments.ForName("v").Type
}
