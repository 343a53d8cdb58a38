package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// The directives and enums of the schema that say what the policy is.
const (
	directivePublic        = "public"
	directiveSignedIn      = "signedIn"
	directiveHasPermission = "hasPermission"
	directiveFilters       = "filters"
	directivePersonalData  = "personalData"

	// directiveSemanticNonNull decides nothing: it tells clients what a null means.
	directiveSemanticNonNull = "semanticNonNull"

	enumPermission = "Permission"
	enumAction     = "Action"
	enumRole       = "Role"
	enumMask       = "Mask"
)

// ruleDirectives picks the directives that are rules, of which a place has one at most.
func ruleDirectives(list ast.DirectiveList) []*ast.Directive {
	return pick(list, directivePublic, directiveSignedIn, directiveHasPermission)
}

// policyDirectives picks all directives that decide something here.
func policyDirectives(list ast.DirectiveList) []*ast.Directive {
	return pick(list, directivePublic, directiveSignedIn, directiveHasPermission, directiveFilters,
		directivePersonalData)
}

// pick keeps the directives of these names.
func pick(list ast.DirectiveList, names ...string) []*ast.Directive {
	var picked []*ast.Directive
	for _, d := range list {
		if slices.Contains(names, d.Name) {
			picked = append(picked, d)
		}
	}
	return picked
}

// argument returns a directive's argument as it is written, or its default; "" when there is neither.
func argument(d *ast.Directive, name string) string {
	if arg := d.Arguments.ForName(name); arg != nil {
		return arg.Value.Raw
	}
	if d.Definition != nil {
		if def := d.Definition.Arguments.ForName(name); def != nil && def.DefaultValue != nil {
			return def.DefaultValue.Raw
		}
	}
	return ""
}

// render writes the directives that decide something in one canonical form.
func render(list ast.DirectiveList) string {
	var lines []string
	for _, d := range policyDirectives(list) {
		var args []string
		for _, name := range []string{"permission", "action", "field", "mask"} {
			args = append(args, fmt.Sprintf("%q", argument(d, name)))
		}
		lines = append(lines, "@"+d.Name+" "+strings.Join(args, " "))
	}
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

// has tells whether the schema's enum has the value.
func (c *compiler) has(enum, value string) bool {
	def := c.schema.Types[enum]
	return def != nil && def.Kind == ast.Enum && def.EnumValues.ForName(value) != nil
}

// oneRule returns the rule that these directives of one place stand for. There must be exactly one.
func (c *compiler) oneRule(at *ast.Position, coordinate string, directives []*ast.Directive) Rule {
	if len(directives) > 1 {
		var names []string
		for _, d := range directives {
			names = append(names, "@"+d.Name)
		}
		c.fault(at, coordinate, "more than one rule: %s", strings.Join(names, ", "))
		return Rule{}
	}
	switch d := directives[0]; d.Name {
	case directivePublic:
		return Rule{Kind: Public}
	case directiveSignedIn:
		return Rule{Kind: SignedIn}
	default:
		return c.permissionRule(at, coordinate, d)
	}
}

// permissionRule reads @hasPermission. gqlparser does not check an enum in a directive, so both names are checked here.
func (c *compiler) permissionRule(at *ast.Position, coordinate string, d *ast.Directive) Rule {
	permission, action := argument(d, "permission"), argument(d, "action")
	known := true
	if !c.has(enumPermission, permission) {
		c.fault(at, coordinate, "unknown permission %s", permission)
		known = false
	}
	if !c.has(enumAction, action) || Action(action).bit() == 0 {
		c.fault(at, coordinate, "unknown action %s", action)
		known = false
	}
	if !known {
		return Rule{}
	}
	c.used[Permission(permission)] = true
	return Rule{HasPermission, Permission(permission), Action(action)}
}
