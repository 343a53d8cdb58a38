package engine

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/vektah/gqlparser/v2/ast"
)

// Gate is what every generated field function asks first. The zero Gate denies everything.
type Gate struct{ decision *Decision }

// GateOf is the gate of an operation: the zero Gate when no decision was recorded for it.
func GateOf(op *graphql.OperationContext) Gate { return Gate{decisionOf(op)} }

// Field says whether the caller may read a field of the object type: its check is
// in the caller's grants. A denial is noted with its path.
func (g Gate) Field(ctx context.Context, field graphql.CollectedField, object string, check policy.Check) bool {
	if g.decision != nil && g.decision.grants.Allows(check) {
		return true
	}
	g.deny(ctx, field, object, check, nil)
	return false
}

// FieldAndInput is Field for a field that takes guarded arguments, or ids that say
// which types are asked for: they were decided before execution, and what was not
// decided is denied.
func (g Gate) FieldAndInput(ctx context.Context, field graphql.CollectedField, object string, check policy.Check) bool {
	if !g.Field(ctx, field, object, check) {
		return false
	}
	v, decided := g.decision.inputs[input{object, field.Field}]
	if decided && v.denied == nil {
		g.withhold(ctx, field, object, v.elements)
		return true
	}
	g.deny(ctx, field, object, check, v.denied)
	return false
}

// Object says whether the caller may know of an object of this type.
func (g Gate) Object(ctx context.Context, object string, check policy.Check) bool {
	if g.decision == nil {
		return false
	}
	if g.decision.grants.Allows(check) {
		return true
	}
	steps, path := trail(ctx)
	g.decision.meet(denial{
		refusal: refuse(g.decision.table, g.decision.grants, object, check),
		at:      g.decision.root.find(steps),
		object:  object,
		path:    path,
		order:   g.decision.order(path, objectsOf(steps)),
	})
	return false
}

// MaskString hides personal data from a caller who may not see it.
func (g Gate) MaskString(m policy.Mask, s string) string {
	if g.decision != nil && g.decision.unmasked {
		return s
	}
	return m.Apply(s)
}

// MaskStringPtr is MaskString for a text that may be absent.
func (g Gate) MaskStringPtr(m policy.Mask, s *string) *string {
	if s == nil {
		return nil
	}
	masked := g.MaskString(m, *s)
	return &masked
}

// IntrospectSchema is the schema as the caller may see it. It is FORBIDDEN when introspection is off.
func (g Gate) IntrospectSchema() (*introspection.Schema, error) {
	visible, err := g.visible()
	if err != nil {
		return nil, err
	}
	return introspection.WrapSchema(visible), nil
}

// IntrospectType is a type of that schema, or nil for one that is not in it.
func (g Gate) IntrospectType(name string) (*introspection.Type, error) {
	visible, err := g.visible()
	if err != nil {
		return nil, err
	}
	return introspection.WrapTypeFromDef(visible, visible.Types[name]), nil
}

func (g Gate) visible() (*ast.Schema, error) {
	if g.decision != nil {
		if visible := g.decision.views.For(g.decision.grants); visible != nil {
			return visible, nil
		}
	}
	return nil, introspectionOff() // the walk has refused such an operation
}

func (g Gate) deny(ctx context.Context, field graphql.CollectedField, object string, check policy.Check, because *refusal) {
	d := g.decision
	if d == nil {
		return // nothing was decided: the sealed schema has refused the operation
	}
	if because == nil {
		because = refuse(d.table, d.grants, object+"."+field.Name, check)
	}
	steps, path := trail(ctx)
	steps = append(steps, step{object, field.Alias})
	path = append(path, ast.PathName(field.Alias))
	at := d.root.find(steps)
	if at != nil && at.refuse != nil {
		because = at.refuse
	}
	d.meet(denial{refusal: because, at: at, path: path, order: d.order(path, objectsOf(steps))})
}

// trail is the way from the root to where ctx stands: the concrete type and key of
// each step, and the path as errors have it.
func trail(ctx context.Context) ([]step, ast.Path) {
	fc := graphql.GetFieldContext(ctx)
	var steps []step
	for at := fc; at != nil; at = at.Parent {
		if at.Index == nil && at.Field.Field != nil {
			steps = append(steps, step{at.Object, at.Field.Alias})
		}
	}
	slices.Reverse(steps)
	return steps, fc.Path()
}

func objectsOf(steps []step) []string {
	objects := make([]string, len(steps))
	for i, s := range steps {
		objects[i] = s.object
	}
	return objects
}
