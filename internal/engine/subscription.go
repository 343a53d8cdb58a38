package engine

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// ofStream puts the field of a subscription into the context of each of its events:
// gqlgen leaves it out, and with it the beginning of every path.
func ofStream(ctx context.Context, op *graphql.OperationContext, d *Decision) context.Context {
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{d.plan.root.object})
	if len(fields) != 1 {
		return ctx
	}
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: d.plan.root.object, Field: fields[0]})
}

// ofEvent is what goes out for an event: nothing when the stream ended while it was
// made, and after the last one why the stream ended, if EndStream has said so.
func (c *Config) ofEvent(ctx context.Context, d *Decision, resp *answer) *answer {
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
	return &answer{Errors: gqlerror.List{c.shown(ctx, why)}}
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

// streamed is what became of a subscription: its first answer, without the data, and the errors of all that it had.
type streamed struct {
	first  answer
	failed map[problem.Code]int
}

// note takes up an answer, before the next one is asked for.
func (s *streamed) note(d *Decision, resp *answer) {
	if s.failed == nil {
		s.failed = map[problem.Code]int{}
		s.first.Errors = resp.Errors
		if resp.Data != nil {
			s.first.Data = []byte("{}")
		}
	}
	if d != nil {
		for code, n := range d.failed {
			s.failed[code] += n
		}
	}
}

// stream runs a subscription, and hands each of its answers to send, which says whether it takes more. They share a
// buffer: one is good until send returns. begun is called before the first, when what happens from then on comes, and says
// whether any is wanted. It is true when there are no more answers, and not when they were broken off; nothing follows one
// that came to nothing.
func (t transport) stream(
	ctx context.Context, op *graphql.OperationContext, d *Decision, s *streamed,
	begun func() bool, send func(*answer) bool,
) (whole bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(t.Limits.Time, cancel) // it has as long to begin as another operation has to end
	next := t.exec.events(ctx, op, d)
	intime := late.Stop()
	if !begun() {
		return false
	}
	if !intime {
		resp := t.tooLate()
		s.note(d, resp)
		send(resp)
		return false
	}
	for {
		resp := next()
		if resp == nil {
			return true
		}
		s.note(d, resp)
		if !send(resp) || resp.Data == nil && len(resp.Errors) > 0 {
			return false
		}
	}
}
