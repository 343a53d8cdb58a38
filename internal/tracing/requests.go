package tracing

import (
	"context"
	"net/http"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// maxName is how much is kept of an operation's name, in bytes. Names of GraphQL are ASCII.
const maxName = 64

// Request begins the span of an HTTP request to a route, and with it a trace, or goes on with the client's. The
// function ends it with the status of the answer. What says where a client is, or with which program, is not noted.
func (t *Traces) Request(r *http.Request, route string) (context.Context, func(status int)) {
	ctx := r.Context()
	if t == nil {
		return ctx, func(int) {}
	}
	if t.clients != nil {
		ctx = t.clients.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	method := r.Method
	if method != http.MethodGet && method != http.MethodPost {
		method = "_OTHER"
	}
	ctx, span := t.tracer.Start(ctx, method+" "+route, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		semconv.HTTPRequestMethodKey.String(method), semconv.HTTPRoute(route), semconv.URLScheme("http"),
		attribute.String("fieldgate.request_id", problem.RequestID(ctx)),
	))
	return ctx, func(status int) {
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Operation begins the span of a GraphQL operation.
func (t *Traces) Operation(ctx context.Context) (context.Context, func(engine.Outcome)) {
	if t == nil {
		return ctx, func(engine.Outcome) {}
	}
	ctx, span := t.tracer.Start(ctx, "GraphQL request")
	return ctx, func(out engine.Outcome) {
		defer span.End()
		if out.Type != "" {
			span.SetName(string(out.Type))
			span.SetAttributes(semconv.GraphQLOperationTypeKey.String(string(out.Type)))
		}
		if out.Name != "" {
			span.SetAttributes(semconv.GraphQLOperationName(out.Name[:min(len(out.Name), maxName)]))
		}
		denials := 0
		for _, d := range out.Decided {
			denials += d.Denials
		}
		span.SetAttributes(attribute.Int("fieldgate.denials", denials))
		if out.Refused != "" {
			span.SetAttributes(semconv.ErrorTypeKey.String(string(out.Refused)))
		}
		if ours(out.Refused) || out.Failed[problem.Internal] > 0 {
			span.SetStatus(codes.Error, "")
		}
	}
}

// ours says whether a refusal is the gateway's fault and not the client's.
func ours(code problem.Code) bool {
	return code == problem.Internal || code == problem.Unavailable || code == problem.Timeout
}

// Authorize begins the span of the decision on an operation.
func (t *Traces) Authorize(ctx context.Context) (context.Context, func()) {
	if t == nil {
		return ctx, func() {}
	}
	ctx, span := t.tracer.Start(ctx, "authorize")
	return ctx, func() { span.End() }
}

// Resolvers is what begins a span of each resolver of an operation, named by its field's coordinate, and nil when ctx is of a
// request that is not recorded. The span's end says whether the resolver failed, and not how.
func (t *Traces) Resolvers(ctx context.Context) func(ctx context.Context, coordinate string) (context.Context, func(failed bool)) {
	if t == nil || !recorded(ctx) {
		return nil
	}
	return func(ctx context.Context, coordinate string) (context.Context, func(failed bool)) {
		ctx, span := t.tracer.Start(ctx, coordinate)
		return ctx, func(failed bool) {
			if failed {
				span.SetStatus(codes.Error, "")
			}
			span.End()
		}
	}
}

// Step begins the span of something that is done about a token or a session.
func (t *Traces) Step(ctx context.Context, step auth.Step) (context.Context, func(auth.Result)) {
	if t == nil {
		return ctx, func(auth.Result) {}
	}
	ctx, span := t.tracer.Start(ctx, "session "+string(step))
	return ctx, func(r auth.Result) {
		span.SetAttributes(attribute.String("fieldgate.result", string(r)))
		if r == auth.Failed || r == auth.Unavailable {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
