// Package metrics keeps the figures of a running gateway and shows them as Prometheus reads them
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
//
// Labels hold words of this program and of the schema alone, so there are only so many of them: never what
// a client wrote, such as an operation's name, and never whose request it was.
package metrics

import (
	"net/http"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the figures of one gateway. It may be shared.
type Metrics struct {
	registry *prometheus.Registry

	inFlight  prometheus.Gauge
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	refused   *prometheus.CounterVec
	errors    *prometheus.CounterVec
	decisions *prometheus.CounterVec
	denials   *prometheus.CounterVec
	exceeded  *prometheus.CounterVec

	checks    *prometheus.CounterVec
	lookups   prometheus.Histogram
	signIns   *prometheus.CounterVec
	refreshes *prometheus.CounterVec
	ended     *prometheus.CounterVec
	tokens    *prometheus.CounterVec
	dropped   prometheus.Counter

	sockets sockets
}

// buckets reach from what a look-up in a cache takes to the time that an operation may take, in seconds.
var buckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// New makes figures that are all zero, with those of the process and of Go's runtime beside them.
// limits are the names of the limits that may be exceeded.
func New(limits ...string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	m.inFlight = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "fieldgate_requests_in_flight", Help: "Requests to /graphql that have no answer yet.",
	})
	m.registry.MustRegister(m.inFlight)
	m.requests = m.counter("requests_total",
		"Requests to /graphql, by the type of their operation (none for what did not become one) and the HTTP status of the answer.",
		"transport", "operation_type", "status")
	m.durations = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "fieldgate_request_duration_seconds", Buckets: buckets,
		Help: "How long requests to /graphql took, from their head to the end of the answer.",
	}, []string{"transport", "operation_type"})
	m.registry.MustRegister(m.durations)
	m.refused = m.counter("refused_total", "Requests of which nothing ran, by the code of the first error.", "code")
	m.errors = m.counter("errors_total", "Errors in the answers of operations that ran, by code; denials left out.", "code")
	m.decisions = m.counter("decisions_total",
		"Decisions on the fields and arguments that operations name, by the permission that decided (signed_in for a rule that asks for a session alone). What is in a list counts once.",
		"permission", "action", "result")
	m.denials = m.counter("denials_total",
		"Denials in answers, by the permission that was lacking: null positions, and root fields for which a mutation was refused.",
		"permission", "action")
	m.exceeded = m.counter("limits_exceeded_total", "Requests and attempts that were refused for a limit, by the limit.", "limit")
	m.checks = m.counter("token_checks_total", "Access tokens that were checked, by result.", "result")
	m.lookups = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "fieldgate_session_lookup_duration_seconds", Buckets: buckets,
		Help: "How long it took to look up the session of a token.",
	})
	m.registry.MustRegister(m.lookups)
	m.signIns = m.counter("sign_ins_total", "Attempts to sign in, by result; refused is a wrong e-mail address or password.", "result")
	m.refreshes = m.counter("refreshes_total", "Attempts to refresh a session, by result; reused is a refresh token that came twice, which ends its session.", "result")
	m.ended = m.counter("sessions_ended_total", "Sessions that were ended, by what: signing out or signing in anew (sign_out), endSession (end), or a refresh token that came twice (reuse).", "by")
	m.tokens = m.counter("token_requests_total", "Requests to /oauth/token, by grant type (none for one that is not known) and result: ok, or the error by its OAuth code.", "grant_type", "result")
	m.dropped = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "fieldgate_audit_dropped_total", Help: "Audit events that were not written into a trail or the audit log, because too many were waiting or they could not be.",
	})
	m.registry.MustRegister(m.dropped)
	m.newSockets()
	m.zero()
	for _, l := range limits {
		m.exceeded.WithLabelValues(l)
	}
	return m
}

// AuditDropped counts audit events that were not written.
func (m *Metrics) AuditDropped(n int) { m.dropped.Add(float64(n)) }

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fieldgate_" + name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

// zero shows counters before they have counted anything: a rate needs a first value.
func (m *Metrics) zero() {
	for _, c := range []struct {
		counter *prometheus.CounterVec
		results []auth.Result
	}{
		{m.checks, []auth.Result{auth.OK, auth.Bad, auth.Expired, auth.Stale, auth.Ended, auth.Unavailable}},
		{m.signIns, []auth.Result{auth.OK, auth.Refused, auth.Limited, auth.Stale, auth.Unavailable, auth.Failed}},
		{m.refreshes, []auth.Result{auth.OK, auth.Ended, auth.Reused, auth.Limited, auth.Stale, auth.Unavailable, auth.Failed}},
	} {
		for _, r := range c.results {
			c.counter.WithLabelValues(string(r))
		}
	}
	for _, by := range []string{bySignOut, byEnd, byReuse} {
		m.ended.WithLabelValues(by)
	}
}

// Handler shows the figures.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, MaxRequestsInFlight: 4})
}
