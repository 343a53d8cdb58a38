// Package bench is what the project's benchmarks share. They stand beside what they
// measure; make bench runs them all.
package bench

import "testing"

// CPU measures the processor time of the whole process from now until stop is called,
// and reports it as cpu-ns/op. Unlike the time on the clock it does not grow when
// others use the machine; it counts what runs beside the benchmark too, such as the
// garbage collector, but not other processes, such as a database.
func CPU(b *testing.B) (stop func()) {
	b.Helper()
	begun := used(b)
	return func() { b.ReportMetric(float64(used(b)-begun)/float64(b.N), "cpu-ns/op") }
}
