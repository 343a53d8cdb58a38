package cmd

import (
	"context"
	"time"

	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
)

var _ engine.StreamObserver = (*observer)(nil)

// socketKey marks the contexts of what is asked over a WebSocket.
type socketKey struct{}

func ofSocket(ctx context.Context) bool { return ctx.Value(socketKey{}) != nil }

// Socket implements engine.StreamObserver. The request that the socket was has its answer: its exchange is over.
func (o *observer) Socket(ctx context.Context) (context.Context, func(code int)) {
	ctx = context.WithValue(context.WithValue(ctx, exchangeKey{}, nil), socketKey{}, true)
	opened := time.Now()
	if o.metrics != nil {
		o.metrics.Socket()
	}
	return ctx, func(code int) {
		if o.metrics != nil {
			o.metrics.SocketClosed(code)
		}
		o.log.DebugContext(ctx, "a WebSocket was closed", "requestId", problem.RequestID(ctx),
			"code", code, "after", time.Since(opened).String())
	}
}

// Subscription implements engine.StreamObserver.
func (o *observer) Subscription(context.Context) (ended func()) {
	if o.metrics == nil {
		return func() {}
	}
	return o.metrics.Subscription()
}

// operation notes what was answered over a WebSocket.
func (o *observer) operation(ctx context.Context, out engine.Outcome, took time.Duration) {
	if o.metrics != nil {
		o.metrics.Operation(out.Type, out.Refused, took)
		o.metrics.Outcome(out)
	}
	o.log.DebugContext(ctx, "an operation was answered", "requestId", problem.RequestID(ctx),
		"operation", out.Type, "refused", out.Refused, "took", took.String())
}
