package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// eventStream is an answer that is a stream of events (GraphQL over Server-Sent Events, distinct connections mode; HTML,
// section 9.2).
type eventStream struct {
	t    transport
	w    http.ResponseWriter
	conn *http.ResponseController
}

// open begins a stream. What goes wrong from here on is told in it: a client that reads events reads no other body, and takes
// another status for a fault of the network.
func (t transport) open(w http.ResponseWriter) eventStream {
	h := w.Header()
	h.Set("Content-Type", mediaStream+"; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // nginx would collect events
	s := eventStream{t, w, http.NewResponseController(w)}
	// The server's limit for a whole request ends here. It also ends the watch for a client that goes away.
	if err := s.conn.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		t.Log.Debug("the client went away", "error", err)
	}
	w.WriteHeader(http.StatusOK)
	return s
}

// last sends the last event that holds an answer, and ends the stream.
func (s eventStream) last(resp *answer) {
	if s.next(resp) == nil {
		s.complete()
	}
}

// next sends an event that holds an answer.
func (s eventStream) next(resp *answer) error {
	out := s.t.buffers.get()
	defer s.t.buffers.put(out)
	s.t.encodeEvent(out, resp)
	return s.send(out.Bytes())
}

// complete ends the stream. An event without data would not reach who listens with a browser's EventSource.
func (s eventStream) complete() { _ = s.send([]byte("event: complete\ndata:\n\n")) }

// alive sends a comment, which whoever is in between takes for life.
func (s eventStream) alive() error { return s.send([]byte(":\n\n")) }

// send writes at once, within a time of its own: who does not read is cut off.
func (s eventStream) send(text []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.t.streams.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.conn.Flush()
}

// encodeEvent writes an answer as an event, in one line of data.
func (t transport) encodeEvent(out *bytes.Buffer, resp *answer) {
	out.WriteString("event: next\ndata: ")
	begin := out.Len()
	t.encode(out, resp)
	for i, c := range out.Bytes()[begin:] {
		if c == '\n' || c == '\r' { // between the values of a scalar: inside of a text they are escaped
			out.Bytes()[begin+i] = ' '
		}
	}
	out.WriteString("\n\n")
}

// subscribe answers a subscription: with each of its events until there are no more, the client goes away, nothing more may
// be sent to the caller, or the gateway stops.
func (t transport) subscribe(w http.ResponseWriter, r *http.Request, op *graphql.OperationContext, d *Decision, out *Outcome) {
	leaving, end, ok := t.streams.begin()
	if !ok {
		w.Header().Set("Retry-After", "1")
		out.Refused = problem.Unavailable
		problem.Write(w, http.StatusServiceUnavailable, problem.Unavailable, stopping)
		return
	}
	defer end()
	free, err := t.takeStream(r)
	if err != nil {
		t.turnAway(w, out, err)
		return
	}
	defer free()
	defer t.subscribed(r.Context())()
	permitted, release := t.Streams.Watch(r.Context())
	defer release()
	ctx, cancel := context.WithCancel(permitted)
	source := t.follow(ctx, op, d)
	defer func() {
		cancel()
		t.close(source)
		out.streamed(d, &source.streamed)
	}()

	select { // who sees that the stream is open misses nothing that happens from then on
	case <-source.begun:
	case <-source.done:
	case <-permitted.Done():
	case <-leaving:
	}
	s := t.open(w)
	close(source.opened)
	if s.alive() != nil {
		return
	}
	tick := time.NewTicker(t.streams.keepAlive)
	defer tick.Stop()
	for {
		var err error
		select {
		case event, more := <-source.events:
			if permitted.Err() != nil || !more {
				s.end(permitted)
				return
			}
			err = s.send(event)
		case <-permitted.Done():
			s.end(permitted)
			return
		case <-leaving:
			s.last(failure(problem.Unavailable, stopping))
			return
		case <-tick.C:
			err = s.alive()
		}
		if err != nil {
			t.Log.Debug("the client went away", "error", err)
			return
		}
	}
}

// takeStream counts a stream in, and its subscriber's have as many as the operations of one WebSocket.
func (t transport) takeStream(r *http.Request) (free func(), err error) {
	whose, most := "streams of session "+t.session(r.Context()), t.Limits.Operations
	if t.session(r.Context()) == "" {
		whose, most = "streams of address "+addressOf(r.RemoteAddr), t.Sockets.OfAddress
	}
	free, ok := t.tally.take(whose, most)
	if !ok {
		return nil, &problem.Error{
			Code: problem.RateLimited, Limit: limitSocketOperations, Most: most, RetryAfter: time.Second,
			Message: fmt.Sprintf("No more than %d streams of events may be open at once.", most),
		}
	}
	return free, nil
}

// stopping is what clients are told of a gateway that ends their stream, or does not begin it.
const stopping = "The gateway is stopping. Ask again: another may answer."

// end ends the stream with the reason, if there is one, why nothing more may be sent to the caller.
func (s eventStream) end(permitted context.Context) {
	var reason *problem.Error
	if errors.As(context.Cause(permitted), &reason) {
		s.last(failure(reason.Code, reason.Message))
		return
	}
	s.complete()
}
