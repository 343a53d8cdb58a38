package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/tracing"
	"github.com/go-logr/logr"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
)

// flushTime bounds how long a stop waits for the last spans to be sent.
const flushTime = 3 * time.Second

// startTracing records traces when OpenTelemetry's own variables ask for it: an exporter or the endpoint
// of one. Without them it returns nil, which records nothing
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
func startTracing(ctx context.Context, log *slog.Logger) (*tracing.Traces, error) {
	set := func(name string) string { return strings.TrimSpace(os.Getenv(name)) }
	either := func(special, general string) string {
		if value := set(special); value != "" {
			return value
		}
		return set(general)
	}
	exporter := set("OTEL_TRACES_EXPORTER")
	switch {
	case strings.EqualFold(set("OTEL_SDK_DISABLED"), "true"), exporter == "none":
		return nil, nil
	case exporter == "" && either("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") == "":
		return nil, nil
	case exporter != "" && exporter != "otlp":
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER takes otlp or none, not %q", exporter)
	}
	cfg := tracing.Config{Protocol: tracing.HTTP}
	if p := either("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" {
		cfg.Protocol = tracing.Protocol(p)
	}
	if cfg.Protocol != tracing.HTTP && cfg.Protocol != tracing.GRPC {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL takes %s or %s, not %q", tracing.HTTP, tracing.GRPC, cfg.Protocol)
	}
	err := readable(set)
	if err != nil {
		return nil, err
	}
	if cfg.Sampler, err = tracing.ParseSampler(set("OTEL_TRACES_SAMPLER"), set("OTEL_TRACES_SAMPLER_ARG")); err != nil {
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER: %w", err)
	}
	propagators := set("OTEL_PROPAGATORS")
	cfg.Continue = propagators == "" || slices.Contains(strings.Split(strings.ReplaceAll(propagators, " ", ""), ","), "tracecontext")
	otel.SetLogger(logr.Discard()) // it quotes what it cannot read, to standard error
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are not sent", "error", err) }))
	return tracing.Start(ctx, cfg)
}

// readable refuses headers and endpoints that the libraries could not read: they would go on
// without them. The error does not quote a value, which may hold a token or a password.
func readable(set func(string) string) error {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"} {
		for pair := range strings.SplitSeq(set(name), ",") {
			key, value, found := strings.Cut(pair, "=")
			_, err := url.PathUnescape(value)
			if pair != "" && (!found || strings.TrimSpace(key) == "" || err != nil) {
				return fmt.Errorf("%s takes name=value, with commas between several and what is special in a value as %%20 (a blank)", name)
			}
		}
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		if _, err := url.Parse(set(name)); err != nil {
			return fmt.Errorf("%s takes a URL such as http://localhost:4318", name)
		}
	}
	return nil
}

// watchDatabase has the calls of a database traced.
func (o *observer) watchDatabase(d databaseFlags, options store.Options) store.Options {
	if o.traces != nil {
		system := "sqlite"
		if d.external() {
			system = "postgresql"
		}
		options.Through = o.traces.Database(system)
	}
	return options
}

// watchRedis has the calls of Redis traced.
func (o *observer) watchRedis(client redis.UniversalClient) {
	if o.traces != nil {
		client.AddHook(o.traces.Redis())
	}
}

// stopTracing sends the last spans.
func (o *observer) stopTracing() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	if err := o.traces.Stop(ctx); err != nil {
		o.log.Warn("the last traces were not sent", "error", err)
	}
}
