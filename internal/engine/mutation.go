package engine

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// MutationField is a root field of a mutation that is permitted and about to run.
type MutationField struct {
	Coordinate string // Mutation.createApiKey
	// Rule is what permits it. Permission and Action are empty for what anyone, or any caller with a session, may do.
	Rule policy.Rule
	// Arguments are those that it was given, coerced: nil, bool, numbers, string, map[string]any, and slices of these or of any.
	Arguments map[string]any
}

// Mutate runs a root field of a mutation: it calls run once, or gives the error that stands in the field's place. What
// run returns is the code of the field's own error, or "" when there was none.
type Mutate func(ctx context.Context, f MutationField, run func(context.Context) problem.Code) error

// aroundMutations has each root field of a mutation run by c.Mutate.
func (c *Config) aroundMutations(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	op := graphql.GetOperationContext(ctx)
	if c.Mutate == nil || op.Operation.Operation != ast.Mutation {
		return next(ctx)
	}
	field := graphql.GetRootFieldContext(ctx).Field
	f := MutationField{
		Coordinate: c.schema.Mutation.Name + "." + field.Name, Arguments: field.ArgumentMap(op.Variables),
	}
	if rules := c.Table.Rules(c.Table.Field(c.schema.Mutation.Name, field.Name)); len(rules) > 0 {
		f.Rule = rules[0]
	}
	var out graphql.Marshaler = graphql.Null
	err := c.Mutate(ctx, f, func(ctx context.Context) problem.Code {
		before := len(graphql.GetErrors(ctx))
		out = next(ctx)
		for _, e := range graphql.GetErrors(ctx)[before:] {
			if len(e.Path) == 1 { // the field's own, and not of what is read below it
				return codeOf(e)
			}
		}
		return ""
	})
	if err != nil {
		shown := c.presented(ctx, err)
		shown.Path = ast.Path{ast.PathName(field.Alias)}
		graphql.AddError(ctx, shown)
		return graphql.Null
	}
	return out
}
