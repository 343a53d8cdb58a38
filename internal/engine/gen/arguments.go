package gen

import (
	"github.com/fieldgate/fieldgate/auth/policy"
	gql "github.com/vektah/gqlparser/v2/ast"
)

// guardsInput says whether the field's arguments are part of its decision: one of
// them is guarded, or the field finds objects by their ids.
func guardsInput(schema *gql.Schema, table *policy.Table, object string, f *gql.FieldDefinition) bool {
	if policy.NodeArgument(f) != nil {
		return true
	}
	for _, arg := range f.Arguments {
		if table.Argument(object, f.Name, arg.Name) != policy.CheckPublic ||
			guardedInput(schema, table, schema.Types[arg.Type.Name()], map[string]bool{}) {
			return true
		}
	}
	return false
}

func guardedInput(schema *gql.Schema, table *policy.Table, def *gql.Definition, seen map[string]bool) bool {
	if def == nil || def.Kind != gql.InputObject || seen[def.Name] {
		return false
	}
	seen[def.Name] = true
	for _, f := range def.Fields {
		if table.Input(def.Name, f.Name) != policy.CheckPublic || guardedInput(schema, table, schema.Types[f.Type.Name()], seen) {
			return true
		}
	}
	return false
}
