package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Pool is the state of the connections to something.
type Pool struct {
	InUse, Idle int
	Most        int // how many there may be; 0 when that is not known
	Waits       int64
	Waited      time.Duration // what the waits for a free connection come to
}

// Watch shows a pool of connections under a name. stats is asked at each reading.
func (m *Metrics) Watch(name string, stats func() Pool) {
	labels := prometheus.Labels{"pool": name}
	describe := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("fieldgate_pool_"+name, help, more, labels)
	}
	m.registry.MustRegister(pool{
		stats:       stats,
		connections: describe("connections", "Open connections, by state.", "state"),
		most:        describe("connections_max", "How many connections there may be."),
		waits:       describe("waits_total", "How often a request waited for a free connection."),
		waited:      describe("wait_seconds_total", "How long requests waited for a free connection."),
	})
}

// pool collects the state of one pool.
type pool struct {
	stats                            func() Pool
	connections, most, waits, waited *prometheus.Desc
}

// Describe names what Collect gives.
func (p pool) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{p.connections, p.most, p.waits, p.waited} {
		to <- d
	}
}

// Collect reads the state.
func (p pool) Collect(to chan<- prometheus.Metric) {
	now := p.stats()
	to <- prometheus.MustNewConstMetric(p.connections, prometheus.GaugeValue, float64(now.InUse), "in_use")
	to <- prometheus.MustNewConstMetric(p.connections, prometheus.GaugeValue, float64(now.Idle), "idle")
	if now.Most > 0 {
		to <- prometheus.MustNewConstMetric(p.most, prometheus.GaugeValue, float64(now.Most))
	}
	to <- prometheus.MustNewConstMetric(p.waits, prometheus.CounterValue, float64(now.Waits))
	to <- prometheus.MustNewConstMetric(p.waited, prometheus.CounterValue, now.Waited.Seconds())
}
