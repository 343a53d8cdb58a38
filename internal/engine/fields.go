package engine

import (
	"context"
	"strings"

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
	s := current(ctx)
	if s == nil {
		return policy.Fields{}
	}
	var names []string
	for _, path := range paths {
		var way []string
		if path != "" {
			way = strings.Split(path, ".")
		}
		for _, u := range s.named(way) {
			names = append(names, u.readable()...)
		}
	}
	return policy.NewFields(names...)
}

// FieldsOf is Fields for the field's value itself when it is of this object type, where
// several types may come of an abstract one.
func FieldsOf(ctx context.Context, object string) policy.Fields {
	s := current(ctx)
	if s == nil || s.under[object] == nil {
		return policy.Fields{}
	}
	return policy.NewFields(s.under[object].readable()...)
}

// readable are the names of the fields that the caller may read.
func (s *selections) readable() []string {
	var names []string
	for _, f := range s.fields {
		if f.refuse == nil && f.name != "__typename" {
			names = append(names, f.name)
		}
	}
	return names
}

// current is the selection being resolved, or nil where no decided operation runs.
func current(ctx context.Context) *selection {
	if !graphql.HasOperationContext(ctx) || graphql.GetFieldContext(ctx) == nil {
		return nil
	}
	d := decisionOf(graphql.GetOperationContext(ctx))
	if d == nil {
		return nil
	}
	steps, _ := trail(ctx)
	return d.root.find(steps)
}
