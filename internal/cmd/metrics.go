package cmd

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/fieldgate/fieldgate/internal/metrics"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/redis/go-redis/v9"
)

// metricsFlag says where figures are to be had.
type metricsFlag struct {
	MetricsListen string `help:"The address at which Prometheus reads figures, such as 127.0.0.1:9464. Without one there are none." placeholder:"HOST:PORT" env:"FIELDGATE_METRICS_LISTEN"`
}

// showMetrics serves the figures on a listener of their own, which clients do not reach: they show nobody's
// data, but how much is going on. Without an address there are none. Probes are answered there too.
func (s serve) showMetrics(g *gateway, log *slog.Logger) (stop func(), err error) {
	if g.observer.metrics == nil {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", s.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("the gateway cannot listen on %s (--metrics-listen): %w", s.MetricsListen, err)
	}
	figures := g.observer.metrics.Handler()
	if host, _, err := net.SplitHostPort(s.MetricsListen); err == nil && loopback(host) {
		figures = onlyHosts(s.hosts(), figures) // a page in a browser of this machine is not to read them
	}
	mux := http.NewServeMux()
	g.health.register(mux)
	mux.Handle("GET /metrics", figures)
	server := &http.Server{
		Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	g.metricsAt = listener.Addr()
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the figures are no longer shown", "error", err)
		}
	}()
	return func() { server.Close() }, nil
}

// watchPools shows how busy the connections to the database and to Redis are.
func (o *observer) watchPools(db *store.Store, client redis.UniversalClient) {
	if o.metrics == nil {
		return
	}
	o.metrics.Watch("database", func() metrics.Pool {
		s := db.Stats()
		return metrics.Pool{InUse: s.InUse, Idle: s.Idle, Most: s.MaxOpenConnections, Waits: s.WaitCount, Waited: s.WaitDuration}
	})
	o.metrics.Watch("redis", func() metrics.Pool {
		s := client.PoolStats()
		return metrics.Pool{
			InUse: int(s.TotalConns) - int(s.IdleConns), Idle: int(s.IdleConns),
			Waits: int64(s.WaitCount), Waited: time.Duration(s.WaitDurationNs),
		}
	})
}
