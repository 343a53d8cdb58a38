// Package tracing records what a request spends its time on, as OpenTelemetry spans
// (https://opentelemetry.io/docs/specs/otel/), and sends them to a collector.
//
// A span says which step it was, how long it took and how it ended. It never holds a token, a password, a
// variable, a document, a statement's values, a key of Redis, an address or anything of an answer; of what a
// client wrote, only the name of its operation.
package tracing

import (
	"context"
	"fmt"
	"runtime/debug"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Protocol is how spans are sent.
type Protocol string

// The protocols, by the names that OpenTelemetry gives them.
const (
	HTTP Protocol = "http/protobuf"
	GRPC Protocol = "grpc"
)

// Config says how spans are made and sent. Where to, with which headers, how many at a time and under which
// resource, the libraries read from OpenTelemetry's own variables.
type Config struct {
	Protocol Protocol
	// Sampler says which traces are recorded.
	Sampler sdktrace.Sampler
	// Continue has the traces go on that clients begin (W3C Trace Context).
	Continue bool
}

// Traces makes spans. It may be shared; a nil Traces makes none.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	clients  propagation.TextMapPropagator // nil when clients' traces do not go on
}

// scope names what makes the spans.
const scope = "github.com/fieldgate/fieldgate"

// Start begins to record. It does not wait for the collector.
func Start(ctx context.Context, cfg Config) (*Traces, error) {
	exporter, err := export(ctx, cfg.Protocol)
	if err != nil {
		return nil, fmt.Errorf("tracing: the exporter: %w", err)
	}
	// Not what the libraries would find by themselves: the command line may hold a password.
	about, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName("fieldgate"), semconv.ServiceVersion(version())),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("tracing: the resource: %w", err)
	}
	t := &Traces{provider: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter), sdktrace.WithResource(about), sdktrace.WithSampler(forStrangers(cfg.Sampler)),
	)}
	t.tracer = t.provider.Tracer(scope)
	if cfg.Continue {
		t.clients = propagation.TraceContext{}
	}
	return t, nil
}

func export(ctx context.Context, p Protocol) (sdktrace.SpanExporter, error) {
	switch p {
	case HTTP:
		return otlptracehttp.New(ctx)
	case GRPC:
		return otlptracegrpc.New(ctx)
	}
	return nil, fmt.Errorf("there is no protocol %q", p)
}

// version is that of this program, as Go's tools wrote it into the file.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}

// Stop sends what has not been sent yet, until ctx ends.
func (t *Traces) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}
