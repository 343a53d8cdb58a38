package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// operation is one that runs on a socket.
type operation struct {
	id     string
	ctx    context.Context // ends when nobody waits for an answer any more
	cancel context.CancelFunc
	// Guarded by socket.mu:
	lasts bool // it is a subscription
	over  bool // it does not count any more
}

// subscribe begins an operation.
func (s *socket) subscribe(m message) error {
	if !s.acknowledged.Load() {
		return closes(closeUnauthorized, "Unauthorized")
	}
	op, err := s.begin(m.id)
	switch {
	case err == errTooMany:
		s.turnAway(m.id)
		return nil
	case err != nil || op == nil:
		return err
	}
	go s.perform(op, m.payload)
	return nil
}

// turnAway refuses an operation because as many run as may.
func (s *socket) turnAway(id string) {
	s.exceeds(s.ctx, problem.LimitExceeded, limitSocketOperations)
	most := s.Limits.Operations
	s.write(s.refusal(id, gqlerror.List{s.Present(s.caller, &problem.Error{
		Code: problem.LimitExceeded, Limit: limitSocketOperations, Most: most,
		Message: fmt.Sprintf("No more than %d operations may run at once on one WebSocket.", most),
	})}))
}

// exceeds tells the Observer of a client that passes a limit of its sockets.
func (t transport) exceeds(ctx context.Context, code problem.Code, limit string) {
	if t.Observer != nil {
		_, answered := t.Observer.Operation(ctx)
		answered(Outcome{Refused: code, Limit: limit})
	}
}

// errTooMany says that a socket has as many operations as it may.
var errTooMany = errors.New("too many operations")

// begin counts an operation in. There is none, and no error, when the gateway stops: the client will ask again
// elsewhere.
func (s *socket) begin(id string) (*operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.operations[id] != nil {
		return nil, closes(closeTwice, "Subscriber for %s already exists", id)
	}
	if s.leaving {
		return nil, nil
	}
	if s.counted >= s.Limits.Operations {
		return nil, errTooMany
	}
	op := &operation{id: id}
	op.ctx, op.cancel = context.WithCancel(s.caller)
	s.operations[id] = op
	s.running++
	s.counted++
	s.performing.Add(1)
	return op, nil
}

// complete stops an operation whose answers the client does not wait for any more. There may be none: its last answer
// may have been under way.
func (s *socket) complete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if op := s.operations[id]; op != nil {
		delete(s.operations, id)
		op.cancel()
	}
}

// current says whether the client still waits for answers to an operation.
func (s *socket) current(op *operation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.operations[op.id] == op && op.ctx.Err() == nil
}

// last says the same, and that what is sent now is the last: the id is free again.
func (s *socket) last(op *operation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.operations[op.id] != op {
		return false
	}
	delete(s.operations, op.id)
	return op.ctx.Err() == nil
}

// lasting notes that an operation is a subscription. It is false when it is not to begin.
func (s *socket) lasting(op *operation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	op.lasts = true
	return !s.leaving
}

// makeRoom counts an operation out, for the next. It is called when the last answer is about to be written, which the
// client may take for leave to ask again, and not before its turn has come: whoever takes nothing gets no more.
func (s *socket) makeRoom(op *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !op.over {
		op.over = true
		s.counted--
	}
}

// ended forgets an operation.
func (s *socket) ended(op *operation) {
	op.cancel()
	s.makeRoom(op)
	s.mu.Lock()
	if s.operations[op.id] == op {
		delete(s.operations, op.id)
	}
	s.running--
	left := s.leaving && s.running == 0
	s.mu.Unlock()
	if left {
		s.end(websocket.StatusServiceRestart, restarting)
	}
	s.performing.Done()
}

// perform answers an operation.
func (s *socket) perform(op *operation, payload map[string]any) {
	defer s.ended(op)
	var out Outcome
	ctx := op.ctx
	if s.Observer != nil {
		var answered func(Outcome)
		ctx, answered = s.Observer.Operation(ctx)
		defer func() { answered(out) }()
	}
	defer func() {
		if p := recover(); p != nil { // in the engine itself: resolvers' panics end at their field
			out.Refused = problem.Internal
			s.fail(op, gqlerror.List{s.Present(ctx, s.panicked(p))})
		}
	}()
	var params graphql.RawParams
	if err := paramsOf(membersOf(payload), s.Limits.VariablesDepth, &params); err != nil {
		refused := err.(refusedRequest)
		out.Refused, out.Limit = refused.shown.Code, refused.shown.Limit
		s.fail(op, gqlerror.List{{Message: refused.shown.Message, Extensions: refused.shown.Extensions()}})
		return
	}
	params.Headers = s.agent
	s.execute(ctx, op, &params, &out)
}

// execute runs an operation, and says what became of it.
func (s *socket) execute(ctx context.Context, op *operation, params *graphql.RawParams, out *Outcome) {
	limited := within(ctx, s.Limits.Time)
	defer limited.stop()
	leave, err := s.admit(limited)
	if err != nil {
		resp := &answer{Errors: gqlerror.List{s.Present(limited, err)}}
		out.became(nil, resp)
		s.fail(op, resp.Errors)
		return
	}
	defer leave()
	oc, d, refused := s.exec.prepare(limited, params)
	out.of(oc)
	if refused != nil {
		resp := s.exec.reject(limited, s.capped(refused))
		out.became(nil, resp)
		s.fail(op, resp.Errors)
		return
	}
	if oc.Operation.Operation == ast.Subscription {
		leave() // it waits more than it works
		s.events(ctx, op, oc, d, out)
		return
	}
	resp := s.exec.respond(limited, oc, d)
	if resp == nil {
		resp = s.tooLate()
	}
	defer resp.release()
	out.became(d, resp)
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		out.Limit = limitTime
	}
	buffer := s.buffers.get()
	defer s.buffers.put(buffer)
	if s.answer(buffer, op, resp) {
		s.finish(op)
	}
}

// events sends those of a subscription.
func (s *socket) events(ctx context.Context, op *operation, oc *graphql.OperationContext, d *Decision, out *Outcome) {
	if !s.lasting(op) {
		return
	}
	defer s.subscribed(ctx)()
	var what streamed
	defer func() { out.streamed(d, &what) }()
	buffer := s.buffers.get()
	defer s.buffers.put(buffer)
	if s.stream(ctx, oc, d, &what, func() bool { return true }, func(resp *answer) bool {
		return s.answer(buffer, op, resp)
	}) {
		s.finish(op)
	}
}

// answer sends what an operation gives, and says whether more may follow. An answer without data is of an operation
// of which nothing ran, or that came to nothing: the client is told the errors, and nothing follows.
func (s *socket) answer(out *bytes.Buffer, op *operation, resp *answer) bool {
	if resp.Data == nil && len(resp.Errors) > 0 {
		s.fail(op, resp.Errors)
		return false
	}
	out.Reset()
	writeMessage(out, "next", op.id, func() { s.encode(out, resp) })
	if !s.current(op) {
		return false
	}
	s.write(out.Bytes())
	return true
}

// finish says that an operation has no more answers.
func (s *socket) finish(op *operation) {
	if s.last(op) {
		var out bytes.Buffer
		writeMessage(&out, "complete", op.id, nil)
		s.writeAfter(out.Bytes(), func() { s.makeRoom(op) })
	}
}

// fail says that an operation has come to nothing.
func (s *socket) fail(op *operation, list gqlerror.List) {
	if s.last(op) {
		s.writeAfter(s.refusal(op.id, list), func() { s.makeRoom(op) })
	}
}

// refusal is the message that has errors as the only answer to an id.
func (s *socket) refusal(id string, list gqlerror.List) []byte {
	var out bytes.Buffer
	writeMessage(&out, "error", id, func() { s.member(&out, "errors", list) })
	return out.Bytes()
}
