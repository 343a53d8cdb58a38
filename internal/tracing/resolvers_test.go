package tracing

import (
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// TestResolvers: each resolver of a request that is recorded has a span, with nothing in it of what it was given or failed of.
func TestResolvers(t *testing.T) {
	traces, spans := recording(t)
	ctx, root := traces.tracer.Start(t.Context(), "root")
	watch := traces.Resolvers(ctx)
	if watch == nil {
		t.Fatal("a request that is recorded has no spans of resolvers")
	}
	outer, done := watch(ctx, "Query.account")
	_, failed := watch(outer, "Account.calls")
	failed(true)
	done(false)
	root.End()
	got := spans.GetSpans()
	if len(got) != 3 || got[0].Name != "Account.calls" || got[0].Status.Code != codes.Error || got[0].Status.Description != "" ||
		got[1].Name != "Query.account" || got[1].Status.Code != codes.Unset || got[0].Parent.SpanID() != got[1].SpanContext.SpanID() ||
		got[1].Parent.SpanID() != root.SpanContext().SpanID() || len(got[0].Attributes)+len(got[0].Events) > 0 {
		t.Errorf("%+v", got)
	}
	if traces.Resolvers(t.Context()) != nil {
		t.Error("what is no request has spans")
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	never := &Traces{provider: provider, tracer: provider.Tracer(scope)}
	if ctx, _ := never.tracer.Start(t.Context(), "root"); never.Resolvers(ctx) != nil {
		t.Error("a request that is not recorded has spans")
	}
	if (*Traces)(nil).Resolvers(ctx) != nil {
		t.Error("spans that nobody wants")
	}
}
