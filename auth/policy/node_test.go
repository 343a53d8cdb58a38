package policy

import (
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

func TestNodeArgument(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
		interface Node { id: ID! }
		type Thing implements Node { id: ID! }
		type Query {
			one(flag: Boolean, key: ID!): Node
			many(keys: [ID!]!): [Node!]!
			optional(id: ID): Node
			none(id: String!): Node
			oneOfMany(ids: [ID!]!): Node
			manyOfOne(id: ID!): [Node]
			thing(id: ID!): Thing
		}`})
	for field, want := range map[string]string{
		"one": "key", "many": "keys", "optional": "id", "none": "", "oneOfMany": "", "manyOfOne": "", "thing": "",
	} {
		got := ""
		if arg := NodeArgument(schema.Query.Fields.ForName(field)); arg != nil {
			got = arg.Name
		}
		if got != want {
			t.Errorf("%s is decided by %q, want %q", field, got, want)
		}
	}
}
