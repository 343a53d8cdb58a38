package tracing

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// ParseSampler makes the sampler of this name and argument (OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG), one
// that records everything for an empty name. Those that depend on a trace's parent are the same as the others
// here: see forStrangers.
func ParseSampler(name, argument string) (sdktrace.Sampler, error) {
	switch strings.TrimPrefix(strings.ToLower(name), "parentbased_") {
	case "", "always_on":
		return sdktrace.AlwaysSample(), nil
	case "always_off":
		return sdktrace.NeverSample(), nil
	case "traceidratio":
		if argument == "" {
			return sdktrace.AlwaysSample(), nil
		}
		ratio, err := strconv.ParseFloat(argument, 64)
		if err != nil || !(ratio >= 0 && ratio <= 1) {
			return nil, fmt.Errorf("a ratio is a number from 0 to 1, not %q", argument)
		}
		return sdktrace.TraceIDRatioBased(ratio), nil
	}
	return nil, fmt.Errorf("there is no sampler %q", name)
}

// forStrangers samples what root samples, and within this process what is begun is recorded to its end. A client
// of the gateway is a stranger: whether its request is recorded is not for it to say.
func forStrangers(root sdktrace.Sampler) sdktrace.Sampler {
	return sdktrace.ParentBased(root,
		sdktrace.WithRemoteParentSampled(stranger{root}), sdktrace.WithRemoteParentNotSampled(stranger{root}))
}

// stranger samples a trace that a client began as if it began here. Neither the client's flag nor its id has a
// say, which ratios are taken of: it could choose one that is always recorded, and drown the others. Its trace
// state is dropped.
type stranger struct{ root sdktrace.Sampler }

// ShouldSample implements sdktrace.Sampler.
func (s stranger) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	p.ParentContext = context.Background()
	rand.Read(p.TraceID[:]) // never fails
	return s.root.ShouldSample(p)
}

// Description implements sdktrace.Sampler.
func (s stranger) Description() string { return "stranger{" + s.root.Description() + "}" }
