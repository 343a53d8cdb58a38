package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// admit lets an operation begin. Every transport asks before it has the operation parsed, and calls the function that
// it gets when the operation is over, or once a subscription streams: one that waits for events does no work.
func (c *Config) admit(ctx context.Context) (over func(), err error) {
	if c.Admit == nil {
		return func() {}, nil
	}
	return c.Admit(ctx)
}

// turnAway answers a request that was not admitted. The status says so whatever the client takes: nothing of the request
// has been looked at.
func (t transport) turnAway(w http.ResponseWriter, out *Outcome, err error) {
	var p *problem.Error
	if !errors.As(err, &p) {
		p = problem.New(problem.Internal, "Something went wrong inside the gateway.")
	}
	t.refuseWith(w, out, p.Code.Status(), p)
}

// charge has the caller pay for an operation.
func (c *Config) charge(ctx context.Context, d *Decision) error {
	if c.Charge == nil {
		return nil
	}
	return c.Charge(ctx, max(d.cost, 1))
}

// inTurn answers a query or mutation when its turn has come. Its answer is put together then, and sent later: a client
// that is slow to take it holds up nobody.
func (e *executor) inTurn(ctx context.Context, op *graphql.OperationContext, d *Decision) *answer {
	if e.Turn == nil {
		return e.run(ctx, op, d)
	}
	over, err := e.Turn(ctx, d.cost)
	if err != nil {
		return &answer{Errors: gqlerror.List{e.shown(ctx, err)}}
	}
	defer over()
	return e.run(ctx, op, d)
}

// chargeEvent has a subscriber pay for an event. One who cannot gets the error in its place.
func (c *Config) chargeEvent(ctx context.Context, d *Decision, event *answer) *answer {
	if err := c.charge(ctx, d); err != nil {
		return &answer{Errors: gqlerror.List{c.shown(ctx, err)}}
	}
	return event
}

// presented is Present, with the one limit that the parser keeps for us told as the others are.
func (c *Config) presented(ctx context.Context, err error) *gqlerror.Error {
	if given := (*gqlerror.Error)(nil); errors.As(err, &given) && given.Message == tooManyTokens(c.Limits.Tokens) &&
		given.Extensions["code"] == string(problem.ParseFailed) {
		shown := c.Present(ctx, problem.Exceeded(limitTokens, c.Limits.Tokens, "tokens"))
		shown.Locations = given.Locations
		return shown
	}
	return c.Present(ctx, err)
}

// tooManyTokens is what the parser says of a document that is too long.
func tooManyTokens(most int) string { return fmt.Sprintf("exceeded token limit of %d", most) }
