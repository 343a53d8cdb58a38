package gen

import (
	"fmt"
	"go/ast"
	"strings"
)

// introspected are the methods through which the generated code reads the schema to
// answer __schema and __type, and how each goes to the gate instead. gqlgen's own are
// promoted from an embedded struct, so methods of the execution context come before them.
var introspected = map[string]string{
	"IntrospectSchema": "() (*introspection.Schema, error) {\n\treturn ec.gate.IntrospectSchema()\n}\n",
	"IntrospectType":   "(name string) (*introspection.Type, error) {\n\treturn ec.gate.IntrospectType(name)\n}\n",
}

// introspection has the gate answer introspection: with what the caller may see.
func (g *guard) introspection(file *ast.File) {
	if g.schema.Query.Fields.ForName("__schema") == nil {
		return
	}
	calls := map[string]int{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "Introspect") {
			calls[g.text(s)]++
		}
		return true
	})
	var methods strings.Builder
	for _, name := range []string{"IntrospectSchema", "IntrospectType"} {
		if calls["ec."+name] != 1 {
			g.fault("introspection asks ec.%s at %d places; it was one", name, calls["ec."+name])
		}
		delete(calls, "ec."+name)
		fmt.Fprintf(&methods, "\n// %s answers with what the caller may see of the schema.\nfunc (ec *%s) %s%s",
			name, executionState, name, introspected[name])
	}
	for name := range calls {
		g.fault("introspection asks %s, which the gate does not know of", name)
	}
	g.insert(file.FileEnd, methods.String())
}
