package metrics

import (
	"strconv"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"
)

// overSocket is what operations come by that are not requests of their own.
const overSocket = "websocket"

// sockets are the figures of what lasts.
type sockets struct {
	open    prometheus.Gauge
	running prometheus.Gauge
	closed  *prometheus.CounterVec
}

func (m *Metrics) newSockets() {
	m.sockets.open = prometheus.NewGauge(prometheus.GaugeOpts{Name: "fieldgate_sockets_open", Help: "WebSockets that are open."})
	m.sockets.running = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "fieldgate_subscriptions_running", Help: "Subscriptions that are under way, by WebSockets or streams of events.",
	})
	m.registry.MustRegister(m.sockets.open, m.sockets.running)
	m.sockets.closed = m.counter("sockets_closed_total",
		"WebSockets that were closed, by code (RFC 6455 and graphql-transport-ws): 1000 by the client, whatever its code; 1006 when the connection was lost.",
		"code")
	for _, code := range []int{1000, 1001, 1006, 1009, 1012, 1013, 4400, 4401, 4403, 4408, 4409, 4429, 4500} {
		m.sockets.closed.WithLabelValues(strconv.Itoa(code))
	}
}

// Socket counts a WebSocket that opens.
func (m *Metrics) Socket() { m.sockets.open.Inc() }

// SocketClosed counts one that was closed, by a code of ours.
func (m *Metrics) SocketClosed(code int) {
	m.sockets.open.Dec()
	m.sockets.closed.WithLabelValues(strconv.Itoa(code)).Inc()
}

// Subscription counts a subscription that is under way, until the function that it returns is called.
func (m *Metrics) Subscription() (ended func()) {
	m.sockets.running.Inc()
	return m.sockets.running.Dec
}

// Operation counts one that was answered over a WebSocket, as Request counts a request. It has no status; how long a
// subscription took says nothing.
func (m *Metrics) Operation(operation ast.Operation, refused problem.Code, took time.Duration) {
	kind := string(operation)
	if kind == "" {
		kind = "none"
	}
	m.requests.WithLabelValues(overSocket, kind, "").Inc()
	if operation != ast.Subscription {
		m.durations.WithLabelValues(overSocket, kind).Observe(took.Seconds())
	}
	if refused != "" {
		m.refused.WithLabelValues(string(refused)).Inc()
	}
}
