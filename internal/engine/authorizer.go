package engine

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// authorizer decides each operation once it is parsed and validated and its
// variables are coerced, refuses mutations that are denied in any part, and puts
// the denials into the answer. It is a gqlgen extension, so that every transport
// passes through it.
type authorizer struct{ Config }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
	graphql.OperationInterceptor
	graphql.ResponseInterceptor
} = authorizer{}

// ExtensionName names the extension for gqlgen.
func (authorizer) ExtensionName() string { return "FieldgateAuthorizer" }

// Validate is called by gqlgen when the extension is put to use.
func (authorizer) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext records the decision on the operation, or refuses it for a limit.
func (a authorizer) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	op.DisableIntrospection = false // the gate answers it, by the caller's view
	d, err := a.observed(ctx, op)
	if err != nil {
		return a.present(ctx, err)
	}
	if err := a.charge(ctx, d); err != nil {
		return a.present(ctx, err)
	}
	d.plain = a.plain
	op.Stats.SetExtension(decisionKey, d)
	return nil
}

// observed is decide with the Observer told.
func (a authorizer) observed(ctx context.Context, op *graphql.OperationContext) (*Decision, error) {
	if a.Observer != nil {
		var decided func()
		ctx, decided = a.Observer.Authorize(ctx)
		defer decided()
	}
	return a.decide(ctx, op)
}

func (a authorizer) decide(ctx context.Context, op *graphql.OperationContext) (*Decision, error) {
	denials := a.Denials
	if wish, ok := op.Extensions["denials"]; ok {
		text, _ := wish.(string)
		var err error
		if denials, err = ParseDenials(text); err != nil {
			return nil, err
		}
	}
	if err := checkVariables(a.schema, op.Operation, op.Variables); err != nil {
		return nil, err
	}
	limits := a.Limits
	if trusted(op) {
		limits = limits.forTrusted()
	}
	o := newPlans(a.catalog, op.Doc, op.Operation, true)
	return a.decidePlan(o, op.Variables, a.Table.Grants(a.Caller(ctx)), limits, denials)
}

// InterceptOperation refuses a mutation of which any root field, argument or input
// is denied, and a subscription whose one field is: nothing of it runs.
func (a authorizer) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	d := decisionOf(op)
	if d == nil {
		return graphql.OneShot(undecided(ctx))
	}
	if op.Operation.Operation == ast.Query {
		return next(ctx)
	}
	refused := d.refusedAtRoot()
	if len(refused) == 0 {
		if op.Operation.Operation == ast.Subscription {
			a.tell(ctx, d, nil) // it may end before it has answered anything
		}
		return next(ctx)
	}
	a.tell(ctx, d, refused)
	resp := &graphql.Response{}
	for _, n := range refused {
		resp.Errors = append(resp.Errors, n.error())
		d.counts.denials(n.refusal.rule, 1)
	}
	return graphql.OneShot(resp)
}

// InterceptResponse lists what was denied. It also sees answers that have no
// operation, to requests that could not be parsed.
func (a authorizer) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if !graphql.HasOperationContext(ctx) {
		return next(ctx)
	}
	op := graphql.GetOperationContext(ctx)
	d := decisionOf(op)
	if d == nil {
		return next(ctx)
	}
	stream := op.Operation.Operation == ast.Subscription
	var resp *graphql.Response
	if !stream {
		resp = a.inTurn(ctx, d, next)
	} else {
		ctx = ofStream(ctx, op, d)
		resp = next(ctx)
		if resp != nil {
			resp = a.chargeEvent(ctx, d, resp)
		}
		resp = a.ofEvent(ctx, d, resp)
	}
	if resp != nil {
		d.failed = codes(resp.Errors)
		met := d.take()
		a.tell(ctx, d, met)
		d.report(resp, met)
	}
	return resp
}

func (a authorizer) present(ctx context.Context, err error) *gqlerror.Error {
	presented := a.Present(ctx, err)
	if presented.Extensions["code"] == nil {
		presented.Extensions = map[string]any{"code": problem.Internal}
	}
	return presented
}
