package metrics

import (
	"time"

	"github.com/fieldgate/fieldgate/auth"
)

// What ended a session.
const (
	bySignOut = "sign_out"
	byEnd     = "end"
	byReuse   = "reuse"
)

// Step counts what was done about a token or a session.
func (m *Metrics) Step(step auth.Step, r auth.Result, took time.Duration) {
	switch step {
	case auth.StepCheck:
		m.checks.WithLabelValues(string(r)).Inc()
	case auth.StepLookup:
		m.lookups.Observe(took.Seconds())
	case auth.StepSignIn:
		m.signIns.WithLabelValues(string(r)).Inc()
	case auth.StepRefresh:
		m.refreshes.WithLabelValues(string(r)).Inc()
		if r == auth.Reused {
			m.ended.WithLabelValues(byReuse).Inc()
		}
	case auth.StepSignOut:
		m.end(bySignOut, r)
	case auth.StepEnd:
		m.end(byEnd, r)
	}
}

func (m *Metrics) end(by string, r auth.Result) {
	if r == auth.OK {
		m.ended.WithLabelValues(by).Inc()
	}
}
