package events

import (
	"context"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// buffered is how many events wait for the reader of a stream.
const buffered = 256

// errSlow ends the stream of a reader who has not kept up: what comes after would be
// lost for them without a word.
var errSlow error = problem.New(problem.LimitExceeded,
	"Events came faster than they were read, and some would have been lost. Subscribe again.")

// stream is one who follows an account's logs.
type stream struct {
	events chan upstream.LogEvent // closed at the end, after err is set
	err    error
	close  func()
}

// Next is upstream.LogStream's.
func (s *stream) Next(ctx context.Context) (upstream.LogEvent, error) {
	select {
	case e, ok := <-s.events:
		if !ok {
			return upstream.LogEvent{}, s.err
		}
		return e, nil
	case <-ctx.Done():
		return upstream.LogEvent{}, ctx.Err()
	}
}

// Close is upstream.LogStream's.
func (s *stream) Close() { s.close() }
