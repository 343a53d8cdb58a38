package gen

import (
	"fmt"
	"go/ast"
	"regexp"
)

// marshals is the whole body of the function literal that marshals the value of a field.
var marshals = regexp.MustCompile(`^\{\s*return ec\.marshal([^(]+)\(ctx, selections, v\)\s*\}$`)

// Taken are the fields, by coordinate, whose values a writer takes over when their functions are called by one.
type Taken map[string]bool

// takeOver has a writer take over the object or list that a field function gives.
func (g *guard) takeOver(f *ast.FuncDecl, t target) {
	if !g.taken[t.object+"."+t.field] {
		return
	}
	g.takenCount++
	places := 0
	ast.Inspect(f.Body, func(n ast.Node) bool {
		lit, ok := n.(*ast.FuncLit)
		if !ok || len(lit.Type.Params.List) != 3 {
			return true
		}
		if m := marshals.FindStringSubmatch(g.text(lit.Body)); m != nil {
			places++
			g.insert(lit.Body.Lbrace+1, fmt.Sprintf("\n\t\t\tif w, f := engine.Take(ctx, field); w != nil {\n\t\t\t\treturn w.Taken(ec.write%s(w, f, v))\n\t\t\t}", m[1]))
		}
		return false
	})
	if places != 1 {
		g.fault("%s.%s is marshalled at %d places that a writer can take over; it was one", t.object, t.field, places)
	}
}
