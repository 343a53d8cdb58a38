package gen

import (
	"go/ast"
	"regexp"
	"strings"

	gql "github.com/vektah/gqlparser/v2/ast"
)

// A Go value that implements graphql.Marshaler writes all of itself, whatever is
// selected and permitted. None may stand for an object of the schema.

// marshalFunc names the functions that gqlgen writes for a type: marshalN or marshalO
// for its nullability, the type, and the Go type after a 2.
var marshalFunc = regexp.MustCompile(`^marshal[NO]([_A-Za-z][_0-9A-Za-z]*?)2`)

// writesItself faults the marshalling of an object that does not go through its
// guarded function.
func (g *guard) writesItself(f *ast.FuncDecl) {
	m := marshalFunc.FindStringSubmatch(f.Name.Name)
	if m == nil {
		return
	}
	def := g.schema.Types[m[1]]
	if def == nil || !def.IsCompositeType() {
		return
	}
	if body := g.text(f.Body); !strings.Contains(body, "ec._"+def.Name+"(") && !strings.Contains(body, "ec.marshal") {
		g.fault("%s is bound to a Go type that writes itself, past every check", def.Name)
	}
}

// noWriters takes out of the function of an interface or union the branch that lets a
// value of no known type write itself. What is left there panics, which nulls the field.
func (g *guard) noWriters(f *ast.FuncDecl) {
	def := g.schema.Types[strings.TrimPrefix(f.Name.Name, "_")]
	if def == nil || def.Kind != gql.Interface && def.Kind != gql.Union {
		return
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		branch, ok := n.(*ast.IfStmt)
		if !ok || branch.Init == nil || !strings.Contains(g.text(branch.Init), ".(graphql.Marshaler)") {
			return true
		}
		otherwise, ok := branch.Else.(*ast.BlockStmt)
		if !ok || len(otherwise.List) != 1 {
			g.fault("%s lets a value write itself in a way that is not known", f.Name.Name)
			return false
		}
		g.replace(branch.Pos(), branch.End(), g.text(otherwise.List[0]))
		return false
	})
}
