package metrics

import (
	"strconv"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// transport is what all requests come by.
const transport = "http"

// Begin counts a request that is under way, until the function that it returns is called.
func (m *Metrics) Begin() (end func()) {
	m.inFlight.Inc()
	return m.inFlight.Dec
}

// Request counts a request that was answered. refused is the code of one of which nothing ran, and otherwise empty.
func (m *Metrics) Request(operation ast.Operation, status int, refused problem.Code, took time.Duration) {
	kind := string(operation)
	if kind == "" {
		kind = "none"
	}
	m.requests.WithLabelValues(transport, kind, strconv.Itoa(status)).Inc()
	m.durations.WithLabelValues(transport, kind).Observe(took.Seconds())
	if refused != "" {
		m.refused.WithLabelValues(string(refused)).Inc()
	}
}

// Exceeded counts what was refused for a limit.
func (m *Metrics) Exceeded(limit string) { m.exceeded.WithLabelValues(limit).Inc() }

// Outcome counts what became of an operation.
func (m *Metrics) Outcome(out engine.Outcome) {
	if out.Limit != "" {
		m.Exceeded(out.Limit)
	}
	for code, n := range out.Failed {
		if code == "" {
			code = problem.Internal
		}
		m.errors.WithLabelValues(string(code)).Add(float64(n))
	}
	for _, d := range out.Decided {
		permission, action, counts := labels(d.Rule)
		if !counts {
			continue
		}
		for result, n := range map[string]int{"allowed": d.Allowed, "denied": d.Denied, "masked": d.Masked} {
			if n > 0 {
				m.decisions.WithLabelValues(permission, action, result).Add(float64(n))
			}
		}
		if d.Denials > 0 {
			m.denials.WithLabelValues(permission, action).Add(float64(d.Denials))
		}
	}
}

// labels names a rule. One that everybody passes decides nothing.
func labels(r policy.Rule) (permission, action string, counts bool) {
	switch r.Kind {
	case policy.Public:
		return "", "", false
	case policy.SignedIn:
		return "signed_in", "", true
	case policy.HasPermission:
		return string(r.Permission), string(r.Action), true
	}
	return "nobody", "", true
}
