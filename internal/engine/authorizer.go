package engine

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// observed is decide with the Observer told.
func (c *Config) observed(ctx context.Context, op *graphql.OperationContext, o *plans, trusted bool) (*Decision, error) {
	if c.Observer != nil {
		var decided func()
		ctx, decided = c.Observer.Authorize(ctx)
		defer decided()
	}
	return c.decide(ctx, op, o, trusted)
}

// decide decides an operation that is parsed and validated and has its variables coerced, or refuses it for a limit. What only
// guards against documents that strangers write does not apply to one that whoever runs the gateway has listed: its tokens,
// levels, aliases, root fields, directives and fields are not counted. What it may read is decided as of any other, and
// it is charged, timed and counted as any other.
func (c *Config) decide(ctx context.Context, op *graphql.OperationContext, o *plans, trusted bool) (*Decision, error) {
	denials := c.Denials
	if wish, ok := op.Extensions["denials"]; ok {
		text, _ := wish.(string)
		var err error
		if denials, err = ParseDenials(text); err != nil {
			return nil, err
		}
	}
	if err := checkVariables(c.schema, op.Operation, op.Variables); err != nil {
		return nil, err
	}
	limits := c.Limits
	if trusted {
		limits = limits.forTrusted()
	}
	return c.decidePlan(o, op.Variables, c.Table.Grants(c.Caller(ctx)), limits, denials)
}

// refused is the answer to a mutation of which any root field, argument or input
// is denied, and to a subscription whose one field is: nothing of it runs. Otherwise it is nil.
func (c *Config) refused(ctx context.Context, op *graphql.OperationContext, d *Decision) *answer {
	if op.Operation.Operation == ast.Query {
		return nil
	}
	refused := d.refusedAtRoot()
	if len(refused) == 0 {
		return nil
	}
	c.tell(ctx, d, refused)
	resp := &answer{}
	for _, n := range refused {
		resp.Errors = append(resp.Errors, n.error())
		d.counts.denials(n.refusal.rule, 1)
	}
	return resp
}

// shown is an error as clients see it, which has a code in any case.
func (c *Config) shown(ctx context.Context, err error) *gqlerror.Error {
	presented := c.Present(ctx, err)
	if presented.Extensions["code"] == nil {
		presented.Extensions = map[string]any{"code": problem.Internal}
	}
	return presented
}
