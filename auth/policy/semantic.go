package policy

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// lintSemanticNonNull refuses @semanticNonNull where it says nothing: at a level that the type does not have, or that
// cannot be null anyway. That its promise is kept is for a test of the whole program.
func (c *compiler) lintSemanticNonNull() {
	for _, def := range c.definitions(ast.Object, ast.Interface) {
		for _, f := range def.Fields {
			d := f.Directives.ForName(directiveSemanticNonNull)
			if d == nil {
				continue
			}
			coordinate := def.Name + "." + f.Name
			for _, level := range levels(d) {
				switch t := inside(f.Type, level); {
				case t == nil:
					c.fault(d.Position, coordinate, "@semanticNonNull speaks of level %s, which %s does not have", level, f.Type)
				case t.NonNull:
					c.fault(d.Position, coordinate, "@semanticNonNull says nothing of level %s: %s cannot be null there", level, f.Type)
				}
			}
		}
	}
}

// inside is what a type has at a level, nil when it has none.
func inside(t *ast.Type, level string) *ast.Type {
	n, err := strconv.Atoi(level)
	if err != nil || n < 0 {
		return nil
	}
	for ; t != nil && n > 0; n-- {
		t = t.Elem
	}
	return t
}

// levels are the levels of a type that the directive speaks of, as they are written, or by default the first.
func levels(d *ast.Directive) []string {
	arg := d.Arguments.ForName("levels")
	if arg == nil {
		return []string{"0"}
	}
	if arg.Value.Kind != ast.ListValue {
		return []string{arg.Value.Raw}
	}
	var all []string
	for _, child := range arg.Value.Children {
		all = append(all, child.Value.Raw)
	}
	return all
}
