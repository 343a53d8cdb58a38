package engine_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/engine"
)

// BenchmarkIdleSockets says what an idle socket takes in memory and goroutines, its client in the same process included:
// it has no goroutine of its own. What watches a session comes on top.
func BenchmarkIdleSockets(b *testing.B) {
	s := serveSockets(b, holding(logs), func(cfg *engine.Config) {
		cfg.Limits.Sockets = 1 << 20
		cfg.Streams.Watch = context.WithCancel
	})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	goroutines := runtime.NumGoroutine()
	var all []*wsClient
	for range b.N {
		c := s.dial(nil)
		s.play(c, initSigned)
		all = append(all, c)
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/float64(b.N)/1024, "KB/socket")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(b.N)/1024, "heap-KB/socket")
	b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/float64(b.N), "goroutines/socket")
	for _, c := range all {
		c.conn.Close(websocket.StatusNormalClosure, "")
	}
}
