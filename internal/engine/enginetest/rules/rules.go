// Package rules compiles the rules of the tests' schema, faults and all.
package rules

import (
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// Compile is policy.Compile for a schema that the lint refuses. What is at fault denies in the table, so a fault
// would hide what the tests are there to see: whether the enforcement holds where the lint was not heeded. Compile
// therefore takes the faults out of a copy of the schema: no position is non-null and no field returns a root type.
// Neither changes a rule, its number or the fingerprint.
func Compile(source *ast.Source, m *policy.Matrix) (*policy.Table, error) {
	schema, err := gqlparser.LoadSchema(source)
	if err != nil {
		return nil, err
	}
	for _, def := range schema.Types {
		for _, f := range def.Fields {
			if def.Kind != ast.Object {
				continue
			}
			for t := f.Type; t != nil; t = t.Elem {
				t.NonNull = false
			}
			if f.Type.NamedType == schema.Query.Name {
				f.Type.NamedType = "String"
			}
		}
	}
	table, _ := policy.Compile(schema, m)
	return table, nil
}
