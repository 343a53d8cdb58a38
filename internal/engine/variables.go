package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// plainVariables says whether a request's variables are those that the operation declares, each with a value of its built-in
// scalar as it stands: the usual case, in which coercion (GraphQL, section 6.1.2) changes nothing but the form of an integer,
// which is changed in place.
func plainVariables(op *ast.OperationDefinition, given map[string]any) bool {
	if len(op.VariableDefinitions) != len(given) {
		return false
	}
	for _, v := range op.VariableDefinitions {
		plain := false
		switch value := given[v.Variable].(type) {
		case string:
			plain = v.Type.NamedType == "String" || v.Type.NamedType == "ID"
		case bool:
			plain = v.Type.NamedType == "Boolean"
		case int64:
			plain = v.Type.NamedType == "Int"
		case json.Number:
			n, err := value.Int64()
			if plain = err == nil && v.Type.NamedType == "Int"; plain {
				given[v.Variable] = n
			}
		}
		if !plain {
			return false
		}
	}
	return true
}

// checkVariables refuses coerced variables that are of another type than declared.
// gqlparser lets numbers pass for strings, strings for numbers, and enum values in any
// case, which the generated code then refuses as if the gateway were at fault (GraphQL,
// section 6.1.2). Custom scalars judge their values themselves.
func checkVariables(schema *ast.Schema, op *ast.OperationDefinition, vars map[string]any) error {
	for _, v := range op.VariableDefinitions {
		value, given := vars[v.Variable]
		if !given {
			continue
		}
		if path := mistyped(schema, v.Type, value); path != nil {
			slices.Reverse(path)
			return problem.Input(fmt.Sprintf("The variable $%s has a value that is not of its type.", v.Variable),
				append([]string{v.Variable}, path...)...)
		}
	}
	return nil
}

// mistyped is the path, backwards, to the first part of value that is not of type t.
// It is empty for value itself, and nil when all is well.
func mistyped(schema *ast.Schema, t *ast.Type, value any) []string {
	if value == nil {
		return nil // coercion has seen to what must not be null
	}
	if t.Elem != nil {
		list := reflect.ValueOf(value)
		if list.Kind() != reflect.Slice {
			return mistyped(schema, t.Elem, value) // a list of one may be given as that one
		}
		for i := range list.Len() {
			if path := mistyped(schema, t.Elem, list.Index(i).Interface()); path != nil {
				return append(path, fmt.Sprint(i))
			}
		}
		return nil
	}
	def := schema.Types[t.NamedType]
	switch {
	case def == nil:
		return []string{}
	case def.Kind == ast.Enum:
		name, ok := value.(string)
		return unless(ok && def.EnumValues.ForName(name) != nil)
	case def.Kind == ast.InputObject:
		return mistypedObject(schema, def, value)
	}
	return unless(scalarOf(def.Name, value))
}

func mistypedObject(schema *ast.Schema, def *ast.Definition, value any) []string {
	members, ok := value.(map[string]any)
	if !ok {
		return []string{}
	}
	for _, f := range def.Fields {
		if path := mistyped(schema, f.Type, members[f.Name]); path != nil {
			return append(path, f.Name)
		}
	}
	return nil
}

// scalarOf says whether a value of the request's JSON may stand for a built-in scalar
// (GraphQL, section 3.5).
func scalarOf(name string, value any) bool {
	switch name {
	case "String":
		_, ok := value.(string)
		return ok
	case "Boolean":
		_, ok := value.(bool)
		return ok
	case "ID":
		_, text := value.(string)
		return text || isInt(value, math.MinInt64, math.MaxInt64)
	case "Int":
		return isInt(value, math.MinInt32, math.MaxInt32)
	case "Float":
		if number, ok := value.(json.Number); ok {
			_, err := number.Float64()
			return err == nil
		}
		_, float := value.(float64)
		return float || isInt(value, math.MinInt64, math.MaxInt64)
	}
	return true
}

func isInt(value any, least, most int64) bool {
	var n int64
	switch v := value.(type) {
	case int64:
		n = v
	case int:
		n = int64(v)
	case json.Number:
		var err error
		if n, err = v.Int64(); err != nil {
			return false
		}
	default:
		return false
	}
	return n >= least && n <= most
}

func unless(ok bool) []string {
	if ok {
		return nil
	}
	return []string{}
}
