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
	g.deny(ctx, field, object, check)
	return false
}

// FieldAndInput is Field for a field that takes guarded arguments, or ids that say
// which types are asked for: they were decided before execution, and what was not
// decided is denied.
func (g Gate) FieldAndInput(ctx context.Context, field graphql.CollectedField, object string, check policy.Check) bool {
	if !g.Field(ctx, field, object, check) {
		return false
	}
	s, indexes := g.decision.place(ctx, object, field.Alias)
	if s != nil {
		if v := g.decision.verdict(s); v.decided && v.denied == nil {
			g.decision.withhold(s, indexes, v.elements)
			return true
		}
	}
	g.deny(ctx, field, object, check)
	return false
}

// Object says whether the caller may know of an object of this type.
func (g Gate) Object(ctx context.Context, object string, check policy.Check) bool {
	d := g.decision
	if d == nil {
		return false
	}
	if d.grants.Allows(check) {
		return true
	}
	steps, indexes := trail(ctx)
	d.meet(denial{refusal: d.because(object, "", check), at: d.find(steps), object: true, indexes: indexes})
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

// deny notes that a field is denied.
func (g Gate) deny(ctx context.Context, field graphql.CollectedField, object string, check policy.Check) {
	d := g.decision
	if d == nil {
		return // nothing was decided: the sealed schema has refused the operation
	}
	var why *refusal
	s, indexes := d.place(ctx, object, field.Alias)
	if s != nil {
		why = d.refusal(s.id)
	}
	if why == nil {
		why = d.because(object, field.Name, check)
	}
	d.meet(denial{refusal: why, at: s, indexes: indexes})
}

// because is why a check of generated code is not passed, that of an object or of a field of it.
func (d *Decision) because(object, field string, check policy.Check) *refusal {
	g := &guarded{coordinate: object, check: check}
	if o := d.plan.catalog.objects[object]; o != nil && field == "" {
		g = &o.guarded
	} else if field != "" {
		g.coordinate += "." + field
		if o != nil && o.fields[field] != nil {
			g = &o.fields[field].guarded
		}
	}
	return g.refusal(d.plan.catalog.table, d.grants)
}

// place is the selection that answers a key of the object at which ctx stands, and the indexes in the lists on its way.
func (d *Decision) place(ctx context.Context, object, key string) (*Selection, []int32) {
	steps, indexes := trail(ctx)
	return d.find(append(steps, step{object, key})), indexes
}

// trail is the way from the root to where ctx stands: the concrete type and key of
// each step, and the indexes in the lists that are crossed.
func trail(ctx context.Context) ([]step, []int32) {
	var steps []step
	var indexes []int32
	for at := graphql.GetFieldContext(ctx); at != nil; at = at.Parent {
		if at.Index != nil {
			indexes = append(indexes, int32(*at.Index))
		} else if at.Field.Field != nil {
			steps = append(steps, step{at.Object, at.Field.Alias})
		}
	}
	slices.Reverse(steps)
	slices.Reverse(indexes)
	return steps, indexes
}
