package engine

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
)

// Fields are the fields that the operation selects below the field being resolved
// and that the caller may read. Each path names fields, not aliases, as they lead
// down from the resolved field, such as "edges.node"; "" is its value itself.
// Several paths give the union. Where an abstract type stands the fields of all
// its types are taken together. Outside of an operation it is empty, and an
// upstream that is given it reads nothing.
func Fields(ctx context.Context, paths ...string) policy.Fields {
	return fields(ctx, "", paths)
}

// FieldsOf is Fields for one of the concrete types that an abstract type stands for: a
// field of the same name that only another type's objects are asked for is not among them.
func FieldsOf(ctx context.Context, object string, paths ...string) policy.Fields {
	return fields(ctx, object, paths)
}

// fields is FieldsOf; an empty object is of every type.
func fields(ctx context.Context, object string, paths []string) policy.Fields {
	d, s := current(ctx)
	if s == nil {
		return policy.Fields{}
	}
	names := make([]string, 0, 32)
	for _, path := range paths {
		d.named(s, path, func(u *Selections) {
			if object != "" && u.object != object {
				return
			}
			for i := range u.Fields {
				if f := &u.Fields[i]; f.name != typename && d.refusal(f.id) == nil {
					names = append(names, f.name)
				}
			}
		})
	}
	return policy.NewFields(names...)
}

// current is the selection being resolved and the decision on it, or nil where no decided operation runs.
func current(ctx context.Context) (*Decision, *Selection) {
	if !graphql.HasOperationContext(ctx) || graphql.GetFieldContext(ctx) == nil {
		return nil, nil
	}
	fc := graphql.GetFieldContext(ctx)
	d, _ := ctx.Value(decidedKey{}).(*Decision)
	if d == nil {
		d = decisionOf(graphql.GetOperationContext(ctx))
	}
	if d == nil {
		return nil, nil
	}
	if h, _ := ctx.Value(holeKey{}).(*hole); h != nil && h.at.Field.Field == fc.Field.Field {
		return d, h.at
	}
	s, _ := d.selection(fc)
	return d, s
}
