package policy

import "github.com/vektah/gqlparser/v2/ast"

// NodeArgument is the argument by whose ids a field of the interface Node, or of a list of it, finds objects: of type
// ID, or a list of it. It is nil for other fields. Such a field is decided by the types that stand inside the ids.
func NodeArgument(f *ast.FieldDefinition) *ast.ArgumentDefinition {
	if f.Type.Name() != "Node" {
		return nil
	}
	for _, arg := range f.Arguments {
		if arg.Type.Name() == "ID" && (arg.Type.Elem == nil) == (f.Type.Elem == nil) {
			return arg
		}
	}
	return nil
}
