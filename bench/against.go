package bench

import (
	"testing"
	"time"
)

// turn is how often a way is gone before it is the other's turn. What the garbage collector does meanwhile is its.
const turn = 10

// Against goes two ways by turns, so that what else the machine does hits both, and reports what processor time each
// takes: that of the yardstick as plain-cpu-ns, that of what is measured by it as cpu-ns, how many times as much that
// is as cpu-ratio, and how much more as cpu-ns-above.
func Against(b *testing.B, yardstick, measured func()) {
	b.Helper()
	var took [2]time.Duration
	for b.Loop() {
		for i, once := range []func(){yardstick, measured} {
			begun := used(b)
			for range turn {
				once()
			}
			took[i] += used(b) - begun
		}
	}
	times := float64(b.N * turn)
	plain, ours := float64(took[0])/times, float64(took[1])/times
	b.ReportMetric(plain, "plain-cpu-ns")
	b.ReportMetric(ours, "cpu-ns")
	b.ReportMetric(ours/plain, "cpu-ratio")
	b.ReportMetric(ours-plain, "cpu-ns-above")
}
