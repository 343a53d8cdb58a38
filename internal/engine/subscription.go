package engine

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// ofStream puts the field of a subscription into the context of each of its events:
// gqlgen leaves it out, and with it the beginning of every path.
func ofStream(ctx context.Context, op *graphql.OperationContext, d *Decision) context.Context {
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{d.root.object})
	if len(fields) != 1 {
		return ctx
	}
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: d.root.object, Field: fields[0]})
}

// ofEvent is what goes out for an event: nothing when the stream ended while it was
// made, and after the last one why the stream ended, if EndStream has said so.
func (a authorizer) ofEvent(ctx context.Context, d *Decision, resp *graphql.Response) *graphql.Response {
	if ctx.Err() != nil {
		return nil
	}
	if resp != nil {
		return resp
	}
	d.mu.Lock()
	why := d.end
	d.end = nil
	d.mu.Unlock()
	if why == nil {
		return nil
	}
	return &graphql.Response{Errors: gqlerror.List{a.present(ctx, why)}}
}

// EndStream says why the stream of events of the subscription of ctx is about to end:
// that goes out as the last answer of the stream, which has no data. Without it a stream
// that ends has come to its end. It is for the resolver that then closes its channel.
func EndStream(ctx context.Context, why error) {
	if d := decisionOf(graphql.GetOperationContext(ctx)); d != nil {
		d.mu.Lock()
		d.end = why
		d.mu.Unlock()
	}
}
