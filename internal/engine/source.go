package engine

import (
	"bytes"
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// source is where the events of a subscription come from, each as it is sent.
type source struct {
	events chan []byte   // closed after the last; an event is good until the next is taken
	begun  chan struct{} // closed when what happens from now on comes
	opened chan struct{} // closed by who sends the events, when the answer has begun: until then its headers are theirs
	done   chan struct{}
	// While an event is sent, the next is put together in the other.
	next, sent *bytes.Buffer

	streamed streamed // read when it is done
}

// follow runs a subscription until it has no more events or ctx ends.
func (t transport) follow(ctx context.Context, op *graphql.OperationContext, d *Decision) *source {
	s := &source{
		events: make(chan []byte), begun: make(chan struct{}), opened: make(chan struct{}), done: make(chan struct{}),
		next: t.buffers.get(), sent: t.buffers.get(),
	}
	go func() {
		defer close(s.done)
		defer close(s.events)
		t.run(ctx, op, d, s)
	}()
	return s
}

// close waits until nothing of the subscription runs any more, after its ctx has ended. No event is good after that.
func (t transport) close(s *source) {
	<-s.done
	t.buffers.put(s.next)
	t.buffers.put(s.sent)
}

func (t transport) run(ctx context.Context, op *graphql.OperationContext, d *Decision, s *source) {
	put := func(resp *answer) bool {
		s.next.Reset()
		t.encodeEvent(s.next, resp) // before the next is asked for, which has the same buffer for its data
		select {
		case s.events <- s.next.Bytes():
			s.next, s.sent = s.sent, s.next
			return true
		case <-ctx.Done():
			return false
		}
	}
	defer func() {
		if p := recover(); p != nil { // in the engine itself: resolvers' panics end at their field
			put(&answer{Errors: gqlerror.List{t.Present(ctx, t.panicked(p))}})
		}
	}()
	t.stream(ctx, op, d, &s.streamed, func() bool {
		close(s.begun)
		select {
		case <-s.opened:
			return true
		case <-ctx.Done():
			return false
		}
	}, put)
}

// tooLate is the answer to an operation that has taken longer than it may.
func (t transport) tooLate() *answer {
	late := failure(problem.Timeout, fmt.Sprintf("The operation took longer than %s.", t.Limits.Time))
	late.Errors[0].Extensions["limit"] = limitTime
	return late
}
