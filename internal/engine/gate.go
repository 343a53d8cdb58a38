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

// Gate is the gate of the operation that is written, for gqlgen's own functions of its fields.
func (w *Writer) Gate() Gate { return Gate{w.decision} }

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
	fc := graphql.GetFieldContext(ctx)
	if s := g.decision.within(fc, object).byKey(field.Alias); s != nil && s.name == field.Name {
		if v := g.decision.verdict(s); v.decided && v.denied == nil {
			g.decision.withhold(s, fc, v.elements)
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
	fc := graphql.GetFieldContext(ctx)
	s, _ := d.selection(fc)
	d.meet(denial{refusal: d.because(object, "", check), at: s, object: true, indexes: indexes(fc)})
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
	fc := graphql.GetFieldContext(ctx)
	s := d.within(fc, object).byKey(field.Alias)
	if s != nil {
		why = d.refusal(s.id)
	}
	if why == nil {
		why = d.because(object, field.Name, check)
	}
	d.meet(denial{refusal: why, at: s, indexes: indexes(fc)})
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

// selection is the one that is being answered where fc stands, or nil. It is true above the fields of the root.
func (d *Decision) selection(fc *graphql.FieldContext) (s *Selection, root bool) {
	for ; fc != nil; fc = fc.Parent {
		if fc.Index == nil && fc.Field.Field != nil {
			return d.within(fc.Parent, fc.Object).byKey(fc.Field.Alias), false
		}
	}
	return nil, true
}

// within is what is selected of an object of this type where fc stands, or nil.
func (d *Decision) within(fc *graphql.FieldContext, object string) *Selections {
	s, root := d.selection(fc)
	switch {
	case root:
		return d.plan.root
	case s == nil:
		return nil
	}
	return s.of(object)
}

// indexes are the places in the lists that are crossed on the way to where fc stands.
func indexes(fc *graphql.FieldContext) []int32 {
	var all []int32
	for ; fc != nil; fc = fc.Parent {
		if fc.Index != nil {
			all = append(all, int32(*fc.Index))
		}
	}
	slices.Reverse(all)
	return all
}
