package cmd

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/metrics"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/quota"
	"github.com/fieldgate/fieldgate/internal/tracing"
	"github.com/vektah/gqlparser/v2/ast"
)

// observer passes on what the parts of the gateway tell of their work: to figures, traces and the log and,
// while a request is under way, to its exchange.
type observer struct {
	metrics *metrics.Metrics // nil when nobody can read them
	traces  *tracing.Traces  // nil when nobody wants them
	log     *slog.Logger
}

// newObserver is the observer of a gateway, with figures when there is an address to show them at.
func (s serve) newObserver(ctx context.Context, log *slog.Logger) (o *observer, err error) {
	o = &observer{log: log}
	if s.MetricsListen != "" {
		o.metrics = metrics.New(append(engine.LimitNames(), quota.LimitNames()...)...)
	}
	o.traces, err = startTracing(ctx, log)
	return o, err
}

// watches says whether anything is done with what the parts tell. They need not tell it otherwise.
func (o *observer) watches() bool {
	return o.metrics != nil || o.traces != nil || o.log.Enabled(context.Background(), slog.LevelDebug)
}

// ofEngine is the observer of the engine, nil when it need not tell anything.
func (o *observer) ofEngine() engine.Observer {
	if !o.watches() {
		return nil
	}
	return o
}

// watchSessions has the service tell what it does.
func (o *observer) watchSessions(service *auth.Service) {
	if o.watches() {
		service.Observe(o.step)
	}
}

// exchange is what becomes known of a request to /graphql.
type exchange struct {
	operation ast.Operation
	refused   problem.Code // why nothing of it ran; empty when it ran
}

type exchangeKey struct{}

// exchangeOf is the exchange of ctx, and one that nobody looks at outside of a request.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{}
}

// requests watches what comes to /graphql.
func (o *observer) requests(next http.Handler, stopping func() bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !o.watches() {
			next.ServeHTTP(&response{ResponseWriter: w, stopping: stopping}, r)
			return
		}
		begun, x := time.Now(), &exchange{}
		end := func() {}
		if o.metrics != nil {
			end = o.metrics.Begin()
		}
		ctx, traced := o.traces.Request(r, r.Pattern)
		watched := &response{ResponseWriter: w, stopping: stopping}
		defer func() {
			end()
			if watched.status == 0 {
				watched.status = http.StatusInternalServerError // the handler panicked, and the server ends the connection
			}
			traced(watched.status)
			o.request(ctx, x, watched.status, time.Since(begun))
		}()
		next.ServeHTTP(watched, r.WithContext(context.WithValue(ctx, exchangeKey{}, x)))
	})
}

// request notes a request that was answered.
func (o *observer) request(ctx context.Context, x *exchange, status int, took time.Duration) {
	if x.refused == "" {
		x.refused = refusalOf(status)
	}
	if o.metrics != nil {
		o.metrics.Request(x.operation, status, x.refused, took)
	}
	o.log.DebugContext(ctx, "a request was answered", "requestId", problem.RequestID(ctx),
		"operation", x.operation, "status", status, "refused", x.refused, "took", took.String())
}

// refusalOf is the code of a request that was refused before the engine saw it, by its status.
func refusalOf(status int) problem.Code {
	switch {
	case status < http.StatusBadRequest:
		return ""
	case status == http.StatusUnauthorized:
		return problem.Unauthenticated
	case status == http.StatusForbidden:
		return problem.Forbidden
	case status == http.StatusServiceUnavailable:
		return problem.Unavailable
	case status >= http.StatusInternalServerError:
		return problem.Internal
	}
	return problem.BadRequest
}

// auditDropped counts audit events that were not written.
func (o *observer) auditDropped(n int) {
	if o.metrics != nil {
		o.metrics.AuditDropped(n)
	}
	o.log.Debug("audit events were dropped", "count", n)
}

// Operation implements engine.Observer.
func (o *observer) Operation(ctx context.Context) (context.Context, func(engine.Outcome)) {
	ctx, traced := o.traces.Operation(ctx)
	begun := time.Now()
	return ctx, func(out engine.Outcome) {
		traced(out)
		if ofSocket(ctx) {
			o.operation(ctx, out, time.Since(begun))
			return
		}
		x := exchangeOf(ctx)
		x.operation, x.refused = out.Type, out.Refused
		if o.metrics != nil && ctx.Value(exchangeKey{}) != nil { // and not the engine asking itself, at the start
			o.metrics.Outcome(out)
		}
	}
}

// Authorize implements engine.Observer.
func (o *observer) Authorize(ctx context.Context) (context.Context, func()) {
	return o.traces.Authorize(ctx)
}

// Resolvers implements engine.ResolverObserver.
func (o *observer) Resolvers(ctx context.Context) func(context.Context, string) (context.Context, func(failed bool)) {
	return o.traces.Resolvers(ctx)
}

// step is the auth.Observer.
func (o *observer) step(ctx context.Context, step auth.Step) (context.Context, func(auth.Result)) {
	begun := time.Now()
	ctx, traced := o.traces.Step(ctx, step)
	return ctx, func(r auth.Result) {
		traced(r)
		if o.metrics != nil {
			o.metrics.Step(step, r, time.Since(begun))
		}
	}
}

// response notes the status of an answer. When it is written while the gateway stops, it says that its
// connection ends, also to a request that began before.
type response struct {
	http.ResponseWriter
	stopping func() bool
	status   int
}

// WriteHeader implements http.ResponseWriter.
func (r *response) WriteHeader(status int) {
	if r.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		r.status = status
		if r.stopping() && status != http.StatusSwitchingProtocols {
			r.Header().Set("Connection", "close")
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *response) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush implements http.Flusher.
func (r *response) Flush() { _ = r.FlushError() }

// FlushError is for http.ResponseController: a stream finds out by it that its client does not read.
func (r *response) FlushError() error {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(r.ResponseWriter).Flush()
}
